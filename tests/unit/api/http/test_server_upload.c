/* Bodies that are not kept, and files as answers. */
#include "tests/unit/api/http/http_rig.h"

#include "api/http/exchange.h"

enum { PIECE = 64 * 1024 };

static unsigned char byte_at(uint64_t at)
{
    return (unsigned char)(at * 2654435761U >> 13);
}

static void fill(char *piece, uint64_t from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        piece[i] = (char)byte_at(from + i);
    }
}

/* Sends a head and so many bytes, in pieces or as chunks; what the route should answer goes into expected. */
static void upload(int fd, const char *head, uint64_t size, bool in_chunks, char expected[96])
{
    static char piece[PIECE];
    uint64_t sum = 0;
    char line[32];
    say(fd, head);
    for (uint64_t at = 0; at < size;) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        fill(piece, at, n);
        for (size_t i = 0; i < n; i++) {
            sum = sum * 31 + (unsigned char)piece[i];
        }
        snprintf(line, sizeof line, "%zx\r\n", n);
        if ((in_chunks && !say(fd, line)) || !put(fd, piece, n) || (in_chunks && !say(fd, "\r\n"))) {
            break;
        }
        at += n;
    }
    if (in_chunks) {
        say(fd, "0\r\n\r\n");
    }
    snprintf(expected, 96, "took %llu %llx", (unsigned long long)size, (unsigned long long)sum);
}

static void expect_uploaded(const char *head, uint64_t size, bool in_chunks)
{
    char expected[96];
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    int fd = dial();
    upload(fd, head, size, in_chunks, expected);
    hear(fd, &text, NULL);
    expect_status(text.data, 200);
    if (strstr(text.data, expected) == NULL) {
        fail_msg("no '%s' in %s", expected, text.data);
    }
    hk_buf_clear(&text);
    close(fd);
}

/* Forty times what a body may have that is kept, and none of it is. */
static void takes_more_than_is_kept(void **state)
{
    (void)state;
    expect_uploaded("PUT /t/upload HTTP/1.1\r\nContent-Length: 10485760\r\n" CLOSE, 10485760, false);
    expect_uploaded("PUT /t/upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE, 3000001, true);
    expect_uploaded("PUT /t/upload HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE, 1, false);
    expect_uploaded("PUT /t/upload HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE, 0, false);
    expect_uploaded("PUT /t/upload HTTP/1.1\r\n" CLOSE, 0, false);
    assert_int_equal(atomic_load(&uploads_begun), 5);
    assert_int_equal(atomic_load(&uploads_aborted), 0);
}

static void asks_before_it_takes(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    int fd = dial();
    say(fd, "PUT /t/upload HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" CLOSE);
    hear(fd, &text, "100 Continue\r\n\r\n");
    assert_int_equal(atomic_load(&uploads_begun), 1);
    assert_null(strstr(text.data, "200 OK"));
    say(fd, "abc");
    hear(fd, &text, NULL);
    assert_non_null(strstr(text.data, "took 3 "));
    hk_buf_clear(&text);
    close(fd);
}

/* Refused without a byte of it where the client waits for leave or there would be much to throw away; else after it,
 * so that the client hears why. */
static void refuses_before_it_takes(void **state)
{
    (void)state;
    const char *text = ask("PUT /t/upload?refuse HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    expect_status(text, 400); /* no Host */
    text = ask("PUT /t/upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    expect_status(text, 400);
    assert_non_null(strstr(text, "{\"door\":400}"));
    assert_null(strstr(text, "100 Continue"));
    text = ask("PUT /t/upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    expect_status(text, 400);
    assert_non_null(strstr(text, "Connection: close\r\n"));
    text = ask("PUT /t/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    expect_status(text, 404);
    text =
        ask("PUT /t/upload?refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /t/echo HTTP/1.1\r\n" CLOSE);
    expect_status(text, 400);
    assert_non_null(strstr(text, "GET 127.0.0.1 0 "));
    struct hk_buf whole;
    char ignored[96];
    hk_buf_init(&whole, 1 << 20);
    int fd = dial(); /* more than may be kept is thrown away, too, and does not change the answer */
    upload(fd, "PUT /t/upload?refuse HTTP/1.1\r\nContent-Length: 600000\r\n" CLOSE, 600000, false, ignored);
    hear(fd, &whole, NULL);
    expect_status(whole.data, 400);
    hk_buf_clear(&whole);
    close(fd);
    assert_int_equal(atomic_load(&uploaded), 0);
}

static void drops_what_is_not_wanted(void **state)
{
    (void)state;
    char ignored[96];
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    int fd = dial();
    upload(fd, "PUT /t/upload?most=1000 HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n", 5000000, false,
           ignored);
    say(fd, "GET /t/echo HTTP/1.1\r\n" CLOSE);
    hear(fd, &text, NULL);
    expect_status(text.data, 200);
    assert_non_null(strstr(text.data, "GET 127.0.0.1 0 "));
    assert_true(atomic_load(&uploaded) < 1000000);
    hk_buf_clear(&text);
    close(fd);
}

static void wait_for_aborts(int wanted)
{
    for (int i = 0; i < 6000 && atomic_load(&uploads_aborted) != wanted; i++) {
        usleep(10000);
    }
    assert_int_equal(atomic_load(&uploads_aborted), wanted);
}

static void wait_until_begun(int wanted)
{
    for (int i = 0; i < 6000 && atomic_load(&uploads_begun) < wanted; i++) {
        usleep(10000);
    }
    assert_int_equal(atomic_load(&uploads_begun), wanted);
}

static void hears_of_clients_that_go(void **state)
{
    (void)state;
    char ignored[96];
    int fd = dial();
    upload(fd, "PUT /t/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n", 1000000, false, ignored);
    close(fd);
    wait_for_aborts(1);
    fd = dial();
    say(fd, "PUT /t/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    wait_until_begun(2);
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    wait_for_aborts(2);
    fd = dial();
    say(fd, "PUT /t/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
    wait_until_begun(3);
    hk_http_stop(http);
    http = NULL;
    assert_int_equal(atomic_load(&uploads_aborted), 3);
    close(fd);
}

/* Whether this thread never paused for so long that the server may have taken the fair one for idle. */
static bool send_fairly_and_trickle(int fair, int slow)
{
    static char piece[PIECE];
    const struct hk_clock *clock = hk_clock_system();
    bool was_steady = true;
    say(fair, "PUT /t/upload HTTP/1.1\r\nContent-Length: 655360\r\n" CLOSE);
    say(slow, "PUT /t/upload HTTP/1.1\r\nContent-Length: 655360\r\n" CLOSE);
    for (int i = 0; i < 10; i++) {
        int64_t before_us = hk_clock_monotonic_us(clock);
        bool was_taken = put(fair, piece, PIECE);
        (void)put(slow, piece, 1);
        usleep(400000);
        was_steady = was_steady && hk_clock_monotonic_us(clock) - before_us < 900000;
        assert_true(was_taken || !was_steady);
    }
    return was_steady;
}

/* Whoever goes on at a fair pace may take longer than a request may otherwise, which is two seconds here; whoever
 * trickles may not. A round in which the machine had no time for this test says nothing, and is done again. */
static void cuts_off_only_those_who_trickle(void **state)
{
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    int fair = dial();
    int slow = dial();
    for (int round = 0; !send_fairly_and_trickle(fair, slow); round++) {
        assert_true(round < 10);
        close(fair);
        close(slow);
        tear_down(state);
        set_up_hasty(state);
        fair = dial();
        slow = dial();
    }
    hear(fair, &text, NULL);
    expect_status(text.data, 200);
    wait_for_aborts(1);
    hk_buf_clear(&text);
    close(fair);
    close(slow);
}

static void may_answer_later(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    int fd = dial();
    say(fd, "PUT /t/upload?hold HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "abc");
    uv_sem_wait(&is_held);
    complete_held("now it is kept");
    hear(fd, &text, NULL);
    assert_non_null(strstr(text.data, "now it is kept"));
    hk_buf_clear(&text);
    close(fd);
    assert_int_equal(atomic_load(&uploads_aborted), 0);
}

static void sends_files(void **state)
{
    (void)state;
    const char *text = ask("GET /t/file?from=16&size=16 HTTP/1.1\r\n" CLOSE);
    expect_status(text, 200);
    assert_non_null(strstr(text, "Content-Length: 16\r\n"));
    assert_non_null(strstr(text, "Content-Type: application/x-numbers\r\n"));
    assert_non_null(strstr(text, "\r\n\r\n0000016\n0000024\n"));
    text = ask("GET /t/file?size=8000000 HTTP/1.1\r\n" CLOSE);
    assert_true(hk_str_ends_with(hk_str_from(text), "\n7999984\n7999992\n"));
    text = ask("GET /t/file?size=0 HTTP/1.1\r\n" CLOSE);
    assert_non_null(strstr(text, "Content-Length: 0\r\n"));
    text = ask("HEAD /t/file?size=8000000 HTTP/1.1\r\n" CLOSE);
    assert_non_null(strstr(text, "Content-Length: 8000000\r\n"));
    assert_true(hk_str_ends_with(hk_str_from(text), "\r\n\r\n"));
    expect_status(ask("GET /t/file?size=8&fail HTTP/1.1\r\n" CLOSE), 404);
}

/* What the tests of doors use goes the same way. */
static void works_without_a_socket(void **state)
{
    (void)state;
    struct hk_exchange *x =
        hk_exchange_call(router, NULL, &(struct hk_call){.method = "PUT", .target = "/t/upload", .body = "abc"});
    assert_int_equal(x->response.status, 200);
    assert_non_null(strstr(x->response.body.data, "took 3 "));
    hk_exchange_release(x);
    x = hk_exchange_call(router, NULL, &(struct hk_call){.method = "PUT", .target = "/t/upload?refuse", .body = "abc"});
    assert_int_equal(x->response.status, 400);
    hk_exchange_release(x);
    x = hk_exchange_call(router, NULL, &(struct hk_call){.target = "/t/file?size=9000"});
    assert_int_equal(x->response.body.len, 9000);
    hk_exchange_release(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(takes_more_than_is_kept),  SERVER_TEST(asks_before_it_takes),
        SERVER_TEST(refuses_before_it_takes),  SERVER_TEST(drops_what_is_not_wanted),
        SERVER_TEST(hears_of_clients_that_go), HASTY_TEST(cuts_off_only_those_who_trickle),
        SERVER_TEST(may_answer_later),         SERVER_TEST(sends_files),
        SERVER_TEST(works_without_a_socket),
    };
    hk_log_configure(HK_ERROR, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hk_buf_clear(&heard);
    return failed;
}
