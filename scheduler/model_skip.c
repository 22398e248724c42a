/* What branches and short circuits have decided to skip: for each task a list of the tasks before it that said so. */
#include "scheduler/model_internal.h"

#include "engine/base/alloc.h"

/* The link that leads to the decider's entry, or the last one. */
static uint32_t *find(struct hk_run *run, uint32_t decider, uint32_t task)
{
    uint32_t *at = &run->tasks[task].skip;
    while (*at != 0 && run->skips[*at - 1].decider != decider) {
        at = &run->skips[*at - 1].next;
    }
    return at;
}

static uint32_t new_entry(struct hk_run *run)
{
    uint32_t entry = run->free_skip;
    if (entry != 0) {
        run->free_skip = run->skips[entry - 1].next;
        return entry;
    }
    hk_array_grow((void **)&run->skips, &run->skip_cap, run->skip_count + 1, sizeof *run->skips);
    return (uint32_t)++run->skip_count;
}

void hk_model_skip(struct hk_run *run, uint32_t decider, uint32_t task)
{
    const struct hk_task *before = &run->graph->tasks[decider];
    bool is_after = hk_task_find_downstream(before, task) < before->downstream_count;
    if (!is_after || *find(run, decider, task) != 0) {
        return;
    }
    uint32_t entry = new_entry(run);
    run->skips[entry - 1] = (struct hk_skip){decider, run->tasks[task].skip};
    run->tasks[task].skip = entry;
}

void hk__forget_skips(struct hk_run *run, uint32_t decider)
{
    const struct hk_task *t = &run->graph->tasks[decider];
    for (uint32_t i = 0; i < t->downstream_count && run->skip_count > 0; i++) {
        uint32_t *at = find(run, decider, t->downstream[i]);
        uint32_t entry = *at;
        if (entry != 0) {
            *at = run->skips[entry - 1].next;
            run->skips[entry - 1].next = run->free_skip;
            run->free_skip = entry;
        }
    }
}

const struct hk_task *hk_model_skipped_by(const struct hk_run *run, uint32_t task)
{
    for (uint32_t at = run->tasks[task].skip; at != 0; at = run->skips[at - 1].next) {
        uint32_t decider = run->skips[at - 1].decider;
        if (hk_task_state_is_finished(run->tasks[decider].state)) {
            return &run->graph->tasks[decider];
        }
    }
    return NULL;
}
