#include "workers/channel.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

enum {
    READ_BYTES = 64 * 1024,
    KEPT_BYTES = 1024 * 1024, /* a larger receive buffer is given back when it is empty */
    FLUSH_BYTES = 1024 * 1024,
    /* What may wait for a slow reader: the unanswered messages of all Python processes, which the shim limits one by
       one. */
    MAX_WAITING_BYTES = 2000 * 1024 * 1024,
};

struct hk_channel {
    uv_pipe_t pipe;
    uv_prepare_t before_poll;
    struct hk_channel_events events;
    char *received;
    size_t received_len;
    size_t received_cap;
    struct hk_buf waiting; /* not yet given to libuv */
    struct hk_buf sending; /* being written */
    uv_write_t write;
    bool is_writing;
    bool is_closed;
    bool is_lost;
    int open_handles;
};

static void lose(struct hk_channel *ch, const char *why)
{
    if (ch->is_closed || ch->is_lost) {
        return;
    }
    ch->is_lost = true;
    uv_read_stop((uv_stream_t *)&ch->pipe);
    uv_prepare_stop(&ch->before_poll);
    ch->events.lost(ch->events.context, why);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct hk_channel *ch = handle->data;
    size_t need = ch->received_len + READ_BYTES;
    if (need > ch->received_cap) {
        size_t cap = ch->received_cap * 2 > need ? ch->received_cap * 2 : need;
        ch->received = hk_realloc(ch->received, cap);
        ch->received_cap = cap;
    }
    *out = uv_buf_init(ch->received + ch->received_len, (unsigned)(ch->received_cap - ch->received_len));
}

static void handle_frames(struct hk_channel *ch)
{
    size_t done = 0;
    while (!ch->is_closed && !ch->is_lost) {
        struct hk_shim_message message;
        struct hk_error err;
        size_t used;
        struct hk_str rest = {ch->received + done, ch->received_len - done};
        enum hk_shim_step step = hk_shim_decode(rest, &message, &used, &err);
        if (step == HK_SHIM_MORE) {
            break;
        }
        if (step == HK_SHIM_BROKEN) {
            lose(ch, err.message);
            return;
        }
        done += used;
        ch->events.message(ch->events.context, &message);
    }
    ch->received_len -= done;
    if (ch->received_len > 0 && done > 0) {
        memmove(ch->received, ch->received + done, ch->received_len);
    }
    if (ch->received_len == 0 && ch->received_cap > KEPT_BYTES) {
        free(ch->received);
        ch->received = NULL;
        ch->received_cap = 0;
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct hk_channel *ch = stream->data;
    if (n == 0) {
        return;
    }
    if (n < 0) {
        lose(ch, n == UV_EOF ? "The connection was closed by the other side." : uv_strerror((int)n));
        return;
    }
    ch->received_len += (size_t)n;
    handle_frames(ch);
}

static void push(struct hk_channel *ch);

static void on_written(uv_write_t *write, int status)
{
    struct hk_channel *ch = write->handle->data;
    ch->is_writing = false;
    hk_buf_clear(&ch->sending);
    if (ch->is_closed) {
        return;
    }
    if (status < 0) {
        lose(ch, uv_strerror(status));
        return;
    }
    push(ch);
}

/* Writes now what the socket takes; libuv waits for room for the rest. */
static void push(struct hk_channel *ch)
{
    if (ch->is_writing || ch->is_lost || ch->waiting.len == 0) {
        return;
    }
    uv_buf_t all = uv_buf_init(ch->waiting.data, (unsigned)ch->waiting.len);
    int n = uv_try_write((uv_stream_t *)&ch->pipe, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
        lose(ch, uv_strerror(n));
        return;
    }
    size_t written = n > 0 ? (size_t)n : 0;
    if (written == ch->waiting.len) {
        if (ch->waiting.cap > KEPT_BYTES) {
            hk_buf_clear(&ch->waiting);
        } else {
            hk_buf_reset(&ch->waiting);
        }
        return;
    }
    hk_buf_remove_front(&ch->waiting, written);
    ch->sending = ch->waiting;
    hk_buf_init(&ch->waiting, MAX_WAITING_BYTES);
    ch->is_writing = true;
    uv_buf_t rest = uv_buf_init(ch->sending.data, (unsigned)ch->sending.len);
    int rc = uv_write(&ch->write, (uv_stream_t *)&ch->pipe, &rest, 1, on_written);
    if (rc < 0) {
        ch->is_writing = false;
        lose(ch, uv_strerror(rc));
    }
}

static void on_before_poll(uv_prepare_t *prepare)
{
    struct hk_channel *ch = prepare->data;
    uv_prepare_stop(prepare);
    push(ch);
}

struct hk_channel *hk_channel_new(uv_loop_t *loop, int fd, const struct hk_channel_events *events)
{
    struct hk_channel *ch = hk_alloc(sizeof *ch);
    ch->events = *events;
    hk_buf_init(&ch->waiting, MAX_WAITING_BYTES);
    hk_buf_init(&ch->sending, MAX_WAITING_BYTES);
    uv_pipe_init(loop, &ch->pipe, 0);
    uv_prepare_init(loop, &ch->before_poll);
    ch->pipe.data = ch;
    ch->before_poll.data = ch;
    ch->open_handles = 2;
    HK_ASSERT(uv_pipe_open(&ch->pipe, fd) == 0);
    uv_read_start((uv_stream_t *)&ch->pipe, on_alloc, on_read);
    return ch;
}

void hk_channel_hold(struct hk_channel *ch, const struct hk_shim_message *message)
{
    if (ch->is_closed || ch->is_lost) {
        return;
    }
    hk_shim_encode(&ch->waiting, message);
    HK_ASSERT(!ch->waiting.is_full); /* senders keep to the limits of engine/base/limits.h */
    if (ch->waiting.len > FLUSH_BYTES) {
        push(ch);
    }
}

void hk_channel_send(struct hk_channel *ch, const struct hk_shim_message *message)
{
    hk_channel_hold(ch, message);
    if (!ch->is_closed && !ch->is_lost) {
        uv_prepare_start(&ch->before_poll, on_before_poll);
    }
}

void hk_channel_flush(struct hk_channel *ch)
{
    push(ch);
}

static void on_closed(uv_handle_t *handle)
{
    struct hk_channel *ch = handle->data;
    if (--ch->open_handles > 0) {
        return;
    }
    hk_buf_clear(&ch->waiting);
    hk_buf_clear(&ch->sending);
    free(ch->received);
    free(ch);
}

void hk_channel_close(struct hk_channel *ch)
{
    if (ch == NULL || ch->is_closed) {
        return;
    }
    ch->is_closed = true;
    uv_close((uv_handle_t *)&ch->pipe, on_closed);
    uv_close((uv_handle_t *)&ch->before_poll, on_closed);
}
