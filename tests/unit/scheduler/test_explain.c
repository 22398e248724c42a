#include "scheduler/explain.h"
#include "tests/unit/scheduler/world.h"

static const char *const AB[] = {"a", "b"};

/* "name: reason" lines. */
static void explain(struct world *w, const char *run_id, const char *task_id, struct hk_buf *out)
{
    struct hk_arena arena = {0};
    struct hk_explanations why;
    struct hk_error err;
    struct hk_explain_query query = {"d", run_id, task_id};
    assert_true(hk_explain_task(w->scheduler, &query, &arena, &why, &err));
    hk_buf_init(out, 10000);
    for (size_t i = 0; i < why.count; i++) {
        hk_buf_printf(out, "%s: %s\n", why.items[i].name, why.items[i].reason);
    }
    hk_buf_add_text(out, "");
    hk_arena_clear(&arena);
}

static void assert_says(struct world *w, const char *run_id, const char *task_id, const char *line)
{
    struct hk_buf text;
    explain(w, run_id, task_id, &text);
    if (strstr(text.len > 0 ? text.data : "", line) == NULL) {
        fail_msg("'%s' is not in:\n%s", line, text.len > 0 ? text.data : "");
    }
    hk_buf_clear(&text);
}

static void upstream_tasks_that_are_not_done_are_named(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 2);
    hk_graph_builder_edge(b, HK_STR("a"), HK_STR("b"));
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    assert_says(&w, "r", "b",
                "Trigger Rule: Task's trigger rule 'all_success' requires all upstream tasks to have succeeded, "
                "but found 1 non-success(es).");
    assert_says(&w, "r", "b", "Task Instance State: Task is in the 'None' state.");
    assert_says(&w, "r", "a", "Task Instance State: Task is in the 'queued' state.");
    hk_graph_unref(graph);
    world_close(&w);
}

static void setups_and_what_a_teardown_waits_for_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {"s", "a", "b", "t"};
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", names, 4);
    hk_graph_builder_find_task(b, HK_STR("s"))->is_setup = true;
    hk_graph_builder_find_task(b, HK_STR("a"))->trigger_rule = HK_RULE_ALWAYS;
    hk_graph_builder_find_task(b, HK_STR("t"))->is_teardown = true;
    hk_graph_builder_find_task(b, HK_STR("t"))->trigger_rule = HK_RULE_ALL_DONE;
    for (size_t i = 0; i + 1 < 4; i++) {
        hk_graph_builder_edge(b, hk_str_from(names[i]), hk_str_from(names[i + 1]));
    }
    hk_graph_builder_edge(b, HK_STR("s"), HK_STR("t"));
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE); /* s and a run */
    assert_says(&w, "r", "b",
                "Trigger Rule: All setup tasks must complete successfully. Relevant setups: {'s'}: upstream_states=");
    hk_scheduler_set_task_state(w.scheduler, "d", "r", "s", -1, HK_TASK_SUCCESS, world_done(&w));
    hk_scheduler_set_task_state(w.scheduler, "d", "r", "b", -1, HK_TASK_SUCCESS, world_done(&w));
    world_settle(&w);
    assert_says(&w, "r", "t",
                "Trigger Rule: Task's trigger rule 'all_done' requires all tasks between setup and teardown to have "
                "completed, but found 1 in-scope task(s) not done. in_scope_task_ids={'a'}");
    hk_graph_unref(graph);
    world_close(&w);
}

static void full_pools_and_limits_are_told_with_numbers(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    hk_scheduler_pool_put(w.scheduler, "small", 2);
    struct hk_graph_builder *b = world_dag("d", AB, 2);
    for (int i = 0; i < 2; i++) {
        struct hk_task *t = hk_graph_builder_find_task(b, hk_str_from(AB[i]));
        t->pool = "small";
        t->pool_slots = 2;
    }
    hk_graph_builder_dag(b)->max_active_tasks = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    assert_int_equal(w.start_count, 1);
    assert_says(&w, "r", "b",
                "Pool Slots Available: Not scheduling since there are 0 open slots in pool small and require 2 "
                "pool slots\n");
    assert_says(&w, "r", "b",
                "Task Instance Slots Available: The maximum number of running tasks (1) for this task's DAG 'd' "
                "has been reached.\n");
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_pool_that_nobody_made_is_named(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_find_task(b, HK_STR("a"))->pool = "gpu";
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    assert_int_equal(w.start_count, 0);
    assert_says(&w, "r", "a", "Pool Slots Available: Tasks using non-existent pool 'gpu' will not be scheduled\n");
    hk_scheduler_pool_put(w.scheduler, "gpu", 1);
    world_settle(&w);
    assert_int_equal(w.start_count, 1);
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_run_that_has_not_begun_says_why(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    hk_graph_builder_dag(b)->max_active_runs = 1;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r0", HK_TIME_NONE);
    world_trigger(&w, "d", "r1", HK_TIME_NONE);
    assert_says(&w, "r1", "a",
                "Dagrun Running: Task instance's dagrun was not in the 'running' state but in the state "
                "'queued'.\n");
    assert_says(&w, "r1", "a",
                "Max Active Runs: The maximum number of running runs (1) of DAG 'd' has been reached.\n");
    hk_scheduler_pause(w.scheduler, "d", true, world_done(&w));
    world_settle(&w);
    assert_says(&w, "r1", "a", "Dag Not Paused: Task's DAG 'd' is paused.\n");
    hk_graph_unref(graph);
    world_close(&w);
}

static void a_retry_and_the_past_are_told(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph_builder *b = world_dag("d", AB, 1);
    struct hk_task *t = hk_graph_builder_find_task(b, HK_STR("a"));
    t->retries = 1;
    t->depends_on_past = true;
    struct hk_graph *graph = world_put(&w, b, "v1");
    world_trigger(&w, "d", "r0", w.now_us - HK_HOUR_US);
    world_trigger(&w, "d", "r1", w.now_us);
    world_finish(&w, &w.started[0], HK_JOB_FAILED);
    assert_says(
        &w, "r0", "a",
        "Not In Retry Period: Task is not ready for retry yet but will be retried automatically. Current date is "
        "2026-09-21T14:13:20+00:00 and task will be retried at 2026-09-21T14:18:20+00:00.\n");
    assert_says(&w, "r1", "a",
                "Previous Dagrun State: depends_on_past is true for this task, but 1 previous task instance(s) "
                "are not in a successful state.\n");
    hk_graph_unref(graph);
    world_close(&w);
}

static void what_does_not_exist_is_not_found(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct hk_graph *graph = world_put(&w, world_dag("d", AB, 1), "v1");
    world_trigger(&w, "d", "r", HK_TIME_NONE);
    struct hk_arena arena = {0};
    struct hk_explanations why;
    struct hk_error err;
    static const struct hk_explain_query queries[] = {{"d", "x", "a"}, {"d", "r", "x"}, {"x", "r", "a"}};
    for (size_t i = 0; i < 3; i++) {
        assert_false(hk_explain_task(w.scheduler, &queries[i], &arena, &why, &err));
        assert_int_equal(err.code, HK_NOT_FOUND);
    }
    hk_graph_unref(graph);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upstream_tasks_that_are_not_done_are_named),
        cmocka_unit_test(setups_and_what_a_teardown_waits_for_are_named),
        cmocka_unit_test(full_pools_and_limits_are_told_with_numbers),
        cmocka_unit_test(a_pool_that_nobody_made_is_named),
        cmocka_unit_test(a_run_that_has_not_begun_says_why),
        cmocka_unit_test(a_retry_and_the_past_are_told),
        cmocka_unit_test(what_does_not_exist_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
