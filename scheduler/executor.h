/* The port between the scheduler and whatever runs tasks (workers/). The scheduler commits first and then starts jobs
 * through struct hk_executor; the executor answers through struct hk_executor_host. Everything here happens on the loop
 * thread; neither side calls back from inside a call of the other: an executor that may answer late always answers
 * late (on a later turn of the loop).
 *
 * A job is one try of one task instance. Its 128-bit identity (struct hk_job_key) is made of numbers that are in the
 * database, so that after a crash both sides know what is meant without any table.
 */
#ifndef HK_SCHEDULER_EXECUTOR_H
#define HK_SCHEDULER_EXECUTOR_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/graph/graph.h"

struct hk_job_key {
    int64_t run;         /* dag_run.run_key */
    uint32_t task;       /* index in the run's graph */
    int32_t map_index;   /* -1: not mapped */
    uint32_t try_number; /* counts every start, from 1; restarts after a lost worker count, too */
};

/* As UUID (version 8, RFC 9562), which is what Airflow's SDK and REST call the task instance's id, and back. */
enum { HK_JOB_ID_SIZE = 37 };
void hk_job_key_format(const struct hk_job_key *key, char out[HK_JOB_ID_SIZE]);
bool hk_job_key_parse(struct hk_str text, struct hk_job_key *out);
bool hk_job_key_eq(const struct hk_job_key *a, const struct hk_job_key *b);

/* What an executor needs to know to run one try. All pointers are only valid during the call. */
struct hk_job {
    struct hk_job_key key;
    const struct hk_graph *graph;
    const struct hk_task *task;
    const char *run_id;
    const char *run_type;  /* "manual", "scheduled", "backfill", "asset_triggered" */
    const char *run_state; /* "running" */
    const char *conf_json;
    const char *triggering_user;   /* NULL: none */
    const char *note;              /* NULL: none */
    const char *version_id;        /* UUID of the DAG version */
    const char *asset_events_json; /* what an asset_triggered run was made for, as the SDK has it; NULL: nothing */
    int64_t logical_at_us;         /* these may be HK_TIME_NONE */
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
    int64_t run_start_us;
    uint32_t clear_number;
    uint32_t shown_try;     /* try_number as Airflow counts it, for the context and the log path */
    uint32_t max_tries;     /* as Airflow's ti.max_tries */
    bool should_retry;      /* a failure of this try would be retried */
    int64_t first_start_us; /* of the first poke when this is a reschedule; else HK_TIME_NONE */
    const char *log_path;   /* relative to the log folder: dag_id=../run_id=../task_id=../attempt=N.log */
};

enum hk_job_outcome {
    HK_JOB_SUCCEEDED,
    HK_JOB_FAILED,       /* retried if tries are left */
    HK_JOB_FAILED_FINAL, /* AirflowFailException, FAIL_FAST: never retried */
    HK_JOB_SKIPPED,
    HK_JOB_RESCHEDULED, /* at retry_at_us */
    HK_JOB_RETRY_AT,    /* failed and asks for its own delay: retry_at_us */
    HK_JOB_LOST,        /* the worker died, not the task's fault: run again, no try is used up */
    HK_JOB_STOPPED,     /* ended because stop() was called */
};

/* What the task tells about an asset that it has brought up to date. */
struct hk_outlet_event {
    struct hk_str name;
    struct hk_str uri;
    struct hk_str extra_json; /* an object */
};

struct hk_job_result {
    enum hk_job_outcome outcome;
    int exit_code; /* of the process; -signal when killed; 0 when there was none */
    int64_t ended_at_us;
    int64_t retry_at_us;            /* HK_JOB_RESCHEDULED, HK_JOB_RETRY_AT */
    const char *message;            /* a sentence on why, or NULL */
    struct hk_str xcom_json;        /* value to be pushed as return_value in the same transaction; empty: none */
    const char *rendered_map_index; /* NULL: none */
    const struct hk_outlet_event *outlet_events; /* of HK_JOB_SUCCEEDED; each outlet of the task has an event anyway */
    size_t outlet_event_count;
};

/* Tasks that the job asks to be skipped: names in the run's graph. */
struct hk_job_skip {
    const char *task_id;
    int32_t map_index;
};

/* A run that somebody or something wants. */
struct hk_trigger_request {
    const char *dag_id;
    const char *run_id;        /* NULL: made from run_after, "manual__<time>" */
    const char *run_type;      /* "manual", "operator_triggered" */
    int64_t logical_us;        /* HK_TIME_NONE: none */
    int64_t interval_start_us; /* HK_TIME_NONE: inferred from the logical date */
    int64_t interval_end_us;
    int64_t run_after_us;     /* HK_TIME_NONE: now */
    const char *conf_json;    /* NULL: {} */
    const char *note;         /* NULL: none */
    const char *triggered_by; /* "rest_api", "cli", "operator", ... */
    const char *user;         /* NULL: nobody */
};

/* What the scheduler offers to an executor. */
struct hk_executor_host {
    void *context;
    /* The process runs. started_at_us is when. */
    void (*started)(void *context, const struct hk_job_key *key, int64_t started_at_us, int pid);
    /* The last word on a job; exactly once per start(), pointers valid during the call. `committed` (may be NULL) is
     * called with its argument once the result is in the database, so that the executor can forget its own record. */
    void (*finished)(void *context, const struct hk_job_key *key, const struct hk_job_result *result,
                     void (*committed)(void *arg), void *arg);
    /* Branch and short circuit. done(arg, ok) follows after the commit. */
    void (*skip)(void *context, const struct hk_job_key *key, const struct hk_job_skip *tasks, size_t count,
                 void (*done)(void *arg, const struct hk_error *err_or_null), void *arg);
    /* TriggerDagRunOperator: HK_NOT_FOUND, HK_CONFLICT (run exists) ... Without a user in the request it is the one who
     * triggered the job's own run. Pointers valid during the call. */
    void (*trigger)(void *context, const struct hk_job_key *key, const struct hk_trigger_request *request,
                    void (*done)(void *arg, const struct hk_error *err_or_null), void *arg);
    /* The same with reset_dag_run, when that run exists: all its tasks are run again. */
    void (*reset)(void *context, const char *dag_id, const char *run_id,
                  void (*done)(void *arg, const struct hk_error *err_or_null), void *arg);
};

/* After a restart: what became of a job that the database calls queued or running. */
enum hk_job_recovery {
    HK_JOB_ALIVE,   /* still running (or ended with a result kept): finished() will follow */
    HK_JOB_UNKNOWN, /* nothing of it is left alive: the scheduler may start it again */
};

struct hk_executor {
    void *context;
    /* Begins a try. Never fails at once: whatever is wrong is reported by finished(). */
    void (*start)(void *context, const struct hk_job *job);
    /* Asks for its end: TERM, then KILL after HK_KILL_GRACE_MS. finished(HK_JOB_STOPPED or the real outcome) follows.
     */
    void (*stop)(void *context, const struct hk_job_key *key, const char *why);
    /* Called once before any start(), with what the database believes to be queued or running (count may be 0). done is
     * called on a later turn, with one answer per job, in order; nothing that was found alive and is not in the list
     * keeps running. */
    void (*recover)(void *context, const struct hk_job *jobs, size_t count,
                    void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg);
    /* How many jobs may run at once. */
    uint32_t parallelism;
    /* How many more commands it takes beforehand, when jobs are short: it starts the next one itself the moment a slot
     * is free, so that no slot is empty while the news travels. Until started() they are queued, in the order of
     * start(). */
    uint32_t ahead;
};

#endif
