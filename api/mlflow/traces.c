/* traces: what a client says of them at their end, tags, links to runs, deleting. (Reading them is trace_get.c's,
 * searching trace_search.c's; their spans come through spans.c.) */
#include <string.h>

#include "api/mlflow/trace.h"
#include "api/mlflow/tracking.h"

#define TRACES "3.0/mlflow/traces"
#define OLD_TRACES "2.0/mlflow/traces"

enum { MAX_LINKS = 100 };

/* ---- what a client says ---- */

static bool run_tell(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct hk_trace_save save = *(struct hk_trace_save *)write->data;
    struct hk_arena *arena = write->req->arena;
    struct hk_experiment experiment;
    if (!hk_store_experiment_get_active(db, save.trace.experiment_key, arena, &experiment, err)) {
        return false;
    }
    save.artifact_location =
        hk_arena_printf(arena, "%s/traces/%s/artifacts", experiment.artifact_location, save.trace.trace_id);
    bool ok = hk_store_trace_tell(db, &save, err);
    for (size_t i = 0; i < save.assessment_count && ok; i++) {
        struct hk_assessment a = save.assessments[i];
        hk__ml_name_assessment(write->req, &a);
        ok = hk_store_assessment_add(db, save.trace.trace_key, &a, err) || err->code == HK_CONFLICT;
    }
    struct hk_trace trace; /* previews that were concluded before may stand where none were said */
    return ok && hk_store_trace_get_by_key(db, save.trace.trace_key, arena, &trace, err) &&
           hk__ml_answer_trace_info(db, write->res, &trace, err);
}

static struct hk_str member_text(struct hk__ml_arguments *args, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
        hk__ml_wrong_type(args, name, value);
    }
    struct hk_str text = {json_string_value(value), json_string_length(value)};
    return text.data != NULL ? hk_arena_str(args->req->arena, text) : text;
}

static struct hk_key_value *read_map(struct hk__ml_arguments *args, const json_t *object, const char *name,
                                     size_t most_value, size_t *count)
{
    struct hk_arena *arena = args->req->arena;
    json_t *map = json_object_get(object, name);
    struct hk_key_value *pairs = hk_arena_array(arena, json_object_size(map) + 1, sizeof *pairs);
    const char *key;
    json_t *value;
    if (map != NULL && !json_is_null(map) && !json_is_object(map)) {
        hk__ml_wrong_type(args, name, map);
    }
    json_object_foreach (map, key, value) {
        if (!json_is_string(value)) {
            hk__ml_wrong_type(args, name, value);
            continue;
        }
        struct hk_key_value *pair = &pairs[(*count)++];
        pair->key = hk_str_from(hk_arena_strdup(arena, key));
        struct hk_str text = {json_string_value(value), json_string_length(value)};
        pair->value = hk_text_cut(hk_arena_str(arena, text), most_value);
        hk__ml_object_to(args, hk_length_mistake(arena, "key", pair->key, HK__ML_MAX_TRACE_TAG_KEY));
    }
    return pairs;
}

/* The clients' way of storing traces sets where spans are; nobody else may. */
static void drop_own_tags(struct hk_trace_save *save, struct hk_key_value *tags)
{
    size_t kept = 0;
    for (size_t i = 0; i < save->tag_count; i++) {
        if (!hk_str_is(tags[i].key, HK_TRACE_SPANS_TAG) && !hk_str_is(tags[i].key, HK_TRACE_ARTIFACTS_TAG)) {
            tags[kept++] = tags[i];
        }
    }
    save->tag_count = kept;
    save->tags = tags;
}

static void read_times(struct hk__ml_arguments *args, const json_t *info, struct hk_trace *trace)
{
    struct hk_str began = member_text(args, info, "request_time");
    struct hk_str took = member_text(args, info, "execution_duration");
    trace->execution_ms = HK_TIME_NONE;
    if (began.len == 0) {
        trace->timestamp_ms = 0; /* as protobuf reads what is not there */
    } else if (!hk__ml_read_instant(began, &trace->timestamp_ms)) {
        hk__ml_mistake(args,
                       "Invalid value '%.*s' for parameter 'request_time' supplied: it must be an instant like "
                       "\"2026-11-27T15:13:42.725Z\".",
                       HK_STR_ARG(began));
    }
    if (took.len > 0 && !hk__ml_read_duration(took, &trace->execution_ms)) {
        hk__ml_mistake(args,
                       "Invalid value '%.*s' for parameter 'execution_duration' supplied: it must be a duration "
                       "like \"0.2s\".",
                       HK_STR_ARG(took));
    }
}

static const char *read_state(struct hk__ml_arguments *args, const json_t *info)
{
    static const char *const states[] = {"STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"};
    struct hk_str said = member_text(args, info, "state");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (said.len == 0 || hk_str_is(said, states[i])) {
            return states[i];
        }
    }
    hk__ml_mistake(args, "Invalid value '%.*s' for parameter 'state' supplied.", HK_STR_ARG(said));
    return states[0];
}

static const char *text_or_null(struct hk_str text)
{
    return text.len > 0 ? text.data : NULL;
}

static int64_t read_place(struct hk__ml_arguments *args, const json_t *info)
{
    const json_t *place = json_object_get(info, "trace_location");
    struct hk_str id = member_text(args, json_object_get(place, "mlflow_experiment"), "experiment_id");
    if (id.len == 0) {
        hk__ml_mistake(args, "A trace must be in an experiment: trace_location.mlflow_experiment.experiment_id.");
    }
    return hk__ml_experiment_key(args, id);
}

static void read_assessments(struct hk__ml_arguments *args, const json_t *info, struct hk_trace_save *save)
{
    const json_t *array = json_object_get(info, "assessments");
    struct hk_assessment *items = hk_arena_array(args->req->arena, json_array_size(array) + 1, sizeof *items);
    size_t index;
    const json_t *value;
    json_array_foreach (array, index, value) {
        items[save->assessment_count++] = hk__ml_read_assessment(args, value, hk__ml_now_ms(hk__ml(args->req)));
    }
    save->assessments = items;
}

static void read_info(struct hk__ml_arguments *args, const json_t *info, struct hk_trace_save *save)
{
    struct hk_trace *trace = &save->trace;
    struct hk_str id = member_text(args, info, "trace_id");
    if (id.len == 0 || memchr(id.data, '/', id.len) != NULL) {
        hk__ml_mistake(args, "A trace must have a trace_id, without '/'.");
    }
    hk__ml_object_to(args, hk_length_mistake(args->req->arena, "trace_id", id, HK__ML_MAX_TRACE_ID));
    trace->trace_id = id.data != NULL ? id.data : "";
    trace->experiment_key = read_place(args, info);
    trace->state = read_state(args, info);
    trace->client_request_id = text_or_null(member_text(args, info, "client_request_id"));
    trace->request_preview = text_or_null(member_text(args, info, "request_preview"));
    trace->response_preview = text_or_null(member_text(args, info, "response_preview"));
    read_times(args, info, trace);
    save->metadata = read_map(args, info, "trace_metadata", HK__ML_MAX_TRACE_METADATA_VALUE, &save->metadata_count);
    drop_own_tags(save, read_map(args, info, "tags", HK__ML_MAX_TRACE_TAG_VALUE, &save->tag_count));
    read_assessments(args, info, save);
}

static void tell(const struct hk_request *req, struct hk_response *res)
{
    struct hk_trace_save *save = hk_arena_alloc(req->arena, sizeof *save);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    const json_t *trace = hk__ml_object(&args, "trace", HK__ML_REQUIRED);
    if (trace != NULL) {
        read_info(&args, json_object_get(trace, "trace_info"), save);
    }
    hk__ml_write_with(&args, res, save, run_tell);
}

/* ---- tags ---- */

struct tag {
    struct hk_str trace_id;
    struct hk_key_value pair;
};

static struct tag *read_tag(struct hk__ml_arguments *args, const struct hk_request *req, const char *operation)
{
    struct tag *tag = hk_arena_alloc(req->arena, sizeof *tag);
    hk__ml_arguments_open(args, req);
    tag->trace_id = hk_request_path(req, "trace_id");
    tag->pair.key = hk__ml_string(args, "key", HK__ML_REQUIRED);
    struct hk_str value = hk__ml_string(args, "value", HK__ML_OPTIONAL);
    tag->pair.value = value.data != NULL ? hk_text_cut(value, HK__ML_MAX_TRACE_TAG_VALUE) : HK_STR("");
    hk__ml_object_to(args, hk_key_mistake(req->arena, tag->pair.key, "key"));
    hk__ml_object_to(args, hk_length_mistake(req->arena, "key", tag->pair.key, HK__ML_MAX_TRACE_TAG_KEY));
    if (hk_str_is(tag->pair.key, HK_TRACE_SPANS_TAG)) {
        hk__ml_mistake(args, "Tag '%.*s' is immutable and cannot be %s on a trace.", HK_STR_ARG(tag->pair.key),
                       operation);
    }
    return tag;
}

static bool run_set_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct tag *tag = write->data;
    struct hk_trace trace;
    hk__ml_empty(write->res);
    return hk_store_trace_get(db, tag->trace_id, write->req->arena, &trace, err) &&
           hk_store_trace_tag_set(db, trace.trace_key, &tag->pair, err);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct tag *tag = write->data;
    struct hk_trace trace;
    bool found = false;
    hk__ml_empty(write->res);
    if (!hk_store_trace_get(db, tag->trace_id, write->req->arena, &trace, err) ||
        !hk_store_trace_tag_delete(db, trace.trace_key, tag->pair.key, &found, err)) {
        return false;
    }
    return found ||
           hk__ml_write_fail(write, err, HK__ML_NOT_THERE, "No trace tag with key '%.*s' for trace with ID '%s'",
                             HK_STR_ARG(tag->pair.key), trace.trace_id);
}

static void set_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct tag *tag = read_tag(&args, req, "set");
    hk__ml_write_with(&args, res, tag, run_set_tag);
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct tag *tag = read_tag(&args, req, "deleted");
    hk__ml_write_with(&args, res, tag, run_delete_tag);
}

/* ---- deleting, and linking to a run ---- */

struct deletion {
    struct hk_trace_delete which; /* `most` goes down as slices are deleted */
    int64_t before;               /* deleted by the slices that are committed */
    int64_t deleted;              /* by this one */
};

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct deletion *d = write->data;
    struct hk_json w;
    if (!hk_store_traces_delete(db, &d->which, &d->deleted, err)) {
        return false;
    }
    hk_json_init(&w, &write->res->body);
    hk_json_begin_object(&w);
    hk_json_kv_int(&w, "traces_deleted", d->before + d->deleted);
    hk_json_end_object(&w);
    return true;
}

/* Between two slices others write. When one fails those before it stay deleted, and the same call deletes the rest. */
static bool has_more_to_delete(const struct hk__ml_write *write)
{
    struct deletion *d = write->data;
    if (d->which.id_count > 0 || d->deleted < HK_TRACE_DELETE_SLICE) {
        return false;
    }
    d->before += d->deleted;
    d->which.most -= d->which.most > 0 ? d->deleted : 0;
    return d->which.most != 0;
}

static void delete_traces(const struct hk_request *req, struct hk_response *res)
{
    struct deletion *deletion = hk_arena_alloc(req->arena, sizeof *deletion);
    struct hk_trace_delete *d = &deletion->which;
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    d->experiment_key = hk__ml_experiment_key(&args, hk__ml_string(&args, "experiment_id", HK__ML_REQUIRED));
    d->until_ms = hk__ml_int(&args, "max_timestamp_millis", HK__ML_OPTIONAL, HK_TIME_NONE);
    d->most = hk__ml_int(&args, "max_traces", HK__ML_OPTIONAL, -1);
    d->ids = hk__ml_read_ids(&args, "request_ids", HK__ML_OPTIONAL, &d->id_count);
    bool has_most = hk__ml_has(&args, "max_traces");
    if (d->until_ms == HK_TIME_NONE && d->id_count == 0) {
        hk__ml_mistake(&args, "Either `max_timestamp_millis` or `trace_ids` must be specified.");
    } else if (d->until_ms != HK_TIME_NONE && d->id_count > 0) {
        hk__ml_mistake(&args, "Only one of `max_timestamp_millis` and `trace_ids` can be specified.");
    } else if (d->id_count > 0 && has_most) {
        hk__ml_mistake(&args, "`max_traces` can't be specified if `trace_ids` is specified.");
    } else if (has_most && d->most <= 0) {
        hk__ml_mistake(&args, "`max_traces` must be a positive integer, received %lld.", (long long)d->most);
    }
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        const struct hk__ml_write write = {.data = deletion, .run = run_delete, .has_more = has_more_to_delete};
        hk__ml_write_then(req, res, &write);
    }
}

struct links {
    struct hk_str *ids;
    size_t count;
    struct hk_str run_uuid;
};

static bool run_link(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct links *links = write->data;
    bool ok = true;
    hk__ml_empty(write->res);
    for (size_t i = 0; i < links->count && ok; i++) {
        struct hk_trace trace;
        ok = hk_store_trace_get(db, links->ids[i], write->req->arena, &trace, err) &&
             hk_store_trace_link(db, trace.trace_key, links->run_uuid, err);
    }
    return ok;
}

static void link_to_run(const struct hk_request *req, struct hk_response *res)
{
    struct links *links = hk_arena_alloc(req->arena, sizeof *links);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    links->ids = hk__ml_read_ids(&args, "trace_ids", HK__ML_REQUIRED, &links->count);
    links->run_uuid = hk__ml_string(&args, "run_id", HK__ML_REQUIRED);
    if (links->count > MAX_LINKS) {
        hk__ml_mistake(&args, "Cannot link more than %d traces to a run in a single request. Provided %zu traces.",
                       MAX_LINKS, links->count);
    }
    hk__ml_write_with(&args, res, links, run_link);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, TRACES, HK_ROLE_USER, tell},
    {HK_METHOD_PATCH, TRACES "/{trace_id}/tags", HK_ROLE_USER, set_tag},
    {HK_METHOD_DELETE, TRACES "/{trace_id}/tags", HK_ROLE_USER, delete_tag},
    {HK_METHOD_POST, TRACES "/delete-traces", HK_ROLE_USER, delete_traces},
    {HK_METHOD_PATCH, OLD_TRACES "/{trace_id}/tags", HK_ROLE_USER, set_tag},
    {HK_METHOD_DELETE, OLD_TRACES "/{trace_id}/tags", HK_ROLE_USER, delete_tag},
    {HK_METHOD_POST, OLD_TRACES "/delete-traces", HK_ROLE_USER, delete_traces},
    {HK_METHOD_POST, OLD_TRACES "/link-to-run", HK_ROLE_USER, link_to_run},
};

const struct hk__ml_table hk__ml_traces_table = HK__ML_TABLE(routes);
