#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

static void it_holds_code_and_sentence(void **state)
{
    (void)state;
    struct hk_error err;
    assert_false(hk_error_set(&err, HK_CONFLICT, "run '%s' is %d", "x", 3));
    assert_int_equal(err.code, HK_CONFLICT);
    assert_string_equal(err.message, "run 'x' is 3");
    assert_false(hk_error_prefix(&err, "dag '%s'", "d"));
    assert_string_equal(err.message, "dag 'd': run 'x' is 3");
    assert_int_equal(err.code, HK_CONFLICT);
}

static void long_ones_are_cut_between_characters(void **state)
{
    (void)state;
    struct hk_error err;
    for (int shift = 0; shift < 3; shift++) {
        char text[1201];
        memset(text, 'a', sizeof text);
        for (int i = shift; i + 3 < 1200; i += 3) {
            memcpy(text + i, "\xEC\xA7\x91", 3);
        }
        text[1200] = '\0';
        hk_error_set(&err, HK_INVALID, "%s", text);
        assert_true(strlen(err.message) < sizeof err.message);
        assert_true(strlen(err.message) > sizeof err.message - 8);
        assert_true(hk_str_is_utf8(hk_str_from(err.message)));
        hk_error_prefix(&err, "file '%s'", "f");
        assert_true(hk_str_starts_with(hk_str_from(err.message), "file 'f': "));
        assert_true(hk_str_is_utf8(hk_str_from(err.message)));
    }
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int code = 0; code < HK_CODE_COUNT; code++) {
        assert_true(strlen(hk_code_name((enum hk_code)code)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_holds_code_and_sentence),
                                       cmocka_unit_test(long_ones_are_cut_between_characters),
                                       cmocka_unit_test(every_code_has_a_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
