#include "scheduler/timetable.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/graph/cron.h"
#include "engine/graph/schedule.h"
#include "engine/graph/zone.h"

enum { MAX_DESCRIPTION_BYTES = 64 * 1024 };

struct hk_timetable {
    enum hk_schedule_kind kind;
    bool has_interval;
    int64_t delta_us;
    int64_t interval_us;
    struct hk_cron cron;
    struct hk_zone *zone;        /* cron only */
    struct hk_timetable **parts; /* crons only: one for each expression */
    size_t part_count;
    char *description;
};

static size_t count_lines(const char *text)
{
    size_t count = text[0] != '\0';
    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static bool add_parts(struct hk_timetable *t, const struct hk_schedule *schedule, struct hk_buf *description,
                      struct hk_error *err)
{
    const char *lines = schedule->expression != NULL ? schedule->expression : "";
    struct hk_str rest = hk_str_from(lines);
    struct hk_str line;
    t->parts = hk_alloc_array(count_lines(lines) + 1, sizeof(struct hk_timetable *));
    while (hk_str_next(&rest, '\n', &line)) {
        char *expression = hk_strndup(line.data, line.len);
        struct hk_schedule part = *schedule;
        part.kind = HK_SCHEDULE_CRON;
        part.expression = expression;
        bool ok = hk_timetable_new(&part, &t->parts[t->part_count], err);
        free(expression);
        if (!ok) {
            return false;
        }
        hk_buf_add_text(description, t->part_count > 0 ? ", " : "");
        hk_buf_add_text(description, hk_timetable_description(t->parts[t->part_count++]));
    }
    return true;
}

static bool fill(struct hk_timetable *t, const struct hk_schedule *schedule, struct hk_buf *description,
                 struct hk_error *err)
{
    if (schedule->kind == HK_SCHEDULE_CRONS) {
        return add_parts(t, schedule, description, err);
    }
    if (schedule->kind == HK_SCHEDULE_CRON) {
        struct hk_str expression = hk_str_from(schedule->expression);
        hk_cron_describe(expression, description);
        return hk_cron_parse(expression, &t->cron, err) && hk_zone_load(schedule->zone, &t->zone, err);
    }
    return true;
}

bool hk_timetable_new(const struct hk_schedule *schedule, struct hk_timetable **out, struct hk_error *err)
{
    struct hk_buf description;
    if (!hk_schedule_check(schedule, err)) {
        return false;
    }
    struct hk_timetable *t = hk_alloc(sizeof *t);
    *t = (struct hk_timetable){.kind = schedule->kind,
                               .has_interval = schedule->has_interval,
                               .delta_us = schedule->delta_us,
                               .interval_us = schedule->interval_us};
    hk_buf_init(&description, MAX_DESCRIPTION_BYTES);
    bool ok = fill(t, schedule, &description, err);
    t->description = hk_buf_take(&description);
    if (!ok) {
        hk_timetable_free(t);
        return false;
    }
    *out = t;
    return true;
}

void hk_timetable_free(struct hk_timetable *timetable)
{
    if (timetable == NULL) {
        return;
    }
    for (size_t i = 0; i < timetable->part_count; i++) {
        hk_timetable_free(timetable->parts[i]);
    }
    hk_zone_free(timetable->zone);
    free(timetable->parts);
    free(timetable->description);
    free(timetable);
}

/* Sums that leave the calendar (years 1 to 9999, as in Python) mean that there is no such time. */
static bool add(int64_t at_us, int64_t delta_us, int64_t *out_us)
{
    static const int64_t FIRST_US = INT64_C(-62135596800) * HK_SECOND_US;
    static const int64_t END_US = INT64_C(253402300800) * HK_SECOND_US;
    int64_t sum_us = 0;
    if (__builtin_add_overflow(at_us, delta_us, &sum_us) || sum_us < FIRST_US || sum_us >= END_US) {
        return false;
    }
    *out_us = sum_us;
    return true;
}

static bool next_tick(const struct hk_timetable *t, int64_t at_us, int64_t *out_us)
{
    return t->kind == HK_SCHEDULE_CRON ? hk_cron_next(&t->cron, t->zone, at_us, out_us)
                                       : add(at_us, t->delta_us, out_us);
}

static bool previous_tick(const struct hk_timetable *t, int64_t at_us, int64_t *out_us)
{
    return t->kind == HK_SCHEDULE_CRON ? hk_cron_previous(&t->cron, t->zone, at_us, out_us)
                                       : add(at_us, -t->delta_us, out_us);
}

/* A delta has no grid of its own: every time is a tick. */
static bool align_next(const struct hk_timetable *t, int64_t at_us, int64_t *out_us)
{
    *out_us = at_us;
    return t->kind != HK_SCHEDULE_CRON || hk_cron_align_next(&t->cron, t->zone, at_us, out_us);
}

static bool align_previous(const struct hk_timetable *t, int64_t at_us, int64_t *out_us)
{
    *out_us = at_us;
    return t->kind != HK_SCHEDULE_CRON || hk_cron_align_previous(&t->cron, t->zone, at_us, out_us);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool set_times(int64_t start_us, int64_t end_us, struct hk_run_times *out)
{
    *out = (struct hk_run_times){start_us, start_us, end_us, end_us};
    return true;
}

static bool is_past_end(const struct hk_timetable_query *q, int64_t at_us)
{
    return q->end_at_us != HK_TIME_NONE && at_us > q->end_at_us;
}

/* Trigger timetables -------------------------------------------------------------------------------------------- */

/* Without a start date: the tick that has just passed when that is recent (a tenth of the period, at least five
 * minutes), else the coming one. */
static bool first_trigger(const struct hk_timetable *t, int64_t now_us, int64_t *out_us)
{
    int64_t past_us = 0;
    int64_t next_us = 0;
    if (!align_previous(t, now_us, &past_us) || !align_next(t, now_us, &next_us)) {
        return false;
    }
    int64_t recent_us = later((next_us - past_us) / 10, 5 * HK_MINUTE_US);
    bool is_recent = t->kind == HK_SCHEDULE_DELTA || now_us - past_us <= recent_us;
    *out_us = is_recent ? past_us : next_us;
    return true;
}

static bool next_trigger(const struct hk_timetable *t, const struct hk_timetable_query *q, struct hk_run_times *out)
{
    bool has_last = q->last_end_us != HK_TIME_NONE;
    bool has_start = q->start_at_us != HK_TIME_NONE;
    int64_t at_us = INT64_MIN;
    int64_t candidate_us = 0;
    int64_t start_us = 0;
    if (!q->catchup && !align_previous(t, q->now_us, &at_us)) {
        return false;
    }
    if (has_last || !has_start) {
        if (!(has_last ? next_tick(t, q->last_end_us, &candidate_us) : first_trigger(t, q->now_us, &candidate_us))) {
            return false;
        }
        at_us = later(at_us, candidate_us);
    }
    if (has_start && (!q->catchup || !has_last)) {
        if (!align_next(t, q->start_at_us, &candidate_us)) {
            return false;
        }
        at_us = later(at_us, candidate_us);
    }
    return !is_past_end(q, at_us) && add(at_us, -t->interval_us, &start_us) && set_times(start_us, at_us, out);
}

/* Data interval timetables -------------------------------------------------------------------------------------- */

/* Down to a multiple of the delta since 1970, in the floating-point seconds that Python counts in. */
static int64_t round_down(int64_t at_us, int64_t delta_us)
{
    double at = (double)at_us / 1e6;
    double delta = (double)delta_us / 1e6;
    double rest = fmod(at, delta);
    if (rest < 0.0) {
        rest += delta;
    }
    double whole = 0.0;
    double fraction = modf(at - rest, &whole);
    return (int64_t)whole * HK_SECOND_US + (int64_t)nearbyint(fraction * 1e6);
}

/* Without catchup: the start of the last interval that is complete now. */
static bool latest_interval(const struct hk_timetable *t, const struct hk_timetable_query *q, int64_t *out_us)
{
    int64_t start_us = 0;
    int64_t next_us = 0;
    int64_t aligned_us = 0;
    if (t->kind == HK_SCHEDULE_DELTA) {
        if (!previous_tick(t, round_down(q->now_us, t->delta_us), &start_us)) {
            return false;
        }
    } else {
        if (!previous_tick(t, q->now_us, &start_us) || !next_tick(t, start_us, &next_us)) {
            return false;
        }
        if (next_us < q->now_us || (next_us > q->now_us && !previous_tick(t, start_us, &start_us))) {
            return false;
        }
    }
    *out_us = start_us;
    if (q->start_at_us != HK_TIME_NONE) {
        if (!align_next(t, q->start_at_us, &aligned_us)) {
            return false;
        }
        *out_us = later(start_us, aligned_us);
    }
    return true;
}

static bool next_interval(const struct hk_timetable *t, const struct hk_timetable_query *q, struct hk_run_times *out)
{
    bool has_earliest = !q->catchup || q->start_at_us != HK_TIME_NONE;
    int64_t earliest_us = 0;
    int64_t end_us = 0;
    if (!q->catchup && !latest_interval(t, q, &earliest_us)) {
        return false;
    }
    if (q->catchup && has_earliest && !align_next(t, q->start_at_us, &earliest_us)) {
        return false;
    }
    int64_t start_us = earliest_us;
    if (q->last_end_us == HK_TIME_NONE) {
        if (!has_earliest) {
            return false;
        }
    } else {
        if (!align_previous(t, q->last_end_us, &start_us)) {
            return false;
        }
        start_us = has_earliest ? later(start_us, earliest_us) : start_us;
        /* A changed schedule may lead back to the run that was already made. */
        if (start_us <= q->last_start_us && (!next_tick(t, start_us, &start_us) || start_us <= q->last_start_us)) {
            return false;
        }
    }
    return !is_past_end(q, start_us) && next_tick(t, start_us, &end_us) && set_times(start_us, end_us, out);
}

/* Several triggers --------------------------------------------------------------------------------------------- */

/* Without catchup as few runs as possible are made up for: of those that are due the latest; else the next to come. */
static bool comes_first(const struct hk_run_times *a, const struct hk_run_times *b, const struct hk_timetable_query *q)
{
    bool is_due = a->logical_at_us <= q->now_us;
    if (q->catchup || (!is_due && b->logical_at_us > q->now_us)) {
        return a->logical_at_us < b->logical_at_us;
    }
    return is_due && (b->logical_at_us > q->now_us || a->logical_at_us > b->logical_at_us);
}

static bool next_of_parts(const struct hk_timetable *t, const struct hk_timetable_query *q, struct hk_run_times *out)
{
    bool found = false;
    for (size_t i = 0; i < t->part_count; i++) {
        struct hk_run_times times;
        if (next_trigger(t->parts[i], q, &times) && (!found || comes_first(&times, out, q))) {
            *out = times;
            found = true;
        }
    }
    return found;
}

/* Timetables without a period ----------------------------------------------------------------------------------- */

static bool next_once(const struct hk_timetable_query *q, struct hk_run_times *out)
{
    int64_t at_us = q->start_at_us != HK_TIME_NONE ? q->start_at_us : q->now_us;
    return q->last_end_us == HK_TIME_NONE && !is_past_end(q, at_us) && set_times(at_us, at_us, out);
}

static bool next_continuous(const struct hk_timetable_query *q, struct hk_run_times *out)
{
    int64_t start_us = q->start_at_us != HK_TIME_NONE ? q->start_at_us : q->now_us;
    int64_t end_us = later(start_us, q->now_us);
    if (q->last_end_us != HK_TIME_NONE && q->last_end_us > q->now_us) { /* the start date lies ahead */
        if (!add(start_us, q->last_end_us - q->last_start_us, &end_us)) {
            return false;
        }
    } else if (q->last_end_us != HK_TIME_NONE) {
        start_us = q->last_end_us;
        end_us = q->now_us;
    }
    return !is_past_end(q, end_us) && set_times(start_us, end_us, out);
}

bool hk_timetable_next(const struct hk_timetable *timetable, const struct hk_timetable_query *query,
                       struct hk_run_times *out)
{
    switch (timetable->kind) {
    case HK_SCHEDULE_NONE:
    case HK_SCHEDULE_ASSETS: /* no time makes it run */
        return false;
    case HK_SCHEDULE_ONCE:
        return next_once(query, out);
    case HK_SCHEDULE_CONTINUOUS:
        return next_continuous(query, out);
    case HK_SCHEDULE_CRONS:
        return next_of_parts(timetable, query, out);
    case HK_SCHEDULE_CRON:
    case HK_SCHEDULE_DELTA:
        break;
    }
    return timetable->has_interval ? next_interval(timetable, query, out) : next_trigger(timetable, query, out);
}

bool hk_timetable_manual(const struct hk_timetable *t, int64_t run_after_us, struct hk_run_times *out)
{
    bool is_periodic = hk_timetable_is_periodic(t);
    int64_t start_us = run_after_us;
    int64_t end_us = run_after_us;
    if (is_periodic && t->has_interval) {
        if (!align_previous(t, run_after_us, &end_us) || !previous_tick(t, end_us, &start_us)) {
            return false;
        }
    } else if (is_periodic && !add(run_after_us, -t->interval_us, &start_us)) {
        return false;
    }
    *out = (struct hk_run_times){run_after_us, start_us, end_us, run_after_us};
    return true;
}

const char *hk_timetable_description(const struct hk_timetable *timetable)
{
    switch (timetable->kind) {
    case HK_SCHEDULE_NONE:
        return "Never, external triggers only";
    case HK_SCHEDULE_ONCE:
        return "Once, as soon as possible";
    case HK_SCHEDULE_CONTINUOUS:
        return "As frequently as possible, but only one run at a time.";
    case HK_SCHEDULE_ASSETS:
        return "Triggered by assets";
    case HK_SCHEDULE_CRON:
    case HK_SCHEDULE_DELTA:
    case HK_SCHEDULE_CRONS:
        break;
    }
    return timetable->description;
}

bool hk_timetable_is_periodic(const struct hk_timetable *timetable)
{
    return timetable->kind >= HK_SCHEDULE_CRON;
}

uint32_t hk_timetable_active_runs_limit(const struct hk_timetable *timetable)
{
    return timetable->kind == HK_SCHEDULE_CONTINUOUS ? 1 : 0;
}
