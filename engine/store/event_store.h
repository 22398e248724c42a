/* The outbox in the database (engine/events/event.h says what an event is). Writers add events in the transaction that
 * makes them true; consumers read those after their cursor and move it, in the transaction that does what they do
 * about them, or after it if doing it twice is harmless.
 *
 *     struct hk_model_event e = {.kind = HK_EVENT_MODEL_ALIAS_SET, .model = name, .version = 3, .target = "champion",
 *                                .actor = user, .happened_us = now_us};
 *     ok = ok && hk_store_model_event_add(db, &e, err);
 *
 * After the commit those who watch the store are called on the loop (hk_store_watch in engine/store/store.h). */
#ifndef HK_STORE_EVENT_STORE_H
#define HK_STORE_EVENT_STORE_H

#include "engine/events/event.h"
#include "engine/store/db.h"

/* Writer, inside a write. */
HK_MUST_USE bool hk_store_event_add(struct hk_db *db, const struct hk_event *event, struct hk_error *err);
/* The event, and one of the asset that stands for the target (model://NAME@ALIAS, model://NAME/STAGE) if a DAG names
 * that asset: whatever moves a version calls this once, in the same write. */
HK_MUST_USE bool hk_store_model_event_add(struct hk_db *db, const struct hk_model_event *event, struct hk_error *err);

/* Events with a greater sequence number, in their order, at most `limit`; texts are valid during the call. */
typedef bool (*hk_event_fn)(void *arg, const struct hk_event *event);
HK_MUST_USE bool hk_store_events_after(struct hk_db *db, int64_t sequence, int64_t limit, hk_event_fn each, void *arg,
                                       struct hk_error *err);

/* ---- promotions among the events: a version that has come to hold an alias, or to be in a stage ---- */

struct hk_promotion_seen {
    const char *model;
    const char *target; /* the alias or the stage */
    bool is_stage;
    int64_t happened_us;
    const char *payload_json;
};
typedef bool (*hk_promotion_seen_fn)(void *arg, const struct hk_promotion_seen *seen);
HK_MUST_USE bool hk_store_promotions_after(struct hk_db *db, int64_t sequence, hk_promotion_seen_fn each, void *arg,
                                           struct hk_error *err);

struct hk_promotion_wanted {
    const char *model;
    const char *alias; /* NULL: the stage */
    const char *stage;
    int64_t since_us;
};
/* Those of one target since then, newest first. */
HK_MUST_USE bool hk_store_promotion_since(struct hk_db *db, const struct hk_promotion_wanted *wanted,
                                          hk_promotion_seen_fn each, void *arg, struct hk_error *err);

HK_MUST_USE bool hk_store_events_newest(struct hk_db *db, int64_t *sequence, struct hk_error *err); /* 0: none */

/* Up to where a consumer has come; 0 when it is new. */
HK_MUST_USE bool hk_store_cursor_get(struct hk_db *db, const char *consumer, int64_t *sequence, struct hk_error *err);
HK_MUST_USE bool hk_store_cursor_set(struct hk_db *db, const char *consumer, int64_t sequence, struct hk_error *err);

#endif
