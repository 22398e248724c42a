/* Deferred answers, streams, clients that go away, shutdown, and many connections at once. */
#include "tests/unit/api/http/http_rig.h"

/* -- later answers -- */

static void completes_from_another_thread(void **state)
{
    (void)state;
    int fd = dial();
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    for (int i = 0; i < 20; i++) {
        say(fd, "GET /t/hold HTTP/1.1\r\nHost: x\r\n\r\n");
        uv_sem_wait(&is_held);
        if (i % 2 == 0) {
            usleep(2000); /* sometimes after the connection is suspended, sometimes perhaps before */
        }
        complete_held("held back");
        hear(fd, &text, "held back");
        hk_buf_reset(&text);
    }
    hk_buf_clear(&text);
    close(fd);
}

static void survives_a_gone_client(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, "GET /t/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    uv_sem_wait(&is_held);
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    usleep(20000);
    complete_held("to nobody");
    expect_status(ask("GET /health HTTP/1.1\r\n" CLOSE), 200);
}

static void gives_up_on_late_answers(void **state)
{
    (void)state;
    hk_http_stop(http);
    struct hk_http_options options = options_of(1);
    options.defer_ms = 100;
    assert_true(hk_http_start(&options, &http, &err));
    const char *text = ask("GET /t/hold HTTP/1.1\r\n" CLOSE);
    expect_status(text, 503);
    assert_non_null(strstr(text, "{\"door\":503}"));
    complete_held("too late");
}

static void stops_while_callers_wait(void **state)
{
    (void)state;
    int fd = dial();
    int other = dial();
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    say(fd, "GET /t/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    uv_sem_wait(&is_held);
    say(other, "GET /t/events HTTP/1.1\r\nHost: x\r\n\r\n");
    uv_sem_wait(&is_held);
    hear(other, &text, "hello");
    hk_buf_reset(&text);
    hk_http_stop(http);
    http = NULL;
    hear(fd, &text, NULL);
    if (text.len > 0) { /* the 503, if the thread got to write it before the socket was closed */
        expect_status(text.data, 503);
    }
    hk_buf_clear(&text);
    complete_held("after the end");
    hk_waker_wake(waker);
    hk_waker_release(waker);
    assert_int_equal(atomic_load(&streams_closed), 1);
    close(fd);
    close(other);
}

/* -- streams -- */

static void streams_in_constant_memory(void **state)
{
    (void)state;
    const char *text = ask("GET /t/numbers?n=200000 HTTP/1.1\r\n" CLOSE);
    expect_status(text, 200);
    assert_non_null(strstr(text, "Transfer-Encoding: chunked"));
    assert_non_null(strstr(text, "application/x-ndjson"));
    assert_true(hk_str_ends_with(hk_str_from(text), "200000\n\r\n0\r\n\r\n"));
    text = ask("GET /t/numbers?n=3 HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(text, "0\n1\n2\n3\n"));
    expect_status(ask("HEAD /t/numbers?n=3 HTTP/1.1\r\n" CLOSE), 200);
    int fd = dial(); /* a reader that goes away in the middle */
    say(fd, "GET /t/numbers?n=2000000 HTTP/1.1\r\n" CLOSE);
    hk_buf_reset(&heard);
    hear(fd, &heard, "1000\n");
    close(fd);
    for (int i = 0; i < 500 && atomic_load(&streams_closed) < 4; i++) {
        usleep(10000);
    }
    assert_int_equal(atomic_load(&streams_closed), 4);
}

static void wakes_event_streams(void **state)
{
    (void)state;
    int fd = dial();
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    say(fd, "GET /t/events HTTP/1.1\r\nHost: x\r\n\r\n");
    uv_sem_wait(&is_held);
    hear(fd, &text, ": hello");
    for (int i = 1; i <= 5; i++) {
        char line[32];
        snprintf(line, sizeof line, "data: %d\n", i);
        atomic_fetch_add(&wake_count, 1);
        hk_waker_wake(waker);
        hear(fd, &text, line);
    }
    close(fd); /* noticed at the next look, 200 ms later */
    for (int i = 0; i < 300 && atomic_load(&streams_closed) == 0; i++) {
        usleep(10000);
    }
    assert_int_equal(atomic_load(&streams_closed), 1);
    hk_waker_release(waker);
    hk_buf_clear(&text);
}

/* -- load -- */

enum { CONNECTIONS = 200, ROUNDS = 5 };

static void serves_many_at_once(void **state)
{
    (void)state;
    struct pollfd fds[CONNECTIONS];
    struct hk_buf texts[CONNECTIONS];
    int left = CONNECTIONS;
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = (struct pollfd){.fd = dial(), .events = POLLIN};
        hk_buf_init(&texts[i], 1 << 20);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        for (int k = 0; k < ROUNDS; k++) {
            const char *target = (i + k) % 2 == 0 ? "/t/defer?n=7" : "/t/echo";
            char request[128];
            snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target,
                     k == ROUNDS - 1 ? "Connection: close\r\n" : "");
            say(fds[i].fd, request);
        }
    }
    while (left > 0) {
        if (poll(fds, CONNECTIONS, 20000) <= 0) {
            fail_msg("%d connections got stuck", left);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            char chunk[8192];
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            ssize_t n = recv(fds[i].fd, chunk, sizeof chunk, 0);
            if (n > 0) {
                hk_buf_add(&texts[i], chunk, (size_t)n);
                continue;
            }
            assert_int_equal(count(texts[i].data, "HTTP/1.1 200 OK"), ROUNDS);
            close(fds[i].fd);
            fds[i].fd = -1;
            left--;
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        hk_buf_clear(&texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(completes_from_another_thread), SERVER_TEST(survives_a_gone_client),
        SERVER_TEST(gives_up_on_late_answers),      SERVER_TEST(stops_while_callers_wait),
        SERVER_TEST(streams_in_constant_memory),    SERVER_TEST(wakes_event_streams),
        SERVER_TEST(serves_many_at_once),
    };
    hk_log_configure(HK_ERROR, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hk_buf_clear(&heard);
    return failed;
}
