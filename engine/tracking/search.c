/* The parser: one pass over the tokens, no look back. A term is read in MLflow's order of complaints: what stands on
 * the left, then the value; operators are looked at when all terms are read. */
#include "engine/tracking/search.h"

#include "engine/base/limits.h"
#include "engine/tracking/search_list.h"
#include "engine/tracking/search_rules.h"
#include "engine/tracking/search_token.h"

struct reader {
    enum hk_search_kind kind;
    struct hk_str text;
    size_t at;
    struct hk_arena *arena;
    struct hk_error *err;
};

/* Where the first dot stands; text.len: nowhere. */
static size_t dot_at(struct hk_str text)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != '.') {
        at++;
    }
    return at;
}

/* Adds the place, counted in characters from 1, to the message; returns false. */
static bool place(struct reader *r, size_t at)
{
    size_t characters = 1;
    for (size_t i = 0; i < at && i < r->text.len; i++) {
        characters += ((unsigned char)r->text.data[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    struct hk_error before = *r->err;
    return hk_error_set(r->err, HK_INVALID, "%.460s (at character %zu)", before.message, characters);
}

static struct hk__token peek(struct reader *r)
{
    size_t at = hk__token_skip_space(r->text, r->at);
    return hk__token_next(r->text, &at);
}

static struct hk__token take(struct reader *r)
{
    r->at = hk__token_skip_space(r->text, r->at);
    return hk__token_next(r->text, &r->at);
}

static size_t offset_of(const struct reader *r, struct hk__token token)
{
    return (size_t)(token.text.data - r->text.data);
}

/* `wrong` is what cannot stand where it stands. */
static bool invalid_clause(struct reader *r, struct hk__token wrong)
{
    if (wrong.kind == HK__TOKEN_SEMICOLON && hk__token_skip_space(r->text, r->at) < r->text.len) {
        struct hk_str shown = hk__search_shown(r->text);
        hk_error_set(r->err, HK_INVALID,
                     "Search filter contained multiple expression '%.*s'. Provide AND-ed expression list.",
                     HK_STR_ARG(shown));
        return place(r, offset_of(r, wrong));
    }
    struct hk_str shown = hk__search_shown(wrong.kind == HK__TOKEN_END ? HK_STR("the end of the filter") : wrong.text);
    bool is_key = wrong.kind == HK__TOKEN_OTHER || wrong.kind == HK__TOKEN_INTEGER || wrong.kind == HK__TOKEN_FLOAT;
    hk_error_set(r->err, HK_INVALID, "Invalid clause(s) in filter string: '%.*s'%s", HK_STR_ARG(shown),
                 is_key ? "; a key with other than letters, digits, '_' and '.' is written in `backticks`" : "");
    return place(r, offset_of(r, wrong));
}

static bool is_part(struct hk__token token)
{
    return token.kind == HK__TOKEN_WORD || token.kind == HK__TOKEN_NAME || token.kind == HK__TOKEN_SYMBOL;
}

static bool is_any_word(struct hk__token token, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (hk__token_is_word(token, words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_followed_by_dot(const struct reader *r, struct hk__token token)
{
    size_t at = offset_of(r, token) + token.text.len;
    return at < r->text.len && r->text.data[at] == '.';
}

/* In searches of logged models a bare key may have dashes and slashes, too ("metrics.val/loss"). */
static void extend_key(struct reader *r, struct hk_str *key)
{
    while (r->at < r->text.len && (r->text.data[r->at] == '-' || r->text.data[r->at] == '/')) {
        size_t at = r->at + 1;
        struct hk__token token = hk__token_next(r->text, &at);
        if (token.kind != HK__TOKEN_WORD && token.kind != HK__TOKEN_INTEGER) {
            return;
        }
        r->at = at;
        key->len = (size_t)(r->text.data + at - key->data);
    }
}

/* part.part...; *out is the text of all of it. */
static bool take_identifier(struct reader *r, struct hk_str *out)
{
    static const char *const reserved[] = {"and", "or", "not", "is", "null", "like", "ilike", "between", NULL};
    struct hk__token token = take(r);
    size_t from = offset_of(r, token);
    if (!is_part(token) || (is_any_word(token, reserved) && !is_followed_by_dot(r, token))) {
        return invalid_clause(r, token);
    }
    for (;;) {
        size_t at = r->at;
        struct hk__token dot = hk__token_next(r->text, &at);
        if (dot.kind != HK__TOKEN_DOT) {
            break;
        }
        token = hk__token_next(r->text, &at);
        if (!is_part(token) && token.kind != HK__TOKEN_STRING) {
            return invalid_clause(r, token);
        }
        r->at = at;
    }
    *out = (struct hk_str){r->text.data + from, r->at - from};
    if (r->kind == HK_SEARCH_LOGGED_MODELS && dot_at(*out) < out->len) {
        extend_key(r, out);
    }
    return true;
}

static bool is_quoted(struct hk_str text, char quote)
{
    return text.len >= 2 && text.data[0] == quote && text.data[text.len - 1] == quote;
}

static struct hk_str trim_ends(struct hk_str text)
{
    return (struct hk_str){text.data + 1, text.len - 2};
}

static struct hk_str bare_key(struct hk_str key)
{
    if (is_quoted(key, '\'') || is_quoted(key, '"')) {
        key = trim_ends(key);
    }
    return is_quoted(key, '`') ? trim_ends(key) : key;
}

/* MLflow splits at the first dot, wherever it stands. */
static bool read_identifier(struct reader *r, struct hk_str text, bool is_order, struct hk_search_term *term)
{
    size_t head = dot_at(text);
    bool has_entities = !is_order || r->kind != HK_SEARCH_MODELS;
    term->entity = HK_SEARCH_ATTRIBUTE;
    term->key = text;
    if (head < text.len && has_entities) {
        term->key = (struct hk_str){text.data + head + 1, text.len - head - 1};
        if (!hk__search_entity_find(r->kind, (struct hk_str){text.data, head}, &term->entity, r->err)) {
            return false;
        }
    }
    if (r->kind == HK_SEARCH_TRACES && term->entity == HK_SEARCH_ATTRIBUTE && hk_str_is(term->key, "text")) {
        term->entity = HK_SEARCH_SPAN; /* trace.text: anywhere in what a span holds */
        term->key = HK_STR("content");
    }
    bool is_registry = !is_order && (r->kind == HK_SEARCH_MODELS || r->kind == HK_SEARCH_VERSIONS);
    if (!is_registry || term->entity != HK_SEARCH_ATTRIBUTE) {
        term->key = bare_key(term->key); /* in the registry the names of attributes are not quoted */
    }
    return hk__search_key_check(r->kind, term->entity, is_order, &term->key, r->err);
}

static const struct {
    const char *word;
    bool is_after_is; /* and not without it */
    enum hk_search_op op;
    enum hk_search_op negated;
    const char *text;
    const char *negated_text;
} verbs[] = {
    {"null", true, HK_SEARCH_IS_NULL, HK_SEARCH_IS_NOT_NULL, "IS NULL", "IS NOT NULL"},
    {"in", false, HK_SEARCH_IN, HK_SEARCH_NOT_IN, "IN", "NOT IN"},
    {"like", false, HK_SEARCH_LIKE, HK_SEARCH_OP_COUNT, "LIKE", "NOT LIKE"},
    {"ilike", false, HK_SEARCH_ILIKE, HK_SEARCH_OP_COUNT, "ILIKE", "NOT ILIKE"},
    {"rlike", false, HK_SEARCH_OP_COUNT, HK_SEARCH_OP_COUNT, "RLIKE", "NOT RLIKE"},
    {"regexp", false, HK_SEARCH_OP_COUNT, HK_SEARCH_OP_COUNT, "REGEXP", "NOT REGEXP"},
};

static bool take_op(struct reader *r, struct hk_search_term *term)
{
    struct hk__token token = take(r);
    if (token.kind == HK__TOKEN_COMPARISON) {
        term->op_text = token.text;
        term->op = hk__search_op_find(token.text);
        return true;
    }
    bool is_is = hk__token_is_word(token, "is");
    token = is_is ? take(r) : token;
    bool is_not = hk__token_is_word(token, "not");
    token = is_not ? take(r) : token;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (is_is == verbs[i].is_after_is && hk__token_is_word(token, verbs[i].word)) {
            term->op = is_not ? verbs[i].negated : verbs[i].op;
            term->op_text = hk_str_from(is_not ? verbs[i].negated_text : verbs[i].text);
            return true;
        }
    }
    return invalid_clause(r, token);
}

/* ---- values ---- */

static bool read_number(struct reader *r, struct hk__token token, struct hk_search_term *term)
{
    struct hk_str shown = hk__search_shown(token.text);
    if (token.kind == HK__TOKEN_INTEGER && term->entity != HK_SEARCH_METRIC) {
        term->type = HK_SEARCH_INTEGER;
        return hk_str_to_i64(token.text, &term->integer) ||
               hk_error_set(r->err, HK_INVALID, "Invalid value for numeric attribute '%.*s': '%.*s'",
                            HK_STR_ARG(term->key), HK_STR_ARG(shown));
    }
    term->type = HK_SEARCH_REAL;
    bool is_whole = r->kind == HK_SEARCH_EXPERIMENTS || r->kind == HK_SEARCH_VERSIONS;
    if (is_whole || !hk_str_to_double(token.text, &term->real)) {
        return hk_error_set(r->err, HK_INVALID, "Invalid value for numeric attribute '%.*s': '%.*s'",
                            HK_STR_ARG(term->key), HK_STR_ARG(shown));
    }
    return true;
}

/* `shown` is the value as it stands there, of whatever kind. */
static bool wrong_value(struct reader *r, const struct hk_search_term *term, struct hk_str shown)
{
    shown = hk__search_shown(shown);
    if (term->entity == HK_SEARCH_METRIC) {
        return hk_error_set(r->err, HK_INVALID, "Expected numeric value type for metric. Found %.*s",
                            HK_STR_ARG(shown));
    }
    if (hk__search_is_number(r->kind, term) && hk__search_is_assessment(term->entity)) {
        return hk_error_set(r->err, HK_INVALID,
                            "Expected a numeric value for %s when using comparator '%.*s'. Got value %.*s",
                            hk__search_entity_name(term->entity), HK_STR_ARG(term->op_text), HK_STR_ARG(shown));
    }
    if (term->entity != HK_SEARCH_ATTRIBUTE && term->entity != HK_SEARCH_DATASET) {
        return hk_error_set(r->err, HK_INVALID,
                            "Expected a quoted string value for %s (e.g. 'my-value'). Got value %.*s",
                            hk__search_entity_name(term->entity), HK_STR_ARG(shown));
    }
    if (term->entity == HK_SEARCH_DATASET) {
        return hk_error_set(r->err, HK_INVALID, "Expected a quoted string value for dataset attributes. Got value %.*s",
                            HK_STR_ARG(shown));
    }
    if (hk__search_is_number(r->kind, term)) {
        return hk_error_set(r->err, HK_INVALID, "Expected numeric value type for numeric attribute: %.*s. Found %.*s",
                            HK_STR_ARG(term->key), HK_STR_ARG(shown));
    }
    bool is_registry = r->kind == HK_SEARCH_MODELS || r->kind == HK_SEARCH_VERSIONS;
    return hk_error_set(r->err, HK_INVALID, "Expected a quoted string value%s for attributes. Got value %.*s",
                        is_registry ? " or a list of quoted string values" : "", HK_STR_ARG(shown));
}

static bool read_bare_number(struct reader *r, struct hk__token token, struct hk_search_term *term)
{
    if (hk__search_is_number(r->kind, term)) {
        return read_number(r, token, term);
    }
    if (r->kind == HK_SEARCH_LOGGED_MODELS) { /* there a number is as good as a text */
        term->type = HK_SEARCH_TEXT;
        term->text = token.text;
        return true;
    }
    if (r->kind == HK_SEARCH_VERSIONS && term->entity == HK_SEARCH_ATTRIBUTE) {
        return hk_error_set(r->err, HK_INVALID,
                            "Only the '{'version_number', 'creation_timestamp', 'last_updated_timestamp'}' attributes "
                            "support comparison with numeric values.");
    }
    return wrong_value(r, term, token.text);
}

/* A text, or an identifier in the place of one. */
static bool read_text(struct reader *r, struct hk_str written, struct hk_search_term *term)
{
    struct hk_str shown = hk__search_shown(written);
    bool is_text = is_quoted(written, '\'') || is_quoted(written, '"');
    bool is_number = hk__search_is_number(r->kind, term);
    if (is_number && (r->kind != HK_SEARCH_VERSIONS || !is_text)) {
        return wrong_value(r, term, written);
    }
    if (!is_text) {
        return hk_error_set(r->err, HK_INVALID,
                            "Parameter value is either not quoted or unidentified quote types used for string value "
                            "%.*s. Use either single or double quotes.",
                            HK_STR_ARG(shown));
    }
    term->type = is_number ? HK_SEARCH_INTEGER : HK_SEARCH_TEXT;
    term->text = trim_ends(written);
    /* version_number = '3' is taken for 3 */
    return !is_number || hk_str_to_i64(term->text, &term->integer) ||
           hk_error_set(r->err, HK_INVALID, "Invalid value for numeric attribute '%.*s': %.*s", HK_STR_ARG(term->key),
                        HK_STR_ARG(shown));
}

static bool read_list(struct reader *r, size_t from, struct hk_search_term *term)
{
    size_t end = from;
    bool is_closed = hk__search_list_end(r->text, &end);
    struct hk_str written = {r->text.data + from, end - from};
    if (!is_closed) {
        return hk_error_set(r->err, HK_INVALID, HK__SEARCH_ILL_FORMED_LIST);
    }
    r->at = end;
    bool is_keyed =
        term->entity != HK_SEARCH_ATTRIBUTE && term->entity != HK_SEARCH_DATASET && term->entity != HK_SEARCH_SPAN;
    if (hk__search_is_number(r->kind, term) || (is_keyed && r->kind != HK_SEARCH_LOGGED_MODELS)) {
        return wrong_value(r, term, written);
    }
    term->type = HK_SEARCH_LIST;
    return hk__search_list_check(r->kind, term, r->err) &&
           hk__search_list_read(written, r->arena, &term->items, &term->item_count, r->err);
}

static bool take_value(struct reader *r, struct hk_search_term *term)
{
    struct hk__token token = peek(r);
    size_t at = offset_of(r, token);
    bool is_in = term->op == HK_SEARCH_IN || term->op == HK_SEARCH_NOT_IN;
    if (token.kind == HK__TOKEN_OPEN) {
        return read_list(r, at, term) || place(r, at);
    }
    if (is_in || token.kind == HK__TOKEN_END) {
        return invalid_clause(r, token);
    }
    if (token.kind == HK__TOKEN_INTEGER || token.kind == HK__TOKEN_FLOAT) {
        (void)take(r);
        return read_bare_number(r, token, term) || place(r, at);
    }
    struct hk_str written = token.text;
    if (token.kind == HK__TOKEN_STRING) {
        (void)take(r);
    } else if (hk__token_is_word(token, "null")) {
        return wrong_value(r, term, token.text) || place(r, at);
    } else if (!take_identifier(r, &written)) {
        return false;
    }
    return read_text(r, written, term) || place(r, at);
}

/* ---- terms ---- */

static bool take_term(struct reader *r, struct hk_search_term *term)
{
    struct hk__token first = peek(r);
    struct hk_str identifier = {0};
    term->at = offset_of(r, first);
    bool is_value = first.kind == HK__TOKEN_STRING || first.kind == HK__TOKEN_INTEGER || first.kind == HK__TOKEN_FLOAT;
    if (is_value) {
        (void)take(r);
        if (peek(r).kind != HK__TOKEN_COMPARISON) {
            return invalid_clause(r, first);
        }
        struct hk_str shown = hk__search_shown(first.text);
        hk_error_set(r->err, HK_INVALID, "Invalid comparison clause. Expected 'Identifier' found '%.*s'",
                     HK_STR_ARG(shown));
        return place(r, term->at);
    }
    if (!take_identifier(r, &identifier) || !take_op(r, term)) {
        return false;
    }
    if (!read_identifier(r, identifier, false, term)) {
        return place(r, term->at);
    }
    return term->op == HK_SEARCH_IS_NULL || term->op == HK_SEARCH_IS_NOT_NULL || take_value(r, term);
}

static bool take_terms(struct reader *r, struct hk_search_term *terms, size_t *count)
{
    for (;;) {
        struct hk__token token = peek(r);
        if (token.kind == HK__TOKEN_END) {
            return true;
        }
        if (hk__token_is_word(token, "and") && !is_followed_by_dot(r, token)) {
            (void)take(r); /* MLflow misses none that is missing, and minds none too many */
            continue;
        }
        if (*count == HK_MAX_SEARCH_TERMS) {
            hk_error_set(r->err, HK_INVALID, "A filter has at most %d comparisons", HK_MAX_SEARCH_TERMS);
            return place(r, offset_of(r, token));
        }
        if (!take_term(r, &terms[*count])) {
            return false;
        }
        (*count)++;
    }
}

bool hk_search_filter_parse(enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena,
                            struct hk_search_filter *out, struct hk_error *err)
{
    *out = (struct hk_search_filter){0};
    if (text.len == 0) {
        return true;
    }
    struct reader r = {kind, text, 0, arena, err};
    struct hk_search_term *terms = hk_arena_array(arena, HK_MAX_SEARCH_TERMS, sizeof *terms);
    if (peek(&r).kind == HK__TOKEN_END) {
        struct hk_str shown = hk__search_shown(text);
        return hk_error_set(err, HK_INVALID, "Invalid filter '%.*s'. Could not be parsed.", HK_STR_ARG(shown));
    }
    if (!take_terms(&r, terms, &out->count)) {
        return false;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (!hk__search_op_check(kind, &terms[i], err)) {
            return place(&r, terms[i].at);
        }
    }
    out->terms = terms;
    return true;
}

/* ---- order_by ---- */

static bool invalid_order(struct reader *r)
{
    struct hk_str shown = hk__search_shown(r->text);
    hk_error_set(r->err, HK_INVALID, "Invalid order_by clause '%.*s'. Could not be parsed.", HK_STR_ARG(shown));
    return place(r, hk__token_skip_space(r->text, r->at));
}

static bool take_direction(struct reader *r, bool *is_descending)
{
    size_t before = r->at;
    struct hk__token word = take(r);
    *is_descending = hk__token_is_word(word, "desc");
    if (word.kind == HK__TOKEN_END) {
        return r->at == before || invalid_order(r);
    }
    bool is_last = r->at == r->text.len;
    if (*is_descending || hk__token_is_word(word, "asc")) {
        return is_last || invalid_order(r);
    }
    if (!is_part(word) || !is_last) {
        r->at = before;
        return invalid_order(r);
    }
    struct hk_str shown = hk__search_shown(r->text);
    hk_error_set(r->err, HK_INVALID, "Invalid ordering key in order_by clause '%.*s'.", HK_STR_ARG(shown));
    return place(r, offset_of(r, word));
}

static bool check_order(struct reader *r, const struct hk_search_order *order)
{
    if (r->kind == HK_SEARCH_RUNS && order->entity == HK_SEARCH_DATASET) {
        return hk_error_set(r->err, HK_INVALID, "Invalid identifier type 'dataset'");
    }
    if (r->kind != HK_SEARCH_RUNS && order->entity != HK_SEARCH_ATTRIBUTE) {
        return hk_error_set(r->err, HK_INVALID, "Invalid order_by entity: %s", hk__search_entity_name(order->entity));
    }
    return true;
}

bool hk_search_order_parse(enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena,
                           struct hk_search_order *out, struct hk_error *err)
{
    struct reader r = {kind, text, 0, arena, err};
    struct hk_search_term term = {0};
    struct hk_str identifier = {0};
    *out = (struct hk_search_order){0};
    if (hk__token_skip_space(text, 0) != 0 || !take_identifier(&r, &identifier)) {
        r.at = 0;
        return invalid_order(&r);
    }
    if (!take_direction(&r, &out->is_descending)) {
        return false;
    }
    if (!read_identifier(&r, identifier, true, &term)) {
        return place(&r, 0);
    }
    out->entity = term.entity;
    out->key = term.key;
    return check_order(&r, out) || place(&r, 0);
}

bool hk_search_field_parse(struct hk_str text, struct hk_search_order *out, struct hk_error *err)
{
    size_t head = dot_at(text);
    *out = (struct hk_search_order){.entity = HK_SEARCH_ATTRIBUTE, .key = text};
    if (head < text.len) {
        out->entity = HK_SEARCH_METRIC;
        out->key = (struct hk_str){text.data + head + 1, text.len - head - 1};
        struct hk_str shown = hk__search_shown(text);
        return hk_str_eq((struct hk_str){text.data, head}, HK_STR("metrics")) ||
               hk_error_set(err, HK_INVALID, "Invalid order by field name: %.*s. Only metrics are supported.",
                            HK_STR_ARG(shown));
    }
    struct hk_str first = hk_search_attribute(HK_SEARCH_LOGGED_MODELS, hk_str_trim(text));
    if (first.data == NULL) {
        struct hk_str shown = hk__search_shown(text);
        return hk_error_set(err, HK_INVALID, "Invalid order by field name: %.*s", HK_STR_ARG(shown));
    }
    out->key = first;
    return true;
}
