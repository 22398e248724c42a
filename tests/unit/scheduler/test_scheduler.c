#include "tests/unit/scheduler/world.h"

static const char *const AB[] = {"a", "b"};

static struct hk_graph *put_chain(struct world *w)
{
    struct hk_graph_builder *b = world_dag("d", AB, 2);
    hk_graph_builder_edge(b, HK_STR("a"), HK_STR("b"));
    return world_put(w, b, "v1");
}

static void a_run_goes_from_trigger_to_success(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.last_code, HK_OK);
    assert_int_equal(w.start_count, 1);
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    struct hk_executor_host host = hk_scheduler_host(w.scheduler);
    host.started(host.context, &w.started[0], w.now_us, 77);
    world_settle(&w);
    assert_string_equal(world_state(&w, "r1", "a"), "running");
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2);
    world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'success'"), 1);

    assert_int_equal(hk_scheduler_model(w.scheduler)->dags[0]->run_count, 0);
    assert_true(hk_scheduler_is_idle(w.scheduler));
    hk_graph_unref(graph);
    world_close(&w);
}

static void the_same_run_twice_is_a_conflict(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.last_code, HK_CONFLICT);
    world_trigger(&w, "nobody", "r1", HK_TIME_NONE);
    assert_int_equal(w.last_code, HK_NOT_FOUND);
    world_trigger(&w, "d", "with/slash", HK_TIME_NONE);
    assert_int_equal(w.last_code, HK_INVALID);
    assert_int_equal(w.start_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void nothing_starts_before_its_commit(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    hk_store_fail_commit(w.store, 2); /* the first inserts the run, the second queues the task */
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.start_count, 0);
    assert_false(hk_scheduler_is_idle(w.scheduler));
    assert_string_equal(world_state(&w, "r1", "a"), "-");
    world_to(&w, w.now_us + 2 * HK_SECOND_US); /* tried again */
    assert_int_equal(w.start_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void retries_keep_their_history(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->retries = 1;
    hk_graph_builder_find_task(b, HK_STR("a"))->retry_delay_us = 0; /* the next try begins in the same save */
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish_as(&w, &w.started[0],
                    &(struct hk_job_result){.outcome = HK_JOB_FAILED, .exit_code = 3, .ended_at_us = w.now_us});
    assert_int_equal(w.start_count, 2);
    assert_int_equal(w.started[1].try_number, 2);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM task_try WHERE try_number = 1 AND state = 'failed' AND "
                                      "exit_code = 3 AND end_us IS NOT NULL"),
                     1);
    world_finish(&w, &w.started[1], HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r1", "a"), "failed");
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'failed'"), 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_retry_waits_for_its_time(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->retries = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r1", "a"), "up_for_retry");
    int64_t failed_us = w.now_us;
    world_to(&w, failed_us + 299 * HK_SECOND_US);
    assert_int_equal(w.start_count, 1);
    world_to(&w, failed_us + 300 * HK_SECOND_US);
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_lost_job_uses_up_no_try(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_LOST);
    assert_int_equal(w.start_count, 2);
    assert_int_equal(w.started[1].try_number, 2);
    assert_int_equal(world_number(&w, "SELECT try_number FROM task_instance WHERE task_id = 'a'"), 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED); /* late word of the old one */
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    hk_graph_unref(graph);
    world_close(&w);
}

/* ---- people meddle while a job is running ---- */

static void a_run_that_is_ended_by_hand_still_tears_down(void **state)
{
    (void)state;
    static const char *const names[] = {"make", "work", "later", "drop"};
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", names, 4);
    struct hk_task *drop = hk_graph_builder_find_task(b, HK_STR("drop"));
    drop->is_teardown = true;
    drop->trigger_rule = HK_RULE_ALL_DONE_SETUP_SUCCESS;
    hk_graph_builder_find_task(b, HK_STR("make"))->is_setup = true;
    for (size_t i = 0; i + 1 < 4; i++) {
        hk_graph_builder_edge(b, hk_str_from(names[i]), hk_str_from(names[i + 1]));
    }
    hk_graph_builder_edge(b, HK_STR("make"), HK_STR("drop"));
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    struct hk_executor_host host = hk_scheduler_host(w.scheduler);
    host.started(host.context, &w.started[1], w.now_us, 77);
    world_settle(&w);
    for (int i = 0; i < 2; i++) { /* once while work runs, once while drop does */
        hk_scheduler_set_run_state(w.scheduler, "d", "r1", HK_RUN_FAILED, world_done(&w));
        world_settle(&w);
        assert_int_equal(w.last_code, HK_OK);
        assert_int_equal(w.stop_count, 1);
        assert_string_equal(world_state(&w, "r1", "later"), "skipped");
        assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'running'"), 1);
        if (i == 0) {
            assert_string_equal(world_state(&w, "r1", "work"), "failed");
            world_finish(&w, &w.started[1], HK_JOB_STOPPED);
        }
        assert_int_equal(w.start_count, 3);
        assert_string_equal(world_state(&w, "r1", "drop"), "queued");
    }
    world_finish(&w, &w.started[2], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r1", "drop"), "success");
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'success'"), 1); /* of its leaf */
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_cleared_task_begins_anew_when_its_process_has_ended(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_clear(&w, "d", "r1");
    assert_int_equal(w.stop_count, 1);
    assert_int_equal(w.start_count, 1);
    assert_string_equal(world_state(&w, "r1", "a"), "restarting");
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2);
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    hk_graph_unref(graph);
    world_close(&w);
}

static void the_result_of_a_task_that_was_set_and_cleared_does_not_count(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_scheduler_set_task_state(w.scheduler, "d", "r1", "a", -1, HK_TASK_FAILED, world_done(&w));
    world_settle(&w);
    assert_int_equal(w.stop_count, 1);
    world_clear(&w, "d", "r1");
    assert_string_equal(world_state(&w, "r1", "a"), "");
    assert_int_equal(w.start_count, 1); /* not while the old process lives */
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'running'"), 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_job_is_stopped_only_after_the_commit_that_says_so(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_store_fail_commit(w.store, 1);
    hk_scheduler_set_run_state(w.scheduler, "d", "r1", HK_RUN_FAILED, world_done(&w));
    size_t answers = w.answers;
    world_settle(&w);
    assert_int_equal(w.stop_count, 0);
    assert_int_equal(w.answers, answers);
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    assert_int_equal(w.stop_count, 1);
    assert_int_equal(w.answers, answers + 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_run_that_is_being_changed_cannot_be_deleted(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_scheduler_set_run_state(w.scheduler, "d", "r1", HK_RUN_SUCCESS, world_done(&w));
    world_settle(&w);
    world_finish(&w, &w.started[0], HK_JOB_STOPPED);
    struct hk_clear_request clear = {.dag_id = "d", .run_id = "r1"};
    hk_scheduler_clear(w.scheduler, &clear, world_done(&w)); /* reads the run first */
    hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
    assert_int_equal(w.last_code, HK_CONFLICT);
    world_settle(&w);
    hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
    assert_int_equal(w.last_code, HK_CONFLICT);
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    hk_graph_unref(graph);
    world_close(&w);
}

/* ---- crashes ---- */

static void a_job_found_alive_is_adopted(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_crash(&w);
    w.answer = HK_JOB_ALIVE;
    world_open_engine(&w);
    assert_int_equal(w.asked_count, 1);
    assert_int_equal(w.start_count, 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r1", "a"), "success");
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_job_that_is_gone_is_started_again(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_crash(&w);
    w.answer = HK_JOB_UNKNOWN;
    world_open_engine(&w);
    assert_int_equal(w.start_count, 2);
    assert_int_equal(w.started[1].try_number, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_task_cleared_before_the_crash_is_stopped_after_it(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_clear(&w, "d", "r1");
    world_crash(&w);
    w.stop_count = 0;
    w.answer = HK_JOB_ALIVE;
    world_open_engine(&w);
    assert_int_equal(w.stop_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void people_may_come_before_the_jobs_were_found(void **state)
{
    (void)state;
    for (int alive = 0; alive < 2; alive++) {
        struct world w;
        world_open(&w);
        struct hk_graph *graph = put_chain(&w);
        world_trigger(&w, "d", "r1", HK_TIME_NONE);
        world_crash(&w);
        w.holds_recovery = true;
        world_open_engine(&w);
        hk_scheduler_set_run_state(w.scheduler, "d", "r1", HK_RUN_SUCCESS, world_done(&w));
        world_settle(&w);
        assert_int_equal(w.stop_count, 0);
        w.answer = alive ? HK_JOB_ALIVE : HK_JOB_UNKNOWN;
        world_recover(&w);
        world_settle(&w);
        assert_int_equal(w.stop_count, alive);
        if (alive) {
            world_finish(&w, &w.started[0], HK_JOB_STOPPED);
        }
        assert_string_equal(world_state(&w, "r1", "a"), "skipped"); /* as far as was known, it had not begun */
        assert_int_equal(w.start_count, 1);
        assert_int_equal(hk_scheduler_model(w.scheduler)->dags[0]->run_count, 0);
        hk_graph_unref(graph);
        world_close(&w);
    }
}

static void limits_and_pauses_hold_after_a_crash_before_files_are_read(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_dag(b)->max_active_runs = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    for (int i = 0; i < 3; i++) {
        world_trigger(&w, "d", i == 0 ? "r0" : i == 1 ? "r1" : "r2", HK_TIME_NONE);
    }
    assert_int_equal(w.start_count, 1);
    world_crash(&w);
    w.answer = HK_JOB_ALIVE;
    world_open_engine(&w);
    assert_int_equal(w.start_count, 1);
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    world_crash(&w);
    world_open_engine(&w);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 1);
    hk_scheduler_pause(w.scheduler, "d", false, world_done(&w));
    world_settle(&w);
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_run_for_later_starts_then_even_after_a_crash(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    int64_t later_us = w.now_us + HK_HOUR_US;
    struct hk_trigger_request request = {.dag_id = "d",
                                         .run_type = "manual",
                                         .logical_us = HK_TIME_NONE,
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = later_us};
    char run_id[HK_RUN_ID_SIZE];
    hk_scheduler_trigger(w.scheduler, &request, run_id, world_done(&w));
    world_settle(&w);
    assert_string_equal(run_id, "manual__2026-09-21T15:13:20+00:00");
    world_crash(&w);
    world_open_engine(&w);
    world_to(&w, later_us - 1);
    assert_int_equal(w.start_count, 0);
    world_to(&w, later_us);
    assert_int_equal(w.start_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_dag_can_be_triggered_after_a_crash_before_its_file_is_read(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_crash(&w);
    world_open_engine(&w);
    assert_int_equal(hk_scheduler_model(w.scheduler)->dag_count, 0); /* an idle DAG is not read at the start */
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.last_code, HK_OK);
    assert_int_equal(w.start_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_task_that_waits_for_its_setup_alone_is_woken_by_it(void **state)
{
    (void)state;
    static const char *const names[] = {"setup", "boom", "lost", "work"};
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", names, 4);
    hk_graph_builder_find_task(b, HK_STR("setup"))->is_setup = true;
    hk_graph_builder_find_task(b, HK_STR("work"))->trigger_rule = HK_RULE_ALL_DONE;
    hk_graph_builder_edge(b, HK_STR("setup"), HK_STR("lost"));
    hk_graph_builder_edge(b, HK_STR("boom"), HK_STR("lost"));
    hk_graph_builder_edge(b, HK_STR("lost"), HK_STR("work"));
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.start_count, 2);
    bool boom_is_first = w.started[0].task == 1;
    world_finish(&w, &w.started[boom_is_first ? 0 : 1], HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r1", "lost"), "upstream_failed");
    assert_int_equal(w.start_count, 2); /* all before work is done, but its setup is not */
    world_finish(&w, &w.started[boom_is_first ? 1 : 0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 3);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_new_try_begins_without_the_xcoms_of_the_last(void **state)
{
    (void)state;
    static const char COUNT[] = "SELECT count(*) FROM xcom";
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", AB, 2), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    struct hk_job_result result = {
        .outcome = HK_JOB_SUCCEEDED, .ended_at_us = w.now_us, .retry_at_us = HK_TIME_NONE, .xcom_json = HK_STR("1")};
    world_finish_as(&w, &w.started[0], &result);
    assert_int_equal(world_number(&w, COUNT), 1);
    world_clear(&w, "d", "r1");
    assert_int_equal(world_number(&w, COUNT), 0);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_dag_that_fails_fast_ends_what_has_not_ended(void **state)
{
    (void)state;
    static const char *const names[] = {"fails", "runs", "waits", "done", "clean"};
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", names, 5);
    hk_graph_builder_dag(b)->is_fail_fast = true;
    hk_graph_builder_find_task(b, HK_STR("done"))->runner = HK_RUNNER_NOTHING;
    struct hk_task *clean = hk_graph_builder_find_task(b, HK_STR("clean"));
    clean->is_teardown = true;
    clean->trigger_rule = HK_RULE_ALL_DONE;
    hk_graph_builder_edge(b, HK_STR("runs"), HK_STR("waits"));
    hk_graph_builder_edge(b, HK_STR("waits"), HK_STR("clean"));
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.start_count, 2);
    size_t fails = w.started[0].task == 0 ? 0 : 1;
    struct hk_executor_host host = hk_scheduler_host(w.scheduler);
    host.started(host.context, &w.started[1 - fails], w.now_us, 1);
    world_finish(&w, &w.started[fails], HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r1", "runs"), "failed");
    assert_string_equal(world_state(&w, "r1", "waits"), "skipped");
    assert_string_equal(world_state(&w, "r1", "done"), "success");
    assert_int_equal(w.stop_count, 1);
    assert_int_equal(w.start_count, 3);
    assert_int_equal(w.started[2].task, 4);
    hk_graph_unref(graph);
    world_close(&w);
}

/* ---- callbacks of DAGs ---- */

static void a_callback_is_owed_with_the_end_of_a_run(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    w.has_callbacks = true;
    struct hk_graph *graph = world_put(&w, world_dag("d", AB, 1), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_store_fail_commit(w.store, 1);
    world_finish(&w, &w.started[0], HK_JOB_FAILED);
    assert_int_equal(w.call_count, 0); /* not before the end is committed */
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    assert_int_equal(w.call_count, 1);
    assert_string_equal(w.last_reason, "task_failure");
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_callback c JOIN dag_run r USING (run_key) WHERE "
                                      "r.state = 'failed' AND c.ended_us = r.end_us"),
                     1);
    world_crash(&w); /* the row outlives it */
    world_open_engine(&w);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_callback"), 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_state_that_a_person_sets_calls_nobody(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    w.has_callbacks = true;
    struct hk_graph *graph = world_put(&w, world_dag("d", AB, 1), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_scheduler_set_run_state(w.scheduler, "d", "r1", HK_RUN_FAILED, world_done(&w));
    world_settle(&w);
    assert_int_equal(w.call_count, 0);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_callback"), 0);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_timeout_says_so_to_the_callback(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    w.has_callbacks = true;
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_dag(b)->run_timeout_us = HK_MINUTE_US;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_to(&w, w.now_us + HK_MINUTE_US);
    assert_int_equal(w.call_count, 1);
    assert_string_equal(w.last_reason, "timed_out");
    hk_graph_unref(graph);
    world_close(&w);
}

/* ---- schedules ---- */

static struct hk_graph *put_hourly(struct world *w)
{
    struct hk_graph_builder *b = world_dag("h", AB, 1);
    struct hk_graph *g = hk_graph_builder_dag(b);
    struct hk_error err;
    assert_true(hk_schedule_parse(b, HK_STR("@hourly"), NULL, &g->schedule, &err));
    g->start_at_us = w->now_us;
    return world_put(w, b, "v1");
}

static void a_scheduled_run_is_made_in_time(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_hourly(&w); /* at 14:13:20 */
    assert_int_equal(w.start_count, 0);
    assert_int_equal(w.timer_us, INT64_C(1790002800) * HK_SECOND_US);
    world_to(&w, w.timer_us);
    assert_int_equal(w.start_count, 1);
    assert_int_equal(
        world_number(&w, "SELECT count(*) FROM dag_run WHERE run_id = 'scheduled__2026-09-21T15:00:00+00:00'"), 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void continuous_is_at_most_once_a_second(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("c", AB, 1);
    struct hk_graph *g = hk_graph_builder_dag(b);
    struct hk_error err;
    assert_true(hk_schedule_parse(b, HK_STR("@continuous"), NULL, &g->schedule, &err));
    g->start_at_us = w.now_us - HK_HOUR_US;
    hk_graph_builder_find_task(b, HK_STR("a"))->runner = HK_RUNNER_NOTHING;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_to(&w, w.now_us + 10 * HK_SECOND_US);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE state = 'success'"), 11);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run a JOIN dag_run b ON b.interval_start_us = "
                                      "a.interval_end_us AND b.run_key = a.run_key + 1"),
                     10);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_run_that_could_not_be_made_is_tried_again(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_hourly(&w);
    hk_store_fail_commit(w.store, 1);
    world_to(&w, w.timer_us);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run"), 0);
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run"), 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_clock_set_back_delays_and_loses_nothing(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->retries = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_FAILED);
    int64_t due_us = w.now_us + 300 * HK_SECOND_US;
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    world_to(&w, due_us); /* the timer fires in vain */
    w.now_us = due_us - 100 * HK_SECOND_US;
    hk_scheduler_pause(w.scheduler, "d", false, world_done(&w));
    world_settle(&w);
    assert_int_equal(w.start_count, 1);
    world_to(&w, due_us);
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void the_past_is_asked_for_until_it_is_known(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->depends_on_past = true;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", w.now_us - 2 * HK_SECOND_US);
    world_finish(&w, &w.started[0], HK_JOB_FAILED);
    world_trigger(&w, "d", "r2", w.now_us - HK_SECOND_US);
    assert_int_equal(w.start_count, 1);
    hk_store_fail_commit(w.store, 2); /* the first deletes the run, the second reads what is before r2 now */
    hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
    world_settle(&w);
    assert_int_equal(w.last_code, HK_OK);
    assert_int_equal(w.start_count, 1);
    assert_false(hk_scheduler_is_idle(w.scheduler));
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_full_disk_does_not_keep_it_from_ending(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_chain(&w);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    hk_store_fail_commit(w.store, 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_false(hk_scheduler_is_idle(w.scheduler)); /* the result is still to be saved */
    hk_scheduler_stop(w.scheduler);
    assert_true(hk_scheduler_is_idle(w.scheduler));
    hk_graph_unref(graph);
    world_close(&w);
}

static const char *const TWELVE[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};

/* Four slots, and two that the executor takes ahead. */
static void short_jobs_are_handed_over_ahead_of_their_turn(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", TWELVE, 12), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(w.start_count, 4);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 1 + 5); /* one has ended within the last second, so one more than can run */
    world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2 + 6);
    world_finish(&w, &w.started[2], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 3 + 6); /* it takes no more */
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    world_finish(&w, &w.started[3], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 4 + 5);
    hk_graph_unref(graph);
    world_close(&w);
}

static void python_jobs_are_not_handed_over_early(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", TWELVE, 12);
    for (size_t i = 0; i < 12; i++) {
        hk_graph_builder_find_task(b, hk_str_from(TWELVE[i]))->runner = HK_RUNNER_PYTHON;
    }
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2 + 4);
    hk_graph_unref(graph);
    world_close(&w);
}

static void what_is_important_overtakes_long_jobs(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", TWELVE, 12), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM task_instance WHERE state = 'queued'"), 4);
    struct hk_graph_builder *b = world_dag("urgent", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->priority_weight = 100;
    struct hk_graph *urgent = world_put(&w, b, "v2");
    world_trigger(&w, "urgent", "u1", HK_TIME_NONE);
    assert_string_equal(world_state(&w, "u1", "a"), "scheduled");
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "u1", "a"), "queued");
    assert_int_equal(w.started[4].run, world_number(&w, "SELECT run_key FROM dag_run WHERE run_id = 'u1'"));
    hk_graph_unref(urgent);
    hk_graph_unref(graph);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_goes_from_trigger_to_success),
        cmocka_unit_test(the_same_run_twice_is_a_conflict),
        cmocka_unit_test(nothing_starts_before_its_commit),
        cmocka_unit_test(retries_keep_their_history),
        cmocka_unit_test(a_retry_waits_for_its_time),
        cmocka_unit_test(a_lost_job_uses_up_no_try),
        cmocka_unit_test(a_run_that_is_ended_by_hand_still_tears_down),
        cmocka_unit_test(a_cleared_task_begins_anew_when_its_process_has_ended),
        cmocka_unit_test(the_result_of_a_task_that_was_set_and_cleared_does_not_count),
        cmocka_unit_test(a_job_is_stopped_only_after_the_commit_that_says_so),
        cmocka_unit_test(a_run_that_is_being_changed_cannot_be_deleted),
        cmocka_unit_test(a_job_found_alive_is_adopted),
        cmocka_unit_test(a_job_that_is_gone_is_started_again),
        cmocka_unit_test(a_task_cleared_before_the_crash_is_stopped_after_it),
        cmocka_unit_test(people_may_come_before_the_jobs_were_found),
        cmocka_unit_test(limits_and_pauses_hold_after_a_crash_before_files_are_read),
        cmocka_unit_test(a_run_for_later_starts_then_even_after_a_crash),
        cmocka_unit_test(a_dag_can_be_triggered_after_a_crash_before_its_file_is_read),
        cmocka_unit_test(a_task_that_waits_for_its_setup_alone_is_woken_by_it),
        cmocka_unit_test(a_new_try_begins_without_the_xcoms_of_the_last),
        cmocka_unit_test(a_dag_that_fails_fast_ends_what_has_not_ended),
        cmocka_unit_test(a_callback_is_owed_with_the_end_of_a_run),
        cmocka_unit_test(a_state_that_a_person_sets_calls_nobody),
        cmocka_unit_test(a_timeout_says_so_to_the_callback),
        cmocka_unit_test(a_scheduled_run_is_made_in_time),
        cmocka_unit_test(continuous_is_at_most_once_a_second),
        cmocka_unit_test(a_run_that_could_not_be_made_is_tried_again),
        cmocka_unit_test(a_clock_set_back_delays_and_loses_nothing),
        cmocka_unit_test(the_past_is_asked_for_until_it_is_known),
        cmocka_unit_test(a_full_disk_does_not_keep_it_from_ending),
        cmocka_unit_test(short_jobs_are_handed_over_ahead_of_their_turn),
        cmocka_unit_test(python_jobs_are_not_handed_over_early),
        cmocka_unit_test(what_is_important_overtakes_long_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
