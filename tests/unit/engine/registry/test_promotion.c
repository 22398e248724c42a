#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/registry/promotion.h"

#define NOW_US (INT64_C(1764244800) * HK_SECOND_US) /* Thursday, 2025-11-27T12:00:00Z */

static struct hk_arena arena;

static int close_arena(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static struct hk_verdict judge(const struct hk_rule *rule, const struct hk_promotion_facts *facts)
{
    struct hk_policy *policy = hk_arena_alloc(&arena, sizeof *policy);
    *policy = (struct hk_policy){.name = "p", .rules = rule, .rule_count = 1};
    const struct hk_policy *const list[] = {policy};
    return hk_promotion_evaluate(list, 1, facts, &arena);
}

static void expect(const struct hk_rule *rule, const struct hk_promotion_facts *facts, enum hk_rule_outcome outcome,
                   const char *sentence)
{
    struct hk_verdict result = judge(rule, facts);
    assert_int_equal(result.rule_count, 1);
    assert_string_equal(result.rules[0].sentence, sentence);
    assert_int_equal(result.outcome, outcome);
    assert_int_equal(result.rules[0].outcome, outcome);
}

static void test_metrics(void **state)
{
    (void)state;
    struct hk_fact_number numbers[] = {
        {{.key = HK_STR("auc")}, 0.91, true},
        {{.is_champion = true, .key = HK_STR("auc")}, 0.92, true},
        {{.key = HK_STR("nan")}, 0, false},
    };
    struct hk_promotion_facts facts = {
        .now_us = NOW_US, .version = 3, .champion_version = 2, .numbers = numbers, .number_count = 3};
    struct hk_rule rule = {.kind = HK_RULE_METRIC, .name = "metrics.auc >= 0.90"};
    expect(&rule, &facts, HK_RULE_PASSED, "metrics.auc >= 0.90: 0.91 is >= 0.9.");
    struct hk_verdict result = judge(&rule, &facts);
    assert_string_equal(result.rules[0].measured, "0.91");
    assert_string_equal(result.rules[0].threshold, ">= 0.9");
    rule.name = "auc >= champion.auc";
    expect(&rule, &facts, HK_RULE_FAILED, "auc >= champion.auc: 0.91 is not >= 0.92.");
    rule.name = "auc >= champion.auc - 0.02";
    expect(&rule, &facts, HK_RULE_PASSED, "auc >= champion.auc - 0.02: 0.91 is >= 0.9.");
    rule.name = "lift > 1";
    expect(&rule, &facts, HK_RULE_FAILED, "lift > 1: version 3 has no metric 'lift'.");
    rule.name = "auc > champion.lift";
    expect(&rule, &facts, HK_RULE_FAILED,
           "auc > champion.lift: version 2, which holds the target, has no metric 'lift'.");
    rule.name = "nan < 1";
    expect(&rule, &facts, HK_RULE_FAILED, "nan < 1: not a number and 1 cannot be compared.");
    facts.champion_version = 0;
    rule.name = "auc > champion.lift";
    expect(&rule, &facts, HK_RULE_PASSED, "auc > champion.lift: no version holds the target yet.");
    facts.champion_version = 3;
    expect(&rule, &facts, HK_RULE_PASSED, "auc > champion.lift: this version holds the target itself.");
}

static void test_samples(void **state)
{
    (void)state;
    struct hk_fact_number numbers[] = {{{.key = HK_STR("rows")}, 999, true},
                                       {{.is_param = true, .key = HK_STR("rows")}, 1000, true}};
    struct hk_promotion_facts facts = {.version = 3, .numbers = numbers, .number_count = 2};
    struct hk_rule rule = {.kind = HK_RULE_SAMPLES, .name = "rows", .number = 1000};
    expect(&rule, &facts, HK_RULE_FAILED, "at least 1000 samples (rows): there were 999.");
    rule.name = "params.rows";
    expect(&rule, &facts, HK_RULE_PASSED, "at least 1000 samples (params.rows): there were 1000.");
    rule.name = "metrics.n";
    expect(&rule, &facts, HK_RULE_FAILED, "at least 1000 samples (metrics.n): version 3 has no metric 'n'.");
}

static void test_entries(void **state)
{
    (void)state;
    struct hk_fact_text texts[] = {{false, "owner", "ml"}, {false, "owner", "run's"}, {true, "seed", "7"}};
    struct hk_promotion_facts facts = {.version = 3, .texts = texts, .text_count = 3};
    struct hk_rule rule = {.kind = HK_RULE_TAG, .name = "owner"};
    expect(&rule, &facts, HK_RULE_PASSED, "tag owner: it is there.");
    rule.value = "ml";
    expect(&rule, &facts, HK_RULE_PASSED, "tag owner = ml: it is there.");
    rule.value = "run's";
    expect(&rule, &facts, HK_RULE_FAILED, "tag owner = run's: it is 'ml'.");
    rule = (struct hk_rule){.kind = HK_RULE_PARAM, .name = "owner"};
    expect(&rule, &facts, HK_RULE_FAILED, "param owner: version 3 has no such param.");
    rule.name = "seed";
    expect(&rule, &facts, HK_RULE_PASSED, "param seed: it is there.");
}

static void test_files(void **state)
{
    (void)state;
    struct hk_promotion_facts facts = {.version = 3};
    struct hk_rule rule = {.kind = HK_RULE_SIGNATURE};
    expect(&rule, &facts, HK_RULE_FAILED, "signature: the model's files could not be looked at.");
    facts.has_signature = HK_FACT_NO;
    expect(&rule, &facts, HK_RULE_FAILED, "signature: the model was logged without one.");
    facts.has_signature = HK_FACT_YES;
    expect(&rule, &facts, HK_RULE_PASSED, "signature: the model has one.");
    rule.kind = HK_RULE_INPUT_EXAMPLE;
    expect(&rule, &facts, HK_RULE_FAILED, "input_example: the model's files could not be looked at.");
    facts.has_input_example = HK_FACT_YES;
    expect(&rule, &facts, HK_RULE_PASSED, "input_example: the model has one.");
    rule.kind = HK_RULE_CHECKSUM;
    facts.content_trouble = "file 'model.pkl' has changed";
    facts.is_unchanged = HK_FACT_NO;
    expect(&rule, &facts, HK_RULE_FAILED, "artifacts unchanged since logging: file 'model.pkl' has changed.");
    facts.is_unchanged = HK_FACT_YES;
    expect(&rule, &facts, HK_RULE_PASSED, "artifacts unchanged since logging: they are.");
}

static void test_lineage(void **state)
{
    (void)state;
    struct hk_promotion_facts facts = {.version = 3};
    struct hk_rule rule = {.kind = HK_RULE_LINEAGE};
    expect(&rule, &facts, HK_RULE_FAILED, "made by a successful run of a DAG: no DAG run has made version 3.");
    facts.maker_trouble = "no task has made it";
    expect(&rule, &facts, HK_RULE_FAILED, "made by a successful run of a DAG: no task has made it.");
    facts.maker_trouble = NULL;
    facts.maker = (struct hk_fact_dag_run){.dag_id = "train", .run_id = "r1"};
    expect(&rule, &facts, HK_RULE_FAILED,
           "made by a successful run of a DAG: run 'r1' of DAG 'train', which made it, was deleted.");
    facts.maker.is_known = true;
    facts.maker.state = HK_RUN_RUNNING;
    expect(&rule, &facts, HK_RULE_OUTSTANDING,
           "made by a successful run of a DAG: run 'r1' of DAG 'train' is running.");
    facts.maker.state = HK_RUN_FAILED;
    expect(&rule, &facts, HK_RULE_FAILED, "made by a successful run of a DAG: run 'r1' of DAG 'train' is failed.");
    facts.maker.state = HK_RUN_SUCCESS;
    expect(&rule, &facts, HK_RULE_PASSED, "made by a successful run of a DAG: run 'r1' of DAG 'train' is success.");
    rule.number = 1;
    expect(&rule, &facts, HK_RULE_FAILED, "made by a successful run of a DAG, at a commit: the commit is not known.");
    facts.commit = "0123abc";
    assert_int_equal(judge(&rule, &facts).outcome, HK_RULE_PASSED);
    rule.name = "nightly_*";
    expect(&rule, &facts, HK_RULE_FAILED,
           "made by a successful run of DAG nightly_*, at a commit: DAG 'train' has made it.");
}

static void test_age(void **state)
{
    (void)state;
    struct hk_promotion_facts facts = {.now_us = NOW_US, .created_us = NOW_US - 36 * HK_HOUR_US, .version = 3};
    struct hk_rule rule = {.kind = HK_RULE_MAX_AGE, .number = 36 * HK_HOUR_US};
    expect(&rule, &facts, HK_RULE_PASSED, "at most 36 hours old: version 3 is 36.0 hours old.");
    facts.now_us++;
    expect(&rule, &facts, HK_RULE_FAILED, "at most 36 hours old: version 3 is 36.0 hours old.");
}

static void test_validation(void **state)
{
    (void)state;
    struct hk_fact_validation v = {.run = {.dag_id = "check", .run_id = "promotion__1"}};
    struct hk_promotion_facts facts = {.version = 3};
    struct hk_rule rule = {.kind = HK_RULE_VALIDATION, .name = "check"};
    expect(&rule, &facts, HK_RULE_FAILED,
           "DAG check succeeds: there is no DAG 'check'; add its file, or mend the policy 'p'.");
    facts.validations = &v;
    facts.validation_count = 1;
    expect(&rule, &facts, HK_RULE_FAILED,
           "DAG check succeeds: there is no DAG 'check'; add its file, or mend the policy 'p'.");
    v.has_dag = true;
    expect(&rule, &facts, HK_RULE_OUTSTANDING, "DAG check succeeds: it has not begun.");
    v.is_paused = true;
    const char *paused = "DAG check succeeds: it waits for DAG 'check', which is paused (hanok dags unpause check).";
    expect(&rule, &facts, HK_RULE_OUTSTANDING, paused);
    v.has_import_errors = true;
    expect(&rule, &facts, HK_RULE_FAILED,
           "DAG check succeeds: the file of DAG 'check' has import errors; mend it (hanok dags list-import-errors).");
    v.run.is_known = true;
    v.run.state = HK_RUN_QUEUED; /* with the version of before */
    expect(&rule, &facts, HK_RULE_OUTSTANDING, paused);
    v.is_paused = false;
    expect(&rule, &facts, HK_RULE_OUTSTANDING, "DAG check succeeds: run 'promotion__1' of DAG 'check' is queued.");
    v.run.state = HK_RUN_FAILED;
    expect(&rule, &facts, HK_RULE_FAILED, "DAG check succeeds: run 'promotion__1' of DAG 'check' is failed.");
    v.run.state = HK_RUN_SUCCESS;
    v.has_dag = false; /* its file went after the run */
    expect(&rule, &facts, HK_RULE_PASSED, "DAG check succeeds: run 'promotion__1' of DAG 'check' is success.");
    v.is_gone = true;
    expect(&rule, &facts, HK_RULE_FAILED,
           "DAG check succeeds: run 'promotion__1' of it was deleted; ask for the promotion anew.");
    v.is_gone = false;
    v.is_foreign = true;
    expect(&rule, &facts, HK_RULE_FAILED, "DAG check succeeds: run 'promotion__1' was not made for this version.");
}

static void test_approvals(void **state)
{
    (void)state;
    const char *authors[] = {"ann", NULL};
    struct hk_fact_approval approvals[] = {{"ann", "Admin"}, {"bob", "User"},  {"", "Admin"},
                                           {"cid", "Op"},    {"cid", "Admin"}, {"dan", "Admin"}};
    struct hk_promotion_facts facts = {
        .version = 3, .authors = authors, .author_count = 2, .approvals = approvals, .approval_count = 5};
    struct hk_rule rule = {.kind = HK_RULE_APPROVALS, .name = "Op", .number = 2};
    expect(&rule, &facts, HK_RULE_OUTSTANDING, "2 approvals by Op: 1 given.");
    facts.approval_count = 6;
    expect(&rule, &facts, HK_RULE_PASSED, "2 approvals by Op: 2 given.");
    rule.number = 3;
    rule.name = "User";
    expect(&rule, &facts, HK_RULE_PASSED, "3 approvals by User: 3 given.");
}

static void test_window(void **state)
{
    (void)state;
    struct hk_error err;
    struct hk_zone *seoul = NULL;
    assert_true(hk_zone_load("+09:00", &seoul, &err));
    struct hk_fact_zone zones[] = {{"nowhere", NULL}, {"+09:00", seoul}};
    struct hk_promotion_facts facts = {.now_us = NOW_US, .version = 3, .zones = zones, .zone_count = 2};
    struct hk_rule rule = {
        .kind = HK_RULE_WINDOW, .name = "nowhere", .days = 62, .from_minute = 9 * 60, .to_minute = 17 * 60};
    expect(&rule, &facts, HK_RULE_FAILED, "mon,tue,wed,thu,fri 09:00-17:00 nowhere: there is no time zone 'nowhere'.");
    rule.name = "+09:00"; /* there it is 21:00 on a Thursday */
    expect(&rule, &facts, HK_RULE_OUTSTANDING,
           "mon,tue,wed,thu,fri 09:00-17:00 +09:00: it opens at 2025-11-28T00:00:00Z.");
    assert_int_equal(judge(&rule, &facts).open_at_us, NOW_US + 12 * HK_HOUR_US);
    facts.now_us = NOW_US + 12 * HK_HOUR_US;
    expect(&rule, &facts, HK_RULE_PASSED, "mon,tue,wed,thu,fri 09:00-17:00 +09:00: it is open.");
    facts.now_us = NOW_US + 20 * HK_HOUR_US; /* Friday 17:00: closed until Monday */
    assert_int_equal(judge(&rule, &facts).open_at_us, NOW_US + 12 * HK_HOUR_US + 3 * HK_DAY_US);
    rule.from_minute = 22 * 60; /* past midnight: Friday's night ends on Saturday */
    rule.to_minute = 2 * 60;
    facts.now_us = NOW_US + 12 * HK_HOUR_US + 16 * HK_HOUR_US; /* Saturday 01:00 */
    assert_int_equal(judge(&rule, &facts).outcome, HK_RULE_PASSED);
    facts.now_us += 60 * HK_MINUTE_US;
    assert_int_equal(judge(&rule, &facts).outcome, HK_RULE_OUTSTANDING);
    hk_zone_free(seoul);
}

static void test_several(void **state)
{
    (void)state;
    const struct hk_rule first[] = {{.kind = HK_RULE_APPROVALS, .name = "Op", .number = 1},
                                    {.kind = HK_RULE_SIGNATURE}};
    const struct hk_rule second[] = {{.kind = HK_RULE_TAG, .name = "owner"}};
    const struct hk_policy a = {.name = "a", .rules = first, .rule_count = 2};
    const struct hk_policy b = {.name = "b", .rules = second, .rule_count = 1};
    const struct hk_policy *policies[] = {&a, &b};
    struct hk_fact_text owner = {false, "owner", "ml"};
    struct hk_promotion_facts facts = {.version = 3, .has_signature = HK_FACT_YES, .texts = &owner, .text_count = 1};
    struct hk_verdict all = hk_promotion_evaluate(policies, 2, &facts, &arena);
    assert_int_equal(all.rule_count, 3);
    assert_int_equal(all.outcome, HK_RULE_OUTSTANDING);
    assert_ptr_equal(all.rules[2].policy, &b);
    facts.text_count = 0;
    assert_int_equal(hk_promotion_evaluate(policies, 2, &facts, &arena).outcome, HK_RULE_FAILED);
    assert_int_equal(hk_promotion_evaluate(NULL, 0, &facts, &arena).outcome, HK_RULE_PASSED);
    assert_string_equal(hk_rule_outcome_name(HK_RULE_OUTSTANDING), "outstanding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_metrics, close_arena),    cmocka_unit_test_teardown(test_samples, close_arena),
        cmocka_unit_test_teardown(test_entries, close_arena),    cmocka_unit_test_teardown(test_files, close_arena),
        cmocka_unit_test_teardown(test_lineage, close_arena),    cmocka_unit_test_teardown(test_age, close_arena),
        cmocka_unit_test_teardown(test_validation, close_arena), cmocka_unit_test_teardown(test_approvals, close_arena),
        cmocka_unit_test_teardown(test_window, close_arena),     cmocka_unit_test_teardown(test_several, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
