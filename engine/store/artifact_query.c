#include "engine/store/artifact_query.h"

static bool take(struct hk_stmt *q, struct hk_arena *arena, struct hk_str *uri, bool *found, struct hk_error *err)
{
    bool ok = true;
    *found = hk_step(q, &ok, err);
    if (*found) {
        *uri = hk_arena_str(arena, hk_column_str(q, 0));
        hk_reset(q);
    }
    return ok;
}

bool hk_store_artifacts_of_run(struct hk_db *db, struct hk_str run_id, struct hk_arena *arena, struct hk_str *uri,
                               struct hk_error *err)
{
    static const char FIND[] = "SELECT artifact_uri FROM ml_run WHERE run_uuid = ?1";
    bool found = false;
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_str(q, 1, run_id);
    return take(q, arena, uri, &found, err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "Run with id=%.*s not found", HK_STR_ARG(run_id)));
}

bool hk_store_artifacts_of_version(struct hk_db *db, struct hk_str model, struct hk_str version, struct hk_arena *arena,
                                   struct hk_str *uri, struct hk_error *err)
{
    static const char FIND[] =
        "SELECT v.storage_location FROM model_version v JOIN registered_model m USING (model_key) "
        "WHERE m.name = ?1 AND v.version = ?2 AND v.stage <> 'Deleted_Internal'";
    bool found = false;
    int64_t number = 0;
    if (hk_str_to_i64(version, &number)) {
        struct hk_stmt *q = hk_db_query(db, FIND);
        hk_bind_str(q, 1, model);
        hk_bind_int(q, 2, number);
        if (!take(q, arena, uri, &found, err)) {
            return false;
        }
    }
    return found || hk_error_set(err, HK_NOT_FOUND, "Model Version (name=%.*s, version=%.*s) not found",
                                 HK_STR_ARG(model), HK_STR_ARG(version));
}

bool hk_store_artifacts_of_logged_model(struct hk_db *db, struct hk_str model_id, struct hk_arena *arena,
                                        struct hk_str *uri, struct hk_error *err)
{
    static const char FIND[] =
        "SELECT artifact_location FROM logged_model WHERE model_id = ?1 AND lifecycle = 'active'";
    bool found = false;
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_str(q, 1, model_id);
    return take(q, arena, uri, &found, err) &&
           (found || hk_error_set(err, HK_NOT_FOUND, "Logged model with ID '%.*s' not found.", HK_STR_ARG(model_id)));
}
