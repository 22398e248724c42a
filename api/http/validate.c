#include "api/http/validate.h"

#include "api/http/python_repr.h"
#include "api/http/validate_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/civil.h"

struct hk_validation_item {
    struct hk_validation_item *next;
    const char *type;
    const char *message;
    struct hk_str loc;
    struct hk_str input;
    struct hk_str ctx;
};

/* A caller can make as many mistakes as a body has members; nobody reads more than these. */
enum { MOST_MISTAKES = 1000 };

void hk_validation_begin(struct hk_validation *v, const struct hk_request *req)
{
    *v = (struct hk_validation){.request = req};
}

void hk_mistake_add(const struct hk_place *place, const char *type, const char *message, struct hk_str ctx_json)
{
    struct hk_validation *v = place->v;
    if (v->count++ >= MOST_MISTAKES) {
        return;
    }
    struct hk_arena *arena = v->request->arena;
    struct hk_validation_item *item = hk_arena_alloc(arena, sizeof *item);
    item->type = type;
    item->message = hk_arena_strdup(arena, message);
    item->loc = place->loc;
    item->input = place->input;
    item->ctx = ctx_json;
    if (v->last != NULL) {
        v->last->next = item;
    } else {
        v->first = item;
    }
    v->last = item;
}

void hk_validation_add(struct hk_validation *v, const struct hk_mistake *mistake)
{
    struct hk_arena *arena = v->request->arena;
    struct hk_str loc = hk_loc_add(arena, (struct hk_str){0}, mistake->where);
    if (mistake->name != NULL) {
        loc = hk_loc_add(arena, loc, mistake->name);
    }
    if (mistake->has_index) {
        loc = hk_loc_add_index(arena, loc, mistake->index);
    }
    struct hk_place place = {v, loc, hk_arena_str(arena, mistake->input_json)};
    struct hk_str ctx = mistake->ctx_json.len > 0 ? hk_arena_str(arena, mistake->ctx_json) : (struct hk_str){0};
    hk_mistake_add(&place, hk_arena_strdup(arena, mistake->type), mistake->message, ctx);
}

void hk_validation_fail(struct hk_validation *v, int status, const char *fmt, ...)
{
    if (v->other_status != 0) {
        return;
    }
    struct hk_error err;
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(&err, HK_INVALID, fmt, args);
    va_end(args);
    v->other_status = status;
    v->other_message = hk_arena_strdup(v->request->arena, err.message);
}

void hk_validation_write(const struct hk_validation *v, struct hk_response *res)
{
    struct hk_json w;
    res->status = 422;
    res->content_type = "application/json";
    hk_buf_reset(&res->body);
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "detail");
    hk_json_begin_array(&w);
    for (const struct hk_validation_item *item = v->first; item != NULL; item = item->next) {
        hk_json_begin_object(&w);
        hk_json_kv_text(&w, "type", item->type);
        hk_json_key(&w, "loc");
        hk_json_begin_array(&w);
        hk_json_raw(&w, item->loc);
        hk_json_end_array(&w);
        hk_json_kv_text(&w, "msg", item->message);
        hk_json_kv_raw(&w, "input", item->input);
        if (item->ctx.len > 0) {
            hk_json_kv_raw(&w, "ctx", item->ctx);
        }
        hk_json_end_object(&w);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
}

struct hk_str hk_json_of_text(struct hk_arena *arena, struct hk_str text)
{
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, text.len * 6 + 16);
    hk_json_init(&w, &buf);
    hk_json_string(&w, text);
    struct hk_str out = hk_arena_str(arena, hk_buf_str(&buf));
    hk_buf_clear(&buf);
    return out;
}

struct hk_str hk_loc_add(struct hk_arena *arena, struct hk_str loc, const char *name)
{
    struct hk_str quoted = hk_json_of_text(arena, hk_str_from(name));
    const char *comma = loc.len > 0 ? "," : "";
    return hk_str_from(hk_arena_printf(arena, "%.*s%s%.*s", HK_STR_ARG(loc), comma, HK_STR_ARG(quoted)));
}

struct hk_str hk_loc_add_index(struct hk_arena *arena, struct hk_str loc, size_t index)
{
    return hk_str_from(hk_arena_printf(arena, "%.*s%s%zu", HK_STR_ARG(loc), loc.len > 0 ? "," : "", index));
}

static struct hk_place place_of(struct hk_validation *v, const char *where, const char *name, struct hk_str value)
{
    struct hk_arena *arena = v->request->arena;
    struct hk_str loc = hk_loc_add(arena, hk_loc_add(arena, (struct hk_str){0}, where), name);
    return (struct hk_place){v, loc, hk_json_of_text(arena, value)};
}

static void add_missing(struct hk_validation *v, const char *name)
{
    struct hk_place place = place_of(v, "query", name, (struct hk_str){0});
    place.input = (struct hk_str){0};
    hk_mistake_add(&place, "missing", "Field required", (struct hk_str){0});
}

static bool add_range_mistake(const struct hk_place *place, const char *key, int64_t limit)
{
    bool is_least = strcmp(key, "ge") == 0;
    struct hk_arena *arena = place->v->request->arena;
    const char *message =
        hk_arena_printf(arena, "Input should be %s than or equal to %" PRId64, is_least ? "greater" : "less", limit);
    hk_mistake_add(place, is_least ? "greater_than_equal" : "less_than_equal", message,
                   hk_str_from(hk_arena_printf(arena, "{\"%s\":%" PRId64 "}", key, limit)));
    return false;
}

bool hk_check_range(const struct hk_place *place, const struct hk_int_rule *rule, int64_t value)
{
    if (rule->has_least && value < rule->least) {
        return add_range_mistake(place, "ge", rule->least);
    }
    if (rule->has_most && value > rule->most) {
        return add_range_mistake(place, "le", rule->most);
    }
    return true;
}

static int64_t read_int(const struct hk_place *place, struct hk_str text, const struct hk_int_rule *rule)
{
    int64_t value = 0;
    if (!hk_lax_int(place, text, &value) || !hk_check_range(place, rule, value)) {
        return rule->fallback;
    }
    return value;
}

int64_t hk_query_int(struct hk_validation *v, const char *name, const struct hk_int_rule *rule)
{
    if (!hk_request_has_query(v->request, name)) {
        if (rule->is_required) {
            add_missing(v, name);
        }
        return rule->fallback;
    }
    struct hk_str text = hk_request_query(v->request, name);
    struct hk_place place = place_of(v, "query", name, text);
    return read_int(&place, text, rule);
}

int64_t hk_path_int(struct hk_validation *v, const char *name, const struct hk_int_rule *rule)
{
    struct hk_str text = hk_request_path(v->request, name);
    struct hk_place place = place_of(v, "path", name, text);
    return read_int(&place, text, rule);
}

double hk_query_double(struct hk_validation *v, const char *name, double fallback)
{
    if (!hk_request_has_query(v->request, name)) {
        return fallback;
    }
    struct hk_str text = hk_request_query(v->request, name);
    struct hk_place place = place_of(v, "query", name, text);
    double value = 0;
    return hk_lax_double(&place, text, &value) ? value : fallback;
}

enum hk_truth hk_query_bool(struct hk_validation *v, const char *name, enum hk_truth fallback)
{
    if (!hk_request_has_query(v->request, name)) {
        return fallback;
    }
    struct hk_str text = hk_request_query(v->request, name);
    struct hk_place place = place_of(v, "query", name, text);
    bool value = false;
    if (!hk_lax_bool(&place, text, &value)) {
        return fallback;
    }
    return value ? HK_TRUE : HK_FALSE;
}

struct hk_str hk_query_text(struct hk_validation *v, const char *name, enum hk_body_flag flags)
{
    if (!hk_request_has_query(v->request, name)) {
        if ((flags & HK_OPTIONAL) == 0) {
            add_missing(v, name);
        }
        return (struct hk_str){0};
    }
    return hk_request_query(v->request, name);
}

int64_t hk_query_datetime(struct hk_validation *v, const char *name)
{
    if (!hk_request_has_query(v->request, name)) {
        return HK_TIME_NONE;
    }
    struct hk_str text = hk_request_query(v->request, name);
    struct hk_place place = place_of(v, "query", name, text);
    bool has_zone = false;
    int64_t at_us = HK_TIME_NONE;
    return hk_lax_datetime(&place, text, &has_zone, &at_us) ? at_us : HK_TIME_NONE;
}

int64_t hk_query_airflow_datetime(struct hk_validation *v, const char *name)
{
    if (!hk_request_has_query(v->request, name)) {
        return HK_TIME_NONE;
    }
    struct hk_str text = hk_request_query(v->request, name);
    bool has_zone = false;
    int64_t at_us = HK_TIME_NONE;
    if (!hk_iso_parse(text, &at_us, &has_zone)) {
        struct hk_buf repr;
        hk_buf_init(&repr, 1024);
        hk_python_repr_text(&repr, text);
        hk_validation_fail(v, 400, "Invalid datetime: %s. Please check the date parameter have this value.", repr.data);
        hk_buf_clear(&repr);
        return HK_TIME_NONE;
    }
    return at_us;
}

int hk_query_enum(struct hk_validation *v, const char *name, const char *const *names, const char *type)
{
    if (!hk_request_has_query(v->request, name)) {
        return -1;
    }
    struct hk_str text = hk_request_query(v->request, name);
    struct hk_place place = place_of(v, "query", name, text);
    return hk_pick_name(&place, text, names, type);
}

size_t hk_query_texts(struct hk_validation *v, const char *name, struct hk_str **values)
{
    size_t count = 0;
    struct hk_str value;
    while (hk_request_query_at(v->request, name, count, &value)) {
        count++;
    }
    *values = hk_arena_array(v->request->arena, count > 0 ? count : 1, sizeof **values);
    for (size_t i = 0; i < count; i++) {
        (void)hk_request_query_at(v->request, name, i, &(*values)[i]);
    }
    return count;
}
