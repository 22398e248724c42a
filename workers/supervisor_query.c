/* Requests that the engine's services answer. Each has a function that asks and one that shapes the answer as the SDK's
 * own supervisor does (airflow/sdk/execution_time/request_handlers.py, airflow/sdk/api/client.py). */
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/supervisor_internal.h"

static struct hk_str field(const struct hk__request *request, const char *key)
{
    const json_t *value = json_object_get(request->body, key);
    return json_is_string(value) ? (struct hk_str){json_string_value(value), json_string_length(value)}
                                 : (struct hk_str){NULL, 0};
}

static struct hk_xcom_ref xcom_ref(const struct hk__request *request)
{
    int64_t map_index = hk_json_get_int(request->body, "map_index", -1);
    bool is_index = map_index >= -1 && map_index <= INT32_MAX;
    return (struct hk_xcom_ref){field(request, "dag_id"), field(request, "run_id"), field(request, "task_id"),
                                field(request, "key"), is_index ? (int32_t)map_index : -1};
}

static const struct hk_task_services *services(const struct hk__request *request)
{
    return &request->session->supervisor->options.services;
}

/* The service's JSON, or an error in the task. */
static json_t *parsed(struct hk__request *request, struct hk_str json)
{
    struct hk_error err;
    json_t *value = hk_json_parse(json, &err);
    if (value == NULL) {
        hk__request_failed(request, &err);
    }
    return value;
}

/* Answers with the service's object and a "type". */
static void answer_object(struct hk__request *request, struct hk_str json, const struct hk_error *err, const char *type)
{
    if (err != NULL) {
        hk__request_failed(request, err);
        return;
    }
    json_t *value = parsed(request, json);
    if (value == NULL) {
        return;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        hk__request_error(request, "GENERIC_ERROR", "hanok's answer is not an object.");
        return;
    }
    json_object_set_new(value, "type", json_string(type));
    hk__request_answer(request, value);
}

static void done_nothing(void *arg, struct hk_str unused, const struct hk_error *err)
{
    struct hk__request *request = arg;
    (void)unused;
    if (err != NULL) {
        hk__request_failed(request, err);
    } else {
        hk__request_ok(request);
    }
}

static void done_xcom(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    json_t *value = NULL;
    if (err != NULL && err->code != HK_NOT_FOUND) {
        hk__request_failed(request, err);
        return;
    }
    if (err == NULL) {
        value = parsed(request, json);
        if (value == NULL) {
            return;
        }
    }
    /* An XCom that is not there is None, as in Airflow. */
    hk__request_answer(request,
                       json_pack("{s:s,s:O,s:o}", "type", "XComResult", "key", json_object_get(request->body, "key"),
                                 "value", value != NULL ? value : json_null()));
}

void hk__request_xcom(struct hk__request *request)
{
    struct hk_xcom_ref ref = xcom_ref(request);
    bool with_prior = hk_json_get_bool(request->body, "include_prior_dates", false);
    services(request)->xcom_get(services(request)->context, &ref, with_prior, done_xcom, request);
}

void hk__request_xcom_set(struct hk__request *request)
{
    struct hk_xcom_ref ref = xcom_ref(request);
    const json_t *value = json_object_get(request->body, "value");
    char *text = hk_json_dump(value != NULL ? value : json_null());
    struct hk_str json = hk_str_from(text);
    if (json.len > HK_MAX_XCOM_BYTES) {
        char sentence[160];
        snprintf(sentence, sizeof sentence,
                 "The XCom has %zu bytes; at most %d are kept. Pass large data by reference.", json.len,
                 HK_MAX_XCOM_BYTES);
        free(text);
        hk__request_error(request, "GENERIC_ERROR", sentence);
        return;
    }
    services(request)->xcom_set(services(request)->context, &ref, json, done_nothing, request);
    free(text);
}

void hk__request_xcom_delete(struct hk__request *request)
{
    struct hk_xcom_ref ref = xcom_ref(request);
    services(request)->xcom_delete(services(request)->context, &ref, done_nothing, request);
}

/* Python's list[start:stop:step] for one bound: negative counts from the end, what is outside is pulled in. */
static int64_t slice_bound(const json_t *body, const char *key, int64_t fallback, int64_t len, bool is_backwards)
{
    const json_t *value = json_object_get(body, key);
    if (!json_is_integer(value)) {
        return fallback;
    }
    int64_t bound = json_integer_value(value);
    if (bound < 0) {
        bound = bound < -len ? -1 : bound + len;
        return bound < 0 ? (is_backwards ? -1 : 0) : bound;
    }
    return bound >= len ? (is_backwards ? len - 1 : len) : bound;
}

static json_t *slice_of(const json_t *list, const json_t *body)
{
    int64_t len = (int64_t)json_array_size(list);
    int64_t step = hk_json_get_int(body, "step", 1);
    json_t *out = json_array();
    if (step == 0 || len == 0) {
        return out;
    }
    bool is_backwards = step < 0;
    int64_t at = slice_bound(body, "start", is_backwards ? len - 1 : 0, len, is_backwards);
    int64_t stop = slice_bound(body, "stop", is_backwards ? -1 : len, len, is_backwards);
    if (step > len || step < -len) {
        step = is_backwards ? -len : len; /* only the first item is left, and no sum overflows */
    }
    for (; is_backwards ? at > stop : at < stop; at += step) {
        json_array_append(out, json_array_get(list, (size_t)at));
    }
    return out;
}

static void answer_item(struct hk__request *request, const json_t *list)
{
    int64_t len = (int64_t)json_array_size(list);
    int64_t offset = hk_json_get_int(request->body, "offset", 0);
    int64_t at = offset < 0 ? offset + len : offset;
    if (at < 0 || at >= len) {
        json_t *detail = json_copy(request->body);
        json_object_del(detail, "type");
        hk__request_absent(request, "XCOM_NOT_FOUND", detail);
        return;
    }
    hk__request_answer(
        request, json_pack("{s:s,s:O}", "type", "XComSequenceIndexResult", "root", json_array_get(list, (size_t)at)));
}

static void done_items(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (err != NULL && err->code != HK_NOT_FOUND) {
        hk__request_failed(request, err);
        return;
    }
    json_t *list = err == NULL ? parsed(request, json) : json_array();
    if (list == NULL) {
        return;
    }
    if (strcmp(request->type, "GetXComCount") == 0) {
        hk__request_answer(
            request, json_pack("{s:s,s:I}", "type", "XComCountResponse", "len", (json_int_t)json_array_size(list)));
    } else if (strcmp(request->type, "GetXComSequenceItem") == 0) {
        answer_item(request, list);
    } else {
        hk__request_answer(
            request, json_pack("{s:s,s:o}", "type", "XComSequenceSliceResult", "root", slice_of(list, request->body)));
    }
    json_decref(list);
}

void hk__request_xcom_items(struct hk__request *request)
{
    struct hk_xcom_ref ref = xcom_ref(request);
    bool with_prior = hk_json_get_bool(request->body, "include_prior_dates", false);
    services(request)->xcom_list(services(request)->context, &ref, with_prior, done_items, request);
}

static void done_variable(void *arg, struct hk_str value, const struct hk_error *err)
{
    struct hk__request *request = arg;
    json_t *key = json_object_get(request->body, "key");
    if (err != NULL && err->code == HK_NOT_FOUND) {
        hk__request_absent(request, "VARIABLE_NOT_FOUND", json_pack("{s:O}", "key", key));
    } else if (err != NULL) {
        hk__request_failed(request, err);
    } else {
        hk__request_answer(request, json_pack("{s:s,s:O,s:s%}", "type", "VariableResult", "key", key, "value",
                                              value.data != NULL ? value.data : "", value.len));
    }
}

void hk__request_variable(struct hk__request *request)
{
    services(request)->variable_get(services(request)->context, field(request, "key"), done_variable, request);
}

void hk__request_variable_set(struct hk__request *request)
{
    services(request)->variable_set(services(request)->context, field(request, "key"), field(request, "value"),
                                    field(request, "description"), done_nothing, request);
}

void hk__request_variable_delete(struct hk__request *request)
{
    services(request)->variable_delete(services(request)->context, field(request, "key"), done_nothing, request);
}

static void done_keys(void *arg, struct hk_str json, const struct hk_error *err)
{
    answer_object(arg, json, err, "VariableKeysResult");
}

void hk__request_variable_keys(struct hk__request *request)
{
    services(request)->variable_keys(services(request)->context, field(request, "prefix"),
                                     hk_json_get_int(request->body, "limit", 1000),
                                     hk_json_get_int(request->body, "offset", 0), done_keys, request);
}

static void done_connection(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (err != NULL && err->code == HK_NOT_FOUND) {
        hk__request_absent(request, "CONNECTION_NOT_FOUND",
                           json_pack("{s:O}", "conn_id", json_object_get(request->body, "conn_id")));
        return;
    }
    answer_object(request, json, err, "ConnectionResult");
}

void hk__request_connection(struct hk__request *request)
{
    services(request)->connection_get(services(request)->context, field(request, "conn_id"), done_connection, request);
}

static void done_run(void *arg, struct hk_str json, const struct hk_error *err)
{
    answer_object(arg, json, err, "DagRunResult");
}

void hk__request_run(struct hk__request *request)
{
    services(request)->run_get(services(request)->context, field(request, "dag_id"), field(request, "run_id"), done_run,
                               request);
}

static void done_run_state(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    json_t *run = err == NULL ? parsed(request, json) : NULL;
    if (err != NULL) {
        hk__request_failed(request, err);
    } else if (run != NULL) {
        const char *state = hk_json_get_text(run, "state", "queued");
        hk__request_answer(request, json_pack("{s:s,s:s}", "type", "DagRunStateResult", "state", state));
        json_decref(run);
    }
}

void hk__request_run_state(struct hk__request *request)
{
    services(request)->run_get(services(request)->context, field(request, "dag_id"), field(request, "run_id"),
                               done_run_state, request);
}

static void done_previous_run(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (err != NULL && err->code != HK_NOT_FOUND) {
        hk__request_failed(request, err);
        return;
    }
    json_t *run = err == NULL ? parsed(request, json) : json_null();
    if (run != NULL) {
        hk__request_answer(request, json_pack("{s:s,s:o}", "type", "PreviousDagRunResult", "dag_run", run));
    }
}

void hk__request_previous_run(struct hk__request *request)
{
    int64_t logical_at_us = 0;
    bool has_zone;
    if (!hk_iso_parse(field(request, "logical_date"), &logical_at_us, &has_zone)) {
        hk__request_error(request, "GENERIC_ERROR", "GetPreviousDagRun needs a logical_date.");
        return;
    }
    services(request)->run_previous(services(request)->context, field(request, "dag_id"), logical_at_us,
                                    field(request, "state"), done_previous_run, request);
}

static void done_previous_success(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    static const char *const kept[] = {"data_interval_start", "data_interval_end", "start_date", "end_date"};
    if (err != NULL && err->code != HK_NOT_FOUND) {
        hk__request_failed(request, err);
        return;
    }
    json_t *run = err == NULL ? parsed(request, json) : json_object();
    if (run == NULL) {
        return;
    }
    json_t *body = json_pack("{s:s}", "type", "PrevSuccessfulDagRunResult");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_t *value = json_object_get(run, kept[i]);
        json_object_set(body, kept[i], value != NULL ? value : json_null());
    }
    json_decref(run);
    hk__request_answer(request, body);
}

void hk__request_previous_success(struct hk__request *request)
{
    const struct hk__session *session = request->session;
    if (session->logical_at_us == HK_TIME_NONE) { /* such a run comes after none, as in Airflow */
        hk__request_answer(request, json_pack("{s:s}", "type", "PrevSuccessfulDagRunResult"));
        return;
    }
    services(request)->run_previous(services(request)->context, hk_str_from(session->graph->dag_id),
                                    session->logical_at_us, HK_STR("success"), done_previous_success, request);
}

static void done_filtered(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (strcmp(request->type, "GetTaskStates") != 0) {
        answer_object(request, json, err, strcmp(request->type, "GetDRCount") == 0 ? "DRCount" : "TICount");
        return;
    }
    json_t *states = err == NULL ? parsed(request, json) : NULL;
    if (err != NULL) {
        hk__request_failed(request, err);
    } else if (states != NULL) {
        hk__request_answer(request, json_pack("{s:s,s:o}", "type", "TaskStatesResult", "task_states", states));
    }
}

void hk__request_filtered(struct hk__request *request)
{
    const struct hk_task_services *s = services(request);
    char *filters = hk_json_dump(request->body);
    if (strcmp(request->type, "GetDRCount") == 0) {
        s->run_count(s->context, hk_str_from(filters), done_filtered, request);
    } else if (strcmp(request->type, "GetTICount") == 0) {
        s->task_count(s->context, hk_str_from(filters), done_filtered, request);
    } else {
        s->task_states(s->context, hk_str_from(filters), done_filtered, request);
    }
    free(filters);
}

void hk__request_rendered(struct hk__request *request)
{
    const json_t *fields = json_object_get(request->body, "rendered_fields");
    char *text = hk_json_dump(fields != NULL ? fields : json_null());
    services(request)->rendered_set(services(request)->context, &request->session->key, hk_str_from(text), done_nothing,
                                    request);
    free(text);
}

static void not_yet(struct hk__request *request)
{
    char sentence[128];
    snprintf(sentence, sizeof sentence, "This hanok cannot answer %s yet.", request->type);
    hk__request_error(request, "GENERIC_ERROR", sentence);
}

static void done_breadcrumbs(void *arg, struct hk_str json, const struct hk_error *err)
{
    answer_object(arg, json, err, "TaskBreadcrumbsResult");
}

void hk__request_breadcrumbs(struct hk__request *request)
{
    const struct hk_task_services *s = services(request);
    if (s->breadcrumbs == NULL) {
        not_yet(request);
        return;
    }
    s->breadcrumbs(s->context, field(request, "dag_id"), field(request, "run_id"), done_breadcrumbs, request);
}

static void done_previous_task(void *arg, struct hk_str json, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (err != NULL && err->code != HK_NOT_FOUND) {
        hk__request_failed(request, err);
        return;
    }
    json_t *task = err == NULL ? parsed(request, json) : json_null();
    if (task != NULL) {
        hk__request_answer(request, json_pack("{s:s,s:o}", "type", "PreviousTIResult", "task_instance", task));
    }
}

void hk__request_previous_task(struct hk__request *request)
{
    const struct hk_task_services *s = services(request);
    if (s->task_previous == NULL) {
        not_yet(request);
        return;
    }
    char *filters = hk_json_dump(request->body);
    s->task_previous(s->context, hk_str_from(filters), done_previous_task, request);
    free(filters);
}

static void done_dag(void *arg, struct hk_str json, const struct hk_error *err)
{
    answer_object(arg, json, err, "DagResult");
}

void hk__request_dag(struct hk__request *request)
{
    const struct hk_task_services *s = services(request);
    if (s->dag_get == NULL) {
        not_yet(request);
        return;
    }
    s->dag_get(s->context, field(request, "dag_id"), done_dag, request);
}
