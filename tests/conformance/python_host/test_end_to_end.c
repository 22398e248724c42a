/* DAG file -> warm host -> serialized DAG -> graph -> tasks -> results, with the real shim, host and Task SDK and fake
 * services. This program is the shim, too ("PROGRAM shim ..."). Usage: PROGRAM PYTHON HOST_SCRIPT DAGS_FOLDER
 * NEW_HOME_FOLDER */
#include <sys/stat.h>
#include <unistd.h>

#include "dags/read_airflow.h"
#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "workers/parser.h"
#include "workers/shim.h"
#include "workers/supervisor.h"

struct expectation {
    const char *task_id;
    bool should_retry;
    enum hk_job_outcome outcome;
};

static const struct expectation expectations[] = {
    {"push", false, HK_JOB_SUCCEEDED},      {"pull", false, HK_JOB_SUCCEEDED},
    {"templated", false, HK_JOB_SUCCEEDED}, {"fail", true, HK_JOB_FAILED},
    {"fail", false, HK_JOB_FAILED_FINAL},   {"fail_for_good", true, HK_JOB_FAILED_FINAL},
    {"skip", false, HK_JOB_SKIPPED},        {"choose", false, HK_JOB_SUCCEEDED},
    {"wait", false, HK_JOB_RESCHEDULED},    {"die", false, HK_JOB_FAILED},
    {"leave", false, HK_JOB_FAILED},        {"tell_a_secret", false, HK_JOB_FAILED_FINAL},
    {"slow", false, HK_JOB_FAILED_FINAL},
};

enum { COUNT = sizeof expectations / sizeof *expectations };

static struct {
    uv_loop_t loop;
    struct hk_local *local;
    struct hk_supervisor *supervisor;
    struct hk_parser *parser;
    struct hk_graph *graph;
    struct hk_executor executor;
    char *xcom; /* of push */
    char *last_xcom;
    char skipped[64];
    size_t next;
    int failures;
} world;

static void start_next(void);

static void check(bool is_right, const char *what, const char *more)
{
    printf("%s  %s%s%s\n", is_right ? "ok    " : "FAILED", what, is_right ? "" : ": ", is_right ? "" : more);
    fflush(stdout);
    world.failures += !is_right;
}

typedef void (*done_fn)(void *arg, struct hk_str json, const struct hk_error *err);

static void xcom_list(void *c, const struct hk_xcom_ref *ref, bool prior, done_fn done, void *arg)
{
    struct hk_error absent = {.code = HK_NOT_FOUND, .message = "none"};
    struct hk_buf list;
    (void)c;
    (void)prior;
    if (!hk_str_is(ref->task_id, "push") || world.xcom == NULL) {
        done(arg, (struct hk_str){NULL, 0}, &absent);
        return;
    }
    hk_buf_init(&list, 4096);
    hk_buf_printf(&list, "[%s]", world.xcom);
    done(arg, hk_buf_str(&list), NULL);
    hk_buf_clear(&list);
}

static void xcom_get(void *c, const struct hk_xcom_ref *ref, bool prior, done_fn done, void *arg)
{
    struct hk_error absent = {.code = HK_NOT_FOUND, .message = "none"};
    (void)c;
    (void)prior;
    bool is_there = hk_str_is(ref->task_id, "push") && world.xcom != NULL;
    done(arg, hk_str_from(is_there ? world.xcom : ""), is_there ? NULL : &absent);
}

static void xcom_set(void *c, const struct hk_xcom_ref *ref, struct hk_str json, done_fn done, void *arg)
{
    (void)c;
    if (hk_str_is(ref->key, "return_value")) {
        char **at = hk_str_is(ref->task_id, "push") ? &world.xcom : &world.last_xcom;
        free(*at);
        *at = hk_strndup(json.data, json.len);
    }
    done(arg, (struct hk_str){NULL, 0}, NULL);
}

static void rendered_set(void *c, const struct hk_job_key *key, struct hk_str json, done_fn done, void *arg)
{
    (void)c;
    (void)key;
    (void)json;
    done(arg, (struct hk_str){NULL, 0}, NULL);
}

static void on_started(void *c, const struct hk_job_key *key, int64_t at_us, int pid)
{
    (void)c;
    (void)key;
    (void)at_us;
    (void)pid;
}

static void on_finished(void *c, const struct hk_job_key *key, const struct hk_job_result *result,
                        void (*committed)(void *arg), void *arg)
{
    (void)c;
    (void)key;
    const struct expectation *expected = &expectations[world.next];
    char text[256];
    snprintf(text, sizeof text, "outcome %d, exit code %d, %s", (int)result->outcome, result->exit_code,
             result->message != NULL ? result->message : "no message");
    check(result->outcome == expected->outcome, expected->task_id, text);
    if (committed != NULL) {
        committed(arg);
    }
    world.next++;
    start_next();
}

static void on_skip(void *c, const struct hk_job_key *key, const struct hk_job_skip *tasks, size_t count,
                    void (*done)(void *arg, const struct hk_error *err), void *arg)
{
    (void)c;
    (void)key;
    snprintf(world.skipped, sizeof world.skipped, "%s", count == 1 ? tasks[0].task_id : "?");
    done(arg, NULL);
}

static void on_stopped(void *arg)
{
    (void)arg;
    uv_stop(&world.loop);
}

static void start_next(void)
{
    if (world.next == COUNT) {
        check(world.last_xcom != NULL && strcmp(world.last_xcom, "\"left\"") != 0, "results came back", "no XCom");
        check(strcmp(world.skipped, "right") == 0, "the branch not taken is skipped", world.skipped);
        hk_local_stop(world.local, on_stopped, NULL);
        return;
    }
    const struct expectation *expected = &expectations[world.next];
    const struct hk_task *task = hk_graph_find_task(world.graph, hk_str_from(expected->task_id));
    const int64_t when = INT64_C(1767312000000000);
    char log_path[128];
    snprintf(log_path, sizeof log_path, "dag_id=good/run_id=r1/task_id=%s/attempt=%zu.log", expected->task_id,
             world.next + 1);
    struct hk_job job = {.key = {1, task->index, -1, (uint32_t)world.next + 1},
                         .graph = world.graph,
                         .task = task,
                         .run_id = "r1",
                         .run_type = "manual",
                         .run_state = "running",
                         .conf_json = "{}",
                         .version_id = "00000000-0000-0000-0000-000000000001",
                         .logical_at_us = when,
                         .interval_start_us = when,
                         .interval_end_us = when,
                         .run_after_us = when,
                         .run_start_us = when,
                         .shown_try = 1,
                         .max_tries = expected->should_retry ? 1 : 0,
                         .should_retry = expected->should_retry,
                         .first_start_us = HK_TIME_NONE,
                         .log_path = log_path};
    world.executor.start(world.executor.context, &job);
}

static void on_parsed(void *arg, json_t *document, const struct hk_error *err)
{
    struct hk_airflow_source source = {NULL, NULL, "dags"};
    struct hk_error why = {0};
    (void)arg;
    check(document != NULL, "the file is parsed", err != NULL ? err->message : "");
    json_t *first = json_array_get(json_object_get(document, "serialized_dags"), 0);
    bool is_read = hk_airflow_read(json_object_get(first, "data"), &source, &world.graph, &why);
    check(is_read, "its DAG is read", why.message);
    if (!is_read) {
        hk_local_stop(world.local, on_stopped, NULL);
        return;
    }
    check(hk_graph_find_task(world.graph, HK_STR("hello"))->runner == HK_RUNNER_COMMAND, "plain Bash runs natively",
          "");
    check(hk_graph_find_task(world.graph, HK_STR("left"))->runner == HK_RUNNER_NOTHING, "Empty runs nowhere", "");
    start_next();
}

static void on_recovered(void *arg, const enum hk_job_recovery *answers, size_t count)
{
    (void)answers;
    (void)count;
    static char path[4096];
    snprintf(path, sizeof path, "%s/good.py", (const char *)arg);
    struct hk_parser_file file = {.path = path, .bundle_path = arg, .bundle_name = "dags"};
    hk_parser_parse(world.parser, &file, on_parsed, NULL);
}

/* As Airflow 3.3.2 writes it: neither what the task prints or logs, nor what its children say, nor its exception. */
static void check_secrets(const char *logs)
{
    static const char *const wanted[] = {"printed ***", "a program said ***", "logged ***", "raised ***"};
    static char text[256 * 1024];
    char path[4300];
    size_t len = 0;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "%s/dag_id=good/run_id=r1/task_id=tell_a_secret/attempt=%zu.log", logs, i + 1);
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            len = fread(text, 1, sizeof text - 1, file);
            fclose(file);
        }
    }
    text[len] = '\0';
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        check(strstr(text, wanted[i]) != NULL, wanted[i], text);
    }
    check(strstr(text, "hunter2") == NULL, "no secret is in the log", text);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "nothing came for 120 s\n");
    abort();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "shim") == 0) {
        return hk_shim_main(argc - 1, argv + 1);
    }
    if (argc != 5) {
        fprintf(stderr, "usage: %s PYTHON HOST_SCRIPT DAGS_FOLDER NEW_HOME_FOLDER\n", argv[0]);
        return 2;
    }
    char logs[4096];
    uv_timer_t limit;
    snprintf(logs, sizeof logs, "%s/logs", argv[4]);
    mkdir(argv[4], 0700);
    uv_loop_init(&world.loop);
    uv_timer_init(&world.loop, &limit);
    uv_timer_start(&limit, on_limit, 120000, 0);
    struct hk_executor_host host = {NULL, on_started, on_finished, on_skip, NULL, NULL};
    struct hk_local_options options = {.loop = &world.loop,
                                       .clock = hk_clock_system(),
                                       .program = "/proc/self/exe",
                                       .home = argv[4],
                                       .log_folder = logs,
                                       .python = argv[1],
                                       .host_script = argv[2],
                                       .environment = (const char *const *)environ,
                                       .parallelism = 2,
                                       .host = host};
    world.local = hk_local_new(&options);
    struct hk_supervisor_options supervisor = {
        .clock = hk_clock_system(),
        .port = hk_python_port_local(world.local),
        .host = host,
        .services = {.xcom_get = xcom_get, .xcom_list = xcom_list, .xcom_set = xcom_set, .rendered_set = rendered_set}};
    struct hk_parser_options parser = {
        .clock = supervisor.clock, .port = supervisor.port, .services = supervisor.services};
    world.supervisor = hk_supervisor_new(&supervisor);
    world.parser = hk_parser_new(&parser);
    struct hk_local_python python = hk_supervisor_python(world.supervisor);
    hk_local_set_python(world.local, &python);
    world.executor = hk_local_executor(world.local);
    world.executor.recover(world.executor.context, NULL, 0, on_recovered, argv[3]);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    check_secrets(logs);
    check(hk_supervisor_count(world.supervisor) == 0 && hk_parser_count(world.parser) == 0, "no session is left",
          "some are");
    hk_parser_free(world.parser);
    hk_supervisor_free(world.supervisor);
    hk_local_free(world.local);
    hk_graph_unref(world.graph);
    free(world.xcom);
    free(world.last_xcom);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    uv_loop_close(&world.loop);
    printf("%d failed\n", world.failures);
    return world.failures > 0;
}
