#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"
#include "engine/store/dag_store.h"
#include "engine/store/store.h"

static struct hk_store *store;
static struct hk_db *db;
static struct hk_error err;

static int open_all(void **state)
{
    (void)state;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true};
    assert_true(hk_store_open(&options, &store, &err));
    assert_true(hk_store_reader_take(store, &db, &err));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    hk_store_reader_give(store, db);
    hk_store_close(store);
    return 0;
}

static struct hk_graph *make(const char *dag_id, const char *file)
{
    static const char *tags[] = {"x", "y", "x"};
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *g = hk_graph_builder_dag(b);
    struct hk_graph *graph = NULL;
    g->dag_id = dag_id;
    g->fileloc = file;
    g->relative_fileloc = file;
    g->bundle_name = "dags-folder";
    g->dialect = "yaml";
    g->tags = tags;
    g->tag_count = 3;
    g->max_consecutive_failed_runs = 5;
    hk_graph_builder_task(b, HK_STR("a"))->operator_class = "Op";
    assert_true(hk_graph_build(b, &graph, &err));
    return graph;
}

static bool save_source(const char *dag_id, const char *file, const char *digest, const char *source,
                        struct hk_dag_saved *out)
{
    struct hk_graph *graph = make(dag_id, file);
    struct hk_buf document;
    hk_buf_init(&document, HK_MAX_DAG_DOCUMENT_BYTES);
    assert_true(hk_graph_write(graph, &document, &err));
    struct hk_dag_save row = {.graph = graph,
                              .document = hk_buf_str(&document),
                              .digest = digest,
                              .source = hk_str_from(source),
                              .source_digest = source,
                              .version_id = digest,
                              .timetable_description = "",
                              .parsed_us = 1,
                              .starts_paused = true};
    bool ok = hk_store_dag_save(db, &row, out, &err);
    hk_buf_clear(&document);
    hk_graph_unref(graph);
    return ok;
}

static bool save(const char *dag_id, const char *file, const char *digest, struct hk_dag_saved *out)
{
    return save_source(dag_id, file, digest, "source", out);
}

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

static void only_a_change_makes_a_version(void **state)
{
    (void)state;
    struct hk_dag_saved first;
    struct hk_dag_saved again;
    struct hk_dag_saved changed;
    assert_true(save("d", "f", "v1", &first));
    assert_true(save("d", "f", "v1", &again));
    assert_true(save("d", "f", "v2", &changed));
    assert_true(first.is_new_version && !again.is_new_version && changed.is_new_version);
    assert_int_equal(first.version_key, again.version_key);
    assert_string_equal(again.version_id, "v1");
    assert_string_equal(changed.version_id, "v2");
    assert_int_equal(number("SELECT max(version_number) FROM dag_version"), 2);
    assert_int_equal(number("SELECT count(*) FROM dag_tag"), 2);
    struct hk_graph *graph = NULL;
    char version_id[HK_UUID_SIZE];
    assert_true(hk_store_version_graph(db, first.version_key, version_id, &graph, &err));
    assert_string_equal(graph->dag_id, "d");
    assert_string_equal(version_id, "v1");
    struct hk_graph *shared = NULL; /* decoded once */
    assert_true(hk_store_version_graph(db, first.version_key, NULL, &shared, &err));
    assert_ptr_equal(shared, graph);
    hk_graph_unref(shared);
    hk_graph_unref(graph);
    assert_false(hk_store_version_graph(db, 99, NULL, &graph, &err));
    assert_int_equal(err.code, HK_NOT_FOUND);
}

/* The scheduler may still speak of the version of a DAG that has just been deleted. */
static void a_versions_key_is_used_once(void **state)
{
    (void)state;
    struct hk_dag_saved first;
    struct hk_dag_saved second;
    assert_true(save("d", "f", "v1", &first));
    assert_true(hk_store_dag_delete(db, "d", &err));
    assert_true(save("e", "f", "v2", &second));
    assert_true(second.version_key > first.version_key);
}

/* Two DAGs of one file, which is edited again and again without a change to the graphs. */
static void a_source_goes_with_the_last_version_that_shows_it(void **state)
{
    (void)state;
    struct hk_dag_saved saved;
    assert_true(save_source("d", "f", "v1", "one", &saved) && save_source("e", "f", "v2", "one", &saved));
    assert_true(save_source("d", "f", "v1", "two", &saved));
    assert_int_equal(number("SELECT count(*) FROM dag_source"), 2);
    assert_true(save_source("e", "f", "v2", "two", &saved));
    assert_int_equal(number("SELECT count(*) FROM dag_source WHERE content = 'two'"), 1);
    assert_int_equal(number("SELECT count(*) FROM dag_source"), 1);
    assert_true(save_source("d", "f", "v3", "three", &saved)); /* the older version keeps its own */
    assert_int_equal(number("SELECT count(*) FROM dag_source"), 2);
    assert_true(hk_store_dag_delete(db, "d", &err));
    assert_int_equal(number("SELECT count(*) FROM dag_source"), 1);
    assert_true(hk_store_dag_delete(db, "e", &err));
    assert_int_equal(number("SELECT count(*) FROM dag_source"), 0);
}

static void a_dag_id_in_two_files_is_refused_until_one_is_gone(void **state)
{
    (void)state;
    struct hk_dag_saved saved;
    assert_true(save("d", "one.yaml", "v1", &saved));
    assert_false(save("d", "two.yaml", "v2", &saved));
    assert_int_equal(err.code, HK_CONFLICT);
    assert_non_null(strstr(err.message, "one.yaml"));
    assert_true(hk_store_dag_set_stale(db, "d", true, &err));
    assert_true(save("d", "two.yaml", "v2", &saved));
    struct hk_dag_found found;
    assert_true(hk_store_dag_state(db, "d", &found, &err));
    assert_false(found.is_stale);
    assert_int_equal(found.version_key, saved.version_key);
    assert_true(hk_store_dag_state(db, "nobody", &found, &err));
    assert_int_equal(found.version_key, 0);
}

static void pausing_lasts_over_new_versions(void **state)
{
    (void)state;
    struct hk_dag_saved saved;
    assert_true(save("d", "f", "v1", &saved));
    assert_true(saved.is_paused); /* starts_paused */
    assert_true(hk_store_dag_set_paused(db, "d", false, &err));
    assert_true(save("d", "f", "v2", &saved));
    assert_false(saved.is_paused);
    assert_false(hk_store_dag_set_paused(db, "x", false, &err));
    assert_int_equal(err.code, HK_NOT_FOUND);
}

static void the_last_automated_run_is_remembered(void **state)
{
    (void)state;
    struct hk_dag_saved saved;
    assert_true(save("d", "f", "v1", &saved));
    assert_int_equal(saved.last_start_us, HK_TIME_NONE);
    assert_true(hk_db_exec(db,
                           "INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_us, interval_start_us, "
                           "interval_end_us, run_after_us, version_key) VALUES "
                           "('d', '1', 'scheduled', 'failed', 10, 10, 20, 20, 1), "
                           "('d', '2', 'scheduled', 'failed', 20, 20, 30, 30, 1), "
                           "('d', '3', 'manual', 'failed', 90, 90, 99, 99, 1)",
                           &err));
    assert_true(save("d", "f", "v1", &saved));
    assert_int_equal(saved.last_start_us, 20);
    assert_int_equal(saved.last_end_us, 30);
    assert_int_equal(saved.failed_in_row, 3);
}

static bool count_rows(void *arg, const struct hk_dag_row *row)
{
    int *count = arg;
    assert_string_equal(row->bundle_name, "dags-folder");
    (*count)++;
    return true;
}

static void files_digests_and_import_errors(void **state)
{
    (void)state;
    struct hk_dag_saved saved;
    char digest[HK_DIGEST_SIZE];
    int count = 0;
    assert_true(save("d", "f", "v1", &saved) && save("e", "f", "v2", &saved) && save("g", "h", "v3", &saved));
    assert_true(hk_store_file_dags(db, "dags-folder", "f", count_rows, &count, &err));
    assert_int_equal(count, 2);
    assert_true(hk_store_file_digest(db, "dags-folder", "f", digest, &err));
    assert_string_equal(digest, "");
    assert_true(hk_store_file_set(db, "dags-folder", "f", "abc", 1, &err));
    assert_true(hk_store_file_digest(db, "dags-folder", "f", digest, &err));
    assert_string_equal(digest, "abc");
    assert_true(hk_store_file_forget(db, "dags-folder", "f", &err));
    assert_true(hk_store_import_error_set(db, "dags-folder", "f", HK_STR("line 1"), 5, &err));
    assert_true(hk_store_import_error_set(db, "dags-folder", "f", HK_STR("line 2"), 6, &err));
    assert_int_equal(number("SELECT count(*) FROM import_error WHERE stack_trace = 'line 2'"), 1);
    assert_int_equal(number("SELECT count(*) FROM dag WHERE has_import_errors"), 2);
    assert_true(hk_store_import_error_set(db, "dags-folder", "f", HK_STR(""), 7, &err));
    assert_int_equal(number("SELECT count(*) FROM import_error"), 0);
    assert_int_equal(number("SELECT count(*) FROM dag WHERE has_import_errors"), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(only_a_change_makes_a_version),
        WITH_STORE(a_dag_id_in_two_files_is_refused_until_one_is_gone),
        WITH_STORE(pausing_lasts_over_new_versions),
        WITH_STORE(the_last_automated_run_is_remembered),
        WITH_STORE(files_digests_and_import_errors),
        WITH_STORE(a_versions_key_is_used_once),
        WITH_STORE(a_source_goes_with_the_last_version_that_shows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
