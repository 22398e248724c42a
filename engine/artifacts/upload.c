/* The spool: where the bytes of an upload wait until they are all there. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/artifacts/artifact_store_internal.h"
#include "engine/base/alloc.h"

/* So often the disk is asked to begin writing what has come, so that the commit does not wait for gigabytes at once and
 * memory is not filled with what is not written. */
enum { FLUSH_BYTES = 8 * 1024 * 1024 };

void hk__artifacts_temporary(char name[64])
{
    static atomic_uint_fast64_t next;
    snprintf(name, 64, HK_ARTIFACT_TEMPORARY "%ld.%llu", (long)getpid(),
             (unsigned long long)atomic_fetch_add(&next, 1));
}

static int open_spool_file(struct hk_upload *upload)
{
    int folder = upload->artifacts->spool;
#ifdef O_TMPFILE
    int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)) {
        return fd;
    }
#endif
    hk__artifacts_temporary(upload->name);
    return openat(folder, upload->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static bool check_room(const struct hk_artifacts *artifacts, uint64_t size, const char *path, struct hk_error *err)
{
    struct statvfs disk;
    if (size == 0 || fstatvfs(artifacts->spool, &disk) != 0 ||
        size / disk.f_frsize < disk.f_bavail) { /* one block more than it needs */
        return true;
    }
    return hk_error_set(err, HK_LIMIT,
                        "There is no room on the disk for '%s': it is %llu bytes long, and %llu are free.", path,
                        (unsigned long long)size, (unsigned long long)disk.f_bavail * disk.f_frsize);
}

bool hk_upload_begin(struct hk_artifacts *artifacts, struct hk_str path, uint64_t size, struct hk_upload **out,
                     struct hk_error *err)
{
    struct hk_upload *upload = hk_alloc(sizeof *upload);
    upload->artifacts = artifacts;
    upload->path = hk_strndup(path.data, path.len);
    upload->fd = -1;
    bool ok = check_room(artifacts, size, upload->path, err);
    if (ok) {
        upload->fd = open_spool_file(upload);
        ok = upload->fd >= 0 || hk__artifacts_failed(err, errno, "uploaded", upload->path);
    }
    if (!ok) {
        upload->name[0] = '\0';
        hk_upload_abort(upload);
        return false;
    }
    *out = upload;
    return true;
}

static void flush_early(struct hk_upload *upload)
{
    if (upload->size - upload->flushed < FLUSH_BYTES) {
        return;
    }
#ifdef SYNC_FILE_RANGE_WRITE
    (void)sync_file_range(upload->fd, (off_t)upload->flushed, (off_t)(upload->size - upload->flushed),
                          SYNC_FILE_RANGE_WRITE);
#endif
    upload->flushed = upload->size;
}

bool hk_upload_write(struct hk_upload *upload, const void *data, size_t size, struct hk_error *err)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(upload->fd, at, size);
        if (n < 0 && errno != EINTR) {
            return hk__artifacts_failed(err, errno, "uploaded", upload->path);
        }
        if (n > 0) {
            at += n;
            size -= (size_t)n;
            upload->size += (uint64_t)n;
        }
    }
    flush_early(upload);
    return true;
}

uint64_t hk_upload_size(const struct hk_upload *upload)
{
    return upload->size;
}

void hk_upload_abort(struct hk_upload *upload)
{
    if (upload == NULL) {
        return;
    }
    if (upload->name[0] != '\0') {
        (void)unlinkat(upload->artifacts->spool, upload->name, 0);
    }
    if (upload->fd >= 0) {
        (void)close(upload->fd);
    }
    free(upload->path);
    free(upload);
}

bool hk_upload_commit(struct hk_upload *upload, struct hk_error *err)
{
    bool ok = upload->artifacts->type->put(upload->artifacts, upload, err);
    hk_upload_abort(upload); /* what is left of it */
    return ok;
}
