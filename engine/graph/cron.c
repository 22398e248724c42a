#include "engine/graph/cron.h"

#include "engine/base/civil.h"
#include "engine/base/clock.h"

enum { SEARCH_YEARS = 50, DAY_S = 86400, LAST_SECOND = DAY_S - 1, NTH_LAST_BIT = 6 };

/* A time being moved towards a match. */
struct moment {
    int64_t days;   /* since 1970-01-01 */
    int64_t second; /* of the day */
    int64_t year;   /* year, month and day follow from days */
    int month;
    int day;
};

/* One search. The day fields are apart because "either day matches" asks twice, each time with one of them open. */
struct search {
    const struct hk_cron *cron;
    const struct hk_cron_field *day;
    const struct hk_cron_field *weekday;
    bool is_back;
};

enum step { STEP_FITS, STEP_MOVED, STEP_NEVER };

static const struct hk_cron_field ANY = {.count = 1, .has_star = true, .is_star = true};

static bool field_has(const struct hk_cron_field *field, int bit)
{
    return bit >= 0 && bit < 192 && (field->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

static int field_lowest(const struct hk_cron_field *field, int from)
{
    for (int bit = from < 0 ? 0 : from; bit < 192; bit++) {
        if (field_has(field, bit)) {
            return bit;
        }
    }
    return -1;
}

static int field_highest(const struct hk_cron_field *field, int from)
{
    for (int bit = from > 191 ? 191 : from; bit >= 0; bit--) {
        if (field_has(field, bit)) {
            return bit;
        }
    }
    return -1;
}

/* How far to go from x to the next listed value; past `size` it starts over. 'L' is the value `size`. */
static int ahead(const struct hk_cron_field *field, int x, int size)
{
    int next = field_lowest(field, x);
    if (next >= 0 && next <= size) {
        return next - x;
    }
    return field->has_last ? size - x : field_lowest(field, 0) - x + size;
}

/* The same backwards; `size` is of the cycle before. A cycle too short for all listed values is left altogether. */
static int behind(const struct hk_cron_field *field, int x, int size)
{
    int previous = field_highest(field, x);
    if (previous >= 0) {
        return previous - x;
    }
    if (field->has_last) {
        return -x;
    }
    int value = field_highest(field, size);
    return value < 0 ? -size : value - x - size;
}

static int difference(const struct search *s, const struct hk_cron_field *field, int x, int size)
{
    return s->is_back ? behind(field, x, size) : ahead(field, x, size);
}

static void set_days(struct moment *m, int64_t days)
{
    struct hk_civil c;
    hk_civil_from_us(days * HK_DAY_US, &c);
    m->days = days;
    m->year = c.year;
    m->month = c.month;
    m->day = c.day;
}

/* To the edge of a day from which the search goes on. */
static void enter_day(const struct search *s, struct moment *m, int64_t days)
{
    set_days(m, days);
    m->second = s->is_back ? LAST_SECOND : 0;
}

static void add_seconds(struct moment *m, int64_t seconds)
{
    int64_t total = m->second + seconds;
    int64_t days = total / DAY_S - (total % DAY_S < 0 ? 1 : 0);
    m->second = total - days * DAY_S;
    if (days != 0) {
        set_days(m, m->days + days);
    }
}

static enum step fit_year(const struct search *s, struct moment *m)
{
    const struct hk_cron_field *field = &s->cron->fields[HK_CRON_YEAR];
    if (s->cron->field_count <= HK_CRON_YEAR || field->has_star) {
        return STEP_FITS;
    }
    int x = (int)(m->year - 1970);
    int found = s->is_back ? (x < 0 ? -1 : field_highest(field, x)) : field_lowest(field, x);
    if (found < 0) {
        return STEP_NEVER;
    }
    if (found == x) {
        return STEP_FITS;
    }
    enter_day(s, m, s->is_back ? hk_civil_days(found + 1970, 12, 31) : hk_civil_days(found + 1970, 1, 1));
    return STEP_MOVED;
}

static enum step fit_month(const struct search *s, struct moment *m)
{
    const struct hk_cron_field *field = &s->cron->fields[HK_CRON_MONTH];
    int diff = field->has_star ? 0 : difference(s, field, m->month, 12);
    if (diff == 0) {
        return STEP_FITS;
    }
    int64_t months = m->year * 12 + (m->month - 1) + diff;
    int64_t year = months / 12;
    int month = (int)(months % 12) + 1;
    enter_day(s, m, hk_civil_days(year, month, s->is_back ? hk_civil_month_days(year, month) : 1));
    return STEP_MOVED;
}

static enum step move_days(const struct search *s, struct moment *m, int diff)
{
    if (diff == 0) {
        return STEP_FITS;
    }
    enter_day(s, m, m->days + diff);
    return STEP_MOVED;
}

static enum step fit_day(const struct search *s, struct moment *m)
{
    int size = hk_civil_month_days(m->year, m->month);
    if (s->day->has_star || (s->day->has_last && m->day == size)) {
        return STEP_FITS;
    }
    if (s->is_back) {
        size = m->month == 1 ? 31 : hk_civil_month_days(m->year, m->month - 1);
    }
    return move_days(s, m, difference(s, s->day, m->day, size));
}

static enum step fit_weekday(const struct search *s, struct moment *m)
{
    if (s->weekday->has_star) {
        return STEP_FITS;
    }
    return move_days(s, m, difference(s, s->weekday, hk_civil_weekday(m->days), 7));
}

/* To the nearest of the month's days in the mask, or out of the month when there is none in the direction of the
 * search. */
static enum step fit_mask(const struct search *s, struct moment *m, uint32_t mask)
{
    int size = hk_civil_month_days(m->year, m->month);
    int way = s->is_back ? -1 : 1;
    for (int day = m->day; day >= 1 && day <= size; day += way) {
        if ((mask >> day & 1) != 0) {
            return move_days(s, m, day - m->day);
        }
    }
    return move_days(s, m, s->is_back ? -m->day : size - m->day + 1);
}

static enum step fit_nth(const struct search *s, struct moment *m)
{
    int size = hk_civil_month_days(m->year, m->month);
    int first_weekday = hk_civil_weekday(m->days - (m->day - 1));
    uint32_t mask = 0;
    for (int weekday = 0; weekday < 7; weekday++) {
        int first = (weekday - first_weekday + 7) % 7 + 1;
        for (int nth = 1; nth <= 5 && first + 7 * (nth - 1) <= size; nth++) {
            int day = first + 7 * (nth - 1);
            bool is_last = day + 7 > size;
            if ((s->cron->nth[weekday] >> nth & 1) != 0 ||
                (is_last && (s->cron->nth[weekday] >> NTH_LAST_BIT & 1) != 0)) {
                mask |= UINT32_C(1) << day;
            }
        }
    }
    return fit_mask(s, m, mask);
}

/* The Monday to Friday next to a day without leaving its month. */
static enum step fit_nearest(const struct search *s, struct moment *m)
{
    int size = hk_civil_month_days(m->year, m->month);
    int day = s->cron->nearest_weekday < size ? s->cron->nearest_weekday : size;
    int weekday = hk_civil_weekday(m->days - m->day + day);
    if (weekday == 6) {
        day += day > 1 ? -1 : 2;
    } else if (weekday == 0) {
        day += day < size ? 1 : -2;
    }
    return fit_mask(s, m, UINT32_C(1) << day);
}

static enum step fit_hour(const struct search *s, struct moment *m)
{
    const struct hk_cron_field *field = &s->cron->fields[HK_CRON_HOUR];
    int hour = (int)(m->second / 3600);
    int diff = field->has_star ? 0 : difference(s, field, hour, 24);
    if (diff == 0) {
        return STEP_FITS;
    }
    m->second = hour * 3600 + (s->is_back ? 3599 : 0);
    add_seconds(m, (int64_t)diff * 3600);
    return STEP_MOVED;
}

static enum step fit_minute(const struct search *s, struct moment *m)
{
    const struct hk_cron_field *field = &s->cron->fields[HK_CRON_MINUTE];
    int minute = (int)(m->second % 3600 / 60);
    int diff = field->has_star ? 0 : difference(s, field, minute, 60);
    if (diff == 0) {
        return STEP_FITS;
    }
    m->second = m->second / 60 * 60 + (s->is_back ? 59 : 0);
    add_seconds(m, (int64_t)diff * 60);
    return STEP_MOVED;
}

static enum step fit_second(const struct search *s, struct moment *m)
{
    const struct hk_cron_field *field = &s->cron->fields[HK_CRON_SECOND];
    if (s->cron->field_count <= HK_CRON_SECOND) {
        m->second = m->second / 60 * 60;
        return STEP_FITS;
    }
    int diff = field->has_star ? 0 : difference(s, field, (int)(m->second % 60), 60);
    if (diff == 0) {
        return STEP_FITS;
    }
    add_seconds(m, diff);
    return STEP_MOVED;
}

static enum step fit(const struct search *s, struct moment *m)
{
    enum step (*const parts[])(const struct search *,
                               struct moment *) = {fit_year,
                                                   fit_month,
                                                   s->cron->nearest_weekday != 0 ? fit_nearest : fit_day,
                                                   s->cron->has_nth ? fit_nth : fit_weekday,
                                                   fit_hour,
                                                   fit_minute,
                                                   fit_second};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        enum step step = parts[i](s, m);
        if (step != STEP_FITS) {
            return step;
        }
    }
    return STEP_FITS;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Every round moves by at least a second, mostly by days or months, and the years are bounded: this ends. */
static bool find(const struct search *s, int64_t wall_us, int64_t *out_us)
{
    int64_t unit_us = s->cron->field_count > HK_CRON_SECOND ? HK_SECOND_US : HK_MINUTE_US;
    int64_t start_s = floor_div(s->is_back ? wall_us - 1 : wall_us + unit_us, unit_us) * (unit_us / HK_SECOND_US);
    struct moment m;
    set_days(&m, floor_div(start_s, DAY_S));
    m.second = start_s - m.days * DAY_S;
    int64_t first_year = m.year;
    while (m.year - first_year <= SEARCH_YEARS && first_year - m.year <= SEARCH_YEARS && m.year >= 1 &&
           m.year <= 9999) {
        enum step step = fit(s, &m);
        if (step == STEP_NEVER) {
            return false;
        }
        if (step == STEP_FITS) {
            *out_us = (m.days * DAY_S + m.second) * HK_SECOND_US;
            return true;
        }
    }
    return false;
}

/* Either day field may match. Where a side is an n-th or nearest weekday it stays in both searches, and a side
 * without any match then means that there is none at all: that is croniter's reading. */
static bool find_either(const struct search *both, int64_t wall_us, int64_t *out_us)
{
    struct search by_day = *both;
    struct search by_weekday = *both;
    int64_t day_us = 0;
    int64_t weekday_us = 0;
    by_day.weekday = &ANY;
    by_weekday.day = &ANY;
    bool has_day = find(&by_day, wall_us, &day_us);
    bool has_weekday = find(&by_weekday, wall_us, &weekday_us);
    bool is_strict = both->cron->has_nth || both->cron->nearest_weekday != 0;
    if (is_strict ? !(has_day && has_weekday) : !(has_day || has_weekday)) {
        return false;
    }
    bool is_day = has_day && (!has_weekday || (both->is_back ? day_us > weekday_us : day_us < weekday_us));
    *out_us = is_day ? day_us : weekday_us;
    return true;
}

static bool search_wall(const struct hk_cron *cron, int64_t wall_us, bool is_back, int64_t *out_us)
{
    struct search s = {cron, &cron->fields[HK_CRON_DAY], &cron->fields[HK_CRON_WEEKDAY], is_back};
    /* The years 2 to 9998: Python's calendar ends there, too, and sums cannot overflow. */
    static const int64_t FIRST_S = INT64_C(-62104060800);
    static const int64_t END_S = INT64_C(253370764800);
    if (wall_us < FIRST_S * HK_SECOND_US || wall_us >= END_S * HK_SECOND_US) {
        return false;
    }
    if (!s.day->has_star && !s.weekday->has_star) {
        return find_either(&s, wall_us, out_us);
    }
    return find(&s, wall_us, out_us);
}

bool hk_cron_next_wall(const struct hk_cron *cron, int64_t wall_us, int64_t *out_us)
{
    return search_wall(cron, wall_us, false, out_us);
}

bool hk_cron_previous_wall(const struct hk_cron *cron, int64_t wall_us, int64_t *out_us)
{
    return search_wall(cron, wall_us, true, out_us);
}

/* A schedule of every hour goes on in real time when clocks change; any other is told by the wall. */
static bool search_zone(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, bool is_back,
                        int64_t *out_us)
{
    int64_t wall_us = hk_zone_to_wall(zone, at_us);
    int64_t found_us = 0;
    if (!search_wall(cron, wall_us, is_back, &found_us)) {
        return false;
    }
    *out_us =
        cron->fields[HK_CRON_HOUR].is_star ? at_us + (found_us - wall_us) : hk_zone_to_instant(zone, found_us, true);
    return true;
}

bool hk_cron_next(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us)
{
    return search_zone(cron, zone, at_us, false, out_us);
}

bool hk_cron_previous(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us)
{
    return search_zone(cron, zone, at_us, true, out_us);
}

static bool align(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, bool is_back, int64_t *out_us)
{
    int64_t there_us = 0;
    int64_t back_us = 0;
    if (!search_zone(cron, zone, at_us, is_back, &there_us) || !search_zone(cron, zone, there_us, !is_back, &back_us)) {
        return false;
    }
    *out_us = back_us == at_us ? at_us : there_us;
    return true;
}

bool hk_cron_align_next(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us)
{
    return align(cron, zone, at_us, false, out_us);
}

bool hk_cron_align_previous(const struct hk_cron *cron, const struct hk_zone *zone, int64_t at_us, int64_t *out_us)
{
    return align(cron, zone, at_us, true, out_us);
}
