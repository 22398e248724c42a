/* Sending an artifact to whoever asked for it: headers, a part of it if the request says "Range", its bytes. A file of
 * this machine is sent by the kernel; an object of a store comes in blocks of HK_ARTIFACT_BLOCK_BYTES, one on its way
 * while the other is sent, so a slow client costs two blocks and no thread. */
#ifndef HK_API_MLFLOW_ARTIFACT_ANSWER_H
#define HK_API_MLFLOW_ARTIFACT_ANSWER_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/artifacts/artifact_store.h"

/* Runs fn(req, res, data) on a thread that may wait (job_queue.h); res is answered when it returns. The handler returns
 * after it. */
void hk__ml_later(const struct hk_request *req, struct hk_response *res,
                  void (*fn)(const struct hk_request *req, struct hk_response *res, void *data), void *data);

/* In such a job: opens what lies at the path, and writes the answer or the failure. *is_folder: it failed because that
 * is a folder. */
void hk__ml_send_artifact(const struct hk_request *req, struct hk_response *res, struct hk_str path, bool *is_folder);

/* "files": [...], their paths behind `folder`; nothing where there are none, as protobuf leaves out empty lists. */
void hk__ml_write_entries(struct hk_json *w, struct hk_arena *arena, struct hk_str folder,
                          const struct hk_artifact_entries *entries);

/* "attachment; filename=…" as the real server writes it. */
struct hk_str hk__ml_disposition(struct hk_arena *arena, struct hk_str name);

struct hk__ml_range {
    uint64_t first;
    uint64_t size;
};
enum hk__ml_range_kind { HK__ML_RANGE_WHOLE, HK__ML_RANGE_PART, HK__ML_RANGE_BAD };

/* What "bytes=…" means for so many bytes. Several ranges, or what cannot be read, is the whole, as RFC 9110 allows. */
enum hk__ml_range_kind hk__ml_range_read(struct hk_str header, uint64_t size, struct hk__ml_range *out);

#endif
