#include "engine/graph/schedule.h"

#include <inttypes.h>

#include "engine/graph/cron.h"
#include "engine/graph/zone.h"

void hk_delta_text(int64_t delta_us, char out[HK_DELTA_TEXT_SIZE])
{
    int64_t days = delta_us / HK_DAY_US - (delta_us % HK_DAY_US < 0 ? 1 : 0);
    int64_t rest = delta_us - days * HK_DAY_US;
    char day_text[32] = "";
    char fraction[16] = "";
    if (days != 0) {
        snprintf(day_text, sizeof day_text, "%" PRId64 " day%s, ", days, days == 1 || days == -1 ? "" : "s");
    }
    if (rest % HK_SECOND_US != 0) {
        snprintf(fraction, sizeof fraction, ".%06d", (int)(rest % HK_SECOND_US));
    }
    snprintf(out, HK_DELTA_TEXT_SIZE, "%s%d:%02d:%02d%s", day_text, (int)(rest / HK_HOUR_US),
             (int)(rest % HK_HOUR_US / HK_MINUTE_US), (int)(rest % HK_MINUTE_US / HK_SECOND_US), fraction);
}

static bool check_zone(const char *name, struct hk_error *err)
{
    struct hk_zone *zone = NULL;
    if (!hk_zone_load(name, &zone, err)) {
        return false;
    }
    hk_zone_free(zone);
    return true;
}

static bool check_delta(int64_t delta_us, struct hk_error *err)
{
    char text[HK_DELTA_TEXT_SIZE];
    if (delta_us > 0) {
        return true;
    }
    hk_delta_text(delta_us, text);
    return hk_error_set(err, HK_INVALID, "the schedule must be a positive time, but is %s", text);
}

static bool check_lines(const struct hk_schedule *schedule, struct hk_error *err)
{
    struct hk_str rest = hk_str_from(schedule->expression != NULL ? schedule->expression : "");
    struct hk_str line;
    while (hk_str_next(&rest, '\n', &line)) {
        struct hk_cron cron;
        if (!hk_cron_parse(line, &cron, err)) {
            return false;
        }
    }
    return check_zone(schedule->zone, err);
}

bool hk_schedule_check(const struct hk_schedule *schedule, struct hk_error *err)
{
    struct hk_cron cron;
    if (schedule->interval_us < 0) {
        return hk_error_set(err, HK_INVALID, "the data interval of a schedule must not be negative");
    }
    if (schedule->kind == HK_SCHEDULE_DELTA) {
        return check_delta(schedule->delta_us, err);
    }
    if (schedule->kind == HK_SCHEDULE_CRONS) {
        return check_lines(schedule, err);
    }
    if (schedule->kind != HK_SCHEDULE_CRON) {
        return true;
    }
    return hk_cron_parse(hk_str_from(schedule->expression), &cron, err) && check_zone(schedule->zone, err);
}

void hk_schedule_none(struct hk_schedule *out)
{
    *out = (struct hk_schedule){.kind = HK_SCHEDULE_NONE, .zone = "UTC", .summary = "None"};
}

bool hk_schedule_parse(struct hk_graph_builder *b, struct hk_str text, const char *zone, struct hk_schedule *out,
                       struct hk_error *err)
{
    struct hk_schedule schedule = {.zone = zone != NULL ? hk_graph_builder_text(b, zone) : "UTC"};
    if (hk_str_is(text, "@once")) {
        schedule.kind = HK_SCHEDULE_ONCE;
        schedule.summary = "@once";
    } else if (hk_str_is(text, "@continuous")) {
        schedule.kind = HK_SCHEDULE_CONTINUOUS;
        schedule.summary = "@continuous";
    } else {
        const char *preset = hk_cron_airflow_preset(text);
        schedule.kind = HK_SCHEDULE_CRON;
        schedule.expression = preset != NULL ? hk_graph_builder_text(b, preset) : hk_graph_builder_str(b, text);
        schedule.summary = schedule.expression;
    }
    if (text.len > 0 && text.data[0] == '@' && schedule.kind == HK_SCHEDULE_CRON && hk_cron_preset(text) == NULL) {
        return hk_error_set(err, HK_INVALID,
                            "schedule '%.*s' is not known; write @once, @continuous, @hourly, @daily, @weekly, "
                            "@monthly, @quarterly, @yearly or a cron expression",
                            HK_STR_ARG(text));
    }
    struct hk_cron cron;
    if (schedule.kind == HK_SCHEDULE_CRON && !hk_cron_parse(text, &cron, err)) {
        return false;
    }
    if (!check_zone(schedule.zone, err)) {
        return false;
    }
    *out = schedule;
    return true;
}

bool hk_schedule_every(struct hk_graph_builder *b, int64_t delta_us, struct hk_schedule *out, struct hk_error *err)
{
    char text[HK_DELTA_TEXT_SIZE];
    if (!check_delta(delta_us, err)) {
        return false;
    }
    hk_delta_text(delta_us, text);
    *out = (struct hk_schedule){.kind = HK_SCHEDULE_DELTA, .zone = "UTC", .delta_us = delta_us};
    out->summary = hk_graph_builder_text(b, text);
    return true;
}
