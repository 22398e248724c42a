#include "dags/read_policy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dags/yaml_internal.h"
#include "dags/yaml_node.h"
#include "engine/base/clock.h"
#include "engine/base/limits.h"
#include "engine/graph/zone.h"
#include "engine/registry/model_name.h"

enum { MAX_POLICIES_PER_FILE = 1000 };

struct reader {
    struct hk_arena *arena;
    const char *file;
    struct hk_error *err;
};

static bool refuse(const struct reader *r, const struct hk_yaml_node *at, const char *fmt, ...) HK_PRINTF(3, 4);

static bool refuse(const struct reader *r, const struct hk_yaml_node *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(r->err, HK_INVALID, fmt, args);
    va_end(args);
    return hk__yaml_at(r->err, r->file, at->line);
}

bool hk_is_policy_file(const char *path)
{
    struct hk_str s = hk_str_from(path);
    return hk_str_ends_with(s, ".policy.yaml") || hk_str_ends_with(s, ".policy.yml");
}

/* ---- pieces ---- */

/* A text or a number as it is written: seeds and times of day are both. */
static bool take_scalar(const struct reader *r, const struct hk_yaml_node *node, const char *what, const char **out)
{
    if (node->kind == HK_YAML_NULL || node->kind == HK_YAML_LIST || node->kind == HK_YAML_MAP ||
        node->kind == HK_YAML_OBJECT) {
        return refuse(r, node, "%s takes a text, not %s.", what, hk_yaml_kind_name(node->kind));
    }
    if (node->text.len == 0) {
        return refuse(r, node, "%s takes a text that is not empty.", what);
    }
    *out = node->text.data;
    return true;
}

static const char *joined(const struct reader *r, const char *const *names)
{
    const char *all = names[0];
    for (size_t i = 1; names[i] != NULL; i++) {
        all = hk_arena_printf(r->arena, "%s, %s", all, names[i]);
    }
    return all;
}

static bool check_keys(const struct reader *r, const struct hk_yaml_node *map, const char *what,
                       const char *const *known)
{
    if (map->kind != HK_YAML_MAP) {
        return refuse(r, map, "%s takes a mapping, not %s.", what, hk_yaml_kind_name(map->kind));
    }
    for (size_t i = 0; i < map->as.in.pair_count; i++) {
        const struct hk_yaml_node *key = map->as.in.pairs[i].key;
        if (key->kind != HK_YAML_TEXT || !hk__yaml_is_listed(key->text, known)) {
            return refuse(r, key, "%s knows no '%.100s'; it knows %s.", what,
                          key->text.data != NULL ? key->text.data : "", joined(r, known));
        }
    }
    return true;
}

/* {NAME: VALUE}, or NAME alone. */
static bool take_entry(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    const char *what = hk_rule_kind_name(rule->kind);
    if (node->kind != HK_YAML_MAP) {
        return take_scalar(r, node, what, &rule->name);
    }
    if (node->as.in.pair_count != 1) {
        return refuse(r, node, "%s takes one name; write another rule for another one.", what);
    }
    return take_scalar(r, node->as.in.pairs[0].key, what, &rule->name) &&
           take_scalar(r, node->as.in.pairs[0].value, what, &rule->value);
}

static bool take_count(const struct reader *r, const struct hk_yaml_node *node, const char *what, int64_t *out)
{
    if (node == NULL || node->kind != HK_YAML_INT || node->is_big) {
        return node == NULL || refuse(r, node, "%s takes a whole number, not %s.", what, hk_yaml_kind_name(node->kind));
    }
    *out = node->as.integer;
    return true;
}

/* A switch: true, or a word that says so. */
static bool take_switch(const struct reader *r, const struct hk_yaml_node *node, const char *what, const char *word)
{
    if ((node->kind == HK_YAML_BOOL && node->as.truth) || hk_yaml_is_text(node, word)) {
        return true;
    }
    return refuse(r, node, "%s takes '%s'; leave the rule out to not ask for it.", what, word);
}

/* ---- rules ---- */

static bool read_samples(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    static const char *const keys[] = {"metric", "param", "at_least", NULL};
    if (!check_keys(r, node, "min_samples", keys)) {
        return false;
    }
    const struct hk_yaml_node *metric = hk_yaml_get(node, "metric");
    const struct hk_yaml_node *param = hk_yaml_get(node, "param");
    if ((metric == NULL) == (param == NULL) || hk_yaml_get(node, "at_least") == NULL) {
        return refuse(r, node, "min_samples takes {metric: NAME, at_least: NUMBER}, or param in place of metric.");
    }
    const char *name = NULL;
    if (!take_scalar(r, metric != NULL ? metric : param, "min_samples", &name)) {
        return false;
    }
    rule->name = hk_arena_printf(r->arena, "%s.%s", metric != NULL ? "metrics" : "params", name);
    return take_count(r, hk_yaml_get(node, "at_least"), "at_least", &rule->number);
}

static bool read_lineage(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    static const char *const keys[] = {"dag", "commit", NULL};
    if (node->kind != HK_YAML_MAP) {
        return take_switch(r, node, "lineage", "required");
    }
    if (!check_keys(r, node, "lineage", keys)) {
        return false;
    }
    const struct hk_yaml_node *dag = hk_yaml_get(node, "dag");
    const struct hk_yaml_node *commit = hk_yaml_get(node, "commit");
    rule->number = commit != NULL;
    return (dag == NULL || take_scalar(r, dag, "lineage", &rule->name)) &&
           (commit == NULL || take_switch(r, commit, "commit", "required"));
}

static bool read_age(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"day", HK_DAY_US},       {"days", HK_DAY_US},      {"hour", HK_HOUR_US},
                 {"hours", HK_HOUR_US},    {"minute", HK_MINUTE_US}, {"minutes", HK_MINUTE_US},
                 {"second", HK_SECOND_US}, {"seconds", HK_SECOND_US}};
    struct hk_str rest = node->kind == HK_YAML_TEXT ? node->text : HK_STR("");
    struct hk_str count;
    int64_t number = 0;
    if (hk_str_next(&rest, ' ', &count) && hk_str_to_i64(count, &number) && number > 0 && number < 1000000) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (hk_str_is(hk_str_trim(rest), units[i].name)) {
                rule->number = number * units[i].us;
                return true;
            }
        }
    }
    return refuse(r, node, "max_age takes a number and a unit, as '30 days' or '12 hours'.");
}

static bool read_approvals(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    static const char *const keys[] = {"count", "role", NULL};
    rule->name = "User";
    rule->number = 1;
    if (node->kind != HK_YAML_MAP) {
        return take_count(r, node, "approvals", &rule->number);
    }
    if (!check_keys(r, node, "approvals", keys)) {
        return false;
    }
    const struct hk_yaml_node *role = hk_yaml_get(node, "role");
    return take_count(r, hk_yaml_get(node, "count"), "count", &rule->number) &&
           (role == NULL || take_scalar(r, role, "role", &rule->name));
}

static int find_day(struct hk_str name)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    for (int i = 0; i < 7; i++) {
        if (name.len >= 3 && strncasecmp(name.data, names[i], 3) == 0) {
            return i;
        }
    }
    return -1;
}

/* "mon", "Monday" or "mon-fri". */
static bool add_days(const struct reader *r, const struct hk_yaml_node *node, unsigned *days)
{
    struct hk_str rest = node->text;
    struct hk_str first = {NULL, 0};
    bool ok = node->kind == HK_YAML_TEXT && hk_str_next(&rest, '-', &first);
    int from = ok ? find_day(hk_str_trim(first)) : -1;
    int to = rest.len > 0 ? find_day(hk_str_trim(rest)) : from;
    if (!ok || from < 0 || to < 0) {
        return refuse(r, node, "days takes names as mon, or mon-fri.");
    }
    for (int i = from;; i = (i + 1) % 7) {
        *days |= 1u << i;
        if (i == to) {
            return true;
        }
    }
}

static bool read_days(const struct reader *r, const struct hk_yaml_node *node, unsigned *days)
{
    if (node == NULL) {
        *days = 127;
        return true;
    }
    if (node->kind != HK_YAML_LIST) {
        return add_days(r, node, days);
    }
    for (size_t i = 0; i < node->as.in.item_count; i++) {
        if (!add_days(r, node->as.in.items[i], days)) {
            return false;
        }
    }
    return true;
}

static bool read_minute(const struct reader *r, const struct hk_yaml_node *node, int fallback, int *out)
{
    struct hk_str rest = node != NULL ? node->text : HK_STR("");
    struct hk_str hour;
    int64_t h = 0;
    int64_t m = 0;
    *out = fallback;
    if (node == NULL) {
        return true;
    }
    bool ok = hk_str_next(&rest, ':', &hour) && hk_str_to_i64(hour, &h) && rest.len == 2 && hk_str_to_i64(rest, &m);
    *out = (int)(h >= 0 && h <= 24 && m >= 0 ? h * 60 + m : -1);
    if (!ok || *out < 0 || m > 59 || *out > HK_MINUTES_PER_DAY) {
        return refuse(r, node, "a time of day is written as '09:30', up to '24:00'.");
    }
    return true;
}

static bool check_zone(const struct reader *r, const struct hk_yaml_node *at, const char *name)
{
    struct hk_zone *zone = NULL;
    if (!hk_zone_load(name, &zone, r->err)) {
        r->err->code = HK_INVALID; /* the policy is wrong; it is not the zone that was asked for */
        return hk__yaml_at(r->err, r->file, at->line);
    }
    hk_zone_free(zone);
    return true;
}

static bool read_window(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    static const char *const keys[] = {"days", "from", "to", "zone", NULL};
    if (!check_keys(r, node, "window", keys)) {
        return false;
    }
    const struct hk_yaml_node *zone = hk_yaml_get(node, "zone");
    rule->name = "UTC";
    return read_days(r, hk_yaml_get(node, "days"), &rule->days) &&
           read_minute(r, hk_yaml_get(node, "from"), 0, &rule->from_minute) &&
           read_minute(r, hk_yaml_get(node, "to"), HK_MINUTES_PER_DAY, &rule->to_minute) &&
           (zone == NULL || take_scalar(r, zone, "zone", &rule->name)) && check_zone(r, node, rule->name);
}

static bool read_rule_value(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    switch (rule->kind) {
    case HK_RULE_METRIC:
    case HK_RULE_VALIDATION:
        return take_scalar(r, node, hk_rule_kind_name(rule->kind), &rule->name);
    case HK_RULE_TAG:
    case HK_RULE_PARAM:
        return take_entry(r, node, rule);
    case HK_RULE_SIGNATURE:
    case HK_RULE_INPUT_EXAMPLE:
        return take_switch(r, node, hk_rule_kind_name(rule->kind), "required");
    case HK_RULE_CHECKSUM:
        return take_switch(r, node, "checksum", "unchanged");
    case HK_RULE_SAMPLES:
        return read_samples(r, node, rule);
    case HK_RULE_LINEAGE:
        return read_lineage(r, node, rule);
    case HK_RULE_MAX_AGE:
        return read_age(r, node, rule);
    case HK_RULE_APPROVALS:
        return read_approvals(r, node, rule);
    case HK_RULE_WINDOW:
        return read_window(r, node, rule);
    case HK_RULE_KIND_COUNT:
        break;
    }
    return false;
}

static bool is_a_word(enum hk_rule_kind kind)
{
    return kind == HK_RULE_SIGNATURE || kind == HK_RULE_INPUT_EXAMPLE || kind == HK_RULE_LINEAGE ||
           kind == HK_RULE_CHECKSUM;
}

/* {KIND: VALUE}, or the kind alone where it says everything. */
static bool read_rule(const struct reader *r, const struct hk_yaml_node *node, struct hk_rule *rule)
{
    if (node->kind == HK_YAML_TEXT && hk_rule_kind_find(node->text, &rule->kind) && is_a_word(rule->kind)) {
        return true;
    }
    if (node->kind != HK_YAML_MAP || node->as.in.pair_count != 1) {
        return refuse(r, node,
                      "a rule is one key and its value, as {metric: auc > 0.9}, or one of the words signature, "
                      "input_example, lineage and checksum.");
    }
    const struct hk_yaml_node *key = node->as.in.pairs[0].key;
    if (key->kind != HK_YAML_TEXT || !hk_rule_kind_find(key->text, &rule->kind)) {
        return refuse(r, key,
                      "there is no rule '%.100s'; there are metric, min_samples, tag, param, signature, input_example, "
                      "lineage, checksum, max_age, validation_dag, approvals and window.",
                      key->text.data != NULL ? key->text.data : "");
    }
    return read_rule_value(r, node->as.in.pairs[0].value, rule);
}

/* ---- policies ---- */

static bool read_stage(const struct reader *r, const struct hk_yaml_node *node, struct hk_target *target)
{
    static const char *const stages[] = {"Staging", "Production", "Archived"};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (strcasecmp(target->name, stages[i]) == 0) {
            target->name = stages[i];
            return true;
        }
    }
    return refuse(r, node, "'%.100s' is no stage that can be a target; there are Staging, Production and Archived.",
                  target->name);
}

/* Of an alias that nobody can set a policy would guard nothing. A pattern is taken as it is. */
static bool check_alias(const struct reader *r, const struct hk_yaml_node *node)
{
    if (strpbrk(node->text.data, "*?[") != NULL) {
        return true;
    }
    const char *mistake = hk_model_alias_mistake(r->arena, node->text);
    mistake = mistake != NULL ? mistake : hk_model_alias_reserved(r->arena, node->text);
    return mistake == NULL || refuse(r, node, "%s", mistake);
}

static bool read_target(const struct reader *r, const struct hk_yaml_node *node, struct hk_target *target)
{
    static const char *const keys[] = {"alias", "stage", NULL};
    if (!check_keys(r, node, "target", keys)) {
        return false;
    }
    const struct hk_yaml_node *alias = hk_yaml_get(node, "alias");
    const struct hk_yaml_node *stage = hk_yaml_get(node, "stage");
    if ((alias == NULL) == (stage == NULL)) {
        return refuse(r, node, "target takes {alias: NAME} or {stage: NAME}.");
    }
    target->kind = alias != NULL ? HK_TARGET_ALIAS : HK_TARGET_STAGE;
    return take_scalar(r, alias != NULL ? alias : stage, "target", &target->name) &&
           (alias != NULL ? check_alias(r, alias) : read_stage(r, stage, target));
}

static bool read_rules(const struct reader *r, const struct hk_yaml_node *list, struct hk_policy *policy)
{
    if (list->kind != HK_YAML_LIST || list->as.in.item_count == 0 || list->as.in.item_count > HK_MAX_RULES) {
        return refuse(r, list, "rules takes a list of 1 to %d rules.", HK_MAX_RULES);
    }
    struct hk_rule *rules = hk_arena_array(r->arena, list->as.in.item_count, sizeof *rules);
    for (size_t i = 0; i < list->as.in.item_count; i++) {
        if (!read_rule(r, list->as.in.items[i], &rules[i])) {
            return false;
        }
    }
    policy->rules = rules;
    policy->rule_count = list->as.in.item_count;
    return true;
}

static bool check_policy(const struct reader *r, const struct hk_yaml_node *node, const struct hk_policy *policy)
{
    size_t at = 0;
    if (hk_policy_check(policy, &at, r->err)) {
        return true;
    }
    const struct hk_yaml_node *rules = hk_yaml_get(node, "rules");
    const struct hk_yaml_node *where = at < policy->rule_count ? rules->as.in.items[at] : node;
    return hk__yaml_at(r->err, r->file, where->line);
}

static bool read_policy(const struct reader *r, const struct hk_yaml_node *node, struct hk_read_policy *out)
{
    static const char *const keys[] = {"name", "model", "target", "removal", "rules", "description", NULL};
    static const char *const needed[] = {"name", "model", "target", "rules"};
    struct hk_policy *policy = &out->policy;
    if (!check_keys(r, node, "a policy", keys)) {
        return false;
    }
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (hk_yaml_get(node, needed[i]) == NULL) {
            return refuse(r, node, "a policy needs '%s'.", needed[i]);
        }
    }
    const struct hk_yaml_node *removal = hk_yaml_get(node, "removal");
    policy->removal_role = "Op";
    if (!take_scalar(r, hk_yaml_get(node, "name"), "name", &policy->name) ||
        !take_scalar(r, hk_yaml_get(node, "model"), "model", &policy->model) ||
        !read_target(r, hk_yaml_get(node, "target"), &policy->target) ||
        (removal != NULL && !take_scalar(r, removal, "removal", &policy->removal_role)) ||
        !read_rules(r, hk_yaml_get(node, "rules"), policy) || !check_policy(r, node, policy)) {
        return false;
    }
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES);
    hk_json_init(&w, &text);
    hk_yaml_write_json(node, &w);
    out->document = hk_arena_str(r->arena, hk_buf_str(&text));
    hk_buf_clear(&text);
    return true;
}

static bool has_name_before(const struct hk_read_policies *all, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(all->items[i].policy.name, all->items[at].policy.name) == 0) {
            return true;
        }
    }
    return false;
}

bool hk_read_policies(struct hk_arena *arena, struct hk_str text, const char *name, struct hk_read_policies *out,
                      struct hk_error *err)
{
    static const char *const keys[] = {"policies", NULL};
    const struct reader r = {arena, name, err};
    struct hk_yaml_node *root = NULL;
    *out = (struct hk_read_policies){0};
    if (!hk_yaml_parse(arena, text, name, &root, err) || !check_keys(&r, root, "a file of policies", keys)) {
        return false;
    }
    const struct hk_yaml_node *list = hk_yaml_get(root, "policies");
    if (list == NULL || list->kind != HK_YAML_LIST || list->as.in.item_count > MAX_POLICIES_PER_FILE) {
        return refuse(&r, list != NULL ? list : root, "policies takes a list of at most %d policies.",
                      MAX_POLICIES_PER_FILE);
    }
    out->items = hk_arena_array(arena, list->as.in.item_count, sizeof *out->items);
    for (size_t i = 0; i < list->as.in.item_count; i++) {
        if (!read_policy(&r, list->as.in.items[i], &out->items[i])) {
            return false;
        }
        if (has_name_before(out, i)) {
            return refuse(&r, list->as.in.items[i], "there are two policies named '%.100s'.",
                          out->items[i].policy.name);
        }
    }
    out->count = list->as.in.item_count;
    return true;
}

bool hk_read_policy(struct hk_arena *arena, struct hk_str text, const char *name, struct hk_read_policy *out,
                    struct hk_error *err)
{
    const struct reader r = {arena, name, err};
    struct hk_yaml_node *root = NULL;
    *out = (struct hk_read_policy){0};
    return hk_yaml_parse(arena, text, name, &root, err) && read_policy(&r, root, out);
}
