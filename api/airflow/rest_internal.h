/* What the files of this door share: reading parameters, writing rows, and the way of a command from the HTTP thread
 * over the loop to the writer and back. One file per resource; routes.c holds the table. */
#ifndef HK_API_AIRFLOW_REST_INTERNAL_H
#define HK_API_AIRFLOW_REST_INTERNAL_H

#include "api/airflow/file_token.h"
#include "api/airflow/rest.h"
#include "api/http/validate.h"
#include "engine/base/limits.h"
#include "engine/store/audit_store.h"
#include "engine/store/dag_query.h"
#include "engine/store/run_query.h"
#include "engine/store/task_query.h"
#include "scheduler/scheduler.h"

struct hk_airflow {
    struct hk_airflow_options options;
    struct hk_file_tokens *file_tokens;
};

/* ---- parameters (parameters.c) ---- */

/* limit, offset and order_by as Airflow reads them. default_orders: names separated by spaces; NULL: none but the key.
 */
void hk__page(struct hk_validation *v, const struct hk_order_field *fields, const char *default_orders,
              struct hk_page *page);
/* cursor: the page becomes a walk (cursor.c). */
void hk__query_cursor(struct hk_validation *v, struct hk_page *page);
/* One order_by value; false after hk_validation_fail. */
bool hk__order(struct hk_validation *v, const struct hk_order_field *fields, struct hk_str value, struct hk_page *page);
struct hk_range hk__query_times(struct hk_validation *v, const char *name);   /* name_gte, name_gt, name_lte, name_lt */
struct hk_range hk__query_seconds(struct hk_validation *v, const char *name); /* the same, floats; in microseconds */
struct hk_range hk__body_times(struct hk_body *body, struct hk_arena *arena, const char *name);
struct hk_range hk__body_seconds(struct hk_body *body, struct hk_arena *arena, const char *name);
struct hk_search hk__query_search(struct hk_validation *v, const char *stem); /* stem_pattern, stem_prefix_pattern */
struct hk_texts hk__query_texts(struct hk_validation *v, const char *name);
size_t hk__query_ints(struct hk_validation *v, const char *name, int64_t **values);
struct hk_texts hk__body_texts(struct hk_body *body, struct hk_arena *arena, const char *name);
/* Names of states in a list of the body; null stands for none and has no data. */
struct hk_texts hk__body_states(struct hk_body *body, struct hk_arena *arena, const char *name,
                                const char *const *valid);
/* order_by, page_offset and page_limit of the batch lists. */
void hk__body_page(struct hk_body *body, struct hk_validation *v, const struct hk_order_field *fields,
                   struct hk_page *page);
/* pydantic's answer to a ValueError of a model's own check. name NULL: the whole body is at fault, and is the input. */
void hk__value_error(struct hk_validation *v, const char *name, struct hk_str input_json, const char *message);
/* A path parameter that has to be "~". */
void hk__check_tilde(struct hk_validation *v, const char *name);
/* Parameters that hanok knows of and cannot honour: 400 when one is there. names ends with NULL. */
void hk__refuse_query(struct hk_validation *v, const char *const *names, const char *why);
struct hk_texts hk__update_mask(struct hk_validation *v);
bool hk__texts_have(struct hk_texts texts, const char *text);
/* Checks state names (all of `valid`, ended by NULL, or "none"/"no_status"): 422 with a plain text. */
struct hk_texts hk__query_states(struct hk_validation *v, const char *name, const char *const *valid);
extern const char *const hk__run_states[];
extern const char *const hk__task_states[];
extern const char *const hk__run_types[];

/* The Accept header where a route has a second form beside JSON: what it begins with decides, as in Airflow. */
enum hk__wanted { HK__WANTS_NOTHING, HK__WANTS_JSON, HK__WANTS_OTHER };
enum hk__wanted hk__accept(const struct hk_request *req, struct hk_response *res, const char *other); /* NOTHING: 406 */

/* ---- answers (answer.c) ---- */

/* {"detail": text}, however long. */
void hk__detail(struct hk_response *res, int status, const char *fmt, ...) HK_PRINTF(3, 4);
void hk__detail_v(struct hk_response *res, int status, const char *fmt, va_list args);
/* The same with a list of the one text, which some routes of Airflow answer by accident. */
void hk__detail_list(struct hk_response *res, int status, const char *text);
/* Begins reading: NULL after the failure was written. */
struct hk_db *hk__read_begin(const struct hk_request *req, struct hk_response *res);
void hk__read_end(const struct hk_request *req, struct hk_db *db);
/* An error of the engine that is nobody's fault but ours or the disk's: logged, 500 or what its code says. */
void hk__broken(const struct hk_request *req, struct hk_response *res, const struct hk_error *err);
/* 409 in the words of Airflow's handler of database errors; the log holds the cause under the same id. */
void hk__unique_violation(const struct hk_request *req, struct hk_response *res, const struct hk_error *err);
int64_t hk__airflow_now(const struct hk_airflow *air);
char *hk__text(struct hk_arena *arena, struct hk_str s);          /* NULL for data NULL */
struct hk_str hk__quote(struct hk_arena *arena, struct hk_str s); /* as a JSON string: an error quotes its input */

/* A list being written: {"<name>": [rows...], "total_entries": n}; or one row. */
struct hk__list {
    struct hk_json w;
    const struct hk_airflow *air;
    const struct hk_request *req; /* with filter and page, for what hk__answer_list and hk__answer_one call */
    struct hk_response *res;
    const void *filter;
    const struct hk_page *page;
};
void hk__list_begin(struct hk__list *list, const struct hk_airflow *air, struct hk_response *res, const char *name);
void hk__list_end(struct hk__list *list, int64_t total);
/* As runs and task instances end: with total_entries_limit, next_cursor and previous_cursor, null unless page is a
 * walk.
 */
void hk__list_end_cursor(struct hk__list *list, int64_t total);

void hk__write_cursors(struct hk_json *w, const struct hk_walk *walk); /* next_cursor and previous_cursor */

/* ---- reading (reading.c): a GET once its parameters are read ---- */

/* `fill` hands the rows of the page to list->w and tells how many there are in all. Its error becomes the answer,
 * unless its code is HK_OK: then it has written the answer itself. */
struct hk__listing {
    const char *name; /* the member with the rows */
    bool has_cursor;  /* ends as hk__list_end_cursor */
    const void *filter;
    const struct hk_page *page;
    bool (*fill)(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err);
};
void hk__answer_list(const struct hk_request *req, struct hk_response *res, const struct hk__listing *listing);

/* `find` writes one row to one->w; what it does not find is a 404 in the words given. `key` becomes one->filter. */
typedef bool (*hk__find_fn)(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err);
void hk__answer_one(const struct hk_request *req, struct hk_response *res, hk__find_fn find, const void *key,
                    const char *missing, ...) HK_PRINTF(5, 6);

/* ---- rows (rows.c) ---- */
void hk__write_version(struct hk_json *w, const struct hk_version_info *v);
void hk__write_run(struct hk_json *w, const struct hk_run_info *r);
void hk__write_ti(struct hk_json *w, const struct hk_airflow *air, const struct hk_ti_info *t);
void hk__write_ti_try(struct hk_json *w, const struct hk_airflow *air, const struct hk_ti_info *t);
void hk__write_dag_members(struct hk_json *w, const struct hk_airflow *air, const struct hk_dag_info *d);
void hk__write_dag_tail(struct hk_json *w, const struct hk_airflow *air, const struct hk_dag_info *d);
bool hk__each_run(void *list, const struct hk_run_info *r); /* arg: struct hk__list */
bool hk__each_ti(void *list, const struct hk_ti_info *t);
bool hk__each_dag(void *list, const struct hk_dag_info *d);
bool hk__each_version(void *list, const struct hk_version_info *v);
void hk__write_seconds(struct hk_json *w, const char *key, int64_t start_us, int64_t end_us);

void hk__write_rendered(struct hk_json *w, const struct hk_ti_info *t); /* the member rendered_fields (rendered.c) */

/* ---- commands (command.c) ---- */

struct hk__command {
    struct hk_airflow *air;
    const struct hk_request *req;
    struct hk_response *res;
    void *data; /* in the request's arena */
    /* Loop thread; NULL: none. Ends, now or later, in hk__command_next. */
    void (*start)(struct hk__command *c);
    /* Writer thread, one transaction: writes what is the door's to write, and the answer. On false nothing was written,
     * and the error becomes the answer (unless `fail` shapes it). */
    bool (*finish)(struct hk_db *db, struct hk__command *c, struct hk_error *err);
    /* Writer thread, after the commit; NULL: none. */
    void (*after)(struct hk__command *c);
    /* Shapes a failure of start or finish; NULL: by its code. */
    void (*fail)(struct hk__command *c, const struct hk_error *err);

    /* command.c's own */
    struct hk_deferred *deferred;
    struct hk_error err;
    bool has_failed;
    size_t pending;
};

/* Takes over: the handler returns after it. `event` names the audit row; NULL: none is written. */
void hk__command_begin(const struct hk_request *req, struct hk_response *res, const char *event,
                       const struct hk__command *command);
/* Fits struct hk_command_done. */
void hk__command_next(void *command, const struct hk_error *err);
/* When start makes several calls: expects `count` calls of hk__command_next, of which the first error counts. */
void hk__command_expect(struct hk__command *c, size_t count);
/* Only the audit row, for a command that was refused before it began: the answer in res is sent once it is written. */
void hk__audit_refused(const struct hk_request *req, struct hk_response *res, const char *event);

/* A store write as a command. */
static inline void hk__write_begin(const struct hk_request *req, struct hk_response *res, const char *event, void *data,
                                   bool (*finish)(struct hk_db *, struct hk__command *, struct hk_error *))
{
    const struct hk__command command = {.data = data, .finish = finish};
    hk__command_begin(req, res, event, &command);
}

/* ---- shared look-ups (lookup.c) ---- */

/* A run's keys; false after 404 (or another failure) was written. */
struct hk__run_ref {
    int64_t run_key;
    int64_t version_key;
    int64_t logical_us;
    struct hk_str state; /* in the arena */
};
HK_MUST_USE bool hk__run_find(struct hk_db *db, struct hk_str dag_id, struct hk_str run_id, struct hk_arena *arena,
                              struct hk__run_ref *out, bool *found, struct hk_error *err);
bool hk__find_run(const struct hk_request *req, struct hk_response *res, struct hk_db *db, struct hk__run_ref *out);
/* HK_NOT_FOUND "The Dag with ID: `x` was not found" for one that is not known. */
HK_MUST_USE bool hk__need_dag(struct hk_db *db, struct hk_str dag_id, struct hk_error *err);
/* A DAG's newest graph (one reference); NULL with the same error. */
HK_MUST_USE struct hk_graph *hk__need_graph(struct hk_db *db, struct hk_str dag_id, struct hk_error *err);
/* The same; NULL after the failure was written. */
struct hk_graph *hk__dag_graph(const struct hk_request *req, struct hk_response *res, struct hk_db *db,
                               struct hk_str dag_id);

#endif
