#include <stdlib.h>
#include <string.h>

#include "dags/yaml_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

struct caster {
    struct hk_arena *arena;
    const char *name;
};

static bool refuse(const struct caster *c, const struct hk_yaml_node *node, struct hk_error *err, const char *message)
{
    hk_error_set(err, HK_INVALID, "%s", message);
    return hk__yaml_at(err, c->name, node->line);
}

/* {__type__: builtins.list, items: [...]} is that list. */
static bool become_list(struct hk_yaml_node *node)
{
    struct hk_yaml_node *items = hk_yaml_find(node, "items");
    if (!hk_yaml_is_text(hk_yaml_find(node, "__type__"), "builtins.list") || items == NULL ||
        items->kind != HK_YAML_LIST) {
        return false;
    }
    node->kind = HK_YAML_LIST;
    node->as = items->as;
    return true;
}

static bool become_object(const struct caster *c, struct hk_yaml_node *node, const struct hk_yaml_node *type,
                          struct hk_error *err)
{
    const struct hk_yaml_node *args = hk_yaml_get(node, "__args__");
    if (type->kind != HK_YAML_TEXT || memchr(type->text.data, '.', type->text.len) == NULL) {
        return refuse(c, type, err, "__type__ takes the dotted name of a Python class, as datetime.timedelta.");
    }
    if (args != NULL && args->kind != HK_YAML_LIST) {
        return refuse(c, args, err, "__args__ takes a list.");
    }
    size_t kept = 0;
    struct hk_yaml_pair *pairs = hk_arena_array(c->arena, node->as.in.pair_count, sizeof *pairs);
    for (size_t i = 0; i < node->as.in.pair_count; i++) {
        const struct hk_yaml_node *key = node->as.in.pairs[i].key;
        if (!hk_yaml_is_text(key, "__type__") && !hk_yaml_is_text(key, "__args__")) {
            pairs[kept++] = node->as.in.pairs[i];
        }
    }
    node->kind = HK_YAML_OBJECT;
    node->text = type->text;
    node->as.in.pairs = pairs;
    node->as.in.pair_count = kept;
    node->as.in.items = args != NULL ? args->as.in.items : NULL;
    node->as.in.item_count = args != NULL ? args->as.in.item_count : 0;
    return true;
}

/* Texts joined by `between`, in brackets if it is an operator. Python objects (assets) become the object that Python's
 * operator makes of them. */
static bool become_text(const struct caster *c, struct hk_yaml_node *node, const struct hk_yaml_node *list,
                        const char *between, struct hk_error *err)
{
    bool is_expression = *between != '\0';
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES);
    hk_buf_add_text(&text, is_expression ? "(" : "");
    bool ok = list->kind == HK_YAML_LIST;
    bool has_object = false;
    for (size_t i = 0; ok && i < list->as.in.item_count; i++) {
        const struct hk_yaml_node *item = list->as.in.items[i];
        hk_buf_add_text(&text, i > 0 ? between : "");
        has_object = has_object || item->kind == HK_YAML_OBJECT;
        ok = item->kind == HK_YAML_OBJECT ? is_expression : hk_yaml_print(item, &text);
    }
    hk_buf_add_text(&text, is_expression ? ")" : "");
    if (!ok || text.is_full) {
        refuse(c, list, err, "__join__, __and__ and __or__ take a list of plain values.");
        ok = false;
    } else {
        struct hk_str combined =
            strcmp(between, " & ") == 0 ? HK_STR("airflow.sdk.AssetAll") : HK_STR("airflow.sdk.AssetAny");
        struct hk_str kept = has_object ? combined : hk_buf_str(&text);
        struct hk_yaml_node **items = list->as.in.items;
        size_t item_count = list->as.in.item_count;
        node->kind = has_object ? HK_YAML_OBJECT : HK_YAML_TEXT;
        node->text = hk_arena_str(c->arena, kept);
        memset(&node->as, 0, sizeof node->as);
        if (has_object) {
            node->as.in.items = items;
            node->as.in.item_count = item_count;
        }
    }
    hk_buf_clear(&text);
    return ok;
}

static bool cast(const struct caster *c, struct hk_yaml_node *node, struct hk_error *err);

static bool cast_below(const struct caster *c, struct hk_yaml_node *node, struct hk_error *err)
{
    if (node->kind != HK_YAML_LIST && node->kind != HK_YAML_MAP) {
        return true;
    }
    for (size_t i = 0; i < node->as.in.item_count; i++) {
        if (!cast(c, node->as.in.items[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < node->as.in.pair_count; i++) {
        if (!cast(c, node->as.in.pairs[i].value, err)) {
            return false;
        }
    }
    return true;
}

/* The depth of what hk_yaml_parse made is limited, so that this may recurse. */
static bool cast(const struct caster *c, struct hk_yaml_node *node, struct hk_error *err)
{
    static const struct {
        const char *key;
        const char *between;
    } operators[] = {{"__and__", " & "}, {"__or__", " | "}, {"__join__", ""}};
    if (node->is_cast) {
        return true;
    }
    node->is_cast = true;
    if (!cast_below(c, node, err)) {
        return false;
    }
    if (node->kind != HK_YAML_MAP || become_list(node)) {
        return true;
    }
    const struct hk_yaml_node *type = hk_yaml_find(node, "__type__");
    if (type != NULL) {
        return become_object(c, node, type, err);
    }
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        const struct hk_yaml_node *list = hk_yaml_find(node, operators[i].key);
        if (list != NULL) {
            return become_text(c, node, list, operators[i].between, err);
        }
    }
    return true;
}

bool hk_yaml_cast(struct hk_arena *arena, struct hk_yaml_node *node, const char *name, struct hk_error *err)
{
    struct caster c = {arena, name};
    return cast(&c, node, err);
}
