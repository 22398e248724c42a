/* What artifacts were when they were logged through this server: by path, where artifacts lie. */
#ifndef HK_STORE_ARTIFACT_DIGEST_STORE_H
#define HK_STORE_ARTIFACT_DIGEST_STORE_H

#include "engine/store/db.h"

struct hk_artifact_digest {
    const char *path;
    const char *sha256; /* hexadecimal */
    int64_t size;
    int64_t logged_us;
};

/* The newest of a path counts. */
HK_MUST_USE bool hk_store_artifact_digest_set(struct hk_db *db, const struct hk_artifact_digest *digest,
                                              struct hk_error *err);
/* All below a folder, by path; texts are valid during the call. */
typedef void (*hk_artifact_digest_fn)(void *arg, const struct hk_artifact_digest *digest);
HK_MUST_USE bool hk_store_artifact_digests_below(struct hk_db *db, const char *folder, hk_artifact_digest_fn each,
                                                 void *arg, struct hk_error *err);

#endif
