#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/tracking/lineage.h"

static void expect(const struct hk_lineage *lineage, const char *text)
{
    struct hk_buf out;
    hk_buf_init(&out, 4096);
    hk_lineage_write(lineage, &out);
    assert_string_equal(hk_buf_str(&out).data, text);
    hk_buf_clear(&out);
}

static void all_values_are_texts(void **state)
{
    (void)state;
    struct hk_lineage lineage = {.dag_id = "d",
                                 .run_id = "r \"1\"",
                                 .task_id = "t",
                                 .dag_version = "v",
                                 .bundle_name = "b",
                                 .bundle_version = "abc",
                                 .try_number = 2,
                                 .map_index = -1,
                                 .logical_us = 0};
    expect(&lineage, "{\"airflow.dag_id\":\"d\",\"airflow.dag_run_id\":\"r \\\"1\\\"\",\"airflow.task_id\":\"t\","
                     "\"airflow.try_number\":\"2\",\"airflow.map_index\":\"-1\","
                     "\"airflow.logical_date\":\"1970-01-01T00:00:00+00:00\",\"airflow.dag_version_id\":\"v\","
                     "\"airflow.bundle_name\":\"b\",\"airflow.bundle_version\":\"abc\"}");
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct hk_lineage lineage = {
        .dag_id = "d", .run_id = "r", .task_id = "t", .try_number = 1, .map_index = 3, .logical_us = HK_TIME_NONE};
    expect(&lineage, "{\"airflow.dag_id\":\"d\",\"airflow.dag_run_id\":\"r\",\"airflow.task_id\":\"t\","
                     "\"airflow.try_number\":\"1\",\"airflow.map_index\":\"3\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_texts),
        cmocka_unit_test(what_is_not_known_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
