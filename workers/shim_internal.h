/* What the shim's files share; nobody else includes this. shim.c: start, connections, timer, end. shim_job.c: one job
 * from START to FORGET. shim_command.c, shim_python.c: what differs between the two kinds. shim_host.c: the Python
 * host. shim_turn.c: who may run now. shim_stream.c: descriptors being read. shim_exits.c: HOME/run/exits. */
#ifndef HK_WORKERS_SHIM_INTERNAL_H
#define HK_WORKERS_SHIM_INTERNAL_H

#include <sys/resource.h>
#include <uv.h>

#include "engine/base/clock.h"
#include "workers/channel.h"
#include "workers/log_file.h"
#include "workers/shim.h"
#include "workers/shim_wire.h"

#define SHIM_NEVER INT64_MAX

enum {
    SHIM_BUCKETS = 256,
    SHIM_READ_BYTES = 64 * 1024,
    SHIM_SPARE_FOLDERS = 32,
    SHIM_MAX_EXTRA_LOGS = 32,                            /* open at once, of one process */
    SHIM_MAX_UNANSWERED_BYTES = HK_MAX_FRAME_BYTES + 16, /* of one process; it is not read any more beyond */
};

struct shim;
struct shim_host; /* shim_host.c */
struct shim_job;

enum shim_stream_kind { STREAM_REQUESTS, STREAM_OUTPUT, STREAM_ERRORS, STREAM_LOGS, STREAM_COUNT };

/* A descriptor that a job's process writes to. Commands have only STREAM_OUTPUT; Python processes may ask for further
 * STREAM_LOGS. */
struct shim_stream {
    uv_poll_t poll;
    struct shim_job *job;
    enum shim_stream_kind kind;
    int fd; /* -1: closed */
    bool is_paused;
    int watched;           /* events that the poll is for; 0: stopped */
    struct hk_buf partial; /* a line or frame that is not complete */
    bool is_extra;         /* on the heap, in job->extra_logs while it is open */
    struct shim_stream *next;
};

/* A message of a Python process that the engine has not answered: sent again to the next engine. */
struct shim_unanswered {
    struct shim_unanswered *next;
    bool has_number;
    uint64_t number; /* the request's own, which its answer repeats */
    size_t len;
    char bytes[];
};

enum shim_job_state { JOB_WAITING, JOB_RUNNING, JOB_EXITED, JOB_ENDED };

struct shim_job {
    struct shim *shim;
    struct shim_job *next; /* in its bucket */
    struct hk_job_key key;
    enum hk_shim_kind kind;
    enum shim_job_state state;
    char *id;
    struct hk_log_file log;
    int64_t flush_at; /* monotonic, as all _at; SHIM_NEVER: nothing to flush */
    pid_t pid;        /* 0: not yet known */
    int status;       /* as from wait */
    struct rusage usage;

    int64_t timeout_us;
    int64_t timeout_at;
    int64_t kill_at;
    int64_t drain_at;
    int64_t look_at; /* whether the group of a stopped job is gone */
    bool is_killed;
    bool is_forgotten; /* while it runs: nobody wants the result */
    bool holds_slot;
    struct shim_job *turn_next; /* in the queue for a slot */
    struct hk_buf turn;         /* its START, while it waits there; else empty */

    struct shim_stream streams[STREAM_COUNT];
    int open_streams;
    int open_handles;
    bool is_freed;

    struct hk_shim_ended ended;
    char *message;
    struct hk_buf last_line;

    /* commands */
    char *folder;     /* temporary, ours to remove; NULL: none */
    char *skip_codes; /* packed as they came */
    struct hk_shim_texts skips;

    /* Python */
    struct shim_job *wait_next;
    char *record; /* line for the host; NULL once it is sent */
    int host_fds[STREAM_COUNT];
    struct shim_unanswered *first;
    struct shim_unanswered *last;
    size_t unanswered_bytes;
    struct hk_buf to_process;
    struct shim_stream *extra_logs;
    int extra_log_count;
    bool has_shared_socket;       /* with a process that wanted a log socket of its own */
    int log_fd;                   /* goes with a message that waits in to_process; -1: none */
    size_t before_log_fd;         /* bytes that come before that message */
    const struct shim_host *host; /* that has its record, be it dead by now; NULL: none yet */
};

struct shim {
    uv_loop_t loop;
    const struct hk_clock *clock;
    char *home;
    struct rlimit descriptors; /* how many a task may open: as we were allowed at first */
    int run_folder;            /* descriptors */
    int lock;
    int listen_fd;
    int signal_fd;
    int null_fd;
    int exits_fd;
    size_t exits_len;
    size_t exits_limit; /* of exits_len; SIZE_MAX: none yet */
    uv_poll_t listener;
    uv_poll_t signals;
    uv_timer_t timer;
    int64_t timer_at;
    struct hk_channel *engine;
    bool is_welcome; /* HELLO has come on this connection */
    int64_t alone_until;
    int64_t news_at; /* when messages that are held go to the engine */
    bool is_ending;
    bool is_over;

    char *home_id;
    char *python;
    char *host_script;
    char *temporary_root;
    char *packed_environment;
    struct hk_shim_texts environment;

    struct shim_job *buckets[SHIM_BUCKETS];
    size_t job_count;  /* all that are not freed */
    size_t live_count; /* not JOB_ENDED */
    size_t kept_count; /* JOB_ENDED, not forgotten */
    uint32_t slots_used;
    uint32_t turn_count;         /* jobs that wait for a slot */
    struct shim_job *turn_first; /* oldest first */
    struct shim_job *turn_last;
    bool is_taking_turns;
    struct shim_host *host;
    struct shim_job *wait_first;       /* Python jobs that the host has not been given, oldest first */
    char *scratch;                     /* SHIM_READ_BYTES */
    char *folders[SHIM_SPARE_FOLDERS]; /* temporary ones, empty, for the next commands */
    size_t folder_count;
};

/* shim.c */
int64_t shim_now(const struct shim *shim);
int64_t shim_wall(const struct shim *shim);
void shim_wake_at(struct shim *shim, int64_t at);
void shim_send(struct shim *shim, const struct hk_shim_message *message);      /* dropped when no engine listens */
void shim_send_news(struct shim *shim, const struct hk_shim_message *message); /* soon */
void shim_end_all(struct shim *shim);
void shim_check_over(struct shim *shim);

/* shim_job.c */
struct shim_job *shim_job_find(struct shim *shim, const struct hk_job_key *key);
struct shim_job *shim_job_find_pid(struct shim *shim, pid_t pid);
struct shim_job *shim_job_find_id(struct shim *shim, const char *id);
void shim_job_start(struct shim *shim, const struct hk_job_key *key, const struct hk_shim_start *start);
void shim_job_begin(struct shim_job *job, const struct hk_shim_start *start); /* its turn has come */
void shim_job_started(struct shim_job *job, pid_t pid);
void shim_job_stop(struct shim_job *job);
void shim_job_forget(struct shim_job *job);
void shim_job_exited(struct shim_job *job, int status, const struct rusage *usage);
bool shim_job_group_is_gone(const struct shim_job *job);
void shim_job_refuse(struct shim_job *job, const char *fmt, ...) HK_PRINTF(2, 3);
void shim_job_check(struct shim_job *job);                /* ends it when nothing is awaited any more */
int64_t shim_job_tick(struct shim_job *job, int64_t now); /* does what is due; when to come again */
void shim_job_send_ended(struct shim_job *job);
struct hk_shim_message shim_job_ended_message(const struct shim_job *job); /* points into job */
void shim_job_log(struct shim_job *job, const char *level, const char *logger, struct hk_str event);
void shim_job_log_context(struct shim_job *job, const char *level, const char *logger, struct hk_str event);
void shim_job_touch_log(struct shim_job *job); /* after adding lines: sees to it that they are flushed soon */
void shim_job_free(struct shim_job *job);
void shim_job_release(struct shim_job *job); /* one handle less */

/* shim_turn.c */
void shim_turn_ask(struct shim_job *job, const struct hk_shim_start *start); /* begins it now or in its turn */
void shim_turn_over(struct shim_job *job);      /* its process has ended, or never will begin: the next one's turn */
bool shim_turn_is_far(const struct shim *shim); /* of the job that would come next */

/* shim_command.c */
void shim_command_start(struct shim_job *job, const struct hk_shim_start *start);
void shim_command_line(struct shim_job *job, struct hk_str raw);
void shim_command_ended(struct shim_job *job); /* last log lines, temporary folder */
void shim_command_drop_folders(struct shim *shim);

/* shim_python.c */
void shim_python_start(struct shim_job *job, const struct hk_shim_start *start);
void shim_python_send(struct shim_job *job, struct hk_str payload, bool with_log);
void shim_python_write(struct shim_job *job); /* what waits for the process */
void shim_python_frames(struct shim_stream *stream);
void shim_python_resend(struct shim_job *job);
void shim_python_ended(struct shim_job *job);
void shim_python_clear(struct shim_job *job);

/* shim_host.c */
void shim_host_add(struct shim_job *job);
void shim_host_drop(struct shim_job *job); /* from the waiting ones */
void shim_host_push(struct shim *shim);    /* hands waiting jobs to the host, which it starts when needed */
bool shim_host_exited(struct shim *shim, pid_t pid, int status); /* false: not the host's pid */
void shim_host_end(struct shim *shim);                           /* no more jobs will come */
bool shim_host_is_gone(const struct shim *shim);
int64_t shim_host_tick(struct shim *shim, int64_t now);

/* shim_stream.c */
void shim_stream_open(struct shim_job *job, enum shim_stream_kind kind, int fd);
void shim_stream_open_log(struct shim_job *job, int fd); /* one more */
void shim_streams_read(struct shim_job *job);            /* of all that are open */
void shim_streams_close(struct shim_job *job);
void shim_stream_read(struct shim_stream *stream); /* all there is now */
void shim_stream_watch(struct shim_stream *stream);
void shim_stream_close(struct shim_stream *stream);

/* shim_environment.c */
/* What a process of ours inherits, as execve wants it: the engine's environment (if inherits), then added, then
 * HANOK_HOME_ID, HANOK_HOME and, unless id is NULL, HANOK_JOB_ID; a later one replaces an earlier one of the same name.
 * Free with free(). */
char **shim_environment(const struct shim *shim, bool inherits, const struct hk_shim_texts *added, const char *id);

/* shim_exits.c */
void shim_exits_open(struct shim *shim);
void shim_exits_add(struct shim *shim, const struct shim_job *job); /* which is JOB_ENDED */
void shim_exits_forgot(struct shim *shim);                          /* one result less is wanted */

#endif
