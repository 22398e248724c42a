/* What a version is made from: the run or the logged model that its files belong to. */
#ifndef HK_STORE_VERSION_SOURCE_H
#define HK_STORE_VERSION_SOURCE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

/* Where a run's artifacts are; *root NULL: there is no such run. Texts are the arena's. */
HK_MUST_USE bool hk_store_run_artifact_root(struct hk_db *db, const char *run_id, struct hk_arena *arena,
                                            const char **root, struct hk_error *err);

struct hk_version_origin {
    const char *root;   /* where the logged model's artifacts are; NULL: there is no such model */
    const char *run_id; /* may be empty */
};
HK_MUST_USE bool hk_store_logged_model_origin(struct hk_db *db, const char *model_id, struct hk_arena *arena,
                                              struct hk_version_origin *out, struct hk_error *err);

/* A logged model tells by a tag which versions were made from it: [{"name": "fraud", "version": 3}]. Adds one. */
HK_MUST_USE bool hk_store_logged_model_note_version(struct hk_db *db, const char *model_id, const char *name,
                                                    int64_t version, int64_t now_ms, struct hk_error *err);

#endif
