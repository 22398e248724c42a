/* mlflow-artifacts: the proxy through which clients list, fetch, bring and delete artifacts by their path. */
#include "api/mlflow/artifact_upload.h"
#include "engine/artifacts/artifact_path.h"
#include "engine/base/limits.h"

#define PROXY "2.0/mlflow-artifacts/"

static struct hk_artifacts *artifacts_of(const struct hk_request *req)
{
    return hk__ml(req)->options.artifacts;
}

/* false: the failure is in res. */
static bool read_path(const struct hk_request *req, struct hk_response *res, struct hk_str text,
                      struct hk_artifact_path *out)
{
    struct hk_error err;
    if (hk_artifact_path_read(text, req->arena, out, &err)) {
        return true;
    }
    hk__ml_fail_error(res, &err);
    return false;
}

static bool ends_with_slash(const struct hk_request *req)
{
    return hk_str_ends_with(req->path, "/"); /* which the router has taken off */
}

/* Two answers of the real server come from its framework, not from MLflow. */
static void fail_detail(struct hk_response *res, const char *message)
{
    struct hk_json w;
    hk_buf_reset(&res->body);
    hk_response_header(res, "X-Content-Type-Options", HK_STR("nosniff"));
    res->status = 400;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "detail", message);
    hk_json_end_object(&w);
}

/* -- list -- */

static void list_folder(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct hk_artifact_path *path = data;
    struct hk_artifact_entries entries;
    struct hk_error err;
    struct hk_json w;
    if (!hk_artifacts_list(artifacts_of(req), path->normal, req->arena, &entries, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk__ml_write_entries(&w, req->arena, (struct hk_str){0}, &entries);
    hk_json_end_object(&w);
}

static void list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_artifact_path *path = hk_arena_alloc(req->arena, sizeof *path);
    if (read_path(req, res, hk_request_query(req, "path"), path)) {
        hk__ml_later(req, res, list_folder, path);
    }
}

/* -- one artifact -- */

static void send_one(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct hk_artifact_path *path = data;
    bool is_folder = false;
    hk__ml_send_artifact(req, res, path->normal, &is_folder);
    if (is_folder) {
        fail_detail(res, hk_arena_printf(req->arena, "Artifact path refers to a directory, not a file: '%.*s'",
                                         HK_STR_ARG(path->text)));
    }
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_artifact_path *path = hk_arena_alloc(req->arena, sizeof *path);
    if (read_path(req, res, hk_request_path(req, "path"), path)) {
        hk__ml_later(req, res, send_one, path);
    }
}

static void begin_put(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink)
{
    struct hk_artifact_path path;
    struct hk_error err;
    if (!read_path(req, res, hk_request_path(req, "path"), &path)) {
        return;
    }
    if (ends_with_slash(req)) {
        fail_detail(res, "Artifact path must include a filename (cannot end with '/').");
    } else if (!hk_artifact_path_check_target(&path, &err)) {
        hk__ml_fail_error(res, &err);
    } else {
        const struct hk__ml_receive how = {.path = path.normal};
        hk__ml_receive_artifact(req, res, sink, &how);
    }
}

static void delete_path(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct hk_artifact_path *path = data;
    struct hk_error err;
    if (hk_artifacts_delete(artifacts_of(req), path->normal, &err)) {
        hk__ml_empty(res);
    } else {
        hk__ml_fail_error(res, &err);
    }
}

static void delete (const struct hk_request *req, struct hk_response *res)
{
    struct hk_artifact_path *path = hk_arena_alloc(req->arena, sizeof *path);
    if (read_path(req, res, hk_request_path(req, "path"), path)) {
        hk__ml_later(req, res, delete_path, path);
    }
}

/* -- uploads in parts, which clients bring to the bucket themselves -- */

struct parts {
    struct hk_str path;
    struct hk_str upload_id;
    struct hk_artifact_part *items;
    size_t count;
};

#define NO_PARTS "Multipart upload is not supported for the current artifact repository"
#define NO_DOWNLOADS "Multipart download is not supported for the current artifact repository"

/* The folder is in the address, the name in the body. */
static void read_target(const struct hk_request *req, struct hk__ml_arguments *args, struct hk_str *out)
{
    struct hk_artifact_path folder;
    struct hk_artifact_path target;
    struct hk_error err;
    hk__ml_arguments_open(args, req);
    struct hk_str name = hk__ml_string(args, "path", HK__ML_REQUIRED);
    if (!hk_artifact_path_read(hk_request_path(req, "path"), req->arena, &folder, &err)) {
        hk__ml_mistake(args, "%s", err.message);
    } else if (name.len > 0) {
        /* As the real server does: the client's own path of the file, of which the last name counts. */
        struct hk_str last = hk_artifact_path_name(name);
        if (!hk_artifact_path_read(hk_artifact_path_join(req->arena, folder.normal, last), req->arena, &target, &err) ||
            !hk_artifact_path_check_target(&target, &err)) {
            hk__ml_mistake(args, "%s", err.message);
        }
        *out = target.normal;
    }
}

static bool has_parts(const struct hk_request *req, struct hk_response *res, struct hk__ml_arguments *args)
{
    if (!hk__ml_arguments_check(args, res)) {
        return false;
    }
    hk__ml_arguments_close(args);
    if (!hk_artifacts_has_urls(artifacts_of(req))) {
        hk__ml_fail(res, HK__ML_NOT_IMPLEMENTED, NO_PARTS);
        return false;
    }
    return true;
}

static void create_parts(const struct hk_request *req, struct hk_response *res, void *data)
{
    struct parts *parts = data;
    struct hk_str *urls = NULL;
    struct hk_error err;
    struct hk_json w;
    if (!hk_artifacts_parts_begin(artifacts_of(req), parts->path, parts->count, req->arena, &parts->upload_id, &urls,
                                  &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "upload_id", parts->upload_id);
    hk_json_key(&w, "credentials");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < parts->count; i++) {
        hk_json_begin_object(&w);
        hk_json_kv_str(&w, "url", urls[i]);
        hk_json_kv_int(&w, "part_number", (int64_t)i + 1);
        hk_json_kv_raw(&w, "headers", HK_STR("{}"));
        hk_json_end_object(&w);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
}

static void mpu_create(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct parts *parts = hk_arena_alloc(req->arena, sizeof *parts);
    read_target(req, &args, &parts->path);
    int64_t count = hk__ml_int(&args, "num_parts", HK__ML_OPTIONAL, 0);
    if (!has_parts(req, res, &args)) {
        return;
    }
    parts->count = count < 0 ? 0 : (size_t)count;
    hk__ml_later(req, res, create_parts, parts);
}

static void read_parts(struct hk__ml_arguments *args, struct parts *parts)
{
    const json_t *list = hk__ml_array(args, "parts", HK__ML_REQUIRED);
    struct hk_arena *arena = args->req->arena;
    if (list != NULL && json_array_size(list) == 0) {
        hk__ml_mistake(args,
                       "Missing value for required parameter 'parts'. See the API docs for more information about "
                       "request parameters.");
    }
    parts->count = json_array_size(list);
    parts->items = hk_arena_array(arena, parts->count, sizeof *parts->items);
    for (size_t i = 0; i < parts->count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *etag = hk_json_get_text(item, "etag", "");
        parts->items[i].number = hk_json_get_int(item, "part_number", 0);
        parts->items[i].etag = hk_arena_str(arena, hk_str_from(etag));
    }
}

static void complete_parts(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct parts *parts = data;
    struct hk_error err;
    if (hk_artifacts_parts_end(artifacts_of(req), parts->path, parts->upload_id, parts->items, parts->count, &err)) {
        hk__ml_empty(res);
    } else {
        hk__ml_fail_error(res, &err);
    }
}

static void mpu_complete(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct parts *parts = hk_arena_alloc(req->arena, sizeof *parts);
    read_target(req, &args, &parts->path);
    parts->upload_id = hk__ml_string(&args, "upload_id", HK__ML_OPTIONAL);
    read_parts(&args, parts);
    if (has_parts(req, res, &args)) {
        hk__ml_later(req, res, complete_parts, parts);
    }
}

static void abort_parts(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct parts *parts = data;
    struct hk_error err;
    if (hk_artifacts_parts_abort(artifacts_of(req), parts->path, parts->upload_id, &err)) {
        hk__ml_empty(res);
    } else {
        hk__ml_fail_error(res, &err);
    }
}

static void mpu_abort(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct parts *parts = hk_arena_alloc(req->arena, sizeof *parts);
    read_target(req, &args, &parts->path);
    parts->upload_id = hk__ml_string(&args, "upload_id", HK__ML_OPTIONAL);
    if (has_parts(req, res, &args)) {
        hk__ml_later(req, res, abort_parts, parts);
    }
}

/* -- fetching from the bucket itself -- */

static void write_url(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct hk_artifact_path *path = data;
    struct hk_str url;
    uint64_t size = 0;
    struct hk_error err;
    struct hk_json w;
    if (!hk_artifacts_url(artifacts_of(req), path->normal, HK_ARTIFACT_URL_SECONDS, req->arena, &url, &size, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "url", url);
    hk_json_kv_raw(&w, "headers", HK_STR("{}"));
    hk_json_kv_int(&w, "file_size", (int64_t)size);
    hk_json_end_object(&w);
}

static void presigned(const struct hk_request *req, struct hk_response *res)
{
    struct hk_artifact_path *path = hk_arena_alloc(req->arena, sizeof *path);
    if (!read_path(req, res, hk_request_path(req, "path"), path)) {
        return;
    }
    if (!hk_artifacts_has_urls(artifacts_of(req))) {
        hk__ml_fail(res, HK__ML_NOT_IMPLEMENTED, NO_DOWNLOADS);
        return;
    }
    hk__ml_later(req, res, write_url, path);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, PROXY "artifacts", HK_ROLE_VIEWER, list},
    {HK_METHOD_GET, PROXY "artifacts/{path:path}", HK_ROLE_VIEWER, get},
    {HK_METHOD_PUT, PROXY "artifacts/{path:path}", HK_ROLE_USER, NULL, begin_put},
    {HK_METHOD_DELETE, PROXY "artifacts/{path:path}", HK_ROLE_USER, delete},
    {HK_METHOD_POST, PROXY "mpu/create/{path:path}", HK_ROLE_USER, mpu_create},
    {HK_METHOD_POST, PROXY "mpu/complete/{path:path}", HK_ROLE_USER, mpu_complete},
    {HK_METHOD_POST, PROXY "mpu/abort/{path:path}", HK_ROLE_USER, mpu_abort},
    {HK_METHOD_GET, PROXY "presigned/{path:path}", HK_ROLE_VIEWER, presigned},
};

const struct hk__ml_table hk__ml_artifact_table = HK__ML_TABLE(routes);
