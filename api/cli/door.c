#include "api/cli/door.h"

#include "api/cli/door_internal.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph.h"
#include "engine/store/version_query.h"
#include "scheduler/timetable.h"

/* ---- the runs to come ---- */

static bool query_time(const struct hk_request *req, const char *name, int64_t *out, struct hk_error *err)
{
    bool has_zone = false;
    struct hk_str text = hk_request_query(req, name);
    return hk_iso_parse(text, out, &has_zone) ||
           hk_error_set(err, HK_INVALID, "%s '%.*s' is no time", name, HK_STR_ARG(text));
}

/* As Airflow's next-execution: after a known run, without regard to start and end dates, as if catching up. */
static void write_runs(const struct hk_timetable *timetable, struct hk_timetable_query *query, int64_t count,
                       struct hk_json *w)
{
    struct hk_run_times times;
    for (int64_t i = 0; i < count && hk_timetable_next(timetable, query, &times); i++) {
        hk_json_begin_object(w);
        hk_json_kv_time(w, "logical_date", times.logical_at_us);
        hk_json_kv_time(w, "data_interval_start", times.interval_start_us);
        hk_json_kv_time(w, "data_interval_end", times.interval_end_us);
        hk_json_kv_time(w, "run_after", times.run_after_us);
        hk_json_end_object(w);
        query->last_start_us = times.interval_start_us;
        query->last_end_us = times.interval_end_us;
    }
}

static bool next_runs(const struct hk_request *req, struct hk_db *db, struct hk_json *w, struct hk_error *err)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_graph *graph = NULL;
    struct hk_timetable *timetable = NULL;
    int64_t count = 1;
    struct hk_timetable_query query = {.start_at_us = HK_TIME_NONE, .end_at_us = HK_TIME_NONE, .catchup = true};
    if (!query_time(req, "start", &query.last_start_us, err) || !query_time(req, "end", &query.last_end_us, err)) {
        return false;
    }
    if (!hk_str_to_i64(hk_request_query(req, "count"), &count) || count < 1 || count > HK_MAX_PAGE * 100) {
        return hk_error_set(err, HK_INVALID, "count is a number from 1 to %d", HK_MAX_PAGE * 100);
    }
    if (!hk_store_dag_graph(db, dag_id, &graph, err)) {
        return false;
    }
    if (graph == NULL) {
        return hk_error_set(err, HK_NOT_FOUND, "The Dag with ID: `%.*s` was not found", HK_STR_ARG(dag_id));
    }
    bool ok = hk_timetable_new(&graph->schedule, &timetable, err);
    hk_graph_unref(graph);
    if (!ok) {
        return false;
    }
    query.now_us = query.last_end_us;
    hk_json_begin_object(w);
    hk_json_key(w, "runs");
    hk_json_begin_array(w);
    write_runs(timetable, &query, count, w);
    hk_json_end_array(w);
    hk_json_end_object(w);
    hk_timetable_free(timetable);
    return true;
}

static void get_next(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_db *db = NULL;
    struct hk_error err;
    struct hk_json w;
    bool ok = hk_store_reader_take(door->store, &db, &err);
    if (ok) {
        hk_json_init(&w, &res->body);
        ok = next_runs(req, db, &w, &err);
        hk_store_reader_give(door->store, db);
    }
    if (!ok) {
        hk_fail_error(req, res, &err);
    }
}

static void reserialize(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    if (!door->has_folders) {
        hk_fail(req, res, HK_INVALID, "this engine reads no DAG files");
        return;
    }
    door->post(door->context, door->rescan, door->context);
    hk_response_json(res, 202, HK_STR("{}"));
}

static const struct hk_route routes[] = {
    {HK_METHOD_GET, "/hanok/users", HK_ROLE_ADMIN, hk__door_users},
    {HK_METHOD_POST, "/hanok/users", HK_ROLE_ADMIN, hk__door_user_create},
    {HK_METHOD_PATCH, "/hanok/users/{username}", HK_ROLE_ADMIN, hk__door_user_change},
    {HK_METHOD_DELETE, "/hanok/users/{username}", HK_ROLE_ADMIN, hk__door_user_delete},
    {HK_METHOD_GET, "/hanok/variables", HK_ROLE_ADMIN, hk__door_variables},
    {HK_METHOD_GET, "/hanok/variables/{key:path}", HK_ROLE_ADMIN, hk__door_variables},
    {HK_METHOD_GET, "/hanok/connections", HK_ROLE_ADMIN, hk__door_connections},
    {HK_METHOD_GET, "/hanok/connections/{connection_id}", HK_ROLE_ADMIN, hk__door_connections},
    {HK_METHOD_GET, "/hanok/dags/{dag_id}/next", HK_ROLE_ADMIN, get_next},
    {HK_METHOD_POST, "/hanok/reserialize", HK_ROLE_ADMIN, reserialize},
};

bool hk_cli_door_register(struct hk_cli_door *door, struct hk_router *router, struct hk_error *err)
{
    static const char *const prefixes[] = {"/hanok", NULL};
    struct hk_door entry = {.name = "hanok",
                            .prefixes = prefixes,
                            .routes = routes,
                            .route_count = sizeof routes / sizeof *routes,
                            .context = door};
    return hk_router_add(router, &entry, err);
}
