#include "engine/state/task_state.h"

#include <stdint.h>

#include "engine/base/error.h"

#define S(state) (1u << HK_TASK_##state)

/* Rows are grouped by event: all the states in `from` go to `to`. No state appears twice under one event (tested). */
static const struct {
    enum hk_task_event event;
    uint32_t from;
    enum hk_task_state to;
} table[] = {
    {HK_TASK_ON_SCHEDULE, S(NONE) | S(UP_FOR_RETRY) | S(UP_FOR_RESCHEDULE) | S(DEFERRED), HK_TASK_SCHEDULED},
    {HK_TASK_ON_QUEUE, S(SCHEDULED), HK_TASK_QUEUED},
    {HK_TASK_ON_START, S(QUEUED), HK_TASK_RUNNING},

    /* From none or scheduled: a task that needs no process. From queued: the result came before word of the start. */
    {HK_TASK_ON_SUCCEED, S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(DEFERRED), HK_TASK_SUCCESS},
    {HK_TASK_ON_FAIL, S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(DEFERRED), HK_TASK_FAILED},
    {HK_TASK_ON_RETRY, S(QUEUED) | S(RUNNING) | S(DEFERRED), HK_TASK_UP_FOR_RETRY},
    {HK_TASK_ON_SKIP, S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(UP_FOR_RETRY) | S(UP_FOR_RESCHEDULE),
     HK_TASK_SKIPPED},
    {HK_TASK_ON_UPSTREAM_FAIL, S(NONE) | S(UP_FOR_RETRY) | S(UP_FOR_RESCHEDULE), HK_TASK_UPSTREAM_FAILED},
    {HK_TASK_ON_RESCHEDULE, S(QUEUED) | S(RUNNING), HK_TASK_UP_FOR_RESCHEDULE},
    /* From none: what waits without a process. */
    {HK_TASK_ON_DEFER, S(NONE) | S(QUEUED) | S(RUNNING), HK_TASK_DEFERRED},

    /* A lost job is queued anew by the next tick; one that was being restarted has got what it wanted. */
    {HK_TASK_ON_LOST, S(QUEUED) | S(RUNNING), HK_TASK_SCHEDULED},
    {HK_TASK_ON_LOST, S(RESTARTING), HK_TASK_NONE},
    /* The stopped process of a cleared task ends somehow; however it does, the task begins anew. */
    {HK_TASK_ON_SUCCEED, S(RESTARTING), HK_TASK_NONE},
    {HK_TASK_ON_FAIL, S(RESTARTING), HK_TASK_NONE},
    {HK_TASK_ON_RETRY, S(RESTARTING), HK_TASK_NONE},
    {HK_TASK_ON_SKIP, S(RESTARTING), HK_TASK_NONE},
    {HK_TASK_ON_RESCHEDULE, S(RESTARTING), HK_TASK_NONE},
    {HK_TASK_ON_DEFER, S(RESTARTING), HK_TASK_NONE},

    {HK_TASK_ON_CLEAR, S(QUEUED) | S(RUNNING), HK_TASK_RESTARTING},
    {HK_TASK_ON_CLEAR,
     S(NONE) | S(SCHEDULED) | S(SUCCESS) | S(FAILED) | S(UP_FOR_RETRY) | S(UP_FOR_RESCHEDULE) | S(UPSTREAM_FAILED) |
         S(SKIPPED) | S(DEFERRED) | S(REMOVED),
     HK_TASK_NONE},
    {HK_TASK_ON_REMOVE, S(NONE) | S(SCHEDULED) | S(UP_FOR_RETRY) | S(UP_FOR_RESCHEDULE) | S(DEFERRED), HK_TASK_REMOVED},

    {HK_TASK_ON_SET_SUCCESS,
     S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(FAILED) | S(RESTARTING) | S(UP_FOR_RETRY) |
         S(UP_FOR_RESCHEDULE) | S(UPSTREAM_FAILED) | S(SKIPPED) | S(DEFERRED) | S(SUCCESS),
     HK_TASK_SUCCESS},
    {HK_TASK_ON_SET_FAILED,
     S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(RESTARTING) | S(UP_FOR_RETRY) |
         S(UP_FOR_RESCHEDULE) | S(UPSTREAM_FAILED) | S(SKIPPED) | S(DEFERRED) | S(FAILED),
     HK_TASK_FAILED},
    {HK_TASK_ON_SET_SKIPPED,
     S(NONE) | S(SCHEDULED) | S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(FAILED) | S(RESTARTING) | S(UP_FOR_RETRY) |
         S(UP_FOR_RESCHEDULE) | S(UPSTREAM_FAILED) | S(DEFERRED) | S(SKIPPED),
     HK_TASK_SKIPPED},
};

bool hk_task_state_next(enum hk_task_state state, enum hk_task_event event, enum hk_task_state *next)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].event == event && (table[i].from & (1u << state)) != 0) {
            *next = table[i].to;
            return true;
        }
    }
    return false;
}

bool hk_task_state_is_finished(enum hk_task_state state)
{
    return ((S(SUCCESS) | S(FAILED) | S(SKIPPED) | S(UPSTREAM_FAILED) | S(REMOVED)) & (1u << state)) != 0;
}

bool hk_task_state_holds_slot(enum hk_task_state state)
{
    return ((S(QUEUED) | S(RUNNING) | S(RESTARTING)) & (1u << state)) != 0;
}

static const char *const state_names[HK_TASK_STATE_COUNT] = {
    [HK_TASK_NONE] = "none",
    [HK_TASK_SCHEDULED] = "scheduled",
    [HK_TASK_QUEUED] = "queued",
    [HK_TASK_RUNNING] = "running",
    [HK_TASK_SUCCESS] = "success",
    [HK_TASK_FAILED] = "failed",
    [HK_TASK_RESTARTING] = "restarting",
    [HK_TASK_UP_FOR_RETRY] = "up_for_retry",
    [HK_TASK_UP_FOR_RESCHEDULE] = "up_for_reschedule",
    [HK_TASK_UPSTREAM_FAILED] = "upstream_failed",
    [HK_TASK_SKIPPED] = "skipped",
    [HK_TASK_DEFERRED] = "deferred",
    [HK_TASK_REMOVED] = "removed",
};

static const char *const event_names[HK_TASK_EVENT_COUNT] = {
    [HK_TASK_ON_SCHEDULE] = "schedule",
    [HK_TASK_ON_QUEUE] = "queue",
    [HK_TASK_ON_START] = "start",
    [HK_TASK_ON_SUCCEED] = "succeed",
    [HK_TASK_ON_FAIL] = "fail",
    [HK_TASK_ON_RETRY] = "retry",
    [HK_TASK_ON_SKIP] = "skip",
    [HK_TASK_ON_UPSTREAM_FAIL] = "upstream_fail",
    [HK_TASK_ON_RESCHEDULE] = "reschedule",
    [HK_TASK_ON_DEFER] = "defer",
    [HK_TASK_ON_LOST] = "lost",
    [HK_TASK_ON_CLEAR] = "clear",
    [HK_TASK_ON_REMOVE] = "remove",
    [HK_TASK_ON_SET_SUCCESS] = "set_success",
    [HK_TASK_ON_SET_FAILED] = "set_failed",
    [HK_TASK_ON_SET_SKIPPED] = "set_skipped",
};

const char *hk_task_state_name(enum hk_task_state state)
{
    HK_ASSERT(state < HK_TASK_STATE_COUNT);
    return state_names[state];
}

bool hk_task_state_find(struct hk_str name, enum hk_task_state *out)
{
    for (int i = 0; i < HK_TASK_STATE_COUNT; i++) {
        if (hk_str_is(name, state_names[i])) {
            *out = (enum hk_task_state)i;
            return true;
        }
    }
    return false;
}

const char *hk_task_event_name(enum hk_task_event event)
{
    HK_ASSERT(event < HK_TASK_EVENT_COUNT);
    return event_names[event];
}
