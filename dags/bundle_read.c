/* What a file says: content, defaults, digests, graphs. Blocking; on libuv's worker threads, which touch nothing of the
 * bundle but what never changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dags/bundle_internal.h"
#include "dags/read_yaml.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/graph/graph_codec.h"

enum { MAX_DEFAULTS = 32 };

void hk__reading_add_dag(struct reading *r, struct hk_graph *graph)
{
    hk_array_grow((void **)&r->dags, &r->dag_cap, r->dag_count + 1, sizeof *r->dags);
    r->dags[r->dag_count++].graph = graph;
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
            hk__reading_add_dag(r, graph);
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
    r->is_new = ok && known[0] == '\0';
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
        hk__reading_add_dag(r, hk_graph_ref(dags.graphs[i]));
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
bool hk__reading_prepare(struct reading *r, struct hk_error *err)
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

/* Of the file and of the defaults it was read with, with the values that environment variables have in them, and of the
 * readers themselves (CMakeLists.txt), which another hanok has changed: if that is unchanged, so are its DAGs. */
static void digest_all(struct reading *r, const struct hk_yaml_defaults *defaults, size_t default_count)
{
    struct hk_yaml_source source = {.find_env = find_environment, .env_context = r->bundle};
    hk_graph_digest(hk_buf_str(&r->content), r->source_digest);
    struct hk_buf all;
    hk_buf_init(&all, (size_t)HK_MAX_DAG_FILE_BYTES * (MAX_DEFAULTS + 2));
    hk_buf_add_text(&all, HK_READERS_DIGEST);
    if (r->entry->kind != HK_DAG_FILE_YAML) {
        hk_buf_add_text(&all, r->source_digest);
        default_count = 0;
    } else {
        hk_yaml_expand(&source, hk_buf_str(&r->content), &all);
    }
    for (size_t i = 0; i < default_count; i++) {
        hk_buf_add_char(&all, '\f');
        hk_yaml_expand(&source, defaults[i].text, &all);
    }
    hk_graph_digest(hk_buf_str(&all), r->digest);
    hk_buf_clear(&all);
}

/* Policies stand for themselves: no defaults, no environment. What is unchanged is in the database. */
static bool read_policies(struct reading *r, struct hk_error *err)
{
    digest_all(r, NULL, 0);
    return ask_database(r, err) && (r->is_unchanged || hk_read_policies(&r->arena, hk_buf_str(&r->content),
                                                                        r->entry->relative, &r->policies, err));
}

static bool read_with_defaults(struct reading *r, const struct hk_yaml_defaults *defaults, size_t count,
                               struct hk_error *err)
{
    digest_all(r, defaults, count);
    r->is_helper = r->entry->kind == HK_DAG_FILE_PYTHON && !hk_dag_file_may_have_dags(hk_buf_str(&r->content));
    if (!ask_database(r, err)) {
        return false;
    }
    if (!r->is_unchanged && r->entry->kind == HK_DAG_FILE_PYTHON) {
        r->needs_host = !r->is_helper;
        r->is_loader = hk_dag_file_is_loader(hk_buf_str(&r->content));
        return true;
    }
    return (r->is_unchanged || read_yaml(r, defaults, count, err)) && hk__reading_prepare(r, err);
}

bool hk__reading_read(struct reading *r, struct hk_error *err)
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
    if (r->is_policies) {
        return read_policies(r, err);
    }
    bool ok = r->entry->kind != HK_DAG_FILE_YAML || read_defaults(r, defaults, &count, err);
    ok = ok && read_with_defaults(r, defaults, count, err);
    free_defaults(defaults, count);
    return ok;
}
