#include <string.h>

#include "api/cli/usage.h"

#define IN_STANDALONE "is a part of 'hanok standalone', which is all of them in one process"
#define NOT_YET "is Airflow's, and hanok does not have it yet"

/* Habits of Airflow 2 and 3. A line goes when its verb comes. */
static const struct {
    const char *group; /* "": a word that stands alone */
    const char *verb;
    const char *answer;
} absent[] = {
    {"", "api-server", IN_STANDALONE},
    {"", "webserver", IN_STANDALONE},
    {"", "scheduler", IN_STANDALONE},
    {"", "triggerer", IN_STANDALONE},
    {"", "dag-processor", IN_STANDALONE},
    {"", "backfill", NOT_YET},
    {"", "assets", NOT_YET},
    {"", "config", "is Airflow's; hanok has options instead: see 'hanok standalone --help' and 'hanok info'"},
    {"", "jobs", "is Airflow's; hanok is one process, and 'hanok db check' and /api/v2/monitor/health tell how it is"},
    {"", "providers", "is Airflow's; hanok uses the providers in the Python that --python names"},
    {"", "plugins", NOT_YET},
    {"", "rotate-fernet-key", NOT_YET},
    {"dags", "backfill", "is Airflow 2's, and hanok has no backfills yet; 'dags trigger --logical-date' makes one run"},
    {"dags", "clear", NOT_YET "; 'tasks clear' does it by task"},
    {"dags", "delete", NOT_YET "; remove the DAG's file, and the DAG is shown no more"},
    {"dags", "list-jobs", NOT_YET},
    {"dags", "report", NOT_YET "; 'dags list-import-errors' tells which files fail"},
    {"dags", "show-dependencies", NOT_YET},
    {"tasks", "run", "is Airflow 2's; 'tasks test' runs one task, 'dags trigger' a whole DAG"},
    {"tasks", "render", NOT_YET "; 'tasks test' shows what a task does with its templates"},
    {"db", "init", "is Airflow 2's; the database is made when it is needed, or by 'db migrate'"},
    {"db", "upgrade", "is Airflow 2's; it is 'db migrate' now"},
    {"db", "reset", NOT_YET "; stop hanok and remove hanok.db in its home"},
    {"db", "clean", NOT_YET},
    {"db", "shell", NOT_YET "; stop hanok and use 'sqlite3 HOME/hanok.db'"},
};

const char *hk__absent(const char *group, const char *word)
{
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        if (strcmp(absent[i].group, group) == 0 && strcmp(absent[i].verb, word) == 0) {
            return absent[i].answer;
        }
    }
    return NULL;
}
