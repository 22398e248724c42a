#include "engine/store/pool_query.h"

static const char POOL_COUNT[] = "SELECT count(*) FROM pool p";
static const char POOL_FIND[] = HK_POOL_SELECT " WHERE p.name = ?1";

const struct hk_order_field hk_pool_orders[] = {
    {"id", "p.added", NULL},
    {"pool", "p.name", NULL},
    {"name", "p.name", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"p.added", "p.name", NULL};
static const struct hk_list_sql LIST = {HK_POOL_SELECT, NULL, KEY};

bool hk_store_pool_list(struct hk_db *db, const struct hk_search *name, const struct hk_page *page, hk_pool_row_fn each,
                        void *arg, int64_t *total, struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    hk_filter_search(&f, "p.name", name);
    struct hk_stmt *q = NULL;
    size_t count = 0;
    bool ok = hk_filter_count(&f, db, POOL_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hk_store_pool_rows(q, each, arg, &count, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_pool_find(struct hk_db *db, struct hk_str name, hk_pool_row_fn each, void *arg, bool *found,
                        struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, POOL_FIND);
    hk_bind_str(q, 1, name);
    size_t count = 0;
    bool ok = hk_store_pool_rows(q, each, arg, &count, err);
    *found = count > 0;
    return ok;
}
