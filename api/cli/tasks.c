#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/dag_verbs.h"
#include "api/cli/output.h"
#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"

/* ---- list ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *tasks_of(const struct hk_cli *cli, struct hk_error *err)
{
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}/tasks", hk_arguments_position(cli->args, 0));
    return hk_client_get(cli->client, path, err);
}

static bool list_tasks(struct hk_cli *cli, struct hk_error *err)
{
    json_t *reply = tasks_of(cli, err);
    size_t i;
    json_t *task;
    if (reply == NULL) {
        return false;
    }
    const json_t *tasks = json_object_get(reply, "tasks");
    size_t count = json_array_size(tasks);
    const char **names = hk_alloc_array(count + 1, sizeof *names);
    json_array_foreach ((json_t *)tasks, i, task) {
        names[i] = hk_json_get_text(task, "task_id", "");
    }
    qsort(names, count, sizeof *names, compare_names);
    for (i = 0; i < count; i++) {
        puts(names[i]);
    }
    free(names);
    json_decref(reply);
    return true;
}

/* ---- one task instance ---- */

static json_t *find_run_id(const struct hk_cli *cli, size_t position, struct hk_error *err)
{
    const char *dag_id = hk_arguments_position(cli->args, 0);
    json_t *run = hk_cli_find_run(cli, dag_id, hk_arguments_position(cli->args, position), err);
    json_t *id = json_incref(json_object_get(run, "dag_run_id"));
    json_decref(run);
    return id;
}

/* GET of the instance named by the arguments dag_id, task_id, date_or_run_id and --map-index, or of a part of it. */
static json_t *get_instance(const struct hk_cli *cli, const char *part, struct hk_error *err)
{
    int64_t map_index = -1;
    char suffix[64];
    json_t *run_id = hk_arguments_int(cli->args, "map-index", -1, &map_index, err) ? find_run_id(cli, 2, err) : NULL;
    if (run_id == NULL) {
        return NULL;
    }
    snprintf(suffix, sizeof suffix, "%s", part);
    if (map_index >= 0) {
        snprintf(suffix, sizeof suffix, "/%lld%s", (long long)map_index, part);
    }
    char pattern[128];
    snprintf(pattern, sizeof pattern, "/api/v2/dags/{}/dagRuns/{}/taskInstances/{}%s", suffix);
    const char *path = hk_client_path(cli->client, pattern, hk_arguments_position(cli->args, 0),
                                      json_string_value(run_id), hk_arguments_position(cli->args, 1));
    json_decref(run_id);
    return hk_client_get(cli->client, path, err);
}

static bool show_state(struct hk_cli *cli, struct hk_error *err)
{
    json_t *instance = get_instance(cli, "", err);
    if (instance == NULL) {
        return false;
    }
    puts(hk_json_get_text(instance, "state", "None"));
    json_decref(instance);
    return true;
}

static bool show_failed_deps(struct hk_cli *cli, struct hk_error *err)
{
    json_t *reply = get_instance(cli, "/dependencies", err);
    size_t i;
    json_t *dependency;
    if (reply == NULL) {
        return false;
    }
    const json_t *dependencies = json_object_get(reply, "dependencies");
    puts(json_array_size(dependencies) > 0 ? "Task instance dependencies not met:"
                                           : "Task instance dependencies are all met.");
    json_array_foreach ((json_t *)dependencies, i, dependency) {
        printf("%s: %s\n", hk_json_get_text(dependency, "name", ""), hk_json_get_text(dependency, "reason", ""));
    }
    json_decref(reply);
    return true;
}

/* ---- states-for-dag-run ---- */

static json_t *state_row(const json_t *instance, bool has_mapped)
{
    static const char *const times[] = {"start_date", "end_date"};
    json_t *row = json_object();
    const json_t *logical = json_object_get(instance, "logical_date");
    json_object_set(row, "dag_id", json_object_get(instance, "dag_id"));
    json_object_set_new(row, "logical_date", json_is_string(logical) ? hk_output_time(logical, 'T') : json_string(""));
    json_object_set(row, "task_id", json_object_get(instance, "task_id"));
    json_object_set_new(row, "state", json_string(hk_json_get_text(instance, "state", "")));
    for (size_t i = 0; i < 2; i++) {
        const json_t *time = json_object_get(instance, times[i]);
        json_object_set_new(row, times[i], json_is_string(time) ? hk_output_time(time, 'T') : json_string(""));
    }
    int64_t index = hk_json_get_int(instance, "map_index", -1);
    if (has_mapped) {
        json_object_set_new(row, "map_index", index >= 0 ? json_integer(index) : json_string(""));
    }
    return row;
}

static bool list_states(struct hk_cli *cli, struct hk_error *err)
{
    json_t *run_id = find_run_id(cli, 1, err);
    if (run_id == NULL) {
        return false;
    }
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}/dagRuns/{}/taskInstances",
                                      hk_arguments_position(cli->args, 0), json_string_value(run_id));
    json_decref(run_id);
    json_t *instances = hk_client_list(cli->client, path, "task_instances", err);
    size_t i;
    json_t *instance;
    bool has_mapped = false;
    if (instances == NULL) {
        return false;
    }
    json_array_foreach (instances, i, instance) {
        has_mapped = has_mapped || hk_json_get_int(instance, "map_index", -1) >= 0;
    }
    json_t *rows = json_array();
    json_array_foreach (instances, i, instance) {
        json_array_append_new(rows, state_row(instance, has_mapped));
    }
    json_decref(instances);
    return hk_cli_print_rows(cli, rows);
}

/* ---- clear ---- */

/* Task ids that the regular expression is found in, as a JSON list. */
static json_t *matching_tasks(const struct hk_cli *cli, const char *expression, struct hk_error *err)
{
    regex_t regex;
    size_t i;
    json_t *task;
    if (regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB) != 0) {
        hk_error_set(err, HK_INVALID, "'%s' is no regular expression", expression);
        return NULL;
    }
    json_t *reply = tasks_of(cli, err);
    json_t *ids = reply != NULL ? json_array() : NULL;
    json_array_foreach (json_object_get(reply, "tasks"), i, task) {
        const char *id = hk_json_get_text(task, "task_id", "");
        if (regexec(&regex, id, 0, NULL, 0) == 0) {
            json_array_append_new(ids, json_string(id));
        }
    }
    regfree(&regex);
    json_decref(reply);
    if (ids != NULL && json_array_size(ids) == 0) {
        json_decref(ids);
        hk_error_set(err, HK_NOT_FOUND, "no task of dag '%s' matches '%s'", hk_arguments_position(cli->args, 0),
                     expression);
        return NULL;
    }
    return ids;
}

static bool add_dates(const struct hk_cli *cli, json_t *body, struct hk_error *err)
{
    static const char *const dates[][2] = {{"start-date", "start_date"}, {"end-date", "end_date"}};
    for (size_t i = 0; i < 2; i++) {
        char iso[HK_ISO_SIZE];
        const char *text = hk_arguments_text(cli->args, dates[i][0]);
        if (text != NULL && !hk_cli_time(dates[i][0], text, iso, err)) {
            return false;
        }
        if (text != NULL) {
            json_object_set_new(body, dates[i][1], json_string(iso));
        }
    }
    return true;
}

static json_t *clear_body(const struct hk_cli *cli, struct hk_error *err)
{
    const struct hk_arguments *args = cli->args;
    const char *run_id = hk_arguments_text(args, "run-id");
    const char *expression = hk_arguments_text(args, "task-regex");
    json_t *body = json_pack(
        "{s:b, s:b, s:b, s:b, s:b, s:b}", "dry_run", 1, "only_failed", hk_arguments_has(args, "only-failed") ? 1 : 0,
        "only_running", hk_arguments_has(args, "only-running") ? 1 : 0, "reset_dag_runs", 1, "include_upstream",
        hk_arguments_has(args, "upstream") ? 1 : 0, "include_downstream", hk_arguments_has(args, "downstream") ? 1 : 0);
    if (run_id != NULL) {
        json_object_set_new(body, "dag_run_id", json_string(run_id));
    }
    json_t *ids = expression != NULL ? matching_tasks(cli, expression, err) : NULL;
    if (ids != NULL) {
        json_object_set_new(body, "task_ids", ids);
    }
    if ((expression != NULL && ids == NULL) || !add_dates(cli, body, err)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static void print_instances(const json_t *instances)
{
    size_t i;
    json_t *instance;
    printf("You are about to delete these %zu tasks:\n", json_array_size(instances));
    json_array_foreach ((json_t *)instances, i, instance) {
        printf("<TaskInstance: %s.%s %s [%s]>\n", hk_json_get_text(instance, "dag_id", ""),
               hk_json_get_text(instance, "task_id", ""), hk_json_get_text(instance, "dag_run_id", ""),
               hk_json_get_text(instance, "state", "None"));
    }
}

/* First as a rehearsal, whose answer is shown; then in earnest. */
static bool clear_tasks(struct hk_cli *cli, struct hk_error *err)
{
    const char *path =
        hk_client_path(cli->client, "/api/v2/dags/{}/clearTaskInstances", hk_arguments_position(cli->args, 0));
    json_t *body = clear_body(cli, err);
    if (body == NULL) {
        return false;
    }
    json_t *reply = hk_client_send(cli->client, "POST", path, json_incref(body), err);
    bool ok = reply != NULL;
    size_t count = json_array_size(json_object_get(reply, "task_instances"));
    if (ok && count > 0 && !hk_arguments_has(cli->args, "yes")) {
        print_instances(json_object_get(reply, "task_instances"));
        ok = hk_cli_confirm(cli, err, "Are you sure?");
    }
    json_decref(reply);
    if (ok && count == 0) {
        puts("Nothing to clear.");
    } else if (ok) {
        json_object_set_new(body, "dry_run", json_false());
        reply = hk_client_send(cli->client, "POST", path, json_incref(body), err);
        ok = reply != NULL;
        if (ok) {
            printf("Cleared %zu task instance(s).\n", json_array_size(json_object_get(reply, "task_instances")));
        }
        json_decref(reply);
    }
    json_decref(body);
    return ok;
}

#define OPTION_MAP_INDEX                                                                                               \
    {                                                                                                                  \
        "map-index", NULL, "N", "which instance of a mapped task", NULL, NULL                                          \
    }

static const struct hk_option instance_options[] = {OPTION_MAP_INDEX, HK_OPTIONS_END};
static const struct hk_option output_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option clear_options[] = {
    {"task-regex", "t", "REGEX", "only tasks whose id matches", NULL, NULL},
    {"run-id", NULL, "ID", "only in this run", NULL, NULL},
    {"start-date", "s", "DATE", "only in runs with a logical date from then on", NULL, NULL},
    {"end-date", "e", "DATE", "only in runs with a logical date up to then", NULL, NULL},
    {"upstream", "u", NULL, "with all tasks before them", NULL, NULL},
    {"downstream", "d", NULL, "with all tasks after them", NULL, NULL},
    {"only-failed", "f", NULL, "only failed ones", NULL, NULL},
    {"only-running", "r", NULL, "only running ones", NULL, NULL},
    HK_OPTION_YES,
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"list", "List the tasks within a DAG", HK_NEEDS_CLIENT, "dag_id", NULL, list_tasks},
    {"test", "Run one task by itself: no dependencies, nothing recorded", HK_NEEDS_NOTHING,
     "dag_id task_id [logical_date]", hk_tasks_test_options, hk_tasks_test},
    {"states-for-dag-run", "Get the status of all task instances in a DAG run", HK_NEEDS_CLIENT,
     "dag_id logical_date_or_run_id", output_options, list_states},
    {"state", "Get the status of a task instance", HK_NEEDS_CLIENT, "dag_id task_id logical_date_or_run_id",
     instance_options, show_state},
    {"failed-deps", "Why is this task not running? Returns its unmet dependencies", HK_NEEDS_CLIENT,
     "dag_id task_id logical_date_or_run_id", instance_options, show_failed_deps},
    {"clear", "Clear task instances, as if they never ran", HK_NEEDS_CLIENT, "dag_id", clear_options, clear_tasks},
};
const struct hk_verb_group hk_tasks_group = {"tasks", "Manage tasks", verbs, sizeof verbs / sizeof *verbs};
