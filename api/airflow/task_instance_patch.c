/* PATCH of a task instance: its state (success, failed, skipped), with relatives and other runs as asked for, and its
 * note. */
#include "api/airflow/routes.h"

#include "api/airflow/selection.h"

struct marking {
    struct hk__selection selection; /* to be marked */
    struct hk__selection blocked;   /* failed ones after it, to be run again */
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str task_id;
    int64_t map_index; /* INT64_MIN: all */
    enum hk_task_state state;
    const char *state_name; /* NULL: no new state */
    bool has_note;
    struct hk_str note;
    bool include_upstream;
    bool include_downstream;
    bool include_future;
    bool include_past;
};

static void read_state(struct hk_validation *v, struct hk_body *body, struct marking *m)
{
    static const char *const names[] = {"success", "failed", "skipped"};
    static const enum hk_task_state states[] = {HK_TASK_SUCCESS, HK_TASK_FAILED, HK_TASK_SKIPPED};
    struct hk_str written = hk_body_text(body, "new_state", HK_OPTIONAL | HK_NULLABLE);
    if (hk_body_is_null(body, "new_state")) {
        hk__value_error(v, "new_state", HK_STR("null"), "'new_state' should not be empty");
    }
    if (written.data == NULL) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (hk_str_is(written, names[i])) {
            m->state = states[i];
            m->state_name = names[i];
            return;
        }
    }
    struct hk_buf input;
    struct hk_json w;
    hk_buf_init(&input, 8 * HK_MAX_ID_BYTES);
    hk_json_init(&w, &input);
    hk_json_string(&w, written);
    hk__value_error(v, "new_state", hk_arena_str(v->request->arena, hk_buf_str(&input)),
                    hk_arena_printf(v->request->arena, "'%.*s' is not one of ['success', 'failed', 'skipped']",
                                    HK_STR_ARG(written)));
    hk_buf_clear(&input);
}

static bool read_request(const struct hk_request *req, struct hk_response *res, struct marking *m)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    m->dag_id = hk_request_path(req, "dag_id");
    m->run_id = hk_request_path(req, "dag_run_id");
    m->task_id = hk_request_path(req, "task_id");
    m->map_index = hk_request_path(req, "map_index").data != NULL
                       ? hk_path_int(&v, "map_index", &(struct hk_int_rule){.fallback = -1})
                       : INT64_MIN;
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    read_state(&v, body, m);
    m->note = hk_body_text(body, "note", HK_OPTIONAL | HK_NULLABLE);
    hk_body_check_length(body, "note", m->note, 0, 1000);
    m->include_upstream = hk_body_bool(body, "include_upstream", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_downstream = hk_body_bool(body, "include_downstream", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_future = hk_body_bool(body, "include_future", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_past = hk_body_bool(body, "include_past", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    struct hk_texts mask = hk__update_mask(&v);
    m->has_note = hk_body_has(body, "note") && (mask.count == 0 ? m->note.data != NULL : hk__texts_have(mask, "note"));
    if (mask.count > 0 && !hk__texts_have(mask, "new_state")) {
        m->state_name = NULL;
    }
    return hk_validation_end(&v, res);
}

/* ---- which ---- */

struct counting {
    int64_t map_index;
    size_t count;
};

static bool count_one(void *arg, const struct hk_ti_info *t)
{
    struct counting *c = arg;
    c->count += c->map_index == INT64_MIN || t->map_index == c->map_index;
    return true;
}

static void not_found(struct hk_response *res, const struct marking *m)
{
    char index[32] = "None";
    if (m->map_index != INT64_MIN) {
        snprintf(index, sizeof index, "%lld", (long long)m->map_index);
    }
    hk__detail_list(res, 404,
                    hk_arena_printf(res->arena,
                                    "The Task Instance with dag_id: `%.*s`, run_id: `%.*s`, task_id: `%.*s` and "
                                    "map_index: `%s` was not found",
                                    HK_STR_ARG(m->dag_id), HK_STR_ARG(m->run_id), HK_STR_ARG(m->task_id), index));
}

static bool check_exists(const struct hk_request *req, struct hk_response *res, struct hk_db *db,
                         const struct hk_graph *graph, const struct marking *m)
{
    struct hk_error err;
    struct counting counting = {.map_index = m->map_index};
    if (hk_graph_find_task(graph, m->task_id) == NULL) {
        hk__detail(res, 404, "Task '%.*s' not found in Dag '%.*s'", HK_STR_ARG(m->task_id), HK_STR_ARG(m->dag_id));
        return false;
    }
    if (!hk_store_ti_find(db, m->dag_id, m->run_id, m->task_id, count_one, &counting, &err)) {
        hk__broken(req, res, &err);
        return false;
    }
    if (counting.count == 0) {
        not_found(res, m);
    }
    return counting.count > 0;
}

static bool select_marked(const struct hk_request *req, struct hk_db *db, const struct hk_graph *graph,
                          struct marking *m, struct hk_error *err)
{
    static const struct hk_str failed[] = {{"failed", 6}, {"upstream_failed", 15}};
    struct hk__run_ref run;
    struct hk__which_runs runs = {.run_id = m->run_id, .logical = HK_RANGE_ALL};
    bool found = false;
    if (!hk__run_find(db, m->dag_id, m->run_id, req->arena, &run, &found, err)) {
        return false;
    }
    if ((m->include_past || m->include_future) && run.logical_us != HK_TIME_NONE) {
        runs.run_id = (struct hk_str){NULL, 0};
        runs.logical.gte = m->include_past ? HK_TIME_NONE : run.logical_us;
        runs.logical.lte = m->include_future ? HK_TIME_NONE : run.logical_us;
    }
    struct hk_texts named = {&m->task_id, 1};
    struct hk__which_tasks tasks = {.not_state = hk_str_from(m->state_name)};
    tasks.task_ids = hk__with_relatives(req->arena, graph, named, m->include_upstream, m->include_downstream);
    m->selection = (struct hk__selection){.arena = req->arena, .dag_id = m->dag_id};
    if (!hk__select(db, &m->selection, &runs, &tasks, err)) {
        return false;
    }
    struct hk_texts after = hk__with_setups(req->arena, graph, named, false, true);
    struct hk_str *others = hk_arena_array(req->arena, after.count + 1, sizeof *others);
    size_t count = 0;
    for (size_t i = 0; i < after.count; i++) {
        if (!hk_str_eq(after.items[i], m->task_id)) {
            others[count++] = after.items[i];
        }
    }
    tasks = (struct hk__which_tasks){.task_ids = {others, count}, .states = {failed, 2}};
    m->blocked = (struct hk__selection){.arena = req->arena, .dag_id = m->dag_id};
    return hk__select(db, &m->blocked, &runs, &tasks, err);
}

/* false after the failure was written. */
static bool prepare(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct marking *m)
{
    struct hk_graph *graph = hk__dag_graph(req, res, db, m->dag_id);
    if (graph == NULL) {
        return false;
    }
    struct hk_error err;
    bool ok = check_exists(req, res, db, graph, m);
    if (ok && m->state_name != NULL && !select_marked(req, db, graph, m, &err)) {
        hk__broken(req, res, &err);
        ok = false;
    }
    hk_graph_unref(graph);
    return ok;
}

/* ---- the command ---- */

static void start_marking(struct hk__command *command)
{
    struct marking *m = command->data;
    struct hk_scheduler *scheduler = command->air->options.scheduler;
    const struct hk_command_done done = {hk__command_next, command};
    const char *dag_id = hk__text(command->req->arena, m->dag_id);
    const struct hk__selection marked = m->selection;
    const struct hk__selection blocked = m->blocked;
    enum hk_task_state state = m->state;
    size_t calls = 0;
    for (size_t i = 0; i < marked.count; i++) {
        calls += marked.runs[i].count;
    }
    for (size_t i = 0; i < blocked.count; i++) {
        calls += blocked.runs[i].count > 0;
    }
    hk__command_expect(command, calls);
    for (size_t i = 0; i < marked.count; i++) {
        for (size_t t = 0; t < marked.runs[i].count; t++) {
            hk_scheduler_set_task_state(scheduler, dag_id, marked.runs[i].run_id, marked.runs[i].task_ids[t], -1, state,
                                        done);
        }
    }
    for (size_t i = 0; i < blocked.count; i++) {
        const struct hk_clear_request request = {.dag_id = dag_id,
                                                 .run_id = blocked.runs[i].run_id,
                                                 .task_ids = blocked.runs[i].task_ids,
                                                 .task_count = blocked.runs[i].count,
                                                 .only_failed = true};
        if (request.task_count > 0) {
            hk_scheduler_clear(scheduler, &request, done);
        }
    }
}

struct writing {
    struct hk__list list;
    int64_t map_index;
    int64_t count;
};

static bool write_own(void *arg, const struct hk_ti_info *t)
{
    struct writing *w = arg;
    if (w->map_index == INT64_MIN || t->map_index == w->map_index) {
        hk__write_ti(&w->list.w, w->list.air, t);
        w->count++;
    }
    return true;
}

static bool write_own_rows(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res,
                           const struct marking *m, struct hk_error *err)
{
    struct writing writing = {.map_index = m->map_index};
    hk__list_begin(&writing.list, air, res, "task_instances");
    if (!hk_store_ti_find(db, m->dag_id, m->run_id, m->task_id, write_own, &writing, err)) {
        return false;
    }
    hk__list_end_cursor(&writing.list, writing.count);
    return true;
}

static bool write_marked(struct hk_db *db, struct hk__command *command, struct hk_error *err)
{
    struct marking *m = command->data;
    if (m->has_note) {
        const struct hk_ti_ref ref = {m->dag_id, m->run_id, m->task_id, m->map_index};
        struct hk_str note = m->note.len > 0 ? m->note : (struct hk_str){NULL, 0};
        if (!hk_store_ti_set_note(db, &ref, note, err)) {
            return false;
        }
    }
    return write_own_rows(db, command->air, command->res, m, err);
}

void hk__ti_patch(const struct hk_request *req, struct hk_response *res)
{
    struct marking *m = hk_arena_alloc(req->arena, sizeof *m);
    if (!read_request(req, res, m)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    bool ok = prepare(req, res, db, m);
    hk__read_end(req, db);
    if (!ok) {
        return;
    }
    if (m->state_name != NULL && m->selection.total == 0) {
        hk__detail(res, 409, "Task id %.*s is already in %s state", HK_STR_ARG(m->task_id), m->state_name);
        return;
    }
    const struct hk__command command = {
        .data = m, .start = m->state_name != NULL ? start_marking : NULL, .finish = write_marked};
    hk__command_begin(req, res, "patch_task_instance", &command);
}

void hk__ti_patch_dry_run(const struct hk_request *req, struct hk_response *res)
{
    struct marking *m = hk_arena_alloc(req->arena, sizeof *m);
    if (!read_request(req, res, m)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    if (prepare(req, res, db, m)) {
        struct hk_error err;
        struct hk__list list;
        bool ok;
        if (m->state_name != NULL) {
            hk__list_begin(&list, req->context, res, "task_instances");
            ok = hk__write_selection(db, &list, &m->selection, &err);
            hk__list_end_cursor(&list, (int64_t)m->selection.total);
        } else {
            ok = write_own_rows(db, req->context, res, m, &err);
        }
        if (!ok) {
            hk__broken(req, res, &err);
        }
    }
    hk__read_end(req, db);
}
