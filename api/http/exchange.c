#include "api/http/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

struct hk_exchange *hk_exchange_create(struct hk_waiting *waiting)
{
    struct hk_exchange *exchange = hk_alloc(sizeof *exchange);
    atomic_init(&exchange->references, 1);
    hk_arena_init(&exchange->arena);
    hk_response_init(&exchange->response, &exchange->arena);
    hk_buf_init(&exchange->body, HK_MAX_BODY_BYTES);
    exchange->response.exchange = exchange;
    exchange->request.arena = &exchange->arena;
    exchange->waiting = waiting;
    if (waiting != NULL) {
        hk_waiting_retain(waiting);
    }
    return exchange;
}

void hk_exchange_retain(struct hk_exchange *exchange)
{
    atomic_fetch_add(&exchange->references, 1);
}

void hk_exchange_release(struct hk_exchange *exchange)
{
    if (exchange == NULL || atomic_fetch_sub(&exchange->references, 1) != 1) {
        return;
    }
    if (exchange->sink.end != NULL) {
        exchange->sink.abort(exchange->sink.context);
    }
    hk_response_clear(&exchange->response);
    hk_buf_clear(&exchange->body);
    hk_arena_clear(&exchange->arena);
    if (exchange->waiting != NULL) {
        hk_waiting_release(exchange->waiting);
    }
    free(exchange);
}

/* A deferred handle and a waker are the exchange itself, counted; their types exist only to keep them apart. */

struct hk_deferred *hk_response_defer(struct hk_response *res)
{
    struct hk_exchange *exchange = res->exchange;
    HK_ASSERT(exchange != NULL && exchange->waiting != NULL);
    HK_ASSERT(!res->is_deferred);
    res->is_deferred = true;
    hk_exchange_retain(exchange);
    return (struct hk_deferred *)exchange;
}

const struct hk_request *hk_deferred_request(const struct hk_deferred *deferred)
{
    return &((const struct hk_exchange *)deferred)->request;
}

struct hk_response *hk_deferred_response(struct hk_deferred *deferred)
{
    return &((struct hk_exchange *)deferred)->response;
}

void hk_deferred_complete(struct hk_deferred *deferred)
{
    struct hk_exchange *exchange = (struct hk_exchange *)deferred;
    hk_waiting_signal(exchange->waiting, &exchange->waiter);
    hk_exchange_release(exchange);
}

struct hk_waker *hk_response_waker(struct hk_response *res)
{
    HK_ASSERT(res->exchange != NULL && res->exchange->waiting != NULL);
    hk_exchange_retain(res->exchange);
    return (struct hk_waker *)res->exchange;
}

void hk_waker_wake(struct hk_waker *waker)
{
    struct hk_exchange *exchange = (struct hk_exchange *)waker;
    hk_waiting_signal(exchange->waiting, &exchange->waiter);
}

void hk_waker_release(struct hk_waker *waker)
{
    hk_exchange_release((struct hk_exchange *)waker);
}

/* -- without a socket -- */

static void do_nothing(void *connection)
{
    (void)connection;
}

static void post(void *connection)
{
    uv_sem_post(connection);
}

static void add_header(struct hk_request *req, const char *name, const char *value)
{
    if (value != NULL) {
        struct hk_str copy = hk_arena_str(req->arena, hk_str_from(value));
        hk_pairs_add(&req->headers, req->arena, hk_str_from(name), copy);
    }
}

static void fill_request(struct hk_exchange *exchange, const struct hk_call *call)
{
    struct hk_request *req = &exchange->request;
    const char *method = call->method != NULL ? call->method : "GET";
    HK_ASSERT(hk_method_parse(hk_str_from(method), &req->method));
    req->remote = hk_arena_str(req->arena, hk_str_from(call->remote != NULL ? call->remote : "127.0.0.1"));
    add_header(req, "Host", call->host != NULL ? call->host : "localhost");
    add_header(req, "Authorization", call->authorization);
    if (call->header_name != NULL) {
        add_header(req, call->header_name, call->header_value);
    }
    if (call->body != NULL) {
        add_header(req, "Content-Type", call->content_type != NULL ? call->content_type : "application/json");
        hk_buf_add_text(&exchange->body, call->body);
        req->body = hk_buf_str(&exchange->body);
    }
}

/* The deferred response is the other thread's until it signals; after a deadline this caller must not look at it, so a
 * test that gets here fails loudly. */
static void wait_for_answer(struct hk_exchange *exchange, uv_sem_t *sem)
{
    if (hk_waiting_enter(exchange->waiting, &exchange->waiter, sem, HK_DEFER_DEADLINE_MS * HK_MS_US)) {
        uv_sem_wait(sem);
    }
    HK_ASSERT(hk_waiting_why(exchange->waiting, &exchange->waiter) == HK_WAKE_SIGNAL);
}

static void drain_stream(struct hk_exchange *exchange, uv_sem_t *sem)
{
    struct hk_response *res = &exchange->response;
    char chunk[4096];
    for (;;) {
        size_t written = 0;
        enum hk_stream_step step = res->stream.read(res->stream.context, chunk, sizeof chunk, &written);
        hk_buf_add(&res->body, chunk, written);
        if (step == HK_STREAM_END || step == HK_STREAM_FAILED) {
            return;
        }
        int wait_ms = res->stream.wait_ms > 0 ? res->stream.wait_ms : HK_STREAM_IDLE_MS;
        if (step == HK_STREAM_WAIT && hk_waiting_enter(exchange->waiting, &exchange->waiter, sem, wait_ms * HK_MS_US)) {
            uv_sem_wait(sem);
        }
    }
}

static void drain_file(struct hk_response *res)
{
    char chunk[4096];
    const struct hk_file *file = &res->file;
    for (uint64_t at = 0; at < file->size;) {
        size_t want = file->size - at < sizeof chunk ? (size_t)(file->size - at) : sizeof chunk;
        ssize_t n = pread(file->fd, chunk, want, (off_t)(file->offset + at));
        HK_ASSERT(n > 0);
        hk_buf_add(&res->body, chunk, (size_t)n);
        at += (uint64_t)n;
    }
}

struct hk_exchange *hk_exchange_call(const struct hk_router *router, struct hk_auth *auth, const struct hk_call *call)
{
    uv_sem_t sem;
    HK_ASSERT(uv_sem_init(&sem, 0) == 0);
    struct hk_waiting_port port = {.suspend = do_nothing, .resume = post};
    struct hk_waiting *waiting = hk_waiting_create(hk_clock_system(), port);
    struct hk_exchange *exchange = hk_exchange_create(waiting);
    fill_request(exchange, call);
    struct hk_error err;
    struct hk_str target = hk_arena_str(&exchange->arena, hk_str_from(call->target));
    if (hk_request_parse_target(&exchange->request, target, &err)) {
        hk_router_dispatch(router, auth, &exchange->request, &exchange->response);
    } else {
        hk_router_pick_door(router, &exchange->request);
        hk_fail_error(&exchange->request, &exchange->response, &err);
    }
    if (exchange->response.is_deferred) {
        wait_for_answer(exchange, &sem);
    }
    if (exchange->response.stream.read != NULL) {
        drain_stream(exchange, &sem);
    }
    if (exchange->response.has_file) {
        drain_file(&exchange->response);
    }
    hk_waiting_stop(waiting);
    hk_waiting_release(waiting);
    uv_sem_destroy(&sem);
    return exchange;
}
