#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "engine/base/alloc.h"
#include "workers/shim_internal.h"

enum { LOOK_US = 20 * 1000 }; /* how often the group of a stopped job is looked at */

static struct shim_job **slot_of(struct shim *shim, const struct hk_job_key *key)
{
    struct shim_job **at = &shim->buckets[hk_job_key_bucket(key, SHIM_BUCKETS)];
    while (*at != NULL && !hk_job_key_eq(&(*at)->key, key)) {
        at = &(*at)->next;
    }
    return at;
}

struct shim_job *shim_job_find(struct shim *shim, const struct hk_job_key *key)
{
    return *slot_of(shim, key);
}

struct shim_job *shim_job_find_pid(struct shim *shim, pid_t pid)
{
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = job->next) {
            if (job->pid == pid && job->state == JOB_RUNNING) {
                return job;
            }
        }
    }
    return NULL;
}

struct shim_job *shim_job_find_id(struct shim *shim, const char *id)
{
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = job->next) {
            if (job->state != JOB_ENDED && strcmp(job->id, id) == 0) {
                return job;
            }
        }
    }
    return NULL;
}

void shim_job_touch_log(struct shim_job *job)
{
    if (job->flush_at == SHIM_NEVER && hk_log_file_is_pending(&job->log)) {
        job->flush_at = shim_now(job->shim) + HK_SHIM_FLUSH_MS * HK_MS_US;
        shim_wake_at(job->shim, job->flush_at);
    }
}

static void add_log(struct shim_job *job, const struct hk_log_line *line)
{
    hk_log_file_add(&job->log, line);
    if (job->state == JOB_ENDED) {
        hk_log_file_close(&job->log);
    } else {
        shim_job_touch_log(job);
    }
}

void shim_job_log(struct shim_job *job, const char *level, const char *logger, struct hk_str event)
{
    add_log(job,
            &(struct hk_log_line){.at_us = shim_wall(job->shim), .level = level, .logger = logger, .event = event});
}

void shim_job_log_context(struct shim_job *job, const char *level, const char *logger, struct hk_str event)
{
    add_log(job,
            &(struct hk_log_line){
                .at_us = shim_wall(job->shim), .level = level, .logger = logger, .event = event, .has_context = true});
}

static char *copy_text(struct hk_str s)
{
    return hk_strndup(s.data, s.len);
}

void shim_job_start(struct shim *shim, const struct hk_job_key *key, const struct hk_shim_start *start)
{
    struct shim_job **slot = slot_of(shim, key);
    if (*slot != NULL) {
        return; /* already started: the engine asks once, but a repeat does no harm */
    }
    struct shim_job *job = hk_alloc(sizeof *job);
    *slot = job;
    job->shim = shim;
    job->key = *key;
    job->kind = start->kind;
    job->state = JOB_WAITING;
    job->id = copy_text(start->id);
    job->timeout_us = start->timeout_us;
    job->flush_at = job->timeout_at = job->kill_at = job->drain_at = job->look_at = SHIM_NEVER;
    hk_log_file_init(&job->log, start->log_path, start->log_context);
    hk_buf_init(&job->last_line, 2 * HK_MAX_XCOM_BYTES);
    hk_buf_init(&job->to_process, 2 * (size_t)HK_MAX_FRAME_BYTES);
    hk_buf_init(&job->turn, HK_SHIM_MAX_FRAME_BYTES + HK_SHIM_HEADER_BYTES);
    job->log_fd = -1;
    for (int i = 0; i < STREAM_COUNT; i++) {
        job->streams[i].fd = -1;
        job->host_fds[i] = -1;
    }
    shim->job_count++;
    shim->live_count++;
    if (shim->is_ending) {
        job->ended.is_lost = true;
        shim_job_refuse(job, "The worker is being stopped; the task was not started.");
    } else {
        shim_turn_ask(job, start);
    }
}

void shim_job_begin(struct shim_job *job, const struct hk_shim_start *start)
{
    job->ended.started_at_us = shim_wall(job->shim);
    if (start->kind == HK_SHIM_COMMAND) {
        shim_command_start(job, start);
    } else {
        shim_python_start(job, start);
    }
}

/* Only commands wait for a slot here, so only their news can wait. */
static void tell(const struct shim_job *job, const struct hk_shim_message *message)
{
    if (job->kind == HK_SHIM_COMMAND) {
        shim_send_news(job->shim, message);
    } else {
        shim_send(job->shim, message);
    }
}

void shim_job_started(struct shim_job *job, pid_t pid)
{
    int64_t now = shim_now(job->shim);
    job->state = JOB_RUNNING;
    job->pid = pid;
    if (job->kind != HK_SHIM_COMMAND) {
        /* A command counts from just before its spawn: this line may run long after it, on a busy machine. The host may
         * have had to start first, which is not the task's time. */
        job->ended.started_at_us = shim_wall(job->shim);
    }
    struct hk_shim_message m = {.type = HK_SHIM_STARTED,
                                .key = job->key,
                                .job = {.kind = job->kind, .pid = pid, .started_at_us = job->ended.started_at_us}};
    tell(job, &m);
    if (job->timeout_us > 0) {
        job->timeout_at = now + job->timeout_us;
        shim_wake_at(job->shim, job->timeout_at);
    }
}

/* To the whole group; a process that has not yet made its own group gets the signal alone. */
static void signal_group(struct shim_job *job, int number)
{
    if (job->pid > 1 && kill(-job->pid, number) < 0 && errno == ESRCH) {
        kill(job->pid, number);
    }
}

bool shim_job_group_is_gone(const struct shim_job *job)
{
    return job->pid <= 1 || (kill(-job->pid, 0) < 0 && errno == ESRCH);
}

static bool is_being_ended(const struct shim_job *job)
{
    return job->ended.is_stopped || job->ended.is_timed_out;
}

static void terminate(struct shim_job *job)
{
    if (job->kind == HK_SHIM_COMMAND) {
        shim_job_log_context(job, "info",
                             "airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook",
                             HK_STR("Sending SIGTERM signal to process group"));
    }
    signal_group(job, SIGTERM);
    job->kill_at = shim_now(job->shim) + HK_KILL_GRACE_MS * HK_MS_US;
    shim_wake_at(job->shim, job->kill_at);
}

static void finish(struct shim_job *job);

void shim_job_stop(struct shim_job *job)
{
    if (job->state == JOB_EXITED || job->state == JOB_ENDED || is_being_ended(job)) {
        return;
    }
    job->ended.is_stopped = true;
    if (job->state == JOB_RUNNING) {
        terminate(job);
    } else if (job->host == NULL) {
        job->status = SIGTERM;
        finish(job);
    } /* else it is on its way: shim_host.c stops it as soon as its pid is known */
}

static int exit_code_of(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct hk_shim_message shim_job_ended_message(const struct shim_job *job)
{
    struct hk_shim_message m = {.type = HK_SHIM_ENDED, .key = job->key, .ended = job->ended};
    m.ended.last_line = hk_buf_str(&job->last_line);
    m.ended.message = hk_str_from(job->message);
    return m;
}

void shim_job_send_ended(struct shim_job *job)
{
    struct hk_shim_message m = shim_job_ended_message(job);
    tell(job, &m);
}

static int64_t timeval_us(struct timeval t)
{
    return (int64_t)t.tv_sec * HK_SECOND_US + t.tv_usec;
}

static void finish(struct shim_job *job)
{
    struct shim *shim = job->shim;
    shim_turn_over(job);
    shim_streams_close(job);
    job->ended.exit_code = exit_code_of(job->status);
    job->ended.user_us = timeval_us(job->usage.ru_utime);
    job->ended.system_us = timeval_us(job->usage.ru_stime);
    job->ended.peak_rss_bytes = (int64_t)job->usage.ru_maxrss * 1024;
    if (job->ended.ended_at_us == 0) {
        job->ended.ended_at_us = shim_wall(shim);
    }
    if (job->kind == HK_SHIM_COMMAND) {
        shim_command_ended(job);
    } else {
        shim_python_ended(job);
    }
    hk_log_file_close(&job->log);
    job->flush_at = SHIM_NEVER;
    job->state = JOB_ENDED;
    shim->live_count--;
    shim->kept_count++;
    if (job->is_forgotten) {
        shim_job_forget(job);
    } else {
        if (job->kind != HK_SHIM_PARSE) {
            shim_exits_add(shim, job);
        }
        shim_job_send_ended(job);
    }
    shim_check_over(shim);
}

void shim_job_refuse(struct shim_job *job, const char *fmt, ...)
{
    struct hk_error err;
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(&err, HK_INVALID, fmt, args);
    va_end(args);
    job->message = hk_strdup(err.message);
    job->ended.is_refused = true;
    job->status = 127 << 8;
    shim_job_log_context(job, "error", "task", hk_str_from(err.message));
    finish(job);
}

void shim_job_exited(struct shim_job *job, int status, const struct rusage *usage)
{
    job->state = JOB_EXITED;
    job->status = status;
    job->usage = *usage;
    job->ended.ended_at_us = shim_wall(job->shim);
    shim_turn_over(job); /* before this one's files are seen to: its slot is free */
    job->drain_at = shim_now(job->shim) + HK_SHIM_DRAIN_MS * HK_MS_US;
    shim_streams_read(job);
    shim_job_check(job);
}

void shim_job_check(struct shim_job *job)
{
    if (job->state != JOB_EXITED) {
        return;
    }
    int64_t now = shim_now(job->shim);
    job->look_at = SHIM_NEVER;
    if (is_being_ended(job) && !shim_job_group_is_gone(job)) {
        if (!job->is_killed && now >= job->kill_at) {
            signal_group(job, SIGKILL);
            job->is_killed = true;
            job->drain_at = now + HK_SHIM_DRAIN_MS * HK_MS_US;
        }
        if (!job->is_killed || now < job->drain_at) {
            job->look_at = now + LOOK_US;
            shim_wake_at(job->shim, job->look_at);
            return;
        }
    }
    if (job->open_streams > 0 && now < job->drain_at) {
        shim_wake_at(job->shim, job->drain_at);
        return;
    }
    finish(job);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t tick(struct shim_job *job, int64_t now)
{
    if (job->flush_at <= now) {
        job->flush_at = SHIM_NEVER;
        hk_log_file_flush(&job->log);
    }
    if (job->state == JOB_RUNNING) {
        if (job->timeout_at <= now) {
            job->timeout_at = SHIM_NEVER;
            if (!is_being_ended(job)) {
                job->ended.is_timed_out = true;
                terminate(job);
            }
        }
        if (job->kill_at <= now && !job->is_killed) {
            job->is_killed = true;
            job->kill_at = SHIM_NEVER;
            signal_group(job, SIGKILL);
        }
        return earlier(job->flush_at, earlier(job->timeout_at, job->kill_at));
    }
    if (job->state == JOB_EXITED) {
        shim_job_check(job);
    }
    if (job->state != JOB_EXITED) { /* NOLINT(clang-analyzer-unix.Malloc): shim_job_tick keeps it */
        return job->flush_at;
    }
    return earlier(job->flush_at, job->look_at != SHIM_NEVER ? job->look_at : job->drain_at);
}

int64_t shim_job_tick(struct shim_job *job, int64_t now)
{
    job->open_handles++; /* its end may free it */
    int64_t again_at = tick(job, now);
    shim_job_release(job);
    return again_at;
}

void shim_job_forget(struct shim_job *job)
{
    job->is_forgotten = true;
    if (job->state != JOB_ENDED) {
        return;
    }
    struct shim *shim = job->shim;
    *slot_of(shim, &job->key) = job->next;
    shim->kept_count--;
    shim_exits_forgot(shim);
    shim_job_free(job);
}

void shim_job_free(struct shim_job *job)
{
    if (job->open_handles > 0) {
        job->is_freed = true; /* the last close callback comes back here */
        return;
    }
    shim_python_clear(job);
    hk_log_file_clear(&job->log);
    hk_buf_clear(&job->last_line);
    hk_buf_clear(&job->to_process);
    hk_buf_clear(&job->turn);
    free(job->message);
    free(job->folder);
    free(job->skip_codes);
    free(job->id);
    job->shim->job_count--;
    free(job);
}

void shim_job_release(struct shim_job *job)
{
    job->open_handles--;
    if (job->is_freed) {
        shim_job_free(job);
    }
}
