/* Variables and connections with their secrets, one page or one at a time. */
#include "api/cli/door_internal.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/connection_store.h"
#include "engine/store/variable_store.h"

/* Where rows come from and go to. */
struct reading {
    const struct hk_cli_door *door;
    struct hk_db *db;
    struct hk_json w;
};

struct kind {
    const char *member; /* of the page: "variables" */
    const char *name;   /* of the path parameter */
    const char *what;   /* "Variable" */
    const char *absent; /* the end of that sentence, as Airflow has it */
    bool (*list)(struct reading *r, struct hk_page *page, int64_t *total, struct hk_error *err);
    bool (*find)(struct reading *r, struct hk_str name, bool *found, struct hk_error *err);
};

static void text_or_null(struct hk_json *w, const char *key, struct hk_str value)
{
    hk_json_key(w, key);
    if (value.data == NULL) {
        hk_json_null(w);
    } else {
        hk_json_string(w, value);
    }
}

/* ---- variables ---- */

static bool write_variable(void *arg, const struct hk_variable_info *v)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "key", v->key);
    text_or_null(w, "value", v->value);
    hk_json_kv_text(w, "description", v->description);
    hk_json_kv_bool(w, "is_encrypted", v->is_encrypted);
    hk_json_end_object(w);
    return true;
}

static bool list_variables(struct reading *r, struct hk_page *page, int64_t *total, struct hk_error *err)
{
    static const struct hk_search everything = {.pattern = {NULL, 0}};
    page->orders[0].field = hk_order_find(hk_variable_orders, HK_STR("key"));
    return hk_store_variable_list(r->db, r->door->key, &everything, page, write_variable, &r->w, total, err);
}

static bool find_variable(struct reading *r, struct hk_str name, bool *found, struct hk_error *err)
{
    return hk_store_variable_find(r->db, r->door->key, name, write_variable, &r->w, found, err);
}

static const struct kind variables = {"variables", "key", "Variable", "does not exist", list_variables, find_variable};

/* ---- connections ---- */

static bool write_connection(void *arg, const struct hk_connection_info *c)
{
    struct hk_json *w = arg;
    hk_json_begin_object(w);
    text_or_null(w, "connection_id", c->conn_id);
    text_or_null(w, "conn_type", c->conn_type);
    text_or_null(w, "description", c->description);
    text_or_null(w, "host", c->host);
    text_or_null(w, "login", c->login);
    text_or_null(w, "schema", c->schema);
    hk_json_key(w, "port");
    if (c->port == HK_TIME_NONE) {
        hk_json_null(w);
    } else {
        hk_json_int(w, c->port);
    }
    text_or_null(w, "password", c->password);
    text_or_null(w, "extra", c->extra);
    hk_json_end_object(w);
    return true;
}

static bool list_connections(struct reading *r, struct hk_page *page, int64_t *total, struct hk_error *err)
{
    static const struct hk_search everything = {.pattern = {NULL, 0}};
    page->orders[0].field = hk_order_find(hk_connection_orders, HK_STR("connection_id"));
    return hk_store_connection_list(r->db, r->door->key, &everything, page, write_connection, &r->w, total, err);
}

static bool find_connection(struct reading *r, struct hk_str name, bool *found, struct hk_error *err)
{
    return hk_store_connection_find(r->db, r->door->key, name, write_connection, &r->w, found, err);
}

static const struct kind connections = {"connections", "connection_id",  "Connection",
                                        "not found.",  list_connections, find_connection};

/* ---- both ---- */

static bool write_page(struct reading *r, const struct kind *kind, int64_t offset, struct hk_error *err)
{
    struct hk_page page = {.limit = HK_MAX_PAGE, .offset = offset, .order_count = 1};
    int64_t total = 0;
    hk_json_begin_object(&r->w);
    hk_json_key(&r->w, kind->member);
    hk_json_begin_array(&r->w);
    bool ok = kind->list(r, &page, &total, err);
    hk_json_end_array(&r->w);
    hk_json_kv_int(&r->w, "total_entries", total);
    hk_json_end_object(&r->w);
    return ok;
}

static bool write_one(struct reading *r, const struct kind *kind, struct hk_str name, struct hk_error *err)
{
    bool found = false;
    if (!kind->find(r, name, &found, err)) {
        return false;
    }
    return found || hk_error_set(err, HK_NOT_FOUND, "%s %.*s %s", kind->what, HK_STR_ARG(name), kind->absent);
}

/* A page, or the one that the path names. */
static void answer(const struct hk_request *req, struct hk_response *res, const struct kind *kind)
{
    struct reading r = {.door = req->context};
    struct hk_str name = hk_request_path(req, kind->name);
    struct hk_error err;
    int64_t offset = 0;
    if (!hk_store_reader_take(r.door->store, &r.db, &err)) {
        hk_fail_error(req, res, &err);
        return;
    }
    hk_json_init(&r.w, &res->body);
    (void)hk_str_to_i64(hk_request_query(req, "offset"), &offset);
    bool ok = name.data != NULL ? write_one(&r, kind, name, &err) : write_page(&r, kind, offset > 0 ? offset : 0, &err);
    hk_store_reader_give(r.door->store, r.db);
    if (!ok) {
        hk_fail_error(req, res, &err);
    }
}

void hk__door_variables(const struct hk_request *req, struct hk_response *res)
{
    answer(req, res, &variables);
}

void hk__door_connections(const struct hk_request *req, struct hk_response *res)
{
    answer(req, res, &connections);
}
