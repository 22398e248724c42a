/* Pools as a list, for those who look; pool_store.h writes them. Texts in rows are valid during the call that hands
 * them out. */
#ifndef HK_STORE_POOL_QUERY_H
#define HK_STORE_POOL_QUERY_H

#include "engine/store/filter.h"
#include "engine/store/pool_store.h"

extern const struct hk_order_field hk_pool_orders[];

HK_MUST_USE bool hk_store_pool_list(struct hk_db *db, const struct hk_search *name, const struct hk_page *page,
                                    hk_pool_row_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_pool_find(struct hk_db *db, struct hk_str name, hk_pool_row_fn each, void *arg, bool *found,
                                    struct hk_error *err);

#endif
