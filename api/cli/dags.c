#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/dag_verbs.h"
#include "api/cli/output.h"
#include "engine/base/json.h"

/* ---- list, details, import errors ---- */

static void warn_of_errors(const struct hk_cli *cli)
{
    struct hk_error err;
    json_t *page = hk_client_get(cli->client, "/api/v2/importErrors?limit=1", &err);
    if (hk_json_get_int(page, "total_entries", 0) > 0) {
        fputs("Error: Failed to load all files. For details, run `hanok dags list-import-errors`\n", stderr);
    }
    json_decref(page);
}

static json_t *picked(const json_t *dag, const char *columns, bool warns)
{
    struct hk_str rest = hk_str_from(columns);
    struct hk_str name;
    json_t *row = json_object();
    while (hk_str_next(&rest, ',', &name)) {
        char key[128];
        json_t *value = hk_str_copy(key, sizeof key, hk_str_trim(name)) ? json_object_get(dag, key) : NULL;
        if (value != NULL) {
            json_object_set(row, key, value);
        } else if (warns) {
            fprintf(stderr, "hanok: there is no column '%.*s', it is left out\n", HK_STR_ARG(name));
        }
    }
    return row;
}

static bool list_dags(struct hk_cli *cli, struct hk_error *err)
{
    const char *columns = hk_arguments_text(cli->args, "columns");
    const char *bundle = hk_arguments_text(cli->args, "bundle-name");
    json_t *dags = hk_client_list(cli->client, "/api/v2/dags?order_by=dag_id&exclude_stale=false", "dags", err);
    if (dags == NULL) {
        return false;
    }
    warn_of_errors(cli);
    json_t *rows = json_array();
    size_t i;
    json_t *dag;
    json_array_foreach (dags, i, dag) {
        if (bundle != NULL && strcmp(hk_json_get_text(dag, "bundle_name", ""), bundle) != 0) {
            continue;
        }
        json_array_append_new(
            rows, picked(dag, columns != NULL ? columns : "dag_id,fileloc,owners,is_paused,bundle_name,bundle_version",
                         i == 0));
    }
    json_decref(dags);
    return hk_cli_print_rows(cli, rows);
}

static json_t *dag_of(const struct hk_cli *cli, const char *suffix, struct hk_error *err)
{
    const char *dag_id = hk_arguments_position(cli->args, 0);
    char pattern[64];
    snprintf(pattern, sizeof pattern, "/api/v2/dags/{}%s", suffix);
    return hk_client_get(cli->client, hk_client_path(cli->client, pattern, dag_id), err);
}

static json_t *tag_names(const json_t *tags)
{
    json_t *names = json_array();
    size_t i;
    json_t *tag;
    json_array_foreach ((json_t *)tags, i, tag) {
        json_array_append(names, json_object_get(tag, "name"));
    }
    return names;
}

static bool show_details(struct hk_cli *cli, struct hk_error *err)
{
    json_t *dag = dag_of(cli, "", err);
    const char *key;
    json_t *value;
    if (dag == NULL) {
        return false;
    }
    json_t *row = json_object();
    json_object_foreach (dag, key, value) {
        bool is_tags = strcmp(key, "tags") == 0;
        json_object_set_new(row, key, is_tags ? tag_names(value) : hk_output_time(value, ' '));
    }
    json_decref(dag);
    json_t *rows = json_array();
    enum hk_output form = hk_output_find(hk_arguments_text(cli->args, "output"));
    if (form == HK_OUTPUT_JSON || form == HK_OUTPUT_YAML) {
        json_array_append_new(rows, row);
        return hk_cli_print_rows(cli, rows);
    }
    json_object_foreach (row, key, value) {
        json_array_append_new(rows, json_pack("{s:s, s:O}", "property_name", key, "property_value", value));
    }
    json_decref(row);
    return hk_cli_print_rows(cli, rows);
}

static bool list_import_errors(struct hk_cli *cli, struct hk_error *err)
{
    json_t *errors = hk_client_list(cli->client, "/api/v2/importErrors", "import_errors", err);
    if (errors == NULL) {
        return false;
    }
    json_t *rows = json_array();
    size_t i;
    json_t *error;
    json_array_foreach (errors, i, error) {
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s}", "bundle_name", hk_json_get_text(error, "bundle_name", ""),
                                        "filepath", hk_json_get_text(error, "filename", ""), "error",
                                        hk_json_get_text(error, "stack_trace", "")));
    }
    json_decref(errors);
    cli->status = json_array_size(rows) > 0 ? 1 : 0;
    return hk_cli_print_rows(cli, rows);
}

/* ---- show ---- */

static void add_dot_text(struct hk_buf *out, const char *text)
{
    hk_buf_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            hk_buf_add_char(out, '\\');
        }
        hk_buf_add_char(out, *text);
    }
    hk_buf_add_char(out, '"');
}

static void add_task(const json_t *task, struct hk_buf *out)
{
    size_t i;
    json_t *next;
    const char *id = hk_json_get_text(task, "task_id", "");
    hk_buf_add_text(out, "\t");
    add_dot_text(out, id);
    hk_buf_printf(out, " [color=\"%s\" fillcolor=\"%s\" label=", hk_json_get_text(task, "ui_fgcolor", "#000"),
                  hk_json_get_text(task, "ui_color", "#fff"));
    add_dot_text(out, hk_json_get_text(task, "task_display_name", id));
    hk_buf_add_text(out, " shape=rectangle style=\"filled,rounded\"]\n");
    json_array_foreach (json_object_get(task, "downstream_task_ids"), i, next) {
        hk_buf_add_text(out, "\t");
        add_dot_text(out, id);
        hk_buf_add_text(out, " -> ");
        add_dot_text(out, json_string_value(next));
        hk_buf_add_char(out, '\n');
    }
}

static bool show_dag(struct hk_cli *cli, struct hk_error *err)
{
    const char *dag_id = hk_arguments_position(cli->args, 0);
    const char *path = hk_arguments_text(cli->args, "save");
    struct hk_str name = hk_str_from(path);
    size_t i;
    json_t *task;
    struct hk_buf out;
    if (path != NULL && !hk_str_ends_with(name, ".dot") && !hk_str_ends_with(name, ".gv")) {
        return hk_error_set(err, HK_INVALID,
                            "hanok draws no pictures: save '%s' as .dot, then 'dot -Tpng FILE.dot -o FILE.png'", path);
    }
    json_t *reply = dag_of(cli, "/tasks", err);
    if (reply == NULL) {
        return false;
    }
    hk_buf_init(&out, HK_OUTPUT_BYTES);
    hk_buf_add_text(&out, "digraph ");
    add_dot_text(&out, dag_id);
    hk_buf_add_text(&out, " {\n\tgraph [label=");
    add_dot_text(&out, dag_id);
    hk_buf_add_text(&out, " labelloc=t rankdir=LR]\n");
    json_array_foreach (json_object_get(reply, "tasks"), i, task) {
        add_task(task, &out);
    }
    hk_buf_add_text(&out, "}\n");
    bool ok = hk_cli_write_file(path != NULL ? path : "-", hk_buf_str(&out), err);
    if (ok && path != NULL) {
        printf("File %s saved\n", path);
    }
    hk_buf_clear(&out);
    json_decref(reply);
    return ok;
}

/* ---- pause ---- */

static bool set_paused(struct hk_cli *cli, bool is_paused, struct hk_error *err)
{
    json_t *dag = dag_of(cli, "", err);
    if (dag == NULL) {
        return false;
    }
    const char *dag_id = hk_arguments_position(cli->args, 0);
    bool was_paused = hk_json_get_bool(dag, "is_paused", false);
    json_decref(dag);
    if (was_paused == is_paused) {
        printf("No %spaused DAGs were found\n", is_paused ? "un" : "");
        return true;
    }
    json_t *reply = hk_client_send(cli->client, "PATCH", hk_client_path(cli->client, "/api/v2/dags/{}", dag_id),
                                   json_pack("{s:b}", "is_paused", is_paused ? 1 : 0), err);
    if (reply == NULL) {
        return false;
    }
    json_decref(reply);
    /* What it was before: Airflow's answer. */
    return hk_cli_print_rows(cli, json_pack("[{s:s, s:b}]", "dag_id", dag_id, "is_paused", was_paused ? 1 : 0));
}

static bool pause_dag(struct hk_cli *cli, struct hk_error *err)
{
    return set_paused(cli, true, err);
}

static bool unpause_dag(struct hk_cli *cli, struct hk_error *err)
{
    return set_paused(cli, false, err);
}

static const struct hk_option output_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
static const struct hk_option pause_options[] = {
    HK_OPTION_OUTPUT,
    {"yes", "y", NULL, "accepted for Airflow's sake: nobody is asked", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option list_options[] = {
    HK_OPTION_OUTPUT,
    {"columns", NULL, "NAMES", "which columns, separated by commas", NULL, NULL},
    {"bundle-name", "B", "NAME", "only DAGs of this bundle", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_option show_options[] = {
    {"save", "s", "FILE.dot", "write there instead of to standard output", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"list", "List all the DAGs", HK_NEEDS_CLIENT, NULL, list_options, list_dags},
    {"show", "Show a DAG's tasks and their dependencies, in the DOT language", HK_NEEDS_CLIENT, "dag_id", show_options,
     show_dag},
    {"details", "Get DAG details given a DAG id", HK_NEEDS_CLIENT, "dag_id", output_options, show_details},
    {"test", "Run a DAG once, here and now, without a server", HK_NEEDS_NOTHING, "file_or_dag_id [logical_date]",
     hk_dags_test_options, hk_dags_test},
    {"trigger", "Trigger a new DAG run; it waits while its DAG is paused", HK_NEEDS_CLIENT, "dag_id",
     hk_dags_trigger_options, hk_dags_trigger},
    {"pause", "Pause a DAG", HK_NEEDS_CLIENT, "dag_id", pause_options, pause_dag},
    {"unpause", "Resume a paused DAG", HK_NEEDS_CLIENT, "dag_id", pause_options, unpause_dag},
    {"list-runs", "List DAG runs given a DAG id", HK_NEEDS_CLIENT, "dag_id", hk_dags_list_runs_options,
     hk_dags_list_runs},
    {"state", "Get the status of a DAG run", HK_NEEDS_CLIENT, "dag_id logical_date_or_run_id", NULL, hk_dags_state},
    {"next-execution", "Get the next logical dates of a DAG", HK_NEEDS_CLIENT, "dag_id", hk_dags_next_options,
     hk_dags_next},
    {"list-import-errors", "List all the DAG files that have import errors; exit status 1 if there are any",
     HK_NEEDS_CLIENT, NULL, output_options, list_import_errors},
    {"reserialize", "Read all DAG files again, changed or not", HK_NEEDS_HOME, NULL, hk_dags_reserialize_options,
     hk_dags_reserialize},
};
const struct hk_verb_group hk_dags_group = {"dags", "Manage DAGs", verbs, sizeof verbs / sizeof *verbs};
