#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cli/dag_verbs.h"
#include "api/cli/test_run.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"

/* A DAG's id has no slash in it. */
static bool is_path(const char *word)
{
    struct hk_str name = hk_str_from(word);
    return strchr(word, '/') != NULL || hk_str_ends_with(name, ".py") || hk_str_ends_with(name, ".yaml") ||
           hk_str_ends_with(name, ".yml");
}

static bool check_file(const char *path, struct hk_error *err)
{
    struct stat st;
    return stat(path, &st) == 0 || hk_error_set(err, HK_NOT_FOUND, "file '%s' cannot be read: %m", path);
}

static bool check_conf(const char *conf, struct hk_error *err)
{
    json_t *document = conf != NULL ? hk_json_parse(hk_str_from(conf), err) : NULL;
    if (conf != NULL && document == NULL) {
        return hk_error_prefix(err, "--conf is not JSON");
    }
    bool ok = conf == NULL || json_is_object(document) ||
              hk_error_set(err, HK_INVALID, "--conf is a JSON object, as in '{\"key\": 1}', not '%s'", conf);
    json_decref(document);
    return ok;
}

static bool find_date(const struct hk_arguments *args, size_t position, int64_t *out, struct hk_error *err)
{
    const char *text = hk_arguments_position(args, position);
    bool has_zone = false;
    text = text != NULL ? text : hk_arguments_text(args, "logical-date");
    if (text == NULL) {
        *out = hk_clock_wall_us(hk_clock_system());
        return true;
    }
    return hk_iso_parse(hk_str_from(text), out, &has_zone) ||
           hk_error_set(err, HK_INVALID,
                        "the logical date '%s' is no date or time; write 2026-11-22 or "
                        "2026-11-22T20:51:10+09:00",
                        text);
}

static bool run(struct hk_cli *cli, struct hk_test_run_options *options, struct hk_error *err)
{
    char python[4096];
    bool succeeded = false;
    options->from_home = hk_arguments_text(cli->args, "home");
    options->conf_json = hk_arguments_text(cli->args, "conf");
    options->python = hk_cli_python(cli->args, python, sizeof python);
    if (!check_conf(options->conf_json, err) || !hk_test_run(options, &succeeded, err)) {
        return false;
    }
    cli->status = succeeded ? 0 : 1;
    return true;
}

/* The folder that the home has this DAG from; false: it knows none such. */
static bool find_known_folder(const struct hk_home *home, const char *dag_id, char *out, size_t out_size)
{
    struct hk_client *client = NULL;
    struct hk_error ignored;
    if (!hk_client_open(home, dag_id, &client, &ignored)) {
        return false;
    }
    json_t *dag = hk_client_get(client, hk_client_path(client, "/api/v2/dags/{}", dag_id), &ignored);
    struct hk_str path = hk_str_from(hk_json_get_text(dag, "fileloc", ""));
    struct hk_str relative = hk_str_from(hk_json_get_text(dag, "relative_fileloc", ""));
    bool ok = relative.len > 0 && path.len > relative.len && hk_str_ends_with(path, relative.data) &&
              hk_str_copy(out, out_size, (struct hk_str){path.data, path.len - relative.len});
    json_decref(dag);
    hk_client_close(client);
    return ok;
}

/* The file named by --dagfile-path, or the folders of --dags or the environment, or what the home knows, or HOME/dags.
 */
static bool find_folders(struct hk_cli *cli, struct hk_home *home, struct hk_cli_folders *out, struct hk_error *err)
{
    static char known[HK_HOME_PATH_SIZE];
    const char *file = hk_arguments_text(cli->args, "dagfile-path");
    if (file != NULL) {
        out->paths[0] = file;
        out->count = 1;
        return check_file(file, err);
    }
    hk_cli_folders_find(cli->args, home, out);
    if (out->paths[0] != out->own) {
        return true;
    }
    if (!hk_home_open(hk_arguments_text(cli->args, "home"), home, err)) {
        return false;
    }
    hk_cli_folders_find(cli->args, home, out);
    if (find_known_folder(home, hk_arguments_position(cli->args, 0), known, sizeof known)) {
        out->paths[0] = known;
        return true;
    }
    return access(out->own, F_OK) == 0 ||
           hk_error_set(err, HK_NOT_FOUND, "the home '%s' knows no DAG '%s'; name its file, or its folder with --dags",
                        home->path, hk_arguments_position(cli->args, 0));
}

bool hk_dags_test(struct hk_cli *cli, struct hk_error *err)
{
    static struct hk_home home;
    struct hk_cli_folders folders;
    const char *wanted = hk_arguments_position(cli->args, 0);
    struct hk_test_run_options options = {.dag_id = wanted};
    if (!find_date(cli->args, 1, &options.logical_us, err)) {
        return false;
    }
    if (hk_arguments_text(cli->args, "dagfile-path") == NULL && is_path(wanted)) {
        if (!check_file(wanted, err)) {
            return false;
        }
        options.dag_id = NULL;
        options.folders = &wanted;
        options.folder_count = 1;
        return run(cli, &options, err);
    }
    if (!find_folders(cli, &home, &folders, err)) {
        return false;
    }
    options.folders = folders.paths;
    options.folder_count = folders.count;
    return run(cli, &options, err);
}

bool hk_tasks_test(struct hk_cli *cli, struct hk_error *err)
{
    static struct hk_home home;
    struct hk_cli_folders folders;
    struct hk_test_run_options options = {.dag_id = hk_arguments_position(cli->args, 0),
                                          .task_id = hk_arguments_position(cli->args, 1)};
    if (!find_date(cli->args, 2, &options.logical_us, err) || !find_folders(cli, &home, &folders, err)) {
        return false;
    }
    options.folders = folders.paths;
    options.folder_count = folders.count;
    return run(cli, &options, err);
}

#define OPTION_FILE                                                                                                    \
    {                                                                                                                  \
        "dagfile-path", "f", "FILE", "the file that defines the DAG", NULL, NULL                                       \
    }
#define OPTION_DATE                                                                                                    \
    {                                                                                                                  \
        "logical-date", "le", "DATE", "the run's logical date (default: now)", NULL, "exec-date"                       \
    }

const struct hk_option hk_dags_test_options[] = {
    OPTION_FILE,      {"conf", "c", "JSON", "an object: the run's configuration", NULL, NULL},
    OPTION_DATE,      HK_OPTION_DAGS,
    HK_OPTION_SUBDIR, HK_OPTION_PYTHON,
    HK_OPTIONS_END,
};
const struct hk_option hk_tasks_test_options[] = {
    OPTION_FILE,      {"conf", "c", "JSON", "an object: the run's configuration", NULL, NULL},
    OPTION_DATE,      HK_OPTION_DAGS,
    HK_OPTION_SUBDIR, HK_OPTION_PYTHON,
    HK_OPTIONS_END,
};
