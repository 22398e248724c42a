#include "scheduler/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/civil.h"
#include "engine/base/limits.h"
#include "scheduler/scheduler_internal.h"
#include "scheduler/tick.h"

struct looker {
    const struct hk_scheduler *s;
    const struct hk_run *run;
    const struct hk_task *task;
    const struct hk_ti *ti; /* NULL: the run has not begun */
    enum hk_task_state state;
    int64_t now_us;
    struct hk_arena *arena;
    struct hk_explanations *out;
};

static void add(struct looker *l, const char *name, const char *reason)
{
    struct hk_explanations *out = l->out;
    if (out->count == out->cap) {
        size_t cap = out->cap == 0 ? 8 : out->cap * 2;
        struct hk_explanation *items = hk_arena_array(l->arena, cap, sizeof *items);
        if (out->count > 0) {
            memcpy(items, out->items, out->count * sizeof *items);
        }
        out->items = items;
        out->cap = cap;
    }
    out->items[out->count++] = (struct hk_explanation){name, reason};
}

static const char *iso(const struct looker *l, int64_t at_us)
{
    char text[HK_ISO_SIZE];
    hk_iso_offset(at_us, text);
    return hk_arena_strdup(l->arena, text);
}

/* ---- the run ---- */

static void explain_run(struct looker *l)
{
    const struct hk_run *run = l->run;
    const struct hk_dag *dag = run->dag;
    if (dag->is_paused) {
        add(l, "Dag Not Paused", hk_arena_printf(l->arena, "Task's DAG '%s' is paused.", dag->dag_id));
    }
    if (run->state == HK_RUN_RUNNING) {
        return;
    }
    add(l, "Dagrun Running",
        hk_arena_printf(l->arena, "Task instance's dagrun was not in the 'running' state but in the state '%s'.",
                        hk_run_state_name(run->state)));
    uint32_t limit = hk_tick_runs_limit(dag);
    if (run->state == HK_RUN_QUEUED && run->run_after_us > l->now_us) {
        add(l, "Run After",
            hk_arena_printf(l->arena, "Current date is %s and the run will start after %s.", iso(l, l->now_us),
                            iso(l, run->run_after_us)));
    } else if (run->state == HK_RUN_QUEUED && limit > 0 && dag->running_runs >= limit) {
        add(l, "Max Active Runs",
            hk_arena_printf(l->arena, "The maximum number of running runs (%" PRIu32 ") of DAG '%s' has been reached.",
                            limit, dag->dag_id));
    }
}

/* ---- the task's own dependencies ---- */

static void explain_dates(struct looker *l)
{
    int64_t logical_us = l->run->logical_us;
    if (logical_us == HK_TIME_NONE || l->state != HK_TASK_NONE) {
        return;
    }
    const struct hk_graph *graph = l->run->graph;
    int64_t start_us = l->task->start_at_us != HK_TIME_NONE ? l->task->start_at_us : graph->start_at_us;
    int64_t end_us = l->task->end_at_us != HK_TIME_NONE ? l->task->end_at_us : graph->end_at_us;
    if (start_us != HK_TIME_NONE && logical_us < start_us) {
        add(l, "Logical Date",
            hk_arena_printf(l->arena, "The logical date is %s but this is before the task's start date %s.",
                            iso(l, logical_us), iso(l, start_us)));
    }
    if (end_us != HK_TIME_NONE && logical_us > end_us) {
        add(l, "Logical Date",
            hk_arena_printf(l->arena, "The logical date is %s but this is after the task's end date %s.",
                            iso(l, logical_us), iso(l, end_us)));
    }
}

static void explain_promotion(struct looker *l)
{
    const struct hk_task *task = l->task;
    const char *target = task->wait_alias != NULL ? hk_arena_printf(l->arena, "hold the alias '%s'", task->wait_alias)
                                                  : hk_arena_printf(l->arena, "be in the stage '%s'", task->wait_stage);
    add(l, "Model Promoted",
        hk_arena_printf(l->arena, "Waits for a version of the model '%s' to %s; none has come to since the run began.",
                        task->wait_model, target));
}

static void explain_waiting(struct looker *l)
{
    if (l->state == HK_TASK_DEFERRED && l->task->runner == HK_RUNNER_WAIT) {
        explain_promotion(l);
    }
    if (l->ti == NULL || l->ti->retry_us <= l->now_us) {
        return;
    }
    if (l->state == HK_TASK_UP_FOR_RETRY) {
        add(l, "Not In Retry Period",
            hk_arena_printf(l->arena,
                            "Task is not ready for retry yet but will be retried automatically. Current date is %s and "
                            "task will be retried at %s.",
                            iso(l, l->now_us), iso(l, l->ti->retry_us)));
    } else if (l->state == HK_TASK_UP_FOR_RESCHEDULE) {
        add(l, "Ready To Reschedule",
            hk_arena_printf(
                l->arena,
                "Task is not ready for reschedule yet but will be rescheduled automatically. Current date is "
                "%s and task will be rescheduled at %s.",
                iso(l, l->now_us), iso(l, l->ti->retry_us)));
    }
}

static void add_trigger(struct looker *l, struct hk_buf *text)
{
    if (text->len > 0) {
        add(l, "Trigger Rule", hk_arena_str(l->arena, hk_buf_str(text)).data);
    }
    hk_buf_reset(text);
}

static void explain_trigger(struct looker *l)
{
    const struct hk_graph *graph = l->run->graph;
    uint32_t scope_total = graph->scopes != NULL ? graph->scopes[l->task->index].upstream_count : 0;
    struct hk_upstream_counts direct = {.total = l->task->upstream_count};
    struct hk_upstream_counts scope = {.total = scope_total};
    struct hk_buf text;
    if (l->ti != NULL) {
        hk_tick_upstream_counts(l->run, l->task->index, &direct);
        hk_tick_scope_counts(l->run, l->task->index, &scope);
    }
    hk_buf_init(&text, HK_MAX_LOG_PAGE_BYTES);
    hk_trigger_reason(graph, l->task, &direct, &text);
    bool is_met = text.len == 0;
    add_trigger(l, &text);
    if (!l->task->is_teardown || is_met) { /* a teardown's scope is only looked at once its rule is met */
        hk_trigger_scope_reason(graph, l->task, &scope, &text);
        add_trigger(l, &text);
    }
    hk_buf_clear(&text);
}

static void explain_skip(struct looker *l)
{
    const struct hk_task *decider = l->ti != NULL ? hk_model_skipped_by(l->run, l->task->index) : NULL;
    if (decider != NULL) {
        add(l, "Not Previously Skipped",
            hk_arena_printf(l->arena, "Skipping because of previous XCom result from parent task %s",
                            decider->task_id));
    }
}

static void explain_past(struct looker *l)
{
    if (hk_tick_past_allows(l->run, l->task->index)) {
        return;
    }
    int before = hk_model_prior_state(l->run, l->task->index);
    if (before == HK_TASK_REMOVED) {
        add(l, "Previous Dagrun State",
            "depends_on_past is true for this task's DAG, but the previous task instance has not run yet.");
    } else if (before != HK_TASK_SUCCESS && before != HK_TASK_SKIPPED) {
        add(l, "Previous Dagrun State",
            "depends_on_past is true for this task, but 1 previous task instance(s) are not in a successful state.");
    } else {
        add(l, "Previous Dagrun State",
            "The tasks downstream of the previous task instance(s) haven't completed, and wait_for_downstream is "
            "True.");
    }
}

/* ---- slots ---- */

static void explain_slots(struct looker *l)
{
    const struct hk_graph *graph = l->run->graph;
    const struct hk_model *m = &l->s->model;
    const uint32_t *active = hk_model_limit_counter(l->run, l->task->index);
    if (graph->max_active_tasks > 0 && hk_model_run_active(l->run) >= graph->max_active_tasks) {
        add(l, "Task Instance Slots Available",
            hk_arena_printf(l->arena,
                            "The maximum number of running tasks (%" PRIu32
                            ") for this task's DAG '%s' has been reached.",
                            graph->max_active_tasks, l->run->dag->dag_id));
    }
    if (l->task->max_active_per_dag > 0 && active != NULL && *active >= l->task->max_active_per_dag) {
        add(l, "Task Concurrency", "The max task concurrency has been reached.");
    }
    const struct hk_pool *pool = hk_model_find_pool(m, l->task->pool);
    if (pool == NULL) {
        add(l, "Pool Slots Available",
            hk_arena_printf(l->arena, "Tasks using non-existent pool '%s' will not be scheduled", l->task->pool));
    } else if (pool->slots >= 0 && pool->slots - pool->used < (int64_t)l->task->pool_slots) {
        add(l, "Pool Slots Available",
            hk_arena_printf(l->arena,
                            "Not scheduling since there are %" PRId64 " open slots in pool %s and require %" PRIu32
                            " pool slots",
                            pool->slots - pool->used, l->task->pool, l->task->pool_slots));
    }
}

static void explain_executor(struct looker *l)
{
    uint32_t slots = l->s->executor.parallelism;
    bool is_next = l->state == HK_TASK_SCHEDULED || l->state == HK_TASK_QUEUED;
    if (is_next && l->s->dispatched >= slots) {
        add(l, "Executor Slots",
            hk_arena_printf(l->arena, "The executor runs at most %" PRIu32 " tasks at once, and so many are running.",
                            slots));
    }
}

static int by_name(const void *a, const void *b)
{
    const struct hk_explanation *x = a;
    const struct hk_explanation *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->reason, y->reason);
}

static void look(struct looker *l)
{
    if (l->state != HK_TASK_SCHEDULED) {
        add(l, "Task Instance State",
            hk_arena_printf(l->arena, "Task is in the '%s' state.",
                            l->state == HK_TASK_NONE ? "None" : hk_task_state_name(l->state)));
    }
    bool is_under_way = l->state == HK_TASK_RUNNING || l->state == HK_TASK_RESTARTING;
    if (hk_task_state_is_finished(l->state) || is_under_way) {
        return;
    }
    if (l->state != HK_TASK_QUEUED) {
        explain_run(l);
        explain_slots(l);
    }
    if (l->state != HK_TASK_QUEUED && l->state != HK_TASK_SCHEDULED) {
        explain_dates(l);
        explain_waiting(l);
        explain_trigger(l);
        explain_skip(l);
        explain_past(l);
    }
    explain_executor(l);
}

bool hk_explain_task(const struct hk_scheduler *s, const struct hk_explain_query *query, struct hk_arena *arena,
                     struct hk_explanations *out, struct hk_error *err)
{
    *out = (struct hk_explanations){0};
    const struct hk_run *run = hk__active_run(s, query->dag_id, query->run_id);
    if (run == NULL) {
        return hk_error_set(err, HK_NOT_FOUND, "run '%s' of dag '%s' has finished, or there is no such run",
                            query->run_id, query->dag_id);
    }
    const struct hk_task *task = hk_graph_find_task(run->graph, hk_str_from(query->task_id));
    if (task == NULL) {
        return hk_error_set(err, HK_NOT_FOUND, "run '%s' of dag '%s' has no task '%s'", query->run_id, query->dag_id,
                            query->task_id);
    }
    const struct hk_ti *ti = run->tasks != NULL ? &run->tasks[task->index] : NULL;
    struct looker l = {.s = s,
                       .run = run,
                       .task = task,
                       .ti = ti,
                       .state = ti != NULL ? ti->state : HK_TASK_NONE,
                       .now_us = hk__now(s),
                       .arena = arena,
                       .out = out};
    look(&l);
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof *out->items, by_name);
    }
    return true;
}
