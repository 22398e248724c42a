/* Checking what a caller sent, with the answers FastAPI and pydantic give: every mistake at once, 422,
 * {"detail":[{"type","loc","msg","input","ctx"}]}. Values come back as return values (a neutral one after
 * a mistake), the mistakes are collected, and the end tells:
 *
 *     struct hk_validation v;
 *     hk_validation_begin(&v, req);
 *     int64_t limit = hk_query_int(&v, "limit", &(struct hk_int_rule){.fallback = 50, .has_least = true, .least = 0});
 *     struct hk_body *body = hk_body_open(&v, HK_STRICT);
 *     struct hk_str note = hk_body_text(body, "note", HK_OPTIONAL | HK_NULLABLE);
 *     if (!hk_validation_end(&v, res)) {
 *         return;
 *     }
 *
 * Strings and documents are copies in the request's arena and outlive hk_validation_end, which frees the parsed tree:
 * call it exactly once. Members are checked in the order they are asked for, as pydantic goes through a model's fields;
 * in a HK_STRICT object those never asked for are refused (extra_forbidden) at the end. hk_str values are told apart
 * from absent and null by data == NULL. */
#ifndef HK_HTTP_VALIDATE_H
#define HK_HTTP_VALIDATE_H

#include <jansson.h>

#include "api/http/request.h"
#include "api/http/response.h"
#include "engine/base/clock.h"

struct hk_validation_item;
struct hk_body;

struct hk_validation {
    const struct hk_request *request;
    struct hk_validation_item *first;
    struct hk_validation_item *last;
    size_t count;
    json_t *tree;
    struct hk_body *bodies; /* all opened, for the extra members */
    int other_status;       /* a failure that is not a 422 list, e.g. 400 */
    const char *other_message;
};

enum hk_body_flag {
    HK_REQUIRED = 0,
    HK_OPTIONAL = 1, /* may be absent */
    HK_NULLABLE = 2, /* may be null */
    HK_STRICT = 4    /* objects: members not asked for are mistakes */
};

enum hk_truth { HK_UNSET = -1, HK_FALSE = 0, HK_TRUE = 1 };

struct hk_int_rule {
    int64_t fallback; /* when absent */
    bool is_required;
    bool has_least;
    bool has_most;
    int64_t least;
    int64_t most;
};

void hk_validation_begin(struct hk_validation *v, const struct hk_request *req);
/* true: no mistakes. false: the answer has been written into res. */
HK_MUST_USE bool hk_validation_end(struct hk_validation *v, struct hk_response *res);

/* A mistake of the caller's own finding. where is "query", "path" or "body"; input_json and ctx_json are JSON texts
 * (empty: null input, no ctx). */
struct hk_mistake {
    const char *type;
    const char *where;
    const char *name; /* NULL: loc is [where] */
    bool has_index;   /* of a list: loc is [where, name, index] */
    size_t index;
    const char *message;
    struct hk_str input_json;
    struct hk_str ctx_json;
};
void hk_validation_add(struct hk_validation *v, const struct hk_mistake *mistake);
/* Ends with {"detail": message} and this status instead of a list, unless the list is not empty (Airflow answers some
 * mistakes with 400). The first one wins. */
void hk_validation_fail(struct hk_validation *v, int status, const char *fmt, ...) HK_PRINTF(3, 4);

/* -- query and path -- */
int64_t hk_query_int(struct hk_validation *v, const char *name, const struct hk_int_rule *rule);
double hk_query_double(struct hk_validation *v, const char *name, double fallback);
enum hk_truth hk_query_bool(struct hk_validation *v, const char *name, enum hk_truth fallback);
struct hk_str hk_query_text(struct hk_validation *v, const char *name, enum hk_body_flag flags);
/* pydantic's datetime: date, date and time, or a Unix time. HK_TIME_NONE when absent. */
int64_t hk_query_datetime(struct hk_validation *v, const char *name);
/* Airflow's own DateTimeQuery: a mistake is 400 {"detail":"Invalid datetime: 'x'. Please check ..."}. */
int64_t hk_query_airflow_datetime(struct hk_validation *v, const char *name);
/* Index into names (NULL-terminated), or -1 when absent. `type` is "enum" or "literal_error", as the model has it. */
int hk_query_enum(struct hk_validation *v, const char *name, const char *const *names, const char *type);
/* All values of a repeated parameter, in the arena. */
size_t hk_query_texts(struct hk_validation *v, const char *name, struct hk_str **values);
int64_t hk_path_int(struct hk_validation *v, const char *name, const struct hk_int_rule *rule);

/* -- JSON body -- */

/* Opens the body as an object: never NULL; after a mistake an empty one in which everything is absent and nothing
 * more is complained about. */
struct hk_body *hk_body_open(struct hk_validation *v, unsigned flags);
/* What is wrong in it from now on is told under this name, too, as pydantic does for one model of a union. */
void hk_body_tag(struct hk_body *body, const char *tag);
struct hk_body *hk_body_object(struct hk_body *parent, const char *name, unsigned flags);
bool hk_body_has(const struct hk_body *body, const char *name);     /* written, be it null */
bool hk_body_is_null(const struct hk_body *body, const char *name); /* written as null */

struct hk_str hk_body_text(struct hk_body *body, const char *name, unsigned flags);
int64_t hk_body_int(struct hk_body *body, const char *name, unsigned flags, const struct hk_int_rule *rule);
double hk_body_double(struct hk_body *body, const char *name, unsigned flags, double fallback);
enum hk_truth hk_body_bool(struct hk_body *body, const char *name, unsigned flags, enum hk_truth fallback);
/* A datetime in micros, or HK_TIME_NONE. needs_zone: pydantic's AwareDatetime. */
int64_t hk_body_datetime(struct hk_body *body, const char *name, unsigned flags, bool needs_zone);
int hk_body_enum(struct hk_body *body, const char *name, unsigned flags, const char *const *names, const char *type);
/* Any value, or only an object, as compact JSON text in the arena; data NULL when absent or null. */
struct hk_str hk_body_document(struct hk_body *body, const char *name, unsigned flags);
struct hk_str hk_body_dict(struct hk_body *body, const char *name, unsigned flags);
/* A list: its length (0 when absent or mistaken), then one item at a time. */
size_t hk_body_list(struct hk_body *body, const char *name, unsigned flags, struct hk_body **list);
struct hk_body *hk_list_object(struct hk_body *list, size_t index, unsigned flags);
struct hk_str hk_list_text(struct hk_body *list, size_t index);
/* Index into names, or -1 after a mistake or, with HK_NULLABLE, for null. */
int hk_list_enum(struct hk_body *list, size_t index, unsigned flags, const char *const *names, const char *type);
/* Any value, as compact JSON text in the arena. */
struct hk_str hk_list_document(struct hk_body *list, size_t index);

/* Text rules on a value that was read: length in characters. Adds string_too_long / string_too_short. */
void hk_body_check_length(struct hk_body *body, const char *name, struct hk_str value, size_t least, size_t most);

#endif
