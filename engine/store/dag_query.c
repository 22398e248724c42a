#include "engine/store/dag_query.h"

#define DAG_SELECT                                                                                                     \
    "SELECT d.dag_id, d.display_name, d.is_paused, d.is_stale, d.timetable_periodic, d.has_task_limits, "              \
    "d.has_import_errors, d.last_parsed_us, d.last_parse_duration, d.bundle_name, v.bundle_version, "                  \
    "d.relative_fileloc, d.fileloc, d.description, d.timetable_summary, d.timetable_description, d.max_active_tasks, " \
    "d.max_active_runs, d.max_consecutive_failed_runs, d.next_logical_us, d.next_interval_start_us, "                  \
    "d.next_interval_end_us, d.next_run_after_us, d.owners, d.version_key, "                                           \
    "(SELECT group_concat(name || char(31), '') FROM (SELECT name FROM dag_tag WHERE dag_key = d.dag_key "             \
    "ORDER BY name)) "
#define DAG_FROM "FROM dag d LEFT JOIN dag_version v USING (version_key) "
/* The newest run by key, as Airflow's max(DagRun.id): one step into an index for each DAG. */
#define LAST_RUN "LEFT JOIN dag_run lr ON lr.run_key = (SELECT max(run_key) FROM dag_run WHERE dag_id = d.dag_id) "

static const char DAG_COUNT[] = "SELECT count(*) " DAG_FROM;
static const char DAG_COUNT_RUN[] = "SELECT count(*) " DAG_FROM LAST_RUN;
static const char DAG_FIND[] = DAG_SELECT DAG_FROM "WHERE d.dag_id = ?1";
static const char RUNNING_COUNT[] = "SELECT count(*) FROM dag_run INDEXED BY dag_run_active "
                                    "WHERE state IN ('queued', 'running') AND state = 'running' AND dag_id = ?1";
static const char ANY_TAG[] = "d.dag_key IN (SELECT dag_key FROM dag_tag WHERE name = ?)";

const struct hk_order_field hk_dag_orders[] = {
    {"dag_id", "d.dag_id", NULL},
    {"dag_display_name", "d.display_name", NULL},
    {"next_dagrun", "d.next_logical_us", NULL},
    {"state", "lr.state", NULL},
    {"start_date", "lr.start_us", NULL},
    {"last_run_state", "lr.state", NULL},
    {"last_run_start_date", "lr.start_us", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"d.dag_id", NULL};
static const struct hk_list_sql LIST = {DAG_SELECT DAG_FROM, NULL, KEY};
static const struct hk_list_sql LIST_RUN = {DAG_SELECT DAG_FROM LAST_RUN, NULL, KEY};

static void read_dag(struct hk_stmt *q, struct hk_dag_info *row)
{
    *row = (struct hk_dag_info){
        .dag_id = hk_column_text(q, 0),
        .display_name = hk_column_text(q, 1),
        .is_paused = hk_column_int(q, 2) != 0,
        .is_stale = hk_column_int(q, 3) != 0,
        .timetable_periodic = hk_column_int(q, 4) != 0,
        .has_task_limits = hk_column_int(q, 5) != 0,
        .has_import_errors = hk_column_int(q, 6) != 0,
        .last_parsed_us = hk_column_time(q, 7),
        .last_parse_duration = hk_column_is_null(q, 8) ? -1.0 : hk_column_double(q, 8),
        .bundle_name = hk_column_text(q, 9),
        .bundle_version = hk_column_text(q, 10),
        .relative_fileloc = hk_column_text(q, 11),
        .fileloc = hk_column_text(q, 12),
        .description = hk_column_text(q, 13),
        .timetable_summary = hk_column_text(q, 14),
        .timetable_description = hk_column_text(q, 15),
        .max_active_tasks = hk_column_int(q, 16),
        .max_active_runs = hk_column_int(q, 17),
        .max_consecutive_failed_runs = hk_column_int(q, 18),
        .next_logical_us = hk_column_time(q, 19),
        .next_interval_start_us = hk_column_time(q, 20),
        .next_interval_end_us = hk_column_time(q, 21),
        .next_run_after_us = hk_column_time(q, 22),
        .owners_json = hk_column_str(q, 23),
        .version_key = hk_column_int(q, 24),
        .tags = hk_column_str(q, 25),
    };
}

static bool needs_last_run(const struct hk_dag_filter *filter, const struct hk_page *page)
{
    for (size_t i = 0; i < page->order_count; i++) {
        if (page->orders[i].field->sql[0] == 'l') {
            return true;
        }
    }
    return filter->last_run_state.data != NULL || filter->run_states.count > 0 ||
           !hk_range_is_all(&filter->run_start) || !hk_range_is_all(&filter->run_end);
}

static void add_tags(struct hk_filter *f, const struct hk_dag_filter *filter)
{
    if (filter->tags.count == 0) {
        return;
    }
    if (!filter->needs_all_tags) {
        hk_filter_any(f, "EXISTS (SELECT 1 FROM dag_tag g WHERE g.dag_key = d.dag_key AND g.name", filter->tags);
        hk_buf_add_text(&f->where, ")");
        return;
    }
    for (size_t i = 0; i < filter->tags.count; i++) {
        hk_filter_text(f, ANY_TAG, filter->tags.items[i]);
    }
}

#define SCHEDULED_ON "EXISTS (SELECT 1 FROM asset_dag x JOIN asset y USING (asset_key) WHERE x.dag_id = d.dag_id"

/* Anywhere in the name or the URI, without case; as it is written. */
static void compose_asset(struct hk_filter *f, struct hk_str asset)
{
    hk_filter_begin(f);
    hk_buf_add_text(&f->where,
                    SCHEDULED_ON " AND (instr(lower(y.name), lower(?)) > 0 OR instr(lower(y.uri), lower(?)) > 0))");
    hk_filter_bind_text(f, asset);
    hk_filter_bind_text(f, asset);
}

static void compose(struct hk_filter *f, const struct hk_dag_filter *filter)
{
    if (filter->matches_nothing) {
        hk_filter_sql(f, "0");
    }
    if (filter->has_asset_schedule >= 0) {
        hk_filter_sql(f, filter->has_asset_schedule != 0 ? SCHEDULED_ON ")" : "NOT " SCHEDULED_ON ")");
    }
    if (filter->asset.data != NULL) {
        compose_asset(f, filter->asset);
    }
    if (filter->exclude_stale) {
        hk_filter_sql(f, "d.is_stale = 0");
    }
    if (filter->paused >= 0) {
        hk_filter_int(f, "d.is_paused = ?", filter->paused);
    }
    if (filter->has_import_errors >= 0) {
        hk_filter_int(f, "d.has_import_errors = ?", filter->has_import_errors);
    }
    if (filter->is_favorite >= 0) {
        hk_filter_text(f,
                       filter->is_favorite != 0
                           ? "d.dag_key IN (SELECT dag_key FROM dag_favorite WHERE username = ?)"
                           : "d.dag_key NOT IN (SELECT dag_key FROM dag_favorite WHERE username = ?)",
                       filter->username);
    }
    hk_filter_search(f, "d.dag_id", &filter->dag_id);
    hk_filter_search(f, "d.display_name", &filter->display_name);
    add_tags(f, filter);
    hk_filter_like_any(f, "d.owners", filter->owners);
    hk_filter_given(f, "d.bundle_name = ?", filter->bundle_name);
    hk_filter_given(f, "v.bundle_version = ?", filter->bundle_version);
    hk_filter_given(f, "lr.state = ?", filter->last_run_state);
    hk_filter_any_or_null(f, "lr.state", filter->run_states);
    hk_filter_range(f, "lr.start_us", &filter->run_start);
    hk_filter_range(f, "lr.end_us", &filter->run_end);
}

static bool hand_out(struct hk_stmt *q, hk_dag_info_fn each, void *arg, size_t *count, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_dag_info row;
        read_dag(q, &row);
        ++*count;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_dag_list(struct hk_db *db, const struct hk_dag_filter *filter, const struct hk_page *page,
                       hk_dag_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    bool with_run = needs_last_run(filter, page);
    struct hk_stmt *q = NULL;
    size_t count = 0;
    bool ok = hk_filter_count(&f, db, with_run ? DAG_COUNT_RUN : DAG_COUNT, total, err) &&
              hk_filter_select(&f, db, with_run ? &LIST_RUN : &LIST, page, &q, err) &&
              hand_out(q, each, arg, &count, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_dag_find(struct hk_db *db, struct hk_str dag_id, hk_dag_info_fn each, void *arg, bool *found,
                       struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DAG_FIND);
    hk_bind_str(q, 1, dag_id);
    size_t count = 0;
    bool ok = hand_out(q, each, arg, &count, err);
    *found = count > 0;
    return ok;
}

bool hk_store_dag_running_count(struct hk_db *db, struct hk_str dag_id, int64_t *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUNNING_COUNT);
    hk_bind_str(q, 1, dag_id);
    return hk_run_for_int(q, out, err);
}
