/* Who runs a task. Two operators are hanok's own, as long as nothing about them needs Python: BashOperator without
 * Jinja, and EmptyOperator; and one always (dags/python/hanok_sensors.py). The rest goes to the Python host. */
#include <string.h>

#include "dags/yaml_dag.h"
#include "engine/base/limits.h"

#define BASH_MODULE "airflow.providers.standard.operators.bash"
#define EMPTY_MODULE "airflow.providers.standard.operators.empty"

enum native { NOT_NATIVE, NATIVE_BASH, NATIVE_EMPTY, NATIVE_PROMOTED };

static const struct {
    const char *class_name;
    const char *module;
} natives[] = {
    [NATIVE_BASH] = {"BashOperator", BASH_MODULE},
    [NATIVE_EMPTY] = {"EmptyOperator", EMPTY_MODULE},
    [NATIVE_PROMOTED] = {"ModelPromotedSensor", "hanok_sensors"},
};

/* Today's paths and those of Airflow 1 and 2. */
static const struct {
    const char *path;
    enum native native;
} native_paths[] = {
    {BASH_MODULE ".BashOperator", NATIVE_BASH},
    {"airflow.operators.bash.BashOperator", NATIVE_BASH},
    {"airflow.operators.bash_operator.BashOperator", NATIVE_BASH},
    {EMPTY_MODULE ".EmptyOperator", NATIVE_EMPTY},
    {"airflow.operators.empty.EmptyOperator", NATIVE_EMPTY},
    {"airflow.operators.dummy.DummyOperator", NATIVE_EMPTY},
    {"airflow.operators.dummy.EmptyOperator", NATIVE_EMPTY},
    {"airflow.operators.dummy_operator.DummyOperator", NATIVE_EMPTY},
    {"hanok_sensors.ModelPromotedSensor", NATIVE_PROMOTED},
};

static const char *const base_args[] = {"task_id",
                                        "owner",
                                        "email",
                                        "email_on_retry",
                                        "email_on_failure",
                                        "retries",
                                        "retry_delay",
                                        "retry_exponential_backoff",
                                        "max_retry_delay",
                                        "retry_policy",
                                        "start_date",
                                        "end_date",
                                        "depends_on_past",
                                        "ignore_first_depends_on_past",
                                        "wait_for_past_depends_before_skipping",
                                        "wait_for_downstream",
                                        "params",
                                        "default_args",
                                        "priority_weight",
                                        "weight_rule",
                                        "queue",
                                        "pool",
                                        "pool_slots",
                                        "sla",
                                        "execution_timeout",
                                        "on_execute_callback",
                                        "on_failure_callback",
                                        "on_success_callback",
                                        "on_retry_callback",
                                        "on_skipped_callback",
                                        "pre_execute",
                                        "post_execute",
                                        "trigger_rule",
                                        "resources",
                                        "run_as_user",
                                        "map_index_template",
                                        "max_active_tis_per_dag",
                                        "max_active_tis_per_dagrun",
                                        "executor",
                                        "executor_config",
                                        "do_xcom_push",
                                        "multiple_outputs",
                                        "inlets",
                                        "outlets",
                                        "doc",
                                        "doc_md",
                                        "doc_json",
                                        "doc_yaml",
                                        "doc_rst",
                                        "task_display_name",
                                        "logger_name",
                                        "allow_nested_operators",
                                        "render_template_as_native_obj",
                                        NULL};

static const char *const factory_args[] = {"operator",
                                           "dependencies",
                                           "task_group_name",
                                           "parent_group_name",
                                           "variables_as_arguments",
                                           "on_execute_callback_name",
                                           "on_execute_callback_file",
                                           "on_success_callback_name",
                                           "on_success_callback_file",
                                           "on_failure_callback_name",
                                           "on_failure_callback_file",
                                           "on_retry_callback_name",
                                           "on_retry_callback_file",
                                           "on_skipped_callback_name",
                                           "on_skipped_callback_file",
                                           NULL};

static const char *const bash_args[] = {"bash_command",      "env", "append_env",       "output_encoding",
                                        "skip_on_exit_code", "cwd", "output_processor", NULL};

static const char *const promoted_args[] = {"model", "alias", "stage", "timeout", NULL};

/* Whatever of these is given runs in the task's Python process. */
static const char *const python_args[] = {"on_execute_callback",
                                          "on_success_callback",
                                          "on_failure_callback",
                                          "on_retry_callback",
                                          "on_skipped_callback",
                                          "on_execute_callback_name",
                                          "on_success_callback_name",
                                          "on_failure_callback_name",
                                          "on_retry_callback_name",
                                          "on_skipped_callback_name",
                                          "pre_execute",
                                          "post_execute",
                                          "variables_as_arguments",
                                          "map_index_template",
                                          "output_processor",
                                          "inlets",
                                          NULL};

static const char *const skipping_classes[] = {
    "BranchPythonOperator",           "ShortCircuitOperator", "BranchDateTimeOperator",
    "BranchDayOfWeekOperator",        "LatestOnlyOperator",   "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator", "BranchSQLOperator",    NULL};

bool hk__yaml_is_base_arg(struct hk_str key)
{
    return hk__yaml_is_listed(key, base_args);
}

static enum native find_native(struct hk_str path)
{
    for (size_t i = 0; i < sizeof native_paths / sizeof native_paths[0]; i++) {
        if (hk_str_is(path, native_paths[i].path)) {
            return native_paths[i].native;
        }
    }
    return NOT_NATIVE;
}

static bool is_templated(const struct hk_yaml_node *node)
{
    return node != NULL && node->kind == HK_YAML_TEXT &&
           (strstr(node->text.data, "{{") != NULL || strstr(node->text.data, "{%") != NULL ||
            strstr(node->text.data, "{#") != NULL);
}

/* Airflow 3 still mails on failure and retry when it has an address. */
static bool sends_mail(const struct hk__yaml_dag *d, const struct hk__yaml_task *from)
{
    const struct hk_yaml_node *email = hk__yaml_arg_value(d, from, "email");
    const struct hk_yaml_node *on_failure = hk__yaml_arg_value(d, from, "email_on_failure");
    const struct hk_yaml_node *on_retry = hk__yaml_arg_value(d, from, "email_on_retry");
    bool has_address = email != NULL && (email->kind != HK_YAML_TEXT || email->text.len > 0) &&
                       (email->kind != HK_YAML_LIST || email->as.in.item_count > 0);
    bool is_off = on_failure != NULL && on_failure->kind == HK_YAML_BOOL && !on_failure->as.truth && on_retry != NULL &&
                  on_retry->kind == HK_YAML_BOOL && !on_retry->as.truth;
    return has_address && !is_off;
}

static bool needs_python(const struct hk__yaml_dag *d, const struct hk__yaml_task *from)
{
    for (const char *const *name = python_args; *name != NULL; name++) {
        const struct hk_yaml_node *value = hk__yaml_arg_value(d, from, *name);
        if (value != NULL && !(value->kind == HK_YAML_LIST && value->as.in.item_count == 0)) {
            return true;
        }
    }
    const struct hk_yaml_node *outputs = hk__yaml_arg_value(d, from, "multiple_outputs");
    return sends_mail(d, from) || !hk__yaml_outlets_are_plain(hk__yaml_arg_value(d, from, "outlets")) ||
           (outputs != NULL && (outputs->kind != HK_YAML_BOOL || outputs->as.truth));
}

/* Airflow renders the command, the environment's values and the folder, and takes *.sh for the name of a template file.
 */
static bool bash_needs_python(const struct hk__yaml_dag *d, const struct hk__yaml_task *from)
{
    const struct hk_yaml_node *command = hk__yaml_arg_value(d, from, "bash_command");
    const struct hk_yaml_node *env = hk__yaml_arg_value(d, from, "env");
    const struct hk_yaml_node *cwd = hk__yaml_arg_value(d, from, "cwd");
    struct hk_str text = command->text;
    text.len -= text.len > 0 && text.data[text.len - 1] == '\n' ? 1 : 0;
    if (is_templated(command) || hk_str_ends_with(text, ".sh") || hk_str_ends_with(text, ".bash")) {
        return true;
    }
    for (size_t i = 0; env != NULL && env->kind == HK_YAML_MAP && i < env->as.in.pair_count; i++) {
        if (is_templated(env->as.in.pairs[i].value)) {
            return true;
        }
    }
    return is_templated(env) || is_templated(cwd);
}

/* ---- BashOperator as a command ---- */

static bool write_env(const struct hk__yaml_dag *d, const struct hk_yaml_node *env, struct hk_json *w,
                      struct hk_error *err)
{
    hk_json_key(w, "env");
    if (env == NULL) {
        hk_json_null(w);
        return true;
    }
    if (env->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, env, err, "env takes a mapping, not %s.", hk_yaml_kind_name(env->kind));
    }
    hk_json_begin_object(w);
    for (size_t i = 0; i < env->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &env->as.in.pairs[i];
        if (pair->key->kind != HK_YAML_TEXT || pair->value->kind != HK_YAML_TEXT) {
            return hk__yaml_refuse(d, pair->key, err, "env '%.80s' takes a text, not %s: write it in quotes.",
                                   hk__yaml_shown(pair->key), hk_yaml_kind_name(pair->value->kind));
        }
        hk_json_kv_str(w, pair->key->text.data, pair->value->text);
    }
    hk_json_end_object(w);
    return true;
}

static bool write_skip_codes(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_json *w,
                             struct hk_error *err)
{
    const char *key = "skip_on_exit_code";
    struct hk_yaml_node *node = hk_yaml_find(from->conf, key); /* a null here means: none */
    node = node != NULL ? node : hk__yaml_arg_value(d, from, key);
    hk_json_key(w, "skip_exit_codes");
    hk_json_begin_array(w);
    struct hk_yaml_node *const *items = node != NULL && node->kind == HK_YAML_LIST ? node->as.in.items : &node;
    size_t count = node == NULL || node->kind == HK_YAML_NULL ? 0
                   : node->kind == HK_YAML_LIST               ? node->as.in.item_count
                                                              : 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t code = 0;
        if (!hk__yaml_take_count(d, items[i], key, &code, err)) {
            return false;
        }
        hk_json_int(w, code);
    }
    if (node == NULL) {
        hk_json_int(w, 99);
    }
    hk_json_end_array(w);
    return true;
}

static bool write_command(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_json *w,
                          struct hk_error *err)
{
    const struct hk_yaml_node *command = hk__yaml_arg_value(d, from, "bash_command");
    const char *cwd = NULL;
    const char *output = "utf-8";
    bool append_env = false;
    bool push_xcom = true;
    if (!hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "cwd"), "cwd", &cwd, err) ||
        !hk__yaml_take_text(d, hk__yaml_arg_value(d, from, "output_encoding"), "output_encoding", &output, err) ||
        !hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, "append_env"), "append_env", &append_env, err) ||
        !hk__yaml_take_bool(d, hk__yaml_arg_value(d, from, "do_xcom_push"), "do_xcom_push", &push_xcom, err)) {
        return false;
    }
    struct hk_str text = command->text; /* rendering takes one newline off the end */
    text.len -= text.len > 0 && text.data[text.len - 1] == '\n' ? 1 : 0;
    hk_json_begin_object(w);
    hk_json_kv_str(w, "command", text);
    if (!write_env(d, hk__yaml_arg_value(d, from, "env"), w, err)) {
        return false;
    }
    hk_json_kv_bool(w, "append_env", append_env);
    hk_json_kv_text(w, "cwd", cwd);
    if (!write_skip_codes(d, from, w, err)) {
        return false;
    }
    hk_json_kv_bool(w, "push_xcom", push_xcom);
    hk_json_kv_text(w, "output", output);
    hk_json_end_object(w);
    return true;
}

static bool read_command(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                         struct hk_error *err)
{
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    hk_json_init(&w, &text);
    bool ok = write_command(d, from, &w, err);
    if (ok) {
        task->spec_json = hk_graph_builder_str(d->b, hk_buf_str(&text));
    }
    hk_buf_clear(&text);
    return ok;
}

/* ---- what REST shows ---- */

static void write_class(struct hk_json *w, const struct hk_task *task)
{
    hk_json_key(w, "class_ref");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "module_path", task->operator_module);
    hk_json_kv_text(w, "class_name", task->operator_class);
    hk_json_end_object(w);
}

static void fill_extra(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                       enum native native)
{
    static const char *const bash_templates[] = {"bash_command", "env", "cwd"};
    const struct hk_yaml_node *params = hk__yaml_arg_value(d, from, "params");
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    if (native != NOT_NATIVE) {
        hk_json_kv_text(&w, "ui_color", native == NATIVE_BASH ? "#f0ede4" : "#e8f7e4");
        hk_json_kv_text(&w, "ui_fgcolor", "#000");
        hk_json_key(&w, "template_fields");
        hk_json_begin_array(&w);
        for (size_t i = 0; native == NATIVE_BASH && i < 3; i++) {
            hk_json_text(&w, bash_templates[i]);
        }
        hk_json_end_array(&w);
    }
    if (params != NULL && params->kind == HK_YAML_MAP) {
        hk_json_kv_raw(&w, "params", hk_str_from(hk__yaml_params_json(d, params)));
    }
    write_class(&w, task);
    hk_json_end_object(&w);
    task->extra_json = hk_graph_builder_str(d->b, hk_buf_str(&text));
    hk_buf_clear(&text);
}

/* ---- the operator ---- */

static bool check_args(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, enum native native,
                       struct hk_error *err)
{
    for (size_t i = 0; i < from->conf->as.in.pair_count; i++) {
        const struct hk_yaml_node *key = from->conf->as.in.pairs[i].key;
        bool is_own = (native == NATIVE_BASH && hk__yaml_is_listed(key->text, bash_args)) ||
                      (native == NATIVE_PROMOTED && hk__yaml_is_listed(key->text, promoted_args));
        if (key->kind != HK_YAML_TEXT ||
            (!is_own && !hk__yaml_is_listed(key->text, base_args) && !hk__yaml_is_listed(key->text, factory_args))) {
            return hk__yaml_refuse(d, key, err, "Invalid arguments were passed to %s: '%.80s'.",
                                   natives[native].class_name, hk__yaml_shown(key));
        }
    }
    return true;
}

static bool check_unsupported(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_error *err)
{
    const struct hk_yaml_node *expand = hk_yaml_get(from->conf, "expand");
    const struct hk_yaml_node *partial = hk_yaml_get(from->conf, "partial");
    if (expand != NULL || partial != NULL) {
        return hk__yaml_refuse(
            d, expand != NULL ? expand : partial, err,
            "dynamic task mapping (expand, partial) is not supported yet in YAML: use a Python DAG file.");
    }
    return true;
}

/* "a.b.Class" -> module "a.b", class "Class". */
static bool split_path(const struct hk__yaml_dag *d, const struct hk_yaml_node *path, struct hk_task *task,
                       struct hk_error *err)
{
    const char *dot = path->kind == HK_YAML_TEXT ? strrchr(path->text.data, '.') : NULL;
    if (dot == NULL || dot == path->text.data || dot[1] == '\0') {
        return hk__yaml_refuse(d, path, err, "'%.100s' is no operator: write its dotted path, as %s.BashOperator.",
                               hk__yaml_shown(path), BASH_MODULE);
    }
    task->operator_class = hk_graph_builder_text(d->b, dot + 1);
    task->operator_module =
        hk_graph_builder_str(d->b, (struct hk_str){path->text.data, (size_t)(dot - path->text.data)});
    return true;
}

/* @task in YAML: a callable by name, with arguments that may be other tasks' results. */
static bool read_decorator(const struct hk__yaml_dag *d, const struct hk_yaml_node *path,
                           const struct hk__yaml_task *from, struct hk_task *task, struct hk_error *err)
{
    bool has_callable = hk_yaml_get(from->conf, "python_callable") != NULL ||
                        (hk_yaml_get(from->conf, "python_callable_name") != NULL &&
                         hk_yaml_get(from->conf, "python_callable_file") != NULL);
    if (!split_path(d, path, task, err)) {
        return false;
    }
    if (!has_callable) {
        return hk__yaml_refuse(d, path, err,
                               "a decorator needs python_callable, or python_callable_name and python_callable_file.");
    }
    if (strcmp(task->operator_class, "task") == 0) {
        task->operator_class = "_PythonDecoratedOperator";
        task->operator_module = "airflow.providers.standard.decorators.python";
        task->operator_name = "@task";
    }
    task->runner = HK_RUNNER_PYTHON;
    fill_extra(d, from, task, NOT_NATIVE);
    return true;
}

/* What a ModelPromotedSensor waits for. It has no process that could render a template or call something. */
static bool read_promoted(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                          struct hk_error *err)
{
    static const char *const names[] = {"model", "alias", "stage"};
    const char **const out[] = {&task->wait_model, &task->wait_alias, &task->wait_stage};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct hk_yaml_node *value = hk__yaml_arg_value(d, from, names[i]);
        if (!hk__yaml_take_text(d, value, names[i], out[i], err)) {
            return false;
        }
        if (is_templated(value)) {
            return hk__yaml_refuse(d, value, err, "%s of a ModelPromotedSensor cannot be a template.", names[i]);
        }
    }
    if (task->wait_model == NULL || (task->wait_alias == NULL) == (task->wait_stage == NULL)) {
        return hk__yaml_refuse(d, from->conf, err,
                               "ModelPromotedSensor takes a model, and an alias or a stage (not both).");
    }
    if (needs_python(d, from)) {
        return hk__yaml_refuse(d, from->conf, err, "callbacks of a ModelPromotedSensor are not supported yet.");
    }
    task->runner = HK_RUNNER_WAIT;
    return hk__yaml_take_delta(d, hk__yaml_arg_value(d, from, "timeout"), "timeout", true, &task->wait_timeout_us, err);
}

static bool read_native(const struct hk__yaml_dag *d, const struct hk__yaml_task *from, enum native native,
                        struct hk_task *task, struct hk_error *err)
{
    task->operator_class = natives[native].class_name;
    task->operator_module = natives[native].module;
    fill_extra(d, from, task, native);
    const struct hk_yaml_node *command = hk__yaml_arg_value(d, from, "bash_command");
    if (!check_args(d, from, native, err)) {
        return false;
    }
    if (native == NATIVE_PROMOTED) {
        return read_promoted(d, from, task, err);
    }
    if (native == NATIVE_BASH && (command == NULL || command->kind != HK_YAML_TEXT)) {
        return hk__yaml_refuse(d, command != NULL ? command : from->conf, err,
                               "BashOperator needs a bash_command, which is a text.");
    }
    if (needs_python(d, from) || (native == NATIVE_BASH && bash_needs_python(d, from))) {
        task->runner = HK_RUNNER_PYTHON;
        return true;
    }
    task->runner = native == NATIVE_BASH ? HK_RUNNER_COMMAND : HK_RUNNER_NOTHING;
    return native == NATIVE_EMPTY || read_command(d, from, task, err);
}

bool hk__yaml_read_operator(struct hk__yaml_dag *d, const struct hk__yaml_task *from, struct hk_task *task,
                            struct hk_error *err)
{
    const struct hk_yaml_node *path = hk_yaml_find(from->conf, "operator");
    const struct hk_yaml_node *decorator = hk_yaml_find(from->conf, "decorator");
    if (path == NULL && decorator == NULL) {
        return hk__yaml_refuse(d, from->conf, err, "Tasks must define either 'operator' or 'decorator'.");
    }
    task->has_failure_callback = hk__yaml_arg_value(d, from, "on_failure_callback") != NULL ||
                                 (hk__yaml_arg_value(d, from, "on_failure_callback_name") != NULL &&
                                  hk__yaml_arg_value(d, from, "on_failure_callback_file") != NULL);
    if (!check_unsupported(d, from, err)) {
        return false;
    }
    if (path == NULL) {
        return read_decorator(d, decorator, from, task, err);
    }
    enum native native = path->kind == HK_YAML_TEXT ? find_native(path->text) : NOT_NATIVE;
    if (native != NOT_NATIVE) {
        return read_native(d, from, native, task, err);
    }
    if (!split_path(d, path, task, err)) {
        return false;
    }
    task->runner = HK_RUNNER_PYTHON;
    task->can_skip_downstream = hk__yaml_is_listed(hk_str_from(task->operator_class), skipping_classes);
    fill_extra(d, from, task, NOT_NATIVE);
    return true;
}
