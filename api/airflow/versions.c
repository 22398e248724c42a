#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/store/version_query.h"

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    const struct hk_version_filter *filter = list->filter;
    return (filter->dag_id.data == NULL || hk__need_dag(db, filter->dag_id, err)) &&
           hk_store_version_list(db, filter, list->page, hk__each_version, list, total, err);
}

void hk__versions_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    hk_validation_begin(&v, req);
    hk__page(&v, hk_version_orders, NULL, &page);
    struct hk_version_filter filter = {
        .number = hk_query_int(&v, "version_number", &(struct hk_int_rule){.fallback = -1}),
        .bundle_name = hk_query_text(&v, "bundle_name", HK_OPTIONAL),
        .bundle_version = hk_query_text(&v, "bundle_version", HK_OPTIONAL),
    };
    if (!hk_str_is(dag_id, "~")) {
        filter.dag_id = dag_id;
    }
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "dag_versions", .filter = &filter, .page = &page, .fill = fill});
    }
}

static bool find_version(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    int64_t number = *(const int64_t *)one->filter;
    /* 0 would mean the newest to the store */
    return number == 0 ||
           hk_store_version_find(db, hk_request_path(one->req, "dag_id"), number, hk__each_version, one, found, err);
}

void hk__version_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    hk_validation_begin(&v, req);
    int64_t number = hk_path_int(&v, "version_number", &(struct hk_int_rule){.is_required = true});
    if (hk_validation_end(&v, res)) {
        hk__answer_one(req, res, find_version, &number,
                       "The DagVersion with dag_id: `%.*s` and version_number: `%lld` was not found",
                       HK_STR_ARG(dag_id), (long long)number);
    }
}

struct source {
    struct hk_response *res;
    struct hk_str dag_id;
    bool is_plain;
};

static bool write_source(void *arg, const struct hk_source_info *row)
{
    struct source *source = arg;
    struct hk_response *res = source->res;
    if (source->is_plain) {
        res->content_type = "text/plain; charset=utf-8";
        hk_buf_add_str(&res->body, row->content);
        return true;
    }
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_str(&w, "content", row->content);
    hk_json_kv_str(&w, "dag_id", source->dag_id);
    hk_json_kv_int(&w, "version_number", row->number);
    hk_json_kv_text(&w, "dag_display_name", row->dag_display_name);
    hk_json_end_object(&w);
    return true;
}

void hk__dag_source(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    int64_t number = hk_query_int(&v, "version_number", &(struct hk_int_rule){.fallback = 0});
    if (!hk_validation_end(&v, res)) {
        return;
    }
    enum hk__wanted wanted = hk__accept(req, res, "text/plain");
    if (wanted == HK__WANTS_NOTHING) {
        return;
    }
    struct source source = {res, hk_request_path(req, "dag_id"), wanted == HK__WANTS_OTHER};
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    bool found = false;
    if (!hk_store_source_find(db, source.dag_id, number, write_source, &source, &found, &err)) {
        hk__broken(req, res, &err);
    } else if (!found) {
        char shown[32] = "None";
        if (hk_request_has_query(req, "version_number")) {
            snprintf(shown, sizeof shown, "%lld", (long long)number);
        }
        hk__detail(res, 404, "The source code of the Dag %.*s, version_number %s was not found",
                   HK_STR_ARG(source.dag_id), shown);
    }
    hk__read_end(req, db);
}
