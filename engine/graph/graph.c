#include "engine/graph/graph.h"

#include <stdlib.h>
#include <string.h>

struct hk_graph *hk_graph_ref(const struct hk_graph *graph)
{
    struct hk_graph *counted = (struct hk_graph *)graph; /* the count is the one thing that changes */
    int before = __atomic_fetch_add(&counted->refs, 1, __ATOMIC_RELAXED);
    HK_ASSERT(before > 0);
    return counted;
}

void hk_graph_unref(struct hk_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    int before = __atomic_fetch_sub(&graph->refs, 1, __ATOMIC_ACQ_REL);
    HK_ASSERT(before > 0);
    if (before > 1) {
        return;
    }
    hk_map_clear(&graph->by_id);
    free(graph->tasks);
    free(graph->groups);
    free(graph->assets);
    free(graph->condition);
    hk_arena_clear(&graph->arena);
    free(graph);
}

const struct hk_task *hk_graph_find_task(const struct hk_graph *graph, struct hk_str task_id)
{
    uint64_t index = 0;
    return hk_map_find(&graph->by_id, task_id, &index) ? &graph->tasks[index] : NULL;
}

const char *hk_graph_python_file(const struct hk_graph *graph)
{
    return graph->python_file != NULL ? graph->python_file : graph->fileloc;
}

/* The file's path without its name inside the bundle; a file of hanok's own stands for itself. */
struct hk_str hk_graph_python_folder(const struct hk_graph *graph)
{
    struct hk_str file = hk_str_from(hk_graph_python_file(graph));
    struct hk_str inside = hk_str_from(graph->python_file == NULL ? graph->relative_fileloc : NULL);
    bool ends_so = inside.len > 0 && file.len > inside.len && file.data[file.len - inside.len - 1] == '/' &&
                   memcmp(file.data + file.len - inside.len, inside.data, inside.len) == 0;
    size_t len = ends_so ? file.len - inside.len - 1 : file.len;
    while (!ends_so && len > 0 && file.data[len - 1] != '/') {
        len--;
    }
    len -= !ends_so && len > 0;
    return len > 0 ? (struct hk_str){file.data, len} : HK_STR("/");
}

bool hk_graph_has_task_limits(const struct hk_graph *graph)
{
    for (uint32_t t = 0; t < graph->task_count; t++) {
        if (graph->tasks[t].max_active_per_dag > 0) {
            return true;
        }
    }
    return false;
}
