/* Where a version may come from. The table is what the real server said to the same requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/registry/model_source.h"

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

static struct hk_model_source read_source(const char *text)
{
    struct hk_model_source source;
    assert_null(hk_model_source_read(&arena, hk_str_from(text), &source));
    assert_string_equal(source.text, text);
    return source;
}

static void uris_of_the_registry_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hk_source_kind kind;
        const char *name;
        const char *which;
    } rows[] = {
        {"models:/m/1", HK_SOURCE_VERSION, "m", "1"},
        {"models:/m/Production", HK_SOURCE_STAGE, "m", "Production"},
        {"models:/m/LATEST", HK_SOURCE_LATEST, "m", "LATEST"},
        {"models:/m@x", HK_SOURCE_ALIAS, "m", "x"},
        {"models:/a@b@x", HK_SOURCE_ALIAS, "a@b", "x"},
        {"models:/m-abc", HK_SOURCE_LOGGED_MODEL, "m-abc", ""},
        {"MODELS:/m/1", HK_SOURCE_VERSION, "m", "1"},
        {"models:/", HK_SOURCE_MALFORMED, NULL, NULL},
        {"models:/a/b/c", HK_SOURCE_MALFORMED, NULL, NULL},
        {"models:/m/ ", HK_SOURCE_MALFORMED, NULL, NULL},
        {"models:/m@", HK_SOURCE_MALFORMED, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hk_model_source source = read_source(rows[i].text);
        assert_int_equal(source.kind, rows[i].kind);
        if (rows[i].name != NULL) {
            assert_string_equal(source.name, rows[i].name);
            assert_string_equal(source.which, rows[i].which);
        }
    }
    assert_int_equal(read_source("models://h/m/1").host.len, 1);
}

static void nobody_makes_the_server_call_a_host(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://localhost/x", "HTTPS://e.com/x", "ftp://h/x",
                                      "sftp://h/x",         "hdfs://h/x",      "mlflow-artifacts://host/0/x",
                                      "abfss://f@a/x"};
    struct hk_model_source source;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(hk_model_source_read(&arena, hk_str_from(bad[i]), &source));
    }
}

#define NOT_OF "must identify the resource"
#define RELATIVE "without relative path references"
#define LOCAL "To use a local path"

static void a_source_belongs_to_its_owner(void **state)
{
    (void)state;
    static const char root[] = "mlflow-artifacts:/0/r1/artifacts";
    static const struct {
        const char *text;
        const char *id;
        const char *root;
        const char *mistake; /* a part of it; NULL: none */
    } rows[] = {
        {"runs:/r1/model", NULL, NULL, NOT_OF},
        {"runs:/r1/model", "r1", NULL, NULL},
        {"runs:/abc/model", "r1", NULL, NOT_OF},
        {"runs:/", "r1", NULL, RELATIVE},
        {"runs://h/r1/model", "r1", NULL, NOT_OF},
        {"mlflow-artifacts:/0/r1/artifacts/model", NULL, NULL, NOT_OF},
        {"mlflow-artifacts:/0/r1/artifacts/model", "r1", root, NULL},
        {"mlflow-artifacts:/0/r1/artifacts", "r1", root, NULL},
        {"mlflow-artifacts:/0/r1/artifactsx", "r1", root, NOT_OF},
        {"mlflow-artifacts:/0/r1/artifact%73/m", "r1", root, NULL},
        {"mlflow-artifacts:/0/r1", "r1", root, NOT_OF},
        {"mlflow-artifacts:/0/r1/artifacts/../x", "r1", root, RELATIVE},
        {"mlflow-artifacts:/0/r1/artifacts/%2e%2e/x", "r1", root, RELATIVE},
        {"mlflow-artifacts:/0/r1/artifacts/%252e%252e/x", "r1", root, RELATIVE},
        {"mlflow-artifacts:/0/r1/artifacts/..%2fx", "r1", root, RELATIVE},
        {"mlflow-artifacts:/99/x", "nosuch", NULL, NOT_OF},
        {"/tmp/x", NULL, NULL, LOCAL},
        {"/tmp/x", "r1", root, LOCAL},
        {"/tmp/a/x", "r1", "/tmp/a", NULL},
        {"file:///tmp/a/x", "r1", "/tmp/a/", NULL},
        {"/tmp/a/./x", "r1", "file:///tmp/a", NULL},
        {"/tmp/a/../b", "r1", "/tmp/a", LOCAL},
        {"/tmp/a/%2e%2e/b", "r1", "/tmp/a", LOCAL},
        {"/tmp/ab", "r1", "/tmp/a", LOCAL},
        {"relative/x", NULL, NULL, LOCAL},
        {"   ", NULL, NULL, LOCAL},
        {"s3://b/../m", NULL, NULL, RELATIVE},
        {"s3:/b//m", NULL, NULL, NULL},
        {"s3://b/./m", NULL, NULL, RELATIVE},
        {"s3://b/m/", NULL, NULL, NULL},
        {"s3://b", NULL, NULL, RELATIVE},
        {"s3://b/m?x=/../y", NULL, NULL, RELATIVE},
        {"s3://b/m%00", NULL, NULL, RELATIVE},
        {"s3://b/m#frag", NULL, NULL, NULL},
        {"s3://b/a+b", NULL, NULL, NULL},
        {"s3://b/a%20b", NULL, NULL, NULL},
        {"dbfs:/x", NULL, NULL, NULL},
        {"models:/m-abc", NULL, NULL, "model_id request parameter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hk_model_source source = read_source(rows[i].text);
        const struct hk_source_owner owner = {false, rows[i].id, rows[i].root};
        const char *mistake = hk_model_source_check(&arena, &source, &owner);
        if (rows[i].mistake == NULL && mistake != NULL) {
            fail_msg("%s: %s", rows[i].text, mistake);
        } else if (rows[i].mistake != NULL && (mistake == NULL || strstr(mistake, rows[i].mistake) == NULL)) {
            fail_msg("%s: %s instead of %s", rows[i].text, mistake != NULL ? mistake : "fine", rows[i].mistake);
        }
    }
}

static void a_logged_model_owns_as_a_run_does(void **state)
{
    (void)state;
    const struct hk_source_owner owner = {true, "m-1", "mlflow-artifacts:/0/models/m-1/artifacts"};
    const struct hk_source_owner nobody = {true, "m-2", NULL};
    struct hk_model_source source = read_source("models:/m-1");
    assert_null(hk_model_source_check(&arena, &source, &owner));
    assert_non_null(hk_model_source_check(&arena, &source, &nobody));
    source = read_source("mlflow-artifacts:/0/models/m-1/artifacts");
    assert_null(hk_model_source_check(&arena, &source, &owner));
    source = read_source("runs:/r1/m");
    assert_string_equal(hk_model_source_check(&arena, &source, &owner),
                        "Invalid model version source: 'runs:/r1/m'. The model_id request parameter must identify the "
                        "resource that contains the source.");
    source = read_source("s3://b/m");
    assert_null(hk_model_source_check(&arena, &source, &nobody));
}

static void a_prompt_has_no_source(void **state)
{
    (void)state;
    assert_null(hk_prompt_source_mistake(&arena, HK_STR("dummy-source")));
    assert_null(hk_prompt_source_mistake(&arena, HK_STR("prompt-template")));
    assert_string_equal(hk_prompt_source_mistake(&arena, HK_STR("s3://b/m")),
                        "Invalid prompt source: 's3://b/m'. Prompt sources must use an MLflow placeholder.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(uris_of_the_registry_are_taken_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_makes_the_server_call_a_host, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_belongs_to_its_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_logged_model_owns_as_a_run_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_prompt_has_no_source, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
