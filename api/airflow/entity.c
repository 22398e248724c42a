#include "api/airflow/entity.h"

static bool not_found(const struct hk__entity_kind *kind, struct hk_str key, struct hk_error *err)
{
    return hk_error_set(err, HK_NOT_FOUND, "The %s with %s: `%.*s` was not found", kind->noun, kind->id_member,
                        HK_STR_ARG(key));
}

static bool write_one(struct hk_db *db, const struct hk__entity_kind *kind, struct hk__list *one, struct hk_str key,
                      struct hk_error *err)
{
    bool found = false;
    return kind->write(db, one, key, &found, err) && (found || not_found(kind, key, err));
}

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    const struct hk__entity_kind *kind = one->filter;
    *found = true;
    return write_one(db, kind, one, hk_request_path(one->req, kind->path_member), err);
}

void hk__entity_get(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind)
{
    hk__answer_one(req, res, find, kind, "%s", "");
}

/* ---- POST, PATCH and DELETE of one ---- */

struct change {
    const struct hk__entity_kind *kind;
    struct hk__entity entity;
    bool is_new;
};

static bool check_there(struct hk_db *db, const struct change *change, struct hk_error *err)
{
    bool found = false;
    if (!change->kind->exists(db, change->entity.key, &found, err)) {
        return false;
    }
    if (change->is_new && found) {
        return hk_error_set(err, HK_CONFLICT, "The %s with %s: `%.*s` already exists", change->kind->noun,
                            change->kind->id_member, HK_STR_ARG(change->entity.key));
    }
    return change->is_new || found || not_found(change->kind, change->entity.key, err);
}

static bool finish_save(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct change *change = c->data;
    struct hk__list one = {.air = c->air, .req = c->req, .res = c->res};
    hk_json_init(&one.w, &c->res->body);
    c->res->status = change->is_new ? 201 : 200;
    return check_there(db, change, err) && change->kind->save(db, c->air, &change->entity, change->is_new, err) &&
           write_one(db, change->kind, &one, change->entity.key, err);
}

static bool finish_delete(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct change *change = c->data;
    hk_response_empty(c->res, 204);
    return check_there(db, change, err) && change->kind->remove(db, change->entity.key, err);
}

static void after_change(struct hk__command *c)
{
    const struct change *change = c->data;
    if (change->kind->after != NULL) {
        change->kind->after(c->air, &change->entity);
    }
}

static void fail_change(struct hk__command *c, const struct hk_error *err)
{
    const struct change *change = c->data;
    if (err->code == HK_CONFLICT && change->kind->says_unique) {
        hk__unique_violation(c->req, c->res, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

static void begin_change(const struct hk_request *req, struct hk_response *res, const char *event,
                         struct change *change,
                         bool (*finish)(struct hk_db *db, struct hk__command *c, struct hk_error *err))
{
    const struct hk__command command = {.data = change, .finish = finish, .after = after_change, .fail = fail_change};
    hk__command_begin(req, res, event, &command);
}

static struct change *new_change(const struct hk_request *req, const struct hk__entity_kind *kind)
{
    struct change *change = hk_arena_alloc(req->arena, sizeof *change);
    change->kind = kind;
    return change;
}

void hk__entity_post(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind)
{
    struct hk_validation v;
    struct change *change = new_change(req, kind);
    hk_validation_begin(&v, req);
    change->is_new = true;
    change->entity.data = kind->read(&v, hk_body_open(&v, HK_STRICT), (struct hk_texts){NULL, 0}, &change->entity.key);
    if (hk_validation_end(&v, res)) {
        begin_change(req, res, kind->event_post, change, finish_save);
    }
}

void hk__entity_patch(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind)
{
    struct hk_validation v;
    struct change *change = new_change(req, kind);
    struct hk_str key = hk_request_path(req, kind->path_member);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    struct hk_texts mask = hk__update_mask(&v);
    if (kind->read_patch != NULL) {
        change->entity.key = key;
        change->entity.data = kind->read_patch(&v, body, mask, key);
    } else {
        change->entity.data = kind->read(&v, body, mask, &change->entity.key);
        if (v.count == 0 && !hk_str_eq(change->entity.key, key)) {
            hk_validation_fail(&v, 400, "%s", kind->mismatch);
        }
    }
    if (hk_validation_end(&v, res)) {
        begin_change(req, res, kind->event_patch, change, finish_save);
    }
}

void hk__entity_delete(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind)
{
    struct change *change = new_change(req, kind);
    change->entity.key = hk_request_path(req, kind->path_member);
    begin_change(req, res, kind->event_delete, change, finish_delete);
}

/* ---- bulk ---- */

struct bulk {
    struct hk__bulk frame;
    const struct hk__entity_kind *kind;
    const struct hk__entity **done;
    size_t done_count;
};

static void *read_entity(struct hk_validation *v, const void *context, const struct hk__bulk_action *action,
                         struct hk_body *object, struct hk_str text)
{
    const struct hk__entity_kind *kind = context;
    struct hk__entity *entity = hk_arena_alloc(v->request->arena, sizeof *entity);
    if (action->what != HK__BULK_DELETE) {
        entity->data = kind->read(v, object, action->mask, &entity->key);
    } else if (object != NULL) {
        (void)kind->read(v, object, action->mask, &entity->key);
    } else {
        entity->key = text;
    }
    return entity;
}

/* Python prints a set of strings: {'a', 'b'}. */
static const char *add_name(struct hk_arena *arena, const char *names, struct hk_str key)
{
    return names == NULL ? hk_arena_printf(arena, "'%.*s'", HK_STR_ARG(key))
                         : hk_arena_printf(arena, "%s, '%.*s'", names, HK_STR_ARG(key));
}

/* Marks those that are (create) or are not (update, delete) there already; false: the action fails, or err is set. */
static bool find_wrong(struct hk_db *db, struct bulk *b, const struct hk__bulk_action *action, bool *is_wrong,
                       struct hk_error *err)
{
    bool wants_there = action->what != HK__BULK_CREATE;
    const char *wrong = NULL;
    for (size_t i = 0; i < action->count; i++) {
        const struct hk__entity *entity = action->entities[i];
        bool found = false;
        if (!b->kind->exists(db, entity->key, &found, err)) {
            return false;
        }
        is_wrong[i] = found != wants_there;
        wrong = is_wrong[i] ? add_name(b->frame.arena, wrong, entity->key) : wrong;
    }
    if (wrong == NULL || action->otherwise != HK__BULK_FAIL) {
        return true;
    }
    err->code = HK_OK;
    hk__bulk_error(&b->frame, action->what, wants_there ? 404 : 409, "The %s with these %s: {%s} %s", b->kind->plural,
                   b->kind->keys, wrong, wants_there ? "were not found." : "already exist.");
    return false;
}

static bool apply_one(struct hk_db *db, struct bulk *b, const struct hk_airflow *air,
                      const struct hk__bulk_action *action, const struct hk__entity *entity, bool is_new,
                      struct hk_error *err)
{
    bool ok = action->what == HK__BULK_DELETE ? b->kind->remove(db, entity->key, err)
                                              : b->kind->save(db, air, entity, is_new, err);
    if (ok) {
        hk__bulk_done(&b->frame, action->what, "%.*s", HK_STR_ARG(entity->key));
        b->done[b->done_count++] = entity;
    }
    return ok;
}

/* What the caller asked for and cannot have ends the action, what broke ends the request. */
static bool apply(struct hk_db *db, struct bulk *b, const struct hk_airflow *air, const struct hk__bulk_action *action,
                  struct hk_error *err)
{
    bool *is_wrong = hk_arena_array(b->frame.arena, action->count + 1, sizeof *is_wrong);
    hk__bulk_begin_action(&b->frame, action->what);
    if (!find_wrong(db, b, action, is_wrong, err)) {
        return err->code == HK_OK;
    }
    for (size_t i = 0; i < action->count; i++) {
        bool is_new = action->what == HK__BULK_CREATE && !is_wrong[i];
        if (is_wrong[i] && action->otherwise != HK__BULK_OVERWRITE) {
            continue;
        }
        if (!apply_one(db, b, air, action, action->entities[i], is_new, err)) {
            int status = hk_code_status(err->code);
            if (status < 500) {
                hk__bulk_error(&b->frame, action->what, status, "%s", err->message);
            }
            return status < 500;
        }
    }
    return true;
}

static bool finish_bulk(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct bulk *b = c->data;
    bool ok = true;
    for (size_t i = 0; ok && i < b->frame.count; i++) {
        ok = apply(db, b, c->air, &b->frame.actions[i], err);
    }
    if (ok) {
        hk__bulk_write(c->res, &b->frame);
    }
    return ok;
}

static void after_bulk(struct hk__command *c)
{
    const struct bulk *b = c->data;
    for (size_t i = 0; b->kind->after != NULL && i < b->done_count; i++) {
        b->kind->after(c->air, b->done[i]);
    }
}

void hk__entities_bulk(const struct hk_request *req, struct hk_response *res, const struct hk__entity_kind *kind)
{
    struct hk_validation v;
    struct bulk *b = hk_arena_alloc(req->arena, sizeof *b);
    hk_validation_begin(&v, req);
    hk__bulk_read(&v, &b->frame, read_entity, kind);
    size_t count = 0;
    for (size_t i = 0; i < b->frame.count; i++) {
        count += b->frame.actions[i].count;
    }
    b->kind = kind;
    b->done = hk_arena_array(req->arena, count + 1, sizeof(struct hk__entity *));
    if (hk_validation_end(&v, res)) {
        const struct hk__command command = {.data = b, .finish = finish_bulk, .after = after_bulk};
        hk__command_begin(req, res, kind->event_bulk, &command);
    }
}
