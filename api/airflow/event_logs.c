#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

static bool each_event(void *arg, const struct hk_audit_info *a)
{
    struct hk_json *w = &((struct hk__list *)arg)->w;
    hk_json_begin_object(w);
    hk_json_kv_int(w, "event_log_id", a->audit_key);
    hk_json_kv_time(w, "when", a->happened_us);
    hk_json_kv_text(w, "dag_id", a->dag_id);
    hk_json_kv_text(w, "task_id", a->task_id);
    hk_json_kv_text(w, "run_id", a->run_id);
    hk_json_key(w, "map_index");
    if (a->map_index != HK_TIME_NONE) {
        hk_json_int(w, a->map_index);
    } else {
        hk_json_null(w);
    }
    hk_json_kv_null(w, "try_number");
    hk_json_kv_text(w, "event", a->event);
    hk_json_kv_time(w, "logical_date", a->logical_us);
    hk_json_kv_text(w, "owner", a->owner);
    hk_json_kv_text(w, "extra", a->extra);
    hk_json_kv_text(w, "dag_display_name", a->dag_display_name);
    hk_json_kv_text(w, "task_display_name", a->task_display_name);
    hk_json_end_object(w);
    return true;
}

static void read_filter(struct hk_validation *v, struct hk_audit_filter *filter)
{
    const struct hk_int_rule none = {.fallback = HK_TIME_NONE};
    *filter = (struct hk_audit_filter){.happened = HK_RANGE_ALL};
    filter->dag_id = hk_query_text(v, "dag_id", HK_OPTIONAL);
    filter->task_id = hk_query_text(v, "task_id", HK_OPTIONAL);
    filter->run_id = hk_query_text(v, "run_id", HK_OPTIONAL);
    filter->map_index = hk_query_int(v, "map_index", &none);
    filter->matches_nothing = hk_query_int(v, "try_number", &none) != HK_TIME_NONE; /* no row has one */
    filter->owner = hk_query_text(v, "owner", HK_OPTIONAL);
    filter->event = hk_query_text(v, "event", HK_OPTIONAL);
    filter->excluded_events = hk__query_texts(v, "excluded_events");
    filter->included_events = hk__query_texts(v, "included_events");
    filter->happened.lt = hk_query_datetime(v, "before");
    filter->happened.gt = hk_query_datetime(v, "after");
    filter->dag_id_search = hk__query_search(v, "dag_id");
    filter->task_id_search = hk__query_search(v, "task_id");
    filter->run_id_search = hk__query_search(v, "run_id");
    filter->owner_search = hk__query_search(v, "owner");
    filter->event_search = hk__query_search(v, "event");
}

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_audit_list(db, list->filter, list->page, each_event, list, total, err);
}

void hk__event_logs_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_audit_filter filter;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_audit_orders, NULL, &page);
    read_filter(&v, &filter);
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "event_logs", .filter = &filter, .page = &page, .fill = fill});
    }
}

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    return hk_store_audit_find(db, *(const int64_t *)one->filter, each_event, one, found, err);
}

void hk__event_log_get(const struct hk_request *req, struct hk_response *res)
{
    int64_t id = 0;
    if (hk_str_to_i64(hk_request_path(req, "event_log_id"), &id)) {
        hk__answer_one(req, res, find, &id, "The Event Log with id: `%lld` not found", (long long)id);
    } else { /* where other routes answer 422 */
        hk__detail(res, 400, "'event_log_id' must be an integer");
    }
}
