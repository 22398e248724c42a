#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "workers/mask.h"

static struct hk_mask *mask;
static struct hk_buf out;

static int set_up(void **state)
{
    (void)state;
    mask = hk_mask_new();
    hk_buf_init(&out, 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_mask_free(mask);
    hk_buf_clear(&out);
    return 0;
}

static void check(const char *text, const char *expected)
{
    hk_buf_reset(&out);
    bool found = hk_mask_apply(mask, hk_str_from(text), &out);
    assert_string_equal(found ? out.data : text, expected);
    assert_true(found || out.len == 0);
    assert_int_equal(found, strcmp(text, expected) != 0);
}

static void secrets_are_replaced(void **state)
{
    (void)state;
    check("nothing is secret yet", "nothing is secret yet");
    hk_mask_add(mask, HK_STR("hunter2"));
    hk_mask_add(mask, HK_STR("hunter2"));
    hk_mask_add(mask, HK_STR("\xC3\xA9l\xC3\xA8ve"));
    hk_mask_add(mask, HK_STR(""));
    check("", "");
    check("hunter2", "***");
    check("hunter2hunter2", "******");
    check("xhunter2y \xC3\xA9l\xC3\xA8ve.", "x***y ***.");
    check("hunter", "hunter");
    check("a plain line", "a plain line");
}

static void the_longest_counts(void **state)
{
    (void)state;
    hk_mask_add(mask, HK_STR("token"));
    hk_mask_add(mask, HK_STR("token-long"));
    hk_mask_add(mask, HK_STR("token-lo"));
    check("token-long token-lot token-l", "*** ***t ***-l");
}

static void too_many_hide_everything(void **state)
{
    (void)state;
    size_t len = HK_MAX_SECRETS_BYTES;
    char *large = hk_alloc(len);
    memset(large, 'a', len);
    hk_mask_add(mask, (struct hk_str){large, len});
    check("still plain", "still plain");
    hk_mask_add(mask, HK_STR("b"));
    check("who knows", "***");
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_are_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_hide_everything, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
