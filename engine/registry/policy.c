#include "engine/registry/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/clock.h"
#include "engine/registry/expression.h"

static const char *const kind_names[HK_RULE_KIND_COUNT] = {
    [HK_RULE_METRIC] = "metric",
    [HK_RULE_SAMPLES] = "min_samples",
    [HK_RULE_TAG] = "tag",
    [HK_RULE_PARAM] = "param",
    [HK_RULE_SIGNATURE] = "signature",
    [HK_RULE_INPUT_EXAMPLE] = "input_example",
    [HK_RULE_LINEAGE] = "lineage",
    [HK_RULE_CHECKSUM] = "checksum",
    [HK_RULE_MAX_AGE] = "max_age",
    [HK_RULE_VALIDATION] = "validation_dag",
    [HK_RULE_APPROVALS] = "approvals",
    [HK_RULE_WINDOW] = "window",
};

static const char *const roles[] = {"", "Viewer", "User", "Op", "Admin"};

const char *hk_rule_kind_name(enum hk_rule_kind kind)
{
    HK_ASSERT(kind < HK_RULE_KIND_COUNT);
    return kind_names[kind];
}

bool hk_rule_kind_find(struct hk_str name, enum hk_rule_kind *out)
{
    for (int i = 0; i < HK_RULE_KIND_COUNT; i++) {
        if (hk_str_is(name, kind_names[i])) {
            *out = (enum hk_rule_kind)i;
            return true;
        }
    }
    return false;
}

int hk_policy_role_rank(const char *role)
{
    for (int i = 1; i < (int)(sizeof roles / sizeof roles[0]); i++) {
        if (role != NULL && strcasecmp(role, roles[i]) == 0) {
            return i;
        }
    }
    return 0;
}

const char *hk_target_kind_name(enum hk_target_kind kind)
{
    return kind == HK_TARGET_ALIAS ? "alias" : "stage";
}

bool hk_target_kind_find(struct hk_str name, enum hk_target_kind *out)
{
    *out = hk_str_is(name, "stage") ? HK_TARGET_STAGE : HK_TARGET_ALIAS;
    return *out == HK_TARGET_STAGE || hk_str_is(name, "alias");
}

const char *hk_target_text(const struct hk_target *target, struct hk_arena *arena)
{
    return hk_arena_printf(arena, "%s '%s'", hk_target_kind_name(target->kind), target->name);
}

bool hk_glob_matches(const char *glob, const char *text)
{
    const char *star = NULL; /* the last '*', and how much of the text it stands for so far */
    const char *resume = NULL;
    while (*text != '\0') {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob == '?' || *glob == *text) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*') {
        glob++;
    }
    return *glob == '\0';
}

bool hk_policy_matches(const struct hk_policy *policy, const char *model, const struct hk_target *target)
{
    return policy->target.kind == target->kind && hk_glob_matches(policy->model, model) &&
           hk_glob_matches(policy->target.name, target->name);
}

/* ---- as text ---- */

static const char *days_text(unsigned days, struct hk_arena *arena)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    char text[32] = "";
    size_t len = 0;
    if ((days & 127u) == 127u) {
        return "every day";
    }
    for (int i = 0; i < 7; i++) {
        if ((days & (1u << i)) != 0) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? "," : "", names[i]);
        }
    }
    return hk_arena_strdup(arena, text);
}

static const char *span_text(int64_t us, struct hk_arena *arena)
{
    static const struct {
        int64_t us;
        const char *name;
    } units[] = {{HK_DAY_US, "day"}, {HK_HOUR_US, "hour"}, {HK_MINUTE_US, "minute"}, {HK_SECOND_US, "second"}};
    size_t i = 0;
    while (i < 3 && us % units[i].us != 0) {
        i++;
    }
    int64_t count = us / units[i].us;
    return hk_arena_printf(arena, "%" PRId64 " %s%s", count, units[i].name, count == 1 ? "" : "s");
}

static const char *entry_text(const struct hk_rule *rule, struct hk_arena *arena)
{
    const char *what = kind_names[rule->kind];
    return rule->value != NULL ? hk_arena_printf(arena, "%s %s = %s", what, rule->name, rule->value)
                               : hk_arena_printf(arena, "%s %s", what, rule->name);
}

const char *hk_rule_text(const struct hk_rule *rule, struct hk_arena *arena)
{
    switch (rule->kind) {
    case HK_RULE_METRIC:
        return rule->name;
    case HK_RULE_SAMPLES:
        return hk_arena_printf(arena, "at least %" PRId64 " samples (%s)", rule->number, rule->name);
    case HK_RULE_TAG:
    case HK_RULE_PARAM:
        return entry_text(rule, arena);
    case HK_RULE_LINEAGE:
        return hk_arena_printf(arena, "made by a successful run of %s%s%s", rule->name != NULL ? "DAG " : "a DAG",
                               rule->name != NULL ? rule->name : "", rule->number != 0 ? ", at a commit" : "");
    case HK_RULE_CHECKSUM:
        return "artifacts unchanged since logging";
    case HK_RULE_MAX_AGE:
        return hk_arena_printf(arena, "at most %s old", span_text(rule->number, arena));
    case HK_RULE_VALIDATION:
        return hk_arena_printf(arena, "DAG %s succeeds", rule->name);
    case HK_RULE_APPROVALS:
        return hk_arena_printf(arena, "%" PRId64 " approval%s by %s", rule->number, rule->number == 1 ? "" : "s",
                               rule->name);
    case HK_RULE_WINDOW:
        return hk_arena_printf(arena, "%s %02d:%02d-%02d:%02d %s", days_text(rule->days, arena), rule->from_minute / 60,
                               rule->from_minute % 60, rule->to_minute / 60, rule->to_minute % 60, rule->name);
    case HK_RULE_SIGNATURE:
    case HK_RULE_INPUT_EXAMPLE:
    case HK_RULE_KIND_COUNT:
        break;
    }
    return hk_rule_kind_name(rule->kind);
}

/* ---- checks ---- */

static bool check_expression(const struct hk_rule *rule, struct hk_error *err)
{
    struct hk_arena arena;
    const struct hk_expression *e = NULL;
    hk_arena_init(&arena);
    bool ok = hk_expression_parse(hk_str_from(rule->name), &arena, &e, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool check_window(const struct hk_rule *rule, struct hk_error *err)
{
    if ((rule->days & 127u) == 0) {
        return hk_error_set(err, HK_INVALID, "the window opens on no day; name some, as [mon-fri]");
    }
    bool ok = rule->from_minute >= 0 && rule->from_minute < HK_MINUTES_PER_DAY && rule->to_minute > 0 &&
              rule->to_minute <= HK_MINUTES_PER_DAY && rule->from_minute != rule->to_minute;
    return ok ||
           hk_error_set(err, HK_INVALID, "the window is empty; 'from' and 'to' are two times from 00:00 to 24:00");
}

static bool check_number(const struct hk_rule *rule, struct hk_error *err)
{
    int64_t most = rule->kind == HK_RULE_APPROVALS ? HK_MAX_APPROVALS : INT64_MAX;
    if (rule->number < 1 || rule->number > most) {
        return hk_error_set(err, HK_INVALID, "%s must be at least 1%s", kind_names[rule->kind],
                            rule->kind == HK_RULE_APPROVALS ? " and at most 20" : "");
    }
    if (rule->kind == HK_RULE_APPROVALS && hk_policy_role_rank(rule->name) < hk_policy_role_rank("User")) {
        return hk_error_set(err, HK_INVALID, "'%s' is no role that can approve; there are User, Op and Admin",
                            rule->name);
    }
    return true;
}

static bool check_rule(const struct hk_rule *rule, struct hk_error *err)
{
    bool needs_name = rule->kind != HK_RULE_SIGNATURE && rule->kind != HK_RULE_INPUT_EXAMPLE &&
                      rule->kind != HK_RULE_LINEAGE && rule->kind != HK_RULE_CHECKSUM && rule->kind != HK_RULE_MAX_AGE;
    if (needs_name && (rule->name == NULL || rule->name[0] == '\0')) {
        return hk_error_set(err, HK_INVALID, "%s has no name", kind_names[rule->kind]);
    }
    switch (rule->kind) {
    case HK_RULE_METRIC:
        return check_expression(rule, err);
    case HK_RULE_SAMPLES:
    case HK_RULE_MAX_AGE:
    case HK_RULE_APPROVALS:
        return check_number(rule, err);
    case HK_RULE_WINDOW:
        return check_window(rule, err);
    default:
        return true;
    }
}

static bool check_head(const struct hk_policy *policy, struct hk_error *err)
{
    if (policy->name == NULL || policy->name[0] == '\0' || strlen(policy->name) > HK_MAX_POLICY_NAME_BYTES) {
        return hk_error_set(err, HK_INVALID, "a policy needs a name of 1 to %d bytes", HK_MAX_POLICY_NAME_BYTES);
    }
    if (policy->model == NULL || policy->model[0] == '\0') {
        return hk_error_set(err, HK_INVALID, "policy '%s' names no model; write one, or a pattern such as 'fraud*'",
                            policy->name);
    }
    if (policy->target.name == NULL || policy->target.name[0] == '\0') {
        return hk_error_set(err, HK_INVALID,
                            "policy '%s' names no target; write {alias: champion} or {stage: Production}",
                            policy->name);
    }
    if (hk_policy_role_rank(policy->removal_role) == 0) {
        return hk_error_set(err, HK_INVALID, "policy '%s': '%s' is no role; there are Viewer, User, Op and Admin",
                            policy->name, policy->removal_role != NULL ? policy->removal_role : "");
    }
    if (policy->rule_count == 0 || policy->rule_count > HK_MAX_RULES) {
        return hk_error_set(err, HK_INVALID, "policy '%s' has %zu rules; between 1 and %d are possible", policy->name,
                            policy->rule_count, HK_MAX_RULES);
    }
    return true;
}

bool hk_policy_check(const struct hk_policy *policy, size_t *at, struct hk_error *err)
{
    *at = policy->rule_count;
    if (!check_head(policy, err)) {
        return false;
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (!check_rule(&policy->rules[i], err)) {
            *at = i;
            return false;
        }
    }
    return true;
}
