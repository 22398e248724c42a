#include "engine/tracking/search_list.h"

#include <string.h>

#include "engine/base/limits.h"
#include "engine/tracking/search_token.h"

/* The end of a string as Python sees it, behind the closing quote; 0: it has none. */
static size_t string_end(struct hk_str text, size_t at)
{
    char quote = text.data[at];
    for (size_t i = at + 1; i < text.len && text.data[i] != '\n'; i++) {
        if (text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == quote) {
            return i + 1;
        }
    }
    return 0;
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"';
}

bool hk__search_list_end(struct hk_str text, size_t *at)
{
    size_t i = *at + 1;
    while (i < text.len && text.data[i] != ')' && text.data[i] != '(') {
        size_t end = is_quote(text.data[i]) ? string_end(text, i) : i + 1;
        if (end == 0) {
            return false;
        }
        i = end;
    }
    *at = i + 1;
    return i < text.len && text.data[i] == ')';
}

/* What stands behind a backslash; others are kept with it, as in Python. */
static char unescaped(char c)
{
    static const char from[] = "\\'\"abfnrtv";
    static const char to[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    return found != NULL ? to[found - from] : '\0';
}

static size_t append(char *out, struct hk_str quoted)
{
    size_t len = 0;
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        char escaped = quoted.data[i] == '\\' ? unescaped(quoted.data[i + 1]) : '\0';
        out[len++] = escaped != '\0' ? escaped : quoted.data[i];
        i += escaped != '\0' ? 1 : 0;
    }
    return len;
}

/* One item: strings that stand side by side are one. false: there is none. */
static bool read_item(struct hk_str written, size_t *at, char *out, struct hk_str *item)
{
    size_t len = 0;
    bool is_any = false;
    *at = hk__token_skip_space(written, *at);
    while (is_quote(written.data[*at])) {
        size_t end = string_end(written, *at);
        len += append(out + len, (struct hk_str){written.data + *at, end - *at});
        *at = hk__token_skip_space(written, end);
        is_any = true;
    }
    *item = (struct hk_str){out, len};
    return is_any;
}

static bool fail_at(struct hk_str written, size_t at, struct hk_error *err)
{
    size_t end = at;
    struct hk__token token = hk__token_next(written, &end);
    if (token.kind == HK__TOKEN_INTEGER || token.kind == HK__TOKEN_FLOAT) {
        return hk_error_set(err, HK_INVALID,
                            "While parsing a list in the query, expected string value, punctuation, or whitespace, but "
                            "got different type in list: %.*s",
                            (int)(written.len < 120 ? written.len : 120), written.data);
    }
    return hk_error_set(err, HK_INVALID, HK__SEARCH_ILL_FORMED_LIST);
}

static size_t most_items(struct hk_str written)
{
    size_t count = 1;
    for (size_t i = 0; i < written.len && count < HK_MAX_SEARCH_ITEMS; i++) {
        count += written.data[i] == ',' ? 1 : 0;
    }
    return count;
}

bool hk__search_list_read(struct hk_str written, struct hk_arena *arena, const struct hk_str **items, size_t *count,
                          struct hk_error *err)
{
    size_t at = hk__token_skip_space(written, 1);
    *count = 0;
    if (written.data[at] == ')') {
        return hk_error_set(err, HK_INVALID,
                            "While parsing a list in the query, expected a non-empty list of string values, but got "
                            "empty list");
    }
    struct hk_str *found = hk_arena_array(arena, most_items(written), sizeof *found);
    char *texts = hk_arena_alloc(arena, written.len);
    while (written.data[at] != ')') {
        if (*count == HK_MAX_SEARCH_ITEMS) {
            return hk_error_set(err, HK_INVALID, "A list has at most %d values", HK_MAX_SEARCH_ITEMS);
        }
        if (!read_item(written, &at, texts, &found[*count])) {
            return fail_at(written, at, err);
        }
        texts += found[*count].len;
        (*count)++;
        if (written.data[at] == ',') {
            at = hk__token_skip_space(written, at + 1);
        } else if (written.data[at] != ')') {
            return fail_at(written, written.len, err);
        }
    }
    *items = found;
    return true;
}
