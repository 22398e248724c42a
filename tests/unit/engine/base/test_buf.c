#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"

static void it_grows_and_ends_with_nul(void **state)
{
    (void)state;
    struct hk_buf buf;
    hk_buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++) {
        hk_buf_printf(&buf, "%d,", i % 10);
    }
    assert_int_equal(buf.len, 2000);
    assert_int_equal(strlen(buf.data), 2000);
    hk_buf_remove_front(&buf, 1998);
    assert_string_equal(buf.data, "9,");
    hk_buf_remove_front(&buf, 2);
    assert_int_equal(buf.len, 0);
    hk_buf_add_char(&buf, 'x');
    hk_buf_add_str(&buf, (struct hk_str){NULL, 0});
    hk_buf_add_text(&buf, "yz");
    hk_buf_add(&buf, "\0w", 2);
    assert_memory_equal(buf.data, "xyz\0w", 6);
    hk_buf_clear(&buf);
}

static void what_does_not_fit_is_left_out_for_good(void **state)
{
    (void)state;
    struct hk_buf buf;
    hk_buf_init(&buf, 4);
    hk_buf_add_text(&buf, "abcd");
    assert_false(buf.is_full);
    hk_buf_add_text(&buf, "e");
    assert_true(buf.is_full);
    hk_buf_add_text(&buf, "");
    hk_buf_printf(&buf, "%s", "f");
    assert_true(hk_str_is(hk_buf_str(&buf), "abcd"));
    hk_buf_reset(&buf);
    assert_false(buf.is_full);
    hk_buf_printf(&buf, "%s", "12345");
    assert_true(buf.is_full);
    assert_int_equal(buf.len, 0);
    hk_buf_clear(&buf);
}

static void taking_hands_over_even_nothing(void **state)
{
    (void)state;
    struct hk_buf buf;
    hk_buf_init(&buf, 10);
    char *empty = hk_buf_take(&buf);
    assert_string_equal(empty, "");
    free(empty);
    hk_buf_add_text(&buf, "a");
    char *text = hk_buf_take(&buf);
    assert_string_equal(text, "a");
    assert_int_equal(buf.len, 0);
    free(text);
    hk_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_and_ends_with_nul),
        cmocka_unit_test(what_does_not_fit_is_left_out_for_good),
        cmocka_unit_test(taking_hands_over_even_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
