#include "engine/store/experiment_store.h"

#define EXPERIMENT_SELECT                                                                                              \
    "SELECT experiment_key, name, artifact_location, lifecycle, created_ms, updated_ms FROM experiment "
static const char EXPERIMENT_GET[] = EXPERIMENT_SELECT "WHERE experiment_key = ?1";
static const char EXPERIMENT_NAMED[] = EXPERIMENT_SELECT "WHERE name = ?1";
static const char EXPERIMENT_INSERT[] =
    "INSERT INTO experiment (name, artifact_location, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?3) "
    "ON CONFLICT (name) DO NOTHING";
static const char EXPERIMENT_PLACE[] =
    "UPDATE experiment SET artifact_location = 'mlflow-artifacts:/' || experiment_key WHERE experiment_key = ?1";
static const char EXPERIMENT_RENAME[] =
    "UPDATE OR IGNORE experiment SET name = ?2, updated_ms = ?3 WHERE experiment_key = ?1";
static const char EXPERIMENT_MARK[] =
    "UPDATE experiment SET lifecycle = ?2, updated_ms = ?3 WHERE experiment_key = ?1 AND lifecycle <> ?2";
static const char EXPERIMENT_RUNS_DELETE[] =
    "UPDATE ml_run SET lifecycle = 'deleted', deleted_ms = ?2 WHERE experiment_key = ?1 AND lifecycle = 'active'";
static const char EXPERIMENT_RUNS_RESTORE[] =
    "UPDATE ml_run SET lifecycle = 'active', deleted_ms = NULL WHERE experiment_key = ?1 AND lifecycle = 'deleted'";
static const char EXPERIMENT_TAG_INSERT[] =
    "INSERT INTO experiment_tag (experiment_key, key, value) VALUES (?1, ?2, ?3)";
static const char EXPERIMENT_TAG_SET[] = "INSERT INTO experiment_tag (experiment_key, key, value) VALUES (?1, ?2, ?3) "
                                         "ON CONFLICT (experiment_key, key) DO UPDATE SET value = ?3";
static const char EXPERIMENT_TAG_DELETE[] = "DELETE FROM experiment_tag WHERE experiment_key = ?1 AND key = ?2";
static const char EXPERIMENT_TAGS[] = "SELECT key, value FROM experiment_tag WHERE experiment_key = ?1 ORDER BY key";

static bool not_found(int64_t key, struct hk_error *err)
{
    return hk_error_set(err, HK_NOT_FOUND, "No Experiment with id=%lld exists", (long long)key);
}

static bool take(struct hk_stmt *q, struct hk_arena *arena, struct hk_experiment *out, bool *found,
                 struct hk_error *err)
{
    bool ok = true;
    *found = false;
    *out = (struct hk_experiment){0};
    while (hk_step(q, &ok, err)) {
        *found = true;
        *out = (struct hk_experiment){hk_column_int(q, 0),
                                      hk_arena_strdup(arena, hk_column_text(q, 1)),
                                      hk_arena_strdup(arena, hk_column_text(q, 2)),
                                      hk_arena_strdup(arena, hk_column_text(q, 3)),
                                      hk_column_int(q, 4),
                                      hk_column_int(q, 5)};
    }
    return ok;
}

bool hk_store_experiment_get(struct hk_db *db, int64_t key, struct hk_arena *arena, struct hk_experiment *out,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_GET);
    bool found = false;
    hk_bind_int(q, 1, key);
    return take(q, arena, out, &found, err) && (found || not_found(key, err));
}

bool hk_store_experiment_get_named(struct hk_db *db, struct hk_str name, struct hk_arena *arena,
                                   struct hk_experiment *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_NAMED);
    bool found = false;
    hk_bind_str(q, 1, name);
    if (!take(q, arena, out, &found, err)) {
        return false;
    }
    return found || hk_error_set(err, HK_NOT_FOUND, "Could not find experiment with name '%.*s'", HK_STR_ARG(name));
}

bool hk_store_experiment_get_active(struct hk_db *db, int64_t key, struct hk_arena *arena, struct hk_experiment *out,
                                    struct hk_error *err)
{
    if (!hk_store_experiment_get(db, key, arena, out, err)) {
        return false;
    }
    if (!hk_str_is(hk_str_from(out->lifecycle), "active")) {
        return hk_error_set(err, HK_INVALID, "The experiment %lld must be in the 'active' state. Current state is %s.",
                            (long long)key, out->lifecycle);
    }
    return true;
}

static bool check_active(struct hk_db *db, int64_t key, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_experiment experiment;
    hk_arena_init(&arena);
    bool ok = hk_store_experiment_get_active(db, key, &arena, &experiment, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool write_tag(struct hk_db *db, const char *sql, int64_t key, const struct hk_key_value *tag,
                      struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, sql);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, tag->key);
    hk_bind_str(q, 3, tag->value.data != NULL ? tag->value : HK_STR(""));
    return hk_run(q, err);
}

bool hk_store_experiment_insert(struct hk_db *db, const struct hk_experiment_save *save, int64_t *key,
                                struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_INSERT);
    hk_bind_str(q, 1, save->name);
    hk_bind_str(q, 2, save->artifact_location.len > 0 ? save->artifact_location : HK_STR(""));
    hk_bind_int(q, 3, save->now_ms);
    if (!hk_run(q, err)) {
        return false;
    }
    if (hk_db_changes(db) == 0) {
        return hk_error_set(err, HK_CONFLICT, "Experiment(name=%.*s) already exists.", HK_STR_ARG(save->name));
    }
    *key = hk_db_last_key(db);
    if (save->artifact_location.len == 0) {
        q = hk_db_query(db, EXPERIMENT_PLACE);
        hk_bind_int(q, 1, *key);
        if (!hk_run(q, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < save->tag_count; i++) {
        if (!write_tag(db, EXPERIMENT_TAG_INSERT, *key, &save->tags[i], err)) {
            return err->code == HK_CONFLICT
                       ? hk_error_set(err, HK_CONFLICT, "The tag '%.*s' is given twice.", HK_STR_ARG(save->tags[i].key))
                       : false;
        }
    }
    return true;
}

bool hk_store_experiment_rename(struct hk_db *db, int64_t key, struct hk_str name, int64_t now_ms, bool *is_active,
                                struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_experiment experiment;
    hk_arena_init(&arena);
    bool ok = hk_store_experiment_get(db, key, &arena, &experiment, err);
    *is_active = ok && hk_str_is(hk_str_from(experiment.lifecycle), "active");
    hk_arena_clear(&arena);
    if (!ok || !*is_active) {
        return ok;
    }
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_RENAME);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, name);
    hk_bind_int(q, 3, now_ms);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_CONFLICT, "Experiment(name=%.*s) already exists.", HK_STR_ARG(name));
}

static bool mark(struct hk_db *db, int64_t key, const char *lifecycle, int64_t now_ms, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_MARK);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, lifecycle);
    hk_bind_int(q, 3, now_ms);
    return hk_run(q, err) && (hk_db_changes(db) > 0 || not_found(key, err));
}

bool hk_store_experiment_delete(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err)
{
    if (!mark(db, key, "deleted", now_ms, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_RUNS_DELETE);
    hk_bind_int(q, 1, key);
    hk_bind_int(q, 2, now_ms);
    return hk_run(q, err);
}

bool hk_store_experiment_restore(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err)
{
    if (!mark(db, key, "active", now_ms, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_RUNS_RESTORE);
    hk_bind_int(q, 1, key);
    return hk_run(q, err);
}

bool hk_store_experiment_tag_set(struct hk_db *db, int64_t key, const struct hk_key_value *tag, struct hk_error *err)
{
    return check_active(db, key, err) && write_tag(db, EXPERIMENT_TAG_SET, key, tag, err);
}

bool hk_store_experiment_tag_delete(struct hk_db *db, int64_t key, struct hk_str tag, struct hk_error *err)
{
    if (!check_active(db, key, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_TAG_DELETE);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, tag);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 || hk_error_set(err, HK_NOT_FOUND, "No tag with name: %.*s in experiment with id %lld",
                                                 HK_STR_ARG(tag), (long long)key);
}

bool hk_store_experiment_tags(struct hk_db *db, int64_t key, hk_key_value_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EXPERIMENT_TAGS);
    bool ok = true;
    hk_bind_int(q, 1, key);
    while (hk_step(q, &ok, err)) {
        each(arg, (struct hk_key_value){hk_column_str(q, 0), hk_column_str(q, 1)});
    }
    return ok;
}
