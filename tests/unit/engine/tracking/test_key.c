#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/tracking/key.h"

static struct hk_arena arena;

static int set_up(void **state)
{
    (void)state;
    hk_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

/* What mlflow.utils.validation says of each; NULL: nothing. */
static const struct {
    const char *key;
    const char *end;
} keys[] = {
    {"auc", NULL},
    {"a b:c/d.e-f_9", NULL},
    {"\xc3\xbcn\xc3\xaf", NULL},
    {"...", "resolve to '...'"}, /* begins with ".." */
    {"a..b", NULL},
    {"", "resolve to '.'"},
    {".", "resolve to '.'"},
    {"..", "resolve to '..'"},
    {"../x", "resolve to '../x'"},
    {"a/../../x", "resolve to '../x'"},
    {"a/../x", "resolve to 'x'"},
    {"a//b", "resolve to 'a/b'"},
    {"a/./b", "resolve to 'a/b'"},
    {"a/", "resolve to 'a'"},
    {"./a", "resolve to 'a'"},
    {"/a", "resolve to '/a'"},
    {"//a", "resolve to '//a'"},
    {"///a", "resolve to '/a'"},
    {"/../a", "resolve to '/a'"},
    {"a#b", "and slashes (/)."},
    {"a\nb", "and slashes (/)."},
    {"a;b", "and slashes (/)."},
};

static void keys_are_told_from_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *said = hk_key_mistake(&arena, hk_str_from(keys[i].key), "key");
        if (keys[i].end == NULL ? said != NULL : said == NULL || !hk_str_ends_with(hk_str_from(said), keys[i].end)) {
            fail_msg("'%s': %s", keys[i].key, said != NULL ? said : "nothing");
        }
    }
    assert_string_equal(
        hk_key_mistake(&arena, HK_STR("a\"#"), "tags[2].key"),
        "Invalid value \"a\\\"#\" for parameter 'tags[2].key' supplied: Names may only contain "
        "alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).");
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    struct hk_str umlauts = HK_STR("\xc3\xa4\xc3\xa4\xc3\xa4");
    assert_null(hk_length_mistake(&arena, "key", umlauts, 3));
    assert_string_equal(hk_length_mistake(&arena, "key", umlauts, 2),
                        "'key' exceeds the maximum length of 2 characters");
    assert_int_equal(hk_text_cut(umlauts, 2).len, 4);
    assert_int_equal(hk_text_cut(umlauts, 0).len, 0);
    assert_int_equal(hk_text_cut(HK_STR("abc"), 3).len, 3);
    assert_int_equal(hk_text_cut(HK_STR("abcd"), 3).len, 3);
}

static void run_ids_are_words(void **state)
{
    (void)state;
    char longest[258];
    memset(longest, 'a', sizeof longest);
    assert_true(hk_run_uuid_is_well_formed((struct hk_str){longest, 256}));
    assert_false(hk_run_uuid_is_well_formed((struct hk_str){longest, 257}));
    assert_true(hk_run_uuid_is_well_formed(HK_STR("0be1-1_c")));
    assert_false(hk_run_uuid_is_well_formed(HK_STR("")));
    assert_false(hk_run_uuid_is_well_formed(HK_STR("-a")));
    assert_false(hk_run_uuid_is_well_formed(HK_STR("a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_from_paths),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(run_ids_are_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
