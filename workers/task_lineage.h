/* Where a task's MLflow runs go and what they carry: three environment variables of the task's own process, which the
 * unmodified client reads.
 *
 *     MLFLOW_TRACKING_URI     this server
 *     MLFLOW_TRACKING_TOKEN   lets this task in, at the MLflow door alone, until it is over, and says which task made
 *                             what is made with it (engine/store/maker_store.h)
 *     MLFLOW_RUN_CONTEXT      tags for the runs it creates (engine/tracking/lineage.h)
 *
 * What the user has set stays: a tracking server of their own, in hanok's environment or the task's, is not replaced,
 * and then there is no token either, which is nobody else's business. */
#ifndef HK_WORKERS_TASK_LINEAGE_H
#define HK_WORKERS_TASK_LINEAGE_H

#include "engine/base/arena.h"
#include "scheduler/executor.h"

struct hk_task_lineage {
    const char *tracking_uri; /* NULL: this engine has no door; then there are no variables at all */
    const char *token;        /* NULL: nobody needs one */
    const char *run_context;
};

/* Whoever knows the doors tells it. Loop thread. */
struct hk_lineage_port {
    void *context;
    /* Texts in the arena, or constants. NULL: no task has a lineage. */
    void (*tell)(void *context, const struct hk_job *job, struct hk_arena *arena, struct hk_task_lineage *out);
};

/* Hands "NAME" and value to `add`, one by one, those that are there. */
void hk__lineage_variables(const struct hk_lineage_port *port, const struct hk_job *job,
                           void (*add)(void *arg, const char *name, const char *value), void *arg);

#endif
