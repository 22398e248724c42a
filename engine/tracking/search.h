/* What MLflow's search strings mean: `filter` ("metrics.auc > 0.9 AND tags.team = 'a'") and `order_by` ("metrics.auc
 * DESC"). Pure: a text becomes terms in an arena, or a sentence with the place of the mistake. What MLflow 3.17.2 takes
 * is taken, with its rules of quoting: keys bare, in `backticks` or "double quotes"; texts in 'single' or "double"
 * quotes, without escapes; numbers bare; AND only, no OR, no parentheses but around lists.
 *
 *     struct hk_search_filter filter;
 *     if (!hk_search_filter_parse(HK_SEARCH_RUNS, text, arena, &filter, err)) { ... err->code HK_INVALID ... }
 *     for (size_t i = 0; i < filter.count; i++) { filter.terms[i].entity, .key, .op, ... }
 *
 * What is known here is which entities and attributes there are for each kind of thing, and what they are compared
 * with; not how they are stored. Any thread. */
#ifndef HK_TRACKING_SEARCH_H
#define HK_TRACKING_SEARCH_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

enum hk_search_kind {
    HK_SEARCH_RUNS,
    HK_SEARCH_EXPERIMENTS,
    HK_SEARCH_MODELS,   /* registered models */
    HK_SEARCH_VERSIONS, /* of registered models */
    HK_SEARCH_LOGGED_MODELS,
    HK_SEARCH_TRACES,
    HK_SEARCH_KIND_COUNT
};

enum hk_search_entity {
    HK_SEARCH_ATTRIBUTE,
    HK_SEARCH_METRIC,
    HK_SEARCH_PARAM,
    HK_SEARCH_TAG,
    HK_SEARCH_DATASET,
    HK_SEARCH_METADATA,    /* these four only of traces */
    HK_SEARCH_SPAN,        /* its key: "name", "type", "status", "content" or "attributes." and an attribute's */
    HK_SEARCH_FEEDBACK,    /* its value by its name */
    HK_SEARCH_EXPECTATION, /* the same */
    HK_SEARCH_ENTITY_COUNT
};

enum hk_search_op {
    HK_SEARCH_EQ,
    HK_SEARCH_NE,
    HK_SEARCH_LT,
    HK_SEARCH_LE,
    HK_SEARCH_GT,
    HK_SEARCH_GE,
    HK_SEARCH_LIKE,  /* with case; % and _ */
    HK_SEARCH_ILIKE, /* without */
    HK_SEARCH_IN,
    HK_SEARCH_NOT_IN,
    HK_SEARCH_IS_NULL,
    HK_SEARCH_IS_NOT_NULL,
    HK_SEARCH_OP_COUNT /* in a finished filter: never */
};

enum hk_search_type { HK_SEARCH_NOTHING, HK_SEARCH_INTEGER, HK_SEARCH_REAL, HK_SEARCH_TEXT, HK_SEARCH_LIST };

#define HK_SEARCH_SPAN_ATTRIBUTE "attributes."

/* Texts are slices of the filter or of the arena. */
struct hk_search_term {
    enum hk_search_entity entity;
    struct hk_str key; /* of an attribute: its first name ("created" is "start_time") */
    enum hk_search_op op;
    enum hk_search_type type; /* a metric: always REAL; IS NULL: NOTHING; IN: LIST */
    int64_t integer;
    double real;
    struct hk_str text;
    const struct hk_str *items;
    size_t item_count;
    struct hk_str op_text; /* as written */
    size_t at;             /* where the term begins, in bytes */
};

struct hk_search_filter {
    const struct hk_search_term *terms; /* ANDed */
    size_t count;
};

struct hk_search_order {
    enum hk_search_entity entity;
    struct hk_str key;
    bool is_descending;
};

/* An empty text has no terms. At most HK_MAX_SEARCH_TERMS of them. */
HK_MUST_USE bool hk_search_filter_parse(enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena,
                                        struct hk_search_filter *out, struct hk_error *err);
/* One element of order_by. HK_SEARCH_LOGGED_MODELS has none of this form: hk_search_field_parse. */
HK_MUST_USE bool hk_search_order_parse(enum hk_search_kind kind, struct hk_str text, struct hk_arena *arena,
                                       struct hk_search_order *out, struct hk_error *err);
/* The field_name of an order of logged models: an attribute, or "metrics." and a key that is taken as it is. */
HK_MUST_USE bool hk_search_field_parse(struct hk_str text, struct hk_search_order *out, struct hk_error *err);

/* The first name of an attribute that may be searched for; data NULL: there is none of that name. */
struct hk_str hk_search_attribute(enum hk_search_kind kind, struct hk_str name);

#endif
