/* What the files behind promotion_store.h share. */
#ifndef HK_STORE_PROMOTION_INTERNAL_H
#define HK_STORE_PROMOTION_INTERNAL_H

#include "engine/store/model_alias_store.h"
#include "engine/store/model_version_store.h"
#include "engine/store/policy_store.h"
#include "engine/store/promotion_audit_store.h"
#include "engine/store/promotion_facts.h"
#include "engine/store/promotion_request_store.h"
#include "engine/store/promotion_store.h"

/* Does what the promotion says, asking nobody (promotion_move.c). */
HK_MUST_USE bool hk__promotion_move(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena,
                                    struct hk_error *err);

/* An attempt to bring a version to a target, and all that is known about it (promotion_gate.c). */
struct hk__attempt {
    struct hk_db *db;
    const struct hk_promotion *p;
    struct hk_arena *arena;
    struct hk_model_version_row version;
    struct hk_target target;
    int64_t holder; /* of the target; 0: none */
    bool has_request;
    struct hk_request_row request; /* the open one */
    struct hk_policy_list policies;
    struct hk_verdict verdict;
    struct hk_fact_dag_run maker; /* dag_id NULL: none is known */
};

HK_MUST_USE bool hk__attempt_open(struct hk__attempt *a, struct hk_db *db, const struct hk_promotion *p,
                                  struct hk_arena *arena, struct hk_error *err);
/* Gathers the facts and judges. */
HK_MUST_USE bool hk__attempt_judge(struct hk__attempt *a, struct hk_error *err);

/* The sentences of the rules with an outcome, one after the other. */
const char *hk__verdict_sentences(const struct hk_verdict *verdict, enum hk_rule_outcome outcome,
                                  struct hk_arena *arena);

/* A row of the audit trail about the attempt. */
HK_MUST_USE bool hk__attempt_note(const struct hk__attempt *a, const char *action, const char *outcome,
                                  const char *message, struct hk_error *err);

/* Whether the actor may take a target away from the version that holds it; if not, *message says why not. */
HK_MUST_USE bool hk__promotion_may_remove(struct hk_db *db, const struct hk_promotion *p,
                                          const struct hk_target *target, struct hk_arena *arena, const char **message,
                                          struct hk_error *err);

/* Brings the version to the target and lets requests for the target end. */
HK_MUST_USE bool hk__attempt_apply(struct hk__attempt *a, const char *action, struct hk_error *err);

struct hk_promotion hk__promotion_of_request(const struct hk_request_row *request);

#endif
