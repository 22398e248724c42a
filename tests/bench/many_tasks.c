/* One run of N tasks that need no process, through the real scheduler and store (on disk, every commit synced), without
 * a reader of files before it: time and peak memory after each step. usage: many_tasks HOME_FOLDER N [WIDTH]
 *
 * The graph has layers of WIDTH tasks (default 1000), each task after one of the layer before. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/graph/graph_codec.h"
#include "engine/graph/schedule.h"
#include "engine/store/dag_store.h"
#include "scheduler/scheduler.h"

static bool is_awake;
static bool is_over;
static int64_t began_us;

static void fail(const struct hk_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void tell(const char *step)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t now_us = hk_clock_monotonic_us(hk_clock_system());
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("%-20s %6.2f s, %6.2f s of CPU, peak %5ld MiB\n", step, (double)(now_us - began_us) / 1e6, cpu,
           usage.ru_maxrss / 1024);
    fflush(stdout);
}

static struct hk_graph *make_graph(unsigned count, unsigned width)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *g = hk_graph_builder_dag(b);
    struct hk_graph *graph = NULL;
    struct hk_error err;
    g->dag_id = "many";
    g->max_active_tasks = 0;
    hk_schedule_none(&g->schedule);
    for (unsigned i = 0; i < count; i++) {
        char id[16];
        char up[16];
        snprintf(id, sizeof id, "task%u", i);
        hk_graph_builder_task(b, hk_str_from(id))->operator_class = "EmptyOperator";
        if (i >= width) {
            snprintf(up, sizeof up, "task%u", i - width);
            hk_graph_builder_edge(b, hk_str_from(up), hk_str_from(id));
        }
    }
    if (!hk_graph_build(b, &graph, &err)) {
        fail(&err);
    }
    return graph;
}

struct saving {
    const struct hk_graph *graph;
    struct hk_dag_saved saved;
};

static bool save_dag(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct saving *saving = arg;
    struct hk_buf document;
    hk_buf_init(&document, HK_MAX_DAG_DOCUMENT_BYTES);
    bool ok = hk_graph_write(saving->graph, &document, err);
    struct hk_dag_save save = {.graph = saving->graph,
                               .document = hk_buf_str(&document),
                               .digest = "d",
                               .source = HK_STR(""),
                               .source_digest = "s",
                               .version_id = "v",
                               .timetable_description = "",
                               .parsed_us = 1};
    ok = ok && hk_store_dag_save(db, &save, &saving->saved, err);
    hk_buf_clear(&document);
    return ok;
}

static void wake(void *context)
{
    (void)context;
    is_awake = true;
}

static void set_timer(void *context, int64_t at_us)
{
    (void)context;
    (void)at_us;
}

static void observe(void *context, const struct hk_run *run, int64_t task)
{
    (void)context;
    is_over = is_over || (task < 0 && hk_run_state_is_finished(run->state));
}

static void recover(void *context, const struct hk_job *jobs, size_t count,
                    void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    (void)context;
    (void)jobs;
    (void)count;
    done(arg, NULL, 0);
}

static void answered(void *arg, const struct hk_error *err)
{
    (void)arg;
    if (err != NULL) {
        fail(err);
    }
}

static void run_it(struct hk_store *store, const struct saving *saving)
{
    struct hk_rand rand;
    struct hk_error err;
    hk_rand_init(&rand, 1);
    struct hk_scheduler_options options = {.store = store,
                                           .clock = hk_clock_system(),
                                           .rand = &rand,
                                           .wake = wake,
                                           .set_timer = set_timer,
                                           .observe = observe};
    struct hk_executor executor = {.recover = recover, .parallelism = 1};
    struct hk_scheduler *s = hk_scheduler_new(&options);
    hk_scheduler_set_executor(s, &executor);
    if (!hk_scheduler_load(s, &err)) {
        fail(&err);
    }
    hk_scheduler_start(s);
    struct hk_dag_update update = {.graph = (struct hk_graph *)saving->graph,
                                   .version_key = saving->saved.version_key,
                                   .version_id = "v",
                                   .last_start_us = HK_TIME_NONE,
                                   .last_end_us = HK_TIME_NONE};
    if (!hk_scheduler_dag_put(s, &update, &err)) {
        fail(&err);
    }
    struct hk_trigger_request request = {.dag_id = "many",
                                         .run_type = "manual",
                                         .triggered_by = "test",
                                         .logical_us = HK_TIME_NONE,
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = HK_TIME_NONE};
    hk_scheduler_trigger(s, &request, NULL, (struct hk_command_done){answered, NULL});
    while (!is_over) {
        is_awake = false;
        hk_scheduler_step(s);
        hk_store_pump(store);
    }
    tell("run saved");
    hk_scheduler_free(s);
}

int main(int argc, char **argv)
{
    int64_t count = 0;
    int64_t width = 1000;
    char path[4096];
    struct hk_error err;
    bool ok = argc >= 3 && hk_str_to_i64(hk_str_from(argv[2]), &count) && count > 0 && count <= HK_MAX_TASKS_PER_DAG;
    if (!ok || (argc > 3 && !hk_str_to_i64(hk_str_from(argv[3]), &width))) {
        fprintf(stderr, "usage: many_tasks HOME_FOLDER N [WIDTH]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/many.db", argv[1]);
    hk_log_configure(HK_ERROR, false);
    began_us = hk_clock_monotonic_us(hk_clock_system());
    struct hk_store_options options = {.path = path, .is_inline = true};
    struct hk_store *store = NULL;
    struct saving saving = {make_graph((unsigned)count, (unsigned)width), {0}};
    tell("graph built");
    if (!hk_store_open(&options, &store, &err) || !hk_store_write_now(store, save_dag, &saving, &err)) {
        fail(&err);
    }
    tell("graph saved");
    run_it(store, &saving);
    hk_store_close(store);
    hk_graph_unref((struct hk_graph *)saving.graph);
    return 0;
}
