#include "engine/store/import_error_query.h"

#define ERROR_SELECT                                                                                                   \
    "SELECT e.import_error_id, e.happened_us, e.filename, e.bundle_name, e.stack_trace FROM import_error e"
static const char ERROR_COUNT[] = "SELECT count(*) FROM import_error e";
static const char ERROR_FIND[] = ERROR_SELECT " WHERE e.import_error_id = ?1";

const struct hk_order_field hk_import_error_orders[] = {
    {"id", "e.import_error_id", NULL},
    {"import_error_id", "e.import_error_id", NULL},
    {"timestamp", "e.happened_us", NULL},
    {"filename", "e.filename", NULL},
    {"bundle_name", "e.bundle_name", NULL},
    {"stacktrace", "e.stack_trace", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"e.import_error_id", NULL};
static const struct hk_list_sql LIST = {ERROR_SELECT, NULL, KEY};

static bool hand_out(struct hk_stmt *q, hk_import_error_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_import_error_info row = {hk_column_int(q, 0), hk_column_int(q, 1), hk_column_text(q, 2),
                                           hk_column_text(q, 3), hk_column_str(q, 4)};
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_import_error_list(struct hk_db *db, const struct hk_import_error_filter *filter,
                                const struct hk_page *page, hk_import_error_info_fn each, void *arg, int64_t *total,
                                struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    hk_filter_search(&f, "e.filename", &filter->filename_search);
    hk_filter_given(&f, "e.filename = ?", filter->filename);
    hk_filter_given(&f, "e.bundle_name = ?", filter->bundle_name);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, ERROR_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_import_error_find(struct hk_db *db, int64_t import_error_id, hk_import_error_info_fn each, void *arg,
                                bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ERROR_FIND);
    hk_bind_int(q, 1, import_error_id);
    *found = false;
    return hand_out(q, each, arg, found, err);
}
