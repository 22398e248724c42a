#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/mlflow/mlflow_internal.h"

#define SEE " See the API docs for more information about request parameters."

enum { MAX_NAME_BYTES = 64 };

static void mistake_v(struct hk__ml_arguments *args, const char *fmt, va_list list)
{
    if (args->mistake.data == NULL) {
        args->mistake = hk__ml_format(args->req->arena, fmt, list);
    }
}

void hk__ml_mistake(struct hk__ml_arguments *args, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    mistake_v(args, fmt, list);
    va_end(list);
}

void hk__ml_arguments_open(struct hk__ml_arguments *args, const struct hk_request *req)
{
    *args = (struct hk__ml_arguments){.req = req};
    if (req->method == HK_METHOD_GET || req->method == HK_METHOD_HEAD) {
        return;
    }
    struct hk_error err;
    args->tree = req->body.len == 0 ? json_object() : hk_json_parse(req->body, &err);
    if (args->tree == NULL) {
        hk__ml_mistake(args, "The request's body is not JSON: %s.", err.message);
    } else if (!json_is_object(args->tree)) {
        hk__ml_mistake(args, "The request's body must be a JSON object.");
    }
}

bool hk__ml_arguments_check(struct hk__ml_arguments *args, struct hk_response *res)
{
    if (args->mistake.data == NULL) {
        return true;
    }
    hk__ml_fail(res, HK__ML_INVALID_VALUE, "%s", args->mistake.data);
    hk__ml_arguments_close(args);
    return false;
}

void hk__ml_arguments_close(struct hk__ml_arguments *args)
{
    json_decref(args->tree);
    args->tree = NULL;
}

/* run_id is runId, too. */
static bool camel_case(const char *name, char out[MAX_NAME_BYTES])
{
    size_t n = 0;
    for (const char *at = name; *at != '\0'; at++) {
        bool is_turn = *at == '_' && at[1] >= 'a' && at[1] <= 'z';
        if (n + 1 >= MAX_NAME_BYTES) {
            return false;
        }
        out[n++] = is_turn ? (char)(*++at - 'a' + 'A') : *at;
    }
    out[n] = '\0';
    return true;
}

static const json_t *member(const struct hk__ml_arguments *args, const char *name)
{
    const json_t *value = json_object_get(args->tree, name);
    char camel[MAX_NAME_BYTES];
    if (value == NULL && camel_case(name, camel)) {
        value = json_object_get(args->tree, camel);
    }
    return json_is_null(value) ? NULL : value;
}

static void wrong_type(struct hk__ml_arguments *args, const char *name, const json_t *value)
{
    static const char *const python[] = {
        [JSON_OBJECT] = "dict", [JSON_ARRAY] = "list", [JSON_STRING] = "str", [JSON_INTEGER] = "int",
        [JSON_REAL] = "float",  [JSON_TRUE] = "bool",  [JSON_FALSE] = "bool", [JSON_NULL] = "NoneType"};
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    hk__ml_mistake(args, "Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'." SEE,
                   text != NULL ? text : "?", name, python[json_typeof(value)]);
    free(text);
}

static void missing(struct hk__ml_arguments *args, const char *name, int flags)
{
    if (flags == HK__ML_REQUIRED) {
        hk__ml_mistake(args, "Missing value for required parameter '%s'." SEE, name);
    }
}

bool hk__ml_has(const struct hk__ml_arguments *args, const char *name)
{
    return args->tree != NULL ? member(args, name) != NULL : hk_request_has_query(args->req, name);
}

struct hk_str hk__ml_string(struct hk__ml_arguments *args, const char *name, int flags)
{
    struct hk_str found = {0};
    if (args->tree == NULL) {
        found = hk_request_query(args->req, name);
    } else {
        const json_t *value = member(args, name);
        if (value != NULL && !json_is_string(value)) {
            wrong_type(args, name, value);
            return found;
        }
        if (value != NULL) {
            struct hk_str text = {json_string_value(value), json_string_length(value)};
            found = hk_arena_str(args->req->arena, text);
        }
    }
    if (found.len == 0) {
        missing(args, name, flags);
    }
    return found;
}

int64_t hk__ml_int(struct hk__ml_arguments *args, const char *name, int flags, int64_t fallback)
{
    const json_t *value = NULL;
    struct hk_str text = {0};
    int64_t number = fallback;
    if (args->tree == NULL) {
        text = hk_request_query(args->req, name);
    } else {
        value = member(args, name);
        text = (struct hk_str){json_string_value(value), json_string_length(value)};
    }
    if (value == NULL && text.data == NULL) {
        missing(args, name, flags);
        return fallback;
    }
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    double real = json_real_value(value);
    if (json_is_real(value) && real == floor(real) && fabs(real) < 9e15) {
        return (int64_t)real;
    }
    if (text.data != NULL && hk_str_to_i64(text, &number)) {
        return number;
    }
    json_t *shown = value != NULL ? NULL : json_stringn(text.data, text.len);
    wrong_type(args, name, value != NULL ? value : shown);
    json_decref(shown);
    return fallback;
}

/* protobuf writes what is not finite as a string. */
static bool read_double(struct hk_str text, double *out)
{
    if (hk_str_is(text, "NaN") || hk_str_is(text, "nan")) {
        *out = (double)NAN;
    } else if (hk_str_is(text, "Infinity") || hk_str_is(text, "inf")) {
        *out = (double)INFINITY;
    } else if (hk_str_is(text, "-Infinity") || hk_str_is(text, "-inf")) {
        *out = -(double)INFINITY;
    } else {
        return hk_str_to_double(text, out);
    }
    return true;
}

double hk__ml_double(struct hk__ml_arguments *args, const char *name, int flags, double fallback)
{
    const json_t *value = NULL;
    struct hk_str text = {0};
    double number = fallback;
    if (args->tree == NULL) {
        text = hk_request_query(args->req, name);
    } else {
        value = member(args, name);
        text = (struct hk_str){json_string_value(value), json_string_length(value)};
    }
    if (value == NULL && text.data == NULL) {
        missing(args, name, flags);
        return fallback;
    }
    if (json_is_number(value)) {
        return json_number_value(value);
    }
    if (text.data != NULL && read_double(text, &number)) {
        return number;
    }
    json_t *shown = value != NULL ? NULL : json_stringn(text.data, text.len);
    wrong_type(args, name, value != NULL ? value : shown);
    json_decref(shown);
    return fallback;
}

bool hk__ml_bool(struct hk__ml_arguments *args, const char *name, bool fallback)
{
    if (args->tree == NULL) {
        struct hk_str text = hk_request_query(args->req, name);
        bool is_true = text.len == 4 && strncasecmp(text.data, "true", 4) == 0;
        if (text.data != NULL && !is_true && !(text.len == 5 && strncasecmp(text.data, "false", 5) == 0)) {
            hk__ml_mistake(args, "Invalid boolean value: %.*s, must be 'true' or 'false'.", HK_STR_ARG(text));
        }
        return text.data != NULL ? is_true : fallback;
    }
    const json_t *value = member(args, name);
    if (value != NULL && !json_is_boolean(value)) {
        wrong_type(args, name, value);
    }
    return value != NULL ? json_is_true(value) : fallback;
}

static const json_t *tree_of_type(struct hk__ml_arguments *args, const char *name, int flags, json_type type)
{
    const json_t *value = args->tree != NULL ? member(args, name) : NULL;
    if (value == NULL) {
        missing(args, name, flags);
    } else if (json_typeof(value) != type) {
        wrong_type(args, name, value);
        return NULL;
    }
    return value;
}

const json_t *hk__ml_array(struct hk__ml_arguments *args, const char *name, int flags)
{
    return tree_of_type(args, name, flags, JSON_ARRAY);
}

const json_t *hk__ml_object(struct hk__ml_arguments *args, const char *name, int flags)
{
    return tree_of_type(args, name, flags, JSON_OBJECT);
}
