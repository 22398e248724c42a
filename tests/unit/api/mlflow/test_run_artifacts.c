/* Artifacts asked for by run, by version and by logged model. */
#include "tests/unit/api/mlflow/fixture.h"

#include "engine/store/db.h"

#define RUN "11111111111111111111111111111111"
#define ELSEWHERE "22222222222222222222222222222222"
#define OLD "33333333333333333333333333333333"
#define INVALID "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Invalid path\""

static const char rows[] =
    "INSERT INTO ml_run (run_key, run_uuid, experiment_key, name, user_id, status, start_ms, artifact_uri) VALUES"
    " (1, '" RUN "', 0, 'a', '', 'RUNNING', 1, 'mlflow-artifacts:/0/" RUN "/artifacts'),"
    " (2, '" ELSEWHERE "', 0, 'b', '', 'RUNNING', 1, 's3://bucket/x'),"
    " (3, '" OLD "', 0, 'c', '', 'RUNNING', 1, 'http://host:5000/api/2.0/mlflow-artifacts/artifacts/0/" OLD
    "/artifacts');"
    "INSERT INTO registered_model (model_key, name, created_ms, updated_ms) VALUES (1, 'm', 1, 1);"
    "INSERT INTO model_version (version_key, model_key, version, source, storage_location, created_ms, updated_ms) "
    "VALUES"
    " (1, 1, 1, 'runs:/" RUN "/d', 'mlflow-artifacts://somewhere/0/" RUN "/artifacts/d', 1, 1);"
    "INSERT INTO logged_model (model_key, model_id, experiment_key, name, model_type, source_run_id, status,"
    " artifact_location, created_ms, updated_ms) VALUES (1, 'm-1', 0, 'x', '', '', 2, "
    "'mlflow-artifacts:/0/models/m-1', 1, 1);";

static int set_up(void **state)
{
    char path[96];
    struct hk_db *db = NULL;
    struct hk_error err;
    if (fx_set_up(state) != 0) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/hanok.db", fx.folder);
    assert_true(hk_db_open(path, HK_DB_READ_WRITE, &db, &err));
    if (!hk_db_exec(db, rows, &err)) {
        fail_msg("%s", err.message);
    }
    hk_db_close(db);
    fx_expect(200, "PUT", "/api/2.0/mlflow-artifacts/artifacts/0/" RUN "/artifacts/d/a.csv", "1,2", "");
    fx_expect(200, "PUT", "/api/2.0/mlflow-artifacts/artifacts/0/" OLD "/artifacts/b", "old", "");
    return 0;
}

static void lists(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/api/2.0/mlflow/artifacts/list?run_id=" RUN, NULL,
              "{\"root_uri\":\"mlflow-artifacts:/0/" RUN "/artifacts\",\"files\":[{\"path\":\"d\",\"is_dir\":true}]}");
    fx_expect(200, "GET", "/ajax-api/2.0/mlflow/artifacts/list?run_uuid=" RUN "&path=d&page_token=x", NULL,
              "\"files\":[{\"path\":\"d/a.csv\",\"is_dir\":false,\"file_size\":3}]");
    fx_expect(200, "GET", "/api/2.0/mlflow/artifacts/list?run_id=" RUN "&path=d/a.csv", NULL,
              "{\"root_uri\":\"mlflow-artifacts:/0/" RUN "/artifacts\"}");
    fx_expect(200, "GET", "/api/2.0/mlflow/artifacts/list?run_id=" OLD, NULL, "\"path\":\"b\"");
    fx_expect(400, "GET", "/api/2.0/mlflow/artifacts/list", NULL, "Missing value for required parameter 'run_id'.");
    fx_expect(404, "GET", "/api/2.0/mlflow/artifacts/list?run_id=no", NULL,
              "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Run with id=no not found\"");
    fx_expect(400, "GET", "/api/2.0/mlflow/artifacts/list?run_id=" RUN "&path=../x", NULL, INVALID);
    fx_expect(400, "GET", "/api/2.0/mlflow/artifacts/list?run_id=" ELSEWHERE, NULL, "lie in 's3://bucket/x'");
}

static void gives(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/get-artifact?run_id=" RUN "&path=d/a.csv", NULL, "1,2");
    fx_expect(200, "GET", "/get-artifact?run_uuid=" RUN "&path=d/a.csv", NULL, "1,2");
    fx_expect(200, "GET", "/model-versions/get-artifact?name=m&version=1&path=a.csv", NULL, "1,2");
    fx_expect(
        400, "GET", "/get-artifact?run_id=" RUN "&path=d", NULL,
        "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Artifact path refers to a directory, not a file: "
        "'0/" RUN "/artifacts/d'\"");
    fx_expect(404, "GET", "/get-artifact?run_id=" RUN "&path=no", NULL, "No such artifact: '0/" RUN "/artifacts/no'");
    fx_expect(404, "GET", "/get-artifact?run_id=no&path=x", NULL, "Run with id=no not found");
    fx_expect(400, "GET", "/get-artifact?run_id=" RUN, NULL, "Missing value for required parameter 'path'.");
    fx_expect(400, "GET", "/get-artifact?run_id=" RUN "&path=..%2fx", NULL, INVALID);
    fx_expect(404, "GET", "/model-versions/get-artifact?name=m&version=2&path=x", NULL,
              "Model Version (name=m, version=2) not found");
    fx_expect(404, "GET", "/model-versions/get-artifact?name=m&version=x&path=x", NULL,
              "(name=m, version=x) not found");
}

static void takes_from_pages(void **state)
{
    (void)state;
    static const char root[] = "/ajax-api/2.0/mlflow/upload-artifact";
    char target[256];
    snprintf(target, sizeof target, "%s?run_uuid=" RUN "&path=q/b.txt", root);
    fx_expect(200, "POST", target, "hello", "");
    fx_expect(200, "GET", "/get-artifact?run_id=" RUN "&path=q/b.txt", NULL, "hello");
    fx_expect(400, "POST", target, NULL, "Request must specify data.");
    fx_expect(200, "GET", "/get-artifact?run_id=" RUN "&path=q/b.txt", NULL, "hello");
    fx_expect(400, "POST", root, "x", "Request must specify run_uuid.");
    snprintf(target, sizeof target, "%s?run_uuid=" RUN, root);
    fx_expect(400, "POST", target, "x", "Request must specify path.");
    snprintf(target, sizeof target, "%s?run_uuid=" RUN "&path=../x", root);
    fx_expect(400, "POST", target, "x", INVALID);
    snprintf(target, sizeof target, "%s?run_uuid=no&path=x", root);
    fx_expect(404, "POST", target, "x", "Run with id=no not found");
    char *large = calloc(1, 10 * 1024 * 1024 + 2);
    assert_non_null(large);
    memset(large, 'x', 10 * 1024 * 1024 + 1);
    snprintf(target, sizeof target, "%s?run_uuid=" RUN "&path=large", root);
    fx_expect(400, "POST", target, large, "Artifact size is too large. Max size is 10MB.");
    free(large);
    fx_expect(404, "GET", "/get-artifact?run_id=" RUN "&path=large", NULL, NULL);
}

static void has_no_addresses(void **state)
{
    (void)state;
    static const char up[] = "/api/2.0/mlflow/artifacts/presigned-upload-url";
    static const char down[] = "/api/2.0/mlflow/artifacts/presigned-download-url";
    fx_expect(400, "POST", up, "{}", "Missing value for required parameter 'path'.");
    fx_expect(400, "POST", up, "{\"path\":\"x\"}", "Exactly one of run_id and model_id must be provided.");
    fx_expect(
        400, "POST", up, "{\"path\":\"x\",\"run_id\":\"" RUN "\"}",
        "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). This "
        "endpoint requires a direct cloud storage artifact URI.");
    fx_expect(400, "POST", up, "{\"path\":\"x\",\"model_id\":\"m-1\"}",
              "Presigned upload is not supported for proxied");
    fx_expect(404, "POST", up, "{\"path\":\"x\",\"model_id\":\"m-2\"}", "m-2");
    fx_expect(501, "POST", up, "{\"path\":\"x\",\"run_id\":\"" ELSEWHERE "\"}", "NOT_IMPLEMENTED");
    fx_expect(400, "POST", down, "{\"path\":\"x\",\"run_id\":\"" RUN "\"}",
              "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: "
              "mlflow-artifacts). This endpoint requires a run with a direct cloud storage artifact URI.");
    fx_expect(400, "POST", down, "{\"path\":\"x\",\"run_id\":\"" RUN "\",\"expiration\":0}",
              "expiration must be between 1 and 604800 seconds (got 0).");
    fx_expect(404, "POST", down, "{\"path\":\"x\",\"run_id\":\"no\"}", "Run with id=no not found");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fx_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(lists), TEST(gives), TEST(takes_from_pages), TEST(has_no_addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
