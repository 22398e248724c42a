/* Delivers what is owed to webhooks (engine/store/webhook_store.h): a POST of
 *
 *     {"entity": "model_version", "action": "created", "timestamp": "...", "data": {...}}
 *
 * with the headers X-MLflow-Delivery-Id, X-MLflow-Timestamp and, where there is a secret, X-MLflow-Signature:
 * "v1," and the base64 of HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"). What the receiver refuses for now (429, 500, 502,
 * 503, 504, no connection) is tried again after 1, 2 and 4 seconds or when its Retry-After says; what it refuses
 * otherwise is dropped, as MLflow does. A delivery goes from the database when it is done with, so one that a crash
 * interrupts is sent again, with the same id.
 *
 * One thread of its own, which sleeps until something is due. Redirects are not followed, no proxy is used, and an
 * address that is not public is not connected to unless the rules allow it: it is looked at when the name has been
 * resolved for this very connection. */
#ifndef HK_API_MLFLOW_WEBHOOK_SENDER_H
#define HK_API_MLFLOW_WEBHOOK_SENDER_H

#include "api/mlflow/mlflow.h"
#include "engine/store/webhook_store.h"

struct hk__webhook_sender;

struct hk__webhook_sender *hk__webhook_sender_new(const struct hk_mlflow_options *options);
void hk__webhook_sender_free(struct hk__webhook_sender *sender); /* breaks off what is on its way; NULL is fine */

/* Something may be due. Any thread. */
void hk__webhook_sender_wake(void *sender);

/* Sends once, and tells what came of it: from the sender's thread, also when it is being freed. Any thread. */
struct hk__webhook_result {
    long status; /* 0: there was no answer */
    struct hk_str body;
    const char *error; /* why not; NULL when there was an answer */
};
typedef void (*hk__webhook_result_fn)(void *arg, const struct hk__webhook_result *result);
void hk__webhook_sender_try(struct hk__webhook_sender *sender, const struct hk_webhook_delivery *delivery,
                            hk__webhook_result_fn done, void *arg);

#endif
