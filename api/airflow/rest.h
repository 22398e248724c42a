/* The Airflow REST door: /api/v2 as Airflow 3.3.2 answers it. It translates and decides nothing: lists are read from
 * the store on the HTTP thread, commands about runs and tasks are handed to the scheduler on the loop thread, and
 * answers to commands are written after their commit.
 *
 *     struct hk_airflow *airflow = hk_airflow_new(&options);
 *     hk_airflow_register(airflow, router, &err);
 *     ... the server runs ...
 *     hk_airflow_free(airflow);         (after the server has stopped and nothing is posted any more)
 *
 * Where hanok cannot do what a parameter asks for, the answer is 400 and names the parameter. */
#ifndef HK_API_AIRFLOW_REST_H
#define HK_API_AIRFLOW_REST_H

#include "api/http/router.h"
#include "engine/base/clock.h"
#include "engine/store/secret.h"
#include "engine/store/store.h"

struct hk_scheduler;
struct hk_airflow;

struct hk_airflow_options {
    struct hk_store *store;
    struct hk_scheduler *scheduler; /* only touched on the loop thread */
    const struct hk_clock *clock;
    const struct hk_secret_key *secret; /* borrowed; seals variables and connections, signs tokens */
    const char *log_folder;             /* borrowed texts */
    const char *hostname;               /* what task instances show */
    const char *unixname;
    /* Runs fn(arg) on the loop thread, soon, in order; from any thread. */
    void (*post)(void *context, void (*fn)(void *arg), void *arg);
    void *post_context;
};

struct hk_airflow *hk_airflow_new(const struct hk_airflow_options *options); /* copies the struct */
void hk_airflow_free(struct hk_airflow *airflow);                            /* NULL does nothing */
bool hk_airflow_register(struct hk_airflow *airflow, struct hk_router *router, struct hk_error *err);

#endif
