/* Logged models. A metric has many values there: a filter is met by any of them, an order looks at the latest. */
#include "engine/store/ml_search_sql.h"

#define STATUS_NAME                                                                                                    \
    "CASE m.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' WHEN 3 THEN 'FAILED' ELSE 'UNSPECIFIED' END"

static const struct hk__search_columns columns[] = {
    {"creation_timestamp", "m.created_ms", false},
    {"last_updated_timestamp", "m.updated_ms", false},
    {"model_id", "m.model_id", false},
    {"model_type", "m.model_type", false},
    {"name", "m.name", false},
    {"source_run_id", "m.source_run_id", false},
    {"status", STATUS_NAME, false},
    {0},
};

static const struct hk__search_tables tables = {
    .key = "m.model_key",
    .columns = columns,
    .sides =
        {[HK_SEARCH_PARAM] = {"logged_model_param", "model_key"}, [HK_SEARCH_TAG] = {"logged_model_tag", "model_key"}},
};

/* " AND ..." on t, where the dataset says so. */
static void add_dataset(struct hk_sql *sql, const struct hk_ml_dataset *dataset)
{
    if (dataset->name.data != NULL) {
        hk_sql_add(sql, " AND t.dataset_name = ?");
        hk_sql_text(sql, dataset->name);
    }
    if (dataset->digest.data != NULL) {
        hk_sql_add(sql, " AND t.dataset_digest = ?");
        hk_sql_text(sql, dataset->digest);
    }
}

static void add_any_dataset(struct hk_sql *sql, const struct hk_ml_search *search)
{
    for (size_t i = 0; i < search->dataset_count; i++) {
        hk_sql_add(sql, i == 0 ? " AND (1" : " OR 1");
        add_dataset(sql, &search->datasets[i]);
    }
    hk_sql_add(sql, search->dataset_count > 0 ? ")" : "");
}

static bool add_metric(struct hk_sql *sql, const struct hk_ml_search *search, const struct hk_search_term *term,
                       struct hk_arena *arena, struct hk_error *err)
{
    hk_sql_add(sql, "EXISTS (SELECT 1 FROM logged_model_metric t WHERE t.model_key = m.model_key AND t.key = ? "
                    "AND t.is_nan = 0 AND ");
    hk_sql_text(sql, term->key);
    if (!hk__search_add_comparison(sql, "t.value", term, arena, err)) {
        return false;
    }
    add_any_dataset(sql, search);
    hk_sql_add(sql, ")");
    return true;
}

/* A status may be told by its number, too. */
static const char *column_of(const struct hk_search_term *term)
{
    bool is_number =
        term->type == HK_SEARCH_TEXT && term->text.len == 1 && term->text.data[0] >= '0' && term->text.data[0] <= '9';
    return hk_str_is(term->key, "status") && is_number ? "CAST(m.status AS TEXT)"
                                                       : hk__search_column(&tables, term->key)->sql;
}

static bool add_terms(struct hk_sql *sql, const struct hk_ml_search *search, struct hk_arena *arena,
                      struct hk_error *err)
{
    bool has_metric = false;
    for (size_t i = 0; i < search->filter.count; i++) {
        const struct hk_search_term *term = &search->filter.terms[i];
        bool ok = false;
        hk_sql_add(sql, " AND ");
        if (term->entity == HK_SEARCH_METRIC) {
            has_metric = true;
            ok = add_metric(sql, search, term, arena, err);
        } else if (term->entity == HK_SEARCH_ATTRIBUTE) {
            ok = hk__search_add_comparison(sql, column_of(term), term, arena, err);
        } else {
            ok = hk__search_add_side(sql, &tables.sides[term->entity], tables.key, term, arena, err);
        }
        if (!ok) {
            return false;
        }
    }
    if (search->dataset_count > 0 && !has_metric) {
        hk_sql_add(sql, " AND EXISTS (SELECT 1 FROM logged_model_metric t WHERE t.model_key = m.model_key");
        add_any_dataset(sql, search);
        hk_sql_add(sql, ")");
    }
    return true;
}

/* What is ordered by is a column of the answer, so that it is looked up once. */
static void add_ordered_columns(struct hk_sql *sql, const struct hk_ml_search *search)
{
    for (size_t i = 0; i < search->order_count; i++) {
        const struct hk_search_order *order = &search->orders[i];
        if (order->entity != HK_SEARCH_METRIC) {
            hk_sql_printf(sql, ", %s AS o%zu",
                          hk_str_is(order->key, "status") ? "m.status" : hk__search_column(&tables, order->key)->sql,
                          i);
            continue;
        }
        hk_sql_add(sql, ", (SELECT CASE WHEN t.is_nan = 0 THEN t.value END FROM logged_model_metric t "
                        "WHERE t.model_key = m.model_key AND t.key = ?");
        hk_sql_text(sql, order->key);
        if (search->order_datasets != NULL) {
            add_dataset(sql, &search->order_datasets[i]);
        }
        hk_sql_printf(sql, " ORDER BY t.timestamp_ms DESC, t.step DESC LIMIT 1) AS o%zu", i);
    }
}

static void add_orders(struct hk_sql *sql, const struct hk_ml_search *search)
{
    bool is_by_time = false;
    hk_sql_add(sql, " ORDER BY ");
    for (size_t i = 0; i < search->order_count; i++) {
        is_by_time = is_by_time || hk_str_is(search->orders[i].key, "creation_timestamp");
        hk_sql_printf(sql, "o%zu IS NULL, o%zu%s, ", i, i, search->orders[i].is_descending ? " DESC" : "");
    }
    hk_sql_add(sql, is_by_time ? "m.model_id" : "m.created_ms DESC, m.model_id");
}

bool hk_store_search_logged_models(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                   struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_sql sql;
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT m.model_key");
    add_ordered_columns(&sql, search);
    if (search->experiment_count == 1) {
        hk_sql_add(&sql, " FROM logged_model m WHERE m.experiment_key = ?");
        hk_sql_int(&sql, search->experiments[0]);
    } else {
        hk_sql_add(&sql, " FROM logged_model m WHERE m.experiment_key IN (SELECT value FROM json_each(?))");
        hk_sql_text(&sql, hk__search_numbers(search->experiments, search->experiment_count, arena));
    }
    hk_sql_add(&sql, " AND m.lifecycle = 'active'");
    bool ok = add_terms(&sql, search, arena, err);
    add_orders(&sql, search);
    ok = ok && hk__search_run(&sql, db, search, arena, out, err);
    hk_sql_clear(&sql);
    return ok;
}
