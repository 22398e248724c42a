/* What tasks ask, answered out of a real database in a temporary folder, with the store's own writer thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"
#include "engine/store/connection_store.h"
#include "engine/store/dag_store.h"
#include "workers/services.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static int64_t now(void *context)
{
    (void)context;
    return 100 * HOUR_US;
}

static const struct hk_clock fixed_clock = {now, now, NULL};

static struct {
    uv_loop_t loop;
    uv_async_t wake;
    struct hk_store *store;
    struct hk_services *services;
    struct hk_task_services table;
    struct hk_secret_key key;
    struct hk_graph *graph;
    char folder[64];
    int answers;
    int idle_count;
    char *answer; /* NULL: failed */
    struct hk_error err;
} world;

/* Two runs with a logical date, one without that was to run after both, and another DAG's. Times are hours. */
static const char ROWS[] =
    "INSERT INTO dag_run (run_key, dag_id, run_id, run_type, state, logical_us, interval_start_us, interval_end_us, "
    "run_after_us, start_us, end_us, triggering_user, conf, note, clear_number, version_key) VALUES "
    "(1, 'etl', 'r1', 'scheduled', 'success', 3600000000, 0, 3600000000, 3600000000, 3600000000, 7200000000, NULL, "
    "'{}', "
    "NULL, 0, 1), "
    "(2, 'etl', 'r2', 'scheduled', 'running', 7200000000, 3600000000, 7200000000, 7200000000, 7200500000, NULL, NULL, "
    "'{}', NULL, 0, 1), "
    "(3, 'etl', 'r3', 'manual', 'failed', NULL, NULL, NULL, 10800000000, NULL, NULL, 'ann', '{\"n\":[1]}', 'a "
    "\"note\"', 2, "
    "1), "
    "(4, 'other', 'r1', 'manual', 'running', 3600000000, NULL, NULL, 3600000000, NULL, NULL, NULL, '{}', NULL, 0, 1);"
    "INSERT INTO task_instance (run_key, task, map_index, task_id, state, starts, try_number, start_us, end_us, pool, "
    "pool_slots, queue, priority_weight, operator, operator_name, display_name) VALUES "
    "(1, 0, -1, 'a', 'success', 1, 1, 3600000000, 3601500000, 'p', 1, 'q', 1, 'BashOperator', 'B', 'a'), "
    "(1, 1, -1, 'g.b', 'failed', 3, 2, NULL, NULL, 'p', 1, 'q', 1, 'PythonOperator', '@task', 'b'), "
    "(1, 2, 0, 'g.h.c', 'skipped', 0, 0, NULL, NULL, 'p', 1, 'q', 1, 'PythonOperator', '@task', 'c'), "
    "(1, 2, 1, 'g.h.c', NULL, 0, 0, NULL, NULL, 'p', 1, 'q', 1, 'PythonOperator', '@task', 'c'), "
    "(1, 3, -1, 'g.h.c_1', 'success', 1, 1, NULL, NULL, 'p', 1, 'q', 1, 'PythonOperator', '@task', 'c_1'), "
    "(2, 0, -1, 'a', 'running', 2, 1, 7200000000, NULL, 'p', 1, 'q', 1, 'BashOperator', 'B', 'a'), "
    "(3, 0, -1, 'a', 'success', 1, 4, NULL, NULL, 'p', 1, 'q', 1, 'BashOperator', 'B', 'a'), "
    "(4, 0, -1, 'a', 'success', 1, 1, NULL, NULL, 'p', 1, 'q', 1, 'BashOperator', 'B', 'a');";

static bool add_rows(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk_buf document;
    struct hk_dag_saved saved;
    (void)arg;
    hk_buf_init(&document, HK_MAX_DAG_DOCUMENT_BYTES);
    bool ok = hk_graph_write(world.graph, &document, err);
    struct hk_dag_save save = {.graph = world.graph,
                               .document = hk_buf_str(&document),
                               .digest = "d",
                               .source = HK_STR("# a file"),
                               .source_digest = "s",
                               .version_id = "01890000-0000-7000-8000-000000000000",
                               .starts_paused = true};
    ok = ok && hk_store_dag_save(db, &save, &saved, err);
    hk_buf_clear(&document);
    struct hk_connection_info connection = {.conn_id = HK_STR("db"),
                                            .conn_type = HK_STR("postgres"),
                                            .host = HK_STR("localhost"),
                                            .port = 5432,
                                            .password = HK_STR("s\"ecret"),
                                            .extra = HK_STR("{\"a\":1}")};
    struct hk_dag_next next = {2 * HOUR_US, HK_TIME_NONE, HK_TIME_NONE, 3 * HOUR_US};
    return ok && saved.version_key == 1 && hk_store_dag_set_next(db, "etl", &next, err) &&
           hk_store_connection_set(db, &world.key, &connection, 1, err) && hk_db_exec(db, ROWS, err);
}

static struct hk_graph *make_graph(void)
{
    static const char *const ids[] = {"a", "g.b", "g.h.c", "g.h.c_1"};
    struct hk_graph *graph = NULL;
    struct hk_error err;
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *dag = hk_graph_builder_dag(b);
    dag->dag_id = "etl";
    dag->fileloc = "/dags/etl.py";
    dag->relative_fileloc = "etl.py";
    dag->bundle_name = "dags";
    static const char *tags[] = {"nightly", "etl"};
    dag->tags = tags;
    dag->tag_count = 2;
    uint32_t outer = hk_graph_builder_group(b, 0, HK_STR("g"));
    uint32_t inner = hk_graph_builder_group(b, outer, HK_STR("g.h"));
    const uint32_t groups[] = {0, outer, inner, inner};
    for (size_t i = 0; i < 4; i++) {
        struct hk_task *task = hk_graph_builder_task(b, hk_str_from(ids[i]));
        task->group = groups[i];
        task->owner = i == 0 ? "ann" : "bob";
    }
    if (!hk_graph_build(b, &graph, &err)) {
        fail_msg("%s", err.message);
    }
    return graph;
}

static void on_wake(uv_async_t *async)
{
    (void)async;
    hk_store_deliver(world.store);
}

static void notify(void *context)
{
    (void)context;
    uv_async_send(&world.wake);
}

static void became_idle(void *context)
{
    (void)context;
    world.idle_count++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    snprintf(world.folder, sizeof world.folder, "/tmp/hanok-services-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    char path[128];
    snprintf(path, sizeof path, "%s/hanok.db", world.folder);
    struct hk_store_options options = {.path = path, .no_sync = true, .notify = notify};
    struct hk_error err;
    assert_int_equal(uv_loop_init(&world.loop), 0);
    assert_int_equal(uv_async_init(&world.loop, &world.wake, on_wake), 0);
    assert_true(hk_secret_key_new(&world.key, &err));
    if (!hk_store_open(&options, &world.store, &err)) {
        fail_msg("%s", err.message);
    }
    world.graph = make_graph();
    if (!hk_store_write_now(world.store, add_rows, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    struct hk_services_options services = {.loop = &world.loop,
                                           .store = world.store,
                                           .clock = &fixed_clock,
                                           .key = &world.key,
                                           .became_idle = became_idle};
    world.services = hk_services_new(&services);
    world.table = hk_services_table(world.services);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    assert_true(hk_services_is_idle(world.services));
    hk_services_free(world.services);
    hk_services_free(NULL);
    uv_close((uv_handle_t *)&world.wake, NULL);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    hk_store_close(world.store);
    hk_graph_unref(world.graph);
    free(world.answer);
    snprintf(command, sizeof command, "rm -r %s", world.folder);
    assert_int_equal(system(command), 0);
    return 0;
}

static void done(void *arg, struct hk_str answer, const struct hk_error *err)
{
    assert_ptr_equal(arg, &world);
    free(world.answer);
    world.answer = err == NULL ? hk_strndup(answer.data != NULL ? answer.data : "", answer.len) : NULL;
    if (err != NULL) {
        world.err = *err;
    }
    world.answers++;
}

/* Runs the loop until `count` more were answered: never at once. */
static void wait_for(int count)
{
    int want = count;
    assert_int_equal(world.answers, 0);
    assert_false(hk_services_is_idle(world.services));
    while (world.answers < want) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
    assert_true(hk_services_is_idle(world.services));
    world.answers = 0;
}

static void expect(const char *text)
{
    wait_for(1);
    if (world.answer == NULL) {
        fail_msg("instead of %s: %s", text, world.err.message);
    }
    assert_string_equal(world.answer, text);
}

static void expect_error(enum hk_code code, const char *part)
{
    wait_for(1);
    assert_null(world.answer);
    assert_int_equal(world.err.code, code);
    if (strstr(world.err.message, part) == NULL) {
        fail_msg("'%s' is not in '%s'", part, world.err.message);
    }
}

#define C world.services
#define DONE done, &world

static void set_xcom(const char *run_id, const char *task_id, int32_t map_index, const char *json)
{
    struct hk_xcom_ref ref = {HK_STR("etl"), hk_str_from(run_id), hk_str_from(task_id), HK_STR("k"), map_index};
    world.table.xcom_set(C, &ref, hk_str_from(json), DONE);
    expect("");
}

static void get_xcom(const char *run_id, const char *task_id, int32_t map_index, bool with_prior)
{
    char copy[16];
    snprintf(copy, sizeof copy, "%s", run_id);
    struct hk_xcom_ref ref = {HK_STR("etl"), hk_str_from(copy), hk_str_from(task_id), HK_STR("k"), map_index};
    world.table.xcom_get(C, &ref, with_prior, DONE);
    memset(copy, 'x', sizeof copy); /* arguments are copied */
}

static void list_xcoms(const char *run_id, const char *task_id, bool with_prior)
{
    struct hk_xcom_ref ref = {HK_STR("etl"), hk_str_from(run_id), hk_str_from(task_id), HK_STR("k"), -1};
    world.table.xcom_list(C, &ref, with_prior, DONE);
}

static void an_xcom_is_kept_changed_and_deleted(void **state)
{
    (void)state;
    struct hk_xcom_ref ref = {HK_STR("etl"), HK_STR("r1"), HK_STR("a"), HK_STR("k"), -1};
    get_xcom("r1", "a", -1, false);
    expect_error(HK_NOT_FOUND, "key='k'");
    set_xcom("r1", "a", -1, "{\"n\":41}");
    set_xcom("r1", "a", -1, "{\"n\":42}");
    get_xcom("r1", "a", -1, false);
    expect("{\"n\":42}");
    get_xcom("r1", "a", 0, false);
    expect_error(HK_NOT_FOUND, "map_index=0");
    for (int i = 0; i < 2; i++) { /* the second time there is none */
        world.table.xcom_delete(C, &ref, DONE);
        expect("");
    }
    get_xcom("r1", "a", -1, true);
    expect_error(HK_NOT_FOUND, "'r1'");
}

static void xcoms_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    struct hk_xcom_ref ref = {HK_STR("etl"), HK_STR("gone"), HK_STR("a"), HK_STR("k"), -1};
    world.table.xcom_set(C, &ref, HK_STR("1"), DONE);
    expect_error(HK_NOT_FOUND, "gone");
    ref.run_id = HK_STR("r1");
    ref.key = HK_STR("");
    world.table.xcom_set(C, &ref, HK_STR("1"), DONE);
    expect_error(HK_INVALID, "non-empty");
    ref.key = HK_STR("k");
    size_t len = (size_t)HK_MAX_XCOM_BYTES + 1;
    char *large = hk_alloc(len);
    memset(large, '1', len);
    world.table.xcom_set(C, &ref, (struct hk_str){large, len}, DONE);
    expect_error(HK_LIMIT, "16777217 bytes; at most 16777216");
    world.table.xcom_set(C, &ref, (struct hk_str){large, len - 1}, DONE);
    expect("");
    ref.map_index = 0;
    for (; ref.map_index < 4; ref.map_index++) {
        world.table.xcom_set(C, &ref, (struct hk_str){large, len - 1}, DONE);
        expect("");
    }
    free(large);
    list_xcoms("r1", "a", false);
    expect_error(HK_LIMIT, "67108864 bytes");
}

static void prior_runs_are_those_up_to_the_date(void **state)
{
    (void)state;
    set_xcom("r1", "a", -1, "1");
    set_xcom("r3", "a", -1, "3");
    get_xcom("r2", "a", -1, false);
    expect_error(HK_NOT_FOUND, "not found");
    get_xcom("r2", "a", -1, true);
    expect("1");
    get_xcom("r1", "a", -1, true);
    expect("1");
    set_xcom("r2", "a", -1, "2");
    get_xcom("r2", "a", -1, true);
    expect("2");
    get_xcom("r3", "a", -1, true); /* no logical date: by run_after it is the newest */
    expect("3");
    get_xcom("r3", "a", 5, true);
    expect_error(HK_NOT_FOUND, "map_index=5");
}

static void lists_are_in_the_order_of_map_indexes(void **state)
{
    (void)state;
    list_xcoms("r1", "g.h.c", false);
    expect("[]");
    set_xcom("r2", "g.h.c", 10, "\"ten\"");
    set_xcom("r2", "g.h.c", 2, "null");
    set_xcom("r2", "g.h.c", 0, "{\"z\":0}");
    set_xcom("r1", "g.h.c", 2, "\"older\"");
    list_xcoms("r2", "g.h.c", false);
    expect("[{\"z\":0},null,\"ten\"]");
    list_xcoms("r2", "g.h.c", true);
    expect("[{\"z\":0},null,\"older\",\"ten\"]");
    list_xcoms("r1", "g.h.c", true);
    expect("[\"older\"]");
}

static void set_variable(const char *key, struct hk_str value)
{
    world.table.variable_set(C, hk_str_from(key), value, (struct hk_str){NULL, 0}, DONE);
    expect("");
}

static void variables_come_and_go(void **state)
{
    (void)state;
    world.table.variable_get(C, HK_STR("x"), DONE);
    expect_error(HK_NOT_FOUND, "Variable with key 'x' not found");
    world.table.variable_set(C, HK_STR("x"), HK_STR("plain {text}"), HK_STR("why"), DONE);
    expect("");
    world.table.variable_get(C, HK_STR("x"), DONE);
    expect("plain {text}");
    set_variable("x", HK_STR(""));
    world.table.variable_get(C, HK_STR("x"), DONE);
    expect("");
    set_variable("x", (struct hk_str){NULL, 0});
    world.table.variable_get(C, HK_STR("x"), DONE);
    expect("None");
    for (int i = 0; i < 2; i++) {
        world.table.variable_delete(C, HK_STR("x"), DONE);
        expect("");
    }
    world.table.variable_get(C, HK_STR("x"), DONE);
    expect_error(HK_NOT_FOUND, "'x'");
}

static void variables_have_limits(void **state)
{
    (void)state;
    size_t len = (size_t)HK_MAX_VARIABLE_BYTES + 1;
    char *large = hk_alloc(len);
    memset(large, 'v', len);
    world.table.variable_set(C, HK_STR("x"), (struct hk_str){large, len}, HK_STR(""), DONE);
    expect_error(HK_LIMIT, "1048577 bytes");
    set_variable("x", (struct hk_str){large, len - 1});
    world.table.variable_get(C, HK_STR("x"), DONE);
    wait_for(1);
    assert_non_null(world.answer);
    assert_int_equal(strlen(world.answer), len - 1);
    world.table.variable_set(C, (struct hk_str){large, HK_MAX_ID_BYTES + 1}, HK_STR("v"), HK_STR(""), DONE);
    expect_error(HK_LIMIT, "251");
    world.table.variable_set(C, HK_STR(""), HK_STR("v"), HK_STR(""), DONE);
    expect_error(HK_INVALID, "1 to 250");
    free(large);
}

static void variable_keys_have_a_prefix_and_pages(void **state)
{
    (void)state;
    static const char *const keys[] = {"b_1", "a", "b_", "bx", "B_2"};
    for (size_t i = 0; i < 5; i++) {
        set_variable(keys[i], HK_STR("v"));
    }
    world.table.variable_keys(C, (struct hk_str){NULL, 0}, 1000, 0, DONE);
    expect("{\"keys\":[\"B_2\",\"a\",\"b_\",\"b_1\",\"bx\"],\"total_entries\":5}");
    world.table.variable_keys(C, HK_STR("b_"), 1000, 0, DONE);
    expect("{\"keys\":[\"b_\",\"b_1\"],\"total_entries\":2}");
    world.table.variable_keys(C, HK_STR("b_"), 1, 1, DONE);
    expect("{\"keys\":[\"b_1\"],\"total_entries\":2}");
    world.table.variable_keys(C, HK_STR("%"), 10, 0, DONE);
    expect("{\"keys\":[],\"total_entries\":0}");
    world.table.variable_keys(C, HK_STR(""), 10001, 0, DONE);
    expect_error(HK_INVALID, "10001");
}

static void a_connection_has_the_fields_of_the_sdk(void **state)
{
    (void)state;
    world.table.connection_get(C, HK_STR("db"), DONE);
    expect("{\"conn_id\":\"db\",\"conn_type\":\"postgres\",\"host\":\"localhost\",\"schema\":null,\"login\":null,"
           "\"password\":\"s\\\"ecret\",\"port\":5432,\"extra\":\"{\\\"a\\\":1}\"}");
    world.table.connection_get(C, HK_STR("none"), DONE);
    expect_error(HK_NOT_FOUND, "Connection with ID none");
}

static void a_run_has_the_fields_of_the_sdk(void **state)
{
    (void)state;
    world.table.run_get(C, HK_STR("etl"), HK_STR("r3"), DONE);
    expect("{\"dag_id\":\"etl\",\"run_id\":\"r3\",\"logical_date\":null,\"data_interval_start\":null,"
           "\"data_interval_end\":null,\"run_after\":\"1970-01-01T03:00:00Z\",\"start_date\":null,\"end_date\":null,"
           "\"clear_number\":2,\"run_type\":\"manual\",\"state\":\"failed\",\"conf\":{\"n\":[1]},"
           "\"triggering_user_name\":\"ann\",\"consumed_asset_events\":[],\"partition_key\":null,"
           "\"note\":\"a \\\"note\\\"\"}");
    world.table.run_get(C, HK_STR("etl"), HK_STR("r9"), DONE);
    expect_error(HK_NOT_FOUND, "r9");
}

static void expect_run(const char *run_id)
{
    wait_for(1);
    assert_non_null(world.answer);
    char part[64];
    snprintf(part, sizeof part, "\"run_id\":\"%s\"", run_id);
    assert_non_null(strstr(world.answer, part));
}

static void the_run_before_is_the_newest_by_logical_date(void **state)
{
    (void)state;
    world.table.run_previous(C, HK_STR("etl"), 5 * HOUR_US, (struct hk_str){NULL, 0}, DONE);
    expect_run("r2");
    world.table.run_previous(C, HK_STR("etl"), 5 * HOUR_US, HK_STR("success"), DONE);
    expect_run("r1");
    world.table.run_previous(C, HK_STR("etl"), 2 * HOUR_US, HK_STR(""), DONE);
    expect_run("r1");
    world.table.run_previous(C, HK_STR("etl"), HOUR_US, HK_STR(""), DONE);
    expect_error(HK_NOT_FOUND, "'etl'");
}

typedef void (*filtered_fn)(void *context, struct hk_str filters,
                            void (*done)(void *arg, struct hk_str json, const struct hk_error *err), void *arg);

static void ask(filtered_fn fn, const char *filters)
{
    fn(C, hk_str_from(filters), DONE);
}

static void runs_are_counted(void **state)
{
    (void)state;
    ask(world.table.run_count, "{\"dag_id\":\"etl\"}");
    expect("{\"count\":3}");
    ask(world.table.run_count, "{\"dag_id\":\"etl\",\"states\":[\"success\",\"failed\"],\"run_ids\":null}");
    expect("{\"count\":2}");
    ask(world.table.run_count, "{\"dag_id\":\"etl\",\"logical_dates\":[\"1970-01-01T01:00:00Z\",\"1970-01-01T04:00:00+"
                               "02:00\"],\"states\":[]}");
    expect("{\"count\":2}");
    ask(world.table.run_count, "{\"dag_id\":\"etl\",\"run_ids\":[\"r1\",\"r9\"]}");
    expect("{\"count\":1}");
    ask(world.table.run_count, "{\"dag_id\":\"none\"}");
    expect("{\"count\":0}");
}

static void filters_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    ask(world.table.run_count, "{}");
    expect_error(HK_INVALID, "dag_id");
    ask(world.table.task_count, "[");
    expect_error(HK_INVALID, "line 1");
    ask(world.table.task_states, "{\"dag_id\":\"etl\",\"task_ids\":\"a\"}");
    expect_error(HK_INVALID, "'task_ids' is not a list");
    ask(world.table.task_states, "{\"dag_id\":\"etl\",\"task_ids\":[1]}");
    expect_error(HK_INVALID, "Item 0 of 'task_ids'");
    ask(world.table.run_count, "{\"dag_id\":\"etl\",\"logical_dates\":[\"soon\"]}");
    expect_error(HK_INVALID, "'soon'");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"task_group_id\":\"x\"}");
    expect_error(HK_NOT_FOUND, "Task group x not found in DAG etl");
    ask(world.table.task_states, "{\"dag_id\":\"none\",\"task_group_id\":\"x\"}");
    expect_error(HK_NOT_FOUND, "`none`");
    ask(world.table.task_previous, "{\"dag_id\":\"etl\"}");
    expect_error(HK_INVALID, "task_id");
    ask(world.table.task_previous, "{\"dag_id\":\"etl\",\"task_id\":\"a\",\"logical_date\":\"soon\"}");
    expect_error(HK_INVALID, "'soon'");
}

static void tasks_are_counted(void **state)
{
    (void)state;
    ask(world.table.task_count, "{\"dag_id\":\"etl\"}");
    expect("{\"count\":7}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"run_ids\":[\"r1\"],\"states\":[\"success\",\"null\"]}");
    expect("{\"count\":3}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"states\":[\"null\"]}");
    expect("{\"count\":1}");
    ask(world.table.task_count,
        "{\"dag_id\":\"etl\",\"task_ids\":[\"a\"],\"logical_dates\":[\"1970-01-01T02:00:00Z\"]}");
    expect("{\"count\":1}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"map_index\":1}");
    expect("{\"count\":1}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"task_group_id\":\"g\"}");
    expect("{\"count\":4}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"task_group_id\":\"g.h\",\"states\":[\"skipped\"]}");
    expect("{\"count\":1}");
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"task_group_id\":\"g\",\"task_ids\":[\"a\",\"g.b\"]}");
    expect("{\"count\":1}");
}

static void states_are_told_by_run_and_name(void **state)
{
    (void)state;
    ask(world.table.task_states, "{\"dag_id\":\"etl\"}");
    expect("{\"r1\":{\"a\":\"success\",\"g.b\":\"failed\",\"g.h.c_0\":\"skipped\",\"g.h.c_1\":null},"
           "\"r2\":{\"a\":\"running\"},\"r3\":{\"a\":\"success\"}}");
    ask(world.table.task_states, "{\"dag_id\":\"etl\",\"task_ids\":[\"a\"],\"run_ids\":[\"r2\",\"r3\"]}");
    expect("{\"r2\":{\"a\":\"running\"},\"r3\":{\"a\":\"success\"}}");
    ask(world.table.task_states, "{\"dag_id\":\"etl\",\"task_group_id\":\"g\",\"map_index\":-1}");
    expect("{\"r1\":{\"g.b\":\"failed\",\"g.h.c_1\":\"success\"}}");
    ask(world.table.task_states,
        "{\"dag_id\":\"etl\",\"task_group_id\":\"g.h\",\"task_ids\":[\"a\"],\"run_ids\":[\"r1\"]}");
    expect("{\"r1\":{\"a\":\"success\",\"g.h.c_0\":\"skipped\",\"g.h.c_1\":null}}");
    ask(world.table.task_states, "{\"dag_id\":\"none\"}");
    expect("{}");
}

static void breadcrumbs_are_the_finished_tasks(void **state)
{
    (void)state;
    world.table.breadcrumbs(C, HK_STR("etl"), HK_STR("r1"), DONE);
    expect(
        "{\"breadcrumbs\":["
        "{\"task_id\":\"a\",\"map_index\":-1,\"state\":\"success\",\"operator\":\"BashOperator\",\"duration\":1.5},"
        "{\"task_id\":\"g.b\",\"map_index\":-1,\"state\":\"failed\",\"operator\":\"PythonOperator\",\"duration\":null},"
        "{\"task_id\":\"g.h.c\",\"map_index\":0,\"state\":\"skipped\",\"operator\":\"PythonOperator\","
        "\"duration\":null},"
        "{\"task_id\":\"g.h.c_1\",\"map_index\":-1,\"state\":\"success\",\"operator\":\"PythonOperator\","
        "\"duration\":null}]}");
    world.table.breadcrumbs(C, HK_STR("etl"), HK_STR("r9"), DONE);
    expect("{\"breadcrumbs\":[]}");
}

static void the_task_before_is_found(void **state)
{
    (void)state;
    ask(world.table.task_previous, "{\"dag_id\":\"etl\",\"task_id\":\"a\",\"logical_date\":\"1970-01-01T02:00:00Z\"}");
    expect("{\"task_id\":\"a\",\"dag_id\":\"etl\",\"run_id\":\"r1\",\"logical_date\":\"1970-01-01T01:00:00Z\","
           "\"start_date\":\"1970-01-01T01:00:00Z\",\"end_date\":\"1970-01-01T01:00:01.500000Z\",\"state\":\"success\","
           "\"try_number\":1,\"map_index\":-1,\"duration\":1.5}");
    ask(world.table.task_previous, "{\"dag_id\":\"etl\",\"task_id\":\"a\",\"logical_date\":null}");
    expect_run("r2");
    ask(world.table.task_previous, "{\"dag_id\":\"etl\",\"task_id\":\"a\",\"state\":\"success\"}");
    expect_run("r1");
    ask(world.table.task_previous, "{\"dag_id\":\"etl\",\"task_id\":\"g.h.c\",\"map_index\":7}");
    expect_error(HK_NOT_FOUND, "'g.h.c'");
}

static void a_dag_has_the_fields_of_the_sdk(void **state)
{
    (void)state;
    world.table.dag_get(C, HK_STR("etl"), DONE);
    expect("{\"dag_id\":\"etl\",\"is_paused\":true,\"bundle_name\":\"dags\",\"bundle_version\":null,"
           "\"relative_fileloc\":\"etl.py\",\"owners\":\"ann, bob\",\"tags\":[\"etl\",\"nightly\"],"
           "\"next_dagrun\":\"1970-01-01T02:00:00Z\"}");
    world.table.dag_get(C, HK_STR("none"), DONE);
    expect_error(HK_NOT_FOUND, "`none`");
}

static bool read_rendered(struct hk_db *db, void *arg, struct hk_error *err)
{
    static const char SQL[] = "SELECT fields FROM rendered_fields WHERE run_key = 2 AND task = 0 AND map_index = -1";
    struct hk_stmt *q = hk_db_query(db, SQL);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        snprintf(arg, 64, "%s", hk_column_text(q, 0));
    }
    return ok;
}

static void rendered_fields_are_those_of_the_present_try(void **state)
{
    (void)state;
    struct hk_job_key key = {.run = 2, .task = 0, .map_index = -1, .try_number = 2};
    char fields[64] = "";
    struct hk_error err;
    world.table.rendered_set(C, &key, HK_STR("{\"bash_command\":\"echo 1\"}"), DONE);
    expect("");
    key.try_number = 1;
    world.table.rendered_set(C, &key, HK_STR("{\"bash_command\":\"echo 0\"}"), DONE);
    expect_error(HK_CONFLICT, "started anew");
    key.task = 9;
    world.table.rendered_set(C, &key, HK_STR("{}"), DONE);
    expect_error(HK_NOT_FOUND, "no task instance");
    world.table.rendered_set(C, &key, HK_STR("null"), DONE);
    expect_error(HK_INVALID, "no object");
    assert_true(hk_store_write_now(world.store, read_rendered, fields, &err));
    assert_string_equal(fields, "{\"bash_command\":\"echo 1\"}");
}

/* Reads and writes of many tasks at once: each is answered once, and a write's reader sees it. */
static void many_calls_may_be_under_way(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 50; i++) {
        struct hk_xcom_ref ref = {HK_STR("etl"), HK_STR("r1"), HK_STR("g.h.c"), HK_STR("k"), i};
        world.table.xcom_set(C, &ref, HK_STR("7"), DONE);
        world.table.variable_get(C, HK_STR("x"), DONE);
        world.table.run_get(C, HK_STR("etl"), HK_STR("r1"), DONE);
    }
    world.idle_count = 0;
    wait_for(150);
    assert_true(world.idle_count >= 1);
    assert_true(world.idle_count < 150);
    ask(world.table.task_count, "{\"dag_id\":\"etl\",\"run_ids\":[\"r1\"],\"states\":[\"failed\"]}");
    expect("{\"count\":1}");
    list_xcoms("r1", "g.h.c", false);
    wait_for(1);
    assert_int_equal(strlen(world.answer), 50 * 2 + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_xcom_is_kept_changed_and_deleted),
        TEST(xcoms_that_cannot_be_kept_are_refused),
        TEST(prior_runs_are_those_up_to_the_date),
        TEST(lists_are_in_the_order_of_map_indexes),
        TEST(variables_come_and_go),
        TEST(variables_have_limits),
        TEST(variable_keys_have_a_prefix_and_pages),
        TEST(a_connection_has_the_fields_of_the_sdk),
        TEST(a_run_has_the_fields_of_the_sdk),
        TEST(the_run_before_is_the_newest_by_logical_date),
        TEST(runs_are_counted),
        TEST(filters_that_make_no_sense_are_refused),
        TEST(tasks_are_counted),
        TEST(states_are_told_by_run_and_name),
        TEST(breadcrumbs_are_the_finished_tasks),
        TEST(the_task_before_is_found),
        TEST(a_dag_has_the_fields_of_the_sdk),
        TEST(rendered_fields_are_those_of_the_present_try),
        TEST(many_calls_may_be_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
