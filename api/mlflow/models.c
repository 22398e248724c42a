/* registered-models/{create,get,rename,update,delete,get-latest-versions,set-tag,delete-tag}. */
#include <string.h>

#include "api/http/python_repr.h"
#include "api/mlflow/registry.h"
#include "engine/registry/model_name.h"

/* ---- creating ---- */

struct creation {
    struct hk_model_save save;
    bool is_prompt;
};

/* A model and a prompt cannot have one name: whoever tries is told so. */
static bool fail_taken(struct hk_db *db, struct hk__ml_write *write, int64_t holder, struct hk_error *err)
{
    const struct creation *c = write->data;
    struct hk_str value;
    if (!hk_store_model_tag_get(db, holder, HK_PROMPT_TAG, write->req->arena, &value, err)) {
        return false;
    }
    bool was_prompt = hk_prompt_tag_says_yes(value);
    if (was_prompt == c->is_prompt) {
        return hk__ml_write_fail(write, err, HK__ML_EXISTS, "%s (name=%s) already exists.",
                                 was_prompt ? "Prompt" : "Registered Model", c->save.name);
    }
    struct hk_buf quoted;
    hk_buf_init(&quoted, SIZE_MAX);
    hk_python_repr_text(&quoted, hk_str_from(c->save.name));
    hk__ml_write_fail(write, err, HK__ML_EXISTS,
                      "Tried to create a %s with name %.*s, but the name is already taken by a %s. MLflow does not "
                      "allow creating a model and a prompt with the same name.",
                      c->is_prompt ? "prompt" : "registered model", (int)quoted.len, quoted.data,
                      was_prompt ? "prompt" : "registered model");
    hk_buf_clear(&quoted);
    return false;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct creation *c = write->data;
    int64_t key = 0;
    if (!hk_store_model_create(db, &c->save, &key, err)) {
        return err->code == HK_CONFLICT ? fail_taken(db, write, key, err) : false;
    }
    return hk__ml_answer_model(db, c->save.name, write->req->arena, write->res, err);
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct creation *c = hk_arena_alloc(req->arena, sizeof *c);
    hk__ml_arguments_open(&args, req);
    struct hk_str name = hk__ml_string(&args, "name", HK__ML_REQUIRED);
    struct hk_model_tag *tags = hk__ml_model_tags(&args, &c->save.tag_count);
    c->save.description = hk__ml_string(&args, "description", HK__ML_OPTIONAL);
    c->save.name = name.data;
    c->save.tags = tags;
    c->save.now_ms = hk__ml_now_ms(hk__ml(req));
    c->is_prompt = hk__ml_tags_say_prompt(tags, c->save.tag_count);
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, name, "name"));
    hk__ml_check_model_tags(&args, tags, c->save.tag_count, false);
    hk__ml_write_with(&args, res, c, run_create);
}

/* ---- reading ---- */

static bool read_model(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    const struct hk__ml_model_call *call = data;
    return res->is_lasting = hk__ml_answer_model(db, call->name, req->arena, res, err);
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME);
    if (hk__ml_model_call_check(&args, call, HK__ML_CALL_NAME, res)) {
        hk__ml_read(req, res, read_model, call);
        hk__ml_arguments_close(&args);
    }
}

struct latest_call {
    const char *name;
    unsigned stages; /* a bit for each that is asked for */
};

static bool read_latest(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                        struct hk_error *err)
{
    const struct latest_call *call = data;
    struct hk_model_row model;
    struct hk__ml_latest latest;
    if (!hk_store_model_get(db, call->name, req->arena, &model, err) ||
        !hk__ml_find_latest(db, &model, req->arena, &latest, err)) {
        return false;
    }
    struct hk_json w;
    bool ok = true;
    bool has_begun = false;
    res->is_lasting = req->method == HK_METHOD_GET;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    for (size_t i = 0; i < latest.count && ok; i++) {
        if ((call->stages & (1u << latest.versions[i].stage)) == 0) {
            continue;
        }
        if (!has_begun) {
            hk_json_key(&w, "model_versions");
            hk_json_begin_array(&w);
            has_begun = true;
        }
        ok = hk__ml_write_version(&w, db, &latest.versions[i], true, err);
    }
    if (has_begun) {
        hk_json_end_array(&w);
    }
    hk_json_end_object(&w);
    return ok;
}

/* The index-th stage that is asked for; false: there are no more. */
static bool stage_at(const struct hk_request *req, const json_t *array, size_t index, struct hk_str *out)
{
    if (req->method == HK_METHOD_GET) {
        return hk_request_query_at(req, "stages", index, out);
    }
    const json_t *item = json_array_get(array, index);
    *out = (struct hk_str){json_string_value(item), json_string_length(item)};
    return item != NULL;
}

static unsigned read_stages(struct hk__ml_arguments *args)
{
    const json_t *array = args->req->method == HK_METHOD_GET ? NULL : hk__ml_array(args, "stages", HK__ML_OPTIONAL);
    unsigned stages = 0;
    struct hk_str name;
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i))) {
            hk__ml_wrong_type(args, "stages", array);
            return 0;
        }
    }
    for (size_t i = 0; stage_at(args->req, array, i, &name); i++) {
        enum hk_model_stage stage = HK_STAGE_NONE;
        if (!hk_model_stage_find(name, &stage)) {
            hk__ml_refuse(args, hk_model_stage_mistake(args->req->arena, name));
        }
        stages |= 1u << stage;
    }
    return stages != 0 ? stages : (1u << HK_STAGE_DELETED) - 1;
}

static void get_latest_versions(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    struct hk_str name = hk__ml_string(&args, "name", HK__ML_REQUIRED);
    struct latest_call call = {.name = name.data};
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, name, "name"));
    call.stages = read_stages(&args);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_latest, &call);
        hk__ml_arguments_close(&args);
    }
}

/* ---- changing ---- */

static bool run_update(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    struct hk_model_row model;
    return hk_store_model_get(db, call->name, write->req->arena, &model, err) &&
           hk_store_model_describe(db, model.key, call->value, call->now_ms, err) &&
           hk__ml_answer_model(db, call->name, write->req->arena, write->res, err);
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME);
    call->value = hk__ml_string(&args, "description", HK__ML_OPTIONAL);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_NAME, run_update);
}

static bool run_promotion(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    bool applied = false;
    hk__ml_empty(write->res);
    if (!hk__ml_promote(db, write, &call->promotion, &applied, err)) {
        return false;
    }
    if (!applied || call->promotion.kind != HK_PROMOTE_MODEL_RENAME) {
        return true;
    }
    hk_buf_reset(&write->res->body);
    return hk__ml_answer_model(db, call->promotion.new_name, write->req->arena, write->res, err);
}

static void rename_model(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME);
    struct hk_str name = hk__ml_string(&args, "new_name", HK__ML_REQUIRED);
    call->promotion.kind = HK_PROMOTE_MODEL_RENAME;
    call->promotion.new_name = name.data;
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, name, "new_name"));
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_NAME, run_promotion);
}

static void delete_model(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_NAME);
    call->promotion.kind = HK_PROMOTE_MODEL_DELETE;
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_NAME, run_promotion);
}

static bool run_set_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    const struct hk_model_tag tag = {call->key.data, call->value};
    struct hk_model_row model;
    hk__ml_empty(write->res);
    return hk_store_model_get(db, call->name, write->req->arena, &model, err) &&
           hk_store_model_tag_set(db, model.key, &tag, err) && hk__ml_tell_tag(db, call, model.key, true, err);
}

static void set_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_KEY);
    call->value = hk__ml_string(&args, "value", HK__ML_OPTIONAL);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_KEY, run_set_tag);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    struct hk_model_row model;
    hk__ml_empty(write->res);
    return hk_store_model_get(db, call->name, write->req->arena, &model, err) &&
           hk_store_model_tag_delete(db, model.key, call->key.data, err) &&
           hk__ml_tell_tag(db, call, model.key, false, err);
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_KEY);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_KEY, run_delete_tag);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/registered-models/create", HK_ROLE_USER, create, NULL},
    {HK_METHOD_GET, "2.0/mlflow/registered-models/get", HK_ROLE_VIEWER, get, NULL},
    {HK_METHOD_PATCH, "2.0/mlflow/registered-models/update", HK_ROLE_USER, update, NULL},
    {HK_METHOD_POST, "2.0/mlflow/registered-models/rename", HK_ROLE_USER, rename_model, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/registered-models/delete", HK_ROLE_USER, delete_model, NULL},
    {HK_METHOD_GET, "2.0/mlflow/registered-models/get-latest-versions", HK_ROLE_VIEWER, get_latest_versions, NULL},
    {HK_METHOD_POST, "2.0/mlflow/registered-models/get-latest-versions", HK_ROLE_VIEWER, get_latest_versions, NULL},
    {HK_METHOD_POST, "2.0/mlflow/registered-models/set-tag", HK_ROLE_USER, set_tag, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/registered-models/delete-tag", HK_ROLE_USER, delete_tag, NULL},
};

const struct hk__ml_table hk__ml_models_table = HK__ML_TABLE(routes);
