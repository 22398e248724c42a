#include "engine/store/ml_search_sql.h"

static const struct hk__search_columns columns[] = {
    {"experiment_id", "e.experiment_key", false},
    {"name", "e.name", false},
    {"creation_time", "e.created_ms", false},
    {"last_update_time", "e.updated_ms", false},
    {0},
};

static const struct hk__search_tables tables = {
    .key = "e.experiment_key",
    .columns = columns,
    .sides = {[HK_SEARCH_TAG] = {"experiment_tag", "experiment_key"}},
};

/* Ids are texts in a filter and numbers here. */
static bool add_id(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena, struct hk_error *err)
{
    struct hk_search_term number = *term;
    size_t count = term->type == HK_SEARCH_LIST ? term->item_count : 1;
    const struct hk_str *texts = term->type == HK_SEARCH_LIST ? term->items : &term->text;
    int64_t *ids = hk_arena_array(arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        if (!hk_str_to_i64(hk_str_trim(texts[i]), &ids[i])) {
            return hk_error_set(err, HK_INVALID, "Invalid experiment ID '%.*s'. Experiment ID must be a valid integer.",
                                (int)(texts[i].len < 100 ? texts[i].len : 100), texts[i].data);
        }
    }
    if (term->type != HK_SEARCH_LIST) {
        number.type = HK_SEARCH_INTEGER;
        number.integer = ids[0];
        return hk__search_add_comparison(sql, "e.experiment_key", &number, arena, err);
    }
    hk_sql_printf(sql, "e.experiment_key %s (SELECT value FROM json_each(?))",
                  term->op == HK_SEARCH_IN ? "IN" : "NOT IN");
    hk_sql_text(sql, hk__search_numbers(ids, count, arena));
    return true;
}

static bool add_term(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                     struct hk_error *err)
{
    if (term->entity == HK_SEARCH_TAG) {
        return hk__search_add_side(sql, &tables.sides[HK_SEARCH_TAG], tables.key, term, arena, err);
    }
    if (hk_str_is(term->key, "experiment_id")) {
        return add_id(sql, term, arena, err);
    }
    return hk__search_add_comparison(sql, hk__search_column(&tables, term->key)->sql, term, arena, err);
}

/* Without an order the newest come first; ties are broken by the id, the larger one first, but for that order. */
static void add_order(struct hk_sql *sql, const struct hk_ml_search *search)
{
    bool is_by_id = false;
    hk_sql_add(sql, " ORDER BY ");
    if (search->order_count == 0) {
        hk_sql_add(sql, "e.created_ms DESC, e.experiment_key");
        return;
    }
    for (size_t i = 0; i < search->order_count; i++) {
        const struct hk_search_order *order = &search->orders[i];
        is_by_id = is_by_id || hk_str_is(order->key, "experiment_id");
        hk_sql_printf(sql, "%s%s%s", i > 0 ? ", " : "", hk__search_column(&tables, order->key)->sql,
                      order->is_descending ? " DESC" : "");
    }
    hk_sql_add(sql, is_by_id ? "" : ", e.experiment_key DESC");
}

bool hk_store_search_experiments(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                 struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_sql sql;
    bool ok = true;
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT e.experiment_key FROM experiment e WHERE 1");
    if (search->lifecycle != NULL) {
        hk_sql_add(&sql, " AND e.lifecycle = ?");
        hk_sql_text(&sql, hk_str_from(search->lifecycle));
    }
    for (size_t i = 0; i < search->filter.count && ok; i++) {
        hk_sql_add(&sql, " AND ");
        ok = add_term(&sql, &search->filter.terms[i], arena, err);
    }
    add_order(&sql, search);
    ok = ok && hk__search_run(&sql, db, search, arena, out, err);
    hk_sql_clear(&sql);
    return ok;
}
