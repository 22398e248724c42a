#include "api/cli/task_lineage.h"

#include "engine/base/clock.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/tracking/lineage.h"

/* A task that is stopped at its time is killed a little later, and may log its last words until then. */
enum { SECONDS_AFTER_TIMEOUT = 300 };

static int64_t valid_seconds(const struct hk_job *job)
{
    int64_t timeout_s = job->task->execution_timeout_us / HK_SECOND_US;
    return timeout_s > 0 ? timeout_s + SECONDS_AFTER_TIMEOUT : HK_TOKEN_SECONDS;
}

static const char *write_context(const struct hk_job *job, struct hk_arena *arena)
{
    struct hk_lineage lineage = {.dag_id = job->graph->dag_id,
                                 .run_id = job->run_id,
                                 .task_id = job->task->task_id,
                                 .dag_version = job->version_id,
                                 .bundle_name = job->graph->bundle_name,
                                 .try_number = job->shown_try,
                                 .map_index = job->key.map_index,
                                 .logical_us = job->logical_at_us};
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_CONF_BYTES);
    hk_lineage_write(&lineage, &text);
    const char *copy = hk_arena_str(arena, hk_buf_str(&text)).data;
    hk_buf_clear(&text);
    return copy;
}

void hk_cli_lineage_tell(void *context, const struct hk_job *job, struct hk_arena *arena, struct hk_task_lineage *out)
{
    const struct hk_cli_lineage *doors = context;
    char id[HK_JOB_ID_SIZE];
    struct hk_str token = {0};
    struct hk_error err;
    if (doors->auth == NULL || doors->url == NULL) {
        return;
    }
    hk_job_key_format(&job->key, id);
    const char *name = hk_arena_printf(arena, "%s.%s, run %s", job->graph->dag_id, job->task->task_id, job->run_id);
    const struct hk_token_grant grant = {.subject = hk_str_from(id),
                                         .name = hk_str_from(name),
                                         .scope = HK_STR(HK_SCOPE_MLFLOW),
                                         .audience = HK_STR(HK_AUDIENCE_TASK),
                                         .valid_seconds = valid_seconds(job)};
    if (!hk_auth_issue(doors->auth, &grant, arena, &token, &err)) {
        hk_log(HK_WARN, "engine", "a task has no way to the MLflow door", HK_KEY("why", err.message));
        return;
    }
    *out = (struct hk_task_lineage){doors->url, token.data, write_context(job, arena)};
}
