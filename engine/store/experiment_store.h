/* Experiments and their tags. Reading works on any connection, writing on the writer's, inside a hk_write. Experiments
 * are never deleted from the file: "deleted" is a mark, and takes the experiment's runs with it. */
#ifndef HK_STORE_EXPERIMENT_STORE_H
#define HK_STORE_EXPERIMENT_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"
#include "engine/tracking/key.h"

struct hk_experiment {
    int64_t experiment_key;
    const char *name;
    const char *artifact_location;
    const char *lifecycle; /* "active", "deleted" */
    int64_t created_ms;
    int64_t updated_ms;
};

struct hk_experiment_save {
    struct hk_str name;
    struct hk_str artifact_location; /* empty: mlflow-artifacts:/KEY */
    const struct hk_key_value *tags;
    size_t tag_count;
    int64_t now_ms;
};

/* Texts of *out are in the arena. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_experiment_get(struct hk_db *db, int64_t key, struct hk_arena *arena,
                                         struct hk_experiment *out, struct hk_error *err);
HK_MUST_USE bool hk_store_experiment_get_named(struct hk_db *db, struct hk_str name, struct hk_arena *arena,
                                               struct hk_experiment *out, struct hk_error *err);
/* HK_NOT_FOUND, HK_INVALID when it is deleted. */
HK_MUST_USE bool hk_store_experiment_get_active(struct hk_db *db, int64_t key, struct hk_arena *arena,
                                                struct hk_experiment *out, struct hk_error *err);

/* HK_CONFLICT when the name is taken, also by one that is deleted, or a tag is there twice. */
HK_MUST_USE bool hk_store_experiment_insert(struct hk_db *db, const struct hk_experiment_save *save, int64_t *key,
                                            struct hk_error *err);
/* HK_NOT_FOUND, HK_CONFLICT when the name is taken. *is_active false: it is deleted, and keeps its name. */
HK_MUST_USE bool hk_store_experiment_rename(struct hk_db *db, int64_t key, struct hk_str name, int64_t now_ms,
                                            bool *is_active, struct hk_error *err);
/* Marks it and all of its runs as deleted, or all of them as active: those, too, that were deleted before it was, as
 * in MLflow. HK_NOT_FOUND when it is not there, or is so already. */
HK_MUST_USE bool hk_store_experiment_delete(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err);
HK_MUST_USE bool hk_store_experiment_restore(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err);

/* HK_NOT_FOUND, HK_INVALID when the experiment is deleted. */
HK_MUST_USE bool hk_store_experiment_tag_set(struct hk_db *db, int64_t key, const struct hk_key_value *tag,
                                             struct hk_error *err);
HK_MUST_USE bool hk_store_experiment_tag_delete(struct hk_db *db, int64_t key, struct hk_str tag, struct hk_error *err);

/* Texts are valid during the call. */
typedef void (*hk_key_value_fn)(void *arg, struct hk_key_value pair);
HK_MUST_USE bool hk_store_experiment_tags(struct hk_db *db, int64_t key, hk_key_value_fn each, void *arg,
                                          struct hk_error *err);

#endif
