#include "engine/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1024 * 1024, ALIGN = 16 };

struct hk_arena_block {
    struct hk_arena_block *next;
    size_t cap;
    size_t used;
    _Alignas(16) char data[];
};

void hk_arena_init(struct hk_arena *arena)
{
    *arena = (struct hk_arena){0};
}

static void free_blocks(struct hk_arena_block *block)
{
    while (block != NULL) {
        struct hk_arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void hk_arena_clear(struct hk_arena *arena)
{
    free_blocks(arena->head);
    hk_arena_init(arena);
}

void hk_arena_reset(struct hk_arena *arena)
{
    if (arena->head != NULL) {
        free_blocks(arena->head->next);
        arena->head->next = NULL;
        memset(arena->head->data, 0, arena->head->used);
        arena->head->used = 0;
    }
    arena->used_bytes = 0;
}

void *hk_arena_alloc(struct hk_arena *arena, size_t size)
{
    HK_ASSERT(size < SIZE_MAX / 2);
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct hk_arena_block *block = arena->head;
    if (block == NULL || block->cap - block->used < size) {
        size_t cap = block == NULL ? FIRST_BLOCK : block->cap * 2;
        cap = cap > LARGEST_BLOCK ? LARGEST_BLOCK : cap;
        cap = cap < size ? size : cap;
        block = hk_alloc(sizeof *block + cap);
        block->cap = cap;
        block->next = arena->head;
        arena->head = block;
    }
    void *p = block->data + block->used;
    block->used += size;
    arena->used_bytes += size;
    return p;
}

void *hk_arena_array(struct hk_arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    HK_ASSERT(!__builtin_mul_overflow(count, size, &total));
    return hk_arena_alloc(arena, total);
}

struct hk_str hk_arena_str(struct hk_arena *arena, struct hk_str s)
{
    char *copy = hk_arena_alloc(arena, s.len + 1);
    if (s.len > 0) {
        memcpy(copy, s.data, s.len);
    }
    return (struct hk_str){copy, s.len};
}

char *hk_arena_strdup(struct hk_arena *arena, const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t len = strlen(s);
    char *copy = hk_arena_alloc(arena, len + 1);
    memcpy(copy, s, len);
    return copy;
}

char *hk_arena_printf(struct hk_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    HK_ASSERT(n >= 0);
    char *out = hk_arena_alloc(arena, (size_t)n + 1);
    vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return out;
}
