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

/* ---- spans: all terms about them must hold for one and the same ---- */

#define SPAN_STATUS                                                                                                    \
    "CASE s.json ->> '$.status.code' WHEN 'STATUS_CODE_OK' THEN 'OK' WHEN 'STATUS_CODE_ERROR' THEN 'ERROR' "           \
    "ELSE 'UNSET' END"
/* MLflow's client writes values as JSON into a text: "\"LLM\"", "3". A text is compared without its quotes. */
#define ATTRIBUTE_TEXT "(a.value ->> '$.value.string_value')"
#define ATTRIBUTE_VALUE                                                                                                \
    "CASE WHEN json_type(a.value, '$.value.string_value') IS NULL THEN "                                               \
    "coalesce(a.value -> '$.value.int_value', a.value -> '$.value.double_value', a.value -> '$.value.bool_value', "    \
    "a.value -> '$.value') WHEN json_valid" ATTRIBUTE_TEXT " THEN CASE json_type" ATTRIBUTE_TEXT                       \
    " WHEN 'text' THEN " ATTRIBUTE_TEXT " ->> '$' ELSE " ATTRIBUTE_TEXT " END ELSE " ATTRIBUTE_TEXT " END"

static bool add_span_attribute(struct hk_sql *sql, struct hk_str key, const struct hk_search_term *term,
                               struct hk_arena *arena, struct hk_error *err)
{
    hk_sql_add(sql, "EXISTS (SELECT 1 FROM json_each(s.json, '$.attributes') a WHERE a.value ->> '$.key' = ?");
    hk_sql_text(sql, key);
    hk_sql_add(sql, " AND ");
    if (!hk__search_add_comparison(sql, ATTRIBUTE_VALUE, term, arena, err)) {
        return false;
    }
    hk_sql_add(sql, ")");
    return true;
}

static bool add_span_term(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                          struct hk_error *err)
{
    if (hk_str_starts_with(term->key, HK_SEARCH_SPAN_ATTRIBUTE)) {
        size_t head = sizeof HK_SEARCH_SPAN_ATTRIBUTE - 1;
        struct hk_str key = {term->key.data + head, term->key.len - head};
        if (key.len > 2 && key.data[0] == '`' && key.data[key.len - 1] == '`') {
            key = (struct hk_str){key.data + 1, key.len - 2};
        }
        return add_span_attribute(sql, key, term, arena, err);
    }
    if (hk_str_is(term->key, "type")) {
        return add_span_attribute(sql, HK_STR("mlflow.spanType"), term, arena, err);
    }
    const char *column = hk_str_is(term->key, "name")     ? "s.json ->> '$.name'"
                         : hk_str_is(term->key, "status") ? SPAN_STATUS
                                                          : "s.json";
    return hk__search_add_comparison(sql, column, term, arena, err);
}

static bool add_spans(struct hk_sql *sql, const struct hk_search_filter *filter, struct hk_arena *arena,
                      struct hk_error *err)
{
    bool has_any = false;
    for (size_t i = 0; i < filter->count; i++) {
        if (filter->terms[i].entity == HK_SEARCH_SPAN) {
            hk_sql_add(sql, has_any ? " AND "
                                    : " AND EXISTS (SELECT 1 FROM trace_span s WHERE s.trace_key = x.trace_key AND ");
            has_any = true;
            if (!add_span_term(sql, &filter->terms[i], arena, err)) {
                return false;
            }
        }
    }
    hk_sql_add(sql, has_any ? ")" : "");
    return true;
}

/* ---- what was said of a trace ---- */

/* JSON, as MLflow compares it: a text with its quotes, but equal to one without them, too. An expectation that is no
 * scalar is JSON in a text. */
#define SCALAR "(n.content -> '$.value')"
#define SAID "coalesce(" SCALAR ", n.content ->> '$.serialized_value.value')"

static bool add_assessment_value(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                                 struct hk_error *err)
{
    if (term->op == HK_SEARCH_EQ || term->op == HK_SEARCH_NE) {
        hk_sql_printf(sql, " AND %s IN (?, json_quote(?))", term->op == HK_SEARCH_NE ? SAID " NOT" : SAID);
        hk_sql_text(sql, term->text);
        hk_sql_text(sql, term->text);
        return true;
    }
    if (term->op == HK_SEARCH_LIKE || term->op == HK_SEARCH_ILIKE) {
        hk_sql_add(sql, " AND ");
        return hk__search_add_comparison(sql, SAID, term, arena, err);
    }
    hk_sql_add(sql, " AND json_type(" SCALAR ") IN ('integer', 'real') AND ");
    return hk__search_add_comparison(sql, SCALAR " ->> '$'", term, arena, err);
}

/* Only what still holds: what was replaced by another does not count. */
static bool add_assessment(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                           struct hk_error *err)
{
    bool is_null = term->op == HK_SEARCH_IS_NULL || term->op == HK_SEARCH_IS_NOT_NULL;
    hk_sql_printf(sql,
                  "%sEXISTS (SELECT 1 FROM assessment n WHERE n.trace_key = x.trace_key AND n.is_valid AND "
                  "n.kind = '%s' AND n.name = ?",
                  term->op == HK_SEARCH_IS_NULL ? "NOT " : "",
                  term->entity == HK_SEARCH_FEEDBACK ? "feedback" : "expectation");
    hk_sql_text(sql, term->key);
    if (!is_null && !add_assessment_value(sql, term, arena, err)) {
        return false;
    }
    hk_sql_add(sql, ")");
    return true;
}

static bool add_term(struct hk_sql *sql, const struct hk_search_term *term, struct hk_arena *arena,
                     struct hk_error *err)
{
    if (term->entity == HK_SEARCH_FEEDBACK || term->entity == HK_SEARCH_EXPECTATION) {
        return add_assessment(sql, term, arena, err);
    }
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
        if (search->filter.terms[i].entity != HK_SEARCH_SPAN) {
            hk_sql_add(&sql, " AND ");
            ok = add_term(&sql, &search->filter.terms[i], arena, err);
        }
    }
    ok = ok && add_spans(&sql, &search->filter, arena, err);
    if (ok) {
        add_order(&sql, search);
        ok = hk__search_run(&sql, db, search, arena, out, err);
    }
    hk_sql_clear(&sql);
    return ok;
}
