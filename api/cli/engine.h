/* struct hk_engine: everything put together on one libuv loop. `hanok standalone` runs it with its doors open; `hanok
 * dags test` runs the same without. Called on the loop thread unless said otherwise. */
#ifndef HK_CLI_ENGINE_H
#define HK_CLI_ENGINE_H

#include <uv.h>

#include "api/cli/home.h"
#include "scheduler/scheduler.h"

struct hk_engine;

struct hk_engine_options {
    const struct hk_home *home;
    const char *const *dag_folders; /* paths of folders or files */
    size_t dag_folder_count;
    const char *listen;                /* NULL: no doors */
    const char *artifacts_destination; /* as hk_cli_artifacts_open takes it; NULL: HOME/artifacts */
    bool all_admins;
    uint32_t parallelism;    /* 0: cores x 2 */
    const char *python;      /* NULL: none */
    const char *host_script; /* of the warm Python host */
    bool is_passive;         /* nothing is scheduled or dispatched: for CLI verbs without a server */
    const char *passive_dag; /* of a passive one: taken from the database, to be triggered; NULL: none */
    bool only_triggered;     /* DAGs begin paused and their schedules make no runs: for `dags test` */
    bool starts_paused;
    bool watch; /* follow changes of the DAG folders */
    void *context;
    void (*observe)(void *context, const struct hk_run *run, int64_t task); /* or NULL */
    void (*problem)(void *context, const char *file, const char *message);  /* or NULL */
    void (*settled)(void *context); /* the DAG folders have been read once; or NULL */
    void (*called)(void *context);  /* no callback of a DAG is being called any more; or NULL */
};

/* Opens the store, loads, starts the doors: when it returns, they answer. */
HK_MUST_USE bool hk_engine_start(const struct hk_engine_options *options, struct hk_engine **out, struct hk_error *err);
/* Runs until hk_engine_quit; then ends what runs and returns when all is gone. */
void hk_engine_run(struct hk_engine *engine);
void hk_engine_quit(struct hk_engine *engine);
void hk_engine_free(struct hk_engine *engine);

/* Reads every DAG file again, changed or not (Airflow's `dags reserialize`). */
void hk_engine_rescan(struct hk_engine *engine);

bool hk_engine_is_calling(const struct hk_engine *engine); /* callbacks of DAGs whose runs have ended */
struct hk_scheduler *hk_engine_scheduler(struct hk_engine *engine);
struct hk_store *hk_engine_store(struct hk_engine *engine);
const char *hk_engine_url(const struct hk_engine *engine); /* "http://127.0.0.1:8080" */

/* Runs fn on the loop thread, soon. context is the struct hk_engine. Any thread. */
void hk_engine_post(void *context, void (*fn)(void *arg), void *arg);

#endif
