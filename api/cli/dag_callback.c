#include "api/cli/dag_callback.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "scheduler/executor.h"

/* The task the context is about: the last that failed, or the last that ended. */
static int64_t pick_task(const struct hk_run *run)
{
    bool failed = run->state == HK_RUN_FAILED;
    int64_t best = -1;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        const struct hk_ti *ti = &run->tasks[t];
        bool is_candidate = ti->end_us != HK_TIME_NONE && (!failed || ti->state == HK_TASK_FAILED);
        if (is_candidate && (best < 0 || ti->end_us >= run->tasks[best].end_us)) {
            best = t;
        }
    }
    return best;
}

static void write_run(struct hk_json *w, const struct hk_run *run)
{
    hk_json_key(w, "dag_run");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "dag_id", run->dag->dag_id);
    hk_json_kv_text(w, "run_id", run->run_id);
    hk_json_kv_time(w, "logical_date", run->logical_us);
    hk_json_kv_time(w, "data_interval_start", run->interval_start_us);
    hk_json_kv_time(w, "data_interval_end", run->interval_end_us);
    hk_json_kv_time(w, "run_after", run->run_after_us);
    hk_json_kv_time(w, "start_date", run->start_us);
    hk_json_kv_time(w, "end_date", run->end_us);
    hk_json_kv_int(w, "clear_number", run->clear_number);
    hk_json_kv_text(w, "run_type", run->run_type);
    hk_json_kv_text(w, "state", hk_run_state_name(run->state));
    hk_json_kv_raw(w, "conf", hk_str_from(run->conf_json));
    hk_json_kv_text(w, "triggering_user_name", run->triggering_user);
    hk_json_kv_raw(w, "consumed_asset_events", HK_STR("[]"));
    hk_json_kv_null(w, "partition_key");
    hk_json_kv_null(w, "partition_date");
    hk_json_kv_text(w, "note", run->note);
    hk_json_kv_null(w, "team_name");
    hk_json_end_object(w);
}

static void write_task(struct hk_json *w, const struct hk_run *run, uint32_t t)
{
    const struct hk_ti *ti = &run->tasks[t];
    const struct hk_task *task = &run->graph->tasks[t];
    struct hk_job_key key = {run->run_key, t, -1, ti->starts};
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&key, id);
    hk_json_key(w, "last_ti");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "id", id);
    hk_json_kv_text(w, "task_id", task->task_id);
    hk_json_kv_text(w, "dag_id", run->dag->dag_id);
    hk_json_kv_text(w, "run_id", run->run_id);
    hk_json_kv_int(w, "try_number", ti->try_number);
    hk_json_kv_text(w, "dag_version_id", run->version_id);
    hk_json_kv_int(w, "map_index", -1);
    hk_json_kv_text(w, "queue", task->queue);
    hk_json_end_object(w);
}

static char *make_request(const struct hk_run *run, const char *path, const char *bundle_name)
{
    bool failed = run->state == HK_RUN_FAILED;
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_CONF_BYTES * 2);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "type", "DagCallbackRequest");
    hk_json_kv_text(&w, "filepath", path);
    hk_json_kv_text(&w, "bundle_name", bundle_name);
    hk_json_kv_null(&w, "bundle_version");
    hk_json_kv_text(&w, "msg", failed ? "task_failure" : "success");
    hk_json_kv_text(&w, "dag_id", run->dag->dag_id);
    hk_json_kv_text(&w, "run_id", run->run_id);
    hk_json_kv_bool(&w, "is_failure_callback", failed);
    hk_json_key(&w, "context_from_server");
    hk_json_begin_object(&w);
    write_run(&w, run);
    int64_t task = run->tasks != NULL ? pick_task(run) : -1;
    if (task >= 0) {
        write_task(&w, run, (uint32_t)task);
    } else {
        hk_json_kv_null(&w, "last_ti");
    }
    hk_json_end_object(&w);
    hk_json_end_object(&w);
    return hk_buf_take(&text);
}

static void called(void *arg, json_t *document, const struct hk_error *err)
{
    char *dag_id = arg;
    (void)document;
    if (err != NULL) {
        hk_log(HK_WARN, "callback", "the callback of a dag did not end well", HK_KEY("dag", dag_id),
               HK_KEY("why", err->message));
    }
    free(dag_id);
}

void hk_dag_callback_run(struct hk_parser *parser, const struct hk_run *run)
{
    const struct hk_graph *graph = run->graph;
    bool is_wanted = (run->state == HK_RUN_SUCCESS && graph->has_success_callback) ||
                     (run->state == HK_RUN_FAILED && graph->has_failure_callback);
    if (!is_wanted || parser == NULL) {
        return;
    }
    const char *path = graph->fileloc;
    size_t len = strlen(path);
    size_t relative_len = strlen(graph->relative_fileloc);
    size_t folder_len = len > relative_len ? len - relative_len - 1 : 0;
    char *folder = hk_strndup(path, folder_len);
    char *request = make_request(run, graph->relative_fileloc, graph->bundle_name);
    struct hk_parser_file file = {
        .path = path, .bundle_path = folder, .bundle_name = graph->bundle_name, .callback_json = request};
    hk_parser_parse(parser, &file, called, hk_strdup(run->dag->dag_id));
    free(request);
    free(folder);
}
