#include "engine/base/heap.h"

#include <stdlib.h>

#include "engine/base/alloc.h"

void hk_heap_clear(struct hk_heap *heap)
{
    free(heap->entries);
    *heap = (struct hk_heap){0};
}

bool hk_heap_less(const struct hk_heap_entry *a, const struct hk_heap_entry *b)
{
    for (int i = 0; i < 3; i++) {
        if (a->order[i] != b->order[i]) {
            return a->order[i] < b->order[i];
        }
    }
    return a->sequence < b->sequence;
}

static void swap(struct hk_heap_entry *a, struct hk_heap_entry *b)
{
    struct hk_heap_entry t = *a;
    *a = *b;
    *b = t;
}

void hk_heap_push(struct hk_heap *heap, struct hk_heap_entry entry)
{
    hk_array_grow((void **)&heap->entries, &heap->cap, heap->len + 1, sizeof *heap->entries);
    entry.sequence = heap->next_sequence++;
    size_t at = heap->len++;
    heap->entries[at] = entry;
    while (at > 0 && hk_heap_less(&heap->entries[at], &heap->entries[(at - 1) / 2])) {
        swap(&heap->entries[at], &heap->entries[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool hk_heap_pop(struct hk_heap *heap, struct hk_heap_entry *out)
{
    if (heap->len == 0) {
        return false;
    }
    *out = heap->entries[0];
    heap->entries[0] = heap->entries[--heap->len];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->len; child++) {
            if (hk_heap_less(&heap->entries[child], &heap->entries[least])) {
                least = child;
            }
        }
        if (least == at) {
            return true;
        }
        swap(&heap->entries[at], &heap->entries[least]);
        at = least;
    }
}
