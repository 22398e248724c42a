/* The rules of mlflow/utils/validation.py for what is logged to a run, in its order and its words. */
#include <math.h>

#include "api/mlflow/tracking.h"

void hk__ml_object_to(struct hk__ml_arguments *args, const char *sentence)
{
    if (sentence != NULL) {
        hk__ml_mistake(args, "%s", sentence);
    }
}

/* As Python prints a float. */
static const char *shown(struct hk_arena *arena, double value)
{
    if (isnan(value)) {
        return "nan";
    }
    if (isinf(value)) {
        return value > 0 ? "inf" : "-inf";
    }
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, 64);
    hk_json_init(&w, &text);
    hk_json_double(&w, value);
    const char *copy = hk_arena_strdup(arena, text.data);
    hk_buf_clear(&text);
    return copy;
}

static const char *where(const struct hk__ml_arguments *args, const struct hk__ml_item *item, const char *name)
{
    if (item == NULL) {
        return name;
    }
    return hk_arena_printf(args->req->arena, "%s[%zu].%s", item->list, item->index, name);
}

static void check_key(struct hk__ml_arguments *args, const struct hk__ml_item *item, const char *name,
                      struct hk_str key)
{
    struct hk_arena *arena = args->req->arena;
    if (hk_key_mistake(arena, key, name) != NULL) {
        hk__ml_object_to(args, hk_key_mistake(arena, key, where(args, item, name)));
    }
}

void hk__ml_check_metric(struct hk__ml_arguments *args, const struct hk__ml_item *item, const struct hk_metric *metric,
                         double said)
{
    struct hk_arena *arena = args->req->arena;
    check_key(args, item, "name", metric->key);
    if (metric->timestamp_ms < 0) {
        hk__ml_mistake(args,
                       "Invalid value %lld for parameter '%s' supplied: metric '%.*s' (value=%s). Timestamp must be a "
                       "nonnegative long (64-bit integer) ",
                       (long long)metric->timestamp_ms, where(args, item, "timestamp"), HK_STR_ARG(metric->key),
                       shown(arena, said));
    }
    hk__ml_object_to(args, hk_length_mistake(arena, "Metric name", metric->key, HK__ML_MAX_KEY));
    if ((metric->dataset_name.len > 0) != (metric->dataset_digest.len > 0)) {
        hk__ml_mistake(args, "Both dataset_name and dataset_digest must be provided if one is provided");
    }
}

void hk__ml_check_param(struct hk__ml_arguments *args, const struct hk__ml_item *item, struct hk_key_value *param)
{
    check_key(args, item, "key", param->key);
    hk__ml_object_to(args, hk_length_mistake(args->req->arena, "Param key", param->key, HK__ML_MAX_KEY));
    param->value = hk_text_cut(param->value, HK__ML_MAX_PARAM_VALUE);
}

void hk__ml_check_tag(struct hk__ml_arguments *args, const struct hk__ml_item *item, struct hk_key_value *tag)
{
    check_key(args, item, "key", tag->key);
    hk__ml_object_to(args, hk_length_mistake(args->req->arena, where(args, item, "key"), tag->key, HK__ML_MAX_KEY));
    tag->value = hk_text_cut(tag->value, HK__ML_MAX_TAG_VALUE);
}
