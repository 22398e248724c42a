/* Assets and their events. Aliases, watchers, inlets and partitions are Airflow's and not hanok's yet: shown as none.
 */

#include <stdlib.h>
#include <string.h>

#include "api/airflow/redact.h"
#include "api/airflow/rest_internal.h"
#include "api/airflow/routes.h"
#include "engine/store/asset_query.h"
#include "engine/store/asset_store.h"

/* Row by row into a list; a look-up for a row may fail. */
struct rows {
    struct hk__list *list;
    struct hk_db *db;
    struct hk_error *err;
    bool has_failed;
};

static void write_extra(struct hk_json *w, const char *extra_json)
{
    struct hk_error err;
    json_t *extra = hk_json_parse(hk_str_from(extra_json), &err);
    json_t *shown = extra != NULL ? hk__redact(extra, HK_STR("")) : NULL;
    char *text = shown != NULL ? hk_json_dump(shown) : NULL;
    hk_json_kv_raw(w, "extra", hk_str_from(text));
    free(text);
    json_decref(shown);
    json_decref(extra);
}

static void each_user(void *arg, const struct hk_asset_user *row)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "dag_id", row->dag_id);
    if (row->task_id != NULL) {
        hk_json_kv_text(w, "task_id", row->task_id);
    }
    hk_json_kv_time(w, "created_at", row->created_us);
    hk_json_kv_time(w, "updated_at", row->updated_us);
    hk_json_end_object(w);
}

static void write_last_event(struct hk_json *w, const struct hk_asset_info *a)
{
    hk_json_key(w, "last_asset_event");
    hk_json_begin_object(w);
    if (a->last_event_key == HK_TIME_NONE) {
        hk_json_kv_null(w, "id");
    } else {
        hk_json_kv_int(w, "id", a->last_event_key);
    }
    hk_json_kv_time(w, "timestamp", a->last_event_us);
    hk_json_end_object(w);
}

static bool each_asset(void *arg, const struct hk_asset_info *a)
{
    struct rows *rows = arg;
    struct hk_json *w = &rows->list->w;
    hk_json_begin_object(w);
    hk_json_kv_int(w, "id", a->asset_key);
    hk_json_kv_text(w, "name", a->name);
    hk_json_kv_text(w, "uri", a->uri);
    hk_json_kv_text(w, "group", a->group);
    write_extra(w, a->extra_json);
    hk_json_kv_time(w, "created_at", a->created_us);
    hk_json_kv_time(w, "updated_at", a->updated_us);
    hk_json_key(w, "scheduled_dags");
    hk_json_begin_array(w);
    bool ok = hk_store_asset_dags(rows->db, a->asset_key, each_user, w, rows->err);
    hk_json_end_array(w);
    hk_json_key(w, "producing_tasks");
    hk_json_begin_array(w);
    ok = ok && hk_store_asset_tasks(rows->db, a->asset_key, each_user, w, rows->err);
    hk_json_end_array(w);
    hk_json_kv_raw(w, "consuming_tasks", HK_STR("[]"));
    hk_json_kv_raw(w, "aliases", HK_STR("[]"));
    hk_json_kv_raw(w, "watchers", HK_STR("[]"));
    write_last_event(w, a);
    hk_json_end_object(w);
    rows->has_failed = !ok;
    return ok;
}

static bool fill_assets(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    struct rows rows = {list, db, err, false};
    return hk_store_asset_list(db, list->filter, list->page, each_asset, &rows, total, err) && !rows.has_failed;
}

void hk__assets_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    struct hk_asset_filter filter = {0};
    hk_validation_begin(&v, req);
    hk__page(&v, hk_asset_orders, NULL, &page);
    filter.name = hk__query_search(&v, "name");
    filter.uri = hk__query_search(&v, "uri");
    filter.dag_ids = hk__query_texts(&v, "dag_ids");
    filter.only_active = hk_query_bool(&v, "only_active", HK_TRUE) == HK_TRUE;
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "assets", .filter = &filter, .page = &page, .fill = fill_assets});
    }
}

static bool find_asset(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    struct rows rows = {one, db, err, false};
    return hk_store_asset_find(db, *(const int64_t *)one->filter, each_asset, &rows, found, err) && !rows.has_failed;
}

void hk__asset_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    const struct hk_int_rule any = {0};
    hk_validation_begin(&v, req);
    int64_t id = hk_path_int(&v, "asset_id", &any);
    if (hk_validation_end(&v, res)) {
        hk__answer_one(req, res, find_asset, &id, "The Asset with ID: `%lld` was not found", (long long)id);
    }
}

/* ---- events ---- */

static void each_run(void *arg, const struct hk_asset_event_run *r)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "run_id", r->run_id);
    hk_json_kv_text(w, "dag_id", r->dag_id);
    hk_json_kv_time(w, "logical_date", r->logical_us);
    hk_json_kv_time(w, "start_date", r->start_us);
    hk_json_kv_time(w, "end_date", r->end_us);
    hk_json_kv_text(w, "state", r->state);
    hk_json_kv_time(w, "data_interval_start", r->interval_start_us);
    hk_json_kv_time(w, "data_interval_end", r->interval_end_us);
    hk_json_kv_null(w, "partition_key");
    hk_json_kv_bool(w, "triggering", r->is_newest);
    hk_json_end_object(w);
}

static bool each_event(void *arg, const struct hk_asset_event_info *e)
{
    struct rows *rows = arg;
    struct hk_json *w = &rows->list->w;
    hk_json_begin_object(w);
    hk_json_kv_int(w, "id", e->event_key);
    hk_json_kv_int(w, "asset_id", e->asset_key);
    hk_json_kv_text(w, "uri", e->uri);
    hk_json_kv_text(w, "name", e->name);
    hk_json_kv_text(w, "group", e->group);
    write_extra(w, e->extra_json);
    hk_json_kv_text(w, "source_task_id", e->source_task_id);
    hk_json_kv_text(w, "source_dag_id", e->source_dag_id);
    hk_json_kv_text(w, "source_run_id", e->source_run_id);
    hk_json_kv_int(w, "source_map_index", e->source_map_index);
    hk_json_key(w, "created_dagruns");
    hk_json_begin_array(w);
    bool ok = hk_store_asset_event_runs(rows->db, e->event_key, each_run, w, rows->err);
    hk_json_end_array(w);
    hk_json_kv_time(w, "timestamp", e->happened_us);
    hk_json_kv_null(w, "partition_key");
    hk_json_end_object(w);
    rows->has_failed = !ok;
    return ok;
}

static bool fill_events(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    struct rows rows = {list, db, err, false};
    return hk_store_asset_event_list(db, list->filter, list->page, each_event, &rows, total, err) && !rows.has_failed;
}

void hk__asset_events_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    const struct hk_int_rule none = {.fallback = HK_TIME_NONE};
    struct hk_asset_event_filter filter = {0};
    hk_validation_begin(&v, req);
    hk__page(&v, hk_asset_event_orders, "timestamp", &page);
    filter.asset_key = hk_query_int(&v, "asset_id", &none);
    filter.source_dag_id = hk_query_text(&v, "source_dag_id", HK_OPTIONAL);
    filter.source_task_id = hk_query_text(&v, "source_task_id", HK_OPTIONAL);
    filter.source_run_id = hk_query_text(&v, "source_run_id", HK_OPTIONAL);
    filter.source_map_index = hk_query_int(&v, "source_map_index", &none);
    filter.name = hk__query_search(&v, "name");
    filter.happened = hk__query_times(&v, "timestamp");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(
            req, res,
            &(struct hk__listing){.name = "asset_events", .filter = &filter, .page = &page, .fill = fill_events});
    }
}

/* ---- an event made by hand ---- */

struct made {
    int64_t asset_key;
    struct hk_asset_event_save save;
};

/* As Airflow marks it. */
static const char *mark_extra(struct hk_arena *arena, struct hk_str extra_json)
{
    struct hk_error err;
    json_t *extra = extra_json.data != NULL ? hk_json_parse(extra_json, &err) : NULL;
    extra = extra != NULL ? extra : json_object();
    json_object_set_new(extra, "from_rest_api", json_true());
    char *text = hk_json_dump(extra);
    const char *copy = hk_arena_strdup(arena, text);
    free(text);
    json_decref(extra);
    return copy;
}

static bool nothing(void *arg, const struct hk_asset_info *a)
{
    (void)arg;
    (void)a;
    return true;
}

static bool make_event(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    const struct made *made = c->data;
    int64_t event_key = 0;
    bool found = false;
    struct hk__list list = {.air = c->air, .req = c->req, .res = c->res};
    struct rows rows = {&list, db, err, false};
    if (!hk_store_asset_find(db, made->asset_key, nothing, NULL, &found, err)) {
        return false;
    }
    if (!found) {
        return hk_error_set(err, HK_NOT_FOUND, "Asset with ID: `%lld` was not found", (long long)made->asset_key);
    }
    hk_json_init(&list.w, &c->res->body);
    return hk_store_asset_event_add(db, made->asset_key, &made->save, &event_key, err) &&
           hk_store_asset_event_find(db, event_key, each_event, &rows, &found, err) && !rows.has_failed;
}

void hk__asset_event_post(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    const struct hk_int_rule any = {0};
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    struct made *made = hk_arena_alloc(req->arena, sizeof *made);
    made->asset_key = hk_body_int(body, "asset_id", HK_REQUIRED, &any);
    struct hk_str partition = hk_body_text(body, "partition_key", HK_OPTIONAL | HK_NULLABLE);
    struct hk_str extra = hk_body_dict(body, "extra", HK_OPTIONAL);
    struct hk_str access = hk_body_dict(body, "access_control", HK_OPTIONAL | HK_NULLABLE);
    if (partition.data != NULL || access.data != NULL) {
        hk_validation_fail(&v, 400,
                           "partition_key and access_control of an asset event are not supported by this "
                           "version of hanok");
    }
    made->save =
        (struct hk_asset_event_save){.source_map_index = HK_TIME_NONE, .happened_us = hk__airflow_now(req->context)};
    if (hk_validation_end(&v, res)) {
        made->save.extra_json = mark_extra(req->arena, extra);
        hk__write_begin(req, res, "create_asset_event", made, make_event);
    }
}
