#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/tracking/ml_run.h"

static void a_status_has_a_name_and_a_number(void **state)
{
    (void)state;
    assert_string_equal(hk_ml_status_find(HK_STR("FINISHED")), "FINISHED");
    assert_string_equal(hk_ml_status_of_number(1), "RUNNING");
    assert_string_equal(hk_ml_status_of_number(5), "KILLED");
    assert_null(hk_ml_status_find(HK_STR("finished")));
    assert_null(hk_ml_status_of_number(0));
    assert_null(hk_ml_status_of_number(6));
}

static void ids_and_names_come_from_the_seed(void **state)
{
    (void)state;
    struct hk_rand a;
    struct hk_rand b;
    char one[HK_ML_UUID_SIZE];
    char two[HK_ML_UUID_SIZE];
    hk_rand_init(&a, 7);
    hk_rand_init(&b, 7);
    for (int i = 0; i < 1000; i++) {
        hk_ml_uuid(&a, one);
        hk_ml_uuid(&b, two);
        assert_string_equal(one, two);
        assert_int_equal(strlen(one), 32);
        assert_int_equal(strspn(one, "0123456789abcdef"), 32);
        assert_int_equal(one[12], '4');
        assert_non_null(strchr("89ab", one[16]));
        char name[HK_ML_RUN_NAME_SIZE];
        hk_ml_run_name(&a, name);
        hk_ml_run_name(&b, name);
        assert_true(strlen(name) <= 20);
    }
}

static void artifacts_lie_below_the_experiment(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"mlflow-artifacts:/1", "mlflow-artifacts:/1/r/artifacts"},
        {"s3://b/c/", "s3://b/c/r/artifacts"},
        {"s3://b/c?x=1", "s3://b/c/r/artifacts?x=1"},
        {"/tmp/foo", "/tmp/foo/r/artifacts"},
    };
    struct hk_arena arena;
    hk_arena_init(&arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(hk_ml_artifact_uri(&arena, hk_str_from(cases[i][0]), "r").data, cases[i][1]);
    }
    hk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_has_a_name_and_a_number),
        cmocka_unit_test(ids_and_names_come_from_the_seed),
        cmocka_unit_test(artifacts_lie_below_the_experiment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
