/* Promotion policies as people write them, in files named *.policy.yaml (or .yml) among the DAG files; JSON of the same
 * shape, which REST clients send, is YAML, too:
 *
 *     policies:
 *       - name: fraud-champion
 *         model: fraud*                              a name, or a glob
 *         target: {alias: champion}                  or {stage: Production}
 *         removal: Op                                the role that may take it away; Op if nothing is said
 *         rules:
 *           - metric: metrics.auc >= 0.90            engine/registry/expression.h
 *           - metric: auc >= champion.auc - 0.005
 *           - min_samples: {metric: test_rows, at_least: 1000}
 *           - tag: owner                             or {owner: ml}: with that value
 *           - param: {seed: 7}
 *           - signature
 *           - input_example
 *           - lineage                                or {dag: train_*, commit: required}
 *           - checksum
 *           - max_age: 30 days                       or hours, minutes
 *           - validation_dag: check_fraud            is given {model, version, target, request} as conf
 *           - approvals: {count: 2, role: Op}
 *           - window: {days: [mon-fri], from: '09:00', to: '17:00', zone: Europe/Berlin}
 *
 * Keys that are not known are refused: a rule that is misspelt must not be one that is not there. Messages begin with
 * "<file>:<line>: ". Reads time zone files, so: not on the loop. */
#ifndef HK_DAGS_READ_POLICY_H
#define HK_DAGS_READ_POLICY_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/registry/policy.h"

struct hk_read_policy {
    struct hk_policy policy;
    struct hk_str document; /* as written, as JSON */
};

struct hk_read_policies {
    struct hk_read_policy *items; /* all in the arena */
    size_t count;
};

HK_MUST_USE bool hk_read_policies(struct hk_arena *arena, struct hk_str text, const char *name,
                                  struct hk_read_policies *out, struct hk_error *err);
/* One policy, without the list around it. */
HK_MUST_USE bool hk_read_policy(struct hk_arena *arena, struct hk_str text, const char *name,
                                struct hk_read_policy *out, struct hk_error *err);

/* By the name of a file. */
bool hk_is_policy_file(const char *path);

#endif
