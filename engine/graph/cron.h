/* struct hk_cron: a cron expression, read as croniter reads it where Airflow uses it. Five fields (minute, hour, day of
 * the month, month, day of the week), six (a second at the end) or seven (a year, 1970 to 2099, after that).
 *
 * Fields know `*`, numbers, names (MON, JAN; any case), ranges (FRI-MON wraps around), steps, lists, `?` in the day
 * fields, `L` and `15W` in the day of the month, `FRI#2` and `L5` (the last Friday) in the day of the week. When both
 * day fields are restricted, either may match. `H` and `R` (hashed, random) are refused: a schedule must say the same
 * twice. So is what can never happen ("0 0 30 2 *"), which Airflow accepts and never runs.
 *
 * Pure and immutable: the struct is a plain value, may be copied, owns nothing. Any thread. The search is bounded
 * (50 years, as croniter's), so next and previous answer in microseconds whatever the expression.
 *
 *     struct hk_cron cron;
 *     if (!hk_cron_parse(hk_str_from("0 5 * * MON-FRI"), &cron, err)) ...
 *     while (hk_cron_next(&cron, zone, at_us, &at_us)) ...
 */
#ifndef HK_GRAPH_CRON_H
#define HK_GRAPH_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/graph/zone.h"

enum hk_cron_part {
    HK_CRON_MINUTE,
    HK_CRON_HOUR,
    HK_CRON_DAY,
    HK_CRON_MONTH,
    HK_CRON_WEEKDAY, /* 0 = Sunday */
    HK_CRON_SECOND,
    HK_CRON_YEAR,
    HK_CRON_PART_COUNT
};

enum { HK_CRON_MAX_BYTES = 1024 };

struct hk_cron_field {
    uint64_t bits[3]; /* value v is bit v - base, where base is 0, or 1970 for years */
    uint16_t count;   /* of values listed */
    bool has_star;    /* "*" is among the items: everything matches */
    bool is_star;     /* exactly "*" (or all values, spelled out) */
    bool has_last;    /* 'L' in the day of the month */
};

struct hk_cron {
    struct hk_cron_field fields[HK_CRON_PART_COUNT];
    int field_count; /* 5, 6 or 7 */
    uint8_t nth[7];  /* per weekday: bit n (1..5) is the n-th of the month, bit 6 the last */
    bool has_nth;
    uint8_t nearest_weekday; /* the day of "15W"; 0: none */
};

/* HK_INVALID with the field and what is wrong with it, HK_LIMIT over HK_CRON_MAX_BYTES. Presets ("@daily") are taken,
 * too. */
HK_MUST_USE bool hk_cron_parse(struct hk_str expression, struct hk_cron *out, struct hk_error *err);

/* "@daily" -> "0 0 * * *". Airflow itself replaces @hourly @daily @weekly @monthly @quarterly @yearly (in this case
 * only), and shows the expression in their place; croniter also knows @midnight and @annually and takes any case. The
 * first function answers for Airflow's, the second for all. NULL when it is none of them. */
const char *hk_cron_airflow_preset(struct hk_str expression);
const char *hk_cron_preset(struct hk_str expression);

/* The first time after (before) at_us on the wall clocks of `zone`, as Airflow's CronMixin._get_next and _get_prev: a
 * skipped hour fires after the gap, a repeated one only the second time, except that a schedule that runs every hour
 * runs in both. false: there is none within 50 years. out may point to at_us's variable. */
bool hk_cron_next(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us);
bool hk_cron_previous(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us);

/* at_us itself when it is a time of the schedule, else the next (previous) one: CronMixin._align_to_next,
 * _align_to_prev. */
bool hk_cron_align_next(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us);
bool hk_cron_align_previous(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us);

/* The same without a zone, on wall times: croniter itself. */
bool hk_cron_next_wall(const struct hk_cron *cron, int64_t wall_us, int64_t *out_us);
bool hk_cron_previous_wall(const struct hk_cron *cron, int64_t wall_us, int64_t *out_us);

/* Appends Airflow's timetable_description: "At 05:00, Monday through Friday". Appends nothing where Airflow has an
 * empty one (six fields, @midnight, an expression it has no words for) or the expression is wrong. */
void hk_cron_describe(struct hk_str expression, struct hk_buf *out);

#endif
