#include "dags/yaml_dag.h"
#include "engine/base/limits.h"

static void write_pairs_but(const struct hk_yaml_node *object, struct hk_json *w)
{
    hk_json_begin_object(w);
    for (size_t i = 0; object != NULL && i < object->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &object->as.in.pairs[i];
        if (hk_yaml_is_text(pair->key, "default") || hk_yaml_is_text(pair->key, "description") ||
            hk_yaml_is_text(pair->key, "schema") || hk_yaml_is_text(pair->key, "source")) {
            continue;
        }
        hk_json_key_str(w, pair->key->text);
        hk_yaml_write_json(pair->value, w);
    }
    hk_json_end_object(w);
}

static bool is_param(const struct hk_yaml_node *node)
{
    return hk__yaml_is_type(node, "Param");
}

static const struct hk_yaml_node *param_default(const struct hk_yaml_node *param)
{
    return param->as.in.item_count > 0 ? param->as.in.items[0] : hk_yaml_find(param, "default");
}

static void write_param(const struct hk_yaml_node *node, struct hk_json *w)
{
    const struct hk_yaml_node *value = is_param(node) ? param_default(node) : node;
    const struct hk_yaml_node *description = is_param(node) ? hk_yaml_get(node, "description") : NULL;
    hk_json_begin_object(w);
    hk_json_key(w, "value");
    if (value != NULL) {
        hk_yaml_write_json(value, w);
    } else {
        hk_json_null(w);
    }
    hk_json_key(w, "schema");
    if (is_param(node)) {
        write_pairs_but(node, w);
    } else {
        hk_json_begin_object(w);
        hk_json_end_object(w);
    }
    hk_json_key(w, "description");
    if (description != NULL && description->kind == HK_YAML_TEXT) {
        hk_json_string(w, description->text);
    } else {
        hk_json_null(w);
    }
    hk_json_kv_null(w, "source");
    hk_json_end_object(w);
}

static const char *keep(const struct hk__yaml_dag *d, struct hk_buf *text)
{
    const char *kept = hk_graph_builder_str(d->b, hk_buf_str(text));
    hk_buf_clear(text);
    return kept;
}

const char *hk__yaml_params_json(const struct hk__yaml_dag *d, const struct hk_yaml_node *params)
{
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    for (size_t i = 0; i < params->as.in.pair_count; i++) {
        hk_json_key_str(&w, params->as.in.pairs[i].key->text);
        write_param(params->as.in.pairs[i].value, &w);
    }
    hk_json_end_object(&w);
    return keep(d, &text);
}

const char *hk__yaml_json(const struct hk__yaml_dag *d, const struct hk_yaml_node *node)
{
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_DAG_DOCUMENT_BYTES);
    hk_json_init(&w, &text);
    hk_yaml_write_json(node, &w);
    return keep(d, &text);
}

static bool check_params(const struct hk__yaml_dag *d, const struct hk_yaml_node *params, struct hk_error *err)
{
    if (params->kind != HK_YAML_MAP) {
        return hk__yaml_refuse(d, params, err, "params takes a mapping, not %s.", hk_yaml_kind_name(params->kind));
    }
    for (size_t i = 0; i < params->as.in.pair_count; i++) {
        const struct hk_yaml_pair *pair = &params->as.in.pairs[i];
        if (pair->key->kind != HK_YAML_TEXT) {
            return hk__yaml_refuse(d, pair->key, err, "the name of a param is a text: write it in quotes.");
        }
        if (is_param(pair->value) && param_default(pair->value) == NULL && d->dag->schedule.kind != HK_SCHEDULE_NONE) {
            return hk__yaml_refuse(d, pair->value, err,
                                   "param '%.100s' has no default, so the DAG cannot have a schedule.",
                                   pair->key->text.data);
        }
    }
    return true;
}

/* The DAG's own params under those of default_args, as Airflow merges them. */
bool hk__yaml_read_params(struct hk__yaml_dag *d, struct hk_error *err)
{
    struct hk_yaml_node *own = hk_yaml_get(d->conf, "params");
    struct hk_yaml_node *from_defaults = hk_yaml_get(d->default_args, "params");
    size_t work = 0;
    if ((own != NULL && !check_params(d, own, err)) ||
        (from_defaults != NULL && !check_params(d, from_defaults, err))) {
        return false;
    }
    struct hk_yaml_node *params = hk__yaml_overlay(d->arena, own, from_defaults, &work);
    if (params != NULL && params->as.in.pair_count > 0) {
        d->dag->params_json = hk__yaml_params_json(d, params);
    }
    return true;
}
