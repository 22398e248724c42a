/* Who waits for what. A ready task first waits in its run's lane for its pool; a lane offers no more tasks to the pool
 * than the run's max_active_tasks leaves room for. In the pool's heap it waits for slots; from there the tick takes it,
 * and queues it, returns it, or sends it to where it waits for something else: back to its lane, to its DAG's list for
 * max_active_per_dag, or to the list of those that are too large for the pool. Entries stay in heaps when a task moves
 * on; whoever takes one checks. */
#include "scheduler/model_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

static struct hk_lane *find_lane(struct hk_run *run, uint32_t pool)
{
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].pool == pool) {
            return &run->lanes[i];
        }
    }
    hk_array_grow((void **)&run->lanes, &run->lane_cap, run->lane_count + 1, sizeof *run->lanes);
    struct hk_lane *lane = &run->lanes[run->lane_count++];
    *lane = (struct hk_lane){.pool = pool};
    return lane;
}

uint32_t hk_model_run_active(const struct hk_run *run)
{
    return run->state_count[HK_TASK_QUEUED] + run->state_count[HK_TASK_RUNNING] + run->state_count[HK_TASK_RESTARTING];
}

static void wait_in_lane(struct hk_run *run, uint32_t task)
{
    hk_heap_push(&find_lane(run, run->pools[task])->ready,
                 (struct hk_heap_entry){.order = {-run->graph->tasks[task].total_weight, task, 0}, .detail = task});
}

void hk__make_ready(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    run->tasks[task].is_ready = true;
    wait_in_lane(run, task);
    hk_model_run_offer(m, run);
}

static void offer(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    struct hk_ti *ti = &run->tasks[task];
    if (!ti->is_ready || ti->is_offered || ti->state != HK_TASK_SCHEDULED) {
        return;
    }
    ti->is_offered = true;
    find_lane(run, run->pools[task])->offered++;
    hk_heap_push(
        &m->pools[run->pools[task]].ready,
        (struct hk_heap_entry){.order = {-run->graph->tasks[task].total_weight, run->run_after_us, run->run_key},
                               .detail = task});
}

void hk_model_run_offer(struct hk_model *m, struct hk_run *run)
{
    uint32_t limit = run->graph->max_active_tasks;
    uint32_t active = hk_model_run_active(run);
    struct hk_heap_entry entry;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct hk_lane *lane = &run->lanes[i];
        while ((limit == 0 || active + lane->offered < limit) && hk_heap_pop(&lane->ready, &entry)) {
            offer(m, run, (uint32_t)entry.detail);
        }
    }
}

void hk__withdraw(struct hk_run *run, uint32_t task)
{
    if (run->tasks[task].is_offered) {
        run->tasks[task].is_offered = false;
        find_lane(run, run->pools[task])->offered--;
    }
}

/* Tasks set aside in a list are ready and not offered. */
static void offer_all(struct hk_model *m, struct hk_heap *list)
{
    struct hk_heap taken = *list;
    struct hk_heap_entry entry;
    *list = (struct hk_heap){0};
    while (hk_heap_pop(&taken, &entry)) {
        struct hk_run *run = hk_model_run(m, entry.order[2]);
        if (run != NULL && run->tasks != NULL) {
            offer(m, run, (uint32_t)entry.detail);
        }
    }
    hk_heap_clear(&taken);
}

void hk__offer_limited(struct hk_model *m, struct hk_dag *dag)
{
    offer_all(m, &dag->limited);
}

void hk__offer_too_large(struct hk_model *m, struct hk_pool *pool)
{
    offer_all(m, &pool->too_large);
}

void hk__take_slot(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    m->active++;
    m->pools[run->pools[task]].used += run->graph->tasks[task].pool_slots;
    uint32_t *counter = hk_model_limit_counter(run, task);
    if (counter != NULL) {
        (*counter)++;
    }
}

void hk__release_slot(struct hk_model *m, struct hk_run *run, uint32_t task)
{
    m->active--;
    m->pools[run->pools[task]].used -= run->graph->tasks[task].pool_slots;
    uint32_t *counter = hk_model_limit_counter(run, task);
    if (counter != NULL) {
        (*counter)--;
        hk__offer_limited(m, run->dag);
    }
}

/* ---- candidates ---- */

/* The run of a pool's entry if the task is still ready there; it counts as offered no longer. */
static struct hk_run *take(struct hk_model *m, const struct hk_heap_entry *entry)
{
    struct hk_run *run = hk_model_run(m, entry->order[2]);
    if (run == NULL || run->tasks == NULL || !run->tasks[entry->detail].is_offered) {
        return NULL;
    }
    hk__withdraw(run, (uint32_t)entry->detail);
    if (run->dag->is_paused || run->state != HK_RUN_RUNNING) {
        run->tasks[entry->detail].is_ready = false; /* comes back with hk_model_run_touch_all */
        return NULL;
    }
    return run;
}

static int compare_candidates(const void *a, const void *b)
{
    const struct hk_candidate *x = a;
    const struct hk_candidate *y = b;
    return hk_heap_less(&x->entry, &y->entry) ? -1 : 1;
}

static struct hk_candidate *add_candidate(struct hk_arena *arena, struct hk_candidate **items, size_t *count,
                                          size_t *cap)
{
    if (*count == *cap) {
        size_t grown = *cap == 0 ? 16 : *cap * 2;
        struct hk_candidate *more = hk_arena_array(arena, grown, sizeof *more);
        if (*count > 0) {
            memcpy(more, *items, *count * sizeof *more);
        }
        *items = more;
        *cap = grown;
    }
    return &(*items)[(*count)++];
}

enum { LOOK_PAST = 16 }; /* how many tasks that need more slots than are open may be passed over */

size_t hk_model_take_ready(struct hk_model *m, struct hk_arena *arena, struct hk_candidate **out)
{
    size_t room = m->active < m->window ? m->window - m->active : 0;
    size_t count = 0;
    size_t cap = 0;
    *out = NULL;
    for (size_t p = 0; p < m->pool_count && room > 0; p++) {
        struct hk_pool *pool = &m->pools[p];
        int64_t open = pool->slots < 0 ? INT64_MAX : pool->slots - pool->used;
        size_t want = open <= 0 ? 0 : (uint64_t)open < room ? (size_t)open : room;
        want = want > 0 ? want + (open < INT64_MAX ? LOOK_PAST : 0) : 0;
        struct hk_heap_entry entry;
        while (want > 0 && hk_heap_pop(&pool->ready, &entry)) {
            struct hk_run *run = take(m, &entry);
            if (run == NULL) {
                continue;
            }
            if (pool->slots >= 0 && run->graph->tasks[entry.detail].pool_slots > pool->slots) {
                hk_heap_push(&pool->too_large, entry);
                hk_model_run_offer(m, run);
                continue;
            }
            *add_candidate(arena, out, &count, &cap) =
                (struct hk_candidate){entry, run, (uint32_t)entry.detail, (uint32_t)p};
            want--;
        }
    }
    if (count > 1) {
        qsort(*out, count, sizeof **out, compare_candidates);
    }
    return count;
}

void hk_model_return(struct hk_model *m, const struct hk_candidate *candidate)
{
    offer(m, candidate->run, candidate->task);
}

void hk_model_hold_for_dag(struct hk_model *m, const struct hk_candidate *candidate)
{
    const uint32_t *active = hk_model_limit_counter(candidate->run, candidate->task);
    if (active == NULL || *active == 0) {
        offer(m, candidate->run, candidate->task); /* nobody would give word */
        return;
    }
    hk_heap_push(&candidate->run->dag->limited, candidate->entry);
    hk_model_run_offer(m, candidate->run);
}

void hk_model_hold_for_run(struct hk_model *m, const struct hk_candidate *candidate)
{
    (void)m;
    wait_in_lane(candidate->run, candidate->task);
}
