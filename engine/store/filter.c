#include "engine/store/filter.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

enum { MAX_SQL_BYTES = 1024 * 1024 };

/* Text is a slice of the caller's, or owned when it had to be made (LIKE patterns). */
struct hk_filter_value {
    bool is_text;
    int64_t number;
    struct hk_str text;
    char *owned;
};

bool hk_range_is_all(const struct hk_range *range)
{
    return range->gte == HK_TIME_NONE && range->gt == HK_TIME_NONE && range->lte == HK_TIME_NONE &&
           range->lt == HK_TIME_NONE;
}

bool hk_range_has_end(const struct hk_range *range)
{
    return range->lte != HK_TIME_NONE || range->lt != HK_TIME_NONE;
}

void hk_filter_init(struct hk_filter *f)
{
    *f = (struct hk_filter){0};
    hk_buf_init(&f->where, MAX_SQL_BYTES);
}

void hk_filter_clear(struct hk_filter *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->values[i].owned);
    }
    free(f->values);
    hk_buf_clear(&f->where);
    *f = (struct hk_filter){0};
}

static void add_value(struct hk_filter *f, struct hk_filter_value value)
{
    hk_array_grow((void **)&f->values, &f->cap, f->count + 1, sizeof *f->values);
    f->values[f->count++] = value;
}

void hk_filter_bind_int(struct hk_filter *f, int64_t value)
{
    add_value(f, (struct hk_filter_value){.number = value});
}

void hk_filter_bind_text(struct hk_filter *f, struct hk_str value)
{
    add_value(f, (struct hk_filter_value){.is_text = true, .text = value});
}

static void add_owned(struct hk_filter *f, struct hk_buf *made)
{
    size_t len = made->len;
    char *text = hk_buf_take(made);
    add_value(f, (struct hk_filter_value){.is_text = true, .text = {text, len}, .owned = text});
}

void hk_filter_begin(struct hk_filter *f)
{
    hk_buf_add_text(&f->where, f->where.len == 0 ? " WHERE " : " AND ");
    f->terms++;
}

void hk_filter_sql(struct hk_filter *f, const char *condition)
{
    hk_filter_begin(f);
    hk_buf_printf(&f->where, "(%s)", condition);
}

void hk_filter_int(struct hk_filter *f, const char *condition, int64_t value)
{
    hk_filter_sql(f, condition);
    hk_filter_bind_int(f, value);
}

void hk_filter_text(struct hk_filter *f, const char *condition, struct hk_str value)
{
    hk_filter_sql(f, condition);
    hk_filter_bind_text(f, value);
}

void hk_filter_given(struct hk_filter *f, const char *condition, struct hk_str value)
{
    if (value.data != NULL) {
        hk_filter_text(f, condition, value);
    }
}

static void add_marks(struct hk_filter *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hk_buf_add_text(&f->where, i == 0 ? "?" : ", ?");
    }
}

void hk_filter_any(struct hk_filter *f, const char *column, struct hk_texts values)
{
    if (values.count == 0) {
        return;
    }
    hk_filter_begin(f);
    hk_buf_printf(&f->where, "%s IN (", column);
    add_marks(f, values.count);
    hk_buf_add_text(&f->where, ")");
    for (size_t i = 0; i < values.count; i++) {
        hk_filter_bind_text(f, values.items[i]);
    }
}

void hk_filter_none(struct hk_filter *f, const char *column, struct hk_texts values)
{
    if (values.count == 0) {
        return;
    }
    hk_filter_begin(f);
    hk_buf_printf(&f->where, "%s NOT IN (", column);
    add_marks(f, values.count);
    hk_buf_add_text(&f->where, ")");
    for (size_t i = 0; i < values.count; i++) {
        hk_filter_bind_text(f, values.items[i]);
    }
}

void hk_filter_any_or_null(struct hk_filter *f, const char *column, struct hk_texts values)
{
    if (values.count == 0) {
        return;
    }
    hk_filter_begin(f);
    for (size_t i = 0; i < values.count; i++) {
        hk_buf_printf(&f->where, "%s%s IS ?", i == 0 ? "(" : " OR ", column);
        f->terms++;
        hk_filter_bind_text(f, values.items[i]);
    }
    hk_buf_add_text(&f->where, ")");
}

void hk_filter_ints(struct hk_filter *f, const char *column, const int64_t *values, size_t count)
{
    if (count == 0) {
        return;
    }
    hk_filter_begin(f);
    hk_buf_printf(&f->where, "%s IN (", column);
    add_marks(f, count);
    hk_buf_add_text(&f->where, ")");
    for (size_t i = 0; i < count; i++) {
        hk_filter_bind_int(f, values[i]);
    }
}

void hk_filter_like_any(struct hk_filter *f, const char *column, struct hk_texts values)
{
    if (values.count == 0) {
        return;
    }
    hk_filter_begin(f);
    for (size_t i = 0; i < values.count; i++) {
        hk_buf_printf(&f->where, "%s%s LIKE ? ESCAPE '\\'", i == 0 ? "(" : " OR ", column);
        f->terms++;
        struct hk_buf made;
        hk_buf_init(&made, MAX_SQL_BYTES);
        hk_buf_add_char(&made, '%');
        for (size_t c = 0; c < values.items[i].len; c++) {
            char letter = values.items[i].data[c];
            if (letter == '%' || letter == '_' || letter == '\\') {
                hk_buf_add_char(&made, '\\');
            }
            hk_buf_add_char(&made, letter);
        }
        hk_buf_add_char(&made, '%');
        add_owned(f, &made);
    }
    hk_buf_add_text(&f->where, ")");
}

static void add_bound(struct hk_filter *f, const char *column, const char *operator, int64_t bound)
{
    if (bound != HK_TIME_NONE) {
        hk_filter_begin(f);
        hk_buf_printf(&f->where, "%s %s ?", column, operator);
        hk_filter_bind_int(f, bound);
    }
}

void hk_filter_range(struct hk_filter *f, const char *column, const struct hk_range *range)
{
    add_bound(f, column, ">=", range->gte);
    add_bound(f, column, ">", range->gt);
    add_bound(f, column, "<=", range->lte);
    add_bound(f, column, "<", range->lt);
}

static void add_bound_or_null(struct hk_filter *f, const char *column, const char *operator, int64_t bound,
                              bool is_null_in)
{
    if (bound == HK_TIME_NONE) {
        return;
    }
    hk_filter_begin(f);
    hk_buf_printf(&f->where, is_null_in ? "(%s %s ? OR %s IS NULL)" : "(%s %s ? AND %s IS NOT NULL)", column, operator,
                  column);
    hk_filter_bind_int(f, bound);
}

void hk_filter_range_or_null(struct hk_filter *f, const char *column, const struct hk_range *range, int64_t now_us)
{
    add_bound_or_null(f, column, ">=", range->gte, true);
    add_bound_or_null(f, column, ">", range->gt, true);
    add_bound_or_null(f, column, "<=", range->lte, now_us <= range->lte);
    add_bound_or_null(f, column, "<", range->lt, now_us < range->lt);
}

static void add_pattern_term(struct hk_filter *f, const char *column, struct hk_str term, bool is_first)
{
    hk_buf_printf(&f->where, "%s%s LIKE ?", is_first ? "" : " OR ", column);
    struct hk_buf made;
    hk_buf_init(&made, MAX_SQL_BYTES);
    hk_buf_add_char(&made, '%');
    hk_buf_add_str(&made, term);
    hk_buf_add_char(&made, '%');
    add_owned(f, &made);
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* All texts that begin with the term lie between it and the term followed by the greatest character. */
static void add_prefix_term(struct hk_filter *f, const char *column, struct hk_str term, bool is_first)
{
    while (term.len > 0 && !is_word(term.data[term.len - 1])) {
        term.len--;
    }
    hk_buf_add_text(&f->where, is_first ? "" : " OR ");
    if (term.len == 0) {
        hk_buf_printf(&f->where, "%s IS NOT NULL", column);
        return;
    }
    hk_buf_printf(&f->where, "(%s >= ? AND %s < ? || char(1114111))", column, column);
    hk_filter_bind_text(f, term);
    hk_filter_bind_text(f, term);
}

typedef void (*add_term_fn)(struct hk_filter *f, const char *column, struct hk_str term, bool is_first);

static void add_terms(struct hk_filter *f, const char *column, struct hk_str value, add_term_fn add)
{
    if (hk_str_is(value, "~")) {
        value = HK_STR("");
    }
    hk_filter_begin(f);
    hk_buf_add_char(&f->where, '(');
    bool is_first = true;
    if (value.len > 0 && memchr(value.data, '|', value.len) != NULL) {
        struct hk_str rest = value;
        struct hk_str term;
        while (hk_str_next(&rest, '|', &term)) {
            term = hk_str_trim(term);
            if (term.len > 0) {
                add(f, column, term, is_first);
                f->terms++;
                is_first = false;
            }
        }
    }
    if (is_first) {
        add(f, column, value, true);
    }
    hk_buf_add_char(&f->where, ')');
}

void hk_filter_search(struct hk_filter *f, const char *column, const struct hk_search *search)
{
    if (search->pattern.data != NULL) {
        add_terms(f, column, search->pattern, add_pattern_term);
    }
    if (search->prefix.data != NULL) {
        add_terms(f, column, search->prefix, add_prefix_term);
    }
}

static void bind_values(const struct hk_filter *f, struct hk_stmt *q)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct hk_filter_value *value = &f->values[i];
        if (value->is_text) {
            hk_bind_str(q, (int)i + 1, value->text);
        } else {
            hk_bind_int(q, (int)i + 1, value->number);
        }
    }
}

static void add_orders(struct hk_buf *sql, const char *const *key, const struct hk_page *page)
{
    const char *separator = " ORDER BY ";
    for (size_t i = 0; i < page->order_count; i++) {
        const struct hk_order *order = &page->orders[i];
        const char *direction = order->is_descending ? " DESC" : "";
        hk_buf_printf(sql, "%s%s%s", separator, order->field->sql, direction);
        separator = ", ";
        if (order->field->then_sql != NULL) {
            hk_buf_printf(sql, "%s%s%s", separator, order->field->then_sql, direction);
        }
    }
    bool is_descending = page->order_count > 0 && page->orders[0].is_descending;
    for (size_t i = 0; key[i] != NULL; i++) {
        hk_buf_printf(sql, "%s%s%s", separator, key[i], is_descending ? " DESC" : "");
        separator = ", ";
    }
}

static bool prepare(const struct hk_filter *f, struct hk_db *db, struct hk_buf *sql, struct hk_stmt **out,
                    struct hk_error *err)
{
    bool fits =
        !sql->is_full && !f->where.is_full && f->terms <= HK_MAX_FILTER_TERMS && f->count <= HK_MAX_FILTER_VALUES;
    bool ok =
        fits ? hk_db_prepare(db, hk_buf_str(sql), out, err)
             : hk_error_set(err, HK_LIMIT,
                            "the filters of this list have more than %d alternatives, or name more than %d values; "
                            "ask for fewer at once",
                            HK_MAX_FILTER_TERMS, HK_MAX_FILTER_VALUES);
    hk_buf_clear(sql);
    if (ok) { /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): hk_db_prepare has set *out */
        bind_values(f, *out);
    }
    return ok;
}

bool hk_filter_select(const struct hk_filter *f, struct hk_db *db, const struct hk_list_sql *list,
                      const struct hk_page *page, struct hk_stmt **out, struct hk_error *err)
{
    struct hk_buf sql;
    hk_buf_init(&sql, 2 * MAX_SQL_BYTES);
    hk_buf_add_text(&sql, list->select);
    if (list->narrow != NULL) {
        hk_buf_printf(&sql, " WHERE %s", list->narrow);
    }
    hk_buf_add_str(&sql, hk_buf_str(&f->where));
    add_orders(&sql, list->key, page);
    hk_buf_add_text(&sql, " LIMIT ? OFFSET ?");
    if (list->narrow != NULL) {
        hk_buf_add_char(&sql, ')');
        add_orders(&sql, list->key, page);
    }
    if (!prepare(f, db, &sql, out, err)) {
        return false;
    }
    hk_bind_int(*out, (int)f->count + 1, page->limit);
    hk_bind_int(*out, (int)f->count + 2, page->offset);
    return true;
}

bool hk_filter_count(const struct hk_filter *f, struct hk_db *db, const char *select_from, int64_t *out,
                     struct hk_error *err)
{
    struct hk_buf sql;
    hk_buf_init(&sql, MAX_SQL_BYTES);
    hk_buf_add_text(&sql, select_from);
    hk_buf_add_str(&sql, hk_buf_str(&f->where));
    struct hk_stmt *q;
    if (!prepare(f, db, &sql, &q, err)) {
        return false;
    }
    bool ok = hk_run_for_int(q, out, err);
    hk_stmt_free(q);
    return ok;
}

const struct hk_order_field *hk_order_find(const struct hk_order_field *fields, struct hk_str name)
{
    for (; fields->name != NULL; fields++) {
        if (hk_str_is(name, fields->name)) {
            return fields;
        }
    }
    return NULL;
}
