#include "dags/yaml_node.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "dags/yaml_internal.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"

bool hk__yaml_at(struct hk_error *err, const char *name, uint32_t line)
{
    return hk_error_prefix(err, "%s:%u", name, line);
}

struct hk_yaml_node *hk_yaml_find(const struct hk_yaml_node *map, const char *key)
{
    if (map == NULL || (map->kind != HK_YAML_MAP && map->kind != HK_YAML_OBJECT)) {
        return NULL;
    }
    for (size_t i = 0; i < map->as.in.pair_count; i++) {
        if (hk_yaml_is_text(map->as.in.pairs[i].key, key)) {
            return map->as.in.pairs[i].value;
        }
    }
    return NULL;
}

struct hk_yaml_node *hk_yaml_get(const struct hk_yaml_node *map, const char *key)
{
    struct hk_yaml_node *value = hk_yaml_find(map, key);
    return value != NULL && value->kind != HK_YAML_NULL ? value : NULL;
}

bool hk_yaml_is_text(const struct hk_yaml_node *node, const char *text)
{
    return node != NULL && node->kind == HK_YAML_TEXT && hk_str_is(node->text, text);
}

bool hk__yaml_is_listed(struct hk_str text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (hk_str_is(text, *words)) {
            return true;
        }
    }
    return false;
}

void hk__yaml_key_name(const struct hk_yaml_node *key, struct hk_buf *out)
{
    hk_buf_reset(out);
    hk_buf_add_char(out, key->kind == HK_YAML_TEXT ? 't' : 'v');
    hk_yaml_print(key, out);
}

const char *hk_yaml_kind_name(enum hk_yaml_kind kind)
{
    static const char *const names[] = {
        [HK_YAML_NULL] = "nothing",           [HK_YAML_BOOL] = "true or false", [HK_YAML_INT] = "a whole number",
        [HK_YAML_FLOAT] = "a number",         [HK_YAML_TEXT] = "a text",        [HK_YAML_DATE] = "a date",
        [HK_YAML_TIME] = "a date and time",   [HK_YAML_LIST] = "a list",        [HK_YAML_MAP] = "a mapping",
        [HK_YAML_OBJECT] = "a Python object",
    };
    return names[kind];
}

/* repr(float): the shortest text that reads back as the same number. */
static void print_float(double value, struct hk_buf *out)
{
    char text[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    hk_buf_add_text(out, text);
    if (isfinite(value) && strpbrk(text, ".e") == NULL) {
        hk_buf_add_text(out, ".0");
    }
}

static void print_time(const struct hk_yaml_node *node, char separator, struct hk_buf *out)
{
    struct hk_civil c;
    hk_civil_from_us(node->as.time.wall_us, &c);
    hk_buf_printf(out, "%04" PRId64 "-%02d-%02d", c.year, c.month, c.day);
    if (node->kind == HK_YAML_DATE) {
        return;
    }
    hk_buf_printf(out, "%c%02d:%02d:%02d", separator, c.hour, c.minute, c.second);
    if (c.microsecond != 0) {
        hk_buf_printf(out, ".%06d", c.microsecond);
    }
    if (node->has_zone) {
        int32_t minutes = node->as.time.offset_seconds / 60;
        int32_t size = minutes < 0 ? -minutes : minutes;
        hk_buf_printf(out, "%c%02d:%02d", minutes < 0 ? '-' : '+', (int)(size / 60), (int)(size % 60));
    }
}

bool hk_yaml_print(const struct hk_yaml_node *node, struct hk_buf *out)
{
    switch (node->kind) {
    case HK_YAML_NULL:
        hk_buf_add_text(out, "None");
        return true;
    case HK_YAML_BOOL:
        hk_buf_add_text(out, node->as.truth ? "True" : "False");
        return true;
    case HK_YAML_INT:
        if (node->is_big) {
            hk_buf_add_str(out, node->text);
        } else {
            hk_buf_printf(out, "%" PRId64, node->as.integer);
        }
        return true;
    case HK_YAML_FLOAT:
        print_float(node->as.real, out);
        return true;
    case HK_YAML_TEXT:
        hk_buf_add_str(out, node->text);
        return true;
    case HK_YAML_DATE:
    case HK_YAML_TIME:
        print_time(node, ' ', out);
        return true;
    default:
        return false;
    }
}

static void write_key(const struct hk_yaml_node *key, struct hk_json *w)
{
    struct hk_buf text;
    hk_buf_init(&text, SIZE_MAX / 2);
    hk_yaml_print(key, &text);
    hk_json_key_str(w, hk_buf_str(&text));
    hk_buf_clear(&text);
}

static void write_list(const struct hk_yaml_node *node, struct hk_json *w)
{
    hk_json_begin_array(w);
    for (size_t i = 0; i < node->as.in.item_count; i++) {
        hk_yaml_write_json(node->as.in.items[i], w);
    }
    hk_json_end_array(w);
}

static void write_map(const struct hk_yaml_node *node, struct hk_json *w)
{
    hk_json_begin_object(w);
    if (node->kind == HK_YAML_OBJECT) {
        hk_json_kv_str(w, "__type__", node->text);
        if (node->as.in.item_count > 0) {
            hk_json_key(w, "__args__");
            write_list(node, w);
        }
    }
    for (size_t i = 0; i < node->as.in.pair_count; i++) {
        write_key(node->as.in.pairs[i].key, w);
        hk_yaml_write_json(node->as.in.pairs[i].value, w);
    }
    hk_json_end_object(w);
}

static void write_time(const struct hk_yaml_node *node, struct hk_json *w)
{
    struct hk_buf text;
    hk_buf_init(&text, 100);
    print_time(node, 'T', &text);
    hk_json_string(w, hk_buf_str(&text));
    hk_buf_clear(&text);
}

void hk_yaml_write_json(const struct hk_yaml_node *node, struct hk_json *w)
{
    switch (node->kind) {
    case HK_YAML_NULL:
        hk_json_null(w);
        break;
    case HK_YAML_BOOL:
        hk_json_bool(w, node->as.truth);
        break;
    case HK_YAML_INT:
        if (node->is_big) {
            hk_json_string(w, node->text);
        } else {
            hk_json_int(w, node->as.integer);
        }
        break;
    case HK_YAML_FLOAT:
        hk_json_double(w, node->as.real);
        break;
    case HK_YAML_TEXT:
        hk_json_string(w, node->text);
        break;
    case HK_YAML_DATE:
    case HK_YAML_TIME:
        write_time(node, w);
        break;
    case HK_YAML_LIST:
        write_list(node, w);
        break;
    case HK_YAML_MAP:
    case HK_YAML_OBJECT:
        write_map(node, w);
        break;
    }
}
