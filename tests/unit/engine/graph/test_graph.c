#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/base/rand.h"
#include "engine/graph/graph.h"

static struct hk_str str(const char *s)
{
    return hk_str_from(s);
}

static struct hk_graph_builder *new_builder(const char *dag_id)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    hk_graph_builder_dag(b)->dag_id = hk_graph_builder_text(b, dag_id);
    return b;
}

static void add(struct hk_graph_builder *b, const char *id)
{
    assert_non_null(hk_graph_builder_task(b, str(id)));
}

static void edge(struct hk_graph_builder *b, const char *up, const char *down)
{
    hk_graph_builder_edge(b, str(up), str(down));
}

static struct hk_graph *build(struct hk_graph_builder *b)
{
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    if (!hk_graph_build(b, &graph, &err)) {
        fail_msg("%s", err.message);
    }
    return graph;
}

static void refuse(struct hk_graph_builder *b, enum hk_code code, const char *words)
{
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_false(hk_graph_build(b, &graph, &err));
    assert_int_equal(err.code, code);
    if (strstr(err.message, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static void defaults_are_airflows(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("d");
    add(b, "a");
    struct hk_graph *g = build(b);
    assert_string_equal(g->tasks[0].owner, "airflow");
    assert_string_equal(g->tasks[0].pool, "default_pool");
    assert_string_equal(g->tasks[0].queue, "default");
    assert_int_equal(g->tasks[0].retry_delay_us, 300 * HK_SECOND_US);
    assert_int_equal(g->tasks[0].total_weight, 1);
    assert_int_equal(g->max_active_runs, 16);
    assert_int_equal(g->max_active_tasks, 16);
    assert_false(g->catchup);
    assert_int_equal(g->group_count, 1);
    assert_null(g->groups[0].group_id);
    assert_int_equal(g->start_at_us, HK_TIME_NONE);
    hk_graph_unref(g);
}

static void links_are_sorted_and_merged(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("d");
    edge(b, "c", "a"); /* before the tasks are there */
    add(b, "a");
    add(b, "b");
    add(b, "c");
    add(b, "d");
    edge(b, "b", "a");
    edge(b, "c", "a");
    edge(b, "d", "c");
    edge(b, "d", "b");
    struct hk_graph *g = build(b);
    assert_int_equal(g->edge_count, 4);
    const struct hk_task *a = hk_graph_find_task(g, str("a"));
    assert_int_equal(a->upstream_count, 2);
    assert_int_equal(a->upstream[0], 1);
    assert_int_equal(a->upstream[1], 2);
    assert_int_equal(a->downstream_count, 0);
    assert_int_equal(g->tasks[3].downstream_count, 2);
    assert_int_equal(g->tasks[3].downstream[0], 1);
    uint32_t expected[] = {3, 1, 2, 0};
    assert_memory_equal(g->order, expected, sizeof expected);
    assert_int_equal(g->tasks[3].total_weight, 4);
    assert_int_equal(g->tasks[1].total_weight, 2);
    assert_null(hk_graph_find_task(g, str("e")));
    struct hk_graph *again = hk_graph_ref(g);
    hk_graph_unref(g);
    assert_string_equal(again->tasks[1].task_id, "b");
    hk_graph_unref(again);
}

static void bad_graphs_are_refused(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("d");
    add(b, "a");
    edge(b, "ghost", "a");
    refuse(b, HK_INVALID, "'a' depends on 'ghost'");

    b = new_builder("d");
    add(b, "a");
    edge(b, "a", "a");
    refuse(b, HK_INVALID, "depends on itself");

    b = new_builder("d");
    add(b, "a b");
    refuse(b, HK_INVALID, "The key 'a b' has to be made of alphanumeric characters, dashes, dots, and underscores");

    b = new_builder("d");
    assert_non_null(hk_graph_builder_task(b, (struct hk_str){"a\0b", 3}));
    refuse(b, HK_INVALID, "The key 'a");

    b = new_builder("");
    refuse(b, HK_INVALID, "dag_id: The key ''");

    b = hk_graph_builder_new();
    refuse(b, HK_INVALID, "needs a dag_id");

    b = new_builder("d");
    hk_graph_builder_task(b, str("a"))->pool_slots = 0;
    refuse(b, HK_INVALID, "pool slots for a in dag d cannot be less than 1");

    b = new_builder("d");
    add(b, "a");
    assert_null(hk_graph_builder_task(b, str("a")));
    hk_graph_builder_group(b, 0, str("a"));
    refuse(b, HK_INVALID, "'a' has already been added");

    b = new_builder("d");
    hk_graph_builder_group(b, 0, str("g"));
    hk_graph_builder_group(b, 0, str("g"));
    refuse(b, HK_INVALID, "'g' has already been added");
    hk_graph_builder_free(new_builder("unused"));
    hk_graph_builder_free(NULL);
}

static void cycles_are_spelled_out(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("d");
    add(b, "start");
    add(b, "a");
    add(b, "b");
    add(b, "after");
    edge(b, "start", "a");
    edge(b, "a", "b");
    edge(b, "b", "a");
    edge(b, "b", "after");
    refuse(b, HK_INVALID, "DAG 'd': a -> b -> a.");

    b = new_builder("d");
    char name[16];
    char next[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "t%d", i);
        snprintf(next, sizeof next, "t%d", (i + 1) % 100);
        add(b, name);
        edge(b, name, next);
    }
    refuse(b, HK_INVALID, "t0 -> t1 -> t2 -> t3 -> t4 -> ... (94 more) -> t99 -> t0.");
}

static void ids_follow_airflows_rule(void **state)
{
    (void)state;
    struct hk_error err = {0};
    assert_true(hk_graph_check_id("task_id", str("A.b-c_9"), &err));
    assert_true(hk_graph_check_id("task_id", str("\xEC\xA7\x91"), &err));  /* a Hangul syllable is a letter */
    assert_false(hk_graph_check_id("task_id", str("\xE2\x80\xA6"), &err)); /* an ellipsis is not */
    assert_false(hk_graph_check_id("task_id", str("a/b"), &err));
    assert_false(hk_graph_check_id("task_id", str("\xFF"), &err));
    assert_false(hk_graph_check_id("task_id", (struct hk_str){NULL, 0}, &err));
    char long_id[HK_MAX_ID_BYTES + 2];
    memset(long_id, 'x', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    assert_false(hk_graph_check_id("task_id", str(long_id), &err));
    assert_non_null(strstr(err.message, "The key has to be less than 250 characters, not 251"));
    long_id[HK_MAX_ID_BYTES] = '\0';
    assert_true(hk_graph_check_id("task_id", str(long_id), &err));
}

static void names_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < HK_RULE_COUNT; i++) {
        enum hk_trigger_rule rule = HK_RULE_COUNT;
        assert_true(hk_trigger_rule_find(str(hk_trigger_rule_name((enum hk_trigger_rule)i)), &rule));
        assert_int_equal(rule, i);
    }
    for (int i = 0; i < HK_RUNNER_COUNT; i++) {
        enum hk_runner runner = HK_RUNNER_COUNT;
        assert_true(hk_runner_find(str(hk_runner_name((enum hk_runner)i)), &runner));
        assert_int_equal(runner, i);
    }
    for (int i = 0; i < HK_WEIGHT_COUNT; i++) {
        enum hk_weight_rule rule = HK_WEIGHT_COUNT;
        assert_true(hk_weight_rule_find(str(hk_weight_rule_name((enum hk_weight_rule)i)), &rule));
        assert_int_equal(rule, i);
    }
    enum hk_trigger_rule rule = HK_RULE_ALWAYS;
    assert_false(hk_trigger_rule_find(str("sometimes"), &rule));
    assert_int_equal(rule, HK_RULE_ALWAYS);
}

enum { RANDOM_TASKS = 150 };

/* The same sums, one depth-first walk a task. */
static int64_t walk(const struct hk_graph *g, uint32_t at, bool up, bool *seen)
{
    const struct hk_task *t = &g->tasks[at];
    seen[at] = true;
    int64_t sum = t->priority_weight;
    for (uint32_t i = 0; i < (up ? t->upstream_count : t->downstream_count); i++) {
        uint32_t next = up ? t->upstream[i] : t->downstream[i];
        sum += seen[next] ? 0 : walk(g, next, up, seen);
    }
    return sum;
}

static void check_random_graph(struct hk_rand *rand, bool is_even, bool is_forest)
{
    struct hk_graph_builder *b = new_builder("random");
    char ids[RANDOM_TASKS][8];
    for (uint32_t i = 0; i < RANDOM_TASKS; i++) {
        snprintf(ids[i], sizeof ids[i], "t%u", i);
        struct hk_task *t = hk_graph_builder_task(b, str(ids[i]));
        t->priority_weight = is_even ? 1 : (int32_t)hk_rand_below(rand, 20) - 5;
        t->weight_rule = (enum hk_weight_rule)hk_rand_below(rand, HK_WEIGHT_COUNT);
    }
    for (uint32_t i = 1; is_forest && i < RANDOM_TASKS; i++) {
        edge(b, ids[hk_rand_below(rand, i)], ids[i]);
    }
    for (int i = 0; !is_forest && i < 200; i++) {
        uint64_t from = hk_rand_below(rand, RANDOM_TASKS);
        uint64_t to = hk_rand_below(rand, RANDOM_TASKS);
        if (from * 7 % RANDOM_TASKS < to * 7 % RANDOM_TASKS) { /* an order that is not the file's */
            edge(b, ids[from], ids[to]);
        }
    }
    struct hk_graph *g = build(b);
    uint32_t place[RANDOM_TASKS];
    for (uint32_t i = 0; i < g->task_count; i++) {
        place[g->order[i]] = i;
    }
    for (uint32_t i = 0; i < g->task_count; i++) {
        const struct hk_task *t = &g->tasks[i];
        for (uint32_t k = 0; k < t->upstream_count; k++) {
            assert_true(place[t->upstream[k]] < place[i]);
        }
        bool seen[RANDOM_TASKS] = {false};
        int64_t sum = t->weight_rule == HK_WEIGHT_ABSOLUTE ? t->priority_weight
                                                           : walk(g, i, t->weight_rule == HK_WEIGHT_UPSTREAM, seen);
        assert_int_equal(t->total_weight, sum);
    }
    hk_graph_unref(g);
}

static void weights_are_sums_over_sets(void **state)
{
    (void)state;
    struct hk_rand rand;
    hk_rand_init(&rand, 7);
    for (int i = 0; i < 40; i++) {
        check_random_graph(&rand, i % 2 == 0, i % 4 >= 2);
    }
}

static void weights_are_clamped(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("d");
    hk_graph_builder_task(b, str("a"))->priority_weight = INT32_MAX;
    hk_graph_builder_task(b, str("b"))->priority_weight = INT32_MAX;
    edge(b, "a", "b");
    struct hk_graph *g = build(b);
    assert_int_equal(g->tasks[0].total_weight, INT32_MAX);
    hk_graph_unref(g);
}

static void number(char out[16], uint32_t n)
{
    snprintf(out, 16, "t%u", n);
}

/* The whole limit in one chain, named from its end, so that nothing is in file order. */
static void a_million_tasks_deep(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("deep");
    char id[16];
    char before[16];
    for (uint32_t i = HK_MAX_TASKS_PER_DAG; i > 0; i--) {
        number(id, i);
        add(b, id);
        number(before, i - 1);
        if (i > 1) {
            edge(b, before, id);
        }
    }
    struct hk_graph *g = build(b);
    assert_int_equal(g->task_count, HK_MAX_TASKS_PER_DAG);
    assert_int_equal(g->edge_count, HK_MAX_TASKS_PER_DAG - 1);
    assert_string_equal(g->tasks[g->order[0]].task_id, "t1");
    assert_int_equal(g->tasks[g->order[0]].total_weight, HK_MAX_TASKS_PER_DAG);
    hk_graph_unref(g);
}

static void too_many_tasks_are_refused(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("wide");
    char id[16];
    for (uint32_t i = 0; i <= HK_MAX_TASKS_PER_DAG; i++) {
        number(id, i);
        add(b, id);
    }
    refuse(b, HK_LIMIT, "more than 1000000 tasks");
}

/* start -> 200,000 tasks -> end is too large for the exact sum, and the shares still get it right. */
static void fan_out_and_in_is_weighed_right(void **state)
{
    (void)state;
    struct hk_graph_builder *b = new_builder("fan");
    enum { WIDTH = 200000 };
    add(b, "start");
    add(b, "end");
    char id[16];
    for (uint32_t i = 0; i < WIDTH; i++) {
        number(id, i);
        add(b, id);
        edge(b, "start", id);
        edge(b, id, "end");
    }
    struct hk_graph *g = build(b);
    assert_int_equal(g->tasks[0].total_weight, WIDTH + 2);
    assert_int_equal(g->tasks[1].total_weight, 1);
    assert_int_equal(g->tasks[2].total_weight, 2);
    hk_graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_airflows),
        cmocka_unit_test(links_are_sorted_and_merged),
        cmocka_unit_test(bad_graphs_are_refused),
        cmocka_unit_test(cycles_are_spelled_out),
        cmocka_unit_test(ids_follow_airflows_rule),
        cmocka_unit_test(names_round_trip),
        cmocka_unit_test(weights_are_sums_over_sets),
        cmocka_unit_test(weights_are_clamped),
        cmocka_unit_test(a_million_tasks_deep),
        cmocka_unit_test(too_many_tasks_are_refused),
        cmocka_unit_test(fan_out_and_in_is_weighed_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
