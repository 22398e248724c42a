/* Answers that are given again while nothing has changed. */
#include "tests/unit/api/http/http_rig.h"

#include "api/http/answer_cache.h"

/* GET of that address: which time the handler was run for it. */
static int time_of(const char *address, const char *headers)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s" CLOSE, address, headers);
    const char *text = ask(request);
    const char *at = strstr(text, "\r\n\r\ntime ");
    assert_non_null(at);
    int time = (int)strtol(at + strlen("\r\n\r\ntime "), NULL, 10);
    assert_non_null(strstr(text, "Content-Type: application/json\r\n"));
    return time;
}

static void until_something_changes(void **state)
{
    (void)state;
    assert_int_equal(time_of("/t/times", ""), 1);
    assert_int_equal(time_of("/t/times", ""), 1);
    atomic_fetch_add(&generation_now, 1);
    assert_int_equal(time_of("/t/times", ""), 2);
    assert_int_equal(time_of("/t/times", ""), 2);
    atomic_fetch_sub(&generation_now, 1); /* any other number will do */
    assert_int_equal(time_of("/t/times", ""), 3);
}

static void only_the_same_question(void **state)
{
    (void)state;
    assert_int_equal(time_of("/t/times?a=1", ""), 1);
    assert_int_equal(time_of("/t/times?a=2", ""), 2);
    assert_int_equal(time_of("/t/times?a=1", "Accept: text/plain\r\n"), 3);
    assert_int_equal(time_of("/t/times?a=1", ""), 1);
    assert_int_equal(time_of("/t/times?a=2", ""), 2);
    assert_int_equal(time_of("/t/times?a=1", "Accept: text/plain\r\n"), 3);
}

static void not_to_somebody_else(void **state)
{
    (void)state;
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk_request req = {.path = HK_STR("/x"), .arena = &arena};
    req.caller = (struct hk_caller){.username = HK_STR("kim"), .role = HK_ROLE_VIEWER};
    struct hk_str kim = hk_answer_key(&req);
    assert_true(hk_str_eq(kim, hk_answer_key(&req)));
    req.caller.role = HK_ROLE_ADMIN;
    assert_false(hk_str_eq(kim, hk_answer_key(&req)));
    req.caller = (struct hk_caller){.username = HK_STR("lee"), .role = HK_ROLE_VIEWER};
    assert_false(hk_str_eq(kim, hk_answer_key(&req)));
    hk_arena_clear(&arena);
}

static void neither_failures_nor_what_does_not_last(void **state)
{
    (void)state;
    assert_int_equal(time_of("/t/times?status=404", ""), 1);
    assert_int_equal(time_of("/t/times?status=404", ""), 2);
    assert_int_equal(time_of("/t/times?brief", ""), 3);
    assert_int_equal(time_of("/t/times?brief", ""), 4);
}

static void head_and_keep_alive(void **state)
{
    (void)state;
    struct hk_buf text;
    hk_buf_init(&text, 1 << 20);
    const char *head = ask("HEAD /t/times HTTP/1.1\r\n" CLOSE);
    assert_non_null(strstr(head, "Content-Length: 7\r\n"));
    assert_true(hk_str_ends_with(hk_str_from(head), "\r\n\r\n"));
    assert_int_equal(time_of("/t/times", ""), 1);
    int fd = dial();
    say(fd, "GET /t/times HTTP/1.1\r\nHost: x\r\n\r\nGET /t/times?q HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /t/times HTTP/1.1\r\n" CLOSE);
    hear(fd, &text, NULL);
    assert_int_equal(count(text.data, "time 1."), 2);
    assert_int_equal(count(text.data, "time 2."), 1);
    hk_buf_clear(&text);
    close(fd);
}

/* More than is kept: what is forgotten is asked for anew, and nothing is mixed up. */
static void as_far_as_there_is_room(void **state)
{
    (void)state;
    char address[64];
    for (int i = 1; i <= 40; i++) {
        snprintf(address, sizeof address, "/t/times?size=300000&n=%d", i);
        assert_int_equal(time_of(address, ""), i);
        assert_int_equal(time_of(address, ""), i);
    }
    assert_int_equal(time_of("/t/times?size=300000&n=1", ""), 41);
    assert_int_equal(time_of("/t/times?size=3000000", ""), 42); /* one that is too large to be kept */
    assert_int_equal(time_of("/t/times?size=3000000", ""), 43);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(until_something_changes), SERVER_TEST(only_the_same_question),
        SERVER_TEST(not_to_somebody_else),    SERVER_TEST(neither_failures_nor_what_does_not_last),
        SERVER_TEST(head_and_keep_alive),     SERVER_TEST(as_far_as_there_is_room),
    };
    hk_log_configure(HK_ERROR, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hk_buf_clear(&heard);
    return failed;
}
