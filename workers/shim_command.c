/* Commands: what Airflow's BashOperator and SubprocessHook do around a process, with the log lines they write. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "workers/folder.h"
#include "workers/shim_internal.h"
#include "workers/spawn.h"

#define HOOK_LOGGER "airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook"

enum { MAX_REPR_BYTES = 8 * 1024 * 1024 };

/* As Python's repr of a str: its choice of quotes and its escapes, for what is valid UTF-8. */
static void add_repr(struct hk_buf *out, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    hk_buf_add_char(out, quote);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            hk_buf_add_text(out, "\\n");
        } else if (*c == '\t') {
            hk_buf_add_text(out, "\\t");
        } else if (*c == '\r') {
            hk_buf_add_text(out, "\\r");
        } else if (*c == '\\' || *c == quote) {
            hk_buf_add_char(out, '\\');
            hk_buf_add_char(out, *c);
        } else if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            hk_buf_printf(out, "\\x%02x", (unsigned char)*c);
        } else {
            hk_buf_add_char(out, *c);
        }
    }
    hk_buf_add_char(out, quote);
}

static void log_beginning(struct shim_job *job, const struct hk_shim_texts *arguments)
{
    struct hk_buf text;
    hk_buf_init(&text, MAX_REPR_BYTES);
    hk_buf_printf(&text, "Tmp dir root location: %s", job->shim->temporary_root);
    shim_job_log_context(job, "info", HOOK_LOGGER, hk_buf_str(&text));
    hk_buf_reset(&text);
    hk_buf_add_text(&text, "Running command: [");
    for (const char *at = hk_shim_texts_next(arguments, NULL); at != NULL; at = hk_shim_texts_next(arguments, at)) {
        hk_buf_add_text(&text, text.data[text.len - 1] == '[' ? "" : ", ");
        add_repr(&text, at);
    }
    hk_buf_add_char(&text, ']');
    shim_job_log_context(job, "info", HOOK_LOGGER, hk_buf_str(&text));
    hk_buf_clear(&text);
}

/* The folder the command runs in: its own, or a new one. false: refused. */
static bool choose_folder(struct shim_job *job, const struct hk_shim_start *start)
{
    if (start->cwd.len > 0) {
        struct stat st;
        if (stat(start->cwd.data, &st) < 0) {
            shim_job_refuse(job, "Can not find the cwd: %s", start->cwd.data);
            return false;
        }
        if (!S_ISDIR(st.st_mode)) {
            shim_job_refuse(job, "The cwd %s must be a directory", start->cwd.data);
            return false;
        }
        return true;
    }
    if (job->shim->folder_count > 0) {
        job->folder = job->shim->folders[--job->shim->folder_count];
        return true;
    }
    struct hk_buf path;
    hk_buf_init(&path, 8192);
    hk_buf_printf(&path, "%s/" HK_TEMPORARY_PREFIX "%s_XXXXXX", job->shim->temporary_root, job->shim->home_id);
    job->folder = hk_buf_take(&path);
    if (mkdtemp(job->folder) == NULL) {
        int error = errno;
        free(job->folder);
        job->folder = NULL;
        shim_job_refuse(job, "A temporary folder for the command cannot be made in '%s': %s.",
                        job->shim->temporary_root, strerror(error));
        return false;
    }
    return true;
}

static void refuse_spawn(struct shim_job *job, const char *program, const char *failed, int error)
{
    if (error == E2BIG) {
        shim_job_refuse(
            job,
            "The command of task '%s' and its environment are longer than this system allows for a process; "
            "put the command into a script file.",
            job->id);
    } else {
        shim_job_refuse(job, "'%s' cannot be started (%s): %s.", program, failed, strerror(error));
    }
}

void shim_command_start(struct shim_job *job, const struct hk_shim_start *start)
{
    struct shim *shim = job->shim;
    if (start->skip_codes.count > 0) {
        job->skip_codes = hk_alloc(start->skip_codes.packed.len);
        memcpy(job->skip_codes, start->skip_codes.packed.data, start->skip_codes.packed.len);
        job->skips = start->skip_codes;
        job->skips.packed.data = job->skip_codes;
    }
    log_beginning(job, &start->arguments);
    if (start->arguments.count == 0) {
        shim_job_refuse(job, "The command is empty.");
        return;
    }
    if (!choose_folder(job, start)) {
        return;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        shim_job_refuse(job, "No pipe for the command's output: %s.", strerror(errno));
        return;
    }
    char **arguments = hk_alloc_array(start->arguments.count + 1, sizeof *arguments);
    size_t n = 0;
    for (const char *at = hk_shim_texts_next(&start->arguments, NULL); at != NULL;
         at = hk_shim_texts_next(&start->arguments, at)) {
        arguments[n++] = (char *)(uintptr_t)at;
    }
    char **environment = shim_environment(shim, start->inherits_environment, &start->environment, job->id);
    struct hk_spawn spawn = {.program = arguments[0],
                             .arguments = arguments,
                             .environment = environment,
                             .folder = job->folder != NULL ? job->folder : start->cwd.data,
                             .input = shim->null_fd,
                             .output = ends[1],
                             .extra = -1,
                             .descriptors = &shim->descriptors};
    pid_t pid;
    const char *failed = NULL;
    int error = hk_spawn(&spawn, &pid, &failed);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        refuse_spawn(job, arguments[0], failed, error);
    } else {
        shim_job_log_context(job, "info", HOOK_LOGGER, HK_STR("Output:"));
        shim_stream_open(job, STREAM_OUTPUT, ends[0]);
        shim_job_started(job, pid);
    }
    free(environment);
    free(arguments);
}

void shim_command_line(struct shim_job *job, struct hk_str raw)
{
    hk_buf_reset(&job->last_line);
    hk_log_decode(&job->last_line, raw);
    shim_job_log_context(job, "info", HOOK_LOGGER, hk_buf_str(&job->last_line));
}

static void log_failure(struct shim_job *job, const char *type, const char *value)
{
    struct hk_buf more;
    hk_buf_init(&more, 4096);
    struct hk_json w;
    hk_json_init(&w, &more);
    hk_json_key(&w, "error_detail");
    hk_json_begin_array(&w);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "exc_type", type);
    hk_json_kv_text(&w, "exc_value", value);
    hk_json_kv_raw(&w, "exc_notes", HK_STR("[]"));
    hk_json_kv_null(&w, "syntax_error");
    hk_json_kv_bool(&w, "is_cause", false);
    hk_json_kv_raw(&w, "frames", HK_STR("[]"));
    hk_json_kv_bool(&w, "is_group", false);
    hk_json_kv_raw(&w, "exceptions", HK_STR("[]"));
    hk_json_end_object(&w);
    hk_json_end_array(&w);
    hk_log_file_add(&job->log, &(struct hk_log_line){.at_us = shim_wall(job->shim),
                                                     .level = "error",
                                                     .logger = "task",
                                                     .event = HK_STR("Task failed with exception"),
                                                     .has_context = true,
                                                     .more = hk_buf_str(&more)});
    hk_buf_clear(&more);
}

static bool is_skip_code(const struct shim_job *job, const char *code)
{
    for (const char *at = hk_shim_texts_next(&job->skips, NULL); at != NULL; at = hk_shim_texts_next(&job->skips, at)) {
        if (strcmp(at, code) == 0) {
            return true;
        }
    }
    return false;
}

static void log_end(struct shim_job *job)
{
    char code[16];
    char text[128];
    snprintf(code, sizeof code, "%d", job->ended.exit_code);
    snprintf(text, sizeof text, "Command exited with return code %s", code);
    shim_job_log_context(job, "info", HOOK_LOGGER, hk_str_from(text));
    if (job->ended.is_timed_out) {
        snprintf(text, sizeof text, "Timeout, PID: %d", (int)job->pid);
        log_failure(job, "AirflowTaskTimeout", text);
    } else if (is_skip_code(job, code)) {
        snprintf(text, sizeof text, "\"reason\":\"Bash command returned exit code %s. Skipping.\"", code);
        hk_log_file_add(&job->log, &(struct hk_log_line){.at_us = shim_wall(job->shim),
                                                         .level = "info",
                                                         .logger = "task",
                                                         .event = HK_STR("Skipping task."),
                                                         .has_context = true,
                                                         .more = hk_str_from(text)});
    } else if (job->ended.exit_code != 0) {
        snprintf(text, sizeof text, "Bash command failed. The command returned a non-zero exit code %s.", code);
        log_failure(job, "AirflowException", text);
    }
}

struct removal {
    uv_work_t work;
    char *folder;
};

static void remove_in_pool(uv_work_t *work)
{
    struct removal *removal = work->data;
    hk_folder_remove(removal->folder);
}

static void removed(uv_work_t *work, int status)
{
    (void)status;
    struct removal *removal = work->data;
    free(removal->folder);
    free(removal);
}

/* A folder that was left empty serves the next command: ext4 takes longer the more folders were removed in the last
 * seconds, up to a millisecond each. */
static void give_back(struct shim *shim, char *folder, bool is_unused)
{
    if (is_unused && !shim->is_ending && shim->folder_count < SHIM_SPARE_FOLDERS && hk_folder_is_fresh(folder)) {
        shim->folders[shim->folder_count++] = folder;
        return;
    }
    if (rmdir(folder) == 0 || errno != ENOTEMPTY) {
        free(folder);
        return;
    }
    struct removal *removal = hk_alloc(sizeof *removal); /* could be a large tree */
    removal->work.data = removal;
    removal->folder = folder;
    uv_queue_work(&shim->loop, &removal->work, remove_in_pool, removed);
}

void shim_command_drop_folders(struct shim *shim)
{
    while (shim->folder_count > 0) {
        char *folder = shim->folders[--shim->folder_count];
        rmdir(folder);
        free(folder);
    }
}

void shim_command_ended(struct shim_job *job)
{
    if (!job->ended.is_refused && job->pid > 0) {
        log_end(job);
    }
    if (job->folder != NULL) {
        give_back(job->shim, job->folder, shim_job_group_is_gone(job)); /* helpers may still write into it */
        job->folder = NULL;
    }
}
