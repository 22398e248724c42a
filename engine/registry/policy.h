/* A promotion policy: what a version of a registered model must have before it may hold a target, which is an alias or
 * a stage. Whoever writes one (a *.policy.yaml file among the DAG files, or a REST client) is read by
 * dags/read_policy.h; here it is a value.
 *
 * Every policy that matches a model's name and a target holds: their rules are added up, so that a second policy can
 * only ask for more. Pure; any thread. */
#ifndef HK_REGISTRY_POLICY_H
#define HK_REGISTRY_POLICY_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

enum hk_target_kind { HK_TARGET_ALIAS, HK_TARGET_STAGE };

struct hk_target {
    enum hk_target_kind kind;
    const char *name; /* "champion"; "Production", as it is stored */
};

enum hk_rule_kind {
    HK_RULE_METRIC,        /* name: an expression (engine/registry/expression.h) */
    HK_RULE_SAMPLES,       /* name: a metric or "params.NAME" with the number of samples; number: at least so many */
    HK_RULE_TAG,           /* name; value: NULL for any */
    HK_RULE_PARAM,         /* as HK_RULE_TAG, of the run */
    HK_RULE_SIGNATURE,     /* the model was logged with one */
    HK_RULE_INPUT_EXAMPLE, /* likewise */
    HK_RULE_LINEAGE,  /* made by a DAG run that succeeded; name: a glob of DAG ids, NULL: any; number 1: at a commit */
    HK_RULE_CHECKSUM, /* the artifacts are those that were logged */
    HK_RULE_MAX_AGE,  /* number: microseconds since the version was made */
    HK_RULE_VALIDATION, /* name: a DAG that must succeed with this version */
    HK_RULE_APPROVALS,  /* number of people, none of them an author; name: the least role */
    HK_RULE_WINDOW,     /* days, from_minute .. to_minute (not included; may pass midnight) in the zone `name` */
    HK_RULE_KIND_COUNT
};

enum { HK_MAX_RULES = 100, HK_MAX_POLICY_NAME_BYTES = 250, HK_MAX_APPROVALS = 20, HK_MINUTES_PER_DAY = 24 * 60 };

struct hk_rule {
    enum hk_rule_kind kind;
    const char *name;
    const char *value;
    int64_t number;
    unsigned days; /* bit 0: Sunday, as hk_civil_weekday counts */
    int from_minute;
    int to_minute;
};

struct hk_policy {
    const char *name;
    const char *model;        /* a name, or a glob with '*' and '?' */
    struct hk_target target;  /* its name may be a glob if it is an alias */
    const char *removal_role; /* the least role that may take the target away from the one that holds it */
    const struct hk_rule *rules;
    size_t rule_count;
    int64_t version; /* given by the store, from 1 */
};

/* "metric" ...: as in policy files, the database and the audit trail. */
const char *hk_rule_kind_name(enum hk_rule_kind kind);
bool hk_rule_kind_find(struct hk_str name, enum hk_rule_kind *out);

/* The rule as one line that people read: "metrics.auc >= 0.9", "tag owner = ml", "2 approvals by Op". */
const char *hk_rule_text(const struct hk_rule *rule, struct hk_arena *arena);

/* Everything a reader cannot see by the shape of the text alone: expressions, ranges, zones' and roles' names. *at is
 * the index of the rule that is meant, or rule_count when it is none of them. */
HK_MUST_USE bool hk_policy_check(const struct hk_policy *policy, size_t *at, struct hk_error *err);

/* Whether it speaks of this target of this model. */
bool hk_policy_matches(const struct hk_policy *policy, const char *model, const struct hk_target *target);

/* '*': any text, '?': one character; everything else means itself, with its case. */
bool hk_glob_matches(const char *glob, const char *text);

/* Viewer 1, User 2, Op 3, Admin 4; 0: no such role. */
int hk_policy_role_rank(const char *role);

const char *hk_target_kind_name(enum hk_target_kind kind); /* "alias", "stage" */
bool hk_target_kind_find(struct hk_str name, enum hk_target_kind *out);
/* "alias 'champion'": in sentences. */
const char *hk_target_text(const struct hk_target *target, struct hk_arena *arena);

#endif
