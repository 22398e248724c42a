/* Rows of the store as Airflow's response models write them, key for key. */
#include <string.h>

#include "api/airflow/rest_internal.h"
#include "engine/state/task_state.h"
#include "scheduler/executor.h"

void hk__write_version(struct hk_json *w, const struct hk_version_info *v)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "id", v->version_id);
    hk_json_kv_int(w, "version_number", v->number);
    hk_json_kv_text(w, "dag_id", v->dag_id);
    hk_json_kv_text(w, "bundle_name", v->bundle_name);
    hk_json_kv_text(w, "bundle_version", v->bundle_version);
    hk_json_kv_time(w, "created_at", v->created_us);
    hk_json_kv_text(w, "dag_display_name", v->dag_display_name);
    hk_json_kv_null(w, "bundle_url");
    hk_json_end_object(w);
}

void hk__write_seconds(struct hk_json *w, const char *key, int64_t start_us, int64_t end_us)
{
    if (start_us == HK_TIME_NONE || end_us == HK_TIME_NONE) {
        hk_json_kv_null(w, key);
    } else {
        hk_json_kv_double(w, key, (double)(end_us - start_us) / 1e6);
    }
}

void hk__write_run(struct hk_json *w, const struct hk_run_info *r)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "dag_run_id", r->run_id);
    hk_json_kv_text(w, "dag_id", r->dag_id);
    hk_json_kv_time(w, "logical_date", r->logical_us);
    hk_json_kv_time(w, "queued_at", r->queued_us);
    hk_json_kv_time(w, "start_date", r->start_us);
    hk_json_kv_time(w, "end_date", r->end_us);
    hk__write_seconds(w, "duration", r->start_us, r->end_us);
    hk_json_kv_time(w, "data_interval_start", r->interval_start_us);
    hk_json_kv_time(w, "data_interval_end", r->interval_end_us);
    hk_json_kv_time(w, "run_after", r->run_after_us);
    hk_json_kv_time(w, "last_scheduling_decision", r->decided_us);
    hk_json_kv_text(w, "run_type", r->run_type);
    hk_json_kv_text(w, "state", r->state);
    hk_json_kv_text(w, "triggered_by", r->triggered_by);
    hk_json_kv_text(w, "triggering_user_name", r->triggering_user);
    hk_json_kv_raw(w, "conf", r->conf_json);
    hk_json_kv_text(w, "note", r->note);
    hk_json_key(w, "dag_versions");
    hk_json_begin_array(w);
    hk__write_version(w, &r->version);
    hk_json_end_array(w);
    hk_json_kv_text(w, "bundle_version", r->version.bundle_version);
    hk_json_kv_text(w, "dag_display_name", r->version.dag_display_name);
    hk_json_kv_null(w, "partition_key");
    hk_json_kv_null(w, "partition_date");
    hk_json_end_object(w);
}

bool hk__each_run(void *list, const struct hk_run_info *r)
{
    hk__write_run(&((struct hk__list *)list)->w, r);
    return true;
}

static void write_ti_place(struct hk_json *w, const struct hk_ti_info *t)
{
    hk_json_kv_text(w, "task_id", t->task_id);
    hk_json_kv_text(w, "dag_id", t->dag_id);
    hk_json_kv_text(w, "dag_run_id", t->run_id);
    hk_json_kv_int(w, "map_index", t->map_index);
}

static void write_ti_middle(struct hk_json *w, const struct hk_airflow *air, const struct hk_ti_info *t)
{
    bool had_process = t->start_us != HK_TIME_NONE && t->pid != 0;
    hk_json_kv_int(w, "try_number", t->try_number);
    hk_json_kv_int(w, "max_tries", t->max_tries);
    hk_json_kv_text(w, "task_display_name", t->display_name);
    hk_json_kv_text(w, "dag_display_name", t->version.dag_display_name);
    hk_json_kv_text(w, "hostname", had_process ? air->options.hostname : "");
    hk_json_kv_text(w, "unixname", air->options.unixname);
    hk_json_kv_text(w, "pool", t->pool);
    hk_json_kv_int(w, "pool_slots", t->pool_slots);
    hk_json_kv_text(w, "queue", t->queue);
    hk_json_kv_int(w, "priority_weight", t->priority_weight);
    hk_json_kv_text(w, "operator", t->operator_class);
    hk_json_kv_text(w, "operator_name", t->operator_name);
    hk_json_kv_time(w, "queued_when", t->queued_us);
    hk_json_kv_time(w, "scheduled_when", t->scheduled_us);
    hk_json_key(w, "pid");
    if (t->pid != 0) {
        hk_json_int(w, t->pid);
    } else {
        hk_json_null(w);
    }
    hk_json_kv_null(w, "executor");
    hk_json_kv_text(w, "executor_config", "{}");
}

void hk__write_ti(struct hk_json *w, const struct hk_airflow *air, const struct hk_ti_info *t)
{
    struct hk_job_key key = {t->run_key, t->task, t->map_index, t->starts};
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&key, id);
    hk_json_begin_object(w);
    hk_json_kv_text(w, "id", id);
    write_ti_place(w, t);
    hk_json_kv_time(w, "logical_date", t->logical_us);
    hk_json_kv_time(w, "run_after", t->run_after_us);
    hk_json_kv_time(w, "start_date", t->start_us);
    hk_json_kv_time(w, "end_date", t->end_us);
    hk__write_seconds(w, "duration", t->start_us, t->end_us);
    hk_json_kv_text(w, "state", t->state);
    write_ti_middle(w, air, t);
    hk_json_kv_text(w, "note", t->note);
    hk_json_kv_text(w, "rendered_map_index", t->rendered_map_index);
    hk__write_rendered(w, t);
    hk_json_kv_null(w, "trigger");
    hk_json_kv_null(w, "triggerer_job");
    hk_json_key(w, "dag_version");
    hk__write_version(w, &t->version);
    hk_json_end_object(w);
}

/* A try that waits for its retry has failed. */
void hk__write_ti_try(struct hk_json *w, const struct hk_airflow *air, const struct hk_ti_info *t)
{
    bool has_failed = t->state != NULL && strcmp(t->state, "up_for_retry") == 0;
    hk_json_begin_object(w);
    write_ti_place(w, t);
    hk_json_kv_time(w, "start_date", t->start_us);
    hk_json_kv_time(w, "end_date", t->end_us);
    hk__write_seconds(w, "duration", t->start_us, t->end_us);
    hk_json_kv_text(w, "state", has_failed ? "failed" : t->state);
    write_ti_middle(w, air, t);
    hk_json_key(w, "dag_version");
    hk__write_version(w, &t->version);
    hk_json_end_object(w);
}

bool hk__each_ti(void *list, const struct hk_ti_info *t)
{
    struct hk__list *l = list;
    hk__write_ti(&l->w, l->air, t);
    return true;
}

static void write_tags(struct hk_json *w, const struct hk_dag_info *d)
{
    struct hk_str rest = d->tags;
    struct hk_str name;
    hk_json_key(w, "tags");
    hk_json_begin_array(w);
    while (hk_str_next(&rest, HK_TAG_END, &name)) {
        hk_json_begin_object(w);
        hk_json_kv_str(w, "name", name);
        hk_json_kv_text(w, "dag_id", d->dag_id);
        hk_json_kv_text(w, "dag_display_name", d->display_name);
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
}

static void write_next(struct hk_json *w, const struct hk_dag_info *d)
{
    hk_json_kv_time(w, "next_dagrun_logical_date", d->next_logical_us);
    hk_json_kv_time(w, "next_dagrun_data_interval_start", d->next_interval_start_us);
    hk_json_kv_time(w, "next_dagrun_data_interval_end", d->next_interval_end_us);
    hk_json_kv_time(w, "next_dagrun_run_after", d->next_run_after_us);
}

void hk__write_dag_members(struct hk_json *w, const struct hk_airflow *air, const struct hk_dag_info *d)
{
    (void)air;
    bool has_summary = d->timetable_summary != NULL && strcmp(d->timetable_summary, "None") != 0;
    hk_json_kv_text(w, "dag_id", d->dag_id);
    hk_json_kv_text(w, "dag_display_name", d->display_name);
    hk_json_kv_bool(w, "is_paused", d->is_paused);
    hk_json_kv_bool(w, "is_stale", d->is_stale);
    hk_json_kv_time(w, "last_parsed_time", d->last_parsed_us);
    hk_json_key(w, "last_parse_duration");
    if (d->last_parse_duration >= 0) {
        hk_json_double(w, d->last_parse_duration);
    } else {
        hk_json_null(w);
    }
    hk_json_kv_null(w, "last_expired");
    hk_json_kv_text(w, "bundle_name", d->bundle_name);
    hk_json_kv_text(w, "bundle_version", d->bundle_version);
    hk_json_kv_text(w, "relative_fileloc", d->relative_fileloc);
    hk_json_kv_text(w, "fileloc", d->fileloc);
    hk_json_kv_text(w, "description", d->description);
    hk_json_kv_text(w, "timetable_summary", has_summary ? d->timetable_summary : NULL);
    hk_json_kv_text(w, "timetable_description", d->timetable_description);
    hk_json_kv_bool(w, "timetable_partitioned", false);
    hk_json_kv_bool(w, "timetable_periodic", d->timetable_periodic);
    write_tags(w, d);
    hk_json_kv_int(w, "max_active_tasks", d->max_active_tasks);
    hk_json_kv_int(w, "max_active_runs", d->max_active_runs);
    hk_json_kv_int(w, "max_consecutive_failed_dag_runs", d->max_consecutive_failed_runs);
    hk_json_kv_bool(w, "has_task_concurrency_limits", d->has_task_limits);
    hk_json_kv_bool(w, "has_import_errors", d->has_import_errors);
    write_next(w, d);
    hk_json_kv_null(w, "allowed_run_types");
    hk_json_kv_raw(w, "owners", d->owners_json);
}

void hk__write_dag_tail(struct hk_json *w, const struct hk_airflow *air, const struct hk_dag_info *d)
{
    hk_json_kv_bool(w, "is_backfillable", d->timetable_periodic);
    hk_json_key(w, "file_token");
    hk_file_token_write(air->file_tokens, d->bundle_name, d->relative_fileloc, w);
}

bool hk__each_dag(void *list, const struct hk_dag_info *d)
{
    struct hk__list *l = list;
    hk_json_begin_object(&l->w);
    hk__write_dag_members(&l->w, l->air, d);
    hk__write_dag_tail(&l->w, l->air, d);
    hk_json_end_object(&l->w);
    return true;
}

bool hk__each_version(void *list, const struct hk_version_info *v)
{
    hk__write_version(&((struct hk__list *)list)->w, v);
    return true;
}
