/* Which handler answers which path. Each door (one foreign API) is a table of routes, one or more path prefixes, and
 * a writer that shapes errors as that API does; all doors share one router, one port and one way of logging in.
 *
 *     static const struct hk_route routes[] = {
 *         {HK_METHOD_GET, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", HK_ROLE_VIEWER, get_dag_run},
 *         {HK_METHOD_GET, "/api/v2/variables/{variable_key:path}", HK_ROLE_OP, get_variable},
 *     };
 *     static const char *const prefixes[] = {"/api/v2", NULL};
 *     struct hk_door door = {.name = "airflow", .prefixes = prefixes, .routes = routes,
 *                            .route_count = 2, .write_error = write_airflow_error, .context = airflow};
 *     hk_router_add(router, &door, &err);
 *
 * "{name}" is one segment, "{name:path}" the non-empty rest with its slashes. Written words win over parameters. One
 * trailing slash is accepted. A known path with an unknown method is 405 with Allow; an unknown path is told to the
 * door with the longest matching prefix. HEAD runs GET. Build it first, then share it: reading is free of locks. */
#ifndef HK_HTTP_ROUTER_H
#define HK_HTTP_ROUTER_H

#include "api/http/auth.h"
#include "api/http/request.h"
#include "api/http/response.h"
#include "api/http/sink.h"

struct hk_route {
    enum hk_method method;
    const char *pattern;
    enum hk_role needs; /* the least role; HK_ROLE_ANYONE: no credentials are looked at */
    void (*handler)(const struct hk_request *req, struct hk_response *res);
    /* Instead of a handler: the body is not kept, it goes where this says (sink.h). */
    void (*begin)(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink);
    bool takes_bytes; /* the body is not JSON, so that it is not looked at for how many values it would have */
};

/* Strings, prefixes and routes are borrowed for the router's life; the struct itself is copied. */
struct hk_door {
    const char *name;
    const char *const *prefixes; /* NULL-terminated, "/api/v2" without a slash at the end; "/" takes all the rest */
    const struct hk_route *routes;
    size_t route_count;
    /* Fills an emptied response; it may only allocate from res->arena, and only read req. NULL: hk_write_detail. */
    void (*write_error)(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure);
    /* A running task whose token has this scope may do here what a User may; its role stays HK_ROLE_TASK. NULL: none.
     */
    const char *task_scope;
    /* Whether that task still runs; false: `err` is the answer. With the context. Any HTTP thread. NULL: nobody asks.
     */
    bool (*admits_task)(void *context, struct hk_str task, struct hk_error *err);
    void *context; /* becomes request->context */
    /* A number that is another one whenever answers that are is_lasting (response.h) may have changed. NULL: none are.
     * Any thread. */
    uint64_t (*generation)(void *context);
};

struct hk_router;

struct hk_router *hk_router_create(void);         /* knows GET /health: 200 {"status":"ok"} to all */
void hk_router_destroy(struct hk_router *router); /* NULL is fine */

/* HK_CONFLICT when a route or prefix is taken, HK_INVALID for a pattern that cannot be read. */
bool hk_router_add(struct hk_router *router, const struct hk_door *door, struct hk_error *err);

/* Finds the route for req->method and req->path and fills path_parameters, door and context. NULL after the failure has
 * been written into res (400, 404, 405). */
const struct hk_route *hk_router_find(const struct hk_router *router, struct hk_request *req, struct hk_response *res);

/* Only the door: who shapes a failure that comes before routing. */
void hk_router_pick_door(const struct hk_router *router, struct hk_request *req);

/* Find, authenticate, allow; what the server does before it reads a body. NULL after the failure has been written. */
const struct hk_route *hk_router_admit(const struct hk_router *router, struct hk_auth *auth, struct hk_request *req,
                                       struct hk_response *res);

/* What it does once the body is there: the handler, unless the body is JSON that would fill the memory when read. */
void hk_router_run(const struct hk_route *route, struct hk_request *req, struct hk_response *res);

/* The same for a route with `begin`, before the body. false: it was refused, and the answer is in res. */
bool hk_router_begin(const struct hk_route *route, struct hk_request *req, struct hk_response *res,
                     struct hk_sink *sink);

/* The whole way of a parsed request whose body is in memory: admit, then run or write it into the sink. auth may be
 * NULL only if every route is HK_ROLE_ANYONE. */
void hk_router_dispatch(const struct hk_router *router, struct hk_auth *auth, struct hk_request *req,
                        struct hk_response *res);

#endif
