/* How much waits for a task, which is what it is queued by (Airflow's priority weight strategies).
 *
 * Airflow's downstream weight is the task's own priority_weight plus that of the set of all tasks after it. That set
 * is quadratic, so it is counted 64 tasks at a time with one bit each, which is exact for graphs of some 100,000
 * tasks and edges (EXACT_WORK). Larger graphs get a lower bound of it: every task hands its weight upstream in equal
 * shares, so that nothing is counted twice, and is worth at least the best task after it plus its own. That is still
 * exact where no task has two upstream tasks (chains, fans, trees) and for a single first task before all others. Path
 * counting was rejected: it grows exponentially in ladders, and then priorities say nothing. */
#include <math.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/graph/graph_internal.h"

#define EXACT_WORK INT64_C(100000000)

enum { BLOCK = 64 };

/* One direction to add up along: next is where a task's weight comes from. */
struct side {
    const struct hk_graph *graph;
    bool is_upstream;
};

static uint32_t next_count(const struct side *side, const struct hk_task *task)
{
    return side->is_upstream ? task->upstream_count : task->downstream_count;
}

static const uint32_t *next_tasks(const struct side *side, const struct hk_task *task)
{
    return side->is_upstream ? task->upstream : task->downstream;
}

static uint32_t back_count(const struct side *side, const struct hk_task *task)
{
    return side->is_upstream ? task->downstream_count : task->upstream_count;
}

/* The i-th task such that all its next tasks came before. */
static uint32_t task_at(const struct side *side, uint32_t i)
{
    return side->graph->order[side->is_upstream ? i : side->graph->task_count - 1 - i];
}

static bool is_forest(const struct side *side)
{
    for (uint32_t i = 0; i < side->graph->task_count; i++) {
        if (back_count(side, &side->graph->tasks[i]) > 1) {
            return false;
        }
    }
    return true;
}

/* Adds to sums[] the weight of the up to 64 tasks at places [from, from + count) for every task that leads to them. */
static void add_block(const struct side *side, uint32_t from, uint32_t count, uint64_t *reach, int64_t *sums)
{
    const struct hk_graph *graph = side->graph;
    bool is_even = true;
    for (uint32_t i = 0; i < count; i++) {
        is_even = is_even && graph->tasks[task_at(side, from + i)].priority_weight == 1;
    }
    for (uint32_t i = 0; i < from; i++) {
        reach[task_at(side, i)] = 0; /* they come before the block and cannot lead to it */
    }
    for (uint32_t i = from; i < graph->task_count; i++) {
        uint32_t at = task_at(side, i);
        const struct hk_task *task = &graph->tasks[at];
        const uint32_t *next = next_tasks(side, task);
        uint64_t bits = 0;
        for (uint32_t k = 0; k < next_count(side, task); k++) {
            bits |= reach[next[k]];
        }
        bits |= i - from < count ? UINT64_C(1) << (i - from) : 0;
        reach[at] = bits;
        if (is_even) {
            sums[at] += __builtin_popcountll(bits);
            continue;
        }
        for (; bits != 0; bits &= bits - 1) {
            uint32_t place = from + (uint32_t)__builtin_ctzll(bits);
            sums[at] += graph->tasks[task_at(side, place)].priority_weight;
        }
    }
}

static void sum_exactly(const struct side *side, int64_t *sums)
{
    uint32_t total = side->graph->task_count;
    uint64_t *reach = hk_alloc_array(total, sizeof *reach);
    for (uint32_t from = 0; from < total; from += BLOCK) {
        add_block(side, from, total - from < BLOCK ? total - from : BLOCK, reach, sums);
    }
    free(reach);
}

static void sum_by_shares(const struct side *side, bool is_exact, int64_t *sums)
{
    const struct hk_graph *graph = side->graph;
    double *shares = hk_alloc_array(graph->task_count, sizeof *shares);
    for (uint32_t i = 0; i < graph->task_count; i++) {
        uint32_t at = task_at(side, i);
        const struct hk_task *task = &graph->tasks[at];
        const uint32_t *next = next_tasks(side, task);
        int64_t best = 0;
        double sum = 0;
        for (uint32_t k = 0; k < next_count(side, task); k++) {
            sum += shares[next[k]] / back_count(side, &graph->tasks[next[k]]);
            best = sums[next[k]] > best ? sums[next[k]] : best;
        }
        shares[at] = task->priority_weight + sum;
        /* The thousandth makes 1,000,000 shares of a millionth a whole again. */
        int64_t shared = task->priority_weight + (int64_t)floor(sum + 0.001);
        sums[at] = is_exact || shared > task->priority_weight + best ? shared : task->priority_weight + best;
    }
    free(shares);
}

static void sum_side(const struct side *side, int64_t *sums)
{
    const struct hk_graph *graph = side->graph;
    int64_t blocks = graph->task_count / BLOCK + 1;
    int64_t work = blocks * ((int64_t)graph->task_count + graph->edge_count) / 2;
    bool has_no_sharing = is_forest(side);
    if (work <= EXACT_WORK && !has_no_sharing) {
        sum_exactly(side, sums);
    } else {
        sum_by_shares(side, has_no_sharing, sums);
    }
}

static int32_t clamp(int64_t weight)
{
    if (weight > INT32_MAX) {
        return INT32_MAX;
    }
    return weight < INT32_MIN ? INT32_MIN : (int32_t)weight;
}

static void weigh_rule(struct hk_graph *graph, enum hk_weight_rule rule)
{
    struct side side = {graph, rule == HK_WEIGHT_UPSTREAM};
    int64_t *sums = NULL;
    for (uint32_t i = 0; i < graph->task_count; i++) {
        struct hk_task *task = &graph->tasks[i];
        if (task->weight_rule != rule) {
            continue;
        }
        if (sums == NULL) {
            sums = hk_alloc_array(graph->task_count, sizeof *sums);
            sum_side(&side, sums);
        }
        task->total_weight = clamp(sums[i]);
    }
    free(sums);
}

void hk__graph_weigh(struct hk_graph *graph)
{
    for (uint32_t i = 0; i < graph->task_count; i++) {
        graph->tasks[i].total_weight = graph->tasks[i].priority_weight;
    }
    weigh_rule(graph, HK_WEIGHT_DOWNSTREAM);
    weigh_rule(graph, HK_WEIGHT_UPSTREAM);
}
