/* What a run has read and made: datasets with the tags of their use, and logged models by their ids. Reading works on
 * any connection, writing on the writer's, inside a hk_write. */
#ifndef HK_STORE_DATASET_STORE_H
#define HK_STORE_DATASET_STORE_H

#include "engine/store/db.h"
#include "engine/store/ml_run_store.h"

struct hk_dataset {
    struct hk_str name;
    struct hk_str digest;
    struct hk_str source_type;
    struct hk_str source;
    struct hk_str schema;  /* data NULL: none */
    struct hk_str profile; /* data NULL: none */
};

struct hk_dataset_input {
    struct hk_dataset dataset;
    const struct hk_key_value *tags;
    size_t tag_count;
};

/* A dataset is known in its experiment by name and digest: what was said of it first stays. So do the tags of a use
 * that is known. HK_CONFLICT when a tag is there twice. */
HK_MUST_USE bool hk_store_input_log(struct hk_db *db, const struct hk_ml_run_ref *run,
                                    const struct hk_dataset_input *input, struct hk_error *err);

/* In the order of logging. Texts are valid during the call; tags are handed out with hk_store_input_tags. */
typedef bool (*hk_dataset_fn)(void *arg, int64_t input_key, const struct hk_dataset *dataset);
HK_MUST_USE bool hk_store_run_inputs(struct hk_db *db, int64_t run_key, hk_dataset_fn each, void *arg,
                                     struct hk_error *err);
HK_MUST_USE bool hk_store_input_tags(struct hk_db *db, int64_t input_key, hk_key_value_fn each, void *arg,
                                     struct hk_error *err);

/* A logged model that a run has read (step is not kept) or made. Reading one again is fine, making one again is
 * HK_CONFLICT. */
struct hk_run_model {
    struct hk_str model_id;
    bool is_output;
    int64_t step;
};
HK_MUST_USE bool hk_store_run_model_log(struct hk_db *db, int64_t run_key, const struct hk_run_model *model,
                                        struct hk_error *err);
typedef void (*hk_run_model_fn)(void *arg, const struct hk_run_model *model);
HK_MUST_USE bool hk_store_run_models(struct hk_db *db, int64_t run_key, bool is_output, hk_run_model_fn each, void *arg,
                                     struct hk_error *err);

#endif
