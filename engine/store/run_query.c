#include "engine/store/run_query.h"

#include "engine/store/walk.h"

#define RUN_SELECT                                                                                                     \
    "SELECT r.run_key, r.version_key, r.run_id, r.dag_id, r.run_type, r.state, r.logical_us, r.queued_us, "            \
    "r.start_us, "                                                                                                     \
    "r.end_us, r.interval_start_us, r.interval_end_us, r.run_after_us, r.decided_us, r.triggered_by, "                 \
    "r.triggering_user, r.conf, r.note, v.version_id, v.version_number, v.bundle_name, v.bundle_version, "             \
    "v.created_us, coalesce(d.display_name, r.dag_id) FROM dag_run r JOIN dag_version v USING (version_key) "          \
    "LEFT JOIN dag d ON d.dag_id = r.dag_id "

static const char RUN_COUNT[] = "SELECT count(*) FROM dag_run r";
static const char RUN_FIND[] = RUN_SELECT "WHERE r.dag_id = ?1 AND r.run_id = ?2";
static const char RUN_PREVIOUS[] =
    RUN_SELECT "WHERE r.dag_id = ?1 AND r.logical_us < coalesce(?2, 9223372036854775807) "
               "AND (?3 IS NULL OR r.state = ?3) ORDER BY r.logical_us DESC LIMIT 1";
static const char SET_NOTE[] = "UPDATE dag_run SET note = ?3 WHERE dag_id = ?1 AND run_id = ?2";
static const char DURATION[] = "(r.end_us - r.start_us)";

const struct hk_order_field hk_run_orders[] = {
    {"id", "r.run_key", NULL},
    {"state", "r.state", NULL},
    {"dag_id", "r.dag_id", NULL},
    {"run_id", "r.run_id", NULL},
    {"dag_run_id", "r.run_id", NULL},
    {"logical_date", "r.logical_us", NULL},
    {"run_after", "r.run_after_us", NULL},
    {"start_date", "r.start_us", NULL},
    {"end_date", "r.end_us", NULL},
    {"conf", "r.conf", NULL},
    {"partition_date", "NULL", NULL}, /* there are none */
    {"duration", "(r.end_us - r.start_us)", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"r.run_key", NULL};
static const struct hk_list_sql LIST = {RUN_SELECT, "r.run_key IN (SELECT r.run_key FROM dag_run r", KEY};

static void read_run(struct hk_stmt *q, struct hk_run_info *row)
{
    *row = (struct hk_run_info){
        .run_key = hk_column_int(q, 0),
        .version_key = hk_column_int(q, 1),
        .run_id = hk_column_text(q, 2),
        .dag_id = hk_column_text(q, 3),
        .run_type = hk_column_text(q, 4),
        .state = hk_column_text(q, 5),
        .logical_us = hk_column_time(q, 6),
        .queued_us = hk_column_time(q, 7),
        .start_us = hk_column_time(q, 8),
        .end_us = hk_column_time(q, 9),
        .interval_start_us = hk_column_time(q, 10),
        .interval_end_us = hk_column_time(q, 11),
        .run_after_us = hk_column_time(q, 12),
        .decided_us = hk_column_time(q, 13),
        .triggered_by = hk_column_text(q, 14),
        .triggering_user = hk_column_text(q, 15),
        .conf_json = hk_column_str(q, 16),
        .note = hk_column_text(q, 17),
        .version = {.version_id = hk_column_text(q, 18),
                    .number = hk_column_int(q, 19),
                    .dag_id = hk_column_text(q, 3),
                    .bundle_name = hk_column_text(q, 20),
                    .bundle_version = hk_column_text(q, 21),
                    .created_us = hk_column_int(q, 22),
                    .dag_display_name = hk_column_text(q, 23)},
    };
}

static void add_times(struct hk_filter *f, const struct hk_run_filter *filter)
{
    hk_filter_range(f, "r.run_after_us", &filter->run_after);
    hk_filter_range(f, "r.logical_us", &filter->logical);
    if (filter->has_nullable_times) {
        hk_filter_range_or_null(f, "r.start_us", &filter->start, filter->now_us);
        hk_filter_range_or_null(f, "r.end_us", &filter->end, filter->now_us);
    } else {
        hk_filter_range(f, "r.start_us", &filter->start);
        hk_filter_range(f, "r.end_us", &filter->end);
    }
    hk_filter_range(f, DURATION, &filter->duration);
}

static void compose(struct hk_filter *f, const struct hk_run_filter *filter)
{
    if (filter->matches_nothing) {
        hk_filter_sql(f, "0");
    }
    hk_filter_given(f, "r.dag_id = ?", filter->dag_id);
    hk_filter_any(f, "r.dag_id", filter->dag_ids);
    hk_filter_search(f, "r.dag_id", &filter->dag_id_search);
    hk_filter_search(f, "r.run_id", &filter->run_id);
    hk_filter_search(f, "r.triggering_user", &filter->user);
    hk_filter_any(f, "r.state", filter->states);
    hk_filter_any(f, "r.run_type", filter->run_types);
    if (filter->version_number_count > 0) {
        hk_filter_ints(f, "r.version_key IN (SELECT version_key FROM dag_version WHERE version_number",
                       filter->version_numbers, filter->version_number_count);
        hk_buf_add_text(&f->where, ")");
    }
    hk_filter_given(f, "r.version_key IN (SELECT version_key FROM dag_version WHERE bundle_version = ?)",
                    filter->bundle_version);
    hk_filter_given(f, "instr(r.conf, ?) > 0", filter->conf_contains);
    add_times(f, filter);
}

static bool hand_out(struct hk_stmt *q, hk_run_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_run_info row;
        read_run(q, &row);
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_run_list(struct hk_db *db, const struct hk_run_filter *filter, const struct hk_page *page,
                       hk_run_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    struct hk_stmt *q = NULL;
    struct hk_page shown = *page;
    bool found = false;
    bool ok = hk_filter_count(&f, db, RUN_COUNT, total, err) && hk_walk_find(&f, db, "dag_run r", KEY, &shown, err) &&
              hk_filter_select(&f, db, &LIST, &shown, &q, err) && hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_run_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, hk_run_info_fn each, void *arg,
                       bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_FIND);
    hk_bind_str(q, 1, dag_id);
    hk_bind_str(q, 2, run_id);
    *found = false;
    return hand_out(q, each, arg, found, err);
}

bool hk_store_run_previous(struct hk_db *db, struct hk_str dag_id, int64_t before_us, struct hk_str state,
                           hk_run_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_PREVIOUS);
    hk_bind_str(q, 1, dag_id);
    hk_bind_time(q, 2, before_us);
    hk_bind_str(q, 3, state);
    *found = false;
    return hand_out(q, each, arg, found, err);
}

bool hk_store_run_set_note(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_str note,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SET_NOTE);
    hk_bind_str(q, 1, dag_id);
    hk_bind_str(q, 2, run_id);
    hk_bind_str(q, 3, note);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) == 1 ||
           hk_error_set(err, HK_NOT_FOUND, "The DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found",
                        HK_STR_ARG(dag_id), HK_STR_ARG(run_id));
}
