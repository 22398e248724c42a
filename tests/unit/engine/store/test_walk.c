#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/store/run_query.h"
#include "engine/store/store.h"
#include "engine/store/walk.h"

enum { RUNS = 23 };

static struct hk_store *store;
static struct hk_db *db;
static struct hk_error err;
static struct hk_arena arena;

/* Values that repeat, and some that are NULL. */
static int open_all(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_exec(
        db,
        "INSERT INTO dag_source VALUES (1, 's', 's');"
        "INSERT INTO dag_version VALUES (1, 'v', 'd', 1, 'b', NULL, 0, 'x', 'y', 1);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 23) "
        "INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_us, start_us, run_after_us, version_key) "
        "SELECT 'd', 'r' || (i * 7 % 23), 'manual', CASE WHEN i % 2 THEN 'success' ELSE 'failed' END, "
        "CASE WHEN i % 3 THEN i * 5 % 23 END, CASE WHEN i % 4 THEN i % 5 END, i % 2, 1 FROM n",
        &err));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    hk_store_reader_give(store, db);
    hk_store_close(store);
    hk_arena_clear(&arena);
    return 0;
}

struct keys {
    int64_t items[2 * RUNS];
    size_t count;
};

static bool note_key(void *arg, const struct hk_run_info *row)
{
    struct keys *keys = arg;
    assert_true(keys->count < 2 * RUNS);
    keys->items[keys->count++] = row->run_key;
    return true;
}

static void list(const struct hk_page *page, struct keys *keys)
{
    const struct hk_run_filter all = HK_RUN_FILTER_ALL;
    int64_t total = 0;
    assert_true(hk_store_run_list(db, &all, page, note_key, keys, &total, &err));
    assert_int_equal(total, RUNS);
}

static struct hk_page page_of(const char *first, bool is_first_down, const char *second, bool is_second_down)
{
    struct hk_page page = {.limit = -1, .order_count = second != NULL ? 2 : 1};
    page.orders[0] = (struct hk_order){hk_order_find(hk_run_orders, hk_str_from(first)), is_first_down};
    if (second != NULL) {
        page.orders[1] = (struct hk_order){hk_order_find(hk_run_orders, hk_str_from(second)), is_second_down};
    }
    return page;
}

static void expect_same(const struct keys *found, const struct keys *wanted)
{
    assert_int_equal(found->count, wanted->count);
    assert_memory_equal(found->items, wanted->items, wanted->count * sizeof wanted->items[0]);
}

/* To the end and back again: each way shows each row once, in the list's order. */
static void walk_both_ways(struct hk_page page, int64_t limit)
{
    struct keys wanted = {.count = 0};
    struct keys forward = {.count = 0};
    list(&page, &wanted);
    page.limit = limit;
    struct hk_walk walk = {.arena = &arena, .has_more = true};
    while (walk.has_more) {
        walk = (struct hk_walk){.arena = &arena, .from = walk.last};
        page.walk = &walk;
        list(&page, &forward);
    }
    expect_same(&forward, &wanted);
    struct keys backward = {.items = {[0] = 0}, .count = 0};
    struct hk_place at = walk.last;
    struct keys tail = {.items = {wanted.items[RUNS - 1]}, .count = 1};
    do {
        struct keys one = {.count = 0};
        walk = (struct hk_walk){.arena = &arena, .is_backward = true, .from = at};
        list(&page, &one);
        assert_true(one.count <= (size_t)limit);
        for (size_t i = one.count; i > 0; i--) { /* pages come last to first, their rows in order */
            backward.items[backward.count++] = one.items[i - 1];
        }
        at = walk.first;
    } while (walk.has_more);
    struct keys found = {.count = 0};
    for (size_t i = backward.count; i > 0; i--) {
        found.items[found.count++] = backward.items[i - 1];
    }
    found.items[found.count++] = tail.items[0];
    expect_same(&found, &wanted);
}

static void a_walk_shows_each_row_once_in_order(void **state)
{
    (void)state;
    static const char *const firsts[] = {"id", "run_id", "logical_date", "start_date", "state", "partition_date"};
    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++) {
        for (int directions = 0; directions < 4; directions++) {
            for (int64_t limit = 1; limit < RUNS + 3; limit += 4) {
                walk_both_ways(page_of(firsts[f], directions & 1, NULL, false), limit);
                walk_both_ways(page_of(firsts[f], directions & 1, "start_date", directions & 2), limit);
            }
        }
    }
}

static void a_place_of_another_order_is_refused(void **state)
{
    (void)state;
    const struct hk_run_filter all = HK_RUN_FILTER_ALL;
    struct hk_place_value value = {.number = 1};
    struct hk_walk walk = {.arena = &arena, .from = {&value, 1}};
    struct hk_page page = page_of("state", false, NULL, false);
    struct keys keys = {.count = 0};
    int64_t total = 0;
    page.walk = &walk;
    assert_false(hk_store_run_list(db, &all, &page, note_key, &keys, &total, &err));
    assert_int_equal(err.code, HK_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_shows_each_row_once_in_order),
        cmocka_unit_test(a_place_of_another_order_is_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
