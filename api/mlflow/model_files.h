/* What the files of a model version are, for the rules of promotion policies that ask about them: whether its MLmodel
 * tells of a signature and an input example, and whether they are what was logged. Reads artifacts: on a thread that
 * may wait (engine/artifacts/job_queue.h). */
#ifndef HK_API_MLFLOW_MODEL_FILES_H
#define HK_API_MLFLOW_MODEL_FILES_H

#include "engine/artifacts/artifact_store.h"
#include "engine/store/promotion_facts.h"

/* What cannot be found out stays unknown, with a clause about why. Contents are compared only if asks_contents: all of
 * them are read for that. */
void hk_model_files_look(struct hk_artifacts *artifacts, struct hk_db *db, const struct hk_model_version_row *version,
                         bool asks_contents, struct hk_arena *arena, struct hk_artifact_facts *out);

/* Whether a key at the top of an MLmodel file has a value. */
bool hk_model_file_has(struct hk_str text, const char *key);

#endif
