#include "engine/store/asset_store.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"

static const char BY_NAME[] =
    "SELECT asset_key FROM asset WHERE name = ?1 UNION SELECT asset_key FROM asset WHERE uri IN (?1, ?1 || '/')";
static const char EVENT_ADD[] =
    "INSERT INTO asset_event (asset_key, happened_us, extra, source_dag_id, source_task_id, source_run_id, "
    "source_map_index) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char QUEUE_ADD[] = "INSERT INTO asset_queue (dag_id, asset_key, event_key) "
                                "SELECT d.dag_id, d.asset_key, ?2 FROM asset_dag d JOIN dag USING (dag_id) "
                                "WHERE d.asset_key = ?1 AND NOT dag.is_paused AND NOT dag.is_stale";

static const char FIND[] = "SELECT asset_key FROM asset WHERE name = ?1 AND uri = ?2";
static const char UPSERT[] =
    "INSERT INTO asset (name, uri, asset_group, extra, created_us, updated_us) VALUES (?1, ?2, ?3, ?4, ?5, ?5) "
    "ON CONFLICT (name, uri) DO UPDATE SET asset_group = ?3, extra = ?4, updated_us = ?5 RETURNING asset_key";
static const char DAG_SET[] = "INSERT INTO asset_dag (dag_id, asset_key, created_us, updated_us) "
                              "VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET updated_us = ?3";
static const char TASK_SET[] = "INSERT INTO asset_task (dag_id, task_id, asset_key, created_us, updated_us) "
                               "VALUES (?1, ?4, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET updated_us = ?3";
/* What is not set again between the two is swept. */
static const char DAG_MARK[] = "UPDATE asset_dag SET updated_us = -1 WHERE dag_id = ?1";
static const char TASK_MARK[] = "UPDATE asset_task SET updated_us = -1 WHERE dag_id = ?1";
static const char DAG_SWEEP[] = "DELETE FROM asset_dag WHERE dag_id = ?1 AND updated_us = -1";
static const char TASK_SWEEP[] = "DELETE FROM asset_task WHERE dag_id = ?1 AND updated_us = -1";
static const char QUEUE_SWEEP[] = "DELETE FROM asset_queue WHERE dag_id = ?1 AND asset_key NOT IN "
                                  "(SELECT asset_key FROM asset_dag WHERE dag_id = ?1)";
static const char QUEUE_CLEAR[] = "DELETE FROM asset_queue WHERE dag_id = ?1";
static const char WAITING[] =
    "SELECT a.name, a.uri FROM asset_dag d JOIN asset a USING (asset_key) WHERE d.dag_id = ?1 AND EXISTS "
    "(SELECT 1 FROM asset_queue q WHERE q.dag_id = d.dag_id AND q.asset_key = d.asset_key)";
static const char NEWS[] =
    "SELECT q.event_key, q.dag_id, a.name, a.uri FROM asset_queue q JOIN asset a USING (asset_key) "
    "WHERE q.event_key > ?1 ORDER BY q.event_key";
static const char NEWEST[] = "SELECT max(event_key) FROM asset_event";
static const char QUEUE_NEWEST[] = "SELECT max(e.happened_us) FROM asset_queue q JOIN asset_event e USING (event_key) "
                                   "WHERE q.dag_id = ?1";
static const char QUEUE_TAKE[] = "INSERT INTO asset_event_run (run_key, event_key) "
                                 "SELECT DISTINCT ?2, event_key FROM asset_queue WHERE dag_id = ?1";
static const char OF_RUN[] =
    "SELECT a.name, a.uri, a.extra, e.extra, e.source_task_id, e.source_dag_id, e.source_run_id, e.source_map_index, "
    "e.happened_us FROM (SELECT event_key FROM asset_event_run WHERE run_key = ?1 ORDER BY event_key DESC LIMIT ?2) r "
    "JOIN asset_event e USING (event_key) JOIN asset a USING (asset_key) ORDER BY e.happened_us, e.event_key";

bool hk_store_asset_event_add(struct hk_db *db, int64_t asset_key, const struct hk_asset_event_save *event,
                              int64_t *event_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EVENT_ADD);
    hk_bind_int(q, 1, asset_key);
    hk_bind_int(q, 2, event->happened_us);
    hk_bind_text(q, 3, event->extra_json != NULL ? event->extra_json : "{}");
    hk_bind_text(q, 4, event->source_dag_id);
    hk_bind_text(q, 5, event->source_task_id);
    hk_bind_text(q, 6, event->source_run_id);
    hk_bind_time(q, 7, event->source_map_index);
    if (!hk_run(q, err)) {
        return false;
    }
    int64_t key = hk_db_last_key(db);
    if (event_key != NULL) {
        *event_key = key;
    }
    q = hk_db_query(db, QUEUE_ADD);
    hk_bind_int(q, 1, asset_key);
    hk_bind_int(q, 2, key);
    hk_db_note_news(db, HK_DB_ASSET_NEWS);
    return hk_run(q, err);
}

/* A statement is not read on while others write: the keys are collected first. A name stands for a handful of assets,
 * which differ in their URIs. */
enum { MAX_SAME_NAME = 64 };

bool hk_store_asset_changed(struct hk_db *db, const char *name_or_uri, const struct hk_asset_event_save *event,
                            struct hk_error *err)
{
    int64_t keys[MAX_SAME_NAME];
    size_t count = 0;
    bool ok = true;
    struct hk_stmt *q = hk_db_query(db, BY_NAME);
    hk_bind_text(q, 1, name_or_uri);
    while (hk_step(q, &ok, err)) {
        if (count == MAX_SAME_NAME) {
            hk_reset(q);
            return hk_error_set(err, HK_LIMIT, "more than %d assets have the name '%s'", MAX_SAME_NAME, name_or_uri);
        }
        keys[count++] = hk_column_int(q, 0);
    }
    for (size_t i = 0; i < count && ok; i++) {
        ok = hk_store_asset_event_add(db, keys[i], event, NULL, err);
    }
    return ok;
}

bool hk_store_asset_outlet(struct hk_db *db, const struct hk_asset *asset, const struct hk_asset_event_save *event,
                           struct hk_error *err)
{
    int64_t key = 0;
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_text(q, 1, asset->name);
    hk_bind_text(q, 2, asset->uri);
    return hk_run_for_int(q, &key, err) && (key == 0 || hk_store_asset_event_add(db, key, event, NULL, err));
}

/* ---- DAGs ---- */

/* The key of each of the graph's assets. */
static bool save_assets(struct hk_db *db, const struct hk_graph *graph, int64_t now_us, int64_t *keys,
                        struct hk_error *err)
{
    bool ok = true;
    for (uint32_t i = 0; i < graph->asset_count && ok; i++) {
        const struct hk_asset *asset = &graph->assets[i];
        struct hk_stmt *q = hk_db_query(db, UPSERT);
        hk_bind_text(q, 1, asset->name);
        hk_bind_text(q, 2, asset->uri);
        hk_bind_text(q, 3, asset->group);
        hk_bind_text(q, 4, asset->extra_json != NULL ? asset->extra_json : "{}");
        hk_bind_int(q, 5, now_us);
        ok = hk_run_for_int(q, &keys[i], err);
    }
    return ok;
}

static bool save_reference(struct hk_db *db, const char *sql, const struct hk_graph *graph, int64_t asset_key,
                           int64_t now_us, const char *task_id, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_text(q, 1, graph->dag_id);
    hk_bind_int(q, 2, asset_key);
    hk_bind_int(q, 3, now_us);
    if (task_id != NULL) {
        hk_bind_text(q, 4, task_id);
    }
    return hk_run(q, err);
}

static bool run_for_dag(struct hk_db *db, const char *sql, const char *dag_id, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_text(q, 1, dag_id);
    return hk_run(q, err);
}

bool hk_store_dag_assets_save(struct hk_db *db, const struct hk_graph *graph, int64_t now_us, struct hk_error *err)
{
    int64_t keys[HK_MAX_ASSETS_PER_DAG + 1];
    HK_ASSERT(graph->asset_count <= HK_MAX_ASSETS_PER_DAG);
    bool ok = save_assets(db, graph, now_us, keys, err) && run_for_dag(db, DAG_MARK, graph->dag_id, err) &&
              run_for_dag(db, TASK_MARK, graph->dag_id, err);
    for (uint32_t i = 0; i < graph->condition_count && ok; i++) {
        const struct hk_asset_node *node = &graph->condition[i];
        ok = node->op != HK_ASSET_ONE || save_reference(db, DAG_SET, graph, keys[node->n], now_us, NULL, err);
    }
    for (uint32_t t = 0; t < graph->task_count && ok; t++) {
        const struct hk_task *task = &graph->tasks[t];
        for (uint32_t i = 0; i < task->outlet_count && ok; i++) {
            ok = save_reference(db, TASK_SET, graph, keys[task->outlets[i]], now_us, task->task_id, err);
        }
    }
    return ok && run_for_dag(db, DAG_SWEEP, graph->dag_id, err) && run_for_dag(db, TASK_SWEEP, graph->dag_id, err) &&
           run_for_dag(db, QUEUE_SWEEP, graph->dag_id, err);
}

bool hk_store_dag_assets_waiting(struct hk_db *db, const struct hk_graph *graph, bool *has_event, struct hk_error *err)
{
    memset(has_event, 0, graph->asset_count * sizeof *has_event);
    struct hk_stmt *q = hk_db_query(db, WAITING);
    hk_bind_text(q, 1, graph->dag_id);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        uint32_t i = hk_graph_find_asset(graph, hk_column_str(q, 0), hk_column_str(q, 1));
        if (i < graph->asset_count) {
            has_event[i] = true;
        }
    }
    return ok;
}

bool hk_store_asset_news(struct hk_db *db, int64_t after_event_key, hk_asset_news_fn each, void *arg,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, NEWS);
    hk_bind_int(q, 1, after_event_key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_asset_news news = {hk_column_int(q, 0), hk_column_str(q, 1), hk_column_str(q, 2),
                                     hk_column_str(q, 3)};
        each(arg, &news);
    }
    return ok;
}

bool hk_store_asset_newest_event(struct hk_db *db, int64_t *event_key, struct hk_error *err)
{
    *event_key = 0;
    return hk_run_for_int(hk_db_query(db, NEWEST), event_key, err);
}

/* ---- runs ---- */

bool hk_store_asset_queue_newest(struct hk_db *db, const char *dag_id, int64_t *happened_us, struct hk_error *err)
{
    *happened_us = HK_TIME_NONE;
    struct hk_stmt *q = hk_db_query(db, QUEUE_NEWEST);
    hk_bind_text(q, 1, dag_id);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *happened_us = hk_column_time(q, 0);
    }
    return ok;
}

bool hk_store_asset_queue_take(struct hk_db *db, const char *dag_id, int64_t run_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, QUEUE_TAKE);
    hk_bind_text(q, 1, dag_id);
    hk_bind_int(q, 2, run_key);
    return hk_run(q, err) && run_for_dag(db, QUEUE_CLEAR, dag_id, err);
}

static void write_event(struct hk_stmt *q, struct hk_json *w)
{
    hk_json_begin_object(w);
    hk_json_key(w, "asset");
    hk_json_begin_object(w);
    hk_json_kv_str(w, "name", hk_column_str(q, 0));
    hk_json_kv_str(w, "uri", hk_column_str(q, 1));
    hk_json_kv_raw(w, "extra", hk_column_str(q, 2));
    hk_json_end_object(w);
    hk_json_kv_raw(w, "extra", hk_column_str(q, 3));
    hk_json_kv_text(w, "source_task_id", hk_column_text(q, 4));
    hk_json_kv_text(w, "source_dag_id", hk_column_text(q, 5));
    hk_json_kv_text(w, "source_run_id", hk_column_text(q, 6));
    hk_json_kv_int(w, "source_map_index", hk_column_is_null(q, 7) ? -1 : hk_column_int(q, 7));
    hk_json_kv_raw(w, "source_aliases", HK_STR("[]"));
    hk_json_kv_time(w, "timestamp", hk_column_int(q, 8));
    hk_json_kv_null(w, "partition_key");
    hk_json_end_object(w);
}

bool hk_store_run_asset_events(struct hk_db *db, int64_t run_key, struct hk_buf *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OF_RUN);
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, HK_MAX_CONSUMED_EVENTS);
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_begin_array(&w);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        write_event(q, &w);
    }
    hk_json_end_array(&w);
    return ok;
}
