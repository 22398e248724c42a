/* From the URI that a run, version or model keeps to its artifacts: what is asked of one of those, not of the proxy. */
#ifndef HK_API_MLFLOW_ARTIFACT_PLACE_H
#define HK_API_MLFLOW_ARTIFACT_PLACE_H

#include "api/mlflow/artifact_upload.h"

/* The path, among the artifacts of this server, of `inner` below the URI ("mlflow-artifacts:/0/1/artifacts", or the
 * http address of the proxy). false: it is not a safe path, or they lie elsewhere; the failure is in res. */
HK_MUST_USE bool hk__ml_artifact_place(const struct hk_request *req, struct hk_response *res, struct hk_str uri,
                                       struct hk_str inner, struct hk_str *out);

/* Answer with {"root_uri": uri, "files": [...]} of the folder `inner`, or with the artifact `inner`. The handler
 * returns after it. */
void hk__ml_list_at(const struct hk_request *req, struct hk_response *res, struct hk_str uri, struct hk_str inner);
void hk__ml_send_at(const struct hk_request *req, struct hk_response *res, struct hk_str uri, struct hk_str inner);

#endif
