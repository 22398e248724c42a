#include "api/cli/dag_callback.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "scheduler/executor.h"

/* The task the context is about: the last that succeeded, that failed, that the timeout ended; of a deadlock one that
 * waits for a task which has ended. */
static bool is_about(const struct hk_run *run, const struct hk_ti *ti, const char *reason)
{
    if (strcmp(reason, "all_tasks_deadlocked") == 0) {
        const struct hk_finished *up = &ti->upstream;
        bool waits = up->success + up->skipped + up->failed + up->upstream_failed + up->removed > 0;
        return !hk_task_state_is_finished(ti->state) && waits;
    }
    if (strcmp(reason, "timed_out") == 0) {
        return ti->state == HK_TASK_SKIPPED && ti->end_us >= run->end_us;
    }
    return ti->state == (strcmp(reason, "success") == 0 ? HK_TASK_SUCCESS : HK_TASK_FAILED);
}

static int64_t pick_task(const struct hk_run *run, const char *reason)
{
    int64_t best = -1;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        const struct hk_ti *ti = &run->tasks[t];
        if (is_about(run, ti, reason) && (best < 0 || ti->end_us > run->tasks[best].end_us)) {
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

static void write_request(struct hk_json *w, const struct hk_run *run, const char *reason)
{
    const struct hk_graph *graph = run->graph;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "type", "DagCallbackRequest");
    hk_json_kv_text(w, "filepath", graph->relative_fileloc);
    hk_json_kv_text(w, "bundle_name", graph->bundle_name);
    hk_json_kv_null(w, "bundle_version");
    hk_json_kv_text(w, "msg", reason);
    hk_json_kv_text(w, "dag_id", graph->dag_id);
    hk_json_kv_text(w, "run_id", run->run_id);
    hk_json_kv_bool(w, "is_failure_callback", run->state == HK_RUN_FAILED);
    hk_json_key(w, "context_from_server");
    hk_json_begin_object(w);
    write_run(w, run);
    int64_t task = run->tasks != NULL ? pick_task(run, reason) : -1;
    if (task >= 0) {
        write_task(w, run, (uint32_t)task);
    } else {
        hk_json_kv_null(w, "last_ti");
    }
    hk_json_end_object(w);
    hk_json_end_object(w);
}

char *hk_dag_callback_request(const struct hk_run *run, const char *reason)
{
    const struct hk_graph *graph = run->graph;
    bool has_callback = run->state == HK_RUN_FAILED ? graph->has_failure_callback : graph->has_success_callback;
    if (!has_callback) {
        return NULL;
    }
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_CONF_BYTES * 2);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "file", hk_graph_python_file(graph));
    hk_json_kv_str(&w, "folder", hk_graph_python_folder(graph));
    hk_json_key(&w, "request");
    write_request(&w, run, reason);
    hk_json_end_object(&w);
    return hk_buf_take(&text);
}

/* ---- calling ---- */

struct call {
    struct hk_dag_callbacks *callbacks;
    int64_t run_key;
    int64_t ended_us;
    char *dag_id;
};

static bool delete_row(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct call *call = arg;
    return hk_store_callback_done(db, call->run_key, call->ended_us, err);
}

static void close_call(struct call *call)
{
    struct hk_dag_callbacks *callbacks = call->callbacks;
    free(call->dag_id);
    free(call);
    if (--callbacks->open == 0 && callbacks->became_idle != NULL) {
        callbacks->became_idle(callbacks->context);
    }
}

static void deleted(void *arg, const struct hk_error *err)
{
    struct call *call = arg;
    if (err != NULL) {
        hk_log(HK_WARN, "callback", "a callback will be called again after a restart", HK_KEY("dag", call->dag_id),
               HK_KEY("why", err->message));
    }
    close_call(call);
}

static void called(void *arg, json_t *document, const struct hk_error *err)
{
    struct call *call = arg;
    (void)document;
    if (err != NULL && call->callbacks->is_ending) {
        close_call(call);
        return;
    }
    if (err != NULL) {
        hk_log(HK_WARN, "callback", "the callback of a dag did not end well", HK_KEY("dag", call->dag_id),
               HK_KEY("why", err->message));
    }
    struct hk_write write = {delete_row, deleted, call, false};
    hk_store_submit(call->callbacks->store, &write);
}

void hk_dag_callback_call(struct hk_dag_callbacks *callbacks, const struct hk_callback_row *owed)
{
    struct hk_error err;
    json_t *saved = hk_json_parse(hk_str_from(owed->request_json), &err);
    json_t *request = json_object_get(saved, "request");
    if (request == NULL) {
        hk_log(HK_ERROR, "callback", "an owed callback cannot be read", HK_KEY_INT("run_key", owed->run_key));
        json_decref(saved);
        return;
    }
    struct call *call = hk_alloc(sizeof *call);
    *call = (struct call){callbacks, owed->run_key, owed->ended_us, hk_strdup(hk_json_get_text(request, "dag_id", ""))};
    callbacks->open++;
    char *text = hk_json_dump(request);
    struct hk_parser_file file = {.path = hk_json_get_text(saved, "file", ""),
                                  .bundle_path = hk_json_get_text(saved, "folder", ""),
                                  .bundle_name = hk_json_get_text(request, "bundle_name", ""),
                                  .callback_json = text};
    hk_parser_parse(callbacks->parser, &file, called, call);
    free(text);
    json_decref(saved);
}

static void call_again(void *arg, const struct hk_callback_row *row)
{
    hk_dag_callback_call(arg, row);
}

bool hk_dag_callback_resume(struct hk_dag_callbacks *callbacks, struct hk_error *err)
{
    struct hk_db *db = NULL;
    if (!hk_store_reader_take(callbacks->store, &db, err)) {
        return false;
    }
    bool ok = hk_store_callbacks_owed(db, call_again, callbacks, err);
    hk_store_reader_give(callbacks->store, db);
    return ok;
}
