/* Assets: what DAGs are scheduled on and what tasks bring up to date; their events, and which events each DAG has still
 * to have a run for. An event is queued for the DAGs that are scheduled on its asset in the transaction that adds it;
 * the transaction that makes a run takes all that is queued for its DAG. As in Airflow, a paused DAG is not queued for.
 */
#ifndef HK_STORE_ASSET_STORE_H
#define HK_STORE_ASSET_STORE_H

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

#endif
