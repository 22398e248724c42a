/* Moving, once it may be: the only caller of hk_store_version_transition, hk_store_alias_set and
 * hk_store_alias_delete. */
#include "engine/store/promotion_internal.h"

#include "engine/base/clock.h"
#include "engine/store/event_store.h"
#include "engine/store/model_alias_store.h"
#include "engine/store/model_version_store.h"
#include "engine/store/webhook_news.h"

/* One promotion on its way. */
struct move {
    struct hk_db *db;
    const struct hk_promotion *p;
    struct hk_arena *arena;
    int64_t now_ms;
};

static struct hk_model_event event_of(const struct move *m, enum hk_event_kind kind)
{
    return (struct hk_model_event){.kind = kind,
                                   .model = m->p->model,
                                   .actor = m->p->actor,
                                   .comment = m->p->comment,
                                   .happened_us = m->p->now_us};
}

static bool transition(const struct move *m, const struct hk_model_version_row *version, enum hk_stage_event event,
                       enum hk_model_stage to, struct hk_error *err)
{
    if (!hk_store_version_transition(m->db, version, event, m->now_ms, err)) {
        return false;
    }
    if (version->stage == to) {
        return true;
    }
    struct hk_model_event e = event_of(m, HK_EVENT_MODEL_STAGE_CHANGED);
    e.version = version->version;
    e.from_stage = hk_model_stage_name(version->stage);
    e.target = hk_model_stage_name(to);
    return hk_store_model_event_add(m->db, &e, err);
}

/* One after the other: each is out of the stage before the next is looked for. */
static bool displace_others(const struct move *m, const struct hk_model_version_row *version, struct hk_error *err)
{
    for (;;) {
        int64_t number = 0;
        if (!hk_store_version_other_in_stage(m->db, version, m->p->stage, &number, err)) {
            return false;
        }
        if (number == 0) {
            return true;
        }
        struct hk_model_version_row other;
        if (!hk_store_model_version_get(m->db, m->p->model, number, m->arena, &other, err) ||
            !transition(m, &other, HK_STAGE_ON_DISPLACE, HK_STAGE_ARCHIVED, err)) {
            return false;
        }
    }
}

static bool to_stage(const struct move *m, const struct hk_model_version_row *version, struct hk_error *err)
{
    enum hk_stage_event event = hk_model_stage_request(m->p->stage);
    enum hk_model_stage to = version->stage;
    enum hk_stage_effect effect = HK_STAGE_DOES_NOTHING;
    if (!hk_model_stage_next(version->stage, event, &to, &effect)) {
        return hk_error_set(err, HK_INVALID, "a version in stage %s cannot %s", hk_model_stage_name(version->stage),
                            hk_stage_event_name(event));
    }
    if (m->p->archive_existing) {
        if (effect != HK_STAGE_MAY_DISPLACE) {
            return hk_error_set(err, HK_INVALID, "versions cannot be archived out of the stage %s",
                                hk_model_stage_name(to));
        }
        if (!displace_others(m, version, err)) {
            return false;
        }
    }
    return transition(m, version, event, to, err) && hk_store_model_touch(m->db, version->model_key, m->now_ms, err);
}

static bool tell_alias(const struct move *m, int64_t model_key, const char *alias, int64_t version,
                       struct hk_error *err)
{
    const struct hk_webhook_news news = {.about = HK_WEBHOOK_ALIAS,
                                         .action = version != 0 ? "created" : "deleted",
                                         .model_key = model_key,
                                         .model = m->p->model,
                                         .version = version,
                                         .subject = alias,
                                         .happened_us = m->p->now_us};
    return hk_store_webhook_tell(m->db, &news, err);
}

static bool to_alias(const struct move *m, const struct hk_model_version_row *version, struct hk_error *err)
{
    int64_t holder = 0;
    if (!hk_store_alias_holder(m->db, version->model_key, m->p->alias, &holder, err)) {
        return false;
    }
    if (holder == version->version) {
        return true;
    }
    struct hk_model_event e = event_of(m, HK_EVENT_MODEL_ALIAS_SET);
    e.version = version->version;
    e.previous_version = holder;
    e.target = m->p->alias;
    return hk_store_alias_set(m->db, version->model_key, m->p->alias, holder, version->version, err) &&
           hk_store_model_event_add(m->db, &e, err) &&
           tell_alias(m, version->model_key, m->p->alias, version->version, err);
}

static bool drop_alias(const struct move *m, int64_t model_key, const char *alias, struct hk_error *err)
{
    int64_t holder = 0;
    if (!hk_store_alias_holder(m->db, model_key, alias, &holder, err)) {
        return false;
    }
    if (holder == 0) {
        return true;
    }
    struct hk_model_event e = event_of(m, HK_EVENT_MODEL_ALIAS_DELETED);
    e.previous_version = holder;
    e.target = alias;
    return hk_store_alias_delete(m->db, model_key, alias, holder, err) && hk_store_model_event_add(m->db, &e, err) &&
           tell_alias(m, model_key, alias, 0, err);
}

struct alias_list {
    struct hk_arena *arena;
    const char **names;
    size_t count;
    size_t room;
};

static void keep_alias(void *arg, const char *alias, int64_t version)
{
    (void)version;
    struct alias_list *list = arg;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        const char **names = hk_arena_array(list->arena, room, sizeof *names);
        for (size_t i = 0; i < list->count; i++) {
            names[i] = list->names[i];
        }
        list->names = names;
        list->room = room;
    }
    list->names[list->count++] = hk_arena_strdup(list->arena, alias);
}

static bool drop_aliases(const struct move *m, int64_t model_key, int64_t version, struct hk_error *err)
{
    struct alias_list list = {.arena = m->arena};
    if (!hk_store_aliases(m->db, model_key, version, keep_alias, &list, err)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!drop_alias(m, model_key, list.names[i], err)) {
            return false;
        }
    }
    return true;
}

static bool apply_to_version(const struct move *m, struct hk_error *err)
{
    struct hk_model_version_row version;
    if (!hk_store_model_version_get(m->db, m->p->model, m->p->version, m->arena, &version, err)) {
        return false;
    }
    if (m->p->kind == HK_PROMOTE_STAGE) {
        return to_stage(m, &version, err);
    }
    if (m->p->kind == HK_PROMOTE_ALIAS) {
        return to_alias(m, &version, err);
    }
    return drop_aliases(m, version.model_key, version.version, err) &&
           transition(m, &version, HK_STAGE_ON_DELETE, HK_STAGE_DELETED, err) &&
           hk_store_model_touch(m->db, version.model_key, m->now_ms, err);
}

static bool apply_to_model(const struct move *m, struct hk_error *err)
{
    struct hk_model_row model;
    if (!hk_store_model_get(m->db, m->p->model, m->arena, &model, err)) {
        return false;
    }
    if (m->p->kind == HK_PROMOTE_ALIAS_DELETE) {
        return drop_alias(m, model.key, m->p->alias, err);
    }
    if (m->p->kind == HK_PROMOTE_MODEL_RENAME) {
        return hk_store_model_rename(m->db, model.key, m->p->new_name, m->now_ms, err);
    }
    return drop_aliases(m, model.key, 0, err) && hk_store_model_delete(m->db, model.key, err);
}

bool hk__promotion_move(struct hk_db *db, const struct hk_promotion *p, struct hk_arena *arena, struct hk_error *err)
{
    const struct move move = {db, p, arena, p->now_us / HK_MS_US};
    bool is_of_version =
        p->kind == HK_PROMOTE_STAGE || p->kind == HK_PROMOTE_ALIAS || p->kind == HK_PROMOTE_VERSION_DELETE;
    return is_of_version ? apply_to_version(&move, err) : apply_to_model(&move, err);
}
