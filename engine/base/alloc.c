#include "engine/base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (p == NULL) {
        fputs("hanok: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *hk_alloc(size_t size)
{
    return must(calloc(1, size > 0 ? size : 1));
}

void *hk_alloc_array(size_t count, size_t size)
{
    return must(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *hk_realloc(void *old, size_t size)
{
    return must(realloc(old, size > 0 ? size : 1));
}

char *hk_strdup(const char *s)
{
    return s == NULL ? NULL : hk_strndup(s, strlen(s));
}

char *hk_strndup(const char *s, size_t len)
{
    char *copy = hk_alloc(len + 1);
    memcpy(copy, s, len);
    return copy;
}

void hk_array_grow(void **items, size_t *cap, size_t need, size_t item_size)
{
    if (need <= *cap) {
        return;
    }
    size_t grown = *cap < 8 ? 8 : *cap;
    while (grown < need) {
        if (grown > SIZE_MAX / 2 / item_size) {
            must(NULL);
        }
        grown *= 2;
    }
    *items = hk_realloc(*items, grown * item_size);
    memset((char *)*items + *cap * item_size, 0, (grown - *cap) * item_size);
    *cap = grown;
}
