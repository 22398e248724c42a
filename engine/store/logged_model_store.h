/* Logged models of MLflow 3: what log_model makes, before and beside any registration, with params, tags, and the
 * metrics that were logged with its id. A deleted one is marked. Reading works on any connection, writing on the
 * writer's, inside a hk_write. */
#ifndef HK_STORE_LOGGED_MODEL_STORE_H
#define HK_STORE_LOGGED_MODEL_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"
#include "engine/tracking/key.h"
#include "engine/tracking/metric.h"

/* The numbers of MLflow's protocol. */
enum hk_logged_model_status {
    HK_LOGGED_MODEL_UNSPECIFIED,
    HK_LOGGED_MODEL_PENDING, /* until its files are there */
    HK_LOGGED_MODEL_READY,
    HK_LOGGED_MODEL_FAILED,
    HK_LOGGED_MODEL_STATUS_COUNT
};

struct hk_logged_model {
    int64_t model_key;
    const char *model_id;
    int64_t experiment_key;
    const char *name;
    const char *model_type;    /* may be empty, as the run */
    const char *source_run_id; /* need not be there */
    int64_t status;            /* enum hk_logged_model_status */
    const char *lifecycle;     /* "active", "deleted" */
    const char *artifact_location;
    int64_t created_ms;
    int64_t updated_ms;
    int64_t maker_key; /* for inserting only: who makes it (maker_store.h); 0: nobody */
};

/* What others join or select to hand a row to hk_store_logged_model_row: the columns, of a table called m. */
#define HK_LOGGED_MODEL_COLUMNS                                                                                        \
    "m.model_key, m.model_id, m.experiment_key, m.name, m.model_type, m.source_run_id, m.status, m.lifecycle, "        \
    "m.artifact_location, m.created_ms, m.updated_ms"
enum { HK_LOGGED_MODEL_COLUMN_COUNT = 11 };
/* The row that a statement stands on; texts are valid until its next step. */
struct hk_logged_model hk_store_logged_model_row(struct hk_stmt *q);

/* Texts of *out are in the arena. HK_NOT_FOUND: also when it is deleted, unless those are wanted. */
HK_MUST_USE bool hk_store_logged_model_get(struct hk_db *db, struct hk_str model_id, bool also_deleted,
                                           struct hk_arena *arena, struct hk_logged_model *out, struct hk_error *err);

/* model_key is given by it. */
HK_MUST_USE bool hk_store_logged_model_insert(struct hk_db *db, struct hk_logged_model *model, struct hk_error *err);
HK_MUST_USE bool hk_store_logged_model_set_status(struct hk_db *db, int64_t model_key, int64_t status, int64_t now_ms,
                                                  struct hk_error *err);
HK_MUST_USE bool hk_store_logged_model_delete(struct hk_db *db, int64_t model_key, int64_t now_ms,
                                              struct hk_error *err);

/* HK_CONFLICT when the model has one of that key: params never change, and are not even said again. */
HK_MUST_USE bool hk_store_logged_model_param_add(struct hk_db *db, int64_t model_key, const struct hk_key_value *param,
                                                 struct hk_error *err);
HK_MUST_USE bool hk_store_logged_model_tag_set(struct hk_db *db, int64_t model_key, const struct hk_key_value *tag,
                                               struct hk_error *err);
HK_MUST_USE bool hk_store_logged_model_tag_delete(struct hk_db *db, int64_t model_key, struct hk_str key, bool *found,
                                                  struct hk_error *err);

/* Of those metrics that name a model. HK_INVALID when there is no model of that id. The same value again is no second
 * one. */
HK_MUST_USE bool hk_store_logged_model_metrics_log(struct hk_db *db, int64_t run_key, const struct hk_metric *metrics,
                                                   size_t count, struct hk_error *err);

/* In the order of the keys; texts are valid during the call. */
typedef void (*hk_logged_model_pair_fn)(void *arg, struct hk_key_value pair);
HK_MUST_USE bool hk_store_logged_model_tags(struct hk_db *db, int64_t model_key, hk_logged_model_pair_fn each,
                                            void *arg, struct hk_error *err);
HK_MUST_USE bool hk_store_logged_model_params(struct hk_db *db, int64_t model_key, hk_logged_model_pair_fn each,
                                              void *arg, struct hk_error *err);
/* Every value; the metric's model_id is left empty. */
typedef void (*hk_logged_model_metric_fn)(void *arg, const struct hk_metric *metric, struct hk_str run_uuid);
HK_MUST_USE bool hk_store_logged_model_metrics(struct hk_db *db, int64_t model_key, hk_logged_model_metric_fn each,
                                               void *arg, struct hk_error *err);

#endif
