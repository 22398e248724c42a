#include "api/http/response.h"

/* What an error of the engine is in HTTP. */
static const int code_statuses[HK_CODE_COUNT] = {
    [HK_OK] = 200,        [HK_INVALID] = 400,         [HK_NOT_FOUND] = 404, [HK_CONFLICT] = 409,
    [HK_DENIED] = 403,    [HK_UNAUTHENTICATED] = 401, [HK_LIMIT] = 413,     [HK_TIMEOUT] = 504,
    [HK_CANCELLED] = 409, [HK_UNAVAILABLE] = 503,     [HK_IO] = 500,        [HK_CORRUPT] = 500,
    [HK_INTERNAL] = 500,
};

static const struct {
    int status;
    enum hk_code code;
    const char *reason;
} statuses[] = {
    {200, HK_OK, "OK"},
    {201, HK_OK, "Created"},
    {202, HK_OK, "Accepted"},
    {204, HK_OK, "No Content"},
    {304, HK_OK, "Not Modified"},
    {307, HK_OK, "Temporary Redirect"},
    {400, HK_INVALID, "Bad Request"},
    {401, HK_UNAUTHENTICATED, "Unauthorized"},
    {403, HK_DENIED, "Forbidden"},
    {404, HK_NOT_FOUND, "Not Found"},
    {405, HK_INVALID, "Method Not Allowed"},
    {406, HK_INVALID, "Not Acceptable"},
    {409, HK_CONFLICT, "Conflict"},
    {410, HK_NOT_FOUND, "Gone"},
    {413, HK_LIMIT, "Content Too Large"},
    {414, HK_LIMIT, "URI Too Long"},
    {415, HK_INVALID, "Unsupported Media Type"},
    {416, HK_INVALID, "Range Not Satisfiable"},
    {422, HK_INVALID, "Unprocessable Entity"},
    {429, HK_LIMIT, "Too Many Requests"},
    {431, HK_LIMIT, "Request Header Fields Too Large"},
    {500, HK_INTERNAL, "Internal Server Error"},
    {501, HK_INVALID, "Not Implemented"},
    {503, HK_UNAVAILABLE, "Service Unavailable"},
    {504, HK_TIMEOUT, "Gateway Timeout"},
};

int hk_code_status(enum hk_code code)
{
    HK_ASSERT(code < HK_CODE_COUNT);
    return code_statuses[code];
}

enum hk_code hk_status_code(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status) {
            return statuses[i].code;
        }
    }
    return status >= 500 ? HK_INTERNAL : status >= 400 ? HK_INVALID : HK_OK;
}

const char *hk_status_reason(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status) {
            return statuses[i].reason;
        }
    }
    return "Unknown Status";
}
