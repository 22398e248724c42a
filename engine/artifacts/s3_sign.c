#include "engine/artifacts/s3_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/civil.h"
#include "engine/base/limits.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { DIGEST = 32, MAX_PARAMETERS = 16, MAX_TEXT = 64 * 1024, DAY_LENGTH = 8 };

void hk_s3_time(int64_t now_us, char out[HK_S3_TIME_SIZE])
{
    struct hk_civil c;
    hk_civil_from_us(now_us, &c);
    snprintf(out, HK_S3_TIME_SIZE, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)c.year % 10000U, (unsigned)c.month % 100U,
             (unsigned)c.day % 100U, (unsigned)c.hour % 100U, (unsigned)c.minute % 100U, (unsigned)c.second % 100U);
}

void hk_s3_hex(const unsigned char digest[32], char out[HK_S3_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * DIGEST] = '\0';
}

void hk_s3_sha256(const void *data, size_t len, char out[HK_S3_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    HK_ASSERT(EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1);
    hk_s3_hex(digest, out);
}

struct hk_str hk_s3_encode(struct hk_arena *arena, struct hk_str text, bool keeps_slashes)
{
    char *out = hk_arena_alloc(arena, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                        c == '.' || c == '_' || c == '~' || (c == '/' && keeps_slashes);
        if (is_plain) {
            out[len++] = (char)c;
        } else {
            len += (size_t)snprintf(out + len, 4, "%%%02X", c);
        }
    }
    return (struct hk_str){out, len};
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct hk_str hk_s3_query(struct hk_arena *arena, const struct hk_s3_parameter *parameters, size_t count)
{
    const char *pairs[MAX_PARAMETERS];
    struct hk_buf out;
    HK_ASSERT(count <= MAX_PARAMETERS);
    for (size_t i = 0; i < count; i++) {
        struct hk_str name = hk_s3_encode(arena, hk_str_from(parameters[i].name), false);
        struct hk_str value = hk_s3_encode(arena, parameters[i].value, false);
        pairs[i] = hk_arena_printf(arena, "%.*s=%.*s", HK_STR_ARG(name), HK_STR_ARG(value));
    }
    if (count > 1) {
        qsort(pairs, count, sizeof pairs[0], compare);
    }
    hk_buf_init(&out, MAX_TEXT);
    for (size_t i = 0; i < count; i++) {
        hk_buf_printf(&out, "%s%s", i > 0 ? "&" : "", pairs[i]);
    }
    struct hk_str copy = hk_arena_str(arena, hk_buf_str(&out));
    hk_buf_clear(&out);
    return copy;
}

static void hmac(const unsigned char *key, size_t key_len, struct hk_str text, unsigned char out[DIGEST])
{
    unsigned int len = 0;
    HK_ASSERT(HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.data, text.len, out, &len) != NULL);
}

/* Secret, day, region, service, and what it is for: each signs the next. */
static void sign(const struct hk_s3_credentials *credentials, struct hk_str day, struct hk_str text,
                 char out[HK_S3_HEX_SIZE], struct hk_arena *arena)
{
    unsigned char a[DIGEST];
    unsigned char b[DIGEST];
    struct hk_str secret = hk_str_from(hk_arena_printf(arena, "AWS4%s", credentials->secret_key));
    hmac((const unsigned char *)secret.data, secret.len, day, a);
    hmac(a, DIGEST, hk_str_from(credentials->region), b);
    hmac(b, DIGEST, HK_STR("s3"), a);
    hmac(a, DIGEST, HK_STR("aws4_request"), b);
    hmac(b, DIGEST, text, a);
    hk_s3_hex(a, out);
}

static void sign_canonical(struct hk_arena *arena, const struct hk_s3_credentials *credentials, const char *time,
                           const char *canonical, char out[HK_S3_HEX_SIZE])
{
    char digest[HK_S3_HEX_SIZE];
    hk_s3_sha256(canonical, strlen(canonical), digest);
    struct hk_str day = {time, DAY_LENGTH};
    const char *text =
        hk_arena_printf(arena, ALGORITHM "\n%s\n%.8s/%s/s3/aws4_request\n%s", time, time, credentials->region, digest);
    sign(credentials, day, hk_str_from(text), out, arena);
}

struct hk_str hk_s3_authorization(struct hk_arena *arena, const struct hk_s3_credentials *credentials,
                                  const struct hk_s3_request *request)
{
    char time[HK_S3_TIME_SIZE];
    char signature[HK_S3_HEX_SIZE];
    hk_s3_time(request->now_us, time);
    struct hk_str query = hk_s3_query(arena, request->parameters, request->parameter_count);
    const char *token = credentials->session_token;
    const char *names = token != NULL ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
                                      : "host;x-amz-content-sha256;x-amz-date";
    const char *token_line = token != NULL ? hk_arena_printf(arena, "x-amz-security-token:%s\n", token) : "";
    const char *canonical =
        hk_arena_printf(arena, "%s\n%.*s\n%.*s\nhost:%.*s\nx-amz-content-sha256:%s\nx-amz-date:%s\n%s\n%s\n%s",
                        request->method, HK_STR_ARG(request->path), HK_STR_ARG(query), HK_STR_ARG(request->host),
                        request->payload, time, token_line, names, request->payload);
    sign_canonical(arena, credentials, time, canonical, signature);
    return hk_str_from(hk_arena_printf(arena,
                                       ALGORITHM " Credential=%s/%.8s/%s/s3/aws4_request,SignedHeaders=%s,Signature=%s",
                                       credentials->access_key, time, credentials->region, names, signature));
}

struct hk_str hk_s3_signed_query(struct hk_arena *arena, const struct hk_s3_credentials *credentials,
                                 const struct hk_s3_request *request, int seconds)
{
    char time[HK_S3_TIME_SIZE];
    char signature[HK_S3_HEX_SIZE];
    struct hk_s3_parameter all[MAX_PARAMETERS];
    size_t n = request->parameter_count;
    HK_ASSERT(n + 6 <= MAX_PARAMETERS);
    hk_s3_time(request->now_us, time);
    if (n > 0) {
        memcpy(all, request->parameters, n * sizeof all[0]);
    }
    const char *credential =
        hk_arena_printf(arena, "%s/%.8s/%s/s3/aws4_request", credentials->access_key, time, credentials->region);
    all[n++] = (struct hk_s3_parameter){"X-Amz-Algorithm", HK_STR(ALGORITHM)};
    all[n++] = (struct hk_s3_parameter){"X-Amz-Credential", hk_str_from(credential)};
    all[n++] = (struct hk_s3_parameter){"X-Amz-Date", hk_str_from(time)};
    all[n++] = (struct hk_s3_parameter){"X-Amz-Expires", hk_str_from(hk_arena_printf(arena, "%d", seconds))};
    all[n++] = (struct hk_s3_parameter){"X-Amz-SignedHeaders", HK_STR("host")};
    if (credentials->session_token != NULL) {
        all[n++] = (struct hk_s3_parameter){"X-Amz-Security-Token", hk_str_from(credentials->session_token)};
    }
    struct hk_str query = hk_s3_query(arena, all, n);
    const char *canonical =
        hk_arena_printf(arena, "%s\n%.*s\n%.*s\nhost:%.*s\n\nhost\n" HK_S3_UNSIGNED, request->method,
                        HK_STR_ARG(request->path), HK_STR_ARG(query), HK_STR_ARG(request->host));
    sign_canonical(arena, credentials, time, canonical, signature);
    return hk_str_from(hk_arena_printf(arena, "%.*s&X-Amz-Signature=%s", HK_STR_ARG(query), signature));
}
