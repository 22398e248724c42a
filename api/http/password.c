#include "api/http/password.h"

#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "api/http/base64.h"
#include "engine/base/arena.h"

enum {
    SALT_SIZE = 16,
    HASH_SIZE = 32,
    COST = 16384,
    BLOCK = 8,
    PARALLEL = 1,
    MOST_COST = 1 << 20,
    MOST_BLOCK = 32,
    MOST_PARALLEL = 16
};

struct scrypt_cost {
    int64_t cost;
    int64_t block;
    int64_t parallel;
};

static bool derive(struct hk_str password, struct hk_str salt, const struct scrypt_cost *cost,
                   unsigned char out[HASH_SIZE])
{
    const uint64_t most_memory = UINT64_C(512) * 1024 * 1024;
    bool ok = EVP_PBE_scrypt(password.len > 0 ? password.data : "", password.len, (const unsigned char *)salt.data,
                             salt.len, (uint64_t)cost->cost, (uint64_t)cost->block, (uint64_t)cost->parallel,
                             most_memory, out, HASH_SIZE) == 1;
#ifdef __GLIBC__
    malloc_trim(0); /* it took 16 MiB, which would stay with this thread: four times what an idle hanok has */
#endif
    return ok;
}

static const struct scrypt_cost current_cost = {COST, BLOCK, PARALLEL};

static bool write_hash(const unsigned char *salt, const unsigned char *hash, char out[HK_PASSWORD_HASH_SIZE])
{
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk_str salt_text = hk_base64_encode(salt, SALT_SIZE, &arena);
    struct hk_str hash_text = hk_base64_encode(hash, HASH_SIZE, &arena);
    int n = snprintf(out, HK_PASSWORD_HASH_SIZE, "scrypt$%d$%d$%d$%.*s$%.*s", COST, BLOCK, PARALLEL,
                     HK_STR_ARG(salt_text), HK_STR_ARG(hash_text));
    hk_arena_clear(&arena);
    return n > 0 && n < HK_PASSWORD_HASH_SIZE;
}

bool hk_password_hash(struct hk_str password, char out[HK_PASSWORD_HASH_SIZE], struct hk_error *err)
{
    unsigned char salt[SALT_SIZE];
    unsigned char hash[HASH_SIZE];
    if (password.len == 0) {
        return hk_error_set(err, HK_INVALID, "A password may not be empty.");
    }
    if (password.len > HK_MAX_PASSWORD_BYTES) {
        return hk_error_set(err, HK_LIMIT, "The password is %zu bytes long; at most %d are allowed.", password.len,
                            HK_MAX_PASSWORD_BYTES);
    }
    if (RAND_bytes(salt, sizeof salt) != 1) {
        return hk_error_set(err, HK_INTERNAL, "The operating system gave no random bytes for a password's salt.");
    }
    if (!derive(password, (struct hk_str){(const char *)salt, sizeof salt}, &current_cost, hash)) {
        return hk_error_set(err, HK_INTERNAL, "OpenSSL could not compute scrypt.");
    }
    HK_ASSERT(write_hash(salt, hash, out));
    return true;
}

static bool next_number(struct hk_str *rest, int64_t most, int64_t *out)
{
    struct hk_str text;
    return hk_str_next(rest, '$', &text) && hk_str_to_i64(text, out) && *out > 0 && *out <= most;
}

/* "scrypt$N$r$p$salt$hash"; costs are bounded, since the text decides how much work and memory a check takes. */
static bool read_hash(struct hk_str encoded, struct hk_arena *arena, struct scrypt_cost *cost, struct hk_str *salt,
                      struct hk_str *hash)
{
    struct hk_str rest = encoded;
    struct hk_str name;
    struct hk_str salt_text;
    struct hk_str hash_text;
    return hk_str_next(&rest, '$', &name) && hk_str_is(name, "scrypt") && next_number(&rest, MOST_COST, &cost->cost) &&
           next_number(&rest, MOST_BLOCK, &cost->block) && next_number(&rest, MOST_PARALLEL, &cost->parallel) &&
           hk_str_next(&rest, '$', &salt_text) && hk_str_next(&rest, '$', &hash_text) && rest.len == 0 &&
           hk_base64_decode(salt_text, arena, salt) && hk_base64_decode(hash_text, arena, hash) &&
           hash->len == HASH_SIZE;
}

bool hk_password_verify(struct hk_str password, struct hk_str encoded, struct hk_error *err)
{
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct scrypt_cost cost;
    struct hk_str salt = {0};
    struct hk_str hash = {0};
    unsigned char computed[HASH_SIZE];
    bool ok = false;
    if (password.len > HK_MAX_PASSWORD_BYTES) {
        hk_error_set(err, HK_UNAUTHENTICATED, "Invalid credentials");
    } else if (!read_hash(encoded, &arena, &cost, &salt, &hash) || !derive(password, salt, &cost, computed)) {
        hk_error_set(err, HK_CORRUPT, "The stored password hash cannot be read; set the password again.");
    } else if (CRYPTO_memcmp(computed, hash.data, HASH_SIZE) != 0) {
        hk_error_set(err, HK_UNAUTHENTICATED, "Invalid credentials");
    } else {
        ok = true;
    }
    hk_arena_clear(&arena);
    return ok;
}

void hk_password_pretend(struct hk_str password)
{
    unsigned char ignored[HASH_SIZE];
    if (password.len <= HK_MAX_PASSWORD_BYTES) {
        (void)derive(password, HK_STR("0123456789abcdef"), &current_cost, ignored);
    }
}

bool hk_password_new(char out[HK_NEW_PASSWORD_SIZE], struct hk_error *err)
{
    static const char alphabet[] = "abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789";
    const unsigned letters = sizeof alphabet - 1;
    const unsigned fair = 256 / letters * letters; /* a byte above would favour the first letters */
    size_t len = 0;
    while (len < HK_NEW_PASSWORD_SIZE - 1) {
        unsigned char byte = 0;
        if (RAND_bytes(&byte, 1) != 1) {
            return hk_error_set(err, HK_INTERNAL, "The operating system gave no random bytes for a password.");
        }
        if (byte < fair) {
            out[len++] = alphabet[byte % letters];
        }
    }
    out[len] = '\0';
    return true;
}
