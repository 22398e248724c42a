/* Promotion policies: hanok's own, in the manner of the paths around them. */
#include <stdlib.h>

#include "api/mlflow/gate_calls.h"
#include "dags/read_policy.h"
#include "engine/store/policy_store.h"

struct call {
    const char *name;
    int64_t version;
    struct hk_read_policy read;
    const char *actor;
    int64_t now_us;
};

static void write_policy(struct hk_json *w, const struct hk_policy_row *row)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "name", row->policy.name);
    hk_json_kv_int(w, "version", row->policy.version);
    hk_json_kv_text(w, "model", row->policy.model);
    hk_json_key(w, "target");
    hk__ml_write_target(w, &row->policy.target);
    hk_json_kv_text(w, "removal", row->policy.removal_role);
    hk_json_kv_raw(w, "policy", hk_str_from(row->document_json));
    hk_json_kv_text(w, "bundle", row->bundle);
    hk_json_kv_text(w, "file", row->file);
    hk_json_kv_text(w, "user_id", row->actor);
    hk_json_kv_int(w, "creation_timestamp", row->created_us / HK_MS_US);
    hk_json_kv_bool(w, "is_deleted", row->is_deleted);
    hk_json_end_object(w);
}

static void write_list(struct hk_response *res, const struct hk_policy_rows *rows)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "policies");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < rows->count; i++) {
        write_policy(&w, &rows->items[i]);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
}

static bool answer_policy(struct hk_db *db, struct hk_response *res, const struct call *call, struct hk_arena *arena,
                          struct hk_error *err)
{
    struct hk_policy_row row;
    struct hk_json w;
    if (!hk_store_policy_get(db, call->name, call->version, arena, &row, err)) {
        return false;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "policy");
    write_policy(&w, &row);
    hk_json_end_object(&w);
    return true;
}

static bool read_list(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    struct hk_policy_rows rows;
    (void)data;
    if (!hk_store_policy_list(db, req->arena, &rows, err)) {
        return false;
    }
    write_list(res, &rows);
    return true;
}

static void list(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_read(req, res, read_list, NULL);
}

static bool read_one(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                     struct hk_error *err)
{
    return answer_policy(db, res, data, req->arena, err);
}

static bool read_history(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                         struct hk_error *err)
{
    const struct call *call = data;
    struct hk_policy_rows rows;
    if (!hk_store_policy_history(db, call->name, req->arena, &rows, err)) {
        return false;
    }
    if (rows.count == 0) {
        return hk_error_set(err, HK_NOT_FOUND, "Promotion policy with name=%.200s not found", call->name);
    }
    write_list(res, &rows);
    return true;
}

static void read_named(const struct hk_request *req, struct hk_response *res,
                       bool (*fn)(struct hk_db *, const struct hk_request *, struct hk_response *, void *,
                                  struct hk_error *))
{
    struct hk__ml_arguments args;
    struct call call = {0};
    hk__ml_arguments_open(&args, req);
    call.name = hk__ml_string(&args, "name", HK__ML_REQUIRED).data;
    call.version = hk__ml_int(&args, "version", HK__ML_OPTIONAL, 0);
    hk__ml_read_with(&args, res, fn, &call);
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    read_named(req, res, read_one);
}

static void history(const struct hk_request *req, struct hk_response *res)
{
    read_named(req, res, read_history);
}

static bool run_set(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct call *call = write->data;
    const struct hk_policy_save save = {.policy = &call->read.policy,
                                        .document_json = call->read.document,
                                        .actor = call->actor,
                                        .now_us = call->now_us};
    return hk_store_policy_set(db, &save, &call->version, err) &&
           answer_policy(db, write->res, call, write->req->arena, err);
}

/* The policy as an object, read as a file's would be; or its YAML as a text, whose lines mistakes are then told by. */
static void set(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call *call = hk_arena_alloc(req->arena, sizeof *call);
    struct hk_error err;
    hk__ml_arguments_open(&args, req);
    struct hk_str yaml = hk__ml_string(&args, "policy_yaml", HK__ML_OPTIONAL);
    const json_t *object = hk__ml_object(&args, "policy", yaml.data == NULL ? HK__ML_REQUIRED : HK__ML_OPTIONAL);
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    char *text = yaml.data == NULL ? hk_json_dump(object) : NULL;
    struct hk_str document = text != NULL ? hk_arena_str(req->arena, hk_str_from(text)) : yaml;
    free(text);
    hk__ml_arguments_close(&args);
    call->actor = hk__ml_actor(req);
    call->now_us = hk_clock_wall_us(hk__ml(req)->options.clock);
    if (!hk_read_policy(req->arena, document, "policy", &call->read, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    call->name = call->read.policy.name;
    const struct hk__ml_write write = {.data = call, .run = run_set};
    hk__ml_write_then(req, res, &write);
}

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct call *call = write->data;
    hk__ml_empty(write->res);
    return hk_store_policy_delete(db, call->name, call->actor, call->now_us, err);
}

static void delete_policy(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct call *call = hk_arena_alloc(req->arena, sizeof *call);
    hk__ml_arguments_open(&args, req);
    call->name = hk__ml_string(&args, "name", HK__ML_REQUIRED).data;
    call->actor = hk__ml_actor(req);
    call->now_us = hk_clock_wall_us(hk__ml(req)->options.clock);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        const struct hk__ml_write write = {.data = call, .run = run_delete};
        hk__ml_write_then(req, res, &write);
    }
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "2.0/mlflow/promotion-policies/list", HK_ROLE_VIEWER, list, NULL},
    {HK_METHOD_GET, "2.0/mlflow/promotion-policies/get", HK_ROLE_VIEWER, get, NULL},
    {HK_METHOD_GET, "2.0/mlflow/promotion-policies/history", HK_ROLE_VIEWER, history, NULL},
    {HK_METHOD_POST, "2.0/mlflow/promotion-policies/set", HK_ROLE_OP, set, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/promotion-policies/delete", HK_ROLE_OP, delete_policy, NULL},
};

const struct hk__ml_table hk__ml_policies_table = HK__ML_TABLE(routes);
