/* StartupDetails: what Airflow's scheduler and Execution API would tell the task. */
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/supervisor_internal.h"

static json_t *time_or_null(int64_t us)
{
    if (us == HK_TIME_NONE) {
        return json_null();
    }
    char text[HK_ISO_SIZE];
    hk_iso_z(us, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

const char *hk__relative_file(const struct hk_graph *graph)
{
    if (graph->relative_fileloc != NULL && graph->python_file == NULL) {
        return graph->relative_fileloc;
    }
    const char *file = hk_graph_python_file(graph);
    const char *slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

static const char *bundle_name(const struct hk_graph *graph)
{
    return graph->bundle_name != NULL ? graph->bundle_name : "dags-folder";
}

char *hk__bundle_environment(const struct hk_graph *graph)
{
    struct hk_str folder = hk_graph_python_folder(graph);
    json_t *list =
        json_pack("[{s:s,s:s,s:{s:s%}}]", "name", bundle_name(graph), "classpath",
                  "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs", "path", folder.data, folder.len);
    char *text = list != NULL ? hk_json_dump(list) : NULL;
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_CONF_BYTES);
    hk_buf_printf(&out, "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=%s", text != NULL ? text : "[]");
    free(text);
    json_decref(list);
    return hk_buf_take(&out);
}

static json_t *conf_of(const char *conf_json)
{
    struct hk_error err;
    json_t *conf = conf_json != NULL && *conf_json != '\0' ? hk_json_parse(hk_str_from(conf_json), &err) : NULL;
    return conf != NULL ? conf : json_object();
}

/* The events that an asset_triggered run was made for. */
static json_t *events_of(const char *events_json)
{
    struct hk_error err;
    json_t *events = events_json != NULL ? hk_json_parse(hk_str_from(events_json), &err) : NULL;
    return events != NULL ? events : json_array();
}

static json_t *make_run(const struct hk_job *job)
{
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:n,s:I,s:s,s:s,s:o,s:o,s:o,s:n,s:n,s:o,s:n}", "dag_id",
                     job->graph->dag_id, "run_id", job->run_id, "logical_date", time_or_null(job->logical_at_us),
                     "data_interval_start", time_or_null(job->interval_start_us), "data_interval_end",
                     time_or_null(job->interval_end_us), "run_after", time_or_null(job->run_after_us), "start_date",
                     time_or_null(job->run_start_us), "end_date", "clear_number", (json_int_t)job->clear_number,
                     "run_type", job->run_type, "state", job->run_state, "conf", conf_of(job->conf_json),
                     "triggering_user_name", text_or_null(job->triggering_user), "consumed_asset_events",
                     events_of(job->asset_events_json), "partition_key", "partition_date", "note",
                     text_or_null(job->note), "team_name");
}

void hk__startup_message(const struct hk_job *job, int64_t started_at_us, struct hk_buf *out)
{
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&job->key, id);
    bool is_again = job->first_start_us != HK_TIME_NONE;
    json_t *ti = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:i,s:s}", "id", id, "task_id", job->task->task_id, "dag_id",
                           job->graph->dag_id, "run_id", job->run_id, "try_number", (json_int_t)job->shown_try,
                           "dag_version_id", job->version_id, "map_index", (int)job->key.map_index, "queue",
                           job->task->queue != NULL ? job->task->queue : "default");
    /* The SDK reschedules a task whose DAG it cannot find up to three times, counting with task_reschedule_count; the
     * job only knows whether it was rescheduled at all, so one time has to do. */
    json_t *context = json_pack("{s:o,s:I,s:b,s:i}", "dag_run", make_run(job), "max_tries", (json_int_t)job->max_tries,
                                "should_retry", job->should_retry, "task_reschedule_count", is_again ? 3 : 0);
    json_t *body = json_pack(
        "{s:s,s:o,s:s,s:{s:s,s:n},s:o,s:o,s:s}", "type", "StartupDetails", "ti", ti, "dag_rel_path",
        hk__relative_file(job->graph), "bundle_info", "name", bundle_name(job->graph), "version", "start_date",
        time_or_null(is_again ? job->first_start_us : started_at_us), "ti_context", context, "sentry_integration", "");
    hk_sdk_message_encode(0, body, NULL, out);
    json_decref(body);
}
