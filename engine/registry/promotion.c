#include "engine/registry/promotion.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

struct evaluation {
    const struct hk_promotion_facts *facts;
    struct hk_arena *arena;
    struct hk_rule_verdict *out; /* of the rule at hand */
    const struct hk_rule *rule;
};

static const char *const outcome_names[] = {"passed", "failed", "outstanding"};

const char *hk_rule_outcome_name(enum hk_rule_outcome outcome)
{
    return outcome_names[outcome];
}

static void say(struct evaluation *e, enum hk_rule_outcome outcome, const char *sentence)
{
    e->out->outcome = outcome;
    e->out->sentence = sentence;
}

static const char *number_text(struct hk_arena *arena, double value)
{
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, 64);
    hk_json_init(&w, &buf);
    hk_json_double(&w, value);
    struct hk_str text = hk_buf_str(&buf);
    if (hk_str_ends_with(text, ".0")) {
        text.len -= 2;
    }
    const char *out = isfinite(value) ? hk_arena_str(arena, text).data : "not a number";
    hk_buf_clear(&buf);
    return out;
}

/* ---- numbers ---- */

static const struct hk_fact_number *find_number(const struct hk_promotion_facts *facts, const struct hk_reference *r)
{
    for (size_t i = 0; i < facts->number_count; i++) {
        const struct hk_reference *known = &facts->numbers[i].reference;
        if (known->is_champion == r->is_champion && known->is_param == r->is_param && hk_str_eq(known->key, r->key)) {
            return &facts->numbers[i];
        }
    }
    return NULL;
}

static bool find_value(void *context, const struct hk_reference *reference, double *out)
{
    const struct hk_fact_number *number = find_number(context, reference);
    if (number == NULL) {
        return false;
    }
    *out = number->is_number ? number->value : NAN;
    return true;
}

static const char *missing_sentence(const struct evaluation *e, const struct hk_reference *r)
{
    const char *what = r->is_param ? "parameter" : "metric";
    int64_t version = r->is_champion ? e->facts->champion_version : e->facts->version;
    return hk_arena_printf(e->arena, "%s: version %" PRId64 "%s has no %s '%.*s'.", e->out->text, version,
                           r->is_champion ? ", which holds the target," : "", what, HK_STR_ARG(r->key));
}

static void judge_comparison(struct evaluation *e, const struct hk_expression *expression)
{
    struct hk_comparison c = hk_expression_compare(expression, find_value, (void *)(uintptr_t)(const void *)e->facts);
    if (c.kind == HK_COMPARISON_MISSING) {
        say(e, HK_RULE_FAILED, missing_sentence(e, &c.missing));
        return;
    }
    e->out->measured = number_text(e->arena, c.left);
    e->out->threshold = hk_arena_printf(e->arena, "%s %s", c.operator_text, number_text(e->arena, c.right));
    if (c.kind == HK_COMPARISON_NO_NUMBER) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: %s and %s cannot be compared.", e->out->text, e->out->measured,
                            number_text(e->arena, c.right)));
        return;
    }
    bool holds = c.kind == HK_COMPARISON_HOLDS;
    say(e, holds ? HK_RULE_PASSED : HK_RULE_FAILED,
        hk_arena_printf(e->arena, "%s: %s is %s%s.", e->out->text, e->out->measured, holds ? "" : "not ",
                        e->out->threshold));
}

static void judge_metric(struct evaluation *e)
{
    const struct hk_expression *expression = NULL;
    struct hk_error err;
    if (!hk_expression_parse(hk_str_from(e->rule->name), e->arena, &expression, &err)) {
        say(e, HK_RULE_FAILED, hk_arena_strdup(e->arena, err.message));
    } else if (hk_expression_asks_champion(expression) && e->facts->champion_version == 0) {
        say(e, HK_RULE_PASSED, hk_arena_printf(e->arena, "%s: no version holds the target yet.", e->out->text));
    } else if (hk_expression_asks_champion(expression) && e->facts->champion_version == e->facts->version) {
        say(e, HK_RULE_PASSED, hk_arena_printf(e->arena, "%s: this version holds the target itself.", e->out->text));
    } else {
        judge_comparison(e, expression);
    }
}

static void judge_samples(struct evaluation *e)
{
    struct hk_reference r = {.key = hk_str_from(e->rule->name)};
    if (hk_str_starts_with(r.key, "params.")) {
        r.is_param = true;
        r.key = hk_str_from(e->rule->name + strlen("params."));
    } else if (hk_str_starts_with(r.key, "metrics.")) {
        r.key = hk_str_from(e->rule->name + strlen("metrics."));
    }
    const struct hk_fact_number *number = find_number(e->facts, &r);
    e->out->threshold = hk_arena_printf(e->arena, ">= %" PRId64, e->rule->number);
    if (number == NULL) {
        say(e, HK_RULE_FAILED, missing_sentence(e, &r));
        return;
    }
    bool is_enough = number->is_number && number->value >= (double)e->rule->number;
    e->out->measured = number_text(e->arena, number->is_number ? number->value : NAN);
    say(e, is_enough ? HK_RULE_PASSED : HK_RULE_FAILED,
        hk_arena_printf(e->arena, "%s: there were %s.", e->out->text, e->out->measured));
}

/* ---- what must be there ---- */

/* The version's own tags come first, so that they hide those of the run. */
static void judge_entry(struct evaluation *e)
{
    const char *found = NULL;
    bool is_param = e->rule->kind == HK_RULE_PARAM;
    for (size_t i = 0; i < e->facts->text_count && found == NULL; i++) {
        const struct hk_fact_text *text = &e->facts->texts[i];
        if (text->is_param == is_param && strcmp(text->key, e->rule->name) == 0) {
            found = text->value;
        }
    }
    e->out->measured = found;
    e->out->threshold = e->rule->value;
    if (found == NULL) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: version %" PRId64 " has no such %s.", e->out->text, e->facts->version,
                            hk_rule_kind_name(e->rule->kind)));
    } else if (e->rule->value != NULL && strcmp(found, e->rule->value) != 0) {
        say(e, HK_RULE_FAILED, hk_arena_printf(e->arena, "%s: it is '%.200s'.", e->out->text, found));
    } else {
        say(e, HK_RULE_PASSED, hk_arena_printf(e->arena, "%s: it is there.", e->out->text));
    }
}

struct answer {
    enum hk_fact_answer answer;
    const char *trouble; /* a clause that says more; NULL: none */
    const char *yes;
    const char *no;
};

static void judge_answer(struct evaluation *e, const struct answer *a)
{
    static const char *const words[] = {"unknown", "no", "yes"};
    bool is_passed = a->answer == HK_FACT_YES;
    e->out->measured = words[a->answer];
    e->out->threshold = "yes";
    const char *why = is_passed                 ? a->yes
                      : a->trouble != NULL      ? a->trouble
                      : a->answer == HK_FACT_NO ? a->no
                                                : "the model's files could not be looked at";
    say(e, is_passed ? HK_RULE_PASSED : HK_RULE_FAILED, hk_arena_printf(e->arena, "%s: %s.", e->out->text, why));
}

static void judge_files(struct evaluation *e)
{
    const struct hk_promotion_facts *f = e->facts;
    struct answer a = {HK_FACT_UNKNOWN, f->artifact_trouble, "the model has one", "the model was logged without one"};
    if (e->rule->kind == HK_RULE_CHECKSUM) {
        a = (struct answer){f->is_unchanged, f->content_trouble, "they are", "they are not"};
    } else {
        a.answer = e->rule->kind == HK_RULE_SIGNATURE ? f->has_signature : f->has_input_example;
    }
    judge_answer(e, &a);
}

/* ---- DAG runs ---- */

static void judge_run(struct evaluation *e, const struct hk_fact_dag_run *run)
{
    const char *state = hk_run_state_name(run->state);
    e->out->measured = state;
    e->out->threshold = "success";
    enum hk_rule_outcome outcome = run->state == HK_RUN_SUCCESS  ? HK_RULE_PASSED
                                   : run->state == HK_RUN_FAILED ? HK_RULE_FAILED
                                                                 : HK_RULE_OUTSTANDING;
    say(e, outcome,
        hk_arena_printf(e->arena, "%s: run '%s' of DAG '%s' is %s.", e->out->text, run->run_id, run->dag_id, state));
}

static void judge_lineage(struct evaluation *e)
{
    const struct hk_fact_dag_run *maker = &e->facts->maker;
    const char *trouble = NULL;
    if (e->facts->maker_trouble != NULL) {
        trouble = hk_arena_printf(e->arena, "%s: %s.", e->out->text, e->facts->maker_trouble);
    } else if (maker->dag_id == NULL) {
        trouble =
            hk_arena_printf(e->arena, "%s: no DAG run has made version %" PRId64 ".", e->out->text, e->facts->version);
    } else if (!maker->is_known) {
        trouble = hk_arena_printf(e->arena, "%s: run '%s' of DAG '%s', which made it, was deleted.", e->out->text,
                                  maker->run_id, maker->dag_id);
    } else if (e->rule->name != NULL && !hk_glob_matches(e->rule->name, maker->dag_id)) {
        trouble = hk_arena_printf(e->arena, "%s: DAG '%s' has made it.", e->out->text, maker->dag_id);
    } else if (e->rule->number != 0 && e->facts->commit == NULL) {
        trouble = hk_arena_printf(e->arena, "%s: the commit is not known.", e->out->text);
    }
    if (trouble != NULL) {
        say(e, HK_RULE_FAILED, trouble);
    } else {
        judge_run(e, maker);
    }
}

/* One that is there, or can be made. */
static void judge_validation_run(struct evaluation *e, const struct hk_fact_validation *v)
{
    const char *dag_id = v->run.dag_id;
    bool is_at_work = v->run.is_known && (v->run.state == HK_RUN_QUEUED || v->run.state == HK_RUN_RUNNING);
    if (!v->run.is_known && v->has_import_errors) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena,
                            "%s: the file of DAG '%s' has import errors; mend it (hanok dags list-import-errors).",
                            e->out->text, dag_id));
    } else if (v->is_paused && (is_at_work || !v->run.is_known)) {
        e->out->measured = "paused";
        say(e, HK_RULE_OUTSTANDING,
            hk_arena_printf(e->arena, "%s: it waits for DAG '%s', which is paused (hanok dags unpause %s).",
                            e->out->text, dag_id, dag_id));
    } else if (!v->run.is_known) {
        e->out->measured = "not begun";
        say(e, HK_RULE_OUTSTANDING, hk_arena_printf(e->arena, "%s: it has not begun.", e->out->text));
    } else {
        judge_run(e, &v->run);
    }
}

static void judge_validation(struct evaluation *e)
{
    const struct hk_fact_validation *found = NULL;
    for (size_t i = 0; i < e->facts->validation_count && found == NULL; i++) {
        if (strcmp(e->facts->validations[i].run.dag_id, e->rule->name) == 0) {
            found = &e->facts->validations[i];
        }
    }
    e->out->threshold = "success";
    if (found != NULL && found->is_gone) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: run '%s' of it was deleted; ask for the promotion anew.", e->out->text,
                            found->run.run_id));
    } else if (found == NULL || (!found->has_dag && !found->run.is_known)) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: there is no DAG '%s'; add its file, or mend the policy '%s'.", e->out->text,
                            e->rule->name, e->out->policy->name));
    } else if (found->is_foreign) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: run '%s' was not made for this version.", e->out->text, found->run.run_id));
    } else {
        judge_validation_run(e, found);
    }
}

/* ---- people and time ---- */

static bool is_author(const struct hk_promotion_facts *facts, const char *user)
{
    for (size_t i = 0; i < facts->author_count; i++) {
        if (facts->authors[i] != NULL && strcmp(facts->authors[i], user) == 0) {
            return true;
        }
    }
    return false;
}

bool hk_approval_counts(const struct hk_rule *rule, const struct hk_promotion_facts *facts,
                        const struct hk_fact_approval *approval)
{
    return approval->user[0] != '\0' && !is_author(facts, approval->user) &&
           hk_policy_role_rank(approval->role) >= hk_policy_role_rank(rule->name);
}

static bool is_repeated(const struct hk_promotion_facts *facts, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(facts->approvals[i].user, facts->approvals[at].user) == 0) {
            return true;
        }
    }
    return false;
}

static void judge_approvals(struct evaluation *e)
{
    int64_t count = 0;
    for (size_t i = 0; i < e->facts->approval_count; i++) {
        count += !is_repeated(e->facts, i) && hk_approval_counts(e->rule, e->facts, &e->facts->approvals[i]);
    }
    e->out->measured = hk_arena_printf(e->arena, "%" PRId64, count);
    e->out->threshold = hk_arena_printf(e->arena, ">= %" PRId64, e->rule->number);
    say(e, count >= e->rule->number ? HK_RULE_PASSED : HK_RULE_OUTSTANDING,
        hk_arena_printf(e->arena, "%s: %" PRId64 " given.", e->out->text, count));
}

static void judge_age(struct evaluation *e)
{
    int64_t age_us = e->facts->now_us - e->facts->created_us;
    bool is_young = age_us <= e->rule->number;
    e->out->measured = hk_arena_printf(e->arena, "%" PRId64 " s", age_us / HK_SECOND_US);
    e->out->threshold = hk_arena_printf(e->arena, "<= %" PRId64 " s", e->rule->number / HK_SECOND_US);
    say(e, is_young ? HK_RULE_PASSED : HK_RULE_FAILED,
        hk_arena_printf(e->arena, "%s: version %" PRId64 " is %.1f hours old.", e->out->text, e->facts->version,
                        (double)age_us / (double)HK_HOUR_US));
}

/* The part of the window that begins on a given day, in wall time. */
static bool opening_on(const struct hk_rule *rule, int64_t day, int64_t *from_us, int64_t *to_us)
{
    int length = rule->to_minute - rule->from_minute;
    if (length <= 0) {
        length += HK_MINUTES_PER_DAY;
    }
    *from_us = day * HK_DAY_US + rule->from_minute * HK_MINUTE_US;
    *to_us = *from_us + length * HK_MINUTE_US;
    return (rule->days & (1u << hk_civil_weekday(day))) != 0;
}

int64_t hk_window_opens(const struct hk_rule *rule, const struct hk_zone *zone, int64_t now_us)
{
    int64_t wall_us = hk_zone_to_wall(zone, now_us);
    int64_t today = wall_us / HK_DAY_US - (wall_us % HK_DAY_US < 0);
    for (int64_t day = today - 1; day <= today + 8; day++) {
        int64_t from_us = 0;
        int64_t to_us = 0;
        if (!opening_on(rule, day, &from_us, &to_us) || to_us <= wall_us) {
            continue;
        }
        if (from_us <= wall_us) {
            return HK_TIME_NONE;
        }
        int64_t opens_us = hk_zone_to_instant(zone, from_us, false);
        return opens_us > now_us ? opens_us : now_us + HK_MINUTE_US; /* an hour that is gone through twice */
    }
    return now_us + HK_DAY_US;
}

static void judge_window(struct evaluation *e)
{
    const struct hk_zone *zone = NULL;
    for (size_t i = 0; i < e->facts->zone_count && zone == NULL; i++) {
        zone = strcmp(e->facts->zones[i].name, e->rule->name) == 0 ? e->facts->zones[i].zone : NULL;
    }
    if (zone == NULL) {
        say(e, HK_RULE_FAILED,
            hk_arena_printf(e->arena, "%s: there is no time zone '%s'.", e->out->text, e->rule->name));
        return;
    }
    char text[HK_ISO_SIZE];
    hk_iso_z(e->facts->now_us, text);
    e->out->measured = hk_arena_strdup(e->arena, text);
    e->out->threshold = e->out->text;
    e->out->open_at_us = hk_window_opens(e->rule, zone, e->facts->now_us);
    if (e->out->open_at_us == HK_TIME_NONE) {
        say(e, HK_RULE_PASSED, hk_arena_printf(e->arena, "%s: it is open.", e->out->text));
        return;
    }
    hk_iso_z(e->out->open_at_us, text);
    say(e, HK_RULE_OUTSTANDING, hk_arena_printf(e->arena, "%s: it opens at %s.", e->out->text, text));
}

/* ---- all of them ---- */

static void judge(struct evaluation *e)
{
    switch (e->rule->kind) {
    case HK_RULE_METRIC:
        judge_metric(e);
        break;
    case HK_RULE_SAMPLES:
        judge_samples(e);
        break;
    case HK_RULE_TAG:
    case HK_RULE_PARAM:
        judge_entry(e);
        break;
    case HK_RULE_SIGNATURE:
    case HK_RULE_INPUT_EXAMPLE:
    case HK_RULE_CHECKSUM:
        judge_files(e);
        break;
    case HK_RULE_LINEAGE:
        judge_lineage(e);
        break;
    case HK_RULE_MAX_AGE:
        judge_age(e);
        break;
    case HK_RULE_VALIDATION:
        judge_validation(e);
        break;
    case HK_RULE_APPROVALS:
        judge_approvals(e);
        break;
    case HK_RULE_WINDOW:
        judge_window(e);
        break;
    case HK_RULE_KIND_COUNT:
        say(e, HK_RULE_FAILED, "a rule of an unknown kind.");
        break;
    }
}

static void add_up(struct hk_verdict *all, const struct hk_rule_verdict *one)
{
    if (one->outcome == HK_RULE_FAILED || (one->outcome == HK_RULE_OUTSTANDING && all->outcome == HK_RULE_PASSED)) {
        all->outcome = one->outcome;
    }
    if (one->open_at_us != HK_TIME_NONE && one->open_at_us > all->open_at_us) {
        all->open_at_us = one->open_at_us;
    }
}

struct hk_verdict hk_promotion_evaluate(const struct hk_policy *const *policies, size_t count,
                                        const struct hk_promotion_facts *facts, struct hk_arena *arena)
{
    struct hk_verdict all = {.open_at_us = HK_TIME_NONE};
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += policies[i]->rule_count;
    }
    all.rules = hk_arena_array(arena, total + 1, sizeof *all.rules);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < policies[i]->rule_count; k++) {
            struct hk_rule_verdict *out = &all.rules[all.rule_count++];
            struct evaluation e = {facts, arena, out, &policies[i]->rules[k]};
            out->policy = policies[i];
            out->rule = e.rule;
            out->open_at_us = HK_TIME_NONE;
            out->text = hk_rule_text(e.rule, arena);
            judge(&e);
            add_up(&all, out);
        }
    }
    return all;
}
