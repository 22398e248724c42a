/* Reads "KIND<tab>TEXT" lines, KIND one of those below, "order:" before it for an element of order_by; prints for each
 * what hanok reads in it, as a line of JSON: a list of [entity, key, operator, value], or [entity, key, descending], or
 * the message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/tracking/search.h"

static const char *const kinds[HK_SEARCH_KIND_COUNT] = {"runs", "experiments", "models", "versions", "logged_models"};
static const char *const entities[HK_SEARCH_ENTITY_COUNT] = {"attribute", "metric", "parameter", "tag", "dataset"};
static const char *const ops[HK_SEARCH_OP_COUNT] = {
    "=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"};

static void write_value(struct hk_json *w, const struct hk_search_term *term)
{
    switch (term->type) {
    case HK_SEARCH_INTEGER:
        hk_json_int(w, term->integer);
        return;
    case HK_SEARCH_REAL:
        hk_json_double(w, term->real);
        return;
    case HK_SEARCH_TEXT:
        hk_json_string(w, term->text);
        return;
    case HK_SEARCH_LIST:
        hk_json_begin_array(w);
        for (size_t i = 0; i < term->item_count; i++) {
            hk_json_string(w, term->items[i]);
        }
        hk_json_end_array(w);
        return;
    case HK_SEARCH_NOTHING:
        hk_json_null(w);
    }
}

static void write_filter(struct hk_json *w, enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena)
{
    struct hk_search_filter filter;
    struct hk_error err;
    if (!hk_search_filter_parse(kind, text, arena, &filter, &err)) {
        hk_json_text(w, err.message);
        return;
    }
    hk_json_begin_array(w);
    for (size_t i = 0; i < filter.count; i++) {
        const struct hk_search_term *term = &filter.terms[i];
        hk_json_begin_array(w);
        hk_json_text(w, entities[term->entity]);
        hk_json_string(w, term->key);
        hk_json_text(w, ops[term->op]);
        write_value(w, term);
        hk_json_end_array(w);
    }
    hk_json_end_array(w);
}

static void write_order(struct hk_json *w, enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena)
{
    struct hk_search_order order;
    struct hk_error err;
    if (!hk_search_order_parse(kind, text, arena, &order, &err)) {
        hk_json_text(w, err.message);
        return;
    }
    hk_json_begin_array(w);
    hk_json_text(w, entities[order.entity]);
    hk_json_string(w, order.key);
    hk_json_bool(w, order.is_descending);
    hk_json_end_array(w);
}

static void answer(struct hk_str line, struct hk_buf *out)
{
    struct hk_arena arena = {0};
    struct hk_json w;
    struct hk_str kind_name = {0};
    bool is_order = hk_str_starts_with(line, "order:");
    if (is_order) {
        line = (struct hk_str){line.data + 6, line.len - 6};
    }
    (void)hk_str_next(&line, '\t', &kind_name);
    hk_buf_reset(out);
    hk_json_init(&w, out);
    for (int kind = 0; kind < HK_SEARCH_KIND_COUNT; kind++) {
        if (hk_str_is(kind_name, kinds[kind])) {
            (is_order ? write_order : write_filter)(&w, (enum hk_search_kind)kind, line, &arena);
        }
    }
    hk_arena_clear(&arena);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    struct hk_buf out;
    hk_buf_init(&out, 64 * 1024 * 1024);
    while ((len = getline(&line, &cap, stdin)) >= 0) {
        len -= len > 0 && line[len - 1] == '\n' ? 1 : 0;
        answer((struct hk_str){line, (size_t)len}, &out);
        puts(out.data);
    }
    free(line);
    hk_buf_clear(&out);
    return 0;
}
