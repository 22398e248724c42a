/* Who has made it: which tries of tasks are at work, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/store/maker_store.h"
#include "engine/store/store.h"

static struct hk_store *store;
static struct hk_arena arena;
static struct hk_error err;
static const struct hk_task_try second = {.run_key = 7, .task = 3, .map_index = -1, .starts = 2};

static void keep(void *arg, const struct hk_error *e)
{
    (void)arg;
    err.code = e != NULL ? e->code : HK_OK;
}

static enum hk_code write_once(bool (*run)(struct hk_db *db, void *arg, struct hk_error *e), const void *arg)
{
    const struct hk_write w = {.run = run, .done = keep, .arg = (void *)(uintptr_t)arg};
    hk_store_submit(store, &w);
    hk_store_pump(store);
    return err.code;
}

static bool run_sql(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_db_exec(db, arg, e);
}

static void sql(const char *text)
{
    assert_int_equal(write_once(run_sql, text), HK_OK);
}

static int set_up(void **state)
{
    (void)state;
    const struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    assert_true(hk_store_open(&options, &store, &err));
    hk_arena_init(&arena);
    sql("INSERT INTO dag_source VALUES (1, 'd', ''); "
        "INSERT INTO dag_version (version_key, version_id, dag_id, version_number, bundle_name, bundle_version, "
        "created_us, digest, document, source_key) VALUES (1, 'v', 'train', 1, 'b', 'c0ffee', 1, 'd', '', 1); "
        "INSERT INTO dag_run (run_key, dag_id, run_id, run_type, state, run_after_us, version_key, triggering_user) "
        "VALUES (7, 'train', 'r1', 'manual', 'running', 1, 1, 'tina'); "
        "INSERT INTO task_instance (run_key, task, map_index, task_id, state, starts, try_number, pool, pool_slots, "
        "queue, priority_weight, operator, operator_name, display_name) "
        "VALUES (7, 3, -1, 'fit', 'running', 2, 1, 'p', 1, 'q', 1, 'o', 'o', 'fit')");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    hk_store_close(store);
    return 0;
}

static bool is_at_work(const struct hk_task_try *who, int64_t now_us)
{
    struct hk_db *db = NULL;
    bool is = false;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_task_is_at_work(db, who, now_us, &is, &err));
    hk_store_reader_give(store, db);
    return is;
}

static void only_the_try_that_runs_is_at_work(void **state)
{
    (void)state;
    assert_true(is_at_work(&second, 0));
    const struct hk_task_try others[] = {{7, 3, -1, 1}, {7, 3, -1, 3}, {7, 3, 0, 2}, {7, 2, -1, 2}, {8, 3, -1, 2}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(is_at_work(&others[i], 0));
    }
    static const char *const live[] = {"queued", "restarting", "running"};
    static const char *const dead[] = {"success", "failed",   "skipped",         "up_for_retry", "up_for_reschedule",
                                       "removed", "deferred", "upstream_failed", "scheduled"};
    char text[128];
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        snprintf(text, sizeof text, "UPDATE task_instance SET state = '%s'", dead[i]);
        sql(text);
        assert_false(is_at_work(&second, 0));
    }
    sql("UPDATE task_instance SET state = NULL"); /* cleared */
    assert_false(is_at_work(&second, 0));
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        snprintf(text, sizeof text, "UPDATE task_instance SET state = '%s'", live[i]);
        sql(text);
        assert_true(is_at_work(&second, 0));
    }
}

static void last_words_are_heard_for_a_minute(void **state)
{
    (void)state;
    sql("UPDATE task_instance SET state = 'success', end_us = 1000000000");
    assert_true(is_at_work(&second, 1000000000 + 60 * HK_SECOND_US));
    assert_false(is_at_work(&second, 1000000001 + 60 * HK_SECOND_US));
    sql("UPDATE task_instance SET state = 'queued', starts = 3"); /* the next try has begun */
    assert_false(is_at_work(&second, 1000000000));
}

static int64_t noted;

static bool note(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_store_maker_note(db, arg, &noted, e);
}

static void a_maker_is_noted_once(void **state)
{
    (void)state;
    assert_int_equal(write_once(note, &second), HK_OK);
    int64_t first = noted;
    assert_true(first > 0);
    assert_int_equal(write_once(note, &second), HK_OK);
    assert_int_equal(noted, first);
    const struct hk_task_try unknown = {7, 3, -1, 9};
    assert_int_equal(write_once(note, &unknown), HK_DENIED);
}

static void a_maker_outlives_its_run(void **state)
{
    (void)state;
    struct hk_db *db = NULL;
    struct hk_maker maker;
    bool found = false;
    assert_int_equal(write_once(note, &second), HK_OK);
    sql("INSERT INTO ml_run (run_key, run_uuid, experiment_key, name, user_id, status, start_ms, artifact_uri, "
        "maker_key, maker_commit) SELECT 5, 'u', 0, 'n', '', 'RUNNING', 1, 'x', maker_key, 'said' FROM maker; "
        "INSERT INTO ml_run (run_key, run_uuid, experiment_key, name, user_id, status, start_ms, artifact_uri) "
        "VALUES (6, 'by hand', 0, 'n', '', 'RUNNING', 1, 'x'); "
        "DELETE FROM dag_run");
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_maker_find(db, HK_MADE_RUN, 5, &arena, &maker, &found, &err));
    assert_true(found);
    assert_int_equal(maker.run_key, 7);
    assert_string_equal(maker.dag_id, "train");
    assert_string_equal(maker.run_id, "r1");
    assert_string_equal(maker.triggering_user, "tina");
    assert_string_equal(maker.commit, "c0ffee"); /* the bundle's own comes before what the task says */
    assert_true(hk_store_maker_find(db, HK_MADE_RUN, 6, &arena, &maker, &found, &err));
    assert_false(found);
    hk_store_reader_give(store, db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_the_try_that_runs_is_at_work),
        TEST(last_words_are_heard_for_a_minute),
        TEST(a_maker_is_noted_once),
        TEST(a_maker_outlives_its_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
