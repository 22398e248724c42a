#include "engine/store/variable_store.h"

#include "engine/base/limits.h"

#define VARIABLE_SELECT "SELECT key, value, description, is_encrypted FROM variable v"
static const char VARIABLE_COUNT[] = "SELECT count(*) FROM variable v";
static const char VARIABLE_FIND[] = VARIABLE_SELECT " WHERE key = ?1";
static const char VARIABLE_EXISTS[] = "SELECT 1 FROM variable WHERE key = ?1";
static const char VARIABLE_SET[] =
    "INSERT INTO variable (key, value, description, is_encrypted, added) VALUES (?1, ?2, ?3, 1, "
    "(SELECT coalesce(max(added), 0) + 1 FROM variable)) ON CONFLICT (key) DO UPDATE SET "
    "value = ?2, is_encrypted = 1, description = CASE WHEN ?4 THEN description ELSE ?3 END";
static const char VARIABLE_DESCRIBE[] = "UPDATE variable SET description = ?2 WHERE key = ?1";
static const char VARIABLE_DELETE[] = "DELETE FROM variable WHERE key = ?1";

const struct hk_order_field hk_variable_orders[] = {
    {"key", "v.key", NULL},
    {"id", "v.added", NULL},
    {"_val", "v.value", NULL},
    {"description", "v.description", NULL},
    {"is_encrypted", "v.is_encrypted", NULL},
    {NULL, NULL, NULL},
};
static const char *const KEY[] = {"v.added", "v.key", NULL};
static const struct hk_list_sql LIST = {VARIABLE_SELECT, NULL, KEY};

static bool hand_out(struct hk_stmt *q, const struct hk_secret_key *secret, hk_variable_info_fn each, void *arg,
                     bool *found, struct hk_error *err)
{
    bool ok = true;
    struct hk_buf plain;
    hk_buf_init(&plain, HK_MAX_VARIABLE_BYTES + 64);
    while (hk_step(q, &ok, err)) {
        struct hk_variable_info row = {hk_column_text(q, 0), hk_column_str(q, 1), hk_column_text(q, 2),
                                       hk_column_int(q, 3) != 0};
        hk_buf_reset(&plain);
        if (row.is_encrypted) {
            if (!hk_secret_unseal(secret, row.value, &plain, err)) {
                hk_error_prefix(err, "variable '%s'", row.key);
                hk_reset(q);
                ok = false;
                break;
            }
            row.value = plain.len > 0 ? hk_buf_str(&plain) : HK_STR("");
        }
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            break;
        }
    }
    hk_buf_clear(&plain);
    return ok;
}

bool hk_store_variable_list(struct hk_db *db, const struct hk_secret_key *secret, const struct hk_search *key,
                            const struct hk_page *page, hk_variable_info_fn each, void *arg, int64_t *total,
                            struct hk_error *err)
{
    struct hk_filter f;
    hk_filter_init(&f);
    hk_filter_search(&f, "v.key", key);
    struct hk_stmt *q = NULL;
    bool found = false;
    bool ok = hk_filter_count(&f, db, VARIABLE_COUNT, total, err) && hk_filter_select(&f, db, &LIST, page, &q, err) &&
              hand_out(q, secret, each, arg, &found, err);
    hk_stmt_free(q);
    hk_filter_clear(&f);
    return ok;
}

bool hk_store_variable_find(struct hk_db *db, const struct hk_secret_key *secret, struct hk_str key,
                            hk_variable_info_fn each, void *arg, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VARIABLE_FIND);
    hk_bind_str(q, 1, key);
    *found = false;
    return hand_out(q, secret, each, arg, found, err);
}

bool hk_store_variable_exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VARIABLE_EXISTS);
    hk_bind_str(q, 1, key);
    *found = false;
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        *found = true;
    }
    return ok;
}

static bool describe(struct hk_db *db, const struct hk_variable_save *save, struct hk_error *err)
{
    if (save->keeps_description) {
        return true;
    }
    struct hk_stmt *q = hk_db_query(db, VARIABLE_DESCRIBE);
    hk_bind_str(q, 1, save->key);
    hk_bind_str(q, 2, save->description);
    return hk_run(q, err);
}

bool hk_store_variable_set(struct hk_db *db, const struct hk_secret_key *secret, const struct hk_variable_save *save,
                           struct hk_error *err)
{
    if (save->value.data == NULL) {
        return describe(db, save, err);
    }
    struct hk_buf sealed;
    hk_buf_init(&sealed, SIZE_MAX);
    bool ok = hk_secret_seal(secret, save->value, save->now_us, &sealed, err);
    if (ok) {
        struct hk_stmt *q = hk_db_query(db, VARIABLE_SET);
        hk_bind_str(q, 1, save->key);
        hk_bind_str(q, 2, hk_buf_str(&sealed));
        hk_bind_str(q, 3, save->description);
        hk_bind_int(q, 4, save->keeps_description);
        ok = hk_run(q, err);
    }
    hk_buf_clear(&sealed);
    return ok;
}

bool hk_store_variable_delete(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, VARIABLE_DELETE);
    hk_bind_str(q, 1, key);
    bool ok = hk_run(q, err);
    *found = ok && hk_db_changes(db) > 0;
    return ok;
}
