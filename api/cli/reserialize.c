#include <stdio.h>

#include "api/cli/dag_verbs.h"
#include "api/cli/engine.h"
#include "api/cli/host_script.h"

struct reading {
    struct hk_engine *engine;
    bool is_again; /* the second time: everything, changed or not */
    size_t problems;
};

static void on_problem(void *context, const char *file, const char *message)
{
    struct reading *r = context;
    if (r->is_again) {
        fprintf(stderr, "hanok: %s: %s\n", file, message);
        r->problems++;
    }
}

static void quit(void *arg)
{
    struct reading *r = arg;
    hk_engine_quit(r->engine);
}

static void read_again(void *arg)
{
    struct reading *r = arg;
    r->is_again = true;
    hk_engine_rescan(r->engine);
}

static void on_settled(void *context)
{
    struct reading *r = context;
    /* Not at once: the reader of the folder is in the middle of something. */
    hk_engine_post(r->engine, r->is_again ? quit : read_again, r);
}

/* No engine runs: one that schedules nothing reads the files into the database and ends. */
static bool read_here(struct hk_cli *cli, struct hk_error *err)
{
    char python[4096];
    char script[HK_HOME_PATH_SIZE + 64];
    struct hk_cli_folders folders;
    struct reading reading = {.engine = NULL};
    hk_cli_folders_find(cli->args, cli->home, &folders);
    if (!hk_host_script_write(cli->home->path, script, sizeof script, err)) {
        return false;
    }
    struct hk_engine_options options = {.home = cli->home,
                                        .dag_folders = folders.paths,
                                        .dag_folder_count = folders.count,
                                        .python = hk_cli_python(cli->args, python, sizeof python),
                                        .host_script = script,
                                        .is_passive = true,
                                        .context = &reading,
                                        .problem = on_problem,
                                        .settled = on_settled};
    if (!hk_engine_start(&options, &reading.engine, err)) {
        return false;
    }
    hk_engine_run(reading.engine);
    hk_engine_free(reading.engine);
    cli->status = reading.problems > 0 ? 1 : 0;
    return true;
}

bool hk_dags_reserialize(struct hk_cli *cli, struct hk_error *err)
{
    struct hk_client *client = NULL;
    if (!hk_client_open(cli->home, NULL, &client, err)) {
        return false;
    }
    bool is_remote = hk_client_is_remote(client);
    json_t *reply = is_remote ? hk_client_send(client, "POST", "/hanok/reserialize", NULL, err) : NULL;
    hk_client_close(client);
    if (!is_remote) {
        return read_here(cli, err);
    }
    json_decref(reply);
    return reply != NULL;
}

const struct hk_option hk_dags_reserialize_options[] = {
    HK_OPTION_DAGS,   HK_OPTION_SUBDIR,
    HK_OPTION_PYTHON, {"bundle-name", "B", "NAME", "accepted for Airflow's sake: all folders are read", NULL, NULL},
    HK_OPTIONS_END,
};
