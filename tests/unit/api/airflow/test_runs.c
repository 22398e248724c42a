#include "tests/unit/api/airflow/fixture.h"

static void triggers_and_shows_a_run(void **state)
{
    (void)state;
    fx_run("pipe", "one", "success");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/one", NULL,
              "\"triggered_by\":\"rest_api\",\"triggering_user_name\":\"ann\"");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns?run_id_pattern=one", NULL, "\"total_entries\":1");
    fx_expect(200, "GET", "/api/v2/dags/~/dagRuns?state=success&limit=1&order_by=-run_after", NULL, "\"dag_runs\":[{");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/one/taskInstances?order_by=-end_date", NULL,
              "\"task_instances\":[{\"id\":");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/one/taskInstances/second", NULL, "\"hostname\":\"house\"");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/one/taskInstances/first/xcomEntries/return_value", NULL,
              "\"value\":{\"rows\":[1,2]}");
    fx_expect(200, "POST", "/api/v2/dags/~/dagRuns/list", "{\"dag_ids\":[\"pipe\"],\"states\":[\"success\"]}",
              "\"dag_run_id\":\"one\"");
}

static void refuses_bad_triggers(void **state)
{
    (void)state;
    static const char runs[] = "/api/v2/dags/pipe/dagRuns";
    fx_run("pipe", "taken", "success");
    fx_expect(409, "POST", runs, "{\"dag_run_id\":\"taken\",\"logical_date\":null}",
              "\"reason\":\"Unique constraint violation\"");
    fx_expect(404, "POST", "/api/v2/dags/nope/dagRuns", "{\"logical_date\":null}",
              "{\"detail\":\"Dag with dag_id: 'nope' not found\"}");
    fx_expect(422, "POST", runs, "{}",
              "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"logical_date\"],\"msg\":\"Field "
              "required\",\"input\":{}}]}");
    fx_expect(422, "POST", runs, "{\"logical_date\":null,\"foo\":1}", "\"extra_forbidden\"");
    fx_expect(422, "POST", runs, "{bad", "\"json_invalid\"");
    fx_expect(422, "POST", runs, "{\"logical_date\":null,\"data_interval_start\":\"2024-01-01T00:00:00Z\"}",
              "Either both data_interval_start");
    fx_expect(400, "POST", runs, "{\"logical_date\":null,\"dag_run_id\":\"a/b\"}", "does not match regex pattern");
    fx_expect(400, "POST", runs, "{\"logical_date\":null,\"dag_run_id\":\"backfill__1\"}",
              "reserved for backfill runs");
    fx_expect(
        400, "POST", runs, "{\"logical_date\":null,\"conf\":{\"n\":99}}",
        "{\"detail\":\"Invalid input for param n: 99 is greater than the maximum of 9\\n\\nFailed validating 'maximum' "
        "in schema:\\n    {'type': 'integer', 'maximum': 9, 'minimum': 1}\\n\\nOn instance:\\n    99\"}");
    fx_expect(422, "POST", "/api/v2/dags/pipe/dagRuns/list", "{}", "literal_error");
}

static void changes_a_run(void **state)
{
    (void)state;
    fx_run("pipe", "changed", "success");
    fx_expect(200, "PATCH", "/api/v2/dags/pipe/dagRuns/changed", "{\"note\":\"n\",\"state\":\"failed\"}",
              "\"state\":\"failed\"");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/changed", NULL, "\"note\":\"n\"");
    fx_expect(200, "PATCH", "/api/v2/dags/pipe/dagRuns/changed?update_mask=note",
              "{\"note\":\"\",\"state\":\"success\"}", "\"note\":null");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/changed", NULL, "\"state\":\"failed\"");
    fx_expect(422, "PATCH", "/api/v2/dags/pipe/dagRuns/changed", "{\"state\":\"running\"}",
              "'queued', 'success' or 'failed'");
    fx_expect(404, "PATCH", "/api/v2/dags/pipe/dagRuns/nope", "{\"state\":\"failed\"}", "run_id: `nope` was not found");
    fx_expect(204, "DELETE", "/api/v2/dags/pipe/dagRuns/changed", NULL, NULL);
    fx_expect(404, "GET", "/api/v2/dags/pipe/dagRuns/changed", NULL, "was not found");
}

static void clears_a_run(void **state)
{
    (void)state;
    fx_run("pipe", "cleared", "success");
    fx_expect(200, "POST", "/api/v2/dags/pipe/dagRuns/cleared/clear", "{}", "\"total_entries\":3");
    fx_expect(200, "POST", "/api/v2/dags/pipe/dagRuns/cleared/clear", "{\"only_failed\":true}", "\"total_entries\":0");
    fx_expect(200, "POST", "/api/v2/dags/pipe/dagRuns/cleared/clear", "{\"dry_run\":false,\"note\":\"again\"}",
              "\"note\":\"again\"");
    fx_until("/api/v2/dags/pipe/dagRuns/cleared", "\"state\":\"success\"");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/cleared/taskInstances/third", NULL, "\"try_number\":2");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/cleared/taskInstances/third/tries", NULL, "\"total_entries\":2");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/cleared/taskInstances/third/tries/1", NULL, "\"try_number\":1");
    fx_expect(404, "GET", "/api/v2/dags/pipe/dagRuns/cleared/taskInstances/third/tries/9", NULL, "try_number: `9`");
    fx_expect(400, "POST", "/api/v2/dags/pipe/dagRuns/cleared/clear", "{\"only_new\":true}",
              "only_new is not supported");
}

static void clears_tasks(void **state)
{
    (void)state;
    static const char clear[] = "/api/v2/dags/trouble/clearTaskInstances";
    fx_run("trouble", "again", "failed");
    fx_expect(200, "POST", clear, "{\"dag_run_id\":\"again\"}", "\"total_entries\":2");
    fx_expect(200, "POST", clear, "{\"dag_run_id\":\"again\",\"task_ids\":[\"bad\"]}", "\"total_entries\":1");
    fx_expect(200, "POST", clear, "{\"dag_run_id\":\"again\",\"task_ids\":[[\"after\",-1]],\"include_upstream\":true}",
              "\"total_entries\":2");
    fx_expect(200, "POST", clear, "{\"dag_run_id\":\"again\",\"only_running\":true,\"only_failed\":false}",
              "\"total_entries\":0");
    fx_expect(422, "POST", clear, "{\"only_running\":true,\"only_failed\":true}", "both are set to True");
    fx_expect(422, "POST", clear, "{\"task_ids\":[]}", "at least 1 element");
    fx_expect(404, "POST", clear, "{\"dag_run_id\":\"nope\"}", "Dag Run id nope not found in dag trouble");
    fx_expect(400, "POST", clear, "{\"dag_run_id\":\"again\",\"include_future\":true}", "with no logical_date");
    fx_expect(200, "POST", clear, "{\"dry_run\":false,\"dag_run_id\":\"again\",\"reset_dag_runs\":false}",
              "\"state\":null");
    fx_expect(200, "GET", "/api/v2/dags/trouble/dagRuns/again", NULL, "\"state\":\"failed\"");
    fx_expect(200, "GET", "/api/v2/dags/trouble/dagRuns/again/taskInstances/bad", NULL, "\"state\":null");
    fx_expect(200, "PATCH", "/api/v2/dags/trouble/dagRuns/again", "{\"state\":\"queued\"}", NULL);
    fx_until("/api/v2/dags/trouble/dagRuns/again/taskInstances/bad", "\"state\":\"failed\"");
    fx_until("/api/v2/dags/trouble/dagRuns/again", "\"state\":\"failed\"");
    fx_expect(200, "POST", clear, "{\"dry_run\":false,\"dag_run_id\":\"again\",\"note\":\"once more\"}",
              "\"note\":\"once more\"");
    fx_until("/api/v2/dags/trouble/dagRuns/again/taskInstances/bad", "\"try_number\":3");
    fx_until("/api/v2/dags/trouble/dagRuns/again", "\"state\":\"failed\"");
}

static void marks_tasks(void **state)
{
    (void)state;
    static const char slow[] = "/api/v2/dags/slowly/dagRuns/marked/taskInstances/slow";
    fx_run("slowly", "marked", "running");
    fx_until(slow, "\"state\":\"running\"");
    fx_expect(200, "GET", "/api/v2/dags/slowly/dagRuns/marked/taskInstances/after/dependencies", NULL,
              "\"Trigger Rule\"");
    fx_expect(200, "GET", "/api/v2/dags/slowly/dagRuns/marked/taskInstances/slow/dependencies", NULL,
              "{\"dependencies\":[]}");
    fx_expect(200, "PATCH", "/api/v2/dags/slowly/dagRuns/marked/taskInstances/slow/dry_run",
              "{\"new_state\":\"success\",\"include_downstream\":true}", "\"total_entries\":2");
    fx_expect(200, "PATCH", slow, "{\"new_state\":\"success\",\"note\":\"mine\"}", "\"state\":\"success\"");
    fx_until("/api/v2/dags/slowly/dagRuns/marked", "\"state\":\"success\"");
    fx_expect(409, "PATCH", slow, "{\"new_state\":\"success\"}", "Task id slow is already in success state");
    fx_expect(422, "PATCH", slow, "{\"new_state\":\"x\"}", "'x' is not one of ['success', 'failed', 'skipped']");
    fx_expect(404, "PATCH", "/api/v2/dags/slowly/dagRuns/nope/taskInstances/slow", "{\"new_state\":\"failed\"}",
              "{\"detail\":[\"The Task Instance with dag_id: `slowly`");
    fx_expect(404, "GET", "/api/v2/dags/slowly/dagRuns/marked/taskInstances/nope", NULL,
              "task_id: `nope` was not found");
}

/* What the Task SDK makes of the same operators (_serialize_rendered_fields). */
static void shows_what_a_command_was_run_with(void **state)
{
    (void)state;
    static const char slow[] = "/api/v2/dags/slowly/dagRuns/shown/taskInstances";
    static const char fields[] = "\"rendered_fields\":{\"bash_command\":\"sleep 9\",\"env\":{\"A_PASSWORD\":\"***\","
                                 "\"B\":\"1\"},\"cwd\":\"/\"}";
    fx_run("slowly", "shown", "running");
    fx_until("/api/v2/dags/slowly/dagRuns/shown/taskInstances/slow", fields);
    fx_expect(200, "GET", slow, NULL, fields);
    fx_expect(200, "GET", "/api/v2/dags/slowly/dagRuns/shown/taskInstances/after", NULL, "\"rendered_fields\":{}");
    fx_expect(200, "PATCH", "/api/v2/dags/slowly/dagRuns/shown", "{\"state\":\"failed\"}", NULL);
    fx_expect(200, "GET", slow, NULL, fields);
    fx_run("pipe", "shown", "success");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/shown/taskInstances/first", NULL,
              "\xc3\xa9...\",\"env\":\"Truncated. "
              "You can change this behaviour in [core]max_templated_field_length. {'A_TOKEN': '***', 'B': '0000");
}

static void waits_for_a_run(void **state)
{
    (void)state;
    fx_run("pipe", "awaited", "success");
    fx_expect(200, "GET", "/api/v2/dags/pipe/dagRuns/awaited/wait?interval=0.05&result=first", NULL,
              "{\"state\": \"success\", \"results\": {\"first\": {\"rows\": [1, 2]}}}\n");
    fx_expect(422, "GET", "/api/v2/dags/pipe/dagRuns/awaited/wait", NULL, "\"missing\"");
    fx_expect(422, "GET", "/api/v2/dags/pipe/dagRuns/awaited/wait?interval=0", NULL, "greater_than");
}

static void pauses(void **state)
{
    (void)state;
    fx_expect(200, "PATCH", "/api/v2/dags/trouble", "{\"is_paused\":true}", "\"is_paused\":true");
    fx_expect(200, "GET", "/api/v2/dags?paused=true", NULL, "\"total_entries\":1");
    fx_expect(200, "PATCH", "/api/v2/dags?dag_id_pattern=~", "{\"is_paused\":true}", "\"total_entries\":3");
    fx_expect(200, "PATCH", "/api/v2/dags?dag_id_pattern=%25&limit=1", "{\"is_paused\":false}", "\"total_entries\":3");
    fx_expect(200, "GET", "/api/v2/dags?paused=true", NULL, "\"total_entries\":0");
    fx_expect(200, "PATCH", "/api/v2/dags", "{\"is_paused\":true}", "\"total_entries\":0");
    fx_expect(404, "PATCH", "/api/v2/dags/nope", "{\"is_paused\":true}", "Dag with id: nope was not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triggers_and_shows_a_run),
        cmocka_unit_test(refuses_bad_triggers),
        cmocka_unit_test(changes_a_run),
        cmocka_unit_test(clears_a_run),
        cmocka_unit_test(clears_tasks),
        cmocka_unit_test(marks_tasks),
        cmocka_unit_test(shows_what_a_command_was_run_with),
        cmocka_unit_test(waits_for_a_run),
        cmocka_unit_test(pauses),
    };
    return cmocka_run_group_tests(tests, fx_set_up, fx_tear_down);
}
