#include "engine/graph/zone.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/buf.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"
#include "engine/graph/zone_internal.h"

enum { DAY_S = 86400, MAX_OFFSET_S = 24 * 3600 - 1, MAX_NAME = 100, MAX_FILE_BYTES = 1024 * 1024 };

static const char *const FOLDERS[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo",
                                      "/etc/zoneinfo"};

static int64_t floor_seconds(int64_t us)
{
    int64_t s = us / HK_SECOND_US;
    return us % HK_SECOND_US < 0 ? s - 1 : s;
}

/* Rules are not asked about years that no calendar has. */
static int64_t year_of(int64_t seconds)
{
    static const int64_t LIMIT_S = INT64_MAX / HK_SECOND_US - DAY_S;
    struct hk_civil c;
    if (seconds > LIMIT_S) {
        seconds = LIMIT_S;
    } else if (seconds < -LIMIT_S) {
        seconds = -LIMIT_S;
    }
    hk_civil_from_us(seconds * HK_SECOND_US, &c);
    return c.year;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 on the wall at which the day's change happens in a year. */
static int64_t day_in_year(const struct hk__zone_day *day, int64_t year)
{
    int64_t days = hk_civil_days(year, 1, 1);
    if (day->kind == 'J') {
        days += day->day - 1 + (day->day >= 60 && is_leap(year) ? 1 : 0);
    } else if (day->kind == 'N') {
        days += day->day;
    } else {
        int64_t first = hk_civil_days(year, day->month, 1);
        int month_day = (day->day - hk_civil_weekday(first) + 7) % 7 + (day->week - 1) * 7;
        if (month_day >= hk_civil_month_days(year, day->month)) {
            month_day -= 7;
        }
        days = first + month_day;
    }
    return days * DAY_S + day->time_s;
}

static int32_t rule_pick(const struct hk__zone_rule *rule, int64_t start, int64_t end, int64_t s)
{
    bool is_dst = start < end ? (start <= s && s < end) : !(end <= s && s < start);
    return is_dst ? rule->dst_s : rule->std_s;
}

static int32_t rule_offset(const struct hk__zone_rule *rule, int64_t at_s)
{
    if (!rule->has_dst) {
        return rule->std_s;
    }
    int64_t year = year_of(at_s);
    return rule_pick(rule, day_in_year(&rule->start, year) - rule->std_s, day_in_year(&rule->end, year) - rule->dst_s,
                     at_s);
}

/* Of the two walls an hour apart around a change, the first occurrence of a time counts to the period before the end
 * of daylight saving time, the second to the one after; in the gap it is the other way round. Turned around where
 * daylight saving time is the smaller offset (Ireland). */
static int32_t rule_wall_offset(const struct hk__zone_rule *rule, int64_t wall_s, bool is_second)
{
    if (!rule->has_dst) {
        return rule->std_s;
    }
    int64_t year = year_of(wall_s);
    int64_t start = day_in_year(&rule->start, year);
    int64_t end = day_in_year(&rule->end, year);
    int64_t saving = rule->dst_s - rule->std_s;
    if (is_second == (saving >= 0)) {
        end -= saving;
    } else {
        start += saving;
    }
    return rule_pick(rule, start, end, wall_s);
}

/* How many entries of an ascending list are at or before `s`. */
static size_t count_until(const int64_t *list, size_t count, int64_t s)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle] <= s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int32_t wall_offset(const struct hk_zone *zone, int64_t wall_s, bool is_second)
{
    const int64_t *list = zone->wall_s[is_second ? 1 : 0];
    size_t n = zone->count;
    if (n > 0 && wall_s < list[0]) {
        return zone->before_s;
    }
    if (n == 0 || wall_s > list[n - 1]) {
        return zone->rule.is_present ? rule_wall_offset(&zone->rule, wall_s, is_second) : zone->after_s;
    }
    return zone->offset_s[count_until(list, n, wall_s) - 1];
}

int32_t hk_zone_offset(const struct hk_zone *zone, int64_t at_us)
{
    int64_t at_s = floor_seconds(at_us);
    size_t n = zone->count;
    if (n > 0 && at_s < zone->at_s[0]) {
        return zone->before_s;
    }
    if (n == 0 || at_s > zone->at_s[n - 1]) {
        return zone->rule.is_present ? rule_offset(&zone->rule, at_s) : zone->after_s;
    }
    return zone->offset_s[count_until(zone->at_s, n, at_s) - 1];
}

/* Sums stop at the ends of time instead of running over them. */
static int64_t shift(int64_t us, int64_t seconds)
{
    int64_t result = 0;
    if (__builtin_add_overflow(us, seconds * HK_SECOND_US, &result)) {
        result = seconds < 0 ? INT64_MIN + 1 : INT64_MAX;
    }
    return result;
}

int64_t hk_zone_to_wall(const struct hk_zone *zone, int64_t at_us)
{
    return shift(at_us, hk_zone_offset(zone, at_us));
}

int64_t hk_zone_to_instant(const struct hk_zone *zone, int64_t wall_us, bool is_second)
{
    int64_t wall_s = floor_seconds(wall_us);
    int32_t first = wall_offset(zone, wall_s, false);
    int32_t second = wall_offset(zone, wall_s, true);
    if (second > first) { /* the clocks skip this time */
        int32_t gap = second - first;
        wall_us = shift(wall_us, is_second ? gap : -gap);
        wall_s = floor_seconds(wall_us);
    }
    return shift(wall_us, -(int64_t)wall_offset(zone, wall_s, is_second));
}

void hk_zone_free(struct hk_zone *zone)
{
    if (zone == NULL) {
        return;
    }
    free(zone->at_s);
    free(zone->wall_s[0]);
    free(zone->wall_s[1]);
    free(zone->offset_s);
    free(zone);
}

static struct hk_zone *fixed_zone(int32_t offset_s)
{
    struct hk_zone *zone = hk_alloc(sizeof *zone);
    zone->before_s = offset_s;
    zone->after_s = offset_s;
    return zone;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "+HH", "+HHMM", "+HH:MM", "+HHMMSS" or "+HH:MM:SS", with either sign. */
static bool read_fixed(const char *text, int32_t *out)
{
    if (text[0] != '+' && text[0] != '-') {
        return false;
    }
    int parts[3] = {0, 0, 0};
    const char *p = text + 1;
    for (int i = 0; i < 3 && (i == 0 || *p != '\0'); i++) {
        if (i > 0 && *p == ':') {
            p++;
        }
        if (!is_digit(p[0]) || !is_digit(p[1])) {
            return false;
        }
        parts[i] = (p[0] - '0') * 10 + (p[1] - '0');
        p += 2;
    }
    int32_t total = parts[0] * 3600 + parts[1] * 60 + parts[2];
    if (*p != '\0' || parts[1] > 59 || parts[2] > 59 || total > MAX_OFFSET_S) {
        return false;
    }
    *out = text[0] == '-' ? -total : total;
    return true;
}

/* Names become paths, so they may only walk down. */
static bool is_zone_name(const char *name)
{
    size_t len = strlen(name);
    bool at_start = true;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool is_plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (at_start ? !is_plain : !(is_plain || strchr("_+-/", c) != NULL)) {
            return false;
        }
        at_start = c == '/';
    }
    return len > 0 && len <= MAX_NAME && !at_start;
}

enum read_result { READ_DONE, READ_ABSENT, READ_FAILED };

static enum read_result read_zone_file(const char *folder, const char *name, struct hk_buf *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return READ_ABSENT;
    }
    char chunk[4096];
    size_t n = 0;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        hk_buf_add(out, chunk, n);
    }
    bool is_bad = ferror(file) != 0; /* a folder such as "America" opens, but does not read */
    fclose(file);
    return is_bad || out->is_full ? READ_FAILED : READ_DONE;
}

static bool any_folder(void)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++) {
        FILE *folder = fopen(FOLDERS[i], "rb");
        if (folder != NULL) {
            fclose(folder);
            return true;
        }
    }
    return false;
}

static bool load_file(const char *name, struct hk_zone **out, struct hk_error *err)
{
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++) {
        struct hk_buf bytes;
        hk_buf_init(&bytes, MAX_FILE_BYTES);
        enum read_result result = read_zone_file(FOLDERS[i], name, &bytes);
        bool done = result == READ_DONE && hk_zone_read(name, hk_buf_str(&bytes), out, err);
        hk_buf_clear(&bytes);
        if (result == READ_DONE) {
            return done;
        }
        if (result == READ_FAILED) {
            break;
        }
    }
    if (!any_folder()) {
        return hk_error_set(err, HK_NOT_FOUND,
                            "time zone '%s' cannot be read because this machine has no time zone data in %s; "
                            "install the package tzdata",
                            name, FOLDERS[0]);
    }
    return hk_error_set(err, HK_NOT_FOUND,
                        "there is no time zone '%s' in %s; names are written as 'Europe/Berlin' or '+09:00'", name,
                        FOLDERS[0]);
}

bool hk_zone_load(const char *name, struct hk_zone **out, struct hk_error *err)
{
    int32_t offset_s = 0;
    if (hk_str_is(hk_str_from(name), "UTC") ||
        (strlen(name) == 3 && (name[0] | 32) == 'u' && (name[1] | 32) == 't' && (name[2] | 32) == 'c')) {
        *out = fixed_zone(0);
        return true;
    }
    if (read_fixed(name, &offset_s)) {
        *out = fixed_zone(offset_s);
        return true;
    }
    if (!is_zone_name(name)) {
        return hk_error_set(err, HK_INVALID,
                            "'%.100s' is not the name of a time zone; write one as 'Europe/Berlin' or '+09:00'", name);
    }
    return load_file(name, out, err);
}
