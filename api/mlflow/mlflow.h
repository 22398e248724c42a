/* The MLflow door: tracking, artifacts and the model registry as `mlflow server` 3.17.2 answers them, under
 * /api/2.0/mlflow (and 3.0), the twin /ajax-api that MLflow's pages ask, /api/2.0/mlflow-artifacts, /version. It
 * translates and decides nothing: reads are answered on the HTTP thread from a read-only connection, writes after
 * their commit by the writer thread.
 *
 *     struct hk_mlflow *mlflow = hk_mlflow_new(&options);
 *     hk_mlflow_register(mlflow, router, &err);
 *     ... the server runs ...
 *     hk_mlflow_free(mlflow);         (after the server has stopped)
 *
 * Failures are {"error_code": NAME, "message": SENTENCE} with the status that MLflow gives the name. */
#ifndef HK_API_MLFLOW_MLFLOW_H
#define HK_API_MLFLOW_MLFLOW_H

#include "api/http/router.h"
#include "engine/artifacts/artifact_store.h"
#include "engine/artifacts/job_queue.h"
#include "engine/base/clock.h"
#include "engine/store/secret.h"
#include "engine/store/store.h"

#define HK_MLFLOW_VERSION "3.17.2" /* whose server this door answers like */

struct hk_mlflow;

/* Which hosts webhooks may call, and how patiently: the environment's MLFLOW_WEBHOOK_ALLOWED_SCHEMES,
 * _ALLOW_PRIVATE_IPS, _REQUEST_TIMEOUT and _REQUEST_MAX_RETRIES. All zero: MLflow's defaults. */
struct hk_webhook_rules {
    const char *schemes; /* "https"; borrowed */
    bool allows_private;
    bool has_counts; /* else the two below are the defaults: 30 and 3 */
    int timeout_s;
    int max_retries;
};

struct hk_mlflow_options {
    struct hk_store *store;
    const struct hk_clock *clock;
    const struct hk_secret_key *secret; /* borrowed; seals the secrets of webhooks */
    struct hk_webhook_rules webhooks;
    /* Borrowed; where the artifacts of mlflow-artifacts:/ lie, and who may wait for them. The queue ends before the
     * artifacts and this, after the server. */
    struct hk_artifacts *artifacts;
    struct hk_job_queue *jobs;
    /* Runs fn(arg) on the loop thread, soon, in order; from any thread. */
    void (*post)(void *context, void (*fn)(void *arg), void *arg);
    void *post_context;
};

struct hk_mlflow *hk_mlflow_new(const struct hk_mlflow_options *options); /* copies the struct */
void hk_mlflow_free(struct hk_mlflow *mlflow);                            /* NULL does nothing */
bool hk_mlflow_register(struct hk_mlflow *mlflow, struct hk_router *router, struct hk_error *err);

#endif
