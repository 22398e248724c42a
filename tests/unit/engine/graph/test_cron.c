#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/civil.h"
#include "engine/graph/cron.h"

static int64_t time_us(const char *text)
{
    int64_t us = 0;
    bool has_zone = false;
    assert_true(hk_iso_parse(hk_str_from(text), &us, &has_zone));
    return us;
}

static void parse(const char *expression, struct hk_cron *cron)
{
    struct hk_error err = {0};
    if (!hk_cron_parse(hk_str_from(expression), cron, &err)) {
        fail_msg("%s", err.message);
    }
}

static void assert_next(const char *expression, const char *wall, const char *expected)
{
    struct hk_cron cron;
    int64_t us = 0;
    char text[HK_ISO_SIZE] = "never";
    parse(expression, &cron);
    if (hk_cron_next_wall(&cron, time_us(wall), &us)) {
        hk_iso_z(us, text);
    }
    if (strcmp(text, expected) != 0) {
        fail_msg("'%s' after %s: expected %s, but got %s", expression, wall, expected, text);
    }
}

static void assert_previous(const char *expression, const char *wall, const char *expected)
{
    struct hk_cron cron;
    int64_t us = 0;
    parse(expression, &cron);
    assert_true(hk_cron_previous_wall(&cron, time_us(wall), &us));
    assert_int_equal(us, time_us(expected));
}

static void test_next(void **state)
{
    (void)state;
    assert_next("*/15 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z");
    assert_next("*/15 * * * *", "2026-01-01T00:14:59.999999Z", "2026-01-01T00:15:00Z");
    assert_next("0 0 * * *", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_next("0 0 29 2 *", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z");
    assert_next("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z");
    assert_next("0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z");
    assert_next("0 0 13 * 5", "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z"); /* the 13th or any Friday */
    assert_next("0 0 * * FRI#2", "2026-11-01T00:00:00Z", "2026-11-13T00:00:00Z");
    assert_next("0 0 * * L5", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00Z");
    assert_next("0 0 15W * *", "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z");
    assert_next("0 0 W1 * *", "2026-07-30T00:00:00Z", "2026-08-03T00:00:00Z");
    assert_next("0 0 * NOV-FEB *", "2026-03-05T00:00:00Z", "2026-11-01T00:00:00Z");
    assert_next("0 0 * * 7", "2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z");
    assert_next("59/15 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:59:00Z");
    assert_next("* * * * * */20", "2026-01-01T00:00:05Z", "2026-01-01T00:00:20Z");
    assert_next("0 0 1 1 * 0 2030", "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    assert_next("0 0 1 1 * 0 2030", "2031-01-01T00:00:00Z", "never");
    assert_next("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    assert_next("@MIDNIGHT", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
}

static void test_previous(void **state)
{
    (void)state;
    assert_previous("0 0 * * *", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z");
    assert_previous("0 0 31 * *", "2026-07-01T00:00:00Z", "2026-05-31T00:00:00Z");
    assert_previous("0 0 30 3 *", "2026-03-02T06:00:00Z", "2025-03-30T00:00:00Z");
    assert_previous("0 0 * * 1#1", "2026-11-01T00:00:00Z", "2026-10-05T00:00:00Z");
    assert_previous("30 6,18 * * *", "2026-11-01T06:30:00.000001Z", "2026-11-01T06:30:00Z");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        const char *says;
    } WRONG[] = {
        {"61 * * * *", "minute, '61' is out of the range 0-59"},
        {"* 24 * * *", "in the field hour"},
        {"* * 0 * *", "day of the month"},
        {"* * * foo *", "in the field month, 'foo' is neither a number nor a known name"},
        {"* * * * 8", "day of the week"},
        {"*/0 * * * *", "step 0"},
        {"*/x * * * *", "step"},
        {"1,,2 * * * *", "minute"},
        {"* * * *", "has 4 fields; five are needed"},
        {"", "has 0 fields"},
        {"1 2 3 4 5 6 7 8 9", "at least 8 fields"},
        {"? * * * *", "only allowed in the day"},
        {"* * 1,? * *", "must stand alone"},
        {"* * 15W,3 * *", "must stand alone"},
        {"* * * * 1#6", "n from 1 to 5"},
        {"* * * * MON,FRI#2", "mixes plain days"},
        {"H * * * *", "hashed or random"},
        {"0 0 30 2 *", "'0 0 30 2 *' can never happen"},
        {"0 0 31 4,6,9 *", "can never happen"},
        {"0 0 1 * 1#5", "can never happen"},
        {"@reboot", "has 1 fields"},
    };
    struct hk_cron cron;
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct hk_error err = {0};
        assert_false(hk_cron_parse(hk_str_from(WRONG[i].expression), &cron, &err));
        assert_int_equal(err.code, HK_INVALID);
        if (strstr(err.message, WRONG[i].says) == NULL) {
            fail_msg("'%s' says: %s", WRONG[i].expression, err.message);
        }
    }
    char *large = malloc(HK_CRON_MAX_BYTES + 2);
    memset(large, '1', HK_CRON_MAX_BYTES + 1);
    large[HK_CRON_MAX_BYTES + 1] = '\0';
    struct hk_error err = {0};
    assert_false(hk_cron_parse(hk_str_from(large), &cron, &err));
    assert_int_equal(err.code, HK_LIMIT);
    free(large);
}

static void assert_in_zone(const char *expression, const char *at, const char *expected)
{
    struct hk_zone *zone = NULL;
    struct hk_error err = {0};
    struct hk_cron cron;
    int64_t us = 0;
    parse(expression, &cron);
    assert_true(hk_zone_load("Europe/Berlin", &zone, &err));
    assert_true(hk_cron_next(&cron, zone, time_us(at), &us));
    assert_int_equal(us, time_us(expected));
    hk_zone_free(zone);
}

static void test_clock_changes(void **state)
{
    (void)state;
    /* 02:30 does not exist on that day: it fires after the gap. */
    assert_in_zone("30 2 * * *", "2024-03-30T12:00:00Z", "2024-03-31T01:30:00Z");
    assert_in_zone("30 2 * * *", "2024-03-31T01:30:00Z", "2024-04-01T00:30:00Z");
    /* 02:30 comes twice: it fires the second time. */
    assert_in_zone("30 2 * * *", "2024-10-26T12:00:00Z", "2024-10-27T01:30:00Z");
    /* What runs every hour runs in both. */
    assert_in_zone("30 * * * *", "2024-10-27T00:00:00Z", "2024-10-27T00:30:00Z");
    assert_in_zone("30 * * * *", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z");
    assert_in_zone("0 0 * * *", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z");
}

static void test_align(void **state)
{
    (void)state;
    struct hk_zone *utc = NULL;
    struct hk_error err = {0};
    struct hk_cron cron;
    int64_t us = 0;
    parse("0 * * * *", &cron);
    assert_true(hk_zone_load("UTC", &utc, &err));
    assert_true(hk_cron_align_next(&cron, utc, time_us("2026-01-01T05:00:00Z"), &us));
    assert_int_equal(us, time_us("2026-01-01T05:00:00Z"));
    assert_true(hk_cron_align_next(&cron, utc, time_us("2026-01-01T05:00:01Z"), &us));
    assert_int_equal(us, time_us("2026-01-01T06:00:00Z"));
    assert_true(hk_cron_align_previous(&cron, utc, time_us("2026-01-01T05:00:01Z"), &us));
    assert_int_equal(us, time_us("2026-01-01T05:00:00Z"));
    assert_false(hk_cron_next(&cron, utc, INT64_MAX, &us));
    assert_false(hk_cron_previous(&cron, utc, INT64_MIN + 1, &us));
    hk_zone_free(utc);
}

static void test_describe(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        const char *text;
    } SAID[] = {
        {"0 0 * * *", "At 00:00"},
        {"@daily", "At 00:00"},
        {"*/5 * * * *", "Every 5 minutes"},
        {"* * * * *", "Every minute"},
        {"0 * * * *", "Every hour"},
        {"30 21 * * 5", "At 21:30, only on Friday"},
        {"0 9-17 * * MON-FRI", "At 0 minutes past the hour, between 09:00 and 17:59, Monday through Friday"},
        {"30 6,14,16 * * *", "At 06:30, 14:30 and 16:30"},
        {"0 0 1 */3 *", "At 00:00, on day 1 of the month, every 3 months"},
        {"0 0 L * *", "At 00:00, on the last day of the month"},
        {"0 6 * * FRI#2", "At 06:00, on the second Friday of the month"},
        {"0 0 13 * 5", "At 00:00, on day 13 of the month (or) At 00:00, only on Friday"},
        {"@midnight", ""},
        {"0 0 * * * 30", ""},
        {"nonsense", ""},
    };
    for (size_t i = 0; i < sizeof SAID / sizeof SAID[0]; i++) {
        struct hk_buf text;
        hk_buf_init(&text, 1000);
        hk_cron_describe(hk_str_from(SAID[i].expression), &text);
        char *said = hk_buf_take(&text);
        assert_string_equal(said, SAID[i].text);
        free(said);
    }
}

static void test_presets(void **state)
{
    (void)state;
    assert_string_equal(hk_cron_preset(HK_STR("@weekly")), "0 0 * * 0");
    assert_string_equal(hk_cron_preset(HK_STR("@annually")), "0 0 1 1 *");
    assert_string_equal(hk_cron_airflow_preset(HK_STR("@quarterly")), "0 0 1 */3 *");
    assert_null(hk_cron_airflow_preset(HK_STR("@midnight")));
    assert_null(hk_cron_airflow_preset(HK_STR("@Daily")));
    assert_null(hk_cron_preset(HK_STR("@Quarterly")));
    assert_null(hk_cron_preset(HK_STR("0 0 * * *")));
    assert_null(hk_cron_preset((struct hk_str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),          cmocka_unit_test(test_previous), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_clock_changes), cmocka_unit_test(test_align),    cmocka_unit_test(test_describe),
        cmocka_unit_test(test_presets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
