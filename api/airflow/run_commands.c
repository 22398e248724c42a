/* PATCH and DELETE of a run. */
#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"

struct change {
    const char *dag_id;
    const char *run_id;
    enum hk_run_state state;
    bool has_state;
    bool has_note;
    struct hk_str note; /* data NULL: remove */
};

static struct change *new_change(const struct hk_request *req)
{
    struct change *change = hk_arena_alloc(req->arena, sizeof *change);
    change->dag_id = hk__text(req->arena, hk_request_path(req, "dag_id"));
    change->run_id = hk__text(req->arena, hk_request_path(req, "dag_run_id"));
    return change;
}

static bool write_changed(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct change *change = c->data;
    struct hk_str dag_id = hk_str_from(change->dag_id);
    struct hk_str run_id = hk_str_from(change->run_id);
    struct hk__list one = {.air = c->air, .res = c->res};
    hk_json_init(&one.w, &c->res->body);
    bool found = false;
    return (!change->has_note || hk_store_run_set_note(db, dag_id, run_id, change->note, err)) &&
           hk_store_run_find(db, dag_id, run_id, hk__each_run, &one, &found, err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "The DagRun with dag_id: `%s` and run_id: `%s` was not found",
                                  change->dag_id, change->run_id));
}

static void start_state(struct hk__command *c)
{
    struct change *change = c->data;
    hk_scheduler_set_run_state(c->air->options.scheduler, change->dag_id, change->run_id, change->state,
                               (struct hk_command_done){hk__command_next, c});
}

/* Whether the run of the path exists; false after the failure was written. */
static bool check_run(const struct hk_request *req, struct hk_response *res, struct hk__run_ref *run)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    bool ok = hk__find_run(req, res, db, run);
    hk__read_end(req, db);
    return ok;
}

static void take_note(struct change *change, bool is_written, struct hk_str note)
{
    change->has_note = is_written;
    change->note = note.len > 0 ? note : (struct hk_str){NULL, 0};
}

void hk__run_patch(const struct hk_request *req, struct hk_response *res)
{
    static const char *const states[] = {"queued", "success", "failed", NULL};
    static const enum hk_run_state targets[] = {HK_RUN_QUEUED, HK_RUN_SUCCESS, HK_RUN_FAILED};
    struct hk_validation v;
    struct change *change = new_change(req);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    int state = hk_body_enum(body, "state", HK_OPTIONAL | HK_NULLABLE, states, "enum");
    struct hk_str note = hk_body_text(body, "note", HK_OPTIONAL | HK_NULLABLE);
    hk_body_check_length(body, "note", note, 0, 1000);
    bool has_note = hk_body_has(body, "note");
    struct hk_texts mask = hk__update_mask(&v);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk__run_ref run;
    if (!check_run(req, res, &run)) {
        return;
    }
    take_note(change, has_note && (mask.count == 0 || hk__texts_have(mask, "note")), note);
    change->has_state = state >= 0 && (mask.count == 0 || hk__texts_have(mask, "state"));
    if (change->has_state) {
        change->state = targets[state];
    }
    const struct hk__command command = {
        .data = change, .start = change->has_state ? start_state : NULL, .finish = write_changed};
    hk__command_begin(req, res, "patch_dag_run", &command);
}

/* ---- delete ---- */

static void start_delete(struct hk__command *c)
{
    struct change *change = c->data;
    hk_scheduler_delete_run(c->air->options.scheduler, change->dag_id, change->run_id,
                            (struct hk_command_done){hk__command_next, c});
}

static bool write_nothing(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    (void)db;
    (void)err;
    hk_response_empty(c->res, 204);
    return true;
}

void hk__run_delete(const struct hk_request *req, struct hk_response *res)
{
    struct hk__run_ref run;
    struct change *change = new_change(req);
    if (!check_run(req, res, &run)) {
        return;
    }
    if (hk_str_is(run.state, "running")) {
        hk__detail(res, 409, "The DagRun with dag_id: `%s` and run_id: `%s` cannot be deleted in running state",
                   change->dag_id, change->run_id);
        return;
    }
    const struct hk__command command = {.data = change, .start = start_delete, .finish = write_nothing};
    hk__command_begin(req, res, "delete_dag_run", &command);
}
