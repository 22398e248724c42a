/* The body of an upload on its way to where artifacts lie: into the spool as it comes, to its place when it is whole.
 */
#include "api/mlflow/artifact_upload.h"

#include "engine/artifacts/digest.h"
#include "engine/base/limits.h"
#include "engine/store/artifact_digest_store.h"

enum { NO_ROOM = 507 }; /* which clients do not repeat seven times, as they do 500, and whose text they show */

struct receiving {
    struct hk_upload *upload;
    struct hk_digest *digest; /* of what has come: policies ask whether it is unchanged */
    const char *path;
    uint64_t most; /* 0: any */
    bool must_hold_bytes;
    const char *content_type;
    bool is_over; /* more than most */
    bool has_failed;
    struct hk_error failure;
};

static void fail(struct hk_response *res, const struct hk_error *err)
{
    if (err->code == HK_LIMIT) {
        hk__ml_fail(res, HK__ML_INTERNAL, "%s", err->message);
        res->status = NO_ROOM;
    } else {
        hk__ml_fail_error(res, err);
    }
}

static bool take(void *context, const char *data, size_t size)
{
    struct receiving *r = context;
    if (r->most > 0 && hk_upload_size(r->upload) + size > r->most) {
        r->is_over = true;
        return false;
    }
    hk_digest_add(r->digest, data, size);
    r->has_failed = !hk_upload_write(r->upload, data, size, &r->failure);
    return !r->has_failed;
}

static void forget(void *context)
{
    struct receiving *r = context;
    hk_upload_abort(r->upload);
    hk_digest_free(r->digest);
    r->upload = NULL;
    r->digest = NULL;
}

static bool note_digest(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_artifact_digest_set(db, arg, err);
}

/* In its place first: one that is not noted, after a crash, does not count as logged, and its client sends it again. */
static void commit(const struct hk_request *req, struct hk_response *res, void *data)
{
    struct receiving *r = data;
    struct hk_error err;
    char sha256[HK_ARTIFACT_DIGEST_SIZE];
    struct hk_artifact_digest digest = {.path = r->path,
                                        .sha256 = sha256,
                                        .size = (int64_t)hk_upload_size(r->upload),
                                        .logged_us = hk_clock_wall_us(hk__ml(req)->options.clock)};
    struct hk_upload *upload = r->upload;
    hk_digest_end(r->digest, sha256);
    r->upload = NULL;
    forget(r);
    if (!hk_upload_commit(upload, &err) ||
        !hk_store_write_now(hk__ml(req)->options.store, note_digest, &digest, &err)) {
        fail(res, &err);
        return;
    }
    hk_response_empty(res, 200);
    res->content_type = r->content_type;
}

static void end(void *context, const struct hk_request *req, struct hk_response *res)
{
    struct receiving *r = context;
    if (r->is_over) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, HK__ML_TOO_LARGE);
    } else if (r->has_failed) {
        fail(res, &r->failure);
    } else if (r->must_hold_bytes && hk_upload_size(r->upload) == 0) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, "Request must specify data.");
    } else {
        hk__ml_later(req, res, commit, r);
        return;
    }
    forget(r);
}

void hk__ml_receive_artifact(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink,
                             const struct hk__ml_receive *how)
{
    struct receiving *r = hk_arena_alloc(req->arena, sizeof *r);
    struct hk_error err;
    int64_t length = 0;
    (void)hk_str_to_i64(hk_request_header(req, "Content-Length"), &length);
    r->most = how->most;
    r->must_hold_bytes = how->must_hold_bytes;
    r->content_type = how->content_type;
    if (how->most > 0 && (uint64_t)length > how->most) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, HK__ML_TOO_LARGE);
    } else if (!hk_upload_begin(hk__ml(req)->options.artifacts, how->path, (uint64_t)length, &r->upload, &err)) {
        fail(res, &err);
    } else {
        r->digest = hk_digest_new();
        r->path = hk_arena_str(req->arena, how->path).data;
        *sink = (struct hk_sink){take, end, forget, r};
    }
}
