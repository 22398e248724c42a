/* What people ask for: each changes the model through the same tables as everything else, and is answered after the
 * commit. */
#include "scheduler/scheduler_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/dag_store.h"

static void answer(struct hk_command_done done, const struct hk_error *err)
{
    if (done.call != NULL) {
        done.call(done.arg, err);
    }
}

/* ---- pausing ---- */

struct pause {
    struct hk_scheduler *scheduler;
    char *dag_id;
    bool is_paused;
    struct hk_command_done done;
};

static bool pause_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct pause *p = arg;
    return hk_store_dag_set_paused(db, p->dag_id, p->is_paused, err);
}

static void pause_done(void *arg, const struct hk_error *err)
{
    struct pause *p = arg;
    struct hk_scheduler *s = p->scheduler;
    hk__written(s);
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(p->dag_id));
    if (err == NULL && dag != NULL) {
        hk_model_dag_pause(&s->model, dag, p->is_paused, hk__now(s));
        hk__note_next(s, dag);
        hk__due(s, dag);
        hk__wake(s);
    }
    answer(p->done, err);
    free(p->dag_id);
    free(p);
}

void hk_scheduler_pause(struct hk_scheduler *s, const char *dag_id, bool is_paused, struct hk_command_done done)
{
    struct pause *p = hk_alloc(sizeof *p);
    *p = (struct pause){s, hk_strdup(dag_id), is_paused, done};
    struct hk_write write = {pause_run, pause_done, p, false};
    hk__submit(s, &write);
}

/* ---- commands on a run: in memory, or loaded first ---- */

struct run_command {
    struct hk_scheduler *scheduler;
    struct hk_arena arena; /* texts below */
    const char *dag_id;
    const char *run_id;
    struct hk_command_done done;
    struct hk__loaded loaded;
    struct run_command *next_loading;

    /* Changes the model; false with err when it refuses. */
    bool (*act)(struct hk_scheduler *s, struct hk_run *run, const struct run_command *c, struct hk_error *err);
    enum hk_run_state run_state;
    enum hk_task_state task_state;
    const char **task_ids; /* NULL: all */
    size_t task_count;
    bool only_failed;
    bool only_running;
    bool keeps_run_state;
};

static void finish_command(struct run_command *c, const struct hk_error *err)
{
    answer(c->done, err);
    hk__loaded_clear(&c->loaded);
    hk_arena_clear(&c->arena);
    free(c);
}

static void act_on(struct run_command *c, struct hk_run *run)
{
    struct hk_scheduler *s = c->scheduler;
    struct hk_error err;
    bool is_leaving = run->deletion != NULL;
    if (is_leaving) {
        hk_error_set(&err, HK_CONFLICT, "run '%s' of dag '%s' is just being deleted", run->run_id, run->dag->dag_id);
    }
    if (is_leaving || !c->act(s, run, c, &err)) {
        hk__drop_if_over(s, run);
        finish_command(c, &err);
        return;
    }
    struct hk_command_done done = c->done;
    c->done = (struct hk_command_done){NULL, NULL};
    hk_model_run_touch(&s->model, run);
    finish_command(c, NULL);
    hk__ack_add(s, (struct hk__ack){.call = done.call, .arg = done.arg});
}

struct hk_run *hk__active_run(const struct hk_scheduler *s, const char *dag_id, const char *run_id)
{
    const struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(dag_id));
    for (size_t i = 0; dag != NULL && i < dag->run_count; i++) {
        if (strcmp(dag->runs[i]->run_id, run_id) == 0) {
            return dag->runs[i];
        }
    }
    return NULL;
}

static bool command_load(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct run_command *c = arg;
    hk__loaded_clear(&c->loaded);
    return hk__load_run(db, c->dag_id, c->run_id, &c->loaded, err);
}

static void command_loaded(void *arg, const struct hk_error *err)
{
    struct run_command *c = arg;
    struct run_command **at = &c->scheduler->loading;
    while (*at != c) {
        at = &(*at)->next_loading;
    }
    *at = c->next_loading;
    hk__written(c->scheduler);
    if (err != NULL) {
        finish_command(c, err);
        return;
    }
    struct hk_run *run = hk__active_run(c->scheduler, c->dag_id, c->run_id); /* may have come meanwhile */
    act_on(c, run != NULL ? run : hk__loaded_run(c->scheduler, &c->loaded));
}

static struct run_command *new_command(struct hk_scheduler *s, const char *dag_id, const char *run_id,
                                       struct hk_command_done done)
{
    struct run_command *c = hk_alloc(sizeof *c);
    c->scheduler = s;
    c->dag_id = hk_arena_strdup(&c->arena, dag_id);
    c->run_id = hk_arena_strdup(&c->arena, run_id);
    c->done = done;
    return c;
}

static void start_command(struct run_command *c)
{
    struct hk_run *run = hk__active_run(c->scheduler, c->dag_id, c->run_id);
    if (run != NULL) {
        act_on(c, run);
        return;
    }
    c->next_loading = c->scheduler->loading;
    c->scheduler->loading = c;
    struct hk_write write = {command_load, command_loaded, c, false};
    hk__submit(c->scheduler, &write);
}

/* ---- clear ---- */

static bool is_wanted(const struct run_command *c, const struct hk_run *run, uint32_t t)
{
    enum hk_task_state state = run->tasks[t].state;
    bool is_failed = state == HK_TASK_FAILED || state == HK_TASK_UPSTREAM_FAILED;
    if ((c->only_failed && !is_failed) || (c->only_running && state != HK_TASK_RUNNING)) {
        return false;
    }
    for (size_t i = 0; c->task_ids != NULL && i < c->task_count; i++) {
        if (strcmp(c->task_ids[i], run->graph->tasks[t].task_id) == 0) {
            return true;
        }
    }
    return c->task_ids == NULL;
}

static bool act_clear(struct hk_scheduler *s, struct hk_run *run, const struct run_command *c, struct hk_error *err)
{
    for (size_t i = 0; i < c->task_count; i++) {
        if (hk_graph_find_task(run->graph, hk_str_from(c->task_ids[i])) == NULL) {
            return hk_error_set(err, HK_NOT_FOUND, "Task with ID: `%s` was not found in run `%s` of Dag `%s`",
                                c->task_ids[i], run->run_id, run->dag->dag_id);
        }
    }
    int64_t now_us = hk__now(s);
    bool any = false;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        if (is_wanted(c, run, t)) {
            any = hk_model_task_event(&s->model, run, t, HK_TASK_ON_CLEAR, now_us) || any;
        }
    }
    if (any && !c->keeps_run_state) {
        run->clear_number++;
        hk_model_run_event(&s->model, run, HK_RUN_ON_REQUEUE, now_us);
    }
    return true;
}

void hk_scheduler_clear(struct hk_scheduler *s, const struct hk_clear_request *request, struct hk_command_done done)
{
    struct run_command *c = new_command(s, request->dag_id, request->run_id, done);
    c->act = act_clear;
    c->only_failed = request->only_failed;
    c->only_running = request->only_running;
    c->keeps_run_state = request->keeps_run_state;
    if (request->task_ids != NULL) {
        c->task_ids = hk_arena_array(&c->arena, request->task_count, sizeof(char *));
        c->task_count = request->task_count;
        for (size_t i = 0; i < request->task_count; i++) {
            c->task_ids[i] = hk_arena_strdup(&c->arena, request->task_ids[i]);
        }
    }
    start_command(c);
}

/* ---- states set by a person ---- */

/* As Airflow does: what runs gets the run's state, what has not begun is skipped, what has ended stays as it is, and
 * teardowns are left to clean up. true: some of those are not over, so neither is the run. */
static bool end_tasks(struct hk_scheduler *s, struct hk_run *run, enum hk_task_event event, int64_t now_us)
{
    bool has_teardown = false;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        enum hk_task_state state = run->tasks[t].state;
        bool is_running = state == HK_TASK_RUNNING || state == HK_TASK_DEFERRED || state == HK_TASK_UP_FOR_RESCHEDULE;
        if (hk_task_state_is_finished(state)) {
            continue;
        }
        if (run->graph->tasks[t].is_teardown) {
            has_teardown = true;
        } else {
            hk_model_task_event(&s->model, run, t, is_running ? event : HK_TASK_ON_SET_SKIPPED, now_us);
        }
    }
    return has_teardown;
}

static bool act_set_run(struct hk_scheduler *s, struct hk_run *run, const struct run_command *c, struct hk_error *err)
{
    (void)err;
    int64_t now_us = hk__now(s);
    if (c->run_state == HK_RUN_QUEUED) {
        hk_model_run_event(&s->model, run, HK_RUN_ON_SET_QUEUED, now_us);
        return true;
    }
    bool success = c->run_state == HK_RUN_SUCCESS;
    if (end_tasks(s, run, success ? HK_TASK_ON_SET_SUCCESS : HK_TASK_ON_SET_FAILED, now_us)) {
        return true;
    }
    hk_model_run_event(&s->model, run, success ? HK_RUN_ON_SET_SUCCESS : HK_RUN_ON_SET_FAILED, now_us);
    hk__due(s, run->dag);
    return true;
}

void hk_scheduler_set_run_state(struct hk_scheduler *s, const char *dag_id, const char *run_id, enum hk_run_state state,
                                struct hk_command_done done)
{
    struct run_command *c = new_command(s, dag_id, run_id, done);
    c->act = act_set_run;
    c->run_state = state;
    start_command(c);
}

static bool act_set_task(struct hk_scheduler *s, struct hk_run *run, const struct run_command *c, struct hk_error *err)
{
    const struct hk_task *task = hk_graph_find_task(run->graph, hk_str_from(c->task_ids[0]));
    if (task == NULL) {
        return hk_error_set(err, HK_NOT_FOUND,
                            "The Task Instance with dag_id: `%s`, run_id: `%s` and task_id: `%s` was not found",
                            c->dag_id, c->run_id, c->task_ids[0]);
    }
    enum hk_task_event event = c->task_state == HK_TASK_SUCCESS  ? HK_TASK_ON_SET_SUCCESS
                               : c->task_state == HK_TASK_FAILED ? HK_TASK_ON_SET_FAILED
                                                                 : HK_TASK_ON_SET_SKIPPED;
    if (!hk_model_task_event(&s->model, run, task->index, event, hk__now(s))) {
        return hk_error_set(err, HK_CONFLICT, "task '%s' is %s and cannot be set to %s", task->task_id,
                            hk_task_state_name(run->tasks[task->index].state), hk_task_state_name(c->task_state));
    }
    return true;
}

void hk_scheduler_set_task_state(struct hk_scheduler *s, const char *dag_id, const char *run_id, const char *task_id,
                                 int32_t map_index, enum hk_task_state state, struct hk_command_done done)
{
    struct hk_error err;
    if (map_index >= 0) {
        hk_error_set(&err, HK_NOT_FOUND, "task '%s' has no mapped instance %d", task_id, map_index);
        answer(done, &err);
        return;
    }
    struct run_command *c = new_command(s, dag_id, run_id, done);
    c->act = act_set_task;
    c->task_state = state;
    c->task_ids = hk_arena_array(&c->arena, 1, sizeof(char *));
    c->task_ids[0] = hk_arena_strdup(&c->arena, task_id);
    start_command(c);
}

/* ---- delete ---- */

struct hk__deletion {
    struct hk_scheduler *scheduler;
    struct hk_run *run; /* queued, and in the model until the database has lost it; NULL: not in the model */
    int64_t run_key;
    struct hk_command_done done;
    struct hk_arena arena;
    const char *dag_id;
    const char *run_id;
    bool is_submitted;
    struct hk__deletion *next; /* in scheduler->gone */
};

static bool on_key(void *arg, const struct hk_run_row *row)
{
    struct hk__deletion *d = arg;
    d->run_key = row->run_key;
    return true;
}

static bool delete_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk__deletion *d = arg;
    return hk_store_run_get(db, d->dag_id, d->run_id, on_key, d, err) && hk_store_run_delete(db, d->run_key, err);
}

static void end_deletion(struct hk__deletion *d, const struct hk_error *err)
{
    struct hk_dag *dag = hk_model_dag(&d->scheduler->model, hk_str_from(d->dag_id));
    for (size_t i = 0; err == NULL && dag != NULL && i < dag->run_count; i++) {
        if (dag->runs[i]->looks_back && dag->runs[i]->prior_key == d->run_key) {
            hk__reload_prior(d->scheduler, dag->runs[i]);
        }
    }
    answer(d->done, err);
    hk_arena_clear(&d->arena);
    free(d);
}

static void deleted(void *arg, const struct hk_error *err)
{
    struct hk__deletion *d = arg;
    struct hk_scheduler *s = d->scheduler;
    hk__written(s);
    if (d->run != NULL && err == NULL) {
        d->next = s->gone;
        s->gone = d;
        hk__wake(s);
        return;
    }
    if (d->run != NULL) { /* it is still there, and may start after all */
        d->run->deletion = NULL;
        hk_model_dag_wants_start(&s->model, d->run->dag);
        hk__wake(s);
    }
    end_deletion(d, err);
}

void hk__delete(struct hk__deletion *d)
{
    struct hk_write write = {delete_run, deleted, d, false};
    hk__submit(d->scheduler, &write);
}

void hk__delete_if_saved(struct hk_run *run)
{
    struct hk__deletion *d = run->deletion;
    if (run->state == HK_RUN_QUEUED && !d->is_submitted && !run->is_changed && !run->is_saving) {
        d->is_submitted = true;
        hk__delete(d);
    }
}

void hk__drop_deleted(struct hk_scheduler *s)
{
    struct hk__deletion **at = &s->gone;
    while (*at != NULL) {
        struct hk__deletion *d = *at;
        if (d->run->is_dirty) { /* the next tick looks at it first */
            at = &d->next;
            continue;
        }
        *at = d->next;
        hk__due(s, d->run->dag);
        hk_model_run_drop(&s->model, d->run);
        end_deletion(d, NULL);
    }
}

void hk__deletions_free(struct hk_scheduler *s)
{
    while (s->gone != NULL) {
        struct hk__deletion *d = s->gone;
        s->gone = d->next;
        hk_arena_clear(&d->arena);
        free(d);
    }
}

/* Whether an active run may go; HK_CONFLICT otherwise. */
static bool may_delete(const struct hk_run *run, struct hk_error *err)
{
    bool is_waiting = run->state == HK_RUN_QUEUED && !hk_model_run_is_active(run) && run->backlog_count == 0;
    return is_waiting || hk_run_state_is_finished(run->state) ||
           hk_error_set(err, HK_CONFLICT, "The DagRun with dag_id: `%s` and run_id: `%s` cannot be deleted in %s state",
                        run->dag->dag_id, run->run_id, hk_run_state_name(run->state));
}

static bool is_being_changed(const struct hk_scheduler *s, const char *dag_id, const char *run_id)
{
    for (const struct run_command *c = s->loading; c != NULL; c = c->next_loading) {
        if (strcmp(c->dag_id, dag_id) == 0 && strcmp(c->run_id, run_id) == 0) {
            return true;
        }
    }
    return false;
}

void hk_scheduler_delete_run(struct hk_scheduler *s, const char *dag_id, const char *run_id,
                             struct hk_command_done done)
{
    struct hk_error err;
    struct hk_run *run = hk__active_run(s, dag_id, run_id);
    if (run != NULL && run->deletion == NULL && !may_delete(run, &err)) {
        answer(done, &err);
        return;
    }
    if ((run != NULL && run->deletion != NULL) || is_being_changed(s, dag_id, run_id)) {
        hk_error_set(&err, HK_CONFLICT, "run '%s' of dag '%s' is just being changed; try again", run_id, dag_id);
        answer(done, &err);
        return;
    }
    struct hk__deletion *d = hk_alloc(sizeof *d);
    d->scheduler = s;
    d->run = run != NULL && run->state == HK_RUN_QUEUED ? run : NULL;
    d->done = done;
    d->dag_id = hk_arena_strdup(&d->arena, dag_id);
    d->run_id = hk_arena_strdup(&d->arena, run_id);
    if (run != NULL) {
        run->deletion = d;
        hk__delete_if_saved(run); /* or when what is being saved of it has been saved */
        hk__drop_if_over(s, run); /* one that has ended goes once its last process is gone */
    } else {
        hk__delete(d);
    }
}

/* ---- delete one task instance ---- */

struct task_deletion {
    struct hk_scheduler *scheduler;
    struct hk_command_done done;
    struct hk_arena arena;
    struct hk_task_place place;
    int32_t map_index;
};

static bool delete_task(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct task_deletion *d = arg;
    return hk_store_task_delete(db, d->place.dag_id, d->place.run_id, d->place.task_id, d->map_index, err);
}

static void task_deleted(void *arg, const struct hk_error *err)
{
    struct task_deletion *d = arg;
    hk__written(d->scheduler);
    answer(d->done, err);
    hk_arena_clear(&d->arena);
    free(d);
}

void hk_scheduler_delete_task(struct hk_scheduler *s, const struct hk_task_place *place, int32_t map_index,
                              struct hk_command_done done)
{
    struct hk_error err;
    if (hk__active_run(s, place->dag_id, place->run_id) != NULL || is_being_changed(s, place->dag_id, place->run_id)) {
        hk_error_set(&err, HK_CONFLICT,
                     "run '%s' of dag '%s' has not ended; its task instances can be deleted once it has", place->run_id,
                     place->dag_id);
        answer(done, &err);
        return;
    }
    struct task_deletion *d = hk_alloc(sizeof *d);
    d->scheduler = s;
    d->done = done;
    d->place =
        (struct hk_task_place){hk_arena_strdup(&d->arena, place->dag_id), hk_arena_strdup(&d->arena, place->run_id),
                               hk_arena_strdup(&d->arena, place->task_id)};
    d->map_index = map_index;
    struct hk_write write = {delete_task, task_deleted, d, false};
    hk__submit(s, &write);
}
