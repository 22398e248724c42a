#include <string.h>

#include "dags/yaml_dag.h"
#include "engine/graph/schedule.h"

static bool parse_text(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, const char *zone,
                       struct hk_error *err)
{
    return hk_schedule_parse(d->b, node->text, zone, &d->dag->schedule, err) || hk__yaml_locate(d, node, err);
}

static bool read_cron_timetable(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, bool has_interval,
                                struct hk_error *err)
{
    const struct hk_yaml_node *cron = hk__yaml_object_arg(node, "cron", 0);
    const struct hk_yaml_node *zone_node = hk__yaml_object_arg(node, "timezone", has_interval ? 1 : -1);
    const struct hk_yaml_node *interval = has_interval ? NULL : hk__yaml_object_arg(node, "interval", -1);
    const char *zone = NULL;
    if (cron == NULL || cron->kind != HK_YAML_TEXT || zone_node == NULL) {
        return hk__yaml_refuse(d, node, err, "%s takes a cron expression and a timezone.", node->text.data);
    }
    if (hk__yaml_object_arg(node, "run_immediately", -1) != NULL) {
        return hk__yaml_refuse(d, node, err, "run_immediately of a timetable is not supported yet.");
    }
    if (!hk__yaml_take_zone_value(d, zone_node, &zone, err) || !parse_text(d, cron, zone, err)) {
        return false;
    }
    d->dag->schedule.has_interval = has_interval;
    return hk__yaml_take_delta(d, interval, "interval", false, &d->dag->schedule.interval_us, err);
}

static bool read_delta_timetable(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, bool has_interval,
                                 struct hk_error *err)
{
    const struct hk_yaml_node *delta = hk__yaml_object_arg(node, "delta", 0);
    int64_t delta_us = 0;
    if (delta == NULL || !hk__yaml_take_delta(d, delta, "delta", false, &delta_us, err)) {
        return delta != NULL ? false : hk__yaml_refuse(d, node, err, "%s takes a delta.", node->text.data);
    }
    if (!hk_schedule_every(d->b, delta_us, &d->dag->schedule, err)) {
        return hk__yaml_locate(d, node, err);
    }
    d->dag->schedule.has_interval = has_interval;
    return hk__yaml_take_delta(d, has_interval ? NULL : hk__yaml_object_arg(node, "interval", -1), "interval", false,
                               &d->dag->schedule.interval_us, err);
}

static bool read_object(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, struct hk_error *err)
{
    int64_t delta_us = 0;
    if (hk__yaml_is_type(node, "CronTriggerTimetable")) {
        return read_cron_timetable(d, node, false, err);
    }
    if (hk__yaml_is_type(node, "CronDataIntervalTimetable")) {
        return read_cron_timetable(d, node, true, err);
    }
    if (hk__yaml_is_type(node, "DeltaTriggerTimetable")) {
        return read_delta_timetable(d, node, false, err);
    }
    if (hk__yaml_is_type(node, "DeltaDataIntervalTimetable")) {
        return read_delta_timetable(d, node, true, err);
    }
    if (hk__yaml_is_type(node, "Asset") || hk__yaml_is_type(node, "Dataset") || hk__yaml_is_type(node, "AssetAll") ||
        hk__yaml_is_type(node, "AssetAny")) {
        return hk__yaml_read_asset_schedule(d, node, err);
    }
    if (!hk__yaml_is_type(node, "timedelta") && !hk__yaml_is_type(node, "pendulum.duration")) {
        return hk__yaml_refuse(
            d, node, err, "the schedule '%.120s' is not supported yet: use a cron expression, a timedelta or assets.",
            node->text.data);
    }
    if (!hk__yaml_take_delta(d, node, "schedule", false, &delta_us, err)) {
        return false;
    }
    return hk_schedule_every(d->b, delta_us, &d->dag->schedule, err) || hk__yaml_locate(d, node, err);
}

static bool is_none_text(struct hk_str text)
{
    return text.len >= 4 && hk_str_trim(text).len == 4 && strncasecmp(hk_str_trim(text).data, "none", 4) == 0;
}

/* What Airflow says of the DAG's other fields once the schedule is known. */
static bool check_limits(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, struct hk_error *err)
{
    const struct hk_graph *dag = d->dag;
    if (dag->schedule.kind == HK_SCHEDULE_CONTINUOUS && dag->max_active_runs != 1) {
        return hk__yaml_refuse(d, node, err, "schedule @continuous needs max_active_runs: 1.");
    }
    if (dag->schedule.kind != HK_SCHEDULE_NONE && dag->catchup && dag->start_at_us == HK_TIME_NONE &&
        hk_yaml_find(d->default_args, "start_date") == NULL) {
        return hk__yaml_refuse(d, node, err, "start_date is required when catchup is true.");
    }
    return true;
}

bool hk__yaml_read_schedule(struct hk__yaml_dag *d, struct hk_error *err)
{
    const struct hk_yaml_node *old = hk_yaml_get(d->conf, "schedule_interval");
    const struct hk_yaml_node *node = hk_yaml_get(d->conf, "schedule");
    if (old != NULL) {
        return hk__yaml_refuse(d, old, err, "schedule_interval is no longer supported by Airflow 3: use schedule.");
    }
    if (hk_yaml_get(d->conf, "timetable") != NULL) {
        return hk__yaml_refuse(d, hk_yaml_get(d->conf, "timetable"), err,
                               "timetable is no longer supported by Airflow 3: use schedule.");
    }
    hk_schedule_none(&d->dag->schedule);
    if (node == NULL || (node->kind == HK_YAML_TEXT && is_none_text(node->text))) {
        return true;
    }
    if (node->kind == HK_YAML_LIST) {
        return hk__yaml_read_asset_list(d, node, err) && check_limits(d, node, err);
    }
    bool ok = false;
    if (node->kind == HK_YAML_TEXT) {
        ok = parse_text(d, node, d->zone, err);
    } else if (node->kind == HK_YAML_OBJECT) {
        ok = read_object(d, node, err);
    } else {
        hk__yaml_refuse(d, node, err,
                        "%s is not a valid schedule: write a cron expression, a preset like @daily, or none.",
                        hk_yaml_kind_name(node->kind));
    }
    return ok && check_limits(d, node, err);
}
