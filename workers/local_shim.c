/* The shim, seen from the engine: a child of ours when we started it, somebody's orphan when an earlier engine did. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "workers/local_internal.h"
#include "workers/folder.h"
#include "workers/shim_exits.h"
#include "workers/shim_path.h"

enum {
    CLEAN_MS = 30000, /* for SIGKILL to take effect: a process in uninterruptible sleep may take long */
    LOCK_PAUSE_US = 5000,
    LOCK_TRIES = 1000,
    PATIENT_TRIES = 400,
};

struct local_process {
    uv_process_t process;
    struct hk_local *local; /* NULL: nobody cares any more */
};

static void free_process(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_shim_exit(uv_process_t *process, int64_t status, int signal_number)
{
    struct local_process *p = process->data;
    if (p->local != NULL) {
        if (!p->local->is_stopping) {
            hk_log(HK_ERROR, "local", "shim ended", HK_KEY_INT("status", status), HK_KEY_INT("signal", signal_number));
        }
        p->local->process = NULL;
        if (p->local->link == LINK_STOPPED) {
            local_deliver_late(p->local);
        }
    }
    uv_close((uv_handle_t *)process, free_process);
}

void local_shim_release(struct hk_local *local)
{
    if (local->process != NULL) {
        local->process->local = NULL;
        uv_close((uv_handle_t *)&local->process->process, free_process);
        local->process = NULL;
    }
}

static void on_message(void *context, const struct hk_shim_message *m)
{
    struct hk_local *local = context;
    if (m->type == HK_SHIM_WELCOME) {
        local->is_welcome = true;
        local->shim_pid = m->welcome.pid;
    }
    if (local->recovery != NULL &&
        (m->type == HK_SHIM_WELCOME || m->type == HK_SHIM_JOB || m->type == HK_SHIM_JOBS_END)) {
        local_recover_message(local, m);
    } else if (m->type == HK_SHIM_STARTED || m->type == HK_SHIM_MESSAGE || m->type == HK_SHIM_ENDED) {
        local_job_message(local, m);
    }
}

/* What the dead shim had finished is in HOME/run/exits; the rest is lost. */
static void cleaned_up(struct hk_local *local, const struct hk_buf *exits)
{
    struct hk_shim_message m;
    size_t at = 0;
    while (hk_shim_exits_next(exits, &at, &m)) {
        struct local_job *job = local_job_find(local, &m.key);
        if (job != NULL && job->is_sent && job->kind == HK_SHIM_COMMAND) {
            local_job_message(local, &m);
        }
    }
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        struct local_job *next;
        for (struct local_job *job = local->buckets[i]; job != NULL; job = next) {
            next = job->next;
            if (job->is_sent && job->state == LOCAL_RUNNING) {
                local_job_lost(job, NULL);
            }
        }
    }
    local_replay_pending(local);
}

static void finish_stop(struct hk_local *local)
{
    local->link = LINK_STOPPED;
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        struct local_job *next;
        for (struct local_job *job = local->buckets[i]; job != NULL; job = next) {
            next = job->next;
            if (job->state == LOCAL_RUNNING) {
                local_job_lost(job, NULL);
            }
        }
    }
    local_deliver_late(local); /* and then stopped() */
}

static void fail_all(struct hk_local *local, const char *why)
{
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        struct local_job *next;
        for (struct local_job *job = local->buckets[i]; job != NULL; job = next) {
            next = job->next;
            if (job->state == LOCAL_RUNNING) {
                local_job_lost(job, why);
            }
        }
    }
    local->link = LINK_NONE;
}

static void on_lost(void *context, const char *why)
{
    struct hk_local *local = context;
    bool was_welcome = local->is_welcome;
    hk_channel_close(local->channel);
    local->channel = NULL;
    local->is_welcome = false;
    uv_timer_stop(&local->guard);
    if (local->is_stopping) {
        local_clean(local, cleaned_up);
        return;
    }
    if (local->recovery != NULL) {
        local_recover_lost(local);
        return;
    }
    if (!was_welcome) {
        fail_all(
            local,
            "The process that runs tasks (hanok shim) cannot be started; another one may hold the home folder. See "
            "run/shim.log there.");
        return;
    }
    hk_log(HK_ERROR, "local", "connection to the shim lost; its tasks are ended and run again", HK_KEY("why", why));
    local_clean(local, cleaned_up);
}

static void send_hello(struct hk_local *local)
{
    struct hk_buf packed;
    hk_buf_init(&packed, 16 * 1024 * 1024);
    struct hk_shim_message m = {.type = HK_SHIM_HELLO,
                                .hello = {.version = HK_SHIM_VERSION,
                                          .home_id = hk_str_from(local->home_id),
                                          .python = hk_str_from(local->options.python),
                                          .host_script = hk_str_from(local->options.host_script),
                                          .temporary_root = hk_str_from(local->temporary_root)}};
    const char *const *env = local->options.environment;
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        hk_shim_texts_add(&m.hello.environment, &packed, env[i]);
    }
    hk_channel_send(local->channel, &m);
    hk_buf_clear(&packed);
}

static void open_channel(struct hk_local *local, int fd)
{
    struct hk_channel_events events = {local, on_message, on_lost};
    local->channel = hk_channel_new(local->options.loop, fd, &events);
    local->is_welcome = false;
    local->link = LINK_UP;
    send_hello(local);
}

static bool is_for_the_shim(const char *variable)
{
    return strncmp(variable, "HANOK_", 6) != 0; /* it must not look like one of its own tasks */
}

static int spawn_shim(struct hk_local *local, int fd)
{
    char *arguments[] = {(char *)(uintptr_t)local->options.program,
                         "shim",
                         "--home",
                         (char *)(uintptr_t)local->options.home,
                         "--engine",
                         "3",
                         NULL};
    uv_stdio_container_t stdio[4] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {0}};
    stdio[3].flags = UV_INHERIT_FD;
    stdio[3].data.fd = fd;
    const char *const *env = local->options.environment;
    size_t count = 0;
    while (env != NULL && env[count] != NULL) {
        count++;
    }
    char **environment = hk_alloc_array(count + 1, sizeof *environment);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_for_the_shim(env[i])) {
            environment[n++] = (char *)(uintptr_t)env[i];
        }
    }
    struct local_process *p = hk_alloc(sizeof *p);
    p->local = local;
    p->process.data = p;
    uv_process_options_t options = {.file = local->options.program,
                                    .args = arguments,
                                    .env = environment,
                                    .exit_cb = on_shim_exit,
                                    .flags = UV_PROCESS_DETACHED, /* Ctrl-C on the engine's terminal is not for it */
                                    .stdio_count = 4,
                                    .stdio = stdio};
    int rc = uv_spawn(local->options.loop, &p->process, &options);
    free(environment);
    if (rc < 0) {
        uv_close((uv_handle_t *)&p->process, free_process);
        return rc;
    }
    local->process = p;
    local->shim_pid = p->process.pid;
    return 0;
}

static void start_shim(struct hk_local *local)
{
    int ends[2];
    int rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
    if (rc == 0) {
        rc = spawn_shim(local, ends[1]);
        close(ends[1]);
        if (rc == 0) {
            open_channel(local, ends[0]);
            return;
        }
        close(ends[0]);
    }
    hk_log(HK_ERROR, "local", "the shim cannot be started", HK_KEY("program", local->options.program),
           HK_KEY("why", uv_strerror(rc)));
}

void local_replay_pending(struct hk_local *local)
{
    struct hk_buf frames = local->pending;
    hk_buf_init(&local->pending, frames.max);
    struct hk_str rest = hk_buf_str(&frames);
    struct hk_shim_message m;
    while (hk_shim_next(&rest, &m)) {
        struct local_job *job = local_job_find(local, &m.key);
        if (job != NULL && job->state == LOCAL_RUNNING) {
            local_send(local, &m);
        }
    }
    hk_buf_clear(&frames);
}

void local_send(struct hk_local *local, const struct hk_shim_message *m)
{
    struct local_job *job = local_job_find(local, &m->key);
    if (local->is_stopping || local->link == LINK_STOPPED) {
        if (m->type == HK_SHIM_START) {
            job->is_sent = true; /* lost with the others at the end of the stop */
            if (local->link == LINK_STOPPED) {
                local_refuse(job, "The worker has been stopped.");
            }
        }
        return;
    }
    if (local->link == LINK_CLEANING || local->recovery != NULL) {
        hk_shim_encode(&local->pending, m);
        return;
    }
    if (local->channel == NULL) {
        start_shim(local);
    }
    if (local->channel == NULL) {
        local_refuse(job, "The process that runs tasks (hanok shim) cannot be started; see hanok's log.");
        return;
    }
    if (m->type == HK_SHIM_START) {
        job->is_sent = true;
    }
    hk_channel_send(local->channel, m);
}

void local_tell(struct hk_local *local, const struct hk_shim_message *m)
{
    const struct local_job *job = local_job_find(local, &m->key);
    if (job != NULL && job->state == LOCAL_RUNNING && !job->is_sent) {
        hk_shim_encode(&local->pending, m); /* its START waits there, too */
    } else if (local->channel != NULL) {
        hk_channel_send(local->channel, m);
    }
}

static int open_run_folder(const struct hk_local *local)
{
    struct hk_buf path;
    hk_buf_init(&path, 64 * 1024);
    hk_buf_printf(&path, "%s/run", local->options.home);
    int fd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    hk_buf_clear(&path);
    return fd;
}

bool local_connect(struct hk_local *local)
{
    int folder = open_run_folder(local);
    if (folder < 0) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    hk_shim_address(folder, &address);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(folder);
    struct ucred who = {0};
    socklen_t len = sizeof who;
    if (ok && (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid != geteuid())) {
        ok = false; /* somebody else's program on our socket */
    }
    if (!ok) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    local->shim_pid = who.pid;
    open_channel(local, fd);
    return true;
}

void local_drop_exits(struct hk_local *local)
{
    int folder = open_run_folder(local);
    if (folder >= 0) {
        unlinkat(folder, HK_SHIM_EXITS_FILE, 0);
        close(folder);
    }
}

/* --- after the shim's death, on a thread of libuv's pool --- */

struct cleaning {
    uv_work_t work;
    struct hk_local *local;
    int run_folder;
    bool is_patient; /* the old shim was told to end and is about to */
    char home_id[HK_HOME_ID_SIZE];
    struct hk_buf exits;
    size_t ended;
    size_t left;
    void (*done)(struct hk_local *local, const struct hk_buf *exits);
};

/* A shim that has lost its socket, or hangs, still holds its lock. It must be gone before another is started. */
static void end_old_shim(int run_folder, bool is_patient)
{
    int lock = openat(run_folder, HK_SHIM_LOCK, O_RDWR | O_CLOEXEC);
    for (int i = 0; lock >= 0 && i < LOCK_TRIES && flock(lock, LOCK_EX | LOCK_NB) < 0; i++) {
        char text[32];
        ssize_t n = pread(lock, text, sizeof text, 0);
        int64_t pid;
        if (n > 0 && (!is_patient || i > PATIENT_TRIES) && hk_str_to_i64((struct hk_str){text, (size_t)n}, &pid) &&
            pid > 1) {
            kill((pid_t)pid, SIGKILL);
        }
        usleep(LOCK_PAUSE_US);
    }
    if (lock >= 0) {
        close(lock);
    }
}

static void clean_in_pool(uv_work_t *work)
{
    struct cleaning *c = work->data;
    if (c->run_folder >= 0) {
        end_old_shim(c->run_folder, c->is_patient);
    }
    c->left = hk_proc_end_all(c->home_id, CLEAN_MS, &c->ended);
    char prefix[HK_HOME_ID_SIZE + sizeof HK_TEMPORARY_PREFIX + 1];
    snprintf(prefix, sizeof prefix, HK_TEMPORARY_PREFIX "%s_", c->home_id);
    hk_folder_remove_all(c->local->temporary_root, prefix);
    hk_shim_exits_read(c->local->options.home, &c->exits);
}

static void cleaned(uv_work_t *work, int status)
{
    (void)status;
    struct cleaning *c = work->data;
    struct hk_local *local = c->local;
    if (c->ended > 0 || c->left > 0) {
        hk_log(HK_WARN, "local", "ended processes that a dead shim had left", HK_KEY_INT("ended", c->ended),
               HK_KEY_INT("left", c->left));
    }
    if (c->run_folder >= 0) {
        close(c->run_folder);
    }
    if (!local->is_freed) {
        local->link = LINK_NONE;
        if (local->is_stopping) {
            finish_stop(local);
        } else {
            c->done(local, &c->exits);
        }
    }
    hk_buf_clear(&c->exits);
    free(c);
    local_released(local);
}

void local_clean(struct hk_local *local, void (*done)(struct hk_local *local, const struct hk_buf *exits))
{
    struct cleaning *c = hk_alloc(sizeof *c);
    c->work.data = c;
    c->local = local;
    c->run_folder = open_run_folder(local);
    memcpy(c->home_id, local->home_id, sizeof c->home_id);
    c->done = done;
    c->is_patient = local->is_stopping;
    local->link = LINK_CLEANING;
    local->open_handles++;
    uv_queue_work(local->options.loop, &c->work, clean_in_pool, cleaned);
}
