/* The scheduler towards the executor: jobs out, results in. */
#include "scheduler/scheduler_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "scheduler/retry.h"

void hk__fill_job(const struct hk_run *run, uint32_t task, char *log_path, size_t log_path_size, struct hk_job *job)
{
    const struct hk_ti *ti = &run->tasks[task];
    const struct hk_task *t = &run->graph->tasks[task];
    snprintf(log_path, log_path_size, "dag_id=%s/run_id=%s/task_id=%s/attempt=%u.log", run->dag->dag_id, run->run_id,
             t->task_id, ti->try_number);
    *job = (struct hk_job){
        .key = {.run = run->run_key, .task = task, .map_index = -1, .try_number = ti->starts},
        .graph = run->graph,
        .task = t,
        .run_id = run->run_id,
        .run_type = run->run_type,
        .run_state = hk_run_state_name(run->state),
        .conf_json = run->conf_json,
        .triggering_user = run->triggering_user,
        .note = run->note,
        .version_id = run->version_id,
        .asset_events_json = run->asset_events,
        .logical_at_us = run->logical_us,
        .interval_start_us = run->interval_start_us,
        .interval_end_us = run->interval_end_us,
        .run_after_us = run->run_after_us,
        .run_start_us = run->start_us,
        .clear_number = run->clear_number,
        .shown_try = ti->try_number,
        .max_tries = ti->max_tries,
        .should_retry = t->retries > 0 && ti->try_number <= ti->max_tries,
        .first_start_us = ti->first_start_us,
        .log_path = log_path,
    };
}

enum { SPARE_WITHIN_US = 1000000 };

/* What is chosen early fills a slot that comes free without waiting for a commit, or for the news to reach the engine;
 * but it also goes before what becomes ready later, however important that is. So as many as jobs have ended within the
 * last second: each of them begins about that soon. Where jobs take minutes, nothing is chosen early. */
uint32_t hk__spare(const struct hk_scheduler *s)
{
    int64_t since_us = hk__now(s) - SPARE_WITHIN_US;
    uint32_t n = 0;
    while (n < HK__SPARE_MAX && n < s->ended_count &&
           s->ended_us[(s->ended_count - 1 - n) % HK__SPARE_MAX] > since_us) {
        n++;
    }
    return n;
}

/* How many jobs the executor has room for. A Python task is told its start time when it is handed over, so only
 * commands are handed over ahead of their turn. */
static uint32_t room_for(const struct hk_scheduler *s, const struct hk_task *task, uint32_t spare)
{
    uint32_t ahead = spare < s->executor.ahead ? spare : s->executor.ahead;
    return s->executor.parallelism + (task->runner == HK_RUNNER_COMMAND ? ahead : 0);
}

/* The oldest entries of the backlog first; those not committed yet end the walk, since commits come in order. */
void hk__dispatch(struct hk_scheduler *s)
{
    struct hk_model *m = &s->model;
    uint32_t spare = hk__spare(s);
    while (s->backlog_head < m->backlog_len && s->is_started && !s->is_stopping) {
        struct hk_run *run = m->backlog_runs[s->backlog_head];
        uint32_t task = m->backlog_tasks[s->backlog_head];
        struct hk_ti *ti = &run->tasks[task];
        bool is_stale = ti->state != HK_TASK_QUEUED || ti->is_dispatched;
        if (!is_stale && (!ti->is_committed || s->dispatched >= room_for(s, &run->graph->tasks[task], spare))) {
            break;
        }
        s->backlog_head++;
        run->backlog_count--;
        if (is_stale) {
            hk_model_run_touch(m, run); /* it may have waited for this to leave memory */
            continue;
        }
        hk_model_task_dispatched(run, task, true);
        s->dispatched++;
        char log_path[1024];
        struct hk_job job;
        hk__fill_job(run, task, log_path, sizeof log_path, &job);
        s->executor.start(s->executor.context, &job);
    }
    if (s->backlog_head == m->backlog_len) {
        s->backlog_head = 0;
        m->backlog_len = 0;
    } else if (s->backlog_head > 1024 && s->backlog_head * 2 > m->backlog_len) {
        size_t left = m->backlog_len - s->backlog_head;
        memmove(m->backlog_runs, m->backlog_runs + s->backlog_head, left * sizeof(struct hk_run *));
        memmove(m->backlog_tasks, m->backlog_tasks + s->backlog_head, left * sizeof *m->backlog_tasks);
        m->backlog_len = left;
        s->backlog_head = 0;
    }
}

void hk__stop_job(void *context, struct hk_run *run, uint32_t task, const char *why)
{
    struct hk_scheduler *s = context;
    struct hk_job_key key = {run->run_key, task, -1, run->tasks[task].starts};
    hk_array_grow((void **)&s->stops, &s->stop_cap, s->stop_count + 1, sizeof *s->stops);
    s->stops[s->stop_count++] = (struct hk__stop){key, why};
    hk__wake(s);
}

/* The run and task of a key the executor speaks of; NULL when that try is no longer of interest. */
static struct hk_run *find_job(struct hk_scheduler *s, const struct hk_job_key *key)
{
    struct hk_run *run = hk_model_run(&s->model, key->run);
    if (run == NULL || run->tasks == NULL || key->task >= run->graph->task_count) {
        return NULL;
    }
    const struct hk_ti *ti = &run->tasks[key->task];
    return ti->is_dispatched && ti->starts == key->try_number ? run : NULL;
}

void hk__send_stops(struct hk_scheduler *s, const struct hk__stop *stops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (find_job(s, &stops[i].key) != NULL) { /* else it has ended by itself */
            s->executor.stop(s->executor.context, &stops[i].key, stops[i].why);
        }
    }
}

static void host_started(void *context, const struct hk_job_key *key, int64_t started_at_us, int pid)
{
    struct hk_scheduler *s = context;
    struct hk_run *run = find_job(s, key);
    if (run == NULL) {
        return;
    }
    run->tasks[key->task].pid = pid;
    hk_model_task_event(&s->model, run, key->task, HK_TASK_ON_START, started_at_us);
    hk__wake(s);
}

/* Airflow's fail_stop: the first failure ends what has not finished. */
static void fail_fast(struct hk_scheduler *s, struct hk_run *run, uint32_t failed, int64_t now_us)
{
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        enum hk_task_state state = run->tasks[t].state;
        if (t == failed || hk_task_state_is_finished(state) || run->graph->tasks[t].is_teardown) {
            continue;
        }
        bool is_running = state == HK_TASK_RUNNING;
        hk_model_task_event(&s->model, run, t, is_running ? HK_TASK_ON_SET_FAILED : HK_TASK_ON_SET_SKIPPED, now_us);
    }
}

static void fail_task(struct hk_scheduler *s, struct hk_run *run, uint32_t task, const struct hk_job_result *result,
                      bool may_retry)
{
    struct hk_ti *ti = &run->tasks[task];
    const struct hk_task *t = &run->graph->tasks[task];
    if (may_retry && t->retries > 0 && ti->try_number <= ti->max_tries) {
        struct hk_retry retry = {run->dag->dag_id, run->logical_us, ti->try_number, result->ended_at_us};
        ti->retry_us = result->outcome == HK_JOB_RETRY_AT ? result->retry_at_us : hk_retry_at_us(t, &retry);
        hk_model_task_event(&s->model, run, task, HK_TASK_ON_RETRY, result->ended_at_us);
        return;
    }
    bool moved = hk_model_task_event(&s->model, run, task, HK_TASK_ON_FAIL, result->ended_at_us);
    if (moved && ti->state == HK_TASK_FAILED && run->graph->is_fail_fast) {
        fail_fast(s, run, task, result->ended_at_us);
    }
}

void hk__take_xcom(struct hk_scheduler *s, const struct hk_run *run, uint32_t task, struct hk_str value)
{
    if (value.len == 0) {
        return;
    }
    hk_array_grow((void **)&s->xcoms, &s->xcom_cap, s->xcom_count + 1, sizeof *s->xcoms);
    s->xcoms[s->xcom_count++] = (struct hk__xcom){.run_key = run->run_key,
                                                  .task_id = hk_strdup(run->graph->tasks[task].task_id),
                                                  .map_index = -1,
                                                  .value = hk_strndup(value.data, value.len),
                                                  .value_len = value.len};
}

static void take_result(struct hk_scheduler *s, struct hk_run *run, uint32_t task, const struct hk_job_result *result)
{
    struct hk_model *m = &s->model;
    struct hk_ti *ti = &run->tasks[task];
    ti->exit_code = result->exit_code;
    switch (result->outcome) {
    case HK_JOB_SUCCEEDED:
        if (ti->state != HK_TASK_RESTARTING) {
            hk__take_xcom(s, run, task, result->xcom_json);
        }
        if (hk_model_task_event(m, run, task, HK_TASK_ON_SUCCEED, result->ended_at_us) &&
            ti->state == HK_TASK_SUCCESS) {
            hk__take_outlets(s, run, task, result);
        }
        break;
    case HK_JOB_FAILED:
    case HK_JOB_RETRY_AT:
        fail_task(s, run, task, result, true);
        break;
    case HK_JOB_FAILED_FINAL:
        fail_task(s, run, task, result, false);
        break;
    case HK_JOB_SKIPPED:
        hk_model_task_event(m, run, task, HK_TASK_ON_SKIP, result->ended_at_us);
        break;
    case HK_JOB_RESCHEDULED:
        ti->retry_us = result->retry_at_us;
        hk_model_task_event(m, run, task, HK_TASK_ON_RESCHEDULE, result->ended_at_us);
        break;
    case HK_JOB_LOST:
    case HK_JOB_STOPPED:
        hk_model_task_event(m, run, task, HK_TASK_ON_LOST, result->ended_at_us);
        break;
    }
    hk_log(HK_INFO, "scheduler", "task ended", HK_KEY("dag", run->dag->dag_id), HK_KEY("run", run->run_id),
           HK_KEY("task", run->graph->tasks[task].task_id), HK_KEY_INT("try", ti->try_number),
           HK_KEY("state", hk_task_state_name(ti->state)), HK_KEY_INT("exit_code", result->exit_code));
}

static void host_finished(void *context, const struct hk_job_key *key, const struct hk_job_result *result,
                          void (*committed)(void *arg), void *arg)
{
    struct hk_scheduler *s = context;
    struct hk_run *run = find_job(s, key);
    if (run != NULL) {
        s->dispatched--;
        s->ended_us[s->ended_count++ % HK__SPARE_MAX] = hk__now(s);
        hk_model_task_dispatched(run, key->task, false);
        if (hk_task_state_holds_slot(run->tasks[key->task].state)) {
            take_result(s, run, key->task, result);
        } /* else a person has set or cleared it meanwhile: that stands */
        hk_model_task_touch(&s->model, run, key->task);
    }
    if (committed != NULL) {
        hk__ack_add(s, (struct hk__ack){.plain = committed, .arg = arg});
    }
    hk__wake(s);
}

static void host_skip(void *context, const struct hk_job_key *key, const struct hk_job_skip *tasks, size_t count,
                      void (*done)(void *arg, const struct hk_error *err_or_null), void *arg)
{
    struct hk_scheduler *s = context;
    struct hk_run *run = find_job(s, key);
    for (size_t i = 0; i < count && run != NULL; i++) {
        const struct hk_task *task = hk_graph_find_task(run->graph, hk_str_from(tasks[i].task_id));
        if (task != NULL) {
            hk_model_skip(run, key->task, task->index);
        }
        if (task != NULL && run->tasks[task->index].state == HK_TASK_NONE) {
            hk_model_task_event(&s->model, run, task->index, HK_TASK_ON_SKIP, hk__now(s));
        }
    }
    hk__ack_add(s, (struct hk__ack){.call = done, .arg = arg});
}

static void host_trigger(void *context, const struct hk_job_key *key, const struct hk_trigger_request *request,
                         void (*done)(void *arg, const struct hk_error *err_or_null), void *arg)
{
    const struct hk_run *run = find_job(context, key);
    struct hk_trigger_request inherited = *request;
    inherited.user = request->user == NULL && run != NULL ? run->triggering_user : request->user;
    hk_scheduler_trigger(context, &inherited, NULL, (struct hk_command_done){done, arg});
}

static void host_reset(void *context, const char *dag_id, const char *run_id,
                       void (*done)(void *arg, const struct hk_error *err_or_null), void *arg)
{
    struct hk_clear_request request = {.dag_id = dag_id, .run_id = run_id};
    hk_scheduler_clear(context, &request, (struct hk_command_done){done, arg});
}

struct hk_executor_host hk_scheduler_host(struct hk_scheduler *s)
{
    return (struct hk_executor_host){s, host_started, host_finished, host_skip, host_trigger, host_reset};
}
