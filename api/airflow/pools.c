#include "api/airflow/routes.h"

#include <stdlib.h>

#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"
#include "engine/store/pool_query.h"

enum { MAX_POOL_NAME = 256 };

/* Rows are noted first: the slots in use are another query. */
struct pool {
    struct hk_str name; /* in the arena */
    struct hk_str description;
    int64_t slots;
    bool include_deferred;
};

struct pools {
    struct hk_arena *arena;
    struct pool items[HK_MAX_PAGE];
    size_t count;
};

static bool note_pool(void *arg, const struct hk_pool_row *row)
{
    struct pools *pools = arg;
    struct pool *pool = &pools->items[pools->count++];
    pool->name = hk_arena_str(pools->arena, hk_str_from(row->name));
    pool->slots = row->slots;
    pool->include_deferred = row->include_deferred;
    pool->description =
        row->description != NULL ? hk_arena_str(pools->arena, hk_str_from(row->description)) : (struct hk_str){NULL, 0};
    return pools->count < HK_MAX_PAGE;
}

static bool write_pool(struct hk_db *db, struct hk_json *w, const struct pool *pool, struct hk_error *err)
{
    struct hk_pool_use use;
    if (!hk_store_pool_use(db, pool->name.data, &use, err)) {
        return false;
    }
    int64_t occupied = use.running + use.queued + (pool->include_deferred ? use.deferred : 0);
    hk_json_begin_object(w);
    hk_json_kv_str(w, "name", pool->name);
    hk_json_kv_int(w, "slots", pool->slots);
    hk_json_kv_text(w, "description", pool->description.data);
    hk_json_kv_bool(w, "include_deferred", pool->include_deferred);
    hk_json_kv_int(w, "occupied_slots", occupied);
    hk_json_kv_int(w, "running_slots", use.running);
    hk_json_kv_int(w, "queued_slots", use.queued);
    hk_json_kv_int(w, "scheduled_slots", use.scheduled);
    hk_json_kv_int(w, "open_slots", pool->slots < 0 ? -1 : pool->slots - occupied);
    hk_json_kv_int(w, "deferred_slots", use.deferred);
    hk_json_kv_null(w, "team_name");
    hk_json_end_object(w);
    return true;
}

void hk__pools_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_pool_orders, NULL, &page);
    const struct hk_search search = hk__query_search(&v, "pool_name");
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct pools *pools = hk_arena_alloc(req->arena, sizeof *pools);
    pools->arena = req->arena;
    struct hk__list list;
    struct hk_error err;
    int64_t total = 0;
    hk__list_begin(&list, req->context, res, "pools");
    bool ok = hk_store_pool_list(db, &search, &page, note_pool, pools, &total, &err);
    for (size_t i = 0; ok && i < pools->count; i++) {
        ok = write_pool(db, &list.w, &pools->items[i], &err);
    }
    if (ok) {
        hk__list_end(&list, total);
    } else {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

static bool find_pool(struct hk_db *db, struct hk_arena *arena, struct hk_str name, struct pool *out, bool *found,
                      struct hk_error *err)
{
    struct pools *pools = hk_arena_alloc(arena, sizeof *pools);
    pools->arena = arena;
    if (!hk_store_pool_find(db, name, note_pool, pools, found, err)) {
        return false;
    }
    *out = pools->items[0];
    return true;
}

static bool not_found(struct hk_error *err, struct hk_str name)
{
    return hk_error_set(err, HK_NOT_FOUND, "The Pool with name: `%.*s` was not found", HK_STR_ARG(name));
}

static bool write_one(struct hk_db *db, const struct hk_request *req, struct hk_response *res, struct hk_str name,
                      struct hk_error *err)
{
    struct pool pool;
    bool found = false;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    return find_pool(db, req->arena, name, &pool, &found, err) && (found || not_found(err, name)) &&
           write_pool(db, &w, &pool, err);
}

void hk__pool_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    if (!write_one(db, req, res, hk_request_path(req, "pool_name"), &err)) {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

/* ---- writing ---- */

struct change {
    struct pool pool;
    bool is_new;
    bool has_slots;
    bool has_description;
    bool has_include;
};

/* Tells the scheduler, on its thread, how many slots a pool has from now on; one that is gone has none. */
struct news {
    struct hk_scheduler *scheduler;
    char *name;
    int64_t slots;
};

static void tell(void *arg)
{
    struct news *news = arg;
    hk_scheduler_pool_put(news->scheduler, news->name, news->slots);
    free(news->name);
    free(news);
}

static void post_news(struct hk_airflow *air, struct hk_str name, int64_t slots)
{
    struct news *news = hk_alloc(sizeof *news);
    *news = (struct news){air->options.scheduler, hk_strndup(name.data, name.len), slots};
    air->options.post(air->options.post_context, tell, news);
}

static void after_save(struct hk__command *c)
{
    struct change *change = c->data;
    post_news(c->air, change->pool.name, change->pool.slots);
}

static bool save_pool(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct change *change = c->data;
    struct pool *pool = &change->pool;
    struct pool old;
    bool found = false;
    if (!find_pool(db, c->req->arena, pool->name, &old, &found, err)) {
        return false;
    }
    if (change->is_new && found) {
        return hk_error_set(err, HK_CONFLICT, "The Pool with name: `%.*s` already exists", HK_STR_ARG(pool->name));
    }
    if (!change->is_new) {
        if (!found) {
            return not_found(err, pool->name);
        }
        pool->slots = change->has_slots ? pool->slots : old.slots;
        pool->description = change->has_description ? pool->description : old.description;
        pool->include_deferred = change->has_include ? pool->include_deferred : old.include_deferred;
    }
    const struct hk_pool_row row = {pool->name.data, pool->slots, pool->description.data, pool->include_deferred};
    c->res->status = change->is_new ? 201 : 200;
    return hk_store_pool_set(db, &row, err) && write_one(db, c->req, c->res, pool->name, err);
}

static void write_conflict(struct hk__command *c, const struct hk_error *err)
{
    if (err->code == HK_CONFLICT) {
        hk__unique_violation(c->req, c->res, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

static void check_team(struct hk_validation *v, struct hk_body *body)
{
    struct hk_str team = hk_body_text(body, "team_name", HK_OPTIONAL | HK_NULLABLE);
    if (team.data != NULL && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "team_name cannot be set when multi_team mode is disabled. Please contact your administrator.");
    }
}

static const struct hk_int_rule SLOTS = {.is_required = true, .has_least = true, .least = -1};

static void read_pool(struct hk_validation *v, struct hk_body *body, struct change *change)
{
    struct pool *pool = &change->pool;
    pool->slots = hk_body_int(body, "slots", HK_REQUIRED, &SLOTS);
    pool->name = hk_body_text(body, "name", HK_REQUIRED);
    hk_body_check_length(body, "name", pool->name, 0, MAX_POOL_NAME);
    pool->description = hk_body_text(body, "description", HK_OPTIONAL | HK_NULLABLE);
    pool->include_deferred = hk_body_bool(body, "include_deferred", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    check_team(v, body);
    change->has_slots = true;
    change->has_description = hk_body_has(body, "description");
    change->has_include = hk_body_has(body, "include_deferred");
}

void hk__pool_post(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct change *change = hk_arena_alloc(req->arena, sizeof *change);
    hk_validation_begin(&v, req);
    read_pool(&v, hk_body_open(&v, HK_STRICT), change);
    change->is_new = true;
    if (hk_validation_end(&v, res)) {
        const struct hk__command command = {
            .data = change, .finish = save_pool, .after = after_save, .fail = write_conflict};
        hk__command_begin(req, res, "post_pool", &command);
    }
}

static bool is_allowed_on_default(struct hk_texts mask)
{
    for (size_t i = 0; i < mask.count; i++) {
        struct hk_str name = hk_str_trim(mask.items[i]);
        if (!hk_str_is(name, "slots") && !hk_str_is(name, "include_deferred")) {
            return false;
        }
    }
    return mask.count > 0;
}

/* Airflow checks the body as a whole even when a mask names some of it: pool, slots and include_deferred must be there.
 */
static void check_whole(struct hk_validation *v, struct hk_body *body)
{
    static const char *const names[] = {"pool", "slots", "include_deferred"};
    for (size_t i = 0; i < 3; i++) {
        if (!hk_body_has(body, names[i])) {
            hk_validation_add(v,
                              &(struct hk_mistake){.type = "missing", .where = names[i], .message = "Field required"});
        }
    }
}

void hk__pool_patch(const struct hk_request *req, struct hk_response *res)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct hk_validation v;
    struct hk_str name = hk_request_path(req, "pool_name");
    struct change *change = hk_arena_alloc(req->arena, sizeof *change);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    struct hk_str written = hk_body_text(body, "pool", optional);
    change->pool.slots = hk_body_int(body, "slots", optional, &SLOTS);
    change->pool.description = hk_body_text(body, "description", optional);
    change->pool.include_deferred = hk_body_bool(body, "include_deferred", optional, HK_FALSE) == HK_TRUE;
    check_team(&v, body);
    struct hk_texts mask = hk__update_mask(&v);
    change->has_slots = hk_body_has(body, "slots") && !hk_body_is_null(body, "slots");
    change->has_description = hk_body_has(body, "description");
    change->has_include = hk_body_has(body, "include_deferred") && !hk_body_is_null(body, "include_deferred");
    if (v.count == 0 && written.len > 0 && !hk_str_eq(written, name)) {
        hk_validation_fail(&v, 400, "Invalid body, pool name from request body doesn't match uri parameter");
    } else if (hk_str_is(name, "default_pool")) {
        if (v.count == 0 && !is_allowed_on_default(mask)) {
            hk_validation_fail(&v, 400, "Only slots and included_deferred can be modified on Default Pool");
        }
    } else if (v.count == 0) {
        check_whole(&v, body);
    }
    if (!hk_validation_end(&v, res)) {
        return;
    }
    if (mask.count > 0) {
        change->has_slots = change->has_slots && hk__texts_have(mask, "slots");
        change->has_description = change->has_description && hk__texts_have(mask, "description");
        change->has_include = change->has_include && hk__texts_have(mask, "include_deferred");
    }
    change->pool.name = name;
    const struct hk__command command = {.data = change, .finish = save_pool, .after = after_save};
    hk__command_begin(req, res, "patch_pool", &command);
}

static bool drop_pool(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct change *change = c->data;
    hk_response_empty(c->res, 204);
    return hk_store_pool_delete(db, change->pool.name.data, err);
}

static void after_drop(struct hk__command *c)
{
    post_news(c->air, ((struct change *)c->data)->pool.name, 0);
}

void hk__pool_delete(const struct hk_request *req, struct hk_response *res)
{
    struct change *change = hk_arena_alloc(req->arena, sizeof *change);
    change->pool.name = hk_arena_str(req->arena, hk_request_path(req, "pool_name"));
    const struct hk__command command = {.data = change, .finish = drop_pool, .after = after_drop};
    hk__command_begin(req, res, "delete_pool", &command);
}
