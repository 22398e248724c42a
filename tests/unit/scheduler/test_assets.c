#include "engine/store/asset_store.h"
#include "tests/unit/scheduler/world.h"

static struct world w;

static const char *const ONE[] = {"t"};
static const char CONSUMED[] = "SELECT count(*) FROM asset_event_run";
static const char QUEUED[] = "SELECT count(*) FROM asset_queue";
static const char RUNS[] = "SELECT count(*) FROM dag_run WHERE run_type = 'asset_triggered'";

static int open_world(void **state)
{
    (void)state;
    world_open(&w);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static uint32_t asset(struct hk_graph_builder *b, const char *name)
{
    struct hk_asset a = {.name = name, .uri = name};
    return hk_graph_builder_asset(b, &a);
}

/* Scheduled on x and y, or (any) on one of them. */
static struct hk_graph_builder *consumer(const char *dag_id, enum hk_asset_op op)
{
    struct hk_graph_builder *b = world_dag(dag_id, ONE, 1);
    hk_graph_builder_dag(b)->schedule.kind = HK_SCHEDULE_ASSETS;
    hk_graph_builder_condition(b, op, 2);
    hk_graph_builder_condition(b, HK_ASSET_ONE, asset(b, "x"));
    hk_graph_builder_condition(b, HK_ASSET_ONE, asset(b, "y"));
    return b;
}

static bool change(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk_asset_event_save save = {
        .extra_json = "{\"n\":1}", .source_map_index = HK_TIME_NONE, .happened_us = w.now_us};
    return hk_store_asset_changed(db, arg, &save, err);
}

/* As another door does: the scheduler hears of it by itself. */
static void event(const char *name)
{
    struct hk_write write = {change, NULL, (void *)(uintptr_t)name, false};
    hk_store_submit(w.store, &write);
    world_settle(&w);
}

static void put(struct hk_graph_builder *b, const char *version)
{
    hk_graph_unref(world_put(&w, b, version));
}

static void all_are_waited_for(void **state)
{
    (void)state;
    put(consumer("d", HK_ASSET_ALL), "v1");
    event("x");
    event("x");
    event("unknown");
    assert_int_equal(world_number(&w, RUNS), 0);
    w.now_us += 5;
    event("y");
    assert_int_equal(world_number(&w, RUNS), 1);
    assert_int_equal(world_number(&w, CONSUMED), 3);
    assert_int_equal(world_number(&w, QUEUED), 0);
    assert_int_equal(w.start_count, 1);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM dag_run WHERE run_id GLOB "
                                      "'asset_triggered__2026-09-21T*+00:00_*' AND logical_us IS NULL AND "
                                      "triggered_by = 'asset' AND run_after_us % 1000000 = 5"),
                     1);
    event("y");
    assert_int_equal(world_number(&w, RUNS), 1);
}

static void one_of_them_is_enough(void **state)
{
    (void)state;
    put(consumer("d", HK_ASSET_ANY), "v1");
    event("y");
    assert_int_equal(world_number(&w, RUNS), 1);
    assert_int_equal(world_number(&w, CONSUMED), 1);
    event("x");
    assert_int_equal(world_number(&w, RUNS), 2);
}

static void what_comes_while_there_is_no_room_makes_one_run(void **state)
{
    (void)state;
    struct hk_graph_builder *b = consumer("d", HK_ASSET_ANY);
    hk_graph_builder_dag(b)->max_active_runs = 1;
    put(b, "v1");
    event("x");
    event("y");
    event("x");
    assert_int_equal(world_number(&w, RUNS), 1);
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_int_equal(world_number(&w, RUNS), 2);
    assert_int_equal(world_number(&w, CONSUMED), 3);
    assert_int_equal(world_number(&w, QUEUED), 0);
}

static void a_paused_dag_is_not_queued_for(void **state)
{
    (void)state;
    put(consumer("d", HK_ASSET_ANY), "v1");
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    event("x");
    hk_scheduler_pause(w.scheduler, "d", false, world_done(&w));
    world_settle(&w);
    assert_int_equal(world_number(&w, RUNS), 0);
    event("x");
    assert_int_equal(world_number(&w, CONSUMED), 1);
}

static void outlets_bring_news(void **state)
{
    (void)state;
    struct hk_graph_builder *b = world_dag("maker", ONE, 1);
    hk_graph_builder_outlet(b, 0, asset(b, "x"));
    put(b, "v1");
    b = world_dag("idle", ONE, 1);
    hk_graph_builder_dag(b)->tasks[0].runner = HK_RUNNER_NOTHING;
    hk_graph_builder_outlet(b, 0, asset(b, "y"));
    put(b, "v2");
    put(consumer("d", HK_ASSET_ALL), "v3");
    world_trigger(&w, "idle", "r", HK_TIME_NONE);
    world_trigger(&w, "maker", "r", HK_TIME_NONE);
    assert_int_equal(world_number(&w, RUNS), 0);
    struct hk_outlet_event told = {HK_STR("x"), HK_STR("x"), HK_STR("{\"rows\":7}")};
    struct hk_job_result result = {.outcome = HK_JOB_SUCCEEDED,
                                   .ended_at_us = w.now_us,
                                   .retry_at_us = HK_TIME_NONE,
                                   .outlet_events = &told,
                                   .outlet_event_count = 1};
    world_finish_as(&w, &w.started[0], &result);
    assert_int_equal(world_number(&w, RUNS), 1);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM asset_event WHERE source_dag_id = 'maker' AND "
                                      "source_task_id = 't' AND source_run_id = 'r' AND source_map_index = -1 AND "
                                      "extra = '{\"rows\":7}'"),
                     1);
    const struct hk_dag *dag = hk_model_dag(hk_scheduler_model(w.scheduler), HK_STR("d"));
    assert_non_null(strstr(dag->runs[0]->asset_events, "\"extra\":{\"rows\":7}"));
    assert_int_equal(world_number(&w, "SELECT count(*) FROM event WHERE kind = 'dag_run_ended'"), 2);
}

static void a_failed_task_brings_none(void **state)
{
    (void)state;
    struct hk_graph_builder *b = world_dag("maker", ONE, 1);
    hk_graph_builder_outlet(b, 0, asset(b, "x"));
    put(b, "v1");
    world_trigger(&w, "maker", "r", HK_TIME_NONE);
    world_finish(&w, &w.started[0], HK_JOB_FAILED_FINAL);
    world_trigger(&w, "maker", "s", HK_TIME_NONE);
    hk_scheduler_set_task_state(w.scheduler, "maker", "s", "t", -1, HK_TASK_SUCCESS, world_done(&w));
    world_settle(&w);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM asset_event"), 0);
}

/* A schedule that no longer names the asset forgets what was queued because of it. */
static void a_new_version_asks_anew(void **state)
{
    (void)state;
    put(consumer("d", HK_ASSET_ALL), "v1");
    event("x");
    struct hk_graph_builder *b = world_dag("d", ONE, 1);
    hk_graph_builder_dag(b)->schedule.kind = HK_SCHEDULE_ASSETS;
    hk_graph_builder_condition(b, HK_ASSET_ONE, asset(b, "y"));
    put(b, "v2");
    assert_int_equal(world_number(&w, QUEUED), 0);
    event("x");
    assert_int_equal(world_number(&w, RUNS), 0);
    event("y");
    assert_int_equal(world_number(&w, RUNS), 1);
    put(consumer("d", HK_ASSET_ANY), "v3");
    event("x");
    assert_int_equal(world_number(&w, RUNS), 2);
}

/* At each moment between the event's commit and the run's: the next engine makes the run, once. */
static void a_crash_loses_and_doubles_nothing(void **state)
{
    (void)state;
    int64_t made = 0;
    for (int steps = 0; steps < 8; steps++) {
        put(consumer("d", HK_ASSET_ANY), "v1");
        struct hk_write write = {change, NULL, (void *)(uintptr_t) "x", false};
        hk_store_submit(w.store, &write);
        hk_store_commit(w.store); /* the event is there; the engine has not heard of it */
        for (int i = 0; i < steps; i++) {
            if (i % 2 == 0) {
                hk_store_deliver(w.store);
                hk_scheduler_step(w.scheduler);
            } else {
                hk_store_commit(w.store);
            }
        }
        world_crash(&w);
        world_open_engine(&w);
        put(consumer("d", HK_ASSET_ANY), "v1");
        assert_int_equal(world_number(&w, RUNS), ++made);
        assert_int_equal(world_number(&w, CONSUMED), made);
        assert_int_equal(world_number(&w, QUEUED), 0);
    }
}

/* Each step of the write that makes the run fails once: it is made all the same, with all that belongs to it. */
static void what_fails_is_tried_again(void **state)
{
    (void)state;
    put(consumer("d", HK_ASSET_ANY), "v1");
    int64_t made = 0;
    for (int nth = 1; nth < 40; nth++) {
        struct hk_write write = {change, NULL, (void *)(uintptr_t) "x", false};
        hk_store_submit(w.store, &write);
        hk_store_commit(w.store);
        hk_store_fail_step(w.store, nth);
        world_settle(&w);
        hk_store_fail_step(w.store, 0);
        world_to(&w, w.now_us + 3 * HK_SECOND_US);
        assert_int_equal(world_number(&w, RUNS), ++made);
        assert_int_equal(world_number(&w, CONSUMED), made);
        while (w.start_count > 0) {
            struct hk_job_key key = w.started[--w.start_count];
            world_finish(&w, &key, HK_JOB_SUCCEEDED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_waited_for, open_world, close_world),
        cmocka_unit_test_setup_teardown(one_of_them_is_enough, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_comes_while_there_is_no_room_makes_one_run, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_paused_dag_is_not_queued_for, open_world, close_world),
        cmocka_unit_test_setup_teardown(outlets_bring_news, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_failed_task_brings_none, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_new_version_asks_anew, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_crash_loses_and_doubles_nothing, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_fails_is_tried_again, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
