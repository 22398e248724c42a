#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/graph/schedule.h"

static void test_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hk_schedule_kind kind;
        const char *expression;
        const char *summary;
    } GOOD[] = {
        {"@once", HK_SCHEDULE_ONCE, NULL, "@once"},
        {"@continuous", HK_SCHEDULE_CONTINUOUS, NULL, "@continuous"},
        {"@daily", HK_SCHEDULE_CRON, "0 0 * * *", "0 0 * * *"},
        {"@midnight", HK_SCHEDULE_CRON, "@midnight", "@midnight"},
        {"0 5 * * MON", HK_SCHEDULE_CRON, "0 5 * * MON", "0 5 * * MON"},
    };
    struct hk_graph_builder *b = hk_graph_builder_new();
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct hk_schedule schedule;
        struct hk_error err = {0};
        assert_true(hk_schedule_parse(b, hk_str_from(GOOD[i].text), NULL, &schedule, &err));
        assert_int_equal(schedule.kind, GOOD[i].kind);
        assert_string_equal(schedule.summary, GOOD[i].summary);
        assert_string_equal(schedule.zone, "UTC");
        assert_false(schedule.has_interval);
        assert_int_equal(schedule.interval_us, 0);
        if (GOOD[i].expression != NULL) {
            assert_string_equal(schedule.expression, GOOD[i].expression);
        } else {
            assert_null(schedule.expression);
        }
        assert_true(hk_schedule_check(&schedule, &err));
    }
    hk_graph_builder_free(b);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct hk_str text;
        const char *zone;
        enum hk_code code;
        const char *says;
    } BAD[] = {
        {HK_STR("0 25 * * *"), NULL, HK_INVALID, "in the field hour, '25' is out of the range 0-23"},
        {HK_STR("@reboot"), NULL, HK_INVALID, "schedule '@reboot' is not known"},
        {HK_STR("0 0 30 2 *"), "UTC", HK_INVALID, "can never happen"},
        {HK_STR("0 0 * * *\0 x"), NULL, HK_INVALID, "field"},
        {HK_STR("@daily"), "Mars/Base", HK_NOT_FOUND, "Mars/Base"},
        {HK_STR("@once"), "../etc", HK_INVALID, "../etc"},
        {{NULL, 0}, NULL, HK_INVALID, "has 0 fields"},
    };
    struct hk_graph_builder *b = hk_graph_builder_new();
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct hk_schedule schedule;
        struct hk_error err = {0};
        assert_false(hk_schedule_parse(b, BAD[i].text, BAD[i].zone, &schedule, &err));
        assert_int_equal(err.code, BAD[i].code);
        if (strstr(err.message, BAD[i].says) == NULL) {
            fail_msg("%s", err.message);
        }
    }
    hk_graph_builder_free(b);
}

static void test_delta(void **state)
{
    (void)state;
    static const struct {
        int64_t delta_us;
        const char *text;
    } DELTAS[] = {
        {HK_DAY_US, "1 day, 0:00:00"},
        {10 * HK_DAY_US + HK_HOUR_US, "10 days, 1:00:00"},
        {5 * HK_MINUTE_US + HK_SECOND_US / 2, "0:05:00.500000"},
        {-HK_SECOND_US, "-1 day, 23:59:59"},
        {0, "0:00:00"},
    };
    struct hk_graph_builder *b = hk_graph_builder_new();
    for (size_t i = 0; i < sizeof DELTAS / sizeof DELTAS[0]; i++) {
        char text[HK_DELTA_TEXT_SIZE];
        struct hk_schedule schedule;
        struct hk_error err = {0};
        hk_delta_text(DELTAS[i].delta_us, text);
        assert_string_equal(text, DELTAS[i].text);
        assert_int_equal(hk_schedule_every(b, DELTAS[i].delta_us, &schedule, &err), DELTAS[i].delta_us > 0);
        if (DELTAS[i].delta_us > 0) {
            assert_string_equal(schedule.summary, DELTAS[i].text);
            assert_int_equal(schedule.kind, HK_SCHEDULE_DELTA);
        } else {
            assert_non_null(strstr(err.message, DELTAS[i].text));
        }
    }
    hk_graph_builder_free(b);
    struct hk_schedule none;
    hk_schedule_none(&none);
    assert_int_equal(none.kind, HK_SCHEDULE_NONE);
    assert_string_equal(none.summary, "None");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_delta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
