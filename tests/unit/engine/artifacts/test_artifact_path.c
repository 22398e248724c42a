/* What comes from outside as a path, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/base/limits.h"

static struct hk_arena arena;
static struct hk_error err;

static void expect(const char *text, const char *decoded, const char *normal)
{
    struct hk_artifact_path path;
    if (!hk_artifact_path_read(hk_str_from(text), &arena, &path, &err)) {
        fail_msg("'%s': %s", text, err.message);
    }
    assert_string_equal(path.text.data, decoded);
    assert_string_equal(path.normal.data, normal);
}

static void expect_refused(const char *text)
{
    struct hk_artifact_path path;
    if (hk_artifact_path_read(hk_str_from(text), &arena, &path, &err)) {
        fail_msg("'%s' became '%s'", text, path.normal.data);
    }
    assert_int_equal(err.code, HK_INVALID);
    assert_string_equal(err.message, "Invalid path");
}

static void reads(void **state)
{
    (void)state;
    expect("", "", "");
    expect("0/4c/artifacts/model/MLmodel", "0/4c/artifacts/model/MLmodel", "0/4c/artifacts/model/MLmodel");
    expect("a%20b.txt", "a b.txt", "a b.txt");
    expect("a%2520b.txt", "a b.txt", "a b.txt");
    expect("100%", "100%", "100%");
    expect("%ed%95%9c%EC%98%A5", "한옥", "한옥");
    expect("a//b/./c/", "a//b/./c/", "a/b/c");
    expect(".", ".", "");
    expect("a\nb\x7f", "a%0ab%7f", "a%0ab%7f");
    expect("a%00b", "a%00b", "a%00b");
    expect("..a/b../...", "..a/b../...", "..a/b../...");
    expect("a\\b", "a\\b", "a\\b");
    expect("a:b", "a:b", "a:b");
}

static void refuses_what_leads_out(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "..",
        "../x",
        "a/../b",
        "a/..",
        "%2e%2e/x",
        "%2E%2e%2Fx",
        "/etc",
        "%2fetc/passwd",
        "a/%252e%252e/x",
        "%25252e%25252e/x",
        "..\\x",
        "a%5c..%5cx",
        "C:\\x",
        "c:/x",
        "\\\\host\\share",
        "//host/share",
        "file:///etc",
        "FILE:x",
        "a#b",
        "./C:/x",
        "./file:x",
        ".//\\\\host\\x",
        "a%23b",
        "\xff",
        "%ff",
        "%c0%ae%c0%ae/x",
        "%e0%80%ae./x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_refused(bad[i]);
    }
    /* Decoded once more with each round, as long as one likes. */
    expect_refused("%2525252525252525252525252e");
}

static void keeps_limits(void **state)
{
    (void)state;
    struct hk_artifact_path path;
    static char text[HK_MAX_ARTIFACT_PATH_BYTES + 2];
    memset(text, 'a', HK_MAX_ARTIFACT_PATH_BYTES + 1);
    assert_false(hk_artifact_path_read(hk_str_from(text), &arena, &path, &err));
    assert_int_equal(err.code, HK_LIMIT);
    text[HK_MAX_ARTIFACT_PATH_BYTES] = '\0';
    assert_true(hk_artifact_path_read(hk_str_from(text), &arena, &path, &err));
    for (size_t i = 1; i < 2 * HK_MAX_ARTIFACT_DEPTH; i += 2) {
        text[i] = '/';
    }
    assert_false(hk_artifact_path_read(hk_str_from(text), &arena, &path, &err));
    assert_int_equal(err.code, HK_LIMIT);
    text[1] = 'b';
    assert_true(hk_artifact_path_read(hk_str_from(text), &arena, &path, &err));
}

static bool may_write(const char *text)
{
    struct hk_artifact_path path;
    assert_true(hk_artifact_path_read(hk_str_from(text), &arena, &path, &err));
    return hk_artifact_path_check_target(&path, &err);
}

static void checks_targets(void **state)
{
    (void)state;
    assert_true(may_write("a/b.txt"));
    assert_true(may_write("a/.hidden"));
    assert_false(may_write(""));
    assert_false(may_write("."));
    assert_false(may_write("a/./b"));
    assert_non_null(strstr(err.message, "This name would resolve to 'a/b'"));
    assert_false(may_write("a//b"));
    assert_false(may_write("a/"));
    assert_false(may_write("a/.artifact.uploading.1"));
    assert_non_null(strstr(err.message, "are reserved"));
}

static void joins(void **state)
{
    (void)state;
    assert_string_equal(hk_artifact_path_join(&arena, HK_STR("a/b"), HK_STR("c")).data, "a/b/c");
    assert_string_equal(hk_artifact_path_join(&arena, HK_STR(""), HK_STR("c")).data, "c");
    assert_string_equal(hk_artifact_path_join(&arena, HK_STR("a"), HK_STR("")).data, "a");
    assert_string_equal(hk_artifact_path_name(HK_STR("a/b")).data, "b");
    assert_string_equal(hk_artifact_path_name(HK_STR("b")).data, "b");
}

static int clear(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),        cmocka_unit_test(refuses_what_leads_out),
        cmocka_unit_test(keeps_limits), cmocka_unit_test(checks_targets),
        cmocka_unit_test(joins),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
