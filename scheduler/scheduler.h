/* struct hk_scheduler: the shell around the tick. It loads the model, takes in what happens (files, timers, results,
 * commands), lets hk_tick decide, saves the decisions, and only after the commit hands tasks to the executor.
 *
 * One save is under way at a time; what happens meanwhile goes into the next one, so that a busy engine commits in
 * groups by itself. A save that fails (full disk) is repeated until it succeeds: nothing was acted upon, nothing is
 * lost.
 *
 * Loop thread. It owns no timers and no loop: `wake` asks for a call of hk_scheduler_step soon, `set_timer` for one at
 * a time. Production wires libuv, simulation and `hanok simulate` wire virtual time.
 */
#ifndef HK_SCHEDULER_SCHEDULER_H
#define HK_SCHEDULER_SCHEDULER_H

#include "engine/base/rand.h"
#include "engine/store/callback_store.h"
#include "engine/store/store.h"
#include "scheduler/executor.h"
#include "scheduler/model.h"

struct hk_scheduler;

struct hk_scheduler_options {
    struct hk_store *store;
    const struct hk_clock *clock;
    struct hk_rand *rand;
    void *context;
    void (*wake)(void *context);
    void (*set_timer)(void *context, int64_t at_us); /* wall time; HK_TIME_NONE: none. Replaces the one before */
    /* NULL, or told of every change after its commit: for progress displays and, later, events. task < 0: the run
     * itself. */
    void (*observe)(void *context, const struct hk_run *run, int64_t task);
    /* NULL, or asked when a run ends by itself: what its DAG's callback is owed (malloc'd; NULL: nothing). The text is
     * saved together with the end, and after that commit `call` gets it. `reason` is Airflow's: "success",
     * "task_failure", "all_tasks_deadlocked", "timed_out". */
    char *(*callback)(void *context, const struct hk_run *run, const char *reason);
    void (*call)(void *context, const struct hk_callback_row *owed);
};

struct hk_scheduler *hk_scheduler_new(const struct hk_scheduler_options *options);
void hk_scheduler_free(struct hk_scheduler *s); /* before the store is closed, which must be idle */
struct hk_executor_host hk_scheduler_host(struct hk_scheduler *s);
void hk_scheduler_set_executor(struct hk_scheduler *s, const struct hk_executor *executor);

/* Reads pools, runs that have not finished and their graphs. Blocks: before the loop begins. */
HK_MUST_USE bool hk_scheduler_load(struct hk_scheduler *s, struct hk_error *err);
/* Asks the executor what became of the tasks that were under way, then begins to work. */
void hk_scheduler_start(struct hk_scheduler *s);
void hk_scheduler_step(struct hk_scheduler *s);
/* No new task is started and no run created from now on; results are still taken in and saved. */
void hk_scheduler_stop(struct hk_scheduler *s);
/* Nothing is being saved and nothing waits to be. */
bool hk_scheduler_is_idle(const struct hk_scheduler *s);
/* The database cannot be written (a full disk): what is decided waits until it can. */
bool hk_scheduler_is_failing(const struct hk_scheduler *s);
const struct hk_model *hk_scheduler_model(const struct hk_scheduler *s);

/* ---- what the readers found ---- */

struct hk_dag_update {
    struct hk_graph *graph; /* the scheduler takes its own reference */
    int64_t version_key;
    const char *version_id;
    bool is_paused;
    int64_t last_start_us;
    int64_t last_end_us;
    uint32_t failed_in_row;
};
/* A DAG as saved by hk_store_dag_save. HK_INVALID when no timetable can be made of its schedule. */
HK_MUST_USE bool hk_scheduler_dag_put(struct hk_scheduler *s, const struct hk_dag_update *update, struct hk_error *err);
void hk_scheduler_dag_gone(struct hk_scheduler *s, const char *dag_id); /* its file no longer defines it */
/* It was deleted in the database; should its file define it again, it is a new one. */
void hk_scheduler_dag_deleted(struct hk_scheduler *s, const char *dag_id);
void hk_scheduler_pool_put(struct hk_scheduler *s, const char *name, int64_t slots);

/* ---- commands: done is called after the commit, or with the error ---- */

struct hk_command_done {
    void (*call)(void *arg, const struct hk_error *err);
    void *arg;
};

/* HK_NOT_FOUND, HK_CONFLICT, HK_INVALID. The new run's id is copied into run_id_out (HK_RUN_ID_SIZE bytes, or NULL),
 * which must live until done. */
enum { HK_RUN_ID_SIZE = 256 };
void hk_scheduler_trigger(struct hk_scheduler *s, const struct hk_trigger_request *request, char *run_id_out,
                          struct hk_command_done done);

void hk_scheduler_pause(struct hk_scheduler *s, const char *dag_id, bool is_paused, struct hk_command_done done);

/* As Airflow does: queued leaves the tasks as they are; success and failed end what runs alike and skip what has not
 * begun, all but teardowns: while one of those is not over, the run goes on until it is, and ends as its tasks say.
 */
void hk_scheduler_set_run_state(struct hk_scheduler *s, const char *dag_id, const char *run_id, enum hk_run_state state,
                                struct hk_command_done done);

struct hk_clear_request {
    const char *dag_id;
    const char *run_id;
    const char *const *task_ids; /* NULL: all */
    size_t task_count;
    bool only_failed; /* failed and upstream_failed ones */
    bool only_running;
    bool keeps_run_state; /* of a run that has ended: its cleared tasks wait until somebody queues it */
};
/* Tasks go back to "none" and the run to queued. */
void hk_scheduler_clear(struct hk_scheduler *s, const struct hk_clear_request *request, struct hk_command_done done);

/* A person marks a task success, failed or skipped. */
void hk_scheduler_set_task_state(struct hk_scheduler *s, const char *dag_id, const char *run_id, const char *task_id,
                                 int32_t map_index, enum hk_task_state state, struct hk_command_done done);

/* Deletes a run that is queued or has ended, and all that belongs to it; one that is running is refused with
 * HK_CONFLICT. */
void hk_scheduler_delete_run(struct hk_scheduler *s, const char *dag_id, const char *run_id,
                             struct hk_command_done done);

/* Deletes a task instance of a run that has ended; should the run be queued again, it is made anew. HK_CONFLICT for one
 * of a run that has not. */
struct hk_task_place {
    const char *dag_id;
    const char *run_id;
    const char *task_id;
};
void hk_scheduler_delete_task(struct hk_scheduler *s, const struct hk_task_place *place, int32_t map_index,
                              struct hk_command_done done);

#endif
