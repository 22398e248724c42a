#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "workers/shim_internal.h"

enum {
    READS_PER_TURN = 16, /* so that one chatty process does not starve the others */
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct shim_stream *s = poll->data;
    if (status < 0) {
        s->watched = 0; /* libuv has stopped it */
    }
    if (events & UV_WRITABLE) {
        shim_python_write(s->job);
    }
    if (s->fd >= 0 && (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)))) {
        shim_stream_read(s);
    }
}

void shim_stream_watch(struct shim_stream *s)
{
    if (s->fd < 0) {
        return;
    }
    int events = s->is_paused ? 0 : UV_READABLE;
    if (s->kind == STREAM_REQUESTS && s->job->to_process.len > 0) {
        events |= UV_WRITABLE;
    }
    if (events == s->watched) {
        return; /* libuv would take it out of epoll and put it in again */
    }
    s->watched = events;
    if (events == 0) {
        uv_poll_stop(&s->poll);
    } else {
        uv_poll_start(&s->poll, events, on_poll);
    }
}

static void open_stream(struct shim_stream *s, struct shim_job *job, enum shim_stream_kind kind, int fd)
{
    s->job = job;
    s->kind = kind;
    s->fd = fd;
    s->is_paused = false;
    s->watched = 0;
    hk_buf_init(&s->partial, kind == STREAM_REQUESTS ? HK_MAX_FRAME_BYTES + 4 + SHIM_READ_BYTES : HK_MAX_XCOM_BYTES);
    HK_ASSERT(uv_poll_init(&job->shim->loop, &s->poll, fd) == 0);
    s->poll.data = s;
    job->open_handles++;
    job->open_streams++;
    shim_stream_watch(s);
}

void shim_stream_open(struct shim_job *job, enum shim_stream_kind kind, int fd)
{
    open_stream(&job->streams[kind], job, kind, fd);
}

void shim_stream_open_log(struct shim_job *job, int fd)
{
    struct shim_stream *s = hk_alloc(sizeof *s);
    s->is_extra = true;
    s->next = job->extra_logs;
    job->extra_logs = s;
    job->extra_log_count++;
    open_stream(s, job, STREAM_LOGS, fd);
}

static void one_line(struct shim_stream *s, struct hk_str line)
{
    struct shim_job *job = s->job;
    switch (s->kind) {
    case STREAM_LOGS:
        /* The SDK masks by itself. But whoever asked for a further socket was told that a supervisor follows, who does;
         * and the task, which logs what that process prints, does not know the secrets it has asked for. */
        hk_log_file_add_json(&job->log, shim_wall(job->shim), line, job->has_shared_socket);
        return;
    case STREAM_OUTPUT:
        if (job->kind == HK_SHIM_COMMAND) {
            shim_command_line(job, line);
        } else {
            shim_job_log(job, "info", "task.stdout", line);
        }
        return;
    default:
        shim_job_log(job, "error", "task.stderr", line);
        return;
    }
}

static struct hk_str without_trailing_space(struct hk_str s)
{
    while (s.len > 0 && memchr(" \t\n\v\f\r", s.data[s.len - 1], 6) != NULL) {
        s.len--;
    }
    return s;
}

static void take_line(struct shim_stream *s, struct hk_str line)
{
    if (s->job->kind != HK_SHIM_COMMAND) {
        line = without_trailing_space(line);
    }
    one_line(s, line);
}

/* Cuts what was read into lines; the rest waits in partial. */
static void split_lines(struct shim_stream *s, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t n = end != NULL ? (size_t)(end - data) : len;
        if (end != NULL && s->partial.len == 0) {
            take_line(s, (struct hk_str){data, n});
        } else {
            size_t room = s->partial.max - s->partial.len;
            size_t taken = n < room ? n : room;
            hk_buf_add(&s->partial, data, taken);
            if (end != NULL || taken < n) { /* a line without end is logged in parts */
                take_line(s, hk_buf_str(&s->partial));
                hk_buf_reset(&s->partial);
            }
            if (taken < n) {
                data += taken;
                len -= taken;
                continue;
            }
        }
        size_t step = end != NULL ? n + 1 : n;
        data += step;
        len -= step;
    }
    shim_job_touch_log(s->job);
}

static void at_end(struct shim_stream *s)
{
    if (s->kind != STREAM_REQUESTS && s->partial.len > 0) {
        take_line(s, hk_buf_str(&s->partial));
        shim_job_touch_log(s->job);
    }
    shim_stream_close(s);
    shim_job_check(s->job);
}

void shim_stream_read(struct shim_stream *s)
{
    char *scratch = s->job->shim->scratch;
    for (int i = 0; i < READS_PER_TURN && s->fd >= 0 && !s->is_paused; i++) {
        ssize_t n = read(s->fd, scratch, SHIM_READ_BYTES);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            at_end(s);
            return;
        }
        if (s->kind == STREAM_REQUESTS) {
            hk_buf_add(&s->partial, scratch, (size_t)n);
            shim_python_frames(s);
        } else {
            split_lines(s, scratch, (size_t)n);
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct shim_stream *s = handle->data;
    struct shim_job *job = s->job;
    if (s->is_extra) {
        free(s);
    }
    shim_job_release(job); /* the others are part of it, and it may be gone then */
}

static void leave_extra(struct shim_stream *s)
{
    struct shim_stream **at = &s->job->extra_logs;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    s->job->extra_log_count--;
}

void shim_stream_close(struct shim_stream *s)
{
    if (s->fd < 0) {
        return;
    }
    uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    close(s->fd);
    s->fd = -1;
    s->job->open_streams--;
    hk_buf_clear(&s->partial);
    if (s->is_extra) {
        leave_extra(s);
    }
}

void shim_streams_read(struct shim_job *job)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (job->streams[i].fd >= 0) {
            shim_stream_read(&job->streams[i]);
        }
    }
    struct shim_stream *next;
    for (struct shim_stream *s = job->extra_logs; s != NULL; s = next) {
        next = s->next;
        shim_stream_read(s);
    }
}

void shim_streams_close(struct shim_job *job)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        shim_stream_close(&job->streams[i]);
    }
    while (job->extra_logs != NULL) {
        shim_stream_close(job->extra_logs);
    }
}
