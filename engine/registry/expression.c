#include "engine/registry/expression.h"

#include <math.h>
#include <string.h>

enum node_kind { NUMBER, REFERENCE, NEGATIVE, PLUS, MINUS, TIMES, DIVIDED };

struct node {
    enum node_kind kind;
    double number;
    struct hk_reference reference;
    const struct node *left;
    const struct node *right;
};

enum relation { AT_LEAST, AT_MOST, ABOVE, BELOW, EQUAL, NOT_EQUAL };

/* Longer ones first: '>' begins ">=", too. */
static const struct {
    const char *text;
    enum relation relation;
} relations[] = {
    {">=", AT_LEAST}, {"<=", AT_MOST}, {"==", EQUAL}, {"!=", NOT_EQUAL}, {">", ABOVE}, {"<", BELOW}, {"=", EQUAL},
};

enum { MAX_REFERENCES = HK_MAX_EXPRESSION_BYTES / 2 };

struct hk_expression {
    const struct node *left;
    const struct node *right;
    enum relation relation;
    const char *relation_text;
    struct hk_reference *references;
    size_t reference_count;
};

struct parser {
    struct hk_str text;
    size_t at;
    struct hk_arena *arena;
    struct hk_error *err;
    int nesting;
    struct hk_reference *references;
    size_t reference_count;
};

static const struct node *parse_sum(struct parser *p);

/* Counted in characters, not bytes, as an editor does. */
static size_t position(const struct parser *p)
{
    size_t n = 1;
    for (size_t i = 0; i < p->at; i++) {
        n += ((unsigned char)p->text.data[i] & 0xC0) != 0x80;
    }
    return n;
}

static const struct node *refuse(const struct parser *p, const char *what)
{
    hk_error_set(p->err, HK_INVALID, "'%.*s', character %zu: %s", HK_STR_ARG(p->text), position(p), what);
    return NULL;
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.data[p->at] : '\0';
}

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && strchr(" \t\r\n", p->text.data[p->at]) != NULL && p->text.data[p->at] != '\0') {
        p->at++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' ||
           ((unsigned char)c & 0x80) != 0;
}

static struct node *new_node(const struct parser *p, enum node_kind kind)
{
    struct node *node = hk_arena_alloc(p->arena, sizeof *node);
    node->kind = kind;
    return node;
}

static const struct node *parse_number(struct parser *p)
{
    size_t start = p->at;
    while (is_digit(peek(p)) || peek(p) == '.') {
        p->at++;
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        size_t before = p->at++;
        p->at += peek(p) == '+' || peek(p) == '-';
        if (!is_digit(peek(p))) {
            p->at = before;
        }
        while (is_digit(peek(p))) {
            p->at++;
        }
    }
    struct node *node = new_node(p, NUMBER);
    struct hk_str digits = {p->text.data + start, p->at - start};
    if (is_word(peek(p)) || !hk_str_to_double(digits, &node->number)) {
        p->at = start;
        return refuse(p, "this is no number; write 0.9, 12 or 1e-3.");
    }
    return node;
}

static bool parse_key(struct parser *p, struct hk_str *out)
{
    char quote = peek(p);
    size_t start = p->at;
    if (quote == '`' || quote == '"') {
        const char *end = memchr(p->text.data + start + 1, quote, p->text.len - start - 1);
        if (end == NULL) {
            refuse(p, "this quote is not closed.");
            return false;
        }
        *out = (struct hk_str){p->text.data + start + 1, (size_t)(end - p->text.data) - start - 1};
        p->at = (size_t)(end - p->text.data) + 1;
    } else {
        while (is_word(peek(p))) {
            p->at++;
        }
        *out = (struct hk_str){p->text.data + start, p->at - start};
    }
    if (out->len == 0) {
        p->at = start;
        refuse(p, "here a number or the name of a metric is expected.");
        return false;
    }
    return true;
}

static bool take_prefix(struct parser *p, const char *prefix)
{
    struct hk_str rest = {p->text.data + p->at, p->text.len - p->at};
    if (!hk_str_starts_with(rest, prefix)) {
        return false;
    }
    p->at += strlen(prefix);
    return true;
}

static const struct node *parse_reference(struct parser *p)
{
    struct node *node = new_node(p, REFERENCE);
    struct hk_reference *reference = &node->reference;
    size_t start = p->at;
    reference->is_champion = take_prefix(p, "champion.");
    if (!take_prefix(p, "metrics.") && !take_prefix(p, "metric.")) {
        reference->is_param = take_prefix(p, "params.") || take_prefix(p, "param.");
    }
    if (!parse_key(p, &reference->key)) {
        return NULL;
    }
    bool is_call = peek(p) == '(';
    if (is_call || hk_str_is(reference->key, "champion")) {
        p->at = start;
        return refuse(p, is_call ? "there are no functions." : "write champion.NAME for a metric of the champion.");
    }
    reference->key = hk_arena_str(p->arena, reference->key);
    HK_ASSERT(p->reference_count < MAX_REFERENCES);
    p->references[p->reference_count++] = *reference;
    return node;
}

static const struct node *parse_nested(struct parser *p)
{
    p->at++;
    const struct node *inner = parse_sum(p);
    if (inner == NULL) {
        return NULL;
    }
    skip_space(p);
    if (peek(p) != ')') {
        return refuse(p, "a ')' is missing here.");
    }
    p->at++;
    return inner;
}

static const struct node *parse_negative(struct parser *p);

static const struct node *parse_factor(struct parser *p)
{
    const struct node *out = NULL;
    skip_space(p);
    if (++p->nesting > HK_MAX_EXPRESSION_NESTING) {
        return refuse(p, "this is nested too deep.");
    }
    char c = peek(p);
    if (c == '(') {
        out = parse_nested(p);
    } else if (c == '-') {
        out = parse_negative(p);
    } else if (is_digit(c) || c == '.') {
        out = parse_number(p);
    } else {
        out = parse_reference(p);
    }
    p->nesting--;
    return out;
}

static const struct node *parse_negative(struct parser *p)
{
    struct node *node = new_node(p, NEGATIVE);
    p->at++;
    node->left = parse_factor(p);
    return node->left != NULL ? node : NULL;
}

/* A chain of two operators of one rank, grouped from the left. */
static const struct node *parse_chain(struct parser *p, const char *operators, const enum node_kind kinds[2],
                                      const struct node *(*parse_part)(struct parser *p))
{
    const struct node *left = parse_part(p);
    while (left != NULL) {
        skip_space(p);
        char c = peek(p);
        if (c == '\0' || (c != operators[0] && c != operators[1])) {
            return left;
        }
        p->at++;
        struct node *node = new_node(p, kinds[c == operators[1]]);
        node->left = left;
        node->right = parse_part(p);
        left = node->right != NULL ? node : NULL;
    }
    return NULL;
}

static const struct node *parse_product(struct parser *p)
{
    static const enum node_kind kinds[] = {TIMES, DIVIDED};
    return parse_chain(p, "*/", kinds, parse_factor);
}

static const struct node *parse_sum(struct parser *p)
{
    static const enum node_kind kinds[] = {PLUS, MINUS};
    return parse_chain(p, "+-", kinds, parse_product);
}

static bool parse_relation(struct parser *p, struct hk_expression *e)
{
    skip_space(p);
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        if (take_prefix(p, relations[i].text)) {
            e->relation = relations[i].relation;
            e->relation_text = relations[i].text;
            return true;
        }
    }
    refuse(p, "here one of >= <= > < == != is expected.");
    return false;
}

bool hk_expression_parse(struct hk_str text, struct hk_arena *arena, const struct hk_expression **out,
                         struct hk_error *err)
{
    if (text.len > HK_MAX_EXPRESSION_BYTES) {
        return hk_error_set(err, HK_LIMIT, "an expression has at most %d bytes, not %zu", HK_MAX_EXPRESSION_BYTES,
                            text.len);
    }
    if (!hk_str_is_utf8(text)) {
        return hk_error_set(err, HK_INVALID, "an expression must be UTF-8 text");
    }
    struct parser p = {.text = text, .arena = arena, .err = err};
    struct hk_expression *e = hk_arena_alloc(arena, sizeof *e);
    p.references = hk_arena_array(arena, MAX_REFERENCES, sizeof *p.references);
    e->left = parse_sum(&p);
    if (e->left == NULL || !parse_relation(&p, e)) {
        return false;
    }
    e->right = parse_sum(&p);
    if (e->right == NULL) {
        return false;
    }
    skip_space(&p);
    if (p.at < text.len) {
        refuse(&p, "nothing may follow the comparison; write another rule for another one.");
        return false;
    }
    if (p.reference_count == 0) {
        p.at = 0;
        refuse(&p, "this compares numbers with numbers; name a metric.");
        return false;
    }
    e->references = p.references;
    e->reference_count = p.reference_count;
    *out = e;
    return true;
}

bool hk_expression_reference(const struct hk_expression *e, size_t index, struct hk_reference *out)
{
    if (index >= e->reference_count) {
        return false;
    }
    *out = e->references[index];
    return true;
}

bool hk_expression_asks_champion(const struct hk_expression *e)
{
    for (size_t i = 0; i < e->reference_count; i++) {
        if (e->references[i].is_champion) {
            return true;
        }
    }
    return false;
}

struct lookup {
    hk_reference_fn find;
    void *context;
    bool is_missing;
    struct hk_reference missing;
};

/* Nesting is limited by the parser; chains are as long as the text at most. */
static double value_of(const struct node *node, struct lookup *lookup)
{
    double left = node->left != NULL ? value_of(node->left, lookup) : 0;
    double right = node->right != NULL ? value_of(node->right, lookup) : 0;
    double found = 0;
    switch (node->kind) {
    case NUMBER:
        return node->number;
    case REFERENCE:
        if (!lookup->find(lookup->context, &node->reference, &found) && !lookup->is_missing) {
            lookup->is_missing = true;
            lookup->missing = node->reference;
        }
        return found;
    case NEGATIVE:
        return -left;
    case PLUS:
        return left + right;
    case MINUS:
        return left - right;
    case TIMES:
        return left * right;
    case DIVIDED:
        return right == 0 ? NAN : left / right;
    }
    return NAN;
}

static bool holds(enum relation relation, double left, double right)
{
    switch (relation) {
    case AT_LEAST:
        return left >= right;
    case AT_MOST:
        return left <= right;
    case ABOVE:
        return left > right;
    case BELOW:
        return left < right;
    case EQUAL:
        return left == right;
    case NOT_EQUAL:
        return left != right;
    }
    return false;
}

struct hk_comparison hk_expression_compare(const struct hk_expression *e, hk_reference_fn find, void *context)
{
    struct lookup lookup = {.find = find, .context = context};
    struct hk_comparison out = {.operator_text = e->relation_text};
    out.left = value_of(e->left, &lookup);
    out.right = value_of(e->right, &lookup);
    out.missing = lookup.missing;
    if (lookup.is_missing) {
        out.kind = HK_COMPARISON_MISSING;
    } else if (!isfinite(out.left) || !isfinite(out.right)) {
        out.kind = HK_COMPARISON_NO_NUMBER;
    } else {
        out.kind = holds(e->relation, out.left, out.right) ? HK_COMPARISON_HOLDS : HK_COMPARISON_FAILS;
    }
    return out;
}
