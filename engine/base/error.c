#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts a truncated message before the first byte of an incomplete UTF-8 sequence, so that it can
 * always be put into JSON. */
static void trim_utf8(char *s)
{
    size_t len = strlen(s);
    size_t at = len;
    while (at > 0 && len - at < 4 && ((unsigned char)s[at - 1] & 0xC0) == 0x80) {
        at--;
    }
    if (at == 0) {
        return;
    }
    unsigned char lead = (unsigned char)s[at - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (want > 1 && len - (at - 1) < want) {
        s[at - 1] = '\0';
    }
}

bool hk_error_set_v(struct hk_error *err, enum hk_code code, const char *fmt, va_list args)
{
    err->code = code;
    int n = vsnprintf(err->message, sizeof err->message, fmt, args);
    if (n >= (int)sizeof err->message) {
        trim_utf8(err->message);
    }
    return false;
}

bool hk_error_set(struct hk_error *err, enum hk_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(err, code, fmt, args);
    va_end(args);
    return false;
}

bool hk_error_prefix(struct hk_error *err, const char *fmt, ...)
{
    struct hk_error old = *err;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->message - 3) {
        int room = (int)(sizeof err->message - (size_t)n);
        int m = snprintf(err->message + n, (size_t)room, ": %s", old.message);
        if (m >= room) {
            trim_utf8(err->message);
        }
    }
    return false;
}

const char *hk_code_name(enum hk_code code)
{
    static const char *const names[HK_CODE_COUNT] = {
        [HK_OK] = "ok",
        [HK_INVALID] = "invalid",
        [HK_NOT_FOUND] = "not found",
        [HK_CONFLICT] = "conflict",
        [HK_DENIED] = "denied",
        [HK_UNAUTHENTICATED] = "unauthenticated",
        [HK_LIMIT] = "limit",
        [HK_TIMEOUT] = "timeout",
        [HK_CANCELLED] = "cancelled",
        [HK_UNAVAILABLE] = "unavailable",
        [HK_IO] = "io",
        [HK_CORRUPT] = "corrupt",
        [HK_INTERNAL] = "internal",
    };
    return code < HK_CODE_COUNT ? names[code] : "unknown";
}

void hk_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "hanok: assertion failed: %s (%s:%d)\n", what, file, line);
    abort();
}
