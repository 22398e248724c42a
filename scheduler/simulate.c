#include "scheduler/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"
#include "engine/store/dag_store.h"
#include "engine/store/pool_store.h"
#include "scheduler/scheduler.h"

enum { UNLIMITED_JOBS = 1000000, FORGET_EVERY = 20000 };

struct job {
    struct hk_job_key key;
    int64_t end_us;
};

struct world {
    const struct hk_simulate_options *options;
    struct hk_simulation *out;
    struct hk_clock clock;
    int64_t now_us;
    struct hk_rand rand;
    struct hk_store *store;
    struct hk_scheduler *scheduler;
    bool is_awake;
    int64_t timer_us;
    struct job *jobs; /* a queue: all take equally long */
    size_t job_head;
    size_t job_len;
    size_t job_cap;
    struct hk_map run_at;    /* key as 8 bytes -> index in out->runs */
    struct hk_map minute_at; /* minute as 8 bytes -> index in out->minutes */
    void (*recovered)(void *arg, const enum hk_job_recovery *answers, size_t count);
    void *recovered_arg;
    size_t forgotten; /* runs when the database was last emptied */
};

static int64_t world_now(void *context)
{
    return ((struct world *)context)->now_us;
}

static void on_wake(void *context)
{
    ((struct world *)context)->is_awake = true;
}

static void on_timer(void *context, int64_t at_us)
{
    ((struct world *)context)->timer_us = at_us;
}

/* ---- what is noted ---- */

static struct hk_str number_text(const int64_t *number)
{
    return (struct hk_str){(const char *)number, sizeof *number};
}

static struct hk_simulated_minute *minute_of(struct world *w, int64_t at_us)
{
    struct hk_simulation *out = w->out;
    int64_t minute = (at_us - w->options->from_us) / HK_MINUTE_US;
    uint64_t at = 0;
    if (!hk_map_find(&w->minute_at, number_text(&minute), &at)) {
        at = out->minute_count++;
        hk_array_grow((void **)&out->minutes, &out->minute_cap, out->minute_count, sizeof *out->minutes);
        out->minutes[at].at_us = w->options->from_us + minute * HK_MINUTE_US;
        hk_map_set(&w->minute_at, number_text(&minute), at);
    }
    return &out->minutes[at];
}

static void note_run(struct world *w, const struct hk_run *run)
{
    struct hk_simulation *out = w->out;
    uint64_t at = 0;
    if (run->state == HK_RUN_QUEUED) {
        return;
    }
    if (!hk_map_find(&w->run_at, number_text(&run->run_key), &at)) {
        at = out->run_count++;
        hk_array_grow((void **)&out->runs, &out->run_cap, out->run_count, sizeof *out->runs);
        out->runs[at] = (struct hk_simulated_run){.dag_id = run->graph->dag_id,
                                                  .run_id = hk_strdup(run->run_id),
                                                  .logical_us = run->logical_us,
                                                  .run_after_us = run->run_after_us,
                                                  .start_us = run->start_us,
                                                  .end_us = HK_TIME_NONE};
        hk_map_set(&w->run_at, number_text(&run->run_key), at);
        minute_of(w, run->start_us)->runs++;
    }
    if (hk_run_state_is_finished(run->state)) {
        out->runs[at].end_us = run->end_us;
        hk_map_remove(&w->run_at, number_text(&run->run_key));
    }
}

/* The graph in the options outlives the run's own copy. */
static void on_change(void *context, const struct hk_run *run, int64_t task)
{
    struct world *w = context;
    if (task < 0) {
        note_run(w, run);
    } else if (run->tasks[task].state == HK_TASK_SUCCESS && !run->tasks[task].is_dispatched) {
        minute_of(w, run->tasks[task].start_us)->tasks++;
        w->out->task_count++;
    }
}

/* ---- the executor ---- */

static void start_job(void *context, const struct hk_job *job)
{
    struct world *w = context;
    hk_array_grow((void **)&w->jobs, &w->job_cap, w->job_len + 1, sizeof *w->jobs);
    w->jobs[w->job_len++] = (struct job){job->key, w->now_us + w->options->task_duration_us};
}

static void stop_job(void *context, const struct hk_job_key *key, const char *why)
{
    (void)context; /* it ends by itself */
    (void)key;
    (void)why;
}

static void recover_jobs(void *context, const struct hk_job *jobs, size_t count,
                         void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    struct world *w = context;
    (void)jobs;
    HK_ASSERT(count == 0);
    w->recovered = done;
    w->recovered_arg = arg;
}

static bool end_jobs(struct world *w)
{
    struct hk_executor_host host = hk_scheduler_host(w->scheduler);
    bool any = false;
    while (w->job_head < w->job_len && w->jobs[w->job_head].end_us <= w->now_us) {
        struct job job = w->jobs[w->job_head++];
        struct hk_job_result result = {
            .outcome = HK_JOB_SUCCEEDED, .ended_at_us = job.end_us, .retry_at_us = HK_TIME_NONE};
        host.started(host.context, &job.key, job.end_us - w->options->task_duration_us, 0);
        host.finished(host.context, &job.key, &result, NULL, NULL);
        any = true;
    }
    if (w->job_head == w->job_len) {
        w->job_head = 0;
        w->job_len = 0;
    }
    return any;
}

/* ---- the DAGs ---- */

struct saving {
    const struct hk_graph *graph;
    struct hk_rand *rand;
    int64_t now_us;
    struct hk_dag_saved saved;
};

static bool save_dag(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct saving *saving = arg;
    char version_id[HK_UUID_SIZE];
    hk_uuid7(saving->rand, saving->now_us, version_id);
    /* Every run shares the graph in memory: the stored text is never read. */
    struct hk_dag_save save = {.graph = saving->graph,
                               .document = HK_STR("-"),
                               .digest = "simulation",
                               .source = HK_STR("-"),
                               .source_digest = "simulation",
                               .version_id = version_id,
                               .timetable_description = "",
                               .parsed_us = saving->now_us};
    return hk_store_dag_save(db, &save, &saving->saved, err);
}

/* The last run before `from`, as if it had been made. */
static bool find_last(const struct hk_graph *graph, int64_t from_us, struct hk_dag_update *update, struct hk_error *err)
{
    struct hk_timetable *timetable = NULL;
    struct hk_run_times times;
    if (!hk_timetable_new(&graph->schedule, &timetable, err)) {
        return false;
    }
    struct hk_timetable_query query = {.start_at_us = hk_model_earliest_start(graph),
                                       .end_at_us = graph->end_at_us,
                                       .last_start_us = HK_TIME_NONE,
                                       .last_end_us = HK_TIME_NONE,
                                       .now_us = from_us};
    if (hk_timetable_next(timetable, &query, &times) && times.run_after_us < from_us) {
        update->last_start_us = times.interval_start_us;
        update->last_end_us = times.interval_end_us;
    }
    hk_timetable_free(timetable);
    return true;
}

static bool put_dag(struct world *w, struct hk_graph *graph, struct hk_error *err)
{
    struct hk_dag_update update = {.graph = graph, .last_start_us = HK_TIME_NONE, .last_end_us = HK_TIME_NONE};
    struct saving saving = {.graph = graph, .rand = &w->rand, .now_us = w->now_us};
    if (hk_model_dag(hk_scheduler_model(w->scheduler), hk_str_from(graph->dag_id)) != NULL) {
        return hk_error_set(err, HK_INVALID,
                            "dag '%s' is defined twice; a dag_id must be unique, rename one of the two", graph->dag_id);
    }
    if (!find_last(graph, w->options->from_us, &update, err) || !hk_store_write_now(w->store, save_dag, &saving, err)) {
        return hk_error_prefix(err, "dag '%s'", graph->dag_id);
    }
    update.version_key = saving.saved.version_key;
    update.version_id = saving.saved.version_id;
    return hk_scheduler_dag_put(w->scheduler, &update, err) || hk_error_prefix(err, "dag '%s'", graph->dag_id);
}

/* ---- time ---- */

/* Finished runs are of no more use: all tasks succeed, so that nobody's past forbids anything. */
static bool forget_runs(struct hk_db *db, void *arg, struct hk_error *err)
{
    (void)arg;
    return hk_db_exec(db, "DELETE FROM dag_run WHERE state IN ('success', 'failed')", err);
}

static int64_t next_us(const struct world *w)
{
    int64_t next = w->timer_us;
    if (w->job_head < w->job_len && (next == HK_TIME_NONE || w->jobs[w->job_head].end_us < next)) {
        next = w->jobs[w->job_head].end_us;
    }
    return next;
}

/* All that happens at this instant. When it brings more runs than there are DAGs, some @continuous one starts over and
 * over without taking any time: then a microsecond passes, or time would never go on. */
static bool settle(struct world *w, struct hk_error *err)
{
    size_t max_runs = w->options->max_runs > 0 ? w->options->max_runs : HK_SIMULATE_MAX_RUNS;
    size_t before = w->out->run_count;
    while (end_jobs(w) || w->is_awake || (w->timer_us != HK_TIME_NONE && w->timer_us <= w->now_us)) {
        w->is_awake = false;
        hk_scheduler_step(w->scheduler);
        hk_store_pump(w->store);
        if (w->out->run_count - before > w->options->graph_count) {
            before = w->out->run_count;
            w->now_us++;
        }
        if (w->out->run_count > max_runs) {
            return hk_error_set(err, HK_LIMIT, "more than %zu runs until then; choose an earlier end", max_runs);
        }
    }
    if (w->out->run_count - w->forgotten > FORGET_EVERY) {
        w->forgotten = w->out->run_count;
        return hk_store_write_now(w->store, forget_runs, NULL, err);
    }
    return true;
}

static bool live(struct world *w, struct hk_error *err)
{
    hk_scheduler_start(w->scheduler);
    w->recovered(w->recovered_arg, NULL, 0);
    while (w->now_us < w->options->to_us) {
        if (!settle(w, err)) {
            return false;
        }
        int64_t next = next_us(w);
        if (next == HK_TIME_NONE) {
            return true;
        }
        w->now_us = next > w->now_us ? next : w->now_us;
    }
    return true;
}

static bool save_pools(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct hk_simulate_options *options = arg;
    for (size_t i = 0; i < options->pool_count; i++) {
        struct hk_pool_row row = {.name = options->pools[i].name, .slots = options->pools[i].slots};
        if (!hk_store_pool_set(db, &row, err)) {
            return false;
        }
    }
    return true;
}

static bool create(struct world *w, struct hk_error *err)
{
    struct hk_store_options store_options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    uint32_t parallelism = w->options->parallelism > 0 ? w->options->parallelism : UNLIMITED_JOBS;
    struct hk_executor executor = {
        .context = w, .start = start_job, .stop = stop_job, .recover = recover_jobs, .parallelism = parallelism};
    struct hk_simulate_options options = *w->options;
    if (!hk_store_open(&store_options, &w->store, err) || !hk_store_write_now(w->store, save_pools, &options, err)) {
        return false;
    }
    struct hk_scheduler_options scheduler_options = {.store = w->store,
                                                     .clock = &w->clock,
                                                     .rand = &w->rand,
                                                     .context = w,
                                                     .wake = on_wake,
                                                     .set_timer = on_timer,
                                                     .observe = on_change};
    w->scheduler = hk_scheduler_new(&scheduler_options);
    hk_scheduler_set_executor(w->scheduler, &executor);
    bool ok = hk_scheduler_load(w->scheduler, err);
    for (size_t i = 0; i < w->options->graph_count && ok; i++) {
        ok = put_dag(w, w->options->graphs[i], err);
    }
    return ok;
}

/* ---- results ---- */

static int by_start(const void *a, const void *b)
{
    const struct hk_simulated_run *x = a;
    const struct hk_simulated_run *y = b;
    if (x->start_us != y->start_us) {
        return x->start_us < y->start_us ? -1 : 1;
    }
    int order = strcmp(x->dag_id, y->dag_id);
    return order != 0 ? order : strcmp(x->run_id, y->run_id);
}

static int by_load(const void *a, const void *b)
{
    const struct hk_simulated_minute *x = a;
    const struct hk_simulated_minute *y = b;
    if (x->tasks != y->tasks) {
        return x->tasks > y->tasks ? -1 : 1;
    }
    if (x->runs != y->runs) {
        return x->runs > y->runs ? -1 : 1;
    }
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

void hk_simulation_clear(struct hk_simulation *simulation)
{
    for (size_t i = 0; i < simulation->run_count; i++) {
        free(simulation->runs[i].run_id);
    }
    free(simulation->runs);
    free(simulation->minutes);
    *simulation = (struct hk_simulation){0};
}

bool hk_simulate(const struct hk_simulate_options *options, struct hk_simulation *out, struct hk_error *err)
{
    *out = (struct hk_simulation){0};
    if (options->to_us <= options->from_us) {
        return hk_error_set(err, HK_INVALID, "the end of the simulation must be later than its beginning");
    }
    struct world w = {.options = options, .out = out, .now_us = options->from_us, .timer_us = HK_TIME_NONE};
    w.clock = (struct hk_clock){world_now, world_now, &w};
    hk_rand_init(&w.rand, 1);
    hk_map_init(&w.run_at);
    hk_map_init(&w.minute_at);
    bool ok = create(&w, err) && live(&w, err);
    if (w.store != NULL) {
        hk_store_pump(w.store);
    }
    hk_scheduler_free(w.scheduler);
    hk_store_close(w.store);
    hk_map_clear(&w.run_at);
    hk_map_clear(&w.minute_at);
    free(w.jobs);
    if (!ok) {
        hk_simulation_clear(out);
        return false;
    }
    if (out->run_count > 1) {
        qsort(out->runs, out->run_count, sizeof *out->runs, by_start);
    }
    if (out->minute_count > 1) {
        qsort(out->minutes, out->minute_count, sizeof *out->minutes, by_load);
    }
    return true;
}
