/* The frame of every bulk PATCH: {"actions": [{"action": "create"|"update"|"delete", "entities": [...], ...}]},
 * answered with what each kind of action did and what it could not. What an entity is belongs to the caller. */
#ifndef HK_API_AIRFLOW_BULK_H
#define HK_API_AIRFLOW_BULK_H

#include "api/airflow/rest_internal.h"

enum hk__bulk_do { HK__BULK_CREATE, HK__BULK_UPDATE, HK__BULK_DELETE, HK__BULK_COUNT };
/* What to do when something is there (create) or is not (update, delete). */
enum hk__bulk_otherwise { HK__BULK_FAIL, HK__BULK_SKIP, HK__BULK_OVERWRITE };

struct hk__bulk_action {
    enum hk__bulk_do what;
    enum hk__bulk_otherwise otherwise;
    struct hk_texts mask; /* of an update */
    size_t count;
    void **entities; /* what read_entity made */
};

struct hk__bulk_item {
    const char *text;
    int status; /* 0: done */
};

struct hk__bulk_outcome {
    bool was_asked;
    struct hk__bulk_item *items;
    size_t count;
    size_t cap;
};

/* Lives in the request's arena. */
struct hk__bulk {
    struct hk_arena *arena;
    struct hk__bulk_action *actions;
    size_t count;
    size_t calls; /* of the scheduler, that a bulk of runs or tasks will make */
    struct hk__bulk_outcome outcomes[HK__BULK_COUNT];
};

/* One entity of an action: an object, or (of deletions) NULL and a text. */
typedef void *(*hk__bulk_read_fn)(struct hk_validation *v, const void *context, const struct hk__bulk_action *action,
                                  struct hk_body *object, struct hk_str text);
/* Reads the request's body. */
void hk__bulk_read(struct hk_validation *v, struct hk__bulk *bulk, hk__bulk_read_fn read_entity, const void *context);

/* A whole bulk before its command: reads the body, then lets prepare look up what the entities name. NULL: answered. */
struct hk__bulk *hk__bulk_take(const struct hk_request *req, struct hk_response *res, hk__bulk_read_fn read_entity,
                               bool (*prepare)(struct hk_db *db, struct hk__bulk *bulk, const struct hk_request *req,
                                               struct hk_error *err));

void hk__bulk_begin_action(struct hk__bulk *bulk, enum hk__bulk_do what);
void hk__bulk_done(struct hk__bulk *bulk, enum hk__bulk_do what, const char *fmt, ...) HK_PRINTF(3, 4);
void hk__bulk_error(struct hk__bulk *bulk, enum hk__bulk_do what, int status, const char *fmt, ...) HK_PRINTF(4, 5);
void hk__bulk_write(struct hk_response *res, const struct hk__bulk *bulk);

#endif
