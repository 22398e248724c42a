#include "workers/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 200 }; /* one descriptor each */

static void empty_folder(int fd, int depth)
{
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(dirfd(folder), name, 0) == 0) {
            continue;
        }
        if (errno != EISDIR && errno != EPERM) {
            continue;
        }
        int inner = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0 && depth < MAX_DEPTH) {
            empty_folder(inner, depth + 1);
        } else if (inner >= 0) {
            close(inner);
        }
        unlinkat(dirfd(folder), name, AT_REMOVEDIR);
    }
    closedir(folder);
}

void hk_folder_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        empty_folder(fd, 0);
    }
    rmdir(path);
}

bool hk_folder_is_fresh(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    struct stat st;
    char entries[512];
    bool is_plain = fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 07777) == 0700 && st.st_nlink == 2;
    /* "." and ".." come first and fill 48 bytes; whatever else is there makes it more. */
    bool is_empty = is_plain && getdents64(fd, entries, sizeof entries) <= 48;
    close(fd);
    return is_empty;
}

void hk_folder_remove_all(const char *root, const char *prefix)
{
    DIR *folder = opendir(root);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat st;
        char path[8192];
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        int n = snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
        if (n < (int)sizeof path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid()) {
            hk_folder_remove(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}
