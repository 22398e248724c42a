#include "api/airflow/routes.h"

#include <stdlib.h>

#include "api/airflow/bulk.h"
#include "api/airflow/redact.h"
#include "api/airflow/rest_internal.h"
#include "engine/base/sensitive.h"
#include "engine/store/variable_store.h"

/* As Airflow shows a value: JSON is written anew with what lies under sensitive names hidden; other text as it is, or
 * "***" when the variable's own name is sensitive. */
static void write_value(struct hk_json *w, const struct hk_variable_info *row)
{
    struct hk_error err;
    struct hk_str name = hk_str_from(row->key);
    json_t *value = hk_json_parse(row->value, &err);
    hk_json_key(w, "value");
    if (value == NULL) {
        hk_json_string(w, hk_name_is_sensitive(name) ? HK_STR("***") : row->value);
        return;
    }
    struct hk_buf text;
    hk_buf_init(&text, 8 * HK_MAX_VARIABLE_BYTES);
    json_t *shown = hk__redact(value, name);
    hk__python_json(&text, shown);
    hk_json_string(w, hk_buf_str(&text));
    hk_buf_clear(&text);
    json_decref(shown);
    json_decref(value);
}

static bool each_variable(void *arg, const struct hk_variable_info *row)
{
    struct hk_json *w = &((struct hk__list *)arg)->w;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "key", row->key);
    write_value(w, row);
    hk_json_kv_text(w, "description", row->description);
    hk_json_kv_bool(w, "is_encrypted", row->is_encrypted);
    hk_json_kv_null(w, "team_name");
    hk_json_end_object(w);
    return true;
}

void hk__variables_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_airflow *air = req->context;
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_variable_orders, NULL, &page);
    const struct hk_search search = hk__query_search(&v, "variable_key");
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
    hk__list_begin(&list, air, res, "variables");
    if (hk_store_variable_list(db, air->options.secret, &search, &page, each_variable, &list, &total, &err)) {
        hk__list_end(&list, total);
    } else {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

static bool not_found(struct hk_error *err, struct hk_str key)
{
    return hk_error_set(err, HK_NOT_FOUND, "The Variable with key: `%.*s` was not found", HK_STR_ARG(key));
}

static bool write_one(struct hk_db *db, const struct hk_airflow *air, struct hk_response *res, struct hk_str key,
                      struct hk_error *err)
{
    struct hk__list one = {.air = air, .res = res};
    hk_json_init(&one.w, &res->body);
    bool found = false;
    return hk_store_variable_find(db, air->options.secret, key, each_variable, &one, &found, err) &&
           (found || not_found(err, key));
}

void hk__variable_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_error err;
    if (!write_one(db, req->context, res, hk_request_path(req, "variable_key"), &err)) {
        hk__broken(req, res, &err);
    }
    hk__read_end(req, db);
}

/* ---- writing ---- */

struct variable {
    struct hk_variable_save save;
    bool is_new;
};

/* A string is kept as it is; any other JSON as Python's json.dumps(value, indent=2) would write it. */
static struct hk_str value_text(struct hk_arena *arena, struct hk_str json)
{
    struct hk_error err;
    json_t *value = hk_json_parse(json, &err);
    struct hk_str text;
    if (json_is_string(value)) {
        text = hk_arena_str(arena, (struct hk_str){json_string_value(value), json_string_length(value)});
    } else {
        char *dumped = json_dumps(value, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
        text = hk_arena_str(arena, hk_str_from(dumped != NULL ? dumped : "null"));
        free(dumped);
    }
    json_decref(value);
    return text;
}

static void read_variable(struct hk_validation *v, struct hk_body *body, struct variable *out)
{
    struct hk_arena *arena = v->request->arena;
    out->save.key = hk_body_text(body, "key", HK_REQUIRED);
    hk_body_check_length(body, "key", out->save.key, 0, HK_MAX_ID_BYTES);
    struct hk_str value = hk_body_document(body, "value", HK_NULLABLE);
    bool is_null = hk_body_is_null(body, "value");
    out->save.value = value.data != NULL ? value_text(arena, value)
                      : is_null          ? HK_STR("null")
                                         : (struct hk_str){NULL, 0};
    out->save.description = hk_body_text(body, "description", HK_OPTIONAL | HK_NULLABLE);
    out->save.keeps_description = !hk_body_has(body, "description");
    out->save.now_us = hk__now(v->request->context);
    struct hk_str team = hk_body_text(body, "team_name", HK_OPTIONAL | HK_NULLABLE);
    if (team.data != NULL && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "team_name cannot be set when multi_team mode is disabled. Please contact your administrator.");
    }
    if (out->save.value.len > HK_MAX_VARIABLE_BYTES) {
        hk_validation_fail(v, 413, "The value has %zu bytes, and %d is the limit; keep it in a file and its path here",
                           out->save.value.len, HK_MAX_VARIABLE_BYTES);
    }
}

static bool save_variable(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct variable *variable = c->data;
    bool found = false;
    if (!hk_store_variable_exists(db, variable->save.key, &found, err)) {
        return false;
    }
    if (variable->is_new && found) {
        return hk_error_set(err, HK_CONFLICT, "The Variable with key: `%.*s` already exists",
                            HK_STR_ARG(variable->save.key));
    }
    if (!variable->is_new && !found) {
        return not_found(err, variable->save.key);
    }
    c->res->status = variable->is_new ? 201 : 200;
    return hk_store_variable_set(db, c->air->options.secret, &variable->save, err) &&
           write_one(db, c->air, c->res, variable->save.key, err);
}

void hk__variable_post(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct variable *variable = hk_arena_alloc(req->arena, sizeof *variable);
    hk_validation_begin(&v, req);
    read_variable(&v, hk_body_open(&v, HK_STRICT), variable);
    variable->is_new = true;
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, "post_variable", variable, save_variable);
    }
}

void hk__variable_patch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct variable *variable = hk_arena_alloc(req->arena, sizeof *variable);
    hk_validation_begin(&v, req);
    read_variable(&v, hk_body_open(&v, HK_STRICT), variable);
    struct hk_texts mask = hk__update_mask(&v);
    if (v.count == 0 && !hk_str_eq(variable->save.key, hk_request_path(req, "variable_key"))) {
        hk_validation_fail(&v, 400, "Invalid body, key from request body doesn't match uri parameter");
    }
    if (!hk_validation_end(&v, res)) {
        return;
    }
    if (mask.count > 0 && !hk__texts_have(mask, "value") && !hk__texts_have(mask, "val")) {
        variable->save.value = (struct hk_str){NULL, 0};
    }
    if (mask.count > 0) {
        variable->save.keeps_description = variable->save.keeps_description || !hk__texts_have(mask, "description");
    }
    hk__write_begin(req, res, "patch_variable", variable, save_variable);
}

static bool drop_variable(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct hk_str *key = c->data;
    bool found = false;
    hk_response_empty(c->res, 204);
    return hk_store_variable_delete(db, *key, &found, err) && (found || not_found(err, *key));
}

void hk__variable_delete(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str *key = hk_arena_alloc(req->arena, sizeof *key);
    *key = hk_request_path(req, "variable_key");
    hk__write_begin(req, res, "delete_variable", key, drop_variable);
}

/* ---- bulk ---- */

static void *bulk_read(struct hk_validation *v, struct hk_body *body, struct hk_str *key)
{
    struct variable *variable = hk_arena_alloc(v->request->arena, sizeof *variable);
    read_variable(v, body, variable);
    *key = variable->save.key;
    return variable;
}

static bool bulk_exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_variable_exists(db, key, found, err);
}

static bool bulk_save(struct hk_db *db, const struct hk_airflow *air, const struct hk__bulk_entity *entity,
                      struct hk_texts mask, struct hk_error *err)
{
    struct hk_variable_save save = ((struct variable *)entity->data)->save;
    if (mask.count > 0 && !hk__texts_have(mask, "value") && !hk__texts_have(mask, "val")) {
        save.value = (struct hk_str){NULL, 0};
    }
    if (mask.count > 0 && !hk__texts_have(mask, "description")) {
        save.keeps_description = true;
    }
    return hk_store_variable_set(db, air->options.secret, &save, err);
}

static bool bulk_delete(struct hk_db *db, struct hk_str key, struct hk_error *err)
{
    bool found = false;
    return hk_store_variable_delete(db, key, &found, err);
}

static const struct hk__bulk_kind VARIABLES = {.plural = "variables",
                                               .keys = "keys",
                                               .id_member = "key",
                                               .event = "bulk_variables",
                                               .read = bulk_read,
                                               .exists = bulk_exists,
                                               .save = bulk_save,
                                               .remove = bulk_delete};

void hk__variables_bulk(const struct hk_request *req, struct hk_response *res)
{
    hk__bulk(req, res, &VARIABLES);
}
