/* What the files about experiments and runs share with each other and with search: how a run is written as JSON, and
 * what is checked the same way everywhere. */
#ifndef HK_API_MLFLOW_TRACKING_H
#define HK_API_MLFLOW_TRACKING_H

#include "api/mlflow/mlflow_internal.h"
#include "engine/store/dataset_store.h"
#include "engine/store/experiment_store.h"
#include "engine/store/metric_store.h"
#include "engine/store/ml_run_store.h"

/* The limits of mlflow/utils/validation.py; lengths in characters. */
enum {
    HK__ML_MAX_KEY = 250,
    HK__ML_MAX_PARAM_VALUE = 6000,
    HK__ML_MAX_TAG_VALUE = 8000,
    HK__ML_MAX_BATCH_METRICS = 1000,
    HK__ML_MAX_BATCH_PARAMS = 100, /* and as many tags */
    HK__ML_MAX_BATCH = 1000,
    HK__ML_MAX_EXPERIMENT_NAME = 500,
    HK__ML_MAX_EXPERIMENT_TAG_VALUE = 20000,
    HK__ML_MAX_ARTIFACT_LOCATION = 2048,
};

/* ---- experiments.c ---- */

/* The id of an experiment out of its text; a mistake when it is none. */
int64_t hk__ml_experiment_key(struct hk__ml_arguments *args, struct hk_str id);
/* {"experiment_id": ..., "tags": [...]}, as a value. */
HK_MUST_USE bool hk__ml_write_experiment(struct hk_json *w, struct hk_db *db, const struct hk_experiment *experiment,
                                         struct hk_error *err);

/* ---- run_json.c ---- */

void hk__ml_write_run_info(struct hk_json *w, const struct hk_ml_run *run);
void hk__ml_write_key_value(struct hk_json *w, struct hk_str key, struct hk_str value);
/* run_id with data NULL: is left out. */
void hk__ml_write_metric(struct hk_json *w, const struct hk_metric *metric, struct hk_str run_id);
/* {"info":, "data":, "inputs":, "outputs":}: six statements; for one run, not for a list. */
HK_MUST_USE bool hk__ml_write_run(struct hk_json *w, struct hk_db *db, const struct hk_ml_run *run,
                                  struct hk_error *err);

/* ---- log_check.c ---- */

/* The rules of MLflow for what is logged; item NULL: it stands at the top of the body. `said` is the value before it
 * was made one that can be kept. The values of params and tags that are too long are cut, as MLflow does. */
void hk__ml_check_metric(struct hk__ml_arguments *args, const struct hk__ml_item *item, const struct hk_metric *metric,
                         double said);
void hk__ml_check_param(struct hk__ml_arguments *args, const struct hk__ml_item *item, struct hk_key_value *param);
void hk__ml_check_tag(struct hk__ml_arguments *args, const struct hk__ml_item *item, struct hk_key_value *tag);
/* A sentence of engine/tracking becomes the mistake; NULL is none. */
void hk__ml_object_to(struct hk__ml_arguments *args, const char *sentence);

#endif
