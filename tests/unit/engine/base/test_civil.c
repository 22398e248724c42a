#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/civil.h"
#include "engine/base/clock.h"

static void days_go_there_and_back(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 3000000; day += 37) {
        struct hk_civil c;
        hk_civil_from_us(day * HK_DAY_US + 1, &c);
        assert_int_equal(hk_civil_days(c.year, c.month, c.day), day);
        assert_int_equal(hk_civil_to_us(&c), day * HK_DAY_US + 1);
    }
    assert_int_equal(hk_civil_weekday(0), 4); /* a Thursday */
    assert_int_equal(hk_civil_weekday(-5), 6);
    assert_int_equal(hk_civil_month_days(2000, 2), 29);
    assert_int_equal(hk_civil_month_days(1900, 2), 28);
    assert_int_equal(hk_civil_month_days(2024, 12), 31);
}

static void iso_texts(void **state)
{
    (void)state;
    char text[HK_ISO_SIZE];
    hk_iso_z(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    hk_iso_z(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    hk_iso_offset(INT64_C(1790000000000010), text);
    assert_string_equal(text, "2026-09-21T14:13:20.000010+00:00");
}

static void iso_texts_read_back(void **state)
{
    (void)state;
    for (int64_t us = INT64_C(-62135596800000000); us < INT64_C(253402300800000000); us += INT64_C(86399876543210)) {
        char text[HK_ISO_SIZE];
        int64_t read_us = 0;
        bool has_zone = false;
        size_t len = hk_iso_z(us, text);
        assert_int_equal(len, strlen(text));
        assert_true(hk_iso_parse(hk_str_from(text), &read_us, &has_zone));
        assert_true(has_zone && read_us == us);
        len = hk_iso_offset(us, text);
        assert_int_equal(len, strlen(text));
        assert_true(hk_iso_parse(hk_str_from(text), &read_us, &has_zone));
        assert_true(has_zone && read_us == us);
    }
}

static void iso_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool has_zone;
    } good[] = {{"1970-01-02", 86400000000, false},
                {"1970-01-01T00:00:01Z", 1000000, true},
                {"1970-01-01t09:00+09:00", 0, true},
                {"1970-01-01 00:00:00.1234567", 123456, false},
                {"1970-01-01T00:00:00-0130", 5400000000, true},
                {"1970-01-01T00:00:00+01", -3600000000, true},
                {"2024-02-29T00:00:00Z", 1709164800000000, true}};
    static const char *const bad[] = {"",
                                      "1970",
                                      "1970-13-01",
                                      "1970-00-01",
                                      "2023-02-29",
                                      "1970-01-01T24:00:00Z",
                                      "1970-01-01T00:60",
                                      "1970-01-01T00:00:00Zx",
                                      "1970-01-01T00:00:00.",
                                      "1970-01-01T00:00:00+25:00",
                                      "1970-1-1",
                                      " 1970-01-01"};
    int64_t us = 0;
    bool has_zone = false;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(hk_iso_parse(hk_str_from(good[i].text), &us, &has_zone));
        assert_int_equal(us, good[i].us);
        assert_int_equal(has_zone, good[i].has_zone);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (hk_iso_parse(hk_str_from(bad[i]), &us, &has_zone)) {
            fail_msg("'%s' was read", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_go_there_and_back), cmocka_unit_test(iso_texts),
                                       cmocka_unit_test(iso_texts_read_back), cmocka_unit_test(iso_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
