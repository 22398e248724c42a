#include "engine/store/graph_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/base/alloc.h"

enum { MOST_GRAPHS = 256, VERSION_ID_SIZE = 40 };

struct entry {
    char version_id[VERSION_ID_SIZE];
    struct hk_graph *graph;
    size_t bytes;
};

struct hk_graph_cache {
    pthread_mutex_t mutex;
    struct entry entries[MOST_GRAPHS]; /* the most recently used one first */
    size_t count;
    size_t bytes;
    size_t max_bytes;
};

struct hk_graph_cache *hk_graph_cache_new(size_t max_bytes)
{
    struct hk_graph_cache *cache = hk_alloc(sizeof *cache);
    pthread_mutex_init(&cache->mutex, NULL);
    cache->max_bytes = max_bytes;
    return cache;
}

static void drop_last(struct hk_graph_cache *cache)
{
    struct entry *last = &cache->entries[--cache->count];
    cache->bytes -= last->bytes;
    hk_graph_unref(last->graph);
}

void hk_graph_cache_free(struct hk_graph_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    while (cache->count > 0) {
        drop_last(cache);
    }
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

/* Moves what stands at `at` (or is new there) to the front. */
static void put_first(struct hk_graph_cache *cache, size_t at, struct entry entry)
{
    for (; at > 0; at--) {
        cache->entries[at] = cache->entries[at - 1];
    }
    cache->entries[0] = entry;
}

static struct hk_graph *find(struct hk_graph_cache *cache, struct hk_str version_id)
{
    for (size_t i = 0; i < cache->count; i++) {
        if (hk_str_is(version_id, cache->entries[i].version_id)) {
            put_first(cache, i, cache->entries[i]);
            return cache->entries[0].graph;
        }
    }
    return NULL;
}

struct hk_graph *hk_graph_cache_find(struct hk_graph_cache *cache, struct hk_str version_id)
{
    pthread_mutex_lock(&cache->mutex);
    struct hk_graph *graph = find(cache, version_id);
    graph = graph != NULL ? hk_graph_ref(graph) : NULL;
    pthread_mutex_unlock(&cache->mutex);
    return graph;
}

void hk_graph_cache_add(struct hk_graph_cache *cache, struct hk_str version_id, struct hk_graph *graph,
                        size_t document_bytes)
{
    struct entry entry = {.bytes = document_bytes};
    if (document_bytes > cache->max_bytes || !hk_str_copy(entry.version_id, VERSION_ID_SIZE, version_id)) {
        return;
    }
    pthread_mutex_lock(&cache->mutex);
    if (find(cache, version_id) == NULL) { /* another thread may have decoded it meanwhile */
        while (cache->count == MOST_GRAPHS || cache->bytes + document_bytes > cache->max_bytes) {
            drop_last(cache);
        }
        entry.graph = hk_graph_ref(graph);
        cache->bytes += document_bytes;
        put_first(cache, cache->count++, entry);
    }
    pthread_mutex_unlock(&cache->mutex);
}
