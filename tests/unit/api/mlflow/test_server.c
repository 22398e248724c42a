#include "tests/unit/api/mlflow/fixture.h"

static void tells_its_version(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/version", NULL, HK_MLFLOW_VERSION);
}

static void tells_what_it_can_do(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/api/3.0/mlflow/server-info", NULL, "{\"store_type\":\"SqlStore\",");
    assert_non_null(strstr(fx_body, "\"multipart_uploads_enabled\":false")); /* artifacts are in a folder */
    fx_expect(200, "GET", "/ajax-api/3.0/mlflow/server-info", NULL, "\"workspaces_enabled\":false");
    fx_expect(501, "POST", "/graphql", "{}", "\"error_code\":\"NOT_IMPLEMENTED\"");
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
        cmocka_unit_test(tells_what_it_can_do),
        cmocka_unit_test(shapes_failures_as_mlflow_does),
    };
    return cmocka_run_group_tests(tests, fx_set_up, fx_tear_down);
}
