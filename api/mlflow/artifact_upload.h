/* Receiving an artifact: a sink (api/http/sink.h) that spools the body and answers once it lies in its place, on disk.
 * Status 507 where there is no room: the artifact that was there before is untouched then. */
#ifndef HK_API_MLFLOW_ARTIFACT_UPLOAD_H
#define HK_API_MLFLOW_ARTIFACT_UPLOAD_H

#include "api/mlflow/artifact_answer.h"

struct hk__ml_receive {
    struct hk_str path; /* normal, and checked to be a target */
    uint64_t most;      /* bytes; 0: as many as there is room for */
    bool must_hold_bytes;
    const char *content_type; /* of the empty answer; static; NULL: none */
};

#define HK__ML_TOO_LARGE "Artifact size is too large. Max size is 10MB."

/* In `begin` of a route. */
void hk__ml_receive_artifact(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink,
                             const struct hk__ml_receive *how);

#endif
