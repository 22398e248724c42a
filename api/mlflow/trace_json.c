#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/mlflow/trace.h"
#include "engine/base/civil.h"
#include "engine/tracking/ml_run.h"

static void write_instant(struct hk_json *w, const char *key, int64_t ms)
{
    struct hk_civil c;
    char text[48];
    hk_civil_from_us(ms * HK_MS_US, &c);
    const char *form = c.microsecond == 0 ? "%04d-%02d-%02dT%02d:%02d:%02dZ" : "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ";
    snprintf(text, sizeof text, form, (int)c.year, c.month, c.day, c.hour, c.minute, c.second, c.microsecond / 1000);
    hk_json_kv_text(w, key, text);
}

static void write_duration(struct hk_json *w, const char *key, int64_t ms)
{
    char text[40];
    bool is_whole = ms % 1000 == 0;
    int rest = (int)(ms % 1000);
    snprintf(text, sizeof text, is_whole ? "%s%llds" : "%s%lld.%03ds", ms < 0 ? "-" : "", (long long)llabs(ms / 1000),
             abs(rest));
    hk_json_kv_text(w, key, text);
}

bool hk__ml_read_instant(struct hk_str text, int64_t *ms)
{
    int64_t us = 0;
    bool has_zone = false;
    if (!hk_iso_parse(text, &us, &has_zone)) {
        return false;
    }
    *ms = us / HK_MS_US - (us % HK_MS_US < 0 ? 1 : 0);
    return true;
}

bool hk__ml_read_duration(struct hk_str text, int64_t *ms)
{
    double seconds = 0;
    if (text.len < 2 || text.data[text.len - 1] != 's' ||
        !hk_str_to_double((struct hk_str){text.data, text.len - 1}, &seconds) || fabs(seconds) > 1e12) {
        return false;
    }
    *ms = (int64_t)floor(seconds * 1000 + 0.5);
    return true;
}

/* ---- assessments ---- */

void hk__ml_write_assessment(struct hk_json *w, const struct hk_assessment *a, const char *trace_id)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "assessment_id", a->assessment_id);
    hk_json_kv_text(w, "assessment_name", a->name);
    hk_json_kv_text(w, "trace_id", trace_id);
    if (a->span_id != NULL) {
        hk_json_kv_text(w, "span_id", a->span_id);
    }
    hk_json_kv_raw(w, "source", a->source);
    write_instant(w, "create_time", a->created_ms);
    write_instant(w, "last_update_time", a->updated_ms);
    hk_json_kv_raw(w, a->kind, a->content);
    if (a->rationale != NULL) {
        hk_json_kv_text(w, "rationale", a->rationale);
    }
    if (a->metadata.data != NULL) {
        hk_json_kv_raw(w, "metadata", a->metadata);
    }
    if (a->overrides != NULL) {
        hk_json_kv_text(w, "overrides", a->overrides);
    }
    hk_json_kv_bool(w, "valid", a->is_valid);
    hk_json_end_object(w);
}

static struct hk_str dump(struct hk_arena *arena, const json_t *value)
{
    char *text = hk_json_dump(value);
    struct hk_str copy = hk_arena_str(arena, hk_str_from(text));
    free(text);
    return copy;
}

/* NULL: absent or empty, which is the same in protobuf. */
static const char *text_of(struct hk__ml_arguments *args, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL || json_is_null(value)) {
        return NULL;
    }
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) != json_string_length(value)) {
        hk__ml_mistake(args, "Invalid value for parameter '%s' supplied: it must be a text.", name);
        return NULL;
    }
    return text[0] != '\0' ? hk_arena_strdup(args->req->arena, text) : NULL;
}

static int64_t instant_of(struct hk__ml_arguments *args, const json_t *object, const char *name, int64_t fallback)
{
    const char *text = text_of(args, object, name);
    int64_t ms = fallback;
    if (text != NULL && !hk__ml_read_instant(hk_str_from(text), &ms)) {
        hk__ml_mistake(args,
                       "Invalid value '%s' for parameter '%s' supplied: it must be an instant like "
                       "\"2026-11-27T15:13:42.725Z\".",
                       text, name);
    }
    return ms;
}

static struct hk_str object_of(struct hk__ml_arguments *args, const json_t *object, const char *name,
                               struct hk_str fallback)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL || json_is_null(value)) {
        return fallback;
    }
    if (!json_is_object(value)) {
        hk__ml_mistake(args, "Invalid value for parameter '%s' supplied: it must be an object.", name);
    }
    return dump(args->req->arena, value);
}

/* Clients cannot read a trace in which one of these is anything but a text, or (as members, not in a map) null. */
static void expect_texts(struct hk__ml_arguments *args, const char *name, bool is_map, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        if (!json_is_string(value) && (is_map || !json_is_null(value))) {
            hk__ml_wrong_type(args, name, value);
        }
    }
}

#define NO_SOURCE_TYPE "SOURCE_TYPE_UNSPECIFIED"

static bool is_no_source_type(const json_t *value)
{
    static const char *const types[] = {"HUMAN", "LLM_JUDGE", "CODE"};
    const char *name = json_string_value(value);
    for (size_t i = 0; name != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(name, types[i]) == 0) {
            return false;
        }
    }
    return value == NULL || json_is_null(value) || name != NULL;
}

/* A type that there is not is none, as in protobuf: the client could not read a trace that holds it. */
static struct hk_str source_of(struct hk__ml_arguments *args, const json_t *object)
{
    json_t *source = json_object_get(object, "source");
    if (json_is_object(source) && is_no_source_type(json_object_get(source, "source_type"))) {
        json_object_set_new(source, "source_type", json_string(NO_SOURCE_TYPE));
    }
    const json_t *id = json_object_get(source, "source_id");
    if (json_is_null(id) || (json_is_string(id) && json_string_length(id) == 0)) {
        json_object_del(source, "source_id"); /* the same in protobuf */
    }
    expect_texts(args, "source", false, source);
    return object_of(args, object, "source", HK_STR("{\"source_type\":\"" NO_SOURCE_TYPE "\"}"));
}

static bool says_nothing(const json_t *expectation)
{
    const json_t *value = json_object_get(expectation, "value");
    return json_is_object(expectation) && (value == NULL || json_is_null(value)) &&
           json_object_get(expectation, "serialized_value") == NULL;
}

/* content with data NULL, or a mistake: neither or both kinds are said. */
struct hk_assessment hk__ml_read_changes(struct hk__ml_arguments *args, const json_t *object)
{
    struct hk_assessment a = {.is_valid = !json_is_false(json_object_get(object, "valid"))};
    struct hk_str none = {0};
    a.name = text_of(args, object, "assessment_name");
    a.rationale = text_of(args, object, "rationale");
    a.metadata = object_of(args, object, "metadata", none);
    expect_texts(args, "metadata", true, json_object_get(object, "metadata"));
    expect_texts(args, "error", false, json_object_get(json_object_get(object, "feedback"), "error"));
    struct hk_str feedback = object_of(args, object, "feedback", none);
    struct hk_str expectation = object_of(args, object, "expectation", none);
    if (feedback.data != NULL && expectation.data != NULL) {
        hk__ml_mistake(args, "An assessment is feedback or an expectation, not both.");
    }
    if (says_nothing(json_object_get(object, "expectation"))) {
        hk__ml_mistake(args, "The `value` field must be specified.");
    }
    a.kind = feedback.data != NULL ? "feedback" : "expectation";
    a.content = feedback.data != NULL ? feedback : expectation;
    return a;
}

struct hk_assessment hk__ml_read_assessment(struct hk__ml_arguments *args, const json_t *object, int64_t now_ms)
{
    struct hk_assessment a = hk__ml_read_changes(args, object);
    a.assessment_id = text_of(args, object, "assessment_id");
    a.span_id = text_of(args, object, "span_id");
    a.overrides = text_of(args, object, "overrides");
    a.source = source_of(args, object);
    a.created_ms = instant_of(args, object, "create_time", now_ms);
    a.updated_ms = instant_of(args, object, "last_update_time", now_ms);
    if (json_object_get(object, "issue") != NULL) {
        hk__ml_mistake(args, "Assessments of the type 'issue' are not kept here: there are no issues.");
    }
    if (a.content.data == NULL) {
        hk__ml_mistake(args, "Unknown assessment type: None");
    }
    a.name = a.name != NULL ? a.name : "";
    return a;
}

void hk__ml_name_assessment(const struct hk_request *req, struct hk_assessment *assessment)
{
    char uuid[HK_ML_UUID_SIZE];
    if (assessment->assessment_id == NULL) {
        hk_ml_uuid(&hk__ml(req)->rand, uuid);
        assessment->assessment_id = hk_arena_printf(req->arena, "a-%s", uuid);
    }
}

/* ---- traces ---- */

/* What is left out when it is empty, as protobuf does: its beginning is written with its first item. */
struct list {
    struct hk_json *w;
    const char *name;
    const char *trace_id;
    bool is_begun;
};

static void add_pair(void *arg, struct hk_key_value pair)
{
    struct list *list = arg;
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(list->w, list->name);
        hk_json_begin_object(list->w);
    }
    hk_json_key_str(list->w, pair.key);
    hk_json_string(list->w, pair.value);
}

static void end_pairs(const struct list *list)
{
    if (list->is_begun) {
        hk_json_end_object(list->w);
    }
}

static void add_assessment(void *arg, const struct hk_assessment *assessment)
{
    struct list *list = arg;
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(list->w, list->name);
        hk_json_begin_array(list->w);
    }
    hk__ml_write_assessment(list->w, assessment, list->trace_id);
}

static bool write_lists(struct hk_json *w, struct hk_db *db, const struct hk_trace *trace, struct hk_error *err)
{
    struct list metadata = {w, "trace_metadata", NULL, false};
    struct list assessments = {w, "assessments", trace->trace_id, false};
    struct list tags = {w, "tags", NULL, false};
    bool ok = hk_store_trace_metadata(db, trace->trace_key, add_pair, &metadata, err);
    end_pairs(&metadata);
    ok = ok && hk_store_assessments(db, trace->trace_key, add_assessment, &assessments, err);
    if (assessments.is_begun) {
        hk_json_end_array(w);
    }
    ok = ok && hk_store_trace_tags(db, trace->trace_key, add_pair, &tags, err);
    end_pairs(&tags);
    return ok;
}

static void write_place(struct hk_json *w, int64_t experiment_key)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)experiment_key);
    hk_json_key(w, "trace_location");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "type", "MLFLOW_EXPERIMENT");
    hk_json_key(w, "mlflow_experiment");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "experiment_id", id);
    hk_json_end_object(w);
    hk_json_end_object(w);
}

bool hk__ml_write_trace_info(struct hk_json *w, struct hk_db *db, const struct hk_trace *trace, struct hk_error *err)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "trace_id", trace->trace_id);
    if (trace->client_request_id != NULL) {
        hk_json_kv_text(w, "client_request_id", trace->client_request_id);
    }
    write_place(w, trace->experiment_key);
    write_instant(w, "request_time", trace->timestamp_ms);
    if (trace->execution_ms != HK_TIME_NONE) {
        write_duration(w, "execution_duration", trace->execution_ms);
    }
    hk_json_kv_text(w, "state", trace->state);
    bool ok = write_lists(w, db, trace, err);
    if (trace->request_preview != NULL) {
        hk_json_kv_text(w, "request_preview", trace->request_preview);
    }
    if (trace->response_preview != NULL) {
        hk_json_kv_text(w, "response_preview", trace->response_preview);
    }
    hk_json_end_object(w);
    return ok;
}
