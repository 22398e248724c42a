#include "workers/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK_BYTES = 64 * 1024 };

struct child {
    const struct hk_spawn *spawn;
    pid_t parent;
    int error;
    const char *failed;
};

/* The child and we share memory until execve, so it leaves its errno where we can read it. The sanitizer keeps notes on
 * stack frames which a function that never returns would leave behind. */
__attribute__((no_sanitize("address", "undefined"))) static int fail(struct child *c, const char *what)
{
    c->error = errno;
    c->failed = what;
    _exit(127);
}

__attribute__((no_sanitize("address", "undefined"))) static int run_child(void *argument)
{
    struct child *c = argument;
    const struct hk_spawn *s = c->spawn;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return fail(c, "prctl");
    }
    if (getppid() != c->parent) {
        _exit(127); /* we died before the signal was set */
    }
    setsid();
    setrlimit(RLIMIT_NOFILE, s->descriptors); /* within what is allowed to us: cannot fail */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (dup2(s->input, 0) < 0 || dup2(s->output, 1) < 0 || dup2(s->output, 2) < 0) {
        return fail(c, "dup2");
    }
    if (s->extra == 3) {
        fcntl(3, F_SETFD, 0);
    } else if (s->extra >= 0 && dup2(s->extra, 3) < 0) {
        return fail(c, "dup2");
    }
    if (s->folder != NULL && chdir(s->folder) < 0) {
        return fail(c, "chdir");
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(s->program, s->arguments, s->environment);
    return fail(c, "execve");
}

int hk_spawn(const struct hk_spawn *spawn, pid_t *pid, const char **failed)
{
    static char stack[CHILD_STACK_BYTES] __attribute__((aligned(64)));
    struct child c = {.spawn = spawn, .parent = getpid()};
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old); /* no handler of ours may run in the child */
    *pid = clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &c);
    int error = *pid < 0 ? errno : 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (error != 0) {
        *failed = "clone";
        return error;
    }
    if (c.error != 0) {
        waitpid(*pid, NULL, 0);
        *failed = c.failed;
        *pid = -1;
    }
    return c.error;
}
