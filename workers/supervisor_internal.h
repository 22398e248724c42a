/* What the files of the supervisor share. A session is one process; it lives until the process has ended, its result is
 * committed and no answer is outstanding (`holds` counts the reasons). */
#ifndef HK_WORKERS_SUPERVISOR_INTERNAL_H
#define HK_WORKERS_SUPERVISOR_INTERNAL_H

#include "workers/sdk_message.h"
#include "workers/supervisor.h"

struct hk__session {
    struct hk_supervisor *supervisor;
    struct hk__session *next;
    struct hk_job_key key;
    struct hk_graph *graph; /* own reference; NULL when parsing */
    const struct hk_task *task;
    char *rendered_map_index;
    char *stop_reason;   /* NULL: nobody asked for its end */
    int64_t start_at_us; /* of the first poke, for GetTaskRescheduleStartDate; HK_TIME_NONE: none */
    int64_t logical_at_us;
    bool is_parse; /* workers/parser.c: no task, no graph, fewer requests */
    bool is_ended;
    bool is_finished; /* host.finished was called */
    bool is_committed;
    bool is_forgotten; /* port.forget was called */
    int exit_code;
    int64_t final_request_id; /* the last word waits for the commit with its answer; -1: no */
    uint32_t holds;
};

struct hk_supervisor {
    struct hk_supervisor_options options;
    struct hk__session *sessions;
    size_t count;
};

/* One request on its way. Freed by hk__request_answer and its kin, which may be called on this turn or later. */
struct hk__request {
    struct hk__session *session;
    int64_t id;
    json_t *body;
    const char *type; /* in body */
};

/* supervisor_startup.c: the first message, as msgpack, appended to out. */
void hk__startup_message(const struct hk_job *job, int64_t started_at_us, struct hk_buf *out);
/* NAME=value that tells the SDK where the bundle's files are; free() it. */
char *hk__bundle_environment(const struct hk_graph *graph);
const char *hk__relative_file(const struct hk_graph *graph);

/* supervisor_request.c: takes over body. */
void hk__request_handle(struct hk__session *session, int64_t id, json_t *body);
void hk__request_answer(struct hk__request *request, json_t *body); /* takes over body; NULL: nil */
void hk__request_error(struct hk__request *request, const char *error_type,
                       const char *sentence); /* raised in the task */
/* A body {"type": "ErrorResponse", error, detail}: for what the SDK expects to be absent. Takes over detail. */
void hk__request_absent(struct hk__request *request, const char *error_type, json_t *detail);
void hk__request_failed(struct hk__request *request, const struct hk_error *err);
void hk__session_reply(struct hk__session *session, int64_t id, const json_t *body, const json_t *error);

/* supervisor_query.c */
void hk__request_xcom(struct hk__request *request);
void hk__request_xcom_set(struct hk__request *request);
void hk__request_xcom_delete(struct hk__request *request);
void hk__request_variable(struct hk__request *request);
void hk__request_variable_set(struct hk__request *request);
void hk__request_variable_delete(struct hk__request *request);
void hk__request_variable_keys(struct hk__request *request);
void hk__request_connection(struct hk__request *request);
void hk__request_run(struct hk__request *request);
void hk__request_run_state(struct hk__request *request);
void hk__request_previous_run(struct hk__request *request);
void hk__request_previous_success(struct hk__request *request);
void hk__request_filtered(struct hk__request *request);
void hk__request_xcom_items(struct hk__request *request);
void hk__request_rendered(struct hk__request *request);
void hk__request_breadcrumbs(struct hk__request *request);
void hk__request_previous_task(struct hk__request *request);
void hk__request_dag(struct hk__request *request);

/* supervisor_request.c, answers that need nobody */
void hk__request_ok(struct hk__request *request);
void hk__request_reschedule_start(struct hk__request *request);
void hk__request_inlets(struct hk__request *request);
void hk__request_map_label(struct hk__request *request);

/* supervisor_mask.c */
void hk__request_mask(struct hk__request *request);

/* supervisor_final.c */
void hk__request_final(struct hk__request *request);
void hk__request_refused_final(struct hk__request *request);
void hk__request_trigger(struct hk__request *request);
void hk__request_skip(struct hk__request *request);

/* supervisor.c */
/* A session with one hold, which whoever hears of the process's end gives back. */
struct hk__session *hk__session_new(struct hk_supervisor *supervisor, const struct hk_job_key *key);
void hk__session_message(struct hk__session *session, struct hk_str payload);
void hk__session_release(struct hk__session *session);
void hk__session_finish(struct hk__session *session, struct hk_job_result *result);
void hk__session_committed(void *arg);

#endif
