#include "tests/unit/api/airflow/fixture.h"

static void lists_dags(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/api/v2/dags", NULL, "\"total_entries\":3");
    fx_expect(200, "GET", "/api/v2/dags?tags=green", NULL, "\"dags\":[{\"dag_id\":\"pipe\"");
    fx_expect(200, "GET", "/api/v2/dags?tags=green&tags=blue&tags_match_mode=all", NULL, "\"total_entries\":1");
    fx_expect(200, "GET", "/api/v2/dags?owners=ANN", NULL, "\"total_entries\":3");
    fx_expect(200, "GET", "/api/v2/dags?dag_id_prefix_pattern=slow", NULL, "\"total_entries\":1");
    fx_expect(200, "GET", "/api/v2/dags?order_by=-dag_id&limit=1", NULL, "\"dags\":[{\"dag_id\":\"trouble\"");
    fx_expect(400, "GET", "/api/v2/dags?order_by=nope", NULL,
              "{\"detail\":\"Ordering with 'nope' is disallowed or the attribute does not exist on the model\"}");
    fx_expect(422, "GET", "/api/v2/dags?tags_match_mode=both", NULL, "literal_error");
    fx_expect(422, "GET", "/api/v2/dags?limit=abc", NULL, "int_parsing");
    fx_expect(400, "GET", "/api/v2/dags?timetable_type=x", NULL, "'timetable_type' is not supported by hanok");
    fx_expect(404, "GET", "/api/v2/dags/nope", NULL, "{\"detail\":\"The Dag with ID: `nope` was not found\"}");
    fx_expect(404, "GET", "/api/v2/nope", NULL, "{\"error\":\"API route not found\"}");
}

static void shows_a_dag(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/api/v2/dags/pipe", NULL, "\"timetable_summary\":null");
    fx_expect(200, "GET", "/api/v2/dags/pipe/details", NULL, "\"params\":{\"n\":{\"value\":3");
    fx_expect(200, "GET", "/api/v2/dags/pipe/details", NULL, "\"latest_dag_version\":{\"id\":");
    fx_expect(200, "GET", "/api/v2/dags/pipe/tasks", NULL, "\"downstream_task_ids\":[\"second\"]");
    fx_expect(200, "GET", "/api/v2/dags/pipe/tasks/first", NULL,
              "\"retry_delay\":{\"__type\":\"TimeDelta\",\"days\":0,\"seconds\":300,\"microseconds\":0}");
    fx_expect(404, "GET", "/api/v2/dags/pipe/tasks/nope", NULL, "Task with id nope was not found");
    fx_expect(400, "GET", "/api/v2/dags/pipe/tasks?order_by=nope", NULL, "disallowed");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagVersions", NULL, "\"total_entries\":1");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagVersions/1", NULL, "\"version_number\":1");
    fx_expect(404, "GET", "/api/v2/dags/pipe/dagVersions/0", NULL, "version_number: `0` was not found");
    fx_expect(200, "GET", "/api/v2/dagSources/pipe", NULL, "{\"content\":\"the source of it\\n\",\"dag_id\":\"pipe\"");
    fx_expect(404, "GET", "/api/v2/dagSources/pipe?version_number=7", NULL, "version_number 7 was not found");
}

static void answers_without_a_database_row(void **state)
{
    (void)state;
    fx_expect(200, "GET", "/api/v2/version", NULL, "{\"version\":\"3.3.2\",\"git_version\":null}");
    fx_expect(200, "GET", "/api/v2/monitor/health", NULL, "{\"metadatabase\":{\"status\":\"healthy\"},\"scheduler\":{");
    fx_expect(200, "GET", "/api/v2/importErrors", NULL, "{\"import_errors\":[],\"total_entries\":0}");
    fx_expect(404, "GET", "/api/v2/importErrors/3", NULL, "import_error_id: `3` was not found");
}

static void keeps_variables(void **state)
{
    (void)state;
    static const char path[] = "/api/v2/variables";
    fx_expect(201, "POST", path, "{\"key\":\"k\",\"value\":\"v\",\"description\":\"d\"}",
              "{\"key\":\"k\",\"value\":\"v\",\"description\":\"d\",\"is_encrypted\":true,\"team_name\":null}");
    fx_expect(409, "POST", path, "{\"key\":\"k\",\"value\":\"v\"}", "The Variable with key: `k` already exists");
    fx_expect(200, "PATCH", "/api/v2/variables/k", "{\"key\":\"k\",\"value\":{\"a\":\"\xc3\xa9\",\"my_token\":\"x\"}}",
              "\"value\":\"{\\\"a\\\": \\\"\\\\u00e9\\\", \\\"my_token\\\": \\\"***\\\"}\",\"description\":\"d\"");
    fx_expect(200, "PATCH", "/api/v2/variables/k?update_mask=description",
              "{\"key\":\"k\",\"value\":\"no\",\"description\":null}", "\"description\":null");
    fx_expect(400, "PATCH", "/api/v2/variables/other", "{\"key\":\"k\",\"value\":\"v\"}",
              "doesn't match uri parameter");
    fx_expect(422, "POST", path, "{\"key\":1,\"value\":\"v\",\"x\":2}", "\"string_type\"");
    fx_expect(201, "POST", path, "{\"key\":\"a/b\",\"value\":null}", "\"value\":\"null\"");
    fx_expect(200, "GET", "/api/v2/variables/a/b", NULL, "\"key\":\"a/b\"");
    fx_expect(200, "GET", "/api/v2/variables?variable_key_prefix_pattern=a&order_by=-key", NULL, "\"total_entries\":1");
    fx_expect(
        200, "PATCH", path,
        "{\"actions\":[{\"action\":\"create\",\"entities\":[{\"key\":\"k\",\"value\":\"1\"}]},"
        "{\"action\":\"delete\",\"entities\":[\"a/b\",\"k\"]}]}",
        "{\"create\":{\"success\":[],\"errors\":[{\"error\":\"The variables with these keys: {'k'} already exist.\","
        "\"status_code\":409}]},\"update\":null,\"delete\":{\"success\":[\"a/b\",\"k\"],\"errors\":[]}}");
    fx_expect(404, "DELETE", "/api/v2/variables/k", NULL, "{\"detail\":\"The Variable with key: `k` was not found\"}");
}

static void keeps_connections(void **state)
{
    (void)state;
    static const char path[] = "/api/v2/connections";
    fx_expect(201, "POST", path,
              "{\"connection_id\":\"c\",\"conn_type\":\"http\",\"password\":\"pw\",\"extra\":\"{\\\"token\\\":"
              "\\\"t\\\",\\\"a\\\":1}\"}",
              "\"password\":\"***\",\"extra\":\"{\\\"token\\\": \\\"***\\\", \\\"a\\\": 1}\"");
    fx_expect(409, "POST", path, "{\"connection_id\":\"c\",\"conn_type\":\"http\"}", "Unique constraint violation");
    fx_expect(422, "POST", path, "{\"connection_id\":\"a b\",\"conn_type\":\"http\"}", "string_pattern_mismatch");
    fx_expect(422, "POST", path, "{\"connection_id\":\"d\",\"conn_type\":\"http\",\"extra\":\"[1]\"}",
              "must be a valid JSON object");
    fx_expect(200, "PATCH", "/api/v2/connections/c", "{\"connection_id\":\"c\",\"conn_type\":\"ssh\",\"port\":22}",
              "\"conn_type\":\"ssh\",\"description\":null,\"host\":null,\"login\":null,\"schema\":null,\"port\":22,"
              "\"password\":\"***\"");
    fx_expect(204, "DELETE", "/api/v2/connections/c", NULL, NULL);
    fx_expect(404, "GET", "/api/v2/connections/c", NULL, "The Connection with connection_id: `c` was not found");
}

static void keeps_pools(void **state)
{
    (void)state;
    fx_expect(201, "POST", "/api/v2/pools", "{\"name\":\"p\",\"slots\":5}",
              "{\"name\":\"p\",\"slots\":5,\"description\":null,\"include_deferred\":false,\"occupied_slots\":0,"
              "\"running_slots\":0,\"queued_slots\":0,\"scheduled_slots\":0,\"open_slots\":5,\"deferred_slots\":0,"
              "\"team_name\":null}");
    fx_expect(422, "PATCH", "/api/v2/pools/p?update_mask=slots", "{\"slots\":6}",
              "{\"type\":\"missing\",\"loc\":[\"pool\"],\"msg\":\"Field required\"");
    fx_expect(200, "PATCH", "/api/v2/pools/p", "{\"pool\":\"p\",\"slots\":-1,\"include_deferred\":true}",
              "\"open_slots\":-1");
    fx_expect(422, "POST", "/api/v2/pools", "{\"name\":\"q\",\"slots\":-2}", "greater_than_equal");
    fx_expect(400, "DELETE", "/api/v2/pools/default_pool", NULL, "Default Pool can't be deleted");
    fx_expect(204, "DELETE", "/api/v2/pools/p", NULL, NULL);
    fx_expect(200, "GET", "/api/v2/pools?order_by=-name", NULL, "\"total_entries\":1");
}

static void roles_are_airflows(void **state)
{
    (void)state;
    static const char forbidden[] = "{\"detail\":\"Forbidden\"}";
    assert_int_equal(fx_call_as("viewer", "GET", "/api/v2/dags", NULL), 200);
    assert_int_equal(fx_call_as("viewer", "GET", "/api/v2/pools", NULL), 200);
    assert_int_equal(fx_call_as("viewer", "POST", "/api/v2/dags/pipe/dagRuns", "{\"logical_date\":null}"), 403);
    assert_string_equal(fx_body, forbidden);
    assert_int_equal(fx_call_as("viewer", "GET", "/api/v2/variables", NULL), 403);
    assert_int_equal(fx_call_as("user", "POST", "/api/v2/dags/pipe/dagRuns", "{\"logical_date\":null}"), 200);
    assert_int_equal(fx_call_as("user", "GET", "/api/v2/connections", NULL), 403);
    assert_int_equal(fx_call_as("user", "POST", "/api/v2/pools", "{\"name\":\"x\",\"slots\":1}"), 403);
    assert_int_equal(fx_call_as("op", "GET", "/api/v2/connections", NULL), 200);
}

static void refuses_what_it_could_not_keep(void **state)
{
    (void)state;
    fx_expect(422, "POST", "/api/v2/variables", "{\"key\":\"a\\u0000b\",\"value\":\"x\"}",
              "\"loc\":[\"body\",\"key\"],\"msg\":\"Input should be a valid string without NUL characters\"");
    fx_expect(404, "GET", "/api/v2/variables/a", NULL, NULL);
}

static void writes_down_who_did_what(void **state)
{
    (void)state;
    fx_expect(201, "POST", "/api/v2/variables", "{\"key\":\"audited\",\"value\":\"top secret\"}", NULL);
    fx_expect(200, "GET", "/api/v2/eventLogs?event=post_variable&order_by=-when&limit=1", NULL,
              "\"owner\":\"ann\",\"extra\":\"{\\\"key\\\": \\\"audited\\\", \\\"value\\\": \\\"***\\\", "
              "\\\"method\\\": \\\"POST\\\"}\"");
    fx_expect(400, "POST", "/api/v2/dags/pipe/dagRuns", "{\"logical_date\":null,\"conf\":{\"n\":0}}", NULL);
    /* A refusal does not wait for its row; what is written after that row does. */
    fx_expect(201, "POST", "/api/v2/variables", "{\"key\":\"later\",\"value\":\"\"}", NULL);
    fx_expect(200, "GET", "/api/v2/eventLogs?dag_id=pipe&order_by=-when&limit=1", NULL,
              "\"extra\":\"{\\\"logical_date\\\": null, \\\"conf\\\": {\\\"n\\\": 0}, \\\"method\\\": "
              "\\\"POST\\\"}\",\"dag_display_name\":\"pipe\"");
    fx_expect(404, "GET", "/api/v2/eventLogs/999999", NULL, "The Event Log with id: `999999` not found");
}

static void write_log(const char *run_id, const char *text)
{
    char path[256];
    const char *const parts[] = {"dag_id=pipe", run_id, "task_id=first", "attempt=1.log"};
    snprintf(path, sizeof path, "%s", fx.folder);
    for (size_t i = 0; i < 4; i++) {
        size_t len = strlen(path);
        snprintf(path + len, sizeof path - len, "/%s%s", i == 1 ? "run_id=" : "", parts[i]);
        if (i < 3) {
            mkdir(path, 0700);
        }
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void reads_logs(void **state)
{
    (void)state;
    static const char log[] = "/api/v2/dags/pipe/dagRuns/logged/taskInstances/first/logs/1";
    fx_run("pipe", "logged", "success");
    write_log("logged",
              "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"event\":\"one\",\"level\":\"info\"}\n\nnot json\nlast");
    fx_expect(200, "GET", log, NULL,
              "{\"content\":[{\"event\":\"::group::Log message source details\"},{\"event\":\"/tmp/");
    assert_non_null(strstr(fx_body,
                           "{\"event\":\"::endgroup::\"},{\"timestamp\":\"2026-01-01T00:00:00Z\",\"event\":\"one\","
                           "\"level\":\"info\"},{\"event\":\"not json\"},{\"event\":\"last\"}],"
                           "\"continuation_token\":null}"));
    fx_expect(400, "GET", "/api/v2/dags/pipe/dagRuns/logged/taskInstances/first/logs/1?token=12.ab", NULL,
              "Bad Signature");
    fx_expect(404, "GET", "/api/v2/dags/pipe/dagRuns/logged/taskInstances/first/logs/2", NULL,
              "TaskInstance not found");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/logged/taskInstances/second/logs/1", NULL,
              "{\"content\":[{\"event\":\"::group::Log message source details\"},{\"event\":\"::endgroup::\"}],"
              "\"continuation_token\":null}");
    fx_expect(400, "GET", "/api/v2/dags/../dagRuns/logged/taskInstances/first/logs/1", NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_dags),
        cmocka_unit_test(shows_a_dag),
        cmocka_unit_test(answers_without_a_database_row),
        cmocka_unit_test(keeps_variables),
        cmocka_unit_test(keeps_connections),
        cmocka_unit_test(keeps_pools),
        cmocka_unit_test(roles_are_airflows),
        cmocka_unit_test(refuses_what_it_could_not_keep),
        cmocka_unit_test(writes_down_who_did_what),
        cmocka_unit_test(reads_logs),
    };
    return cmocka_run_group_tests(tests, fx_set_up, fx_tear_down);
}
