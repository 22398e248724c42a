/* Engines and shims that are killed. */
#include "tests/unit/workers/local_world.h"
#include "workers/shim_exits.h"

static void a_new_engine_adopts_the_tasks(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    int shim;
    kill_engine(home, "commands", &shim);
    static struct world w;
    open_world(&w, home);
    struct hk_job jobs[3];
    for (int i = 0; i < 3; i++) {
        jobs[i] = make_job(&w, i + 1, "{\"command\": \"\"}");
        jobs[i].log_path = "x.log";
    }
    jobs[2].key.run = 77; /* unknown to the shim */
    recover(&w, jobs, 3);
    assert_int_equal(w.answers[0], HK_JOB_ALIVE); /* had ended */
    assert_int_equal(w.answers[1], HK_JOB_ALIVE); /* runs for a second */
    assert_int_equal(w.answers[2], HK_JOB_UNKNOWN);
    wait_results(&w, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w.results[i].outcome, HK_JOB_SUCCEEDED);
        assert_string_equal(w.results[i].xcom, w.results[i].key.run == 1 ? "\"quick\"" : "\"slow\"");
    }
    char home_id[HK_HOME_ID_SIZE];
    hk_home_id(home, home_id);
    assert_int_equal(hk_proc_count(home_id), 0); /* job 3, which nobody asked for, was ended */
    assert_int_equal(kill(shim, 0), 0);
    start(&w, 5, "{\"command\": \"echo again\"}");
    wait_results(&w, 3);
    assert_string_equal(w.results[2].xcom, "\"again\"");
    close_world(&w);
}

static void both_die_and_nothing_is_left(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    int shim;
    kill_engine(home, "commands", &shim);
    kill(shim, SIGKILL);
    static struct world w;
    open_world(&w, home);
    char home_id[HK_HOME_ID_SIZE];
    hk_home_id(home, home_id);
    struct hk_job jobs[2];
    for (int i = 0; i < 2; i++) {
        jobs[i] = make_job(&w, i + 1, "{\"command\": \"\"}");
    }
    recover(&w, jobs, 2);
    assert_int_equal(hk_proc_count(home_id), 0);
    assert_int_equal(w.answers[0], HK_JOB_ALIVE); /* its result had been written down */
    assert_int_equal(w.answers[1], HK_JOB_UNKNOWN);
    wait_results(&w, 1);
    assert_string_equal(w.results[0].xcom, "\"quick\"");
    start(&w, 2, "{\"command\": \"echo once more\"}");
    wait_results(&w, 2);
    assert_string_equal(w.results[1].xcom, "\"once more\"");
    close_world(&w);
}

static void a_dead_shim_is_replaced(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    start(&w, 1, "{\"command\": \"ps -o ppid= -p $$ > $HANOK_HOME/ppid; (sleep 60 &) ; sleep 61; true\"}");
    wait_started(&w);
    usleep(300000);
    char path[128];
    char text[32] = "";
    snprintf(path, sizeof path, "%s/run/shim.lock", home);
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    int64_t pid;
    assert_true(hk_str_to_i64(hk_str_from(text), &pid));
    kill((pid_t)pid, SIGKILL);
    wait_results(&w, 1);
    assert_int_equal(w.results[0].outcome, HK_JOB_LOST);
    char home_id[HK_HOME_ID_SIZE];
    hk_home_id(home, home_id);
    assert_int_equal(hk_proc_count(home_id), 0);
    start(&w, 2, "{\"command\": \"echo on\"}");
    wait_results(&w, 2);
    assert_string_equal(w.results[1].xcom, "\"on\"");
    close_world(&w);
}

/* A busy shim always has some result that is not committed yet, so the file is never empty: it must not grow for that.
 */
static void results_that_are_forgotten_take_no_room(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    w.holds_commits = true;
    run(&w, "{\"command\": \"echo kept\"}");
    w.holds_commits = false;
    size_t most = 0;
    for (int i = 0; i < 20; i++) {
        run(&w, "{\"command\": \"head -c 200000 /dev/zero | tr '\\\\0' x\"}");
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s/run/exits", home);
        assert_int_equal(stat(path, &st), 0);
        most = (size_t)st.st_size > most ? (size_t)st.st_size : most;
    }
    assert_true(most > 400000); /* they did go through it */
    assert_true(most < 2000000);
    struct hk_buf all;
    struct hk_shim_message m;
    size_t at = 0;
    bool is_kept = false;
    hk_shim_exits_read(home, &all);
    while (hk_shim_exits_next(&all, &at, &m)) {
        is_kept = is_kept || (m.key.run == 1 && hk_str_is(m.ended.last_line, "kept"));
    }
    assert_int_equal(at, all.len);
    assert_true(is_kept);
    hk_buf_clear(&all);
    close_world(&w);
}

/* DAG files are read while a new engine still looks after what an earlier one left. */
static void what_begins_during_recovery_runs_after_it(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    w.executor.recover(w.executor.context, NULL, 0, on_recovered, &w);
    start_python(&w, "startup");
    wait_python(&w);
    assert_true(w.is_recovered);
    assert_string_equal(w.message, "\x92\x05got startup");
    close_world(&w);
    assert_int_equal(w.python_exit, HK_EXIT_LOST);
}

/* The same beside a shim that is alive and says what it has. */
static void what_begins_while_the_shim_is_asked_runs_after_it(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    int shim;
    kill_engine(home, "commands", &shim);
    static struct world w;
    open_world(&w, home);
    w.executor.recover(w.executor.context, NULL, 0, on_recovered, &w);
    start_python(&w, "startup");
    wait_python(&w);
    assert_true(w.is_recovered);
    assert_string_equal(w.message, "\x92\x05got startup");
    close_world(&w);
}

static void a_stop_during_recovery_loses_what_had_begun(void **state)
{
    (void)state;
    char home[64];
    make_home(home);
    static struct world w;
    open_world(&w, home);
    w.executor.recover(w.executor.context, NULL, 0, on_recovered, &w);
    start_python(&w, "startup");
    close_world(&w);
    assert_false(w.is_recovered);
    assert_true(w.has_python_ended);
    assert_int_equal(w.python_exit, HK_EXIT_LOST);
}

int main(int argc, char **argv)
{
    int status;
    if (live_another_life(argc, argv, &status)) {
        return status;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_engine_adopts_the_tasks),
        cmocka_unit_test(both_die_and_nothing_is_left),
        cmocka_unit_test(a_dead_shim_is_replaced),
        cmocka_unit_test(what_begins_during_recovery_runs_after_it),
        cmocka_unit_test(what_begins_while_the_shim_is_asked_runs_after_it),
        cmocka_unit_test(a_stop_during_recovery_loses_what_had_begun),
        cmocka_unit_test(results_that_are_forgotten_take_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
