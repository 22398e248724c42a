#include "engine/store/ml_run_store.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/tracking/ml_run.h"

static const char RUN_GET[] = "SELECT " HK_ML_RUN_COLUMNS " FROM ml_run r WHERE r.run_uuid = ?1";
static const char RUN_FIND[] = "SELECT run_key, experiment_key, lifecycle FROM ml_run WHERE run_uuid = ?1";
static const char RUN_INSERT[] =
    "INSERT INTO ml_run (run_uuid, experiment_key, name, user_id, status, start_ms, end_ms, artifact_uri, "
    "maker_key, maker_commit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, 0), ?10)";
static const char RUN_UPDATE[] = "UPDATE ml_run SET status = coalesce(?2, status), end_ms = coalesce(?3, end_ms), "
                                 "name = coalesce(?4, name) WHERE run_key = ?1";
static const char RUN_MARK[] = "UPDATE ml_run SET lifecycle = ?2, deleted_ms = ?3 WHERE run_uuid = ?1";
static const char RUN_TAG_INSERT[] = "INSERT INTO ml_run_tag (run_key, key, value) VALUES (?1, ?2, ?3)";
static const char RUN_TAG_SET[] = "INSERT INTO ml_run_tag (run_key, key, value) VALUES (?1, ?2, ?3) "
                                  "ON CONFLICT (run_key, key) DO UPDATE SET value = ?3";
static const char RUN_TAG_DELETE[] = "DELETE FROM ml_run_tag WHERE run_key = ?1 AND key = ?2";
static const char RUN_TAG_FIND[] = "SELECT value FROM ml_run_tag WHERE run_key = ?1 AND key = ?2";
static const char RUN_TAGS[] = "SELECT key, value FROM ml_run_tag WHERE run_key = ?1 ORDER BY key";
static const char PARAM_INSERT[] = "INSERT INTO ml_param (run_key, key, value) VALUES (?1, ?2, ?3) "
                                   "ON CONFLICT (run_key, key) DO NOTHING";
static const char PARAM_FIND[] = "SELECT value FROM ml_param WHERE run_key = ?1 AND key = ?2 AND value <> ?3";
static const char PARAMS[] = "SELECT key, value FROM ml_param WHERE run_key = ?1 ORDER BY key";

static bool not_found(struct hk_str run_uuid, struct hk_error *err)
{
    return hk_error_set(err, HK_NOT_FOUND, "Run with id=%.*s not found", HK_STR_ARG(run_uuid));
}

struct hk_ml_run hk_store_ml_run_row(struct hk_stmt *q)
{
    return (struct hk_ml_run){.run_key = hk_column_int(q, 0),
                              .run_uuid = hk_column_text(q, 1),
                              .experiment_key = hk_column_int(q, 2),
                              .name = hk_column_text(q, 3),
                              .user_id = hk_column_text(q, 4),
                              .status = hk_column_text(q, 5),
                              .start_ms = hk_column_int(q, 6),
                              .end_ms = hk_column_time(q, 7),
                              .lifecycle = hk_column_text(q, 8),
                              .artifact_uri = hk_column_text(q, 9)};
}

bool hk_store_ml_run_get(struct hk_db *db, struct hk_str run_uuid, struct hk_arena *arena, struct hk_ml_run *out,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_GET);
    bool ok = true;
    bool found = false;
    hk_bind_str(q, 1, run_uuid);
    while (hk_step(q, &ok, err)) {
        found = true;
        *out = hk_store_ml_run_row(q);
        out->run_uuid = hk_arena_strdup(arena, out->run_uuid);
        out->name = hk_arena_strdup(arena, out->name);
        out->user_id = hk_arena_strdup(arena, out->user_id);
        out->status = hk_arena_strdup(arena, out->status);
        out->lifecycle = hk_arena_strdup(arena, out->lifecycle);
        out->artifact_uri = hk_arena_strdup(arena, out->artifact_uri);
    }
    return ok && (found || not_found(run_uuid, err));
}

bool hk_store_ml_run_find_active(struct hk_db *db, struct hk_str run_uuid, struct hk_ml_run_ref *out,
                                 struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_FIND);
    bool ok = true;
    bool found = false;
    bool is_active = false;
    hk_bind_str(q, 1, run_uuid);
    while (hk_step(q, &ok, err)) {
        found = true;
        *out = (struct hk_ml_run_ref){hk_column_int(q, 0), hk_column_int(q, 1)};
        is_active = hk_str_is(hk_column_str(q, 2), "active");
    }
    if (!ok || !found) {
        return ok && not_found(run_uuid, err);
    }
    return is_active ||
           hk_error_set(err, HK_INVALID, "The run %.*s must be in the 'active' state. Current state is deleted.",
                        HK_STR_ARG(run_uuid));
}

static bool write_pair(struct hk_db *db, const char *sql, int64_t run_key, const struct hk_key_value *pair,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, pair->key.data != NULL ? pair->key : HK_STR(""));
    hk_bind_str(q, 3, pair->value.data != NULL ? pair->value : HK_STR(""));
    return hk_run(q, err);
}

bool hk_store_ml_run_insert(struct hk_db *db, struct hk_ml_run *run, const struct hk_key_value *tags, size_t tag_count,
                            struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_INSERT);
    hk_bind_text(q, 1, run->run_uuid);
    hk_bind_int(q, 2, run->experiment_key);
    hk_bind_text(q, 3, run->name);
    hk_bind_text(q, 4, run->user_id);
    hk_bind_text(q, 5, run->status);
    hk_bind_int(q, 6, run->start_ms);
    hk_bind_time(q, 7, run->end_ms);
    hk_bind_text(q, 8, run->artifact_uri);
    hk_bind_int(q, 9, run->maker_key);
    hk_bind_text(q, 10, run->maker_commit);
    if (!hk_run(q, err)) {
        return false;
    }
    run->run_key = hk_db_last_key(db);
    for (size_t i = 0; i < tag_count; i++) {
        if (!write_pair(db, RUN_TAG_INSERT, run->run_key, &tags[i], err)) {
            return err->code == HK_CONFLICT
                       ? hk_error_set(err, HK_CONFLICT, "The tag '%.*s' is given twice.", HK_STR_ARG(tags[i].key))
                       : false;
        }
    }
    return true;
}

bool hk_store_ml_run_update(struct hk_db *db, int64_t run_key, const struct hk_ml_run_change *change,
                            struct hk_error *err)
{
    bool is_renamed = change->name.len > 0;
    struct hk_stmt *q = hk_db_query(db, RUN_UPDATE);
    hk_bind_int(q, 1, run_key);
    hk_bind_text(q, 2, change->status);
    hk_bind_time(q, 3, change->end_ms);
    hk_bind_str(q, 4, is_renamed ? change->name : (struct hk_str){0});
    if (!hk_run(q, err)) {
        return false;
    }
    const struct hk_key_value tag = {HK_STR(HK_ML_RUN_NAME_TAG), change->name};
    return !is_renamed || write_pair(db, RUN_TAG_SET, run_key, &tag, err);
}

static bool mark(struct hk_db *db, struct hk_str run_uuid, const char *lifecycle, int64_t deleted_ms,
                 struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_MARK);
    hk_bind_str(q, 1, run_uuid);
    hk_bind_text(q, 2, lifecycle);
    hk_bind_time(q, 3, deleted_ms);
    return hk_run(q, err) && (hk_db_changes(db) > 0 || not_found(run_uuid, err));
}

bool hk_store_ml_run_delete(struct hk_db *db, struct hk_str run_uuid, int64_t now_ms, struct hk_error *err)
{
    return mark(db, run_uuid, "deleted", now_ms, err);
}

bool hk_store_ml_run_restore(struct hk_db *db, struct hk_str run_uuid, struct hk_error *err)
{
    return mark(db, run_uuid, "active", HK_TIME_NONE, err);
}

bool hk_store_ml_run_tag_set(struct hk_db *db, int64_t run_key, const struct hk_key_value *tag, struct hk_error *err)
{
    if (hk_str_is(tag->key, HK_ML_RUN_NAME_TAG)) {
        const struct hk_ml_run_change change = {.end_ms = HK_TIME_NONE, .name = tag->value};
        return hk_store_ml_run_update(db, run_key, &change, err);
    }
    return write_pair(db, RUN_TAG_SET, run_key, tag, err);
}

bool hk_store_ml_run_tag_delete(struct hk_db *db, int64_t run_key, struct hk_str key, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_TAG_DELETE);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, key);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}

bool hk_store_ml_run_tag_find(struct hk_db *db, int64_t run_key, struct hk_str key, struct hk_arena *arena,
                              struct hk_str *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_TAG_FIND);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, key);
    *out = (struct hk_str){0};
    while (hk_step(q, &ok, err)) {
        *out = hk_arena_str(arena, hk_column_str(q, 0));
    }
    return ok;
}

bool hk_store_ml_param_log(struct hk_db *db, int64_t run_key, const struct hk_key_value *param, struct hk_arena *arena,
                           struct hk_str *old, struct hk_error *err)
{
    *old = (struct hk_str){0};
    if (!write_pair(db, PARAM_INSERT, run_key, param, err)) {
        return false;
    }
    if (hk_db_changes(db) > 0) {
        return true;
    }
    struct hk_stmt *q = hk_db_query(db, PARAM_FIND);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, param->key);
    hk_bind_str(q, 3, param->value.data != NULL ? param->value : HK_STR(""));
    while (hk_step(q, &ok, err)) {
        *old = hk_arena_str(arena, hk_column_str(q, 0));
    }
    return ok;
}

static bool hand_out(struct hk_db *db, const char *sql, int64_t run_key, hk_key_value_fn each, void *arg,
                     struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    while (hk_step(q, &ok, err)) {
        each(arg, (struct hk_key_value){hk_column_str(q, 0), hk_column_str(q, 1)});
    }
    return ok;
}

bool hk_store_ml_run_tags(struct hk_db *db, int64_t run_key, hk_key_value_fn each, void *arg, struct hk_error *err)
{
    return hand_out(db, RUN_TAGS, run_key, each, arg, err);
}

bool hk_store_ml_run_params(struct hk_db *db, int64_t run_key, hk_key_value_fn each, void *arg, struct hk_error *err)
{
    return hand_out(db, PARAMS, run_key, each, arg, err);
}
