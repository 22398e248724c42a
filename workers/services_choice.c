/* The bodies of GetDRCount, GetTICount and GetTaskStates. */
#include "engine/base/civil.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "engine/store/task_service_query.h"
#include "workers/services_internal.h"

typedef bool (*add_item_fn)(struct hk_json *w, struct hk_str item, void *arg, struct hk_error *err);

static bool add_text(struct hk_json *w, struct hk_str item, void *arg, struct hk_error *err)
{
    (void)arg;
    (void)err;
    hk_json_string(w, item);
    return true;
}

static bool add_date(struct hk_json *w, struct hk_str item, void *arg, struct hk_error *err)
{
    int64_t at_us;
    bool has_zone;
    (void)arg;
    if (!hk_iso_parse(item, &at_us, &has_zone)) {
        return hk_error_set(err, HK_INVALID, "'%.*s' is no date and time in ISO 8601.", HK_STR_ARG(item));
    }
    hk_json_int(w, at_us);
    return true;
}

/* "null" is the name of no state. */
static bool add_state(struct hk_json *w, struct hk_str item, void *arg, struct hk_error *err)
{
    bool *has_no_state = arg;
    (void)err;
    if (hk_str_is(item, "null")) {
        *has_no_state = true;
    } else {
        hk_json_string(w, item);
    }
    return true;
}

static bool add_items(const json_t *list, const char *name, struct hk_json *w, add_item_fn add, void *arg,
                      struct hk_error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (!json_is_string(item)) {
            return hk_error_set(err, HK_INVALID, "Item %zu of '%s' is not text.", i, name);
        }
        if (!add(w, (struct hk_str){json_string_value(item), json_string_length(item)}, arg, err)) {
            return hk_error_prefix(err, "'%s'", name);
        }
    }
    return true;
}

/* Absent, null and empty lists do not choose. */
struct list {
    const char *name;
    add_item_fn add;
    void *arg;
    struct hk_str *out;
};

static bool read_list(struct hk_arena *arena, const json_t *body, const struct list *list, struct hk_error *err)
{
    const json_t *items = json_object_get(body, list->name);
    *list->out = (struct hk_str){NULL, 0};
    if (items == NULL || json_is_null(items)) {
        return true;
    }
    if (!json_is_array(items)) {
        return hk_error_set(err, HK_INVALID, "'%s' is not a list.", list->name);
    }
    if (json_array_size(items) == 0) {
        return true;
    }
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_FRAME_BYTES);
    hk_json_init(&w, &text);
    hk_json_begin_array(&w);
    bool ok = add_items(items, list->name, &w, list->add, list->arg, err);
    hk_json_end_array(&w);
    if (ok && text.is_full) {
        ok = hk_error_set(err, HK_LIMIT, "'%s' is longer than %d bytes.", list->name, HK_MAX_FRAME_BYTES);
    }
    if (ok) {
        *list->out = hk_arena_str(arena, hk_buf_str(&text));
    }
    hk_buf_clear(&text);
    return ok;
}

static bool read_body(struct hk_arena *arena, const json_t *body, struct hk_task_choice *out, struct hk_str *group_id,
                      struct hk_error *err)
{
    const char *dag_id = hk_json_get_text(body, "dag_id", NULL);
    const char *group = hk_json_get_text(body, "task_group_id", NULL);
    if (dag_id == NULL) {
        return hk_error_set(err, HK_INVALID, "The request names no dag_id.");
    }
    out->dag_id = hk_arena_str(arena, hk_str_from(dag_id));
    out->map_index = hk_json_get_int(body, "map_index", HK_TIME_NONE);
    *group_id = (struct hk_str){NULL, 0};
    if (group != NULL && group[0] != '\0') {
        *group_id = hk_arena_str(arena, hk_str_from(group));
    }
    const struct list lists[] = {
        {"run_ids", add_text, NULL, &out->run_ids},
        {"logical_dates", add_date, NULL, &out->logical_dates},
        {"states", add_state, &out->has_no_state, &out->states},
        {"task_ids", add_text, NULL, &out->task_ids},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!read_list(arena, body, &lists[i], err)) {
            return false;
        }
    }
    return true;
}

bool hk__choice_read(struct hk_arena *arena, struct hk_str body, struct hk_task_choice *out, struct hk_str *group_id,
                     struct hk_error *err)
{
    *out = (struct hk_task_choice){.map_index = HK_TIME_NONE};
    json_t *value = hk_json_parse(body, err);
    bool ok = value != NULL && read_body(arena, value, out, group_id, err);
    json_decref(value);
    return ok;
}
