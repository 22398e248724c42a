#include "tests/simulation/universe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"
#include "engine/store/pool_store.h"
#include "scheduler/tick.h"

static void on_wake(void *context)
{
    struct universe *u = context;
    u->is_awake = true;
}

static void on_set_timer(void *context, int64_t at_us)
{
    struct universe *u = context;
    u->timer_us = at_us;
}

static bool prepare(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct universe *u = arg;
    for (int i = 0; i < POOLS; i++) {
        struct hk_pool_row row = {.name = pool_names[i], .slots = u->pool_slots[i]};
        if (!hk_store_pool_set(db, &row, err)) {
            return false;
        }
    }
    return gates_prepare(db, err) &&
           hk_db_exec(
               db,
               "CREATE TABLE sim_called (run_key INTEGER, ended_us INTEGER);"
               "CREATE TABLE sim_change (seq INTEGER PRIMARY KEY, run_key INTEGER, task INTEGER, old TEXT, new TEXT);"
               "CREATE TRIGGER sim_task AFTER UPDATE ON task_instance BEGIN INSERT INTO sim_change "
               "(run_key, task, old, new) VALUES (new.run_key, new.task, old.state, new.state); END;"
               "CREATE TRIGGER sim_task_new AFTER INSERT ON task_instance BEGIN INSERT INTO sim_change "
               "(run_key, task, old, new) VALUES (new.run_key, new.task, NULL, new.state); END;"
               "CREATE TRIGGER sim_run AFTER UPDATE ON dag_run BEGIN INSERT INTO sim_change "
               "(run_key, task, old, new) VALUES (new.run_key, -1, old.state, new.state); END;",
               err);
}

/* ---- callbacks of DAGs ---- */

/* A task that was not looked at again when it should have been makes its run look stuck. */
static void check_deadlock(struct universe *u, const struct hk_run *run)
{
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        bool is_over = hk_task_state_is_finished(run->tasks[t].state);
        if (!is_over && hk_tick_trigger(run, t) != HK_TRIGGER_WAIT) {
            broken(u, "run %" PRId64 " ends as a deadlock, but task %u need not wait", run->run_key, t);
        }
    }
}

/* A run fails because of a task that counts, and does not succeed in spite of one that ends it. */
static void check_outcome(struct universe *u, const struct hk_run *run)
{
    bool has_failure = false;
    bool has_failed_leaf = false;
    bool has_work = false;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        const struct hk_task *task = &run->graph->tasks[t];
        bool has_failed = run->tasks[t].state == HK_TASK_FAILED || run->tasks[t].state == HK_TASK_UPSTREAM_FAILED;
        bool counts = !task->is_teardown || task->teardown_fails_run;
        has_work = has_work || counts;
        has_failure = has_failure || (counts && has_failed);
        has_failed_leaf = has_failed_leaf || (counts && has_failed && task->downstream_count == 0);
    }
    if (has_work && (run->state == HK_RUN_FAILED ? !has_failure : has_failed_leaf)) {
        broken(u, "run %" PRId64 " ends as %s, against its tasks", run->run_key, hk_run_state_name(run->state));
    }
}

static char *on_callback(void *context, const struct hk_run *run, const char *reason)
{
    bool is_by_tasks = strcmp(reason, "success") == 0 || strcmp(reason, "task_failure") == 0;
    if (is_by_tasks) {
        check_outcome(context, run);
    }
    if (strcmp(reason, "all_tasks_deadlocked") == 0) {
        check_deadlock(context, run);
    }
    return hk_strdup(reason);
}

struct calling {
    struct universe *u;
    int64_t run_key;
    int64_t ended_us;
};

static bool note_call(struct hk_db *db, void *arg, struct hk_error *err)
{
    const struct calling *c = arg;
    struct hk_stmt *q = hk_db_query(db, "INSERT INTO sim_called (run_key, ended_us) VALUES (?1, ?2)");
    hk_bind_int(q, 1, c->run_key);
    hk_bind_int(q, 2, c->ended_us);
    return hk_run(q, err) && hk_store_callback_done(db, c->run_key, c->ended_us, err);
}

static void submit_call(struct calling *c);

static void call_noted(void *arg, const struct hk_error *err)
{
    if (err != NULL && err->code == HK_UNAVAILABLE) {
        submit_call(arg); /* the full disk */
    } else {
        free(arg);
    }
}

static void submit_call(struct calling *c)
{
    struct hk_write write = {note_call, call_noted, c, false};
    hk_store_submit(c->u->store, &write);
}

static void on_call(void *context, const struct hk_callback_row *owed)
{
    struct universe *u = context;
    struct calling *c = hk_alloc(sizeof *c);
    *c = (struct calling){u, owed->run_key, owed->ended_us};
    note(u, "call run %" PRId64 ": %s", owed->run_key, owed->request_json);
    submit_call(c);
}

static void call_owed(struct universe *u)
{
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    HK_ASSERT(hk_store_callbacks_owed(db, on_call, u, &err));
    hk_store_reader_give(u->store, db);
}

void engine_create_database(struct universe *u)
{
    struct hk_error err;
    struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    if (!hk_store_open(&options, &u->store, &err) || !hk_store_write_now(u->store, prepare, u, &err)) {
        hk_assert_failed(err.message, __FILE__, __LINE__);
    }
}

struct saving {
    const struct sim_dag *dag;
    int64_t now_us;
    struct hk_dag_saved saved;
};

static bool save_dag(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct saving *saving = arg;
    struct hk_buf document;
    char digest[HK_GRAPH_DIGEST_SIZE];
    char version[HK_UUID_SIZE];
    hk_buf_init(&document, HK_MAX_DAG_DOCUMENT_BYTES);
    bool ok = hk_graph_write(saving->dag->graph, &document, err);
    hk_graph_digest(hk_buf_str(&document), digest);
    snprintf(version, sizeof version, "%s-%u", saving->dag->dag_id, saving->dag->version);
    struct hk_dag_save save = {.graph = saving->dag->graph,
                               .document = hk_buf_str(&document),
                               .digest = digest,
                               .source = HK_STR("sim"),
                               .source_digest = "sim",
                               .version_id = version,
                               .timetable_description = "",
                               .parsed_us = saving->now_us};
    ok = ok && hk_store_dag_save(db, &save, &saving->saved, err);
    hk_buf_clear(&document);
    return ok;
}

void engine_put_dag(struct universe *u, struct sim_dag *dag)
{
    struct hk_error err;
    struct saving saving = {.dag = dag, .now_us = u->wall_us};
    if (!hk_store_write_now(u->store, save_dag, &saving, &err)) {
        HK_ASSERT(err.code == HK_UNAVAILABLE); /* the full disk; the file is read again later */
        return;
    }
    struct hk_dag_update update = {.graph = dag->graph,
                                   .version_key = saving.saved.version_key,
                                   .version_id = saving.saved.version_id,
                                   .is_paused = saving.saved.is_paused,
                                   .last_start_us = saving.saved.last_start_us,
                                   .last_end_us = saving.saved.last_end_us,
                                   .failed_in_row = saving.saved.failed_in_row};
    if (!hk_scheduler_dag_put(u->scheduler, &update, &err)) {
        broken(u, "dag_put: %s", err.message);
    }
}

bool engine_read_files(struct universe *u)
{
    bool any = false;
    for (size_t i = 0; i < u->dag_count; i++) {
        if (u->dags[i].read_us != HK_TIME_NONE && u->dags[i].read_us <= u->mono_us) {
            u->dags[i].read_us = HK_TIME_NONE;
            engine_put_dag(u, &u->dags[i]);
            any = true;
        }
    }
    return any;
}

void engine_start(struct universe *u)
{
    struct hk_scheduler_options options = {.store = u->store,
                                           .clock = &u->clock,
                                           .rand = &u->engine_rand,
                                           .context = u,
                                           .wake = on_wake,
                                           .set_timer = on_set_timer,
                                           .callback = on_callback,
                                           .call = on_call};
    struct hk_error err;
    struct hk_executor executor = executor_face(u);
    u->is_awake = false;
    u->timer_us = HK_TIME_NONE;
    u->scheduler = hk_scheduler_new(&options);
    hk_scheduler_set_executor(u->scheduler, &executor);
    if (!hk_scheduler_load(u->scheduler, &err)) {
        broken(u, "load: %s", err.message);
        return;
    }
    call_owed(u);
    bool is_early = chance(u, 50); /* files are read before or after the tasks under way were found again */
    if (!is_early) {
        hk_scheduler_start(u->scheduler);
    }
    for (size_t i = 0; i < u->dag_count; i++) {
        u->dags[i].read_us = u->mono_us + (chance(u, 70) ? 0 : (int64_t)pick(u, 600) * HK_SECOND_US);
    }
    engine_read_files(u);
    if (is_early) {
        hk_scheduler_start(u->scheduler);
    }
    gates_start(u);
}

void engine_crash(struct universe *u)
{
    bool is_committed = chance(u, 50); /* the disk has it, the engine never knew */
    note(u, "crash, %s", is_committed ? "just after a commit" : "before the commit");
    if (is_committed) {
        hk_store_commit(u->store);
    }
    gates_stop(u);
    hk_store_abandon(u->store);
    gates_forget(u);
    hk_scheduler_free(u->scheduler);
    u->scheduler = NULL;
    executor_forget(u);
    if (chance(u, 30)) {
        executor_die(u);
    }
    u->commands = 0;
    u->answers = 0;
}
