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
} statuses[] = {
    {200, HK_OK},       {201, HK_OK},        {202, HK_OK},      {204, HK_OK},
    {304, HK_OK},       {307, HK_OK},        {400, HK_INVALID}, {401, HK_UNAUTHENTICATED},
    {403, HK_DENIED},   {404, HK_NOT_FOUND}, {405, HK_INVALID}, {406, HK_INVALID},
    {409, HK_CONFLICT}, {410, HK_NOT_FOUND}, {413, HK_LIMIT},   {414, HK_LIMIT},
    {415, HK_INVALID},  {416, HK_INVALID},   {422, HK_INVALID}, {429, HK_LIMIT},
    {431, HK_LIMIT},    {500, HK_INTERNAL},  {501, HK_INVALID}, {503, HK_UNAVAILABLE},
    {504, HK_TIMEOUT},
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
