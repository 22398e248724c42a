/* GET dependencies: why is this task not running? The scheduler can say, on the loop thread. */
#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/rest_internal.h"
#include "scheduler/explain.h"

struct asking {
    struct hk_deferred *deferred;
    struct hk_explain_query query;
    int64_t map_index;
    bool found;
    bool is_waiting; /* none yet or scheduled: only then is there something to explain */
};

static bool note_state(void *arg, const struct hk_ti_info *t)
{
    struct asking *a = arg;
    if (t->map_index != a->map_index) {
        return true;
    }
    a->found = true;
    a->is_waiting = t->state == NULL || strcmp(t->state, "scheduled") == 0;
    return false;
}

static void write_reasons(struct hk_response *res, const struct hk_explanations *why)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "dependencies");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < why->count; i++) {
        hk_json_begin_object(&w);
        hk_json_kv_text(&w, "name", why->items[i].name);
        hk_json_kv_text(&w, "reason", why->items[i].reason);
        hk_json_end_object(&w);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
}

static void explain(void *arg)
{
    struct asking *a = arg;
    const struct hk_request *req = hk_deferred_request(a->deferred);
    struct hk_response *res = hk_deferred_response(a->deferred);
    struct hk_airflow *air = req->context;
    struct hk_explanations why = {0};
    struct hk_error err;
    /* Not found: it has ended meanwhile, and nothing keeps it any more. */
    if (hk_explain_task(air->options.scheduler, &a->query, req->arena, &why, &err) || err.code == HK_NOT_FOUND) {
        write_reasons(res, &why);
    } else {
        hk__broken(req, res, &err);
    }
    hk_deferred_complete(a->deferred);
}

void hk__ti_dependencies(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct asking *a = hk_arena_alloc(req->arena, sizeof *a);
    const struct hk_int_rule rule = {.fallback = -1};
    hk_validation_begin(&v, req);
    a->map_index = hk_request_path(req, "map_index").data != NULL ? hk_path_int(&v, "map_index", &rule)
                                                                  : hk_query_int(&v, "map_index", &rule);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    a->query.dag_id = hk__text(req->arena, hk_request_path(req, "dag_id"));
    a->query.run_id = hk__text(req->arena, hk_request_path(req, "dag_run_id"));
    a->query.task_id = hk__text(req->arena, hk_request_path(req, "task_id"));
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    bool ok = hk_store_ti_find(db, hk_str_from(a->query.dag_id), hk_str_from(a->query.run_id),
                               hk_str_from(a->query.task_id), note_state, a, &err);
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    } else if (!a->found) {
        hk__detail_list(
            res, 404,
            hk_arena_printf(req->arena,
                            "The Task Instance with dag_id: `%s`, run_id: `%s`, task_id: `%s` and map_index: "
                            "`%lld` was not found",
                            a->query.dag_id, a->query.run_id, a->query.task_id, (long long)a->map_index));
    } else if (!a->is_waiting) {
        const struct hk_explanations none = {0};
        write_reasons(res, &none);
    } else {
        struct hk_airflow *air = req->context;
        a->deferred = hk_response_defer(res);
        air->options.post(air->options.post_context, explain, a);
    }
}
