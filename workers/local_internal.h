/* What the local worker's files share; nobody else includes this. local.c: jobs, results, the public functions.
 * local_shim.c: the shim's process and connection. local_recover.c: after a restart. local_command.c: START of a
 * command. local_python.c: the calls of supervisor and parser. */
#ifndef HK_WORKERS_LOCAL_INTERNAL_H
#define HK_WORKERS_LOCAL_INTERNAL_H

#include "engine/base/arena.h"
#include "workers/channel.h"
#include "workers/local.h"
#include "workers/proc_search.h"
#include "workers/shim_wire.h"

enum {
    LOCAL_AHEAD = 16, /* commands that the shim takes ahead, beyond as many as run */
    LOCAL_BUCKETS = 256,
    LOCAL_MAX_HELD_BYTES = 1024 * 1024 * 1024,
    LOCAL_END_MS = 15000,   /* until a shim that was told to end is killed */
    LOCAL_ANSWER_MS = 5000, /* until a shim that does not answer is taken for hung */
};

enum local_job_state { LOCAL_RUNNING, LOCAL_REPORTED, LOCAL_DOOMED };

struct local_job {
    struct hk_local *local;
    struct local_job *next; /* in its bucket */
    struct hk_job_key key;
    enum hk_shim_kind kind;
    enum local_job_state state;
    bool is_sent; /* the shim that runs now was told of it */
    bool is_attached;
    bool is_adopted; /* adopt() has been called or is to be */
    struct hk_python_session session;
    struct hk_buf held; /* frames that cannot be delivered yet */
    char *refusal;      /* why it never got to the shim; delivered late */

    char *why; /* of stop() */
    int64_t timeout_us;
    bool pushes_xcom;
    int32_t *skip_codes;
    size_t skip_count;
    char *log_context;
};

enum local_link {
    LINK_NONE, /* no shim */
    LINK_UP,
    LINK_CLEANING, /* the shim is dead, what it left is being ended */
    LINK_STOPPED,  /* for good */
};

struct local_recovery; /* local_recover.c */
struct local_process;  /* local_shim.c */

struct hk_local {
    struct hk_local_options options; /* texts are copies, in arena */
    struct hk_arena arena;
    char home_id[HK_HOME_ID_SIZE];
    const char *bash;
    const char *temporary_root;
    struct hk_local_python python;
    bool has_python;

    enum local_link link;
    struct hk_channel *channel;
    bool is_welcome; /* the shim has answered */
    int shim_pid;
    struct local_process *process; /* NULL: not our child */
    struct hk_buf pending;         /* frames for the next shim, while an old one's remains are cleaned up */
    struct local_recovery *recovery;

    struct local_job *buckets[LOCAL_BUCKETS];

    uv_timer_t late;  /* deliveries that may not happen inside a call of ours */
    uv_timer_t guard; /* a shim that does not answer or end */
    void (*on_guard)(uv_timer_t *timer);
    int open_handles;
    bool is_freed;
    bool is_stopping;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* local.c */
struct local_job *local_job_find(struct hk_local *local, const struct hk_job_key *key);
struct local_job *local_job_add(struct hk_local *local, const struct hk_job_key *key, enum hk_shim_kind kind);
void local_job_remove(struct local_job *job);
void local_job_forget(struct local_job *job); /* tells the shim, too */
void local_job_message(struct hk_local *local,
                       const struct hk_shim_message *message);       /* about one job, from the shim */
void local_job_lost(struct local_job *job, const char *why_or_null); /* why: it failed for good */
void local_deliver_late(struct hk_local *local);
void local_refuse(struct local_job *job, const char *sentence);
void local_released(struct hk_local *local); /* one handle less */

/* local_shim.c */
void local_send(struct hk_local *local, const struct hk_shim_message *message); /* starts the shim when needed */
void local_tell(struct hk_local *local, const struct hk_shim_message *message); /* only when there is one */
void local_replay_pending(struct hk_local *local);                              /* once a shim may be started again */
bool local_connect(struct hk_local *local);                                     /* to a shim that runs already */
void local_clean(struct hk_local *local, void (*done)(struct hk_local *local, const struct hk_buf *exits));
void local_shim_release(struct hk_local *local); /* lets go of the process handle */
void local_drop_exits(struct hk_local *local);

/* local_recover.c */
void local_recover(struct hk_local *local, const struct hk_job *jobs, size_t count,
                   void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg);
void local_recover_message(struct hk_local *local, const struct hk_shim_message *message);
void local_recover_doomed_ended(struct local_job *job);
void local_recover_free(struct hk_local *local);
void local_recover_lost(struct hk_local *local); /* the shim died meanwhile */

/* local_command.c */
HK_MUST_USE bool local_command_read(struct local_job *job, const struct hk_job *from, struct hk_error *err);
HK_MUST_USE bool local_command_start(struct local_job *job, const struct hk_job *from, struct hk_error *err);
char *local_find_program(const char *const *environment, const char *name); /* as execvp; NULL: not found */
const char *local_find_temporary_root(const char *const *environment);      /* Python's gettempdir(), in short */
void local_add_log_context(struct hk_buf *out, const struct hk_job *job);

#endif
