#include "engine/store/user_store.h"

#include "engine/store/store.h"

#define USER_SELECT "SELECT username, role, password_hash, created_us FROM user "
static const char USERS_EACH[] = USER_SELECT "ORDER BY username";
static const char USER_GET[] = USER_SELECT "WHERE username = ?1";
static const char USER_INSERT[] =
    "INSERT INTO user (username, role, password_hash, created_us) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (username) DO NOTHING";
static const char USER_REPLACE[] =
    "INSERT INTO user (username, role, password_hash, created_us) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (username) DO UPDATE SET role = ?2, password_hash = ?3";
static const char USER_DELETE[] = "DELETE FROM user WHERE username = ?1";

static bool hand_out(struct hk_stmt *q, hk_user_row_fn each, void *arg, bool *found, struct hk_error *err)
{
    bool ok = true;
    while (hk_step(q, &ok, err)) {
        struct hk_user_row row = {hk_column_text(q, 0), hk_column_text(q, 1), hk_column_text(q, 2),
                                  hk_column_int(q, 3)};
        *found = true;
        if (!each(arg, &row)) {
            hk_reset(q);
            return true;
        }
    }
    return ok;
}

bool hk_store_users_each(struct hk_db *db, hk_user_row_fn each, void *arg, struct hk_error *err)
{
    bool found = false;
    return hand_out(hk_db_query(db, USERS_EACH), each, arg, &found, err);
}

bool hk_store_user_get(struct hk_db *db, struct hk_str username, hk_user_row_fn each, void *arg, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, USER_GET);
    hk_bind_str(q, 1, username);
    bool found = false;
    if (!hand_out(q, each, arg, &found, err)) {
        return false;
    }
    return found || hk_error_set(err, HK_NOT_FOUND, "there is no user '%.*s'", HK_STR_ARG(username));
}

bool hk_store_user_put(struct hk_db *db, const struct hk_user_row *row, bool may_replace, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, may_replace ? USER_REPLACE : USER_INSERT);
    hk_bind_text(q, 1, row->username);
    hk_bind_text(q, 2, row->role);
    hk_bind_text(q, 3, row->password_hash);
    hk_bind_int(q, 4, row->created_us);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 ||
           hk_error_set(err, HK_CONFLICT, "user '%s' exists already; delete it first", row->username);
}

bool hk_store_user_delete(struct hk_db *db, const char *username, struct hk_error *err)
{
    struct hk_stmt *q = hk_db_query(db, USER_DELETE);
    hk_bind_text(q, 1, username);
    if (!hk_run(q, err)) {
        return false;
    }
    return hk_db_changes(db) > 0 || hk_error_set(err, HK_NOT_FOUND, "there is no user '%s'", username);
}

struct copy {
    char *hash;
    size_t hash_size;
    char *role;
    size_t role_size;
    bool fits;
};

static bool copy_user(void *arg, const struct hk_user_row *row)
{
    struct copy *copy = arg;
    copy->fits = hk_str_copy(copy->hash, copy->hash_size, hk_str_from(row->password_hash)) &&
                 hk_str_copy(copy->role, copy->role_size, hk_str_from(row->role));
    return true;
}

bool hk_store_user_find(struct hk_store *store, struct hk_str username, char *hash, size_t hash_size, char *role,
                        size_t role_size, struct hk_error *err)
{
    struct hk_db *db;
    if (!hk_store_reader_take(store, &db, err)) {
        return false;
    }
    struct copy copy = {hash, hash_size, role, role_size, false};
    bool ok = hk_store_user_get(db, username, copy_user, &copy, err);
    hk_store_reader_give(store, db);
    if (ok && !copy.fits) {
        return hk_error_set(err, HK_CORRUPT, "the password hash or role of user '%.*s' is too long",
                            HK_STR_ARG(username));
    }
    return ok;
}
