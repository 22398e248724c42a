#include "workers/task_lineage.h"

void hk__lineage_variables(const struct hk_lineage_port *port, const struct hk_job *job,
                           void (*add)(void *arg, const char *name, const char *value), void *arg)
{
    struct hk_arena arena;
    struct hk_task_lineage lineage = {0};
    hk_arena_init(&arena);
    if (port->tell != NULL) {
        port->tell(port->context, job, &arena, &lineage);
    }
    if (lineage.tracking_uri != NULL) {
        add(arg, "MLFLOW_TRACKING_URI", lineage.tracking_uri);
        if (lineage.token != NULL) {
            add(arg, "MLFLOW_TRACKING_TOKEN", lineage.token);
        }
        add(arg, "MLFLOW_RUN_CONTEXT", lineage.run_context);
    }
    hk_arena_clear(&arena);
}
