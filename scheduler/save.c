#include "scheduler/scheduler_internal.h"

#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/event_store.h"

struct task_change {
    struct hk_run *run; /* alive: run->is_saving */
    const struct hk_task *task;
    struct hk_task_row row;
    uint8_t from; /* enum hk_task_state or HK_TASK_UNSAVED */
    bool clear_xcoms;
};

struct try_change {
    int64_t run_key;
    struct hk_task_row row;
};

struct run_change {
    struct hk_run *run;
    struct hk_run_row row;
    enum hk_run_state from;
    char *callback; /* NULL: none is owed */
};

/* One transaction: rows as they were when it was made, so that the model may go on changing. */
struct hk__save {
    struct hk_scheduler *scheduler;
    struct hk_run **runs; /* all that are part of it */
    size_t run_count;
    struct run_change *run_changes;
    size_t run_change_count;
    struct task_change *tasks;
    size_t task_count;
    struct try_change *tries;
    size_t try_count;
    struct hk__xcom *xcoms;
    size_t xcom_count;
    struct hk__outlet *outlets;
    size_t outlet_count;
    struct hk__ack *acks;
    size_t ack_count;
    struct hk__stop *stops;
    size_t stop_count;
    int64_t now_us;
};

void hk__ack_add(struct hk_scheduler *s, struct hk__ack ack)
{
    hk_array_grow((void **)&s->acks, &s->ack_cap, s->ack_count + 1, sizeof *s->acks);
    s->acks[s->ack_count++] = ack;
    hk__wake(s);
}

bool hk__save_is_pending(const struct hk_scheduler *s)
{
    return s->saving != NULL || s->model.changed_run_count > 0 || s->ack_count > 0 || s->xcom_count > 0 ||
           s->outlet_count > 0 || (s->stop_count > 0 && s->is_started);
}

static void free_xcoms(struct hk__xcom *xcoms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(xcoms[i].task_id);
        free(xcoms[i].value);
    }
    free(xcoms);
}

void hk__save_free(struct hk__save *save)
{
    if (save != NULL) {
        free_xcoms(save->xcoms, save->xcom_count);
        hk__outlets_free(save->outlets, save->outlet_count);
        for (size_t i = 0; i < save->run_change_count; i++) {
            free(save->run_changes[i].callback);
        }
        free(save->runs);
        free(save->run_changes);
        free(save->tasks);
        free(save->tries);
        free(save->acks);
        free(save->stops);
        free(save);
    }
}

static struct hk_callback_row owed_by(const struct run_change *c)
{
    return (struct hk_callback_row){c->row.run_key, c->row.end_us, c->callback};
}

/* ---- writer thread ---- */

static bool write_task(struct hk_db *db, const struct task_change *c, struct hk_error *err)
{
    int64_t run_key = c->run->run_key; /* never changes while the run is saving */
    if (c->clear_xcoms && !hk_store_xcoms_clear(db, run_key, hk_str_from(c->task->task_id), c->row.map_index, err)) {
        return false;
    }
    if (c->from == HK_TASK_UNSAVED) {
        return hk_store_task_insert(db, run_key, c->task, &c->row, err);
    }
    return hk_store_task_update(db, run_key, &c->row, (enum hk_task_state)c->from, err);
}

/* What a run is named by never changes, and it is in memory while it is being saved. */
static bool tell_end(struct hk_db *db, const struct run_change *c, struct hk_error *err)
{
    if (!hk_run_state_is_finished(c->row.state) || c->row.state == c->from) {
        return true;
    }
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk_run_event_text end = {c->run->dag->dag_id, c->run->run_id,
                                    c->run->run_type,    hk_run_state_name(c->row.state),
                                    c->run->logical_us,  c->row.end_us};
    struct hk_event event = hk_event_of_run(&end, &arena);
    bool ok = hk_store_event_add(db, &event, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool write_save(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk__save *save = arg;
    for (size_t i = 0; i < save->run_change_count; i++) {
        const struct run_change *c = &save->run_changes[i];
        struct hk_callback_row owed = owed_by(c);
        if (!hk_store_run_update(db, &c->row, c->from, err) ||
            (c->callback != NULL && !hk_store_callback_owe(db, &owed, err)) || !tell_end(db, c, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < save->outlet_count; i++) {
        if (!hk__outlet_write(db, &save->outlets[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < save->xcom_count; i++) {
        struct hk__xcom *x = &save->xcoms[i];
        if (!hk_store_xcom_set(db, x->run_key, hk_str_from(x->task_id), x->map_index, HK_STR("return_value"),
                               (struct hk_str){x->value, x->value_len}, save->now_us, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < save->try_count; i++) {
        if (!hk_store_task_archive(db, save->tries[i].run_key, &save->tries[i].row, err)) {
            return false;
        }
    }
    /* After the XComs: those of a try that has been cleared since go as well. */
    for (size_t i = 0; i < save->task_count; i++) {
        if (!write_task(db, &save->tasks[i], err)) {
            return false;
        }
    }
    return true;
}

/* ---- loop thread ---- */

static void mark_committed(struct hk__save *save)
{
    for (size_t i = 0; i < save->task_count; i++) {
        struct task_change *c = &save->tasks[i];
        struct hk_ti *ti = &c->run->tasks[c->row.task];
        if (c->row.state == HK_TASK_QUEUED && ti->state == HK_TASK_QUEUED && ti->starts == c->row.starts) {
            ti->is_committed = true;
        }
    }
}

static void observe(struct hk_scheduler *s, struct hk__save *save)
{
    if (s->options.observe == NULL) {
        return;
    }
    for (size_t i = 0; i < save->task_count; i++) {
        s->options.observe(s->options.context, save->tasks[i].run, save->tasks[i].row.task);
    }
    for (size_t i = 0; i < save->run_change_count; i++) {
        s->options.observe(s->options.context, save->run_changes[i].run, -1);
    }
}

static void call_callbacks(struct hk_scheduler *s, const struct hk__save *save)
{
    for (size_t i = 0; i < save->run_change_count; i++) {
        struct hk_callback_row owed = owed_by(&save->run_changes[i]);
        if (owed.request_json != NULL) {
            s->options.call(s->options.context, &owed);
        }
    }
}

static bool may_drop(const struct hk_run *run)
{
    bool is_saved = !run->is_changed && !run->is_dirty && !run->is_saving;
    return hk_run_state_is_finished(run->state) && is_saved && run->backlog_count == 0 && run->dispatched == 0;
}

void hk__drop_if_over(struct hk_scheduler *s, struct hk_run *run)
{
    if (may_drop(run)) {
        struct hk_dag *dag = run->dag;
        struct hk__deletion *deletion = run->deletion;
        hk_model_run_drop(&s->model, run);
        if (deletion != NULL) {
            hk__delete(deletion);
        }
        hk__due(s, dag);
        hk__wake(s);
    }
}

static void save_done(void *arg, const struct hk_error *err)
{
    struct hk__save *save = arg;
    struct hk_scheduler *s = save->scheduler;
    if (err != NULL) {
        HK_ASSERT(err->code != HK_CONFLICT); /* somebody else wrote our rows: the model cannot be trusted */
        hk__complain(s, err);
        s->has_failed_save = true;
        hk__retry_later(s);
        return;
    }
    hk__uncomplain(s);
    s->saving = NULL;
    for (size_t i = 0; i < save->run_count; i++) {
        save->runs[i]->is_saving = false;
    }
    mark_committed(save);
    observe(s, save);
    call_callbacks(s, save);
    for (size_t i = 0; i < save->ack_count; i++) {
        struct hk__ack *ack = &save->acks[i];
        if (ack->call != NULL) {
            ack->call(ack->arg, NULL);
        } else if (ack->plain != NULL) {
            ack->plain(ack->arg);
        }
    }
    hk__send_stops(s, save->stops, save->stop_count);
    for (size_t i = 0; i < save->run_count; i++) {
        if (save->runs[i]->deletion != NULL) {
            hk__delete_if_saved(save->runs[i]);
        }
        hk__drop_if_over(s, save->runs[i]);
    }
    hk__save_free(save);
    hk__wake(s);
}

static void submit(struct hk__save *save)
{
    struct hk_write write = {write_save, save_done, save, false};
    hk_store_submit(save->scheduler->options.store, &write);
}

void hk__save_retry(struct hk_scheduler *s)
{
    if (s->has_failed_save) {
        s->has_failed_save = false;
        submit(s->saving);
    }
}

static void collect_task(struct hk__save *save, struct hk_run *run, uint32_t t)
{
    struct hk_ti *ti = &run->tasks[t];
    save->tasks[save->task_count++] = (struct task_change){
        .run = run,
        .task = &run->graph->tasks[t],
        .row = {.task = t,
                .map_index = -1,
                .state = ti->state,
                .starts = ti->starts,
                .try_number = ti->try_number,
                .max_tries = ti->max_tries,
                .scheduled_us = ti->scheduled_us,
                .queued_us = ti->queued_us,
                .start_us = ti->start_us,
                .end_us = ti->end_us,
                .retry_us = ti->retry_us,
                .first_start_us = ti->first_start_us,
                .pid = ti->pid,
                .exit_code = ti->exit_code},
        .from = ti->saved_state,
        .clear_xcoms = ti->clear_xcoms && ti->saved_state != HK_TASK_UNSAVED,
    };
    ti->saved_state = ti->state;
    ti->clear_xcoms = false;
    ti->is_changed = false;
}

static void collect_try(struct hk__save *save, const struct hk_run *run, const struct hk_past_try *past)
{
    save->tries[save->try_count++] = (struct try_change){
        .run_key = run->run_key,
        .row = {.task = past->task,
                .map_index = -1,
                .state = past->state,
                .starts = past->starts,
                .try_number = past->try_number,
                .scheduled_us = past->scheduled_us,
                .queued_us = past->queued_us,
                .start_us = past->start_us,
                .end_us = past->end_us,
                .retry_us = HK_TIME_NONE,
                .first_start_us = HK_TIME_NONE,
                .pid = past->pid,
                .exit_code = past->exit_code},
    };
}

static void collect_run(struct hk__save *save, struct hk_run *run)
{
    run->is_changed = false;
    run->is_saving = true;
    save->runs[save->run_count++] = run;
    run->decided_us = save->now_us;
    if (run->is_row_changed) {
        run->is_row_changed = false;
        save->run_changes[save->run_change_count++] = (struct run_change){.run = run,
                                                                          .from = run->saved_state,
                                                                          .callback = run->callback,
                                                                          .row = {.run_key = run->run_key,
                                                                                  .state = run->state,
                                                                                  .queued_us = run->queued_us,
                                                                                  .start_us = run->start_us,
                                                                                  .end_us = run->end_us,
                                                                                  .decided_us = run->decided_us,
                                                                                  .clear_number = run->clear_number}};
        run->saved_state = run->state;
        run->callback = NULL;
    }
    for (size_t i = 0; i < run->changed.len; i++) {
        collect_task(save, run, run->changed.items[i]);
    }
    run->changed.len = 0;
    for (size_t i = 0; i < run->past_try_count; i++) {
        collect_try(save, run, &run->past_tries[i]);
    }
    run->past_try_count = 0;
}

void hk__save_changes(struct hk_scheduler *s)
{
    struct hk_model *m = &s->model;
    if (s->saving != NULL || !hk__save_is_pending(s)) {
        return;
    }
    struct hk__save *save = hk_alloc(sizeof *save);
    save->scheduler = s;
    save->now_us = hk__now(s);
    size_t tasks = 0;
    size_t tries = 0;
    for (size_t i = 0; i < m->changed_run_count; i++) {
        tasks += m->changed_runs[i]->changed.len;
        tries += m->changed_runs[i]->past_try_count;
    }
    save->runs = hk_alloc_array(m->changed_run_count, sizeof(struct hk_run *));
    save->run_changes = hk_alloc_array(m->changed_run_count, sizeof *save->run_changes);
    save->tasks = hk_alloc_array(tasks, sizeof *save->tasks);
    save->tries = hk_alloc_array(tries, sizeof *save->tries);
    for (size_t i = 0; i < m->changed_run_count; i++) {
        collect_run(save, m->changed_runs[i]);
    }
    m->changed_run_count = 0;
    save->xcoms = s->xcoms;
    save->xcom_count = s->xcom_count;
    s->xcoms = NULL;
    s->xcom_count = 0;
    s->xcom_cap = 0;
    save->outlets = s->outlets;
    save->outlet_count = s->outlet_count;
    s->outlets = NULL;
    s->outlet_count = 0;
    s->outlet_cap = 0;
    save->acks = s->acks;
    save->ack_count = s->ack_count;
    s->acks = NULL;
    s->ack_count = 0;
    s->ack_cap = 0;
    if (s->is_started) { /* before, the executor is still looking for its jobs */
        save->stops = s->stops;
        save->stop_count = s->stop_count;
        s->stops = NULL;
        s->stop_count = 0;
        s->stop_cap = 0;
    }
    s->saving = save;
    submit(save);
}
