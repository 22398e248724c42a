/* Who may run now. The engine hands over more commands than there are slots, so that the next one begins the moment a
 * slot is free, and not after the news of it has gone to the engine and back. First come, first served: the order is
 * the scheduler's. */
#include "engine/base/alloc.h"
#include "workers/shim_internal.h"

static void begin(struct shim_job *job, const struct hk_shim_start *start)
{
    job->holds_slot = start->slots > 0;
    job->shim->slots_used += job->holds_slot;
    shim_job_begin(job, start);
}

void shim_turn_ask(struct shim_job *job, const struct hk_shim_start *start)
{
    struct shim *shim = job->shim;
    if (start->slots == 0 || (shim->turn_first == NULL && shim->slots_used < start->slots)) {
        begin(job, start);
        return;
    }
    hk_shim_encode(&job->turn, &(struct hk_shim_message){.type = HK_SHIM_START, .key = job->key, .start = *start});
    *(shim->turn_first != NULL ? &shim->turn_last->turn_next : &shim->turn_first) = job;
    shim->turn_last = job;
    shim->turn_count++;
}

static void leave_queue(struct shim *shim, struct shim_job *job)
{
    struct shim_job *before = NULL;
    for (struct shim_job *at = shim->turn_first; at != job; at = at->turn_next) {
        before = at;
    }
    *(before != NULL ? &before->turn_next : &shim->turn_first) = job->turn_next;
    if (shim->turn_last == job) {
        shim->turn_last = before;
    }
    shim->turn_count--;
}

bool shim_turn_is_far(const struct shim *shim)
{
    return shim->turn_count > shim->slots_used && !shim->is_ending;
}

static void take_turns(struct shim *shim)
{
    if (shim->is_taking_turns) {
        return; /* one that cannot be started ends here as well */
    }
    shim->is_taking_turns = true;
    while (shim->turn_first != NULL && !shim->is_ending) {
        struct shim_job *job = shim->turn_first;
        struct hk_shim_message m;
        struct hk_error err;
        size_t used;
        HK_ASSERT(hk_shim_decode(hk_buf_str(&job->turn), &m, &used, &err) == HK_SHIM_FRAME);
        if (shim->slots_used >= m.start.slots) {
            break;
        }
        leave_queue(shim, job);
        struct hk_buf frame = job->turn; /* m points into it; the job may be gone at the end */
        hk_buf_init(&job->turn, 0);
        begin(job, &m.start);
        hk_buf_clear(&frame);
    }
    shim->is_taking_turns = false;
}

void shim_turn_over(struct shim_job *job)
{
    struct shim *shim = job->shim;
    if (job->turn.len > 0) {
        leave_queue(shim, job);
        hk_buf_clear(&job->turn);
    }
    if (job->holds_slot) {
        job->holds_slot = false;
        shim->slots_used--;
        take_turns(shim);
    }
}
