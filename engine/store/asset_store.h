/* Assets: what DAGs are scheduled on and what tasks bring up to date; their events, and which events each DAG has still
 * to have a run for. An event is queued for the DAGs that are scheduled on its asset in the transaction that adds it;
 * the transaction that makes a run takes all that is queued for its DAG. As in Airflow, a paused DAG is not queued for.
 */
#ifndef HK_STORE_ASSET_STORE_H
#define HK_STORE_ASSET_STORE_H

#include "engine/graph/graph.h"
#include "engine/store/db.h"

struct hk_asset_event_save {
    const char *extra_json;    /* NULL: {} */
    const char *source_dag_id; /* NULL: no task has made it; the same goes for the next two */
    const char *source_task_id;
    const char *source_run_id;
    int64_t source_map_index; /* HK_TIME_NONE: none */
    int64_t happened_us;
};

/* Writer. An event of each asset that has this name or this URI (which may have got a slash at its end, as Airflow
 * gives to one without a path); nothing happens where no DAG knows such an asset. */
HK_MUST_USE bool hk_store_asset_changed(struct hk_db *db, const char *name_or_uri,
                                        const struct hk_asset_event_save *event, struct hk_error *err);
/* The same of one asset; *event_key may be NULL. */
HK_MUST_USE bool hk_store_asset_event_add(struct hk_db *db, int64_t asset_key, const struct hk_asset_event_save *event,
                                          int64_t *event_key, struct hk_error *err);

/* Writer. Of one asset by name and URI, as a task's outlet gives them; nothing happens where there is none. */
HK_MUST_USE bool hk_store_asset_outlet(struct hk_db *db, const struct hk_asset *asset,
                                       const struct hk_asset_event_save *event, struct hk_error *err);

/* ---- DAGs ---- */

/* Writer. The assets of a DAG's new version and what it is to them; what was queued for it because of assets that it is
 * no longer scheduled on is forgotten. */
HK_MUST_USE bool hk_store_dag_assets_save(struct hk_db *db, const struct hk_graph *graph, int64_t now_us,
                                          struct hk_error *err);

/* Which assets of its schedule have events that the DAG has had no run for: has_event by index in graph->assets. */
HK_MUST_USE bool hk_store_dag_assets_waiting(struct hk_db *db, const struct hk_graph *graph, bool *has_event,
                                             struct hk_error *err);
/* What has been queued since the event with this key, for all DAGs; texts are valid during the call. */
struct hk_asset_news {
    int64_t event_key;
    struct hk_str dag_id;
    struct hk_str name;
    struct hk_str uri;
};
typedef void (*hk_asset_news_fn)(void *arg, const struct hk_asset_news *news);
HK_MUST_USE bool hk_store_asset_news(struct hk_db *db, int64_t after_event_key, hk_asset_news_fn each, void *arg,
                                     struct hk_error *err);
HK_MUST_USE bool hk_store_asset_newest_event(struct hk_db *db, int64_t *event_key, struct hk_error *err);

/* ---- runs ---- */

/* When the newest of the queued events of a DAG happened; HK_TIME_NONE: nothing is queued. */
HK_MUST_USE bool hk_store_asset_queue_newest(struct hk_db *db, const char *dag_id, int64_t *happened_us,
                                             struct hk_error *err);
/* Writer. All that is queued for the DAG belongs to this run from now on. */
HK_MUST_USE bool hk_store_asset_queue_take(struct hk_db *db, const char *dag_id, int64_t run_key, struct hk_error *err);
/* The events that a run was made for as the Task SDK's JSON array, oldest first; at most the newest
 * HK_MAX_CONSUMED_EVENTS. */
HK_MUST_USE bool hk_store_run_asset_events(struct hk_db *db, int64_t run_key, struct hk_buf *out, struct hk_error *err);

#endif
