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

static void fill_downstream(struct hk_arena *arena, const struct hk__edge *edges, size_t count, struct hk_links *links)
{
    uint32_t *ends = hk_arena_array(arena, count, sizeof *ends);
    for (size_t i = 0; i < count; i++) {
        struct hk_links *of = &links[edges[i].upstream];
        ends[i] = edges[i].downstream;
        of->downstream = of->downstream_count == 0 ? &ends[i] : of->downstream;
        of->downstream_count++;
    }
}

static void fill_upstream(struct hk_arena *arena, const struct hk__edge *edges, size_t count, struct hk_links *links)
{
    uint32_t *ends = hk_arena_array(arena, count, sizeof *ends);
    for (size_t i = 0; i < count; i++) {
        struct hk_links *of = &links[edges[i].downstream];
        ends[i] = edges[i].upstream;
        of->upstream = of->upstream_count == 0 ? &ends[i] : of->upstream;
        of->upstream_count++;
    }
}

/* Two stable sorts leave the edges by upstream and then downstream; one more gives the other direction. */
size_t hk__graph_group(struct hk_graph *graph, struct hk__edge *edges, size_t count, struct hk_links *links)
{
    if (count == 0) {
        return 0;
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
    fill_downstream(&graph->arena, edges, count, links);
    starts = hk_alloc_array(slots, sizeof *starts);
    sort_edges(edges, sorted, count, starts, true);
    free(starts);
    fill_upstream(&graph->arena, sorted, count, links);
    free(sorted);
    return count;
}

void hk__graph_link(struct hk_graph *graph, struct hk__edge *edges, size_t count)
{
    struct hk_links *links = hk_alloc_array(graph->task_count, sizeof *links);
    graph->edge_count = (uint32_t)hk__graph_group(graph, edges, count, links);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct hk_task *task = &graph->tasks[t];
        task->upstream = links[t].upstream;
        task->upstream_count = links[t].upstream_count;
        task->downstream = links[t].downstream;
        task->downstream_count = links[t].downstream_count;
    }
    free(links);
}
