/* struct hk_response: what a handler answers. Four ways:
 *
 * At once: set the status and build the body.
 *     res->content_type = "application/json"; (the default)
 *     hk_json_init(&w, &res->body); ...
 *
 * As a stream (ndjson, server-sent events, log files; constant memory): hk_response_stream with a read function
 * that the server calls whenever the client can take more.
 *
 * As a file or a part of one: hk_response_file, which the kernel sends without copying it into the process.
 *
 * Later: hk_response_defer gives a handle that some other thread completes exactly once with
 * hk_deferred_complete. Between the two the request, the response and the arena belong to the holder of the handle
 * (read the one, fill the other). After the deadline of 30 s (or defer_ms, set before), or when the server stops, the
 * caller is told 503 in the door's shape and what the holder completes later is dropped; completing stays safe even
 * after the server is gone.
 *
 * Failures are shaped by the door (router.h): hk_fail and hk_fail_error ask its writer. */
#ifndef HK_HTTP_RESPONSE_H
#define HK_HTTP_RESPONSE_H

#include "api/http/request.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/json.h"

enum { HK_MAX_RESPONSE_BYTES = 256 * 1024 * 1024, HK_DEFER_DEADLINE_MS = 30000, HK_STREAM_IDLE_MS = 15000 };

enum hk_stream_step {
    HK_STREAM_MORE,  /* *written > 0 bytes were put into out */
    HK_STREAM_WAIT,  /* nothing now: ask again in stream wait_ms, or when the waker is used */
    HK_STREAM_END,   /* done; *written bytes, if any, are the last */
    HK_STREAM_FAILED /* cut the connection, so that the client sees the answer is not whole */
};

struct hk_stream {
    enum hk_stream_step (*read)(void *context, char *out, size_t size, size_t *written);
    void (*close)(void *context); /* called exactly once; may be NULL */
    void *context;
    int wait_ms;     /* for HK_STREAM_WAIT; 0: HK_STREAM_IDLE_MS. read may not change it; server-sent
                                         events write a comment line then, which is how a gone client is noticed */
    uint64_t length; /* of all that read will give, when it is known before; 0: it is not */
};

struct hk_file {
    int fd; /* closed by the response */
    uint64_t offset;
    uint64_t size;
};

struct hk_exchange;
struct hk_deferred;
struct hk_waker;

struct hk_response {
    int status;               /* 200 unless set */
    const char *content_type; /* "application/json" unless set; static or in the arena; NULL: no such header */
    struct hk_buf body;
    struct hk_pairs headers; /* hk_response_header adds */
    struct hk_stream stream;
    struct hk_file file; /* if has_file */
    bool has_file;
    unsigned defer_ms; /* how long a deferred answer may take; 0: as long as the server allows */
    bool is_deferred;
    bool closes;     /* end the connection after this answer */
    bool is_lasting; /* depends on the address, the Accept header, the caller's name and role, and what the door's
                      * generation counts, and on nothing else: not on the time or a file. Not for streams. */
    struct hk_arena *arena;
    struct hk_exchange *exchange; /* NULL in tests that call a handler directly */
};

void hk_response_init(struct hk_response *res, struct hk_arena *arena);
void hk_response_clear(struct hk_response *res); /* frees the body, closes a stream or a file that was never sent */

void hk_response_header(struct hk_response *res, const char *name, struct hk_str value); /* copies */
void hk_response_stream(struct hk_response *res, const char *content_type, const struct hk_stream *stream);
/* Size bytes of an open file from offset on; takes the descriptor over. Not for one that may shrink meanwhile. */
void hk_response_file(struct hk_response *res, const char *content_type, const struct hk_file *file);
/* {} with a status, for the many answers that are one JSON text already. */
void hk_response_json(struct hk_response *res, int status, struct hk_str json);
void hk_response_empty(struct hk_response *res, int status); /* 204 and such */

/* In the handler, at most once; needs a response that belongs to an exchange. */
struct hk_deferred *hk_response_defer(struct hk_response *res);
const struct hk_request *hk_deferred_request(const struct hk_deferred *deferred);
struct hk_response *hk_deferred_response(struct hk_deferred *deferred);
void hk_deferred_complete(struct hk_deferred *deferred); /* any thread, exactly once; the handle is gone after it */

/* A handle that makes a waiting stream's read run soon, from any thread. Take it in the handler. */
struct hk_waker *hk_response_waker(struct hk_response *res);
void hk_waker_wake(struct hk_waker *waker);
void hk_waker_release(struct hk_waker *waker);

/* What went wrong, for a door's error writer. */
struct hk_failure {
    int status;
    enum hk_code code;
    bool is_unknown_route; /* no such path at this door, not a missing thing */
    const char *message;   /* one sentence */
};

/* Empties the response and lets the request's door shape the failure. */
void hk_fail(const struct hk_request *req, struct hk_response *res, enum hk_code code, const char *fmt, ...)
    HK_PRINTF(4, 5);
void hk_fail_error(const struct hk_request *req, struct hk_response *res, const struct hk_error *err);
void hk_fail_status(const struct hk_request *req, struct hk_response *res, int status, const char *message);
void hk_fail_with(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure);

/* {"detail": message}: the writer of a door that has none. */
void hk_write_detail(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure);

/* The one table from error codes to HTTP status, and back for statuses without a code of their own. */
int hk_code_status(enum hk_code code);
enum hk_code hk_status_code(int status);

#endif
