#include "api/mlflow/artifact_place.h"

#include <string.h>

#include "engine/artifacts/artifact_path.h"

struct place {
    struct hk_str uri;
    struct hk_str inner; /* decoded, as it is shown in front of names */
    struct hk_str path;
};

/* What stands behind "mlflow-artifacts:/", "mlflow-artifacts://host/" or the proxy's route; false: it is none of them.
 */
static bool proxied(struct hk_str uri, struct hk_str *rest)
{
    static const char scheme[] = "mlflow-artifacts:";
    static const char route[] = "/api/2.0/mlflow-artifacts/artifacts/";
    if (hk_str_starts_with(uri, scheme)) {
        *rest = (struct hk_str){uri.data + sizeof scheme - 1, uri.len - (sizeof scheme - 1)};
        if (hk_str_starts_with(*rest, "//")) {
            const char *slash = rest->len > 2 ? memchr(rest->data + 2, '/', rest->len - 2) : NULL;
            *rest =
                slash != NULL ? (struct hk_str){slash, rest->len - (size_t)(slash - rest->data)} : (struct hk_str){0};
        }
        while (rest->len > 0 && rest->data[0] == '/') {
            *rest = (struct hk_str){rest->data + 1, rest->len - 1};
        }
        return true;
    }
    const char *at = hk_str_starts_with(uri, "http") ? memmem(uri.data, uri.len, route, sizeof route - 1) : NULL;
    if (at != NULL) {
        size_t skip = (size_t)(at - uri.data) + sizeof route - 1;
        *rest = (struct hk_str){uri.data + skip, uri.len - skip};
    }
    return at != NULL;
}

static bool find(const struct hk_request *req, struct hk_response *res, struct place *place)
{
    struct hk_artifact_path root;
    struct hk_artifact_path inner;
    struct hk_str rest = {0};
    struct hk_error err;
    if (!hk_artifact_path_read(place->inner, req->arena, &inner, &err)) {
        hk__ml_fail_error(res, &err);
        return false;
    }
    if (!proxied(place->uri, &rest)) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE,
                    "The artifacts lie in '%.*s', where this server does not look; ask that place for them.",
                    HK_STR_ARG(place->uri));
        return false;
    }
    if (!hk_artifact_path_read(rest, req->arena, &root, &err)) {
        hk__ml_fail_error(res, &err);
        return false;
    }
    place->inner = inner.normal;
    place->path = hk_artifact_path_join(req->arena, root.normal, inner.normal);
    return true;
}

bool hk__ml_artifact_place(const struct hk_request *req, struct hk_response *res, struct hk_str uri,
                           struct hk_str inner, struct hk_str *out)
{
    struct place place = {.uri = uri, .inner = inner};
    bool ok = find(req, res, &place);
    *out = place.path;
    return ok;
}

static void list(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct place *place = data;
    struct hk_artifact_entries entries;
    struct hk_error err;
    struct hk_json w;
    if (!hk_artifacts_list(hk__ml(req)->options.artifacts, place->path, req->arena, &entries, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "root_uri", place->uri);
    hk__ml_write_entries(&w, req->arena, place->inner, &entries);
    hk_json_end_object(&w);
}

static void send(const struct hk_request *req, struct hk_response *res, void *data)
{
    const struct place *place = data;
    bool is_folder = false;
    hk__ml_send_artifact(req, res, place->path, &is_folder);
}

static void begin(const struct hk_request *req, struct hk_response *res, const struct place *wanted,
                  void (*fn)(const struct hk_request *req, struct hk_response *res, void *data))
{
    struct place *place = hk_arena_alloc(req->arena, sizeof *place);
    *place = *wanted;
    if (find(req, res, place)) {
        hk__ml_later(req, res, fn, place);
    }
}

void hk__ml_list_at(const struct hk_request *req, struct hk_response *res, struct hk_str uri, struct hk_str inner)
{
    begin(req, res, &(struct place){.uri = uri, .inner = inner}, list);
}

void hk__ml_send_at(const struct hk_request *req, struct hk_response *res, struct hk_str uri, struct hk_str inner)
{
    begin(req, res, &(struct place){.uri = uri, .inner = inner}, send);
}
