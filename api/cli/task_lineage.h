/* Lets tasks in at the MLflow door: what workers/task_lineage.h asks for, told by the engine of one home. */
#ifndef HK_CLI_TASK_LINEAGE_H
#define HK_CLI_TASK_LINEAGE_H

#include "api/http/auth.h"
#include "workers/task_lineage.h"

struct hk_cli_lineage {
    struct hk_auth *auth; /* NULL: there are no doors (yet); the same goes for url */
    const char *url;      /* borrowed */
};

/* The port's function; context is a struct hk_cli_lineage. Loop thread. */
void hk_cli_lineage_tell(void *context, const struct hk_job *job, struct hk_arena *arena, struct hk_task_lineage *out);

#endif
