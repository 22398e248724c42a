/* Experiments and runs through the door. Statuses, codes and sentences are those of mlflow 3.17.2, which was asked. */
#include "tests/unit/api/mlflow/fixture.h"

#define A "/api/2.0/mlflow/"

static char made[64]; /* what text_of found last */

/* The text behind "name": in the last answer. */
static const char *text_of(const char *name)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *at = strstr(fx_body, quoted);
    assert_non_null(at);
    at += strlen(quoted);
    snprintf(made, sizeof made, "%.*s", (int)strcspn(at, "\""), at);
    return made;
}

static char body[64 * 1024];

static void post(int status, const char *path, const char *part, const char *fmt, ...)
{
    char target[128];
    va_list list;
    va_start(list, fmt);
    vsnprintf(body, sizeof body, fmt, list);
    va_end(list);
    snprintf(target, sizeof target, A "%s", path);
    fx_expect(status, "POST", target, body, part);
}

static void get(int status, const char *part, const char *fmt, ...)
{
    char target[2048] = A;
    va_list list;
    va_start(list, fmt);
    vsnprintf(target + strlen(A), sizeof target - strlen(A), fmt, list);
    va_end(list);
    fx_expect(status, "GET", target, NULL, part);
}

static void new_run(char out[64])
{
    post(200, "runs/create", "\"status\":\"RUNNING\"", "{\"experiment_id\":\"0\",\"user_id\":\"me\",\"start_time\":5}");
    snprintf(out, 64, "%s", text_of("run_id"));
}

static void the_default_experiment_is_there(void **state)
{
    (void)state;
    get(200, "\"name\":\"Default\",\"artifact_location\":\"mlflow-artifacts:/0\",\"lifecycle_stage\":\"active\"",
        "experiments/get?experiment_id=0");
    get(200, "\"experiment_id\":\"0\"", "experiments/get-by-name?experiment_name=Default");
    get(400, "Missing value for required parameter 'experiment_id'. See the API docs", "experiments/get");
    get(400, "Invalid experiment ID 'abc'. Experiment ID must be a valid integer.",
        "experiments/get?experiment_id=abc");
    get(404,
        "\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"No Experiment with id=77 exists\","
        "\"sqlstate\":\"KAM00\",\"error_class\":\"RESOURCE_NOT_FOUND\"",
        "experiments/get?experiment_id=77");
    get(404, "Could not find experiment with name 'x'", "experiments/get-by-name?experiment_name=x");
}

static void an_experiment_lives_and_dies_with_its_runs(void **state)
{
    (void)state;
    char experiment[64];
    char run[64];
    post(200, "experiments/create",
         "\"experiment_id\":", "{\"name\":\"e\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}");
    snprintf(experiment, sizeof experiment, "%s", text_of("experiment_id"));
    post(400, "experiments/create", "RESOURCE_ALREADY_EXISTS", "{\"name\":\"e\"}");
    post(200, "runs/create", "", "{\"experiment_id\":\"%s\"}", experiment);
    snprintf(run, sizeof run, "%s", text_of("run_id"));
    post(200, "experiments/set-experiment-tag", "{}", "{\"experiment_id\":\"%s\",\"key\":\"k\",\"value\":\"v\"}",
         experiment);
    post(200, "experiments/update", "{}", "{\"experiment_id\":\"%s\",\"new_name\":\"e2\"}", experiment);
    post(400, "experiments/update", "\"error_code\":\"BAD_REQUEST\"",
         "{\"experiment_id\":\"%s\",\"new_name\":\"Default\"}", experiment);
    get(200, "\"tags\":[{\"key\":\"a\",\"value\":\"b\"},{\"key\":\"k\",\"value\":\"v\"}]",
        "experiments/get?experiment_id=%s", experiment);
    post(200, "experiments/delete", "{}", "{\"experiment_id\":\"%s\"}", experiment);
    post(404, "experiments/delete", "No Experiment with id=", "{\"experiment_id\":\"%s\"}", experiment);
    get(200, "\"lifecycle_stage\":\"deleted\"", "runs/get?run_id=%s", run);
    post(400, "runs/create", "must be in the 'active' state. Current state is deleted.", "{\"experiment_id\":\"%s\"}",
         experiment);
    post(400, "experiments/set-experiment-tag", "must be in the 'active' state",
         "{\"experiment_id\":\"%s\",\"key\":\"k\",\"value\":\"v\"}", experiment);
    post(500, "experiments/update", "\"error_code\":\"INVALID_STATE\",\"message\":\"Cannot rename a non-active",
         "{\"experiment_id\":\"%s\",\"new_name\":\"e3\"}", experiment);
    post(400, "experiments/create", "RESOURCE_ALREADY_EXISTS", "{\"name\":\"e2\"}"); /* also of a deleted one */
    post(200, "experiments/restore", "{}", "{\"experiment_id\":\"%s\"}", experiment);
    get(200, "\"lifecycle_stage\":\"active\"", "runs/get?run_id=%s", run);
    post(200, "experiments/delete-experiment-tag", "{}", "{\"experiment_id\":\"%s\",\"key\":\"k\"}", experiment);
    post(404, "experiments/delete-experiment-tag", "No tag with name: k in experiment with id ",
         "{\"experiment_id\":\"%s\",\"key\":\"k\"}", experiment);
}

static void a_run_has_a_name_a_status_and_an_end(void **state)
{
    (void)state;
    char run[64];
    post(200, "runs/create", "\"tags\":[{\"key\":\"mlflow.runName\",\"value\":\"n\"}]",
         "{\"experiment_id\":\"0\",\"run_name\":\"n\"}");
    assert_non_null(strstr(fx_body, "\"artifact_uri\":\"mlflow-artifacts:/0/"));
    snprintf(run, sizeof run, "%s", text_of("run_id"));
    post(400, "runs/create", "(run_name='a', mlflow.runName='b').",
         "{\"experiment_id\":\"0\",\"run_name\":\"a\",\"tags\":[{\"key\":\"mlflow.runName\",\"value\":\"b\"}]}");
    post(200, "runs/update", "\"status\":\"FINISHED\",\"start_time\":0,\"end_time\":7,",
         "{\"run_id\":\"%s\",\"status\":\"FINISHED\",\"end_time\":7}", run);
    post(200, "runs/update", "\"status\":\"KILLED\"", "{\"run_uuid\":\"%s\",\"status\":5}", run);
    post(400, "runs/update", "Invalid value 9 for parameter 'status' supplied:  Hint: Value was of type 'int'.",
         "{\"run_id\":\"%s\",\"status\":9}", run);
    post(200, "runs/set-tag", "{}", "{\"run_id\":\"%s\",\"key\":\"mlflow.runName\",\"value\":\"m\"}", run);
    get(200, "\"run_name\":\"m\"", "runs/get?run_uuid=%s", run);
    post(200, "runs/update", "\"run_name\":\"o\"", "{\"run_id\":\"%s\",\"run_name\":\"o\"}", run);
    get(200, "{\"key\":\"mlflow.runName\",\"value\":\"o\"}", "runs/get?run_id=%s", run);
    post(404, "runs/update", "Run with id=nope not found", "{\"run_id\":\"nope\"}");
    post(400, "runs/update", "Missing value for required parameter 'run_id'.", "{}");
}

static void nothing_is_logged_to_a_deleted_run(void **state)
{
    (void)state;
    static const char *const writes[] = {"runs/log-metric", "runs/log-parameter", "runs/set-tag",    "runs/delete-tag",
                                         "runs/log-batch",  "runs/update",        "runs/log-inputs", "runs/outputs"};
    char run[64];
    new_run(run);
    post(200, "runs/delete", "{}", "{\"run_id\":\"%s\"}", run);
    post(200, "runs/delete", "{}", "{\"run_id\":\"%s\"}", run);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        post(400, writes[i], "must be in the 'active' state. Current state is deleted.",
             "{\"run_id\":\"%s\",\"key\":\"k\",\"value\":\"1\",\"timestamp\":1,\"models\":[]}", run);
    }
    post(200, "runs/restore", "{}", "{\"run_id\":\"%s\"}", run);
    post(200, "runs/log-metric", "{}", "{\"run_id\":\"%s\",\"key\":\"k\",\"value\":\"1\",\"timestamp\":1}", run);
    post(404, "runs/restore", "Run with id=nope not found", "{\"run_id\":\"nope\"}");
}

static void metrics_keep_what_is_no_number(void **state)
{
    (void)state;
    static const char *const values[] = {"1.5", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "\"1e400\"", "2"};
    char run[64];
    new_run(run);
    for (int i = 0; i < 6; i++) {
        post(200, "runs/log-metric", "{}", "{\"run_id\":\"%s\",\"key\":\"k\",\"value\":%s,\"timestamp\":1,\"step\":%d}",
             run, values[i], i);
    }
    post(200, "runs/log-metric", "{}", "{\"run_id\":\"%s\",\"key\":\"k\",\"value\":9,\"timestamp\":9,\"step\":3}", run);
    get(200,
        "{\"metrics\":[{\"key\":\"k\",\"value\":1.5,\"timestamp\":1,\"step\":0},"
        "{\"key\":\"k\",\"value\":\"NaN\",\"timestamp\":1,\"step\":1},"
        "{\"key\":\"k\",\"value\":1.7976931348623157e+308,\"timestamp\":1,\"step\":2},"
        "{\"key\":\"k\",\"value\":-1.7976931348623157e+308,\"timestamp\":1,\"step\":3},"
        "{\"key\":\"k\",\"value\":1.7976931348623157e+308,\"timestamp\":1,\"step\":4},"
        "{\"key\":\"k\",\"value\":2.0,\"timestamp\":1,\"step\":5},"
        "{\"key\":\"k\",\"value\":9.0,\"timestamp\":9,\"step\":3}]}",
        "metrics/get-history?run_id=%s&metric_key=k", run);
    get(200, "\"metrics\":[{\"key\":\"k\",\"value\":2.0,\"timestamp\":1,\"step\":5}]", "runs/get?run_id=%s", run);
}

static void a_history_is_read_page_by_page(void **state)
{
    (void)state;
    char run[64];
    char token[128];
    new_run(run);
    for (int i = 0; i < 5; i++) {
        post(200, "runs/log-metric", "{}", "{\"run_id\":\"%s\",\"key\":\"k\",\"value\":%d.25,\"timestamp\":%d}", run, i,
             i / 2);
    }
    get(200, "\"value\":1.25,\"timestamp\":0,\"step\":0}],\"next_page_token\":",
        "metrics/get-history?run_id=%s&metric_key=k&max_results=2", run);
    const char *at = strstr(fx_body, "next_page_token\":\"") + strlen("next_page_token\":\"");
    snprintf(token, sizeof token, "%.*s", (int)strcspn(at, "\""), at);
    get(200, "{\"metrics\":[{\"key\":\"k\",\"value\":2.25,\"timestamp\":1,\"step\":0},",
        "metrics/get-history?run_id=%s&metric_key=k&max_results=2&page_token=%s", run, token);
    get(200, "{\"metrics\":[{\"key\":\"k\",\"value\":4.25,\"timestamp\":2,\"step\":0}]}",
        "metrics/get-history?run_id=%s&metric_key=k&max_results=2&page_token=eyJvZmZzZXQiOiA0fQ==", run);
    get(400, "Invalid page token, could not base64-decode",
        "metrics/get-history?run_id=%s&metric_key=k&page_token=%%21%%21", run);
    get(400, "Invalid page token, parsed value={'offset': 0}",
        "metrics/get-history?run_id=%s&metric_key=k&page_token=eyJvZmZzZXQiOiAwfQ==", run);
    get(400, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer.",
        "metrics/get-history?run_id=%s&metric_key=k&max_results=0", run);
    get(200, "{}", "metrics/get-history?run_id=nope&metric_key=k");
    get(200, "{\"metrics\":[{\"key\":\"k\",\"value\":0.25,\"timestamp\":0,\"step\":0,\"run_id\":",
        "metrics/get-history-bulk-interval?run_ids=%s&metric_key=k&max_results=2", run);
    assert_non_null(strstr(fx_body, "},{\"key\":\"k\",\"value\":4.25,"));
    assert_null(strstr(fx_body, "2.25"));
    get(400, "If either start step or end step are specified, both must be specified.",
        "metrics/get-history-bulk-interval?run_ids=%s&metric_key=k&start_step=1", run);
    get(400, "max_results must be between 1 and 2500.",
        "metrics/get-history-bulk-interval?run_ids=%s&metric_key=k&max_results=0", run);
    char target[256];
    snprintf(target, sizeof target,
             "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=%s&run_id=%s&metric_key=k&max_results=3", run, run);
    fx_expect(200, "GET", target, NULL, "\"value\":2.25,");
    assert_null(strstr(fx_body, "3.25"));
}

static void params_never_change(void **state)
{
    (void)state;
    char run[64];
    new_run(run);
    post(200, "runs/log-parameter", "{}", "{\"run_id\":\"%s\",\"key\":\"p\",\"value\":\"1\"}", run);
    post(200, "runs/log-parameter", "{}", "{\"run_id\":\"%s\",\"key\":\"p\",\"value\":\"1\"}", run);
    post(400, "runs/log-parameter",
         "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='",
         "{\"run_id\":\"%s\",\"key\":\"p\",\"value\":\"2\"}", run);
    post(400, "runs/log-batch",
         "Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '3'}]' for run ID='",
         "{\"run_id\":\"%s\",\"params\":[{\"key\":\"q\",\"value\":\"x\"},{\"key\":\"p\",\"value\":\"3\"}]}", run);
    get(200, "\"params\":[{\"key\":\"p\",\"value\":\"1\"}]", "runs/get?run_id=%s", run); /* and no q */
    post(400, "runs/log-batch", "Duplicate parameter keys have been submitted: ['q', 'r'].",
         "{\"run_id\":\"%s\",\"params\":[{\"key\":\"q\"},{\"key\":\"q\"},{\"key\":\"r\"},{\"key\":\"r\"}]}", run);
}

static void long_values_are_cut_and_long_keys_refused(void **state)
{
    (void)state;
    char run[64];
    char text[9001];
    memset(text, 'v', sizeof text);
    new_run(run);
    post(200, "runs/log-parameter", "{}", "{\"run_id\":\"%s\",\"key\":\"p\",\"value\":\"%.6001s\"}", run, text);
    post(200, "runs/set-tag", "{}", "{\"run_id\":\"%s\",\"key\":\"t\",\"value\":\"%.9000s\"}", run, text);
    get(200, "\"key\":\"t\"", "runs/get?run_id=%s", run);
    assert_int_equal(strspn(strstr(fx_body, "\"vvv") + 1, "v"), 6000);
    assert_int_equal(strspn(strstr(strstr(fx_body, "\"t\""), "\"vvv") + 1, "v"), 8000);
    post(400, "runs/log-parameter", "'Param key' exceeds the maximum length of 250 characters",
         "{\"run_id\":\"%s\",\"key\":\"%.251s\",\"value\":\"v\"}", run, text);
    post(400, "runs/log-metric", "'Metric name' exceeds the maximum length of 250 characters",
         "{\"run_id\":\"%s\",\"key\":\"%.251s\",\"value\":1,\"timestamp\":1}", run, text);
    post(400, "runs/set-tag", "'key' exceeds the maximum length of 250 characters",
         "{\"run_id\":\"%s\",\"key\":\"%.251s\",\"value\":\"v\"}", run, text);
    post(400, "runs/log-batch", "'tags[0].key' exceeds the maximum length of 250 characters",
         "{\"run_id\":\"%s\",\"tags\":[{\"key\":\"%.251s\",\"value\":\"v\"}]}", run, text);
}

static void a_batch_is_logged_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    char run[64];
    new_run(run);
    post(200, "runs/log-batch", "{}",
         "{\"run_id\":\"%s\",\"metrics\":[{\"key\":\"m\",\"value\":1,\"timestamp\":1,\"step\":2},"
         "{\"key\":\"m\",\"value\":2,\"timestamp\":1,\"step\":1},{\"key\":\"m\",\"value\":2,\"timestamp\":1,\"step\":1}"
         "],"
         "\"params\":[{\"key\":\"p\",\"value\":\"1\"}],\"tags\":[{\"key\":\"t\",\"value\":\"1\"},"
         "{\"key\":\"t\",\"value\":\"2\"},{\"key\":\"mlflow.runName\",\"value\":\"z\"}]}",
         run);
    get(200,
        "\"data\":{\"metrics\":[{\"key\":\"m\",\"value\":1.0,\"timestamp\":1,\"step\":2}],\"params\":[{\"key\":\"p\","
        "\"value\":\"1\"}],\"tags\":[{\"key\":\"mlflow.runName\",\"value\":\"z\"},{\"key\":\"t\",\"value\":\"2\"}]}",
        "runs/get?run_id=%s", run);
    post(400, "runs/log-batch", "Invalid value \\\"bad#\\\" for parameter 'metrics[1].name' supplied: Names may only",
         "{\"run_id\":\"%s\",\"metrics\":[{\"key\":\"n\",\"value\":1,\"timestamp\":1},"
         "{\"key\":\"bad#\",\"value\":2,\"timestamp\":1}]}",
         run);
    post(400, "runs/log-batch", "Missing value for required parameter 'metrics[0].value'.",
         "{\"run_id\":\"%s\",\"metrics\":[{\"key\":\"n\",\"timestamp\":1}]}", run);
    post(400, "runs/log-batch",
         "Invalid value -1 for parameter 'metrics[0].timestamp' supplied: metric 'n' (value=1.0). Timestamp must be",
         "{\"run_id\":\"%s\",\"metrics\":[{\"key\":\"n\",\"value\":1,\"timestamp\":-1}]}", run);
    post(400, "runs/log-batch", "Missing value for required parameter 'params[0].key'.",
         "{\"run_id\":\"%s\",\"params\":[{\"value\":\"1\"}]}", run);
    post(400, "runs/log-batch", "Invalid value 5 for parameter 'metrics' supplied:  Hint: Value was of type 'int'.",
         "{\"run_id\":\"%s\",\"metrics\":5}", run);
    post(400, "runs/log-batch", "Invalid value \\\"a/b\\\" for parameter 'run_id' supplied.", "{\"run_id\":\"a/b\"}");
    post(404, "runs/log-batch", "Run with id=nope not found", "{\"run_id\":\"nope\"}");
}

static void batches_have_limits(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        int count;
        const char *said;
    } cases[] = {
        {"tags", 101,
         "A batch logging request can contain at most 100 tags. Got 101 tags. Please split up tags across"},
        {"params", 101, "at most 100 params. Got 101 params."},
        {"metrics", 1001, "at most 1000 metrics. Got 1001 metrics."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = (size_t)snprintf(body, sizeof body, "{\"run_id\":\"r\",\"%s\":[", cases[i].list);
        for (int n = 0; n < cases[i].count; n++) {
            len += (size_t)snprintf(body + len, sizeof body - len,
                                    "%s{\"key\":\"k%d\",\"value\":\"1\",\"timestamp\":1}", n > 0 ? "," : "", n);
        }
        snprintf(body + len, sizeof body - len, "]}");
        fx_expect(400, "POST", A "runs/log-batch", body, cases[i].said);
    }
}

static void datasets_and_models_belong_to_a_run(void **state)
{
    (void)state;
    char run[64];
    new_run(run);
    for (int i = 0; i < 2; i++) { /* the second says nothing new */
        post(200, "runs/log-inputs", "{}",
             "{\"run_id\":\"%s\",\"datasets\":[{\"tags\":[{\"key\":\"mlflow.data.context\",\"value\":\"%d\"}],"
             "\"dataset\":{\"name\":\"d\",\"digest\":\"x\",\"source_type\":\"local\",\"source\":\"{}\",\"schema\":\"%"
             "d\"}}],"
             "\"models\":[{\"model_id\":\"m-1\"}]}",
             run, i, i);
    }
    post(200, "runs/outputs", "{}", "{\"run_id\":\"%s\",\"models\":[{\"model_id\":\"m-2\",\"step\":3}]}", run);
    post(400, "runs/outputs", "BAD_REQUEST", "{\"run_id\":\"%s\",\"models\":[{\"model_id\":\"m-2\",\"step\":4}]}", run);
    get(200,
        "\"inputs\":{\"dataset_inputs\":[{\"tags\":[{\"key\":\"mlflow.data.context\",\"value\":\"0\"}],\"dataset\":{"
        "\"name\":\"d\",\"digest\":\"x\",\"source_type\":\"local\",\"source\":\"{}\",\"schema\":\"0\"}}],"
        "\"model_inputs\":[{\"model_id\":\"m-1\"}]},\"outputs\":{\"model_outputs\":[{\"model_id\":\"m-2\",\"step\":3}]"
        "}",
        "runs/get?run_id=%s", run);
    post(400, "runs/log-inputs", "'digest' exceeds the maximum length of 36 characters",
         "{\"run_id\":\"%s\",\"datasets\":[{\"dataset\":{\"name\":\"d\",\"digest\":\"%037d\"}}]}", run, 1);
    post(400, "runs/outputs", "Missing value for required parameter 'models'.", "{\"run_id\":\"%s\"}", run);
}

static void old_clients_log_models_as_a_tag(void **state)
{
    (void)state;
    char run[64];
    new_run(run);
    for (int i = 0; i < 2; i++) {
        post(200, "runs/log-model", "{}",
             "{\"run_id\":\"%s\",\"model_json\":\"{\\\"artifact_path\\\":\\\"m\\\",\\\"flavors\\\":{\\\"f\\\":"
             "{\\\"config\\\":1,\\\"a\\\":1}},\\\"utc_time_created\\\":\\\"t\\\",\\\"run_id\\\":\\\"r\\\",\\\"x\\\":1}"
             "\"}",
             run);
    }
    get(200,
        "\"value\":\"[{\\\"artifact_path\\\": \\\"m\\\", \\\"run_id\\\": \\\"r\\\", \\\"utc_time_created\\\": "
        "\\\"t\\\", "
        "\\\"flavors\\\": {\\\"f\\\": {\\\"a\\\": 1}}}, {",
        "runs/get?run_id=%s", run);
    post(400, "runs/log-model", "Malformed model info.", "{\"run_id\":\"%s\",\"model_json\":\"{bad\"}", run);
    post(400, "runs/log-model", "Model json is missing mandatory fields: {'artifact_path', 'flavors', 'run_id',",
         "{\"run_id\":\"%s\",\"model_json\":\"{}\"}", run);
}

static void a_viewer_may_only_look(void **state)
{
    (void)state;
    assert_int_equal(fx_call_as("vic", "viewer", "GET", A "experiments/get?experiment_id=0", NULL), 200);
    assert_int_equal(fx_call_as("vic", "viewer", "POST", A "experiments/create", "{\"name\":\"v\"}"), 403);
    assert_non_null(strstr(fx_body, "PERMISSION_DENIED"));
    assert_int_equal(fx_call_as("uma", "user", "POST", A "experiments/create", "{\"name\":\"v\"}"), 200);
}

static void what_is_ill_formed_is_refused_with_its_place(void **state)
{
    (void)state;
    post(400, "experiments/create", "The request's body is not JSON", "{bad");
    post(400, "experiments/create", "The request's body must be a JSON object.", "[]");
    post(200, "experiments/create", "experiment_id", "\"{\\\"name\\\": \\\"twice\\\"}\""); /* old clients */
    post(400, "experiments/create",
         "Invalid value 5 for parameter 'tags[0].value' supplied:  Hint: Value was of type "
         "'int'.",
         "{\"name\":\"q\",\"tags\":[{\"key\":\"k\",\"value\":5}]}");
    post(400, "experiments/create",
         "Invalid value 5 for parameter 'tags[1]' supplied:", "{\"name\":\"q\",\"tags\":[{\"key\":\"k\"},5]}");
    post(400, "experiments/update", "Request specifies both 'experiment_id' and 'experimentId'; provide only one",
         "{\"experiment_id\":\"0\",\"experimentId\":\"0\",\"new_name\":\"q\"}");
    post(400, "experiments/create", "'artifact_location' URL can't include fragments or params.",
         "{\"name\":\"q\",\"artifact_location\":\"s3://b/c#d\"}");
    post(400, "experiments/create", "Artifact location cannot be a runs:/ URI. Given: 'runs:/a'",
         "{\"name\":\"q\",\"artifact_location\":\"runs:/a\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_experiment_is_there),
        cmocka_unit_test(an_experiment_lives_and_dies_with_its_runs),
        cmocka_unit_test(a_run_has_a_name_a_status_and_an_end),
        cmocka_unit_test(nothing_is_logged_to_a_deleted_run),
        cmocka_unit_test(metrics_keep_what_is_no_number),
        cmocka_unit_test(a_history_is_read_page_by_page),
        cmocka_unit_test(params_never_change),
        cmocka_unit_test(long_values_are_cut_and_long_keys_refused),
        cmocka_unit_test(a_batch_is_logged_as_a_whole_or_not_at_all),
        cmocka_unit_test(batches_have_limits),
        cmocka_unit_test(datasets_and_models_belong_to_a_run),
        cmocka_unit_test(old_clients_log_models_as_a_tag),
        cmocka_unit_test(a_viewer_may_only_look),
        cmocka_unit_test(what_is_ill_formed_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, fx_set_up, fx_tear_down);
}
