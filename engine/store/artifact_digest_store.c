#include "engine/store/artifact_digest_store.h"

static const char SET[] = "INSERT INTO artifact_digest (path, sha256, size, logged_us) VALUES (?1, ?2, ?3, ?4) "
                          "ON CONFLICT (path) DO UPDATE SET sha256 = ?2, size = ?3, logged_us = ?4";
/* '0' is the character after '/'. */
static const char BELOW[] = "SELECT path, sha256, size, logged_us FROM artifact_digest "
                            "WHERE path >= ?1 || '/' AND path < ?1 || '0' ORDER BY path";

bool hk_store_artifact_digest_set(struct hk_db *db, const struct hk_artifact_digest *digest, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET);
    hk_bind_text(q, 1, digest->path);
    hk_bind_text(q, 2, digest->sha256);
    hk_bind_int(q, 3, digest->size);
    hk_bind_int(q, 4, digest->logged_us);
    return hk_run(q, err);
}

bool hk_store_artifact_digests_below(struct hk_db *db, const char *folder, hk_artifact_digest_fn each, void *arg,
                                     struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, BELOW);
    bool ok = true;
    hk_bind_text(q, 1, folder);
    while (hk_step(q, &ok, err)) {
        const struct hk_artifact_digest digest = {hk_column_text(q, 0), hk_column_text(q, 1), hk_column_int(q, 2),
                                                  hk_column_int(q, 3)};
        each(arg, &digest);
    }
    return ok;
}
