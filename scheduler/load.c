/* Runs from the database into the model: at start-up, and when a command is about a run that has finished. */
#include "scheduler/scheduler_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/store/asset_store.h"
#include "engine/store/dag_store.h"
#include "engine/store/pool_store.h"
#include "engine/store/skip_store.h"

static void copy_row(struct hk__loaded *out, const struct hk_run_row *row)
{
    struct hk_arena *a = &out->arena;
    out->row = *row;
    out->row.dag_id = hk_arena_strdup(a, row->dag_id);
    out->row.run_id = hk_arena_strdup(a, row->run_id);
    out->row.run_type = hk_arena_strdup(a, row->run_type);
    out->row.triggered_by = hk_arena_strdup(a, row->triggered_by);
    out->row.triggering_user = hk_arena_strdup(a, row->triggering_user);
    out->row.conf_json = hk_arena_strdup(a, row->conf_json);
    out->row.note = hk_arena_strdup(a, row->note);
    out->found = true;
}

static bool on_row(void *arg, const struct hk_run_row *row)
{
    copy_row(arg, row);
    return true;
}

static bool on_task(void *arg, const struct hk_task_row *row)
{
    struct hk__loaded *out = arg;
    hk_array_grow((void **)&out->tasks, &out->task_cap, out->task_count + 1, sizeof *out->tasks);
    out->tasks[out->task_count++] = *row;
    return true;
}

struct prior_states {
    const struct hk_graph *graph;
    uint8_t *states;
};

static bool on_prior_state(void *arg, struct hk_str task_id, enum hk_task_state state)
{
    struct prior_states *prior = arg;
    const struct hk_task *task = hk_graph_find_task(prior->graph, task_id);
    if (task != NULL) {
        prior->states[task->index] = (uint8_t)state;
    }
    return true;
}

bool hk__load_prior(struct hk_db *db, const struct hk_graph *graph, struct hk__loaded *out, struct hk_error *err)
{
    free(out->prior_states); /* of a read whose commit failed */
    out->prior_states = NULL;
    out->prior = (struct hk_run_before){0};
    if (out->row.logical_us == HK_TIME_NONE || !hk_model_looks_back(graph)) {
        return true;
    }
    if (!hk_store_run_before(db, graph, out->row.logical_us, &out->prior, err)) {
        return false;
    }
    if (out->prior.run_key == 0) {
        return true;
    }
    struct prior_states prior = {graph, hk_alloc(graph->task_count)};
    memset(prior.states, HK_TASK_REMOVED, graph->task_count);
    out->prior_states = prior.states;
    return hk_store_run_task_states(db, out->prior.run_key, on_prior_state, &prior, err);
}

bool hk__load_asset_events(struct hk_db *db, struct hk__loaded *out, struct hk_error *err)
{
    if (strcmp(out->row.run_type, "asset_triggered") != 0) {
        return true;
    }
    struct hk_buf text;
    hk_buf_init(&text, HK_MAX_BODY_BYTES);
    bool ok = hk_store_run_asset_events(db, out->row.run_key, &text, err);
    /* What is longer than any request may be is not told: templates get none, and the task runs. */
    out->asset_events = text.is_full ? "[]" : hk_arena_str(&out->arena, hk_buf_str(&text)).data;
    hk_buf_clear(&text);
    return ok;
}

static void on_skip(void *arg, uint32_t decider, uint32_t task)
{
    struct hk__loaded *out = arg;
    hk_array_grow((void **)&out->skips, &out->skip_cap, out->skip_count + 1, sizeof *out->skips);
    out->skips[out->skip_count++] = (struct hk__loaded_skip){decider, task};
}

/* Graph, tasks, decisions and past of a run whose row is in out. */
static bool load_rest(struct hk_db *db, struct hk__loaded *out, struct hk_error *err)
{
    return hk_store_version_graph(db, out->row.version_key, out->version_id, &out->graph, err) &&
           hk_store_run_tasks(db, out->row.run_key, on_task, out, err) &&
           hk_store_run_skips(db, out->row.run_key, out->graph, on_skip, out, err) &&
           hk__load_asset_events(db, out, err) && hk__load_prior(db, out->graph, out, err);
}

bool hk__load_run(struct hk_db *db, const char *dag_id, const char *run_id, struct hk__loaded *out,
                  struct hk_error *err)
{
    return hk_store_run_get(db, dag_id, run_id, on_row, out, err) && load_rest(db, out, err);
}

void hk__loaded_clear(struct hk__loaded *loaded)
{
    hk_graph_unref(loaded->graph);
    free(loaded->tasks);
    free(loaded->prior_states);
    free(loaded->skips);
    hk_arena_clear(&loaded->arena);
    *loaded = (struct hk__loaded){0};
}

static void fill_task(struct hk_ti *ti, const struct hk_task_row *row)
{
    ti->state = (uint8_t)row->state;
    ti->saved_state = (uint8_t)row->state;
    ti->starts = row->starts;
    ti->try_number = row->try_number;
    ti->max_tries = row->max_tries;
    ti->scheduled_us = row->scheduled_us;
    ti->queued_us = row->queued_us;
    ti->start_us = row->start_us;
    ti->end_us = row->end_us;
    ti->retry_us = row->retry_us;
    ti->first_start_us = row->first_start_us;
    ti->pid = row->pid;
    ti->exit_code = row->exit_code;
}

struct hk_run *hk__loaded_run(struct hk_scheduler *s, struct hk__loaded *loaded)
{
    const struct hk_run_row *row = &loaded->row;
    struct hk_run *run = hk_alloc(sizeof *run);
    run->run_key = row->run_key;
    run->dag = hk_model_dag_add(&s->model, hk_str_from(row->dag_id));
    run->version_key = row->version_key;
    run->version_id = hk_strdup(loaded->version_id);
    run->run_id = hk_strdup(row->run_id);
    run->run_type = hk_strdup(row->run_type);
    run->conf_json = hk_strdup(row->conf_json);
    run->triggering_user = hk_strdup(row->triggering_user);
    run->note = hk_strdup(row->note);
    run->asset_events = hk_strdup(loaded->asset_events);
    run->logical_us = row->logical_us;
    run->interval_start_us = row->interval_start_us;
    run->interval_end_us = row->interval_end_us;
    run->run_after_us = row->run_after_us;
    run->queued_us = row->queued_us;
    run->start_us = row->start_us;
    run->end_us = row->end_us;
    run->decided_us = row->decided_us;
    run->clear_number = row->clear_number;
    run->starts_before = row->starts_before;
    run->state = row->state;
    run->prior_key = loaded->prior.run_key;
    run->prior_logical_us = loaded->prior.logical_us;
    run->prior_states = loaded->prior_states;
    loaded->prior_states = NULL;
    /* Runs of one version share its graph. */
    bool is_newest = run->dag->graph != NULL && run->dag->version_key == row->version_key;
    run->graph = is_newest ? hk_graph_ref(run->dag->graph) : hk_graph_ref(loaded->graph);
    hk_model_run_add(&s->model, run);
    if (loaded->task_count == 0 && run->state == HK_RUN_QUEUED) {
        hk_model_run_begin(&s->model, run); /* saved together with what the tick decides about it */
    } else {
        hk_model_run_expand(&s->model, run);
        for (size_t i = 0; i < loaded->task_count; i++) {
            HK_ASSERT(loaded->tasks[i].task < run->graph->task_count);
            fill_task(&run->tasks[loaded->tasks[i].task], &loaded->tasks[i]);
        }
        for (size_t i = 0; i < loaded->skip_count; i++) {
            hk_model_skip(run, loaded->skips[i].decider, loaded->skips[i].task);
        }
        hk_model_run_loaded(&s->model, run, hk__now(s));
        hk__wait_loaded(s, run);
    }
    return run;
}

/* ---- the past, when it changes ---- */

struct hk__reload {
    struct hk_scheduler *scheduler;
    struct hk__reload *next;  /* of those that failed */
    struct hk__loaded loaded; /* key, date and graph; the prior is filled in */
};

static bool reload_read(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk__reload *r = arg;
    return hk__load_prior(db, r->loaded.graph, &r->loaded, err);
}

static void free_reload(struct hk__reload *r)
{
    hk__loaded_clear(&r->loaded);
    free(r);
}

static void reloaded(void *arg, const struct hk_error *err)
{
    struct hk__reload *r = arg;
    struct hk_scheduler *s = r->scheduler;
    struct hk_run *run = hk_model_run(&s->model, r->loaded.row.run_key);
    hk__written(s);
    if (err != NULL) {
        hk_log(HK_WARN, "scheduler", "the past of a run could not be read; trying again", HK_KEY("why", err->message));
        r->next = s->failed_reloads;
        s->failed_reloads = r;
        hk__retry_later(s);
        return;
    }
    if (run != NULL && run->prior == NULL) {
        free(run->prior_states);
        run->prior_key = r->loaded.prior.run_key;
        run->prior_logical_us = r->loaded.prior.logical_us;
        run->prior_states = r->loaded.prior_states;
        r->loaded.prior_states = NULL;
        hk_model_run_past_changed(&s->model, run);
        hk__wake(s);
    }
    free_reload(r);
}

static void submit_reload(struct hk__reload *r)
{
    struct hk_write write = {reload_read, reloaded, r, false};
    hk__submit(r->scheduler, &write);
}

static struct hk__reload *take_failed(struct hk_scheduler *s)
{
    struct hk__reload *first = s->failed_reloads;
    if (first != NULL) {
        s->failed_reloads = first->next;
    }
    return first;
}

void hk__reload_retry(struct hk_scheduler *s)
{
    struct hk__reload *r;
    while ((r = take_failed(s)) != NULL) { /* each answers on a later turn */
        submit_reload(r);
    }
}

void hk__reload_free(struct hk_scheduler *s)
{
    struct hk__reload *r;
    while ((r = take_failed(s)) != NULL) {
        free_reload(r);
    }
}

void hk__reload_prior(struct hk_scheduler *s, const struct hk_run *run)
{
    struct hk__reload *r = hk_alloc(sizeof *r);
    r->scheduler = s;
    r->loaded.row.run_key = run->run_key;
    r->loaded.row.logical_us = run->logical_us;
    r->loaded.graph = hk_graph_ref(run->graph);
    submit_reload(r);
}

/* ---- start-up ---- */

struct active {
    struct hk__loaded *items;
    size_t len;
    size_t cap;
    struct hk__known_dag *dags; /* of those runs: their limits hold before the files have been read */
    size_t dag_count;
    size_t dag_cap;
};

static bool on_active(void *arg, const struct hk_run_row *row)
{
    struct active *active = arg;
    hk_array_grow((void **)&active->items, &active->cap, active->len + 1, sizeof *active->items);
    copy_row(&active->items[active->len++], row);
    return true;
}

static bool on_pool(void *arg, const struct hk_pool_row *row)
{
    struct hk_scheduler *s = arg;
    hk_model_pool_set(&s->model, row->name, row->slots);
    return true;
}

static bool load_dag(struct hk_db *db, const char *dag_id, struct active *active, struct hk_error *err)
{
    hk_array_grow((void **)&active->dags, &active->dag_cap, active->dag_count + 1, sizeof *active->dags);
    return hk__known_dag_load(db, dag_id, &active->dags[active->dag_count++], err);
}

static bool load_dags(struct hk_db *db, struct active *active, struct hk_error *err)
{
    struct hk_map seen;
    bool ok = true;
    hk_map_init(&seen);
    for (size_t i = 0; i < active->len && ok; i++) {
        struct hk_str dag_id = hk_str_from(active->items[i].row.dag_id);
        if (!hk_map_find(&seen, dag_id, NULL)) {
            hk_map_set(&seen, dag_id, 1);
            ok = load_dag(db, dag_id.data, active, err) || hk_error_prefix(err, "dag '%s'", dag_id.data);
        }
    }
    hk_map_clear(&seen);
    return ok;
}

static bool load_all(struct hk_scheduler *s, struct hk_db *db, struct active *active, struct hk_error *err)
{
    if (!hk_store_pools_each(db, on_pool, s, err) || !hk_store_runs_active(db, on_active, active, err) ||
        !load_dags(db, active, err)) {
        return false;
    }
    for (size_t i = 0; i < active->len; i++) {
        if (!load_rest(db, &active->items[i], err)) {
            return hk_error_prefix(err, "run '%s' of dag '%s'", active->items[i].row.run_id,
                                   active->items[i].row.dag_id);
        }
    }
    return true;
}

bool hk_scheduler_load(struct hk_scheduler *s, struct hk_error *err)
{
    struct active active = {0};
    struct hk_db *db = NULL;
    if (!hk_store_reader_take(s->options.store, &db, err)) {
        return false;
    }
    bool ok = hk__assets_begin(s, db, err) && load_all(s, db, &active, err);
    hk_store_reader_give(s->options.store, db);
    for (size_t i = 0; i < active.dag_count; i++) {
        if (ok) {
            hk__known_dag_put(s, &active.dags[i]);
        }
        hk_graph_unref(active.dags[i].graph);
    }
    for (size_t i = 0; i < active.len; i++) {
        if (ok) {
            hk__loaded_run(s, &active.items[i]);
        }
        hk__loaded_clear(&active.items[i]);
    }
    if (ok && active.len > 0) {
        hk_log(HK_INFO, "scheduler", "unfinished runs found", HK_KEY_INT("count", active.len));
    }
    free(active.dags);
    free(active.items);
    return ok;
}

/* ---- recovery of what was under way ---- */

static void recovered(void *arg, const enum hk_job_recovery *answers, size_t count)
{
    struct hk_scheduler *s = arg;
    HK_ASSERT(count == s->recovering_count);
    size_t alive = 0;
    for (size_t i = 0; i < count; i++) {
        struct hk_run *run = hk_model_run(&s->model, s->recovering[i].run);
        uint32_t task = s->recovering[i].task;
        enum hk_task_state state = run->tasks[task].state; /* a person may have changed it meanwhile */
        if (answers[i] == HK_JOB_ALIVE) {
            alive++;
            if (state == HK_TASK_RESTARTING) {
                hk__stop_job(s, run, task, "clear");
            }
            continue;
        }
        hk_model_task_dispatched(run, task, false);
        s->dispatched--;
        if (hk_task_state_holds_slot(state)) {
            hk_model_task_event(&s->model, run, task, HK_TASK_ON_LOST, hk__now(s));
        }
        hk_model_task_touch(&s->model, run, task);
    }
    if (count > 0) {
        hk_log(HK_INFO, "scheduler", "tasks under way were recovered", HK_KEY_INT("adopted", alive),
               HK_KEY_INT("to_run_again", count - alive));
    }
    free(s->recovering);
    s->recovering = NULL;
    s->recovering_count = 0;
    s->is_started = true;
    hk__wake(s);
}

/* Until the executor has answered, the job counts as alive. */
static void add_job(struct hk_scheduler *s, struct hk_run *run, uint32_t t, struct hk_job *job, struct hk_job_key *key)
{
    hk_model_task_dispatched(run, t, true);
    run->tasks[t].is_committed = true;
    s->dispatched++;
    size_t size = 1024;
    char *log_path = hk_arena_alloc(&s->arena, size);
    hk__fill_job(run, t, log_path, size, job);
    *key = job->key;
}

void hk_scheduler_start(struct hk_scheduler *s)
{
    struct hk_job *jobs = NULL;
    size_t job_cap = 0;
    size_t key_cap = 0;
    for (size_t d = 0; d < s->model.dag_count; d++) {
        struct hk_dag *dag = s->model.dags[d];
        for (size_t i = 0; i < dag->run_count; i++) {
            struct hk_run *run = dag->runs[i];
            for (uint32_t t = 0; run->tasks != NULL && t < run->graph->task_count; t++) {
                if (!hk_task_state_holds_slot(run->tasks[t].state)) {
                    continue;
                }
                size_t at = s->recovering_count++;
                hk_array_grow((void **)&jobs, &job_cap, at + 1, sizeof *jobs);
                hk_array_grow((void **)&s->recovering, &key_cap, at + 1, sizeof *s->recovering);
                add_job(s, run, t, &jobs[at], &s->recovering[at]);
            }
        }
    }
    s->executor.recover(s->executor.context, jobs, s->recovering_count, recovered, s);
    free(jobs);
    hk_arena_reset(&s->arena);
}
