#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/graph/graph_internal.h"

/* Sorts the edges by one end, keeping the order of equals: counting sort. */
static void sort_edges(const struct hk__edge *in, struct hk__edge *out, size_t count, uint32_t *starts,
                       bool by_downstream)
{
    for (size_t i = 0; i < count; i++) {
        starts[(by_downstream ? in[i].downstream : in[i].upstream) + 1]++;
    }
    uint32_t sum = 0;
    for (uint32_t *s = starts;; s++) {
        sum += *s;
        *s = sum;
        if (sum == count) {
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t key = by_downstream ? in[i].downstream : in[i].upstream;
        out[starts[key]++] = in[i];
    }
}

static size_t drop_repeats(struct hk__edge *edges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || edges[i].upstream != edges[kept - 1].upstream ||
            edges[i].downstream != edges[kept - 1].downstream) {
            edges[kept++] = edges[i];
        }
    }
    return kept;
}

static void fill_downstream(struct hk_graph *graph, const struct hk__edge *edges, size_t count)
{
    uint32_t *ends = hk_arena_array(&graph->arena, count, sizeof *ends);
    for (size_t i = 0; i < count; i++) {
        struct hk_task *task = &graph->tasks[edges[i].upstream];
        ends[i] = edges[i].downstream;
        task->downstream = task->downstream_count == 0 ? &ends[i] : task->downstream;
        task->downstream_count++;
    }
}

static void fill_upstream(struct hk_graph *graph, const struct hk__edge *edges, size_t count)
{
    uint32_t *ends = hk_arena_array(&graph->arena, count, sizeof *ends);
    for (size_t i = 0; i < count; i++) {
        struct hk_task *task = &graph->tasks[edges[i].downstream];
        ends[i] = edges[i].upstream;
        task->upstream = task->upstream_count == 0 ? &ends[i] : task->upstream;
        task->upstream_count++;
    }
}

/* Two stable sorts leave the edges by upstream and then downstream; one more gives the other direction. */
void hk__graph_link(struct hk_graph *graph, struct hk__edge *edges, size_t count)
{
    if (count == 0) {
        return;
    }
    size_t slots = (size_t)graph->task_count + 1;
    struct hk__edge *sorted = hk_alloc_array(count, sizeof *sorted);
    uint32_t *starts = hk_alloc_array(slots, sizeof *starts);
    sort_edges(edges, sorted, count, starts, true);
    free(starts);
    starts = hk_alloc_array(slots, sizeof *starts);
    sort_edges(sorted, edges, count, starts, false);
    free(starts);
    count = drop_repeats(edges, count);
    graph->edge_count = (uint32_t)count;
    fill_downstream(graph, edges, count);
    starts = hk_alloc_array(slots, sizeof *starts);
    sort_edges(edges, sorted, count, starts, true);
    free(starts);
    fill_upstream(graph, sorted, count);
    free(sorted);
}
