/* Python jobs: four sockets each (requests, stdout, stderr, logs), frames relayed both ways. Of the Task SDK's messages
 * the shim understands one thing: the number in front, so that it knows which requests have been answered. */
#include <arpa/inet.h>
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
#include "workers/shim_internal.h"

enum { MAX_RECORD_BYTES = 1024 * 1024 }; /* host.py's LINE_MAX_BYTES */

static char *make_record(const struct hk_shim_start *start)
{
    struct hk_buf out;
    hk_buf_init(&out, MAX_RECORD_BYTES);
    struct hk_json w;
    hk_json_init(&w, &out);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "op", start->kind == HK_SHIM_TASK ? "task" : "parse");
    hk_json_kv_str(&w, "id", start->id);
    hk_json_kv_str(&w, "file", start->file);
    hk_json_key(&w, "env");
    hk_json_begin_object(&w);
    const struct hk_shim_texts *env = &start->environment;
    for (const char *at = hk_shim_texts_next(env, NULL); at != NULL; at = hk_shim_texts_next(env, at)) {
        const char *equals = strchr(at, '=');
        if (equals != NULL) {
            hk_json_key_str(&w, (struct hk_str){at, (size_t)(equals - at)});
            hk_json_string(&w, hk_str_from(equals + 1));
        }
    }
    hk_json_end_object(&w);
    hk_json_end_object(&w);
    hk_buf_add_char(&out, '\n');
    if (out.is_full) {
        hk_buf_clear(&out);
        return NULL;
    }
    return hk_buf_take(&out);
}

static bool open_sockets(struct shim_job *job)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
            return false;
        }
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        job->host_fds[i] = ends[1];
        shim_stream_open(job, (enum shim_stream_kind)i, ends[0]);
    }
    return true;
}

void shim_python_start(struct shim_job *job, const struct hk_shim_start *start)
{
    job->record = make_record(start);
    if (job->record == NULL) {
        shim_job_refuse(job, "The environment of task '%s' is longer than %d bytes.", job->id, MAX_RECORD_BYTES);
        return;
    }
    if (!open_sockets(job)) {
        shim_job_refuse(job, "No sockets for the Python process: %s.", strerror(errno));
        return;
    }
    shim_host_add(job);
}

/* A message is an array whose first item is the number of the request. */
static bool read_number(struct hk_str message, uint64_t *number)
{
    const unsigned char *b = (const unsigned char *)message.data;
    if (message.len < 2 || b[0] < 0x91 || b[0] > 0x9F) {
        return false;
    }
    size_t bytes = b[1] >= 0xCC && b[1] <= 0xCF ? (size_t)1 << (b[1] - 0xCC) : 0;
    if (b[1] < 0x80) {
        *number = b[1];
        return true;
    }
    if (bytes == 0 || message.len < 2 + bytes) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < bytes; i++) {
        *number = *number << 8 | b[2 + i];
    }
    return true;
}

static void send_message(struct shim_job *job, struct hk_str payload)
{
    shim_send(job->shim, &(struct hk_shim_message){.type = HK_SHIM_MESSAGE, .key = job->key, .payload = payload});
}

static void add_unanswered(struct shim_job *job, struct hk_str payload)
{
    struct shim_unanswered *u = hk_alloc(sizeof *u + payload.len);
    u->len = payload.len;
    memcpy(u->bytes, payload.data, payload.len);
    u->has_number = read_number(payload, &u->number);
    if (job->last != NULL) {
        job->last->next = u;
    } else {
        job->first = u;
    }
    job->last = u;
    job->unanswered_bytes += u->len;
}

static void remove_answered(struct shim_job *job, struct hk_str answer)
{
    uint64_t number;
    if (!read_number(answer, &number)) {
        return;
    }
    struct shim_unanswered *before = NULL;
    for (struct shim_unanswered *u = job->first; u != NULL; before = u, u = u->next) {
        if (!u->has_number || u->number != number) {
            continue;
        }
        *(before != NULL ? &before->next : &job->first) = u->next;
        if (job->last == u) {
            job->last = before;
        }
        job->unanswered_bytes -= u->len;
        free(u);
        return;
    }
}

void shim_python_frames(struct shim_stream *s)
{
    struct shim_job *job = s->job;
    size_t done = 0;
    s->is_paused = false;
    while (s->partial.len - done >= 4) {
        if (job->unanswered_bytes > SHIM_MAX_UNANSWERED_BYTES) {
            s->is_paused = true; /* until the engine has answered something */
            break;
        }
        uint32_t len;
        memcpy(&len, s->partial.data + done, 4);
        len = ntohl(len);
        if (len > HK_MAX_FRAME_BYTES) {
            char text[160];
            snprintf(text, sizeof text, "The task sent a message of %u bytes; the limit is %d. It was ended.", len,
                     HK_MAX_FRAME_BYTES);
            shim_job_log(job, "error", "task", hk_str_from(text));
            if (job->state == JOB_RUNNING) {
                kill(-job->pid, SIGKILL);
            }
            shim_stream_close(s);
            return;
        }
        if (s->partial.len - done - 4 < len) {
            break;
        }
        struct hk_str payload = {s->partial.data + done + 4, len};
        add_unanswered(job, payload);
        send_message(job, payload);
        done += 4 + (size_t)len;
    }
    hk_buf_remove_front(&s->partial, done);
    shim_stream_watch(s);
}

void shim_python_resend(struct shim_job *job)
{
    for (struct shim_unanswered *u = job->first; u != NULL; u = u->next) {
        send_message(job, (struct hk_str){u->bytes, u->len});
    }
}

static void drop_log_fd(struct shim_job *job)
{
    if (job->log_fd >= 0) {
        close(job->log_fd);
        job->log_fd = -1;
    }
}

/* From position `from` of what waits; a descriptor goes with the first byte of its message. */
static ssize_t write_some(struct shim_job *job, size_t from)
{
    int fd = job->streams[STREAM_REQUESTS].fd;
    struct iovec bytes = {job->to_process.data + from, job->to_process.len - from};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof job->log_fd)];
    } control = {0};
    bool is_first_byte = job->log_fd >= 0 && job->before_log_fd == from;
    if (is_first_byte) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof job->log_fd);
        memcpy(CMSG_DATA(header), &job->log_fd, sizeof job->log_fd);
    } else if (job->log_fd >= 0) {
        bytes.iov_len = job->before_log_fd - from;
    }
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (n > 0 && is_first_byte) {
        drop_log_fd(job);
    }
    return n;
}

void shim_python_write(struct shim_job *job)
{
    struct shim_stream *s = &job->streams[STREAM_REQUESTS];
    size_t done = 0;
    while (s->fd >= 0 && done < job->to_process.len) {
        ssize_t n = write_some(job, done);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            done = job->to_process.len; /* it reads no more; its exit tells why */
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    hk_buf_remove_front(&job->to_process, done);
    job->before_log_fd -= job->log_fd >= 0 ? done : 0;
    shim_stream_watch(s);
}

/* A socket for log lines whose other end goes with the message that is added next. Where there can be none, the message
 * goes without, and the SDK raises: one that asks again and again has a bug. */
static void add_log(struct shim_job *job)
{
    int ends[2];
    if (job->log_fd >= 0 || job->extra_log_count >= SHIM_MAX_EXTRA_LOGS ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        shim_job_log(job, "error", "task", HK_STR("The task asked for a further log socket, and there is none left."));
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    job->has_shared_socket = true;
    shim_stream_open_log(job, ends[0]);
    job->log_fd = ends[1];
    job->before_log_fd = job->to_process.len;
}

void shim_python_send(struct shim_job *job, struct hk_str payload, bool with_log)
{
    remove_answered(job, payload);
    struct shim_stream *s = &job->streams[STREAM_REQUESTS];
    bool has_begun = job->turn.len == 0;
    if (s->fd < 0 && has_begun) {
        return;
    }
    if (with_log) {
        add_log(job);
    }
    uint32_t len = htonl((uint32_t)payload.len);
    hk_buf_add(&job->to_process, &len, 4);
    hk_buf_add_str(&job->to_process, payload);
    shim_python_write(job);
    if (s->is_paused) {
        shim_python_frames(s);
    }
}

/* Airflow's own words for how a process ended. */
static void log_exit(struct shim_job *job)
{
    struct hk_log_line line = {.at_us = shim_wall(job->shim), .level = "warning", .logger = "task"};
    char more[64];
    int code = job->ended.exit_code;
    if (code < 0) {
        line.level = code == -SIGKILL ? "critical" : "error";
        line.event = code == -SIGKILL ? HK_STR("Process terminated by signal. Likely out of memory error (OOM).")
                                      : HK_STR("Process terminated by signal.");
        snprintf(more, sizeof more, "\"signal\":%d,\"signal_name\":\"SIG%s\"", code, sigabbrev_np(-code));
    } else {
        line.event = HK_STR("Process exited abnormally");
        snprintf(more, sizeof more, "\"exit_code\":%d", code);
    }
    line.more = hk_str_from(more);
    hk_log_file_add(&job->log, &line);
}

void shim_python_ended(struct shim_job *job)
{
    shim_host_drop(job);
    if (job->ended.is_timed_out) {
        shim_job_log(job, "error", "task", HK_STR("The task ran longer than its timeout and was ended."));
    } else if (!job->ended.is_refused && !job->ended.is_stopped && job->ended.exit_code != 0) {
        log_exit(job);
    }
    drop_log_fd(job);
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (job->host_fds[i] >= 0) {
            close(job->host_fds[i]);
            job->host_fds[i] = -1;
        }
    }
}

void shim_python_clear(struct shim_job *job)
{
    while (job->first != NULL) {
        struct shim_unanswered *u = job->first;
        job->first = u->next;
        free(u);
    }
    free(job->record);
}
