#include "api/cli/host_script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cli/host_script_text.h"

static bool is_same(const char *path, const struct hk_embedded_file *file)
{
    struct stat st;
    char chunk[8192];
    size_t at = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool same = fstat(fd, &st) == 0 && (size_t)st.st_size == file->size;
    while (same && at < file->size) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        same = n > 0 && at + (size_t)n <= file->size && memcmp(chunk, file->bytes + at, (size_t)n) == 0;
        at += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return same;
}

static bool write_file(const char *folder, const struct hk_embedded_file *file, struct hk_error *err)
{
    char path[4096 + 64];
    char temporary[4096 + 64];
    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    snprintf(temporary, sizeof temporary, "%s/%s.new", folder, file->name);
    if (is_same(path, file)) {
        return true;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, file->bytes, file->size) == (ssize_t)file->size;
    ok = fd >= 0 && close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", path);
}

static bool make_folder(const char *path, struct hk_error *err)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           hk_error_set(err, HK_IO, "folder '%s' cannot be made: %m", path);
}

bool hk_host_script_write(const char *home, char *out, size_t out_size, struct hk_error *err)
{
    char folder[4096];
    int n = snprintf(folder, sizeof folder, "%s/run/python", home);
    int m = snprintf(out, out_size, "%s/run/python/host.py", home);
    if (n >= (int)sizeof folder || m >= (int)out_size) {
        return hk_error_set(err, HK_INVALID, "the path of the home is too long");
    }
    folder[n - (int)strlen("/python")] = '\0';
    if (!make_folder(folder, err)) {
        return false;
    }
    folder[n - (int)strlen("/python")] = '/';
    if (!make_folder(folder, err)) {
        return false;
    }
    for (const struct hk_embedded_file *file = hk_host_files; file->name != NULL; file++) {
        if (!write_file(folder, file, err)) {
            return false;
        }
    }
    return true;
}
