/* What a verb's handler is given, and the tables of all nouns; main.c puts them together. A verb is a client of hanok's
 * own REST API: the one way in, whether an engine runs on the home or not (client.h). */
#ifndef HK_CLI_VERBS_H
#define HK_CLI_VERBS_H

#include <jansson.h>

#include "api/cli/arguments.h"
#include "api/cli/client.h"
#include "api/cli/home.h"

struct hk_cli {
    const struct hk_arguments *args;
    struct hk_home *home;     /* HK_NEEDS_HOME and HK_NEEDS_CLIENT */
    struct hk_client *client; /* HK_NEEDS_CLIENT */
    int status;               /* exit status of a verb that did its work */
};

/* Prints rows in the form of --output. Takes the reference. Always true, so that a handler may end with it. */
bool hk_cli_print_rows(const struct hk_cli *cli, json_t *rows);

/* Asks on the terminal unless --yes was given; false with HK_CANCELLED for anything but "y" or "yes". */
HK_MUST_USE bool hk_cli_confirm(const struct hk_cli *cli, struct hk_error *err, const char *fmt, ...) HK_PRINTF(3, 4);

/* A whole file ("-": standard input) or a JSON text. The reader frees text with free, the document with json_decref. */
HK_MUST_USE bool hk_cli_read_file(const char *path, char **text, size_t *len, struct hk_error *err);
json_t *hk_cli_read_json(const char *path, struct hk_error *err);
/* Writes a file ("-": standard output). */
HK_MUST_USE bool hk_cli_write_file(const char *path, struct hk_str text, struct hk_error *err);

/* A date or time, as ISO 8601 in *out (HK_ISO_SIZE bytes), UTC. */
HK_MUST_USE bool hk_cli_time(const char *what, const char *text, char *out, struct hk_error *err);

/* Folders of DAG files: --dags and --subdir, else $HANOK_DAGS, else $AIRFLOW__CORE__DAGS_FOLDER, else HOME/dags. Paths
 * are borrowed from the arguments, the environment or `own`. */
struct hk_cli_folders {
    const char *paths[HK_MAX_OPTIONS_GIVEN];
    size_t count;
    char own[HK_HOME_PATH_SIZE + 32];
};
void hk_cli_folders_find(const struct hk_arguments *args, const struct hk_home *home, struct hk_cli_folders *out);

/* The Python to use: --python, else $HANOK_PYTHON, else $VIRTUAL_ENV's, else python3 of the PATH; NULL: there is none.
 * Whether it has the Task SDK turns out when the first Python DAG needs it. */
const char *hk_cli_python(const struct hk_arguments *args, char *out, size_t out_size);

#define HK_OPTION_DAGS                                                                                                 \
    {                                                                                                                  \
        "dags", NULL, "DIR", "a folder or file of DAGs (default: $HANOK_DAGS, else HOME/dags); may be repeated", NULL, \
            NULL                                                                                                       \
    }
#define HK_OPTION_SUBDIR                                                                                               \
    {                                                                                                                  \
        "subdir", "S", "DIR", "the same, as Airflow called it", NULL, NULL                                             \
    }
#define HK_OPTION_PYTHON                                                                                               \
    {                                                                                                                  \
        "python", NULL, "PATH", "interpreter that has the Task SDK (default: $HANOK_PYTHON, else python3)", NULL, NULL \
    }

extern const struct hk_verb_group hk_dags_group;
extern const struct hk_verb_group hk_tasks_group;
extern const struct hk_verb_group hk_variables_group;
extern const struct hk_verb_group hk_connections_group;
extern const struct hk_verb_group hk_pools_group;
extern const struct hk_verb_group hk_users_group;
extern const struct hk_verb_group hk_models_group;
extern const struct hk_verb_group hk_db_group;
extern const struct hk_verb_group hk_server_group; /* standalone, version, info, simulate */

#endif
