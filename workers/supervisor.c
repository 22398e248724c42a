#include "workers/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "workers/supervisor_internal.h"

static void session_free(struct hk__session *session)
{
    hk_graph_unref(session->graph);
    free(session->rendered_map_index);
    free(session->stop_reason);
    free(session);
}

void hk__session_release(struct hk__session *session)
{
    HK_ASSERT(session->holds > 0);
    if (--session->holds > 0) {
        return;
    }
    struct hk_supervisor *supervisor = session->supervisor;
    struct hk__session **at = &supervisor->sessions;
    while (*at != session) {
        at = &(*at)->next;
    }
    *at = session->next;
    supervisor->count--;
    session_free(session);
}

/* The hold taken here goes with the commit. */
void hk__session_finish(struct hk__session *session, struct hk_job_result *result)
{
    const struct hk_executor_host *host = &session->supervisor->options.host;
    HK_ASSERT(!session->is_finished);
    session->is_finished = true;
    session->holds++;
    host->finished(host->context, &session->key, result, hk__session_committed, session);
}

static void forget_when_over(struct hk__session *session)
{
    if (session->is_ended && session->is_committed && !session->is_forgotten) {
        session->is_forgotten = true;
        const struct hk_python_port *port = &session->supervisor->options.port;
        port->forget(port->context, &session->key);
    }
}

void hk__session_committed(void *arg)
{
    struct hk__session *session = arg;
    session->is_committed = true;
    if (session->final_request_id >= 0) {
        json_t *ok = json_pack("{s:s,s:b}", "type", "OKResponse", "ok", 1);
        hk__session_reply(session, session->final_request_id, ok, NULL);
        json_decref(ok);
        session->final_request_id = -1;
    }
    forget_when_over(session);
    hk__session_release(session);
}

void hk__session_message(struct hk__session *session, struct hk_str payload)
{
    struct hk_sdk_message message;
    struct hk_error err;
    if (hk_sdk_message_decode(payload, &message, &err) && json_is_object(message.body)) {
        hk__request_handle(session, message.id, message.body);
        return;
    }
    if (message.body != NULL || message.id >= 0) {
        if (message.body != NULL) {
            (void)hk_error_set(&err, HK_INVALID, "The request is not an object with a type.");
        }
        json_t *error = json_pack("{s:s,s:s,s:{s:s}}", "type", "ErrorResponse", "error", "GENERIC_ERROR", "detail",
                                  "message", err.message);
        hk__session_reply(session, message.id, NULL, error);
        json_decref(error);
    } else {
        const struct hk_python_port *port = &session->supervisor->options.port;
        port->log(port->context, &session->key, "error", err.message);
    }
    hk_sdk_message_clear(&message);
}

static void session_message(void *context, struct hk_str payload)
{
    hk__session_message(context, payload);
}

/* No last word was said: what the exit code means (airflow's ActivitySubprocess.final_state). */
static void finish_by_exit(struct hk__session *session)
{
    struct hk_job_result result = {.outcome = HK_JOB_SUCCEEDED,
                                   .exit_code = session->exit_code,
                                   .retry_at_us = HK_TIME_NONE,
                                   .ended_at_us = hk_clock_wall_us(session->supervisor->options.clock),
                                   .rendered_map_index = session->rendered_map_index};
    char sentence[256];
    const struct hk_python_port *port = &session->supervisor->options.port;
    const char *refusal = port->refusal(port->context, &session->key);
    if (refusal != NULL) {
        result.outcome = HK_JOB_FAILED;
        result.message = refusal;
    } else if (session->exit_code == HK_EXIT_LOST) {
        result.outcome = HK_JOB_LOST;
        result.exit_code = 0;
        result.message = "The Python host ended under the task.";
    } else if (session->stop_reason != NULL) {
        result.outcome = HK_JOB_STOPPED;
        result.message = session->stop_reason;
    } else if (session->exit_code != 0) {
        result.outcome = HK_JOB_FAILED;
        result.message = sentence;
        if (session->exit_code < 0) {
            snprintf(sentence, sizeof sentence,
                     "The task's process was killed by signal %d (%s) before it told its state.", -session->exit_code,
                     strsignal(-session->exit_code));
        } else {
            snprintf(sentence, sizeof sentence, "The task's process ended with exit code %d before it told its state.",
                     session->exit_code);
        }
        port->log(port->context, &session->key, "error", sentence);
    }
    hk__session_finish(session, &result);
}

static void session_ended(void *context, int exit_code)
{
    struct hk__session *session = context;
    session->is_ended = true;
    session->exit_code = exit_code;
    if (!session->is_finished) {
        finish_by_exit(session);
    }
    forget_when_over(session);
    hk__session_release(session);
}

struct hk__session *hk__session_new(struct hk_supervisor *supervisor, const struct hk_job_key *key)
{
    struct hk__session *session = hk_alloc(sizeof *session);
    *session = (struct hk__session){.supervisor = supervisor,
                                    .next = supervisor->sessions,
                                    .key = *key,
                                    .start_at_us = HK_TIME_NONE,
                                    .logical_at_us = HK_TIME_NONE,
                                    .final_request_id = -1,
                                    .holds = 1};
    supervisor->sessions = session;
    supervisor->count++;
    return session;
}

static struct hk__session *job_session(struct hk_supervisor *supervisor, const struct hk_job *job)
{
    struct hk__session *session = hk__session_new(supervisor, &job->key);
    session->graph = hk_graph_ref(job->graph);
    session->task = job->task;
    session->start_at_us = job->first_start_us;
    session->logical_at_us = job->logical_at_us;
    return session;
}

/* NAME=value, each malloc'd: the bundle's and those of the lineage, and a NULL. */
struct variables {
    char *texts[8];
    size_t count;
};

static void add_text(struct variables *variables, char *text)
{
    HK_ASSERT(variables->count + 1 < sizeof variables->texts / sizeof variables->texts[0]);
    variables->texts[variables->count++] = text;
}

static void add_variable(void *arg, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *text = hk_alloc(size);
    snprintf(text, size, "%s=%s", name, value);
    add_text(arg, text);
}

/* Whoever prints its environment does not print the way in. */
static void mask_token(const struct hk_supervisor *supervisor, const struct hk_job *job,
                       const struct variables *variables)
{
    static const char name[] = "MLFLOW_TRACKING_TOKEN=";
    for (size_t i = 0; i < variables->count; i++) {
        if (strncmp(variables->texts[i], name, sizeof name - 1) == 0) {
            supervisor->options.port.mask(supervisor->options.port.context, &job->key,
                                          hk_str_from(variables->texts[i] + sizeof name - 1));
        }
    }
}

static void free_variables(struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++) {
        free(variables->texts[i]);
    }
}

static void job_start(void *context, const struct hk_job *job)
{
    struct hk_supervisor *supervisor = context;
    struct hk__session *session = job_session(supervisor, job);
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&job->key, id);
    char *bundle = hk__bundle_environment(job->graph);
    struct variables variables = {0};
    add_text(&variables, bundle);
    hk__lineage_variables(&supervisor->options.lineage, job, add_variable, &variables);
    struct hk_buf first;
    hk_buf_init(&first, HK_MAX_FRAME_BYTES);
    hk__startup_message(job, hk_clock_wall_us(supervisor->options.clock), &first);
    struct hk_python_start start = {
        .kind = HK_PYTHON_TASK,
        .key = job->key,
        .id = id,
        .dag_file = hk_graph_python_file(job->graph),
        .dag_id = job->graph->dag_id,
        .run_id = job->run_id,
        .task_id = job->task->task_id,
        .log_path = job->log_path,
        .environment = (const char *const *)variables.texts,
        .first = hk_buf_str(&first), /* execution_timeout is the SDK's own affair */
    };
    struct hk_python_session port_session = {session, session_message, session_ended};
    supervisor->options.port.start(supervisor->options.port.context, &start, &port_session);
    mask_token(supervisor, job, &variables);
    hk_buf_clear(&first);
    free_variables(&variables);
}

static void job_adopt(void *context, const struct hk_job *job, int pid)
{
    struct hk_supervisor *supervisor = context;
    (void)pid;
    struct hk__session *session = job_session(supervisor, job);
    struct hk_python_session port_session = {session, session_message, session_ended};
    supervisor->options.port.attach(supervisor->options.port.context, &job->key, &port_session);
}

static void job_stopping(void *context, const struct hk_job_key *key, const char *why)
{
    struct hk_supervisor *supervisor = context;
    for (struct hk__session *session = supervisor->sessions; session != NULL; session = session->next) {
        if (hk_job_key_eq(&session->key, key) && session->stop_reason == NULL) {
            session->stop_reason = hk_strdup(why != NULL ? why : "The task was stopped.");
        }
    }
}

struct hk_supervisor *hk_supervisor_new(const struct hk_supervisor_options *options)
{
    struct hk_supervisor *supervisor = hk_alloc(sizeof *supervisor);
    supervisor->options = *options;
    return supervisor;
}

struct hk_local_python hk_supervisor_python(struct hk_supervisor *supervisor)
{
    return (struct hk_local_python){supervisor, job_start, job_adopt, job_stopping};
}

void hk_supervisor_free(struct hk_supervisor *supervisor)
{
    if (supervisor == NULL) {
        return;
    }
    while (supervisor->sessions != NULL) {
        struct hk__session *session = supervisor->sessions;
        supervisor->sessions = session->next;
        session_free(session);
    }
    free(supervisor);
}

size_t hk_supervisor_count(const struct hk_supervisor *supervisor)
{
    return supervisor->count;
}
