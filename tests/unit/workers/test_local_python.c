/* Python processes through the shim. */
#include "tests/unit/workers/local_world.h"

static void python_messages_are_relayed(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    start_python(&w, "startup");
    wait_python(&w);
    assert_string_equal(w.message, "\x92\x05got startup");
    assert_int_equal(w.started_count, 1);
    hk_local_log(w.local, &python_key, "info", "from the engine");
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "exit 4"));
    wait_python(&w);
    assert_true(w.has_python_ended);
    assert_int_equal(w.python_exit, 4);
    hk_local_forget(w.local, &python_key);
    const char *log = read_log(&w, 9);
    assert_non_null(strstr(log, "\"event\":\"on stdout\",\"logger\":\"task.stdout\"}"));
    assert_non_null(strstr(log, "\"level\":\"error\",\"event\":\"on stderr\",\"logger\":\"task.stderr\"}"));
    assert_non_null(strstr(log, "{\"timestamp\":\"2026-11-22T00:00:00Z\",\"level\":\"info\",\"event\":\"on logs\"}"));
    assert_non_null(strstr(log, "\"event\":\"from the engine\",\"logger\":\"task\"}"));
    assert_non_null(strstr(log, "\"event\":\"Process exited abnormally\",\"logger\":\"task\",\"exit_code\":4}"));
    close_world(&w);
}

/* Its first message is sent with it, long before there is a process to read it. */
static void a_python_job_may_wait_for_its_turn(void **state)
{
    (void)state;
    char home[64];
    char spec[256];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    snprintf(spec, sizeof spec, "{\"command\": \"while [ ! -e %s/go ]; do sleep 0.02; done\"}", home);
    for (int i = 1; i <= 4; i++) { /* all slots */
        start(&w, i, spec);
    }
    start_python(&w, "startup");
    while (w.started_count < 4) {
        wait_started(&w);
    }
    assert_string_equal(w.message, "");
    snprintf(spec, sizeof spec, "%s/go", home);
    close(open(spec, O_WRONLY | O_CREAT, 0600));
    wait_python(&w);
    assert_string_equal(w.message, "\x92\x05got startup");
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "exit 0"));
    wait_results(&w, 4);
    while (!w.has_python_ended) {
        wait_python(&w);
    }
    assert_int_equal(w.python_exit, 0);
    hk_local_forget(w.local, &python_key);
    close_world(&w);
}

/* The process prints only after it was answered, and the secret is sent before the answer. */
static void what_is_secret_is_not_in_the_log(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    start_python(&w, "startup");
    wait_python(&w);
    hk_local_mask(w.local, &python_key, HK_STR("hunter2"));
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "print hunter2"));
    wait_python(&w);
    assert_true(w.has_python_ended);
    hk_local_forget(w.local, &python_key);
    const char *log = read_log(&w, 9);
    assert_non_null(strstr(log, "\"event\":\"print *** on stdout\",\"logger\":\"task.stdout\"}"));
    assert_non_null(strstr(log, "\"event\":\"print *** on stderr\",\"logger\":\"task.stderr\"}"));
    assert_null(strstr(log, "hunter2"));
    close_world(&w);
}

static void adopt(void *context, const struct hk_job *job, int pid)
{
    struct world *w = context;
    assert_true(hk_job_key_eq(&job->key, &python_key));
    assert_true(pid > 1);
    hk_local_python_attach(w->local, &job->key, &(struct hk_python_session){w, on_python_message, on_python_ended});
}

static void a_new_engine_hears_unanswered_messages(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    int shim;
    kill_engine(home, "python", &shim);
    static struct world w;
    open_world(&w, home);
    struct hk_local_python python = {.context = &w, .adopt = adopt};
    hk_local_set_python(w.local, &python);
    struct hk_job job = make_job(&w, 9, "{}");
    struct hk_task task = *job.task;
    task.runner = HK_RUNNER_PYTHON;
    job.task = &task;
    recover(&w, &job, 1);
    assert_int_equal(w.answers[0], HK_JOB_ALIVE);
    wait_python(&w);
    assert_string_equal(w.message, "\x92\x05got startup");
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "exit 0"));
    wait_python(&w);
    assert_true(w.has_python_ended);
    assert_int_equal(w.python_exit, 0);
    hk_local_forget(w.local, &python_key);
    close_world(&w);
}

static void a_dead_host_loses_its_jobs(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    start_python(&w, "startup");
    wait_python(&w);
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "kill host"));
    wait_python(&w);
    assert_true(w.has_python_ended);
    assert_int_equal(w.python_exit, HK_EXIT_LOST);
    hk_local_forget(w.local, &python_key);
    w.has_python_ended = false;
    start_python(&w, "startup");
    wait_python(&w);
    assert_string_equal(w.message, "\x92\x05got startup");
    close_world(&w);
    assert_int_equal(w.python_exit, HK_EXIT_LOST);
}

int main(int argc, char **argv)
{
    int status;
    if (live_another_life(argc, argv, &status)) {
        return status;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(python_messages_are_relayed),
        cmocka_unit_test(a_python_job_may_wait_for_its_turn),
        cmocka_unit_test(what_is_secret_is_not_in_the_log),
        cmocka_unit_test(a_new_engine_hears_unanswered_messages),
        cmocka_unit_test(a_dead_host_loses_its_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
