/* Artifacts asked for by run or version: what MLflow's pages do, and clients whose artifacts are not proxied. */
#include <string.h>

#include "api/mlflow/artifact_place.h"
#include "engine/artifacts/artifact_path.h"
#include "engine/base/limits.h"
#include "engine/store/artifact_query.h"

struct owner {
    struct hk_str run_id; /* or the following two, or model_id */
    struct hk_str model;
    struct hk_str version;
    struct hk_str model_id;
    struct hk_str uri; /* found */
};

static bool find_owner(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                       struct hk_error *err)
{
    struct owner *owner = data;
    (void)res;
    if (owner->model_id.len > 0) {
        return hk_store_artifacts_of_logged_model(db, owner->model_id, req->arena, &owner->uri, err);
    }
    if (owner->model.data != NULL) {
        return hk_store_artifacts_of_version(db, owner->model, owner->version, req->arena, &owner->uri, err);
    }
    return hk_store_artifacts_of_run(db, owner->run_id, req->arena, &owner->uri, err);
}

/* false: the failure is in res. */
static bool look_up(const struct hk_request *req, struct hk_response *res, struct owner *owner)
{
    hk__ml_read(req, res, find_owner, owner);
    return owner->uri.data != NULL;
}

/* Before anything is looked up, as the real server does. */
static bool is_safe(const struct hk_request *req, struct hk_response *res, struct hk_str path)
{
    struct hk_artifact_path ignored;
    struct hk_error err;
    if (hk_artifact_path_read(path, req->arena, &ignored, &err)) {
        return true;
    }
    hk__ml_fail_error(res, &err);
    return false;
}

static struct hk_str run_of(struct hk__ml_arguments *args, int flags)
{
    struct hk_str old = hk__ml_string(args, "run_uuid", HK__ML_OPTIONAL);
    struct hk_str run_id = hk__ml_string(args, "run_id", old.len > 0 ? HK__ML_OPTIONAL : flags);
    return run_id.len > 0 ? run_id : old;
}

static void list(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct owner owner = {0};
    hk__ml_arguments_open(&args, req);
    owner.run_id = run_of(&args, HK__ML_REQUIRED);
    struct hk_str path = hk__ml_string(&args, "path", HK__ML_OPTIONAL);
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    hk__ml_arguments_close(&args);
    if (is_safe(req, res, path) && look_up(req, res, &owner)) {
        hk__ml_list_at(req, res, owner.uri, path);
    }
}

static void get_of_run(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct owner owner = {0};
    hk__ml_arguments_open(&args, req);
    owner.run_id = run_of(&args, HK__ML_REQUIRED);
    struct hk_str path = hk__ml_string(&args, "path", HK__ML_REQUIRED);
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    hk__ml_arguments_close(&args);
    if (is_safe(req, res, path) && look_up(req, res, &owner)) {
        hk__ml_send_at(req, res, owner.uri, path);
    }
}

static void get_of_version(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct owner owner = {0};
    hk__ml_arguments_open(&args, req);
    owner.model = hk__ml_string(&args, "name", HK__ML_REQUIRED);
    owner.version = hk__ml_string(&args, "version", HK__ML_REQUIRED);
    struct hk_str path = hk__ml_string(&args, "path", HK__ML_REQUIRED);
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    hk__ml_arguments_close(&args);
    if (is_safe(req, res, path) && look_up(req, res, &owner)) {
        hk__ml_send_at(req, res, owner.uri, path);
    }
}

/* -- what the pages upload: one small file as the body, all else in the query -- */

static void begin_upload(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink)
{
    struct owner owner = {.run_id = hk_request_query(req, "run_uuid")};
    struct hk_str inner = hk_request_query(req, "path");
    struct hk__ml_receive how = {
        .most = HK_MAX_POSTED_ARTIFACT_BYTES, .must_hold_bytes = true, .content_type = "application/json"};
    struct hk_artifact_path path;
    struct hk_error err;
    if (owner.run_id.len == 0) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, "Request must specify run_uuid.");
    } else if (inner.len == 0) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, "Request must specify path.");
    } else if (!hk_artifact_path_read(inner, req->arena, &path, &err) || !hk_artifact_path_check_target(&path, &err)) {
        hk__ml_fail_error(res, &err);
    } else if (look_up(req, res, &owner) && hk__ml_artifact_place(req, res, owner.uri, inner, &how.path)) {
        hk__ml_receive_artifact(req, res, sink, &how);
    }
}

/* -- addresses: only what lies elsewhere has any, and this server does not sign for other places -- */

static void refuse_address(const struct hk_request *req, struct hk_response *res, struct owner *owner, const char *what,
                           const char *whose)
{
    if (!look_up(req, res, owner)) {
        return;
    }
    const char *colon = memchr(owner->uri.data, ':', owner->uri.len);
    int len = colon != NULL ? (int)(colon - owner->uri.data) : 0;
    bool is_proxied = hk_str_starts_with(owner->uri, "mlflow-artifacts:") || hk_str_starts_with(owner->uri, "http");
    if (is_proxied) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE,
                    "Presigned %s is not supported for %sproxied artifact storage (artifact URI scheme: %.*s). This "
                    "endpoint requires a %sdirect cloud storage artifact URI.",
                    what, whose, len, owner->uri.data, whose[0] != '\0' ? "run with a " : "");
    } else {
        hk__ml_fail(res, HK__ML_NOT_IMPLEMENTED, "Presigned %s is not supported for the current artifact repository",
                    what);
    }
}

static void upload_url(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct owner owner = {0};
    hk__ml_arguments_open(&args, req);
    owner.run_id = hk__ml_string(&args, "run_id", HK__ML_OPTIONAL);
    owner.model_id = hk__ml_string(&args, "model_id", HK__ML_OPTIONAL);
    struct hk_str path = hk__ml_string(&args, "path", HK__ML_REQUIRED);
    (void)hk__ml_int(&args, "expiration", HK__ML_OPTIONAL, 0);
    if ((owner.run_id.len > 0) == (owner.model_id.len > 0)) {
        hk__ml_mistake(&args, "Exactly one of run_id and model_id must be provided.");
    }
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    hk__ml_arguments_close(&args);
    if (is_safe(req, res, path)) {
        refuse_address(req, res, &owner, "upload", "");
    }
}

static void download_url(const struct hk_request *req, struct hk_response *res)
{
    enum { WEEK = 604800 };
    struct hk__ml_arguments args;
    struct owner owner = {0};
    hk__ml_arguments_open(&args, req);
    owner.run_id = hk__ml_string(&args, "run_id", HK__ML_REQUIRED);
    struct hk_str path = hk__ml_string(&args, "path", HK__ML_REQUIRED);
    int64_t seconds = hk__ml_int(&args, "expiration", HK__ML_OPTIONAL, HK_ARTIFACT_URL_SECONDS);
    if (seconds < 1 || seconds > WEEK) {
        hk__ml_mistake(&args, "expiration must be between 1 and %d seconds (got %lld).", WEEK, (long long)seconds);
    }
    if (!hk__ml_arguments_check(&args, res)) {
        return;
    }
    hk__ml_arguments_close(&args);
    if (is_safe(req, res, path)) {
        refuse_address(req, res, &owner, "download", "runs with ");
    }
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "2.0/mlflow/artifacts/list", HK_ROLE_VIEWER, list},
    {HK_METHOD_GET, "/get-artifact", HK_ROLE_VIEWER, get_of_run},
    {HK_METHOD_GET, "/model-versions/get-artifact", HK_ROLE_VIEWER, get_of_version},
    {HK_METHOD_POST, "/ajax-api/2.0/mlflow/upload-artifact", HK_ROLE_USER, NULL, begin_upload},
    {HK_METHOD_POST, "2.0/mlflow/artifacts/presigned-upload-url", HK_ROLE_USER, upload_url},
    {HK_METHOD_POST, "2.0/mlflow/artifacts/presigned-download-url", HK_ROLE_VIEWER, download_url},
};

const struct hk__ml_table hk__ml_run_artifact_table = HK__ML_TABLE(routes);
