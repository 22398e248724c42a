/* Pools. The scheduler counts the slots; the numbers REST shows are counted from the active runs. */
#ifndef HK_STORE_POOL_STORE_H
#define HK_STORE_POOL_STORE_H

#include "engine/store/db.h"

struct hk_pool_row {
    const char *name;
    int64_t slots;           /* -1: no limit */
    const char *description; /* NULL: none */
    bool include_deferred;
};

typedef bool (*hk_pool_row_fn)(void *arg, const struct hk_pool_row *row);
/* What pool_query.c shares: rows of HK_POOL_SELECT, counted. */
#define HK_POOL_SELECT "SELECT p.name, p.slots, p.description, p.include_deferred FROM pool p"
HK_MUST_USE bool hk_store_pool_rows(struct hk_stmt *q, hk_pool_row_fn each, void *arg, size_t *count,
                                    struct hk_error *err);

HK_MUST_USE bool hk_store_pools_each(struct hk_db *db, hk_pool_row_fn each, void *arg, struct hk_error *err);
/* Adds or changes. */
HK_MUST_USE bool hk_store_pool_set(struct hk_db *db, const struct hk_pool_row *row, struct hk_error *err);
/* HK_NOT_FOUND; HK_INVALID for the default pool. */
HK_MUST_USE bool hk_store_pool_delete(struct hk_db *db, struct hk_str name, struct hk_error *err);

/* How many slots of a pool are taken by tasks in each of the states that count. */
struct hk_pool_use {
    int64_t running;
    int64_t queued;
    int64_t scheduled;
    int64_t deferred;
};
HK_MUST_USE bool hk_store_pool_use(struct hk_db *db, const char *name, struct hk_pool_use *out, struct hk_error *err);

#endif
