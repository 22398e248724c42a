#include "engine/store/xcom_store.h"

#include "engine/base/limits.h"

#define XCOM_SELECT                                                                                                    \
    "SELECT x.key, x.written_us, r.logical_us, r.run_after_us, x.map_index, x.task_id, r.dag_id, r.run_id, "           \
    "coalesce(d.display_name, r.dag_id), coalesce((SELECT t.display_name FROM task_instance t "                        \
    "WHERE t.run_key = x.run_key AND t.task_id = x.task_id LIMIT 1), x.task_id), x.value "                             \
    "FROM xcom x JOIN dag_run r USING (run_key) LEFT JOIN dag d ON d.dag_id = r.dag_id "
#define OF_RUN "(SELECT run_key FROM dag_run WHERE dag_id = ?1 AND run_id = ?2)"
#define EXACTLY "WHERE x.run_key = " OF_RUN " AND x.task_id = ?3 AND x.map_index = ?4 AND x.key = ?5"

static const char XCOM_COUNT[] =
    "SELECT count(*) FROM xcom x JOIN dag_run r USING (run_key) LEFT JOIN dag d ON d.dag_id = r.dag_id";
static const char XCOM_FIND[] = XCOM_SELECT EXACTLY;
static const char XCOM_ALL[] =
    XCOM_SELECT "WHERE x.run_key = " OF_RUN " AND x.task_id = ?3 AND x.key = ?4 ORDER BY x.map_index";
#define HAS_IT                                                                                                         \
    "EXISTS (SELECT 1 FROM xcom y WHERE y.run_key = p.run_key AND y.task_id = ?3 AND y.key = ?4 AND "                  \
    "(?5 IS NULL OR y.map_index = ?5)) "
/* This run's, or else of the newest run before it that has any. */
static const char XCOM_ALL_PRIOR[] = XCOM_SELECT
    "WHERE x.run_key = coalesce((SELECT p.run_key FROM dag_run p WHERE p.dag_id = ?1 AND p.run_id = ?2 AND " HAS_IT
    "), (SELECT p.run_key FROM dag_run p WHERE p.dag_id = ?1 AND p.logical_us <= (SELECT o.logical_us FROM dag_run o "
    "WHERE o.dag_id = ?1 AND o.run_id = ?2) AND " HAS_IT "ORDER BY p.logical_us DESC LIMIT 1)) "
    "AND x.task_id = ?3 AND x.key = ?4 AND (?5 IS NULL OR x.map_index = ?5) ORDER BY x.map_index";
static const char XCOM_PUT[] = "INSERT INTO xcom (run_key, task_id, map_index, key, value, written_us) "
                               "SELECT run_key, ?3, ?4, ?5, ?6, ?7 FROM dag_run WHERE dag_id = ?1 AND run_id = ?2 "
                               "ON CONFLICT DO UPDATE SET value = ?6, written_us = ?7";
static const char XCOM_DELETE[] = "DELETE FROM xcom AS x " EXACTLY;

const struct hk_order_field hk_xcom_orders[] = {
    {"key", "x.key", NULL},
    {"dag_id", "r.dag_id", NULL},
    {"run_id", "r.run_id", NULL},
    {"task_id", "x.task_id", NULL},
    {"map_index", "x.map_index", NULL},
    {"timestamp", "x.written_us", NULL},
    {"run_after", "r.run_after_us", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"x.run_key", "x.task_id", "x.map_index", "x.key", NULL};
static const struct hk_list_sql LIST = {XCOM_SELECT, NULL, KEY};

static bool hand_out(struct hk_stmt *q, hk_xcom_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_xcom_info row = {
            .key = hk_column_text(q, 0),
            .written_us = hk_column_int(q, 1),
            .logical_us = hk_column_time(q, 2),
            .run_after_us = hk_column_time(q, 3),
            .map_index = (int32_t)hk_column_int(q, 4),
            .task_id = hk_column_text(q, 5),
            .dag_id = hk_column_text(q, 6),
            .run_id = hk_column_text(q, 7),
            .dag_display_name = hk_column_text(q, 8),
            .task_display_name = hk_column_text(q, 9),
            .value_json = hk_column_str(q, 10),
        };
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static void compose(struct hk_filter *f, const struct hk_xcom_filter *filter)
{
    hk_filter_given(f, "r.dag_id = ?", filter->dag_id);
    hk_filter_given(f, "r.run_id = ?", filter->run_id);
    hk_filter_given(f, "x.task_id = ?", filter->task_id);
    hk_filter_given(f, "x.key = ?", filter->key);
    if (filter->map_index != HK_TIME_NONE) {
        hk_filter_int(f, "x.map_index = ?", filter->map_index);
    }
    if (filter->map_index_filter != HK_TIME_NONE) {
        hk_filter_int(f, "x.map_index = ?", filter->map_index_filter);
    }
    hk_filter_search(f, "x.key", &filter->key_search);
    hk_filter_search(f, "coalesce(d.display_name, r.dag_id)", &filter->dag_display_name);
    hk_filter_search(f, "r.run_id", &filter->run_id_search);
    hk_filter_search(f, "x.task_id", &filter->task_id_search);
    hk_filter_range(f, "r.logical_us", &filter->logical);
    hk_filter_range(f, "r.run_after_us", &filter->run_after);
}

bool hk_store_xcom_list(struct hk_db *db, const struct hk_xcom_filter *filter, const struct hk_page *page,
                        hk_xcom_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    compose(&f, filter);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, XCOM_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

static void bind_exactly(struct hk_stmt *q, const struct hk_xcom_key *key)
{
    hk_bind_str(q, 1, key->dag_id);
    hk_bind_str(q, 2, key->run_id);
    hk_bind_str(q, 3, key->task_id);
    hk_bind_int(q, 4, key->map_index);
    hk_bind_str(q, 5, key->key);
}

bool hk_store_xcom_find(struct hk_db *db, const struct hk_xcom_key *key, hk_xcom_info_fn each, void *arg, bool *found,
                        struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, XCOM_FIND);
    bind_exactly(q, key);
    *found = false;
    return hand_out(q, each, arg, found, err);
}

bool hk_store_xcom_all(struct hk_db *db, const struct hk_xcom_key *key, bool include_prior, hk_xcom_info_fn each,
                       void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, include_prior ? XCOM_ALL_PRIOR : XCOM_ALL);
    hk_bind_str(q, 1, key->dag_id);
    hk_bind_str(q, 2, key->run_id);
    hk_bind_str(q, 3, key->task_id);
    hk_bind_str(q, 4, key->key);
    if (include_prior) {
        hk_bind_time(q, 5, key->map_index);
    }
    bool found = false;
    return hand_out(q, each, arg, &found, err);
}

bool hk_store_xcom_put(struct hk_db *db, const struct hk_xcom_key *key, struct hk_str value_json, int64_t now_us,
                       struct hk_error *err)
{
    if (value_json.len > HK_MAX_XCOM_BYTES) {
        return hk_error_set(err, HK_LIMIT,
                            "the XCom '%.*s' of task '%.*s' has %zu bytes, and %d is the limit; pass a "
                            "reference to a file instead",
                            HK_STR_ARG(key->key), HK_STR_ARG(key->task_id), value_json.len, HK_MAX_XCOM_BYTES);
    }
    struct hk_stmt *q = hk_db_query(db, XCOM_PUT);
    bind_exactly(q, key);
    hk_bind_str(q, 6, value_json);
    hk_bind_int(q, 7, now_us);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_NOT_FOUND, "The DagRun with dag_id: `%.*s` and run_id: `%.*s` was not found",
                        HK_STR_ARG(key->dag_id), HK_STR_ARG(key->run_id));
}

bool hk_store_xcom_delete(struct hk_db *db, const struct hk_xcom_key *key, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, XCOM_DELETE);
    bind_exactly(q, key);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}
