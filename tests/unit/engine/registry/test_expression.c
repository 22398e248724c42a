#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/registry/expression.h"

static struct hk_arena arena;

static int close_arena(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

/* auc 0.9 (the champion 0.92), rows 2000, val/loss 0.5, zero 0, the champion's own "champion.auc" 7. */
static bool find(void *context, const struct hk_reference *r, double *out)
{
    (void)context;
    static const struct {
        const char *key;
        bool is_champion;
        bool is_param;
        double value;
    } known[] = {
        {"auc", false, false, 0.9},      {"auc", true, false, 0.92},    {"val/loss", false, false, 0.5},
        {"rows", false, true, 2000},     {"zero", false, false, 0},     {"champion.auc", false, false, 7},
        {"f1.macro", false, false, 0.8}, {"정확도", false, false, 0.7},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (hk_str_is(r->key, known[i].key) && r->is_champion == known[i].is_champion &&
            r->is_param == known[i].is_param) {
            *out = known[i].value;
            return true;
        }
    }
    return false;
}

static struct hk_comparison compare(const char *text)
{
    const struct hk_expression *e = NULL;
    struct hk_error err;
    if (!hk_expression_parse(hk_str_from(text), &arena, &e, &err)) {
        fail_msg("%s", err.message);
    }
    return hk_expression_compare(e, find, NULL);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hk_comparison_kind kind;
    } cases[] = {
        {"metrics.auc >= 0.90", HK_COMPARISON_HOLDS},
        {"auc>=0.9", HK_COMPARISON_HOLDS},
        {"auc > 0.9", HK_COMPARISON_FAILS},
        {"auc != 0.9", HK_COMPARISON_FAILS},
        {"auc = 0.9", HK_COMPARISON_HOLDS},
        {"auc == 9e-1", HK_COMPARISON_HOLDS},
        {"auc >= champion.auc - 0.005", HK_COMPARISON_FAILS},
        {"auc >= champion.metrics.auc-0.02", HK_COMPARISON_HOLDS},
        {"0.95 > metric.auc", HK_COMPARISON_HOLDS},
        {"params.rows * 0.2 > 399.9", HK_COMPARISON_HOLDS},
        {"-auc < -0.89 + 0", HK_COMPARISON_HOLDS},
        {"auc - 0.1 - 0.1 < 0.71", HK_COMPARISON_HOLDS},
        {"auc - (0.1 - 0.1) < 0.71", HK_COMPARISON_FAILS},
        {"1 + 2 * 3 == 7 * (auc / auc)", HK_COMPARISON_HOLDS},
        {"metrics.`val/loss` < 1", HK_COMPARISON_HOLDS},
        {"metrics.\"val/loss\" < 1", HK_COMPARISON_HOLDS},
        {"`champion.auc` == 7", HK_COMPARISON_HOLDS},
        {"f1.macro <= 0.8", HK_COMPARISON_HOLDS},
        {"정확도 >= 0.7", HK_COMPARISON_HOLDS},
        {"auc / zero > 0", HK_COMPARISON_NO_NUMBER},
        {"auc * 1e308 * 1e308 > 0", HK_COMPARISON_NO_NUMBER},
        {"nothing > 0", HK_COMPARISON_MISSING},
        {"champion.f1.macro > 0", HK_COMPARISON_MISSING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hk_comparison c = compare(cases[i].text);
        if (c.kind != cases[i].kind) {
            fail_msg("%s: %d", cases[i].text, c.kind);
        }
    }
    assert_true(hk_str_is(compare("auc > champion.lift").missing.key, "lift"));
    assert_true(compare("auc > champion.lift").missing.is_champion);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "'', character 1: here a number or the name of a metric is expected."},
        {"auc", "'auc', character 4: here one of >= <= > < == != is expected."},
        {"auc >", "character 6: here a number"},
        {"auc => 1", "character 6: here a number"},
        {"auc > 1 and f1 > 2", "character 9: nothing may follow the comparison; write another rule for another one."},
        {"auc > 1.2.3", "character 7: this is no number"},
        {"auc > 2x", "character 7: this is no number"},
        {"(auc > 1", "character 6: a ')' is missing here."},
        {"auc > `x", "character 7: this quote is not closed."},
        {"정확도 > `x", "character 7: this quote is not closed."},
        {"max(auc) > 1", "character 1: there are no functions."},
        {"auc > champion", "character 7: write champion.NAME for a metric of the champion."},
        {"auc > champion.", "character 16: here a number"},
        {"1 > 0", "character 1: this compares numbers with numbers; name a metric."},
        {"auc > 1 ;", "character 9: nothing may follow"},
        {"auc > ((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))", "nested too deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct hk_expression *e = NULL;
        struct hk_error err;
        assert_false(hk_expression_parse(hk_str_from(cases[i].text), &arena, &e, &err));
        assert_int_equal(err.code, HK_INVALID);
        if (strstr(err.message, cases[i].message) == NULL) {
            fail_msg("'%s' does not say '%s'", err.message, cases[i].message);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char text[HK_MAX_EXPRESSION_BYTES + 2];
    const struct hk_expression *e = NULL;
    struct hk_error err;
    memset(text, '-', sizeof text - 1);
    assert_false(hk_expression_parse(hk_str_from(text), &arena, &e, &err));
    assert_int_equal(err.code, HK_LIMIT);
    for (size_t i = 0; i < HK_MAX_EXPRESSION_BYTES; i += 2) { /* as many references as there can be */
        memcpy(text + i, "a+", 2);
    }
    memcpy(text + HK_MAX_EXPRESSION_BYTES - 2, "<b", 3);
    text[HK_MAX_EXPRESSION_BYTES - 3] = 'a';
    text[HK_MAX_EXPRESSION_BYTES - 4] = '+';
    text[HK_MAX_EXPRESSION_BYTES - 5] = 'a';
    assert_true(hk_expression_parse(hk_str_from(text), &arena, &e, &err));
    assert_int_equal(hk_expression_compare(e, find, NULL).kind, HK_COMPARISON_MISSING);
    assert_false(hk_expression_asks_champion(e));
    struct hk_reference r;
    assert_true(hk_expression_reference(e, 0, &r));
    assert_false(hk_expression_reference(e, 500, &r));
    assert_false(hk_expression_parse((struct hk_str){"auc\xff > 1", 8}, &arena, &e, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_values, close_arena),
        cmocka_unit_test_teardown(test_mistakes, close_arena),
        cmocka_unit_test_teardown(test_limits, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
