#include "engine/store/task_service_query.h"

static const char XCOM_VALUES[] =
    "SELECT x.value FROM dag_run r JOIN xcom x USING (run_key) WHERE r.dag_id = ?1 AND r.run_id = ?2 AND "
    "x.task_id = ?3 AND x.key = ?4 AND (?5 IS NULL OR x.map_index = ?5) ORDER BY x.map_index LIMIT ?6";
/* Airflow leaves it to the database whether a run without a logical date is the newest or the oldest of all; here such
 * a run stands where its run_after is. */
#define RUN_TIME(r) "coalesce(" r ".logical_us, " r ".run_after_us)"
static const char XCOM_VALUES_PRIOR[] =
    "SELECT x.value FROM dag_run o JOIN dag_run p ON p.dag_id = o.dag_id AND "
    "(p.run_key = o.run_key OR " RUN_TIME("p") " <= " RUN_TIME(
        "o") ") JOIN xcom x ON x.run_key = p.run_key AND "
             "x.task_id = ?3 AND x.key = ?4 AND (?5 IS NULL OR x.map_index = ?5) WHERE o.dag_id = ?1 AND o.run_id = ?2 "
             "ORDER BY x.map_index, p.run_key = o.run_key DESC, " RUN_TIME("p") " DESC, x.written_us DESC LIMIT ?6";
/* The one of XCOM_VALUES_PRIOR's rows that comes first when the map index is given: this run's, or else of the newest
 * run before it that has one, which is found without looking at the others. */
static const char XCOM_VALUE_PRIOR[] =
    "SELECT x.value FROM dag_run r JOIN xcom x USING (run_key) WHERE r.dag_id = ?1 AND r.run_id = ?2 AND "
    "x.task_id = ?3 AND x.key = ?4 AND x.map_index = ?5 UNION ALL SELECT * FROM (SELECT x.value FROM dag_run p "
    "CROSS JOIN xcom x WHERE p.dag_id = ?1 AND " RUN_TIME("p") " <= (SELECT " RUN_TIME(
        "o") " FROM dag_run o WHERE "
             "o.dag_id = ?1 AND o.run_id = ?2) AND x.run_key = p.run_key AND x.task_id = ?3 AND x.key = ?4 AND "
             "x.map_index = ?5 ORDER BY " RUN_TIME("p") " DESC, x.written_us DESC LIMIT 1) LIMIT ?6";

#define HAS_PREFIX "WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1"
static const char VARIABLE_KEYS[] = "SELECT key FROM variable " HAS_PREFIX " ORDER BY key LIMIT ?2 OFFSET ?3";
static const char VARIABLE_KEYS_COUNT[] = "SELECT count(*) FROM variable " HAS_PREFIX;

#define TASK_FROM "FROM dag_run r JOIN task_instance t USING (run_key) "
#define TASK_SELECT                                                                                                    \
    "SELECT r.dag_id, r.run_id, r.logical_us, t.task_id, t.map_index, t.state, t.try_number, t.operator, t.start_us, " \
    "t.end_us " TASK_FROM
static const char RUNS_COUNT[] = "SELECT count(*) FROM dag_run r";
static const char TASKS_COUNT[] = "SELECT count(*) " TASK_FROM;
static const char FINISHED_TASKS[] =
    TASK_SELECT "WHERE r.dag_id = ?1 AND r.run_id = ?2 AND "
                "t.state IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed') "
                "ORDER BY t.task_id, t.map_index";
static const char TASK_BEFORE[] =
    TASK_SELECT "WHERE r.dag_id = ?1 AND t.task_id = ?2 AND t.map_index = ?3 AND (?4 IS NULL OR r.logical_us < ?4) AND "
                "(?5 IS NULL OR t.state = ?5) ORDER BY r.logical_us DESC LIMIT 1";
static const char TASK_STARTS[] =
    "SELECT starts FROM task_instance WHERE run_key = ?1 AND task = ?2 AND map_index = ?3";

static const char *const TASK_ORDER[] = {"t.run_key", "t.task", "t.map_index", NULL};
static const struct hk_list_sql TASKS = {TASK_SELECT, NULL, TASK_ORDER};

bool hk_store_xcom_values(struct hk_db *db, const struct hk_xcom_key *key, bool with_prior, int64_t limit,
                          hk_xcom_value_fn each, void *arg, struct hk_error *err)
{
    bool is_one = limit == 1 && key->map_index != HK_TIME_NONE;
    const char *with = is_one ? XCOM_VALUE_PRIOR : XCOM_VALUES_PRIOR;
    struct hk_stmt *q = hk_db_query(db, with_prior ? with : XCOM_VALUES);
    hk_bind_str(q, 1, key->dag_id);
    hk_bind_str(q, 2, key->run_id);
    hk_bind_str(q, 3, key->task_id);
    hk_bind_str(q, 4, key->key);
    hk_bind_time(q, 5, key->map_index);
    hk_bind_int(q, 6, limit);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        if (!each(arg, hk_column_str(q, 0))) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static bool count_keys(struct hk_db *db, struct hk_str prefix, int64_t *total, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VARIABLE_KEYS_COUNT);
    hk_bind_str(q, 1, prefix);
    return hk_run_for_int(q, total, err);
}

bool hk_store_variable_keys(struct hk_db *db, const struct hk_variable_keys *which, hk_variable_key_fn each, void *arg,
                            int64_t *total, struct hk_error *err)
{
    struct hk_str prefix = which->prefix.len > 0 ? which->prefix : HK_STR("");
    if (!count_keys(db, prefix, total, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, VARIABLE_KEYS);
    hk_bind_str(q, 1, prefix);
    hk_bind_int(q, 2, which->limit);
    hk_bind_int(q, 3, which->offset);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        if (!each(arg, hk_column_str(q, 0))) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static void compose_run(struct hk_filter *f, const struct hk_task_choice *choice)
{
    hk_filter_text(f, "r.dag_id = ?", choice->dag_id);
    hk_filter_given(f, "r.run_id IN (SELECT value FROM json_each(?))", choice->run_ids);
    hk_filter_given(f, "r.logical_us IN (SELECT value FROM json_each(?))", choice->logical_dates);
}

static void compose_task(struct hk_filter *f, const struct hk_task_choice *choice)
{
    compose_run(f, choice);
    hk_filter_given(f, "t.task_id IN (SELECT value FROM json_each(?))", choice->task_ids);
    hk_filter_given(f, "t.task_id IN (SELECT value FROM json_each(?))", choice->group_ids);
    hk_filter_given(f,
                    choice->has_no_state ? "t.state IS NULL OR t.state IN (SELECT value FROM json_each(?))"
                                         : "t.state IN (SELECT value FROM json_each(?))",
                    choice->states);
    if (choice->map_index != HK_TIME_NONE) {
        hk_filter_int(f, "t.map_index = ?", choice->map_index);
    }
}

bool hk_store_chosen_runs_count(struct hk_db *db, const struct hk_task_choice *choice, int64_t *out,
                                struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose_run(&f, choice);
    hk_filter_given(&f, "r.state IN (SELECT value FROM json_each(?))", choice->states);
    bool ok = hk_filter_count(&f, db, RUNS_COUNT, out, err);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_chosen_tasks_count(struct hk_db *db, const struct hk_task_choice *choice, int64_t *out,
                                 struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose_task(&f, choice);
    bool ok = hk_filter_count(&f, db, TASKS_COUNT, out, err);
    hk_filter_clear(&f);
    return ok;
}

static bool hand_out(struct hk_stmt *q, hk_task_brief_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    *found = false;
    while (hk_step(q, &ok, err)) {
        struct hk_task_brief row = {
            .dag_id = hk_column_text(q, 0),
            .run_id = hk_column_text(q, 1),
            .logical_us = hk_column_time(q, 2),
            .task_id = hk_column_text(q, 3),
            .map_index = (int32_t)hk_column_int(q, 4),
            .state = hk_column_text(q, 5),
            .try_number = hk_column_int(q, 6),
            .operator_class = hk_column_text(q, 7),
            .start_us = hk_column_time(q, 8),
            .end_us = hk_column_time(q, 9),
        };
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_chosen_tasks(struct hk_db *db, const struct hk_task_choice *choice, hk_task_brief_fn each, void *arg,
                           struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose_task(&f, choice);
    struct hk_page all = {.limit = -1};
    struct hk_stmt *q = NULL;
    bool found;
    bool ok = hk_filter_select(&f, db, &TASKS, &all, &q, err) && hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_finished_tasks(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, hk_task_brief_fn each,
                             void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FINISHED_TASKS);
    hk_bind_str(q, 1, dag_id);
    hk_bind_str(q, 2, run_id);
    bool found;
    return hand_out(q, each, arg, &found, err);
}

bool hk_store_task_before(struct hk_db *db, const struct hk_task_before *which, hk_task_brief_fn each, void *arg,
                          bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_BEFORE);
    hk_bind_str(q, 1, which->dag_id);
    hk_bind_str(q, 2, which->task_id);
    hk_bind_int(q, 3, which->map_index);
    hk_bind_time(q, 4, which->before_us);
    hk_bind_str(q, 5, which->state);
    return hand_out(q, each, arg, found, err);
}

bool hk_store_task_starts(struct hk_db *db, int64_t run_key, uint32_t task, int32_t map_index, uint32_t *starts,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_STARTS);
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, task);
    hk_bind_int(q, 3, map_index);
    *starts = 0;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *starts = (uint32_t)hk_column_int(q, 0);
    }
    return ok;
}
