/* DAGs as lists and as single rows, for those who look: REST and the command line. Texts in rows are valid during the
 * call that hands them out. */
#ifndef HK_STORE_DAG_QUERY_H
#define HK_STORE_DAG_QUERY_H

#include "engine/store/filter.h"

struct hk_dag_info {
    const char *dag_id;
    const char *display_name;
    bool is_paused;
    bool is_stale;
    bool timetable_periodic;
    bool has_task_limits;
    bool has_import_errors;
    int64_t last_parsed_us;
    double last_parse_duration; /* seconds; negative: not known */
    const char *bundle_name;
    const char *bundle_version; /* NULL: not versioned */
    const char *relative_fileloc;
    const char *fileloc;
    const char *description; /* NULL: none, as are the next two */
    const char *timetable_summary;
    const char *timetable_description;
    int64_t max_active_tasks;
    int64_t max_active_runs;
    int64_t max_consecutive_failed_runs;
    int64_t next_logical_us;
    int64_t next_interval_start_us;
    int64_t next_interval_end_us;
    int64_t next_run_after_us;
    struct hk_str owners_json; /* ["a","b"] */
    struct hk_str tags;        /* sorted, each ended by HK_TAG_END */
    int64_t version_key;
};

#define HK_TAG_END '\x1f'

struct hk_dag_filter {
    struct hk_texts tags;
    bool needs_all_tags;
    struct hk_texts owners;
    struct hk_search dag_id;
    struct hk_search display_name;
    bool exclude_stale;
    int paused;            /* -1: either */
    int has_import_errors; /* -1: either */
    int is_favorite;       /* of `username`; -1: either */
    struct hk_str username;
    struct hk_str bundle_name;    /* data NULL: any */
    struct hk_str bundle_version; /* data NULL: any */
    struct hk_str last_run_state; /* data NULL: any */
    struct hk_texts run_states;   /* of the newest run, too; an item without data stands for none */
    struct hk_range run_start;    /* of the newest run */
    struct hk_range run_end;
    bool matches_nothing;
    int has_asset_schedule; /* 0, 1; -1: any */
    struct hk_str asset;    /* part of the name or URI of an asset that it is scheduled on; data NULL: any */
};

extern const struct hk_order_field hk_dag_orders[];

typedef bool (*hk_dag_info_fn)(void *arg, const struct hk_dag_info *row);
HK_MUST_USE bool hk_store_dag_list(struct hk_db *db, const struct hk_dag_filter *filter, const struct hk_page *page,
                                   hk_dag_info_fn each, void *arg, int64_t *total, struct hk_error *err);
/* *found false when there is no such DAG. */
HK_MUST_USE bool hk_store_dag_find(struct hk_db *db, struct hk_str dag_id, hk_dag_info_fn each, void *arg, bool *found,
                                   struct hk_error *err);
HK_MUST_USE bool hk_store_dag_running_count(struct hk_db *db, struct hk_str dag_id, int64_t *out, struct hk_error *err);

#endif
