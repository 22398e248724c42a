/* The `cursor` of long lists: a place in the order as base64url of a JSON array, "~" before it for the page before. */
#include "api/airflow/rest_internal.h"
#include "api/http/base64.h"
#include "engine/store/walk.h"

static void read_value(const json_t *json, struct hk_arena *arena, struct hk_place_value *value, bool *is_good)
{
    value->is_null = json_is_null(json);
    value->is_text = json_is_string(json);
    value->number = json_integer_value(json);
    if (value->is_text) {
        struct hk_str text = {json_string_value(json), json_string_length(json)};
        value->text = hk_arena_str(arena, text);
    }
    *is_good = *is_good && (value->is_null || value->is_text || json_is_integer(json));
}

static bool read_place(struct hk_str token, struct hk_arena *arena, struct hk_place *place)
{
    struct hk_str text;
    struct hk_error err;
    json_t *list = hk_base64url_decode(token, arena, &text) ? hk_json_parse(text, &err) : NULL;
    bool is_good = json_is_array(list) && json_array_size(list) > 0;
    place->count = json_array_size(list);
    place->values = hk_arena_array(arena, place->count + 1, sizeof *place->values);
    for (size_t i = 0; i < place->count; i++) {
        read_value(json_array_get(list, i), arena, &place->values[i], &is_good);
    }
    json_decref(list);
    return is_good;
}

void hk__query_cursor(struct hk_validation *v, struct hk_page *page)
{
    struct hk_arena *arena = v->request->arena;
    struct hk_str token = hk_query_text(v, "cursor", HK_OPTIONAL);
    if (token.data == NULL) {
        return;
    }
    page->walk = hk_arena_alloc(arena, sizeof *page->walk);
    page->walk->arena = arena;
    page->walk->is_backward = hk_str_starts_with(token, "~");
    if (page->walk->is_backward) {
        token.data++;
        token.len--;
    }
    if (token.len > 0 && !read_place(token, arena, &page->walk->from)) {
        hk_validation_fail(v, 400, "Invalid cursor token");
    }
}

static void write_place(struct hk_json *w, const char *key, const struct hk_place *place, bool is_backward,
                        struct hk_arena *arena)
{
    struct hk_buf text;
    struct hk_json list;
    hk_buf_init(&text, HK_MAX_URL_BYTES);
    hk_json_init(&list, &text);
    hk_json_begin_array(&list);
    for (size_t i = 0; i < place->count; i++) {
        const struct hk_place_value *value = &place->values[i];
        if (value->is_null) {
            hk_json_null(&list);
        } else if (value->is_text) {
            hk_json_string(&list, value->text);
        } else {
            hk_json_int(&list, value->number);
        }
    }
    hk_json_end_array(&list);
    struct hk_str token = hk_base64url_encode(text.data, text.len, arena);
    hk_json_kv_text(w, key, hk_arena_printf(arena, "%s%.*s", is_backward ? "~" : "", HK_STR_ARG(token)));
    hk_buf_clear(&text);
}

void hk__write_cursors(struct hk_json *w, const struct hk_walk *walk)
{
    bool is_empty = walk->first.count == 0;
    bool has_next = !is_empty && (walk->is_backward || walk->has_more);
    bool has_previous = !is_empty && (walk->is_backward ? walk->has_more : walk->from.count > 0);
    if (has_next) {
        write_place(w, "next_cursor", &walk->last, false, walk->arena);
    } else {
        hk_json_kv_null(w, "next_cursor");
    }
    if (has_previous) {
        write_place(w, "previous_cursor", &walk->first, true, walk->arena);
    } else {
        hk_json_kv_null(w, "previous_cursor");
    }
}
