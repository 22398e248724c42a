/* The supervisor: what Airflow calls so, for tasks that run in the warm Python host. It is the engine's half of the
 * Task SDK's socket protocol, dialect 2026-06 (task SDK 1.3): it tells a process what to run (StartupDetails), answers
 * what the process asks (XComs, variables, connections, runs, ...) and turns its last word into a struct hk_job_result.
 *
 * One frame in, one answer out: workers/supervisor_request.c has a table of all 55 request types; what hanok cannot do
 * yet is refused with an error the SDK raises, never ignored. Answers come from struct hk_task_services on a later
 * turn, so a process may be gone when its answer arrives.
 *
 * The last word (SucceedTask, TaskState, RetryTask, RescheduleTask) is reported with host.finished at once and answered
 * only when it is committed. So a crash of the engine never forgets an outcome that the task was told is taken, and
 * successors start while the process still runs its callbacks and exits. A process that ends without a last word
 * succeeded if its exit code is 0 (as in Airflow), else it failed.
 *
 * Everything here is called on the loop thread.
 *
 *     struct hk_supervisor *s = hk_supervisor_new(&options);
 *     struct hk_local_python python = hk_supervisor_python(s);
 *     hk_local_set_python(local, &python);
 */
#ifndef HK_WORKERS_SUPERVISOR_H
#define HK_WORKERS_SUPERVISOR_H

#include "workers/local.h"
#include "workers/task_services.h"

/* How the supervisor reaches processes: hk_local_python_*, or a fake in tests. */
struct hk_python_port {
    void *context;
    void (*start)(void *context, const struct hk_python_start *start, const struct hk_python_session *session);
    void (*attach)(void *context, const struct hk_job_key *key, const struct hk_python_session *session);
    void (*send)(void *context, const struct hk_job_key *key, struct hk_str payload);
    /* The same, and with it one end of a new socket for log lines. */
    void (*send_log)(void *context, const struct hk_job_key *key, struct hk_str payload);
    void (*log)(void *context, const struct hk_job_key *key, const char *level, const char *event);
    void (*mask)(void *context, const struct hk_job_key *key, struct hk_str secret);
    void (*forget)(void *context, const struct hk_job_key *key);
    /* Inside session.ended: why the process could not be started at all, or NULL. It is in the job's log already. */
    const char *(*refusal)(void *context, const struct hk_job_key *key);
};

/* The port over a struct hk_local. */
struct hk_python_port hk_python_port_local(struct hk_local *local);

struct hk_supervisor;

struct hk_supervisor_options {
    const struct hk_clock *clock;
    struct hk_python_port port;
    struct hk_task_services services;
    struct hk_lineage_port lineage;
    struct hk_executor_host host;
};

struct hk_supervisor *hk_supervisor_new(const struct hk_supervisor_options *options);
struct hk_local_python hk_supervisor_python(struct hk_supervisor *supervisor);

/* When no process is left and no answer of the services is outstanding. NULL does nothing. */
void hk_supervisor_free(struct hk_supervisor *supervisor);

/* How many processes it has not heard the end of. */
size_t hk_supervisor_count(const struct hk_supervisor *supervisor);

#endif
