/* Versions of registered models and their tags. A deleted version is kept as a number that is not given again, with
 * what it said struck out; nobody finds it. Only promotion_store.c moves a version to another stage. */
#ifndef HK_STORE_MODEL_VERSION_STORE_H
#define HK_STORE_MODEL_VERSION_STORE_H

#include "engine/state/model_stage.h"
#include "engine/store/model_store.h"

struct hk_model_version_row {
    int64_t key;
    int64_t model_key;
    const char *model; /* its name */
    int64_t version;
    enum hk_model_stage stage;
    const char *status;         /* "READY" ... */
    const char *status_message; /* this and the following: NULL is none */
    const char *description;
    const char *author;
    const char *source; /* never NULL, nor is the next */
    const char *storage_location;
    const char *run_id;
    const char *run_link;
    const char *model_id;
    int64_t created_ms;
    int64_t updated_ms;
};

struct hk_model_version_save {
    const char *model;
    const char *source;
    const char *storage_location;
    struct hk_str description; /* data NULL: none */
    const char *author;        /* this and the following: NULL is none */
    const char *run_id;
    const char *run_link;
    const char *model_id;
    const struct hk_model_tag *tags;
    size_t tag_count;
    int64_t now_ms;
    int64_t maker_key; /* maker_store.h; 0: nobody */
};

/* HK_NOT_FOUND when there is none, or no longer. Texts are the arena's. */
HK_MUST_USE bool hk_store_model_version_get(struct hk_db *db, const char *model, int64_t version,
                                            struct hk_arena *arena, struct hk_model_version_row *out,
                                            struct hk_error *err);
/* The version with the highest number that is in the stage (HK_STAGE_COUNT: in any but the deleted one); first is the
 * lowest number there. */
HK_MUST_USE bool hk_store_model_version_latest(struct hk_db *db, const struct hk_model_row *model,
                                               enum hk_model_stage stage, struct hk_arena *arena,
                                               struct hk_model_version_row *out, int64_t *first, bool *found,
                                               struct hk_error *err);
/* The next number of its model, in no stage. HK_NOT_FOUND when there is no such model. The event of it, too. */
HK_MUST_USE bool hk_store_model_version_create(struct hk_db *db, const struct hk_model_version_save *save, int64_t *key,
                                               int64_t *version, struct hk_error *err);
HK_MUST_USE bool hk_store_model_version_describe(struct hk_db *db, int64_t key, struct hk_str description,
                                                 int64_t now_ms, struct hk_error *err);

HK_MUST_USE bool hk_store_model_version_tag_set(struct hk_db *db, int64_t key, const struct hk_model_tag *tag,
                                                struct hk_error *err);
HK_MUST_USE bool hk_store_model_version_tag_delete(struct hk_db *db, int64_t key, const char *tag_key,
                                                   struct hk_error *err);
HK_MUST_USE bool hk_store_model_version_tags(struct hk_db *db, int64_t key, hk_model_tag_fn each, void *arg,
                                             struct hk_error *err);

/* For promotion_store.c alone. HK_CONFLICT when the version is no longer where it was; HK_INVALID when the event leads
 * nowhere from there. A version that is deleted loses what it says. */
HK_MUST_USE bool hk_store_version_transition(struct hk_db *db, const struct hk_model_version_row *version,
                                             enum hk_stage_event event, int64_t now_ms, struct hk_error *err);
/* Another version of the model that is in the stage; *key 0: none. */
HK_MUST_USE bool hk_store_version_other_in_stage(struct hk_db *db, const struct hk_model_version_row *version,
                                                 enum hk_model_stage stage, int64_t *other, struct hk_error *err);

#endif
