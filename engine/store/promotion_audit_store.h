/* The audit trail of promotions: every attempt, decision and change of a policy, with what each rule measured. Rows are
 * added in the transaction that they are about and never changed: the database itself refuses that. */
#ifndef HK_STORE_PROMOTION_AUDIT_STORE_H
#define HK_STORE_PROMOTION_AUDIT_STORE_H

#include "engine/base/arena.h"
#include "engine/registry/promotion.h"
#include "engine/store/db.h"

struct hk_promotion_audit {
    int64_t key; /* given by the store */
    int64_t happened_us;
    const char *action;  /* promote, request, approve, reject, cancel, remove, rename, policy */
    const char *outcome; /* applied, refused, requested, noted, rejected, cancelled, failed, superseded */
    const char *model;
    int64_t version;                /* 0: none */
    const struct hk_target *target; /* NULL: none */
    int64_t previous_version;       /* that held the target; 0: none */
    const char *actor;              /* this and the following: NULL is none */
    const char *comment;
    const char *request_id;
    const char *message;
};

/* verdict NULL: no rule was asked. *key may be NULL. */
HK_MUST_USE bool hk_store_promotion_audit_add(struct hk_db *db, const struct hk_promotion_audit *audit,
                                              const struct hk_verdict *verdict, int64_t *key, struct hk_error *err);

struct hk_promotion_audit_rule {
    const char *policy;
    int64_t policy_version;
    const char *kind;
    const char *rule;
    const char *outcome;
    const char *measured; /* NULL: nothing; so may the next be */
    const char *threshold;
    const char *sentence;
};

/* Newest first, those before a key (0: from the newest), at most limit; texts are valid during the call. model NULL: of
 * all models; else of the one of that name, under the names that it had before, too. */
typedef bool (*hk_promotion_audit_fn)(void *arg, const struct hk_promotion_audit *audit);
HK_MUST_USE bool hk_store_promotion_audit_list(struct hk_db *db, const char *model, int64_t before, int64_t limit,
                                               hk_promotion_audit_fn each, void *arg, struct hk_error *err);
typedef void (*hk_promotion_audit_rule_fn)(void *arg, const struct hk_promotion_audit_rule *rule);
HK_MUST_USE bool hk_store_promotion_audit_rules(struct hk_db *db, int64_t audit_key, hk_promotion_audit_rule_fn each,
                                                void *arg, struct hk_error *err);

/* The version that held a target before the one that holds it now, by what was promoted since the model of that name
 * was made, under this name or one that it had before. */
struct hk_previous_holder {
    int64_t version;   /* 0: none did */
    const char *model; /* the name that the model had then; the arena's */
};
HK_MUST_USE bool hk_store_promotion_previous(struct hk_db *db, const char *model, const struct hk_target *target,
                                             int64_t holder, int64_t since_us, struct hk_arena *arena,
                                             struct hk_previous_holder *out, struct hk_error *err);

#endif
