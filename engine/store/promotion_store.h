/* The one way to a stage or an alias. Whatever moves a version, or takes a target from it (an alias that is deleted, a
 * version or a model that is deleted, a model that takes its targets to another name), is a struct hk_promotion, and
 * every door hands it to hk_promotion_apply, inside a write. Nothing else may call hk_store_version_transition,
 * hk_store_alias_set or hk_store_alias_delete.
 *
 *     struct hk_promotion p = {.kind = HK_PROMOTE_ALIAS, .model = "fraud", .version = 3, .alias = "champion",
 *                              .actor = user, .role = "User", .request_id = uuid, .now_us = now};
 *     struct hk_promotion_result result;
 *     if (!hk_promotion_apply(db, &p, arena, &result, err)) { return false; }     nothing was written
 *     if (result.outcome != HK_PROMOTION_APPLIED) { ... result.message ... }      what was written says why not
 *
 * In one transaction: the policies that match the model and the target are judged by what is known at that moment
 * (engine/registry/promotion.h); if every rule is passed, the version moves, its event is added, and requests for the
 * target end; else nothing moves. Either way the audit trail says what was measured. Where only approvals, validations,
 * windows or the end of a DAG run are outstanding, a request is opened, which hk_promotion_continue completes.
 *
 * Taking a gated target away from the version that holds it asks for no rule but for a role (hk_policy.removal_role). A
 * model cannot bring a version to a gated target by being renamed. */
#ifndef HK_STORE_PROMOTION_STORE_H
#define HK_STORE_PROMOTION_STORE_H

#include "engine/base/arena.h"
#include "engine/registry/promotion.h"
#include "engine/state/model_stage.h"
#include "engine/store/db.h"
#include "engine/store/promotion_facts.h"

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
    const char *role;    /* the actor's, "User"; NULL: none */
    const char *comment; /* NULL: none */
    int64_t now_us;

    const struct hk_artifact_facts *artifacts; /* NULL: nobody has looked at the version's files */
    const char *request_id;                    /* a new one's, random (hk_uuid7); NULL: none may be opened */
    int64_t maker_key;                         /* the task that asks (maker_store.h); 0: a person */
    bool is_request;                           /* asked for as a request: without a policy, one approval is needed */
    bool has_expected;                         /* HK_CONFLICT unless this version holds a gated target now (0: none) */
    int64_t expected_version;
    bool continues; /* an open request, whose creator was allowed to open it */
};

enum hk_promotion_outcome {
    HK_PROMOTION_APPLIED,
    HK_PROMOTION_REFUSED,   /* a rule says no; that it did is written */
    HK_PROMOTION_REQUESTED, /* a request is open, which completes by itself */
};

struct hk_promotion_result {
    enum hk_promotion_outcome outcome;
    const char *message;    /* the arena's; NULL when applied */
    const char *request_id; /* of the request that is open or has ended by it; NULL: none */
};

/* HK_NOT_FOUND: no such model or version. HK_CONFLICT: a new name that is taken, or the target has moved meanwhile.
 * HK_INVALID: others cannot be archived from the stage. */
HK_MUST_USE bool hk_promotion_apply(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                    struct hk_promotion_result *result, struct hk_error *err);

/* What hk_promotion_apply would find for HK_PROMOTE_STAGE and HK_PROMOTE_ALIAS, changing nothing. A reader's connection
 * will do. */
struct hk_promotion_preview {
    struct hk_verdict verdict;
    struct hk_policy_list policies;
    int64_t holder;         /* of the target; 0: none */
    const char *request_id; /* of the open request; NULL: none */
};
HK_MUST_USE bool hk_promotion_preview(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                      struct hk_promotion_preview *out, struct hk_error *err);

/* ---- requests: p says model, version, target, who, and when ---- */

/* Judges an open request anew; completes it, lets it fail, or notes what it waits for. One that has ended meanwhile is
 * left alone. */
HK_MUST_USE bool hk_promotion_continue(struct hk_db *db, const struct hk_request_row *request,
                                       const struct hk_artifact_facts *artifacts, int64_t now_us,
                                       struct hk_arena *arena, struct hk_promotion_result *result,
                                       struct hk_error *err);
/* HK_NOT_FOUND: no request is open. HK_DENIED: an author, or somebody without the role. */
HK_MUST_USE bool hk_promotion_approve(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                      struct hk_promotion_result *result, struct hk_error *err);
HK_MUST_USE bool hk_promotion_reject(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                     struct hk_error *err);
/* Its creator, or an Admin. */
HK_MUST_USE bool hk_promotion_cancel(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                     struct hk_error *err);

/* Which of those three somebody may do about a request. */
struct hk_request_actions {
    bool approve;
    bool reject;
    bool cancel;
};
HK_MUST_USE bool hk_promotion_actions(struct hk_db *db, const struct hk_request_row *request, const char *actor,
                                      const char *role, struct hk_arena *arena, struct hk_request_actions *out,
                                      struct hk_error *err);

/* Back to the version that held the target before the one that holds it now, without asking the rules: it has passed
 * them once. p says model, target, who. HK_NOT_FOUND: none did; HK_DENIED: not without the role. */
HK_MUST_USE bool hk_promotion_rollback(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                       int64_t *version, struct hk_error *err);

#endif
