#include "engine/store/ml_found.h"

#include "engine/store/ml_search_sql.h"

/* json_each gives the keys in their order, and CROSS JOIN keeps it; an ORDER BY would sort the wide rows again. */
static const char FOUND_RUNS[] =
    "SELECT " HK_ML_RUN_COLUMNS " FROM json_each(?1) j CROSS JOIN ml_run r ON r.run_key = j.value";
static const char FOUND_EXPERIMENTS[] =
    "SELECT e.experiment_key, e.name, e.artifact_location, e.lifecycle, e.created_ms, e.updated_ms "
    "FROM json_each(?1) j CROSS JOIN experiment e ON e.experiment_key = j.value";
static const char FOUND_MODELS[] =
    "SELECT m.model_key, m.name, m.description, m.last_version, m.created_ms, m.updated_ms "
    "FROM json_each(?1) j CROSS JOIN registered_model m ON m.model_key = j.value";
static const char FOUND_VERSIONS[] =
    "SELECT m.name, v.version FROM json_each(?1) j CROSS JOIN model_version v ON v.version_key = j.value "
    "CROSS JOIN registered_model m ON m.model_key = v.model_key";
static const char FOUND_LOGGED_MODELS[] =
    "SELECT " HK_LOGGED_MODEL_COLUMNS " FROM json_each(?1) j CROSS JOIN logged_model m ON m.model_key = j.value";
static const char DATASET_SUMMARIES[] =
    "SELECT DISTINCT d.experiment_key, d.name, d.digest, t.value FROM json_each(?1) j "
    "CROSS JOIN dataset d ON d.experiment_key = j.value CROSS JOIN input i ON i.dataset_key = d.dataset_key "
    "LEFT JOIN input_tag t ON t.input_key = i.input_key AND t.name = 'mlflow.data.context' LIMIT ?2";

bool hk_store_found_runs(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena, hk_ml_run_fn each,
                         void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FOUND_RUNS);
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(found->keys, found->count, arena));
    while (hk_step(q, &ok, err)) {
        const struct hk_ml_run run = hk_store_ml_run_row(q);
        if (!each(arg, &run)) {
            hk_reset(q);
            return false;
        }
    }
    return ok;
}

bool hk_store_found_experiments(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                hk_experiment_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FOUND_EXPERIMENTS);
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(found->keys, found->count, arena));
    while (hk_step(q, &ok, err)) {
        const struct hk_experiment experiment = {hk_column_int(q, 0),  hk_column_text(q, 1), hk_column_text(q, 2),
                                                 hk_column_text(q, 3), hk_column_int(q, 4),  hk_column_int(q, 5)};
        if (!each(arg, &experiment)) {
            hk_reset(q);
            return false;
        }
    }
    return ok;
}

bool hk_store_found_models(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena, hk_model_fn each,
                           void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FOUND_MODELS);
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(found->keys, found->count, arena));
    while (hk_step(q, &ok, err)) {
        const struct hk_model_row model = {hk_column_int(q, 0), hk_column_text(q, 1), hk_column_text(q, 2),
                                           hk_column_int(q, 3), hk_column_int(q, 4),  hk_column_int(q, 5)};
        if (!each(arg, &model)) {
            hk_reset(q);
            return false;
        }
    }
    return ok;
}

bool hk_store_found_versions(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                             hk_model_version_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FOUND_VERSIONS);
    struct hk_arena row = {0};
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(found->keys, found->count, arena));
    while (ok && hk_step(q, &ok, err)) {
        struct hk_model_version_row version;
        ok = hk_store_model_version_get(db, hk_column_text(q, 0), hk_column_int(q, 1), &row, &version, err) &&
             each(arg, &version);
        hk_arena_reset(&row);
    }
    hk_reset(q);
    hk_arena_clear(&row);
    return ok;
}

bool hk_store_found_logged_models(struct hk_db *db, const struct hk_ml_found *found, struct hk_arena *arena,
                                  hk_logged_model_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FOUND_LOGGED_MODELS);
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(found->keys, found->count, arena));
    while (hk_step(q, &ok, err)) {
        const struct hk_logged_model model = hk_store_logged_model_row(q);
        if (!each(arg, &model)) {
            hk_reset(q);
            return false;
        }
    }
    return ok;
}

bool hk_store_dataset_summaries(struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                                hk_dataset_summary_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DATASET_SUMMARIES);
    bool ok = true;
    hk_bind_str(q, 1, hk__search_numbers(search->experiments, search->experiment_count, arena));
    hk_bind_int(q, 2, HK_MAX_DATASET_SUMMARIES);
    while (hk_step(q, &ok, err)) {
        const struct hk_dataset_summary summary = {hk_column_int(q, 0), hk_column_str(q, 1), hk_column_str(q, 2),
                                                   hk_column_str(q, 3)};
        each(arg, &summary);
    }
    return ok;
}
