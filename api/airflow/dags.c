#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/store/version_query.h"

static const char *const NOT_KEPT[] = {"timetable_type", NULL};

static void read_run_filters(struct hk_validation *v, struct hk_dag_filter *filter)
{
    int state = hk_query_enum(v, "last_dag_run_state", hk__run_states, "enum");
    if (state >= 0) {
        filter->last_run_state = hk_str_from(hk__run_states[state]);
    }
    filter->run_states = hk__query_states(v, "dag_run_state", hk__run_states);
    filter->run_start = hk__query_times(v, "dag_run_start_date");
    filter->run_end = hk__query_times(v, "dag_run_end_date");
}

static void read_assets(struct hk_validation *v, struct hk_dag_filter *filter)
{
    filter->has_asset_schedule = (int)hk_query_bool(v, "has_asset_schedule", HK_UNSET);
    filter->asset = hk_query_text(v, "asset_dependency", HK_OPTIONAL);
}

static void read_common(struct hk_validation *v, struct hk_dag_filter *filter)
{
    static const char *const modes[] = {"any", "all", NULL};
    filter->tags = hk__query_texts(v, "tags");
    filter->needs_all_tags = hk_query_enum(v, "tags_match_mode", modes, "literal_error") == 1;
    filter->owners = hk__query_texts(v, "owners");
    filter->dag_id = hk__query_search(v, "dag_id");
    filter->exclude_stale = hk_query_bool(v, "exclude_stale", HK_TRUE) == HK_TRUE;
    filter->paused = (int)hk_query_bool(v, "paused", HK_UNSET);
    filter->has_import_errors = -1;
    filter->has_asset_schedule = -1;
    filter->is_favorite = -1;
    filter->run_start = HK_RANGE_ALL;
    filter->run_end = HK_RANGE_ALL;
}

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_dag_list(db, list->filter, list->page, hk__each_dag, list, total, err);
}

void hk__dags_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_dag_filter filter = {0};
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_dag_orders, NULL, &page);
    read_common(&v, &filter);
    filter.display_name = hk__query_search(&v, "dag_display_name");
    filter.has_import_errors = (int)hk_query_bool(&v, "has_import_errors", HK_UNSET);
    filter.bundle_name = hk_query_text(&v, "bundle_name", HK_OPTIONAL);
    filter.bundle_version = hk_query_text(&v, "bundle_version", HK_OPTIONAL);
    read_run_filters(&v, &filter);
    read_assets(&v, &filter);
    filter.is_favorite = (int)hk_query_bool(&v, "is_favorite", HK_UNSET);
    filter.username = req->caller.username;
    hk__refuse_query(&v, NOT_KEPT, "it keeps no timetable classes");
    if (hk_validation_end(&v, res)) {
        res->is_lasting = true;
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "dags", .filter = &filter, .page = &page, .fill = fill});
    }
}

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    return hk_store_dag_find(db, hk_request_path(one->req, "dag_id"), hk__each_dag, one, found, err);
}

void hk__dag_get(const struct hk_request *req, struct hk_response *res)
{
    res->is_lasting = true;
    hk__answer_one(req, res, find, NULL, "The Dag with ID: `%.*s` was not found",
                   HK_STR_ARG(hk_request_path(req, "dag_id")));
}

/* ---- PATCH: pausing ---- */

struct pausing {
    bool is_paused;
    char **dag_ids;
    size_t count;
    size_t cap;
    size_t shown_from; /* those of the page */
    size_t shown_to;
    bool is_single;
};

static enum hk_truth read_patch(struct hk_validation *v)
{
    struct hk_body *body = hk_body_open(v, HK_STRICT);
    enum hk_truth is_paused = hk_body_bool(body, "is_paused", HK_REQUIRED, HK_FALSE);
    struct hk_texts mask = hk__update_mask(v);
    if (mask.count > 0 && (mask.count != 1 || !hk_str_is(mask.items[0], "is_paused"))) {
        hk_validation_fail(v, 400, "Only `is_paused` field can be updated through the REST API");
    }
    return is_paused;
}

static void start_pausing(struct hk__command *c)
{
    struct pausing *p = c->data;
    const struct hk_command_done done = {hk__command_next, c};
    if (p->count == 0) {
        hk__command_next(c, NULL);
        return;
    }
    hk__command_expect(c, p->count);
    size_t count = p->count; /* the last answer may come at once and end the command */
    for (size_t i = 0; i < count; i++) {
        hk_scheduler_pause(c->air->options.scheduler, p->dag_ids[i], p->is_paused, done);
    }
}

static bool write_paused(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct pausing *p = c->data;
    struct hk__list list = {.air = c->air, .res = c->res};
    hk_json_init(&list.w, &c->res->body);
    if (!p->is_single) {
        hk__list_begin(&list, c->air, c->res, "dags");
    }
    for (size_t i = p->shown_from; i < p->shown_to; i++) {
        bool found = false;
        if (!hk_store_dag_find(db, hk_str_from(p->dag_ids[i]), hk__each_dag, &list, &found, err)) {
            return false;
        }
    }
    if (!p->is_single) {
        hk__list_end(&list, (int64_t)p->count);
    }
    return true;
}

static const struct hk__command PAUSING = {.start = start_pausing, .finish = write_paused};

static bool note_id(void *arg, const struct hk_dag_info *d)
{
    (void)arg;
    (void)d;
    return true;
}

void hk__dag_patch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    struct pausing *p = hk_arena_alloc(req->arena, sizeof *p);
    p->is_paused = read_patch(&v) == HK_TRUE;
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_str dag_id = hk_request_path(req, "dag_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    bool found = false;
    bool ok = hk_store_dag_find(db, dag_id, note_id, NULL, &found, &err);
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
        return;
    }
    if (!found) {
        hk__detail(res, 404, "Dag with id: %.*s was not found", HK_STR_ARG(dag_id));
        return;
    }
    p->dag_ids = hk_arena_array(req->arena, 1, sizeof *p->dag_ids);
    p->dag_ids[0] = hk__text(req->arena, dag_id);
    p->count = p->shown_to = 1;
    p->is_single = true;
    struct hk__command command = PAUSING;
    command.data = p;
    hk__command_begin(req, res, "patch_dag", &command);
}

struct collecting {
    struct pausing *p;
    struct hk_arena *arena;
};

static bool collect_id(void *arg, const struct hk_dag_info *d)
{
    struct collecting *c = arg;
    struct pausing *p = c->p;
    if (p->count == p->cap) {
        size_t cap = p->cap == 0 ? 64 : 2 * p->cap;
        char **grown = hk_arena_array(c->arena, cap, sizeof *grown);
        for (size_t i = 0; i < p->count; i++) {
            grown[i] = p->dag_ids[i];
        }
        p->dag_ids = grown;
        p->cap = cap;
    }
    p->dag_ids[p->count++] = hk_arena_strdup(c->arena, d->dag_id);
    return true;
}

void hk__dags_patch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_dag_filter filter = {0};
    struct hk_page page;
    hk_validation_begin(&v, req);
    struct pausing *p = hk_arena_alloc(req->arena, sizeof *p);
    p->is_paused = read_patch(&v) == HK_TRUE;
    hk__page(&v, hk_dag_orders, NULL, &page);
    read_common(&v, &filter);
    /* Both patterns must match, and one that is not there matches nothing: so does Airflow for dag_id_pattern. */
    filter.matches_nothing = filter.dag_id.pattern.data == NULL;
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct collecting collecting = {p, req->arena};
    struct hk_page all = {.limit = -1};
    int64_t total = 0;
    struct hk_error err;
    bool ok = hk_store_dag_list(db, &filter, &all, collect_id, &collecting, &total, &err);
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
        return;
    }
    p->shown_from = page.offset < (int64_t)p->count ? (size_t)page.offset : p->count;
    p->shown_to =
        (int64_t)p->count - (int64_t)p->shown_from > page.limit ? p->shown_from + (size_t)page.limit : p->count;
    struct hk__command command = PAUSING;
    command.data = p;
    hk__command_begin(req, res, "patch_dags", &command);
}
