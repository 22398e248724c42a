#include "engine/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"

struct measure {
    int depth; /* the deepest */
    size_t values;
};

/* What a tree of the text would be, from its brackets and commas outside of strings; counting ends where it is deeper
 * than it may be. */
static struct measure measure(struct hk_str text)
{
    struct measure m = {0, 1};
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
            m.values++;
            m.depth = ++depth > m.depth ? depth : m.depth;
        } else if (c == ']' || c == '}') {
            depth--;
        } else if (c == ',') {
            m.values++;
        }
        if (depth > HK_MAX_NESTING) {
            return m;
        }
    }
    return m;
}

bool hk_json_is_small(struct hk_str text, size_t most_values)
{
    return text.len < most_values || measure(text).values <= most_values;
}

json_t *hk_json_parse(struct hk_str text, struct hk_error *err)
{
    /* jansson's own limit is a compile-time constant. */
    if (measure(text).depth > HK_MAX_NESTING) {
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
