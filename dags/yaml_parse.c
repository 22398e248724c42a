#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "dags/yaml_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/map.h"

#define TAG "tag:yaml.org,2002:"

/* A list or map that is being read. */
struct frame {
    struct hk_yaml_node *node;
    struct hk_yaml_node **children; /* of a map: key, value, key, value */
    size_t count;
    size_t cap;
};

struct reader {
    struct hk_arena *arena;
    const char *name;
    yaml_parser_t parser;
    struct frame stack[HK_MAX_NESTING + 1];
    size_t depth;
    struct hk_map anchors; /* name -> struct hk_yaml_node * */
    size_t nodes;          /* made so far, merged pairs included */
    struct hk_yaml_node *root;
};

static bool refuse(const struct reader *r, uint32_t line, struct hk_error *err, const char *message)
{
    hk_error_set(err, HK_INVALID, "%s", message);
    return hk__yaml_at(err, r->name, line);
}

static bool count_nodes(struct reader *r, size_t more, uint32_t line, struct hk_error *err)
{
    r->nodes += more;
    if (r->nodes > HK_MAX_YAML_NODES) {
        hk_error_set(err, HK_LIMIT, "the file has more than %d YAML nodes: split it.", HK_MAX_YAML_NODES);
        return hk__yaml_at(err, r->name, line);
    }
    return true;
}

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.line + 1;
}

static struct hk_yaml_node *new_node(struct reader *r, enum hk_yaml_kind kind, uint32_t line)
{
    struct hk_yaml_node *node = hk_arena_alloc(r->arena, sizeof *node);
    node->kind = kind;
    node->line = line;
    node->weight = 1;
    node->depth = 1;
    return node;
}

static bool set_anchor(struct reader *r, const yaml_char_t *anchor, struct hk_yaml_node *node, struct hk_error *err)
{
    if (anchor == NULL) {
        return true;
    }
    struct hk_str name = hk_str_from((const char *)anchor);
    if (hk_map_find(&r->anchors, name, NULL)) {
        hk_error_set(err, HK_INVALID, "the anchor '&%.100s' is already in use: give it another name.",
                     (const char *)anchor);
        return hk__yaml_at(err, r->name, node->line);
    }
    hk_map_set(&r->anchors, name, (uint64_t)(uintptr_t)node);
    return true;
}

/* Hands a finished node to whatever is being read. */
static void attach(struct reader *r, struct hk_yaml_node *node)
{
    if (r->depth == 0) {
        r->root = node;
        return;
    }
    struct frame *f = &r->stack[r->depth - 1];
    hk_array_grow((void **)&f->children, &f->cap, f->count + 1, sizeof(struct hk_yaml_node *));
    f->children[f->count++] = node;
}

static bool read_alias(struct reader *r, const yaml_event_t *event, struct hk_error *err)
{
    const char *name = (const char *)event->data.alias.anchor;
    uint64_t found = 0;
    if (!hk_map_find(&r->anchors, hk_str_from(name), &found)) {
        hk_error_set(err, HK_INVALID, "the alias '*%.100s' has no anchor '&%.100s' before it.", name, name);
        return hk__yaml_at(err, r->name, line_of(event));
    }
    struct hk_yaml_node *node = (struct hk_yaml_node *)(uintptr_t)found;
    if (node->is_open && node->kind != HK_YAML_TEXT) {
        hk_error_set(err, HK_INVALID, "the alias '*%.100s' stands inside its own anchor, which would never end.", name);
        return hk__yaml_at(err, r->name, line_of(event));
    }
    attach(r, node);
    return true;
}

static bool read_scalar(struct reader *r, const yaml_event_t *event, struct hk_error *err)
{
    uint32_t line = line_of(event);
    struct hk_yaml_node *node = new_node(r, HK_YAML_TEXT, line);
    const char *tag = (const char *)event->data.scalar.tag;
    node->text =
        hk_arena_str(r->arena, (struct hk_str){(const char *)event->data.scalar.value, event->data.scalar.length});
    if (memchr(node->text.data, '\0', node->text.len) != NULL) {
        return refuse(r, line, err, "a text holds a NUL character: remove it.");
    }
    bool ok = true;
    if (tag != NULL && strncmp(tag, TAG "python/name:", sizeof TAG "python/name:" - 1) == 0) {
        node->kind = HK_YAML_OBJECT;
        node->text = hk_arena_str(r->arena, hk_str_from(tag + sizeof TAG "python/name:" - 1));
    } else if (tag != NULL) {
        ok = hk__yaml_resolve_as(node, tag, err);
    } else if (event->data.scalar.plain_implicit) {
        ok = hk__yaml_resolve(node, err);
    }
    if (!ok) {
        return hk__yaml_at(err, r->name, line);
    }
    /* Quoted or tagged they are only texts: mark the plain ones, which are no values (and "<<" a merge key). */
    node->is_open = event->data.scalar.plain_implicit && (hk_str_is(node->text, "<<") || hk_str_is(node->text, "="));
    attach(r, node);
    return set_anchor(r, event->data.scalar.anchor, node, err);
}

static bool check_tag(const struct reader *r, const char *tag, enum hk_yaml_kind kind, uint32_t line,
                      struct hk_error *err)
{
    static const char *const list_tags[] = {TAG "seq", TAG "python/list", TAG "python/tuple", NULL};
    static const char *const map_tags[] = {TAG "map", TAG "python/dict", NULL};
    for (const char *const *known = kind == HK_YAML_LIST ? list_tags : map_tags; *known != NULL; known++) {
        if (tag == NULL || strcmp(tag, *known) == 0) {
            return true;
        }
    }
    hk_error_set(err, HK_INVALID, "the tag '%.100s' is not supported here: write the value without it.", tag);
    return hk__yaml_at(err, r->name, line);
}

struct opening {
    enum hk_yaml_kind kind;
    const yaml_char_t *tag;
    const yaml_char_t *anchor;
};

static bool open_node(struct reader *r, const yaml_event_t *event, struct opening opening, struct hk_error *err)
{
    uint32_t line = line_of(event);
    if (r->depth >= HK_MAX_NESTING) {
        hk_error_set(err, HK_LIMIT, "this is nested more than %d levels deep.", HK_MAX_NESTING);
        return hk__yaml_at(err, r->name, line);
    }
    struct hk_yaml_node *node = new_node(r, opening.kind, line);
    node->is_open = true;
    r->stack[r->depth++] = (struct frame){.node = node};
    return check_tag(r, (const char *)opening.tag, opening.kind, line, err) && set_anchor(r, opening.anchor, node, err);
}

static bool add_size(const struct reader *r, struct hk_yaml_node *node, const struct hk_yaml_node *child,
                     struct hk_error *err)
{
    if (node->depth < child->depth + 1) {
        node->depth = (uint16_t)(child->depth + 1);
    }
    node->weight += child->weight;
    if (node->weight > HK_MAX_YAML_NODES || node->depth > HK_MAX_NESTING) {
        hk_error_set(err, HK_LIMIT, "with its aliases written out, this has more than %d nodes or %d levels.",
                     HK_MAX_YAML_NODES, HK_MAX_NESTING);
        return hk__yaml_at(err, r->name, node->line);
    }
    return true;
}

/* ---- maps ---- */

static bool is_merge_key(const struct hk_yaml_node *key)
{
    return key->is_open && hk_yaml_is_text(key, "<<");
}

/* YAML 1.1 gives a plain "=" and "<<" a meaning that no value has. */
static bool check_value(const struct reader *r, const struct hk_yaml_node *value, struct hk_error *err)
{
    if (value->is_open && value->kind == HK_YAML_TEXT) {
        hk_error_set(err, HK_INVALID, "'%s' alone is no value in YAML: write it in quotes.", value->text.data);
        return hk__yaml_at(err, r->name, value->line);
    }
    return true;
}

/* The pairs of a map under construction: later values replace earlier ones, in their place, as in a Python dict. */
struct pairs {
    struct hk_yaml_pair *items;
    size_t count;
    size_t cap;
    struct hk_map places; /* kind and text of the key -> place + 1 */
};

static bool set_pair(struct pairs *p, struct hk_yaml_pair pair, struct hk_buf *name, struct hk_yaml_node **old_key)
{
    hk__yaml_key_name(pair.key, name);
    uint64_t place = 0;
    if (hk_map_find(&p->places, hk_buf_str(name), &place)) {
        *old_key = p->items[place].key;
        p->items[place] = pair;
        return false;
    }
    hk_array_grow((void **)&p->items, &p->cap, p->count + 1, sizeof *p->items);
    hk_map_set(&p->places, hk_buf_str(name), p->count);
    p->items[p->count++] = pair;
    return true;
}

static bool merge_one(struct reader *r, struct pairs *p, const struct hk_yaml_node *map, uint32_t line,
                      struct hk_error *err)
{
    if (map->kind != HK_YAML_MAP) {
        return refuse(r, line, err, "the merge key '<<' takes a mapping or a list of mappings.");
    }
    struct hk_buf name;
    hk_buf_init(&name, SIZE_MAX / 2);
    struct hk_yaml_node *old_key = NULL;
    bool ok = count_nodes(r, map->as.in.pair_count, line, err);
    for (size_t i = 0; ok && i < map->as.in.pair_count; i++) {
        set_pair(p, map->as.in.pairs[i], &name, &old_key);
    }
    hk_buf_clear(&name);
    return ok;
}

/* What stands first in a list of maps wins, so the list is merged from its end. */
static bool merge(struct reader *r, struct pairs *p, const struct hk_yaml_node *value, uint32_t line,
                  struct hk_error *err)
{
    if (value->kind != HK_YAML_LIST) {
        return merge_one(r, p, value, line, err);
    }
    for (size_t i = value->as.in.item_count; i > 0; i--) {
        if (!merge_one(r, p, value->as.in.items[i - 1], line, err)) {
            return false;
        }
    }
    return true;
}

static bool add_own(struct reader *r, struct pairs *p, struct hk_yaml_pair pair, struct hk_map *own,
                    struct hk_error *err)
{
    struct hk_buf name;
    hk_buf_init(&name, SIZE_MAX / 2);
    struct hk_yaml_node *old_key = NULL;
    set_pair(p, pair, &name, &old_key);
    uint64_t line = 0;
    bool is_repeated = hk_map_find(own, hk_buf_str(&name), &line);
    hk_map_set(own, hk_buf_str(&name), pair.key->line);
    if (is_repeated) {
        hk_error_set(err, HK_INVALID, "the key '%.100s' was already given on line %llu: remove one of the two.",
                     name.data + 1, (unsigned long long)line);
        hk__yaml_at(err, r->name, pair.key->line);
    }
    hk_buf_clear(&name);
    return !is_repeated;
}

static bool collect_pairs(struct reader *r, const struct frame *f, struct pairs *p, struct hk_map *own,
                          struct hk_error *err)
{
    for (size_t i = 0; i + 1 < f->count; i += 2) {
        if (is_merge_key(f->children[i]) && !merge(r, p, f->children[i + 1], f->children[i]->line, err)) {
            return false;
        }
    }
    for (size_t i = 0; i + 1 < f->count; i += 2) {
        struct hk_yaml_node *key = f->children[i];
        if (is_merge_key(key)) {
            continue;
        }
        if (key->kind >= HK_YAML_LIST) {
            return refuse(r, key->line, err, "a key has to be a plain value, not a list or a mapping.");
        }
        if (!check_value(r, f->children[i + 1], err) ||
            !add_own(r, p, (struct hk_yaml_pair){key, f->children[i + 1]}, own, err)) {
            return false;
        }
    }
    return true;
}

static bool close_map(struct reader *r, const struct frame *f, struct hk_error *err)
{
    struct pairs p = {0};
    struct hk_map own = {0};
    struct hk_yaml_node *node = f->node;
    bool ok = collect_pairs(r, f, &p, &own, err);
    for (size_t i = 0; ok && i < p.count; i++) {
        ok = add_size(r, node, p.items[i].key, err) && add_size(r, node, p.items[i].value, err);
    }
    if (ok && p.count > 0) {
        node->as.in.pairs = hk_arena_array(r->arena, p.count, sizeof *p.items);
        memcpy(node->as.in.pairs, p.items, p.count * sizeof *p.items);
        node->as.in.pair_count = p.count;
    }
    hk_map_clear(&own);
    hk_map_clear(&p.places);
    free(p.items);
    return ok;
}

static bool close_list(struct reader *r, const struct frame *f, struct hk_error *err)
{
    struct hk_yaml_node *node = f->node;
    for (size_t i = 0; i < f->count; i++) {
        if (!check_value(r, f->children[i], err) || !add_size(r, node, f->children[i], err)) {
            return false;
        }
    }
    if (f->count > 0) {
        node->as.in.items = hk_arena_array(r->arena, f->count, sizeof(struct hk_yaml_node *));
        memcpy(node->as.in.items, f->children, f->count * sizeof(struct hk_yaml_node *));
        node->as.in.item_count = f->count;
    }
    return true;
}

static bool close_node(struct reader *r, struct hk_error *err)
{
    struct frame *f = &r->stack[r->depth - 1];
    bool ok = f->node->kind == HK_YAML_MAP ? close_map(r, f, err) : close_list(r, f, err);
    struct hk_yaml_node *node = f->node;
    node->is_open = false;
    free(f->children);
    r->depth--;
    attach(r, node);
    return ok;
}

/* ---- events ---- */

static bool take_event(struct reader *r, const yaml_event_t *event, struct hk_error *err)
{
    bool makes_node = event->type == YAML_SCALAR_EVENT || event->type == YAML_SEQUENCE_START_EVENT ||
                      event->type == YAML_MAPPING_START_EVENT || event->type == YAML_ALIAS_EVENT;
    if (makes_node && !count_nodes(r, 1, line_of(event), err)) {
        return false;
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return r->root == NULL ||
               refuse(r, line_of(event), err, "a second document begins here: one file holds one document.");
    case YAML_ALIAS_EVENT:
        return read_alias(r, event, err);
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event, err);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(
            r, event, (struct opening){HK_YAML_LIST, event->data.sequence_start.tag, event->data.sequence_start.anchor},
            err);
    case YAML_MAPPING_START_EVENT:
        return open_node(r, event,
                         (struct opening){HK_YAML_MAP, event->data.mapping_start.tag, event->data.mapping_start.anchor},
                         err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_node(r, err);
    default:
        return true;
    }
}

static bool refuse_syntax(const struct reader *r, struct hk_error *err)
{
    const char *problem = r->parser.problem != NULL ? r->parser.problem : "this is not YAML";
    const char *context = r->parser.context != NULL ? r->parser.context : "";
    size_t line = r->parser.problem_mark.line + 1;
    hk_error_set(err, HK_INVALID, "%s%s%s", context, *context != '\0' ? ": " : "", problem);
    return hk__yaml_at(err, r->name, (uint32_t)line);
}

static bool read_events(struct reader *r, struct hk_error *err)
{
    for (bool is_over = false; !is_over;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event)) {
            return refuse_syntax(r, err);
        }
        is_over = event.type == YAML_STREAM_END_EVENT;
        bool ok = take_event(r, &event, err);
        yaml_event_delete(&event);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static uint32_t first_bad_line(struct hk_str text)
{
    uint32_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i == text.len || text.data[i] == '\n') {
            if (!hk_str_is_utf8((struct hk_str){text.data + start, i - start})) {
                break;
            }
            line++;
            start = i + 1;
        }
    }
    return line;
}

bool hk_yaml_parse(struct hk_arena *arena, struct hk_str text, const char *name, struct hk_yaml_node **out,
                   struct hk_error *err)
{
    struct reader r = {.arena = arena, .name = name};
    if (!hk_str_is_utf8(text)) {
        return refuse(&r, first_bad_line(text), err, "this line is not UTF-8: save the file in that encoding.");
    }
    if (text.len > HK_MAX_DAG_FILE_BYTES) {
        return hk_error_set(err, HK_LIMIT, "%s has %zu bytes, more than %d: split it.", name, text.len,
                            HK_MAX_DAG_FILE_BYTES);
    }
    if (!yaml_parser_initialize(&r.parser)) {
        return hk_error_set(err, HK_INTERNAL, "%s: libyaml could not start.", name);
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.data != NULL ? text.data : ""), text.len);
    bool ok = read_events(&r, err);
    while (r.depth > 0) {
        free(r.stack[--r.depth].children);
    }
    yaml_parser_delete(&r.parser);
    hk_map_clear(&r.anchors);
    if (ok) {
        *out = r.root != NULL ? r.root : new_node(&r, HK_YAML_NULL, 1);
    }
    return ok;
}
