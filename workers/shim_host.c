/* The Python host (dags/python/host.py): one process that forks all Python jobs. It is started with the first of them
 * and again when it has died; a host that dies before it was ever ready cannot be cured by trying again, so its jobs
 * fail with what it said last. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/log.h"
#include "workers/shim_internal.h"
#include "workers/spawn.h"

enum {
    MAX_LINE_BYTES = 1024 * 1024,
    END_MS = 1000, /* between asking the host to go and killing it */
    TAIL_BYTES = 4096,
};

#define HOST_LOG "host.log"

struct shim_host {
    struct shim *shim;
    pid_t pid;
    int fd;
    uv_poll_t poll;
    struct hk_buf in;
    struct hk_buf out; /* rest of a record that the socket did not take */
    bool is_ready;
    bool is_ending;
    int64_t kill_at;
};

static void watch(struct shim_host *host);

void shim_host_add(struct shim_job *job)
{
    struct shim_job **at = &job->shim->wait_first;
    while (*at != NULL) {
        at = &(*at)->wait_next;
    }
    *at = job;
    shim_host_push(job->shim);
}

void shim_host_drop(struct shim_job *job)
{
    struct shim_job **at = &job->shim->wait_first;
    while (*at != NULL && *at != job) {
        at = &(*at)->wait_next;
    }
    if (*at != NULL) {
        *at = job->wait_next;
    }
}

static void take_started(struct shim_job *job, json_t *record)
{
    if (job->state != JOB_WAITING) {
        return;
    }
    bool is_stopped = job->ended.is_stopped;
    shim_job_started(job, (pid_t)hk_json_get_int(record, "pid", 0));
    if (is_stopped) {
        job->ended.is_stopped = false;
        shim_job_stop(job);
    }
}

static struct timeval seconds(double value)
{
    int64_t us = (int64_t)(value * 1e6);
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

static void take_exited(struct shim_job *job, json_t *record)
{
    if (job->state != JOB_WAITING && job->state != JOB_RUNNING) {
        return;
    }
    struct rusage usage = {.ru_utime = seconds(hk_json_get_double(record, "utime", 0)),
                           .ru_stime = seconds(hk_json_get_double(record, "stime", 0)),
                           .ru_maxrss = (long)hk_json_get_int(record, "maxrss", 0)};
    shim_job_exited(job, (int)hk_json_get_int(record, "status", 0), &usage);
}

static void take_line(struct shim_host *host, struct hk_str line)
{
    struct hk_error err;
    json_t *record = hk_json_parse(line, &err);
    const char *op = record != NULL ? hk_json_get_text(record, "op", "") : "";
    const char *id = record != NULL ? hk_json_get_text(record, "id", "") : "";
    struct shim_job *job = *id != '\0' ? shim_job_find_id(host->shim, id) : NULL;
    if (strcmp(op, "hello") == 0) {
        host->is_ready = true;
    } else if (strcmp(op, "started") == 0 && job != NULL) {
        take_started(job, record);
    } else if (strcmp(op, "exited") == 0 && job != NULL) {
        take_exited(job, record);
    }
    json_decref(record);
}

static void read_answers(struct shim_host *host)
{
    char chunk[16 * 1024];
    ssize_t n;
    while ((n = read(host->fd, chunk, sizeof chunk)) > 0) {
        hk_buf_add(&host->in, chunk, (size_t)n);
        struct hk_str all = hk_buf_str(&host->in);
        size_t done = 0;
        const char *end;
        while (done < all.len && (end = memchr(all.data + done, '\n', all.len - done)) != NULL) {
            size_t len = (size_t)(end - all.data) - done;
            take_line(host, (struct hk_str){all.data + done, len});
            done += len + 1;
        }
        hk_buf_remove_front(&host->in, done);
        if (host->in.is_full) {
            kill(host->pid, SIGKILL); /* it talks nonsense */
            break;
        }
    }
    if (n == 0) {
        uv_poll_stop(&host->poll); /* its exit follows */
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct shim_host *host = poll->data;
    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT))) {
        read_answers(host);
    }
    if (status == 0 && (events & UV_WRITABLE)) {
        shim_host_push(host->shim);
    }
}

static void watch(struct shim_host *host)
{
    bool wants_room = host->out.len > 0 || host->shim->wait_first != NULL;
    uv_poll_start(&host->poll, UV_READABLE | (wants_room ? UV_WRITABLE : 0), on_poll);
}

static bool start_host(struct shim *shim, struct hk_error *err)
{
    int ends[2];
    if (shim->python == NULL || *shim->python == '\0') {
        return hk_error_set(err, HK_INVALID,
                            "This task needs Python; name an interpreter that has apache-airflow-task-sdk "
                            "with --python.");
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return hk_error_set(err, HK_IO, "No socket for the Python host: %s.", strerror(errno));
    }
    int log = openat(shim->run_folder, HOST_LOG, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    char *arguments[] = {shim->python, shim->host_script, NULL};
    char **environment = shim_environment(shim, true, &(struct hk_shim_texts){0}, NULL);
    struct hk_spawn spawn = {.program = shim->python,
                             .arguments = arguments,
                             .environment = environment,
                             .input = shim->null_fd,
                             .output = log >= 0 ? log : shim->null_fd,
                             .extra = ends[1],
                             .descriptors = &shim->descriptors};
    pid_t pid;
    const char *failed = NULL;
    int error = hk_spawn(&spawn, &pid, &failed);
    free(environment);
    close(ends[1]);
    if (log >= 0) {
        close(log);
    }
    if (error != 0) {
        close(ends[0]);
        return hk_error_set(err, HK_IO, "Python ('%s') cannot be started (%s): %s; name another with --python.",
                            shim->python, failed, strerror(error));
    }
    struct shim_host *host = hk_alloc(sizeof *host);
    host->shim = shim;
    host->pid = pid;
    host->fd = ends[0];
    host->kill_at = SHIM_NEVER;
    hk_buf_init(&host->in, MAX_LINE_BYTES);
    hk_buf_init(&host->out, MAX_LINE_BYTES);
    fcntl(host->fd, F_SETFL, O_NONBLOCK);
    uv_poll_init(&shim->loop, &host->poll, host->fd);
    host->poll.data = host;
    shim->host = host;
    watch(host);
    return true;
}

/* false: no room now. */
static bool push_out(struct shim_host *host)
{
    while (host->out.len > 0) {
        ssize_t n = send(host->fd, host->out.data, host->out.len, MSG_NOSIGNAL);
        if (n < 0) {
            return false;
        }
        hk_buf_remove_front(&host->out, (size_t)n);
    }
    return true;
}

static bool push_job(struct shim_host *host, struct shim_job *job)
{
    size_t len = strlen(job->record);
    struct iovec bytes = {.iov_base = job->record, .iov_len = len};
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof job->host_fds)];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof job->host_fds);
    memcpy(CMSG_DATA(header), job->host_fds, sizeof job->host_fds);
    ssize_t n = sendmsg(host->fd, &message, MSG_NOSIGNAL);
    if (n <= 0) {
        return false;
    }
    hk_buf_add(&host->out, job->record + n, len - (size_t)n);
    free(job->record);
    job->record = NULL;
    job->host = host;
    for (int i = 0; i < STREAM_COUNT; i++) {
        close(job->host_fds[i]);
        job->host_fds[i] = -1;
    }
    return true;
}

static void refuse_waiting(struct shim *shim, const char *why)
{
    while (shim->wait_first != NULL) {
        shim_job_refuse(shim->wait_first, "%s", why); /* which drops it from the list */
    }
}

void shim_host_push(struct shim *shim)
{
    struct hk_error err;
    if (shim->wait_first != NULL && shim->host == NULL && !start_host(shim, &err)) {
        refuse_waiting(shim, err.message);
    }
    struct shim_host *host = shim->host;
    if (host == NULL) {
        return;
    }
    while (push_out(host) && shim->wait_first != NULL && push_job(host, shim->wait_first)) {
        shim_host_drop(shim->wait_first);
    }
    watch(host);
}

static void on_closed(uv_handle_t *handle)
{
    struct shim_host *host = handle->data;
    hk_buf_clear(&host->in);
    hk_buf_clear(&host->out);
    free(host);
}

/* The last line that the host wrote to its log. */
static void read_last_words(struct shim *shim, char *out, size_t size)
{
    char tail[TAIL_BYTES];
    int fd = openat(shim->run_folder, HOST_LOG, O_RDONLY | O_CLOEXEC);
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
    ssize_t n = fd >= 0 ? pread(fd, tail, sizeof tail, from) : 0;
    if (fd >= 0) {
        close(fd);
    }
    struct hk_str rest = hk_str_trim((struct hk_str){tail, n > 0 ? (size_t)n : 0});
    struct hk_str line = {"", 0};
    while (hk_str_next(&rest, '\n', &line)) {
    }
    line.len = line.len < size ? line.len : size - 1;
    hk_str_copy(out, size, line);
}

/* The jobs that the dead host had forked die with it: the kernel sends them SIGKILL, and they become our children.
 * Those that take their turn meanwhile belong to its successor. */
static void end_jobs(struct shim *shim, const struct shim_host *dead, const char *why)
{
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        struct shim_job *next;
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = next) {
            next = job->next;
            if (job->host != dead || (job->state != JOB_WAITING && job->state != JOB_RUNNING)) {
                continue;
            }
            if (!dead->is_ready) {
                shim_job_refuse(job, "%s", why);
                continue;
            }
            job->ended.is_lost = true;
            shim_job_log(job, "error", "task", hk_str_from(why));
            if (job->pid > 1) {
                kill(-job->pid, SIGKILL);
            }
            if (job->pid <= 1 || (kill(job->pid, SIGKILL) < 0 && errno == ESRCH)) {
                shim_job_exited(job, SIGKILL, &(struct rusage){0});
            }
        }
    }
}

bool shim_host_exited(struct shim *shim, pid_t pid, int status)
{
    struct shim_host *host = shim->host;
    if (host == NULL || host->pid != pid) {
        return false;
    }
    read_answers(host); /* what it said before */
    bool was_ready = host->is_ready;
    bool was_ending = host->is_ending;
    shim->host = NULL;
    close(host->fd);
    uv_poll_stop(&host->poll);
    uv_close((uv_handle_t *)&host->poll, on_closed);
    char last[256] = "";
    char how[64];
    read_last_words(shim, last, sizeof last);
    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof how, "was killed by signal %d", WTERMSIG(status));
    } else {
        snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    }
    struct hk_error why;
    hk_error_set(&why, HK_UNAVAILABLE, "The Python host (%s) %s%s%s%s", shim->python, how,
                 was_ready ? "; its tasks are run again." : " before it was ready.", *last != '\0' ? " It said: " : "",
                 last);
    if (!was_ending) {
        hk_log(HK_ERROR, "shim", "python host ended", HK_KEY("why", why.message));
    }
    end_jobs(shim, host, why.message);
    if (!was_ready) {
        refuse_waiting(shim, why.message);
    }
    shim_host_push(shim);
    shim_check_over(shim);
    return true;
}

void shim_host_end(struct shim *shim)
{
    struct shim_host *host = shim->host;
    if (host == NULL || host->is_ending) {
        return;
    }
    host->is_ending = true;
    kill(host->pid, SIGTERM);
    host->kill_at = shim_now(shim) + END_MS * HK_MS_US;
    shim_wake_at(shim, host->kill_at);
}

bool shim_host_is_gone(const struct shim *shim)
{
    return shim->host == NULL;
}

int64_t shim_host_tick(struct shim *shim, int64_t now)
{
    struct shim_host *host = shim->host;
    if (host == NULL) {
        return SHIM_NEVER;
    }
    if (host->kill_at <= now) {
        kill(host->pid, SIGKILL);
        host->kill_at = SHIM_NEVER;
    }
    return host->kill_at;
}
