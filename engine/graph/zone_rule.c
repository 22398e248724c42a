/* The POSIX rule of a TZif footer, "EST5EDT,M3.2.0,M11.1.0" (RFC 8536 section 3.3, with the hours -167..167 of
 * version 3). */
#include "engine/graph/zone_internal.h"

struct cursor {
    const char *p;
    const char *end;
};

static bool at(const struct cursor *c, char what)
{
    return c->p < c->end && *c->p == what;
}

static bool skip(struct cursor *c, char what)
{
    if (!at(c, what)) {
        return false;
    }
    c->p++;
    return true;
}

static bool number(struct cursor *c, int max_digits, int max, int *out)
{
    int value = 0;
    int digits = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && digits < max_digits) {
        value = value * 10 + (*c->p - '0');
        c->p++;
        digits++;
    }
    *out = value;
    return digits > 0 && value <= max;
}

/* "CET" or "<+03>". */
static bool abbreviation(struct cursor *c)
{
    const char *start = c->p;
    if (skip(c, '<')) {
        while (c->p < c->end && *c->p != '>') {
            c->p++;
        }
        return skip(c, '>');
    }
    while (c->p < c->end && ((*c->p | 32) >= 'a' && (*c->p | 32) <= 'z')) {
        c->p++;
    }
    return c->p > start;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool clock_time(struct cursor *c, int max_hours, int32_t *out)
{
    bool is_negative = at(c, '-');
    if (at(c, '-') || at(c, '+')) {
        c->p++;
    }
    int h = 0;
    int m = 0;
    int s = 0;
    if (!number(c, 3, max_hours, &h)) {
        return false;
    }
    if (skip(c, ':')) {
        if (!number(c, 2, 59, &m) || (skip(c, ':') && !number(c, 2, 59, &s))) {
            return false;
        }
    }
    int32_t total = h * 3600 + m * 60 + s;
    *out = is_negative ? -total : total;
    return true;
}

static bool change_day(struct cursor *c, struct hk__zone_day *day)
{
    day->time_s = 2 * 3600;
    if (skip(c, 'M')) {
        day->kind = 'M';
        if (!number(c, 2, 12, &day->month) || day->month < 1 || !skip(c, '.') || !number(c, 1, 5, &day->week) ||
            day->week < 1 || !skip(c, '.') || !number(c, 1, 6, &day->day)) {
            return false;
        }
    } else {
        day->kind = skip(c, 'J') ? 'J' : 'N';
        if (!number(c, 3, 365, &day->day) || (day->kind == 'J' && day->day < 1)) {
            return false;
        }
    }
    return !skip(c, '/') || clock_time(c, 167, &day->time_s);
}

bool hk__zone_rule_parse(struct hk_str text, struct hk__zone_rule *out)
{
    struct cursor c = {text.data, text.data + text.len};
    struct hk__zone_rule rule = {.is_present = true};
    if (!abbreviation(&c) || !clock_time(&c, 24, &rule.std_s)) {
        return false;
    }
    rule.std_s = -rule.std_s; /* POSIX counts west of Greenwich */
    if (c.p < c.end) {
        rule.has_dst = true;
        rule.dst_s = rule.std_s + 3600;
        if (!abbreviation(&c)) {
            return false;
        }
        if (!at(&c, ',')) {
            if (!clock_time(&c, 24, &rule.dst_s)) {
                return false;
            }
            rule.dst_s = -rule.dst_s;
        }
        if (!skip(&c, ',') || !change_day(&c, &rule.start) || !skip(&c, ',') || !change_day(&c, &rule.end)) {
            return false;
        }
    }
    *out = rule;
    return c.p == c.end;
}
