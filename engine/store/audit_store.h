/* Who did what through which door: Airflow's event log. Rows are only ever added. Texts in rows are valid during the
 * call that hands them out. */
#ifndef HK_STORE_AUDIT_STORE_H
#define HK_STORE_AUDIT_STORE_H

#include "engine/store/filter.h"

struct hk_audit_save {
    int64_t happened_us;
    const char *event;   /* "trigger_dag_run" */
    struct hk_str owner; /* data NULL: nobody, as for all below */
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str task_id;
    int64_t map_index;   /* HK_TIME_NONE: none */
    struct hk_str extra; /* JSON */
};

struct hk_audit_info {
    int64_t audit_key;
    int64_t happened_us;
    const char *event;
    const char *owner;
    const char *dag_id;
    const char *run_id;
    const char *task_id;
    int64_t map_index; /* HK_TIME_NONE: none */
    const char *extra;
    int64_t logical_us;           /* of the run, if it is known */
    const char *dag_display_name; /* NULL: no DAG, or one that is gone */
    const char *task_display_name;
};

struct hk_audit_filter {
    struct hk_str dag_id;
    struct hk_str task_id;
    struct hk_str run_id;
    struct hk_str owner;
    struct hk_str event;
    int64_t map_index; /* HK_TIME_NONE: any */
    struct hk_texts excluded_events;
    struct hk_texts included_events;
    struct hk_range happened;
    struct hk_search dag_id_search;
    struct hk_search task_id_search;
    struct hk_search run_id_search;
    struct hk_search owner_search;
    struct hk_search event_search;
    bool matches_nothing;
};

extern const struct hk_order_field hk_audit_orders[];

HK_MUST_USE bool hk_store_audit_add(struct hk_db *db, const struct hk_audit_save *save, struct hk_error *err);

typedef bool (*hk_audit_info_fn)(void *arg, const struct hk_audit_info *row);
HK_MUST_USE bool hk_store_audit_list(struct hk_db *db, const struct hk_audit_filter *filter, const struct hk_page *page,
                                     hk_audit_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_audit_find(struct hk_db *db, int64_t audit_key, hk_audit_info_fn each, void *arg, bool *found,
                                     struct hk_error *err);

#endif
