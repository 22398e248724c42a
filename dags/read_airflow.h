/* Reads DAGs that Airflow's own serializer wrote (schema version 3, airflow/serialization/schema.json) into a graph.
 * The documents come from the warm Python host (workers/parser.h), which imported the user's file with the Task SDK.
 *
 * The serializer leaves out what equals its defaults; they are filled in here. EmptyOperators without callbacks and
 * outlets run nowhere (HK_RUNNER_NOTHING), as in Airflow's scheduler; a BashOperator of the standard provider that the
 * host found to be plain (no templates, no callbacks, nothing overridden: see dags/python/host.py) runs natively
 * (HK_RUNNER_COMMAND); everything else runs in the host (HK_RUNNER_PYTHON). What hanok does not support yet - dynamic
 * task mapping, aliases of assets, event, partition and custom timetables, deadlines, ... - is refused with a sentence
 * that names the DAG, the task and the feature.
 *
 * The JSON is outside input. Pure, except for time zone files that are looked at; any thread, but not the loop. */
#ifndef HK_DAGS_READ_AIRFLOW_H
#define HK_DAGS_READ_AIRFLOW_H

#include <jansson.h>

#include "engine/graph/graph.h"

struct hk_airflow_source {
    const char *fileloc;          /* absolute path of the file; NULL: as the document says */
    const char *relative_fileloc; /* inside the bundle; NULL: as the document says */
    const char *bundle_name;
};

/* document: {"__version": 3, "dag": {...}}. On success *out holds one reference. HK_INVALID, HK_LIMIT. */
HK_MUST_USE bool hk_airflow_read(const json_t *document, const struct hk_airflow_source *source, struct hk_graph **out,
                                 struct hk_error *err);

/* The dag_id of a document, for naming it in errors; NULL when it has none. */
const char *hk_airflow_dag_id(const json_t *document);

#endif
