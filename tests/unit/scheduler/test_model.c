/* The model through the scheduler: who looks back to whom, who waits for what, and what is kept in memory. */
#include "tests/unit/scheduler/world.h"

static const char *const ABC[] = {"a", "b", "c"};

static struct hk_graph *put_past(struct world *w, bool catchup)
{
    struct hk_graph_builder *b = world_dag("d", ABC, 1);
    hk_graph_builder_dag(b)->catchup = catchup;
    hk_graph_builder_find_task(b, HK_STR("a"))->depends_on_past = true;
    return world_put(w, b, "v1");
}

static const struct hk_run *find(struct world *w, const char *run_id)
{
    const struct hk_dag *dag = hk_scheduler_model(w->scheduler)->dags[0];
    for (size_t i = 0; i < dag->run_count; i++) {
        if (strcmp(dag->runs[i]->run_id, run_id) == 0) {
            return dag->runs[i];
        }
    }
    return NULL;
}

static void a_run_waits_for_the_one_before(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_past(&w, false);
    world_trigger(&w, "d", "r1", w.now_us - 20);
    world_trigger(&w, "d", "r2", w.now_us - 10);
    assert_int_equal(w.start_count, 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2);
    assert_null(find(&w, "r1"));
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_run_that_comes_between_is_waited_for(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_past(&w, false);
    world_trigger(&w, "d", "r1", w.now_us - 30);
    world_trigger(&w, "d", "r3", w.now_us - 10);
    world_trigger(&w, "d", "r2", w.now_us - 20);
    assert_ptr_equal(find(&w, "r3")->prior, find(&w, "r2"));
    assert_ptr_equal(find(&w, "r2")->prior, find(&w, "r1"));
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2);
    assert_int_equal(w.started[1].run, find(&w, "r2")->run_key);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_dag_that_catches_up_does_not_look_at_manual_runs(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_past(&w, true);
    world_trigger(&w, "d", "r1", w.now_us - 20);
    world_trigger(&w, "d", "r2", w.now_us - 10);
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void the_run_before_may_have_finished_while_an_older_one_runs(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_past(&w, false);
    world_trigger(&w, "d", "r1", w.now_us - 30);
    world_trigger(&w, "d", "r2", w.now_us - 20);
    hk_scheduler_set_run_state(w.scheduler, "d", "r2", HK_RUN_SUCCESS, world_done(&w));
    world_settle(&w);
    assert_null(find(&w, "r2"));
    world_trigger(&w, "d", "r3", w.now_us - 10); /* r1 is in memory, but r2 stands before it */
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_past_that_failed_blocks_until_it_is_cleared_or_deleted(void **state)
{
    (void)state;
    for (int deleted = 0; deleted < 2; deleted++) {
        struct world w;
        world_open(&w);
        struct hk_graph *graph = put_past(&w, false);
        world_trigger(&w, "d", "r1", w.now_us - 30);
        world_trigger(&w, "d", "r2", w.now_us - 20);
        world_finish(&w, &w.started[0], HK_JOB_FAILED);
        assert_int_equal(w.start_count, 1);
        assert_null(find(&w, "r1")); /* gone from memory; what it was is kept */
        assert_int_equal(hk_model_prior_state(find(&w, "r2"), 0), HK_TASK_FAILED);
        if (deleted) {
            hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
            world_settle(&w);
            assert_int_equal(w.start_count, 2);
        } else {
            world_clear(&w, "d", "r1");
            assert_int_equal(w.start_count, 2);
            world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
            assert_int_equal(w.start_count, 3);
        }
        hk_graph_unref(graph);
        world_close(&w);
    }
}

static void the_past_is_found_again_after_a_crash(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = put_past(&w, false);
    world_trigger(&w, "d", "r2", w.now_us - 10); /* made first, later in date: loaded in the order of keys */
    world_trigger(&w, "d", "r1", w.now_us - 20);
    assert_int_equal(w.start_count, 2);
    world_trigger(&w, "d", "r3", w.now_us - 5);
    world_crash(&w);
    w.answer = HK_JOB_ALIVE;
    world_open_engine(&w);
    assert_ptr_equal(find(&w, "r3")->prior, find(&w, "r2"));
    assert_ptr_equal(find(&w, "r2")->prior, find(&w, "r1"));
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_full_pool_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    hk_scheduler_pool_put(w.scheduler, "busy", 0);
    hk_scheduler_pool_put(w.scheduler, "small", 1);
    struct hk_graph_builder *b = world_dag("d", ABC, 3);
    hk_graph_builder_dag(b)->max_active_tasks = 1;
    hk_graph_builder_find_task(b, HK_STR("a"))->pool = "busy";
    hk_graph_builder_find_task(b, HK_STR("a"))->priority_weight = 9;
    hk_graph_builder_find_task(b, HK_STR("b"))->pool = "small";
    hk_graph_builder_find_task(b, HK_STR("b"))->pool_slots = 2; /* can never run there */
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    assert_int_equal(w.start_count, 1);
    assert_int_equal(w.started[0].task, 2);
    hk_scheduler_pool_put(w.scheduler, "small", 2);
    world_settle(&w);
    assert_int_equal(w.start_count, 1); /* max_active_tasks */
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(w.start_count, 2);
    assert_int_equal(w.started[1].task, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_limit_that_a_new_version_lifts_lets_waiting_tasks_go(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", ABC, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->max_active_per_dag = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_trigger(&w, "d", "r2", HK_TIME_NONE);
    assert_int_equal(w.start_count, 1);
    struct hk_graph *free_graph = world_put(&w, world_dag("d", ABC, 1), "v2");
    assert_int_equal(w.start_count, 2);
    hk_graph_unref(graph);
    hk_graph_unref(free_graph);
    world_close(&w);
}

static void a_run_has_its_tasks_in_the_database_before_it_begins(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", ABC, 2);
    hk_graph_builder_dag(b)->max_active_runs = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_trigger(&w, "d", "r2", HK_TIME_NONE);
    assert_string_equal(world_state(&w, "r2", "a"), "");
    hk_scheduler_set_run_state(w.scheduler, "d", "r2", HK_RUN_SUCCESS, world_done(&w));
    world_settle(&w);
    assert_string_equal(world_state(&w, "r2", "b"), "skipped");
    assert_null(find(&w, "r2"));
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_queued_run_can_be_deleted(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", ABC, 2);
    hk_graph_builder_dag(b)->max_active_runs = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    world_trigger(&w, "d", "r2", HK_TIME_NONE);
    hk_scheduler_delete_run(w.scheduler, "d", "r2", world_done(&w));
    struct hk_command_done nobody = {NULL, NULL};
    hk_scheduler_clear(w.scheduler, &(struct hk_clear_request){.dag_id = "d", .run_id = "r2"}, nobody);
    world_settle(&w);
    assert_int_equal(w.last_code, HK_OK);
    assert_null(find(&w, "r2"));
    assert_string_equal(world_state(&w, "r2", "a"), "-");
    hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
    world_settle(&w);
    assert_int_equal(w.last_code, HK_CONFLICT); /* it is running */
    hk_graph_unref(graph);
    world_close(&w);
}

/* What an executor still knows of the newest run's job (a result it has kept, a file on disk) is not about the run that
 * comes after that one was deleted. */
static void a_late_word_on_a_deleted_run_is_about_no_other(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", ABC, 1), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    const struct hk_job_key old = w.started[0];
    world_finish(&w, &old, HK_JOB_SUCCEEDED);
    hk_scheduler_delete_run(w.scheduler, "d", "r1", world_done(&w));
    world_settle(&w);
    world_trigger(&w, "d", "r2", HK_TIME_NONE);
    assert_int_equal(w.start_count, 2);
    world_finish(&w, &old, HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r2", "a"), "queued");
    world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r2", "a"), "success");
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_task_instance_that_comes_back_is_another_job(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", ABC, 1), "v1");
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    const struct hk_job_key old = w.started[0];
    world_finish(&w, &old, HK_JOB_SUCCEEDED);
    hk_scheduler_delete_task(w.scheduler, &(struct hk_task_place){"d", "r1", "a"}, -1, world_done(&w));
    world_settle(&w);
    assert_string_equal(world_state(&w, "r1", "a"), "-");
    world_clear(&w, "d", "r1");
    assert_int_equal(w.start_count, 2);
    world_finish(&w, &old, HK_JOB_FAILED);
    assert_string_equal(world_state(&w, "r1", "a"), "queued");
    world_finish(&w, &w.started[1], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r1", "a"), "success");
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_deleted_dag_begins_anew(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", ABC, 2), "v1");
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    hk_scheduler_dag_deleted(w.scheduler, "d");
    assert_true(hk_scheduler_model(w.scheduler)->dags[0]->is_stale);
    const struct hk_dag_update update = {.graph = graph,
                                         .version_key = 1,
                                         .version_id = "v1",
                                         .last_start_us = HK_TIME_NONE,
                                         .last_end_us = HK_TIME_NONE};
    struct hk_error err;
    assert_true(hk_scheduler_dag_put(w.scheduler, &update, &err));
    assert_false(hk_scheduler_model(w.scheduler)->dags[0]->is_paused); /* as the update says, not as it was */
    world_settle(&w);
    hk_graph_unref(graph);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_waits_for_the_one_before),
        cmocka_unit_test(a_run_that_comes_between_is_waited_for),
        cmocka_unit_test(a_dag_that_catches_up_does_not_look_at_manual_runs),
        cmocka_unit_test(the_run_before_may_have_finished_while_an_older_one_runs),
        cmocka_unit_test(a_past_that_failed_blocks_until_it_is_cleared_or_deleted),
        cmocka_unit_test(the_past_is_found_again_after_a_crash),
        cmocka_unit_test(a_full_pool_does_not_hold_up_the_others),
        cmocka_unit_test(a_limit_that_a_new_version_lifts_lets_waiting_tasks_go),
        cmocka_unit_test(a_run_has_its_tasks_in_the_database_before_it_begins),
        cmocka_unit_test(a_queued_run_can_be_deleted),
        cmocka_unit_test(a_late_word_on_a_deleted_run_is_about_no_other),
        cmocka_unit_test(a_task_instance_that_comes_back_is_another_job),
        cmocka_unit_test(a_deleted_dag_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
