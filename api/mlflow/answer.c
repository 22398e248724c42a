#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/mlflow/mlflow_internal.h"
#include "engine/artifacts/artifact_path.h"
#include "engine/base/log.h"

#define INVALID "INVALID_PARAMETER_VALUE"
#define OURS "CLIENT_INTERNAL_ERROR"

/* ERROR_CODE_TO_HTTP_STATUS of mlflow/exceptions.py, and what error_classification.py derives from the code: a class
 * and a state, which are absent where the class is NULL. */
static const struct {
    const char *name;
    int status;
    const char *error_class;
} codes[] = {
    {HK__ML_INVALID_VALUE, 400, INVALID},
    {HK__ML_BAD_REQUEST, 400, INVALID},
    {HK__ML_EXISTS, 400, "RESOURCE_ALREADY_EXISTS"},
    {"UNAUTHENTICATED", 401, NULL},
    {HK__ML_DENIED, 403, "PERMISSION_DENIED"},
    {HK__ML_NOT_THERE, 404, "RESOURCE_NOT_FOUND"},
    {"ENDPOINT_NOT_FOUND", 404, "RESOURCE_NOT_FOUND"},
    {HK__ML_CONFLICT, 409, NULL},
    {"REQUEST_LIMIT_EXCEEDED", 429, NULL},
    {HK__ML_INTERNAL, 500, OURS},
    {HK__ML_INVALID_STATE, 500, OURS},
    {HK__ML_NOT_IMPLEMENTED, 501, NULL},
    {"TEMPORARILY_UNAVAILABLE", 503, OURS},
    {"DEADLINE_EXCEEDED", 504, NULL},
};

enum { CODES = sizeof codes / sizeof codes[0] };

static const char *const by_code[HK_CODE_COUNT] = {
    [HK_OK] = HK__ML_INTERNAL,
    [HK_INVALID] = HK__ML_INVALID_VALUE,
    [HK_NOT_FOUND] = HK__ML_NOT_THERE,
    [HK_CONFLICT] = HK__ML_EXISTS,
    [HK_DENIED] = HK__ML_DENIED,
    [HK_UNAUTHENTICATED] = "UNAUTHENTICATED",
    [HK_LIMIT] = HK__ML_INVALID_VALUE,
    [HK_TIMEOUT] = "DEADLINE_EXCEEDED",
    [HK_CANCELLED] = "TEMPORARILY_UNAVAILABLE",
    [HK_UNAVAILABLE] = "TEMPORARILY_UNAVAILABLE",
    [HK_IO] = HK__ML_INTERNAL,
    [HK_CORRUPT] = HK__ML_INTERNAL,
    [HK_INTERNAL] = HK__ML_INTERNAL,
};

struct hk_str hk__ml_format(struct hk_arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    HK_ASSERT(len >= 0);
    char *text = hk_arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct hk_str){text, (size_t)len};
}

static size_t find_code(const char *error_code)
{
    size_t at = 0;
    while (at < CODES && strcmp(codes[at].name, error_code) != 0) {
        at++;
    }
    return at;
}

static int status_of(const char *error_code)
{
    size_t at = find_code(error_code);
    return at < CODES ? codes[at].status : 500;
}

/* A message may hold what a client sent, and no browser is to take it for a page. */
static void write_failure(struct hk_response *res, const char *error_code, struct hk_str message)
{
    hk_buf_reset(&res->body);
    hk_response_header(res, "X-Content-Type-Options", HK_STR("nosniff"));
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "error_code", error_code);
    hk_json_kv_str(&w, "message", message);
    size_t at = find_code(error_code);
    if (at < CODES && codes[at].error_class != NULL) {
        hk_json_kv_text(&w, "sqlstate", strcmp(codes[at].error_class, OURS) == 0 ? "XXM00" : "KAM00");
        hk_json_kv_text(&w, "error_class", codes[at].error_class);
    }
    hk_json_end_object(&w);
}

void hk__ml_fail(struct hk_response *res, const char *error_code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct hk_str message = hk__ml_format(res->arena, fmt, args);
    va_end(args);
    res->status = status_of(error_code);
    write_failure(res, error_code, message);
}

void hk__ml_fail_error(struct hk_response *res, const struct hk_error *err)
{
    const char *name = by_code[err->code];
    if (status_of(name) >= 500) {
        hk_log(HK_ERROR, "mlflow", "request could not be answered", HK_KEY("why", err->message));
    }
    hk__ml_fail(res, name, "%s", err->message);
}

/* ".." and the like in the path of an artifact are noticed before routing; the answer is the one of later checks. */
static bool is_bad_artifact_path(const struct hk_request *req, const struct hk_failure *failure)
{
    static const char *const proxies[] = {"/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/"};
    struct hk_artifact_path ignored;
    struct hk_error err;
    for (size_t i = 0; failure->status == 400 && i < sizeof proxies / sizeof proxies[0]; i++) {
        size_t len = strlen(proxies[i]);
        struct hk_str rest = {req->path.data + len, req->path.len - len};
        if (hk_str_starts_with(req->path, proxies[i])) {
            return !hk_artifact_path_read(rest, req->arena, &ignored, &err) && err.code == HK_INVALID;
        }
    }
    return false;
}

/* What fails before a handler runs: unknown paths, credentials, bodies that are too large. */
static const char *caller(const struct hk_request *req, struct hk_arena *arena)
{
    return req->caller.role == HK_ROLE_TASK
               ? "A task's token"
               : hk_arena_printf(arena, "'%.*s', whose role is %s,", HK_STR_ARG(req->caller.username),
                                 hk_role_name(req->caller.role));
}

void hk__ml_write_error(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    const char *name = failure->is_unknown_route ? "ENDPOINT_NOT_FOUND" : by_code[failure->code];
    struct hk_str message = is_bad_artifact_path(req, failure) ? HK_STR("Invalid path") : hk_str_from(failure->message);
    if (hk_str_is(message, "Forbidden")) { /* of the router, in Airflow's word */
        message = hk_str_from(hk_arena_printf(
            res->arena, "%s may not do this; an Admin can give another role (hanok users)", caller(req, res->arena)));
    }
    write_failure(res, name, message);
}

void hk__ml_empty(struct hk_response *res)
{
    hk_response_json(res, 200, HK_STR("{}"));
}
