/* Errors as values: a code for programs and one sentence for people.
 *
 * Every function that can fail for a reason outside this program returns bool and takes a
 * struct hk_error as its last parameter, never NULL. true means done and err is untouched; false means
 * err holds a code and a complete sentence with the offending values and, where there is one,
 * the cure. Each layer may add context in front with hk_error_prefix; it is logged once, where
 * it is handled. Mistakes of the programmer are HK_ASSERT, which stays on in release builds.
 *
 *     if (!hk_graph_build(builder, &graph, err)) {
 *         return hk_error_prefix(err, "file '%s'", path);
 *     }
 */
#ifndef HK_BASE_ERROR_H
#define HK_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

enum hk_code {
    HK_OK = 0,
    HK_INVALID, /* the request is wrong; repeating it will not help */
    HK_NOT_FOUND,
    HK_CONFLICT,        /* lost a race, or the name is taken */
    HK_DENIED,          /* known caller, not allowed */
    HK_UNAUTHENTICATED, /* unknown caller */
    HK_LIMIT,           /* larger than a limit of engine/base/limits.h */
    HK_TIMEOUT,
    HK_CANCELLED,
    HK_UNAVAILABLE, /* try again later */
    HK_IO,          /* the operating system said no: disk full, permission */
    HK_CORRUPT,     /* what we once wrote can no longer be read */
    HK_INTERNAL,
    HK_CODE_COUNT
};

struct hk_error {
    enum hk_code code;
    char message[512];
};

#define HK_MUST_USE __attribute__((warn_unused_result))
#define HK_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

/* Fills err and returns false, so that `return hk_error_set(...)` reads well. A message longer than the
 * field is cut at a UTF-8 boundary. Any thread. */
bool hk_error_set(struct hk_error *err, enum hk_code code, const char *fmt, ...) HK_PRINTF(3, 4);
bool hk_error_set_v(struct hk_error *err, enum hk_code code, const char *fmt, va_list args);

/* Puts "<context>: " in front of the message and returns false. */
bool hk_error_prefix(struct hk_error *err, const char *fmt, ...) HK_PRINTF(2, 3);

/* "invalid", "not found", ... for logs. */
const char *hk_code_name(enum hk_code code);

#define HK_ASSERT(cond) ((cond) ? (void)0 : hk_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void hk_assert_failed(const char *what, const char *file, int line);

#endif
