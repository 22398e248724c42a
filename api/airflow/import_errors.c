#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/store/import_error_query.h"

static bool each_error(void *arg, const struct hk_import_error_info *e)
{
    struct hk_json *w = &((struct hk__list *)arg)->w;
    hk_json_begin_object(w);
    hk_json_kv_int(w, "import_error_id", e->import_error_id);
    hk_json_kv_time(w, "timestamp", e->happened_us);
    hk_json_kv_text(w, "filename", e->filename);
    hk_json_kv_text(w, "bundle_name", e->bundle_name);
    hk_json_kv_str(w, "stack_trace", e->stack_trace);
    hk_json_end_object(w);
    return true;
}

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_import_error_list(db, list->filter, list->page, each_error, list, total, err);
}

void hk__import_errors_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_import_error_orders, "id", &page);
    const struct hk_import_error_filter filter = {
        .filename_search = hk__query_search(&v, "filename"),
        .filename = hk_query_text(&v, "filename", HK_OPTIONAL),
        .bundle_name = hk_query_text(&v, "bundle_name", HK_OPTIONAL),
    };
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "import_errors", .filter = &filter, .page = &page, .fill = fill});
    }
}

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    return hk_store_import_error_find(db, *(const int64_t *)one->filter, each_error, one, found, err);
}

void hk__import_error_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    int64_t id = hk_path_int(&v, "import_error_id", &(struct hk_int_rule){.is_required = true});
    if (hk_validation_end(&v, res)) {
        hk__answer_one(req, res, find, &id, "The ImportError with import_error_id: `%lld` was not found",
                       (long long)id);
    }
}
