#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <cmocka.h>

#include "api/http/exchange.h"
#include "api/http/router.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

static struct hk_router *router;
static struct hk_error err;

/* Answers with the route's parameters, so that a test sees what was matched. */
static void echo(const struct hk_request *req, struct hk_response *res)
{
    res->content_type = "text/plain";
    for (size_t i = 0; i < req->path_parameters.len; i++) {
        const struct hk_pair *pair = &req->path_parameters.items[i];
        hk_buf_printf(&res->body, "%.*s=%.*s;", HK_STR_ARG(pair->name), HK_STR_ARG(pair->value));
    }
    hk_buf_printf(&res->body, "%s", (const char *)req->context);
}

static void special(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    hk_response_json(res, 202, HK_STR("\"special\""));
}

static void fails(const struct hk_request *req, struct hk_response *res)
{
    hk_buf_add_text(&res->body, "half an answer");
    hk_fail(req, res, HK_NOT_FOUND, "The thing '%s' was not found", "x");
}

static void complete_later(void *arg)
{
    struct hk_deferred *deferred = arg;
    const struct hk_request *req = hk_deferred_request(deferred);
    struct hk_response *res = hk_deferred_response(deferred);
    hk_buf_printf(&res->body, "\"later %.*s\"", HK_STR_ARG(req->path));
    hk_deferred_complete(deferred);
}

static uv_thread_t helper;

static void defers(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    uv_thread_create(&helper, complete_later, hk_response_defer(res));
}

struct counter {
    int left;
    int waits;
    bool *is_closed;
};

static enum hk_stream_step count_down(void *context, char *out, size_t size, size_t *written)
{
    struct counter *counter = context;
    if (counter->left == 0) {
        return HK_STREAM_END;
    }
    if (counter->waits-- > 0) {
        return HK_STREAM_WAIT;
    }
    *written = (size_t)snprintf(out, size, "%d\n", counter->left--);
    return HK_STREAM_MORE;
}

static bool was_closed;

static void close_counter(void *context)
{
    free(context);
    was_closed = true;
}

static void streams(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    struct counter *counter = calloc(1, sizeof *counter);
    counter->left = 3;
    counter->waits = 1;
    const struct hk_stream stream = {.read = count_down, .close = close_counter, .context = counter, .wait_ms = 5};
    hk_response_stream(res, "application/x-ndjson", &stream);
}

static void write_error(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure)
{
    if (failure->is_unknown_route) {
        hk_response_json(res, 404, HK_STR("{\"error\":\"API route not found\"}"));
    } else {
        hk_write_detail(req, res, failure);
    }
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/api/v2/dags", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/api/v2/dags/{dag_id}", HK_ROLE_ANYONE, echo},
    {HK_METHOD_PATCH, "/api/v2/dags/{the_dag}", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/api/v2/dags/special", HK_ROLE_ANYONE, special},
    {HK_METHOD_GET, "/api/v2/dags/{dag_id}/dagRuns/{run_id}", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/api/v2/dags/special/only", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/api/v2/variables/{key:path}", HK_ROLE_ANYONE, echo},
    {HK_METHOD_GET, "/api/v2/fails", HK_ROLE_ANYONE, fails},
    {HK_METHOD_GET, "/api/v2/later", HK_ROLE_ANYONE, defers},
    {HK_METHOD_GET, "/api/v2/stream", HK_ROLE_ANYONE, streams},
};
static const char *const prefixes[] = {"/api/v2", NULL};

static int set_up(void **state)
{
    (void)state;
    static char context[] = "ctx";
    const struct hk_door door = {.name = "airflow",
                                 .prefixes = prefixes,
                                 .routes = routes,
                                 .route_count = sizeof routes / sizeof routes[0],
                                 .write_error = write_error,
                                 .context = context};
    router = hk_router_create();
    return hk_router_add(router, &door, &err) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    hk_router_destroy(router);
    return 0;
}

static struct hk_exchange *call(const char *method, const char *target)
{
    return hk_exchange_call(router, NULL, &(struct hk_call){.method = method, .target = target});
}

static void expect(const char *method, const char *target, int status, const char *body)
{
    struct hk_exchange *x = call(method, target);
    struct hk_str got = hk_buf_str(&x->response.body);
    if (x->response.status != status || !hk_str_is(got, body)) {
        fail_msg("%s %s: %d %.*s", method, target, x->response.status, HK_STR_ARG(got));
    }
    hk_exchange_release(x);
}

static void matches(void **state)
{
    (void)state;
    expect("GET", "/health", 200, "{\"status\":\"ok\"}");
    expect("GET", "/api/v2/dags", 200, "ctx");
    expect("GET", "/api/v2/dags/", 200, "ctx");
    expect("GET", "/api/v2/dags/a", 200, "dag_id=a;ctx");
    expect("GET", "/api/v2/dags/a/", 200, "dag_id=a;ctx");
    expect("PATCH", "/api/v2/dags/a", 200, "the_dag=a;ctx");
    expect("GET", "/api/v2/dags/special", 202, "\"special\"");
    expect("GET", "/api/v2/dags/special/only", 200, "ctx");
    expect("HEAD", "/api/v2/dags/a", 200, "dag_id=a;ctx");
}

static void goes_back_when_a_word_leads_nowhere(void **state)
{
    (void)state;
    expect("GET", "/api/v2/dags/special/dagRuns/r", 200, "dag_id=special;run_id=r;ctx");
}

static void decodes_parameters(void **state)
{
    (void)state;
    expect("GET", "/api/v2/dags/d/dagRuns/manual__2024-01-01T00:00:00+00:00", 200,
           "dag_id=d;run_id=manual__2024-01-01T00:00:00+00:00;ctx");
    expect("GET", "/api/v2/dags/d/dagRuns/manual__2024-01-01T00%3A00%3A00%2B00%3A00", 200,
           "dag_id=d;run_id=manual__2024-01-01T00:00:00+00:00;ctx");
    expect("GET", "/api/v2/dags/a%20b%2Fc", 200, "dag_id=a b/c;ctx");
    expect("GET", "/api/v2/dags/%EA%B0%80", 200, "dag_id=\xEA\xB0\x80;ctx");
    expect("GET", "/api/v2/variables/a/b%2Fc/d", 200, "key=a/b/c/d;ctx");
    expect("GET", "/api/v2/variables/a//b", 200, "key=a//b;ctx");
}

static void refuses(void **state)
{
    (void)state;
    expect("GET", "/api/v2/nope", 404, "{\"error\":\"API route not found\"}");
    expect("GET", "/api/v2/dags//dagRuns/x", 404, "{\"error\":\"API route not found\"}");
    expect("GET", "/api/v2/variables/", 404, "{\"error\":\"API route not found\"}");
    expect("GET", "/api/v22", 404, "{\"detail\":\"Not Found\"}");
    expect("GET", "/", 404, "{\"detail\":\"Not Found\"}");
    expect("GET", "/api/v2/fails", 404, "{\"detail\":\"The thing 'x' was not found\"}");
    struct hk_exchange *x = call("PUT", "/api/v2/dags/x");
    assert_int_equal(x->response.status, 405);
    assert_string_equal(x->response.body.data, "{\"detail\":\"Method Not Allowed\"}");
    assert_int_equal(x->response.headers.len, 1);
    assert_true(hk_str_is(x->response.headers.items[0].name, "Allow"));
    assert_true(hk_str_is(x->response.headers.items[0].value, "GET, PATCH"));
    hk_exchange_release(x);
    x = call("GET", "/api/v2/dags/../x");
    assert_int_equal(x->response.status, 400);
    hk_exchange_release(x);
}

/* Each "{}," would take some 250 bytes once it is read. */
static void refuses_bodies_of_too_many_values(void **state)
{
    (void)state;
    size_t count = HK_MAX_BODY_VALUES;
    char *body = hk_alloc(2 * count + 16);
    for (int too_many = 0; too_many < 2; too_many++) {
        size_t len = 0;
        body[len++] = '[';
        for (size_t i = 0; i + 2 < count + (size_t)too_many; i++) {
            body[len++] = '1';
            body[len++] = ',';
        }
        memcpy(body + len, "1]", 3);
        struct hk_exchange *x = hk_exchange_call(
            router, NULL, &(struct hk_call){.method = "PATCH", .target = "/api/v2/dags/x", .body = body});
        assert_int_equal(x->response.status, too_many ? 413 : 200);
        assert_int_equal(strstr(x->response.body.data, "{\"detail\":\"The body holds more than") != NULL, too_many);
        hk_exchange_release(x);
    }
    free(body);
}

static void limits_segments(void **state)
{
    (void)state;
    char path[4 * HK_MAX_PATH_SEGMENTS] = "";
    for (size_t i = 0; i <= HK_MAX_PATH_SEGMENTS; i++) {
        memcpy(path + 2 * i, "/a", 3);
    }
    struct hk_exchange *x = call("GET", path);
    assert_int_equal(x->response.status, 413);
    hk_exchange_release(x);
}

static void waits_for_deferred(void **state)
{
    (void)state;
    struct hk_exchange *x = call("GET", "/api/v2/later");
    uv_thread_join(&helper);
    assert_string_equal(x->response.body.data, "\"later /api/v2/later\"");
    hk_exchange_release(x);
}

static void reads_streams(void **state)
{
    (void)state;
    was_closed = false;
    struct hk_exchange *x = call("GET", "/api/v2/stream");
    assert_string_equal(x->response.body.data, "3\n2\n1\n");
    hk_exchange_release(x);
    assert_true(was_closed);
}

static void refuses_clashes(void **state)
{
    (void)state;
    static const struct hk_route same[] = {{HK_METHOD_GET, "/api/v2/dags/{x}", HK_ROLE_ANYONE, echo}};
    static const struct hk_route bad[] = {{HK_METHOD_GET, "/other/{x:path}/y", HK_ROLE_ANYONE, echo}};
    static const char *const other[] = {"/other", NULL};
    struct hk_door door = {.name = "other", .prefixes = other, .routes = same, .route_count = 1};
    assert_false(hk_router_add(router, &door, &err));
    assert_int_equal(err.code, HK_CONFLICT);
    door.routes = bad;
    assert_false(hk_router_add(router, &door, &err));
    assert_int_equal(err.code, HK_INVALID);
    door.prefixes = prefixes;
    assert_false(hk_router_add(router, &door, &err));
    assert_int_equal(err.code, HK_CONFLICT);
}

static void maps_codes(void **state)
{
    (void)state;
    assert_int_equal(hk_code_status(HK_NOT_FOUND), 404);
    assert_int_equal(hk_status_code(429), HK_LIMIT);
    assert_int_equal(hk_status_code(499), HK_INVALID);
    for (int code = 0; code < HK_CODE_COUNT; code++) {
        assert_true(hk_code_status((enum hk_code)code) >= 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(matches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_back_when_a_word_leads_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decodes_parameters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bodies_of_too_many_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_deferred, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_clashes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(maps_codes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
