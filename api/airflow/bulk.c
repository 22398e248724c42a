#include "api/airflow/bulk.h"

static const char *const ACTIONS[] = {"create", "update", "delete", NULL};

static void read_entities(struct hk_validation *v, struct hk_body *body, struct hk__bulk_action *action,
                          hk__bulk_read_fn read_entity, const void *context)
{
    struct hk_body *list;
    action->count = hk_body_list(body, "entities", HK_REQUIRED, &list);
    action->entities = hk_arena_array(v->request->arena, action->count + 1, sizeof *action->entities);
    for (size_t i = 0; i < action->count; i++) {
        struct hk_str json = hk_list_document(list, i);
        bool is_text = action->what == HK__BULK_DELETE && json.len > 0 && json.data[0] == '"';
        action->entities[i] =
            is_text ? read_entity(v, context, action, NULL, hk_list_text(list, i))
                    : read_entity(v, context, action, hk_list_object(list, i, HK_STRICT), (struct hk_str){NULL, 0});
    }
}

static void read_action(struct hk_validation *v, struct hk_body *body, struct hk__bulk_action *action,
                        hk__bulk_read_fn read_entity, const void *context)
{
    static const char *const on_existence[] = {"fail", "skip", "overwrite", NULL};
    static const char *const on_absence[] = {"fail", "skip", NULL};
    int which = hk_body_enum(body, "action", HK_REQUIRED, ACTIONS, "enum");
    action->what = which >= 0 ? (enum hk__bulk_do)which : HK__BULK_CREATE;
    hk_body_tag(body, ACTIONS[action->what]);
    if (action->what == HK__BULK_UPDATE) {
        action->mask = hk__body_texts(body, v->request->arena, "update_mask");
    }
    read_entities(v, body, action, read_entity, context);
    int otherwise = action->what == HK__BULK_CREATE
                        ? hk_body_enum(body, "action_on_existence", HK_OPTIONAL, on_existence, "enum")
                        : hk_body_enum(body, "action_on_non_existence", HK_OPTIONAL, on_absence, "enum");
    action->otherwise = otherwise > 0 ? (enum hk__bulk_otherwise)otherwise : HK__BULK_FAIL;
}

void hk__bulk_read(struct hk_validation *v, struct hk__bulk *bulk, hk__bulk_read_fn read_entity, const void *context)
{
    struct hk_body *body = hk_body_open(v, HK_STRICT);
    struct hk_body *list;
    *bulk = (struct hk__bulk){.arena = v->request->arena};
    bulk->count = hk_body_list(body, "actions", HK_REQUIRED, &list);
    bulk->actions = hk_arena_array(bulk->arena, bulk->count + 1, sizeof *bulk->actions);
    for (size_t i = 0; i < bulk->count; i++) {
        read_action(v, hk_list_object(list, i, HK_STRICT), &bulk->actions[i], read_entity, context);
    }
}

struct hk__bulk *hk__bulk_take(const struct hk_request *req, struct hk_response *res, hk__bulk_read_fn read_entity,
                               bool (*prepare)(struct hk_db *db, struct hk__bulk *bulk, const struct hk_request *req,
                                               struct hk_error *err))
{
    struct hk_validation v;
    struct hk_error err;
    struct hk__bulk *bulk = hk_arena_alloc(req->arena, sizeof *bulk);
    hk_validation_begin(&v, req);
    hk__bulk_read(&v, bulk, read_entity, NULL);
    if (!hk_validation_end(&v, res)) {
        return NULL;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return NULL;
    }
    bool ok = prepare(db, bulk, req, &err);
    hk__read_end(req, db);
    if (!ok) {
        hk__broken(req, res, &err);
        return NULL;
    }
    return bulk;
}

void hk__bulk_begin_action(struct hk__bulk *bulk, enum hk__bulk_do what)
{
    bulk->outcomes[what].was_asked = true;
}

static void add_item(struct hk__bulk *bulk, enum hk__bulk_do what, int status, const char *fmt, va_list args)
{
    struct hk__bulk_outcome *outcome = &bulk->outcomes[what];
    if (outcome->count == outcome->cap) {
        outcome->cap = outcome->cap == 0 ? 16 : 2 * outcome->cap;
        struct hk__bulk_item *grown = hk_arena_array(bulk->arena, outcome->cap, sizeof *grown);
        for (size_t i = 0; i < outcome->count; i++) {
            grown[i] = outcome->items[i];
        }
        outcome->items = grown;
    }
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = hk_arena_alloc(bulk->arena, size);
    vsnprintf(text, size, fmt, args);
    outcome->items[outcome->count++] = (struct hk__bulk_item){text, status};
}

void hk__bulk_done(struct hk__bulk *bulk, enum hk__bulk_do what, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_item(bulk, what, 0, fmt, args);
    va_end(args);
}

void hk__bulk_error(struct hk__bulk *bulk, enum hk__bulk_do what, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_item(bulk, what, status, fmt, args);
    va_end(args);
}

static void write_errors(struct hk_json *w, const struct hk__bulk_outcome *outcome)
{
    hk_json_key(w, "errors");
    hk_json_begin_array(w);
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome->items[i].status != 0) {
            hk_json_begin_object(w);
            hk_json_kv_text(w, "error", outcome->items[i].text);
            hk_json_kv_int(w, "status_code", outcome->items[i].status);
            hk_json_end_object(w);
        }
    }
    hk_json_end_array(w);
}

static void write_outcome(struct hk_json *w, const struct hk__bulk_outcome *outcome)
{
    hk_json_begin_object(w);
    hk_json_key(w, "success");
    hk_json_begin_array(w);
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome->items[i].status == 0) {
            hk_json_text(w, outcome->items[i].text);
        }
    }
    hk_json_end_array(w);
    write_errors(w, outcome);
    hk_json_end_object(w);
}

void hk__bulk_write(struct hk_response *res, const struct hk__bulk *bulk)
{
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    for (size_t i = 0; i < HK__BULK_COUNT; i++) {
        hk_json_key(&w, ACTIONS[i]);
        if (bulk->outcomes[i].was_asked) {
            write_outcome(&w, &bulk->outcomes[i]);
        } else {
            hk_json_null(&w);
        }
    }
    hk_json_end_object(&w);
}
