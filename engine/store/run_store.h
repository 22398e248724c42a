/* DAG runs and their task instances in the database. All functions take the connection they work on: the writer's
 * inside a hk_write, or a reader's for those that only read. The scheduler is the only one that changes the state of
 * either; it says which state it believes to be there, and a row that is not in it makes the write fail with
 * HK_CONFLICT. */
#ifndef HK_STORE_RUN_STORE_H
#define HK_STORE_RUN_STORE_H

#include "engine/base/arena.h"
#include "engine/graph/graph.h"
#include "engine/state/run_state.h"
#include "engine/state/task_state.h"
#include "engine/store/db.h"

/* Texts are owned by whoever filled the row. NULL where the comment says so. Times may be HK_TIME_NONE. */
struct hk_run_row {
    int64_t run_key;
    int64_t version_key;
    const char *dag_id;
    const char *run_id;
    const char *run_type;
    enum hk_run_state state;
    int64_t logical_us;
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
    int64_t decided_us;
    const char *triggered_by;    /* NULL: not known */
    const char *triggering_user; /* NULL: nobody */
    const char *conf_json;
    const char *note; /* NULL: none */
    uint32_t clear_number;
    uint32_t starts_before; /* of task instances that were deleted: those that come anew count on from here */
};

struct hk_task_row {
    uint32_t task;
    int32_t map_index;
    enum hk_task_state state;
    uint32_t starts;
    uint32_t try_number;
    uint32_t max_tries;
    int64_t scheduled_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
    int64_t retry_us;
    int64_t first_start_us;
    int32_t pid;       /* 0: none */
    int32_t exit_code; /* meaningful when end_us is set */
};

/* Inserts and gives the key. HK_CONFLICT when (dag_id, run_id) or (dag_id, logical date) is taken. */
HK_MUST_USE bool hk_store_run_insert(struct hk_db *db, const struct hk_run_row *row, int64_t *run_key,
                                     struct hk_error *err);
/* Everything that changes in a run's life: state, start, end, decided, queued, clear_number, note stays. */
HK_MUST_USE bool hk_store_run_update(struct hk_db *db, const struct hk_run_row *row, enum hk_run_state from,
                                     struct hk_error *err);
/* HK_CONFLICT when it is running. */
HK_MUST_USE bool hk_store_run_delete(struct hk_db *db, int64_t run_key, struct hk_error *err);

/* With its tries, XComs and rendered fields. HK_NOT_FOUND; also of a run that has not ended, whose tasks are not to be
 * touched. */
HK_MUST_USE bool hk_store_task_delete(struct hk_db *db, const char *dag_id, const char *run_id, const char *task_id,
                                      int32_t map_index, struct hk_error *err);
HK_MUST_USE bool hk_store_task_insert(struct hk_db *db, int64_t run_key, const struct hk_task *task,
                                      const struct hk_task_row *row, struct hk_error *err);
HK_MUST_USE bool hk_store_task_update(struct hk_db *db, int64_t run_key, const struct hk_task_row *row,
                                      enum hk_task_state from, struct hk_error *err);
/* A try that is over goes into task_try. */
HK_MUST_USE bool hk_store_task_archive(struct hk_db *db, int64_t run_key, const struct hk_task_row *row,
                                       struct hk_error *err);

/* Rows are handed to `each` one by one, texts valid during the call; returning false ends the walk. */
typedef bool (*hk_run_row_fn)(void *arg, const struct hk_run_row *row);
typedef bool (*hk_task_row_fn)(void *arg, const struct hk_task_row *row);
HK_MUST_USE bool hk_store_runs_active(struct hk_db *db, hk_run_row_fn each, void *arg, struct hk_error *err);
HK_MUST_USE bool hk_store_run_get(struct hk_db *db, const char *dag_id, const char *run_id, hk_run_row_fn each,
                                  void *arg, struct hk_error *err); /* HK_NOT_FOUND */
HK_MUST_USE bool hk_store_run_tasks(struct hk_db *db, int64_t run_key, hk_task_row_fn each, void *arg,
                                    struct hk_error *err);

/* The run before `logical_us` of the same DAG, whose tasks depends_on_past looks at: run_key 0 when there is none. Of a
 * DAG that catches up, runs that a person triggered do not count (Airflow's get_previous_scheduled_dagrun). */
struct hk_run_before {
    int64_t run_key;
    int64_t logical_us;
};
HK_MUST_USE bool hk_store_run_before(struct hk_db *db, const struct hk_graph *graph, int64_t logical_us,
                                     struct hk_run_before *out, struct hk_error *err);
/* States of the tasks of a run, by name. */
typedef bool (*hk_task_state_fn)(void *arg, struct hk_str task_id, enum hk_task_state state);
HK_MUST_USE bool hk_store_run_task_states(struct hk_db *db, int64_t run_key, hk_task_state_fn each, void *arg,
                                          struct hk_error *err);

/* XComs: value is JSON. */
HK_MUST_USE bool hk_store_xcom_set(struct hk_db *db, int64_t run_key, struct hk_str task_id, int32_t map_index,
                                   struct hk_str key, struct hk_str value_json, int64_t now_us, struct hk_error *err);
HK_MUST_USE bool hk_store_xcoms_clear(struct hk_db *db, int64_t run_key, struct hk_str task_id, int32_t map_index,
                                      struct hk_error *err);

#endif
