#include "workers/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"

enum {
    FLUSH_BYTES = 64 * 1024,
    MAX_PENDING_BYTES = 128 * 1024 * 1024, /* the longest line, escaped */
};

void hk_log_file_init(struct hk_log_file *file, struct hk_str path, struct hk_str context)
{
    *file = (struct hk_log_file){.fd = -1};
    file->path = path.len > 0 ? hk_strndup(path.data, path.len) : NULL;
    file->context = context.len > 0 ? hk_strndup(context.data, context.len) : NULL;
    hk_buf_init(&file->pending, MAX_PENDING_BYTES);
}

/* The largest front part of s that is not longer than limit and does not cut a UTF-8 character. */
static size_t piece_length(struct hk_str s, size_t limit)
{
    if (s.len <= limit) {
        return s.len;
    }
    size_t n = limit;
    for (int back = 0; back < 3 && ((unsigned char)s.data[n] & 0xC0) == 0x80; back++) {
        n--;
    }
    return n;
}

static void add_piece(struct hk_log_file *file, const struct hk_log_line *line, struct hk_str event)
{
    struct hk_json w;
    hk_json_init(&w, &file->pending);
    hk_json_begin_object(&w);
    hk_json_kv_time(&w, "timestamp", line->at_us);
    hk_json_kv_text(&w, "level", line->level);
    hk_json_kv_str(&w, "event", event);
    if (line->has_context && file->context != NULL) {
        hk_buf_add_char(&file->pending, ',');
        hk_buf_add_text(&file->pending, file->context);
    }
    if (line->logger != NULL) {
        hk_json_kv_text(&w, "logger", line->logger);
    }
    if (line->more.len > 0) {
        hk_buf_add_char(&file->pending, ',');
        hk_buf_add_str(&file->pending, line->more);
    }
    hk_json_end_object(&w);
    hk_buf_add_char(&file->pending, '\n');
}

static void flush_when_full(struct hk_log_file *file)
{
    if (file->pending.len >= FLUSH_BYTES) {
        hk_log_file_flush(file);
    }
}

void hk_log_file_mask(struct hk_log_file *file, struct hk_str secret)
{
    file->mask = file->mask != NULL ? file->mask : hk_mask_new();
    hk_mask_add(file->mask, secret);
}

void hk_log_file_add(struct hk_log_file *file, const struct hk_log_line *line)
{
    if (file->path == NULL) {
        return;
    }
    struct hk_buf masked;
    hk_buf_init(&masked, SIZE_MAX / 2);
    bool has_secret = file->mask != NULL && hk_mask_apply(file->mask, line->event, &masked);
    struct hk_str event = has_secret ? hk_buf_str(&masked) : line->event;
    struct hk_str rest = event.len > 0 ? event : HK_STR("");
    do {
        size_t n = piece_length(rest, HK_MAX_LOG_LINE_BYTES);
        add_piece(file, line, (struct hk_str){rest.data, n});
        rest = (struct hk_str){rest.data + n, rest.len - n};
        flush_when_full(file);
    } while (rest.len > 0);
    hk_buf_clear(&masked);
}

static bool is_member(const char *key, const char *name)
{
    return strcmp(key, name) == 0;
}

static void add_value(struct hk_json *w, const char *key, const json_t *value)
{
    char *text = hk_json_dump(value);
    hk_json_kv_raw(w, key, hk_str_from(text));
    free(text);
}

static void add_object(struct hk_log_file *file, int64_t at_us, json_t *object)
{
    struct hk_json w;
    hk_json_init(&w, &file->pending);
    hk_json_begin_object(&w);
    const char *timestamp = hk_json_get_text(object, "timestamp", "");
    if (*timestamp != '\0') {
        hk_json_kv_text(&w, "timestamp", timestamp);
    } else {
        hk_json_kv_time(&w, "timestamp", at_us);
    }
    hk_json_kv_text(&w, "level", hk_json_get_text(object, "level", "info"));
    json_t *event = json_object_get(object, "event");
    if (json_is_string(event) || event == NULL || json_is_null(event)) {
        hk_json_kv_text(&w, "event", event != NULL && json_is_string(event) ? json_string_value(event) : "");
    } else {
        add_value(&w, "event", event);
    }
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if (!is_member(key, "timestamp") && !is_member(key, "level") && !is_member(key, "event") &&
            !is_member(key, "exception")) {
            add_value(&w, key, value);
        }
    }
    json_t *exception = json_object_get(object, "exception");
    if (exception != NULL) {
        add_value(&w, "error_detail", exception);
    }
    hk_json_end_object(&w);
    hk_buf_add_char(&file->pending, '\n');
}

/* Whether the object can go to the file byte by byte: it nearly always can, and keeps its numbers' spelling. */
static bool is_in_order(struct hk_str line, json_t *object)
{
    static const char *const names[] = {"timestamp", "level", "event"};
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if (i < 3 && (!is_member(key, names[i]) || !json_is_string(value) || json_string_length(value) == 0)) {
            return false;
        }
        if (is_member(key, "exception")) {
            return false;
        }
        i++;
    }
    return i >= 3 && memchr(line.data, '\n', line.len) == NULL;
}

static json_t *masked_text(const struct hk_log_file *file, const json_t *value)
{
    struct hk_buf text;
    hk_buf_init(&text, SIZE_MAX / 2);
    struct hk_str old = {json_string_value(value), json_string_length(value)};
    json_t *masked = hk_mask_apply(file->mask, old, &text) ? json_stringn_nocheck(text.data, text.len) : NULL;
    hk_buf_clear(&text);
    return masked;
}

/* NULL: it may stay as it is. Changes what is in it. */
static json_t *masked(const struct hk_log_file *file, json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        return masked_text(file, value);
    }
    json_object_foreach (value, key, member) {
        json_t *hidden = masked(file, member);
        if (hidden != NULL) {
            json_object_set_new(value, key, hidden); /* of a key that is there: the walk may go on */
        }
    }
    json_array_foreach (value, i, member) {
        json_t *hidden = masked(file, member);
        if (hidden != NULL) {
            json_array_set_new(value, i, hidden);
        }
    }
    return NULL;
}

void hk_log_file_add_json(struct hk_log_file *file, int64_t at_us, struct hk_str line, bool is_to_mask)
{
    line = hk_str_trim(line);
    if (file->path == NULL || line.len == 0) {
        return;
    }
    struct hk_error err;
    json_t *object = hk_json_parse(line, &err);
    if (object == NULL || !json_is_object(object)) {
        hk_log_file_add(file, &(struct hk_log_line){.at_us = at_us, .level = "error", .logger = "task", .event = line});
    } else if (is_to_mask && file->mask != NULL) {
        (void)masked(file, object);
        add_object(file, at_us, object);
    } else if (is_in_order(line, object)) {
        hk_buf_add_str(&file->pending, line);
        hk_buf_add_char(&file->pending, '\n');
    } else {
        add_object(file, at_us, object);
    }
    json_decref(object);
    flush_when_full(file);
}

bool hk_log_file_is_pending(const struct hk_log_file *file)
{
    return file->pending.len > 0;
}

/* Makes the folder that path is in, and those above it that are missing. */
static void make_folders(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return;
    }
    char *parent = hk_strndup(path, (size_t)(slash - path));
    if (mkdir(parent, 0755) < 0 && errno == ENOENT) { /* nearly always only the last one is missing */
        make_folders(parent);
        mkdir(parent, 0755); /* a failure shows when the file is opened */
    }
    free(parent);
}

static bool open_file(struct hk_log_file *file)
{
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    make_folders(file->path); /* first: a try has a file of its own, so that its folder is nearly always missing */
    file->fd = open(file->path, flags, 0644);
    return file->fd >= 0;
}

static bool write_all(struct hk_log_file *file, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(file->fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        file->is_cut = data[n - 1] != '\n';
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Goes before the first lines for which there is room again. */
static bool write_gap(struct hk_log_file *file)
{
    static const char gap[] = "\n{\"level\":\"error\",\"event\":\"Lines are missing here: the disk was full.\","
                              "\"logger\":\"task\"}\n";
    const char *begin = file->is_cut ? gap : gap + 1;
    return write_all(file, begin, strlen(begin));
}

void hk_log_file_flush(struct hk_log_file *file)
{
    if (file->pending.len == 0) {
        return;
    }
    bool was_failing = file->has_failed;
    file->has_failed = !((file->fd >= 0 || open_file(file)) && (!was_failing || write_gap(file)) &&
                         write_all(file, file->pending.data, file->pending.len));
    if (file->has_failed && !was_failing) {
        hk_log(HK_ERROR, "log_file", "lines of a task's log are lost", HK_KEY("path", file->path),
               HK_KEY("why", strerror(errno)));
    }
    hk_buf_reset(&file->pending);
}

void hk_log_file_close(struct hk_log_file *file)
{
    hk_log_file_flush(file);
    if (file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
    }
    hk_buf_clear(&file->pending);
}

void hk_log_file_clear(struct hk_log_file *file)
{
    hk_log_file_close(file);
    free(file->path);
    free(file->context);
    hk_mask_free(file->mask);
    file->mask = NULL;
    file->path = NULL;
    file->context = NULL;
}

static size_t character_length(struct hk_str s)
{
    for (size_t n = 1; n <= 4 && n <= s.len; n++) {
        if (hk_str_is_utf8((struct hk_str){s.data, n})) {
            return n;
        }
    }
    return 0;
}

void hk_log_decode(struct hk_buf *out, struct hk_str raw)
{
    while (raw.len > 0 && memchr(" \t\n\v\f\r\x1c\x1d\x1e\x1f", raw.data[raw.len - 1], 10) != NULL) {
        raw.len--;
    }
    if (hk_str_is_utf8(raw)) {
        hk_buf_add_str(out, raw);
        return;
    }
    while (raw.len > 0) {
        size_t n = character_length(raw);
        if (n > 0) {
            hk_buf_add(out, raw.data, n);
        } else {
            hk_buf_printf(out, "\\x%02x", (unsigned char)raw.data[0]);
            n = 1;
        }
        raw = (struct hk_str){raw.data + n, raw.len - n};
    }
}
