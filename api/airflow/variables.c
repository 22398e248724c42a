#include "api/airflow/routes.h"

#include <stdlib.h>

#include "api/airflow/entity.h"
#include "api/airflow/redact.h"
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

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    return hk_store_variable_list(db, list->air->options.secret, list->filter, list->page, each_variable, list, total,
                                  err);
}

void hk__variables_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_variable_orders, NULL, &page);
    const struct hk_search search = hk__query_search(&v, "variable_key");
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "variables", .filter = &search, .page = &page, .fill = fill});
    }
}

/* ---- writing ---- */

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

static void check_variable(struct hk_validation *v, struct hk_body *body, const struct hk_variable_save *save)
{
    struct hk_str team = hk_body_text(body, "team_name", HK_OPTIONAL | HK_NULLABLE);
    if (team.data != NULL && v->count == 0) {
        hk__value_error(v, NULL, (struct hk_str){NULL, 0},
                        "team_name cannot be set when multi_team mode is disabled. Please contact your administrator.");
    }
    if (save->value.len > HK_MAX_VARIABLE_BYTES) {
        hk_validation_fail(v, 413, "The value has %zu bytes, and %d is the limit; keep it in a file and its path here",
                           save->value.len, HK_MAX_VARIABLE_BYTES);
    }
}

static void *read_variable(struct hk_validation *v, struct hk_body *body, struct hk_texts mask, struct hk_str *key)
{
    struct hk_arena *arena = v->request->arena;
    struct hk_variable_save *save = hk_arena_alloc(arena, sizeof *save);
    save->key = hk_body_text(body, "key", HK_REQUIRED);
    hk_body_check_length(body, "key", save->key, 0, HK_MAX_ID_BYTES);
    struct hk_str value = hk_body_document(body, "value", HK_NULLABLE);
    bool is_null = hk_body_is_null(body, "value");
    save->value = value.data != NULL ? value_text(arena, value) : is_null ? HK_STR("null") : (struct hk_str){NULL, 0};
    save->description = hk_body_text(body, "description", HK_OPTIONAL | HK_NULLABLE);
    save->keeps_description =
        !hk_body_has(body, "description") || (mask.count > 0 && !hk__texts_have(mask, "description"));
    save->now_us = hk__airflow_now(v->request->context);
    check_variable(v, body, save);
    if (mask.count > 0 && !hk__texts_have(mask, "value") && !hk__texts_have(mask, "val")) {
        save->value = (struct hk_str){NULL, 0};
    }
    *key = save->key;
    return save;
}

static bool exists(struct hk_db *db, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_variable_exists(db, key, found, err);
}

static bool save_variable(struct hk_db *db, const struct hk_airflow *air, const struct hk__entity *entity, bool is_new,
                          struct hk_error *err)
{
    (void)is_new;
    return hk_store_variable_set(db, air->options.secret, entity->data, err);
}

static bool write_variable(struct hk_db *db, struct hk__list *one, struct hk_str key, bool *found, struct hk_error *err)
{
    return hk_store_variable_find(db, one->air->options.secret, key, each_variable, one, found, err);
}

static bool remove_variable(struct hk_db *db, struct hk_str key, struct hk_error *err)
{
    bool found = false;
    return hk_store_variable_delete(db, key, &found, err);
}

static const struct hk__entity_kind VARIABLES = {
    .noun = "Variable",
    .id_member = "key",
    .path_member = "variable_key",
    .plural = "variables",
    .keys = "keys",
    .mismatch = "Invalid body, key from request body doesn't match uri parameter",
    .event_post = "post_variable",
    .event_patch = "patch_variable",
    .event_delete = "delete_variable",
    .event_bulk = "bulk_variables",
    .read = read_variable,
    .exists = exists,
    .save = save_variable,
    .write = write_variable,
    .remove = remove_variable,
};

HK__ENTITY_ROUTES(variable, variables, VARIABLES)
