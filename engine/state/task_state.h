/* The life of a task instance: one table says which event leads from which state to which. Nobody else assigns a
 * state: the scheduler asks hk_task_state_next, and the store writes the result only `WHERE state = <from>`. Pure.
 *
 * States and names are Airflow's (airflow.utils.state.TaskInstanceState). "none" is a task instance whose run has begun
 * and that has not been looked at; it has no name in REST (null). "deferred" is in the table for the triggerer to come.
 */
#ifndef HK_STATE_TASK_STATE_H
#define HK_STATE_TASK_STATE_H

#include <stdbool.h>

#include "engine/base/str.h"

enum hk_task_state {
    HK_TASK_NONE,
    HK_TASK_SCHEDULED, /* may run; waits for a slot */
    HK_TASK_QUEUED,    /* has its slot; handed to the executor as soon as this is committed */
    HK_TASK_RUNNING,
    HK_TASK_SUCCESS,
    HK_TASK_FAILED,
    HK_TASK_RESTARTING,        /* cleared while it ran: is being stopped and starts anew */
    HK_TASK_UP_FOR_RETRY,      /* failed; waits for its next try */
    HK_TASK_UP_FOR_RESCHEDULE, /* a sensor that gave its slot back */
    HK_TASK_UPSTREAM_FAILED,
    HK_TASK_SKIPPED,
    HK_TASK_DEFERRED,
    HK_TASK_REMOVED, /* no longer in the DAG */
    HK_TASK_STATE_COUNT
};

enum hk_task_event {
    HK_TASK_ON_SCHEDULE, /* its dependencies are met */
    HK_TASK_ON_QUEUE,    /* pool, limits and executor have room */
    HK_TASK_ON_START,    /* the worker says it runs */
    HK_TASK_ON_SUCCEED,
    HK_TASK_ON_FAIL,  /* and no try is left */
    HK_TASK_ON_RETRY, /* failed with tries left */
    HK_TASK_ON_SKIP,
    HK_TASK_ON_UPSTREAM_FAIL,
    HK_TASK_ON_RESCHEDULE,
    HK_TASK_ON_DEFER,
    HK_TASK_ON_LOST,  /* the worker is gone; not the task's fault */
    HK_TASK_ON_CLEAR, /* a person wants it to run again */
    HK_TASK_ON_REMOVE,
    HK_TASK_ON_SET_SUCCESS, /* a person says so */
    HK_TASK_ON_SET_FAILED,
    HK_TASK_ON_SET_SKIPPED,
    HK_TASK_EVENT_COUNT
};

/* Where `event` leads from `state`; false (and *next untouched) where the table has no such row. */
bool hk_task_state_next(enum hk_task_state state, enum hk_task_event event, enum hk_task_state *next);

/* success, failed, skipped, upstream_failed, removed. */
bool hk_task_state_is_finished(enum hk_task_state state);
/* Holds a slot of its pool: queued, running, restarting (Airflow's EXECUTION_STATES; deferred by the pool's choice). */
bool hk_task_state_holds_slot(enum hk_task_state state);

const char *hk_task_state_name(enum hk_task_state state); /* "none" for HK_TASK_NONE */
bool hk_task_state_find(struct hk_str name, enum hk_task_state *out);
const char *hk_task_event_name(enum hk_task_event event);

#endif
