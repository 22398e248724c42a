#include "scheduler/scheduler_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/dag_store.h"
#include "scheduler/tick.h"

enum {
    MAX_ROUNDS = 1000000,    /* of a tick; each must have decided something, so this is only against a bug */
    COMPLAINT_US = 60000000, /* between lines in the log that say so */
    RETRY_US = 1000000, /* between tries of what the database could not do: a full disk needs somebody to see to it */
};

struct hk_scheduler *hk_scheduler_new(const struct hk_scheduler_options *options)
{
    struct hk_scheduler *s = hk_alloc(sizeof *s);
    s->options = *options;
    s->retry_us = HK_TIME_NONE;
    hk_model_init(&s->model, 0);
    s->model.on_stop = hk__stop_job;
    s->model.context = s;
    return s;
}

void hk_scheduler_free(struct hk_scheduler *s)
{
    if (s == NULL) {
        return;
    }
    hk__deletions_free(s);
    hk_model_clear(&s->model);
    hk_arena_clear(&s->arena);
    hk__save_free(s->saving);
    hk__reload_free(s);
    hk__assets_end(s);
    hk__outlets_free(s->outlets, s->outlet_count);
    for (size_t i = 0; i < s->xcom_count; i++) {
        free(s->xcoms[i].task_id);
        free(s->xcoms[i].value);
    }
    free(s->xcoms);
    free(s->acks);
    free(s->stops);
    free(s->recovering);
    free(s->due_dags);
    free(s->timeouts);
    free(s->waiters);
    free(s->unlooked);
    free(s);
}

void hk_scheduler_set_executor(struct hk_scheduler *s, const struct hk_executor *executor)
{
    s->executor = *executor;
}

void hk__wake(struct hk_scheduler *s)
{
    if (!s->is_awake) {
        s->is_awake = true;
        s->options.wake(s->options.context);
    }
}

void hk__due(struct hk_scheduler *s, struct hk_dag *dag)
{
    if (dag->is_due) {
        return;
    }
    dag->is_due = true;
    hk_array_grow((void **)&s->due_dags, &s->due_dag_cap, s->due_dag_count + 1, sizeof(struct hk_dag *));
    s->due_dags[s->due_dag_count++] = dag;
}

void hk_scheduler_stop(struct hk_scheduler *s)
{
    s->is_stopping = true;
}

/* What cannot be written when all is to end is left undone, or a full disk would keep the engine from ending: nothing
 * was acted upon, and the next engine decides it anew. */
bool hk_scheduler_is_idle(const struct hk_scheduler *s)
{
    bool gives_up = s->is_stopping && s->retry_us != HK_TIME_NONE;
    return s->writes == 0 && (gives_up || (!hk__save_is_pending(s) && s->failed_reloads == NULL));
}

void hk__submit(struct hk_scheduler *s, const struct hk_write *write)
{
    s->writes++;
    hk_store_submit(s->options.store, write);
}

void hk__written(struct hk_scheduler *s)
{
    s->writes--;
}

const struct hk_model *hk_scheduler_model(const struct hk_scheduler *s)
{
    return &s->model;
}

/* ---- what is due ---- */

static void fire_timer(struct hk_scheduler *s, const struct hk_heap_entry *timer)
{
    struct hk_model *m = &s->model;
    if (timer->order[1] == HK_TIMER_DAG_DUE) {
        struct hk_dag *dag = timer->owner;
        dag->armed_us = dag->armed_us == timer->order[0] ? HK_TIME_NONE : dag->armed_us;
        hk__due(s, dag);
        hk_model_dag_wants_start(m, dag);
        return;
    }
    struct hk_run *run = hk_model_run(m, (int64_t)timer->detail);
    if (run == NULL || run->tasks == NULL) {
        return;
    }
    if (timer->order[1] == HK_TIMER_TASK_DUE) {
        hk_model_task_touch(m, run, (uint32_t)timer->order[2]);
    } else if (run->state == HK_RUN_RUNNING && run->start_us + run->graph->run_timeout_us <= timer->order[0]) {
        hk_array_grow((void **)&s->timeouts, &s->timeout_cap, s->timeout_count + 1, sizeof(struct hk_run *));
        s->timeouts[s->timeout_count++] = run;
    }
}

static void fire_timers(struct hk_scheduler *s, int64_t now_us)
{
    struct hk_heap *timers = &s->model.timers;
    struct hk_heap_entry timer;
    while (timers->len > 0 && timers->entries[0].order[0] <= now_us && hk_heap_pop(timers, &timer)) {
        fire_timer(s, &timer);
    }
}

static void *copy(struct hk_arena *arena, const void *items, size_t count)
{
    void *out = hk_arena_array(arena, count, sizeof(void *));
    if (count > 0) {
        memcpy(out, items, count * sizeof(void *));
    }
    return out;
}

/* Takes what is due out of the model's queues. */
static void collect(struct hk_scheduler *s, struct hk_due *due)
{
    struct hk_model *m = &s->model;
    *due = (struct hk_due){.dag_count = s->due_dag_count,
                           .start_dag_count = m->start_dag_count,
                           .run_count = m->dirty_run_count,
                           .timeout_count = s->timeout_count};
    due->dags = copy(&s->arena, s->due_dags, due->dag_count);
    due->start_dags = copy(&s->arena, m->start_dags, due->start_dag_count);
    due->runs = copy(&s->arena, m->dirty_runs, due->run_count);
    due->timeouts = copy(&s->arena, s->timeouts, due->timeout_count);
    due->candidate_count = hk_model_take_ready(m, &s->arena, &due->candidates);
    s->due_dag_count = 0;
    s->timeout_count = 0;
    m->start_dag_count = 0;
    m->dirty_run_count = 0;
    for (size_t i = 0; i < due->dag_count; i++) {
        due->dags[i]->is_due = false;
    }
    for (size_t i = 0; i < due->start_dag_count; i++) {
        due->start_dags[i]->wants_start = false;
    }
}

/* ---- decisions ---- */

static void end_all(struct hk_scheduler *s, struct hk_run *run, enum hk_task_event event, int64_t now_us)
{
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        if (!hk_task_state_is_finished(run->tasks[t].state)) {
            hk_model_task_event(&s->model, run, t, event, now_us);
        }
    }
}

/* The run has just ended; its row is about to be saved. */
static void owe_callback(struct hk_scheduler *s, struct hk_run *run, const char *reason)
{
    if (s->options.callback != NULL) {
        free(run->callback);
        run->callback = s->options.callback(s->options.context, run, reason);
    }
}

static void finish_run(struct hk_scheduler *s, const struct hk_decision *d, int64_t now_us)
{
    struct hk_run *run = d->run;
    hk_model_run_event(&s->model, run, d->run_event, now_us);
    owe_callback(s, run, d->callback_reason);
    hk__due(s, run->dag);
    hk_log(HK_INFO, "scheduler", "run ended", HK_KEY("dag", run->dag->dag_id), HK_KEY("run", run->run_id),
           HK_KEY("state", hk_run_state_name(run->state)), HK_KEY("why", d->reason));
    uint32_t limit = run->graph->max_consecutive_failed_runs;
    if (limit > 0 && run->dag->failed_in_row >= limit && !run->dag->is_paused) {
        hk_log(HK_WARN, "scheduler", "dag paused: too many failed runs in a row", HK_KEY("dag", run->dag->dag_id));
        hk_scheduler_pause(s, run->dag->dag_id, true, (struct hk_command_done){NULL, NULL});
    }
}

static void apply(struct hk_scheduler *s, const struct hk_due *due, const struct hk_decision *d, int64_t now_us)
{
    struct hk_model *m = &s->model;
    switch (d->kind) {
    case HK_DECIDE_CREATE_RUN:
        hk__create_automated(s, d->dag);
        break;
    case HK_DECIDE_START_RUN:
        hk_model_run_event(m, d->run, HK_RUN_ON_START, now_us);
        break;
    case HK_DECIDE_TASK:
        if (hk_model_task_event(m, d->run, d->task, d->event, now_us) && d->event == HK_TASK_ON_SUCCEED) {
            hk__take_outlets(s, d->run, d->task, NULL);
        } else if (d->run->tasks[d->task].state == HK_TASK_DEFERRED) {
            hk__wait_begin(s, d->run, d->task);
        }
        break;
    case HK_DECIDE_QUEUE:
        due->candidates[d->candidate].run = NULL; /* chosen: does not go back */
        hk_model_task_event(m, d->run, d->task, HK_TASK_ON_QUEUE, now_us);
        break;
    case HK_DECIDE_HOLD_FOR_RUN:
        hk_model_hold_for_run(m, &due->candidates[d->candidate]);
        due->candidates[d->candidate].run = NULL;
        break;
    case HK_DECIDE_HOLD_FOR_DAG:
        hk_model_hold_for_dag(m, &due->candidates[d->candidate]);
        due->candidates[d->candidate].run = NULL;
        break;
    case HK_DECIDE_FINISH_RUN:
        finish_run(s, d, now_us);
        break;
    case HK_DECIDE_TIMEOUT_RUN:
        end_all(s, d->run, HK_TASK_ON_SET_SKIPPED, now_us);
        hk_model_run_event(m, d->run, HK_RUN_ON_FAIL, now_us);
        owe_callback(s, d->run, d->callback_reason);
        hk__due(s, d->run->dag);
        hk_log(HK_WARN, "scheduler", "run timed out", HK_KEY("dag", d->run->dag->dag_id),
               HK_KEY("run", d->run->run_id));
        break;
    }
}

static void rearm(struct hk_scheduler *s, const struct hk_due *due, int64_t now_us)
{
    for (size_t i = 0; i < due->dag_count; i++) {
        hk_model_dag_rearm(&s->model, due->dags[i], now_us);
    }
    for (size_t i = 0; i < due->start_dag_count; i++) {
        hk_model_dag_rearm(&s->model, due->start_dags[i], now_us);
    }
}

/* The dirty marks have been looked at; what the decisions themselves dirty is for the next round. */
static void clear_marks(const struct hk_due *due)
{
    for (size_t i = 0; i < due->run_count; i++) {
        struct hk_run *run = due->runs[i];
        run->is_dirty = false;
        for (size_t k = 0; k < run->dirty.len; k++) {
            run->tasks[run->dirty.items[k]].is_dirty = false;
        }
        run->dirty.len = 0;
    }
}

static bool round_of_decisions(struct hk_scheduler *s, int64_t now_us)
{
    struct hk_due due;
    struct hk_decisions decisions;
    collect(s, &due);
    hk_tick(&s->model, &due, now_us, &s->arena, &decisions);
    clear_marks(&due);
    for (size_t i = 0; i < decisions.len; i++) {
        apply(s, &due, &decisions.items[i], now_us);
    }
    for (size_t i = 0; i < due.candidate_count; i++) {
        if (due.candidates[i].run != NULL) {
            hk_model_return(&s->model, &due.candidates[i]);
        }
    }
    rearm(s, &due, now_us);
    for (size_t i = 0; i < due.run_count; i++) {
        hk__drop_if_over(s, due.runs[i]);
    }
    hk_arena_reset(&s->arena);
    return decisions.len > 0;
}

static void set_timer(struct hk_scheduler *s)
{
    const struct hk_heap *timers = &s->model.timers;
    bool works = s->is_started && !s->is_stopping; /* else no timer is fired, and one that is due would never pass */
    int64_t at_us = works && timers->len > 0 ? timers->entries[0].order[0] : HK_TIME_NONE;
    if (s->retry_us != HK_TIME_NONE && (at_us == HK_TIME_NONE || s->retry_us < at_us)) {
        at_us = s->retry_us;
    }
    s->options.set_timer(s->options.context, at_us);
}

void hk__complain(struct hk_scheduler *s, const struct hk_error *err)
{
    int64_t now_us = hk_clock_monotonic_us(s->options.clock);
    if (!s->is_failing || now_us >= s->complaint_us) {
        hk_log(HK_ERROR, "scheduler",
               "the database cannot be written; nothing is lost, and nothing begins until it can",
               HK_KEY("why", err->message));
        s->complaint_us = now_us + COMPLAINT_US;
    }
    s->is_failing = true;
}

void hk__uncomplain(struct hk_scheduler *s)
{
    if (s->is_failing) {
        hk_log(HK_INFO, "scheduler", "the database can be written again");
    }
    s->is_failing = false;
}

bool hk_scheduler_is_failing(const struct hk_scheduler *s)
{
    return s->is_failing;
}

void hk__retry_later(struct hk_scheduler *s)
{
    if (s->retry_us == HK_TIME_NONE) {
        s->retry_us = hk__now(s) + RETRY_US;
    }
    hk__wake(s);
}

static void retry(struct hk_scheduler *s, int64_t now_us)
{
    if (s->retry_us != HK_TIME_NONE && s->retry_us <= now_us) {
        s->retry_us = HK_TIME_NONE;
        hk__save_retry(s);
        hk__reload_retry(s);
        hk__assets_retry(s);
        hk__waiting_retry(s);
    }
}

void hk_scheduler_step(struct hk_scheduler *s)
{
    s->is_awake = false;
    int64_t now_us = hk__now(s);
    retry(s, now_us);
    if (s->is_started && !s->is_stopping) {
        fire_timers(s, now_us);
        s->model.window = s->executor.parallelism + 2 * hk__spare(s);
        int rounds = 0;
        while (round_of_decisions(s, now_us)) {
            HK_ASSERT(++rounds < MAX_ROUNDS);
        }
    }
    hk__drop_deleted(s);
    hk__save_changes(s);
    hk__dispatch(s);
    set_timer(s);
}

/* ---- DAGs and pools ---- */

bool hk_scheduler_dag_put(struct hk_scheduler *s, const struct hk_dag_update *update, struct hk_error *err)
{
    struct hk_timetable *timetable = NULL;
    if (!hk_timetable_new(&update->graph->schedule, &timetable, err)) {
        return false;
    }
    struct hk_dag *dag = hk_model_dag_add(&s->model, hk_str_from(update->graph->dag_id));
    bool is_new = dag->graph == NULL || dag->is_deleted;
    hk_model_dag_set_graph(&s->model, dag, update->graph, timetable);
    dag->version_key = update->version_key;
    free(dag->version_id);
    dag->version_id = hk_strdup(update->version_id);
    dag->is_stale = false;
    dag->is_deleted = false;
    if (is_new) {
        dag->is_paused = update->is_paused;
        dag->last_start_us = update->last_start_us;
        dag->last_end_us = update->last_end_us;
        dag->failed_in_row = update->failed_in_row;
        for (size_t i = 0; i < dag->run_count; i++) {
            hk_model_run_touch_all(&s->model, dag->runs[i]);
        }
    }
    hk_model_dag_plan(&s->model, dag, hk__now(s));
    hk__assets_load(s, dag);
    hk__note_next(s, dag);
    hk__due(s, dag);
    hk_model_dag_wants_start(&s->model, dag);
    hk__wake(s);
    return true;
}

void hk_scheduler_dag_gone(struct hk_scheduler *s, const char *dag_id)
{
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(dag_id));
    if (dag != NULL && !dag->is_stale) {
        dag->is_stale = true;
        dag->has_next = false;
    }
}

void hk_scheduler_dag_deleted(struct hk_scheduler *s, const char *dag_id)
{
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(dag_id));
    if (dag != NULL) {
        hk_scheduler_dag_gone(s, dag_id);
        dag->is_deleted = true;
    }
}

void hk_scheduler_pool_put(struct hk_scheduler *s, const char *name, int64_t slots)
{
    hk_model_pool_set(&s->model, name, slots);
    hk__wake(s);
}
