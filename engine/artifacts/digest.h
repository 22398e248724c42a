/* SHA-256 of what passes by, as 64 hexadecimal digits: whether an artifact is still what was logged. One thread at a
 * time. */
#ifndef HK_ARTIFACTS_DIGEST_H
#define HK_ARTIFACTS_DIGEST_H

#include <stddef.h>

enum { HK_ARTIFACT_DIGEST_SIZE = 65 };

struct hk_digest;

struct hk_digest *hk_digest_new(void);
void hk_digest_add(struct hk_digest *digest, const void *data, size_t size);
void hk_digest_end(struct hk_digest *digest, char out[HK_ARTIFACT_DIGEST_SIZE]); /* once, after all was added */
void hk_digest_free(struct hk_digest *digest);                                   /* NULL is fine */

#endif
