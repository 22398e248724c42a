#include "workers/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "workers/proc_search.h"
#include "workers/shim_internal.h"
#include "workers/shim_path.h"

enum { LISTEN_BACKLOG = 16 };

int64_t shim_now(const struct shim *shim)
{
    return hk_clock_monotonic_us(shim->clock);
}

int64_t shim_wall(const struct shim *shim)
{
    return hk_clock_wall_us(shim->clock);
}

void shim_send(struct shim *shim, const struct hk_shim_message *message)
{
    if (shim->engine != NULL && shim->is_welcome) {
        hk_channel_send(shim->engine, message);
    }
}

/* While more commands wait for a slot than can run, the engine could start nothing with what it hears, and one message
 * for several of them wakes it, and makes it commit, once. */
void shim_send_news(struct shim *shim, const struct hk_shim_message *message)
{
    if (!shim_turn_is_far(shim)) {
        shim_send(shim, message);
    } else if (shim->engine != NULL && shim->is_welcome) {
        hk_channel_hold(shim->engine, message);
        if (shim->news_at == SHIM_NEVER) {
            shim->news_at = shim_now(shim) + HK_SHIM_NEWS_MS * HK_MS_US;
            shim_wake_at(shim, shim->news_at);
        }
    }
}

static int64_t send_held_news(struct shim *shim, int64_t now)
{
    if (shim->news_at <= now) {
        shim->news_at = SHIM_NEVER;
        if (shim->engine != NULL) {
            hk_channel_flush(shim->engine);
        }
    }
    return shim->news_at;
}

/* --- the one timer: jobs, host and loneliness have deadlines, it wakes at the nearest --- */

static void on_timer(uv_timer_t *timer);

void shim_wake_at(struct shim *shim, int64_t at)
{
    if (at >= shim->timer_at) {
        return;
    }
    shim->timer_at = at;
    int64_t wait_us = at - shim_now(shim);
    uv_update_time(&shim->loop);
    uv_timer_start(&shim->timer, on_timer, wait_us > 0 ? (uint64_t)(wait_us / HK_MS_US) + 1 : 1, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct shim *shim = timer->data;
    int64_t now = shim_now(shim);
    shim->timer_at = SHIM_NEVER;
    int64_t next_at = SHIM_NEVER;
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        struct shim_job *next;
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = next) {
            next = job->next;
            int64_t at = shim_job_tick(job, now);
            next_at = at < next_at ? at : next_at;
        }
    }
    int64_t at = shim_host_tick(shim, now);
    next_at = at < next_at ? at : next_at;
    at = send_held_news(shim, now);
    next_at = at < next_at ? at : next_at;
    if (shim->alone_until <= now) {
        shim->alone_until = SHIM_NEVER;
        hk_log(HK_WARN, "shim", "no engine has come back; ending all jobs", HK_KEY_INT("jobs", shim->live_count));
        shim_end_all(shim);
    }
    next_at = shim->alone_until < next_at ? shim->alone_until : next_at;
    if (next_at != SHIM_NEVER && !shim->is_over) {
        shim_wake_at(shim, next_at);
    }
}

/* --- messages --- */

static void replace_text(char **to, struct hk_str from)
{
    free(*to);
    *to = hk_strndup(from.data, from.len);
}

static void welcome(struct shim *shim, const struct hk_shim_hello *hello)
{
    replace_text(&shim->home_id, hello->home_id);
    replace_text(&shim->python, hello->python);
    replace_text(&shim->host_script, hello->host_script);
    replace_text(&shim->temporary_root, hello->temporary_root);
    free(shim->packed_environment);
    shim->packed_environment = hk_alloc(hello->environment.packed.len + 1);
    memcpy(shim->packed_environment, hello->environment.packed.data, hello->environment.packed.len);
    shim->environment = hello->environment;
    shim->environment.packed.data = shim->packed_environment;
    shim->is_welcome = true;
    shim_send(shim, &(struct hk_shim_message){.type = HK_SHIM_WELCOME,
                                              .welcome = {.version = HK_SHIM_VERSION, .pid = getpid()}});
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = job->next) {
            shim_send(shim, &(struct hk_shim_message){.type = HK_SHIM_JOB,
                                                      .key = job->key,
                                                      .job = {.kind = job->kind,
                                                              .pid = job->pid,
                                                              .started_at_us = job->ended.started_at_us,
                                                              .is_ended = job->state == JOB_ENDED}});
        }
    }
    shim_send(shim, &(struct hk_shim_message){.type = HK_SHIM_JOBS_END});
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        for (struct shim_job *job = shim->buckets[i]; job != NULL; job = job->next) {
            shim_python_resend(job);
            if (job->state == JOB_ENDED) {
                shim_job_send_ended(job);
            }
        }
    }
}

static void on_job_message(struct shim *shim, const struct hk_shim_message *m)
{
    struct shim_job *job = shim_job_find(shim, &m->key);
    if (m->type == HK_SHIM_START) {
        shim_job_start(shim, &m->key, &m->start);
        return;
    }
    if (job == NULL) {
        return; /* it ended while the message was on its way */
    }
    switch (m->type) {
    case HK_SHIM_SEND:
    case HK_SHIM_SEND_LOG:
        if (job->kind != HK_SHIM_COMMAND) {
            shim_python_send(job, m->payload, m->type == HK_SHIM_SEND_LOG);
        }
        break;
    case HK_SHIM_LOG:
        shim_job_log(job, m->log.level.data, "task", m->log.event);
        break;
    case HK_SHIM_MASK:
        hk_log_file_mask(&job->log, m->payload);
        break;
    case HK_SHIM_STOP:
        shim_job_stop(job);
        break;
    case HK_SHIM_FORGET:
        shim_job_forget(job);
        break;
    default:
        break;
    }
}

static void on_message(void *context, const struct hk_shim_message *m)
{
    struct shim *shim = context;
    if (m->type == HK_SHIM_SHUTDOWN) {
        shim_end_all(shim);
    } else if (m->type == HK_SHIM_HELLO) {
        welcome(shim, &m->hello);
    } else if (shim->is_welcome) {
        on_job_message(shim, m);
    }
}

static void on_lost(void *context, const char *why)
{
    struct shim *shim = context;
    hk_log(HK_WARN, "shim", "engine lost", HK_KEY("why", why), HK_KEY_INT("jobs", shim->live_count));
    hk_channel_close(shim->engine);
    shim->engine = NULL;
    shim->is_welcome = false;
    shim->alone_until = shim_now(shim) + HK_SHIM_ALONE_MS * HK_MS_US;
    shim_wake_at(shim, shim->alone_until);
}

static void connect_engine(struct shim *shim, int fd)
{
    hk_channel_close(shim->engine); /* of two engines the newer one counts: the older is dead or about to be */
    shim->is_welcome = false;
    shim->alone_until = SHIM_NEVER;
    struct hk_channel_events events = {shim, on_message, on_lost};
    shim->engine = hk_channel_new(&shim->loop, fd, &events);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct shim *shim = poll->data;
    int fd = accept4(shim->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    struct ucred who;
    socklen_t len = sizeof who;
    if (shim->is_ending || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid != geteuid()) {
        close(fd);
        return;
    }
    connect_engine(shim, fd);
}

/* --- signals --- */

static void reap(struct shim *shim)
{
    int status;
    struct rusage usage;
    pid_t pid;
    bool has_orphan = false;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (!WIFEXITED(status) && !WIFSIGNALED(status)) {
            continue;
        }
        struct shim_job *job = shim_job_find_pid(shim, pid);
        if (job != NULL) {
            shim_job_exited(job, status, &usage);
        } else if (!shim_host_exited(shim, pid, status)) {
            has_orphan = true;
        }
    }
    if (has_orphan) { /* a stopped job may have been waiting for it */
        on_timer(&shim->timer);
    }
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct shim *shim = poll->data;
    struct signalfd_siginfo info[16];
    ssize_t n = read(shim->signal_fd, info, sizeof info);
    bool has_child = false;
    for (ssize_t i = 0; i < n / (ssize_t)sizeof *info; i++) {
        if (info[i].ssi_signo == SIGCHLD) {
            has_child = true;
        } else if (info[i].ssi_signo == SIGTERM) {
            hk_log(HK_WARN, "shim", "told to end", HK_KEY_INT("jobs", shim->live_count));
            shim_end_all(shim);
        }
    }
    if (has_child) {
        reap(shim);
    }
}

/* --- beginning and end --- */

void shim_end_all(struct shim *shim)
{
    if (!shim->is_ending) {
        shim->is_ending = true;
        for (size_t i = 0; i < SHIM_BUCKETS; i++) {
            struct shim_job *next;
            for (struct shim_job *job = shim->buckets[i]; job != NULL; job = next) {
                next = job->next;
                shim_job_stop(job);
            }
        }
    }
    shim_check_over(shim);
}

void shim_check_over(struct shim *shim)
{
    if (!shim->is_ending || shim->is_over || shim->live_count > 0) {
        return;
    }
    if (!shim_host_is_gone(shim)) {
        shim_host_end(shim);
        return;
    }
    shim->is_over = true;
    unlinkat(shim->run_folder, HK_SHIM_SOCKET, 0);
    if (shim->engine != NULL) {
        hk_channel_flush(shim->engine);
        hk_channel_close(shim->engine);
        shim->engine = NULL;
    }
    uv_close((uv_handle_t *)&shim->listener, NULL);
    uv_close((uv_handle_t *)&shim->signals, NULL);
    uv_close((uv_handle_t *)&shim->timer, NULL);
}

/* Whatever the engine, or who started it, left open is not for tasks. */
static void close_inherited(int engine_fd)
{
    if (engine_fd > 3) {
        close_range(3, (unsigned)engine_fd - 1, 0);
    }
    close_range(engine_fd >= 3 ? (unsigned)engine_fd + 1 : 3, ~0U, 0);
}

static void make_descriptors_ours(struct shim *shim, int engine_fd)
{
    int log = openat(shim->run_folder, "shim.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    shim->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(shim->null_fd, 0);
    dup2(shim->null_fd, 1);
    dup2(log >= 0 ? log : shim->null_fd, 2);
    if (log >= 0) {
        close(log);
    }
    if (engine_fd >= 0) {
        fcntl(engine_fd, F_SETFD, FD_CLOEXEC);
    }
}

static bool claim_home(struct shim *shim, struct hk_error *err)
{
    struct hk_buf path;
    hk_buf_init(&path, 64 * 1024);
    hk_buf_printf(&path, "%s/run", shim->home);
    if (mkdir(path.data, 0700) < 0 && errno != EEXIST) {
        hk_error_set(err, HK_IO, "The folder '%s' cannot be made: %s.", path.data, strerror(errno));
        hk_buf_clear(&path);
        return false;
    }
    shim->run_folder = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    hk_buf_clear(&path);
    if (shim->run_folder < 0) {
        return hk_error_set(err, HK_IO, "The folder '%s/run' cannot be opened: %s.", shim->home, strerror(errno));
    }
    shim->lock = openat(shim->run_folder, HK_SHIM_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (shim->lock < 0 || flock(shim->lock, LOCK_EX | LOCK_NB) < 0) {
        return hk_error_set(err, HK_CONFLICT, "Another shim runs on the home '%s'.", shim->home);
    }
    char pid[16];
    int len = snprintf(pid, sizeof pid, "%d", (int)getpid()); /* for an engine that must end a shim that hangs */
    if (ftruncate(shim->lock, 0) < 0 || pwrite(shim->lock, pid, (size_t)len, 0) != len) {
        return hk_error_set(err, HK_IO, "'%s/run/" HK_SHIM_LOCK "' cannot be written: %s.", shim->home,
                            strerror(errno));
    }
    return true;
}

static bool listen_for_engines(struct shim *shim, struct hk_error *err)
{
    unlinkat(shim->run_folder, HK_SHIM_SOCKET, 0);
    struct sockaddr_un address;
    hk_shim_address(shim->run_folder, &address);
    shim->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0177);
    bool ok = shim->listen_fd >= 0 && bind(shim->listen_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(shim->listen_fd, LISTEN_BACKLOG) == 0;
    umask(old);
    if (!ok) {
        return hk_error_set(err, HK_IO, "The socket '%s/run/" HK_SHIM_SOCKET "' cannot be made: %s.", shim->home,
                            strerror(errno));
    }
    return true;
}

/* Up to four a task: the usual limit of 1024 is for programs that still use select. */
static void allow_many_descriptors(struct shim *shim)
{
    getrlimit(RLIMIT_NOFILE, &shim->descriptors);
    struct rlimit most = {.rlim_cur = shim->descriptors.rlim_max, .rlim_max = shim->descriptors.rlim_max};
    setrlimit(RLIMIT_NOFILE, &most);
}

static void begin(struct shim *shim, int engine_fd)
{
    allow_many_descriptors(shim);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "hanok-shim");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like any other */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    shim->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    uv_poll_init(&shim->loop, &shim->signals, shim->signal_fd);
    uv_poll_init(&shim->loop, &shim->listener, shim->listen_fd);
    uv_timer_init(&shim->loop, &shim->timer);
    shim->signals.data = shim->listener.data = shim->timer.data = shim;
    uv_poll_start(&shim->signals, UV_READABLE, on_signal);
    uv_poll_start(&shim->listener, UV_READABLE, on_connection);
    shim->timer_at = SHIM_NEVER;
    shim->alone_until = SHIM_NEVER;
    shim->news_at = SHIM_NEVER;
    shim->home_id = hk_strdup("");
    shim->scratch = hk_alloc(SHIM_READ_BYTES);
    shim_exits_open(shim);
    if (engine_fd >= 0) {
        connect_engine(shim, engine_fd);
    } else {
        shim->alone_until = shim_now(shim) + HK_SHIM_ALONE_MS * HK_MS_US;
        shim_wake_at(shim, shim->alone_until);
    }
}

static void end(struct shim *shim)
{
    for (size_t i = 0; i < SHIM_BUCKETS; i++) {
        while (shim->buckets[i] != NULL) {
            struct shim_job *job = shim->buckets[i];
            shim->buckets[i] = job->next;
            shim_job_free(job);
        }
    }
    shim_command_drop_folders(shim);
    uv_run(&shim->loop, UV_RUN_DEFAULT);
    uv_loop_close(&shim->loop);
    free(shim->home);
    free(shim->home_id);
    free(shim->python);
    free(shim->host_script);
    free(shim->temporary_root);
    free(shim->packed_environment);
    free(shim->scratch);
}

int hk_shim_main(int argc, char **argv)
{
    const char *home = NULL;
    int64_t engine_fd = -1;
    for (int i = 0; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--home") == 0) {
            home = argv[i + 1];
        } else if (strcmp(argv[i], "--engine") == 0 && !hk_str_to_i64(hk_str_from(argv[i + 1]), &engine_fd)) {
            engine_fd = -1;
        }
    }
    if (home == NULL) {
        fprintf(stderr, "hanok shim: --home DIR is missing. The engine starts this program; people do not.\n");
        return 2;
    }
    close_inherited((int)engine_fd);
    struct shim shim = {.clock = hk_clock_system(), .home = realpath(home, NULL)};
    struct hk_error err;
    if (shim.home == NULL) {
        fprintf(stderr, "hanok shim: the home '%s' cannot be found: %s.\n", home, strerror(errno));
        return 1;
    }
    if (!claim_home(&shim, &err) || !listen_for_engines(&shim, &err)) {
        fprintf(stderr, "hanok shim: %s\n", err.message);
        free(shim.home);
        return 1;
    }
    make_descriptors_ours(&shim, (int)engine_fd);
    uv_loop_init(&shim.loop);
    begin(&shim, (int)engine_fd);
    uv_run(&shim.loop, UV_RUN_DEFAULT);
    end(&shim);
    return 0;
}
