/* Keyset paging: a page is what comes after (or before) a place in the list's order, so that walking through a long
 * list costs the same on every page and misses nothing while rows are added. A query file that offers it calls
 * hk_walk_find between hk_filter_count and hk_filter_select:
 *
 *     ok = hk_filter_count(&f, db, COUNT, total, err) && hk_walk_find(&f, db, "dag_run r", KEY, &page, err) &&
 *          hk_filter_select(&f, db, &LIST, &page, &q, err)
 *
 * Doors fill page.walk and make texts of the places that come back. */
#ifndef HK_STORE_WALK_H
#define HK_STORE_WALK_H

#include "engine/base/arena.h"
#include "engine/store/filter.h"

/* The values of a row in the columns that the list is ordered by. */
struct hk_place_value {
    bool is_null;
    bool is_text;
    int64_t number;
    struct hk_str text;
};

struct hk_place {
    struct hk_place_value *values;
    size_t count; /* 0: no place */
};

struct hk_walk {
    struct hk_arena *arena; /* for the places found */
    bool is_backward;
    struct hk_place from; /* the page lies after it, or before it when backward; none: from the beginning */
    /* Found: */
    struct hk_place first; /* of the page; none: it is empty */
    struct hk_place last;
    bool has_more; /* rows beyond the page, in the direction of the walk */
};

/* With page->walk: finds the page's ends, narrows the filter to begin at the first, and sets page->limit to how many
 * rows it has. Without: does nothing. HK_INVALID when walk->from has not the shape of the order. */
HK_MUST_USE bool hk_walk_find(struct hk_filter *f, struct hk_db *db, const char *from, const char *const *key,
                              struct hk_page *page, struct hk_error *err);

#endif
