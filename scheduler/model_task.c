/* Task instances in the model: one event, one row of the table, and all that follows from it. */
#include "scheduler/model_internal.h"

#include "engine/base/alloc.h"

static void count(struct hk_finished *finished, enum hk_task_state state, uint32_t by)
{
    switch (state) {
    case HK_TASK_SUCCESS:
        finished->success += by;
        break;
    case HK_TASK_SKIPPED:
        finished->skipped += by;
        break;
    case HK_TASK_FAILED:
        finished->failed += by;
        break;
    case HK_TASK_UPSTREAM_FAILED:
        finished->upstream_failed += by;
        break;
    case HK_TASK_REMOVED:
        finished->removed += by;
        break;
    default:
        break;
    }
}

void hk__count_finished(struct hk_run *run, uint32_t task, enum hk_task_state state, uint32_t by)
{
    const struct hk_task *t = &run->graph->tasks[task];
    for (uint32_t i = 0; i < t->downstream_count; i++) {
        count(&run->tasks[t->downstream[i]].upstream, state, by);
    }
    const struct hk_links *scope = run->scopes != NULL ? &run->graph->scopes[task] : NULL;
    for (uint32_t i = 0; scope != NULL && i < scope->downstream_count; i++) {
        count(&run->scopes[scope->downstream[i]], state, by);
    }
}

static void touch_downstream(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    const struct hk_task *t = &run->graph->tasks[task];
    for (uint32_t i = 0; i < t->downstream_count; i++) {
        hk_model_task_touch(m, run, t->downstream[i]);
    }
    const struct hk_links *scope = run->scopes != NULL ? &run->graph->scopes[task] : NULL;
    for (uint32_t i = 0; scope != NULL && i < scope->downstream_count; i++) {
        hk_model_task_touch(m, run, scope->downstream[i]);
    }
}

static void add_backlog(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    size_t cap = m->backlog_cap;
    hk_array_grow((void **)&m->backlog_runs, &cap, m->backlog_len + 1, sizeof(struct hk_run *));
    hk_array_grow((void **)&m->backlog_tasks, &m->backlog_cap, m->backlog_len + 1, sizeof *m->backlog_tasks);
    m->backlog_runs[m->backlog_len] = run;
    m->backlog_tasks[m->backlog_len++] = task;
    run->backlog_count++;
}

void hk_model_task_dispatched(struct hk_run *run, uint32_t task, bool is_dispatched)
{
    HK_ASSERT(run->tasks[task].is_dispatched != is_dispatched);
    run->tasks[task].is_dispatched = is_dispatched;
    run->dispatched += is_dispatched;
    run->dispatched -= !is_dispatched;
}

/* As Airflow's history: a try that was given up before it ended has failed. */
static void archive_try(struct hk_run *run, uint32_t task, enum hk_task_state old)
{
    const struct hk_ti *ti = &run->tasks[task];
    if (ti->try_number == 0 || old == HK_TASK_NONE) {
        return;
    }
    hk_array_grow((void **)&run->past_tries, &run->past_try_cap, run->past_try_count + 1, sizeof *run->past_tries);
    run->past_tries[run->past_try_count++] =
        (struct hk_past_try){.task = task,
                             .try_number = ti->try_number,
                             .starts = ti->starts,
                             .state = hk_task_state_is_finished(old) ? old : HK_TASK_FAILED,
                             .pid = ti->pid,
                             .exit_code = ti->exit_code,
                             .scheduled_us = ti->scheduled_us,
                             .queued_us = ti->queued_us,
                             .start_us = ti->start_us,
                             .end_us = ti->end_us};
}

/* A new try begins: with the XComs of the last one goes what it has decided. */
static void forget_xcoms(struct hk_run *run, uint32_t task)
{
    run->tasks[task].clear_xcoms = true;
    hk__forget_skips(run, task);
}

/* A person's clear or a lost worker begins the task's story anew, as far as the counters go. */
static void begin_anew(struct hk_run *run, uint32_t task, enum hk_task_state old)
{
    struct hk_ti *ti = &run->tasks[task];
    archive_try(run, task, old);
    forget_xcoms(run, task);
    ti->max_tries = ti->try_number + run->graph->tasks[task].retries;
    ti->scheduled_us = HK_TIME_NONE;
    ti->queued_us = HK_TIME_NONE;
    ti->start_us = HK_TIME_NONE;
    ti->end_us = HK_TIME_NONE;
    ti->retry_us = HK_TIME_NONE;
    ti->first_start_us = HK_TIME_NONE;
    ti->pid = 0;
}

/* Fields that change with the state. */
static void enter_state(struct hk_run *run, uint32_t task, enum hk_task_event event, enum hk_task_state old,
                        int64_t at_us)
{
    struct hk_ti *ti = &run->tasks[task];
    switch (ti->state) {
    case HK_TASK_NONE:
        begin_anew(run, task, old);
        break;
    case HK_TASK_SCHEDULED:
        if (event == HK_TASK_ON_SCHEDULE) {
            bool is_new_try = old != HK_TASK_UP_FOR_RESCHEDULE && old != HK_TASK_DEFERRED;
            if (old == HK_TASK_UP_FOR_RETRY) {
                archive_try(run, task, old);
                forget_xcoms(run, task);
            }
            ti->try_number += is_new_try;
            ti->first_start_us = is_new_try ? HK_TIME_NONE : ti->first_start_us;
        }
        ti->scheduled_us = at_us;
        ti->queued_us = HK_TIME_NONE;
        ti->start_us = HK_TIME_NONE;
        ti->end_us = HK_TIME_NONE;
        ti->retry_us = HK_TIME_NONE;
        ti->pid = 0;
        break;
    case HK_TASK_QUEUED:
        ti->queued_us = at_us;
        ti->starts++;
        break;
    case HK_TASK_RUNNING:
        ti->start_us = at_us;
        ti->first_start_us = ti->first_start_us == HK_TIME_NONE ? at_us : ti->first_start_us;
        break;
    case HK_TASK_DEFERRED:
        ti->is_awaited = false;
        ti->try_number += old == HK_TASK_NONE;
        ti->start_us = ti->start_us == HK_TIME_NONE ? at_us : ti->start_us;
        break;
    default:
        break;
    }
    if (hk_task_state_is_finished(ti->state) || ti->state == HK_TASK_UP_FOR_RETRY ||
        ti->state == HK_TASK_UP_FOR_RESCHEDULE) {
        bool never_ran = ti->start_us == HK_TIME_NONE;
        ti->start_us = never_ran ? at_us : ti->start_us;
        ti->end_us = at_us > ti->start_us ? at_us : ti->start_us;
        ti->try_number += event == HK_TASK_ON_SUCCEED && old == HK_TASK_NONE; /* nothing to run: one try all the same */
    }
}

void hk__add_wait_timer(struct hk_model *m, const struct hk_run *run, uint32_t task)
{
    int64_t timeout_us = run->graph->tasks[task].wait_timeout_us;
    if (timeout_us > 0) {
        hk__add_timer(m, HK_TIMER_TASK_DUE, run->tasks[task].start_us + timeout_us, run, task);
    }
}

bool hk_model_task_event(struct hk_model *m, struct hk_run *run, uint32_t task, enum hk_task_event event, int64_t at_us)
{
    struct hk_ti *ti = &run->tasks[task];
    enum hk_task_state old = ti->state;
    enum hk_task_state next = old;
    if (!hk_task_state_next(old, event, &next)) {
        return false;
    }
    ti->state = (uint8_t)next;
    run->state_count[old]--;
    run->state_count[next]++;
    if (next != HK_TASK_SCHEDULED) {
        ti->is_ready = false;
    }
    if (hk_task_state_holds_slot(old)) {
        hk__release_slot(m, run, task);
    }
    hk__withdraw(run, task);
    enter_state(run, task, event, old, at_us);
    if (hk_task_state_holds_slot(next)) {
        hk__take_slot(m, run, task);
    }
    hk_model_task_changed(m, run, task);
    hk_model_run_touch(m, run);
    bool is_news = hk_task_state_is_finished(old) || hk_task_state_is_finished(next);
    if (is_news) {
        hk__count_finished(run, task, old, (uint32_t)-1);
        hk__count_finished(run, task, next, 1);
        touch_downstream(m, run, task);
    }
    if (hk_task_state_is_finished(next)) {
        hk__tell_followers(m, run, task);
    }
    if (next == HK_TASK_NONE) {
        hk_model_task_touch(m, run, task);
    } else if (next == HK_TASK_SCHEDULED) {
        hk__make_ready(m, run, task);
    } else if (next == HK_TASK_QUEUED) {
        ti->is_committed = false;
        add_backlog(m, run, task);
    } else if (next == HK_TASK_UP_FOR_RETRY || next == HK_TASK_UP_FOR_RESCHEDULE) {
        hk__add_timer(m, HK_TIMER_TASK_DUE, ti->retry_us, run, task);
    } else if (next == HK_TASK_DEFERRED) {
        hk__add_wait_timer(m, run, task);
    }
    bool must_stop = ti->is_dispatched && (next == HK_TASK_RESTARTING || hk_task_state_is_finished(next)) &&
                     event != HK_TASK_ON_SUCCEED && event != HK_TASK_ON_FAIL;
    if (must_stop && m->on_stop != NULL) {
        m->on_stop(m->context, run, task, hk_task_event_name(event));
    }
    if (next == HK_TASK_RESTARTING && !ti->is_dispatched) {
        return hk_model_task_event(m, run, task, HK_TASK_ON_LOST, at_us); /* nothing to wait for */
    }
    hk_model_run_offer(m, run);
    return true;
}
