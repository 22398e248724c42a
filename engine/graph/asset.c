#include "engine/graph/asset.h"

#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_internal.h"

uint32_t hk_graph_find_asset(const struct hk_graph *graph, struct hk_str name, struct hk_str uri)
{
    for (uint32_t i = 0; i < graph->asset_count; i++) {
        if (hk_str_is(name, graph->assets[i].name) && hk_str_is(uri, graph->assets[i].uri)) {
            return i;
        }
    }
    return graph->asset_count;
}

uint32_t hk_graph_builder_asset(struct hk_graph_builder *b, const struct hk_asset *asset)
{
    struct hk_graph *graph = b->graph;
    uint32_t found = hk_graph_find_asset(graph, hk_str_from(asset->name), hk_str_from(asset->uri));
    if (found < graph->asset_count || graph->asset_count > HK_MAX_ASSETS_PER_DAG) {
        return found < graph->asset_count ? found : 0;
    }
    hk_array_grow((void **)&graph->assets, &b->asset_cap, (size_t)graph->asset_count + 1, sizeof *graph->assets);
    graph->assets[graph->asset_count] = (struct hk_asset){
        .name = hk_graph_builder_text(b, asset->name),
        .uri = hk_graph_builder_text(b, asset->uri),
        .group = hk_graph_builder_text(b, asset->group != NULL ? asset->group : "asset"),
        .extra_json = hk_graph_builder_text(b, asset->extra_json),
    };
    return graph->asset_count++;
}

void hk_graph_builder_condition(struct hk_graph_builder *b, enum hk_asset_op op, uint32_t n)
{
    struct hk_graph *graph = b->graph;
    if (graph->condition_count > 2 * HK_MAX_ASSETS_PER_DAG) {
        return; /* hk_graph_build refuses it */
    }
    hk_array_grow((void **)&graph->condition, &b->condition_cap, (size_t)graph->condition_count + 1,
                  sizeof *graph->condition);
    graph->condition[graph->condition_count++] = (struct hk_asset_node){op, n};
}

void hk_graph_builder_outlet(struct hk_graph_builder *b, uint32_t task_index, uint32_t asset)
{
    struct hk_graph *graph = b->graph;
    struct hk_task *task = &graph->tasks[task_index];
    for (uint32_t i = 0; i < task->outlet_count; i++) {
        if (task->outlets[i] == asset) {
            return;
        }
    }
    uint32_t *outlets = hk_arena_array(&graph->arena, (size_t)task->outlet_count + 1, sizeof *outlets);
    if (task->outlet_count > 0) {
        memcpy(outlets, task->outlets, task->outlet_count * sizeof *outlets);
    }
    outlets[task->outlet_count++] = asset;
    task->outlets = outlets;
}

/* Walks one part and what belongs to it: *at moves behind it. Recursion is as deep as HK_MAX_NESTING. */
static bool check_part(const struct hk_graph *graph, uint32_t *at, int depth)
{
    if (*at >= graph->condition_count || depth > HK_MAX_NESTING) {
        return false;
    }
    const struct hk_asset_node *node = &graph->condition[(*at)++];
    if (node->op == HK_ASSET_ONE) {
        return node->n < graph->asset_count;
    }
    bool ok = true;
    for (uint32_t i = 0; i < node->n && ok; i++) {
        ok = check_part(graph, at, depth + 1);
    }
    return ok;
}

bool hk_asset_condition_check(const struct hk_graph *graph, struct hk_error *err)
{
    uint32_t at = 0;
    if (graph->asset_count > HK_MAX_ASSETS_PER_DAG || graph->condition_count > 2 * HK_MAX_ASSETS_PER_DAG) {
        return hk_error_set(err, HK_LIMIT, "DAG '%s' names more than %d assets.", graph->dag_id, HK_MAX_ASSETS_PER_DAG);
    }
    if (graph->schedule.kind != HK_SCHEDULE_ASSETS && graph->condition_count == 0) {
        return true;
    }
    if (graph->schedule.kind != HK_SCHEDULE_ASSETS || !check_part(graph, &at, 0) || at != graph->condition_count) {
        return hk_error_set(err, HK_INVALID, "The condition over assets that DAG '%s' is scheduled on is not whole.",
                            graph->dag_id);
    }
    return true;
}

static bool part_holds(const struct hk_graph *graph, uint32_t *at, const bool *has_event)
{
    const struct hk_asset_node *node = &graph->condition[(*at)++];
    if (node->op == HK_ASSET_ONE) {
        return has_event[node->n];
    }
    uint32_t holding = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        holding += part_holds(graph, at, has_event); /* none is left out: `at` passes them all */
    }
    return node->op == HK_ASSET_ALL ? holding == node->n : holding > 0;
}

bool hk_asset_condition_holds(const struct hk_graph *graph, const bool *has_event)
{
    uint32_t at = 0;
    bool any = false; /* all of nothing holds, too; it would make runs without an end */
    for (uint32_t i = 0; i < graph->asset_count && !any; i++) {
        any = has_event[i];
    }
    return any && graph->condition_count > 0 && part_holds(graph, &at, has_event);
}

static void write_part(const struct hk_graph *graph, uint32_t *at, struct hk_json *w)
{
    const struct hk_asset_node *node = &graph->condition[(*at)++];
    hk_json_begin_object(w);
    if (node->op == HK_ASSET_ONE) {
        const struct hk_asset *asset = &graph->assets[node->n];
        hk_json_key(w, "asset");
        hk_json_begin_object(w);
        hk_json_kv_text(w, "uri", asset->uri);
        hk_json_kv_text(w, "name", asset->name);
        hk_json_kv_text(w, "group", asset->group);
        hk_json_end_object(w);
    } else {
        hk_json_key(w, node->op == HK_ASSET_ALL ? "all" : "any");
        hk_json_begin_array(w);
        for (uint32_t i = 0; i < node->n; i++) {
            write_part(graph, at, w);
        }
        hk_json_end_array(w);
    }
    hk_json_end_object(w);
}

void hk_asset_condition_write(const struct hk_graph *graph, struct hk_buf *out)
{
    uint32_t at = 0;
    struct hk_json w;
    hk_json_init(&w, out);
    if (graph->condition_count == 0) {
        hk_json_null(&w);
    } else {
        write_part(graph, &at, &w);
    }
}
