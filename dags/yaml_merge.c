#include <stdlib.h>
#include <string.h>

#include "dags/yaml_dag.h"
#include "dags/yaml_internal.h"

struct hk_yaml_node *hk__yaml_new_map(struct hk_arena *arena, uint32_t line)
{
    struct hk_yaml_node *map = hk_arena_alloc(arena, sizeof *map);
    map->kind = HK_YAML_MAP;
    map->line = line;
    map->weight = 1;
    map->depth = 1;
    map->is_cast = true;
    return map;
}

/* A copy of the map itself, not of what it holds, with room for more pairs. */
static struct hk_yaml_node *copy_map(struct hk_arena *arena, const struct hk_yaml_node *map, size_t more)
{
    struct hk_yaml_node *copy = hk__yaml_new_map(arena, map->line);
    copy->as.in.pairs = hk_arena_array(arena, map->as.in.pair_count + more, sizeof *copy->as.in.pairs);
    if (map->as.in.pair_count > 0) {
        memcpy(copy->as.in.pairs, map->as.in.pairs, map->as.in.pair_count * sizeof *copy->as.in.pairs);
    }
    copy->as.in.pair_count = map->as.in.pair_count;
    return copy;
}

static void add_keys(struct hk_map *places, const struct hk_yaml_node *map)
{
    struct hk_buf name;
    hk_buf_init(&name, SIZE_MAX / 2);
    for (size_t i = 0; i < map->as.in.pair_count; i++) {
        hk__yaml_key_name(map->as.in.pairs[i].key, &name);
        hk_map_set(places, hk_buf_str(&name), i);
    }
    hk_buf_clear(&name);
}

static bool find_key(const struct hk_map *places, const struct hk_yaml_node *key, uint64_t *place)
{
    struct hk_buf name;
    hk_buf_init(&name, SIZE_MAX / 2);
    hk__yaml_key_name(key, &name);
    bool is_there = hk_map_find(places, hk_buf_str(&name), place);
    hk_buf_clear(&name);
    return is_there;
}

struct hk_yaml_node *hk__yaml_merge(struct hk_arena *arena, struct hk_yaml_node *config, struct hk_yaml_node *defaults,
                                    size_t *work)
{
    size_t more = defaults->as.in.pair_count;
    if (more == 0) {
        return config;
    }
    struct hk_yaml_node *merged = copy_map(arena, config, more);
    struct hk_map places = {0};
    *work += config->as.in.pair_count + more;
    add_keys(&places, config);
    for (size_t i = 0; i < more; i++) {
        struct hk_yaml_pair pair = defaults->as.in.pairs[i];
        uint64_t place = 0;
        if (!find_key(&places, pair.key, &place)) {
            merged->as.in.pairs[merged->as.in.pair_count++] = pair;
            continue;
        }
        struct hk_yaml_node *own = merged->as.in.pairs[place].value;
        if (own->kind == HK_YAML_MAP && pair.value->kind == HK_YAML_MAP) {
            merged->as.in.pairs[place].value = hk__yaml_merge(arena, own, pair.value, work);
        }
    }
    hk_map_clear(&places);
    return merged;
}

struct hk_yaml_node *hk__yaml_overlay(struct hk_arena *arena, struct hk_yaml_node *below, struct hk_yaml_node *above,
                                      size_t *work)
{
    if (below == NULL || above == NULL) {
        return below == NULL ? above : below;
    }
    struct hk_yaml_node *out = copy_map(arena, below, above->as.in.pair_count);
    struct hk_map places = {0};
    *work += below->as.in.pair_count + above->as.in.pair_count;
    add_keys(&places, out);
    for (size_t i = 0; i < above->as.in.pair_count; i++) {
        uint64_t place = 0;
        if (find_key(&places, above->as.in.pairs[i].key, &place)) {
            out->as.in.pairs[place].value = above->as.in.pairs[i].value;
        } else {
            out->as.in.pairs[out->as.in.pair_count++] = above->as.in.pairs[i];
        }
    }
    hk_map_clear(&places);
    return out;
}

struct hk_yaml_node *hk__yaml_without(struct hk_arena *arena, const struct hk_yaml_node *map, const char *key)
{
    struct hk_yaml_node *out = copy_map(arena, map, 0);
    size_t kept = 0;
    for (size_t i = 0; i < map->as.in.pair_count; i++) {
        if (!hk_yaml_is_text(map->as.in.pairs[i].key, key)) {
            out->as.in.pairs[kept++] = map->as.in.pairs[i];
        }
    }
    out->as.in.pair_count = kept;
    return out;
}

struct hk_yaml_node *hk__yaml_with(struct hk_arena *arena, const struct hk_yaml_node *map, const char *key,
                                   struct hk_yaml_node *value)
{
    struct hk_yaml_node *out = copy_map(arena, map, 1);
    for (size_t i = 0; i < out->as.in.pair_count; i++) {
        if (hk_yaml_is_text(out->as.in.pairs[i].key, key)) {
            out->as.in.pairs[i].value = value;
            return out;
        }
    }
    struct hk_yaml_node *name = hk_arena_alloc(arena, sizeof *name);
    name->kind = HK_YAML_TEXT;
    name->line = value->line;
    name->weight = 1;
    name->depth = 1;
    name->text = hk_arena_str(arena, hk_str_from(key));
    out->as.in.pairs[out->as.in.pair_count++] = (struct hk_yaml_pair){name, value};
    return out;
}
