#include "scheduler/model_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

void hk_model_init(struct hk_model *m, uint32_t window)
{
    *m = (struct hk_model){.window = window};
    hk_map_init(&m->dag_by_id);
    hk_map_init(&m->run_by_key);
    hk_model_pool_set(m, "default_pool", 128);
}

static void free_dag(struct hk_dag *dag)
{
    for (size_t i = 0; i < dag->run_count; i++) {
        hk_model_run_free(dag->runs[i]);
    }
    hk_graph_unref(dag->graph);
    hk_timetable_free(dag->timetable);
    hk_heap_clear(&dag->limited);
    free(dag->runs);
    free(dag->active_per_task);
    free(dag->version_id);
    free(dag->has_asset_event);
    free(dag->dag_id);
    free(dag);
}

void hk_model_clear(struct hk_model *m)
{
    for (size_t i = 0; i < m->dag_count; i++) {
        free_dag(m->dags[i]);
    }
    for (size_t i = 0; i < m->pool_count; i++) {
        free(m->pools[i].name);
        hk_heap_clear(&m->pools[i].ready);
        hk_heap_clear(&m->pools[i].too_large);
    }
    hk_map_clear(&m->dag_by_id);
    hk_map_clear(&m->run_by_key);
    hk_heap_clear(&m->timers);
    free(m->dags);
    free(m->pools);
    free(m->dirty_runs);
    free(m->changed_runs);
    free(m->start_dags);
    free(m->backlog_runs);
    free(m->backlog_tasks);
    *m = (struct hk_model){0};
}

/* ---- DAGs and pools ---- */

struct hk_dag *hk_model_dag(const struct hk_model *m, struct hk_str dag_id)
{
    uint64_t at = 0;
    return hk_map_find(&m->dag_by_id, dag_id, &at) ? m->dags[at] : NULL;
}

struct hk_dag *hk_model_dag_add(struct hk_model *m, struct hk_str dag_id)
{
    struct hk_dag *dag = hk_model_dag(m, dag_id);
    if (dag != NULL) {
        return dag;
    }
    dag = hk_alloc(sizeof *dag);
    dag->index = (uint32_t)m->dag_count;
    dag->dag_id = hk_strndup(dag_id.data, dag_id.len);
    dag->last_start_us = HK_TIME_NONE;
    dag->last_end_us = HK_TIME_NONE;
    dag->armed_us = HK_TIME_NONE;
    hk_array_grow((void **)&m->dags, &m->dag_cap, m->dag_count + 1, sizeof(struct hk_dag *));
    hk_map_set(&m->dag_by_id, dag_id, m->dag_count);
    m->dags[m->dag_count++] = dag;
    return dag;
}

uint32_t *hk_model_limit_counter(const struct hk_run *run, uint32_t task)
{
    struct hk_dag *dag = run->dag;
    if (dag->active_per_task == NULL) {
        return NULL;
    }
    const struct hk_task *newest = run->graph == dag->graph
                                       ? &dag->graph->tasks[task]
                                       : hk_graph_find_task(dag->graph, hk_str_from(run->graph->tasks[task].task_id));
    return newest != NULL ? &dag->active_per_task[newest->index] : NULL;
}

static void recount_limits(struct hk_dag *dag)
{
    free(dag->active_per_task);
    dag->active_per_task = NULL;
    if (!hk_graph_has_task_limits(dag->graph)) {
        return;
    }
    dag->active_per_task = hk_alloc_array(dag->graph->task_count, sizeof *dag->active_per_task);
    for (size_t i = 0; i < dag->run_count; i++) {
        struct hk_run *run = dag->runs[i];
        for (uint32_t t = 0; run->tasks != NULL && t < run->graph->task_count; t++) {
            uint32_t *counter = hk_model_limit_counter(run, t);
            if (counter != NULL && hk_task_state_holds_slot(run->tasks[t].state)) {
                (*counter)++;
            }
        }
    }
}

void hk_model_dag_set_graph(struct hk_model *m, struct hk_dag *dag, struct hk_graph *graph,
                            struct hk_timetable *timetable)
{
    struct hk_graph *old = dag->graph;
    hk_timetable_free(dag->timetable);
    dag->graph = hk_graph_ref(graph);
    dag->timetable = timetable;
    hk_graph_unref(old);
    free(dag->has_asset_event);
    dag->has_asset_event =
        graph->schedule.kind == HK_SCHEDULE_ASSETS ? hk_alloc_array(graph->asset_count + 1, sizeof(bool)) : NULL;
    recount_limits(dag);
    hk__offer_limited(m, dag); /* the limits may be others now */
}

void hk__add_timer(struct hk_model *m, enum hk_timer_kind kind, int64_t at_us, const struct hk_run *run, uint32_t task)
{
    hk_heap_push(&m->timers, (struct hk_heap_entry){.order = {at_us, kind, task}, .detail = (uint64_t)run->run_key});
}

void hk_model_dag_arm(struct hk_model *m, struct hk_dag *dag, int64_t at_us)
{
    if (dag->armed_us == HK_TIME_NONE || at_us < dag->armed_us) {
        dag->armed_us = at_us;
        hk_heap_push(&m->timers, (struct hk_heap_entry){.order = {at_us, HK_TIMER_DAG_DUE, 0}, .owner = dag});
    }
}

void hk_model_dag_rearm(struct hk_model *m, struct hk_dag *dag, int64_t now_us)
{
    if (dag->is_paused) {
        return; /* looked at anew when that changes */
    }
    if (dag->has_next && dag->next.run_after_us > now_us) {
        hk_model_dag_arm(m, dag, dag->next.run_after_us);
    }
    for (size_t i = 0; i < dag->run_count; i++) { /* by run_after */
        if (dag->runs[i]->state == HK_RUN_QUEUED && dag->runs[i]->run_after_us > now_us) {
            hk_model_dag_arm(m, dag, dag->runs[i]->run_after_us);
            return;
        }
    }
}

int64_t hk_model_earliest_start(const struct hk_graph *graph)
{
    int64_t start = graph->start_at_us;
    for (uint32_t t = 0; t < graph->task_count && graph->start_at_us == HK_TIME_NONE; t++) {
        int64_t at = graph->tasks[t].start_at_us;
        start = at != HK_TIME_NONE && (start == HK_TIME_NONE || at < start) ? at : start;
    }
    return start;
}

/* "As often as possible" is once a second, as with Airflow's scheduler: a @continuous DAG whose runs take no time would
 * otherwise fill the disk. */
static int64_t plan_from(const struct hk_dag *dag, int64_t now_us)
{
    bool is_continuous = hk_timetable_active_runs_limit(dag->timetable) > 0;
    bool is_quick = is_continuous && dag->last_end_us != HK_TIME_NONE && dag->last_end_us <= now_us &&
                    now_us - dag->last_end_us < HK_SECOND_US;
    return is_quick ? dag->last_end_us + HK_SECOND_US : now_us;
}

void hk_model_dag_plan(struct hk_model *m, struct hk_dag *dag, int64_t now_us)
{
    dag->has_next = false;
    if (dag->graph == NULL || dag->timetable == NULL || dag->is_stale) {
        return;
    }
    struct hk_timetable_query query = {.start_at_us = hk_model_earliest_start(dag->graph),
                                       .end_at_us = dag->graph->end_at_us,
                                       .last_start_us = dag->last_start_us,
                                       .last_end_us = dag->last_end_us,
                                       .now_us = plan_from(dag, now_us),
                                       .catchup = dag->graph->catchup};
    dag->has_next = hk_timetable_next(dag->timetable, &query, &dag->next);
    if (dag->has_next && !dag->is_paused) {
        hk_model_dag_arm(m, dag, dag->next.run_after_us);
    }
}

void hk_model_dag_asset_event(struct hk_dag *dag, uint32_t asset)
{
    if (dag->has_asset_event != NULL) {
        dag->has_asset_event[asset] = true;
    }
}

void hk_model_dag_assets_taken(struct hk_dag *dag)
{
    if (dag->has_asset_event != NULL) {
        memset(dag->has_asset_event, 0, dag->graph->asset_count * sizeof *dag->has_asset_event);
    }
}

void hk_model_dag_wants_start(struct hk_model *m, struct hk_dag *dag)
{
    if (!dag->wants_start) {
        dag->wants_start = true;
        hk_array_grow((void **)&m->start_dags, &m->start_dag_cap, m->start_dag_count + 1, sizeof(struct hk_dag *));
        m->start_dags[m->start_dag_count++] = dag;
    }
}

void hk_model_dag_pause(struct hk_model *m, struct hk_dag *dag, bool is_paused, int64_t now_us)
{
    if (dag->is_paused == is_paused) {
        return;
    }
    dag->is_paused = is_paused;
    if (is_paused) {
        return; /* timers and ready entries are checked when they come up */
    }
    hk_model_dag_plan(m, dag, now_us);
    hk_model_dag_wants_start(m, dag);
    for (size_t i = 0; i < dag->run_count; i++) {
        hk_model_run_touch_all(m, dag->runs[i]);
    }
}

uint32_t hk_model_pool(struct hk_model *m, const char *name)
{
    for (size_t i = 0; i < m->pool_count; i++) {
        if (strcmp(m->pools[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    hk_array_grow((void **)&m->pools, &m->pool_cap, m->pool_count + 1, sizeof *m->pools);
    m->pools[m->pool_count] = (struct hk_pool){.name = hk_strdup(name)};
    return (uint32_t)m->pool_count++;
}

const struct hk_pool *hk_model_find_pool(const struct hk_model *m, const char *name)
{
    for (size_t i = 0; i < m->pool_count; i++) {
        if (strcmp(m->pools[i].name, name) == 0) {
            return m->pools[i].is_known ? &m->pools[i] : NULL;
        }
    }
    return NULL;
}

void hk_model_pool_set(struct hk_model *m, const char *name, int64_t slots)
{
    uint32_t at = hk_model_pool(m, name); /* may move m->pools */
    struct hk_pool *pool = &m->pools[at];
    pool->slots = slots;
    pool->is_known = true;
    hk__offer_too_large(m, pool);
}
