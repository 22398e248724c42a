/* XComs for those who look and for tasks that ask; run_store.h has the scheduler's own two. Values are JSON documents
 * of at most HK_MAX_XCOM_BYTES. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_XCOM_STORE_H
#define HK_STORE_XCOM_STORE_H

#include "engine/store/filter.h"

struct hk_xcom_info {
    const char *key;
    int64_t written_us;
    int64_t logical_us;
    int64_t run_after_us;
    int32_t map_index;
    const char *task_id;
    const char *dag_id;
    const char *run_id;
    const char *dag_display_name;
    const char *task_display_name;
    struct hk_str value_json;
};

/* Which one. */
struct hk_xcom_key {
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str task_id;
    struct hk_str key;
    int64_t map_index;
};

struct hk_xcom_filter {
    struct hk_str dag_id; /* data NULL: any, as for the others */
    struct hk_str run_id;
    struct hk_str task_id;
    struct hk_str key;
    int64_t map_index;        /* HK_TIME_NONE: any */
    int64_t map_index_filter; /* a second parameter of the same meaning */
    struct hk_search key_search;
    struct hk_search dag_display_name;
    struct hk_search run_id_search;
    struct hk_search task_id_search;
    struct hk_range logical;
    struct hk_range run_after;
};

extern const struct hk_order_field hk_xcom_orders[];

typedef bool (*hk_xcom_info_fn)(void *arg, const struct hk_xcom_info *row);
HK_MUST_USE bool hk_store_xcom_list(struct hk_db *db, const struct hk_xcom_filter *filter, const struct hk_page *page,
                                    hk_xcom_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_xcom_find(struct hk_db *db, const struct hk_xcom_key *key, hk_xcom_info_fn each, void *arg,
                                    bool *found, struct hk_error *err);
/* The values of a key over all map indexes, ascending, of this run or, with include_prior, of the newest one up to it
 * by logical date that has any. */
HK_MUST_USE bool hk_store_xcom_all(struct hk_db *db, const struct hk_xcom_key *key, bool include_prior,
                                   hk_xcom_info_fn each, void *arg, struct hk_error *err);
/* Adds or changes. HK_NOT_FOUND when there is no such run, HK_LIMIT. */
HK_MUST_USE bool hk_store_xcom_put(struct hk_db *db, const struct hk_xcom_key *key, struct hk_str value_json,
                                   int64_t now_us, struct hk_error *err);
HK_MUST_USE bool hk_store_xcom_delete(struct hk_db *db, const struct hk_xcom_key *key, bool *found,
                                      struct hk_error *err);

#endif
