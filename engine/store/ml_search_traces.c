#include "engine/store/ml_search_sql.h"

#define NAME "(SELECT n.value FROM trace_tag n WHERE n.trace_key = x.trace_key AND n.key = 'mlflow.traceName')"
#define RUN "(SELECT n.value FROM trace_metadata n WHERE n.trace_key = x.trace_key AND n.key = 'mlflow.sourceRun')"

static const struct hk__search_columns columns[] = {
    {"client_request_id", "x.client_request_id", true},
    {"end_time_ms", "(x.timestamp_ms + coalesce(x.execution_ms, 0))", false},
    {"execution_time_ms", "x.execution_ms", true},
    {"experiment_id", "x.experiment_key", false},
    {"name", NAME, true},
    {"request_id", "x.trace_id", false},
    {"run_id", RUN, true},
    {"status", "x.state", false},
    {"timestamp_ms", "x.timestamp_ms", false},
    {0},
};

static const struct hk__search_tables tables = {
    .key = "x.trace_key",
    .columns = columns,
    .sides = {[HK_SEARCH_TAG] = {"trace_tag", "trace_key"}, [HK_SEARCH_METADATA] = {"trace_metadata", "trace_key"}},
};

/* A run's traces are those that were made in it, and those that were linked to it. */
static void add_run(struct hk_sql *sql, struct hk_str run_uuid)
{
    hk_sql_add(sql, "(x.trace_key IN (SELECT n.trace_key FROM trace_metadata n WHERE n.key = 'mlflow.sourceRun' AND "
                    "n.value = ?) OR x.trace_key IN (SELECT n.trace_key FROM trace_run n WHERE n.run_uuid = ?))");
    hk_sql_text(sql, run_uuid);
    hk_sql_text(sql, run_uuid);
}

/* "run_id = ...", or what MLflow makes of that. */
static bool asks_for_run(const struct hk_search_term *term)
{
    bool is_run = term->entity == HK_SEARCH_ATTRIBUTE
                      ? hk_str_is(term->key, "run_id")
                      : term->entity == HK_SEARCH_METADATA && hk_str_is(term->key, "mlflow.sourceRun");
    return is_run && term->op == HK_SEARCH_EQ;
}

static bool add_term(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                     struct hk_error *err)
{
    if (asks_for_run(term)) {
        add_run(sql, term->text);
        return true;
    }
    if (term->entity != HK_SEARCH_ATTRIBUTE) {
        return hk__search_add_side(sql, &tables.sides[term->entity], tables.key, term, arena, err);
    }
    return hk__search_add_comparison(sql, hk__search_column(&tables, term->key)->sql, term, arena, err);
}

/* Ties are broken by the newest, then by the id. */
static void add_order(struct hk_sql *sql, const struct hk_ml_search *search)
{
    hk_sql_add(sql, " ORDER BY ");
    for (size_t i = 0; i < search->order_count; i++) {
        const struct hk__search_columns *column = hk__search_column(&tables, search->orders[i].key);
        if (column->may_be_null) {
            hk_sql_printf(sql, "%s IS NULL, ", column->sql);
        }
        hk_sql_printf(sql, "%s%s, ", column->sql, search->orders[i].is_descending ? " DESC" : "");
    }
    hk_sql_add(sql, "x.timestamp_ms DESC, x.trace_id");
}

bool hk_store_search_traces(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                            struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_sql sql;
    bool ok = true;
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT x.trace_key FROM trace x WHERE ");
    if (search->experiment_count == 1) { /* so that the index gives the order, too */
        hk_sql_add(&sql, "x.experiment_key = ?");
        hk_sql_int(&sql, search->experiments[0]);
    } else {
        hk_sql_add(&sql, "x.experiment_key IN (SELECT value FROM json_each(?))");
        hk_sql_text(&sql, hk__search_numbers(search->experiments, search->experiment_count, arena));
    }
    for (size_t i = 0; i < search->filter.count && ok; i++) {
        hk_sql_add(&sql, " AND ");
        ok = add_term(&sql, &search->filter.terms[i], arena, err);
    }
    if (ok) {
        add_order(&sql, search);
        ok = hk__search_run(&sql, db, search, arena, out, err);
    }
    hk_sql_clear(&sql);
    return ok;
}
