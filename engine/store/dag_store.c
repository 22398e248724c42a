#include "engine/store/dag_store.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"
#include "engine/store/asset_store.h"
#include "engine/store/graph_cache.h"

static const char DAG_FIND[] =
    "SELECT dag.is_stale, dag.bundle_name, dag.relative_fileloc, dag.is_paused, v.version_key, v.version_id, v.digest, "
    "v.version_number, dag.dag_key FROM dag LEFT JOIN dag_version v USING (version_key) WHERE dag.dag_id = ?1";
static const char DAG_UPSERT[] =
    "INSERT INTO dag (dag_id, is_paused, is_stale, version_key, bundle_name, relative_fileloc, fileloc, display_name, "
    "description, owners, timetable_summary, timetable_description, timetable_periodic, max_active_tasks, "
    "max_active_runs, max_consecutive_failed_runs, has_task_limits, last_parsed_us, last_parse_duration) "
    "VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) "
    "ON CONFLICT (dag_id) DO UPDATE SET is_stale = 0, version_key = ?3, bundle_name = ?4, relative_fileloc = ?5, "
    "fileloc = ?6, display_name = ?7, description = ?8, owners = ?9, timetable_summary = ?10, "
    "timetable_description = ?11, timetable_periodic = ?12, max_active_tasks = ?13, max_active_runs = ?14, "
    "max_consecutive_failed_runs = ?15, has_task_limits = ?16, last_parsed_us = ?17, last_parse_duration = ?18, "
    "has_import_errors = 0 RETURNING dag_key";
static const char TAGS_DELETE[] = "DELETE FROM dag_tag WHERE dag_key = ?1";
static const char TAG_INSERT[] = "INSERT OR IGNORE INTO dag_tag (dag_key, name) VALUES (?1, ?2)";
static const char SOURCE_UPSERT[] = "INSERT INTO dag_source (digest, content) VALUES (?1, ?2) "
                                    "ON CONFLICT (digest) DO UPDATE SET digest = ?1 RETURNING source_key";
static const char VERSION_INSERT[] =
    "INSERT INTO dag_version (version_key, version_id, dag_id, version_number, bundle_name, created_us, digest, "
    "document, source_key) VALUES ((SELECT 1 + max(highest, coalesce((SELECT max(version_key) FROM dag_version), 0)) "
    "FROM deleted_key WHERE kind = 'version'), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/* The source may change without the graph: the newest version then shows the newest source. */
static const char VERSION_SOURCE[] =
    "UPDATE dag_version SET source_key = ?2 WHERE version_key = ?1 AND source_key <> ?2";
static const char LAST_INTERVAL[] = "SELECT interval_start_us, interval_end_us FROM dag_run WHERE dag_id = ?1 AND "
                                    "run_type IN ('scheduled', 'backfill') "
                                    "ORDER BY logical_us DESC LIMIT 1";
static const char DAG_STATE[] = "SELECT version_key, is_paused, is_stale FROM dag WHERE dag_id = ?1";
static const char FAILED_IN_ROW[] = "SELECT state FROM dag_run WHERE dag_id = ?1 AND state IN ('success', 'failed') "
                                    "ORDER BY run_after_us DESC LIMIT ?2";
static const char SET_NEXT[] = "UPDATE dag SET next_logical_us = ?2, next_interval_start_us = ?3, "
                               "next_interval_end_us = ?4, next_run_after_us = ?5 WHERE dag_id = ?1";
static const char SET_PAUSED[] = "UPDATE dag SET is_paused = ?2 WHERE dag_id = ?1";
static const char SET_STALE[] = "UPDATE dag SET is_stale = ?2 WHERE dag_id = ?1";
#define DAG_ROW                                                                                                        \
    "SELECT dag.dag_id, dag.bundle_name, dag.relative_fileloc, v.version_id, dag.version_key, dag.is_paused "          \
    "FROM dag JOIN dag_version v USING (version_key) WHERE NOT dag.is_stale "
static const char FILE_DAGS[] = DAG_ROW "AND dag.bundle_name = ?1 AND dag.relative_fileloc = ?2 ORDER BY dag.dag_key";
static const char VERSION_ID[] = "SELECT version_id FROM dag_version WHERE version_key = ?1";
static const char VERSION_DOCUMENT[] = "SELECT document FROM dag_version WHERE version_key = ?1";
static const char FILE_DIGEST[] = "SELECT digest FROM dag_file WHERE bundle_name = ?1 AND relative_fileloc = ?2";
static const char FILE_SET[] = "INSERT OR REPLACE INTO dag_file (bundle_name, relative_fileloc, digest, parsed_us) "
                               "VALUES (?1, ?2, ?3, ?4)";
static const char FILE_FORGET[] = "DELETE FROM dag_file WHERE bundle_name = ?1 AND relative_fileloc = ?2";
/* Also those that were forgotten because of a mistake, while something of them is still there. */
static const char FILES_EACH[] =
    "SELECT bundle_name, relative_fileloc FROM dag_file UNION SELECT bundle_name, filename FROM import_error "
    "UNION SELECT bundle_name, relative_fileloc FROM dag WHERE is_stale = 0 "
    "UNION SELECT bundle, file FROM promotion_policy WHERE is_current = 1 AND is_deleted = 0 AND file IS NOT NULL";
static const char ERROR_SET[] =
    "INSERT INTO import_error (bundle_name, filename, happened_us, stack_trace) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (bundle_name, filename) DO UPDATE SET happened_us = ?3, stack_trace = ?4";
static const char ERROR_DELETE[] = "DELETE FROM import_error WHERE bundle_name = ?1 AND filename = ?2";
static const char ERROR_MARK[] = "UPDATE dag SET has_import_errors = ?3 WHERE bundle_name = ?1 AND relative_fileloc = "
                                 "?2 AND has_import_errors <> ?3";

struct found_dag {
    bool exists;
    bool is_paused;
    int64_t version_key;
    int64_t version_number;
    char version_id[HK_UUID_SIZE];
    char digest[HK_DIGEST_SIZE];
};

static bool find_dag(struct hk_db *db, const struct hk_graph *graph, struct found_dag *out, struct hk_error *err)
{
    *out = (struct found_dag){0};
    struct hk_stmt *q = hk_db_query(db, DAG_FIND);
    hk_bind_text(q, 1, graph->dag_id);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        bool is_elsewhere = strcmp(hk_column_text(q, 1), graph->bundle_name) != 0 ||
                            strcmp(hk_column_text(q, 2), graph->relative_fileloc) != 0;
        if (hk_column_int(q, 0) == 0 && is_elsewhere) {
            hk_error_set(err, HK_CONFLICT,
                         "dag '%s' is already defined in file '%s'; a dag_id must be unique, rename one of the two",
                         graph->dag_id, hk_column_text(q, 2));
            hk_reset(q);
            return false;
        }
        out->exists = true;
        out->is_paused = hk_column_int(q, 3) != 0;
        out->version_key = hk_column_int(q, 4);
        hk_str_copy(out->version_id, sizeof out->version_id, hk_column_str(q, 5));
        hk_str_copy(out->digest, sizeof out->digest, hk_column_str(q, 6));
        out->version_number = hk_column_int(q, 7);
    }
    return ok;
}

static bool save_version(struct hk_db *db, const struct hk_dag_save *dag, const struct found_dag *found,
                         struct hk_dag_saved *out, struct hk_error *err)
{
    int64_t source_key = 0;
    struct hk_stmt *q = hk_db_query(db, SOURCE_UPSERT);
    hk_bind_text(q, 1, dag->source_digest);
    hk_bind_str(q, 2, dag->source);
    if (!hk_run_for_int(q, &source_key, err)) {
        return false;
    }
    out->is_new_version = strcmp(found->digest, dag->digest) != 0;
    if (!out->is_new_version) {
        out->version_key = found->version_key;
        memcpy(out->version_id, found->version_id, sizeof out->version_id);
        q = hk_db_query(db, VERSION_SOURCE);
        hk_bind_int(q, 1, found->version_key);
        hk_bind_int(q, 2, source_key);
        return hk_run(q, err);
    }
    q = hk_db_query(db, VERSION_INSERT);
    hk_bind_text(q, 1, dag->version_id);
    hk_bind_text(q, 2, dag->graph->dag_id);
    hk_bind_int(q, 3, found->version_number + 1);
    hk_bind_text(q, 4, dag->graph->bundle_name);
    hk_bind_int(q, 5, dag->parsed_us);
    hk_bind_text(q, 6, dag->digest);
    hk_bind_str(q, 7, dag->document);
    hk_bind_int(q, 8, source_key);
    if (!hk_run(q, err)) {
        return false;
    }
    out->version_key = hk_db_last_key(db);
    return hk_str_copy(out->version_id, sizeof out->version_id, hk_str_from(dag->version_id));
}

/* Distinct owners of the tasks, sorted, as a JSON array: what Airflow shows as "owners". */
static void write_owners(const struct hk_graph *graph, struct hk_buf *out)
{
    struct hk_map seen;
    hk_map_init(&seen);
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_begin_array(&w);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct hk_str owner = hk_str_from(graph->tasks[t].owner);
        if (!hk_map_find(&seen, owner, NULL)) {
            hk_map_set(&seen, owner, 1);
            hk_json_string(&w, owner);
        }
    }
    hk_json_end_array(&w);
    hk_map_clear(&seen);
}

static bool upsert_dag(struct hk_db *db, const struct hk_dag_save *dag, const struct hk_dag_saved *saved,
                       int64_t *dag_key, struct hk_error *err)
{
    const struct hk_graph *g = dag->graph;
    struct hk_buf owners;
    hk_buf_init(&owners, HK_MAX_DAG_FILE_BYTES);
    write_owners(g, &owners);
    struct hk_stmt *q = hk_db_query(db, DAG_UPSERT);
    hk_bind_text(q, 1, g->dag_id);
    hk_bind_int(q, 2, saved->is_paused);
    hk_bind_int(q, 3, saved->version_key);
    hk_bind_text(q, 4, g->bundle_name);
    hk_bind_text(q, 5, g->relative_fileloc);
    hk_bind_text(q, 6, g->fileloc);
    hk_bind_text(q, 7, g->display_name != NULL ? g->display_name : g->dag_id);
    hk_bind_text(q, 8, g->description);
    hk_bind_str(q, 9, hk_buf_str(&owners));
    /* Airflow shows null for schedule=None. */
    hk_bind_text(q, 10, g->schedule.kind == HK_SCHEDULE_NONE ? NULL : g->schedule.summary);
    hk_bind_text(q, 11, dag->timetable_description);
    hk_bind_int(q, 12, dag->is_periodic);
    hk_bind_int(q, 13, g->max_active_tasks);
    hk_bind_int(q, 14, g->max_active_runs);
    hk_bind_int(q, 15, g->max_consecutive_failed_runs);
    hk_bind_int(q, 16, hk_graph_has_task_limits(g));
    hk_bind_int(q, 17, dag->parsed_us);
    hk_bind_double(q, 18, dag->parse_seconds);
    bool ok = hk_run_for_int(q, dag_key, err);
    hk_buf_clear(&owners);
    return ok;
}

static bool save_tags(struct hk_db *db, int64_t dag_key, const struct hk_graph *graph, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAGS_DELETE);
    hk_bind_int(q, 1, dag_key);
    if (!hk_run(q, err)) {
        return false;
    }
    for (uint32_t i = 0; i < graph->tag_count; i++) {
        q = hk_db_query(db, TAG_INSERT);
        hk_bind_int(q, 1, dag_key);
        hk_bind_text(q, 2, graph->tags[i]);
        if (!hk_run(q, err)) {
            return false;
        }
    }
    return true;
}

bool hk_store_dag_state(struct hk_db *db, const char *dag_id, struct hk_dag_found *out, struct hk_error *err)
{
    *out = (struct hk_dag_found){0};
    struct hk_stmt *q = hk_db_query(db, DAG_STATE);
    hk_bind_text(q, 1, dag_id);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *out = (struct hk_dag_found){hk_column_int(q, 0), hk_column_int(q, 1) != 0, hk_column_int(q, 2) != 0};
    }
    return ok;
}

bool hk_store_dag_history(struct hk_db *db, const struct hk_graph *graph, struct hk_dag_saved *out,
                          struct hk_error *err)
{
    out->last_start_us = HK_TIME_NONE;
    out->last_end_us = HK_TIME_NONE;
    struct hk_stmt *q = hk_db_query(db, LAST_INTERVAL);
    hk_bind_text(q, 1, graph->dag_id);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        out->last_start_us = hk_column_time(q, 0);
        out->last_end_us = hk_column_time(q, 1);
    }
    if (!ok || graph->max_consecutive_failed_runs == 0) {
        return ok;
    }
    q = hk_db_query(db, FAILED_IN_ROW);
    hk_bind_text(q, 1, graph->dag_id);
    hk_bind_int(q, 2, graph->max_consecutive_failed_runs);
    bool counting = true;
    while (hk_step(q, &ok, err)) {
        counting = counting && strcmp(hk_column_text(q, 0), "failed") == 0;
        out->failed_in_row += counting;
    }
    return ok;
}

bool hk_store_dag_save(struct hk_db *db, const struct hk_dag_save *dag, struct hk_dag_saved *out, struct hk_error *err)
{
    struct found_dag found;
    int64_t dag_key = 0;
    *out = (struct hk_dag_saved){0};
    if (!find_dag(db, dag->graph, &found, err)) {
        return false;
    }
    int wish = dag->graph->is_paused_upon_creation;
    out->is_paused = found.exists ? found.is_paused : wish >= 0 ? wish != 0 : dag->starts_paused;
    return save_version(db, dag, &found, out, err) && upsert_dag(db, dag, out, &dag_key, err) &&
           save_tags(db, dag_key, dag->graph, err) &&
           (!out->is_new_version || hk_store_dag_assets_save(db, dag->graph, dag->parsed_us, err)) &&
           hk_store_dag_history(db, dag->graph, out, err);
}

bool hk_store_dag_set_next(struct hk_db *db, const char *dag_id, const struct hk_dag_next *next, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET_NEXT);
    hk_bind_text(q, 1, dag_id);
    hk_bind_time(q, 2, next->logical_us);
    hk_bind_time(q, 3, next->interval_start_us);
    hk_bind_time(q, 4, next->interval_end_us);
    hk_bind_time(q, 5, next->run_after_us);
    return hk_run(q, err);
}

static bool set_flag(struct hk_db *db, const char *sql, const char *dag_id, bool value, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_text(q, 1, dag_id);
    hk_bind_int(q, 2, value);
    if (!hk_run(q, err)) {
        return false;
    }
    hk_db_note_news(db, HK_DB_NEWS); /* promotions may wait for it (promotion_wait in schema/) */
    return hk_db_changes(db) == 1 || hk_error_set(err, HK_NOT_FOUND, "Dag with id: '%s' not found", dag_id);
}

bool hk_store_dag_set_paused(struct hk_db *db, const char *dag_id, bool is_paused, struct hk_error *err)
{
    return set_flag(db, SET_PAUSED, dag_id, is_paused, err);
}

bool hk_store_dag_set_stale(struct hk_db *db, const char *dag_id, bool is_stale, struct hk_error *err)
{
    return set_flag(db, SET_STALE, dag_id, is_stale, err);
}

static bool walk_dags(struct hk_stmt *q, hk_dag_row_fn each, void *arg, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_dag_row row = {.dag_id = hk_column_text(q, 0),
                                 .bundle_name = hk_column_text(q, 1),
                                 .relative_fileloc = hk_column_text(q, 2),
                                 .version_id = hk_column_text(q, 3),
                                 .version_key = hk_column_int(q, 4),
                                 .is_paused = hk_column_int(q, 5) != 0};
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_file_dags(struct hk_db *db, const char *bundle_name, const char *relative_fileloc, hk_dag_row_fn each,
                        void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FILE_DAGS);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, relative_fileloc);
    return walk_dags(q, each, arg, err);
}

static bool get_version_id(struct hk_db *db, int64_t version_key, char out[HK_UUID_SIZE], struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VERSION_ID);
    hk_bind_int(q, 1, version_key);
    out[0] = '\0';
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        hk_str_copy(out, HK_UUID_SIZE, hk_column_str(q, 0));
    }
    if (ok && out[0] == '\0') {
        return hk_error_set(err, HK_NOT_FOUND, "dag version %lld is not in the database", (long long)version_key);
    }
    return ok;
}

static bool decode_version(struct hk_db *db, int64_t version_key, struct hk_str version_id, struct hk_graph **out,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VERSION_DOCUMENT);
    hk_bind_int(q, 1, version_key);
    bool ok = true;
    while (ok && hk_step(q, &ok, err)) {
        struct hk_str document = hk_column_str(q, 0);
        ok = hk_graph_read(document, out, err) || hk_error_prefix(err, "dag version %lld", (long long)version_key);
        if (ok && hk_db_graphs(db) != NULL) {
            hk_graph_cache_add(hk_db_graphs(db), version_id, *out, document.len);
        }
    }
    hk_reset(q);
    return ok;
}

bool hk_store_version_graph(struct hk_db *db, int64_t version_key, char version_id[HK_UUID_SIZE], struct hk_graph **out,
                            struct hk_error *err)
{
    char id[HK_UUID_SIZE];
    *out = NULL;
    if (!get_version_id(db, version_key, id, err)) {
        return false;
    }
    if (version_id != NULL) {
        memcpy(version_id, id, sizeof id);
    }
    if (hk_db_graphs(db) != NULL) {
        *out = hk_graph_cache_find(hk_db_graphs(db), hk_str_from(id));
    }
    return *out != NULL || decode_version(db, version_key, hk_str_from(id), out, err);
}

bool hk_store_file_digest(struct hk_db *db, const char *bundle_name, const char *relative_fileloc,
                          char out[HK_DIGEST_SIZE], struct hk_error *err)
{
    out[0] = '\0';
    struct hk_stmt *q = hk_db_query(db, FILE_DIGEST);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, relative_fileloc);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        hk_str_copy(out, HK_DIGEST_SIZE, hk_column_str(q, 0));
    }
    return ok;
}

bool hk_store_file_set(struct hk_db *db, const char *bundle_name, const char *relative_fileloc, const char *digest,
                       int64_t parsed_us, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FILE_SET);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, relative_fileloc);
    hk_bind_text(q, 3, digest);
    hk_bind_int(q, 4, parsed_us);
    return hk_run(q, err);
}

bool hk_store_file_forget(struct hk_db *db, const char *bundle_name, const char *relative_fileloc, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FILE_FORGET);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, relative_fileloc);
    return hk_run(q, err);
}

bool hk_store_files_each(struct hk_db *db, hk_file_row_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FILES_EACH);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        if (!each(arg, hk_column_text(q, 0), hk_column_text(q, 1))) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_import_error_set(struct hk_db *db, const char *bundle_name, const char *filename,
                               struct hk_str stack_trace, int64_t now_us, struct hk_error *err)
{
    bool has_error = stack_trace.len > 0;
    struct hk_stmt *q = hk_db_query(db, has_error ? ERROR_SET : ERROR_DELETE);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, filename);
    if (has_error) {
        hk_bind_int(q, 3, now_us);
        hk_bind_str(q, 4, stack_trace);
    }
    if (!hk_run(q, err)) {
        return false;
    }
    q = hk_db_query(db, ERROR_MARK);
    hk_bind_text(q, 1, bundle_name);
    hk_bind_text(q, 2, filename);
    hk_bind_int(q, 3, has_error);
    return hk_run(q, err);
}

bool hk_store_dag_delete(struct hk_db *db, const char *dag_id, struct hk_error *err)
{
    static const char unfinished[] =
        "SELECT 1 FROM dag_run WHERE dag_id = ?1 AND state IN ('queued', 'running') LIMIT 1";
    static const char *const deletions[] = {
        ("DELETE FROM dag_file WHERE (bundle_name, relative_fileloc) IN "
         "(SELECT bundle_name, relative_fileloc FROM dag WHERE dag_id = ?1)"),
        "DELETE FROM dag_run WHERE dag_id = ?1",
        "DELETE FROM dag WHERE dag_id = ?1",
        "DELETE FROM dag_version WHERE dag_id = ?1",
        "DELETE FROM asset_dag WHERE dag_id = ?1",
        "DELETE FROM asset_task WHERE dag_id = ?1",
        "DELETE FROM asset_queue WHERE dag_id = ?1",
    };
    struct hk_stmt *q = hk_db_query(db, unfinished);
    bool is_busy = false;
    bool ok = true;
    hk_bind_text(q, 1, dag_id);
    while (hk_step(q, &ok, err)) {
        is_busy = true;
    }
    if (is_busy) {
        return hk_error_set(err, HK_CONFLICT, "Task instances of dag with id: '%s' are still running", dag_id);
    }
    hk_db_note_news(db, HK_DB_NEWS); /* as above */
    for (size_t i = 0; ok && i < sizeof deletions / sizeof deletions[0]; i++) {
        q = hk_db_query(db, deletions[i]);
        hk_bind_text(q, 1, dag_id);
        ok = hk_run(q, err);
    }
    return ok;
}
