/* registered-models/search, model-versions/search and logged-models/search. */
#include "api/mlflow/logged_model.h"
#include "api/mlflow/paging.h"
#include "api/mlflow/registry.h"
#include "engine/base/limits.h"
#include "engine/store/ml_found.h"

enum {
    USUAL_MODELS = 100,
    MAX_MODELS = 1000,
    USUAL_VERSIONS = 10000,
    MAX_VERSIONS = 200000,
    USUAL_LOGGED = 100,
    MAX_LOGGED = 50000,
    MAX_DATASETS = 100,
};

/* ---- registered models ---- */

static bool write_model(void *arg, const struct hk_model_row *model)
{
    struct hk__ml_listing *list = arg;
    return hk__ml_write_model(hk__ml_listing_item(list), list->db, model, list->arena, list->err);
}

static bool read_models(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                        struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk__ml_listing list = {.db = db, .name = "registered_models", .arena = req->arena, .err = err};
    if (!hk_store_search_models(db, search, req->arena, &found, err)) {
        return false;
    }
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_found_models(db, &found, req->arena, write_model, &list, err);
    hk__ml_listing_close(&list, search, &found);
    return ok;
}

static void search_models(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk__ml_paging paging = {HK_SEARCH_MODELS, USUAL_MODELS, MAX_MODELS, MAX_MODELS};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    hk__ml_search_arguments(&args, &paging, search);
    hk__ml_read_with(&args, res, read_models, search);
}

/* ---- versions ---- */

static bool write_version(void *arg, const struct hk_model_version_row *version)
{
    struct hk__ml_listing *list = arg;
    return hk__ml_write_version(hk__ml_listing_item(list), list->db, version, false, list->err);
}

static bool read_versions(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                          struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk__ml_listing list = {.db = db, .name = "model_versions", .arena = req->arena, .err = err};
    if (!hk_store_search_versions(db, search, req->arena, &found, err)) {
        return false;
    }
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_found_versions(db, &found, req->arena, write_version, &list, err);
    hk__ml_listing_close(&list, search, &found);
    return ok;
}

static void search_versions(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk__ml_paging paging = {HK_SEARCH_VERSIONS, USUAL_VERSIONS, MAX_VERSIONS, MAX_VERSIONS};
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    hk__ml_search_arguments(&args, &paging, search);
    hk__ml_read_with(&args, res, read_versions, search);
}

/* ---- logged models ---- */

static bool write_logged_model(void *arg, const struct hk_logged_model *model)
{
    struct hk__ml_listing *list = arg;
    return hk__ml_write_logged_model(hk__ml_listing_item(list), list->db, model, list->err);
}

static bool read_logged_models(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                               struct hk_error *err)
{
    const struct hk_ml_search *search = data;
    struct hk_ml_found found;
    struct hk__ml_listing list = {.db = db, .name = "models", .arena = req->arena, .err = err};
    if (!hk_store_search_logged_models(db, search, req->arena, &found, err)) {
        return false;
    }
    hk__ml_listing_open(&list, res);
    bool ok = hk_store_found_logged_models(db, &found, req->arena, write_logged_model, &list, err);
    hk__ml_listing_close(&list, search, &found);
    return ok;
}

/* An empty text is none, as in protobuf. */
static struct hk_str given(const struct hk__ml_item *item, const char *name)
{
    struct hk_str text = hk__ml_item_string(item, name, 0);
    return text.len > 0 ? text : (struct hk_str){0};
}

static void read_datasets(struct hk__ml_arguments *args, struct hk_ml_search *search)
{
    const json_t *array = hk__ml_array(args, "datasets", 0);
    struct hk_ml_dataset *datasets = hk_arena_array(args->req->arena, MAX_DATASETS, sizeof *datasets);
    search->datasets = datasets;
    for (struct hk__ml_item item = {args, array, "datasets", 0, NULL}; hk__ml_item_next(&item);) {
        struct hk_ml_dataset dataset = {given(&item, "dataset_name"), given(&item, "dataset_digest")};
        if (dataset.name.data == NULL) {
            hk__ml_mistake(args, "`dataset_name` in the `datasets` clause must be specified.");
            return;
        }
        if (search->dataset_count == MAX_DATASETS) {
            hk__ml_mistake(args, "`datasets` has at most %d items", MAX_DATASETS);
            return;
        }
        datasets[search->dataset_count++] = dataset;
    }
}

static void read_fields(struct hk__ml_arguments *args, struct hk_ml_search *search)
{
    const json_t *array = hk__ml_array(args, "order_by", 0);
    struct hk_search_order *orders = hk_arena_array(args->req->arena, HK_MAX_SEARCH_ORDERS, sizeof *orders);
    struct hk_ml_dataset *datasets = hk_arena_array(args->req->arena, HK_MAX_SEARCH_ORDERS, sizeof *datasets);
    search->orders = orders;
    search->order_datasets = datasets;
    for (struct hk__ml_item item = {args, array, "order_by", 0, NULL}; hk__ml_item_next(&item);) {
        struct hk_error err;
        if (search->order_count == HK_MAX_SEARCH_ORDERS) {
            hk__ml_mistake(args, "`order_by` has at most %d fields", HK_MAX_SEARCH_ORDERS);
            return;
        }
        struct hk_search_order *order = &orders[search->order_count];
        if (!hk_search_field_parse(hk__ml_item_string(&item, "field_name", 0), order, &err)) {
            hk__ml_mistake(args, "%s", err.message);
            return;
        }
        order->is_descending = json_is_false(hk__ml_item_member(&item, "ascending"));
        datasets[search->order_count++] =
            (struct hk_ml_dataset){given(&item, "dataset_name"), given(&item, "dataset_digest")};
    }
}

/* Ids have to be strings here. */
static const json_t *experiment_ids(struct hk__ml_arguments *args)
{
    const json_t *array = hk__ml_array(args, "experiment_ids", HK__ML_REQUIRED);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i))) {
            hk__ml_wrong_type(args, "experiment_ids", array);
            return NULL;
        }
    }
    return array;
}

static void search_logged_models(const struct hk_request *req, struct hk_response *res)
{
    struct hk_ml_search *search = hk_arena_alloc(req->arena, sizeof *search);
    struct hk__ml_arguments args;
    struct hk_error err;
    hk__ml_arguments_open(&args, req);
    const json_t *ids = experiment_ids(&args);
    struct hk_str filter = hk__ml_string(&args, "filter", 0);
    search->limit = hk__ml_int(&args, "max_results", 0, 0);
    read_datasets(&args, search);
    search->offset = hk__ml_page_token(&args);
    if (search->limit < 0 || search->limit > MAX_LOGGED) {
        hk__ml_mistake(&args, "Invalid value %lld for parameter 'max_results' supplied. It must be at most %d",
                       (long long)search->limit, MAX_LOGGED);
    }
    search->limit = search->limit == 0 ? USUAL_LOGGED : search->limit;
    if (!hk_search_filter_parse(HK_SEARCH_LOGGED_MODELS, filter, req->arena, &search->filter, &err)) {
        hk__ml_mistake(&args, "%s", err.message);
    }
    read_fields(&args, search);
    hk__ml_search_experiments(&args, ids, search);
    hk__ml_read_with(&args, res, read_logged_models, search);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_GET, "2.0/mlflow/registered-models/search", HK_ROLE_VIEWER, search_models},
    {HK_METHOD_GET, "2.0/mlflow/model-versions/search", HK_ROLE_VIEWER, search_versions},
    {HK_METHOD_POST, "2.0/mlflow/logged-models/search", HK_ROLE_VIEWER, search_logged_models},
};

const struct hk__ml_table hk__ml_model_search_table = HK__ML_TABLE(routes);
