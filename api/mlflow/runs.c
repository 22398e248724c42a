/* runs/{create,get,update,delete,restore,set-tag,delete-tag,log-parameter,log-model}. */
#include "api/mlflow/tracking.h"
#include "engine/base/clock.h"
#include "engine/tracking/ml_run.h"

#define MODEL_HISTORY "mlflow.log-model.history"

/* What the writes of this file carry; each uses some of it. */
struct change {
    struct hk_str run_uuid;
    int64_t now_ms;
    struct hk_key_value pair;
    struct hk_ml_run_change update;
};

/* {"run": ...} or {"run_info": ...} */
static bool answer_run(struct hk_db *db, struct hk_response *res, const struct hk_ml_run *run, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "run");
    bool ok = hk__ml_write_run(&w, db, run, err);
    hk_json_end_object(&w);
    return ok;
}

/* ---- get ---- */

static bool read_run(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                     struct hk_error *err)
{
    struct hk_ml_run run;
    res->is_lasting = true;
    return hk_store_ml_run_get(db, *(struct hk_str *)data, req->arena, &run, err) && answer_run(db, res, &run, err);
}

static void get_run(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    struct hk_str run_uuid = hk__ml_run_id(&args);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_run, &run_uuid);
        hk__ml_arguments_close(&args);
    }
}

/* ---- create ---- */

struct create {
    int64_t experiment_key;
    const char *user_id;
    int64_t start_ms;
    struct hk_str name;       /* empty: one is made up */
    struct hk__ml_pairs tags; /* with room for one more */
};

static const struct hk_key_value *find_pair(const struct hk__ml_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->len; i++) {
        if (hk_str_is(pairs->items[i].key, key)) {
            return &pairs->items[i];
        }
    }
    return NULL;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct create *c = write->data;
    struct hk_arena *arena = write->req->arena;
    struct hk_experiment experiment;
    char uuid[HK_ML_UUID_SIZE];
    char made_up[HK_ML_RUN_NAME_SIZE];
    if (!hk_store_experiment_get_active(db, c->experiment_key, arena, &experiment, err)) {
        return false;
    }
    hk_ml_uuid(&hk__ml(write->req)->rand, uuid);
    hk_ml_run_name(&hk__ml(write->req)->rand, made_up);
    struct hk_str name = c->name.len > 0 ? c->name : hk_str_from(made_up);
    size_t tag_count = c->tags.len; /* the batch may be run again: c stays as it is */
    if (find_pair(&c->tags, HK_ML_RUN_NAME_TAG) == NULL) {
        c->tags.items[tag_count++] = (struct hk_key_value){HK_STR(HK_ML_RUN_NAME_TAG), name};
    }
    struct hk_ml_run run = {.run_uuid = uuid,
                            .experiment_key = c->experiment_key,
                            .name = name.data,
                            .user_id = c->user_id,
                            .status = "RUNNING",
                            .start_ms = c->start_ms,
                            .end_ms = HK_TIME_NONE,
                            .lifecycle = "active"};
    run.artifact_uri = hk_ml_artifact_uri(arena, hk_str_from(experiment.artifact_location), uuid).data;
    if (!hk__ml_maker(db, write->req, &run.maker_key, err)) {
        return false;
    }
    const struct hk_key_value *commit = find_pair(&c->tags, HK_ML_GIT_COMMIT_TAG);
    run.maker_commit = run.maker_key != 0 && commit != NULL && commit->value.len > 0 ? commit->value.data : NULL;
    if (!hk_store_ml_run_insert(db, &run, c->tags.items, tag_count, err)) {
        return err->code == HK_CONFLICT
                   ? hk__ml_write_fail(write, err, HK__ML_BAD_REQUEST, "%s", hk_arena_strdup(arena, err->message))
                   : false;
    }
    return answer_run(db, write->res, &run, err);
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct create *c = hk_arena_alloc(req->arena, sizeof *c);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    struct hk_str experiment_id = hk__ml_string(&args, "experiment_id", HK__ML_REQUIRED);
    struct hk_str user_id = hk__ml_string(&args, "user_id", HK__ML_OPTIONAL);
    c->start_ms = hk__ml_int(&args, "start_time", HK__ML_OPTIONAL, 0);
    c->name = hk__ml_string(&args, "run_name", HK__ML_OPTIONAL);
    c->tags = hk__ml_key_values(&args, hk__ml_array(&args, "tags", HK__ML_OPTIONAL), "tags", HK__ML_OPTIONAL);
    c->experiment_key = hk__ml_experiment_key(&args, experiment_id);
    c->user_id = user_id.data != NULL ? user_id.data : "";
    const struct hk_key_value *tag = find_pair(&c->tags, HK_ML_RUN_NAME_TAG);
    if (tag != NULL && tag->value.len > 0 && c->name.len > 0 && !hk_str_eq(tag->value, c->name)) {
        hk__ml_mistake(&args,
                       "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
                       "(run_name='%.*s', mlflow.runName='%.*s').",
                       HK_STR_ARG(c->name), HK_STR_ARG(tag->value));
    }
    c->name = c->name.len > 0 || tag == NULL ? c->name : tag->value;
    hk__ml_write_with(&args, res, c, run_create);
}

/* ---- what changes a run ---- */

static struct change *open_change(struct hk__ml_arguments *args, const struct hk_request *req)
{
    struct change *c = hk_arena_alloc(req->arena, sizeof *c);
    hk__ml_arguments_open(args, req);
    c->now_ms = hk__ml_now_ms(hk__ml(req));
    c->run_uuid = hk__ml_run_id(args);
    return c;
}

static bool run_update(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_ml_run_ref ref;
    struct hk_ml_run run;
    if (!hk_store_ml_run_find_active(db, c->run_uuid, &ref, err) ||
        !hk_store_ml_run_update(db, ref.run_key, &c->update, err) ||
        !hk_store_ml_run_get(db, c->run_uuid, write->req->arena, &run, err)) {
        return false;
    }
    struct hk_json w;
    hk_json_init(&w, &write->res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "run_info");
    hk__ml_write_run_info(&w, &run);
    hk_json_end_object(&w);
    return true;
}

/* By name, or by its number in MLflow's protocol. */
static const char *read_status(struct hk__ml_arguments *args)
{
    const json_t *value = json_object_get(args->tree, "status");
    if (value == NULL || json_is_null(value)) {
        return NULL;
    }
    int64_t number = json_integer_value(value);
    const char *status = NULL;
    if (json_is_string(value)) {
        struct hk_str text = {json_string_value(value), json_string_length(value)};
        status = hk_str_to_i64(text, &number) ? hk_ml_status_of_number(number) : hk_ml_status_find(text);
    } else if (json_is_integer(value)) {
        status = hk_ml_status_of_number(number);
    }
    if (status == NULL) {
        hk__ml_wrong_type(args, "status", value);
    }
    return status;
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->update.end_ms = hk__ml_int(&args, "end_time", HK__ML_OPTIONAL, HK_TIME_NONE);
    c->update.status = read_status(&args);
    c->update.name = hk__ml_string(&args, "run_name", HK__ML_OPTIONAL);
    hk__ml_write_with(&args, res, c, run_update);
}

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_ml_run_delete(db, c->run_uuid, c->now_ms, err);
}

static void delete_run(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_write_with(&args, res, open_change(&args, req), run_delete);
}

static bool run_restore(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_ml_run_restore(db, c->run_uuid, err);
}

static void restore(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_write_with(&args, res, open_change(&args, req), run_restore);
}

/* ---- tags and params ---- */

static bool run_set_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_ml_run_ref ref;
    hk__ml_empty(write->res);
    return hk_store_ml_run_find_active(db, c->run_uuid, &ref, err) &&
           hk_store_ml_run_tag_set(db, ref.run_key, &c->pair, err);
}

static void set_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->pair.key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    c->pair.value = hk__ml_string(&args, "value", HK__ML_OPTIONAL);
    hk__ml_check_tag(&args, NULL, &c->pair);
    hk__ml_write_with(&args, res, c, run_set_tag);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_ml_run_ref ref;
    bool found = false;
    hk__ml_empty(write->res);
    if (!hk_store_ml_run_find_active(db, c->run_uuid, &ref, err) ||
        !hk_store_ml_run_tag_delete(db, ref.run_key, c->pair.key, &found, err)) {
        return false;
    }
    return found || hk__ml_write_fail(write, err, HK__ML_NOT_THERE, "No tag with name: %.*s in run with id %.*s",
                                      HK_STR_ARG(c->pair.key), HK_STR_ARG(c->run_uuid));
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->pair.key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    hk__ml_write_with(&args, res, c, run_delete_tag);
}

static bool run_log_param(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_ml_run_ref ref;
    struct hk_str old;
    hk__ml_empty(write->res);
    if (!hk_store_ml_run_find_active(db, c->run_uuid, &ref, err) ||
        !hk_store_ml_param_log(db, ref.run_key, &c->pair, write->req->arena, &old, err)) {
        return false;
    }
    return old.data == NULL ||
           hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE,
                             "Changing param values is not allowed. Param with key='%.*s' was already logged with "
                             "value='%.*s' for run ID='%.*s'. Attempted logging new value '%.*s'.",
                             HK_STR_ARG(c->pair.key), HK_STR_ARG(old), HK_STR_ARG(c->run_uuid),
                             HK_STR_ARG(c->pair.value));
}

static void log_param(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->pair.key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    c->pair.value = hk__ml_string(&args, "value", HK__ML_OPTIONAL);
    hk__ml_check_param(&args, NULL, &c->pair);
    hk__ml_write_with(&args, res, c, run_log_param);
}

/* ---- log-model: what clients before MLflow 3 log of a model, one list in a tag ---- */

static json_t *history_of(struct hk_str text)
{
    struct hk_error ignored;
    json_t *history = text.len > 0 ? hk_json_parse(text, &ignored) : NULL;
    if (!json_is_array(history)) {
        json_decref(history);
        history = json_array();
    }
    return history;
}

static bool run_log_model(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data; /* pair.value is the model's JSON */
    struct hk_arena *arena = write->req->arena;
    struct hk_ml_run_ref ref;
    struct hk_str old;
    hk__ml_empty(write->res);
    if (!hk_store_ml_run_find_active(db, c->run_uuid, &ref, err) ||
        !hk_store_ml_run_tag_find(db, ref.run_key, HK_STR(MODEL_HISTORY), arena, &old, err)) {
        return false;
    }
    json_t *history = history_of(old);
    json_array_append_new(history, hk_json_parse(c->pair.value, err));
    char *text = json_dumps(history, JSON_ENSURE_ASCII);
    const struct hk_key_value tag = {HK_STR(MODEL_HISTORY), hk_arena_str(arena, hk_str_from(text))};
    free(text);
    json_decref(history);
    return hk_store_ml_run_tag_set(db, ref.run_key, &tag, err);
}

/* The members that MLflow keeps; of a flavor all but its "config". */
static struct hk_str kept_of_model(struct hk_arena *arena, const json_t *model)
{
    static const char *const names[] = {"artifact_path", "model_uuid", "run_id", "utc_time_created"};
    json_t *kept = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get(model, names[i]);
        if (value != NULL) {
            json_object_set(kept, names[i], value);
        }
    }
    json_t *flavors = json_deep_copy(json_object_get(model, "flavors"));
    const char *name;
    json_t *flavor;
    json_object_foreach (flavors, name, flavor) {
        json_object_del(flavor, "config");
    }
    json_object_set_new(kept, "flavors", flavors);
    char *text = json_dumps(kept, JSON_ENSURE_ASCII);
    struct hk_str copy = hk_arena_str(arena, hk_str_from(text));
    free(text);
    json_decref(kept);
    return copy;
}

static struct hk_str read_model(struct hk__ml_arguments *args, struct hk_str text)
{
    static const char *const needed[] = {"artifact_path", "flavors", "run_id", "utc_time_created"};
    struct hk_error err;
    struct hk_str kept = {0};
    json_t *model = text.len > 0 ? hk_json_parse(text, &err) : NULL;
    if (!json_is_object(model)) {
        hk__ml_mistake(args, "Malformed model info. \n %.*s \n is not a valid JSON.", HK_STR_ARG(text));
        json_decref(model);
        return kept;
    }
    struct hk_buf absent;
    hk_buf_init(&absent, 256);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (json_object_get(model, needed[i]) == NULL) {
            hk_buf_printf(&absent, "%s'%s'", absent.len > 0 ? ", " : "", needed[i]);
        }
    }
    if (absent.len > 0) {
        hk__ml_mistake(args, "Model json is missing mandatory fields: {%s}", absent.data);
    } else {
        kept = kept_of_model(args->req->arena, model);
    }
    hk_buf_clear(&absent);
    json_decref(model);
    return kept;
}

static void log_model(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    struct hk_str text = hk__ml_string(&args, "model_json", HK__ML_REQUIRED);
    c->pair.value = read_model(&args, text);
    hk__ml_write_with(&args, res, c, run_log_model);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/runs/create", HK_ROLE_USER, create},
    {HK_METHOD_GET, "2.0/mlflow/runs/get", HK_ROLE_VIEWER, get_run},
    {HK_METHOD_POST, "2.0/mlflow/runs/update", HK_ROLE_USER, update},
    {HK_METHOD_POST, "2.0/mlflow/runs/delete", HK_ROLE_USER, delete_run},
    {HK_METHOD_POST, "2.0/mlflow/runs/restore", HK_ROLE_USER, restore},
    {HK_METHOD_POST, "2.0/mlflow/runs/set-tag", HK_ROLE_USER, set_tag},
    {HK_METHOD_POST, "2.0/mlflow/runs/delete-tag", HK_ROLE_USER, delete_tag},
    {HK_METHOD_POST, "2.0/mlflow/runs/log-parameter", HK_ROLE_USER, log_param},
    {HK_METHOD_POST, "2.0/mlflow/runs/log-model", HK_ROLE_USER, log_model},
};

const struct hk__ml_table hk__ml_runs_table = HK__ML_TABLE(routes);
