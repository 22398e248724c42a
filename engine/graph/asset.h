/* struct hk_asset: something that tasks bring up to date (outlets) and that DAGs are scheduled on, named by a name and
 * a URI as in Airflow. A graph holds each asset that it speaks of once; a condition over them says when the DAG runs:
 *
 *     AssetAll(a, AssetAny(b, c))   is the nodes   ALL 2, ONE a, ANY 2, ONE b, ONE c
 *
 * in prefix order, so that a condition is one array without pointers. Immutable, as all of a graph; readers fill it in
 * through the builder. */
#ifndef HK_GRAPH_ASSET_H
#define HK_GRAPH_ASSET_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

struct hk_graph;
struct hk_graph_builder;

struct hk_asset {
    const char *name;
    const char *uri;
    const char *group;      /* "asset" */
    const char *extra_json; /* NULL: {} */
};

enum hk_asset_op { HK_ASSET_ONE, HK_ASSET_ALL, HK_ASSET_ANY, HK_ASSET_OP_COUNT };

struct hk_asset_node {
    enum hk_asset_op op;
    uint32_t n; /* ONE: index in graph->assets; else how many parts follow */
};

/* Finds or adds; the index. HK_MAX_ASSETS_PER_DAG is checked by hk_graph_build. */
uint32_t hk_graph_builder_asset(struct hk_graph_builder *b, const struct hk_asset *asset);
/* Appends to the condition of the schedule. */
void hk_graph_builder_condition(struct hk_graph_builder *b, enum hk_asset_op op, uint32_t n);
/* Assets that a task brings up to date; each once. `task` is its index. */
void hk_graph_builder_outlet(struct hk_graph_builder *b, uint32_t task, uint32_t asset);

/* Whether the condition is whole: every part is there, nothing follows, nesting is limited. */
HK_MUST_USE bool hk_asset_condition_check(const struct hk_graph *graph, struct hk_error *err);

/* Whether the DAG may run: has_event by index of the asset. A graph without a condition never may. */
bool hk_asset_condition_holds(const struct hk_graph *graph, const bool *has_event);

/* Index of the asset with this name and URI; graph->asset_count: the graph does not speak of it. */
uint32_t hk_graph_find_asset(const struct hk_graph *graph, struct hk_str name, struct hk_str uri);

/* As Airflow shows it: {"all": [{"asset": {"uri": ..., "name": ..., "group": ...}}, {"any": [...]}]}. */
void hk_asset_condition_write(const struct hk_graph *graph, struct hk_buf *out);

#endif
