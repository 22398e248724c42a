/* Clearing of runs: of one, or of those that clearDagRuns lists. */
#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

struct cleared_run {
    struct hk_str dag_id;
    struct hk_str run_id;
    int64_t run_key;
};

struct clearing {
    struct cleared_run *runs;
    size_t count;
    bool is_list; /* clearDagRuns */
    bool dry_run;
    bool only_failed;
    struct hk_str note; /* data NULL: leave it */
};

static void read_options(struct hk_validation *v, struct hk_body *body, struct clearing *c)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    c->dry_run = hk_body_bool(body, "dry_run", HK_OPTIONAL, HK_TRUE) == HK_TRUE;
    c->only_failed = hk_body_bool(body, "only_failed", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    bool only_new = hk_body_bool(body, "only_new", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    bool on_latest = hk_body_bool(body, "run_on_latest_version", optional, HK_FALSE) == HK_TRUE;
    c->note = hk_body_text(body, "note", optional);
    hk_body_check_length(body, "note", c->note, 0, 1000);
    if (only_new && c->only_failed) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0}, "only_new and only_failed are mutually exclusive");
    } else if (only_new || on_latest) {
        hk_validation_fail(v, 400, "%s is not supported by hanok: a run keeps the version it began with",
                           only_new ? "only_new" : "run_on_latest_version");
    }
}

/* ---- the answers ---- */

static bool write_tasks(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    static const struct hk_str failed[] = {{"failed", 6}, {"upstream_failed", 15}};
    const struct clearing *c = list->filter;
    const struct hk_page all = {.limit = -1};
    for (size_t i = 0; i < c->count; i++) {
        struct hk_ti_filter filter = HK_TI_FILTER_ALL;
        int64_t of_run = 0;
        filter.run_key = c->runs[i].run_key;
        if (c->only_failed) {
            filter.states = (struct hk_texts){failed, 2};
        }
        if (!hk_store_ti_list(db, &filter, &all, hk__each_ti, list, &of_run, err)) {
            return false;
        }
        *total += of_run;
    }
    return true;
}

static void start_clear(struct hk__command *command)
{
    const struct clearing *c = command->data;
    size_t count = c->count; /* the last answer may come at once and end the command */
    hk__command_expect(command, count);
    for (size_t i = 0; i < count; i++) {
        const struct hk_clear_request request = {.dag_id = hk__text(command->req->arena, c->runs[i].dag_id),
                                                 .run_id = hk__text(command->req->arena, c->runs[i].run_id),
                                                 .only_failed = c->only_failed};
        hk_scheduler_clear(command->air->options.scheduler, &request,
                           (struct hk_command_done){hk__command_next, command});
    }
}

static bool write_run(struct hk_db *db, const struct clearing *c, const struct cleared_run *run, struct hk__list *list,
                      struct hk_error *err)
{
    struct hk_str note = c->note.len > 0 ? c->note : (struct hk_str){NULL, 0};
    bool found = false;
    return (c->note.data == NULL || hk_store_run_set_note(db, run->dag_id, run->run_id, note, err)) &&
           hk_store_run_find(db, run->dag_id, run->run_id, hk__each_run, list, &found, err);
}

static bool write_cleared(struct hk_db *db, struct hk__command *command, struct hk_error *err)
{
    const struct clearing *c = command->data;
    struct hk__list list = {.air = command->air, .res = command->res};
    bool ok = true;
    if (c->is_list) {
        hk__list_begin(&list, command->air, command->res, "dag_runs");
    } else {
        hk_json_init(&list.w, &command->res->body);
    }
    for (size_t i = 0; ok && i < c->count; i++) {
        ok = write_run(db, c, &c->runs[i], &list, err);
    }
    if (ok && c->is_list) {
        hk__list_end_cursor(&list, (int64_t)c->count);
    }
    return ok;
}

/* All runs must be there; false after the failure was written. */
static bool find_runs(const struct hk_request *req, struct hk_response *res, struct clearing *c)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    struct hk_error err;
    bool ok = true;
    for (size_t i = 0; ok && i < c->count; i++) {
        struct cleared_run *run = &c->runs[i];
        struct hk__run_ref ref = {0};
        bool found = false;
        ok = hk__run_find(db, run->dag_id, run->run_id, req->arena, &ref, &found, &err) &&
             (found ||
              hk_error_set(&err, HK_NOT_FOUND, "The DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found",
                           HK_STR_ARG(run->dag_id), HK_STR_ARG(run->run_id)));
        run->run_key = ref.run_key;
    }
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    }
    return ok;
}

static void clear_runs(const struct hk_request *req, struct hk_response *res, struct clearing *c, const char *event)
{
    if (!find_runs(req, res, c)) {
        return;
    }
    if (c->dry_run) {
        hk__answer_list(req, res, &(struct hk__listing){.name = "task_instances", .filter = c, .fill = write_tasks});
        return;
    }
    const struct hk__command command = {.data = c, .start = start_clear, .finish = write_cleared};
    hk__command_begin(req, res, event, &command);
}

void hk__run_clear(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct clearing *c = hk_arena_alloc(req->arena, sizeof *c);
    hk_validation_begin(&v, req);
    read_options(&v, hk_body_open(&v, HK_STRICT), c);
    c->runs = hk_arena_array(req->arena, 1, sizeof *c->runs);
    c->runs[0].dag_id = hk_request_path(req, "dag_id");
    c->runs[0].run_id = hk_request_path(req, "dag_run_id");
    c->count = 1;
    if (hk_validation_end(&v, res)) {
        clear_runs(req, res, c, "clear_dag_run");
    }
}

/* ---- many ---- */

static void read_runs(struct hk_validation *v, struct hk_body *body, struct clearing *c)
{
    static const char *const states[] = {"queued", "success", "failed", NULL};
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct hk_body *list;
    c->count = hk_body_list(body, "dag_runs", HK_OPTIONAL, &list);
    c->runs = hk_arena_array(v->request->arena, c->count + 1, sizeof *c->runs);
    for (size_t i = 0; i < c->count; i++) {
        struct hk_body *run = hk_list_object(list, i, HK_STRICT);
        c->runs[i].run_id = hk_body_text(run, "dag_run_id", HK_REQUIRED);
        c->runs[i].dag_id = hk_body_text(run, "dag_id", optional);
        (void)hk_body_enum(run, "state", optional, states, "enum"); /* the model has it, clearing does not look at it */
        (void)hk_body_text(run, "note", optional);
    }
    bool by_key = hk_body_text(body, "partition_key", optional).data != NULL;
    bool by_start = hk_body_datetime(body, "partition_date_start", optional, false) != HK_TIME_NONE;
    bool by_end = hk_body_datetime(body, "partition_date_end", optional, false) != HK_TIME_NONE;
    if (v->count == 0 && (c->count > 0) + by_key + (by_start || by_end) != 1) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "Exactly one of dag_runs (non-empty), partition_key, or a partition date window "
                        "(partition_date_start / partition_date_end) must be provided.");
    } else if (c->count == 0) {
        hk_validation_fail(v, 400, "partitions are not supported by hanok: its DAGs have none");
    }
}

static void check_dags(struct hk_validation *v, struct clearing *c, struct hk_str dag_id)
{
    for (size_t i = 0; v->count == 0 && i < c->count; i++) {
        struct cleared_run *run = &c->runs[i];
        if (hk_str_is(dag_id, "~")) {
            if (run->dag_id.len == 0 || hk_str_is(run->dag_id, "~")) {
                hk_validation_fail(v, 400,
                                   "When the URL dag_id is '~', every entry must provide a concrete dag_id (missing on "
                                   "dag_run_id: '%.*s').",
                                   HK_STR_ARG(run->run_id));
            }
            continue;
        }
        if (run->dag_id.len > 0 && !hk_str_eq(run->dag_id, dag_id)) {
            hk_validation_fail(v, 400, "Entry dag_id '%.*s' does not match the URL dag_id '%.*s'.",
                               HK_STR_ARG(run->dag_id), HK_STR_ARG(dag_id));
        }
        run->dag_id = dag_id;
    }
}

void hk__runs_clear(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct clearing *c = hk_arena_alloc(req->arena, sizeof *c);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    c->is_list = true;
    read_options(&v, body, c);
    read_runs(&v, body, c);
    check_dags(&v, c, hk_request_path(req, "dag_id"));
    if (hk_validation_end(&v, res)) {
        clear_runs(req, res, c, "clear_dag_runs");
    }
}
