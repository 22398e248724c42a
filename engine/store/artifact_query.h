/* Where the artifacts of a run, a version or a logged model lie, as their row says it: "mlflow-artifacts:/0/…". Works
 * on any connection; the text is the arena's. HK_NOT_FOUND, in MLflow's words. */
#ifndef HK_STORE_ARTIFACT_QUERY_H
#define HK_STORE_ARTIFACT_QUERY_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

HK_MUST_USE bool hk_store_artifacts_of_run(struct hk_db *db, struct hk_str run_id, struct hk_arena *arena,
                                           struct hk_str *uri, struct hk_error *err);
HK_MUST_USE bool hk_store_artifacts_of_version(struct hk_db *db, struct hk_str model, struct hk_str version,
                                               struct hk_arena *arena, struct hk_str *uri, struct hk_error *err);
HK_MUST_USE bool hk_store_artifacts_of_logged_model(struct hk_db *db, struct hk_str model_id, struct hk_arena *arena,
                                                    struct hk_str *uri, struct hk_error *err);

#endif
