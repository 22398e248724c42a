/* When a failed try may be repeated: Airflow's TaskInstance.next_retry_datetime. The delay is the task's own, or, with
 * exponential backoff, grows by retry_backoff per try, is stretched by up to twice its length so that tasks that
 * failed together do not come back together, and is capped at max_retry_delay and at 24 hours.
 *
 * Airflow draws that stretch from a SHA-1 of dag, task, logical date and try; hanok from hk_str_hash of the same
 * text. So the same try always waits equally long, within the same bounds as in Airflow, but not the same number of
 * seconds. Pure; any thread.
 */
#ifndef HK_SCHEDULER_RETRY_H
#define HK_SCHEDULER_RETRY_H

#include "engine/graph/task.h"

#define HK_RETRY_MAX_DELAY_US INT64_C(86400000000) /* Airflow's [core] max_task_retry_delay */

struct hk_retry {
    const char *dag_id;
    int64_t logical_at_us; /* may be HK_TIME_NONE */
    uint32_t try_number;   /* of the try that failed, as Airflow counts: the first is 1 */
    int64_t ended_at_us;
};

/* The instant from which the next try may start. */
int64_t hk_retry_at_us(const struct hk_task *task, const struct hk_retry *retry);

#endif
