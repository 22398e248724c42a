/* POST clearTaskInstances. */
#include "api/airflow/routes.h"

#include "api/airflow/selection.h"

struct clearing {
    struct hk__selection selection;
    struct hk_str note; /* data NULL: leave as it is */
    bool only_failed;
    bool only_running;
    bool resets_runs;

    /* as asked for */
    bool dry_run;
    bool is_guarded; /* prevent_running_task */
    bool include_upstream;
    bool include_downstream;
    bool include_future;
    bool include_past;
    int64_t start_us;
    int64_t end_us;
    struct hk_str run_id;
    struct hk_texts task_ids; /* items NULL: all */
};

/* An item is "task_id" or ["task_id", map_index]. */
static bool read_marker(struct hk_validation *v, struct hk_str json, struct hk_str *task_id)
{
    struct hk_error err;
    json_t *item = hk_json_parse(json, &err);
    json_t *name = json_is_array(item) ? json_array_get(item, 0) : item;
    json_t *index = json_is_array(item) ? json_array_get(item, 1) : NULL;
    bool ok = json_is_string(name) && (!json_is_array(item) || (json_array_size(item) == 2 && json_is_integer(index)));
    if (!ok) {
        hk_validation_add(v, &(struct hk_mistake){.type = "string_type",
                                                  .where = "body",
                                                  .name = "task_ids",
                                                  .message = "Input should be a valid string",
                                                  .input_json = json});
    } else if (index != NULL && json_integer_value(index) >= 0) {
        hk_validation_fail(v, 400,
                           "map_index %lld of task '%s' cannot be cleared alone: hanok clears all instances of a "
                           "mapped task; pass its task_id only",
                           (long long)json_integer_value(index), json_string_value(name));
    } else {
        *task_id = hk_arena_str(v->request->arena, hk_str_from(json_string_value(name)));
    }
    json_decref(item);
    return ok;
}

static void read_task_ids(struct hk_validation *v, struct hk_body *body, struct clearing *c)
{
    struct hk_body *list;
    size_t count = hk_body_list(body, "task_ids", HK_OPTIONAL | HK_NULLABLE, &list);
    if (!hk_body_has(body, "task_ids") || hk_body_is_null(body, "task_ids")) {
        return;
    }
    if (count == 0 && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0}, "task_ids list should have at least 1 element.");
        return;
    }
    struct hk_str *ids = hk_arena_array(v->request->arena, count + 1, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        (void)read_marker(v, hk_list_document(list, i), &ids[i]);
    }
    c->task_ids = (struct hk_texts){ids, count};
}

static void check_together(struct hk_validation *v, const struct clearing *c)
{
    const char *why = NULL;
    bool has_start = c->start_us != HK_TIME_NONE;
    bool has_end = c->end_us != HK_TIME_NONE;
    if (c->only_failed && c->only_running && v->count == 0) {
        why = "only_failed and only_running both are set to True";
    } else if (has_start && has_end && c->start_us > c->end_us) {
        why = "end_date is sooner than start_date";
    } else if (has_start && has_end && c->run_id.data != NULL) {
        why = "Exactly one of dag_run_id or (start_date and end_date) must be provided";
    } else if (has_start && c->run_id.data != NULL) {
        why = "Exactly one of dag_run_id or start_date must be provided";
    } else if (has_end && c->run_id.data != NULL) {
        why = "Exactly one of dag_run_id or end_date must be provided";
    }
    if (why != NULL) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0}, why);
    }
}

static bool flag(struct hk_body *body, const char *name, enum hk_truth fallback)
{
    return hk_body_bool(body, name, HK_OPTIONAL, fallback) == HK_TRUE;
}

static void read_body(struct hk_validation *v, struct clearing *c)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct hk_body *body = hk_body_open(v, HK_STRICT);
    c->dry_run = flag(body, "dry_run", HK_TRUE);
    c->start_us = hk_body_datetime(body, "start_date", optional, true);
    c->end_us = hk_body_datetime(body, "end_date", optional, true);
    bool says_failed = hk_body_has(body, "only_failed");
    c->only_failed = flag(body, "only_failed", HK_TRUE);
    c->only_running = flag(body, "only_running", HK_FALSE);
    c->resets_runs = flag(body, "reset_dag_runs", HK_TRUE);
    read_task_ids(v, body, c);
    c->run_id = hk_body_text(body, "dag_run_id", optional);
    c->include_upstream = flag(body, "include_upstream", HK_FALSE);
    c->include_downstream = flag(body, "include_downstream", HK_FALSE);
    c->include_future = flag(body, "include_future", HK_FALSE);
    c->include_past = flag(body, "include_past", HK_FALSE);
    bool on_latest = hk_body_bool(body, "run_on_latest_version", optional, HK_FALSE) == HK_TRUE;
    c->is_guarded = flag(body, "prevent_running_task", HK_FALSE);
    c->note = hk_body_text(body, "note", optional);
    hk_body_check_length(body, "note", c->note, 0, 1000);
    if (c->only_running && !says_failed) {
        c->task_ids = (struct hk_texts){hk_arena_array(v->request->arena, 1, sizeof(struct hk_str)), 0};
        /* only_failed's default stands beside it, as in Airflow: what is both failed and running is nothing. */
    } else {
        check_together(v, c);
    }
    if (on_latest) {
        hk_validation_fail(v, 400,
                           "run_on_latest_version is not supported by hanok: a run keeps the version it began with");
    }
}

/* ---- which ---- */

static bool find_around(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct clearing *c,
                        struct hk__which_runs *which)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    which->logical = HK_RANGE_ALL;
    if (c->run_id.data != NULL) {
        struct hk_error err;
        struct hk__run_ref run = {.logical_us = HK_TIME_NONE};
        bool found = false;
        if (!hk__run_find(db, dag_id, c->run_id, req->arena, &run, &found, &err)) {
            hk__broken(req, res, &err);
            return false;
        }
        if (!found) {
            hk__detail(res, 404, "Dag Run id %.*s not found in dag %.*s", HK_STR_ARG(c->run_id), HK_STR_ARG(dag_id));
            return false;
        }
        if (!c->include_past && !c->include_future) {
            which->run_id = c->run_id;
            return true;
        }
        if (run.logical_us == HK_TIME_NONE) {
            hk__detail(res, 400,
                       "Cannot use include_past or include_future with no logical_date(e.g. manually or "
                       "asset-triggered).");
            return false;
        }
        c->start_us = run.logical_us;
        c->end_us = run.logical_us;
    }
    which->logical.gte = c->include_past ? HK_TIME_NONE : c->start_us;
    which->logical.lte = c->include_future ? HK_TIME_NONE : c->end_us;
    return true;
}

/* As Airflow: of one run first what is before, and then what is after all of that; over runs both from where it starts.
 */
static struct hk_texts widen(struct hk_arena *arena, const struct hk_graph *graph, const struct clearing *c)
{
    if (c->run_id.data == NULL) {
        return hk__with_setups(arena, graph, c->task_ids, c->include_upstream, c->include_downstream);
    }
    struct hk_texts ids = c->task_ids;
    if (c->include_upstream) {
        ids = hk__with_setups(arena, graph, ids, true, false);
    }
    return c->include_downstream ? hk__with_setups(arena, graph, ids, false, true) : ids;
}

static bool select_them(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct clearing *c)
{
    static const struct hk_str failed[] = {{"failed", 6}, {"upstream_failed", 15}};
    static const struct hk_str running[] = {{"running", 7}};
    struct hk_graph *graph = hk__dag_graph(req, res, db, hk_request_path(req, "dag_id"));
    if (graph == NULL) {
        return false;
    }
    struct hk__which_runs runs = {.run_id = {NULL, 0}};
    struct hk__which_tasks tasks = {.task_ids = c->task_ids};
    bool ok = find_around(req, res, db, c, &runs);
    if (ok && c->task_ids.items != NULL && (c->include_upstream || c->include_downstream)) {
        tasks.task_ids = widen(req->arena, graph, c);
    }
    hk_graph_unref(graph);
    if (c->only_running) {
        tasks.states = (struct hk_texts){running, 1};
    } else if (c->only_failed) {
        tasks.states = (struct hk_texts){failed, 2};
    }
    struct hk_error err;
    c->selection = (struct hk__selection){.arena = req->arena, .dag_id = hk_request_path(req, "dag_id")};
    if (ok && !hk__select(db, &c->selection, &runs, &tasks, &err)) {
        hk__broken(req, res, &err);
        return false;
    }
    return ok;
}

/* ---- the command ---- */

static void start_clear(struct hk__command *command)
{
    struct clearing *c = command->data;
    size_t count = c->selection.count;
    size_t calls = 0;
    for (size_t i = 0; i < count; i++) {
        calls += c->selection.runs[i].count > 0;
    }
    if (calls == 0) {
        hk__command_next(command, NULL);
        return;
    }
    hk__command_expect(command, calls);
    const char *dag_id = hk__text(command->req->arena, c->selection.dag_id);
    for (size_t i = 0; i < count; i++) {
        const struct hk__run_tasks *run = &c->selection.runs[i];
        const struct hk_clear_request request = {.dag_id = dag_id,
                                                 .run_id = run->run_id,
                                                 .task_ids = run->task_ids,
                                                 .task_count = run->count,
                                                 .keeps_run_state = !c->resets_runs};
        if (run->count > 0) {
            hk_scheduler_clear(command->air->options.scheduler, &request,
                               (struct hk_command_done){hk__command_next, command});
        }
    }
}

static bool write_notes(struct hk_db *db, const struct clearing *c, struct hk_error *err)
{
    struct hk_str note = c->note.len > 0 ? c->note : (struct hk_str){NULL, 0};
    for (size_t i = 0; c->note.data != NULL && i < c->selection.count; i++) {
        const struct hk__run_tasks *run = &c->selection.runs[i];
        for (size_t t = 0; t < run->count; t++) {
            const struct hk_ti_ref ref = {c->selection.dag_id, hk_str_from(run->run_id), hk_str_from(run->task_ids[t]),
                                          INT64_MIN};
            if (!hk_store_ti_set_note(db, &ref, note, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool write_cleared(struct hk_db *db, struct hk__command *command, struct hk_error *err)
{
    struct clearing *c = command->data;
    struct hk__list list;
    hk__list_begin(&list, command->air, command->res, "task_instances");
    if (!write_notes(db, c, err) || !hk__write_selection(db, &list, &c->selection, err)) {
        return false;
    }
    hk__list_end_cursor(&list, (int64_t)c->selection.total);
    return true;
}

static void answer_dry(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct clearing *c)
{
    struct hk__list list;
    struct hk_error err;
    hk__list_begin(&list, req->context, res, "task_instances");
    if (hk__write_selection(db, &list, &c->selection, &err)) {
        hk__list_end_cursor(&list, (int64_t)c->selection.total);
    } else {
        hk__broken(req, res, &err);
    }
}

static bool has_active(const struct hk__selection *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->runs[i].has_active) {
            return true;
        }
    }
    return false;
}

void hk__tis_clear(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct clearing *c = hk_arena_alloc(req->arena, sizeof *c);
    hk_validation_begin(&v, req);
    read_body(&v, c);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    bool ok = select_them(req, res, db, c);
    if (ok && c->dry_run) {
        answer_dry(req, res, db, c);
    }
    hk__read_end(req, db);
    if (!ok || c->dry_run) {
        return;
    }
    if (c->is_guarded && has_active(&c->selection)) {
        hk__detail(res, 409,
                   "AirflowClearRunningTaskException: Disable 'prevent_running_task' to proceed, or wait until "
                   "the task is not running, queued, or scheduled state.");
        return;
    }
    const struct hk__command command = {.data = c, .start = start_clear, .finish = write_cleared};
    hk__command_begin(req, res, "post_clear_task_instances", &command);
}
