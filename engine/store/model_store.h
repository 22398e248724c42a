/* Registered models and their tags. What is wrong with a name or a tag is for engine/registry/model.h to say; here they
 * are kept. Messages of errors are the sentences that MLflow's clients know. Renaming and deleting go through
 * engine/store/promotion_store.h, which asks whether that may be. */
#ifndef HK_STORE_MODEL_STORE_H
#define HK_STORE_MODEL_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

struct hk_model_row {
    int64_t key;
    const char *name;
    const char *description; /* NULL: none */
    int64_t last_version;
    int64_t created_ms;
    int64_t updated_ms;
};

/* A key and its text: tags of models and of versions. */
struct hk_model_tag {
    const char *key;
    struct hk_str value;
};

struct hk_model_save {
    const char *name;
    struct hk_str description; /* data NULL: none */
    const struct hk_model_tag *tags;
    size_t tag_count;
    int64_t now_ms;
};

/* HK_NOT_FOUND when there is none. Texts are the arena's. */
HK_MUST_USE bool hk_store_model_get(struct hk_db *db, const char *name, struct hk_arena *arena,
                                    struct hk_model_row *out, struct hk_error *err);
HK_MUST_USE bool hk_store_model_find(struct hk_db *db, const char *name, struct hk_arena *arena,
                                     struct hk_model_row *out, bool *found, struct hk_error *err);
/* A later tag with the same key wins. HK_CONFLICT when the name is taken; *key is the one that has it, then. */
HK_MUST_USE bool hk_store_model_create(struct hk_db *db, const struct hk_model_save *save, int64_t *key,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_model_describe(struct hk_db *db, int64_t key, struct hk_str description, int64_t now_ms,
                                         struct hk_error *err);
HK_MUST_USE bool hk_store_model_touch(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err);

HK_MUST_USE bool hk_store_model_tag_set(struct hk_db *db, int64_t key, const struct hk_model_tag *tag,
                                        struct hk_error *err);
HK_MUST_USE bool hk_store_model_tag_delete(struct hk_db *db, int64_t key, const char *tag_key, struct hk_error *err);
/* In the order of their keys; value data NULL: there is no such tag. Texts are the arena's. */
HK_MUST_USE bool hk_store_model_tag_get(struct hk_db *db, int64_t key, const char *tag_key, struct hk_arena *arena,
                                        struct hk_str *value, struct hk_error *err);
typedef void (*hk_model_tag_fn)(void *arg, const struct hk_model_tag *tag);
HK_MUST_USE bool hk_store_model_tags(struct hk_db *db, int64_t key, hk_model_tag_fn each, void *arg,
                                     struct hk_error *err);

/* For promotion_store.c alone. */
HK_MUST_USE bool hk_store_model_rename(struct hk_db *db, int64_t key, const char *new_name, int64_t now_ms,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_model_delete(struct hk_db *db, int64_t key, struct hk_error *err);

#endif
