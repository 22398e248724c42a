#include "api/mlflow/tracking.h"
#include "engine/base/clock.h"

void hk__ml_write_run_info(struct hk_json *w, const struct hk_ml_run *run)
{
    char experiment_id[24];
    snprintf(experiment_id, sizeof experiment_id, "%lld", (long long)run->experiment_key);
    hk_json_begin_object(w);
    hk_json_kv_text(w, "run_id", run->run_uuid);
    hk_json_kv_text(w, "run_uuid", run->run_uuid);
    hk_json_kv_text(w, "run_name", run->name);
    hk_json_kv_text(w, "experiment_id", experiment_id);
    hk_json_kv_text(w, "user_id", run->user_id);
    hk_json_kv_text(w, "status", run->status);
    hk_json_kv_int(w, "start_time", run->start_ms);
    if (run->end_ms != HK_TIME_NONE && run->end_ms != 0) { /* 0 is none to MLflow */
        hk_json_kv_int(w, "end_time", run->end_ms);
    }
    hk_json_kv_text(w, "artifact_uri", run->artifact_uri);
    hk_json_kv_text(w, "lifecycle_stage", run->lifecycle);
    hk_json_end_object(w);
}

void hk__ml_write_key_value(struct hk_json *w, struct hk_str key, struct hk_str value)
{
    hk_json_begin_object(w);
    hk_json_kv_str(w, "key", key);
    hk_json_kv_str(w, "value", value);
    hk_json_end_object(w);
}

void hk__ml_write_metric(struct hk_json *w, const struct hk_metric *metric, struct hk_str run_id)
{
    hk_json_begin_object(w);
    hk_json_kv_str(w, "key", metric->key);
    if (metric->is_nan) {
        hk_json_kv_text(w, "value", "NaN"); /* as protobuf writes it */
    } else {
        hk_json_kv_double(w, "value", metric->value);
    }
    hk_json_kv_int(w, "timestamp", metric->timestamp_ms);
    hk_json_kv_int(w, "step", metric->step);
    if (run_id.data != NULL) {
        hk_json_kv_str(w, "run_id", run_id);
    }
    hk_json_end_object(w);
}

/* A list that is left out when it is empty, as protobuf does: its beginning is written with its first item. */
struct list {
    struct hk_json *w;
    const char *name;
    bool is_begun;
    struct hk_db *db;
    struct hk_error *err;
    bool failed;
};

static struct hk_json *next_item(struct list *list)
{
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(list->w, list->name);
        hk_json_begin_array(list->w);
    }
    return list->w;
}

static void end_list(struct list *list)
{
    if (list->is_begun) {
        hk_json_end_array(list->w);
    }
}

static void add_pair(void *arg, struct hk_key_value pair)
{
    hk__ml_write_key_value(next_item(arg), pair.key, pair.value);
}

static bool add_metric(void *arg, const struct hk_metric *metric)
{
    hk__ml_write_metric(next_item(arg), metric, (struct hk_str){0});
    return true;
}

static bool add_dataset(void *arg, int64_t input_key, const struct hk_dataset *dataset)
{
    struct list *list = arg;
    struct hk_json *w = next_item(list);
    struct list tags = {.w = w, .name = "tags"};
    hk_json_begin_object(w);
    list->failed = !hk_store_input_tags(list->db, input_key, add_pair, &tags, list->err);
    end_list(&tags);
    hk_json_key(w, "dataset");
    hk_json_begin_object(w);
    hk_json_kv_str(w, "name", dataset->name);
    hk_json_kv_str(w, "digest", dataset->digest);
    hk_json_kv_str(w, "source_type", dataset->source_type);
    hk_json_kv_str(w, "source", dataset->source);
    if (dataset->schema.len > 0) {
        hk_json_kv_str(w, "schema", dataset->schema);
    }
    if (dataset->profile.len > 0) {
        hk_json_kv_str(w, "profile", dataset->profile);
    }
    hk_json_end_object(w);
    hk_json_end_object(w);
    return !list->failed;
}

static void add_model(void *arg, const struct hk_run_model *model)
{
    struct hk_json *w = next_item(arg);
    hk_json_begin_object(w);
    hk_json_kv_str(w, "model_id", model->model_id);
    if (model->is_output) {
        hk_json_kv_int(w, "step", model->step);
    }
    hk_json_end_object(w);
}

static bool write_data(struct hk_json *w, struct hk_db *db, int64_t run_key, struct hk_error *err)
{
    struct list metrics = {.w = w, .name = "metrics"};
    struct list params = {.w = w, .name = "params"};
    struct list tags = {.w = w, .name = "tags"};
    hk_json_key(w, "data");
    hk_json_begin_object(w);
    bool ok = hk_store_metrics_latest(db, run_key, add_metric, &metrics, err);
    end_list(&metrics);
    ok = ok && hk_store_ml_run_params(db, run_key, add_pair, &params, err);
    end_list(&params);
    ok = ok && hk_store_ml_run_tags(db, run_key, add_pair, &tags, err);
    end_list(&tags);
    hk_json_end_object(w);
    return ok;
}

static bool write_ends(struct hk_json *w, struct hk_db *db, int64_t run_key, struct hk_error *err)
{
    struct list datasets = {.w = w, .name = "dataset_inputs", .db = db, .err = err};
    struct list read = {.w = w, .name = "model_inputs"};
    struct list made = {.w = w, .name = "model_outputs"};
    hk_json_key(w, "inputs");
    hk_json_begin_object(w);
    bool ok = hk_store_run_inputs(db, run_key, add_dataset, &datasets, err) && !datasets.failed;
    end_list(&datasets);
    ok = ok && hk_store_run_models(db, run_key, false, add_model, &read, err);
    end_list(&read);
    hk_json_end_object(w);
    hk_json_key(w, "outputs");
    hk_json_begin_object(w);
    ok = ok && hk_store_run_models(db, run_key, true, add_model, &made, err);
    end_list(&made);
    hk_json_end_object(w);
    return ok;
}

bool hk__ml_write_run(struct hk_json *w, struct hk_db *db, const struct hk_ml_run *run, struct hk_error *err)
{
    hk_json_begin_object(w);
    hk_json_key(w, "info");
    hk__ml_write_run_info(w, run);
    bool ok = write_data(w, db, run->run_key, err) && write_ends(w, db, run->run_key, err);
    hk_json_end_object(w);
    return ok;
}
