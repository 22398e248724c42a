#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_internal.h"

enum { DEFAULT_ACTIVE = 16 }; /* Airflow's max_active_runs_per_dag and max_active_tasks_per_dag */

void hk__graph_set_defaults(struct hk_graph *graph)
{
    graph->fileloc = "";
    graph->relative_fileloc = "";
    graph->bundle_name = "";
    graph->dialect = "";
    graph->schedule = (struct hk_schedule){.kind = HK_SCHEDULE_NONE, .zone = "UTC", .summary = "None"};
    graph->start_at_us = HK_TIME_NONE;
    graph->end_at_us = HK_TIME_NONE;
    graph->is_paused_upon_creation = -1;
    graph->max_active_runs = DEFAULT_ACTIVE;
    graph->max_active_tasks = DEFAULT_ACTIVE;
}

const struct hk_task hk__task_defaults = {
    .owner = "airflow",
    .operator_class = "BaseOperator",
    .queue = "default",
    .runner = HK_RUNNER_NOTHING,
    .trigger_rule = HK_RULE_ALL_SUCCESS,
    .retry_delay_us = 300 * HK_SECOND_US,
    .start_at_us = HK_TIME_NONE,
    .end_at_us = HK_TIME_NONE,
    .pool = "default_pool",
    .pool_slots = 1,
    .priority_weight = 1,
    .weight_rule = HK_WEIGHT_DOWNSTREAM,
};

struct hk_graph_builder *hk_graph_builder_new(void)
{
    struct hk_graph_builder *b = hk_alloc(sizeof *b);
    b->graph = hk_alloc(sizeof *b->graph);
    b->graph->refs = 1;
    hk__graph_set_defaults(b->graph);
    hk_array_grow((void **)&b->graph->groups, &b->group_cap, 1, sizeof *b->graph->groups);
    b->graph->group_count = 1;
    return b;
}

/* Frees all but the graph. */
static void free_shell(struct hk_graph_builder *b)
{
    hk_map_clear(&b->group_ids);
    free(b->name_task);
    free(b->edges);
    free(b);
}

void hk_graph_builder_free(struct hk_graph_builder *b)
{
    if (b != NULL) {
        hk_graph_unref(b->graph);
        free_shell(b);
    }
}

struct hk_graph *hk_graph_builder_dag(struct hk_graph_builder *b)
{
    return b->graph;
}

const char *hk_graph_builder_text(struct hk_graph_builder *b, const char *text)
{
    return text == NULL ? NULL : hk_graph_builder_str(b, hk_str_from(text));
}

/* Short texts repeat (owners, pools, operators): the last one of each hash is shared. */
const char *hk_graph_builder_str(struct hk_graph_builder *b, struct hk_str text)
{
    if (text.len > HK__INTERN_MAX_BYTES) {
        return hk_arena_str(&b->graph->arena, text).data;
    }
    struct hk_str *slot = &b->interned[hk_str_hash(text) % HK__INTERN_SLOTS];
    if (slot->data == NULL || !hk_str_eq(*slot, text)) {
        *slot = hk_arena_str(&b->graph->arena, text);
    }
    return slot->data;
}

static uint32_t name_number(struct hk_graph_builder *b, struct hk_str name)
{
    uint64_t number = 0;
    if (!hk_map_find(&b->graph->by_id, name, &number)) {
        number = b->name_count++;
        hk_map_set(&b->graph->by_id, name, number);
        hk_array_grow((void **)&b->name_task, &b->name_cap, b->name_count, sizeof *b->name_task);
        b->name_task[number] = HK__NO_TASK;
    }
    return (uint32_t)number;
}

struct hk_task *hk_graph_builder_task(struct hk_graph_builder *b, struct hk_str task_id)
{
    struct hk_graph *graph = b->graph;
    if (graph->task_count >= HK_MAX_TASKS_PER_DAG) {
        b->has_too_many_tasks = true;
        b->spare = hk__task_defaults;
        return &b->spare;
    }
    uint32_t name = name_number(b, task_id);
    if (b->name_task[name] != HK__NO_TASK) {
        return NULL;
    }
    hk_array_grow((void **)&graph->tasks, &b->task_cap, (size_t)graph->task_count + 1, sizeof *graph->tasks);
    struct hk_task *task = &graph->tasks[graph->task_count];
    *task = hk__task_defaults;
    task->index = graph->task_count;
    task->task_id = hk_arena_str(&graph->arena, task_id).data;
    b->name_task[name] = graph->task_count++;
    return task;
}

struct hk_task *hk_graph_builder_find_task(struct hk_graph_builder *b, struct hk_str task_id)
{
    uint64_t name = 0;
    if (!hk_map_find(&b->graph->by_id, task_id, &name) || b->name_task[name] == HK__NO_TASK) {
        return NULL;
    }
    return &b->graph->tasks[b->name_task[name]];
}

uint32_t hk_graph_builder_group(struct hk_graph_builder *b, uint32_t parent, struct hk_str group_id)
{
    struct hk_graph *graph = b->graph;
    HK_ASSERT(parent < graph->group_count);
    if (graph->group_count > HK_MAX_TASKS_PER_DAG) {
        b->has_too_many_groups = true;
        return 0;
    }
    hk_array_grow((void **)&graph->groups, &b->group_cap, (size_t)graph->group_count + 1, sizeof *graph->groups);
    struct hk_group *group = &graph->groups[graph->group_count];
    group->index = graph->group_count++;
    group->parent = parent;
    group->group_id = hk_arena_str(&graph->arena, group_id).data;
    if (hk_map_find(&b->group_ids, group_id, NULL)) {
        b->repeated_group = group->group_id;
    }
    hk_map_set(&b->group_ids, group_id, group->index);
    return group->index;
}

void hk_graph_builder_edge(struct hk_graph_builder *b, struct hk_str upstream, struct hk_str downstream)
{
    if (b->edge_count >= HK_MAX_EDGES_PER_DAG) {
        b->has_too_many_edges = true;
        return;
    }
    uint32_t up = name_number(b, upstream);
    uint32_t down = name_number(b, downstream);
    hk_array_grow((void **)&b->edges, &b->edge_cap, b->edge_count + 1, sizeof *b->edges);
    b->edges[b->edge_count++] = (struct hk__edge){up, down};
}

/* From numbers of names to task indexes; hk__graph_check_parts has seen that every name is a task's. */
static void settle_names(struct hk_graph_builder *b)
{
    for (size_t i = 0; i < b->edge_count; i++) {
        b->edges[i].upstream = b->name_task[b->edges[i].upstream];
        b->edges[i].downstream = b->name_task[b->edges[i].downstream];
    }
    struct hk_map *by_id = &b->graph->by_id;
    for (size_t i = 0; i < by_id->len; i++) {
        by_id->entries[i].value = b->name_task[by_id->entries[i].value];
    }
}

bool hk_graph_build(struct hk_graph_builder *b, struct hk_graph **out, struct hk_error *err)
{
    struct hk_graph *graph = b->graph;
    bool ok = hk__graph_check_parts(b, err);
    if (ok) {
        settle_names(b);
        if (graph->task_count > 0) {
            graph->tasks = hk_realloc(graph->tasks, graph->task_count * sizeof *graph->tasks);
        }
        hk__graph_link(graph, b->edges, b->edge_count);
        ok = hk__graph_order(graph, err) && hk__graph_scope(graph, err);
    }
    if (ok) {
        hk__graph_weigh(graph);
        *out = graph;
    } else {
        hk_graph_unref(graph);
    }
    free_shell(b);
    return ok;
}
