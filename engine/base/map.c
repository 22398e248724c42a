#include "engine/base/map.h"

#include <stdlib.h>

#include "engine/base/alloc.h"

void hk_map_init(struct hk_map *map)
{
    *map = (struct hk_map){0};
}

void hk_map_clear(struct hk_map *map)
{
    for (size_t i = 0; i < map->len; i++) {
        free(map->entries[i].key);
    }
    free(map->entries);
    free(map->slots);
    hk_map_init(map);
}

/* The slot of the key, or the empty slot where it would go. slot_count is a power of two and never full. */
static size_t slot_of(const struct hk_map *map, struct hk_str key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    size_t at = (size_t)hash & mask;
    while (map->slots[at] != 0) {
        const struct hk_map_entry *e = &map->entries[map->slots[at] - 1];
        if (e->key != NULL && e->hash == hash && hk_str_eq((struct hk_str){e->key, e->key_len}, key)) {
            break;
        }
        at = (at + 1) & mask;
    }
    return at;
}

/* Rebuilds the slots over the live entries, dropping removed ones. */
static void rebuild(struct hk_map *map)
{
    size_t live = 0;
    for (size_t i = 0; i < map->len; i++) {
        if (map->entries[i].key != NULL) {
            map->entries[live++] = map->entries[i];
        }
    }
    map->len = live;
    size_t slots = 16;
    while (slots < (live + 1) * 3) { /* room for half as many again, or removing and adding would rebuild each time */
        slots *= 2;
    }
    free(map->slots);
    map->slots = hk_alloc_array(slots, sizeof *map->slots);
    map->slot_count = slots;
    for (size_t i = 0; i < live; i++) {
        size_t at = (size_t)map->entries[i].hash & (slots - 1);
        while (map->slots[at] != 0) {
            at = (at + 1) & (slots - 1);
        }
        map->slots[at] = (uint32_t)(i + 1);
    }
}

void hk_map_set(struct hk_map *map, struct hk_str key, uint64_t value)
{
    if ((map->len + 1) * 2 > map->slot_count) {
        rebuild(map);
    }
    uint64_t hash = hk_str_hash(key);
    size_t at = slot_of(map, key, hash);
    if (map->slots[at] != 0) {
        map->entries[map->slots[at] - 1].value = value;
        return;
    }
    hk_array_grow((void **)&map->entries, &map->cap, map->len + 1, sizeof *map->entries);
    map->entries[map->len++] = (struct hk_map_entry){hk_strndup(key.data, key.len), key.len, hash, value};
    map->slots[at] = (uint32_t)map->len;
    map->count++;
}

bool hk_map_find(const struct hk_map *map, struct hk_str key, uint64_t *value)
{
    if (map->count == 0) {
        return false;
    }
    size_t at = slot_of(map, key, hk_str_hash(key));
    if (map->slots[at] == 0) {
        return false;
    }
    if (value != NULL) {
        *value = map->entries[map->slots[at] - 1].value;
    }
    return true;
}

bool hk_map_remove(struct hk_map *map, struct hk_str key)
{
    if (map->count == 0) {
        return false;
    }
    size_t at = slot_of(map, key, hk_str_hash(key));
    if (map->slots[at] == 0) {
        return false;
    }
    struct hk_map_entry *e = &map->entries[map->slots[at] - 1];
    free(e->key);
    e->key = NULL; /* its slot stays, so that probing goes on past it */
    map->count--;
    return true;
}
