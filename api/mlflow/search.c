/* runs/search, experiments/search and experiments/search-datasets. */
#include "api/mlflow/paging.h"
#include "api/mlflow/tracking.h"
#include "engine/base/limits.h"
#include "engine/store/ml_found.h"

enum { MAX_RESULTS = 50000, USUAL_RESULTS = 1000, MAX_DATASET_EXPERIMENTS = 20 };

/* ---- runs ---- */

struct listing {
    struct hk_db *db;
    struct hk_json w;
    bool is_begun;
    struct hk_error *err;
};

/* An empty list is left out, as protobuf does. */
static void begin_item(struct listing *list, const char *name)
{
    if (!list->is_begun) {
        list->is_begun = true;
        hk_json_key(&list->w, name);
        hk_json_begin_array(&list->w);
    }
}

static void end_items(struct listing *list)
{
    if (list->is_begun) {
        hk_json_end_array(&list->w);
    }
}

static bool write_run(void *arg, const struct hk_ml_run *run)
{
    struct listing *list = arg;
    begin_item(list, "runs");
    return hk__ml_write_run(&list->w, list->db, run, list->err);
}

static bool read_runs(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct listing list = {.db = db, .err = err};
    if (!hk_store_search_runs(db, search, req->arena, &found, err)) {
        return false;
    }
    hk_json_init(&list.w, &res->body);
    hk_json_begin_object(&list.w);
    bool ok = hk_store_found_runs(db, &found, req->arena, write_run, &list, err);
    end_items(&list);
    hk__ml_write_next_page(&list.w, req->arena, search, &found);
    hk_json_end_object(&list.w);
    return ok;
}

/* Ids may be numbers, too, and unknown ones find nothing. */
static void read_experiments(struct hk__ml_arguments *args, struct hk_ml_search *search)
{
    const json_t *array = hk__ml_array(args, "experiment_ids", 0);
    size_t count = json_array_size(array);
    int64_t *keys = hk_arena_array(args->req->arena, count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        if (json_is_integer(item)) {
            keys[i] = json_integer_value(item);
        } else {
            keys[i] = hk__ml_experiment_key(args, hk__ml_listed(args, array, "experiment_ids", i));
        }
    }
    search->experiments = keys;
    search->experiment_count = count;
}

static void search_runs(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk__ml_paging paging = {HK_SEARCH_RUNS, USUAL_RESULTS, MAX_RESULTS, MAX_RESULTS};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    search->lifecycle = hk__ml_view_type(&args, "run_view_type");
    hk__ml_search_arguments(&args, &paging, search);
    read_experiments(&args, search);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        hk__ml_read(req, res, read_runs, search);
    }
}

/* ---- experiments ---- */

static bool write_experiment(void *arg, const struct hk_experiment *experiment)
{
    struct listing *list = arg;
    begin_item(list, "experiments");
    return hk__ml_write_experiment(&list->w, list->db, experiment, list->err);
}

static bool read_found_experiments(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                                   struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct listing list = {.db = db, .err = err};
    if (!hk_store_search_experiments(db, search, req->arena, &found, err)) {
        return false;
    }
    hk_json_init(&list.w, &res->body);
    hk_json_begin_object(&list.w);
    bool ok = hk_store_found_experiments(db, &found, req->arena, write_experiment, &list, err);
    end_items(&list);
    hk__ml_write_next_page(&list.w, req->arena, search, &found);
    hk_json_end_object(&list.w);
    return ok;
}

static void search_experiments(const struct hk_request *req, struct hk_response *res)
{
    /* Nothing said is 0 here, which is refused: clients say it. */
    static const struct hk__ml_paging paging = {HK_SEARCH_EXPERIMENTS, 0, 0, MAX_RESULTS};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    search->lifecycle = hk__ml_view_type(&args, "view_type");
    hk__ml_search_arguments(&args, &paging, search);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        hk__ml_read(req, res, read_found_experiments, search);
    }
}

/* ---- datasets ---- */

static void write_dataset(void *arg, const struct hk_dataset_summary *summary)
{
    struct listing *list = arg;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)summary->experiment_key);
    begin_item(list, "dataset_summaries");
    hk_json_begin_object(&list->w);
    hk_json_kv_text(&list->w, "experiment_id", id);
    hk_json_kv_str(&list->w, "name", summary->name);
    hk_json_kv_str(&list->w, "digest", summary->digest);
    if (summary->context.data != NULL) {
        hk_json_kv_str(&list->w, "context", summary->context);
    }
    hk_json_end_object(&list->w);
}

static bool read_datasets(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                          struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct listing list = {.db = db, .err = err};
    hk_json_init(&list.w, &res->body);
    hk_json_begin_object(&list.w);
    bool ok = hk_store_dataset_summaries(db, search, req->arena, write_dataset, &list, err);
    end_items(&list);
    hk_json_end_object(&list.w);
    return ok;
}

static void search_datasets(const struct hk_request *req, struct hk_response *res)
{
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    read_experiments(&args, search);
    if (search->experiment_count == 0) {
        hk__ml_mistake(&args, "SearchDatasets request must specify at least one experiment_id.");
    } else if (search->experiment_count > MAX_DATASET_EXPERIMENTS) {
        hk__ml_mistake(&args,
                       "SearchDatasets request cannot specify more than %d experiment_ids. Received %zu "
                       "experiment_ids.",
                       MAX_DATASET_EXPERIMENTS, search->experiment_count);
    }
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        hk__ml_read(req, res, read_datasets, search);
    }
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/runs/search", HK_ROLE_VIEWER, search_runs},
    {HK_METHOD_GET, "2.0/mlflow/experiments/search", HK_ROLE_VIEWER, search_experiments},
    {HK_METHOD_POST, "2.0/mlflow/experiments/search", HK_ROLE_VIEWER, search_experiments},
    {HK_METHOD_POST, "2.0/mlflow/experiments/search-datasets", HK_ROLE_VIEWER, search_datasets},
};

const struct hk__ml_table hk__ml_search_table = HK__ML_TABLE(routes);
