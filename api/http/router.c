#include "api/http/router.h"

#include <stdlib.h>
#include <string.h>

#include "api/http/listen.h"
#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

/* A tree of path segments, built once. `rest` is a "{name:path}" at the end of a pattern. */
struct node {
    struct hk_str word; /* of a written segment */
    struct node **words;
    size_t word_count;
    size_t word_cap;
    struct node *parameter;
    struct node *rest;
    const struct hk_route *routes[HK_METHOD_COUNT];
    size_t doors[HK_METHOD_COUNT];
    bool has_routes;
};

struct hk_router {
    struct node root;
    struct hk_door *doors;
    size_t door_count;
    size_t door_cap;
};

static void answer_health(const struct hk_request *req, struct hk_response *res)
{
    (void)req;
    hk_response_json(res, 200, HK_STR("{\"status\":\"ok\"}"));
}

static const struct hk_route health_routes[] = {{HK_METHOD_GET, "/health", HK_ROLE_ANYONE, answer_health}};
static const char *const health_prefixes[] = {"/health", NULL};
static const struct hk_door health_door = {
    .name = "health", .prefixes = health_prefixes, .routes = health_routes, .route_count = 1};

struct hk_router *hk_router_create(void)
{
    struct hk_router *router = hk_alloc(sizeof *router);
    struct hk_error err;
    HK_ASSERT(hk_router_add(router, &health_door, &err));
    return router;
}

static void clear_node(struct node *node);

static void free_node(struct node *node)
{
    if (node != NULL) {
        clear_node(node);
        free(node);
    }
}

static void clear_node(struct node *node)
{
    for (size_t i = 0; i < node->word_count; i++) {
        free_node(node->words[i]);
    }
    free(node->words);
    free_node(node->parameter);
    free_node(node->rest);
}

void hk_router_destroy(struct hk_router *router)
{
    if (router != NULL) {
        clear_node(&router->root);
        free(router->doors);
        free(router);
    }
}

static struct node *find_word(const struct node *node, struct hk_str word)
{
    for (size_t i = 0; i < node->word_count; i++) {
        if (hk_str_eq(node->words[i]->word, word)) {
            return node->words[i];
        }
    }
    return NULL;
}

static struct node *add_word(struct node *node, struct hk_str word)
{
    struct node *found = find_word(node, word);
    if (found == NULL) {
        found = hk_alloc(sizeof *found);
        found->word = word;
        hk_array_grow((void **)&node->words, &node->word_cap, node->word_count + 1, sizeof(struct node *));
        node->words[node->word_count++] = found;
    }
    return found;
}

static struct node *add_child(struct node **place)
{
    if (*place == NULL) {
        *place = hk_alloc(sizeof **place);
    }
    return *place;
}

static bool is_parameter(struct hk_str segment)
{
    return segment.len > 2 && segment.data[0] == '{' && segment.data[segment.len - 1] == '}';
}

static bool takes_rest(struct hk_str segment)
{
    return is_parameter(segment) && hk_str_ends_with(segment, ":path}");
}

/* The next segment of a path; `rest` stands behind a '/'. */
static bool next_segment(struct hk_str *rest, struct hk_str *segment)
{
    if (rest->data == NULL) {
        return false;
    }
    const char *slash = rest->len > 0 ? memchr(rest->data, '/', rest->len) : NULL;
    segment->data = rest->data;
    segment->len = slash != NULL ? (size_t)(slash - rest->data) : rest->len;
    *rest = slash != NULL ? (struct hk_str){slash + 1, rest->len - segment->len - 1} : (struct hk_str){0};
    return true;
}

static struct node *add_pattern(struct hk_router *router, const char *pattern, struct hk_error *err)
{
    struct node *node = &router->root;
    struct hk_str rest = hk_str_from(pattern);
    if (!hk_str_starts_with(rest, "/")) {
        hk_error_set(err, HK_INVALID, "The route '%s' does not begin with '/'.", pattern);
        return NULL;
    }
    rest = (struct hk_str){rest.data + 1, rest.len - 1};
    struct hk_str segment;
    while (next_segment(&rest, &segment)) {
        if (takes_rest(segment)) {
            if (rest.data != NULL) {
                hk_error_set(err, HK_INVALID, "In the route '%s' a ':path' parameter is not the last.", pattern);
                return NULL;
            }
            node = add_child(&node->rest);
        } else if (is_parameter(segment)) {
            node = add_child(&node->parameter);
        } else {
            node = add_word(node, segment);
        }
    }
    return node;
}

static bool check_prefixes(const struct hk_router *router, const struct hk_door *door, struct hk_error *err)
{
    for (const char *const *prefix = door->prefixes; *prefix != NULL; prefix++) {
        for (size_t i = 0; i < router->door_count; i++) {
            for (const char *const *taken = router->doors[i].prefixes; *taken != NULL; taken++) {
                if (strcmp(*prefix, *taken) == 0) {
                    return hk_error_set(err, HK_CONFLICT, "The doors '%s' and '%s' both want the path '%s'.",
                                        router->doors[i].name, door->name, *prefix);
                }
            }
        }
    }
    return true;
}

bool hk_router_add(struct hk_router *router, const struct hk_door *door, struct hk_error *err)
{
    if (!check_prefixes(router, door, err)) {
        return false;
    }
    for (size_t i = 0; i < door->route_count; i++) {
        const struct hk_route *route = &door->routes[i];
        HK_ASSERT(route->method != HK_METHOD_HEAD && (route->handler == NULL) != (route->begin == NULL));
        struct node *node = add_pattern(router, route->pattern, err);
        if (node == NULL) {
            return hk_error_prefix(err, "door '%s'", door->name);
        }
        if (node->routes[route->method] != NULL) {
            return hk_error_set(err, HK_CONFLICT, "The route %s %s is there already, as %s.",
                                hk_method_name(route->method), route->pattern, node->routes[route->method]->pattern);
        }
        node->routes[route->method] = route;
        node->doors[route->method] = router->door_count;
        node->has_routes = true;
    }
    hk_array_grow((void **)&router->doors, &router->door_cap, router->door_count + 1, sizeof *router->doors);
    router->doors[router->door_count++] = *door;
    return true;
}

/* A path on its way through the tree: its decoded segments and where each begins in the raw path. */
struct walk {
    struct hk_str segments[HK_MAX_PATH_SEGMENTS];
    struct hk_str remainders[HK_MAX_PATH_SEGMENTS]; /* raw, from this segment to the end */
    size_t count;
};

static bool split_path(struct hk_request *req, struct walk *walk, struct hk_error *err)
{
    struct hk_str rest = {req->path.data + 1, req->path.len - 1};
    if (rest.len > 0 && rest.data[rest.len - 1] == '/') {
        rest.len--; /* one trailing slash is tolerated */
    }
    struct hk_str remainder = rest;
    struct hk_str raw;
    while (next_segment(&rest, &raw)) {
        if (walk->count == HK_MAX_PATH_SEGMENTS) {
            return hk_error_set(err, HK_LIMIT, "The path has more than %d segments.", HK_MAX_PATH_SEGMENTS);
        }
        walk->remainders[walk->count] = remainder;
        if (!hk_percent_decode(raw, req->arena, &walk->segments[walk->count], err)) {
            return false;
        }
        walk->count++;
        remainder = rest;
    }
    return true;
}

/* Depth is bounded by HK_MAX_PATH_SEGMENTS; a written word is tried before a parameter, that before the rest. */
static const struct node *match(const struct node *node, const struct walk *walk, size_t at)
{
    if (at == walk->count) {
        return node->has_routes ? node : NULL;
    }
    struct hk_str segment = walk->segments[at];
    const struct node *word = find_word(node, segment);
    const struct node *found = word != NULL ? match(word, walk, at + 1) : NULL;
    if (found == NULL && node->parameter != NULL && segment.len > 0) {
        found = match(node->parameter, walk, at + 1);
    }
    if (found == NULL && node->rest != NULL && walk->remainders[at].len > 0) {
        found = node->rest;
    }
    return found;
}

static bool fill_parameters(struct hk_request *req, const struct hk_route *route, const struct walk *walk,
                            struct hk_error *err)
{
    struct hk_str rest = {route->pattern + 1, strlen(route->pattern) - 1};
    struct hk_str segment;
    for (size_t at = 0; next_segment(&rest, &segment); at++) {
        if (!is_parameter(segment)) {
            continue;
        }
        struct hk_str name = {segment.data + 1, segment.len - 2};
        struct hk_str value = walk->segments[at];
        if (takes_rest(segment)) {
            name.len -= strlen(":path");
            if (!hk_percent_decode(walk->remainders[at], req->arena, &value, err)) {
                return false;
            }
        }
        hk_pairs_add(&req->path_parameters, req->arena, name, value);
    }
    return true;
}

static bool has_prefix(struct hk_str path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strcmp(prefix, "/") == 0) {
        return true;
    }
    return hk_str_starts_with(path, prefix) && (path.len == len || path.data[len] == '/');
}

static const struct hk_door *find_door(const struct hk_router *router, struct hk_str path)
{
    const struct hk_door *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < router->door_count; i++) {
        for (const char *const *prefix = router->doors[i].prefixes; *prefix != NULL; prefix++) {
            if (strlen(*prefix) > best_len && has_prefix(path, *prefix)) {
                best = &router->doors[i];
                best_len = strlen(*prefix);
            }
        }
    }
    return best;
}

void hk_router_pick_door(const struct hk_router *router, struct hk_request *req)
{
    req->door = find_door(router, req->path);
}

static const struct hk_route *no_such_path(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_failure failure = {
        .status = 404, .code = HK_NOT_FOUND, .is_unknown_route = true, .message = "Not Found"};
    hk_fail_with(req, res, &failure);
    return NULL;
}

static const struct hk_route *no_such_method(const struct hk_request *req, struct hk_response *res,
                                             const struct node *node)
{
    struct hk_buf allow;
    hk_buf_init(&allow, 256);
    for (int i = 0; i < HK_METHOD_COUNT; i++) {
        if (node->routes[i] != NULL) {
            hk_buf_printf(&allow, "%s%s", allow.len > 0 ? ", " : "", hk_method_name((enum hk_method)i));
        }
    }
    hk_fail_status(req, res, 405, "Method Not Allowed");
    hk_response_header(res, "Allow", hk_buf_str(&allow));
    hk_buf_clear(&allow);
    return NULL;
}

const struct hk_route *hk_router_find(const struct hk_router *router, struct hk_request *req, struct hk_response *res)
{
    struct walk walk = {.count = 0};
    struct hk_error err;
    hk_router_pick_door(router, req);
    if (!split_path(req, &walk, &err)) {
        hk_fail_error(req, res, &err);
        return NULL;
    }
    const struct node *node = match(&router->root, &walk, 0);
    if (node == NULL) {
        return no_such_path(req, res);
    }
    enum hk_method method = req->method == HK_METHOD_HEAD ? HK_METHOD_GET : req->method;
    const struct hk_route *route = node->routes[method];
    if (route == NULL) {
        return no_such_method(req, res, node);
    }
    req->door = &router->doors[node->doors[method]];
    req->context = req->door->context;
    if (!fill_parameters(req, route, &walk, &err)) {
        hk_fail_error(req, res, &err);
        return NULL;
    }
    return route;
}

static bool authenticate(struct hk_auth *auth, struct hk_request *req, struct hk_response *res)
{
    struct hk_error err;
    struct hk_str authorization = hk_request_header(req, "Authorization");
    if (hk_auth_identify(auth, authorization, req->remote, req->arena, &req->caller, &err)) {
        return true;
    }
    const struct hk_failure failure = {
        .status = err.code == HK_LIMIT ? 429 : hk_code_status(err.code), .code = err.code, .message = err.message};
    hk_fail_with(req, res, &failure);
    return false;
}

/* A task of this door's scope. */
static bool is_task_here(const struct hk_request *req)
{
    const char *scope = req->door->task_scope;
    return req->caller.role == HK_ROLE_TASK && scope != NULL && hk_str_is(req->caller.scope, scope);
}

static bool may_use(const struct hk_request *req, const struct hk_route *route, struct hk_error *err)
{
    bool is_task = is_task_here(req);
    if (!hk_role_allows(is_task ? HK_ROLE_USER : req->caller.role, route->needs)) {
        return hk_error_set(err, HK_DENIED, "Forbidden");
    }
    return !is_task || req->door->admits_task == NULL ||
           req->door->admits_task(req->door->context, req->caller.username, err);
}

const struct hk_route *hk_router_admit(const struct hk_router *router, struct hk_auth *auth, struct hk_request *req,
                                       struct hk_response *res)
{
    const struct hk_route *route = hk_router_find(router, req, res);
    if (route != NULL && auth != NULL && hk_auth_is_all_admins(auth) &&
        !hk_host_is_loopback(hk_request_header(req, "Host"))) {
        hk_fail(req, res, HK_DENIED, "With --all-admins hanok only answers what is sent to localhost by that name.");
        return NULL; /* a web page whose own name leads to this machine */
    }
    if (route == NULL || route->needs == HK_ROLE_ANYONE) {
        return route;
    }
    HK_ASSERT(auth != NULL);
    if (!authenticate(auth, req, res)) {
        return NULL;
    }
    struct hk_error err;
    if (!may_use(req, route, &err)) {
        hk_fail_error(req, res, &err);
        return NULL;
    }
    return route;
}

void hk_router_run(const struct hk_route *route, struct hk_request *req, struct hk_response *res)
{
    if (route->takes_bytes || hk_json_is_small(req->body, HK_MAX_BODY_VALUES)) {
        route->handler(req, res);
    } else {
        hk_fail(req, res, HK_LIMIT, "The body holds more than %d values; send fewer at once.", HK_MAX_BODY_VALUES);
    }
}

bool hk_router_begin(const struct hk_route *route, struct hk_request *req, struct hk_response *res,
                     struct hk_sink *sink)
{
    *sink = (struct hk_sink){0};
    route->begin(req, res, sink);
    HK_ASSERT(!res->is_deferred);
    return sink->end != NULL;
}

/* What the server does as the body arrives, at once. */
static void run_at_once(const struct hk_route *route, struct hk_request *req, struct hk_response *res)
{
    struct hk_sink sink;
    if (!hk_router_begin(route, req, res, &sink)) {
        return;
    }
    if (req->body.len > 0) {
        (void)sink.write(sink.context, req->body.data, req->body.len);
    }
    sink.end(sink.context, req, res);
}

void hk_router_dispatch(const struct hk_router *router, struct hk_auth *auth, struct hk_request *req,
                        struct hk_response *res)
{
    const struct hk_route *route = hk_router_admit(router, auth, req, res);
    if (route != NULL && route->begin != NULL) {
        run_at_once(route, req, res);
    } else if (route != NULL) {
        hk_router_run(route, req, res);
    }
}
