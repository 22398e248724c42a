#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dags/read_policy.h"
#include "engine/base/clock.h"

static struct hk_arena arena;

static int close_arena(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

#define HEAD                                                                                                           \
    "policies:\n"                                                                                                      \
    "  - name: p\n"                                                                                                    \
    "    model: fraud*\n"                                                                                              \
    "    target: {alias: champion}\n"                                                                                  \
    "    rules:\n"

static const struct hk_policy *read(const char *text)
{
    struct hk_read_policies all;
    struct hk_error err;
    if (!hk_read_policies(&arena, hk_str_from(text), "f.policy.yaml", &all, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(all.count, 1);
    return &all.items[0].policy;
}

static void refuse(const char *text, const char *message)
{
    struct hk_read_policies all;
    struct hk_error err;
    assert_false(hk_read_policies(&arena, hk_str_from(text), "f.policy.yaml", &all, &err));
    if (strstr(err.message, message) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, message);
    }
}

static void test_every_rule(void **state)
{
    (void)state;
    const struct hk_policy *p =
        read(HEAD "      - metric: auc >= champion.auc - 0.005\n"
                  "      - min_samples: {metric: rows, at_least: 1000}\n"
                  "      - min_samples: {param: rows, at_least: 10}\n"
                  "      - tag: owner\n"
                  "      - tag: {owner: ml}\n"
                  "      - param: {seed: 7}\n"
                  "      - signature\n"
                  "      - input_example: required\n"
                  "      - lineage\n"
                  "      - lineage: {dag: train_*, commit: required}\n"
                  "      - checksum: unchanged\n"
                  "      - max_age: 30 days\n"
                  "      - validation_dag: check\n"
                  "      - approvals: 2\n"
                  "      - approvals: {count: 1, role: Op}\n"
                  "      - window: {days: [mon-wed, Sat], from: 09:30, to: 17:00, zone: Asia/Seoul}\n"
                  "      - window: {from: '22:00', to: '02:00', days: fri-mon}\n");
    static const char *const texts[] = {
        "auc >= champion.auc - 0.005",
        "at least 1000 samples (metrics.rows)",
        "at least 10 samples (params.rows)",
        "tag owner",
        "tag owner = ml",
        "param seed = 7",
        "signature",
        "input_example",
        "made by a successful run of a DAG",
        "made by a successful run of DAG train_*, at a commit",
        "artifacts unchanged since logging",
        "at most 30 days old",
        "DAG check succeeds",
        "2 approvals by User",
        "1 approval by Op",
        "mon,tue,wed,sat 09:30-17:00 Asia/Seoul",
        "sun,mon,fri,sat 22:00-02:00 UTC",
    };
    assert_int_equal(p->rule_count, sizeof texts / sizeof texts[0]);
    for (size_t i = 0; i < p->rule_count; i++) {
        assert_string_equal(hk_rule_text(&p->rules[i], &arena), texts[i]);
    }
    assert_string_equal(p->removal_role, "Op");
    assert_int_equal(p->target.kind, HK_TARGET_ALIAS);
}

static void test_json(void **state)
{
    (void)state;
    struct hk_read_policy one;
    struct hk_error err;
    assert_true(
        hk_read_policy(&arena,
                       HK_STR("{\"name\":\"p\",\"model\":\"m\",\"target\":{\"stage\":\"PRODUCTION\"},\"removal\":"
                              "\"Admin\",\"rules\":[\"signature\",{\"approvals\":3}]}"),
                       "policy", &one, &err));
    assert_string_equal(one.policy.target.name, "Production");
    assert_string_equal(one.policy.removal_role, "Admin");
    assert_int_equal(one.policy.rules[1].number, 3);
    assert_true(hk_str_is(one.document, "{\"name\":\"p\",\"model\":\"m\",\"target\":{\"stage\":\"PRODUCTION\"},"
                                        "\"removal\":\"Admin\",\"rules\":[\"signature\",{\"approvals\":3}]}"));
}

static void test_mistakes_in_rules(void **state)
{
    (void)state;
    refuse(HEAD "      - metrics: auc > 1\n", "f.policy.yaml:6: there is no rule 'metrics'; there are metric,");
    refuse(HEAD "      - signature\n      - metric: auc >\n", "f.policy.yaml:7: 'auc >', character 6: here a number");
    refuse(HEAD "      - auc > 1\n", "f.policy.yaml:6: a rule is one key and its value");
    refuse(HEAD "      - {tag: a, param: b}\n", "f.policy.yaml:6: a rule is one key and its value");
    refuse(HEAD "      - metric: [a]\n", "f.policy.yaml:6: metric takes a text, not a list.");
    refuse(HEAD "      - signature: false\n", "signature takes 'required'; leave the rule out to not ask for it.");
    refuse(HEAD "      - tag: {a: 1, b: 2}\n", "tag takes one name");
    refuse(HEAD "      - min_samples: {metric: a}\n", "min_samples takes {metric: NAME, at_least: NUMBER}");
    refuse(HEAD "      - min_samples: {metric: a, least: 1}\n",
           "min_samples knows no 'least'; it knows metric, param, at_least.");
    refuse(HEAD "      - min_samples: {metric: a, at_least: 1.5}\n", "at_least takes a whole number, not a number.");
    refuse(HEAD "      - lineage: no\n", "lineage takes 'required'");
    refuse(HEAD "      - lineage: {commit: false}\n", "commit takes 'required'");
    refuse(HEAD "      - max_age: 30\n", "max_age takes a number and a unit");
    refuse(HEAD "      - max_age: 0 days\n", "max_age takes a number and a unit");
    refuse(HEAD "      - approvals: two\n", "approvals takes a whole number, not a text.");
    refuse(HEAD "      - approvals: {count: 1, role: Boss}\n", "f.policy.yaml:6: 'Boss' is no role that can approve");
    refuse(HEAD "      - approvals: 0\n", "approvals must be at least 1");
    refuse(HEAD "      - window: {days: someday}\n", "days takes names as mon, or mon-fri.");
    refuse(HEAD "      - window: {from: 25:00}\n", "a time of day is written as '09:30'");
    refuse(HEAD "      - window: {from: noon}\n", "a time of day is written as '09:30'");
    refuse(HEAD "      - window: {from: 10:00, to: '10:00'}\n", "the window is empty");
    refuse(HEAD "      - window: {zone: Asia/Soul}\n", "Asia/Soul");
}

static void test_mistakes_around(void **state)
{
    (void)state;
    refuse("policies: {}\n", "f.policy.yaml:1: policies takes a list");
    refuse("rules: []\n", "f.policy.yaml:1: a file of policies knows no 'rules'; it knows policies.");
    refuse("- a\n", "a file of policies takes a mapping, not a list.");
    refuse("policies: [1]\n", "a policy takes a mapping");
    refuse("policies:\n  - {name: p, model: m, target: {alias: a}}\n", "f.policy.yaml:2: a policy needs 'rules'.");
    refuse("policies:\n  - {name: p, model: m, target: {alias: a}, rules: []}\n",
           "rules takes a list of 1 to 100 rules.");
    refuse("policies:\n  - {name: p, model: m, target: {}, rules: [signature]}\n", "target takes {alias: NAME}");
    refuse("policies:\n  - {name: p, model: m, target: {stage: None}, rules: [signature]}\n", "no stage that can be");
    refuse("policies:\n  - {name: p, model: m, target: champion, rules: [signature]}\n", "target takes a mapping");
    refuse("policies:\n  - {name: p, model: m, target: {alias: a}, rules: [signature], removal: me}\n",
           "'me' is no role");
    refuse("policies:\n  - {name: p, model: m, target: {alias: a}, rules: [signature], rule: 1}\n", "knows no 'rule'");
    refuse("policies:\n  - name: p\n    model: m\n    target: {alias: v12}\n    rules: [signature]\n",
           "f.policy.yaml:4: ");
    refuse("policies:\n  - name: p\n    model: m\n    target: {alias: a b}\n    rules: [signature]\n",
           "f.policy.yaml:4: ");
    refuse(HEAD "      - validation_dag: ''\n", "f.policy.yaml:6: validation_dag takes a text that is not empty.");
    refuse("policies:\n  - &p {name: p, model: m, target: {alias: a}, rules: [signature]}\n  - *p\n",
           "there are two policies named 'p'.");
    refuse("policies: [\n", "f.policy.yaml:");
}

static void test_file_names(void **state)
{
    (void)state;
    assert_true(hk_is_policy_file("a/fraud.policy.yaml"));
    assert_true(hk_is_policy_file("fraud.policy.yml"));
    assert_false(hk_is_policy_file("policy.yaml"));
    assert_false(hk_is_policy_file("fraud.policy.py"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_every_rule, close_arena),
        cmocka_unit_test_teardown(test_json, close_arena),
        cmocka_unit_test_teardown(test_mistakes_in_rules, close_arena),
        cmocka_unit_test_teardown(test_mistakes_around, close_arena),
        cmocka_unit_test(test_file_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
