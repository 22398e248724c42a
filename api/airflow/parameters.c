#include <math.h>
#include <stdlib.h>

#include "api/airflow/rest_internal.h"

const char *const hk__run_states[] = {"queued", "running", "success", "failed", NULL};
const char *const hk__task_states[] = {
    "removed",      "scheduled",         "queued",          "running", "success",  "restarting",     "failed",
    "up_for_retry", "up_for_reschedule", "upstream_failed", "skipped", "deferred", "awaiting_input", NULL};
const char *const hk__run_types[] = {
    "backfill", "scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization", NULL};

bool hk__order(struct hk_validation *v, const struct hk_order_field *fields, struct hk_str value, struct hk_page *page)
{
    bool is_descending = hk_str_starts_with(value, "-");
    while (hk_str_starts_with(value, "-")) {
        value.data++;
        value.len--;
    }
    const struct hk_order_field *field = hk_order_find(fields, value);
    if (field == NULL || page->order_count == HK_MAX_ORDERS) {
        hk_validation_fail(v, 400, "Ordering with '%.*s' is disallowed or the attribute does not exist on the model",
                           HK_STR_ARG(value));
        return false;
    }
    page->orders[page->order_count++] = (struct hk_order){field, is_descending};
    return true;
}

void hk__page(struct hk_validation *v, const struct hk_order_field *fields, const char *default_orders,
              struct hk_page *page)
{
    const struct hk_int_rule limit = {.fallback = HK_DEFAULT_PAGE, .has_least = true};
    const struct hk_int_rule offset = {.fallback = 0, .has_least = true};
    *page = (struct hk_page){0};
    page->limit = hk_query_int(v, "limit", &limit);
    page->limit = page->limit > HK_MAX_PAGE ? HK_MAX_PAGE : page->limit;
    page->offset = hk_query_int(v, "offset", &offset);
    struct hk_str *values;
    size_t count = hk_query_texts(v, "order_by", &values);
    if (count > HK_MAX_ORDERS) {
        hk_validation_fail(v, 400, "Ordering with more than %d parameters is not allowed. Provided: %zu", HK_MAX_ORDERS,
                           count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!hk__order(v, fields, values[i], page)) {
            return;
        }
    }
    struct hk_str rest = hk_str_from(default_orders);
    struct hk_str name;
    while (count == 0 && hk_str_next(&rest, ' ', &name)) {
        (void)hk__order(v, fields, name, page);
    }
}

static const char *const BOUNDS[] = {"gte", "gt", "lte", "lt"};

static void set_bound(struct hk_range *range, size_t which, int64_t value)
{
    int64_t *const fields[] = {&range->gte, &range->gt, &range->lte, &range->lt};
    *fields[which] = value;
}

static const char *bound_name(struct hk_arena *arena, const char *name, size_t which)
{
    return hk_arena_printf(arena, "%s_%s", name, BOUNDS[which]);
}

struct hk_range hk__query_times(struct hk_validation *v, const char *name)
{
    struct hk_range range = HK_RANGE_ALL;
    for (size_t i = 0; i < 4; i++) {
        set_bound(&range, i, hk_query_datetime(v, bound_name(v->request->arena, name, i)));
    }
    return range;
}

static int64_t micros(double seconds)
{
    return isnan(seconds) || fabs(seconds) > 1e12 ? HK_TIME_NONE : (int64_t)llround(seconds * 1e6);
}

struct hk_range hk__query_seconds(struct hk_validation *v, const char *name)
{
    struct hk_range range = HK_RANGE_ALL;
    for (size_t i = 0; i < 4; i++) {
        set_bound(&range, i, micros(hk_query_double(v, bound_name(v->request->arena, name, i), (double)NAN)));
    }
    return range;
}

struct hk_range hk__body_times(struct hk_body *body, struct hk_arena *arena, const char *name)
{
    struct hk_range range = HK_RANGE_ALL;
    for (size_t i = 0; i < 4; i++) {
        set_bound(&range, i, hk_body_datetime(body, bound_name(arena, name, i), HK_OPTIONAL | HK_NULLABLE, true));
    }
    return range;
}

struct hk_range hk__body_seconds(struct hk_body *body, struct hk_arena *arena, const char *name)
{
    struct hk_range range = HK_RANGE_ALL;
    for (size_t i = 0; i < 4; i++) {
        double seconds = hk_body_double(body, bound_name(arena, name, i), HK_OPTIONAL | HK_NULLABLE, (double)NAN);
        set_bound(&range, i, micros(seconds));
    }
    return range;
}

struct hk_search hk__query_search(struct hk_validation *v, const char *stem)
{
    struct hk_arena *arena = v->request->arena;
    struct hk_search search;
    search.pattern = hk_query_text(v, hk_arena_printf(arena, "%s_pattern", stem), HK_OPTIONAL);
    search.prefix = hk_query_text(v, hk_arena_printf(arena, "%s_prefix_pattern", stem), HK_OPTIONAL);
    return search;
}

struct hk_texts hk__query_texts(struct hk_validation *v, const char *name)
{
    struct hk_str *values;
    size_t count = hk_query_texts(v, name, &values);
    return (struct hk_texts){values, count};
}

size_t hk__query_ints(struct hk_validation *v, const char *name, int64_t **values)
{
    struct hk_texts texts = hk__query_texts(v, name);
    *values = hk_arena_array(v->request->arena, texts.count + 1, sizeof **values);
    for (size_t i = 0; i < texts.count; i++) {
        if (!hk_str_to_i64(texts.items[i], &(*values)[i])) {
            const struct hk_mistake mistake = {
                .type = "int_parsing",
                .where = "query",
                .name = name,
                .has_index = true,
                .index = i,
                .message = "Input should be a valid integer, unable to parse string as an integer",
                .input_json = hk__quote(v->request->arena, texts.items[i])};
            hk_validation_add(v, &mistake);
        }
    }
    return texts.count;
}

struct hk_texts hk__body_texts(struct hk_body *body, struct hk_arena *arena, const char *name)
{
    struct hk_body *list;
    size_t count = hk_body_list(body, name, HK_OPTIONAL | HK_NULLABLE, &list);
    struct hk_str *values = hk_arena_array(arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = hk_list_text(list, i);
    }
    return (struct hk_texts){values, count};
}

void hk__refuse_query(struct hk_validation *v, const char *const *names, const char *why)
{
    for (; *names != NULL; names++) {
        if (hk_request_has_query(v->request, *names)) {
            hk_validation_fail(v, 400, "The parameter '%s' is not supported by hanok: %s.", *names, why);
        }
    }
}

struct hk_texts hk__update_mask(struct hk_validation *v)
{
    return hk__query_texts(v, "update_mask");
}

bool hk__texts_have(struct hk_texts texts, const char *text)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (hk_str_is(texts.items[i], text)) {
            return true;
        }
    }
    return false;
}

static const char *join(struct hk_arena *arena, const char *const *names)
{
    const char *all = names[0];
    for (size_t i = 1; names[i] != NULL; i++) {
        all = hk_arena_printf(arena, "%s, %s", all, names[i]);
    }
    return all;
}

struct hk_texts hk__query_states(struct hk_validation *v, const char *name, const char *const *valid)
{
    struct hk_str *values;
    size_t count = hk_query_texts(v, name, &values);
    for (size_t i = 0; i < count; i++) {
        if (hk_str_is(values[i], "none") || (valid == hk__task_states && hk_str_is(values[i], "no_status"))) {
            values[i] = (struct hk_str){NULL, 0};
            continue;
        }
        bool is_known = false;
        for (size_t n = 0; valid[n] != NULL; n++) {
            is_known = is_known || hk_str_is(values[i], valid[n]);
        }
        if (!is_known) {
            hk_validation_fail(v, 422, "Invalid value for %s. Valid values are %s",
                               valid == hk__run_types ? "run type" : "state", join(v->request->arena, valid));
        }
    }
    return (struct hk_texts){values, count};
}

void hk__check_tilde(struct hk_validation *v, const char *name)
{
    struct hk_str value = hk_request_path(v->request, name);
    if (hk_str_is(value, "~")) {
        return;
    }
    hk_validation_add(v, &(struct hk_mistake){.type = "literal_error",
                                              .where = "path",
                                              .name = name,
                                              .message = "Input should be '~'",
                                              .input_json = hk__quote(v->request->arena, value),
                                              .ctx_json = HK_STR("{\"expected\":\"'~'\"}")});
}

void hk__body_page(struct hk_body *body, struct hk_validation *v, const struct hk_order_field *fields,
                   struct hk_page *page)
{
    const struct hk_int_rule offset = {.fallback = 0, .has_least = true};
    const struct hk_int_rule limit = {.fallback = 100, .has_least = true};
    *page = (struct hk_page){0};
    struct hk_str order = hk_body_text(body, "order_by", HK_OPTIONAL | HK_NULLABLE);
    page->offset = hk_body_int(body, "page_offset", HK_OPTIONAL, &offset);
    page->limit = hk_body_int(body, "page_limit", HK_OPTIONAL, &limit);
    page->limit = page->limit > HK_MAX_PAGE ? HK_MAX_PAGE : page->limit;
    if (order.len > 0) {
        (void)hk__order(v, fields, order, page);
    }
}

struct hk_texts hk__body_states(struct hk_body *body, struct hk_arena *arena, const char *name,
                                const char *const *valid)
{
    struct hk_body *list;
    size_t count = hk_body_list(body, name, HK_OPTIONAL | HK_NULLABLE, &list);
    struct hk_str *values = hk_arena_array(arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        int at = hk_list_enum(list, i, HK_NULLABLE, valid, "enum");
        values[i] = at >= 0 ? hk_str_from(valid[at]) : (struct hk_str){NULL, 0};
    }
    return (struct hk_texts){values, count};
}

void hk__value_error(struct hk_validation *v, const char *name, struct hk_str input_json, const char *message)
{
    struct hk_arena *arena = v->request->arena;
    if (name == NULL) {
        struct hk_error err;
        json_t *body = hk_json_parse(v->request->body, &err);
        char *text = body != NULL ? hk_json_dump(body) : NULL;
        input_json = hk_arena_str(arena, hk_str_from(text != NULL ? text : "null"));
        free(text);
        json_decref(body);
    }
    hk_validation_add(v, &(struct hk_mistake){.type = "value_error",
                                              .where = "body",
                                              .name = name,
                                              .message = hk_arena_printf(arena, "Value error, %s", message),
                                              .input_json = input_json,
                                              .ctx_json = HK_STR("{\"error\":{}}")});
}
