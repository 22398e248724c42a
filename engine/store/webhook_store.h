/* Webhooks, and what is still to be delivered to them (webhook_news.h owes it). Secrets are sealed with the engine's
 * key on their way in and opened for a delivery alone. Texts of rows are the arena's. */
#ifndef HK_STORE_WEBHOOK_STORE_H
#define HK_STORE_WEBHOOK_STORE_H

#include "engine/base/arena.h"
#include "engine/registry/webhook.h"
#include "engine/store/db.h"
#include "engine/store/secret.h"

struct hk_webhook_row {
    int64_t key;
    const char *webhook_id;
    const char *name;
    const char *description; /* may be empty */
    const char *url;
    bool is_active;
    int64_t created_ms;
    int64_t updated_ms;
};

/* Fields with data NULL stay as they are; so do the events where count is 0. */
struct hk_webhook_save {
    struct hk_str name;
    struct hk_str description;
    struct hk_str url;
    struct hk_str secret; /* empty: none from now on */
    const size_t *events; /* into hk_webhook_events, each once */
    size_t event_count;
    bool has_status;
    bool is_active;
    int64_t now_us;
};

HK_MUST_USE bool hk_store_webhook_create(struct hk_db *db, const struct hk_secret_key *secret,
                                         const struct hk_webhook_save *save, struct hk_arena *arena,
                                         const char **webhook_id, struct hk_error *err);
/* All of them: HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_webhook_get(struct hk_db *db, const char *webhook_id, struct hk_arena *arena,
                                      struct hk_webhook_row *out, struct hk_error *err);
HK_MUST_USE bool hk_store_webhook_update(struct hk_db *db, const struct hk_secret_key *secret, const char *webhook_id,
                                         const struct hk_webhook_save *save, struct hk_error *err);
HK_MUST_USE bool hk_store_webhook_delete(struct hk_db *db, const char *webhook_id, struct hk_error *err);

/* Newest first, from the offset on. false ends the list. */
typedef bool (*hk_webhook_fn)(void *arg, const struct hk_webhook_row *row);
HK_MUST_USE bool hk_store_webhooks(struct hk_db *db, int64_t offset, int64_t limit, struct hk_arena *arena,
                                   hk_webhook_fn each, void *arg, struct hk_error *err);
/* In alphabetical order. */
HK_MUST_USE bool hk_store_webhook_events(struct hk_db *db, int64_t key,
                                         void (*each)(void *arg, const char *entity, const char *action), void *arg,
                                         struct hk_error *err);

/* ---- deliveries ---- */

struct hk_webhook_delivery {
    int64_t key; /* 0: a trial, which the database does not know */
    const char *delivery_id;
    const char *entity;
    const char *action;
    const char *data_json;
    const char *url;
    struct hk_str secret; /* opened; data NULL: none */
    int64_t happened_us;
    int64_t tries; /* before this one */
};

/* Those that are due, at most `limit`, the longest due first; *next_us is when the next one after them is due,
 * HK_TIME_NONE: none is. */
typedef void (*hk_webhook_delivery_fn)(void *arg, const struct hk_webhook_delivery *delivery);
HK_MUST_USE bool hk_store_webhook_due(struct hk_db *db, const struct hk_secret_key *secret, int64_t now_us,
                                      int64_t limit, struct hk_arena *arena, hk_webhook_delivery_fn each, void *arg,
                                      int64_t *next_us, struct hk_error *err);
/* Where a trial goes: url and secret. */
HK_MUST_USE bool hk_store_webhook_target(struct hk_db *db, const struct hk_secret_key *secret, const char *webhook_id,
                                         struct hk_arena *arena, struct hk_webhook_delivery *out, struct hk_error *err);
HK_MUST_USE bool hk_store_webhook_delivered(struct hk_db *db, int64_t key, struct hk_error *err);
HK_MUST_USE bool hk_store_webhook_postpone(struct hk_db *db, int64_t key, int64_t due_us, struct hk_error *err);

#endif
