/* on_success_callback and on_failure_callback of a whole DAG: when a run has ended (and that is committed), the Python
 * host imports the DAG's file and calls them with Airflow's context. As in Airflow they are not part of the run: what
 * they raise is logged, and a state that a person sets calls nobody.
 *
 * The request is saved with the end of the run and deleted after the call, so each callback is called at least once:
 * one that a crash of the engine cuts off is called again by the next. Loop thread. */
#ifndef HK_CLI_DAG_CALLBACK_H
#define HK_CLI_DAG_CALLBACK_H

#include "engine/store/callback_store.h"
#include "engine/store/store.h"
#include "scheduler/model.h"
#include "workers/parser.h"

struct hk_dag_callbacks {
    struct hk_store *store;
    struct hk_parser *parser;
    size_t open;    /* called, and not yet deleted */
    bool is_ending; /* the engine ends its processes: what does not end well stays owed */
    void *context;
    void (*became_idle)(void *context); /* open is 0 again; or NULL */
};

/* What is to be saved with the end of the run (malloc'd); NULL: its DAG has no callback for that end. */
char *hk_dag_callback_request(const struct hk_run *run, const char *reason);
void hk_dag_callback_call(struct hk_dag_callbacks *callbacks, const struct hk_callback_row *owed);
/* Those that an earlier engine owes. */
HK_MUST_USE bool hk_dag_callback_resume(struct hk_dag_callbacks *callbacks, struct hk_error *err);

#endif
