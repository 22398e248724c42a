/* struct hk_heap: a binary heap of small values ordered by up to three numbers, least first; what is equal in all three
 * comes in the order of insertion. Used for timers and for the queue of tasks that may run. Entries are not removed
 * when they no longer matter: whoever takes one checks whether it still does. Caller's memory, one thread. */
#ifndef HK_BASE_HEAP_H
#define HK_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hk_heap_entry {
    int64_t order[3];
    uint64_t sequence; /* set by push */
    void *owner;
    uint64_t detail;
};

struct hk_heap {
    struct hk_heap_entry *entries;
    size_t len;
    size_t cap;
    uint64_t next_sequence;
};

void hk_heap_clear(struct hk_heap *heap);
void hk_heap_push(struct hk_heap *heap, struct hk_heap_entry entry);
bool hk_heap_pop(struct hk_heap *heap, struct hk_heap_entry *out); /* false: empty */
bool hk_heap_less(const struct hk_heap_entry *a, const struct hk_heap_entry *b);

#endif
