#include "api/cli/door.h"

#include <string.h>

#include "api/cli/door_internal.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph.h"
#include "engine/store/connection_store.h"
#include "engine/store/variable_store.h"
#include "engine/store/version_query.h"
#include "scheduler/timetable.h"

static struct hk_db *begin(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_db *db = NULL;
    struct hk_error err;
    if (!hk_store_reader_take(door->store, &db, &err)) {
        hk_fail_error(req, res, &err);
    }
    return db;
}

/* After rows were written: their end, or the failure instead of them. */
static void end(const struct hk_request *req, struct hk_response *res, struct hk_db *db, const struct hk_error *err)
{
    const struct hk_cli_door *door = req->context;
    hk_store_reader_give(door->store, db);
    if (err != NULL) {
        hk_fail_error(req, res, err);
    }
}

static void read_page(const struct hk_request *req, const struct hk_order_field *order, struct hk_page *page)
{
    *page = (struct hk_page){.limit = HK_MAX_PAGE, .orders = {{order, false}}, .order_count = 1};
    int64_t offset = 0;
    if (hk_str_to_i64(hk_request_query(req, "offset"), &offset) && offset > 0) {
        page->offset = offset;
    }
}

static const struct hk_order_field *find_order(const struct hk_order_field *fields, const char *name)
{
    while (strcmp(fields->name, name) != 0) {
        fields++;
        HK_ASSERT(fields->name != NULL);
    }
    return fields;
}

static void text_or_null(struct hk_json *w, const char *key, struct hk_str value)
{
    hk_json_key(w, key);
    if (value.data == NULL) {
        hk_json_null(w);
    } else {
        hk_json_string(w, value);
    }
}

/* ---- variables ---- */

static bool write_variable(void *arg, const struct hk_variable_info *v)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "key", v->key);
    text_or_null(w, "value", v->value);
    hk_json_kv_text(w, "description", v->description);
    hk_json_kv_bool(w, "is_encrypted", v->is_encrypted);
    hk_json_end_object(w);
    return true;
}

static void list_variables(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    static const struct hk_search everything = {.pattern = {NULL, 0}};
    struct hk_db *db = begin(req, res);
    struct hk_error err;
    struct hk_page page;
    struct hk_json w;
    int64_t total = 0;
    if (db == NULL) {
        return;
    }
    read_page(req, find_order(hk_variable_orders, "key"), &page);
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "variables");
    hk_json_begin_array(&w);
    bool ok = hk_store_variable_list(db, door->key, &everything, &page, write_variable, &w, &total, &err);
    hk_json_end_array(&w);
    hk_json_kv_int(&w, "total_entries", total);
    hk_json_end_object(&w);
    end(req, res, db, ok ? NULL : &err);
}

static void get_variable(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_str key = hk_request_path(req, "key");
    struct hk_db *db = begin(req, res);
    struct hk_error err;
    struct hk_json w;
    bool found = false;
    if (db == NULL) {
        return;
    }
    hk_json_init(&w, &res->body);
    bool ok = hk_store_variable_find(db, door->key, key, write_variable, &w, &found, &err);
    if (ok && !found) {
        ok = hk_error_set(&err, HK_NOT_FOUND, "Variable %.*s does not exist", HK_STR_ARG(key));
    }
    end(req, res, db, ok ? NULL : &err);
}

/* ---- connections ---- */

static bool write_connection(void *arg, const struct hk_connection_info *c)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    text_or_null(w, "connection_id", c->conn_id);
    text_or_null(w, "conn_type", c->conn_type);
    text_or_null(w, "description", c->description);
    text_or_null(w, "host", c->host);
    text_or_null(w, "login", c->login);
    text_or_null(w, "schema", c->schema);
    hk_json_key(w, "port");
    if (c->port == HK_TIME_NONE) {
        hk_json_null(w);
    } else {
        hk_json_int(w, c->port);
    }
    text_or_null(w, "password", c->password);
    text_or_null(w, "extra", c->extra);
    hk_json_end_object(w);
    return true;
}

static void list_connections(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    static const struct hk_search everything = {.pattern = {NULL, 0}};
    struct hk_db *db = begin(req, res);
    struct hk_error err;
    struct hk_page page;
    struct hk_json w;
    int64_t total = 0;
    if (db == NULL) {
        return;
    }
    read_page(req, find_order(hk_connection_orders, "connection_id"), &page);
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "connections");
    hk_json_begin_array(&w);
    bool ok = hk_store_connection_list(db, door->key, &everything, &page, write_connection, &w, &total, &err);
    hk_json_end_array(&w);
    hk_json_kv_int(&w, "total_entries", total);
    hk_json_end_object(&w);
    end(req, res, db, ok ? NULL : &err);
}

static void get_connection(const struct hk_request *req, struct hk_response *res)
{
    const struct hk_cli_door *door = req->context;
    struct hk_str id = hk_request_path(req, "connection_id");
    struct hk_db *db = begin(req, res);
    struct hk_error err;
    struct hk_json w;
    bool found = false;
    if (db == NULL) {
        return;
    }
    hk_json_init(&w, &res->body);
    bool ok = hk_store_connection_find(db, door->key, id, write_connection, &w, &found, &err);
    if (ok && !found) {
        ok = hk_error_set(&err, HK_NOT_FOUND, "Connection %.*s not found.", HK_STR_ARG(id));
    }
    end(req, res, db, ok ? NULL : &err);
}

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
    struct hk_db *db = begin(req, res);
    struct hk_error err;
    struct hk_json w;
    if (db == NULL) {
        return;
    }
    hk_json_init(&w, &res->body);
    bool ok = next_runs(req, db, &w, &err);
    end(req, res, db, ok ? NULL : &err);
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
    {HK_METHOD_GET, "/hanok/variables", HK_ROLE_ADMIN, list_variables},
    {HK_METHOD_GET, "/hanok/variables/{key:path}", HK_ROLE_ADMIN, get_variable},
    {HK_METHOD_GET, "/hanok/connections", HK_ROLE_ADMIN, list_connections},
    {HK_METHOD_GET, "/hanok/connections/{connection_id}", HK_ROLE_ADMIN, get_connection},
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
