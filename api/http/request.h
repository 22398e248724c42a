/* struct hk_request: one HTTP request as a handler sees it, already split and decoded. Everything in it lives in the
 * request's arena and dies with it; what must last is copied. A handler reads it and fills a struct hk_response:
 *
 *     static void get_dag(const struct hk_request *req, struct hk_response *res)
 *     {
 *         struct my_door *door = req->context;
 *         struct hk_str dag_id = hk_request_path(req, "dag_id");
 *         ...
 *     }
 *
 * Path parameters are percent-decoded one segment at a time ('+' stays '+'), query parameters are form-decoded
 * ('+' is a space), repeats are kept in their order. Header names compare without case. Handlers never see a request
 * whose path holds '..', a NUL or bytes that are not UTF-8: the parser below answered 400 before. Pure; any thread. */
#ifndef HK_HTTP_REQUEST_H
#define HK_HTTP_REQUEST_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

enum hk_method {
    HK_METHOD_GET,
    HK_METHOD_HEAD, /* routed as GET; the server leaves the body out */
    HK_METHOD_POST,
    HK_METHOD_PUT,
    HK_METHOD_PATCH,
    HK_METHOD_DELETE,
    HK_METHOD_OPTIONS,
    HK_METHOD_COUNT
};

/* What a caller may do, and what a route needs; each role may do all that the roles above it in this list may.
 * See the table in auth.h. */
enum hk_role {
    HK_ROLE_ANYONE, /* a route that looks at no credentials; a caller without any */
    HK_ROLE_PUBLIC, /* a known caller who has been given nothing */
    HK_ROLE_VIEWER,
    HK_ROLE_USER,
    HK_ROLE_OP,
    HK_ROLE_ADMIN,
    HK_ROLE_TASK, /* beside the others: a running task's own token; only for doors that say so (router.h) */
    HK_ROLE_COUNT
};

struct hk_pair {
    struct hk_str name;
    struct hk_str value;
};

struct hk_pairs {
    struct hk_pair *items;
    size_t len;
    size_t cap;
};

struct hk_caller {
    struct hk_str username; /* empty: nobody. For HK_ROLE_TASK: the task instance's id (the token's `sub`) */
    enum hk_role role;
    struct hk_str scope; /* the token's `scope` claim, or empty */
    struct hk_str name;  /* of a task, for people to read, as its token has it; or empty */
};

struct hk_door;

struct hk_request {
    enum hk_method method;
    struct hk_str path;      /* as sent, before the '?' and before decoding */
    struct hk_str raw_query; /* as sent, after the '?' */
    struct hk_pairs path_parameters;
    struct hk_pairs query;
    struct hk_pairs headers;
    struct hk_str body;
    struct hk_str remote; /* the caller's address without port: "127.0.0.1" */
    struct hk_caller caller;
    const struct hk_door *door; /* whose route this is; its write_error shapes failures */
    void *context;              /* door->context */
    struct hk_arena *arena;     /* the request's own; usable by the handler */
};

/* Limits on what one request may hold; more is refused with HK_LIMIT. */
enum { HK_MAX_QUERY_PARAMETERS = 1000, HK_MAX_HEADERS = 200, HK_MAX_PATH_SEGMENTS = 64 };

/* By name: the value, or the empty string when absent (data NULL). The last one wins where a query parameter repeats,
 * as in FastAPI; the first where a header does. */
struct hk_str hk_request_path(const struct hk_request *req, const char *name);
struct hk_str hk_request_query(const struct hk_request *req, const char *name);
struct hk_str hk_request_header(const struct hk_request *req, const char *name);
bool hk_request_has_query(const struct hk_request *req, const char *name);

/* The index-th value (from 0) of a repeated query parameter; false when there are no more. */
bool hk_request_query_at(const struct hk_request *req, const char *name, size_t index, struct hk_str *value);

/* "application/json" of "Application/JSON; charset=utf-8": lower case, in the arena; empty when absent. */
struct hk_str hk_request_media_type(const struct hk_request *req);

const char *hk_method_name(enum hk_method method);
bool hk_method_parse(struct hk_str name, enum hk_method *out);
void hk_pairs_add(struct hk_pairs *pairs, struct hk_arena *arena, struct hk_str name, struct hk_str value);

/* -- for the server, tests and fuzzing -- */

/* Splits a request target ("/a/b?x=1") into path, raw_query and query. HK_INVALID or HK_LIMIT. */
bool hk_request_parse_target(struct hk_request *req, struct hk_str target, struct hk_error *err);

/* Reads application/x-www-form-urlencoded text (a query or a small form) into out. */
bool hk_form_parse(struct hk_str text, struct hk_arena *arena, struct hk_pairs *out, struct hk_error *err);

/* Percent-decodes into the arena. A '%' without two hexadecimal digits stays as it is, as in Python (people type
 * "?dag_id_pattern=%sales%"). HK_INVALID on a NUL or bytes that are not UTF-8. */
bool hk_percent_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out, struct hk_error *err);

/* Refuses what could make two HTTP parsers disagree (request smuggling): two Content-Length or Host headers,
 * Content-Length beside Transfer-Encoding, an encoding other than "chunked", a length that is not a number.
 * HK_INVALID; the server answers 400 and closes. HK_LIMIT for too many or too long headers (431). */
bool hk_request_check_framing(const struct hk_request *req, bool is_http_1_1, struct hk_error *err);

#endif
