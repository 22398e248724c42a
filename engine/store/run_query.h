/* DAG runs as lists and as single rows, for those who look. The writing side is run_store.h, which belongs to the
 * scheduler. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_RUN_QUERY_H
#define HK_STORE_RUN_QUERY_H

#include "engine/store/filter.h"
#include "engine/store/version_query.h"

struct hk_run_info {
    int64_t run_key;
    int64_t version_key;
    const char *run_id;
    const char *dag_id;
    const char *run_type;
    const char *state;
    int64_t logical_us;
    int64_t queued_us;
    int64_t start_us;
    int64_t end_us;
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
    int64_t decided_us;
    const char *triggered_by;    /* NULL: not known */
    const char *triggering_user; /* NULL: nobody */
    struct hk_str conf_json;
    const char *note; /* NULL: none */
    struct hk_version_info version;
};

struct hk_run_filter {
    struct hk_str dag_id; /* data NULL: all */
    struct hk_texts dag_ids;
    struct hk_search dag_id_search;
    struct hk_search run_id;
    struct hk_search user;
    struct hk_texts states; /* an item without data matches nothing: no run is without a state */
    struct hk_texts run_types;
    const int64_t *version_numbers;
    size_t version_number_count;
    struct hk_str bundle_version; /* data NULL: any */
    struct hk_str conf_contains;  /* data NULL: any */
    struct hk_range run_after;
    struct hk_range logical;
    struct hk_range start;
    struct hk_range end;
    struct hk_range duration; /* microseconds */
    bool has_nullable_times;  /* the list's start and end treat "not yet" as now; the batch list's do not */
    int64_t now_us;
    bool matches_nothing;
};
#define HK_RUN_FILTER_ALL                                                                                              \
    ((struct hk_run_filter){.run_after = HK_RANGE_ALL,                                                                 \
                            .logical = HK_RANGE_ALL,                                                                   \
                            .start = HK_RANGE_ALL,                                                                     \
                            .end = HK_RANGE_ALL,                                                                       \
                            .duration = HK_RANGE_ALL})

extern const struct hk_order_field hk_run_orders[];

typedef bool (*hk_run_info_fn)(void *arg, const struct hk_run_info *row);
HK_MUST_USE bool hk_store_run_list(struct hk_db *db, const struct hk_run_filter *filter, const struct hk_page *page,
                                   hk_run_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_run_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, hk_run_info_fn each,
                                   void *arg, bool *found, struct hk_error *err);
/* The newest run of the DAG before a time, by logical date (HK_TIME_NONE: the newest of all); state data NULL: any. */
HK_MUST_USE bool hk_store_run_previous(struct hk_db *db, struct hk_str dag_id, int64_t before_us, struct hk_str state,
                                       hk_run_info_fn each, void *arg, bool *found, struct hk_error *err);

/* NULL removes the note. HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_run_set_note(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str note,
                                       struct hk_error *err);

#endif
