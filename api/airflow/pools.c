#include "api/airflow/routes.h"

#include <stdlib.h>

#include "api/airflow/entity.h"
#include "engine/base/alloc.h"
#include "engine/store/pool_query.h"

#define DEFAULT_POOL "default_pool"
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

static bool note_nothing(void *arg, const struct hk_pool_row *row)
{
    (void)arg;
    (void)row;
    return false;
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

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    struct pools *pools = hk_arena_alloc(list->req->arena, sizeof *pools);
    pools->arena = list->req->arena;
    bool ok = hk_store_pool_list(db, list->filter, list->page, note_pool, pools, total, err);
    for (size_t i = 0; ok && i < pools->count; i++) {
        ok = write_pool(db, &list->w, &pools->items[i], err);
    }
    return ok;
}

void hk__pools_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_pool_orders, "id", &page);
    const struct hk_search search = hk__query_search(&v, "pool_name");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "pools", .filter = &search, .page = &page, .fill = fill});
    }
}

/* ---- writing ---- */

struct change {
    struct pool pool; /* complete once saved */
    bool has_slots;
    bool has_description;
    bool has_include;
    struct hk_texts mask;
    struct hk_arena *arena;
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

static void post_news(struct hk_airflow *air, const struct hk__entity *entity)
{
    const struct change *change = entity->data;
    struct news *news = hk_alloc(sizeof *news);
    *news = (struct news){air->options.scheduler, hk_strndup(entity->key.data, entity->key.len),
                          change != NULL ? change->pool.slots : 0};
    air->options.post(air->options.post_context, tell, news);
}

static void check_team(struct hk_validation *v, struct hk_body *body)
{
    struct hk_str team = hk_body_text(body, "team_name", HK_OPTIONAL | HK_NULLABLE);
    if (team.data != NULL && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "team_name cannot be set when multi_team mode is disabled. Please contact your administrator.");
    }
}

static bool is_masked(struct hk_texts mask, const char *name)
{
    return mask.count == 0 || hk__texts_have(mask, name);
}

static const struct hk_int_rule SLOTS = {.is_required = true, .has_least = true, .least = -1};

static struct change *new_change(struct hk_validation *v, struct hk_body *body, struct hk_texts mask)
{
    struct change *change = hk_arena_alloc(v->request->arena, sizeof *change);
    change->arena = v->request->arena;
    change->mask = mask;
    change->has_slots = is_masked(mask, "slots") && hk_body_has(body, "slots") && !hk_body_is_null(body, "slots");
    change->has_description = is_masked(mask, "description") && hk_body_has(body, "description");
    change->has_include = is_masked(mask, "include_deferred") && hk_body_has(body, "include_deferred") &&
                          !hk_body_is_null(body, "include_deferred");
    return change;
}

static void *read_pool(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str *key)
{
    struct change *change = new_change(v, body, mask);
    struct pool *pool = &change->pool;
    pool->name = hk_body_text(body, "name", HK_REQUIRED);
    hk_body_check_length(body, "name", pool->name, 0, MAX_POOL_NAME);
    pool->slots = hk_body_int(body, "slots", HK_REQUIRED, &SLOTS);
    pool->description = hk_body_text(body, "description", HK_OPTIONAL | HK_NULLABLE);
    pool->include_deferred = hk_body_bool(body, "include_deferred", HK_OPTIONAL, HK_FALSE) == HK_TRUE;
    check_team(v, body);
    *key = pool->name;
    return change;
}

/* Airflow checks the body as a whole even when a mask names some of it: pool, slots and include_deferred must be there.
 */
static void check_whole(struct hk_validation *v, struct hk_body *body)
{
    static const char *const names[] = {"pool", "slots", "include_deferred"};
    for (size_t i = 0; i < 3; i++) {
        if (!hk_body_has(body, names[i])) {
            hk_validation_add(v, &(struct hk_mistake){.type = "missing",
                                                      .where = names[i],
                                                      .message = "Field required",
                                                      .input_json = v->request->body});
        }
    }
    if (hk_body_is_null(body, "slots")) {
        hk_validation_add(v, &(struct hk_mistake){
                                 .type = "int_type", .where = "slots", .message = "Input should be a valid integer"});
    }
}

static void *read_patch(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str key)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct change *change = new_change(v, body, mask);
    struct pool *pool = &change->pool;
    struct hk_str written = hk_body_text(body, "pool", optional);
    pool->name = key;
    pool->slots = hk_body_int(body, "slots", optional, &SLOTS);
    pool->description = hk_body_text(body, "description", optional);
    pool->include_deferred = hk_body_bool(body, "include_deferred", optional, HK_FALSE) == HK_TRUE;
    check_team(v, body);
    if (v->count == 0 && written.len > 0 && !hk_str_eq(written, key)) {
        hk_validation_fail(v, 400, "Invalid body, pool name from request body doesn't match uri parameter");
    } else if (v->count == 0 && !hk_str_is(key, DEFAULT_POOL)) {
        check_whole(v, body);
    }
    return change;
}

static bool exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_pool_find(db, key, note_nothing, NULL, found, err);
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

static bool save_pool(struct hk_db *db, const struct hk_airflow *air, const struct hk__entity *entity, bool is_new,
                      struct hk_error *err)
{
    (void)air;
    struct change *change = entity->data;
    struct pool *pool = &change->pool;
    if (!is_new) {
        struct pools old = {.arena = change->arena};
        bool found = false;
        if (hk_str_is(entity->key, DEFAULT_POOL) && !is_allowed_on_default(change->mask)) {
            return hk_error_set(err, HK_INVALID, "Only slots and included_deferred can be modified on Default Pool");
        }
        if (!hk_store_pool_find(db, entity->key, note_pool, &old, &found, err)) {
            return false;
        }
        pool->slots = change->has_slots ? pool->slots : old.items[0].slots;
        pool->description = change->has_description ? pool->description : old.items[0].description;
        pool->include_deferred = change->has_include ? pool->include_deferred : old.items[0].include_deferred;
    }
    const struct hk_pool_row row = {pool->name.data, pool->slots, pool->description.data, pool->include_deferred};
    return hk_store_pool_set(db, &row, err);
}

static bool write_found(struct hk_db *db, struct hk__list *one, struct hk_str key, bool *found, struct hk_error *err)
{
    struct pools pools = {.arena = one->req->arena};
    return hk_store_pool_find(db, key, note_pool, &pools, found, err) &&
           (!*found || write_pool(db, &one->w, &pools.items[0], err));
}

static const struct hk__entity_kind POOLS = {
    .noun = "Pool",
    .id_member = "name",
    .path_member = "pool_name",
    .plural = "pools",
    .keys = "pool names",
    .event_post = "post_pool",
    .event_patch = "patch_pool",
    .event_delete = "delete_pool",
    .event_bulk = "bulk_pools",
    .says_unique = true,
    .read = read_pool,
    .read_patch = read_patch,
    .exists = exists,
    .save = save_pool,
    .write = write_found,
    .remove = hk_store_pool_delete,
    .after = post_news,
};

HK__ENTITY_ROUTES(pool, pools, POOLS)
