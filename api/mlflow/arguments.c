#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/http/python_repr.h"
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

/* Old clients send their JSON as a JSON string. */
static json_t *parse(struct hk_str body, struct hk_error *err)
{
    json_t *tree = body.len == 0 ? json_object() : hk_json_parse(body, err);
    if (json_is_string(tree)) {
        json_t *inner = hk_json_parse((struct hk_str){json_string_value(tree), json_string_length(tree)}, err);
        json_decref(tree);
        return inner;
    }
    return tree;
}

static void check_content_type(struct hk__ml_arguments *args)
{
    struct hk_str type = hk_request_media_type(args->req);
    if (args->req->method != HK_METHOD_POST && args->req->method != HK_METHOD_PUT) {
        return;
    }
    if (type.len == 0) {
        hk__ml_mistake(args, "Bad Request. Content-Type header is missing.");
    } else if (!hk_str_is(type, "application/json")) {
        hk__ml_mistake(args, "Bad Request. Content-Type must be one of ['application/json'].");
    }
}

void hk__ml_arguments_open(struct hk__ml_arguments *args, const struct hk_request *req)
{
    *args = (struct hk__ml_arguments){.req = req};
    if (req->method == HK_METHOD_GET || req->method == HK_METHOD_HEAD) {
        return;
    }
    struct hk_error err;
    check_content_type(args);
    args->tree = parse(req->body, &err);
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

/* Where a value stands: "name", or "list[index].name"; written out only when something is wrong with it. */
struct place {
    const char *list; /* NULL: at the top */
    size_t index;
    const char *name; /* NULL: the item itself */
};

static const char *text_of(const struct hk__ml_arguments *args, struct place place)
{
    if (place.list == NULL) {
        return place.name;
    }
    return hk_arena_printf(args->req->arena, "%s[%zu]%s%s", place.list, place.index, place.name != NULL ? "." : "",
                           place.name != NULL ? place.name : "");
}

/* run_id is runId, too. false: there is no other spelling. */
static bool camel_case(const char *name, char out[MAX_NAME_BYTES])
{
    size_t n = 0;
    bool differs = false;
    for (const char *at = name; *at != '\0'; at++) {
        bool is_turn = *at == '_' && at[1] >= 'a' && at[1] <= 'z';
        if (n + 1 >= MAX_NAME_BYTES) {
            return false;
        }
        differs = differs || is_turn;
        out[n++] = is_turn ? (char)(*++at - 'a' + 'A') : *at;
    }
    out[n] = '\0';
    return differs;
}

static const json_t *member(struct hk__ml_arguments *args, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char camel[MAX_NAME_BYTES];
    const json_t *other = camel_case(name, camel) ? json_object_get(object, camel) : NULL;
    if (value != NULL && other != NULL) {
        hk__ml_mistake(args, "Request specifies both '%s' and '%s'; provide only one of them.", name, camel);
    }
    value = value != NULL ? value : other;
    return json_is_null(value) ? NULL : value;
}

static void wrong_type(struct hk__ml_arguments *args, struct place place, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    hk__ml_mistake(args, "Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'." SEE,
                   text != NULL ? text : "?", text_of(args, place), hk_python_type(value));
    free(text);
}

void hk__ml_wrong_type(struct hk__ml_arguments *args, const char *name, const json_t *value)
{
    wrong_type(args, (struct place){.name = name}, value);
}

static void wrong_text(struct hk__ml_arguments *args, struct place place, struct hk_str text)
{
    json_t *shown = json_stringn(text.data, text.len);
    wrong_type(args, place, shown);
    json_decref(shown);
}

static void missing(struct hk__ml_arguments *args, struct place place, int flags)
{
    if (flags == HK__ML_REQUIRED) {
        hk__ml_mistake(args, "Missing value for required parameter '%s'." SEE, text_of(args, place));
    }
}

bool hk__ml_has(struct hk__ml_arguments *args, const char *name)
{
    return args->tree != NULL ? member(args, args->tree, name) != NULL : hk_request_has_query(args->req, name);
}

/* What was said about one value: a JSON value, or the text of a query. Neither: nothing. */
struct said {
    const json_t *value;
    struct hk_str text; /* also of a JSON string */
};

static struct said said_of(const json_t *value)
{
    return (struct said){value, {json_string_value(value), json_string_length(value)}};
}

static struct said at_top(struct hk__ml_arguments *args, const char *name)
{
    if (args->tree == NULL) {
        return (struct said){.text = hk_request_query(args->req, name)};
    }
    return said_of(member(args, args->tree, name));
}

static bool is_nothing(struct said said)
{
    return said.value == NULL && said.text.data == NULL;
}

/* U+0000 is kept in what people write down (MLflow keeps it, too), and keys have their own rule. Anywhere else it is
 * part of a name, which would end there for some and not for others. */
static bool is_cut_short(struct place place, struct hk_str text)
{
    static const char *const free[] = {"value", "description", "key"};
    bool is_free = false;
    for (size_t i = 0; i < sizeof free / sizeof free[0]; i++) {
        is_free = is_free || (place.name != NULL && strcmp(place.name, free[i]) == 0);
    }
    return !is_free && text.len > 0 && memchr(text.data, '\0', text.len) != NULL;
}

static struct hk_str read_string(struct hk__ml_arguments *args, struct place place, struct said said, int flags)
{
    if (said.value != NULL && !json_is_string(said.value)) {
        wrong_type(args, place, said.value);
        return (struct hk_str){0};
    }
    if (said.text.len == 0) {
        missing(args, place, flags);
    }
    if (is_cut_short(place, said.text)) {
        hk__ml_mistake(args, "The parameter '%s' must not hold the character U+0000.", text_of(args, place));
    }
    return said.value != NULL ? hk_arena_str(args->req->arena, said.text) : said.text;
}

static int64_t read_int(struct hk__ml_arguments *args, struct place place, struct said said, int flags,
                        int64_t fallback)
{
    int64_t number = fallback;
    if (is_nothing(said)) {
        missing(args, place, flags);
        return fallback;
    }
    if (json_is_integer(said.value)) {
        return json_integer_value(said.value);
    }
    double real = json_real_value(said.value);
    if (json_is_real(said.value) && real == floor(real) && fabs(real) < 9e15) {
        return (int64_t)real;
    }
    if (said.text.data != NULL && hk_str_to_i64(said.text, &number)) {
        return number;
    }
    if (said.value != NULL) {
        wrong_type(args, place, said.value);
    } else {
        wrong_text(args, place, said.text);
    }
    return fallback;
}

/* protobuf writes what is not finite as a string; what is too large for a number is infinite, as in Python. */
static bool text_to_double(struct hk_str text, double *out)
{
    char *end = NULL;
    char number[64];
    if (hk_str_is(text, "NaN") || hk_str_is(text, "nan")) {
        *out = (double)NAN;
        return true;
    }
    if (hk_str_is(text, "Infinity") || hk_str_is(text, "inf")) {
        *out = (double)INFINITY;
        return true;
    }
    if (hk_str_is(text, "-Infinity") || hk_str_is(text, "-inf")) {
        *out = -(double)INFINITY;
        return true;
    }
    if (hk_str_to_double(text, out)) {
        return true;
    }
    if (text.len == 0 || strspn(text.data, "+-.0123456789eE") != text.len ||
        !hk_str_copy(number, sizeof number, text)) {
        return false;
    }
    *out = strtod(number, &end);
    return *end == '\0';
}

static double read_double(struct hk__ml_arguments *args, struct place place, struct said said, int flags,
                          double fallback)
{
    double number = fallback;
    if (json_is_number(said.value)) {
        return json_number_value(said.value);
    }
    bool is_text = said.text.data != NULL;
    if (is_nothing(said) || (is_text && said.text.len == 0 && flags == HK__ML_REQUIRED)) {
        missing(args, place, flags);
        return fallback;
    }
    if (is_text && text_to_double(said.text, &number)) {
        return number;
    }
    if (said.value != NULL) {
        wrong_type(args, place, said.value);
    } else {
        wrong_text(args, place, said.text);
    }
    return fallback;
}

struct hk_str hk__ml_string(struct hk__ml_arguments *args, const char *name, int flags)
{
    return read_string(args, (struct place){.name = name}, at_top(args, name), flags);
}

int64_t hk__ml_int(struct hk__ml_arguments *args, const char *name, int flags, int64_t fallback)
{
    return read_int(args, (struct place){.name = name}, at_top(args, name), flags, fallback);
}

double hk__ml_double(struct hk__ml_arguments *args, const char *name, int flags, double fallback)
{
    return read_double(args, (struct place){.name = name}, at_top(args, name), flags, fallback);
}

struct hk_str hk__ml_run_id(struct hk__ml_arguments *args)
{
    bool is_old = !hk__ml_has(args, "run_id") && hk__ml_has(args, "run_uuid");
    struct said said = at_top(args, is_old ? "run_uuid" : "run_id");
    return read_string(args, (struct place){.name = "run_id"}, said, HK__ML_REQUIRED);
}

/* ---- items of lists ---- */

static struct place in_item(const struct hk__ml_item *item, const char *name)
{
    return (struct place){item->list, item->index, name};
}

bool hk__ml_item_next(struct hk__ml_item *item)
{
    size_t next = item->value == NULL ? 0 : item->index + 1;
    if (next >= json_array_size(item->array)) {
        return false;
    }
    item->index = next;
    item->value = json_array_get(item->array, next);
    if (!json_is_object(item->value)) {
        wrong_type(item->args, in_item(item, NULL), item->value);
    }
    return true;
}

struct hk_str hk__ml_item_string(const struct hk__ml_item *item, const char *name, int flags)
{
    return read_string(item->args, in_item(item, name), said_of(member(item->args, item->value, name)), flags);
}

int64_t hk__ml_item_int(const struct hk__ml_item *item, const char *name, int flags, int64_t fallback)
{
    return read_int(item->args, in_item(item, name), said_of(member(item->args, item->value, name)), flags, fallback);
}

double hk__ml_item_double(const struct hk__ml_item *item, const char *name, int flags, double fallback)
{
    return read_double(item->args, in_item(item, name), said_of(member(item->args, item->value, name)), flags,
                       fallback);
}

const json_t *hk__ml_item_member(const struct hk__ml_item *item, const char *name)
{
    return member(item->args, item->value, name);
}

struct hk__ml_pairs hk__ml_key_values(struct hk__ml_arguments *args, const json_t *array, const char *list, int flags)
{
    struct hk__ml_pairs pairs = {.items =
                                     hk_arena_array(args->req->arena, json_array_size(array) + 1, sizeof *pairs.items)};
    for (struct hk__ml_item item = {args, array, list, 0, NULL}; hk__ml_item_next(&item);) {
        struct hk_str key = hk__ml_item_string(&item, "key", flags);
        struct hk_str value = hk__ml_item_string(&item, "value", HK__ML_OPTIONAL);
        pairs.items[pairs.len++] =
            (struct hk_key_value){key.data != NULL ? key : HK_STR(""), value.data != NULL ? value : HK_STR("")};
    }
    return pairs;
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
    const json_t *value = member(args, args->tree, name);
    if (value != NULL && !json_is_boolean(value)) {
        wrong_type(args, (struct place){.name = name}, value);
    }
    return value != NULL ? json_is_true(value) : fallback;
}

static const json_t *tree_of_type(struct hk__ml_arguments *args, const char *name, int flags, json_type type)
{
    const json_t *value = args->tree != NULL ? member(args, args->tree, name) : NULL;
    struct place place = {.name = name};
    if (value == NULL) {
        missing(args, place, flags);
    } else if (json_typeof(value) != type) {
        wrong_type(args, place, value);
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
