/* runs/search, experiments/search and experiments/search-datasets. */
#include "api/mlflow/paging.h"
#include "api/mlflow/tracking.h"
#include "engine/base/limits.h"
#include "engine/store/ml_found.h"

enum { MAX_RESULTS = 50000, USUAL_RESULTS = 1000, MAX_DATASET_EXPERIMENTS = 20 };

/* ---- runs ---- */

static bool write_run(void *arg, const struct hk_ml_run *run)
{
    struct hk__ml_listing *list = arg;
    return hk__ml_write_run(hk__ml_listing_item(list), list->db, run, list->err);
}

static bool read_runs(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk__ml_listing list = {.db = db, .name = "runs", .arena = req->arena, .err = err};
    if (!hk_store_search_runs(db, search, req->arena, &found, err)) {
        return false;
    }
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_found_runs(db, &found, req->arena, write_run, &list, err);
    hk__ml_listing_close(&list, search, &found);
    return ok;
}

static void search_runs(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk__ml_paging paging = {HK_SEARCH_RUNS, USUAL_RESULTS, MAX_RESULTS, MAX_RESULTS};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    search->lifecycle = hk__ml_view_type(&args, "run_view_type");
    hk__ml_search_arguments(&args, &paging, search);
    hk__ml_search_experiments(&args, hk__ml_array(&args, "experiment_ids", 0), search);
    hk__ml_read_with(&args, res, read_runs, search);
}

/* ---- experiments ---- */

static bool write_experiment(void *arg, const struct hk_experiment *experiment)
{
    struct hk__ml_listing *list = arg;
    return hk__ml_write_experiment(hk__ml_listing_item(list), list->db, experiment, list->err);
}

static bool read_found_experiments(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                                   struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk__ml_listing list = {.db = db, .name = "experiments", .arena = req->arena, .err = err};
    if (!hk_store_search_experiments(db, search, req->arena, &found, err)) {
        return false;
    }
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_found_experiments(db, &found, req->arena, write_experiment, &list, err);
    hk__ml_listing_close(&list, search, &found);
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
    hk__ml_read_with(&args, res, read_found_experiments, search);
}

/* ---- datasets ---- */

static void write_dataset(void *arg, const struct hk_dataset_summary *summary)
{
    struct hk__ml_listing *list = arg;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)summary->experiment_key);
    hk_json_begin_object(hk__ml_listing_item(list));
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
    struct hk__ml_listing list = {.db = db, .name = "dataset_summaries", .arena = req->arena, .err = err};
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_dataset_summaries(db, search, req->arena, write_dataset, &list, err);
    hk__ml_listing_close(&list, NULL, NULL);
    return ok;
}

static void search_datasets(const struct hk_request *req, struct hk_response *res)
{
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    hk__ml_search_experiments(&args, hk__ml_array(&args, "experiment_ids", 0), search);
    if (search->experiment_count == 0) {
        hk__ml_mistake(&args, "SearchDatasets request must specify at least one experiment_id.");
    } else if (search->experiment_count > MAX_DATASET_EXPERIMENTS) {
        hk__ml_mistake(&args,
                       "SearchDatasets request cannot specify more than %d experiment_ids. Received %zu "
                       "experiment_ids.",
                       MAX_DATASET_EXPERIMENTS, search->experiment_count);
    }
    hk__ml_read_with(&args, res, read_datasets, search);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/runs/search", HK_ROLE_VIEWER, search_runs},
    {HK_METHOD_GET, "2.0/mlflow/experiments/search", HK_ROLE_VIEWER, search_experiments},
    {HK_METHOD_POST, "2.0/mlflow/experiments/search", HK_ROLE_VIEWER, search_experiments},
    {HK_METHOD_POST, "2.0/mlflow/experiments/search-datasets", HK_ROLE_VIEWER, search_datasets},
};

const struct hk__ml_table hk__ml_search_table = HK__ML_TABLE(routes);
