#include "engine/store/version_source.h"

static const char RUN_ROOT[] = "SELECT artifact_uri FROM ml_run WHERE run_uuid = ?1";
static const char MODEL_ORIGIN[] = "SELECT artifact_location, source_run_id FROM logged_model WHERE model_id = ?1 AND "
                                   "lifecycle = 'active'";
static const char NOTE_VERSION[] =
    "INSERT INTO logged_model_tag (model_key, key, value) SELECT model_key, 'mlflow.modelVersions', "
    "json_array(json_object('name', ?2, 'version', ?3)) FROM logged_model WHERE model_id = ?1 "
    "ON CONFLICT (model_key, key) DO UPDATE SET value = "
    "CASE WHEN json_valid(value) THEN json_insert(value, '$[#]', json_object('name', ?2, 'version', ?3)) "
    "ELSE excluded.value END";
static const char TOUCH[] = "UPDATE logged_model SET updated_ms = ?2 WHERE model_id = ?1";

bool hk_store_run_artifact_root(struct hk_db *db, const char *run_id, struct hk_arena *arena, const char **root,
                                struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, RUN_ROOT);
    hk_bind_text(q, 1, run_id);
    *root = NULL;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *root = hk_arena_strdup(arena, hk_column_text(q, 0));
    }
    return ok;
}

bool hk_store_logged_model_origin(struct hk_db *db, const char *model_id, struct hk_arena *arena,
                                  struct hk_version_origin *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, MODEL_ORIGIN);
    hk_bind_text(q, 1, model_id);
    *out = (struct hk_version_origin){0};
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        out->root = hk_arena_strdup(arena, hk_column_text(q, 0));
        out->run_id = hk_arena_strdup(arena, hk_column_text(q, 1));
    }
    return ok;
}

bool hk_store_logged_model_note_version(struct hk_db *db, const char *model_id, const char *name, int64_t version,
                                        int64_t now_ms, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, NOTE_VERSION);
    hk_bind_text(q, 1, model_id);
    hk_bind_text(q, 2, name);
    hk_bind_int(q, 3, version);
    if (!hk_run(q, err)) {
        return false;
    }
    q = hk_db_query(db, TOUCH);
    hk_bind_text(q, 1, model_id);
    hk_bind_int(q, 2, now_ms);
    return hk_run(q, err);
}
