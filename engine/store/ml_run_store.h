/* MLflow's runs, their params and tags. (A DAG's runs are run_store.h's; the values of metrics are metric_store.h's.)
 * Reading works on any connection, writing on the writer's, inside a hk_write. A deleted run is one that is marked:
 * nothing is logged to it until it is restored. */
#ifndef HK_STORE_ML_RUN_STORE_H
#define HK_STORE_ML_RUN_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"
#include "engine/store/experiment_store.h"
#include "engine/tracking/key.h"

struct hk_ml_run {
    int64_t run_key;
    const char *run_uuid;
    int64_t experiment_key;
    const char *name;
    const char *user_id; /* may be empty */
    const char *status;
    int64_t start_ms;
    int64_t end_ms;        /* HK_TIME_NONE: has not ended */
    const char *lifecycle; /* "active", "deleted" */
    const char *artifact_uri;
    int64_t maker_key;        /* both for inserting only: who makes it (maker_store.h); 0: nobody */
    const char *maker_commit; /* of the code, as its maker says; NULL: not said */
};

/* What others join or select to hand a row to hk_store_ml_run_row: the columns, of a table called r. */
#define HK_ML_RUN_COLUMNS                                                                                              \
    "r.run_key, r.run_uuid, r.experiment_key, r.name, r.user_id, r.status, r.start_ms, r.end_ms, r.lifecycle, "        \
    "r.artifact_uri"
enum { HK_ML_RUN_COLUMN_COUNT = 10 };
/* The row that a statement stands on; texts are valid until its next step. */
struct hk_ml_run hk_store_ml_run_row(struct hk_stmt *q);

/* Texts of *out are in the arena. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_ml_run_get(struct hk_db *db, struct hk_str run_uuid, struct hk_arena *arena,
                                     struct hk_ml_run *out, struct hk_error *err);

/* Who something is to be logged to. HK_NOT_FOUND; HK_INVALID when it is deleted. */
struct hk_ml_run_ref {
    int64_t run_key;
    int64_t experiment_key;
};
HK_MUST_USE bool hk_store_ml_run_find_active(struct hk_db *db, struct hk_str run_uuid, struct hk_ml_run_ref *out,
                                             struct hk_error *err);

/* run_key is given by it. HK_CONFLICT when a tag is there twice. */
HK_MUST_USE bool hk_store_ml_run_insert(struct hk_db *db, struct hk_ml_run *run, const struct hk_key_value *tags,
                                        size_t tag_count, struct hk_error *err);

struct hk_ml_run_change {
    const char *status; /* NULL, HK_TIME_NONE, empty: stays */
    int64_t end_ms;
    struct hk_str name; /* also the tag mlflow.runName */
};
HK_MUST_USE bool hk_store_ml_run_update(struct hk_db *db, int64_t run_key, const struct hk_ml_run_change *change,
                                        struct hk_error *err);

/* Marking twice is fine. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_ml_run_delete(struct hk_db *db, struct hk_str run_uuid, int64_t now_ms, struct hk_error *err);
HK_MUST_USE bool hk_store_ml_run_restore(struct hk_db *db, struct hk_str run_uuid, struct hk_error *err);

/* mlflow.runName renames the run, unless it is empty: then nothing happens, as in MLflow. */
HK_MUST_USE bool hk_store_ml_run_tag_set(struct hk_db *db, int64_t run_key, const struct hk_key_value *tag,
                                         struct hk_error *err);
HK_MUST_USE bool hk_store_ml_run_tag_delete(struct hk_db *db, int64_t run_key, struct hk_str key, bool *found,
                                            struct hk_error *err);
/* The value in the arena; data NULL: there is no such tag. */
HK_MUST_USE bool hk_store_ml_run_tag_find(struct hk_db *db, int64_t run_key, struct hk_str key, struct hk_arena *arena,
                                          struct hk_str *out, struct hk_error *err);

/* A param never changes: *old is NULL data when it is new or has this value already, else the value that it has (in
 * the arena), and nothing is written. */
HK_MUST_USE bool hk_store_ml_param_log(struct hk_db *db, int64_t run_key, const struct hk_key_value *param,
                                       struct hk_arena *arena, struct hk_str *old, struct hk_error *err);

/* In the order of the keys. */
HK_MUST_USE bool hk_store_ml_run_tags(struct hk_db *db, int64_t run_key, hk_key_value_fn each, void *arg,
                                      struct hk_error *err);
HK_MUST_USE bool hk_store_ml_run_params(struct hk_db *db, int64_t run_key, hk_key_value_fn each, void *arg,
                                        struct hk_error *err);

#endif
