/* DELETE of a DAG with all its runs. Its file stays: once it changes, or is read anew at the next start, the DAG is
 * back. */
#include "api/airflow/routes.h"

#include <stdlib.h>
#include <string.h>

#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"
#include "engine/store/dag_store.h"

static bool note_found(void *arg, const struct hk_dag_info *d)
{
    (void)arg;
    (void)d;
    return true;
}

struct removing {
    char *dag_id;
    const char **run_ids; /* queued ones */
    size_t count;
    size_t cap;
    struct hk_arena *arena;
    bool is_running;
};

static bool note_run(void *arg, const struct hk_run_info *r)
{
    struct removing *removing = arg;
    if (strcmp(r->state, "running") == 0) {
        removing->is_running = true;
        return false;
    }
    if (removing->count == removing->cap) {
        removing->cap = removing->cap == 0 ? 16 : 2 * removing->cap;
        const char **grown = hk_arena_array(removing->arena, removing->cap, sizeof *grown);
        for (size_t i = 0; i < removing->count; i++) {
            grown[i] = removing->run_ids[i];
        }
        removing->run_ids = grown;
    }
    removing->run_ids[removing->count++] = hk_arena_strdup(removing->arena, r->run_id);
    return true;
}

/* Whether the DAG may go; false after the failure was written. */
static bool check_removable(const struct hk_request *req, struct hk_response *res, struct removing *removing)
{
    static const struct hk_str unfinished[] = {{"queued", 6}, {"running", 7}};
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_run_filter filter = HK_RUN_FILTER_ALL;
    const struct hk_page all = {.limit = -1};
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    struct hk_error err;
    int64_t total = 0;
    bool found = false;
    filter.dag_id = dag_id;
    filter.states = (struct hk_texts){unfinished, 2};
    bool ok = hk_store_dag_find(db, dag_id, note_found, NULL, &found, &err) &&
              hk_store_run_list(db, &filter, &all, note_run, removing, &total, &err);
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    } else if (!found) {
        hk__detail(res, 404, "Dag with id: %.*s was not found", HK_STR_ARG(dag_id));
    } else if (removing->is_running) {
        hk__detail(res, 409, "Task instances of dag with id: '%.*s' are still running", HK_STR_ARG(dag_id));
    }
    return ok && found && !removing->is_running;
}

static void start_removing(struct hk__command *c)
{
    struct removing *removing = c->data;
    const struct hk_command_done done = {hk__command_next, c};
    size_t count = removing->count;
    hk__command_expect(c, count);
    for (size_t i = 0; i < count; i++) {
        hk_scheduler_delete_run(c->air->options.scheduler, removing->dag_id, removing->run_ids[i], done);
    }
}

static bool remove_dag(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct removing *removing = c->data;
    hk_response_empty(c->res, 204);
    return hk_store_dag_delete(db, removing->dag_id, err);
}

struct gone {
    struct hk_scheduler *scheduler;
    char *dag_id;
};

static void tell_gone(void *arg)
{
    struct gone *gone = arg;
    hk_scheduler_dag_deleted(gone->scheduler, gone->dag_id);
    free(gone->dag_id);
    free(gone);
}

static void after_removing(struct hk__command *c)
{
    const struct removing *removing = c->data;
    struct gone *gone = hk_alloc(sizeof *gone);
    *gone = (struct gone){c->air->options.scheduler, hk_strdup(removing->dag_id)};
    c->air->options.post(c->air->options.post_context, tell_gone, gone);
}

void hk__dag_delete(const struct hk_request *req, struct hk_response *res)
{
    struct removing *removing = hk_arena_alloc(req->arena, sizeof *removing);
    removing->arena = req->arena;
    removing->dag_id = hk__text(req->arena, hk_request_path(req, "dag_id"));
    if (check_removable(req, res, removing)) {
        const struct hk__command command = {.data = removing,
                                            .start = removing->count > 0 ? start_removing : NULL,
                                            .finish = remove_dag,
                                            .after = after_removing};
        hk__command_begin(req, res, "delete_dag", &command);
    }
}
