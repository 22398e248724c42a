/* A process, made the cheap way: the child borrows our memory until it executes (as vfork and posix_spawn do), so
 * nothing is copied however large we are; posix_spawn itself cannot ask for the parent-death signal. The child leads a
 * session and process group of its own, gets SIGKILL from the kernel when we die, has no signal blocked or ignored, and
 * has exactly the descriptors named here: everything else in this program is O_CLOEXEC. Only from a single-threaded
 * process: the parent-death signal follows the thread. */
#ifndef HK_WORKERS_SPAWN_H
#define HK_WORKERS_SPAWN_H

#include <sys/resource.h>
#include <sys/types.h>

struct hk_spawn {
    const char *program;    /* with a slash; PATH is not searched */
    char *const *arguments; /* NULL-terminated */
    char *const *environment;
    const char *folder;               /* NULL: ours */
    int input;                        /* becomes 0 */
    int output;                       /* becomes 1 and 2 */
    int extra;                        /* becomes 3; -1: none */
    const struct rlimit *descriptors; /* its RLIMIT_NOFILE */
};

/* 0, or the errno of what failed; *failed then names it: "chdir", "execve" ... */
int hk_spawn(const struct hk_spawn *spawn, pid_t *pid, const char **failed);

#endif
