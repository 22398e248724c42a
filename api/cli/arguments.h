/* Reading the command line: `hanok GROUP VERB options`, in Airflow's words. Verbs are rows of tables, one table per
 * noun, each in the file that has its handlers; this file knows none of them.
 *
 *     static const struct hk_option list_options[] = {HK_OPTION_OUTPUT, HK_OPTIONS_END};
 *     static const struct hk_verb verbs[] = {
 *         {"list", "List variables", HK_NEEDS_CLIENT, NULL, list_options, list_variables},
 *     };
 *     const struct hk_verb_group hk_variables_group = {"variables", "Manage variables", verbs, 1};
 *
 * Understood: --name value, --name=value, a prefix of a name that only one option has, -n value, -nvalue, `--` before
 * positions that begin with a dash, and options before, between and after the words of the verb. --home, --verbose and
 * --help belong to every verb. What is not understood is answered with one sentence and the nearest known word.
 * Pure; the arguments' strings are borrowed from argv. */
#ifndef HK_CLI_ARGUMENTS_H
#define HK_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { HK_MAX_POSITIONS = 32, HK_MAX_OPTIONS_GIVEN = 64, HK_ARGUMENTS_TEXT_BYTES = 64 * 1024 };

struct hk_option {
    const char *name;    /* "logical-date"; a table ends with NULL */
    const char *letters; /* "le": also -l and -e; NULL: none */
    const char *value;   /* what help calls its value, "JSON"; NULL: a switch */
    const char *help;
    const char *choices; /* "table|json|yaml|plain"; NULL: anything */
    const char *alias;   /* another name, "exec-date"; NULL: none */
};

#define HK_OPTIONS_END                                                                                                 \
    {                                                                                                                  \
        NULL, NULL, NULL, NULL, NULL, NULL                                                                             \
    }
#define HK_OPTION_OUTPUT                                                                                               \
    {                                                                                                                  \
        "output", "o", "FORMAT", "table (default), json, yaml or plain", "table|json|yaml|plain", NULL                 \
    }
#define HK_OPTION_YES                                                                                                  \
    {                                                                                                                  \
        "yes", "y", NULL, "do not ask for confirmation", NULL, NULL                                                    \
    }

/* What main.c prepares before the handler is called. */
enum hk_verb_needs {
    HK_NEEDS_NOTHING,
    HK_NEEDS_HOME,   /* cli->home is open */
    HK_NEEDS_CLIENT, /* and cli->client speaks to an engine on it */
};

struct hk_cli;

struct hk_verb {
    const char *name;
    const char *help;
    enum hk_verb_needs needs;
    const char *positions;           /* "dag_id task_id [logical_date]"; the last may be "[dag_id...]"; NULL: none */
    const struct hk_option *options; /* ends with a NULL name; NULL: none */
    /* false: err is printed and the exit status is 1. Else cli->status is the exit status. */
    bool (*run)(struct hk_cli *cli, struct hk_error *err);
};

struct hk_verb_group {
    const char *name; /* "": verbs that stand alone, "version" */
    const char *help;
    const struct hk_verb *verbs;
    size_t verb_count;
};

struct hk_given {
    const struct hk_option *option;
    const char *value; /* "" for a switch */
};

struct hk_arguments {
    const struct hk_verb_group *group;
    const struct hk_verb *verb;
    struct hk_given given[HK_MAX_OPTIONS_GIVEN];
    size_t given_count;
    const char *positions[HK_MAX_POSITIONS];
    size_t position_count;
};

enum hk_parsed {
    HK_PARSED_VERB,
    HK_PARSED_HELP,  /* text is what to print; exit status 0 */
    HK_PARSED_WRONG, /* text is the sentence that says why; exit status 2 */
};

/* argv without the program's name. */
enum hk_parsed hk_arguments_parse(const struct hk_verb_group *const *groups, size_t group_count, int argc,
                                  char *const *argv, struct hk_arguments *out, struct hk_buf *text);

/* The last value given for an option of this name; NULL: not given. The verb must have such an option. */
const char *hk_arguments_text(const struct hk_arguments *args, const char *name);
bool hk_arguments_has(const struct hk_arguments *args, const char *name);
/* The index-th of a repeated option's values; NULL: there are no more. */
const char *hk_arguments_at(const struct hk_arguments *args, const char *name, size_t index);
const char *hk_arguments_position(const struct hk_arguments *args, size_t index); /* NULL: not given */
/* A whole number of at least `least`; fallback when it is not given. */
HK_MUST_USE bool hk_arguments_int(const struct hk_arguments *args, const char *name, int64_t least, int64_t *inout,
                                  struct hk_error *err);

/* The candidate most like `word`, or NULL when none is alike. */
const char *hk_nearest(const char *word, const char *const *candidates, size_t count);

#endif
