/* What users keep in hanok under a name: variables, connections, pools. One way to GET, POST, PATCH and DELETE each,
 * and to PATCH the collection: {"actions": [{"action": "create"|"update"|"delete", "entities": [...], ...}]}, all in
 * one transaction, where each action tells what it did and what it could not. */
#ifndef HK_API_AIRFLOW_ENTITY_H
#define HK_API_AIRFLOW_ENTITY_H

#include "api/airflow/bulk.h"

struct hk__entity {
    struct hk_str key;
    void *data; /* what read made; NULL for deletions */
};

struct hk__entity_kind {
    const char *noun;        /* "Variable", as in "The Variable with key: `x` was not found" */
    const char *id_member;   /* "key": in those words and in bodies */
    const char *path_member; /* "variable_key" */
    const char *plural;      /* "variables", as in "The variables with these keys: ..." */
    const char *keys;
    const char *mismatch; /* PATCH whose body has another key than the path */
    const char *event_post;
    const char *event_patch;
    const char *event_delete;
    const char *event_bulk;
    bool says_unique; /* POST of what is there already is told in the words of Airflow's database */
    /* A whole body; the mask is the update's (POST: empty). */
    void *(*read)(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str *key);
    /* The body of a PATCH of one, where it differs; NULL: read, and its key has to be the path's. */
    void *(*read_patch)(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str key);
    bool (*exists)(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err);
    bool (*save)(struct hk_db *db, const struct hk_airflow *air, const struct hk__entity *entity, bool is_new,
                 struct hk_error *err);
    bool (*write)(struct hk_db *db, struct hk__list *one, struct hk_str key, bool *found, struct hk_error *err);
    bool (*remove)(struct hk_db *db, struct hk_str key, struct hk_error *err);
    void (*after)(struct hk_airflow *air, const struct hk__entity *entity); /* NULL: nothing; after the commit */
};

void hk__entity_get(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind);
void hk__entity_post(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind);
void hk__entity_patch(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind);
void hk__entity_delete(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind);
void hk__entities_bulk(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind);

/* The five handlers of routes.h for a kind. */
#define HK__ENTITY_ROUTES(one, all, kind)                                                                              \
    void hk__##one##_get(const struct hk_request *req, struct hk_response *res)                                        \
    {                                                                                                                  \
        hk__entity_get(req, res, &(kind));                                                                             \
    }                                                                                                                  \
    void hk__##one##_post(const struct hk_request *req, struct hk_response *res)                                       \
    {                                                                                                                  \
        hk__entity_post(req, res, &(kind));                                                                            \
    }                                                                                                                  \
    void hk__##one##_patch(const struct hk_request *req, struct hk_response *res)                                      \
    {                                                                                                                  \
        hk__entity_patch(req, res, &(kind));                                                                           \
    }                                                                                                                  \
    void hk__##one##_delete(const struct hk_request *req, struct hk_response *res)                                     \
    {                                                                                                                  \
        hk__entity_delete(req, res, &(kind));                                                                          \
    }                                                                                                                  \
    void hk__##all##_bulk(const struct hk_request *req, struct hk_response *res)                                       \
    {                                                                                                                  \
        hk__entities_bulk(req, res, &(kind));                                                                          \
    }

#endif
