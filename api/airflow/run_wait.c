/* GET .../wait: a line of JSON with the run's state every `interval` seconds until it has finished. */
#include "api/airflow/routes.h"

#include <stdlib.h>
#include <string.h>

#include "api/airflow/redact.h"
#include "api/airflow/rest_internal.h"
#include "engine/base/alloc.h"
#include "engine/store/xcom_store.h"

enum { MAX_LINE_BYTES = 64 * 1024 * 1024, LEAST_WAIT_MS = 50, MOST_WAIT_MS = 3600 * 1000 };

struct waiting {
    struct hk_airflow *air;
    struct hk_arena arena;
    struct hk_str dag_id;
    struct hk_str run_id;
    struct hk_texts result_ids;
    struct hk_buf line; /* not yet sent */
    char state[32];
    int64_t next_us;
    int64_t interval_us;
    bool is_over;
};

static bool note_state(void *arg, const struct hk_run_info *r)
{
    struct waiting *w = arg;
    return hk_str_copy(w->state, sizeof w->state, hk_str_from(r->state));
}

struct results {
    json_t *values;
    bool is_mapped;
};

static bool add_result(void *arg, const struct hk_xcom_info *x)
{
    struct results *results = arg;
    struct hk_error err;
    json_t *value = hk_json_parse(x->value_json, &err);
    results->is_mapped = results->is_mapped || x->map_index >= 0;
    json_array_append_new(results->values, value != NULL ? value : json_null());
    return true;
}

static bool add_results(struct waiting *w, struct hk_db *db, json_t *line, struct hk_error *err)
{
    json_t *all = json_object();
    bool ok = true;
    for (size_t i = 0; ok && i < w->result_ids.count; i++) {
        struct hk_xcom_key key = {w->dag_id, w->run_id, w->result_ids.items[i], HK_STR("return_value"), 0};
        struct results results = {json_array(), false};
        ok = hk_store_xcom_all(db, &key, false, add_result, &results, err);
        if (json_array_size(results.values) > 0) {
            json_t *value = json_array_size(results.values) == 1 && !results.is_mapped
                                ? json_array_get(results.values, 0)
                                : results.values;
            json_object_setn(all, key.task_id.data, key.task_id.len, value);
        }
        json_decref(results.values);
    }
    if (json_object_size(all) > 0) {
        json_object_set(line, "results", all);
    }
    json_decref(all);
    return ok;
}

static bool make_line(struct waiting *w)
{
    struct hk_db *db = NULL;
    struct hk_error err;
    if (!hk_store_reader_take(w->air->options.store, &db, &err)) {
        return false;
    }
    bool found = false;
    json_t *line = json_object();
    bool ok = hk_store_run_find(db, w->dag_id, w->run_id, note_state, w, &found, &err) && found;
    if (ok) {
        json_object_set_new(line, "state", json_string(w->state));
        w->is_over = strcmp(w->state, "success") == 0 || strcmp(w->state, "failed") == 0;
        ok = !w->is_over || add_results(w, db, line, &err);
    }
    hk_store_reader_give(w->air->options.store, db);
    if (ok) {
        hk__python_json(&w->line, line);
        hk_buf_add_char(&w->line, '\n');
    }
    json_decref(line);
    return ok && !w->line.is_full;
}

static enum hk_stream_step read_wait(void *context, char *out, size_t size, size_t *written)
{
    struct waiting *w = context;
    if (w->line.len == 0) {
        int64_t now_us = hk_clock_monotonic_us(w->air->options.clock);
        if (w->is_over) {
            return HK_STREAM_END;
        }
        if (now_us < w->next_us) {
            return HK_STREAM_WAIT;
        }
        w->next_us = now_us + w->interval_us;
        if (!make_line(w)) {
            return HK_STREAM_FAILED;
        }
    }
    *written = w->line.len < size ? w->line.len : size;
    memcpy(out, w->line.data, *written);
    hk_buf_remove_front(&w->line, *written);
    return HK_STREAM_MORE;
}

static void close_wait(void *context)
{
    struct waiting *w = context;
    hk_buf_clear(&w->line);
    hk_arena_clear(&w->arena);
    free(w);
}

void hk__run_wait(const struct hk_request *req, struct hk_response *res)
{
    struct hk_validation v;
    hk_validation_begin(&v, req);
    double interval = hk_query_double(&v, "interval", -1);
    if (!hk_request_has_query(req, "interval")) {
        hk_validation_add(
            &v,
            &(struct hk_mistake){.type = "missing", .where = "query", .name = "interval", .message = "Field required"});
    } else if (interval <= 0 && v.count == 0) {
        hk_validation_add(
            &v, &(struct hk_mistake){.type = "greater_than",
                                     .where = "query",
                                     .name = "interval",
                                     .message = "Input should be greater than 0",
                                     .input_json = hk_str_from(hk_arena_printf(
                                         req->arena, "\"%.*s\"", HK_STR_ARG(hk_request_query(req, "interval")))),
                                     .ctx_json = HK_STR("{\"gt\":0.0}")});
    }
    struct hk_texts ids = hk__query_texts(&v, "result");
    if (!hk_validation_end(&v, res)) {
        return;
    }
    struct hk_db *db = hk__read_begin(req, res);
    struct hk__run_ref run;
    if (db == NULL) {
        return;
    }
    bool found = hk__find_run(req, res, db, &run);
    hk__read_end(req, db);
    if (!found) {
        return;
    }
    struct waiting *w = hk_alloc(sizeof *w);
    hk_arena_init(&w->arena);
    hk_buf_init(&w->line, MAX_LINE_BYTES);
    w->air = req->context;
    w->dag_id = hk_arena_str(&w->arena, hk_request_path(req, "dag_id"));
    w->run_id = hk_arena_str(&w->arena, hk_request_path(req, "dag_run_id"));
    struct hk_str *copies = hk_arena_array(&w->arena, ids.count + 1, sizeof *copies);
    for (size_t i = 0; i < ids.count; i++) {
        copies[i] = hk_arena_str(&w->arena, ids.items[i]);
    }
    w->result_ids = (struct hk_texts){copies, ids.count};
    double wait_ms = interval * 1000 > MOST_WAIT_MS ? MOST_WAIT_MS : interval * 1000;
    wait_ms = wait_ms < LEAST_WAIT_MS ? LEAST_WAIT_MS : wait_ms;
    w->interval_us = (int64_t)(wait_ms * 1000);
    const struct hk_stream stream = {.read = read_wait, .close = close_wait, .context = w, .wait_ms = (int)wait_ms + 1};
    hk_response_stream(res, NULL, &stream); /* Airflow sends no content type here */
}
