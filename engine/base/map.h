/* struct hk_map: from a string to a 64-bit number (an index, an id, a pointer). Open addressing; keys are copied.
 * Caller's memory, one thread at a time. Iteration order is insertion order as long as nothing is removed. */
#ifndef HK_BASE_MAP_H
#define HK_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/str.h"

struct hk_map_entry {
    char *key; /* owned; NULL: removed */
    size_t key_len;
    uint64_t hash;
    uint64_t value;
};

struct hk_map {
    struct hk_map_entry *entries; /* in insertion order; key NULL where removed */
    size_t len;                   /* entries in use, removed ones included */
    size_t cap;
    size_t count;    /* live entries */
    uint32_t *slots; /* entry index + 1; 0: empty */
    size_t slot_count;
};

void hk_map_init(struct hk_map *map);
void hk_map_clear(struct hk_map *map);
void hk_map_set(struct hk_map *map, struct hk_str key, uint64_t value);         /* adds or replaces */
bool hk_map_find(const struct hk_map *map, struct hk_str key, uint64_t *value); /* value may be NULL */
bool hk_map_remove(struct hk_map *map, struct hk_str key);

#endif
