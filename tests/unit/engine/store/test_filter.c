#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/store/filter.h"

static struct hk_error err;
static struct hk_db *db;

static int set_up(void **state)
{
    (void)state;
    assert_true(hk_db_open(":memory:", HK_DB_READ_WRITE, &db, &err));
    assert_true(
        hk_db_exec(db,
                   "CREATE TABLE t (name TEXT, n INTEGER, at INTEGER);"
                   "INSERT INTO t VALUES ('alpha', 1, 100), ('alphabet', 2, NULL), ('Beta', 3, 300), "
                   "('b_a%\\x', 4, 400), (NULL, 5, 500), ('az', 6, 600), ('b', 7, 700), ('\xc3\xa9t\xc3\xa9', 8, 800);",
                   &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_db_close(db);
    return 0;
}

/* The numbers of the rows that fit, as digits. */
static void expect(struct hk_filter *f, const char *wanted)
{
    static const struct hk_order_field orders[] = {{"n", "n", NULL}, {NULL, NULL, NULL}};
    static const char *const key[] = {"n", NULL};
    static const struct hk_list_sql list = {"SELECT n FROM t", NULL, key};
    const struct hk_page page = {.limit = 100, .orders = {{&orders[0], false}}, .order_count = 1};
    char got[16] = {0};
    struct hk_stmt *q;
    int64_t total = -1;
    bool ok = true;
    assert_true(hk_filter_count(f, db, "SELECT count(*) FROM t", &total, &err));
    assert_true(hk_filter_select(f, db, &list, &page, &q, &err));
    for (size_t i = 0; hk_step(q, &ok, &err); i++) {
        got[i] = (char)('0' + hk_column_int(q, 0));
    }
    hk_stmt_free(q);
    assert_true(ok);
    assert_string_equal(got, wanted);
    assert_int_equal(total, strlen(wanted));
    hk_filter_clear(f);
}

static void expect_search(const char *pattern, const char *prefix, const char *wanted)
{
    struct hk_filter f;
    const struct hk_search search = {hk_str_from(pattern), hk_str_from(prefix)};
    hk_filter_init(&f);
    hk_filter_search(&f, "name", &search);
    expect(&f, wanted);
}

static void patterns(void **state)
{
    (void)state;
    expect_search(NULL, NULL, "12345678");
    expect_search("ALPHA", NULL, "12");
    expect_search("~", NULL, "1234678");
    expect_search("eta|lphabet", NULL, "23");
    expect_search("a%t", NULL, "2"); /* a wildcard here */
}

static void prefixes(void **state)
{
    (void)state;
    expect_search(NULL, "alpha", "12");
    expect_search(NULL, "ALPHA", "");
    expect_search(NULL, "b_", "47"); /* trailing punctuation is cut off */
    expect_search(NULL, "az", "6");
    expect_search(NULL, "\xc3\xa9", "8");
    expect_search(NULL, "~", "1234678");
    expect_search(NULL, "az|Be", "36");
}

static void ranges(void **state)
{
    (void)state;
    struct hk_filter f;
    struct hk_range range = HK_RANGE_ALL;
    assert_true(hk_range_is_all(&range));
    hk_filter_init(&f);
    hk_filter_range(&f, "at", &range);
    expect(&f, "12345678");
    range.gte = 300;
    range.lt = 500;
    hk_filter_init(&f);
    hk_filter_range(&f, "at", &range);
    expect(&f, "34");
    range = HK_RANGE_ALL;
    range.gt = 700;
    hk_filter_init(&f);
    hk_filter_range_or_null(&f, "at", &range, 1000);
    expect(&f, "28");
    range = HK_RANGE_ALL;
    range.lte = 100;
    hk_filter_init(&f);
    hk_filter_range_or_null(&f, "at", &range, 1000);
    expect(&f, "1");
    hk_filter_init(&f);
    hk_filter_range_or_null(&f, "at", &range, 50);
    expect(&f, "12");
}

static void lists(void **state)
{
    (void)state;
    struct hk_filter f;
    const struct hk_str names[] = {{"alpha", 5}, {NULL, 0}};
    const struct hk_str evil[] = {{"x' OR 1=1 --", 12}};
    const struct hk_str literal[] = {{"_a%\\", 4}};
    const int64_t numbers[] = {2, 7, 99};
    hk_filter_init(&f);
    hk_filter_any(&f, "name", (struct hk_texts){names, 1});
    expect(&f, "1");
    hk_filter_init(&f);
    hk_filter_any_or_null(&f, "name", (struct hk_texts){names, 2});
    expect(&f, "15");
    hk_filter_init(&f);
    hk_filter_any(&f, "name", (struct hk_texts){evil, 1});
    expect(&f, "");
    hk_filter_init(&f);
    hk_filter_like_any(&f, "name", (struct hk_texts){literal, 1});
    expect(&f, "4");
    hk_filter_init(&f);
    hk_filter_ints(&f, "n", numbers, 3);
    hk_filter_text(&f, "name <> ?", HK_STR("b"));
    expect(&f, "2");
    hk_filter_init(&f);
    hk_filter_none(&f, "name", (struct hk_texts){names, 1});
    hk_filter_any(&f, "name", (struct hk_texts){NULL, 0});
    expect(&f, "234678");
}

/* SQLite takes expressions of a certain depth and a number of values; both are for the caller to hear of, not a failure
 * of the server. */
static void too_many_terms_and_values_are_refused(void **state)
{
    (void)state;
    static char pattern[4096];
    static struct hk_str names[HK_MAX_FILTER_VALUES + 1];
    int64_t total = 0;
    struct hk_filter f;
    for (size_t i = 0; i + 1 < sizeof pattern; i++) {
        pattern[i] = i % 2 == 0 ? 'x' : '|';
    }
    hk_filter_init(&f);
    hk_filter_search(&f, "name", &(struct hk_search){.pattern = {pattern, 2 * 900}});
    assert_true(hk_filter_count(&f, db, "SELECT count(*) FROM t", &total, &err));
    hk_filter_clear(&f);
    hk_filter_init(&f);
    hk_filter_search(&f, "name", &(struct hk_search){.pattern = hk_str_from(pattern)});
    assert_false(hk_filter_count(&f, db, "SELECT count(*) FROM t", &total, &err));
    assert_int_equal(err.code, HK_LIMIT);
    hk_filter_clear(&f);
    for (size_t i = 0; i < HK_MAX_FILTER_VALUES + 1; i++) {
        names[i] = HK_STR("alpha");
    }
    hk_filter_init(&f);
    hk_filter_any(&f, "name", (struct hk_texts){names, HK_MAX_FILTER_VALUES});
    assert_true(hk_filter_count(&f, db, "SELECT count(*) FROM t", &total, &err));
    assert_int_equal(total, 1);
    hk_filter_clear(&f);
    hk_filter_init(&f);
    hk_filter_any(&f, "name", (struct hk_texts){names, HK_MAX_FILTER_VALUES + 1});
    assert_false(hk_filter_count(&f, db, "SELECT count(*) FROM t", &total, &err));
    assert_int_equal(err.code, HK_LIMIT);
    hk_filter_clear(&f);
}

static void pages(void **state)
{
    (void)state;
    static const struct hk_order_field orders[] = {{"parity", "n % 2", "name"}, {NULL, NULL, NULL}};
    static const char *const key[] = {"n", NULL};
    static const struct hk_list_sql list = {"SELECT n FROM t", "n IN (SELECT n FROM t", key};
    struct hk_page page = {.limit = 2, .offset = 1, .orders = {{&orders[0], true}}, .order_count = 1};
    struct hk_filter f;
    struct hk_stmt *q;
    bool ok = true;
    assert_ptr_equal(hk_order_find(orders, HK_STR("parity")), &orders[0]);
    assert_null(hk_order_find(orders, HK_STR("n")));
    hk_filter_init(&f);
    hk_filter_int(&f, "n < ?", 5);
    assert_true(hk_filter_select(&f, db, &list, &page, &q, &err));
    hk_filter_clear(&f);
    assert_true(hk_step(q, &ok, &err));
    assert_int_equal(hk_column_int(q, 0), 3); /* odd: alpha, Beta, descending */
    assert_true(hk_step(q, &ok, &err));
    assert_int_equal(hk_column_int(q, 0), 4);
    assert_false(hk_step(q, &ok, &err));
    hk_stmt_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns), cmocka_unit_test(prefixes), cmocka_unit_test(ranges),
        cmocka_unit_test(lists),    cmocka_unit_test(pages),    cmocka_unit_test(too_many_terms_and_values_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
