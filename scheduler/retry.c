#include "scheduler/retry.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "engine/base/clock.h"

/* 0 up to limit - 1, always the same for the same try. */
static int64_t jitter(const struct hk_task *task, const struct hk_retry *retry, int64_t limit)
{
    char text[640];
    snprintf(text, sizeof text, "%s#%s#%" PRId64 "#%" PRIu32, retry->dag_id, task->task_id, retry->logical_at_us,
             retry->try_number);
    return (int64_t)(hk_str_hash(hk_str_from(text)) % (uint64_t)limit);
}

static int64_t backoff_us(const struct hk_task *task, const struct hk_retry *retry)
{
    const int64_t longest_s = HK_RETRY_MAX_DELAY_US / HK_SECOND_US;
    double tries = (double)retry->try_number - 1.0;
    double least = ceil((double)task->retry_delay_us / 1e6 * pow(task->retry_backoff, tries));
    if (!(least < (double)longest_s)) { /* also when it is not a number */
        return HK_RETRY_MAX_DELAY_US;
    }
    int64_t least_s = least < 1.0 ? 1 : (int64_t)least;
    int64_t delay_s = least_s + jitter(task, retry, least_s);
    return (delay_s < longest_s ? delay_s : longest_s) * HK_SECOND_US;
}

int64_t hk_retry_at_us(const struct hk_task *task, const struct hk_retry *retry)
{
    int64_t delay_us = task->retry_delay_us;
    int64_t at_us = 0;
    bool grows = task->retry_backoff > 0.0 && (task->retry_backoff < 1.0 || task->retry_backoff > 1.0);
    if (grows) {
        delay_us = backoff_us(task, retry);
        if (task->max_retry_delay_us > 0 && task->max_retry_delay_us < delay_us) {
            delay_us = task->max_retry_delay_us;
        }
    }
    return __builtin_add_overflow(retry->ended_at_us, delay_us, &at_us) ? INT64_MAX : at_us;
}
