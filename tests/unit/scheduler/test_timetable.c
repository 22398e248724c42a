#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/civil.h"
#include "scheduler/timetable.h"

#define NOW "2026-03-10T12:30:00Z"

static int64_t time_us(const char *text)
{
    int64_t us = HK_TIME_NONE;
    bool has_zone = false;
    if (text != NULL) {
        assert_true(hk_iso_parse(hk_str_from(text), &us, &has_zone));
    }
    return us;
}

static struct hk_timetable *make(struct hk_schedule schedule)
{
    struct hk_timetable *timetable = NULL;
    struct hk_error err = {0};
    schedule.zone = schedule.zone != NULL ? schedule.zone : "UTC";
    if (!hk_timetable_new(&schedule, &timetable, &err)) {
        fail_msg("%s", err.message);
    }
    return timetable;
}

/* NULL for "none" everywhere; `run` NULL: no run is to come. */
struct expectation {
    struct hk_schedule schedule;
    const char *start;
    const char *end;
    bool catchup;
    const char *last_start;
    const char *last_end;
    const char *from;
    const char *run;
};

static void check(size_t index, const struct expectation *e)
{
    struct hk_timetable *timetable = make(e->schedule);
    struct hk_timetable_query query = {time_us(e->start),    time_us(e->end), time_us(e->last_start),
                                       time_us(e->last_end), time_us(NOW),    e->catchup};
    struct hk_run_times times = {0};
    char text[HK_ISO_SIZE] = "none";
    bool found = hk_timetable_next(timetable, &query, &times);
    if (found) {
        hk_iso_z(times.run_after_us, text);
    }
    if (strcmp(text, e->run != NULL ? e->run : "none") != 0) {
        fail_msg("case %zu: expected a run at %s, but got %s", index, e->run != NULL ? e->run : "none", text);
    }
    if (found) {
        assert_int_equal(times.interval_start_us, time_us(e->from));
        assert_int_equal(times.logical_at_us, times.interval_start_us);
        assert_int_equal(times.interval_end_us, times.run_after_us);
    }
    hk_timetable_free(timetable);
}

static const struct hk_schedule DAILY = {.kind = HK_SCHEDULE_CRON, .expression = "0 0 * * *"};
static const struct hk_schedule DAILY_INTERVAL = {
    .kind = HK_SCHEDULE_CRON, .expression = "0 0 * * *", .has_interval = true};
static const struct hk_schedule HOUR = {.kind = HK_SCHEDULE_DELTA, .delta_us = HK_HOUR_US};
static const struct hk_schedule HOUR_INTERVAL = {
    .kind = HK_SCHEDULE_DELTA, .delta_us = HK_HOUR_US, .has_interval = true};

static void check_all(const struct expectation *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(i, &cases[i]);
    }
}

static void test_cron_trigger(void **state)
{
    (void)state;
    const struct expectation cases[] = {
        {DAILY, "2026-03-01T00:00:00Z", NULL, true, NULL, NULL, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
        {DAILY, "2026-03-01T05:00:00Z", NULL, true, NULL, NULL, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
        {DAILY, "2026-03-01T00:00:00Z", NULL, true, "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z",
         "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"},
        {DAILY, "2026-03-01T00:00:00Z", NULL, false, NULL, NULL, "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z"},
        {DAILY, "2026-03-01T00:00:00Z", NULL, false, "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z",
         "2026-03-11T00:00:00Z", "2026-03-11T00:00:00Z"},
        {DAILY, NULL, NULL, false, NULL, NULL, "2026-03-11T00:00:00Z", "2026-03-11T00:00:00Z"},
        {DAILY, "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", true, "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z",
         "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z"}, /* the end date is included */
        {DAILY, "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", true, "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z",
         NULL, NULL},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
}

static void test_cron_interval(void **state)
{
    (void)state;
    const struct expectation cases[] = {
        {DAILY_INTERVAL, "2026-03-01T00:00:00Z", NULL, true, NULL, NULL, "2026-03-01T00:00:00Z",
         "2026-03-02T00:00:00Z"},
        {DAILY_INTERVAL, "2026-03-01T00:00:00Z", NULL, false, NULL, NULL, "2026-03-09T00:00:00Z",
         "2026-03-10T00:00:00Z"},
        {DAILY_INTERVAL, NULL, NULL, true, NULL, NULL, NULL, NULL},
        {DAILY_INTERVAL, NULL, NULL, true, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-09T00:00:00Z",
         "2026-03-10T00:00:00Z"},
        /* After a change from a trigger timetable the run that was made is not made again. */
        {DAILY_INTERVAL, NULL, NULL, true, "2026-03-09T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-10T00:00:00Z",
         "2026-03-11T00:00:00Z"},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
}

static void test_delta(void **state)
{
    (void)state;
    const struct expectation cases[] = {
        {HOUR, "2026-03-01T00:10:00Z", NULL, true, NULL, NULL, "2026-03-01T00:10:00Z", "2026-03-01T00:10:00Z"},
        {HOUR, "2026-03-01T00:10:00Z", NULL, true, "2026-03-01T00:10:00Z", "2026-03-01T00:10:00Z",
         "2026-03-01T01:10:00Z", "2026-03-01T01:10:00Z"},
        {HOUR, NULL, NULL, false, NULL, NULL, NOW, NOW},
        {HOUR_INTERVAL, "2026-03-01T00:10:00Z", NULL, true, NULL, NULL, "2026-03-01T00:10:00Z", "2026-03-01T01:10:00Z"},
        {HOUR_INTERVAL, "2026-03-01T00:10:00Z", NULL, false, NULL, NULL, "2026-03-10T11:00:00Z",
         "2026-03-10T12:00:00Z"},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
}

static void test_without_period(void **state)
{
    (void)state;
    const struct hk_schedule none = {.kind = HK_SCHEDULE_NONE};
    const struct hk_schedule once = {.kind = HK_SCHEDULE_ONCE};
    const struct hk_schedule always = {.kind = HK_SCHEDULE_CONTINUOUS};
    const struct expectation cases[] = {
        {none, "2026-03-01T00:00:00Z", NULL, true, NULL, NULL, NULL, NULL},
        {once, "2026-03-01T00:00:00Z", NULL, false, NULL, NULL, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
        {once, NULL, NULL, false, NULL, NULL, NOW, NOW},
        {once, NULL, NULL, true, NOW, NOW, NULL, NULL},
        {once, "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", true, NULL, NULL, NULL, NULL},
        {always, "2026-03-01T00:00:00Z", NULL, true, NULL, NULL, "2026-03-01T00:00:00Z", NOW},
        {always, NULL, NULL, true, "2026-03-10T12:00:00Z", "2026-03-10T12:10:00Z", "2026-03-10T12:10:00Z", NOW},
        {always, "2026-03-20T00:00:00Z", NULL, true, NULL, NULL, "2026-03-20T00:00:00Z", "2026-03-20T00:00:00Z"},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
}

/* What Airflow makes of many more is asked in tests/conformance/timetable. */
static void test_crons(void **state)
{
    (void)state;
    const struct hk_schedule crons = {.kind = HK_SCHEDULE_CRONS, .expression = "0 0 * * *\n0 6 * * *", .zone = "UTC"};
    const struct expectation cases[] = {
        {crons, "2026-03-01T00:00:00Z", NULL, true, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z",
         "2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z"},
        {crons, "2026-03-01T00:00:00Z", NULL, false, NULL, NULL, "2026-03-10T06:00:00Z", "2026-03-10T06:00:00Z"},
        {crons, "2026-03-11T03:00:00Z", NULL, false, NULL, NULL, "2026-03-11T06:00:00Z", "2026-03-11T06:00:00Z"},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
    struct hk_timetable *timetable = make(crons);
    assert_string_equal(hk_timetable_description(timetable), "At 00:00, At 06:00");
    hk_timetable_free(timetable);
}

static void test_zone_and_interval(void **state)
{
    (void)state;
    struct hk_schedule seoul = DAILY;
    seoul.zone = "Asia/Seoul";
    seoul.interval_us = HK_DAY_US;
    const struct expectation cases[] = {
        {seoul, "2026-03-01T00:00:00Z", NULL, true, NULL, NULL, "2026-02-28T15:00:00Z", "2026-03-01T15:00:00Z"},
    };
    check_all(cases, 1);
}

static void test_manual(void **state)
{
    (void)state;
    struct hk_run_times times = {0};
    struct hk_timetable *interval = make(DAILY_INTERVAL);
    assert_true(hk_timetable_manual(interval, time_us(NOW), &times));
    assert_int_equal(times.logical_at_us, time_us(NOW));
    assert_int_equal(times.run_after_us, time_us(NOW));
    assert_int_equal(times.interval_start_us, time_us("2026-03-09T00:00:00Z"));
    assert_int_equal(times.interval_end_us, time_us("2026-03-10T00:00:00Z"));
    hk_timetable_free(interval);
    struct hk_timetable *trigger = make(DAILY);
    assert_true(hk_timetable_manual(trigger, time_us(NOW), &times));
    assert_int_equal(times.interval_start_us, time_us(NOW));
    assert_int_equal(times.interval_end_us, time_us(NOW));
    hk_timetable_free(trigger);
}

static void test_properties(void **state)
{
    (void)state;
    static const struct {
        struct hk_schedule schedule;
        const char *description;
        bool is_periodic;
        uint32_t limit;
    } CASES[] = {
        {{.kind = HK_SCHEDULE_NONE}, "Never, external triggers only", false, 0},
        {{.kind = HK_SCHEDULE_ONCE}, "Once, as soon as possible", false, 0},
        {{.kind = HK_SCHEDULE_CONTINUOUS}, "As frequently as possible, but only one run at a time.", false, 1},
        {{.kind = HK_SCHEDULE_CRON, .expression = "0 0 * * *"}, "At 00:00", true, 0},
        {{.kind = HK_SCHEDULE_DELTA, .delta_us = 1, .has_interval = true}, "", true, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct hk_timetable *timetable = make(CASES[i].schedule);
        assert_string_equal(hk_timetable_description(timetable), CASES[i].description);
        assert_int_equal(hk_timetable_is_periodic(timetable), CASES[i].is_periodic);
        assert_int_equal(hk_timetable_active_runs_limit(timetable), CASES[i].limit);
        hk_timetable_free(timetable);
    }
    hk_timetable_free(NULL);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct hk_schedule BAD[] = {
        {.kind = HK_SCHEDULE_CRON, .expression = "0 25 * * *", .zone = "UTC"},
        {.kind = HK_SCHEDULE_CRON, .expression = "0 0 * * *", .zone = "Mars/Base"},
        {.kind = HK_SCHEDULE_DELTA, .delta_us = 0, .zone = "UTC"},
        {.kind = HK_SCHEDULE_DELTA, .delta_us = 5, .interval_us = -1, .zone = "UTC"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct hk_timetable *timetable = NULL;
        struct hk_error err = {0};
        assert_false(hk_timetable_new(&BAD[i], &timetable, &err));
        assert_null(timetable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cron_trigger), cmocka_unit_test(test_cron_interval),
        cmocka_unit_test(test_delta),        cmocka_unit_test(test_without_period),
        cmocka_unit_test(test_crons),        cmocka_unit_test(test_zone_and_interval),
        cmocka_unit_test(test_manual),       cmocka_unit_test(test_properties),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
