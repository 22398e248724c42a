/* From "127.0.0.1:8080" to a listening socket, with errors a person can act on. */
#ifndef HK_HTTP_LISTEN_H
#define HK_HTTP_LISTEN_H

#include "engine/base/error.h"
#include "engine/base/str.h"

enum { HK_HOST_SIZE = 256 };

struct hk_address {
    char host[HK_HOST_SIZE]; /* without brackets */
    int port;
};

/* "host:port", "[v6]:port", ":port" (loopback). */
HK_MUST_USE bool hk_address_parse(const char *listen, struct hk_address *out, struct hk_error *err);
bool hk_address_is_loopback(const struct hk_address *address);
/* The same of a Host header: "localhost:8080", "[::1]". */
bool hk_host_is_loopback(struct hk_str host);

/* A bound, listening, non-blocking, close-on-exec socket; *port tells the real port. */
HK_MUST_USE bool hk_address_listen(const struct hk_address *address, int *fd, int *port, struct hk_error *err);

#endif
