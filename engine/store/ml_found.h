/* What stands on a page that ml_search.h found, in its order; and the datasets of experiments. Any connection. */
#ifndef HK_STORE_ML_FOUND_H
#define HK_STORE_ML_FOUND_H

#include "engine/store/experiment_store.h"
#include "engine/store/logged_model_store.h"
#include "engine/store/ml_run_store.h"
#include "engine/store/ml_search.h"
#include "engine/store/model_version_store.h"

/* Texts are valid during the call; false ends the walk, with err set by who said so. */
typedef bool (*hk_ml_run_fn)(void *arg, const struct hk_ml_run *run);
HK_MUST_USE bool hk_store_found_runs(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                     hk_ml_run_fn each, void *arg, struct hk_error *err);

typedef bool (*hk_experiment_fn)(void *arg, const struct hk_experiment *experiment);
HK_MUST_USE bool hk_store_found_experiments(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                            hk_experiment_fn each, void *arg, struct hk_error *err);

typedef bool (*hk_model_fn)(void *arg, const struct hk_model_row *model);
HK_MUST_USE bool hk_store_found_models(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                       hk_model_fn each, void *arg, struct hk_error *err);
typedef bool (*hk_model_version_fn)(void *arg, const struct hk_model_version_row *version);
HK_MUST_USE bool hk_store_found_versions(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                         hk_model_version_fn each, void *arg, struct hk_error *err);
typedef bool (*hk_logged_model_fn)(void *arg, const struct hk_logged_model *model);
HK_MUST_USE bool hk_store_found_logged_models(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                              hk_logged_model_fn each, void *arg, struct hk_error *err);

enum { HK_MAX_DATASET_SUMMARIES = 1000 };

/* A dataset as runs have used it: once for each context. */
struct hk_dataset_summary {
    int64_t experiment_key;
    struct hk_str name;
    struct hk_str digest;
    struct hk_str context; /* data NULL: not said */
};
typedef void (*hk_dataset_summary_fn)(void *arg, const struct hk_dataset_summary *summary);
/* Of search->experiments; at most HK_MAX_DATASET_SUMMARIES, as in MLflow. */
HK_MUST_USE bool hk_store_dataset_summaries(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                            hk_dataset_summary_fn each, void *arg, struct hk_error *err);

#endif
