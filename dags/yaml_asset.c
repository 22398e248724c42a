/* Assets in YAML: schedule: [URI, ...] (all of them), {__and__: [...]} and {__or__: [...]} of Asset objects, and the
 * outlets of a task. */
#include <string.h>

#include "dags/yaml_dag.h"
#include "engine/base/limits.h"

/* The length of "scheme" in "scheme://..."; 0: it is no such text. */
static size_t scheme_len(struct hk_str uri)
{
    size_t len = 0;
    while (len < uri.len && (strchr("+.-", uri.data[len]) != NULL || (uri.data[len] >= '0' && uri.data[len] <= '9') ||
                             ((uri.data[len] | 0x20) >= 'a' && (uri.data[len] | 0x20) <= 'z'))) {
        len++;
    }
    return len + 2 < uri.len && memcmp(uri.data + len, "://", 3) == 0 ? len : 0;
}

/* As Airflow's _sanitize_uri does without a provider that knows the scheme better: the scheme in small letters, no
 * password, one slash where there is no path and none at the end of one, no fragment. */
static const char *sanitize(struct hk_graph_builder *b, struct hk_str uri)
{
    size_t scheme = scheme_len(uri);
    if (scheme == 0) {
        return hk_graph_builder_str(b, uri);
    }
    struct hk_buf out;
    hk_buf_init(&out, HK_MAX_DAG_FILE_BYTES);
    for (size_t i = 0; i < scheme; i++) {
        char c = uri.data[i];
        hk_buf_add_char(&out, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
    }
    hk_buf_add_text(&out, "://");
    struct hk_str rest = {uri.data + scheme + 3, uri.len - scheme - 3};
    const char *hash = memchr(rest.data, '#', rest.len);
    rest.len = hash != NULL ? (size_t)(hash - rest.data) : rest.len;
    size_t authority = strcspn(rest.data, "/?");
    authority = authority < rest.len ? authority : rest.len;
    const char *at = memrchr(rest.data, '@', authority);
    if (at != NULL && memchr(rest.data, ':', (size_t)(at - rest.data)) != NULL) {
        size_t skipped = (size_t)(at + 1 - rest.data);
        rest = (struct hk_str){rest.data + skipped, rest.len - skipped};
        authority -= skipped;
    }
    const char *query = memchr(rest.data + authority, '?', rest.len - authority);
    size_t path_end = query != NULL ? (size_t)(query - rest.data) : rest.len;
    size_t kept = path_end;
    while (kept > authority && rest.data[kept - 1] == '/') {
        kept--;
    }
    hk_buf_add(&out, rest.data, kept);
    hk_buf_add_text(&out, kept == authority ? "/" : "");
    hk_buf_add(&out, rest.data + path_end, rest.len - path_end);
    const char *text = hk_graph_builder_str(b, hk_buf_str(&out));
    hk_buf_clear(&out);
    return text;
}

static bool is_text(const struct hk_yaml_node *node)
{
    return node != NULL && node->kind == HK_YAML_TEXT && hk_str_trim(node->text).len > 0;
}

static bool is_asset(const struct hk_yaml_node *node)
{
    return hk__yaml_is_type(node, "Asset") || hk__yaml_is_type(node, "Dataset");
}

static uint32_t add_text(const struct hk__yaml_dag *d, struct hk_str text)
{
    struct hk_asset asset = {.name = hk_graph_builder_str(d->b, text), .uri = sanitize(d->b, text)};
    return hk_graph_builder_asset(d->b, &asset);
}

static bool add_object(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, uint32_t *out,
                       struct hk_error *err)
{
    const struct hk_yaml_node *name = hk__yaml_object_arg(node, "name", 0);
    const struct hk_yaml_node *uri = hk__yaml_object_arg(node, "uri", 1);
    const struct hk_yaml_node *group = hk__yaml_object_arg(node, "group", -1);
    const struct hk_yaml_node *extra = hk__yaml_object_arg(node, "extra", -1);
    name = name != NULL ? name : uri;
    uri = uri != NULL ? uri : name;
    if (!is_text(name) || !is_text(uri) || (group != NULL && !is_text(group)) ||
        (extra != NULL && extra->kind != HK_YAML_MAP)) {
        return hk__yaml_refuse(d, node, err,
                               "an Asset takes a name or a uri, both texts, and may have a group and extra.");
    }
    struct hk_asset asset = {.name = hk_graph_builder_str(d->b, name->text),
                             .uri = sanitize(d->b, uri->text),
                             .group = group != NULL ? group->text.data : NULL,
                             .extra_json = extra != NULL ? hk__yaml_json(d, extra) : NULL};
    *out = hk_graph_builder_asset(d->b, &asset);
    return true;
}

static bool read_part(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, int depth, struct hk_error *err)
{
    uint32_t asset = 0;
    if (is_asset(node)) {
        bool ok = add_object(d, node, &asset, err);
        hk_graph_builder_condition(d->b, HK_ASSET_ONE, asset);
        return ok;
    }
    bool is_all = hk__yaml_is_type(node, "AssetAll");
    if ((!is_all && !hk__yaml_is_type(node, "AssetAny")) || depth > HK_MAX_NESTING) {
        return hk__yaml_refuse(d, node, err, "%.120s is no asset that a DAG can be scheduled on yet.",
                               node->kind == HK_YAML_OBJECT ? node->text.data : hk_yaml_kind_name(node->kind));
    }
    hk_graph_builder_condition(d->b, is_all ? HK_ASSET_ALL : HK_ASSET_ANY, (uint32_t)node->as.in.item_count);
    bool ok = true;
    for (size_t i = 0; i < node->as.in.item_count && ok; i++) {
        ok = read_part(d, node->as.in.items[i], depth + 1, err);
    }
    return ok;
}

static bool set_kind(const struct hk__yaml_dag *d)
{
    d->dag->schedule.kind = HK_SCHEDULE_ASSETS;
    d->dag->schedule.summary = "Asset";
    return true;
}

bool hk__yaml_read_asset_schedule(const struct hk__yaml_dag *d, const struct hk_yaml_node *node, struct hk_error *err)
{
    return read_part(d, node, 0, err) && set_kind(d);
}

/* Nulls and empty texts do not count. */
static bool is_nothing(const struct hk_yaml_node *item)
{
    return item->kind == HK_YAML_NULL || (item->kind == HK_YAML_TEXT && !is_text(item));
}

bool hk__yaml_read_asset_list(const struct hk__yaml_dag *d, const struct hk_yaml_node *list, struct hk_error *err)
{
    uint32_t count = 0;
    for (size_t i = 0; i < list->as.in.item_count; i++) {
        count += !is_nothing(list->as.in.items[i]);
    }
    hk_graph_builder_condition(d->b, HK_ASSET_ALL, count);
    for (size_t i = 0; i < list->as.in.item_count; i++) {
        const struct hk_yaml_node *item = list->as.in.items[i];
        if (is_text(item)) {
            hk_graph_builder_condition(d->b, HK_ASSET_ONE, add_text(d, hk_str_trim(item->text)));
        } else if (!is_nothing(item) && !read_part(d, item, 0, err)) {
            return false;
        }
    }
    return set_kind(d);
}

bool hk__yaml_outlets_are_plain(const struct hk_yaml_node *outlets)
{
    bool ok = outlets == NULL || outlets->kind == HK_YAML_LIST;
    for (size_t i = 0; outlets != NULL && ok && i < outlets->as.in.item_count; i++) {
        const struct hk_yaml_node *item = outlets->as.in.items[i];
        ok = is_text(item) || is_asset(item);
    }
    return ok;
}

bool hk__yaml_read_outlets(const struct hk__yaml_dag *d, const struct hk_yaml_node *outlets, struct hk_task *task,
                           struct hk_error *err)
{
    bool ok = true;
    for (size_t i = 0; outlets != NULL && outlets->kind == HK_YAML_LIST && ok && i < outlets->as.in.item_count; i++) {
        const struct hk_yaml_node *item = outlets->as.in.items[i];
        uint32_t asset = UINT32_MAX;
        if (is_text(item)) {
            asset = add_text(d, item->text);
        } else if (is_asset(item)) {
            ok = add_object(d, item, &asset, err);
        }
        if (asset != UINT32_MAX) {
            hk_graph_builder_outlet(d->b, task->index, asset);
        }
    }
    return ok;
}
