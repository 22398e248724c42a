#include "engine/store/asset_query.h"

#include "engine/base/clock.h"

#define ASSET_SELECT                                                                                                   \
    "SELECT a.asset_key, a.name, a.uri, a.asset_group, a.extra, a.created_us, a.updated_us, e.event_key, "             \
    "e.happened_us FROM asset a LEFT JOIN asset_event e ON e.event_key = "                                             \
    "(SELECT max(event_key) FROM asset_event WHERE asset_key = a.asset_key) "
static const char ASSET_COUNT[] = "SELECT count(*) FROM asset a";
static const char ASSET_FIND[] = ASSET_SELECT "WHERE a.asset_key = ?1";
static const char ASSET_DAGS[] = "SELECT dag_id, NULL, created_us, updated_us FROM asset_dag WHERE asset_key = ?1 "
                                 "ORDER BY dag_id";
static const char ASSET_TASKS[] = "SELECT dag_id, task_id, created_us, updated_us FROM asset_task "
                                  "WHERE asset_key = ?1 ORDER BY dag_id, task_id";
#define EVENT_SELECT                                                                                                   \
    "SELECT e.event_key, e.asset_key, a.name, a.uri, a.asset_group, e.extra, e.source_task_id, e.source_dag_id, "      \
    "e.source_run_id, coalesce(e.source_map_index, -1), e.happened_us FROM asset_event e "                             \
    "JOIN asset a USING (asset_key) "
static const char EVENT_COUNT[] = "SELECT count(*) FROM asset_event e JOIN asset a USING (asset_key)";
static const char EVENT_FIND[] = EVENT_SELECT "WHERE e.event_key = ?1";
static const char EVENT_RUNS[] =
    "SELECT r.dag_id, r.run_id, r.state, r.logical_us, r.start_us, r.end_us, r.interval_start_us, r.interval_end_us, "
    "?1 = (SELECT max(event_key) FROM asset_event_run WHERE run_key = r.run_key) "
    "FROM asset_event_run x JOIN dag_run r USING (run_key) WHERE x.event_key = ?1 ORDER BY r.run_key";

const struct hk_order_field hk_asset_orders[] = {
    {"id", "a.asset_key", NULL},
    {"name", "a.name", NULL},
    {"uri", "a.uri", NULL},
    {"created_at", "a.created_us", NULL},
    {"updated_at", "a.updated_us", NULL},
    {NULL, NULL, NULL},
};
const struct hk_order_field hk_asset_event_orders[] = {
    {"source_task_id", "e.source_task_id", NULL},
    {"source_dag_id", "e.source_dag_id", NULL},
    {"source_run_id", "e.source_run_id", NULL},
    {"source_map_index", "e.source_map_index", NULL},
    {"timestamp", "e.happened_us", NULL},
    {"id", "e.event_key", NULL},
    {NULL, NULL, NULL},
};
static const char *const ASSET_KEY[] = {"a.asset_key", NULL};
static const char *const EVENT_KEY[] = {"e.event_key", NULL};
static const struct hk_list_sql ASSETS = {ASSET_SELECT, NULL, ASSET_KEY};
static const struct hk_list_sql EVENTS = {EVENT_SELECT, NULL, EVENT_KEY};

static bool hand_out_assets(struct hk_stmt *q, hk_asset_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    *found = false;
    while (hk_step(q, &ok, err)) {
        struct hk_asset_info row = {.asset_key = hk_column_int(q, 0),
                                    .name = hk_column_text(q, 1),
                                    .uri = hk_column_text(q, 2),
                                    .group = hk_column_text(q, 3),
                                    .extra_json = hk_column_text(q, 4),
                                    .created_us = hk_column_int(q, 5),
                                    .updated_us = hk_column_int(q, 6),
                                    .last_event_key = hk_column_time(q, 7),
                                    .last_event_us = hk_column_time(q, 8)};
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static void compose_assets(struct hk_filter *f, const struct hk_asset_filter *filter)
{
    if (filter->only_active) {
        hk_filter_sql(f, "(EXISTS (SELECT 1 FROM asset_dag x WHERE x.asset_key = a.asset_key) OR "
                         "EXISTS (SELECT 1 FROM asset_task y WHERE y.asset_key = a.asset_key))");
    }
    hk_filter_search(f, "a.name", &filter->name);
    hk_filter_search(f, "a.uri", &filter->uri);
    if (filter->dag_ids.count > 0) {
        hk_filter_any(f,
                      "EXISTS (SELECT 1 FROM (SELECT dag_id, asset_key FROM asset_dag UNION SELECT dag_id, asset_key "
                      "FROM asset_task) u WHERE u.asset_key = a.asset_key AND u.dag_id",
                      filter->dag_ids);
        hk_buf_add_text(&f->where, ")");
    }
}

bool hk_store_asset_list(struct hk_db *db, const struct hk_asset_filter *filter, const struct hk_page *page,
                         hk_asset_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    struct hk_stmt *q = NULL;
    bool found = false;
    hk_filter_init(&f);
    compose_assets(&f, filter);
    bool ok = hk_filter_count(&f, db, ASSET_COUNT, total, err) && hk_filter_select(&f, db, &ASSETS, page, &q, err) &&
              hand_out_assets(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_asset_find(struct hk_db *db, int64_t asset_key, hk_asset_info_fn each, void *arg, bool *found,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ASSET_FIND);
    hk_bind_int(q, 1, asset_key);
    return hand_out_assets(q, each, arg, found, err);
}

static bool walk_users(struct hk_db *db, const char *sql, int64_t asset_key, hk_asset_user_fn each, void *arg,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, asset_key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_asset_user row = {hk_column_text(q, 0), hk_column_text(q, 1), hk_column_int(q, 2),
                                    hk_column_int(q, 3)};
        each(arg, &row);
    }
    return ok;
}

bool hk_store_asset_dags(struct hk_db *db, int64_t asset_key, hk_asset_user_fn each, void *arg, struct hk_error *err)
{
    return walk_users(db, ASSET_DAGS, asset_key, each, arg, err);
}

bool hk_store_asset_tasks(struct hk_db *db, int64_t asset_key, hk_asset_user_fn each, void *arg, struct hk_error *err)
{
    return walk_users(db, ASSET_TASKS, asset_key, each, arg, err);
}

static bool hand_out_events(struct hk_stmt *q, hk_asset_event_info_fn each, void *arg, bool *found,
                            struct hk_error *err)
{
    bool ok = true;
    *found = false;
    while (hk_step(q, &ok, err)) {
        struct hk_asset_event_info row = {.event_key = hk_column_int(q, 0),
                                          .asset_key = hk_column_int(q, 1),
                                          .name = hk_column_text(q, 2),
                                          .uri = hk_column_text(q, 3),
                                          .group = hk_column_text(q, 4),
                                          .extra_json = hk_column_text(q, 5),
                                          .source_task_id = hk_column_text(q, 6),
                                          .source_dag_id = hk_column_text(q, 7),
                                          .source_run_id = hk_column_text(q, 8),
                                          .source_map_index = hk_column_int(q, 9),
                                          .happened_us = hk_column_int(q, 10)};
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static void compose_events(struct hk_filter *f, const struct hk_asset_event_filter *filter)
{
    if (filter->asset_key != HK_TIME_NONE) {
        hk_filter_int(f, "e.asset_key = ?", filter->asset_key);
    }
    hk_filter_given(f, "e.source_dag_id = ?", filter->source_dag_id);
    hk_filter_given(f, "e.source_task_id = ?", filter->source_task_id);
    hk_filter_given(f, "e.source_run_id = ?", filter->source_run_id);
    if (filter->source_map_index != HK_TIME_NONE) {
        hk_filter_int(f, "coalesce(e.source_map_index, -1) = ?", filter->source_map_index);
    }
    hk_filter_search(f, "a.name", &filter->name);
    hk_filter_range(f, "e.happened_us", &filter->happened);
}

bool hk_store_asset_event_list(struct hk_db *db, const struct hk_asset_event_filter *filter, const struct hk_page *page,
                               hk_asset_event_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    struct hk_stmt *q = NULL;
    bool found = false;
    hk_filter_init(&f);
    compose_events(&f, filter);
    bool ok = hk_filter_count(&f, db, EVENT_COUNT, total, err) && hk_filter_select(&f, db, &EVENTS, page, &q, err) &&
              hand_out_events(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_asset_event_find(struct hk_db *db, int64_t event_key, hk_asset_event_info_fn each, void *arg, bool *found,
                               struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EVENT_FIND);
    hk_bind_int(q, 1, event_key);
    return hand_out_events(q, each, arg, found, err);
}

bool hk_store_asset_event_runs(struct hk_db *db, int64_t event_key, hk_asset_event_run_fn each, void *arg,
                               struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EVENT_RUNS);
    hk_bind_int(q, 1, event_key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_asset_event_run row = {.dag_id = hk_column_text(q, 0),
                                         .run_id = hk_column_text(q, 1),
                                         .state = hk_column_text(q, 2),
                                         .logical_us = hk_column_time(q, 3),
                                         .start_us = hk_column_time(q, 4),
                                         .end_us = hk_column_time(q, 5),
                                         .interval_start_us = hk_column_time(q, 6),
                                         .interval_end_us = hk_column_time(q, 7),
                                         .is_newest = hk_column_int(q, 8) != 0};
        each(arg, &row);
    }
    return ok;
}
