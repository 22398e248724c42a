/* Promotion policies in the database (engine/registry/policy.h says what one is). Every change is a new version of its
 * name, the end of a policy, too; none is ever changed or deleted. A policy that a file holds is changed by that file
 * alone. */
#ifndef HK_STORE_POLICY_STORE_H
#define HK_STORE_POLICY_STORE_H

#include "engine/base/arena.h"
#include "engine/registry/policy.h"
#include "engine/store/db.h"

struct hk_policy_row {
    struct hk_policy policy;
    const char *document_json;
    const char *bundle; /* and file: NULL when REST has set it */
    const char *file;
    const char *actor; /* NULL: nobody */
    int64_t created_us;
    bool is_deleted;
};

struct hk_policy_rows {
    struct hk_policy_row *items; /* the arena's */
    size_t count;
    size_t room;
};

struct hk_policy_save {
    const struct hk_policy *policy;
    struct hk_str document_json;
    const char *bundle;
    const char *file;
    const char *actor;
    int64_t now_us;
};

/* A new version, unless the current one has the same document and comes from the same place; *version is the one that
 * is current then. HK_CONFLICT when it belongs to a file, or to another one. */
HK_MUST_USE bool hk_store_policy_set(struct hk_db *db, const struct hk_policy_save *save, int64_t *version,
                                     struct hk_error *err);
/* HK_NOT_FOUND; HK_CONFLICT when a file holds it. */
HK_MUST_USE bool hk_store_policy_delete(struct hk_db *db, const char *name, const char *actor, int64_t now_us,
                                        struct hk_error *err);
/* All that a file holds, and no others: those that it no longer holds end. */
HK_MUST_USE bool hk_store_policies_of_file(struct hk_db *db, const struct hk_policy_save *saves, size_t count,
                                           const char *bundle, const char *file, int64_t now_us, struct hk_error *err);

/* With rules. version 0: the current one. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_policy_get(struct hk_db *db, const char *name, int64_t version, struct hk_arena *arena,
                                     struct hk_policy_row *out, struct hk_error *err);
/* The current ones, by name, without rules. */
HK_MUST_USE bool hk_store_policy_list(struct hk_db *db, struct hk_arena *arena, struct hk_policy_rows *out,
                                      struct hk_error *err);
/* Newest first, without rules; empty for a name that never was. */
HK_MUST_USE bool hk_store_policy_history(struct hk_db *db, const char *name, struct hk_arena *arena,
                                         struct hk_policy_rows *out, struct hk_error *err);

/* Those that hold for a target of a model, with rules. target NULL: for any target of it. */
struct hk_policy_list {
    const struct hk_policy **items; /* the arena's */
    size_t count;
};
HK_MUST_USE bool hk_store_policies_for(struct hk_db *db, const char *model, const struct hk_target *target,
                                       struct hk_arena *arena, struct hk_policy_list *out, struct hk_error *err);

#endif
