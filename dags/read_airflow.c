#include "dags/read_airflow.h"

#include "dags/read_airflow_internal.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

enum { SCHEMA_VERSION = 3 };

static bool refuse(struct hk_error *err, const char *feature)
{
    return hk_error_set(err, HK_INVALID, "%s is not supported by this version of hanok.", feature);
}

static bool is_set(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value != NULL && !json_is_null(value);
}

static bool check_supported(const json_t *dag, struct hk_error *err)
{
    if (is_set(dag, "deadline")) {
        return refuse(err, "A deadline");
    }
    if (is_set(dag, "allowed_run_types")) {
        return refuse(err, "allowed_run_types");
    }
    return true;
}

static bool read_limit(const json_t *dag, const char *key, uint32_t *out, struct hk_error *err)
{
    if (!is_set(dag, key)) {
        return true;
    }
    double value = hk_json_get_double(dag, key, -1);
    if (!(value >= 0 && value <= INT32_MAX)) {
        return hk_error_set(err, HK_INVALID, "'%s' is not a number between 0 and %d.", key, INT32_MAX);
    }
    *out = (uint32_t)value;
    return true;
}

static const char *plain_text(struct hk_graph_builder *b, const json_t *value)
{
    json_t *plain = hk__airflow_plain(value);
    const char *text = json_object_size(plain) > 0 ? hk__airflow_text(b, plain) : NULL;
    json_decref(plain);
    return text;
}

static void read_tags(struct hk_graph_builder *b, const json_t *tags)
{
    struct hk_graph *graph = hk_graph_builder_dag(b);
    graph->tags = hk_arena_array(&graph->arena, json_array_size(tags) + 1, sizeof *graph->tags);
    size_t index;
    const json_t *tag;
    json_array_foreach (tags, index, tag) {
        if (json_is_string(tag)) {
            graph->tags[graph->tag_count++] = hk_graph_builder_text(b, json_string_value(tag));
        }
    }
}

static void read_names(struct hk_graph_builder *b, const json_t *dag, const struct hk_airflow_source *source)
{
    struct hk_graph *graph = hk_graph_builder_dag(b);
    const char *fileloc = source->fileloc != NULL ? source->fileloc : hk_json_get_text(dag, "fileloc", "");
    const char *relative = source->relative_fileloc != NULL ? source->relative_fileloc
                                                            : hk_json_get_text(dag, "relative_fileloc", fileloc);
    graph->dag_id = hk_graph_builder_text(b, hk_json_get_text(dag, "dag_id", ""));
    graph->display_name = hk_graph_builder_text(b, hk_json_get_text(dag, "dag_display_name", NULL));
    graph->description = hk_graph_builder_text(b, hk_json_get_text(dag, "description", NULL));
    graph->doc_md = hk_graph_builder_text(b, hk_json_get_text(dag, "doc_md", NULL));
    graph->fileloc = hk_graph_builder_text(b, fileloc);
    graph->relative_fileloc = hk_graph_builder_text(b, relative);
    graph->bundle_name = hk_graph_builder_text(b, source->bundle_name);
    graph->dialect = "airflow";
    graph->default_args_json = plain_text(b, json_object_get(dag, "default_args"));
    graph->owner_links_json = plain_text(b, json_object_get(dag, "owner_links"));
    json_t *params = hk__airflow_params(json_object_get(dag, "params"));
    graph->params_json = json_object_size(params) > 0 ? hk__airflow_text(b, params) : NULL;
    json_decref(params);
    read_tags(b, hk__airflow_bare(json_object_get(dag, "tags")));
}

static bool read_settings(struct hk_graph_builder *b, const json_t *dag, struct hk_error *err)
{
    struct hk_graph *graph = hk_graph_builder_dag(b);
    graph->catchup = hk_json_get_bool(dag, "catchup", false);
    graph->is_fail_fast = hk_json_get_bool(dag, "fail_fast", false);
    graph->has_success_callback = hk_json_get_bool(dag, "has_on_success_callback", false);
    graph->has_failure_callback = hk_json_get_bool(dag, "has_on_failure_callback", false);
    graph->renders_native = hk_json_get_bool(dag, "render_template_as_native_obj", false);
    if (is_set(dag, "is_paused_upon_creation")) {
        graph->is_paused_upon_creation = hk_json_get_bool(dag, "is_paused_upon_creation", false);
    }
    if (!hk__airflow_instant(dag, "start_date", &graph->start_at_us) ||
        !hk__airflow_instant(dag, "end_date", &graph->end_at_us) ||
        !hk__airflow_span(dag, "dagrun_timeout", &graph->run_timeout_us)) {
        return hk_error_set(err, HK_INVALID, "One of start_date, end_date, dagrun_timeout is out of range.");
    }
    return read_limit(dag, "max_active_runs", &graph->max_active_runs, err) &&
           read_limit(dag, "max_active_tasks", &graph->max_active_tasks, err) &&
           read_limit(dag, "max_consecutive_failed_dag_runs", &graph->max_consecutive_failed_runs, err);
}

static bool read_group(struct hk_graph_builder *b, const json_t *group, uint32_t index, struct hk_error *err);

static bool read_child(struct hk_graph_builder *b, const char *name, const json_t *child, uint32_t parent,
                       struct hk_error *err)
{
    const char *kind = json_string_value(json_array_get(child, 0));
    const json_t *what = json_array_get(child, 1);
    if (kind != NULL && strcmp(kind, "operator") == 0 && json_is_string(what)) {
        struct hk_task *task = hk_graph_builder_find_task(b, hk_str_from(json_string_value(what)));
        if (task == NULL) {
            return hk_error_set(err, HK_INVALID, "A task group holds the task '%.250s', which does not exist.",
                                json_string_value(what));
        }
        task->group = parent;
        return true;
    }
    const char *id = hk_json_get_text(what, "_group_id", NULL);
    if (kind == NULL || strcmp(kind, "taskgroup") != 0 || id == NULL) {
        return hk_error_set(err, HK_INVALID, "'%.250s' in a task group is neither a task nor a group.", name);
    }
    if (hk_json_get_bool(what, "is_mapped", false) || is_set(what, "expand_input")) {
        (void)refuse(err, "Mapping a task group (expand)");
        return hk_error_prefix(err, "task group '%.250s'", id);
    }
    uint32_t index = hk_graph_builder_group(b, parent, hk_str_from(id));
    struct hk_graph *graph = hk_graph_builder_dag(b);
    const char *label = hk_json_get_text(what, "group_display_name", "");
    const char *tooltip = hk_json_get_text(what, "tooltip", "");
    if (index < graph->group_count) { /* else there are too many, which hk_graph_build says */
        graph->groups[index].label = *label != '\0' ? hk_graph_builder_text(b, label) : NULL;
        graph->groups[index].tooltip = *tooltip != '\0' ? hk_graph_builder_text(b, tooltip) : NULL;
    }
    return read_group(b, what, index, err);
}

static bool read_group(struct hk_graph_builder *b, const json_t *group, uint32_t index, struct hk_error *err)
{
    const char *name;
    json_t *child;
    json_object_foreach (json_object_get(group, "children"), name, child) {
        if (!read_child(b, name, child, index, err)) {
            return false;
        }
    }
    return true;
}

static bool read_dag(struct hk_graph_builder *b, const json_t *dag, const struct hk_airflow_source *source,
                     struct hk_error *err)
{
    read_names(b, dag, source);
    if (!check_supported(dag, err) || !hk__airflow_schedule(b, dag, err) || !read_settings(b, dag, err)) {
        return false;
    }
    const json_t *tasks = json_object_get(dag, "tasks");
    if (json_array_size(tasks) > HK_MAX_TASKS_PER_DAG) {
        return hk_error_set(err, HK_LIMIT, "The DAG has %zu tasks; at most %d are read.", json_array_size(tasks),
                            HK_MAX_TASKS_PER_DAG);
    }
    size_t index;
    const json_t *task;
    json_array_foreach (tasks, index, task) {
        if (!hk__airflow_task(b, hk__airflow_bare(task), err)) {
            return false;
        }
    }
    return read_group(b, json_object_get(dag, "task_group"), 0, err);
}

const char *hk_airflow_dag_id(const json_t *document)
{
    return hk_json_get_text(json_object_get(document, "dag"), "dag_id", NULL);
}

bool hk_airflow_read(const json_t *document, const struct hk_airflow_source *source, struct hk_graph **out,
                     struct hk_error *err)
{
    int64_t version = hk_json_get_int(document, "__version", 0);
    const json_t *dag = json_object_get(document, "dag");
    const char *dag_id = hk_airflow_dag_id(document);
    if (version != SCHEMA_VERSION) {
        return hk_error_set(err, HK_INVALID,
                            "The serialized DAG has schema version %lld; this version of hanok reads version %d "
                            "(Airflow 3.1 to 3.3).",
                            (long long)version, SCHEMA_VERSION);
    }
    if (dag_id == NULL) {
        return hk_error_set(err, HK_INVALID, "The serialized DAG has no dag_id.");
    }
    struct hk_graph_builder *b = hk_graph_builder_new();
    if (!read_dag(b, dag, source, err)) {
        hk_graph_builder_free(b);
        return hk_error_prefix(err, "DAG '%.250s'", dag_id);
    }
    return hk_graph_build(b, out, err);
}
