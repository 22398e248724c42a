/* Plain requests, what must be refused, and starting: the real server on loopback, spoken to in raw bytes. */
#include "tests/unit/api/http/http_rig.h"

/* -- plain requests -- */

static void answers(void **state)
{
    (void)state;
    const char *text = ask("GET /health HTTP/1.1\r\n" CLOSE);
    expect_status(text, 200);
    assert_non_null(strstr(text, "{\"status\":\"ok\"}"));
    assert_non_null(strstr(text, "Content-Type: application/json"));
    text = ask("GET /t/echo?q=a%20b HTTP/1.1\r\n" CLOSE);
    assert_non_null(strstr(text, "X-Query: a b\r\n"));
    assert_non_null(strstr(text, "GET 127.0.0.1 0 "));
    text = ask("HEAD /t/echo HTTP/1.1\r\n" CLOSE);
    expect_status(text, 200);
    assert_non_null(strstr(text, "Content-Length: "));
    assert_true(hk_str_ends_with(hk_str_from(text), "\r\n\r\n"));
    text = ask("GET /t/echo HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(text, "GET 127.0.0.1 0 "));
}

static void shapes_errors_by_door(void **state)
{
    (void)state;
    const char *text = ask("GET /t/nope HTTP/1.1\r\n" CLOSE);
    expect_status(text, 404);
    assert_non_null(strstr(text, "{\"door\":404}"));
    text = ask("PUT /t/echo HTTP/1.1\r\n" CLOSE);
    expect_status(text, 405);
    assert_non_null(strstr(text, "Allow: GET, POST\r\n"));
    text = ask("GET /t/%2e%2e/x HTTP/1.1\r\n" CLOSE);
    expect_status(text, 400);
    text = ask("BREW /t/echo HTTP/1.1\r\n" CLOSE);
    expect_status(text, 501);
}

static void reads_bodies(void **state)
{
    (void)state;
    const char *text = ask("POST /t/echo HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "hello");
    assert_non_null(strstr(text, "POST 127.0.0.1 5 hello"));
    text =
        ask("POST /t/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
    assert_non_null(strstr(text, "POST 127.0.0.1 7 abcdefg"));
    text = ask("POST /t/echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" CLOSE "ok");
    assert_non_null(strstr(text, "POST 127.0.0.1 2 ok"));
}

static void keeps_alive_and_pipelines(void **state)
{
    (void)state;
    int fd = dial();
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        hear(fd, &text, "3 abc");
        hk_buf_reset(&text);
    }
    say(fd,
        "GET /t/defer?n=1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        "GET /t/defer?n=3 HTTP/1.1\r\n" CLOSE);
    hear(fd, &text, NULL);
    assert_int_equal(count(text.data, "HTTP/1.1 200 OK"), 3);
    const char *first = strstr(text.data, "later 1");
    const char *second = strstr(text.data, "2 hi");
    const char *third = strstr(text.data, "later 3");
    assert_true(first != NULL && second > first && third > second);
    hk_buf_clear(&text);
    close(fd);
}

/* -- what must be refused -- */

static void refuses_ambiguous_framing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabcGET /health "
        "HTTP/1.1\r\n\r\n",
        "POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\nGET /health "
        "HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /t/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "identity\r\n\r\n0\r\n\r\n",
        "POST /t/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET /t/echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /t/echo HTTP/1.1\r\n\r\n",
        "GET /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *text = ask(bad[i]);
        if (strncmp(text, "HTTP/1.1 400 ", 13) != 0 || count(text, "HTTP/1.1 ") != 1) {
            fail_msg("case %zu: %s", i, text);
        }
    }
}

static char *make_request(const char *before, size_t filler, const char *after)
{
    char *text = hk_alloc(strlen(before) + filler + strlen(after) + 1);
    size_t len = strlen(before);
    memcpy(text, before, len);
    memset(text + len, 'a', filler);
    memcpy(text + len + filler, after, strlen(after));
    return text;
}

static void limits_the_head(void **state)
{
    (void)state;
    char *large = make_request("GET /t/echo HTTP/1.1\r\nX-Large: ", HK_MAX_HEADER_BYTES, "\r\n" CLOSE);
    expect_status(ask(large), 431);
    free(large);
    large = make_request("GET /t/echo?q=", HK_MAX_URL_BYTES, " HTTP/1.1\r\n" CLOSE);
    expect_status(ask(large), 414);
    free(large);
    large = make_request("GET /t/echo HTTP/1.1\r\nX-Fits: ", HK_MAX_HEADER_BYTES - 1000, "\r\n" CLOSE);
    expect_status(ask(large), 200);
    free(large);
    large = make_request("GET /t/echo HTTP/1.1\r\nX-Huge: ", 1024 * 1024, "\r\n" CLOSE);
    (void)ask(large); /* the library's own refusal, or a reset */
    free(large);
    expect_status(ask("GET /health HTTP/1.1\r\n" CLOSE), 200);
}

static void limits_bodies(void **state)
{
    (void)state;
    char *large = make_request("POST /t/echo HTTP/1.1\r\nContent-Length: 300000\r\n" CLOSE, 300000, "");
    const char *text = ask(large);
    expect_status(text, 413);
    assert_non_null(strstr(text, "{\"door\":413}"));
    free(large);
    large = make_request("POST /t/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "186a0\r\n", 100000,
                         "\r\n0\r\n\r\n");
    expect_status(ask(large), 413);
    free(large);
    expect_status(ask("POST /t/echo HTTP/1.1\r\nContent-Length: 99000000\r\nExpect: 100-continue\r\n" CLOSE), 413);
    /* The route asks for no credentials, and whoever gives none gets less room than the server's limit. */
    large = make_request("POST /t/echo HTTP/1.1\r\nContent-Length: 65536\r\n" CLOSE, HK_MAX_ANONYMOUS_BODY_BYTES, "");
    assert_non_null(strstr(ask(large), "POST 127.0.0.1 65536 "));
    free(large);
    large =
        make_request("POST /t/echo HTTP/1.1\r\nContent-Length: 65537\r\n" CLOSE, HK_MAX_ANONYMOUS_BODY_BYTES + 1, "");
    expect_status(ask(large), 413);
    free(large);
    large = make_request("POST /t/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "ffffff\r\n", 4000000, "");
    (void)ask(large); /* cut */
    free(large);
}

static void cuts_slow_clients(void **state)
{
    (void)state;
    int fd = dial();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool was_cut = false;
    say(fd, "GET /t/echo HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 600 && !was_cut; i++) { /* a byte each 100 ms keeps the library's own timeout from firing */
        char byte;
        was_cut = !put(fd, "X", 1) || (poll(&p, 1, 100) > 0 && recv(fd, &byte, 1, 0) <= 0);
    }
    assert_true(was_cut);
    close(fd);
    fd = dial(); /* one that says nothing at all */
    p = (struct pollfd){.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 60000), 1);
    close(fd);
}

static void survives_half_requests(void **state)
{
    (void)state;
    static const char *const halves[] = {"",
                                         "GET",
                                         "GET /t/echo HTTP/1.1\r\n",
                                         "GET /t/echo HTTP/1.1\r\nHost: x\r\n",
                                         "POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
                                         "\r\n\r\n\r\n",
                                         "garbage\r\n\r\n",
                                         "\x16\x03\x01\x02\x01"};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        int fd = dial();
        say(fd, halves[i]);
        close(fd);
    }
    expect_status(ask("GET /health HTTP/1.1\r\n" CLOSE), 200);
}

static void restart(const struct hk_http_options *options)
{
    hk_http_stop(http);
    http = NULL;
    assert_true(hk_http_start(options, &http, &err));
}

static void get(int fd, const char *target)
{
    char request[128];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    say(fd, request);
}

static void expect_answer(int fd, const char *word)
{
    hk_buf_clear(&heard);
    hk_buf_init(&heard, 1024 * 1024);
    hear(fd, &heard, word);
    assert_non_null(strstr(heard.data, word));
}

/* Idle for a minute may be what a client's pool of connections is; none of them keeps anybody out, and those that are
 * in the midst of something stay. */
static void idle_connections_make_room(void **state)
{
    (void)state;
    enum { MOST = 16, MANY = 60 };
    struct hk_http_options options = options_of(2);
    options.max_connections = MOST;
    restart(&options);
    int half = dial();
    int waiting = dial();
    int idle[MANY];
    char byte;
    say(half, "GET /t/echo HTTP/1.1\r\nHost:");
    get(waiting, "/t/hold");
    uv_sem_wait(&is_held);
    for (int i = 0; i < MANY; i++) {
        idle[i] = dial();
        get(idle[i], "/t/echo");
        expect_answer(idle[i], "GET 127.0.0.1 0");
    }
    assert_int_equal(recv(idle[0], &byte, 1, 0), 0); /* the one that was idle for longest was closed */
    get(idle[MANY - 1], "/t/echo?q=again");
    expect_answer(idle[MANY - 1], "X-Query: again");
    say(half, " x\r\n\r\n");
    expect_answer(half, "GET 127.0.0.1 0");
    complete_held("kept");
    expect_answer(waiting, "kept");
    for (int i = 0; i < MANY; i++) {
        close(idle[i]);
    }
    close(half);
    close(waiting);
}

/* -- starting -- */

static void says_why_it_cannot_listen(void **state)
{
    (void)state;
    struct hk_http *second = NULL;
    struct hk_http_options options = options_of(1);
    char taken[32];
    char expected[96];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", hk_http_port(http));
    snprintf(expected, sizeof expected, "%s is already in use; choose another with --listen.", taken);
    options.listen = taken;
    assert_false(hk_http_start(&options, &second, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    assert_string_equal(err.message, expected);
    static const char *const bad[] = {"",       "8080",        "127.0.0.1:",   "127.0.0.1:65536",
                                      "::1:80", "127.0.0.1:x", "203.0.113.7:0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.listen = bad[i];
        assert_false(hk_http_start(&options, &second, &err));
        assert_int_equal(err.code, HK_INVALID);
    }
}

static void tells_where_it_listens(void **state)
{
    (void)state;
    char expected[64];
    assert_true(hk_http_port(http) > 0);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%d", hk_http_port(http));
    assert_string_equal(hk_http_url(http), expected);
    assert_true(hk_listen_is_loopback("[::1]:80"));
    assert_true(hk_listen_is_loopback(":80"));
    assert_false(hk_listen_is_loopback("0.0.0.0:80"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(answers),
        SERVER_TEST(shapes_errors_by_door),
        SERVER_TEST(reads_bodies),
        SERVER_TEST(keeps_alive_and_pipelines),
        SERVER_TEST(refuses_ambiguous_framing),
        SERVER_TEST(limits_the_head),
        SERVER_TEST(limits_bodies),
        HASTY_TEST(cuts_slow_clients),
        SERVER_TEST(survives_half_requests),
        SERVER_TEST(idle_connections_make_room),
        SERVER_TEST(says_why_it_cannot_listen),
        SERVER_TEST(tells_where_it_listens),
    };
    hk_log_configure(HK_ERROR, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hk_buf_clear(&heard);
    return failed;
}
