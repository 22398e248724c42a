/* A scheduler to test: the real store in memory, a clock that is set by hand, and an executor that writes down what it
 * is asked for. world_settle lets everything happen that can happen at this instant. */
#ifndef HK_TEST_SCHEDULER_WORLD_H
#define HK_TEST_SCHEDULER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/graph/graph_codec.h"
#include "engine/graph/schedule.h"
#include "engine/store/dag_store.h"
#include "engine/store/run_store.h"
#include "scheduler/scheduler.h"

enum { WORLD_JOBS = 256 };

struct world {
    int64_t now_us;
    struct hk_clock clock;
    struct hk_rand rand;
    struct hk_store *store;
    struct hk_scheduler *scheduler;
    bool is_awake;
    int64_t timer_us;
    struct hk_job_key started[WORLD_JOBS];
    size_t start_count;
    struct hk_job_key stopped[WORLD_JOBS];
    size_t stop_count;
    bool holds_recovery; /* the answer is given by world_recover */
    struct hk_job_key asked[WORLD_JOBS];
    size_t asked_count;
    enum hk_job_recovery answer;
    void (*recovered)(void *arg, const enum hk_job_recovery *answers, size_t count);
    void *recovered_arg;
    size_t answers;
    enum hk_code last_code;
    bool has_callbacks;
    size_t call_count;
    struct hk_callback_row last_call; /* its text is in last_reason */
    char last_reason[32];
};

static inline int64_t world_now(void *context)
{
    return ((struct world *)context)->now_us;
}

static inline void world_wake(void *context)
{
    ((struct world *)context)->is_awake = true;
}

static inline void world_timer(void *context, int64_t at_us)
{
    ((struct world *)context)->timer_us = at_us;
}

static inline void world_start_job(void *context, const struct hk_job *job)
{
    struct world *w = context;
    assert_true(w->start_count < WORLD_JOBS);
    w->started[w->start_count++] = job->key;
}

static inline void world_stop_job(void *context, const struct hk_job_key *key, const char *why)
{
    struct world *w = context;
    assert_non_null(why);
    w->stopped[w->stop_count++] = *key;
}

static inline char *world_callback(void *context, const struct hk_run *run, const char *reason)
{
    assert_true(hk_run_state_is_finished(run->state));
    return ((struct world *)context)->has_callbacks ? hk_strdup(reason) : NULL;
}

static inline void world_call(void *context, const struct hk_callback_row *owed)
{
    struct world *w = context;
    w->call_count++;
    w->last_call = *owed;
    assert_true(hk_str_copy(w->last_reason, sizeof w->last_reason, hk_str_from(owed->request_json)));
}

static inline void world_recover(struct world *w)
{
    enum hk_job_recovery answers[WORLD_JOBS];
    for (size_t i = 0; i < w->asked_count; i++) {
        answers[i] = w->answer;
    }
    w->recovered(w->recovered_arg, answers, w->asked_count);
}

static inline void world_ask(void *context, const struct hk_job *jobs, size_t count,
                             void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    struct world *w = context;
    w->asked_count = count;
    for (size_t i = 0; i < count; i++) {
        w->asked[i] = jobs[i].key;
    }
    w->recovered = done;
    w->recovered_arg = arg;
}

static inline void world_settle(struct world *w)
{
    bool is_due = true;
    for (int i = 0; i < 10000 && (is_due || !hk_store_is_idle(w->store)); i++) {
        w->is_awake = false;
        hk_scheduler_step(w->scheduler);
        hk_store_pump(w->store);
        is_due = w->is_awake || (w->timer_us != HK_TIME_NONE && w->timer_us <= w->now_us);
    }
    assert_false(is_due);
}

static inline void world_to(struct world *w, int64_t now_us)
{
    while (w->timer_us != HK_TIME_NONE && w->timer_us < now_us) {
        w->now_us = w->timer_us > w->now_us ? w->timer_us : w->now_us;
        world_settle(w);
    }
    w->now_us = now_us;
    world_settle(w);
}

static inline void world_open_engine(struct world *w)
{
    struct hk_error err;
    struct hk_scheduler_options options = {.store = w->store,
                                           .clock = &w->clock,
                                           .rand = &w->rand,
                                           .context = w,
                                           .wake = world_wake,
                                           .set_timer = world_timer,
                                           .callback = world_callback,
                                           .call = world_call};
    struct hk_executor executor = {.context = w,
                                   .start = world_start_job,
                                   .stop = world_stop_job,
                                   .recover = world_ask,
                                   .parallelism = 4,
                                   .ahead = 2};
    w->timer_us = HK_TIME_NONE;
    w->scheduler = hk_scheduler_new(&options);
    hk_scheduler_set_executor(w->scheduler, &executor);
    assert_true(hk_scheduler_load(w->scheduler, &err));
    hk_scheduler_start(w->scheduler);
    if (!w->holds_recovery) {
        world_recover(w);
        world_settle(w);
    }
}

static inline void world_open(struct world *w)
{
    struct hk_error err;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    *w = (struct world){.now_us = INT64_C(1790000000) * HK_SECOND_US, .clock = {world_now, world_now, w}};
    hk_log_configure((enum hk_log_level)(HK_ERROR + 1), false);
    hk_rand_init(&w->rand, 1);
    assert_true(hk_store_open(&options, &w->store, &err));
    world_open_engine(w);
}

/* As kill -9: nothing that was not committed is left. */
static inline void world_crash(struct world *w)
{
    hk_store_abandon(w->store);
    hk_scheduler_free(w->scheduler);
    w->scheduler = NULL;
}

static inline void world_close(struct world *w)
{
    world_crash(w);
    hk_store_close(w->store);
}

/* A builder of a DAG with schedule None and its tasks, each a command. */
static inline struct hk_graph_builder *world_dag(const char *dag_id, const char *const *tasks, size_t count)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *g = hk_graph_builder_dag(b);
    g->dag_id = hk_graph_builder_text(b, dag_id);
    g->fileloc = "/dags/x";
    g->relative_fileloc = "x";
    g->bundle_name = "test";
    g->dialect = "test";
    hk_schedule_none(&g->schedule);
    for (size_t i = 0; i < count; i++) {
        struct hk_task *t = hk_graph_builder_task(b, hk_str_from(tasks[i]));
        t->runner = HK_RUNNER_COMMAND;
        t->operator_class = "BashOperator";
    }
    return b;
}

static inline struct hk_graph *world_build(struct hk_graph_builder *b)
{
    struct hk_graph *graph = NULL;
    struct hk_error err;
    if (!hk_graph_build(b, &graph, &err)) {
        fail_msg("%s", err.message);
    }
    return graph;
}

struct world_saving {
    const struct hk_graph *graph;
    const char *version_id;
    struct hk_dag_saved saved;
};

static inline bool world_save_dag(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct world_saving *saving = arg;
    struct hk_buf document;
    hk_buf_init(&document, 1 << 24);
    assert_true(hk_graph_write(saving->graph, &document, err));
    struct hk_dag_save save = {.graph = saving->graph,
                               .document = hk_buf_str(&document),
                               .digest = saving->version_id,
                               .source = HK_STR("x"),
                               .source_digest = "x",
                               .version_id = saving->version_id,
                               .timetable_description = "",
                               .parsed_us = 1};
    bool ok = hk_store_dag_save(db, &save, &saving->saved, err);
    hk_buf_clear(&document);
    return ok;
}

/* Builds, saves and hands to the scheduler; the caller drops the graph. */
static inline struct hk_graph *world_put(struct world *w, struct hk_graph_builder *b, const char *version_id)
{
    struct hk_graph *graph = world_build(b);
    struct world_saving saving = {graph, version_id, {0}};
    struct hk_error err;
    assert_true(hk_store_write_now(w->store, world_save_dag, &saving, &err));
    struct hk_dag_update update = {.graph = graph,
                                   .version_key = saving.saved.version_key,
                                   .version_id = saving.saved.version_id,
                                   .is_paused = saving.saved.is_paused,
                                   .last_start_us = saving.saved.last_start_us,
                                   .last_end_us = saving.saved.last_end_us};
    assert_true(hk_scheduler_dag_put(w->scheduler, &update, &err));
    world_settle(w);
    return graph;
}

static inline void world_answer(void *arg, const struct hk_error *err)
{
    struct world *w = arg;
    w->answers++;
    w->last_code = err != NULL ? err->code : HK_OK;
}

static inline struct hk_command_done world_done(struct world *w)
{
    return (struct hk_command_done){world_answer, w};
}

static inline void world_trigger(struct world *w, const char *dag_id, const char *run_id, int64_t logical_us)
{
    struct hk_trigger_request request = {.dag_id = dag_id,
                                         .run_id = run_id,
                                         .run_type = "manual",
                                         .logical_us = logical_us,
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = HK_TIME_NONE};
    hk_scheduler_trigger(w->scheduler, &request, NULL, world_done(w));
    world_settle(w);
}

static inline void world_clear(struct world *w, const char *dag_id, const char *run_id)
{
    struct hk_clear_request request = {.dag_id = dag_id, .run_id = run_id};
    hk_scheduler_clear(w->scheduler, &request, world_done(w));
    world_settle(w);
}

static inline void world_finish_as(struct world *w, const struct hk_job_key *key, const struct hk_job_result *result)
{
    struct hk_executor_host host = hk_scheduler_host(w->scheduler);
    host.finished(host.context, key, result, NULL, NULL);
    world_settle(w);
}

static inline void world_finish(struct world *w, const struct hk_job_key *key, enum hk_job_outcome outcome)
{
    struct hk_job_result result = {.outcome = outcome, .ended_at_us = w->now_us, .retry_at_us = HK_TIME_NONE};
    world_finish_as(w, key, &result);
}

/* A number from the database; texts compare by `want`. */
static inline int64_t world_number(struct world *w, const char *static_sql)
{
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    int64_t number = -1;
    assert_true(hk_store_reader_take(w->store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, static_sql);
    while (hk_step(q, &ok, &err)) {
        number = hk_column_int(q, 0);
    }
    assert_true(ok);
    hk_store_reader_give(w->store, db);
    return number;
}

/* State of a task of a run in the database: "" for none, "-" when there is no such row. */
static inline const char *world_state(struct world *w, const char *run_id, const char *task_id)
{
    static const char SQL[] = "SELECT t.state FROM dag_run r JOIN task_instance t USING (run_key) "
                              "WHERE r.run_id = ?1 AND t.task_id = ?2";
    static char text[32];
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    snprintf(text, sizeof text, "-");
    assert_true(hk_store_reader_take(w->store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, SQL);
    hk_bind_text(q, 1, run_id);
    hk_bind_text(q, 2, task_id);
    while (hk_step(q, &ok, &err)) {
        assert_true(hk_str_copy(text, sizeof text, hk_column_str(q, 0)));
    }
    hk_store_reader_give(w->store, db);
    return text;
}

#endif
