/* PATCH of taskInstances: states, notes and deletions of many, of one run or ("~") of any; DELETE of one. */
#include "api/airflow/routes.h"

#include <stdio.h>

#include "api/airflow/bulk.h"
#include "api/airflow/task_marking.h"

struct item {
    struct hk__command *command;
    struct hk__marking marking;
    struct hk_str task_id;
    bool is_text;  /* written as a text, not as an object */
    bool is_there; /* and so to be changed */
    int64_t *map_indexes;
    size_t count;
    size_t cap;
    bool has_failed;
    struct hk_error err;
};

static void *read_item(struct hk_validation *v, const void *context, const struct hk__bulk_action *action,
                       struct hk_body *object, struct hk_str text)
{
    struct item *item = hk_arena_alloc(v->request->arena, sizeof *item);
    struct hk__marking *m = &item->marking;
    (void)context;
    item->is_text = object == NULL;
    item->task_id = text;
    m->map_index = INT64_MIN;
    if (object != NULL) {
        hk__marking_read(v, object, action->mask, m);
        item->task_id = hk_body_text(object, "task_id", HK_REQUIRED);
        m->map_index =
            hk_body_int(object, "map_index", HK_OPTIONAL | HK_NULLABLE, &(struct hk_int_rule){.fallback = INT64_MIN});
        m->dag_id = hk_body_text(object, "dag_id", HK_OPTIONAL | HK_NULLABLE);
        m->run_id = hk_body_text(object, "dag_run_id", HK_OPTIONAL | HK_NULLABLE);
    }
    return item;
}

/* DAG and run are the entity's own or the path's; false after the mistake was noted. */
static bool resolve(struct hk__bulk *b, const struct hk__bulk_action *action, const struct hk_request *req,
                    struct item *item)
{
    struct hk__marking *m = &item->marking;
    m->dag_id = m->dag_id.len > 0 ? m->dag_id : hk_request_path(req, "dag_id");
    m->run_id = m->run_id.len > 0 ? m->run_id : hk_request_path(req, "dag_run_id");
    m->task_ids = (struct hk_texts){&item->task_id, 1};
    if (!hk_str_is(m->dag_id, "~") && !hk_str_is(m->run_id, "~")) {
        return true;
    }
    hk__bulk_error(b, action->what, 400,
                   item->is_text ? "When using wildcard in path, dag_id and dag_run_id must be specified in "
                                   "BulkTaskInstanceBody object, not as string for task_id: %.*s"
                                 : "When using wildcard in path, dag_id and dag_run_id must be specified in request "
                                   "body for task_id: %.*s",
                   HK_STR_ARG(item->task_id));
    return false;
}

struct noting {
    struct item *item;
    struct hk_arena *arena;
};

static bool note_index(void *arg, const struct hk_ti_info *t)
{
    const struct noting *noting = arg;
    struct item *item = noting->item;
    if (item->marking.map_index != INT64_MIN && t->map_index != item->marking.map_index) {
        return true;
    }
    if (item->count == item->cap) {
        item->cap = item->cap == 0 ? 1 : 2 * item->cap;
        int64_t *grown = hk_arena_array(noting->arena, item->cap, sizeof *grown);
        for (size_t i = 0; i < item->count; i++) {
            grown[i] = item->map_indexes[i];
        }
        item->map_indexes = grown;
    }
    item->map_indexes[item->count++] = t->map_index;
    return true;
}

/* Why an item ends its action; false: err. */
static bool prepare_item(struct hk_db *db, struct hk__bulk *b, const struct hk__bulk_action *action, struct item *item,
                         bool *goes_on, struct hk_error *err)
{
    struct hk__marking *m = &item->marking;
    struct noting noting = {item, b->arena};
    if (!hk_store_ti_find(db, m->dag_id, m->run_id, item->task_id, note_index, &noting, err)) {
        return false;
    }
    if (item->count == 0) {
        *goes_on = action->otherwise != HK__BULK_FAIL;
        if (!*goes_on) {
            hk__bulk_error(b, action->what, 404,
                           "No task instances found for dag_id: %.*s, run_id: %.*s, task_id: %.*s",
                           HK_STR_ARG(m->dag_id), HK_STR_ARG(m->run_id), HK_STR_ARG(item->task_id));
        }
        return true;
    }
    item->is_there = true;
    if (action->what == HK__BULK_DELETE) {
        b->calls += item->count;
        return true;
    }
    struct hk_graph *graph = hk__need_graph(db, m->dag_id, err);
    bool ok = graph != NULL && hk__marking_select(db, b->arena, graph, m, err);
    hk_graph_unref(graph);
    b->calls += ok ? hk__marking_calls(m) : 0;
    if (ok && m->state_name != NULL && m->selection.total == 0) {
        hk__bulk_error(b, action->what, 409, "Task id %.*s is already in %s state", HK_STR_ARG(item->task_id),
                       m->state_name);
        item->is_there = false;
        *goes_on = false;
    }
    return ok;
}

static bool prepare(struct hk_db *db, struct hk__bulk *b, const struct hk_request *req, struct hk_error *err)
{
    for (size_t a = 0; a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        bool goes_on = action->what != HK__BULK_CREATE;
        hk__bulk_begin_action(b, action->what);
        if (!goes_on) {
            hk__bulk_error(b, action->what, 405, "Task instances bulk create is not supported");
        }
        for (size_t i = 0; goes_on && i < action->count; i++) {
            if (resolve(b, action, req, action->entities[i]) &&
                !prepare_item(db, b, action, action->entities[i], &goes_on, err)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- the command ---- */

static void item_done(void *arg, const struct hk_error *err)
{
    struct item *item = arg;
    if (err != NULL) {
        item->has_failed = true;
        item->err = *err;
    }
    hk__command_next(item->command, NULL);
}

static void start_item(struct hk__command *c, const struct hk__bulk_action *action, struct item *item)
{
    const struct hk_command_done done = {item_done, item};
    const struct hk__marking *m = &item->marking;
    item->command = c;
    if (action->what == HK__BULK_UPDATE) {
        hk__marking_start(c, m, done);
        return;
    }
    const struct hk_task_place place = {hk__text(c->req->arena, m->dag_id), hk__text(c->req->arena, m->run_id),
                                        hk__text(c->req->arena, item->task_id)};
    size_t count = item->count;
    const int64_t *map_indexes = item->map_indexes;
    for (size_t i = 0; i < count; i++) {
        hk_scheduler_delete_task(c->air->options.scheduler, &place, (int32_t)map_indexes[i], done);
    }
}

static void start_all(struct hk__command *c)
{
    const struct hk__bulk *b = c->data;
    size_t left = b->calls; /* the last answer may come at once and end the command */
    hk__command_expect(c, left);
    for (size_t a = 0; left > 0 && a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        for (size_t i = 0; left > 0 && i < action->count; i++) {
            struct item *item = action->entities[i];
            if (item->is_there) {
                left -= action->what == HK__BULK_DELETE ? item->count : hk__marking_calls(&item->marking);
                start_item(c, action, item);
            }
        }
    }
}

static bool end_item(struct hk_db *db, struct hk__bulk *b, const struct hk__bulk_action *action, struct item *item,
                     struct hk_error *err)
{
    const struct hk__marking *m = &item->marking;
    if (item->has_failed) {
        hk__bulk_error(b, action->what, hk_code_status(item->err.code), "%s", item->err.message);
        return true;
    }
    if (action->what == HK__BULK_UPDATE && m->note.data != NULL && !hk__marking_write_note(db, m, err)) {
        return false;
    }
    for (size_t i = 0; i < item->count; i++) {
        hk__bulk_done(b, action->what, "%.*s.%.*s.%.*s[%lld]", HK_STR_ARG(m->dag_id), HK_STR_ARG(m->run_id),
                      HK_STR_ARG(item->task_id), (long long)item->map_indexes[i]);
    }
    return true;
}

static bool finish_all(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk__bulk *b = c->data;
    for (size_t a = 0; a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        for (size_t i = 0; i < action->count; i++) {
            struct item *item = action->entities[i];
            if (item->is_there && !end_item(db, b, action, item, err)) {
                return false;
            }
        }
    }
    hk__bulk_write(c->res, b);
    return true;
}

void hk__tis_bulk(const struct hk_request *req, struct hk_response *res)
{
    struct hk__bulk *b = hk__bulk_take(req, res, read_item, prepare);
    if (b == NULL) {
        return;
    }
    const struct hk__command command = {.data = b, .start = b->calls > 0 ? start_all : NULL, .finish = finish_all};
    hk__command_begin(req, res, NULL, &command); /* Airflow notes none either */
}

/* ---- DELETE of one ---- */

struct deletion {
    struct hk_task_place place;
    int32_t map_index;
};

static void start_deletion(struct hk__command *c)
{
    const struct deletion *d = c->data;
    hk_scheduler_delete_task(c->air->options.scheduler, &d->place, d->map_index,
                             (struct hk_command_done){hk__command_next, c});
}

static bool write_null(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    (void)db;
    (void)err;
    hk_buf_add_text(&c->res->body, "null");
    return true;
}

void hk__ti_delete(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct deletion *d = hk_arena_alloc(req->arena, sizeof *d);
    hk_validation_begin(&v, req);
    d->map_index = (int32_t)hk_query_int(&v, "map_index", &(struct hk_int_rule){.fallback = -1});
    d->place = (struct hk_task_place){hk__text(req->arena, hk_request_path(req, "dag_id")),
                                      hk__text(req->arena, hk_request_path(req, "dag_run_id")),
                                      hk__text(req->arena, hk_request_path(req, "task_id"))};
    if (hk_validation_end(&v, res)) {
        const struct hk__command command = {.data = d, .start = start_deletion, .finish = write_null};
        hk__command_begin(req, res, NULL, &command);
    }
}
