/* Names, aliases, tags and numbers of versions: what MLflow takes and what it says about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/registry/model_name.h"

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

static struct hk_str repeated(char c, size_t count)
{
    char *text = hk_arena_alloc(&arena, count + 1);
    memset(text, c, count);
    return (struct hk_str){text, count};
}

static void names_are_no_paths(void **state)
{
    (void)state;
    static const char *const good[] = {"m", "a.", "a b", "\xe6\x97\xa5\xe6\x9c\xac", "a@b", "a\\b", "%2e"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(hk_model_name_mistake(&arena, hk_str_from(good[i]), "name"));
    }
    assert_string_equal(hk_model_name_mistake(&arena, HK_STR("a/b"), "name"),
                        "Invalid model name 'a/b'. Names cannot contain '/' or ':'.");
    assert_string_equal(hk_model_name_mistake(&arena, HK_STR("a:b"), "name"),
                        "Invalid model name 'a:b'. Names cannot contain '/' or ':'.");
    assert_string_equal(hk_model_name_mistake(&arena, HK_STR(" "), "new_name"),
                        "Missing value for required parameter 'new_name'.");
    assert_string_equal(hk_model_name_mistake(&arena, HK_STR(".."), "name"),
                        "Invalid value \"..\" for parameter 'name' supplied: Names may be treated as files in certain "
                        "cases, and must not resolve to other names when treated as such. This name would resolve to "
                        "'..'");
    assert_null(hk_model_name_mistake(&arena, repeated('x', HK_MAX_MODEL_NAME), "name"));
    assert_string_equal(hk_model_name_mistake(&arena, repeated('x', HK_MAX_MODEL_NAME + 1), "name"),
                        "'name' exceeds the maximum length of 256 characters");
}

static void some_aliases_mean_something_already(void **state)
{
    (void)state;
    static const char *const good[] = {"champion", "a-b_c", "5", "v", "v1a", "Version", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(hk_model_alias_mistake(&arena, hk_str_from(good[i])));
        assert_null(hk_model_alias_reserved(&arena, hk_str_from(good[i])));
    }
    assert_string_equal(hk_model_alias_mistake(&arena, HK_STR("a.b")),
                        "Invalid alias name: 'a.b'. Names may only contain alphanumerics, underscores (_), and dashes "
                        "(-).");
    assert_non_null(hk_model_alias_mistake(&arena, HK_STR("a\n")));
    assert_string_equal(hk_model_alias_mistake(&arena, HK_STR("")), "Registered model alias name cannot be empty.");
    assert_string_equal(hk_model_alias_mistake(&arena, repeated('x', 256)),
                        "'Registered model alias name' exceeds the maximum length of 255 characters");
    assert_string_equal(hk_model_alias_reserved(&arena, HK_STR("Latest")),
                        "'latest' alias name (case insensitive) is reserved.");
    assert_string_equal(hk_model_alias_reserved(&arena, HK_STR("V22")), "Version alias name 'V22' is reserved.");
}

static void tags_have_their_limits(void **state)
{
    (void)state;
    assert_null(hk_model_tag_mistake(&arena, HK_STR("a.b/c d"), repeated('v', HK_MAX_MODEL_TAG_VALUE)));
    assert_string_equal(hk_model_tag_mistake(&arena, HK_STR("k"), repeated('v', HK_MAX_MODEL_TAG_VALUE + 1)),
                        "'value' exceeds the maximum length of 100000 characters");
    assert_string_equal(hk_model_tag_mistake(&arena, repeated('k', 251), HK_STR("")),
                        "'key' exceeds the maximum length of 250 characters");
    assert_non_null(hk_model_tag_mistake(&arena, HK_STR(""), HK_STR("")));
    assert_string_equal(
        hk_version_tag_mistake(&arena, HK_STR(HK_PROMPT_TEXT_TAG), repeated('v', HK_MAX_MODEL_TAG_VALUE + 1)),
        "Prompt text exceeds max length of 100000 characters.");
}

static void numbers_are_read_as_python_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"1", 1}, {"01", 1}, {" 12 ", 12}, {"+3", 3}, {"-1", -1}, {"1_0", 10}};
    int64_t value = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(hk_model_version_read(&arena, hk_str_from(good[i].text), &value));
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {"", "x", "1.0", "_1", "1_", "1__0", "+", "0x1", "1 2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(hk_model_version_read(&arena, hk_str_from(bad[i]), &value));
    }
    assert_string_equal(hk_model_version_read(&arena, HK_STR("x"), &value),
                        "Parameter 'version' must be an integer, got 'x'.");
    assert_null(hk_model_version_read(&arena, HK_STR("99999999999999999999999"), &value));
    assert_true(value > INT64_C(100000000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_no_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(some_aliases_mean_something_already, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tags_have_their_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_read_as_python_does, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
