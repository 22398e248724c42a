#include "api/airflow/selection.h"

#include <string.h>

/* Arena arrays cannot grow in place: copies, doubling. */
static void *grow(struct hk_arena *arena, void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 16 : 2 * *cap;
    void *grown = hk_arena_array(arena, *cap, size);
    if (count > 0) {
        memcpy(grown, items, count * size);
    }
    return grown;
}

struct adding {
    struct hk__selection *selection;
    struct hk__run_tasks *run;
    const struct hk__which_tasks *tasks;
};

static bool add_run(void *arg, const struct hk_run_info *r)
{
    struct hk__selection *s = ((struct adding *)arg)->selection;
    s->runs = grow(s->arena, s->runs, s->count, &s->cap, sizeof *s->runs);
    s->runs[s->count++] = (struct hk__run_tasks){.run_key = r->run_key, .run_id = hk_arena_strdup(s->arena, r->run_id)};
    return true;
}

static bool is_active(const char *state)
{
    return state != NULL &&
           (strcmp(state, "running") == 0 || strcmp(state, "queued") == 0 || strcmp(state, "scheduled") == 0);
}

static bool add_task(void *arg, const struct hk_ti_info *t)
{
    struct adding *a = arg;
    struct hk__run_tasks *run = a->run;
    if (a->tasks->not_state.data != NULL && t->state != NULL && hk_str_is(a->tasks->not_state, t->state)) {
        return true;
    }
    a->selection->total++;
    run->has_active = run->has_active || is_active(t->state);
    if (run->count > 0 && strcmp(run->task_ids[run->count - 1], t->task_id) == 0) {
        return true; /* another instance of a mapped task */
    }
    run->task_ids = grow(a->selection->arena, run->task_ids, run->count, &run->cap, sizeof *run->task_ids);
    run->task_ids[run->count++] = hk_arena_strdup(a->selection->arena, t->task_id);
    return true;
}

bool hk__select(struct hk_db *db, struct hk__selection *out, const struct hk__which_runs *runs,
                const struct hk__which_tasks *tasks, struct hk_error *err)
{
    struct adding adding = {.selection = out, .tasks = tasks};
    const struct hk_page all = {.limit = -1};
    struct hk_run_filter filter = HK_RUN_FILTER_ALL;
    int64_t total = 0;
    bool found = false;
    filter.dag_id = out->dag_id;
    filter.logical = runs->logical;
    bool ok = runs->run_id.data != NULL
                  ? hk_store_run_find(db, out->dag_id, runs->run_id, add_run, &adding, &found, err)
                  : hk_store_run_list(db, &filter, &all, add_run, &adding, &total, err);
    for (size_t i = 0; ok && i < out->count; i++) {
        struct hk_ti_filter of_run = HK_TI_FILTER_ALL;
        of_run.run_key = out->runs[i].run_key;
        of_run.task_ids = tasks->task_ids;
        of_run.states = tasks->states;
        of_run.matches_nothing = tasks->task_ids.items != NULL && tasks->task_ids.count == 0;
        adding.run = &out->runs[i];
        ok = hk_store_ti_list(db, &of_run, &all, add_task, &adding, &total, err);
    }
    return ok;
}

static void mark(const struct hk_graph *g, bool *marks, uint32_t *stack, bool is_down)
{
    uint32_t depth = 0;
    for (uint32_t t = 0; t < g->task_count; t++) {
        if (marks[t]) {
            stack[depth++] = t;
        }
    }
    while (depth > 0) {
        const struct hk_task *t = &g->tasks[stack[--depth]];
        const uint32_t *next = is_down ? t->downstream : t->upstream;
        uint32_t count = is_down ? t->downstream_count : t->upstream_count;
        for (uint32_t i = 0; i < count; i++) {
            if (!marks[next[i]]) {
                marks[next[i]] = true;
                stack[depth++] = next[i];
            }
        }
    }
}

static bool *mark_named(struct hk_arena *arena, const struct hk_graph *g, struct hk_texts task_ids)
{
    bool *marks = hk_arena_array(arena, g->task_count + 1, sizeof *marks);
    for (size_t i = 0; i < task_ids.count; i++) {
        const struct hk_task *task = hk_graph_find_task(g, task_ids.items[i]);
        if (task != NULL) {
            marks[task->index] = true;
        }
    }
    return marks;
}

static struct hk_texts names_of(struct hk_arena *arena, const struct hk_graph *graph, struct hk_texts task_ids,
                                const bool *marks)
{
    struct hk_str *all = hk_arena_array(arena, task_ids.count + graph->task_count + 1, sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < task_ids.count; i++) {
        if (hk_graph_find_task(graph, task_ids.items[i]) == NULL) {
            all[count++] = task_ids.items[i];
        }
    }
    for (uint32_t t = 0; t < graph->task_count; t++) {
        if (marks[t]) {
            all[count++] = hk_arena_str(arena, hk_str_from(graph->tasks[t].task_id));
        }
    }
    return (struct hk_texts){all, count};
}

struct hk_texts hk__with_relatives(struct hk_arena *arena, const struct hk_graph *graph, struct hk_texts task_ids,
                                   bool with_upstream, bool with_downstream)
{
    uint32_t *stack = hk_arena_array(arena, graph->task_count + 1, sizeof *stack);
    bool *up = mark_named(arena, graph, task_ids);
    bool *down = mark_named(arena, graph, task_ids);
    if (with_upstream) {
        mark(graph, up, stack, false);
    }
    if (with_downstream) {
        mark(graph, down, stack, true);
    }
    for (uint32_t t = 0; t < graph->task_count; t++) {
        up[t] = up[t] || down[t];
    }
    return names_of(arena, graph, task_ids, up);
}

struct hk_texts hk__with_setups(struct hk_arena *arena, const struct hk_graph *graph, struct hk_texts task_ids,
                                bool with_upstream, bool with_downstream)
{
    bool *chosen = mark_named(arena, graph, task_ids);
    hk_graph_widen(graph, with_upstream, with_downstream, chosen);
    return names_of(arena, graph, task_ids, chosen);
}

bool hk__write_selection(struct hk_db *db, struct hk__list *list, const struct hk__selection *selection,
                         struct hk_error *err)
{
    const struct hk_page all = {.limit = -1};
    for (size_t i = 0; i < selection->count; i++) {
        const struct hk__run_tasks *run = &selection->runs[i];
        struct hk_str *ids = hk_arena_array(selection->arena, run->count + 1, sizeof *ids);
        for (size_t t = 0; t < run->count; t++) {
            ids[t] = hk_str_from(run->task_ids[t]);
        }
        struct hk_ti_filter filter = HK_TI_FILTER_ALL;
        filter.run_key = run->run_key;
        filter.task_ids = (struct hk_texts){ids, run->count};
        filter.matches_nothing = run->count == 0;
        int64_t total = 0;
        if (!hk_store_ti_list(db, &filter, &all, hk__each_ti, list, &total, err)) {
            return false;
        }
    }
    return true;
}

static bool is_inside(const struct hk_graph *g, uint32_t group, uint32_t wanted)
{
    while (group != wanted && group != 0) {
        group = g->groups[group].parent;
    }
    return group == wanted;
}

bool hk__group_tasks(const struct hk_graph *g, struct hk_str group_id, struct hk_arena *arena, struct hk_texts *out)
{
    uint32_t wanted = 0;
    for (uint32_t i = 1; i < g->group_count; i++) {
        wanted = hk_str_is(group_id, g->groups[i].group_id) ? i : wanted;
    }
    struct hk_str *ids = hk_arena_array(arena, g->task_count + 1, sizeof *ids);
    size_t count = 0;
    for (uint32_t t = 0; wanted != 0 && t < g->task_count; t++) {
        if (is_inside(g, g->tasks[t].group, wanted)) {
            ids[count++] = hk_arena_str(arena, hk_str_from(g->tasks[t].task_id));
        }
    }
    *out = (struct hk_texts){ids, count};
    return wanted != 0;
}
