#include "api/http/validate_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"

/* An object or a list of the body. `value` is NULL when there is nothing to read: absent, null or mistaken. */
struct hk_body {
    struct hk_validation *v;
    struct hk_body *next;
    const json_t *value;
    struct hk_str loc;
    struct hk_pairs asked; /* names of the members that were asked for */
    bool is_strict;
    bool is_mute; /* already complained about as a whole */
};

static const struct hk_str no_ctx = {0};

static struct hk_str dump(struct hk_arena *arena, const json_t *value)
{
    char *text = hk_json_dump(value);
    struct hk_str copy = hk_arena_str(arena, hk_str_from(text));
    free(text);
    return copy;
}

static struct hk_arena *arena_of(const struct hk_body *body)
{
    return body->v->request->arena;
}

static struct hk_place place_at(const struct hk_body *body, struct hk_str loc, const json_t *value)
{
    return (struct hk_place){body->v, loc, value != NULL ? dump(arena_of(body), value) : (struct hk_str){0}};
}

static struct hk_body *make_body(struct hk_validation *v, struct hk_str loc, unsigned flags)
{
    struct hk_body *body = hk_arena_alloc(v->request->arena, sizeof *body);
    body->v = v;
    body->loc = loc;
    body->is_strict = (flags & HK_STRICT) != 0;
    body->is_mute = true;
    body->next = v->bodies;
    v->bodies = body;
    return body;
}

static bool is_json_media(const struct hk_request *req)
{
    struct hk_str media = hk_request_media_type(req);
    return hk_str_is(media, "application/json") ||
           (hk_str_starts_with(media, "application/") && hk_str_ends_with(media, "+json"));
}

static void add_broken_json(struct hk_validation *v, const struct hk_error *err)
{
    size_t character = 0;
    const char *message = err->message; /* Python would take it, we do not: say why in our words */
    (void)hk_json_diagnose(v->request->body, &character, &message);
    struct hk_arena *arena = v->request->arena;
    struct hk_str loc = hk_loc_add_index(arena, HK_STR("\"body\""), character);
    struct hk_str quoted = hk_json_of_text(arena, hk_str_from(message));
    struct hk_place place = {v, loc, HK_STR("{}")};
    hk_mistake_add(&place, "json_invalid", "JSON decode error",
                   hk_str_from(hk_arena_printf(arena, "{\"error\":%.*s}", HK_STR_ARG(quoted))));
}

static void add_not_an_object(struct hk_validation *v, struct hk_str loc, struct hk_str input)
{
    struct hk_place place = {v, loc, input};
    hk_mistake_add(&place, "model_attributes_type",
                   "Input should be a valid dictionary or object to extract fields from", no_ctx);
}

/* Parses the body once; false after a mistake. */
static bool parse_body(struct hk_validation *v)
{
    const struct hk_request *req = v->request;
    struct hk_error err;
    if (req->body.len == 0) {
        struct hk_place place = {v, HK_STR("\"body\""), {0}};
        hk_mistake_add(&place, "missing", "Field required", no_ctx);
        return false;
    }
    if (!is_json_media(req)) {
        add_not_an_object(v, HK_STR("\"body\""), hk_json_of_text(req->arena, req->body));
        return false;
    }
    if (!hk_str_is_utf8(req->body)) {
        hk_validation_fail(v, 400, "There was an error parsing the body");
        return false;
    }
    v->tree = hk_json_parse(req->body, &err);
    if (v->tree == NULL) {
        add_broken_json(v, &err);
        return false;
    }
    return true;
}

struct hk_body *hk_body_open(struct hk_validation *v, unsigned flags)
{
    HK_ASSERT(v->tree == NULL);
    struct hk_body *body = make_body(v, HK_STR("\"body\""), flags);
    if (!parse_body(v)) {
        return body;
    }
    if (json_is_null(v->tree)) {
        struct hk_place place = {v, body->loc, {0}};
        hk_mistake_add(&place, "missing", "Field required", no_ctx);
    } else if (!json_is_object(v->tree)) {
        add_not_an_object(v, body->loc, dump(v->request->arena, v->tree));
    } else {
        body->value = v->tree;
        body->is_mute = false;
    }
    return body;
}

static void refuse_extras(struct hk_body *body)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *object = (json_t *)(uintptr_t)body->value; /* jansson's iteration takes no const; nothing is changed */
    json_object_foreach (object, name, value) {
        bool was_asked = false;
        for (size_t i = 0; i < body->asked.len && !was_asked; i++) {
            was_asked = hk_str_is(body->asked.items[i].name, name);
        }
        if (!was_asked) {
            struct hk_place place = place_at(body, hk_loc_add(arena_of(body), body->loc, name), value);
            hk_mistake_add(&place, "extra_forbidden", "Extra inputs are not permitted", no_ctx);
        }
    }
}

bool hk_validation_end(struct hk_validation *v, struct hk_response *res)
{
    for (struct hk_body *body = v->bodies; body != NULL; body = body->next) {
        if (body->is_strict && json_is_object(body->value)) {
            refuse_extras(body);
        }
    }
    json_decref(v->tree);
    v->tree = NULL;
    if (v->count > 0) {
        hk_validation_write(v, res);
        return false;
    }
    if (v->other_status != 0) {
        hk_fail_status(v->request, res, v->other_status, v->other_message);
        return false;
    }
    return true;
}

static void note_asked(struct hk_body *body, const char *name)
{
    hk_pairs_add(&body->asked, arena_of(body), hk_str_from(name), (struct hk_str){0});
}

bool hk_body_has(const struct hk_body *body, const char *name)
{
    return json_object_get(body->value, name) != NULL;
}

bool hk_body_is_null(const struct hk_body *body, const char *name)
{
    return json_is_null(json_object_get(body->value, name));
}

/* One member to be read. value is NULL when there is nothing (more) to do. */
struct member {
    struct hk_place place;
    const json_t *value;
};

static struct member find_member(struct hk_body *body, const char *name, unsigned flags)
{
    struct member member = {.value = NULL};
    note_asked(body, name);
    if (body->is_mute || !json_is_object(body->value)) {
        return member;
    }
    struct hk_str loc = hk_loc_add(arena_of(body), body->loc, name);
    const json_t *value = json_object_get(body->value, name);
    if (value == NULL) {
        if ((flags & HK_OPTIONAL) == 0) {
            struct hk_place place = place_at(body, loc, body->value);
            hk_mistake_add(&place, "missing", "Field required", no_ctx);
        }
        return member;
    }
    if (json_is_null(value) && (flags & HK_NULLABLE) != 0) {
        return member;
    }
    /* The offending value is written out only for a mistake: see with_input. */
    member.place = (struct hk_place){body->v, loc, {0}};
    member.value = value;
    return member;
}

static const struct hk_place *with_input(struct member *member)
{
    if (member->place.input.data == NULL) {
        member->place.input = dump(member->place.v->request->arena, member->value);
    }
    return &member->place;
}

static void add_type_mistake(struct member *member, const char *type, const char *what)
{
    const char *message = hk_arena_printf(member->place.v->request->arena, "Input should be a valid %s", what);
    hk_mistake_add(with_input(member), type, message, no_ctx);
}

static struct hk_str text_of(const json_t *value)
{
    return (struct hk_str){json_string_value(value), json_string_length(value)};
}

static struct hk_str read_text(struct hk_arena *arena, struct member *member)
{
    if (member->value == NULL) {
        return (struct hk_str){0};
    }
    if (!json_is_string(member->value)) {
        add_type_mistake(member, "string_type", "string");
        return (struct hk_str){0};
    }
    struct hk_str text = text_of(member->value);
    if (memchr(text.data, '\0', text.len) != NULL) { /* it would be kept without what comes after */
        hk_mistake_add(with_input(member), "string_unicode", "Input should be a valid string without NUL characters",
                       no_ctx);
        return (struct hk_str){0};
    }
    return hk_arena_str(arena, text);
}

struct hk_str hk_body_text(struct hk_body *body, const char *name, unsigned flags)
{
    struct member member = find_member(body, name, flags);
    return read_text(arena_of(body), &member);
}

static bool read_int(struct member *member, int64_t *out)
{
    const json_t *value = member->value;
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    if (json_is_boolean(value)) {
        *out = json_is_true(value) ? 1 : 0;
        return true;
    }
    if (json_is_string(value)) {
        return hk_lax_int(with_input(member), text_of(value), out);
    }
    if (!json_is_real(value)) {
        add_type_mistake(member, "int_type", "integer");
        return false;
    }
    double number = json_real_value(value);
    if (number != floor(number) || fabs(number) > 9e18) {
        hk_mistake_add(with_input(member), "int_from_float",
                       "Input should be a valid integer, got a number with a fractional part", no_ctx);
        return false;
    }
    *out = (int64_t)number;
    return true;
}

int64_t hk_body_int(struct hk_body *body, const char *name, unsigned flags, const struct hk_int_rule *rule)
{
    struct member member = find_member(body, name, flags);
    int64_t value = 0;
    if (member.value == NULL || !read_int(&member, &value)) {
        return rule->fallback;
    }
    return hk_check_range(with_input(&member), rule, value) ? value : rule->fallback;
}

double hk_body_double(struct hk_body *body, const char *name, unsigned flags, double fallback)
{
    struct member member = find_member(body, name, flags);
    double value = 0;
    if (member.value == NULL) {
        return fallback;
    }
    if (json_is_number(member.value)) {
        return json_number_value(member.value);
    }
    if (json_is_boolean(member.value)) {
        return json_is_true(member.value) ? 1 : 0;
    }
    if (json_is_string(member.value)) {
        return hk_lax_double(with_input(&member), text_of(member.value), &value) ? value : fallback;
    }
    add_type_mistake(&member, "float_type", "number");
    return fallback;
}

enum hk_truth hk_body_bool(struct hk_body *body, const char *name, unsigned flags, enum hk_truth fallback)
{
    struct member member = find_member(body, name, flags);
    bool value = false;
    if (member.value == NULL) {
        return fallback;
    }
    if (json_is_boolean(member.value)) {
        return json_is_true(member.value) ? HK_TRUE : HK_FALSE;
    }
    if (json_is_string(member.value)) {
        bool ok = hk_lax_bool(with_input(&member), text_of(member.value), &value);
        return !ok ? fallback : value ? HK_TRUE : HK_FALSE;
    }
    if (!json_is_number(member.value)) {
        add_type_mistake(&member, "bool_type", "boolean");
        return fallback;
    }
    double number = json_number_value(member.value);
    if (number == 0 || number == 1) {
        return number == 1 ? HK_TRUE : HK_FALSE;
    }
    hk_mistake_add(with_input(&member), "bool_parsing", "Input should be a valid boolean, unable to interpret input",
                   no_ctx);
    return fallback;
}

int64_t hk_body_datetime(struct hk_body *body, const char *name, unsigned flags, bool needs_zone)
{
    struct member member = find_member(body, name, flags);
    int64_t at_us = HK_TIME_NONE;
    bool has_zone = false;
    if (member.value == NULL) {
        return HK_TIME_NONE;
    }
    if (json_is_number(member.value) && hk_lax_timestamp(json_number_value(member.value), &at_us)) {
        return at_us;
    }
    if (!json_is_string(member.value)) {
        add_type_mistake(&member, "datetime_type", "datetime");
        return HK_TIME_NONE;
    }
    if (!hk_lax_datetime(with_input(&member), text_of(member.value), &has_zone, &at_us)) {
        return HK_TIME_NONE;
    }
    if (needs_zone && !has_zone) {
        hk_mistake_add(with_input(&member), "timezone_aware", "Input should have timezone info", no_ctx);
        return HK_TIME_NONE;
    }
    return at_us;
}

int hk_body_enum(struct hk_body *body, const char *name, unsigned flags, const char *const *names, const char *type)
{
    struct member member = find_member(body, name, flags);
    if (member.value == NULL) {
        return -1;
    }
    struct hk_str text = json_is_string(member.value) ? text_of(member.value) : (struct hk_str){0};
    return hk_pick_name(with_input(&member), text, names, type);
}

struct hk_str hk_body_document(struct hk_body *body, const char *name, unsigned flags)
{
    struct member member = find_member(body, name, flags);
    return member.value != NULL ? dump(arena_of(body), member.value) : (struct hk_str){0};
}

struct hk_str hk_body_dict(struct hk_body *body, const char *name, unsigned flags)
{
    struct member member = find_member(body, name, flags);
    if (member.value != NULL && !json_is_object(member.value)) {
        add_type_mistake(&member, "dict_type", "dictionary");
        return (struct hk_str){0};
    }
    return member.value != NULL ? dump(arena_of(body), member.value) : (struct hk_str){0};
}

static struct hk_body *open_object(struct hk_body *parent, struct member *member, unsigned flags)
{
    struct hk_body *body = make_body(parent->v, member->place.loc, flags);
    if (member->value != NULL && !json_is_object(member->value)) {
        add_not_an_object(parent->v, member->place.loc, with_input(member)->input);
    } else if (member->value != NULL) {
        body->value = member->value;
        body->is_mute = false;
    }
    return body;
}

struct hk_body *hk_body_object(struct hk_body *parent, const char *name, unsigned flags)
{
    struct member member = find_member(parent, name, flags);
    return open_object(parent, &member, flags);
}

void hk_body_tag(struct hk_body *body, const char *tag)
{
    body->loc = hk_loc_add(arena_of(body), body->loc, tag);
}

size_t hk_body_list(struct hk_body *body, const char *name, unsigned flags, struct hk_body **list)
{
    struct member member = find_member(body, name, flags);
    *list = make_body(body->v, member.place.loc, 0);
    if (member.value == NULL) {
        return 0;
    }
    if (!json_is_array(member.value)) {
        add_type_mistake(&member, "list_type", "list");
        return 0;
    }
    (*list)->value = member.value;
    return json_array_size(member.value);
}

static struct member list_item(struct hk_body *list, size_t index)
{
    struct hk_str loc = hk_loc_add_index(arena_of(list), list->loc, index);
    return (struct member){.place = {list->v, loc, {0}}, .value = json_array_get(list->value, index)};
}

struct hk_body *hk_list_object(struct hk_body *list, size_t index, unsigned flags)
{
    struct member member = list_item(list, index);
    return open_object(list, &member, flags);
}

struct hk_str hk_list_text(struct hk_body *list, size_t index)
{
    struct member member = list_item(list, index);
    return read_text(arena_of(list), &member);
}

int hk_list_enum(struct hk_body *list, size_t index, unsigned flags, const char *const *names, const char *type)
{
    struct member member = list_item(list, index);
    if (member.value == NULL || (json_is_null(member.value) && (flags & HK_NULLABLE) != 0)) {
        return -1;
    }
    struct hk_str text = json_is_string(member.value) ? text_of(member.value) : (struct hk_str){0};
    return hk_pick_name(with_input(&member), text, names, type);
}

struct hk_str hk_list_document(struct hk_body *list, size_t index)
{
    struct member member = list_item(list, index);
    return member.value != NULL ? dump(arena_of(list), member.value) : (struct hk_str){0};
}

static size_t count_characters(struct hk_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

void hk_body_check_length(struct hk_body *body, const char *name, struct hk_str value, size_t least, size_t most)
{
    struct hk_arena *arena = arena_of(body);
    size_t count = count_characters(value);
    if (value.data == NULL || (count >= least && count <= most)) {
        return;
    }
    bool is_short = count < least;
    size_t limit = is_short ? least : most;
    struct hk_place place = {body->v, hk_loc_add(arena, body->loc, name), hk_json_of_text(arena, value)};
    const char *message = hk_arena_printf(arena, "String should have at %s %zu character%s",
                                          is_short ? "least" : "most", limit, limit == 1 ? "" : "s");
    hk_mistake_add(&place, is_short ? "string_too_short" : "string_too_long", message,
                   hk_str_from(hk_arena_printf(arena, "{\"%s\":%zu}", is_short ? "min_length" : "max_length", limit)));
}
