#include "engine/store/model_store.h"

#include "engine/base/clock.h"
#include "engine/store/webhook_news.h"

static const char FIND[] = "SELECT model_key, name, description, last_version, created_ms, updated_ms "
                           "FROM registered_model WHERE name = ?1";
static const char KEY_OF[] = "SELECT model_key FROM registered_model WHERE name = ?1";
static const char ADD[] =
    "INSERT INTO registered_model (name, description, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?3)";
static const char DESCRIBE[] = "UPDATE registered_model SET description = ?2, updated_ms = ?3 WHERE model_key = ?1";
static const char TOUCH[] = "UPDATE registered_model SET updated_ms = ?2 WHERE model_key = ?1";
static const char RENAME[] = "UPDATE registered_model SET name = ?2, updated_ms = ?3 WHERE model_key = ?1";
static const char RENAME_VERSIONS[] = "UPDATE model_version SET updated_ms = ?2 WHERE model_key = ?1";
static const char DELETE_MODEL[] = "DELETE FROM registered_model WHERE model_key = ?1";
static const char TAG_SET[] = "INSERT INTO registered_model_tag (model_key, key, value) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (model_key, key) DO UPDATE SET value = ?3";
static const char TAG_DELETE[] = "DELETE FROM registered_model_tag WHERE model_key = ?1 AND key = ?2";
static const char TAG_GET[] = "SELECT value FROM registered_model_tag WHERE model_key = ?1 AND key = ?2";
static const char TAGS[] = "SELECT key, value FROM registered_model_tag WHERE model_key = ?1 ORDER BY key";

bool hk_store_model_find(struct hk_db *db, const char *name, struct hk_arena *arena, struct hk_model_row *out,
                         bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_text(q, 1, name);
    *found = false;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *out = (struct hk_model_row){.key = hk_column_int(q, 0),
                                     .name = hk_arena_strdup(arena, hk_column_text(q, 1)),
                                     .description = hk_arena_strdup(arena, hk_column_text(q, 2)),
                                     .last_version = hk_column_int(q, 3),
                                     .created_ms = hk_column_int(q, 4),
                                     .updated_ms = hk_column_int(q, 5)};
        *found = true;
    }
    return ok;
}

bool hk_store_model_get(struct hk_db *db, const char *name, struct hk_arena *arena, struct hk_model_row *out,
                        struct hk_error *err)
{
    bool found = false;
    if (!hk_store_model_find(db, name, arena, out, &found, err)) {
        return false;
    }
    return found || hk_error_set(err, HK_NOT_FOUND, "Registered Model with name=%s not found", name);
}

static bool name_is_free(struct hk_db *db, const char *name, int64_t *key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, KEY_OF);
    hk_bind_text(q, 1, name);
    *key = 0;
    if (!hk_run_for_int(q, key, err)) {
        return false;
    }
    return *key == 0 || hk_error_set(err, HK_CONFLICT, "Registered Model (name=%s) already exists.", name);
}

bool hk_store_model_create(struct hk_db *db, const struct hk_model_save *save, int64_t *key, struct hk_error *err)
{
    if (!name_is_free(db, save->name, key, err)) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_text(q, 1, save->name);
    hk_bind_str(q, 2, save->description);
    hk_bind_int(q, 3, save->now_ms);
    bool ok = hk_run(q, err);
    *key = hk_db_last_key(db);
    for (size_t i = 0; i < save->tag_count && ok; i++) {
        ok = hk_store_model_tag_set(db, *key, &save->tags[i], err);
    }
    const struct hk_webhook_news news = {.about = HK_WEBHOOK_MODEL,
                                         .action = "created",
                                         .model_key = *key,
                                         .model = save->name,
                                         .description = save->description,
                                         .tags = save->tags,
                                         .tag_count = save->tag_count,
                                         .happened_us = save->now_ms * HK_MS_US};
    return ok && hk_store_webhook_tell(db, &news, err);
}

bool hk_store_model_describe(struct hk_db *db, int64_t key, struct hk_str description, int64_t now_ms,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DESCRIBE);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, description);
    hk_bind_int(q, 3, now_ms);
    return hk_run(q, err);
}

bool hk_store_model_touch(struct hk_db *db, int64_t key, int64_t now_ms, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TOUCH);
    hk_bind_int(q, 1, key);
    hk_bind_int(q, 2, now_ms);
    return hk_run(q, err);
}

bool hk_store_model_rename(struct hk_db *db, int64_t key, const char *new_name, int64_t now_ms, struct hk_error *err)
{
    int64_t holder = 0;
    if (!name_is_free(db, new_name, &holder, err) && holder != key) {
        return false;
    }
    struct hk_stmt *q = hk_db_query(db, RENAME);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, new_name);
    hk_bind_int(q, 3, now_ms);
    if (!hk_run(q, err)) {
        return false;
    }
    q = hk_db_query(db, RENAME_VERSIONS);
    hk_bind_int(q, 1, key);
    hk_bind_int(q, 2, now_ms);
    return hk_run(q, err);
}

bool hk_store_model_delete(struct hk_db *db, int64_t key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DELETE_MODEL);
    hk_bind_int(q, 1, key);
    return hk_run(q, err);
}

bool hk_store_model_tag_set(struct hk_db *db, int64_t key, const struct hk_model_tag *tag, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_SET);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, tag->key);
    hk_bind_str(q, 3, tag->value.data != NULL ? tag->value : HK_STR(""));
    return hk_run(q, err);
}

bool hk_store_model_tag_delete(struct hk_db *db, int64_t key, const char *tag_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_DELETE);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, tag_key);
    return hk_run(q, err);
}

bool hk_store_model_tag_get(struct hk_db *db, int64_t key, const char *tag_key, struct hk_arena *arena,
                            struct hk_str *value, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_GET);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, tag_key);
    *value = (struct hk_str){0};
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *value = hk_arena_str(arena, hk_column_str(q, 0));
    }
    return ok;
}

bool hk_store_model_tags(struct hk_db *db, int64_t key, hk_model_tag_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAGS);
    hk_bind_int(q, 1, key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_model_tag tag = {hk_column_text(q, 0), hk_column_str(q, 1)};
        each(arg, &tag);
    }
    return ok;
}
