/* One file's way: read and parse (worker thread, or the Python host), save (writer), hand on (loop). */
#include <stdlib.h>
#include <string.h>

#include "dags/bundle_internal.h"
#include "dags/read_airflow.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

struct reading *hk__reading_new(struct hk_bundle *b, struct hk_bundle_entry *entry)
{
    struct reading *r = hk_alloc(sizeof *r);
    r->bundle = b;
    r->entry = entry;
    r->is_first_scan = !b->is_past_first_scan;
    r->is_policies = hk_is_policy_file(entry->relative);
    r->work.data = r;
    r->started_us = hk_clock_wall_us(b->options.clock);
    r->parsed_us = r->started_us;
    hk_buf_init(&r->content, HK_MAX_DAG_FILE_BYTES + 65536);
    hk_buf_init(&r->problem, 1024 * 1024);
    return r;
}

static void free_reading(struct reading *r)
{
    for (size_t i = 0; i < r->dag_count; i++) {
        hk_graph_unref(r->dags[i].graph);
        hk_buf_clear(&r->dags[i].document);
        free(r->dags[i].description);
    }
    for (size_t i = 0; i < r->gone_count; i++) {
        free(r->gone[i]);
    }
    free(r->gone);
    free(r->dags);
    free(r->stub);
    json_decref(r->result);
    hk_buf_clear(&r->content);
    hk_buf_clear(&r->problem);
    hk_arena_clear(&r->arena);
    free(r);
}

void hk__reading_finish(struct reading *r)
{
    struct hk_bundle *b = r->bundle;
    struct hk_bundle_entry *entry = r->entry;
    free_reading(r);
    hk__bundle_file_done(b, entry);
}

/* A longer message is cut: one that was left out for its length would make the file look fine. */
void hk__reading_set_problem(struct reading *r, const char *message)
{
    size_t len = strlen(message);
    if (len > r->problem.max) {
        len = r->problem.max;
        while (len > 0 && ((unsigned char)message[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    hk_buf_reset(&r->problem);
    hk_buf_add(&r->problem, message, len);
}

static void read_work(uv_work_t *work)
{
    struct reading *r = work->data;
    struct hk_error err;
    if (!hk__reading_read(r, &err)) {
        hk__reading_set_problem(r, err.message);
    }
}

/* ---- Python ---- */

/* The first of what the SDK could not import; false: there is none. */
static bool take_import_error(struct reading *r, const json_t *result)
{
    const char *file = NULL;
    json_t *trace = NULL;
    json_object_foreach (json_object_get(result, "import_errors"), file, trace) {
        hk__reading_set_problem(r, json_is_string(trace) ? json_string_value(trace) : "import error");
        return true;
    }
    return false;
}

static bool take_result(struct reading *r, struct hk_error *err)
{
    if (take_import_error(r, r->result)) {
        return true;
    }
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(r->result, "serialized_dags"), i, item) {
        struct hk_airflow_source source = {
            .fileloc = r->entry->path, .relative_fileloc = r->entry->relative, .bundle_name = r->bundle->name};
        struct hk_graph *graph = NULL;
        if (!hk_airflow_read(json_object_get(item, "data"), &source, &graph, err)) {
            return false;
        }
        hk__reading_add_dag(r, graph);
    }
    return hk__reading_prepare(r, err);
}

static void result_work(uv_work_t *work)
{
    struct reading *r = work->data;
    struct hk_error err;
    if (!take_result(r, &err)) {
        hk__reading_set_problem(r, err.message);
    }
}

static void result_done(uv_work_t *work, int status)
{
    (void)status;
    hk__reading_save(work->data);
}

static void parsed(void *arg, const json_t *result, const struct hk_error *err)
{
    struct reading *r = arg;
    r->parsed_us = hk_clock_wall_us(r->bundle->options.clock);
    if (err != NULL) {
        hk__reading_set_problem(r, err->message);
        hk__reading_save(r);
        return;
    }
    r->result = json_incref((json_t *)result);
    HK_ASSERT(uv_queue_work(r->bundle->options.loop, &r->work, result_work, result_done) == 0);
}

/* What the real dag-factory says of a YAML file with Python tasks: an operator or callable that cannot be imported is
 * an import error here, too. The DAGs are those that were read in C. */
static void stub_parsed(void *arg, const json_t *result, const struct hk_error *err)
{
    struct reading *r = arg;
    r->parsed_us = hk_clock_wall_us(r->bundle->options.clock);
    if (err != NULL) {
        hk__reading_set_problem(r, err->message);
    } else {
        (void)take_import_error(r, result);
    }
    hk__reading_save(r);
}

static void read_done(uv_work_t *work, int status)
{
    (void)status;
    struct reading *r = work->data;
    struct hk_bundle *b = r->bundle;
    r->parsed_us = hk_clock_wall_us(b->options.clock);
    if (r->problem.len == 0 && r->stub != NULL && b->options.python.parse != NULL) {
        b->options.python.parse(b->options.python.context, r->stub, b->options.stub_folder, b->name, stub_parsed, r);
    } else if (r->problem.len > 0 || !r->needs_host) {
        hk__reading_save(r); /* a file without DAGs, too: it may have had some */
    } else if (b->options.python.parse != NULL) {
        b->options.python.parse(b->options.python.context, r->entry->path, b->folder, b->name, parsed, r);
    } else {
        hk__reading_set_problem(
            r, "this is a Python file, and no Python was given; name one with --python or HANOK_PYTHON");
        hk__reading_save(r);
    }
}

void hk__bundle_read(struct hk_bundle *b, struct hk_bundle_entry *entry, bool even_unchanged)
{
    struct reading *r = hk__reading_new(b, entry);
    r->even_unchanged = even_unchanged;
    HK_ASSERT(uv_queue_work(b->options.loop, &r->work, read_work, read_done) == 0);
}
