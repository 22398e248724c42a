#include "scheduler/tick.h"

#include <string.h>

#include "scheduler/trigger_rule.h"

static struct hk_decision *decide(struct hk_arena *arena, struct hk_decisions *out, enum hk_decision_kind kind)
{
    if (out->len == out->cap) {
        size_t cap = out->cap == 0 ? 32 : out->cap * 2;
        struct hk_decision *items = hk_arena_array(arena, cap, sizeof *items);
        if (out->len > 0) {
            memcpy(items, out->items, out->len * sizeof *items);
        }
        out->items = items;
        out->cap = cap;
    }
    struct hk_decision *d = &out->items[out->len++];
    d->kind = kind;
    return d;
}

/* ---- runs ---- */

uint32_t hk_tick_runs_limit(const struct hk_dag *dag)
{
    uint32_t limit = dag->graph != NULL ? dag->graph->max_active_runs : 0;
    uint32_t of_timetable = dag->timetable != NULL ? hk_timetable_active_runs_limit(dag->timetable) : 0;
    return of_timetable > 0 && (limit == 0 || of_timetable < limit) ? of_timetable : limit;
}

static bool wants_run(const struct hk_dag *dag, int64_t now_us)
{
    if (dag->has_asset_event != NULL) {
        return hk_asset_condition_holds(dag->graph, dag->has_asset_event);
    }
    return dag->has_next && dag->next.run_after_us <= now_us;
}

static void tick_due_dag(const struct hk_dag *dag, int64_t now_us, struct hk_arena *arena, struct hk_decisions *out)
{
    if (dag->is_paused || dag->is_stale || dag->is_creating || !wants_run(dag, now_us)) {
        return;
    }
    uint32_t limit = hk_tick_runs_limit(dag);
    if (limit > 0 && dag->run_count >= limit) {
        return; /* asked again when a run of the DAG ends */
    }
    decide(arena, out, HK_DECIDE_CREATE_RUN)->dag = (struct hk_dag *)dag;
}

static void tick_start_runs(const struct hk_dag *dag, int64_t now_us, struct hk_arena *arena, struct hk_decisions *out)
{
    uint32_t limit = hk_tick_runs_limit(dag);
    uint32_t running = dag->running_runs;
    for (size_t i = 0; i < dag->run_count && !dag->is_paused && (limit == 0 || running < limit); i++) {
        struct hk_run *run = dag->runs[i];
        if (run->state == HK_RUN_QUEUED && run->run_after_us <= now_us && run->deletion == NULL) {
            decide(arena, out, HK_DECIDE_START_RUN)->run = run;
            running++;
        }
    }
}

static bool counts_for_run(const struct hk_task *task)
{
    return !task->is_teardown || task->teardown_fails_run;
}

static bool is_leaf(const struct hk_graph *graph, const struct hk_task *task)
{
    for (uint32_t i = 0; i < task->downstream_count; i++) {
        if (counts_for_run(&graph->tasks[task->downstream[i]])) {
            return false;
        }
    }
    return counts_for_run(task);
}

enum hk_run_event hk_tick_run_outcome(const struct hk_run *run)
{
    const struct hk_graph *graph = run->graph;
    bool has_leaf = false;
    bool has_failed_end = false; /* decides where all tasks are teardowns that do not count */
    for (uint32_t t = 0; t < graph->task_count; t++) {
        const struct hk_task *task = &graph->tasks[t];
        enum hk_task_state state = run->tasks[t].state;
        bool has_failed = state == HK_TASK_FAILED || state == HK_TASK_UPSTREAM_FAILED;
        bool decides = is_leaf(graph, task);
        if (decides && has_failed) {
            return HK_RUN_ON_FAIL;
        }
        has_leaf = has_leaf || decides;
        has_failed_end = has_failed_end || (has_failed && task->downstream_count == 0);
    }
    return !has_leaf && has_failed_end ? HK_RUN_ON_FAIL : HK_RUN_ON_SUCCEED;
}

static uint32_t finished_count(const struct hk_run *run)
{
    return run->state_count[HK_TASK_SUCCESS] + run->state_count[HK_TASK_FAILED] + run->state_count[HK_TASK_SKIPPED] +
           run->state_count[HK_TASK_UPSTREAM_FAILED] + run->state_count[HK_TASK_REMOVED];
}

/* Whether some unfinished task may yet be set going by something outside this run. */
static bool waits_for_others(const struct hk_run *run)
{
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        const struct hk_task *task = &run->graph->tasks[t];
        if (!hk_task_state_is_finished(run->tasks[t].state) && (task->depends_on_past || task->wait_for_downstream)) {
            return true;
        }
    }
    return false;
}

/* Asked when no task of the run was decided upon: is it over, or stuck? */
static void tick_finish(struct hk_run *run, struct hk_arena *arena, struct hk_decisions *out)
{
    enum hk_run_event event = HK_RUN_ON_FAIL;
    const char *reason = "deadlock: no task can run";
    const char *callback_reason = "all_tasks_deadlocked";
    if (finished_count(run) == run->graph->task_count) {
        event = hk_tick_run_outcome(run);
        reason = event == HK_RUN_ON_FAIL ? "a leaf task failed" : "all tasks are done";
        callback_reason = event == HK_RUN_ON_FAIL ? "task_failure" : "success";
    } else if (hk_model_run_is_active(run) || waits_for_others(run)) {
        return;
    }
    struct hk_decision *d = decide(arena, out, HK_DECIDE_FINISH_RUN);
    d->run = run;
    d->run_event = event;
    d->reason = reason;
    d->callback_reason = callback_reason;
}

/* ---- tasks ---- */

static void count_setups(const struct hk_run *run, const struct hk_task *task, struct hk_upstream_counts *counts)
{
    for (uint32_t i = 0; i < task->upstream_count; i++) {
        if (run->graph->tasks[task->upstream[i]].is_setup) {
            enum hk_task_state state = run->tasks[task->upstream[i]].state;
            counts->total_setup++;
            counts->success_setup += state == HK_TASK_SUCCESS;
            counts->skipped_setup += state == HK_TASK_SKIPPED;
        }
    }
}

static struct hk_upstream_counts counts_of(const struct hk_finished *finished, uint32_t total)
{
    return (struct hk_upstream_counts){.total = total,
                                       .success = finished->success,
                                       .skipped = finished->skipped,
                                       .failed = finished->failed,
                                       .upstream_failed = finished->upstream_failed,
                                       .removed = finished->removed,
                                       .done = finished->success + finished->skipped + finished->failed +
                                               finished->upstream_failed + finished->removed};
}

void hk_tick_scope_counts(const struct hk_run *run, uint32_t t, struct hk_upstream_counts *out)
{
    static const struct hk_upstream_counts NOTHING;
    *out = run->scopes == NULL ? NOTHING : counts_of(&run->scopes[t], run->graph->scopes[t].upstream_count);
}

void hk_tick_upstream_counts(const struct hk_run *run, uint32_t t, struct hk_upstream_counts *out)
{
    const struct hk_task *task = &run->graph->tasks[t];
    *out = counts_of(&run->tasks[t].upstream, task->upstream_count);
    if (task->trigger_rule == HK_RULE_ALL_DONE_SETUP_SUCCESS && out->done == out->total) {
        count_setups(run, task, out);
    }
}

enum hk_trigger_verdict hk_tick_trigger(const struct hk_run *run, uint32_t t)
{
    struct hk_upstream_counts direct;
    struct hk_upstream_counts scope;
    hk_tick_upstream_counts(run, t, &direct);
    hk_tick_scope_counts(run, t, &scope);
    return hk_trigger_judge(&run->graph->tasks[t], &direct, &scope, -1);
}

static bool ended_well(int state)
{
    return state == HK_TASK_SUCCESS || state == HK_TASK_SKIPPED;
}

bool hk_tick_past_allows(const struct hk_run *run, uint32_t t)
{
    const struct hk_task *task = &run->graph->tasks[t];
    if ((!task->depends_on_past && !task->wait_for_downstream) || run->logical_us == HK_TIME_NONE) {
        return true;
    }
    int before = hk_model_prior_state(run, t);
    if (before == HK_TASK_STATE_COUNT) {
        return true; /* the first run ever */
    }
    if (before == HK_TASK_REMOVED) {
        return task->ignore_first_depends_on_past; /* the task is new in the DAG */
    }
    if (!ended_well(before)) {
        return false;
    }
    for (uint32_t i = 0; i < task->downstream_count && task->wait_for_downstream; i++) {
        int state = hk_model_prior_state(run, task->downstream[i]);
        if (state != HK_TASK_REMOVED && !ended_well(state)) {
            return false;
        }
    }
    return true;
}

static bool is_outside_dates(const struct hk_run *run, const struct hk_task *task)
{
    if (run->logical_us == HK_TIME_NONE || strcmp(run->run_type, "backfill") == 0) {
        return false;
    }
    int64_t start_us = task->start_at_us != HK_TIME_NONE ? task->start_at_us : run->graph->start_at_us;
    int64_t end_us = task->end_at_us != HK_TIME_NONE ? task->end_at_us : run->graph->end_at_us;
    return (start_us != HK_TIME_NONE && run->logical_us < start_us) ||
           (end_us != HK_TIME_NONE && run->logical_us > end_us);
}

/* A task that waits without a process. */
static bool judge_waiting(const struct hk_run *run, uint32_t t, int64_t now_us, enum hk_task_event *event)
{
    const struct hk_ti *ti = &run->tasks[t];
    int64_t timeout_us = run->graph->tasks[t].wait_timeout_us;
    bool is_late = timeout_us > 0 && now_us >= ti->start_us + timeout_us;
    *event = ti->is_awaited ? HK_TASK_ON_SUCCEED : HK_TASK_ON_FAIL;
    return ti->is_awaited || is_late;
}

/* What should become of a task that has not begun, or that waits for its next try. false: nothing yet. */
static bool judge(const struct hk_run *run, uint32_t t, int64_t now_us, enum hk_task_event *event)
{
    const struct hk_ti *ti = &run->tasks[t];
    const struct hk_task *task = &run->graph->tasks[t];
    if (ti->state == HK_TASK_DEFERRED && task->runner == HK_RUNNER_WAIT) {
        return judge_waiting(run, t, now_us, event);
    }
    bool waits_for_time = ti->state == HK_TASK_UP_FOR_RETRY || ti->state == HK_TASK_UP_FOR_RESCHEDULE;
    if ((ti->state != HK_TASK_NONE && !waits_for_time) || (waits_for_time && ti->retry_us > now_us) ||
        ti->is_dispatched) {
        return false;
    }
    if (ti->state == HK_TASK_NONE && is_outside_dates(run, task)) {
        *event = HK_TASK_ON_REMOVE;
        return true;
    }
    if (hk_model_skipped_by(run, t) != NULL) {
        *event = HK_TASK_ON_SKIP;
        return true;
    }
    switch (hk_tick_trigger(run, t)) {
    case HK_TRIGGER_WAIT:
        return false;
    case HK_TRIGGER_SKIP:
        *event = HK_TASK_ON_SKIP;
        return true;
    case HK_TRIGGER_UPSTREAM_FAILED:
        *event = HK_TASK_ON_UPSTREAM_FAIL;
        return true;
    case HK_TRIGGER_REMOVE:
        *event = HK_TASK_ON_REMOVE;
        return true;
    case HK_TRIGGER_RUN:
        break;
    }
    if (!hk_tick_past_allows(run, t)) {
        return false;
    }
    *event = task->runner == HK_RUNNER_NOTHING ? HK_TASK_ON_SUCCEED
             : task->runner == HK_RUNNER_WAIT  ? HK_TASK_ON_DEFER
                                               : HK_TASK_ON_SCHEDULE;
    return true;
}

static void tick_run(struct hk_run *run, int64_t now_us, struct hk_arena *arena, struct hk_decisions *out)
{
    if (run->state != HK_RUN_RUNNING || run->dag->is_paused) {
        return; /* touched again when that changes */
    }
    size_t before = out->len;
    for (size_t i = 0; i < run->dirty.len; i++) {
        uint32_t t = run->dirty.items[i];
        enum hk_task_event event = HK_TASK_ON_SCHEDULE;
        if (judge(run, t, now_us, &event)) {
            struct hk_decision *d = decide(arena, out, HK_DECIDE_TASK);
            d->run = run;
            d->task = t;
            d->event = event;
        }
    }
    if (out->len == before) {
        tick_finish(run, arena, out);
    }
}

/* ---- slots ---- */

/* What this tick has chosen so far. */
struct chosen {
    const struct hk_decisions *decisions;
    size_t first; /* decision about a candidate */
};

static bool is_full_run(const struct hk_candidate *c, const struct chosen *chosen)
{
    uint32_t limit = c->run->graph->max_active_tasks;
    uint32_t active = limit > 0 ? hk_model_run_active(c->run) : 0;
    for (size_t i = chosen->first; i < chosen->decisions->len && limit > 0; i++) {
        const struct hk_decision *d = &chosen->decisions->items[i];
        active += d->kind == HK_DECIDE_QUEUE && d->run == c->run;
    }
    return limit > 0 && active >= limit;
}

static bool is_limited(const struct hk_candidate *c, const struct chosen *chosen)
{
    uint32_t limit = c->run->graph->tasks[c->task].max_active_per_dag;
    const uint32_t *counter = limit > 0 ? hk_model_limit_counter(c->run, c->task) : NULL;
    uint32_t active = counter != NULL ? *counter : 0;
    for (size_t i = chosen->first; i < chosen->decisions->len && counter != NULL; i++) {
        const struct hk_decision *d = &chosen->decisions->items[i];
        active += d->kind == HK_DECIDE_QUEUE && hk_model_limit_counter(d->run, d->task) == counter;
    }
    return counter != NULL && active >= limit;
}

static void tick_queue(const struct hk_model *m, const struct hk_due *due, struct hk_arena *arena,
                       struct hk_decisions *out)
{
    size_t room = m->active < m->window ? m->window - m->active : 0;
    int64_t *open = hk_arena_array(arena, m->pool_count, sizeof *open);
    for (size_t p = 0; p < m->pool_count; p++) {
        open[p] = m->pools[p].slots < 0 ? INT64_MAX : m->pools[p].slots - m->pools[p].used;
    }
    struct chosen chosen = {out, out->len};
    for (size_t i = 0; i < due->candidate_count && room > 0; i++) {
        const struct hk_candidate *c = &due->candidates[i];
        uint32_t slots = c->run->graph->tasks[c->task].pool_slots;
        if (slots > open[c->pool]) {
            continue;
        }
        enum hk_decision_kind kind = is_full_run(c, &chosen)  ? HK_DECIDE_HOLD_FOR_RUN
                                     : is_limited(c, &chosen) ? HK_DECIDE_HOLD_FOR_DAG
                                                              : HK_DECIDE_QUEUE;
        struct hk_decision *d = decide(arena, out, kind);
        d->candidate = i;
        d->run = c->run;
        d->task = c->task;
        if (kind == HK_DECIDE_QUEUE) {
            open[c->pool] -= slots;
            room--;
        }
    }
}

void hk_tick(const struct hk_model *model, const struct hk_due *due, int64_t now_us, struct hk_arena *arena,
             struct hk_decisions *out)
{
    *out = (struct hk_decisions){0};
    for (size_t i = 0; i < due->timeout_count; i++) {
        if (due->timeouts[i]->state == HK_RUN_RUNNING) {
            struct hk_decision *d = decide(arena, out, HK_DECIDE_TIMEOUT_RUN);
            d->run = due->timeouts[i];
            d->reason = "dagrun_timeout";
            d->callback_reason = "timed_out";
        }
    }
    for (size_t i = 0; i < due->dag_count; i++) {
        tick_due_dag(due->dags[i], now_us, arena, out);
    }
    for (size_t i = 0; i < due->start_dag_count; i++) {
        tick_start_runs(due->start_dags[i], now_us, arena, out);
    }
    for (size_t i = 0; i < due->run_count; i++) {
        tick_run(due->runs[i], now_us, arena, out);
    }
    tick_queue(model, due, arena, out);
}
