/* What the scheduler knows, in memory: the DAGs, the runs that have not finished, and their task instances. The model
 * is a cache of the database plus what is about to be saved; nothing in it is acted upon before its commit.
 *
 * tick.c reads it (const) and decides. model*.c change it: one function per event, which moves a state
 * through engine/state's tables, keeps the counters, and notes what changed (to be saved) and what should be looked
 * at again (dirty). scheduler.c feeds it and saves it. No I/O, no clock: `now_us` is an argument. Loop thread.
 *
 * Costs: a finished task costs O(its downstream edges); a tick costs what is dirty or due. Nothing walks all runs or
 * all tasks except loading, a paused DAG's return, and the end of a run.
 */
#ifndef HK_SCHEDULER_MODEL_H
#define HK_SCHEDULER_MODEL_H

#include "engine/base/heap.h"
#include "engine/base/map.h"
#include "engine/graph/graph.h"
#include "engine/state/run_state.h"
#include "engine/state/task_state.h"
#include "scheduler/timetable.h"

enum { HK_TASK_UNSAVED = HK_TASK_STATE_COUNT }; /* saved_state of a task that has no row yet */

/* How many of the tasks that a task waits for have finished, and how. */
struct hk_finished {
    uint32_t success;
    uint32_t skipped;
    uint32_t failed;
    uint32_t upstream_failed;
    uint32_t removed;
};

/* One task instance. Its index in run->tasks is its task's index in the graph. */
struct hk_ti {
    uint8_t state;       /* enum hk_task_state */
    uint8_t saved_state; /* as in the database (or in the save that is under way) */
    bool is_dirty;       /* in run->dirty */
    bool is_changed;     /* in run->changed: to be saved */
    bool is_ready;       /* scheduled and waiting somewhere: see model_ready.c */
    bool is_offered;     /* in its pool's heap */
    bool is_committed;   /* queued, and that is in the database: may be dispatched */
    bool is_dispatched;  /* the executor has it */
    bool is_awaited;     /* deferred, and what it waits for has happened */
    bool clear_xcoms;    /* a new try begins: its XComs go with the save */
    uint32_t starts;
    uint32_t try_number;
    uint32_t max_tries;
    struct hk_finished upstream;
    int32_t pid;
    int32_t exit_code;
    uint32_t skip; /* 1 + first in run->skips; 0: nobody has decided to skip it */
    int64_t scheduled_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
    int64_t retry_us;
    int64_t first_start_us;
};

/* A branch's decision to skip one of the tasks after it (model_skip.c). */
struct hk_skip {
    uint32_t decider;
    uint32_t next; /* 1 + the next one about the same task, or among those that are free; 0: none */
};

/* Indexes of tasks, each at most once (the flag in hk_ti says whether it is in). */
struct hk_task_list {
    uint32_t *items;
    size_t len;
    size_t cap;
};

/* A try that is over because the next one begins; goes to task_try with the next save. */
struct hk_past_try {
    uint32_t task;
    uint32_t try_number;
    uint32_t starts;
    enum hk_task_state state; /* how it ended: a finished state */
    int32_t pid;
    int32_t exit_code;
    int64_t scheduled_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
};

/* Ready tasks of one run that go to the same pool. */
struct hk_lane {
    uint32_t pool;
    uint32_t offered;     /* how many of them are in the pool's heap */
    struct hk_heap ready; /* the others; order: -priority, task; detail = task */
};

struct hk_run {
    int64_t run_key;
    struct hk_dag *dag;
    struct hk_graph *graph; /* one reference: of the version the run began with */
    int64_t version_key;
    char *version_id;
    char *run_id;
    char *run_type;
    char *conf_json;
    char *triggering_user; /* NULL: nobody */
    char *note;            /* NULL: none */
    char *asset_events;    /* JSON: the events that it was made for; NULL: none */
    int64_t logical_us;
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
    int64_t decided_us;
    uint32_t clear_number;
    uint32_t starts_before; /* see struct hk_run_row */
    enum hk_run_state state;
    enum hk_run_state saved_state;

    struct hk_ti *tasks;
    uint32_t state_count[HK_TASK_STATE_COUNT]; /* how many tasks are in each state */
    uint32_t *pools;                           /* pool index of each task */
    struct hk_finished *scopes;                /* as tasks[].upstream for graph->scopes; NULL where that is */
    struct hk_task_list dirty;
    struct hk_task_list changed;
    struct hk_lane *lanes;
    size_t lane_count;
    size_t lane_cap;
    char *callback;                 /* owed with the end that is to be saved; NULL: nothing */
    uint32_t backlog_count;         /* of its tasks, in model->backlog: it may not be freed before they are out */
    uint32_t dispatched;            /* jobs that the executor has; also of tasks whose state has moved on meanwhile */
    struct hk_past_try *past_tries; /* not saved yet */
    size_t past_try_count;
    size_t past_try_cap;
    struct hk_skip *skips;
    size_t skip_count;
    size_t skip_cap;
    uint32_t free_skip;            /* as hk_ti's skip: those that were taken back */
    bool is_dirty;                 /* in model->dirty_runs */
    bool is_changed;               /* in model->changed_runs */
    bool is_row_changed;           /* the dag_run row itself is to be saved */
    bool is_saving;                /* part of the save that is under way */
    struct hk__deletion *deletion; /* asked for: the run is not started, and leaves */
    /* The run before this one, for depends_on_past: by logical date; of a DAG that catches up, only automated ones
     * count. In memory, or else its tasks' states by this graph's indexes. */
    bool looks_back;   /* some task depends on the past: only then the rest is filled in */
    int64_t prior_key; /* 0: there is none */
    int64_t prior_logical_us;
    struct hk_run *prior;
    uint8_t *prior_states;
    uint32_t follower_count; /* runs in memory whose prior this is */
};

struct hk_dag {
    uint32_t index;
    char *dag_id;
    struct hk_graph *graph; /* the newest version; one reference; NULL while only old runs are known */
    struct hk_timetable *timetable;
    int64_t version_key;
    char *version_id;
    bool is_paused;
    bool is_stale;         /* its file is gone: no new runs */
    bool is_deleted;       /* a person deleted it; should its file define it again, it begins anew */
    bool is_creating;      /* the next automated run is being inserted */
    bool is_due;           /* the tick should ask for its next run */
    bool *has_asset_event; /* by index in graph->assets: an event that no run was made for; NULL: no asset schedule */
    bool wants_assets;     /* those could not be read, and are to be read again */
    bool has_next;
    struct hk_run_times next; /* the next automated run */
    int64_t armed_us;         /* its earliest timer that has not fired; HK_TIME_NONE: none */
    int64_t last_start_us;    /* data interval of the newest automated run */
    int64_t last_end_us;
    struct hk_run **runs; /* not finished, by run_after, then key */
    size_t run_count;
    size_t run_cap;
    uint32_t looking_back; /* runs in memory that look back */
    uint32_t running_runs;
    uint32_t failed_in_row;
    bool wants_start;          /* in model->start_dags: queued runs may have room */
    uint32_t *active_per_task; /* of the newest graph's tasks with max_active_per_dag; NULL: no task has a limit */
    struct hk_heap limited;    /* ready tasks held back by max_active_per_dag; as in a pool's heap */
};

struct hk_pool {
    char *name;
    bool is_known;            /* else a task names it, but nobody has made it: it has no slots */
    int64_t slots;            /* -1: no limit */
    int64_t used;             /* by queued and running tasks */
    struct hk_heap ready;     /* order: -priority, run_after, run_key; detail = task */
    struct hk_heap too_large; /* ready tasks that ask for more slots than the pool has at all */
};

/* A task that is ready, taken out of its pool's heap for a tick. */
struct hk_candidate {
    struct hk_heap_entry entry;
    struct hk_run *run;
    uint32_t task;
    uint32_t pool;
};

enum hk_timer_kind { HK_TIMER_DAG_DUE, HK_TIMER_TASK_DUE, HK_TIMER_RUN_TIMEOUT };

struct hk_model {
    struct hk_dag **dags;
    size_t dag_count;
    size_t dag_cap;
    struct hk_map dag_by_id;
    struct hk_map run_by_key; /* key as 8 bytes -> struct hk_run * */
    struct hk_pool *pools;
    size_t pool_count;
    size_t pool_cap;

    struct hk_heap timers; /* order: time, kind; owner: dag, or NULL with detail = run_key; order[2] = task */
    struct hk_run **dirty_runs;
    size_t dirty_run_count;
    size_t dirty_run_cap;
    struct hk_run **changed_runs;
    size_t changed_run_count;
    size_t changed_run_cap;
    struct hk_dag **start_dags;
    size_t start_dag_count;
    size_t start_dag_cap;

    uint32_t window; /* tasks that may be queued or running at once: the executor's slots and some to spare */
    uint32_t active; /* tasks queued, running or restarting */

    /* Backlog: queued tasks in the order they were chosen, to be handed to the executor as soon as they are committed.
     */
    struct hk_run **backlog_runs;
    uint32_t *backlog_tasks;
    size_t backlog_len;
    size_t backlog_cap;

    /* Called when a task in execution must end: cleared, failed or skipped from outside, run timeout. */
    void (*on_stop)(void *context, struct hk_run *run, uint32_t task, const char *why);
    void *context;
};

void hk_model_init(struct hk_model *m, uint32_t window);
void hk_model_clear(struct hk_model *m);

/* ---- DAGs and pools ---- */

struct hk_dag *hk_model_dag(const struct hk_model *m, struct hk_str dag_id); /* NULL: not known */
struct hk_dag *hk_model_dag_add(struct hk_model *m, struct hk_str dag_id);   /* finds or makes */
/* The newest version. Takes its own reference of the graph and owns the timetable. */
void hk_model_dag_set_graph(struct hk_model *m, struct hk_dag *dag, struct hk_graph *graph,
                            struct hk_timetable *timetable);
/* The date from which the DAG runs by itself: its own, or the earliest of its tasks'; HK_TIME_NONE: none. */
int64_t hk_model_earliest_start(const struct hk_graph *graph);
/* Works out the next automated run after last_start_us/last_end_us, and sets its timer. */
void hk_model_dag_plan(struct hk_model *m, struct hk_dag *dag, int64_t now_us);
/* A timer for the DAG at that time, unless it has an earlier one. */
void hk_model_dag_arm(struct hk_model *m, struct hk_dag *dag, int64_t at_us);
/* After the tick has looked at the DAG: a timer for what still lies ahead (the clock may have been set back). */
void hk_model_dag_rearm(struct hk_model *m, struct hk_dag *dag, int64_t now_us);
void hk_model_dag_pause(struct hk_model *m, struct hk_dag *dag, bool is_paused, int64_t now_us);
/* An asset of its schedule has an event. And: its runs have had all of them. */
void hk_model_dag_asset_event(struct hk_dag *dag, uint32_t asset);
void hk_model_dag_assets_taken(struct hk_dag *dag);
void hk_model_dag_wants_start(struct hk_model *m, struct hk_dag *dag); /* look whether queued runs have room */
uint32_t hk_model_pool(struct hk_model *m, const char *name);          /* index; an unknown pool has no slots */
const struct hk_pool *hk_model_find_pool(const struct hk_model *m, const char *name); /* NULL: nobody has made it */
void hk_model_pool_set(struct hk_model *m, const char *name, int64_t slots);

/* ---- runs ---- */

/* A run as inserted or loaded, prior_key, prior_logical_us and prior_states filled in. The model owns it from now on.
 */
void hk_model_run_add(struct hk_model *m, struct hk_run *run);
struct hk_run *hk_model_run(struct hk_model *m, int64_t run_key); /* NULL: not in memory */
/* Allocates the task instances, all "none", before loaded states are filled in. */
void hk_model_run_expand(struct hk_model *m, struct hk_run *run);
/* The same, and they are to be saved. */
void hk_model_run_begin(struct hk_model *m, struct hk_run *run);
/* After loading: counters, slots, timers and dirty marks from the states that were filled in. */
void hk_model_run_loaded(struct hk_model *m, struct hk_run *run, int64_t now_us);
void hk_model_run_event(struct hk_model *m, struct hk_run *run, enum hk_run_event event, int64_t now_us);
/* Out of memory: it is finished and saved. Frees it. */
void hk_model_run_drop(struct hk_model *m, struct hk_run *run);
void hk_model_run_free(struct hk_run *run);                          /* one that was never added */
bool hk_model_run_is_active(const struct hk_run *run);               /* has a task that will bring news by itself */
void hk_model_run_touch(struct hk_model *m, struct hk_run *run);     /* the tick should look at it */
void hk_model_run_touch_all(struct hk_model *m, struct hk_run *run); /* and at each of its unfinished tasks */

/* ---- task instances ---- */

/* Moves one task through the table; false (nothing changed) where the table has no such row. `at_us` is when it
 * happened. For RETRY and RESCHEDULE retry_us must have been set before. */
bool hk_model_task_event(struct hk_model *m, struct hk_run *run, uint32_t task, enum hk_task_event event,
                         int64_t at_us);
void hk_model_task_changed(struct hk_model *m, struct hk_run *run, uint32_t task); /* a field was set by hand */
/* The executor has got its job, or has given it back. */
void hk_model_task_dispatched(struct hk_run *run, uint32_t task, bool is_dispatched);
void hk_model_task_touch(struct hk_model *m, struct hk_run *run, uint32_t task);
/* A branch or short circuit has decided that the task, which comes right after it, shall be skipped. That holds until
 * the decider itself begins anew: a cleared task is skipped again (Airflow's NotPreviouslySkippedDep). */
void hk_model_skip(struct hk_run *run, uint32_t decider, uint32_t task);
/* Who has decided so, and has finished; NULL: nobody. */
const struct hk_task *hk_model_skipped_by(const struct hk_run *run, uint32_t task);
/* Ready tasks of the run into the pools, as far as max_active_tasks allows. */
void hk_model_run_offer(struct hk_model *m, struct hk_run *run);
uint32_t
hk_model_run_active(const struct hk_run *run); /* tasks queued, running or restarting: what that limit is about */

/* Takes ready tasks out of the pools, best first, as many as could be queued now; sorted over all pools. What the tick
 * does not choose goes back with hk_model_return, or, held back by max_active_per_dag or max_active_tasks, with the
 * others. */
size_t hk_model_take_ready(struct hk_model *m, struct hk_arena *arena, struct hk_candidate **out);
void hk_model_return(struct hk_model *m, const struct hk_candidate *candidate);
void hk_model_hold_for_dag(struct hk_model *m, const struct hk_candidate *candidate);
void hk_model_hold_for_run(struct hk_model *m, const struct hk_candidate *candidate);

/* prior_key, prior_logical_us and prior_states were changed: the run before was deleted. */
void hk_model_run_past_changed(struct hk_model *m, struct hk_run *run);
/* Whether some task of the graph asks about the run before. */
bool hk_model_looks_back(const struct hk_graph *graph);

/* How many instances of this task are queued or running over all runs of the DAG (found by name, since a run may have
 * an older graph); NULL when no task of the DAG has max_active_per_dag. */
uint32_t *hk_model_limit_counter(const struct hk_run *run, uint32_t task);

/* State of the same task in the run before: HK_TASK_STATE_COUNT when there is no such run, HK_TASK_REMOVED when it
 * had no such task. */
int hk_model_prior_state(const struct hk_run *run, uint32_t task);

#endif
