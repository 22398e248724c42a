#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/graph/graph.h"
#include "engine/graph/graph_codec.h"

static uint32_t add(struct hk_graph_builder *b, const char *name)
{
    struct hk_asset asset = {.name = name, .uri = name};
    return hk_graph_builder_asset(b, &asset);
}

static struct hk_graph_builder *begin(void)
{
    struct hk_graph_builder *b = hk_graph_builder_new();
    hk_graph_builder_dag(b)->dag_id = "d";
    hk_graph_builder_dag(b)->schedule.kind = HK_SCHEDULE_ASSETS;
    return b;
}

static struct hk_graph *build(struct hk_graph_builder *b)
{
    struct hk_graph *graph = NULL;
    struct hk_error err;
    assert_true(hk_graph_build(b, &graph, &err));
    return graph;
}

/* ALL(a, ANY(b, c)) */
static struct hk_graph *sample(void)
{
    struct hk_graph_builder *b = begin();
    hk_graph_builder_condition(b, HK_ASSET_ALL, 2);
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "a"));
    hk_graph_builder_condition(b, HK_ASSET_ANY, 2);
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "b"));
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "c"));
    return build(b);
}

static void a_condition_holds_or_not(void **state)
{
    (void)state;
    struct hk_graph *g = sample();
    for (int bits = 0; bits < 8; bits++) {
        bool has[3] = {bits & 1, bits & 2, bits & 4};
        assert_int_equal(hk_asset_condition_holds(g, has), has[0] && (has[1] || has[2]));
    }
    hk_graph_unref(g);
}

static void all_of_nothing_never_runs(void **state)
{
    (void)state;
    struct hk_graph_builder *b = begin();
    bool none[1] = {false};
    hk_graph_builder_condition(b, HK_ASSET_ALL, 0);
    struct hk_graph *g = build(b);
    assert_false(hk_asset_condition_holds(g, none));
    struct hk_graph *again = NULL;
    struct hk_error err;
    struct hk_buf text;
    hk_buf_init(&text, 4096);
    assert_true(hk_graph_write(g, &text, &err));
    assert_true(hk_graph_read(hk_buf_str(&text), &again, &err));
    hk_buf_clear(&text);
    hk_graph_unref(again);
    hk_graph_unref(g);
}

static void it_is_stored_with_the_graph(void **state)
{
    (void)state;
    struct hk_graph *g = sample();
    struct hk_graph *again = NULL;
    struct hk_error err;
    struct hk_buf text;
    struct hk_buf second;
    hk_buf_init(&text, 4096);
    hk_buf_init(&second, 4096);
    assert_true(hk_graph_write(g, &text, &err));
    assert_true(hk_graph_read(hk_buf_str(&text), &again, &err));
    assert_int_equal(again->schedule.kind, HK_SCHEDULE_ASSETS);
    assert_int_equal(again->condition_count, 5);
    assert_true(hk_graph_write(again, &second, &err));
    assert_string_equal(hk_buf_str(&text).data, hk_buf_str(&second).data);
    hk_buf_clear(&text);
    hk_buf_clear(&second);
    hk_graph_unref(g);
    hk_graph_unref(again);
}

static void refuse(struct hk_graph_builder *b, const char *words)
{
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_false(hk_graph_build(b, &graph, &err));
    assert_non_null(strstr(err.message, words));
}

static void half_a_condition_is_refused(void **state)
{
    (void)state;
    struct hk_graph_builder *b = begin();
    refuse(b, "not whole");
    b = begin();
    hk_graph_builder_condition(b, HK_ASSET_ALL, 2);
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "a"));
    refuse(b, "not whole");
    b = begin();
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "a"));
    hk_graph_builder_condition(b, HK_ASSET_ONE, 0);
    refuse(b, "not whole");
    b = begin();
    hk_graph_builder_condition(b, HK_ASSET_ONE, 1);
    refuse(b, "not whole");
    b = begin();
    for (int i = 0; i <= HK_MAX_NESTING; i++) {
        hk_graph_builder_condition(b, HK_ASSET_ANY, 1);
    }
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, "a"));
    refuse(b, "not whole");
}

static void limits_are_told(void **state)
{
    (void)state;
    struct hk_graph_builder *b = begin();
    char name[HK_MAX_ASSET_NAME_BYTES + 2];
    for (int i = 0; i < HK_MAX_ASSETS_PER_DAG + 5; i++) {
        snprintf(name, sizeof name, "%d", i);
        hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, name));
    }
    refuse(b, "more than 1000 assets");
    b = begin();
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    hk_graph_builder_condition(b, HK_ASSET_ONE, add(b, name));
    refuse(b, "longer than 1500 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_holds_or_not),
        cmocka_unit_test(all_of_nothing_never_runs),
        cmocka_unit_test(it_is_stored_with_the_graph),
        cmocka_unit_test(half_a_condition_is_refused),
        cmocka_unit_test(limits_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
