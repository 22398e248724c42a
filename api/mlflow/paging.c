#include "api/mlflow/paging.h"

#include <stdio.h>
#include <strings.h>

#include "api/http/base64.h"
#include "api/http/python_repr.h"
#include "engine/base/limits.h"

struct hk_str hk__ml_listed(struct hk__ml_arguments *args, const json_t *array, const char *name, size_t index)
{
    if (args->tree == NULL) {
        struct hk_str value = {0};
        return hk_request_query_at(args->req, name, index, &value) ? value : (struct hk_str){0};
    }
    const json_t *item = json_array_get(array, index);
    struct hk_str text = {json_string_value(item), json_string_length(item)};
    return json_is_string(item) ? hk_arena_str(args->req->arena, text) : (struct hk_str){0};
}

/* What is no string is refused where the caller asks for strings. */
static const json_t *strings(struct hk__ml_arguments *args, const char *name)
{
    const json_t *array = args->tree != NULL ? hk__ml_array(args, name, 0) : NULL;
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i))) {
            hk__ml_wrong_type(args, name, array);
            return NULL;
        }
    }
    return array;
}

static bool is_view(struct hk_str text, const char *name, const char *number)
{
    return hk_str_is(text, number) || hk_str_is(text, name);
}

const char *hk__ml_view_type(struct hk__ml_arguments *args, const char *name)
{
    struct hk_str text = {0};
    char number[24];
    const json_t *value = args->tree != NULL ? json_object_get(args->tree, name) : NULL;
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = hk_str_from(number);
    } else if (json_is_string(value)) {
        text = (struct hk_str){json_string_value(value), json_string_length(value)};
    } else if (args->tree == NULL) {
        text = hk_request_query(args->req, name);
    }
    if (is_view(text, "ALL", "3")) {
        return NULL;
    }
    return is_view(text, "DELETED_ONLY", "2") ? "deleted" : "active"; /* what protobuf does not know it leaves out */
}

/* ---- page tokens ---- */

static void refuse_token(struct hk__ml_arguments *args, const char *what, const json_t *value)
{
    struct hk_buf repr;
    hk_buf_init(&repr, HK_MAX_URL_BYTES);
    hk_python_repr(&repr, value, 0);
    hk__ml_mistake(args, "Invalid page token, %s%s", what, repr.data != NULL ? repr.data : "");
    hk_buf_clear(&repr);
}

/* As Python shows bytes: they need not be text. */
static void refuse_bytes(struct hk__ml_arguments *args, struct hk_str bytes)
{
    struct hk_buf repr;
    hk_buf_init(&repr, HK_MAX_URL_BYTES);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (byte == '\'' || byte == '\\') {
            hk_buf_add_char(&repr, '\\');
        }
        if (byte < ' ' || byte > '~') {
            hk_buf_printf(&repr, "\\x%02x", byte);
        } else {
            hk_buf_add_char(&repr, (char)byte);
        }
    }
    hk__ml_mistake(args, "Invalid page token, decoded value=b'%s'", repr.data != NULL ? repr.data : "");
    hk_buf_clear(&repr);
}

static int64_t offset_in(struct hk__ml_arguments *args, const json_t *token)
{
    const json_t *offset = json_object_get(token, "offset");
    int64_t value = json_integer_value(offset);
    struct hk_str text = {json_string_value(offset), json_string_length(offset)};
    if (text.len > 0 && !hk_str_to_i64(text, &value)) {
        hk__ml_mistake(args, "Invalid page token, not stringable %.*s", HK_STR_ARG(text));
        return 0;
    }
    if (value <= 0) {
        refuse_token(args, "parsed value=", token);
        return 0;
    }
    return value;
}

static int64_t read_token(struct hk__ml_arguments *args, struct hk_str token)
{
    struct hk_str decoded = {0};
    struct hk_error err;
    if (token.len == 0) {
        return 0;
    }
    if (!hk_base64_decode(token, args->req->arena, &decoded)) {
        hk__ml_mistake(args, "Invalid page token, could not base64-decode");
        return 0;
    }
    json_t *tree = hk_json_parse(decoded, &err);
    int64_t offset = 0;
    if (tree == NULL) {
        refuse_bytes(args, decoded);
    } else {
        offset = offset_in(args, tree);
    }
    json_decref(tree);
    return offset;
}

int64_t hk__ml_page_token(struct hk__ml_arguments *args)
{
    return read_token(args, hk__ml_string(args, "page_token", 0));
}

/* ---- answers ---- */

void hk__ml_write_next_page(struct hk_json *w, struct hk_arena *arena, const struct hk_ml_search *search,
                            const struct hk_ml_found *found)
{
    if (found->has_more) {
        char text[64];
        int len = snprintf(text, sizeof text, "{\"offset\": %lld}", (long long)search->offset + search->limit);
        hk_json_kv_str(w, "next_page_token", hk_base64_encode(text, (size_t)len, arena));
    }
}

void hk__ml_listing_open(struct hk__ml_listing *list, struct hk_response *res)
{
    hk_json_init(&list->w, &res->body);
    hk_json_begin_object(&list->w);
}

struct hk_json *hk__ml_listing_item(struct hk__ml_listing *list)
{
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(&list->w, list->name);
        hk_json_begin_array(&list->w);
    }
    return &list->w;
}

void hk__ml_listing_close(struct hk__ml_listing *list, const struct hk_ml_search *search,
                          const struct hk_ml_found *found)
{
    if (list->is_begun) {
        hk_json_end_array(&list->w);
    }
    if (search != NULL) {
        hk__ml_write_next_page(&list->w, list->arena, search, found);
    }
    hk_json_end_object(&list->w);
}

/* ---- filter and order ---- */

static void check_max_results(struct hk__ml_arguments *args, const struct hk__ml_paging *paging, int64_t given)
{
    if (paging->most > 0 && given > paging->most) {
        struct hk_str text = hk_request_query(args->req, "max_results");
        json_t *shown = args->tree != NULL ? json_integer(given) : json_stringn(text.data, text.len);
        hk__ml_wrong_type(args, "max_results", shown);
        json_decref(shown);
    } else if (paging->kind == HK_SEARCH_VERSIONS && given < 1) {
        hk__ml_mistake(args, "Invalid value for max_results. It must be a positive integer, but got %lld",
                       (long long)given);
    } else if (given < 1) {
        hk__ml_mistake(args, "Invalid value %lld for parameter 'max_results' supplied. It must be a positive integer",
                       (long long)given);
    } else if (given > paging->store_most) {
        hk__ml_mistake(args, "Invalid value %lld for parameter 'max_results' supplied. It must be at most %lld",
                       (long long)given, (long long)paging->store_most);
    }
}

static bool is_same(const struct hk_search_order *a, const struct hk_search_order *b)
{
    return a->entity == b->entity && hk_str_eq(a->key, b->key);
}

/* Of a GET there is no array: then the last one is shown. */
static void refuse_duplicate(struct hk__ml_arguments *args, const json_t *array, struct hk_str last)
{
    struct hk_buf repr;
    hk_buf_init(&repr, HK_MAX_BODY_BYTES);
    json_t *shown = array == NULL ? json_stringn(last.data, last.len) : NULL;
    hk_python_repr(&repr, array != NULL ? array : shown, 0);
    json_decref(shown);
    hk__ml_mistake(args, "`order_by` contains duplicate fields: %s", repr.data != NULL ? repr.data : "");
    hk_buf_clear(&repr);
}

void hk__ml_search_experiments(struct hk__ml_arguments *args, const json_t *ids, struct hk_ml_search *search)
{
    size_t count = json_array_size(ids);
    int64_t *keys = hk_arena_array(args->req->arena, count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(ids, i);
        struct hk_str text = {json_string_value(item), json_string_length(item)};
        keys[i] = json_integer_value(item);
        if (!json_is_integer(item) && !hk_str_to_i64(hk_str_trim(text), &keys[i])) {
            hk__ml_mistake(args, "Invalid experiment ID '%.*s'. Experiment ID must be a valid integer.",
                           HK_STR_ARG(text));
        }
    }
    search->experiments = keys;
    search->experiment_count = count;
}

static void read_orders(struct hk__ml_arguments *args, const struct hk__ml_paging *paging, const json_t *array,
                        struct hk_ml_search *search)
{
    struct hk_search_order *orders = hk_arena_array(args->req->arena, HK_MAX_SEARCH_ORDERS, sizeof *orders);
    search->orders = orders;
    for (struct hk_str text = hk__ml_listed(args, array, "order_by", 0); text.data != NULL;
         text = hk__ml_listed(args, array, "order_by", search->order_count)) {
        struct hk_search_order *order = &orders[search->order_count];
        struct hk_error err;
        if (search->order_count == HK_MAX_SEARCH_ORDERS) {
            hk__ml_mistake(args, "`order_by` has at most %d fields", HK_MAX_SEARCH_ORDERS);
            return;
        }
        if (!hk_search_order_parse(paging->kind, text, args->req->arena, order, &err)) {
            hk__ml_mistake(args, "%s", err.message);
            return;
        }
        for (size_t i = 0; i < search->order_count; i++) {
            if (is_same(order, &orders[i]) && paging->kind != HK_SEARCH_EXPERIMENTS) {
                refuse_duplicate(args, array, text);
                return;
            }
        }
        search->order_count++;
    }
}

void hk__ml_search_arguments(struct hk__ml_arguments *args, const struct hk__ml_paging *paging,
                             struct hk_ml_search *search)
{
    struct hk_error err;
    struct hk_str filter = hk__ml_string(args, "filter", 0);
    search->limit = hk__ml_int(args, "max_results", 0, paging->usual);
    const json_t *order_by = strings(args, "order_by");
    struct hk_str token = hk__ml_string(args, "page_token", 0);
    check_max_results(args, paging, search->limit);
    if (!hk_search_filter_parse(paging->kind, filter, args->req->arena, &search->filter, &err)) {
        hk__ml_mistake(args, "%s", err.message);
    }
    read_orders(args, paging, order_by, search);
    search->offset = read_token(args, token);
}
