#include "engine/store/run_store.h"

#include <string.h>

#define RUN_COLUMNS                                                                                                    \
    "run_key, version_key, dag_id, run_id, run_type, state, logical_us, interval_start_us, interval_end_us, "          \
    "run_after_us, queued_us, start_us, end_us, decided_us, triggered_by, triggering_user, conf, note, clear_number, " \
    "starts_before"

static const char RUN_INSERT[] =
    "INSERT INTO dag_run (run_key, version_key, dag_id, run_id, run_type, state, logical_us, interval_start_us, "
    "interval_end_us, run_after_us, queued_us, triggered_by, triggering_user, conf, note) "
    "VALUES ((SELECT 1 + max(highest, coalesce((SELECT max(run_key) FROM dag_run), 0)) FROM deleted_key "
    "WHERE kind = 'run'), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
static const char RUN_UPDATE[] =
    "UPDATE dag_run SET state = ?3, queued_us = ?4, start_us = ?5, end_us = ?6, decided_us = ?7, clear_number = ?8 "
    "WHERE run_key = ?1 AND state = ?2";
static const char RUN_DELETE[] = "DELETE FROM dag_run WHERE run_key = ?1 AND state <> 'running'";
static const char RUNS_ACTIVE[] =
    "SELECT " RUN_COLUMNS " FROM dag_run WHERE state IN ('queued', 'running') ORDER BY run_key";
static const char RUN_GET[] = "SELECT " RUN_COLUMNS " FROM dag_run WHERE dag_id = ?1 AND run_id = ?2";
static const char RUN_BEFORE[] = "SELECT run_key, logical_us FROM dag_run WHERE dag_id = ?1 AND logical_us < ?2 "
                                 "AND (run_type <> 'manual' OR NOT ?3) ORDER BY logical_us DESC LIMIT 1";
static const char TASK_INSERT[] =
    "INSERT INTO task_instance (run_key, task, map_index, state, starts, try_number, max_tries, scheduled_us, "
    "queued_us, start_us, end_us, retry_us, first_start_us, pid, exit_code, task_id, pool, pool_slots, queue, "
    "priority_weight, operator, operator_name, display_name) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";
static const char TASK_UPDATE[] =
    "UPDATE task_instance SET state = ?4, starts = ?5, try_number = ?6, max_tries = ?7, scheduled_us = ?8, "
    "queued_us = ?9, start_us = ?10, end_us = ?11, retry_us = ?12, first_start_us = ?13, pid = ?14, exit_code = ?15 "
    "WHERE run_key = ?1 AND task = ?2 AND map_index = ?3 AND state IS ?16";
static const char TASK_ARCHIVE[] =
    "INSERT OR REPLACE INTO task_try (run_key, task, map_index, state, starts, try_number, scheduled_us, queued_us, "
    "start_us, end_us, pid, exit_code) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?8, ?9, ?10, ?11, ?14, ?15)";
static const char RUN_TASKS[] =
    "SELECT task, map_index, state, starts, try_number, max_tries, scheduled_us, queued_us, start_us, end_us, "
    "retry_us, "
    "first_start_us, pid, exit_code FROM task_instance WHERE run_key = ?1 ORDER BY task, map_index";
static const char TASK_STATES[] =
    "SELECT task_id, state FROM task_instance WHERE run_key = ?1 ORDER BY task, map_index";
static const char XCOM_SET[] = "INSERT INTO xcom (run_key, task_id, map_index, key, value, written_us) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET value = ?5, written_us = ?6";
static const char XCOMS_CLEAR[] = "DELETE FROM xcom WHERE run_key = ?1 AND task_id = ?2 AND map_index = ?3";

/* "none" is NULL in the database. */
static const char *state_text(enum hk_task_state state)
{
    return state == HK_TASK_NONE ? NULL : hk_task_state_name(state);
}

static bool read_task_state(struct hk_stmt *q, int column, enum hk_task_state *out, struct hk_error *err)
{
    *out = HK_TASK_NONE;
    struct hk_str text = hk_column_str(q, column);
    if (text.data != NULL && !hk_task_state_find(text, out)) {
        return hk_error_set(err, HK_CORRUPT, "the database has an unknown task state '%.*s'", HK_STR_ARG(text));
    }
    return true;
}

bool hk_store_run_insert(struct hk_db *db, const struct hk_run_row *row, int64_t *run_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_INSERT);
    hk_bind_int(q, 1, row->version_key);
    hk_bind_text(q, 2, row->dag_id);
    hk_bind_text(q, 3, row->run_id);
    hk_bind_text(q, 4, row->run_type);
    hk_bind_text(q, 5, hk_run_state_name(row->state));
    hk_bind_time(q, 6, row->logical_us);
    hk_bind_time(q, 7, row->interval_start_us);
    hk_bind_time(q, 8, row->interval_end_us);
    hk_bind_time(q, 9, row->run_after_us);
    hk_bind_time(q, 10, row->queued_us);
    hk_bind_text(q, 11, row->triggered_by);
    hk_bind_text(q, 12, row->triggering_user);
    hk_bind_text(q, 13, row->conf_json);
    hk_bind_text(q, 14, row->note);
    if (!hk_run(q, err)) {
        if (err->code == HK_CONFLICT) {
            hk_error_set(err, HK_CONFLICT, "dag '%s' already has a run '%s' or a run with that logical date",
                         row->dag_id, row->run_id);
        }
        return false;
    }
    *run_key = hk_db_last_key(db);
    return true;
}

bool hk_store_run_update(struct hk_db *db, const struct hk_run_row *row, enum hk_run_state from, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_UPDATE);
    hk_bind_int(q, 1, row->run_key);
    hk_bind_text(q, 2, hk_run_state_name(from));
    hk_bind_text(q, 3, hk_run_state_name(row->state));
    hk_bind_time(q, 4, row->queued_us);
    hk_bind_time(q, 5, row->start_us);
    hk_bind_time(q, 6, row->end_us);
    hk_bind_time(q, 7, row->decided_us);
    hk_bind_int(q, 8, row->clear_number);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) == 1 ||
           hk_error_set(err, HK_CONFLICT, "run %lld is no longer %s", (long long)row->run_key, hk_run_state_name(from));
}

bool hk_store_run_delete(struct hk_db *db, int64_t run_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_DELETE);
    hk_bind_int(q, 1, run_key);
    if (!hk_run(q, err)) {
        return false;
    }
    hk_db_note_news(db, HK_DB_NEWS); /* a promotion may wait for it (promotion_wait in schema/) */
    return hk_db_changes(db) == 1 ||
           hk_error_set(err, HK_CONFLICT, "run %lld is running; end it before you delete it", (long long)run_key);
}

static void bind_task(struct hk_stmt *q, int64_t run_key, const struct hk_task_row *row)
{
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, row->task);
    hk_bind_int(q, 3, row->map_index);
    hk_bind_text(q, 4, state_text(row->state));
    hk_bind_int(q, 5, row->starts);
    hk_bind_int(q, 6, row->try_number);
    hk_bind_int(q, 7, row->max_tries);
    hk_bind_time(q, 8, row->scheduled_us);
    hk_bind_time(q, 9, row->queued_us);
    hk_bind_time(q, 10, row->start_us);
    hk_bind_time(q, 11, row->end_us);
    hk_bind_time(q, 12, row->retry_us);
    hk_bind_time(q, 13, row->first_start_us);
    hk_bind_time(q, 14, row->pid != 0 ? row->pid : HK_TIME_NONE);
    hk_bind_time(q, 15, row->end_us != HK_TIME_NONE ? row->exit_code : HK_TIME_NONE);
}

struct task_place {
    int64_t run_key;
    int64_t task;
    int32_t map_index;
    bool is_found;
};

/* Of a run that has ended. */
static bool find_task(struct hk_db *db, const char *dag_id, const char *run_id, const char *task_id,
                      struct task_place *place, struct hk_error *err)
{
    static const char sql[] =
        "SELECT run_key, t.task FROM dag_run r JOIN task_instance t USING (run_key) WHERE r.dag_id = ?1 AND "
        "r.run_id = ?2 AND r.state IN ('success', 'failed') AND t.task_id = ?3 AND t.map_index = ?4";
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_text(q, 1, dag_id);
    hk_bind_text(q, 2, run_id);
    hk_bind_text(q, 3, task_id);
    hk_bind_int(q, 4, place->map_index);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        place->run_key = hk_column_int(q, 0);
        place->task = hk_column_int(q, 1);
        place->is_found = true;
    }
    return ok;
}

#define AT_PLACE "run_key = ?1 AND task = ?2 AND map_index = ?3"
#define OF_PLACE(column) "(SELECT " column " FROM task_instance WHERE " AT_PLACE ")"

bool hk_store_task_delete(struct hk_db *db, const char *dag_id, const char *run_id, const char *task_id,
                          int32_t map_index, struct hk_error *err)
{
    static const char *const deletions[] = {
        "UPDATE dag_run SET starts_before = max(starts_before, " OF_PLACE("starts") ") WHERE run_key = ?1",
        "DELETE FROM xcom WHERE run_key = ?1 AND task_id = " OF_PLACE("task_id") " AND map_index = ?3",
        "DELETE FROM rendered_fields WHERE " AT_PLACE,
        "DELETE FROM task_try WHERE " AT_PLACE,
        "DELETE FROM task_instance WHERE " AT_PLACE,
    };
    struct task_place place = {.map_index = map_index};
    bool ok = find_task(db, dag_id, run_id, task_id, &place, err);
    if (ok && !place.is_found) {
        return hk_error_set(err, HK_NOT_FOUND,
                            "The Task Instance with dag_id: `%s`, run_id: `%s`, task_id: `%s` and map_index: `%d` was "
                            "not found",
                            dag_id, run_id, task_id, map_index);
    }
    for (size_t i = 0; ok && i < sizeof deletions / sizeof deletions[0]; i++) {
        struct hk_stmt *q = hk_db_query(db, deletions[i]);
        hk_bind_int(q, 1, place.run_key);
        hk_bind_int(q, 2, place.task);
        hk_bind_int(q, 3, map_index);
        ok = hk_run(q, err);
    }
    return ok;
}

bool hk_store_task_insert(struct hk_db *db, int64_t run_key, const struct hk_task *task, const struct hk_task_row *row,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_INSERT);
    bind_task(q, run_key, row);
    hk_bind_text(q, 16, task->task_id);
    hk_bind_text(q, 17, task->pool);
    hk_bind_int(q, 18, task->pool_slots);
    hk_bind_text(q, 19, task->queue);
    hk_bind_int(q, 20, task->total_weight);
    hk_bind_text(q, 21, task->operator_class);
    hk_bind_text(q, 22, task->operator_name != NULL ? task->operator_name : task->operator_class);
    hk_bind_text(q, 23, task->display_name != NULL ? task->display_name : task->task_id);
    return hk_run(q, err);
}

bool hk_store_task_update(struct hk_db *db, int64_t run_key, const struct hk_task_row *row, enum hk_task_state from,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_UPDATE);
    bind_task(q, run_key, row);
    hk_bind_text(q, 16, state_text(from));
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) == 1 || hk_error_set(err, HK_CONFLICT, "task %u of run %lld is no longer %s", row->task,
                                                  (long long)run_key, hk_task_state_name(from));
}

bool hk_store_task_archive(struct hk_db *db, int64_t run_key, const struct hk_task_row *row, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_ARCHIVE);
    bind_task(q, run_key, row);
    return hk_run(q, err);
}

static bool read_run(struct hk_stmt *q, struct hk_run_row *row, struct hk_error *err)
{
    *row = (struct hk_run_row){
        .run_key = hk_column_int(q, 0),
        .version_key = hk_column_int(q, 1),
        .dag_id = hk_column_text(q, 2),
        .run_id = hk_column_text(q, 3),
        .run_type = hk_column_text(q, 4),
        .logical_us = hk_column_time(q, 6),
        .interval_start_us = hk_column_time(q, 7),
        .interval_end_us = hk_column_time(q, 8),
        .run_after_us = hk_column_time(q, 9),
        .queued_us = hk_column_time(q, 10),
        .start_us = hk_column_time(q, 11),
        .end_us = hk_column_time(q, 12),
        .decided_us = hk_column_time(q, 13),
        .triggered_by = hk_column_text(q, 14),
        .triggering_user = hk_column_text(q, 15),
        .conf_json = hk_column_text(q, 16),
        .note = hk_column_text(q, 17),
        .clear_number = (uint32_t)hk_column_int(q, 18),
        .starts_before = (uint32_t)hk_column_int(q, 19),
    };
    struct hk_str state = hk_column_str(q, 5);
    if (!hk_run_state_find(state, &row->state)) {
        return hk_error_set(err, HK_CORRUPT, "the database has an unknown run state '%.*s'", HK_STR_ARG(state));
    }
    return true;
}

static bool walk_runs(struct hk_stmt *q, hk_run_row_fn each, void *arg, size_t *count, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_run_row row;
        if (!read_run(q, &row, err)) {
            hk_reset(q);
            return false;
        }
        (*count)++;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_runs_active(struct hk_db *db, hk_run_row_fn each, void *arg, struct hk_error *err)
{
    size_t count = 0;
    return walk_runs(hk_db_query(db, RUNS_ACTIVE), each, arg, &count, err);
}

bool hk_store_run_get(struct hk_db *db, const char *dag_id, const char *run_id, hk_run_row_fn each, void *arg,
                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_GET);
    hk_bind_text(q, 1, dag_id);
    hk_bind_text(q, 2, run_id);
    size_t count = 0;
    if (!walk_runs(q, each, arg, &count, err)) {
        return false;
    }
    return count > 0 || hk_error_set(err, HK_NOT_FOUND, "The DagRun with dag_id: `%s` and run_id: `%s` was not found",
                                     dag_id, run_id);
}

bool hk_store_run_tasks(struct hk_db *db, int64_t run_key, hk_task_row_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_TASKS);
    hk_bind_int(q, 1, run_key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_task_row row = {
            .task = (uint32_t)hk_column_int(q, 0),
            .map_index = (int32_t)hk_column_int(q, 1),
            .starts = (uint32_t)hk_column_int(q, 3),
            .try_number = (uint32_t)hk_column_int(q, 4),
            .max_tries = (uint32_t)hk_column_int(q, 5),
            .scheduled_us = hk_column_time(q, 6),
            .queued_us = hk_column_time(q, 7),
            .start_us = hk_column_time(q, 8),
            .end_us = hk_column_time(q, 9),
            .retry_us = hk_column_time(q, 10),
            .first_start_us = hk_column_time(q, 11),
            .pid = (int32_t)hk_column_int(q, 12),
            .exit_code = (int32_t)hk_column_int(q, 13),
        };
        if (!read_task_state(q, 2, &row.state, err)) {
            hk_reset(q);
            return false;
        }
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_run_before(struct hk_db *db, const struct hk_graph *graph, int64_t logical_us, struct hk_run_before *out,
                         struct hk_error *err)
{
    *out = (struct hk_run_before){0};
    struct hk_stmt *q = hk_db_query(db, RUN_BEFORE);
    hk_bind_text(q, 1, graph->dag_id);
    hk_bind_time(q, 2, logical_us);
    hk_bind_int(q, 3, graph->catchup);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *out = (struct hk_run_before){hk_column_int(q, 0), hk_column_int(q, 1)};
    }
    return ok;
}

bool hk_store_run_task_states(struct hk_db *db, int64_t run_key, hk_task_state_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TASK_STATES);
    hk_bind_int(q, 1, run_key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        enum hk_task_state state = HK_TASK_NONE;
        if (!read_task_state(q, 1, &state, err)) {
            hk_reset(q);
            return false;
        }
        if (!each(arg, hk_column_str(q, 0), state)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_xcom_set(struct hk_db *db, int64_t run_key, struct hk_str task_id, int32_t map_index, struct hk_str key,
                       struct hk_str value_json, int64_t now_us, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, XCOM_SET);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, task_id);
    hk_bind_int(q, 3, map_index);
    hk_bind_str(q, 4, key);
    hk_bind_str(q, 5, value_json);
    hk_bind_time(q, 6, now_us);
    return hk_run(q, err);
}

bool hk_store_xcoms_clear(struct hk_db *db, int64_t run_key, struct hk_str task_id, int32_t map_index,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, XCOMS_CLEAR);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, task_id);
    hk_bind_int(q, 3, map_index);
    return hk_run(q, err);
}
