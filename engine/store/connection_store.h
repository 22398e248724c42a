/* Connections. Password and extra are sealed with the key (secret.h) on their way in and opened on their way out. Texts
 * in rows are valid during the call that hands them out; data NULL stands for null. */
#ifndef HK_STORE_CONNECTION_STORE_H
#define HK_STORE_CONNECTION_STORE_H

#include "engine/store/filter.h"
#include "engine/store/secret.h"

struct hk_connection_info {
    struct hk_str conn_id;
    struct hk_str conn_type;
    struct hk_str description;
    struct hk_str host;
    struct hk_str login;
    struct hk_str schema;
    int64_t port; /* HK_TIME_NONE: null */
    struct hk_str password;
    struct hk_str extra;
};

extern const struct hk_order_field hk_connection_orders[];

typedef bool (*hk_connection_info_fn)(void *arg, const struct hk_connection_info *row);
HK_MUST_USE bool hk_store_connection_list(struct hk_db *db, const struct hk_secret_key *secret,
                                          const struct hk_search *conn_id, const struct hk_page *page,
                                          hk_connection_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_connection_find(struct hk_db *db, const struct hk_secret_key *secret, struct hk_str conn_id,
                                          hk_connection_info_fn each, void *arg, bool *found, struct hk_error *err);
HK_MUST_USE bool hk_store_connection_exists(struct hk_db *db, struct hk_str conn_id, bool *found, struct hk_error *err);
/* Adds or replaces the whole row. */
HK_MUST_USE bool hk_store_connection_set(struct hk_db *db, const struct hk_secret_key *secret,
                                         const struct hk_connection_info *row, int64_t now_us, struct hk_error *err);
HK_MUST_USE bool hk_store_connection_delete(struct hk_db *db, struct hk_str conn_id, bool *found, struct hk_error *err);

#endif
