/* GET logs/{try_number}: a page of the log as JSON with a token for what follows, or all that is there as lines of
 * JSON. */
#include "api/airflow/routes.h"

#include <stdlib.h>
#include <string.h>

#include "api/airflow/log_reader.h"
#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"

struct wanted {
    struct hk_arena *arena;
    int64_t try_number;
    int64_t map_index;
    bool found;
    bool is_running;
    int64_t updated_us;
    const char *state; /* NULL: none yet */
};

static bool match(void *arg, const struct hk_ti_info *t)
{
    struct wanted *w = arg;
    if (w->found || t->map_index != w->map_index || t->try_number != w->try_number) {
        return true;
    }
    w->found = true;
    w->state = hk_arena_strdup(w->arena, t->state);
    w->is_running = t->state != NULL && (strcmp(t->state, "running") == 0 || strcmp(t->state, "deferred") == 0);
    w->updated_us = t->end_us != HK_TIME_NONE ? t->end_us : t->start_us;
    return true;
}

/* An id that came from outside becomes part of a path: it must be one name. */
static bool is_plain(struct hk_str id)
{
    return id.len > 0 && memchr(id.data, '/', id.len) == NULL && memchr(id.data, '\0', id.len) == NULL;
}

static char *make_path(const struct hk_request *req, const struct wanted *w)
{
    struct hk_airflow *air = req->context;
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    struct hk_str task_id = hk_request_path(req, "task_id");
    if (!is_plain(dag_id) || !is_plain(run_id) || !is_plain(task_id)) {
        return NULL;
    }
    const char *mapped =
        w->map_index >= 0 ? hk_arena_printf(req->arena, "map_index=%lld/", (long long)w->map_index) : "";
    return hk_arena_printf(req->arena, "%s/dag_id=%.*s/run_id=%.*s/task_id=%.*s/%sattempt=%lld.log",
                           air->options.log_folder, HK_STR_ARG(dag_id), HK_STR_ARG(run_id), HK_STR_ARG(task_id), mapped,
                           (long long)w->try_number);
}

static void write_event(struct hk_json *w, const char *event)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "event", event);
    hk_json_end_object(w);
}

/* ---- the continuation token: the offset, signed together with the path ---- */

#define TOKEN_PURPOSE "log"

static void write_token(const struct hk_request *req, struct hk_buf *out, const char *path, int64_t offset)
{
    struct hk_airflow *air = req->context;
    char signature[HK_SIGNATURE_SIZE];
    const char *text = hk_arena_printf(req->arena, "%lld %s", (long long)offset, path);
    hk_secret_sign(air->options.secret, TOKEN_PURPOSE, hk_str_from(text), signature);
    hk_buf_printf(out, "%lld.%s", (long long)offset, signature);
}

/* false: not one of ours. */
static bool read_token(const struct hk_request *req, struct hk_str token, const char *path, int64_t *offset)
{
    struct hk_airflow *air = req->context;
    struct hk_str rest = token;
    struct hk_str number;
    if (!hk_str_next(&rest, '.', &number) || !hk_str_to_i64(number, offset) || *offset < 0) {
        return false;
    }
    const char *text = hk_arena_printf(req->arena, "%lld %s", (long long)*offset, path);
    return hk_secret_is_signed(air->options.secret, TOKEN_PURPOSE, hk_str_from(text), rest);
}

/* ---- as JSON ---- */

static void write_none(struct hk_json *w, const struct wanted *wanted, int64_t now_us)
{
    bool is_skipped = wanted->state != NULL && strcmp(wanted->state, "skipped") == 0;
    bool is_blocked = wanted->state != NULL && strcmp(wanted->state, "upstream_failed") == 0;
    write_event(w, "::group::Log message source details");
    write_event(w, "::endgroup::");
    hk_json_begin_object(w);
    hk_json_kv_time(w, "timestamp", wanted->updated_us != HK_TIME_NONE ? wanted->updated_us : now_us);
    hk_json_kv_text(w, "event",
                    is_skipped   ? "Task was skipped \xe2\x80\x94 no logs available."
                    : is_blocked ? "Task did not run because upstream task(s) failed."
                                 : "No logs available for this task.");
    hk_json_end_object(w);
}

static void write_page(const struct hk_request *req, struct hk_response *res, const char *path,
                       struct hk__log_reader *reader, bool is_first, bool is_running)
{
    struct hk_json w;
    struct hk_buf line;
    hk_buf_init(&line, 8 * HK_MAX_LOG_LINE_BYTES);
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "content");
    hk_json_begin_array(&w);
    if (is_first) {
        write_event(&w, "::group::Log message source details");
        if (reader->fd >= 0) {
            write_event(&w, path);
        }
        write_event(&w, "::endgroup::");
    }
    bool has_more = true;
    while (res->body.len < HK_MAX_LOG_PAGE_BYTES && (has_more = hk__log_next(reader, &line))) {
        hk_json_raw(&w, hk_buf_str(&line));
        hk_buf_reset(&line);
    }
    hk_json_end_array(&w);
    hk_json_key(&w, "continuation_token");
    if (has_more || is_running) {
        hk_buf_reset(&line);
        write_token(req, &line, path, reader->offset);
        hk_json_string(&w, hk_buf_str(&line));
    } else {
        hk_json_null(&w);
    }
    hk_json_end_object(&w);
    hk_buf_clear(&line);
}

/* ---- as lines ---- */

struct lines {
    struct hk__log_reader reader;
    struct hk_buf line; /* not yet sent */
};

static enum hk_stream_step read_lines(void *context, char *out, size_t size, size_t *written)
{
    struct lines *lines = context;
    size_t used = 0;
    while (used < size) {
        if (lines->line.len == 0) {
            if (!hk__log_next(&lines->reader, &lines->line)) {
                break;
            }
            hk_buf_add_char(&lines->line, '\n');
        }
        size_t part = lines->line.len < size - used ? lines->line.len : size - used;
        memcpy(out + used, lines->line.data, part);
        hk_buf_remove_front(&lines->line, part);
        used += part;
    }
    *written = used;
    return used > 0 ? HK_STREAM_MORE : HK_STREAM_END;
}

static void close_lines(void *context)
{
    struct lines *lines = context;
    hk__log_close(&lines->reader);
    hk_buf_clear(&lines->line);
    free(lines);
}

static void write_lines(struct hk_response *res, const char *path, const struct hk__log_reader *reader, bool is_first)
{
    struct lines *lines = hk_alloc(sizeof *lines);
    struct hk_json w;
    lines->reader = *reader;
    hk_buf_init(&lines->line, 8 * HK_MAX_LOG_LINE_BYTES);
    const char *const header[] = {"::group::Log message source details", reader->fd >= 0 ? path : NULL, "::endgroup::"};
    for (size_t i = 0; is_first && i < 3; i++) {
        if (header[i] != NULL) {
            hk_json_init(&w, &lines->line);
            write_event(&w, header[i]);
            hk_buf_add_char(&lines->line, '\n');
        }
    }
    const struct hk_stream stream = {.read = read_lines, .close = close_lines, .context = lines};
    hk_response_stream(res, "application/x-ndjson", &stream);
}

/* ---- the handler ---- */

static bool find_try(const struct hk_request *req, struct hk_response *res, struct wanted *wanted)
{
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_str run_id = hk_request_path(req, "dag_run_id");
    struct hk_str task_id = hk_request_path(req, "task_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return false;
    }
    struct hk_error err;
    bool ok = hk_store_ti_find(db, dag_id, run_id, task_id, match, wanted, &err) &&
              (wanted->found || hk_store_ti_tries(db, dag_id, run_id, task_id, match, wanted, &err));
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
    } else if (!wanted->found) {
        hk__detail(res, 404, "TaskInstance not found");
    }
    return ok && wanted->found;
}

static void answer_none(const struct hk_request *req, struct hk_response *res, const struct wanted *wanted)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "content");
    hk_json_begin_array(&w);
    write_none(&w, wanted, hk__airflow_now(req->context));
    hk_json_end_array(&w);
    hk_json_kv_null(&w, "continuation_token");
    hk_json_end_object(&w);
}

void hk__log_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct wanted wanted = {.arena = req->arena, .updated_us = HK_TIME_NONE};
    hk_validation_begin(&v, req);
    wanted.try_number = hk_path_int(&v, "try_number", &(struct hk_int_rule){.is_required = true, .has_least = true});
    (void)hk_query_bool(&v, "full_content", HK_FALSE);
    wanted.map_index = hk_query_int(&v, "map_index", &(struct hk_int_rule){.fallback = -1});
    struct hk_str token = hk_query_text(&v, "token", HK_OPTIONAL);
    if (!hk_validation_end(&v, res)) {
        return;
    }
    enum hk__wanted form = hk__accept(req, res, "application/x-ndjson");
    if (form == HK__WANTS_NOTHING) {
        return;
    }
    char *path = make_path(req, &wanted);
    int64_t offset = 0;
    if (path == NULL) {
        hk__detail(res, 404, "TaskInstance not found");
        return;
    }
    if (token.len > 0 && !read_token(req, token, path, &offset)) {
        hk__detail(res, 400, "Bad Signature. Please use only the tokens provided by the API.");
        return;
    }
    if (!find_try(req, res, &wanted)) {
        return;
    }
    if (wanted.try_number == 0 && form == HK__WANTS_JSON) {
        answer_none(req, res, &wanted);
        return;
    }
    struct hk__log_reader reader;
    struct hk_error err;
    if (!hk__log_open(&reader, path, offset, !wanted.is_running, &err)) {
        hk__log_close(&reader);
        hk__broken(req, res, &err);
        return;
    }
    if (form == HK__WANTS_OTHER) {
        write_lines(res, path, &reader, offset == 0); /* takes the reader over */
        return;
    }
    write_page(req, res, path, &reader, token.len == 0, wanted.is_running);
    hk__log_close(&reader);
}
