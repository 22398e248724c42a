/* DAGs as the database knows them, for the time between a start and the reading of their files. */
#include "scheduler/scheduler_internal.h"

#include "engine/base/log.h"

bool hk__known_dag_load(struct hk_db *db, const char *dag_id, struct hk__known_dag *out, struct hk_error *err)
{
    *out = (struct hk__known_dag){0};
    if (!hk_store_dag_state(db, dag_id, &out->found, err)) {
        return false;
    }
    return out->found.version_key == 0 ||
           (hk_store_version_graph(db, out->found.version_key, out->saved.version_id, &out->graph, err) &&
            hk_store_dag_history(db, out->graph, &out->saved, err));
}

void hk__known_dag_put(struct hk_scheduler *s, const struct hk__known_dag *known)
{
    if (known->graph == NULL) {
        return;
    }
    const struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(known->graph->dag_id));
    if (dag != NULL && dag->graph != NULL) {
        return; /* its file has been read meanwhile */
    }
    struct hk_dag_update update = {.graph = known->graph,
                                   .version_key = known->found.version_key,
                                   .version_id = known->saved.version_id,
                                   .is_paused = known->found.is_paused,
                                   .last_start_us = known->saved.last_start_us,
                                   .last_end_us = known->saved.last_end_us,
                                   .failed_in_row = known->saved.failed_in_row};
    struct hk_error err;
    if (!hk_scheduler_dag_put(s, &update, &err)) {
        hk_log(HK_WARN, "scheduler", "schedule of a known dag cannot be used", HK_KEY("dag", known->graph->dag_id),
               HK_KEY("why", err.message));
    }
    if (known->found.is_stale) {
        hk_scheduler_dag_gone(s, known->graph->dag_id);
    }
}
