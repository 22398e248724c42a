/* What a promotion policy demands of numbers, as somebody writes it:
 *
 *     metrics.auc >= 0.90                      the version's run
 *     auc >= champion.auc - 0.005              beside the version that holds the target now
 *     params.rows * 0.2 > 1000                 a parameter that is a number
 *     metrics.`val/loss` < 1e-2                a key with other characters than letters, digits, '_' and '.'
 *
 *     comparison := sum ( >= | <= | > | < | == | = | != ) sum
 *     sum        := product ( (+ | -) product )*
 *     product    := factor ( (* | /) factor )*
 *     factor     := NUMBER | - factor | ( sum ) | reference
 *     reference  := [champion.] [metrics. | params.] KEY       a bare KEY is a metric
 *
 * A KEY may stand in `backticks` or "double quotes", then it is taken as it is. Mistakes are told with the character at
 * which they are, counted from 1. Pure; any thread. */
#ifndef HK_REGISTRY_EXPRESSION_H
#define HK_REGISTRY_EXPRESSION_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

enum { HK_MAX_EXPRESSION_BYTES = 1000, HK_MAX_EXPRESSION_NESTING = 32 };

/* A number that an expression asks for. */
struct hk_reference {
    bool is_champion; /* of the version that holds the target; else of the one that is to get it */
    bool is_param;    /* else a metric */
    struct hk_str key;
};

struct hk_expression;

/* Everything of *out is in the arena. HK_INVALID, HK_LIMIT. */
HK_MUST_USE bool hk_expression_parse(struct hk_str text, struct hk_arena *arena, const struct hk_expression **out,
                                     struct hk_error *err);

/* The references, in the order in which they are written; false when there is no index-th. */
bool hk_expression_reference(const struct hk_expression *e, size_t index, struct hk_reference *out);
bool hk_expression_asks_champion(const struct hk_expression *e);

enum hk_comparison_kind {
    HK_COMPARISON_HOLDS,
    HK_COMPARISON_FAILS,
    HK_COMPARISON_MISSING,  /* a reference has no value */
    HK_COMPARISON_NO_NUMBER /* a side is no finite number: NaN was logged, or it divides by zero */
};

struct hk_comparison {
    enum hk_comparison_kind kind;
    double left;
    double right;
    const char *operator_text; /* static */
    struct hk_reference missing;
};

/* The value of a reference; false when there is none. */
typedef bool (*hk_reference_fn)(void *context, const struct hk_reference *reference, double *out);
struct hk_comparison hk_expression_compare(const struct hk_expression *e, hk_reference_fn find, void *context);

#endif
