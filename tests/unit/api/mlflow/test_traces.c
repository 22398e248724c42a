/* Traces: what clients say of them, their spans, tags and assessments. */
#include "engine/store/trace_store.h"
#include "tests/unit/api/mlflow/fixture.h"

#define ROOT "/api/3.0/mlflow/traces"
#define IN_EXPERIMENT                                                                                                  \
    "\"trace_location\":{\"type\":\"MLFLOW_EXPERIMENT\",\"mlflow_experiment\":{\"experiment_id\":\"0\"}}"

static void tell(const char *rest)
{
    char body[2048];
    snprintf(body, sizeof body, "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-1\"," IN_EXPERIMENT "%s}}}", rest);
    fx_expect(200, "POST", ROOT, body, "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-1\",");
}

static void are_told(void **state)
{
    (void)state;
    tell(",\"request_time\":\"2026-11-27T15:13:42.725Z\",\"execution_duration\":\"0.200s\",\"state\":\"OK\","
         "\"trace_metadata\":{\"m\":\"1\"},\"tags\":{\"mlflow.traceName\":\"f\",\"team\":\"a\"},"
         "\"request_preview\":\"in\",\"response_preview\":\"out\",\"client_request_id\":\"c\"");
    static const char told[] =
        "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-1\",\"client_request_id\":\"c\"," IN_EXPERIMENT
        ",\"request_time\":\"2026-11-27T15:13:42.725Z\",\"execution_duration\":\"0.200s\",\"state\":\"OK\","
        "\"trace_metadata\":{\"m\":\"1\",\"mlflow.trace.infoFinalized\":\"true\"},"
        "\"tags\":{\"mlflow.artifactLocation\":\"mlflow-artifacts:/0/traces/tr-1/artifacts\","
        "\"mlflow.traceName\":\"f\",\"team\":\"a\"},\"request_preview\":\"in\",\"response_preview\":\"out\"}}}";
    fx_expect(200, "GET", ROOT "/tr-1", NULL, told);
    tell(",\"request_time\":\"2026-11-27T15:13:42Z\",\"execution_duration\":\"2s\",\"state\":\"ERROR\"");
    fx_expect(200, "GET", ROOT "/tr-1", NULL,
              "\"request_time\":\"2026-11-27T15:13:42Z\",\"execution_duration\":\"2s\"");
    assert_non_null(strstr(fx_body, "\"team\":\"a\"")); /* what was said before and is not said again stays */
    assert_non_null(strstr(fx_body, "\"request_preview\":\"in\""));
    fx_expect(404, "GET", ROOT "/tr-2", NULL, "Trace with ID 'tr-2' not found.");
}

static void are_refused(void **state)
{
    (void)state;
    fx_expect(400, "POST", ROOT, "{}", "Missing value for required parameter 'trace'.");
    fx_expect(400, "POST", ROOT, "{\"trace\":{\"trace_info\":{\"trace_id\":\"t\"}}}", "must be in an experiment");
    fx_expect(400, "POST", ROOT, "{\"trace\":{\"trace_info\":{" IN_EXPERIMENT "}}}", "must have a trace_id");
    fx_expect(400, "POST", ROOT, "{\"trace\":{\"trace_info\":{\"trace_id\":\"t\"," IN_EXPERIMENT ",\"state\":\"x\"}}}",
              "Invalid value 'x' for parameter 'state'");
    fx_expect(400, "POST", ROOT,
              "{\"trace\":{\"trace_info\":{\"trace_id\":\"t\"," IN_EXPERIMENT ",\"request_time\":\"x\"}}}",
              "Invalid value 'x' for parameter 'request_time'");
    fx_expect(400, "POST", ROOT,
              "{\"trace\":{\"trace_info\":{\"trace_id\":\"t\"," IN_EXPERIMENT ",\"execution_duration\":\"x\"}}}",
              "Invalid value 'x' for parameter 'execution_duration'");
    fx_expect(400, "POST", ROOT,
              "{\"trace\":{\"trace_info\":{\"trace_id\":\"t\"," IN_EXPERIMENT ",\"tags\":{\"a\":1}}}}",
              "parameter 'tags'");
    fx_expect(404, "GET", ROOT "/t", NULL, "not found");
    assert_int_equal(fx_call_as("vera", "viewer", "POST", ROOT, "{}"), 403);
}

static void have_tags(void **state)
{
    (void)state;
    tell("");
    fx_expect(200, "PATCH", "/api/2.0/mlflow/traces/tr-1/tags", "{\"key\":\"a\",\"value\":\"1\"}", "{}");
    fx_expect(200, "PATCH", ROOT "/tr-1/tags", "{\"key\":\"b\",\"value\":\"2\"}", "{}");
    fx_expect(200, "GET", ROOT "/tr-1", NULL, "\"tags\":{\"a\":\"1\",\"b\":\"2\",");
    fx_expect(200, "DELETE", "/api/2.0/mlflow/traces/tr-1/tags", "{\"key\":\"a\"}", "{}");
    fx_expect(404, "DELETE", "/api/2.0/mlflow/traces/tr-1/tags", "{\"key\":\"a\"}",
              "No trace tag with key 'a' for trace with ID 'tr-1'");
    fx_expect(400, "PATCH", ROOT "/tr-1/tags", "{\"key\":\"mlflow.trace.spansLocation\",\"value\":\"x\"}",
              "Tag 'mlflow.trace.spansLocation' is immutable and cannot be set on a trace.");
    fx_expect(404, "PATCH", ROOT "/tr-2/tags", "{\"key\":\"a\",\"value\":\"1\"}", "Trace with ID 'tr-2' not found.");
}

/* trace 0123456789abcdef, span ABCDEFGH, "work", begun at 1 s, ended at 2 s; its only attribute is "k": "v". */
static const char spans[] = "\x0A\x42\x12\x40\x12\x3E\x0A\x10"
                            "0123456789abcdef"
                            "\x12\x08"
                            "ABCDEFGH"
                            "\x2A\x04"
                            "work"
                            "\x39\x01\xCA\x9A\x3B\x01\x01\x01\x01"
                            "\x41\x01\x94\x35\x77\x01\x01\x01\x01"
                            "\x4A\x08\x0A\x01"
                            "k"
                            "\x12\x03\x0A\x01"
                            "v";
#define TRACE "tr-30313233343536373839616263646566"

static int send_spans(const char *experiment, const char *type, const char *body)
{
    struct hk_arena arena;
    struct hk_error err;
    struct hk_str token;
    hk_arena_init(&arena);
    const struct hk_token_grant grant = {
        .subject = HK_STR("uma"), .role = HK_STR("user"), .audience = HK_STR(HK_AUDIENCE_USER), .valid_seconds = 60};
    assert_true(hk_auth_issue(fx.auth, &grant, &arena, &token, &err));
    const struct hk_call call = {.method = "POST",
                                 .target = "/v1/traces",
                                 .authorization = hk_arena_printf(&arena, "Bearer %.*s", HK_STR_ARG(token)),
                                 .content_type = type,
                                 .header_name = experiment != NULL ? "x-mlflow-experiment-id" : NULL,
                                 .header_value = experiment,
                                 .body = body};
    struct hk_exchange *x = hk_exchange_call(fx.router, fx.auth, &call);
    int status = x->response.status;
    assert_true(hk_str_copy(fx_body, sizeof fx_body, hk_buf_str(&x->response.body)));
    hk_exchange_release(x);
    hk_arena_clear(&arena);
    return status;
}

static void have_spans(void **state)
{
    (void)state;
    assert_int_equal(send_spans("0", "application/x-protobuf", spans), 200);
    assert_string_equal(fx_body, "");
    fx_expect(200, "GET", ROOT "/" TRACE, NULL, "\"state\":\"OK\",\"tags\":{\"mlflow.artifactLocation\":");
    assert_non_null(strstr(fx_body, "\"mlflow.trace.spansLocation\":\"TRACKING_STORE\""));
    fx_expect(200, "GET", ROOT "/get?trace_id=" TRACE, NULL,
              "\"spans\":[{\"trace_id\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"span_id\":\"QUJDREVGR0g=\",\"name\":\"work\"");
    assert_int_equal(send_spans("0", "application/x-protobuf", spans), 200); /* again: still one */
    fx_expect(200, "GET", ROOT "/batchGet?trace_ids=" TRACE "&trace_ids=tr-none&trace_ids=" TRACE, NULL,
              "{\"traces\":[{\"trace_info\":");
    const char *first = strstr(fx_body, "\"span_id\"");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"span_id\""));
    fx_expect(200, "POST", ROOT "/batchGetInfos", "{\"trace_ids\":[\"" TRACE "\"]}",
              "{\"trace_infos\":[{\"trace_id\":");
    assert_null(strstr(fx_body, "span_id"));
    fx_expect(200, "GET", ROOT "/batchGet?trace_ids=" TRACE "&experiment_ids=7", NULL, "{\"traces\":[]}");
    fx_expect(400, "GET", ROOT "/batchGet", NULL, "Missing value for required parameter 'trace_ids'.");
    fx_expect(400, "POST", ROOT "/batchGetInfos", "{}", "Missing value for required parameter 'trace_ids'.");
    fx_expect(200, "POST", ROOT "/batchGetInfos", "{\"trace_ids\":[]}", "{\"trace_infos\":[]}");
}

static void are_whole_or_not(void **state)
{
    (void)state;
    char body[1024];
    assert_int_equal(send_spans("0", "application/x-protobuf", spans), 200);
    snprintf(body, sizeof body,
             "{\"trace\":{\"trace_info\":{\"trace_id\":\"" TRACE "\"," IN_EXPERIMENT
             ",\"state\":\"OK\",\"trace_metadata\":{\"mlflow.trace.sizeStats\":\"{\\\"num_spans\\\": 2}\"}}}}");
    fx_expect(200, "POST", ROOT, body, "TRACKING_STORE");
    fx_expect(404, "GET", ROOT "/get?trace_id=" TRACE, NULL, "is not fully exported yet, please try again later.");
    fx_expect(200, "GET", ROOT "/get?trace_id=" TRACE "&allow_partial=true", NULL, "\"name\":\"work\"");
    fx_expect(200, "GET", ROOT "/batchGet?trace_ids=" TRACE, NULL, "{\"traces\":[]}");
    fx_expect(404, "GET", ROOT "/get?trace_id=tr-none", NULL, "Trace with ID tr-none is not found.");
}

static void spans_that_are_refused(void **state)
{
    (void)state;
    assert_int_equal(send_spans(NULL, "application/x-protobuf", spans), 422);
    assert_non_null(strstr(fx_body, "\"loc\":[\"header\",\"x-mlflow-experiment-id\"]"));
    assert_int_equal(send_spans("x", "application/x-protobuf", spans), 422);
    assert_int_equal(send_spans("0", "text/plain", spans), 400);
    assert_non_null(strstr(fx_body, "Invalid Content-Type: text/plain."));
    assert_int_equal(send_spans("0", "application/x-protobuf", "xx"), 400);
    assert_non_null(strstr(fx_body, "{\"detail\":\"Invalid OpenTelemetry format"));
    char *commas = malloc(300001); /* as JSON it would have too many values; it is none */
    memset(commas, ',', 300000);
    commas[300000] = '\0';
    assert_int_equal(send_spans("0", "application/x-protobuf", commas), 400);
    assert_non_null(strstr(fx_body, "{\"detail\":\"Invalid OpenTelemetry format"));
    free(commas);
    assert_int_equal(send_spans("99", "application/x-protobuf", spans), 404);
    fx_expect(404, "GET", ROOT "/" TRACE, NULL, "not found");
}

/* The last answer's member, as text. */
static const char *member(const char *name)
{
    static char out[128];
    char pattern[64];
    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *at = strstr(fx_body, pattern);
    assert_non_null(at);
    at += strlen(pattern);
    snprintf(out, sizeof out, "%.*s", (int)strcspn(at, "\""), at);
    return out;
}

static void have_assessments(void **state)
{
    (void)state;
    char target[256];
    char first[64];
    char second[64];
    char body[512];
    tell("");
    fx_expect(
        200, "POST", ROOT "/tr-1/assessments",
        "{\"assessment\":{\"assessment_name\":\"good\",\"source\":{\"source_type\":\"HUMAN\",\"source_id\":\"me\"},"
        "\"create_time\":\"2026-11-27T15:13:43.610Z\",\"feedback\":{\"value\":true},\"rationale\":\"r\","
        "\"metadata\":{\"k\":\"v\"}}}",
        "\"assessment_name\":\"good\",\"trace_id\":\"tr-1\",\"source\":{\"source_type\":\"HUMAN\",\"source_id\":"
        "\"me\"},\"create_time\":\"2026-11-27T15:13:43.610Z\",\"last_update_time\":\"2023-11-14T22:13:20Z\","
        "\"feedback\":{\"value\":true},\"rationale\":\"r\",\"metadata\":{\"k\":\"v\"},\"valid\":true}}");
    snprintf(first, sizeof first, "%s", member("assessment_id"));
    snprintf(target, sizeof target, ROOT "/tr-1/assessments/%s", first);
    fx_expect(200, "PATCH", target,
              "{\"assessment\":{\"feedback\":{\"value\":3.5},\"assessmentName\":\"x\",\"metadata\":{\"l\":\"w\"}},"
              "\"update_mask\":\"feedback,metadata\"}",
              "\"feedback\":{\"value\":3.5},\"rationale\":\"r\",\"metadata\":{\"k\":\"v\",\"l\":\"w\"}");
    fx_expect(400, "PATCH", target, "{\"assessment\":{\"expectation\":{\"value\":1}},\"update_mask\":\"expectation\"}",
              "Cannot update expectation value on a Feedback assessment.");
    fx_expect(400, "PATCH", target, "{\"assessment\":{}}", "Missing value for required parameter 'update_mask'.");
    fx_expect(400, "PATCH", target, "{\"assessment\":{},\"update_mask\":\"valid\"}", "names 'valid'");
    snprintf(body, sizeof body,
             "{\"assessment\":{\"assessment_name\":\"good\",\"overrides\":\"%s\",\"feedback\":{\"value\":false}}}",
             first);
    fx_expect(200, "POST", ROOT "/tr-1/assessments", body, "\"valid\":true");
    snprintf(second, sizeof second, "%s", member("assessment_id"));
    fx_expect(200, "GET", target, NULL, "\"valid\":false");
    fx_expect(200, "GET", ROOT "/tr-1", NULL, "\"assessments\":[{\"assessment_id\":");
    snprintf(target, sizeof target, ROOT "/tr-1/assessments/%s", second);
    fx_expect(200, "DELETE", target, NULL, "{}");
    fx_expect(200, "DELETE", target, NULL, "{}");
    fx_expect(404, "GET", target, NULL, "Assessment with ID 'a-");
    snprintf(target, sizeof target, ROOT "/tr-1/assessments/%s", first);
    fx_expect(200, "GET", target, NULL, "\"valid\":true");
}

static void a_source_type_that_there_is_not_is_none(void **state)
{
    (void)state;
    tell("");
    fx_expect(
        200, "POST", ROOT "/tr-1/assessments",
        "{\"assessment\":{\"source\":{\"source_type\":\"GHOST\",\"source_id\":\"me\"},\"feedback\":{\"value\":1}}}",
        "\"source\":{\"source_type\":\"SOURCE_TYPE_UNSPECIFIED\",\"source_id\":\"me\"}");
}

static void assessments_that_are_refused(void **state)
{
    (void)state;
    tell("");
    fx_expect(404, "POST", ROOT "/tr-2/assessments", "{\"assessment\":{\"feedback\":{\"value\":1}}}",
              "Trace with ID 'tr-2' not found.");
    fx_expect(400, "POST", ROOT "/tr-1/assessments", "{\"assessment\":{\"assessment_name\":\"g\"}}",
              "Unknown assessment type: None");
    fx_expect(400, "POST", ROOT "/tr-1/assessments",
              "{\"assessment\":{\"feedback\":{\"value\":1},\"expectation\":{\"value\":1}}}", "not both");
    fx_expect(400, "POST", ROOT "/tr-1/assessments", "{\"assessment\":{\"issue\":{}}}", "there are no issues");
    fx_expect(400, "POST", ROOT "/tr-1/assessments",
              "{\"assessment\":{\"feedback\":{\"value\":1},\"metadata\":{\"k\":5}}}",
              "Invalid value 5 for parameter 'metadata' supplied");
    fx_expect(400, "POST", ROOT "/tr-1/assessments",
              "{\"assessment\":{\"feedback\":{\"value\":1},\"source\":{\"source_type\":\"HUMAN\",\"source_id\":5}}}",
              "Invalid value 5 for parameter 'source' supplied");
    fx_expect(400, "POST", ROOT "/tr-1/assessments",
              "{\"assessment\":{\"feedback\":{\"value\":1,\"error\":{\"error_code\":5}}}}",
              "Invalid value 5 for parameter 'error' supplied");
    fx_expect(404, "POST", ROOT "/tr-1/assessments",
              "{\"assessment\":{\"feedback\":{\"value\":1},\"overrides\":\"a-x\"}}",
              "Assessment with ID 'a-x' not found for trace 'tr-1'");
    fx_expect(404, "GET", ROOT "/tr-1/assessments/a-1", NULL, "Assessment with ID 'a-1' not found for trace 'tr-1'");
    fx_expect(404, "GET", ROOT "/tr-0/assessments/a-1", NULL, "Trace with request_id 'tr-0' not found");
}

static void are_deleted(void **state)
{
    (void)state;
    static const char delete[] = "/api/2.0/mlflow/traces/delete-traces";
    tell(",\"request_time\":\"2026-11-27T15:13:42Z\"");
    fx_expect(200, "POST", ROOT "/tr-1/assessments", "{\"assessment\":{\"feedback\":{\"value\":1}}}", "valid");
    fx_expect(400, "POST", delete, "{\"experiment_id\":\"0\"}",
              "Either `max_timestamp_millis` or `trace_ids` must be specified.");
    fx_expect(400, "POST", delete, "{\"experiment_id\":\"0\",\"max_traces\":0,\"max_timestamp_millis\":1}",
              "`max_traces` must be a positive integer, received 0.");
    fx_expect(400, "POST", delete, "{\"experiment_id\":\"0\",\"max_timestamp_millis\":1,\"request_ids\":[\"x\"]}",
              "Only one of");
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"1\",\"request_ids\":[\"tr-1\"]}", "{\"traces_deleted\":0}");
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"0\",\"max_timestamp_millis\":1}", "{\"traces_deleted\":0}");
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"0\",\"request_ids\":[\"tr-1\"]}", "{\"traces_deleted\":1}");
    fx_expect(404, "GET", ROOT "/tr-1", NULL, "not found");
    tell(",\"request_time\":\"2026-11-27T15:13:42Z\""); /* and nothing of the old one is there */
    assert_null(strstr(fx_body, "assessments"));
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"0\",\"max_timestamp_millis\":\"99999999999999\"}",
              "{\"traces_deleted\":1}");
}

static void add(const char *id, const char *rest)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"trace\":{\"trace_info\":{\"trace_id\":\"%s\"," IN_EXPERIMENT "%s}}}", id, rest);
    fx_expect(200, "POST", ROOT, body, id);
}

/* More than are deleted in one transaction. */
static void many_are_deleted(void **state)
{
    (void)state;
    static const char delete[] = "/api/2.0/mlflow/traces/delete-traces";
    for (int i = 0; i < 2 * HK_TRACE_DELETE_SLICE + 50; i++) {
        char id[16];
        snprintf(id, sizeof id, "tr-%03d", i);
        add(id, ",\"request_time\":\"2026-11-27T15:13:42Z\"");
    }
    fx_expect(200, "POST", delete,
              "{\"experiment_id\":\"0\",\"max_timestamp_millis\":\"99999999999999\",\"max_traces\":205}",
              "{\"traces_deleted\":205}");
    fx_expect(404, "GET", ROOT "/tr-204", NULL, "not found");
    fx_expect(200, "GET", ROOT "/tr-205", NULL, "tr-205");
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"0\",\"max_timestamp_millis\":\"99999999999999\"}",
              "{\"traces_deleted\":45}");
    for (int i = 0; i < 2 * HK_TRACE_DELETE_SLICE; i++) {
        char id[16];
        snprintf(id, sizeof id, "tr-%03d", i);
        add(id, ",\"request_time\":\"2026-11-27T15:13:42Z\"");
    }
    fx_expect(200, "POST", delete, "{\"experiment_id\":\"0\",\"max_timestamp_millis\":\"99999999999999\"}",
              "{\"traces_deleted\":200}");
}

/* "1 2": the traces that are found, in their order. */
static void expect_found(const char *rest, const char *ids)
{
    char body[512];
    char found[256] = "";
    snprintf(body, sizeof body,
             "{\"locations\":[{"
             "\"type\":\"MLFLOW_EXPERIMENT\",\"mlflow_experiment\":{\"experiment_id\":\"0\"}"
             "}]%s}",
             rest);
    fx_expect(200, "POST", ROOT "/search", body, NULL);
    for (const char *at = fx_body; (at = strstr(at, "{\"trace_id\":\"tr-")) != NULL; at++) {
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%c", found[0] != '\0' ? " " : "", at[16]);
    }
    assert_string_equal(found, ids);
}

static void are_found(void **state)
{
    (void)state;
    add("tr-1",
        ",\"request_time\":\"2026-11-27T15:00:01Z\",\"execution_duration\":\"2s\",\"state\":\"OK\","
        "\"tags\":{\"mlflow.traceName\":\"f\",\"team\":\"a\"},\"trace_metadata\":{\"mlflow.sourceRun\":\"r1\"}");
    add("tr-2", ",\"request_time\":\"2026-11-27T15:00:02Z\",\"state\":\"ERROR\",\"tags\":{\"team\":\"b\"}");
    add("tr-3", ",\"request_time\":\"2026-11-27T15:00:03Z\",\"execution_duration\":\"1s\",\"state\":\"OK\","
                "\"trace_metadata\":{\"k\":\"v\"}");
    expect_found("", "3 2 1");
    expect_found(",\"filter\":\"tags.team = 'a'\"", "1");
    expect_found(",\"filter\":\"tags.team != 'a'\"", "2");
    expect_found(",\"filter\":\"tag.team IS NULL\"", "3");
    expect_found(",\"filter\":\"status = 'OK' AND timestamp_ms > 0\",\"order_by\":[\"timestamp_ms ASC\"]", "1 3");
    expect_found(",\"filter\":\"trace.status IN ('ERROR')\"", "2");
    expect_found(",\"filter\":\"attributes.name LIKE 'f%'\"", "1");
    expect_found(",\"filter\":\"run_id = 'r1'\"", "1");
    expect_found(",\"filter\":\"metadata.k = 'v'\"", "3");
    expect_found(",\"filter\":\"execution_time_ms >= 1000\",\"order_by\":[\"execution_time DESC\"]", "1 3");
    expect_found(",\"order_by\":[\"execution_time ASC\"]", "3 1 2"); /* what has not ended comes last */
    expect_found(",\"max_results\":2", "3 2");
    assert_non_null(strstr(fx_body, "\"next_page_token\":\"eyJvZmZzZXQiOiAyfQ==\""));
    expect_found(",\"max_results\":2,\"page_token\":\"eyJvZmZzZXQiOiAyfQ==\"", "1");
    fx_expect(200, "POST", "/api/2.0/mlflow/traces/link-to-run", "{\"trace_ids\":[\"tr-2\"],\"run_id\":\"r1\"}", "{}");
    expect_found(",\"filter\":\"run_id = 'r1'\"", "2 1");
    expect_found(",\"filter\":\"metadata.`mlflow.sourceRun` = 'r1'\"", "2 1");
}

static void searches_that_are_refused(void **state)
{
    (void)state;
#define PLACE "{\"locations\":[{\"mlflow_experiment\":{\"experiment_id\":\"0\"}}]"
    fx_expect(400, "POST", ROOT "/search", "{}", "Missing value for required parameter 'locations'.");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"max_results\":501}",
              "Invalid value 501 for parameter 'max_results'");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"max_results\":0}", "It must be a positive integer");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"filter\":\"issue.id = 'x'\"}", "Invalid entity type 'issue'");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"filter\":\"span.x = 'x'\"}", "(at character 1)");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"filter\":\"foo = 1\"}", "Invalid attribute key 'foo' specified.");
    fx_expect(400, "POST", ROOT "/search", PLACE ",\"order_by\":[\"tags.x\"]}", "Invalid order_by entity: tag");
    fx_expect(200, "POST", ROOT "/search", "{\"locations\":[{\"type\":\"INFERENCE_TABLE\"}]}", "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(are_told, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_refused, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_tags, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_spans, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_whole_or_not, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(spans_that_are_refused, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(have_assessments, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(a_source_type_that_there_is_not_is_none, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(assessments_that_are_refused, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_found, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(searches_that_are_refused, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(are_deleted, fx_set_up, fx_tear_down),
        cmocka_unit_test_setup_teardown(many_are_deleted, fx_set_up, fx_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
