/* Registered models and their versions. Prompts are kept as models with a tag, and are not found among them unless the
 * filter asks for them. */
#include <strings.h>

#include "engine/store/ml_search_sql.h"

#define PROMPT_TAG "mlflow.prompt.is_prompt"

static const struct hk__search_columns model_columns[] = {
    {"name", "m.name", false}, {"last_updated_timestamp", "m.updated_ms", false}, {0}};

static const struct hk__search_tables model_tables = {
    .key = "m.model_key",
    .columns = model_columns,
    .sides = {[HK_SEARCH_TAG] = {"registered_model_tag", "model_key"}},
};

static const struct hk__search_columns version_columns[] = {
    {"name", "m.name", false},
    {"version_number", "v.version", false},
    {"run_id", "coalesce(v.run_id, '')", false}, /* none is an empty one to MLflow */
    {"source_path", "v.source", false},
    {"creation_timestamp", "v.created_ms", false},
    {"last_updated_timestamp", "v.updated_ms", false},
    {0},
};

static const struct hk__search_tables version_tables = {
    .key = "v.version_key",
    .columns = version_columns,
    .sides = {[HK_SEARCH_TAG] = {"model_version_tag", "version_key"}},
};

static bool is_about_prompts(const struct hk_search_term *term)
{
    return term->entity == HK_SEARCH_TAG && hk_str_is(term->key, PROMPT_TAG);
}

static bool is_without_case(struct hk_str text, const char *word, size_t len)
{
    return text.len == len && strncasecmp(text.data, word, len) == 0;
}

/* The first term about it decides, as in MLflow. */
static bool asks_for_prompts(const struct hk_search_filter *filter)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct hk_search_term *term = &filter->terms[i];
        if (is_about_prompts(term)) {
            return (term->op == HK_SEARCH_EQ && is_without_case(term->text, "true", 4)) ||
                   (term->op == HK_SEARCH_NE && is_without_case(term->text, "false", 5));
        }
    }
    return false;
}

static bool add_terms(struct hk_sql *sql, const struct hk__search_tables *tables, const struct hk_ml_search *search,
                      struct hk_arena *arena, struct hk_error *err)
{
    bool is_prompts = asks_for_prompts(&search->filter);
    for (size_t i = 0; i < search->filter.count; i++) {
        const struct hk_search_term *term = &search->filter.terms[i];
        if (!is_prompts && is_about_prompts(term)) {
            continue; /* models do not have the tag at all */
        }
        hk_sql_add(sql, " AND ");
        bool ok = false;
        if (term->entity == HK_SEARCH_TAG) {
            ok = hk__search_add_side(sql, &tables->sides[HK_SEARCH_TAG], tables->key, term, arena, err);
        } else {
            bool is_run = hk_str_is(term->key, "run_id") && term->op == HK_SEARCH_EQ && term->text.len > 0;
            const char *column = is_run ? "v.run_id" : hk__search_column(tables, term->key)->sql; /* has an index */
            ok = hk__search_add_comparison(sql, column, term, arena, err);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void add_orders(struct hk_sql *sql, const struct hk__search_tables *tables, const struct hk_ml_search *search)
{
    for (size_t i = 0; i < search->order_count; i++) {
        const struct hk_search_order *order = &search->orders[i];
        hk_sql_printf(sql, "%s%s, ", hk__search_column(tables, order->key)->sql, order->is_descending ? " DESC" : "");
    }
}

bool hk_store_search_models(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                            struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_sql sql;
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT m.model_key FROM registered_model m WHERE 1");
    if (!asks_for_prompts(&search->filter)) {
        hk_sql_add(&sql, " AND NOT EXISTS (SELECT 1 FROM registered_model_tag t WHERE t.model_key = m.model_key "
                         "AND t.key = '" PROMPT_TAG "' AND t.value = 'true')");
    }
    bool ok = add_terms(&sql, &model_tables, search, arena, err);
    hk_sql_add(&sql, " ORDER BY ");
    add_orders(&sql, &model_tables, search);
    hk_sql_add(&sql, "m.name");
    ok = ok && hk__search_run(&sql, db, search, arena, out, err);
    hk_sql_clear(&sql);
    return ok;
}

bool hk_store_search_versions(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                              struct hk_ml_found *out, struct hk_error *err)
{
    struct hk_sql sql;
    hk_sql_init(&sql);
    hk_sql_add(&sql, "SELECT v.version_key FROM model_version v JOIN registered_model m ON m.model_key = v.model_key "
                     "WHERE v.stage <> 'Deleted_Internal'");
    if (!asks_for_prompts(&search->filter)) {
        /* A model is a prompt's when any of its versions is. */
        hk_sql_add(&sql, " AND v.model_key NOT IN (SELECT o.model_key FROM model_version_tag t CROSS JOIN "
                         "model_version o ON o.version_key = t.version_key WHERE t.key = '" PROMPT_TAG
                         "' AND substr(t.value, 1, 60) = 'true')");
    }
    bool ok = add_terms(&sql, &version_tables, search, arena, err);
    hk_sql_add(&sql, " ORDER BY ");
    if (search->order_count == 0) {
        hk_sql_add(&sql, "v.updated_ms DESC, ");
    }
    add_orders(&sql, &version_tables, search);
    hk_sql_add(&sql, "m.name, v.version DESC");
    ok = ok && hk__search_run(&sql, db, search, arena, out, err);
    hk_sql_clear(&sql);
    return ok;
}
