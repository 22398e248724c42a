/* New runs: those the timetable asks for and those somebody triggers. Both are inserted by one write and join the model
 * when it is committed. */
#include "scheduler/scheduler_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/civil.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/store/asset_store.h"
#include "engine/store/dag_store.h"

enum { CREATE_RETRY_US = 1000000 };

struct creation {
    struct hk_scheduler *scheduler;
    struct hk_dag *dag;
    bool is_automated;
    bool is_moot; /* what it was decided for is not there any more */
    char *run_id_out;
    struct hk_command_done done;
    /* Written by the writer thread, read after its commit. */
    struct hk__loaded loaded; /* row filled in, graph held */
    bool *has_event;          /* of an asset schedule: by asset, before this run */
    char suffix[9];           /* of its run id */
};

static bool insert_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct creation *c = arg;
    free(c->loaded.prior_states);
    c->loaded.prior_states = NULL;
    return hk_store_run_insert(db, &c->loaded.row, &c->loaded.row.run_key, err) &&
           hk__load_prior(db, c->loaded.graph, &c->loaded, err);
}

/* The times and the id of a run that assets have asked for, from what is queued now. */
static bool fill_asset_run(struct hk_db *db, struct creation *c, struct hk_error *err)
{
    struct hk_run_row *row = &c->loaded.row;
    if (!hk_store_dag_assets_waiting(db, c->loaded.graph, c->has_event, err) ||
        !hk_store_asset_queue_newest(db, row->dag_id, &row->run_after_us, err)) {
        return false;
    }
    c->is_moot = row->run_after_us == HK_TIME_NONE || !hk_asset_condition_holds(c->loaded.graph, c->has_event);
    if (!c->is_moot) {
        char when[HK_ISO_SIZE];
        hk_iso_offset(row->run_after_us, when);
        row->run_id = hk_arena_printf(&c->loaded.arena, "asset_triggered__%s_%s", when, c->suffix);
    }
    return true;
}

static bool insert_asset_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct creation *c = arg;
    if (!fill_asset_run(db, c, err)) {
        return false;
    }
    return c->is_moot || (hk_store_run_insert(db, &c->loaded.row, &c->loaded.row.run_key, err) &&
                          hk_store_asset_queue_take(db, c->loaded.row.dag_id, c->loaded.row.run_key, err) &&
                          hk__load_asset_events(db, &c->loaded, err));
}

struct next_write {
    struct hk_scheduler *scheduler;
    char dag_id[HK_MAX_ID_BYTES + 1];
    struct hk_dag_next next;
};

static bool write_next(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct next_write *w = arg;
    return hk_store_dag_set_next(db, w->dag_id, &w->next, err);
}

static void next_written(void *arg, const struct hk_error *err)
{
    struct next_write *w = arg;
    if (err != NULL) {
        hk_log(HK_WARN, "scheduler", "next run could not be noted", HK_KEY("why", err->message));
    }
    hk__written(w->scheduler);
    free(w);
}

void hk__note_next(struct hk_scheduler *s, const struct hk_dag *dag)
{
    struct next_write *w = hk_alloc(sizeof *w);
    w->scheduler = s;
    hk_str_copy(w->dag_id, sizeof w->dag_id, hk_str_from(dag->dag_id));
    w->next = (struct hk_dag_next){HK_TIME_NONE, HK_TIME_NONE, HK_TIME_NONE, HK_TIME_NONE};
    if (dag->has_next) {
        w->next = (struct hk_dag_next){dag->next.logical_at_us, dag->next.interval_start_us, dag->next.interval_end_us,
                                       dag->next.run_after_us};
    }
    struct hk_write write = {write_next, next_written, w, false};
    hk__submit(s, &write);
}

/* The run has had them all; or there were fewer than the model believed. */
static void assets_after(struct hk_scheduler *s, const struct creation *c)
{
    if (c->dag->graph != c->loaded.graph) {
        return; /* the newer graph has asked for itself */
    }
    hk_model_dag_assets_taken(c->dag);
    for (uint32_t i = 0; i < c->dag->graph->asset_count && c->is_moot; i++) {
        if (c->has_event[i]) {
            hk_model_dag_asset_event(c->dag, i);
        }
    }
    hk__due(s, c->dag);
}

static void plan_after(struct hk_scheduler *s, struct creation *c)
{
    c->dag->is_creating = false;
    if (c->has_event != NULL) {
        assets_after(s, c);
        return;
    }
    c->dag->last_start_us = c->loaded.row.interval_start_us;
    c->dag->last_end_us = c->loaded.row.interval_end_us;
    hk_model_dag_plan(&s->model, c->dag, hk__now(s));
    hk__note_next(s, c->dag);
}

static void creation_done(void *arg, const struct hk_error *err)
{
    struct creation *c = arg;
    struct hk_scheduler *s = c->scheduler;
    hk__written(s);
    if (err == NULL && !c->is_moot) {
        hk__uncomplain(s);
        struct hk_run *run = hk__loaded_run(s, &c->loaded);
        hk_log(HK_INFO, "scheduler", "run created", HK_KEY("dag", run->dag->dag_id), HK_KEY("run", run->run_id));
        if (c->run_id_out != NULL) {
            hk_str_copy(c->run_id_out, HK_RUN_ID_SIZE, hk_str_from(run->run_id));
        }
    }
    if (c->is_automated) {
        if (err == NULL || (err->code == HK_CONFLICT && c->has_event == NULL)) {
            plan_after(s, c); /* CONFLICT: somebody triggered one with this very date; it counts */
        } else {
            c->dag->is_creating = false;
            hk__complain(s, err);
            hk_model_dag_arm(&s->model, c->dag, hk__now(s) + CREATE_RETRY_US);
        }
    }
    if (c->done.call != NULL) {
        c->done.call(c->done.arg, err);
    }
    hk__loaded_clear(&c->loaded);
    free(c);
    hk__wake(s);
}

/* The row's texts must be in the creation's arena. */
static void submit(struct hk_scheduler *s, struct creation *c)
{
    c->scheduler = s;
    c->loaded.graph = hk_graph_ref(c->dag->graph);
    c->loaded.row.dag_id = hk_arena_strdup(&c->loaded.arena, c->dag->dag_id);
    c->loaded.row.version_key = c->dag->version_key;
    c->loaded.row.state = HK_RUN_QUEUED;
    c->loaded.row.queued_us = hk__now(s);
    c->loaded.row.start_us = HK_TIME_NONE;
    c->loaded.row.end_us = HK_TIME_NONE;
    c->loaded.row.decided_us = HK_TIME_NONE;
    hk_str_copy(c->loaded.version_id, sizeof c->loaded.version_id, hk_str_from(c->dag->version_id));
    struct hk_write write = {c->has_event != NULL ? insert_asset_run : insert_run, creation_done, c, false};
    hk__submit(s, &write);
}

static const char *make_run_id(struct hk_arena *arena, const char *type, int64_t run_after_us)
{
    char when[HK_ISO_SIZE];
    hk_iso_offset(run_after_us, when);
    return hk_arena_printf(arena, "%s__%s", type, when);
}

/* As Airflow's: eight letters and digits. */
static void make_suffix(struct hk_rand *rand, char out[9])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < 8; i++) {
        out[i] = letters[hk_rand_below(rand, sizeof letters - 1)];
    }
    out[8] = '\0';
}

static void create_asset_run(struct hk_scheduler *s, struct hk_dag *dag)
{
    struct creation *c = hk_alloc(sizeof *c);
    c->dag = dag;
    c->is_automated = true;
    dag->is_creating = true;
    c->has_event = hk_arena_array(&c->loaded.arena, dag->graph->asset_count + 1, sizeof *c->has_event);
    make_suffix(s->options.rand, c->suffix);
    c->loaded.row.run_type = "asset_triggered";
    c->loaded.row.triggered_by = "asset";
    c->loaded.row.conf_json = "{}";
    c->loaded.row.logical_us = HK_TIME_NONE;
    c->loaded.row.interval_start_us = HK_TIME_NONE;
    c->loaded.row.interval_end_us = HK_TIME_NONE;
    submit(s, c);
}

void hk__create_automated(struct hk_scheduler *s, struct hk_dag *dag)
{
    if (dag->has_asset_event != NULL) {
        create_asset_run(s, dag);
        return;
    }
    struct creation *c = hk_alloc(sizeof *c);
    c->dag = dag;
    c->is_automated = true;
    dag->is_creating = true;
    c->loaded.row.run_id = make_run_id(&c->loaded.arena, "scheduled", dag->next.run_after_us);
    c->loaded.row.run_type = "scheduled";
    c->loaded.row.triggered_by = "timetable";
    c->loaded.row.conf_json = "{}";
    c->loaded.row.logical_us = dag->next.logical_at_us;
    c->loaded.row.interval_start_us = dag->next.interval_start_us;
    c->loaded.row.interval_end_us = dag->next.interval_end_us;
    c->loaded.row.run_after_us = dag->next.run_after_us;
    submit(s, c);
}

static bool check_run_id(const char *run_id, struct hk_error *err)
{
    size_t len = strlen(run_id);
    bool ok = len > 0 && len <= HK_MAX_ID_BYTES;
    for (size_t i = 0; i < len && ok; i++) {
        char ch = run_id[i];
        ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
             strchr("_.~:+-", ch) != NULL;
    }
    return ok || hk_error_set(err, HK_INVALID,
                              "The run_id provided '%s' does not match regex pattern '^[A-Za-z0-9_.~:+-]+$' or "
                              "'^(?:manual__|scheduled__|asset_triggered__)'",
                              run_id);
}

static void fail(struct hk_command_done done, const struct hk_error *err)
{
    if (done.call != NULL) {
        done.call(done.arg, err);
    }
}

static void set_times(const struct hk_dag *dag, const struct hk_trigger_request *request, int64_t now_us,
                      struct hk_run_row *row)
{
    row->run_after_us = request->run_after_us != HK_TIME_NONE ? request->run_after_us : now_us;
    row->logical_us = request->logical_us;
    row->interval_start_us = request->interval_start_us;
    row->interval_end_us = request->interval_end_us;
    struct hk_run_times times;
    if (request->interval_start_us == HK_TIME_NONE && request->logical_us != HK_TIME_NONE && dag->timetable != NULL &&
        hk_timetable_manual(dag->timetable, request->logical_us, &times)) {
        row->interval_start_us = times.interval_start_us;
        row->interval_end_us = times.interval_end_us;
    }
}

static void trigger(struct hk_scheduler *s, const struct hk_trigger_request *request, char *run_id_out,
                    struct hk_command_done done)
{
    struct hk_error err;
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(request->dag_id));
    if (dag == NULL || dag->graph == NULL || dag->is_stale) {
        hk_error_set(&err, HK_NOT_FOUND, "Dag with dag_id: '%s' not found", request->dag_id);
        fail(done, &err);
        return;
    }
    struct creation *c = hk_alloc(sizeof *c);
    struct hk_arena *a = &c->loaded.arena;
    c->dag = dag;
    c->run_id_out = run_id_out;
    c->done = done;
    set_times(dag, request, hk__now(s), &c->loaded.row);
    c->loaded.row.run_type = hk_arena_strdup(a, request->run_type);
    c->loaded.row.run_id = request->run_id != NULL ? hk_arena_strdup(a, request->run_id)
                                                   : make_run_id(a, request->run_type, c->loaded.row.run_after_us);
    c->loaded.row.triggered_by = hk_arena_strdup(a, request->triggered_by);
    c->loaded.row.triggering_user = hk_arena_strdup(a, request->user);
    c->loaded.row.conf_json = request->conf_json != NULL ? hk_arena_strdup(a, request->conf_json) : "{}";
    c->loaded.row.note = hk_arena_strdup(a, request->note);
    submit(s, c);
}

/* Just after a start a DAG may be known to the database only: it is read first. */
struct late_trigger {
    struct hk_scheduler *scheduler;
    struct hk_arena arena; /* the request's texts */
    struct hk_trigger_request request;
    char *run_id_out;
    struct hk_command_done done;
    struct hk__known_dag known;
};

static bool read_known(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct late_trigger *late = arg;
    return hk__known_dag_load(db, late->request.dag_id, &late->known, err);
}

static void known_read(void *arg, const struct hk_error *err)
{
    struct late_trigger *late = arg;
    hk__written(late->scheduler);
    if (err != NULL) {
        fail(late->done, err);
    } else {
        hk__known_dag_put(late->scheduler, &late->known);
        trigger(late->scheduler, &late->request, late->run_id_out, late->done);
    }
    hk_graph_unref(late->known.graph);
    hk_arena_clear(&late->arena);
    free(late);
}

static void trigger_late(struct hk_scheduler *s, const struct hk_trigger_request *request, char *run_id_out,
                         struct hk_command_done done)
{
    struct late_trigger *late = hk_alloc(sizeof *late);
    struct hk_trigger_request *r = &late->request;
    late->scheduler = s;
    late->run_id_out = run_id_out;
    late->done = done;
    *r = *request;
    r->dag_id = hk_arena_strdup(&late->arena, request->dag_id);
    r->run_id = hk_arena_strdup(&late->arena, request->run_id);
    r->run_type = hk_arena_strdup(&late->arena, request->run_type);
    r->conf_json = hk_arena_strdup(&late->arena, request->conf_json);
    r->note = hk_arena_strdup(&late->arena, request->note);
    r->triggered_by = hk_arena_strdup(&late->arena, request->triggered_by);
    r->user = hk_arena_strdup(&late->arena, request->user);
    struct hk_write write = {read_known, known_read, late, false};
    hk__submit(s, &write);
}

void hk_scheduler_trigger(struct hk_scheduler *s, const struct hk_trigger_request *request, char *run_id_out,
                          struct hk_command_done done)
{
    struct hk_error err;
    const struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(request->dag_id));
    if (request->run_id != NULL && !check_run_id(request->run_id, &err)) {
        fail(done, &err);
    } else if (dag == NULL || dag->graph == NULL) {
        trigger_late(s, request, run_id_out, done);
    } else {
        trigger(s, request, run_id_out, done);
    }
}
