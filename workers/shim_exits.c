#include "workers/shim_exits.h"

#include <fcntl.h>
#include <unistd.h>

#include "workers/shim_internal.h"

enum {
    TRUNCATE_BYTES = 256 * 1024, /* emptied when all is forgotten and it is longer than this */
    MAX_EXITS_BYTES = 1024 * 1024 * 1024,
};

void shim_exits_open(struct shim *shim)
{
    shim->exits_fd = openat(shim->run_folder, HK_SHIM_EXITS_FILE, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Records of a shim before us stay: the engine may not have committed them yet. */
    off_t len = shim->exits_fd >= 0 ? lseek(shim->exits_fd, 0, SEEK_END) : 0;
    shim->exits_len = len > 0 ? (size_t)len : 0;
}

void shim_exits_add(struct shim *shim, const struct hk_shim_message *ended)
{
    struct hk_buf frame;
    hk_buf_init(&frame, HK_SHIM_HEADER_BYTES + HK_SHIM_MAX_FRAME_BYTES);
    hk_shim_encode(&frame, ended);
    /* When the disk is full the result is still in memory; a torn record is cut off again. */
    ssize_t n = shim->exits_fd >= 0 && !frame.is_full ? write(shim->exits_fd, frame.data, frame.len) : -1;
    if (n == (ssize_t)frame.len) {
        shim->exits_len += frame.len;
    } else if (shim->exits_fd >= 0 && ftruncate(shim->exits_fd, (off_t)shim->exits_len) < 0) {
        close(shim->exits_fd);
        shim->exits_fd = -1;
    }
    hk_buf_clear(&frame);
}

void shim_exits_forgot(struct shim *shim)
{
    if (shim->kept_count == 0 && shim->exits_len > TRUNCATE_BYTES && ftruncate(shim->exits_fd, 0) == 0) {
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
    struct hk_error err;
    size_t used;
    if (all->len == *at) {
        return false;
    }
    struct hk_str rest = {all->data + *at, all->len - *at};
    if (hk_shim_decode(rest, message, &used, &err) != HK_SHIM_FRAME || message->type != HK_SHIM_ENDED) {
        return false;
    }
    *at += used;
    return true;
}
