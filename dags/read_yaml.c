#include "dags/read_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "dags/yaml_dag.h"
#include "dags/yaml_internal.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"

enum { MAX_ENV_NAME = 256 };

struct file {
    const struct hk_yaml_source *source;
    struct hk_arena arena;
    const char *name; /* for messages */
    struct hk_yaml_node *root;
    struct hk_yaml_node *defaults; /* the `default` block, with the default_args of defaults.yml below its own; a map */
    struct hk_yaml_node *dag_fields; /* what defaults.yml says of DAGs; NULL: nothing */
    size_t merged;                   /* pairs copied so far */
};

/* ---- environment variables, as os.path.expandvars ---- */

static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The variable's name after the '$' at text[at]; its whole length, or 0 when it is none. */
static size_t match_variable(struct hk_str text, size_t at, struct hk_str *name)
{
    size_t start = at + 1;
    if (start < text.len && text.data[start] == '{') {
        const char *close = memchr(text.data + start, '}', text.len - start);
        if (close == NULL) {
            return 0;
        }
        *name = (struct hk_str){text.data + start + 1, (size_t)(close - text.data) - start - 1};
        return name->len + 3;
    }
    size_t end = start;
    while (end < text.len && is_name_byte(text.data[end])) {
        end++;
    }
    *name = (struct hk_str){text.data + start, end - start};
    return end > start ? end - at : 0;
}

static const char *find_variable(const struct hk_yaml_source *source, struct hk_str name)
{
    char text[MAX_ENV_NAME];
    return hk_str_copy(text, sizeof text, name) ? source->find_env(source->env_context, text) : NULL;
}

void hk_yaml_expand(const struct hk_yaml_source *source, struct hk_str text, struct hk_buf *out)
{
    size_t plain = 0;
    size_t at = 0;
    while (source->find_env != NULL && at < text.len) {
        const char *dollar = memchr(text.data + at, '$', text.len - at);
        if (dollar == NULL) {
            break;
        }
        at = (size_t)(dollar - text.data);
        struct hk_str name = {0};
        size_t len = match_variable(text, at, &name);
        const char *value = len > 0 ? find_variable(source, name) : NULL;
        if (value == NULL) {
            at += len > 0 ? len : 1;
            continue;
        }
        hk_buf_add(out, text.data + plain, at - plain);
        hk_buf_add_text(out, value);
        at += len;
        plain = at;
    }
    hk_buf_add(out, text.data + plain, text.len - plain);
}

static bool parse(struct file *f, struct hk_str text, const char *name, struct hk_yaml_node **out, struct hk_error *err)
{
    struct hk_buf expanded;
    hk_buf_init(&expanded, HK_MAX_DAG_FILE_BYTES);
    hk_yaml_expand(f->source, text, &expanded);
    bool ok = false;
    if (expanded.is_full) {
        hk_error_set(err, HK_LIMIT, "%s has more than %d bytes: split it.", name, HK_MAX_DAG_FILE_BYTES);
    } else {
        ok =
            hk_yaml_parse(&f->arena, hk_buf_str(&expanded), name, out, err) && hk_yaml_cast(&f->arena, *out, name, err);
    }
    hk_buf_clear(&expanded);
    return ok;
}

/* ---- defaults ---- */

static bool refuse(uint32_t line, const char *name, struct hk_error *err, const char *message)
{
    hk_error_set(err, HK_INVALID, "%s", message);
    return hk__yaml_at(err, name, line);
}

/* A block of defaults as two maps: its default_args, and the rest. Either may be NULL. */
static bool split_defaults(struct file *f, struct hk_yaml_node *block, const char *name, struct hk_yaml_node **args,
                           struct hk_yaml_node **rest, struct hk_error *err)
{
    *args = NULL;
    *rest = NULL;
    if (block == NULL || block->kind == HK_YAML_NULL) {
        return true;
    }
    if (block->kind != HK_YAML_MAP) {
        return refuse(block->line, name, err, "a block of defaults takes a mapping.");
    }
    *args = hk_yaml_get(block, "default_args");
    *rest = hk__yaml_without(&f->arena, block, "default_args");
    return *args == NULL || (*args)->kind == HK_YAML_MAP ||
           refuse((*args)->line, name, err, "default_args takes a mapping.");
}

/* The tags of all defaults files stand together; whatever else the nearer one gives replaces the farther one's. */
static bool join_tags(struct file *f, struct hk_yaml_node **fields, const struct hk_yaml_node *farther,
                      const char *name, struct hk_error *err)
{
    struct hk_yaml_node *own = hk_yaml_find(*fields, "tags");
    if (own == NULL) {
        return true;
    }
    if (own->kind != HK_YAML_LIST) {
        return refuse(own->line, name, err, "tags takes a list.");
    }
    const struct hk_yaml_node *others = hk_yaml_find(farther, "tags");
    if (others == NULL) {
        return true;
    }
    struct hk_yaml_node *all = hk_arena_alloc(&f->arena, sizeof *all);
    *all = *own;
    all->as.in.item_count = own->as.in.item_count + others->as.in.item_count;
    all->as.in.items = hk_arena_array(&f->arena, all->as.in.item_count, sizeof(struct hk_yaml_node *));
    f->merged += all->as.in.item_count;
    for (size_t i = 0; i < all->as.in.item_count; i++) {
        bool is_own = i < own->as.in.item_count;
        all->as.in.items[i] = is_own ? own->as.in.items[i] : others->as.in.items[i - own->as.in.item_count];
    }
    *fields = hk__yaml_with(&f->arena, *fields, "tags", all);
    return true;
}

/* Farther files first, so that nearer ones win. */
static bool read_defaults(struct file *f, struct hk_error *err)
{
    struct hk_yaml_node *all_args = NULL;
    for (size_t i = f->source->default_count; i > 0; i--) {
        const struct hk_yaml_defaults *file = &f->source->defaults[i - 1];
        struct hk_yaml_node *root = NULL;
        struct hk_yaml_node *args = NULL;
        struct hk_yaml_node *fields = NULL;
        if (!parse(f, file->text, file->path, &root, err) ||
            !split_defaults(f, root, file->path, &args, &fields, err) ||
            !join_tags(f, &fields, f->dag_fields, file->path, err)) {
            return false;
        }
        all_args = hk__yaml_overlay(&f->arena, all_args, args, &f->merged);
        f->dag_fields = hk__yaml_overlay(&f->arena, f->dag_fields, fields, &f->merged);
    }
    struct hk_yaml_node *args = NULL;
    struct hk_yaml_node *rest = NULL;
    if (!split_defaults(f, hk_yaml_find(f->root, "default"), f->name, &args, &rest, err)) {
        return false;
    }
    all_args = hk__yaml_overlay(&f->arena, all_args, args, &f->merged);
    f->defaults = rest != NULL ? rest : hk__yaml_new_map(&f->arena, 1);
    all_args = all_args != NULL ? all_args : hk__yaml_new_map(&f->arena, 1);
    f->defaults = hk__yaml_with(&f->arena, f->defaults, "default_args", all_args);
    return true;
}

/* ---- DAGs ---- */

static bool is_system_key(const struct hk_yaml_node *key)
{
    return hk_yaml_is_text(key, "default") || hk_yaml_is_text(key, "task_groups");
}

static bool looks_like_dag(const struct hk_yaml_node *node)
{
    static const char *const signs[] = {"tasks",        "task_groups", "schedule", "schedule_interval",
                                        "default_args", "start_date",  "catchup",  NULL};
    for (const char *const *sign = signs; *sign != NULL; sign++) {
        if (hk_yaml_find(node, *sign) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_dag_file(const struct hk_yaml_node *root)
{
    if (root->kind != HK_YAML_MAP) {
        return false;
    }
    for (size_t i = 0; i < root->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &root->as.in.pairs[i];
        if (!is_system_key(pair->key) && looks_like_dag(pair->value)) {
            return true;
        }
    }
    return hk_yaml_find(root, "default") != NULL;
}

static bool merge_dag(struct file *f, struct hk_yaml_node *own, struct hk_yaml_node **out, struct hk_error *err)
{
    struct hk_yaml_node *conf = hk__yaml_overlay(&f->arena, f->dag_fields, own, &f->merged);
    *out = hk__yaml_merge(&f->arena, conf, f->defaults, &f->merged);
    (*out)->line = own->line;
    if (f->merged > HK_MAX_YAML_NODES) {
        hk_error_set(err, HK_LIMIT, "with its defaults written out, the file has more than %d entries: split it.",
                     HK_MAX_YAML_NODES);
        return hk__yaml_at(err, f->name, own->line);
    }
    return true;
}

static void clear_dag(struct hk__yaml_dag *d)
{
    hk_map_clear(&d->group_names);
    hk_map_clear(&d->task_names);
}

static bool build_dag(struct file *f, const struct hk_yaml_pair *pair, struct hk_graph **out, struct hk_error *err)
{
    struct hk__yaml_dag d = {.source = f->source, .arena = &f->arena, .file = f->name, .dag_id = pair->key->text.data};
    d.conf = pair->value;
    if (pair->key->kind != HK_YAML_TEXT) {
        return hk__yaml_refuse(&d, pair->key, err, "the name is read as %s: write it in quotes.",
                               hk_yaml_kind_name(pair->key->kind));
    }
    if (pair->value->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(&d, pair->value, err,
                               "this takes a mapping, not %s: nothing but DAGs, 'default' and 'task_groups' "
                               "may stand at the top of the file.",
                               hk_yaml_kind_name(pair->value->kind));
    }
    if (!merge_dag(f, pair->value, &d.conf, err)) {
        return false;
    }
    d.b = hk_graph_builder_new();
    d.dag = hk_graph_builder_dag(d.b);
    bool ok = hk__yaml_read_dag(&d, err);
    if (!ok) {
        hk_graph_builder_free(d.b);
    } else if (!hk_graph_build(d.b, out, err)) {
        ok = false;
        hk__yaml_at(err, f->name, pair->key->line);
    }
    clear_dag(&d);
    return ok;
}

static bool read_dags(struct file *f, struct hk_yaml_dags *out, struct hk_error *err)
{
    out->graphs = hk_alloc_array(f->root->as.in.pair_count + 1, sizeof(struct hk_graph *));
    for (size_t i = 0; i < f->root->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &f->root->as.in.pairs[i];
        if (is_system_key(pair->key)) {
            continue;
        }
        if (out->count >= HK_MAX_DAGS_PER_FILE) {
            return hk_error_set(err, HK_LIMIT, "%s has more than %d DAGs: split it.", f->name, HK_MAX_DAGS_PER_FILE);
        }
        if (!build_dag(f, pair, &out->graphs[out->count], err)) {
            return false;
        }
        out->count++;
    }
    return true;
}

bool hk_read_yaml(const struct hk_yaml_source *source, struct hk_yaml_dags *out, struct hk_error *err)
{
    struct file f = {.source = source, .name = source->relative_path != NULL ? source->relative_path : source->path};
    *out = (struct hk_yaml_dags){0};
    bool ok = parse(&f, source->text, f.name, &f.root, err);
    if (ok && !is_dag_file(f.root)) {
        out->is_other = true;
    } else {
        ok = ok && read_defaults(&f, err) && read_dags(&f, out, err);
    }
    hk_arena_clear(&f.arena);
    if (!ok) {
        hk_yaml_dags_clear(out);
    }
    return ok;
}

void hk_yaml_dags_clear(struct hk_yaml_dags *dags)
{
    for (size_t i = 0; i < dags->count; i++) {
        hk_graph_unref(dags->graphs[i]);
    }
    free(dags->graphs);
    *dags = (struct hk_yaml_dags){0};
}

bool hk_yaml_is_defaults(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return strcmp(name, "defaults.yml") == 0 || strcmp(name, "defaults.yaml") == 0;
}
