/* Requests: promotions that wait for something that time or people bring. At most one is open for a version and a
 * target. Only engine/store/promotion_store.h opens one and lets it end. */
#ifndef HK_STORE_PROMOTION_REQUEST_STORE_H
#define HK_STORE_PROMOTION_REQUEST_STORE_H

#include "engine/base/arena.h"
#include "engine/registry/promotion.h"
#include "engine/store/db.h"

struct hk_request_row {
    int64_t key;
    const char *id;
    int64_t version_key;
    int64_t model_key;
    const char *model; /* its name now */
    int64_t version;
    struct hk_target target;
    const char *creator; /* NULL: nobody */
    const char *comment; /* NULL: none */
    bool archive_existing;
    int64_t expected_version;
    const char *state;   /* "open", "applied", "rejected", "cancelled", "failed", "superseded" */
    const char *message; /* what it waits for, or how it ended */
    int64_t open_at_us;  /* HK_TIME_NONE: no window is waited for */
    int64_t created_us;
    int64_t updated_us;
    int64_t maker_key; /* for inserting only: the task that asks (maker_store.h); 0: a person */
};

struct hk_request_rows {
    struct hk_request_row *items; /* the arena's */
    size_t count;
    size_t room;
};

HK_MUST_USE bool hk_store_request_insert(struct hk_db *db, const struct hk_request_row *row, int64_t *key,
                                         struct hk_error *err);
HK_MUST_USE bool hk_store_request_close(struct hk_db *db, int64_t key, const char *state, const char *message,
                                        int64_t now_us, struct hk_error *err); /* HK_CONFLICT: it is not open */
HK_MUST_USE bool hk_store_request_note(struct hk_db *db, int64_t key, const char *message, int64_t open_at_us,
                                       int64_t now_us, struct hk_error *err);
HK_MUST_USE bool hk_store_request_archive(struct hk_db *db, int64_t key, bool archive_existing, struct hk_error *err);

/* The open one for a version and a target. */
HK_MUST_USE bool hk_store_request_find(struct hk_db *db, int64_t version_key, const struct hk_target *target,
                                       struct hk_arena *arena, struct hk_request_row *out, bool *found,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_request_get(struct hk_db *db, const char *id, struct hk_arena *arena,
                                      struct hk_request_row *out, struct hk_error *err); /* HK_NOT_FOUND */
/* All of a version, oldest first. */
HK_MUST_USE bool hk_store_requests_of_version(struct hk_db *db, int64_t version_key, struct hk_arena *arena,
                                              struct hk_request_rows *out, struct hk_error *err);
/* The open ones: all; those of a target of a model; those that wait for a DAG run whose end is in the outbox after a
 * sequence number (*last: the newest there is); those whose window has opened. */
HK_MUST_USE bool hk_store_requests_open(struct hk_db *db, struct hk_arena *arena, struct hk_request_rows *out,
                                        struct hk_error *err);
HK_MUST_USE bool hk_store_requests_of_target(struct hk_db *db, int64_t model_key, const struct hk_target *target,
                                             struct hk_arena *arena, struct hk_request_rows *out, struct hk_error *err);
HK_MUST_USE bool hk_store_requests_after(struct hk_db *db, int64_t sequence, int64_t *last, struct hk_arena *arena,
                                         struct hk_request_rows *out, struct hk_error *err);
HK_MUST_USE bool hk_store_requests_due(struct hk_db *db, int64_t now_us, struct hk_arena *arena,
                                       struct hk_request_rows *out, struct hk_error *err);
/* Those open ones for which a DAG run they wait for was deleted, or its DAG paused, unpaused, taken away or brought
 * back, since they were settled last (hk_promotion_continue settles them). */
HK_MUST_USE bool hk_store_requests_stirred(struct hk_db *db, struct hk_arena *arena, struct hk_request_rows *out,
                                           struct hk_error *err);
HK_MUST_USE bool hk_store_request_settle(struct hk_db *db, int64_t key, struct hk_error *err);
HK_MUST_USE bool hk_store_requests_next_due(struct hk_db *db, int64_t *at_us, struct hk_error *err);

/* One approval a person; a second one replaces the first. */
struct hk_approval {
    const char *user;
    const char *role;
    const char *comment; /* NULL: none */
    int64_t given_us;
};
HK_MUST_USE bool hk_store_approval_add(struct hk_db *db, int64_t request_key, const struct hk_approval *approval,
                                       struct hk_error *err);
HK_MUST_USE bool hk_store_approvals(struct hk_db *db, int64_t request_key, struct hk_arena *arena,
                                    struct hk_approval **out, size_t *count, struct hk_error *err);

/* The DAG runs whose ends a request waits for. */
HK_MUST_USE bool hk_store_request_wait(struct hk_db *db, int64_t request_key, const struct hk_fact_dag_run *run,
                                       bool is_validation, struct hk_error *err);

/* Validations of open requests that have not been begun: the run is to be made, with that conf. Texts are valid during
 * the call. */
struct hk_validation_due {
    const char *request_id;
    const char *dag_id;
    const char *run_id;
    const char *conf_json;
    const char *user; /* who asked for the promotion; NULL: nobody */
};
typedef void (*hk_validation_due_fn)(void *arg, const struct hk_validation_due *due);
HK_MUST_USE bool hk_store_validations_due(struct hk_db *db, hk_validation_due_fn each, void *arg, struct hk_error *err);

/* "promotion__<id>", and the conf that the run is given: deterministic, so that a run that was made before a crash is
 * found again, and one that somebody else has made is told apart. */
const char *hk_validation_run_id(const char *request_id, struct hk_arena *arena);
const char *hk_validation_conf(const struct hk_request_row *request, struct hk_arena *arena);

#endif
