/* What running tasks ask about that no list of REST's answers: XCom values with those of earlier runs, counts and
 * states of the tasks of chosen runs, names of variables. Lists of ids come as JSON arrays of text, as the tasks send
 * them, so a list of any length is one bound value. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_TASK_SERVICE_QUERY_H
#define HK_STORE_TASK_SERVICE_QUERY_H

#include "engine/store/xcom_store.h"

/* Values of a key, map indexes ascending; key->map_index HK_TIME_NONE: of all of them. with_prior: of the run and of
 * all runs of the DAG up to it by logical date (or run_after where there is none), of each map index the run's own
 * first, then the newest. limit -1: all. Returning false ends the walk. */
typedef bool (*hk_xcom_value_fn)(void *arg, struct hk_str value_json);
HK_MUST_USE bool hk_store_xcom_values(struct hk_db *db, const struct hk_xcom_key *key, bool with_prior, int64_t limit,
                                      hk_xcom_value_fn each, void *arg, struct hk_error *err);

/* Names in order; total is how many there are without limit and offset. prefix is taken literally; empty: all. */
typedef bool (*hk_variable_key_fn)(void *arg, struct hk_str key);
struct hk_variable_keys {
    struct hk_str prefix;
    int64_t limit;
    int64_t offset;
};
HK_MUST_USE bool hk_store_variable_keys(struct hk_db *db, const struct hk_variable_keys *which, hk_variable_key_fn each,
                                        void *arg, int64_t *total, struct hk_error *err);

/* data NULL: any. Each is a JSON array; the dates are numbers in microseconds. */
struct hk_task_choice {
    struct hk_str dag_id;
    struct hk_str run_ids;
    struct hk_str logical_dates;
    struct hk_str states; /* of the run where runs are counted, else of the task */
    bool has_no_state;    /* tasks without a state, too; with states only */
    struct hk_str task_ids;
    struct hk_str group_ids; /* tasks again: both lists must name it */
    int64_t map_index;       /* HK_TIME_NONE: any */
};

/* One task instance, short. */
struct hk_task_brief {
    const char *dag_id;
    const char *run_id;
    int64_t logical_us;
    const char *task_id;
    int32_t map_index;
    const char *state; /* NULL: none yet */
    int64_t try_number;
    const char *operator_class;
    int64_t start_us;
    int64_t end_us;
};
typedef bool (*hk_task_brief_fn)(void *arg, const struct hk_task_brief *row);

HK_MUST_USE bool hk_store_chosen_runs_count(struct hk_db *db, const struct hk_task_choice *choice, int64_t *out,
                                            struct hk_error *err);
HK_MUST_USE bool hk_store_chosen_tasks_count(struct hk_db *db, const struct hk_task_choice *choice, int64_t *out,
                                             struct hk_error *err);
/* By run, then in the graph's order. */
HK_MUST_USE bool hk_store_chosen_tasks(struct hk_db *db, const struct hk_task_choice *choice, hk_task_brief_fn each,
                                       void *arg, struct hk_error *err);

/* The finished tasks of a run by name and map index. */
HK_MUST_USE bool hk_store_finished_tasks(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id,
                                         hk_task_brief_fn each, void *arg, struct hk_error *err);

struct hk_task_before {
    struct hk_str dag_id;
    struct hk_str task_id;
    int64_t map_index;
    int64_t before_us;   /* HK_TIME_NONE: no bound */
    struct hk_str state; /* data NULL: any */
};
/* The task in the newest run by logical date before a time. *found false: none. */
HK_MUST_USE bool hk_store_task_before(struct hk_db *db, const struct hk_task_before *which, hk_task_brief_fn each,
                                      void *arg, bool *found, struct hk_error *err);

/* Which start of a task instance is the present one: struct hk_job_key's try_number. 0: there is no such instance. */
HK_MUST_USE bool hk_store_task_starts(struct hk_db *db, int64_t run_key, uint32_t task, int32_t map_index,
                                      uint32_t *starts, struct hk_error *err);

#endif
