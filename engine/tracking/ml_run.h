/* What a run of MLflow has beside what is logged to it: its status, its name, the place of its artifacts. Not the run
 * of a DAG, which is engine/state/run_state.h. Pure. */
#ifndef HK_TRACKING_ML_RUN_H
#define HK_TRACKING_ML_RUN_H

#include "engine/base/arena.h"
#include "engine/base/rand.h"

#define HK_ML_RUN_NAME_TAG "mlflow.runName" /* the tag that is the run's name */
#define HK_ML_GIT_COMMIT_TAG "mlflow.source.git.commit"

/* "RUNNING" of "RUNNING", and of 1, its number in MLflow's protocol; a static text, NULL: no such status. */
const char *hk_ml_status_find(struct hk_str name);
const char *hk_ml_status_of_number(int64_t number);

/* 32 hexadecimal digits: a random (version 4) UUID without dashes. */
enum { HK_ML_UUID_SIZE = 33 };
void hk_ml_uuid(struct hk_rand *rand, char out[HK_ML_UUID_SIZE]);

/* For a run that nobody has named: "gentle-crane-417". */
enum { HK_ML_RUN_NAME_SIZE = 32 };
void hk_ml_run_name(struct hk_rand *rand, char out[HK_ML_RUN_NAME_SIZE]);

/* location/run/artifacts; a query of the location stays at its end. */
struct hk_str hk_ml_artifact_uri(struct hk_arena *arena, struct hk_str location, const char *run_uuid);

#endif
