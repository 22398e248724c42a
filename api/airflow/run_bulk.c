/* PATCH of dagRuns: states, notes and deletions of many runs, of one DAG or ("~") of any. */
#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/bulk.h"

struct item {
    struct hk__command *command;
    struct hk_str dag_id;
    struct hk_str run_id;
    bool is_text;  /* written as a text, not as an object */
    bool is_there; /* and so to be changed */
    bool has_state;
    enum hk_run_state state;
    struct hk_str note; /* data NULL: leave it */
    bool has_failed;
    struct hk_error err;
};

static void *read_item(struct hk_validation *v, const void *context, const struct hk__bulk_action *action,
                       struct hk_body *object, struct hk_str text)
{
    static const char *const names[] = {"queued", "success", "failed", NULL};
    static const enum hk_run_state states[] = {HK_RUN_QUEUED, HK_RUN_SUCCESS, HK_RUN_FAILED};
    struct item *item = hk_arena_alloc(v->request->arena, sizeof *item);
    (void)context;
    item->is_text = object == NULL;
    item->run_id = text;
    if (object != NULL) {
        item->run_id = hk_body_text(object, "dag_run_id", HK_REQUIRED);
        item->dag_id = hk_body_text(object, "dag_id", HK_OPTIONAL | HK_NULLABLE);
        int state = hk_body_enum(object, "state", HK_OPTIONAL | HK_NULLABLE, names, "enum");
        item->note = hk_body_text(object, "note", HK_OPTIONAL | HK_NULLABLE);
        hk_body_check_length(object, "note", item->note, 0, 1000);
        item->has_state = state >= 0 && action->what == HK__BULK_UPDATE;
        item->state = states[state >= 0 ? state : 0];
    }
    return item;
}

/* The DAG is the entity's own or the path's; false after the mistake was noted. */
static bool resolve(struct hk__bulk *b, const struct hk__bulk_action *action, struct hk_str dag_id, struct item *item)
{
    item->dag_id = item->dag_id.len > 0 ? item->dag_id : dag_id;
    if (!hk_str_is(item->dag_id, "~") && !hk_str_is(item->run_id, "~")) {
        return true;
    }
    hk__bulk_error(b, action->what, 400,
                   item->is_text
                       ? "When using wildcard in path, dag_id must be specified in BulkDAGRunBody object, not "
                         "as string for dag_run_id: %.*s"
                       : "When using wildcard in path, dag_id must be specified in request body for "
                         "dag_run_id: %.*s",
                   HK_STR_ARG(item->run_id));
    return false;
}

/* Finds out which runs there are; an action that may not miss any and does is noted as failed. */
static bool look_up(struct hk_db *db, struct hk__bulk *b, const struct hk__bulk_action *action, struct hk_str dag_id,
                    struct hk_error *err)
{
    const char *missing = NULL;
    struct hk__run_ref run;
    for (size_t i = 0; i < action->count; i++) {
        struct item *item = action->entities[i];
        bool is_resolved = resolve(b, action, dag_id, item);
        if (is_resolved && !hk__run_find(db, item->dag_id, item->run_id, b->arena, &run, &item->is_there, err)) {
            return false;
        }
        if (is_resolved && !item->is_there) {
            missing = hk_arena_printf(b->arena, "%s%s('%.*s', '%.*s')", missing != NULL ? missing : "",
                                      missing != NULL ? ", " : "", HK_STR_ARG(item->dag_id), HK_STR_ARG(item->run_id));
        }
    }
    if (missing != NULL && action->otherwise == HK__BULK_FAIL) {
        hk__bulk_error(b, action->what, 404, "The DagRuns with these identifiers: [%s] were not found", missing);
        for (size_t i = 0; i < action->count; i++) {
            ((struct item *)action->entities[i])->is_there = false;
        }
    }
    return true;
}

static bool needs_scheduler(const struct hk__bulk_action *action, const struct item *item)
{
    return item->is_there && (action->what == HK__BULK_DELETE || item->has_state);
}

static bool prepare(struct hk_db *db, struct hk__bulk *b, const struct hk_request *req, struct hk_error *err)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    for (size_t a = 0; a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        hk__bulk_begin_action(b, action->what);
        if (action->what == HK__BULK_CREATE) {
            hk__bulk_error(b, action->what, 405,
                           "Dag Runs bulk create is not supported. Use the trigger Dag Run endpoint instead.");
            continue;
        }
        if (!look_up(db, b, action, dag_id, err)) {
            return false;
        }
        for (size_t i = 0; i < action->count; i++) {
            b->calls += needs_scheduler(action, action->entities[i]);
        }
    }
    return true;
}

/* ---- the command ---- */

static void item_done(void *arg, const struct hk_error *err)
{
    struct item *item = arg;
    item->has_failed = err != NULL;
    if (err != NULL) {
        item->err = *err;
    }
    hk__command_next(item->command, NULL);
}

static void start_item(struct hk__command *c, const struct hk__bulk_action *action, struct item *item)
{
    struct hk_scheduler *scheduler = c->air->options.scheduler;
    const struct hk_command_done done = {item_done, item};
    const char *dag_id = hk__text(c->req->arena, item->dag_id);
    const char *run_id = hk__text(c->req->arena, item->run_id);
    item->command = c;
    if (action->what == HK__BULK_DELETE) {
        hk_scheduler_delete_run(scheduler, dag_id, run_id, done);
    } else {
        hk_scheduler_set_run_state(scheduler, dag_id, run_id, item->state, done);
    }
}

static void start_all(struct hk__command *c)
{
    const struct hk__bulk *b = c->data;
    hk__command_expect(c, b->calls);
    size_t left = b->calls; /* the last answer may come at once and end the command */
    for (size_t a = 0; left > 0 && a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        for (size_t i = 0; left > 0 && i < action->count; i++) {
            if (needs_scheduler(action, action->entities[i])) {
                left--;
                start_item(c, action, action->entities[i]);
            }
        }
    }
}

static bool end_item(struct hk_db *db, struct hk__bulk *b, const struct hk__bulk_action *action, struct item *item,
                     struct hk_error *err)
{
    if (item->has_failed) {
        hk__bulk_error(b, action->what, hk_code_status(item->err.code), "%s", item->err.message);
        return true;
    }
    if (action->what == HK__BULK_UPDATE && item->note.data != NULL) {
        struct hk_str note = item->note.len > 0 ? item->note : (struct hk_str){NULL, 0};
        if (!hk_store_run_set_note(db, item->dag_id, item->run_id, note, err)) {
            return false;
        }
    }
    hk__bulk_done(b, action->what, "%.*s.%.*s", HK_STR_ARG(item->dag_id), HK_STR_ARG(item->run_id));
    return true;
}

static bool finish_all(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk__bulk *b = c->data;
    for (size_t a = 0; a < b->count; a++) {
        const struct hk__bulk_action *action = &b->actions[a];
        for (size_t i = 0; action->what != HK__BULK_CREATE && i < action->count; i++) {
            struct item *item = action->entities[i];
            if (item->is_there && !end_item(db, b, action, item, err)) {
                return false;
            }
        }
    }
    hk__bulk_write(c->res, b);
    return true;
}

void hk__runs_bulk(const struct hk_request *req, struct hk_response *res)
{
    struct hk__bulk *b = hk__bulk_take(req, res, read_item, prepare);
    if (b == NULL) {
        return;
    }
    const struct hk__command command = {.data = b, .start = b->calls > 0 ? start_all : NULL, .finish = finish_all};
    hk__command_begin(req, res, "bulk_dag_runs", &command);
}
