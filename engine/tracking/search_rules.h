/* What may be searched for in each kind of thing, and with what it may be compared; and the sentences that MLflow
 * refuses the rest with. Private to search*.c. */
#ifndef HK_TRACKING_SEARCH_RULES_H
#define HK_TRACKING_SEARCH_RULES_H

#include "engine/tracking/search.h"

struct hk__search_attribute {
    const char *name;  /* NULL ends a table */
    const char *first; /* the name that stands for it */
    bool is_number;
    bool takes_list;
    bool is_filter; /* may stand in a filter */
    bool is_order;  /* may stand in order_by */
};

const struct hk__search_attribute *hk__search_attribute_find(enum hk_search_kind kind, struct hk_str name);

/* The entity of a prefix ("metrics"); false with the sentence. */
bool hk__search_entity_find(enum hk_search_kind kind, struct hk_str prefix, enum hk_search_entity *out,
                            struct hk_error *err);
/* Whether the key is one of the entity's; an attribute's becomes its first name. */
bool hk__search_key_check(enum hk_search_kind kind, enum hk_search_entity entity, bool is_order, struct hk_str *key,
                          struct hk_error *err);
/* Whether the finished term's operator may be used on it. */
bool hk__search_op_check(enum hk_search_kind kind, const struct hk_search_term *term, struct hk_error *err);
/* Whether lists are compared with it. */
bool hk__search_list_check(enum hk_search_kind kind, const struct hk_search_term *term, struct hk_error *err);
/* Whether it is compared with numbers; what is said of traces is, when the operator is an order's ("<"). */
bool hk__search_is_number(enum hk_search_kind kind, const struct hk_search_term *term);
bool hk__search_is_assessment(enum hk_search_entity entity);

const char *hk__search_entity_name(enum hk_search_entity entity);
enum hk_search_op hk__search_op_find(struct hk_str text); /* HK_SEARCH_OP_COUNT: none that MLflow takes anywhere */

/* Texts in messages are cut after so many bytes. */
enum { HK__SEARCH_SHOWN_BYTES = 120 };
struct hk_str hk__search_shown(struct hk_str text);

#endif
