#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>

#include "engine/tracking/metric.h"

static void what_is_no_number_is_kept_as_mlflow_keeps_it(void **state)
{
    (void)state;
    struct hk_metric m = {.step = 0};
    hk_metric_set_value(&m, (double)NAN);
    assert_true(m.is_nan && m.value == 0 && isnan(hk_metric_value(&m)));
    hk_metric_set_value(&m, (double)INFINITY);
    assert_true(!m.is_nan && m.value == DBL_MAX && hk_metric_value(&m) == DBL_MAX);
    hk_metric_set_value(&m, -(double)INFINITY);
    assert_true(m.value == -DBL_MAX);
    hk_metric_set_value(&m, 1.5);
    assert_true(!m.is_nan && m.value == 1.5);
}

static void the_later_one_has_the_larger_step_then_time_then_value(void **state)
{
    (void)state;
    struct hk_metric a = {.step = 2, .timestamp_ms = 1, .value = 1};
    struct hk_metric b = {.step = 1, .timestamp_ms = 9, .value = 9};
    assert_true(hk_metric_is_later(&a, &b) && !hk_metric_is_later(&b, &a));
    b.step = 2;
    assert_true(hk_metric_is_later(&b, &a) && !hk_metric_is_later(&a, &b));
    b.timestamp_ms = 1;
    assert_true(hk_metric_is_later(&b, &a));
    b.value = 1;
    assert_false(hk_metric_is_later(&b, &a));
    assert_false(hk_metric_is_later(&a, &b));
}

static void a_sample_is_what_ntile_gives(void **state)
{
    (void)state;
    for (uint64_t count = 0; count <= 40; count++) {
        for (uint64_t most = 1; most <= 12; most++) {
            uint64_t index = 0;
            for (uint64_t piece = 0; piece < most && index < count; piece++) {
                uint64_t length = count / most + (piece < count % most ? 1 : 0);
                for (uint64_t i = 0; i < length; i++, index++) {
                    assert_int_equal(hk_metric_is_sampled(index, count, most), i == 0);
                }
            }
            assert_int_equal(index, count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_number_is_kept_as_mlflow_keeps_it),
        cmocka_unit_test(the_later_one_has_the_larger_step_then_time_then_value),
        cmocka_unit_test(a_sample_is_what_ntile_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
