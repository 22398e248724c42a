#include "engine/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hk_str hk_str_from(const char *c_string)
{
    return (struct hk_str){c_string, c_string != NULL ? strlen(c_string) : 0};
}

bool hk_str_eq(struct hk_str a, struct hk_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool hk_str_is(struct hk_str a, const char *c_string)
{
    return hk_str_eq(a, hk_str_from(c_string));
}

bool hk_str_starts_with(struct hk_str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return n == 0 || (s.len >= n && memcmp(s.data, prefix, n) == 0);
}

bool hk_str_ends_with(struct hk_str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return n == 0 || (s.len >= n && memcmp(s.data + s.len - n, suffix, n) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct hk_str hk_str_trim(struct hk_str s)
{
    while (s.len > 0 && is_space(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.data[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool hk_str_next(struct hk_str *rest, char sep, struct hk_str *head)
{
    if (rest->len == 0) {
        return false;
    }
    const char *at = memchr(rest->data, sep, rest->len);
    size_t n = at != NULL ? (size_t)(at - rest->data) : rest->len;
    *head = (struct hk_str){rest->data, n};
    size_t used = at != NULL ? n + 1 : n;
    rest->data += used;
    rest->len -= used;
    return true;
}

bool hk_str_to_i64(struct hk_str s, int64_t *out)
{
    size_t i = 0;
    bool negative = s.len > 0 && s.data[0] == '-';
    if (s.len > 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        i = 1;
    }
    if (i == s.len) {
        return false;
    }
    int64_t value = 0; /* kept negative, so that INT64_MIN can be read */
    for (; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, s.data[i] - '0', &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return true;
}

bool hk_str_to_double(struct hk_str s, double *out)
{
    char text[64];
    if (s.len == 0 || is_space(s.data[0]) || !hk_str_copy(text, sizeof text, s) || strpbrk(text, "xX") != NULL) {
        return false; /* C takes hexadecimal, nobody else does */
    }
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + s.len || errno == ERANGE || !isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

bool hk_str_copy(char *out, size_t out_size, struct hk_str s)
{
    if (s.len >= out_size) {
        if (out_size > 0) {
            out[0] = '\0';
        }
        return false;
    }
    if (s.len > 0) {
        memcpy(out, s.data, s.len);
    }
    out[s.len] = '\0';
    return true;
}

bool hk_str_is_utf8(struct hk_str s)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t i = 0;
    while (i < s.len) {
        unsigned char c = p[i];
        size_t n = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
        if (n == 0 || i + n > s.len) {
            return false;
        }
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xC0) != 0x80) {
                return false;
            }
        }
        if ((c == 0xE0 && p[i + 1] < 0xA0) || (c == 0xED && p[i + 1] > 0x9F) || (c == 0xF0 && p[i + 1] < 0x90) ||
            (c == 0xF4 && p[i + 1] > 0x8F)) {
            return false;
        }
        i += n;
    }
    return true;
}

uint64_t hk_str_hash(struct hk_str s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.data[i]) * 1099511628211u;
    }
    return h;
}
