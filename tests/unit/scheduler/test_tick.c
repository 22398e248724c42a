/* hk_tick as what it is: a function from a snapshot to decisions. The model is filled by hand; nothing is applied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/alloc.h"
#include "scheduler/tick.h"

struct snapshot {
    struct hk_model model;
    struct hk_graph_builder *builder;
    struct hk_dag *dag;
    struct hk_run *run;
    struct hk_arena arena;
    struct hk_due due;
    struct hk_decisions decisions;
};

static const int64_t NOW_US = 1000 * HK_SECOND_US;

static struct hk_task *task(struct snapshot *s, const char *task_id)
{
    struct hk_task *t = hk_graph_builder_find_task(s->builder, hk_str_from(task_id));
    if (t == NULL) {
        t = hk_graph_builder_task(s->builder, hk_str_from(task_id));
        t->runner = HK_RUNNER_COMMAND;
    }
    return t;
}

static void begin(struct snapshot *s)
{
    *s = (struct snapshot){0};
    s->builder = hk_graph_builder_new();
    hk_graph_builder_dag(s->builder)->dag_id = "d";
    hk_model_init(&s->model, 100);
}

static struct hk_run *add_run(struct snapshot *s, int64_t key)
{
    struct hk_run *run = hk_alloc(sizeof *run);
    run->run_key = key;
    run->dag = s->dag;
    run->graph = hk_graph_ref(s->dag->graph);
    run->run_id = hk_strdup("r");
    run->run_type = hk_strdup("manual");
    run->logical_us = HK_TIME_NONE;
    run->start_us = HK_TIME_NONE;
    run->run_after_us = key;
    hk_model_run_add(&s->model, run);
    return run;
}

/* One run, running, nothing decided yet. */
static void start(struct snapshot *s)
{
    struct hk_graph *graph = NULL;
    struct hk_error err;
    assert_true(hk_graph_build(s->builder, &graph, &err));
    s->dag = hk_model_dag_add(&s->model, HK_STR("d"));
    hk_model_dag_set_graph(&s->model, s->dag, graph, NULL);
    hk_graph_unref(graph);
    s->run = add_run(s, 1);
    hk_model_run_event(&s->model, s->run, HK_RUN_ON_START, NOW_US);
    s->due.runs = &s->run;
    s->due.run_count = 1;
}

static void move(struct snapshot *s, const char *task_id, enum hk_task_event event)
{
    const struct hk_task *t = hk_graph_find_task(s->run->graph, hk_str_from(task_id));
    assert_true(hk_model_task_event(&s->model, s->run, t->index, event, NOW_US));
}

static void tick(struct snapshot *s)
{
    hk_tick(&s->model, &s->due, NOW_US, &s->arena, &s->decisions);
}

static void end(struct snapshot *s)
{
    hk_model_clear(&s->model);
    hk_arena_clear(&s->arena);
}

/* What the tick says about a task: an event, or -1 for nothing. */
static int says(const struct snapshot *s, const char *task_id)
{
    const struct hk_task *t = hk_graph_find_task(s->run->graph, hk_str_from(task_id));
    int event = -1;
    for (size_t i = 0; i < s->decisions.len; i++) {
        const struct hk_decision *d = &s->decisions.items[i];
        if (d->kind == HK_DECIDE_TASK && d->task == t->index) {
            assert_int_equal(event, -1);
            event = (int)d->event;
        }
    }
    return event;
}

static void first_tasks_are_scheduled_and_empty_ones_succeed(void **state)
{
    (void)state;
    struct snapshot s;
    begin(&s);
    task(&s, "command");
    task(&s, "empty")->runner = HK_RUNNER_NOTHING;
    task(&s, "after");
    hk_graph_builder_edge(s.builder, HK_STR("command"), HK_STR("after"));
    start(&s);
    tick(&s);
    assert_int_equal(says(&s, "command"), HK_TASK_ON_SCHEDULE);
    assert_int_equal(says(&s, "empty"), HK_TASK_ON_SUCCEED);
    assert_int_equal(says(&s, "after"), -1);
    assert_int_equal(s.run->tasks[0].state, HK_TASK_NONE); /* nothing was changed */
    end(&s);
}

static void upstream_states_decide_by_the_rule(void **state)
{
    (void)state;
    static const struct {
        enum hk_trigger_rule rule;
        enum hk_task_event a;
        enum hk_task_event b;
        int says;
    } cases[] = {
        {HK_RULE_ALL_SUCCESS, HK_TASK_ON_SUCCEED, HK_TASK_ON_SUCCEED, HK_TASK_ON_SCHEDULE},
        {HK_RULE_ALL_SUCCESS, HK_TASK_ON_SUCCEED, HK_TASK_ON_FAIL, HK_TASK_ON_UPSTREAM_FAIL},
        {HK_RULE_ALL_SUCCESS, HK_TASK_ON_SKIP, HK_TASK_ON_SUCCEED, HK_TASK_ON_SKIP},
        {HK_RULE_ALL_SUCCESS, HK_TASK_ON_SUCCEED, HK_TASK_ON_SCHEDULE, -1},
        {HK_RULE_ALL_DONE, HK_TASK_ON_FAIL, HK_TASK_ON_SKIP, HK_TASK_ON_SCHEDULE},
        {HK_RULE_ALL_DONE, HK_TASK_ON_FAIL, HK_TASK_ON_SCHEDULE, -1},
        {HK_RULE_ONE_FAILED, HK_TASK_ON_FAIL, HK_TASK_ON_SCHEDULE, HK_TASK_ON_SCHEDULE},
        {HK_RULE_ONE_FAILED, HK_TASK_ON_SUCCEED, HK_TASK_ON_SUCCEED, HK_TASK_ON_SKIP},
        {HK_RULE_ONE_SUCCESS, HK_TASK_ON_SUCCEED, HK_TASK_ON_SCHEDULE, HK_TASK_ON_SCHEDULE},
        {HK_RULE_NONE_FAILED, HK_TASK_ON_SKIP, HK_TASK_ON_SKIP, HK_TASK_ON_SCHEDULE},
        {HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS, HK_TASK_ON_SKIP, HK_TASK_ON_SKIP, HK_TASK_ON_SKIP},
        {HK_RULE_ALWAYS, HK_TASK_ON_SCHEDULE, HK_TASK_ON_SCHEDULE, HK_TASK_ON_SCHEDULE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct snapshot s;
        begin(&s);
        task(&s, "a");
        task(&s, "b");
        task(&s, "c")->trigger_rule = cases[i].rule;
        hk_graph_builder_edge(s.builder, HK_STR("a"), HK_STR("c"));
        hk_graph_builder_edge(s.builder, HK_STR("b"), HK_STR("c"));
        start(&s);
        move(&s, "a", cases[i].a);
        move(&s, "b", cases[i].b);
        tick(&s);
        assert_int_equal(says(&s, "c"), cases[i].says);
        end(&s);
    }
}

static void a_retry_is_scheduled_at_its_time_and_not_before(void **state)
{
    (void)state;
    for (int64_t early = 0; early < 2; early++) {
        struct snapshot s;
        begin(&s);
        task(&s, "a")->retries = 1;
        start(&s);
        move(&s, "a", HK_TASK_ON_SCHEDULE);
        move(&s, "a", HK_TASK_ON_QUEUE);
        s.run->tasks[0].retry_us = NOW_US + early;
        move(&s, "a", HK_TASK_ON_RETRY);
        tick(&s);
        assert_int_equal(says(&s, "a"), early ? -1 : (int)HK_TASK_ON_SCHEDULE);
        end(&s);
    }
}

static void a_run_ends_as_its_leaves_do(void **state)
{
    (void)state;
    static const struct {
        enum hk_task_event leaf;
        bool is_teardown;
        enum hk_run_event says;
    } cases[] = {{HK_TASK_ON_SUCCEED, false, HK_RUN_ON_SUCCEED},
                 {HK_TASK_ON_SKIP, false, HK_RUN_ON_SUCCEED},
                 {HK_TASK_ON_FAIL, false, HK_RUN_ON_FAIL},
                 {HK_TASK_ON_FAIL, true, HK_RUN_ON_SUCCEED}};
    for (size_t i = 0; i < 4; i++) {
        struct snapshot s;
        begin(&s);
        task(&s, "a");
        task(&s, "leaf")->is_teardown = cases[i].is_teardown;
        hk_graph_builder_edge(s.builder, HK_STR("a"), HK_STR("leaf"));
        start(&s);
        move(&s, "a", HK_TASK_ON_SUCCEED);
        move(&s, "leaf", cases[i].leaf);
        tick(&s);
        assert_int_equal(s.decisions.len, 1);
        assert_int_equal(s.decisions.items[0].kind, HK_DECIDE_FINISH_RUN);
        assert_int_equal(s.decisions.items[0].run_event, cases[i].says);
        end(&s);
    }
}

static void a_dag_of_teardowns_ends_as_the_last_of_them(void **state)
{
    (void)state;
    struct snapshot s;
    begin(&s);
    task(&s, "first")->is_teardown = true;
    task(&s, "last")->is_teardown = true;
    hk_graph_builder_edge(s.builder, HK_STR("first"), HK_STR("last"));
    start(&s);
    move(&s, "first", HK_TASK_ON_SUCCEED);
    move(&s, "last", HK_TASK_ON_FAIL);
    assert_int_equal(hk_tick_run_outcome(s.run), HK_RUN_ON_FAIL);
    move(&s, "last", HK_TASK_ON_SET_SUCCESS);
    move(&s, "first", HK_TASK_ON_SET_FAILED);
    assert_int_equal(hk_tick_run_outcome(s.run), HK_RUN_ON_SUCCEED);
    end(&s);
}

/* setup >> a >> b >> teardown, setup >> c >> b, setup >> teardown */
static void start_scoped(struct snapshot *s, enum hk_trigger_rule rule)
{
    static const char *const edges[][2] = {{"setup", "a"}, {"setup", "c"}, {"setup", "teardown"},
                                           {"a", "b"},     {"c", "b"},     {"b", "teardown"}};
    begin(s);
    task(s, "setup")->is_setup = true;
    task(s, "a")->trigger_rule = HK_RULE_ALWAYS;
    task(s, "c");
    task(s, "b")->trigger_rule = rule;
    task(s, "teardown")->is_teardown = true;
    task(s, "teardown")->trigger_rule = HK_RULE_ALL_DONE_SETUP_SUCCESS;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        hk_graph_builder_edge(s->builder, hk_str_from(edges[i][0]), hk_str_from(edges[i][1]));
    }
    start(s);
}

static void a_setup_further_up_is_waited_for(void **state)
{
    (void)state;
    static const struct {
        enum hk_task_event setup;
        int says;
    } cases[] = {{HK_TASK_ON_SCHEDULE, -1},
                 {HK_TASK_ON_SUCCEED, HK_TASK_ON_SCHEDULE},
                 {HK_TASK_ON_SKIP, HK_TASK_ON_SKIP},
                 {HK_TASK_ON_FAIL, HK_TASK_ON_UPSTREAM_FAIL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct snapshot s;
        start_scoped(&s, HK_RULE_ONE_SUCCESS);
        move(&s, "a", HK_TASK_ON_SUCCEED);
        move(&s, "setup", cases[i].setup);
        tick(&s);
        assert_int_equal(says(&s, "b"), cases[i].says);
        end(&s);
    }
}

static void a_teardown_waits_for_all_that_needs_its_setup(void **state)
{
    (void)state;
    struct snapshot s;
    start_scoped(&s, HK_RULE_ALL_SUCCESS);
    move(&s, "setup", HK_TASK_ON_SUCCEED);
    move(&s, "a", HK_TASK_ON_FAIL);
    move(&s, "b", HK_TASK_ON_UPSTREAM_FAIL); /* while c still runs */
    move(&s, "c", HK_TASK_ON_SCHEDULE);
    tick(&s);
    assert_int_equal(says(&s, "teardown"), -1);
    move(&s, "c", HK_TASK_ON_FAIL);
    tick(&s);
    assert_int_equal(says(&s, "teardown"), HK_TASK_ON_SCHEDULE);
    end(&s);
}

static void nothing_is_decided_for_a_paused_dag(void **state)
{
    (void)state;
    struct snapshot s;
    begin(&s);
    task(&s, "a");
    start(&s);
    s.dag->is_paused = true;
    tick(&s);
    assert_int_equal(s.decisions.len, 0);
    end(&s);
}

static void queued_runs_start_while_there_is_room(void **state)
{
    (void)state;
    struct snapshot s;
    begin(&s);
    hk_graph_builder_dag(s.builder)->max_active_runs = 2;
    task(&s, "a");
    start(&s);
    struct hk_run *second = add_run(&s, 2);
    add_run(&s, 3);
    s.due.start_dags = &s.dag;
    s.due.start_dag_count = 1;
    s.due.run_count = 0;
    tick(&s);
    assert_int_equal(s.decisions.len, 1);
    assert_int_equal(s.decisions.items[0].kind, HK_DECIDE_START_RUN);
    assert_ptr_equal(s.decisions.items[0].run, second);
    second->run_after_us = NOW_US + 1;
    tick(&s);
    assert_ptr_equal(s.decisions.items[0].run, s.dag->runs[2]); /* the one for later is passed over */
    end(&s);
}

static void timeouts_end_running_runs_only(void **state)
{
    (void)state;
    struct snapshot s;
    begin(&s);
    task(&s, "a");
    start(&s);
    struct hk_run *queued = add_run(&s, 2);
    struct hk_run *timeouts[] = {s.run, queued};
    s.due.run_count = 0;
    s.due.timeouts = timeouts;
    s.due.timeout_count = 2;
    tick(&s);
    assert_int_equal(s.decisions.len, 1);
    assert_int_equal(s.decisions.items[0].kind, HK_DECIDE_TIMEOUT_RUN);
    end(&s);
}

/* Takes candidates as the shell does; the kinds of the decisions about them in order. */
static size_t choose(struct snapshot *s, enum hk_decision_kind kinds[8])
{
    s->due.run_count = 0;
    s->due.candidate_count = hk_model_take_ready(&s->model, &s->arena, &s->due.candidates);
    tick(s);
    for (size_t i = 0; i < s->decisions.len; i++) {
        kinds[i] = s->decisions.items[i].kind;
    }
    return s->decisions.len;
}

static void slots_go_to_the_most_important_that_fit(void **state)
{
    (void)state;
    enum hk_decision_kind kinds[8];
    struct snapshot s;
    begin(&s);
    hk_model_pool_set(&s.model, "default_pool", 3);
    static const char *const names[] = {"low", "large", "high"};
    for (int i = 0; i < 3; i++) {
        struct hk_task *t = task(&s, names[i]);
        t->pool_slots = i == 1 ? 3 : 1;
        t->priority_weight = i;
    }
    start(&s);
    for (int i = 0; i < 3; i++) {
        move(&s, names[i], HK_TASK_ON_SCHEDULE);
    }
    assert_int_equal(choose(&s, kinds), 2);
    assert_int_equal(s.decisions.items[0].task, 2); /* high; then large does not fit, low does */
    assert_int_equal(s.decisions.items[1].task, 0);
    end(&s);
}

static void limits_hold_back(void **state)
{
    (void)state;
    enum hk_decision_kind kinds[8];
    for (int of_run = 0; of_run < 2; of_run++) {
        struct snapshot s;
        begin(&s);
        hk_graph_builder_dag(s.builder)->max_active_tasks = of_run ? 1 : 0;
        task(&s, "a")->max_active_per_dag = of_run ? 0 : 1;
        task(&s, "b")->pool = of_run ? "other" : "default_pool";
        hk_model_pool_set(&s.model, "other", 1);
        start(&s);
        move(&s, "a", HK_TASK_ON_SCHEDULE);
        move(&s, "b", HK_TASK_ON_SCHEDULE);
        if (!of_run) { /* the same task of an older run is active */
            struct hk_run *older = add_run(&s, 0);
            hk_model_run_event(&s.model, older, HK_RUN_ON_START, NOW_US);
            hk_model_task_event(&s.model, older, 0, HK_TASK_ON_SCHEDULE, NOW_US);
            hk_model_task_event(&s.model, older, 0, HK_TASK_ON_QUEUE, NOW_US);
        }
        assert_int_equal(choose(&s, kinds), 2);
        assert_int_equal(kinds[0], of_run ? HK_DECIDE_QUEUE : HK_DECIDE_HOLD_FOR_DAG);
        assert_int_equal(kinds[1], of_run ? HK_DECIDE_HOLD_FOR_RUN : HK_DECIDE_QUEUE);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_tasks_are_scheduled_and_empty_ones_succeed),
        cmocka_unit_test(upstream_states_decide_by_the_rule),
        cmocka_unit_test(a_retry_is_scheduled_at_its_time_and_not_before),
        cmocka_unit_test(a_run_ends_as_its_leaves_do),
        cmocka_unit_test(a_dag_of_teardowns_ends_as_the_last_of_them),
        cmocka_unit_test(a_setup_further_up_is_waited_for),
        cmocka_unit_test(a_teardown_waits_for_all_that_needs_its_setup),
        cmocka_unit_test(nothing_is_decided_for_a_paused_dag),
        cmocka_unit_test(queued_runs_start_while_there_is_room),
        cmocka_unit_test(timeouts_end_running_runs_only),
        cmocka_unit_test(slots_go_to_the_most_important_that_fit),
        cmocka_unit_test(limits_hold_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
