/* A cron expression in words, as Airflow shows it: the sentences of the Python package cron-descriptor, English, 24
 * hours. Like it, this works on the text of the fields, not on their meaning, so that odd expressions get the same
 * odd sentences. Whatever it cannot put into words gives an empty description, as in Airflow. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/graph/cron.h"

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELD_COUNT, WEEKDAY_LIST = FIELD_COUNT, STYLE_COUNT };

enum { MAX_SEGMENTS = 512, MAX_SENTENCE_BYTES = 32 * 1024 };

/* How one field is worded; {0} and {1} are filled in. WEEKDAY_LIST is for the days of "MON,WED/2". */
static const struct style {
    const char *all;
    const char *every;   /* a step */
    const char *between; /* a range that is the whole field */
    const char *single;
    const char *through; /* a range inside a list */
} STYLES[STYLE_COUNT] = {
    [MINUTE] = {"every minute", "every {0} minutes", "minutes {0} through {1} past the hour",
                "at {0} minutes past the hour", ", {0} through {1}"},
    [HOUR] = {"every hour", "every {0} hours", "between {0} and {1}", "at {0}", ", {0} through {1}"},
    [DAY] = {", every day", ", every {0} days", ", between day {0} and {1} of the month", ", on day {0} of the month",
             ", {0} through {1}"},
    [MONTH] = {"", ", every {0} months", ", {0} through {1}", ", only in {0}", ", {0} through {1}"},
    [WEEKDAY] = {", every day", ", every {0} days of the week", ", {0} through {1}", ", only on {0}",
                 ", {0} through {1}"},
    [WEEKDAY_LIST] = {"", ", every {0} days of the week", ", {0} through {1}", ", only on {0}", ", {0} through {1}"},
};

static const char *const MONTH_NAMES[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
static const char *const DAY_NAMES[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const SHORT_MONTHS[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                           "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const SHORT_DAYS[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

/* Any step that cannot be put into words sets has_failed; texts are never NULL, so callers need not ask each time. */
struct words {
    struct hk_arena *arena;
    const char *parts[FIELD_COUNT];
    bool has_failed;
};

static const char *join(struct words *w, const char *a, const char *b)
{
    return hk_arena_printf(w->arena, "%s%s", a, b);
}

static const char *replace(struct words *w, const char *text, const char *what, const char *with)
{
    struct hk_buf out;
    size_t len = strlen(what);
    hk_buf_init(&out, MAX_SENTENCE_BYTES);
    for (const char *found = strstr(text, what); found != NULL; found = strstr(text, what)) {
        hk_buf_add(&out, text, (size_t)(found - text));
        hk_buf_add_text(&out, with);
        text = found + len;
    }
    hk_buf_add_text(&out, text);
    w->has_failed = w->has_failed || out.is_full;
    const char *copy = hk_arena_str(w->arena, hk_buf_str(&out)).data;
    hk_buf_clear(&out);
    return copy;
}

static const char *fill(struct words *w, const char *format, const char *first, const char *second)
{
    const char *half = replace(w, format, "{1}", second);
    return replace(w, half, "{0}", first);
}

static bool has_any(const char *text, const char *chars)
{
    return strpbrk(text, chars) != NULL;
}

/* The part before (after) the first `sep`; the whole (empty) without one. */
static const char *before(struct words *w, const char *text, char sep)
{
    return hk_arena_str(w->arena, (struct hk_str){text, strcspn(text, (char[]){sep, '\0'})}).data;
}

static const char *after(const char *text, char sep)
{
    const char *found = strchr(text, sep);
    return found != NULL ? found + 1 : "";
}

static int number(struct words *w, const char *text, int max)
{
    int64_t value = 0;
    if (!hk_str_to_i64(hk_str_from(text), &value) || value < 0 || value > max) {
        w->has_failed = true;
        return 0;
    }
    return (int)value;
}

static const char *clock_time(struct words *w, const char *hour, const char *minute)
{
    int h = number(w, hour, 1000000);
    int m = number(w, minute, 1000000);
    return hk_arena_printf(w->arena, "%02d:%02d", h, m);
}

static const char *item(struct words *w, int style, const char *text)
{
    if (style == HOUR) {
        return clock_time(w, text, "0");
    }
    if (style == MONTH) {
        int month = number(w, text, 12);
        w->has_failed = w->has_failed || month == 0;
        return MONTH_NAMES[month > 0 ? month - 1 : 0];
    }
    if (style == WEEKDAY || style == WEEKDAY_LIST) {
        const char *day = strchr(text, '#') != NULL ? before(w, text, '#') : replace(w, text, "L", "");
        return DAY_NAMES[number(w, day, 6)];
    }
    return text;
}

static const char *every(struct words *w, int style, const char *step)
{
    if (style == DAY && strcmp(step, "1") == 0) {
        return ", every day";
    }
    return fill(w, STYLES[style].every, step, "");
}

/* The frame around single values and lists. */
static const char *single_format(struct words *w, int style, const char *text)
{
    static const char *const ORDINALS[] = {"", "first", "second", "third", "fourth", "fifth"};
    const char *hour = w->parts[HOUR];
    bool is_hour_range = strchr(hour, '-') != NULL && !has_any(hour, "/,");
    if (style == MINUTE && strcmp(text, "0") == 0 && !is_hour_range) {
        return "";
    }
    if (style == WEEKDAY && strchr(text, '#') != NULL) {
        int64_t nth = 0;
        bool is_known = hk_str_to_i64(hk_str_from(after(text, '#')), &nth) && nth >= 1 && nth <= 5;
        return hk_arena_printf(w->arena, ", on the %s {0} of the month", is_known ? ORDINALS[nth] : "");
    }
    if (style == WEEKDAY && strchr(text, 'L') != NULL) {
        return ", on the last {0} of the month";
    }
    return STYLES[style].single;
}

static const char *between(struct words *w, int style, const char *range, const char *format)
{
    const char *first = item(w, style, before(w, range, '-'));
    const char *second = item(w, style, before(w, after(range, '-'), '-'));
    return fill(w, format, first, replace(w, second, ":00", ":59"));
}

/* "6-23/2" as an item of a list. */
static const char *list_step(struct words *w, int style, const char *segment)
{
    const char *base = before(w, segment, '/');
    const char *step = every(w, style, before(w, after(segment, '/'), '/'));
    if (strncmp(step, ", ", 2) == 0) {
        step += 2;
    }
    if (strchr(base, '-') != NULL) {
        const char *range = replace(w, between(w, style, base, STYLES[style].through), ", ", "");
        return hk_arena_printf(w->arena, "%s, %s", step, range);
    }
    if (strcmp(base, "*") != 0) {
        /* "starting {0}" has no English text of its own in cron-descriptor: nothing follows the comma. */
        (void)item(w, style, base);
        return join(w, step, ", ");
    }
    return step;
}

static const char *list_item(struct words *w, int style, const char *segment)
{
    if (strchr(segment, '/') != NULL) {
        return list_step(w, style, segment);
    }
    if (strchr(segment, '-') != NULL) {
        return replace(w, between(w, style, segment, STYLES[style].through), ", ", "");
    }
    return item(w, style, segment);
}

static const char *list(struct words *w, int style, const char *text)
{
    size_t count = 1;
    for (const char *p = text; *p != '\0'; p++) {
        count += *p == ',';
    }
    if (count > MAX_SEGMENTS) {
        w->has_failed = true;
        return "";
    }
    const char *content = "";
    const char *rest = text;
    for (size_t i = 0; i < count; i++, rest = after(rest, ',')) {
        const char *separator = "";
        if (i > 0 && count == 2) {
            separator = " and ";
        } else if (i > 0) {
            separator = i == count - 1 ? ", and " : ", ";
        }
        content = hk_arena_printf(w->arena, "%s%s%s", content, separator, list_item(w, style, before(w, rest, ',')));
    }
    return fill(w, single_format(w, style, text), content, "");
}

static const char *step(struct words *w, int style, const char *text)
{
    const char *base = before(w, text, '/');
    const char *sentence = every(w, style, before(w, after(text, '/'), '/'));
    if (strchr(base, '-') != NULL) {
        const char *range = between(w, style, base, STYLES[style].between);
        return hk_arena_printf(w->arena, "%s%s%s", sentence, strncmp(range, ", ", 2) == 0 ? "" : ", ", range);
    }
    if (!has_any(base, "*,")) {
        const char *start = fill(w, single_format(w, style, base), item(w, style, base), "");
        return hk_arena_printf(w->arena, "%s, starting %s", sentence, replace(w, start, ", ", ""));
    }
    return sentence;
}

static const char *field(struct words *w, int style, const char *text)
{
    if (strcmp(text, "*") == 0) {
        return STYLES[style].all;
    }
    if (strchr(text, ',') != NULL) {
        return list(w, style, text);
    }
    if (strchr(text, '/') != NULL) {
        return step(w, style, text);
    }
    if (strchr(text, '-') != NULL) {
        return between(w, style, text, STYLES[style].between);
    }
    return fill(w, single_format(w, style, text), item(w, style, text), "");
}

/* "30 6,14,16": one minute in several hours. */
static const char *hour_list(struct words *w)
{
    size_t count = 1;
    for (const char *p = w->parts[HOUR]; *p != '\0'; p++) {
        count += *p == ',';
    }
    const char *sentence = "At";
    const char *rest = w->parts[HOUR];
    for (size_t i = 0; i < count; i++, rest = after(rest, ',')) {
        const char *separator = i + 2 < count ? "," : (i + 2 == count ? " and" : "");
        const char *time = clock_time(w, before(w, rest, ','), w->parts[MINUTE]);
        sentence = hk_arena_printf(w->arena, "%s %s%s", sentence, time, separator);
    }
    return sentence;
}

static const char *time_of_day(struct words *w)
{
    const char *minute = w->parts[MINUTE];
    const char *hour = w->parts[HOUR];
    bool is_plain_minute = !has_any(minute, "/-,*");
    bool is_plain_hour = !has_any(hour, "/-,*");
    if (is_plain_minute && is_plain_hour) {
        return join(w, "At ", clock_time(w, hour, minute));
    }
    if (strchr(minute, '-') != NULL && strchr(minute, ',') == NULL && is_plain_hour) {
        return fill(w, "Every minute between {0} and {1}", clock_time(w, hour, before(w, minute, '-')),
                    clock_time(w, hour, before(w, after(minute, '-'), '-')));
    }
    if (strchr(hour, ',') != NULL && strchr(hour, '-') == NULL && is_plain_minute) {
        return hour_list(w);
    }
    const char *minutes = field(w, MINUTE, minute);
    const char *hours = field(w, HOUR, hour);
    return hk_arena_printf(w->arena, "%s%s%s", minutes, *minutes != '\0' && *hours != '\0' ? ", " : "", hours);
}

static bool is_day_near(const char *text, int *day)
{
    const char *digits = *text == 'W' ? text + 1 : text;
    size_t count = strspn(digits, "0123456789");
    if (count > 2) {
        count = 2;
    }
    if (count == 0 || (*text != 'W' && digits[count] != 'W')) {
        return false;
    }
    *day = digits[0] - '0';
    if (count == 2) {
        *day = *day * 10 + (digits[1] - '0');
    }
    return true;
}

static const char *day_of_month(struct words *w)
{
    const char *text = w->parts[DAY];
    int day = 0;
    if (strcmp(text, "L") == 0) {
        return ", on the last day of the month";
    }
    if (is_day_near(text, &day)) {
        if (day == 1) {
            return ", on the first weekday of the month";
        }
        return hk_arena_printf(w->arena, ", on the weekday nearest day %d of the month", day);
    }
    if (strcmp(text, "*") == 0 && strcmp(w->parts[WEEKDAY], "*") != 0) {
        return "";
    }
    return field(w, DAY, text);
}

/* A step over given days is a matter of weeks: "every 2 weeks, only on Friday". NULL: it is not one of those. */
static const char *weekly(struct words *w, const char *text)
{
    const char *count = after(text, '/');
    const char *base = before(w, text, '/');
    if (*count == '\0' || count[strspn(count, "0123456789")] != '\0') {
        return NULL;
    }
    const char *days = NULL;
    if (strchr(base, ',') != NULL) {
        days = field(w, WEEKDAY_LIST, base);
    } else if (strchr(base, '-') != NULL) {
        int first = number(w, before(w, base, '-'), 1000);
        int last = number(w, after(base, '-'), 1000);
        if (number(w, count, 1000000) < (last != 0 ? last : 7) - first + 1) {
            return NULL;
        }
        days = last == 6 ? fill(w, ", only on {0}", item(w, WEEKDAY, before(w, base, '-')), "")
                         : between(w, WEEKDAY, base, ", {0} through {1}");
    }
    return days != NULL ? hk_arena_printf(w->arena, ", every %s weeks%s", count, days) : NULL;
}

static const char *day_of_week(struct words *w)
{
    const char *text = w->parts[WEEKDAY];
    if (strcmp(text, "*") == 0) {
        return "";
    }
    const char *weeks = weekly(w, text);
    return weeks != NULL ? weeks : field(w, WEEKDAY, text);
}

static const char *upper(struct words *w, const char *text)
{
    char *copy = hk_arena_strdup(w->arena, text);
    for (char *p = copy; *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char)(*p - 32);
        }
    }
    return copy;
}

/* Sunday as 0: a 7 at the start, or behind anything but '#', '/' and a digit. */
static const char *renumber_days(struct words *w, const char *text)
{
    char *copy = hk_arena_strdup(w->arena, text);
    size_t i = 0;
    if (copy[0] >= '0' && copy[0] <= '9') {
        copy[0] = copy[0] == '7' ? '0' : copy[0];
        i = 1;
    }
    while (copy[i] != '\0') {
        bool is_pair = copy[i] != '#' && copy[i] != '/' && copy[i + 1] >= '0' && copy[i + 1] <= '9';
        if (is_pair && copy[i + 1] == '7' && !(copy[i] >= '0' && copy[i] <= '9')) {
            copy[i + 1] = '0';
        }
        i += is_pair ? 2 : 1;
    }
    return copy;
}

static const char *names_to_numbers(struct words *w, const char *text, const char *const *names, int count, int first)
{
    text = upper(w, text);
    for (int i = 0; i < count; i++) {
        text = replace(w, text, names[i], hk_arena_printf(w->arena, "%d", first + i));
    }
    return text;
}

/* Different spellings of the same thing become one. */
static void normalize(struct words *w)
{
    const char **parts = w->parts;
    parts[DAY] = replace(w, parts[DAY], "?", "*");
    parts[WEEKDAY] = replace(w, parts[WEEKDAY], "?", "*");
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *start = i <= HOUR ? "0/" : "1/";
        if (strncmp(parts[i], start, 2) == 0) {
            parts[i] = replace(w, parts[i], start, "*/");
        }
    }
    parts[WEEKDAY] = names_to_numbers(w, renumber_days(w, parts[WEEKDAY]), SHORT_DAYS, 7, 0);
    parts[MONTH] = names_to_numbers(w, parts[MONTH], SHORT_MONTHS, 12, 1);
    if (!has_any(parts[HOUR], "*-,/") && has_any(parts[MINUTE], "*/")) {
        parts[HOUR] = hk_arena_printf(w->arena, "%s-%s", parts[HOUR], parts[HOUR]);
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(parts[i], "*/1") == 0) {
            parts[i] = "*";
        }
        if (i >= MONTH && strchr(parts[i], '/') != NULL && !has_any(parts[i], "*-,")) {
            parts[i] = hk_arena_printf(w->arena, "%s-%d/%s", before(w, parts[i], '/'), i == MONTH ? 12 : 6,
                                       before(w, after(parts[i], '/'), '/'));
        }
    }
}

/* The whole sentence; "" when it cannot be said. */
static const char *sentence(struct hk_arena *arena, const char *const fields[FIELD_COUNT])
{
    struct words w = {.arena = arena};
    for (int i = 0; i < FIELD_COUNT; i++) {
        w.parts[i] = fields[i];
    }
    normalize(&w);
    const char *time = time_of_day(&w);
    const char *day = day_of_month(&w);
    const char *month = field(&w, MONTH, w.parts[MONTH]);
    const char *text = hk_arena_printf(arena, "%s%s%s%s", time, day, day_of_week(&w), month);
    text = replace(&w, text, ", every minute", "");
    text = replace(&w, text, ", every hour", "");
    text = replace(&w, text, ", every day", "");
    char *result = hk_arena_strdup(arena, text);
    size_t len = strlen(result);
    if (len > 1 && result[len - 1] == ' ' && result[len - 2] == ',') {
        result[len - 2] = '\0';
    } else if (len > 0 && result[len - 1] == ',') {
        result[len - 1] = '\0';
    }
    if (result[0] >= 'a' && result[0] <= 'z') {
        result[0] = (char)(result[0] - 32);
    }
    return w.has_failed ? "" : result;
}

static int split(struct hk_arena *arena, struct hk_str text, const char *fields[FIELD_COUNT])
{
    const char *copy = hk_arena_str(arena, text).data;
    int count = 0;
    for (const char *p = copy + strspn(copy, " \t\n\v\f\r"); *p != '\0'; p += strspn(p, " \t\n\v\f\r")) {
        size_t len = strcspn(p, " \t\n\v\f\r");
        if (count < FIELD_COUNT) {
            fields[count] = hk_arena_str(arena, (struct hk_str){p, len}).data;
        }
        count++;
        p += len;
    }
    return count;
}

void hk_cron_describe(struct hk_str expression, struct hk_buf *out)
{
    struct hk_cron cron;
    struct hk_error err;
    struct hk_arena arena;
    const char *fields[FIELD_COUNT];
    const char *preset = hk_cron_airflow_preset(expression);
    if (!hk_cron_parse(expression, &cron, &err) || cron.field_count != FIELD_COUNT) {
        return;
    }
    hk_arena_init(&arena);
    if (split(&arena, preset != NULL ? hk_str_from(preset) : expression, fields) != FIELD_COUNT) {
        /* "@midnight": croniter alone knows that word. */
    } else if (strcmp(fields[DAY], "*") != 0 && strcmp(fields[WEEKDAY], "*") != 0) { /* either may match: say both */
        const char *weekday = fields[WEEKDAY];
        fields[WEEKDAY] = "*";
        const char *by_day = sentence(&arena, fields);
        fields[WEEKDAY] = weekday;
        fields[DAY] = "*";
        const char *by_weekday = sentence(&arena, fields);
        if (*by_day != '\0' && *by_weekday != '\0') {
            hk_buf_printf(out, "%s (or) %s", by_day, by_weekday);
        }
    } else {
        hk_buf_add_text(out, sentence(&arena, fields));
    }
    hk_arena_clear(&arena);
}
