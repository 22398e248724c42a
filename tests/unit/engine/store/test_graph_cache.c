#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/graph/graph_codec.h"
#include "engine/store/graph_cache.h"

/* A graph of one task; the caller's reference. */
static struct hk_graph *make_graph(void)
{
    static const char document[] =
        "{\"hanok_graph\":1,\"groups\":0,\"tasks\":1,\"dag_id\":\"d\"}\n{\"task_id\":\"t\"}\n";
    struct hk_graph *graph = NULL;
    struct hk_error err;
    if (!hk_graph_read(HK_STR(document), &graph, &err)) {
        fail_msg("%s", err.message);
    }
    return graph;
}

static void add(struct hk_graph_cache *cache, const char *version_id, size_t bytes)
{
    struct hk_graph *graph = make_graph();
    hk_graph_cache_add(cache, hk_str_from(version_id), graph, bytes);
    hk_graph_unref(graph);
}

static bool has(struct hk_graph_cache *cache, const char *version_id)
{
    struct hk_graph *graph = hk_graph_cache_find(cache, hk_str_from(version_id));
    hk_graph_unref(graph);
    return graph != NULL;
}

static void gives_back_the_very_graph(void **state)
{
    (void)state;
    struct hk_graph_cache *cache = hk_graph_cache_new(100);
    struct hk_graph *graph = make_graph();
    hk_graph_cache_add(cache, HK_STR("v1"), graph, 10);
    struct hk_graph *again = hk_graph_cache_find(cache, HK_STR("v1"));
    assert_ptr_equal(again, graph);
    assert_null(hk_graph_cache_find(cache, HK_STR("v2")));
    hk_graph_unref(graph);
    hk_graph_cache_free(cache);
    assert_int_equal(again->task_count, 1); /* the reference outlives the cache */
    hk_graph_unref(again);
}

static void the_least_recently_used_go_when_it_is_full(void **state)
{
    (void)state;
    struct hk_graph_cache *cache = hk_graph_cache_new(100);
    add(cache, "a", 40);
    add(cache, "b", 40);
    assert_true(has(cache, "a"));
    add(cache, "c", 40);
    assert_true(has(cache, "a") && has(cache, "c") && !has(cache, "b"));
    add(cache, "a", 40); /* is there already */
    assert_true(has(cache, "c"));
    add(cache, "larger than all", 101);
    assert_true(has(cache, "a") && has(cache, "c") && !has(cache, "larger than all"));
    add(cache, "all", 100);
    assert_true(has(cache, "all") && !has(cache, "a") && !has(cache, "c"));
    hk_graph_cache_free(cache);
}

static void many_small_ones(void **state)
{
    (void)state;
    struct hk_graph_cache *cache = hk_graph_cache_new(1000000);
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "version %d", i);
        add(cache, name, 1);
        assert_true(has(cache, name));
    }
    assert_false(has(cache, "version 0"));
    hk_graph_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_the_very_graph),
        cmocka_unit_test(the_least_recently_used_go_when_it_is_full),
        cmocka_unit_test(many_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
