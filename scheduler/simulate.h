/* hk_simulate: what would these DAGs do between two dates? The real scheduler (its tick, its limits, its pools, the
 * real store, in memory) on a virtual clock, with an executor whose tasks all succeed after a given time.
 *
 * Each DAG counts as up to date at `from`: what its timetable has asked for before has been done; nothing is paused.
 * Runs in which a person takes part (schedule None) do not happen by themselves. Takes seconds where the clock takes a
 * year; the scheduler's log lines are written as usual, so a caller sets the level (hk_log_configure) first.
 *
 *     struct hk_simulation result;
 *     if (hk_simulate(&options, &result, err)) { ... result.runs[0..run_count) by start ...;
 * hk_simulation_clear(&result); }
 */
#ifndef HK_SCHEDULER_SIMULATE_H
#define HK_SCHEDULER_SIMULATE_H

#include "engine/base/error.h"
#include "engine/graph/graph.h"

struct hk_simulate_pool {
    const char *name;
    int64_t slots;
};

struct hk_simulate_options {
    struct hk_graph *const *graphs; /* borrowed */
    size_t graph_count;
    const struct hk_simulate_pool *pools; /* beside default_pool, which has 128 slots unless it is in here */
    size_t pool_count;
    int64_t from_us;
    int64_t to_us; /* not included; what is under way then is left unfinished */
    int64_t task_duration_us;
    uint32_t parallelism; /* tasks at once; 0: no limit but the pools' */
    size_t max_runs;      /* HK_LIMIT beyond; 0: HK_SIMULATE_MAX_RUNS */
};
enum { HK_SIMULATE_MAX_RUNS = 10000000 };

struct hk_simulated_run {
    const char *dag_id; /* of the graph: as long as that lives */
    char *run_id;
    int64_t logical_us;
    int64_t run_after_us;
    int64_t start_us;
    int64_t end_us; /* HK_TIME_NONE: still running at the end */
};

struct hk_simulated_minute {
    int64_t at_us;
    uint64_t runs;  /* that started in it */
    uint64_t tasks; /* that started in it */
};

struct hk_simulation {
    struct hk_simulated_run *runs; /* by start, then DAG */
    size_t run_count;
    size_t run_cap;
    struct hk_simulated_minute *minutes; /* those in which something started; the busiest first: by tasks, runs, time */
    size_t minute_count;
    size_t minute_cap;
    uint64_t task_count;
};

/* HK_INVALID when a schedule cannot be used (the sentence names the DAG), when the dates are the wrong way round or two
 * graphs have the same dag_id. Any thread; blocks until done. */
HK_MUST_USE bool hk_simulate(const struct hk_simulate_options *options, struct hk_simulation *out,
                             struct hk_error *err);
void hk_simulation_clear(struct hk_simulation *simulation);

#endif
