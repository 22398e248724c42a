#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dags/read_airflow.h"
#include "engine/base/json.h"

/* A document with the given timetable, members of "dag", tasks and children of the root group. */
static json_t *document(const char *timetable, const char *members, const char *tasks, const char *children)
{
    char text[8192];
    struct hk_error err;
    snprintf(text, sizeof text,
             "{\"__version\":3,\"dag\":{\"dag_id\":\"demo\",\"fileloc\":\"/dags/"
             "demo.py\",\"timezone\":\"UTC\",\"timetable\":%s,%s"
             "\"tasks\":[%s],\"task_group\":{\"_group_id\":null,\"children\":{%s}}}}",
             timetable, members, tasks, children);
    json_t *value = hk_json_parse(hk_str_from(text), &err);
    if (value == NULL) {
        fail_msg("%s", err.message);
    }
    return value;
}

#define NO_SCHEDULE "{\"__type\":\"airflow.timetables.simple.NullTimetable\",\"__var\":{}}"
#define TASK(fields) "{\"__type\":\"operator\",\"__var\":{" fields "}}"
#define IN_ROOT(id) "\"" id "\":[\"operator\",\"" id "\"]"

static const struct hk_airflow_source source = {"/bundle/demo.py", "demo.py", "dags"};

static struct hk_graph *read_document(json_t *value)
{
    struct hk_graph *graph = NULL;
    struct hk_error err;
    if (!hk_airflow_read(value, &source, &graph, &err)) {
        fail_msg("%s", err.message);
    }
    json_decref(value);
    return graph;
}

static void expect_refusal(json_t *value, const char *word)
{
    struct hk_graph *graph = NULL;
    struct hk_error err = {0};
    assert_false(hk_airflow_read(value, &source, &graph, &err));
    json_decref(value);
    if (strstr(err.message, word) == NULL) {
        fail_msg("'%s' does not speak of '%s'", err.message, word);
    }
}

static void reads_callbacks_of_the_dag(void **state)
{
    (void)state;
    struct hk_graph *graph = read_document(document(NO_SCHEDULE, "\"has_on_failure_callback\":true,", "", ""));
    assert_true(graph->has_failure_callback);
    assert_false(graph->has_success_callback);
    hk_graph_unref(graph);
}

static void fills_in_the_defaults(void **state)
{
    (void)state;
    struct hk_graph *graph = read_document(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\""), IN_ROOT("a")));
    const struct hk_task *task = &graph->tasks[0];
    assert_string_equal(graph->dag_id, "demo");
    assert_string_equal(graph->fileloc, "/bundle/demo.py");
    assert_string_equal(graph->dialect, "airflow");
    assert_string_equal(task->pool, "default_pool");
    assert_string_equal(task->owner, "airflow");
    assert_int_equal(task->trigger_rule, HK_RULE_ALL_SUCCESS);
    assert_int_equal(task->retry_delay_us, 300 * HK_SECOND_US);
    assert_int_equal(task->pool_slots, 1);
    assert_int_equal(task->priority_weight, 1);
    assert_int_equal(task->runner, HK_RUNNER_PYTHON);
    assert_int_equal(graph->schedule.kind, HK_SCHEDULE_NONE);
    hk_graph_unref(graph);
}

static void reads_what_is_written(void **state)
{
    (void)state;
    struct hk_graph *graph = read_document(document(
        "{\"__type\":\"airflow.timetables.trigger.CronTriggerTimetable\",\"__var\":{\"expression\":\"*/5 * * * "
        "*\",\"timezone\":"
        "\"Asia/Seoul\",\"interval\":0.0,\"run_immediately\":false}}",
        "\"tags\":[\"x\",\"y\"],\"description\":\"d\",\"max_active_runs\":3,\"max_active_tasks\":7,\"dagrun_timeout\":"
        "3600.0,"
        "\"start_date\":1767225600.0,\"catchup\":true,\"default_args\":{\"__type\":\"dict\",\"__var\":{\"retries\":2,"
        "\"retry_delay\":"
        "{\"__type\":\"timedelta\",\"__var\":5.0}}},\"params\":[[\"n\",{\"__class\":\"P\",\"default\":3,"
        "\"description\":null,\"schema\":"
        "{\"__type\":\"dict\",\"__var\":{\"type\":\"integer\"}},\"source\":null}]],",
        TASK("\"task_id\":\"a\",\"retries\":2,\"retry_delay\":5.5,\"retry_exponential_backoff\":2.0,\"max_retry_"
             "delay\":60.0,"
             "\"execution_timeout\":180.0,\"pool\":\"p1\",\"pool_slots\":2,\"priority_weight\":5,\"weight_rule\":"
             "\"absolute\",\"queue\":\"q\","
             "\"trigger_rule\":\"none_failed\",\"is_setup\":true,\"max_active_tis_per_dag\":4,\"has_on_failure_"
             "callback\":true,"
             "\"_operator_name\":\"@task\",\"task_type\":\"_PythonDecoratedOperator\",\"_task_module\":\"m\","
             "\"downstream_task_ids\":[\"g.b\"],"
             "\"template_fields\":[\"op_args\"],\"ui_color\":\"#ffefeb\"") "," TASK("\"task_id\":\"g.b\",\"is_"
                                                                                    "teardown\":true,\"on_failure_fail_"
                                                                                    "dagrun\":true,\"depends_on_past\":"
                                                                                    "true"),
        IN_ROOT("a") ",\"g\":[\"taskgroup\",{\"_group_id\":\"g\",\"group_display_name\":\"Group\",\"tooltip\":\"tip\","
                     "\"children\":{" IN_ROOT("g.b") "}}]"));
    const struct hk_task *task = &graph->tasks[0];
    assert_int_equal(graph->schedule.kind, HK_SCHEDULE_CRON);
    assert_string_equal(graph->schedule.zone, "Asia/Seoul");
    assert_false(graph->schedule.has_interval);
    assert_int_equal(graph->tag_count, 2);
    assert_int_equal(graph->max_active_runs, 3);
    assert_int_equal(graph->run_timeout_us, HK_HOUR_US);
    assert_int_equal(graph->start_at_us, INT64_C(1767225600000000));
    assert_string_equal(graph->default_args_json, "{\"retries\":2,\"retry_delay\":5.0}");
    assert_string_equal(graph->params_json,
                        "{\"n\":{\"value\":3,\"schema\":{\"type\":\"integer\"},\"description\":null,\"source\":null}}");
    assert_int_equal(task->retry_delay_us, 5500 * HK_MS_US);
    assert_true(task->retry_backoff == 2.0);
    assert_int_equal(task->execution_timeout_us, 180 * HK_SECOND_US);
    assert_int_equal(task->weight_rule, HK_WEIGHT_ABSOLUTE);
    assert_int_equal(task->trigger_rule, HK_RULE_NONE_FAILED);
    assert_int_equal(task->max_active_per_dag, 4);
    assert_true(task->is_setup && task->has_failure_callback);
    assert_string_equal(task->operator_name, "@task");
    assert_non_null(strstr(task->extra_json, "\"ui_color\":\"#ffefeb\""));
    assert_non_null(strstr(task->extra_json, "\"template_fields\":[\"op_args\"]"));
    assert_int_equal(task->downstream_count, 1);
    assert_int_equal(graph->group_count, 2);
    assert_int_equal(graph->tasks[1].group, 1);
    assert_string_equal(graph->groups[1].label, "Group");
    assert_true(graph->tasks[1].is_teardown && graph->tasks[1].teardown_fails_run && graph->tasks[1].depends_on_past);
    hk_graph_unref(graph);
}

static void reads_the_timetables(void **state)
{
    (void)state;
    static const struct {
        const char *timetable;
        enum hk_schedule_kind kind;
        bool has_interval;
        const char *zone;
        const char *summary;
    } cases[] = {
        {"{\"__type\":\"airflow.timetables.simple.OnceTimetable\",\"__var\":{}}", HK_SCHEDULE_ONCE, false, "UTC",
         "@once"},
        {"{\"__type\":\"airflow.timetables.simple.ContinuousTimetable\",\"__var\":{}}", HK_SCHEDULE_CONTINUOUS, false,
         "UTC", "@continuous"},
        {"{\"__type\":\"airflow.timetables.interval.CronDataIntervalTimetable\",\"__var\":{\"expression\":\"0 0 * * "
         "*\",\"timezone\":32400}}",
         HK_SCHEDULE_CRON, true, "+09:00", "0 0 * * *"},
        {"{\"__type\":\"airflow.timetables.trigger.DeltaTriggerTimetable\",\"__var\":{\"delta\":86400.0,\"interval\":0."
         "0}}",
         HK_SCHEDULE_DELTA, false, "UTC", "1 day, 0:00:00"},
        {"{\"__type\":\"airflow.timetables.interval.DeltaDataIntervalTimetable\",\"__var\":{\"delta\":300.0}}",
         HK_SCHEDULE_DELTA, true, "UTC", "0:05:00"},
        {"{\"__type\":\"airflow.timetables.trigger.MultipleCronTriggerTimetable\",\"__var\":{\"expressions\":[\"0 0 * "
         "* *\",\"5 4 * * *\"],\"timezone\":\"Asia/Seoul\",\"interval\":60.0,\"run_immediately\":false}}",
         HK_SCHEDULE_CRONS, false, "Asia/Seoul", "0 0 * * *, 5 4 * * *"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hk_graph *graph = read_document(document(cases[i].timetable, "\"max_active_runs\":1,", "", ""));
        assert_int_equal(graph->schedule.kind, cases[i].kind);
        assert_int_equal(graph->schedule.has_interval, cases[i].has_interval);
        assert_string_equal(graph->schedule.zone, cases[i].zone);
        assert_string_equal(graph->schedule.summary, cases[i].summary);
        hk_graph_unref(graph);
    }
    expect_refusal(
        document("{\"__type\":\"airflow.timetables.simple.PartitionedAssetTimetable\",\"__var\":{}}", "", "", ""),
        "PartitionedAssetTimetable");
    expect_refusal(document("{\"__type\":\"airflow.timetables.trigger.MultipleCronTriggerTimetable\",\"__var\":{"
                            "\"expressions\":[\"0 0 * * *\",\"x\"],\"timezone\":\"UTC\",\"interval\":0.0}}",
                            "", "", ""),
                   "cron expression 'x'");
    expect_refusal(document("{\"__type\":\"my.Timetable\",\"__var\":{}}", "", "", ""), "my.Timetable");
    expect_refusal(document("{\"__type\":\"airflow.timetables.interval.DeltaDataIntervalTimetable\",\"__var\":{"
                            "\"delta\":{\"months\":1}}}",
                            "", "", ""),
                   "relativedelta");
    expect_refusal(
        document("{\"__type\":\"airflow.timetables.trigger.CronTriggerTimetable\",\"__var\":{\"expression\":\"x\"}}",
                 "", "", ""),
        "demo");
}

#define BASH                                                                                                           \
    "\"task_id\":\"a\",\"task_type\":\"BashOperator\",\"_task_module\":\"airflow.providers.standard.operators.bash\","
#define COMMAND(command, rest)                                                                                         \
    "\"_hanok_command\":{\"__type\":\"dict\",\"__var\":{\"command\":\"" command                                        \
    "\",\"env\":null,\"append_env\":false,\"cwd\":null,"                                                               \
    "\"output\":\"utf-8\",\"skip_exit_codes\":[99],\"push_xcom\":true}}" rest

static enum hk_runner runner_of(const char *task)
{
    struct hk_graph *graph = read_document(document(NO_SCHEDULE, "", task, IN_ROOT("a")));
    enum hk_runner runner = graph->tasks[0].runner;
    if (runner == HK_RUNNER_COMMAND) {
        assert_non_null(strstr(graph->tasks[0].spec_json, "\"skip_exit_codes\":[99]"));
    }
    hk_graph_unref(graph);
    return runner;
}

static void chooses_who_runs_a_task(void **state)
{
    (void)state;
    assert_int_equal(runner_of(TASK("\"task_id\":\"a\",\"_is_empty\":true")), HK_RUNNER_NOTHING);
    assert_int_equal(runner_of(TASK("\"task_id\":\"a\",\"_is_empty\":true,\"has_on_success_callback\":true")),
                     HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK("\"task_id\":\"a\",\"_is_empty\":true,\"outlets\":[{\"__type\":\"asset\"}]")),
                     HK_RUNNER_NOTHING);
    assert_int_equal(runner_of(TASK("\"task_id\":\"a\",\"_is_empty\":true,\"outlets\":[{\"__type\":\"asset_alias\"}]")),
                     HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK(BASH COMMAND("echo", ""))), HK_RUNNER_COMMAND);
    assert_int_equal(runner_of(TASK(BASH "\"bash_command\":\"echo\"")), HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK(BASH COMMAND("echo {{ ds }}", ""))), HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK(BASH COMMAND("run.sh", ""))), HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK(BASH COMMAND("echo", ",\"has_on_failure_callback\":true"))), HK_RUNNER_PYTHON);
    assert_int_equal(runner_of(TASK("\"task_id\":\"a\",\"task_type\":\"Mine\"," COMMAND("echo", ""))),
                     HK_RUNNER_PYTHON);
}

static void refuses_by_name(void **state)
{
    (void)state;
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"_is_mapped\":true"), ""), "task 'a'");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"_is_mapped\":true"), ""), "mapping");
    expect_refusal(document(NO_SCHEDULE, "", "", "\"g\":[\"taskgroup\",{\"_group_id\":\"g\",\"is_mapped\":true}]"),
                   "task group 'g'");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"start_from_trigger\":true"), ""),
                   "start_from_trigger");
    expect_refusal(document(NO_SCHEDULE, "\"deadline\":{},", "", ""), "deadline");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"weight_rule\":\"my.Rule\""), ""), "my.Rule");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"trigger_rule\":\"maybe\""), ""), "maybe");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\"") "," TASK("\"task_id\":\"a\""), ""), "twice");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"retries\":-1"), ""), "retries");
    expect_refusal(document(NO_SCHEDULE, "", TASK("\"task_id\":\"a\",\"execution_timeout\":1e300"), ""),
                   "out of range");
    expect_refusal(document(NO_SCHEDULE, "", "", IN_ROOT("ghost")), "ghost");
    expect_refusal(json_pack("{s:i}", "__version", 2), "version 2");
    expect_refusal(json_array(), "version 0");
    expect_refusal(json_pack("{s:i,s:{}}", "__version", 3, "dag"), "dag_id");
}

static void reads_what_waits_for_a_promotion(void **state)
{
    (void)state;
    struct hk_graph *graph = read_document(
        document(NO_SCHEDULE, "",
                 TASK("\"task_id\":\"a\",\"task_type\":\"ModelPromotedSensor\",\"_task_module\":\"hanok_sensors\","
                      "\"model\":\"fraud\",\"stage\":\"Production\",\"timeout\":3600.0"),
                 IN_ROOT("a")));
    assert_int_equal(graph->tasks[0].runner, HK_RUNNER_WAIT);
    assert_string_equal(graph->tasks[0].wait_model, "fraud");
    assert_string_equal(graph->tasks[0].wait_stage, "Production");
    assert_int_equal(graph->tasks[0].wait_timeout_us, 3600 * HK_SECOND_US);
    hk_graph_unref(graph);
    expect_refusal(document(NO_SCHEDULE, "",
                            TASK("\"task_id\":\"a\",\"task_type\":\"ModelPromotedSensor\",\"_task_module\":"
                                 "\"hanok_sensors\",\"model\":\"{{ ds }}\",\"alias\":\"x\""),
                            IN_ROOT("a")),
                   "A template in 'model'");
}

#define ASSET_TIMETABLE(condition)                                                                                     \
    "{\"__type\":\"airflow.timetables.simple.AssetTriggeredTimetable\",\"__var\":{\"asset_condition\":" condition "}}"
#define ASSET(name)                                                                                                    \
    "{\"__type\":\"asset\",\"name\":\"" name "\",\"uri\":\"" name "/\",\"group\":\"g\",\"extra\":{\"k\":1}}"

static void reads_assets(void **state)
{
    (void)state;
    struct hk_graph *graph = read_document(document(
        ASSET_TIMETABLE("{\"__type\":\"asset_all\",\"objects\":[" ASSET(
            "model://m@champion") ","
                                  "{\"__type\":\"asset_any\",\"objects\":[" ASSET("b") "," ASSET("c") "]}]}"),
        "",
        TASK("\"task_id\":\"a\",\"outlets\":[{\"__type\":\"asset\",\"__var\":{\"name\":\"out\",\"uri\":\"out\"}},"
             "{\"__type\":\"asset_alias\",\"__var\":{\"name\":\"later\"}}]"),
        IN_ROOT("a")));
    struct hk_buf text;
    hk_buf_init(&text, 4096);
    hk_asset_condition_write(graph, &text);
    assert_string_equal(hk_buf_str(&text).data,
                        "{\"all\":[{\"asset\":{\"uri\":\"model://m@champion/\",\"name\":\"model://m@champion\","
                        "\"group\":\"g\"}},{\"any\":[{\"asset\":{\"uri\":\"b/\",\"name\":\"b\",\"group\":\"g\"}},"
                        "{\"asset\":{\"uri\":\"c/\",\"name\":\"c\",\"group\":\"g\"}}]}]}");
    hk_buf_clear(&text);
    assert_string_equal(graph->schedule.summary, "Asset");
    assert_string_equal(graph->assets[0].extra_json, "{\"k\":1}");
    assert_int_equal(graph->asset_count, 4);
    assert_int_equal(graph->tasks[0].outlet_count, 1);
    assert_string_equal(graph->assets[graph->tasks[0].outlets[0]].name, "out");
    hk_graph_unref(graph);
    expect_refusal(document(ASSET_TIMETABLE("{\"__type\":\"asset_alias\",\"name\":\"x\"}"), "", "", ""), "AssetAlias");
    expect_refusal(document(ASSET_TIMETABLE("{\"__type\":\"asset_name_ref\",\"name\":\"x\"}"), "", "", ""),
                   "Asset.ref(name=...)");
    expect_refusal(document(ASSET_TIMETABLE("{\"__type\":\"asset\",\"name\":\"x\"}"), "", "", ""), "no URI");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_assets),
        cmocka_unit_test(reads_what_waits_for_a_promotion),
        cmocka_unit_test(reads_callbacks_of_the_dag),
        cmocka_unit_test(fills_in_the_defaults),
        cmocka_unit_test(reads_what_is_written),
        cmocka_unit_test(reads_the_timetables),
        cmocka_unit_test(chooses_who_runs_a_task),
        cmocka_unit_test(refuses_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
