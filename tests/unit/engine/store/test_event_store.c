#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/store/event_store.h"
#include "engine/store/store.h"

static struct hk_store *store;
static struct hk_error err;
static int calls;

static int open_store(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    calls = 0;
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    hk_store_close(store);
    return 0;
}

static void on_news(void *context)
{
    assert_ptr_equal(context, &calls);
    calls++;
}

static bool promote(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct hk_model_event *event = arg;
    return hk_store_model_event_add(db, event, e);
}

static bool promote_and_fail(struct hk_db *db, void *arg, struct hk_error *e)
{
    return promote(db, arg, e) && hk_error_set(e, HK_CONFLICT, "somebody else was faster");
}

static const struct hk_model_event champion = {.kind = HK_EVENT_MODEL_ALIAS_SET,
                                               .model = "fraud",
                                               .version = 2,
                                               .target = "champion",
                                               .actor = "ada",
                                               .happened_us = 5};

static int64_t count(const char *sql)
{
    struct hk_db *db = NULL;
    struct hk_stmt *q = NULL;
    int64_t n = -1;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_prepare(db, hk_str_from(sql), &q, &err));
    assert_true(hk_run_for_int(q, &n, &err));
    hk_stmt_free(q);
    hk_store_reader_give(store, db);
    return n;
}

struct seen {
    size_t count;
    int64_t sequences[4];
};

static bool on_event(void *arg, const struct hk_event *event)
{
    struct seen *seen = arg;
    assert_int_equal(event->kind, HK_EVENT_MODEL_ALIAS_SET);
    assert_string_equal(event->subject, "fraud");
    assert_string_equal(event->actor, "ada");
    assert_int_equal(event->happened_us, 5);
    seen->sequences[seen->count++] = event->sequence;
    return true;
}

static void test_add_and_read(void **state)
{
    (void)state;
    struct hk_db *db = NULL;
    struct seen seen = {0};
    int64_t cursor = -1;
    for (int i = 0; i < 3; i++) {
        assert_true(hk_store_write_now(store, promote, (void *)(uintptr_t)&champion, &err));
    }
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_store_cursor_get(db, "webhooks", &cursor, &err));
    assert_int_equal(cursor, 0);
    assert_true(hk_store_events_after(db, 0, 2, on_event, &seen, &err));
    assert_int_equal(seen.count, 2);
    assert_true(hk_store_cursor_set(db, "webhooks", seen.sequences[1], &err));
    assert_true(hk_store_cursor_get(db, "webhooks", &cursor, &err));
    assert_int_equal(cursor, seen.sequences[1]);
    assert_true(hk_store_events_after(db, cursor, 10, on_event, &seen, &err));
    assert_int_equal(seen.count, 3);
    assert_true(seen.sequences[0] < seen.sequences[1] && seen.sequences[1] < seen.sequences[2]);
    hk_store_reader_give(store, db);
}

/* Nobody waits for the write's end: those who watch are told all the same; and what was undone leaves no event. */
static void test_watch(void **state)
{
    (void)state;
    hk_store_watch(store, on_news, &calls);
    struct hk_write write = {promote, NULL, (void *)(uintptr_t)&champion, false};
    hk_store_submit(store, &write);
    hk_store_submit(store, &write);
    assert_int_equal(calls, 0);
    hk_store_pump(store);
    assert_int_equal(calls, 1);
    assert_int_equal(count("SELECT count(*) FROM event"), 2);

    assert_false(hk_store_write_now(store, promote_and_fail, (void *)(uintptr_t)&champion, &err));
    assert_int_equal(count("SELECT count(*) FROM event"), 2);
    hk_store_fail_commit(store, 1);
    assert_false(hk_store_write_now(store, promote, (void *)(uintptr_t)&champion, &err));
    assert_int_equal(count("SELECT count(*) FROM event"), 2);

    calls = 0;
    hk_store_unwatch(store, on_news, &calls);
    assert_true(hk_store_write_now(store, promote, (void *)(uintptr_t)&champion, &err));
    assert_int_equal(calls, 0);
    assert_true(hk_store_is_idle(store));
}

static const char assets[] =
    "INSERT INTO dag_source VALUES (1, 's', 's');"
    "INSERT INTO dag_version VALUES (1, 'v', 'd', 1, 'b', NULL, 0, 'x', 'y', 1);"
    "INSERT INTO dag (dag_id, is_paused, version_key, bundle_name, relative_fileloc, fileloc, display_name, owners, "
    "max_active_tasks, max_active_runs) VALUES ('d', 0, 1, 'b', 'f', 'f', 'd', '[]', 16, 16), "
    "('paused', 1, 1, 'b', 'f', 'f', 'p', '[]', 16, 16);"
    "INSERT INTO asset VALUES (1, 'model://fraud@champion', 'model://fraud@champion/', 'asset', '{}', 0, 0), "
    "(2, 'another name', 'model://fraud@champion', 'asset', '{}', 0, 0), (3, 'other', 'other', 'asset', '{}', 0, 0);"
    "INSERT INTO asset_dag VALUES ('d', 1, 0, 0), ('paused', 1, 0, 0), ('d', 3, 0, 0);";

static bool add_assets(struct hk_db *db, void *arg, struct hk_error *e)
{
    (void)arg;
    return hk_db_exec(db, assets, e);
}

static void test_asset(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, add_assets, NULL, &err));
    assert_true(hk_store_write_now(store, promote, (void *)(uintptr_t)&champion, &err));
    assert_int_equal(count("SELECT count(*) FROM asset_event WHERE asset_key IN (1, 2) AND happened_us = 5 AND "
                           "extra ->> '$.version' = 2"),
                     2);
    assert_int_equal(count("SELECT count(*) FROM asset_event"), 2);
    assert_int_equal(count("SELECT count(*) FROM asset_queue WHERE dag_id = 'd' AND asset_key = 1"), 1);
    assert_int_equal(count("SELECT count(*) FROM asset_queue"), 1);
}

/* An event is there with all that belongs to it, or not at all. */
static void test_fail_each_step(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, add_assets, NULL, &err));
    bool ok = false;
    for (int nth = 1; !ok && nth < 100; nth++) {
        hk_store_fail_step(store, nth);
        ok = hk_store_write_now(store, promote, (void *)(uintptr_t)&champion, &err);
        hk_store_fail_step(store, 0);
        assert_int_equal(count("SELECT count(*) FROM event"), ok ? 1 : 0);
        assert_int_equal(count("SELECT count(*) FROM asset_event"), ok ? 2 : 0);
        assert_int_equal(count("SELECT count(*) FROM asset_queue"), ok ? 1 : 0);
    }
    assert_true(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_and_read, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_watch, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_asset, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_fail_each_step, open_store, close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
