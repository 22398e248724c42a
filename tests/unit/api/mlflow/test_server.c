#include "tests/unit/api/mlflow/fixture.h"

static void tells_its_version(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/version", NULL, HK_MLFLOW_VERSION);
}

static void shapes_failures_as_mlflow_does(void **state)
{
    (void)state;
    fx_expect(404, "GET", "/api/2.0/mlflow/nothing", NULL, "{\"error_code\":\"ENDPOINT_NOT_FOUND\",\"message\":");
    fx_expect(404, "POST", "/ajax-api/2.0/mlflow/nothing", "{}", "ENDPOINT_NOT_FOUND");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_its_version),
        cmocka_unit_test(shapes_failures_as_mlflow_does),
    };
    return cmocka_run_group_tests(tests, fx_set_up, fx_tear_down);
}
