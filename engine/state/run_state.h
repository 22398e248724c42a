/* The life of a DAG run, as engine/state/task_state.h is of a task instance. Names are Airflow's (DagRunState). Pure.
 */
#ifndef HK_STATE_RUN_STATE_H
#define HK_STATE_RUN_STATE_H

#include <stdbool.h>

#include "engine/base/str.h"

enum hk_run_state {
    HK_RUN_QUEUED, /* waits for max_active_runs to have room, or for its DAG to be unpaused */
    HK_RUN_RUNNING,
    HK_RUN_SUCCESS,
    HK_RUN_FAILED,
    HK_RUN_STATE_COUNT
};

enum hk_run_event {
    HK_RUN_ON_START,
    HK_RUN_ON_SUCCEED, /* all tasks are done, all leaves succeeded or were skipped */
    HK_RUN_ON_FAIL,    /* a leaf failed, a deadlock, or the run's timeout */
    HK_RUN_ON_REQUEUE, /* tasks were cleared: run again */
    HK_RUN_ON_SET_SUCCESS,
    HK_RUN_ON_SET_FAILED,
    HK_RUN_ON_SET_QUEUED,
    HK_RUN_EVENT_COUNT
};

bool hk_run_state_next(enum hk_run_state state, enum hk_run_event event, enum hk_run_state *next);
bool hk_run_state_is_finished(enum hk_run_state state);
const char *hk_run_state_name(enum hk_run_state state);
bool hk_run_state_find(struct hk_str name, enum hk_run_state *out);
const char *hk_run_event_name(enum hk_run_event event);

#endif
