/* DAGs that are scheduled on assets. What is queued for them is in the database (engine/store/asset_store.h); the model
 * knows of each DAG which of its assets have events, and the tick asks whether its condition holds. A run is made by
 * one write, which looks again, takes all that is queued and inserts the run: none is lost over a crash, none counts
 * twice.
 *
 * After a commit that has queued something the store calls on_news; what is new is read by a write, so that what is
 * read, and when it is told, is in one order with the writes that take from the queue. */
#include "scheduler/scheduler_internal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/store/asset_store.h"

/* ---- one DAG, when its graph is new ---- */

struct dag_waiting {
    struct hk_scheduler *scheduler;
    struct hk_graph *graph; /* one reference */
    bool *has_event;
};

static bool read_waiting(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct dag_waiting *w = arg;
    return hk_store_dag_assets_waiting(db, w->graph, w->has_event, err);
}

static void waiting_read(void *arg, const struct hk_error *err)
{
    struct dag_waiting *w = arg;
    struct hk_scheduler *s = w->scheduler;
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(w->graph->dag_id));
    hk__written(s);
    if (dag->graph == w->graph && err != NULL) {
        dag->wants_assets = true;
        hk__retry_later(s);
    } else if (dag->graph == w->graph) {
        for (uint32_t i = 0; i < w->graph->asset_count; i++) {
            if (w->has_event[i]) {
                hk_model_dag_asset_event(dag, i);
            }
        }
        hk__due(s, dag);
        hk__wake(s);
    } /* else a newer graph has come, and asks for itself */
    hk_graph_unref(w->graph);
    free(w->has_event);
    free(w);
}

void hk__assets_load(struct hk_scheduler *s, struct hk_dag *dag)
{
    dag->wants_assets = false;
    if (dag->graph->schedule.kind != HK_SCHEDULE_ASSETS) {
        return;
    }
    struct dag_waiting *w = hk_alloc(sizeof *w);
    *w = (struct dag_waiting){s, hk_graph_ref(dag->graph),
                              hk_alloc_array(dag->graph->asset_count + 1, sizeof *w->has_event)};
    struct hk_write write = {read_waiting, waiting_read, w, false};
    hk__submit(s, &write);
}

void hk__assets_retry(struct hk_scheduler *s)
{
    for (size_t i = 0; i < s->model.dag_count; i++) {
        if (s->model.dags[i]->wants_assets) {
            hk__assets_load(s, s->model.dags[i]);
        }
    }
    if (s->wants_asset_news) {
        hk__assets_news(s);
    }
}

/* ---- news ---- */

struct news_item {
    const char *dag_id;
    const char *name;
    const char *uri;
};

struct news_read {
    struct hk_scheduler *scheduler;
    struct hk_arena arena;
    int64_t after;
    int64_t newest;
    struct news_item *items;
    size_t len;
    size_t cap;
};

static void on_item(void *arg, const struct hk_asset_news *news)
{
    struct news_read *r = arg;
    r->newest = news->event_key;
    hk_array_grow((void **)&r->items, &r->cap, r->len + 1, sizeof *r->items);
    r->items[r->len++] =
        (struct news_item){hk_arena_str(&r->arena, news->dag_id).data, hk_arena_str(&r->arena, news->name).data,
                           hk_arena_str(&r->arena, news->uri).data};
}

static bool read_news(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct news_read *r = arg;
    r->len = 0;
    r->newest = r->after;
    return hk_store_asset_news(db, r->after, on_item, r, err);
}

static void tell(struct hk_scheduler *s, const struct news_item *item)
{
    struct hk_dag *dag = hk_model_dag(&s->model, hk_str_from(item->dag_id));
    if (dag == NULL || dag->graph == NULL) {
        return; /* what is queued for it is asked for when it comes */
    }
    uint32_t asset = hk_graph_find_asset(dag->graph, hk_str_from(item->name), hk_str_from(item->uri));
    if (asset < dag->graph->asset_count) {
        hk_model_dag_asset_event(dag, asset);
        hk__due(s, dag);
    }
}

static void news_read(void *arg, const struct hk_error *err)
{
    struct news_read *r = arg;
    struct hk_scheduler *s = r->scheduler;
    hk__written(s);
    if (err != NULL) {
        s->wants_asset_news = true;
        hk__retry_later(s);
    } else {
        s->asset_event_key = r->newest > s->asset_event_key ? r->newest : s->asset_event_key;
        for (size_t i = 0; i < r->len; i++) {
            tell(s, &r->items[i]);
        }
        hk__wake(s);
    }
    hk_arena_clear(&r->arena);
    free(r->items);
    free(r);
}

void hk__assets_news(struct hk_scheduler *s)
{
    s->wants_asset_news = false;
    struct news_read *r = hk_alloc(sizeof *r);
    r->scheduler = s;
    r->after = s->asset_event_key;
    struct hk_write write = {read_news, news_read, r, false};
    hk__submit(s, &write);
}

static void on_news(void *context)
{
    struct hk_scheduler *s = context;
    hk__waiting_news(s);
    uint64_t count = hk_store_asset_news_count(s->options.store);
    if (count != s->asset_news_count) {
        s->asset_news_count = count;
        hk__assets_news(s);
    }
}

bool hk__assets_begin(struct hk_scheduler *s, struct hk_db *db, struct hk_error *err)
{
    s->asset_news_count = hk_store_asset_news_count(s->options.store);
    hk_store_watch(s->options.store, on_news, s);
    s->is_watching = true;
    return hk_store_asset_newest_event(db, &s->asset_event_key, err);
}

void hk__assets_end(struct hk_scheduler *s)
{
    if (s->is_watching) {
        hk_store_unwatch(s->options.store, on_news, s);
    }
}

/* ---- outlets ---- */

static const char *extra_of(const struct hk_asset *asset, const struct hk_job_result *result)
{
    for (size_t i = 0; result != NULL && i < result->outlet_event_count; i++) {
        const struct hk_outlet_event *e = &result->outlet_events[i];
        if (hk_str_is(e->name, asset->name) && hk_str_is(e->uri, asset->uri)) {
            return hk_strndup(e->extra_json.data, e->extra_json.len);
        }
    }
    return NULL;
}

void hk__take_outlets(struct hk_scheduler *s, const struct hk_run *run, uint32_t task,
                      const struct hk_job_result *result)
{
    const struct hk_task *t = &run->graph->tasks[task];
    for (uint32_t i = 0; i < t->outlet_count; i++) {
        const struct hk_asset *asset = &run->graph->assets[t->outlets[i]];
        hk_array_grow((void **)&s->outlets, &s->outlet_cap, s->outlet_count + 1, sizeof *s->outlets);
        s->outlets[s->outlet_count++] =
            (struct hk__outlet){.graph = hk_graph_ref(run->graph),
                                .task = task,
                                .asset = t->outlets[i],
                                .run_id = hk_strdup(run->run_id),
                                .extra_json = (char *)(uintptr_t)extra_of(asset, result),
                                .happened_us = result != NULL ? result->ended_at_us : hk__now(s)};
    }
}

void hk__outlets_free(struct hk__outlet *outlets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hk_graph_unref(outlets[i].graph);
        free(outlets[i].run_id);
        free(outlets[i].extra_json);
    }
    free(outlets);
}

bool hk__outlet_write(struct hk_db *db, const struct hk__outlet *outlet, struct hk_error *err)
{
    struct hk_asset_event_save save = {.extra_json = outlet->extra_json,
                                       .source_dag_id = outlet->graph->dag_id,
                                       .source_task_id = outlet->graph->tasks[outlet->task].task_id,
                                       .source_run_id = outlet->run_id,
                                       .source_map_index = -1,
                                       .happened_us = outlet->happened_us};
    return hk_store_asset_outlet(db, &outlet->graph->assets[outlet->asset], &save, err);
}
