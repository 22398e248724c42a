/* The answers behind workers/task_services.h, out of the database: XComs, variables, connections, what became of other
 * runs and tasks. Semantics are those of Airflow's execution API (airflow/api_fastapi/execution_api/routes).
 *
 * Reads run on libuv's thread pool with a connection of the store's readers, and are answered on the loop. Writes
 * go through the store's writer and are answered by hk_store_deliver, once they are durable: a task that was told that
 * its XCom is kept finds it. What a caller passes is copied. A task waits for each answer before it asks again, so as
 * many calls are under way as tasks run.
 *
 * The table's `context` is the hk_services; both are used on the loop thread only. AIRFLOW_VAR_X and AIRFLOW_CONN_X are
 * no matter of this module: the SDK looks into the task's environment before it asks.
 *
 *     struct hk_services *services = hk_services_new(&options);
 *     supervisor_options.services = hk_services_table(services);
 *     ... stop the workers, run the loop until hk_services_is_idle(services) ...
 *     hk_services_free(services);
 */
#ifndef HK_WORKERS_SERVICES_H
#define HK_WORKERS_SERVICES_H

#include <uv.h>

#include "engine/base/clock.h"
#include "engine/store/secret.h"
#include "engine/store/store.h"
#include "workers/task_services.h"

struct hk_services_options {
    uv_loop_t *loop;
    struct hk_store *store; /* on a file: a database in memory has no second connection to read with */
    const struct hk_clock *clock;
    const struct hk_secret_key *key; /* of variables and connections; must outlive the services */
    /* May be NULL. Called on the loop whenever the last call under way was answered: a read's end wakes nobody else, so
     * who waits for hk_services_is_idle in order to end the loop needs this. */
    void (*became_idle)(void *context);
    void *context;
};

struct hk_services;

struct hk_services *hk_services_new(const struct hk_services_options *options);
struct hk_task_services hk_services_table(struct hk_services *services);
bool hk_services_is_idle(const struct hk_services *services); /* nothing under way */
void hk_services_free(struct hk_services *services);          /* NULL does nothing; only when idle */

#endif
