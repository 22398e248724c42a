/* struct hk_sink: where the body of a request goes piece by piece as it arrives, for what is too large to be kept in
 * memory (an upload). A route that has `begin` instead of a handler (router.h) is called once the caller is known to be
 * allowed, before the first byte of the body is asked for (before "100 Continue"), and gives a sink:
 *
 *     static void begin_upload(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink)
 *     {
 *         struct upload *upload = ...;                     (in the request's arena, or on the heap)
 *         *sink = (struct hk_sink){take_piece, answer, forget, upload};
 *     }
 *
 * Where it gives none it has refused the request, and what it put into the response is the answer. All is called on the
 * connection's own thread, which reads no more from the client before `write` returns: a slow disk slows down whoever
 * fills it. The limits of bodies that are kept (HK_MAX_BODY_BYTES) do not hold; a sink has its own. */
#ifndef HK_HTTP_SINK_H
#define HK_HTTP_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct hk_request;
struct hk_response;

struct hk_sink {
    /* Takes all of it. false: it wants no more, the rest is read and dropped, and `end` tells why. */
    bool (*write)(void *context, const char *data, size_t size);
    /* The body is over: answers, as a handler does, and may defer. */
    void (*end)(void *context, const struct hk_request *req, struct hk_response *res);
    /* In place of end: the client went away or was too slow, or the server stops. */
    void (*abort)(void *context);
    void *context;
};

#endif
