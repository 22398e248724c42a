/* How a schedule is written, and what Airflow makes of it: from the value of DAG(schedule=...) to a struct
 * hk_schedule, and whether one that came from elsewhere (a serialized DAG) can be run at all. Readers in dags/ use
 * this; when runs happen is scheduler/timetable.h's business. Text is copied into the builder's arena. One thread at
 * a time, as the builder. Reads zone files: not on the loop.
 */
#ifndef HK_GRAPH_SCHEDULE_H
#define HK_GRAPH_SCHEDULE_H

#include "engine/graph/graph.h"

/* A string: "@once", "@continuous", a preset or a cron expression, as Airflow does with its default configuration
 * (create_cron_data_intervals = False: a trigger timetable with an empty interval). zone: the DAG's; NULL is UTC.
 * HK_INVALID with the field that is wrong, HK_NOT_FOUND for an unknown zone. A null is hk_schedule_none's. */
HK_MUST_USE bool hk_schedule_parse(struct hk_graph_builder *b, struct hk_str text, const char *zone,
                                   struct hk_schedule *out, struct hk_error *err);

/* A timedelta. HK_INVALID unless it is positive. */
HK_MUST_USE bool hk_schedule_every(struct hk_graph_builder *b, int64_t delta_us, struct hk_schedule *out,
                                   struct hk_error *err);

/* schedule=None. */
void hk_schedule_none(struct hk_schedule *out);

/* Whether a timetable can be made of it: the expression and the zone are right, the delta is positive, the interval
 * is not negative. Error codes as above. */
HK_MUST_USE bool hk_schedule_check(const struct hk_schedule *schedule, struct hk_error *err);

/* str(timedelta): "1 day, 0:00:00", "0:05:00.500000", "-1 day, 23:59:59". */
enum { HK_DELTA_TEXT_SIZE = 64 };
void hk_delta_text(int64_t delta_us, char out[HK_DELTA_TEXT_SIZE]);

#endif
