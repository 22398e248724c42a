#include "api/airflow/param_format.h"

#include <regex.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/civil.h"

enum { MAX_PATTERN_BYTES = 16 * 1024 };

/* \d and its kin become bracket expressions; inside brackets only their insides are written. */
static const char *class_of(char letter, bool is_inside)
{
    switch (letter) {
    case 'd':
        return is_inside ? "0-9" : "[0-9]";
    case 'w':
        return is_inside ? "A-Za-z0-9_" : "[A-Za-z0-9_]";
    case 's':
        return is_inside ? " \t\n\r\f\v" : "[ \t\n\r\f\v]";
    case 'D':
        return is_inside ? NULL : "[^0-9]";
    case 'W':
        return is_inside ? NULL : "[^A-Za-z0-9_]";
    case 'S':
        return is_inside ? NULL : "[^ \t\n\r\f\v]";
    default:
        return NULL;
    }
}

/* false: something that POSIX has no words for. */
/* One pass over a small grammar. NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static bool translate(const char *pattern, struct hk_buf *out)
{
    bool is_inside = false;
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '\\') {
            p++;
            const char *class = class_of(*p, is_inside);
            if (class != NULL) {
                hk_buf_add_text(out, class);
            } else if (*p == 'A' || *p == 'Z') {
                hk_buf_add_char(out, *p == 'A' ? '^' : '$');
            } else if (*p == 'n' || *p == 't' || *p == 'r') {
                hk_buf_add_char(out, *p == 'n' ? '\n' : *p == 't' ? '\t' : '\r');
            } else if (*p == '\0' || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')) {
                return false;
            } else if (is_inside) {
                hk_buf_add_char(out, *p); /* a backslash is itself in there */
            } else {
                hk_buf_printf(out, "\\%c", *p);
            }
        } else if (!is_inside && p[0] == '(' && p[1] == '?') {
            if (p[2] != ':') {
                return false; /* look-around, flags, names */
            }
            hk_buf_add_char(out, '(');
            p += 2;
        } else if (!is_inside && (*p == '*' || *p == '+' || *p == '?' || *p == '}') && (p[1] == '?' || p[1] == '+')) {
            return false; /* lazy or possessive */
        } else {
            is_inside = is_inside ? *p != ']' : *p == '[';
            hk_buf_add_char(out, *p);
            if (is_inside && *p == '[' && (p[1] == '^' || p[1] == ']')) {
                hk_buf_add_char(out, *++p);
            }
        }
    }
    return !out->is_full;
}

enum hk__match hk__pattern_match(const char *pattern, const char *text)
{
    struct hk_buf posix;
    hk_buf_init(&posix, MAX_PATTERN_BYTES);
    enum hk__match match = HK__MATCH_UNKNOWN;
    regex_t compiled;
    if (translate(pattern, &posix) &&
        regcomp(&compiled, posix.data != NULL ? posix.data : "", REG_EXTENDED | REG_NOSUB) == 0) {
        match = regexec(&compiled, text, 0, NULL, 0) == 0 ? HK__MATCH_YES : HK__MATCH_NO;
        regfree(&compiled);
    }
    hk_buf_clear(&posix);
    return match;
}

static bool is_date(struct hk_str text)
{
    int64_t us;
    bool has_zone;
    return text.len == 10 && hk_iso_parse(text, &us, &has_zone);
}

static bool fits(struct hk_str text, const char *pattern)
{
    return hk__pattern_match(pattern, text.data) == HK__MATCH_YES;
}

bool hk__format_fits(const char *format, struct hk_str text)
{
    if (strcmp(format, "date") == 0) {
        return is_date(text);
    }
    if (strcmp(format, "time") == 0) { /* jsonschema's own: strptime("%H:%M:%S"), no fraction, no zone */
        return fits(text, "^([01]?[0-9]|2[0-3]):[0-5]?[0-9]:([0-5]?[0-9]|6[01])$");
    }
    if (strcmp(format, "duration") == 0) {
        return text.len > 1 && text.data[text.len - 1] != 'T' &&
               fits(text, "^P([0-9.]+W|([0-9.]+Y)?([0-9.]+M)?([0-9.]+D)?(T([0-9.]+H)?([0-9.]+M)?([0-9.]+S)?)?)$");
    }
    if (strcmp(format, "email") == 0 || strcmp(format, "idn-email") == 0) {
        return text.len > 0 && memchr(text.data, '@', text.len) != NULL;
    }
    if (strcmp(format, "ipv4") == 0) {
        return text.len > 0 && text.data[text.len - 1] != '.' &&
               fits(text, "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\\.|$)){4}$");
    }
    if (strcmp(format, "uuid") == 0) {
        return fits(text, "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$");
    }
    return true;
}
