/* The Python half of workers/local.h: what the supervisor and the parser call. */
#include "engine/base/json.h"
#include "workers/local_internal.h"

void hk_local_set_python(struct hk_local *local, const struct hk_local_python *python)
{
    local->python = *python;
    local->has_python = true;
}

static char *make_context(const struct hk_python_start *start)
{
    struct hk_buf out;
    hk_buf_init(&out, 64 * 1024);
    struct hk_json w;
    hk_json_init(&w, &out);
    hk_json_kv_text(&w, "ti_id", start->id);
    hk_json_kv_text(&w, "dag_id", start->dag_id);
    hk_json_kv_text(&w, "task_id", start->task_id);
    hk_json_kv_text(&w, "run_id", start->run_id);
    hk_json_kv_int(&w, "map_index", start->key.map_index);
    return hk_buf_take(&out);
}

void hk_local_python_start(struct hk_local *local, const struct hk_python_start *start,
                           const struct hk_python_session *session)
{
    bool is_parse = start->kind == HK_PYTHON_PARSE;
    struct local_job *job = local_job_add(local, &start->key, is_parse ? HK_SHIM_PARSE : HK_SHIM_TASK);
    job->session = *session;
    job->is_attached = true;
    job->timeout_us = start->timeout_us;
    struct hk_buf path;
    struct hk_buf packed;
    hk_buf_init(&path, 64 * 1024);
    hk_buf_init(&packed, 16 * 1024 * 1024);
    struct hk_shim_message m = {.type = HK_SHIM_START, .key = start->key};
    if (start->log_path != NULL) {
        hk_buf_printf(&path, "%s/%s", local->options.log_folder, start->log_path);
        job->log_context = make_context(start);
    }
    for (size_t i = 0; start->environment != NULL && start->environment[i] != NULL; i++) {
        hk_shim_texts_add(&m.start.environment, &packed, start->environment[i]);
    }
    m.start.kind = job->kind;
    m.start.inherits_environment = true;
    m.start.id = hk_str_from(start->id);
    m.start.file = hk_str_from(start->dag_file);
    m.start.log_path = hk_buf_str(&path);
    m.start.log_context = hk_str_from(job->log_context);
    m.start.timeout_us = start->timeout_us;
    m.start.slots = is_parse ? 0 : local->options.parallelism;
    local_send(local, &m);
    if (job->refusal == NULL) {
        hk_local_python_send(local, &start->key, start->first);
    }
    hk_buf_clear(&path);
    hk_buf_clear(&packed);
}

void hk_local_python_attach(struct hk_local *local, const struct hk_job_key *key,
                            const struct hk_python_session *session)
{
    struct local_job *job = local_job_find(local, key);
    if (job != NULL && job->kind != HK_SHIM_COMMAND) {
        job->session = *session;
        job->is_attached = true;
        local_deliver_late(local);
    }
}

static void send_as(struct hk_local *local, enum hk_shim_type type, const struct hk_job_key *key, struct hk_str payload)
{
    struct local_job *job = local_job_find(local, key);
    if (job != NULL && job->state == LOCAL_RUNNING) {
        HK_ASSERT(payload.len <= HK_MAX_FRAME_BYTES);
        local_tell(local, &(struct hk_shim_message){.type = type, .key = *key, .payload = payload});
    }
}

void hk_local_python_send(struct hk_local *local, const struct hk_job_key *key, struct hk_str payload)
{
    send_as(local, HK_SHIM_SEND, key, payload);
}

void hk_local_python_send_log(struct hk_local *local, const struct hk_job_key *key, struct hk_str payload)
{
    send_as(local, HK_SHIM_SEND_LOG, key, payload);
}

void hk_local_mask(struct hk_local *local, const struct hk_job_key *key, struct hk_str secret)
{
    if (local_job_find(local, key) != NULL) {
        local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_MASK, .key = *key, .payload = secret});
    }
}

void hk_local_log(struct hk_local *local, const struct hk_job_key *key, const char *level, const char *event)
{
    if (local_job_find(local, key) != NULL) {
        local_tell(local, &(struct hk_shim_message){
                              .type = HK_SHIM_LOG, .key = *key, .log = {hk_str_from(level), hk_str_from(event)}});
    }
}

const char *hk_local_python_refusal(struct hk_local *local, const struct hk_job_key *key)
{
    struct local_job *job = local_job_find(local, key);
    return job != NULL ? job->refusal : NULL;
}

void hk_local_forget(struct hk_local *local, const struct hk_job_key *key)
{
    struct local_job *job = local_job_find(local, key);
    if (job != NULL && job->kind == HK_SHIM_TASK && job->state == LOCAL_REPORTED) {
        local_job_forget(job);
    }
}
