/* runs/{log-metric,log-batch}, metrics/{get-history,get-history-bulk,get-history-bulk-interval}. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/base64.h"
#include "api/http/python_repr.h"
#include "api/mlflow/tracking.h"
#include "engine/base/map.h"
#include "engine/store/logged_model_store.h"

enum { MAX_HISTORY_RUNS = 100, MAX_HISTORY = 25000, MAX_SAMPLE = 2500 };

struct batch {
    struct hk_str run_uuid;
    struct hk_metric *metrics;
    size_t metric_count;
    struct hk__ml_pairs params;
    struct hk__ml_pairs tags;
};

/* ---- writing ---- */

/* [{'key': 'p', 'old_value': '1', 'new_value': '2'}], as Python prints it. */
static void add_changed(struct hk_buf *out, const struct hk_key_value *param, struct hk_str old)
{
    hk_buf_add_text(out, out->len > 0 ? ", {'key': " : "{'key': ");
    hk_python_repr_text(out, param->key);
    hk_buf_add_text(out, ", 'old_value': ");
    hk_python_repr_text(out, old);
    hk_buf_add_text(out, ", 'new_value': ");
    hk_python_repr_text(out, param->value);
    hk_buf_add_char(out, '}');
}

static bool log_params(struct hk_db *db, struct hk__ml_write *write, int64_t run_key, struct hk_error *err)
{
    const struct batch *b = write->data;
    struct hk_buf changed;
    bool ok = true;
    hk_buf_init(&changed, SIZE_MAX);
    for (size_t i = 0; i < b->params.len && ok; i++) {
        struct hk_str old;
        ok = hk_store_ml_param_log(db, run_key, &b->params.items[i], write->req->arena, &old, err);
        if (ok && old.data != NULL) {
            add_changed(&changed, &b->params.items[i], old);
        }
    }
    if (ok && changed.len > 0) {
        ok = hk__ml_write_fail(write, err, HK__ML_INVALID_VALUE,
                               "Changing param values is not allowed. Params were already logged='[%s]' for run "
                               "ID='%.*s'.",
                               changed.data, HK_STR_ARG(b->run_uuid));
    }
    hk_buf_clear(&changed);
    return ok;
}

static bool run_log(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err)
{
    const struct batch *b = write->data;
    struct hk_ml_run_ref run;
    hk__ml_empty(write->res);
    bool ok = hk_store_ml_run_find_active(db, b->run_uuid, &run, err) && log_params(db, write, run.run_key, err) &&
              hk_store_metrics_log(db, run.run_key, b->metrics, b->metric_count, err) &&
              hk_store_logged_model_metrics_log(db, run.run_key, b->metrics, b->metric_count, err);
    for (size_t i = 0; i < b->tags.len && ok; i++) {
        ok = hk_store_ml_run_tag_set(db, run.run_key, &b->tags.items[i], err);
    }
    return ok;
}

static void log_metric(const struct hk_request *req, struct hk_response *res)
{
    struct batch *b = hk_arena_alloc(req->arena, sizeof *b);
    struct hk_metric *m = hk_arena_alloc(req->arena, sizeof *m);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    b->run_uuid = hk__ml_run_id(&args);
    b->metrics = m;
    b->metric_count = 1;
    m->key = hk__ml_string(&args, "key", HK__ML_REQUIRED);
    double said = hk__ml_double(&args, "value", HK__ML_REQUIRED, 0);
    m->timestamp_ms = hk__ml_int(&args, "timestamp", HK__ML_REQUIRED, 0);
    m->step = hk__ml_int(&args, "step", HK__ML_OPTIONAL, 0);
    m->model_id = hk__ml_string(&args, "model_id", HK__ML_OPTIONAL);
    m->dataset_name = hk__ml_string(&args, "dataset_name", HK__ML_OPTIONAL);
    m->dataset_digest = hk__ml_string(&args, "dataset_digest", HK__ML_OPTIONAL);
    hk_metric_set_value(m, said);
    hk__ml_check_metric(&args, NULL, m, said);
    hk__ml_write_with(&args, res, b, run_log);
}

/* ---- log-batch ---- */

static void read_metrics(struct hk__ml_arguments *args, struct batch *b, const json_t *array, double *said)
{
    for (struct hk__ml_item item = {args, array, "metrics", 0, NULL}; hk__ml_item_next(&item); b->metric_count++) {
        struct hk_metric *m = &b->metrics[b->metric_count];
        m->key = hk__ml_item_string(&item, "key", HK__ML_REQUIRED);
        said[b->metric_count] = hk__ml_item_double(&item, "value", HK__ML_REQUIRED, 0);
        m->timestamp_ms = hk__ml_item_int(&item, "timestamp", HK__ML_REQUIRED, 0);
        m->step = hk__ml_item_int(&item, "step", HK__ML_OPTIONAL, 0);
        m->model_id = hk__ml_item_string(&item, "model_id", HK__ML_OPTIONAL);
        m->dataset_name = hk__ml_item_string(&item, "dataset_name", HK__ML_OPTIONAL);
        m->dataset_digest = hk__ml_item_string(&item, "dataset_digest", HK__ML_OPTIONAL);
        hk_metric_set_value(m, said[b->metric_count]);
    }
}

static void check_size(struct hk__ml_arguments *args, const char *what, size_t most, size_t count)
{
    if (count > most) {
        hk__ml_mistake(args,
                       "A batch logging request can contain at most %zu %s. Got %zu %s. Please split up %s across "
                       "multiple requests and try again.",
                       most, what, count, what, what);
    }
}

static void check_twice(struct hk__ml_arguments *args, const struct hk__ml_pairs *params)
{
    struct hk_map seen;
    struct hk_buf twice;
    hk_map_init(&seen);
    hk_buf_init(&twice, SIZE_MAX);
    for (size_t i = 0; i < params->len; i++) {
        if (hk_map_find(&seen, params->items[i].key, NULL)) {
            hk_buf_add_text(&twice, twice.len > 0 ? ", " : "");
            hk_python_repr_text(&twice, params->items[i].key);
        }
        hk_map_set(&seen, params->items[i].key, i);
    }
    if (twice.len > 0) {
        hk__ml_mistake(args,
                       "Duplicate parameter keys have been submitted: [%s]. Please ensure the request contains only "
                       "one param value per param key.",
                       twice.data);
    }
    hk_buf_clear(&twice);
    hk_map_clear(&seen);
}

/* In MLflow's order: what each of them is, then how many, then what is there twice. */
static void check_batch(struct hk__ml_arguments *args, struct batch *b, const double *said)
{
    struct hk__ml_item item = {args, NULL, "metrics", 0, NULL};
    for (; item.index < b->metric_count; item.index++) {
        hk__ml_check_metric(args, &item, &b->metrics[item.index], said[item.index]);
    }
    item = (struct hk__ml_item){args, NULL, "params", 0, NULL};
    for (; item.index < b->params.len; item.index++) {
        hk__ml_check_param(args, &item, &b->params.items[item.index]);
    }
    item = (struct hk__ml_item){args, NULL, "tags", 0, NULL};
    for (; item.index < b->tags.len; item.index++) {
        hk__ml_check_tag(args, &item, &b->tags.items[item.index]);
    }
    check_size(args, "metrics", HK__ML_MAX_BATCH_METRICS, b->metric_count);
    check_size(args, "params", HK__ML_MAX_BATCH_PARAMS, b->params.len);
    check_size(args, "tags", HK__ML_MAX_BATCH_PARAMS, b->tags.len);
    check_size(args, "metrics, params, and tags", HK__ML_MAX_BATCH, b->metric_count + b->params.len + b->tags.len);
    check_twice(args, &b->params);
}

static void log_batch(const struct hk_request *req, struct hk_response *res)
{
    struct batch *b = hk_arena_alloc(req->arena, sizeof *b);
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    b->run_uuid = hk__ml_string(&args, "run_id", HK__ML_REQUIRED);
    const json_t *metrics = hk__ml_array(&args, "metrics", HK__ML_OPTIONAL);
    const json_t *params = hk__ml_array(&args, "params", HK__ML_OPTIONAL);
    const json_t *tags = hk__ml_array(&args, "tags", HK__ML_OPTIONAL);
    b->metrics = hk_arena_array(req->arena, json_array_size(metrics) + 1, sizeof *b->metrics);
    double *said = hk_arena_array(req->arena, json_array_size(metrics) + 1, sizeof *said);
    read_metrics(&args, b, metrics, said);
    b->params = hk__ml_key_values(&args, params, "params", HK__ML_REQUIRED);
    b->tags = hk__ml_key_values(&args, tags, "tags", HK__ML_REQUIRED);
    if (!hk_run_uuid_is_well_formed(b->run_uuid)) {
        hk__ml_mistake(&args, "Invalid value \"%.*s\" for parameter 'run_id' supplied.", HK_STR_ARG(b->run_uuid));
    }
    check_batch(&args, b, said);
    hk__ml_write_with(&args, res, b, run_log);
}

/* ---- the history of one metric, page by page ---- */

/* A page begins behind the last value of the one before, which is a matter of one look-up however far it is; the
 * token holds that value. A token with a number alone, as MLflow gives them, is understood, too. */
struct history {
    struct hk_metric_page page;
    struct hk_metric last; /* that was written */
    int64_t count;
    bool has_more;
    struct hk_json *w;
    struct hk_arena *arena;
};

static void read_token(struct hk__ml_arguments *args, struct hk_str token, struct hk_metric_page *page)
{
    struct hk_arena *arena = args->req->arena;
    struct hk_str text;
    struct hk_error err;
    if (token.len == 0) {
        return;
    }
    if (!hk_base64_decode(token, arena, &text)) {
        hk__ml_mistake(args, "Invalid page token, could not base64-decode");
        return;
    }
    json_t *tree = hk_json_parse(text, &err);
    const json_t *after = json_object_get(tree, "after");
    int64_t offset = hk_json_get_int(tree, "offset", 0);
    if (tree == NULL) {
        hk__ml_mistake(args, "Invalid page token, decoded value=b'%.*s'", HK_STR_ARG(text));
    } else if (offset <= 0) {
        struct hk_buf shown;
        hk_buf_init(&shown, SIZE_MAX);
        hk_python_repr(&shown, tree, 0);
        hk__ml_mistake(args, "Invalid page token, parsed value=%s", shown.data);
        hk_buf_clear(&shown);
    } else if (json_array_size(after) == 4) {
        struct hk_metric *last = hk_arena_alloc(arena, sizeof *last);
        last->timestamp_ms = json_integer_value(json_array_get(after, 0));
        last->step = json_integer_value(json_array_get(after, 1));
        last->value = json_number_value(json_array_get(after, 2));
        last->is_nan = json_is_true(json_array_get(after, 3));
        page->after = last;
    } else {
        page->skip = offset;
    }
    json_decref(tree);
}

static void write_token(struct hk_json *w, const struct history *h, int64_t offset)
{
    struct hk_buf text;
    struct hk_json t;
    hk_buf_init(&text, 256);
    hk_json_init(&t, &text);
    hk_json_begin_object(&t);
    hk_json_kv_int(&t, "offset", offset);
    hk_json_key(&t, "after");
    hk_json_begin_array(&t);
    hk_json_int(&t, h->last.timestamp_ms);
    hk_json_int(&t, h->last.step);
    hk_json_double(&t, h->last.value);
    hk_json_bool(&t, h->last.is_nan);
    hk_json_end_array(&t);
    hk_json_end_object(&t);
    hk_json_kv_str(w, "next_page_token", hk_base64_encode(text.data, text.len, h->arena));
    hk_buf_clear(&text);
}

static bool add_value(void *arg, const struct hk_metric *metric)
{
    struct history *h = arg;
    if (h->page.most >= 0 && h->count + 1 == h->page.most) { /* the one that only tells that there are more */
        h->has_more = true;
        return false;
    }
    if (h->count++ == 0) {
        hk_json_key(h->w, "metrics");
        hk_json_begin_array(h->w);
    }
    h->last = *metric;
    hk__ml_write_metric(h->w, metric, (struct hk_str){0});
    return true;
}

static bool read_history(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                         struct hk_error *err)
{
    struct history *h = data;
    struct hk_json w;
    hk_json_init(&w, &res->body);
    h->w = &w;
    h->arena = req->arena;
    hk_json_begin_object(&w);
    bool ok = hk_store_metric_history(db, &h->page, add_value, h, err);
    if (h->count > 0) {
        hk_json_end_array(&w);
    }
    if (h->has_more) {
        write_token(&w, h, h->page.skip + h->count);
    }
    hk_json_end_object(&w);
    res->is_lasting = true;
    return ok;
}

static void get_history(const struct hk_request *req, struct hk_response *res)
{
    struct history h = {.page = {.most = -1}};
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    h.page.run_uuid = hk__ml_run_id(&args);
    h.page.key = hk__ml_string(&args, "metric_key", HK__ML_REQUIRED);
    int64_t most = hk__ml_int(&args, "max_results", HK__ML_OPTIONAL, INT32_MAX);
    if (most <= 0) {
        hk__ml_mistake(&args, "Invalid value %lld for parameter 'max_results' supplied. It must be a positive integer.",
                       (long long)most);
    }
    read_token(&args, hk__ml_string(&args, "page_token", HK__ML_OPTIONAL), &h.page);
    h.page.most = most < INT32_MAX ? most + 1 : -1;
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_history, &h);
        hk__ml_arguments_close(&args);
    }
}

/* ---- of several runs ---- */

struct bulk {
    struct hk_str *run_uuids;
    size_t run_count;
    struct hk_str current;
    struct hk_str key;
    int64_t most; /* of all runs together, or of each */
    int64_t first_step;
    int64_t last_step;
    int64_t count;
    struct hk_json *w;
};

static struct hk_str *read_runs(const struct hk_request *req, const char *name, size_t *count)
{
    struct hk_str value;
    struct hk_str *runs = hk_arena_array(req->arena, HK_MAX_QUERY_PARAMETERS, sizeof *runs);
    for (*count = 0; *count < HK_MAX_QUERY_PARAMETERS && hk_request_query_at(req, name, *count, &value); ++*count) {
        runs[*count] = value;
    }
    return runs;
}

static bool add_bulk(void *arg, const struct hk_metric *metric)
{
    struct bulk *b = arg;
    b->count++;
    hk__ml_write_metric(b->w, metric, b->current);
    return true;
}

/* Runs in the order of their ids, each once. */
static int compare(const void *a, const void *b)
{
    const struct hk_str *x = a;
    const struct hk_str *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static bool read_bulk(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                      struct hk_error *err)
{
    struct bulk *b = data;
    struct hk_json w;
    bool ok = true;
    (void)req;
    hk_json_init(&w, &res->body);
    b->w = &w;
    hk_json_begin_object(&w);
    hk_json_key(&w, "metrics");
    hk_json_begin_array(&w);
    for (size_t i = 0; i < b->run_count && ok && b->count < b->most; i++) {
        if (i > 0 && hk_str_eq(b->run_uuids[i], b->run_uuids[i - 1])) {
            continue;
        }
        b->current = b->run_uuids[i];
        const struct hk_metric_page page = {.run_uuid = b->current, .key = b->key, .most = b->most - b->count};
        ok = hk_store_metric_history(db, &page, add_bulk, b, err);
    }
    hk_json_end_array(&w);
    hk_json_end_object(&w);
    return ok;
}

static void get_history_bulk(const struct hk_request *req, struct hk_response *res)
{
    struct bulk b = {0};
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    b.run_uuids = read_runs(req, "run_id", &b.run_count);
    if (b.run_count == 0) {
        hk__ml_mistake(&args, "GetMetricHistoryBulk request must specify at least one run_id.");
    } else if (b.run_count > MAX_HISTORY_RUNS) {
        hk__ml_mistake(&args, "GetMetricHistoryBulk request cannot specify more than %d run_ids. Received %zu run_ids.",
                       MAX_HISTORY_RUNS, b.run_count);
    }
    b.key = hk_request_query(req, "metric_key");
    if (b.key.data == NULL) {
        hk__ml_mistake(&args, "GetMetricHistoryBulk request must specify a metric_key.");
    }
    b.most = hk__ml_int(&args, "max_results", HK__ML_OPTIONAL, MAX_HISTORY);
    b.most = b.most < MAX_HISTORY ? b.most : MAX_HISTORY;
    if (hk__ml_arguments_check(&args, res)) {
        qsort(b.run_uuids, b.run_count, sizeof *b.run_uuids, compare);
        hk__ml_read(req, res, read_bulk, &b);
        hk__ml_arguments_close(&args);
    }
}

static bool add_sample(void *arg, const struct hk_metric *metric)
{
    struct bulk *b = arg;
    if (b->count == 0) {
        hk_json_key(b->w, "metrics");
        hk_json_begin_array(b->w);
    }
    return add_bulk(arg, metric);
}

static bool read_samples(struct hk_db *db, const struct hk_request *req, struct hk_response *res, void *data,
                         struct hk_error *err)
{
    struct bulk *b = data;
    struct hk_json w;
    bool ok = true;
    (void)req;
    hk_json_init(&w, &res->body);
    b->w = &w;
    hk_json_begin_object(&w);
    for (size_t i = 0; i < b->run_count && ok; i++) {
        b->current = b->run_uuids[i];
        const struct hk_metric_range range = {b->current, b->key, b->first_step, b->last_step, (uint64_t)b->most};
        ok = hk_store_metric_sample(db, &range, add_sample, b, err);
    }
    if (b->count > 0) {
        hk_json_end_array(&w);
    }
    hk_json_end_object(&w);
    return ok;
}

static void read_steps(struct hk__ml_arguments *args, struct bulk *b)
{
    bool has_first = hk__ml_has(args, "start_step");
    bool has_last = hk__ml_has(args, "end_step");
    b->first_step = hk__ml_int(args, "start_step", HK__ML_OPTIONAL, INT64_MIN);
    b->last_step = hk__ml_int(args, "end_step", HK__ML_OPTIONAL, INT64_MAX);
    b->most = hk__ml_int(args, "max_results", HK__ML_OPTIONAL, MAX_SAMPLE);
    if (b->most < 1 || b->most > MAX_SAMPLE) {
        hk__ml_mistake(args,
                       "max_results must be between 1 and %d. See the API docs for more information about request "
                       "parameters.",
                       MAX_SAMPLE);
    }
    if (has_first != has_last) {
        hk__ml_mistake(args, "If either start step or end step are specified, both must be specified.");
    } else if (b->first_step > b->last_step) {
        hk__ml_mistake(args, "end_step must be greater than start_step. Found start_step=%lld and end_step=%lld.",
                       (long long)b->first_step, (long long)b->last_step);
    }
}

static void get_history_interval(const struct hk_request *req, struct hk_response *res)
{
    struct bulk b = {0};
    struct hk__ml_arguments args;
    hk__ml_arguments_open(&args, req);
    b.run_uuids = read_runs(req, "run_ids", &b.run_count);
    (void)hk__ml_string(&args, "run_ids", HK__ML_REQUIRED);
    if (b.run_count > MAX_HISTORY_RUNS) {
        hk__ml_mistake(&args,
                       "GetMetricHistoryBulkInterval request must specify at most %d run_ids. Received %zu run_ids. "
                       "See the API docs for more information about request parameters.",
                       MAX_HISTORY_RUNS, b.run_count);
    }
    b.key = hk__ml_string(&args, "metric_key", HK__ML_REQUIRED);
    read_steps(&args, &b);
    if (hk__ml_arguments_check(&args, res)) {
        hk__ml_read(req, res, read_samples, &b);
        hk__ml_arguments_close(&args);
    }
}

static const struct hk__ml_route routes[] = {
    {HK_METHOD_POST, "2.0/mlflow/runs/log-metric", HK_ROLE_USER, log_metric},
    {HK_METHOD_POST, "2.0/mlflow/runs/log-batch", HK_ROLE_USER, log_batch},
    {HK_METHOD_GET, "2.0/mlflow/metrics/get-history", HK_ROLE_VIEWER, get_history},
    {HK_METHOD_GET, "2.0/mlflow/metrics/get-history-bulk-interval", HK_ROLE_VIEWER, get_history_interval},
    {HK_METHOD_GET, "/ajax-api/2.0/mlflow/metrics/get-history-bulk", HK_ROLE_VIEWER, get_history_bulk},
};

const struct hk__ml_table hk__ml_metrics_table = HK__ML_TABLE(routes);
