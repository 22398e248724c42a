#include <inttypes.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "scheduler/tick.h"
#include "tests/simulation/universe.h"

struct recount {
    uint32_t active;
    int64_t used[16];
};

static bool is_right(const struct hk_finished *f, const struct hk_run *run, const uint32_t *tasks, uint32_t count)
{
    uint32_t by_state[HK_TASK_STATE_COUNT] = {0};
    for (uint32_t i = 0; i < count; i++) {
        by_state[run->tasks[tasks[i]].state]++;
    }
    return f->success == by_state[HK_TASK_SUCCESS] && f->skipped == by_state[HK_TASK_SKIPPED] &&
           f->failed == by_state[HK_TASK_FAILED] && f->removed == by_state[HK_TASK_REMOVED] &&
           f->upstream_failed == by_state[HK_TASK_UPSTREAM_FAILED];
}

static void check_upstream(struct universe *u, const struct hk_run *run, uint32_t t)
{
    const struct hk_task *task = &run->graph->tasks[t];
    const struct hk_links *scope = run->graph->scopes != NULL ? &run->graph->scopes[t] : NULL;
    if (!is_right(&run->tasks[t].upstream, run, task->upstream, task->upstream_count) ||
        (scope != NULL && !is_right(&run->scopes[t], run, scope->upstream, scope->upstream_count))) {
        broken(u, "upstream counters of task %u of run %" PRId64 " are wrong", t, run->run_key);
    }
}

static void check_run(struct universe *u, const struct hk_run *run, struct recount *r)
{
    uint32_t by_state[HK_TASK_STATE_COUNT] = {0};
    uint32_t dispatched = 0;
    uint32_t offered = 0;
    for (uint32_t t = 0; run->tasks != NULL && t < run->graph->task_count; t++) {
        const struct hk_ti *ti = &run->tasks[t];
        by_state[ti->state]++;
        offered += ti->is_offered;
        dispatched += ti->is_dispatched;
        if (hk_task_state_holds_slot(ti->state)) {
            r->active++;
            r->used[run->pools[t]] += run->graph->tasks[t].pool_slots;
        }
        check_upstream(u, run, t);
    }
    if (memcmp(by_state, run->state_count, sizeof by_state) != 0) {
        broken(u, "state_count of run %" PRId64 " is wrong", run->run_key);
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        offered -= run->lanes[i].offered;
    }
    if (offered != 0 || dispatched != run->dispatched) {
        broken(u, "run %" PRId64 ": offered is off by %d; dispatched %u, counted %u", run->run_key, (int)offered,
               run->dispatched, dispatched);
    }
    if (run->graph->max_active_tasks > 0 && hk_model_run_active(run) > run->graph->max_active_tasks) {
        broken(u, "run %" PRId64 ": %u tasks active, max_active_tasks is %u", run->run_key, hk_model_run_active(run),
               run->graph->max_active_tasks);
    }
}

static void check_limits(struct universe *u, const struct hk_dag *dag)
{
    uint32_t count = dag->active_per_task != NULL ? dag->graph->task_count : 0;
    uint32_t *active = hk_alloc_array(count, sizeof *active);
    for (size_t i = 0; i < dag->run_count && count > 0; i++) {
        const struct hk_run *run = dag->runs[i];
        for (uint32_t t = 0; run->tasks != NULL && t < run->graph->task_count; t++) {
            const struct hk_task *newest = hk_graph_find_task(dag->graph, hk_str_from(run->graph->tasks[t].task_id));
            if (newest != NULL && hk_task_state_holds_slot(run->tasks[t].state)) {
                active[newest->index]++;
            }
        }
    }
    if (count > 0 && memcmp(active, dag->active_per_task, count * sizeof *active) != 0) {
        broken(u, "active_per_task of %s is wrong", dag->dag_id);
    }
    free(active);
}

void check_model(struct universe *u)
{
    const struct hk_model *m = hk_scheduler_model(u->scheduler);
    struct recount r = {0};
    HK_ASSERT(m->pool_count <= sizeof r.used / sizeof r.used[0]);
    for (size_t d = 0; d < m->dag_count; d++) {
        const struct hk_dag *dag = m->dags[d];
        uint32_t running = 0;
        for (size_t i = 0; i < dag->run_count; i++) {
            running += dag->runs[i]->state == HK_RUN_RUNNING;
            check_run(u, dag->runs[i], &r);
            if (i > 0 && dag->runs[i - 1]->run_after_us > dag->runs[i]->run_after_us) {
                broken(u, "runs of %s are not in order", dag->dag_id);
            }
        }
        if (running != dag->running_runs) {
            broken(u, "running_runs of %s is %u, counted %u", dag->dag_id, dag->running_runs, running);
        }
        check_limits(u, dag);
    }
    if (r.active != m->active) {
        broken(u, "active is %u, counted %u", m->active, r.active);
    }
    for (size_t p = 0; p < m->pool_count; p++) {
        if (r.used[p] != m->pools[p].used) {
            broken(u, "pool %s: used %" PRId64 ", counted %" PRId64, m->pools[p].name, m->pools[p].used, r.used[p]);
        }
    }
}
