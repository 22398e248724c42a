/* What would happen, what has happened, and the way back. */
#include "api/mlflow/artifact_answer.h"
#include "api/mlflow/gate_calls.h"
#include "api/mlflow/model_files.h"
#include "engine/base/limits.h"
#include "engine/registry/model_name.h"
#include "engine/store/promotion_audit_store.h"

struct call {
    struct hk_promotion promotion;
    struct hk_artifact_facts files;
    int64_t before;
    int64_t limit;
    int64_t last;
    struct hk_json w;
    struct hk_db *db;
    struct hk_error *err;
    bool ok;
};

/* ---- gates:evaluate ---- */

static bool evaluate(struct hk_db *db, const struct hk_request *req, struct hk_response *res, struct call *call,
                     struct hk_error *err)
{
    const struct hk_promotion *p = &call->promotion;
    struct hk_promotion_preview preview;
    struct hk_json w;
    if (!hk_promotion_preview(db, p, req->arena, &preview, err)) {
        return false;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "name", p->model);
    hk_json_kv_int(&w, "version", p->version);
    hk_json_key(&w, "target");
    const struct hk_target target = p->kind == HK_PROMOTE_STAGE
                                        ? (struct hk_target){HK_TARGET_STAGE, hk_model_stage_name(p->stage)}
                                        : (struct hk_target){HK_TARGET_ALIAS, p->alias};
    hk__ml_write_target(&w, &target);
    hk_json_key(&w, "holder");
    if (preview.holder != 0) {
        hk_json_int(&w, preview.holder);
    } else {
        hk_json_null(&w);
    }
    hk_json_kv_text(&w, "request_id", preview.request_id);
    hk__ml_write_verdict(&w, &preview.verdict);
    hk_json_end_object(&w);
    return true;
}

/* On a thread that may wait: files are looked at as they would be. */
static void evaluate_later(const struct hk_request *req, struct hk_response *res, void *data)
{
    struct call *call = data;
    struct hk_model_version_row version;
    struct hk_policy_list policies;
    struct hk_db *db = NULL;
    struct hk_error err;
    bool asks_checksums = false;
    if (!hk_store_reader_take(hk__ml(req)->options.store, &db, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    bool ok =
        hk_store_model_version_get(db, call->promotion.model, call->promotion.version, req->arena, &version, &err) &&
        hk_store_policies_for(db, call->promotion.model, NULL, req->arena, &policies, &err);
    if (ok && hk_policies_ask_files(&policies, &asks_checksums)) {
        hk_model_files_look(hk__ml(req)->options.artifacts, db, &version, asks_checksums, req->arena, &call->files);
        call->promotion.artifacts = &call->files;
    }
    ok = ok && evaluate(db, req, res, call, &err);
    hk_store_reader_give(hk__ml(req)->options.store, db);
    if (!ok) {
        hk__ml_fail_error(res, &err);
    }
}

static struct call *open_call(struct hk__ml_arguments *args, const struct hk_request *req, bool has_version)
{
    struct call *call = hk_arena_alloc(req->arena, sizeof *call);
    hk__ml_arguments_open(args, req);
    call->promotion.model = hk__ml_string(args, "name", HK__ML_REQUIRED).data;
    if (has_version) {
        struct hk_str version = hk__ml_string(args, "version", HK__ML_REQUIRED);
        if (version.data != NULL) {
            hk__ml_refuse(args, hk_model_version_read(req->arena, version, &call->promotion.version));
        }
    }
    hk__ml_target_argument(args, &call->promotion);
    call->promotion.comment = hk__ml_string(args, "comment", HK__ML_OPTIONAL).data;
    hk__ml_promotion_by(req, &call->promotion);
    return call;
}

static void evaluate_gates(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call *call = open_call(&args, req, true);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        hk__ml_later(req, res, evaluate_later, call);
    }
}

/* ---- gates:rollback ---- */

static bool run_rollback(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    int64_t version = 0;
    if (!hk_promotion_rollback(db, &call->promotion, write->req->arena, &version, err)) {
        return false;
    }
    return hk__ml_answer_version(db, call->promotion.model, version, write->req->arena, write->res, err);
}

static void roll_back(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call *call = open_call(&args, req, false);
    hk__ml_write_with(&args, res, call, run_rollback);
}

/* ---- the audit trail ---- */

static void write_rule(void *arg, const struct hk_promotion_audit_rule *rule)
{
    struct call *call = arg;
    hk_json_begin_object(&call->w);
    hk_json_kv_text(&call->w, "policy", rule->policy);
    hk_json_kv_int(&call->w, "policy_version", rule->policy_version);
    hk_json_kv_text(&call->w, "kind", rule->kind);
    hk_json_kv_text(&call->w, "rule", rule->rule);
    hk_json_kv_text(&call->w, "outcome", rule->outcome);
    hk_json_kv_text(&call->w, "measured", rule->measured);
    hk_json_kv_text(&call->w, "threshold", rule->threshold);
    hk_json_kv_text(&call->w, "sentence", rule->sentence);
    hk_json_end_object(&call->w);
}

static void write_number(struct hk_json *w, const char *key, int64_t value)
{
    hk_json_key(w, key);
    if (value != 0) {
        hk_json_int(w, value);
    } else {
        hk_json_null(w);
    }
}

static bool write_decision(void *arg, const struct hk_promotion_audit *audit)
{
    struct call *call = arg;
    struct hk_json *w = &call->w;
    hk_json_begin_object(w);
    hk_json_kv_int(w, "id", audit->key);
    hk_json_kv_int(w, "timestamp", audit->happened_us / HK_MS_US);
    hk_json_kv_text(w, "action", audit->action);
    hk_json_kv_text(w, "outcome", audit->outcome);
    hk_json_kv_text(w, "name", audit->model);
    write_number(w, "version", audit->version);
    hk_json_key(w, "target");
    if (audit->target != NULL) {
        hk__ml_write_target(w, audit->target);
    } else {
        hk_json_null(w);
    }
    write_number(w, "previous_version", audit->previous_version);
    hk_json_kv_text(w, "user_id", audit->actor);
    hk_json_kv_text(w, "comment", audit->comment);
    hk_json_kv_text(w, "request_id", audit->request_id);
    hk_json_kv_text(w, "message", audit->message);
    hk_json_key(w, "rules");
    hk_json_begin_array(w);
    call->ok = hk_store_promotion_audit_rules(call->db, audit->key, write_rule, call, call->err);
    hk_json_end_array(w);
    hk_json_end_object(w);
    call->last = audit->key;
    call->limit--;
    return call->ok;
}

static bool read_audit(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    struct call *call = data;
    (void)req;
    call->db = db;
    call->err = err;
    call->ok = true;
    hk_json_init(&call->w, &res->body);
    hk_json_begin_object(&call->w);
    hk_json_key(&call->w, "decisions");
    hk_json_begin_array(&call->w);
    if (!hk_store_promotion_audit_list(db, call->promotion.model, call->before, call->limit, write_decision, call,
                                       err) ||
        !call->ok) {
        return false;
    }
    hk_json_end_array(&call->w);
    if (call->limit == 0) { /* a full page: there may be more */
        hk_json_key(&call->w, "next_page_token");
        hk_json_text(&call->w, hk_arena_printf(req->arena, "%lld", (long long)call->last));
    }
    hk_json_end_object(&call->w);
    return true;
}

static void list_audit(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call call = {0};
    hk__ml_arguments_open(&args, req);
    call.promotion.model = hk__ml_string(&args, "name", HK__ML_OPTIONAL).data;
    call.limit = hk__ml_int(&args, "max_results", HK__ML_OPTIONAL, HK_DEFAULT_AUDIT_PAGE);
    if (hk__ml_string(&args, "page_token", HK__ML_OPTIONAL).len > 0) { /* empty: the first page, as everywhere */
        call.before = hk__ml_int(&args, "page_token", HK__ML_OPTIONAL, 0);
    }
    if (call.limit < 1 || call.limit > HK_MAX_AUDIT_PAGE) {
        hk__ml_mistake(&args, "Invalid value for parameter 'max_results': it must be between 1 and %d.",
                       HK_MAX_AUDIT_PAGE);
    }
    hk__ml_read_with(&args, res, read_audit, &call);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/gates:evaluate", HK_ROLE_VIEWER, evaluate_gates, NULL},
    {HK_METHOD_POST, "2.0/mlflow/gates:rollback", HK_ROLE_USER, roll_back, NULL},
    {HK_METHOD_GET, "2.0/mlflow/promotion-audit/list", HK_ROLE_VIEWER, list_audit, NULL},
};

const struct hk__ml_table hk__ml_gates_table = HK__ML_TABLE(routes);
