/* One DAG on its way from YAML to a graph; shared by the files behind read_yaml.h, in the order they run:
 *
 *   read_yaml.c      the file: environment, defaults, one round per DAG
 *   yaml_merge.c     `default` blocks under each DAG's own values
 *   yaml_dag.c       the DAG's own fields          yaml_schedule.c, yaml_params.c
 *   yaml_group.c     task groups
 *   yaml_task.c      tasks                         yaml_operator.c (who runs it, and with what)
 *   yaml_depend.c    dependencies, groups included
 *   yaml_value.c     durations, dates and numbers out of nodes; yaml_callback.c callbacks; yaml_asset.c assets
 */
#ifndef HK_DAGS_YAML_DAG_H
#define HK_DAGS_YAML_DAG_H

#include "dags/read_yaml.h"
#include "dags/yaml_node.h"
#include "engine/base/map.h"

struct hk__yaml_group {
    struct hk_yaml_node *conf;
    const char *name; /* the key in the file */
    uint32_t graph_index;
    uint32_t parent; /* index into groups; HK__NO_GROUP: none */
    bool has_prefix; /* its id stands before its children's */
    bool is_made;
    bool is_being_made;                      /* a parent that is being made is a circle */
    const struct hk_yaml_node *default_args; /* NULL: none */
};

#define HK__NO_GROUP UINT32_MAX

struct hk__yaml_task {
    struct hk_yaml_node *conf;
    const char *name;    /* the key in the file */
    const char *task_id; /* with its groups' prefix */
    uint32_t group;      /* index into groups; HK__NO_GROUP: none */
};

struct hk__yaml_dag {
    const struct hk_yaml_source *source;
    struct hk_arena *arena;
    const char *file; /* for messages */
    const char *dag_id;
    const char *task_id; /* NULL while no task is looked at */
    struct hk_graph_builder *b;
    struct hk_graph *dag;
    struct hk_yaml_node *conf;         /* with the defaults merged in */
    struct hk_yaml_node *default_args; /* a map */
    const char *zone;                  /* of the start date; "UTC" without one */

    struct hk__yaml_group *groups;
    uint32_t group_count;
    struct hk_map group_names;
    struct hk__yaml_task *tasks;
    uint32_t task_count;
    struct hk_map task_names;
};

/* The zone a block of settings names; UTC without one. */
HK_MUST_USE bool hk__yaml_take_zone(const struct hk__yaml_dag *d, const struct hk_yaml_node *map, const char **zone,
                                    struct hk_error *err);

/* Fills err with "<file>:<line>: DAG 'x', task 'y': <message>" and returns false. */
bool hk__yaml_refuse(const struct hk__yaml_dag *d, const struct hk_yaml_node *at, struct hk_error *err, const char *fmt,
                     ...) HK_PRINTF(4, 5);
/* The same in front of a message that is already there. */
bool hk__yaml_locate(const struct hk__yaml_dag *d, const struct hk_yaml_node *at, struct hk_error *err);

/* A scalar as written, for messages; "" for what has no text. */
static inline const char *hk__yaml_shown(const struct hk_yaml_node *node)
{
    return node->text.data != NULL ? node->text.data : "";
}

/* ---- yaml_merge.c ---- */

/* config with what it lacks from defaults, mapping by mapping; counts what it copies in *work. */
struct hk_yaml_node *hk__yaml_merge(struct hk_arena *arena, struct hk_yaml_node *config, struct hk_yaml_node *defaults,
                                    size_t *work);
/* {**below, **above}. Either may be NULL. */
struct hk_yaml_node *hk__yaml_overlay(struct hk_arena *arena, struct hk_yaml_node *below, struct hk_yaml_node *above,
                                      size_t *work);
/* map without or with another value for one key. */
struct hk_yaml_node *hk__yaml_without(struct hk_arena *arena, const struct hk_yaml_node *map, const char *key);
struct hk_yaml_node *hk__yaml_with(struct hk_arena *arena, const struct hk_yaml_node *map, const char *key,
                                   struct hk_yaml_node *value);
struct hk_yaml_node *hk__yaml_new_map(struct hk_arena *arena, uint32_t line);

/* ---- the steps ---- */

HK_MUST_USE bool hk__yaml_read_dag(struct hk__yaml_dag *d, struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_schedule(struct hk__yaml_dag *d, struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_params(struct hk__yaml_dag *d, struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_groups(struct hk__yaml_dag *d, struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_tasks(struct hk__yaml_dag *d, struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_dependencies(struct hk__yaml_dag *d, struct hk_error *err);

/* The entries of `tasks` or `task_groups`, which may be a mapping by name or a list of mappings with their name inside.
 */
struct hk__yaml_entry {
    const char *name;
    struct hk_yaml_node *conf;
};
HK_MUST_USE bool hk__yaml_entries(const struct hk__yaml_dag *d, const char *key, const char *name_key,
                                  struct hk__yaml_entry **out, size_t *count, struct hk_error *err);

/* JSON of a params mapping, {"n": {"value": 3, "schema": {}, ...}}, in the builder's arena. */
const char *hk__yaml_params_json(const struct hk__yaml_dag *d, const struct hk_yaml_node *params);
/* Any node as JSON, in the builder's arena. */
const char *hk__yaml_json(const struct hk__yaml_dag *d, const struct hk_yaml_node *node);

/* ---- yaml_asset.c ---- */

/* schedule: a list of URIs and Asset objects, all of which are waited for; or one Asset, AssetAll or AssetAny. */
HK_MUST_USE bool hk__yaml_read_asset_list(const struct hk__yaml_dag *d, const struct hk_yaml_node *list,
                                          struct hk_error *err);
HK_MUST_USE bool hk__yaml_read_asset_schedule(const struct hk__yaml_dag *d, const struct hk_yaml_node *node,
                                              struct hk_error *err);
/* Whether they are URIs and Asset objects, which need no Python to be known; NULL: there are none. */
bool hk__yaml_outlets_are_plain(const struct hk_yaml_node *outlets);
HK_MUST_USE bool hk__yaml_read_outlets(const struct hk__yaml_dag *d, const struct hk_yaml_node *outlets,
                                       struct hk_task *task, struct hk_error *err);

/* ---- yaml_callback.c ---- */

/* on_success_callback and the like, as `map` gives them: whether there is one, and none that cannot be. */
HK_MUST_USE bool hk__yaml_read_callback(const struct hk__yaml_dag *d, const struct hk_yaml_node *map, const char *key,
                                        bool *has_callback, struct hk_error *err);
/* The same for all those of a task; map may be NULL. */
HK_MUST_USE bool hk__yaml_check_callbacks(const struct hk__yaml_dag *d, const struct hk_yaml_node *map,
                                          struct hk_error *err);

/* ---- arguments of a task (yaml_task.c) ---- */

/* Where an argument was found: Airflow takes it from the task, its default_args, its groups' or the DAG's. */
struct hk__yaml_arg {
    struct hk_yaml_node *value; /* NULL: nowhere, or null */
    bool is_dag_default;
};
struct hk__yaml_arg hk__yaml_find_arg(const struct hk__yaml_dag *d, const struct hk__yaml_task *task, const char *name);
/* Its value alone. */
struct hk_yaml_node *hk__yaml_arg_value(const struct hk__yaml_dag *d, const struct hk__yaml_task *task,
                                        const char *name);

/* Decides who runs it and fills operator_class, operator_module, runner, spec_json, extra_json ... (yaml_operator.c) */
HK_MUST_USE bool hk__yaml_read_operator(struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                                        struct hk_error *err);

/* Whether `key` is an argument that every operator takes. */
bool hk__yaml_is_base_arg(struct hk_str key);

/* ---- values (yaml_value.c). A NULL node leaves *out as it is. `key` is for messages. ---- */

HK_MUST_USE bool hk__yaml_take_text(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                    const char **out, struct hk_error *err);
HK_MUST_USE bool hk__yaml_take_bool(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                    bool *out, struct hk_error *err);
HK_MUST_USE bool hk__yaml_take_count(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                     uint32_t *out, struct hk_error *err);
/* A datetime.timedelta object; with takes_seconds also a number of seconds. */
HK_MUST_USE bool hk__yaml_take_delta(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                     bool takes_seconds, int64_t *out_us, struct hk_error *err);

/* start_date and end_date of a DAG and of its default_args: whatever was written is a wall time in `zone`. */
HK_MUST_USE bool hk__yaml_take_dag_date(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                        const char *zone, int64_t *out_us, struct hk_error *err);
/* The same of a task: a real date and time, with its own zone or in UTC. */
HK_MUST_USE bool hk__yaml_take_task_date(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                                         int64_t *out_us, struct hk_error *err);

/* The name of a zone: a text, or an object like pendulum.timezone("..."). */
HK_MUST_USE bool hk__yaml_take_zone_value(const struct hk__yaml_dag *d, const struct hk_yaml_node *node,
                                          const char **zone, struct hk_error *err);

/* An argument of an object by name or, if at is not negative, by place; NULL: not given. */
const struct hk_yaml_node *hk__yaml_object_arg(const struct hk_yaml_node *object, const char *name, int at);
/* Whether the object's type is one of the names, or ends with '.' and that name. */
bool hk__yaml_is_type(const struct hk_yaml_node *node, const char *class_name);

#endif
