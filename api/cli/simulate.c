#include "api/cli/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/engine.h"
#include "api/cli/output.h"
#include "api/cli/temporary_home.h"
#include "api/cli/test_copy.h"
#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "scheduler/simulate.h"

enum { BUSIEST = 10, TASK_SECONDS = 60 };

/* ---- reading the DAGs, by an engine that schedules nothing ---- */

struct reading {
    struct hk_engine *engine;
    struct hk_graph **graphs;
    size_t graph_count;
    size_t problems;
};

static void on_problem(void *context, const char *file, const char *message)
{
    struct reading *r = context;
    fprintf(stderr, "hanok: %s: %s\n", file, message);
    r->problems++;
}

static void quit(void *arg)
{
    struct reading *r = arg;
    hk_engine_quit(r->engine);
}

static void on_settled(void *context)
{
    struct reading *r = context;
    const struct hk_model *model = hk_scheduler_model(hk_engine_scheduler(r->engine));
    r->graphs = hk_alloc_array(model->dag_count + 1, sizeof(struct hk_graph *));
    for (size_t i = 0; i < model->dag_count; i++) {
        if (model->dags[i]->graph != NULL) {
            r->graphs[r->graph_count++] = hk_graph_ref(model->dags[i]->graph);
        }
    }
    hk_engine_post(r->engine, quit, r);
}

static bool read_graphs(const struct hk_cli *cli, const struct hk_cli_folders *folders, struct reading *r,
                        struct hk_error *err)
{
    static struct hk_home home;
    char script[HK_HOST_SCRIPT_PATH_SIZE];
    char python[4096];
    if (!hk_temporary_home_make(&home, script, err)) {
        return false;
    }
    struct hk_engine_options options = {.home = &home,
                                        .dag_folders = folders->paths,
                                        .dag_folder_count = folders->count,
                                        .python = hk_cli_python(cli->args, python, sizeof python),
                                        .host_script = script,
                                        .is_passive = true,
                                        .context = r,
                                        .problem = on_problem,
                                        .settled = on_settled};
    bool ok = hk_engine_start(&options, &r->engine, err);
    if (ok) {
        hk_engine_run(r->engine);
        hk_engine_free(r->engine);
        ok = r->graphs != NULL || hk_error_set(err, HK_CANCELLED, "interrupted before all DAG files were read");
    }
    hk_temporary_home_remove(&home);
    return ok;
}

static void clear_graphs(struct reading *r)
{
    for (size_t i = 0; i < r->graph_count; i++) {
        hk_graph_unref(r->graphs[i]);
    }
    free(r->graphs);
}

/* ---- printing ---- */

static json_t *time_of(int64_t us)
{
    char text[HK_ISO_SIZE];
    if (us == HK_TIME_NONE) {
        return json_null();
    }
    hk_iso_z(us, text);
    return json_string(text);
}

static json_t *run_rows(const struct hk_simulation *s)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < s->run_count; i++) {
        const struct hk_simulated_run *run = &s->runs[i];
        json_array_append_new(rows, json_pack("{s:o, s:s, s:s, s:o, s:o}", "start", time_of(run->start_us), "dag_id",
                                              run->dag_id, "run_id", run->run_id, "logical_date",
                                              time_of(run->logical_us), "end", time_of(run->end_us)));
    }
    return rows;
}

static json_t *minute_rows(const struct hk_simulation *s)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < s->minute_count && i < BUSIEST; i++) {
        json_array_append_new(rows,
                              json_pack("{s:o, s:I, s:I}", "minute", time_of(s->minutes[i].at_us), "runs",
                                        (json_int_t)s->minutes[i].runs, "tasks", (json_int_t)s->minutes[i].tasks));
    }
    return rows;
}

static void print_json(const struct hk_simulation *s)
{
    json_t *all = json_pack("{s:I, s:I, s:o, s:o}", "run_count", (json_int_t)s->run_count, "task_count",
                            (json_int_t)s->task_count, "busiest_minutes", minute_rows(s), "runs", run_rows(s));
    char *text = hk_json_dump(all);
    puts(text);
    free(text);
    json_decref(all);
}

static void print_tables(const struct hk_cli *cli, const struct hk_simulation *s)
{
    hk_cli_print_rows(cli, run_rows(s));
    printf("\n%zu runs would start, with %llu tasks. The busiest minutes:\n\n", s->run_count,
           (unsigned long long)s->task_count);
    hk_cli_print_rows(cli, minute_rows(s));
}

/* ---- the verb ---- */

static bool need_time(const struct hk_cli *cli, const char *name, int64_t *out, struct hk_error *err)
{
    const char *text = hk_arguments_text(cli->args, name);
    bool has_zone = false;
    if (text == NULL) {
        return hk_error_set(err, HK_INVALID, "simulate needs --from and --to, as in --from 2027-01-01 --to 2027-02-01");
    }
    return hk_iso_parse(hk_str_from(text), out, &has_zone) ||
           hk_error_set(err, HK_INVALID, "--%s '%s' is no date or time; write 2026-11-22 or 2026-11-22T20:51:10+09:00",
                        name, text);
}

static bool simulate(struct hk_cli *cli, struct hk_simulate_options *options, const json_t *copy, struct hk_error *err)
{
    const json_t *pools = json_object_get(copy, "pools");
    struct hk_simulate_pool *list = hk_alloc_array(json_array_size(pools) + 1, sizeof *list);
    struct hk_simulation result;
    size_t i;
    json_t *pool;
    json_array_foreach ((json_t *)pools, i, pool) {
        list[i] = (struct hk_simulate_pool){hk_json_get_text(pool, "name", ""), hk_json_get_int(pool, "slots", 0)};
    }
    options->pools = list;
    options->pool_count = json_array_size(pools);
    bool ok = hk_simulate(options, &result, err);
    free(list);
    if (!ok) {
        return false;
    }
    if (hk_arguments_has(cli->args, "json")) {
        print_json(&result);
    } else {
        print_tables(cli, &result);
    }
    hk_simulation_clear(&result);
    return true;
}

static bool read_options(const struct hk_cli *cli, struct hk_simulate_options *options, struct hk_error *err)
{
    int64_t seconds = TASK_SECONDS;
    int64_t parallelism = 0;
    if (!need_time(cli, "from", &options->from_us, err) || !need_time(cli, "to", &options->to_us, err) ||
        !hk_arguments_int(cli->args, "task-seconds", 0, &seconds, err) ||
        !hk_arguments_int(cli->args, "parallelism", 1, &parallelism, err)) {
        return false;
    }
    if (seconds > HK_DAY_US / HK_SECOND_US * 365 || parallelism > UINT16_MAX) {
        return hk_error_set(err, HK_LIMIT, "--task-seconds is at most a year, --parallelism at most %d", UINT16_MAX);
    }
    options->task_duration_us = seconds * HK_SECOND_US;
    options->parallelism = (uint32_t)parallelism;
    return true;
}

bool hk_simulate_verb(struct hk_cli *cli, struct hk_error *err)
{
    struct hk_home named = {.path = ""};
    struct hk_cli_folders folders;
    struct hk_simulate_options options = {.from_us = 0};
    struct reading reading = {.engine = NULL};
    json_t *copy = NULL;
    if (!read_options(cli, &options, err)) {
        return false;
    }
    hk_cli_folders_find(cli->args, &named, &folders);
    if (folders.paths[0] == folders.own) {
        return hk_error_set(err, HK_INVALID, "name the folder of DAGs with --dags (or $HANOK_DAGS)");
    }
    bool ok = hk_test_copy_read(hk_arguments_text(cli->args, "home"), &copy, err) &&
              read_graphs(cli, &folders, &reading, err);
    if (ok) {
        options.graphs = reading.graphs;
        options.graph_count = reading.graph_count;
        ok = simulate(cli, &options, copy, err);
    }
    clear_graphs(&reading);
    json_decref(copy);
    cli->status = reading.problems > 0 ? 1 : 0;
    return ok;
}

const struct hk_option hk_simulate_options[] = {
    HK_OPTION_OUTPUT,
    HK_OPTION_DAGS,
    HK_OPTION_SUBDIR,
    {"from", NULL, "DATE", "when it begins", NULL, NULL},
    {"to", NULL, "DATE", "when it ends (not included)", NULL, NULL},
    {"json", NULL, NULL, "everything as one JSON document", NULL, NULL},
    {"task-seconds", NULL, "N", "how long a task takes (default: 60)", NULL, NULL},
    {"parallelism", NULL, "N", "tasks at once (default: no limit but the pools')", NULL, NULL},
    HK_OPTION_PYTHON,
    HK_OPTIONS_END,
};
