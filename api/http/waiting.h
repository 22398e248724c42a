/* The room where suspended connections wait: for a deferred answer, for more of a stream, or for a deadline. One per
 * server, with one thread that sleeps until the next deadline. It closes the race between "the handler gives up the
 * connection" and "the other thread is already done": a signal that comes first is kept, and entering then returns at
 * once. Counted, so that a handle completed after the server has stopped still finds it. Any thread. */
#ifndef HK_HTTP_WAITING_H
#define HK_HTTP_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/clock.h"

struct hk_waiting;

enum hk_wake { HK_WAKE_NONE, HK_WAKE_SIGNAL, HK_WAKE_DEADLINE, HK_WAKE_STOP };

/* Belongs to the room while it is in there; zero-initialised before. */
struct hk_waiter {
    struct hk_waiter *previous;
    struct hk_waiter *next;
    void *connection;
    int64_t deadline_us;
    bool is_inside;
    bool is_signalled; /* a signal came while outside */
    enum hk_wake why;
};

/* How the room lets go of a connection and takes it up again; suspend is called in hk_waiting_enter, on the
 * connection's own thread; resume on any. Both are called with the room locked and must not come back into it. */
struct hk_waiting_port {
    void (*suspend)(void *connection);
    void (*resume)(void *connection);
};

struct hk_waiting *hk_waiting_create(const struct hk_clock *clock, struct hk_waiting_port port);
void hk_waiting_retain(struct hk_waiting *waiting);
void hk_waiting_release(struct hk_waiting *waiting);
void hk_waiting_stop(struct hk_waiting *waiting); /* everybody out (HK_WAKE_STOP), nobody in again; joins the thread */

/* true: suspended, and resume will be called once; then hk_waiting_why tells why. false: not suspended, because a
 * signal was there already or the room is closed; hk_waiting_why tells which. */
bool hk_waiting_enter(struct hk_waiting *waiting, struct hk_waiter *waiter, void *connection, int64_t timeout_us);
void hk_waiting_signal(struct hk_waiting *waiting, struct hk_waiter *waiter);
enum hk_wake hk_waiting_why(struct hk_waiting *waiting, struct hk_waiter *waiter);

#endif
