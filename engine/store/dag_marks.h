/* What is known about DAGs beside the DAGs: how many runs they have in which state, the tags in use, users' favourites.
 */
#ifndef HK_STORE_DAG_MARKS_H
#define HK_STORE_DAG_MARKS_H

#include "engine/store/filter.h"

struct hk_run_count {
    const char *dag_id;
    const char *display_name;
    const char *state;
    int64_t count;
};
typedef bool (*hk_run_count_fn)(void *arg, const struct hk_run_count *row);
/* By DAG and state, in the order of the DAGs' ids; dag_ids empty: all that have a run. */
HK_MUST_USE bool hk_store_run_counts(struct hk_db *db, struct hk_texts dag_ids, hk_run_count_fn each, void *arg,
                                     struct hk_error *err);

extern const struct hk_order_field hk_tag_orders[];
typedef bool (*hk_tag_fn)(void *arg, const char *name);
/* Tags of DAGs that are not stale, each once. */
HK_MUST_USE bool hk_store_tag_list(struct hk_db *db, const struct hk_search *name, const struct hk_page *page,
                                   hk_tag_fn each, void *arg, int64_t *total, struct hk_error *err);

/* *done false: it was (not) marked already, or there is no such DAG. */
HK_MUST_USE bool hk_store_favorite_add(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *done,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_favorite_remove(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *done,
                                          struct hk_error *err);
HK_MUST_USE bool hk_store_favorite_is(struct hk_db *db, struct hk_str username, struct hk_str dag_id, bool *out,
                                      struct hk_error *err);

#endif
