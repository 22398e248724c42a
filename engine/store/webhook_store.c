#include "engine/store/webhook_store.h"

#include "engine/base/clock.h"

#define UUID                                                                                                           \
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || "       \
    "substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
#define COLUMNS "webhook_key, webhook_id, name, description, url, is_active, created_ms, updated_ms"

static const char ADD[] = "INSERT INTO webhook (webhook_id, name, description, url, is_active, created_ms, updated_ms) "
                          "VALUES (" UUID ", '', '', '', 1, ?1, ?1)";
static const char BY_KEY[] = "SELECT " COLUMNS " FROM webhook WHERE webhook_key = ?1";
static const char FIND[] = "SELECT " COLUMNS " FROM webhook WHERE webhook_id = ?1";
static const char LIST[] =
    "SELECT " COLUMNS " FROM webhook ORDER BY created_ms DESC, webhook_key DESC LIMIT ?2 OFFSET ?1";
static const char CHANGE[] =
    "UPDATE webhook SET name = coalesce(?2, name), description = coalesce(?3, description), url = coalesce(?4, url), "
    "is_active = coalesce(?5, is_active), updated_ms = ?6 WHERE webhook_key = ?1";
static const char SET_SECRET[] = "UPDATE webhook SET secret = ?2 WHERE webhook_key = ?1";
static const char DELETE_WEBHOOK[] = "DELETE FROM webhook WHERE webhook_id = ?1";
static const char UNSUBSCRIBE[] = "DELETE FROM webhook_subscription WHERE webhook_key = ?1";
static const char SUBSCRIBE[] =
    "INSERT INTO webhook_subscription (webhook_key, entity, action) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
static const char EVENTS[] =
    "SELECT entity, action FROM webhook_subscription WHERE webhook_key = ?1 ORDER BY entity, action";
static const char DUE[] =
    "SELECT d.delivery_key, d.delivery_id, d.entity, d.action, d.data, w.url, w.secret, d.happened_us, d.tries "
    "FROM webhook_delivery d JOIN webhook w USING (webhook_key) WHERE d.due_us <= ?1 "
    "ORDER BY d.due_us, d.delivery_key LIMIT ?2";
static const char NEXT_DUE[] = "SELECT min(due_us) FROM webhook_delivery WHERE due_us > ?1";
static const char TARGET[] = "SELECT url, secret FROM webhook WHERE webhook_id = ?1";
static const char DELIVERED[] = "DELETE FROM webhook_delivery WHERE delivery_key = ?1";
static const char POSTPONE[] = "UPDATE webhook_delivery SET due_us = ?2, tries = tries + 1 WHERE delivery_key = ?1";

static struct hk_webhook_row read_row(struct hk_stmt *q, struct hk_arena *arena)
{
    return (struct hk_webhook_row){.key = hk_column_int(q, 0),
                                   .webhook_id = hk_arena_strdup(arena, hk_column_text(q, 1)),
                                   .name = hk_arena_strdup(arena, hk_column_text(q, 2)),
                                   .description = hk_arena_strdup(arena, hk_column_text(q, 3)),
                                   .url = hk_arena_strdup(arena, hk_column_text(q, 4)),
                                   .is_active = hk_column_int(q, 5) != 0,
                                   .created_ms = hk_column_int(q, 6),
                                   .updated_ms = hk_column_int(q, 7)};
}

bool hk_store_webhook_get(struct hk_db *db, const char *webhook_id, struct hk_arena *arena, struct hk_webhook_row *out,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_text(q, 1, webhook_id);
    bool ok = true;
    bool found = false;
    while (hk_step(q, &ok, err)) {
        *out = read_row(q, arena);
        found = true;
    }
    return ok && (found || hk_error_set(err, HK_NOT_FOUND, "Webhook with ID %s not found.", webhook_id));
}

static bool set_secret(struct hk_db *db, const struct hk_secret_key *secret, int64_t key,
                       const struct hk_webhook_save *save, struct hk_error *err)
{
    if (save->secret.data == NULL) {
        return true;
    }
    struct hk_buf sealed;
    hk_buf_init(&sealed, SIZE_MAX);
    bool ok = save->secret.len == 0 || hk_secret_seal(secret, save->secret, save->now_us, &sealed, err);
    if (ok) {
        struct hk_stmt *q = hk_db_query(db, SET_SECRET);
        hk_bind_int(q, 1, key);
        hk_bind_str(q, 2, save->secret.len > 0 ? hk_buf_str(&sealed) : (struct hk_str){0});
        ok = hk_run(q, err);
    }
    hk_buf_clear(&sealed);
    return ok;
}

static bool set_events(struct hk_db *db, int64_t key, const struct hk_webhook_save *save, struct hk_error *err)
{
    if (save->event_count == 0) {
        return true;
    }
    struct hk_stmt *q = hk_db_query(db, UNSUBSCRIBE);
    hk_bind_int(q, 1, key);
    bool ok = hk_run(q, err);
    for (size_t i = 0; i < save->event_count && ok; i++) {
        q = hk_db_query(db, SUBSCRIBE);
        hk_bind_int(q, 1, key);
        hk_bind_text(q, 2, hk_webhook_events[save->events[i]].entity);
        hk_bind_text(q, 3, hk_webhook_events[save->events[i]].action);
        ok = hk_run(q, err);
    }
    return ok;
}

static bool change(struct hk_db *db, const struct hk_secret_key *secret, int64_t key,
                   const struct hk_webhook_save *save, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, CHANGE);
    hk_bind_int(q, 1, key);
    hk_bind_str(q, 2, save->name);
    hk_bind_str(q, 3, save->description);
    hk_bind_str(q, 4, save->url);
    if (save->has_status) {
        hk_bind_int(q, 5, save->is_active);
    } else {
        hk_bind_null(q, 5);
    }
    hk_bind_int(q, 6, save->now_us / HK_MS_US);
    return hk_run(q, err) && set_secret(db, secret, key, save, err) && set_events(db, key, save, err);
}

bool hk_store_webhook_create(struct hk_db *db, const struct hk_secret_key *secret, const struct hk_webhook_save *save,
                             struct hk_arena *arena, const char **webhook_id, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, ADD);
    hk_bind_int(q, 1, save->now_us / HK_MS_US);
    if (!hk_run(q, err)) {
        return false;
    }
    int64_t key = hk_db_last_key(db);
    if (!change(db, secret, key, save, err)) {
        return false;
    }
    q = hk_db_query(db, BY_KEY);
    hk_bind_int(q, 1, key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *webhook_id = hk_arena_strdup(arena, hk_column_text(q, 1));
    }
    return ok;
}

bool hk_store_webhook_update(struct hk_db *db, const struct hk_secret_key *secret, const char *webhook_id,
                             const struct hk_webhook_save *save, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_webhook_row row = {0};
    hk_arena_init(&arena);
    bool ok = hk_store_webhook_get(db, webhook_id, &arena, &row, err) && change(db, secret, row.key, save, err);
    hk_arena_clear(&arena);
    return ok;
}

bool hk_store_webhook_delete(struct hk_db *db, const char *webhook_id, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DELETE_WEBHOOK);
    hk_bind_text(q, 1, webhook_id);
    return hk_run(q, err) &&
           (hk_db_changes(db) > 0 || hk_error_set(err, HK_NOT_FOUND, "Webhook with ID %s not found.", webhook_id));
}

bool hk_store_webhooks(struct hk_db *db, int64_t offset, int64_t limit, struct hk_arena *arena, hk_webhook_fn each,
                       void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, LIST);
    hk_bind_int(q, 1, offset);
    hk_bind_int(q, 2, limit);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_webhook_row row = read_row(q, arena);
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_webhook_events(struct hk_db *db, int64_t key,
                             void (*each)(void *arg, const char *entity, const char *action), void *arg,
                             struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, EVENTS);
    hk_bind_int(q, 1, key);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        each(arg, hk_column_text(q, 0), hk_column_text(q, 1));
    }
    return ok;
}

static bool open_secret(const struct hk_secret_key *key, struct hk_stmt *q, int at, struct hk_arena *arena,
                        struct hk_str *out, struct hk_error *err)
{
    *out = (struct hk_str){0};
    if (hk_column_is_null(q, at)) {
        return true;
    }
    struct hk_buf plain;
    hk_buf_init(&plain, SIZE_MAX);
    bool ok = hk_secret_unseal(key, hk_column_str(q, at), &plain, err);
    if (ok) {
        *out = hk_arena_str(arena, hk_buf_str(&plain));
    }
    hk_buf_clear(&plain);
    return ok;
}

bool hk_store_webhook_due(struct hk_db *db, const struct hk_secret_key *secret, int64_t now_us, int64_t limit,
                          struct hk_arena *arena, hk_webhook_delivery_fn each, void *arg, int64_t *next_us,
                          struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DUE);
    hk_bind_int(q, 1, now_us);
    hk_bind_int(q, 2, limit);
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_webhook_delivery d = {.key = hk_column_int(q, 0),
                                        .delivery_id = hk_arena_strdup(arena, hk_column_text(q, 1)),
                                        .entity = hk_arena_strdup(arena, hk_column_text(q, 2)),
                                        .action = hk_arena_strdup(arena, hk_column_text(q, 3)),
                                        .data_json = hk_arena_strdup(arena, hk_column_text(q, 4)),
                                        .url = hk_arena_strdup(arena, hk_column_text(q, 5)),
                                        .happened_us = hk_column_int(q, 7),
                                        .tries = hk_column_int(q, 8)};
        if (!open_secret(secret, q, 6, arena, &d.secret, err)) {
            hk_reset(q);
            return false;
        }
        each(arg, &d);
    }
    *next_us = HK_TIME_NONE;
    q = hk_db_query(db, NEXT_DUE);
    hk_bind_int(q, 1, now_us);
    while (ok && hk_step(q, &ok, err)) {
        *next_us = hk_column_time(q, 0);
    }
    return ok;
}

bool hk_store_webhook_target(struct hk_db *db, const struct hk_secret_key *secret, const char *webhook_id,
                             struct hk_arena *arena, struct hk_webhook_delivery *out, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, TARGET);
    hk_bind_text(q, 1, webhook_id);
    bool ok = true;
    bool found = false;
    while (hk_step(q, &ok, err)) {
        out->url = hk_arena_strdup(arena, hk_column_text(q, 0));
        if (!open_secret(secret, q, 1, arena, &out->secret, err)) {
            hk_reset(q);
            return false;
        }
        found = true;
    }
    return ok && (found || hk_error_set(err, HK_NOT_FOUND, "Webhook with ID %s not found.", webhook_id));
}

bool hk_store_webhook_delivered(struct hk_db *db, int64_t key, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, DELIVERED);
    hk_bind_int(q, 1, key);
    return hk_run(q, err);
}

bool hk_store_webhook_postpone(struct hk_db *db, int64_t key, int64_t due_us, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, POSTPONE);
    hk_bind_int(q, 1, key);
    hk_bind_int(q, 2, due_us);
    return hk_run(q, err);
}
