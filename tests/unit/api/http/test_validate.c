#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/http/exchange.h"
#include "api/http/validate.h"
#include "tests/unit/api/http/validate_examples.h"

static const char *const enum_names[] = {"aa", "bb", "cc", NULL};
static const char *const literal_names[] = {"x", "y", NULL};

static void read_query(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    (void)hk_query_int(&v, "i", &(struct hk_int_rule){.fallback = 5});
    (void)hk_query_int(
        &v, "ge", &(struct hk_int_rule){.fallback = 1, .has_least = true, .least = 0, .has_most = true, .most = 100});
    (void)hk_query_bool(&v, "b", HK_FALSE);
    (void)hk_query_double(&v, "f", 1);
    (void)hk_query_datetime(&v, "dt");
    (void)hk_query_enum(&v, "e", enum_names, "enum");
    (void)hk_query_enum(&v, "lit", literal_names, "literal_error");
    if (hk_validation_end(&v, res)) {
        res->status = 200;
    }
}

static void read_required(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    (void)hk_query_int(&v, "x", &(struct hk_int_rule){.is_required = true});
    assert_false(hk_validation_end(&v, res));
}

static void read_path(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    int64_t i = hk_path_int(&v, "i", &(struct hk_int_rule){0});
    if (hk_validation_end(&v, res)) {
        hk_buf_printf(&res->body, "%d", (int)i);
    }
}

static void read_values(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_str *tags = NULL;
    hk_validation_begin(&v, req);
    int64_t limit = hk_query_int(&v, "limit", &(struct hk_int_rule){.fallback = 50, .has_least = true});
    enum hk_truth paused = hk_query_bool(&v, "paused", HK_UNSET);
    int64_t at_us = hk_query_datetime(&v, "at");
    int64_t since_us = hk_query_airflow_datetime(&v, "since");
    int kind = hk_query_enum(&v, "kind", enum_names, "enum");
    size_t count = hk_query_texts(&v, "tags", &tags);
    struct hk_str name = hk_query_text(&v, "name", HK_OPTIONAL);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    hk_buf_printf(&res->body, "%lld %d %lld %lld %d %.*s", (long long)limit, paused,
                  at_us == HK_TIME_NONE ? -1LL : (long long)at_us,
                  since_us == HK_TIME_NONE ? -1LL : (long long)since_us, kind, HK_STR_ARG(name));
    for (size_t i = 0; i < count; i++) {
        hk_buf_printf(&res->body, " %.*s", HK_STR_ARG(tags[i]));
    }
}

static void read_body(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_body *list = NULL;
    const struct hk_int_rule any = {0};
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    struct hk_str s = hk_body_text(body, "s", HK_OPTIONAL);
    (void)hk_body_int(body, "i", HK_OPTIONAL, &any);
    (void)hk_body_int(body, "ge", HK_OPTIONAL,
                      &(struct hk_int_rule){.has_least = true, .least = 2, .has_most = true, .most = 9});
    (void)hk_body_double(body, "f", HK_OPTIONAL, 1);
    (void)hk_body_bool(body, "b", HK_OPTIONAL, HK_TRUE);
    (void)hk_body_dict(body, "d", HK_OPTIONAL);
    (void)hk_body_list(body, "l", HK_OPTIONAL, &list);
    size_t count = hk_body_list(body, "ls", HK_OPTIONAL, &list);
    for (size_t i = 0; i < count; i++) {
        (void)hk_list_text(list, i);
    }
    (void)hk_body_datetime(body, "dt", HK_OPTIONAL | HK_NULLABLE, false);
    (void)hk_body_datetime(body, "adt", HK_OPTIONAL | HK_NULLABLE, true);
    (void)hk_body_enum(body, "e", HK_OPTIONAL, enum_names, "enum");
    (void)hk_body_text(body, "so", HK_OPTIONAL | HK_NULLABLE);
    (void)hk_body_enum(body, "lit", HK_OPTIONAL, literal_names, "literal_error");
    hk_body_check_length(body, "st", hk_body_text(body, "st", HK_OPTIONAL), 1, 3);
    struct hk_body *sub = hk_body_object(body, "sub", HK_OPTIONAL | HK_NULLABLE | HK_STRICT);
    (void)hk_body_int(sub, "x", HK_REQUIRED, &any);
    if (hk_validation_end(&v, res)) {
        hk_buf_add_str(&res->body, s);
    }
}

static void read_documents(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_body *list = NULL;
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, 0);
    struct hk_str any = hk_body_document(body, "any", HK_OPTIONAL);
    struct hk_str conf = hk_body_dict(body, "conf", HK_OPTIONAL | HK_NULLABLE);
    bool has_note = hk_body_has(body, "note");
    bool is_null = hk_body_is_null(body, "note");
    size_t count = hk_body_list(body, "items", HK_OPTIONAL, &list);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct hk_body *item = hk_list_object(list, i, HK_STRICT);
        sum += hk_body_int(item, "n", HK_REQUIRED, &(struct hk_int_rule){0});
    }
    if (hk_validation_end(&v, res)) {
        hk_buf_printf(&res->body, "%.*s %.*s %d %d %lld", HK_STR_ARG(any), HK_STR_ARG(conf), has_note, is_null,
                      (long long)sum);
    }
}

static void add_own(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    hk_validation_fail(&v, 400, "Run id '%s' is odd", "x");
    if (hk_request_has_query(req, "list")) {
        const struct hk_mistake mistake = {.type = "value_error",
                                           .where = "body",
                                           .name = "run_id",
                                           .message = "Value error, odd",
                                           .input_json = HK_STR("1"),
                                           .ctx_json = HK_STR("{\"error\":{}}")};
        hk_validation_add(&v, &mistake);
    }
    assert_false(hk_validation_end(&v, res));
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/q", HK_ROLE_ANYONE, read_query},    {HK_METHOD_GET, "/r", HK_ROLE_ANYONE, read_required},
    {HK_METHOD_GET, "/p/{i}", HK_ROLE_ANYONE, read_path}, {HK_METHOD_GET, "/v", HK_ROLE_ANYONE, read_values},
    {HK_METHOD_POST, "/m", HK_ROLE_ANYONE, read_body},    {HK_METHOD_POST, "/d", HK_ROLE_ANYONE, read_documents},
    {HK_METHOD_GET, "/own", HK_ROLE_ANYONE, add_own},
};
static const char *const prefixes[] = {"/", NULL};
static struct hk_router *router;

static int set_up(void **state)
{
    (void)state;
    struct hk_error err;
    const struct hk_door door = {
        .name = "test", .prefixes = prefixes, .routes = routes, .route_count = sizeof routes / sizeof routes[0]};
    router = hk_router_create();
    return hk_router_add(router, &door, &err) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    hk_router_destroy(router);
    return 0;
}

static void expect(const struct hk_call *call, int status, const char *body)
{
    struct hk_exchange *x = hk_exchange_call(router, NULL, call);
    struct hk_str got = hk_buf_str(&x->response.body);
    if (x->response.status != status || (body != NULL && !hk_str_is(got, body))) {
        fail_msg("%s %s\n  got %d %.*s\n  not %s", call->target, call->body != NULL ? call->body : "",
                 x->response.status, HK_STR_ARG(got), body);
    }
    hk_exchange_release(x);
}

static void checks_queries_as_fastapi(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        bool is_good = queries[i].answer[0] == '\0';
        expect(&(struct hk_call){.target = queries[i].input}, is_good ? 200 : 422, queries[i].answer);
    }
}

static void checks_bodies_as_fastapi(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        bool is_good = bodies[i].answer[0] == '\0';
        const struct hk_call call = {.method = "POST", .target = "/m", .body = bodies[i].input};
        expect(&call, is_good ? 200 : 422, is_good ? NULL : bodies[i].answer);
    }
}

static void returns_values(void **state)
{
    (void)state;
    expect(&(struct hk_call){.target = "/v"}, 200, "50 -1 -1 -1 -1 ");
    expect(&(struct hk_call){.target = "/v?limit=7&paused=true&at=1970-01-01T00:00:01Z&since=1970-01-02&kind=bb&tags=p"
                                       "&tags=q&name=n"},
           200, "7 1 1000000 86400000000 1 n p q");
    expect(&(struct hk_call){.target = "/v?limit=99999999999999999999"}, 200, "9223372036854775807 -1 -1 -1 -1 ");
    expect(&(struct hk_call){.target = "/p/12"}, 200, "12");
    expect(&(struct hk_call){.target = "/p/abc"}, 422,
           "{\"detail\":[{\"type\":\"int_parsing\",\"loc\":[\"path\",\"i\"],\"msg\":\"Input should be a valid integer, "
           "unable to parse string as an integer\",\"input\":\"abc\"}]}");
}

static void refuses_airflow_datetimes_with_400(void **state)
{
    (void)state;
    expect(&(struct hk_call){.target = "/v?since=abc"}, 400,
           "{\"detail\":\"Invalid datetime: 'abc'. Please check the date parameter have this value.\"}");
    expect(&(struct hk_call){.target = "/v?since=it's"}, 400,
           "{\"detail\":\"Invalid datetime: \\\"it's\\\". Please check the date parameter have this value.\"}");
}

static void hands_documents_through(void **state)
{
    (void)state;
    struct hk_call call = {.method = "POST", .target = "/d"};
    call.body = "{\"any\":[1,{\"b\":null}],\"conf\":{\"z\":1,\"a\":2},\"note\":null,\"items\":[{\"n\":1},{\"n\":2}]}";
    expect(&call, 200, "[1,{\"b\":null}] {\"z\":1,\"a\":2} 1 1 3");
    call.body = "{\"conf\":null,\"other\":1}";
    expect(&call, 200, "  0 0 0");
    call.body = "{\"items\":[{\"n\":1},{},{\"n\":1,\"m\":2},3]}";
    expect(
        &call, 422,
        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"items\",1,\"n\"],\"msg\":\"Field required\","
        "\"input\":{}},{\"type\":\"model_attributes_type\",\"loc\":[\"body\",\"items\",3],\"msg\":\"Input should be a "
        "valid dictionary or object to extract fields from\",\"input\":3},{\"type\":\"extra_forbidden\",\"loc\":["
        "\"body\",\"items\",2,\"m\"],\"msg\":\"Extra inputs are not permitted\",\"input\":2}]}");
}

static void minds_the_media_type(void **state)
{
    (void)state;
    struct hk_call call = {.method = "POST", .target = "/m", .body = "{\"s\":\"1\"}"};
    call.content_type = "application/vnd.api+json; charset=utf-8";
    expect(&call, 200, "1");
    call.content_type = "text/plain";
    expect(&call, 422,
           "{\"detail\":[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"Input should be a valid "
           "dictionary or object to extract fields from\",\"input\":\"{\\\"s\\\":\\\"1\\\"}\"}]}");
    call.content_type = "application/json";
    call.body = "{\"s\":\"\xff\"}";
    expect(&call, 400, "{\"detail\":\"There was an error parsing the body\"}");
}

static void says_what_only_hanok_refuses(void **state)
{
    (void)state;
    struct hk_call call = {.method = "POST", .target = "/m", .body = "{\"f\":NaN}"};
    expect(&call, 422, NULL);
    call.body = "{\"s\":\"a\",\"s\":\"b\"}";
    expect(&call, 422, NULL);
    char deep[2 * 300 + 1];
    memset(deep, '[', 300);
    memset(deep + 300, ']', 300);
    deep[600] = '\0';
    call.body = deep;
    expect(&call, 422, NULL);
    memset(deep, '[', 600);
    expect(&call, 422, NULL);
}

static void takes_mistakes_of_the_callers_own(void **state)
{
    (void)state;
    expect(&(struct hk_call){.target = "/own"}, 400, "{\"detail\":\"Run id 'x' is odd\"}");
    expect(
        &(struct hk_call){.target = "/own?list=1"}, 422,
        "{\"detail\":[{\"type\":\"value_error\",\"loc\":[\"body\",\"run_id\"],\"msg\":\"Value error, odd\",\"input\":1,"
        "\"ctx\":{\"error\":{}}}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_queries_as_fastapi),
        cmocka_unit_test(checks_bodies_as_fastapi),
        cmocka_unit_test(returns_values),
        cmocka_unit_test(refuses_airflow_datetimes_with_400),
        cmocka_unit_test(hands_documents_through),
        cmocka_unit_test(minds_the_media_type),
        cmocka_unit_test(says_what_only_hanok_refuses),
        cmocka_unit_test(takes_mistakes_of_the_callers_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
