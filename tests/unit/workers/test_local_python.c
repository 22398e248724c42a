/* Python processes through the shim. */
#include <sys/resource.h>

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
    assert_string_equal(w.message, "\x92\x05got startup"); /* which may come before its host says that it runs */
    hk_local_log(w.local, &python_key, "info", "from the engine");
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "exit 4"));
    wait_python(&w);
    assert_true(w.has_python_ended);
    assert_int_equal(w.python_exit, 4);
    assert_int_equal(w.started_count, 1);
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

/* Many times: what a process that has ended leaves behind is closed. */
static void a_process_may_have_further_log_sockets(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    start_python(&w, "startup");
    wait_python(&w);
    hk_local_mask(w.local, &python_key, HK_STR("hunter2"));
    for (int i = 0; i < 100; i++) {
        hk_local_python_send_log(w.local, &python_key,
                                 HK_STR("\x93\x05"
                                        "from hunter2"));
        wait_python(&w);
        assert_string_equal(w.message, "\x92\x06ok");
    }
    hk_local_python_send(w.local, &python_key,
                         HK_STR("\x93\x05"
                                "exit 0"));
    wait_python(&w);
    assert_int_equal(w.python_exit, 0);
    hk_local_forget(w.local, &python_key);
    const char *log = read_log(&w, 9);
    static const char line[] = "{\"timestamp\":\"2026-11-22T00:00:01Z\",\"level\":\"info\",\"event\":\"from ***\","
                               "\"more\":[\"from ***\"]}\n";
    int count = 0;
    for (const char *at = log; (at = strstr(at, line)) != NULL; at++) {
        count++;
    }
    assert_int_equal(count, 100);
    assert_null(strstr(log, "hunter2"));
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

struct many {
    struct world *world;
    struct hk_job_key key;
    bool has_spoken;
    bool has_ended;
    int exit_code;
};

static void one_of_many_spoke(void *context, struct hk_str payload)
{
    struct many *one = context;
    (void)payload;
    one->has_spoken = true;
    if (one->key.run > 4) {
        hk_local_python_send(one->world->local, &one->key,
                             HK_STR("\x93\x05"
                                    "exit 0"));
    }
    uv_stop(&one->world->loop);
}

static void one_of_many_ended(void *context, int exit_code)
{
    struct many *one = context;
    one->has_ended = true;
    one->exit_code = exit_code;
    uv_stop(&one->world->loop);
}

/* The fake host runs one job after the other, so of four that it was given one runs when it dies; the others end there
 * and then, and make room for those that wait their turn. These go to the next host, and are not lost with the old. */
static void jobs_of_the_next_host_are_not_lost(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    static struct many jobs[12];
    open_world(&w, home);
    for (int i = 0; i < 12; i++) {
        jobs[i] = (struct many){.world = &w, .key = {.run = i + 1, .task = 0, .map_index = -1, .try_number = 1}};
        struct hk_python_session session = {&jobs[i], one_of_many_spoke, one_of_many_ended};
        start_python_job(&w, &jobs[i].key, "startup", &session);
    }
    while (!jobs[0].has_spoken) {
        uv_run(&w.loop, UV_RUN_DEFAULT);
    }
    hk_local_python_send(w.local, &jobs[0].key,
                         HK_STR("\x93\x05"
                                "kill host"));
    for (int i = 0; i < 12; i++) {
        uv_timer_start(&w.limit, on_limit, 30000, 0);
        while (!jobs[i].has_ended) {
            uv_run(&w.loop, UV_RUN_DEFAULT);
        }
        assert_int_equal(jobs[i].exit_code, i < 4 ? HK_EXIT_LOST : 0);
        assert_int_equal(jobs[i].has_spoken, i < 1 || i >= 4);
        hk_local_forget(w.local, &jobs[i].key);
    }
    close_world(&w);
}

/* Four sockets a process: the shim takes what room the system gives, and its children keep what they are used to. */
static void many_processes_have_sockets(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit few = {.rlim_cur = 32, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    static struct world w;
    static struct many jobs[4];
    open_world(&w, home);
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct many){.world = &w, .key = {.run = i + 11, .task = 0, .map_index = -1, .try_number = 1}};
        struct hk_python_session session = {&jobs[i], one_of_many_spoke, one_of_many_ended};
        start_python_job(&w, &jobs[i].key, "startup", &session);
    }
    for (int i = 0; i < 4; i++) {
        uv_timer_start(&w.limit, on_limit, 30000, 0);
        while (!jobs[i].has_ended) {
            uv_run(&w.loop, UV_RUN_DEFAULT);
        }
        assert_int_equal(jobs[i].exit_code, 0);
        hk_local_forget(w.local, &jobs[i].key);
    }
    assert_string_equal(run(&w, "{\"command\": \"ulimit -n\"}")->xcom, "\"32\"");
    close_world(&w);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
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
        cmocka_unit_test(a_process_may_have_further_log_sockets),
        cmocka_unit_test(what_is_secret_is_not_in_the_log),
        cmocka_unit_test(a_new_engine_hears_unanswered_messages),
        cmocka_unit_test(a_dead_host_loses_its_jobs),
        cmocka_unit_test(jobs_of_the_next_host_are_not_lost),
        cmocka_unit_test(many_processes_have_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
