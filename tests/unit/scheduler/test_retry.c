#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "scheduler/retry.h"

static int64_t delay_s(struct hk_task task, uint32_t try_number)
{
    struct hk_retry retry = {.dag_id = "d", .logical_at_us = 7, .try_number = try_number, .ended_at_us = 1000};
    task.task_id = "t";
    return (hk_retry_at_us(&task, &retry) - 1000) / HK_SECOND_US;
}

static void test_plain(void **state)
{
    (void)state;
    struct hk_task task = {.retry_delay_us = 300 * HK_SECOND_US};
    assert_int_equal(delay_s(task, 1), 300);
    assert_int_equal(delay_s(task, 9), 300);
    task.retry_backoff = 1.0; /* does not grow, so is not capped either */
    task.retry_delay_us = 30 * HK_DAY_US;
    task.max_retry_delay_us = HK_SECOND_US;
    assert_int_equal(delay_s(task, 3), 30 * 86400);
}

static void test_backoff(void **state)
{
    (void)state;
    struct hk_task task = {.retry_delay_us = 10 * HK_SECOND_US, .retry_backoff = 2.0};
    for (uint32_t i = 1; i <= 10; i++) {
        int64_t least = 10LL << (i - 1);
        int64_t delay = delay_s(task, i);
        assert_in_range(delay, least, 2 * least - 1);
        assert_int_equal(delay, delay_s(task, i)); /* the same each time it is asked */
    }
    assert_int_equal(delay_s(task, 30), 86400);
    assert_int_equal(delay_s(task, 4000), 86400); /* the power is too large for any number */
    task.max_retry_delay_us = 60 * HK_SECOND_US;
    assert_int_equal(delay_s(task, 30), 60);
    task.retry_delay_us = 0;
    task.max_retry_delay_us = 0;
    assert_int_equal(delay_s(task, 1), 1);
}

static void test_spread(void **state)
{
    (void)state;
    struct hk_task task = {.task_id = "t", .retry_delay_us = 1000 * HK_SECOND_US, .retry_backoff = 2.0};
    struct hk_retry a = {.dag_id = "a", .try_number = 1};
    struct hk_retry b = {.dag_id = "b", .try_number = 1};
    assert_true(hk_retry_at_us(&task, &a) != hk_retry_at_us(&task, &b));
    a.ended_at_us = INT64_MAX - 5;
    assert_true(hk_retry_at_us(&task, &a) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
