/* Promotions that wait go on by themselves, also over crashes between any two steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/events/event.h"
#include "engine/store/event_store.h"
#include "engine/store/policy_store.h"
#include "scheduler/promoter.h"

static struct hk_store *store;
static struct hk_promoter *promoter;
static struct hk_arena arena;
static struct hk_error err;
static int64_t now_us;
static int64_t timer_us;
static char begun[512]; /* validations that were asked for */

static int64_t wall(void *context)
{
    (void)context;
    return now_us;
}

static const struct hk_clock test_clock = {.wall_us = wall, .monotonic_us = wall};

static void set_timer(void *context, int64_t at_us)
{
    (void)context;
    timer_us = at_us;
}

static void trigger(void *context, const struct hk_validation_due *due)
{
    (void)context;
    size_t len = strlen(begun);
    snprintf(begun + len, sizeof begun - len, "%s %s %s;", due->dag_id, due->run_id, due->conf_json);
}

static void start(void)
{
    const struct hk_promoter_options options = {
        .store = store, .clock = &test_clock, .set_timer = set_timer, .trigger = trigger};
    promoter = hk_promoter_new(&options);
}

/* What had been committed stays; what was to be done about it is forgotten. */
static void crash(void)
{
    hk_store_abandon(store);
    assert_true(hk_promoter_is_idle(promoter));
    hk_promoter_free(promoter);
    promoter = NULL;
    begun[0] = '\0';
}

static bool run_sql(struct hk_db *db, void *arg, struct hk_error *e)
{
    return hk_db_exec(db, arg, e);
}

static void write_it(bool (*run)(struct hk_db *, void *, struct hk_error *), const void *arg)
{
    struct hk_error e;
    if (!hk_store_write_now(store, run, (void *)(uintptr_t)arg, &e)) {
        fail_msg("%s", e.message);
    }
}

static void sql(const char *text)
{
    write_it(run_sql, text);
}

static int64_t number(const char *query)
{
    struct hk_db *db = NULL;
    struct hk_stmt *q = NULL;
    bool ok = true;
    int64_t out = -1;
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_prepare(db, hk_str_from(query), &q, &err));
    while (hk_step(q, &ok, &err)) {
        out = hk_column_int(q, 0);
    }
    hk_stmt_free(q);
    hk_store_reader_give(store, db);
    return out;
}

static bool set_policy(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct hk_rule *rule = arg;
    const struct hk_policy policy = {.name = "p",
                                     .model = "*",
                                     .target = {HK_TARGET_ALIAS, "champion"},
                                     .removal_role = "Op",
                                     .rules = rule,
                                     .rule_count = 1};
    const struct hk_policy_save save = {.policy = &policy, .document_json = HK_STR("{}"), .now_us = now_us};
    int64_t version = 0;
    return hk_store_policy_set(db, &save, &version, e);
}

static int set_up(void **state)
{
    (void)state;
    const struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    assert_true(hk_store_open(&options, &store, &err));
    hk_arena_init(&arena);
    now_us = 100 * HK_DAY_US;
    begun[0] = '\0';
    timer_us = 0;
    sql("INSERT INTO registered_model VALUES (1, 'fraud', NULL, 1, 0, 0); "
        "INSERT INTO model_version (version_key, model_key, version, source, storage_location, created_ms, updated_ms) "
        "VALUES (1, 1, 1, 's', 's', 0, 0); "
        "INSERT INTO dag (dag_id, is_paused, bundle_name, relative_fileloc, fileloc, display_name, owners, "
        "max_active_tasks, max_active_runs) VALUES ('check', 0, 'b', 'f', 'f', 'd', '[]', 16, 16); "
        "INSERT INTO dag_source VALUES (1, 'd', ''); "
        "INSERT INTO dag_version (version_id, dag_id, version_number, bundle_name, created_us, digest, document, "
        "source_key) VALUES ('v', 'check', 1, 'b', 1, 'd', '', 1)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_promoter_free(promoter);
    promoter = NULL;
    hk_arena_clear(&arena);
    hk_store_close(store);
    return 0;
}

static bool ask(struct hk_db *db, void *arg, struct hk_error *e)
{
    (void)arg;
    const struct hk_promotion p = {.kind = HK_PROMOTE_ALIAS,
                                   .model = "fraud",
                                   .version = 1,
                                   .alias = "champion",
                                   .actor = "uma",
                                   .role = "User",
                                   .request_id = "q1",
                                   .now_us = now_us};
    struct hk_promotion_result result;
    return hk_promotion_apply(db, &p, &arena, &result, e);
}

/* The run begins, with what it was asked for. */
static void run_begins(void)
{
    sql("INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after_us, conf, version_key) VALUES "
        "('check', 'promotion__q1', 'manual', 'running', 1, "
        "'{\"model\":\"fraud\",\"version\":1,\"target\":{\"alias\":\"champion\"},\"request\":\"q1\"}', 1)");
}

static bool end_run(struct hk_db *db, void *arg, struct hk_error *e)
{
    const struct hk_run_event_text text = {.dag_id = "check",
                                           .run_id = "promotion__q1",
                                           .run_type = "manual",
                                           .state = arg,
                                           .logical_us = HK_TIME_NONE,
                                           .ended_us = now_us};
    struct hk_event event = hk_event_of_run(&text, &arena);
    char query[100];
    snprintf(query, sizeof query, "UPDATE dag_run SET state = '%s'", (const char *)arg);
    return hk_db_exec(db, query, e) && hk_store_event_add(db, &event, e);
}

static int64_t holder(void)
{
    return number("SELECT coalesce(max(version), 0) FROM model_alias");
}

#define BEGUN                                                                                                          \
    "check promotion__q1 {\"model\":\"fraud\",\"version\":1,\"target\":{\"alias\":\"champion\"},\"request\":\"q1\"};"

static const struct hk_rule validated = {.kind = HK_RULE_VALIDATION, .name = "check"};

static void test_by_itself(void **state)
{
    (void)state;
    write_it(set_policy, &validated);
    start();
    hk_store_pump(store);
    write_it(ask, NULL);
    hk_store_pump(store);
    assert_string_equal(begun, BEGUN);
    run_begins();
    write_it(end_run, "success");
    hk_store_pump(store);
    assert_int_equal(holder(), 1);
    assert_int_equal(number("SELECT count(*) FROM event WHERE kind = 'model_alias_set'"), 1);
}

static void test_a_validation_that_fails(void **state)
{
    (void)state;
    write_it(set_policy, &validated);
    start();
    write_it(ask, NULL);
    run_begins();
    write_it(end_run, "failed");
    hk_store_pump(store);
    assert_int_equal(holder(), 0);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'failed'"), 1);
}

static void test_crashes(void **state)
{
    (void)state;
    write_it(set_policy, &validated);
    start();
    /* after the request was committed, before the validation is made */
    write_it(ask, NULL);
    crash();
    start();
    hk_store_pump(store);
    assert_string_equal(begun, BEGUN);
    /* after the run was asked for, before it was made: asked for again, by the same name */
    crash();
    start();
    hk_store_pump(store);
    assert_string_equal(begun, BEGUN);
    run_begins();
    crash();
    start();
    hk_store_pump(store);
    assert_string_equal(begun, "");
    /* after the validation's end was committed, before anybody was told */
    crash();
    write_it(end_run, "success");
    assert_int_equal(holder(), 0);
    start();
    /* the promotion is written, and nobody hears of it */
    hk_store_commit(store);
    assert_int_equal(holder(), 1);
    crash();
    start();
    hk_store_pump(store);
    assert_int_equal(number("SELECT count(*) FROM event WHERE kind = 'model_alias_set'"), 1);
    assert_int_equal(number("SELECT count(*) FROM promotion_audit WHERE action = 'promote'"), 1);
    assert_int_equal(number("SELECT count(*) FROM promotion_request WHERE state = 'applied'"), 1);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    write_it(set_policy, &validated);
    start();
    write_it(ask, NULL);
    run_begins();
    crash();
    write_it(end_run, "success");
    hk_store_fail_commit(store, 1);
    start();
    hk_store_pump(store);
    hk_promoter_look(promoter); /* as the timer would, that was set then */
    hk_store_pump(store);
    assert_int_equal(holder(), 1);
}

static void test_a_run_that_cannot_be_made(void **state)
{
    (void)state;
    const struct hk_error passes = {.code = HK_UNAVAILABLE, .message = "the disk is full"};
    const struct hk_error stays = {.code = HK_NOT_FOUND, .message = "no such DAG"};
    write_it(set_policy, &validated);
    start();
    write_it(ask, NULL);
    hk_store_pump(store);
    assert_string_equal(begun, BEGUN);
    hk_promoter_retry(promoter, &stays);
    assert_true(timer_us == HK_TIME_NONE);
    hk_promoter_retry(promoter, &passes);
    assert_int_equal(timer_us, now_us + HK_SECOND_US);
    hk_promoter_look(promoter);
    hk_store_pump(store);
    assert_string_equal(begun, BEGUN BEGUN);
    assert_true(timer_us == HK_TIME_NONE);
    hk_promoter_retry(NULL, &passes);
}

static void test_a_window_opens(void **state)
{
    (void)state;
    static const struct hk_rule night = {
        .kind = HK_RULE_WINDOW, .name = "UTC", .days = 127, .from_minute = 60, .to_minute = 120};
    write_it(set_policy, &night);
    start();
    write_it(ask, NULL);
    hk_store_pump(store);
    assert_int_equal(timer_us, now_us + HK_HOUR_US);
    now_us = timer_us;
    hk_promoter_look(promoter);
    hk_store_pump(store);
    assert_int_equal(holder(), 1);
    assert_true(timer_us == HK_TIME_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_by_itself),   TEST(test_a_validation_that_fails), TEST(test_crashes),
        TEST(test_a_full_disk), TEST(test_a_window_opens),          TEST(test_a_run_that_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
