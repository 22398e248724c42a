/* The table of requests, and the shapes of answers. */
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/supervisor_internal.h"

struct handler {
    const char *type;
    void (*handle)(struct hk__request *request);
    const char *missing; /* refused: what is missing, as the subject of a sentence */
    bool is_for_parsing; /* top-level code of a DAG file may ask it, too (ToManager in Airflow) */
};

static const char task_store[] = "The task state store";
static const char asset_store[] = "The asset state store";
static const char assets[] = "Reading assets and their events";
static const char people[] = "Human-in-the-loop input";

static void log_socket(struct hk__request *request);

/* All of ToSupervisor (airflow/sdk/execution_time/comms.py of task SDK 1.3), in its order. */
static const struct handler handlers[] = {
    {"AwaitInputTask", hk__request_refused_final, people, false},
    {"ClearAssetStateStoreByName", NULL, asset_store, false},
    {"ClearAssetStateStoreByUri", NULL, asset_store, false},
    {"ClearTaskStateStore", NULL, task_store, false},
    {"DeferTask", hk__request_refused_final, "Deferring a task to the triggerer (deferrable operators)", false},
    {"DeleteAssetStateStoreByName", NULL, asset_store, false},
    {"DeleteAssetStateStoreByUri", NULL, asset_store, false},
    {"DeleteTaskStateStore", NULL, task_store, false},
    {"DeleteXCom", hk__request_xcom_delete, NULL, false},
    {"GetAssetByName", NULL, assets, false},
    {"GetAssetByUri", NULL, assets, false},
    {"GetAssetsByAlias", NULL, assets, false},
    {"GetAssetEventByAsset", NULL, assets, false},
    {"GetAssetEventByAssetAlias", NULL, assets, false},
    {"GetAssetStateStoreByName", NULL, asset_store, false},
    {"GetAssetStateStoreByUri", NULL, asset_store, false},
    {"GetConnection", hk__request_connection, NULL, true},
    {"GetDagRun", hk__request_run, NULL, false},
    {"GetDagRunState", hk__request_run_state, NULL, false},
    {"GetDRCount", hk__request_filtered, NULL, false},
    {"GetDag", hk__request_dag, NULL, false},
    {"GetPrevSuccessfulDagRun", hk__request_previous_success, NULL, false},
    {"GetPreviousDagRun", hk__request_previous_run, NULL, true},
    {"GetPreviousTI", hk__request_previous_task, NULL, true},
    {"GetTaskRescheduleStartDate", hk__request_reschedule_start, NULL, false},
    {"GetTaskStateStore", NULL, task_store, false},
    {"GetTICount", hk__request_filtered, NULL, true},
    {"GetTaskBreadcrumbs", hk__request_breadcrumbs, NULL, false},
    {"GetTaskStates", hk__request_filtered, NULL, true},
    {"GetVariable", hk__request_variable, NULL, true},
    {"GetVariableKeys", hk__request_variable_keys, NULL, true},
    {"GetXCom", hk__request_xcom, NULL, true},
    {"GetXComCount", hk__request_xcom_items, NULL, true},
    {"GetXComSequenceItem", hk__request_xcom_items, NULL, true},
    {"GetXComSequenceSlice", hk__request_xcom_items, NULL, true},
    {"PutVariable", hk__request_variable_set, NULL, true},
    {"RescheduleTask", hk__request_final, NULL, false},
    {"RetryTask", hk__request_final, NULL, false},
    {"SetAssetStateStoreByName", NULL, asset_store, false},
    {"SetAssetStateStoreByUri", NULL, asset_store, false},
    {"SetRenderedFields", hk__request_rendered, NULL, false},
    {"SetRenderedMapIndex", hk__request_map_label, NULL, false},
    {"SetTaskStateStore", NULL, task_store, false},
    {"SetXCom", hk__request_xcom_set, NULL, false},
    {"SkipDownstreamTasks", hk__request_skip, NULL, false},
    {"SucceedTask", hk__request_final, NULL, false},
    {"ValidateInletsAndOutlets", hk__request_inlets, NULL, false},
    {"TaskState", hk__request_final, NULL, false},
    {"TriggerDagRun", hk__request_trigger, NULL, false},
    {"DeleteVariable", hk__request_variable_delete, NULL, true},
    {"ResendLoggingFD", log_socket, NULL, false},
    {"CreateHITLDetailPayload", NULL, people, false},
    {"UpdateHITLDetail", NULL, people, false},
    {"GetHITLDetailResponse", NULL, people, false},
    {"MaskSecret", hk__request_mask, NULL, true},
};

void hk__session_reply(struct hk__session *session, int64_t id, const json_t *body, const json_t *error)
{
    if (session->is_ended) {
        return;
    }
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_FRAME_BYTES);
    hk_sdk_message_encode(id, body, error, &out);
    if (out.is_full) {
        hk_buf_reset(&out);
        json_t *too_long =
            json_pack("{s:s,s:s,s:{s:s}}", "type", "ErrorResponse", "error", "GENERIC_ERROR", "detail", "message",
                      "The answer is larger than hanok's limit for one message (HK_MAX_FRAME_BYTES).");
        out.is_full = false;
        hk_sdk_message_encode(id, NULL, too_long, &out);
        json_decref(too_long);
    }
    const struct hk_python_port *port = &session->supervisor->options.port;
    port->send(port->context, &session->key, hk_buf_str(&out));
    hk_buf_clear(&out);
}

static void request_free(struct hk__request *request);

/* For a process that the task has started, which shares its socket: a virtualenv operator's Python that has Airflow, or
 * the task itself behind sudo. The number is the process's own business; the SDK writes what it has received there. */
static void log_socket(struct hk__request *request)
{
    struct hk__session *session = request->session;
    const struct hk_python_port *port = &session->supervisor->options.port;
    json_t *body = json_pack("{s:s,s:[i]}", "type", "SentFDs", "fds", 0);
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_FRAME_BYTES);
    hk_sdk_message_encode(request->id, body, NULL, &out);
    if (!session->is_ended) {
        port->send_log(port->context, &session->key, hk_buf_str(&out));
    }
    hk_buf_clear(&out);
    json_decref(body);
    request_free(request);
}

static void request_free(struct hk__request *request)
{
    struct hk__session *session = request->session;
    json_decref(request->body);
    free(request);
    hk__session_release(session);
}

void hk__request_answer(struct hk__request *request, json_t *body)
{
    hk__session_reply(request->session, request->id, body, NULL);
    json_decref(body);
    request_free(request);
}

void hk__request_error(struct hk__request *request, const char *error_type, const char *sentence)
{
    json_t *error =
        json_pack("{s:s,s:s,s:{s:s}}", "type", "ErrorResponse", "error", error_type, "detail", "message", sentence);
    hk__session_reply(request->session, request->id, NULL, error);
    json_decref(error);
    request_free(request);
}

void hk__request_absent(struct hk__request *request, const char *error_type, json_t *detail)
{
    hk__request_answer(request,
                       json_pack("{s:s,s:s,s:o}", "type", "ErrorResponse", "error", error_type, "detail", detail));
}

void hk__request_failed(struct hk__request *request, const struct hk_error *err)
{
    hk__request_error(request, err->code == HK_DENIED ? "PERMISSION_DENIED" : "API_SERVER_ERROR", err->message);
}

void hk__request_ok(struct hk__request *request)
{
    hk__request_answer(request, json_pack("{s:s,s:b}", "type", "OKResponse", "ok", 1));
}

void hk__request_reschedule_start(struct hk__request *request)
{
    int64_t at_us = request->session->start_at_us;
    char text[HK_ISO_SIZE];
    if (at_us != HK_TIME_NONE) {
        hk_iso_z(at_us, text);
    }
    json_t *start = at_us != HK_TIME_NONE ? json_string(text) : json_null();
    hk__request_answer(request, json_pack("{s:s,s:o}", "type", "TaskRescheduleStartDate", "start_date", start));
}

/* An asset is inactive when another DAG's definition of it conflicts; hanok keeps no asset that could. */
void hk__request_inlets(struct hk__request *request)
{
    hk__request_answer(request, json_pack("{s:s,s:[]}", "type", "InactiveAssetsResult", "inactive_assets"));
}

void hk__request_map_label(struct hk__request *request)
{
    struct hk__session *session = request->session;
    free(session->rendered_map_index);
    session->rendered_map_index = hk_strdup(hk_json_get_text(request->body, "rendered_map_index", NULL));
    hk__request_ok(request);
}

static void refuse(struct hk__request *request, const char *missing)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s is not supported by this version of hanok (the task asked for %s).",
             missing, request->type);
    const struct hk_python_port *port = &request->session->supervisor->options.port;
    port->log(port->context, &request->session->key, "error", sentence);
    hk__request_error(request, "GENERIC_ERROR", sentence);
}

void hk__request_handle(struct hk__session *session, int64_t id, json_t *body)
{
    struct hk__request *request = hk_alloc(sizeof *request);
    session->holds++;
    *request = (struct hk__request){session, id, body, hk_json_get_text(body, "type", "")};
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(handlers[i].type, request->type) != 0) {
            continue;
        }
        if (session->is_parse && !handlers[i].is_for_parsing) {
            refuse(request, "Asking this while a DAG file is imported");
        } else if (handlers[i].handle != NULL) {
            handlers[i].handle(request);
        } else {
            refuse(request, handlers[i].missing);
        }
        return;
    }
    refuse(request, "A request of an unknown type");
}
