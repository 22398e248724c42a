/* links of a task instance, and where its log lies elsewhere. */
#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

struct wanted {
    int64_t map_index;
    bool found;
};

static bool note_found(void *arg, const struct hk_ti_info *t)
{
    struct wanted *wanted = arg;
    wanted->found = wanted->found || t->map_index == wanted->map_index;
    return !wanted->found;
}

/* The names that the operator has links for; hanok makes no addresses, which Airflow shows as null, too. */
static void write_links(struct hk_json *w, const struct hk_graph *graph, struct hk_str task_id)
{
    const struct hk_task *task = hk_graph_find_task(graph, task_id);
    struct hk_error err;
    json_t *extra =
        task != NULL && task->extra_json != NULL ? hk_json_parse(hk_str_from(task->extra_json), &err) : NULL;
    const json_t *names = json_object_get(extra, "extra_links");
    hk_json_begin_object(w);
    hk_json_key(w, "extra_links");
    hk_json_begin_object(w);
    for (size_t i = 0; i < json_array_size(names); i++) {
        hk_json_kv_null(w, json_string_value(json_array_get(names, i)));
    }
    hk_json_end_object(w);
    hk_json_kv_int(w, "total_entries", (int64_t)json_array_size(names));
    hk_json_end_object(w);
    json_decref(extra);
}

static bool find_links(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    struct wanted wanted = {.map_index = *(const int64_t *)one->filter};
    struct hk_str dag_id = hk_request_path(one->req, "dag_id");
    struct hk_str task_id = hk_request_path(one->req, "task_id");
    if (!hk_store_ti_find(db, dag_id, hk_request_path(one->req, "dag_run_id"), task_id, note_found, &wanted, err)) {
        return false;
    }
    *found = wanted.found;
    if (!wanted.found) {
        return true;
    }
    struct hk_graph *graph = hk__need_graph(db, dag_id, err);
    if (graph == NULL) {
        return false;
    }
    write_links(&one->w, graph, task_id);
    hk_graph_unref(graph);
    return true;
}

void hk__ti_links(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    int64_t map_index = hk_query_int(&v, "map_index", &(struct hk_int_rule){.fallback = -1});
    (void)hk_query_int(&v, "try_number", &(struct hk_int_rule){.fallback = 0});
    if (hk_validation_end(&v, res)) {
        hk__answer_one(req, res, find_links, &map_index, "TaskInstance not found");
    }
}

void hk__ti_external_log(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    (void)hk_path_int(&v, "try_number", &(struct hk_int_rule){.is_required = true});
    if (hk_validation_end(&v, res)) {
        hk__detail(res, 400, "Task log handler does not support external logs.");
    }
}
