#include "api/airflow/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"

enum { CHUNK_BYTES = 64 * 1024, MAX_PENDING_BYTES = 4 * HK_MAX_LOG_LINE_BYTES };

bool hk__log_open(struct hk__log_reader *reader, const char *path, int64_t offset, bool takes_rest,
                  struct hk_error *err)
{
    *reader = (struct hk__log_reader){.fd = -1, .offset = offset, .pending_at = offset, .takes_rest = takes_rest};
    hk_buf_init(&reader->pending, MAX_PENDING_BYTES + CHUNK_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        reader->is_at_end = true;
        return errno == ENOENT || errno == ENOTDIR ||
               hk_error_set(err, HK_IO, "the log file '%s' cannot be opened: %s", path, strerror(errno));
    }
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return hk_error_set(err, HK_INVALID, "the log file '%s' is not a plain file", path);
    }
    reader->fd = fd;
    return true;
}

void hk__log_close(struct hk__log_reader *reader)
{
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    reader->fd = -1;
    hk_buf_clear(&reader->pending);
}

static void fill(struct hk__log_reader *reader)
{
    char chunk[CHUNK_BYTES];
    ssize_t got;
    do {
        got = pread(reader->fd, chunk, sizeof chunk, reader->pending_at + (int64_t)reader->pending.len);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        reader->is_at_end = true;
    } else {
        hk_buf_add(&reader->pending, chunk, (size_t)got);
    }
}

static void add_line(struct hk_buf *out, struct hk_str line)
{
    struct hk_error err;
    json_t *value = hk_json_parse(line, &err);
    if (json_is_object(value)) {
        hk_buf_add_str(out, line);
    } else {
        struct hk_json w;
        hk_json_init(&w, out);
        hk_json_begin_object(&w);
        hk_json_kv_str(&w, "event", line);
        hk_json_end_object(&w);
    }
    json_decref(value);
}

bool hk__log_next(struct hk__log_reader *reader, struct hk_buf *out)
{
    for (;;) {
        struct hk_str have = hk_buf_str(&reader->pending);
        const char *newline = have.len > 0 ? memchr(have.data, '\n', have.len) : NULL;
        size_t len = newline != NULL ? (size_t)(newline - have.data) : have.len;
        bool is_whole = newline != NULL || have.len >= MAX_PENDING_BYTES ||
                        (reader->is_at_end && reader->takes_rest && have.len > 0);
        if (!is_whole) {
            if (reader->is_at_end) {
                return false;
            }
            fill(reader);
            continue;
        }
        size_t used = len + (newline != NULL);
        bool is_blank = hk_str_trim((struct hk_str){have.data, len}).len == 0;
        if (!is_blank) {
            add_line(out, (struct hk_str){have.data, len});
        }
        hk_buf_remove_front(&reader->pending, used);
        reader->pending_at += (int64_t)used;
        reader->offset = reader->pending_at;
        if (!is_blank) {
            return true;
        }
    }
}
