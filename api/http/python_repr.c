#include "api/http/python_repr.h"

#include <inttypes.h>
#include <string.h>

#include "engine/base/json.h"

const char *hk_python_type(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "dict";
    case JSON_ARRAY:
        return "list";
    case JSON_STRING:
        return "str";
    case JSON_INTEGER:
        return "int";
    case JSON_REAL:
        return "float";
    case JSON_TRUE:
    case JSON_FALSE:
        return "bool";
    case JSON_NULL:
        return "NoneType";
    }
    return "object";
}

void hk_python_repr_text(struct hk_buf *out, struct hk_str text)
{
    bool has_single = text.len > 0 && memchr(text.data, '\'', text.len) != NULL;
    bool has_double = text.len > 0 && memchr(text.data, '"', text.len) != NULL;
    char quote = has_single && !has_double ? '"' : '\'';
    hk_buf_add_char(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == (unsigned char)quote || c == '\\') {
            hk_buf_printf(out, "\\%c", c);
        } else if (c == '\n') {
            hk_buf_add_text(out, "\\n");
        } else if (c == '\r') {
            hk_buf_add_text(out, "\\r");
        } else if (c == '\t') {
            hk_buf_add_text(out, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            hk_buf_printf(out, "\\x%02x", c);
        } else {
            hk_buf_add_char(out, (char)c);
        }
    }
    hk_buf_add_char(out, quote);
}

static void add_value(struct hk_buf *out, const json_t *value);

static void add_object(struct hk_buf *out, const json_t *value)
{
    const char *name = NULL;
    json_t *member = NULL;
    const char *joint = "";
    hk_buf_add_char(out, '{');
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        hk_buf_add_text(out, joint);
        hk_python_repr_text(out, hk_str_from(name));
        hk_buf_add_text(out, ": ");
        add_value(out, member);
        joint = ", ";
    }
    hk_buf_add_char(out, '}');
}

static void add_list(struct hk_buf *out, const json_t *value)
{
    hk_buf_add_char(out, '[');
    for (size_t i = 0; i < json_array_size(value); i++) {
        hk_buf_add_text(out, i > 0 ? ", " : "");
        add_value(out, json_array_get(value, i));
    }
    hk_buf_add_char(out, ']');
}

static void add_double(struct hk_buf *out, double number)
{
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_double(&w, number);
}

/* Depth is bounded by the parser's HK_MAX_NESTING. */
static void add_value(struct hk_buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(out, value);
        break;
    case JSON_ARRAY:
        add_list(out, value);
        break;
    case JSON_STRING:
        hk_python_repr_text(out, (struct hk_str){json_string_value(value), json_string_length(value)});
        break;
    case JSON_INTEGER:
        hk_buf_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        add_double(out, json_real_value(value));
        break;
    case JSON_TRUE:
        hk_buf_add_text(out, "True");
        break;
    case JSON_FALSE:
        hk_buf_add_text(out, "False");
        break;
    case JSON_NULL:
        hk_buf_add_text(out, "None");
        break;
    }
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

void hk_python_repr(struct hk_buf *out, const json_t *value, size_t most)
{
    struct hk_buf whole;
    hk_buf_init(&whole, 64 * 1024);
    add_value(&whole, value);
    if (most == 0 || whole.len <= most) {
        hk_buf_add_str(out, hk_buf_str(&whole));
    } else {
        size_t head = most / 2;
        size_t tail = whole.len - (most / 2 - 1);
        while (head > 0 && is_inside_character(whole.data[head])) {
            head--;
        }
        while (tail < whole.len && is_inside_character(whole.data[tail])) {
            tail++;
        }
        hk_buf_printf(out, "%.*s...%s", (int)head, whole.data, whole.data + tail);
    }
    hk_buf_clear(&whole);
}
