/* What s3_artifacts.c (meaning) and s3_call.c (one signed request) share. */
#ifndef HK_ARTIFACTS_S3_INTERNAL_H
#define HK_ARTIFACTS_S3_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <uv.h>

#include "engine/artifacts/artifact_store_internal.h"
#include "engine/artifacts/s3_artifacts.h"
#include "engine/base/buf.h"
#include "engine/base/limits.h"

struct hk__s3 {
    struct hk_artifacts base;
    char *origin;                         /* "http://host:port" */
    char *host;                           /* "host:port" */
    char *base_path;                      /* "/bucket" or "": what stands in front of a key */
    char *prefix;                         /* of keys, without a '/' at its end; may be empty */
    char *uri;                            /* for messages */
    struct hk_s3_credentials credentials; /* owned */
    const struct hk_clock *clock;
    bool trusts_any;
    atomic_bool is_stopping;
    uv_mutex_t lock;
    CURL *idle[HK_ARTIFACT_THREADS]; /* with connections that are open still */
    int idle_count;
};

/* One request and what came back. All text is the caller's or in the arena. */
struct hk__s3_call {
    const char *method;
    struct hk_str key; /* not encoded; empty: the bucket */
    const struct hk_s3_parameter *parameters;
    size_t parameter_count;
    const char *headers[3]; /* "Name: value"; not signed */
    struct hk_str body;     /* or, if fd is not -1, a part of a file */
    int fd;
    uint64_t offset;
    uint64_t size;

    char *target; /* where exactly target_size bytes are to go; NULL: into text */
    size_t target_size;
    size_t target_len;

    long status;
    struct hk_buf text; /* hk_buf_clear when done */
    char etag[80];
    int64_t modified_s;
    int64_t length; /* the header Content-Length; -1: none */
};

enum { HK_S3_MAX_TEXT = 8 * 1024 * 1024 };

struct hk__s3_call hk__s3_call_new(const char *method, struct hk_str key);
/* true: there is an answer, whatever its status. HK_UNAVAILABLE, HK_CANCELLED. */
bool hk__s3_perform(struct hk__s3 *s3, struct hk__s3_call *call, struct hk_arena *arena, struct hk_error *err);
/* What an answer that is not 2xx says, as an error; `what` is "listed", ... Returns false. */
bool hk__s3_refused(struct hk__s3 *s3, const struct hk__s3_call *call, const char *what, struct hk_arena *arena,
                    struct hk_error *err);
/* Both: performs and, unless the answer was 2xx, makes the error. */
bool hk__s3_ask(struct hk__s3 *s3, struct hk__s3_call *call, const char *what, struct hk_arena *arena,
                struct hk_error *err);
/* "/bucket/prefix%20of/key" */
struct hk_str hk__s3_path(const struct hk__s3 *s3, struct hk_arena *arena, struct hk_str key);

/* ---- parts (s3_parts.c) ---- */

bool hk__s3_begin_parts(struct hk__s3 *s3, struct hk_str key, struct hk_arena *arena, struct hk_str *upload_id,
                        struct hk_error *err);
bool hk__s3_end_parts(struct hk__s3 *s3, struct hk_str key, struct hk_str upload_id,
                      const struct hk_artifact_part *parts, size_t count, struct hk_arena *arena, struct hk_error *err);
bool hk__s3_abort_parts(struct hk__s3 *s3, struct hk_str key, struct hk_str upload_id, struct hk_arena *arena,
                        struct hk_error *err);
/* A whole upload of more than HK_S3_PART_BYTES; what fails half-way is given up, so that the store keeps nothing. */
bool hk__s3_send_in_parts(struct hk__s3 *s3, struct hk_str key, const struct hk_upload *upload, struct hk_arena *arena,
                          struct hk_error *err);

#endif
