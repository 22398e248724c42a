#include "engine/state/run_state.h"

#include "engine/base/error.h"

#define S(state) (1u << HK_RUN_##state)

static const struct {
    enum hk_run_event event;
    unsigned from;
    enum hk_run_state to;
} table[] = {
    {HK_RUN_ON_START, S(QUEUED), HK_RUN_RUNNING},
    {HK_RUN_ON_SUCCEED, S(RUNNING), HK_RUN_SUCCESS},
    {HK_RUN_ON_FAIL, S(RUNNING), HK_RUN_FAILED},
    {HK_RUN_ON_REQUEUE, S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(FAILED), HK_RUN_QUEUED},
    {HK_RUN_ON_SET_SUCCESS, S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(FAILED), HK_RUN_SUCCESS},
    {HK_RUN_ON_SET_FAILED, S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(FAILED), HK_RUN_FAILED},
    {HK_RUN_ON_SET_QUEUED, S(QUEUED) | S(RUNNING) | S(SUCCESS) | S(FAILED), HK_RUN_QUEUED},
};

static const char *const state_names[HK_RUN_STATE_COUNT] = {
    [HK_RUN_QUEUED] = "queued",
    [HK_RUN_RUNNING] = "running",
    [HK_RUN_SUCCESS] = "success",
    [HK_RUN_FAILED] = "failed",
};

static const char *const event_names[HK_RUN_EVENT_COUNT] = {
    [HK_RUN_ON_START] = "start",
    [HK_RUN_ON_SUCCEED] = "succeed",
    [HK_RUN_ON_FAIL] = "fail",
    [HK_RUN_ON_REQUEUE] = "requeue",
    [HK_RUN_ON_SET_SUCCESS] = "set_success",
    [HK_RUN_ON_SET_FAILED] = "set_failed",
    [HK_RUN_ON_SET_QUEUED] = "set_queued",
};

bool hk_run_state_next(enum hk_run_state state, enum hk_run_event event, enum hk_run_state *next)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].event == event && (table[i].from & (1u << state)) != 0) {
            *next = table[i].to;
            return true;
        }
    }
    return false;
}

bool hk_run_state_is_finished(enum hk_run_state state)
{
    return state == HK_RUN_SUCCESS || state == HK_RUN_FAILED;
}

const char *hk_run_state_name(enum hk_run_state state)
{
    HK_ASSERT(state < HK_RUN_STATE_COUNT);
    return state_names[state];
}

bool hk_run_state_find(struct hk_str name, enum hk_run_state *out)
{
    for (int i = 0; i < HK_RUN_STATE_COUNT; i++) {
        if (hk_str_is(name, state_names[i])) {
            *out = (enum hk_run_state)i;
            return true;
        }
    }
    return false;
}

const char *hk_run_event_name(enum hk_run_event event)
{
    HK_ASSERT(event < HK_RUN_EVENT_COUNT);
    return event_names[event];
}
