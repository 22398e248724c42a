#include "engine/store/logged_model_store.h"

static const char FIND[] = "SELECT " HK_LOGGED_MODEL_COLUMNS " FROM logged_model m WHERE m.model_id = ?1";
static const char KEY_OF[] = "SELECT model_key FROM logged_model WHERE model_id = ?1";
static const char ADD[] =
    "INSERT INTO logged_model (model_id, experiment_key, name, model_type, source_run_id, status, artifact_location, "
    "created_ms, updated_ms, maker_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, nullif(?9, 0))";
static const char SET_STATUS[] = "UPDATE logged_model SET status = ?2, updated_ms = ?3 WHERE model_key = ?1";
static const char MARK[] = "UPDATE logged_model SET lifecycle = 'deleted', updated_ms = ?2 WHERE model_key = ?1";
static const char PARAM_ADD[] =
    "INSERT INTO logged_model_param (model_key, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
static const char TAG_SET[] = "INSERT INTO logged_model_tag (model_key, key, value) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (model_key, key) DO UPDATE SET value = ?3";
static const char TAG_DELETE[] = "DELETE FROM logged_model_tag WHERE model_key = ?1 AND key = ?2";
static const char METRIC_ADD[] =
    "INSERT INTO logged_model_metric (model_key, key, timestamp_ms, step, run_key, dataset_name, dataset_digest, "
    "value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
static const char TAGS[] = "SELECT key, value FROM logged_model_tag WHERE model_key = ?1 ORDER BY key";
static const char PARAMS[] = "SELECT key, value FROM logged_model_param WHERE model_key = ?1 ORDER BY key";
static const char METRICS[] =
    "SELECT v.key, v.value, v.is_nan, v.timestamp_ms, v.step, v.dataset_name, v.dataset_digest, r.run_uuid "
    "FROM logged_model_metric v JOIN ml_run r ON r.run_key = v.run_key WHERE v.model_key = ?1 "
    "ORDER BY v.key, v.timestamp_ms, v.step, v.run_key";

struct hk_logged_model hk_store_logged_model_row(struct hk_stmt *q)
{
    return (struct hk_logged_model){.model_key = hk_column_int(q, 0),
                                    .model_id = hk_column_text(q, 1),
                                    .experiment_key = hk_column_int(q, 2),
                                    .name = hk_column_text(q, 3),
                                    .model_type = hk_column_text(q, 4),
                                    .source_run_id = hk_column_text(q, 5),
                                    .status = hk_column_int(q, 6),
                                    .lifecycle = hk_column_text(q, 7),
                                    .artifact_location = hk_column_text(q, 8),
                                    .created_ms = hk_column_int(q, 9),
                                    .updated_ms = hk_column_int(q, 10)};
}

bool hk_store_logged_model_get(struct hk_db *db, struct hk_str model_id, bool also_deleted, struct hk_arena *arena,
                               struct hk_logged_model *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    bool ok = true;
    bool found = false;
    hk_bind_str(q, 1, model_id);
    while (hk_step(q, &ok, err)) {
        *out = hk_store_logged_model_row(q);
        out->model_id = hk_arena_strdup(arena, out->model_id);
        out->name = hk_arena_strdup(arena, out->name);
        out->model_type = hk_arena_strdup(arena, out->model_type);
        out->source_run_id = hk_arena_strdup(arena, out->source_run_id);
        out->lifecycle = out->lifecycle[0] == 'a' ? "active" : "deleted";
        out->artifact_location = hk_arena_strdup(arena, out->artifact_location);
        found = also_deleted || out->lifecycle[0] == 'a';
    }
    if (ok && !found) {
        return hk_error_set(err, HK_NOT_FOUND, "Logged model with ID '%.*s' not found.", HK_STR_ARG(model_id));
    }
    return ok;
}

bool hk_store_logged_model_insert(struct hk_db *db, struct hk_logged_model *model, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_text(q, 1, model->model_id);
    hk_bind_int(q, 2, model->experiment_key);
    hk_bind_text(q, 3, model->name);
    hk_bind_text(q, 4, model->model_type);
    hk_bind_text(q, 5, model->source_run_id);
    hk_bind_int(q, 6, model->status);
    hk_bind_text(q, 7, model->artifact_location);
    hk_bind_int(q, 8, model->created_ms);
    hk_bind_int(q, 9, model->maker_key);
    bool ok = hk_run(q, err);
    model->model_key = hk_db_last_key(db);
    return ok;
}

bool hk_store_logged_model_set_status(struct hk_db *db, int64_t model_key, int64_t status, int64_t now_ms,
                                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET_STATUS);
    hk_bind_int(q, 1, model_key);
    hk_bind_int(q, 2, status);
    hk_bind_int(q, 3, now_ms);
    return hk_run(q, err);
}

bool hk_store_logged_model_delete(struct hk_db *db, int64_t model_key, int64_t now_ms, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, MARK);
    hk_bind_int(q, 1, model_key);
    hk_bind_int(q, 2, now_ms);
    return hk_run(q, err);
}

static bool write_pair(struct hk_db *db, const char *sql, int64_t model_key, const struct hk_key_value *pair,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, model_key);
    hk_bind_str(q, 2, pair->key);
    hk_bind_str(q, 3, pair->value);
    return hk_run(q, err);
}

bool hk_store_logged_model_param_add(struct hk_db *db, int64_t model_key, const struct hk_key_value *param,
                                     struct hk_error *err)
{
    if (!write_pair(db, PARAM_ADD, model_key, param, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_CONFLICT, "the model already has the param '%.*s'", HK_STR_ARG(param->key));
}

bool hk_store_logged_model_tag_set(struct hk_db *db, int64_t model_key, const struct hk_key_value *tag,
                                   struct hk_error *err)
{
    return write_pair(db, TAG_SET, model_key, tag, err);
}

bool hk_store_logged_model_tag_delete(struct hk_db *db, int64_t model_key, struct hk_str key, bool *found,
                                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_DELETE);
    hk_bind_int(q, 1, model_key);
    hk_bind_str(q, 2, key);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}

static struct hk_str or_empty(struct hk_str text)
{
    return text.data != NULL ? text : HK_STR("");
}

static bool add_metric(struct hk_db *db, int64_t model_key, int64_t run_key, const struct hk_metric *metric,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, METRIC_ADD);
    hk_bind_int(q, 1, model_key);
    hk_bind_str(q, 2, metric->key);
    hk_bind_int(q, 3, metric->timestamp_ms);
    hk_bind_int(q, 4, metric->step);
    hk_bind_int(q, 5, run_key);
    hk_bind_str(q, 6, or_empty(metric->dataset_name));
    hk_bind_str(q, 7, or_empty(metric->dataset_digest));
    hk_bind_double(q, 8, metric->value);
    hk_bind_int(q, 9, metric->is_nan);
    return hk_run(q, err);
}

bool hk_store_logged_model_metrics_log(struct hk_db *db, int64_t run_key, const struct hk_metric *metrics, size_t count,
                                       struct hk_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        int64_t model_key = 0;
        struct hk_str model_id = metrics[i].model_id;
        if (model_id.len == 0) {
            continue;
        }
        struct hk_stmt *q = hk_db_query(db, KEY_OF);
        hk_bind_str(q, 1, model_id);
        ok = hk_run_for_int(q, &model_key, err);
        if (ok && model_key == 0) {
            return hk_error_set(err, HK_INVALID, "Logged model with ID '%.*s' not found.", HK_STR_ARG(model_id));
        }
        ok = ok && add_metric(db, model_key, run_key, &metrics[i], err);
    }
    return ok;
}

static bool each_pair(struct hk_db *db, const char *sql, int64_t model_key, hk_logged_model_pair_fn each, void *arg,
                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    hk_bind_int(q, 1, model_key);
    while (hk_step(q, &ok, err)) {
        each(arg, (struct hk_key_value){hk_column_str(q, 0), hk_column_str(q, 1)});
    }
    return ok;
}

bool hk_store_logged_model_tags(struct hk_db *db, int64_t model_key, hk_logged_model_pair_fn each, void *arg,
                                struct hk_error *err)
{
    return each_pair(db, TAGS, model_key, each, arg, err);
}

bool hk_store_logged_model_params(struct hk_db *db, int64_t model_key, hk_logged_model_pair_fn each, void *arg,
                                  struct hk_error *err)
{
    return each_pair(db, PARAMS, model_key, each, arg, err);
}

bool hk_store_logged_model_metrics(struct hk_db *db, int64_t model_key, hk_logged_model_metric_fn each, void *arg,
                                   struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, METRICS);
    bool ok = true;
    hk_bind_int(q, 1, model_key);
    while (hk_step(q, &ok, err)) {
        const struct hk_metric metric = {.key = hk_column_str(q, 0),
                                         .value = hk_column_double(q, 1),
                                         .is_nan = hk_column_int(q, 2) != 0,
                                         .timestamp_ms = hk_column_int(q, 3),
                                         .step = hk_column_int(q, 4),
                                         .dataset_name = hk_column_str(q, 5),
                                         .dataset_digest = hk_column_str(q, 6)};
        each(arg, &metric, hk_column_str(q, 7));
    }
    return ok;
}
