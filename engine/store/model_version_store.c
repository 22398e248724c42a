#include "engine/store/model_version_store.h"

#include <inttypes.h>

#include "engine/base/clock.h"
#include "engine/store/event_store.h"
#include "engine/store/webhook_news.h"

#define COLUMNS                                                                                                        \
    "version_key, model_key, version, stage, status, status_message, v.description, author, source, "                  \
    "storage_location, run_id, run_link, model_id, v.created_ms, v.updated_ms"

static const char FIND[] = "SELECT " COLUMNS " FROM registered_model m JOIN model_version v USING (model_key) "
                           "WHERE m.name = ?1 AND v.version = ?2 AND v.stage <> 'Deleted_Internal'";
static const char LATEST[] = "SELECT " COLUMNS " FROM model_version v WHERE model_key = ?1 AND stage = ?2 "
                             "ORDER BY version DESC LIMIT 1";
static const char FIRST[] = "SELECT min(version) FROM model_version WHERE model_key = ?1 AND stage = ?2";
static const char MODEL_OF[] = "SELECT model_key FROM registered_model WHERE name = ?1";
static const char NEXT_NUMBER[] = "UPDATE registered_model SET last_version = last_version + 1, updated_ms = ?2 "
                                  "WHERE model_key = ?1 RETURNING last_version";
static const char ADD[] =
    "INSERT INTO model_version (model_key, version, description, author, source, storage_location, run_id, run_link, "
    "model_id, created_ms, updated_ms, maker_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, "
    "nullif(?11, 0))";
static const char DESCRIBE[] = "UPDATE model_version SET description = ?2, updated_ms = ?3 WHERE version_key = ?1";
static const char MOVE[] = "UPDATE model_version SET stage = ?3, updated_ms = ?4 WHERE version_key = ?1 AND stage = ?2";
static const char STRIKE_OUT[] =
    "UPDATE model_version SET description = NULL, author = NULL, source = 'REDACTED-SOURCE-PATH', "
    "storage_location = 'REDACTED-SOURCE-PATH', run_id = NULL, run_link = NULL, model_id = NULL, "
    "status_message = NULL WHERE version_key = ?1";
static const char OTHER[] = "SELECT version FROM model_version WHERE model_key = ?1 AND stage = ?2 AND version <> ?3 "
                            "ORDER BY version LIMIT 1";
static const char TAG_SET[] = "INSERT INTO model_version_tag (version_key, key, value) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (version_key, key) DO UPDATE SET value = ?3";
static const char TAG_DELETE[] = "DELETE FROM model_version_tag WHERE version_key = ?1 AND key = ?2";
static const char TAGS[] = "SELECT key, value FROM model_version_tag WHERE version_key = ?1 ORDER BY key";

static bool read_row(struct hk_stmt *q, const char *model, struct hk_arena *arena, struct hk_model_version_row *out,
                     bool *found, struct hk_error *err)
{
    *found = false;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *out = (struct hk_model_version_row){.key = hk_column_int(q, 0),
                                             .model_key = hk_column_int(q, 1),
                                             .model = hk_arena_strdup(arena, model),
                                             .version = hk_column_int(q, 2),
                                             .status = hk_arena_strdup(arena, hk_column_text(q, 4)),
                                             .status_message = hk_arena_strdup(arena, hk_column_text(q, 5)),
                                             .description = hk_arena_strdup(arena, hk_column_text(q, 6)),
                                             .author = hk_arena_strdup(arena, hk_column_text(q, 7)),
                                             .source = hk_arena_strdup(arena, hk_column_text(q, 8)),
                                             .storage_location = hk_arena_strdup(arena, hk_column_text(q, 9)),
                                             .run_id = hk_arena_strdup(arena, hk_column_text(q, 10)),
                                             .run_link = hk_arena_strdup(arena, hk_column_text(q, 11)),
                                             .model_id = hk_arena_strdup(arena, hk_column_text(q, 12)),
                                             .created_ms = hk_column_int(q, 13),
                                             .updated_ms = hk_column_int(q, 14)};
        *found = true;
        if (!hk_model_stage_read(hk_column_str(q, 3), &out->stage)) {
            hk_error_set(err, HK_CORRUPT, "the database has a version in an unknown stage '%s'", hk_column_text(q, 3));
            hk_reset(q);
            return false;
        }
    }
    return ok;
}

bool hk_store_model_version_get(struct hk_db *db, const char *model, int64_t version, struct hk_arena *arena,
                                struct hk_model_version_row *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_text(q, 1, model);
    hk_bind_int(q, 2, version);
    bool found = false;
    if (!read_row(q, model, arena, out, &found, err)) {
        return false;
    }
    return found ||
           hk_error_set(err, HK_NOT_FOUND, "Model Version (name=%s, version=%" PRId64 ") not found", model, version);
}

static bool latest_in(struct hk_db *db, const struct hk_model_row *model, enum hk_model_stage stage,
                      struct hk_arena *arena, struct hk_model_version_row *out, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, LATEST);
    hk_bind_int(q, 1, model->key);
    hk_bind_text(q, 2, hk_model_stage_name(stage));
    return read_row(q, model->name, arena, out, found, err);
}

bool hk_store_model_version_latest(struct hk_db *db, const struct hk_model_row *model, enum hk_model_stage stage,
                                   struct hk_arena *arena, struct hk_model_version_row *out, int64_t *first,
                                   bool *found, struct hk_error *err)
{
    *found = false;
    if (stage != HK_STAGE_COUNT) {
        struct hk_stmt *q = hk_db_query(db, FIRST);
        hk_bind_int(q, 1, model->key);
        hk_bind_text(q, 2, hk_model_stage_name(stage));
        return hk_run_for_int(q, first, err) && latest_in(db, model, stage, arena, out, found, err);
    }
    for (int s = 0; s < HK_STAGE_DELETED; s++) {
        struct hk_model_version_row one;
        bool is_there = false;
        if (!latest_in(db, model, (enum hk_model_stage)s, arena, &one, &is_there, err)) {
            return false;
        }
        if (is_there && (!*found || one.version > out->version)) {
            *out = one;
            *found = true;
        }
    }
    return true;
}

static bool add(struct hk_db *db, const struct hk_model_version_save *save, int64_t model_key, int64_t version,
                struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_int(q, 1, model_key);
    hk_bind_int(q, 2, version);
    hk_bind_str(q, 3, save->description);
    hk_bind_text(q, 4, save->author);
    hk_bind_text(q, 5, save->source);
    hk_bind_text(q, 6, save->storage_location);
    hk_bind_text(q, 7, save->run_id);
    hk_bind_text(q, 8, save->run_link);
    hk_bind_text(q, 9, save->model_id);
    hk_bind_int(q, 10, save->now_ms);
    hk_bind_int(q, 11, save->maker_key);
    return hk_run(q, err);
}

bool hk_store_model_version_create(struct hk_db *db, const struct hk_model_version_save *save, int64_t *key,
                                   int64_t *version, struct hk_error *err)
{
    int64_t model_key = 0;
    struct hk_stmt *q = hk_db_query(db, MODEL_OF);
    hk_bind_text(q, 1, save->model);
    if (!hk_run_for_int(q, &model_key, err)) {
        return false;
    }
    if (model_key == 0) {
        return hk_error_set(err, HK_NOT_FOUND, "Registered Model with name=%s not found", save->model);
    }
    q = hk_db_query(db, NEXT_NUMBER);
    hk_bind_int(q, 1, model_key);
    hk_bind_int(q, 2, save->now_ms);
    if (!hk_run_for_int(q, version, err) || !add(db, save, model_key, *version, err)) {
        return false;
    }
    *key = hk_db_last_key(db);
    for (size_t i = 0; i < save->tag_count; i++) {
        if (!hk_store_model_version_tag_set(db, *key, &save->tags[i], err)) {
            return false;
        }
    }
    const struct hk_model_event event = {.kind = HK_EVENT_MODEL_VERSION_CREATED,
                                         .model = save->model,
                                         .version = *version,
                                         .run_id = save->run_id,
                                         .actor = save->author,
                                         .happened_us = save->now_ms * HK_MS_US};
    const struct hk_webhook_news news = {.about = HK_WEBHOOK_VERSION,
                                         .action = "created",
                                         .model_key = model_key,
                                         .model = save->model,
                                         .version = *version,
                                         .source = save->source,
                                         .run_id = save->run_id,
                                         .description = save->description,
                                         .tags = save->tags,
                                         .tag_count = save->tag_count,
                                         .happened_us = save->now_ms * HK_MS_US};
    return hk_store_model_event_add(db, &event, err) && hk_store_webhook_tell(db, &news, err);
}

bool hk_store_model_version_describe(struct hk_db *db, int64_t key, struct hk_str description, int64_t now_ms,
                                     struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DESCRIBE);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, description);
    hk_bind_int(q, 3, now_ms);
    return hk_run(q, err);
}

bool hk_store_version_transition(struct hk_db *db, const struct hk_model_version_row *version,
                                 enum hk_stage_event event, int64_t now_ms, struct hk_error *err)
{
    enum hk_model_stage to = version->stage;
    enum hk_stage_effect effect = HK_STAGE_DOES_NOTHING;
    if (!hk_model_stage_next(version->stage, event, &to, &effect)) {
        return hk_error_set(err, HK_INVALID, "a version in stage %s cannot %s", hk_model_stage_name(version->stage),
                            hk_stage_event_name(event));
    }
    struct hk_stmt *q = hk_db_query(db, MOVE);
    hk_bind_int(q, 1, version->key);
    hk_bind_text(q, 2, hk_model_stage_name(version->stage));
    hk_bind_text(q, 3, hk_model_stage_name(to));
    hk_bind_int(q, 4, now_ms);
    if (!hk_run(q, err)) {
        return false;
    }
    if (hk_db_changes(db) == 0) {
        return hk_error_set(err, HK_CONFLICT, "version %" PRId64 " of '%s' is no longer in stage %s", version->version,
                            version->model, hk_model_stage_name(version->stage));
    }
    if (to != HK_STAGE_DELETED) {
        return true;
    }
    q = hk_db_query(db, STRIKE_OUT);
    hk_bind_int(q, 1, version->key);
    return hk_run(q, err);
}

bool hk_store_version_other_in_stage(struct hk_db *db, const struct hk_model_version_row *version,
                                     enum hk_model_stage stage, int64_t *other, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, OTHER);
    hk_bind_int(q, 1, version->model_key);
    hk_bind_text(q, 2, hk_model_stage_name(stage));
    hk_bind_int(q, 3, version->version);
    *other = 0;
    return hk_run_for_int(q, other, err);
}

bool hk_store_model_version_tag_set(struct hk_db *db, int64_t key, const struct hk_model_tag *tag, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_SET);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, tag->key);
    hk_bind_str(q, 3, tag->value.data != NULL ? tag->value : HK_STR(""));
    return hk_run(q, err);
}

bool hk_store_model_version_tag_delete(struct hk_db *db, int64_t key, const char *tag_key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TAG_DELETE);
    hk_bind_int(q, 1, key);
    hk_bind_text(q, 2, tag_key);
    return hk_run(q, err);
}

bool hk_store_model_version_tags(struct hk_db *db, int64_t key, hk_model_tag_fn each, void *arg, struct hk_error *err)
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
