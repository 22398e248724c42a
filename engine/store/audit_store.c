#include "engine/store/audit_store.h"

static const char AUDIT_INSERT[] =
    "INSERT INTO audit (happened_us, event, owner, dag_id, run_id, task_id, map_index, extra) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
#define AUDIT_SELECT                                                                                                   \
    "SELECT a.audit_key, a.happened_us, a.event, a.owner, a.dag_id, a.run_id, a.task_id, a.map_index, a.extra, "       \
    "r.logical_us, d.display_name, (SELECT t.display_name FROM task_instance t WHERE t.run_key = r.run_key "           \
    "AND t.task_id = a.task_id LIMIT 1) FROM audit a LEFT JOIN dag d ON d.dag_id = a.dag_id "                          \
    "LEFT JOIN dag_run r ON r.dag_id = a.dag_id AND r.run_id = a.run_id "
static const char AUDIT_COUNT[] = "SELECT count(*) FROM audit a";
static const char AUDIT_FIND[] = AUDIT_SELECT "WHERE a.audit_key = ?1";

const struct hk_order_field hk_audit_orders[] = {
    {"id", "a.audit_key", NULL},
    {"event_log_id", "a.audit_key", NULL},
    {"dttm", "a.happened_us", NULL},
    {"when", "a.happened_us", NULL},
    {"dag_id", "a.dag_id", NULL},
    {"task_id", "a.task_id", NULL},
    {"run_id", "a.run_id", NULL},
    {"event", "a.event", NULL},
    {"logical_date", "r.logical_us", NULL},
    {"owner", "a.owner", NULL},
    {"extra", "a.extra", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"a.audit_key", NULL};
static const struct hk_list_sql LIST = {AUDIT_SELECT, NULL, KEY};

bool hk_store_audit_add(struct hk_db *db, const struct hk_audit_save *save, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, AUDIT_INSERT);
    hk_bind_int(q, 1, save->happened_us);
    hk_bind_text(q, 2, save->event);
    hk_bind_str(q, 3, save->owner);
    hk_bind_str(q, 4, save->dag_id);
    hk_bind_str(q, 5, save->run_id);
    hk_bind_str(q, 6, save->task_id);
    hk_bind_time(q, 7, save->map_index);
    hk_bind_str(q, 8, save->extra);
    return hk_run(q, err);
}

static void compose(struct hk_filter *f, const struct hk_audit_filter *filter)
{
    if (filter->matches_nothing) {
        hk_filter_sql(f, "0");
    }
    hk_filter_given(f, "a.dag_id = ?", filter->dag_id);
    hk_filter_given(f, "a.task_id = ?", filter->task_id);
    hk_filter_given(f, "a.run_id = ?", filter->run_id);
    hk_filter_given(f, "a.owner = ?", filter->owner);
    hk_filter_given(f, "a.event = ?", filter->event);
    if (filter->map_index != HK_TIME_NONE) {
        hk_filter_int(f, "a.map_index = ?", filter->map_index);
    }
    hk_filter_none(f, "a.event", filter->excluded_events);
    hk_filter_any(f, "a.event", filter->included_events);
    hk_filter_range(f, "a.happened_us", &filter->happened);
    hk_filter_search(f, "a.dag_id", &filter->dag_id_search);
    hk_filter_search(f, "a.task_id", &filter->task_id_search);
    hk_filter_search(f, "a.run_id", &filter->run_id_search);
    hk_filter_search(f, "a.owner", &filter->owner_search);
    hk_filter_search(f, "a.event", &filter->event_search);
}

static bool hand_out(struct hk_stmt *q, hk_audit_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_audit_info row = {
            .audit_key = hk_column_int(q, 0),
            .happened_us = hk_column_int(q, 1),
            .event = hk_column_text(q, 2),
            .owner = hk_column_text(q, 3),
            .dag_id = hk_column_text(q, 4),
            .run_id = hk_column_text(q, 5),
            .task_id = hk_column_text(q, 6),
            .map_index = hk_column_time(q, 7),
            .extra = hk_column_text(q, 8),
            .logical_us = hk_column_time(q, 9),
            .dag_display_name = hk_column_text(q, 10),
            .task_display_name = hk_column_text(q, 11),
        };
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_audit_list(struct hk_db *db, const struct hk_audit_filter *filter, const struct hk_page *page,
                         hk_audit_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, AUDIT_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_audit_find(struct hk_db *db, int64_t audit_key, hk_audit_info_fn each, void *arg, bool *found,
                         struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, AUDIT_FIND);
    hk_bind_int(q, 1, audit_key);
    *found = false;
    return hand_out(q, each, arg, found, err);
}
