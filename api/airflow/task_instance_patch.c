/* PATCH of a task instance and of a task group: state, with relatives and other runs as asked for, and note. */
#include "api/airflow/routes.h"

#include "api/airflow/task_marking.h"

static bool read_request(const struct hk_request *req, struct hk_response *res, struct hk__marking *m)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    struct hk_str *task_id = hk_arena_alloc(req->arena, sizeof *task_id);
    *task_id = hk_request_path(req, "task_id");
    m->dag_id = hk_request_path(req, "dag_id");
    m->run_id = hk_request_path(req, "dag_run_id");
    m->task_ids = (struct hk_texts){task_id, 1}; /* a group's are found later */
    m->map_index = hk_request_path(req, "map_index").data != NULL
                       ? hk_path_int(&v, "map_index", &(struct hk_int_rule){.fallback = -1})
                       : INT64_MIN;
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    hk__marking_read(&v, body, hk__update_mask(&v), m);
    return hk_validation_end(&v, res);
}

/* ---- which ---- */

static void not_found(struct hk_response *res, const struct hk__marking *m)
{
    char index[32] = "None";
    if (m->map_index != INT64_MIN) {
        snprintf(index, sizeof index, "%lld", (long long)m->map_index);
    }
    hk__detail_list(res, 404,
                    hk_arena_printf(res->arena,
                                    "The Task Instance with dag_id: `%.*s`, run_id: `%.*s`, task_id: `%.*s` and "
                                    "map_index: `%s` was not found",
                                    HK_STR_ARG(m->dag_id), HK_STR_ARG(m->run_id), HK_STR_ARG(m->task_ids.items[0]),
                                    index));
}

static bool find_group(const struct hk_request *req, struct hk_response *res, const struct hk_graph *graph,
                       struct hk__marking *m)
{
    struct hk_str group_id = hk_request_path(req, "group_id");
    bool found = hk__group_tasks(graph, group_id, req->arena, &m->task_ids);
    if (!found) {
        hk__detail(res, 404, "Task group '%.*s' not found in DAG '%.*s'", HK_STR_ARG(group_id), HK_STR_ARG(m->dag_id));
    }
    return found;
}

static bool find_task(struct hk_response *res, const struct hk_graph *graph, const struct hk__marking *m)
{
    struct hk_str task_id = m->task_ids.items[0];
    bool found = hk_graph_find_task(graph, task_id) != NULL;
    if (!found) {
        hk__detail(res, 404, "Task '%.*s' not found in Dag '%.*s'", HK_STR_ARG(task_id), HK_STR_ARG(m->dag_id));
    }
    return found;
}

/* false after the failure was written. */
static bool prepare(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct hk__marking *m)
{
    struct hk_str group_id = hk_request_path(req, "group_id");
    struct hk_graph *graph = hk__dag_graph(req, res, db, m->dag_id);
    if (graph == NULL) {
        return false;
    }
    struct hk_error err;
    size_t count = 0;
    bool ok = group_id.data != NULL ? find_group(req, res, graph, m) : find_task(res, graph, m);
    if (ok && (!hk__marking_count(db, m, &count, &err) ||
               (count > 0 && !hk__marking_select(db, req->arena, graph, m, &err)))) {
        hk__broken(req, res, &err);
        ok = false;
    } else if (ok && count == 0 && group_id.data != NULL) {
        hk__detail(res, 404, "No task instances found for task group '%.*s' in dag run '%.*s'", HK_STR_ARG(group_id),
                   HK_STR_ARG(m->run_id));
        ok = false;
    } else if (ok && count == 0) {
        not_found(res, m);
        ok = false;
    }
    hk_graph_unref(graph);
    return ok;
}

/* ---- the command ---- */

static void start_marking(struct hk__command *command)
{
    const struct hk__marking *m = command->data;
    hk__command_expect(command, hk__marking_calls(m));
    hk__marking_start(command, m, (struct hk_command_done){hk__command_next, command});
}

static bool write_answer(struct hk_db *db, struct hk__command *command, struct hk_error *err)
{
    const struct hk__marking *m = command->data;
    bool shows_marked = m->state_name != NULL && hk_request_path(command->req, "group_id").data != NULL;
    return hk__marking_write_note(db, m, err) &&
           (shows_marked ? hk__marking_write_marked(db, command->air, command->res, m, err)
                         : hk__marking_write_own(db, command->air, command->res, m, err));
}

static void refuse_marked(struct hk_response *res, const struct hk__marking *m, bool is_group)
{
    if (is_group) {
        hk__detail(res, 409, "All task instances in the group are already in %s state", m->state_name);
    } else {
        hk__detail(res, 409, "Task id %.*s is already in %s state", HK_STR_ARG(m->task_ids.items[0]), m->state_name);
    }
}

static void patch(const struct hk_request *req, struct hk_response *res, const char *event)
{
    struct hk__marking *m = hk_arena_alloc(req->arena, sizeof *m);
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
        refuse_marked(res, m, hk_request_path(req, "group_id").data != NULL);
        return;
    }
    const struct hk__command command = {
        .data = m, .start = m->state_name != NULL ? start_marking : NULL, .finish = write_answer};
    hk__command_begin(req, res, event, &command);
}

void hk__ti_patch(const struct hk_request *req, struct hk_response *res)
{
    patch(req, res, "patch_task_instance");
}

void hk__ti_group_patch(const struct hk_request *req, struct hk_response *res)
{
    patch(req, res, "patch_task_group_instances");
}

void hk__ti_patch_dry_run(const struct hk_request *req, struct hk_response *res)
{
    struct hk__marking *m = hk_arena_alloc(req->arena, sizeof *m);
    if (!read_request(req, res, m)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    if (prepare(req, res, db, m) && !(m->state_name != NULL ? hk__marking_write_marked(db, req->context, res, m, &err)
                                                            : hk__marking_write_own(db, req->context, res, m, &err))) {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}
