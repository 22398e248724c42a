#include "api/airflow/rest_internal.h"

struct found_run {
    struct hk__run_ref *out;
    struct hk_arena *arena;
};

static bool note_run(void *arg, const struct hk_run_info *r)
{
    struct found_run *found = arg;
    found->out->run_key = r->run_key;
    found->out->version_key = r->version_key;
    found->out->logical_us = r->logical_us;
    found->out->state = hk_arena_str(found->arena, hk_str_from(r->state));
    return true;
}

bool hk__run_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_arena *arena,
                  struct hk__run_ref *out, bool *found, struct hk_error *err)
{
    struct found_run run = {out, arena};
    return hk_store_run_find(db, dag_id, run_id, note_run, &run, found, err);
}

bool hk__find_run(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct hk__run_ref *out)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    struct hk_error err;
    bool exists = false;
    if (!hk__run_find(db, dag_id, run_id, req->arena, out, &exists, &err)) {
        hk__broken(req, res, &err);
        return false;
    }
    if (!exists) {
        hk__detail(res, 404, "The DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found", HK_STR_ARG(dag_id),
                   HK_STR_ARG(run_id));
    }
    return exists;
}

static bool note_dag(void *arg, const struct hk_dag_info *d)
{
    (void)arg;
    (void)d;
    return true;
}

bool hk__need_dag(struct hk_db *db, struct hk_str dag_id, struct hk_error *err)
{
    bool exists = false;
    return hk_store_dag_find(db, dag_id, note_dag, NULL, &exists, err) &&
           (exists || hk_error_set(err, HK_NOT_FOUND, "The Dag with ID: `%.*s` was not found", HK_STR_ARG(dag_id)));
}

struct hk_graph *hk__need_graph(struct hk_db *db, struct hk_str dag_id, struct hk_error *err)
{
    struct hk_graph *graph = NULL;
    if (hk_store_dag_graph(db, dag_id, &graph, err) && graph == NULL) {
        (void)hk_error_set(err, HK_NOT_FOUND, "The Dag with ID: `%.*s` was not found", HK_STR_ARG(dag_id));
    }
    return graph;
}

struct hk_graph *hk__dag_graph(const struct hk_request *req, struct hk_response *res, struct hk_db *db,
                               struct hk_str dag_id)
{
    struct hk_error err;
    struct hk_graph *graph = hk__need_graph(db, dag_id, &err);
    if (graph == NULL) {
        hk__broken(req, res, &err);
    }
    return graph;
}
