/* webhooks: GET, POST; webhooks/ID: GET, PATCH, DELETE; webhooks/ID/test: POST. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api/mlflow/registry.h"
#include "api/mlflow/webhook_sender.h"
#include "engine/base/limits.h"

/* ---- writing them as JSON ---- */

static void write_upper(struct hk_json *w, const char *key, const char *text)
{
    char upper[64] = "";
    for (size_t i = 0; text[i] != '\0' && i + 1 < sizeof upper; i++) {
        upper[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    }
    hk_json_kv_text(w, key, upper);
}

static void write_event(void *arg, const char *entity, const char *action)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    write_upper(w, "entity", entity);
    write_upper(w, "action", action);
    hk_json_end_object(w);
}

/* Never the secret. */
static bool write_webhook(struct hk_json *w, struct hk_db *db, const struct hk_webhook_row *row, struct hk_error *err)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "webhook_id", row->webhook_id);
    hk_json_kv_text(w, "name", row->name);
    if (row->description[0] != '\0') {
        hk_json_kv_text(w, "description", row->description);
    }
    hk_json_kv_text(w, "url", row->url);
    hk_json_key(w, "events");
    hk_json_begin_array(w);
    bool ok = hk_store_webhook_events(db, row->key, write_event, w, err);
    hk_json_end_array(w);
    hk_json_kv_text(w, "status", row->is_active ? "ACTIVE" : "DISABLED");
    hk_json_kv_int(w, "creation_timestamp", row->created_ms);
    hk_json_kv_int(w, "last_updated_timestamp", row->updated_ms);
    hk_json_end_object(w);
    return ok;
}

static bool answer(struct hk_db *db, const char *webhook_id, struct hk_arena *arena, struct hk_response *res,
                   struct hk_error *err)
{
    struct hk_webhook_row row;
    if (!hk_store_webhook_get(db, webhook_id, arena, &row, err)) {
        return false;
    }
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "webhook");
    bool ok = write_webhook(&w, db, &row, err);
    hk_json_end_object(&w);
    return ok;
}

static const char *id_of(const struct hk_request *req)
{
    return hk_arena_str(req->arena, hk_request_path(req, "webhook_id")).data;
}

/* ---- reading ---- */

static bool read_one(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                     struct hk_error *err)
{
    (void)data;
    return answer(db, id_of(req), req->arena, res, err);
}

static void get(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_read(req, res, read_one, NULL);
}

struct listing {
    int64_t offset;
    int64_t limit;
    struct hk_webhook_row *rows;
    int64_t count;
};

static bool keep_row(void *arg, const struct hk_webhook_row *row)
{
    struct listing *list = arg;
    list->rows[list->count++] = *row;
    return true;
}

static void write_token(struct hk_json *w, int64_t offset)
{
    char text[48];
    struct hk_buf token;
    int len = snprintf(text, sizeof text, "{\"offset\": %lld}", (long long)offset);
    hk_buf_init(&token, 128);
    hk_secret_base64(&token, text, (size_t)len);
    hk_json_kv_str(w, "next_page_token", hk_buf_str(&token));
    hk_buf_clear(&token);
}

/* One more than is answered is read, to know whether there is a next page. */
static bool read_list(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    struct listing *list = data;
    list->rows = hk_arena_array(req->arena, (size_t)list->limit + 1, sizeof *list->rows);
    if (!hk_store_webhooks(db, list->offset, list->limit + 1, req->arena, keep_row, list, err)) {
        return false;
    }
    struct hk_json w;
    bool ok = true;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    if (list->count > 0) {
        hk_json_key(&w, "webhooks");
        hk_json_begin_array(&w);
        for (int64_t i = 0; i < list->count && i < list->limit && ok; i++) {
            ok = write_webhook(&w, db, &list->rows[i], err);
        }
        hk_json_end_array(&w);
    }
    if (list->count > list->limit) {
        write_token(&w, list->offset + list->limit);
    }
    hk_json_end_object(&w);
    return ok;
}

static int64_t read_token(struct hk__ml_arguments *args, struct hk_str token)
{
    struct hk_buf text;
    struct hk_error err;
    int64_t offset = 0;
    if (token.len == 0) {
        return 0;
    }
    hk_buf_init(&text, 128);
    bool is_base64 = token.len < 128 && hk_secret_unbase64(&text, token);
    json_t *tree = is_base64 ? hk_json_parse(hk_buf_str(&text), &err) : NULL;
    const json_t *value = json_object_get(tree, "offset");
    if (!is_base64) {
        hk__ml_mistake(args, "Invalid page token, could not base64-decode");
    } else if (!json_is_integer(value) || json_integer_value(value) <= 0) {
        hk__ml_mistake(args, "Invalid page token, parsed value was %.*s", HK_STR_ARG(hk_buf_str(&text)));
    } else {
        offset = json_integer_value(value);
    }
    json_decref(tree);
    hk_buf_clear(&text);
    return offset;
}

static void list(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct listing found = {0};
    hk__ml_arguments_open(&args, req);
    found.limit = hk__ml_int(&args, "max_results", HK__ML_OPTIONAL, 0);
    found.limit = found.limit != 0 ? found.limit : 100;
    found.offset = read_token(&args, hk__ml_string(&args, "page_token", HK__ML_OPTIONAL));
    if (found.limit < 1 || found.limit > HK_MAX_WEBHOOK_LIST) {
        hk__ml_mistake(&args, "max_results must be between 1 and %d.", HK_MAX_WEBHOOK_LIST);
    }
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_list, &found);
        hk__ml_arguments_close(&args);
    }
}

/* ---- what is said about one ---- */

static struct hk_str name_or_number(const json_t *value, const char *(*of_number)(size_t number))
{
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value)) {
        return hk_str_from(number >= 0 ? of_number((size_t)number) : NULL);
    }
    return (struct hk_str){json_string_value(value), json_string_length(value)};
}

static void read_event(struct hk__ml_arguments *args, const json_t *value, size_t *out)
{
    struct hk_str entity = name_or_number(json_object_get(value, "entity"), hk_webhook_entity_name);
    struct hk_str action = name_or_number(json_object_get(value, "action"), hk_webhook_action_name);
    hk__ml_refuse(args, hk_webhook_event_find(args->req->arena, entity, action, out));
}

static void read_events(struct hk__ml_arguments *args, struct hk_webhook_save *save, int flags)
{
    const json_t *array = hk__ml_array(args, "events", flags);
    size_t count = json_array_size(array);
    size_t *events = hk_arena_array(args->req->arena, HK_WEBHOOK_EVENTS, sizeof *events);
    for (size_t i = 0; i < count && args->mistake.data == NULL; i++) {
        size_t event = 0;
        bool is_new = true;
        read_event(args, json_array_get(array, i), &event);
        for (size_t k = 0; k < save->event_count; k++) {
            is_new = is_new && events[k] != event;
        }
        if (is_new && args->mistake.data == NULL) {
            events[save->event_count++] = event;
        }
    }
    save->events = events;
}

static void read_status(struct hk__ml_arguments *args, struct hk_webhook_save *save)
{
    static const char *const names[] = {NULL, "ACTIVE", "DISABLED"};
    struct hk_str status = hk__ml_string(args, "status", HK__ML_OPTIONAL);
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
        if (hk_str_is(status, names[i])) {
            save->has_status = true;
            save->is_active = i == 1;
        }
    }
    if (status.len > 0 && !save->has_status) {
        hk__ml_mistake(args, "Invalid status '%.*s' of a webhook. Valid statuses are: ['ACTIVE', 'DISABLED']",
                       HK_STR_ARG(status));
    }
}

/* ---- creating and changing: the host is looked up first, by a thread that may wait ---- */

struct saving {
    struct hk_webhook_save save;
    const char *webhook_id; /* NULL: a new one */
    const char *host;       /* NULL: nothing to look up */
    struct hk__ml_write write;
};

static bool run_save(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct saving *s = write->data;
    const struct hk_secret_key *secret = hk__ml(write->req)->options.secret;
    const char *id = s->webhook_id;
    bool ok = id != NULL ? hk_store_webhook_update(db, secret, id, &s->save, err)
                         : hk_store_webhook_create(db, secret, &s->save, write->req->arena, &id, err);
    return ok && answer(db, id, write->req->arena, write->res, err);
}

static const char *shown_address(struct hk_arena *arena, const struct addrinfo *info)
{
    char text[NI_MAXHOST] = "?";
    getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    return hk_arena_strdup(arena, text);
}

static const char *host_mistake(struct hk_arena *arena, const char *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code != 0) {
        return hk_arena_printf(arena, "Cannot resolve Webhook URL hostname '%s': [Errno %d] %s", host, code,
                               gai_strerror(code));
    }
    const char *mistake = NULL;
    for (const struct addrinfo *at = found; at != NULL && mistake == NULL; at = at->ai_next) {
        if (!hk_address_is_public(at->ai_addr)) {
            mistake =
                hk_arena_printf(arena, "Webhook URL must not resolve to a non-public IP address. '%s' resolves to %s.",
                                host, shown_address(arena, at));
        }
    }
    freeaddrinfo(found);
    return mistake;
}

static void look_up_and_save(void *arg)
{
    struct saving *s = arg;
    const char *mistake = host_mistake(s->write.req->arena, s->host);
    if (mistake != NULL) {
        hk__ml_fail(s->write.res, HK__ML_INVALID_VALUE, "%s", mistake);
        hk_deferred_complete(s->write.deferred);
        return;
    }
    hk__ml_write_deferred(&s->write);
}

static void save(const struct hk_request *req, struct hk_response *res, struct saving *s)
{
    struct hk_mlflow *mlflow = hk__ml(req);
    s->write = (struct hk__ml_write){.req = req, .res = res, .data = s, .run = run_save};
    if (s->host == NULL || mlflow->options.webhooks.allows_private) {
        hk__ml_write_then(req, res, &s->write);
        return;
    }
    s->write.deferred = hk_response_defer(res);
    if (!hk_job_queue_add(mlflow->options.jobs, look_up_and_save, s)) {
        hk__ml_fail(res, "TEMPORARILY_UNAVAILABLE", "too much is waiting to be done; try again in a moment");
        hk_deferred_complete(s->write.deferred);
    }
}

static struct saving *open_saving(struct hk__ml_arguments *args, const struct hk_request *req, int flags)
{
    struct saving *s = hk_arena_alloc(req->arena, sizeof *s);
    hk__ml_arguments_open(args, req);
    s->save.now_us = hk_clock_wall_us(hk__ml(req)->options.clock);
    s->save.name = hk__ml_string(args, "name", flags);
    s->save.url = hk__ml_string(args, "url", flags);
    const json_t *events = hk__ml_array(args, "events", flags);
    s->save.description = hk__ml_string(args, "description", HK__ML_OPTIONAL);
    s->save.secret = hk__ml_string(args, "secret", HK__ML_OPTIONAL);
    if (s->save.name.len > 0) {
        hk__ml_refuse(args, hk_webhook_name_mistake(req->arena, s->save.name));
    } else {
        s->save.name = (struct hk_str){0}; /* an empty one changes nothing */
    }
    if (s->save.url.len > 0) {
        const char *schemes = hk__ml(req)->options.webhooks.schemes;
        hk__ml_refuse(args, hk_webhook_url_mistake(req->arena, s->save.url, schemes, &s->host));
    } else {
        s->save.url = (struct hk_str){0};
    }
    if (flags == HK__ML_REQUIRED && json_array_size(events) == 0) {
        hk__ml_mistake(args, "Webhook events must be a non-empty list of WebhookEvent objects: [].");
    }
    read_events(args, &s->save, flags);
    read_status(args, &s->save);
    return s;
}

static void create(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct saving *s = open_saving(&args, req, HK__ML_REQUIRED);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        save(req, res, s);
    }
}

static void update(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct saving *s = open_saving(&args, req, HK__ML_OPTIONAL);
    s->webhook_id = id_of(req);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_arguments_close(&args);
        save(req, res, s);
    }
}

static bool run_delete(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    hk__ml_empty(write->res);
    return hk_store_webhook_delete(db, write->data, err);
}

static void delete_webhook(const struct hk_request *req, struct hk_response *res)
{
    hk__ml_write_begin(req, res, (void *)(uintptr_t)id_of(req), run_delete);
}

/* ---- trying ---- */

/* What MLflow sends as an example of each event. */
static const char *example_of(const struct hk_webhook_event *event)
{
    bool is_prompt = strncmp(event->entity, "prompt", 6) == 0;
    bool is_made = strcmp(event->action, "created") == 0;
    if (strcmp(event->entity, "registered_model") == 0) {
        return "{\"name\":\"example_model\",\"tags\":{\"example_key\":\"example_value\"},"
               "\"description\":\"An example registered model\"}";
    }
    if (strcmp(event->entity, "model_version") == 0) {
        return "{\"name\":\"example_model\",\"version\":\"1\",\"source\":\"models:/"
               "123\",\"run_id\":\"abcd1234abcd5678\","
               "\"tags\":{\"example_key\":\"example_value\"},\"description\":\"An example model version\"}";
    }
    if (strcmp(event->entity, "prompt") == 0) {
        return "{\"name\":\"example_prompt\",\"tags\":{\"example_key\":\"example_value\"},"
               "\"description\":\"An example prompt\"}";
    }
    if (strcmp(event->entity, "prompt_version") == 0) {
        return "{\"name\":\"example_prompt\",\"version\":\"1\",\"template\":\"Hello {{name}}!\","
               "\"tags\":{\"example_key\":\"example_value\"},\"description\":\"An example prompt version\"}";
    }
    if (strcmp(event->entity, "prompt_tag") == 0) {
        return strcmp(event->action, "set") == 0
                   ? "{\"name\":\"example_prompt\",\"key\":\"example_key\",\"value\":\"example_value\"}"
                   : "{\"name\":\"example_prompt\",\"key\":\"example_key\"}";
    }
    if (strstr(event->entity, "_alias") != NULL) {
        return is_prompt ? is_made ? "{\"name\":\"example_prompt\",\"alias\":\"example_alias\",\"version\":\"1\"}"
                                   : "{\"name\":\"example_prompt\",\"alias\":\"example_alias\"}"
               : is_made ? "{\"name\":\"example_model\",\"alias\":\"example_alias\",\"version\":\"1\"}"
                         : "{\"name\":\"example_model\",\"alias\":\"example_alias\"}";
    }
    if (strcmp(event->action, "set") == 0) {
        return is_prompt ? "{\"name\":\"example_prompt\",\"version\":\"1\",\"key\":\"example_key\","
                           "\"value\":\"example_value\"}"
                         : "{\"name\":\"example_model\",\"version\":\"1\",\"key\":\"example_key\","
                           "\"value\":\"example_value\"}";
    }
    return is_prompt ? "{\"name\":\"example_prompt\",\"version\":\"1\",\"key\":\"example_key\"}"
                     : "{\"name\":\"example_model\",\"version\":\"1\",\"key\":\"example_key\"}";
}

struct trial {
    struct hk_response *res;
    struct hk_deferred *deferred;
    size_t event; /* HK_WEBHOOK_EVENTS: the first that it has subscribed to */
    struct hk_webhook_delivery delivery;
};

static void note_first_event(void *arg, const char *entity, const char *action)
{
    struct trial *t = arg;
    for (size_t i = 0; i < HK_WEBHOOK_EVENTS && t->event == HK_WEBHOOK_EVENTS; i++) {
        if (strcmp(hk_webhook_events[i].entity, entity) == 0 && strcmp(hk_webhook_events[i].action, action) == 0) {
            t->event = i;
        }
    }
}

static void answer_trial(void *arg, const struct hk__webhook_result *result)
{
    struct trial *t = arg;
    struct hk_json w;
    hk_json_init(&w, &t->res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "result");
    hk_json_begin_object(&w);
    hk_json_kv_bool(&w, "success", result->error == NULL && result->status < 400);
    if (result->error == NULL) {
        hk_json_kv_int(&w, "response_status", result->status);
        hk_json_kv_str(&w, "response_body", result->body);
    } else {
        struct hk_buf text;
        hk_buf_init(&text, 1024);
        hk_buf_printf(&text, "Failed to test webhook: %s", result->error);
        hk_json_kv_str(&w, "error_message", hk_buf_str(&text));
        hk_buf_clear(&text);
    }
    hk_json_end_object(&w);
    hk_json_end_object(&w);
    hk_deferred_complete(t->deferred);
}

static bool read_target(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                        struct hk_error *err)
{
    struct trial *t = data;
    struct hk_mlflow *mlflow = hk__ml(req);
    struct hk_webhook_row row;
    if (!hk_store_webhook_get(db, id_of(req), req->arena, &row, err) ||
        !hk_store_webhook_target(db, mlflow->options.secret, row.webhook_id, req->arena, &t->delivery, err) ||
        !hk_store_webhook_events(db, row.key, note_first_event, t, err)) {
        return false;
    }
    const struct hk_webhook_event *event = &hk_webhook_events[t->event < HK_WEBHOOK_EVENTS ? t->event : 0];
    t->delivery.delivery_id = row.webhook_id;
    t->delivery.entity = event->entity;
    t->delivery.action = event->action;
    t->delivery.data_json = example_of(event);
    t->delivery.happened_us = hk_clock_wall_us(mlflow->options.clock);
    t->res = res;
    t->deferred = hk_response_defer(res);
    hk__webhook_sender_try(mlflow->webhooks, &t->delivery, answer_trial, t);
    return true;
}

static void test(const struct hk_request *req, struct hk_response *res)
{
    struct hk__ml_arguments args;
    struct trial *t = hk_arena_alloc(req->arena, sizeof *t);
    t->event = HK_WEBHOOK_EVENTS;
    hk__ml_arguments_open(&args, req);
    const json_t *event = hk__ml_object(&args, "event", HK__ML_OPTIONAL);
    if (event != NULL) {
        read_event(&args, event, &t->event);
    }
    hk__ml_read_with(&args, res, read_target, t);
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/webhooks", HK_ROLE_OP, create, NULL},
    {HK_METHOD_GET, "2.0/mlflow/webhooks", HK_ROLE_OP, list, NULL},
    {HK_METHOD_GET, "2.0/mlflow/webhooks/{webhook_id}", HK_ROLE_OP, get, NULL},
    {HK_METHOD_PATCH, "2.0/mlflow/webhooks/{webhook_id}", HK_ROLE_OP, update, NULL},
    {HK_METHOD_DELETE, "2.0/mlflow/webhooks/{webhook_id}", HK_ROLE_OP, delete_webhook, NULL},
    {HK_METHOD_POST, "2.0/mlflow/webhooks/{webhook_id}/test", HK_ROLE_OP, test, NULL},
};

const struct hk__ml_table hk__ml_webhooks_table = HK__ML_TABLE(routes);
