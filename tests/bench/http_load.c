/* The client of the `rest` and `mlflow` measurements: keep-alive connections on loopback that each ask the same again
 * as soon as they have the whole answer. In C because a client in Python is slower than the server and hides it. usage:
 * http_load PORT PATH CONNECTIONS SECONDS [header ...] [@FILE]; prints answers a second, the bytes of one's body, and
 * the median and the 99th percentile of the milliseconds that one took. With @FILE its bytes are POSTed, without it is
 * a GET. A PATH that ends in '=' gets a number appended, and each
 * ########## in the file becomes one, another one each time: a new question. Ends with 1 when an answer is not a 200
 * with a Content-Length. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    NUMBER_SIZE = 10,
    MOST_CONNECTIONS = 64,
    HEAD_SIZE = 4096,
    BLOCK_SIZE = 256 * 1024,
    MOST_NUMBERS = 4096, /* in one request */
    MOST_TIMES = 1 << 22 /* answers whose times are kept */
};

struct connection {
    char head[HEAD_SIZE]; /* of the answer being read, until its empty line */
    size_t head_len;
    long body_left; /* -1: still in the head */
    double asked_s;
};

static char request[HEAD_SIZE + BLOCK_SIZE];
static size_t request_len;
static char *numbers[MOST_NUMBERS]; /* where they are in the request */
static size_t number_count;
static long body_bytes;
static long answers;
static float times_ms[MOST_TIMES];

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
    if (number_count > 0) {
        char number[NUMBER_SIZE + 1];
        static unsigned asked = 1000000000; /* no zeros in front, which JSON does not have */
        snprintf(number, sizeof number, "%u", ++asked);
        for (size_t i = 0; i < number_count; i++) {
            memcpy(numbers[i], number, NUMBER_SIZE);
        }
    }
    c->asked_s = now_s();
    for (size_t sent = 0; sent < request_len;) {
        ssize_t n = write(fd, request + sent, request_len - sent);
        if (n <= 0) {
            fail("cannot send a request");
        }
        sent += (size_t)n;
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
        if (answers < MOST_TIMES) {
            times_ms[answers] = (float)((now_s() - c->asked_s) * 1e3);
        }
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

/* The rest of the request; the numbers in it are found where their places are. */
static void add_body(const char *file_name)
{
    static char body[BLOCK_SIZE + 1];
    FILE *file = fopen(file_name, "rb");
    size_t len = file == NULL ? 0 : fread(body, 1, BLOCK_SIZE, file);
    if (file == NULL || len == 0 || len == BLOCK_SIZE) {
        fail("the file of the body cannot be read, is empty or too long");
    }
    fclose(file);
    char length[128];
    snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", len);
    add_text(length);
    memcpy(request + request_len, body, len);
    char *end = request + request_len + len;
    for (char *at = request + request_len; (at = memmem(at, (size_t)(end - at), "##########", NUMBER_SIZE)) != NULL;
         at += NUMBER_SIZE) {
        if (number_count == MOST_NUMBERS) {
            fail("the body has too many numbers");
        }
        numbers[number_count++] = at;
    }
    request_len += len;
}

static void make_request(const char *path, char **headers, int count)
{
    const char *body = count > 0 && headers[count - 1][0] == '@' ? headers[count - 1] + 1 : NULL;
    add_text(body != NULL ? "POST " : "GET ");
    add_text(path);
    if (path[0] != '\0' && path[strlen(path) - 1] == '=') {
        numbers[number_count++] = request + request_len;
        add_text("0000000000");
    }
    add_text(" HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < (body != NULL ? count - 1 : count); i++) {
        add_text(headers[i]);
        add_text("\r\n");
    }
    if (body != NULL) {
        add_body(body);
    } else {
        add_text("\r\n");
    }
}

static int by_time(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void print_result(double seconds)
{
    size_t kept = (size_t)(answers < MOST_TIMES ? answers : MOST_TIMES);
    qsort(times_ms, kept, sizeof times_ms[0], by_time);
    double median = kept > 0 ? (double)times_ms[kept / 2] : 0;
    double late = kept > 0 ? (double)times_ms[kept * 99 / 100] : 0;
    printf("%.1f %ld %.3f %.3f\n", (double)answers / seconds, body_bytes, median, late);
}

int main(int argc, char **argv)
{
    static struct connection connections[MOST_CONNECTIONS];
    static char block[BLOCK_SIZE];
    struct pollfd fds[MOST_CONNECTIONS];
    long count = argc > 4 ? strtol(argv[3], NULL, 10) : 0;
    if (count < 1 || count > MOST_CONNECTIONS) {
        fail("usage: http_load PORT PATH CONNECTIONS SECONDS [header ...] [@FILE]");
    }
    make_request(argv[2], argv + 5, argc - 5);
    double begin_s = now_s();
    double end_s = begin_s + strtod(argv[4], NULL);
    for (long i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = open_connection(strtol(argv[1], NULL, 10)), .events = POLLIN};
        ask(fds[i].fd, &connections[i]);
    }
    while (now_s() < end_s) {
        if (poll(fds, (nfds_t)count, 30 * 1000) <= 0) {
            fail("no answer within half a minute");
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
    print_result(now_s() - begin_s);
    return 0;
}
