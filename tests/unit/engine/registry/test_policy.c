#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/registry/policy.h"

static struct hk_arena arena;

static int close_arena(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *glob;
        const char *text;
        bool matches;
    } cases[] = {
        {"fraud", "fraud", true},
        {"fraud", "Fraud", false},
        {"fraud*", "fraud", true},
        {"fraud*", "fraud-eu", true},
        {"*", "", true},
        {"*", "anything", true},
        {"?", "", false},
        {"a?c", "abc", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"**x", "x", true},
        {"", "", true},
        {"", "x", false},
        {"*[ab]", "x[ab]", true},
        {"*aaaaab", "aaaaaaaaaaaaaaaaaab", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (hk_glob_matches(cases[i].glob, cases[i].text) != cases[i].matches) {
            fail_msg("%s %s", cases[i].glob, cases[i].text);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    enum hk_rule_kind kind = HK_RULE_METRIC;
    enum hk_target_kind target = HK_TARGET_ALIAS;
    for (int i = 0; i < HK_RULE_KIND_COUNT; i++) {
        assert_true(hk_rule_kind_find(hk_str_from(hk_rule_kind_name((enum hk_rule_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(hk_rule_kind_find(HK_STR("metrics"), &kind));
    assert_true(hk_target_kind_find(HK_STR("stage"), &target));
    assert_int_equal(target, HK_TARGET_STAGE);
    assert_true(hk_target_kind_find(HK_STR("alias"), &target));
    assert_int_equal(target, HK_TARGET_ALIAS);
    assert_false(hk_target_kind_find(HK_STR("tag"), &target));
    assert_int_equal(hk_policy_role_rank("op"), 3);
    assert_int_equal(hk_policy_role_rank(""), 0);
    assert_int_equal(hk_policy_role_rank("Operator"), 0);
    assert_int_equal(hk_policy_role_rank(NULL), 0);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        struct hk_rule rule;
        const char *text;
    } cases[] = {
        {{.kind = HK_RULE_METRIC, .name = "auc > 1"}, "auc > 1"},
        {{.kind = HK_RULE_SAMPLES, .name = "rows", .number = 100}, "at least 100 samples (rows)"},
        {{.kind = HK_RULE_TAG, .name = "owner"}, "tag owner"},
        {{.kind = HK_RULE_PARAM, .name = "seed", .value = "7"}, "param seed = 7"},
        {{.kind = HK_RULE_SIGNATURE}, "signature"},
        {{.kind = HK_RULE_INPUT_EXAMPLE}, "input_example"},
        {{.kind = HK_RULE_LINEAGE}, "made by a successful run of a DAG"},
        {{.kind = HK_RULE_LINEAGE, .name = "train_*", .number = 1},
         "made by a successful run of DAG train_*, at a commit"},
        {{.kind = HK_RULE_CHECKSUM}, "artifacts unchanged since logging"},
        {{.kind = HK_RULE_MAX_AGE, .number = 30 * HK_DAY_US}, "at most 30 days old"},
        {{.kind = HK_RULE_MAX_AGE, .number = 90 * HK_MINUTE_US}, "at most 90 minutes old"},
        {{.kind = HK_RULE_VALIDATION, .name = "check"}, "DAG check succeeds"},
        {{.kind = HK_RULE_APPROVALS, .name = "Op", .number = 1}, "1 approval by Op"},
        {{.kind = HK_RULE_WINDOW, .name = "UTC", .days = 62, .from_minute = 540, .to_minute = 1020},
         "mon,tue,wed,thu,fri 09:00-17:00 UTC"},
        {{.kind = HK_RULE_WINDOW, .name = "UTC", .days = 127, .from_minute = 1380, .to_minute = 1440},
         "every day 23:00-24:00 UTC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(hk_rule_text(&cases[i].rule, &arena), cases[i].text);
    }
}

static void expect_bad_rule(struct hk_rule rule, const char *message)
{
    const struct hk_rule rules[] = {{.kind = HK_RULE_SIGNATURE}, rule};
    const struct hk_policy policy = {.name = "p",
                                     .model = "m",
                                     .target = {HK_TARGET_ALIAS, "champion"},
                                     .removal_role = "Op",
                                     .rules = rules,
                                     .rule_count = 2};
    struct hk_error err;
    size_t at = 0;
    assert_false(hk_policy_check(&policy, &at, &err));
    assert_int_equal(at, 1);
    if (strstr(err.message, message) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, message);
    }
}

static void test_checks(void **state)
{
    (void)state;
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_METRIC, .name = "auc >"}, "character 6");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_METRIC}, "metric has no name");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_VALIDATION, .name = ""}, "validation_dag has no name");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_SAMPLES, .name = "rows"}, "min_samples must be at least 1");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_MAX_AGE, .number = -1}, "max_age must be at least 1");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_APPROVALS, .name = "Op", .number = 21}, "at most 20");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_APPROVALS, .name = "Viewer", .number = 1}, "'Viewer' is no role");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_WINDOW, .name = "UTC", .to_minute = 60}, "opens on no day");
    expect_bad_rule((struct hk_rule){.kind = HK_RULE_WINDOW, .name = "UTC", .days = 1}, "the window is empty");
    static const struct hk_rule rules[] = {{.kind = HK_RULE_SIGNATURE}};
    const struct hk_policy good = {.name = "p",
                                   .model = "m",
                                   .target = {HK_TARGET_ALIAS, "champion"},
                                   .removal_role = "Op",
                                   .rules = rules,
                                   .rule_count = 1};
    struct hk_error err;
    size_t at = 0;
    assert_true(hk_policy_check(&good, &at, &err));
    struct hk_policy bad = good;
    bad.name = "";
    assert_false(hk_policy_check(&bad, &at, &err));
    bad = good;
    bad.model = NULL;
    assert_false(hk_policy_check(&bad, &at, &err));
    bad = good;
    bad.target.name = NULL;
    assert_false(hk_policy_check(&bad, &at, &err));
    bad = good;
    bad.removal_role = "Root";
    assert_false(hk_policy_check(&bad, &at, &err));
    bad = good;
    bad.rule_count = 0;
    assert_false(hk_policy_check(&bad, &at, &err));
    assert_int_equal(at, 0);
}

static void test_matching(void **state)
{
    (void)state;
    const struct hk_policy policy = {.model = "fraud*", .target = {HK_TARGET_ALIAS, "champ*"}};
    assert_true(hk_policy_matches(&policy, "fraud-eu", &(struct hk_target){HK_TARGET_ALIAS, "champion"}));
    assert_false(hk_policy_matches(&policy, "fraud-eu", &(struct hk_target){HK_TARGET_STAGE, "champion"}));
    assert_false(hk_policy_matches(&policy, "fraud-eu", &(struct hk_target){HK_TARGET_ALIAS, "Champion"}));
    assert_false(hk_policy_matches(&policy, "churn", &(struct hk_target){HK_TARGET_ALIAS, "champion"}));
    assert_string_equal(hk_target_text(&policy.target, &arena), "alias 'champ*'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_names),
        cmocka_unit_test_teardown(test_texts, close_arena),
        cmocka_unit_test(test_checks),
        cmocka_unit_test_teardown(test_matching, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
