/* One connection between engine and shim: frames of workers/shim_wire.h over a Unix socket, on a loop. What is sent
 * during one turn of the loop leaves in one write at its end, because a system call a message would cost more than the
 * messages. Loop thread. */
#ifndef HK_WORKERS_CHANNEL_H
#define HK_WORKERS_CHANNEL_H

#include <uv.h>

#include "workers/shim_wire.h"

struct hk_channel;

struct hk_channel_events {
    void *context;
    /* Pointers are valid during the call, which may close the channel. */
    void (*message)(void *context, const struct hk_shim_message *message);
    /* The other side is gone or sent nonsense: the reason as a sentence. Last callback; close the channel then. */
    void (*lost)(void *context, const char *why);
};

/* Takes over fd, a connected socket. */
struct hk_channel *hk_channel_new(uv_loop_t *loop, int fd, const struct hk_channel_events *events);
void hk_channel_send(struct hk_channel *channel, const struct hk_shim_message *message);
/* Leaves with the next message that is sent, or with a flush: for news that nobody waits for. */
void hk_channel_hold(struct hk_channel *channel, const struct hk_shim_message *message);
/* Writes what it can right now. */
void hk_channel_flush(struct hk_channel *channel);
/* No callback follows; the memory goes when libuv is done with it. NULL does nothing. */
void hk_channel_close(struct hk_channel *channel);

#endif
