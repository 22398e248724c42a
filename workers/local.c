#include "workers/local.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "workers/local_internal.h"

/* --- the table of jobs --- */

static struct local_job **slot_of(struct hk_local *local, const struct hk_job_key *key)
{
    struct local_job **at = &local->buckets[hk_job_key_bucket(key, LOCAL_BUCKETS)];
    while (*at != NULL && !hk_job_key_eq(&(*at)->key, key)) {
        at = &(*at)->next;
    }
    return at;
}

struct local_job *local_job_find(struct hk_local *local, const struct hk_job_key *key)
{
    return *slot_of(local, key);
}

struct local_job *local_job_add(struct hk_local *local, const struct hk_job_key *key, enum hk_shim_kind kind)
{
    struct local_job **slot = slot_of(local, key);
    HK_ASSERT(*slot == NULL); /* the scheduler starts a key once */
    struct local_job *job = hk_alloc(sizeof *job);
    job->local = local;
    job->key = *key;
    job->kind = kind;
    hk_buf_init(&job->held, LOCAL_MAX_HELD_BYTES);
    *slot = job;
    return job;
}

void local_job_remove(struct local_job *job)
{
    *slot_of(job->local, &job->key) = job->next;
    hk_buf_clear(&job->held);
    free(job->refusal);
    free(job->why);
    free(job->skip_codes);
    free(job->log_context);
    free(job);
}

void local_job_forget(struct local_job *job)
{
    local_tell(job->local, &(struct hk_shim_message){.type = HK_SHIM_FORGET, .key = job->key});
    local_job_remove(job);
}

/* --- results --- */

static void committed(void *arg)
{
    local_job_forget(arg);
}

static bool is_skip(const struct local_job *job, int code)
{
    for (size_t i = 0; i < job->skip_count; i++) {
        if (job->skip_codes[i] == code) {
            return true;
        }
    }
    return false;
}

static void judge(const struct local_job *job, const struct hk_shim_ended *ended, struct hk_job_result *result,
                  char *text, size_t size)
{
    result->message = text;
    if (ended->is_lost) {
        result->outcome = HK_JOB_LOST;
        snprintf(text, size, "The worker died while the task ran.");
    } else if (ended->is_refused) {
        result->outcome = HK_JOB_FAILED;
        snprintf(text, size, "%.*s", HK_STR_ARG(ended->message));
    } else if (ended->is_timed_out) {
        result->outcome = HK_JOB_FAILED;
        snprintf(text, size, "The task ran longer than its execution_timeout of %g s and was ended.",
                 (double)job->timeout_us / (double)HK_SECOND_US);
    } else if (ended->is_stopped && ended->exit_code != 0) {
        result->outcome = HK_JOB_STOPPED;
        snprintf(text, size, "%s", job->why != NULL ? job->why : "The task was stopped.");
    } else if (is_skip(job, ended->exit_code)) {
        result->outcome = HK_JOB_SKIPPED;
        snprintf(text, size, "Bash command returned exit code %d. Skipping.", ended->exit_code);
    } else if (ended->exit_code != 0) {
        result->outcome = HK_JOB_FAILED;
        snprintf(text, size, "Bash command failed. The command returned a non-zero exit code %d.", ended->exit_code);
    } else {
        result->outcome = HK_JOB_SUCCEEDED;
        result->message = NULL;
    }
}

static void report_command(struct local_job *job, const struct hk_shim_ended *ended)
{
    struct hk_local *local = job->local;
    char text[512];
    struct hk_buf xcom;
    hk_buf_init(&xcom, HK_MAX_XCOM_BYTES);
    struct hk_job_result result = {
        .exit_code = ended->exit_code, .ended_at_us = ended->ended_at_us, .retry_at_us = HK_TIME_NONE};
    judge(job, ended, &result, text, sizeof text);
    if (result.outcome == HK_JOB_SUCCEEDED && job->pushes_xcom) {
        struct hk_json w;
        hk_json_init(&w, &xcom);
        hk_json_string(&w, ended->last_line);
        if (xcom.is_full) {
            result.outcome = HK_JOB_FAILED;
            snprintf(text, sizeof text, "The last line of the output is too long for an XCom value (%d bytes).",
                     HK_MAX_XCOM_BYTES);
            result.message = text;
        } else {
            result.xcom_json = hk_buf_str(&xcom);
        }
    }
    job->state = LOCAL_REPORTED;
    struct hk_job_key key = job->key;
    local->options.host.finished(local->options.host.context, &key, &result, committed, job);
    hk_buf_clear(&xcom);
}

static void report_python(struct local_job *job, const struct hk_shim_ended *ended)
{
    struct hk_local *local = job->local;
    struct hk_job_key key = job->key;
    bool is_parse = job->kind == HK_SHIM_PARSE;
    int code = ended->is_lost ? HK_EXIT_LOST : ended->exit_code;
    if (ended->is_stopped && local->is_stopping) {
        code = HK_EXIT_LOST; /* it ended because we do: to be run again */
    }
    job->state = LOCAL_REPORTED;
    free(job->refusal);
    job->refusal = ended->is_refused ? hk_strndup(ended->message.data, ended->message.len) : NULL;
    job->session.ended(job->session.context, code);
    job = local_job_find(local, &key);
    if (job != NULL && is_parse) {
        local_job_forget(job);
    }
}

/* Nothing may be reported to this job's owner yet. */
static bool is_held(const struct local_job *job)
{
    bool is_unanswered = job->local->recovery != NULL && job->is_adopted;
    return is_unanswered || (job->kind != HK_SHIM_COMMAND && !job->is_attached);
}

void local_job_message(struct hk_local *local, const struct hk_shim_message *m)
{
    struct local_job *job = local_job_find(local, &m->key);
    if (job == NULL) {
        if (m->type == HK_SHIM_ENDED) {
            local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_FORGET, .key = m->key});
        }
        return;
    }
    if (job->state == LOCAL_DOOMED) {
        if (m->type == HK_SHIM_ENDED) {
            local_recover_doomed_ended(job);
        }
        return;
    }
    if (job->state == LOCAL_REPORTED) {
        return;
    }
    if (is_held(job) || job->held.len > 0) { /* what is held goes first */
        hk_shim_encode(&job->held, m);
        return;
    }
    if (m->type == HK_SHIM_STARTED && job->kind != HK_SHIM_PARSE) {
        struct hk_job_key key = job->key;
        local->options.host.started(local->options.host.context, &key, m->job.started_at_us, m->job.pid);
    } else if (m->type == HK_SHIM_MESSAGE && job->kind != HK_SHIM_COMMAND) {
        job->session.message(job->session.context, m->payload);
    } else if (m->type == HK_SHIM_ENDED) {
        struct hk_shim_ended ended = m->ended;
        ended.is_lost = ended.is_lost || (ended.is_stopped && local->is_stopping && job->why == NULL);
        if (job->kind == HK_SHIM_COMMAND) {
            report_command(job, &ended);
        } else {
            report_python(job, &ended);
        }
    }
}

void local_job_lost(struct local_job *job, const char *why)
{
    struct hk_shim_message m = {.type = HK_SHIM_ENDED, .key = job->key};
    m.ended.is_lost = why == NULL;
    m.ended.is_refused = why != NULL;
    m.ended.exit_code = why != NULL ? 127 : -SIGKILL;
    m.ended.message = hk_str_from(why);
    m.ended.last_line = HK_STR("");
    m.ended.ended_at_us = hk_clock_wall_us(job->local->options.clock);
    local_job_message(job->local, &m);
}

/* --- what may not happen inside a call --- */

static struct local_job *find_deliverable(struct hk_local *local)
{
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        for (struct local_job *job = local->buckets[i]; job != NULL; job = job->next) {
            bool has_news = job->refusal != NULL || job->held.len > 0;
            if (job->state == LOCAL_RUNNING && has_news && !is_held(job)) {
                return job;
            }
        }
    }
    return NULL;
}

static void deliver(struct local_job *job)
{
    struct hk_local *local = job->local;
    if (job->refusal != NULL) {
        char *sentence = job->refusal;
        job->refusal = NULL;
        local_job_lost(job, sentence);
        free(sentence);
        return;
    }
    struct hk_buf frames = job->held;
    hk_buf_init(&job->held, LOCAL_MAX_HELD_BYTES);
    struct hk_str rest = hk_buf_str(&frames);
    struct hk_shim_message m;
    while (hk_shim_next(&rest, &m)) {
        local_job_message(local, &m);
    }
    hk_buf_clear(&frames);
}

static void on_handle_closed(uv_handle_t *handle)
{
    local_released(handle->data);
}

static void on_late(uv_timer_t *timer)
{
    struct hk_local *local = timer->data;
    struct local_job *job;
    while (!local->is_freed && (job = find_deliverable(local)) != NULL) {
        deliver(job);
    }
    bool is_over = local->is_stopping && local->link == LINK_STOPPED && local->process == NULL;
    if (is_over && !uv_is_closing((uv_handle_t *)timer)) {
        uv_close((uv_handle_t *)&local->late, on_handle_closed);
        uv_close((uv_handle_t *)&local->guard, on_handle_closed);
    }
}

void local_deliver_late(struct hk_local *local)
{
    if (!uv_is_closing((uv_handle_t *)&local->late)) {
        uv_timer_start(&local->late, on_late, 0, 0);
    }
}

void local_refuse(struct local_job *job, const char *sentence)
{
    if (job != NULL && job->refusal == NULL) {
        job->refusal = hk_strdup(sentence);
        local_deliver_late(job->local);
    }
}

/* --- the executor's port --- */

static void refuse_job(struct hk_local *local, const struct hk_job *from, const char *sentence)
{
    local_refuse(local_job_add(local, &from->key, HK_SHIM_COMMAND), sentence);
}

static void executor_start(void *context, const struct hk_job *from)
{
    struct hk_local *local = context;
    struct hk_error err;
    if (from->task->runner == HK_RUNNER_PYTHON) {
        if (local->has_python) {
            local->python.start(local->python.context, from);
        } else {
            refuse_job(local, from, "This task needs Python, which this hanok was started without.");
        }
        return;
    }
    if (from->task->runner != HK_RUNNER_COMMAND) {
        refuse_job(local, from, "The local worker runs commands and Python tasks only.");
        return;
    }
    struct local_job *job = local_job_add(local, &from->key, HK_SHIM_COMMAND);
    if (!local_command_start(job, from, &err)) {
        local_refuse(job, err.message);
    }
}

static void executor_stop(void *context, const struct hk_job_key *key, const char *why)
{
    struct hk_local *local = context;
    struct local_job *job = local_job_find(local, key);
    if (job == NULL || job->state != LOCAL_RUNNING) {
        return;
    }
    free(job->why);
    job->why = hk_strdup(why);
    if (job->kind == HK_SHIM_TASK && local->has_python) {
        local->python.stopping(local->python.context, key, why);
    }
    local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_STOP, .key = *key});
}

static void executor_recover(void *context, const struct hk_job *jobs, size_t count,
                             void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    local_recover(context, jobs, count, done, arg);
}

struct hk_executor hk_local_executor(struct hk_local *local)
{
    return (struct hk_executor){.context = local,
                                .start = executor_start,
                                .stop = executor_stop,
                                .recover = executor_recover,
                                .parallelism = local->options.parallelism,
                                .ahead = local->options.parallelism + LOCAL_AHEAD};
}

/* --- beginning and end --- */

static const char *const *copy_environment(struct hk_arena *arena, const char *const *from)
{
    size_t count = 0;
    while (from != NULL && from[count] != NULL) {
        count++;
    }
    const char **copy = hk_arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = hk_arena_strdup(arena, from[i]);
    }
    return copy;
}

static const char *resolve(struct hk_local *local, const char *name, const char *fallback)
{
    char *found = name != NULL ? local_find_program(local->options.environment, name) : NULL;
    const char *copy = hk_arena_strdup(&local->arena, found != NULL ? found : fallback);
    free(found);
    return copy;
}

static void on_guard(uv_timer_t *timer)
{
    struct hk_local *local = timer->data;
    if (local->channel != NULL && local->shim_pid > 1) {
        kill(local->shim_pid, SIGKILL); /* its connection breaks, and that is handled */
    }
}

struct hk_local *hk_local_new(const struct hk_local_options *options)
{
    struct hk_local *local = hk_alloc(sizeof *local);
    struct hk_arena *arena = &local->arena;
    hk_arena_init(arena);
    local->options = *options;
    local->options.program = hk_arena_strdup(arena, options->program);
    local->options.home = hk_arena_strdup(arena, options->home);
    local->options.log_folder = hk_arena_strdup(arena, options->log_folder);
    local->options.host_script = hk_arena_strdup(arena, options->host_script);
    local->options.environment = copy_environment(arena, options->environment);
    local->options.python = resolve(local, options->python, options->python);
    local->bash = resolve(local, "bash", "/bin/bash");
    local->temporary_root = local_find_temporary_root(local->options.environment);
    hk_home_id(options->home, local->home_id);
    hk_buf_init(&local->pending, LOCAL_MAX_HELD_BYTES);
    uv_timer_init(options->loop, &local->late);
    uv_timer_init(options->loop, &local->guard);
    uv_unref((uv_handle_t *)&local->guard);
    local->late.data = local->guard.data = local;
    local->on_guard = on_guard;
    local->open_handles = 2;
    return local;
}

void hk_local_stop(struct hk_local *local, void (*done)(void *arg), void *arg)
{
    local->is_stopping = true;
    local->stopped = done;
    local->stopped_arg = arg;
    if (local->link == LINK_UP) {
        hk_channel_send(local->channel, &(struct hk_shim_message){.type = HK_SHIM_SHUTDOWN});
        uv_timer_start(&local->guard, on_guard, LOCAL_END_MS, 0);
    } else if (local->link == LINK_NONE) {
        local->link = LINK_STOPPED;
        local_deliver_late(local);
    } /* else the cleaning up that is under way goes on to the end */
}

static void free_now(struct hk_local *local)
{
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        while (local->buckets[i] != NULL) {
            /* Each call takes it out of its bucket. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
            local_job_remove(local->buckets[i]);
        }
    }
    hk_buf_clear(&local->pending);
    hk_arena_clear(&local->arena);
    free(local);
}

void local_released(struct hk_local *local)
{
    if (--local->open_handles > 0) {
        return;
    }
    if (local->is_freed) {
        free_now(local);
    } else if (local->is_stopping && local->stopped != NULL) {
        local->stopped(local->stopped_arg);
    }
}

void hk_local_free(struct hk_local *local)
{
    if (local == NULL) {
        return;
    }
    local->is_freed = true;
    local_recover_free(local);
    hk_channel_close(local->channel);
    local->channel = NULL;
    local_shim_release(local);
    if (local->open_handles == 0) {
        free_now(local);
        return;
    }
    if (!uv_is_closing((uv_handle_t *)&local->late)) {
        uv_close((uv_handle_t *)&local->late, on_handle_closed);
        uv_close((uv_handle_t *)&local->guard, on_handle_closed);
    }
}
