/* Many runs, so that each way of searching is taken, against what plain SQL says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/store/ml_search.h"
#include "engine/store/store.h"

enum { MOST = 1000 };

static struct hk_store *store;
static struct hk_db *db;
static struct hk_error err;
static struct hk_arena arena;

/* 24,000 runs in two experiments: a metric with ties that every third run misses and every fifth has as no number, a
 * param of few values, one of many, and a tag. */
static int open_all(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_exec(
        db,
        "INSERT INTO experiment VALUES (1, 'e', 'x', 'active', 1, 1);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24000) INSERT INTO ml_run "
        "(run_uuid, experiment_key, name, user_id, status, start_ms, end_ms, artifact_uri, lifecycle) SELECT "
        "printf('%032x', i * 7919 % 100003), i % 10 = 0, 'run-' || i, 'u', 'FINISHED', i * 31 % 1009, "
        "CASE WHEN i % 4 THEN i % 9 END, 'x', CASE WHEN i % 50 THEN 'active' ELSE 'deleted' END FROM n;"
        "INSERT INTO ml_latest_metric SELECT run_key, 'm', (run_key * 48271 % 65537 % 700) * (run_key % 5 > 0), 1, 1, "
        "run_key % 5 = 0 FROM ml_run WHERE run_key % 3 > 0;"
        "INSERT INTO ml_latest_metric SELECT run_key, 'rare', run_key, 1, 1, 0 FROM ml_run WHERE run_key % 3000 = 1;"
        "INSERT INTO ml_param SELECT run_key, 'few', 'v' || (run_key % 3) FROM ml_run;"
        "INSERT INTO ml_param SELECT run_key, 'many', printf('%.100c', 'x') || (run_key % 2000) FROM ml_run;"
        "INSERT INTO ml_run_tag SELECT run_key, 'mlflow.runName', name FROM ml_run;",
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

struct question {
    const char *filter;
    const char *order; /* of one field, or empty */
    int64_t limit;
    int64_t offset;
    const char *sql; /* the keys of all that is found, in order */
};

static struct hk_ml_found search(const struct question *question, const char *lifecycle)
{
    static struct hk_search_order order;
    static const int64_t experiments[] = {0};
    struct hk_ml_search s = {.experiments = experiments,
                             .experiment_count = 1,
                             .lifecycle = lifecycle,
                             .limit = question->limit,
                             .offset = question->offset};
    struct hk_ml_found found;
    hk_arena_reset(&arena);
    assert_true(hk_search_filter_parse(HK_SEARCH_RUNS, hk_str_from(question->filter), &arena, &s.filter, &err));
    if (question->order[0] != '\0') {
        assert_true(hk_search_order_parse(HK_SEARCH_RUNS, hk_str_from(question->order), &arena, &order, &err));
        s.orders = &order;
        s.order_count = 1;
    }
    assert_true(hk_store_search_runs(db, &s, &arena, &found, &err));
    return found;
}

static void expect_same(const struct question *question)
{
    struct hk_ml_found found = search(question, "active");
    struct hk_stmt *q = hk_db_query(db, question->sql);
    bool ok = true;
    size_t at = 0;
    int64_t skipped = 0;
    while (hk_step(q, &ok, &err)) {
        if (skipped < question->offset) {
            skipped++;
        } else if (at == found.count) {
            assert_true(found.has_more);
            assert_int_equal(found.count, question->limit);
            hk_reset(q);
            return;
        } else {
            assert_int_equal(hk_column_int(q, 0), found.keys[at++]);
        }
    }
    assert_true(ok);
    assert_int_equal(at, found.count);
    assert_false(found.has_more);
}

#define OF_RUNS "SELECT r.run_key FROM ml_run r "
#define HERE "r.experiment_key = 0 AND r.lifecycle = 'active' "
#define TIES "r.start_ms DESC, r.run_uuid"
#define WITH_METRIC OF_RUNS "LEFT JOIN ml_latest_metric m ON m.run_key = r.run_key AND m.key = 'm' WHERE " HERE
#define BY_METRIC "ORDER BY CASE WHEN m.value IS NULL THEN 2 WHEN m.is_nan THEN 1 ELSE 0 END, m.value "

static void test_each_way(void **state)
{
    (void)state;
    static const char all[] = OF_RUNS "WHERE " HERE "ORDER BY " TIES;
    static const char up[] = WITH_METRIC BY_METRIC ", " TIES;
    static const char down[] = WITH_METRIC BY_METRIC "DESC, " TIES;
    static const char down_few[] = WITH_METRIC "AND r.run_key % 3 = 1 " BY_METRIC "DESC, " TIES;
    static const char many[] = OF_RUNS "WHERE " HERE "AND r.run_key % 2000 = 77 ORDER BY " TIES;
    static const char many_up[] = WITH_METRIC "AND r.run_key % 2000 = 77 " BY_METRIC ", " TIES;
    static const char above[] = WITH_METRIC "AND m.value > 690 AND m.is_nan = 0 " BY_METRIC ", " TIES;
    static const char above_by_start[] = WITH_METRIC "AND m.value > 600 AND m.is_nan = 0 ORDER BY " TIES;
    static const char rare[] = OF_RUNS
        "LEFT JOIN ml_latest_metric m ON m.run_key = r.run_key AND m.key = 'rare' WHERE " HERE BY_METRIC ", " TIES;
    static const char by_end[] = OF_RUNS "WHERE " HERE "ORDER BY r.end_ms IS NULL, r.end_ms DESC, " TIES;
    static const char named[] = OF_RUNS "WHERE " HERE "AND r.name = 'run-777' ORDER BY " TIES;
    static const char nothing[] = OF_RUNS "WHERE 0";
    static const char by_few[] =
        OF_RUNS "JOIN ml_param p ON p.run_key = r.run_key AND p.key = 'few' WHERE " HERE "ORDER BY p.value DESC, " TIES;
    static const char by_name[] = OF_RUNS "WHERE " HERE "ORDER BY r.name, " TIES;
    static const struct question questions[] = {
        {"", "", 100, 0, all},
        {"", "", 100, 21000, all},
        {"", "metrics.m", 100, 0, up},
        {"", "metrics.m DESC", MOST, 3000, down},
        {"", "metrics.m DESC", MOST, 11000, down},
        {"", "metrics.m", MOST, 20600, up},
        {"params.few = 'v1'", "metrics.m DESC", 100, 0, down_few},
        {"params.few = 'v1'", "metrics.m DESC", MOST, 5400, down_few},
        {"params.few LIKE 'v1'", "metrics.m DESC", 100, 50, down_few},
        {"params.many = "
         "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx77'",
         "", 100, 0, many},
        {"params.many = "
         "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx77'",
         "metrics.m", 100, 0, many_up},
        {"metrics.m > 690", "metrics.m", 100, 0, above},
        {"metrics.m > 690", "metrics.m", MOST, 0, above},
        {"metrics.m > 600", "", 100, 300, above_by_start},
        {"", "metrics.rare", 100, 0, rare},
        {"", "metrics.rare", 100, 3, rare},
        {"", "end_time DESC", MOST, 15000, by_end},
        {"params.few LIKE '%9'", "metrics.m", 100, 0, nothing},
        {"params.few LIKE '%9'", "", 100, 0, nothing},
        {"params.few = 'v1'", "metrics.m DESC", MOST, 0, down_few},
        {"params.few LIKE 'v1'", "metrics.m DESC", MOST, 5000, down_few},
        {"", "params.few DESC", MOST, 6800, by_few},
        {"", "run_name", MOST, 20000, by_name},
        {"run_name = 'run-777'", "", 5, 0, named},
        {"run_name = 'run-777'", "metrics.m", 5, 0, named},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        expect_same(&questions[i]);
    }
}

static void test_lifecycles_and_experiments(void **state)
{
    (void)state;
    const struct question question = {"", "", MOST, 0, NULL};
    assert_int_equal(search(&question, "deleted").count, 0); /* every fiftieth is in the other experiment */
    assert_true(search(&question, NULL).has_more);
    struct hk_ml_search none = {.limit = 5};
    struct hk_ml_found found;
    assert_true(hk_store_search_runs(db, &none, &arena, &found, &err));
    assert_int_equal(found.count, 0);
    const int64_t both[] = {0, 1};
    struct hk_ml_search two = {.experiments = both, .experiment_count = 2, .lifecycle = "deleted", .limit = MOST};
    assert_true(hk_store_search_runs(db, &two, &arena, &found, &err));
    assert_int_equal(found.count, 480);
}

/* An experiment with a tenth of the runs: all runs are not read for it, whatever the order. */
static void test_few_among_many(void **state)
{
    (void)state;
    static const char sql[] = OF_RUNS "LEFT JOIN ml_latest_metric m ON m.run_key = r.run_key AND m.key = 'm' "
                                      "WHERE r.experiment_key = 1 AND r.run_key % 3 = 1 " BY_METRIC ", " TIES;
    static const int64_t experiments[] = {1};
    struct hk_search_order order;
    struct hk_ml_search s = {
        .experiments = experiments, .experiment_count = 1, .orders = &order, .order_count = 1, .limit = MOST};
    struct hk_ml_found found;
    assert_true(hk_search_filter_parse(HK_SEARCH_RUNS, HK_STR("params.few LIKE 'v1'"), &arena, &s.filter, &err));
    assert_true(hk_search_order_parse(HK_SEARCH_RUNS, HK_STR("metrics.m"), &arena, &order, &err));
    assert_true(hk_store_search_runs(db, &s, &arena, &found, &err));
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    size_t at = 0;
    for (; hk_step(q, &ok, &err); at++) {
        assert_true(at < found.count);
        assert_int_equal(hk_column_int(q, 0), found.keys[at]);
    }
    assert_true(ok);
    assert_int_equal(at, found.count);
    assert_int_equal(found.count, 800);
}

static void test_patterns_that_are_too_long(void **state)
{
    (void)state;
    struct hk_buf buf;
    hk_buf_init(&buf, 1024 * 1024);
    hk_buf_printf(&buf, "params.few LIKE '%020000d'", 0);
    const int64_t experiments[] = {0};
    struct hk_ml_search s = {.experiments = experiments, .experiment_count = 1, .limit = 5};
    struct hk_ml_found found;
    assert_true(hk_search_filter_parse(HK_SEARCH_RUNS, hk_buf_str(&buf), &arena, &s.filter, &err));
    assert_false(hk_store_search_runs(db, &s, &arena, &found, &err));
    assert_int_equal(err.code, HK_INVALID);
    hk_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way),
        cmocka_unit_test(test_lifecycles_and_experiments),
        cmocka_unit_test(test_few_among_many),
        cmocka_unit_test(test_patterns_that_are_too_long),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
