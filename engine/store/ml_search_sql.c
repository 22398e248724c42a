#include "engine/store/ml_search_sql.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"

const struct hk__search_columns *hk__search_column(const struct hk__search_tables *tables, struct hk_str attribute)
{
    for (const struct hk__search_columns *column = tables->columns; column->attribute != NULL; column++) {
        if (hk_str_is(attribute, column->attribute)) {
            return column;
        }
    }
    HK_ASSERT(false); /* an attribute without a column */
    return NULL;
}

/* SQLite's LIKE knows no case, its GLOB does; so a pattern of LIKE is written for GLOB. */
static struct hk_str glob_of(struct hk_str pattern, struct hk_arena *arena)
{
    char *out = hk_arena_alloc(arena, pattern.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];
        if (c == '%' || c == '_') {
            out[len++] = c == '%' ? '*' : '?';
        } else if (c == '*' || c == '?' || c == '[') {
            out[len++] = '[';
            out[len++] = c;
            out[len++] = ']';
        } else {
            out[len++] = c;
        }
    }
    return (struct hk_str){out, len};
}

static struct hk_str texts_of(const struct hk_search_term *term, struct hk_arena *arena)
{
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, HK_MAX_BODY_BYTES * 4);
    hk_json_init(&w, &buf);
    hk_json_begin_array(&w);
    for (size_t i = 0; i < term->item_count; i++) {
        hk_json_string(&w, term->items[i]);
    }
    hk_json_end_array(&w);
    struct hk_str copy = hk_arena_str(arena, hk_buf_str(&buf));
    hk_buf_clear(&buf);
    return copy;
}

struct hk_str hk__search_numbers(const int64_t *numbers, size_t count, struct hk_arena *arena)
{
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, HK_MAX_BODY_BYTES * 4);
    hk_json_init(&w, &buf);
    hk_json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        hk_json_int(&w, numbers[i]);
    }
    hk_json_end_array(&w);
    struct hk_str copy = hk_arena_str(arena, hk_buf_str(&buf));
    hk_buf_clear(&buf);
    return copy;
}

static void add_value(struct hk_sql *s, const struct hk_search_term *term)
{
    if (term->type == HK_SEARCH_INTEGER) {
        hk_sql_int(s, term->integer);
    } else if (term->type == HK_SEARCH_REAL) {
        hk_sql_double(s, term->real);
    } else {
        hk_sql_text(s, term->text);
    }
}

bool hk__search_add_comparison(struct hk_sql *s, const char *column, const struct hk_search_term *term,
                               struct hk_arena *arena, struct hk_error *err)
{
    static const char *const ops[HK_SEARCH_OP_COUNT] = {
        [HK_SEARCH_EQ] = " = ?",
        [HK_SEARCH_NE] = " <> ?",
        [HK_SEARCH_LT] = " < ?",
        [HK_SEARCH_LE] = " <= ?",
        [HK_SEARCH_GT] = " > ?",
        [HK_SEARCH_GE] = " >= ?",
        [HK_SEARCH_LIKE] = " GLOB ?",
        [HK_SEARCH_ILIKE] = " LIKE ?",
        [HK_SEARCH_IN] = " IN (SELECT value FROM json_each(?))",
        [HK_SEARCH_NOT_IN] = " NOT IN (SELECT value FROM json_each(?))",
    };
    bool is_pattern = term->op == HK_SEARCH_LIKE || term->op == HK_SEARCH_ILIKE;
    if (is_pattern && term->text.len > HK_MAX_SEARCH_PATTERN_BYTES) {
        return hk_error_set(err, HK_INVALID, "The pattern of a LIKE has at most %d bytes, but got %zu",
                            HK_MAX_SEARCH_PATTERN_BYTES, term->text.len);
    }
    hk_sql_add(s, column);
    hk_sql_add(s, ops[term->op]);
    if (term->op == HK_SEARCH_LIKE) {
        hk_sql_text(s, glob_of(term->text, arena));
    } else if (term->type == HK_SEARCH_LIST) {
        hk_sql_text(s, texts_of(term, arena));
    } else {
        add_value(s, term);
    }
    return true;
}

/* A value that is not a number is unequal to any, and nothing else. */
static bool add_metric_comparison(struct hk_sql *s, const struct hk_search_term *term, struct hk_arena *arena,
                                  struct hk_error *err)
{
    hk_sql_add(s, term->op == HK_SEARCH_NE ? "(t.is_nan OR " : "(t.is_nan = 0 AND ");
    if (!hk__search_add_comparison(s, "t.value", term, arena, err)) {
        return false;
    }
    hk_sql_add(s, ")");
    return true;
}

bool hk__search_add_side(struct hk_sql *s, const struct hk__search_side *side, const char *key,
                         const struct hk_search_term *term, struct hk_arena *arena, struct hk_error *err)
{
    bool is_null = term->op == HK_SEARCH_IS_NULL || term->op == HK_SEARCH_IS_NOT_NULL;
    HK_ASSERT(side->table != NULL);
    hk_sql_printf(s, "%sEXISTS (SELECT 1 FROM %s t WHERE t.%s = %s AND t.key = ?",
                  term->op == HK_SEARCH_IS_NULL ? "NOT " : "", side->table, side->owner, key);
    hk_sql_text(s, term->key);
    if (!is_null) {
        hk_sql_add(s, " AND ");
        bool ok = term->entity == HK_SEARCH_METRIC ? add_metric_comparison(s, term, arena, err)
                                                   : hk__search_add_comparison(s, "t.value", term, arena, err);
        if (!ok) {
            return false;
        }
    }
    hk_sql_add(s, ")");
    return true;
}

bool hk__search_run(struct hk_sql *s, struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                    struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_stmt *q = NULL;
    bool ok = true;
    *out = (struct hk_ml_found){0};
    hk_sql_add(s, " LIMIT ? OFFSET ?");
    hk_sql_int(s, search->limit + 1);
    hk_sql_int(s, search->offset);
    if (!hk_sql_prepare(s, db, &q, err)) {
        return false;
    }
    out->keys = hk_arena_array(arena, (size_t)search->limit + 1, sizeof *out->keys);
    while (hk_step(q, &ok, err)) {
        out->keys[out->count++] = hk_column_int(q, 0);
    }
    hk_stmt_free(q);
    out->has_more = out->count > (size_t)search->limit;
    out->count -= out->has_more ? 1 : 0;
    return ok;
}
