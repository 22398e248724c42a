#include "api/http/waiting.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "engine/base/alloc.h"
#include "engine/base/error.h"

struct hk_waiting {
    atomic_int references;
    uv_mutex_t lock; /* guards all below and every waiter */
    uv_cond_t changed;
    uv_thread_t thread;
    const struct hk_clock *clock;
    struct hk_waiting_port port;
    struct hk_waiter *head;
    int64_t sleeping_until_us; /* INT64_MAX: nobody to wait for */
    bool is_stopping;
    bool is_joined;
};

static void insert(struct hk_waiting *waiting, struct hk_waiter *waiter)
{
    waiter->previous = NULL;
    waiter->next = waiting->head;
    if (waiting->head != NULL) {
        waiting->head->previous = waiter;
    }
    waiting->head = waiter;
    waiter->is_inside = true;
    waiter->why = HK_WAKE_NONE;
}

static void let_out(struct hk_waiting *waiting, struct hk_waiter *waiter, enum hk_wake why)
{
    if (waiter->previous != NULL) {
        waiter->previous->next = waiter->next;
    } else {
        waiting->head = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    }
    waiter->previous = NULL;
    waiter->next = NULL;
    waiter->is_inside = false;
    waiter->why = why;
    waiting->port.resume(waiter->connection);
}

/* Lets out those whose time is over; returns the earliest deadline left. The list holds at most as many as there are
 * connections, and is walked only when a deadline passes, so a sorted structure would not pay. */
static int64_t let_out_due(struct hk_waiting *waiting, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    struct hk_waiter *waiter = waiting->head;
    while (waiter != NULL) {
        struct hk_waiter *next = waiter->next;
        if (waiter->deadline_us <= now_us) {
            let_out(waiting, waiter, HK_WAKE_DEADLINE);
        } else if (waiter->deadline_us < next_us) {
            next_us = waiter->deadline_us;
        }
        waiter = next;
    }
    return next_us;
}

static void keep_deadlines(void *arg)
{
    struct hk_waiting *waiting = arg;
    uv_mutex_lock(&waiting->lock);
    while (!waiting->is_stopping) {
        int64_t now_us = hk_clock_monotonic_us(waiting->clock);
        waiting->sleeping_until_us = let_out_due(waiting, now_us);
        if (waiting->sleeping_until_us == INT64_MAX) {
            uv_cond_wait(&waiting->changed, &waiting->lock);
        } else {
            uint64_t wait_ns = (uint64_t)(waiting->sleeping_until_us - now_us) * 1000;
            uv_cond_timedwait(&waiting->changed, &waiting->lock, wait_ns);
        }
    }
    uv_mutex_unlock(&waiting->lock);
}

struct hk_waiting *hk_waiting_create(const struct hk_clock *clock, struct hk_waiting_port port)
{
    struct hk_waiting *waiting = hk_alloc(sizeof *waiting);
    atomic_init(&waiting->references, 1);
    waiting->clock = clock;
    waiting->port = port;
    waiting->sleeping_until_us = INT64_MAX;
    HK_ASSERT(uv_mutex_init(&waiting->lock) == 0);
    HK_ASSERT(uv_cond_init(&waiting->changed) == 0);
    HK_ASSERT(uv_thread_create(&waiting->thread, keep_deadlines, waiting) == 0);
    return waiting;
}

void hk_waiting_retain(struct hk_waiting *waiting)
{
    atomic_fetch_add(&waiting->references, 1);
}

void hk_waiting_release(struct hk_waiting *waiting)
{
    if (atomic_fetch_sub(&waiting->references, 1) != 1) {
        return;
    }
    HK_ASSERT(waiting->is_joined);
    uv_cond_destroy(&waiting->changed);
    uv_mutex_destroy(&waiting->lock);
    free(waiting);
}

void hk_waiting_stop(struct hk_waiting *waiting)
{
    uv_mutex_lock(&waiting->lock);
    waiting->is_stopping = true;
    while (waiting->head != NULL) {
        let_out(waiting, waiting->head, HK_WAKE_STOP);
    }
    uv_cond_signal(&waiting->changed);
    uv_mutex_unlock(&waiting->lock);
    uv_thread_join(&waiting->thread);
    waiting->is_joined = true;
}

bool hk_waiting_enter(struct hk_waiting *waiting, struct hk_waiter *waiter, void *connection, int64_t timeout_us)
{
    int64_t deadline_us = hk_clock_monotonic_us(waiting->clock) + timeout_us;
    uv_mutex_lock(&waiting->lock);
    HK_ASSERT(!waiter->is_inside);
    bool may_enter = !waiting->is_stopping && !waiter->is_signalled;
    if (may_enter) {
        waiter->connection = connection;
        waiter->deadline_us = deadline_us;
        waiting->port.suspend(connection);
        insert(waiting, waiter);
        if (deadline_us < waiting->sleeping_until_us) {
            uv_cond_signal(&waiting->changed);
        }
    } else {
        waiter->why = waiter->is_signalled ? HK_WAKE_SIGNAL : HK_WAKE_STOP;
        waiter->is_signalled = false;
    }
    uv_mutex_unlock(&waiting->lock);
    return may_enter;
}

void hk_waiting_signal(struct hk_waiting *waiting, struct hk_waiter *waiter)
{
    uv_mutex_lock(&waiting->lock);
    if (waiter->is_inside) {
        let_out(waiting, waiter, HK_WAKE_SIGNAL);
    } else {
        waiter->is_signalled = true;
    }
    uv_mutex_unlock(&waiting->lock);
}

enum hk_wake hk_waiting_why(struct hk_waiting *waiting, struct hk_waiter *waiter)
{
    uv_mutex_lock(&waiting->lock);
    enum hk_wake why = waiter->why;
    uv_mutex_unlock(&waiting->lock);
    return why;
}
