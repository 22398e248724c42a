/* May this version hold that target? The decision, as a pure function of a policy and of what is known:
 *
 *     facts                 gathered by engine/store/promotion_facts.h in the transaction that acts on the decision
 *     hk_promotion_evaluate for each rule whether it is passed, failed or outstanding, the value that was measured,
 *                           what was asked for, and one sentence
 *
 * Outstanding is what time or people can still bring: approvals, a validation run, the end of the DAG run that made the
 * version, the opening of a window. A promotion goes ahead only if every rule of every policy that matches is passed.
 * What is not known counts as not given. */
#ifndef HK_REGISTRY_PROMOTION_H
#define HK_REGISTRY_PROMOTION_H

#include "engine/graph/zone.h"
#include "engine/registry/expression.h"
#include "engine/registry/policy.h"
#include "engine/state/run_state.h"

struct hk_fact_number {
    struct hk_reference reference;
    double value;
    bool is_number; /* false: NaN was logged, or the parameter is a text */
};

struct hk_fact_text {
    bool is_param; /* else a tag */
    const char *key;
    const char *value;
};

struct hk_fact_dag_run {
    const char *dag_id;
    const char *run_id;
    bool is_known; /* the run is in the database; a validation's: it has been created */
    enum hk_run_state state;
};

struct hk_fact_validation {
    struct hk_fact_dag_run run;
    bool has_dag;           /* the DAG is there, and its file still defines it */
    bool is_paused;         /* the DAG */
    bool has_import_errors; /* its file */
    bool is_gone;           /* the run was there, and somebody has deleted it */
    bool is_foreign;        /* a run of that id is there, but was not made for this version */
};

struct hk_fact_approval {
    const char *user;
    const char *role;
};

enum hk_fact_answer { HK_FACT_UNKNOWN, HK_FACT_NO, HK_FACT_YES };

struct hk_fact_zone {
    const char *name;
    const struct hk_zone *zone; /* NULL: there is none of that name */
};

struct hk_promotion_facts {
    int64_t now_us;
    const char *model;
    int64_t version;
    int64_t created_us;
    const char *run_id;       /* MLflow's; NULL: the version comes from none */
    int64_t champion_version; /* that holds the target now; 0: none does */
    const struct hk_fact_number *numbers;
    size_t number_count;
    const struct hk_fact_text *texts; /* tags of the version and of its run, parameters of its run */
    size_t text_count;
    enum hk_fact_answer has_signature;
    enum hk_fact_answer has_input_example;
    struct hk_fact_dag_run maker; /* dag_id NULL: no DAG run has made it, as far as tokens tell */
    const char *maker_trouble;    /* a clause about why not, or what else is in the way; NULL: nothing */
    const char *commit;           /* NULL: not known */
    enum hk_fact_answer is_unchanged;
    const char *artifact_trouble; /* a clause about why MLmodel is not known; NULL: it is */
    const char *content_trouble;  /* a clause about what is wrong with the files; NULL: nothing */
    const struct hk_fact_validation *validations;
    size_t validation_count;
    const struct hk_fact_approval *approvals;
    size_t approval_count;
    const char *const *authors; /* who made the version, and who asks for it */
    size_t author_count;
    const struct hk_fact_zone *zones;
    size_t zone_count;
};

enum hk_rule_outcome { HK_RULE_PASSED, HK_RULE_FAILED, HK_RULE_OUTSTANDING };

struct hk_rule_verdict {
    const struct hk_policy *policy;
    const struct hk_rule *rule;
    enum hk_rule_outcome outcome;
    const char *text;      /* of the rule */
    const char *measured;  /* NULL: nothing */
    const char *threshold; /* NULL: none */
    const char *sentence;
    int64_t open_at_us; /* of a window that is closed; else HK_TIME_NONE */
};

struct hk_verdict {
    struct hk_rule_verdict *rules;
    size_t rule_count;
    enum hk_rule_outcome outcome; /* the worst of them; PASSED where there is no policy */
    int64_t open_at_us;           /* the latest of the windows; HK_TIME_NONE: no window is waited for */
};

/* Texts are in the arena, or those of the policies and facts. */
struct hk_verdict hk_promotion_evaluate(const struct hk_policy *const *policies, size_t count,
                                        const struct hk_promotion_facts *facts, struct hk_arena *arena);

const char *hk_rule_outcome_name(enum hk_rule_outcome outcome); /* "passed", "failed", "outstanding" */

/* When a window opens next, after now_us; HK_TIME_NONE: it is open now. */
int64_t hk_window_opens(const struct hk_rule *rule, const struct hk_zone *zone, int64_t now_us);

/* Whether an approval counts for a rule: from somebody with its role who is no author. */
bool hk_approval_counts(const struct hk_rule *rule, const struct hk_promotion_facts *facts,
                        const struct hk_fact_approval *approval);

#endif
