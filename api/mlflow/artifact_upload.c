/* The body of an upload on its way to where artifacts lie: into the spool as it comes, to its place when it is whole.
 */
#include "api/mlflow/artifact_upload.h"

#include "engine/base/limits.h"

enum { NO_ROOM = 507 }; /* which clients do not repeat seven times, as they do 500, and whose text they show */

struct receiving {
    struct hk_upload *upload;
    uint64_t most; /* 0: any */
    bool must_hold_bytes;
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
    r->has_failed = !hk_upload_write(r->upload, data, size, &r->failure);
    return !r->has_failed;
}

static void forget(void *context)
{
    struct receiving *r = context;
    hk_upload_abort(r->upload);
    r->upload = NULL;
}

static void commit(const struct hk_request *req, struct hk_response *res, void *data)
{
    struct receiving *r = data;
    struct hk_error err;
    (void)req;
    struct hk_upload *upload = r->upload;
    r->upload = NULL;
    if (!hk_upload_commit(upload, &err)) {
        fail(res, &err);
        return;
    }
    hk_response_empty(res, 200);
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
    if (how->most > 0 && (uint64_t)length > how->most) {
        hk__ml_fail(res, HK__ML_INVALID_VALUE, HK__ML_TOO_LARGE);
    } else if (!hk_upload_begin(hk__ml(req)->options.artifacts, how->path, (uint64_t)length, &r->upload, &err)) {
        fail(res, &err);
    } else {
        *sink = (struct hk_sink){take, end, forget, r};
    }
}
