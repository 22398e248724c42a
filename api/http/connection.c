#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/http/exchange.h"
#include "api/http/server_private.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

/* A body over the limit is read and dropped up to this many times the limit before the 413, because a client that is
 * still sending when the connection closes sees a reset instead of the answer. */
enum { SWALLOW_FACTOR = 4, STREAM_BLOCK = 32 * 1024 };

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_WAITING, PHASE_ANSWERED };

struct request_state {
    struct hk_exchange *exchange;
    const struct hk_route *route; /* NULL: the failure is in the response already */
    struct hk_str key;            /* of the question, if its answer may be remembered */
    uint64_t generation;          /* before the handler began */
    struct hk_str target;
    int64_t started_us;
    uint64_t received;
    uint64_t renewed_at; /* of what was received when the guard was last told */
    enum phase phase;
    int status;
    bool drops; /* the body, because the answer is there already or its sink wants no more */
};

static int64_t now_us(const struct hk_http *http)
{
    return hk_clock_monotonic_us(http->options.clock);
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static struct hk_guarded *guarded_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void hk_http_on_connection(void *context, struct MHD_Connection *connection, void **state,
                           enum MHD_ConnectionNotificationCode what)
{
    struct hk_http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct hk_guarded *guarded = hk_alloc(sizeof *guarded);
        guarded->fd = socket_of(connection);
        *state = guarded;
        hk_guard_join(http->guard, guarded);
    } else {
        hk_guard_leave(http->guard, *state);
        free(*state);
        *state = NULL;
    }
}

/* Before libmicrohttpd decodes the target in its own way: this is where the raw one is to be had. */
void *hk_http_on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct hk_http *http = context;
    hk_guard_hear(http->guard, guarded_of(connection));
    struct request_state *state = hk_alloc(sizeof *state);
    state->started_us = now_us(http);
    state->exchange = hk_exchange_create(http->waiting);
    state->exchange->body.max = http->options.max_body_bytes;
    state->target = hk_arena_str(&state->exchange->arena, hk_str_from(target));
    return state;
}

/* -- answering -- */

struct stream_state {
    struct hk_exchange *exchange;
    struct MHD_Connection *connection;
    bool has_waited;
    bool is_over;
};

static bool is_client_gone(struct MHD_Connection *connection)
{
    char byte;
    ssize_t n = recv(socket_of(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Suspends until there may be more to read. false: the stream cannot go on. *is_suspended tells whether to return. */
static bool wait_for_more(struct stream_state *s, bool *is_suspended)
{
    struct hk_exchange *exchange = s->exchange;
    int wait_ms = exchange->response.stream.wait_ms > 0 ? exchange->response.stream.wait_ms : HK_STREAM_IDLE_MS;
    s->has_waited = true;
    *is_suspended = hk_waiting_enter(exchange->waiting, &exchange->waiter, s->connection, wait_ms * HK_MS_US);
    return *is_suspended || hk_waiting_why(exchange->waiting, &exchange->waiter) != HK_WAKE_STOP;
}

static bool may_go_on(struct stream_state *s)
{
    if (!s->has_waited) {
        return true;
    }
    s->has_waited = false;
    return hk_waiting_why(s->exchange->waiting, &s->exchange->waiter) != HK_WAKE_STOP && !is_client_gone(s->connection);
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
    struct stream_state *s = context;
    const struct hk_stream *stream = &s->exchange->response.stream;
    (void)position;
    if (s->is_over) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    while (may_go_on(s)) {
        size_t written = 0;
        bool is_suspended = false;
        enum hk_stream_step step = stream->read(stream->context, out, size, &written);
        HK_ASSERT(written <= size);
        s->is_over = step == HK_STREAM_END;
        if (step == HK_STREAM_FAILED) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        if (written > 0) {
            return (ssize_t)written;
        }
        if (s->is_over) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (!wait_for_more(s, &is_suspended)) {
            break;
        }
        if (is_suspended) {
            return 0;
        }
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void end_stream(void *context)
{
    struct stream_state *s = context;
    struct hk_stream *stream = &s->exchange->response.stream;
    if (stream->close != NULL) {
        stream->close(stream->context);
    }
    *stream = (struct hk_stream){0};
    hk_exchange_release(s->exchange);
    free(s);
}

static struct MHD_Response *make_response(struct MHD_Connection *connection, struct hk_response *res)
{
    if (res->stream.read != NULL) {
        struct stream_state *s = hk_alloc(sizeof *s);
        s->exchange = res->exchange;
        s->connection = connection;
        hk_exchange_retain(res->exchange);
        uint64_t length = res->stream.length > 0 ? res->stream.length : MHD_SIZE_UNKNOWN;
        return MHD_create_response_from_callback(length, STREAM_BLOCK, read_stream, s, end_stream);
    }
    if (res->has_file) {
        res->has_file = false; /* the library closes it */
        return MHD_create_response_from_fd_at_offset64(res->file.size, res->file.fd, res->file.offset);
    }
    size_t len = res->body.len;
    return MHD_create_response_from_buffer(len, hk_buf_take(&res->body), MHD_RESPMEM_MUST_FREE);
}

static void add_header(struct MHD_Response *answer, const char *name, const char *value)
{
    if (MHD_add_response_header(answer, name, value) != MHD_YES) {
        hk_log(HK_WARN, "http", "response header refused", HK_KEY("name", name)); /* it held a line break */
    }
}

static enum MHD_Result answer(const struct hk_http *http, struct MHD_Connection *connection,
                              struct request_state *state, struct hk_response *res)
{
    if (res->body.is_full) {
        hk_fail(&state->exchange->request, res, HK_INTERNAL,
                "The answer is larger than %d bytes; ask for less at once.", HK_MAX_RESPONSE_BYTES);
    }
    bool is_lasting = res->is_lasting && state->key.len > 0 && res->status == 200 && !res->closes;
    size_t body_bytes = res->body.len;
    HK_ASSERT(!is_lasting || (res->stream.read == NULL && !res->has_file));
    struct MHD_Response *made = make_response(connection, res);
    HK_ASSERT(made != NULL);
    if (res->content_type != NULL) {
        add_header(made, "Content-Type", res->content_type);
    }
    for (size_t i = 0; i < res->headers.len; i++) {
        add_header(made, res->headers.items[i].name.data, res->headers.items[i].value.data);
    }
    if (res->closes) {
        add_header(made, "Connection", "close");
    }
    state->status = res->status;
    state->phase = PHASE_ANSWERED;
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)res->status, made);
    if (is_lasting) {
        hk_answer_cache_add(http->answers, state->key, state->generation, made, body_bytes);
    } else {
        MHD_destroy_response(made);
    }
    return result;
}

/* A GET that was answered already, if nothing can have changed since. */
static bool answer_again(const struct hk_http *http, struct MHD_Connection *connection, struct request_state *state)
{
    struct hk_request *req = &state->exchange->request;
    bool is_read = req->method == HK_METHOD_GET || req->method == HK_METHOD_HEAD;
    if (state->route == NULL || !is_read || req->body.len > 0 || req->door->generation == NULL) {
        return false;
    }
    state->key = hk_answer_key(req);
    state->generation = req->door->generation(req->door->context);
    if (!hk_answer_cache_queue(http->answers, state->key, state->generation, connection)) {
        return false;
    }
    state->status = 200;
    state->phase = PHASE_ANSWERED;
    return true;
}

static unsigned defer_ms(const struct hk_http *http, const struct request_state *state)
{
    unsigned own = state->exchange->response.defer_ms;
    return own > 0 ? own : http->options.defer_ms;
}

/* The deferred response belongs to the thread that has not completed it, so this answer is made apart from it. */
static enum MHD_Result answer_instead(const struct hk_http *http, struct MHD_Connection *connection,
                                      struct request_state *state, enum hk_wake why)
{
    struct hk_arena arena;
    struct hk_response res;
    char message[160];
    hk_arena_init(&arena);
    hk_response_init(&res, &arena);
    if (why == HK_WAKE_DEADLINE) {
        snprintf(message, sizeof message, "The answer was not ready within %u ms; what was asked for may still happen.",
                 defer_ms(http, state));
    } else {
        snprintf(message, sizeof message, "The server is shutting down; try again later.");
    }
    hk_fail_status(&state->exchange->request, &res, 503, message);
    enum MHD_Result result = answer(http, connection, state, &res);
    hk_response_clear(&res);
    hk_arena_clear(&arena);
    return result;
}

static enum MHD_Result answer_deferred(const struct hk_http *http, struct MHD_Connection *connection,
                                       struct request_state *state)
{
    struct hk_exchange *exchange = state->exchange;
    enum hk_wake why = hk_waiting_why(exchange->waiting, &exchange->waiter);
    if (why == HK_WAKE_SIGNAL) {
        return answer(http, connection, state, &exchange->response);
    }
    return answer_instead(http, connection, state, why);
}

static enum MHD_Result run_handler(const struct hk_http *http, struct MHD_Connection *connection,
                                   struct request_state *state)
{
    struct hk_exchange *exchange = state->exchange;
    exchange->request.body = hk_buf_str(&exchange->body);
    if (answer_again(http, connection, state)) {
        return MHD_YES;
    }
    if (exchange->sink.end != NULL) {
        struct hk_sink sink = exchange->sink;
        exchange->sink = (struct hk_sink){0};
        sink.end(sink.context, &exchange->request, &exchange->response);
    } else if (state->route != NULL) {
        hk_router_run(state->route, &exchange->request, &exchange->response);
    }
    if (!exchange->response.is_deferred) {
        return answer(http, connection, state, &exchange->response);
    }
    state->phase = PHASE_WAITING;
    if (hk_waiting_enter(exchange->waiting, &exchange->waiter, connection, defer_ms(http, state) * HK_MS_US)) {
        return MHD_YES;
    }
    return answer_deferred(http, connection, state);
}

/* -- reading -- */

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                   const char *value, size_t value_len)
{
    struct hk_request *req = context;
    (void)kind;
    struct hk_str name_copy = hk_arena_str(req->arena, (struct hk_str){name, name_len});
    hk_pairs_add(&req->headers, req->arena, name_copy, hk_arena_str(req->arena, (struct hk_str){value, value_len}));
    return MHD_YES;
}

static struct hk_str remote_of(struct MHD_Connection *connection, struct hk_arena *arena)
{
    const struct sockaddr *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    char text[NI_MAXHOST];
    socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, len, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0) {
        return (struct hk_str){0};
    }
    return hk_arena_str(arena, hk_str_from(text));
}

static bool refuse(struct request_state *state, int status, const char *message)
{
    struct hk_exchange *exchange = state->exchange;
    hk_fail_status(&exchange->request, &exchange->response, status, message);
    exchange->response.closes = true;
    return false;
}

/* false: the answer, which is there, must be given at once and the connection ended, because the body would be too much
 * to read for nothing, or the client waits to hear whether to send it. */
static bool can_swallow(const struct hk_http *http, const struct hk_request *req)
{
    int64_t length = 0;
    (void)hk_str_to_i64(hk_request_header(req, "Content-Length"), &length);
    return (uint64_t)length <= http->options.max_body_bytes * SWALLOW_FACTOR &&
           hk_request_header(req, "Expect").len == 0;
}

static bool check_size(const struct hk_http *http, struct request_state *state)
{
    const struct hk_request *req = &state->exchange->request;
    int64_t length = 0;
    if (!hk_str_to_i64(hk_request_header(req, "Content-Length"), &length) ||
        (uint64_t)length <= http->options.max_body_bytes) {
        return true;
    }
    char message[160];
    snprintf(message, sizeof message, "The body is %lld bytes long; at most %zu are allowed.", (long long)length,
             http->options.max_body_bytes);
    (void)refuse(state, 413, message);
    state->drops = true;
    state->route = NULL;
    return can_swallow(http, req);
}

/* Everything that can be said before routing. false: the failure must be answered at once and the connection ended,
 * because what follows on it cannot be trusted. */
static bool check_head(const struct hk_http *http, struct request_state *state, const char *method, const char *version)
{
    struct hk_request *req = &state->exchange->request;
    struct hk_error err;
    bool is_http_1_1 = strcmp(version, "HTTP/1.1") == 0;
    if (!hk_request_parse_target(req, state->target, &err)) {
        hk_router_pick_door(http->options.router, req);
        return refuse(state, err.code == HK_LIMIT ? 414 : 400, err.message);
    }
    hk_router_pick_door(http->options.router, req);
    if (!is_http_1_1 && strcmp(version, "HTTP/1.0") != 0) {
        return refuse(state, 400, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
    }
    if (!hk_request_check_framing(req, is_http_1_1, &err)) {
        return refuse(state, err.code == HK_LIMIT ? 431 : 400, err.message);
    }
    if (!hk_method_parse(hk_str_from(method), &req->method)) {
        return refuse(state, 501, "This HTTP method is not supported.");
    }
    return true;
}

/* Who may send a body, and where it goes. false: answered at once. */
static bool admit(const struct hk_http *http, struct request_state *state)
{
    struct hk_exchange *exchange = state->exchange;
    struct hk_request *req = &exchange->request;
    state->route = hk_router_admit(http->options.router, http->options.auth, req, &exchange->response);
    if (state->route != NULL && state->route->begin == NULL) {
        return check_size(http, state);
    }
    if (state->route != NULL && hk_router_begin(state->route, req, &exchange->response, &exchange->sink)) {
        return true;
    }
    state->route = NULL;
    state->drops = true;
    if (can_swallow(http, req)) {
        return true;
    }
    exchange->response.closes = true;
    return false;
}

static enum MHD_Result begin(const struct hk_http *http, struct MHD_Connection *connection, struct request_state *state,
                             const char *method, const char *version)
{
    struct hk_exchange *exchange = state->exchange;
    struct hk_request *req = &exchange->request;
    state->phase = PHASE_BODY;
    req->remote = remote_of(connection, req->arena);
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, req);
    if (!check_head(http, state, method, version) || !admit(http, state)) {
        hk_guard_end(http->guard, guarded_of(connection));
        return answer(http, connection, state, &exchange->response);
    }
    return MHD_YES;
}

/* Whoever has not said who he is may fill little of our memory. */
static size_t body_limit(const struct hk_http *http, const struct hk_route *route)
{
    size_t most = http->options.max_body_bytes;
    bool is_anonymous = route != NULL && route->needs == HK_ROLE_ANYONE;
    return is_anonymous && most > HK_MAX_ANONYMOUS_BODY_BYTES ? HK_MAX_ANONYMOUS_BODY_BYTES : most;
}

static void pass_on(const struct hk_http *http, struct MHD_Connection *connection, struct request_state *state,
                    const char *data, size_t size)
{
    struct hk_sink *sink = &state->exchange->sink;
    state->received += size;
    if (state->received - state->renewed_at >= HK_UPLOAD_LEAST_BYTES) {
        state->renewed_at = state->received;
        hk_guard_renew(http->guard, guarded_of(connection));
    }
    if (!state->drops) {
        state->drops = !sink->write(sink->context, data, size);
    }
}

/* false: so much that even throwing it away is too much. */
static bool take_body(const struct hk_http *http, struct request_state *state, const char *data, size_t size)
{
    struct hk_exchange *exchange = state->exchange;
    size_t most = body_limit(http, state->route);
    state->received += size;
    if (state->received <= most) {
        if (state->route != NULL) {
            hk_buf_add(&exchange->body, data, size);
        }
        return true;
    }
    if (!state->drops) {
        char message[160];
        snprintf(message, sizeof message, "The body is longer than %zu bytes.", most);
        state->drops = true;
        state->route = NULL;
        hk_buf_clear(&exchange->body);
        (void)refuse(state, 413, message);
    }
    return state->received <= most * SWALLOW_FACTOR;
}

enum MHD_Result hk_http_on_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_size, void **state_place)
{
    struct hk_http *http = context;
    struct request_state *state = *state_place;
    (void)url; /* decoded by the library; ours is the raw one */
    switch (state->phase) {
    case PHASE_HEAD:
        return begin(http, connection, state, method, version);
    case PHASE_BODY:
        if (*data_size > 0) {
            size_t size = *data_size;
            *data_size = 0;
            if (state->exchange->sink.end != NULL) {
                pass_on(http, connection, state, data, size);
                return MHD_YES;
            }
            return take_body(http, state, data, size) ? MHD_YES : MHD_NO;
        }
        hk_guard_end(http->guard, guarded_of(connection));
        return run_handler(http, connection, state);
    case PHASE_WAITING:
        return answer_deferred(http, connection, state);
    case PHASE_ANSWERED:
        break;
    }
    return MHD_YES;
}

/* -- the end -- */

static void log_access(const struct hk_http *http, const struct request_state *state,
                       enum MHD_RequestTerminationCode why)
{
    const struct hk_request *req = &state->exchange->request;
    bool is_quiet =
        state->status > 0 && state->status < 400 && (req->method == HK_METHOD_GET || req->method == HK_METHOD_HEAD);
    enum hk_log_level level = state->status >= 500 ? HK_WARN : is_quiet ? HK_DEBUG : HK_INFO;
    char path[512];
    char user[256];
    snprintf(path, sizeof path, "%.*s", HK_STR_ARG(req->path));
    snprintf(user, sizeof user, "%.*s", HK_STR_ARG(req->caller.username));
    bool is_whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    hk_log(level, "http", is_whole ? "request" : "request cut short", HK_KEY("method", hk_method_name(req->method)),
           HK_KEY("path", path), HK_KEY_INT("status", state->status),
           HK_KEY_INT("duration_ms", (now_us(http) - state->started_us) / HK_MS_US), HK_KEY("user", user));
}

void hk_http_on_completed(void *context, struct MHD_Connection *connection, void **state_place,
                          enum MHD_RequestTerminationCode why)
{
    struct hk_http *http = context;
    struct request_state *state = *state_place;
    if (state == NULL) {
        return;
    }
    log_access(http, state, why);
    hk_exchange_release(state->exchange);
    free(state);
    *state_place = NULL;
    hk_guard_begin(http->guard, guarded_of(connection)); /* for the next request of this connection */
}
