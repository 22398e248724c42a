#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/store/run_store.h"
#include "engine/store/store.h"
#include "engine/store/task_query.h"

static struct hk_store *store;
static struct hk_db *db;
static struct hk_error err;
static struct hk_graph *graph;

static int open_all(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    assert_true(hk_store_reader_take(store, &db, &err));
    assert_true(hk_db_exec(db,
                           "INSERT INTO dag_source VALUES (1, 's', 's');"
                           "INSERT INTO dag_version VALUES (1, 'v', 'd', 1, 'b', NULL, 0, 'x', 'y', 1);",
                           &err));
    struct hk_graph_builder *b = hk_graph_builder_new();
    hk_graph_builder_dag(b)->dag_id = "d";
    hk_graph_builder_task(b, HK_STR("a"))->operator_class = "Op";
    hk_graph_builder_task(b, HK_STR("b"))->operator_class = "Op";
    assert_true(hk_graph_build(b, &graph, &err));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    hk_graph_unref(graph);
    hk_store_reader_give(store, db);
    hk_store_close(store);
    return 0;
}

static int64_t insert(const char *run_id, const char *type, int64_t logical_us, enum hk_run_state state)
{
    int64_t key = 0;
    struct hk_run_row row = {.version_key = 1,
                             .dag_id = "d",
                             .run_id = run_id,
                             .run_type = type,
                             .state = state,
                             .logical_us = logical_us,
                             .interval_start_us = HK_TIME_NONE,
                             .interval_end_us = HK_TIME_NONE,
                             .run_after_us = logical_us != HK_TIME_NONE ? logical_us : 0,
                             .queued_us = 5,
                             .conf_json = "{\"a\": 1}"};
    assert_true(hk_store_run_insert(db, &row, &key, &err));
    return key;
}

static struct hk_task_row task_row(uint32_t task, enum hk_task_state state)
{
    return (struct hk_task_row){.task = task,
                                .map_index = -1,
                                .state = state,
                                .scheduled_us = HK_TIME_NONE,
                                .queued_us = HK_TIME_NONE,
                                .start_us = HK_TIME_NONE,
                                .end_us = HK_TIME_NONE,
                                .retry_us = HK_TIME_NONE,
                                .first_start_us = HK_TIME_NONE};
}

static bool check_row(void *arg, const struct hk_run_row *row)
{
    int *seen = arg;
    (*seen)++;
    assert_string_equal(row->run_id, "r1");
    assert_string_equal(row->conf_json, "{\"a\": 1}");
    assert_int_equal(row->logical_us, 100);
    assert_int_equal(row->start_us, HK_TIME_NONE);
    assert_null(row->note);
    return true;
}

static void a_run_comes_back_as_it_was_written(void **state)
{
    (void)state;
    int seen = 0;
    insert("r1", "manual", 100, HK_RUN_QUEUED);
    assert_true(hk_store_run_get(db, "d", "r1", check_row, &seen, &err));
    assert_true(hk_store_runs_active(db, check_row, &seen, &err));
    assert_int_equal(seen, 2);
    assert_false(hk_store_run_get(db, "d", "r2", check_row, &seen, &err));
    assert_int_equal(err.code, HK_NOT_FOUND);
}

static void run_id_and_date_are_unique_and_no_date_is_not(void **state)
{
    (void)state;
    struct hk_run_row row = {
        .version_key = 1, .dag_id = "d", .run_id = "r1", .run_type = "manual", .logical_us = 7, .conf_json = "{}"};
    int64_t key = 0;
    insert("r1", "manual", 100, HK_RUN_QUEUED);
    assert_false(hk_store_run_insert(db, &row, &key, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    row.run_id = "r2";
    row.logical_us = 100;
    assert_false(hk_store_run_insert(db, &row, &key, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    insert("r3", "manual", HK_TIME_NONE, HK_RUN_QUEUED);
    insert("r4", "manual", HK_TIME_NONE, HK_RUN_QUEUED);
}

static void a_lost_race_is_a_conflict(void **state)
{
    (void)state;
    int64_t key = insert("r1", "manual", 100, HK_RUN_QUEUED);
    struct hk_run_row row = {.run_key = key, .state = HK_RUN_RUNNING, .start_us = 9};
    assert_true(hk_store_run_update(db, &row, HK_RUN_QUEUED, &err));
    assert_false(hk_store_run_update(db, &row, HK_RUN_QUEUED, &err));
    assert_int_equal(err.code, HK_CONFLICT);

    struct hk_task_row task = task_row(0, HK_TASK_NONE);
    assert_true(hk_store_task_insert(db, key, &graph->tasks[0], &task, &err));
    task.state = HK_TASK_QUEUED;
    assert_false(hk_store_task_update(db, key, &task, HK_TASK_SCHEDULED, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    assert_true(hk_store_task_update(db, key, &task, HK_TASK_NONE, &err)); /* NULL in the database */
}

static bool check_task(void *arg, const struct hk_task_row *row)
{
    const struct hk_task_row *expected = arg;
    assert_memory_equal(row, expected, sizeof *row);
    return true;
}

static void a_task_comes_back_as_it_was_written(void **state)
{
    (void)state;
    int64_t key = insert("r1", "manual", 100, HK_RUN_RUNNING);
    struct hk_task_row row;
    memset(&row, 0, sizeof row);
    row = (struct hk_task_row){1, -1, HK_TASK_UP_FOR_RETRY, 3, 2, 4, 10, 20, 30, 40, 50, HK_TIME_NONE, 77, -9};
    assert_true(hk_store_task_insert(db, key, &graph->tasks[1], &row, &err));
    assert_true(hk_store_run_tasks(db, key, check_task, &row, &err));
    assert_true(hk_store_task_archive(db, key, &row, &err));
    assert_true(hk_store_task_archive(db, key, &row, &err)); /* the same try once more is the same row */
}

static void only_finished_runs_are_deleted_with_all_they_have(void **state)
{
    (void)state;
    int64_t key = insert("r1", "manual", 100, HK_RUN_RUNNING);
    struct hk_task_row task = task_row(0, HK_TASK_SUCCESS);
    assert_true(hk_store_task_insert(db, key, &graph->tasks[0], &task, &err));
    assert_true(hk_store_xcom_set(db, key, HK_STR("a"), -1, HK_STR("k"), HK_STR("1"), 1, &err));
    assert_true(hk_store_xcom_set(db, key, HK_STR("a"), -1, HK_STR("k"), HK_STR("2"), 2, &err));
    assert_false(hk_store_run_delete(db, key, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    struct hk_run_row row = {.run_key = key, .state = HK_RUN_FAILED};
    assert_true(hk_store_run_update(db, &row, HK_RUN_RUNNING, &err));
    assert_true(hk_store_run_delete(db, key, &err));
    static const char LEFT[] = "SELECT (SELECT count(*) FROM task_instance) + (SELECT count(*) FROM xcom)";
    struct hk_stmt *q = hk_db_query(db, LEFT);
    bool ok = true;
    while (hk_step(q, &ok, &err)) {
        assert_int_equal(hk_column_int(q, 0), 0);
    }
}

/* A process of the newest run may still be ending when that run is deleted and another takes its place. */
static int64_t number(const char *static_sql)
{
    int64_t value = -1;
    bool ok = true;
    struct hk_stmt *q = hk_db_query(db, static_sql);
    while (hk_step(q, &ok, &err)) {
        value = hk_column_int(q, 0);
    }
    assert_true(ok);
    return value;
}

static void a_task_instance_goes_with_all_it_has_and_no_other(void **state)
{
    (void)state;
    int64_t key = insert("r1", "manual", 100, HK_RUN_SUCCESS);
    for (uint32_t t = 0; t < 2; t++) {
        struct hk_task_row row = task_row(t, HK_TASK_SUCCESS);
        row.starts = 3;
        struct hk_str task_id = hk_str_from(graph->tasks[t].task_id);
        assert_true(hk_store_task_insert(db, key, &graph->tasks[t], &row, &err));
        assert_true(hk_store_task_archive(db, key, &row, &err));
        assert_true(hk_store_xcom_set(db, key, task_id, -1, HK_STR("k"), HK_STR("1"), 1, &err));
        assert_true(hk_store_rendered_set(db, key, t, -1, HK_STR("{}"), &err));
    }
    assert_true(hk_store_task_delete(db, "d", "r1", "a", -1, &err));
    assert_false(hk_store_task_delete(db, "d", "r1", "a", -1, &err));
    assert_int_equal(err.code, HK_NOT_FOUND);
    assert_int_equal(
        number("SELECT (SELECT count(*) FROM task_instance) * 1000 + (SELECT count(*) FROM task_try) * 100 "
               "+ (SELECT count(*) FROM xcom) * 10 + (SELECT count(*) FROM rendered_fields)"),
        1111);
    assert_int_equal(number("SELECT count(*) FROM xcom WHERE task_id = 'b'"), 1);
    assert_int_equal(number("SELECT starts_before FROM dag_run"), 3);
}

static void a_key_is_used_once(void **state)
{
    (void)state;
    int64_t first = insert("r1", "manual", 100, HK_RUN_SUCCESS);
    int64_t second = insert("r2", "manual", 200, HK_RUN_SUCCESS);
    assert_true(hk_store_run_delete(db, second, &err));
    int64_t third = insert("r3", "manual", 200, HK_RUN_SUCCESS);
    assert_true(third > second);
    assert_true(hk_store_run_delete(db, third, &err) && hk_store_run_delete(db, first, &err)); /* the newest first */
    assert_true(insert("r3", "manual", 200, HK_RUN_SUCCESS) > third);
}

static void the_run_before_is_found_by_date(void **state)
{
    (void)state;
    struct hk_run_before before;
    int64_t scheduled = insert("s", "scheduled", 100, HK_RUN_SUCCESS);
    int64_t manual = insert("m", "manual", 200, HK_RUN_SUCCESS);
    insert("none", "manual", HK_TIME_NONE, HK_RUN_SUCCESS);
    assert_true(hk_store_run_before(db, graph, 300, &before, &err));
    assert_int_equal(before.run_key, manual);
    assert_int_equal(before.logical_us, 200);
    graph->catchup = true;
    assert_true(hk_store_run_before(db, graph, 300, &before, &err));
    assert_int_equal(before.run_key, scheduled);
    assert_true(hk_store_run_before(db, graph, 100, &before, &err));
    assert_int_equal(before.run_key, 0);
}

static bool count_states(void *arg, struct hk_str task_id, enum hk_task_state state)
{
    int *seen = arg;
    assert_true(hk_str_is(task_id, *seen == 0 ? "a" : "b"));
    assert_int_equal(state, *seen == 0 ? HK_TASK_NONE : HK_TASK_SKIPPED);
    (*seen)++;
    return true;
}

static void states_come_by_name(void **state)
{
    (void)state;
    int seen = 0;
    int64_t key = insert("r1", "manual", 100, HK_RUN_RUNNING);
    for (uint32_t t = 0; t < 2; t++) {
        struct hk_task_row row = task_row(t, t == 0 ? HK_TASK_NONE : HK_TASK_SKIPPED);
        assert_true(hk_store_task_insert(db, key, &graph->tasks[t], &row, &err));
    }
    assert_true(hk_store_run_task_states(db, key, count_states, &seen, &err));
    assert_int_equal(seen, 2);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_run_comes_back_as_it_was_written),
        WITH_STORE(run_id_and_date_are_unique_and_no_date_is_not),
        WITH_STORE(a_lost_race_is_a_conflict),
        WITH_STORE(a_task_comes_back_as_it_was_written),
        WITH_STORE(only_finished_runs_are_deleted_with_all_they_have),
        WITH_STORE(a_key_is_used_once),
        WITH_STORE(a_task_instance_goes_with_all_it_has_and_no_other),
        WITH_STORE(the_run_before_is_found_by_date),
        WITH_STORE(states_come_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
