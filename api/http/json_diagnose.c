#include "api/http/validate_private.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/limits.h"

/* jansson and Python's json describe the same mistake at different places and in other words; clients of a FastAPI
 * server see Python's. This goes over a text that jansson refused as Python's scanner would and stops where that
 * one stops. */
struct scan {
    const char *data;
    size_t len;
    size_t at;
    const char *message; /* NULL: no mistake so far */
    size_t fault;        /* in bytes */
};

static bool fail(struct scan *s, size_t fault, const char *message)
{
    s->fault = fault;
    s->message = message;
    return false;
}

static char peek(const struct scan *s)
{
    return s->at < s->len ? s->data[s->at] : '\0';
}

static void skip_space(struct scan *s)
{
    while (s->at < s->len && strchr(" \t\r\n", s->data[s->at]) != NULL && s->data[s->at] != '\0') {
        s->at++;
    }
}

static bool scan_escape(struct scan *s)
{
    size_t begin = s->at++; /* the backslash */
    char c = peek(s);
    if (c == 'u') {
        for (int i = 1; i <= 4; i++) {
            if (s->at + (size_t)i >= s->len || !isxdigit((unsigned char)s->data[s->at + (size_t)i])) {
                return fail(s, s->at, "Invalid \\uXXXX escape");
            }
        }
        s->at += 5;
        return true;
    }
    if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
        return fail(s, begin, "Invalid \\escape");
    }
    s->at++;
    return true;
}

static bool scan_string(struct scan *s)
{
    size_t begin = s->at++; /* the quote */
    while (s->at < s->len) {
        unsigned char c = (unsigned char)s->data[s->at];
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20) {
            return fail(s, s->at, "Invalid control character at");
        }
        if (c == '\\') {
            if (s->at + 1 == s->len) {
                break;
            }
            if (!scan_escape(s)) {
                return false;
            }
        } else {
            s->at++;
        }
    }
    return fail(s, begin, "Unterminated string starting at");
}

static void skip_digits(struct scan *s)
{
    while (isdigit((unsigned char)peek(s))) {
        s->at++;
    }
}

static bool scan_number(struct scan *s)
{
    size_t begin = s->at;
    if (peek(s) == '-') {
        s->at++;
    }
    if (!isdigit((unsigned char)peek(s))) {
        return fail(s, begin, "Expecting value");
    }
    if (peek(s) == '0') {
        s->at++;
    } else {
        skip_digits(s);
    }
    if (peek(s) == '.' && s->at + 1 < s->len && isdigit((unsigned char)s->data[s->at + 1])) {
        s->at++;
        skip_digits(s);
    }
    size_t before_exponent = s->at;
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') {
            s->at++;
        }
        if (!isdigit((unsigned char)peek(s))) {
            s->at = before_exponent;
        }
        skip_digits(s);
    }
    return true;
}

static bool scan_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (s->len - s->at >= len && memcmp(s->data + s->at, words[i], len) == 0) {
            s->at += len;
            return true;
        }
    }
    return scan_number(s);
}

static bool scan_value(struct scan *s, int depth);

static bool scan_member(struct scan *s, int depth)
{
    if (peek(s) != '"') {
        return fail(s, s->at, "Expecting property name enclosed in double quotes");
    }
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    if (peek(s) != ':') {
        return fail(s, s->at, "Expecting ':' delimiter");
    }
    s->at++;
    skip_space(s);
    return scan_value(s, depth + 1);
}

/* An object or a list, from its bracket on. */
static bool scan_items(struct scan *s, int depth)
{
    bool is_object = peek(s) == '{';
    char end = is_object ? '}' : ']';
    s->at++;
    skip_space(s);
    if (peek(s) == end) {
        s->at++;
        return true;
    }
    for (;;) {
        if (is_object ? !scan_member(s, depth) : !scan_value(s, depth + 1)) {
            return false;
        }
        skip_space(s);
        if (peek(s) == end) {
            s->at++;
            return true;
        }
        if (peek(s) != ',') {
            return fail(s, s->at, "Expecting ',' delimiter");
        }
        s->at++;
        skip_space(s);
    }
}

static bool scan_value(struct scan *s, int depth)
{
    char c = peek(s);
    if (depth > HK_MAX_NESTING) {
        return false; /* no message: the parser's own sentence about nesting is better */
    }
    if (c == '"') {
        return scan_string(s);
    }
    return c == '{' || c == '[' ? scan_items(s, depth) : scan_word(s);
}

static size_t characters_before(struct hk_str text, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes && i < text.len; i++) {
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

bool hk_json_diagnose(struct hk_str text, size_t *character, const char **message)
{
    struct scan s = {.data = text.data, .len = text.len};
    skip_space(&s);
    if (scan_value(&s, 0)) {
        skip_space(&s);
        if (s.at < s.len) {
            fail(&s, s.at, "Extra data");
        }
    }
    if (s.message == NULL) {
        return false;
    }
    *character = characters_before(text, s.fault);
    *message = s.message;
    return true;
}
