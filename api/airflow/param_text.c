#include "api/airflow/param_text.h"

#include "api/http/python_repr.h"

enum { WIDTH = 72, MARGIN = 4, MAX_TEXT_BYTES = 256 * 1024 };

void hk__python_repr(struct hk_buf *out, const json_t *value)
{
    hk_python_repr(out, value, 0);
}

static void new_line(struct hk_buf *out, size_t indent)
{
    hk_buf_add_text(out, ",\n");
    for (size_t i = 0; i < MARGIN + indent; i++) {
        hk_buf_add_char(out, ' ');
    }
}

/* allowance: how many closing brackets and commas have to fit behind the value. */
static void format(struct hk_buf *out, const json_t *value, size_t indent, size_t allowance)
{
    struct hk_buf flat;
    hk_buf_init(&flat, MAX_TEXT_BYTES);
    hk__python_repr(&flat, value);
    bool fits = flat.len + indent + allowance <= WIDTH;
    bool is_flat = fits || (!json_is_object(value) && !json_is_array(value)) || flat.is_full;
    if (is_flat) {
        hk_buf_add_str(out, hk_buf_str(&flat));
    }
    hk_buf_clear(&flat);
    if (is_flat) {
        return;
    }
    if (json_is_array(value)) {
        size_t count = json_array_size(value);
        hk_buf_add_char(out, '[');
        for (size_t i = 0; i < count; i++) {
            format(out, json_array_get(value, i), indent + 1, i + 1 == count ? allowance + 1 : 1);
            if (i + 1 < count) {
                new_line(out, indent + 1);
            }
        }
        hk_buf_add_char(out, ']');
        return;
    }
    const char *key;
    json_t *member;
    size_t left = json_object_size(value);
    hk_buf_add_char(out, '{');
    json_object_foreach ((json_t *)value, key, member) {
        size_t before = out->len;
        hk_python_repr_text(out, hk_str_from(key));
        hk_buf_add_text(out, ": ");
        left--;
        format(out, member, indent + 1 + (out->len - before), left == 0 ? allowance + 1 : 1);
        if (left > 0) {
            new_line(out, indent + 1);
        }
    }
    hk_buf_add_char(out, '}');
}

void hk__python_pformat(struct hk_buf *out, const json_t *value)
{
    format(out, value, 0, 0);
}
