#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "dags/yaml_dag.h"
#include "dags/yaml_internal.h"
#include "engine/base/civil.h"
#include "engine/base/limits.h"
#include "engine/graph/zone.h"

/* A thousand years: sums of instants and durations stay far from overflow. */
#define MOST_US (INT64_C(1000) * 366 * HK_DAY_US)

bool hk__yaml_locate(const struct hk__yaml_dag *d, const struct hk_yaml_node *at, struct hk_error *err)
{
    if (d->task_id != NULL) {
        hk_error_prefix(err, "DAG '%.80s', task '%.80s'", d->dag_id, d->task_id);
    } else {
        hk_error_prefix(err, "DAG '%.80s'", d->dag_id);
    }
    return hk__yaml_at(err, d->file, at != NULL ? at->line : d->conf->line);
}

bool hk__yaml_refuse(const struct hk__yaml_dag *d, const struct hk_yaml_node *at, struct hk_error *err, const char *fmt,
                     ...)
{
    va_list args;
    va_start(args, fmt);
    hk_error_set_v(err, HK_INVALID, fmt, args);
    va_end(args);
    return hk__yaml_locate(d, at, err);
}

bool hk__yaml_take_text(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                        const char **out, struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind != HK_YAML_TEXT) {
        return hk__yaml_refuse(d, node, err, "%s takes a text, not %s: write it in quotes.", key,
                               hk_yaml_kind_name(node->kind));
    }
    *out = hk_graph_builder_str(d->b, node->text);
    return true;
}

bool hk__yaml_take_bool(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key, bool *out,
                        struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind != HK_YAML_BOOL) {
        return hk__yaml_refuse(d, node, err, "%s takes true or false, not %s.", key, hk_yaml_kind_name(node->kind));
    }
    *out = node->as.truth;
    return true;
}

bool hk__yaml_take_count(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key, uint32_t *out,
                         struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind != HK_YAML_INT || node->is_big || node->as.integer < 0 || node->as.integer > INT32_MAX) {
        return hk__yaml_refuse(d, node, err, "%s takes a whole number from 0, not %s%s%.40s.", key,
                               hk_yaml_kind_name(node->kind), node->kind == HK_YAML_INT ? " like " : "",
                               node->kind == HK_YAML_INT ? node->text.data : "");
    }
    *out = (uint32_t)node->as.integer;
    return true;
}

/* ---- objects ---- */

const struct hk_yaml_node *hk__yaml_object_arg(const struct hk_yaml_node *object, const char *name, int at)
{
    if (at >= 0 && (size_t)at < object->as.in.item_count) {
        return object->as.in.items[at];
    }
    return hk_yaml_get(object, name);
}

bool hk__yaml_is_type(const struct hk_yaml_node *node, const char *class_name)
{
    if (node == NULL || node->kind != HK_YAML_OBJECT) {
        return false;
    }
    size_t len = strlen(class_name);
    return hk_str_is(node->text, class_name) || (node->text.len > len && hk_str_ends_with(node->text, class_name) &&
                                                 node->text.data[node->text.len - len - 1] == '.');
}

static bool is_delta(const struct hk_yaml_node *node)
{
    return hk__yaml_is_type(node, "datetime.timedelta") || hk__yaml_is_type(node, "pendulum.duration") ||
           hk__yaml_is_type(node, "pendulum.Duration") || hk__yaml_is_type(node, "pendulum.duration.Duration");
}

struct unit {
    const char *name;
    int at; /* place among the arguments; -1: only by name */
    int64_t us;
};

/* datetime.timedelta(days, seconds, microseconds, milliseconds, minutes, hours, weeks); pendulum adds months and years,
 * of 30 and 365 days. */
static const struct unit units[] = {
    {"days", 0, HK_DAY_US},        {"seconds", 1, HK_SECOND_US},   {"microseconds", 2, 1},
    {"milliseconds", 3, HK_MS_US}, {"minutes", 4, HK_MINUTE_US},   {"hours", 5, HK_HOUR_US},
    {"weeks", 6, 7 * HK_DAY_US},   {"months", -1, 30 * HK_DAY_US}, {"years", -1, 365 * HK_DAY_US},
};

enum { UNIT_COUNT = sizeof units / sizeof units[0], TIMEDELTA_UNITS = 7 };

static bool is_unit(const struct hk_yaml_node *key)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (hk_yaml_is_text(key, units[i].name)) {
            return true;
        }
    }
    return false;
}

/* value * unit as microseconds, rounded half to even as Python does; false when that is over a thousand years. */
static bool scale(const struct hk_yaml_node *value, int64_t unit_us, int64_t *out_us)
{
    if (value->kind == HK_YAML_INT && !value->is_big) {
        return !__builtin_mul_overflow(value->as.integer, unit_us, out_us) && *out_us <= MOST_US && *out_us >= -MOST_US;
    }
    double us = value->kind == HK_YAML_FLOAT ? value->as.real * (double)unit_us : (double)INFINITY;
    if (!(fabs(us) <= (double)MOST_US)) {
        return false;
    }
    *out_us = (int64_t)nearbyint(us);
    return true;
}

static bool read_delta_object(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                              int64_t *out_us, struct hk_error *err)
{
    int64_t sum = 0;
    for (size_t i = 0; i < node->as.in.pair_count; i++) {
        const struct hk_yaml_node *name = node->as.in.pairs[i].key;
        if (!is_unit(name)) {
            return hk__yaml_refuse(d, name, err, "%s: '%.60s' takes no argument '%.60s'.", key, node->text.data,
                                   name->text.data);
        }
    }
    if (node->as.in.item_count > TIMEDELTA_UNITS) {
        return hk__yaml_refuse(d, node, err, "%s: '%.60s' takes at most 7 arguments.", key, node->text.data);
    }
    for (int i = 0; i < UNIT_COUNT; i++) {
        bool is_placed = units[i].at >= 0 && (size_t)units[i].at < node->as.in.item_count;
        const struct hk_yaml_node *named = hk_yaml_find(node, units[i].name);
        const struct hk_yaml_node *value = is_placed ? node->as.in.items[units[i].at] : named;
        int64_t us = 0;
        if (value == NULL) {
            continue;
        }
        if (is_placed && named != NULL) {
            return hk__yaml_refuse(d, named, err, "%s: %s is given twice, by name and in __args__.", key,
                                   units[i].name);
        }
        if (!scale(value, units[i].us, &us)) {
            return hk__yaml_refuse(d, value, err, "%s: %s takes a number, and no more than 1000 years.", key,
                                   units[i].name);
        }
        sum += us; /* nine times a thousand years still fits */
    }
    *out_us = sum;
    return true;
}

bool hk__yaml_take_delta(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                         bool takes_seconds, int64_t *out_us, struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    if (is_delta(node)) {
        return read_delta_object(d, node, key, out_us, err);
    }
    if (takes_seconds && (node->kind == HK_YAML_INT || node->kind == HK_YAML_FLOAT)) {
        return scale(node, HK_SECOND_US, out_us) || hk__yaml_refuse(d, node, err, "%s is over 1000 years.", key);
    }
    return hk__yaml_refuse(d, node, err, "%s takes %s{__type__: datetime.timedelta, minutes: 5}, not %s.", key,
                           takes_seconds ? "a number of seconds or " : "", hk_yaml_kind_name(node->kind));
}

/* ---- dates ---- */

static bool is_time_object(const struct hk_yaml_node *node)
{
    return hk__yaml_is_type(node, "datetime.datetime") || hk__yaml_is_type(node, "pendulum.datetime") ||
           hk__yaml_is_type(node, "datetime.date") || hk__yaml_is_type(node, "pendulum.DateTime");
}

/* year, month, day, hour ... of a datetime object, as a wall time. */
static bool read_time_object(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                             int64_t *wall_us, struct hk_error *err)
{
    static const struct {
        const char *name;
        int64_t least;
        int64_t most;
    } parts[] = {{"year", 1, 9999}, {"month", 1, 12},          {"day", 1, 31}, {"hour", 0, 23}, {"minute", 0, 59},
                 {"second", 0, 59}, {"microsecond", 0, 999999}};
    int64_t values[7] = {0};
    for (int i = 0; i < 7; i++) {
        const struct hk_yaml_node *value = hk__yaml_object_arg(node, parts[i].name, i);
        if (value == NULL && i >= 3) {
            continue;
        }
        if (value == NULL || value->kind != HK_YAML_INT || value->is_big || value->as.integer < parts[i].least ||
            value->as.integer > parts[i].most) {
            return hk__yaml_refuse(d, value != NULL ? value : node, err,
                                   "%s: '%.60s' needs a %s from %" PRId64 " to %" PRId64 ".", key, node->text.data,
                                   parts[i].name, parts[i].least, parts[i].most);
        }
        values[i] = value->as.integer;
    }
    if (values[2] > hk_civil_month_days(values[0], (int)values[1])) {
        return hk__yaml_refuse(d, node, err, "%s: that month has no day %" PRId64 ".", key, values[2]);
    }
    struct hk_civil c = {values[0],      (int)values[1], (int)values[2], (int)values[3],
                         (int)values[4], (int)values[5], (int)values[6]};
    *wall_us = hk_civil_to_us(&c);
    return true;
}

/* "2024", "2024-01", "20240101", "2024/01/02": what pendulum reads beyond ISO's usual forms. */
static bool read_short_date(struct hk_str text, int64_t *wall_us)
{
    char digits[9];
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_separator =
            (text.data[i] == '/' || (text.data[i] == '-' && text.len == 7)) && (i == 4 || (i == 7 && text.len == 10));
        if (!is_separator && (text.data[i] < '0' || text.data[i] > '9' || count >= 8)) {
            return false;
        }
        if (!is_separator) {
            digits[count++] = text.data[i];
        }
    }
    bool has_form = (text.len == 4 && count == 4) || (text.len == 7 && count == 6) || (text.len == 8 && count == 8) ||
                    (text.len == 10 && count == 8);
    if (!has_form) {
        return false;
    }
    int64_t year = 0;
    int64_t month = 1;
    int64_t day = 1;
    bool ok = hk_str_to_i64((struct hk_str){digits, 4}, &year) &&
              (count < 6 || hk_str_to_i64((struct hk_str){digits + 4, 2}, &month)) &&
              (count < 8 || hk_str_to_i64((struct hk_str){digits + 6, 2}, &day));
    if (!ok || year < 1 || month < 1 || month > 12 || day < 1 || day > hk_civil_month_days(year, (int)month)) {
        return false;
    }
    struct hk_civil c = {.year = year, .month = (int)month, .day = (int)day};
    *wall_us = hk_civil_to_us(&c);
    return true;
}

/* An offset in the text is dropped: dag-factory puts the DAG's zone in its place. *has_offset: there was one in
 * numbers.
 */
static bool read_iso_wall(struct hk_str text, int64_t *wall_us, bool *has_offset)
{
    bool has_zone = false;
    *has_offset = false;
    if (text.len < 10) {
        return false;
    }
    size_t end = text.len;
    for (size_t i = 11; i < text.len; i++) {
        if (text.data[i] == 'Z' || text.data[i] == '+' || text.data[i] == '-') {
            end = i;
            break;
        }
    }
    *has_offset = end < text.len && text.data[end] != 'Z';
    bool is_whole = hk_iso_parse(text, wall_us, &has_zone);
    if (is_whole && end < text.len) {
        return hk_iso_parse((struct hk_str){text.data, end}, wall_us, &has_zone);
    }
    return is_whole;
}

/* dag-factory's "2 days": hours, minutes, seconds and days, in that order and with nothing between, from the text's
 * start. */
static bool read_ago(struct hk_str text, int64_t *days, int64_t *rest_us)
{
    static const struct {
        const char *name;
        int64_t us;
    } words[] = {{"hour", HK_HOUR_US}, {"minute", HK_MINUTE_US}, {"second", HK_SECOND_US}, {"day", HK_DAY_US}};
    int64_t sum = 0;
    bool any = false;
    for (size_t w = 0; w < 4; w++) {
        size_t at = 0;
        int64_t n = 0;
        while (at < text.len && at < 9 && text.data[at] >= '0' && text.data[at] <= '9') {
            n = n * 10 + (text.data[at++] - '0');
        }
        size_t blank = at;
        while (blank < text.len && (text.data[blank] == ' ' || text.data[blank] == '\t')) {
            blank++;
        }
        size_t len = strlen(words[w].name);
        if (at == 0 || blank == at || text.len - blank < len ||
            strncasecmp(text.data + blank, words[w].name, len) != 0 || n > MOST_US / words[w].us) {
            continue;
        }
        any = true;
        sum += n * words[w].us;
        text.data += blank + len;
        text.len -= blank + len;
    }
    *days = sum / HK_DAY_US;
    *rest_us = sum % HK_DAY_US;
    return any;
}

/* A wall time in the zone as Python's own datetime means it: the first of one that comes twice, and one that the clocks
 * skip is moved forward. (pendulum, for texts and its own objects, takes the second of the two, and the first only of a
 * text with an offset.) */
static int64_t plain_instant(const struct hk_zone *zone, int64_t wall_us)
{
    int64_t first_us = hk_zone_to_instant(zone, wall_us, false);
    bool is_skipped = hk_zone_to_wall(zone, first_us) != wall_us;
    return is_skipped ? hk_zone_to_instant(zone, wall_us, true) : first_us;
}

/* Today's midnight in the zone, that long ago: days by the calendar, the rest by the clock. */
static int64_t time_ago(const struct hk_zone *zone, int64_t now_us, int64_t days, int64_t rest_us)
{
    int64_t wall = hk_zone_to_wall(zone, now_us);
    int64_t into_day = ((wall % HK_DAY_US) + HK_DAY_US) % HK_DAY_US;
    return hk_zone_to_instant(zone, wall - into_day - days * HK_DAY_US, false) - rest_us;
}

static bool read_date_text(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const struct hk_zone *zone,
                           int64_t *out_us, const char *key, struct hk_error *err)
{
    int64_t wall_us = 0;
    int64_t days = 0;
    int64_t rest_us = 0;
    bool has_offset = false;
    if (read_iso_wall(node->text, &wall_us, &has_offset) || read_short_date(node->text, &wall_us)) {
        *out_us = hk_zone_to_instant(zone, wall_us, !has_offset);
    } else if (hk_str_is(node->text, "now")) {
        *out_us = d->source->now_us;
    } else if (read_ago(node->text, &days, &rest_us)) {
        *out_us = time_ago(zone, d->source->now_us, days, rest_us);
    } else {
        return hk__yaml_refuse(d, node, err,
                               "%s '%.80s' is no date: write 2024-01-31, 2024-01-31T06:00:00 or \"2 days\".", key,
                               node->text.data);
    }
    return true;
}

static bool read_date(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                      const struct hk_zone *zone, int64_t *out_us, struct hk_error *err)
{
    int64_t wall_us = 0;
    if (node->kind == HK_YAML_TEXT) {
        return read_date_text(d, node, zone, out_us, key, err);
    }
    if (node->kind == HK_YAML_DATE || node->kind == HK_YAML_TIME) {
        wall_us = node->as.time.wall_us;
    } else if (!is_time_object(node)) {
        return hk__yaml_refuse(d, node, err, "%s takes a date, not %s%s%.60s.", key, hk_yaml_kind_name(node->kind),
                               node->kind == HK_YAML_OBJECT ? " of type " : "",
                               node->kind == HK_YAML_OBJECT ? node->text.data : "");
    } else if (!read_time_object(d, node, key, &wall_us, err)) {
        return false;
    }
    bool is_pendulum = node->kind == HK_YAML_OBJECT && hk_str_starts_with(node->text, "pendulum.");
    *out_us = is_pendulum ? hk_zone_to_instant(zone, wall_us, true) : plain_instant(zone, wall_us);
    return true;
}

bool hk__yaml_take_dag_date(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                            const char *zone, int64_t *out_us, struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    struct hk_zone *loaded = NULL;
    if (!hk_zone_load(zone, &loaded, err)) {
        return hk__yaml_locate(d, node, err);
    }
    bool ok = read_date(d, node, key, loaded, out_us, err);
    hk_zone_free(loaded);
    return ok;
}

bool hk__yaml_take_zone_value(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char **zone,
                              struct hk_error *err)
{
    const struct hk_yaml_node *name = node;
    if (node != NULL && node->kind == HK_YAML_OBJECT) {
        name = hk__yaml_object_arg(node, "name", 0);
        name = name != NULL ? name : hk__yaml_object_arg(node, "key", -1);
        if (name == NULL) {
            return hk__yaml_refuse(d, node, err, "this time zone has no name: write one as Europe/Berlin.");
        }
    }
    return hk__yaml_take_text(d, name, "a time zone", zone, err);
}

/* The zone an object of datetime or pendulum was given; "UTC" without one. */
static bool find_object_zone(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char **zone,
                             struct hk_error *err)
{
    const struct hk_yaml_node *given = hk__yaml_object_arg(node, "tz", -1);
    *zone = "UTC";
    return hk__yaml_take_zone_value(d, given != NULL ? given : hk__yaml_object_arg(node, "tzinfo", 7), zone, err);
}

bool hk__yaml_take_task_date(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *key,
                             int64_t *out_us, struct hk_error *err)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind == HK_YAML_TIME) {
        *out_us = node->as.time.wall_us - (node->has_zone ? node->as.time.offset_seconds * HK_SECOND_US : 0);
        return true;
    }
    if (!is_time_object(node) || hk__yaml_is_type(node, "datetime.date")) {
        return hk__yaml_refuse(d, node, err, "%s of a task takes a date and time, as 2024-01-31 06:00:00, not %s.", key,
                               hk_yaml_kind_name(node->kind));
    }
    const char *zone = "UTC";
    return find_object_zone(d, node, &zone, err) && hk__yaml_take_dag_date(d, node, key, zone, out_us, err);
}
