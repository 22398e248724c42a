#include "engine/store/maker_store.h"

#include "engine/base/clock.h"

static const char AT_WORK[] =
    "SELECT 1 FROM task_instance WHERE run_key = ?1 AND task = ?2 AND map_index = ?3 AND starts = ?4 "
    "AND (state IN ('queued', 'running', 'restarting') OR end_us >= ?5)";
static const char FIND_TRY[] =
    "SELECT maker_key FROM maker WHERE run_key = ?1 AND task = ?2 AND map_index = ?3 AND starts = ?4";
static const char ADD[] =
    "INSERT INTO maker (run_key, task, map_index, starts, dag_id, run_id, task_id, try_number, triggering_user, "
    "bundle_version) SELECT t.run_key, t.task, t.map_index, t.starts, r.dag_id, r.run_id, t.task_id, t.try_number, "
    "r.triggering_user, v.bundle_version FROM task_instance t JOIN dag_run r ON r.run_key = t.run_key "
    "JOIN dag_version v ON v.version_key = r.version_key "
    "WHERE t.run_key = ?1 AND t.task = ?2 AND t.map_index = ?3 AND t.starts = ?4 RETURNING maker_key";

#define MAKER "SELECT m.run_key, m.dag_id, m.run_id, m.triggering_user, "
static const char OF_RUN[] = MAKER "coalesce(m.bundle_version, o.maker_commit) FROM ml_run o "
                                   "JOIN maker m ON m.maker_key = o.maker_key WHERE o.run_key = ?1";
static const char OF_LOGGED_MODEL[] = MAKER "m.bundle_version FROM logged_model o "
                                            "JOIN maker m ON m.maker_key = o.maker_key WHERE o.model_key = ?1";
static const char OF_VERSION[] = MAKER "m.bundle_version FROM model_version o "
                                       "JOIN maker m ON m.maker_key = o.maker_key WHERE o.version_key = ?1";
static const char OF_REQUEST[] = MAKER "m.bundle_version FROM promotion_request o "
                                       "JOIN maker m ON m.maker_key = o.maker_key WHERE o.request_key = ?1";
static const char *const of[] = {[HK_MADE_RUN] = OF_RUN,
                                 [HK_MADE_LOGGED_MODEL] = OF_LOGGED_MODEL,
                                 [HK_MADE_VERSION] = OF_VERSION,
                                 [HK_MADE_REQUEST] = OF_REQUEST};

static struct hk_stmt *about(struct hk_db *db, const char *sql, const struct hk_task_try *who)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, who->run_key);
    hk_bind_int(q, 2, who->task);
    hk_bind_int(q, 3, who->map_index);
    hk_bind_int(q, 4, who->starts);
    return q;
}

bool hk_store_task_is_at_work(struct hk_db *db, const struct hk_task_try *who, int64_t now_us, bool *out,
                              struct hk_error *err)
{
    int64_t found = 0;
    struct hk_stmt *q = about(db, AT_WORK, who);
    hk_bind_int(q, 5, now_us - HK_TASK_LAST_WORDS_SECONDS * HK_SECOND_US);
    bool ok = hk_run_for_int(q, &found, err);
    *out = found != 0;
    return ok;
}

bool hk_store_maker_note(struct hk_db *db, const struct hk_task_try *who, int64_t *maker_key, struct hk_error *err)
{
    *maker_key = 0;
    if (!hk_run_for_int(about(db, FIND_TRY, who), maker_key, err) ||
        (*maker_key == 0 && !hk_run_for_int(about(db, ADD, who), maker_key, err))) {
        return false;
    }
    return *maker_key != 0 || hk_error_set(err, HK_DENIED, "The task whose token this is no longer exists.");
}

bool hk_store_maker_find(struct hk_db *db, enum hk_made what, int64_t key, struct hk_arena *arena, struct hk_maker *out,
                         bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, of[what]);
    bool ok = true;
    *found = false;
    hk_bind_int(q, 1, key);
    while (hk_step(q, &ok, err)) {
        *found = true;
        *out = (struct hk_maker){.run_key = hk_column_int(q, 0),
                                 .dag_id = hk_arena_strdup(arena, hk_column_text(q, 1)),
                                 .run_id = hk_arena_strdup(arena, hk_column_text(q, 2)),
                                 .triggering_user = hk_arena_strdup(arena, hk_column_text(q, 3)),
                                 .commit = hk_arena_strdup(arena, hk_column_text(q, 4))};
    }
    return ok;
}
