#include "api/airflow/rest_internal.h"

void hk__answer_list(const struct hk_request *req, struct hk_response *res, const struct hk__listing *listing)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk__list list;
    struct hk_error err;
    int64_t total = 0;
    hk__list_begin(&list, req->context, res, listing->name);
    list.req = req;
    list.filter = listing->filter;
    list.page = listing->page;
    if (!listing->fill(db, &list, &total, &err)) {
        if (err.code != HK_OK) {
            hk__broken(req, res, &err);
        }
    } else if (listing->has_cursor) {
        hk__list_end_cursor(&list, total);
    } else {
        hk__list_end(&list, total);
    }
    hk__read_end(req, db);
}

void hk__answer_one(const struct hk_request *req, struct hk_response *res, hk__find_fn find, const void *key,
                    const char *missing, ...)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk__list one = {.air = req->context, .req = req, .res = res, .filter = key};
    hk_json_init(&one.w, &res->body);
    struct hk_error err;
    bool found = false;
    if (!find(db, &one, &found, &err)) {
        hk__broken(req, res, &err);
    } else if (!found) {
        va_list args;
        va_start(args, missing);
        hk__detail_v(res, 404, missing, args);
        va_end(args);
    }
    hk__read_end(req, db);
}
