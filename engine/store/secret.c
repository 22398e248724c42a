#include "engine/store/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

/* version (0x80), time in seconds (8 bytes, big-endian), IV (16), ciphertext, HMAC of all that (32) */
enum {
    VERSION = 0x80,
    IV_AT = 9,
    BLOCK = 16,
    TEXT_AT = 25,
    MAC_SIZE = 32,
    MAX_TOKEN_BYTES = 2 * HK_MAX_VARIABLE_BYTES + 1024
};

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hk_secret_base64(struct hk_buf *out, const void *data, size_t len)
{
    const unsigned char *in = data;
    char *at = hk_buf_extend(out, (len + 2) / 3 * 4);
    for (size_t i = 0; i < len && at != NULL; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0u);
        *at++ = ALPHABET[bits >> 18 & 63];
        *at++ = ALPHABET[bits >> 12 & 63];
        *at++ = left > 1 ? ALPHABET[bits >> 6 & 63] : '=';
        *at++ = left > 2 ? ALPHABET[bits & 63] : '=';
    }
}

static int digit_of(char c)
{
    const char *at = c != '\0' ? strchr(ALPHABET, c) : NULL;
    return at != NULL ? (int)(at - ALPHABET) : -1;
}

bool hk_secret_unbase64(struct hk_buf *out, struct hk_str text)
{
    while (text.len > 0 && text.data[text.len - 1] == '=') {
        text.len--;
    }
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            hk_buf_add_char(out, (char)(bits >> have & 255));
        }
    }
    return have < 6 && !out->is_full;
}

bool hk_secret_key_new(struct hk_secret_key *out, struct hk_error *err)
{
    return RAND_bytes(out->bytes, HK_SECRET_KEY_SIZE) == 1 ||
           hk_error_set(err, HK_INTERNAL, "OpenSSL has no random bytes for a new key");
}

bool hk_secret_key_read(struct hk_str text, struct hk_secret_key *out, struct hk_error *err)
{
    struct hk_buf bytes;
    hk_buf_init(&bytes, HK_SECRET_KEY_SIZE + 1);
    bool ok = hk_secret_unbase64(&bytes, hk_str_trim(text)) && bytes.len == HK_SECRET_KEY_SIZE;
    if (ok) {
        memcpy(out->bytes, bytes.data, HK_SECRET_KEY_SIZE);
        OPENSSL_cleanse(bytes.data, bytes.len);
    }
    hk_buf_clear(&bytes);
    return ok || hk_error_set(err, HK_INVALID, "a Fernet key must be 32 url-safe base64-encoded bytes; make one anew");
}

void hk_secret_key_write(const struct hk_secret_key *key, char out[HK_SECRET_KEY_TEXT_SIZE])
{
    struct hk_buf text;
    hk_buf_init(&text, HK_SECRET_KEY_TEXT_SIZE);
    hk_secret_base64(&text, key->bytes, HK_SECRET_KEY_SIZE);
    hk_str_copy(out, HK_SECRET_KEY_TEXT_SIZE, hk_buf_str(&text));
    hk_buf_clear(&text);
}

static void mac_of(const struct hk_secret_key *key, const unsigned char *data, size_t len, unsigned char out[MAC_SIZE])
{
    unsigned size = MAC_SIZE;
    HK_ASSERT(HMAC(EVP_sha256(), key->bytes, BLOCK, data, len, out, &size) != NULL);
}

/* Returns how many bytes were written to out; 0: it cannot be done (bad padding). */
static size_t cipher(const struct hk_secret_key *key, const unsigned char *iv, bool encrypts, struct hk_str in,
                     unsigned char *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int first = 0;
    int last = 0;
    bool ok = context != NULL &&
              EVP_CipherInit_ex(context, EVP_aes_128_cbc(), NULL, key->bytes + BLOCK, iv, encrypts) == 1 &&
              EVP_CipherUpdate(context, out, &first, (const unsigned char *)in.data, (int)in.len) == 1 &&
              EVP_CipherFinal_ex(context, out + first, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok ? (size_t)(first + last) : SIZE_MAX;
}

bool hk_secret_seal(const struct hk_secret_key *key, struct hk_str plain, int64_t now_us, struct hk_buf *out,
                    struct hk_error *err)
{
    if (plain.len > HK_MAX_VARIABLE_BYTES) {
        return hk_error_set(err, HK_LIMIT, "a secret of %zu bytes is longer than the limit of %d", plain.len,
                            HK_MAX_VARIABLE_BYTES);
    }
    unsigned char *token = hk_alloc(TEXT_AT + plain.len + BLOCK + MAC_SIZE);
    token[0] = VERSION;
    uint64_t seconds = (uint64_t)(now_us / 1000000);
    for (int i = 0; i < 8; i++) {
        token[1 + i] = (unsigned char)(seconds >> (56 - 8 * i));
    }
    size_t len = SIZE_MAX;
    if (RAND_bytes(token + IV_AT, BLOCK) == 1) {
        struct hk_str in = {plain.len > 0 ? plain.data : "", plain.len};
        len = cipher(key, token + IV_AT, true, in, token + TEXT_AT);
    }
    if (len != SIZE_MAX) {
        mac_of(key, token, TEXT_AT + len, token + TEXT_AT + len);
        hk_secret_base64(out, token, TEXT_AT + len + MAC_SIZE);
    }
    free(token);
    return len != SIZE_MAX || hk_error_set(err, HK_INTERNAL, "OpenSSL could not encrypt a secret");
}

static bool open_token(const struct hk_secret_key *key, struct hk_str token, struct hk_buf *out)
{
    const unsigned char *bytes = (const unsigned char *)token.data;
    if (token.len < TEXT_AT + BLOCK + MAC_SIZE || bytes[0] != VERSION ||
        (token.len - TEXT_AT - MAC_SIZE) % BLOCK != 0) {
        return false;
    }
    unsigned char mac[MAC_SIZE];
    mac_of(key, bytes, token.len - MAC_SIZE, mac);
    if (CRYPTO_memcmp(mac, bytes + token.len - MAC_SIZE, MAC_SIZE) != 0) {
        return false;
    }
    struct hk_str in = {token.data + TEXT_AT, token.len - TEXT_AT - MAC_SIZE};
    unsigned char *plain = hk_alloc(in.len + BLOCK);
    size_t len = cipher(key, bytes + IV_AT, false, in, plain);
    if (len != SIZE_MAX) {
        hk_buf_add(out, plain, len);
    }
    OPENSSL_cleanse(plain, in.len);
    free(plain);
    return len != SIZE_MAX;
}

bool hk_secret_unseal(const struct hk_secret_key *key, struct hk_str token, struct hk_buf *out, struct hk_error *err)
{
    struct hk_buf bytes;
    hk_buf_init(&bytes, MAX_TOKEN_BYTES);
    bool ok = hk_secret_unbase64(&bytes, token) && open_token(key, hk_buf_str(&bytes), out);
    hk_buf_clear(&bytes);
    return ok || hk_error_set(err, HK_CORRUPT,
                              "a secret in the database cannot be decrypted; is this the key it was "
                              "written with?");
}

void hk_secret_sign(const struct hk_secret_key *key, const char *purpose, struct hk_str text,
                    char out[HK_SIGNATURE_SIZE])
{
    struct hk_buf all;
    hk_buf_init(&all, text.len + strlen(purpose) + 2);
    hk_buf_add(&all, purpose, strlen(purpose) + 1);
    hk_buf_add_str(&all, text);
    unsigned char mac[MAC_SIZE];
    mac_of(key, (const unsigned char *)all.data, all.len, mac);
    hk_buf_clear(&all);
    for (int i = 0; i < MAC_SIZE; i++) {
        *out++ = "0123456789abcdef"[mac[i] >> 4];
        *out++ = "0123456789abcdef"[mac[i] & 15];
    }
    *out = '\0';
}

bool hk_secret_is_signed(const struct hk_secret_key *key, const char *purpose, struct hk_str text,
                         struct hk_str signature)
{
    char right[HK_SIGNATURE_SIZE];
    hk_secret_sign(key, purpose, text, right);
    return signature.len == HK_SIGNATURE_SIZE - 1 && CRYPTO_memcmp(right, signature.data, signature.len) == 0;
}
