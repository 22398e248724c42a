#include <inttypes.h>
#include <string.h>

#include "engine/store/asset_store.h"
#include "scheduler/tick.h"
#include "tests/simulation/universe.h"

/* Rules, written a second time, from the states in the database: {all, done, success, failed, upstream_failed,
 * skipped}. */
struct seen {
    bool is_held; /* by a setup or a teardown's scope */
    uint32_t all;
    uint32_t done;
    uint32_t by_state[HK_TASK_STATE_COUNT];
    uint32_t setups;
    uint32_t good_setups;
};

static bool is_met(enum hk_trigger_rule rule, const struct seen *s)
{
    uint32_t success = s->by_state[HK_TASK_SUCCESS];
    uint32_t skipped = s->by_state[HK_TASK_SKIPPED];
    uint32_t bad = s->by_state[HK_TASK_FAILED] + s->by_state[HK_TASK_UPSTREAM_FAILED];
    uint32_t gone = s->by_state[HK_TASK_REMOVED];
    if (s->all == 0) {
        return true;
    }
    switch (rule) {
    case HK_RULE_ALL_SUCCESS:
        return success + gone == s->all;
    case HK_RULE_ALL_FAILED:
        return bad + gone == s->all;
    case HK_RULE_ALL_DONE:
        return s->done == s->all;
    case HK_RULE_ALL_DONE_MIN_ONE_SUCCESS:
        return s->done == s->all && success > 0 && skipped == 0;
    case HK_RULE_ALL_DONE_SETUP_SUCCESS:
        return s->done == s->all && (s->setups == 0 || s->good_setups > 0);
    case HK_RULE_ONE_SUCCESS:
        return success > 0;
    case HK_RULE_ONE_FAILED:
        return bad > 0;
    case HK_RULE_ONE_DONE:
        return success + s->by_state[HK_TASK_FAILED] > 0;
    case HK_RULE_NONE_FAILED:
        return success + skipped + gone == s->all;
    case HK_RULE_NONE_FAILED_MIN_ONE_SUCCESS:
        return success + skipped + gone == s->all && success > 0;
    case HK_RULE_NONE_SKIPPED:
        return s->done == s->all && skipped == 0;
    case HK_RULE_ALL_SKIPPED:
        return skipped == s->all;
    case HK_RULE_ALWAYS:
        return true;
    case HK_RULE_COUNT:
        break;
    }
    return false;
}

static bool may_start(const struct hk_task *task, const struct seen *s)
{
    bool is_free = task->upstream_count == 0 || task->trigger_rule == HK_RULE_ALWAYS;
    return is_free || (is_met(task->trigger_rule, s) && !s->is_held);
}

/* Whether `to` comes after `from`, over any number of edges. */
static bool leads_to(const struct hk_graph *graph, uint32_t from, uint32_t to)
{
    const struct hk_task *task = &graph->tasks[from];
    for (uint32_t i = 0; i < task->downstream_count; i++) {
        if (task->downstream[i] == to || (task->downstream[i] < to && leads_to(graph, task->downstream[i], to))) {
            return true;
        }
    }
    return false;
}

static bool is_direct(const struct hk_task *task, uint32_t upstream)
{
    for (uint32_t i = 0; i < task->upstream_count; i++) {
        if (task->upstream[i] == upstream) {
            return true;
        }
    }
    return false;
}

/* A setup is about a task before one of its teardowns; one without teardowns is about all that comes after it. */
static bool is_about(const struct hk_graph *graph, const struct hk_task *setup, uint32_t task)
{
    bool has_teardown = false;
    bool is_inside = false;
    for (uint32_t i = 0; i < setup->downstream_count; i++) {
        uint32_t next = setup->downstream[i];
        has_teardown = has_teardown || graph->tasks[next].is_teardown;
        is_inside = is_inside || (graph->tasks[next].is_teardown && leads_to(graph, task, next));
    }
    return setup->is_setup && leads_to(graph, setup->index, task) && (is_inside || !has_teardown);
}

/* Whether `task` must wait for `other` although there is no edge. Edges lead from lower numbers to higher ones. */
static bool waits_without_edge(const struct hk_graph *graph, const struct hk_task *task, const struct hk_task *other)
{
    if (other->index >= task->index || is_direct(task, other->index)) {
        return false;
    }
    if (!task->is_teardown) {
        return is_about(graph, other, task->index);
    }
    for (uint32_t i = 0; i < task->upstream_count; i++) {
        bool is_setup = graph->tasks[task->upstream[i]].is_setup;
        if (is_setup && leads_to(graph, task->upstream[i], other->index) &&
            leads_to(graph, other->index, task->index)) {
            return true;
        }
    }
    return false;
}

static enum hk_task_state state_of(struct hk_str text)
{
    enum hk_task_state state = HK_TASK_NONE;
    HK_ASSERT(text.data == NULL || hk_task_state_find(text, &state));
    return state;
}

static void look_upstream(struct hk_db *db, int64_t run_key, const struct hk_graph *graph, const struct hk_task *task,
                          struct seen *out)
{
    static const char ONE[] = "SELECT state FROM task_instance WHERE run_key = ?1 AND task = ?2";
    struct hk_error err;
    bool ok = true;
    *out = (struct seen){.all = task->upstream_count};
    for (uint32_t t = 0; t < task->index; t++) {
        bool holds = waits_without_edge(graph, task, &graph->tasks[t]);
        if (!holds && !is_direct(task, t)) {
            continue;
        }
        struct hk_stmt *q = hk_db_query(db, ONE);
        hk_bind_int(q, 1, run_key);
        hk_bind_int(q, 2, t);
        while (hk_step(q, &ok, &err)) {
            enum hk_task_state state = state_of(hk_column_str(q, 0));
            bool is_setup = graph->tasks[t].is_setup;
            if (holds) {
                bool is_fine = task->is_teardown ? hk_task_state_is_finished(state) : state == HK_TASK_SUCCESS;
                out->is_held = out->is_held || !is_fine;
                continue;
            }
            out->by_state[state]++;
            out->done += hk_task_state_is_finished(state);
            out->setups += is_setup;
            out->good_setups += is_setup && state == HK_TASK_SUCCESS;
        }
    }
}

/* Whether a task's past, as the database has it, does not allow it: `prior` is the run before. */
static bool past_forbids(struct hk_db *db, const struct hk_graph *graph, int64_t logical_us, const struct hk_task *task)
{
    static const char PRIOR[] =
        "SELECT t.state, t.run_key FROM dag_run r LEFT JOIN task_instance t ON t.run_key = r.run_key AND t.task_id = "
        "?3 "
        "WHERE r.run_key = (SELECT run_key FROM dag_run WHERE dag_id = ?1 AND logical_us < ?2 AND "
        "(run_type <> 'manual' OR NOT ?4) ORDER BY logical_us DESC LIMIT 1)";
    struct hk_error err;
    bool ok = true;
    bool forbids = false;
    uint32_t count = task->wait_for_downstream ? task->downstream_count + 1 : 1;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = i == 0 ? task->task_id : graph->tasks[task->downstream[i - 1]].task_id;
        struct hk_stmt *q = hk_db_query(db, PRIOR);
        hk_bind_text(q, 1, graph->dag_id);
        hk_bind_int(q, 2, logical_us);
        hk_bind_text(q, 3, name);
        hk_bind_int(q, 4, graph->catchup);
        while (hk_step(q, &ok, &err)) {
            bool has_task = !hk_column_is_null(q, 1);
            enum hk_task_state state = state_of(hk_column_str(q, 0));
            bool is_good = has_task && (state == HK_TASK_SUCCESS || state == HK_TASK_SKIPPED);
            bool is_new = !has_task && (i > 0 || task->ignore_first_depends_on_past);
            forbids = forbids || !(is_good || is_new);
        }
    }
    return forbids && logical_us != HK_TIME_NONE;
}

/* Whether people changed a run of the DAG, or put one between: then the past may be another than it was. */
static bool is_past_meddled(const struct universe *u, struct hk_db *db, const char *dag_id)
{
    static const char RUNS[] = "SELECT run_key, run_type = 'manual' AND logical_us IS NOT NULL FROM dag_run "
                               "WHERE dag_id = ?1";
    struct hk_error err;
    bool ok = true;
    bool meddled = false;
    struct hk_stmt *q = hk_db_query(db, RUNS);
    hk_bind_text(q, 1, dag_id);
    while (hk_step(q, &ok, &err)) {
        meddled = meddled || is_meddled(u, hk_column_int(q, 0)) || hk_column_int(q, 1) != 0;
    }
    return meddled;
}

/* A start: the task is queued in the database, with exactly this start, and its rule allowed it. */
void check_start(struct universe *u, const struct hk_job *job)
{
    static const char FIND[] = "SELECT state, starts FROM task_instance WHERE run_key = ?1 AND task = ?2";
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, FIND);
    hk_bind_int(q, 1, job->key.run);
    hk_bind_int(q, 2, job->key.task);
    bool ok = true;
    bool found = false;
    while (hk_step(q, &ok, &err)) {
        found = true;
        enum hk_task_state state = state_of(hk_column_str(q, 0));
        if (state != HK_TASK_QUEUED || hk_column_int(q, 1) != job->key.try_number) {
            broken(u, "run %" PRId64 " task %u started as %u, but the database has %s, start %" PRId64, job->key.run,
                   job->key.task, job->key.try_number, hk_task_state_name(state), hk_column_int(q, 1));
        }
    }
    if (!found) {
        broken(u, "run %" PRId64 " task %u started, but the database has no such task", job->key.run, job->key.task);
    }
    struct seen seen;
    look_upstream(db, job->key.run, job->graph, job->task, &seen);
    if (!is_meddled(u, job->key.run) && !may_start(job->task, &seen)) {
        broken(u, "run %" PRId64 " task %u started against its rule %s", job->key.run, job->key.task,
               hk_trigger_rule_name(job->task->trigger_rule));
    }
    if (job->task->depends_on_past && past_forbids(db, job->graph, job->logical_at_us, job->task) &&
        !is_past_meddled(u, db, job->graph->dag_id)) {
        broken(u, "run %" PRId64 " task %u started although the run before forbids it", job->key.run, job->key.task);
    }
    hk_store_reader_give(u->store, db);
}

/* Which state may follow which, over any number of events; people's events only where people were. */
static bool reach[2][HK_TASK_STATE_COUNT][HK_TASK_STATE_COUNT];

static void fill_reach(void)
{
    for (int meddled = 0; meddled < 2; meddled++) {
        for (int s = 0; s < HK_TASK_STATE_COUNT; s++) {
            reach[meddled][s][s] = true;
            for (int e = 0; e < HK_TASK_EVENT_COUNT; e++) {
                enum hk_task_state next = HK_TASK_NONE;
                bool is_person = e == HK_TASK_ON_CLEAR;
                if ((meddled || !is_person) &&
                    hk_task_state_next((enum hk_task_state)s, (enum hk_task_event)e, &next) &&
                    (meddled || !hk_task_state_is_finished((enum hk_task_state)s))) {
                    reach[meddled][s][next] = true;
                }
            }
        }
        for (int k = 0; k < HK_TASK_STATE_COUNT; k++) {
            for (int i = 0; i < HK_TASK_STATE_COUNT; i++) {
                for (int j = 0; j < HK_TASK_STATE_COUNT; j++) {
                    reach[meddled][i][j] = reach[meddled][i][j] || (reach[meddled][i][k] && reach[meddled][k][j]);
                }
            }
        }
    }
}

void check_transitions(struct universe *u)
{
    static const char ALL[] = "SELECT run_key, task, old, new FROM sim_change ORDER BY seq";
    static const char EMPTY[] = "DELETE FROM sim_change";
    struct hk_db *db = NULL;
    struct hk_error err;
    bool ok = true;
    if (!reach[0][0][0]) {
        fill_reach();
    }
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    struct hk_stmt *q = hk_db_query(db, ALL);
    while (hk_step(q, &ok, &err)) {
        int64_t run_key = hk_column_int(q, 0);
        int64_t task = hk_column_int(q, 1);
        struct hk_str old = hk_column_str(q, 2);
        struct hk_str new = hk_column_str(q, 3);
        note(u, "db run %" PRId64 " task %" PRId64 " %.*s -> %.*s", run_key, task, HK_STR_ARG(old), HK_STR_ARG(new));
        if (task >= 0 && !reach[is_meddled(u, run_key)][state_of(old)][state_of(new)]) {
            broken(u, "run %" PRId64 " task %" PRId64 " went from %.*s to %.*s", run_key, task, HK_STR_ARG(old),
                   HK_STR_ARG(new));
        }
        bool is_over = hk_str_is(old, "success") || hk_str_is(old, "failed");
        if (task < 0 && is_over && !hk_str_eq(old, new) && !is_meddled(u, run_key)) {
            broken(u, "run %" PRId64 " went from %.*s to %.*s", run_key, HK_STR_ARG(old), HK_STR_ARG(new));
        }
    }
    HK_ASSERT(hk_run(hk_db_query(db, EMPTY), &err));
    hk_store_reader_give(u->store, db);
}

static void none(struct universe *u, struct hk_db *db, const char *sql, const char *what)
{
    struct hk_error err;
    bool ok = true;
    struct hk_stmt *q = hk_db_query(db, sql);
    while (hk_step(q, &ok, &err)) {
        broken(u, "%s: %s: %" PRId64 " of %" PRId64, what, hk_column_text(q, 0), hk_column_int(q, 1),
               hk_column_int(q, 2));
    }
    if (!ok) {
        broken(u, "%s", err.message);
    }
}

#define ACTIVE "state IN ('queued', 'running', 'restarting')"

void check_database(struct universe *u)
{
    static const char POOLS_FULL[] =
        "SELECT p.name, (SELECT sum(pool_slots) FROM task_instance WHERE pool = p.name AND " ACTIVE
        ") AS used, p.slots "
        "FROM pool p WHERE used > p.slots";
    static const char RUNS_FULL[] =
        "SELECT r.dag_id, count(*) AS n, d.max_active_runs FROM dag_run r JOIN dag d USING (dag_id) "
        "WHERE r.state = 'running' GROUP BY r.dag_id HAVING n > d.max_active_runs AND d.max_active_runs > 0";
    static const char EVENT_TWICE[] =
        "SELECT r.dag_id, x.event_key, count(*) FROM asset_event_run x JOIN dag_run r USING (run_key) "
        "GROUP BY r.dag_id, x.event_key HAVING count(*) > 1";
    static const char EVENT_LEFT[] =
        "SELECT q.dag_id, q.event_key, r.run_key FROM asset_queue q JOIN asset_event_run x USING (event_key) "
        "JOIN dag_run r ON r.run_key = x.run_key AND r.dag_id = q.dag_id";
    static const char NO_EVENT[] = "SELECT dag_id, run_key, 0 FROM dag_run r WHERE run_type = 'asset_triggered' AND "
                                   "NOT EXISTS (SELECT 1 FROM asset_event_run x WHERE x.run_key = r.run_key)";
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    none(u, db, EVENT_TWICE, "an event made two runs of one DAG");
    none(u, db, EVENT_LEFT, "an event made a run, and is queued still");
    none(u, db, NO_EVENT, "a run for no event");
    none(u, db, POOLS_FULL, "pool over its slots");
    none(u, db, RUNS_FULL, "more runs than max_active_runs");
    for (size_t d = 0; d < u->dag_count; d++) {
        static const char TASKS[] =
            "SELECT t.task_id, count(*) FROM dag_run r JOIN task_instance t USING (run_key) WHERE r.dag_id = ?1 AND "
            "r.state IN ('queued', 'running') AND t." ACTIVE " GROUP BY t.task_id";
        struct hk_stmt *q = hk_db_query(db, TASKS);
        hk_bind_text(q, 1, u->dags[d].dag_id);
        bool ok = true;
        while (hk_step(q, &ok, &err)) {
            const struct hk_task *task = hk_graph_find_task(u->dags[d].graph, hk_column_str(q, 0));
            if (task != NULL && task->max_active_per_dag > 0 && hk_column_int(q, 1) > task->max_active_per_dag) {
                broken(u, "task %s of %s: %" PRId64 " active, max_active_tis_per_dag is %u", task->task_id,
                       u->dags[d].dag_id, hk_column_int(q, 1), task->max_active_per_dag);
            }
        }
    }
    hk_store_reader_give(u->store, db);
}

/* ---- the end ---- */

static void check_unfinished(struct universe *u, struct hk_db *db, const struct hk_run *run)
{
    uint32_t limit = run->dag->graph->max_active_runs;
    uint32_t of_timetable = hk_timetable_active_runs_limit(run->dag->timetable);
    limit = of_timetable > 0 && (limit == 0 || of_timetable < limit) ? of_timetable : limit;
    if (run->state == HK_RUN_QUEUED) {
        if (limit == 0 || run->dag->running_runs < limit) {
            broken(u, "at the end run %" PRId64 " is queued although there is room", run->run_key);
        }
        return;
    }
    bool is_blocked = false;
    for (uint32_t t = 0; t < run->graph->task_count; t++) {
        const struct hk_task *task = &run->graph->tasks[t];
        const struct hk_ti *ti = &run->tasks[t];
        if (hk_task_state_is_finished(ti->state)) {
            continue;
        }
        struct seen seen;
        look_upstream(db, run->run_key, run->graph, task, &seen);
        bool is_blocked_here = task->depends_on_past && past_forbids(db, run->graph, run->logical_us, task);
        bool fits = task->pool_slots <= (uint64_t)u->pool_slots[2] || strcmp(task->pool, "tiny") != 0;
        is_blocked = is_blocked || is_blocked_here || !fits;
        if ((ti->state != HK_TASK_NONE && ti->state != HK_TASK_UP_FOR_RETRY && ti->state != HK_TASK_UP_FOR_RESCHEDULE &&
             fits) ||
            (fits && !is_blocked_here && may_start(task, &seen))) {
            broken(u, "at the end task %u (%s) of run %" PRId64 " %s %s is stuck in %s; the run before is %" PRId64, t,
                   hk_trigger_rule_name(task->trigger_rule), run->run_key, run->dag->dag_id, run->run_id,
                   hk_task_state_name(ti->state), run->prior_key);
        }
    }
    if (!is_blocked) {
        broken(u, "at the end run %" PRId64 " is running and waits for nothing", run->run_key);
    }
}

/* Each run that ended by itself has called its DAG, and nothing is owed any more. */
/* What is queued for a DAG that could run makes its condition hold only if there is no room for another run. */
static void check_assets(struct universe *u, struct hk_db *db, const struct hk_dag *dag)
{
    bool has_event[MAX_DAGS + 1] = {false};
    struct hk_error err;
    if (dag->graph == NULL || dag->graph->schedule.kind != HK_SCHEDULE_ASSETS || dag->is_paused || dag->is_stale) {
        return;
    }
    HK_ASSERT(dag->graph->asset_count <= MAX_DAGS && hk_store_dag_assets_waiting(db, dag->graph, has_event, &err));
    uint32_t limit = hk_tick_runs_limit(dag);
    bool has_room = limit == 0 || dag->run_count < limit;
    if (has_room && hk_asset_condition_holds(dag->graph, has_event)) {
        broken(u, "the assets of %s have events, and no run was made", dag->dag_id);
    }
}

static void check_callbacks(struct universe *u, struct hk_db *db)
{
    static const char OWED[] = "SELECT 'run', run_key, ended_us FROM dag_callback";
    static const char MISSED[] = "SELECT run_key FROM dag_run WHERE state IN ('success', 'failed') AND "
                                 "run_key NOT IN (SELECT run_key FROM sim_called)";
    struct hk_error err;
    bool ok = true;
    none(u, db, OWED, "at the end a callback is owed");
    struct hk_stmt *q = hk_db_query(db, MISSED);
    while (hk_step(q, &ok, &err)) {
        if (!is_meddled(u, hk_column_int(q, 0))) {
            broken(u, "run %" PRId64 " ended, and its callback was not called", hk_column_int(q, 0));
        }
    }
}

void check_end(struct universe *u)
{
    const struct hk_model *m = hk_scheduler_model(u->scheduler);
    struct hk_db *db = NULL;
    struct hk_error err;
    HK_ASSERT(hk_store_reader_take(u->store, &db, &err));
    for (size_t d = 0; d < m->dag_count; d++) {
        check_assets(u, db, m->dags[d]);
        for (size_t i = 0; i < m->dags[d]->run_count; i++) {
            if (hk_run_state_is_finished(m->dags[d]->runs[i]->state)) {
                broken(u, "at the end run %" PRId64 " is finished, but still in memory", m->dags[d]->runs[i]->run_key);
            } else {
                check_unfinished(u, db, m->dags[d]->runs[i]);
            }
        }
    }
    static const char COUNT[] = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')";
    size_t in_memory = 0;
    for (size_t d = 0; d < m->dag_count; d++) {
        in_memory += m->dags[d]->run_count;
    }
    struct hk_stmt *q = hk_db_query(db, COUNT);
    bool ok = true;
    while (hk_step(q, &ok, &err)) {
        if (hk_column_int(q, 0) != (int64_t)in_memory) {
            broken(u, "%" PRId64 " unfinished runs in the database, %zu in memory", hk_column_int(q, 0), in_memory);
        }
    }
    check_callbacks(u, db);
    hk_store_reader_give(u->store, db);
    if (u->answers != u->commands) {
        broken(u, "%zu commands, but %zu answers", u->commands, u->answers);
    }
}
