/* Tasks that wait for a promotion (HK_RUNNER_WAIT): deferred, without a process and without a slot. What has happened
 * is in the outbox (engine/store/event_store.h). Each task is looked up once when it begins to wait, and from then on
 * the events that come are matched against those that wait: nobody polls. After a restart the tasks that are deferred
 * begin to wait anew. */
#include "scheduler/scheduler_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/event_store.h"

/* The task, if it still waits in the try that this was about. */
static struct hk_run *find(struct hk_scheduler *s, const struct hk__waiter *w)
{
    struct hk_run *run = hk_model_run(&s->model, w->run_key);
    if (run == NULL || run->tasks == NULL) {
        return NULL;
    }
    const struct hk_ti *ti = &run->tasks[w->task];
    return ti->state == HK_TASK_DEFERRED && ti->try_number == w->try_number && !ti->is_awaited ? run : NULL;
}

static void remove_at(struct hk_scheduler *s, size_t i)
{
    s->waiters[i] = s->waiters[--s->waiter_count];
}

static void end_wait(struct hk_scheduler *s, struct hk_run *run, uint32_t task, struct hk_str payload)
{
    run->tasks[task].is_awaited = true;
    hk__take_xcom(s, run, task, payload);
    hk_model_task_touch(&s->model, run, task);
    hk__wake(s);
}

static bool is_for(const struct hk_task *task, const struct hk_promotion_seen *seen)
{
    const char *target = seen->is_stage ? task->wait_stage : task->wait_alias;
    return target != NULL && strcmp(task->wait_model, seen->model) == 0 && strcmp(target, seen->target) == 0;
}

/* ---- one that begins to wait ---- */

struct look {
    struct hk_scheduler *scheduler;
    struct hk__waiter waiter;
    struct hk_graph *graph; /* one reference */
    int64_t newest;         /* event when it was looked up */
    char *payload;          /* NULL: nothing yet */
};

static bool on_found(void *arg, const struct hk_promotion_seen *seen)
{
    struct look *l = arg;
    free(l->payload);
    l->payload = hk_strdup(seen->payload_json);
    return false; /* the newest comes first */
}

static bool look_up(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct look *l = arg;
    const struct hk_task *task = &l->graph->tasks[l->waiter.task];
    struct hk_promotion_wanted wanted = {task->wait_model, task->wait_alias, task->wait_stage, l->waiter.since_us};
    return hk_store_events_newest(db, &l->newest, err) && hk_store_promotion_since(db, &wanted, on_found, l, err);
}

static void start_look(struct hk_scheduler *s, const struct hk__waiter *waiter, const struct hk_graph *graph);

static void looked_up(void *arg, const struct hk_error *err)
{
    struct look *l = arg;
    struct hk_scheduler *s = l->scheduler;
    struct hk_run *run = find(s, &l->waiter);
    hk__written(s);
    if (run != NULL && err != NULL) {
        hk_array_grow((void **)&s->unlooked, &s->unlooked_cap, s->unlooked_count + 1, sizeof *s->unlooked);
        s->unlooked[s->unlooked_count++] = l->waiter;
        hk__retry_later(s);
    } else if (run != NULL && l->payload != NULL) {
        end_wait(s, run, l->waiter.task, hk_str_from(l->payload));
    } else if (run != NULL) {
        /* What comes after l->newest is news for it; of what was read for others it may see some again. */
        s->event_sequence = s->waiter_count == 0 ? l->newest : s->event_sequence;
        hk_array_grow((void **)&s->waiters, &s->waiter_cap, s->waiter_count + 1, sizeof *s->waiters);
        s->waiters[s->waiter_count++] = l->waiter;
        hk__waiting_news(s); /* between the look and now */
    }
    hk_graph_unref(l->graph);
    free(l->payload);
    free(l);
}

static void start_look(struct hk_scheduler *s, const struct hk__waiter *waiter, const struct hk_graph *graph)
{
    struct look *l = hk_alloc(sizeof *l);
    *l = (struct look){.scheduler = s, .waiter = *waiter, .graph = hk_graph_ref(graph)};
    struct hk_write write = {look_up, looked_up, l, false};
    hk__submit(s, &write);
}

void hk__wait_begin(struct hk_scheduler *s, const struct hk_run *run, uint32_t task)
{
    int64_t since_us = run->start_us != HK_TIME_NONE ? run->start_us : run->run_after_us;
    /* Promotions are dated in milliseconds, as MLflow counts. */
    struct hk__waiter waiter = {run->run_key, task, run->tasks[task].try_number, since_us - since_us % HK_MS_US};
    start_look(s, &waiter, run->graph);
}

void hk__wait_loaded(struct hk_scheduler *s, const struct hk_run *run)
{
    for (uint32_t t = 0; run->state_count[HK_TASK_DEFERRED] > 0 && t < run->graph->task_count; t++) {
        if (run->tasks[t].state == HK_TASK_DEFERRED && run->graph->tasks[t].runner == HK_RUNNER_WAIT) {
            hk__wait_begin(s, run, t);
        }
    }
}

/* ---- news ---- */

struct seen {
    struct hk_scheduler *scheduler;
    struct hk_arena arena;
    int64_t after;
    int64_t newest;
    struct hk_promotion_seen *items;
    size_t len;
    size_t cap;
};

static bool on_event(void *arg, const struct hk_promotion_seen *seen)
{
    struct seen *r = arg;
    hk_array_grow((void **)&r->items, &r->cap, r->len + 1, sizeof *r->items);
    struct hk_promotion_seen *copy = &r->items[r->len++];
    *copy = *seen;
    copy->model = hk_arena_strdup(&r->arena, seen->model);
    copy->target = hk_arena_strdup(&r->arena, seen->target);
    copy->payload_json = hk_arena_strdup(&r->arena, seen->payload_json);
    return true;
}

static bool read_seen(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct seen *r = arg;
    r->len = 0;
    return hk_store_events_newest(db, &r->newest, err) && hk_store_promotions_after(db, r->after, on_event, r, err);
}

static void match(struct hk_scheduler *s, const struct hk_promotion_seen *seen)
{
    for (size_t i = s->waiter_count; i-- > 0;) {
        const struct hk__waiter w = s->waiters[i];
        struct hk_run *run = find(s, &w);
        if (run == NULL) { /* cleared, set by hand, timed out */
            remove_at(s, i);
        } else if (is_for(&run->graph->tasks[w.task], seen) && seen->happened_us >= w.since_us) {
            end_wait(s, run, w.task, hk_str_from(seen->payload_json));
            remove_at(s, i);
        }
    }
}

static void seen_read(void *arg, const struct hk_error *err)
{
    struct seen *r = arg;
    struct hk_scheduler *s = r->scheduler;
    hk__written(s);
    if (err != NULL) {
        s->wants_events = true;
        hk__retry_later(s);
    } else {
        for (size_t i = 0; i < r->len; i++) {
            match(s, &r->items[i]);
        }
        s->event_sequence = r->newest > s->event_sequence ? r->newest : s->event_sequence;
    }
    hk_arena_clear(&r->arena);
    free(r->items);
    free(r);
}

void hk__waiting_news(struct hk_scheduler *s)
{
    s->wants_events = false;
    if (s->waiter_count == 0) {
        return;
    }
    struct seen *r = hk_alloc(sizeof *r);
    r->scheduler = s;
    r->after = s->event_sequence;
    struct hk_write write = {read_seen, seen_read, r, false};
    hk__submit(s, &write);
}

void hk__waiting_retry(struct hk_scheduler *s)
{
    if (s->wants_events) {
        hk__waiting_news(s);
    }
    while (s->unlooked_count > 0) { /* each answers on a later turn */
        struct hk__waiter waiter = s->unlooked[--s->unlooked_count];
        const struct hk_run *run = find(s, &waiter);
        if (run != NULL) {
            start_look(s, &waiter, run->graph);
        }
    }
}
