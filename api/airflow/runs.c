#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

static const char *const NOT_KEPT[] = {"updated_at_gte", "updated_at_gt", "updated_at_lte", "updated_at_lt", NULL};

/* No DAG has any, which is worded as Airflow does. */
static void check_partitions(struct hk_validation *v)
{
    struct hk_str dag_id = hk_request_path(v->request, "dag_id");
    if (!hk_request_has_query(v->request, "partition_date_gte") &&
        !hk_request_has_query(v->request, "partition_date_lte")) {
        return;
    }
    if (hk_str_is(dag_id, "~")) {
        hk_validation_fail(v, 400, "partition_date_gte and partition_date_lte require a specific dag_id.");
    } else {
        hk_validation_fail(v, 400,
                           "Dag with dag_id: '%.*s' is not partitioned; partition_date_gte and partition_date_lte are "
                           "not supported.",
                           HK_STR_ARG(dag_id));
    }
}

static void read_filter(struct hk_validation *v, struct hk_run_filter *filter)
{
    filter->run_after = hk__query_times(v, "run_after");
    filter->logical = hk__query_times(v, "logical_date");
    filter->start = hk__query_times(v, "start_date");
    filter->end = hk__query_times(v, "end_date");
    filter->duration = hk__query_seconds(v, "duration");
    filter->has_nullable_times = true;
    filter->conf_contains = hk_query_text(v, "conf_contains", HK_OPTIONAL);
    filter->run_types = hk__query_states(v, "run_type", hk__run_types);
    filter->states = hk__query_states(v, "state", hk__run_states);
    int64_t *numbers;
    filter->version_number_count = hk__query_ints(v, "dag_version", &numbers);
    filter->version_numbers = numbers;
    filter->bundle_version = hk_query_text(v, "bundle_version", HK_OPTIONAL);
    filter->run_id = hk__query_search(v, "run_id");
    filter->user = hk__query_search(v, "triggering_user_name");
    filter->dag_id_search = hk__query_search(v, "dag_id");
    struct hk_search partition = hk__query_search(v, "partition_key");
    struct hk_str asset = hk_query_text(v, "consuming_asset_pattern", HK_OPTIONAL);
    filter->matches_nothing = partition.pattern.data != NULL || partition.prefix.data != NULL || asset.len > 0;
    hk__refuse_query(v, NOT_KEPT, "it keeps no time of the last change; use start_date or end_date");
    check_partitions(v);
}

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    const struct hk_run_filter *filter = list->filter;
    return (filter->dag_id.data == NULL || hk__need_dag(db, filter->dag_id, err)) &&
           hk_store_run_list(db, filter, list->page, hk__each_run, list, total, err);
}

static void answer_list(const struct hk_request *req, struct hk_response *res, const struct hk_run_filter *filter,
                        const struct hk_page *page)
{
    const struct hk__listing listing = {
        .name = "dag_runs", .has_cursor = true, .filter = filter, .page = page, .fill = fill};
    hk__answer_list(req, res, &listing);
}

void hk__runs_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_run_filter filter = HK_RUN_FILTER_ALL;
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    hk_validation_begin(&v, req);
    hk__page(&v, hk_run_orders, "id", &page);
    hk__query_cursor(&v, &page);
    read_filter(&v, &filter);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    filter.now_us = hk__airflow_now(req->context);
    if (!hk_str_is(dag_id, "~")) {
        filter.dag_id = dag_id;
    }
    res->is_lasting = !hk_range_has_end(&filter.start) && !hk_range_has_end(&filter.end);
    answer_list(req, res, &filter, &page);
}

void hk__runs_batch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_run_filter filter = HK_RUN_FILTER_ALL;
    hk_validation_begin(&v, req);
    hk__check_tilde(&v, "dag_id");
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    hk__body_page(body, &v, hk_run_orders, &page);
    filter.dag_ids = hk__body_texts(body, req->arena, "dag_ids");
    filter.states = hk__body_states(body, req->arena, "states", hk__run_states);
    filter.run_after = hk__body_times(body, req->arena, "run_after");
    filter.logical = hk__body_times(body, req->arena, "logical_date");
    filter.start = hk__body_times(body, req->arena, "start_date");
    filter.end = hk__body_times(body, req->arena, "end_date");
    filter.duration = hk__body_seconds(body, req->arena, "duration");
    filter.conf_contains = hk_body_text(body, "conf_contains", HK_OPTIONAL | HK_NULLABLE);
    if (hk_validation_end(&v, res)) {
        answer_list(req, res, &filter, &page);
    }
}

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    return hk_store_run_find(db, hk_request_path(one->req, "dag_id"), hk_request_path(one->req, "dag_run_id"),
                             hk__each_run, one, found, err);
}

void hk__run_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    res->is_lasting = true;
    hk__answer_one(req, res, find, NULL, "The DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found",
                   HK_STR_ARG(dag_id), HK_STR_ARG(run_id));
}
