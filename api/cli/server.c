#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/cli/simulate.h"
#include "api/cli/standalone.h"
#include "api/cli/verbs.h"
#include "api/cli/version.h"
#include "engine/base/json.h"

static bool print_version(struct hk_cli *cli, struct hk_error *err)
{
    (void)cli;
    (void)err;
    puts(HK_VERSION);
    return true;
}

static bool print_info(struct hk_cli *cli, struct hk_error *err)
{
    char python[4096];
    struct hk_cli_folders folders;
    json_t *version = hk_client_get(cli->client, "/api/v2/version", err);
    if (version == NULL) {
        return false;
    }
    hk_cli_folders_find(cli->args, cli->home, &folders);
    const char *found = hk_cli_python(cli->args, python, sizeof python);
    json_t *paths = json_array();
    for (size_t i = 0; i < folders.count; i++) {
        json_array_append_new(paths, json_string(folders.paths[i]));
    }
    const char *const rows[][2] = {
        {"version", HK_VERSION},
        {"speaks_airflow", hk_json_get_text(version, "version", HK_AIRFLOW_VERSION)},
        {"home", cli->home->path},
        {"database", cli->home->database},
        {"task_logs", cli->home->logs},
        {"python", found != NULL ? found : "none was found"},
        {"engine", hk_client_is_remote(cli->client) ? hk_client_url(cli->client) : "not running"},
    };
    json_t *table = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_array_append_new(table, json_pack("{s:s, s:s}", "name", rows[i][0], "value", rows[i][1]));
    }
    json_array_append_new(table, json_pack("{s:s, s:o}", "name", "dags", "value", paths));
    json_decref(version);
    return hk_cli_print_rows(cli, table);
}

/* Airflow's own setting counts where somebody has made it; without one, DAGs run as they are found. */
static bool airflow_starts_paused(void)
{
    const char *value = getenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION");
    return value != NULL && (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool run_standalone(struct hk_cli *cli, struct hk_error *err)
{
    char python[4096];
    int64_t parallelism = 0;
    struct hk_home empty = {.path = ""};
    struct hk_cli_folders folders;
    if (!hk_arguments_int(cli->args, "parallelism", 1, &parallelism, err)) {
        return false;
    }
    if (parallelism > UINT16_MAX) {
        return hk_error_set(err, HK_LIMIT, "--parallelism is at most %d", UINT16_MAX);
    }
    hk_cli_folders_find(cli->args, &empty, &folders);
    bool uses_own = folders.paths[0] == folders.own; /* HOME/dags, which it makes itself */
    struct hk_standalone_options options = {
        .home = hk_arguments_text(cli->args, "home"),
        .dag_folders = folders.paths,
        .dag_folder_count = uses_own ? 0 : folders.count,
        .listen = hk_arguments_text(cli->args, "listen"),
        .artifacts_destination = hk_arguments_text(cli->args, "artifacts-destination"),
        .parallelism = (uint32_t)parallelism,
        .python = hk_cli_python(cli->args, python, sizeof python),
        .all_admins = hk_arguments_has(cli->args, "all-admins"),
        .starts_paused = hk_arguments_has(cli->args, "starts-paused") || airflow_starts_paused(),
    };
    cli->status = hk_standalone(&options);
    return true;
}

static const struct hk_option info_options[] = {HK_OPTION_OUTPUT, HK_OPTION_DAGS, HK_OPTION_SUBDIR, HK_OPTION_PYTHON,
                                                HK_OPTIONS_END};
static const struct hk_option standalone_options[] = {
    HK_OPTION_DAGS,
    HK_OPTION_SUBDIR,
    {"listen", NULL, "HOST:PORT", "where to answer (default: 127.0.0.1:8080; port 0: any free one)", NULL, NULL},
    {"artifacts-destination", NULL, "PLACE",
     "where artifacts lie: a folder or s3://bucket/prefix (default: artifacts in the home)", NULL, NULL},
    {"parallelism", NULL, "N", "tasks at once (default: cores x 2)", NULL, NULL},
    HK_OPTION_PYTHON,
    {"all-admins", NULL, NULL, "everybody is admin, without a token; only on loopback", NULL, NULL},
    {"starts-paused", NULL, NULL, "new DAGs are paused until somebody unpauses them", NULL, NULL},
    HK_OPTIONS_END,
};
static const struct hk_verb verbs[] = {
    {"standalone", "Run all of hanok in one process", HK_NEEDS_NOTHING, NULL, standalone_options, run_standalone},
    {"simulate", "Tell what a folder of DAGs would do between two dates", HK_NEEDS_NOTHING, NULL, hk_simulate_options,
     hk_simulate_verb},
    {"info", "Show where things are", HK_NEEDS_CLIENT, NULL, info_options, print_info},
    {"version", "Show the version", HK_NEEDS_NOTHING, NULL, NULL, print_version},
};
const struct hk_verb_group hk_server_group = {"", "", verbs, sizeof verbs / sizeof *verbs};
