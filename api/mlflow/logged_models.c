/* logged-models: what log_model of MLflow 3 makes. (Searching them is search.c's.) */
#include <stdlib.h>
#include <string.h>

#include "api/http/python_repr.h"
#include "api/mlflow/artifact_answer.h"
#include "api/mlflow/logged_model.h"
#include "api/mlflow/tracking.h"
#include "engine/artifacts/artifact_path.h"
#include "engine/tracking/ml_run.h"

#define MODELS "2.0/mlflow/logged-models"

static const char *const statuses[HK_LOGGED_MODEL_STATUS_COUNT] = {
    [HK_LOGGED_MODEL_UNSPECIFIED] = "LOGGED_MODEL_STATUS_UNSPECIFIED",
    [HK_LOGGED_MODEL_PENDING] = "LOGGED_MODEL_PENDING",
    [HK_LOGGED_MODEL_READY] = "LOGGED_MODEL_READY",
    [HK_LOGGED_MODEL_FAILED] = "LOGGED_MODEL_UPLOAD_FAILED",
};

/* ---- as JSON ---- */

/* A list that is left out when it is empty, as protobuf does: its beginning is written with its first item. */
struct list {
    struct hk_json *w;
    const char *name;
    const char *model_id;
    bool is_begun;
};

static struct hk_json *next_item(struct list *list)
{
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(list->w, list->name);
        hk_json_begin_array(list->w);
    }
    return list->w;
}

static void end_list(const struct list *list)
{
    if (list->is_begun) {
        hk_json_end_array(list->w);
    }
}

static void add_pair(void *arg, struct hk_key_value pair)
{
    hk__ml_write_key_value(next_item(arg), pair.key, pair.value);
}

static void add_metric(void *arg, const struct hk_metric *metric, struct hk_str run_uuid)
{
    struct list *list = arg;
    struct hk_json *w = next_item(list);
    hk_json_begin_object(w);
    hk_json_kv_str(w, "key", metric->key);
    if (metric->is_nan) {
        hk_json_kv_text(w, "value", "NaN"); /* as protobuf writes it */
    } else {
        hk_json_kv_double(w, "value", metric->value);
    }
    hk_json_kv_int(w, "timestamp", metric->timestamp_ms);
    hk_json_kv_int(w, "step", metric->step);
    if (metric->dataset_name.len > 0) {
        hk_json_kv_str(w, "dataset_name", metric->dataset_name);
    }
    if (metric->dataset_digest.len > 0) {
        hk_json_kv_str(w, "dataset_digest", metric->dataset_digest);
    }
    hk_json_kv_text(w, "model_id", list->model_id);
    hk_json_kv_str(w, "run_id", run_uuid);
    hk_json_end_object(w);
}

static bool write_info(struct hk_json *w, struct hk_db *db, const struct hk_logged_model *model, struct hk_error *err)
{
    char experiment_id[24];
    struct list tags = {.w = w, .name = "tags"};
    snprintf(experiment_id, sizeof experiment_id, "%lld", (long long)model->experiment_key);
    hk_json_key(w, "info");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "model_id", model->model_id);
    hk_json_kv_text(w, "experiment_id", experiment_id);
    hk_json_kv_text(w, "name", model->name);
    hk_json_kv_int(w, "creation_timestamp_ms", model->created_ms);
    hk_json_kv_int(w, "last_updated_timestamp_ms", model->updated_ms);
    hk_json_kv_text(w, "artifact_uri", model->artifact_location);
    hk_json_kv_text(w, "status", statuses[model->status]);
    hk_json_kv_text(w, "model_type", model->model_type);
    hk_json_kv_text(w, "source_run_id", model->source_run_id);
    bool ok = hk_store_logged_model_tags(db, model->model_key, add_pair, &tags, err);
    end_list(&tags);
    hk_json_end_object(w);
    return ok;
}

bool hk__ml_write_logged_model(struct hk_json *w, struct hk_db *db, const struct hk_logged_model *model,
                               struct hk_error *err)
{
    struct list params = {.w = w, .name = "params"};
    struct list metrics = {.w = w, .name = "metrics", .model_id = model->model_id};
    hk_json_begin_object(w);
    bool ok = write_info(w, db, model, err);
    hk_json_key(w, "data");
    hk_json_begin_object(w);
    ok = ok && hk_store_logged_model_params(db, model->model_key, add_pair, &params, err);
    end_list(&params);
    ok = ok && hk_store_logged_model_metrics(db, model->model_key, add_metric, &metrics, err);
    end_list(&metrics);
    hk_json_end_object(w);
    hk_json_end_object(w);
    return ok;
}

/* {"model": ...} */
static bool answer_model(struct hk_db *db, struct hk_response *res, const struct hk_logged_model *model,
                         struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "model");
    bool ok = hk__ml_write_logged_model(&w, db, model, err);
    hk_json_end_object(&w);
    return ok;
}

/* ---- get ---- */

static bool read_model(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    struct hk_logged_model model;
    res->is_lasting = true;
    return hk_store_logged_model_get(db, hk_request_path(req, "model_id"), *(bool *)data, req->arena, &model, err) &&
           answer_model(db, res, &model, err);
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    bool also_deleted = hk__ml_bool(&args, "allow_deleted", false);
    hk__ml_read_with(&args, res, read_model, &also_deleted);
}

/* ---- create ---- */

struct create {
    struct hk_logged_model model;
    struct hk__ml_pairs params;
    struct hk__ml_pairs tags;
};

static void check_name(struct hk__ml_arguments *args, struct hk_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '\0' || strchr("/:.%\"'", name.data[i]) == NULL) {
            continue;
        }
        struct hk_buf quoted;
        hk_buf_init(&quoted, SIZE_MAX);
        hk_python_repr_text(&quoted, name);
        hk__ml_mistake(args,
                       "Invalid model name (%s) provided. Model name must be a non-empty string and cannot contain "
                       "the following characters: ('/', ':', '.', '%%', '\"', \"'\")",
                       quoted.data);
        hk_buf_clear(&quoted);
        return;
    }
}

static bool add_params(struct hk_db *db, struct hk__ml_write *write, int64_t model_key,
                       const struct hk__ml_pairs *params, struct hk_error *err)
{
    for (size_t i = 0; i < params->len; i++) {
        if (hk_store_logged_model_param_add(db, model_key, &params->items[i], err)) {
            continue;
        }
        return err->code == HK_CONFLICT
                   ? hk__ml_write_fail(write, err, HK__ML_BAD_REQUEST,
                                       "The param '%.*s' was logged already, or is there twice. Params of a logged "
                                       "model cannot be logged again.",
                                       HK_STR_ARG(params->items[i].key))
                   : false;
    }
    return true;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct create *c = write->data;
    struct hk_arena *arena = write->req->arena;
    struct hk_rand *rand = &hk__ml(write->req)->rand;
    struct hk_experiment experiment;
    char uuid[HK_ML_UUID_SIZE];
    char made_up[HK_ML_RUN_NAME_SIZE];
    struct hk_logged_model model = c->model;
    if (!hk_store_experiment_get_active(db, model.experiment_key, arena, &experiment, err)) {
        return false;
    }
    hk_ml_uuid(rand, uuid);
    hk_ml_run_name(rand, made_up);
    model.name = model.name[0] != '\0' ? model.name : made_up;
    model.model_id = hk_arena_printf(arena, "m-%s", uuid);
    const char *folder = hk_arena_printf(arena, "models/%s", model.model_id);
    model.artifact_location = hk_ml_artifact_uri(arena, hk_str_from(experiment.artifact_location), folder).data;
    bool ok = hk__ml_maker(db, write->req, &model.maker_key, err) && hk_store_logged_model_insert(db, &model, err) &&
              add_params(db, write, model.model_key, &c->params, err);
    for (size_t i = 0; i < c->tags.len && ok; i++) {
        ok = hk_store_logged_model_tag_set(db, model.model_key, &c->tags.items[i], err);
    }
    return ok && answer_model(db, write->res, &model, err);
}

static const char *or_empty(struct hk_str text)
{
    return text.data != NULL ? text.data : "";
}

static void check_lengths(struct hk__ml_arguments *args, const struct hk__ml_pairs *pairs, size_t most_value)
{
    for (size_t i = 0; i < pairs->len; i++) {
        hk__ml_object_to(args, hk_length_mistake(args->req->arena, "key", pairs->items[i].key, HK__ML_MAX_KEY));
        hk__ml_object_to(args, hk_length_mistake(args->req->arena, "value", pairs->items[i].value, most_value));
    }
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct create *c = hk_arena_alloc(req->arena, sizeof *c);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    struct hk_str experiment_id = hk__ml_string(&args, "experiment_id", HK__ML_REQUIRED);
    struct hk_str name = hk__ml_string(&args, "name", HK__ML_OPTIONAL);
    c->model.name = or_empty(name);
    c->model.model_type = or_empty(hk__ml_string(&args, "model_type", HK__ML_OPTIONAL));
    c->model.source_run_id = or_empty(hk__ml_string(&args, "source_run_id", HK__ML_OPTIONAL));
    c->model.status = HK_LOGGED_MODEL_PENDING;
    c->model.lifecycle = "active";
    c->model.created_ms = c->model.updated_ms = hk__ml_now_ms(hk__ml(req));
    c->params = hk__ml_key_values(&args, hk__ml_array(&args, "params", HK__ML_OPTIONAL), "params", HK__ML_OPTIONAL);
    c->tags = hk__ml_key_values(&args, hk__ml_array(&args, "tags", HK__ML_OPTIONAL), "tags", HK__ML_OPTIONAL);
    check_name(&args, name);
    hk__ml_object_to(&args, hk_length_mistake(req->arena, "name", name, HK__ML_MAX_MODEL_NAME));
    check_lengths(&args, &c->params, HK__ML_MAX_PARAM_VALUE);
    check_lengths(&args, &c->tags, HK__ML_MAX_MODEL_TAG_VALUE);
    c->model.experiment_key = hk__ml_experiment_key(&args, experiment_id);
    hk__ml_write_with(&args, res, c, run_create);
}

/* ---- what changes a model ---- */

struct change {
    struct hk_str model_id;
    int64_t now_ms;
    int64_t status;
    struct hk__ml_pairs pairs;
    struct hk_str key;
};

static struct change *open_change(struct hk__ml_arguments *args, const struct hk_request *req)
{
    struct change *c = hk_arena_alloc(req->arena, sizeof *c);
    hk__ml_arguments_open(args, req);
    c->model_id = hk_request_path(req, "model_id");
    c->now_ms = hk__ml_now_ms(hk__ml(req));
    return c;
}

/* Deleted ones, too: MLflow lets them be changed. */
static bool find(struct hk_db *db, const struct hk__ml_write *write, struct hk_logged_model *out, struct hk_error *err)
{
    const struct change *c = write->data;
    return hk_store_logged_model_get(db, c->model_id, true, write->req->arena, out, err);
}

static int64_t read_status(struct hk__ml_arguments *args)
{
    const json_t *value = args->tree != NULL ? json_object_get(args->tree, "status") : NULL;
    int64_t number = -1;
    if (!json_is_string(value)) {
        number = hk__ml_int(args, "status", HK__ML_REQUIRED, 0);
    } else if (!hk_str_to_i64((struct hk_str){json_string_value(value), json_string_length(value)}, &number)) {
        for (size_t i = 0; i < HK_LOGGED_MODEL_STATUS_COUNT; i++) {
            number = strcmp(json_string_value(value), statuses[i]) == 0 ? (int64_t)i : number;
        }
    }
    if (number < 0 || number >= HK_LOGGED_MODEL_STATUS_COUNT) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        hk__ml_mistake(args, "Unknown model status: %s", text != NULL ? text : "");
        free(text);
        return 0;
    }
    return number;
}

static bool run_finalize(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_logged_model model;
    if (!find(db, write, &model, err) ||
        !hk_store_logged_model_set_status(db, model.model_key, c->status, c->now_ms, err)) {
        return false;
    }
    model.status = c->status;
    model.updated_ms = c->now_ms;
    return answer_model(db, write->res, &model, err);
}

static void finalize(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    struct hk_str said = hk__ml_string(&args, "model_id", HK__ML_REQUIRED);
    c->status = read_status(&args);
    if (said.data != NULL && !hk_str_eq(said, c->model_id)) {
        hk__ml_mistake(&args, "The model_id of the body, '%.*s', is not that of the address.", HK_STR_ARG(said));
    }
    hk__ml_write_with(&args, res, c, run_finalize);
}

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_logged_model model;
    hk__ml_empty(write->res);
    return find(db, write, &model, err) && hk_store_logged_model_delete(db, model.model_key, c->now_ms, err);
}

static void delete_model(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    hk__ml_write_with(&args, res, c, run_delete);
}

static bool run_set_tags(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_logged_model model;
    hk__ml_empty(write->res);
    bool ok = find(db, write, &model, err);
    for (size_t i = 0; i < c->pairs.len && ok; i++) {
        ok = hk_store_logged_model_tag_set(db, model.model_key, &c->pairs.items[i], err);
    }
    return ok;
}

static void set_tags(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->pairs = hk__ml_key_values(&args, hk__ml_array(&args, "tags", HK__ML_OPTIONAL), "tags", HK__ML_OPTIONAL);
    check_lengths(&args, &c->pairs, HK__ML_MAX_MODEL_TAG_VALUE);
    hk__ml_write_with(&args, res, c, run_set_tags);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_logged_model model;
    bool found = false;
    hk__ml_empty(write->res);
    if (!find(db, write, &model, err) || !hk_store_logged_model_tag_delete(db, model.model_key, c->key, &found, err)) {
        return false;
    }
    return found ||
           hk__ml_write_fail(write, err, HK__ML_NOT_THERE, "No tag with key '%.*s' found for model with ID '%s'.",
                             HK_STR_ARG(c->key), model.model_id);
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->key = hk_request_path(req, "tag_key");
    hk__ml_write_with(&args, res, c, run_delete_tag);
}

static bool run_log_params(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    struct hk_logged_model model;
    hk__ml_empty(write->res);
    return find(db, write, &model, err) && add_params(db, write, model.model_key, &c->pairs, err);
}

static void log_params(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    (void)hk__ml_string(&args, "model_id", HK__ML_REQUIRED);
    c->pairs = hk__ml_key_values(&args, hk__ml_array(&args, "params", HK__ML_OPTIONAL), "params", HK__ML_OPTIONAL);
    check_lengths(&args, &c->pairs, HK__ML_MAX_PARAM_VALUE);
    hk__ml_write_with(&args, res, c, run_log_params);
}

/* ---- its artifacts ---- */

struct hk_str hk__ml_proxied_path(struct hk_str uri)
{
    static const char scheme[] = "mlflow-artifacts:/";
    if (!hk_str_starts_with(uri, scheme) || hk_str_starts_with(uri, "mlflow-artifacts://")) {
        return (struct hk_str){0};
    }
    return (struct hk_str){uri.data + sizeof scheme - 1, uri.len - (sizeof scheme - 1)};
}

struct place {
    struct hk_str asked;    /* under the model's folder */
    struct hk_str root_uri; /* of the model */
    struct hk_str path;     /* in this server's store */
};

static bool read_place(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    struct place *p = data;
    struct hk_logged_model model;
    (void)res;
    if (!hk_store_logged_model_get(db, hk_request_path(req, "model_id"), false, req->arena, &model, err)) {
        return false;
    }
    p->root_uri = hk_str_from(model.artifact_location);
    struct hk_str root = hk__ml_proxied_path(p->root_uri);
    if (root.data == NULL) {
        return hk_error_set(err, HK_INVALID, "The artifacts of this model are not kept here, but at '%s'.",
                            model.artifact_location);
    }
    p->path = hk_artifact_path_join(req->arena, root, p->asked);
    return true;
}

static void list_folder(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct place *p = data;
    struct hk_artifact_entries entries;
    struct hk_error err;
    struct hk_json w;
    if (!hk_artifacts_list(hk__ml(req)->options.artifacts, p->path, req->arena, &entries, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "root_uri", p->root_uri);
    hk__ml_write_entries(&w, req->arena, p->asked, &entries);
    hk_json_end_object(&w);
}

static void send_file(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct place *p = data;
    bool is_folder = false;
    hk__ml_send_artifact(req, res, p->path, &is_folder);
}

static void at_place(const struct hk_request *req, struct hk_response *res, struct hk_str asked,
                     void (*fn)(const struct hk_request *req, struct hk_response *res, void *data))
{
    struct place *p = hk_arena_alloc(req->arena, sizeof *p);
    struct hk_artifact_path path;
    struct hk_error err;
    if (!hk_artifact_path_read(asked, req->arena, &path, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    p->asked = path.normal;
    hk__ml_read(req, res, read_place, p);
    if (p->path.data != NULL) {
        hk__ml_later(req, res, fn, p);
    }
}

static void list_artifacts(const struct hk_request *req, struct hk_response *res)
{
    at_place(req, res, hk_request_query(req, "artifact_directory_path"), list_folder);
}

static void get_artifact(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str asked = hk_request_query(req, "artifact_file_path");
    if (asked.len == 0) {
        hk__ml_fail(res, HK__ML_BAD_REQUEST, "Request must include the \"artifact_file_path\" query parameter.");
        return;
    }
    at_place(req, res, asked, send_file);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, MODELS, HK_ROLE_USER, create},
    {HK_METHOD_GET, MODELS "/{model_id}", HK_ROLE_VIEWER, get},
    {HK_METHOD_PATCH, MODELS "/{model_id}", HK_ROLE_USER, finalize},
    {HK_METHOD_DELETE, MODELS "/{model_id}", HK_ROLE_USER, delete_model},
    {HK_METHOD_PATCH, MODELS "/{model_id}/tags", HK_ROLE_USER, set_tags},
    {HK_METHOD_DELETE, MODELS "/{model_id}/tags/{tag_key:path}", HK_ROLE_USER, delete_tag},
    {HK_METHOD_POST, MODELS "/{model_id}/params", HK_ROLE_USER, log_params},
    {HK_METHOD_GET, MODELS "/{model_id}/artifacts/directories", HK_ROLE_VIEWER, list_artifacts},
    {HK_METHOD_GET, MODELS "/{model_id}/artifacts/files", HK_ROLE_VIEWER, get_artifact},
};

const struct hk__ml_table hk__ml_logged_models_table = HK__ML_TABLE(routes);
