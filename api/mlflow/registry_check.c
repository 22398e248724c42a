#include "api/mlflow/registry.h"

#include <string.h>

#include "api/mlflow/gate_calls.h"
#include "engine/registry/model_name.h"
#include "engine/store/webhook_news.h"
#include "engine/tracking/key.h"

void hk__ml_refuse(struct hk__ml_arguments *args, const char *sentence)
{
    if (sentence != NULL) {
        hk__ml_mistake(args, "%s", sentence);
    }
}

const char *hk__ml_actor(const struct hk_request *req)
{
    bool is_task = req->caller.role == HK_ROLE_TASK && req->caller.name.len > 0;
    struct hk_str name = is_task ? req->caller.name : req->caller.username;
    return name.len > 0 ? hk_arena_str(req->arena, name).data : NULL;
}

struct hk__ml_model_call *hk__ml_model_call_open(struct hk__ml_arguments *args, const struct hk_request *req, int flags)
{
    struct hk__ml_model_call *call = hk_arena_alloc(req->arena, sizeof *call);
    hk__ml_arguments_open(args, req);
    int64_t now_us = hk_clock_wall_us(hk__ml(req)->options.clock);
    call->now_ms = now_us / HK_MS_US;
    call->promotion = (struct hk_promotion){.actor = hk__ml_actor(req), .now_us = now_us};
    call->name = hk__ml_string(args, "name", HK__ML_REQUIRED).data;
    call->version_text =
        (flags & HK__ML_CALL_VERSION) != 0 ? hk__ml_string(args, "version", HK__ML_REQUIRED) : (struct hk_str){0};
    call->key = (flags & HK__ML_CALL_KEY) != 0 ? hk__ml_string(args, "key", HK__ML_REQUIRED) : (struct hk_str){0};
    return call;
}

bool hk__ml_model_call_check(struct hk__ml_arguments *args, struct hk__ml_model_call *call, int flags,
                             struct hk_response *res)
{
    struct hk_arena *arena = args->req->arena;
    hk__ml_refuse(args, hk_model_name_mistake(arena, hk_str_from(call->name), "name"));
    if ((flags & HK__ML_CALL_VERSION) != 0) {
        hk__ml_refuse(args, hk_model_version_read(arena, call->version_text, &call->version));
    }
    if ((flags & HK__ML_CALL_KEY) != 0) {
        hk__ml_refuse(args, hk_version_tag_mistake(arena, call->key, call->value));
    }
    call->promotion.model = call->name;
    call->promotion.version = call->version;
    return hk__ml_arguments_check(args, res);
}

void hk__ml_model_call_write(struct hk__ml_arguments *args, struct hk_response *res, struct hk__ml_model_call *call,
                             int flags, bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    if (hk__ml_model_call_check(args, call, flags, res)) {
        hk__ml_arguments_close(args);
        hk__ml_write_begin(args->req, res, call, run);
    }
}

void hk__ml_model_call_promote(struct hk__ml_arguments *args, struct hk_response *res, struct hk__ml_model_call *call,
                               int flags,
                               bool (*run)(struct hk_db *db, struct hk__ml_write *write, struct hk_error *err))
{
    if (hk__ml_model_call_check(args, call, flags, res)) {
        hk__ml_arguments_close(args);
        hk__ml_promotion_begin(args->req, res, &call->promotion, call, run);
    }
}

struct hk_model_tag *hk__ml_model_tags(struct hk__ml_arguments *args, size_t *count)
{
    struct hk__ml_pairs pairs =
        hk__ml_key_values(args, hk__ml_array(args, "tags", HK__ML_OPTIONAL), "tags", HK__ML_OPTIONAL);
    struct hk_model_tag *tags = hk_arena_array(args->req->arena, pairs.len, sizeof *tags);
    for (size_t i = 0; i < pairs.len; i++) {
        if (memchr(pairs.items[i].key.data, '\0', pairs.items[i].key.len) != NULL) { /* which a C string would hide */
            hk__ml_refuse(args, hk_key_mistake(args->req->arena, pairs.items[i].key, "key"));
        }
        tags[i] = (struct hk_model_tag){hk_arena_str(args->req->arena, pairs.items[i].key).data, pairs.items[i].value};
    }
    *count = pairs.len;
    return tags;
}

bool hk__ml_tags_say_prompt(const struct hk_model_tag *tags, size_t count)
{
    bool says = false;
    for (size_t i = 0; i < count; i++) {
        if (hk_str_is(hk_str_from(tags[i].key), HK_PROMPT_TAG)) {
            says = hk_prompt_tag_says_yes(tags[i].value); /* the last one counts */
        }
    }
    return says;
}

void hk__ml_check_model_tags(struct hk__ml_arguments *args, const struct hk_model_tag *tags, size_t count,
                             bool of_version)
{
    struct hk_arena *arena = args->req->arena;
    for (size_t i = 0; i < count; i++) {
        struct hk_str key = hk_str_from(tags[i].key);
        hk__ml_refuse(args, of_version ? hk_version_tag_mistake(arena, key, tags[i].value)
                                       : hk_model_tag_mistake(arena, key, tags[i].value));
    }
}

bool hk__ml_tell_tag(struct hk_db *db, const struct hk__ml_model_call *call, int64_t model_key, bool was_set,
                     struct hk_error *err)
{
    const struct hk_webhook_news news = {.about = call->version_text.data != NULL ? HK_WEBHOOK_VERSION_TAG
                                                                                  : HK_WEBHOOK_MODEL_TAG,
                                         .action = was_set ? "set" : "deleted",
                                         .model_key = model_key,
                                         .model = call->name,
                                         .version = call->version,
                                         .subject = call->key.data,
                                         .value = call->value,
                                         .happened_us = call->promotion.now_us};
    return hk_store_webhook_tell(db, &news, err);
}

bool hk__ml_promote(struct hk_db *db, struct hk__ml_write *write, const struct hk_promotion *promotion, bool *applied,
                    struct hk_error *err)
{
    struct hk_promotion_result result;
    struct hk_promotion p = *promotion;
    *applied = false;
    if (!hk__ml_may_open(db, write, &p, err)) {
        return false;
    }
    if (!hk_promotion_apply(db, &p, write->req->arena, &result, err)) {
        hk__ml_promotion_lost(write, &p, err);
        return false;
    }
    *applied = result.outcome == HK_PROMOTION_APPLIED;
    if (!*applied) {
        hk__ml_fail(write->res, HK__ML_DENIED, "%s", result.message);
    }
    return true;
}
