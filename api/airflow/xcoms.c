#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "api/http/python_repr.h"
#include "engine/store/version_query.h"
#include "engine/store/xcom_store.h"

/* How a value is shown. */
enum form { FORM_NONE, FORM_NATIVE, FORM_TEXT };

struct writing {
    struct hk_json *w;
    enum form form;
};

/* Python's str() of the value: a string as it is, anything else as repr() writes it. */
static void write_as_text(struct hk_json *w, struct hk_str value_json)
{
    struct hk_error err;
    json_t *value = hk_json_parse(value_json, &err);
    hk_json_key(w, "value");
    if (value == NULL || json_is_null(value)) {
        hk_json_null(w);
    } else if (json_is_string(value)) {
        hk_json_string(w, (struct hk_str){json_string_value(value), json_string_length(value)});
    } else {
        struct hk_buf text;
        hk_buf_init(&text, 8 * (size_t)HK_MAX_XCOM_BYTES);
        hk_python_repr(&text, value, 0);
        hk_json_string(w, hk_buf_str(&text));
        hk_buf_clear(&text);
    }
    json_decref(value);
}

static bool each_xcom(void *arg, const struct hk_xcom_info *x)
{
    struct writing *writing = arg;
    struct hk_json *w = writing->w;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "key", x->key);
    hk_json_kv_time(w, "timestamp", x->written_us);
    hk_json_kv_time(w, "logical_date", x->logical_us);
    hk_json_kv_int(w, "map_index", x->map_index);
    hk_json_kv_text(w, "task_id", x->task_id);
    hk_json_kv_text(w, "dag_id", x->dag_id);
    hk_json_kv_text(w, "run_id", x->run_id);
    hk_json_kv_text(w, "dag_display_name", x->dag_display_name);
    hk_json_kv_text(w, "task_display_name", x->task_display_name);
    hk_json_kv_time(w, "run_after", x->run_after_us);
    if (writing->form == FORM_NATIVE) {
        hk_json_kv_raw(w, "value", x->value_json);
    } else if (writing->form == FORM_TEXT) {
        write_as_text(w, x->value_json);
    }
    hk_json_end_object(w);
    return true;
}

static struct hk_str unless_tilde(struct hk_str id)
{
    return hk_str_is(id, "~") ? (struct hk_str){NULL, 0} : id;
}

static bool fill(struct hk_db *db, struct hk__list *list, int64_t *total, struct hk_error *err)
{
    struct writing writing = {&list->w, FORM_NONE};
    return hk_store_xcom_list(db, list->filter, list->page, each_xcom, &writing, total, err);
}

void hk__xcoms_list(const struct hk_request *req, struct hk_response *res)
{
    static const struct hk_int_rule any = {.fallback = HK_TIME_NONE, .has_least = true, .least = -1};
    static const struct hk_int_rule free_any = {.fallback = HK_TIME_NONE};
    struct hk_validation v;
    struct hk_page page;
    hk_validation_begin(&v, req);
    hk__page(&v, hk_xcom_orders, "dag_id task_id run_id map_index key", &page);
    const struct hk_xcom_filter filter = {
        .dag_id = unless_tilde(hk_request_path(req, "dag_id")),
        .run_id = unless_tilde(hk_request_path(req, "dag_run_id")),
        .task_id = unless_tilde(hk_request_path(req, "task_id")),
        .key = hk_query_text(&v, "xcom_key", HK_OPTIONAL),
        .map_index = hk_query_int(&v, "map_index", &any),
        .map_index_filter = hk_query_int(&v, "map_index_filter", &free_any),
        .key_search = hk__query_search(&v, "xcom_key"),
        .dag_display_name = hk__query_search(&v, "dag_display_name"),
        .run_id_search = hk__query_search(&v, "run_id"),
        .task_id_search = hk__query_search(&v, "task_id"),
        .logical = hk__query_times(&v, "logical_date"),
        .run_after = hk__query_times(&v, "run_after"),
    };
    if (hk_validation_end(&v, res)) {
        hk__answer_list(req, res,
                        &(struct hk__listing){.name = "xcom_entries", .filter = &filter, .page = &page, .fill = fill});
    }
}

static struct hk_xcom_key path_key(const struct hk_request *req, int64_t map_index)
{
    return (struct hk_xcom_key){.dag_id = hk_request_path(req, "dag_id"),
                                .run_id = hk_request_path(req, "dag_run_id"),
                                .task_id = hk_request_path(req, "task_id"),
                                .key = hk_request_path(req, "xcom_key"),
                                .map_index = map_index};
}

static const struct hk_int_rule MAP_INDEX = {.fallback = -1, .has_least = true, .least = -1};

struct wanted {
    struct hk_xcom_key key;
    enum form form;
};

static bool find(struct hk_db *db, struct hk__list *one, bool *found, struct hk_error *err)
{
    const struct wanted *wanted = one->filter;
    struct writing writing = {&one->w, wanted->form};
    return hk_store_xcom_find(db, &wanted->key, each_xcom, &writing, found, err);
}

void hk__xcom_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    struct wanted wanted = {path_key(req, hk_query_int(&v, "map_index", &MAP_INDEX)), FORM_NATIVE};
    (void)hk_query_bool(&v, "deserialize", HK_FALSE); /* values are plain JSON already */
    if (hk_query_bool(&v, "stringify", HK_FALSE) == HK_TRUE) {
        wanted.form = FORM_TEXT;
    }
    if (hk_validation_end(&v, res)) {
        hk__answer_one(req, res, find, &wanted, "XCom entry with key: `%.*s` not found", HK_STR_ARG(wanted.key.key));
    }
}

/* ---- writing ---- */

struct xcom {
    struct hk_xcom_key key;
    struct hk_str value_json;
    bool is_new;
};

/* Names by which Airflow's SDK would take a value for a serialized object. */
static const char *find_reserved(const json_t *value)
{
    static const char *const reserved[] = {"__cache__", "__classname__", "__data__",    "__id__", "__source",
                                           "__type",    "__var",         "__version__", NULL};
    const char *name;
    json_t *member;
    for (size_t i = 0; json_is_object(value) && reserved[i] != NULL; i++) {
        if (json_object_get(value, reserved[i]) != NULL) {
            return reserved[i];
        }
    }
    json_object_foreach ((json_t *)value, name, member) {
        const char *found = find_reserved(member);
        if (found != NULL) {
            return found;
        }
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *found = find_reserved(json_array_get(value, i));
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static struct hk_str read_value(struct hk_validation *v, struct hk_body *body)
{
    struct hk_str json = hk_body_document(body, "value", HK_NULLABLE);
    struct hk_error err;
    json_t *value = json.data != NULL ? hk_json_parse(json, &err) : NULL;
    const char *reserved = find_reserved(value);
    if (reserved != NULL) {
        hk__value_error(v, "value", json,
                        hk_arena_printf(v->request->arena,
                                        "XCom value contains reserved serialization keys: %s. These "
                                        "keys are reserved for internal use.",
                                        reserved));
    }
    json_decref(value);
    return json.data != NULL ? json : HK_STR("null");
}

struct instance {
    int64_t map_index;
    bool found;
};

static bool note_instance(void *arg, const struct hk_ti_info *t)
{
    struct instance *instance = arg;
    instance->found = instance->found || t->map_index == instance->map_index;
    return !instance->found;
}

/* The newest graph has the task, and the run the instance; what is missing is worded as Airflow does. */
static bool check_place(struct hk_db *db, const struct hk_xcom_key *key, struct hk_arena *arena, struct hk_error *err)
{
    struct hk_graph *graph = hk__need_graph(db, key->dag_id, err);
    bool has_task = graph != NULL && hk_graph_find_task(graph, key->task_id) != NULL;
    bool has_graph = graph != NULL;
    hk_graph_unref(graph);
    if (!has_task) {
        return has_graph && hk_error_set(err, HK_NOT_FOUND, "Task with ID: `%.*s` not found in dag: `%.*s`",
                                         HK_STR_ARG(key->task_id), HK_STR_ARG(key->dag_id));
    }
    struct hk__run_ref run;
    bool found = false;
    if (!hk__run_find(db, key->dag_id, key->run_id, arena, &run, &found, err)) {
        return false;
    }
    if (!found) {
        return hk_error_set(err, HK_NOT_FOUND, "Dag Run with ID: `%.*s` not found for dag: `%.*s`",
                            HK_STR_ARG(key->run_id), HK_STR_ARG(key->dag_id));
    }
    struct instance instance = {.map_index = key->map_index};
    return hk_store_ti_find(db, key->dag_id, key->run_id, key->task_id, note_instance, &instance, err) &&
           (instance.found ||
            hk_error_set(err, HK_NOT_FOUND, "Task `%.*s` of run `%.*s` has no instance with map_index: `%lld`",
                         HK_STR_ARG(key->task_id), HK_STR_ARG(key->run_id), (long long)key->map_index));
}

static bool note_found(void *arg, const struct hk_xcom_info *x)
{
    (void)arg;
    (void)x;
    return true;
}

static bool save_xcom(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct xcom *xcom = c->data;
    bool found = false;
    if ((xcom->is_new && !check_place(db, &xcom->key, c->req->arena, err)) ||
        !hk_store_xcom_find(db, &xcom->key, note_found, NULL, &found, err)) {
        return false;
    }
    if (xcom->is_new && found) {
        return hk_error_set(err, HK_CONFLICT, "The XCom with key: `%.*s` with mentioned task instance already exists.",
                            HK_STR_ARG(xcom->key.key));
    }
    if (!xcom->is_new && !found) {
        return hk_error_set(err, HK_NOT_FOUND, "The XCom with key: `%.*s` with mentioned task instance doesn't exist.",
                            HK_STR_ARG(xcom->key.key));
    }
    struct hk_json w;
    struct writing writing = {&w, FORM_NATIVE};
    hk_json_init(&w, &c->res->body);
    c->res->status = xcom->is_new ? 201 : 200;
    return hk_store_xcom_put(db, &xcom->key, xcom->value_json, hk__airflow_now(c->air), err) &&
           hk_store_xcom_find(db, &xcom->key, each_xcom, &writing, &found, err);
}

void hk__xcom_post(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct xcom *xcom = hk_arena_alloc(req->arena, sizeof *xcom);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    xcom->key = path_key(req, -1);
    xcom->key.key = hk_body_text(body, "key", HK_REQUIRED);
    xcom->value_json = read_value(&v, body);
    xcom->key.map_index = hk_body_int(body, "map_index", HK_OPTIONAL, &(struct hk_int_rule){.fallback = -1});
    xcom->is_new = true;
    if (v.count == 0 && xcom->key.key.len == 0) {
        hk_validation_fail(&v, 400, "XCom key must be a non-empty string. Received: ''");
    }
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, "create_xcom_entry", xcom, save_xcom);
    }
}

void hk__xcom_patch(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct xcom *xcom = hk_arena_alloc(req->arena, sizeof *xcom);
    hk_validation_begin(&v, req);
    struct hk_body *body = hk_body_open(&v, HK_STRICT);
    xcom->value_json = read_value(&v, body);
    xcom->key = path_key(req, hk_body_int(body, "map_index", HK_OPTIONAL, &(struct hk_int_rule){.fallback = -1}));
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, "update_xcom_entry", xcom, save_xcom);
    }
}

static bool drop_xcom(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    struct xcom *xcom = c->data;
    bool found = false;
    hk_response_empty(c->res, 204);
    return hk_store_xcom_delete(db, &xcom->key, &found, err) &&
           (found ||
            hk_error_set(err, HK_NOT_FOUND, "The XCom with key: `%.*s` with mentioned task instance doesn't exist.",
                         HK_STR_ARG(xcom->key.key)));
}

void hk__xcom_delete(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    struct xcom *xcom = hk_arena_alloc(req->arena, sizeof *xcom);
    hk_validation_begin(&v, req);
    xcom->key = path_key(req, hk_query_int(&v, "map_index", &MAP_INDEX));
    if (hk_validation_end(&v, res)) {
        hk__write_begin(req, res, "delete_xcom_entry", xcom, drop_xcom);
    }
}
