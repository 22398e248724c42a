#include "workers/proc_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/str.h"

enum {
    MAX_ENVIRON_BYTES = 4 * 1024 * 1024,
    PAUSE_US = 5000,
};

bool hk_home_id(const char *home, char out[HK_HOME_ID_SIZE])
{
    struct stat st;
    out[0] = '\0';
    if (stat(home, &st) < 0) {
        return false;
    }
    snprintf(out, HK_HOME_ID_SIZE, "%llx-%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    return true;
}

static bool read_environ(const char *pid, struct hk_buf *out)
{
    char path[64];
    hk_buf_reset(out);
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false; /* somebody else's, or gone */
    }
    char chunk[16 * 1024];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        hk_buf_add(out, chunk, (size_t)n);
    }
    close(fd);
    return out->len > 0; /* a zombie has none */
}

static bool has_variable(const struct hk_buf *environment, struct hk_str wanted)
{
    struct hk_str rest = hk_buf_str(environment);
    struct hk_str one;
    while (hk_str_next(&rest, '\0', &one)) {
        if (hk_str_eq(one, wanted)) {
            return true;
        }
    }
    return false;
}

static size_t search(const char *home_id, bool kills)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "HANOK_HOME_ID=%s", home_id);
    struct hk_buf environment;
    hk_buf_init(&environment, MAX_ENVIRON_BYTES);
    size_t found = 0;
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        int64_t pid;
        if (!hk_str_to_i64(hk_str_from(entry->d_name), &pid) || pid == getpid()) {
            continue;
        }
        if (!read_environ(entry->d_name, &environment) || !has_variable(&environment, hk_str_from(wanted))) {
            continue;
        }
        found++;
        if (kills) {
            pid_t group = getpgid((pid_t)pid);
            if (group > 1 && group != getpgrp()) {
                kill(-group, SIGKILL);
            }
            kill((pid_t)pid, SIGKILL);
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    hk_buf_clear(&environment);
    return found;
}

size_t hk_proc_count(const char *home_id)
{
    return search(home_id, false);
}

size_t hk_proc_end_all(const char *home_id, int limit_ms, size_t *ended_count)
{
    const struct hk_clock *clock = hk_clock_system();
    int64_t until_us = hk_clock_monotonic_us(clock) + limit_ms * HK_MS_US;
    size_t left = search(home_id, true);
    *ended_count = left;
    while (left > 0 && hk_clock_monotonic_us(clock) < until_us) {
        usleep(PAUSE_US);
        left = search(home_id, true);
    }
    return left;
}
