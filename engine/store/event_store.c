#include "engine/store/event_store.h"

#include "engine/base/clock.h"
#include "engine/store/asset_store.h"

static const char ADD[] = "INSERT INTO event (kind, subject, actor, happened_us, payload) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char AFTER[] = "SELECT sequence, kind, subject, actor, happened_us, payload FROM event "
                            "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
static const char CURSOR_GET[] = "SELECT sequence FROM event_cursor WHERE consumer = ?1";
static const char CURSOR_SET[] = "INSERT INTO event_cursor (consumer, sequence) VALUES (?1, ?2) "
                                 "ON CONFLICT (consumer) DO UPDATE SET sequence = ?2";

#define SEEN_COLUMNS                                                                                                   \
    "subject, coalesce(payload ->> '$.alias', payload ->> '$.to'), kind = 'model_version_stage_changed', "             \
    "happened_us, "                                                                                                    \
    "payload FROM event "
static const char PROMOTIONS_AFTER[] =
    "SELECT " SEEN_COLUMNS "WHERE sequence > ?1 AND kind IN ('model_alias_set', 'model_version_stage_changed') "
    "ORDER BY sequence";
static const char PROMOTION_SINCE[] =
    "SELECT " SEEN_COLUMNS "WHERE subject = ?1 AND kind = ?2 AND happened_us >= ?4 AND "
    "coalesce(payload ->> '$.alias', payload ->> '$.to') = ?3 ORDER BY sequence DESC";
static const char NEWEST[] = "SELECT max(sequence) FROM event";

bool hk_store_event_add(struct hk_db *db, const struct hk_event *event, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_text(q, 1, hk_event_kind_name(event->kind));
    hk_bind_text(q, 2, event->subject);
    hk_bind_text(q, 3, event->actor);
    hk_bind_int(q, 4, event->happened_us);
    hk_bind_text(q, 5, event->payload_json);
    hk_db_note_news(db, HK_DB_NEWS);
    return hk_run(q, err);
}

bool hk_store_model_event_add(struct hk_db *db, const struct hk_model_event *event, struct hk_error *err)
{
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk_event row = hk_event_of_model(event, &arena);
    const char *asset = hk_event_model_asset(event, &arena);
    bool ok = hk_store_event_add(db, &row, err);
    if (ok && asset != NULL) {
        struct hk_asset_event_save save = {
            .extra_json = row.payload_json, .source_map_index = HK_TIME_NONE, .happened_us = event->happened_us};
        ok = hk_store_asset_changed(db, asset, &save, err);
    }
    hk_arena_clear(&arena);
    return ok;
}

bool hk_store_events_after(struct hk_db *db, int64_t sequence, int64_t limit, hk_event_fn each, void *arg,
                           struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, AFTER);
    hk_bind_int(q, 1, sequence);
    hk_bind_int(q, 2, limit);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_event event = {.sequence = hk_column_int(q, 0),
                                 .subject = hk_column_text(q, 2),
                                 .actor = hk_column_text(q, 3),
                                 .happened_us = hk_column_int(q, 4),
                                 .payload_json = hk_column_text(q, 5)};
        struct hk_str kind = hk_column_str(q, 1);
        if (!hk_event_kind_find(kind, &event.kind)) {
            hk_error_set(err, HK_CORRUPT, "the database has an unknown kind of event '%.*s'", HK_STR_ARG(kind));
            hk_reset(q);
            return false;
        }
        if (!each(arg, &event)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

static bool walk_promotions(struct hk_stmt *q, hk_promotion_seen_fn each, void *arg, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_promotion_seen seen = {.model = hk_column_text(q, 0),
                                         .target = hk_column_text(q, 1),
                                         .is_stage = hk_column_int(q, 2) != 0,
                                         .happened_us = hk_column_int(q, 3),
                                         .payload_json = hk_column_text(q, 4)};
        if (seen.target != NULL && !each(arg, &seen)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_promotions_after(struct hk_db *db, int64_t sequence, hk_promotion_seen_fn each, void *arg,
                               struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, PROMOTIONS_AFTER);
    hk_bind_int(q, 1, sequence);
    return walk_promotions(q, each, arg, err);
}

bool hk_store_promotion_since(struct hk_db *db, const struct hk_promotion_wanted *wanted, hk_promotion_seen_fn each,
                              void *arg, struct hk_error *err)
{
    bool is_alias = wanted->alias != NULL;
    struct hk_stmt *q = hk_db_query(db, PROMOTION_SINCE);
    hk_bind_text(q, 1, wanted->model);
    hk_bind_text(q, 2, hk_event_kind_name(is_alias ? HK_EVENT_MODEL_ALIAS_SET : HK_EVENT_MODEL_STAGE_CHANGED));
    hk_bind_text(q, 3, is_alias ? wanted->alias : wanted->stage);
    hk_bind_int(q, 4, wanted->since_us);
    return walk_promotions(q, each, arg, err);
}

bool hk_store_events_newest(struct hk_db *db, int64_t *sequence, struct hk_error *err)
{
    *sequence = 0;
    return hk_run_for_int(hk_db_query(db, NEWEST), sequence, err);
}

bool hk_store_cursor_get(struct hk_db *db, const char *consumer, int64_t *sequence, struct hk_error *err)
{
    *sequence = 0;
    struct hk_stmt *q = hk_db_query(db, CURSOR_GET);
    hk_bind_text(q, 1, consumer);
    return hk_run_for_int(q, sequence, err);
}

bool hk_store_cursor_set(struct hk_db *db, const char *consumer, int64_t sequence, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CURSOR_SET);
    hk_bind_text(q, 1, consumer);
    hk_bind_int(q, 2, sequence);
    return hk_run(q, err);
}
