#include "engine/events/event.h"

#include "engine/base/json.h"
#include "engine/base/limits.h"

static const char *const names[HK_EVENT_KIND_COUNT] = {
    [HK_EVENT_MODEL_VERSION_CREATED] = "model_version_created",
    [HK_EVENT_MODEL_STAGE_CHANGED] = "model_version_stage_changed",
    [HK_EVENT_MODEL_ALIAS_SET] = "model_alias_set",
    [HK_EVENT_MODEL_ALIAS_DELETED] = "model_alias_deleted",
    [HK_EVENT_RUN_ENDED] = "dag_run_ended",
};

const char *hk_event_kind_name(enum hk_event_kind kind)
{
    HK_ASSERT(kind < HK_EVENT_KIND_COUNT);
    return names[kind];
}

bool hk_event_kind_find(struct hk_str name, enum hk_event_kind *out)
{
    for (size_t i = 0; i < HK_EVENT_KIND_COUNT; i++) {
        if (hk_str_is(name, names[i])) {
            *out = (enum hk_event_kind)i;
            return true;
        }
    }
    return false;
}

static const char *end_payload(struct hk_json *w, struct hk_arena *arena)
{
    hk_json_end_object(w);
    HK_ASSERT(!w->out->is_full); /* its texts were limited where they came from */
    const char *text = hk_arena_str(arena, hk_buf_str(w->out)).data;
    hk_buf_clear(w->out);
    return text;
}

static void write_version(struct hk_json *w, const char *key, int64_t version)
{
    if (version > 0) {
        hk_json_kv_int(w, key, version);
    } else {
        hk_json_kv_null(w, key);
    }
}

struct hk_event hk_event_of_model(const struct hk_model_event *e, struct hk_arena *arena)
{
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_BODY_BYTES);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "model", e->model);
    if (e->kind != HK_EVENT_MODEL_ALIAS_DELETED) {
        write_version(&w, "version", e->version);
    }
    if (e->kind == HK_EVENT_MODEL_VERSION_CREATED) {
        hk_json_kv_text(&w, "run_id", e->run_id);
    } else if (e->kind == HK_EVENT_MODEL_STAGE_CHANGED) {
        hk_json_kv_text(&w, "from", e->from_stage);
        hk_json_kv_text(&w, "to", e->target);
    } else {
        hk_json_kv_text(&w, "alias", e->target);
        write_version(&w, "previous_version", e->previous_version);
    }
    if (e->comment != NULL) {
        hk_json_kv_text(&w, "comment", e->comment);
    }
    return (struct hk_event){.kind = e->kind,
                             .subject = e->model,
                             .actor = e->actor,
                             .payload_json = end_payload(&w, arena),
                             .happened_us = e->happened_us};
}

const char *hk_event_model_asset(const struct hk_model_event *e, struct hk_arena *arena)
{
    if (e->kind == HK_EVENT_MODEL_ALIAS_SET) {
        return hk_arena_printf(arena, "model://%s@%s", e->model, e->target);
    }
    return e->kind == HK_EVENT_MODEL_STAGE_CHANGED ? hk_arena_printf(arena, "model://%s/%s", e->model, e->target)
                                                   : NULL;
}

struct hk_event hk_event_of_run(const struct hk_run_event_text *e, struct hk_arena *arena)
{
    struct hk_buf text;
    struct hk_json w;
    hk_buf_init(&text, HK_MAX_BODY_BYTES);
    hk_json_init(&w, &text);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "dag_id", e->dag_id);
    hk_json_kv_text(&w, "run_id", e->run_id);
    hk_json_kv_text(&w, "run_type", e->run_type);
    hk_json_kv_text(&w, "state", e->state);
    hk_json_kv_time(&w, "logical_date", e->logical_us);
    return (struct hk_event){.kind = HK_EVENT_RUN_ENDED,
                             .subject = e->dag_id,
                             .payload_json = end_payload(&w, arena),
                             .happened_us = e->ended_us};
}
