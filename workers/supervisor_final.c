/* A task's last word, and the two requests that go to the scheduler: skipping and triggering. */
#include <math.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/supervisor_internal.h"

static int64_t time_field(const json_t *body, const char *key, int64_t fallback)
{
    int64_t us;
    bool has_zone;
    const char *text = hk_json_get_text(body, key, NULL);
    return text != NULL && hk_iso_parse(hk_str_from(text), &us, &has_zone) ? us : fallback;
}

/* seconds after from, kept inside what a calendar can say. */
static int64_t later(int64_t from_us, double seconds)
{
    const double year_seconds = 366.0 * 24 * 3600;
    if (!isfinite(seconds) || seconds < 0) {
        seconds = 0;
    }
    return from_us + (int64_t)((seconds > 1000 * year_seconds ? 1000 * year_seconds : seconds) * 1e6);
}

static bool read_final(const struct hk__request *request, struct hk_job_result *result)
{
    const struct hk__session *session = request->session;
    const json_t *body = request->body;
    int64_t now_us = hk_clock_wall_us(session->supervisor->options.clock);
    result->ended_at_us = time_field(body, "end_date", now_us);
    result->rendered_map_index = hk_json_get_text(body, "rendered_map_index", session->rendered_map_index);
    if (strcmp(request->type, "SucceedTask") == 0) {
        result->outcome = HK_JOB_SUCCEEDED;
        return true;
    }
    if (strcmp(request->type, "RetryTask") == 0) {
        const json_t *delay = json_object_get(body, "retry_delay_seconds");
        result->outcome = HK_JOB_FAILED;
        result->message = hk_json_get_text(body, "retry_reason", NULL);
        if (json_is_number(delay)) {
            result->outcome = HK_JOB_RETRY_AT;
            result->retry_at_us = later(result->ended_at_us, json_number_value(delay));
        }
        return true;
    }
    if (strcmp(request->type, "RescheduleTask") == 0) {
        result->outcome = HK_JOB_RESCHEDULED;
        result->retry_at_us = time_field(body, "reschedule_date", now_us);
        return true;
    }
    const char *state = hk_json_get_text(body, "state", "");
    /* The SDK sends "failed" only when there shall be no retry: it knows should_retry. */
    result->outcome = strcmp(state, "skipped") == 0 ? HK_JOB_SKIPPED : HK_JOB_FAILED_FINAL;
    return strcmp(state, "skipped") == 0 || strcmp(state, "failed") == 0;
}

/* Assets that an alias stands for are known to the task alone. */
static void warn_of_aliases(const struct hk__request *request)
{
    const struct hk_python_port *port = &request->session->supervisor->options.port;
    port->log(
        port->context, &request->session->key, "warning",
        "The task has updated an asset through an AssetAlias or a partition of one; this version of hanok records "
        "no events of those.");
}

/* What the task tells of its outlets, to be freed by the caller. The SDK's own words: dest_asset_key is the asset,
 * source_alias_name the alias through which it was named. */
static struct hk_outlet_event *read_outlets(const struct hk__request *request, struct hk_job_result *result)
{
    const json_t *events = json_object_get(request->body, "outlet_events");
    size_t count = json_array_size(events);
    struct hk_outlet_event *out = hk_alloc_array(count + 1, sizeof *out);
    bool has_alias = false;
    for (size_t i = 0; i < count; i++) {
        const json_t *event = json_array_get(events, i);
        const json_t *key = json_object_get(event, "dest_asset_key");
        const json_t *extra = json_object_get(event, "extra");
        bool is_plain = hk_json_get_text(event, "source_alias_name", NULL) == NULL &&
                        hk_json_get_text(event, "partition_key", NULL) == NULL;
        has_alias = has_alias || !is_plain;
        if (is_plain && json_object_size(extra) > 0 && result->outcome == HK_JOB_SUCCEEDED) {
            out[result->outlet_event_count++] = (struct hk_outlet_event){hk_str_from(hk_json_get_text(key, "name", "")),
                                                                         hk_str_from(hk_json_get_text(key, "uri", "")),
                                                                         hk_str_from(hk_json_dump(extra))};
        }
    }
    if (has_alias) {
        warn_of_aliases(request);
    }
    result->outlet_events = out;
    return out;
}

static void free_outlets(struct hk_outlet_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)events[i].extra_json.data);
    }
    free(events);
}

void hk__request_final(struct hk__request *request)
{
    struct hk__session *session = request->session;
    struct hk_job_result result = {.outcome = HK_JOB_FAILED, .retry_at_us = HK_TIME_NONE};
    if (session->is_finished) {
        hk__request_error(request, "GENERIC_ERROR", "The task has already told its final state.");
        return;
    }
    if (!read_final(request, &result)) {
        char sentence[128];
        snprintf(sentence, sizeof sentence, "A task cannot put itself into the state '%.40s'.",
                 hk_json_get_text(request->body, "state", ""));
        hk__request_error(request, "GENERIC_ERROR", sentence);
        return;
    }
    struct hk_outlet_event *outlets = read_outlets(request, &result);
    session->final_request_id = request->id;
    hk__session_finish(session, &result);
    free_outlets(outlets, result.outlet_event_count);
    /* Answered by hk__session_committed. */
    json_decref(request->body);
    free(request);
    hk__session_release(session);
}

void hk__request_refused_final(struct hk__request *request)
{
    struct hk__session *session = request->session;
    const struct hk_python_port *port = &session->supervisor->options.port;
    bool is_deferral = strcmp(request->type, "DeferTask") == 0;
    char sentence[512];
    snprintf(sentence, sizeof sentence,
             "Task '%.200s' wants to %s%s%.120s%s, which this version of hanok cannot do: there is no %s yet. "
             "%s",
             session->task->task_id, is_deferral ? "be deferred to the trigger " : "wait for a person's input",
             is_deferral ? "'" : "", is_deferral ? hk_json_get_text(request->body, "classpath", "?") : "",
             is_deferral ? "'" : "", is_deferral ? "triggerer" : "door for human input",
             is_deferral ? "Set deferrable=False on the operator." : "");
    port->log(port->context, &session->key, "error", sentence);
    if (!session->is_finished) {
        /* The SDK goes on as if its message had arrived and exits with 0, so the failure has to be told here. */
        struct hk_job_result result = {.outcome = HK_JOB_FAILED_FINAL,
                                       .retry_at_us = HK_TIME_NONE,
                                       .message = sentence,
                                       .ended_at_us = hk_clock_wall_us(session->supervisor->options.clock)};
        hk__session_finish(session, &result);
    }
    hk__request_error(request, "GENERIC_ERROR", sentence);
}

static void done_command(void *arg, const struct hk_error *err)
{
    struct hk__request *request = arg;
    if (err == NULL) {
        hk__request_ok(request);
    } else {
        hk__request_failed(request, err);
    }
}

static void done_trigger(void *arg, const struct hk_error *err)
{
    struct hk__request *request = arg;
    const struct hk_executor_host *host = &request->session->supervisor->options.host;
    if (err == NULL || err->code != HK_CONFLICT) {
        done_command(request, err);
    } else if (hk_json_get_bool(request->body, "reset_dag_run", false)) {
        host->reset(host->context, hk_json_get_text(request->body, "dag_id", ""),
                    hk_json_get_text(request->body, "run_id", ""), done_command, request);
    } else {
        hk__request_absent(request, "DAGRUN_ALREADY_EXISTS", json_pack("{s:s}", "message", err->message));
    }
}

void hk__request_trigger(struct hk__request *request)
{
    const struct hk_executor_host *host = &request->session->supervisor->options.host;
    const json_t *body = request->body;
    const json_t *conf = json_object_get(body, "conf");
    char *text = json_is_object(conf) ? hk_json_dump(conf) : NULL;
    struct hk_trigger_request trigger = {.dag_id = hk_json_get_text(body, "dag_id", ""),
                                         .run_id = hk_json_get_text(body, "run_id", NULL),
                                         .run_type = "operator_triggered",
                                         .logical_us = time_field(body, "logical_date", HK_TIME_NONE),
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = time_field(body, "run_after", HK_TIME_NONE),
                                         .conf_json = text,
                                         .note = hk_json_get_text(body, "note", NULL),
                                         .triggered_by = "operator"};
    host->trigger(host->context, &request->session->key, &trigger, done_trigger, request);
    free(text);
}

/* ["a", ["b", 3], ...]: a bare name means the instance that is not mapped, and in a mapped group the one beside the
 * asking task (Airflow: the same map index). */
static size_t read_skips(const struct hk__request *request, struct hk_job_skip *skips)
{
    const json_t *list = json_object_get(request->body, "tasks");
    size_t index;
    const json_t *item;
    size_t count = 0;
    json_array_foreach (list, index, item) {
        const json_t *name = json_is_array(item) ? json_array_get(item, 0) : item;
        const json_t *map_index = json_is_array(item) ? json_array_get(item, 1) : NULL;
        if (json_is_string(name)) {
            skips[count++] = (struct hk_job_skip){
                json_string_value(name), json_is_integer(map_index) ? (int32_t)json_integer_value(map_index) : -1};
        }
    }
    return count;
}

void hk__request_skip(struct hk__request *request)
{
    const struct hk_executor_host *host = &request->session->supervisor->options.host;
    size_t most = json_array_size(json_object_get(request->body, "tasks"));
    struct hk_job_skip *skips = hk_alloc_array(most + 1, sizeof *skips);
    size_t count = read_skips(request, skips);
    host->skip(host->context, &request->session->key, skips, count, done_command, request);
    free(skips);
}
