#include "api/http/response.h"

#include <stdio.h>
#include <unistd.h>

#include "api/http/router.h"

void hk_response_init(struct hk_response *res, struct hk_arena *arena)
{
    *res = (struct hk_response){.status = 200, .content_type = "application/json", .arena = arena};
    hk_buf_init(&res->body, HK_MAX_RESPONSE_BYTES);
}

static void close_stream(struct hk_response *res)
{
    if (res->stream.close != NULL) {
        res->stream.close(res->stream.context);
    }
    res->stream = (struct hk_stream){0};
    if (res->has_file) {
        (void)close(res->file.fd);
    }
    res->has_file = false;
}

void hk_response_clear(struct hk_response *res)
{
    hk_buf_clear(&res->body);
    close_stream(res);
}

void hk_response_header(struct hk_response *res, const char *name, struct hk_str value)
{
    struct hk_str name_copy = hk_arena_str(res->arena, hk_str_from(name));
    hk_pairs_add(&res->headers, res->arena, name_copy, hk_arena_str(res->arena, value));
}

void hk_response_stream(struct hk_response *res, const char *content_type, const struct hk_stream *stream)
{
    HK_ASSERT(stream->read != NULL);
    HK_ASSERT(res->stream.read == NULL);
    res->content_type = content_type;
    res->stream = *stream;
}

void hk_response_file(struct hk_response *res, const char *content_type, const struct hk_file *file)
{
    HK_ASSERT(file->fd >= 0 && !res->has_file && res->stream.read == NULL);
    res->content_type = content_type;
    res->file = *file;
    res->has_file = true;
}

void hk_response_json(struct hk_response *res, int status, struct hk_str json)
{
    res->status = status;
    hk_buf_reset(&res->body);
    hk_buf_add_str(&res->body, json);
}

void hk_response_empty(struct hk_response *res, int status)
{
    res->status = status;
    res->content_type = NULL;
    hk_buf_reset(&res->body);
}

void hk_write_detail(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    (void)req;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "detail", failure->message);
    hk_json_end_object(&w);
}

void hk_fail_with(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    hk_buf_clear(&res->body);
    close_stream(res);
    res->headers = (struct hk_pairs){0};
    res->status = failure->status;
    res->content_type = "application/json";
    if (req->door != NULL && req->door->write_error != NULL) {
        req->door->write_error(req, res, failure);
    } else {
        hk_write_detail(req, res, failure);
    }
}

void hk_fail(const struct hk_request *req, struct hk_response *res, enum hk_code code, const char *fmt, ...)
{
    struct hk_error err;
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(&err, code, fmt, args);
    va_end(args);
    hk_fail_error(req, res, &err);
}

void hk_fail_error(const struct hk_request *req, struct hk_response *res, const struct hk_error *err)
{
    const struct hk_failure failure = {.status = hk_code_status(err->code), .code = err->code, .message = err->message};
    hk_fail_with(req, res, &failure);
}

void hk_fail_status(const struct hk_request *req, struct hk_response *res, int status, const char *message)
{
    const struct hk_failure failure = {.status = status, .code = hk_status_code(status), .message = message};
    hk_fail_with(req, res, &failure);
}
