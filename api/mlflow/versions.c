/* model-versions/{create,get,update,delete,transition-stage,get-download-uri,set-tag,delete-tag}. */
#include <stdio.h>
#include <string.h>

#include "api/mlflow/registry.h"
#include "engine/registry/model_name.h"
#include "engine/registry/model_source.h"
#include "engine/tracking/key.h"
#include "engine/store/version_source.h"

/* ---- creating ---- */

enum { MAX_SOURCE = 2048 }; /* characters; taking apart what is quoted many times over is quadratic */

struct creation {
    struct hk_model_version_save save;
    struct hk_model_source source;
    bool is_prompt;
    bool has_run_id; /* said, even if it is empty */
    bool has_model_id;
};

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static const char *or_null(struct hk_str text)
{
    return text.len > 0 ? text.data : NULL;
}

/* Which version models:/NAME/3, /Production, /latest or @alias means at this moment. */
static bool find_source_version(struct hk_db *db, struct hk__ml_write *write, const struct hk_model_row *model,
                                struct hk_model_version_row *out, struct hk_error *err)
{
    const struct creation *c = write->data;
    struct hk_arena *arena = write->req->arena;
    enum hk_model_stage stage = HK_STAGE_COUNT;
    int64_t number = 0;
    bool found = false;
    if (c->source.kind == HK_SOURCE_VERSION) {
        return hk_model_version_read(arena, hk_str_from(c->source.which), &number) == NULL &&
               hk_store_model_version_get(db, c->source.name, number, arena, out, err);
    }
    if (c->source.kind == HK_SOURCE_ALIAS) {
        return hk__ml_find_by_alias(db, write->req, model, hk_str_from(c->source.which), out, &found, err) &&
               (found || hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE, "Registered model alias %s not found.",
                                           c->source.which));
    }
    if (c->source.kind == HK_SOURCE_STAGE && !hk_model_stage_find(hk_str_from(c->source.which), &stage)) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE, "%s",
                                 hk_model_stage_mistake(arena, hk_str_from(c->source.which)));
    }
    if (!hk_store_model_version_latest(db, model, stage, arena, out, &number, &found, err)) {
        return false;
    }
    return found || hk__ml_write_fail(
                        write, err, HK__ML_NOT_THERE, "No versions of model with name '%s'%s found", c->source.name,
                        stage == HK_STAGE_COUNT ? "" : hk_arena_printf(arena, " and stage '%s'", c->source.which));
}

/* A copy of a version: its run, its logged model and the place of its files are those of what it is copied from. */
static bool copy_from_version(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct creation *c = write->data;
    struct hk_arena *arena = write->req->arena;
    struct hk_model_row model;
    struct hk_model_version_row from = {0};
    struct hk_str prompt_tag;
    const char *mistake = hk_model_name_mistake(arena, hk_str_from(c->source.name), "name");
    if (mistake != NULL) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE, "%s", mistake);
    }
    if (!hk_store_model_get(db, c->source.name, arena, &model, err) ||
        !hk_store_model_tag_get(db, model.key, HK_PROMPT_TAG, arena, &prompt_tag, err)) {
        return false;
    }
    if (hk_prompt_tag_says_yes(prompt_tag)) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE,
                                 "Invalid model version source: '%s'. Prompt versions cannot be used as model version "
                                 "sources.",
                                 c->source.text);
    }
    if (!find_source_version(db, write, &model, &from, err)) {
        return false;
    }
    if ((c->has_run_id && !same_text(c->save.run_id, from.run_id)) ||
        (c->has_model_id && !same_text(c->save.model_id, from.model_id))) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE,
                                 "Invalid model version source: '%s'. The run_id and model_id request parameters must "
                                 "match the referenced model version.",
                                 c->source.text);
    }
    c->save.run_id = from.run_id;
    c->save.model_id = from.model_id;
    c->save.source = hk_arena_printf(arena, "models:/%s/%lld", c->source.name, (long long)from.version);
    c->save.storage_location = from.storage_location;
    return true;
}

/* A source that names a place: that the version may be of it, and whom it is of. */
static bool check_source(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct creation *c = write->data;
    struct hk_arena *arena = write->req->arena;
    struct hk_source_owner owner = {.is_logged_model = c->save.model_id != NULL,
                                    .id = c->save.model_id != NULL ? c->save.model_id : c->save.run_id};
    struct hk_version_origin origin = {0};
    if (owner.is_logged_model) {
        if (!hk_store_logged_model_origin(db, owner.id, arena, &origin, err)) {
            return false;
        }
    } else if (owner.id != NULL && hk_model_source_needs_root(&c->source) &&
               !hk_store_run_artifact_root(db, owner.id, arena, &origin.root, err)) {
        return false;
    }
    owner.root = origin.root;
    const char *mistake = hk_model_source_check(arena, &c->source, &owner);
    if (mistake != NULL) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE, "%s", mistake);
    }
    if (!owner.is_logged_model) {
        return true;
    }
    if (origin.root == NULL) {
        return hk__ml_write_fail(write, err, HK__ML_NOT_THERE, "Logged model with ID '%s' not found.", owner.id);
    }
    if (c->source.kind == HK_SOURCE_LOGGED_MODEL) {
        c->save.storage_location = origin.root;
    }
    if (c->save.run_id == NULL && origin.run_id[0] != '\0') {
        c->save.run_id = origin.run_id;
    }
    return true;
}

static bool run_create(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    struct creation *c = write->data;
    int64_t key = 0;
    int64_t version = 0;
    bool is_copy = !c->is_prompt && hk_model_source_is_of_registry(&c->source);
    if (is_copy ? !copy_from_version(db, write, err) : !c->is_prompt && !check_source(db, write, err)) {
        return false;
    }
    const char *mistake = hk_model_name_mistake(write->req->arena, hk_str_from(c->save.model), "name");
    for (size_t i = 0; i < c->save.tag_count && mistake == NULL; i++) {
        mistake = hk_version_tag_mistake(write->req->arena, hk_str_from(c->save.tags[i].key), c->save.tags[i].value);
    }
    if (mistake != NULL) {
        return hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE, "%s", mistake);
    }
    return hk__ml_maker(db, write->req, &c->save.maker_key, err) &&
           hk_store_model_version_create(db, &c->save, &key, &version, err) &&
           (c->save.model_id == NULL ||
            hk_store_logged_model_note_version(db, c->save.model_id, c->save.model, version, c->save.now_ms, err)) &&
           hk__ml_answer_version(db, c->save.model, version, write->req->arena, write->res, err);
}

/* What can be said of a source before the database is asked. */
static void read_source(struct hk__ml_arguments *args, struct creation *c, struct hk_str source)
{
    struct hk_arena *arena = args->req->arena;
    hk__ml_refuse(args, hk_length_mistake(arena, "source", source, MAX_SOURCE));
    if (args->mistake.data != NULL) {
        return;
    }
    c->save.source = source.data;
    c->save.storage_location = source.data;
    if (c->is_prompt) {
        hk__ml_refuse(args, hk_prompt_source_mistake(arena, source));
        return;
    }
    hk__ml_refuse(args, hk_model_source_read(arena, source, &c->source));
    if (hk_model_source_is_of_registry(&c->source) && c->source.host.len > 0) {
        hk__ml_mistake(args,
                       "Invalid model version source: '%s'. Registered model sources must use the active model "
                       "registry.",
                       c->source.text);
    } else if (c->source.kind == HK_SOURCE_MALFORMED) {
        hk__ml_refuse(args, hk_model_source_not_of(arena, &c->source, "model_id"));
    }
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct creation *c = hk_arena_alloc(req->arena, sizeof *c);
    hk__ml_arguments_open(&args, req);
    struct hk_str name = hk__ml_string(&args, "name", HK__ML_REQUIRED);
    struct hk_str source = hk__ml_string(&args, "source", HK__ML_REQUIRED);
    c->save.run_id = or_null(hk__ml_string(&args, "run_id", HK__ML_OPTIONAL));
    c->save.tags = hk__ml_model_tags(&args, &c->save.tag_count);
    c->save.run_link = or_null(hk__ml_string(&args, "run_link", HK__ML_OPTIONAL));
    struct hk_str description = hk__ml_string(&args, "description", HK__ML_OPTIONAL);
    c->save.model_id = or_null(hk__ml_string(&args, "model_id", HK__ML_OPTIONAL));
    c->save.model = name.data;
    c->save.description = description.data != NULL ? description : HK_STR("");
    c->save.author = hk__ml_actor(req);
    c->save.now_ms = hk__ml_now_ms(hk__ml(req));
    c->has_run_id = hk__ml_has(&args, "run_id");
    c->has_model_id = hk__ml_has(&args, "model_id");
    c->is_prompt = hk__ml_tags_say_prompt(c->save.tags, c->save.tag_count);
    read_source(&args, c, source);
    hk__ml_write_with(&args, res, c, run_create);
}

/* ---- reading ---- */

static bool read_version(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                         struct hk_error *err)
{
    const struct hk__ml_model_call *call = data;
    return res->is_lasting = hk__ml_answer_version(db, call->name, call->version, req->arena, res, err);
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION);
    if (hk__ml_model_call_check(&args, call, HK__ML_CALL_VERSION, res)) {
        hk__ml_read(req, res, read_version, call);
        hk__ml_arguments_close(&args);
    }
}

static bool read_download_uri(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                              struct hk_error *err)
{
    const struct hk__ml_model_call *call = data;
    struct hk_model_version_row version;
    if (!hk_store_model_version_get(db, call->name, call->version, req->arena, &version, err)) {
        return false;
    }
    struct hk_json w;
    res->is_lasting = true;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "artifact_uri", version.storage_location);
    hk_json_end_object(&w);
    return true;
}

/* MLflow asks for nothing here before it looks at it, so the sentences about what is missing are others. */
static void get_download_uri(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk_arena_alloc(req->arena, sizeof *call);
    hk__ml_arguments_open(&args, req);
    struct hk_str name = hk__ml_string(&args, "name", HK__ML_OPTIONAL);
    struct hk_str version = hk__ml_string(&args, "version", HK__ML_OPTIONAL);
    call->name = name.data;
    hk__ml_refuse(&args, hk_model_name_mistake(req->arena, name, "name"));
    hk__ml_refuse(&args, hk_model_version_read(req->arena, version, &call->version));
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_download_uri, call);
        hk__ml_arguments_close(&args);
    }
}

/* ---- changing ---- */

static bool run_update(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    struct hk_model_version_row version;
    return hk_store_model_version_get(db, call->name, call->version, write->req->arena, &version, err) &&
           hk_store_model_version_describe(db, version.key, call->value, call->now_ms, err) &&
           hk__ml_answer_version(db, call->name, call->version, write->req->arena, write->res, err);
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION);
    call->value = hk__ml_string(&args, "description", HK__ML_OPTIONAL);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_VERSION, run_update);
}

static bool run_promotion(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    bool applied = false;
    hk__ml_empty(write->res);
    if (!hk__ml_promote(db, write, &call->promotion, &applied, err)) {
        return false;
    }
    if (!applied || call->promotion.kind != HK_PROMOTE_STAGE) {
        return true;
    }
    hk_buf_reset(&write->res->body);
    return hk__ml_answer_version(db, call->name, call->version, write->req->arena, write->res, err);
}

static void delete_version(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION);
    call->promotion.kind = HK_PROMOTE_VERSION_DELETE;
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_VERSION, run_promotion);
}

/* Of a stage that is not one to work in MLflow says so with the status of its own fault, which its clients take for a
 * reason to try again; here it is the caller's. */
static void check_stage(struct hk__ml_arguments *args, struct hk_promotion *promotion, struct hk_str stage)
{
    if (!hk_model_stage_find(stage, &promotion->stage)) {
        hk__ml_refuse(args, hk_model_stage_mistake(args->req->arena, stage));
    } else if (promotion->archive_existing && promotion->stage != HK_STAGE_STAGING &&
               promotion->stage != HK_STAGE_PRODUCTION) {
        hk__ml_mistake(args,
                       "Model version transition cannot archive existing model versions because '%.*s' is not an "
                       "Active stage. Valid stages are ['Staging', 'Production']",
                       HK_STR_ARG(stage));
    }
}

static void transition_stage(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION);
    struct hk_str stage = hk__ml_string(&args, "stage", HK__ML_REQUIRED);
    call->promotion.kind = HK_PROMOTE_STAGE;
    call->promotion.archive_existing = hk__ml_bool(&args, "archive_existing_versions", false);
    check_stage(&args, &call->promotion, stage);
    hk__ml_model_call_promote(&args, res, call, HK__ML_CALL_VERSION, run_promotion);
}

static bool run_set_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    const struct hk_model_tag tag = {call->key.data, call->value};
    struct hk_model_version_row version;
    hk__ml_empty(write->res);
    return hk_store_model_version_get(db, call->name, call->version, write->req->arena, &version, err) &&
           hk_store_model_version_tag_set(db, version.key, &tag, err) &&
           hk__ml_tell_tag(db, call, version.model_key, true, err);
}

static void set_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION | HK__ML_CALL_KEY);
    call->value = hk__ml_string(&args, "value", HK__ML_OPTIONAL);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_VERSION | HK__ML_CALL_KEY, run_set_tag);
}

static bool run_delete_tag(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct hk__ml_model_call *call = write->data;
    struct hk_model_version_row version;
    hk__ml_empty(write->res);
    return hk_store_model_version_get(db, call->name, call->version, write->req->arena, &version, err) &&
           hk_store_model_version_tag_delete(db, version.key, call->key.data, err) &&
           hk__ml_tell_tag(db, call, version.model_key, false, err);
}

static void delete_tag(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct hk__ml_model_call *call = hk__ml_model_call_open(&args, req, HK__ML_CALL_VERSION | HK__ML_CALL_KEY);
    hk__ml_model_call_write(&args, res, call, HK__ML_CALL_VERSION | HK__ML_CALL_KEY, run_delete_tag);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/model-versions/create", HK_ROLE_USER, create, NULL},
    {HK_METHOD_GET, "2.0/mlflow/model-versions/get", HK_ROLE_VIEWER, get, NULL},
    {HK_METHOD_GET, "2.0/mlflow/model-versions/get-download-uri", HK_ROLE_VIEWER, get_download_uri, NULL},
    {HK_METHOD_PATCH, "2.0/mlflow/model-versions/update", HK_ROLE_USER, update, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/model-versions/delete", HK_ROLE_USER, delete_version, NULL},
    {HK_METHOD_POST, "2.0/mlflow/model-versions/transition-stage", HK_ROLE_USER, transition_stage, NULL},
    {HK_METHOD_POST, "2.0/mlflow/model-versions/set-tag", HK_ROLE_USER, set_tag, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/model-versions/delete-tag", HK_ROLE_USER, delete_tag, NULL},
};

const struct hk__ml_table hk__ml_versions_table = HK__ML_TABLE(routes);
