#include "api/airflow/routes.h"

#include "api/airflow/selection.h"

static const char *const NOT_KEPT[] = {"updated_at_gte", "updated_at_gt", "updated_at_lte", "updated_at_lt", NULL};

static void read_numbers(struct hk_validation *v, struct hk_ti_filter *filter)
{
    int64_t *numbers;
    filter->version_number_count = hk__query_ints(v, "version_number", &numbers);
    filter->version_numbers = numbers;
    filter->try_number_count = hk__query_ints(v, "try_number", &numbers);
    filter->try_numbers = numbers;
    filter->map_index_count = hk__query_ints(v, "map_index", &numbers);
    filter->map_indexes = numbers;
}

/* What the list of a run and the list of a mapped task have in common. */
static void read_filter(struct hk_validation *v, struct hk_ti_filter *filter)
{
    filter->run_after = hk__query_times(v, "run_after");
    filter->logical = hk__query_times(v, "logical_date");
    filter->start = hk__query_times(v, "start_date");
    filter->end = hk__query_times(v, "end_date");
    filter->duration = hk__query_seconds(v, "duration");
    filter->has_nullable_times = true;
    filter->states = hk__query_states(v, "state", hk__task_states);
    filter->pools = hk__query_texts(v, "pool");
    filter->pool_search = hk__query_search(v, "pool_name");
    filter->queues = hk__query_texts(v, "queue");
    filter->queue_search = hk__query_search(v, "queue_name");
    filter->matches_nothing = hk__query_texts(v, "executor").count > 0; /* no task names an executor of its own */
    filter->operator_names = hk__query_texts(v, "operator");
    filter->operator_search = hk__query_search(v, "operator_name");
    filter->rendered_map_index = hk__query_search(v, "rendered_map_index");
    read_numbers(v, filter);
    filter->now_us = hk__airflow_now(v->request->context);
    hk__refuse_query(v, NOT_KEPT, "it keeps no time of the last change; use start_date or end_date");
}

typedef bool (*fill_fn)(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err);

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_ti_list(db, list->filter, list->page, hk__each_ti, list, total, err);
}

static void answer_list(const struct hk_request *req, struct hk_response *res, fill_fn how, const void *filter,
                        const struct hk_page *page)
{
    const struct hk__listing listing = {
        .name = "task_instances", .has_cursor = true, .filter = filter, .page = page, .fill = how};
    hk__answer_list(req, res, &listing);
}

/* The tasks of a group and of the groups in it. A group that is not there is answered here, in a shape of its own. */
static bool select_group(struct hk_db *db, struct hk__list *list, struct hk_str group_id, struct hk_ti_filter *filter,
                         struct hk_error *err)
{
    const struct hk_request *req = list->req;
    struct hk_response *res = list->res;
    struct hk_graph *g = hk__need_graph(db, hk_request_path(req, "dag_id"), err);
    if (g == NULL) {
        return false;
    }
    bool found = hk__group_tasks(g, group_id, req->arena, &filter->task_ids);
    hk_graph_unref(g);
    if (!found) {
        struct hk_json w;
        res->status = 404;
        err->code = HK_OK;
        hk_buf_reset(&res->body);
        hk_json_init(&w, &res->body);
        hk_json_begin_object(&w);
        hk_json_key(&w, "detail");
        hk_json_begin_object(&w);
        hk_json_kv_text(&w, "reason", "not_found");
        hk_json_kv_text(&w, "message", hk_arena_printf(req->arena, "Task group %.*s not found", HK_STR_ARG(group_id)));
        hk_json_end_object(&w);
        hk_json_end_object(&w);
        return false;
    }
    filter->matches_nothing = filter->matches_nothing || filter->task_ids.count == 0;
    return true;
}

struct found_run {
    int64_t run_key;
};

static bool note_run(void *arg, const struct hk_run_info *r)
{
    ((struct found_run *)arg)->run_key = r->run_key;
    return true;
}

/* Narrows the filter to what the path names. */
static bool select_path(const struct hk_request *req, struct hk_db *db, struct hk_ti_filter *filter,
                        struct hk_error *err)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    if (hk_str_is(run_id, "~")) {
        if (hk_str_is(dag_id, "~")) {
            return true;
        }
        filter->dag_id = dag_id;
        return hk__need_dag(db, dag_id, err);
    }
    if (hk_str_is(dag_id, "~")) {
        return hk_error_set(err, HK_INVALID, "dag_id is required when dag_run_id is specified");
    }
    struct found_run run = {0};
    bool found = false;
    if (!hk_store_run_find(db, dag_id, run_id, note_run, &run, &found, err)) {
        return false;
    }
    filter->run_key = run.run_key;
    return found || hk_error_set(err, HK_NOT_FOUND, "DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found",
                                 HK_STR_ARG(dag_id), HK_STR_ARG(run_id));
}

struct asked {
    struct hk_ti_filter filter;
    struct hk_str group_id; /* data NULL: any */
};

static bool fill_asked(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    const struct asked *asked = list->filter;
    struct hk_ti_filter filter = asked->filter;
    return select_path(list->req, db, &filter, err) &&
           (asked->group_id.data == NULL || select_group(db, list, asked->group_id, &filter, err)) &&
           hk_store_ti_list(db, &filter, list->page, hk__each_ti, list, total, err);
}

void hk__tis_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct asked asked = {.filter = HK_TI_FILTER_ALL};
    struct hk_ti_filter *filter = &asked.filter;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_ti_orders, "map_index", &page);
    hk__query_cursor(&v, &page);
    read_filter(&v, filter);
    filter->task_id = hk_query_text(&v, "task_id", HK_OPTIONAL);
    filter->display_name = hk__query_search(&v, "task_display_name");
    filter->dag_id_search = hk__query_search(&v, "dag_id");
    filter->run_id_search = hk__query_search(&v, "run_id");
    asked.group_id = hk_query_text(&v, "task_group_id", HK_OPTIONAL);
    if (asked.group_id.data != NULL && hk_str_is(hk_request_path(req, "dag_id"), "~")) {
        hk_validation_fail(&v, 400, "task_group_id needs a dag_id in the path, not '~'");
    }
    if (hk_validation_end(&v, res)) {
        res->is_lasting = !hk_range_has_end(&filter->start) && !hk_range_has_end(&filter->end);
        answer_list(req, res, fill_asked, &asked, &page);
    }
}

void hk__tis_batch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_ti_filter filter = HK_TI_FILTER_ALL;
    struct hk_arena *arena = req->arena;
    hk_validation_begin(&v, req);
    hk__check_tilde(&v, "dag_id");
    hk__check_tilde(&v, "dag_run_id");
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    filter.dag_ids = hk__body_texts(body, arena, "dag_ids");
    filter.run_ids = hk__body_texts(body, arena, "dag_run_ids");
    filter.task_ids = hk__body_texts(body, arena, "task_ids");
    filter.states = hk__body_states(body, arena, "state", hk__task_states);
    filter.run_after = hk__body_times(body, arena, "run_after");
    filter.logical = hk__body_times(body, arena, "logical_date");
    filter.start = hk__body_times(body, arena, "start_date");
    filter.end = hk__body_times(body, arena, "end_date");
    filter.duration = hk__body_seconds(body, arena, "duration");
    filter.pools = hk__body_texts(body, arena, "pool");
    filter.queues = hk__body_texts(body, arena, "queue");
    filter.matches_nothing = hk__body_texts(body, arena, "executor").count > 0;
    hk__body_page(body, &v, hk_ti_orders, &page);
    if (hk_validation_end(&v, res)) {
        answer_list(req, res, fill, &filter, &page);
    }
}

/* ---- one ---- */

struct one {
    struct hk__list list;
    bool is_mapped_path;
    int64_t map_index;
    bool found;
    bool is_mapped;
};

static bool write_one(void *arg, const struct hk_ti_info *t)
{
    struct one *one = arg;
    if (!one->is_mapped_path && t->map_index != -1) {
        one->is_mapped = true;
        return false;
    }
    if (t->map_index != one->map_index) {
        return true;
    }
    one->found = true;
    hk__write_ti(&one->list.w, one->list.air, t);
    return false;
}

static void answer_one(const struct hk_request *req, struct hk_response *res, struct one *one)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    struct hk_str task_id = hk_request_path(req, "task_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    one->list = (struct hk__list){.air = req->context, .res = res};
    hk_json_init(&one->list.w, &res->body);
    struct hk_error err;
    if (!hk_store_ti_find(db, dag_id, run_id, task_id, write_one, one, &err)) {
        hk__broken(req, res, &err);
    } else if (one->is_mapped) {
        hk__detail(res, 404, "Task instance is mapped, add the map_index value to the URL");
    } else if (!one->found && one->is_mapped_path) {
        hk__detail(
            res, 404,
            "The Mapped Task Instance with dag_id: `%.*s`, run_id: `%.*s`, task_id: `%.*s`, and map_index: `%lld` "
            "was not found",
            HK_STR_ARG(dag_id), HK_STR_ARG(run_id), HK_STR_ARG(task_id), (long long)one->map_index);
    } else if (!one->found) {
        hk__detail(res, 404, "The Task Instance with dag_id: `%.*s`, run_id: `%.*s` and task_id: `%.*s` was not found",
                   HK_STR_ARG(dag_id), HK_STR_ARG(run_id), HK_STR_ARG(task_id));
    }
    hk__read_end(req, db);
}

void hk__ti_get(const struct hk_request *req, struct hk_response *res)
{
    struct one one = {.map_index = -1};
    res->is_lasting = true;
    answer_one(req, res, &one);
}

void hk__ti_get_mapped(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    struct one one = {.is_mapped_path = true};
    one.map_index = hk_path_int(&v, "map_index", &(struct hk_int_rule){.is_required = true});
    if (hk_validation_end(&v, res)) {
        answer_one(req, res, &one);
    }
}

/* ---- the instances of a mapped task ---- */

/* None yet is fine for a task that is mapped. */
static bool check_mapped(const struct hk_ti_filter *filter, struct hk_db *db, struct hk_error *err)
{
    struct hk_graph *g = hk__need_graph(db, filter->dag_id, err);
    if (g == NULL) {
        return false;
    }
    const struct hk_task *task = hk_graph_find_task(g, filter->task_id);
    bool ok = task != NULL && task->is_mapped;
    if (!ok) {
        (void)hk_error_set(err, HK_NOT_FOUND, "Task id %.*s %s", HK_STR_ARG(filter->task_id),
                           task == NULL ? "not found" : "is not mapped");
    }
    hk_graph_unref(g);
    return ok;
}

static bool fill_mapped(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    const struct hk_ti_filter *filter = list->filter;
    struct hk_ti_filter whole = HK_TI_FILTER_ALL;
    whole.only_mapped = true;
    whole.dag_id = filter->dag_id;
    whole.run_ids = filter->run_ids;
    whole.task_id = filter->task_id;
    int64_t all = 0;
    return hk_store_ti_count(db, &whole, &all, err) && (all > 0 || check_mapped(filter, db, err)) &&
           fill(db, list, total, err);
}

void hk__ti_list_mapped(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_ti_filter filter = HK_TI_FILTER_ALL;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_ti_orders, "map_index", &page);
    read_filter(&v, &filter);
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    filter.only_mapped = true;
    filter.dag_id = hk_request_path(req, "dag_id");
    filter.run_ids = (struct hk_texts){&run_id, 1};
    filter.task_id = hk_request_path(req, "task_id");
    if (hk_validation_end(&v, res)) {
        answer_list(req, res, fill_mapped, &filter, &page);
    }
}
