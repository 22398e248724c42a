#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "api/http/auth.h"
#include "api/http/base64.h"
#include "api/http/exchange.h"
#include "api/http/login.h"
#include "api/http/password.h"
#include "api/http/throttle.h"
#include "engine/base/alloc.h"

/* -- a clock and some users -- */

static int64_t now_us;

static int64_t read_now(void *context)
{
    (void)context;
    return now_us;
}

static const struct hk_clock test_clock = {read_now, read_now, NULL};
static char admin_hash[HK_PASSWORD_HASH_SIZE];
static char viewer_hash[HK_PASSWORD_HASH_SIZE];
static bool database_is_down;

static bool find_user(void *context, struct hk_str username, char *hash, size_t hash_size, char *role, size_t role_size,
                      struct hk_error *e)
{
    (void)context;
    if (database_is_down) {
        return hk_error_set(e, HK_UNAVAILABLE, "The database is busy; try again.");
    }
    bool is_admin = hk_str_is(username, "admin");
    if (!is_admin && !hk_str_is(username, "viewer")) {
        return hk_error_set(e, HK_NOT_FOUND, "There is no user '%.*s'.", HK_STR_ARG(username));
    }
    return hk_str_copy(hash, hash_size, hk_str_from(is_admin ? admin_hash : viewer_hash)) &&
           hk_str_copy(role, role_size, hk_str_from(is_admin ? "Admin" : "viewer"));
}

static struct hk_auth *auth;
static struct hk_router *router;
static struct hk_arena arena;
static struct hk_error err;

static char open_context[] = "the door's";

static void whoami(const struct hk_request *req, struct hk_response *res)
{
    hk_buf_printf(&res->body, "%.*s %s%.*s", HK_STR_ARG(req->caller.username), hk_role_name(req->caller.role),
                  HK_STR_ARG(req->caller.name));
}

static bool admits(void *context, struct hk_str task, struct hk_error *e)
{
    return context == open_context && (hk_str_is(task, "ti-1") || hk_error_set(e, HK_DENIED, "It has ended."));
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/x/anyone", HK_ROLE_ANYONE, whoami}, {HK_METHOD_GET, "/x/viewer", HK_ROLE_VIEWER, whoami},
    {HK_METHOD_GET, "/x/op", HK_ROLE_OP, whoami},         {HK_METHOD_GET, "/x/admin", HK_ROLE_ADMIN, whoami},
    {HK_METHOD_GET, "/x/task", HK_ROLE_TASK, whoami},
};

static const struct hk_route open_routes[] = {
    {HK_METHOD_GET, "/open/user", HK_ROLE_USER, whoami},
    {HK_METHOD_GET, "/open/op", HK_ROLE_OP, whoami},
};
static const char *const open_prefixes[] = {"/open", NULL};
static const char *const prefixes[] = {"/x", NULL};

static int start(bool all_admins)
{
    const struct hk_door door = {
        .name = "x", .prefixes = prefixes, .routes = routes, .route_count = sizeof routes / sizeof routes[0]};
    const struct hk_door open_door = {.name = "open",
                                      .prefixes = open_prefixes,
                                      .routes = open_routes,
                                      .route_count = sizeof open_routes / sizeof open_routes[0],
                                      .task_scope = HK_SCOPE_MLFLOW,
                                      .admits_task = admits,
                                      .context = open_context};
    struct hk_auth_options options = {.clock = &test_clock, .users = {.find = find_user}, .all_admins = all_admins};
    for (int i = 0; i < HK_TOKEN_SECRET_SIZE; i++) {
        options.secret[i] = (unsigned char)i;
    }
    now_us = INT64_C(1790000000) * HK_SECOND_US;
    database_is_down = false;
    auth = hk_auth_create(&options);
    router = hk_router_create();
    return hk_router_add(router, &door, &err) && hk_router_add(router, &open_door, &err) &&
                   hk_login_register(router, auth, &err)
               ? 0
               : 1;
}

static int set_up(void **state)
{
    (void)state;
    return start(false);
}

static int set_up_all_admins(void **state)
{
    (void)state;
    return start(true);
}

static int tear_down(void **state)
{
    (void)state;
    hk_router_destroy(router);
    hk_auth_destroy(auth);
    hk_arena_clear(&arena);
    return 0;
}

static void expect_call(const struct hk_call *call, int status, const char *body)
{
    struct hk_exchange *x = hk_exchange_call(router, auth, call);
    struct hk_str got = hk_buf_str(&x->response.body);
    if (x->response.status != status || (body != NULL && !hk_str_is(got, body))) {
        fail_msg("%s: %d %.*s", call->target, x->response.status, HK_STR_ARG(got));
    }
    hk_exchange_release(x);
}

static void expect(const char *target, const char *authorization, int status, const char *body)
{
    expect_call(&(struct hk_call){.target = target, .authorization = authorization}, status, body);
}

static char *bearer(const struct hk_token_grant *grant)
{
    struct hk_str token;
    assert_true(hk_auth_issue(auth, grant, &arena, &token, &err));
    return hk_arena_printf(&arena, "Bearer %.*s", HK_STR_ARG(token));
}

static char *user_bearer(const char *role)
{
    const struct hk_token_grant grant = {
        .subject = HK_STR("ann"), .role = hk_str_from(role), .audience = HK_STR(HK_AUDIENCE_USER), .valid_seconds = 60};
    return bearer(&grant);
}

static char *task_bearer(void)
{
    const struct hk_token_grant grant = {.subject = HK_STR("ti-1"),
                                         .scope = HK_STR("execution"),
                                         .audience = HK_STR(HK_AUDIENCE_TASK),
                                         .valid_seconds = 60};
    return bearer(&grant);
}

static char *basic(const char *credentials)
{
    struct hk_str text = hk_base64_encode(credentials, strlen(credentials), &arena);
    return hk_arena_printf(&arena, "Basic %.*s", HK_STR_ARG(text));
}

/* -- tokens -- */

static void allows_by_role(void **state)
{
    (void)state;
    expect("/x/anyone", NULL, 200, " ");
    expect("/x/viewer", user_bearer("Viewer"), 200, "ann Viewer");
    expect("/x/viewer", user_bearer("ADMIN"), 200, "ann Admin");
    expect("/x/op", user_bearer("Op"), 200, "ann Op");
    expect("/x/op", user_bearer("User"), 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/viewer", user_bearer("Public"), 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/viewer", user_bearer("Wizard"), 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/task", task_bearer(), 200, "ti-1 ");
    expect("/x/viewer", task_bearer(), 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/task", user_bearer("Admin"), 403, "{\"detail\":\"Forbidden\"}");
}

/* A door may be open to tasks whose token has its scope, as far as to users. */
static void lets_tasks_in_by_scope(void **state)
{
    (void)state;
    const struct hk_token_grant grant = {.subject = HK_STR("ti-1"),
                                         .scope = HK_STR(HK_SCOPE_MLFLOW),
                                         .audience = HK_STR(HK_AUDIENCE_TASK),
                                         .valid_seconds = 60};
    const struct hk_token_grant false_grant = {.subject = HK_STR("ann"),
                                               .role = HK_STR("Public"),
                                               .scope = HK_STR(HK_SCOPE_MLFLOW),
                                               .audience = HK_STR(HK_AUDIENCE_USER),
                                               .valid_seconds = 60};
    char *mlflow = bearer(&grant);
    expect("/open/user", mlflow, 200, "ti-1 ");
    struct hk_token_grant named = grant;
    named.name = HK_STR("d.t, run r");
    char *with_name = bearer(&named);
    expect("/open/user", with_name, 200, "ti-1 d.t, run r");
    expect("/open/user", with_name, 200, "ti-1 d.t, run r"); /* from the cache, too */
    named.subject = HK_STR("ti-2");                          /* the door says that it has ended */
    expect("/open/user", bearer(&named), 403, "{\"detail\":\"It has ended.\"}");
    expect("/x/viewer", bearer(&named), 403, "{\"detail\":\"Forbidden\"}");
    expect("/open/op", mlflow, 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/viewer", mlflow, 403, "{\"detail\":\"Forbidden\"}");
    expect("/open/user", task_bearer(), 403, "{\"detail\":\"Forbidden\"}");
    expect("/open/user", bearer(&false_grant), 403, "{\"detail\":\"Forbidden\"}");
    expect("/open/user", user_bearer("User"), 200, "ann User");
}

static void refuses_bad_tokens(void **state)
{
    (void)state;
    static const char not_authenticated[] = "{\"detail\":\"Not authenticated\"}";
    static const char invalid[] = "{\"detail\":\"Invalid JWT token\"}";
    expect("/x/viewer", NULL, 401, not_authenticated);
    expect("/x/viewer", "Bearer ", 401, not_authenticated);
    expect("/x/viewer", "Digest abc", 401, not_authenticated);
    expect("/x/viewer", "Bearer abc.def.ghi", 403, invalid);
    expect("/x/viewer", "Bearer ..", 403, invalid);
    expect("/x/viewer", "Bearer a.b.c.d", 403, invalid);
    char *good = user_bearer("Admin");
    expect("/x/viewer", good, 200, NULL);
    good[strlen(good) - 3] = good[strlen(good) - 3] == 'A' ? 'B' : 'A';
    expect("/x/viewer", good, 403, invalid);
    good = user_bearer("Admin");
    char *dot = strchr(good, '.');
    dot[5] = dot[5] == 'A' ? 'B' : 'A';
    expect("/x/viewer", good, 403, invalid);
    now_us += 65 * HK_SECOND_US;
    expect("/x/viewer", user_bearer("Admin"), 200, NULL);
}

static void checks_times(void **state)
{
    (void)state;
    char *token = user_bearer("Admin");
    now_us += 69 * HK_SECOND_US; /* within the leeway */
    expect("/x/viewer", token, 200, NULL);
    now_us += 1 * HK_SECOND_US;
    expect("/x/viewer", token, 401, "{\"detail\":\"Token Expired\"}");
    token = user_bearer("Admin");
    now_us -= 11 * HK_SECOND_US;
    expect("/x/viewer", token, 403, "{\"detail\":\"Invalid JWT token\"}"); /* not yet */
}

/* Tokens made by hand and signed right: only the claims or the header are wrong. */
static char *hand_made(const char *header, const char *claims)
{
    struct hk_str h = hk_base64url_encode(header, strlen(header), &arena);
    struct hk_str c = hk_base64url_encode(claims, strlen(claims), &arena);
    unsigned char secret[HK_TOKEN_SECRET_SIZE];
    for (int i = 0; i < HK_TOKEN_SECRET_SIZE; i++) {
        secret[i] = (unsigned char)i;
    }
    char *text = hk_arena_printf(&arena, "%.*s.%.*s", HK_STR_ARG(h), HK_STR_ARG(c));
    unsigned char signature[64];
    hk_token_sign(secret, hk_str_from(text), signature);
    struct hk_str s = hk_base64url_encode(signature, sizeof signature, &arena);
    return hk_arena_printf(&arena, "Bearer %s.%.*s", text, HK_STR_ARG(s));
}

static void pins_the_algorithm_and_claims(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"HS512\",\"typ\":\"JWT\"}";
    static const char times[] = "\"nbf\":1789999999,\"iat\":1789999999,\"exp\":1790000060";
    char *good = hk_arena_printf(&arena, "{\"sub\":\"a\",\"role\":\"Op\",\"aud\":\"apache-airflow\",%s}", times);
    expect("/x/op", hand_made(header, good), 200, "a Op");
    char *listed = hk_arena_printf(&arena, "{\"sub\":\"a\",\"role\":\"Op\",\"aud\":[1,\"apache-airflow\"],%s}", times);
    expect("/x/op", hand_made(header, listed), 200, "a Op");
    static const char *const headers[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{}", "[]", "x", "{\"alg\":\"HS512\",\"crit\":[\"b64\"]}",
        "{\"alg\":5}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        expect("/x/op", hand_made(headers[i], good), 403, NULL);
    }
    static const char *const claims[] = {"{\"sub\":\"a\",\"role\":\"Op\",\"aud\":\"other\",%s}",
                                         "{\"sub\":\"a\",\"role\":\"Op\",%s}",
                                         "{\"role\":\"Op\",\"aud\":\"apache-airflow\",%s}",
                                         "{\"sub\":7,\"role\":\"Op\",\"aud\":\"apache-airflow\",%s}",
                                         "[%s]",
                                         "{\"sub\":\"\",\"role\":\"Op\",\"aud\":\"apache-airflow\",%s}"};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        char text[256];
        struct hk_buf buf;
        hk_buf_init(&buf, sizeof text);
        struct hk_str rest = hk_str_from(claims[i]);
        const char *mark = strstr(rest.data, "%s");
        hk_buf_add(&buf, rest.data, (size_t)(mark - rest.data));
        hk_buf_add_text(&buf, times);
        hk_buf_add_text(&buf, mark + 2);
        expect("/x/op", hand_made(header, buf.data), 403, NULL);
        hk_buf_clear(&buf);
    }
    static const char no_exp[] = "{\"sub\":\"a\",\"role\":\"Op\",\"aud\":\"apache-airflow\",\"nbf\":1,\"iat\":1}";
    expect("/x/op", hand_made(header, no_exp), 403, NULL);
    static const char text_exp[] =
        "{\"sub\":\"a\",\"role\":\"Op\",\"aud\":\"apache-airflow\",\"nbf\":1,\"iat\":1,\"exp\":\"9999999999\"}";
    expect("/x/op", hand_made(header, text_exp), 403, NULL);
}

/* -- basic -- */

static void accepts_basic(void **state)
{
    (void)state;
    expect("/x/admin", basic("admin:s3:cret"), 200, "admin Admin");
    expect("/x/viewer", basic("viewer:look"), 200, "viewer Viewer");
    expect("/x/op", basic("viewer:look"), 403, "{\"detail\":\"Forbidden\"}");
    expect("/x/viewer", basic("viewer:lool"), 401, "{\"detail\":\"Invalid credentials\"}");
    expect("/x/viewer", basic("nobody:look"), 401, "{\"detail\":\"Invalid credentials\"}");
    expect("/x/viewer", basic("viewer"), 401, "{\"detail\":\"Invalid credentials\"}");
    expect("/x/viewer", "Basic !!!", 401, "{\"detail\":\"Invalid credentials\"}");
    database_is_down = true;
    expect("/x/viewer", basic("viewer:look"), 503, "{\"detail\":\"The database is busy; try again.\"}");
}

static void remembers_until_the_password_changes(void **state)
{
    (void)state;
    char *header = basic("viewer:look");
    expect("/x/viewer", header, 200, NULL);
    for (int i = 0; i < 2000; i++) { /* at scrypt's price this would take a minute */
        expect("/x/viewer", header, 200, NULL);
        i += 19;
    }
    char old[HK_PASSWORD_HASH_SIZE];
    memcpy(old, viewer_hash, sizeof old);
    assert_true(hk_password_hash(HK_STR("other"), viewer_hash, &err));
    expect("/x/viewer", header, 401, NULL);
    memcpy(viewer_hash, old, sizeof old);
    now_us += 6 * HK_MINUTE_US;
    expect("/x/viewer", header, 200, NULL);
}

static void slows_guessing(void **state)
{
    (void)state;
    expect("/x/viewer", basic("viewer:look"), 200, NULL);
    for (int i = 0; i < HK_LOGIN_FAILURES_MAX; i++) {
        expect("/x/viewer", basic("admin:guess"), 401, NULL);
    }
    static const char closed[] = "{\"detail\":\"Too many failed logins from 127.0.0.1; wait a minute and try again.\"}";
    expect("/x/viewer", basic("admin:s3:cret"), 429, closed);
    expect("/x/viewer", basic("viewer:look"), 200, NULL); /* remembered: no guess */
    struct hk_call call = {
        .method = "POST", .target = "/auth/token", .body = "{\"username\":\"admin\",\"password\":\"s3:cret\"}"};
    expect_call(&call, 429, closed);
    call.remote = "127.0.0.2";
    expect_call(&call, 201, NULL);
    now_us += HK_LOGIN_WINDOW_SECONDS * HK_SECOND_US;
    expect("/x/viewer", basic("admin:s3:cret"), 200, NULL);
}

static void throttle_is_bounded(void **state)
{
    (void)state;
    struct hk_throttle *throttle = hk_alloc(sizeof *throttle);
    throttle->most = 2;
    throttle->window_us = 1000;
    for (int i = 0; i < HK_THROTTLE_SLOTS + 5; i++) {
        char key[32];
        snprintf(key, sizeof key, "10.0.0.%d", i);
        hk_throttle_fail(throttle, hk_str_from(key), i);
        hk_throttle_fail(throttle, hk_str_from(key), i);
        assert_true(hk_throttle_is_closed(throttle, hk_str_from(key), i));
    }
    assert_false(hk_throttle_is_closed(throttle, HK_STR("10.0.0.0"), 5)); /* made room */
    free(throttle);
}

/* -- the /auth door -- */

static void logs_in(void **state)
{
    (void)state;
    struct hk_call call = {
        .method = "POST", .target = "/auth/token", .body = "{\"username\":\"admin\",\"password\":\"s3:cret\"}"};
    struct hk_exchange *x = hk_exchange_call(router, auth, &call);
    assert_int_equal(x->response.status, 201);
    const char *begin = "{\"access_token\":\"eyJhbGciOiJIUzUxMiIsImtpZCI6Im5vdC11c2VkIiwidHlwIjoiSldUIn0.";
    assert_true(hk_str_starts_with(hk_buf_str(&x->response.body), begin));
    json_t *body = hk_json_parse(hk_buf_str(&x->response.body), &err);
    char *header = hk_arena_printf(&arena, "Bearer %s", hk_json_get_text(body, "access_token", ""));
    json_decref(body);
    hk_exchange_release(x);
    expect("/x/admin", header, 200, "admin Admin");
    now_us += (HK_TOKEN_SECONDS + 5) * HK_SECOND_US;
    expect("/x/admin", header, 200, NULL);
    now_us += 10 * HK_SECOND_US;
    expect("/x/admin", header, 401, NULL);
}

static void answers_as_airflow_does(void **state)
{
    (void)state;
    struct hk_call call = {
        .method = "POST", .target = "/auth/token", .body = "{\"username\":\"admin\",\"password\":\"x\"}"};
    expect_call(&call, 401, "{\"detail\":\"Invalid credentials\"}");
    call.body = "{\"username\":\"admin\"}";
    expect_call(&call, 422,
                "{\"detail\":\"1 validation error for LoginBody\\npassword\\n  Field required [type=missing, "
                "input_value={'username': 'admin'}, input_type=dict]\\n    For further information visit "
                "https://errors.pydantic.dev/2.14/v/missing\"}");
    call.body = "{\"username\":\"012345678901234567890123456789abcdef\"}";
    expect_call(&call, 422,
                "{\"detail\":\"1 validation error for LoginBody\\npassword\\n  Field required [type=missing, "
                "input_value={'username': '01234567890...4567890123456789abcdef'}, input_type=dict]\\n    For further "
                "information visit https://errors.pydantic.dev/2.14/v/missing\"}");
    call.body = "{\"username\":\"\",\"password\":\"x\"}";
    expect_call(&call, 400, "{\"detail\":\"Username and password must be provided\"}");
    call.body = "[]";
    expect_call(&call, 422, NULL);
    call.body = "{";
    expect_call(&call, 422, NULL);
    call.body = "x";
    call.content_type = "text/plain";
    expect_call(&call, 415, "{\"detail\":\"Only application/json or application/x-www-form-urlencoded is supported\"}");
    call.content_type = "application/x-www-form-urlencoded";
    call.body = "username=admin&password=s3%3Acret";
    expect_call(&call, 201, NULL);
    call.body = "username=admin";
    expect_call(&call, 422,
                "{\"detail\":\"1 validation error for LoginBody\\npassword\\n  Input should be a valid string "
                "[type=string_type, input_value=None, input_type=NoneType]\\n    For further information visit "
                "https://errors.pydantic.dev/2.14/v/string_type\"}");
    expect("/auth/token", NULL, 403,
           "{\"detail\":\"This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True\"}");
}

static void logs_in_from_the_cli(void **state)
{
    (void)state;
    struct hk_call call = {
        .method = "POST", .target = "/auth/token/cli", .body = "{\"username\":\"admin\",\"password\":\"s3:cret\"}"};
    expect_call(&call, 201, NULL);
    call.body = "{\"username\":\"admin\"}";
    expect_call(&call, 422,
                "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"password\"],\"msg\":\"Field required\","
                "\"input\":{\"username\":\"admin\"}}]}");
    call.body = "{\"username\":\"admin\",\"password\":\"x\"}";
    expect_call(&call, 401, "{\"detail\":\"Invalid credentials\"}");
}

static void makes_everybody_admin(void **state)
{
    (void)state;
    expect("/x/admin", NULL, 200, "Anonymous Admin");
    expect("/x/admin", "Bearer nonsense", 200, "Anonymous Admin");
    expect("/x/admin", user_bearer("Viewer"), 200, "Anonymous Admin");
    expect("/x/task", task_bearer(), 200, "ti-1 ");
    expect("/x/task", NULL, 403, NULL);
    expect("/auth/token", NULL, 201, NULL);
    struct hk_call call = {
        .method = "POST", .target = "/auth/token", .body = "{\"username\":\"whoever\",\"password\":\"\"}"};
    expect_call(&call, 201, NULL);
}

/* A web page somewhere may let its own name point to this machine, and its reader's browser then sends whatever the
 * page wants: to a server that lets everybody in, were it not for the name. */
static void lets_no_page_be_admin(void **state)
{
    (void)state;
    static const char *const ours[] = {"localhost", "LocalHost:8080", "127.0.0.1:1",
                                       "127.9.9.9", "[::1]:8080",     "[::1]"};
    static const char *const others[] = {
        "evil.example",  "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "", "127.0.0.1evil",
        "10.0.0.1:8080", "[::2]:8080"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        expect_call(&(struct hk_call){.target = "/x/admin", .host = ours[i]}, 200, "Anonymous Admin");
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        expect_call(&(struct hk_call){.target = "/x/admin", .host = others[i]}, 403, NULL);
        expect_call(&(struct hk_call){.target = "/auth/token", .host = others[i]}, 403, NULL);
    }
}

#define AUTH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUTH_TEST(allows_by_role),
        AUTH_TEST(lets_tasks_in_by_scope),
        AUTH_TEST(refuses_bad_tokens),
        AUTH_TEST(checks_times),
        AUTH_TEST(pins_the_algorithm_and_claims),
        AUTH_TEST(accepts_basic),
        AUTH_TEST(remembers_until_the_password_changes),
        AUTH_TEST(slows_guessing),
        AUTH_TEST(throttle_is_bounded),
        AUTH_TEST(logs_in),
        AUTH_TEST(answers_as_airflow_does),
        AUTH_TEST(logs_in_from_the_cli),
        cmocka_unit_test_setup_teardown(makes_everybody_admin, set_up_all_admins, tear_down),
        cmocka_unit_test_setup_teardown(lets_no_page_be_admin, set_up_all_admins, tear_down),
    };
    if (!hk_password_hash(HK_STR("s3:cret"), admin_hash, &err) ||
        !hk_password_hash(HK_STR("look"), viewer_hash, &err)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
