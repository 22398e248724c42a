/* Reading traces: one, or several by their ids, with or without their spans. */
#include <string.h>

#include "api/mlflow/trace.h"
#include "api/mlflow/tracking.h"

#define TRACES "3.0/mlflow/traces"

bool hk__ml_answer_trace_info(struct hk_db *db, struct hk_response *res, const struct hk_trace *trace,
                              struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "trace");
    hk_json_begin_object(&w);
    hk_json_key(&w, "trace_info");
    bool ok = hk__ml_write_trace_info(&w, db, trace, err);
    hk_json_end_object(&w);
    hk_json_end_object(&w);
    return ok;
}

/* ---- reading ---- */

static bool read_trace_info(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                            struct hk_error *err)
{
    struct hk_trace trace;
    (void)data;
    res->is_lasting = true;
    return hk_store_trace_get(db, hk_request_path(req, "trace_id"), req->arena, &trace, err) &&
           hk__ml_answer_trace_info(db, res, &trace, err);
}

static void get_info(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_read(req, res, read_trace_info, NULL);
}

static void add_span(void *arg, struct hk_str json)
{
    hk_json_raw(arg, json);
}

/* {"trace_info":, "spans":}, as a value */
static bool write_trace(struct hk_json *w, struct hk_db *db, const struct hk_trace *trace, struct hk_error *err)
{
    hk_json_begin_object(w);
    hk_json_key(w, "trace_info");
    bool ok = hk__ml_write_trace_info(w, db, trace, err);
    hk_json_key(w, "spans");
    hk_json_begin_array(w);
    ok = ok && hk_store_trace_spans(db, trace->trace_key, add_span, w, err);
    hk_json_end_array(w);
    hk_json_end_object(w);
    return ok;
}

/* Spans come one by one, and before or after what the client says of the trace: that tells how many there will be. */
static bool is_whole(struct hk_db *db, const struct hk_trace *trace, struct hk_arena *arena, bool *out,
                     struct hk_error *err)
{
    struct hk_str stats;
    struct hk_error ignored;
    int64_t count = 0;
    if (!hk_store_trace_metadata_find(db, trace->trace_key, HK_STR("mlflow.trace.sizeStats"), arena, &stats, err) ||
        !hk_store_trace_span_count(db, trace->trace_key, &count, err)) {
        return false;
    }
    json_t *tree = stats.len > 0 ? hk_json_parse(stats, &ignored) : NULL;
    *out = count > 0 && count >= hk_json_get_int(tree, "num_spans", 0);
    json_decref(tree);
    return true;
}

struct get {
    struct hk_str trace_id;
    bool allow_partial;
};

static bool read_trace(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    const struct get *g = data;
    struct hk_trace trace;
    struct hk_json w;
    bool whole = false;
    if (!hk_store_trace_get(db, g->trace_id, req->arena, &trace, err)) {
        return err->code == HK_NOT_FOUND
                   ? hk_error_set(err, HK_NOT_FOUND, "Trace with ID %.*s is not found.", HK_STR_ARG(g->trace_id))
                   : false;
    }
    if (!is_whole(db, &trace, req->arena, &whole, err)) {
        return false;
    }
    if (!whole && !g->allow_partial) {
        return hk_error_set(err, HK_NOT_FOUND, "Trace with ID %.*s is not fully exported yet, please try again later.",
                            HK_STR_ARG(g->trace_id));
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "trace");
    bool ok = write_trace(&w, db, &trace, err);
    hk_json_end_object(&w);
    return ok;
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct get g;
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    g.trace_id = hk__ml_string(&args, "trace_id", HK__ML_REQUIRED);
    g.allow_partial = hk__ml_bool(&args, "allow_partial", false);
    hk__ml_read_with(&args, res, read_trace, &g);
}

struct ids {
    struct hk_str *items;
    size_t len;
    const int64_t *experiments; /* NULL: in any */
    size_t experiment_count;
};

static bool is_wanted(const struct ids *ids, int64_t experiment_key)
{
    for (size_t i = 0; i < ids->experiment_count; i++) {
        if (ids->experiments[i] == experiment_key) {
            return true;
        }
    }
    return ids->experiments == NULL;
}

static bool write_one(struct hk_json *w, struct hk_db *db, const struct hk_trace *trace, bool with_spans,
                      struct hk_arena *arena, struct hk_error *err)
{
    bool whole = false;
    if (!with_spans) {
        return hk__ml_write_trace_info(w, db, trace, err);
    }
    return is_whole(db, trace, arena, &whole, err) && (!whole || write_trace(w, db, trace, err));
}

/* What is not there, or not whole yet, is left out. */
static bool write_all(struct hk_db *db, const struct hk_request *req, struct hk_response *res, const struct ids *ids,
                      bool with_spans, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, with_spans ? "traces" : "trace_infos");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < ids->len; i++) {
        struct hk_trace trace;
        if (!hk_store_trace_get(db, ids->items[i], req->arena, &trace, err)) {
            if (err->code == HK_NOT_FOUND) {
                continue;
            }
            return false;
        }
        if (is_wanted(ids, trace.experiment_key) && !write_one(&w, db, &trace, with_spans, req->arena, err)) {
            return false;
        }
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
    return true;
}

static bool read_traces(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                        struct hk_error *err)
{
    return write_all(db, req, res, data, true, err);
}

static bool read_infos(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    return write_all(db, req, res, data, false, err);
}

struct hk_str *hk__ml_read_ids(struct hk__ml_arguments *args, const char *name, int flags, size_t *count)
{
    const json_t *array = args->tree != NULL ? hk__ml_array(args, name, flags) : NULL;
    struct hk_str *items = hk_arena_array(args->req->arena, HK__ML_MAX_TRACES, sizeof *items);
    struct hk_str text;
    for (size_t i = 0; args->tree != NULL ? i < json_array_size(array) : hk_request_query_at(args->req, name, i, &text);
         i++) {
        const json_t *value = json_array_get(array, i);
        if (args->tree != NULL && !json_is_string(value)) {
            hk__ml_wrong_type(args, name, value);
            break;
        }
        if (i == HK__ML_MAX_TRACES) {
            hk__ml_mistake(args, "'%s' has more than %d items; ask for fewer at once.", name, HK__ML_MAX_TRACES);
            break;
        }
        struct hk_str said = {json_string_value(value), json_string_length(value)};
        text = args->tree != NULL ? hk_arena_str(args->req->arena, said) : text;
        bool is_new = true;
        for (size_t k = 0; k < *count && is_new; k++) {
            is_new = !hk_str_eq(items[k], text);
        }
        if (is_new) {
            items[(*count)++] = text;
        }
    }
    if (*count == 0 && flags == HK__ML_REQUIRED && args->tree == NULL) { /* a list of JSON may be empty */
        hk__ml_mistake(args,
                       "Missing value for required parameter '%s'. See the API docs for more information about "
                       "request parameters.",
                       name);
    }
    return items;
}

static void read_ids(struct hk__ml_arguments *args, struct ids *ids)
{
    size_t count = 0;
    ids->items = hk__ml_read_ids(args, "trace_ids", HK__ML_REQUIRED, &ids->len);
    struct hk_str *experiments = hk__ml_read_ids(args, "experiment_ids", HK__ML_OPTIONAL, &count);
    int64_t *keys = hk_arena_array(args->req->arena, count + 1, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        keys[i] = hk__ml_experiment_key(args, experiments[i]);
    }
    ids->experiments = hk__ml_has(args, "experiment_ids") ? keys : NULL;
    ids->experiment_count = count;
}

static void batch_get(const struct hk_request *req, struct hk_response *res)
{
    struct ids ids = {0};
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    read_ids(&args, &ids);
    hk__ml_read_with(&args, res, read_traces, &ids);
}

static void batch_get_infos(const struct hk_request *req, struct hk_response *res)
{
    struct ids ids = {0};
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    read_ids(&args, &ids);
    hk__ml_read_with(&args, res, read_infos, &ids);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, TRACES "/get", HK_ROLE_VIEWER, get},
    {HK_METHOD_GET, TRACES "/batchGet", HK_ROLE_VIEWER, batch_get},
    {HK_METHOD_POST, TRACES "/batchGetInfos", HK_ROLE_VIEWER, batch_get_infos},
    {HK_METHOD_GET, TRACES "/{trace_id}", HK_ROLE_VIEWER, get_info},
};

const struct hk__ml_table hk__ml_trace_get_table = HK__ML_TABLE(routes);
