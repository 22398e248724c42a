/* Random values, logged one by one and in batches: the history, its pages, its samples and the latest value must be
 * what a plain array says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/rand.h"
#include "engine/store/metric_store.h"
#include "engine/store/ml_run_store.h"
#include "engine/store/store.h"

enum { MOST = 400 };

static struct hk_store *store;
static struct hk_error err;
static struct hk_rand dice;

struct run {
    char uuid[16];
    int64_t key;
};

struct values {
    struct hk_metric items[MOST];
    size_t len;
    size_t most; /* take no more */
};

static int open_store(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    hk_store_close(store);
    return 0;
}

static bool insert(struct hk_db *db, void *arg, struct hk_error *e)
{
    struct run *run = arg;
    struct hk_ml_run row = {.run_uuid = run->uuid,
                            .name = "n",
                            .user_id = "",
                            .status = "RUNNING",
                            .end_ms = HK_TIME_NONE,
                            .artifact_uri = ""};
    bool ok = hk_store_ml_run_insert(db, &row, NULL, 0, e);
    run->key = row.run_key;
    return ok;
}

struct logging {
    int64_t run_key;
    const struct hk_metric *metrics;
    size_t count;
};

static bool log_values(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct logging *l = arg;
    return hk_store_metrics_log(db, l->run_key, l->metrics, l->count, e);
}

static bool take(void *arg, const struct hk_metric *metric)
{
    struct values *v = arg;
    assert_true(v->len < MOST);
    v->items[v->len] = *metric;
    v->items[v->len++].key = (struct hk_str){0};
    return v->len < v->most;
}

static int by_time(const void *a, const void *b)
{
    const struct hk_metric *x = a;
    const struct hk_metric *y = b;
    int64_t order = x->timestamp_ms != y->timestamp_ms ? x->timestamp_ms - y->timestamp_ms : x->step - y->step;
    if (order == 0) {
        order = x->value != y->value ? (x->value > y->value ? 1 : -1) : x->is_nan - y->is_nan;
    }
    return order > 0 ? 1 : order < 0 ? -1 : 0;
}

static int by_step(const void *a, const void *b)
{
    const struct hk_metric *x = a;
    const struct hk_metric *y = b;
    return x->step != y->step ? (x->step > y->step ? 1 : -1) : by_time(a, b);
}

static bool is_same(const struct hk_metric *a, const struct hk_metric *b)
{
    return by_time(a, b) == 0;
}

/* Few different numbers, so that the same value comes again and orders are decided by the last of their parts. */
static struct values make_values(void)
{
    struct values v = {.len = hk_rand_below(&dice, 60)};
    for (size_t i = 0; i < v.len; i++) {
        struct hk_metric *m = &v.items[i];
        *m = (struct hk_metric){.key = HK_STR("k"),
                                .timestamp_ms = (int64_t)hk_rand_below(&dice, 4),
                                .step = (int64_t)hk_rand_below(&dice, 4) - 1,
                                .value = (double)hk_rand_below(&dice, 3) - 1};
        m->is_nan = m->value == 0 && hk_rand_below(&dice, 2) == 0;
    }
    return v;
}

static void log_all(const struct run *run, const struct values *v)
{
    for (size_t at = 0; at < v->len;) {
        size_t n = 1 + hk_rand_below(&dice, 9);
        n = n < v->len - at ? n : v->len - at;
        struct logging l = {run->key, v->items + at, n};
        assert_true(hk_store_write_now(store, log_values, &l, &err));
        at += n;
    }
}

static void expect_same(const struct values *a, const struct values *b)
{
    assert_int_equal(a->len, b->len);
    for (size_t i = 0; i < a->len; i++) {
        assert_true(is_same(&a->items[i], &b->items[i]));
    }
}

static void check_pages(struct hk_db *db, const struct run *run, const struct values *wanted)
{
    struct values got = {0};
    size_t page_size = 1 + hk_rand_below(&dice, 7);
    struct hk_metric last;
    bool is_whole = true;
    while (is_whole) {
        size_t before = got.len;
        got.most = before + page_size;
        struct hk_metric_page page = {.run_uuid = hk_str_from(run->uuid),
                                      .key = HK_STR("k"),
                                      .after = before > 0 ? &last : NULL,
                                      .most = (int64_t)page_size};
        assert_true(hk_store_metric_history(db, &page, take, &got, &err));
        is_whole = got.len - before == page_size;
        last = got.len > 0 ? got.items[got.len - 1] : last;
    }
    expect_same(&got, wanted);
}

static void check_sample(struct hk_db *db, const struct run *run, struct values sorted)
{
    uint64_t most = 1 + hk_rand_below(&dice, 8);
    struct values wanted = {0};
    struct values got = {.most = MOST};
    qsort(sorted.items, sorted.len, sizeof sorted.items[0], by_step);
    for (size_t i = 0; i < sorted.len; i++) {
        if (hk_metric_is_sampled(i, sorted.len, most)) {
            wanted.items[wanted.len++] = sorted.items[i];
        }
    }
    const struct hk_metric *last = sorted.len > 0 ? &sorted.items[sorted.len - 1] : NULL;
    if (last != NULL && !is_same(&wanted.items[wanted.len - 1], last)) {
        wanted.len -= wanted.len >= most ? 1 : 0;
        wanted.items[wanted.len++] = *last;
    }
    const struct hk_metric_range range = {hk_str_from(run->uuid), HK_STR("k"), INT64_MIN, INT64_MAX, most};
    assert_true(hk_store_metric_sample(db, &range, take, &got, &err));
    expect_same(&got, &wanted);
}

static void what_is_logged_is_what_an_array_says(void **state)
{
    (void)state;
    hk_rand_init(&dice, 20261127);
    struct hk_db *db = NULL;
    for (int i = 0; i < 300; i++) {
        struct run run;
        snprintf(run.uuid, sizeof run.uuid, "r%d", i);
        assert_true(hk_store_write_now(store, insert, &run, &err));
        struct values v = make_values();
        log_all(&run, &v);
        struct values latest = {.most = MOST};
        struct values unique = {0};
        assert_true(hk_store_reader_take(store, &db, &err));
        assert_true(hk_store_metrics_latest(db, run.key, take, &latest, &err));
        assert_int_equal(latest.len, v.len > 0 ? 1 : 0);
        for (size_t n = 0; n < v.len; n++) {
            assert_false(hk_metric_is_later(&v.items[n], &latest.items[0]));
        }
        qsort(v.items, v.len, sizeof v.items[0], by_time);
        for (size_t n = 0; n < v.len; n++) {
            if (n == 0 || !is_same(&v.items[n - 1], &v.items[n])) {
                unique.items[unique.len++] = v.items[n];
            }
        }
        check_pages(db, &run, &unique);
        check_sample(db, &run, unique);
        hk_store_reader_give(store, db);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_logged_is_what_an_array_says, open_store, close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
