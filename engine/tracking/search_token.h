/* The words of MLflow's search strings, as sqlparse cuts them (which is what MLflow reads them with). Its less likely
 * rules matter, because they decide which keys need quotes: "m.1x" is a key, "m.12x" and "m.a-b" are none. Private to
 * search.c. */
#ifndef HK_TRACKING_SEARCH_TOKEN_H
#define HK_TRACKING_SEARCH_TOKEN_H

#include "engine/base/str.h"

enum hk__token_kind {
    HK__TOKEN_END,
    HK__TOKEN_WORD,    /* a bare name; never one of CASE, IN, VALUES, USING, FROM, AS */
    HK__TOKEN_KEYWORD, /* one of those */
    HK__TOKEN_NAME,    /* `in backticks` */
    HK__TOKEN_SYMBOL,  /* "in double quotes": a name or a text, by where it stands */
    HK__TOKEN_STRING,  /* 'in single quotes' */
    HK__TOKEN_INTEGER,
    HK__TOKEN_FLOAT,
    HK__TOKEN_COMPARISON, /* any sequence of < > = ! ~ */
    HK__TOKEN_OPEN,
    HK__TOKEN_CLOSE,
    HK__TOKEN_COMMA,
    HK__TOKEN_DOT,
    HK__TOKEN_SEMICOLON,
    HK__TOKEN_OTHER /* one character, or a comment to the end */
};

struct hk__token {
    enum hk__token_kind kind;
    struct hk_str text; /* quotes included */
};

/* The token at *at, which moves behind it. White space is not skipped. */
struct hk__token hk__token_next(struct hk_str text, size_t *at);
/* Where the white space that begins at `at` ends. */
size_t hk__token_skip_space(struct hk_str text, size_t at);

bool hk__token_is_word(struct hk__token token, const char *lower_case_word);

#endif
