#include "api/http/token_cache.h"

#include <stdlib.h>
#include <uv.h>

#include <openssl/crypto.h>

#include "engine/base/alloc.h"

enum { SLOTS = 256 };

struct slot {
    struct hk_arena arena; /* of all the texts below */
    struct hk_str text;
    struct hk_str audience;
    struct hk_token token;
};

struct hk_token_cache {
    uv_mutex_t lock;
    struct slot slots[SLOTS];
};

struct hk_token_cache *hk_token_cache_new(void)
{
    struct hk_token_cache *cache = hk_alloc(sizeof *cache);
    HK_ASSERT(uv_mutex_init(&cache->lock) == 0);
    return cache;
}

static void empty(struct slot *slot)
{
    if (slot->text.len > 0) {
        OPENSSL_cleanse((char *)(uintptr_t)slot->text.data, slot->text.len); /* the arena's, which is ours */
    }
    hk_arena_clear(&slot->arena);
    *slot = (struct slot){0};
}

void hk_token_cache_free(struct hk_token_cache *cache)
{
    for (size_t i = 0; i < SLOTS; i++) {
        empty(&cache->slots[i]);
    }
    uv_mutex_destroy(&cache->lock);
    free(cache);
}

static struct slot *slot_of(struct hk_token_cache *cache, struct hk_str token)
{
    return &cache->slots[hk_str_hash(token) % SLOTS];
}

static struct hk_token copy(const struct hk_token *token, struct hk_arena *arena)
{
    struct hk_token made = *token;
    made.subject = hk_arena_str(arena, token->subject);
    made.role = hk_arena_str(arena, token->role);
    made.scope = hk_arena_str(arena, token->scope);
    made.name = hk_arena_str(arena, token->name);
    made.id = hk_arena_str(arena, token->id);
    return made;
}

bool hk_token_cache_find(struct hk_token_cache *cache, struct hk_str token, const struct hk_token_check *check,
                         struct hk_arena *arena, struct hk_token *out)
{
    uv_mutex_lock(&cache->lock);
    const struct slot *slot = slot_of(cache, token);
    bool found = slot->text.len == token.len && token.len > 0 &&
                 CRYPTO_memcmp(slot->text.data, token.data, token.len) == 0 &&
                 hk_str_eq(slot->audience, check->audience) && hk_token_is_timely(&slot->token, check->now_s);
    if (found) {
        *out = copy(&slot->token, arena);
    }
    uv_mutex_unlock(&cache->lock);
    return found;
}

void hk_token_cache_add(struct hk_token_cache *cache, struct hk_str token, struct hk_str audience,
                        const struct hk_token *verified)
{
    uv_mutex_lock(&cache->lock);
    struct slot *slot = slot_of(cache, token);
    empty(slot);
    slot->text = hk_arena_str(&slot->arena, token);
    slot->audience = hk_arena_str(&slot->arena, audience);
    slot->token = copy(verified, &slot->arena);
    uv_mutex_unlock(&cache->lock);
}
