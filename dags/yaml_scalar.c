/* YAML 1.1's meaning of plain scalars, by PyYAML's patterns (yaml/resolver.py, yaml/constructor.py). */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "dags/yaml_internal.h"
#include "engine/base/civil.h"
#include "engine/base/clock.h"

#define TAG "tag:yaml.org,2002:"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool find_null(struct hk_str s)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return hk__yaml_is_listed(s, words);
}

static bool find_bool(struct hk_str s, bool *out)
{
    static const char *const yes[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
    static const char *const no[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL};
    *out = hk__yaml_is_listed(s, yes);
    return *out || hk__yaml_is_listed(s, no);
}

/* Digits of a base with underscores, at least one character; *out is the value, is_big when it does not fit. */
static bool read_digits(struct hk_str s, int base, int64_t *out, bool *is_big)
{
    int64_t value = 0;
    bool has_digit = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 99;
        if (c == '_') {
            continue;
        }
        if (digit >= base) {
            return false;
        }
        has_digit = true;
        if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value)) {
            *is_big = true;
            value = 0;
        }
    }
    *out = value;
    return has_digit;
}

/* 1:30:00, base 60; every part after the first is 0..59 in one or two digits. */
static bool read_sexagesimal(struct hk_str s, int64_t *out, bool *is_big)
{
    struct hk_str part = {0};
    int parts = 0;
    int64_t value = 0;
    while (hk_str_next(&s, ':', &part)) {
        int64_t n = 0;
        bool is_first = parts++ == 0;
        if (part.len == 0 || (!is_first && (part.len > 2 || memchr(part.data, '_', part.len) != NULL)) ||
            !read_digits(part, 10, &n, is_big) || (!is_first && n > 59)) {
            return false;
        }
        if (__builtin_mul_overflow(value, 60, &value) || __builtin_add_overflow(value, n, &value)) {
            *is_big = true;
            value = 0;
        }
    }
    *out = value;
    return parts > 1;
}

static bool read_unsigned(struct hk_str s, int64_t *out, bool *is_big)
{
    if (s.len == 0 || !is_digit(s.data[0])) {
        return false;
    }
    if (memchr(s.data, ':', s.len) != NULL) {
        return s.data[0] != '0' && s.data[s.len - 1] != ':' && read_sexagesimal(s, out, is_big);
    }
    struct hk_str rest = {s.data + 2, s.len - 2};
    if (s.len > 2 && s.data[0] == '0' && (s.data[1] == 'x' || s.data[1] == 'b')) {
        return read_digits(rest, s.data[1] == 'x' ? 16 : 2, out, is_big);
    }
    if (s.len > 1 && s.data[0] == '0') {
        return read_digits(s, 8, out, is_big);
    }
    return read_digits(s, 10, out, is_big);
}

static bool find_int(struct hk_str s, int64_t *out, bool *is_big)
{
    bool is_negative = s.len > 0 && s.data[0] == '-';
    if (s.len > 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        s.data++;
        s.len--;
    }
    *is_big = false;
    if (!read_unsigned(s, out, is_big)) {
        return false;
    }
    *out = is_negative ? -*out : *out;
    return true;
}

/* Past digits and underscores from `at`; the first must be a digit if asked for. */
static size_t skip_digits(struct hk_str s, size_t at)
{
    while (at < s.len && (is_digit(s.data[at]) || s.data[at] == '_')) {
        at++;
    }
    return at;
}

/* [0-9][0-9_]*\.[0-9_]*(e[-+][0-9]+)? or \.[0-9][0-9_]*(e...)?, without its sign. */
static bool is_decimal(struct hk_str s)
{
    size_t at = 0;
    if (s.len > 0 && is_digit(s.data[0])) {
        at = skip_digits(s, 0);
        if (at >= s.len || s.data[at] != '.') {
            return false;
        }
        at = skip_digits(s, at + 1);
    } else if (s.len > 1 && s.data[0] == '.' && is_digit(s.data[1])) {
        at = skip_digits(s, 1);
    } else {
        return false;
    }
    if (at == s.len) {
        return true;
    }
    if ((s.data[at] != 'e' && s.data[at] != 'E') || at + 2 >= s.len ||
        (s.data[at + 1] != '+' && s.data[at + 1] != '-')) {
        return false;
    }
    for (at += 2; at < s.len; at++) {
        if (!is_digit(s.data[at])) {
            return false;
        }
    }
    return true;
}

/* Without the underscores, by strtod. */
static double to_double(struct hk_str s)
{
    struct hk_buf text;
    hk_buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '_') {
            hk_buf_add_char(&text, s.data[i]);
        }
    }
    double value = strtod(text.data, NULL);
    hk_buf_clear(&text);
    return value;
}

static bool find_float(struct hk_str s, double *out)
{
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    bool has_sign = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+');
    double sign = has_sign && s.data[0] == '-' ? -1 : 1;
    struct hk_str body = has_sign ? (struct hk_str){s.data + 1, s.len - 1} : s;
    if (hk__yaml_is_listed(body, infinities)) {
        *out = sign * (double)INFINITY;
        return true;
    }
    if (hk__yaml_is_listed(s, nans)) {
        *out = (double)NAN;
        return true;
    }
    if (has_sign && body.len > 0 && body.data[0] == '.') {
        return false; /* PyYAML: a signed number needs a digit before its point */
    }
    if (is_decimal(body)) {
        *out = sign * to_double(body);
        return true;
    }
    const char *point = body.len > 0 ? memchr(body.data, '.', body.len) : NULL;
    int64_t minutes = 0;
    bool is_big = false;
    if (point == NULL || memchr(body.data, ':', body.len) == NULL || !is_digit(body.data[0])) {
        return false;
    }
    struct hk_str whole = {body.data, (size_t)(point - body.data)};
    if (skip_digits(body, whole.len + 1) != body.len || !read_sexagesimal(whole, &minutes, &is_big)) {
        return false;
    }
    *out = sign * ((double)minutes + to_double((struct hk_str){point, body.len - whole.len}));
    return true;
}

/* ---- dates and times ---- */

/* Reads least..most digits. */
static bool take_number(struct hk_str *s, size_t least, size_t most, int *out)
{
    size_t n = 0;
    int value = 0;
    while (n < s->len && n < most && is_digit(s->data[n])) {
        value = value * 10 + (s->data[n] - '0');
        n++;
    }
    s->data += n;
    s->len -= n;
    *out = value;
    return n >= least;
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

static bool take_blanks(struct hk_str *s)
{
    bool any = false;
    while (take_char(s, ' ') || take_char(s, '\t')) {
        any = true;
    }
    return any;
}

static int take_fraction(struct hk_str *s)
{
    int micros = 0;
    int digits = 0;
    for (; s->len > 0 && is_digit(s->data[0]); s->data++, s->len--) {
        if (digits < 6) {
            micros = micros * 10 + (s->data[0] - '0');
            digits++;
        }
    }
    for (; digits < 6; digits++) {
        micros *= 10;
    }
    return micros;
}

/* What may follow the seconds: nothing, Z, or an offset. */
static bool take_zone(struct hk_str *s, bool *has_zone, int32_t *offset_seconds)
{
    take_blanks(s);
    *has_zone = s->len > 0;
    if (s->len == 0) {
        return true;
    }
    if (take_char(s, 'Z')) {
        return s->len == 0;
    }
    bool is_negative = take_char(s, '-');
    int hours = 0;
    int minutes = 0;
    if ((!is_negative && !take_char(s, '+')) || !take_number(s, 1, 2, &hours) ||
        (take_char(s, ':') && !take_number(s, 2, 2, &minutes))) {
        return false;
    }
    *offset_seconds = (is_negative ? -1 : 1) * (hours * 3600 + minutes * 60);
    return s->len == 0;
}

/* false: no time at all. *is_date: without a time of day. */
static bool match_time(struct hk_str s, struct hk_civil *c, bool *is_date, bool *has_zone, int32_t *offset)
{
    int year = 0;
    struct hk_str whole = s;
    *c = (struct hk_civil){0};
    if (!take_number(&s, 4, 4, &year) || !take_char(&s, '-') || !take_number(&s, 1, 2, &c->month) ||
        !take_char(&s, '-') || !take_number(&s, 1, 2, &c->day)) {
        return false;
    }
    c->year = year;
    *is_date = s.len == 0;
    if (*is_date) {
        return whole.len == 10; /* YYYY-MM-DD with all its digits */
    }
    if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_blanks(&s)) {
        return false;
    }
    if (!take_number(&s, 1, 2, &c->hour) || !take_char(&s, ':') || !take_number(&s, 2, 2, &c->minute) ||
        !take_char(&s, ':') || !take_number(&s, 2, 2, &c->second)) {
        return false;
    }
    c->microsecond = take_char(&s, '.') ? take_fraction(&s) : 0;
    return take_zone(&s, has_zone, offset);
}

static bool is_real_time(const struct hk_civil *c, int32_t offset)
{
    return c->year >= 1 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= hk_civil_month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 && c->second < 60 &&
           offset > -86400 && offset < 86400;
}

/* *is_time tells whether it looks like one. */
static bool find_time(struct hk_yaml_node *node, bool *is_time, struct hk_error *err)
{
    struct hk_civil c;
    bool is_date = false;
    bool has_zone = false;
    int32_t offset = 0;
    *is_time = match_time(node->text, &c, &is_date, &has_zone, &offset);
    if (!*is_time) {
        return true;
    }
    if (!is_real_time(&c, offset)) {
        return hk_error_set(err, HK_INVALID,
                            "'%s' looks like a date and is in no calendar: write it in quotes if it is a text.",
                            node->text.data);
    }
    node->kind = is_date ? HK_YAML_DATE : HK_YAML_TIME;
    node->has_zone = has_zone;
    node->as.time.wall_us = hk_civil_to_us(&c);
    node->as.time.offset_seconds = offset;
    return true;
}

bool hk__yaml_resolve(struct hk_yaml_node *node, struct hk_error *err)
{
    bool is_big = false;
    bool truth = false;
    int64_t integer = 0;
    double real = 0;
    if (find_null(node->text)) {
        node->kind = HK_YAML_NULL;
    } else if (find_bool(node->text, &truth)) {
        node->kind = HK_YAML_BOOL;
        node->as.truth = truth;
    } else if (find_int(node->text, &integer, &is_big)) {
        node->kind = HK_YAML_INT;
        node->is_big = is_big;
        node->as.integer = integer;
    } else if (find_float(node->text, &real)) {
        node->kind = HK_YAML_FLOAT;
        node->as.real = real;
    } else {
        bool is_time = false;
        node->kind = HK_YAML_TEXT;
        return find_time(node, &is_time, err);
    }
    return true;
}

bool hk__yaml_resolve_as(struct hk_yaml_node *node, const char *tag, struct hk_error *err)
{
    static const struct {
        const char *tag;
        enum hk_yaml_kind kind;
    } kinds[] = {
        {TAG "null", HK_YAML_NULL},        {TAG "bool", HK_YAML_BOOL},      {TAG "int", HK_YAML_INT},
        {TAG "float", HK_YAML_FLOAT},      {TAG "timestamp", HK_YAML_TIME}, {TAG "python/none", HK_YAML_NULL},
        {TAG "python/bool", HK_YAML_BOOL}, {TAG "python/int", HK_YAML_INT}, {TAG "python/float", HK_YAML_FLOAT},
    };
    static const char *const texts[] = {"!", TAG "str", TAG "python/str", TAG "python/unicode", NULL};
    if (hk__yaml_is_listed(hk_str_from(tag), texts)) {
        node->kind = HK_YAML_TEXT;
        return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(tag, kinds[i].tag) != 0) {
            continue;
        }
        if (!hk__yaml_resolve(node, err)) {
            return false;
        }
        if (node->kind == HK_YAML_INT && kinds[i].kind == HK_YAML_FLOAT && !node->is_big) {
            node->kind = HK_YAML_FLOAT;
            node->as.real = (double)node->as.integer;
        }
        bool is_date = node->kind == HK_YAML_DATE && kinds[i].kind == HK_YAML_TIME;
        return node->kind == kinds[i].kind || is_date ||
               hk_error_set(err, HK_INVALID, "'%s' is not what its tag '%s' says.", node->text.data, tag);
    }
    return hk_error_set(err, HK_INVALID, "the tag '%s' is not supported here: write the value without it.", tag);
}
