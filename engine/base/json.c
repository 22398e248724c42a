#include "engine/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/limits.h"

void hk_json_init(struct hk_json *w, struct hk_buf *out)
{
    *w = (struct hk_json){.out = out};
}

static void before_value(struct hk_json *w)
{
    if (w->needs_comma) {
        hk_buf_add_char(w->out, ',');
    }
    w->needs_comma = true;
}

static void open_with(struct hk_json *w, char c)
{
    before_value(w);
    hk_buf_add_char(w->out, c);
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

static void quote(struct hk_buf *out, struct hk_str s)
{
    hk_buf_add_char(out, '"');
    size_t plain = 0; /* start of the bytes that can be copied as they are */
    size_t i = 0;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t n = c >= 0x80 ? sequence_length(s, i) : 0;
        if (n > 0) {
            i += n;
            continue;
        }
        hk_buf_add(out, s.data + plain, i - plain);
        if (c >= 0x80) {
            hk_buf_add_text(out, "\xEF\xBF\xBD");
        } else {
            escape_byte(out, c);
        }
        plain = ++i;
    }
    hk_buf_add(out, s.data + plain, i - plain);
    hk_buf_add_char(out, '"');
}

void hk_json_key_str(struct hk_json *w, struct hk_str key)
{
    before_value(w);
    quote(w->out, key);
    hk_buf_add_char(w->out, ':');
    w->needs_comma = false;
}

void hk_json_key(struct hk_json *w, const char *key)
{
    hk_json_key_str(w, hk_str_from(key));
}

void hk_json_string(struct hk_json *w, struct hk_str s)
{
    before_value(w);
    quote(w->out, s);
}

void hk_json_text(struct hk_json *w, const char *c_string)
{
    if (c_string == NULL) {
        hk_json_null(w);
    } else {
        hk_json_string(w, hk_str_from(c_string));
    }
}

void hk_json_int(struct hk_json *w, int64_t value)
{
    before_value(w);
    hk_buf_printf(w->out, "%lld", (long long)value);
}

void hk_json_double(struct hk_json *w, double value)
{
    if (!isfinite(value)) {
        hk_json_null(w);
        return;
    }
    before_value(w);
    char text[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    hk_buf_add_text(w->out, text);
    if (strpbrk(text, ".e") == NULL) {
        hk_buf_add_text(w->out, ".0");
    }
}

void hk_json_bool(struct hk_json *w, bool value)
{
    before_value(w);
    hk_buf_add_text(w->out, value ? "true" : "false");
}

void hk_json_null(struct hk_json *w)
{
    before_value(w);
    hk_buf_add_text(w->out, "null");
}

void hk_json_raw(struct hk_json *w, struct hk_str json)
{
    if (json.len == 0) {
        hk_json_null(w);
        return;
    }
    before_value(w);
    hk_buf_add_str(w->out, json);
}

void hk_json_time(struct hk_json *w, int64_t us)
{
    if (us == HK_TIME_NONE) {
        hk_json_null(w);
        return;
    }
    char text[HK_ISO_SIZE];
    hk_iso_z(us, text);
    hk_json_text(w, text);
}

void hk_json_kv_text(struct hk_json *w, const char *key, const char *value)
{
    hk_json_key(w, key);
    hk_json_text(w, value);
}

void hk_json_kv_str(struct hk_json *w, const char *key, struct hk_str value)
{
    hk_json_key(w, key);
    hk_json_string(w, value);
}

void hk_json_kv_int(struct hk_json *w, const char *key, int64_t value)
{
    hk_json_key(w, key);
    hk_json_int(w, value);
}

void hk_json_kv_double(struct hk_json *w, const char *key, double value)
{
    hk_json_key(w, key);
    hk_json_double(w, value);
}

void hk_json_kv_bool(struct hk_json *w, const char *key, bool value)
{
    hk_json_key(w, key);
    hk_json_bool(w, value);
}

void hk_json_kv_null(struct hk_json *w, const char *key)
{
    hk_json_key(w, key);
    hk_json_null(w);
}

void hk_json_kv_raw(struct hk_json *w, const char *key, struct hk_str json)
{
    hk_json_key(w, key);
    hk_json_raw(w, json);
}

void hk_json_kv_time(struct hk_json *w, const char *key, int64_t us)
{
    hk_json_key(w, key);
    hk_json_time(w, us);
}

/* jansson's own depth limit is a compile-time constant; brackets outside of strings are counted before it
 * recurses. */
static bool depth_is_fine(struct hk_str text)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > HK_MAX_NESTING) {
                return false;
            }
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return true;
}

json_t *hk_json_parse(struct hk_str text, struct hk_error *err)
{
    if (!depth_is_fine(text)) {
        hk_error_set(err, HK_LIMIT, "JSON is nested deeper than %d levels", HK_MAX_NESTING);
        return NULL;
    }
    json_error_t where;
    json_t *value = json_loadb(text.len > 0 ? text.data : "", text.len,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (value == NULL) {
        hk_error_set(err, HK_INVALID, "not valid JSON: %s (line %d, column %d)", where.text, where.line, where.column);
    }
    return value;
}

char *hk_json_dump(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    HK_ASSERT(text != NULL);
    return text;
}

const char *hk_json_get_text(const json_t *object, const char *key, const char *fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : fallback;
}

int64_t hk_json_get_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double hk_json_get_double(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool hk_json_get_bool(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}
