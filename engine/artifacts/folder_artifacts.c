#include "engine/artifacts/folder_artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/artifacts/artifact_path.h"
#include "engine/artifacts/artifact_store_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

struct folder {
    struct hk_artifacts base;
    int root;
};

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int root_of(struct hk_artifacts *self)
{
    return ((struct folder *)self)->root;
}

static bool is_link(int folder, const char *name)
{
    struct stat found;
    return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

static bool outside(struct hk_error *err)
{
    return hk_error_set(err, HK_INVALID, "Invalid path: resolved path is outside the artifact directory");
}

/* One step down. A folder that is made lasts only once the one above it is on disk. */
static int step_into(int folder, const char *name, bool makes)
{
    int next = openat(folder, name, FOLDER_FLAGS);
    if (next >= 0 || errno != ENOENT || !makes) {
        return next;
    }
    if (mkdirat(folder, name, 0777) != 0 && errno != EEXIST) {
        return -1;
    }
    (void)fsync(folder);
    return openat(folder, name, FOLDER_FLAGS);
}

/* Opens the folder that `path` leads to ("": the root) and gives its descriptor, -1 after an error: HK_NOT_FOUND where
 * there is none (unless it is to be made). */
static int walk(struct hk_artifacts *self, struct hk_str path, bool makes, struct hk_error *err)
{
    char name[HK_MAX_ARTIFACT_PATH_BYTES + 1];
    int folder = openat(root_of(self), ".", FOLDER_FLAGS); /* with a position of its own, which a copy would share */
    struct hk_str rest = path;
    struct hk_str segment;
    while (folder >= 0 && hk_str_next(&rest, '/', &segment)) {
        if (!hk_str_copy(name, sizeof name, segment)) {
            errno = ENAMETOOLONG;
            break;
        }
        int next = step_into(folder, name, makes);
        int number = errno;
        bool is_foreign = next < 0 && is_link(folder, name);
        (void)close(folder);
        folder = next;
        errno = number;
        if (is_foreign) {
            (void)outside(err);
            return -1;
        }
    }
    if (folder >= 0) {
        return folder;
    }
    if (errno == ENOTDIR && makes) {
        hk_error_set(err, HK_INVALID, "'%.*s' cannot be a folder: there is a file in its way.", HK_STR_ARG(path));
    } else if (errno == ENOENT || errno == ENOTDIR) {
        hk_error_set(err, HK_NOT_FOUND, "No such artifact: '%.*s'", HK_STR_ARG(path));
    } else {
        char shown[256];
        snprintf(shown, sizeof shown, "%.*s", HK_STR_ARG(path));
        hk__artifacts_failed(err, errno, "opened", shown);
    }
    return -1;
}

static void split(struct hk_str path, struct hk_str *folder, const char **name)
{
    struct hk_str last = hk_artifact_path_name(path);
    *name = last.data; /* ends where the path does, with a NUL */
    *folder = (struct hk_str){path.data, path.len > last.len ? path.len - last.len - 1 : 0};
}

static void free_folder(struct hk_artifacts *self)
{
    (void)close(root_of(self));
    free(self);
}

/* -- reading -- */

static void add_entry(DIR *dir, const char *name, struct hk_arena *arena, struct hk_artifact_entries *out)
{
    struct stat found;
    bool is_own = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                  hk_str_starts_with(hk_str_from(name), HK_ARTIFACT_TEMPORARY);
    if (is_own || fstatat(dirfd(dir), name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return;
    }
    struct hk_artifact_entry entry = {.name = hk_str_from(name), .is_folder = S_ISDIR(found.st_mode)};
    if (entry.is_folder || S_ISREG(found.st_mode)) {
        entry.size = entry.is_folder ? 0 : (uint64_t)found.st_size;
        hk__artifacts_add(out, arena, entry);
    }
}

static bool list(struct hk_artifacts *self, struct hk_str path, struct hk_arena *arena, struct hk_artifact_entries *out,
                 struct hk_error *err)
{
    int folder = walk(self, path, false, err);
    if (folder < 0) {
        return err->code == HK_NOT_FOUND;
    }
    DIR *dir = fdopendir(folder);
    HK_ASSERT(dir != NULL);
    struct dirent *entry = NULL;
    while ((entry = readdir(dir)) != NULL) {
        add_entry(dir, entry->d_name, arena, out);
    }
    (void)closedir(dir);
    hk__artifacts_sort(out);
    return true;
}

static bool check_opened(int fd, struct hk_str path, struct hk_artifact *out, bool *is_folder, struct hk_error *err)
{
    struct stat found;
    HK_ASSERT(fstat(fd, &found) == 0);
    *is_folder = S_ISDIR(found.st_mode);
    if (*is_folder) {
        return hk_error_set(err, HK_INVALID, "Artifact path refers to a directory, not a file: '%.*s'",
                            HK_STR_ARG(path));
    }
    if (!S_ISREG(found.st_mode)) {
        return hk_error_set(err, HK_NOT_FOUND, "No such artifact: '%.*s'", HK_STR_ARG(path));
    }
    out->size = (uint64_t)found.st_size;
    out->modified_s = found.st_mtim.tv_sec;
    snprintf(out->etag, sizeof out->etag, "%llx-%llx-%llx-%llx", (unsigned long long)found.st_ino,
             (unsigned long long)found.st_size, (unsigned long long)found.st_mtim.tv_sec,
             (unsigned long long)found.st_mtim.tv_nsec);
    return true;
}

static bool open_artifact(struct hk_artifacts *self, struct hk_str path, struct hk_artifact *out, bool *is_folder,
                          struct hk_error *err)
{
    struct hk_str parent;
    const char *name = NULL;
    split(path, &parent, &name);
    int folder = walk(self, parent, false, err);
    if (folder < 0) { /* of what is not there, all is named that was asked for */
        return err->code == HK_NOT_FOUND ? hk_error_set(err, HK_NOT_FOUND, "No such artifact: '%.*s'", HK_STR_ARG(path))
                                         : false;
    }
    bool is_temporary = hk_str_starts_with(hk_str_from(name), HK_ARTIFACT_TEMPORARY);
    int fd =
        is_temporary ? -1 : openat(folder, path.len == 0 ? "." : name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int number = is_temporary ? ENOENT : errno;
    bool is_foreign = fd < 0 && is_link(folder, name);
    (void)close(folder);
    if (is_foreign) {
        return outside(err);
    }
    if (fd < 0 && (number == ENOENT || number == ENAMETOOLONG || number == ENXIO)) {
        return hk_error_set(err, HK_NOT_FOUND, "No such artifact: '%.*s'", HK_STR_ARG(path));
    }
    if (fd < 0) {
        return hk__artifacts_failed(err, number, "opened", path.data);
    }
    if (!check_opened(fd, path, out, is_folder, err)) {
        (void)close(fd);
        return false;
    }
    out->fd = fd;
    return true;
}

static bool read_artifact(struct hk_artifact *artifact, uint64_t offset, char *out, size_t size, struct hk_error *err)
{
    while (size > 0) {
        ssize_t n = pread(artifact->fd, out, size, (off_t)offset);
        if (n == 0) {
            return hk_error_set(err, HK_CONFLICT, "'%s' became shorter while it was read.", artifact->path);
        }
        if (n < 0 && errno != EINTR) {
            return hk__artifacts_failed(err, errno, "read", artifact->path);
        }
        if (n > 0) {
            out += n;
            size -= (size_t)n;
            offset += (uint64_t)n;
        }
    }
    return true;
}

/* -- writing -- */

static int link_spooled(const struct hk_upload *upload, int folder, const char *name)
{
    char own[64];
    snprintf(own, sizeof own, "/proc/self/fd/%d", upload->fd);
    return linkat(AT_FDCWD, own, folder, name, AT_SYMLINK_FOLLOW);
}

/* A file without a name is linked to its place; if that is taken, to a temporary name first, because only a rename
 * replaces. One that has a name is renamed. */
static int bring_to(struct hk_upload *upload, int folder, const char *name)
{
    char temporary[64];
    if (upload->name[0] != '\0') {
        int result = renameat(upload->artifacts->spool, upload->name, folder, name);
        if (result == 0) {
            upload->name[0] = '\0';
        }
        return result;
    }
    if (link_spooled(upload, folder, name) == 0) {
        return 0;
    }
    if (errno != EEXIST) {
        return -1;
    }
    hk__artifacts_temporary(temporary);
    if (link_spooled(upload, folder, temporary) != 0) {
        return -1;
    }
    if (renameat(folder, temporary, folder, name) == 0) {
        return 0;
    }
    int number = errno;
    (void)unlinkat(folder, temporary, 0);
    errno = number;
    return -1;
}

static bool put(struct hk_artifacts *self, struct hk_upload *upload, struct hk_error *err)
{
    struct hk_str parent;
    const char *name = NULL;
    split(hk_str_from(upload->path), &parent, &name);
    if (fsync(upload->fd) != 0) {
        return hk__artifacts_failed(err, errno, "written to the disk", upload->path);
    }
    int folder = walk(self, parent, true, err);
    if (folder < 0) {
        return false;
    }
    bool ok = bring_to(upload, folder, name) == 0 && fsync(folder) == 0;
    int number = errno;
    (void)close(folder);
    if (!ok && (number == EISDIR || number == ENOTEMPTY || number == EEXIST)) {
        return hk_error_set(err, HK_INVALID, "'%s' is a folder, which a file cannot replace; delete it first.",
                            upload->path);
    }
    return ok || hk__artifacts_failed(err, number, "put in its place", upload->path);
}

/* Depth is that of paths (HK_MAX_ARTIFACT_DEPTH) unless somebody else has put deeper ones there. */
static bool remove_all(int folder, const char *name, int depth)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    if ((errno != EISDIR && errno != EPERM) || depth > HK_MAX_ARTIFACT_DEPTH) {
        return false;
    }
    int inner = openat(folder, name, FOLDER_FLAGS);
    DIR *dir = inner >= 0 ? fdopendir(inner) : NULL;
    if (dir == NULL) {
        return false;
    }
    bool ok = true;
    struct dirent *entry = NULL;
    while (ok && (entry = readdir(dir)) != NULL) {
        bool is_own = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        ok = is_own || remove_all(dirfd(dir), entry->d_name, depth + 1);
    }
    int number = errno;
    (void)closedir(dir);
    errno = number;
    return ok && (unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

static bool delete_artifacts(struct hk_artifacts *self, struct hk_str path, struct hk_error *err)
{
    struct hk_str parent;
    const char *name = NULL;
    split(path, &parent, &name);
    int folder = walk(self, parent, false, err);
    if (folder < 0) {
        return err->code == HK_NOT_FOUND;
    }
    bool ok = remove_all(folder, name, 0);
    int number = errno;
    (void)close(folder);
    return ok || number == ENAMETOOLONG || hk__artifacts_failed(err, number, "deleted", path.data);
}

static const struct hk_artifacts_type type = {
    .free = free_folder,
    .list = list,
    .open = open_artifact,
    .read = read_artifact,
    .put = put,
    .delete = delete_artifacts,
};

bool hk_folder_artifacts_open(const char *path, struct hk_artifacts **out, struct hk_error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return hk_error_set(err, HK_IO, "The folder for artifacts, '%s', cannot be made: %m", path);
    }
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        return hk_error_set(err, HK_IO, "The folder for artifacts, '%s', cannot be opened: %m", path);
    }
    struct folder *folder = hk_alloc(sizeof *folder);
    folder->base = (struct hk_artifacts){&type, root};
    folder->root = root;
    *out = &folder->base;
    return true;
}
