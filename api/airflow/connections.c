#include "api/airflow/routes.h"

#include <string.h>

#include "api/airflow/entity.h"
#include "api/airflow/redact.h"
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

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_connection_list(db, list->air->options.secret, list->filter, list->page, each_connection, list,
                                    total, err);
}

void hk__connections_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_connection_orders, NULL, &page);
    const struct hk_search search = hk__query_search(&v, "connection_id");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "connections", .filter = &search, .page = &page, .fill = fill});
    }
}

/* ---- writing ---- */

enum field { CONN_TYPE, DESCRIPTION, HOST, LOGIN, SCHEMA, PORT, PASSWORD, EXTRA, FIELD_COUNT };
static const char *const FIELDS[FIELD_COUNT] = {"conn_type", "description", "host",     "login",
                                                "schema",    "port",        "password", "extra"};

struct connection {
    struct hk_connection_info row;
    bool is_set[FIELD_COUNT];
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

static void check_id(struct hk_validation *v, struct hk_body *body, struct hk_str conn_id)
{
    hk_body_check_length(body, "connection_id", conn_id, 0, MAX_CONN_ID);
    if (conn_id.data != NULL && !is_word(conn_id)) {
        hk_validation_add(v, &(struct hk_mistake){.type = "string_pattern_mismatch",
                                                  .where = "body",
                                                  .name = "connection_id",
                                                  .message = "String should match pattern '^[\\w.-]+$'",
                                                  .input_json = hk__quote(v->request->arena, conn_id),
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
        hk__value_error(v, "extra", hk__quote(v->request->arena, extra),
                        value == NULL ? "The `extra` field must be a valid JSON object (e.g., {'key': 'value'}), but "
                                        "encountered non-JSON in `extra` field"
                                      : "The `extra` field must be a valid JSON object (e.g., {'key': 'value'})");
    }
    json_decref(value);
}

static void *read_connection(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str *key)
{
    const unsigned optional = HK_OPTIONAL | HK_NULLABLE;
    struct connection *out = hk_arena_alloc(v->request->arena, sizeof *out);
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
        out->is_set[i] = hk_body_has(body, FIELDS[i]) && (mask.count == 0 || hk__texts_have(mask, FIELDS[i]));
    }
    out->is_set[PASSWORD] = out->is_set[PASSWORD] && row->password.len > 0; /* nothing does not take one away */
    if (row->password.len > HK_MAX_VARIABLE_BYTES || row->extra.len > HK_MAX_VARIABLE_BYTES) {
        hk_validation_fail(v, 413, "password or extra is longer than the limit of %d bytes", HK_MAX_VARIABLE_BYTES);
    }
    *key = row->conn_id;
    return out;
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

static bool exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_connection_exists(db, key, found, err);
}

static bool save_connection(struct hk_db *db, const struct hk_airflow *air, const struct hk__entity *entity,
                            bool is_new, struct hk_error *err)
{
    struct connection *c = entity->data;
    bool found = false;
    return (is_new || hk_store_connection_find(db, air->options.secret, entity->key, keep_rest, c, &found, err)) &&
           hk_store_connection_set(db, air->options.secret, &c->row, hk__airflow_now(air), err);
}

static bool write_connection(struct hk_db *db, struct hk__list *one, struct hk_str key, bool *found,
                             struct hk_error *err)
{
    return hk_store_connection_find(db, one->air->options.secret, key, each_connection, one, found, err);
}

static bool remove_connection(struct hk_db *db, struct hk_str key, struct hk_error *err)
{
    bool found = false;
    return hk_store_connection_delete(db, key, &found, err);
}

static const struct hk__entity_kind CONNECTIONS = {
    .noun = "Connection",
    .id_member = "connection_id",
    .path_member = "connection_id",
    .plural = "connections",
    .keys = "connection_ids",
    .mismatch = "The connection_id in the request body does not match the URL parameter",
    .event_post = "post_connection",
    .event_patch = "patch_connection",
    .event_delete = "delete_connection",
    .event_bulk = "bulk_connections",
    .says_unique = true,
    .read = read_connection,
    .exists = exists,
    .save = save_connection,
    .write = write_connection,
    .remove = remove_connection,
};

HK__ENTITY_ROUTES(connection, connections, CONNECTIONS)

/* ---- tests: switched off, as in an Airflow that was not told otherwise; nothing is ever enqueued ---- */

void hk__connection_test(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_str conn_id;
    hk_validation_begin(&v, req);
    (void)read_connection(&v, hk_body_open(&v, HK_STRICT), (struct hk_texts){NULL, 0}, &conn_id);
    if (hk_validation_end(&v, res)) {
        hk__detail(res, 403,
                   "Testing connections is disabled in Airflow configuration. Contact your deployment admin to enable "
                   "it.");
    }
}

void hk__connection_test_get(const struct hk_request *req, struct hk_response *res)
{
    static const char name[] = "Airflow-Connection-Test-Token";
    struct hk_validation v;
    struct hk_str token = hk_request_header(req, name);
    hk_validation_begin(&v, req);
    if (token.data == NULL) {
        hk_validation_add(
            &v, &(struct hk_mistake){.type = "missing", .where = "header", .name = name, .message = "Field required"});
    }
    if (hk_validation_end(&v, res)) {
        hk__detail(res, 404, "No connection test found for token: `%.*s`", HK_STR_ARG(token));
    }
}
