/* The HTTP server: libmicrohttpd in poll mode behind plain functions; nothing outside this folder names it. It reads a
 * request whole (within engine/base/limits.h) or hands its body on as it comes (sink.h), guards the framing, sends it
 * through the router, and writes the answer: at once, as a stream, or when a deferred handle is completed. One log line
 * a request.
 *
 * Threads: `threads` HTTP threads run handlers, and one more keeps the deadlines of those that wait; it sleeps as long
 * as nobody does. hk_http_stop ends them all: deferred and streaming callers get 503 or a closed connection first. */
#ifndef HK_HTTP_SERVER_H
#define HK_HTTP_SERVER_H

#include "api/http/auth.h"
#include "api/http/router.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

struct hk_http_options {
    const char *listen; /* "127.0.0.1:8080", "localhost:0", "[::1]:8080", ":8080" (loopback); port 0: any free one */
    const struct hk_router *router; /* borrowed, as is auth; both outlive the server */
    struct hk_auth *auth;
    const struct hk_clock *clock;
    unsigned threads;         /* 0: 2 */
    unsigned max_connections; /* 0: HK_MAX_CONNECTIONS */
    unsigned idle_seconds;    /* 0: HK_CONNECTION_IDLE_SECONDS; a request must be whole within twice that */
    unsigned defer_ms;        /* 0: HK_DEFER_DEADLINE_MS */
    size_t max_body_bytes;    /* 0: HK_MAX_BODY_BYTES */
};

struct hk_http;

/* HK_CONFLICT when the address is in use, HK_INVALID for one that cannot be read, HK_DENIED, HK_IO. */
HK_MUST_USE bool hk_http_start(const struct hk_http_options *options, struct hk_http **out, struct hk_error *err);
void hk_http_stop(struct hk_http *http); /* NULL is fine; not from an HTTP thread */

int hk_http_port(const struct hk_http *http);        /* the real one */
const char *hk_http_url(const struct hk_http *http); /* "http://127.0.0.1:8080" */
/* For options that are only allowed there. */
bool hk_listen_is_loopback(const char *listen);

#endif
