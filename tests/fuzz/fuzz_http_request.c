/* Bytes from the outside on their way through api/http, without a socket: the target (path, query, form), the
 * Authorization header, other headers, and a JSON body with every kind of check. The first line is the target, the
 * second the Authorization header, then come "Name:value" lines up to an empty one; the rest is the body. Invariants:
 * nothing crashes or leaks, every failure has a sentence, what was accepted is UTF-8 without NUL, and no made-up
 * credentials are accepted. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api/http/auth.h"
#include "api/http/base64.h"
#include "api/http/exchange.h"
#include "api/http/listen.h"
#include "api/http/router.h"
#include "api/http/validate.h"
#include "engine/base/json.h"

static const char *const names[] = {"aa", "bb", NULL};

static void check_text(struct hk_str s)
{
    HK_ASSERT(hk_str_is_utf8(s));
    HK_ASSERT(s.len == 0 || memchr(s.data, '\0', s.len) == NULL);
}

static void read_query(struct hk_validation *v)
{
    struct hk_str *values = NULL;
    (void)hk_query_int(v, "i", &(struct hk_int_rule){.has_least = true, .has_most = true, .most = 100});
    (void)hk_query_bool(v, "b", HK_UNSET);
    (void)hk_query_double(v, "f", 0);
    (void)hk_query_datetime(v, "d");
    (void)hk_query_airflow_datetime(v, "a");
    (void)hk_query_enum(v, "e", names, "enum");
    (void)hk_query_texts(v, "t", &values);
}

static void read_body(struct hk_validation *v)
{
    struct hk_body *list = NULL;
    struct hk_body *body = hk_body_open(v, HK_STRICT);
    struct hk_str text = hk_body_text(body, "s", HK_OPTIONAL);
    hk_body_check_length(body, "s", text, 1, 5);
    (void)hk_body_int(body, "i", HK_OPTIONAL, &(struct hk_int_rule){.has_least = true});
    (void)hk_body_double(body, "f", HK_OPTIONAL, 0);
    (void)hk_body_bool(body, "b", HK_OPTIONAL | HK_NULLABLE, HK_UNSET);
    (void)hk_body_datetime(body, "d", HK_OPTIONAL, true);
    (void)hk_body_enum(body, "e", HK_OPTIONAL, names, "enum");
    (void)hk_body_dict(body, "c", HK_OPTIONAL | HK_NULLABLE);
    (void)hk_body_document(body, "any", HK_OPTIONAL);
    size_t count = hk_body_list(body, "l", HK_OPTIONAL, &list);
    for (size_t i = 0; i < count && i < 100; i++) {
        (void)hk_body_int(hk_list_object(list, i, HK_STRICT), "n", HK_REQUIRED, &(struct hk_int_rule){0});
    }
}

static void handle(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    for (size_t i = 0; i < req->path_parameters.len; i++) {
        check_text(req->path_parameters.items[i].value);
    }
    hk_validation_begin(&v, req);
    read_query(&v);
    if (req->body.len > 0) {
        read_body(&v);
    }
    if (hk_validation_end(&v, res)) {
        res->status = 200;
    }
}

static void must_not_run(const struct hk_request *req, struct hk_response *res)
{
    (void)res;
    HK_ASSERT(req == NULL); /* made-up credentials were accepted */
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/a", HK_ROLE_ANYONE, handle},
    {HK_METHOD_GET, "/a/{one}", HK_ROLE_ANYONE, handle},
    {HK_METHOD_GET, "/a/{one}/b", HK_ROLE_ANYONE, handle},
    {HK_METHOD_GET, "/r/{rest:path}", HK_ROLE_ANYONE, handle},
    {HK_METHOD_GET, "/secret", HK_ROLE_PUBLIC, must_not_run},
};
static const char *const prefixes[] = {"/", NULL};

static bool find_nobody(void *context, struct hk_str username, char *hash, size_t hash_size, char *role,
                        size_t role_size, struct hk_error *err)
{
    (void)context;
    (void)hash;
    (void)hash_size;
    (void)role;
    (void)role_size;
    check_text(username);
    return hk_error_set(err, HK_UNAVAILABLE, "No users here."); /* NOT_FOUND would cost a scrypt each */
}

static struct hk_auth *auth;
static struct hk_router *router;
static unsigned char secret[HK_TOKEN_SECRET_SIZE];

static void set_up(void)
{
    struct hk_error err;
    struct hk_auth_options options = {.clock = hk_clock_system(), .users = {.find = find_nobody}};
    const struct hk_door door = {
        .name = "fuzz", .prefixes = prefixes, .routes = routes, .route_count = sizeof routes / sizeof routes[0]};
    HK_ASSERT(hk_token_new_secret(secret, &err));
    memcpy(options.secret, secret, sizeof secret);
    auth = hk_auth_create(&options);
    router = hk_router_create();
    HK_ASSERT(hk_router_add(router, &door, &err));
}

static void route(struct hk_request *req, struct hk_arena *arena)
{
    struct hk_response res;
    hk_response_init(&res, arena);
    hk_router_dispatch(router, auth, req, &res);
    HK_ASSERT(res.status >= 200 && res.status < 600);
    HK_ASSERT(res.status < 400 || res.body.len > 0);
    HK_ASSERT(hk_str_is_utf8(hk_buf_str(&res.body)));
    hk_response_clear(&res);
}

/* What only somebody with the key could send, so that what a token says is read, too. */
static void verify_signed(struct hk_str claims, struct hk_arena *arena)
{
    static const char header[] = "{\"alg\":\"HS512\"}";
    unsigned char signature[HK_TOKEN_SIGNATURE_SIZE];
    struct hk_token token;
    struct hk_error err = {0};
    struct hk_str a = hk_base64url_encode(header, strlen(header), arena);
    struct hk_str b = hk_base64url_encode(claims.len > 0 ? claims.data : "", claims.len, arena);
    char *text = hk_arena_printf(arena, "%.*s.%.*s", HK_STR_ARG(a), HK_STR_ARG(b));
    hk_token_sign(secret, hk_str_from(text), signature);
    struct hk_str c = hk_base64url_encode(signature, sizeof signature, arena);
    text = hk_arena_printf(arena, "%s.%.*s", text, HK_STR_ARG(c));
    if (hk_auth_verify(auth, hk_str_from(text), HK_STR(HK_AUDIENCE_USER), arena, &token, &err)) {
        HK_ASSERT(token.subject.len > 0);
        check_text(token.subject);
    } else {
        HK_ASSERT(err.message[0] != '\0');
    }
}

static size_t count_values(const json_t *value)
{
    size_t n = 1;
    size_t i = 0;
    const char *key = NULL;
    json_t *item = NULL;
    json_array_foreach (value, i, item) {
        n += count_values(item);
    }
    json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
        n += count_values(item);
    }
    return n;
}

/* The limit is applied to what is counted without a tree: that is never less than the tree has. */
static void check_count(struct hk_str body)
{
    struct hk_error err;
    json_t *value = hk_json_parse(body, &err);
    size_t n = value != NULL ? count_values(value) : 0;
    HK_ASSERT(n == 0 || !hk_json_is_small(body, n - 1));
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (router == NULL) {
        set_up();
    }
    struct hk_arena arena = {0};
    struct hk_error err;
    struct hk_str rest = {(const char *)data, size};
    struct hk_str target = {0};
    struct hk_str authorization = {0};
    (void)hk_str_next(&rest, '\n', &target);
    (void)hk_str_next(&rest, '\n', &authorization);
    struct hk_request req = {.arena = &arena, .remote = HK_STR("127.0.0.1")};
    hk_pairs_add(&req.headers, &arena, HK_STR("Content-Type"), HK_STR("application/json"));
    hk_pairs_add(&req.headers, &arena, HK_STR("Authorization"), authorization);
    struct hk_str line;
    struct hk_str name;
    while (hk_str_next(&rest, '\n', &line) && line.len > 0) {
        (void)hk_str_next(&line, ':', &name);
        hk_pairs_add(&req.headers, &arena, name, line);
    }
    req.body = rest;
    (void)hk_host_is_loopback(hk_request_header(&req, "Host"));
    (void)hk_request_media_type(&req);
    if (!hk_request_check_framing(&req, true, &err)) {
        HK_ASSERT(err.message[0] != '\0');
    }
    if (hk_request_parse_target(&req, target, &err)) {
        for (size_t i = 0; i < req.query.len; i++) {
            check_text(req.query.items[i].name);
            check_text(req.query.items[i].value);
        }
        route(&req, &arena);
    } else {
        HK_ASSERT(err.message[0] != '\0');
    }
    check_count(rest);
    verify_signed(rest, &arena);
    struct hk_request behind_a_lock = {
        .arena = &arena, .path = HK_STR("/secret"), .headers = req.headers, .remote = req.remote};
    route(&behind_a_lock, &arena);
    hk_arena_clear(&arena);
    return 0;
}
