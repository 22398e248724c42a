#include "api/http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

bool hk_address_parse(const char *listen_text, struct hk_address *out, struct hk_error *err)
{
    struct hk_str text = hk_str_from(listen_text);
    const char *colon = text.len > 0 ? memrchr(text.data, ':', text.len) : NULL;
    int64_t port = 0;
    if (colon == NULL) {
        return hk_error_set(err, HK_INVALID,
                            "'%s' is not an address to listen on; write HOST:PORT, for example "
                            "127.0.0.1:8080.",
                            text.len > 0 ? listen_text : "");
    }
    struct hk_str host = {text.data, (size_t)(colon - text.data)};
    struct hk_str number = {colon + 1, text.len - host.len - 1};
    if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        host = (struct hk_str){host.data + 1, host.len - 2};
    } else if (host.len > 0 && memchr(host.data, ':', host.len) != NULL) {
        return hk_error_set(err, HK_INVALID, "The IPv6 address in '%s' needs brackets: [%.*s]:PORT.", listen_text,
                            HK_STR_ARG(host));
    }
    if (!hk_str_to_i64(number, &port) || port < 0 || port > 65535) {
        return hk_error_set(err, HK_INVALID, "The port in '%s' is not a number from 0 to 65535.", listen_text);
    }
    out->port = (int)port;
    if (host.len == 0) {
        host = HK_STR("127.0.0.1");
    }
    if (!hk_str_copy(out->host, sizeof out->host, host)) {
        return hk_error_set(err, HK_INVALID, "The host in '%s' is too long.", listen_text);
    }
    return true;
}

/* Without brackets and port. A name that only begins like an address ("127.0.0.1.example.org") is somebody else's. */
static bool is_loopback(struct hk_str host)
{
    bool is_number = hk_str_starts_with(host, "127.");
    for (size_t i = 0; i < host.len && is_number; i++) {
        is_number = strchr("0123456789.", host.data[i]) != NULL;
    }
    return is_number || hk_str_is(host, "::1") || (host.len == 9 && strncasecmp(host.data, "localhost", 9) == 0);
}

bool hk_address_is_loopback(const struct hk_address *address)
{
    return is_loopback(hk_str_from(address->host));
}

bool hk_host_is_loopback(struct hk_str host)
{
    const char *port = host.len > 0 ? memrchr(host.data, ':', host.len) : NULL;
    if (port != NULL && (host.data[0] != '[' || port[-1] == ']')) {
        host.len = (size_t)(port - host.data);
    }
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        host = (struct hk_str){host.data + 1, host.len - 2};
    }
    return is_loopback(host);
}

static bool explain(const struct hk_address *address, const char *what, int error, struct hk_error *err)
{
    bool is_v6 = strchr(address->host, ':') != NULL;
    char text[HK_HOST_SIZE + 16];
    snprintf(text, sizeof text, is_v6 ? "[%s]:%d" : "%s:%d", address->host, address->port);
    switch (error) {
    case EADDRINUSE:
        return hk_error_set(err, HK_CONFLICT, "%s is already in use; choose another with --listen.", text);
    case EACCES:
        return hk_error_set(err, HK_DENIED, "This user may not listen on %s; choose a port above 1023 with --listen.",
                            text);
    case EADDRNOTAVAIL:
        return hk_error_set(err, HK_INVALID, "This machine has no address %s; choose another with --listen.",
                            address->host);
    default:
        return hk_error_set(err, HK_IO, "Cannot %s %s: %s.", what, text, strerror(error));
    }
}

static bool read_port(int fd, int *port)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        return false;
    }
    struct sockaddr_in6 six = {0};
    struct sockaddr_in four = {0};
    memcpy(&six, &name, sizeof six);
    memcpy(&four, &name, sizeof four);
    *port = name.ss_family == AF_INET6 ? ntohs(six.sin6_port) : ntohs(four.sin_port);
    return true;
}

static bool set_flags(int fd)
{
    int on = 1;
    int flags = fcntl(fd, F_GETFL);
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && flags >= 0 &&
           fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool open_socket(const struct hk_address *address, const struct addrinfo *found, int *fd, struct hk_error *err)
{
    int s = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    if (s < 0) {
        return explain(address, "open a socket for", errno, err);
    }
    if (!set_flags(s) || bind(s, found->ai_addr, found->ai_addrlen) != 0 || listen(s, BACKLOG) != 0) {
        int error = errno;
        close(s);
        return explain(address, "listen on", error, err);
    }
    *fd = s;
    return true;
}

bool hk_address_listen(const struct hk_address *address, int *fd, int *port, struct hk_error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[8];
    snprintf(service, sizeof service, "%d", address->port);
    int code = getaddrinfo(address->host, service, &hints, &found);
    if (code != 0) {
        return hk_error_set(err, HK_INVALID, "The host '%s' to listen on cannot be found: %s.", address->host,
                            gai_strerror(code));
    }
    bool ok = open_socket(address, found, fd, err);
    freeaddrinfo(found);
    if (ok && !read_port(*fd, port)) {
        close(*fd);
        return explain(address, "ask for the port of", errno, err);
    }
    return ok;
}
