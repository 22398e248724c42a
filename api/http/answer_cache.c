#include "api/http/answer_cache.h"

#include <stdlib.h>
#include <uv.h>

#include "engine/base/alloc.h"

enum { SLOTS = 512 };

struct slot {
    char *key; /* NULL: empty */
    size_t key_len;
    uint64_t generation;
    struct MHD_Response *response;
    size_t bytes;
};

struct hk_answer_cache {
    uv_mutex_t lock;
    size_t bytes;
    size_t max_bytes;
    struct slot slots[SLOTS]; /* by the hash of the key; the next one that falls on a slot has it */
};

struct hk_answer_cache *hk_answer_cache_new(size_t max_bytes)
{
    struct hk_answer_cache *cache = hk_alloc(sizeof *cache);
    HK_ASSERT(uv_mutex_init(&cache->lock) == 0);
    cache->max_bytes = max_bytes;
    return cache;
}

static void empty(struct hk_answer_cache *cache, struct slot *slot)
{
    if (slot->key != NULL) {
        cache->bytes -= slot->bytes;
        MHD_destroy_response(slot->response); /* those that are being sent have references of their own */
        free(slot->key);
        *slot = (struct slot){0};
    }
}

static void empty_all(struct hk_answer_cache *cache)
{
    for (size_t i = 0; i < SLOTS; i++) {
        empty(cache, &cache->slots[i]);
    }
}

void hk_answer_cache_free(struct hk_answer_cache *cache)
{
    if (cache != NULL) {
        empty_all(cache);
        uv_mutex_destroy(&cache->lock);
        free(cache);
    }
}

struct hk_str hk_answer_key(const struct hk_request *req)
{
    struct hk_str accept = hk_request_header(req, "Accept");
    return hk_str_from(hk_arena_printf(req->arena, "%.*s?%.*s\n%.*s\n%d %.*s", HK_STR_ARG(req->path),
                                       HK_STR_ARG(req->raw_query), HK_STR_ARG(accept), (int)req->caller.role,
                                       HK_STR_ARG(req->caller.username)));
}

static struct slot *slot_of(struct hk_answer_cache *cache, struct hk_str key)
{
    return &cache->slots[hk_str_hash(key) % SLOTS];
}

bool hk_answer_cache_queue(struct hk_answer_cache *cache, struct hk_str key, uint64_t generation,
                           struct MHD_Connection *connection)
{
    uv_mutex_lock(&cache->lock);
    const struct slot *slot = slot_of(cache, key);
    bool is_known = slot->key != NULL && slot->generation == generation &&
                    hk_str_eq(key, (struct hk_str){slot->key, slot->key_len}) &&
                    MHD_queue_response(connection, MHD_HTTP_OK, slot->response) == MHD_YES;
    uv_mutex_unlock(&cache->lock);
    return is_known;
}

void hk_answer_cache_add(struct hk_answer_cache *cache, struct hk_str key, uint64_t generation,
                         struct MHD_Response *response, size_t body_bytes)
{
    size_t bytes = body_bytes + key.len;
    if (bytes > cache->max_bytes / 8) {
        MHD_destroy_response(response);
        return;
    }
    uv_mutex_lock(&cache->lock);
    struct slot *slot = slot_of(cache, key);
    empty(cache, slot);
    if (cache->bytes + bytes > cache->max_bytes) {
        empty_all(cache);
    }
    *slot = (struct slot){hk_strndup(key.data, key.len), key.len, generation, response, bytes};
    cache->bytes += bytes;
    uv_mutex_unlock(&cache->lock);
}
