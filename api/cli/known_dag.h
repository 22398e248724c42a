/* Puts one DAG from the database into the scheduler without reading its file: an engine that reads no DAG folders can
 * then take commands about it. Before the loop begins. */
#ifndef HK_CLI_KNOWN_DAG_H
#define HK_CLI_KNOWN_DAG_H

#include "scheduler/scheduler.h"

/* A DAG that the database does not know, or whose file is gone, is left out: the command itself will say so. */
HK_MUST_USE bool hk_known_dag_load(struct hk_store *store, struct hk_scheduler *scheduler, const char *dag_id,
                                   struct hk_error *err);

#endif
