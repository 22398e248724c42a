/* Timetables: the built-in ones that run on a clock. */
#include <stdlib.h>
#include <string.h>

#include "dags/read_airflow_internal.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/graph/schedule.h"

enum shape {
    SHAPE_NONE,
    SHAPE_ONCE,
    SHAPE_CONTINUOUS,
    SHAPE_CRON_TRIGGER,
    SHAPE_CRON_INTERVAL,
    SHAPE_DELTA_TRIGGER,
    SHAPE_DELTA_INTERVAL,
    SHAPE_CRONS,
    SHAPE_ASSETS
};

static const struct {
    const char *path;
    enum shape shape;
} timetables[] = {
    {"airflow.timetables.simple.NullTimetable", SHAPE_NONE},
    {"airflow.timetables.simple.OnceTimetable", SHAPE_ONCE},
    {"airflow.timetables.simple.ContinuousTimetable", SHAPE_CONTINUOUS},
    {"airflow.timetables.simple.AssetTriggeredTimetable", SHAPE_ASSETS},
    {"airflow.timetables.trigger.CronTriggerTimetable", SHAPE_CRON_TRIGGER},
    {"airflow.timetables.trigger.MultipleCronTriggerTimetable", SHAPE_CRONS},
    {"airflow.timetables.interval.CronDataIntervalTimetable", SHAPE_CRON_INTERVAL},
    {"airflow.timetables.trigger.DeltaTriggerTimetable", SHAPE_DELTA_TRIGGER},
    {"airflow.timetables.interval.DeltaDataIntervalTimetable", SHAPE_DELTA_INTERVAL},
};

/* A name, or seconds east of Greenwich. */
static const char *read_zone(struct hk_graph_builder *b, const json_t *zone)
{
    char text[16];
    if (json_is_integer(zone)) {
        int offset = (int)(json_integer_value(zone) % 86400);
        int minutes = abs(offset) / 60;
        snprintf(text, sizeof text, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
        return hk_graph_builder_text(b, text);
    }
    return hk_graph_builder_text(b, json_is_string(zone) ? json_string_value(zone) : "UTC");
}

static bool refuse(struct hk_error *err, const char *what, const char *value)
{
    return hk_error_set(err, HK_INVALID,
                        "%s '%.200s' is not supported by this version of hanok; schedules may be None, @once, "
                        "@continuous, a preset, cron expressions, a timedelta or assets.",
                        what, value);
}

static bool read_cron(struct hk_graph_builder *b, const json_t *fields, bool has_interval, struct hk_error *err)
{
    struct hk_schedule *schedule = &hk_graph_builder_dag(b)->schedule;
    const json_t *expression = json_object_get(fields, "expression");
    const json_t *immediately = json_object_get(fields, "run_immediately");
    if (!json_is_string(expression)) {
        return hk_error_set(err, HK_INVALID, "The timetable has no cron expression.");
    }
    if (json_is_true(immediately) || json_is_number(immediately)) {
        return refuse(err, "A cron timetable with", "run_immediately");
    }
    schedule->kind = HK_SCHEDULE_CRON;
    schedule->expression = hk_graph_builder_text(b, json_string_value(expression));
    schedule->zone = read_zone(b, json_object_get(fields, "timezone"));
    schedule->has_interval = has_interval;
    schedule->summary = schedule->expression;
    if (!hk__airflow_span(fields, "interval", &schedule->interval_us)) {
        return refuse(err, "A data interval of type", "relativedelta");
    }
    return true;
}

/* An array of texts joined by `separator`; NULL where it is none. */
static const char *join(struct hk_graph_builder *b, const json_t *texts, const char *separator)
{
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_DAG_DOCUMENT_BYTES);
    bool ok = json_array_size(texts) > 0;
    for (size_t i = 0; i < json_array_size(texts) && ok; i++) {
        ok = json_is_string(json_array_get(texts, i));
        hk_buf_printf(&out, "%s%s", i > 0 ? separator : "", ok ? json_string_value(json_array_get(texts, i)) : "");
    }
    const char *text = ok ? hk_graph_builder_str(b, hk_buf_str(&out)) : NULL;
    hk_buf_clear(&out);
    return text;
}

static bool read_crons(struct hk_graph_builder *b, const json_t *fields, struct hk_error *err)
{
    struct hk_schedule *schedule = &hk_graph_builder_dag(b)->schedule;
    const json_t *expressions = json_object_get(fields, "expressions");
    json_t *first = json_copy((json_t *)(uintptr_t)fields);
    json_object_set(first, "expression", json_array_get(expressions, 0));
    bool ok = read_cron(b, first, false, err); /* all but the expression is the same for each of them */
    json_decref(first);
    schedule->kind = HK_SCHEDULE_CRONS;
    schedule->expression = join(b, expressions, "\n");
    schedule->summary = join(b, expressions, ", ");
    return ok && (schedule->expression != NULL ||
                  hk_error_set(err, HK_INVALID, "A cron expression of the timetable is no text."));
}

static bool read_delta(struct hk_graph_builder *b, const json_t *fields, bool has_interval, struct hk_error *err)
{
    struct hk_schedule *schedule = &hk_graph_builder_dag(b)->schedule;
    char summary[HK_DELTA_TEXT_SIZE];
    schedule->kind = HK_SCHEDULE_DELTA;
    schedule->has_interval = has_interval;
    if (!hk__airflow_span(fields, "delta", &schedule->delta_us) ||
        !hk__airflow_span(fields, "interval", &schedule->interval_us)) {
        return refuse(err, "A schedule of type", "relativedelta");
    }
    hk_delta_text(schedule->delta_us, summary);
    schedule->summary = hk_graph_builder_text(b, summary);
    return true;
}

static bool read_shape(struct hk_graph_builder *b, enum shape shape, const json_t *fields, struct hk_error *err)
{
    struct hk_schedule *schedule = &hk_graph_builder_dag(b)->schedule;
    hk_schedule_none(schedule);
    switch (shape) {
    case SHAPE_ONCE:
        schedule->kind = HK_SCHEDULE_ONCE;
        schedule->summary = "@once";
        return true;
    case SHAPE_CONTINUOUS:
        schedule->kind = HK_SCHEDULE_CONTINUOUS;
        schedule->summary = "@continuous";
        return true;
    case SHAPE_ASSETS:
        schedule->kind = HK_SCHEDULE_ASSETS;
        schedule->summary = "Asset";
        return hk__airflow_condition(b, json_object_get(fields, "asset_condition"), err);
    case SHAPE_CRON_TRIGGER:
    case SHAPE_CRON_INTERVAL:
        return read_cron(b, fields, shape == SHAPE_CRON_INTERVAL, err);
    case SHAPE_DELTA_TRIGGER:
    case SHAPE_DELTA_INTERVAL:
        return read_delta(b, fields, shape == SHAPE_DELTA_INTERVAL, err);
    case SHAPE_CRONS:
        return read_crons(b, fields, err);
    case SHAPE_NONE:
    default:
        return true;
    }
}

bool hk__airflow_schedule(struct hk_graph_builder *b, const json_t *dag, struct hk_error *err)
{
    struct hk_schedule *schedule = &hk_graph_builder_dag(b)->schedule;
    const json_t *timetable = json_object_get(dag, "timetable");
    const char *path = hk_json_get_text(timetable, "__type", NULL);
    if (path == NULL) {
        return hk_error_set(err, HK_INVALID, "The document has no timetable.");
    }
    for (size_t i = 0; i < sizeof timetables / sizeof *timetables; i++) {
        if (strcmp(timetables[i].path, path) == 0) {
            if (!read_shape(b, timetables[i].shape, json_object_get(timetable, "__var"), err)) {
                return false;
            }
            bool has_zone = schedule->kind == HK_SCHEDULE_CRON || schedule->kind == HK_SCHEDULE_CRONS;
            if (schedule->zone == NULL || !has_zone) {
                schedule->zone = read_zone(b, json_object_get(dag, "timezone"));
            }
            return hk_schedule_check(schedule, err);
        }
    }
    return refuse(err, "The timetable", path);
}
