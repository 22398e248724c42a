/* Artifacts in a bucket of an S3-compatible store, each an object whose key is a prefix and its path. Objects are sent
 * and fetched with libcurl by the threads that call this; requests are signed (s3_sign.h). What fails for a moment is
 * tried three times. An upload of more than HK_S3_PART_BYTES is sent in parts, one after the other, and becomes the
 * object only when the last one is there. */
#ifndef HK_ARTIFACTS_S3_ARTIFACTS_H
#define HK_ARTIFACTS_S3_ARTIFACTS_H

#include "engine/artifacts/artifact_store.h"
#include "engine/artifacts/s3_sign.h"
#include "engine/base/clock.h"

struct hk_s3_options {
    const char *uri;      /* "s3://bucket/prefix" */
    const char *endpoint; /* "http://127.0.0.1:9000"; NULL: Amazon's, in that region */
    struct hk_s3_credentials credentials;
    bool virtual_host; /* the bucket is in the host's name, which is what Amazon wants; else in the path */
    bool trusts_any;   /* certificates are not checked */
    const char *spool; /* a folder of this machine, made if need be, where uploads wait until they are whole */
    const struct hk_clock *clock;
};

/* Copies what it needs. HK_INVALID for an address that cannot be read, HK_IO for the spool. No request is made. */
HK_MUST_USE bool hk_s3_artifacts_open(const struct hk_s3_options *options, struct hk_artifacts **out,
                                      struct hk_error *err);

#endif
