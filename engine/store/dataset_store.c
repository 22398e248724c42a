#include "engine/store/dataset_store.h"

static const char DATASET_INSERT[] =
    "INSERT INTO dataset (experiment_key, name, digest, source_type, source, schema, profile) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (experiment_key, name, digest) DO NOTHING";
static const char DATASET_FIND[] =
    "SELECT dataset_key FROM dataset WHERE experiment_key = ?1 AND name = ?2 AND digest = ?3";
static const char INPUT_INSERT[] =
    "INSERT INTO input (run_key, dataset_key) VALUES (?1, ?2) ON CONFLICT (run_key, dataset_key) DO NOTHING";
static const char INPUT_TAG_INSERT[] = "INSERT INTO input_tag (input_key, name, value) VALUES (?1, ?2, ?3)";
static const char RUN_INPUTS[] =
    "SELECT i.input_key, d.name, d.digest, d.source_type, d.source, d.schema, d.profile FROM input i "
    "JOIN dataset d ON d.dataset_key = i.dataset_key WHERE i.run_key = ?1 ORDER BY i.input_key";
static const char INPUT_TAGS[] = "SELECT name, value FROM input_tag WHERE input_key = ?1 ORDER BY name";
static const char RUN_MODEL_READ[] = "INSERT INTO ml_run_model (run_key, is_output, model_id, step) "
                                     "VALUES (?1, 0, ?2, 0) ON CONFLICT DO NOTHING";
static const char RUN_MODEL_MADE[] =
    "INSERT INTO ml_run_model (run_key, is_output, model_id, step) VALUES (?1, 1, ?2, ?3)";
static const char RUN_MODELS[] =
    "SELECT model_id, step FROM ml_run_model WHERE run_key = ?1 AND is_output = ?2 ORDER BY model_id";

static struct hk_str text_of(struct hk_str text)
{
    return text.data != NULL ? text : HK_STR("");
}

static bool dataset_key_of(struct hk_db *db, int64_t experiment_key, const struct hk_dataset *dataset, int64_t *key,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DATASET_INSERT);
    hk_bind_int(q, 1, experiment_key);
    hk_bind_str(q, 2, text_of(dataset->name));
    hk_bind_str(q, 3, text_of(dataset->digest));
    hk_bind_str(q, 4, text_of(dataset->source_type));
    hk_bind_str(q, 5, text_of(dataset->source));
    hk_bind_str(q, 6, dataset->schema);
    hk_bind_str(q, 7, dataset->profile);
    if (!hk_run(q, err)) {
        return false;
    }
    if (hk_db_changes(db) > 0) {
        *key = hk_db_last_key(db);
        return true;
    }
    q = hk_db_query(db, DATASET_FIND);
    hk_bind_int(q, 1, experiment_key);
    hk_bind_str(q, 2, text_of(dataset->name));
    hk_bind_str(q, 3, text_of(dataset->digest));
    return hk_run_for_int(q, key, err);
}

static bool add_tag(struct hk_db *db, int64_t input_key, const struct hk_key_value *tag, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, INPUT_TAG_INSERT);
    hk_bind_int(q, 1, input_key);
    hk_bind_str(q, 2, text_of(tag->key));
    hk_bind_str(q, 3, text_of(tag->value));
    if (hk_run(q, err)) {
        return true;
    }
    return err->code == HK_CONFLICT
               ? hk_error_set(err, HK_CONFLICT, "The tag '%.*s' of a dataset is given twice.", HK_STR_ARG(tag->key))
               : false;
}

bool hk_store_input_log(struct hk_db *db, const struct hk_ml_run_ref *run, const struct hk_dataset_input *input,
                        struct hk_error *err)
{
    int64_t dataset_key = 0;
    if (!dataset_key_of(db, run->experiment_key, &input->dataset, &dataset_key, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, INPUT_INSERT);
    hk_bind_int(q, 1, run->run_key);
    hk_bind_int(q, 2, dataset_key);
    if (!hk_run(q, err)) {
        return false;
    }
    if (hk_db_changes(db) == 0) {
        return true;
    }
    int64_t input_key = hk_db_last_key(db);
    for (size_t i = 0; i < input->tag_count; i++) {
        if (!add_tag(db, input_key, &input->tags[i], err)) {
            return false;
        }
    }
    return true;
}

bool hk_store_run_inputs(struct hk_db *db, int64_t run_key, hk_dataset_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_INPUTS);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    while (hk_step(q, &ok, err)) {
        const struct hk_dataset dataset = {hk_column_str(q, 1), hk_column_str(q, 2), hk_column_str(q, 3),
                                           hk_column_str(q, 4), hk_column_str(q, 5), hk_column_str(q, 6)};
        if (!each(arg, hk_column_int(q, 0), &dataset)) {
            hk_reset(q);
            break;
        }
    }
    return ok;
}

bool hk_store_input_tags(struct hk_db *db, int64_t input_key, hk_key_value_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, INPUT_TAGS);
    bool ok = true;
    hk_bind_int(q, 1, input_key);
    while (hk_step(q, &ok, err)) {
        each(arg, (struct hk_key_value){hk_column_str(q, 0), hk_column_str(q, 1)});
    }
    return ok;
}

bool hk_store_run_model_log(struct hk_db *db, int64_t run_key, const struct hk_run_model *model, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, model->is_output ? RUN_MODEL_MADE : RUN_MODEL_READ);
    hk_bind_int(q, 1, run_key);
    hk_bind_str(q, 2, text_of(model->model_id));
    if (model->is_output) {
        hk_bind_int(q, 3, model->step);
    }
    if (hk_run(q, err)) {
        return true;
    }
    return err->code == HK_CONFLICT
               ? hk_error_set(err, HK_CONFLICT, "The run has the output '%.*s' already.", HK_STR_ARG(model->model_id))
               : false;
}

bool hk_store_run_models(struct hk_db *db, int64_t run_key, bool is_output, hk_run_model_fn each, void *arg,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_MODELS);
    bool ok = true;
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, is_output);
    while (hk_step(q, &ok, err)) {
        const struct hk_run_model model = {hk_column_str(q, 0), is_output, hk_column_int(q, 1)};
        each(arg, &model);
    }
    return ok;
}
