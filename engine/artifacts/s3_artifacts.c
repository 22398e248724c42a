#include "engine/artifacts/s3_artifacts.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/artifacts/s3_internal.h"
#include "engine/artifacts/s3_xml.h"
#include "engine/base/alloc.h"

enum { URL_SECONDS = 3600 }; /* of the addresses of parts, as boto3 gives them */

static struct hk__s3 *s3_of(struct hk_artifacts *self)
{
    return (struct hk__s3 *)self;
}

static struct hk_str key_of(const struct hk__s3 *s3, struct hk_arena *arena, struct hk_str path)
{
    return hk_artifact_path_join(arena, hk_str_from(s3->prefix), path);
}

/* -- listing -- */

struct page {
    struct hk_str prefix; /* of the keys that are asked for */
    bool only_here;       /* folders as one, not what is in them */
    int most;             /* 0: a thousand */
};

/* One page of a listing into call.text; *more is the token of the next one, empty: there is none. */
static bool ask_page(struct hk__s3 *s3, const struct page *page, struct hk_str *more, struct hk__s3_call *call,
                     struct hk_arena *arena, struct hk_error *err)
{
    struct hk_s3_parameter parameters[5] = {{"list-type", HK_STR("2")}, {"prefix", page->prefix}};
    size_t n = 2;
    if (page->only_here) {
        parameters[n++] = (struct hk_s3_parameter){"delimiter", HK_STR("/")};
    }
    if (page->most > 0) {
        parameters[n++] = (struct hk_s3_parameter){"max-keys", hk_str_from(hk_arena_printf(arena, "%d", page->most))};
    }
    if (more->len > 0) {
        parameters[n++] = (struct hk_s3_parameter){"continuation-token", *more};
    }
    *call = hk__s3_call_new("GET", (struct hk_str){0});
    call->parameters = parameters;
    call->parameter_count = n;
    bool ok = hk__s3_ask(s3, call, "listed", arena, err);
    call->parameters = NULL;
    if (ok) {
        struct hk_str text = hk_buf_str(&call->text);
        bool goes_on = hk_str_is(hk_s3_xml_text(text, "IsTruncated", arena), "true");
        *more = goes_on ? hk_s3_xml_text(text, "NextContinuationToken", arena) : (struct hk_str){0};
    }
    return ok;
}

static void add(struct hk_artifact_entries *out, struct hk_arena *arena, struct hk_str key, struct hk_str prefix,
                struct hk_artifact_entry entry)
{
    if (key.len <= prefix.len || memcmp(key.data, prefix.data, prefix.len) != 0) {
        return; /* the marker of the folder itself */
    }
    entry.name = (struct hk_str){key.data + prefix.len, key.len - prefix.len};
    if (hk_str_ends_with(entry.name, "/")) {
        entry.name.len--;
        if (!entry.is_folder) {
            return;
        }
    }
    hk__artifacts_add(out, arena, entry);
}

static void add_page(struct hk_str text, struct hk_str prefix, struct hk_arena *arena, struct hk_artifact_entries *out)
{
    struct hk_str inside;
    for (struct hk_str rest = text; hk_s3_xml_next(&rest, "Contents", &inside);) {
        int64_t size = 0;
        (void)hk_str_to_i64(hk_s3_xml_text(inside, "Size", arena), &size);
        add(out, arena, hk_s3_xml_text(inside, "Key", arena), prefix,
            (struct hk_artifact_entry){.size = (uint64_t)size});
    }
    for (struct hk_str rest = text; hk_s3_xml_next(&rest, "CommonPrefixes", &inside);) {
        add(out, arena, hk_s3_xml_text(inside, "Prefix", arena), prefix, (struct hk_artifact_entry){.is_folder = true});
    }
}

static bool list(struct hk_artifacts *self, struct hk_str path, struct hk_arena *arena, struct hk_artifact_entries *out,
                 struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_str key = key_of(s3, arena, path);
    const struct page page = {
        .prefix = key.len > 0 ? hk_str_from(hk_arena_printf(arena, "%.*s/", HK_STR_ARG(key))) : key, .only_here = true};
    struct hk_str more = {0};
    bool ok = true;
    do {
        struct hk__s3_call call;
        ok = ask_page(s3, &page, &more, &call, arena, err);
        if (ok) {
            add_page(hk_buf_str(&call.text), page.prefix, arena, out);
        }
        hk_buf_clear(&call.text);
    } while (ok && more.len > 0);
    hk__artifacts_sort(out);
    return ok;
}

/* -- fetching -- */

static bool has_anything_below(struct hk__s3 *s3, struct hk_str key, struct hk_arena *arena)
{
    const struct page page = {.prefix = hk_str_from(hk_arena_printf(arena, "%.*s/", HK_STR_ARG(key))), .most = 1};
    struct hk_str more = {0};
    struct hk_str inside;
    struct hk__s3_call call;
    struct hk_error ignored;
    bool ok = ask_page(s3, &page, &more, &call, arena, &ignored);
    struct hk_str rest = hk_buf_str(&call.text);
    bool has = ok && hk_s3_xml_next(&rest, "Contents", &inside);
    hk_buf_clear(&call.text);
    return has;
}

static bool open_object(struct hk__s3 *s3, struct hk_str path, struct hk_artifact *out, bool *is_folder,
                        struct hk_arena *arena, struct hk_error *err)
{
    struct hk_str key = key_of(s3, arena, path);
    struct hk__s3_call call = hk__s3_call_new("HEAD", key);
    bool ok = hk__s3_perform(s3, &call, arena, err);
    hk_buf_clear(&call.text);
    if (!ok) {
        return false;
    }
    if (call.status == 404) {
        *is_folder = has_anything_below(s3, key, arena);
        return *is_folder ? hk_error_set(err, HK_INVALID, "Artifact path refers to a directory, not a file: '%.*s'",
                                         HK_STR_ARG(path))
                          : hk_error_set(err, HK_NOT_FOUND, "No such artifact: '%.*s'", HK_STR_ARG(path));
    }
    if (call.status / 100 != 2) {
        return hk__s3_refused(s3, &call, "opened", arena, err);
    }
    out->size = call.length > 0 ? (uint64_t)call.length : 0;
    out->modified_s = call.modified_s;
    snprintf(out->etag, sizeof out->etag, "%s", call.etag);
    return true;
}

static bool open_artifact(struct hk_artifacts *self, struct hk_str path, struct hk_artifact *out, bool *is_folder,
                          struct hk_error *err)
{
    struct hk_arena arena;
    hk_arena_init(&arena);
    bool ok = open_object(s3_of(self), path, out, is_folder, &arena, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool read_artifact(struct hk_artifact *artifact, uint64_t offset, char *out, size_t size, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(artifact->artifacts);
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk__s3_call call = hk__s3_call_new("GET", key_of(s3, &arena, hk_str_from(artifact->path)));
    call.headers[0] = hk_arena_printf(&arena, "Range: bytes=%llu-%llu", (unsigned long long)offset,
                                      (unsigned long long)(offset + size - 1));
    call.headers[1] = hk_arena_printf(&arena, "If-Match: \"%s\"", artifact->etag);
    call.target = out;
    call.target_size = size;
    bool ok = hk__s3_ask(s3, &call, "read", &arena, err);
    if (ok && call.target_len != size) {
        ok = hk_error_set(err, HK_CONFLICT, "'%s' became shorter while it was read.", artifact->path);
    }
    hk_buf_clear(&call.text);
    hk_arena_clear(&arena);
    return ok;
}

/* -- bringing -- */

static bool put(struct hk_artifacts *self, struct hk_upload *upload, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_arena arena;
    hk_arena_init(&arena);
    struct hk_str key = key_of(s3, &arena, hk_str_from(upload->path));
    bool ok = true;
    if (upload->size > (uint64_t)HK_S3_PART_BYTES) {
        ok = hk__s3_send_in_parts(s3, key, upload, &arena, err);
    } else {
        struct hk__s3_call call = hk__s3_call_new("PUT", key);
        call.fd = upload->fd;
        call.size = upload->size;
        ok = hk__s3_ask(s3, &call, "brought there", &arena, err);
        hk_buf_clear(&call.text);
    }
    hk_arena_clear(&arena);
    return ok;
}

/* -- deleting -- */

static const char *md5_of(struct hk_str text, struct hk_arena *arena)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char encoded[64];
    unsigned int len = 0;
    HK_ASSERT(EVP_Digest(text.data, text.len, digest, &len, EVP_md5(), NULL) == 1);
    (void)EVP_EncodeBlock(encoded, digest, (int)len);
    return hk_arena_strdup(arena, (const char *)encoded);
}

/* Those of a page that are the key itself or below it; the page holds also "model2" where "model" was asked for. */
static size_t write_deletion(struct hk_str text, struct hk_str key, struct hk_arena *arena, struct hk_buf *out)
{
    struct hk_str inside;
    size_t count = 0;
    hk_buf_add_text(out, "<Delete><Quiet>true</Quiet>");
    for (struct hk_str rest = text; hk_s3_xml_next(&rest, "Contents", &inside);) {
        struct hk_str found = hk_s3_xml_text(inside, "Key", arena);
        if (found.len >= key.len && memcmp(found.data, key.data, key.len) == 0 &&
            (found.len == key.len || found.data[key.len] == '/')) {
            hk_buf_add_text(out, "<Object><Key>");
            hk_s3_xml_escape(out, found);
            hk_buf_add_text(out, "</Key></Object>");
            count++;
        }
    }
    hk_buf_add_text(out, "</Delete>");
    return count;
}

static bool delete_page(struct hk__s3 *s3, struct hk_str listing, struct hk_str key, struct hk_arena *arena,
                        struct hk_error *err)
{
    const struct hk_s3_parameter parameter = {"delete", {0}};
    struct hk_buf body;
    hk_buf_init(&body, HK_S3_MAX_TEXT);
    bool ok = true;
    if (write_deletion(listing, key, arena, &body) > 0) {
        struct hk__s3_call call = hk__s3_call_new("POST", (struct hk_str){0});
        call.parameters = &parameter;
        call.parameter_count = 1;
        call.headers[0] = "Content-Type: application/xml";
        call.headers[1] = hk_arena_printf(arena, "Content-MD5: %s", md5_of(hk_buf_str(&body), arena));
        call.body = hk_buf_str(&body);
        ok = hk__s3_ask(s3, &call, "deleted", arena, err);
        struct hk_str rest = hk_buf_str(&call.text);
        struct hk_str inside;
        if (ok && hk_s3_xml_next(&rest, "Error", &inside)) {
            call.status = 403;
            ok = hk__s3_refused(s3, &call, "deleted", arena, err);
        }
        hk_buf_clear(&call.text);
    }
    hk_buf_clear(&body);
    return ok;
}

static bool delete_artifacts(struct hk_artifacts *self, struct hk_str path, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_arena arena;
    hk_arena_init(&arena);
    const struct page page = {.prefix = key_of(s3, &arena, path)};
    struct hk_str more = {0};
    bool ok = true;
    do {
        struct hk__s3_call call;
        ok = ask_page(s3, &page, &more, &call, &arena, err);
        ok = ok && delete_page(s3, hk_buf_str(&call.text), page.prefix, &arena, err);
        hk_buf_clear(&call.text);
    } while (ok && more.len > 0);
    hk_arena_clear(&arena);
    return ok;
}

/* -- addresses for clients -- */

static struct hk_str sign_url(struct hk__s3 *s3, struct hk_arena *arena, struct hk_s3_request *request, int seconds)
{
    request->host = hk_str_from(s3->host);
    request->now_us = hk_clock_wall_us(s3->clock);
    struct hk_str query = hk_s3_signed_query(arena, &s3->credentials, request, seconds);
    return hk_str_from(hk_arena_printf(arena, "%s%.*s?%.*s", s3->origin, HK_STR_ARG(request->path), HK_STR_ARG(query)));
}

static bool parts_begin(struct hk_artifacts *self, struct hk_str path, size_t count, struct hk_arena *arena,
                        struct hk_str *upload_id, struct hk_str **urls, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_str key = key_of(s3, arena, path);
    if (!hk__s3_begin_parts(s3, key, arena, upload_id, err)) {
        return false;
    }
    *urls = hk_arena_array(arena, count, sizeof **urls);
    for (size_t i = 0; i < count; i++) {
        const struct hk_s3_parameter parameters[] = {{"partNumber", hk_str_from(hk_arena_printf(arena, "%zu", i + 1))},
                                                     {"uploadId", *upload_id}};
        struct hk_s3_request request = {
            .method = "PUT", .path = hk__s3_path(s3, arena, key), .parameters = parameters, .parameter_count = 2};
        (*urls)[i] = sign_url(s3, arena, &request, URL_SECONDS);
    }
    return true;
}

static bool parts_end(struct hk_artifacts *self, struct hk_str path, struct hk_str upload_id,
                      const struct hk_artifact_part *parts, size_t count, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_arena arena;
    hk_arena_init(&arena);
    bool ok = hk__s3_end_parts(s3, key_of(s3, &arena, path), upload_id, parts, count, &arena, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool parts_abort(struct hk_artifacts *self, struct hk_str path, struct hk_str upload_id, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_arena arena;
    hk_arena_init(&arena);
    bool ok = hk__s3_abort_parts(s3, key_of(s3, &arena, path), upload_id, &arena, err);
    hk_arena_clear(&arena);
    return ok;
}

static bool url(struct hk_artifacts *self, struct hk_str path, int seconds, struct hk_arena *arena, struct hk_str *out,
                uint64_t *size, struct hk_error *err)
{
    struct hk__s3 *s3 = s3_of(self);
    struct hk_artifact found = {0};
    bool is_folder = false;
    if (!open_object(s3, path, &found, &is_folder, arena, err)) {
        return false;
    }
    struct hk_s3_request request = {.method = "GET", .path = hk__s3_path(s3, arena, key_of(s3, arena, path))};
    *size = found.size;
    *out = sign_url(s3, arena, &request, seconds);
    return true;
}

/* -- its life -- */

static void stop(struct hk_artifacts *self)
{
    atomic_store(&s3_of(self)->is_stopping, true);
}

static void free_s3(struct hk_artifacts *self)
{
    struct hk__s3 *s3 = s3_of(self);
    for (int i = 0; i < s3->idle_count; i++) {
        curl_easy_cleanup(s3->idle[i]);
    }
    char *owned[] = {s3->origin,
                     s3->host,
                     s3->base_path,
                     s3->prefix,
                     s3->uri,
                     (char *)(uintptr_t)s3->credentials.access_key,
                     (char *)(uintptr_t)s3->credentials.secret_key,
                     (char *)(uintptr_t)s3->credentials.session_token,
                     (char *)(uintptr_t)s3->credentials.region};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        free(owned[i]);
    }
    if (self->spool >= 0) {
        (void)close(self->spool);
    }
    uv_mutex_destroy(&s3->lock);
    free(s3);
    curl_global_cleanup();
}

static const struct hk_artifacts_type type = {
    .stop = stop,
    .free = free_s3,
    .list = list,
    .open = open_artifact,
    .read = read_artifact,
    .put = put,
    .delete = delete_artifacts,
    .parts_begin = parts_begin,
    .parts_end = parts_end,
    .parts_abort = parts_abort,
    .url = url,
};

/* "s3://bucket/some/prefix" */
static bool read_uri(const char *uri, struct hk_arena *arena, struct hk_str *bucket, struct hk_str *prefix,
                     struct hk_error *err)
{
    struct hk_artifact_path path;
    struct hk_str rest = hk_str_from(uri);
    if (!hk_str_starts_with(rest, "s3://") || rest.len == strlen("s3://")) {
        return hk_error_set(err, HK_INVALID, "'%s' is not the address of a bucket; write s3://bucket/prefix.", uri);
    }
    rest = (struct hk_str){rest.data + 5, rest.len - 5};
    if (!hk_str_next(&rest, '/', bucket) || bucket->len == 0 || !hk_artifact_path_read(rest, arena, &path, err)) {
        return hk_error_set(err, HK_INVALID, "'%s' is not the address of a bucket; write s3://bucket/prefix.", uri);
    }
    *prefix = path.normal;
    return true;
}

/* Host and path of the endpoint; with a virtual host the bucket goes in front of it. */
static bool read_endpoint(const struct hk_s3_options *options, struct hk_str bucket, struct hk__s3 *s3,
                          struct hk_error *err)
{
    char own[256];
    snprintf(own, sizeof own, "https://s3.%s.amazonaws.com", options->credentials.region);
    struct hk_str endpoint = hk_str_from(options->endpoint != NULL ? options->endpoint : own);
    bool is_tls = hk_str_starts_with(endpoint, "https://");
    if (!is_tls && !hk_str_starts_with(endpoint, "http://")) {
        return hk_error_set(err, HK_INVALID, "The endpoint of the object store, '%.*s', is not http:// or https://.",
                            HK_STR_ARG(endpoint));
    }
    size_t scheme = is_tls ? strlen("https://") : strlen("http://");
    struct hk_str host = {endpoint.data + scheme, endpoint.len - scheme};
    while (hk_str_ends_with(host, "/")) {
        host.len--;
    }
    if (host.len == 0 || memchr(host.data, '/', host.len) != NULL) {
        return hk_error_set(err, HK_INVALID, "The endpoint of the object store, '%.*s', is not a host and a port.",
                            HK_STR_ARG(endpoint));
    }
    struct hk_arena arena;
    hk_arena_init(&arena);
    const char *full = options->virtual_host
                           ? hk_arena_printf(&arena, "%.*s.%.*s", HK_STR_ARG(bucket), HK_STR_ARG(host))
                           : hk_arena_printf(&arena, "%.*s", HK_STR_ARG(host));
    s3->host = hk_strdup(full);
    s3->origin = hk_strdup(hk_arena_printf(&arena, "%.*s%s", (int)scheme, endpoint.data, full));
    s3->base_path = hk_strdup(options->virtual_host ? "" : hk_arena_printf(&arena, "/%.*s", HK_STR_ARG(bucket)));
    hk_arena_clear(&arena);
    return true;
}

static bool open_spool(struct hk__s3 *s3, const char *spool, struct hk_error *err)
{
    if (mkdir(spool, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, "The folder for uploads, '%s', cannot be made: %m", spool);
    }
    s3->base.spool = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s3->base.spool >= 0 || hk_error_set(err, HK_IO, "The folder for uploads, '%s', cannot be opened: %m", spool);
}

bool hk_s3_artifacts_open(const struct hk_s3_options *options, struct hk_artifacts **out, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_str bucket = {0};
    struct hk_str prefix = {0};
    hk_arena_init(&arena);
    struct hk__s3 *s3 = hk_alloc(sizeof *s3);
    const struct hk_s3_credentials *c = &options->credentials;
    HK_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    HK_ASSERT(uv_mutex_init(&s3->lock) == 0);
    atomic_init(&s3->is_stopping, false);
    s3->base = (struct hk_artifacts){&type, -1};
    s3->clock = options->clock;
    s3->trusts_any = options->trusts_any;
    s3->uri = hk_strdup(options->uri);
    s3->credentials = (struct hk_s3_credentials){hk_strdup(c->access_key), hk_strdup(c->secret_key),
                                                 hk_strdup(c->session_token), hk_strdup(c->region)};
    bool ok = read_uri(options->uri, &arena, &bucket, &prefix, err) && read_endpoint(options, bucket, s3, err) &&
              open_spool(s3, options->spool, err);
    s3->prefix = hk_strndup(prefix.len > 0 ? prefix.data : "", prefix.len);
    hk_arena_clear(&arena);
    if (!ok) {
        free_s3(&s3->base);
        return false;
    }
    *out = &s3->base;
    return true;
}
