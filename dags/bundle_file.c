/* One file's way: read (worker thread), parse (worker thread, or the Python host), save (writer), hand on (loop). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dags/bundle_internal.h"
#include "dags/read_airflow.h"
#include "dags/read_yaml.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/log.h"
#include "engine/graph/graph_codec.h"

enum { MAX_DEFAULTS = 32 };

struct read_dag {
    struct hk_graph *graph; /* one reference */
    struct hk_buf document;
    char digest[HK_GRAPH_DIGEST_SIZE];
    char version_id[HK_UUID_SIZE];
    char *description; /* of its timetable */
    bool is_periodic;
    bool is_elsewhere; /* the DAG belongs to a YAML file, this is only its loader */
    struct hk_dag_saved saved;
};

/* One reading of one file. */
struct reading {
    uv_work_t work;
    struct hk_bundle *bundle;
    struct hk_bundle_entry *entry;
    bool even_unchanged;
    bool is_unchanged; /* content as in the database: DAGs come from there */
    bool needs_host;
    char *stub;     /* of a YAML file with tasks that need Python; else NULL */
    bool is_loader; /* a Python file that hands YAML files to dag-factory: those are read already */
    struct hk_buf content;
    char digest[HK_GRAPH_DIGEST_SIZE];        /* with its defaults files */
    char source_digest[HK_GRAPH_DIGEST_SIZE]; /* of the file alone */
    struct read_dag *dags;
    size_t dag_count;
    size_t dag_cap;
    struct hk_buf problem; /* import error; empty: none */
    char **gone;           /* DAGs the file no longer defines */
    size_t gone_count;
    size_t gone_cap;
    json_t *result; /* DagFileParsingResult */
    int64_t started_us;
    int64_t parsed_us;
};

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
    free(r);
}

static void finish(struct reading *r)
{
    struct hk_bundle *b = r->bundle;
    struct hk_bundle_entry *entry = r->entry;
    free_reading(r);
    hk__bundle_file_done(b, entry);
}

/* A longer message is cut: one that was left out for its length would make the file look fine. */
static void set_problem(struct reading *r, const char *message)
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

static void add_dag(struct reading *r, struct hk_graph *graph)
{
    hk_array_grow((void **)&r->dags, &r->dag_cap, r->dag_count + 1, sizeof *r->dags);
    r->dags[r->dag_count++].graph = graph;
}

/* ---- reading ---- */

static bool on_old_dag(void *arg, const struct hk_dag_row *row)
{
    struct reading *r = arg;
    hk_array_grow((void **)&r->gone, &r->gone_cap, r->gone_count + 1, sizeof(char *));
    r->gone[r->gone_count++] = hk_strdup(row->dag_id);
    return true;
}

struct old_versions {
    int64_t *keys;
    size_t count;
    size_t cap;
};

static bool on_old_version(void *arg, const struct hk_dag_row *row)
{
    struct old_versions *old = arg;
    hk_array_grow((void **)&old->keys, &old->cap, old->count + 1, sizeof *old->keys);
    old->keys[old->count++] = row->version_key;
    return true;
}

/* The DAGs of an unchanged file, as they were read before. */
static bool load_old(struct reading *r, struct hk_db *db, struct hk_error *err)
{
    struct old_versions old = {0};
    bool ok = hk_store_file_dags(db, r->bundle->name, r->entry->relative, on_old_version, &old, err);
    for (size_t i = 0; i < old.count && ok; i++) {
        struct hk_graph *graph = NULL;
        ok = hk_store_version_graph(db, old.keys[i], NULL, &graph, err);
        if (ok) {
            add_dag(r, graph);
        }
    }
    free(old.keys);
    return ok;
}

static bool ask_database(struct reading *r, struct hk_error *err)
{
    struct hk_db *db = NULL;
    char known[HK_DIGEST_SIZE];
    if (!hk_store_reader_take(r->bundle->options.store, &db, err)) {
        return false;
    }
    bool ok = hk_store_file_digest(db, r->bundle->name, r->entry->relative, known, err);
    r->is_unchanged = ok && !r->even_unchanged && strcmp(known, r->digest) == 0;
    if (ok && r->is_unchanged) {
        ok = load_old(r, db, err);
    }
    hk_store_reader_give(r->bundle->options.store, db);
    return ok;
}

static void free_defaults(struct hk_yaml_defaults *defaults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)defaults[i].path);
        free((char *)defaults[i].text.data);
    }
}

static bool read_default(const char *folder, size_t folder_len, const char *name, struct hk_yaml_defaults *out,
                         struct hk_error *err)
{
    struct hk_buf path;
    struct hk_buf text;
    hk_buf_init(&path, 8192);
    hk_buf_init(&text, HK_MAX_DAG_FILE_BYTES + 65536);
    hk_buf_printf(&path, "%.*s/%s", (int)folder_len, folder, name);
    bool ok = hk_dag_file_read(path.data, &text, err);
    if (ok) {
        size_t len = text.len;
        *out = (struct hk_yaml_defaults){hk_buf_take(&path), {hk_buf_take(&text), len}};
    }
    hk_buf_clear(&path);
    hk_buf_clear(&text);
    return ok;
}

/* defaults.yml, or else defaults.yaml, of the file's folder and of those above it up to the bundle's root; nearest
 * first. */
static bool read_defaults(struct reading *r, struct hk_yaml_defaults *out, size_t *count, struct hk_error *err)
{
    const char *path = r->entry->path;
    size_t root_len = strlen(path) - strlen(r->entry->relative) - 1;
    size_t len = strlen(path);
    *count = 0;
    for (;;) {
        while (len > root_len && path[len - 1] != '/') {
            len--;
        }
        if (len <= root_len) {
            return true;
        }
        len--;
        bool found = read_default(path, len, "defaults.yml", &out[*count], err) ||
                     (err->code == HK_NOT_FOUND && read_default(path, len, "defaults.yaml", &out[*count], err));
        if (!found && err->code != HK_NOT_FOUND) {
            return hk_error_prefix(err, "defaults of '%s'", r->entry->relative);
        }
        *count += found;
        if (*count == MAX_DEFAULTS) {
            return hk_error_set(err, HK_LIMIT, "'%s' has more than %d files with defaults above it", r->entry->relative,
                                MAX_DEFAULTS);
        }
    }
}

static const char *find_environment(void *context, const char *name)
{
    const struct hk_bundle *b = context;
    size_t len = strlen(name);
    for (const char *const *at = b->options.environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=') {
            return *at + len + 1;
        }
    }
    return NULL;
}

/* The Python host imports the DAGs of a YAML file through a small file of ours; its name says which YAML it is for. */
static bool write_stub(const struct hk_bundle *b, const char *yaml_path, const char *stub, struct hk_error *err)
{
    struct hk_buf text;
    char temporary[4200];
    hk_buf_init(&text, 65536);
    hk_yaml_python_stub(yaml_path, b->folder, &text);
    snprintf(temporary, sizeof temporary, "%s.new", stub);
    FILE *file = fopen(temporary, "we");
    bool ok = file != NULL && fwrite(text.data, 1, text.len, file) == text.len;
    ok = file != NULL && fclose(file) == 0 && ok;
    ok = ok && rename(temporary, stub) == 0;
    hk_buf_clear(&text);
    return ok || hk_error_set(err, HK_IO, "file '%s' cannot be written: %m", stub);
}

static bool needs_python(const struct hk_yaml_dags *dags)
{
    for (size_t i = 0; i < dags->count; i++) {
        const struct hk_graph *graph = dags->graphs[i];
        bool needs = graph->has_success_callback || graph->has_failure_callback;
        for (uint32_t t = 0; t < graph->task_count && !needs; t++) {
            needs = graph->tasks[t].runner == HK_RUNNER_PYTHON;
        }
        if (needs) {
            return true;
        }
    }
    return false;
}

static bool read_yaml(struct reading *r, const struct hk_yaml_defaults *defaults, size_t default_count,
                      struct hk_error *err)
{
    char stub[4096];
    char name[HK_GRAPH_DIGEST_SIZE];
    hk_graph_digest(hk_str_from(r->entry->path), name);
    if (snprintf(stub, sizeof stub, "%s/%s.py", r->bundle->options.stub_folder, name) >= (int)sizeof stub) {
        return hk_error_set(err, HK_INVALID, "the path of the home is too long");
    }
    struct hk_yaml_source source = {.path = r->entry->path,
                                    .python_file = stub,
                                    .relative_path = r->entry->relative,
                                    .bundle_name = r->bundle->name,
                                    .text = hk_buf_str(&r->content),
                                    .now_us = r->parsed_us,
                                    .find_env = find_environment,
                                    .env_context = r->bundle,
                                    .defaults = defaults,
                                    .default_count = default_count};
    struct hk_yaml_dags dags;
    if (!hk_read_yaml(&source, &dags, err)) {
        return false;
    }
    for (size_t i = 0; i < dags.count; i++) {
        add_dag(r, hk_graph_ref(dags.graphs[i]));
    }
    bool ok = true;
    if (needs_python(&dags)) {
        ok = write_stub(r->bundle, r->entry->path, stub, err);
        r->stub = hk_strdup(stub);
    }
    hk_yaml_dags_clear(&dags);
    return ok;
}

/* Text, digests and descriptions for the database; not for the loop thread when it is a large DAG. */
static bool prepare(struct reading *r, struct hk_error *err)
{
    for (size_t i = 0; i < r->dag_count; i++) {
        struct read_dag *dag = &r->dags[i];
        hk_buf_init(&dag->document, HK_MAX_DAG_DOCUMENT_BYTES);
        if (!hk_graph_write(dag->graph, &dag->document, err)) {
            return hk_error_prefix(err, "dag '%s'", dag->graph->dag_id);
        }
        hk_graph_digest(hk_buf_str(&dag->document), dag->digest);
        dag->description = r->bundle->options.describe(&dag->graph->schedule, &dag->is_periodic, err);
        if (dag->description == NULL) {
            return hk_error_prefix(err, "dag '%s'", dag->graph->dag_id);
        }
    }
    return true;
}

/* Of the file and of the defaults it was read with: if that is unchanged, so are its DAGs. */
static void digest_all(struct reading *r, const struct hk_yaml_defaults *defaults, size_t default_count)
{
    hk_graph_digest(hk_buf_str(&r->content), r->source_digest);
    struct hk_buf all;
    hk_buf_init(&all, (size_t)HK_MAX_DAG_FILE_BYTES * (MAX_DEFAULTS + 1));
    hk_buf_add_str(&all, hk_buf_str(&r->content));
    for (size_t i = 0; i < default_count; i++) {
        hk_buf_add_str(&all, defaults[i].text);
    }
    hk_graph_digest(hk_buf_str(&all), r->digest);
    hk_buf_clear(&all);
}

static bool read_with_defaults(struct reading *r, const struct hk_yaml_defaults *defaults, size_t count,
                               struct hk_error *err)
{
    digest_all(r, defaults, count);
    if (!ask_database(r, err)) {
        return false;
    }
    if (!r->is_unchanged && r->entry->kind == HK_DAG_FILE_PYTHON) {
        r->needs_host = hk_dag_file_may_have_dags(hk_buf_str(&r->content));
        r->is_loader = hk_dag_file_is_loader(hk_buf_str(&r->content));
        return true;
    }
    return (r->is_unchanged || read_yaml(r, defaults, count, err)) && prepare(r, err);
}

static bool read_file(struct reading *r, struct hk_error *err)
{
    struct hk_yaml_defaults defaults[MAX_DEFAULTS];
    size_t count = 0;
    if (!hk_str_is_utf8(hk_str_from(r->entry->path))) {
        return hk_error_set(err, HK_INVALID, "the file's name is not UTF-8 text; rename it");
    }
    if (!hk_dag_file_read(r->entry->path, &r->content, err)) {
        return hk_error_prefix(err, "file '%s'", r->entry->relative);
    }
    if (hk_yaml_is_defaults(r->entry->relative)) {
        return true; /* holds no DAGs */
    }
    bool ok = r->entry->kind != HK_DAG_FILE_YAML || read_defaults(r, defaults, &count, err);
    ok = ok && read_with_defaults(r, defaults, count, err);
    free_defaults(defaults, count);
    return ok;
}

static void read_work(uv_work_t *work)
{
    struct reading *r = work->data;
    struct hk_error err;
    if (!read_file(r, &err)) {
        set_problem(r, err.message);
    }
}

/* ---- saving ---- */

static void drop_gone(struct reading *r, const char *dag_id)
{
    for (size_t i = 0; i < r->gone_count; i++) {
        if (strcmp(r->gone[i], dag_id) == 0) {
            free(r->gone[i]);
            r->gone[i] = r->gone[--r->gone_count];
            return;
        }
    }
}

static bool save_dag(struct hk_db *db, struct reading *r, struct read_dag *dag, struct hk_error *err)
{
    struct hk_dag_save save = {.graph = dag->graph,
                               .document = hk_buf_str(&dag->document),
                               .digest = dag->digest,
                               .source = hk_buf_str(&r->content),
                               .source_digest = r->source_digest,
                               .version_id = dag->version_id,
                               .timetable_description = dag->description,
                               .is_periodic = dag->is_periodic,
                               .starts_paused = r->bundle->options.starts_paused,
                               .parsed_us = r->parsed_us,
                               .parse_seconds = (double)(r->parsed_us - r->started_us) / (double)HK_SECOND_US};
    return hk_store_dag_save(db, &save, &dag->saved, err);
}

static bool save_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    const char *bundle = r->bundle->name;
    const char *relative = r->entry->relative;
    r->gone_count = 0;
    if (!hk_store_file_dags(db, bundle, relative, on_old_dag, r, err)) {
        return false;
    }
    for (size_t i = 0; i < r->dag_count; i++) {
        r->dags[i].is_elsewhere = false;
        if (!save_dag(db, r, &r->dags[i], err)) {
            r->dags[i].is_elsewhere = r->is_loader && err->code == HK_CONFLICT;
            if (!r->dags[i].is_elsewhere) {
                return false;
            }
        }
        drop_gone(r, r->dags[i].graph->dag_id);
    }
    for (size_t i = 0; i < r->gone_count; i++) {
        if (!hk_store_dag_set_stale(db, r->gone[i], true, err)) {
            return false;
        }
    }
    return hk_store_import_error_set(db, bundle, relative, (struct hk_str){NULL, 0}, r->parsed_us, err) &&
           hk_store_file_set(db, bundle, relative, r->digest, r->parsed_us, err);
}

static bool problem_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    return hk_store_import_error_set(db, r->bundle->name, r->entry->relative, hk_buf_str(&r->problem), r->parsed_us,
                                     err) &&
           hk_store_file_forget(db, r->bundle->name, r->entry->relative, err);
}

static void problem_done(void *arg, const struct hk_error *err)
{
    struct reading *r = arg;
    r->entry->is_unsaved = r->entry->is_unsaved && err != NULL;
    if (err != NULL) {
        hk__bundle_unsaved(r->bundle, r->entry, err);
    }
    finish(r);
}

static void report_problem(struct reading *r)
{
    struct hk_bundle *b = r->bundle;
    hk_log(HK_WARN, "bundle", "file has an error", HK_KEY("file", r->entry->relative), HK_KEY("why", r->problem.data));
    if (b->options.problem != NULL) {
        b->options.problem(b->options.context, r->entry->relative, r->problem.data);
    }
    struct hk_write write = {problem_run, problem_done, r, false};
    hk_store_submit(b->options.store, &write);
}

static void save_done(void *arg, const struct hk_error *err)
{
    struct reading *r = arg;
    struct hk_bundle *b = r->bundle;
    r->entry->waits_for_id = err != NULL && err->code == HK_CONFLICT;
    if (err != NULL && (err->code == HK_CONFLICT || err->code == HK_INVALID)) {
        set_problem(r, err->message);
        report_problem(r);
        return;
    }
    if (err != NULL) {
        hk__bundle_unsaved(b, r->entry, err);
        finish(r);
        return;
    }
    for (size_t i = 0; i < r->dag_count; i++) {
        struct hk_bundle_dag dag = {r->dags[i].graph, &r->dags[i].saved};
        if (!r->dags[i].is_elsewhere) {
            b->options.dag(b->options.context, &dag);
        }
    }
    for (size_t i = 0; i < r->gone_count; i++) {
        b->options.gone(b->options.context, r->gone[i]);
    }
    if (r->gone_count > 0) {
        hk__bundle_id_freed(b);
    }
    r->entry->is_unsaved = false;
    finish(r);
}

static void save(struct reading *r)
{
    for (size_t i = 0; i < r->dag_count; i++) {
        hk_uuid7(r->bundle->options.rand, r->parsed_us, r->dags[i].version_id);
    }
    struct hk_write write = {save_run, save_done, r, false};
    hk_store_submit(r->bundle->options.store, &write);
}

/* ---- Python ---- */

static bool take_result(struct reading *r, struct hk_error *err)
{
    const char *file = NULL;
    json_t *trace = NULL;
    json_object_foreach (json_object_get(r->result, "import_errors"), file, trace) {
        set_problem(r, json_is_string(trace) ? json_string_value(trace) : "import error");
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
        add_dag(r, graph);
    }
    return prepare(r, err);
}

static void save_or_report(struct reading *r)
{
    if (r->problem.len > 0) {
        report_problem(r);
    } else {
        save(r);
    }
}

static void result_work(uv_work_t *work)
{
    struct reading *r = work->data;
    struct hk_error err;
    if (!take_result(r, &err)) {
        set_problem(r, err.message);
    }
}

static void result_done(uv_work_t *work, int status)
{
    (void)status;
    save_or_report(work->data);
}

static void parsed(void *arg, const json_t *result, const struct hk_error *err)
{
    struct reading *r = arg;
    r->parsed_us = hk_clock_wall_us(r->bundle->options.clock);
    if (err != NULL) {
        set_problem(r, err->message);
        report_problem(r);
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
    const char *file = NULL;
    json_t *trace = NULL;
    r->parsed_us = hk_clock_wall_us(r->bundle->options.clock);
    if (err != NULL) {
        set_problem(r, err->message);
    } else {
        json_object_foreach (json_object_get(result, "import_errors"), file, trace) {
            set_problem(r, json_is_string(trace) ? json_string_value(trace) : "import error");
            break;
        }
    }
    save_or_report(r);
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
        save_or_report(r); /* a file without DAGs, too: it may have had some */
    } else if (b->options.python.parse != NULL) {
        b->options.python.parse(b->options.python.context, r->entry->path, b->folder, b->name, parsed, r);
    } else {
        set_problem(r, "this is a Python file, and no Python was given; name one with --python or HANOK_PYTHON");
        report_problem(r);
    }
}

static struct reading *new_reading(struct hk_bundle *b, struct hk_bundle_entry *entry)
{
    struct reading *r = hk_alloc(sizeof *r);
    r->bundle = b;
    r->entry = entry;
    r->work.data = r;
    r->started_us = hk_clock_wall_us(b->options.clock);
    r->parsed_us = r->started_us;
    hk_buf_init(&r->content, HK_MAX_DAG_FILE_BYTES + 65536);
    hk_buf_init(&r->problem, 1024 * 1024);
    return r;
}

void hk__bundle_read(struct hk_bundle *b, struct hk_bundle_entry *entry, bool even_unchanged)
{
    struct reading *r = new_reading(b, entry);
    r->even_unchanged = even_unchanged;
    HK_ASSERT(uv_queue_work(b->options.loop, &r->work, read_work, read_done) == 0);
}

/* ---- files that are gone ---- */

static bool forget_run(struct hk_db *db, void *arg, struct hk_error *err)
{
    struct reading *r = arg;
    return save_run(db, r, err) && hk_store_file_forget(db, r->bundle->name, r->entry->relative, err);
}

void hk__bundle_forget(struct hk_bundle *b, struct hk_bundle_entry *entry)
{
    struct reading *r = new_reading(b, entry);
    struct hk_write write = {forget_run, save_done, r, false};
    hk_store_submit(b->options.store, &write);
}
