#include "api/mlflow/artifact_answer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "api/mlflow/artifact_type.h"
#include "engine/artifacts/artifact_path.h"
#include "engine/artifacts/job_queue.h"
#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

/* -- jobs -- */

struct job {
    const struct hk_request *req;
    struct hk_response *res;
    struct hk_deferred *deferred;
    void (*fn)(const struct hk_request *req, struct hk_response *res, void *data);
    void *data;
};

static void run_job(void *arg)
{
    struct job *job = arg;
    job->fn(job->req, job->res, job->data);
    hk_deferred_complete(job->deferred);
}

void hk__ml_later(const struct hk_request *req, struct hk_response *res,
                  void (*fn)(const struct hk_request *req, struct hk_response *res, void *data), void *data)
{
    struct job *job = hk_arena_alloc(req->arena, sizeof *job);
    res->defer_ms = HK_ARTIFACT_DEADLINE_MS;
    struct hk_deferred *deferred = hk_response_defer(res);
    *job = (struct job){req, res, deferred, fn, data};
    if (!hk_job_queue_add(hk__ml(req)->options.jobs, run_job, job)) {
        hk__ml_fail(res, "TEMPORARILY_UNAVAILABLE", "Too many artifacts are being worked on; try again later.");
        hk_deferred_complete(deferred);
    }
}

/* -- objects of a store -- */

enum block_state { BLOCK_EMPTY, BLOCK_COMING, BLOCK_HERE, BLOCK_FAILED };

struct block {
    char *data;
    size_t size;
    size_t given; /* to the client */
    enum block_state state;
};

/* Held by the stream and by the job that fetches a block; whoever ends last frees it. */
struct reader {
    atomic_int references;
    uv_mutex_t lock;
    struct hk_job_queue *jobs;
    struct hk_waker *waker;
    struct hk_artifact artifact;
    uint64_t next; /* where the block that is fetched next begins */
    uint64_t end;
    struct block blocks[2];
    int current;
};

static void release_reader(struct reader *reader)
{
    if (atomic_fetch_sub(&reader->references, 1) != 1) {
        return;
    }
    hk_artifact_close(&reader->artifact);
    hk_waker_release(reader->waker);
    uv_mutex_destroy(&reader->lock);
    free(reader->blocks[0].data);
    free(reader->blocks[1].data);
    free(reader);
}

static struct block *coming(struct reader *reader)
{
    return &reader->blocks[reader->blocks[0].state == BLOCK_COMING ? 0 : 1];
}

static void fetch(void *arg)
{
    struct reader *reader = arg;
    struct hk_error err;
    uv_mutex_lock(&reader->lock);
    struct block *block = coming(reader);
    uint64_t from = reader->next - block->size;
    uv_mutex_unlock(&reader->lock);
    bool ok = hk_artifact_read(&reader->artifact, from, block->data, block->size, &err);
    if (!ok) {
        hk_log(HK_WARN, "mlflow", "artifact could not be read on", HK_KEY("why", err.message));
    }
    uv_mutex_lock(&reader->lock);
    block->state = ok ? BLOCK_HERE : BLOCK_FAILED;
    uv_mutex_unlock(&reader->lock);
    hk_waker_wake(reader->waker);
    release_reader(reader);
}

/* With the lock held: the next block, unless one is on its way or there is none. */
static void fetch_further(struct reader *reader, struct block *block)
{
    uint64_t left = reader->end - reader->next;
    if (left == 0 || block->state != BLOCK_EMPTY || reader->blocks[0].state == BLOCK_COMING ||
        reader->blocks[1].state == BLOCK_COMING) {
        return;
    }
    if (block->data == NULL) {
        block->data = hk_alloc(HK_ARTIFACT_BLOCK_BYTES);
    }
    block->size = left < HK_ARTIFACT_BLOCK_BYTES ? (size_t)left : HK_ARTIFACT_BLOCK_BYTES;
    block->given = 0;
    block->state = BLOCK_COMING;
    reader->next += block->size;
    atomic_fetch_add(&reader->references, 1);
    if (!hk_job_queue_add(reader->jobs, fetch, reader)) {
        block->state = BLOCK_FAILED;
        atomic_fetch_sub(&reader->references, 1);
    }
}

static enum hk_stream_step read_blocks(void *context, char *out, size_t size, size_t *written)
{
    struct reader *reader = context;
    enum hk_stream_step step = HK_STREAM_WAIT;
    uv_mutex_lock(&reader->lock);
    struct block *block = &reader->blocks[reader->current];
    struct block *other = &reader->blocks[1 - reader->current];
    fetch_further(reader, block);
    if (block->state == BLOCK_FAILED) {
        step = HK_STREAM_FAILED;
    } else if (block->state == BLOCK_HERE) {
        fetch_further(reader, other);
        size_t left = block->size - block->given;
        *written = left < size ? left : size;
        memcpy(out, block->data + block->given, *written);
        block->given += *written;
        step = HK_STREAM_MORE;
        if (block->given == block->size) {
            block->state = BLOCK_EMPTY;
            reader->current = 1 - reader->current;
            bool is_over = reader->next == reader->end && other->state == BLOCK_EMPTY;
            step = is_over ? HK_STREAM_END : HK_STREAM_MORE;
        }
    }
    uv_mutex_unlock(&reader->lock);
    return step;
}

static void close_reader(void *context)
{
    release_reader(context);
}

static void send_blocks(const struct hk_request *req, struct hk_response *res, const char *type,
                        const struct hk_artifact *artifact, const struct hk__ml_range *range)
{
    struct reader *reader = hk_alloc(sizeof *reader);
    atomic_init(&reader->references, 1);
    HK_ASSERT(uv_mutex_init(&reader->lock) == 0);
    reader->jobs = hk__ml(req)->options.jobs;
    reader->waker = hk_response_waker(res);
    reader->artifact = *artifact;
    reader->next = range->first;
    reader->end = range->first + range->size;
    const struct hk_stream stream = {
        .read = read_blocks, .close = close_reader, .context = reader, .length = range->size};
    hk_response_stream(res, type, &stream);
}

/* -- headers -- */

static bool read_number(struct hk_str text, uint64_t *out)
{
    int64_t number = 0;
    if (text.len == 0 || text.data[0] < '0' || text.data[0] > '9' || !hk_str_to_i64(text, &number)) {
        return false;
    }
    *out = (uint64_t)number;
    return true;
}

enum hk__ml_range_kind hk__ml_range_read(struct hk_str header, uint64_t size, struct hk__ml_range *out)
{
    *out = (struct hk__ml_range){0, size};
    if (header.data == NULL || !hk_str_starts_with(header, "bytes=")) {
        return HK__ML_RANGE_WHOLE;
    }
    struct hk_str rest = {header.data + 6, header.len - 6};
    const char *dash = memchr(rest.data, '-', rest.len);
    if (dash == NULL) {
        return HK__ML_RANGE_WHOLE;
    }
    struct hk_str from = hk_str_trim((struct hk_str){rest.data, (size_t)(dash - rest.data)});
    struct hk_str to = hk_str_trim((struct hk_str){dash + 1, rest.len - (size_t)(dash + 1 - rest.data)});
    uint64_t first = 0;
    uint64_t last = size - 1;
    if (from.len == 0) { /* so many from the end */
        uint64_t count = 0;
        if (!read_number(to, &count)) {
            return HK__ML_RANGE_WHOLE;
        }
        first = count < size ? size - count : 0;
        first = count == 0 ? size : first;
    } else if (!read_number(from, &first) || (to.len > 0 && !read_number(to, &last)) || (to.len > 0 && last < first)) {
        return HK__ML_RANGE_WHOLE;
    }
    if (first >= size) {
        return HK__ML_RANGE_BAD;
    }
    last = last < size ? last : size - 1;
    *out = (struct hk__ml_range){first, last - first + 1};
    return HK__ML_RANGE_PART;
}

/* RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT". */
static struct hk_str http_date(struct hk_arena *arena, int64_t seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct hk_civil c;
    hk_civil_from_us(seconds * HK_SECOND_US, &c);
    int weekday = hk_civil_weekday(hk_civil_days(c.year, c.month, c.day));
    return hk_str_from(hk_arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[weekday], c.day,
                                       months[c.month - 1], (int)c.year, c.hour, c.minute, c.second));
}

static bool is_token(struct hk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return text.len > 0;
}

static void quote(struct hk_buf *out, struct hk_str text)
{
    if (is_token(text)) {
        hk_buf_add_str(out, text);
        return;
    }
    hk_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            hk_buf_add_char(out, '\\');
        }
        hk_buf_add_char(out, text.data[i]);
    }
    hk_buf_add_char(out, '"');
}

/* RFC 5987, for names that are more than ASCII. */
static void quote_percent(struct hk_buf *out, struct hk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        struct hk_str c = {text.data + i, 1};
        bool is_plain = is_token(c) && strchr("%'*", *c.data) == NULL;
        if (is_plain) {
            hk_buf_add_str(out, c);
        } else {
            hk_buf_printf(out, "%%%02X", (unsigned char)*c.data);
        }
    }
}

struct hk_str hk__ml_disposition(struct hk_arena *arena, struct hk_str name)
{
    struct hk_buf out;
    struct hk_buf ascii;
    hk_buf_init(&out, HK_MAX_ARTIFACT_PATH_BYTES * 6);
    hk_buf_init(&ascii, HK_MAX_ARTIFACT_PATH_BYTES);
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.data[i] < 0x80) {
            hk_buf_add_char(&ascii, name.data[i]);
        }
    }
    bool is_ascii = ascii.len == name.len;
    hk_buf_add_text(&out, "attachment; filename=");
    quote(&out, ascii.len > 0 ? hk_buf_str(&ascii) : HK_STR("download"));
    if (!is_ascii) {
        hk_buf_add_text(&out, "; filename*=UTF-8''");
        quote_percent(&out, name);
    }
    struct hk_str copy = hk_arena_str(arena, hk_buf_str(&out));
    hk_buf_clear(&out);
    hk_buf_clear(&ascii);
    return copy;
}

/* -- the answer -- */

static void add_headers(const struct hk_request *req, struct hk_response *res, const struct hk_artifact *artifact,
                        struct hk_str etag)
{
    struct hk_str name = hk_artifact_path_name(hk_str_from(artifact->path));
    hk_response_header(res, "Content-Disposition", hk__ml_disposition(req->arena, name));
    hk_response_header(res, "X-Content-Type-Options", HK_STR("nosniff"));
    hk_response_header(res, "Accept-Ranges", HK_STR("bytes"));
    hk_response_header(res, "Last-Modified", http_date(req->arena, artifact->modified_s));
    hk_response_header(res, "ETag", etag);
}

static void answer(const struct hk_request *req, struct hk_response *res, struct hk_artifact *artifact)
{
    struct hk__ml_range range;
    struct hk_str etag = hk_str_from(hk_arena_printf(req->arena, "\"%s\"", artifact->etag));
    struct hk_str unless = hk_request_header(req, "If-Range");
    bool is_same = unless.len == 0 || hk_str_eq(unless, etag);
    struct hk_str wanted = is_same ? hk_request_header(req, "Range") : (struct hk_str){0};
    enum hk__ml_range_kind kind = hk__ml_range_read(wanted, artifact->size, &range);
    unsigned long long size = artifact->size;
    if (kind == HK__ML_RANGE_BAD) {
        hk_response_empty(res, 416);
        hk_response_header(res, "Content-Range", hk_str_from(hk_arena_printf(req->arena, "bytes */%llu", size)));
        hk_artifact_close(artifact);
        return;
    }
    if (kind == HK__ML_RANGE_PART) {
        res->status = 206;
        hk_response_header(
            res, "Content-Range",
            hk_str_from(hk_arena_printf(req->arena, "bytes %llu-%llu/%llu", (unsigned long long)range.first,
                                        (unsigned long long)(range.first + range.size - 1), size)));
    }
    add_headers(req, res, artifact, etag);
    const char *type = hk__ml_artifact_type(hk_artifact_path_name(hk_str_from(artifact->path)));
    if (artifact->fd >= 0) {
        const struct hk_file file = {artifact->fd, range.first, range.size};
        artifact->fd = -1;
        hk_response_file(res, type, &file);
    } else if (range.size > 0) {
        send_blocks(req, res, type, artifact, &range);
        return; /* the artifact is the stream's */
    }
    res->content_type = type;
    hk_artifact_close(artifact);
}

void hk__ml_send_artifact(const struct hk_request *req, struct hk_response *res, struct hk_str path, bool *is_folder)
{
    struct hk_artifact artifact;
    struct hk_error err;
    if (hk_artifacts_open(hk__ml(req)->options.artifacts, path, &artifact, is_folder, &err)) {
        answer(req, res, &artifact);
    } else {
        hk__ml_fail_error(res, &err);
    }
}

void hk__ml_write_entries(struct hk_json *w, struct hk_arena *arena, struct hk_str folder,
                          const struct hk_artifact_entries *entries)
{
    if (entries->len == 0) {
        return;
    }
    hk_json_key(w, "files");
    hk_json_begin_array(w);
    for (size_t i = 0; i < entries->len; i++) {
        const struct hk_artifact_entry *entry = &entries->items[i];
        hk_json_begin_object(w);
        hk_json_kv_str(w, "path", hk_artifact_path_join(arena, folder, entry->name));
        hk_json_kv_bool(w, "is_dir", entry->is_folder);
        if (!entry->is_folder) {
            hk_json_kv_int(w, "file_size", (int64_t)entry->size);
        }
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
}
