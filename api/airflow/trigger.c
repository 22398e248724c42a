/* POST dagRuns: everything that can be said without the scheduler is said on the HTTP thread; the rest is its answer.
 */
#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/param_schema.h"
#include "api/airflow/rest_internal.h"
#include "engine/store/version_query.h"

#define RUN_ID_PATTERN "^(?:manual|scheduled|asset_triggered)__(?:\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\+00:00)$"
#define ALLOWED_PATTERN "^[A-Za-z0-9_.~:+-]+$"

struct trigger {
    struct hk_trigger_request request;
    struct hk_str conf;
    char run_id[HK_RUN_ID_SIZE];
};

static void read_body(struct hk_validation *v, struct trigger *t)
{
    struct hk_arena *arena = v->request->arena;
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct hk_body *body = hk_body_open(v, HK_STRICT);
    struct hk_trigger_request *r = &t->request;
    r->run_id = hk__text(arena, hk_body_text(body, "dag_run_id", optional));
    r->interval_start_us = hk_body_datetime(body, "data_interval_start", optional, true);
    r->interval_end_us = hk_body_datetime(body, "data_interval_end", optional, true);
    r->logical_us = hk_body_datetime(body, "logical_date", HK_NULLABLE, true);
    r->run_after_us = hk_body_datetime(body, "run_after", optional, false);
    t->conf = hk_body_dict(body, "conf", optional);
    r->note = hk__text(arena, hk_body_text(body, "note", optional));
    struct hk_str partition_key = hk_body_text(body, "partition_key", optional);
    if (v->count == 0 && (r->interval_start_us == HK_TIME_NONE) != (r->interval_end_us == HK_TIME_NONE)) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "Either both data_interval_start and data_interval_end must be provided or both must be None");
    }
    if (partition_key.data != NULL) {
        hk_validation_fail(v, 400, "partition_key is not supported by hanok: its DAGs have no partitions");
    }
    if (t->conf.len > HK_MAX_CONF_BYTES) {
        hk_validation_fail(v, 400, "conf has %zu bytes, and %d is the limit; pass a reference to a file instead",
                           t->conf.len, HK_MAX_CONF_BYTES);
    }
    if (r->logical_us == HK_TIME_NONE) {
        r->interval_start_us = HK_TIME_NONE;
        r->interval_end_us = HK_TIME_NONE;
    }
    r->note = r->note != NULL && r->note[0] == '\0' ? NULL : r->note;
    r->run_id = r->run_id != NULL && r->run_id[0] == '\0' ? NULL : r->run_id;
}

static bool is_allowed(const char *run_id)
{
    for (const char *c = run_id; *c != '\0'; c++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~:+-", *c) == NULL) {
            return false;
        }
    }
    return run_id[0] != '\0';
}

static bool check_run_id(struct hk_response *res, const char *run_id)
{
    if (run_id == NULL) {
        return true;
    }
    if (strstr(run_id, "..") != NULL) {
        hk__detail(res, 400, "The run_id '%s' must not contain '..' to prevent path traversal", run_id);
        return false;
    }
    if (!is_allowed(run_id)) {
        hk__detail(res, 400, "The run_id provided '%s' does not match regex pattern '%s' or '%s'", run_id,
                   ALLOWED_PATTERN, RUN_ID_PATTERN);
        return false;
    }
    if (strlen(run_id) > HK_MAX_ID_BYTES) {
        hk__detail(res, 400, "The run_id has %zu characters, and %d is the limit", strlen(run_id), HK_MAX_ID_BYTES);
        return false;
    }
    for (size_t i = 0; hk__run_types[i] != NULL; i++) {
        size_t len = strlen(hk__run_types[i]);
        if (strncmp(run_id, hk__run_types[i], len) == 0 && strncmp(run_id + len, "__", 2) == 0 &&
            strcmp(hk__run_types[i], "manual") != 0) {
            hk__detail(res, 400, "A manual DAG run cannot use ID '%s' since it is reserved for %s runs", run_id,
                       hk__run_types[i]);
            return false;
        }
    }
    return true;
}

struct state {
    bool is_stale;
    bool has_import_errors;
};

static bool note_state(void *arg, const struct hk_dag_info *d)
{
    *(struct state *)arg = (struct state){d->is_stale, d->has_import_errors};
    return true;
}

static bool check_params(struct hk_response *res, const struct hk_graph *graph, struct hk_str conf)
{
    struct hk_error err;
    json_t *params = graph->params_json != NULL ? hk_json_parse(hk_str_from(graph->params_json), &err) : NULL;
    json_t *passed = conf.data != NULL ? hk_json_parse(conf, &err) : NULL;
    struct hk_buf why;
    hk_buf_init(&why, HK_MAX_CONF_BYTES);
    bool ok = params == NULL || hk__params_check(params, passed, &why);
    if (!ok) {
        hk__detail(res, 400, "%s", why.data);
    }
    hk_buf_clear(&why);
    json_decref(params);
    json_decref(passed);
    return ok;
}

/* Whether this DAG can be triggered with this conf; false after the failure was written. */
static bool check_dag(const struct hk_request *req, struct hk_response *res, struct hk_str dag_id, struct hk_str conf)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    struct hk_error err;
    struct state state = {0};
    struct hk_graph *graph = NULL;
    bool found = false;
    bool ok = hk_store_dag_find(db, dag_id, note_state, &state, &found, &err) &&
              (!found || hk_store_dag_graph(db, dag_id, &graph, &err));
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    } else if (!found || state.is_stale || graph == NULL) {
        hk__detail(res, 404, "Dag with dag_id: '%.*s' not found", HK_STR_ARG(dag_id));
        ok = false;
    } else if (state.has_import_errors) {
        hk__detail(res, 400, "Dag with dag_id: '%.*s' has import errors and cannot be triggered", HK_STR_ARG(dag_id));
        ok = false;
    } else {
        ok = check_params(res, graph, conf);
    }
    hk_graph_unref(graph);
    return ok;
}

static void start_trigger(struct hk__command *c)
{
    struct trigger *t = c->data;
    hk_scheduler_trigger(c->air->options.scheduler, &t->request, t->run_id,
                         (struct hk_command_done){hk__command_next, c});
}

static bool write_run(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct trigger *t = c->data;
    struct hk__list one = {.air = c->air, .res = c->res};
    hk_json_init(&one.w, &c->res->body);
    bool found = false;
    return hk_store_run_find(db, hk_str_from(t->request.dag_id), hk_str_from(t->run_id), hk__each_run, &one, &found,
                             err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "The DagRun with dag_id: `%s` and run_id: `%s` was not found",
                                  t->request.dag_id, t->run_id));
}

static void write_conflict(struct hk__command *c, const struct hk_error *err)
{
    if (err->code == HK_CONFLICT) {
        hk__unique_violation(c->req, c->res, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

void hk__run_trigger(const struct hk_request *req, struct hk_response *res)
{
    static const char event[] = "trigger_dag_run";
    struct hk_validation v;
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct trigger *t = hk_arena_alloc(req->arena, sizeof *t);
    hk_validation_begin(&v, req);
    read_body(&v, t);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    if (!check_dag(req, res, dag_id, t->conf) || !check_run_id(res, t->request.run_id)) {
        hk__audit_refused(req, res, event);
        return;
    }
    bool is_ui = hk_request_header(req, "Referer").len > 0;
    t->request.dag_id = hk__text(req->arena, dag_id);
    t->request.run_type = "manual";
    t->request.conf_json = t->conf.data != NULL ? hk__text(req->arena, t->conf) : NULL;
    t->request.triggered_by = is_ui ? "ui" : "rest_api";
    t->request.user = req->caller.username.len > 0 ? hk__text(req->arena, req->caller.username) : NULL;
    const struct hk__command command = {.data = t, .start = start_trigger, .finish = write_run, .fail = write_conflict};
    hk__command_begin(req, res, event, &command);
}
