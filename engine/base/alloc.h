/* Heap memory. Running out aborts, as in Redis and git: sizes that come from outside are limited
 * (engine/base/limits.h) before anything is allocated. Any thread. */
#ifndef HK_BASE_ALLOC_H
#define HK_BASE_ALLOC_H

#include <stddef.h>

void *hk_alloc(size_t size);                     /* zeroed; free with free() */
void *hk_alloc_array(size_t count, size_t size); /* zeroed; aborts on overflow */
void *hk_realloc(void *old, size_t size);        /* new bytes are not zeroed */
char *hk_strdup(const char *s);                  /* NULL gives NULL */
char *hk_strndup(const char *s, size_t len);

/* Grows a plain array so that it holds at least `need` items, doubling; new items are zeroed.
 *     hk_array_grow((void **)&v->items, &v->cap, v->len + 1, sizeof *v->items);  */
void hk_array_grow(void **items, size_t *cap, size_t need, size_t item_size);

#endif
