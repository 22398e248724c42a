/* runs/{log-inputs,outputs}: what a run has read and made. */
#include "api/mlflow/tracking.h"

enum {
    MAX_NAME = 500,
    MAX_DIGEST = 36,
    MAX_SOURCE = 65535,
    MAX_SCHEMA = 1048575,
    MAX_PROFILE = 16777215,
    MAX_TAG_KEY = 255,
    MAX_TAG_VALUE = 500
};

struct uses {
    struct hk_str run_uuid;
    struct hk_dataset_input *datasets;
    size_t dataset_count;
    struct hk_run_model *models;
    size_t model_count;
};

static bool run_log(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct uses *u = write->data;
    struct hk_ml_run_ref run;
    hk__ml_empty(write->res);
    bool ok = hk_store_ml_run_find_active(db, u->run_uuid, &run, err);
    bool is_found = ok;
    for (size_t i = 0; i < u->dataset_count && ok; i++) {
        ok = hk_store_input_log(db, &run, &u->datasets[i], err);
    }
    for (size_t i = 0; i < u->model_count && ok; i++) {
        ok = hk_store_run_model_log(db, run.run_key, &u->models[i], err);
    }
    if (!ok && is_found && err->code == HK_CONFLICT) {
        return hk__ml_write_fail(write, err, HK__ML_BAD_REQUEST, "%s",
                                 hk_arena_strdup(write->req->arena, err->message));
    }
    return ok;
}

static void check(struct hk__ml_arguments *args, const char *what, struct hk_str text, size_t most)
{
    hk__ml_object_to(args, hk_length_mistake(args->req->arena, what, text, most));
}

static void read_dataset(const struct hk__ml_item *input, struct hk_dataset *d)
{
    struct hk__ml_arguments *args = input->args;
    struct hk__ml_item item = *input;
    item.value = hk__ml_item_member(input, "dataset");
    d->name = hk__ml_item_string(&item, "name", HK__ML_OPTIONAL);
    d->digest = hk__ml_item_string(&item, "digest", HK__ML_OPTIONAL);
    d->source_type = hk__ml_item_string(&item, "source_type", HK__ML_OPTIONAL);
    d->source = hk__ml_item_string(&item, "source", HK__ML_OPTIONAL);
    d->schema = hk__ml_item_string(&item, "schema", HK__ML_OPTIONAL);
    d->profile = hk__ml_item_string(&item, "profile", HK__ML_OPTIONAL);
    check(args, "name", d->name, MAX_NAME);
    check(args, "digest", d->digest, MAX_DIGEST);
    check(args, "source", d->source, MAX_SOURCE);
    check(args, "schema", d->schema, MAX_SCHEMA);
    check(args, "profile", d->profile, MAX_PROFILE);
}

static void read_datasets(struct hk__ml_arguments *args, struct uses *u)
{
    const json_t *array = hk__ml_array(args, "datasets", HK__ML_OPTIONAL);
    u->datasets = hk_arena_array(args->req->arena, json_array_size(array) + 1, sizeof *u->datasets);
    for (struct hk__ml_item item = {args, array, "datasets", 0, NULL}; hk__ml_item_next(&item);) {
        struct hk_dataset_input *input = &u->datasets[u->dataset_count++];
        read_dataset(&item, &input->dataset);
        const json_t *list = hk__ml_item_member(&item, "tags");
        struct hk__ml_pairs tags = hk__ml_key_values(args, list, "tags", HK__ML_OPTIONAL);
        for (size_t i = 0; i < tags.len; i++) {
            check(args, "key", tags.items[i].key, MAX_TAG_KEY);
            check(args, "value", tags.items[i].value, MAX_TAG_VALUE);
        }
        input->tags = tags.items;
        input->tag_count = tags.len;
    }
}

static void read_models(struct hk__ml_arguments *args, struct uses *u, bool is_output)
{
    const json_t *array = hk__ml_array(args, "models", is_output ? HK__ML_REQUIRED : HK__ML_OPTIONAL);
    u->models = hk_arena_array(args->req->arena, json_array_size(array) + 1, sizeof *u->models);
    for (struct hk__ml_item item = {args, array, "models", 0, NULL}; hk__ml_item_next(&item);) {
        struct hk_str id = hk__ml_item_string(&item, "model_id", HK__ML_OPTIONAL);
        int64_t step = is_output ? hk__ml_item_int(&item, "step", HK__ML_OPTIONAL, 0) : 0;
        u->models[u->model_count++] = (struct hk_run_model){id, is_output, step};
    }
}

static void log_inputs(const struct hk_request *req, struct hk_response *res)
{
    struct uses *u = hk_arena_alloc(req->arena, sizeof *u);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    u->run_uuid = hk__ml_string(&args, "run_id", HK__ML_REQUIRED);
    if (u->run_uuid.len > 0 && !hk_run_uuid_is_well_formed(u->run_uuid)) {
        hk__ml_mistake(&args, "Invalid value \"%.*s\" for parameter 'run_id' supplied.", HK_STR_ARG(u->run_uuid));
    }
    read_datasets(&args, u);
    read_models(&args, u, false);
    hk__ml_write_with(&args, res, u, run_log);
}

static void log_outputs(const struct hk_request *req, struct hk_response *res)
{
    struct uses *u = hk_arena_alloc(req->arena, sizeof *u);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    u->run_uuid = hk__ml_string(&args, "run_id", HK__ML_REQUIRED);
    read_models(&args, u, true);
    hk__ml_write_with(&args, res, u, run_log);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/runs/log-inputs", HK_ROLE_USER, log_inputs},
    {HK_METHOD_POST, "2.0/mlflow/runs/outputs", HK_ROLE_USER, log_outputs},
};

const struct hk__ml_table hk__ml_inputs_table = HK__ML_TABLE(routes);
