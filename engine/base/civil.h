/* Calendar and text forms of an instant: the proleptic Gregorian calendar, ISO 8601 in and out. Pure; any thread.
 * Time zones with rules live in engine/graph/zone.h; here there are only fixed offsets. */
#ifndef HK_BASE_CIVIL_H
#define HK_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/str.h"

struct hk_civil {
    int64_t year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
    int hour;
    int minute;
    int second;
    int microsecond;
};

int64_t hk_civil_to_us(const struct hk_civil *c);        /* read as UTC; fields may not overflow */
void hk_civil_from_us(int64_t us, struct hk_civil *out); /* as UTC */
int64_t hk_civil_days(int64_t year, int month, int day); /* days since 1970-01-01 */
int hk_civil_weekday(int64_t days);                      /* 0 = Sunday .. 6 = Saturday */
int hk_civil_month_days(int64_t year, int month);

enum { HK_ISO_SIZE = 40 };

/* "2026-11-22T20:51:10.716161Z", without the fraction when it is 0: the form of Airflow's REST bodies.
 * Returns its length, as does the next. */
size_t hk_iso_z(int64_t us, char out[HK_ISO_SIZE]);
/* "2026-11-22T20:51:10.716161+00:00": Python's isoformat, as in run ids. */
size_t hk_iso_offset(int64_t us, char out[HK_ISO_SIZE]);

/* Reads a date ("2026-11-22", midnight) or a date and time with 'T', 't' or ' ' between, optional seconds and fraction
 * (up to 9 digits, cut to micros), optional "Z", "+HH:MM", "+HHMM" or "+HH". *has_zone tells whether an offset was
 * written; without one the time is read as UTC. false on anything else. */
bool hk_iso_parse(struct hk_str text, int64_t *out_us, bool *has_zone);

#endif
