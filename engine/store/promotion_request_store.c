#include "engine/store/promotion_request_store.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"

#define SELECT                                                                                                         \
    "SELECT r.request_key, r.request_id, r.version_key, v.model_key, m.name, v.version, r.target_kind, r.target, "     \
    "r.creator, r.comment, r.archive_existing, r.expected_version, r.state, r.message, r.open_at_us, r.created_us, "   \
    "r.updated_us FROM "
#define JOINED                                                                                                         \
    " JOIN model_version v ON v.version_key = r.version_key JOIN registered_model m ON m.model_key = v.model_key "

static const char INSERT[] =
    "INSERT INTO promotion_request (request_id, version_key, target_kind, target, creator, comment, archive_existing, "
    "expected_version, state, message, open_at_us, created_us, updated_us, maker_key) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?10, ?11, ?11, nullif(?12, 0))";
static const char CLOSE[] = "UPDATE promotion_request SET state = ?2, message = ?3, open_at_us = NULL, updated_us = ?4 "
                            "WHERE request_key = ?1 AND state = 'open'";
static const char NOTE[] = "UPDATE promotion_request SET message = ?2, open_at_us = ?3, updated_us = ?4 "
                           "WHERE request_key = ?1 AND state = 'open'";
static const char ARCHIVE[] = "UPDATE promotion_request SET archive_existing = ?2 WHERE request_key = ?1";
static const char FIND[] =
    SELECT "promotion_request r" JOINED
           "WHERE r.version_key = ?1 AND r.target_kind = ?2 AND r.target = ?3 AND r.state = 'open'";
static const char GET[] = SELECT "promotion_request r" JOINED "WHERE r.request_id = ?1";
static const char OF_VERSION[] = SELECT "promotion_request r" JOINED "WHERE r.version_key = ?1 ORDER BY r.request_key";
static const char OPEN[] = SELECT "promotion_request r INDEXED BY promotion_request_open" JOINED
                                  "WHERE r.state = 'open' ORDER BY r.request_key";
static const char OF_TARGET[] =
    SELECT "model_version v JOIN promotion_request r ON r.version_key = v.version_key AND r.state = 'open' "
           "AND r.target_kind = ?2 AND r.target = ?3 JOIN registered_model m ON m.model_key = v.model_key "
           "WHERE v.model_key = ?1 ORDER BY r.request_key";
/* The outbox first: what has ended since then is little, whatever waits is not. */
static const char ENDED_AFTER[] = SELECT
    "event e CROSS JOIN promotion_wait w ON w.dag_id = e.subject AND w.run_id = json_extract(e.payload, '$.run_id') "
    "JOIN promotion_request r ON r.request_key = w.request_key AND r.state = 'open'" JOINED
    "WHERE e.sequence > ?1 AND e.kind = 'dag_run_ended' ORDER BY e.sequence";
static const char LAST_EVENT[] = "SELECT sequence FROM event WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1";
static const char DUE[] =
    SELECT "promotion_request r" JOINED "WHERE r.state = 'open' AND r.open_at_us <= ?1 ORDER BY r.open_at_us";
static const char NEXT_DUE[] =
    "SELECT open_at_us FROM promotion_request WHERE state = 'open' AND open_at_us IS NOT NULL "
    "ORDER BY open_at_us LIMIT 1";
static const char STIRRED[] =
    SELECT "promotion_request r" JOINED
           "WHERE r.state = 'open' AND r.request_key IN (SELECT request_key FROM promotion_wait INDEXED BY "
           "promotion_wait_stirred WHERE is_stirred = 1) ORDER BY r.request_key";
static const char SETTLE[] = "UPDATE promotion_wait SET is_stirred = 0 WHERE request_key = ?1 AND is_stirred = 1";
static const char APPROVE[] = "INSERT INTO approval (request_key, user, role, comment, given_us) "
                              "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (request_key, user) "
                              "DO UPDATE SET role = ?3, comment = ?4, given_us = ?5";
static const char APPROVALS[] =
    "SELECT user, role, comment, given_us FROM approval WHERE request_key = ?1 ORDER BY given_us, user";
static const char WAIT[] = "INSERT INTO promotion_wait (request_key, dag_id, run_id, is_validation) "
                           "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
static const char VALIDATIONS_DUE[] = SELECT
    "promotion_request r INDEXED BY promotion_request_open" JOINED
    "WHERE r.state = 'open' AND EXISTS (SELECT 1 FROM promotion_wait w WHERE w.request_key = r.request_key "
    "AND w.is_validation = 1 AND w.is_gone = 0 AND NOT EXISTS (SELECT 1 FROM dag_run d WHERE d.dag_id = w.dag_id "
    "AND d.run_id = w.run_id))";
static const char VALIDATIONS_OF[] =
    "SELECT w.dag_id, w.run_id FROM promotion_wait w WHERE w.request_key = ?1 AND w.is_validation = 1 "
    "AND w.is_gone = 0 AND NOT EXISTS (SELECT 1 FROM dag_run d WHERE d.dag_id = w.dag_id AND d.run_id = w.run_id)";

static bool read_row(struct hk_stmt *q, struct hk_arena *arena, struct hk_request_row *out, struct hk_error *err)
{
    *out = (struct hk_request_row){.key = hk_column_int(q, 0),
                                   .id = hk_arena_strdup(arena, hk_column_text(q, 1)),
                                   .version_key = hk_column_int(q, 2),
                                   .model_key = hk_column_int(q, 3),
                                   .model = hk_arena_strdup(arena, hk_column_text(q, 4)),
                                   .version = hk_column_int(q, 5),
                                   .target = {HK_TARGET_ALIAS, hk_arena_strdup(arena, hk_column_text(q, 7))},
                                   .creator = hk_arena_strdup(arena, hk_column_text(q, 8)),
                                   .comment = hk_arena_strdup(arena, hk_column_text(q, 9)),
                                   .archive_existing = hk_column_int(q, 10) != 0,
                                   .expected_version = hk_column_int(q, 11),
                                   .state = hk_arena_strdup(arena, hk_column_text(q, 12)),
                                   .message = hk_arena_strdup(arena, hk_column_text(q, 13)),
                                   .open_at_us = hk_column_time(q, 14),
                                   .created_us = hk_column_int(q, 15),
                                   .updated_us = hk_column_int(q, 16)};
    return hk_target_kind_find(hk_column_str(q, 6), &out->target.kind) ||
           hk_error_set(err, HK_CORRUPT, "request '%s' has a target of an unknown kind", out->id);
}

static bool collect(struct hk_stmt *q, struct hk_arena *arena, struct hk_request_rows *out, struct hk_error *err)
{
    bool ok = true;
    *out = (struct hk_request_rows){0};
    while (ok && hk_step(q, &ok, err)) {
        if (out->count == out->room) {
            size_t room = out->room == 0 ? 8 : out->room * 2;
            struct hk_request_row *items = hk_arena_array(arena, room, sizeof *items);
            if (out->count > 0) {
                memcpy(items, out->items, out->count * sizeof *items);
            }
            out->items = items;
            out->room = room;
        }
        ok = read_row(q, arena, &out->items[out->count++], err);
    }
    hk_reset(q);
    return ok;
}

static void bind_target(struct hk_stmt *q, int at, const struct hk_target *target)
{
    hk_bind_text(q, at, hk_target_kind_name(target->kind));
    hk_bind_text(q, at + 1, target->name);
}

bool hk_store_request_insert(struct hk_db *db, const struct hk_request_row *row, int64_t *key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, INSERT);
    hk_bind_text(q, 1, row->id);
    hk_bind_int(q, 2, row->version_key);
    bind_target(q, 3, &row->target);
    hk_bind_text(q, 5, row->creator);
    hk_bind_text(q, 6, row->comment);
    hk_bind_int(q, 7, row->archive_existing);
    hk_bind_int(q, 8, row->expected_version);
    hk_bind_text(q, 9, row->message);
    hk_bind_time(q, 10, row->open_at_us);
    hk_bind_int(q, 11, row->created_us);
    hk_bind_int(q, 12, row->maker_key);
    bool ok = hk_run(q, err);
    *key = hk_db_last_key(db);
    return ok;
}

bool hk_store_request_close(struct hk_db *db, int64_t key, const char *state, const char *message, int64_t now_us,
                            struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CLOSE);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, state);
    hk_bind_text(q, 3, message);
    hk_bind_int(q, 4, now_us);
    return hk_run(q, err) &&
           (hk_db_changes(db) == 1 || hk_error_set(err, HK_CONFLICT, "the transition request is no longer open"));
}

bool hk_store_request_note(struct hk_db *db, int64_t key, const char *message, int64_t open_at_us, int64_t now_us,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, NOTE);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, message);
    hk_bind_time(q, 3, open_at_us);
    hk_bind_int(q, 4, now_us);
    return hk_run(q, err);
}

bool hk_store_request_archive(struct hk_db *db, int64_t key, bool archive_existing, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ARCHIVE);
    hk_bind_int(q, 1, key);
    hk_bind_int(q, 2, archive_existing);
    return hk_run(q, err);
}

bool hk_store_request_find(struct hk_db *db, int64_t version_key, const struct hk_target *target,
                           struct hk_arena *arena, struct hk_request_row *out, bool *found, struct hk_error *err)
{
    struct hk_request_rows rows;
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_int(q, 1, version_key);
    bind_target(q, 2, target);
    bool ok = collect(q, arena, &rows, err);
    *found = ok && rows.count > 0;
    if (*found) {
        *out = rows.items[0];
    }
    return ok;
}

bool hk_store_request_get(struct hk_db *db, const char *id, struct hk_arena *arena, struct hk_request_row *out,
                          struct hk_error *err)
{
    struct hk_request_rows rows;
    struct hk_stmt *q = hk_db_query(db, GET);
    hk_bind_text(q, 1, id);
    if (!collect(q, arena, &rows, err)) {
        return false;
    }
    if (rows.count == 0) {
        return hk_error_set(err, HK_NOT_FOUND, "Transition request with id=%s not found", id);
    }
    *out = rows.items[0];
    return true;
}

bool hk_store_requests_of_version(struct hk_db *db, int64_t version_key, struct hk_arena *arena,
                                  struct hk_request_rows *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OF_VERSION);
    hk_bind_int(q, 1, version_key);
    return collect(q, arena, out, err);
}

bool hk_store_requests_open(struct hk_db *db, struct hk_arena *arena, struct hk_request_rows *out, struct hk_error *err)
{
    return collect(hk_db_query(db, OPEN), arena, out, err);
}

bool hk_store_requests_of_target(struct hk_db *db, int64_t model_key, const struct hk_target *target,
                                 struct hk_arena *arena, struct hk_request_rows *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OF_TARGET);
    hk_bind_int(q, 1, model_key);
    bind_target(q, 2, target);
    return collect(q, arena, out, err);
}

bool hk_store_requests_after(struct hk_db *db, int64_t sequence, int64_t *last, struct hk_arena *arena,
                             struct hk_request_rows *out, struct hk_error *err)
{
    *last = 0;
    *out = (struct hk_request_rows){0};
    if (!hk_run_for_int(hk_db_query(db, LAST_EVENT), last, err)) {
        return false;
    }
    if (*last <= sequence) {
        return true;
    }
    struct hk_stmt *q = hk_db_query(db, ENDED_AFTER);
    hk_bind_int(q, 1, sequence);
    return collect(q, arena, out, err);
}

bool hk_store_requests_due(struct hk_db *db, int64_t now_us, struct hk_arena *arena, struct hk_request_rows *out,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DUE);
    hk_bind_int(q, 1, now_us);
    return collect(q, arena, out, err);
}

bool hk_store_requests_stirred(struct hk_db *db, struct hk_arena *arena, struct hk_request_rows *out,
                               struct hk_error *err)
{
    return collect(hk_db_query(db, STIRRED), arena, out, err);
}

bool hk_store_request_settle(struct hk_db *db, int64_t key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SETTLE);
    hk_bind_int(q, 1, key);
    return hk_run(q, err);
}

bool hk_store_requests_next_due(struct hk_db *db, int64_t *at_us, struct hk_error *err)
{
    *at_us = HK_TIME_NONE;
    return hk_run_for_int(hk_db_query(db, NEXT_DUE), at_us, err);
}

/* ---- approvals ---- */

bool hk_store_approval_add(struct hk_db *db, int64_t request_key, const struct hk_approval *approval,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, APPROVE);
    hk_bind_int(q, 1, request_key);
    hk_bind_text(q, 2, approval->user);
    hk_bind_text(q, 3, approval->role);
    hk_bind_text(q, 4, approval->comment);
    hk_bind_int(q, 5, approval->given_us);
    return hk_run(q, err);
}

bool hk_store_approvals(struct hk_db *db, int64_t request_key, struct hk_arena *arena, struct hk_approval **out,
                        size_t *count, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, APPROVALS);
    size_t room = 0;
    bool ok = true;
    *out = NULL;
    *count = 0;
    hk_bind_int(q, 1, request_key);
    while (hk_step(q, &ok, err)) {
        if (*count == room) {
            struct hk_approval *items = hk_arena_array(arena, room = room == 0 ? 8 : room * 2, sizeof *items);
            if (*count > 0) {
                memcpy(items, *out, *count * sizeof *items);
            }
            *out = items;
        }
        (*out)[(*count)++] = (struct hk_approval){hk_arena_strdup(arena, hk_column_text(q, 0)),
                                                  hk_arena_strdup(arena, hk_column_text(q, 1)),
                                                  hk_arena_strdup(arena, hk_column_text(q, 2)), hk_column_int(q, 3)};
    }
    return ok;
}

/* ---- DAG runs ---- */

bool hk_store_request_wait(struct hk_db *db, int64_t request_key, const struct hk_fact_dag_run *run, bool is_validation,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, WAIT);
    hk_bind_int(q, 1, request_key);
    hk_bind_text(q, 2, run->dag_id);
    hk_bind_text(q, 3, run->run_id);
    hk_bind_int(q, 4, is_validation);
    return hk_run(q, err);
}

const char *hk_validation_run_id(const char *request_id, struct hk_arena *arena)
{
    return hk_arena_printf(arena, "promotion__%s", request_id);
}

const char *hk_validation_conf(const struct hk_request_row *request, struct hk_arena *arena)
{
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, 65536);
    hk_json_init(&w, &buf);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "model", request->model);
    hk_json_kv_int(&w, "version", request->version);
    hk_json_key(&w, "target");
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, hk_target_kind_name(request->target.kind), request->target.name);
    hk_json_end_object(&w);
    hk_json_kv_text(&w, "request", request->id);
    hk_json_end_object(&w);
    const char *out = hk_arena_str(arena, hk_buf_str(&buf)).data;
    hk_buf_clear(&buf);
    return out;
}

static bool hand_out_validations(struct hk_db *db, const struct hk_request_row *request, struct hk_arena *arena,
                                 hk_validation_due_fn each, void *arg, struct hk_error *err)
{
    const char *conf = hk_validation_conf(request, arena);
    struct hk_stmt *q = hk_db_query(db, VALIDATIONS_OF);
    bool ok = true;
    hk_bind_int(q, 1, request->key);
    while (hk_step(q, &ok, err)) {
        const struct hk_validation_due due = {request->id, hk_column_text(q, 0), hk_column_text(q, 1), conf,
                                              request->creator};
        each(arg, &due);
    }
    return ok;
}

bool hk_store_validations_due(struct hk_db *db, hk_validation_due_fn each, void *arg, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_request_rows rows;
    hk_arena_init(&arena);
    bool ok = collect(hk_db_query(db, VALIDATIONS_DUE), &arena, &rows, err);
    for (size_t i = 0; ok && i < rows.count; i++) {
        ok = hand_out_validations(db, &rows.items[i], &arena, each, arg, err);
    }
    hk_arena_clear(&arena);
    return ok;
}
