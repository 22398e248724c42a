/* The local worker, seen from the engine: runs jobs as processes of this machine and implements struct hk_executor.
 *
 * Processes are not children of the engine. They belong to the shim (workers/shim.h): one small process, started with
 * the first job, that spawns, reaps, writes the log files and keeps what happened until the engine has committed it.
 * When the engine dies, the shim and the tasks go on; the next engine on the same home connects to it and carries on
 * where the database left off. So a crash or an upgrade of the engine costs no task anything. When engine and shim both
 * die, the tasks are ended (by the kernel's parent-death signal, and by a search of /proc at start-up) and run again.
 *
 *     engine  --unix socket HOME/run/shim.sock-->  shim  --fork/exec-->  bash ...            (HK_RUNNER_COMMAND)
 *                                                        --4 sockets-->  host --fork--> task ...    (Python, parsing)
 *
 * Everything here is called on the loop thread.
 */
#ifndef HK_WORKERS_LOCAL_H
#define HK_WORKERS_LOCAL_H

#include <uv.h>

#include "engine/base/clock.h"
#include "scheduler/executor.h"
#include "workers/task_lineage.h"

struct hk_local;

struct hk_local_options {
    uv_loop_t *loop;
    const struct hk_clock *clock;
    const char *program;            /* path of the hanok binary, to start "<program> shim ..." */
    const char *home;               /* HOME: run/shim.sock, logs/ */
    const char *log_folder;         /* where job->log_path begins */
    const char *python;             /* interpreter of the warm host */
    const char *host_script;        /* dags/python/host.py as installed or unpacked */
    const char *const *environment; /* NAME=value, NULL-terminated: what tasks inherit */
    uint32_t parallelism;
    struct hk_lineage_port lineage; /* of commands; copied */
    struct hk_executor_host host;
};

/* What a Python process sends and wants. The supervisor (workers/supervisor.h) and the parser (workers/parser.h) speak
 * the Task SDK's protocol on top: one payload is one msgpack message without its length prefix. Pointers are valid
 * during the call. */
struct hk_python_session {
    void *context;
    void (*message)(void *context, struct hk_str payload);
    /* The process is gone; no more messages. exit_code as in hk_job_result; peak_rss_bytes for the log. */
    void (*ended)(void *context, int exit_code);
};

/* exit_code of a Python process whose host or shim died under it: not its fault, to be reported as HK_JOB_LOST. */
#define HK_EXIT_LOST (-1000)

struct hk_local *hk_local_new(const struct hk_local_options *options);

/* The scheduler's port. HK_RUNNER_COMMAND jobs are handled here; HK_RUNNER_PYTHON jobs are given to `python`, which was
 * set with hk_local_set_python and which uses hk_local_python_start below. */
struct hk_executor hk_local_executor(struct hk_local *local);

struct hk_local_python {
    void *context;
    /* A job to run. The supervisor begins the process with hk_local_python_start and at its end calls
     * options.host.finished itself. */
    void (*start)(void *context, const struct hk_job *job);
    /* After an engine restart: the process of this job is still alive in the shim; its unanswered messages follow. */
    void (*adopt)(void *context, const struct hk_job *job, int pid);
    /* hk_executor.stop was called: the local worker itself sends the signals; this only tells the reason. */
    void (*stopping)(void *context, const struct hk_job_key *key, const char *why);
};
void hk_local_set_python(struct hk_local *local, const struct hk_local_python *python);

enum hk_python_kind { HK_PYTHON_TASK, HK_PYTHON_PARSE };

struct hk_python_start {
    enum hk_python_kind kind;
    struct hk_job_key key; /* of the job; for parsing any key not in use, with run < 0 */
    const char *id;        /* hk_job_key_format's, or any unique text for parsing */
    const char *dag_file;  /* absolute path: the host may keep a process that has it imported */
    const char *dag_id;    /* for the log's context; NULL when parsing */
    const char *run_id;
    const char *task_id;
    const char *log_path;           /* NULL: output is dropped (parsing) */
    const char *const *environment; /* added to the options' one; NULL: nothing */
    int64_t timeout_us;             /* TERM, then KILL after it; 0: none */
    struct hk_str first;            /* first message to the process: StartupDetails or DagFileParseRequest */
};

/* Starts a Python process in the host. session.message and session.ended follow, never during this call. */
void hk_local_python_start(struct hk_local *local, const struct hk_python_start *start,
                           const struct hk_python_session *session);
/* Takes over a process that was adopted (see hk_local_python.adopt). */
void hk_local_python_attach(struct hk_local *local, const struct hk_job_key *key,
                            const struct hk_python_session *session);
/* Sends one message to the process; nothing happens when it is gone. */
void hk_local_python_send(struct hk_local *local, const struct hk_job_key *key, struct hk_str payload);
/* The same, and with it one end of a new socket for log lines. */
void hk_local_python_send_log(struct hk_local *local, const struct hk_job_key *key, struct hk_str payload);
/* Inside session.ended: why the process could not be started at all (no Task SDK there, no such interpreter), or NULL.
 * The sentence is in the job's log already. */
const char *hk_local_python_refusal(struct hk_local *local, const struct hk_job_key *key);
/* From now on this text is "***" in what the job prints: sent before the answer that lets the process use it. */
void hk_local_mask(struct hk_local *local, const struct hk_job_key *key, struct hk_str secret);
/* Adds a line to the job's log file: level "info", "error" ... */
void hk_local_log(struct hk_local *local, const struct hk_job_key *key, const char *level, const char *event);
/* The result is committed: the shim may forget it. */
void hk_local_forget(struct hk_local *local, const struct hk_job_key *key);

/* Ends every job (TERM, KILL), then the host and the shim; done is called when all is gone. */
void hk_local_stop(struct hk_local *local, void (*done)(void *arg), void *arg);
/* After done: at once. Without a stop before, it only lets go: the shim and the tasks go on, and the memory is given
 * back when the loop has run once more. */
void hk_local_free(struct hk_local *local);

#endif
