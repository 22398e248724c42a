/* Dependencies, in dag-factory's order: first those of the tasks, then those of the task groups. The order matters: a
 * group stands for its first (or last) tasks at the moment its dependency is set, before the ones that come later are
 * known. */
#include <stdlib.h>
#include <string.h>

#include "dags/yaml_dag.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

/* Well over a second of looking for the ends of groups that keep changing; no real file comes near. */
#define MOST_WORK ((size_t)500 * 1000 * 1000)

struct links {
    uint32_t *items;
    size_t count;
    size_t cap;
};

/* A group's roots and leaves, kept until an edge inside the group makes them stale. */
struct ends {
    struct links roots;
    struct links leaves;
    bool is_fresh;
};

struct wiring {
    struct hk__yaml_dag *d;
    struct links *up; /* by task */
    struct links *down;
    struct ends *ends;     /* by group */
    struct links *members; /* tasks of each group and of those inside it */
    size_t edges;
    size_t work; /* tasks looked at for the ends of groups */
};

static void add_link(struct links *links, uint32_t item)
{
    hk_array_grow((void **)&links->items, &links->cap, links->count + 1, sizeof *links->items);
    links->items[links->count++] = item;
}

static bool is_inside(const struct hk__yaml_dag *d, uint32_t task, uint32_t group)
{
    for (uint32_t g = d->tasks[task].group; g != HK__NO_GROUP; g = d->groups[g].parent) {
        if (g == group) {
            return true;
        }
    }
    return false;
}

static void add_edge(struct wiring *w, uint32_t up, uint32_t down)
{
    struct hk__yaml_dag *d = w->d;
    if (w->edges++ > HK_MAX_EDGES_PER_DAG) {
        return; /* the builder has seen one too many, and refuses */
    }
    add_link(&w->up[down], up);
    add_link(&w->down[up], down);
    for (uint32_t g = d->tasks[up].group; g != HK__NO_GROUP; g = d->groups[g].parent) {
        w->ends[g].is_fresh = w->ends[g].is_fresh && !is_inside(d, down, g);
    }
    hk_graph_builder_edge(d->b, hk_str_from(d->tasks[up].task_id), hk_str_from(d->tasks[down].task_id));
}

static bool has_link_inside(const struct wiring *w, const struct links *links, uint32_t group)
{
    for (size_t i = 0; i < links->count; i++) {
        if (is_inside(w->d, links->items[i], group)) {
            return true;
        }
    }
    return false;
}

static const struct ends *find_ends(struct wiring *w, uint32_t group)
{
    struct ends *ends = &w->ends[group];
    if (ends->is_fresh) {
        return ends;
    }
    ends->roots.count = 0;
    ends->leaves.count = 0;
    ends->is_fresh = true;
    w->work += w->members[group].count;
    for (size_t i = 0; i < w->members[group].count; i++) {
        uint32_t task = w->members[group].items[i];
        if (!has_link_inside(w, &w->up[task], group)) {
            add_link(&ends->roots, task);
        }
        if (!has_link_inside(w, &w->down[task], group)) {
            add_link(&ends->leaves, task);
        }
    }
    return ends;
}

/* A task, or a group of them. */
struct thing {
    bool is_group;
    uint32_t index;
};

/* Copies, since adding edges may change what a group's ends are. */
static struct links copy_ends(struct wiring *w, struct thing thing, bool wants_leaves)
{
    struct links out = {0};
    if (!thing.is_group) {
        add_link(&out, thing.index);
        return out;
    }
    const struct ends *ends = find_ends(w, thing.index);
    const struct links *from = wants_leaves ? &ends->leaves : &ends->roots;
    for (size_t i = 0; i < from->count; i++) {
        add_link(&out, from->items[i]);
    }
    return out;
}

static void connect(struct wiring *w, struct thing up, struct thing down)
{
    struct links from = copy_ends(w, up, true);
    struct links to = copy_ends(w, down, false);
    for (size_t t = 0; t < to.count; t++) {
        for (size_t f = 0; f < from.count && w->edges <= HK_MAX_EDGES_PER_DAG; f++) {
            add_edge(w, from.items[f], to.items[t]);
        }
    }
    free(from.items);
    free(to.items);
}

static bool find_thing(const struct wiring *w, struct hk_str name, struct thing *out)
{
    uint64_t index = 0;
    out->is_group = hk_map_find(&w->d->group_names, name, &index);
    bool is_found = out->is_group || hk_map_find(&w->d->task_names, name, &index);
    out->index = (uint32_t)index;
    return is_found;
}

static bool refuse_name(const struct wiring *w, const struct hk_yaml_node *name, const char *of, struct hk_error *err)
{
    const char *dot = name->kind == HK_YAML_TEXT ? strrchr(name->text.data, '.') : NULL;
    struct thing thing;
    if (dot != NULL && find_thing(w, hk_str_from(dot + 1), &thing)) {
        return hk__yaml_refuse(w->d, name, err, "'%.80s' depends on '%.80s': name it without its group, '%.80s'.", of,
                               name->text.data, dot + 1);
    }
    return hk__yaml_refuse(w->d, name, err,
                           "'%.80s' depends on '%.80s', which is neither a task nor a task group of this DAG.", of,
                           hk__yaml_shown(name));
}

/* dag-factory looks for a task in a group under the group's id and the task's name: it finds none that goes without
 * that prefix, and no decorated one. */
static bool check_findable(const struct wiring *w, const struct hk_yaml_node *at, struct thing thing,
                           struct hk_error *err)
{
    const struct hk__yaml_task *task = thing.is_group ? NULL : &w->d->tasks[thing.index];
    if (task == NULL || task->group == HK__NO_GROUP ||
        (w->d->groups[task->group].has_prefix && hk_yaml_find(task->conf, "operator") != NULL)) {
        return true;
    }
    return hk__yaml_refuse(
        w->d, at, err, "task '%.80s' cannot have or be a dependency: dag-factory does not find %s in a task group.",
        task->name, hk_yaml_find(task->conf, "operator") != NULL ? "one without prefix_group_id" : "a decorated one");
}

static bool wire(struct wiring *w, const struct hk_yaml_node *conf, const char *name, struct thing down,
                 struct hk_error *err)
{
    const struct hk_yaml_node *list = hk_yaml_find(conf, "dependencies");
    if (list == NULL || (down.is_group && list->kind == HK_YAML_NULL)) {
        return true;
    }
    if (list->kind != HK_YAML_LIST) {
        return hk__yaml_refuse(w->d, list, err, "dependencies of '%.80s' takes a list, not %s.", name,
                               hk_yaml_kind_name(list->kind));
    }
    for (size_t i = 0; i < list->as.in.item_count; i++) {
        const struct hk_yaml_node *item = list->as.in.items[i];
        struct thing up;
        if (item->kind != HK_YAML_TEXT || !find_thing(w, item->text, &up)) {
            return refuse_name(w, item, name, err);
        }
        if (up.is_group && !down.is_group && is_inside(w->d, down.index, up.index)) {
            return hk__yaml_refuse(w->d, item, err, "task '%.80s' depends on '%.80s', the group it is in.", name,
                                   item->text.data);
        }
        if (!check_findable(w, list, down, err) || !check_findable(w, item, up, err)) {
            return false;
        }
        connect(w, up, down);
        if (w->work > MOST_WORK) {
            return hk__yaml_refuse(w->d, item, err,
                                   "the dependencies on task groups are too many to follow: split the DAG.");
        }
    }
    return true;
}

/* "+task" or '+task["key"]' as an argument of a decorated task is that task's result. */
static bool wire_results(struct wiring *w, uint32_t task, struct hk_error *err)
{
    const struct hk_yaml_node *conf = w->d->tasks[task].conf;
    for (size_t i = 0; i < conf->as.in.pair_count; i++) {
        const struct hk_yaml_node *value = conf->as.in.pairs[i].value;
        if (value->kind != HK_YAML_TEXT || value->text.len < 2 || value->text.data[0] != '+' ||
            hk__yaml_is_base_arg(conf->as.in.pairs[i].key->text)) {
            continue;
        }
        struct hk_str name = {value->text.data + 1, strcspn(value->text.data + 1, "[")};
        struct thing up;
        if (!find_thing(w, name, &up) || up.is_group) {
            return hk__yaml_refuse(w->d, value, err,
                                   "the argument '%.80s' asks for the result of a task that does not exist.",
                                   value->text.data);
        }
        add_edge(w, up.index, task);
    }
    return true;
}

static bool wire_all(struct wiring *w, struct hk_error *err)
{
    struct hk__yaml_dag *d = w->d;
    for (uint32_t i = 0; i < d->task_count; i++) {
        if (hk_yaml_find(d->tasks[i].conf, "decorator") != NULL && hk_yaml_find(d->tasks[i].conf, "operator") == NULL &&
            !wire_results(w, i, err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < d->task_count; i++) {
        if (!wire(w, d->tasks[i].conf, d->tasks[i].name, (struct thing){false, i}, err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < d->group_count; i++) {
        if (!wire(w, d->groups[i].conf, d->groups[i].name, (struct thing){true, i}, err)) {
            return false;
        }
    }
    return true;
}

bool hk__yaml_read_dependencies(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct wiring w = {.d = d};
    w.up = hk_alloc_array((size_t)d->task_count + 1, sizeof *w.up);
    w.down = hk_alloc_array((size_t)d->task_count + 1, sizeof *w.down);
    w.ends = hk_alloc_array((size_t)d->group_count + 1, sizeof *w.ends);
    w.members = hk_alloc_array((size_t)d->group_count + 1, sizeof *w.members);
    for (uint32_t i = 0; i < d->task_count; i++) {
        for (uint32_t g = d->tasks[i].group; g != HK__NO_GROUP; g = d->groups[g].parent) {
            add_link(&w.members[g], i);
        }
    }
    bool ok = wire_all(&w, err);
    for (uint32_t i = 0; i < d->task_count; i++) {
        free(w.up[i].items);
        free(w.down[i].items);
    }
    for (uint32_t i = 0; i < d->group_count; i++) {
        free(w.ends[i].roots.items);
        free(w.ends[i].leaves.items);
        free(w.members[i].items);
    }
    free(w.up);
    free(w.down);
    free(w.ends);
    free(w.members);
    return ok;
}
