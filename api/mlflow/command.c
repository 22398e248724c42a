/* The way of a write: HTTP thread -> writer thread (the write and the answer, from the very state that is committed)
 * -> commit -> client. All of it lives in the request's arena, which belongs to the deferred handle meanwhile. */
#include "api/mlflow/mlflow_internal.h"

void hk__ml_read(const struct hk_request *req, struct hk_response *res,
                 bool (*fn)(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                            struct hk_error *err),
                 void *data)
{
    struct hk_store *store = hk__ml(req)->options.store;
    struct hk_db *db = NULL;
    struct hk_error err;
    if (!hk_store_reader_take(store, &db, &err)) {
        hk__ml_fail_error(res, &err);
        return;
    }
    bool ok = fn(db, req, res, data, &err);
    hk_store_reader_give(store, db);
    if (!ok) {
        hk__ml_fail_error(res, &err);
    }
}

void hk__ml_read_with(struct hk__ml_arguments *args, struct hk_response *res,
                      bool (*fn)(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                                 struct hk_error *err),
                      void *data)
{
    if (hk__ml_arguments_check(args, res)) {
        hk__ml_arguments_close(args);
        hk__ml_read(args->req, res, fn, data);
    }
}

static bool run_write(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk__ml_write *w = arg;
    hk_buf_reset(&w->res->body);
    return w->run(db, w, err);
}

static void done(void *arg, const struct hk_error *err)
{
    struct hk__ml_write *w = arg;
    if (err == NULL && w->has_more != NULL && w->has_more(w)) {
        hk__ml_write_deferred(w);
        return;
    }
    if (err != NULL && w->error_code != NULL) {
        hk__ml_fail(w->res, w->error_code, "%s", w->message.data != NULL ? w->message.data : err->message);
    } else if (err != NULL) {
        hk__ml_fail_error(w->res, err);
    } else if (w->after != NULL) {
        w->after(w);
    }
    hk_deferred_complete(w->deferred);
}

bool hk__ml_write_fail(struct hk__ml_write *write, struct hk_error *err, const char *error_code, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    write->message = hk__ml_format(write->req->arena, fmt, list);
    va_end(list);
    write->error_code = error_code;
    return hk_error_set(err, HK_INVALID, "%s", write->message.data);
}

void hk__ml_write_then(const struct hk_request *req, struct hk_response *res, const struct hk__ml_write *write)
{
    struct hk__ml_write *w = hk_arena_alloc(req->arena, sizeof *w);
    *w = *write;
    w->req = req;
    w->res = res;
    w->deferred = hk_response_defer(res);
    hk__ml_write_deferred(w);
}

void hk__ml_write_deferred(struct hk__ml_write *write)
{
    const struct hk_write store_write = {.run = run_write, .done = done, .arg = write, .done_on_writer = true};
    hk_store_submit(hk__ml(write->req)->options.store, &store_write);
}

void hk__ml_write_begin(const struct hk_request *req, struct hk_response *res, void *data,
                        bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    const struct hk__ml_write write = {.data = data, .run = run};
    hk__ml_write_then(req, res, &write);
}

void hk__ml_write_with(struct hk__ml_arguments *args, struct hk_response *res, void *data,
                       bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    if (hk__ml_arguments_check(args, res)) {
        hk__ml_arguments_close(args);
        hk__ml_write_begin(args->req, res, data, run);
    }
}
