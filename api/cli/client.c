#include "api/cli/client.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli/client_engine.h"
#include "api/cli/output.h"
#include "api/http/response.h"
#include "engine/base/alloc.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

enum { CALL_TIMEOUT_S = 60, CONNECT_TIMEOUT_S = 10, REPLY_BYTES = 256 * 1024 * 1024, PATH_BYTES = 64 * 1024 };

struct hk_client {
    struct hk_arena arena;
    struct hk_client_engine engine;
    CURL *curl;
    struct curl_slist *headers;
};

/* ---- opening ---- */

static bool make_headers(struct hk_client *c, const struct hk_home *home, struct hk_error *err)
{
    struct hk_token_grant grant = {.subject = HK_STR("cli"),
                                   .role = HK_STR("Admin"),
                                   .audience = HK_STR(HK_AUDIENCE_USER),
                                   .valid_seconds = HK_TOKEN_CLI_SECONDS};
    struct hk_str token;
    int64_t now_s = hk_clock_wall_us(hk_clock_system()) / HK_SECOND_US;
    if (!hk_token_issue(home->token_secret, &grant, now_s, &c->arena, &token, err)) {
        return false;
    }
    const char *line = hk_arena_printf(&c->arena, "Authorization: Bearer %.*s", HK_STR_ARG(token));
    c->headers = curl_slist_append(NULL, line);
    c->headers = curl_slist_append(c->headers, "Content-Type: application/json");
    c->headers = curl_slist_append(c->headers, "Accept: application/json");
    return true;
}

bool hk_client_open(const struct hk_home *home, const char *dag_id, struct hk_client **out, struct hk_error *err)
{
    struct hk_client *c = hk_alloc(sizeof *c);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    c->curl = curl_easy_init();
    HK_ASSERT(c->curl != NULL);
    if (!make_headers(c, home, err) || !hk_client_engine_open(&c->engine, home, dag_id, err)) {
        hk_client_close(c);
        return false;
    }
    *out = c;
    return true;
}

void hk_client_close(struct hk_client *c)
{
    if (c == NULL) {
        return;
    }
    /* The connection first: an engine that ends waits for nobody then. */
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->headers);
    hk_client_engine_close(&c->engine);
    hk_arena_clear(&c->arena);
    free(c);
    curl_global_cleanup();
}

const char *hk_client_url(const struct hk_client *c)
{
    return c->engine.url;
}

bool hk_client_is_remote(const struct hk_client *c)
{
    return !c->engine.is_own;
}

const char *hk_client_path(struct hk_client *c, const char *pattern, ...)
{
    struct hk_buf path;
    va_list args;
    hk_buf_init(&path, PATH_BYTES);
    va_start(args, pattern);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (at[0] != '{' || at[1] != '}') {
            hk_buf_add_char(&path, *at);
            continue;
        }
        char *escaped = curl_easy_escape(c->curl, va_arg(args, const char *), 0);
        hk_buf_add_text(&path, escaped != NULL ? escaped : "");
        curl_free(escaped);
        at++;
    }
    va_end(args);
    const char *kept = hk_arena_str(&c->arena, hk_buf_str(&path)).data;
    hk_buf_clear(&path);
    return kept;
}

/* ---- errors ---- */

static void add_location(const json_t *loc, struct hk_buf *out)
{
    size_t i;
    json_t *part;
    bool has_any = false;
    json_array_foreach ((json_t *)loc, i, part) {
        const char *text = json_string_value(part);
        if (i == 0 && text != NULL && (strcmp(text, "body") == 0 || strcmp(text, "query") == 0)) {
            continue;
        }
        hk_buf_add_text(out, has_any ? "." : "");
        hk_output_cell(part, out);
        has_any = true;
    }
    hk_buf_add_text(out, has_any ? ": " : "");
}

/* {"detail": text}, {"detail": [{"loc", "msg"} or text]}, {"detail": {"reason", "message"}}, {"error": text}; and
 * MLflow's {"error_code": NAME, "message": text}. */
static void add_detail(const json_t *reply, struct hk_buf *out)
{
    const json_t *detail = json_object_get(reply, "detail");
    if (detail == NULL) {
        detail = json_object_get(reply, json_object_get(reply, "error") != NULL ? "error" : "message");
    }
    size_t i;
    json_t *item;
    if (json_is_array(detail)) {
        json_array_foreach ((json_t *)detail, i, item) {
            hk_buf_add_text(out, i > 0 ? "; " : "");
            if (json_is_string(item)) {
                hk_buf_add_text(out, json_string_value(item));
                continue;
            }
            add_location(json_object_get(item, "loc"), out);
            hk_buf_add_text(out, hk_json_get_text(item, "msg", "is wrong"));
        }
    } else if (json_is_object(detail)) {
        const char *reason = hk_json_get_text(detail, "reason", NULL);
        const char *message = hk_json_get_text(detail, "message", NULL);
        hk_buf_printf(out, "%s%s%s", reason != NULL ? reason : "", reason != NULL && message != NULL ? ": " : "",
                      message != NULL ? message : "");
    } else if (json_is_string(detail)) {
        hk_buf_add_text(out, json_string_value(detail));
    }
}

static bool refused(const struct hk_call *call, const json_t *reply, struct hk_error *err)
{
    struct hk_buf text;
    hk_buf_init(&text, 2048);
    add_detail(reply, &text);
    if (text.len == 0) {
        hk_buf_printf(&text, "%s %s was answered with status %d", call->method, call->path, call->status);
    }
    hk_error_set(err, hk_status_code(call->status), "%s", text.data);
    hk_buf_clear(&text);
    return false;
}

/* ---- calls ---- */

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct hk_buf *body = context;
    hk_buf_add(body, data, size * count);
    return body->is_full ? 0 : size * count;
}

static bool perform(struct hk_client *c, struct hk_call *call, struct hk_buf *body, struct hk_error *err)
{
    const char *url = hk_arena_printf(&c->arena, "%s%s", c->engine.url, call->path);
    char *text = call->body != NULL ? hk_json_dump(call->body) : NULL;
    curl_easy_reset(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*"); /* it is on this machine */
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)CALL_TIMEOUT_S);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, body);
    if (text != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text);
    }
    CURLcode code = curl_easy_perform(c->curl);
    long status = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    free(text);
    if (code != CURLE_OK) {
        return hk_error_set(err, HK_UNAVAILABLE, "hanok at %s cannot be asked: %s", c->engine.url,
                            curl_easy_strerror(code));
    }
    return true;
}

bool hk_client_call(struct hk_client *c, struct hk_call *call, struct hk_error *err)
{
    struct hk_buf body;
    struct hk_error ignored;
    hk_buf_init(&body, REPLY_BYTES);
    call->reply = NULL;
    bool ok = perform(c, call, &body, err);
    json_t *reply = ok && body.len > 0 ? hk_json_parse(hk_buf_str(&body), &ignored) : NULL;
    hk_buf_clear(&body);
    if (ok && call->status >= 400) {
        ok = refused(call, reply, err);
        json_decref(reply);
        return ok;
    }
    call->reply = reply;
    return ok;
}

static json_t *answer(struct hk_client *c, struct hk_call *call, struct hk_error *err)
{
    if (!hk_client_call(c, call, err)) {
        return NULL;
    }
    if (call->reply == NULL && call->status != 204) {
        hk_error_set(err, HK_UNAVAILABLE, "%s %s at %s was not answered with JSON; is another program listening there?",
                     call->method, call->path, c->engine.url);
        return NULL;
    }
    return call->reply != NULL ? call->reply : json_object();
}

json_t *hk_client_get(struct hk_client *c, const char *path, struct hk_error *err)
{
    struct hk_call call = {.method = "GET", .path = path};
    return answer(c, &call, err);
}

json_t *hk_client_send(struct hk_client *c, const char *method, const char *path, json_t *body, struct hk_error *err)
{
    struct hk_call call = {.method = method, .path = path, .body = body};
    json_t *reply = answer(c, &call, err);
    json_decref(body);
    return reply;
}

json_t *hk_client_list(struct hk_client *c, const char *path, const char *member, struct hk_error *err)
{
    json_t *all = json_array();
    json_int_t total = 1;
    for (size_t got = 0; (json_int_t)got < total;) {
        const char *page_path = hk_arena_printf(&c->arena, "%s%climit=%d&offset=%zu", path,
                                                strchr(path, '?') != NULL ? '&' : '?', HK_MAX_PAGE, got);
        json_t *page = hk_client_get(c, page_path, err);
        json_t *items = json_object_get(page, member);
        if (page != NULL && !json_is_array(items)) {
            hk_error_set(err, HK_UNAVAILABLE, "the answer to GET %s has no '%s'", page_path, member);
        }
        if (!json_is_array(items)) {
            json_decref(page);
            json_decref(all);
            return NULL;
        }
        total = hk_json_get_int(page, "total_entries", 0);
        json_array_extend(all, items);
        bool is_last = json_array_size(items) == 0;
        json_decref(page);
        if (is_last) {
            break;
        }
        got = json_array_size(all);
    }
    return all;
}
