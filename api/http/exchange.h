/* One request and its answer together, with the arena both live in; counted, because the connection, a deferred handle
 * and a waker may each end last. The server makes one per request. Tests of a door use hk_exchange_call, which goes
 * the whole way of the server (decode, route, authenticate, handle, wait for a deferred answer) without a socket:
 *
 *     struct hk_exchange *x = hk_exchange_call(router, auth, &(struct hk_call){.target = "/api/v2/dags"});
 *     assert_int_equal(x->response.status, 200);
 *     hk_exchange_release(x);
 */
#ifndef HK_HTTP_EXCHANGE_H
#define HK_HTTP_EXCHANGE_H

#include <stdatomic.h>

#include "api/http/request.h"
#include "api/http/response.h"
#include "api/http/router.h"
#include "api/http/waiting.h"

struct hk_exchange {
    struct hk_arena arena;
    struct hk_request request;
    struct hk_response response;
    struct hk_buf body;         /* as it comes in; request.body points here */
    struct hk_sink sink;        /* where it goes instead; end NULL: nowhere, or it has ended */
    struct hk_waiting *waiting; /* counted; NULL: handlers may not defer */
    struct hk_waiter waiter;
    atomic_int references;
};

struct hk_exchange *hk_exchange_create(struct hk_waiting *waiting);
void hk_exchange_retain(struct hk_exchange *exchange);
void hk_exchange_release(struct hk_exchange *exchange); /* NULL is fine */

struct hk_call {
    const char *method;        /* NULL: GET */
    const char *target;        /* "/api/v2/dags?limit=2" */
    const char *authorization; /* NULL: none */
    const char *content_type;  /* NULL: application/json when there is a body */
    const char *body;          /* NULL: none */
    const char *remote;        /* NULL: 127.0.0.1 */
    const char *host;          /* NULL: localhost */
    const char *header_name;   /* NULL: no header besides these */
    const char *header_value;
};

/* Never NULL. A stream or a file is read to its end into response.body; a deferred answer is waited for up to the
 * deadline. */
struct hk_exchange *hk_exchange_call(const struct hk_router *router, struct hk_auth *auth, const struct hk_call *call);

#endif
