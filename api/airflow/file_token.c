#include "api/airflow/file_token.h"

#include <stdlib.h>
#include <uv.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/map.h"

/* Past so many files all are forgotten and made anew, which is no worse than never having remembered them. */
enum { MOST_TOKENS = 10000 };

struct hk_file_tokens {
    const struct hk_secret_key *key;
    uv_mutex_t lock;
    struct hk_map made; /* from what is signed to the token, a text of its own */
};

struct hk_file_tokens *hk_file_tokens_new(const struct hk_secret_key *key)
{
    struct hk_file_tokens *tokens = hk_alloc(sizeof *tokens);
    tokens->key = key;
    HK_ASSERT(uv_mutex_init(&tokens->lock) == 0);
    hk_map_init(&tokens->made);
    return tokens;
}

static void forget(struct hk_file_tokens *tokens)
{
    for (size_t i = 0; i < tokens->made.len; i++) {
        free((char *)(uintptr_t)tokens->made.entries[i].value); /* NOLINT(performance-no-int-to-ptr): hk_map's values */
    }
    hk_map_clear(&tokens->made);
    hk_map_init(&tokens->made);
}

void hk_file_tokens_free(struct hk_file_tokens *tokens)
{
    if (tokens != NULL) {
        forget(tokens);
        uv_mutex_destroy(&tokens->lock);
        free(tokens);
    }
}

static char *make(const struct hk_secret_key *key, struct hk_str payload)
{
    char signature[HK_SIGNATURE_SIZE];
    hk_secret_sign(key, "file", payload, signature);
    struct hk_buf token;
    hk_buf_init(&token, 4 * HK_MAX_URL_BYTES);
    hk_secret_base64(&token, payload.data, payload.len);
    hk_buf_printf(&token, ".%s", signature);
    return hk_buf_take(&token);
}

void hk_file_token_write(struct hk_file_tokens *tokens, const char *bundle_name, const char *relative_fileloc,
                         struct hk_json *w)
{
    struct hk_buf payload;
    hk_buf_init(&payload, 2 * HK_MAX_URL_BYTES);
    struct hk_json p;
    hk_json_init(&p, &payload);
    hk_json_begin_object(&p);
    hk_json_kv_text(&p, "bundle_name", bundle_name);
    hk_json_kv_text(&p, "relative_fileloc", relative_fileloc);
    hk_json_end_object(&p);
    uint64_t found = 0;
    uv_mutex_lock(&tokens->lock);
    if (!hk_map_find(&tokens->made, hk_buf_str(&payload), &found)) {
        if (tokens->made.count == MOST_TOKENS) {
            forget(tokens);
        }
        found = (uint64_t)(uintptr_t)make(tokens->key, hk_buf_str(&payload));
        hk_map_set(&tokens->made, hk_buf_str(&payload), found);
    }
    hk_json_text(w, (const char *)(uintptr_t)found); /* NOLINT(performance-no-int-to-ptr): hk_map's values */
    uv_mutex_unlock(&tokens->lock);
    hk_buf_clear(&payload);
}
