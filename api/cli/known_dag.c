#include "api/cli/known_dag.h"

#include "engine/store/dag_store.h"

bool hk_known_dag_load(struct hk_store *store, struct hk_scheduler *scheduler, const char *dag_id, struct hk_error *err)
{
    struct hk_db *db = NULL;
    struct hk_graph *graph = NULL;
    struct hk_dag_found found = {.version_key = 0};
    struct hk_dag_saved saved = {.version_key = 0};
    if (!hk_store_reader_take(store, &db, err)) {
        return false;
    }
    bool ok = hk_store_dag_state(db, dag_id, &found, err);
    bool is_known = ok && found.version_key != 0 && !found.is_stale;
    if (is_known) {
        ok = hk_store_version_graph(db, found.version_key, saved.version_id, &graph, err) &&
             hk_store_dag_history(db, graph, &saved, err);
    }
    hk_store_reader_give(store, db);
    if (ok && is_known) {
        struct hk_dag_update update = {.graph = graph,
                                       .version_key = found.version_key,
                                       .version_id = saved.version_id,
                                       .is_paused = found.is_paused,
                                       .last_start_us = saved.last_start_us,
                                       .last_end_us = saved.last_end_us,
                                       .failed_in_row = saved.failed_in_row};
        ok = hk_scheduler_dag_put(scheduler, &update, err);
    }
    hk_graph_unref(graph);
    return ok;
}
