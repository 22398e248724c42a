#include "engine/store/callback_store.h"

static const char OWE[] = "INSERT OR REPLACE INTO dag_callback (run_key, ended_us, request) VALUES (?1, ?2, ?3)";
static const char DONE[] = "DELETE FROM dag_callback WHERE run_key = ?1 AND ended_us = ?2";
static const char OWED[] = "SELECT run_key, ended_us, request FROM dag_callback ORDER BY ended_us, run_key";

bool hk_store_callback_owe(struct hk_db *db, const struct hk_callback_row *row, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OWE);
    hk_bind_int(q, 1, row->run_key);
    hk_bind_int(q, 2, row->ended_us);
    hk_bind_text(q, 3, row->request_json);
    return hk_run(q, err);
}

bool hk_store_callback_done(struct hk_db *db, int64_t run_key, int64_t ended_us, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DONE);
    hk_bind_int(q, 1, run_key);
    hk_bind_int(q, 2, ended_us);
    return hk_run(q, err);
}

bool hk_store_callbacks_owed(struct hk_db *db, void (*each)(void *arg, const struct hk_callback_row *row), void *arg,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OWED);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_callback_row row = {hk_column_int(q, 0), hk_column_int(q, 1), hk_column_text(q, 2)};
        each(arg, &row);
    }
    return ok;
}
