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

/* The setup constraint, of tasks that are no teardowns: counts of the setups that are relevant for a task without being
 * its direct upstream. total 0: RUN. */
enum hk_trigger_verdict hk_trigger_evaluate_setups(const struct hk_upstream_counts *setups, int32_t map_index);

/* All of it: the rule with the direct upstream, and `scope`, which is what graph->scopes adds. Setups that failed or
 * were skipped decide before the rule; those that have not ended, or tasks that a teardown is still to wait for, only
 * hold back what the rule would run. */
enum hk_trigger_verdict hk_trigger_judge(const struct hk_task *task, const struct hk_upstream_counts *direct,
                                         const struct hk_upstream_counts *scope, int32_t map_index);

/* Appends the sentence that Airflow's failed-deps shows for the rule ("Task's trigger rule 'all_success' requires all
 * upstream tasks to have succeeded, but found 1 non-success(es). upstream_states=..., upstream_task_ids={...}"), or
 * nothing when the rule is met. Names are in the graph's order. */
void hk_trigger_reason(const struct hk_graph *graph, const struct hk_task *task,
                       const struct hk_upstream_counts *counts, struct hk_buf *out);

/* The same for what the task's scope holds back. */
void hk_trigger_scope_reason(const struct hk_graph *graph, const struct hk_task *task,
                             const struct hk_upstream_counts *scope, struct hk_buf *out);

#endif
