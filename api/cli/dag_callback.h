/* on_success_callback and on_failure_callback of a whole DAG: when a run has ended (and that is committed), the Python
 * host imports the DAG's file and calls them with Airflow's context. As in Airflow they are not part of the run: what
 * they raise is logged. One that is cut off by a crash of the engine is not run again. Loop thread. */
#ifndef HK_CLI_DAG_CALLBACK_H
#define HK_CLI_DAG_CALLBACK_H

#include "scheduler/model.h"
#include "workers/parser.h"

/* Does nothing unless the run has just ended and its DAG has a callback for that end. */
void hk_dag_callback_run(struct hk_parser *parser, const struct hk_run *run);

#endif
