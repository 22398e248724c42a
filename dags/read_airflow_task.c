/* One operator. */
#include <math.h>
#include <stdlib.h>

#include "dags/read_airflow_internal.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

static const char bash_module[] = "airflow.providers.standard.operators.bash";

static bool is_filled(const json_t *fields, const char *key)
{
    const json_t *value = hk__airflow_bare(json_object_get(fields, key));
    return json_array_size(value) > 0 || json_object_size(value) > 0;
}

static bool has_callback(const json_t *fields)
{
    static const char *const names[] = {"has_on_execute_callback", "has_on_failure_callback", "has_on_skipped_callback",
                                        "has_on_success_callback", "has_on_retry_callback"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (hk_json_get_bool(fields, names[i], false)) {
            return true;
        }
    }
    return false;
}

static bool refuse(struct hk_error *err, const char *feature)
{
    return hk_error_set(err, HK_INVALID, "%s is not supported by this version of hanok.", feature);
}

static bool check_supported(const json_t *fields, struct hk_error *err)
{
    if (hk_json_get_bool(fields, "_is_mapped", false)) {
        return refuse(err, "Dynamic task mapping (expand)");
    }
    if (hk_json_get_bool(fields, "start_from_trigger", false)) {
        return refuse(err, "start_from_trigger (deferring before the task starts)");
    }
    if (hk_json_get_bool(fields, "wait_for_past_depends_before_skipping", false)) {
        return refuse(err, "wait_for_past_depends_before_skipping");
    }
    return true;
}

/* Small counts: an integer, maybe written as 2.0. */
static bool read_count(const json_t *fields, const char *key, uint32_t *out, struct hk_error *err)
{
    const json_t *value = json_object_get(fields, key);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    double number = json_is_number(value) ? json_number_value(value) : -1;
    if (!isfinite(number) || number < 0 || number > INT32_MAX) {
        return hk_error_set(err, HK_INVALID, "'%s' is not a number between 0 and %d.", key, INT32_MAX);
    }
    *out = (uint32_t)number;
    return true;
}

static bool read_times(struct hk_task *task, const json_t *fields, struct hk_error *err)
{
    const json_t *backoff = json_object_get(fields, "retry_exponential_backoff");
    if (!hk__airflow_span(fields, "retry_delay", &task->retry_delay_us) ||
        !hk__airflow_span(fields, "max_retry_delay", &task->max_retry_delay_us) ||
        !hk__airflow_span(fields, "execution_timeout", &task->execution_timeout_us) ||
        !hk__airflow_instant(fields, "start_date", &task->start_at_us) ||
        !hk__airflow_instant(fields, "end_date", &task->end_at_us)) {
        return hk_error_set(
            err, HK_INVALID,
            "One of retry_delay, max_retry_delay, execution_timeout, start_date, end_date is out of range.");
    }
    if (json_is_true(backoff)) {
        task->retry_backoff = 2.0;
    } else if (json_is_number(backoff) && isfinite(json_number_value(backoff)) && json_number_value(backoff) >= 0) {
        task->retry_backoff = json_number_value(backoff);
    }
    return true;
}

static bool read_rules(struct hk_task *task, const json_t *fields, struct hk_error *err)
{
    const char *rule = hk_json_get_text(fields, "trigger_rule", "all_success");
    const json_t *weight = hk__airflow_bare(json_object_get(fields, "weight_rule"));
    const char *weight_name = json_is_string(weight) ? json_string_value(weight)
                              : weight == NULL       ? "downstream"
                                                     : "(custom)";
    if (!hk_trigger_rule_find(hk_str_from(rule), &task->trigger_rule)) {
        return hk_error_set(err, HK_INVALID, "The trigger rule '%.100s' is not known.", rule);
    }
    if (!hk_weight_rule_find(hk_str_from(weight_name), &task->weight_rule)) {
        return hk_error_set(
            err, HK_INVALID,
            "The weight rule '%.100s' is not supported by this version of hanok; use downstream, upstream "
            "or absolute.",
            weight_name);
    }
    double weight_value = hk_json_get_double(fields, "priority_weight", 1.0);
    if (!isfinite(weight_value) || weight_value < INT32_MIN || weight_value > INT32_MAX) {
        return hk_error_set(err, HK_INVALID, "'priority_weight' is not a 32-bit integer.");
    }
    task->priority_weight = (int32_t)weight_value;
    return read_count(fields, "retries", &task->retries, err) &&
           read_count(fields, "pool_slots", &task->pool_slots, err) &&
           read_count(fields, "max_active_tis_per_dag", &task->max_active_per_dag, err) &&
           read_count(fields, "max_active_tis_per_dagrun", &task->max_active_per_run, err);
}

static void read_flags(struct hk_task *task, const json_t *fields)
{
    task->wait_for_downstream = hk_json_get_bool(fields, "wait_for_downstream", false);
    task->depends_on_past = hk_json_get_bool(fields, "depends_on_past", false) || task->wait_for_downstream;
    task->ignore_first_depends_on_past = hk_json_get_bool(fields, "ignore_first_depends_on_past", false);
    task->is_setup = hk_json_get_bool(fields, "is_setup", false);
    task->is_teardown = hk_json_get_bool(fields, "is_teardown", false);
    task->teardown_fails_run = hk_json_get_bool(fields, "on_failure_fail_dagrun", false);
    task->can_skip_downstream = hk_json_get_bool(fields, "_can_skip_downstream", false);
    task->has_failure_callback = hk_json_get_bool(fields, "has_on_failure_callback", false);
}

static void read_names(struct hk_graph_builder *b, struct hk_task *task, const json_t *fields)
{
    task->display_name = hk_graph_builder_text(b, hk_json_get_text(fields, "_task_display_name", NULL));
    task->owner = hk_graph_builder_text(b, hk_json_get_text(fields, "owner", "airflow"));
    task->operator_class = hk_graph_builder_text(b, hk_json_get_text(fields, "task_type", "BaseOperator"));
    task->operator_module = hk_graph_builder_text(b, hk_json_get_text(fields, "_task_module", NULL));
    task->operator_name = hk_graph_builder_text(b, hk_json_get_text(fields, "_operator_name", NULL));
    task->doc_md = hk_graph_builder_text(b, hk_json_get_text(fields, "doc_md", NULL));
    task->queue = hk_graph_builder_text(b, hk_json_get_text(fields, "queue", "default"));
    task->executor = hk_graph_builder_text(b, hk_json_get_text(fields, "executor", NULL));
    task->pool = hk_graph_builder_text(b, hk_json_get_text(fields, "pool", "default_pool"));
}

/* What GET /api/v2/dags/{id}/tasks shows beyond the task's own fields. */
static const char *make_extra(struct hk_graph_builder *b, const json_t *fields)
{
    json_t *fields_list = hk__airflow_plain(json_object_get(fields, "template_fields"));
    json_t *links = json_array();
    const char *name;
    json_t *item;
    json_object_foreach (json_object_get(fields, "_operator_extra_links"), name, item) {
        json_array_append_new(links, json_string(name));
    }
    if (!json_is_array(fields_list)) {
        json_decref(fields_list);
        fields_list = json_array();
    }
    json_t *extra =
        json_pack("{s:s,s:s,s:o,s:o,s:{s:s?,s:s},s:o}", "ui_color", hk_json_get_text(fields, "ui_color", "#fff"),
                  "ui_fgcolor", hk_json_get_text(fields, "ui_fgcolor", "#000"), "template_fields", fields_list,
                  "params", hk__airflow_params(json_object_get(fields, "params")), "class_ref", "module_path",
                  hk_json_get_text(fields, "_task_module", NULL), "class_name",
                  hk_json_get_text(fields, "task_type", "BaseOperator"), "extra_links", links);
    const char *text = hk__airflow_text(b, extra);
    json_decref(extra);
    return text;
}

/* A number, maybe written as a text (the serializer makes texts of template fields). Absent: 0. */
static bool read_seconds(const json_t *value, int64_t *out_us)
{
    double seconds = json_number_value(value);
    if (json_is_string(value)) {
        char *end = NULL;
        seconds = strtod(json_string_value(value), &end);
        if (end == json_string_value(value) || *end != '\0') {
            return false;
        }
    } else if (value != NULL && !json_is_null(value) && !json_is_number(value)) {
        return false;
    }
    bool ok = isfinite(seconds) && seconds >= 0 && seconds < 1e9;
    *out_us = ok ? (int64_t)(seconds * 1e6) : 0;
    return ok;
}

static bool has_template(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text != NULL) {
        return strstr(text, "{{") != NULL || strstr(text, "{%") != NULL || strstr(text, "{#") != NULL;
    }
    const char *key;
    json_t *item;
    json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
        if (has_template(item)) {
            return true;
        }
    }
    return false;
}

/* "_hanok_command" is the host's word that nothing about the operator is out of the ordinary, with what the serializer
 * leaves out (append_env, skip_on_exit_code). Its claims are checked as far as the document allows. */
static bool is_plain_bash(const json_t *fields, const json_t *command)
{
    const char *text = hk_json_get_text(command, "command", NULL);
    const char *cwd = hk_json_get_text(command, "cwd", NULL);
    const json_t *env = json_object_get(command, "env");
    size_t len = text != NULL ? strlen(text) : 0;
    bool is_file =
        (len >= 3 && strcmp(text + len - 3, ".sh") == 0) || (len >= 5 && strcmp(text + len - 5, ".bash") == 0);
    return text != NULL && !is_file && strcmp(hk_json_get_text(fields, "task_type", ""), "BashOperator") == 0 &&
           strcmp(hk_json_get_text(fields, "_task_module", ""), bash_module) == 0 &&
           !has_template(json_object_get(command, "command")) && !has_template(env) &&
           (cwd == NULL || (*cwd == '/' && !has_template(json_object_get(command, "cwd")))) && !has_callback(fields) &&
           !is_filled(fields, "inlets") && hk__airflow_outlets_are_plain(json_object_get(fields, "outlets"));
}

/* dags/python/hanok_sensors.py: the class and, as template fields, what it waits for. */
static bool is_promotion_sensor(const json_t *fields)
{
    return strcmp(hk_json_get_text(fields, "_task_module", ""), "hanok_sensors") == 0 &&
           strcmp(hk_json_get_text(fields, "task_type", ""), "ModelPromotedSensor") == 0;
}

static bool read_promotion_sensor(struct hk_graph_builder *b, struct hk_task *task, const json_t *fields,
                                  struct hk_error *err)
{
    static const char *const names[] = {"model", "alias", "stage", "timeout"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has_template(json_object_get(fields, names[i]))) {
            return hk_error_set(err, HK_INVALID,
                                "A template in '%s' of a ModelPromotedSensor is not supported: it has "
                                "no process that could render it.",
                                names[i]);
        }
    }
    if (!read_seconds(json_object_get(fields, "timeout"), &task->wait_timeout_us)) {
        return hk_error_set(err, HK_INVALID, "'timeout' of a ModelPromotedSensor is no number of seconds.");
    }
    task->runner = HK_RUNNER_WAIT;
    task->wait_model = hk_graph_builder_text(b, hk_json_get_text(fields, "model", NULL));
    task->wait_alias = hk_graph_builder_text(b, hk_json_get_text(fields, "alias", NULL));
    task->wait_stage = hk_graph_builder_text(b, hk_json_get_text(fields, "stage", NULL));
    return true;
}

static void choose_runner(struct hk_graph_builder *b, struct hk_task *task, const json_t *fields)
{
    const json_t *command = hk__airflow_bare(json_object_get(fields, "_hanok_command"));
    task->runner = HK_RUNNER_PYTHON;
    if (hk_json_get_bool(fields, "_is_empty", false)) {
        /* Airflow's scheduler sends an EmptyOperator to a worker only for these reasons. */
        bool needs_worker = hk_json_get_bool(fields, "has_on_execute_callback", false) ||
                            hk_json_get_bool(fields, "has_on_success_callback", false) || is_filled(fields, "inlets") ||
                            !hk__airflow_outlets_are_plain(json_object_get(fields, "outlets"));
        task->runner = needs_worker ? HK_RUNNER_PYTHON : HK_RUNNER_NOTHING;
    } else if (json_is_object(command) && is_plain_bash(fields, command)) {
        json_t *spec = hk__airflow_plain(command);
        task->runner = HK_RUNNER_COMMAND;
        task->spec_json = hk__airflow_text(b, spec);
        json_decref(spec);
    }
}

static bool read_task(struct hk_graph_builder *b, struct hk_str id, const json_t *fields, struct hk_error *err)
{
    if (!check_supported(fields, err)) {
        return false;
    }
    struct hk_task *task = hk_graph_builder_task(b, id);
    if (task == NULL) {
        return hk_error_set(err, HK_INVALID, "The task id is used twice.");
    }
    read_names(b, task, fields);
    read_flags(task, fields);
    if (!read_rules(task, fields, err) || !read_times(task, fields, err)) {
        return false;
    }
    choose_runner(b, task, fields);
    if (is_promotion_sensor(fields) && !read_promotion_sensor(b, task, fields, err)) {
        return false;
    }
    task->extra_json = make_extra(b, fields);
    hk__airflow_outlets(b, task->index, json_object_get(fields, "outlets"));
    size_t index;
    const json_t *next;
    json_array_foreach (json_object_get(fields, "downstream_task_ids"), index, next) {
        if (json_is_string(next)) {
            hk_graph_builder_edge(b, id, hk_str_from(json_string_value(next)));
        }
    }
    return true;
}

bool hk__airflow_task(struct hk_graph_builder *b, const json_t *fields, struct hk_error *err)
{
    const char *id = hk_json_get_text(fields, "task_id", NULL);
    if (id == NULL) {
        return hk_error_set(err, HK_INVALID, "A task has no task_id.");
    }
    return read_task(b, hk_str_from(id), fields, err) || hk_error_prefix(err, "task '%.250s'", id);
}
