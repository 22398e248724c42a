#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "tests/simulation/universe.h"

static struct sim_job *find_job(struct universe *u, const struct hk_job_key *key)
{
    for (size_t i = 0; i < u->executor.count; i++) {
        if (u->executor.jobs[i].is_used && hk_job_key_eq(&u->executor.jobs[i].key, key)) {
            return &u->executor.jobs[i];
        }
    }
    return NULL;
}

static struct sim_job *free_slot(struct universe *u)
{
    for (size_t i = 0; i < u->executor.count; i++) {
        if (!u->executor.jobs[i].is_used) {
            return &u->executor.jobs[i];
        }
    }
    HK_ASSERT(u->executor.count < MAX_JOBS);
    return &u->executor.jobs[u->executor.count++];
}

static int64_t soon(struct universe *u)
{
    return u->mono_us + (chance(u, 70) ? (int64_t)pick(u, 50) * HK_MS_US : (int64_t)pick(u, 300) * HK_SECOND_US);
}

static void plan_result(struct universe *u, struct sim_job *job, const struct hk_task *task)
{
    static const enum hk_job_outcome outcomes[] = {HK_JOB_FAILED,  HK_JOB_FAILED, HK_JOB_FAILED_FINAL,
                                                   HK_JOB_SKIPPED, HK_JOB_LOST,   HK_JOB_RESCHEDULED,
                                                   HK_JOB_RETRY_AT};
    job->result = (struct hk_job_result){.outcome = chance(u, 60) ? HK_JOB_SUCCEEDED : outcomes[pick(u, 7)],
                                         .retry_at_us = u->wall_us + (int64_t)pick(u, 900) * HK_SECOND_US};
    job->result.xcom_json = chance(u, 20) ? HK_STR("1") : (struct hk_str){NULL, 0};
    job->skip_task = UINT32_MAX;
    if (task->can_skip_downstream && task->downstream_count > 0 && chance(u, 60)) {
        job->skip_task = task->downstream[pick(u, task->downstream_count)];
        snprintf(job->skip_id, sizeof job->skip_id, "t%u", job->skip_task);
    }
}

static void on_start(void *context, const struct hk_job *job)
{
    struct universe *u = context;
    note(u, "start run %" PRId64 " task %u start %u", job->key.run, job->key.task, job->key.try_number);
    u->executor.starts++;
    if (!u->executor.is_ready) {
        broken(u, "a job was started before recovery was answered");
    }
    check_start(u, job);
    uint32_t alive = 0;
    for (size_t i = 0; i < u->executor.count; i++) {
        struct sim_job *other = &u->executor.jobs[i];
        alive += other->is_used && other->is_alive;
        if (other->is_used && other->is_alive && other->key.run == job->key.run && other->key.task == job->key.task) {
            broken(u, "task %u of run %" PRId64 " runs twice at once", job->key.task, job->key.run);
        }
    }
    uint32_t room = u->executor.parallelism + (job->task->runner == HK_RUNNER_COMMAND ? u->executor.ahead : 0);
    if (alive >= room) {
        broken(u, "the executor has room for %u jobs and got one more", room);
    }
    struct sim_job *slot = free_slot(u);
    *slot = (struct sim_job){.key = job->key, .is_used = true, .is_alive = true, .next_us = soon(u)};
    slot->was_started = chance(u, 10); /* then the engine never hears of it */
    plan_result(u, slot, job->task);
}

static void on_stop(void *context, const struct hk_job_key *key, const char *why)
{
    struct universe *u = context;
    struct sim_job *job = find_job(u, key);
    note(u, "stop run %" PRId64 " task %u: %s", key->run, key->task, why);
    if (job != NULL && job->is_alive) {
        job->result.outcome = chance(u, 70) ? HK_JOB_STOPPED : job->result.outcome;
        job->next_us = u->mono_us + (int64_t)pick(u, 6000) * HK_MS_US;
        job->was_started = true;
    }
}

static void on_recover(void *context, const struct hk_job *jobs, size_t count,
                       void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    struct universe *u = context;
    struct sim_executor *e = &u->executor;
    free(e->answers);
    e->answers = hk_alloc_array(count, sizeof *e->answers);
    for (size_t i = 0; i < e->count; i++) {
        bool is_wanted = false;
        for (size_t k = 0; k < count; k++) {
            is_wanted = is_wanted || hk_job_key_eq(&e->jobs[i].key, &jobs[k].key);
        }
        e->jobs[i].is_used = e->jobs[i].is_used && is_wanted; /* what nobody asks for is killed */
    }
    for (size_t k = 0; k < count; k++) {
        struct sim_job *job = find_job(u, &jobs[k].key);
        e->answers[k] = job != NULL ? HK_JOB_ALIVE : HK_JOB_UNKNOWN;
        if (job != NULL) {
            job->next_us = soon(u);
        }
    }
    e->answer_count = count;
    e->answer = done;
    e->answer_arg = arg;
    e->wants_answer = true;
    e->answer_us = soon(u);
}

struct hk_executor executor_face(struct universe *u)
{
    return (struct hk_executor){.context = u,
                                .start = on_start,
                                .stop = on_stop,
                                .recover = on_recover,
                                .parallelism = u->executor.parallelism,
                                .ahead = u->executor.ahead};
}

void executor_forget(struct universe *u)
{
    u->executor.is_ready = false;
    u->executor.wants_answer = false;
}

void executor_die(struct universe *u)
{
    note(u, "the executor died, too");
    for (size_t i = 0; i < u->executor.count; i++) {
        u->executor.jobs[i].is_used = false;
    }
}

int64_t executor_next_us(const struct universe *u)
{
    const struct sim_executor *e = &u->executor;
    int64_t next = e->wants_answer ? e->answer_us : HK_TIME_NONE;
    for (size_t i = 0; i < e->count && e->is_ready; i++) {
        int64_t at = e->jobs[i].next_us;
        if (e->jobs[i].is_used && at != HK_TIME_NONE && (next == HK_TIME_NONE || at < next)) {
            next = at;
        }
    }
    return next;
}

struct ack {
    struct universe *u;
    struct hk_job_key key;
};

/* Acks live as long as the universe: those of a dead engine never come. */
static void on_committed(void *arg)
{
    struct ack *ack = arg;
    struct sim_job *job = find_job(ack->u, &ack->key);
    if (job != NULL) {
        job->is_used = false;
    }
}

static struct ack *new_ack(struct universe *u, const struct hk_job_key *key)
{
    static struct ack acks[65536];
    static size_t next;
    struct ack *ack = &acks[next++ % (sizeof acks / sizeof acks[0])];
    *ack = (struct ack){u, *key};
    return ack;
}

static void on_skipped(void *arg, const struct hk_error *err)
{
    (void)arg;
    (void)err;
}

/* The task of a job whose result is awaited; NULL: nobody waits for it any more. */
static const struct hk_ti *awaited(const struct universe *u, const struct hk_job_key *key, const struct hk_run **run)
{
    const struct hk_model *m = hk_scheduler_model(u->scheduler);
    for (size_t d = 0; d < m->dag_count; d++) {
        for (size_t i = 0; i < m->dags[d]->run_count; i++) {
            *run = m->dags[d]->runs[i];
            if ((*run)->run_key == key->run && (*run)->tasks != NULL) {
                const struct hk_ti *ti = &(*run)->tasks[key->task];
                bool is_waiting = ti->is_dispatched && ti->starts == key->try_number;
                return is_waiting && (ti->state == HK_TASK_QUEUED || ti->state == HK_TASK_RUNNING) ? ti : NULL;
            }
        }
    }
    return NULL;
}

/* Of a DAG that fails fast: what could still go on after a failure, teardowns excepted. */
static void check_stopped(struct universe *u, const struct hk_run *run)
{
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        if (!run->graph->tasks[t].is_teardown && !hk_task_state_is_finished(run->tasks[t].state)) {
            broken(u, "run %" PRId64 " fails fast, and task %u is still %s", run->run_key, t,
                   hk_task_state_name(run->tasks[t].state));
        }
    }
}

/* A task that fails is tried again as often as its author said: no more, no less. */
static void finish_failed(struct universe *u, const struct hk_job_key *key, const struct hk_job_result *result,
                          const struct hk_executor_host *host)
{
    const struct hk_run *run = NULL;
    const struct hk_ti *ti = awaited(u, key, &run);
    bool may_retry = result->outcome == HK_JOB_FAILED || result->outcome == HK_JOB_RETRY_AT;
    bool has_more = ti != NULL && may_retry && ti->try_number <= run->graph->tasks[key->task].retries;
    host->finished(host->context, key, result, on_committed, new_ack(u, key));
    if (ti != NULL && !is_meddled(u, key->run) && ti->state != (has_more ? HK_TASK_UP_FOR_RETRY : HK_TASK_FAILED)) {
        broken(u, "task %u of run %" PRId64 " failed in try %u and is %s", key->task, key->run, ti->try_number,
               hk_task_state_name(ti->state));
    }
    if (ti != NULL && ti->state == HK_TASK_FAILED && run->graph->is_fail_fast) {
        check_stopped(u, run);
    }
}

static void report_end(struct universe *u, struct sim_job *job, const struct hk_executor_host *host)
{
    job->is_alive = false;
    if (!job->has_result) {
        job->result.ended_at_us = u->wall_us;
    }
    job->has_result = true;
    job->next_us = HK_TIME_NONE;
    note(u, "end run %" PRId64 " task %u start %u outcome %d", job->key.run, job->key.task, job->key.try_number,
         (int)job->result.outcome);
    struct hk_job_key key = job->key;
    struct hk_job_result result = job->result;
    bool has_failed =
        result.outcome == HK_JOB_FAILED || result.outcome == HK_JOB_FAILED_FINAL || result.outcome == HK_JOB_RETRY_AT;
    if (has_failed) {
        finish_failed(u, &key, &result, host);
    } else {
        host->finished(host->context, &key, &result, on_committed, new_ack(u, &key));
    }
    if (!u->is_quiet && chance(u, 10)) { /* said twice */
        host->finished(host->context, &key, &result, on_committed, new_ack(u, &key));
    }
}

static void act_on(struct universe *u, struct sim_job *job)
{
    struct hk_executor_host host = hk_scheduler_host(u->scheduler);
    struct hk_job_key key = job->key;
    if (!job->was_started) {
        job->was_started = true;
        job->next_us =
            u->mono_us + (chance(u, 50) ? (int64_t)pick(u, 60) * HK_SECOND_US : (int64_t)pick(u, 20) * HK_MINUTE_US);
        host.started(host.context, &key, u->wall_us, (int)(key.task + 1));
    } else if (job->skip_task != UINT32_MAX && !job->has_skipped && job->is_alive) {
        job->has_skipped = true;
        job->next_us = u->mono_us + HK_MS_US;
        struct hk_job_skip skip = {job->skip_id, -1};
        host.skip(host.context, &key, &skip, 1, on_skipped, NULL);
    } else {
        report_end(u, job, &host);
    }
}

bool executor_act(struct universe *u)
{
    struct sim_executor *e = &u->executor;
    if (e->wants_answer && e->answer_us <= u->mono_us) {
        e->wants_answer = false;
        e->is_ready = true;
        e->answer(e->answer_arg, e->answers, e->answer_count);
        return true;
    }
    for (size_t i = 0; i < e->count && e->is_ready; i++) {
        struct sim_job *job = &e->jobs[i];
        if (job->is_used && job->next_us != HK_TIME_NONE && job->next_us <= u->mono_us) {
            act_on(u, job);
            return true;
        }
    }
    return false;
}
