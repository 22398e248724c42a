/* One signed request to an S3-compatible store, and its answer. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "engine/artifacts/s3_internal.h"
#include "engine/artifacts/s3_xml.h"
#include "engine/base/log.h"

enum { TRIES = 3, FIRST_PAUSE_MS = 200, CONNECT_SECONDS = 10, STALL_SECONDS = 60, BLOCK = 256 * 1024 };

struct transfer {
    struct hk__s3 *s3;
    struct hk__s3_call *call;
    uint64_t sent;
};

struct hk__s3_call hk__s3_call_new(const char *method, struct hk_str key)
{
    struct hk__s3_call call = {.method = method, .key = key, .fd = -1, .length = -1};
    hk_buf_init(&call.text, HK_S3_MAX_TEXT);
    return call;
}

struct hk_str hk__s3_path(const struct hk__s3 *s3, struct hk_arena *arena, struct hk_str key)
{
    struct hk_str encoded = hk_s3_encode(arena, key, true);
    return hk_str_from(hk_arena_printf(arena, "%s/%.*s", s3->base_path, HK_STR_ARG(encoded)));
}

/* -- what curl calls -- */

static size_t on_send(char *out, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    const struct hk__s3_call *call = t->call;
    size_t room = size * count;
    uint64_t left = call->size - t->sent;
    size_t want = left < room ? (size_t)left : room;
    if (want == 0) {
        return 0;
    }
    ssize_t n = pread(call->fd, out, want, (off_t)(call->offset + t->sent));
    if (n <= 0) {
        return CURL_READFUNC_ABORT;
    }
    t->sent += (uint64_t)n;
    return (size_t)n;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct transfer *t = context;
    if (origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }
    t->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t on_receive(char *data, size_t size, size_t count, void *context)
{
    struct hk__s3_call *call = ((struct transfer *)context)->call;
    size_t len = size * count;
    if (call->target != NULL && call->status / 100 == 2) {
        if (len > call->target_size - call->target_len) {
            return 0; /* more than was asked for */
        }
        memcpy(call->target + call->target_len, data, len);
        call->target_len += len;
        return len;
    }
    hk_buf_add(&call->text, data, len);
    return call->text.is_full ? 0 : len;
}

static bool take_value(struct hk_str line, const char *name, struct hk_str *value)
{
    size_t len = strlen(name);
    if (line.len <= len || strncasecmp(line.data, name, len) != 0 || line.data[len] != ':') {
        return false;
    }
    *value = hk_str_trim((struct hk_str){line.data + len + 1, line.len - len - 1});
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct hk__s3_call *call = ((struct transfer *)context)->call;
    struct hk_str line = {data, size * count};
    struct hk_str value;
    char text[64];
    if (hk_str_starts_with(line, "HTTP/")) { /* of each answer; the last one counts */
        const char *space = memchr(line.data, ' ', line.len);
        call->status = space != NULL ? strtol(space, NULL, 10) : 0;
        call->etag[0] = '\0';
        call->length = -1;
    } else if (take_value(line, "ETag", &value)) {
        bool is_quoted = value.len >= 2 && value.data[0] == '"';
        struct hk_str inside = is_quoted ? (struct hk_str){value.data + 1, value.len - 2} : value;
        (void)hk_str_copy(call->etag, sizeof call->etag, inside);
    } else if (take_value(line, "Content-Length", &value)) {
        (void)hk_str_to_i64(value, &call->length);
    } else if (take_value(line, "Last-Modified", &value) && hk_str_copy(text, sizeof text, value)) {
        call->modified_s = curl_getdate(text, NULL);
    }
    return line.len;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct transfer *t = context;
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&t->s3->is_stopping) ? 1 : 0;
}

/* -- handles -- */

static CURL *take_handle(struct hk__s3 *s3)
{
    CURL *handle = NULL;
    uv_mutex_lock(&s3->lock);
    if (s3->idle_count > 0) {
        handle = s3->idle[--s3->idle_count];
    }
    uv_mutex_unlock(&s3->lock);
    if (handle == NULL) {
        handle = curl_easy_init();
        HK_ASSERT(handle != NULL);
    }
    return handle;
}

static void give_handle(struct hk__s3 *s3, CURL *handle)
{
    curl_easy_reset(handle); /* keeps the connection */
    uv_mutex_lock(&s3->lock);
    bool fits = s3->idle_count < HK_ARTIFACT_THREADS;
    if (fits) {
        s3->idle[s3->idle_count++] = handle;
    }
    uv_mutex_unlock(&s3->lock);
    if (!fits) {
        curl_easy_cleanup(handle);
    }
}

/* -- one try -- */

static bool hash_file(const struct hk__s3_call *call, char out[HK_S3_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    char *block = malloc(BLOCK);
    bool ok = context != NULL && block != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (uint64_t at = 0; ok && at < call->size;) {
        size_t want = call->size - at < BLOCK ? (size_t)(call->size - at) : BLOCK;
        ssize_t n = pread(call->fd, block, want, (off_t)(call->offset + at));
        ok = n > 0 && EVP_DigestUpdate(context, block, (size_t)n) == 1;
        at += n > 0 ? (uint64_t)n : 0;
    }
    ok = ok && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    if (ok) {
        hk_s3_hex(digest, out);
    }
    EVP_MD_CTX_free(context);
    free(block);
    return ok;
}

static struct curl_slist *make_headers(const struct hk__s3 *s3, const struct hk__s3_call *call,
                                       const struct hk_s3_request *request, struct hk_arena *arena)
{
    char time[HK_S3_TIME_SIZE];
    hk_s3_time(request->now_us, time);
    struct hk_str authorization = hk_s3_authorization(arena, &s3->credentials, request);
    struct curl_slist *list =
        curl_slist_append(NULL, hk_arena_printf(arena, "Authorization: %.*s", HK_STR_ARG(authorization)));
    list = curl_slist_append(list, hk_arena_printf(arena, "x-amz-content-sha256: %s", request->payload));
    list = curl_slist_append(list, hk_arena_printf(arena, "x-amz-date: %s", time));
    if (s3->credentials.session_token != NULL) {
        list =
            curl_slist_append(list, hk_arena_printf(arena, "x-amz-security-token: %s", s3->credentials.session_token));
    }
    list = curl_slist_append(list, "Expect:"); /* waits for nothing before it sends */
    for (size_t i = 0; i < sizeof call->headers / sizeof call->headers[0]; i++) {
        if (call->headers[i] != NULL) {
            list = curl_slist_append(list, call->headers[i]);
        }
    }
    return list;
}

static void set_body(CURL *handle, struct transfer *transfer)
{
    const struct hk__s3_call *call = transfer->call;
    if (call->fd >= 0) {
        curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->size);
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(handle, CURLOPT_READDATA, transfer);
        curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(handle, CURLOPT_SEEKDATA, transfer);
    } else if (strcmp(call->method, "POST") == 0) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call->body.len > 0 ? call->body.data : "");
    } else if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_rules(CURL *handle, struct transfer *transfer)
{
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, (long)BLOCK);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_receive);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
    if (transfer->s3->trusts_any) {
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static CURLcode try_once(struct hk__s3 *s3, struct hk__s3_call *call, const char *payload, struct hk_arena *arena)
{
    struct transfer transfer = {s3, call, 0};
    const struct hk_s3_request request = {.method = call->method,
                                          .host = hk_str_from(s3->host),
                                          .path = hk__s3_path(s3, arena, call->key),
                                          .parameters = call->parameters,
                                          .parameter_count = call->parameter_count,
                                          .payload = payload,
                                          .now_us = hk_clock_wall_us(s3->clock)};
    struct hk_str query = hk_s3_query(arena, call->parameters, call->parameter_count);
    const char *url = hk_arena_printf(arena, "%s%.*s%s%.*s", s3->origin, HK_STR_ARG(request.path),
                                      query.len > 0 ? "?" : "", HK_STR_ARG(query));
    CURL *handle = take_handle(s3);
    struct curl_slist *headers = make_headers(s3, call, &request, arena);
    set_rules(handle, &transfer);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    set_body(handle, &transfer);
    hk_buf_reset(&call->text);
    call->target_len = 0;
    call->status = 0;
    CURLcode code = curl_easy_perform(handle);
    give_handle(s3, handle);
    curl_slist_free_all(headers);
    return code;
}

static void rest(int tries)
{
    const long ms = (long)FIRST_PAUSE_MS << tries;
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

bool hk__s3_perform(struct hk__s3 *s3, struct hk__s3_call *call, struct hk_arena *arena, struct hk_error *err)
{
    char payload[HK_S3_HEX_SIZE];
    CURLcode code = CURLE_OK;
    if (call->fd < 0) {
        hk_s3_sha256(call->body.data != NULL ? call->body.data : "", call->body.len, payload);
    } else if (!hash_file(call, payload)) {
        return hk_error_set(err, HK_IO, "What was uploaded cannot be read back from the spool: %m");
    }
    for (int i = 0; i < TRIES && !atomic_load(&s3->is_stopping); i++) {
        code = try_once(s3, call, payload, arena);
        bool is_over = code == CURLE_OK && call->status != 500 && call->status != 503 && call->status != 429;
        if (is_over || i + 1 == TRIES) {
            break;
        }
        hk_log(HK_WARN, "artifacts", "the object store is asked again", HK_KEY("place", s3->uri),
               HK_KEY("why", code == CURLE_OK ? "its answer" : curl_easy_strerror(code)),
               HK_KEY_INT("status", call->status));
        rest(i);
    }
    if (atomic_load(&s3->is_stopping)) {
        return hk_error_set(err, HK_CANCELLED, "The server is shutting down; try again later.");
    }
    if (code != CURLE_OK) {
        return hk_error_set(err, HK_UNAVAILABLE, "The object store of %s does not answer: %s", s3->uri,
                            curl_easy_strerror(code));
    }
    return true;
}

static enum hk_code code_of(long status)
{
    switch (status) {
    case 404:
        return HK_NOT_FOUND;
    case 401:
    case 403:
        return HK_DENIED;
    case 412:
        return HK_CONFLICT;
    case 400:
    case 405:
    case 416:
        return HK_INVALID;
    default:
        return status >= 500 || status == 429 ? HK_UNAVAILABLE : HK_INTERNAL;
    }
}

bool hk__s3_refused(struct hk__s3 *s3, const struct hk__s3_call *call, const char *what, struct hk_arena *arena,
                    struct hk_error *err)
{
    struct hk_str text = hk_buf_str(&call->text);
    struct hk_str code = hk_s3_xml_text(text, "Code", arena);
    struct hk_str message = hk_s3_xml_text(text, "Message", arena);
    return hk_error_set(err, code_of(call->status), "'%.*s' in %s could not be %s: the store answers %ld %.*s %.*s",
                        HK_STR_ARG(call->key), s3->uri, what, call->status, HK_STR_ARG(code), HK_STR_ARG(message));
}

bool hk__s3_ask(struct hk__s3 *s3, struct hk__s3_call *call, const char *what, struct hk_arena *arena,
                struct hk_error *err)
{
    return hk__s3_perform(s3, call, arena, err) &&
           (call->status / 100 == 2 || hk__s3_refused(s3, call, what, arena, err));
}
