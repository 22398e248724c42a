#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

/* Earlier tries come from their own table, the last one is the task instance itself. */
struct tries {
    struct hk__list list;
    int64_t map_index;
    int64_t wanted; /* -1: all */
    int64_t last;   /* newest that was archived */
    int64_t count;
};

static void add_try(struct tries *tries, const struct hk_ti_info *t)
{
    if (t->map_index == tries->map_index && (tries->wanted < 0 || t->try_number == tries->wanted)) {
        hk__write_ti_try(&tries->list.w, tries->list.air, t);
        tries->count++;
    }
}

static bool add_archived(void *arg, const struct hk_ti_info *t)
{
    struct tries *tries = arg;
    if (t->map_index == tries->map_index) {
        tries->last = t->try_number;
    }
    add_try(tries, t);
    return tries->wanted < 0 || tries->count == 0;
}

static bool add_current(void *arg, const struct hk_ti_info *t)
{
    struct tries *tries = arg;
    if (t->map_index == tries->map_index && (t->try_number != tries->last || tries->last < 0)) {
        add_try(tries, t);
    }
    return true;
}

static int64_t read_map_index(struct hk_validation *v)
{
    const struct hk_int_rule rule = {.fallback = -1};
    if (hk_request_path(v->request, "map_index").data != NULL) {
        return hk_path_int(v, "map_index", &rule);
    }
    return hk_query_int(v, "map_index", &rule);
}

static bool collect(const struct hk_request *req, struct hk_response *res, struct tries *tries)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    struct hk_str task_id = hk_request_path(req, "task_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    struct hk_error err;
    bool ok = hk_store_ti_tries(db, dag_id, run_id, task_id, add_archived, tries, &err) &&
              ((tries->wanted >= 0 && tries->count > 0) ||
               hk_store_ti_find(db, dag_id, run_id, task_id, add_current, tries, &err));
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    }
    return ok;
}

void hk__ti_tries(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct tries tries = {.wanted = -1, .last = -1};
    hk_validation_begin(&v, req);
    tries.map_index = read_map_index(&v);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    hk__list_begin(&tries.list, req->context, res, "task_instances");
    if (!collect(req, res, &tries)) {
        return;
    }
    if (tries.count > 0) {
        hk__list_end(&tries.list, tries.count);
        return;
    }
    hk__detail(
        res, 404,
        "The Task Instance with dag_id: `%.*s`, run_id: `%.*s`, task_id: `%.*s` and map_index: `%lld` was not found",
        HK_STR_ARG(hk_request_path(req, "dag_id")), HK_STR_ARG(hk_request_path(req, "dag_run_id")),
        HK_STR_ARG(hk_request_path(req, "task_id")), (long long)tries.map_index);
}

void hk__ti_try(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct tries tries = {.last = -1};
    hk_validation_begin(&v, req);
    tries.map_index = read_map_index(&v);
    tries.wanted = hk_path_int(&v, "task_try_number", &(struct hk_int_rule){.is_required = true});
    if (!hk_validation_end(&v, res)) {
        return;
    }
    tries.list = (struct hk__list){.air = req->context, .res = res};
    hk_json_init(&tries.list.w, &res->body);
    if (collect(req, res, &tries) && tries.count == 0) {
        hk__detail(res, 404,
                   "The Task Instance with dag_id: `%.*s`, run_id: `%.*s`, task_id: `%.*s`, try_number: `%lld` and "
                   "map_index: `%lld` was not found",
                   HK_STR_ARG(hk_request_path(req, "dag_id")), HK_STR_ARG(hk_request_path(req, "dag_run_id")),
                   HK_STR_ARG(hk_request_path(req, "task_id")), (long long)tries.wanted, (long long)tries.map_index);
    }
}
