/* Task instances and their earlier tries as lists and as single rows, for those who look. The writing side is
 * run_store.h, which belongs to the scheduler. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_TASK_QUERY_H
#define HK_STORE_TASK_QUERY_H

#include "engine/store/filter.h"
#include "engine/store/version_query.h"

struct hk_ti_info {
    int64_t run_key;
    uint32_t task;
    int32_t map_index;
    uint32_t starts;
    const char *task_id;
    const char *dag_id;
    const char *run_id;
    const char *state; /* NULL: none yet */
    int64_t logical_us;
    int64_t run_after_us;
    int64_t start_us;
    int64_t end_us;
    int64_t queued_us;
    int64_t scheduled_us;
    int64_t try_number;
    int64_t max_tries;
    const char *display_name;
    const char *pool;
    int64_t pool_slots;
    const char *queue;
    int64_t priority_weight;
    const char *operator_class;
    const char *operator_name;
    int64_t pid;                    /* 0: none */
    const char *note;               /* NULL: none */
    const char *rendered_map_index; /* NULL: none */
    struct hk_str rendered_json;    /* empty: none yet, or command_json stands for it */
    const char *command_json;       /* spec_json of a command that hanok runs itself and that has begun; NULL: else */
    struct hk_version_info version;
};

struct hk_ti_filter {
    int64_t run_key;      /* 0: any */
    struct hk_str dag_id; /* data NULL: any */
    struct hk_str task_id;
    struct hk_texts dag_ids;
    struct hk_texts run_ids;
    struct hk_texts task_ids;
    struct hk_texts states; /* an item without data is "none yet" */
    struct hk_texts pools;
    struct hk_texts queues;
    struct hk_texts operator_names;
    struct hk_search dag_id_search;
    struct hk_search run_id_search;
    struct hk_search display_name;
    struct hk_search pool_search;
    struct hk_search queue_search;
    struct hk_search operator_search;
    struct hk_search rendered_map_index;
    const int64_t *try_numbers;
    size_t try_number_count;
    const int64_t *map_indexes;
    size_t map_index_count;
    const int64_t *version_numbers;
    size_t version_number_count;
    struct hk_range run_after;
    struct hk_range logical;
    struct hk_range start;
    struct hk_range end;
    struct hk_range duration; /* microseconds */
    bool has_nullable_times;
    bool only_mapped;
    int64_t now_us;
    bool matches_nothing;
};
#define HK_TI_FILTER_ALL                                                                                               \
    ((struct hk_ti_filter){.run_after = HK_RANGE_ALL,                                                                  \
                           .logical = HK_RANGE_ALL,                                                                    \
                           .start = HK_RANGE_ALL,                                                                      \
                           .end = HK_RANGE_ALL,                                                                        \
                           .duration = HK_RANGE_ALL})

extern const struct hk_order_field hk_ti_orders[];

typedef bool (*hk_ti_info_fn)(void *arg, const struct hk_ti_info *row);
HK_MUST_USE bool hk_store_ti_list(struct hk_db *db, const struct hk_ti_filter *filter, const struct hk_page *page,
                                  hk_ti_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_ti_count(struct hk_db *db, const struct hk_ti_filter *filter, int64_t *total,
                                   struct hk_error *err);

/* All instances of one task in a run (unmapped, or each map index, ascending). */
HK_MUST_USE bool hk_store_ti_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str task_id,
                                  hk_ti_info_fn each, void *arg, struct hk_error *err);
/* Earlier tries, as rows of the same shape with the fields that a try has of its own; ascending. */
HK_MUST_USE bool hk_store_ti_tries(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str task_id,
                                   hk_ti_info_fn each, void *arg, struct hk_error *err);

/* Who a note or a set of rendered fields belongs to. */
struct hk_ti_ref {
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str task_id;
    int64_t map_index; /* INT64_MIN: all */
};
/* note data NULL removes it. */
HK_MUST_USE bool hk_store_ti_set_note(struct hk_db *db, const struct hk_ti_ref *ref, struct hk_str note,
                                      struct hk_error *err);
HK_MUST_USE bool hk_store_rendered_set(struct hk_db *db, int64_t run_key, uint32_t task, int32_t map_index,
                                       struct hk_str fields_json, struct hk_error *err);

#endif
