/* Base64 in its two alphabets: the standard one with padding (Basic credentials, password hashes) and the URL-safe one
 * without (tokens). Decoding is strict: no white space, no stray bits, padding as written above or, in the standard
 * one, left out. Pure. */
#ifndef HK_HTTP_BASE64_H
#define HK_HTTP_BASE64_H

#include "engine/base/arena.h"
#include "engine/base/str.h"

struct hk_str hk_base64_encode(const void *data, size_t len, struct hk_arena *arena);
struct hk_str hk_base64url_encode(const void *data, size_t len, struct hk_arena *arena);

/* false on anything that is not base64. */
bool hk_base64_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out);
bool hk_base64url_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out);

#endif
