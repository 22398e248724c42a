/* registered-models/alias: GET, POST, DELETE. */
#include "api/mlflow/registry.h"
#include "engine/registry/model_name.h"
#include "engine/store/model_alias_store.h"

bool hk__ml_find_by_alias(struct hk_db *db, const struct hk_request *req, const struct hk_model_row *model,
                          struct hk_str alias, struct hk_model_version_row *out, bool *found, struct hk_error *err)
{
    int64_t number = 0;
    if (hk_model_alias_is_latest(alias)) {
        return hk_store_model_version_latest(db, model, HK_STAGE_COUNT, req->arena, out, &number, found, err);
    }
    *found = false;
    if (!hk_store_alias_holder(db, model->key, alias.data, &number, err)) {
        return false;
    }
    *found = number != 0;
    return number == 0 || hk_store_model_version_get(db, model->name, number, req->arena, out, err);
}

struct alias_call {
    struct hk__ml_model_call *call;
    struct hk_str alias;
};

static bool read_holder(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                        struct hk_error *err)
{
    struct alias_call *a = data;
    struct hk_model_row model;
    struct hk_model_version_row version;
    bool found = false;
    if (!hk_store_model_get(db, a->call->name, req->arena, &model, err) ||
        !hk__ml_find_by_alias(db, req, &model, a->alias, &version, &found, err)) {
        return false;
    }
    if (found) {
        return res->is_lasting = hk__ml_answer_version(db, version.model, version.version, req->arena, res, err);
    }
    if (hk_model_alias_is_latest(a->alias)) {
        hk__ml_fail(res, HK__ML_NOT_THERE, "Latest version not found for model %s.", a->call->name);
    } else {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, "Registered model alias %.*s not found.", HK_STR_ARG(a->alias));
    }
    return true;
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct alias_call a = {.call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME)};
    a.alias = hk__ml_string(&args, "alias", HK__ML_REQUIRED);
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, hk_str_from(a.call->name), "name"));
    hk__ml_refuse(&args, hk_model_alias_mistake(req->arena, a.alias));
    if (hk__ml_model_call_check(&args, a.call, HK__ML_CALL_NAME, res)) {
        hk__ml_read(req, res, read_holder, &a);
        hk__ml_arguments_close(&args);
    }
}

static bool run_promotion(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    bool applied = false;
    hk__ml_empty(write->res);
    return hk__ml_promote(db, write, &call->promotion, &applied, err);
}

static void set_alias(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION);
    struct hk_str alias = hk__ml_string(&args, "alias", HK__ML_REQUIRED);
    call->promotion.kind = HK_PROMOTE_ALIAS;
    call->promotion.alias = alias.data;
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, hk_str_from(call->name), "name"));
    hk__ml_refuse(&args, hk_model_alias_mistake(req->arena, alias));
    hk__ml_refuse(&args, hk_model_alias_reserved(req->arena, alias));
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_VERSION, run_promotion);
}

static void delete_alias(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME);
    struct hk_str alias = hk__ml_string(&args, "alias", HK__ML_REQUIRED);
    call->promotion.kind = HK_PROMOTE_ALIAS_DELETE;
    call->promotion.alias = alias.data;
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, hk_str_from(call->name), "name"));
    hk__ml_refuse(&args, hk_model_alias_mistake(req->arena, alias));
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_NAME, run_promotion);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "2.0/mlflow/registered-models/alias", HK_ROLE_VIEWER, get, NULL},
    {HK_METHOD_POST, "2.0/mlflow/registered-models/alias", HK_ROLE_USER, set_alias, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/registered-models/alias", HK_ROLE_USER, delete_alias, NULL},
};

const struct hk__ml_table hk__ml_aliases_table = HK__ML_TABLE(routes);
