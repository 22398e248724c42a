#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/http/request.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

static struct hk_arena arena;
static struct hk_request req;
static struct hk_error err;

static int set_up(void **state)
{
    (void)state;
    req = (struct hk_request){.arena = &arena};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static void assert_str(struct hk_str s, const char *expected)
{
    if (!hk_str_is(s, expected)) {
        fail_msg("'%.*s' is not '%s'", HK_STR_ARG(s), expected);
    }
}

static bool parse(const char *target)
{
    return hk_request_parse_target(&req, hk_str_from(target), &err);
}

static void splits_path_and_query(void **state)
{
    (void)state;
    assert_true(parse("/api/v2/dags?limit=5&tags=a&tags=b%20c+d&empty=&flag"));
    assert_str(req.path, "/api/v2/dags");
    assert_str(req.raw_query, "limit=5&tags=a&tags=b%20c+d&empty=&flag");
    assert_str(hk_request_query(&req, "limit"), "5");
    assert_str(hk_request_query(&req, "tags"), "b c d");
    struct hk_str value;
    assert_true(hk_request_query_at(&req, "tags", 0, &value));
    assert_str(value, "a");
    assert_false(hk_request_query_at(&req, "tags", 2, &value));
    assert_true(hk_request_has_query(&req, "empty"));
    assert_true(hk_request_has_query(&req, "flag"));
    assert_false(hk_request_has_query(&req, "nope"));
    assert_null(hk_request_query(&req, "nope").data);
}

static void keeps_a_lone_percent(void **state)
{
    (void)state;
    assert_true(parse("/d?dag_id_pattern=%sales%&x=100%25&y=%2"));
    assert_str(hk_request_query(&req, "dag_id_pattern"), "%sales%");
    assert_str(hk_request_query(&req, "x"), "100%");
    assert_str(hk_request_query(&req, "y"), "%2");
}

static void accepts_absolute_form(void **state)
{
    (void)state;
    assert_true(parse("http://localhost:8080/a/b?c=1"));
    assert_str(req.path, "/a/b");
    req = (struct hk_request){.arena = &arena};
    assert_true(parse("http://localhost"));
    assert_str(req.path, "/");
}

static void refuses_bad_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "a/b",  "*",           "/a/../b", "/a/%2e%2E/b", "/..",       "/a%2F..%2Fb", "/a%00b",
        "/a?b=%00", "/%ff", "/a?b=%c3%28", "/a b",    "/a\x01",      "/a?b=\x7f", "/%ed%a0%80",  "/a/%2e./b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        req = (struct hk_request){.arena = &arena};
        if (parse(bad[i])) {
            fail_msg("'%s' was accepted", bad[i]);
        }
        assert_int_equal(err.code, HK_INVALID);
    }
}

static void limits_the_target(void **state)
{
    (void)state;
    struct hk_str target = {hk_alloc(HK_MAX_URL_BYTES + 2), HK_MAX_URL_BYTES + 1};
    memset((char *)(uintptr_t)target.data, 'a', target.len);
    ((char *)(uintptr_t)target.data)[0] = '/';
    assert_false(hk_request_parse_target(&req, target, &err));
    assert_int_equal(err.code, HK_LIMIT);
    target.len = HK_MAX_URL_BYTES;
    assert_true(hk_request_parse_target(&req, target, &err));
    free((char *)(uintptr_t)target.data);
    char many[4 * (HK_MAX_QUERY_PARAMETERS + 1) + 3];
    size_t len = 2;
    many[0] = '/';
    many[1] = '?';
    for (int i = 0; i <= HK_MAX_QUERY_PARAMETERS; i++) {
        memcpy(many + len, "a=1&", 4);
        len += 4;
    }
    req = (struct hk_request){.arena = &arena};
    assert_false(hk_request_parse_target(&req, (struct hk_str){many, len}, &err));
    assert_int_equal(err.code, HK_LIMIT);
}

static void header(const char *name, const char *value)
{
    hk_pairs_add(&req.headers, &arena, hk_str_from(name), hk_str_from(value));
}

static void finds_headers_without_case(void **state)
{
    (void)state;
    header("content-TYPE", " Application/JSON ; charset=utf-8");
    assert_str(hk_request_header(&req, "Content-Type"), " Application/JSON ; charset=utf-8");
    assert_str(hk_request_media_type(&req), "application/json");
    assert_null(hk_request_header(&req, "Accept").data);
}

static bool frames(bool is_http_1_1)
{
    return hk_request_check_framing(&req, is_http_1_1, &err);
}

static void guards_the_framing(void **state)
{
    (void)state;
    static const struct {
        const char *names[3];
        const char *values[3];
        bool is_good;
    } cases[] = {
        {{"Host", NULL, NULL}, {"a"}, true},
        {{NULL}, {NULL}, false},
        {{"Host", "host", NULL}, {"a", "a"}, false},
        {{"Host", "Content-Length", NULL}, {"a", "12"}, true},
        {{"Host", "Content-Length", "Content-Length"}, {"a", "1", "1"}, false},
        {{"Host", "Content-Length", "Transfer-Encoding"}, {"a", "1", "chunked"}, false},
        {{"Host", "Transfer-Encoding", NULL}, {"a", "chunked"}, true},
        {{"Host", "Transfer-Encoding", NULL}, {"a", "gzip, chunked"}, false},
        {{"Host", "Transfer-Encoding", NULL}, {"a", "identity"}, false},
        {{"Host", "Transfer-Encoding", "Transfer-Encoding"}, {"a", "chunked", "chunked"}, false},
        {{"Host", "Content-Length", NULL}, {"a", "+1"}, false},
        {{"Host", "Content-Length", NULL}, {"a", "1, 1"}, false},
        {{"Host", "Content-Length", NULL}, {"a", ""}, false},
        {{"Host", "Content-Length", NULL}, {"a", "99999999999999999999"}, false},
        {{"Host", "Content-Length ", NULL}, {"a", "1"}, false},
        {{"Host", "X-Y", NULL}, {"a", "b\x01"}, false},
        {{"Host", "X-Y", NULL}, {"a", "b\tc"}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        req = (struct hk_request){.arena = &arena};
        for (int k = 0; k < 3 && cases[i].names[k] != NULL; k++) {
            header(cases[i].names[k], cases[i].values[k]);
        }
        if (frames(true) != cases[i].is_good) {
            fail_msg("case %zu went wrong", i);
        }
    }
}

static void knows_http_1_0(void **state)
{
    (void)state;
    assert_true(frames(false));
    header("Transfer-Encoding", "chunked");
    assert_false(frames(false));
}

static void limits_headers(void **state)
{
    (void)state;
    header("Host", "a");
    char *large = hk_alloc(HK_MAX_HEADER_BYTES + 1);
    memset(large, 'a', HK_MAX_HEADER_BYTES);
    header("X", large);
    assert_false(frames(true));
    assert_int_equal(err.code, HK_LIMIT);
    free(large);
}

static void names_methods(void **state)
{
    (void)state;
    enum hk_method method = HK_METHOD_GET;
    assert_true(hk_method_parse(HK_STR("PATCH"), &method));
    assert_int_equal(method, HK_METHOD_PATCH);
    assert_string_equal(hk_method_name(method), "PATCH");
    assert_false(hk_method_parse(HK_STR("patch"), &method));
    assert_false(hk_method_parse(HK_STR("TRACE"), &method));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(splits_path_and_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_a_lone_percent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(accepts_absolute_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bad_targets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_the_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_headers_without_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guards_the_framing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knows_http_1_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_methods, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
