/* Commands: outcomes, logs, ends, descriptors. */
#include "tests/unit/workers/local_world.h"

static void outcomes_of_commands(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    char id[HK_HOME_ID_SIZE];
    char
        prefix[HK_HOME_ID_SIZE + sizeof HK_TEMPORARY_PREFIX + 1]; /* other programs' folders are none of our business */
    assert_true(hk_home_id(home, id));
    snprintf(prefix, sizeof prefix, HK_TEMPORARY_PREFIX "%s_", id);
    const struct result *r = run(&w, "{\"command\": \"echo one; echo two >&2; printf 'last \\\\xff\\\" line  '\"}");
    assert_int_equal(r->outcome, HK_JOB_SUCCEEDED);
    assert_string_equal(r->xcom, "\"last \\\\xff\\\" line\"");
    r = run(&w, "{\"command\": \"echo $GREETING $AIRFLOW_CTX_TASK_ID $HANOK_JOB_ID; exit 3\"}");
    assert_int_equal(r->outcome, HK_JOB_FAILED);
    assert_int_equal(r->exit_code, 3);
    assert_string_equal(r->message, "Bash command failed. The command returned a non-zero exit code 3.");
    assert_non_null(strstr(read_log(&w, 2), "hello t 00000000-0200-8010-8000-000000000000"));
    r = run(&w, "{\"command\": \"exit 99\", \"skip_exit_codes\": [99]}");
    assert_int_equal(r->outcome, HK_JOB_SKIPPED);
    r = run(&w, "{\"command\": \"kill -9 $$\"}");
    assert_int_equal(r->outcome, HK_JOB_FAILED);
    assert_int_equal(r->exit_code, -9);
    r = run(&w, "{\"command\": \"echo ${GREETING-none} $A\", \"env\": {\"A\": \"b\"}}");
    assert_string_equal(r->xcom, "\"none b\"");
    r = run(&w, "{\"command\": \"echo $GREETING $A\", \"env\": {\"A\": \"b\"}, \"append_env\": true}");
    assert_string_equal(r->xcom, "\"hello b\"");
    r = run(&w, "{\"command\": \"pwd\", \"cwd\": \"/usr\", \"push_xcom\": true}");
    assert_string_equal(r->xcom, "\"/usr\"");
    r = run(&w, "{\"command\": \"pwd\", \"cwd\": \"/nowhere\"}");
    assert_int_equal(r->outcome, HK_JOB_FAILED);
    assert_string_equal(r->message, "Can not find the cwd: /nowhere");
    r = run(&w, "{\"command\": \"mkdir -p a/b; touch a/b/c; pwd; test -z \\\"$(cat)\\\"\"}");
    assert_non_null(strstr(r->xcom, prefix));
    assert_int_equal(r->outcome, HK_JOB_SUCCEEDED);
    r = run(&w, "{}");
    assert_string_equal(r->message, "The task has no command to run.");
    r = run(&w, "{\"command\": \"ls /proc/self/fd | wc -l\"}"); /* 0, 1, 2 and ls's own */
    assert_string_equal(r->xcom, "\"4\"");
    close_world(&w);
    assert_int_equal(count_folders(prefix), 0);
}

static void log_lines_are_airflows(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    run(&w, "{\"command\": \"echo 'a b'; exit 1\"}");
    const char *log = read_log(&w, 1);
    static const char *const wanted[] = {
        "\"level\":\"info\",\"event\":\"Tmp dir root location: "
        "/tmp\",\"ti_id\":\"00000000-0100-8010-8000-000000000000\","
        "\"dag_id\":\"demo\",\"task_id\":\"t\",\"run_id\":\"r\",\"map_index\":-1,\"try_number\":1,\"logger\":"
        "\"airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook\"}\n",
        "\"event\":\"Running command: ['/usr/bin/bash', '-c', \\\"echo 'a b'; exit 1\\\"]\"",
        "\"event\":\"Output:\"",
        "\"event\":\"a b\"",
        "\"event\":\"Command exited with return code 1\"",
        "\"level\":\"error\",\"event\":\"Task failed with exception\"",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        log = strstr(log, wanted[i]);
        if (log == NULL) {
            print_message("missing in the log: %s\n%s\n", wanted[i], read_log(&w, 1));
        }
        assert_non_null(log);
    }
    close_world(&w);
}

static void timeouts_and_stops_end_the_group(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    char home_id[HK_HOME_ID_SIZE];
    hk_home_id(home, home_id);
    struct hk_job job = make_job(&w, 1, "{\"command\": \"sleep 60 & sleep 61; true\"}");
    struct hk_task task = *job.task;
    task.execution_timeout_us = 300 * HK_MS_US;
    job.task = &task;
    w.executor.start(w.executor.context, &job);
    wait_results(&w, 1);
    assert_int_equal(w.results[0].outcome, HK_JOB_FAILED);
    assert_non_null(strstr(w.results[0].message, "execution_timeout of 0.3 s"));
    assert_int_equal(hk_proc_count(home_id), 0);

    start(&w, 2, "{\"command\": \"sleep 60 & setsid sleep 0.1; sleep 61; true\"}");
    wait_started(&w);
    w.executor.stop(w.executor.context, &(struct hk_job_key){2, 0, -1, 1}, "The run was marked failed.");
    wait_results(&w, 2);
    assert_int_equal(w.results[1].outcome, HK_JOB_STOPPED);
    assert_string_equal(w.results[1].message, "The run was marked failed.");

    /* The shell dies at once; what it started cleans up in its own time. */
    start(&w, 3,
          "{\"command\": \"(trap 'sleep 0.3; echo cleaned up; exit' TERM; echo ready; sleep 60 & wait) ; true\"}");
    wait_started(&w);
    usleep(300000);
    w.executor.stop(w.executor.context, &(struct hk_job_key){3, 0, -1, 1}, "stop");
    wait_results(&w, 3);
    assert_int_equal(w.results[2].outcome, HK_JOB_STOPPED);
    assert_non_null(strstr(read_log(&w, 3), "\"cleaned up\""));
    assert_int_equal(hk_proc_count(home_id), 0);
    close_world(&w);
}

static void a_helper_does_not_hold_up_the_result(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    char home_id[HK_HOME_ID_SIZE];
    hk_home_id(home, home_id);
    int64_t before = hk_clock_monotonic_us(hk_clock_system());
    const struct result *r = run(&w, "{\"command\": \"sleep 30 & echo done\"}");
    assert_int_equal(r->outcome, HK_JOB_SUCCEEDED);
    assert_string_equal(r->xcom, "\"done\"");
    int64_t took = hk_clock_monotonic_us(hk_clock_system()) - before;
    assert_true(took < 4 * HK_SECOND_US);
    assert_int_equal(hk_proc_count(home_id), 1);
    close_world(&w);
    assert_int_equal(hk_proc_count(home_id), 0);
}

static void five_hundred_jobs(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    run(&w, "{\"command\": \"true\"}");
    size_t descriptors = count_descriptors();
    for (int i = 0; i < 500; i += 10) {
        for (int j = 0; j < 10; j++) {
            start(&w, 1000 + i + j, "{\"command\": \"echo x\"}");
        }
        wait_results(&w, w.result_count + 10);
    }
    for (size_t i = 0; i < w.result_count; i++) {
        assert_int_equal(w.results[i].outcome, HK_JOB_SUCCEEDED);
    }
    assert_int_equal(count_descriptors(), descriptors);
    close_world(&w);
}

/* Four at once: what is handed over beyond that begins when a slot is free, in order, and can be stopped before. */
static void more_jobs_than_slots_take_turns(void **state)
{
    (void)state;
    char home[64];
    char spec[256];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    for (int i = 1; i <= 4; i++) {
        snprintf(spec, sizeof spec, "{\"command\": \"while [ ! -e %s/go%d ]; do sleep 0.02; done\"}", home, i % 2);
        start(&w, i, spec);
    }
    for (int i = 5; i <= 24; i++) { /* the news of most of them is held for a while */
        snprintf(spec, sizeof spec, "{\"command\": \"echo %d >> %s/order\"}", i, home);
        start(&w, i, spec);
    }
    while (w.started_count < 4) {
        wait_started(&w);
    }
    w.executor.stop(w.executor.context, &(struct hk_job_key){7, 0, -1, 1}, "not wanted any more");
    wait_results(&w, 1);
    assert_int_equal(w.started_count, 4);
    assert_int_equal(w.results[0].key.run, 7);
    assert_int_equal(w.results[0].outcome, HK_JOB_STOPPED);
    snprintf(spec, sizeof spec, "%s/order", home);
    assert_int_equal(access(spec, F_OK), -1);
    snprintf(spec, sizeof spec, "%s/go0", home);
    close(open(spec, O_WRONLY | O_CREAT, 0600)); /* two of the four */
    wait_results(&w, 1 + 2 + 19);
    snprintf(spec, sizeof spec, "%s/go1", home);
    close(open(spec, O_WRONLY | O_CREAT, 0600));
    wait_results(&w, 24);
    for (size_t i = 1; i < 24; i++) {
        assert_int_equal(w.results[i].outcome, HK_JOB_SUCCEEDED);
    }
    assert_int_equal(w.started_count, 23);
    close_world(&w);
}

/* They end one by one, since the others never end: each begins only after the one before. */
static void turns_keep_their_order(void **state)
{
    (void)state;
    char home[64];
    char spec[256];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    for (int i = 1; i <= 3; i++) {
        start(&w, i, "{\"command\": \"sleep 60\"}");
    }
    for (int i = 4; i < 40; i++) {
        snprintf(spec, sizeof spec, "{\"command\": \"echo -n '%d ' >> %s/order; cat %s/order\"}", i, home, home);
        start(&w, i, spec);
    }
    wait_results(&w, 36);
    char wanted[256] = "";
    size_t len = 0;
    for (int i = 4; i < 40; i++) {
        assert_int_equal(w.results[i - 4].key.run, i);
        len += (size_t)snprintf(wanted + len, sizeof wanted - len, "%s%d", i == 4 ? "" : " ", i);
    }
    char last[sizeof wanted + 2];
    snprintf(last, sizeof last, "\"%s\"", wanted);
    assert_string_equal(w.results[35].xcom, last);
    close_world(&w);
}

int main(int argc, char **argv)
{
    int status;
    if (live_another_life(argc, argv, &status)) {
        return status;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_of_commands),
        cmocka_unit_test(log_lines_are_airflows),
        cmocka_unit_test(timeouts_and_stops_end_the_group),
        cmocka_unit_test(a_helper_does_not_hold_up_the_result),
        cmocka_unit_test(five_hundred_jobs),
        cmocka_unit_test(more_jobs_than_slots_take_turns),
        cmocka_unit_test(turns_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
