#include "engine/base/civil.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"

int64_t hk_civil_days(int64_t year, int month, int day)
{
    /* Counts years from March, so that the leap day is the last of its year. */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int hk_civil_weekday(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

int hk_civil_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

int64_t hk_civil_to_us(const struct hk_civil *c)
{
    int64_t seconds = hk_civil_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    return seconds * HK_SECOND_US + c->microsecond;
}

void hk_civil_from_us(int64_t us, struct hk_civil *out)
{
    int64_t days = us / HK_DAY_US - (us % HK_DAY_US < 0);
    int64_t rest = us - days * HK_DAY_US;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->month = (int)(month < 10 ? month + 3 : month - 9);
    out->year = year_of_era + era * 400 + (out->month <= 2);
    out->hour = (int)(rest / HK_HOUR_US);
    out->minute = (int)(rest / HK_MINUTE_US % 60);
    out->second = (int)(rest / HK_SECOND_US % 60);
    out->microsecond = (int)(rest % HK_SECOND_US);
}

static char *put_digits(char *at, int value, int digits)
{
    for (int i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static size_t format(int64_t us, const char *zone, char out[HK_ISO_SIZE])
{
    static const char separators[] = "--T::";
    struct hk_civil c;
    hk_civil_from_us(us, &c);
    if (c.year < 0 || c.year > 9999) { /* no time that anybody may enter; still told as it is */
        return (size_t)snprintf(out, HK_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%s", (int)c.year, c.month, c.day,
                                c.hour, c.minute, c.second, zone);
    }
    const int parts[] = {c.month, c.day, c.hour, c.minute, c.second};
    char *at = put_digits(out, (int)c.year, 4);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *at++ = separators[i];
        at = put_digits(at, parts[i], 2);
    }
    if (c.microsecond != 0) {
        *at++ = '.';
        at = put_digits(at, c.microsecond, 6);
    }
    size_t zone_len = strlen(zone);
    memcpy(at, zone, zone_len + 1);
    return (size_t)(at - out) + zone_len;
}

size_t hk_iso_z(int64_t us, char out[HK_ISO_SIZE])
{
    return format(us, "Z", out);
}

size_t hk_iso_offset(int64_t us, char out[HK_ISO_SIZE])
{
    return format(us, "+00:00", out);
}

/* Takes exactly n digits. */
static bool take_digits(struct hk_str *s, size_t n, int *out)
{
    int value = 0;
    if (s->len < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            return false;
        }
        value = value * 10 + (s->data[i] - '0');
    }
    s->data += n;
    s->len -= n;
    *out = value;
    return true;
}

static bool take_char(struct hk_str *s, char c)
{
    if (s->len == 0 || s->data[0] != c) {
        return false;
    }
    s->data++;
    s->len--;
    return true;
}

static bool take_fraction(struct hk_str *s, int *microsecond)
{
    int value = 0;
    size_t digits = 0;
    while (digits < s->len && s->data[digits] >= '0' && s->data[digits] <= '9') {
        if (digits < 6) {
            value = value * 10 + (s->data[digits] - '0');
        }
        digits++;
    }
    if (digits == 0 || digits > 9) {
        return false;
    }
    for (size_t i = digits; i < 6; i++) {
        value *= 10;
    }
    s->data += digits;
    s->len -= digits;
    *microsecond = value;
    return true;
}

static bool take_offset(struct hk_str *s, int64_t *offset_us, bool *has_zone)
{
    *has_zone = s->len > 0;
    *offset_us = 0;
    if (s->len == 0 || take_char(s, 'Z') || take_char(s, 'z')) {
        return true;
    }
    int sign = take_char(s, '-') ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if (sign == 1 && !take_char(s, '+')) {
        return false;
    }
    if (!take_digits(s, 2, &hours)) {
        return false;
    }
    if (s->len > 0 && (take_char(s, ':'), !take_digits(s, 2, &minutes))) {
        return false;
    }
    *offset_us = sign * (hours * HK_HOUR_US + minutes * HK_MINUTE_US);
    return hours < 24 && minutes < 60;
}

static bool take_time(struct hk_str *s, struct hk_civil *c)
{
    if (!take_digits(s, 2, &c->hour) || !take_char(s, ':') || !take_digits(s, 2, &c->minute)) {
        return false;
    }
    if (take_char(s, ':') && !take_digits(s, 2, &c->second)) {
        return false;
    }
    return !(take_char(s, '.') || take_char(s, ',')) || take_fraction(s, &c->microsecond);
}

bool hk_iso_parse(struct hk_str s, int64_t *out_us, bool *has_zone)
{
    struct hk_civil c = {0};
    int year = 0;
    int64_t offset_us = 0;
    if (!take_digits(&s, 4, &year) || !take_char(&s, '-') || !take_digits(&s, 2, &c.month) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &c.day)) {
        return false;
    }
    c.year = year;
    if (take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) {
        if (!take_time(&s, &c)) {
            return false;
        }
    }
    if (!take_offset(&s, &offset_us, has_zone) || s.len > 0) {
        return false;
    }
    if (year < 1 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > hk_civil_month_days(year, c.month) ||
        c.hour > 23 || c.minute > 59 || c.second > 59) {
        return false;
    }
    *out_us = hk_civil_to_us(&c) - offset_us;
    return true;
}
