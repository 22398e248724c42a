/* Lists of assets and of their events, as REST shows them. Texts in rows are valid during the call that hands them out.
 */
#ifndef HK_STORE_ASSET_QUERY_H
#define HK_STORE_ASSET_QUERY_H

#include "engine/store/filter.h"

struct hk_asset_info {
    int64_t asset_key;
    const char *name;
    const char *uri;
    const char *group;
    const char *extra_json;
    int64_t created_us;
    int64_t updated_us;
    int64_t last_event_key; /* HK_TIME_NONE: it has had no event */
    int64_t last_event_us;
};

struct hk_asset_filter {
    struct hk_search name;
    struct hk_search uri;
    struct hk_texts dag_ids; /* that are scheduled on it or bring it up to date */
    bool only_active;        /* one that some DAG speaks of */
};
extern const struct hk_order_field hk_asset_orders[];
typedef bool (*hk_asset_info_fn)(void *arg, const struct hk_asset_info *row);
HK_MUST_USE bool hk_store_asset_list(struct hk_db *db, const struct hk_asset_filter *filter, const struct hk_page *page,
                                     hk_asset_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_asset_find(struct hk_db *db, int64_t asset_key, hk_asset_info_fn each, void *arg, bool *found,
                                     struct hk_error *err);

/* Who speaks of an asset: DAGs that are scheduled on it (task_id NULL), or tasks that bring it up to date. */
struct hk_asset_user {
    const char *dag_id;
    const char *task_id;
    int64_t created_us;
    int64_t updated_us;
};
typedef void (*hk_asset_user_fn)(void *arg, const struct hk_asset_user *row);
HK_MUST_USE bool hk_store_asset_dags(struct hk_db *db, int64_t asset_key, hk_asset_user_fn each, void *arg,
                                     struct hk_error *err);
HK_MUST_USE bool hk_store_asset_tasks(struct hk_db *db, int64_t asset_key, hk_asset_user_fn each, void *arg,
                                      struct hk_error *err);

struct hk_asset_event_info {
    int64_t event_key;
    int64_t asset_key;
    const char *name;
    const char *uri;
    const char *group;
    const char *extra_json;
    const char *source_task_id; /* NULL: no task has made it; the same goes for the next two */
    const char *source_dag_id;
    const char *source_run_id;
    int64_t source_map_index; /* -1: not mapped, or no task */
    int64_t happened_us;
};
struct hk_asset_event_filter {
    int64_t asset_key; /* HK_TIME_NONE: any */
    struct hk_str source_dag_id;
    struct hk_str source_task_id;
    struct hk_str source_run_id;
    int64_t source_map_index; /* HK_TIME_NONE: any */
    struct hk_search name;
    struct hk_range happened;
};
extern const struct hk_order_field hk_asset_event_orders[];
typedef bool (*hk_asset_event_info_fn)(void *arg, const struct hk_asset_event_info *row);
HK_MUST_USE bool hk_store_asset_event_list(struct hk_db *db, const struct hk_asset_event_filter *filter,
                                           const struct hk_page *page, hk_asset_event_info_fn each, void *arg,
                                           int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_asset_event_find(struct hk_db *db, int64_t event_key, hk_asset_event_info_fn each, void *arg,
                                           bool *found, struct hk_error *err);

/* The runs that an event was part of. */
struct hk_asset_event_run {
    const char *dag_id;
    const char *run_id;
    const char *state;
    int64_t logical_us;
    int64_t start_us;
    int64_t end_us;
    int64_t interval_start_us;
    int64_t interval_end_us;
    bool is_newest; /* of the events of that run: the one that made it */
};
typedef void (*hk_asset_event_run_fn)(void *arg, const struct hk_asset_event_run *row);
HK_MUST_USE bool hk_store_asset_event_runs(struct hk_db *db, int64_t event_key, hk_asset_event_run_fn each, void *arg,
                                           struct hk_error *err);

#endif
