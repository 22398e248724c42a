#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/graph/graph.h"

/* Names say what a task is: s.. setup, t.. teardown, the others work. "a>b c" are edges of a to b and to c. */
static struct hk_graph_builder *draw(const char *const *lines, size_t count)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    hk_graph_builder_dag(b)->dag_id = "d";
    for (size_t i = 0; i < count; i++) {
        char line[200];
        char *rest = NULL;
        snprintf(line, sizeof line, "%s", lines[i]);
        const char *up = NULL;
        for (char *name = strtok_r(line, "> ", &rest); name != NULL; name = strtok_r(NULL, "> ", &rest)) {
            struct hk_task *task = hk_graph_builder_task(b, hk_str_from(name)); /* NULL: known */
            if (task != NULL) {
                task->is_setup = name[0] == 's';
                task->is_teardown = name[0] == 't';
            }
            if (up != NULL) {
                hk_graph_builder_edge(b, hk_str_from(up), hk_str_from(name));
            } else {
                up = name;
            }
        }
    }
    return b;
}

static struct hk_graph *build(struct hk_graph_builder *b)
{
    struct hk_graph *graph = NULL;
    struct hk_error err;
    if (!hk_graph_build(b, &graph, &err)) {
        fail_msg("%s", err.message);
    }
    return graph;
}

static void assert_scope(const struct hk_graph *g, const char *task_id, const char *expected)
{
    char text[200] = "";
    const struct hk_links *links = &g->scopes[hk_graph_find_task(g, hk_str_from(task_id))->index];
    for (uint32_t i = 0; i < links->upstream_count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? " " : "", g->tasks[links->upstream[i]].task_id);
    }
    assert_string_equal(text, expected);
}

static const char *const STAGES[] = {"s1>a t1", "a>b x", "b>t1", "x", "t1>after", "after>s2", "s2>c", "c>d"};

static void a_setup_is_about_what_lies_before_its_teardown(void **state)
{
    (void)state;
    struct hk_graph *g = build(draw(STAGES, sizeof STAGES / sizeof STAGES[0]));
    assert_scope(g, "a", "");
    assert_scope(g, "b", "s1");
    assert_scope(g, "x", ""); /* not before t1 */
    assert_scope(g, "t1", "a");
    assert_scope(g, "after", "");
    assert_scope(g, "c", "");
    assert_scope(g, "d", "s2"); /* no teardown: all that comes after */
    assert_int_equal(g->scopes[hk_graph_find_task(g, HK_STR("s1"))->index].downstream_count, 1);
    hk_graph_unref(g);
}

static void a_graph_without_setups_has_no_scopes(void **state)
{
    (void)state;
    static const char *const plain[] = {"a>b t", "b>t"};
    struct hk_graph *g = build(draw(plain, 2));
    assert_null(g->scopes);
    hk_graph_unref(g);
}

static void assert_widened(const struct hk_graph *g, const char *task_id, const char *with, const char *expected)
{
    bool chosen[32] = {false};
    char text[200] = "";
    chosen[hk_graph_find_task(g, hk_str_from(task_id))->index] = true;
    hk_graph_widen(g, strchr(with, 'u') != NULL, strchr(with, 'd') != NULL, chosen);
    for (uint32_t t = 0; t < g->task_count; t++) {
        size_t len = strlen(text);
        if (chosen[t]) {
            snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? " " : "", g->tasks[t].task_id);
        }
    }
    assert_string_equal(text, expected);
}

static void a_clear_takes_setups_and_teardowns_along(void **state)
{
    (void)state;
    struct hk_graph *g = build(draw(STAGES, sizeof STAGES / sizeof STAGES[0]));
    assert_widened(g, "b", "", "s1 t1 b");
    assert_widened(g, "s1", "", "s1 t1");
    assert_widened(g, "x", "", "x");
    assert_widened(g, "b", "u", "s1 a t1 b");
    assert_widened(g, "c", "d", "s2 c d");
    assert_widened(g, "after", "d", "after s2 c d");
    hk_graph_unref(g);
}

/* One long chain of stages, each with a setup and a teardown, and one setup before everything. */
static struct hk_graph_builder *stages(uint32_t count, bool has_teardowns)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    char before[16] = "";
    hk_graph_builder_dag(b)->dag_id = "d";
    for (uint32_t i = 0; i < count; i++) {
        static const char kinds[] = "swxt";
        char ids[4][16];
        for (int k = 0; k < 4; k++) {
            snprintf(ids[k], sizeof ids[k], "%c%u", kinds[k], i);
            struct hk_task *task = hk_graph_builder_task(b, hk_str_from(ids[k]));
            task->is_setup = k == 0;
            task->is_teardown = k == 3 && has_teardowns;
            if (k > 0) {
                hk_graph_builder_edge(b, hk_str_from(ids[k - 1]), hk_str_from(ids[k]));
            }
        }
        hk_graph_builder_edge(b, hk_str_from(ids[0]), hk_str_from(ids[3]));
        if (i > 0) {
            hk_graph_builder_edge(b, hk_str_from(before), hk_str_from(ids[0]));
        }
        snprintf(before, sizeof before, "%s", ids[3]);
    }
    return b;
}

static void stages_cost_what_they_are(void **state)
{
    (void)state;
    struct hk_graph *g = build(stages(100000, true)); /* quadratic, this would be refused */
    assert_scope(g, "x99999", "s99999");
    assert_scope(g, "t5", "w5");
    hk_graph_unref(g);
}

static void too_much_between_setups_is_refused(void **state)
{
    (void)state;
    struct hk_graph *graph = NULL;
    struct hk_error err;
    assert_false(hk_graph_build(stages(10000, false), &graph, &err));
    assert_int_equal(err.code, HK_LIMIT);
    assert_non_null(strstr(err.message, "use fewer setup tasks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setup_is_about_what_lies_before_its_teardown),
        cmocka_unit_test(a_graph_without_setups_has_no_scopes),
        cmocka_unit_test(a_clear_takes_setups_and_teardowns_along),
        cmocka_unit_test(stages_cost_what_they_are),
        cmocka_unit_test(too_much_between_setups_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
