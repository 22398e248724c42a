/* Secrets at rest: Fernet (AES-128-CBC and HMAC-SHA256, url-safe base64), as Airflow keeps variables and connections,
 * so that a database of either can be read with the same key. The format's time stamp is written and not checked, as in
 * Airflow. Also signs the opaque tokens the REST door hands out. Any thread. */
#ifndef HK_STORE_SECRET_H
#define HK_STORE_SECRET_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum {
    HK_SECRET_KEY_SIZE = 32,
    HK_SECRET_KEY_TEXT_SIZE = 45, /* url-safe base64 with padding, as fernet_key in airflow.cfg */
    HK_SIGNATURE_SIZE = 65        /* hexadecimal */
};

struct hk_secret_key {
    unsigned char bytes[HK_SECRET_KEY_SIZE]; /* 16 to sign, 16 to encrypt */
};

HK_MUST_USE bool hk_secret_key_new(struct hk_secret_key *out, struct hk_error *err);
HK_MUST_USE bool hk_secret_key_read(struct hk_str text, struct hk_secret_key *out, struct hk_error *err);
void hk_secret_key_write(const struct hk_secret_key *key, char out[HK_SECRET_KEY_TEXT_SIZE]);

/* Appends the token to out. */
HK_MUST_USE bool hk_secret_seal(const struct hk_secret_key *key, struct hk_str plain, int64_t now_us,
                                struct hk_buf *out, struct hk_error *err);
/* Appends the plain text. HK_CORRUPT: not a token, or another key's. */
HK_MUST_USE bool hk_secret_unseal(const struct hk_secret_key *key, struct hk_str token, struct hk_buf *out,
                                  struct hk_error *err);

/* HMAC-SHA256 of purpose and text: what was handed out by us comes back unchanged. `purpose` keeps tokens of one kind
 * from being taken for another. */
void hk_secret_sign(const struct hk_secret_key *key, const char *purpose, struct hk_str text,
                    char out[HK_SIGNATURE_SIZE]);
bool hk_secret_is_signed(const struct hk_secret_key *key, const char *purpose, struct hk_str text,
                         struct hk_str signature);

/* base64url with padding into out; decoding takes it with or without. */
void hk_secret_base64(struct hk_buf *out, const void *data, size_t len);
bool hk_secret_unbase64(struct hk_buf *out, struct hk_str text);

#endif
