#include "engine/base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * HK_SECOND_US + t.tv_nsec / 1000;
}

static int64_t system_wall(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

const struct hk_clock *hk_clock_system(void)
{
    static const struct hk_clock system = {system_wall, system_monotonic, NULL};
    return &system;
}
