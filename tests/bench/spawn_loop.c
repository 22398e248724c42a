/* The physical limit beside which task processes are measured: posix_spawn and waitpid, COUNT times, AT_ONCE at a time.
 * usage: spawn_loop COUNT AT_ONCE command [arguments...]; prints wall seconds and CPU seconds (its own and the
 * children's). */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: spawn_loop COUNT AT_ONCE command [arguments...]\n", stderr);
        return 2;
    }
    long count = strtol(argv[1], NULL, 10);
    long at_once = strtol(argv[2], NULL, 10);
    long started = 0;
    long ended = 0;
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    while (ended < count) {
        while (started < count && started - ended < at_once) {
            pid_t pid = 0;
            if (posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ) != 0) {
                return 1;
            }
            started++;
        }
        int status = 0;
        if (waitpid(-1, &status, 0) < 0 || status != 0) {
            return 1;
        }
        ended++;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.6f %.6f\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
           cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN));
    return 0;
}
