#include "engine/store/event_store.h"
#include "tests/unit/scheduler/world.h"

static struct world w;

static const char *const TWO[] = {"wait", "after"};

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

static struct hk_graph_builder *waiting_dag(const char *alias, const char *stage, int64_t timeout_us)
{
    struct hk_graph_builder *b = world_dag("d", TWO, 2);
    struct hk_task *t = hk_graph_builder_find_task(b, HK_STR("wait"));
    t->runner = HK_RUNNER_WAIT;
    t->wait_model = "fraud";
    t->wait_alias = alias;
    t->wait_stage = stage;
    t->wait_timeout_us = timeout_us;
    hk_graph_builder_edge(b, HK_STR("wait"), HK_STR("after"));
    return b;
}

static void put(struct hk_graph_builder *b)
{
    hk_graph_unref(world_put(&w, b, "v1"));
}

static bool add(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_model_event_add(db, arg, err);
}

static struct hk_model_event event_of(const char *model, enum hk_event_kind kind, const char *target)
{
    return (struct hk_model_event){.kind = kind,
                                   .model = model,
                                   .version = 3,
                                   .target = target,
                                   .from_stage = "None",
                                   .happened_us = w.now_us - w.now_us % HK_MS_US};
}

static void promote(const char *model, enum hk_event_kind kind, const char *target)
{
    struct hk_model_event e = event_of(model, kind, target);
    struct hk_error err;
    assert_true(hk_store_write_now(w.store, add, &e, &err));
    world_settle(&w);
}

static void the_promotion_ends_it(void **state)
{
    (void)state;
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion"); /* before the run */
    w.now_us += HK_SECOND_US;
    put(waiting_dag("champion", NULL, 0));
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    assert_string_equal(world_state(&w, "r", "wait"), "deferred");
    assert_int_equal(w.start_count, 0);
    promote("other", HK_EVENT_MODEL_ALIAS_SET, "champion");
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "challenger");
    promote("fraud", HK_EVENT_MODEL_STAGE_CHANGED, "champion");
    assert_string_equal(world_state(&w, "r", "wait"), "deferred");
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
    assert_string_equal(world_state(&w, "r", "wait"), "success");
    assert_int_equal(w.start_count, 1);
    assert_int_equal(world_number(&w, "SELECT value ->> '$.version' FROM xcom WHERE task_id = 'wait'"), 3);
    assert_int_equal(world_number(&w, "SELECT try_number FROM task_instance WHERE task_id = 'wait'"), 1);
}

static void what_happened_since_the_run_began_counts(void **state)
{
    (void)state;
    struct hk_graph_builder *b = waiting_dag(NULL, "Production", 0);
    hk_graph_builder_task(b, HK_STR("before"))->runner = HK_RUNNER_COMMAND;
    hk_graph_builder_edge(b, HK_STR("before"), HK_STR("wait"));
    put(b);
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    promote("fraud", HK_EVENT_MODEL_STAGE_CHANGED, "Production");
    assert_string_equal(world_state(&w, "r", "wait"), "");
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    assert_string_equal(world_state(&w, "r", "wait"), "success");
}

static void it_fails_after_its_timeout(void **state)
{
    (void)state;
    put(waiting_dag("champion", NULL, 10 * HK_SECOND_US));
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    world_to(&w, w.now_us + 9 * HK_SECOND_US);
    assert_string_equal(world_state(&w, "r", "wait"), "deferred");
    world_to(&w, w.now_us + 2 * HK_SECOND_US);
    assert_string_equal(world_state(&w, "r", "wait"), "failed");
    assert_string_equal(world_state(&w, "r", "after"), "upstream_failed");
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
    assert_string_equal(world_state(&w, "r", "wait"), "failed");
}

static void a_cleared_one_waits_anew(void **state)
{
    (void)state;
    put(waiting_dag("champion", NULL, 0));
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
    w.now_us += HK_SECOND_US;
    world_finish(&w, &w.started[0], HK_JOB_SUCCEEDED);
    world_clear(&w, "d", "r");
    assert_string_equal(world_state(&w, "r", "wait"), "deferred");
    promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
    assert_string_equal(world_state(&w, "r", "wait"), "success");
    assert_int_equal(world_number(&w, "SELECT try_number FROM task_instance WHERE task_id = 'wait'"), 2);
}

/* The engine goes away at each moment around the promotion; the next one goes on waiting, or has seen it. */
static void a_restart_goes_on_waiting(void **state)
{
    (void)state;
    for (int moment = 0; moment < 6; moment++) {
        char run_id[16];
        snprintf(run_id, sizeof run_id, "r%d", moment);
        put(waiting_dag("champion", NULL, 0));
        w.now_us += HK_SECOND_US;
        world_trigger(&w, "d", run_id, HK_TIME_NONE);
        struct hk_model_event e = event_of("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
        struct hk_write write = {add, NULL, &e, false};
        if (moment > 0) {
            hk_store_submit(w.store, &write);
            hk_store_commit(w.store);
        }
        for (int i = 1; i < moment; i++) {
            hk_store_deliver(w.store);
            hk_scheduler_step(w.scheduler);
            hk_store_commit(w.store);
        }
        world_crash(&w);
        world_open_engine(&w);
        if (moment == 0) {
            assert_string_equal(world_state(&w, run_id, "wait"), "deferred");
            promote("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
        }
        assert_string_equal(world_state(&w, run_id, "wait"), "success");
        while (w.start_count > 0) {
            struct hk_job_key key = w.started[--w.start_count];
            world_finish(&w, &key, HK_JOB_SUCCEEDED);
        }
    }
}

/* Each step of what it reads and writes fails once. */
static void what_fails_is_tried_again(void **state)
{
    (void)state;
    put(waiting_dag("champion", NULL, 0));
    for (int nth = 1; nth < 30; nth++) {
        char run_id[16];
        snprintf(run_id, sizeof run_id, "r%d", nth);
        w.now_us += HK_SECOND_US;
        world_trigger(&w, "d", run_id, HK_TIME_NONE);
        struct hk_model_event e = event_of("fraud", HK_EVENT_MODEL_ALIAS_SET, "champion");
        struct hk_write write = {add, NULL, &e, false};
        hk_store_submit(w.store, &write);
        hk_store_commit(w.store);
        hk_store_fail_step(w.store, nth);
        world_settle(&w);
        hk_store_fail_step(w.store, 0);
        world_to(&w, w.now_us + 3 * HK_SECOND_US);
        assert_string_equal(world_state(&w, run_id, "wait"), "success");
        while (w.start_count > 0) {
            struct hk_job_key key = w.started[--w.start_count];
            world_finish(&w, &key, HK_JOB_SUCCEEDED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_promotion_ends_it, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_happened_since_the_run_began_counts, open_world, close_world),
        cmocka_unit_test_setup_teardown(it_fails_after_its_timeout, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_cleared_one_waits_anew, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_restart_goes_on_waiting, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_fails_is_tried_again, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
