/* The lists of IN: ('a', "b"), which MLflow reads as a tuple of Python's, with the escapes of its strings. Private to
 * search.c. */
#ifndef HK_TRACKING_SEARCH_LIST_H
#define HK_TRACKING_SEARCH_LIST_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/str.h"

#define HK__SEARCH_ILL_FORMED_LIST                                                                                     \
    "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list."

/* *at stands on the opening parenthesis and moves behind the closing one. */
bool hk__search_list_end(struct hk_str text, size_t *at);
/* `written` has its parentheses. */
bool hk__search_list_read(struct hk_str written, struct hk_arena *arena, const struct hk_str **items, size_t *count,
                          struct hk_error *err);

#endif
