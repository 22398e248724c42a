/* Cuts off clients that send a request a byte at a time: libmicrohttpd's timeout starts anew with every byte. A
 * connection is on the guard's list while a request is due from it, and its socket is shut down when the request is not
 * whole within the limit; the server then closes it as if the client had gone. One thread, asleep as long as the list
 * is empty. What is uploaded piece by piece has that time for each HK_UPLOAD_LEAST_BYTES of it.
 *
 * And makes room: when more connections are open than it was told to keep, the one that has been idle for longest goes,
 * so that clients that keep connections they do not use shut nobody out. Any thread. */
#ifndef HK_HTTP_GUARD_H
#define HK_HTTP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/clock.h"

struct hk_guard;

struct hk_guarded {
    struct hk_guarded *previous;
    struct hk_guarded *next;
    int64_t since_us;
    int fd;
    bool is_listed;
    bool is_idle; /* nothing of the next request has come */
};

struct hk_guard *hk_guard_create(const struct hk_clock *clock, int64_t limit_us, unsigned room);
void hk_guard_destroy(struct hk_guard *guard); /* after the last connection is closed; NULL is fine */
void hk_guard_join(struct hk_guard *guard, struct hk_guarded *guarded);  /* a new connection; a request is due */
void hk_guard_begin(struct hk_guard *guard, struct hk_guarded *guarded); /* the next request is due from now on */
void hk_guard_hear(struct hk_guard *guard, struct hk_guarded *guarded);  /* it has begun to come */
void hk_guard_renew(struct hk_guard *guard, struct hk_guarded *guarded); /* it may go on for as long again */
void hk_guard_end(struct hk_guard *guard, struct hk_guarded *guarded);   /* it is whole */
void hk_guard_leave(struct hk_guard *guard, struct hk_guarded *guarded); /* the socket is closed */

#endif
