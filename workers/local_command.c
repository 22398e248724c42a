/* From a task of kind HK_RUNNER_COMMAND to the shim's START: what BashOperator prepares. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "workers/local_internal.h"

enum { MAX_TEXTS_BYTES = 16 * 1024 * 1024 };

static bool is_runnable(const char *path)
{
    return access(path, X_OK) == 0;
}

char *local_find_program(const char *const *environment, const char *name)
{
    if (strchr(name, '/') != NULL) {
        return hk_strdup(name);
    }
    const char *path = "/usr/local/bin:/usr/bin:/bin";
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        if (strncmp(environment[i], "PATH=", 5) == 0) {
            path = environment[i] + 5;
        }
    }
    struct hk_str rest = hk_str_from(path);
    struct hk_str folder;
    while (hk_str_next(&rest, ':', &folder)) {
        struct hk_buf full;
        hk_buf_init(&full, 8192);
        hk_buf_printf(&full, "%.*s/%s", HK_STR_ARG(folder), name);
        char *text = hk_buf_take(&full);
        if (folder.len > 0 && is_runnable(text)) {
            return text;
        }
        free(text);
    }
    return NULL;
}

const char *local_find_temporary_root(const char *const *environment)
{
    static const char *const names[] = {"TMPDIR=", "TEMP=", "TMP="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        for (size_t j = 0; environment != NULL && environment[j] != NULL; j++) {
            const char *path = environment[j] + n;
            struct stat st;
            if (strncmp(environment[j], names[i], n) == 0 && *path == '/' && stat(path, &st) == 0 &&
                S_ISDIR(st.st_mode)) {
                return path;
            }
        }
    }
    return "/tmp";
}

static void read_skip_codes(struct local_job *job, const json_t *codes)
{
    if (json_is_integer(codes)) {
        job->skip_codes = hk_alloc(sizeof *job->skip_codes);
        job->skip_codes[job->skip_count++] = (int32_t)json_integer_value(codes);
        return;
    }
    job->skip_codes = hk_alloc_array(json_array_size(codes) + 1, sizeof *job->skip_codes);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        job->skip_codes[job->skip_count++] = (int32_t)json_integer_value(json_array_get(codes, i));
    }
}

static json_t *parse_spec(const struct hk_job *from, struct hk_error *err)
{
    json_t *spec = hk_json_parse(hk_str_from(from->task->spec_json != NULL ? from->task->spec_json : "{}"), err);
    if (spec == NULL) {
        hk_error_prefix(err, "the command of task '%s'", from->task->task_id);
    }
    return spec;
}

static void read_spec(struct local_job *job, const struct hk_job *from, const json_t *spec)
{
    job->pushes_xcom = hk_json_get_bool(spec, "push_xcom", true);
    job->timeout_us = from->task->execution_timeout_us;
    json_t *codes = json_object_get(spec, "skip_exit_codes");
    if (codes != NULL && !json_is_null(codes)) {
        read_skip_codes(job, codes);
    }
}

bool local_command_read(struct local_job *job, const struct hk_job *from, struct hk_error *err)
{
    json_t *spec = parse_spec(from, err);
    if (spec == NULL) {
        return false;
    }
    read_spec(job, from, spec);
    json_decref(spec);
    return true;
}

static void add_variable(struct hk_shim_texts *texts, struct hk_buf *packed, const char *name, const char *value)
{
    hk_buf_add_text(packed, name);
    hk_buf_add_char(packed, '=');
    hk_buf_add(packed, value, strlen(value) + 1);
    texts->count++;
    texts->packed = hk_buf_str(packed);
}

static bool add_own_environment(struct hk_shim_texts *texts, struct hk_buf *packed, json_t *env, struct hk_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach (env, name, value) {
        if (!json_is_string(value)) {
            return hk_error_set(err, HK_INVALID,
                                "The environment variable '%s' has a value that is not text; quote it.", name);
        }
        if (*name == '\0' || strchr(name, '=') != NULL ||
            strlen(json_string_value(value)) != json_string_length(value)) {
            return hk_error_set(err, HK_INVALID, "'%s' cannot be an environment variable.", name);
        }
        add_variable(texts, packed, name, json_string_value(value));
    }
    return true;
}

/* airflow.sdk.execution_time.context.context_to_airflow_vars */
static void add_context_variables(struct hk_shim_texts *texts, struct hk_buf *packed, const struct hk_job *from)
{
    char text[HK_ISO_SIZE];
    if (from->task->owner != NULL && *from->task->owner != '\0') {
        add_variable(texts, packed, "AIRFLOW_CTX_DAG_OWNER", from->task->owner);
    }
    add_variable(texts, packed, "AIRFLOW_CTX_DAG_ID", from->graph->dag_id);
    add_variable(texts, packed, "AIRFLOW_CTX_TASK_ID", from->task->task_id);
    if (from->logical_at_us != HK_TIME_NONE) {
        hk_iso_offset(from->logical_at_us, text);
        add_variable(texts, packed, "AIRFLOW_CTX_LOGICAL_DATE", text);
    }
    snprintf(text, sizeof text, "%u", from->shown_try);
    add_variable(texts, packed, "AIRFLOW_CTX_TRY_NUMBER", text);
    add_variable(texts, packed, "AIRFLOW_CTX_DAG_RUN_ID", from->run_id);
}

struct lineage {
    const struct hk_local *local;
    struct hk_shim_start *start;
    struct hk_buf *packed;
    bool has_own_server;
};

static bool names(const char *text, const char *name)
{
    size_t n = strlen(name);
    return strncmp(text, name, n) == 0 && text[n] == '=';
}

/* Whether the user has set it, for this task or for all. */
static bool is_set(const struct lineage *l, const char *name)
{
    const struct hk_shim_texts *own = &l->start->environment;
    for (const char *at = hk_shim_texts_next(own, NULL); at != NULL; at = hk_shim_texts_next(own, at)) {
        if (names(at, name)) {
            return true;
        }
    }
    const char *const *all = l->start->inherits_environment ? l->local->options.environment : NULL;
    for (size_t i = 0; all != NULL && all[i] != NULL; i++) {
        if (names(all[i], name)) {
            return true;
        }
    }
    return false;
}

static void add_unless_set(void *arg, const char *name, const char *value)
{
    struct lineage *l = arg;
    bool is_context = strcmp(name, "MLFLOW_RUN_CONTEXT") == 0;
    if (!is_set(l, name) && (is_context || !l->has_own_server)) {
        add_variable(&l->start->environment, l->packed, name, value);
    }
}

/* As dags/python/host.py does for tasks in Python. */
static void add_lineage(const struct hk_local *local, struct hk_shim_start *start, struct hk_buf *packed,
                        const struct hk_job *from)
{
    struct lineage l = {local, start, packed, false};
    l.has_own_server = is_set(&l, "MLFLOW_TRACKING_URI");
    hk__lineage_variables(&local->options.lineage, from, add_unless_set, &l);
}

/* Whoever prints its environment does not print the way in. */
static void mask_token(const struct local_job *job, const struct hk_shim_texts *environment)
{
    static const char name[] = "MLFLOW_TRACKING_TOKEN";
    for (const char *at = hk_shim_texts_next(environment, NULL); at != NULL; at = hk_shim_texts_next(environment, at)) {
        if (names(at, name)) {
            hk_local_mask(job->local, &job->key, hk_str_from(at + sizeof name));
        }
    }
}

void local_add_log_context(struct hk_buf *out, const struct hk_job *job)
{
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&job->key, id);
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_kv_text(&w, "ti_id", id);
    hk_json_kv_text(&w, "dag_id", job->graph->dag_id);
    hk_json_kv_text(&w, "task_id", job->task->task_id);
    hk_json_kv_text(&w, "run_id", job->run_id);
    hk_json_kv_int(&w, "map_index", job->key.map_index);
    hk_json_kv_int(&w, "try_number", job->shown_try);
}

static bool check_spec(const json_t *spec, struct hk_error *err)
{
    const char *command = hk_json_get_text(spec, "command", NULL);
    if (command == NULL || *command == '\0') {
        return hk_error_set(err, HK_INVALID, "The task has no command to run.");
    }
    const char *output = hk_json_get_text(spec, "output", "utf-8");
    if (strcmp(output, "utf-8") != 0 && strcmp(output, "utf8") != 0 && strcmp(output, "UTF-8") != 0) {
        return hk_error_set(err, HK_INVALID,
                            "output_encoding '%s' is not supported for commands that hanok runs itself; use utf-8.",
                            output);
    }
    return true;
}

static void send_start(struct local_job *job, const struct hk_job *from, const json_t *spec,
                       struct hk_shim_start *start)
{
    struct hk_local *local = job->local;
    struct hk_buf arguments;
    struct hk_buf skips;
    struct hk_buf path;
    struct hk_buf context;
    char id[HK_JOB_ID_SIZE];
    hk_buf_init(&arguments, MAX_TEXTS_BYTES);
    hk_buf_init(&skips, MAX_TEXTS_BYTES);
    hk_buf_init(&path, 64 * 1024);
    hk_buf_init(&context, 64 * 1024);
    hk_job_key_format(&job->key, id);
    hk_shim_texts_add(&start->arguments, &arguments, local->bash);
    hk_shim_texts_add(&start->arguments, &arguments, "-c");
    hk_shim_texts_add(&start->arguments, &arguments, hk_json_get_text(spec, "command", ""));
    for (size_t i = 0; i < job->skip_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%d", job->skip_codes[i]);
        hk_shim_texts_add(&start->skip_codes, &skips, code);
    }
    if (from->log_path != NULL) {
        hk_buf_printf(&path, "%s/%s", local->options.log_folder, from->log_path);
    }
    local_add_log_context(&context, from);
    start->kind = HK_SHIM_COMMAND;
    start->id = hk_str_from(id);
    start->log_path = hk_buf_str(&path);
    start->log_context = hk_buf_str(&context);
    start->cwd = hk_str_from(hk_json_get_text(spec, "cwd", ""));
    start->timeout_us = job->timeout_us;
    start->slots = local->options.parallelism;
    local_send(local, &(struct hk_shim_message){.type = HK_SHIM_START, .key = job->key, .start = *start});
    hk_buf_clear(&arguments);
    hk_buf_clear(&skips);
    hk_buf_clear(&path);
    hk_buf_clear(&context);
}

bool local_command_start(struct local_job *job, const struct hk_job *from, struct hk_error *err)
{
    json_t *spec = parse_spec(from, err);
    if (spec == NULL) {
        return false;
    }
    struct hk_buf environment;
    hk_buf_init(&environment, MAX_TEXTS_BYTES);
    struct hk_shim_start start = {0};
    json_t *own = json_object_get(spec, "env");
    start.inherits_environment = !json_is_object(own) || hk_json_get_bool(spec, "append_env", false);
    bool ok = check_spec(spec, err) &&
              (!json_is_object(own) || add_own_environment(&start.environment, &environment, own, err));
    if (ok) {
        read_spec(job, from, spec);
        add_context_variables(&start.environment, &environment, from);
        add_lineage(job->local, &start, &environment, from);
        send_start(job, from, spec, &start);
        mask_token(job, &start.environment);
    }
    hk_buf_clear(&environment);
    json_decref(spec);
    return ok;
}
