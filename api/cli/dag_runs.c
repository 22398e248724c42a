#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/dag_verbs.h"
#include "api/cli/output.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"

json_t *hk_cli_find_run(const struct hk_cli *cli, const char *dag_id, const char *date_or_run_id, struct hk_error *err)
{
    char date[HK_ISO_SIZE];
    struct hk_error ignored;
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}/dagRuns/{}", dag_id, date_or_run_id);
    json_t *run = hk_client_get(cli->client, path, err);
    if (run != NULL || err->code != HK_NOT_FOUND || !hk_cli_time("the date", date_or_run_id, date, &ignored)) {
        return run;
    }
    path = hk_client_path(cli->client, "/api/v2/dags/{}/dagRuns?logical_date_gte={}&logical_date_lte={}", dag_id, date,
                          date);
    json_t *page = hk_client_get(cli->client, path, err);
    if (page == NULL) {
        return NULL;
    }
    run = json_incref(json_array_get(json_object_get(page, "dag_runs"), 0));
    json_decref(page);
    if (run == NULL) {
        hk_error_set(err, HK_NOT_FOUND, "DagRun for %s with run_id or logical_date of '%s' not found", dag_id,
                     date_or_run_id);
    }
    return run;
}

/* ---- trigger ---- */

static bool add_conf(const struct hk_cli *cli, json_t *body, struct hk_error *err)
{
    const char *conf = hk_arguments_text(cli->args, "conf");
    if (conf == NULL) {
        return true;
    }
    json_t *document = hk_json_parse(hk_str_from(conf), err);
    if (document == NULL) {
        return hk_error_prefix(err, "--conf is not JSON");
    }
    bool is_object = json_is_object(document);
    json_object_set_new(body, "conf", document);
    return is_object || hk_error_set(err, HK_INVALID, "--conf is a JSON object, as in '{\"key\": 1}', not '%s'", conf);
}

static json_t *trigger_body(const struct hk_cli *cli, struct hk_error *err)
{
    const char *date = hk_arguments_text(cli->args, "logical-date");
    const char *run_id = hk_arguments_text(cli->args, "run-id");
    char iso[HK_ISO_SIZE];
    json_t *body = json_object();
    json_object_set_new(body, "logical_date", json_null());
    if (run_id != NULL) {
        json_object_set_new(body, "dag_run_id", json_string(run_id));
    }
    bool ok = add_conf(cli, body, err) && (date == NULL || hk_cli_time("the logical date", date, iso, err));
    if (ok && date != NULL) {
        json_object_set_new(body, "logical_date", json_string(iso));
    }
    if (!ok) {
        json_decref(body);
        return NULL;
    }
    return body;
}

bool hk_dags_trigger(struct hk_cli *cli, struct hk_error *err)
{
    static const char *const times[] = {"data_interval_start", "data_interval_end", "end_date",
                                        "last_scheduling_decision", "logical_date"};
    const char *dag_id = hk_arguments_position(cli->args, 0);
    json_t *body = trigger_body(cli, err);
    if (body == NULL) {
        return false;
    }
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}/dagRuns", dag_id);
    json_t *run = hk_client_send(cli->client, "POST", path, body, err);
    if (run == NULL) {
        return false;
    }
    json_t *row = json_object();
    json_object_set(row, "conf", json_object_get(run, "conf"));
    json_object_set(row, "dag_id", json_object_get(run, "dag_id"));
    json_object_set(row, "dag_run_id", json_object_get(run, "dag_run_id"));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        json_object_set_new(row, times[i], hk_output_time(json_object_get(run, times[i]), ' '));
    }
    json_object_set(row, "run_type", json_object_get(run, "run_type"));
    json_object_set_new(row, "start_date", hk_output_time(json_object_get(run, "start_date"), ' '));
    json_object_set(row, "state", json_object_get(run, "state"));
    json_object_set(row, "triggering_user_name", json_object_get(run, "triggering_user_name"));
    json_decref(run);
    json_t *rows = json_array();
    json_array_append_new(rows, row);
    return hk_cli_print_rows(cli, rows);
}

/* ---- list-runs, state ---- */

static json_t *time_or_empty(const json_t *run, const char *key)
{
    json_t *value = json_object_get(run, key);
    return json_is_string(value) ? hk_output_time(value, 'T') : json_string("");
}

static const char *runs_path(const struct hk_cli *cli, struct hk_error *err)
{
    static const char *const bounds[][2] = {{"start-date", "logical_date_gte"}, {"end-date", "logical_date_lte"}};
    const char *state = hk_arguments_text(cli->args, "state");
    struct hk_buf path;
    bool ok = true;
    hk_buf_init(&path, 4096);
    hk_buf_add_text(&path, hk_client_path(cli->client, "/api/v2/dags/{}/dagRuns?order_by=-run_after",
                                          hk_arguments_position(cli->args, 0)));
    if (state != NULL) {
        hk_buf_printf(&path, "&state=%s", state);
    }
    for (size_t i = 0; ok && i < 2; i++) {
        char iso[HK_ISO_SIZE];
        const char *text = hk_arguments_text(cli->args, bounds[i][0]);
        ok = text == NULL || hk_cli_time(bounds[i][0], text, iso, err);
        if (ok && text != NULL) {
            hk_buf_printf(&path, "&%s=%s", bounds[i][1], iso);
        }
    }
    const char *kept = ok ? hk_client_path(cli->client, path.data) : NULL;
    hk_buf_clear(&path);
    return kept;
}

bool hk_dags_list_runs(struct hk_cli *cli, struct hk_error *err)
{
    static const char *const times[] = {"run_after", "logical_date", "start_date", "end_date"};
    const char *path = runs_path(cli, err);
    json_t *runs = path != NULL ? hk_client_list(cli->client, path, "dag_runs", err) : NULL;
    if (runs == NULL) {
        return false;
    }
    bool no_backfill = hk_arguments_has(cli->args, "no-backfill");
    json_t *rows = json_array();
    size_t i;
    json_t *run;
    json_array_foreach (runs, i, run) {
        if (no_backfill && strcmp(hk_json_get_text(run, "run_type", ""), "backfill") == 0) {
            continue;
        }
        json_t *row = json_object();
        json_object_set(row, "dag_id", json_object_get(run, "dag_id"));
        json_object_set(row, "run_id", json_object_get(run, "dag_run_id"));
        json_object_set(row, "state", json_object_get(run, "state"));
        for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
            json_object_set_new(row, times[t], time_or_empty(run, times[t]));
        }
        json_array_append_new(rows, row);
    }
    json_decref(runs);
    return hk_cli_print_rows(cli, rows);
}

bool hk_dags_state(struct hk_cli *cli, struct hk_error *err)
{
    const char *dag_id = hk_arguments_position(cli->args, 0);
    json_t *dag = hk_client_get(cli->client, hk_client_path(cli->client, "/api/v2/dags/{}", dag_id), err);
    if (dag == NULL) {
        return false;
    }
    json_decref(dag);
    json_t *run = hk_cli_find_run(cli, dag_id, hk_arguments_position(cli->args, 1), err);
    if (run == NULL && err->code == HK_NOT_FOUND) {
        puts("None"); /* as Airflow: the question was answered */
        return true;
    }
    if (run == NULL) {
        return false;
    }
    const json_t *conf = json_object_get(run, "conf");
    char *text = json_object_size(conf) > 0 ? json_dumps(conf, 0) : NULL;
    printf("%s%s%s\n", hk_json_get_text(run, "state", "None"), text != NULL ? ", " : "", text != NULL ? text : "");
    free(text);
    json_decref(run);
    return true;
}

/* ---- next-execution ---- */

static json_t *first_run(const json_t *dag)
{
    static const char *const names[][2] = {{"next_dagrun_logical_date", "logical_date"},
                                           {"next_dagrun_data_interval_start", "data_interval_start"},
                                           {"next_dagrun_data_interval_end", "data_interval_end"},
                                           {"next_dagrun_run_after", "run_after"}};
    if (!json_is_string(json_object_get(dag, "next_dagrun_run_after"))) {
        return NULL;
    }
    json_t *run = json_object();
    for (size_t i = 0; i < 4; i++) {
        json_object_set(run, names[i][1], json_object_get(dag, names[i][0]));
    }
    return run;
}

/* The next `count` runs; fewer when the schedule ends. */
static json_t *next_runs(const struct hk_cli *cli, const json_t *dag, int64_t count, struct hk_error *err)
{
    json_t *runs = json_array();
    json_t *first = first_run(dag);
    char number[32];
    if (first == NULL) {
        return runs;
    }
    json_array_append_new(runs, first);
    if (count == 1) {
        return runs;
    }
    snprintf(number, sizeof number, "%lld", (long long)count - 1);
    const char *path = hk_client_path(
        cli->client, "/hanok/dags/{}/next?start={}&end={}&count={}", hk_arguments_position(cli->args, 0),
        hk_json_get_text(first, "data_interval_start", ""), hk_json_get_text(first, "data_interval_end", ""), number);
    json_t *reply = hk_client_get(cli->client, path, err);
    if (reply == NULL) {
        json_decref(runs);
        return NULL;
    }
    json_array_extend(runs, json_object_get(reply, "runs"));
    json_decref(reply);
    return runs;
}

static void print_next(const struct hk_cli *cli, const json_t *runs)
{
    const char *field = hk_arguments_text(cli->args, "field");
    field = field == NULL                               ? "logical_date"
            : strcmp(field, "data_interval.start") == 0 ? "data_interval_start"
            : strcmp(field, "data_interval.end") == 0   ? "data_interval_end"
                                                        : field;
    size_t i;
    json_t *run;
    json_array_foreach ((json_t *)runs, i, run) {
        json_t *time = hk_output_time(json_object_get(run, field), 'T');
        puts(json_is_string(time) ? json_string_value(time) : "None");
        json_decref(time);
    }
}

static json_t *next_rows(const json_t *runs)
{
    json_t *rows = json_array();
    size_t i;
    json_t *run;
    json_array_foreach ((json_t *)runs, i, run) {
        json_t *row = json_object();
        json_object_set_new(row, "logical_date", hk_output_time(json_object_get(run, "logical_date"), ' '));
        json_object_set_new(row, "data_interval.start",
                            hk_output_time(json_object_get(run, "data_interval_start"), ' '));
        json_object_set_new(row, "data_interval.end", hk_output_time(json_object_get(run, "data_interval_end"), ' '));
        json_object_set_new(row, "run_after", hk_output_time(json_object_get(run, "run_after"), ' '));
        json_array_append_new(rows, row);
    }
    return rows;
}

bool hk_dags_next(struct hk_cli *cli, struct hk_error *err)
{
    int64_t count = 1;
    bool as_table = hk_arguments_has(cli->args, "table");
    if (as_table && hk_arguments_has(cli->args, "field")) {
        return hk_error_set(err, HK_INVALID, "Cannot use --table and --field together");
    }
    if (!hk_arguments_int(cli->args, "num-executions", 1, &count, err)) {
        return false;
    }
    const char *path = hk_client_path(cli->client, "/api/v2/dags/{}", hk_arguments_position(cli->args, 0));
    json_t *dag = hk_client_get(cli->client, path, err);
    if (dag == NULL) {
        return false;
    }
    if (hk_json_get_bool(dag, "is_paused", false)) {
        fputs("[INFO] Please be reminded this DAG is PAUSED now.\n", stderr);
    }
    json_t *runs = next_runs(cli, dag, count, err);
    json_decref(dag);
    if (runs == NULL) {
        return false;
    }
    bool is_short = (int64_t)json_array_size(runs) < count;
    if (as_table) {
        hk_cli_print_rows(cli, next_rows(runs));
    } else {
        print_next(cli, runs);
    }
    if (is_short) {
        fputs("[WARN] No following schedule can be found. This DAG may have schedule interval '@once' or `None`.\n",
              stderr);
        fputs(as_table ? "" : "None\n", stdout);
    }
    json_decref(runs);
    return true;
}

const struct hk_option hk_dags_trigger_options[] = {
    HK_OPTION_OUTPUT,
    {"conf", "c", "JSON", "an object: the run's configuration", NULL, NULL},
    {"run-id", "r", "ID", "the run's id (default: manual__<time>)", NULL, NULL},
    {"logical-date", "le", "DATE", "the run's logical date (default: none)", NULL, "exec-date"},
    {"no-replace-microseconds", NULL, NULL, "accepted for Airflow's sake: they are never replaced", NULL, NULL},
    HK_OPTIONS_END,
};
const struct hk_option hk_dags_list_runs_options[] = {
    HK_OPTION_OUTPUT,
    {"state", NULL, "STATE", "only runs in this state", "queued|running|success|failed", NULL},
    {"no-backfill", NULL, NULL, "leave backfills out", NULL, NULL},
    {"start-date", "s", "DATE", "only logical dates from then on", NULL, NULL},
    {"end-date", "e", "DATE", "only logical dates up to then", NULL, NULL},
    HK_OPTIONS_END,
};
const struct hk_option hk_dags_next_options[] = {
    {"table", NULL, NULL, "all times of each run", NULL, NULL},
    {"field", NULL, "NAME", "which time: logical_date (default), data_interval.start, data_interval.end, run_after",
     "logical_date|data_interval.start|data_interval.end|run_after", NULL},
    {"num-executions", "n", "N", "how many runs (default: 1)", NULL, NULL},
    HK_OPTIONS_END,
};
