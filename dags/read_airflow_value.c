#include <math.h>
#include <stdlib.h>

#include "dags/read_airflow_internal.h"
#include "engine/base/civil.h"
#include "engine/base/json.h"

static const char *type_of(const json_t *value)
{
    const json_t *inner = json_object_get(value, "__var");
    return inner != NULL ? hk_json_get_text(value, "__type", NULL) : NULL;
}

const json_t *hk__airflow_bare(const json_t *value)
{
    return type_of(value) != NULL ? json_object_get(value, "__var") : value;
}

static bool seconds_to_us(double seconds, int64_t *out_us)
{
    if (!isfinite(seconds) || seconds < -1e11 || seconds > 1e12) {
        return false;
    }
    *out_us = (int64_t)llround(seconds * 1e6);
    return true;
}

json_t *hk__airflow_plain(const json_t *value)
{
    const char *type = type_of(value);
    const json_t *bare = hk__airflow_bare(value);
    int64_t us;
    if (type != NULL && strcmp(type, "datetime") == 0 && json_is_number(bare) &&
        seconds_to_us(json_number_value(bare), &us)) {
        char text[HK_ISO_SIZE];
        hk_iso_z(us, text);
        return json_string(text);
    }
    if (json_is_object(bare)) {
        json_t *out = json_object();
        const char *key;
        json_t *item;
        json_object_foreach ((json_t *)(uintptr_t)bare, key, item) {
            json_object_set_new(out, key, hk__airflow_plain(item));
        }
        return out;
    }
    if (json_is_array(bare)) {
        json_t *out = json_array();
        size_t index;
        const json_t *item;
        json_array_foreach (bare, index, item) {
            json_array_append_new(out, hk__airflow_plain(item));
        }
        return out;
    }
    return bare != NULL ? json_incref((json_t *)(uintptr_t)bare) : json_null();
}

static void add_param(json_t *out, const char *name, const json_t *param)
{
    static const struct {
        const char *from;
        const char *to;
    } members[] = {{"default", "value"}, {"schema", "schema"}, {"description", "description"}, {"source", "source"}};
    json_t *shown = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_object_set_new(shown, members[i].to, hk__airflow_plain(json_object_get(param, members[i].from)));
    }
    json_object_set_new(out, name, shown);
}

json_t *hk__airflow_params(const json_t *params)
{
    json_t *out = json_object();
    size_t index;
    const json_t *pair;
    json_array_foreach (params, index, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        if (name != NULL) {
            add_param(out, name, json_array_get(pair, 1));
        }
    }
    return out;
}

const char *hk__airflow_text(struct hk_graph_builder *b, const json_t *value)
{
    if (value == NULL) {
        return NULL;
    }
    char *text = hk_json_dump(value);
    const char *copy = hk_graph_builder_text(b, text);
    free(text);
    return copy;
}

static bool read_seconds(const json_t *object, const char *key, int64_t *out_us)
{
    const json_t *value = hk__airflow_bare(json_object_get(object, key));
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    return json_is_number(value) && seconds_to_us(json_number_value(value), out_us);
}

bool hk__airflow_instant(const json_t *object, const char *key, int64_t *out_us)
{
    return read_seconds(object, key, out_us);
}

bool hk__airflow_span(const json_t *object, const char *key, int64_t *out_us)
{
    return read_seconds(object, key, out_us) && *out_us >= 0;
}
