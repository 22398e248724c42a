#include "api/airflow/bulk.h"

enum bulk_action { BULK_CREATE, BULK_UPDATE, BULK_DELETE, BULK_COUNT };
enum bulk_choice { BULK_FAIL, BULK_SKIP, BULK_OVERWRITE };

struct action {
    enum bulk_action action;
    enum bulk_choice choice;
    struct hk__bulk_entity *entities;
    size_t count;
    struct hk_texts mask;
};

struct outcome {
    bool was_asked;
    struct hk_str *items;
    size_t count;
    size_t cap;
    const char *error; /* NULL: none */
    int status;
};

struct bulk {
    const struct hk__bulk_kind *kind;
    struct hk_arena *arena;
    struct action *actions;
    size_t count;
    struct outcome outcomes[BULK_COUNT];
};

static const char *const ACTIONS[] = {"create", "update", "delete", NULL};

static void read_entities(struct hk_validation *v, struct hk_body *body, const struct hk__bulk_kind *kind,
                          struct action *action)
{
    struct hk_body *list;
    size_t count = hk_body_list(body, "entities", HK_REQUIRED, &list);
    action->entities = hk_arena_array(v->request->arena, count + 1, sizeof *action->entities);
    action->count = count;
    for (size_t i = 0; i < count; i++) {
        struct hk__bulk_entity *entity = &action->entities[i];
        if (action->action != BULK_DELETE) {
            entity->data = kind->read(v, hk_list_object(list, i, HK_STRICT), &entity->key);
            continue;
        }
        struct hk_str json = hk_list_document(list, i);
        if (json.len > 0 && json.data[0] == '{') {
            entity->key = hk_body_text(hk_list_object(list, i, 0), kind->id_member, HK_REQUIRED);
        } else {
            entity->key = hk_list_text(list, i);
        }
    }
}

static void read_action(struct hk_validation *v, struct hk_body *body, const struct hk__bulk_kind *kind,
                        struct action *action)
{
    static const char *const on_existence[] = {"fail", "skip", "overwrite", NULL};
    static const char *const on_absence[] = {"fail", "skip", NULL};
    int which = hk_body_enum(body, "action", HK_REQUIRED, ACTIONS, "enum");
    action->action = which >= 0 ? (enum bulk_action)which : BULK_CREATE;
    read_entities(v, body, kind, action);
    int choice = 0;
    if (action->action == BULK_CREATE) {
        choice = hk_body_enum(body, "action_on_existence", HK_OPTIONAL, on_existence, "enum");
    } else {
        choice = hk_body_enum(body, "action_on_non_existence", HK_OPTIONAL, on_absence, "enum");
    }
    action->choice = choice > 0 ? (enum bulk_choice)choice : BULK_FAIL;
    if (action->action == BULK_UPDATE) {
        action->mask = hk__body_texts(body, v->request->arena, "update_mask");
    }
}

/* Python prints a set of strings: {'a', 'b'}. */
static const char *add_name(struct hk_arena *arena, const char *names, struct hk_str key)
{
    return names == NULL ? hk_arena_printf(arena, "'%.*s'", HK_STR_ARG(key))
                         : hk_arena_printf(arena, "%s, '%.*s'", names, HK_STR_ARG(key));
}

static void note_done(struct bulk *b, struct outcome *outcome, struct hk_str key)
{
    if (outcome->count == outcome->cap) {
        size_t cap = outcome->cap == 0 ? 16 : 2 * outcome->cap;
        struct hk_str *grown = hk_arena_array(b->arena, cap, sizeof *grown);
        for (size_t i = 0; i < outcome->count; i++) {
            grown[i] = outcome->items[i];
        }
        outcome->items = grown;
        outcome->cap = cap;
    }
    outcome->items[outcome->count++] = key;
}

static bool apply(struct hk_db *db, struct hk__command *c, struct bulk *b, const struct action *action,
                  struct hk_error *err)
{
    struct outcome *outcome = &b->outcomes[action->action];
    bool wants_present = action->action != BULK_CREATE;
    bool *is_right = hk_arena_array(b->arena, action->count + 1, sizeof *is_right);
    const char *wrong = NULL;
    outcome->was_asked = true;
    for (size_t i = 0; i < action->count; i++) {
        bool found = false;
        if (!b->kind->exists(db, action->entities[i].key, &found, err)) {
            return false;
        }
        is_right[i] = found == wants_present;
        if (!is_right[i]) {
            wrong = add_name(b->arena, wrong, action->entities[i].key);
        }
    }
    if (wrong != NULL && action->choice == BULK_FAIL) {
        outcome->status = wants_present ? 404 : 409;
        outcome->error = hk_arena_printf(b->arena, "The %s with these %s: {%s} %s", b->kind->plural, b->kind->keys,
                                         wrong, wants_present ? "were not found." : "already exist.");
        return true;
    }
    for (size_t i = 0; i < action->count; i++) {
        const struct hk__bulk_entity *entity = &action->entities[i];
        if (!is_right[i] && action->choice != BULK_OVERWRITE) {
            continue;
        }
        bool ok = action->action == BULK_DELETE ? b->kind->remove(db, entity->key, err)
                                                : b->kind->save(db, c->air, entity, action->mask, err);
        if (!ok) {
            return false;
        }
        note_done(b, outcome, entity->key);
    }
    return true;
}

static void write_outcome(struct hk_json *w, const char *name, const struct outcome *outcome)
{
    hk_json_key(w, name);
    if (!outcome->was_asked) {
        hk_json_null(w);
        return;
    }
    hk_json_begin_object(w);
    hk_json_key(w, "success");
    hk_json_begin_array(w);
    for (size_t i = 0; i < outcome->count; i++) {
        hk_json_string(w, outcome->items[i]);
    }
    hk_json_end_array(w);
    hk_json_key(w, "errors");
    hk_json_begin_array(w);
    if (outcome->error != NULL) {
        hk_json_begin_object(w);
        hk_json_kv_text(w, "error", outcome->error);
        hk_json_kv_int(w, "status_code", outcome->status);
        hk_json_end_object(w);
    }
    hk_json_end_array(w);
    hk_json_end_object(w);
}

static bool finish_bulk(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct bulk *b = c->data;
    for (size_t i = 0; i < b->count; i++) {
        if (!apply(db, c, b, &b->actions[i], err)) {
            return false;
        }
    }
    struct hk_json w;
    hk_json_init(&w, &c->res->body);
    hk_json_begin_object(&w);
    for (size_t i = 0; i < BULK_COUNT; i++) {
        write_outcome(&w, ACTIONS[i], &b->outcomes[i]);
    }
    hk_json_end_object(&w);
    return true;
}

void hk__bulk(const struct hk_request *req, struct hk_response *res, const struct hk__bulk_kind *kind)
{
    struct hk_validation v;
    struct bulk *b = hk_arena_alloc(req->arena, sizeof *b);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    struct hk_body *list;
    b->kind = kind;
    b->arena = req->arena;
    b->count = hk_body_list(body, "actions", HK_REQUIRED, &list);
    b->actions = hk_arena_array(req->arena, b->count + 1, sizeof *b->actions);
    for (size_t i = 0; i < b->count; i++) {
        read_action(&v, hk_list_object(list, i, HK_STRICT), kind, &b->actions[i]);
    }
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, kind->event, b, finish_bulk);
    }
}
