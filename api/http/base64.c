#include "api/http/base64.h"

#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct hk_str encode(const void *data, size_t len, const char *alphabet, struct hk_arena *arena)
{
    const unsigned char *in = data;
    char *out = hk_arena_alloc(arena, (len + 2) / 3 * 4 + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = (unsigned)in[i] << 16;
        bits |= i + 1 < len ? (unsigned)in[i + 1] << 8 : 0;
        bits |= i + 2 < len ? (unsigned)in[i + 2] : 0;
        out[n++] = alphabet[bits >> 18 & 63];
        out[n++] = alphabet[bits >> 12 & 63];
        if (i + 1 < len) {
            out[n++] = alphabet[bits >> 6 & 63];
        }
        if (i + 2 < len) {
            out[n++] = alphabet[bits & 63];
        }
    }
    return (struct hk_str){out, n};
}

struct hk_str hk_base64url_encode(const void *data, size_t len, struct hk_arena *arena)
{
    return encode(data, len, url_safe, arena);
}

struct hk_str hk_base64_encode(const void *data, size_t len, struct hk_arena *arena)
{
    struct hk_str out = encode(data, len, standard, arena);
    char *text = (char *)(uintptr_t)out.data; /* ours: it was just made, with room for the padding */
    while (out.len % 4 != 0) {
        text[out.len++] = '=';
    }
    text[out.len] = '\0';
    return out;
}

static bool decode(struct hk_str text, const char *alphabet, struct hk_arena *arena, struct hk_str *out)
{
    if (text.len % 4 == 1) {
        return false;
    }
    unsigned char *data = hk_arena_alloc(arena, text.len / 4 * 3 + 4);
    size_t len = 0;
    unsigned bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.data[i] != '\0' ? strchr(alphabet, text.data[i]) : NULL;
        if (at == NULL) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(at - alphabet)) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            data[len++] = (unsigned char)(bits >> count & 0xff);
        }
    }
    if ((bits & ((1u << count) - 1)) != 0) {
        return false; /* two texts may not mean the same bytes */
    }
    *out = (struct hk_str){(const char *)data, len};
    return true;
}

bool hk_base64url_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out)
{
    return decode(text, url_safe, arena, out);
}

bool hk_base64_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out)
{
    if (text.len % 4 == 0) {
        for (int i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++) {
            text.len--;
        }
    }
    return decode(text, standard, arena, out);
}
