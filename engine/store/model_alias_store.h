/* Aliases: names by which a version of a model is known, each held by one version at a time. Only promotion_store.c
 * sets and deletes them. */
#ifndef HK_STORE_MODEL_ALIAS_STORE_H
#define HK_STORE_MODEL_ALIAS_STORE_H

#include "engine/base/arena.h"
#include "engine/store/db.h"

/* *version 0: nobody holds it. */
HK_MUST_USE bool hk_store_alias_holder(struct hk_db *db, int64_t model_key, const char *alias, int64_t *version,
                                       struct hk_error *err);
/* In alphabetical order; version 0: of all versions. */
typedef void (*hk_model_alias_fn)(void *arg, const char *alias, int64_t version);
HK_MUST_USE bool hk_store_aliases(struct hk_db *db, int64_t model_key, int64_t version, hk_model_alias_fn each,
                                  void *arg, struct hk_error *err);

/* For promotion_store.c alone. expected is who is to hold it before (0: nobody); HK_CONFLICT when that is not so. */
HK_MUST_USE bool hk_store_alias_set(struct hk_db *db, int64_t model_key, const char *alias, int64_t expected,
                                    int64_t version, struct hk_error *err);
HK_MUST_USE bool hk_store_alias_delete(struct hk_db *db, int64_t model_key, const char *alias, int64_t expected,
                                       struct hk_error *err);

#endif
