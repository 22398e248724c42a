/* The scheduler's decision: a pure function of (snapshot, now). hk_tick reads the model and what has become due or
 * dirty, and says what should happen; it changes nothing and does no I/O, so production, `hanok simulate` and the
 * simulation test run the same code. The shell applies the decisions to the model and asks again until nothing is left
 * to decide: a chain of tasks that need no process is done in one go.
 *
 * Cost: what is due plus what is dirty. Order of decisions is fixed by the input: same snapshot, same answer. */
#ifndef HK_SCHEDULER_TICK_H
#define HK_SCHEDULER_TICK_H

#include "engine/base/arena.h"
#include "scheduler/model.h"
#include "scheduler/trigger_rule.h"

enum hk_decision_kind {
    HK_DECIDE_CREATE_RUN,   /* dag: its next automated run */
    HK_DECIDE_START_RUN,    /* run: queued -> running */
    HK_DECIDE_TASK,         /* run, task, event: schedule, succeed (nothing to run), skip, upstream_fail, remove */
    HK_DECIDE_QUEUE,        /* candidate: takes a slot */
    HK_DECIDE_HOLD_FOR_RUN, /* candidate: its run's max_active_tasks is reached */
    HK_DECIDE_HOLD_FOR_DAG, /* candidate: its task's max_active_per_dag is reached */
    HK_DECIDE_FINISH_RUN,   /* run, run_event: succeed or fail; reason */
    HK_DECIDE_TIMEOUT_RUN,  /* run: dagrun_timeout; what has not finished is skipped */
};

struct hk_decision {
    enum hk_decision_kind kind;
    struct hk_dag *dag;
    struct hk_run *run;
    uint32_t task;
    size_t candidate; /* index in due->candidates */
    enum hk_task_event event;
    enum hk_run_event run_event;
    const char *reason;          /* for the log; a constant */
    const char *callback_reason; /* the same for the DAG's callback, as Airflow has it */
};

struct hk_decisions {
    struct hk_decision *items; /* in the arena */
    size_t len;
    size_t cap;
};

/* What the shell has taken out of the model's queues for this tick. */
struct hk_due {
    struct hk_dag **dags; /* their timer has fired, or a run of theirs made room */
    size_t dag_count;
    struct hk_dag **start_dags; /* may have room to start queued runs */
    size_t start_dag_count;
    struct hk_run **runs; /* dirty; look at run->dirty */
    size_t run_count;
    struct hk_run **timeouts; /* their run timer has fired */
    size_t timeout_count;
    struct hk_candidate *candidates; /* ready tasks, best first */
    size_t candidate_count;
};

void hk_tick(const struct hk_model *model, const struct hk_due *due, int64_t now_us, struct hk_arena *arena,
             struct hk_decisions *out);

/* What the rules look at, for hk_tick and for explaining why a task does not run. */
void hk_tick_upstream_counts(const struct hk_run *run, uint32_t task, struct hk_upstream_counts *out);
void hk_tick_scope_counts(const struct hk_run *run, uint32_t task,
                          struct hk_upstream_counts *out); /* setups, teardowns */
enum hk_trigger_verdict hk_tick_trigger(const struct hk_run *run, uint32_t task);
bool hk_tick_past_allows(const struct hk_run *run, uint32_t task);

/* How many runs of the DAG may run at once: max_active_runs and the timetable's own limit; 0: no limit. */
uint32_t hk_tick_runs_limit(const struct hk_dag *dag);

/* How a finished set of tasks makes a run end: the leaves decide. */
enum hk_run_event hk_tick_run_outcome(const struct hk_run *run);

#endif
