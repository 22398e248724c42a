/* Variables. Values are sealed with the key (secret.h) on their way in and opened on their way out. Texts in rows are
 * valid during the call that hands them out. */
#ifndef HK_STORE_VARIABLE_STORE_H
#define HK_STORE_VARIABLE_STORE_H

#include "engine/store/filter.h"
#include "engine/store/secret.h"

struct hk_variable_info {
    const char *key;
    struct hk_str value;
    const char *description; /* NULL: none */
    bool is_encrypted;
};

struct hk_variable_save {
    struct hk_str key;
    struct hk_str value;       /* data NULL: keep */
    struct hk_str description; /* data NULL: none */
    bool keeps_description;
    int64_t now_us;
};

extern const struct hk_order_field hk_variable_orders[];

typedef bool (*hk_variable_info_fn)(void *arg, const struct hk_variable_info *row);
HK_MUST_USE bool hk_store_variable_list(struct hk_db *db, const struct hk_secret_key *secret,
                                        const struct hk_search *key, const struct hk_page *page,
                                        hk_variable_info_fn each, void *arg, int64_t *total, struct hk_error *err);
HK_MUST_USE bool hk_store_variable_find(struct hk_db *db, const struct hk_secret_key *secret, struct hk_str key,
                                        hk_variable_info_fn each, void *arg, bool *found, struct hk_error *err);
HK_MUST_USE bool hk_store_variable_exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err);
/* Adds, or changes what is there. A new one needs a value. */
HK_MUST_USE bool hk_store_variable_set(struct hk_db *db, const struct hk_secret_key *secret,
                                       const struct hk_variable_save *save, struct hk_error *err);
/* *found false: there was none. */
HK_MUST_USE bool hk_store_variable_delete(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err);

#endif
