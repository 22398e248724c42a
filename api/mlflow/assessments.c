/* traces/ID/assessments: what people and programs say of a trace. */
#include <stdlib.h>
#include <string.h>

#include "api/mlflow/trace.h"

#define ASSESSMENTS "3.0/mlflow/traces/{trace_id}/assessments"

static void answer_assessment(struct hk_response *res, const struct hk_assessment *assessment, struct hk_str trace_id)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "assessment");
    hk__ml_write_assessment(&w, assessment, trace_id.data);
    hk_json_end_object(&w);
}

/* ---- create ---- */

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct hk_assessment a = *(struct hk_assessment *)write->data;
    struct hk_trace trace;
    struct hk_str trace_id = hk_request_path(write->req, "trace_id");
    if (!hk_store_trace_get(db, trace_id, write->req->arena, &trace, err)) {
        return false;
    }
    hk__ml_name_assessment(write->req, &a);
    if (!hk_store_assessment_add(db, trace.trace_key, &a, err)) {
        return err->code == HK_NOT_FOUND
                   ? hk__ml_write_fail(write, err, HK__ML_NOT_THERE, "Assessment with ID '%s' not found for trace '%s'",
                                       a.overrides, trace.trace_id)
                   : false;
    }
    answer_assessment(write->res, &a, hk_str_from(trace.trace_id));
    return true;
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct hk_assessment *a = hk_arena_alloc(req->arena, sizeof *a);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    const json_t *object = hk__ml_object(&args, "assessment", HK__ML_REQUIRED);
    if (object != NULL) {
        *a = hk__ml_read_assessment(&args, object, hk__ml_now_ms(hk__ml(req)));
    }
    hk__ml_write_with(&args, res, a, run_create);
}

/* ---- get ---- */

struct found {
    struct hk_trace trace;
    struct hk_assessment assessment;
};

static bool find(struct hk_db *db, const struct hk_request *req, struct found *out, struct hk_error *err)
{
    struct hk_str trace_id = hk_request_path(req, "trace_id");
    struct hk_str id = hk_request_path(req, "assessment_id");
    bool has = false;
    if (!hk_store_trace_get(db, trace_id, req->arena, &out->trace, err)) {
        return err->code == HK_NOT_FOUND
                   ? hk_error_set(err, HK_NOT_FOUND, "Trace with request_id '%.*s' not found", HK_STR_ARG(trace_id))
                   : false;
    }
    return hk_store_assessment_find(db, out->trace.trace_key, id, req->arena, &out->assessment, &has, err) &&
           (has || hk_error_set(err, HK_NOT_FOUND, "Assessment with ID '%.*s' not found for trace '%.*s'",
                                HK_STR_ARG(id), HK_STR_ARG(trace_id)));
}

static bool read_one(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                     struct hk_error *err)
{
    struct found found;
    (void)data;
    if (!find(db, req, &found, err)) {
        return false;
    }
    answer_assessment(res, &found.assessment, hk_str_from(found.trace.trace_id));
    return true;
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_read(req, res, read_one, NULL);
}

/* ---- update ---- */

struct update {
    struct hk_assessment said;
    struct hk_str added; /* metadata, JSON */
    bool has_name;
    bool has_feedback;
    bool has_expectation;
    bool has_rationale;
    int64_t now_ms;
};

/* What is said anew stands over what was there. */
static struct hk_str merge(struct hk_arena *arena, struct hk_str old, struct hk_str added)
{
    struct hk_error err;
    json_t *all = old.data != NULL ? hk_json_parse(old, &err) : json_object();
    json_t *more = hk_json_parse(added, &err);
    if (all == NULL || more == NULL || json_object_update(all, more) != 0) {
        json_decref(all);
        json_decref(more);
        return added;
    }
    char *text = hk_json_dump(all);
    struct hk_str copy = hk_arena_str(arena, hk_str_from(text));
    free(text);
    json_decref(all);
    json_decref(more);
    return copy;
}

static bool run_update(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct update *u = write->data;
    struct found found;
    if (!find(db, write->req, &found, err)) {
        return false;
    }
    struct hk_assessment *a = &found.assessment;
    if (u->has_expectation && strcmp(a->kind, "expectation") != 0) {
        return hk_error_set(err, HK_INVALID, "Cannot update expectation value on a Feedback assessment.");
    }
    if (u->has_feedback && strcmp(a->kind, "feedback") != 0) {
        return hk_error_set(err, HK_INVALID, "Cannot update feedback value on an Expectation assessment.");
    }
    a->name = u->has_name ? u->said.name : a->name;
    a->content = u->has_feedback || u->has_expectation ? u->said.content : a->content;
    a->rationale = u->has_rationale ? u->said.rationale : a->rationale;
    a->metadata = u->added.data != NULL ? merge(write->req->arena, a->metadata, u->added) : a->metadata;
    a->updated_ms = u->now_ms;
    if (!hk_store_assessment_update(db, a, err)) {
        return false;
    }
    answer_assessment(write->res, a, hk_str_from(found.trace.trace_id));
    return true;
}

/* "assessmentName,feedback": a FieldMask in JSON. */
static void read_mask(struct hk__ml_arguments *args, struct update *u, bool *has_metadata)
{
    struct hk_str mask = hk__ml_string(args, "update_mask", HK__ML_REQUIRED);
    struct hk_str path;
    while (hk_str_next(&mask, ',', &path)) {
        if (hk_str_is(path, "assessmentName") || hk_str_is(path, "assessment_name")) {
            u->has_name = true;
        } else if (hk_str_is(path, "feedback")) {
            u->has_feedback = true;
        } else if (hk_str_is(path, "expectation")) {
            u->has_expectation = true;
        } else if (hk_str_is(path, "rationale")) {
            u->has_rationale = true;
        } else if (hk_str_is(path, "metadata")) {
            *has_metadata = true;
        } else {
            hk__ml_mistake(args, "The update_mask names '%.*s', which cannot be changed.", HK_STR_ARG(path));
        }
    }
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct update *u = hk_arena_alloc(req->arena, sizeof *u);
    struct hk__ml_arguments args;
    bool has_metadata = false;
    hk__ml_arguments_open(&args, req);
    const json_t *object = hk__ml_object(&args, "assessment", HK__ML_REQUIRED);
    read_mask(&args, u, &has_metadata);
    u->now_ms = hk__ml_now_ms(hk__ml(req));
    if (u->has_feedback && u->has_expectation) {
        hk__ml_mistake(&args, "Cannot specify both `expectation` and `feedback` parameters.");
    }
    if (object != NULL) {
        u->said = hk__ml_read_changes(&args, object);
    }
    if ((u->has_feedback || u->has_expectation) && u->said.content.data == NULL) {
        hk__ml_mistake(&args, "The update_mask names a value that the assessment does not have.");
    }
    u->added = has_metadata ? u->said.metadata : (struct hk_str){0};
    hk__ml_write_with(&args, res, u, run_update);
}

/* ---- delete ---- */

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct hk_str id = hk_request_path(write->req, "assessment_id");
    struct hk_trace trace;
    struct hk_assessment a;
    bool has = false;
    hk__ml_empty(write->res);
    return hk_store_trace_get(db, hk_request_path(write->req, "trace_id"), write->req->arena, &trace, err) &&
           hk_store_assessment_find(db, trace.trace_key, id, write->req->arena, &a, &has, err) &&
           (!has || hk_store_assessment_delete(db, trace.trace_key, &a, err));
}

static void delete_one(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_write_begin(req, res, NULL, run_delete);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, ASSESSMENTS, HK_ROLE_USER, create},
    {HK_METHOD_GET, ASSESSMENTS "/{assessment_id}", HK_ROLE_VIEWER, get},
    {HK_METHOD_PATCH, ASSESSMENTS "/{assessment_id}", HK_ROLE_USER, update},
    {HK_METHOD_DELETE, ASSESSMENTS "/{assessment_id}", HK_ROLE_USER, delete_one},
};

const struct hk__ml_table hk__ml_assessments_table = HK__ML_TABLE(routes);
