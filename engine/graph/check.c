#include <string.h>

#include "engine/base/limits.h"
#include "engine/graph/graph_internal.h"

/* Code points from U+0080 on that Python's \w does not take, roughly: controls, punctuation, symbols, private use.
 * Letters of all scripts are names for Airflow, and so they are here. */
static const struct {
    uint32_t first;
    uint32_t last;
} not_letters[] = {
    {0x0080, 0x00A9}, {0x00AB, 0x00B1}, {0x00B4, 0x00B4},   {0x00B6, 0x00B8},   {0x00BB, 0x00BB},
    {0x00BF, 0x00BF}, {0x00D7, 0x00D7}, {0x00F7, 0x00F7},   {0x2000, 0x206F},   {0x20A0, 0x20CF},
    {0x2190, 0x245F}, {0x2500, 0x2775}, {0x2794, 0x2BFF},   {0x2E00, 0x2E2E},   {0x2E30, 0x2FFF},
    {0x3000, 0x3004}, {0x3008, 0x3020}, {0xE000, 0xF8FF},   {0xFE00, 0xFE6F},   {0xFF00, 0xFF0F},
    {0xFF1A, 0xFF20}, {0xFFF0, 0xFFFF}, {0x1F000, 0x1F0FF}, {0x1F10D, 0x1FBEF}, {0xE0000, 0x10FFFF},
};

static bool is_letter(uint32_t c)
{
    for (size_t i = 0; i < sizeof not_letters / sizeof not_letters[0]; i++) {
        if (c >= not_letters[i].first && c <= not_letters[i].last) {
            return false;
        }
    }
    return true;
}

static bool is_key_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.';
}

/* The code point at *at of valid UTF-8; moves *at past it. */
static uint32_t next_code_point(struct hk_str s, size_t *at)
{
    unsigned char lead = (unsigned char)s.data[(*at)++];
    if (lead < 0x80) {
        return lead;
    }
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t c = lead & (0x3Fu >> more);
    while (more-- > 0) {
        c = (c << 6) | ((unsigned char)s.data[(*at)++] & 0x3Fu);
    }
    return c;
}

static bool is_key(struct hk_str id)
{
    if (id.len == 0 || !hk_str_is_utf8(id)) {
        return false;
    }
    for (size_t at = 0; at < id.len;) {
        uint32_t c = next_code_point(id, &at);
        if (c < 0x80 ? !is_key_byte((unsigned char)c) : !is_letter(c)) {
            return false;
        }
    }
    return true;
}

bool hk_graph_check_id(const char *what, struct hk_str id, struct hk_error *err)
{
    if (id.len > HK_MAX_ID_BYTES) {
        hk_error_set(err, HK_INVALID, "The key has to be less than %d characters, not %zu", HK_MAX_ID_BYTES, id.len);
        return hk_error_prefix(err, "%s '%.40s...'", what, hk_str_is_utf8(id) ? id.data : "?");
    }
    if (!is_key(id)) {
        hk_error_set(
            err, HK_INVALID,
            "The key '%.*s' has to be made of alphanumeric characters, dashes, dots, and underscores exclusively",
            HK_STR_ARG(id));
        return hk_error_prefix(err, "%s", what);
    }
    return true;
}

static bool check_counts(const struct hk_graph_builder *b, struct hk_error *err)
{
    const char *what = b->has_too_many_tasks ? "tasks" : b->has_too_many_groups ? "task groups" : "dependencies";
    int limit = b->has_too_many_tasks || b->has_too_many_groups ? HK_MAX_TASKS_PER_DAG : HK_MAX_EDGES_PER_DAG;
    if (b->has_too_many_tasks || b->has_too_many_groups || b->has_too_many_edges) {
        return hk_error_set(err, HK_LIMIT, "DAG '%s' has more than %d %s: split it into several DAGs.",
                            b->graph->dag_id, limit, what);
    }
    return true;
}

static bool check_groups(const struct hk_graph_builder *b, struct hk_error *err)
{
    if (b->repeated_group != NULL) {
        return hk_error_set(err, HK_INVALID, "group_id '%s' has already been added to the DAG", b->repeated_group);
    }
    for (uint32_t i = 1; i < b->graph->group_count; i++) {
        struct hk_str id = hk_str_from(b->graph->groups[i].group_id);
        uint64_t name = 0;
        if (!hk_graph_check_id("group_id", id, err)) {
            return false;
        }
        if (hk_map_find(&b->graph->by_id, id, &name) && b->name_task[name] != HK__NO_TASK) {
            return hk_error_set(err, HK_INVALID,
                                "Task id '%s' has already been added to the DAG: a task and a task group "
                                "cannot share a name.",
                                id.data);
        }
    }
    return true;
}

/* Names are checked where their length is known: one with a NUL inside would look shorter elsewhere. */
static bool check_names(const struct hk_graph_builder *b, struct hk_error *err)
{
    for (size_t i = 0; i < b->name_count; i++) {
        const struct hk_map_entry *entry = &b->graph->by_id.entries[i];
        bool is_task = b->name_task[entry->value] != HK__NO_TASK;
        if (is_task && !hk_graph_check_id("task_id", (struct hk_str){entry->key, entry->key_len}, err)) {
            return false;
        }
    }
    return true;
}

static bool check_tasks(const struct hk_graph *graph, struct hk_error *err)
{
    for (uint32_t i = 0; i < graph->task_count; i++) {
        const struct hk_task *task = &graph->tasks[i];
        HK_ASSERT(task->group < graph->group_count);
        if (task->runner == HK_RUNNER_WAIT &&
            (task->wait_model == NULL || (task->wait_alias == NULL) == (task->wait_stage == NULL))) {
            return hk_error_set(err, HK_INVALID,
                                "task '%s' waits for a model's promotion: name the model, and an alias "
                                "or a stage.",
                                task->task_id);
        }
        if (task->pool_slots < 1) {
            return hk_error_set(err, HK_INVALID, "pool slots for %s in dag %s cannot be less than 1", task->task_id,
                                graph->dag_id);
        }
    }
    return true;
}

static bool refuse_edge(const struct hk_graph_builder *b, const struct hk__edge *edge, struct hk_error *err)
{
    const struct hk_map_entry *names = b->graph->by_id.entries;
    const char *up = names[edge->upstream].key;
    const char *down = names[edge->downstream].key;
    if (edge->upstream == edge->downstream) {
        return hk_error_set(err, HK_INVALID, "Task '%.200s' depends on itself: remove that dependency.", up);
    }
    bool lacks_up = b->name_task[edge->upstream] == HK__NO_TASK;
    return hk_error_set(err, HK_INVALID, "Task '%.160s' %s '%.160s', and there is no such task in DAG '%.100s'.",
                        lacks_up ? down : up, lacks_up ? "depends on" : "is followed by", lacks_up ? up : down,
                        b->graph->dag_id);
}

static bool check_edges(const struct hk_graph_builder *b, struct hk_error *err)
{
    for (size_t i = 0; i < b->edge_count; i++) {
        const struct hk__edge *edge = &b->edges[i];
        if (edge->upstream == edge->downstream || b->name_task[edge->upstream] == HK__NO_TASK ||
            b->name_task[edge->downstream] == HK__NO_TASK) {
            return refuse_edge(b, edge, err);
        }
    }
    return true;
}

static bool check_assets(const struct hk_graph *graph, struct hk_error *err)
{
    for (uint32_t i = 0; i < graph->asset_count; i++) {
        const struct hk_asset *asset = &graph->assets[i];
        size_t longest = strlen(asset->name) > strlen(asset->uri) ? strlen(asset->name) : strlen(asset->uri);
        if (longest > HK_MAX_ASSET_NAME_BYTES) {
            return hk_error_set(err, HK_INVALID, "The name or URI of the asset '%.60s...' is longer than %d bytes.",
                                asset->name, HK_MAX_ASSET_NAME_BYTES);
        }
    }
    return hk_asset_condition_check(graph, err);
}

bool hk__graph_check_parts(struct hk_graph_builder *b, struct hk_error *err)
{
    struct hk_graph *graph = b->graph;
    if (graph->dag_id == NULL) {
        return hk_error_set(err, HK_INVALID, "A DAG needs a dag_id.");
    }
    return hk_graph_check_id("dag_id", hk_str_from(graph->dag_id), err) && check_counts(b, err) &&
           check_groups(b, err) && check_names(b, err) && check_tasks(graph, err) && check_edges(b, err) &&
           check_assets(graph, err);
}
