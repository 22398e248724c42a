/* What a task waits for without an edge: the scopes of setup and teardown tasks (Airflow's get_upstreams_only_setups
 * and the teardown scope of its TriggerRuleDep).
 *
 *   A setup is about the tasks between it and its teardowns (the teardowns directly after it), or, when it has none,
 *   about all tasks after it: each of them waits for it, teardowns excepted.
 *   A teardown waits for the tasks between the setups directly before it and itself.
 *
 * Where there is an edge as well, the trigger rule speaks and there is no scope link. A walk goes no further down the
 * topological order than the last teardown, so a long chain of stages, each with its own setup and teardown, costs
 * what the stages cost. Setups without teardowns have as many links as tasks after them; HK_MAX_SCOPE_STEPS ends that.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_internal.h"

enum { AFTER = 1, BETWEEN = 2, DIRECT = 4 };

struct walk {
    const struct hk_graph *graph;
    uint32_t *place; /* of each task in graph->order */
    uint8_t *marks;
    uint32_t *found; /* tasks marked AFTER */
    size_t found_count;
    uint32_t *stack;
    size_t steps;
    struct hk__edge *edges;
    size_t edge_count;
    size_t edge_cap;
};

/* Marks what comes after task `from` and stands before `end` in the order. */
static void walk_down(struct walk *w, uint32_t from, uint32_t end)
{
    size_t waiting = 0;
    w->stack[waiting++] = from;
    while (waiting > 0) {
        const struct hk_task *task = &w->graph->tasks[w->stack[--waiting]];
        w->steps += task->downstream_count;
        for (uint32_t i = 0; i < task->downstream_count; i++) {
            uint32_t next = task->downstream[i];
            if ((w->marks[next] & AFTER) == 0 && w->place[next] < end) {
                w->marks[next] |= AFTER;
                w->found[w->found_count++] = next;
                w->stack[waiting++] = next;
            }
        }
    }
}

/* Marks those of the found tasks that lead to task `to`. */
static void walk_up(struct walk *w, uint32_t to)
{
    size_t waiting = 0;
    w->stack[waiting++] = to;
    while (waiting > 0) {
        const struct hk_task *task = &w->graph->tasks[w->stack[--waiting]];
        w->steps += task->upstream_count;
        for (uint32_t i = 0; i < task->upstream_count; i++) {
            uint32_t next = task->upstream[i];
            if ((w->marks[next] & (AFTER | BETWEEN)) == AFTER) {
                w->marks[next] |= BETWEEN;
                w->stack[waiting++] = next;
            }
        }
    }
}

static void add_edge(struct walk *w, uint32_t upstream, uint32_t downstream)
{
    hk_array_grow((void **)&w->edges, &w->edge_cap, w->edge_count + 1, sizeof *w->edges);
    w->edges[w->edge_count++] = (struct hk__edge){upstream, downstream};
}

static void mark_direct(struct walk *w, const uint32_t *tasks, uint32_t count, bool is_direct)
{
    for (uint32_t i = 0; i < count; i++) {
        w->marks[tasks[i]] = is_direct ? w->marks[tasks[i]] | DIRECT : 0;
    }
}

static void forget_found(struct walk *w)
{
    w->steps += w->found_count;
    for (size_t i = 0; i < w->found_count; i++) {
        w->marks[w->found[i]] = 0;
    }
    w->found_count = 0;
}

/* Finds what the setup is about, direct downstream included: marked BETWEEN. */
static void find_scope_of_setup(struct walk *w, const struct hk_task *setup)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < setup->downstream_count; i++) {
        uint32_t next = setup->downstream[i];
        bool is_later = w->graph->tasks[next].is_teardown && w->place[next] > end;
        end = is_later ? w->place[next] : end;
    }
    if (end == 0) { /* no teardown: one that comes after a task is not the first of all */
        walk_down(w, setup->index, UINT32_MAX);
        for (size_t i = 0; i < w->found_count; i++) {
            w->marks[w->found[i]] |= BETWEEN;
        }
        return;
    }
    walk_down(w, setup->index, end);
    for (uint32_t i = 0; i < setup->downstream_count; i++) {
        if (w->graph->tasks[setup->downstream[i]].is_teardown) {
            walk_up(w, setup->downstream[i]);
        }
    }
}

static void add_scope_of_setup(struct walk *w, const struct hk_task *setup)
{
    mark_direct(w, setup->downstream, setup->downstream_count, true);
    find_scope_of_setup(w, setup);
    for (size_t i = 0; i < w->found_count; i++) {
        uint32_t at = w->found[i];
        if ((w->marks[at] & (BETWEEN | DIRECT)) == BETWEEN && !w->graph->tasks[at].is_teardown) {
            add_edge(w, setup->index, at);
        }
    }
    forget_found(w);
    mark_direct(w, setup->downstream, setup->downstream_count, false);
}

static void add_scope_of_teardown(struct walk *w, const struct hk_task *teardown)
{
    mark_direct(w, teardown->upstream, teardown->upstream_count, true);
    for (uint32_t i = 0; i < teardown->upstream_count; i++) {
        if (w->graph->tasks[teardown->upstream[i]].is_setup) {
            walk_down(w, teardown->upstream[i], w->place[teardown->index]);
        }
    }
    walk_up(w, teardown->index);
    for (size_t i = 0; i < w->found_count; i++) {
        if ((w->marks[w->found[i]] & (BETWEEN | DIRECT)) == BETWEEN) {
            add_edge(w, w->found[i], teardown->index);
        }
    }
    forget_found(w);
    mark_direct(w, teardown->upstream, teardown->upstream_count, false);
}

static bool add_scopes(struct walk *w)
{
    for (uint32_t t = 0; t < w->graph->task_count && w->steps <= HK_MAX_SCOPE_STEPS; t++) {
        const struct hk_task *task = &w->graph->tasks[t];
        if (task->is_setup) {
            add_scope_of_setup(w, task);
        }
        if (task->is_teardown) {
            add_scope_of_teardown(w, task);
        }
    }
    return w->steps <= HK_MAX_SCOPE_STEPS;
}

static bool has_setups(const struct hk_graph *graph)
{
    for (uint32_t t = 0; t < graph->task_count; t++) {
        if (graph->tasks[t].is_setup) {
            return true;
        }
    }
    return false;
}

static void walk_init(struct walk *w, const struct hk_graph *graph)
{
    size_t count = graph->task_count;
    *w = (struct walk){.graph = graph,
                       .place = hk_alloc_array(count, sizeof *w->place),
                       .marks = hk_alloc(count),
                       .found = hk_alloc_array(count, sizeof *w->found),
                       .stack = hk_alloc_array(count, sizeof *w->stack)};
    for (uint32_t i = 0; i < graph->task_count; i++) {
        w->place[graph->order[i]] = i;
    }
}

static void walk_clear(struct walk *w)
{
    free(w->place);
    free(w->marks);
    free(w->found);
    free(w->stack);
    free(w->edges);
}

bool hk__graph_scope(struct hk_graph *graph, struct hk_error *err)
{
    if (!has_setups(graph)) {
        return true;
    }
    struct walk w;
    walk_init(&w, graph);
    bool ok = add_scopes(&w);
    if (!ok) {
        hk_error_set(
            err, HK_LIMIT,
            "DAG '%.100s' has too many tasks between its setup and teardown tasks: split it into several DAGs, "
            "or use fewer setup tasks.",
            graph->dag_id);
    } else if (w.edge_count > 0) {
        graph->scopes = hk_arena_array(&graph->arena, graph->task_count, sizeof *graph->scopes);
        hk__graph_group(graph, w.edges, w.edge_count, graph->scopes);
    }
    walk_clear(&w);
    return ok;
}

/* ---- what is cleared together ---- */

static void choose_teardowns(const struct hk_graph *graph, const struct hk_task *setup, bool *chosen)
{
    for (uint32_t i = 0; i < setup->downstream_count; i++) {
        uint32_t next = setup->downstream[i];
        chosen[next] = chosen[next] || graph->tasks[next].is_teardown;
    }
}

/* Setups that are about one of the tasks in `work`, and their teardowns. */
static void choose_setups(struct walk *w, const bool *work, bool *chosen)
{
    for (uint32_t t = 0; t < w->graph->task_count; t++) {
        const struct hk_task *setup = &w->graph->tasks[t];
        if (!setup->is_setup) {
            continue;
        }
        find_scope_of_setup(w, setup);
        bool is_about = false;
        for (size_t i = 0; i < w->found_count && !is_about; i++) {
            is_about = (w->marks[w->found[i]] & BETWEEN) != 0 && work[w->found[i]];
        }
        forget_found(w);
        if (is_about) {
            chosen[t] = true;
            choose_teardowns(w->graph, setup, chosen);
        }
    }
}

static void walk_all(struct walk *w, const bool *from, bool is_down)
{
    for (uint32_t t = 0; t < w->graph->task_count; t++) {
        if (from[t] && is_down) {
            walk_down(w, t, UINT32_MAX);
        } else if (from[t]) {
            walk_up(w, t);
        }
    }
}

static bool is_work(const struct hk_task *task)
{
    return !task->is_setup && !task->is_teardown;
}

static void choose_downstream(struct walk *w, const bool *named, bool *work, bool *chosen)
{
    walk_all(w, named, true);
    for (size_t i = 0; i < w->found_count; i++) {
        uint32_t at = w->found[i];
        chosen[at] = true;
        work[at] = work[at] || (!named[at] && is_work(&w->graph->tasks[at]));
    }
    forget_found(w);
}

static void choose_upstream(struct walk *w, const bool *named, bool *chosen)
{
    memset(w->marks, AFTER, w->graph->task_count); /* all count as found */
    walk_all(w, named, false);
    for (uint32_t t = 0; t < w->graph->task_count; t++) {
        const struct hk_task *task = &w->graph->tasks[t];
        bool is_before = (w->marks[t] & BETWEEN) != 0;
        chosen[t] = chosen[t] || is_before;
        if (is_before && task->is_setup) {
            choose_teardowns(w->graph, task, chosen);
        }
    }
    memset(w->marks, 0, w->graph->task_count);
}

void hk_graph_widen(const struct hk_graph *graph, bool include_upstream, bool include_downstream, bool *chosen)
{
    struct walk w;
    walk_init(&w, graph);
    bool *named = hk_alloc(graph->task_count);
    bool *work = hk_alloc(graph->task_count); /* whose setups are chosen, too */
    memcpy(named, chosen, graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        work[t] = named[t] && !include_upstream && is_work(&graph->tasks[t]);
        if (named[t] && graph->tasks[t].is_setup && !include_downstream) {
            choose_teardowns(graph, &graph->tasks[t], chosen);
        }
    }
    if (include_downstream) {
        choose_downstream(&w, named, work, chosen);
    }
    if (include_upstream) {
        choose_upstream(&w, named, chosen);
    }
    choose_setups(&w, work, chosen);
    free(named);
    free(work);
    walk_clear(&w);
}
