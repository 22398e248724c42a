#include "dags/yaml_dag.h"

#include <string.h>
#include <sys/stat.h>

#include "engine/base/log.h"

enum { MAX_TAG_CHARACTERS = 100 };

/* What dag-factory reads of a DAG. It passes over anything else without a word; here that is at least logged. */
static const char *const known_keys[] = {"access_control",
                                         "catchup",
                                         "concurrency",
                                         "dag_display_name",
                                         "dag_id",
                                         "dagrun_timeout",
                                         "default_args",
                                         "default_view",
                                         "description",
                                         "doc_md",
                                         "doc_md_file_path",
                                         "end_date",
                                         "is_paused_upon_creation",
                                         "max_active_runs",
                                         "max_active_tasks",
                                         "on_execute_callback",
                                         "on_failure_callback",
                                         "on_failure_callback_file",
                                         "on_failure_callback_name",
                                         "on_success_callback",
                                         "on_success_callback_file",
                                         "on_success_callback_name",
                                         "orientation",
                                         "params",
                                         "render_template_as_native_obj",
                                         "schedule",
                                         "schedule_interval",
                                         "sla_miss_callback",
                                         "start_date",
                                         "tags",
                                         "task_groups",
                                         "tasks",
                                         "template_searchpath",
                                         "timetable",
                                         "timezone",
                                         "user_defined_macros",
                                         NULL};

/* What it reads and hanok cannot do yet. */
static const char *const unsupported_keys[] = {"doc_md_python_callable_name", "doc_md_python_callable_file",
                                               "doc_md_file_path", NULL};

static bool check_keys(const struct hk__yaml_dag *d, struct hk_error *err)
{
    for (size_t i = 0; i < d->conf->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &d->conf->as.in.pairs[i];
        if (hk__yaml_is_listed(pair->key->text, unsupported_keys) && pair->value->kind != HK_YAML_NULL) {
            return hk__yaml_refuse(d, pair->key, err, "%s of a DAG is not supported yet.", pair->key->text.data);
        }
        if (!hk__yaml_is_listed(pair->key->text, known_keys) &&
            !hk__yaml_is_listed(pair->key->text, unsupported_keys)) {
            hk_log(HK_WARN, "dags", "key has no effect in dag-factory", HK_KEY("file", d->file),
                   HK_KEY("dag", d->dag_id), HK_KEY("key", pair->key->text.data), HK_KEY_INT("line", pair->key->line));
        }
    }
    return true;
}

static bool read_default_args(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk_yaml_node *node = hk_yaml_find(d->conf, "default_args");
    if (node == NULL) {
        node = hk__yaml_new_map(d->arena, d->conf->line);
    }
    if (node->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, node, err, "default_args takes a mapping, not %s.", hk_yaml_kind_name(node->kind));
    }
    d->default_args = node;
    if (node->as.in.pair_count > 0) {
        d->dag->default_args_json = hk__yaml_json(d, node);
    }
    return true;
}

bool hk__yaml_take_zone(const struct hk__yaml_dag *d, const struct hk_yaml_node *map, const char **zone,
                        struct hk_error *err)
{
    const struct hk_yaml_node *node = hk_yaml_get(map, "timezone");
    *zone = "UTC";
    if (!hk__yaml_take_text(d, node, "timezone", zone, err)) {
        return false;
    }
    if (**zone == '+' || **zone == '-') {
        return hk__yaml_refuse(d, node, err, "timezone takes the name of a zone, as Europe/Berlin, not '%.60s'.",
                               *zone);
    }
    *zone = strcasecmp(*zone, "UTC") == 0 ? "UTC" : *zone;
    return true;
}

static bool read_dates(struct hk__yaml_dag *d, struct hk_error *err)
{
    const struct hk_yaml_node *start = hk_yaml_get(d->conf, "start_date");
    const struct hk_yaml_node *end = hk_yaml_get(d->conf, "end_date");
    const struct hk_yaml_node *default_start = hk_yaml_get(d->default_args, "start_date");
    const struct hk_yaml_node *default_end = hk_yaml_get(d->default_args, "end_date");
    int64_t checked_us = 0; /* the tasks read these dates again; here a DAG without any finds out about a wrong one */
    const char *zone = NULL;
    const char *default_zone = NULL;
    if (!hk__yaml_take_zone(d, d->conf, &zone, err) || !hk__yaml_take_zone(d, d->default_args, &default_zone, err) ||
        !hk__yaml_take_dag_date(d, start, "start_date", zone, &d->dag->start_at_us, err) ||
        !hk__yaml_take_dag_date(d, end, "end_date", zone, &d->dag->end_at_us, err) ||
        !hk__yaml_take_dag_date(d, default_start, "start_date", default_zone, &checked_us, err) ||
        !hk__yaml_take_dag_date(d, default_end, "end_date", default_zone, &checked_us, err)) {
        return false;
    }
    /* The DAG takes its zone, and only that, from default_args: dag-factory gives it a start date of its own or none.
     */
    d->zone = start != NULL ? zone : default_start != NULL ? default_zone : "UTC";
    return true;
}

static bool read_limits(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk_graph *dag = d->dag;
    bool has_old_name = hk_yaml_find(d->conf, "concurrency") != NULL;
    const char *tasks_key = has_old_name ? "concurrency" : "max_active_tasks";
    return hk__yaml_take_count(d, hk_yaml_get(d->conf, "max_active_runs"), "max_active_runs", &dag->max_active_runs,
                               err) &&
           hk__yaml_take_count(d, hk_yaml_get(d->conf, tasks_key), tasks_key, &dag->max_active_tasks, err) &&
           hk__yaml_take_delta(d, hk_yaml_get(d->conf, "dagrun_timeout"), "dagrun_timeout", false, &dag->run_timeout_us,
                               err) &&
           (dag->run_timeout_us >= 0 || hk__yaml_refuse(d, hk_yaml_get(d->conf, "dagrun_timeout"), err,
                                                        "dagrun_timeout takes a time that is not negative."));
}

static bool check_mapping(const struct hk__yaml_dag *d, const char *key, struct hk_error *err)
{
    const struct hk_yaml_node *node = hk_yaml_get(d->conf, key);
    return node == NULL || node->kind == HK_YAML_MAP ||
           hk__yaml_refuse(d, node, err, "%s takes a mapping, not %s.", key, hk_yaml_kind_name(node->kind));
}

static bool check_folder(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, struct hk_error *err)
{
    const char *path = NULL;
    struct stat info;
    if (!hk__yaml_take_text(d, node, "template_searchpath", &path, err)) {
        return false;
    }
    return (path[0] == '/' && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) ||
           hk__yaml_refuse(d, node, err, "template_searchpath takes absolute paths of folders; '%.200s' is none.",
                           path);
}

/* What only the Python host uses, but dag-factory checks first. */
static bool check_python_fields(const struct hk__yaml_dag *d, struct hk_error *err)
{
    const struct hk_yaml_node *folders = hk_yaml_get(d->conf, "template_searchpath");
    bool is_list = folders != NULL && folders->kind == HK_YAML_LIST;
    for (size_t i = 0; is_list && i < folders->as.in.item_count; i++) {
        if (!check_folder(d, folders->as.in.items[i], err)) {
            return false;
        }
    }
    return (folders == NULL || is_list || check_folder(d, folders, err)) && check_mapping(d, "access_control", err) &&
           check_mapping(d, "user_defined_macros", err);
}

static bool read_switches(struct hk__yaml_dag *d, struct hk_error *err)
{
    const struct hk_yaml_node *paused = hk_yaml_get(d->conf, "is_paused_upon_creation");
    bool is_paused = false;
    if (!hk__yaml_take_bool(d, hk_yaml_get(d->conf, "catchup"), "catchup", &d->dag->catchup, err) ||
        !hk__yaml_take_bool(d, hk_yaml_get(d->conf, "render_template_as_native_obj"), "render_template_as_native_obj",
                            &d->dag->renders_native, err) ||
        !hk__yaml_take_bool(d, paused, "is_paused_upon_creation", &is_paused, err)) {
        return false;
    }
    d->dag->is_paused_upon_creation = paused == NULL ? -1 : is_paused;
    return true;
}

static bool read_texts(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk_graph *dag = d->dag;
    return hk__yaml_take_text(d, hk_yaml_get(d->conf, "description"), "description", &dag->description, err) &&
           hk__yaml_take_text(d, hk_yaml_get(d->conf, "dag_display_name"), "dag_display_name", &dag->display_name,
                              err) &&
           hk__yaml_take_text(d, hk_yaml_get(d->conf, "doc_md"), "doc_md", &dag->doc_md, err);
}

static bool read_callbacks(const struct hk__yaml_dag *d, struct hk_error *err)
{
    bool has_execute_callback = false; /* of a DAG it is only imported */
    return hk__yaml_read_callback(d, d->conf, "on_execute_callback", &has_execute_callback, err) &&
           hk__yaml_read_callback(d, d->conf, "on_success_callback", &d->dag->has_success_callback, err) &&
           hk__yaml_read_callback(d, d->conf, "on_failure_callback", &d->dag->has_failure_callback, err) &&
           hk__yaml_check_callbacks(d, d->default_args, err);
}

static size_t count_characters(struct hk_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    }
    return count;
}

static bool add_tag(struct hk_graph *dag, const char *tag)
{
    for (uint32_t i = 0; i < dag->tag_count; i++) {
        if (strcmp(dag->tags[i], tag) == 0) {
            return false;
        }
    }
    dag->tags[dag->tag_count++] = tag;
    return true;
}

/* A set, and with the tag that dag-factory gives all its DAGs. */
static bool read_tags(struct hk__yaml_dag *d, struct hk_error *err)
{
    const struct hk_yaml_node *tags = hk_yaml_find(d->conf, "tags");
    size_t count = tags != NULL && tags->kind == HK_YAML_LIST ? tags->as.in.item_count : 0;
    if (tags != NULL && tags->kind != HK_YAML_LIST) {
        return hk__yaml_refuse(d, tags, err, "tags takes a list, not %s.", hk_yaml_kind_name(tags->kind));
    }
    d->dag->tags = hk_arena_array(&d->dag->arena, count + 1, sizeof *d->dag->tags);
    for (size_t i = 0; i < count; i++) {
        const struct hk_yaml_node *tag = tags->as.in.items[i];
        const char *text = NULL;
        if (tag->kind == HK_YAML_NULL || !hk__yaml_take_text(d, tag, "a tag", &text, err)) {
            return tag->kind != HK_YAML_NULL ? false : hk__yaml_refuse(d, tag, err, "a tag takes a text.");
        }
        if (count_characters(tag->text) > MAX_TAG_CHARACTERS) {
            return hk__yaml_refuse(d, tag, err, "tag cannot be longer than %d characters", MAX_TAG_CHARACTERS);
        }
        add_tag(d->dag, text);
    }
    add_tag(d->dag, "dagfactory");
    return true;
}

static bool read_fields(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk_graph *dag = d->dag;
    dag->dag_id = hk_graph_builder_text(d->b, d->dag_id);
    dag->fileloc = hk_graph_builder_text(d->b, d->source->path);
    dag->relative_fileloc = hk_graph_builder_text(d->b, d->source->relative_path);
    dag->bundle_name = hk_graph_builder_text(d->b, d->source->bundle_name);
    dag->python_file = hk_graph_builder_text(d->b, d->source->python_file);
    dag->dialect = "yaml";
    if (!hk_graph_check_id("dag_id", hk_str_from(d->dag_id), err)) {
        return hk__yaml_locate(d, d->conf, err);
    }
    return check_keys(d, err) && read_default_args(d, err) && read_dates(d, err) && read_limits(d, err) &&
           read_switches(d, err) && read_texts(d, err) && read_callbacks(d, err) && read_tags(d, err) &&
           check_python_fields(d, err) && hk__yaml_read_schedule(d, err) && hk__yaml_read_params(d, err);
}

bool hk__yaml_read_dag(struct hk__yaml_dag *d, struct hk_error *err)
{
    return read_fields(d, err) && hk__yaml_read_groups(d, err) && hk__yaml_read_tasks(d, err) &&
           hk__yaml_read_dependencies(d, err);
}

/* ---- entries ---- */

static bool add_entry(const struct hk__yaml_dag *d, struct hk_yaml_node *name, struct hk_yaml_node *conf,
                      struct hk__yaml_entry *out, struct hk_error *err)
{
    if (name->kind != HK_YAML_TEXT) {
        return hk__yaml_refuse(d, name, err, "the name '%.80s' is read as %s: write it in quotes.", name->text.data,
                               hk_yaml_kind_name(name->kind));
    }
    if (conf->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, conf, err, "'%.80s' takes a mapping, not %s.", name->text.data,
                               hk_yaml_kind_name(conf->kind));
    }
    *out = (struct hk__yaml_entry){name->text.data, conf};
    return true;
}

static bool add_listed(const struct hk__yaml_dag *d, struct hk_yaml_node *item, const char *name_key,
                       struct hk__yaml_entry *out, struct hk_error *err)
{
    struct hk_yaml_node *name = hk_yaml_find(item, name_key);
    if (item->kind != HK_YAML_MAP || name == NULL) {
        return hk__yaml_refuse(d, item, err, "each entry of this list has to be a mapping that contains a '%s' key.",
                               name_key);
    }
    return add_entry(d, name, hk__yaml_without(d->arena, item, name_key), out, err);
}

bool hk__yaml_entries(const struct hk__yaml_dag *d, const char *key, const char *name_key, struct hk__yaml_entry **out,
                      size_t *count, struct hk_error *err)
{
    const struct hk_yaml_node *node = hk_yaml_get(d->conf, key);
    *count = 0;
    *out = NULL;
    if (node == NULL) {
        return true;
    }
    if (node->kind != HK_YAML_MAP && node->kind != HK_YAML_LIST) {
        return hk__yaml_refuse(d, node, err, "%s takes a mapping or a list, not %s.", key,
                               hk_yaml_kind_name(node->kind));
    }
    bool is_list = node->kind == HK_YAML_LIST;
    *count = is_list ? node->as.in.item_count : node->as.in.pair_count;
    *out = hk_arena_array(d->arena, *count, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        bool ok = is_list ? add_listed(d, node->as.in.items[i], name_key, &(*out)[i], err)
                          : add_entry(d, node->as.in.pairs[i].key, node->as.in.pairs[i].value, &(*out)[i], err);
        if (!ok) {
            return false;
        }
    }
    return true;
}
