/* experiments/{create,get,get-by-name,delete,restore,update,set-experiment-tag,delete-experiment-tag}. */
#include <string.h>
#include <unistd.h>

#include "api/mlflow/tracking.h"

enum { MAX_FOLDER_BYTES = 4096 };

int64_t hk__ml_experiment_key(struct hk__ml_arguments *args, struct hk_str id)
{
    int64_t key = 0;
    if (id.len > 0 && !hk_str_to_i64(hk_str_trim(id), &key)) {
        hk__ml_mistake(args, "Invalid experiment ID '%.*s'. Experiment ID must be a valid integer.", HK_STR_ARG(id));
    }
    return key;
}

static int64_t experiment_key(struct hk__ml_arguments *args)
{
    return hk__ml_experiment_key(args, hk__ml_string(args, "experiment_id", HK__ML_REQUIRED));
}

static void write_tag(void *arg, struct hk_key_value tag)
{
    hk__ml_write_key_value(arg, tag.key, tag.value);
}

bool hk__ml_write_experiment(struct hk_json *w, struct hk_db *db, const struct hk_experiment *experiment,
                             struct hk_error *err)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)experiment->experiment_key);
    hk_json_begin_object(w);
    hk_json_kv_text(w, "experiment_id", id);
    hk_json_kv_text(w, "name", experiment->name);
    hk_json_kv_text(w, "artifact_location", experiment->artifact_location);
    hk_json_kv_text(w, "lifecycle_stage", experiment->lifecycle);
    hk_json_kv_int(w, "last_update_time", experiment->updated_ms);
    hk_json_kv_int(w, "creation_time", experiment->created_ms);
    hk_json_kv_text(w, "workspace", "default");
    hk_json_key(w, "tags");
    hk_json_begin_array(w);
    bool ok = hk_store_experiment_tags(db, experiment->experiment_key, write_tag, w, err);
    hk_json_end_array(w);
    hk_json_end_object(w);
    return ok;
}

static bool answer_experiment(struct hk_db *db, struct hk_response *res, const struct hk_experiment *experiment,
                              struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "experiment");
    bool ok = hk__ml_write_experiment(&w, db, experiment, err);
    hk_json_end_object(&w);
    res->is_lasting = true;
    return ok;
}

/* ---- reading ---- */

static bool read_one(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                     struct hk_error *err)
{
    struct hk_experiment experiment;
    return hk_store_experiment_get(db, *(int64_t *)data, req->arena, &experiment, err) &&
           answer_experiment(db, res, &experiment, err);
}

static void get_experiment(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    int64_t key = experiment_key(&args);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_one, &key);
        hk__ml_arguments_close(&args);
    }
}

static bool read_named(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    struct hk_experiment experiment;
    return hk_store_experiment_get_named(db, *(struct hk_str *)data, req->arena, &experiment, err) &&
           answer_experiment(db, res, &experiment, err);
}

static void get_by_name(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    struct hk_str name = hk__ml_string(&args, "experiment_name", HK__ML_REQUIRED);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_named, &name);
        hk__ml_arguments_close(&args);
    }
}

/* ---- creating ---- */

/* A path that is relative is one of the folder that the server was started in, as in MLflow. */
static struct hk_str check_location(struct hk__ml_arguments *args, struct hk_str location)
{
    struct hk_arena *arena = args->req->arena;
    const char *question = location.len > 0 ? memchr(location.data, '?', location.len) : NULL;
    if (location.len == 0) {
        return location;
    }
    if (memchr(location.data, '#', location.len) != NULL) {
        hk__ml_mistake(args, "'artifact_location' URL can't include fragments or params.");
    } else if (question != NULL && strstr(question, "..") != NULL) {
        hk__ml_mistake(args, "Invalid query string");
    } else if (hk_str_starts_with(location, "runs:")) {
        hk__ml_mistake(args, "Artifact location cannot be a runs:/ URI. Given: '%.*s'", HK_STR_ARG(location));
    } else if (hk_length_mistake(arena, "", location, HK__ML_MAX_ARTIFACT_LOCATION) != NULL) {
        hk__ml_mistake(args,
                       "Invalid artifact path length. The length of the artifact path cannot be greater than %d "
                       "characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH "
                       "environment variable.",
                       HK__ML_MAX_ARTIFACT_LOCATION);
    }
    char folder[MAX_FOLDER_BYTES];
    if (memchr(location.data, ':', location.len) == NULL && location.data[0] != '/' &&
        getcwd(folder, sizeof folder) != NULL) {
        return hk_str_from(hk_arena_printf(arena, "%s/%.*s", folder, HK_STR_ARG(location)));
    }
    return location;
}

static void check_tag(struct hk__ml_arguments *args, const struct hk_key_value *tag)
{
    struct hk_arena *arena = args->req->arena;
    hk__ml_object_to(args, hk_key_mistake(arena, tag->key, "key"));
    hk__ml_object_to(args, hk_length_mistake(arena, "key", tag->key, HK__ML_MAX_KEY));
    hk__ml_object_to(args, hk_length_mistake(arena, "value", tag->value, HK__ML_MAX_EXPERIMENT_TAG_VALUE));
}

static struct hk_str check_name(struct hk__ml_arguments *args, struct hk_str name)
{
    hk__ml_object_to(args, hk_length_mistake(args->req->arena, "name", name, HK__ML_MAX_EXPERIMENT_NAME));
    return name;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    int64_t key = 0;
    char id[24];
    if (!hk_store_experiment_insert(db, write->data, &key, err)) {
        return false;
    }
    struct hk_json w;
    hk_json_init(&w, &write->res->body);
    snprintf(id, sizeof id, "%lld", (long long)key);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "experiment_id", id);
    hk_json_end_object(&w);
    return true;
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct hk_experiment_save *save = hk_arena_alloc(req->arena, sizeof *save);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    save->now_ms = hk__ml_now_ms(hk__ml(req));
    save->name = hk__ml_string(&args, "name", HK__ML_REQUIRED);
    struct hk_str location = hk__ml_string(&args, "artifact_location", HK__ML_OPTIONAL);
    struct hk__ml_pairs tags =
        hk__ml_key_values(&args, hk__ml_array(&args, "tags", HK__ML_OPTIONAL), "tags", HK__ML_OPTIONAL);
    save->artifact_location = check_location(&args, location);
    check_name(&args, save->name);
    for (size_t i = 0; i < tags.len; i++) {
        check_tag(&args, &tags.items[i]);
    }
    save->tags = tags.items;
    save->tag_count = tags.len;
    hk__ml_write_with(&args, res, save, run_create);
}

/* ---- changing ---- */

struct change {
    int64_t key;
    int64_t now_ms;
    struct hk_str name;
    struct hk_key_value tag;
};

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_experiment_delete(db, c->key, c->now_ms, err);
}

static bool run_restore(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_experiment_restore(db, c->key, c->now_ms, err);
}

static bool run_rename(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    bool is_active = false;
    hk__ml_empty(write->res);
    if (!hk_store_experiment_rename(db, c->key, c->name, c->now_ms, &is_active, err)) {
        return err->code == HK_CONFLICT
                   ? hk__ml_write_fail(write, err, HK__ML_BAD_REQUEST, "Experiment(name=%.*s) already exists.",
                                       HK_STR_ARG(c->name))
                   : false;
    }
    return is_active || hk__ml_write_fail(write, err, HK__ML_INVALID_STATE, "Cannot rename a non-active experiment.");
}

static bool run_set_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_experiment_tag_set(db, c->key, &c->tag, err);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct change *c = write->data;
    hk__ml_empty(write->res);
    return hk_store_experiment_tag_delete(db, c->key, c->tag.key, err);
}

/* All of them begin with the experiment's id. */
static struct change *open_change(struct hk__ml_arguments *args, const struct hk_request *req)
{
    struct change *c = hk_arena_alloc(req->arena, sizeof *c);
    hk__ml_arguments_open(args, req);
    c->now_ms = hk__ml_now_ms(hk__ml(req));
    c->key = experiment_key(args);
    return c;
}

static void delete_experiment(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_write_with(&args, res, open_change(&args, req), run_delete);
}

static void restore(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    hk__ml_write_with(&args, res, open_change(&args, req), run_restore);
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->name = check_name(&args, hk__ml_string(&args, "new_name", HK__ML_REQUIRED));
    hk__ml_write_with(&args, res, c, run_rename);
}

static void set_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->tag.key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    c->tag.value = hk__ml_string(&args, "value", HK__ML_OPTIONAL);
    check_tag(&args, &c->tag);
    hk__ml_write_with(&args, res, c, run_set_tag);
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct change *c = open_change(&args, req);
    c->tag.key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    hk__ml_write_with(&args, res, c, run_delete_tag);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/experiments/create", HK_ROLE_USER, create},
    {HK_METHOD_GET, "2.0/mlflow/experiments/get", HK_ROLE_VIEWER, get_experiment},
    {HK_METHOD_GET, "2.0/mlflow/experiments/get-by-name", HK_ROLE_VIEWER, get_by_name},
    {HK_METHOD_POST, "2.0/mlflow/experiments/delete", HK_ROLE_USER, delete_experiment},
    {HK_METHOD_POST, "2.0/mlflow/experiments/restore", HK_ROLE_USER, restore},
    {HK_METHOD_POST, "2.0/mlflow/experiments/update", HK_ROLE_USER, update},
    {HK_METHOD_POST, "2.0/mlflow/experiments/set-experiment-tag", HK_ROLE_USER, set_tag},
    {HK_METHOD_POST, "2.0/mlflow/experiments/delete-experiment-tag", HK_ROLE_USER, delete_tag},
};

const struct hk__ml_table hk__ml_experiments_table = HK__ML_TABLE(routes);
