/* AWS Signature Version 4 as S3 wants it: a request is signed with a key made of the secret, the day and the region. In
 * a header, for our own requests, or in the address, for those a client makes. Pure: time is an argument. */
#ifndef HK_ARTIFACTS_S3_SIGN_H
#define HK_ARTIFACTS_S3_SIGN_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/str.h"

struct hk_s3_credentials {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
    const char *region;
};

struct hk_s3_parameter {
    const char *name;
    struct hk_str value;
};

/* What is signed. Nothing in it is percent-encoded but the path. */
struct hk_s3_request {
    const char *method;
    struct hk_str host; /* with its port unless that is the usual one */
    struct hk_str path; /* "/bucket/a%20b" */
    const struct hk_s3_parameter *parameters;
    size_t parameter_count;
    const char *payload; /* SHA-256 of the body in hexadecimal, or HK_S3_UNSIGNED */
    int64_t now_us;
};

#define HK_S3_UNSIGNED "UNSIGNED-PAYLOAD"
#define HK_S3_EMPTY_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { HK_S3_HEX_SIZE = 65, HK_S3_TIME_SIZE = 17 };

void hk_s3_time(int64_t now_us, char out[HK_S3_TIME_SIZE]); /* "20130524T000000Z": the header x-amz-date */
void hk_s3_hex(const unsigned char digest[32], char out[HK_S3_HEX_SIZE]);
void hk_s3_sha256(const void *data, size_t len, char out[HK_S3_HEX_SIZE]); /* in hexadecimal */

/* Percent-encodes all but letters, digits and "-._~" (and '/' where it stays). In the arena. */
struct hk_str hk_s3_encode(struct hk_arena *arena, struct hk_str text, bool keeps_slashes);
/* "a=1&b=2", encoded and in order. */
struct hk_str hk_s3_query(struct hk_arena *arena, const struct hk_s3_parameter *parameters, size_t count);

/* The header Authorization; the request must bring x-amz-content-sha256, x-amz-date and, if there is a session token,
 * x-amz-security-token, which are signed with it. */
struct hk_str hk_s3_authorization(struct hk_arena *arena, const struct hk_s3_credentials *credentials,
                                  const struct hk_s3_request *request);
/* The query of an address that is good for so many seconds; payload is not looked at. */
struct hk_str hk_s3_signed_query(struct hk_arena *arena, const struct hk_s3_credentials *credentials,
                                 const struct hk_s3_request *request, int seconds);

#endif
