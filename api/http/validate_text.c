#include "api/http/validate_private.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/civil.h"

static const struct hk_str no_ctx = {0};

/* "1_000" is a number to Python: underscores count only between digits. */
static bool strip_underscores(struct hk_str text, char *out, size_t out_size, size_t *out_len)
{
    *out_len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '_') {
            if (i == 0 || i + 1 == text.len || !isdigit((unsigned char)text.data[i - 1]) ||
                !isdigit((unsigned char)text.data[i + 1])) {
                return false;
            }
            continue;
        }
        if (*out_len + 1 >= out_size) {
            return false;
        }
        out[(*out_len)++] = text.data[i];
    }
    out[*out_len] = '\0';
    return true;
}

/* pydantic takes "1.0" and "1." for a whole number. */
static struct hk_str without_zero_fraction(struct hk_str text)
{
    const char *dot = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
    if (dot == NULL || dot == text.data || !isdigit((unsigned char)dot[-1])) {
        return text;
    }
    for (const char *p = dot + 1; p < text.data + text.len; p++) {
        if (*p != '0') {
            return text;
        }
    }
    return (struct hk_str){text.data, (size_t)(dot - text.data)};
}

/* Numbers that do not fit keep their sign and become the largest: Python's have no limit, and every rule here does. */
static bool parse_int(struct hk_str text, int64_t *out)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    size_t i = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    if (i == text.len) {
        return false;
    }
    int64_t value = 0;
    bool is_huge = false;
    for (; i < text.len; i++) {
        if (!isdigit((unsigned char)text.data[i])) {
            return false;
        }
        int64_t digit = text.data[i] - '0';
        is_huge = is_huge || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value);
    }
    if (is_huge) {
        value = INT64_MAX;
    }
    *out = is_negative ? -value : value;
    return true;
}

bool hk_lax_int(const struct hk_place *place, struct hk_str text, int64_t *out)
{
    char digits[4400]; /* Python refuses more than 4300 */
    size_t len = 0;
    struct hk_str number = without_zero_fraction(hk_str_trim(text));
    if (strip_underscores(number, digits, sizeof digits, &len) && parse_int((struct hk_str){digits, len}, out)) {
        return true;
    }
    hk_mistake_add(place, "int_parsing", "Input should be a valid integer, unable to parse string as an integer",
                   no_ctx);
    return false;
}

bool hk_lax_double(const struct hk_place *place, struct hk_str text, double *out)
{
    char digits[512];
    size_t len = 0;
    if (strip_underscores(hk_str_trim(text), digits, sizeof digits, &len) &&
        hk_str_to_double((struct hk_str){digits, len}, out)) {
        return true;
    }
    hk_mistake_add(place, "float_parsing", "Input should be a valid number, unable to parse string as a number",
                   no_ctx);
    return false;
}

bool hk_lax_bool(const struct hk_place *place, struct hk_str text, bool *out)
{
    static const char *const yes[] = {"1", "true", "on", "t", "y", "yes"};
    static const char *const no[] = {"0", "false", "off", "f", "n", "no"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        bool is_yes = text.len == strlen(yes[i]) && strncasecmp(text.data, yes[i], text.len) == 0;
        bool is_no = text.len == strlen(no[i]) && strncasecmp(text.data, no[i], text.len) == 0;
        if (is_yes || is_no) {
            *out = is_yes;
            return true;
        }
    }
    hk_mistake_add(place, "bool_parsing", "Input should be a valid boolean, unable to interpret input", no_ctx);
    return false;
}

/* pydantic: beyond 2e10 it must have been milliseconds. Bounded to the years 1..9999, as Python's datetime is. */
bool hk_lax_timestamp(double seconds, int64_t *out)
{
    double value = fabs(seconds) > 2e10 ? seconds / 1000 : seconds;
    if (!(value > -62135596800.0 && value < 253402300800.0)) {
        return false;
    }
    *out = (int64_t)llround(value * 1e6);
    return true;
}

static bool has_digits(const char *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isdigit((unsigned char)p[i])) {
            return false;
        }
    }
    return true;
}

/* Why a text is no date, in the words of pydantic's date reader. Once the date is good, whatever follows is "extra". */
static const char *date_fault(struct hk_str text)
{
    const char *p = text.data;
    if (text.len < 10) {
        return "input is too short";
    }
    if (!has_digits(p, 4)) {
        return "invalid character in year";
    }
    if (p[4] != '-') {
        return "invalid date separator, expected `-`";
    }
    if (!has_digits(p + 5, 2)) {
        return "invalid character in month";
    }
    if (p[7] != '-') {
        return "invalid date separator, expected `-`";
    }
    if (!has_digits(p + 8, 2)) {
        return "invalid character in day";
    }
    int year = (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
    int month = (p[5] - '0') * 10 + (p[6] - '0');
    int day = (p[8] - '0') * 10 + (p[9] - '0');
    if (month < 1 || month > 12) {
        return "month value is outside expected range of 1-12";
    }
    if (day < 1 || day > hk_civil_month_days(year, month)) {
        return "day value is outside expected range";
    }
    return text.len > 10 ? "unexpected extra characters at the end of the input" : "year 0 is out of range";
}

bool hk_lax_datetime(const struct hk_place *place, struct hk_str text, bool *has_zone, int64_t *out)
{
    double seconds = 0;
    if (text.len >= 10 && hk_iso_parse(text, out, has_zone)) {
        return true;
    }
    bool is_number = text.len > 0 && text.len < 20 && (isdigit((unsigned char)text.data[0]) || text.data[0] == '-');
    if (is_number && hk_str_to_double(text, &seconds) && hk_lax_timestamp(seconds, out)) {
        *has_zone = true;
        return true;
    }
    const char *fault = date_fault(text);
    struct hk_arena *arena = place->v->request->arena;
    const char *message = hk_arena_printf(arena, "Input should be a valid datetime or date, %s", fault);
    hk_mistake_add(place, "datetime_from_date_parsing", message,
                   hk_str_from(hk_arena_printf(arena, "{\"error\":\"%s\"}", fault)));
    return false;
}

/* "'a', 'b' or 'c'" */
static const char *list_names(struct hk_arena *arena, const char *const *names)
{
    const char *out = "";
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *joint = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        out = hk_arena_printf(arena, "%s%s'%s'", out, joint, names[i]);
    }
    return out;
}

int hk_pick_name(const struct hk_place *place, struct hk_str text, const char *const *names, const char *type)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (text.data != NULL && hk_str_is(text, names[i])) {
            return i;
        }
    }
    struct hk_arena *arena = place->v->request->arena;
    const char *expected = list_names(arena, names);
    struct hk_str quoted = hk_json_of_text(arena, hk_str_from(expected));
    hk_mistake_add(place, type, hk_arena_printf(arena, "Input should be %s", expected),
                   hk_str_from(hk_arena_printf(arena, "{\"expected\":%.*s}", HK_STR_ARG(quoted))));
    return -1;
}
