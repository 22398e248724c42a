/* PATCH of a collection: {"actions": [{"action": "create"|"update"|"delete", "entities": [...], ...}]}, all in one
 * transaction; each action tells what it did and what it could not. */
#ifndef HK_API_AIRFLOW_BULK_H
#define HK_API_AIRFLOW_BULK_H

#include "api/airflow/rest_internal.h"

struct hk__bulk_entity {
    struct hk_str key;
    void *data; /* what read made; NULL for deletions */
};

struct hk__bulk_kind {
    const char *plural;    /* "variables" */
    const char *keys;      /* as in "The variables with these keys: ..." */
    const char *id_member; /* of an entity object in a deletion */
    const char *event;
    void *(*read)(struct hk_validation *v, struct hk_body *body, struct hk_str *key);
    bool (*exists)(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err);
    bool (*save)(struct hk_db *db, const struct hk_airflow *air, const struct hk__bulk_entity *entity,
                 struct hk_texts mask, struct hk_error *err);
    bool (*remove)(struct hk_db *db, struct hk_str key, struct hk_error *err);
};

void hk__bulk(const struct hk_request *req, struct hk_response *res, const struct hk__bulk_kind *kind);

#endif
