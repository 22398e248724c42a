/* Shared by services.c and its parts: one call of the table on its way to an answer. A part's function of the table
 * makes a call with hk__call_new, copies its arguments into it and sends it off; the call's `run` then works on another
 * thread with nothing but the call and a connection. */
#ifndef HK_WORKERS_SERVICES_INTERNAL_H
#define HK_WORKERS_SERVICES_INTERNAL_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/store/xcom_store.h"
#include "workers/services.h"

struct hk_services {
    struct hk_services_options options;
    size_t under_way;
};

struct hk__call;
typedef void (*hk__done_fn)(void *arg, struct hk_str answer, const struct hk_error *err);
typedef bool (*hk__run_fn)(struct hk_db *db, struct hk__call *call, struct hk_error *err);

/* Each function of the table uses some of the arguments. Absent text has no data. */
struct hk__call {
    struct hk_services *services;
    hk__done_fn done;
    void *arg;
    hk__run_fn run;
    uv_work_t work; /* reads */
    struct hk_arena arena;
    struct hk_buf answer; /* filled by run */
    struct hk_error err;
    bool failed;

    struct hk_xcom_key xcom;
    bool with_prior;
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_str key;
    struct hk_str text; /* a value, or the filters' JSON */
    struct hk_str description;
    struct hk_str state;
    int64_t limit;
    int64_t offset;
    int64_t at_us;
    struct hk_job_key job;
};

struct hk__call *hk__call_new(void *context, hk__done_fn done, void *arg);
struct hk_str hk__call_copy(struct hk__call *call, struct hk_str text); /* NUL-terminated; without data: the same */
/* Consume the call. */
void hk__call_read(struct hk__call *call, hk__run_fn run);
void hk__call_write(struct hk__call *call, hk__run_fn run);
/* HK_NOT_FOUND unless found; for the end of a run. */
HK_MUST_USE bool hk__found(bool found, struct hk_error *err, const char *fmt, ...) HK_PRINTF(3, 4);

/* The table's functions, by part. */
void hk__services_add_xcoms(struct hk_task_services *table);
void hk__services_add_settings(struct hk_task_services *table);
void hk__services_add_runs(struct hk_task_services *table);
void hk__services_add_tasks(struct hk_task_services *table);

/* What a request's own body asks for, in the arena; group_id without data: no task group is asked for, and one that is
 * asked for is not looked up here. HK_INVALID. */
struct hk_task_choice;
HK_MUST_USE bool hk__choice_read(struct hk_arena *arena, struct hk_str body, struct hk_task_choice *out,
                                 struct hk_str *group_id, struct hk_error *err);

#endif
