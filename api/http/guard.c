#include "api/http/guard.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#include "engine/base/alloc.h"
#include "engine/base/error.h"
#include "engine/base/log.h"

/* The limit is one for all, so the list is in order of time: who came last stands at the tail. */
struct hk_guard {
    const struct hk_clock *clock;
    int64_t limit_us;
    uv_mutex_t lock;
    uv_cond_t changed;
    uv_thread_t thread;
    struct hk_guarded *head;
    struct hk_guarded *tail;
    unsigned count; /* of all that are open, listed or not */
    unsigned room;
    bool is_stopping;
};

static void unlist(struct hk_guard *guard, struct hk_guarded *guarded)
{
    struct hk_guarded **forward = guarded->previous != NULL ? &guarded->previous->next : &guard->head;
    struct hk_guarded **backward = guarded->next != NULL ? &guarded->next->previous : &guard->tail;
    *forward = guarded->next;
    *backward = guarded->previous;
    guarded->previous = NULL;
    guarded->next = NULL;
    guarded->is_listed = false;
}

static void cut(struct hk_guard *guard, struct hk_guarded *guarded, const char *why)
{
    hk_log(HK_DEBUG, "http", why, HK_KEY_INT("fd", guarded->fd));
    (void)shutdown(guarded->fd, SHUT_RDWR);
    unlist(guard, guarded);
}

static void keep_watch(void *arg)
{
    struct hk_guard *guard = arg;
    uv_mutex_lock(&guard->lock);
    while (!guard->is_stopping) {
        if (guard->head == NULL) {
            uv_cond_wait(&guard->changed, &guard->lock);
            continue;
        }
        int64_t left_us = guard->head->since_us + guard->limit_us - hk_clock_monotonic_us(guard->clock);
        if (left_us > 0) {
            uv_cond_timedwait(&guard->changed, &guard->lock, (uint64_t)left_us * 1000);
            continue;
        }
        cut(guard, guard->head, "slow client cut off");
    }
    uv_mutex_unlock(&guard->lock);
}

struct hk_guard *hk_guard_create(const struct hk_clock *clock, int64_t limit_us, unsigned room)
{
    struct hk_guard *guard = hk_alloc(sizeof *guard);
    guard->clock = clock;
    guard->limit_us = limit_us;
    guard->room = room;
    HK_ASSERT(uv_mutex_init(&guard->lock) == 0);
    HK_ASSERT(uv_cond_init(&guard->changed) == 0);
    HK_ASSERT(uv_thread_create(&guard->thread, keep_watch, guard) == 0);
    return guard;
}

void hk_guard_destroy(struct hk_guard *guard)
{
    if (guard == NULL) {
        return;
    }
    uv_mutex_lock(&guard->lock);
    HK_ASSERT(guard->head == NULL);
    guard->is_stopping = true;
    uv_cond_signal(&guard->changed);
    uv_mutex_unlock(&guard->lock);
    uv_thread_join(&guard->thread);
    uv_cond_destroy(&guard->changed);
    uv_mutex_destroy(&guard->lock);
    free(guard);
}

/* With the lock held. */
static void list(struct hk_guard *guard, struct hk_guarded *guarded)
{
    if (guarded->is_listed) {
        unlist(guard, guarded);
    }
    guarded->since_us = hk_clock_monotonic_us(guard->clock);
    guarded->is_idle = true;
    guarded->previous = guard->tail;
    guarded->is_listed = true;
    if (guard->tail != NULL) {
        guard->tail->next = guarded;
    } else {
        guard->head = guarded;
        uv_cond_signal(&guard->changed); /* it may sleep for ever */
    }
    guard->tail = guarded;
}

static void make_room(struct hk_guard *guard)
{
    struct hk_guarded *at = guard->count > guard->room ? guard->head : NULL;
    while (at != NULL && !at->is_idle) {
        at = at->next;
    }
    if (at != NULL) {
        cut(guard, at, "idle client cut off to make room");
    }
}

void hk_guard_join(struct hk_guard *guard, struct hk_guarded *guarded)
{
    uv_mutex_lock(&guard->lock);
    guard->count++;
    make_room(guard); /* before the new one is on the list */
    list(guard, guarded);
    uv_mutex_unlock(&guard->lock);
}

void hk_guard_begin(struct hk_guard *guard, struct hk_guarded *guarded)
{
    uv_mutex_lock(&guard->lock);
    list(guard, guarded);
    uv_mutex_unlock(&guard->lock);
}

void hk_guard_hear(struct hk_guard *guard, struct hk_guarded *guarded)
{
    uv_mutex_lock(&guard->lock);
    guarded->is_idle = false;
    uv_mutex_unlock(&guard->lock);
}

void hk_guard_renew(struct hk_guard *guard, struct hk_guarded *guarded)
{
    uv_mutex_lock(&guard->lock);
    if (guarded->is_listed) { /* not one that was just cut off */
        list(guard, guarded);
        guarded->is_idle = false;
    }
    uv_mutex_unlock(&guard->lock);
}

void hk_guard_end(struct hk_guard *guard, struct hk_guarded *guarded)
{
    uv_mutex_lock(&guard->lock);
    if (guarded->is_listed) {
        unlist(guard, guarded);
    }
    uv_mutex_unlock(&guard->lock);
}

void hk_guard_leave(struct hk_guard *guard, struct hk_guarded *guarded)
{
    hk_guard_end(guard, guarded);
    uv_mutex_lock(&guard->lock);
    guard->count--;
    uv_mutex_unlock(&guard->lock);
}
