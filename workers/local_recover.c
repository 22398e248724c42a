/* After a restart of the engine: ask the shim what it has, or, when there is none, end what is left and look into its
 * last notes. Until the scheduler has its answers nothing is reported (frames are held). */
#include <signal.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "workers/local_internal.h"
#include "workers/shim_exits.h"

struct local_recovery {
    struct hk_arena arena;
    struct hk_job *jobs; /* copies, each with a reference on its graph */
    int *pids;
    enum hk_job_recovery *answers;
    size_t count;
    size_t doomed;
    bool is_listed;
    bool is_foreign; /* the shim speaks another version: it is told to end */
    void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count);
    void *arg;
};

static void copy_job(struct hk_arena *arena, struct hk_job *to, const struct hk_job *from)
{
    *to = *from;
    to->graph = hk_graph_ref(from->graph);
    to->run_id = hk_arena_strdup(arena, from->run_id);
    to->run_type = hk_arena_strdup(arena, from->run_type);
    to->run_state = hk_arena_strdup(arena, from->run_state);
    to->conf_json = hk_arena_strdup(arena, from->conf_json);
    to->triggering_user = hk_arena_strdup(arena, from->triggering_user);
    to->note = hk_arena_strdup(arena, from->note);
    to->version_id = hk_arena_strdup(arena, from->version_id);
    to->log_path = hk_arena_strdup(arena, from->log_path);
}

static void free_recovery(struct local_recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        hk_graph_unref((struct hk_graph *)(uintptr_t)r->jobs[i].graph);
    }
    hk_arena_clear(&r->arena);
    free(r);
}

void local_recover_free(struct hk_local *local)
{
    if (local->recovery != NULL) {
        free_recovery(local->recovery);
        local->recovery = NULL;
    }
}

static void finish(struct hk_local *local)
{
    struct local_recovery *r = local->recovery;
    uv_timer_stop(&local->guard);
    local->recovery = NULL;
    local_replay_pending(local); /* what was begun meanwhile */
    r->done(r->arg, r->answers, r->count);
    for (size_t i = 0; i < r->count && !local->is_freed; i++) {
        struct local_job *job = local_job_find(local, &r->jobs[i].key);
        if (job != NULL && job->is_adopted && job->kind == HK_SHIM_TASK) {
            local->python.adopt(local->python.context, &r->jobs[i], r->pids[i]);
        }
    }
    free_recovery(r);
    local_deliver_late(local);
}

/* Whether this job's result, or the job itself, can be taken over. */
static struct local_job *take_over(struct hk_local *local, size_t i, enum hk_shim_kind kind)
{
    struct local_recovery *r = local->recovery;
    const struct hk_job *from = &r->jobs[i];
    enum hk_shim_kind expected = from->task->runner == HK_RUNNER_PYTHON ? HK_SHIM_TASK : HK_SHIM_COMMAND;
    if (kind != expected || (kind == HK_SHIM_TASK && !local->has_python) || local_job_find(local, &from->key) != NULL) {
        return NULL;
    }
    struct hk_error err;
    struct local_job *job = local_job_add(local, &from->key, kind);
    if (kind == HK_SHIM_COMMAND && !local_command_read(job, from, &err)) {
        local_job_remove(job);
        return NULL;
    }
    job->is_sent = true;
    job->is_adopted = true;
    r->answers[i] = HK_JOB_ALIVE;
    return job;
}

static bool find_index(const struct local_recovery *r, const struct hk_job_key *key, size_t *index)
{
    for (size_t i = 0; i < r->count; i++) {
        if (hk_job_key_eq(&r->jobs[i].key, key)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void on_listed_job(struct hk_local *local, const struct hk_shim_message *m)
{
    struct local_recovery *r = local->recovery;
    size_t i;
    struct local_job *job = find_index(r, &m->key, &i) ? take_over(local, i, m->job.kind) : NULL;
    if (job == NULL) {
        job = local_job_add(local, &m->key, m->job.kind);
        job->state = LOCAL_DOOMED;
        r->doomed++;
        return;
    }
    r->pids[i] = m->job.pid;
    if (m->job.pid > 0) { /* the earlier engine may have died before it wrote this down */
        struct hk_shim_message started = *m;
        started.type = HK_SHIM_STARTED;
        local_job_message(local, &started);
    }
}

static void end_doomed(struct hk_local *local)
{
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        for (struct local_job *job = local->buckets[i]; job != NULL; job = job->next) {
            if (job->state == LOCAL_DOOMED) {
                local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_STOP, .key = job->key});
            }
        }
    }
}

void local_recover_message(struct hk_local *local, const struct hk_shim_message *m)
{
    struct local_recovery *r = local->recovery;
    if (r->is_foreign || r->is_listed) {
        return;
    }
    if (m->type == HK_SHIM_WELCOME && m->welcome.version != HK_SHIM_VERSION) {
        hk_log(HK_WARN, "local", "the running shim is of another version; it is ended with its tasks",
               HK_KEY_INT("version", m->welcome.version));
        r->is_foreign = true;
        local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_SHUTDOWN});
        uv_timer_start(&local->guard, local->on_guard, LOCAL_END_MS, 0);
    } else if (m->type == HK_SHIM_JOB) {
        on_listed_job(local, m);
    } else if (m->type == HK_SHIM_JOBS_END) {
        uv_timer_stop(&local->guard);
        r->is_listed = true;
        end_doomed(local);
        if (r->doomed == 0) {
            finish(local);
        }
    }
}

void local_recover_doomed_ended(struct local_job *job)
{
    struct hk_local *local = job->local;
    local_tell(local, &(struct hk_shim_message){.type = HK_SHIM_FORGET, .key = job->key});
    local_job_remove(job);
    if (local->recovery != NULL && --local->recovery->doomed == 0 && local->recovery->is_listed) {
        finish(local);
    }
}

static void cleaned(struct hk_local *local, const struct hk_buf *exits)
{
    struct local_recovery *r = local->recovery;
    struct hk_shim_message m;
    size_t at = 0;
    bool has_any = false;
    while (hk_shim_exits_next(exits, &at, &m)) {
        size_t i;
        bool is_result = !m.ended.is_stopped && !m.ended.is_lost;
        if (!find_index(r, &m.key, &i) || !is_result || r->jobs[i].task->runner != HK_RUNNER_COMMAND) {
            continue;
        }
        if (take_over(local, i, HK_SHIM_COMMAND) != NULL) {
            local_job_message(local, &m);
            has_any = true;
        }
    }
    if (!has_any) {
        local_drop_exits(local); /* nobody asks for these any more */
    }
    finish(local);
}

void local_recover_lost(struct hk_local *local)
{
    struct local_recovery *r = local->recovery;
    for (size_t i = 0; i < LOCAL_BUCKETS; i++) {
        struct local_job *next;
        for (struct local_job *job = local->buckets[i]; job != NULL; job = next) {
            next = job->next;
            if (job->is_adopted || job->state == LOCAL_DOOMED) { /* what was begun meanwhile waits for the next shim */
                local_job_remove(job);
            }
        }
    }
    for (size_t i = 0; i < r->count; i++) {
        r->answers[i] = HK_JOB_UNKNOWN;
    }
    r->doomed = 0;
    local_clean(local, cleaned);
}

void local_recover(struct hk_local *local, const struct hk_job *jobs, size_t count,
                   void (*done)(void *arg, const enum hk_job_recovery *answers, size_t count), void *arg)
{
    HK_ASSERT(local->recovery == NULL && local->link == LINK_NONE);
    struct local_recovery *r = hk_alloc(sizeof *r);
    hk_arena_init(&r->arena);
    r->count = count;
    r->jobs = hk_arena_array(&r->arena, count + 1, sizeof *r->jobs);
    r->pids = hk_arena_array(&r->arena, count + 1, sizeof *r->pids);
    r->answers = hk_arena_array(&r->arena, count + 1, sizeof *r->answers);
    for (size_t i = 0; i < count; i++) {
        copy_job(&r->arena, &r->jobs[i], &jobs[i]);
        r->answers[i] = HK_JOB_UNKNOWN;
    }
    r->done = done;
    r->arg = arg;
    local->recovery = r;
    if (local_connect(local)) {
        uv_timer_start(&local->guard, local->on_guard, LOCAL_ANSWER_MS, 0);
    } else {
        local_clean(local, cleaned);
    }
}
