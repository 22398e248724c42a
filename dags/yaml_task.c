#include <math.h>
#include <string.h>

#include "dags/yaml_dag.h"

/* The task's own arguments, then its default_args, its groups' from the inside out, the DAG's. */
struct hk__yaml_arg hk__yaml_find_arg(const struct hk__yaml_dag *d, const struct hk__yaml_task *task, const char *name)
{
    struct hk_yaml_node *value = hk_yaml_find(task->conf, name);
    bool is_dag_default = false;
    if (value == NULL) {
        value = hk_yaml_find(hk_yaml_get(task->conf, "default_args"), name);
    }
    for (uint32_t g = task->group; value == NULL && g != HK__NO_GROUP; g = d->groups[g].parent) {
        value = hk_yaml_find(d->groups[g].default_args, name);
    }
    if (value == NULL) {
        value = hk_yaml_find(d->default_args, name);
        is_dag_default = value != NULL;
    }
    bool is_null = value == NULL || value->kind == HK_YAML_NULL;
    return (struct hk__yaml_arg){is_null ? NULL : value, is_dag_default};
}

struct hk_yaml_node *hk__yaml_arg_value(const struct hk__yaml_dag *d, const struct hk__yaml_task *task,
                                        const char *name)
{
    return hk__yaml_find_arg(d, task, name).value;
}

/* int(retries), as Airflow converts it. */
static bool read_retries(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                         struct hk_error *err)
{
    const struct hk_yaml_node *node = hk__yaml_arg_value(d, from, "retries");
    int64_t retries = 0;
    if (node == NULL) {
        return true;
    }
    if (node->kind == HK_YAML_TEXT && hk_str_to_i64(hk_str_trim(node->text), &retries) && retries >= 0 &&
        retries <= INT32_MAX) {
        task->retries = (uint32_t)retries;
        return true;
    }
    return hk__yaml_take_count(d, node, "retries", &task->retries, err);
}

static bool read_backoff(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                         struct hk_error *err)
{
    const struct hk_yaml_node *node = hk__yaml_arg_value(d, from, "retry_exponential_backoff");
    if (node == NULL) {
        return true;
    }
    double value = node->kind == HK_YAML_BOOL    ? (node->as.truth ? 2.0 : 0.0)
                   : node->kind == HK_YAML_INT   ? (double)node->as.integer
                   : node->kind == HK_YAML_FLOAT ? node->as.real
                                                 : -1.0;
    if (!isfinite(value) || value < 0 || node->is_big) {
        return hk__yaml_refuse(d, node, err, "retry_exponential_backoff takes true, false or a number from 0.");
    }
    task->retry_backoff = value;
    return true;
}

static bool read_retrying(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                          struct hk_error *err)
{
    const struct hk_yaml_node *policy = hk__yaml_arg_value(d, from, "retry_policy");
    if (policy != NULL) {
        return hk__yaml_refuse(d, policy, err, "retry_policy is not supported yet.");
    }
    return read_retries(d, from, task, err) && read_backoff(d, from, task, err) &&
           hk__yaml_take_delta(d, hk__yaml_arg_value(d, from, "retry_delay"), "retry_delay", true,
                               &task->retry_delay_us, err) &&
           hk__yaml_take_delta(d, hk__yaml_arg_value(d, from, "max_retry_delay"), "max_retry_delay", true,
                               &task->max_retry_delay_us, err) &&
           hk__yaml_take_delta(d, hk__yaml_arg_value(d, from, "execution_timeout"), "execution_timeout", false,
                               &task->execution_timeout_us, err);
}

static bool read_rules(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       struct hk_error *err)
{
    const struct hk_yaml_node *rule = hk__yaml_arg_value(d, from, "trigger_rule");
    const struct hk_yaml_node *weight_rule = hk__yaml_arg_value(d, from, "weight_rule");
    const struct hk_yaml_node *weight = hk__yaml_arg_value(d, from, "priority_weight");
    if (rule != NULL && (rule->kind != HK_YAML_TEXT || !hk_trigger_rule_find(rule->text, &task->trigger_rule))) {
        return hk__yaml_refuse(d, rule, err,
                               "the trigger_rule '%.60s' is not known: use all_success, all_done, one_failed, "
                               "none_failed_min_one_success or another of Airflow's.",
                               hk__yaml_shown(rule));
    }
    if (weight_rule != NULL &&
        (weight_rule->kind != HK_YAML_TEXT || !hk_weight_rule_find(weight_rule->text, &task->weight_rule))) {
        return hk__yaml_refuse(d, weight_rule, err,
                               "the weight_rule '%.60s' is not known: use downstream, upstream or absolute.",
                               hk__yaml_shown(weight_rule));
    }
    if (weight == NULL) {
        return true;
    }
    if (weight->kind != HK_YAML_INT || weight->is_big) {
        return hk__yaml_refuse(d, weight, err, "priority_weight takes a whole number, not %s.",
                               hk_yaml_kind_name(weight->kind));
    }
    int64_t w = weight->as.integer;
    task->priority_weight = w > INT32_MAX ? INT32_MAX : w < INT32_MIN ? INT32_MIN : (int32_t)w;
    return true;
}

static bool read_flags(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       struct hk_error *err)
{
    bool waits_before_skipping = false;
    const struct hk_yaml_node *wait = hk__yaml_arg_value(d, from, "wait_for_past_depends_before_skipping");
    if (!hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, "depends_on_past"), "depends_on_past",
                            &task->depends_on_past, err) ||
        !hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, "wait_for_downstream"), "wait_for_downstream",
                            &task->wait_for_downstream, err) ||
        !hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, "ignore_first_depends_on_past"),
                            "ignore_first_depends_on_past", &task->ignore_first_depends_on_past, err) ||
        !hk__yaml_take_bool(d, wait, "wait_for_past_depends_before_skipping", &waits_before_skipping, err)) {
        return false;
    }
    if (waits_before_skipping) {
        return hk__yaml_refuse(d, wait, err, "wait_for_past_depends_before_skipping is not supported yet.");
    }
    task->depends_on_past = task->depends_on_past || task->wait_for_downstream;
    return true;
}

static bool read_slots(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       struct hk_error *err)
{
    const struct hk_yaml_node *slots = hk__yaml_arg_value(d, from, "pool_slots");
    if (!hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "pool"), "pool", &task->pool, err) ||
        !hk__yaml_take_count(d, slots, "pool_slots", &task->pool_slots, err) ||
        !hk__yaml_take_count(d, hk__yaml_arg_value(d, from, "max_active_tis_per_dag"), "max_active_tis_per_dag",
                             &task->max_active_per_dag, err) ||
        !hk__yaml_take_count(d, hk__yaml_arg_value(d, from, "max_active_tis_per_dagrun"), "max_active_tis_per_dagrun",
                             &task->max_active_per_run, err)) {
        return false;
    }
    return task->pool_slots >= 1 ||
           hk__yaml_refuse(d, slots, err, "pool slots for %.100s in dag %.100s cannot be less than 1", task->task_id,
                           d->dag_id);
}

static bool read_texts(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       struct hk_error *err)
{
    const struct hk_yaml_node *name = hk__yaml_arg_value(d, from, "task_display_name");
    bool has_name = name != NULL && !hk_yaml_is_text(name, ""); /* an empty one counts as none */
    const struct hk_yaml_node *user = hk__yaml_arg_value(d, from, "run_as_user");
    if (user != NULL) {
        return hk__yaml_refuse(d, user, err, "run_as_user is not supported: tasks run as the user that hanok runs as.");
    }
    return hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "owner"), "owner", &task->owner, err) &&
           hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "queue"), "queue", &task->queue, err) &&
           hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "executor"), "executor", &task->executor, err) &&
           hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "doc_md"), "doc_md", &task->doc_md, err) &&
           hk__yaml_take_text(d, has_name ? name : NULL, "task_display_name", &task->display_name, err);
}

/* What has no place in the graph, and would still be refused by Airflow. */
static bool check_kinds(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_error *err)
{
    static const char *const texts[] = {"doc", "doc_json", "doc_yaml", "doc_rst", "map_index_template", "logger_name"};
    static const char *const switches[] = {"email_on_failure", "email_on_retry", "do_xcom_push", "multiple_outputs",
                                           "allow_nested_operators"};
    static const char *const mappings[] = {"params", "resources"};
    const char *text = NULL;
    bool truth = false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!hk__yaml_take_text(d, hk__yaml_arg_value(d, from, texts[i]), texts[i], &text, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (!hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, switches[i]), switches[i], &truth, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        const struct hk_yaml_node *node = hk__yaml_arg_value(d, from, mappings[i]);
        if (node != NULL && node->kind != HK_YAML_MAP) {
            return hk__yaml_refuse(d, node, err, "%s takes a mapping, not %s.", mappings[i],
                                   hk_yaml_kind_name(node->kind));
        }
    }
    const struct hk_yaml_node *email = hk__yaml_arg_value(d, from, "email");
    return email == NULL || email->kind == HK_YAML_TEXT || email->kind == HK_YAML_LIST ||
           hk__yaml_refuse(d, email, err, "email takes a text or a list of texts, not %s.",
                           hk_yaml_kind_name(email->kind));
}

/* A date of the DAG's default_args was read by dag-factory in their zone; any other goes to Airflow as it is. */
static bool read_date(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, const char *key, int64_t *out_us,
                      struct hk_error *err)
{
    struct hk__yaml_arg found = hk__yaml_find_arg(d, from, key);
    const char *zone = "UTC";
    if (!found.is_dag_default) {
        return hk__yaml_take_task_date(d, found.value, key, out_us, err);
    }
    return hk__yaml_take_zone(d, d->default_args, &zone, err) &&
           hk__yaml_take_dag_date(d, found.value, key, zone, out_us, err);
}

/* A task starts no earlier than its DAG and ends no later; what is the DAG's anyway is not repeated. */
static bool read_dates(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       struct hk_error *err)
{
    if (!read_date(d, from, "start_date", &task->start_at_us, err) ||
        !read_date(d, from, "end_date", &task->end_at_us, err)) {
        return false;
    }
    if (d->dag->start_at_us != HK_TIME_NONE && task->start_at_us <= d->dag->start_at_us) {
        task->start_at_us = HK_TIME_NONE;
    }
    if (d->dag->end_at_us != HK_TIME_NONE && task->end_at_us >= d->dag->end_at_us) {
        task->end_at_us = HK_TIME_NONE;
    }
    return true;
}

static bool find_group(const struct hk__yaml_dag *d, struct hk__yaml_task *task, struct hk_error *err)
{
    const struct hk_yaml_node *name = hk_yaml_get(task->conf, "task_group_name");
    uint64_t index = 0;
    task->group = HK__NO_GROUP;
    task->task_id = task->name;
    if (name == NULL || d->group_count == 0 || (name->kind == HK_YAML_TEXT && name->text.len == 0)) {
        return true;
    }
    if (name->kind != HK_YAML_TEXT || !hk_map_find(&d->group_names, name->text, &index)) {
        return hk__yaml_refuse(d, name, err, "the task group '%.100s' does not exist.", hk__yaml_shown(name));
    }
    task->group = (uint32_t)index;
    const struct hk__yaml_group *group = &d->groups[index];
    if (group->has_prefix) {
        task->task_id = hk_arena_printf(d->arena, "%s.%s", d->dag->groups[group->graph_index].group_id, task->name);
    }
    return true;
}

static bool read_task(struct hk__yaml_dag *d, struct hk__yaml_task *from, struct hk_error *err)
{
    const struct hk_yaml_node *defaults = hk_yaml_get(from->conf, "default_args");
    if (defaults != NULL && defaults->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, defaults, err, "default_args takes a mapping, not %s.",
                               hk_yaml_kind_name(defaults->kind));
    }
    if (!find_group(d, from, err)) {
        return false;
    }
    if (!hk_graph_check_id("task_id", hk_str_from(from->task_id), err)) {
        return hk__yaml_locate(d, from->conf, err);
    }
    struct hk_task *task = hk_graph_builder_task(d->b, hk_str_from(from->task_id));
    if (task == NULL) {
        return hk__yaml_refuse(d, from->conf, err, "Task id '%.100s' has already been added to the DAG", from->task_id);
    }
    task->group = from->group == HK__NO_GROUP ? 0 : d->groups[from->group].graph_index;
    return read_texts(d, from, task, err) && check_kinds(d, from, err) &&
           hk__yaml_check_callbacks(d, from->conf, err) && read_retrying(d, from, task, err) &&
           read_rules(d, from, task, err) && read_flags(d, from, task, err) && read_slots(d, from, task, err) &&
           read_dates(d, from, task, err) && hk__yaml_read_operator(d, from, task, err) &&
           hk__yaml_read_outlets(d, hk__yaml_arg_value(d, from, "outlets"), task, err);
}

static bool add_name(struct hk__yaml_dag *d, const struct hk__yaml_entry *entry, struct hk_error *err)
{
    struct hk_str name = hk_str_from(entry->name);
    if (hk_map_find(&d->task_names, name, NULL)) {
        return hk__yaml_refuse(d, entry->conf, err, "Duplicate task_id detected in tasks list: '%.100s'", entry->name);
    }
    if (hk_map_find(&d->group_names, name, NULL)) {
        return hk__yaml_refuse(d, entry->conf, err,
                               "a task and a task group are both named '%.100s': rename one of them.", entry->name);
    }
    hk_map_set(&d->task_names, name, d->task_count);
    d->tasks[d->task_count++] = (struct hk__yaml_task){.conf = entry->conf, .name = entry->name};
    return true;
}

bool hk__yaml_read_tasks(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk__yaml_entry *entries = NULL;
    size_t count = 0;
    if (!hk__yaml_entries(d, "tasks", "task_id", &entries, &count, err)) {
        return false;
    }
    d->tasks = hk_arena_array(d->arena, count, sizeof *d->tasks);
    for (size_t i = 0; i < count; i++) {
        if (!add_name(d, &entries[i], err)) {
            return false;
        }
        d->task_id = entries[i].name;
        if (!read_task(d, &d->tasks[i], err)) {
            return false;
        }
        d->task_id = NULL;
    }
    return true;
}
