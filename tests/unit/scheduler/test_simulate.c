#include "scheduler/simulate.h"
#include "tests/unit/scheduler/world.h"

static const char *const ABC[] = {"a", "b", "c"};
static const int64_t MIDNIGHT_US = INT64_C(1789948800) * HK_SECOND_US; /* 2026-09-21 */

static struct hk_graph *make(const char *dag_id, const char *schedule, bool catchup)
{
    struct hk_graph_builder *b = world_dag(dag_id, ABC, 3);
    struct hk_graph *g = hk_graph_builder_dag(b);
    struct hk_error err;
    assert_true(hk_schedule_parse(b, hk_str_from(schedule), NULL, &g->schedule, &err));
    g->start_at_us = MIDNIGHT_US - 400 * HK_DAY_US;
    g->catchup = catchup;
    hk_graph_builder_edge(b, HK_STR("a"), HK_STR("b"));
    hk_graph_builder_edge(b, HK_STR("b"), HK_STR("c"));
    return world_build(b);
}

static int quiet(void **state)
{
    (void)state;
    hk_log_configure(HK_ERROR, false);
    return 0;
}

static void a_day_has_the_runs_of_its_schedules(void **state)
{
    (void)state;
    struct hk_graph *graphs[] = {make("hourly", "0 * * * *", false), make("daily", "30 3 * * *", true),
                                 make("later", "0 12 1 * *", true)};
    struct hk_simulate_options options = {
        .graphs = graphs, .graph_count = 3, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + HK_DAY_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_true(hk_simulate(&options, &result, &err));
    assert_int_equal(result.run_count, 25);
    assert_string_equal(result.runs[0].run_id, "scheduled__2026-09-21T00:00:00+00:00");
    assert_int_equal(result.runs[0].start_us, MIDNIGHT_US);
    assert_string_equal(result.runs[4].dag_id, "daily");
    assert_int_equal(result.runs[4].run_after_us, MIDNIGHT_US + 210 * HK_MINUTE_US);
    assert_int_equal(result.task_count, 75);
    assert_int_equal(result.minute_count, 25);
    assert_int_equal(result.minutes[0].tasks, 3);
    assert_int_equal(result.minutes[0].at_us, MIDNIGHT_US);
    hk_simulation_clear(&result);
    for (int i = 0; i < 3; i++) {
        hk_graph_unref(graphs[i]);
    }
}

static void tasks_take_their_time_and_pools_make_them_wait(void **state)
{
    (void)state;
    struct hk_graph *graphs[] = {make("x", "0 0 * * *", false), make("y", "0 0 * * *", false)};
    struct hk_simulate_pool pool = {"default_pool", 1};
    struct hk_simulate_options options = {.graphs = graphs,
                                          .graph_count = 2,
                                          .pools = &pool,
                                          .pool_count = 1,
                                          .from_us = MIDNIGHT_US,
                                          .to_us = MIDNIGHT_US + HK_HOUR_US,
                                          .task_duration_us = 10 * HK_MINUTE_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_true(hk_simulate(&options, &result, &err));
    assert_int_equal(result.run_count, 2);
    assert_int_equal(result.task_count, 5); /* of six, one at a time */
    assert_int_equal((result.runs[0].end_us != HK_TIME_NONE) + (result.runs[1].end_us != HK_TIME_NONE), 1);
    hk_simulation_clear(&result);
    hk_graph_unref(graphs[0]);
    hk_graph_unref(graphs[1]);
}

/* A DAG that runs once a day brings an asset up to date; another is scheduled on it, and a third on the second's. */
static void assets_make_runs(void **state)
{
    (void)state;
    struct hk_graph *graphs[3];
    struct hk_asset assets[] = {{"x", "x", NULL, NULL}, {"y", "y", NULL, NULL}};
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"daily", "second", "third"};
        struct hk_graph_builder *b = world_dag(names[i], ABC, 1);
        struct hk_graph *g = hk_graph_builder_dag(b);
        struct hk_error err;
        assert_true(hk_schedule_parse(b, HK_STR("0 6 * * *"), NULL, &g->schedule, &err));
        g->start_at_us = MIDNIGHT_US;
        if (i > 0) {
            g->schedule.kind = HK_SCHEDULE_ASSETS;
            hk_graph_builder_condition(b, HK_ASSET_ONE, hk_graph_builder_asset(b, &assets[i - 1]));
        }
        if (i < 2) {
            hk_graph_builder_outlet(b, 0, hk_graph_builder_asset(b, &assets[i]));
        }
        graphs[i] = world_build(b);
    }
    struct hk_simulate_options options = {.graphs = graphs,
                                          .graph_count = 3,
                                          .from_us = MIDNIGHT_US,
                                          .to_us = MIDNIGHT_US + 3 * HK_DAY_US,
                                          .task_duration_us = HK_MINUTE_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_true(hk_simulate(&options, &result, &err));
    assert_int_equal(result.run_count, 9);
    assert_string_equal(result.runs[1].dag_id, "second");
    assert_int_equal(result.runs[1].start_us, MIDNIGHT_US + 6 * HK_HOUR_US + HK_MINUTE_US);
    assert_string_equal(result.runs[2].dag_id, "third");
    assert_int_equal(result.runs[2].start_us, MIDNIGHT_US + 6 * HK_HOUR_US + 2 * HK_MINUTE_US);
    hk_simulation_clear(&result);
    for (int i = 0; i < 3; i++) {
        hk_graph_unref(graphs[i]);
    }
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    struct hk_graph *graph = make("x", "* * * * *", false);
    struct hk_graph *graphs[] = {graph, graph};
    struct hk_simulate_options options = {
        .graphs = graphs, .graph_count = 2, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + HK_DAY_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_false(hk_simulate(&options, &result, &err));
    assert_int_equal(err.code, HK_INVALID);
    options.graph_count = 1;
    options.max_runs = 100;
    assert_false(hk_simulate(&options, &result, &err));
    assert_int_equal(err.code, HK_LIMIT);
    options.to_us = options.from_us;
    assert_false(hk_simulate(&options, &result, &err));
    assert_int_equal(err.code, HK_INVALID);
    hk_graph_unref(graph);
}

static void continuous_and_once_let_time_go_on(void **state)
{
    (void)state;
    struct hk_graph *graphs[] = {make("often", "@continuous", false), make("once", "@once", false)};
    struct hk_simulate_options options = {.graphs = graphs,
                                          .graph_count = 2,
                                          .from_us = MIDNIGHT_US,
                                          .to_us = MIDNIGHT_US + HK_HOUR_US,
                                          .task_duration_us = HK_MINUTE_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_true(hk_simulate(&options, &result, &err));
    assert_int_equal(result.run_count, 20); /* of three minutes each; @once was long ago */
    hk_simulation_clear(&result);
    hk_graph_unref(graphs[0]);
    hk_graph_unref(graphs[1]);
}

enum { MANY = 10000 };

static void ten_thousand_dags_are_simulated_for_a_day(void **state)
{
    (void)state;
    struct hk_graph **graphs = calloc(MANY, sizeof(struct hk_graph *));
    for (int i = 0; i < MANY; i++) {
        char dag_id[32];
        char schedule[32];
        snprintf(dag_id, sizeof dag_id, "dag%d", i);
        snprintf(schedule, sizeof schedule, "%d %d * * *", i % 60, i % 24);
        graphs[i] = make(dag_id, schedule, false);
    }
    struct hk_simulate_options options = {
        .graphs = graphs, .graph_count = MANY, .from_us = MIDNIGHT_US, .to_us = MIDNIGHT_US + HK_DAY_US};
    struct hk_simulation result;
    struct hk_error err;
    assert_true(hk_simulate(&options, &result, &err));
    assert_int_equal(result.run_count, MANY);
    assert_int_equal(result.task_count, 3 * MANY);
    hk_simulation_clear(&result);
    for (int i = 0; i < MANY; i++) {
        hk_graph_unref(graphs[i]);
    }
    free(graphs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_has_the_runs_of_its_schedules),
        cmocka_unit_test(tasks_take_their_time_and_pools_make_them_wait),
        cmocka_unit_test(assets_make_runs),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(continuous_and_once_let_time_go_on),
        cmocka_unit_test(ten_thousand_dags_are_simulated_for_a_day),
    };
    return cmocka_run_group_tests(tests, quiet, NULL);
}
