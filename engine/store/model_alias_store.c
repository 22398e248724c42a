#include "engine/store/model_alias_store.h"

static const char HOLDER[] = "SELECT version FROM model_alias WHERE model_key = ?1 AND alias = ?2";
static const char OF_MODEL[] = "SELECT alias, version FROM model_alias WHERE model_key = ?1 ORDER BY alias";
static const char OF_VERSION[] =
    "SELECT alias, version FROM model_alias WHERE model_key = ?1 AND version = ?2 ORDER BY alias";
static const char ADD[] =
    "INSERT INTO model_alias (model_key, alias, version) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
static const char MOVE[] = "UPDATE model_alias SET version = ?3 WHERE model_key = ?1 AND alias = ?2 AND version = ?4";
static const char DELETE_ALIAS[] = "DELETE FROM model_alias WHERE model_key = ?1 AND alias = ?2 AND version = ?3";

bool hk_store_alias_holder(struct hk_db *db, int64_t model_key, const char *alias, int64_t *version,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, HOLDER);
    hk_bind_int(q, 1, model_key);
    hk_bind_text(q, 2, alias);
    *version = 0;
    return hk_run_for_int(q, version, err);
}

bool hk_store_aliases(struct hk_db *db, int64_t model_key, int64_t version, hk_model_alias_fn each, void *arg,
                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, version != 0 ? OF_VERSION : OF_MODEL);
    hk_bind_int(q, 1, model_key);
    if (version != 0) {
        hk_bind_int(q, 2, version);
    }
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        each(arg, hk_column_text(q, 0), hk_column_int(q, 1));
    }
    return ok;
}

static bool run_once(struct hk_db *db, struct hk_stmt *q, const char *alias, struct hk_error *err)
{
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_CONFLICT, "the alias '%s' is no longer held by the version that held it", alias);
}

bool hk_store_alias_set(struct hk_db *db, int64_t model_key, const char *alias, int64_t expected, int64_t version,
                        struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, expected == 0 ? ADD : MOVE);
    hk_bind_int(q, 1, model_key);
    hk_bind_text(q, 2, alias);
    hk_bind_int(q, 3, version);
    if (expected != 0) {
        hk_bind_int(q, 4, expected);
    }
    return run_once(db, q, alias, err);
}

bool hk_store_alias_delete(struct hk_db *db, int64_t model_key, const char *alias, int64_t expected,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DELETE_ALIAS);
    hk_bind_int(q, 1, model_key);
    hk_bind_text(q, 2, alias);
    hk_bind_int(q, 3, expected);
    return run_once(db, q, alias, err);
}
