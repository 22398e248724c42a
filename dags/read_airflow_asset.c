/* Assets: conditions that DAGs are scheduled on, and what tasks bring up to date. */
#include <string.h>

#include "dags/read_airflow_internal.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

/* {"name", "uri", "group", "extra"}. The index, or UINT32_MAX. */
static uint32_t read_asset(struct hk_graph_builder *b, const json_t *object)
{
    json_t *extra = hk__airflow_plain(json_object_get(object, "extra"));
    struct hk_asset asset = {.name = hk_json_get_text(object, "name", NULL),
                             .uri = hk_json_get_text(object, "uri", NULL),
                             .group = hk_json_get_text(object, "group", "asset")};
    asset.extra_json = json_object_size(extra) > 0 ? hk__airflow_text(b, extra) : NULL;
    json_decref(extra);
    return asset.name != NULL && asset.uri != NULL ? hk_graph_builder_asset(b, &asset) : UINT32_MAX;
}

static bool refuse_kind(const char *type, struct hk_error *err)
{
    static const struct {
        const char *type;
        const char *name;
    } kinds[] = {{"asset_alias", "an AssetAlias"},
                 {"asset_name_ref", "Asset.ref(name=...)"},
                 {"asset_uri_ref", "Asset.ref(uri=...)"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(type, kinds[i].type) == 0) {
            type = kinds[i].name;
        }
    }
    return hk_error_set(err, HK_INVALID,
                        "A schedule on %.100s is not supported by this version of hanok; it may be made of Asset, "
                        "AssetAny and AssetAll.",
                        type);
}

static bool read_part(struct hk_graph_builder *b, const json_t *part, int depth, struct hk_error *err)
{
    const char *type = hk_json_get_text(part, "__type", "something without a type");
    if (strcmp(type, "asset") == 0) {
        uint32_t index = read_asset(b, part);
        hk_graph_builder_condition(b, HK_ASSET_ONE, index);
        return index != UINT32_MAX || hk_error_set(err, HK_INVALID, "An asset of the schedule has no name or no URI.");
    }
    bool is_all = strcmp(type, "asset_all") == 0;
    if ((!is_all && strcmp(type, "asset_any") != 0) || depth > HK_MAX_NESTING) {
        return refuse_kind(type, err);
    }
    const json_t *objects = json_object_get(part, "objects");
    size_t count = json_array_size(objects);
    if (count > HK_MAX_ASSETS_PER_DAG) {
        return hk_error_set(err, HK_LIMIT, "The schedule names %zu assets; at most %d are read.", count,
                            HK_MAX_ASSETS_PER_DAG);
    }
    hk_graph_builder_condition(b, is_all ? HK_ASSET_ALL : HK_ASSET_ANY, (uint32_t)count);
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        ok = read_part(b, json_array_get(objects, i), depth + 1, err);
    }
    return ok;
}

bool hk__airflow_condition(struct hk_graph_builder *b, const json_t *condition, struct hk_error *err)
{
    return read_part(b, condition, 0, err);
}

static bool is_asset(const json_t *outlet)
{
    return strcmp(hk_json_get_text(outlet, "__type", ""), "asset") == 0;
}

bool hk__airflow_outlets_are_plain(const json_t *outlets)
{
    const json_t *list = hk__airflow_bare(outlets);
    bool ok = list == NULL || json_is_null(list) || json_is_array(list);
    for (size_t i = 0; i < json_array_size(list) && ok; i++) {
        ok = is_asset(json_array_get(list, i));
    }
    return ok;
}

void hk__airflow_outlets(struct hk_graph_builder *b, uint32_t task, const json_t *outlets)
{
    const json_t *list = hk__airflow_bare(outlets);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *outlet = json_array_get(list, i);
        uint32_t asset = is_asset(outlet) ? read_asset(b, hk__airflow_bare(outlet)) : UINT32_MAX;
        if (asset != UINT32_MAX) {
            hk_graph_builder_outlet(b, task, asset);
        }
    }
}
