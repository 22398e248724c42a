/* The door over a real store on a file, a real scheduler on a loop thread of its own, and an executor that ends every
 * job at once: tasks named "bad..." fail, those named "slow..." go on until they are stopped. No sockets. */
#ifndef HK_TEST_AIRFLOW_FIXTURE_H
#define HK_TEST_AIRFLOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#include "api/airflow/rest.h"
#include "api/http/exchange.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/graph/graph_codec.h"
#include "engine/graph/schedule.h"
#include "engine/store/dag_store.h"
#include "scheduler/scheduler.h"

struct fx_posted {
    void (*fn)(void *arg);
    void *arg;
    struct fx_posted *next;
};

static struct {
    char folder[64];
    struct hk_store *store;
    struct hk_scheduler *scheduler;
    struct hk_executor_host host;
    struct hk_rand rand;
    struct hk_secret_key key;
    struct hk_airflow *airflow;
    struct hk_router *router;
    struct hk_auth *auth;
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t async;
    uv_timer_t timer;
    uv_mutex_t mutex;
    struct fx_posted *first;
    struct fx_posted *last;
    bool is_awake;
    bool is_stopping;
} fx;

static void fx_post(void *context, void (*fn)(void *arg), void *arg)
{
    (void)context;
    struct fx_posted *posted = hk_alloc(sizeof *posted);
    *posted = (struct fx_posted){fn, arg, NULL};
    uv_mutex_lock(&fx.mutex);
    if (fx.last != NULL) {
        fx.last->next = posted;
    } else {
        fx.first = posted;
    }
    fx.last = posted;
    uv_mutex_unlock(&fx.mutex);
    uv_async_send(&fx.async);
}

static void fx_turn(void)
{
    uv_mutex_lock(&fx.mutex);
    struct fx_posted *posted = fx.first;
    fx.first = fx.last = NULL;
    uv_mutex_unlock(&fx.mutex);
    while (posted != NULL) {
        struct fx_posted *next = posted->next;
        posted->fn(posted->arg);
        free(posted);
        posted = next;
    }
    hk_store_deliver(fx.store);
    while (fx.is_awake) {
        fx.is_awake = false;
        hk_scheduler_step(fx.scheduler);
    }
    if (fx.is_stopping && hk_scheduler_is_idle(fx.scheduler)) {
        uv_close((uv_handle_t *)&fx.async, NULL);
        uv_close((uv_handle_t *)&fx.timer, NULL);
    }
}

static void fx_on_async(uv_async_t *async)
{
    (void)async;
    fx_turn();
}

static void fx_on_timer(uv_timer_t *timer)
{
    (void)timer;
    fx.is_awake = true;
    fx_turn();
}

static void fx_notify(void *context)
{
    (void)context;
    uv_async_send(&fx.async);
}

static void fx_wake(void *context)
{
    (void)context;
    fx.is_awake = true;
    uv_async_send(&fx.async);
}

static void fx_set_timer(void *context, int64_t at_us)
{
    (void)context;
    int64_t wait_us = at_us == HK_TIME_NONE ? 0 : at_us - hk_clock_wall_us(hk_clock_system());
    if (at_us == HK_TIME_NONE) {
        uv_timer_stop(&fx.timer);
    } else {
        uv_timer_start(&fx.timer, fx_on_timer, wait_us < 0 ? 0 : (uint64_t)(wait_us / 1000 + 1), 0);
    }
}

/* ---- the executor ---- */

struct fx_job {
    struct hk_job_key key;
    bool fails;
};

static void fx_finish(void *arg)
{
    struct fx_job *job = arg;
    const struct hk_job_result result = {.outcome = job->fails ? HK_JOB_FAILED : HK_JOB_SUCCEEDED,
                                         .exit_code = job->fails,
                                         .ended_at_us = hk_clock_wall_us(hk_clock_system()),
                                         .xcom_json = HK_STR("{\"rows\":[1,2]}")};
    fx.host.finished(fx.host.context, &job->key, &result, NULL, NULL);
    free(job);
}

static void fx_started(void *arg)
{
    struct fx_job *job = arg;
    fx.host.started(fx.host.context, &job->key, hk_clock_wall_us(hk_clock_system()), 4711);
    free(job);
}

static void fx_start(void *context, const struct hk_job *job)
{
    (void)context;
    struct fx_job *started = hk_alloc(sizeof *started);
    started->key = job->key;
    fx_post(NULL, fx_started, started);
    if (strncmp(job->task->task_id, "slow", 4) != 0) {
        struct fx_job *ending = hk_alloc(sizeof *ending);
        *ending = (struct fx_job){job->key, strncmp(job->task->task_id, "bad", 3) == 0};
        fx_post(NULL, fx_finish, ending);
    }
}

static void fx_stopped(void *arg)
{
    struct fx_job *job = arg;
    const struct hk_job_result result = {.outcome = HK_JOB_STOPPED, .ended_at_us = hk_clock_wall_us(hk_clock_system())};
    fx.host.finished(fx.host.context, &job->key, &result, NULL, NULL);
    free(job);
}

static void fx_stop(void *context, const struct hk_job_key *key, const char *why)
{
    (void)context;
    (void)why;
    struct fx_job *job = hk_alloc(sizeof *job);
    job->key = *key;
    fx_post(NULL, fx_stopped, job);
}

struct fx_recovering {
    void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count);
    void *arg;
};

static void fx_recovered(void *arg)
{
    struct fx_recovering *r = arg;
    r->done(r->arg, NULL, 0);
    free(r);
}

static void fx_recover(void *context, const struct hk_job *jobs, size_t count,
                       void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    (void)context;
    (void)jobs;
    assert_int_equal(count, 0);
    struct fx_recovering *r = hk_alloc(sizeof *r);
    *r = (struct fx_recovering){done, arg};
    fx_post(NULL, fx_recovered, r);
}

/* ---- DAGs ---- */

struct fx_saving {
    struct hk_graph *graph;
    struct hk_dag_saved saved;
};

static bool fx_save(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct fx_saving *s = arg;
    struct hk_buf document;
    char digest[HK_GRAPH_DIGEST_SIZE];
    char version_id[HK_UUID_SIZE];
    hk_buf_init(&document, HK_MAX_DAG_DOCUMENT_BYTES);
    bool ok = hk_graph_write(s->graph, &document, err);
    hk_graph_digest(hk_buf_str(&document), digest);
    hk_uuid7(&fx.rand, 1700000000000000, version_id);
    const struct hk_dag_save save = {.graph = s->graph,
                                     .document = hk_buf_str(&document),
                                     .digest = digest,
                                     .source = HK_STR("the source of it\n"),
                                     .source_digest = "d",
                                     .version_id = version_id,
                                     .timetable_description = "Never, external triggers only",
                                     .parsed_us = 1700000000000000,
                                     .parse_seconds = 0.25};
    ok = ok && hk_store_dag_save(db, &save, &s->saved, err);
    hk_buf_clear(&document);
    return ok;
}

static char *fx_spec; /* of the tasks of the DAGs to come; NULL: none */

/* A chain of tasks, names separated by spaces. Before the loop begins. */
static void fx_dag(const char *dag_id, const char *tasks, const char *params_json)
{
    struct hk_error err;
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *dag = hk_graph_builder_dag(b);
    static const char *tags[] = {"blue", "green"};
    dag->dag_id = hk_graph_builder_text(b, dag_id);
    dag->bundle_name = "dags-folder";
    dag->fileloc = "/dags/all.yaml";
    dag->relative_fileloc = hk_graph_builder_text(b, dag_id);
    dag->dialect = "yaml";
    dag->params_json = hk_graph_builder_text(b, params_json);
    dag->tags = tags;
    dag->tag_count = strcmp(dag_id, "pipe") == 0 ? 2 : 1;
    hk_schedule_none(&dag->schedule);
    struct hk_str rest = hk_str_from(tasks);
    struct hk_str name;
    struct hk_str before = {NULL, 0};
    while (hk_str_next(&rest, ' ', &name)) {
        struct hk_task *task = hk_graph_builder_task(b, name);
        task->runner = HK_RUNNER_COMMAND;
        task->operator_class = "BashOperator";
        task->owner = "ann";
        task->spec_json = hk_graph_builder_text(b, fx_spec);
        if (before.data != NULL) {
            hk_graph_builder_edge(b, before, name);
        }
        before = name;
    }
    struct fx_saving saving = {0};
    assert_true(hk_graph_build(b, &saving.graph, &err));
    if (!hk_store_write_now(fx.store, fx_save, &saving, &err)) {
        fail_msg("%s", err.message);
    }
    const struct hk_dag_update update = {.graph = saving.graph,
                                         .version_key = saving.saved.version_key,
                                         .version_id = saving.saved.version_id,
                                         .last_start_us = HK_TIME_NONE,
                                         .last_end_us = HK_TIME_NONE};
    assert_true(hk_scheduler_dag_put(fx.scheduler, &update, &err));
    hk_graph_unref(saving.graph);
}

/* A command of 4300 characters, two bytes each for the most part, and an environment as long. */
static char *fx_long_spec(void)
{
    struct hk_buf text;
    hk_buf_init(&text, 64 * 1024);
    hk_buf_add_text(&text, "{\"command\":\"");
    for (int i = 0; i < 4010; i++) {
        hk_buf_add_text(&text, "\xc3\xa9");
    }
    hk_buf_printf(&text, "%20s%0287d\",\"env\":{\"B\":\"%04100d\",\"A_TOKEN\":\"t\"},\"cwd\":null}", "", 0, 0);
    char *copy = hk_strndup(text.data, text.len);
    hk_buf_clear(&text);
    return copy;
}

static void fx_loop(void *arg)
{
    (void)arg;
    hk_scheduler_start(fx.scheduler);
    uv_run(&fx.loop, UV_RUN_DEFAULT);
}

static bool fx_find_user(void *context, struct hk_str username, char *hash, size_t hash_size, char *role,
                         size_t role_size, struct hk_error *err)
{
    (void)context;
    (void)hash;
    (void)hash_size;
    (void)role;
    (void)role_size;
    return hk_error_set(err, HK_NOT_FOUND, "no user '%.*s'", HK_STR_ARG(username));
}

static int fx_set_up(void **state)
{
    (void)state;
    struct hk_error err;
    hk_log_configure(HK_ERROR, false);
    snprintf(fx.folder, sizeof fx.folder, "/tmp/hanok-test-rest-XXXXXX");
    assert_non_null(mkdtemp(fx.folder));
    char path[128];
    snprintf(path, sizeof path, "%s/hanok.db", fx.folder);
    hk_rand_init(&fx.rand, 7);
    assert_true(hk_secret_key_new(&fx.key, &err));
    uv_loop_init(&fx.loop);
    uv_mutex_init(&fx.mutex);
    uv_async_init(&fx.loop, &fx.async, fx_on_async);
    uv_timer_init(&fx.loop, &fx.timer);
    const struct hk_store_options store = {.path = path, .no_sync = true, .notify = fx_notify};
    assert_true(hk_store_open(&store, &fx.store, &err));
    const struct hk_scheduler_options scheduler = {
        .store = fx.store, .clock = hk_clock_system(), .rand = &fx.rand, .wake = fx_wake, .set_timer = fx_set_timer};
    fx.scheduler = hk_scheduler_new(&scheduler);
    fx.host = hk_scheduler_host(fx.scheduler);
    const struct hk_executor executor = {.start = fx_start, .stop = fx_stop, .recover = fx_recover, .parallelism = 8};
    hk_scheduler_set_executor(fx.scheduler, &executor);
    assert_true(hk_scheduler_load(fx.scheduler, &err));
    fx_spec = fx_long_spec();
    fx_dag("pipe", "first second third",
           "{\"n\":{\"value\":3,\"schema\":{\"type\":\"integer\",\"maximum\":9,\"minimum\":1},\"description\":null,"
           "\"source\":null}}");
    free(fx_spec);
    fx_spec = NULL;
    fx_dag("trouble", "bad after", NULL);
    char spec[] = "{\"command\":\"sleep 9\",\"env\":{\"B\":\"1\",\"A_PASSWORD\":\"p\"},\"cwd\":\"/\"}";
    fx_spec = spec;
    fx_dag("slowly", "slow after", NULL);
    fx_spec = NULL;
    struct hk_auth_options auth = {.clock = hk_clock_system(), .users = {NULL, fx_find_user}};
    assert_true(hk_token_new_secret(auth.secret, &err));
    fx.auth = hk_auth_create(&auth);
    fx.router = hk_router_create();
    const struct hk_airflow_options airflow = {.store = fx.store,
                                               .scheduler = fx.scheduler,
                                               .clock = hk_clock_system(),
                                               .secret = &fx.key,
                                               .log_folder = fx.folder,
                                               .hostname = "house",
                                               .unixname = "ann",
                                               .post = fx_post};
    fx.airflow = hk_airflow_new(&airflow);
    assert_true(hk_airflow_register(fx.airflow, fx.router, &err));
    uv_thread_create(&fx.thread, fx_loop, NULL);
    return 0;
}

static void fx_end(void *arg)
{
    (void)arg;
    fx.is_stopping = true;
    hk_scheduler_stop(fx.scheduler);
    uv_async_send(&fx.async);
}

static int fx_tear_down(void **state)
{
    (void)state;
    char command[128];
    fx_post(NULL, fx_end, NULL);
    uv_thread_join(&fx.thread);
    hk_airflow_free(fx.airflow);
    hk_router_destroy(fx.router);
    hk_auth_destroy(fx.auth);
    hk_scheduler_free(fx.scheduler);
    hk_store_close(fx.store);
    uv_loop_close(&fx.loop);
    uv_mutex_destroy(&fx.mutex);
    snprintf(command, sizeof command, "rm -rf '%s'", fx.folder);
    return system(command);
}

/* ---- calling ---- */

static char fx_body[1024 * 1024];

static int fx_call_as(const char *role, const char *method, const char *target, const char *body)
{
    struct hk_arena arena;
    struct hk_error err;
    struct hk_str token;
    hk_arena_init(&arena);
    const struct hk_token_grant grant = {
        .subject = HK_STR("ann"), .role = hk_str_from(role), .audience = HK_STR(HK_AUDIENCE_USER), .valid_seconds = 60};
    assert_true(hk_auth_issue(fx.auth, &grant, &arena, &token, &err));
    const struct hk_call call = {.method = method,
                                 .target = target,
                                 .authorization = hk_arena_printf(&arena, "Bearer %.*s", HK_STR_ARG(token)),
                                 .body = body};
    struct hk_exchange *x = hk_exchange_call(fx.router, fx.auth, &call);
    int status = x->response.status;
    assert_true(hk_str_copy(fx_body, sizeof fx_body, hk_buf_str(&x->response.body)));
    hk_exchange_release(x);
    hk_arena_clear(&arena);
    return status;
}

static int fx_call(const char *method, const char *target, const char *body)
{
    return fx_call_as("admin", method, target, body);
}

static void fx_expect(int status, const char *method, const char *target, const char *body, const char *part)
{
    int got = fx_call(method, target, body);
    if (got != status || (part != NULL && strstr(fx_body, part) == NULL)) {
        fail_msg("%s %s: %d instead of %d, or no\n  %s\nin\n  %.2000s", method, target, got, status,
                 part != NULL ? part : "", fx_body);
    }
}

/* Asks until the answer holds `part`. */
static void fx_until(const char *target, const char *part)
{
    for (int i = 0; i < 2000; i++) {
        fx_call("GET", target, NULL);
        if (strstr(fx_body, part) != NULL) {
            return;
        }
        usleep(2000);
    }
    fail_msg("%s never holds\n  %s\nbut\n  %.1000s", target, part, fx_body);
}

static void fx_run(const char *dag_id, const char *run_id, const char *state)
{
    char target[256];
    char body[256];
    snprintf(target, sizeof target, "/api/v2/dags/%s/dagRuns", dag_id);
    snprintf(body, sizeof body, "{\"dag_run_id\":\"%s\",\"logical_date\":null}", run_id);
    fx_expect(200, "POST", target, body, "\"run_type\":\"manual\"");
    snprintf(target, sizeof target, "/api/v2/dags/%s/dagRuns/%s", dag_id, run_id);
    snprintf(body, sizeof body, "\"state\":\"%s\"", state);
    fx_until(target, body);
}

#endif
