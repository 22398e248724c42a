/* A server on loopback with one test door, and a client that speaks raw bytes, for the programs test_server*.c.
 * Each includes this once; the functions are static, so that a test program stays one file plus this. */
#ifndef TEST_HTTP_RIG_H
#define TEST_HTTP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#include "api/http/server.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

static struct hk_router *router;
static struct hk_http *http;
static struct hk_error err;

/* -- the door -- */

static struct hk_deferred *held; /* by the route /hold, for a test to complete */
static uv_sem_t is_held;
static atomic_int streams_closed;
static struct hk_waker *waker;
static atomic_int wake_count;

static void echo(const struct hk_request *req, struct hk_response *res)
{
    res->content_type = "text/plain";
    hk_response_header(res, "X-Query", hk_request_query(req, "q"));
    hk_buf_printf(&res->body, "%s %.*s %zu ", hk_method_name(req->method), HK_STR_ARG(req->remote), req->body.len);
    hk_buf_add(&res->body, req->body.data, req->body.len < 64 ? req->body.len : 64);
}

static void complete_soon(void *arg)
{
    struct hk_deferred *deferred = arg;
    struct hk_response *res = hk_deferred_response(deferred);
    const struct hk_request *req = hk_deferred_request(deferred);
    hk_buf_printf(&res->body, "later %.*s", HK_STR_ARG(hk_request_query(req, "n")));
    hk_deferred_complete(deferred);
}

/* A thread of its own, as the loop or the writer would be; started detached through a queue of one. */
static void defer(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    uv_thread_t thread;
    struct hk_deferred *deferred = hk_response_defer(res);
    assert_int_equal(uv_thread_create(&thread, complete_soon, deferred), 0);
    uv_thread_join(&thread); /* completes before the handler returns: the race the waiting room closes */
}

static void hold(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    held = hk_response_defer(res);
    uv_sem_post(&is_held);
}

static inline void complete_held(const char *text)
{
    hk_buf_add_text(&hk_deferred_response(held)->body, text);
    hk_deferred_complete(held);
    held = NULL;
}

struct numbers {
    int next;
    int last;
};

static enum hk_stream_step read_numbers(void *context, char *out, size_t size, size_t *written)
{
    struct numbers *numbers = context;
    if (numbers->next > numbers->last) {
        return HK_STREAM_END;
    }
    while (numbers->next <= numbers->last && *written + 16 < size) {
        *written += (size_t)snprintf(out + *written, size - *written, "%d\n", numbers->next++);
    }
    return HK_STREAM_MORE;
}

static void close_stream(void *context)
{
    free(context);
    atomic_fetch_add(&streams_closed, 1);
}

static void numbers(const struct hk_request *req, struct hk_response *res)
{
    int64_t last = 0;
    struct numbers *n = hk_alloc(sizeof *n);
    assert_true(hk_str_to_i64(hk_request_query(req, "n"), &last));
    n->last = (int)last;
    const struct hk_stream stream = {.read = read_numbers, .close = close_stream, .context = n};
    hk_response_stream(res, "application/x-ndjson", &stream);
}

/* Server-sent events: one message per wake, a comment when nothing happened. */
static enum hk_stream_step read_events(void *context, char *out, size_t size, size_t *written)
{
    int *seen = context;
    if (*seen == 0) {
        *seen = 1;
        *written = (size_t)snprintf(out, size, ": hello\n\n");
        return HK_STREAM_MORE;
    }
    if (atomic_load(&wake_count) >= *seen) {
        *written = (size_t)snprintf(out, size, "data: %d\n\n", (*seen)++);
        return HK_STREAM_MORE;
    }
    return HK_STREAM_WAIT;
}

static void events(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    const struct hk_stream stream = {
        .read = read_events, .close = close_stream, .context = hk_alloc(sizeof(int)), .wait_ms = 200};
    hk_response_stream(res, "text/event-stream", &stream);
    waker = hk_response_waker(res);
    uv_sem_post(&is_held);
}

/* Says how often it has been run, so that an answer given again can be told from a new one; "size" more bytes. */
static atomic_int times_counted;
static atomic_int generation_now;

static void count_times(const struct hk_request *req, struct hk_response *res)
{
    int64_t size = 0;
    int64_t status = 200;
    (void)hk_str_to_i64(hk_request_query(req, "size"), &size);
    (void)hk_str_to_i64(hk_request_query(req, "status"), &status);
    res->status = (int)status;
    res->is_lasting = !hk_request_has_query(req, "brief");
    hk_buf_printf(&res->body, "time %d.", atomic_fetch_add(&times_counted, 1) + 1);
    memset(hk_buf_extend(&res->body, (size_t)size), 'x', (size_t)size);
}

/* Counts and sums up what is uploaded. "most": write wants no more from then on; "refuse": no sink is given. */
struct upload {
    uint64_t bytes;
    uint64_t sum;
    int64_t most;
};
static atomic_int uploads_begun;
static atomic_int uploads_aborted;
static atomic_uint_fast64_t uploaded; /* in all */

static bool take_piece(void *context, const char *data, size_t size)
{
    struct upload *upload = context;
    for (size_t i = 0; i < size; i++) {
        upload->sum = upload->sum * 31 + (unsigned char)data[i];
    }
    upload->bytes += size;
    atomic_fetch_add(&uploaded, size);
    return upload->most == 0 || upload->bytes < (uint64_t)upload->most;
}

static void end_upload(void *context, const struct hk_request *req, struct hk_response *res)
{
    struct upload *upload = context;
    if (hk_request_has_query(req, "hold")) {
        held = hk_response_defer(res);
        uv_sem_post(&is_held);
    } else {
        hk_buf_printf(&res->body, "took %llu %llx", (unsigned long long)upload->bytes, (unsigned long long)upload->sum);
    }
    free(upload);
}

static void abort_upload(void *context)
{
    free(context);
    atomic_fetch_add(&uploads_aborted, 1);
}

static void begin_upload(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink)
{
    atomic_fetch_add(&uploads_begun, 1);
    if (hk_request_has_query(req, "refuse")) {
        hk_fail(req, res, HK_INVALID, "not here");
        return;
    }
    struct upload *upload = hk_alloc(sizeof *upload);
    (void)hk_str_to_i64(hk_request_query(req, "most"), &upload->most);
    *sink = (struct hk_sink){take_piece, end_upload, abort_upload, upload};
}

/* A part of a file that is gone from the folder already: "0000000\n0000008\n...". */
static void send_file(const struct hk_request *req, struct hk_response *res)
{
    int64_t from = 0;
    int64_t size = 0;
    char name[] = "/tmp/hanok-test-http-XXXXXX";
    struct hk_file file = {.fd = mkstemp(name)};
    (void)hk_str_to_i64(hk_request_query(req, "from"), &from);
    (void)hk_str_to_i64(hk_request_query(req, "size"), &size);
    assert_true(file.fd >= 0 && unlink(name) == 0);
    FILE *out = fdopen(dup(file.fd), "w"); /* a million calls of write(2) take seconds */
    for (int64_t i = 0; i < from + size; i += 8) {
        assert_int_equal(fprintf(out, "%07lld\n", (long long)i), 8);
    }
    assert_int_equal(fclose(out), 0);
    file.offset = (uint64_t)from;
    file.size = (uint64_t)size;
    hk_response_file(res, "application/x-numbers", &file);
    if (hk_request_has_query(req, "fail")) {
        hk_fail(req, res, HK_NOT_FOUND, "changed its mind");
    }
}

static uint64_t tell_generation(void *context)
{
    (void)context;
    return (uint64_t)atomic_load(&generation_now);
}

static void write_error(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    (void)req;
    hk_buf_printf(&res->body, "{\"door\":%d}", failure->status);
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/t/echo", HK_ROLE_ANYONE, echo},
    {HK_METHOD_POST, "/t/echo", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/t/defer", HK_ROLE_ANYONE, defer},
    {HK_METHOD_GET, "/t/hold", HK_ROLE_ANYONE, hold},
    {HK_METHOD_GET, "/t/numbers", HK_ROLE_ANYONE, numbers},
    {HK_METHOD_GET, "/t/events", HK_ROLE_ANYONE, events},
    {HK_METHOD_GET, "/t/times", HK_ROLE_ANYONE, count_times},
    {HK_METHOD_GET, "/t/file", HK_ROLE_ANYONE, send_file},
    {HK_METHOD_PUT, "/t/upload", HK_ROLE_ANYONE, NULL, begin_upload},
};
static const char *const prefixes[] = {"/t", NULL};
static const struct hk_door door = {.name = "test",
                                    .prefixes = prefixes,
                                    .routes = routes,
                                    .route_count = sizeof routes / sizeof routes[0],
                                    .write_error = write_error,
                                    .generation = tell_generation};

/* How long a client may be idle. A test whose subject is not that is patient, or it fails on a machine that is slow. */
enum { HASTY_SECONDS = 1, PATIENT_SECONDS = 60 };

static struct hk_http_options options_of(unsigned threads)
{
    return (struct hk_http_options){.listen = "127.0.0.1:0",
                                    .router = router,
                                    .clock = hk_clock_system(),
                                    .threads = threads,
                                    .idle_seconds = PATIENT_SECONDS,
                                    .defer_ms = 5000,
                                    .max_body_bytes = 256 * 1024};
}

static inline int start(unsigned idle_seconds)
{
    router = hk_router_create();
    uv_sem_init(&is_held, 0);
    atomic_store(&streams_closed, 0);
    atomic_store(&wake_count, 0);
    atomic_store(&times_counted, 0);
    atomic_store(&uploads_begun, 0);
    atomic_store(&uploads_aborted, 0);
    atomic_store(&uploaded, 0);
    atomic_store(&generation_now, 0);
    struct hk_http_options options = options_of(2);
    options.idle_seconds = idle_seconds;
    return hk_router_add(router, &door, &err) && hk_http_start(&options, &http, &err) ? 0 : 1;
}

static inline int set_up(void **state)
{
    (void)state;
    return start(PATIENT_SECONDS);
}

static inline int set_up_hasty(void **state)
{
    (void)state;
    return start(HASTY_SECONDS);
}

static inline int tear_down(void **state)
{
    (void)state;
    hk_http_stop(http);
    http = NULL;
    hk_router_destroy(router);
    uv_sem_destroy(&is_held);
    return 0;
}

/* -- the client -- */

static inline int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)hk_http_port(http))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline bool put(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool say(int fd, const char *text)
{
    return put(fd, text, strlen(text));
}

/* Reads until `until` is in the text, or the connection ends (until NULL: only then); a minute of nothing fails. */
static inline void hear(int fd, struct hk_buf *text, const char *until)
{
    char chunk[65536];
    while (until == NULL || text->data == NULL || strstr(text->data, until) == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 60000) <= 0) {
            fail_msg("nothing came for a minute; so far: %s", text->data != NULL ? text->data : "(nothing)");
        }
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0) {
            return;
        }
        hk_buf_add(text, chunk, (size_t)n);
    }
}

static struct hk_buf heard;

/* One exchange on a connection of its own, to its end; the text stays until the next. */
static inline const char *ask(const char *request)
{
    int fd = dial();
    say(fd, request);
    hk_buf_clear(&heard);
    hk_buf_init(&heard, 64 * 1024 * 1024);
    hear(fd, &heard, NULL);
    close(fd);
    return heard.data != NULL ? heard.data : "";
}

static inline void expect_status(const char *text, int status)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(text, line, strlen(line)) != 0) {
        fail_msg("not %d: %.200s", status, text);
    }
}

static inline int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
        n++;
    }
    return n;
}

#define CLOSE "Host: x\r\nConnection: close\r\n\r\n"

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
/* With a server that cuts off who is idle for a second, or has not sent a request within two. */
#define HASTY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_hasty, tear_down)

#endif
