/* Tasks as they are in the newest version of a DAG: from the graph, and for what hanok itself does not use from the
 * reader's extra_json. */
#include "api/airflow/routes.h"

#include <stdlib.h>
#include <string.h>

#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"
#include "engine/store/version_query.h"

static void write_delta(struct hk_json *w, const char *key, int64_t us, bool is_null)
{
    if (is_null) {
        hk_json_kv_null(w, key);
        return;
    }
    int64_t days = us / HK_DAY_US;
    int64_t rest = us % HK_DAY_US;
    hk_json_key(w, key);
    hk_json_begin_object(w);
    hk_json_kv_text(w, "__type", "TimeDelta");
    hk_json_kv_int(w, "days", days);
    hk_json_kv_int(w, "seconds", rest / HK_SECOND_US);
    hk_json_kv_int(w, "microseconds", rest % HK_SECOND_US);
    hk_json_end_object(w);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_downstream(struct hk_json *w, const struct hk_graph *g, const struct hk_task *t)
{
    const char **names = hk_alloc_array(t->downstream_count + 1, sizeof *names);
    for (uint32_t i = 0; i < t->downstream_count; i++) {
        names[i] = g->tasks[t->downstream[i]].task_id;
    }
    qsort(names, t->downstream_count, sizeof *names, compare_names);
    hk_json_key(w, "downstream_task_ids");
    hk_json_begin_array(w);
    for (uint32_t i = 0; i < t->downstream_count; i++) {
        hk_json_text(w, names[i]);
    }
    hk_json_end_array(w);
    free(names);
}

static void write_tree(struct hk_json *w, const char *key, const json_t *value, const char *fallback)
{
    char *text = value != NULL ? hk_json_dump(value) : NULL;
    hk_json_kv_raw(w, key, hk_str_from(text != NULL ? text : fallback));
    free(text);
}

/* The DAG's parameters, which every task has, under its own. */
static void write_params(struct hk_json *w, const json_t *dag_params, const json_t *extra)
{
    json_t *all = json_object();
    const char *name;
    json_t *param;
    json_object_foreach ((json_t *)dag_params, name, param) {
        json_t *copy = json_copy(param);
        if (json_is_null(json_object_get(copy, "source"))) {
            json_object_set_new(copy, "source", json_string("dag"));
        }
        json_object_set_new(all, name, copy);
    }
    json_object_update(all, json_object_get(extra, "params"));
    write_tree(w, "params", all, "{}");
    json_decref(all);
}

static void write_class(struct hk_json *w, const struct hk_task *t, const json_t *extra)
{
    const json_t *written = json_object_get(extra, "class_ref");
    if (written != NULL) {
        write_tree(w, "class_ref", written, "null");
        return;
    }
    hk_json_key(w, "class_ref");
    hk_json_begin_object(w);
    hk_json_kv_text(w, "module_path", t->operator_module);
    hk_json_kv_text(w, "class_name", t->operator_class);
    hk_json_end_object(w);
}

static void write_rules(struct hk_json *w, const struct hk_task *t)
{
    hk_json_kv_text(w, "trigger_rule", hk_trigger_rule_name(t->trigger_rule));
    hk_json_kv_bool(w, "depends_on_past", t->depends_on_past);
    hk_json_kv_bool(w, "wait_for_downstream", t->wait_for_downstream);
    hk_json_kv_double(w, "retries", t->retries);
    hk_json_kv_text(w, "queue", t->queue);
    hk_json_kv_text(w, "pool", t->pool);
    hk_json_kv_double(w, "pool_slots", t->pool_slots);
    write_delta(w, "execution_timeout", t->execution_timeout_us, t->execution_timeout_us == 0);
    write_delta(w, "retry_delay", t->retry_delay_us, false);
    hk_json_kv_double(w, "retry_exponential_backoff", t->retry_backoff);
    hk_json_kv_double(w, "priority_weight", t->priority_weight);
    hk_json_kv_text(w, "weight_rule", hk_weight_rule_name(t->weight_rule));
}

static void write_task(struct hk_json *w, const struct hk_graph *g, const struct hk_task *t, const json_t *dag_params)
{
    struct hk_error err;
    json_t *extra = t->extra_json != NULL ? hk_json_parse(hk_str_from(t->extra_json), &err) : NULL;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "task_id", t->task_id);
    hk_json_kv_text(w, "task_display_name", t->display_name != NULL ? t->display_name : t->task_id);
    hk_json_kv_text(w, "owner", t->owner);
    hk_json_kv_time(w, "start_date", t->start_at_us != HK_TIME_NONE ? t->start_at_us : g->start_at_us);
    hk_json_kv_time(w, "end_date", t->end_at_us != HK_TIME_NONE ? t->end_at_us : g->end_at_us);
    write_rules(w, t);
    hk_json_kv_text(w, "ui_color", hk_json_get_text(extra, "ui_color", "#fff"));
    hk_json_kv_text(w, "ui_fgcolor", hk_json_get_text(extra, "ui_fgcolor", "#000"));
    write_tree(w, "template_fields", json_object_get(extra, "template_fields"), "[]");
    write_downstream(w, g, t);
    hk_json_kv_text(w, "doc_md", t->doc_md);
    hk_json_kv_text(w, "operator_name", t->operator_name != NULL ? t->operator_name : t->operator_class);
    write_params(w, dag_params, extra);
    write_class(w, t, extra);
    hk_json_kv_bool(w, "is_mapped", t->is_mapped);
    write_tree(w, "extra_links", json_object_get(extra, "extra_links"), "[]");
    hk_json_end_object(w);
    json_decref(extra);
}

static json_t *read_params(const struct hk_graph *g)
{
    struct hk_error err;
    json_t *params = g->params_json != NULL ? hk_json_parse(hk_str_from(g->params_json), &err) : NULL;
    return params != NULL ? params : json_object();
}

/* ---- order ---- */

struct sort_key {
    const struct hk_task *task;
    const char *text; /* NULL: a number */
    double number;
    bool is_null;
    int direction;
};

static int compare_keys(const void *a, const void *b)
{
    const struct sort_key *x = a;
    const struct sort_key *y = b;
    int order = (int)x->is_null - (int)y->is_null;
    if (order == 0 && x->text != NULL && y->text != NULL) {
        order = strcmp(x->text, y->text);
    } else if (order == 0) {
        order = (x->number > y->number) - (x->number < y->number);
    }
    if (order == 0) { /* Python's sort is stable, in both directions */
        return x->task->index < y->task->index ? -1 : 1;
    }
    return order * x->direction;
}

static void time_key(struct sort_key *key, int64_t own_us, int64_t dag_us)
{
    int64_t us = own_us != HK_TIME_NONE ? own_us : dag_us;
    key->is_null = us == HK_TIME_NONE;
    key->number = (double)us;
}

static void duration_key(struct sort_key *key, int64_t us, bool is_null)
{
    key->is_null = is_null;
    key->number = (double)us;
}

/* false: not a field to order by. */
static bool fill_key(struct sort_key *key, const struct hk_graph *g, struct hk_str field)
{
    const struct hk_task *t = key->task;
    const struct {
        const char *name;
        const char *text;
        double number;
    } plain[] = {
        {"task_id", t->task_id, 0},
        {"task_display_name", t->display_name != NULL ? t->display_name : t->task_id, 0},
        {"owner", t->owner, 0},
        {"trigger_rule", hk_trigger_rule_name(t->trigger_rule), 0},
        {"depends_on_past", NULL, t->depends_on_past},
        {"wait_for_downstream", NULL, t->wait_for_downstream},
        {"retries", NULL, t->retries},
        {"queue", t->queue, 0},
        {"pool", t->pool, 0},
        {"pool_slots", NULL, t->pool_slots},
        {"retry_exponential_backoff", NULL, t->retry_backoff},
        {"priority_weight", NULL, t->priority_weight},
        {"weight_rule", hk_weight_rule_name(t->weight_rule), 0},
        {"operator_name", t->operator_name != NULL ? t->operator_name : t->operator_class, 0},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (hk_str_is(field, plain[i].name)) {
            key->text = plain[i].text;
            key->number = plain[i].number;
            return true;
        }
    }
    if (hk_str_is(field, "start_date")) {
        time_key(key, t->start_at_us, g->start_at_us);
    } else if (hk_str_is(field, "end_date")) {
        time_key(key, t->end_at_us, g->end_at_us);
    } else if (hk_str_is(field, "execution_timeout")) {
        duration_key(key, t->execution_timeout_us, t->execution_timeout_us == 0);
    } else if (hk_str_is(field, "retry_delay")) {
        duration_key(key, t->retry_delay_us, false);
    } else {
        return false;
    }
    return true;
}

/* NULL: no such field. The caller frees it. */
static struct sort_key *sort_tasks(const struct hk_graph *g, struct hk_str field, bool is_descending)
{
    struct sort_key *keys = hk_alloc_array(g->task_count + 1, sizeof *keys);
    struct hk_task none = {.pool = "", .queue = "", .owner = "", .task_id = "", .operator_class = ""};
    for (uint32_t i = 0; i <= g->task_count; i++) { /* the one too many asks for an empty DAG, too */
        keys[i] =
            (struct sort_key){.task = i < g->task_count ? &g->tasks[i] : &none, .direction = is_descending ? -1 : 1};
        if (!fill_key(&keys[i], g, field)) {
            free(keys);
            return NULL;
        }
    }
    qsort(keys, g->task_count, sizeof *keys, compare_keys);
    return keys;
}

void hk__tasks_list(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str order = hk_request_query(req, "order_by");
    order = order.data != NULL ? order : HK_STR("task_id");
    struct hk_str field = order;
    while (hk_str_starts_with(field, "-")) {
        field.data++;
        field.len--;
    }
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_graph *g = hk__dag_graph(req, res, db, hk_request_path(req, "dag_id"));
    hk__read_end(req, db);
    res->is_lasting = true;
    if (g == NULL) {
        return;
    }
    struct sort_key *keys = sort_tasks(g, field, hk_str_starts_with(order, "-"));
    if (keys == NULL) {
        hk__detail(res, 400, "Ordering with '%.*s' is disallowed or the attribute does not exist on the model",
                   HK_STR_ARG(field));
    } else {
        struct hk__list list;
        json_t *params = read_params(g);
        hk__list_begin(&list, req->context, res, "tasks");
        for (uint32_t i = 0; i < g->task_count; i++) {
            write_task(&list.w, g, keys[i].task, params);
        }
        hk__list_end(&list, g->task_count);
        json_decref(params);
        free(keys);
    }
    hk_graph_unref(g);
}

void hk__task_get(const struct hk_request *req, struct hk_response *res)
{
    struct hk_str task_id = hk_request_path(req, "task_id");
    struct hk_db *db = hk__read_begin(req, res);
    if (db == NULL) {
        return;
    }
    struct hk_graph *g = hk__dag_graph(req, res, db, hk_request_path(req, "dag_id"));
    hk__read_end(req, db);
    res->is_lasting = true;
    if (g == NULL) {
        return;
    }
    const struct hk_task *task = hk_graph_find_task(g, task_id);
    if (task != NULL) {
        struct hk_json w;
        json_t *params = read_params(g);
        hk_json_init(&w, &res->body);
        write_task(&w, g, task, params);
        json_decref(params);
    } else {
        hk__detail(res, 404, "Task with id %.*s was not found", HK_STR_ARG(task_id));
    }
    hk_graph_unref(g);
}
