/* Passwords at rest: scrypt through OpenSSL, written "scrypt$N$r$p$salt$hash" with base64 parts, so that costs can rise
 * later and old hashes stay readable. Verifying takes about 50 ms and 16 MiB: not on the loop. Any thread. */
#ifndef HK_HTTP_PASSWORD_H
#define HK_HTTP_PASSWORD_H

#include "engine/base/error.h"
#include "engine/base/str.h"

enum { HK_PASSWORD_HASH_SIZE = 192, HK_MAX_PASSWORD_BYTES = 1024, HK_NEW_PASSWORD_SIZE = 17 };

HK_MUST_USE bool hk_password_hash(struct hk_str password, char out[HK_PASSWORD_HASH_SIZE], struct hk_error *err);

/* Compares in constant time. HK_UNAUTHENTICATED for a wrong password, HK_CORRUPT for a hash that cannot be read. */
HK_MUST_USE bool hk_password_verify(struct hk_str password, struct hk_str encoded, struct hk_error *err);

/* Costs as much as a real check, so that time does not tell which user names exist. */
void hk_password_pretend(struct hk_str password);

/* Sixteen letters and digits that are not mistaken for each other, as Airflow makes for its first user. */
HK_MUST_USE bool hk_password_new(char out[HK_NEW_PASSWORD_SIZE], struct hk_error *err);

#endif
