/* What the files of this door share: the tables of routes, reading parameters, writing answers and failures, and the
 * way of a write to the writer thread and back. One file per resource, each with one table. */
#ifndef HK_API_MLFLOW_MLFLOW_INTERNAL_H
#define HK_API_MLFLOW_MLFLOW_INTERNAL_H

#include <jansson.h>
#include <stdarg.h>

#include "api/mlflow/mlflow.h"
#include "engine/base/rand.h"
#include "engine/tracking/key.h"

struct hk__webhook_sender;

struct hk_mlflow {
    struct hk_mlflow_options options;
    struct hk_route *routes; /* owned, with their patterns */
    size_t route_count;
    struct hk__webhook_sender *webhooks; /* owned */
    struct hk_rand rand;                 /* of new ids and names; the writer thread's */
};

static inline struct hk_mlflow *hk__ml(const struct hk_request *req)
{
    return req->context;
}

int64_t hk__ml_now_ms(const struct hk_mlflow *mlflow); /* MLflow counts milliseconds */

/* ---- routes (mlflow.c) ---- */

/* The path begins with the version ("2.0/mlflow/runs/create") and is known under /api/ and /ajax-api/; one that begins
 * with a slash is known as it is. */
struct hk__ml_route {
    enum hk_method method;
    const char *path;
    enum hk_role needs;
    void (*handler)(const struct hk_request *req, struct hk_response *res);
    void (*begin)(const struct hk_request *req, struct hk_response *res, struct hk_sink *sink); /* instead of it */
    bool takes_bytes;                                                                           /* no JSON */
};

struct hk__ml_table {
    const struct hk__ml_route *routes;
    size_t count;
};

#define HK__ML_TABLE(rows)                                                                                             \
    {                                                                                                                  \
        (rows), sizeof(rows) / sizeof((rows)[0])                                                                       \
    }

extern const struct hk__ml_table hk__ml_server_table;
extern const struct hk__ml_table hk__ml_search_table;
extern const struct hk__ml_table hk__ml_model_search_table;
extern const struct hk__ml_table hk__ml_experiments_table;
extern const struct hk__ml_table hk__ml_runs_table;
extern const struct hk__ml_table hk__ml_metrics_table;
extern const struct hk__ml_table hk__ml_inputs_table;
extern const struct hk__ml_table hk__ml_artifact_table;
extern const struct hk__ml_table hk__ml_run_artifact_table;
extern const struct hk__ml_table hk__ml_models_table;
extern const struct hk__ml_table hk__ml_versions_table;
extern const struct hk__ml_table hk__ml_aliases_table;
extern const struct hk__ml_table hk__ml_logged_models_table;
extern const struct hk__ml_table hk__ml_traces_table;
extern const struct hk__ml_table hk__ml_assessments_table;
extern const struct hk__ml_table hk__ml_spans_table;
extern const struct hk__ml_table hk__ml_trace_search_table;
extern const struct hk__ml_table hk__ml_trace_get_table;
extern const struct hk__ml_table hk__ml_webhooks_table;

/* ---- failures (answer.c) ---- */

/* The names of MLflow's error codes, protos/databricks.proto. */
#define HK__ML_INVALID_VALUE "INVALID_PARAMETER_VALUE"
#define HK__ML_BAD_REQUEST "BAD_REQUEST"
#define HK__ML_NOT_THERE "RESOURCE_DOES_NOT_EXIST"
#define HK__ML_EXISTS "RESOURCE_ALREADY_EXISTS"
#define HK__ML_CONFLICT "RESOURCE_CONFLICT"
#define HK__ML_INVALID_STATE "INVALID_STATE"
#define HK__ML_DENIED "PERMISSION_DENIED"
#define HK__ML_INTERNAL "INTERNAL_ERROR"
#define HK__ML_NOT_IMPLEMENTED "NOT_IMPLEMENTED"

struct hk_str hk__ml_format(struct hk_arena *arena, const char *fmt, va_list args);
/* Any length of message; the status is the code's. */
void hk__ml_fail(struct hk_response *res, const char *error_code, const char *fmt, ...) HK_PRINTF(3, 4);
/* An error of the engine: by its code, NOT_FOUND as RESOURCE_DOES_NOT_EXIST, CONFLICT as RESOURCE_ALREADY_EXISTS. One
 * that is nobody's fault but ours or the disk's is logged. */
void hk__ml_fail_error(struct hk_response *res, const struct hk_error *err);
void hk__ml_write_error(const struct hk_request *req, struct hk_response *res, const struct hk_failure *failure);

/* ---- parameters (arguments.c) ---- */

/* The query of a GET, the JSON object of the body otherwise (an empty body is an empty object). Values come back as
 * return values, a neutral one after a mistake; the first mistake, in the order of asking, becomes the answer:
 *
 *     struct hk__ml_arguments args;
 *     hk__ml_arguments_open(&args, req);
 *     struct hk_str name = hk__ml_string(&args, "name", HK__ML_REQUIRED);
 *     const json_t *tags = hk__ml_array(&args, "tags", 0);
 *     if (!hk__ml_arguments_check(&args, res)) { return; }
 *     ...
 *     hk__ml_arguments_close(&args);       (after the last look at a json_t)
 *
 * Strings are copies in the request's arena; data NULL: absent or null. As in protobuf's JSON an integer may be written
 * as a string, and a name in camelCase is the same as in snake_case. */
struct hk__ml_arguments {
    const struct hk_request *req;
    json_t *tree;          /* NULL for a GET */
    struct hk_str mistake; /* data NULL: none yet */
};

enum { HK__ML_OPTIONAL = 0, HK__ML_REQUIRED = 1 };

void hk__ml_arguments_open(struct hk__ml_arguments *args, const struct hk_request *req);
/* false: the first mistake has been written into res, and args is closed. */
HK_MUST_USE bool hk__ml_arguments_check(struct hk__ml_arguments *args, struct hk_response *res);
void hk__ml_arguments_close(struct hk__ml_arguments *args);

bool hk__ml_has(struct hk__ml_arguments *args, const char *name); /* there and not null */
struct hk_str hk__ml_string(struct hk__ml_arguments *args, const char *name, int flags);
int64_t hk__ml_int(struct hk__ml_arguments *args, const char *name, int flags, int64_t fallback);
double hk__ml_double(struct hk__ml_arguments *args, const char *name, int flags, double fallback);
bool hk__ml_bool(struct hk__ml_arguments *args, const char *name, bool fallback);
/* Borrowed from the tree; NULL: absent. In a GET a repeated parameter is read with hk_request_query_at. */
const json_t *hk__ml_array(struct hk__ml_arguments *args, const char *name, int flags);
const json_t *hk__ml_object(struct hk__ml_arguments *args, const char *name, int flags);
/* "run_id", or its old name "run_uuid"; required. */
struct hk_str hk__ml_run_id(struct hk__ml_arguments *args);

/* The objects of an array, one after the other; a mistake is told with its place, "tags[3].value":
 *
 *     for (struct hk__ml_item item = {&args, array, "tags", 0, NULL}; hk__ml_item_next(&item);) {
 *         struct hk_str key = hk__ml_item_string(&item, "key", HK__ML_REQUIRED); ...
 *     }
 */
struct hk__ml_item {
    struct hk__ml_arguments *args;
    const json_t *array; /* NULL: no items */
    const char *list;
    size_t index;
    const json_t *value; /* NULL: before the first */
};
bool hk__ml_item_next(struct hk__ml_item *item);
struct hk_str hk__ml_item_string(const struct hk__ml_item *item, const char *name, int flags);
int64_t hk__ml_item_int(const struct hk__ml_item *item, const char *name, int flags, int64_t fallback);
double hk__ml_item_double(const struct hk__ml_item *item, const char *name, int flags, double fallback);
const json_t *hk__ml_item_member(const struct hk__ml_item *item, const char *name); /* NULL: absent or null */

/* [{"key":, "value":}...]: what is absent is the empty string, unless the flags want every key. */
struct hk__ml_pairs {
    struct hk_key_value *items;
    size_t len;
};
struct hk__ml_pairs hk__ml_key_values(struct hk__ml_arguments *args, const json_t *array, const char *list, int flags);

/* "Invalid value 5 for parameter 'name' supplied: Hint: Value was of type 'int'." */
void hk__ml_wrong_type(struct hk__ml_arguments *args, const char *name, const json_t *value);
/* A mistake of the caller's own finding; the message is taken as it is. */
void hk__ml_mistake(struct hk__ml_arguments *args, const char *fmt, ...) HK_PRINTF(2, 3);

/* ---- reading and writing the store (command.c) ---- */

/* Runs fn on a read-only connection in one read transaction; its error becomes the answer. */
void hk__ml_read(const struct hk_request *req, struct hk_response *res,
                 bool (*fn)(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                            struct hk_error *err),
                 void *data);

/* What most handlers end with: a mistake becomes the answer, else the arguments are closed and fn is run. */
void hk__ml_read_with(struct hk__ml_arguments *args, struct hk_response *res,
                      bool (*fn)(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                                 struct hk_error *err),
                      void *data);

struct hk__ml_write {
    const struct hk_request *req;
    struct hk_response *res;
    void *data; /* in the request's arena */
    /* Writer thread, one transaction: writes, and writes the answer. On false nothing was written, and the error
     * becomes the answer, by its code unless error_code names another. */
    bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err);
    const char *error_code; /* static; NULL: by the error's code */
    struct hk_str message;  /* in the arena; data NULL: the error's */
    /* Writer thread, after the commit; true: there is more to do, so it is run once more, as a write of its own that
     * waits its turn. NULL: once is enough. */
    bool (*has_more)(const struct hk__ml_write *write);
    /* Writer thread, after the commit; NULL: none. Quick and thread-safe. */
    void (*after)(struct hk__ml_write *write);

    struct hk_deferred *deferred; /* command.c's own */
};

/* In run: fails with a message of any length; returns false. */
bool hk__ml_write_fail(struct hk__ml_write *write, struct hk_error *err, const char *error_code, const char *fmt, ...)
    HK_PRINTF(4, 5);

/* Takes over: the handler returns after it. */
void hk__ml_write_begin(const struct hk_request *req, struct hk_response *res, void *data,
                        bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err));
/* As hk__ml_read_with. */
void hk__ml_write_with(struct hk__ml_arguments *args, struct hk_response *res, void *data,
                       bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err));
void hk__ml_write_then(const struct hk_request *req, struct hk_response *res, const struct hk__ml_write *write);

/* For a thread that may wait (engine/artifacts/job_queue.h), after the handler has deferred its answer: write->deferred
 * is that handle, which this completes. */
void hk__ml_write_deferred(struct hk__ml_write *write);

/* ---- tasks (maker.c) ---- */

/* For the router: HK_DENIED once the task has ended. HTTP thread. */
HK_MUST_USE bool hk__ml_admits_task(void *context, struct hk_str task, struct hk_error *err);
/* Who makes what this call makes (engine/store/maker_store.h): the task whose token it came with; 0: a person, who is
 * nobody in this respect. Writer thread. */
HK_MUST_USE bool hk__ml_maker(struct hk_db *db, const struct hk_request *req, int64_t *maker_key, struct hk_error *err);

/* {} */
void hk__ml_empty(struct hk_response *res);

#endif
