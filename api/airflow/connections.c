#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/bulk.h"
#include "api/airflow/redact.h"
#include "api/airflow/rest_internal.h"
#include "engine/base/sensitive.h"
#include "engine/store/connection_store.h"

enum { MAX_CONN_ID = 200 };

static void write_text(struct hk_json *w, const char *key, struct hk_str value)
{
    hk_json_key(w, key);
    if (value.data == NULL) {
        hk_json_null(w);
    } else {
        hk_json_string(w, value);
    }
}

/* Extra is shown as JSON written anew with what lies under sensitive names hidden. */
static void write_extra(struct hk_json *w, struct hk_str extra)
{
    struct hk_error err;
    json_t *value = extra.len > 0 ? hk_json_parse(extra, &err) : NULL;
    if (value == NULL) {
        write_text(w, "extra", extra.len > 0 ? HK_STR("***") : extra);
        return;
    }
    struct hk_buf text;
    hk_buf_init(&text, 8 * HK_MAX_VARIABLE_BYTES);
    json_t *shown = hk__redact(value, (struct hk_str){NULL, 0});
    hk__python_json(&text, shown);
    hk_json_kv_str(w, "extra", hk_buf_str(&text));
    hk_buf_clear(&text);
    json_decref(shown);
    json_decref(value);
}

static bool each_connection(void *arg, const struct hk_connection_info *c)
{
    struct hk_json *w = &((struct hk__list *)arg)->w;
    hk_json_begin_object(w);
    write_text(w, "connection_id", c->conn_id);
    write_text(w, "conn_type", c->conn_type);
    write_text(w, "description", c->description);
    write_text(w, "host", c->host);
    write_text(w, "login", c->login);
    write_text(w, "schema", c->schema);
    hk_json_key(w, "port");
    if (c->port != HK_TIME_NONE) {
        hk_json_int(w, c->port);
    } else {
        hk_json_null(w);
    }
    write_text(w, "password", c->password.data != NULL ? HK_STR("***") : c->password);
    write_extra(w, c->extra);
    hk_json_kv_null(w, "team_name");
    hk_json_end_object(w);
    return true;
}

void hk__connections_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_airflow *air = req->context;
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_connection_orders, NULL, &page);
    const struct hk_search search = hk__query_search(&v, "connection_id");
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk__list list;
    struct hk_error err;
    int64_t total = 0;
    hk__list_begin(&list, air, res, "connections");
    if (hk_store_connection_list(db, air->options.secret, &search, &page, each_connection, &list, &total, &err)) {
        hk__list_end(&list, total);
    } else {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

static bool not_found(struct hk_error *err, struct hk_str conn_id)
{
    return hk_error_set(err, HK_NOT_FOUND, "The Connection with connection_id: `%.*s` was not found",
                        HK_STR_ARG(conn_id));
}

static bool write_one(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res, struct hk_str conn_id,
                      struct hk_error *err)
{
    struct hk__list one = {.air = air, .res = res};
    hk_json_init(&one.w, &res->body);
    bool found = false;
    return hk_store_connection_find(db, air->options.secret, conn_id, each_connection, &one, &found, err) &&
           (found || not_found(err, conn_id));
}

void hk__connection_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    if (!write_one(db, req->context, res, hk_request_path(req, "connection_id"), &err)) {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

/* ---- writing ---- */

enum field { CONN_TYPE, DESCRIPTION, HOST, LOGIN, SCHEMA, PORT, PASSWORD, EXTRA, FIELD_COUNT };
static const char *const FIELDS[FIELD_COUNT] = {"conn_type", "description", "host",     "login",
                                                "schema",    "port",        "password", "extra"};

struct connection {
    struct hk_connection_info row;
    bool is_set[FIELD_COUNT];
    bool is_new;
    struct hk_arena *arena;
};

static bool is_word(struct hk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
                  c == '-' || c >= 0x80;
        if (!ok) {
            return false;
        }
    }
    return text.len > 0;
}

static struct hk_str quote(struct hk_arena *arena, struct hk_str text)
{
    struct hk_buf out;
    struct hk_json w;
    hk_buf_init(&out, 16 * HK_MAX_VARIABLE_BYTES);
    hk_json_init(&w, &out);
    hk_json_string(&w, text);
    struct hk_str quoted = hk_arena_str(arena, hk_buf_str(&out));
    hk_buf_clear(&out);
    return quoted;
}

static void check_id(struct hk_validation *v, struct hk_body *body, struct hk_str conn_id)
{
    hk_body_check_length(body, "connection_id", conn_id, 0, MAX_CONN_ID);
    if (conn_id.data != NULL && !is_word(conn_id)) {
        hk_validation_add(v, &(struct hk_mistake){.type = "string_pattern_mismatch",
                                                  .where = "body",
                                                  .name = "connection_id",
                                                  .message = "String should match pattern '^[\\w.-]+$'",
                                                  .input_json = quote(v->request->arena, conn_id),
                                                  .ctx_json = HK_STR("{\"pattern\":\"^[\\\\w.-]+$\"}")});
    }
}

static void check_extra(struct hk_validation *v, struct hk_str extra)
{
    if (extra.len == 0) {
        return;
    }
    struct hk_error err;
    json_t *value = hk_json_parse(extra, &err);
    if (!json_is_object(value)) {
        hk__value_error(v, "extra", quote(v->request->arena, extra),
                        value == NULL ? "The `extra` field must be a valid JSON object (e.g., {'key': 'value'}), but "
                                        "encountered non-JSON in `extra` field"
                                      : "The `extra` field must be a valid JSON object (e.g., {'key': 'value'})");
    }
    json_decref(value);
}

static void read_connection(struct hk_validation *v, struct hk_body *body, struct connection *out)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct hk_connection_info *row = &out->row;
    out->arena = v->request->arena;
    row->conn_id = hk_body_text(body, "connection_id", HK_REQUIRED);
    check_id(v, body, row->conn_id);
    row->conn_type = hk_body_text(body, "conn_type", HK_REQUIRED);
    row->description = hk_body_text(body, "description", optional);
    row->host = hk_body_text(body, "host", optional);
    row->login = hk_body_text(body, "login", optional);
    row->schema = hk_body_text(body, "schema", optional);
    row->port = hk_body_int(body, "port", optional, &(struct hk_int_rule){.fallback = HK_TIME_NONE});
    row->password = hk_body_text(body, "password", optional);
    row->extra = hk_body_text(body, "extra", optional);
    check_extra(v, row->extra);
    if (row->extra.data != NULL && row->extra.len == 0) {
        row->extra = HK_STR("{}");
    }
    struct hk_str team = hk_body_text(body, "team_name", optional);
    if (team.data != NULL && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "team_name cannot be set when multi_team mode is disabled. Please contact your administrator.");
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        out->is_set[i] = hk_body_has(body, FIELDS[i]);
    }
    if (row->password.len > HK_MAX_VARIABLE_BYTES || row->extra.len > HK_MAX_VARIABLE_BYTES) {
        hk_validation_fail(v, 413, "password or extra is longer than the limit of %d bytes", HK_MAX_VARIABLE_BYTES);
    }
}

/* "***" under a sensitive name means "as it was": it is what was shown to the caller. */
static json_t *merge(const json_t *passed, const json_t *stored, bool hides)
{
    if (json_is_object(passed)) {
        json_t *merged = json_object();
        const char *key;
        json_t *value;
        json_object_foreach ((json_t *)passed, key, value) {
            json_object_set_new(
                merged, key,
                merge(value, json_object_get(stored, key), hides || hk_name_is_sensitive(hk_str_from(key))));
        }
        return merged;
    }
    bool is_mask = hides && json_is_string(passed) && strcmp(json_string_value(passed), "***") == 0;
    return is_mask && stored != NULL ? json_deep_copy(stored) : json_deep_copy(passed);
}

static struct hk_str merge_extra(struct hk_arena *arena, struct hk_str passed, struct hk_str stored)
{
    struct hk_error err;
    json_t *new_value = passed.len > 0 ? hk_json_parse(passed, &err) : NULL;
    json_t *old_value = stored.len > 0 ? hk_json_parse(stored, &err) : NULL;
    struct hk_str text = passed;
    if (new_value != NULL && old_value != NULL) {
        struct hk_buf out;
        hk_buf_init(&out, 8 * HK_MAX_VARIABLE_BYTES);
        json_t *merged = merge(new_value, old_value, false);
        hk__python_json(&out, merged);
        text = hk_arena_str(arena, hk_buf_str(&out));
        hk_buf_clear(&out);
        json_decref(merged);
    }
    json_decref(new_value);
    json_decref(old_value);
    return text;
}

/* Fills what the caller did not set from the row as it is. */
static bool keep_rest(void *arg, const struct hk_connection_info *old)
{
    struct connection *c = arg;
    struct hk_connection_info *row = &c->row;
    struct hk_str *const mine[] = {&row->conn_type, &row->description, &row->host, &row->login, &row->schema, NULL,
                                   &row->password,  &row->extra};
    const struct hk_str stored[] = {old->conn_type, old->description, old->host,     old->login,
                                    old->schema,    {NULL, 0},        old->password, old->extra};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!c->is_set[i] && mine[i] != NULL) {
            *mine[i] = stored[i].data != NULL ? hk_arena_str(c->arena, stored[i]) : stored[i];
        }
    }
    row->port = c->is_set[PORT] ? row->port : old->port;
    if (c->is_set[PASSWORD] && hk_str_is(row->password, "***") && old->password.data != NULL) {
        row->password = hk_arena_str(c->arena, old->password);
    }
    if (c->is_set[EXTRA]) {
        row->extra = merge_extra(c->arena, row->extra, old->extra);
    }
    return true;
}

static bool save_connection(struct hk_db *db, struct hk__command *command, struct hk_error *err)
{
    struct connection *c = command->data;
    const struct hk_airflow *air = command->air;
    bool found = false;
    if (!hk_store_connection_exists(db, c->row.conn_id, &found, err)) {
        return false;
    }
    if (c->is_new && found) {
        return hk_error_set(err, HK_CONFLICT, "The Connection with connection_id: `%.*s` already exists",
                            HK_STR_ARG(c->row.conn_id));
    }
    if (!c->is_new && !found) {
        return not_found(err, c->row.conn_id);
    }
    command->res->status = c->is_new ? 201 : 200;
    return (c->is_new ||
            hk_store_connection_find(db, air->options.secret, c->row.conn_id, keep_rest, c, &found, err)) &&
           hk_store_connection_set(db, air->options.secret, &c->row, hk__now(air), err) &&
           write_one(db, air, command->res, c->row.conn_id, err);
}

/* Airflow's words for a row that is there already, which come from its database. */
static void write_conflict(struct hk__command *c, const struct hk_error *err)
{
    if (err->code == HK_CONFLICT) {
        hk__unique_violation(c->req, c->res, err);
    } else {
        hk__broken(c->req, c->res, err);
    }
}

void hk__connection_post(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct connection *c = hk_arena_alloc(req->arena, sizeof *c);
    hk_validation_begin(&v, req);
    read_connection(&v, hk_body_open(&v, HK_STRICT), c);
    c->is_new = true;
    if (hk_validation_end(&v, res)) {
        const struct hk__command command = {.data = c, .finish = save_connection, .fail = write_conflict};
        hk__command_begin(req, res, "post_connection", &command);
    }
}

static void apply_mask(struct connection *c, struct hk_texts mask)
{
    for (size_t i = 0; mask.count > 0 && i < FIELD_COUNT; i++) {
        c->is_set[i] = c->is_set[i] && hk__texts_have(mask, FIELDS[i]);
    }
}

void hk__connection_patch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct connection *c = hk_arena_alloc(req->arena, sizeof *c);
    hk_validation_begin(&v, req);
    read_connection(&v, hk_body_open(&v, HK_STRICT), c);
    apply_mask(c, hk__update_mask(&v));
    if (v.count == 0 && !hk_str_eq(c->row.conn_id, hk_request_path(req, "connection_id"))) {
        hk_validation_fail(&v, 400, "The connection_id in the request body does not match the URL parameter");
    }
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, "patch_connection", c, save_connection);
    }
}

static bool drop_connection(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk_str *conn_id = c->data;
    bool found = false;
    hk_response_empty(c->res, 204);
    return hk_store_connection_delete(db, *conn_id, &found, err) && (found || not_found(err, *conn_id));
}

void hk__connection_delete(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str *conn_id = hk_arena_alloc(req->arena, sizeof *conn_id);
    *conn_id = hk_request_path(req, "connection_id");
    hk__write_begin(req, res, "delete_connection", conn_id, drop_connection);
}

/* ---- bulk ---- */

static void *bulk_read(struct hk_validation *v, struct hk_body *body, struct hk_str *key)
{
    struct connection *c = hk_arena_alloc(v->request->arena, sizeof *c);
    read_connection(v, body, c);
    *key = c->row.conn_id;
    return c;
}

static bool bulk_exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_connection_exists(db, key, found, err);
}

static bool bulk_save(struct hk_db *db, const struct hk_airflow *air, const struct hk__bulk_entity *entity,
                      struct hk_texts mask, struct hk_error *err)
{
    struct connection *c = entity->data;
    bool found = false;
    apply_mask(c, mask);
    return hk_store_connection_find(db, air->options.secret, c->row.conn_id, keep_rest, c, &found, err) &&
           hk_store_connection_set(db, air->options.secret, &c->row, hk__now(air), err);
}

static bool bulk_delete(struct hk_db *db, struct hk_str key, struct hk_error *err)
{
    bool found = false;
    return hk_store_connection_delete(db, key, &found, err);
}

static const struct hk__bulk_kind CONNECTIONS = {.plural = "connections",
                                                 .keys = "connection_ids",
                                                 .id_member = "connection_id",
                                                 .event = "bulk_connections",
                                                 .read = bulk_read,
                                                 .exists = bulk_exists,
                                                 .save = bulk_save,
                                                 .remove = bulk_delete};

void hk__connections_bulk(const struct hk_request *req, struct hk_response *res)
{
    hk__bulk(req, res, &CONNECTIONS);
}
