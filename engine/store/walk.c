#include "engine/store/walk.h"

enum { MAX_COLUMNS = 2 * HK_MAX_ORDERS + 4, MAX_SELECT_BYTES = 64 * 1024 };

struct columns {
    const char *sql[MAX_COLUMNS];
    bool is_descending[MAX_COLUMNS];
    size_t count;
};

static void add_column(struct columns *columns, const char *sql, bool is_descending)
{
    HK_ASSERT(columns->count < MAX_COLUMNS);
    columns->sql[columns->count] = sql;
    columns->is_descending[columns->count++] = is_descending;
}

/* As add_orders of filter.c puts them. */
static struct columns columns_of(const struct hk_page *page, const char *const *key)
{
    struct columns columns = {.count = 0};
    for (size_t i = 0; i < page->order_count; i++) {
        const struct hk_order *order = &page->orders[i];
        add_column(&columns, order->field->sql, order->is_descending);
        if (order->field->then_sql != NULL) {
            add_column(&columns, order->field->then_sql, order->is_descending);
        }
    }
    bool is_descending = page->order_count > 0 && page->orders[0].is_descending;
    for (; *key != NULL; key++) {
        add_column(&columns, *key, is_descending);
    }
    return columns;
}

/* NULL is SQLite's least value. */
static void add_bound(struct hk_filter *f, const char *sql, bool is_descending, bool is_strict,
                      const struct hk_place_value *value)
{
    if (value->is_null) {
        if (is_descending == is_strict) {
            hk_buf_add_text(&f->where, is_strict ? "0" : "1");
        } else {
            hk_buf_printf(&f->where, "%s IS %sNULL", sql, is_strict ? "NOT " : "");
        }
        return;
    }
    const char *equal = is_strict ? "" : "=";
    if (is_descending) {
        hk_buf_printf(&f->where, "(%s <%s ? OR %s IS NULL)", sql, equal, sql);
    } else {
        hk_buf_printf(&f->where, "%s >%s ?", sql, equal);
    }
    if (value->is_text) {
        hk_filter_bind_text(f, value->text);
    } else {
        hk_filter_bind_int(f, value->number);
    }
}

/* c1 >= v1 AND (c1 > v1 OR (c2 >= v2 AND (c2 > v2 OR ...))): the last one strict, or including the place itself. */
static void add_condition(struct hk_filter *f, const struct columns *columns, const struct hk_place *place,
                          bool is_flipped, bool is_inclusive)
{
    hk_filter_begin(f);
    for (size_t i = 0; i < columns->count; i++) {
        bool is_descending = columns->is_descending[i] != is_flipped;
        bool is_last = i + 1 == columns->count;
        hk_buf_add_char(&f->where, '(');
        add_bound(f, columns->sql[i], is_descending, is_last && !is_inclusive, &place->values[i]);
        if (!is_last) {
            hk_buf_add_text(&f->where, " AND (");
            add_bound(f, columns->sql[i], is_descending, true, &place->values[i]);
            hk_buf_add_text(&f->where, " OR ");
        }
    }
    for (size_t i = 0; i + 1 < columns->count; i++) {
        hk_buf_add_text(&f->where, "))");
    }
    hk_buf_add_char(&f->where, ')');
}

static struct hk_place read_place(struct hk_stmt *q, size_t count, struct hk_arena *arena)
{
    struct hk_place place = {hk_arena_array(arena, count, sizeof *place.values), count};
    for (size_t i = 0; i < count; i++) {
        struct hk_place_value *value = &place.values[i];
        value->is_null = hk_column_is_null(q, (int)i);
        value->is_text = hk_column_is_text(q, (int)i);
        value->number = hk_column_int(q, (int)i);
        if (value->is_text) {
            value->text = hk_arena_str(arena, hk_column_str(q, (int)i));
        }
    }
    return place;
}

/* Steps through the page and one row more, in the direction of the walk. */
static bool find_ends(struct hk_stmt *q, size_t columns, struct hk_page *page, struct hk_error *err)
{
    struct hk_walk *walk = page->walk;
    int64_t count = 0;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        if (count == page->limit) {
            walk->has_more = true;
            hk_reset(q);
            break;
        }
        struct hk_place *end = count == 0 ? &walk->first : &walk->last;
        *end = read_place(q, columns, walk->arena);
        count++;
    }
    if (count == 1) {
        walk->last = walk->first;
    }
    if (walk->is_backward) {
        struct hk_place first = walk->first;
        walk->first = walk->last;
        walk->last = first;
    }
    page->limit = count;
    page->offset = 0;
    return ok;
}

static bool look_ahead(struct hk_filter *f, struct hk_db *db, const char *from, const char *const *key,
                       const struct columns *columns, struct hk_page *page, struct hk_error *err)
{
    struct hk_page ahead = *page;
    struct hk_buf select;
    struct hk_stmt *q = NULL;
    hk_buf_init(&select, MAX_SELECT_BYTES);
    for (size_t i = 0; i < columns->count; i++) {
        hk_buf_printf(&select, "%s%s", i == 0 ? "SELECT " : ", ", columns->sql[i]);
    }
    hk_buf_printf(&select, " FROM %s", from);
    ahead.limit++;
    ahead.offset = 0;
    for (size_t i = 0; i < ahead.order_count; i++) {
        ahead.orders[i].is_descending = ahead.orders[i].is_descending != page->walk->is_backward;
    }
    const struct hk_list_sql list = {.select = select.data, .key = key};
    bool ok = hk_filter_select(f, db, &list, &ahead, &q, err) && find_ends(q, columns->count, page, err);
    hk_stmt_free(q);
    hk_buf_clear(&select);
    return ok;
}

bool hk_walk_find(struct hk_filter *f, struct hk_db *db, const char *from, const char *const *key, struct hk_page *page,
                  struct hk_error *err)
{
    struct hk_walk *walk = page->walk;
    if (walk == NULL) {
        return true;
    }
    HK_ASSERT(page->order_count > 0); /* the key's direction is the first order's */
    const struct columns columns = columns_of(page, key);
    if (walk->from.count > 0 && walk->from.count != columns.count) {
        return hk_error_set(err, HK_INVALID, "Cursor token does not match current query shape");
    }
    if (walk->from.count > 0) {
        add_condition(f, &columns, &walk->from, walk->is_backward, false);
    }
    if (!look_ahead(f, db, from, key, &columns, page, err)) {
        return false;
    }
    if (walk->first.count > 0) {
        add_condition(f, &columns, &walk->first, false, true);
    }
    return true;
}
