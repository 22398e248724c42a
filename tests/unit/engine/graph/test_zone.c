#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/base/civil.h"
#include "engine/graph/zone.h"

static int64_t time_us(const char *text)
{
    int64_t us = 0;
    bool has_zone = false;
    assert_true(hk_iso_parse(hk_str_from(text), &us, &has_zone));
    return us;
}

static struct hk_zone *load(const char *name)
{
    struct hk_zone *zone = NULL;
    struct hk_error err = {0};
    if (!hk_zone_load(name, &zone, &err)) {
        fail_msg("%s", err.message);
    }
    return zone;
}

static void assert_wall(const struct hk_zone *zone, const char *at, const char *wall)
{
    assert_int_equal(hk_zone_to_wall(zone, time_us(at)), time_us(wall));
}

static void assert_instant(const struct hk_zone *zone, const char *wall, bool is_second, const char *at)
{
    assert_int_equal(hk_zone_to_instant(zone, time_us(wall), is_second), time_us(at));
}

static void test_fixed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t offset_s;
    } ZONES[] = {{"UTC", 0},     {"utc", 0},          {"+09:00", 32400}, {"-0330", -12600},
                 {"+05", 18000}, {"+01:02:03", 3723}, {"-00:00", 0}};
    for (size_t i = 0; i < sizeof ZONES / sizeof ZONES[0]; i++) {
        struct hk_zone *zone = load(ZONES[i].name);
        assert_int_equal(hk_zone_offset(zone, 0), ZONES[i].offset_s);
        assert_int_equal(hk_zone_to_instant(zone, hk_zone_to_wall(zone, 12345), true), 12345);
        hk_zone_free(zone);
    }
    struct hk_zone *utc = load("uTc");
    hk_zone_free(utc);
    hk_zone_free(NULL);
}

static void test_berlin(void **state)
{
    (void)state;
    struct hk_zone *zone = load("Europe/Berlin");
    assert_wall(zone, "2024-01-01T12:00:00Z", "2024-01-01T13:00:00Z");
    assert_wall(zone, "2024-07-01T12:00:00Z", "2024-07-01T14:00:00Z");
    assert_wall(zone, "2024-03-31T00:59:59.999999Z", "2024-03-31T01:59:59.999999Z");
    assert_wall(zone, "2024-03-31T01:00:00Z", "2024-03-31T03:00:00Z");
    assert_wall(zone, "1880-01-01T00:00:00Z", "1880-01-01T00:53:28Z");
    assert_wall(zone, "2500-07-01T12:00:00Z", "2500-07-01T14:00:00Z");
    /* The skipped hour moves by the gap. */
    assert_instant(zone, "2024-03-31T02:30:00Z", true, "2024-03-31T01:30:00Z");
    assert_instant(zone, "2024-03-31T02:30:00Z", false, "2024-03-31T00:30:00Z");
    /* The repeated hour has two meanings. */
    assert_instant(zone, "2024-10-27T02:30:00Z", false, "2024-10-27T00:30:00Z");
    assert_instant(zone, "2024-10-27T02:30:00Z", true, "2024-10-27T01:30:00Z");
    /* The same by the rule of the footer, far ahead. */
    assert_instant(zone, "2100-10-31T02:30:00Z", false, "2100-10-31T00:30:00Z");
    assert_instant(zone, "2100-10-31T02:30:00Z", true, "2100-10-31T01:30:00Z");
    hk_zone_free(zone);
}

static void test_odd_places(void **state)
{
    (void)state;
    struct hk_zone *apia = load("Pacific/Apia"); /* had no 30 December 2011 */
    assert_wall(apia, "2011-12-30T09:59:00Z", "2011-12-29T23:59:00Z");
    assert_wall(apia, "2011-12-30T10:00:00Z", "2011-12-31T00:00:00Z");
    assert_instant(apia, "2011-12-30T12:00:00Z", true, "2011-12-30T22:00:00Z");
    hk_zone_free(apia);
    struct hk_zone *howe = load("Australia/Lord_Howe"); /* half an hour of daylight saving time */
    assert_wall(howe, "2024-01-01T00:00:00Z", "2024-01-01T11:00:00Z");
    assert_wall(howe, "2024-07-01T00:00:00Z", "2024-07-01T10:30:00Z");
    assert_instant(howe, "2050-04-03T01:45:00Z", false, "2050-04-02T14:45:00Z");
    assert_instant(howe, "2050-04-03T01:45:00Z", true, "2050-04-02T15:15:00Z");
    hk_zone_free(howe);
    struct hk_zone *dublin = load("Europe/Dublin"); /* standard time in summer, negative saving in winter */
    assert_wall(dublin, "2060-07-01T12:00:00Z", "2060-07-01T13:00:00Z");
    assert_wall(dublin, "2060-01-01T12:00:00Z", "2060-01-01T12:00:00Z");
    assert_instant(dublin, "2060-10-31T01:30:00Z", true, "2060-10-31T01:30:00Z");
    hk_zone_free(dublin);
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const NO_NAMES[] = {"",       "/etc/passwd", "../x",  "Europe/../UTC", "Europe/", "a.b",
                                           "+24:00", "+9",          "+09:0", "+09:60",        "-",       "+09:00x"};
    struct hk_zone *zone = NULL;
    struct hk_error err = {0};
    for (size_t i = 0; i < sizeof NO_NAMES / sizeof NO_NAMES[0]; i++) {
        assert_false(hk_zone_load(NO_NAMES[i], &zone, &err));
        assert_int_equal(err.code, HK_INVALID);
    }
    assert_false(hk_zone_load("Europe/Atlantis", &zone, &err));
    assert_int_equal(err.code, HK_NOT_FOUND);
    assert_non_null(strstr(err.message, "Europe/Atlantis"));
    assert_false(hk_zone_load("America", &zone, &err)); /* a folder */
    assert_int_equal(err.code, HK_NOT_FOUND);
}

/* A small file of version 2: one change, one type, a rule. */
static void build(struct hk_buf *out, const char *footer)
{
    static const unsigned char NONE[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 1};
    static const unsigned char HEADER[44] = {'T', 'Z', 'i', 'f', '2', [35] = 1, [39] = 2, [43] = 4};
    static const unsigned char TYPES[] = {0, 0, 0x0e, 0x10, 0, 0, 0, 0, 0x1c, 0x20, 1, 0, 'X', 'Y', 'Z', 0};
    hk_buf_init(out, 4096);
    hk_buf_add(out, NONE, sizeof NONE);
    hk_buf_add(out, "\0\0\0\0\0\0\0", 7);
    hk_buf_add(out, HEADER, sizeof HEADER);
    hk_buf_add(out, "\0\0\0\0\0\0\x10\0\1", 9);
    hk_buf_add(out, TYPES, sizeof TYPES);
    hk_buf_add_text(out, footer);
}

static void test_damaged(void **state)
{
    (void)state;
    struct hk_buf file;
    struct hk_zone *zone = NULL;
    struct hk_error err = {0};
    build(&file, "\nXXX-1YYY,M3.5.0,M10.5.0/3\n");
    assert_true(hk_zone_read("Test/Zone", hk_buf_str(&file), &zone, &err));
    assert_int_equal(hk_zone_offset(zone, 0), 3600);
    assert_int_equal(hk_zone_offset(zone, INT64_C(4096000000)), 7200);
    assert_int_equal(hk_zone_offset(zone, INT64_MIN), 3600);
    hk_zone_offset(zone, INT64_MAX);
    hk_zone_to_instant(zone, INT64_MAX, true);
    hk_zone_to_instant(zone, INT64_MIN + 1, false);
    hk_zone_free(zone);
    for (size_t len = 0; len < file.len; len++) { /* cut anywhere it is refused, never read past its end */
        char *copy = malloc(len + 1);
        memcpy(copy, file.data, len);
        assert_false(hk_zone_read("Test/Zone", (struct hk_str){copy, len}, &zone, &err));
        assert_int_equal(err.code, HK_CORRUPT);
        free(copy);
    }
    for (size_t i = 0; i < file.len; i++) { /* any byte may be wrong */
        char keep = file.data[i];
        file.data[i] = (char)(keep ^ 0xff);
        if (hk_zone_read("Test/Zone", hk_buf_str(&file), &zone, &err)) {
            hk_zone_to_instant(zone, 0, true);
            hk_zone_free(zone);
        }
        file.data[i] = keep;
    }
    hk_buf_clear(&file);
    static const char *const NO_RULES[] = {"\nXXX-1YYY\n",
                                           "\nXXX\n",
                                           "\n1\n",
                                           "\nXXX-1YYY,M13.1.0,M1.1.0\n",
                                           "\nXXX-1YYY,M3.0.0,M1.1.0\n",
                                           "\nXXX-1YYY,M3.1.0,M1.1.0/200\n",
                                           "\n<XXX-1\n"};
    for (size_t i = 0; i < sizeof NO_RULES / sizeof NO_RULES[0]; i++) {
        build(&file, NO_RULES[i]);
        assert_false(hk_zone_read("Test/Zone", hk_buf_str(&file), &zone, &err));
        hk_buf_clear(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),   cmocka_unit_test(test_berlin),  cmocka_unit_test(test_odd_places),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
