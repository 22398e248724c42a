#include "workers/mask.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

#define REPLACEMENT "***"

struct secret {
    struct secret *next;
    size_t len;
    char text[];
};

struct hk_mask {
    struct secret *by_first[256]; /* by their first byte */
    size_t bytes;
    bool is_full;
};

struct hk_mask *hk_mask_new(void)
{
    return hk_alloc(sizeof(struct hk_mask));
}

void hk_mask_free(struct hk_mask *mask)
{
    for (size_t i = 0; mask != NULL && i < 256; i++) {
        while (mask->by_first[i] != NULL) {
            struct secret *secret = mask->by_first[i];
            mask->by_first[i] = secret->next;
            explicit_bzero(secret->text, secret->len);
            free(secret);
        }
    }
    free(mask);
}

static struct secret **first_like(const struct hk_mask *mask, struct hk_str text)
{
    return (struct secret **)(uintptr_t)&mask->by_first[(unsigned char)text.data[0]];
}

void hk_mask_add(struct hk_mask *mask, struct hk_str secret)
{
    if (secret.len == 0 || mask->is_full) {
        return;
    }
    struct secret **at = first_like(mask, secret);
    for (const struct secret *s = *at; s != NULL; s = s->next) {
        if (hk_str_eq((struct hk_str){s->text, s->len}, secret)) {
            return;
        }
    }
    mask->is_full = secret.len > HK_MAX_SECRETS_BYTES - mask->bytes;
    if (!mask->is_full) {
        struct secret *new = hk_alloc(sizeof *new + secret.len);
        memcpy(new->text, secret.data, secret.len);
        new->len = secret.len;
        new->next = *at;
        *at = new;
        mask->bytes += secret.len;
    }
}

/* How long the longest secret is that text begins with; 0: none. */
static size_t secret_length(const struct hk_mask *mask, struct hk_str text)
{
    size_t longest = 0;
    for (const struct secret *s = *first_like(mask, text); s != NULL; s = s->next) {
        if (s->len > longest && s->len <= text.len && memcmp(s->text, text.data, s->len) == 0) {
            longest = s->len;
        }
    }
    return longest;
}

bool hk_mask_apply(const struct hk_mask *mask, struct hk_str text, struct hk_buf *out)
{
    size_t done = 0; /* what stands before it is in out */
    size_t at = 0;
    bool found = false;
    if (mask->is_full) {
        hk_buf_add_text(out, REPLACEMENT);
        return true;
    }
    while (at < text.len) {
        size_t len = secret_length(mask, (struct hk_str){text.data + at, text.len - at});
        if (len == 0) {
            at++;
            continue;
        }
        found = true;
        hk_buf_add(out, text.data + done, at - done);
        hk_buf_add_text(out, REPLACEMENT);
        at += len;
        done = at;
    }
    if (found) {
        hk_buf_add(out, text.data + done, text.len - done);
    }
    return found;
}
