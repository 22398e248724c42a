#include "engine/store/event_store.h"

#include "engine/base/clock.h"
#include "engine/store/asset_store.h"

static const char ADD[] = "INSERT INTO event (kind, subject, actor, happened_us, payload) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char AFTER[] = "SELECT sequence, kind, subject, actor, happened_us, payload FROM event "
                            "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
static const char CURSOR_GET[] = "SELECT sequence FROM event_cursor WHERE consumer = ?1";
static const char CURSOR_SET[] = "INSERT INTO event_cursor (consumer, sequence) VALUES (?1, ?2) "
                                 "ON CONFLICT (consumer) DO UPDATE SET sequence = ?2";

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
