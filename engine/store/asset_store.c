#include "engine/store/asset_store.h"

#include <string.h>

static const char BY_NAME[] =
    "SELECT asset_key FROM asset WHERE name = ?1 UNION SELECT asset_key FROM asset WHERE uri IN (?1, ?1 || '/')";
static const char EVENT_ADD[] =
    "INSERT INTO asset_event (asset_key, happened_us, extra, source_dag_id, source_task_id, source_run_id, "
    "source_map_index) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char QUEUE_ADD[] = "INSERT INTO asset_queue (dag_id, asset_key, event_key) "
                                "SELECT d.dag_id, d.asset_key, ?2 FROM asset_dag d JOIN dag USING (dag_id) "
                                "WHERE d.asset_key = ?1 AND NOT dag.is_paused AND NOT dag.is_stale";

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
    hk_db_note_news(db);
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
