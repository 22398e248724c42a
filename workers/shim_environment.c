#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "workers/shim_internal.h"

static bool has_same_name(const char *a, const char *b)
{
    while (*a == *b && *a != '\0' && *a != '=') {
        a++;
        b++;
    }
    return *a == '=' && *b == '=';
}

static bool is_replaced(const char *text, const struct hk_shim_texts *added, const char *after)
{
    for (const char *at = hk_shim_texts_next(added, after); at != NULL; at = hk_shim_texts_next(added, at)) {
        if (has_same_name(text, at)) {
            return true;
        }
    }
    return false;
}

static bool is_ours(const char *text)
{
    return strncmp(text, "HANOK_HOME_ID=", 14) == 0 || strncmp(text, "HANOK_HOME=", 11) == 0 ||
           strncmp(text, "HANOK_JOB_ID=", 13) == 0;
}

/* Adds NAME=value to the memory at *at and gives its start. */
static char *assign(char **at, const char *name, const char *value)
{
    char *start = *at;
    size_t n = strlen(name);
    size_t v = strlen(value) + 1;
    memcpy(start, name, n);
    memcpy(start + n, value, v);
    *at = start + n + v;
    return start;
}

char **shim_environment(const struct shim *shim, bool inherits, const struct hk_shim_texts *added, const char *id)
{
    size_t slots = (inherits ? shim->environment.count : 0) + added->count + 4;
    size_t text = 64 + strlen(shim->home_id) + strlen(shim->home) + (id != NULL ? strlen(id) : 0);
    char **list = hk_alloc(slots * sizeof *list + text);
    char *own = (char *)(list + slots);
    size_t n = 0;
    if (inherits) {
        const struct hk_shim_texts *base = &shim->environment;
        for (const char *at = hk_shim_texts_next(base, NULL); at != NULL; at = hk_shim_texts_next(base, at)) {
            if (!is_ours(at) && !is_replaced(at, added, NULL)) {
                list[n++] = (char *)(uintptr_t)at;
            }
        }
    }
    for (const char *at = hk_shim_texts_next(added, NULL); at != NULL; at = hk_shim_texts_next(added, at)) {
        if (!is_ours(at) && !is_replaced(at, added, at)) {
            list[n++] = (char *)(uintptr_t)at;
        }
    }
    list[n++] = assign(&own, "HANOK_HOME_ID=", shim->home_id);
    list[n++] = assign(&own, "HANOK_HOME=", shim->home);
    if (id != NULL) {
        list[n++] = assign(&own, "HANOK_JOB_ID=", id);
    }
    list[n] = NULL;
    return list;
}
