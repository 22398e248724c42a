#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dags/read_yaml.h"
#include "engine/base/limits.h"

static const char *find_env(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "WHO") == 0 ? "world" : NULL;
}

static struct hk_yaml_source source_of(const char *text)
{
    return (struct hk_yaml_source){.path = "/dags/f.yaml",
                                   .relative_path = "f.yaml",
                                   .bundle_name = "dags-folder",
                                   .text = hk_str_from(text),
                                   .now_us = 1700000000 * HK_SECOND_US,
                                   .find_env = find_env};
}

static struct hk_yaml_dags read(const char *text)
{
    struct hk_yaml_source source = source_of(text);
    struct hk_yaml_dags dags;
    struct hk_error err = {0};
    if (!hk_read_yaml(&source, &dags, &err)) {
        fail_msg("%s", err.message);
    }
    return dags;
}

static void refuse(const char *text, const char *message)
{
    struct hk_yaml_source source = source_of(text);
    struct hk_yaml_dags dags;
    struct hk_error err = {0};
    assert_false(hk_read_yaml(&source, &dags, &err));
    assert_int_equal(dags.count, 0);
    assert_null(dags.graphs);
    if (strstr(err.message, message) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, message);
    }
}

#define BASH "operator: airflow.operators.bash.BashOperator, bash_command: "
#define EMPTY "operator: airflow.operators.empty.EmptyOperator"

static const struct hk_task *task(const struct hk_yaml_dags *dags, const char *id)
{
    const struct hk_task *t = hk_graph_find_task(dags->graphs[0], hk_str_from(id));
    assert_non_null(t);
    return t;
}

static void a_file_becomes_graphs(void **state)
{
    (void)state;
    struct hk_yaml_dags dags = read("default: {default_args: {owner: me, retries: 2}}\n"
                                    "one:\n"
                                    "  schedule: '@daily'\n"
                                    "  start_date: 2024-01-01\n"
                                    "  timezone: Asia/Seoul\n"
                                    "  tasks:\n"
                                    "    b: {" EMPTY ", dependencies: [a]}\n"
                                    "    a: {" BASH "\"echo hello $WHO $NOBODY ${NO$WHO}\"}\n"
                                    "two: {tasks: [{task_id: t, " EMPTY "}]}\n");
    assert_int_equal(dags.count, 2);
    const struct hk_graph *one = dags.graphs[0];
    assert_string_equal(one->dag_id, "one");
    assert_string_equal(one->dialect, "yaml");
    assert_string_equal(one->fileloc, "/dags/f.yaml");
    assert_string_equal(one->relative_fileloc, "f.yaml");
    assert_int_equal(one->schedule.kind, HK_SCHEDULE_CRON);
    assert_string_equal(one->schedule.zone, "Asia/Seoul");
    assert_int_equal(one->start_at_us, 1704034800 * HK_SECOND_US);
    assert_int_equal(task(&dags, "a")->runner, HK_RUNNER_COMMAND);
    assert_non_null(strstr(task(&dags, "a")->spec_json, "\"command\":\"echo hello world $NOBODY ${NO$WHO}\""));
    assert_int_equal(task(&dags, "b")->runner, HK_RUNNER_NOTHING);
    assert_int_equal(task(&dags, "b")->upstream[0], 1);
    assert_int_equal(task(&dags, "b")->retries, 2);
    assert_string_equal(task(&dags, "b")->owner, "me");
    assert_int_equal(dags.graphs[1]->schedule.kind, HK_SCHEDULE_NONE);
    hk_yaml_dags_clear(&dags);
}

static void what_needs_python_goes_there(void **state)
{
    (void)state;
    struct hk_yaml_dags dags =
        read("d:\n  tasks:\n"
             "    plain: {" BASH "'echo'}\n"
             "    jinja: {" BASH "'echo {{ ds }}'}\n"
             "    script: {" BASH "'run.sh'}\n"
             "    script_line: {" BASH "\"run.bash\\n\"}\n"
             "    env: {" BASH "'echo', env: {A: '{% if x %}'}}\n"
             "    cwd: {" BASH "'echo', cwd: '{# c #}'}\n"
             "    called: {" BASH "'echo', on_success_callback: a.b}\n"
             "    mailed: {" BASH "'echo', email: a@example.com}\n"
             "    unmailed: {" BASH "'echo', email: [a@b.c], email_on_failure: no, email_on_retry: no}\n"
             "    empty_called: {" EMPTY ", on_failure_callback: a.b}\n"
             "    empty_outlets: {" EMPTY ", outlets: [a]}\n"
             "    no_outlets: {" EMPTY ", outlets: []}\n"
             "    python: {operator: a.b.BranchPythonOperator, whatever: 1}\n"
             "    sub: {operator: my.own.BashOperator, bash_command: echo}\n");
    static const struct {
        const char *id;
        enum hk_runner runner;
    } cases[] = {
        {"plain", HK_RUNNER_COMMAND},         {"jinja", HK_RUNNER_PYTHON},      {"script", HK_RUNNER_PYTHON},
        {"script_line", HK_RUNNER_PYTHON},    {"env", HK_RUNNER_PYTHON},        {"cwd", HK_RUNNER_PYTHON},
        {"called", HK_RUNNER_PYTHON},         {"mailed", HK_RUNNER_PYTHON},     {"unmailed", HK_RUNNER_COMMAND},
        {"empty_called", HK_RUNNER_PYTHON},   {"python", HK_RUNNER_PYTHON},     {"sub", HK_RUNNER_PYTHON},
        {"empty_outlets", HK_RUNNER_NOTHING}, {"no_outlets", HK_RUNNER_NOTHING}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (task(&dags, cases[i].id)->runner != cases[i].runner) {
            fail_msg("%s runs as %s", cases[i].id, hk_runner_name(task(&dags, cases[i].id)->runner));
        }
    }
    assert_true(task(&dags, "empty_called")->has_failure_callback);
    assert_true(task(&dags, "python")->can_skip_downstream);
    assert_string_equal(task(&dags, "python")->operator_module, "a.b");
    assert_null(task(&dags, "jinja")->spec_json);
    hk_yaml_dags_clear(&dags);
}

static void messages_name_the_place(void **state)
{
    (void)state;
    refuse("d:\n  tasks:\n    a:\n      " EMPTY "\n      retries: x\n",
           "f.yaml:5: DAG 'd', task 'a': retries takes a whole number");
    refuse("d:\n  schedule: '61 * * * *'\n  tasks: {}\n", "f.yaml:2: DAG 'd': ");
    refuse("d:\n  tasks:\n    a:\n      " EMPTY "\n      expand: {x: [1]}\n",
           "f.yaml:5: DAG 'd', task 'a': dynamic task mapping");
    refuse("d:\n  tasks:\n    a: {" EMPTY ", dependencies: [a]}\n", "f.yaml:1: Task 'a' depends on itself");
    refuse("ok: {tasks: {}}\nbad name: {tasks: {}}\n",
           "f.yaml:2: DAG 'bad name': dag_id: The key 'bad name' has to be made of");
    refuse("d: {tasks: {}}\nd: {tasks: {}}\n", "f.yaml:2: the key 'd' was already given on line 1");
    refuse("d: {tasks: {a: {" EMPTY ", retry_delay: {__type__: datetime.timedelta, parsecs: 1}}}}",
           "takes no argument 'parsecs'");
    refuse("d: {tasks: {a: {" EMPTY ", retry_delay: {__type__: datetime.timedelta, days: 1.0e+300}}}}",
           "no more than 1000 years");
    refuse("d: {tasks: {a: {" EMPTY ", retry_delay: {__type__: datetime.timedelta, days: .nan}}}}",
           "no more than 1000 years");
    refuse("d: {start_date: {__type__: datetime.datetime, year: 2023, month: 2, day: 29}, tasks: {}}", "has no day 29");
    refuse("d: {start_date: {__type__: some.other.Thing}, tasks: {}}", "of type some.other.Thing");
    refuse("d: {tasks: {a: {operator: 5}}}", "is no operator");
    refuse("d: {tasks: {a: {operator: [x]}}}", "is no operator");
    refuse("d: {tasks: {a: {operator: '.x'}}}", "is no operator");
    refuse("d: {task_groups: {g: {parent_group_name: [1]}}, tasks: {}}", "there is no such group");
    refuse("d: {task_groups: {g: {tooltip: x}}, tasks: {a: {" EMPTY ", task_group_name: [1]}}}", "does not exist");
    refuse("d: {tasks: {a: {" EMPTY ", dependencies: [[1]]}}}", "neither a task nor a task group");
    refuse("d: {tasks: {a: {decorator: airflow.sdk.task, python_callable: x.y, n: +ghost}}}", "the result of a task");
    refuse("d: {task_groups: {g: {tooltip: x}}, tasks: {a: {" EMPTY ", task_group_name: g, dependencies: [g]}}}",
           "the group it is in");
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# nothing\n", "[1, 2]\n", "just a text\n",
                                        "name: dbt_project\nversion: 2\nmodels: {x: {y: 1}}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hk_yaml_dags dags = read(texts[i]);
        assert_true(dags.is_other);
        assert_int_equal(dags.count, 0);
        hk_yaml_dags_clear(&dags);
    }
}

static void defaults_files_go_below(void **state)
{
    (void)state;
    struct hk_yaml_source source = source_of("d: {tasks: {a: {" EMPTY "}}}\n");
    struct hk_yaml_defaults defaults[] = {
        {"near/defaults.yml", hk_str_from("default_args: {owner: near}\nmax_active_runs: 2\n")},
        {"defaults.yml",
         hk_str_from("default_args: {owner: far, retries: 3}\nmax_active_runs: 1\nmax_active_tasks: 9\n")}};
    struct hk_yaml_dags dags;
    struct hk_error err = {0};
    source.defaults = defaults;
    source.default_count = 2;
    assert_true(hk_read_yaml(&source, &dags, &err));
    assert_string_equal(task(&dags, "a")->owner, "near");
    assert_int_equal(task(&dags, "a")->retries, 3);
    assert_int_equal(dags.graphs[0]->max_active_runs, 2);
    assert_int_equal(dags.graphs[0]->max_active_tasks, 9);
    hk_yaml_dags_clear(&dags);
    defaults[1].text = hk_str_from("default_args: [1]\n");
    assert_false(hk_read_yaml(&source, &dags, &err));
    assert_string_equal(err.message, "defaults.yml:1: default_args takes a mapping.");
    assert_true(hk_yaml_is_defaults("/a/defaults.yml"));
    assert_true(hk_yaml_is_defaults("defaults.yaml"));
    assert_false(hk_yaml_is_defaults("/defaults.yml/my_defaults.yml"));
}

static void defaults_cannot_be_multiplied_without_end(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES);
    hk_buf_add_text(&text, "default:\n  default_args:\n    retries: 1\n  access_control:\n");
    for (int i = 0; i < 3000; i++) {
        hk_buf_printf(&text, "    k%d: 1\n", i);
    }
    for (int i = 0; i < 3000; i++) {
        hk_buf_printf(&text, "d%d: {access_control: {x: 1}}\n", i);
    }
    refuse(text.data, "with its defaults written out");
    hk_buf_clear(&text);
}

/* A large file, and a chain through it. */
static void large_files_are_read_in_time(void **state)
{
    (void)state;
    enum { TASKS = 20000 };
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES);
    hk_buf_add_text(&text, "d:\n  task_groups: {g: {tooltip: x}, after: {dependencies: [g]}}\n  tasks:\n");
    for (int i = 0; i < TASKS; i++) {
        hk_buf_printf(&text, "    t%d: {" EMPTY ", task_group_name: g, dependencies: [%s%d]}\n", i, "t",
                      i == 0 ? TASKS : i - 1);
    }
    hk_buf_printf(&text, "    t%d: {" EMPTY "}\n    last: {" EMPTY ", task_group_name: after}\n", TASKS);
    struct hk_yaml_dags dags = read(text.data);
    assert_int_equal(dags.graphs[0]->task_count, TASKS + 2);
    assert_int_equal(task(&dags, "after.last")->upstream_count, 1);
    assert_int_equal(task(&dags, "after.last")->upstream[0], TASKS - 1);
    hk_yaml_dags_clear(&dags);
    hk_buf_clear(&text);
}

static void the_stub_is_python(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 10000);
    hk_yaml_python_stub("/dags/it's \"q\"\\\n.yaml", "/dags", &text);
    assert_non_null(strstr(text.data, "from dagfactory import load_yaml_dags\n"));
    assert_non_null(strstr(text.data, "sys.path.append(\"/dags\")\n"));
    assert_non_null(strstr(text.data, "config_filepath=\"/dags/it's \\\"q\\\"\\\\\\x0a.yaml\",\n"));
    assert_non_null(strstr(text.data, "defaults_config_path=\"/dags\",\n"));
    hk_buf_clear(&text);
}

static void expect_condition(const char *schedule, const char *expected)
{
    char text[512];
    struct hk_buf is;
    snprintf(text, sizeof text, "d:\n  schedule: %s\n  tasks: {a: {" EMPTY "}}\n", schedule);
    struct hk_yaml_dags dags = read(text);
    hk_buf_init(&is, 4096);
    hk_asset_condition_write(dags.graphs[0], &is);
    assert_string_equal(hk_buf_str(&is).data, expected);
    hk_buf_clear(&is);
    hk_yaml_dags_clear(&dags);
}

#define SHOWN(name, uri) "{\"asset\":{\"uri\":\"" uri "\",\"name\":\"" name "\",\"group\":\"asset\"}}"

static void schedules_may_be_assets(void **state)
{
    (void)state;
    expect_condition(
        "['model://m@champion', ' s3://b/k/ ', null, '']",
        "{\"all\":[" SHOWN("model://m@champion", "model://m@champion/") "," SHOWN("s3://b/k/", "s3://b/k") "]}");
    expect_condition("{__or__: [{__type__: airflow.sdk.Asset, uri: 'S3://u:p@h/x?b=1#f'}, {__and__: "
                     "[{__type__: airflow.sdk.Asset, name: n}, {__type__: airflow.sdk.Asset, __args__: [a, b]}]}]}",
                     "{\"any\":[" SHOWN("S3://u:p@h/x?b=1#f",
                                        "s3://h/x?b=1") ",{\"all\":[" SHOWN("n", "n") "," SHOWN("a", "b") "]}]}");
    refuse("d:\n  schedule: [3]\n  tasks: {a: {" EMPTY "}}\n", "a whole number is no asset");
    refuse("d:\n  schedule: {__type__: airflow.sdk.AssetAlias, name: x}\n  tasks: {a: {" EMPTY "}}\n",
           "'airflow.sdk.AssetAlias' is not supported yet");
    refuse("d:\n  schedule: {__type__: airflow.sdk.Asset, name: 3}\n  tasks: {a: {" EMPTY "}}\n",
           "an Asset takes a name");
}

static void outlets_need_no_python(void **state)
{
    (void)state;
    struct hk_yaml_dags dags = read("d:\n  tasks:\n    a: {" BASH
                                    "'echo', outlets: ['x://y', {__type__: airflow.sdk.Asset, name: n}, 'x://y']}\n"
                                    "    b: {" BASH "'echo', outlets: {file: f, datasets: [a]}}\n");
    assert_int_equal(task(&dags, "a")->runner, HK_RUNNER_COMMAND);
    assert_int_equal(task(&dags, "a")->outlet_count, 2);
    assert_string_equal(dags.graphs[0]->assets[0].uri, "x://y/");
    assert_int_equal(task(&dags, "b")->runner, HK_RUNNER_PYTHON);
    hk_yaml_dags_clear(&dags);
}

static void a_promotion_is_waited_for_without_python(void **state)
{
    (void)state;
    struct hk_yaml_dags dags =
        read("d:\n  tasks:\n    a: {operator: hanok_sensors.ModelPromotedSensor, model: fraud, alias: "
             "champion, timeout: 90}\n    b: {operator: hanok_sensors.ModelPromotedSensor, model: "
             "fraud, stage: Production, retries: 2}\n");
    const struct hk_task *a = task(&dags, "a");
    assert_int_equal(a->runner, HK_RUNNER_WAIT);
    assert_string_equal(a->wait_model, "fraud");
    assert_string_equal(a->wait_alias, "champion");
    assert_int_equal(a->wait_timeout_us, 90 * HK_SECOND_US);
    assert_string_equal(task(&dags, "b")->wait_stage, "Production");
    hk_yaml_dags_clear(&dags);
    refuse("d:\n  tasks:\n    a: {operator: hanok_sensors.ModelPromotedSensor, model: m}\n",
           "f.yaml:3: DAG 'd', task 'a': "
           "ModelPromotedSensor takes a model, and an alias or a stage");
    refuse("d:\n  tasks:\n    a: {operator: hanok_sensors.ModelPromotedSensor, model: '{{ x }}', alias: a}\n",
           "cannot be a template");
    refuse("d:\n  tasks:\n    a: {operator: hanok_sensors.ModelPromotedSensor, model: m, alias: a, x: 1}\n",
           "Invalid arguments were passed to ModelPromotedSensor: 'x'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_graphs),
        cmocka_unit_test(what_needs_python_goes_there),
        cmocka_unit_test(messages_name_the_place),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(defaults_files_go_below),
        cmocka_unit_test(defaults_cannot_be_multiplied_without_end),
        cmocka_unit_test(large_files_are_read_in_time),
        cmocka_unit_test(the_stub_is_python),
        cmocka_unit_test(schedules_may_be_assets),
        cmocka_unit_test(outlets_need_no_python),
        cmocka_unit_test(a_promotion_is_waited_for_without_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
