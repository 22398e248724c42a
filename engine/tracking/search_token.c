#include "engine/tracking/search_token.h"

#include <string.h>
#include <strings.h>

/* These are keywords wherever they stand, even as part of a key. */
static const char *const keywords[] = {"case", "in", "values", "using", "from", "as"};

static unsigned char byte_at(struct hk_str text, size_t at)
{
    return at < text.len ? (unsigned char)text.data[at] : '\0';
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* [_A-ZÀ-Ü] without case; of UTF-8 the first byte is enough to tell, but for a few letters nobody begins a unit with.
 */
static bool is_letter(unsigned char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == 0xC3;
}

/* Anything beyond ASCII counts as a letter of a word. */
static bool is_word_byte(unsigned char c)
{
    return is_letter(c) || is_digit(c) || c >= 0x80;
}

static size_t space_at(struct hk_str text, size_t at)
{
    unsigned char c = byte_at(text, at);
    if (at >= text.len) {
        return 0;
    }
    if (c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F)) {
        return 1;
    }
    return c == 0xC2 && byte_at(text, at + 1) == 0xA0 ? 2 : 0; /* a space that does not break */
}

size_t hk__token_skip_space(struct hk_str text, size_t at)
{
    for (size_t step = space_at(text, at); step > 0; step = space_at(text, at)) {
        at += step;
    }
    return at;
}

static size_t digits_end(struct hk_str text, size_t at)
{
    while (is_digit(byte_at(text, at))) {
        at++;
    }
    return at;
}

/* sqlparse looks for the longest number that no letter follows: where one does, the last digit is given up. */
static size_t give_up_digit(struct hk_str text, size_t first_digit, size_t end)
{
    if (!is_letter(byte_at(text, end))) {
        return end;
    }
    return end - first_digit >= 2 ? end - 1 : 0;
}

static size_t exponent_end(struct hk_str text, size_t digits)
{
    size_t at = digits_end(text, digits);
    if (at == digits) {
        return 0;
    }
    if (byte_at(text, at) == '.') {
        size_t fraction = digits_end(text, at + 1);
        at = fraction > at + 1 ? fraction : at;
    }
    if ((byte_at(text, at) | 0x20) != 'e') {
        return 0;
    }
    at += byte_at(text, at + 1) == '-' ? 2 : 1;
    size_t end = digits_end(text, at);
    return end > at ? end : 0;
}

static size_t fraction_end(struct hk_str text, size_t digits)
{
    size_t dot = digits_end(text, digits);
    if (byte_at(text, dot) != '.') {
        return 0;
    }
    size_t end = digits_end(text, dot + 1);
    if (is_letter(byte_at(text, end))) {
        size_t least = dot == digits ? dot + 2 : dot + 1;
        return end > least ? end - 1 : 0;
    }
    return dot == digits && end == dot + 1 ? 0 : end;
}

/* 0: there is no number. */
static size_t number_end(struct hk_str text, size_t at, bool *is_integer)
{
    size_t digits = at + (byte_at(text, at) == '-' ? 1 : 0);
    *is_integer = false;
    if (byte_at(text, digits) == '0' && (byte_at(text, digits + 1) | 0x20) == 'x') {
        return 0; /* hexadecimal: MLflow takes none */
    }
    size_t end = exponent_end(text, digits);
    end = end > 0 ? end : fraction_end(text, digits);
    if (end > 0) {
        return end;
    }
    end = digits_end(text, digits);
    *is_integer = true;
    return end > digits ? give_up_digit(text, digits, end) : 0;
}

/* The end of a quoted text, or 0. A doubled quote, and one behind a backslash, do not end it, unless nothing else
 * does. */
static size_t quoted_end(struct hk_str text, size_t at)
{
    char quote = text.data[at];
    size_t fallback = 0;
    size_t i = at + 1;
    while (i < text.len) {
        char next = (char)byte_at(text, i + 1);
        if (quote != '`' && text.data[i] == '\\' && i + 1 < text.len && next == quote) {
            fallback = i + 2;
            i += 2;
        } else if (text.data[i] != quote) {
            i++;
        } else if (i + 1 < text.len && next == quote) {
            fallback = i + 1;
            i += 2;
        } else {
            return i + 1;
        }
    }
    return fallback;
}

static size_t comparison_end(struct hk_str text, size_t at)
{
    while (at < text.len && strchr("<>=~!", text.data[at]) != NULL && text.data[at] != '\0') {
        at++;
    }
    return at;
}

/* A whole character, so that a message never holds a part of one. */
static size_t other_end(struct hk_str text, size_t at)
{
    unsigned char c = byte_at(text, at);
    unsigned char next = byte_at(text, at + 1);
    if ((c == '-' && next == '-') || (c == '#' && next == ' ') || (c == '/' && next == '*')) {
        return text.len;
    }
    at++;
    while (at < text.len && (byte_at(text, at) & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

static enum hk__token_kind kind_of_mark(char c)
{
    switch (c) {
    case '(':
        return HK__TOKEN_OPEN;
    case ')':
        return HK__TOKEN_CLOSE;
    case ',':
        return HK__TOKEN_COMMA;
    case '.':
        return HK__TOKEN_DOT;
    case ';':
        return HK__TOKEN_SEMICOLON;
    default:
        return HK__TOKEN_OTHER;
    }
}

static struct hk__token token_to(struct hk_str text, size_t *at, size_t end, enum hk__token_kind kind)
{
    struct hk__token token = {kind, {text.data + *at, end - *at}};
    *at = end;
    return token;
}

static struct hk__token next_word(struct hk_str text, size_t *at)
{
    size_t end = *at;
    while (is_word_byte(byte_at(text, end)) && (byte_at(text, end) < 0x80 || space_at(text, end) == 0)) {
        end++;
    }
    struct hk__token token = token_to(text, at, end, HK__TOKEN_WORD);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (hk__token_is_word(token, keywords[i])) {
            token.kind = HK__TOKEN_KEYWORD;
        }
    }
    return token;
}

static bool next_quoted(struct hk_str text, size_t *at, struct hk__token *out)
{
    char c = text.data[*at];
    if (c != '\'' && c != '"' && c != '`') {
        return false;
    }
    size_t end = quoted_end(text, *at);
    enum hk__token_kind kind = c == '\'' ? HK__TOKEN_STRING : c == '"' ? HK__TOKEN_SYMBOL : HK__TOKEN_NAME;
    *out = end > 0 ? token_to(text, at, end, kind) : token_to(text, at, *at + 1, HK__TOKEN_OTHER);
    return true;
}

struct hk__token hk__token_next(struct hk_str text, size_t *at)
{
    struct hk__token token = {HK__TOKEN_END, {text.data + text.len, 0}};
    bool is_integer = false;
    if (*at >= text.len) {
        *at = text.len;
        return token;
    }
    if (next_quoted(text, at, &token)) {
        return token;
    }
    size_t end = number_end(text, *at, &is_integer);
    if (end > 0) {
        return token_to(text, at, end, is_integer ? HK__TOKEN_INTEGER : HK__TOKEN_FLOAT);
    }
    if (is_word_byte(byte_at(text, *at))) {
        return next_word(text, at);
    }
    end = comparison_end(text, *at);
    if (end > *at) {
        return token_to(text, at, end, HK__TOKEN_COMPARISON);
    }
    enum hk__token_kind kind = kind_of_mark(text.data[*at]);
    return token_to(text, at, kind == HK__TOKEN_OTHER ? other_end(text, *at) : *at + 1, kind);
}

bool hk__token_is_word(struct hk__token token, const char *lower_case_word)
{
    return (token.kind == HK__TOKEN_WORD || token.kind == HK__TOKEN_KEYWORD) &&
           token.text.len == strlen(lower_case_word) &&
           strncasecmp(token.text.data, lower_case_word, token.text.len) == 0;
}
