#include <string.h>

#include "dags/yaml_dag.h"
#include "engine/base/limits.h"

enum { MAX_GROUP_ID_CHARACTERS = 200, MAX_GROUP_DEPTH = HK_MAX_NESTING };

/* What TaskGroup() takes, and what dag-factory takes out before. */
static const char *const known_keys[] = {"add_suffix_on_collision",
                                         "default_args",
                                         "dependencies",
                                         "doc_md",
                                         "group_display_name",
                                         "parent_group_name",
                                         "prefix_group_id",
                                         "tooltip",
                                         "ui_color",
                                         "ui_fgcolor",
                                         NULL};

static bool check_keys(const struct hk__yaml_dag *d, const struct hk__yaml_group *group, struct hk_error *err)
{
    for (size_t i = 0; i < group->conf->as.in.pair_count; i++) {
        const struct hk_yaml_node *key = group->conf->as.in.pairs[i].key;
        if (key->kind != HK_YAML_TEXT || !hk__yaml_is_listed(key->text, known_keys)) {
            return hk__yaml_refuse(d, key, err, "task group '%.80s' takes no '%.80s'.", group->name,
                                   hk__yaml_shown(key));
        }
    }
    return true;
}

/* Airflow's GROUP_KEY_REGEX: as an id, but without dots, which separate a group from what is in it. */
static bool check_name(const struct hk__yaml_dag *d, const struct hk__yaml_group *group, struct hk_error *err)
{
    struct hk_str name = hk_str_from(group->name);
    if (name.len > MAX_GROUP_ID_CHARACTERS) {
        return hk__yaml_refuse(d, group->conf, err, "The key has to be less than %d characters, not %zu",
                               MAX_GROUP_ID_CHARACTERS, name.len);
    }
    if (memchr(name.data, '.', name.len) != NULL || !hk_graph_check_id("group_id", name, err)) {
        return hk__yaml_refuse(
            d, group->conf, err,
            "The key '%.100s' has to be made of alphanumeric characters, dashes, and underscores exclusively",
            group->name);
    }
    return true;
}

/* The group's id under its parent: TaskGroup.child_id. */
static const char *id_under(const struct hk__yaml_dag *d, uint32_t parent, const char *name)
{
    if (parent == HK__NO_GROUP || !d->groups[parent].has_prefix) {
        return name;
    }
    return hk_arena_printf(d->arena, "%s.%s", d->dag->groups[d->groups[parent].graph_index].group_id, name);
}

/* To Airflow a null is as good as false. */
static bool read_prefix(const struct hk__yaml_dag *d, struct hk__yaml_group *group, struct hk_error *err)
{
    const struct hk_yaml_node *node = hk_yaml_find(group->conf, "prefix_group_id");
    group->has_prefix = node == NULL;
    return node == NULL || node->kind == HK_YAML_NULL ||
           hk__yaml_take_bool(d, node, "prefix_group_id", &group->has_prefix, err);
}

static bool fill_group(struct hk__yaml_dag *d, struct hk__yaml_group *group, struct hk_error *err)
{
    const char *label = NULL;
    const char *tooltip = NULL;
    uint32_t parent_index = group->parent == HK__NO_GROUP ? 0 : d->groups[group->parent].graph_index;
    const struct hk_yaml_node *defaults = hk_yaml_get(group->conf, "default_args");
    if (defaults != NULL && defaults->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, defaults, err, "default_args takes a mapping, not %s.",
                               hk_yaml_kind_name(defaults->kind));
    }
    group->default_args = defaults;
    if (!check_keys(d, group, err) || !check_name(d, group, err) || !hk__yaml_check_callbacks(d, defaults, err) ||
        !read_prefix(d, group, err) ||
        !hk__yaml_take_text(d, hk_yaml_get(group->conf, "group_display_name"), "group_display_name", &label, err) ||
        !hk__yaml_take_text(d, hk_yaml_find(group->conf, "tooltip"), "tooltip", &tooltip, err)) {
        return false;
    }
    group->graph_index =
        hk_graph_builder_group(d->b, parent_index, hk_str_from(id_under(d, group->parent, group->name)));
    struct hk_group *made = &d->dag->groups[group->graph_index];
    made->tooltip = tooltip != NULL && *tooltip != '\0' ? tooltip : NULL;
    bool has_label = label != NULL && *label != '\0' && strcmp(label, group->name) != 0;
    made->label = has_label ? label : NULL;
    return true;
}

static bool find_parent(struct hk__yaml_dag *d, struct hk__yaml_group *group, struct hk_error *err)
{
    const struct hk_yaml_node *name = hk_yaml_get(group->conf, "parent_group_name");
    uint64_t index = 0;
    group->parent = HK__NO_GROUP;
    if (name == NULL || (name->kind == HK_YAML_TEXT && name->text.len == 0)) {
        return true;
    }
    if (name->kind != HK_YAML_TEXT || !hk_map_find(&d->group_names, name->text, &index)) {
        return hk__yaml_refuse(d, name, err, "task group '%.80s' has the parent '%.80s', and there is no such group.",
                               group->name, hk__yaml_shown(name));
    }
    group->parent = (uint32_t)index;
    return true;
}

/* Parents before children; walks up with a list instead of recursion, since a file may nest as deep as it likes. */
static bool make_group(struct hk__yaml_dag *d, uint32_t index, uint32_t *chain, struct hk_error *err)
{
    uint32_t depth = 0;
    while (index != HK__NO_GROUP && !d->groups[index].is_made) {
        struct hk__yaml_group *group = &d->groups[index];
        if (group->is_being_made) {
            return hk__yaml_refuse(d, group->conf, err,
                                   "task group '%.80s' is inside itself: change a parent_group_name.", group->name);
        }
        if (depth >= MAX_GROUP_DEPTH) {
            return hk__yaml_refuse(d, group->conf, err, "task groups are nested more than %d levels deep.",
                                   MAX_GROUP_DEPTH);
        }
        group->is_being_made = true;
        chain[depth++] = index;
        if (!find_parent(d, group, err)) {
            return false;
        }
        index = group->parent;
    }
    while (depth > 0) {
        struct hk__yaml_group *group = &d->groups[chain[--depth]];
        if (!fill_group(d, group, err)) {
            return false;
        }
        group->is_being_made = false;
        group->is_made = true;
    }
    return true;
}

bool hk__yaml_read_groups(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk__yaml_entry *entries = NULL;
    size_t count = 0;
    if (!hk__yaml_entries(d, "task_groups", "group_name", &entries, &count, err)) {
        return false;
    }
    d->groups = hk_arena_array(d->arena, count, sizeof *d->groups);
    for (size_t i = 0; i < count; i++) {
        d->groups[i] = (struct hk__yaml_group){.conf = entries[i].conf, .name = entries[i].name};
        if (hk_map_find(&d->group_names, hk_str_from(entries[i].name), NULL)) {
            return hk__yaml_refuse(d, entries[i].conf, err,
                                   "Duplicate group_name detected in task_groups list: '%.100s'", entries[i].name);
        }
        hk_map_set(&d->group_names, hk_str_from(entries[i].name), i);
        d->group_count++;
    }
    uint32_t chain[MAX_GROUP_DEPTH];
    for (uint32_t i = 0; i < d->group_count; i++) {
        if (!make_group(d, i, chain, err)) {
            return false;
        }
    }
    return true;
}
