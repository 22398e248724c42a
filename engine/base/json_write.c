#include "engine/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"

/* Lists of the REST API are mostly this file, so the common cases (plain ASCII, short numbers, times) are written
 * straight into the buffer, and printf is left to the rare ones. */

void hk_json_init(struct hk_json *w, struct hk_buf *out)
{
    *w = (struct hk_json){.out = out};
}

/* Room for a value of len bytes, with the comma before it if one is due; NULL: the buffer is full. */
static char *value_room(struct hk_json *w, size_t len)
{
    bool needs_comma = w->needs_comma;
    w->needs_comma = true;
    char *at = hk_buf_extend(w->out, len + needs_comma);
    if (at != NULL && needs_comma) {
        *at++ = ',';
    }
    return at;
}

static char *put(char *at, const char *data, size_t len)
{
    if (len > 0) {
        memcpy(at, data, len);
    }
    return at + len;
}

static void add_value(struct hk_json *w, const char *data, size_t len)
{
    char *at = value_room(w, len);
    if (at != NULL) {
        (void)put(at, data, len);
    }
}

static void open_with(struct hk_json *w, char c)
{
    add_value(w, &c, 1);
    w->needs_comma = false;
}

static void close_with(struct hk_json *w, char c)
{
    hk_buf_add_char(w->out, c);
    w->needs_comma = true;
}

void hk_json_begin_object(struct hk_json *w)
{
    open_with(w, '{');
}

void hk_json_end_object(struct hk_json *w)
{
    close_with(w, '}');
}

void hk_json_begin_array(struct hk_json *w)
{
    open_with(w, '[');
}

void hk_json_end_array(struct hk_json *w)
{
    close_with(w, ']');
}

static size_t sequence_length(struct hk_str s, size_t i)
{
    for (size_t n = 1; n <= 4 && i + n <= s.len; n++) {
        if (hk_str_is_utf8((struct hk_str){s.data + i, n})) {
            return n;
        }
    }
    return 0;
}

static void escape_byte(struct hk_buf *out, unsigned char c)
{
    static const char *const short_forms[256] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r",
                                                 ['\t'] = "\\t", ['\b'] = "\\b",  ['\f'] = "\\f"};
    if (short_forms[c] != NULL) {
        hk_buf_add_text(out, short_forms[c]);
    } else {
        hk_buf_printf(out, "\\u%04x", c);
    }
}

/* Bytes that stand for themselves in a JSON string, looked at alone: all of ASCII from the space on but '"' and '\\'.
 */
static const bool is_plain[256] = {[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0x7f] = true};

/* Eight bytes at once: one is not plain when it has its top bit, is below a space, or becomes zero in an exclusive or
 * with a quote or a backslash. */
static bool are_plain(const char *eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t x;
    memcpy(&x, eight, 8);
    uint64_t quotes = x ^ ones * '"';
    uint64_t slashes = x ^ ones * '\\';
    return ((x | (x - ones * ' ') | (quotes - ones) | (slashes - ones)) & tops) == 0;
}

/* How many bytes at the front are plain. */
static size_t plain_length(struct hk_str s)
{
    size_t i = 0;
    while (i + 8 <= s.len && are_plain(s.data + i)) {
        i += 8;
    }
    if (i + 8 > s.len && s.len >= 8 && are_plain(s.data + s.len - 8)) {
        return s.len; /* what is left is looked at together with some of what was */
    }
    while (i < s.len && is_plain[(unsigned char)s.data[i]]) {
        i++;
    }
    return i;
}

static void add_escaped(struct hk_buf *out, struct hk_str s)
{
    size_t i = 0;
    while (i < s.len) {
        struct hk_str rest = {s.data + i, s.len - i};
        size_t plain = plain_length(rest);
        unsigned char c = plain < rest.len ? (unsigned char)rest.data[plain] : 0;
        size_t sequence = c >= 0x80 ? sequence_length(rest, plain) : 0;
        hk_buf_add(out, rest.data, plain + sequence);
        if (sequence == 0 && plain < rest.len) {
            if (c >= 0x80) {
                hk_buf_add_text(out, "\xEF\xBF\xBD");
            } else {
                escape_byte(out, c);
            }
            plain++;
        }
        i += plain + sequence;
    }
}

static bool is_all_plain(struct hk_str s)
{
    return plain_length(s) == s.len;
}

/* For what put_quoted cannot write. */
static void add_quoted(struct hk_json *w, struct hk_str s)
{
    add_value(w, "\"", 1);
    add_escaped(w->out, s);
    hk_buf_add_char(w->out, '"');
}

/* Needs s.len + 2 bytes. */
static char *put_quoted(char *at, struct hk_str plain)
{
    *at++ = '"';
    at = put(at, plain.data, plain.len);
    *at++ = '"';
    return at;
}

void hk_json_key_str(struct hk_json *w, struct hk_str key)
{
    if (is_all_plain(key)) {
        char *at = value_room(w, key.len + 3);
        if (at != NULL) {
            *put_quoted(at, key) = ':';
        }
    } else {
        add_quoted(w, key);
        hk_buf_add_char(w->out, ':');
    }
    w->needs_comma = false;
}

void hk_json_key(struct hk_json *w, const char *key)
{
    hk_json_key_str(w, hk_str_from(key));
}

void hk_json_string(struct hk_json *w, struct hk_str s)
{
    if (!is_all_plain(s)) {
        add_quoted(w, s);
        return;
    }
    char *at = value_room(w, s.len + 2);
    if (at != NULL) {
        (void)put_quoted(at, s);
    }
}

/* Room for len bytes behind the key, which is written; NULL: the buffer is full. */
static char *member_room(struct hk_json *w, const char *key, size_t len)
{
    struct hk_str name = {key, strlen(key)};
    if (!is_all_plain(name)) {
        hk_json_key_str(w, name);
        return value_room(w, len);
    }
    char *at = value_room(w, name.len + 3 + len);
    if (at == NULL) {
        return NULL;
    }
    at = put_quoted(at, name);
    *at++ = ':';
    return at;
}

static void add_member(struct hk_json *w, const char *key, const char *value, size_t len)
{
    char *at = member_room(w, key, len);
    if (at != NULL) {
        (void)put(at, value, len);
    }
}

void hk_json_text(struct hk_json *w, const char *c_string)
{
    if (c_string == NULL) {
        hk_json_null(w);
    } else {
        hk_json_string(w, hk_str_from(c_string));
    }
}

/* Where a number or a time is put together; `at` is where it begins. */
struct scalar {
    char text[48];
    const char *at;
    size_t len;
};

/* Writes the digits so that they end before `end`, at least `least` of them; returns where they begin. */
static char *write_digits(char *end, uint64_t value, size_t least)
{
    const char *stop = end - least;
    while (value != 0 || end > stop) {
        *--end = (char)('0' + value % 10);
        value /= 10;
    }
    return end;
}

static void format_int(struct scalar *out, int64_t value)
{
    char *end = out->text + sizeof out->text;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *at = write_digits(end, magnitude, 1);
    if (value < 0) {
        *--at = '-';
    }
    out->at = at;
    out->len = (size_t)(end - at);
}

/* Numbers with at most six decimals, which is what durations are: the quotient of two exact integers is rounded just as
 * their decimal text is when it is read, and 15 digits are never more than a double can tell apart. */
static bool format_short_double(struct scalar *out, double value)
{
    double magnitude = fabs(value);
    bool is_zero = value == 0 && !signbit(value);
    if (!is_zero && !(magnitude >= 1e-4 && magnitude < 1e9)) {
        return false;
    }
    uint64_t millionths = (uint64_t)(magnitude * 1e6 + 0.5);
    if ((double)millionths / 1e6 != magnitude) {
        return false;
    }
    char *end = out->text + sizeof out->text;
    char *at = write_digits(end, millionths % 1000000, 6);
    while (end[-1] == '0' && end - at > 1) {
        end--;
    }
    *--at = '.';
    at = write_digits(at, millionths / 1000000, 1);
    if (value < 0) {
        *--at = '-';
    }
    out->at = at;
    out->len = (size_t)(end - at);
    return true;
}

static void format_double(struct scalar *out, double value)
{
    if (!isfinite(value)) {
        *out = (struct scalar){.at = "null", .len = 4};
        return;
    }
    if (format_short_double(out, value)) {
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(out->text, sizeof out->text, "%.*g", precision, value);
        if (strtod(out->text, NULL) == value) {
            break;
        }
    }
    out->at = out->text;
    out->len = strlen(out->text);
    if (strpbrk(out->text, ".e") == NULL) {
        memcpy(out->text + out->len, ".0", 3);
        out->len += 2;
    }
}

static void format_time(struct scalar *out, int64_t us)
{
    if (us == HK_TIME_NONE) {
        *out = (struct scalar){.at = "null", .len = 4};
        return;
    }
    size_t len = hk_iso_z(us, out->text + 1);
    out->text[0] = '"';
    out->text[len + 1] = '"';
    out->at = out->text;
    out->len = len + 2;
}

void hk_json_int(struct hk_json *w, int64_t value)
{
    struct scalar number;
    format_int(&number, value);
    add_value(w, number.at, number.len);
}

void hk_json_double(struct hk_json *w, double value)
{
    struct scalar number;
    format_double(&number, value);
    add_value(w, number.at, number.len);
}

void hk_json_bool(struct hk_json *w, bool value)
{
    add_value(w, value ? "true" : "false", value ? 4 : 5);
}

void hk_json_null(struct hk_json *w)
{
    add_value(w, "null", 4);
}

void hk_json_raw(struct hk_json *w, struct hk_str json)
{
    if (json.len == 0) {
        hk_json_null(w);
        return;
    }
    add_value(w, json.data, json.len);
}

void hk_json_time(struct hk_json *w, int64_t us)
{
    struct scalar time;
    format_time(&time, us);
    add_value(w, time.at, time.len);
}

void hk_json_kv_text(struct hk_json *w, const char *key, const char *value)
{
    if (value == NULL) {
        hk_json_kv_null(w, key);
    } else {
        hk_json_kv_str(w, key, hk_str_from(value));
    }
}

void hk_json_kv_str(struct hk_json *w, const char *key, struct hk_str value)
{
    if (!is_all_plain(value)) {
        hk_json_key(w, key);
        add_quoted(w, value);
        return;
    }
    char *at = member_room(w, key, value.len + 2);
    if (at != NULL) {
        (void)put_quoted(at, value);
    }
}

void hk_json_kv_int(struct hk_json *w, const char *key, int64_t value)
{
    struct scalar number;
    format_int(&number, value);
    add_member(w, key, number.at, number.len);
}

void hk_json_kv_double(struct hk_json *w, const char *key, double value)
{
    struct scalar number;
    format_double(&number, value);
    add_member(w, key, number.at, number.len);
}

void hk_json_kv_bool(struct hk_json *w, const char *key, bool value)
{
    add_member(w, key, value ? "true" : "false", value ? 4 : 5);
}

void hk_json_kv_null(struct hk_json *w, const char *key)
{
    add_member(w, key, "null", 4);
}

void hk_json_kv_raw(struct hk_json *w, const char *key, struct hk_str json)
{
    if (json.len == 0) {
        hk_json_kv_null(w, key);
        return;
    }
    add_member(w, key, json.data, json.len);
}

void hk_json_kv_time(struct hk_json *w, const char *key, int64_t us)
{
    struct scalar time;
    format_time(&time, us);
    add_member(w, key, time.at, time.len);
}
