#include <stdio.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/buf.h"
#include "engine/graph/graph_internal.h"

enum { CYCLE_SHOWN = 6, CYCLE_TEXT_BYTES = 400 };

/* A binary heap of task indexes: among tasks that may come next, the first in the file comes first. */
struct heap {
    uint32_t *items;
    size_t count;
};

static void heap_push(struct heap *heap, uint32_t task)
{
    size_t at = heap->count++;
    while (at > 0 && heap->items[(at - 1) / 2] > task) {
        heap->items[at] = heap->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->items[at] = task;
}

static uint32_t heap_pop(struct heap *heap)
{
    uint32_t top = heap->items[0];
    uint32_t last = heap->items[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child]) {
            child++;
        }
        if (heap->items[child] >= last) {
            break;
        }
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = last;
    return top;
}

/* Most files name tasks in the order they run: then that order is the answer. */
static bool is_in_file_order(const struct hk_graph *graph)
{
    for (uint32_t i = 0; i < graph->task_count; i++) {
        const struct hk_task *task = &graph->tasks[i];
        if (task->upstream_count > 0 && task->upstream[task->upstream_count - 1] >= i) {
            return false;
        }
    }
    return true;
}

/* Kahn's algorithm; returns how many tasks could be ordered and leaves in waiting[] how many upstream tasks each
 * of the others still waits for. */
static uint32_t order_tasks(struct hk_graph *graph, uint32_t *waiting)
{
    struct heap ready = {hk_alloc_array((size_t)graph->task_count + 1, sizeof(uint32_t)), 0};
    for (uint32_t i = 0; i < graph->task_count; i++) {
        waiting[i] = graph->tasks[i].upstream_count;
        if (waiting[i] == 0) {
            heap_push(&ready, i);
        }
    }
    uint32_t ordered = 0;
    while (ready.count > 0) {
        uint32_t at = heap_pop(&ready);
        graph->order[ordered++] = at;
        const struct hk_task *task = &graph->tasks[at];
        for (uint32_t i = 0; i < task->downstream_count; i++) {
            if (--waiting[task->downstream[i]] == 0) {
                heap_push(&ready, task->downstream[i]);
            }
        }
    }
    free(ready.items);
    return ordered;
}

static uint32_t first_waiting_upstream(const struct hk_task *task, const uint32_t *waiting)
{
    for (uint32_t i = 0; i < task->upstream_count; i++) {
        if (waiting[task->upstream[i]] > 0) {
            return task->upstream[i];
        }
    }
    HK_ASSERT(false); /* a waiting task waits for a waiting task */
    return 0;
}

static void add_step(struct hk_buf *text, const struct hk_graph *graph, uint32_t task)
{
    hk_buf_printf(text, "%s%.60s", text->len > 0 ? " -> " : "", graph->tasks[task].task_id);
}

/* path[0..count) is the cycle against the arrows; it is told along them, from its first task in the file. */
static void tell_cycle(const struct hk_graph *graph, const uint32_t *path, size_t count, struct hk_buf *text)
{
    size_t first = 0;
    for (size_t i = 1; i < count; i++) {
        first = path[i] < path[first] ? i : first;
    }
    for (size_t i = 0; i < count; i++) {
        if (count > CYCLE_SHOWN && i == CYCLE_SHOWN - 1) {
            hk_buf_printf(text, " -> ... (%zu more)", count - CYCLE_SHOWN);
            i = count - 1;
        }
        add_step(text, graph, path[(first + count - i) % count]);
    }
    add_step(text, graph, path[first]);
}

/* Walks upstream among the waiting tasks until a task is met again: from there on the path is a cycle. */
static bool refuse_cycle(const struct hk_graph *graph, const uint32_t *waiting, struct hk_error *err)
{
    uint32_t *path = hk_alloc_array(graph->task_count, sizeof *path);
    uint32_t *met_at = hk_alloc_array(graph->task_count, sizeof *met_at); /* place in path + 1 */
    uint32_t at = 0;
    while (waiting[at] == 0) {
        at++;
    }
    uint32_t count = 0;
    while (met_at[at] == 0) {
        path[count++] = at;
        met_at[at] = count;
        at = first_waiting_upstream(&graph->tasks[at], waiting);
    }
    uint32_t start = met_at[at] - 1;
    struct hk_buf text;
    hk_buf_init(&text, CYCLE_TEXT_BYTES);
    tell_cycle(graph, path + start, count - start, &text);
    hk_error_set(err, HK_INVALID,
                 "Cycle detected in DAG '%.100s': %s. A task cannot wait for itself: remove one of these dependencies.",
                 graph->dag_id, text.data);
    hk_buf_clear(&text);
    free(met_at);
    free(path);
    return false;
}

bool hk__graph_order(struct hk_graph *graph, struct hk_error *err)
{
    graph->order = hk_arena_array(&graph->arena, graph->task_count, sizeof *graph->order);
    if (is_in_file_order(graph)) {
        for (uint32_t i = 0; i < graph->task_count; i++) {
            graph->order[i] = i;
        }
        return true;
    }
    uint32_t *waiting = hk_alloc_array(graph->task_count, sizeof *waiting);
    bool ok = order_tasks(graph, waiting) == graph->task_count || refuse_cycle(graph, waiting, err);
    free(waiting);
    return ok;
}
