#include "engine/store/trace_store.h"

#include <string.h>

#include "engine/base/clock.h"

#define COLUMNS                                                                                                        \
    "t.trace_key, t.trace_id, t.experiment_key, t.timestamp_ms, t.execution_ms, t.state, t.client_request_id, "        \
    "t.request_preview, t.response_preview"

static const char FIND[] = "SELECT " COLUMNS " FROM trace t WHERE t.trace_id = ?1";
static const char FIND_KEY[] = "SELECT " COLUMNS " FROM trace t WHERE t.trace_key = ?1";
static const char KEY_OF[] = "SELECT trace_key FROM trace WHERE trace_id = ?1";
static const char TELL[] =
    "INSERT INTO trace (trace_id, experiment_key, timestamp_ms, execution_ms, state, client_request_id, "
    "request_preview, response_preview, is_told) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) "
    "ON CONFLICT (trace_id) DO UPDATE SET experiment_key = ?2, timestamp_ms = ?3, execution_ms = ?4, state = ?5, "
    "client_request_id = ?6, request_preview = coalesce(?7, request_preview), "
    "response_preview = coalesce(?8, response_preview), is_told = 1";
static const char CONCLUDE[] =
    "INSERT INTO trace (trace_id, experiment_key, timestamp_ms, execution_ms, state, is_told) "
    "VALUES (?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT (trace_id) DO UPDATE SET "
    "execution_ms = CASE WHEN ?4 IS NULL THEN execution_ms ELSE max(timestamp_ms + coalesce(execution_ms, 0), ?3 + ?4) "
    "- min(timestamp_ms, ?3) END, timestamp_ms = min(timestamp_ms, ?3), "
    "state = CASE WHEN ?5 = 'IN_PROGRESS' THEN state ELSE ?5 END WHERE is_told = 0";
static const char PREVIEW[] = "UPDATE trace SET request_preview = coalesce(request_preview, ?2), "
                              "response_preview = coalesce(response_preview, ?3) WHERE trace_key = ?1 AND is_told = 0";
static const char SPAN_SAVE[] =
    "INSERT INTO trace_span (trace_key, span_id, is_root, start_ns, end_ns, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT (trace_key, span_id) DO UPDATE SET is_root = ?3, start_ns = ?4, end_ns = ?5, json = ?6";
static const char TAG_SET[] = "INSERT INTO trace_tag (trace_key, key, value) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (trace_key, key) DO UPDATE SET value = ?3";
static const char TAG_ADD[] =
    "INSERT INTO trace_tag (trace_key, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
static const char METADATA_SET[] = "INSERT INTO trace_metadata (trace_key, key, value) VALUES (?1, ?2, ?3) "
                                   "ON CONFLICT (trace_key, key) DO UPDATE SET value = ?3";
static const char TAG_DELETE[] = "DELETE FROM trace_tag WHERE trace_key = ?1 AND key = ?2";
static const char TAG_FIND[] = "SELECT value FROM trace_tag WHERE trace_key = ?1 AND key = ?2";
static const char METADATA_FIND[] = "SELECT value FROM trace_metadata WHERE trace_key = ?1 AND key = ?2";
static const char TAGS[] = "SELECT key, value FROM trace_tag WHERE trace_key = ?1 ORDER BY key";
static const char METADATA[] = "SELECT key, value FROM trace_metadata WHERE trace_key = ?1 ORDER BY key";
static const char SPANS[] = "SELECT json FROM trace_span WHERE trace_key = ?1 ORDER BY is_root DESC, start_ns, span_id";
static const char SPAN_COUNT[] = "SELECT count(*) FROM trace_span WHERE trace_key = ?1";
static const char LINK[] = "INSERT INTO trace_run (run_uuid, trace_key) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
static const char DELETE_ONE[] = "DELETE FROM trace WHERE trace_id = ?1 AND experiment_key = ?2 AND "
                                 "(?3 IS NULL OR timestamp_ms <= ?3)";
static const char DELETE_OLD[] =
    "DELETE FROM trace WHERE trace_key IN (SELECT trace_key FROM trace WHERE experiment_key = ?1 AND "
    "timestamp_ms <= coalesce(?2, 9223372036854775807) ORDER BY timestamp_ms, trace_id LIMIT ?3)";

/* ---- reading ---- */

static struct hk_trace row(struct hk_stmt *q)
{
    return (struct hk_trace){.trace_key = hk_column_int(q, 0),
                             .trace_id = hk_column_text(q, 1),
                             .experiment_key = hk_column_int(q, 2),
                             .timestamp_ms = hk_column_int(q, 3),
                             .execution_ms = hk_column_time(q, 4),
                             .state = hk_column_text(q, 5),
                             .client_request_id = hk_column_text(q, 6),
                             .request_preview = hk_column_text(q, 7),
                             .response_preview = hk_column_text(q, 8)};
}

static bool read_one(struct hk_stmt *q, struct hk_arena *arena, struct hk_trace *out, bool *found, struct hk_error *err)
{
    bool ok = true;
    *found = false;
    while (hk_step(q, &ok, err)) {
        *out = row(q);
        out->trace_id = hk_arena_strdup(arena, out->trace_id);
        out->state = hk_arena_strdup(arena, out->state);
        out->client_request_id = hk_arena_strdup(arena, out->client_request_id);
        out->request_preview = hk_arena_strdup(arena, out->request_preview);
        out->response_preview = hk_arena_strdup(arena, out->response_preview);
        *found = true;
    }
    return ok;
}

bool hk_store_trace_get(struct hk_db *db, struct hk_str trace_id, struct hk_arena *arena, struct hk_trace *out,
                        struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    bool found = false;
    hk_bind_str(q, 1, trace_id);
    return read_one(q, arena, out, &found, err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "Trace with ID '%.*s' not found.", HK_STR_ARG(trace_id)));
}

bool hk_store_trace_get_by_key(struct hk_db *db, int64_t trace_key, struct hk_arena *arena, struct hk_trace *out,
                               struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND_KEY);
    bool found = false;
    hk_bind_int(q, 1, trace_key);
    return read_one(q, arena, out, &found, err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "Trace %lld not found.", (long long)trace_key));
}

static bool each_pair(struct hk_db *db, const char *sql, int64_t trace_key, hk_trace_pair_fn each, void *arg,
                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    hk_bind_int(q, 1, trace_key);
    while (hk_step(q, &ok, err)) {
        each(arg, (struct hk_key_value){hk_column_str(q, 0), hk_column_str(q, 1)});
    }
    return ok;
}

bool hk_store_trace_tags(struct hk_db *db, int64_t trace_key, hk_trace_pair_fn each, void *arg, struct hk_error *err)
{
    return each_pair(db, TAGS, trace_key, each, arg, err);
}

bool hk_store_trace_metadata(struct hk_db *db, int64_t trace_key, hk_trace_pair_fn each, void *arg,
                             struct hk_error *err)
{
    return each_pair(db, METADATA, trace_key, each, arg, err);
}

static bool find_value(struct hk_db *db, const char *sql, int64_t trace_key, struct hk_str key, struct hk_arena *arena,
                       struct hk_str *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    *out = (struct hk_str){0};
    hk_bind_int(q, 1, trace_key);
    hk_bind_str(q, 2, key);
    while (hk_step(q, &ok, err)) {
        *out = hk_arena_str(arena, hk_column_str(q, 0));
    }
    return ok;
}

bool hk_store_trace_tag_find(struct hk_db *db, int64_t trace_key, struct hk_str key, struct hk_arena *arena,
                             struct hk_str *out, struct hk_error *err)
{
    return find_value(db, TAG_FIND, trace_key, key, arena, out, err);
}

bool hk_store_trace_metadata_find(struct hk_db *db, int64_t trace_key, struct hk_str key, struct hk_arena *arena,
                                  struct hk_str *out, struct hk_error *err)
{
    return find_value(db, METADATA_FIND, trace_key, key, arena, out, err);
}

bool hk_store_trace_spans(struct hk_db *db, int64_t trace_key, hk_span_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SPANS);
    bool ok = true;
    hk_bind_int(q, 1, trace_key);
    while (hk_step(q, &ok, err)) {
        each(arg, hk_column_str(q, 0));
    }
    return ok;
}

bool hk_store_trace_span_count(struct hk_db *db, int64_t trace_key, int64_t *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SPAN_COUNT);
    hk_bind_int(q, 1, trace_key);
    *out = 0;
    return hk_run_for_int(q, out, err);
}

/* ---- writing ---- */

static bool write_pair(struct hk_db *db, const char *sql, int64_t trace_key, const struct hk_key_value *pair,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, trace_key);
    hk_bind_str(q, 2, pair->key);
    hk_bind_str(q, 3, pair->value);
    return hk_run(q, err);
}

bool hk_store_trace_tag_set(struct hk_db *db, int64_t trace_key, const struct hk_key_value *tag, struct hk_error *err)
{
    return write_pair(db, TAG_SET, trace_key, tag, err);
}

bool hk_store_trace_tag_delete(struct hk_db *db, int64_t trace_key, struct hk_str key, bool *found,
                               struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_DELETE);
    hk_bind_int(q, 1, trace_key);
    hk_bind_str(q, 2, key);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}

bool hk_store_trace_link(struct hk_db *db, int64_t trace_key, struct hk_str run_uuid, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, LINK);
    hk_bind_str(q, 1, run_uuid);
    hk_bind_int(q, 2, trace_key);
    return hk_run(q, err);
}

static bool find_key(struct hk_db *db, struct hk_str trace_id, int64_t *key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, KEY_OF);
    hk_bind_str(q, 1, trace_id);
    *key = 0;
    return hk_run_for_int(q, key, err);
}

bool hk_store_trace_tell(struct hk_db *db, struct hk_trace_save *save, struct hk_error *err)
{
    struct hk_trace *t = &save->trace;
    struct hk_stmt *q = hk_db_query(db, TELL);
    hk_bind_text(q, 1, t->trace_id);
    hk_bind_int(q, 2, t->experiment_key);
    hk_bind_int(q, 3, t->timestamp_ms);
    hk_bind_time(q, 4, t->execution_ms);
    hk_bind_text(q, 5, t->state);
    hk_bind_text(q, 6, t->client_request_id);
    hk_bind_text(q, 7, t->request_preview);
    hk_bind_text(q, 8, t->response_preview);
    const struct hk_key_value place = {HK_STR(HK_TRACE_ARTIFACTS_TAG), hk_str_from(save->artifact_location)};
    const struct hk_key_value told = {HK_STR("mlflow.trace.infoFinalized"), HK_STR("true")};
    bool ok = hk_run(q, err) && find_key(db, hk_str_from(t->trace_id), &t->trace_key, err) &&
              write_pair(db, TAG_SET, t->trace_key, &place, err) &&
              write_pair(db, METADATA_SET, t->trace_key, &told, err);
    for (size_t i = 0; i < save->tag_count && ok; i++) {
        ok = write_pair(db, TAG_SET, t->trace_key, &save->tags[i], err);
    }
    for (size_t i = 0; i < save->metadata_count && ok; i++) {
        ok = write_pair(db, METADATA_SET, t->trace_key, &save->metadata[i], err);
    }
    return ok;
}

static const char *state_of(const struct hk_span *span)
{
    if (span->parent_id.data != NULL) {
        return "IN_PROGRESS";
    }
    return span->status == HK_SPAN_ERROR ? "ERROR" : "OK";
}

static bool conclude(struct hk_db *db, const struct hk_spans_save *save, const struct hk_span *span, int64_t *trace_key,
                     struct hk_error *err)
{
    const int64_t ms_ns = 1000000;
    struct hk_stmt *q = hk_db_query(db, CONCLUDE);
    hk_bind_str(q, 1, span->trace_id);
    hk_bind_int(q, 2, save->experiment_key);
    hk_bind_int(q, 3, span->start_ns / ms_ns);
    if (span->end_ns != 0) {
        hk_bind_int(q, 4, span->end_ns / ms_ns - span->start_ns / ms_ns);
    } else {
        hk_bind_null(q, 4);
    }
    hk_bind_text(q, 5, state_of(span));
    if (!hk_run(q, err) || !find_key(db, span->trace_id, trace_key, err)) {
        return false;
    }
    if (span->parent_id.data != NULL) {
        return true;
    }
    q = hk_db_query(db, PREVIEW);
    hk_bind_int(q, 1, *trace_key);
    hk_bind_str(q, 2, hk_text_cut(span->inputs, HK_TRACE_PREVIEW_CHARACTERS));
    hk_bind_str(q, 3, hk_text_cut(span->outputs, HK_TRACE_PREVIEW_CHARACTERS));
    return hk_run(q, err);
}

static bool save_span(struct hk_db *db, int64_t trace_key, const struct hk_span *span, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SPAN_SAVE);
    hk_bind_int(q, 1, trace_key);
    hk_bind_str(q, 2, span->span_id);
    hk_bind_int(q, 3, span->parent_id.data == NULL);
    hk_bind_int(q, 4, span->start_ns);
    hk_bind_int(q, 5, span->end_ns);
    hk_bind_str(q, 6, span->json);
    return hk_run(q, err);
}

bool hk_store_spans_save(struct hk_db *db, const struct hk_spans_save *save, struct hk_arena *arena,
                         struct hk_error *err)
{
    const struct hk_key_value here = {HK_STR(HK_TRACE_SPANS_TAG), HK_STR("TRACKING_STORE")};
    struct hk_str last = {0};
    for (size_t i = 0; i < save->spans->len; i++) {
        const struct hk_span *span = &save->spans->items[i];
        int64_t trace_key = 0;
        if (!conclude(db, save, span, &trace_key, err) || !save_span(db, trace_key, span, err)) {
            return false;
        }
        if (hk_str_eq(span->trace_id, last)) {
            continue;
        }
        last = span->trace_id;
        const char *place =
            hk_arena_printf(arena, "%s/traces/%.*s/artifacts", save->artifact_location, HK_STR_ARG(span->trace_id));
        const struct hk_key_value artifacts = {HK_STR(HK_TRACE_ARTIFACTS_TAG), hk_str_from(place)};
        if (!write_pair(db, TAG_SET, trace_key, &here, err) || !write_pair(db, TAG_SET, trace_key, &artifacts, err)) {
            return false;
        }
        for (size_t t = 0; t < span->tag_count; t++) { /* a tag that somebody has set counts more */
            if (!write_pair(db, TAG_ADD, trace_key, &span->tags[t], err)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- deleting ---- */

bool hk_store_traces_delete(struct hk_db *db, const struct hk_trace_delete *which, int64_t *deleted,
                            struct hk_error *err)
{
    *deleted = 0;
    if (which->id_count == 0) {
        struct hk_stmt *q = hk_db_query(db, DELETE_OLD);
        hk_bind_int(q, 1, which->experiment_key);
        hk_bind_time(q, 2, which->until_ms);
        bool is_small = which->most >= 0 && which->most < HK_TRACE_DELETE_SLICE;
        hk_bind_int(q, 3, is_small ? which->most : HK_TRACE_DELETE_SLICE);
        bool ok = hk_run(q, err);
        *deleted = ok ? hk_db_changes(db) : 0;
        return ok;
    }
    for (size_t i = 0; i < which->id_count && (which->most < 0 || *deleted < which->most); i++) {
        struct hk_stmt *q = hk_db_query(db, DELETE_ONE);
        hk_bind_str(q, 1, which->ids[i]);
        hk_bind_int(q, 2, which->experiment_key);
        hk_bind_time(q, 3, which->until_ms);
        if (!hk_run(q, err)) {
            return false;
        }
        *deleted += hk_db_changes(db);
    }
    return true;
}
