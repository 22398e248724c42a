/* The client of the `rest` measurements: keep-alive connections on loopback that each ask the same path again as soon
 * as they have the whole answer. In C because a client in Python is slower than the server and hides it.
 * usage: http_load PORT PATH CONNECTIONS SECONDS [header ...]; prints answers a second and the bytes of one's body.
 * A PATH that ends in '=' gets a number appended, another one each time: a new question. Ends with 1 when an answer is
 * not a 200 with a Content-Length. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NUMBER_SIZE = 10, MOST_CONNECTIONS = 64, HEAD_SIZE = 4096, BLOCK_SIZE = 256 * 1024 };

struct connection {
    char head[HEAD_SIZE]; /* of the answer being read, until its empty line */
    size_t head_len;
    long body_left; /* -1: still in the head */
};

static char request[HEAD_SIZE + 16];
static size_t request_len;
static char *number_at; /* in the request; NULL: it has none */
static long body_bytes;
static long answers;

static void fail(const char *what)
{
    fprintf(stderr, "http_load: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_connection(long port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        fail("cannot connect");
    }
    return fd;
}

static void ask(int fd, struct connection *c)
{
    c->head_len = 0;
    c->body_left = -1;
    if (number_at != NULL) {
        char number[NUMBER_SIZE + 1];
        static unsigned asked;
        snprintf(number, sizeof number, "%0*u", NUMBER_SIZE, ++asked);
        memcpy(number_at, number, NUMBER_SIZE);
    }
    if (write(fd, request, request_len) != (ssize_t)request_len) {
        fail("cannot send a request");
    }
}

/* Takes what belongs to the head; returns how many bytes that were. */
static size_t take_head(struct connection *c, const char *data, size_t len)
{
    size_t before = c->head_len;
    size_t room = HEAD_SIZE - 1 - before;
    size_t taken = len < room ? len : room;
    memcpy(c->head + before, data, taken);
    c->head[before + taken] = '\0';
    c->head_len = before + taken;
    const char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        if (c->head_len == HEAD_SIZE - 1) {
            fail("an answer's head is too long");
        }
        return taken;
    }
    const char *length = strcasestr(c->head, "\r\nContent-Length:");
    if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0 || length == NULL || length > end) {
        fail(c->head);
    }
    body_bytes = c->body_left = strtol(length + strlen("\r\nContent-Length:"), NULL, 10);
    return (size_t)(end + 4 - c->head) - before;
}

static void take(int fd, struct connection *c, const char *data, size_t len)
{
    if (c->body_left < 0) {
        len -= take_head(c, data, len);
    }
    if (c->body_left < 0) {
        return;
    }
    c->body_left -= (long)len;
    if (c->body_left < 0) {
        fail("more bytes came than were announced");
    }
    if (c->body_left == 0) {
        answers++;
        ask(fd, c);
    }
}

static void add_text(const char *text)
{
    size_t len = strlen(text);
    if (request_len + len > HEAD_SIZE) {
        fail("the request is too long");
    }
    memcpy(request + request_len, text, len);
    request_len += len;
}

static void make_request(const char *path, char **headers, int count)
{
    add_text("GET ");
    add_text(path);
    if (path[0] != '\0' && path[strlen(path) - 1] == '=') {
        number_at = request + request_len;
        add_text("0000000000");
    }
    add_text(" HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < count; i++) {
        add_text(headers[i]);
        add_text("\r\n");
    }
    add_text("\r\n");
}

int main(int argc, char **argv)
{
    static struct connection connections[MOST_CONNECTIONS];
    static char block[BLOCK_SIZE];
    struct pollfd fds[MOST_CONNECTIONS];
    long count = argc > 4 ? strtol(argv[3], NULL, 10) : 0;
    if (count < 1 || count > MOST_CONNECTIONS) {
        fail("usage: http_load PORT PATH CONNECTIONS SECONDS [header ...]");
    }
    make_request(argv[2], argv + 5, argc - 5);
    double begin_s = now_s();
    double end_s = begin_s + strtod(argv[4], NULL);
    for (long i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = open_connection(strtol(argv[1], NULL, 10)), .events = POLLIN};
        ask(fds[i].fd, &connections[i]);
    }
    while (now_s() < end_s) {
        if (poll(fds, (nfds_t)count, 1000) <= 0) {
            fail("no answer within a second");
        }
        for (long i = 0; i < count; i++) {
            ssize_t n = fds[i].revents != 0 ? read(fds[i].fd, block, sizeof block) : -1;
            if (fds[i].revents != 0 && n <= 0) {
                fail("the server closed the connection");
            }
            if (n > 0) {
                take(fds[i].fd, &connections[i], block, (size_t)n);
            }
        }
    }
    printf("%.1f %ld\n", (double)answers / (now_s() - begin_s), body_bytes);
    return 0;
}
