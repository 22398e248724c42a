/* Inside of a zone, shared by zone.c (asking) and zone_read.c (reading TZif). See engine/graph/zone.h. */
#ifndef HK_GRAPH_ZONE_INTERNAL_H
#define HK_GRAPH_ZONE_INTERNAL_H

#include <stddef.h>

#include "engine/graph/zone.h"

/* One end of daylight saving time in a POSIX rule: "M3.2.0/2", "J60", "59". */
struct hk__zone_day {
    char kind; /* 'M': month.week.weekday, 'J': day 1..365 without 29 February, 'N': day 0..365 */
    int month;
    int week;       /* 5: the last */
    int day;        /* weekday for 'M', else the day of the year */
    int32_t time_s; /* on the wall that is about to change */
};

/* The rule for the years after the listed changes; without daylight saving time only std_s counts. */
struct hk__zone_rule {
    bool is_present;
    bool has_dst;
    int32_t std_s;
    int32_t dst_s;
    struct hk__zone_day start;
    struct hk__zone_day end;
};

struct hk_zone {
    size_t count;       /* changes listed in the file */
    int64_t *at_s;      /* when, UTC */
    int64_t *wall_s[2]; /* the same on the wall: for first and second occurrences */
    int32_t *offset_s;  /* from then on */
    int32_t before_s;   /* offset before the first */
    int32_t after_s;    /* offset after the last when there is no rule */
    struct hk__zone_rule rule;
};

/* The footer's rule, "CET-1CEST,M3.5.0,M10.5.0/3". false: not a rule. */
HK_MUST_USE bool hk__zone_rule_parse(struct hk_str text, struct hk__zone_rule *out);

#endif
