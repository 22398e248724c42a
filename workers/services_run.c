/* Runs and DAGs. */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/asset_store.h"
#include "engine/store/dag_query.h"
#include "engine/store/run_query.h"
#include "engine/store/run_store.h"
#include "engine/store/task_service_query.h"
#include "workers/services_internal.h"

struct run_answer {
    struct hk_db *db;
    struct hk_buf *out;
    bool has_failed;
    struct hk_error err;
};

/* The events that an asset_triggered run was made for. */
static void write_events(struct run_answer *answer, const struct hk_run_row *row, struct hk_json *w)
{
    struct hk_buf events;
    hk_buf_init(&events, HK_MAX_BODY_BYTES);
    if (strcmp(row->run_type, "asset_triggered") != 0) {
        hk_buf_add_text(&events, "[]");
    } else if (!hk_store_run_asset_events(answer->db, row->run_key, &events, &answer->err)) {
        answer->has_failed = true;
    }
    hk_json_kv_raw(w, "consumed_asset_events", events.is_full ? HK_STR("[]") : hk_buf_str(&events));
    hk_buf_clear(&events);
}

/* The SDK's DagRun; it takes no other fields. */
static bool write_run(void *arg, const struct hk_run_row *row)
{
    struct run_answer *answer = arg;
    struct hk_json w;
    hk_json_init(&w, answer->out);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "dag_id", row->dag_id);
    hk_json_kv_text(&w, "run_id", row->run_id);
    hk_json_kv_time(&w, "logical_date", row->logical_us);
    hk_json_kv_time(&w, "data_interval_start", row->interval_start_us);
    hk_json_kv_time(&w, "data_interval_end", row->interval_end_us);
    hk_json_kv_time(&w, "run_after", row->run_after_us);
    hk_json_kv_time(&w, "start_date", row->start_us);
    hk_json_kv_time(&w, "end_date", row->end_us);
    hk_json_kv_int(&w, "clear_number", row->clear_number);
    hk_json_kv_text(&w, "run_type", row->run_type);
    hk_json_kv_text(&w, "state", hk_run_state_name(row->state));
    hk_json_kv_raw(&w, "conf", hk_str_from(row->conf_json));
    hk_json_kv_text(&w, "triggering_user_name", row->triggering_user);
    write_events(answer, row, &w);
    hk_json_kv_null(&w, "partition_key");
    hk_json_kv_text(&w, "note", row->note);
    hk_json_end_object(&w);
    return true;
}

static bool run_run(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct run_answer answer = {.db = db, .out = &call->answer};
    if (!hk_store_run_get(db, call->dag_id.data, call->run_id.data, write_run, &answer, err)) {
        return false;
    }
    *err = answer.err;
    return !answer.has_failed;
}

static void run_get(void *context, struct hk_str dag_id, struct hk_str run_id, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->dag_id = hk_arena_str(&call->arena, dag_id);
    call->run_id = hk_arena_str(&call->arena, run_id);
    hk__call_read(call, run_run);
}

static bool take_run_id(void *arg, const struct hk_run_info *row)
{
    struct hk__call *call = arg;
    call->run_id = hk_arena_str(&call->arena, hk_str_from(row->run_id));
    return false;
}

static bool run_run_before(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_run_previous(db, call->dag_id, call->at_us, call->state, take_run_id, call, &found, err) &&
           hk__found(found, err, "DAG '%s' has no such run before.", call->dag_id.data) && run_run(db, call, err);
}

static void run_previous(void *context, struct hk_str dag_id, int64_t logical_at_us, struct hk_str state,
                         hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->dag_id = hk_arena_str(&call->arena, dag_id);
    call->at_us = logical_at_us;
    if (state.len > 0) {
        call->state = hk_arena_str(&call->arena, state);
    }
    hk__call_read(call, run_run_before);
}

static bool run_run_count(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct hk_task_choice choice;
    struct hk_str no_group;
    int64_t count = 0;
    if (!hk__choice_read(&call->arena, call->text, &choice, &no_group, err) ||
        !hk_store_chosen_runs_count(db, &choice, &count, err)) {
        return false;
    }
    hk_buf_printf(&call->answer, "{\"count\":%lld}", (long long)count);
    return true;
}

static void run_count(void *context, struct hk_str filters_json, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->text = hk__call_copy(call, filters_json);
    hk__call_read(call, run_run_count);
}

/* "a, b" of ["a","b"]: Airflow shows the owners of the tasks as one text. */
static void write_owners(struct hk_json *w, struct hk_str owners_json)
{
    struct hk_error err;
    json_t *owners = hk_json_parse(owners_json, &err);
    struct hk_buf text;
    hk_buf_init(&text, SIZE_MAX);
    size_t i;
    json_t *owner;
    json_array_foreach (owners, i, owner) {
        hk_buf_add_text(&text, i == 0 ? "" : ", ");
        hk_buf_add_text(&text, json_string_value(owner));
    }
    hk_json_kv_str(w, "owners", hk_buf_str(&text));
    hk_buf_clear(&text);
    json_decref(owners);
}

static bool write_dag(void *arg, const struct hk_dag_info *row)
{
    struct hk_json w;
    hk_json_init(&w, arg);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "dag_id", row->dag_id);
    hk_json_kv_bool(&w, "is_paused", row->is_paused);
    hk_json_kv_text(&w, "bundle_name", row->bundle_name);
    hk_json_kv_text(&w, "bundle_version", row->bundle_version);
    hk_json_kv_text(&w, "relative_fileloc", row->relative_fileloc);
    write_owners(&w, row->owners_json);
    hk_json_key(&w, "tags");
    hk_json_begin_array(&w);
    struct hk_str rest = row->tags;
    struct hk_str tag;
    while (rest.len > 0 && hk_str_next(&rest, HK_TAG_END, &tag)) {
        hk_json_string(&w, tag);
    }
    hk_json_end_array(&w);
    hk_json_kv_time(&w, "next_dagrun", row->next_logical_us);
    hk_json_end_object(&w);
    return true;
}

static bool run_dag(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    bool found;
    return hk_store_dag_find(db, call->dag_id, write_dag, &call->answer, &found, err) &&
           hk__found(found, err, "The Dag with dag_id: `%s` was not found", call->dag_id.data);
}

static void dag_get(void *context, struct hk_str dag_id, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->dag_id = hk_arena_str(&call->arena, dag_id);
    hk__call_read(call, run_dag);
}

void hk__services_add_runs(struct hk_task_services *table)
{
    table->run_get = run_get;
    table->run_previous = run_previous;
    table->run_count = run_count;
    table->dag_get = dag_get;
}
