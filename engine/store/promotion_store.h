/* The one way to a stage or an alias. Whatever moves a version, or takes a target from it (an alias that is deleted, a
 * version or a model that is deleted, a model that takes its targets to another name), is a struct hk_promotion, and
 * every door hands it to hk_promotion_apply, inside a write. Nothing else may call hk_store_version_transition,
 * hk_store_alias_set or hk_store_alias_delete.
 *
 *     struct hk_promotion p = {.kind = HK_PROMOTE_ALIAS, .model = "fraud", .version = 3, .alias = "champion",
 *                              .actor = user, .now_us = now};
 *     struct hk_promotion_result result;
 *     if (!hk_promotion_apply(db, &p, arena, &result, err)) { return false; }     nothing was written
 *     if (result.outcome != HK_PROMOTION_APPLIED) { ... result.message ... }      what was written says why not
 *
 * The events of it are written with it. */
#ifndef HK_STORE_PROMOTION_STORE_H
#define HK_STORE_PROMOTION_STORE_H

#include "engine/base/arena.h"
#include "engine/state/model_stage.h"
#include "engine/store/db.h"

enum hk_promotion_kind {
    HK_PROMOTE_STAGE,        /* version to stage */
    HK_PROMOTE_ALIAS,        /* alias to version */
    HK_PROMOTE_ALIAS_DELETE, /* alias to nobody; no version */
    HK_PROMOTE_VERSION_DELETE,
    HK_PROMOTE_MODEL_DELETE, /* no version; nor has the next one */
    HK_PROMOTE_MODEL_RENAME,
};

struct hk_promotion {
    enum hk_promotion_kind kind;
    const char *model;
    int64_t version;
    enum hk_model_stage stage;
    bool archive_existing; /* HK_PROMOTE_STAGE to Staging or Production: alone there */
    const char *alias;
    const char *new_name;
    const char *actor;   /* a user's name; NULL: nobody but the engine */
    const char *comment; /* NULL: none */
    int64_t now_us;
};

enum hk_promotion_outcome {
    HK_PROMOTION_APPLIED,
    HK_PROMOTION_REFUSED,   /* a rule says no; that it did is written */
    HK_PROMOTION_REQUESTED, /* a request was opened, which completes by itself */
};

struct hk_promotion_result {
    enum hk_promotion_outcome outcome;
    const char *message; /* the arena's; NULL when applied */
};

/* HK_NOT_FOUND: no such model or version. HK_CONFLICT: a new name that is taken, or the target has moved meanwhile.
 * HK_INVALID: others cannot be archived from the stage. */
HK_MUST_USE bool hk_promotion_apply(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                    struct hk_promotion_result *result, struct hk_error *err);

#endif
