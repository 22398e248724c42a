/* Memory that dies in bulk: one arena per HTTP request, per scheduler tick, per file parsed.
 * Pointers into an arena never outlive hk_arena_clear and never cross threads; what must last is copied into
 * its owner. Zero-initialise or call hk_arena_init. One thread at a time. */
#ifndef HK_BASE_ARENA_H
#define HK_BASE_ARENA_H

#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_arena_block;

struct hk_arena {
    struct hk_arena_block *head;
    size_t used_bytes; /* handed out since the last clear */
};

void hk_arena_init(struct hk_arena *arena);
void hk_arena_clear(struct hk_arena *arena);               /* frees all; may be used again */
void hk_arena_reset(struct hk_arena *arena);               /* as clear, but keeps one block for the next round */
void *hk_arena_alloc(struct hk_arena *arena, size_t size); /* zeroed, aligned for any type */
void *hk_arena_array(struct hk_arena *arena, size_t count, size_t size); /* zeroed; aborts on overflow */
struct hk_str hk_arena_str(struct hk_arena *arena, struct hk_str s);     /* NUL-terminated copy */
char *hk_arena_strdup(struct hk_arena *arena, const char *s);            /* NULL gives NULL */
char *hk_arena_printf(struct hk_arena *arena, const char *fmt, ...) HK_PRINTF(2, 3);

#endif
