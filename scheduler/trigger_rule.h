/* Trigger rules: given how many upstream task instances are in which state, may a task run? Mirrors Airflow 3.3.2's
 * TriggerRuleDep with flag_upstream_failed=True, which is how its scheduler asks. Pure and O(1): the tick keeps the
 * counters. Any thread.
 *
 * Only finished instances are counted; total says how many there are, mapped instances one by one. Setup tasks are in
 * the main counters and in the *_setup ones.
 */
#ifndef HK_SCHEDULER_TRIGGER_RULE_H
#define HK_SCHEDULER_TRIGGER_RULE_H

#include "engine/base/buf.h"
#include "engine/graph/graph.h"

enum hk_trigger_verdict {
    HK_TRIGGER_WAIT,
    HK_TRIGGER_RUN,
    HK_TRIGGER_SKIP,
    HK_TRIGGER_UPSTREAM_FAILED,
    HK_TRIGGER_REMOVE /* a mapped instance whose upstream shrank; only when map_index >= 0 */
};

struct hk_upstream_counts {
    uint32_t total;       /* direct upstream instances, finished or not; 0: none, the task may run */
    uint32_t total_setup; /* of them, setup tasks */
    uint32_t success;
    uint32_t skipped;
    uint32_t failed;
    uint32_t upstream_failed;
    uint32_t removed;
    uint32_t done; /* all finished states */
    uint32_t success_setup;
    uint32_t skipped_setup;
};

/* map_index: of the instance that asks; -1 when it is not mapped. */
enum hk_trigger_verdict hk_trigger_evaluate(enum hk_trigger_rule rule, const struct hk_upstream_counts *counts,
                                            int32_t map_index);

/* The setup constraint: counts of the setups that are relevant for a task without being its direct upstream (a teardown
 * has none). Asked before the rule itself; anything but RUN is the answer, except that after WAIT the rule may
 * still decide to skip or fail. total 0: RUN. */
enum hk_trigger_verdict hk_trigger_evaluate_setups(const struct hk_upstream_counts *counts, int32_t map_index);

/* Appends the sentence that Airflow's failed-deps shows for the rule ("Task's trigger rule 'all_success' requires all
 * upstream tasks to have succeeded, but found 1 non-success(es). upstream_states=..., upstream_task_ids={...}"), or
 * nothing when the rule is met. Names are in the graph's order. */
void hk_trigger_reason(const struct hk_graph *graph, const struct hk_task *task,
                       const struct hk_upstream_counts *counts, struct hk_buf *out);

/* The same for the setup constraint. */
void hk_trigger_setup_reason(const struct hk_graph *graph, const struct hk_task *task,
                             const struct hk_upstream_counts *setups, struct hk_buf *out);

#endif
