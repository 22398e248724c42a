/* Parses DAG files written in Python: the Task SDK's own DAG processor imports the file in a process of the warm host
 * and sends back its DAGs, serialized (schema version 3; dags/read_airflow.h reads them). What top-level code asks
 * meanwhile (Variables, Connections, ...) is answered through the task services. A file that takes longer than
 * HK_PARSE_TIMEOUT_MS is ended.
 *
 * dags/bundle uses this through a port of its own, so that dags/ does not see workers/. Loop thread. */
#ifndef HK_WORKERS_PARSER_H
#define HK_WORKERS_PARSER_H

#include <jansson.h>

#include "workers/supervisor.h"

struct hk_parser;

struct hk_parser_options {
    const struct hk_clock *clock;
    struct hk_python_port port;
    struct hk_task_services services;
};

struct hk_parser_file {
    const char *path;        /* absolute */
    const char *bundle_path; /* the bundle's folder, absolute; path lies in it */
    const char *bundle_name;
    /* A DagCallbackRequest as JSON: the process imports the file only to run a callback of one of its DAGs, and the
     * document is NULL then, with err NULL when it ended well. NULL: parse. */
    const char *callback_json;
};

/* document is the SDK's DagFileParsingResult: {"fileloc", "serialized_dags": [{"data": {"__version": 3, "dag":
 * {...}}}], "import_errors": {"relative path": "traceback"} | null, "warnings": [...] | null}; borrowed, valid during
 * the call. When the process ended without one it is NULL and err says why. Called once per hk_parser_parse, never
 * during it. */
typedef void (*hk_parser_done_fn)(void *arg, json_t *document, const struct hk_error *err);

struct hk_parser *hk_parser_new(const struct hk_parser_options *options);
void hk_parser_parse(struct hk_parser *parser, const struct hk_parser_file *file, hk_parser_done_fn done, void *arg);
size_t hk_parser_count(const struct hk_parser *parser); /* files being parsed */
void hk_parser_free(struct hk_parser *parser);          /* when none is; NULL does nothing */

#endif
