#include "engine/graph/task.h"

#include <stddef.h>

static const char *const rule_names[HK_RULE_COUNT] = {
    [HK_RULE_ALL_SUCCESS] = "all_success",
    [HK_RULE_ALL_FAILED] = "all_failed",
    [HK_RULE_ALL_DONE] = "all_done",
    [HK_RULE_ALL_DONE_MIN_ONE_SUCCESS] = "all_done_min_one_success",
    [HK_RULE_ALL_DONE_SETUP_SUCCESS] = "all_done_setup_success",
    [HK_RULE_ONE_SUCCESS] = "one_success",
    [HK_RULE_ONE_FAILED] = "one_failed",
    [HK_RULE_ONE_DONE] = "one_done",
    [HK_RULE_NONE_FAILED] = "none_failed",
    [HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS] = "none_failed_min_one_success",
    [HK_RULE_NONE_SKIPPED] = "none_skipped",
    [HK_RULE_ALWAYS] = "always",
    [HK_RULE_ALL_SKIPPED] = "all_skipped",
};

static const char *const weight_names[HK_WEIGHT_COUNT] = {
    [HK_WEIGHT_DOWNSTREAM] = "downstream",
    [HK_WEIGHT_UPSTREAM] = "upstream",
    [HK_WEIGHT_ABSOLUTE] = "absolute",
};

static const char *const runner_names[HK_RUNNER_COUNT] = {
    [HK_RUNNER_NOTHING] = "nothing",
    [HK_RUNNER_WAIT] = "wait",
    [HK_RUNNER_COMMAND] = "command",
    [HK_RUNNER_PYTHON] = "python",
};

static bool find_name(const char *const *names, int count, struct hk_str name, int *out)
{
    for (int i = 0; i < count; i++) {
        if (hk_str_is(name, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *hk_trigger_rule_name(enum hk_trigger_rule rule)
{
    return rule_names[rule];
}

bool hk_trigger_rule_find(struct hk_str name, enum hk_trigger_rule *out)
{
    int found = 0;
    if (!find_name(rule_names, HK_RULE_COUNT, name, &found)) {
        return false;
    }
    *out = (enum hk_trigger_rule)found;
    return true;
}

const char *hk_weight_rule_name(enum hk_weight_rule rule)
{
    return weight_names[rule];
}

bool hk_weight_rule_find(struct hk_str name, enum hk_weight_rule *out)
{
    int found = 0;
    if (!find_name(weight_names, HK_WEIGHT_COUNT, name, &found)) {
        return false;
    }
    *out = (enum hk_weight_rule)found;
    return true;
}

const char *hk_runner_name(enum hk_runner runner)
{
    return runner_names[runner];
}

bool hk_runner_find(struct hk_str name, enum hk_runner *out)
{
    int found = 0;
    if (!find_name(runner_names, HK_RUNNER_COUNT, name, &found)) {
        return false;
    }
    *out = (enum hk_runner)found;
    return true;
}

uint32_t hk_task_find_downstream(const struct hk_task *task, uint32_t downstream)
{
    uint32_t from = 0;
    uint32_t to = task->downstream_count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (task->downstream[middle] < downstream) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < task->downstream_count && task->downstream[from] == downstream ? from : task->downstream_count;
}
