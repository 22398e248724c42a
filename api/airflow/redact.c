#include "api/airflow/redact.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/sensitive.h"

static json_t *redact(const json_t *value, bool hides)
{
    if (json_is_object(value)) {
        json_t *copy = json_object();
        const char *key;
        json_t *member;
        json_object_foreach ((json_t *)value, key, member) {
            json_object_set_new(copy, key, redact(member, hides || hk_name_is_sensitive(hk_str_from(key))));
        }
        return copy;
    }
    if (json_is_array(value)) {
        json_t *copy = json_array();
        for (size_t i = 0; i < json_array_size(value); i++) {
            json_array_append_new(copy, redact(json_array_get(value, i), hides));
        }
        return copy;
    }
    return hides && json_is_string(value) ? json_string("***") : json_deep_copy(value);
}

json_t *hk__redact(const json_t *value, struct hk_str name)
{
    return redact(value, name.data != NULL && hk_name_is_sensitive(name));
}

static uint32_t next_character(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        c = c << 6 | (p[i] & 0x3f);
    }
    *at += more + 1;
    return c;
}

/* ensure_ascii: everything beyond ASCII is \uXXXX, in UTF-16. */
static void write_text(struct hk_buf *out, const char *text, size_t len)
{
    const char *end = text + len;
    hk_buf_add_char(out, '"');
    while (text < end) {
        uint32_t c = next_character(&text);
        if (c == '"' || c == '\\') {
            hk_buf_printf(out, "\\%c", (char)c);
        } else if (c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f') {
            hk_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c == '\b' ? 'b' : 'f');
        } else if (c >= 0x20 && c < 0x7f) {
            hk_buf_add_char(out, (char)c);
        } else if (c < 0x10000) {
            hk_buf_printf(out, "\\u%04x", c);
        } else {
            hk_buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
        }
    }
    hk_buf_add_char(out, '"');
}

void hk__python_json(struct hk_buf *out, const json_t *value)
{
    const char *separator = "";
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        hk_buf_add_char(out, '{');
        json_object_foreach ((json_t *)value, key, member) {
            hk_buf_add_text(out, separator);
            write_text(out, key, strlen(key));
            hk_buf_add_text(out, ": ");
            hk__python_json(out, member);
            separator = ", ";
        }
        hk_buf_add_char(out, '}');
    } else if (json_is_array(value)) {
        hk_buf_add_char(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            hk_buf_add_text(out, separator);
            hk__python_json(out, json_array_get(value, i));
            separator = ", ";
        }
        hk_buf_add_char(out, ']');
    } else if (json_is_string(value)) {
        write_text(out, json_string_value(value), json_string_length(value));
    } else {
        struct hk_json w;
        hk_json_init(&w, out);
        if (json_is_integer(value)) {
            hk_json_int(&w, json_integer_value(value));
        } else if (json_is_real(value)) {
            hk_json_double(&w, json_real_value(value));
        } else {
            hk_buf_add_text(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
        }
    }
}
