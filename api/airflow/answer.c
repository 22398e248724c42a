#include <stdlib.h>

#include "api/airflow/rest_internal.h"
#include "engine/base/log.h"

enum { MAX_DETAIL_BYTES = 1024 * 1024, MOST_COUNTED = 50000 /* as Airflow, beside a cursor */ };

void hk__detail_v(struct hk_response *res, int status, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = hk_arena_alloc(res->arena, size > MAX_DETAIL_BYTES ? MAX_DETAIL_BYTES : size);
    vsnprintf(text, size > MAX_DETAIL_BYTES ? MAX_DETAIL_BYTES : size, fmt, args);
    hk_buf_reset(&res->body);
    res->status = status;
    res->content_type = "application/json";
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "detail", text);
    hk_json_end_object(&w);
}

void hk__detail(struct hk_response *res, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    hk__detail_v(res, status, fmt, args);
    va_end(args);
}

void hk__detail_list(struct hk_response *res, int status, const char *text)
{
    hk_buf_reset(&res->body);
    res->status = status;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "detail");
    hk_json_begin_array(&w);
    hk_json_text(&w, text);
    hk_json_end_array(&w);
    hk_json_end_object(&w);
}

struct hk_db *hk__read_begin(const struct hk_request *req, struct hk_response *res)
{
    struct hk_airflow *air = req->context;
    struct hk_db *db = NULL;
    struct hk_error err;
    if (!hk_store_reader_take(air->options.store, &db, &err)) {
        hk__broken(req, res, &err);
        return NULL;
    }
    return db;
}

void hk__read_end(const struct hk_request *req, struct hk_db *db)
{
    struct hk_airflow *air = req->context;
    hk_store_reader_give(air->options.store, db);
}

void hk__broken(const struct hk_request *req, struct hk_response *res, const struct hk_error *err)
{
    if (hk_code_status(err->code) >= 500) {
        hk_log(HK_ERROR, "airflow", "request could not be answered", HK_KEY("why", err->message));
    }
    hk_fail_error(req, res, err);
}

void hk__unique_violation(const struct hk_request *req, struct hk_response *res, const struct hk_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char id[9] = {0};
    uint64_t bits = hk_str_hash(hk_str_from(err->message)) ^ (uint64_t)hk__airflow_now(req->context);
    for (size_t i = 0; i < 8; i++) {
        id[i] = letters[bits % 52];
        bits /= 52;
    }
    hk_log(HK_WARN, "airflow", "request refused", HK_KEY("id", id), HK_KEY("why", err->message));
    hk_buf_reset(&res->body);
    res->status = 409;
    res->content_type = "application/json";
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "detail");
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "reason", "Unique constraint violation");
    hk_json_kv_text(&w, "statement", "hidden");
    hk_json_kv_text(&w, "orig_error", "hidden");
    hk_json_kv_text(&w, "message",
                    hk_arena_printf(req->arena,
                                    "Serious error when handling your request. Check logs for more details - you will "
                                    "find it in api server when you look for ID %s",
                                    id));
    hk_json_end_object(&w);
    hk_json_end_object(&w);
}

int64_t hk__airflow_now(const struct hk_airflow *air)
{
    return hk_clock_wall_us(air->options.clock);
}

char *hk__text(struct hk_arena *arena, struct hk_str s)
{
    return s.data == NULL ? NULL : (char *)hk_arena_str(arena, s).data;
}

struct hk_str hk__quote(struct hk_arena *arena, struct hk_str s)
{
    struct hk_buf out;
    struct hk_json w;
    hk_buf_init(&out, 16 * HK_MAX_VARIABLE_BYTES);
    hk_json_init(&w, &out);
    hk_json_string(&w, s);
    struct hk_str quoted = hk_arena_str(arena, hk_buf_str(&out));
    hk_buf_clear(&out);
    return quoted;
}

void hk__list_begin(struct hk__list *list, const struct hk_airflow *air, struct hk_response *res, const char *name)
{
    *list = (struct hk__list){.air = air, .res = res};
    hk_json_init(&list->w, &res->body);
    hk_json_begin_object(&list->w);
    hk_json_key(&list->w, name);
    hk_json_begin_array(&list->w);
}

void hk__list_end(struct hk__list *list, int64_t total)
{
    hk_json_end_array(&list->w);
    hk_json_kv_int(&list->w, "total_entries", total);
    hk_json_end_object(&list->w);
}

void hk__list_end_cursor(struct hk__list *list, int64_t total)
{
    const struct hk_walk *walk = list->page != NULL ? list->page->walk : NULL;
    hk_json_end_array(&list->w);
    if (walk != NULL) {
        hk_json_kv_int(&list->w, "total_entries", total < MOST_COUNTED ? total : MOST_COUNTED);
        hk_json_kv_int(&list->w, "total_entries_limit", MOST_COUNTED);
        hk__write_cursors(&list->w, walk);
    } else {
        hk_json_kv_int(&list->w, "total_entries", total);
        hk_json_kv_null(&list->w, "total_entries_limit");
        hk_json_kv_null(&list->w, "next_cursor");
        hk_json_kv_null(&list->w, "previous_cursor");
    }
    hk_json_end_object(&list->w);
}

enum hk__wanted hk__accept(const struct hk_request *req, struct hk_response *res, const char *other)
{
    struct hk_str accept = hk_request_header(req, "Accept");
    if (accept.len == 0 || hk_str_starts_with(accept, "*/*") || hk_str_starts_with(accept, "application/json")) {
        return HK__WANTS_JSON;
    }
    if (hk_str_starts_with(accept, other)) {
        return HK__WANTS_OTHER;
    }
    hk__detail(res, 406, "Only application/json or %s is supported", other);
    return HK__WANTS_NOTHING;
}
