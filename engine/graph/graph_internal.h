/* What the files behind graph.h share: the builder's insides and the steps of hk_graph_build, in the order they run.
 * Nothing outside engine/graph includes this.
 *
 *   hk__graph_check_parts   ids, limits, values            check.c
 *   hk__graph_link          edges -> upstream, downstream  links.c
 *   hk__graph_order         topological order, or a cycle  order.c
 *   hk__graph_scope         scopes of setups, teardowns    scope.c
 *   hk__graph_weigh         total_weight                   weight.c
 *
 * All of them are linear (order.c: n log n; scope.c: in what it finds) and none recurses, so a chain of 1,000,000 tasks
 * is as good as any. */
#ifndef HK_GRAPH_GRAPH_INTERNAL_H
#define HK_GRAPH_GRAPH_INTERNAL_H

#include "engine/graph/graph.h"

enum { HK__INTERN_SLOTS = 256, HK__INTERN_MAX_BYTES = 128 };

#define HK__NO_TASK UINT32_MAX

struct hk__edge {
    uint32_t upstream; /* numbers of names, until hk_graph_build makes them task indexes */
    uint32_t downstream;
};

/* During construction graph->by_id maps every name heard of, in a task or an edge, to a dense number; name_task tells
 * which task has it, if any yet. hk_graph_build turns the map's values into task indexes. */
struct hk_graph_builder {
    struct hk_graph *graph;
    size_t task_cap;
    size_t group_cap;
    size_t asset_cap;
    size_t condition_cap;
    uint32_t *name_task; /* HK__NO_TASK: only named by an edge so far */
    size_t name_cap;
    size_t name_count;
    struct hk__edge *edges;
    size_t edge_count;
    size_t edge_cap;
    struct hk_map group_ids;
    const char *repeated_group; /* NULL: none */
    bool has_too_many_tasks;
    bool has_too_many_edges;
    bool has_too_many_groups;
    struct hk_task spare; /* handed out once there are too many tasks */
    struct hk_str interned[HK__INTERN_SLOTS];
};

extern const struct hk_task hk__task_defaults;
void hk__graph_set_defaults(struct hk_graph *graph);

HK_MUST_USE bool hk__graph_check_parts(struct hk_graph_builder *b, struct hk_error *err);
void hk__graph_link(struct hk_graph *graph, struct hk__edge *edges, size_t count);
/* Sorts the edges, drops repeats and notes them in links[], by task; says how many are left. */
size_t hk__graph_group(struct hk_graph *graph, struct hk__edge *edges, size_t count, struct hk_links *links);
HK_MUST_USE bool hk__graph_order(struct hk_graph *graph, struct hk_error *err);
HK_MUST_USE bool hk__graph_scope(struct hk_graph *graph, struct hk_error *err);
void hk__graph_weigh(struct hk_graph *graph);

#endif
