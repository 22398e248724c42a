/* Runs in the model: how they come, start, end and go. */
#include "scheduler/model_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

void hk_model_run_free(struct hk_run *run)
{
    if (run == NULL) {
        return;
    }
    hk_graph_unref(run->graph);
    for (size_t i = 0; i < run->lane_count; i++) {
        hk_heap_clear(&run->lanes[i].ready);
    }
    free(run->lanes);
    free(run->version_id);
    free(run->run_id);
    free(run->run_type);
    free(run->conf_json);
    free(run->triggering_user);
    free(run->note);
    free(run->asset_events);
    free(run->tasks);
    free(run->pools);
    free(run->scopes);
    free(run->dirty.items);
    free(run->changed.items);
    free(run->past_tries);
    free(run->skips);
    free(run->callback);
    free(run->prior_states);
    free(run);
}

struct hk_run *hk_model_run(struct hk_model *m, int64_t run_key)
{
    uint64_t at = 0;
    return hk_map_find(&m->run_by_key, hk__run_key_text(&run_key), &at) ? (struct hk_run *)(uintptr_t)at : NULL;
}

static bool runs_before(const struct hk_run *a, const struct hk_run *b)
{
    return a->run_after_us != b->run_after_us ? a->run_after_us < b->run_after_us : a->run_key < b->run_key;
}

void hk_model_run_add(struct hk_model *m, struct hk_run *run)
{
    struct hk_dag *dag = run->dag;
    hk_array_grow((void **)&dag->runs, &dag->run_cap, dag->run_count + 1, sizeof(struct hk_run *));
    size_t at = dag->run_count++;
    while (at > 0 && runs_before(run, dag->runs[at - 1])) {
        dag->runs[at] = dag->runs[at - 1];
        at--;
    }
    dag->runs[at] = run;
    run->saved_state = run->state;
    hk_map_set(&m->run_by_key, hk__run_key_text(&run->run_key), (uint64_t)(uintptr_t)run);
    hk__link_past(dag, run);
    if (run->state == HK_RUN_RUNNING) {
        dag->running_runs++;
    }
    hk_model_dag_wants_start(m, dag);
}

void hk_model_run_expand(struct hk_model *m, struct hk_run *run)
{
    const struct hk_graph *graph = run->graph;
    run->tasks = hk_alloc_array(graph->task_count, sizeof *run->tasks);
    run->pools = hk_alloc_array(graph->task_count, sizeof *run->pools);
    run->scopes = graph->scopes != NULL ? hk_alloc_array(graph->task_count, sizeof *run->scopes) : NULL;
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct hk_ti *ti = &run->tasks[t];
        *ti = (struct hk_ti){.saved_state = HK_TASK_UNSAVED,
                             .starts = run->starts_before,
                             .max_tries = graph->tasks[t].retries,
                             .scheduled_us = HK_TIME_NONE,
                             .queued_us = HK_TIME_NONE,
                             .start_us = HK_TIME_NONE,
                             .end_us = HK_TIME_NONE,
                             .retry_us = HK_TIME_NONE,
                             .first_start_us = HK_TIME_NONE};
        run->pools[t] = hk_model_pool(m, graph->tasks[t].pool);
    }
    run->state_count[HK_TASK_NONE] = graph->task_count;
}

void hk_model_run_begin(struct hk_model *m, struct hk_run *run)
{
    hk_model_run_expand(m, run);
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        hk_model_task_changed(m, run, t);
    }
}

static void list_add(struct hk_task_list *list, uint32_t task)
{
    hk_array_grow((void **)&list->items, &list->cap, list->len + 1, sizeof *list->items);
    list->items[list->len++] = task;
}

void hk_model_run_touch(struct hk_model *m, struct hk_run *run)
{
    if (!run->is_dirty) {
        run->is_dirty = true;
        hk_array_grow((void **)&m->dirty_runs, &m->dirty_run_cap, m->dirty_run_count + 1, sizeof(struct hk_run *));
        m->dirty_runs[m->dirty_run_count++] = run;
    }
}

void hk_model_task_touch(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    if (!run->tasks[task].is_dirty) {
        run->tasks[task].is_dirty = true;
        list_add(&run->dirty, task);
    }
    hk_model_run_touch(m, run);
}

void hk__run_changed(struct hk_model *m, struct hk_run *run)
{
    if (!run->is_changed) {
        run->is_changed = true;
        hk_array_grow((void **)&m->changed_runs, &m->changed_run_cap, m->changed_run_count + 1,
                      sizeof(struct hk_run *));
        m->changed_runs[m->changed_run_count++] = run;
    }
}

void hk_model_task_changed(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    if (!run->tasks[task].is_changed) {
        run->tasks[task].is_changed = true;
        list_add(&run->changed, task);
    }
    hk__run_changed(m, run);
}

void hk_model_run_touch_all(struct hk_model *m, struct hk_run *run)
{
    hk_model_run_touch(m, run);
    if (run->tasks == NULL) {
        return;
    }
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        struct hk_ti *ti = &run->tasks[t];
        if (hk_task_state_is_finished(ti->state)) {
            continue;
        }
        hk_model_task_touch(m, run, t);
        if (ti->state == HK_TASK_UP_FOR_RETRY || ti->state == HK_TASK_UP_FOR_RESCHEDULE) {
            hk__add_timer(m, HK_TIMER_TASK_DUE, ti->retry_us, run, t); /* its own may have fired in vain */
        }
        if (ti->state == HK_TASK_SCHEDULED && !ti->is_ready) {
            hk__make_ready(m, run, t);
        }
    }
}

bool hk_model_run_is_active(const struct hk_run *run)
{
    static const enum hk_task_state states[] = {HK_TASK_SCHEDULED,        HK_TASK_QUEUED,   HK_TASK_RUNNING,
                                                HK_TASK_RESTARTING,       HK_TASK_DEFERRED, HK_TASK_UP_FOR_RETRY,
                                                HK_TASK_UP_FOR_RESCHEDULE};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (run->state_count[states[i]] > 0) {
            return true;
        }
    }
    return run->dispatched > 0; /* a job of a task that was cleared is still to end */
}

void hk__start_run_timer(struct hk_model *m, const struct hk_run *run)
{
    if (run->graph->run_timeout_us > 0 && run->start_us != HK_TIME_NONE) {
        hk__add_timer(m, HK_TIMER_RUN_TIMEOUT, run->start_us + run->graph->run_timeout_us, run, 0);
    }
}

void hk_model_run_event(struct hk_model *m, struct hk_run *run, enum hk_run_event event, int64_t now_us)
{
    enum hk_run_state next = run->state;
    if (!hk_run_state_next(run->state, event, &next)) {
        return;
    }
    struct hk_dag *dag = run->dag;
    bool was_running = run->state == HK_RUN_RUNNING;
    run->state = next;
    run->is_row_changed = true;
    hk__run_changed(m, run);
    dag->running_runs -= was_running;
    dag->running_runs += next == HK_RUN_RUNNING;
    if (event == HK_RUN_ON_START) {
        run->start_us = run->start_us == HK_TIME_NONE ? now_us : run->start_us;
        run->end_us = HK_TIME_NONE;
        if (run->tasks == NULL) {
            hk_model_run_begin(m, run);
        }
        hk_model_run_touch_all(m, run);
        hk__start_run_timer(m, run);
    } else if (next == HK_RUN_QUEUED) {
        free(run->callback); /* the end it belongs to was never saved */
        run->callback = NULL;
        run->queued_us = now_us;
        run->start_us = HK_TIME_NONE;
        run->end_us = HK_TIME_NONE;
        hk_model_dag_wants_start(m, dag);
    } else if (hk_run_state_is_finished(next)) {
        run->end_us = now_us;
        dag->failed_in_row = next == HK_RUN_FAILED ? dag->failed_in_row + 1 : 0;
        hk_model_dag_wants_start(m, dag);
    }
}

void hk_model_run_drop(struct hk_model *m, struct hk_run *run)
{
    struct hk_dag *dag = run->dag;
    HK_ASSERT(!run->is_dirty && !run->is_changed && !run->is_saving);
    HK_ASSERT(run->dispatched == 0 && run->backlog_count == 0);
    hk__unlink_past(dag, run);
    for (size_t i = 0; i < dag->run_count; i++) {
        if (dag->runs[i] == run) {
            memmove(dag->runs + i, dag->runs + i + 1, (dag->run_count - i - 1) * sizeof(struct hk_run *));
            dag->run_count--;
            break;
        }
    }
    hk_map_remove(&m->run_by_key, hk__run_key_text(&run->run_key));
    hk_model_run_free(run);
}

void hk_model_run_loaded(struct hk_model *m, struct hk_run *run, int64_t now_us)
{
    const struct hk_graph *graph = run->graph;
    memset(run->state_count, 0, sizeof run->state_count);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct hk_ti *ti = &run->tasks[t];
        enum hk_task_state state = ti->state;
        run->state_count[state]++;
        if (hk_task_state_is_finished(state)) {
            hk__count_finished(run, t, state, 1);
        } else if (hk_task_state_holds_slot(state)) {
            hk__take_slot(m, run, t);
        } else if (state == HK_TASK_UP_FOR_RETRY || state == HK_TASK_UP_FOR_RESCHEDULE) {
            int64_t due = ti->retry_us != HK_TIME_NONE ? ti->retry_us : now_us;
            ti->retry_us = due;
            hk__add_timer(m, HK_TIMER_TASK_DUE, due, run, t);
        } else if (state == HK_TASK_DEFERRED) {
            hk__add_wait_timer(m, run, t);
        }
    }
    if (run->state == HK_RUN_RUNNING) {
        hk_model_run_touch_all(m, run);
        hk__start_run_timer(m, run);
    }
}
