/* The way of a command: HTTP thread -> loop (the scheduler decides) -> commit -> writer thread (what is the door's to
 * write, and the answer, read from the very state that was committed) -> commit -> client. Everything it needs lives in
 * the request's arena, which belongs to the deferred handle until it is completed. */
#include <stdlib.h>
#include <string.h>

#include "api/airflow/redact.h"
#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/base/sensitive.h"

enum { MAX_EXTRA_BYTES = 64 * 1024 };

/* ---- the audit row ---- */

struct audit {
    struct hk_arena arena;
    struct hk_audit_save save;
    struct hk_deferred *deferred; /* NULL, or an answer that waits for the row */
};

static const char *const NOT_EXTRA[] = {"csrf_token", "_csrf_token", "is_paused",    "dag_id", "task_id",
                                        "dag_run_id", "run_id",      "logical_date", NULL};

static bool is_extra(struct hk_str name)
{
    for (size_t i = 0; NOT_EXTRA[i] != NULL; i++) {
        if (hk_str_is(name, NOT_EXTRA[i])) {
            return false;
        }
    }
    return true;
}

static void add_pairs(json_t *extra, const struct hk_pairs *pairs)
{
    for (size_t i = 0; i < pairs->len; i++) {
        const struct hk_pair *pair = &pairs->items[i];
        if (is_extra(pair->name)) {
            bool hides = hk_name_is_sensitive(pair->name);
            json_object_setn_new(extra, pair->name.data, pair->name.len,
                                 hides ? json_string("***") : json_stringn(pair->value.data, pair->value.len));
        }
    }
}

/* Variables never show their value here, connections never their extra: whatever the key's name. */
static json_t *mask_member(const char *key, json_t *value, bool is_variable, bool is_connection)
{
    if ((is_variable && (strcmp(key, "val") == 0 || strcmp(key, "value") == 0)) ||
        (is_connection && strcmp(key, "extra") == 0 && !json_is_null(value))) {
        return json_string("***");
    }
    return hk__redact(value, hk_str_from(key));
}

static json_t *mask_object(json_t *body, bool is_variable, bool is_connection);

static json_t *mask_entities(json_t *value, bool is_variable, bool is_connection)
{
    if (json_is_object(value)) {
        return mask_object(value, is_variable, is_connection);
    }
    if (!json_is_array(value)) {
        return json_incref(value);
    }
    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_array_append_new(copy, mask_entities(json_array_get(value, i), is_variable, is_connection));
    }
    return copy;
}

static json_t *mask_object(json_t *body, bool is_variable, bool is_connection)
{
    json_t *copy = json_object();
    const char *key;
    json_t *value;
    json_object_foreach (body, key, value) {
        bool is_bulk = strcmp(key, "actions") == 0 || strcmp(key, "entities") == 0;
        json_object_set_new(copy, key,
                            is_bulk ? mask_entities(value, is_variable, is_connection)
                                    : mask_member(key, value, is_variable, is_connection));
    }
    return copy;
}

static json_t *make_extra(const struct hk_request *req, const char *event, json_t *body)
{
    bool is_variable = strstr(event, "variable") != NULL;
    bool is_connection = strstr(event, "connection") != NULL;
    json_t *extra = json_object();
    if (body == NULL || (!is_variable && !is_connection)) {
        add_pairs(extra, &req->query);
        add_pairs(extra, &req->path_parameters);
    }
    if (body != NULL) {
        json_t *masked = mask_object(body, is_variable, is_connection);
        json_object_update(extra, masked);
        json_decref(masked);
    }
    json_object_set_new(extra, "method", json_string(hk_method_name(req->method)));
    return extra;
}

static struct hk_str member_text(struct audit *audit, const struct hk_request *req, json_t *body, const char *name)
{
    struct hk_str value = hk_request_path(req, name);
    if (value.data == NULL) {
        value = hk_request_query(req, name);
    }
    const char *written = body != NULL ? json_string_value(json_object_get(body, name)) : NULL;
    if (written != NULL) {
        value = hk_str_from(written);
    }
    return value.data == NULL ? value : hk_arena_str(&audit->arena, value);
}

static bool add_audit(struct hk_db *db, void *arg, struct hk_error *err)
{
    return hk_store_audit_add(db, &((struct audit *)arg)->save, err);
}

static void free_audit(void *arg, const struct hk_error *err)
{
    struct audit *audit = arg;
    if (err != NULL) {
        hk_log(HK_ERROR, "airflow", "audit row could not be written", HK_KEY("event", audit->save.event),
               HK_KEY("why", err->message));
    }
    if (audit->deferred != NULL) {
        hk_deferred_complete(audit->deferred);
    }
    hk_arena_clear(&audit->arena);
    free(audit);
}

static void fill_audit(struct audit *audit, const struct hk_request *req, json_t *body)
{
    struct hk_audit_save *save = &audit->save;
    if (req->caller.username.len > 0) {
        save->owner = hk_arena_str(&audit->arena, req->caller.username);
    }
    save->dag_id = member_text(audit, req, body, "dag_id");
    save->task_id = member_text(audit, req, body, "task_id");
    save->run_id = member_text(audit, req, body, "run_id");
    if (save->run_id.data == NULL) {
        save->run_id = member_text(audit, req, body, "dag_run_id");
    }
    json_t *extra = make_extra(req, save->event, body);
    struct hk_buf text;
    hk_buf_init(&text, MAX_EXTRA_BYTES);
    hk__python_json(&text, extra);
    save->extra = hk_arena_str(&audit->arena, text.is_full ? HK_STR("{\"too_long\": true}") : hk_buf_str(&text));
    hk_buf_clear(&text);
    json_decref(extra);
}

static void write_audit(const struct hk_request *req, const char *event, struct hk_deferred *deferred)
{
    struct hk_airflow *air = req->context;
    struct audit *audit = hk_alloc(sizeof *audit);
    audit->save =
        (struct hk_audit_save){.happened_us = hk__airflow_now(air), .event = event, .map_index = HK_TIME_NONE};
    audit->deferred = deferred;
    struct hk_error err;
    json_t *body = req->body.len > 0 ? hk_json_parse(req->body, &err) : NULL;
    fill_audit(audit, req, json_is_object(body) ? body : NULL);
    json_decref(body);
    const struct hk_write write = {.run = add_audit, .done = free_audit, .arg = audit, .done_on_writer = true};
    hk_store_submit(air->options.store, &write);
}

void hk__audit_refused(const struct hk_request *req, struct hk_response *res, const char *event)
{
    write_audit(req, event, hk_response_defer(res));
}

/* ---- the command ---- */

static void answer_failure(struct hk__command *c, const struct hk_error *err)
{
    if (c->fail != NULL) {
        hk_buf_reset(&c->res->body);
        c->fail(c, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

static bool run_finish(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct hk__command *c = arg;
    hk_buf_reset(&c->res->body);
    return c->finish(db, c, err);
}

static void finished(void *arg, const struct hk_error *err)
{
    struct hk__command *c = arg;
    if (err != NULL) {
        answer_failure(c, err);
    } else if (c->after != NULL) {
        c->after(c);
    }
    hk_deferred_complete(c->deferred);
}

static void submit_finish(struct hk__command *c)
{
    const struct hk_write write = {.run = run_finish, .done = finished, .arg = c, .done_on_writer = true};
    hk_store_submit(c->air->options.store, &write);
}

void hk__command_next(void *command, const struct hk_error *err)
{
    struct hk__command *c = command;
    if (err != NULL && !c->has_failed) {
        c->has_failed = true;
        c->err = *err;
    }
    if (c->pending > 0 && --c->pending > 0) {
        return;
    }
    if (c->has_failed) {
        answer_failure(c, &c->err);
        hk_deferred_complete(c->deferred);
        return;
    }
    submit_finish(c);
}

void hk__command_expect(struct hk__command *c, size_t count)
{
    HK_ASSERT(count > 0);
    c->pending = count;
}

static void start_on_loop(void *arg)
{
    struct hk__command *c = arg;
    c->start(c);
}

void hk__command_begin(const struct hk_request *req, struct hk_response *res, const char *event,
                       const struct hk__command *command)
{
    struct hk__command *c = hk_arena_alloc(req->arena, sizeof *c);
    *c = *command;
    c->air = req->context;
    c->req = req;
    c->res = res;
    c->deferred = hk_response_defer(res);
    if (event != NULL) {
        write_audit(req, event, NULL);
    }
    if (c->start != NULL) {
        c->air->options.post(c->air->options.post_context, start_on_loop, c);
    } else {
        submit_finish(c);
    }
}
