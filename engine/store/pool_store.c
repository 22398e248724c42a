#include "engine/store/pool_store.h"

static const char POOLS_EACH[] = HK_POOL_SELECT " ORDER BY p.name";
static const char POOL_SET[] =
    "INSERT INTO pool (name, slots, description, include_deferred, added) VALUES (?1, ?2, ?3, ?4, "
    "(SELECT coalesce(max(added), 0) + 1 FROM pool)) ON CONFLICT (name) DO UPDATE SET slots = ?2, description = ?3, "
    "include_deferred = ?4";
static const char POOL_DELETE[] = "DELETE FROM pool WHERE name = ?1";
static const char POOL_USE[] =
    "SELECT t.state, sum(t.pool_slots) FROM dag_run r INDEXED BY dag_run_active CROSS JOIN task_instance t USING "
    "(run_key) "
    "WHERE r.state IN ('queued', 'running') AND t.pool = ?1 "
    "AND t.state IN ('running', 'restarting', 'queued', 'scheduled', 'deferred') GROUP BY t.state";

bool hk_store_pool_rows(struct hk_stmt *q, hk_pool_row_fn each, void *arg, size_t *count, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_pool_row row = {hk_column_text(q, 0), hk_column_int(q, 1), hk_column_text(q, 2),
                                  hk_column_int(q, 3) != 0};
        ++*count;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_pools_each(struct hk_db *db, hk_pool_row_fn each, void *arg, struct hk_error *err)
{
    size_t count = 0;
    return hk_store_pool_rows(hk_db_query(db, POOLS_EACH), each, arg, &count, err);
}

bool hk_store_pool_set(struct hk_db *db, const struct hk_pool_row *row, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, POOL_SET);
    hk_bind_text(q, 1, row->name);
    hk_bind_int(q, 2, row->slots);
    hk_bind_text(q, 3, row->description);
    hk_bind_int(q, 4, row->include_deferred);
    return hk_run(q, err);
}

bool hk_store_pool_delete(struct hk_db *db, struct hk_str name, struct hk_error *err)
{
    if (hk_str_is(name, "default_pool")) {
        return hk_error_set(err, HK_INVALID, "Default Pool can't be deleted");
    }
    struct hk_stmt *q = hk_db_query(db, POOL_DELETE);
    hk_bind_str(q, 1, name);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) == 1 ||
           hk_error_set(err, HK_NOT_FOUND, "The Pool with name: `%.*s` was not found", HK_STR_ARG(name));
}

bool hk_store_pool_use(struct hk_db *db, const char *name, struct hk_pool_use *out, struct hk_error *err)
{
    *out = (struct hk_pool_use){0};
    struct hk_stmt *q = hk_db_query(db, POOL_USE);
    hk_bind_text(q, 1, name);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_str state = hk_column_str(q, 0);
        int64_t slots = hk_column_int(q, 1);
        if (hk_str_is(state, "queued")) {
            out->queued += slots;
        } else if (hk_str_is(state, "scheduled")) {
            out->scheduled += slots;
        } else if (hk_str_is(state, "deferred")) {
            out->deferred += slots;
        } else {
            out->running += slots;
        }
    }
    return ok;
}
