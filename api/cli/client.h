/* struct hk_client: a CLI verb's way to hanok: its own REST API, at the engine that runs on the home, or, when none
 * does, at one that is started in this process for the length of the verb: passive, on a free port of the loopback.
 *
 * Which of the two is found out by the lock of the database. A running engine wrote its URL into HOME/run/url. Requests
 * carry a token for user "cli", role Admin, signed with the home's secret: whoever may read HOME/secrets is the home's
 * owner. One thread. */
#ifndef HK_CLI_CLIENT_H
#define HK_CLI_CLIENT_H

#include <jansson.h>

#include "api/cli/home.h"

struct hk_client;

/* HK_UNAVAILABLE when a running engine cannot be reached, or as hk_engine_start. home is borrowed.
 * dag_id: which DAG the verb is about, so that an engine of our own knows it; NULL: none. */
HK_MUST_USE bool hk_client_open(const struct hk_home *home, const char *dag_id, struct hk_client **out,
                                struct hk_error *err);
void hk_client_close(struct hk_client *client); /* NULL is fine; ends the engine that was started for it */

/* "http://127.0.0.1:8080", and whether that is an engine that ran before. */
const char *hk_client_url(const struct hk_client *client);
bool hk_client_is_remote(const struct hk_client *client);

/* A path with each "{}" replaced by the next argument (const char *), percent-encoded: ("/api/v2/dags/{}", dag_id).
 * Lives as long as the client. */
const char *hk_client_path(struct hk_client *client, const char *pattern, ...);

struct hk_call {
    const char *method; /* "GET" */
    const char *path;   /* with its query */
    const json_t *body; /* borrowed; NULL: none */
    int status;         /* filled in; 0: there was no answer */
    json_t *reply;      /* filled in: a new reference; NULL when the answer had no body or was not JSON */
};

/* false for every status from 400 on, the answer's detail as the sentence, reply then NULL: HK_NOT_FOUND, HK_CONFLICT,
 * HK_INVALID ... */
HK_MUST_USE bool hk_client_call(struct hk_client *client, struct hk_call *call, struct hk_error *err);

/* The same for the common kinds; the answer is a new reference, NULL with err set. */
json_t *hk_client_get(struct hk_client *client, const char *path, struct hk_error *err);
json_t *hk_client_send(struct hk_client *client, const char *method, const char *path, json_t *body,
                       struct hk_error *err); /* takes body; an empty answer is an empty object */

/* All pages of a collection, as one array: ("/api/v2/dags?order_by=dag_id", "dags"). */
json_t *hk_client_list(struct hk_client *client, const char *path, const char *member, struct hk_error *err);

#endif
