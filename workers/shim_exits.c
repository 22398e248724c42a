#include "workers/shim_exits.h"

#include <fcntl.h>
#include <unistd.h>

#include "workers/shim_internal.h"

#define NEW_FILE HK_SHIM_EXITS_FILE ".new"

enum {
    EMPTY_BYTES = 256 * 1024,    /* emptied when all is forgotten and it is longer than this */
    REWRITE_BYTES = 1024 * 1024, /* written anew when it is longer than this and than twice what is wanted of it */
    MAX_EXITS_BYTES = 1024 * 1024 * 1024,
};

void shim_exits_open(struct shim *shim)
{
    shim->exits_fd = openat(shim->run_folder, HK_SHIM_EXITS_FILE, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Records of a shim before us stay: the engine may not have committed them yet. */
    off_t len = shim->exits_fd >= 0 ? lseek(shim->exits_fd, 0, SEEK_END) : 0;
    shim->exits_len = len > 0 ? (size_t)len : 0;
    shim->exits_limit = SIZE_MAX;
}

static bool write_record(int fd, const struct hk_shim_message *ended, size_t *len)
{
    struct hk_buf frame;
    hk_buf_init(&frame, HK_SHIM_HEADER_BYTES + HK_SHIM_MAX_FRAME_BYTES);
    hk_shim_encode(&frame, ended);
    bool ok = fd >= 0 && !frame.is_full && write(fd, frame.data, frame.len) == (ssize_t)frame.len;
    *len += ok ? frame.len : 0;
    hk_buf_clear(&frame);
    return ok;
}

/* Leaves only what is not forgotten. A failure (a full disk) leaves the file as it is; it is tried again later. */
static void rewrite(struct shim *shim)
{
    int fd = openat(shim->run_folder, NEW_FILE, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    size_t len = 0;
    for (size_t i = 0; i < SHIM_BUCKETS && ok; i++) {
        for (const struct shim_job *job = shim->buckets[i]; job != NULL && ok; job = job->next) {
            struct hk_shim_message ended = shim_job_ended_message(job);
            ok = job->state != JOB_ENDED || job->kind == HK_SHIM_PARSE || write_record(fd, &ended, &len);
        }
    }
    if (ok && renameat(shim->run_folder, NEW_FILE, shim->run_folder, HK_SHIM_EXITS_FILE) == 0) {
        close(shim->exits_fd);
        shim->exits_fd = fd;
        shim->exits_len = len;
    } else if (fd >= 0) {
        close(fd);
    }
    shim->exits_limit = 2 * shim->exits_len > REWRITE_BYTES ? 2 * shim->exits_len : REWRITE_BYTES;
}

void shim_exits_add(struct shim *shim, const struct shim_job *job)
{
    struct hk_shim_message ended = shim_job_ended_message(job);
    /* When the disk is full the result is still in memory; a torn record is cut off again. */
    if (!write_record(shim->exits_fd, &ended, &shim->exits_len) && shim->exits_fd >= 0 &&
        ftruncate(shim->exits_fd, (off_t)shim->exits_len) < 0) {
        close(shim->exits_fd);
        shim->exits_fd = -1;
    }
    if (shim->exits_fd >= 0 && shim->exits_len > shim->exits_limit) {
        rewrite(shim);
    }
}

void shim_exits_forgot(struct shim *shim)
{
    if (shim->exits_limit == SIZE_MAX) { /* commits come in order: those of an earlier shim's results came before */
        shim->exits_limit = REWRITE_BYTES;
    }
    if (shim->kept_count == 0 && shim->exits_len > EMPTY_BYTES && ftruncate(shim->exits_fd, 0) == 0) {
        shim->exits_len = 0;
    }
}

void hk_shim_exits_read(const char *home, struct hk_buf *out)
{
    hk_buf_init(out, MAX_EXITS_BYTES);
    struct hk_buf path;
    hk_buf_init(&path, 64 * 1024);
    hk_buf_printf(&path, "%s/run/" HK_SHIM_EXITS_FILE, home);
    int fd = open(path.data, O_RDONLY | O_CLOEXEC);
    hk_buf_clear(&path);
    if (fd < 0) {
        return;
    }
    char chunk[16 * 1024];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        hk_buf_add(out, chunk, (size_t)n);
    }
    close(fd);
}

bool hk_shim_exits_next(const struct hk_buf *all, size_t *at, struct hk_shim_message *message)
{
    struct hk_str rest = {all->data + *at, all->len - *at};
    if (!hk_shim_next(&rest, message) || message->type != HK_SHIM_ENDED) {
        return false;
    }
    *at = all->len - rest.len;
    return true;
}
