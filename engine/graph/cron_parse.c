/* Reading a cron expression. The rules, odd ones included, are croniter's; see engine/graph/cron.h. */
#include <string.h>

#include "engine/graph/cron.h"

static const struct part {
    const char *name;
    int min;
    int max;
} PARTS[HK_CRON_PART_COUNT] = {
    {"minute", 0, 59},         {"hour", 0, 23},   {"day of the month", 1, 31}, {"month", 1, 12},
    {"day of the week", 0, 6}, {"second", 0, 59}, {"year", 1970, 2099},
};

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const WEEKDAYS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

enum { NTH_LAST = 6, TOO_LARGE = 1000000 };

struct parser {
    struct hk_str whole;                     /* as written, for messages */
    struct hk_str texts[HK_CRON_PART_COUNT]; /* lower case */
    struct hk_cron *cron;
    struct hk_error *err;
    int part;
    int nth; /* of the item at hand: 0 none, 1..5, NTH_LAST */
};

static bool fail(const struct parser *p, struct hk_str item, const char *why)
{
    return hk_error_set(p->err, HK_INVALID, "cron expression '%.*s': in the field %s, '%.*s' %s", HK_STR_ARG(p->whole),
                        PARTS[p->part].name, HK_STR_ARG(item), why);
}

static bool fail_range(const struct parser *p, struct hk_str item)
{
    return hk_error_set(p->err, HK_INVALID, "cron expression '%.*s': in the field %s, '%.*s' is out of the range %d-%d",
                        HK_STR_ARG(p->whole), PARTS[p->part].name, HK_STR_ARG(item), PARTS[p->part].min,
                        PARTS[p->part].max);
}

static bool read_number(struct hk_str s, int *out)
{
    int value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        value = value >= TOO_LARGE ? TOO_LARGE : value * 10 + (s.data[i] - '0');
    }
    *out = value;
    return s.len > 0;
}

static bool find_name(struct hk_str s, const char *const *names, int count, int first, int *out)
{
    for (int i = 0; i < count; i++) {
        if (hk_str_is(s, names[i])) {
            *out = first + i;
            return true;
        }
    }
    return false;
}

/* A number or a name; Sunday may be 7. */
static bool read_value(const struct parser *p, struct hk_str s, int *out)
{
    bool is_known = read_number(s, out) || (p->part == HK_CRON_MONTH && find_name(s, MONTHS, 12, 1, out)) ||
                    (p->part == HK_CRON_WEEKDAY && find_name(s, WEEKDAYS, 7, 0, out));
    if (!is_known) {
        return fail(p, s, "is neither a number nor a known name");
    }
    if (p->part == HK_CRON_WEEKDAY && *out == 7) {
        *out = 0;
    }
    return true;
}

static bool add_value(struct parser *p, struct hk_str item, int value)
{
    const struct part *part = &PARTS[p->part];
    struct hk_cron_field *field = &p->cron->fields[p->part];
    if (value < part->min || value > part->max) {
        return fail_range(p, item);
    }
    int bit = p->part == HK_CRON_YEAR ? value - part->min : value;
    field->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    if (p->nth != 0) {
        p->cron->nth[value] = (uint8_t)(p->cron->nth[value] | 1u << p->nth);
        p->cron->has_nth = true;
    }
    return true;
}

struct range {
    int low;
    int high;
    int step;
    bool is_open; /* "start/step": up to the field's maximum */
};

/* FRI-MON: to the end of the field, then on from its start with the same step. */
static bool add_wrapped(struct parser *p, struct hk_str item, const struct range *r)
{
    const struct part *part = &PARTS[p->part];
    int last = r->low;
    for (int64_t v = r->low; v <= part->max; v += r->step) {
        if (!add_value(p, item, (int)v)) {
            return false;
        }
        last = (int)v;
    }
    int size = part->max - part->min + 1;
    int left_over = part->max - last;
    int skipped = 0;
    if ((int64_t)(last - part->min) + r->step > size && left_over < r->step) {
        skipped = r->step - left_over;
    }
    for (int64_t v = (int64_t)part->min + skipped; v <= r->high; v += r->step) {
        if (!add_value(p, item, (int)v)) {
            return false;
        }
    }
    return true;
}

static bool add_range(struct parser *p, struct hk_str item, struct range r)
{
    const struct part *part = &PARTS[p->part];
    if (r.step == 0) {
        return fail(p, item, "has the step 0; the smallest is 1");
    }
    if (r.low > part->max || r.high > part->max) {
        return fail_range(p, item);
    }
    if (r.low > r.high) {
        return add_wrapped(p, item, &r);
    }
    if (r.low == r.high && !r.is_open) { /* JAN-JAN is the whole year */
        r.low = part->min;
        r.high = part->max;
    }
    for (int64_t v = r.low; v <= r.high; v += r.step) {
        if (!add_value(p, item, (int)v)) {
            return false;
        }
    }
    return true;
}

static bool read_range(struct parser *p, struct hk_str item, struct hk_str bounds, int step)
{
    struct range r = {.step = step};
    const char *dash = memchr(bounds.data, '-', bounds.len);
    struct hk_str low = {bounds.data, dash != NULL ? (size_t)(dash - bounds.data) : bounds.len};
    if (dash == NULL && hk_str_is(bounds, "*")) {
        r.low = PARTS[p->part].min;
        r.high = PARTS[p->part].max;
        return add_range(p, item, r);
    }
    if (!read_value(p, low, &r.low)) {
        return false;
    }
    if (dash == NULL) {
        r.is_open = true;
        r.high = PARTS[p->part].max;
        return add_range(p, item, r);
    }
    struct hk_str high = {dash + 1, bounds.len - low.len - 1};
    if (p->part == HK_CRON_DAY && hk_str_is(high, "l")) {
        r.high = 31;
    } else if (!read_value(p, high, &r.high)) {
        return false;
    }
    return add_range(p, item, r);
}

/* "15w": the weekday nearest to the 15th. Only as the whole field. */
static bool read_nearest(struct parser *p, struct hk_str item, bool *is_nearest)
{
    int day = 0;
    struct hk_str number = {item.data, item.len > 0 ? item.len - 1 : 0};
    *is_nearest = p->part == HK_CRON_DAY && item.len > 1;
    if (*is_nearest && item.data[0] == 'w') {
        number.data++;
    } else {
        *is_nearest = *is_nearest && item.data[item.len - 1] == 'w';
    }
    *is_nearest = *is_nearest && read_number(number, &day);
    if (!*is_nearest) {
        return true;
    }
    if (day < 1 || day > 31) {
        return fail_range(p, item);
    }
    if (item.len != p->texts[HK_CRON_DAY].len) {
        return fail(p, item, "must stand alone: 'W' takes no list and no range");
    }
    p->cron->nearest_weekday = (uint8_t)day;
    return add_value(p, item, day);
}

/* What may stand before "#2": one day, or a range of names. */
static bool is_nth_base(struct hk_str s)
{
    int day = 0;
    if (s.len == 7 && s.data[3] == '-') {
        return find_name((struct hk_str){s.data, 3}, WEEKDAYS, 7, 0, &day) &&
               find_name((struct hk_str){s.data + 4, 3}, WEEKDAYS, 7, 0, &day);
    }
    return read_number(s, &day) || find_name(s, WEEKDAYS, 7, 0, &day);
}

/* Cuts "#2" off, or 'l' in front of a number, and keeps what it says in p->nth. */
static bool read_nth(struct parser *p, struct hk_str item, struct hk_str *rest)
{
    int number = 0;
    struct hk_str after = {item.data + 1, item.len > 0 ? item.len - 1 : 0};
    p->nth = 0;
    *rest = item;
    if (p->part != HK_CRON_WEEKDAY || item.len == 0) {
        return true;
    }
    if (item.data[0] == 'l' && read_number(after, &number)) {
        p->nth = NTH_LAST;
        *rest = after;
        return true;
    }
    const char *hash = memchr(item.data, '#', item.len);
    if (hash == NULL) {
        return true;
    }
    struct hk_str count = {hash + 1, item.len - (size_t)(hash - item.data) - 1};
    rest->len = (size_t)(hash - item.data);
    if (!is_nth_base(*rest) || !read_number(count, &number) || number < 1 || number > 5) {
        return fail(p, item, "is not the n-th weekday of a month; write it as 'FRI#2' or '5#2' with n from 1 to 5");
    }
    p->nth = number;
    return true;
}

static bool read_item(struct parser *p, struct hk_str item)
{
    struct hk_str rest;
    bool is_nearest = false;
    int step = 1;
    int value = 0;
    if (!read_nth(p, item, &rest) || !read_nearest(p, item, &is_nearest)) {
        return false;
    }
    if (is_nearest) {
        return true;
    }
    if (hk_str_is(rest, "*") && p->nth == 0) {
        p->cron->fields[p->part].has_star = true;
        return true;
    }
    if (hk_str_is(rest, "l") && p->part == HK_CRON_DAY) {
        p->cron->fields[p->part].has_last = true;
        return true;
    }
    const char *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    if (slash != NULL) {
        struct hk_str after = {slash + 1, rest.len - (size_t)(slash - rest.data) - 1};
        if (!read_number(after, &step)) {
            return fail(p, item, "has a step that is not a number");
        }
        rest.len = (size_t)(slash - rest.data);
        return read_range(p, item, rest, step);
    }
    if (rest.len > 0 && memchr(rest.data, '-', rest.len) != NULL) {
        return read_range(p, item, rest, 1);
    }
    return read_value(p, rest, &value) && add_value(p, item, value);
}

static int count_values(const struct hk_cron_field *field)
{
    int count = field->has_star + field->has_last;
    for (size_t i = 0; i < 3; i++) {
        count += __builtin_popcountll(field->bits[i]);
    }
    return count;
}

static bool has_char(struct hk_str s, char c)
{
    return s.len > 0 && memchr(s.data, c, s.len) != NULL;
}

/* All values, one by one, are the same as a star; but not in a day field when that would turn "either day field
 * matches" into "only the other one counts". */
static void settle_field(struct parser *p)
{
    struct hk_cron_field *field = &p->cron->fields[p->part];
    bool is_all = count_values(field) == PARTS[p->part].max - PARTS[p->part].min + 1;
    if ((p->part == HK_CRON_DAY && !has_char(p->texts[HK_CRON_WEEKDAY], '*')) ||
        (p->part == HK_CRON_WEEKDAY && !has_char(p->texts[HK_CRON_DAY], '*'))) {
        is_all = false;
    }
    if (is_all) {
        *field = (struct hk_cron_field){.has_star = true};
    }
    field->count = (uint16_t)count_values(field);
    field->is_star = field->has_star && field->count == 1;
}

static bool read_field(struct parser *p)
{
    struct hk_str text = p->texts[p->part];
    if (text.data[0] == 'h' || text.data[0] == 'r') {
        return fail(p, text, "is hashed or random; a schedule needs fixed values");
    }
    if (has_char(text, '?')) {
        if (text.len > 1) {
            return fail(p, text, "mixes '?' with other values; '?' must stand alone");
        }
        if (p->part != HK_CRON_DAY && p->part != HK_CRON_WEEKDAY) {
            return fail(p, text, "is only allowed in the day of the month and the day of the week");
        }
        text = HK_STR("*");
    }
    for (;;) { /* not hk_str_next: a comma at the end leaves an empty item, which is an error */
        const char *comma = text.len > 0 ? memchr(text.data, ',', text.len) : NULL;
        struct hk_str item = {text.data, comma != NULL ? (size_t)(comma - text.data) : text.len};
        if (!read_item(p, item)) {
            return false;
        }
        if (comma == NULL) {
            break;
        }
        text.data += item.len + 1;
        text.len -= item.len + 1;
    }
    settle_field(p);
    return true;
}

/* "MON,FRI#2" would need both kinds of search at once. */
static bool check_nth(struct parser *p)
{
    const struct hk_cron *cron = p->cron;
    const struct hk_cron_field *field = &cron->fields[HK_CRON_WEEKDAY];
    if (!cron->has_nth || field->count == 7) {
        return true;
    }
    for (int i = 0; i < 7; i++) {
        if ((field->bits[0] >> i & 1) != 0 && cron->nth[i] == 0) {
            p->part = HK_CRON_WEEKDAY;
            return fail(p, p->texts[HK_CRON_WEEKDAY], "mixes plain days with the n-th weekday of a month");
        }
    }
    return true;
}

/* A few points to look from, so that a year anywhere in 1970-2099 is within the 50 years of a search. */
static bool check_possible(const struct parser *p)
{
    static const int64_t FROM_S[] = {-1, 1577836800, 2840140800};
    int64_t found_us = 0;
    for (size_t i = 0; i < sizeof FROM_S / sizeof FROM_S[0]; i++) {
        if (hk_cron_next_wall(p->cron, FROM_S[i] * 1000000, &found_us)) {
            return true;
        }
    }
    return hk_error_set(p->err, HK_INVALID,
                        "cron expression '%.*s' can never happen: no day matches both day of the month and month "
                        "(and weekday or year, where given)",
                        HK_STR_ARG(p->whole));
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* How many fields there are, up to one too many. */
static int split_fields(struct hk_str text, struct hk_str *out)
{
    int count = 0;
    size_t i = 0;
    while (i < text.len) {
        if (is_space(text.data[i])) {
            i++;
            continue;
        }
        size_t start = i;
        while (i < text.len && !is_space(text.data[i])) {
            i++;
        }
        if (count == HK_CRON_PART_COUNT) {
            return count + 1;
        }
        out[count++] = (struct hk_str){text.data + start, i - start};
    }
    return count;
}

static void lower(char *out, struct hk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    out[s.len] = '\0';
}

const char *hk_cron_airflow_preset(struct hk_str expression)
{
    static const struct {
        const char *name;
        const char *expression;
    } PRESETS[] = {
        {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},       {"@weekly", "0 0 * * 0"},
        {"@monthly", "0 0 1 * *"}, {"@quarterly", "0 0 1 */3 *"}, {"@yearly", "0 0 1 1 *"},
    };
    for (size_t i = 0; i < sizeof PRESETS / sizeof PRESETS[0]; i++) {
        if (hk_str_is(expression, PRESETS[i].name)) {
            return PRESETS[i].expression;
        }
    }
    return NULL;
}

const char *hk_cron_preset(struct hk_str expression)
{
    char name[16];
    const char *preset = hk_cron_airflow_preset(expression);
    if (preset != NULL || expression.len >= sizeof name) {
        return preset;
    }
    lower(name, expression);
    struct hk_str lowered = {name, expression.len};
    if (hk_str_is(lowered, "@midnight")) {
        return "0 0 * * *";
    }
    if (hk_str_is(lowered, "@annually")) {
        return "0 0 1 1 *";
    }
    return hk_str_is(lowered, "@quarterly") ? NULL : hk_cron_airflow_preset(lowered); /* that one is Airflow's alone */
}

bool hk_cron_parse(struct hk_str expression, struct hk_cron *out, struct hk_error *err)
{
    char text[HK_CRON_MAX_BYTES + 1] = {0};
    struct hk_cron cron = {0};
    struct parser p = {.whole = expression, .cron = &cron, .err = err};
    const char *preset = hk_cron_preset(expression);
    if (expression.len > HK_CRON_MAX_BYTES) {
        return hk_error_set(err, HK_LIMIT, "a cron expression of %zu bytes is longer than the limit of %d",
                            expression.len, HK_CRON_MAX_BYTES);
    }
    lower(text, preset != NULL ? hk_str_from(preset) : expression);
    cron.field_count = split_fields((struct hk_str){text, preset != NULL ? strlen(preset) : expression.len}, p.texts);
    if (cron.field_count < 5 || cron.field_count > HK_CRON_PART_COUNT) {
        return hk_error_set(err, HK_INVALID,
                            "cron expression '%.*s' has %s%d fields; five are needed (minute, hour, day of the month, "
                            "month, day of the week), six with seconds at the end, seven with a year after them",
                            HK_STR_ARG(expression), cron.field_count > HK_CRON_PART_COUNT ? "at least " : "",
                            cron.field_count);
    }
    for (p.part = 0; p.part < cron.field_count; p.part++) {
        if (!read_field(&p)) {
            return false;
        }
    }
    if (!check_nth(&p) || !check_possible(&p)) {
        return false;
    }
    *out = cron;
    return true;
}
