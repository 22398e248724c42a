/* Where artifacts lie: the port. struct hk_artifacts is a folder (folder_artifacts.h) or a bucket of an S3-compatible
 * store (s3_artifacts.h); whoever holds one need not know which. Paths are normal ones (artifact_path.h).
 *
 * All that reads or changes artifacts may wait for a disk or a network, so it is called by the threads of a job queue
 * (job_queue.h), never by the loop or the threads of HTTP, with the exceptions that are named. An upload is spooled:
 * its bytes go into a file without a name as they come, and hk_upload_commit brings them to their place, whole or not
 * at all. So a slow client holds a descriptor and disk space, but no thread, and what is cut short leaves nothing
 * behind.
 *
 * Any thread; one upload or open artifact: one thread at a time. */
#ifndef HK_ARTIFACTS_ARTIFACT_STORE_H
#define HK_ARTIFACTS_ARTIFACT_STORE_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_artifacts;
struct hk_upload;

void hk_artifacts_stop(struct hk_artifacts *artifacts); /* what waits for a network ends soon, with HK_CANCELLED */
void hk_artifacts_free(struct hk_artifacts *artifacts); /* NULL is fine */

/* ---- reading ---- */

struct hk_artifact_entry {
    struct hk_str name; /* without its folder */
    uint64_t size;
    bool is_folder;
};

struct hk_artifact_entries {
    struct hk_artifact_entry *items; /* in the arena, by name */
    size_t len;
    size_t cap;
};

/* What is directly in a folder; nothing if there is none of that name. */
HK_MUST_USE bool hk_artifacts_list(struct hk_artifacts *artifacts, struct hk_str path, struct hk_arena *arena,
                                   struct hk_artifact_entries *out, struct hk_error *err);

struct hk_artifact {
    struct hk_artifacts *artifacts;
    char *path;
    uint64_t size;
    int64_t modified_s;
    char etag[80]; /* another one for other bytes; without quotes */
    int fd;        /* of a file that can be sent as it is; -1: hk_artifact_read */
};

/* HK_NOT_FOUND; HK_INVALID for a folder, with *is_folder. */
HK_MUST_USE bool hk_artifacts_open(struct hk_artifacts *artifacts, struct hk_str path, struct hk_artifact *out,
                                   bool *is_folder, struct hk_error *err);
/* Exactly so many bytes. HK_CONFLICT: it was replaced since it was opened. */
HK_MUST_USE bool hk_artifact_read(struct hk_artifact *artifact, uint64_t offset, char *out, size_t size,
                                  struct hk_error *err);
void hk_artifact_close(struct hk_artifact *artifact); /* any thread */

/* ---- writing ---- */

/* size: what will come, as far as it is known; 0: it is not. HK_LIMIT: there is no room for that. These three may be
 * called on a thread of HTTP: they touch nothing but the spool. */
HK_MUST_USE bool hk_upload_begin(struct hk_artifacts *artifacts, struct hk_str path, uint64_t size,
                                 struct hk_upload **out, struct hk_error *err);
HK_MUST_USE bool hk_upload_write(struct hk_upload *upload, const void *data, size_t size, struct hk_error *err);
void hk_upload_abort(struct hk_upload *upload); /* frees it; NULL is fine */

/* Puts it in its place and frees it in any case. What is there is replaced in one step; on false it is as before. */
HK_MUST_USE bool hk_upload_commit(struct hk_upload *upload, struct hk_error *err);
uint64_t hk_upload_size(const struct hk_upload *upload);

/* A file, or a folder with all that is in it; what is not there is fine. */
HK_MUST_USE bool hk_artifacts_delete(struct hk_artifacts *artifacts, struct hk_str path, struct hk_error *err);

/* ---- parts that the client itself brings to the store, or fetches there: buckets only ---- */

bool hk_artifacts_has_urls(const struct hk_artifacts *artifacts);

struct hk_artifact_part {
    int64_t number; /* from 1 */
    struct hk_str etag;
};

/* urls: one for each part, in the arena. */
HK_MUST_USE bool hk_artifacts_parts_begin(struct hk_artifacts *artifacts, struct hk_str path, size_t count,
                                          struct hk_arena *arena, struct hk_str *upload_id, struct hk_str **urls,
                                          struct hk_error *err);
HK_MUST_USE bool hk_artifacts_parts_end(struct hk_artifacts *artifacts, struct hk_str path, struct hk_str upload_id,
                                        const struct hk_artifact_part *parts, size_t count, struct hk_error *err);
HK_MUST_USE bool hk_artifacts_parts_abort(struct hk_artifacts *artifacts, struct hk_str path, struct hk_str upload_id,
                                          struct hk_error *err);
/* Where its bytes can be fetched for so many seconds. HK_NOT_FOUND. */
HK_MUST_USE bool hk_artifacts_url(struct hk_artifacts *artifacts, struct hk_str path, int seconds,
                                  struct hk_arena *arena, struct hk_str *url, uint64_t *size, struct hk_error *err);

#endif
