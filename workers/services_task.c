/* Other task instances, and the rendered fields of one's own. */
#include <stdlib.h>

#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/base/map.h"
#include "engine/store/task_query.h"
#include "engine/store/task_service_query.h"
#include "engine/store/version_query.h"
#include "workers/services_internal.h"

static void filtered_read(void *context, struct hk_str filters_json, hk__run_fn run, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->text = hk__call_copy(call, filters_json);
    hk__call_read(call, run);
}

/* ---- task groups ---- */

static bool is_within(const struct hk_graph *graph, uint32_t group, uint32_t outer)
{
    while (group != outer && group != 0) {
        group = graph->groups[group].parent;
    }
    return group == outer;
}

static uint32_t find_group(const struct hk_graph *graph, struct hk_str group_id)
{
    for (uint32_t i = 1; i < graph->group_count; i++) {
        if (hk_str_is(group_id, graph->groups[i].group_id)) {
            return i;
        }
    }
    return 0;
}

/* The tasks of a group of the DAG's newest version, those in groups inside it, too, as a JSON list. */
static bool list_group(struct hk_db *db, struct hk_str dag_id, struct hk_str group_id, struct hk_buf *out,
                       struct hk_error *err)
{
    struct hk_graph *graph = NULL;
    if (!hk_store_dag_graph(db, dag_id, &graph, err)) {
        return false;
    }
    if (graph == NULL) {
        return hk__found(false, err, "The Dag with ID: `%.*s` was not found", HK_STR_ARG(dag_id));
    }
    uint32_t group = find_group(graph, group_id);
    bool ok =
        hk__found(group != 0, err, "Task group %.*s not found in DAG %.*s", HK_STR_ARG(group_id), HK_STR_ARG(dag_id));
    struct hk_json w;
    hk_json_init(&w, out);
    hk_json_begin_array(&w);
    for (uint32_t i = 0; ok && i < graph->task_count; i++) {
        if (is_within(graph, graph->tasks[i].group, group)) {
            hk_json_text(&w, graph->tasks[i].task_id);
        }
    }
    hk_json_end_array(&w);
    hk_graph_unref(graph);
    return ok;
}

/* ---- counts and states ---- */

/* A choice and the text its lists of names point to. */
struct query {
    struct hk_task_choice choice;
    struct hk_str group_id;
    struct hk_buf names;
};

static bool query_read(struct hk_db *db, struct hk__call *call, struct query *q, struct hk_error *err)
{
    hk_buf_init(&q->names, SIZE_MAX);
    return hk__choice_read(&call->arena, call->text, &q->choice, &q->group_id, err) &&
           (q->group_id.data == NULL || list_group(db, q->choice.dag_id, q->group_id, &q->names, err));
}

static bool run_count(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct query q;
    int64_t count = 0;
    bool ok = query_read(db, call, &q, err);
    if (ok) {
        q.choice.group_ids = hk_buf_str(&q.names);
        ok = hk_store_chosen_tasks_count(db, &q.choice, &count, err);
    }
    hk_buf_clear(&q.names);
    hk_buf_printf(&call->answer, "{\"count\":%lld}", (long long)count);
    return ok;
}

static void task_count(void *context, struct hk_str filters_json, hk__done_fn done, void *arg)
{
    filtered_read(context, filters_json, run_count, done, arg);
}

/* {"run": {"task": state}}; rows come run by run. A mapped instance and a task may have the same name, and a name
 * stands once in an object. */
struct states {
    struct hk_json w;
    struct hk_arena arena;
    struct hk_str run_id; /* data NULL: none yet */
    struct hk_map names;
};

static void end_run(struct states *states)
{
    if (states->run_id.data != NULL) {
        hk_json_end_object(&states->w);
        hk_map_clear(&states->names);
        hk_map_init(&states->names);
        hk_arena_reset(&states->arena);
    }
}

static bool add_state(void *arg, const struct hk_task_brief *row)
{
    struct states *states = arg;
    if (states->run_id.data == NULL || !hk_str_is(states->run_id, row->run_id)) {
        end_run(states);
        states->run_id = hk_arena_str(&states->arena, hk_str_from(row->run_id));
        hk_json_key_str(&states->w, states->run_id);
        hk_json_begin_object(&states->w);
    }
    char name[HK_MAX_ID_BYTES + 16];
    if (row->map_index < 0) {
        snprintf(name, sizeof name, "%s", row->task_id);
    } else {
        snprintf(name, sizeof name, "%s_%d", row->task_id, row->map_index);
    }
    if (!hk_map_find(&states->names, hk_str_from(name), NULL)) {
        hk_map_set(&states->names, hk_str_from(name), 1);
        hk_json_kv_text(&states->w, name, row->state);
    }
    return !states->w.out->is_full;
}

/* With both, Airflow answers for the named tasks and for the group's. */
static bool join_names(struct query *q, struct hk_error *err)
{
    if (q->choice.task_ids.data == NULL || q->names.len == 0) {
        return true;
    }
    json_t *named = hk_json_parse(q->choice.task_ids, err);
    json_t *grouped = named != NULL ? hk_json_parse(hk_buf_str(&q->names), err) : NULL;
    bool ok = grouped != NULL;
    if (ok) {
        json_array_extend(named, grouped);
        char *text = hk_json_dump(named);
        hk_buf_reset(&q->names);
        hk_buf_add_text(&q->names, text);
        free(text);
    }
    json_decref(grouped);
    json_decref(named);
    return ok;
}

static bool run_states(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct query q;
    struct states states = {0};
    bool ok = query_read(db, call, &q, err) && join_names(&q, err);
    if (ok) {
        if (q.names.len > 0) {
            q.choice.task_ids = hk_buf_str(&q.names);
        }
        q.choice.states = (struct hk_str){NULL, 0};
        hk_json_init(&states.w, &call->answer);
        hk_arena_init(&states.arena);
        hk_map_init(&states.names);
        hk_json_begin_object(&states.w);
        ok = hk_store_chosen_tasks(db, &q.choice, add_state, &states, err);
        end_run(&states);
        hk_json_end_object(&states.w);
        hk_map_clear(&states.names);
        hk_arena_clear(&states.arena);
    }
    hk_buf_clear(&q.names);
    return ok;
}

static void task_states(void *context, struct hk_str filters_json, hk__done_fn done, void *arg)
{
    filtered_read(context, filters_json, run_states, done, arg);
}

/* ---- breadcrumbs and the previous instance ---- */

static void write_duration(struct hk_json *w, const struct hk_task_brief *row)
{
    if (row->start_us == HK_TIME_NONE || row->end_us == HK_TIME_NONE) {
        hk_json_kv_null(w, "duration");
    } else {
        hk_json_kv_double(w, "duration", (double)(row->end_us - row->start_us) / 1e6);
    }
}

static bool add_breadcrumb(void *arg, const struct hk_task_brief *row)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "task_id", row->task_id);
    hk_json_kv_int(w, "map_index", row->map_index);
    hk_json_kv_text(w, "state", row->state);
    hk_json_kv_text(w, "operator", row->operator_class);
    write_duration(w, row);
    hk_json_end_object(w);
    return !w->out->is_full;
}

static bool run_breadcrumbs(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct hk_json w;
    hk_json_init(&w, &call->answer);
    hk_json_begin_object(&w);
    hk_json_key(&w, "breadcrumbs");
    hk_json_begin_array(&w);
    if (!hk_store_finished_tasks(db, call->dag_id, call->run_id, add_breadcrumb, &w, err)) {
        return false;
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
    return true;
}

static void breadcrumbs(void *context, struct hk_str dag_id, struct hk_str run_id, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->dag_id = hk__call_copy(call, dag_id);
    call->run_id = hk__call_copy(call, run_id);
    hk__call_read(call, run_breadcrumbs);
}

static bool write_task(void *arg, const struct hk_task_brief *row)
{
    struct hk_json w;
    hk_json_init(&w, arg);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "task_id", row->task_id);
    hk_json_kv_text(&w, "dag_id", row->dag_id);
    hk_json_kv_text(&w, "run_id", row->run_id);
    hk_json_kv_time(&w, "logical_date", row->logical_us);
    hk_json_kv_time(&w, "start_date", row->start_us);
    hk_json_kv_time(&w, "end_date", row->end_us);
    hk_json_kv_text(&w, "state", row->state);
    hk_json_kv_int(&w, "try_number", row->try_number);
    hk_json_kv_int(&w, "map_index", row->map_index);
    write_duration(&w, row);
    hk_json_end_object(&w);
    return true;
}

static struct hk_str text_of(struct hk_arena *arena, const json_t *body, const char *key)
{
    const char *text = hk_json_get_text(body, key, NULL);
    return text == NULL ? (struct hk_str){NULL, 0} : hk_arena_str(arena, hk_str_from(text));
}

static bool read_before(struct hk__call *call, struct hk_task_before *out, struct hk_error *err)
{
    bool has_zone;
    json_t *body = hk_json_parse(call->text, err);
    if (body == NULL) {
        return false;
    }
    struct hk_str date = text_of(&call->arena, body, "logical_date");
    *out = (struct hk_task_before){.dag_id = text_of(&call->arena, body, "dag_id"),
                                   .task_id = text_of(&call->arena, body, "task_id"),
                                   .map_index = hk_json_get_int(body, "map_index", -1),
                                   .before_us = HK_TIME_NONE,
                                   .state = text_of(&call->arena, body, "state")};
    json_decref(body);
    if (out->dag_id.data == NULL || out->task_id.data == NULL) {
        return hk_error_set(err, HK_INVALID, "The request names no dag_id or no task_id.");
    }
    return date.data == NULL || hk_iso_parse(date, &out->before_us, &has_zone) ||
           hk_error_set(err, HK_INVALID, "'logical_date': '%.*s' is no date and time in ISO 8601.", HK_STR_ARG(date));
}

static bool run_previous(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    struct hk_task_before which;
    bool found;
    return read_before(call, &which, err) && hk_store_task_before(db, &which, write_task, &call->answer, &found, err) &&
           hk__found(found, err, "Task '%.*s' of DAG '%.*s' has no such instance before.", HK_STR_ARG(which.task_id),
                     HK_STR_ARG(which.dag_id));
}

static void task_previous(void *context, struct hk_str filters_json, hk__done_fn done, void *arg)
{
    filtered_read(context, filters_json, run_previous, done, arg);
}

/* ---- rendered fields ---- */

/* Of the present try only: one that was given up must not overwrite what its successor shows. */
static bool run_rendered(struct hk_db *db, struct hk__call *call, struct hk_error *err)
{
    const struct hk_job_key *job = &call->job;
    uint32_t starts;
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(job, id);
    if (call->text.len == 0 || call->text.data[0] != '{') {
        return hk_error_set(err, HK_INVALID, "The rendered fields of task instance %s are no object.", id);
    }
    if (!hk_store_task_starts(db, job->run, job->task, job->map_index, &starts, err)) {
        return false;
    }
    if (starts != job->try_number) {
        return hk_error_set(err, starts == 0 ? HK_NOT_FOUND : HK_CONFLICT,
                            starts == 0 ? "There is no task instance %s any more."
                                        : "Task instance %s was started anew; this try is over.",
                            id);
    }
    return hk_store_rendered_set(db, job->run, job->task, job->map_index, call->text, err);
}

static void rendered_set(void *context, const struct hk_job_key *key, struct hk_str json, hk__done_fn done, void *arg)
{
    struct hk__call *call = hk__call_new(context, done, arg);
    call->job = *key;
    call->text = hk__call_copy(call, json);
    hk__call_write(call, run_rendered);
}

void hk__services_add_tasks(struct hk_task_services *table)
{
    table->task_count = task_count;
    table->task_states = task_states;
    table->rendered_set = rendered_set;
    table->breadcrumbs = breadcrumbs;
    table->task_previous = task_previous;
}
