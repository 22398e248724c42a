#include "api/http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/http/listen.h"
#include "api/http/server_private.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

enum {
    DEFAULT_THREADS = 2,
    ANSWERS_MEMORY = 4 * 1024 * 1024,
    /* Room for the largest request head (headers and address) and its parsed form. No larger than that: each connection
     * has it for itself, and the library fills it with zeros after every request. */
    CONNECTION_MEMORY = HK_MAX_HEADER_BYTES + HK_MAX_URL_BYTES + 32 * 1024
};

static void suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* libmicrohttpd's own complaints are about clients that misbehave. */
static void log_complaint(void *context, const char *fmt, va_list args)
{
    (void)context;
    char text[512];
    int n = vsnprintf(text, sizeof text, fmt, args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        text[--len] = '\0';
    }
    hk_log(HK_DEBUG, "http", "library", HK_KEY("message", text));
}

static void fill_defaults(struct hk_http *http)
{
    struct hk_http_options *o = &http->options;
    o->threads = o->threads > 0 ? o->threads : DEFAULT_THREADS;
    o->max_connections = o->max_connections > 0 ? o->max_connections : HK_MAX_CONNECTIONS;
    o->idle_seconds = o->idle_seconds > 0 ? o->idle_seconds : HK_CONNECTION_IDLE_SECONDS;
    o->defer_ms = o->defer_ms > 0 ? o->defer_ms : HK_DEFER_DEADLINE_MS;
    o->max_body_bytes = o->max_body_bytes > 0 ? o->max_body_bytes : HK_MAX_BODY_BYTES;
}

static bool start_daemon(struct hk_http *http, int fd, struct hk_error *err)
{
    const struct hk_http_options *o = &http->options;
    const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->max_connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)o->idle_seconds, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        /* Strictness is ours (hk_request_check_framing): 0.9.75 writes the head of its own refusals twice. */
        {MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL},
        /* A pool of one is refused by the library; one thread is what it has without a pool. */
        {o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)o->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, hk_http_on_access, http, MHD_OPTION_EXTERNAL_LOGGER, log_complaint, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, hk_http_on_target, http, MHD_OPTION_NOTIFY_COMPLETED, hk_http_on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, hk_http_on_connection, http, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    if (http->daemon == NULL) {
        close(fd);
        return hk_error_set(err, HK_IO, "The HTTP server could not start its %u threads.", o->threads);
    }
    return true;
}

bool hk_http_start(const struct hk_http_options *options, struct hk_http **out, struct hk_error *err)
{
    struct hk_address address;
    int fd = -1;
    int port = 0;
    if (!hk_address_parse(options->listen, &address, err) || !hk_address_listen(&address, &fd, &port, err)) {
        return false;
    }
    struct hk_http *http = hk_alloc(sizeof *http);
    http->options = *options;
    http->options.listen = NULL; /* the caller's text is not kept */
    http->port = port;
    fill_defaults(http);
    snprintf(http->url, sizeof http->url, strchr(address.host, ':') != NULL ? "http://[%s]:%d" : "http://%s:%d",
             address.host, port);
    http->waiting = hk_waiting_create(options->clock, (struct hk_waiting_port){suspend, resume});
    http->answers = hk_answer_cache_new(ANSWERS_MEMORY);
    http->guard = hk_guard_create(options->clock, (int64_t)http->options.idle_seconds * 2 * HK_SECOND_US,
                                  http->options.max_connections * 3 / 4);
    if (!start_daemon(http, fd, err)) {
        hk_http_stop(http);
        return false;
    }
    *out = http;
    return true;
}

void hk_http_stop(struct hk_http *http)
{
    if (http == NULL) {
        return;
    }
    /* libmicrohttpd panics if it is stopped with suspended connections: everybody out of the waiting room first. */
    hk_waiting_stop(http->waiting);
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    hk_answer_cache_free(http->answers);
    hk_guard_destroy(http->guard);
    hk_waiting_release(http->waiting);
    free(http);
}

int hk_http_port(const struct hk_http *http)
{
    return http->port;
}

const char *hk_http_url(const struct hk_http *http)
{
    return http->url;
}

bool hk_listen_is_loopback(const char *listen)
{
    struct hk_address address;
    struct hk_error ignored;
    return hk_address_parse(listen, &address, &ignored) && hk_address_is_loopback(&address);
}
