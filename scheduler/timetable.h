/* struct hk_timetable: from a schedule to the times of its runs, as the timetables of Airflow 3.3.2 compute them
 * (next_dagrun_info and infer_manual_data_interval of the null, once, continuous, cron, delta, and multiple cron
 * timetables).
 *
 * Making one reads the zone's file and the expression; after that it is immutable and pure: "now", the dates of the
 * DAG and the last automated run are in the query, so simulation and production ask the same way. Any thread may ask.
 * It copies what it needs: the schedule may go away.
 *
 *     struct hk_timetable_query query = {.start_at_us = dag->start_at_us, .end_at_us = dag->end_at_us,
 *                                        .catchup = dag->catchup, .last_start_us = HK_TIME_NONE,
 *                                        .last_end_us = HK_TIME_NONE, .now_us = now_us};
 *     struct hk_run_times times;
 *     if (hk_timetable_next(timetable, &query, &times)) { ... a run is due at times.run_after_us ... }
 */
#ifndef HK_SCHEDULER_TIMETABLE_H
#define HK_SCHEDULER_TIMETABLE_H

#include "engine/base/buf.h"
#include "engine/graph/graph.h"

struct hk_timetable;

struct hk_run_times {
    int64_t logical_at_us; /* the interval's start */
    int64_t interval_start_us;
    int64_t interval_end_us;
    int64_t run_after_us;
};

struct hk_timetable_query {
    int64_t start_at_us;   /* the earliest start date of the DAG and its tasks; HK_TIME_NONE: none */
    int64_t end_at_us;     /* the latest end date; HK_TIME_NONE: none */
    int64_t last_start_us; /* data interval of the last scheduled or backfilled run (manual ones do not count); */
    int64_t last_end_us;   /*     both HK_TIME_NONE: there was none */
    int64_t now_us;
    bool catchup;
};

/* Error codes as hk_schedule_check's. */
HK_MUST_USE bool hk_timetable_new(const struct hk_schedule *schedule, struct hk_timetable **out, struct hk_error *err);
void hk_timetable_free(struct hk_timetable *timetable); /* NULL does nothing */

/* The next automated run. false: none is to come (as of now). */
bool hk_timetable_next(const struct hk_timetable *timetable, const struct hk_timetable_query *query,
                       struct hk_run_times *out);

/* Interval of a run that somebody triggers with run_after: logical_at_us is run_after_us, as in Airflow. false when the
 * schedule has no time before it (a seven-field expression whose years lie ahead). */
bool hk_timetable_manual(const struct hk_timetable *timetable, int64_t run_after_us, struct hk_run_times *out);

/* "At 00:00", "Never, external triggers only", ...; "" where Airflow has none. Lives as long as the timetable. */
const char *hk_timetable_description(const struct hk_timetable *timetable);

bool hk_timetable_is_periodic(const struct hk_timetable *timetable);           /* false: None, @once, @continuous */
uint32_t hk_timetable_active_runs_limit(const struct hk_timetable *timetable); /* 1: @continuous; 0: no limit */

#endif
