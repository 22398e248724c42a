#include "engine/store/version_query.h"

#include "engine/store/dag_store.h"

#define VERSION_SELECT                                                                                                 \
    "SELECT v.version_id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_us, "                 \
    "coalesce(d.display_name, v.dag_id) FROM dag_version v LEFT JOIN dag d ON d.dag_id = v.dag_id "
#define OF_NUMBER "WHERE v.dag_id = ?1 AND (?2 = 0 OR v.version_number = ?2) ORDER BY v.version_number DESC LIMIT 1"

static const char VERSION_COUNT[] = "SELECT count(*) FROM dag_version v";
static const char VERSION_FIND[] = VERSION_SELECT OF_NUMBER;
static const char SOURCE_FIND[] = "SELECT s.content, v.version_number, coalesce(d.display_name, v.dag_id) "
                                  "FROM dag_version v JOIN dag_source s USING (source_key) "
                                  "LEFT JOIN dag d ON d.dag_id = v.dag_id " OF_NUMBER;
static const char NEWEST_KEY[] =
    "SELECT version_key FROM dag_version WHERE dag_id = ?1 ORDER BY version_number DESC LIMIT 1";

const struct hk_order_field hk_version_orders[] = {
    {"id", "v.version_id", NULL},
    {"version_number", "v.version_number", NULL},
    {"bundle_name", "v.bundle_name", NULL},
    {"bundle_version", "v.bundle_version", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"v.version_id", NULL};
static const struct hk_list_sql LIST = {VERSION_SELECT, NULL, KEY};

static bool hand_out(struct hk_stmt *q, hk_version_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_version_info row = {
            .version_id = hk_column_text(q, 0),
            .number = hk_column_int(q, 1),
            .dag_id = hk_column_text(q, 2),
            .bundle_name = hk_column_text(q, 3),
            .bundle_version = hk_column_text(q, 4),
            .created_us = hk_column_int(q, 5),
            .dag_display_name = hk_column_text(q, 6),
        };
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_version_list(struct hk_db *db, const struct hk_version_filter *filter, const struct hk_page *page,
                           hk_version_info_fn each, void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    hk_filter_given(&f, "v.dag_id = ?", filter->dag_id);
    if (filter->number >= 0) {
        hk_filter_int(&f, "v.version_number = ?", filter->number);
    }
    hk_filter_given(&f, "v.bundle_name = ?", filter->bundle_name);
    hk_filter_given(&f, "v.bundle_version = ?", filter->bundle_version);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, VERSION_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_version_find(struct hk_db *db, struct hk_str dag_id, int64_t number, hk_version_info_fn each, void *arg,
                           bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VERSION_FIND);
    hk_bind_str(q, 1, dag_id);
    hk_bind_int(q, 2, number);
    *found = false;
    return hand_out(q, each, arg, found, err);
}

bool hk_store_source_find(struct hk_db *db, struct hk_str dag_id, int64_t number, hk_source_info_fn each, void *arg,
                          bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, SOURCE_FIND);
    hk_bind_str(q, 1, dag_id);
    hk_bind_int(q, 2, number);
    *found = false;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *found = true;
        struct hk_source_info row = {hk_column_str(q, 0), hk_column_int(q, 1), hk_column_text(q, 2)};
        each(arg, &row);
    }
    return ok;
}

bool hk_store_dag_graph(struct hk_db *db, struct hk_str dag_id, struct hk_graph **out, struct hk_error *err)
{
    *out = NULL;
    struct hk_stmt *q = hk_db_query(db, NEWEST_KEY);
    hk_bind_str(q, 1, dag_id);
    int64_t version_key = 0;
    return hk_run_for_int(q, &version_key, err) &&
           (version_key == 0 || hk_store_version_graph(db, version_key, NULL, out, err));
}
