/* logged-models: from creation to deletion, their metrics, and their artifacts. */
#include "tests/unit/api/mlflow/fixture.h"

#define ROOT "/api/2.0/mlflow/logged-models"

/* The text of a member of the last answer. */
static const char *member(const char *name)
{
    static char texts[4][128];
    static size_t next;
    char *out = texts[next++ % 4];
    char pattern[64];
    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *at = strstr(fx_body, pattern);
    assert_non_null(at);
    at += strlen(pattern);
    snprintf(out, sizeof texts[0], "%.*s", (int)strcspn(at, "\""), at);
    return out;
}

static const char *path(const char *model_id, const char *rest)
{
    static char texts[4][256];
    static size_t next;
    char *out = texts[next++ % 4];
    snprintf(out, sizeof texts[0], ROOT "/%s%s", model_id, rest);
    return out;
}

static const char *make(void)
{
    fx_expect(200, "POST", ROOT, "{\"experiment_id\":\"0\",\"name\":\"m\"}", "LOGGED_MODEL_PENDING");
    return member("model_id");
}

static void are_made(void **state)
{
    (void)state;
    fx_expect(200, "POST", ROOT,
              "{\"experiment_id\":\"0\",\"name\":\"m1\",\"model_type\":\"x\",\"source_run_id\":\"r\","
              "\"tags\":[{\"key\":\"t\",\"value\":\"1\"}],\"params\":[{\"key\":\"p\",\"value\":\"2\"}]}",
              "\"experiment_id\":\"0\",\"name\":\"m1\",\"creation_timestamp_ms\":1700000000000,"
              "\"last_updated_timestamp_ms\":1700000000000,\"artifact_uri\":\"mlflow-artifacts:/0/models/m-");
    const char *id = member("model_id");
    assert_int_equal(strlen(id), 34);
    fx_expect(200, "GET", path(id, ""), NULL,
              "\"status\":\"LOGGED_MODEL_PENDING\",\"model_type\":\"x\",\"source_run_id\":\"r\","
              "\"tags\":[{\"key\":\"t\",\"value\":\"1\"}]},\"data\":{\"params\":[{\"key\":\"p\",\"value\":\"2\"}]}}}");
    fx_expect(200, "POST", ROOT, "{\"experiment_id\":\"0\"}", "\"data\":{}");
    assert_true(strlen(member("name")) > 5); /* one was made up */
    fx_expect(404, "GET", path("m-none", ""), NULL,
              "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Logged model with ID 'm-none' not found.\"");
}

static void are_refused(void **state)
{
    (void)state;
    fx_expect(400, "POST", ROOT, "{\"name\":\"a\"}", "Missing value for required parameter 'experiment_id'.");
    fx_expect(404, "POST", ROOT, "{\"experiment_id\":\"99\"}", "No Experiment with id=99 exists");
    fx_expect(400, "POST", ROOT, "{\"experiment_id\":\"0\",\"name\":\"a/b\"}",
              "Invalid model name ('a/b') provided. Model name must be a non-empty string and cannot contain the "
              "following characters: ('/', ':', '.', '%', '\\\"', \\\"'\\\")");
    fx_expect(400, "POST", ROOT, "{\"experiment_id\":\"0\",\"name\":5}",
              "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.");
    fx_expect(400, "POST", ROOT,
              "{\"experiment_id\":\"0\",\"params\":[{\"key\":\"p\",\"value\":\"1\"},{\"key\":\"p\",\"value\":\"2\"}]}",
              "\"error_code\":\"BAD_REQUEST\"");
    assert_int_equal(fx_call_as("vera", "viewer", "POST", ROOT, "{\"experiment_id\":\"0\"}"), 403);
}

static void become_ready(void **state)
{
    (void)state;
    char body[256];
    const char *id = make();
    snprintf(body, sizeof body, "{\"model_id\":\"%s\",\"status\":\"LOGGED_MODEL_READY\"}", id);
    fx.now_us += HK_MS_US;
    fx_expect(200, "PATCH", path(id, ""), body, "\"status\":\"LOGGED_MODEL_READY\"");
    assert_non_null(strstr(fx_body, "\"last_updated_timestamp_ms\":1700000000001"));
    snprintf(body, sizeof body, "{\"model_id\":\"%s\",\"status\":3}", id);
    fx_expect(200, "PATCH", path(id, ""), body, "\"status\":\"LOGGED_MODEL_UPLOAD_FAILED\"");
    snprintf(body, sizeof body, "{\"model_id\":\"%s\",\"status\":\"nonsense\"}", id);
    fx_expect(400, "PATCH", path(id, ""), body, "Unknown model status: \\\"nonsense\\\"");
    snprintf(body, sizeof body, "{\"model_id\":\"%s\",\"status\":9}", id);
    fx_expect(400, "PATCH", path(id, ""), body, "Unknown model status: 9");
    fx_expect(400, "PATCH", path(id, ""), "{\"status\":2}", "Missing value for required parameter 'model_id'.");
    fx_expect(400, "PATCH", path(id, ""), "{\"model_id\":\"m-other\",\"status\":2}", "is not that of the address");
    snprintf(body, sizeof body, "{\"model_id\":\"%s\"}", id);
    fx_expect(400, "PATCH", path(id, ""), body, "Missing value for required parameter 'status'.");
}

static void have_tags_and_params(void **state)
{
    (void)state;
    char body[256];
    const char *id = make();
    fx_expect(200, "PATCH", path(id, "/tags"),
              "{\"tags\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"2\"},{\"key\":\"b/c\"}]}", "{}");
    fx_expect(200, "GET", path(id, ""), NULL,
              "\"tags\":[{\"key\":\"a\",\"value\":\"2\"},{\"key\":\"b/c\",\"value\":\"\"}]");
    fx_expect(200, "DELETE", path(id, "/tags/b/c"), NULL, "{}");
    fx_expect(404, "DELETE", path(id, "/tags/b"), NULL, "No tag with key 'b' found for model with ID 'm-");
    snprintf(body, sizeof body, "{\"model_id\":\"%s\",\"params\":[{\"key\":\"q\",\"value\":\"1\"}]}", id);
    fx_expect(200, "POST", path(id, "/params"), body, "{}");
    fx_expect(400, "POST", path(id, "/params"), body, "The param 'q' was logged already");
    fx_expect(200, "GET", path(id, ""), NULL, "\"params\":[{\"key\":\"q\",\"value\":\"1\"}]");
}

static void have_the_metrics_of_runs(void **state)
{
    (void)state;
    char body[512];
    char run[64];
    const char *id = make();
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/create", "{\"experiment_id\":\"0\"}", "run_id");
    snprintf(run, sizeof run, "%s", member("run_id"));
    snprintf(body, sizeof body,
             "{\"run_id\":\"%s\",\"key\":\"auc\",\"value\":0.5,\"timestamp\":1,\"model_id\":\"%s\","
             "\"dataset_name\":\"d\",\"dataset_digest\":\"x\"}",
             run, id);
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/log-metric", body, "{}");
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/log-metric", body, "{}"); /* the same again is no second value */
    snprintf(body, sizeof body,
             "{\"run_id\":\"%s\",\"key\":\"auc\",\"value\":1,\"timestamp\":1,\"dataset_name\":\"d\"}", run);
    fx_expect(400, "POST", "/api/2.0/mlflow/runs/log-metric", body,
              "Both dataset_name and dataset_digest must be provided if one is provided");
    snprintf(body, sizeof body,
             "{\"run_id\":\"%s\",\"metrics\":[{\"key\":\"auc\",\"value\":\"NaN\",\"timestamp\":2,\"step\":1,"
             "\"model_id\":\"%s\"}]}",
             run, id);
    fx_expect(200, "POST", "/api/2.0/mlflow/runs/log-batch", body, "{}");
    fx_expect(200, "GET", path(id, ""), NULL,
              "\"metrics\":[{\"key\":\"auc\",\"value\":0.5,\"timestamp\":1,\"step\":0,\"dataset_name\":\"d\","
              "\"dataset_digest\":\"x\",\"model_id\":\"m-");
    assert_non_null(strstr(fx_body, "{\"key\":\"auc\",\"value\":\"NaN\",\"timestamp\":2,\"step\":1,\"model_id\":"));
    snprintf(body, sizeof body,
             "{\"run_id\":\"%s\",\"key\":\"other\",\"value\":1,\"timestamp\":1,\"model_id\":\"m-none\"}", run);
    fx_expect(400, "POST", "/api/2.0/mlflow/runs/log-metric", body, "Logged model with ID 'm-none' not found.");
    snprintf(body, sizeof body, "/api/2.0/mlflow/runs/get?run_id=%s", run);
    fx_expect(200, "GET", body, NULL, "auc");
    assert_null(strstr(fx_body, "other")); /* nothing of what was refused stays */
}

static void are_deleted(void **state)
{
    (void)state;
    const char *id = make();
    fx_expect(200, "DELETE", path(id, ""), NULL, "{}");
    fx_expect(200, "DELETE", path(id, ""), NULL, "{}");
    fx_expect(404, "GET", path(id, ""), NULL, "not found");
    fx_expect(200, "GET", path(id, "?allow_deleted=true"), NULL, "\"name\":\"m\"");
    fx_expect(404, "DELETE", path("m-none", ""), NULL, "not found");
}

static void have_artifacts(void **state)
{
    (void)state;
    char target[256];
    const char *id = make();
    snprintf(target, sizeof target, "/api/2.0/mlflow-artifacts/artifacts/0/models/%s/artifacts/data/model.pkl", id);
    fx_expect(200, "PUT", target, "pickled", "");
    fx_expect(200, "GET", path(id, "/artifacts/directories"), NULL,
              "/artifacts\",\"files\":[{\"path\":\"data\",\"is_dir\":true}]}");
    fx_expect(200, "GET", path(id, "/artifacts/directories?artifact_directory_path=data"), NULL,
              "{\"path\":\"data/model.pkl\",\"is_dir\":false,\"file_size\":7}");
    fx_expect(400, "GET", path(id, "/artifacts/directories?artifact_directory_path=../x"), NULL, "Invalid path");
    snprintf(target, sizeof target, "/ajax-api/2.0/mlflow/logged-models/%s/artifacts/files", id);
    fx_expect(400, "GET", target, NULL, "Request must include the \\\"artifact_file_path\\\" query parameter.");
    snprintf(target, sizeof target,
             "/ajax-api/2.0/mlflow/logged-models/%s/artifacts/files?artifact_file_path=data/model.pkl", id);
    fx_expect(200, "GET", target, NULL, "pickled");
    fx_expect(404, "GET", path("m-none", "/artifacts/directories"), NULL, "not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(are_made, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_refused, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(become_ready, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_tags_and_params, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_the_metrics_of_runs, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_deleted, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_artifacts, fx_set_up, fx_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
