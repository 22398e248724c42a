/* Transition requests, with the shapes of Databricks; "alias" may stand where they have "stage". */
#include "api/mlflow/gate_calls.h"
#include "engine/registry/model_name.h"
#include "engine/store/promotion_request_store.h"

#include <string.h>

struct call {
    struct hk_promotion promotion;
    struct hk_promotion_result result;
    const char *from_stage; /* of the version before the call */
};

static const char *activity_type(const char *state)
{
    static const char *const types[][2] = {{"open", "REQUESTED_TRANSITION"}, {"applied", "APPLIED_TRANSITION"},
                                           {"rejected", "REJECTED_REQUEST"}, {"cancelled", "CANCELLED_REQUEST"},
                                           {"failed", "SYSTEM_TRANSITION"},  {"superseded", "SYSTEM_TRANSITION"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i][0], state) == 0) {
            return types[i][1];
        }
    }
    return "NEW_COMMENT";
}

/* What else there is to tell of a request than its row. */
struct telling {
    const char *from_stage;
    const char *type;                  /* NULL: by its state */
    const char *user;                  /* who has done it; NULL: who asked */
    const char *comment;               /* likewise */
    struct hk_request_actions actions; /* of the caller */
};

static void write_request(struct hk_json *w, const struct hk_request_row *r, const struct telling *t)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "id", r->id);
    hk_json_kv_int(w, "creation_timestamp", r->created_us / HK_MS_US);
    hk_json_kv_int(w, "last_updated_timestamp", r->updated_us / HK_MS_US);
    hk_json_kv_text(w, "user_id", t->user != NULL ? t->user : r->creator);
    hk_json_kv_text(w, "activity_type", t->type != NULL ? t->type : activity_type(r->state));
    hk_json_kv_text(w, "state", r->state);
    hk_json_kv_text(w, "comment", t->user != NULL ? t->comment : r->comment);
    hk_json_kv_text(w, "system_comment", r->message);
    hk_json_kv_text(w, "from_stage", t->from_stage);
    hk_json_kv_text(w, r->target.kind == HK_TARGET_STAGE ? "to_stage" : "to_alias", r->target.name);
    hk_json_key(w, "available_actions");
    hk_json_begin_array(w);
    if (t->actions.approve) {
        hk_json_text(w, "APPROVE_TRANSITION_REQUEST");
    }
    if (t->actions.reject) {
        hk_json_text(w, "REJECT_TRANSITION_REQUEST");
    }
    if (t->actions.cancel) {
        hk_json_text(w, "CANCEL_TRANSITION_REQUEST");
    }
    hk_json_end_array(w);
    hk_json_end_object(w);
}

/* What the caller may do about it; a task's token decides about nothing. */
static bool find_actions(struct hk_db *db, const struct hk_request *req, const struct hk_request_row *row,
                         struct hk_request_actions *out, struct hk_error *err)
{
    struct hk_promotion by = {0};
    hk__ml_promotion_by(req, &by);
    if (!hk_promotion_actions(db, row, by.actor, by.role, req->arena, out, err)) {
        return false;
    }
    out->approve = out->approve && req->caller.role != HK_ROLE_TASK;
    out->reject = out->reject && req->caller.role != HK_ROLE_TASK;
    return true;
}

/* ---- list ---- */

static bool read_list(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    const struct call *call = data;
    struct hk_model_version_row version;
    struct hk_request_rows rows;
    struct hk_json w;
    if (!hk_store_model_version_get(db, call->promotion.model, call->promotion.version, req->arena, &version, err) ||
        !hk_store_requests_of_version(db, version.key, req->arena, &rows, err)) {
        return false;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "requests");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < rows.count; i++) {
        struct telling t = {.from_stage = hk_model_stage_name(version.stage)};
        if (strcmp(rows.items[i].state, "open") != 0) {
            continue;
        }
        if (!find_actions(db, req, &rows.items[i], &t.actions, err)) {
            return false;
        }
        write_request(&w, &rows.items[i], &t);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
    return true;
}

/* ---- what changes them ---- */

/* DELETE has its arguments in the query, as Databricks' has, or in a body as all of MLflow's have. */
static struct call *open_call(struct hk__ml_arguments *args, const struct hk_request *req, bool has_target)
{
    struct call *call = hk_arena_alloc(req->arena, sizeof *call);
    hk__ml_arguments_open(args, req);
    if (req->method == HK_METHOD_DELETE && req->body.len == 0) {
        hk__ml_arguments_close(args);
    }
    call->promotion.model = hk__ml_string(args, "name", HK__ML_REQUIRED).data;
    struct hk_str version = hk__ml_string(args, "version", HK__ML_REQUIRED);
    if (version.data != NULL) {
        hk__ml_refuse(args, hk_model_version_read(req->arena, version, &call->promotion.version));
    }
    if (has_target) {
        hk__ml_target_argument(args, &call->promotion);
        call->promotion.comment = hk__ml_string(args, "comment", HK__ML_OPTIONAL).data;
        call->promotion.archive_existing = hk__ml_bool(args, "archive_existing_versions", false);
    }
    return call;
}

static void list(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call *call = open_call(&args, req, false);
    hk__ml_read_with(&args, res, read_list, call);
}

/* Which stage the version comes from, before anything moves it. */
static bool note_stage(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    struct hk_model_version_row version;
    if (!hk_store_model_version_get(db, call->promotion.model, call->promotion.version, write->req->arena, &version,
                                    err)) {
        return false;
    }
    call->from_stage = hk_model_stage_name(version.stage);
    return true;
}

/* The newest request of the call's version and target; *found false: nothing had to be waited for. */
static bool find_newest(struct hk_db *db, struct hk__ml_write *write, struct hk_request_row *out, bool *found,
                        struct hk_error *err)
{
    const struct call *call = write->data;
    const struct hk_promotion *p = &call->promotion;
    struct hk_model_version_row version;
    struct hk_request_rows rows;
    const struct hk_target target = p->kind == HK_PROMOTE_STAGE
                                        ? (struct hk_target){HK_TARGET_STAGE, hk_model_stage_name(p->stage)}
                                        : (struct hk_target){HK_TARGET_ALIAS, p->alias};
    *found = false;
    *out = (struct hk_request_row){.creator = p->actor,
                                   .comment = p->comment,
                                   .state = "applied",
                                   .target = target,
                                   .created_us = p->now_us,
                                   .updated_us = p->now_us};
    if (!hk_store_model_version_get(db, p->model, p->version, write->req->arena, &version, err) ||
        !hk_store_requests_of_version(db, version.key, write->req->arena, &rows, err)) {
        return false;
    }
    for (size_t i = rows.count; i > 0 && !*found; i--) {
        const struct hk_request_row *row = &rows.items[i - 1];
        *found = row->target.kind == target.kind && strcmp(row->target.name, target.name) == 0;
        *out = *found ? *row : *out;
    }
    return true;
}

/* {"request": ...} or {"activity": ...}: the request as it is now, and what was done about it by whom. */
static bool answer(struct hk_db *db, struct hk__ml_write *write, const char *member, const char *type,
                   struct hk_error *err)
{
    const struct call *call = write->data;
    struct hk_request_row row;
    struct telling t = {.from_stage = call->from_stage, .type = type};
    struct hk_json w;
    bool found = false;
    if (!find_newest(db, write, &row, &found, err) || (found && !find_actions(db, write->req, &row, &t.actions, err))) {
        return false;
    }
    if (strcmp(member, "activity") == 0) {
        t.user = call->promotion.actor;
        t.comment = call->promotion.comment;
    }
    hk_buf_reset(&write->res->body);
    hk_json_init(&w, &write->res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, member);
    write_request(&w, &row, &t);
    hk_json_end_object(&w);
    return true;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    call->promotion.is_request = true;
    if (!hk__ml_may_open(db, write, &call->promotion, err) || !note_stage(db, write, err)) {
        return false;
    }
    if (!hk_promotion_apply(db, &call->promotion, write->req->arena, &call->result, err)) {
        hk__ml_promotion_lost(write, &call->promotion, err);
        return false;
    }
    if (call->result.outcome == HK_PROMOTION_REFUSED) {
        hk__ml_fail(write->res, HK__ML_DENIED, "%s", call->result.message);
        return true;
    }
    return answer(db, write, "request", NULL, err);
}

static bool run_approve(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    return note_stage(db, write, err) &&
           hk_promotion_approve(db, &call->promotion, write->req->arena, &call->result, err) &&
           answer(db, write, "activity", "APPROVED_REQUEST", err);
}

static bool run_reject(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    return note_stage(db, write, err) && hk_promotion_reject(db, &call->promotion, write->req->arena, err) &&
           answer(db, write, "activity", NULL, err);
}

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    return note_stage(db, write, err) && hk_promotion_cancel(db, &call->promotion, write->req->arena, err) &&
           answer(db, write, "activity", NULL, err);
}

/* As transition-stage of the open-source server, with a comment, and an answer of another name. */
static bool run_transition(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    struct hk_model_version_row version;
    struct hk_json w;
    bool applied = false;
    if (!hk__ml_promote(db, write, &call->promotion, &applied, err)) {
        return false;
    }
    if (!applied) {
        return true;
    }
    if (!hk_store_model_version_get(db, call->promotion.model, call->promotion.version, write->req->arena, &version,
                                    err)) {
        return false;
    }
    hk_buf_reset(&write->res->body);
    hk_json_init(&w, &write->res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "model_version_databricks");
    bool ok = hk__ml_write_version(&w, db, &version, true, err);
    hk_json_end_object(&w);
    return ok;
}

static void begin(const struct hk_request *req, struct hk_response *res,
                  bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    struct hk__ml_arguments args;
    struct call *call = open_call(&args, req, true);
    if (run == run_transition && call->promotion.kind != HK_PROMOTE_STAGE) {
        hk__ml_mistake(&args, "This is about stages; 'stage' is needed.");
    }
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        hk__ml_promotion_begin(req, res, &call->promotion, call, run);
    }
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    begin(req, res, run_create);
}

/* Tasks may ask for a promotion, and take back what they have asked for. */
static void decide(const struct hk_request *req, struct hk_response *res,
                   bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    if (req->caller.role == HK_ROLE_TASK) {
        hk__ml_fail(res, HK__ML_DENIED,
                    "A task's token decides about no transition request; that is for people, with a name and a "
                    "password of their own.");
        return;
    }
    begin(req, res, run);
}

static void approve(const struct hk_request *req, struct hk_response *res)
{
    decide(req, res, run_approve);
}

static void reject(const struct hk_request *req, struct hk_response *res)
{
    decide(req, res, run_reject);
}

static void delete_request(const struct hk_request *req, struct hk_response *res)
{
    begin(req, res, run_delete);
}

static void transition(const struct hk_request *req, struct hk_response *res)
{
    begin(req, res, run_transition);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "2.0/mlflow/transition-requests/list", HK_ROLE_VIEWER, list, NULL},
    {HK_METHOD_POST, "2.0/mlflow/transition-requests/create", HK_ROLE_USER, create, NULL},
    {HK_METHOD_POST, "2.0/mlflow/transition-requests/approve", HK_ROLE_USER, approve, NULL},
    {HK_METHOD_POST, "2.0/mlflow/transition-requests/reject", HK_ROLE_USER, reject, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/transition-requests/delete", HK_ROLE_USER, delete_request, NULL},
    {HK_METHOD_POST, "2.0/mlflow/databricks/model-versions/transition-stage", HK_ROLE_USER, transition, NULL},
};

const struct hk__ml_table hk__ml_requests_table = HK__ML_TABLE(routes);
