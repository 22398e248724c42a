#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/universe.h"

bool is_meddled(const struct universe *u, int64_t run_key)
{
    for (size_t i = 0; i < u->meddled_count; i++) {
        if (u->meddled[i] == run_key) {
            return true;
        }
    }
    return false;
}

static void meddle(struct universe *u, int64_t run_key)
{
    if (!is_meddled(u, run_key)) {
        HK_ASSERT(u->meddled_count < MAX_MEDDLED);
        u->meddled[u->meddled_count++] = run_key;
    }
}

struct target {
    int64_t run_key;
    char dag_id[32];
    char run_id[HK_RUN_ID_SIZE];
};

static bool find_target(struct universe *u, struct target *out)
{
    static const char LAST[] = "SELECT run_key, dag_id, run_id FROM dag_run WHERE dag_id = ?1 AND run_id = ?2";
    static const char COUNT[] = "SELECT count(*) FROM dag_run";
    static const char NTH[] = "SELECT run_key, dag_id, run_id FROM dag_run ORDER BY run_key DESC LIMIT 1 OFFSET ?1";
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    bool ok = true;
    bool found = false;
    int64_t count = 0;
    struct hk_stmt *q = hk_db_query(db, COUNT);
    while (hk_step(q, &ok, &err)) {
        count = hk_column_int(q, 0);
    }
    bool is_last = chance(u, 40);
    q = hk_db_query(db, is_last ? LAST : NTH);
    if (is_last) {
        hk_bind_text(q, 1, u->last_dag);
        hk_bind_text(q, 2, u->last_run);
    }
    if (!is_last) {
        hk_bind_int(q, 1, count > 0 ? (int64_t)pick(u, count < 6 || chance(u, 30) ? (uint64_t)count : 6) : 0);
    }
    while (hk_step(q, &ok, &err)) {
        out->run_key = hk_column_int(q, 0);
        hk_str_copy(out->dag_id, sizeof out->dag_id, hk_column_str(q, 1));
        hk_str_copy(out->run_id, sizeof out->run_id, hk_column_str(q, 2));
        found = true;
        hk_str_copy(u->last_dag, sizeof u->last_dag, hk_str_from(out->dag_id));
        hk_str_copy(u->last_run, sizeof u->last_run, hk_str_from(out->run_id));
    }
    hk_store_reader_give(u->store, db);
    return found;
}

static void on_answer(void *arg, const struct hk_error *err)
{
    struct universe *u = arg;
    u->answers++;
    if (err != NULL && err->code != HK_CANCELLED) {
        note(u, "refused: %s", err->message);
    }
    if (err != NULL && (err->code == HK_INTERNAL || err->code == HK_CORRUPT)) {
        broken(u, "a command failed: %s", err->message);
    }
}

static void trigger(struct universe *u)
{
    struct sim_dag *dag = &u->dags[pick(u, u->dag_count)];
    int64_t later_us = chance(u, 20) ? (int64_t)pick(u, 3600) * HK_SECOND_US : 0;
    bool has_date = chance(u, 50);
    struct hk_trigger_request request = {.dag_id = dag->dag_id,
                                         .run_type = "manual",
                                         .logical_us = has_date ? u->wall_us - (int64_t)pick(u, 7200) * HK_SECOND_US
                                                                : HK_TIME_NONE,
                                         .interval_start_us = HK_TIME_NONE,
                                         .interval_end_us = HK_TIME_NONE,
                                         .run_after_us = later_us > 0 ? u->wall_us + later_us : HK_TIME_NONE,
                                         .triggered_by = "test"};
    note(u, "trigger %s", dag->dag_id);
    hk_scheduler_trigger(u->scheduler, &request, NULL, (struct hk_command_done){on_answer, u});
}

static void clear(struct universe *u, const struct target *target)
{
    char task[16];
    snprintf(task, sizeof task, "t%u", (unsigned)pick(u, 6));
    const char *tasks[] = {task};
    struct hk_clear_request request = {.dag_id = target->dag_id, .run_id = target->run_id};
    request.only_failed = chance(u, 30);
    request.only_running = !request.only_failed && chance(u, 30);
    if (chance(u, 50)) {
        request.task_ids = tasks;
        request.task_count = 1;
    }
    note(u, "clear %s %s", target->dag_id, target->run_id);
    hk_scheduler_clear(u->scheduler, &request, (struct hk_command_done){on_answer, u});
}

static void new_version(struct universe *u)
{
    struct sim_dag *dag = &u->dags[pick(u, u->dag_count)];
    hk_graph_unref(dag->graph);
    dag->version++;
    dag->graph = random_graph(u, dag);
    note(u, "new version %u of %s", dag->version, dag->dag_id);
    dag->read_us = u->mono_us;
}

static void change_run(struct universe *u, unsigned what)
{
    static const enum hk_task_state task_states[] = {HK_TASK_SUCCESS, HK_TASK_FAILED, HK_TASK_SKIPPED};
    static const enum hk_run_state run_states[] = {HK_RUN_SUCCESS, HK_RUN_FAILED, HK_RUN_QUEUED};
    struct hk_command_done done = {on_answer, u};
    struct target t;
    if (!find_target(u, &t)) {
        u->commands--;
        return;
    }
    meddle(u, t.run_key);
    if (what == 0) {
        clear(u, &t);
    } else if (what == 1) {
        char task[16];
        snprintf(task, sizeof task, "t%u", (unsigned)pick(u, 6));
        note(u, "set task %s of %s %s", task, t.dag_id, t.run_id);
        hk_scheduler_set_task_state(u->scheduler, t.dag_id, t.run_id, task, -1, task_states[pick(u, 3)], done);
    } else if (what == 2) {
        note(u, "set run %s %s", t.dag_id, t.run_id);
        hk_scheduler_set_run_state(u->scheduler, t.dag_id, t.run_id, run_states[pick(u, 3)], done);
    } else {
        note(u, "delete run %s %s", t.dag_id, t.run_id);
        hk_scheduler_delete_run(u->scheduler, t.dag_id, t.run_id, done);
    }
}

void people_act(struct universe *u)
{
    unsigned what = (unsigned)pick(u, 18);
    bool is_command = what < 9;
    u->commands += is_command;
    if (what > 11) {
        gates_act(u);
    } else if (what < 2) {
        trigger(u);
    } else if (what < 4) {
        change_run(u, 0);
    } else if (what < 7) {
        change_run(u, what - 3);
    } else if (what < 9) {
        const char *dag_id = u->dags[pick(u, u->dag_count)].dag_id;
        bool is_paused = chance(u, 50);
        note(u, "%s %s", is_paused ? "pause" : "unpause", dag_id);
        hk_scheduler_pause(u->scheduler, dag_id, is_paused, (struct hk_command_done){on_answer, u});
    } else if (what == 9) {
        new_version(u);
    } else if (what == 10) {
        hk_store_fail_commit(u->store, 1 + (int)pick(u, 4));
        note(u, "a commit will fail");
    } else {
        int64_t jump_us = (int64_t)pick(u, 7200) * HK_SECOND_US;
        bool is_back = chance(u, 50);
        u->wall_us += is_back ? -jump_us : jump_us;
        note(u, "the clock jumps %s", is_back ? "back" : "ahead");
    }
}
