#include "api/airflow/task_marking.h"

static void read_state(struct hk_validation *v, struct hk_body *body, struct hk__marking *m)
{
    static const char *const names[] = {"success", "failed", "skipped"};
    static const enum hk_task_state states[] = {HK_TASK_SUCCESS, HK_TASK_FAILED, HK_TASK_SKIPPED};
    struct hk_str written = hk_body_text(body, "new_state", HK_OPTIONAL | HK_NULLABLE);
    if (hk_body_is_null(body, "new_state")) {
        hk__value_error(v, "new_state", HK_STR("null"), "'new_state' should not be empty");
    }
    if (written.data == NULL) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (hk_str_is(written, names[i])) {
            m->state = states[i];
            m->state_name = names[i];
            return;
        }
    }
    struct hk_buf input;
    struct hk_json w;
    hk_buf_init(&input, 8 * HK_MAX_ID_BYTES);
    hk_json_init(&w, &input);
    hk_json_string(&w, written);
    hk__value_error(v, "new_state", hk_arena_str(v->request->arena, hk_buf_str(&input)),
                    hk_arena_printf(v->request->arena, "'%.*s' is not one of ['success', 'failed', 'skipped']",
                                    HK_STR_ARG(written)));
    hk_buf_clear(&input);
}

void hk__marking_read(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk__marking *m)
{
    read_state(v, body, m);
    m->note = hk_body_text(body, "note", HK_OPTIONAL | HK_NULLABLE);
    hk_body_check_length(body, "note", m->note, 0, 1000);
    m->include_upstream = hk_body_bool(body, "include_upstream", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_downstream = hk_body_bool(body, "include_downstream", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_future = hk_body_bool(body, "include_future", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->include_past = hk_body_bool(body, "include_past", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    m->has_note = hk_body_has(body, "note") && (mask.count == 0 ? m->note.data != NULL : hk__texts_have(mask, "note"));
    if (mask.count > 0 && !hk__texts_have(mask, "new_state")) {
        m->state_name = NULL;
    }
}

struct counting {
    int64_t map_index;
    size_t count;
};

static bool count_one(void *arg, const struct hk_ti_info *t)
{
    struct counting *c = arg;
    c->count += c->map_index == INT64_MIN || t->map_index == c->map_index;
    return true;
}

bool hk__marking_count(struct hk_db *db, const struct hk__marking *m, size_t *count, struct hk_error *err)
{
    struct counting counting = {.map_index = m->map_index};
    bool ok = true;
    for (size_t i = 0; ok && i < m->task_ids.count; i++) {
        ok = hk_store_ti_find(db, m->dag_id, m->run_id, m->task_ids.items[i], count_one, &counting, err);
    }
    *count = counting.count;
    return ok;
}

static bool is_among(struct hk_texts texts, struct hk_str text)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (hk_str_eq(texts.items[i], text)) {
            return true;
        }
    }
    return false;
}

bool hk__marking_select(struct hk_db *db, struct hk_arena *arena, const struct hk_graph *graph, struct hk__marking *m,
                        struct hk_error *err)
{
    static const struct hk_str failed[] = {{"failed", 6}, {"upstream_failed", 15}};
    struct hk__run_ref run;
    struct hk__which_runs runs = {.run_id = m->run_id, .logical = HK_RANGE_ALL};
    bool found = false;
    if (m->state_name == NULL) {
        return true;
    }
    if (!hk__run_find(db, m->dag_id, m->run_id, arena, &run, &found, err)) {
        return false;
    }
    if ((m->include_past || m->include_future) && run.logical_us != HK_TIME_NONE) {
        runs.run_id = (struct hk_str){NULL, 0};
        runs.logical.gte = m->include_past ? HK_TIME_NONE : run.logical_us;
        runs.logical.lte = m->include_future ? HK_TIME_NONE : run.logical_us;
    }
    struct hk__which_tasks tasks = {.not_state = hk_str_from(m->state_name)};
    tasks.task_ids = hk__with_relatives(arena, graph, m->task_ids, m->include_upstream, m->include_downstream);
    m->selection = (struct hk__selection){.arena = arena, .dag_id = m->dag_id};
    if (!hk__select(db, &m->selection, &runs, &tasks, err)) {
        return false;
    }
    struct hk_texts after = hk__with_setups(arena, graph, m->task_ids, false, true);
    struct hk_str *others = hk_arena_array(arena, after.count + 1, sizeof *others);
    size_t count = 0;
    for (size_t i = 0; i < after.count; i++) {
        if (!is_among(m->task_ids, after.items[i])) {
            others[count++] = after.items[i];
        }
    }
    tasks = (struct hk__which_tasks){.task_ids = {others, count}, .states = {failed, 2}};
    m->blocked = (struct hk__selection){.arena = arena, .dag_id = m->dag_id};
    return hk__select(db, &m->blocked, &runs, &tasks, err);
}

/* ---- the scheduler's part ---- */

size_t hk__marking_calls(const struct hk__marking *m)
{
    size_t calls = 0;
    for (size_t i = 0; i < m->selection.count; i++) {
        calls += m->selection.runs[i].count;
    }
    for (size_t i = 0; i < m->blocked.count; i++) {
        calls += m->blocked.runs[i].count > 0;
    }
    return calls;
}

void hk__marking_start(struct hk__command *command, const struct hk__marking *m, struct hk_command_done done)
{
    struct hk_scheduler *scheduler = command->air->options.scheduler;
    const char *dag_id = hk__text(command->req->arena, m->dag_id);
    const struct hk__selection marked = m->selection; /* the last answer may come at once and end the command */
    const struct hk__selection blocked = m->blocked;
    enum hk_task_state state = m->state;
    for (size_t i = 0; i < marked.count; i++) {
        for (size_t t = 0; t < marked.runs[i].count; t++) {
            hk_scheduler_set_task_state(scheduler, dag_id, marked.runs[i].run_id, marked.runs[i].task_ids[t], -1, state,
                                        done);
        }
    }
    for (size_t i = 0; i < blocked.count; i++) {
        const struct hk_clear_request request = {.dag_id = dag_id,
                                                 .run_id = blocked.runs[i].run_id,
                                                 .task_ids = blocked.runs[i].task_ids,
                                                 .task_count = blocked.runs[i].count,
                                                 .only_failed = true};
        if (request.task_count > 0) {
            hk_scheduler_clear(scheduler, &request, done);
        }
    }
}

/* ---- the store's part ---- */

bool hk__marking_write_note(struct hk_db *db, const struct hk__marking *m, struct hk_error *err)
{
    struct hk_str note = m->note.len > 0 ? m->note : (struct hk_str){NULL, 0};
    bool ok = true;
    for (size_t i = 0; ok && m->has_note && i < m->task_ids.count; i++) {
        const struct hk_ti_ref ref = {m->dag_id, m->run_id, m->task_ids.items[i], m->map_index};
        ok = hk_store_ti_set_note(db, &ref, note, err);
    }
    return ok;
}

struct writing {
    struct hk__list list;
    int64_t map_index;
    int64_t count;
};

static bool write_own(void *arg, const struct hk_ti_info *t)
{
    struct writing *w = arg;
    if (w->map_index == INT64_MIN || t->map_index == w->map_index) {
        hk__write_ti(&w->list.w, w->list.air, t);
        w->count++;
    }
    return true;
}

bool hk__marking_write_own(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res,
                           const struct hk__marking *m, struct hk_error *err)
{
    struct writing writing = {.map_index = m->map_index};
    hk__list_begin(&writing.list, air, res, "task_instances");
    bool ok = true;
    for (size_t i = 0; ok && i < m->task_ids.count; i++) {
        ok = hk_store_ti_find(db, m->dag_id, m->run_id, m->task_ids.items[i], write_own, &writing, err);
    }
    hk__list_end_cursor(&writing.list, writing.count);
    return ok;
}

bool hk__marking_write_marked(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res,
                              const struct hk__marking *m, struct hk_error *err)
{
    struct hk__list list;
    hk__list_begin(&list, air, res, "task_instances");
    bool ok = hk__write_selection(db, &list, &m->selection, err);
    hk__list_end_cursor(&list, (int64_t)m->selection.total);
    return ok;
}
