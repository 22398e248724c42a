/* Tokens that were verified, so that the next request with the same one costs no signature and no JSON. What a token
 * says never changes and its times are looked at each time, so nothing here can be out of date. Full slots are simply
 * overwritten. Any thread. */
#ifndef HK_HTTP_TOKEN_CACHE_H
#define HK_HTTP_TOKEN_CACHE_H

#include "api/http/token.h"

struct hk_token_cache;

struct hk_token_cache *hk_token_cache_new(void);
void hk_token_cache_free(struct hk_token_cache *cache);

/* true: the token was verified for this audience before and is valid now. Strings of *out live in the arena. */
bool hk_token_cache_find(struct hk_token_cache *cache, struct hk_str token, const struct hk_token_check *check,
                         struct hk_arena *arena, struct hk_token *out);
void hk_token_cache_add(struct hk_token_cache *cache, struct hk_str token, struct hk_str audience,
                        const struct hk_token *verified); /* copies */

#endif
