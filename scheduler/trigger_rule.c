#include "scheduler/trigger_rule.h"

#include <inttypes.h>

static bool has_failure(const struct hk_upstream_counts *c)
{
    return c->failed > 0 || c->upstream_failed > 0;
}

/* How many of the total are not among `accounted`. */
static int64_t missing(const struct hk_upstream_counts *c, uint64_t accounted)
{
    return (int64_t)c->total - (int64_t)accounted;
}

/* Whether the task is decided without running. WAIT: it is not. */
/* One switch over all rules. NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static enum hk_trigger_verdict give_up(enum hk_trigger_rule rule, const struct hk_upstream_counts *c, int32_t map_index)
{
    bool is_done = c->done >= c->total;
    switch (rule) {
    case HK_RULE_ALL_SUCCESS:
        if (has_failure(c)) {
            return HK_TRIGGER_UPSTREAM_FAILED;
        }
        if (c->skipped > 0) {
            return HK_TRIGGER_SKIP;
        }
        if (c->removed > 0 && c->success > 0 && map_index >= 0 && (uint32_t)map_index >= c->success) {
            return HK_TRIGGER_REMOVE;
        }
        return HK_TRIGGER_WAIT;
    case HK_RULE_ALL_FAILED:
        return c->success > 0 || c->skipped > 0 ? HK_TRIGGER_SKIP : HK_TRIGGER_WAIT;
    case HK_RULE_ONE_SUCCESS:
        if (is_done && c->done == c->skipped) {
            return HK_TRIGGER_SKIP;
        }
        return is_done && c->success == 0 ? HK_TRIGGER_UPSTREAM_FAILED : HK_TRIGGER_WAIT;
    case HK_RULE_ONE_FAILED:
        return is_done && !has_failure(c) ? HK_TRIGGER_SKIP : HK_TRIGGER_WAIT;
    case HK_RULE_ONE_DONE:
        return is_done && c->failed == 0 && c->success == 0 ? HK_TRIGGER_SKIP : HK_TRIGGER_WAIT;
    case HK_RULE_NONE_FAILED:
        return has_failure(c) ? HK_TRIGGER_UPSTREAM_FAILED : HK_TRIGGER_WAIT;
    case HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS:
        if (has_failure(c)) {
            return HK_TRIGGER_UPSTREAM_FAILED;
        }
        if (c->skipped == c->total) {
            return HK_TRIGGER_SKIP;
        }
        return is_done && c->success == 0 ? HK_TRIGGER_UPSTREAM_FAILED : HK_TRIGGER_WAIT;
    case HK_RULE_NONE_SKIPPED:
        return c->skipped > 0 ? HK_TRIGGER_SKIP : HK_TRIGGER_WAIT;
    case HK_RULE_ALL_SKIPPED:
        return c->success > 0 || has_failure(c) ? HK_TRIGGER_SKIP : HK_TRIGGER_WAIT;
    case HK_RULE_ALL_DONE_MIN_ONE_SUCCESS:
        if (c->skipped > 0) { /* for this rule, skipped is not done */
            return HK_TRIGGER_SKIP;
        }
        return missing(c, (uint64_t)c->success + c->failed + c->upstream_failed + c->removed) <= 0 && c->success == 0
                   ? HK_TRIGGER_UPSTREAM_FAILED
                   : HK_TRIGGER_WAIT;
    case HK_RULE_ALL_DONE_SETUP_SUCCESS:
        if (!is_done || c->total_setup == 0) {
            return HK_TRIGGER_WAIT;
        }
        if (c->skipped_setup >= c->total_setup) {
            return HK_TRIGGER_SKIP;
        }
        return c->success_setup == 0 ? HK_TRIGGER_UPSTREAM_FAILED : HK_TRIGGER_WAIT;
    case HK_RULE_ALL_DONE:
    case HK_RULE_ALWAYS:
    case HK_RULE_COUNT:
        break;
    }
    return HK_TRIGGER_WAIT;
}

/* Whether the rule is met, so that the task may run. */
static bool is_met(enum hk_trigger_rule rule, const struct hk_upstream_counts *c)
{
    bool is_done = c->done >= c->total;
    switch (rule) {
    case HK_RULE_ALL_SUCCESS:
        return missing(c, (uint64_t)c->success + c->removed) <= 0;
    case HK_RULE_ALL_FAILED:
        return missing(c, (uint64_t)c->failed + c->upstream_failed + c->removed) <= 0;
    case HK_RULE_ALL_DONE:
        return is_done;
    case HK_RULE_ALL_DONE_MIN_ONE_SUCCESS:
        return c->skipped == 0 && c->success > 0 &&
               missing(c, (uint64_t)c->success + c->failed + c->upstream_failed + c->removed) <= 0;
    case HK_RULE_ALL_DONE_SETUP_SUCCESS:
        return is_done && (c->total_setup == 0 || c->success_setup > 0);
    case HK_RULE_ONE_SUCCESS:
        return c->success > 0;
    case HK_RULE_ONE_FAILED:
        return has_failure(c);
    case HK_RULE_ONE_DONE:
        return c->success > 0 || c->failed > 0;
    case HK_RULE_NONE_FAILED:
        return missing(c, (uint64_t)c->success + c->skipped + c->removed) <= 0;
    case HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS:
        return missing(c, (uint64_t)c->success + c->skipped + c->removed) <= 0 && c->success > 0;
    case HK_RULE_NONE_SKIPPED:
        return is_done && c->skipped == 0;
    case HK_RULE_ALL_SKIPPED:
        return missing(c, c->skipped) <= 0;
    case HK_RULE_ALWAYS:
        return true;
    case HK_RULE_COUNT:
        break;
    }
    hk_assert_failed("a trigger rule", __FILE__, __LINE__);
}

enum hk_trigger_verdict hk_trigger_evaluate(enum hk_trigger_rule rule, const struct hk_upstream_counts *counts,
                                            int32_t map_index)
{
    if (counts->total == 0 || rule == HK_RULE_ALWAYS) {
        return HK_TRIGGER_RUN;
    }
    enum hk_trigger_verdict verdict = give_up(rule, counts, map_index);
    if (verdict != HK_TRIGGER_WAIT) {
        return verdict;
    }
    return is_met(rule, counts) ? HK_TRIGGER_RUN : HK_TRIGGER_WAIT;
}

enum hk_trigger_verdict hk_trigger_evaluate_setups(const struct hk_upstream_counts *setups, int32_t map_index)
{
    if (has_failure(setups)) {
        return HK_TRIGGER_UPSTREAM_FAILED;
    }
    if (setups->skipped > 0) {
        return HK_TRIGGER_SKIP;
    }
    bool is_mapped = map_index >= 0;
    if (is_mapped && setups->removed > 0 && setups->success > 0 && (uint32_t)map_index >= setups->success) {
        return HK_TRIGGER_REMOVE;
    }
    uint64_t accounted = (uint64_t)setups->success + (is_mapped ? setups->removed : 0);
    return missing(setups, accounted) > 0 ? HK_TRIGGER_WAIT : HK_TRIGGER_RUN;
}

static bool is_unbound(const struct hk_task *task)
{
    return task->upstream_count == 0 || task->trigger_rule == HK_RULE_ALWAYS;
}

enum hk_trigger_verdict hk_trigger_judge(const struct hk_task *task, const struct hk_upstream_counts *direct,
                                         const struct hk_upstream_counts *scope, int32_t map_index)
{
    if (is_unbound(task)) {
        return HK_TRIGGER_RUN;
    }
    enum hk_trigger_verdict held = scope->done < scope->total ? HK_TRIGGER_WAIT : HK_TRIGGER_RUN;
    if (!task->is_teardown) {
        held = hk_trigger_evaluate_setups(scope, map_index);
        if (held != HK_TRIGGER_RUN && held != HK_TRIGGER_WAIT) {
            return held;
        }
    }
    enum hk_trigger_verdict verdict = hk_trigger_evaluate(task->trigger_rule, direct, map_index);
    return verdict == HK_TRIGGER_RUN ? held : verdict;
}

/* Sentences ----------------------------------------------------------------------------------------------------- */

/* As Python prints a set. */
static void add_names(const struct hk_graph *graph, const uint32_t *tasks, uint32_t count, struct hk_buf *out)
{
    hk_buf_add_text(out, count == 0 ? "set()" : "{");
    for (uint32_t i = 0; i < count && !out->is_full; i++) {
        hk_buf_printf(out, "%s'%s'", i == 0 ? "" : ", ", graph->tasks[tasks[i]].task_id);
    }
    hk_buf_add_text(out, count == 0 ? "" : "}");
}

static void add_states(const struct hk_graph *graph, const struct hk_task *task, const struct hk_upstream_counts *c,
                       struct hk_buf *out)
{
    hk_buf_printf(out,
                  "upstream_states=_UpstreamTIStates(success=%" PRIu32 ", skipped=%" PRIu32 ", failed=%" PRIu32
                  ", upstream_failed=%" PRIu32 ", removed=%" PRIu32 ", done=%" PRIu32 ", success_setup=%" PRIu32
                  ", skipped_setup=%" PRIu32 "), upstream_task_ids=",
                  c->success, c->skipped, c->failed, c->upstream_failed, c->removed, c->done, c->success_setup,
                  c->skipped_setup);
    add_names(graph, task->upstream, task->upstream_count, out);
}

/* What the rule asks for, and what is missing. Only called when it is not met. */
struct demand {
    const char *text; /* up to the number; the whole when there is no number */
    int64_t number;
    const char *after; /* NULL: no number */
};

static struct demand demand_for_some(enum hk_trigger_rule rule, const struct hk_upstream_counts *c)
{
    int64_t not_fine = missing(c, (uint64_t)c->success + c->skipped + c->removed);
    switch (rule) {
    case HK_RULE_ONE_SUCCESS:
        return (struct demand){"one upstream task success, but none were found", 0, NULL};
    case HK_RULE_ONE_FAILED:
        return (struct demand){"one upstream task failure, but none were found", 0, NULL};
    case HK_RULE_ONE_DONE:
        return (struct demand){"at least one upstream task failure or success but none were failed or success", 0,
                               NULL};
    case HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS:
        if (not_fine <= 0) {
            return (struct demand){"at least one upstream task success, but none were found", 0, NULL};
        }
        break;
    default:
        break;
    }
    return (struct demand){"all upstream tasks to have succeeded or been skipped, but found ", not_fine,
                           " non-success(es)"};
}

static struct demand demand_for_success_and_done(const struct hk_upstream_counts *c)
{
    if (c->skipped > 0) {
        return (struct demand){"all non-skipped upstream tasks to have completed, but found ", c->skipped,
                               " skipped task(s)"};
    }
    int64_t open = missing(c, (uint64_t)c->success + c->failed + c->upstream_failed + c->removed);
    if (open > 0) {
        return (struct demand){"all non-skipped upstream tasks to have completed, but found ", open,
                               " task(s) that were not done"};
    }
    return (struct demand){
        "all non-skipped upstream tasks to have completed and at least one upstream task has succeeded, but found ",
        c->success, " successful task(s)"};
}

static struct demand demand_for(enum hk_trigger_rule rule, const struct hk_upstream_counts *c, uint32_t task_count)
{
    int64_t not_done = (int64_t)task_count - (int64_t)c->done;
    switch (rule) {
    case HK_RULE_ALL_SUCCESS:
        return (struct demand){"all upstream tasks to have succeeded, but found ",
                               missing(c, (uint64_t)c->success + c->removed), " non-success(es)"};
    case HK_RULE_ALL_FAILED:
        return (struct demand){"all upstream tasks to have failed, but found ",
                               missing(c, (uint64_t)c->failed + c->upstream_failed + c->removed), " non-failure(s)"};
    case HK_RULE_ALL_DONE_SETUP_SUCCESS:
        if (c->done >= c->total) {
            return (struct demand){"at least one upstream setup task be successful, but found ",
                                   (int64_t)c->total_setup - (int64_t)c->success_setup, " task(s) that were not"};
        }
        return (struct demand){"all upstream tasks to have completed, but found ", not_done,
                               " task(s) that were not done"};
    case HK_RULE_ALL_DONE:
        return (struct demand){"all upstream tasks to have completed, but found ", not_done,
                               " task(s) that were not done"};
    case HK_RULE_NONE_SKIPPED:
        return (struct demand){"all upstream tasks to not have been skipped, but found ", c->skipped,
                               " task(s) skipped"};
    case HK_RULE_ALL_SKIPPED:
        return (struct demand){"all upstream tasks to have been skipped, but found ", missing(c, c->skipped),
                               " task(s) in non skipped state"};
    case HK_RULE_ALL_DONE_MIN_ONE_SUCCESS:
        return demand_for_success_and_done(c);
    default:
        return demand_for_some(rule, c);
    }
}

void hk_trigger_reason(const struct hk_graph *graph, const struct hk_task *task,
                       const struct hk_upstream_counts *counts, struct hk_buf *out)
{
    if (counts->total == 0 || is_met(task->trigger_rule, counts)) {
        return;
    }
    struct demand demand = demand_for(task->trigger_rule, counts, task->upstream_count);
    hk_buf_printf(out, "Task's trigger rule '%s' requires %s", hk_trigger_rule_name(task->trigger_rule), demand.text);
    if (demand.after != NULL) {
        hk_buf_printf(out, "%" PRId64 "%s", demand.number, demand.after);
    }
    hk_buf_add_text(out, ". ");
    add_states(graph, task, counts, out);
}

void hk_trigger_scope_reason(const struct hk_graph *graph, const struct hk_task *task,
                             const struct hk_upstream_counts *scope, struct hk_buf *out)
{
    uint32_t good = task->is_teardown ? scope->done : scope->success;
    if (is_unbound(task) || good >= scope->total) {
        return;
    }
    const struct hk_links *links = &graph->scopes[task->index];
    if (task->is_teardown) {
        hk_buf_printf(out,
                      "Task's trigger rule '%s' requires all tasks between setup and teardown to have completed, but "
                      "found %" PRIu32 " in-scope task(s) not done. in_scope_task_ids=",
                      hk_trigger_rule_name(task->trigger_rule), scope->total - good);
        add_names(graph, links->upstream, links->upstream_count, out);
        return;
    }
    hk_buf_add_text(out, "All setup tasks must complete successfully. Relevant setups: ");
    add_names(graph, links->upstream, links->upstream_count, out);
    hk_buf_add_text(out, ": ");
    add_states(graph, task, scope, out);
}
