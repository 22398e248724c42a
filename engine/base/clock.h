/* Time is an argument. Every module that needs "now" is given a struct hk_clock; production wires the
 * operating system's, simulation wires virtual time. All instants are int64_t microseconds: wall time since
 * 1970-01-01T00:00:00Z (suffix _at_us or _us), monotonic time since an arbitrary start. */
#ifndef HK_BASE_CLOCK_H
#define HK_BASE_CLOCK_H

#include <stdint.h>

#define HK_TIME_NONE INT64_MIN /* "no such time": SQL NULL, JSON null */

#define HK_MS_US INT64_C(1000)
#define HK_SECOND_US INT64_C(1000000)
#define HK_MINUTE_US (60 * HK_SECOND_US)
#define HK_HOUR_US (60 * HK_MINUTE_US)
#define HK_DAY_US (24 * HK_HOUR_US)

struct hk_clock {
    int64_t (*wall_us)(void *context);
    int64_t (*monotonic_us)(void *context);
    void *context;
};

static inline int64_t hk_clock_wall_us(const struct hk_clock *clock)
{
    return clock->wall_us(clock->context);
}

static inline int64_t hk_clock_monotonic_us(const struct hk_clock *clock)
{
    return clock->monotonic_us(clock->context);
}

/* The machine's own clocks. Any thread. */
const struct hk_clock *hk_clock_system(void);

#endif
