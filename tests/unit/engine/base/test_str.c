#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/str.h"

static void comparing(void **state)
{
    (void)state;
    struct hk_str nothing = hk_str_from(NULL);
    assert_int_equal(nothing.len, 0);
    assert_true(hk_str_eq(nothing, HK_STR("")));
    assert_true(hk_str_is(HK_STR("ab"), "ab"));
    assert_false(hk_str_is(HK_STR("ab"), "abc"));
    assert_false(hk_str_eq(HK_STR("a\0b"), HK_STR("a\0c")));
    assert_true(hk_str_starts_with(HK_STR("abc"), "ab") && hk_str_starts_with(nothing, ""));
    assert_false(hk_str_starts_with(HK_STR("a"), "ab"));
    assert_true(hk_str_ends_with(HK_STR("abc"), "bc"));
    assert_false(hk_str_ends_with(HK_STR("c"), "bc"));
}

static void trimming_and_splitting(void **state)
{
    (void)state;
    assert_true(hk_str_is(hk_str_trim(HK_STR(" \t\r\na b\n ")), "a b"));
    assert_int_equal(hk_str_trim(HK_STR("  \n")).len, 0);
    struct hk_str rest = HK_STR("a,,b");
    struct hk_str head;
    assert_true(hk_str_next(&rest, ',', &head) && hk_str_is(head, "a"));
    assert_true(hk_str_next(&rest, ',', &head) && head.len == 0);
    assert_true(hk_str_next(&rest, ',', &head) && hk_str_is(head, "b"));
    assert_false(hk_str_next(&rest, ',', &head));
}

static void numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "-",  "+", " 1", "1 ", "1x", "9223372036854775808", "-9223372036854775809",
                                      "0x1", "1.0"};
    int64_t i = 0;
    double d = 0;
    assert_true(hk_str_to_i64(HK_STR("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(hk_str_to_i64(HK_STR("9223372036854775807"), &i) && i == INT64_MAX);
    assert_true(hk_str_to_i64(HK_STR("007"), &i) && i == 7);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        assert_false(hk_str_to_i64(hk_str_from(bad[k]), &i));
    }
    assert_true(hk_str_to_double(HK_STR("-2.5e3"), &d) && d < -2499.0 && d > -2501.0);
    static const char *const no_double[] = {"0x10", "-0X1p3", "", "nan", "inf", "1e999", "1.0x", "."};
    for (size_t k = 0; k < sizeof no_double / sizeof no_double[0]; k++) {
        assert_false(hk_str_to_double(hk_str_from(no_double[k]), &d));
    }
}

static void copying_needs_room_for_the_end(void **state)
{
    (void)state;
    char out[4] = "zzz";
    assert_true(hk_str_copy(out, sizeof out, HK_STR("abc")));
    assert_string_equal(out, "abc");
    assert_false(hk_str_copy(out, sizeof out, HK_STR("abcd")));
    assert_string_equal(out, "");
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "\xC3\xA9", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {
        "\x80", "\xC3",     "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xFF", "a\xE2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(hk_str_is_utf8(hk_str_from(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(hk_str_is_utf8(hk_str_from(bad[i])));
    }
    assert_int_equal(hk_str_hash(HK_STR("")), UINT64_C(14695981039346656037)); /* FNV-1a */
    assert_int_equal(hk_str_hash(HK_STR("a")), UINT64_C(0xaf63dc4c8601ec8c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing), cmocka_unit_test(trimming_and_splitting),         cmocka_unit_test(numbers),
        cmocka_unit_test(utf8),      cmocka_unit_test(copying_needs_room_for_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
