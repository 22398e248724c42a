#include "api/http/token.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "api/http/base64.h"
#include "engine/base/json.h"

enum { ID_BYTES = 16 };

static const char header_json[] = "{\"alg\":\"HS512\",\"kid\":\"not-used\",\"typ\":\"JWT\"}";

bool hk_token_new_secret(unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_error *err)
{
    if (RAND_bytes(secret, HK_TOKEN_SECRET_SIZE) != 1) {
        return hk_error_set(err, HK_INTERNAL, "The operating system gave no random bytes for the token secret.");
    }
    return true;
}

void hk_token_sign(const unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_str text,
                   unsigned char out[HK_TOKEN_SIGNATURE_SIZE])
{
    unsigned len = 0;
    HK_ASSERT(HMAC(EVP_sha512(), secret, HK_TOKEN_SECRET_SIZE, (const unsigned char *)text.data, text.len, out, &len) !=
              NULL);
    HK_ASSERT(len == HK_TOKEN_SIGNATURE_SIZE);
}

static bool add_id(struct hk_json *w, struct hk_error *err)
{
    unsigned char bytes[ID_BYTES];
    char text[ID_BYTES * 2 + 1];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return hk_error_set(err, HK_INTERNAL, "The operating system gave no random bytes for a token's id.");
    }
    for (size_t i = 0; i < ID_BYTES; i++) {
        snprintf(text + i * 2, 3, "%02x", bytes[i]);
    }
    hk_json_kv_text(w, "jti", text);
    return true;
}

static bool write_claims(const struct hk_token_grant *grant, int64_t now_s, struct hk_buf *out, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "sub", grant->subject);
    if (grant->role.len > 0) {
        hk_json_kv_str(&w, "role", grant->role);
        hk_json_kv_raw(&w, "teams", HK_STR("[]"));
    }
    if (grant->scope.len > 0) {
        hk_json_kv_str(&w, "scope", grant->scope);
    }
    if (grant->name.len > 0) {
        hk_json_kv_str(&w, "name", grant->name);
    }
    if (!add_id(&w, err)) {
        return false;
    }
    hk_json_kv_str(&w, "aud", grant->audience);
    hk_json_kv_int(&w, "nbf", now_s);
    hk_json_kv_int(&w, "exp", now_s + grant->valid_seconds);
    hk_json_kv_int(&w, "iat", now_s);
    hk_json_end_object(&w);
    return true;
}

bool hk_token_issue(const unsigned char secret[HK_TOKEN_SECRET_SIZE], const struct hk_token_grant *grant, int64_t now_s,
                    struct hk_arena *arena, struct hk_str *out, struct hk_error *err)
{
    struct hk_buf claims;
    struct hk_buf text;
    hk_buf_init(&claims, HK_MAX_TOKEN_BYTES / 2);
    hk_buf_init(&text, HK_MAX_TOKEN_BYTES);
    bool ok = write_claims(grant, now_s, &claims, err);
    if (ok) {
        unsigned char signature[HK_TOKEN_SIGNATURE_SIZE];
        hk_buf_add_str(&text, hk_base64url_encode(header_json, strlen(header_json), arena));
        hk_buf_add_char(&text, '.');
        hk_buf_add_str(&text, hk_base64url_encode(claims.data, claims.len, arena));
        hk_token_sign(secret, hk_buf_str(&text), signature);
        hk_buf_add_char(&text, '.');
        hk_buf_add_str(&text, hk_base64url_encode(signature, sizeof signature, arena));
        ok = !claims.is_full && !text.is_full;
        if (!ok) {
            hk_error_set(err, HK_LIMIT, "A token's claims for '%.*s' are larger than %d bytes.",
                         HK_STR_ARG(grant->subject), HK_MAX_TOKEN_BYTES / 2);
        }
    }
    if (ok) {
        *out = hk_arena_str(arena, hk_buf_str(&text));
    }
    hk_buf_clear(&claims);
    hk_buf_clear(&text);
    return ok;
}

static bool refuse(struct hk_error *err)
{
    return hk_error_set(err, HK_DENIED, "Invalid JWT token");
}

struct token_parts {
    struct hk_str header;
    struct hk_str claims;
    struct hk_str signature;
    struct hk_str signed_text;
};

static bool split_token(struct hk_str token, struct token_parts *parts)
{
    struct hk_str rest = token;
    struct hk_str extra;
    if (token.len > HK_MAX_TOKEN_BYTES || !hk_str_next(&rest, '.', &parts->header) ||
        !hk_str_next(&rest, '.', &parts->claims) || !hk_str_next(&rest, '.', &parts->signature) ||
        hk_str_next(&rest, '.', &extra) || token.data[token.len - 1] == '.') {
        return false;
    }
    parts->signed_text = (struct hk_str){token.data, parts->header.len + 1 + parts->claims.len};
    return true;
}

static bool is_signed(const unsigned char *secret, const struct token_parts *parts, struct hk_arena *arena)
{
    struct hk_str given;
    unsigned char expected[HK_TOKEN_SIGNATURE_SIZE];
    hk_token_sign(secret, parts->signed_text, expected);
    return hk_base64url_decode(parts->signature, arena, &given) && given.len == HK_TOKEN_SIGNATURE_SIZE &&
           CRYPTO_memcmp(given.data, expected, HK_TOKEN_SIGNATURE_SIZE) == 0;
}

static json_t *read_part(struct hk_str part, struct hk_arena *arena)
{
    struct hk_str text;
    struct hk_error ignored;
    if (!hk_base64url_decode(part, arena, &text)) {
        return NULL;
    }
    json_t *value = hk_json_parse(text, &ignored);
    if (value != NULL && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static struct hk_str copy_claim(const json_t *claims, const char *name, struct hk_arena *arena)
{
    const char *text = hk_json_get_text(claims, name, NULL);
    return text != NULL ? hk_arena_str(arena, hk_str_from(text)) : (struct hk_str){0};
}

/* A time claim is a number of seconds; far-off values would overflow the leeway's arithmetic and are refused. */
static bool read_time(const json_t *claims, const char *name, int64_t *out)
{
    const json_t *value = json_object_get(claims, name);
    if (!json_is_number(value)) {
        return false;
    }
    double seconds = json_number_value(value);
    if (!(seconds >= 0 && seconds < 1e15)) {
        return false;
    }
    *out = (int64_t)seconds;
    return true;
}

/* "aud" is one text or a list of them (RFC 7519). */
static bool has_audience(const json_t *claims, struct hk_str wanted)
{
    const json_t *audience = json_object_get(claims, "aud");
    if (json_is_string(audience)) {
        return hk_str_eq(hk_str_from(json_string_value(audience)), wanted);
    }
    for (size_t i = 0; i < json_array_size(audience); i++) {
        const char *text = json_string_value(json_array_get(audience, i));
        if (text != NULL && hk_str_eq(hk_str_from(text), wanted)) {
            return true;
        }
    }
    return false;
}

static bool has_begun(const struct hk_token *token, int64_t now_s)
{
    int64_t latest_s = now_s + HK_TOKEN_LEEWAY_SECONDS;
    return token->not_before_s <= latest_s && token->issued_at_s <= latest_s;
}

static bool is_over(const struct hk_token *token, int64_t now_s)
{
    return token->expires_at_s <= now_s - HK_TOKEN_LEEWAY_SECONDS;
}

bool hk_token_is_timely(const struct hk_token *token, int64_t now_s)
{
    return has_begun(token, now_s) && !is_over(token, now_s);
}

static bool check_claims(const json_t *claims, const struct hk_token_check *check, struct hk_token *out,
                         struct hk_error *err)
{
    if (!read_time(claims, "exp", &out->expires_at_s) || !read_time(claims, "iat", &out->issued_at_s) ||
        !read_time(claims, "nbf", &out->not_before_s) || !has_audience(claims, check->audience) ||
        !has_begun(out, check->now_s)) {
        return refuse(err);
    }
    return !is_over(out, check->now_s) || hk_error_set(err, HK_UNAUTHENTICATED, "Token Expired");
}

static bool is_our_header(const json_t *header)
{
    return strcmp(hk_json_get_text(header, "alg", ""), "HS512") == 0 && json_object_get(header, "crit") == NULL;
}

bool hk_token_verify(const unsigned char secret[HK_TOKEN_SECRET_SIZE], struct hk_str token,
                     const struct hk_token_check *check, struct hk_arena *arena, struct hk_token *out,
                     struct hk_error *err)
{
    struct token_parts parts;
    if (!split_token(token, &parts) || !is_signed(secret, &parts, arena)) {
        return refuse(err);
    }
    json_t *header = read_part(parts.header, arena);
    json_t *claims = read_part(parts.claims, arena);
    bool ok = header != NULL && claims != NULL && is_our_header(header);
    if (!ok) {
        refuse(err);
    } else {
        *out = (struct hk_token){.subject = copy_claim(claims, "sub", arena),
                                 .role = copy_claim(claims, "role", arena),
                                 .scope = copy_claim(claims, "scope", arena),
                                 .id = copy_claim(claims, "jti", arena),
                                 .name = copy_claim(claims, "name", arena)};
        ok = check_claims(claims, check, out, err);
    }
    json_decref(header);
    json_decref(claims);
    if (ok && out->subject.len == 0) {
        return refuse(err);
    }
    return ok;
}
