/* The people who may log in, and their roles. `password_hash` is api/http/password.h's encoded text; nothing here knows
 * passwords. Texts in rows are valid during the call that hands them out. */
#ifndef HK_STORE_USER_STORE_H
#define HK_STORE_USER_STORE_H

#include "engine/store/db.h"

struct hk_user_row {
    const char *username;
    const char *role;
    const char *password_hash;
    int64_t created_us;
};

typedef bool (*hk_user_row_fn)(void *arg, const struct hk_user_row *row);
/* By name. */
HK_MUST_USE bool hk_store_users_each(struct hk_db *db, hk_user_row_fn each, void *arg, struct hk_error *err);
/* HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_user_get(struct hk_db *db, struct hk_str username, hk_user_row_fn each, void *arg,
                                   struct hk_error *err);
/* HK_CONFLICT when the name is taken, unless it may replace. */
HK_MUST_USE bool hk_store_user_put(struct hk_db *db, const struct hk_user_row *row, bool may_replace,
                                   struct hk_error *err);
/* HK_NOT_FOUND. */
HK_MUST_USE bool hk_store_user_delete(struct hk_db *db, const char *username, struct hk_error *err);

/* The auth port's question (hk_auth_users.find of api/http/auth.h): copies hash and role. */
struct hk_store;
HK_MUST_USE bool hk_store_user_find(struct hk_store *store, struct hk_str username, char *hash, size_t hash_size,
                                    char *role, size_t role_size, struct hk_error *err);

#endif
