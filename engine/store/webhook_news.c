#include "engine/store/webhook_news.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/registry/model_name.h"

static const char WANTED[] = "SELECT 1 FROM webhook_subscription s JOIN webhook w USING (webhook_key) "
                             "WHERE s.entity = ?1 AND s.action = ?2 AND w.is_active LIMIT 1";
static const char ANY[] = "SELECT 1 FROM webhook_subscription LIMIT 1";
static const char OWE[] =
    "INSERT INTO webhook_delivery (webhook_key, delivery_id, entity, action, data, happened_us, due_us) "
    "SELECT webhook_key, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), "
    "2) "
    "|| '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), ?1, ?2, ?3, ?4, ?4 "
    "FROM webhook_subscription s JOIN webhook w USING (webhook_key) "
    "WHERE s.entity = ?1 AND s.action = ?2 AND w.is_active";

static const char *const of_models[] = {
    [HK_WEBHOOK_MODEL] = "registered_model",
    [HK_WEBHOOK_VERSION] = "model_version",
    [HK_WEBHOOK_MODEL_TAG] = NULL,
    [HK_WEBHOOK_VERSION_TAG] = "model_version_tag",
    [HK_WEBHOOK_ALIAS] = "model_version_alias",
};
static const char *const of_prompts[] = {
    [HK_WEBHOOK_MODEL] = "prompt",         [HK_WEBHOOK_VERSION] = "prompt_version",
    [HK_WEBHOOK_MODEL_TAG] = "prompt_tag", [HK_WEBHOOK_VERSION_TAG] = "prompt_version_tag",
    [HK_WEBHOOK_ALIAS] = "prompt_alias",
};

static bool is_prompt(struct hk_db *db, int64_t model_key, bool *out, struct hk_error *err)
{
    struct hk_arena arena;
    struct hk_str value;
    hk_arena_init(&arena);
    bool ok = hk_store_model_tag_get(db, model_key, HK_PROMPT_TAG, &arena, &value, err);
    *out = ok && hk_prompt_tag_says_yes(value);
    hk_arena_clear(&arena);
    return ok;
}

static const struct hk_model_tag *find_tag(const struct hk_webhook_news *news, const char *key)
{
    const struct hk_model_tag *found = NULL;
    for (size_t i = 0; i < news->tag_count; i++) {
        if (strcmp(news->tags[i].key, key) == 0) {
            found = &news->tags[i]; /* the last one counts */
        }
    }
    return found;
}

/* {"key": "value"}; what makes a prompt one is left out of its tags, and its text out of a version's. */
static void write_tags(struct hk_json *w, const struct hk_webhook_news *news, bool of_prompt)
{
    hk_json_key(w, "tags");
    hk_json_begin_object(w);
    for (size_t i = 0; i < news->tag_count; i++) {
        const struct hk_model_tag *tag = &news->tags[i];
        bool is_hidden =
            of_prompt && (strcmp(tag->key, HK_PROMPT_TAG) == 0 || strcmp(tag->key, HK_PROMPT_TYPE_TAG) == 0 ||
                          (news->about == HK_WEBHOOK_VERSION && strcmp(tag->key, HK_PROMPT_TEXT_TAG) == 0));
        if (!is_hidden && find_tag(news, tag->key) == tag) {
            hk_json_kv_str(w, tag->key, tag->value);
        }
    }
    hk_json_end_object(w);
}

static void write_version(struct hk_json *w, int64_t version)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, version);
    hk_json_kv_text(w, "version", text);
}

static void write_text_or_null(struct hk_json *w, const char *key, struct hk_str text)
{
    if (text.len > 0) {
        hk_json_kv_str(w, key, text);
    } else {
        hk_json_kv_null(w, key);
    }
}

static void write_made(struct hk_json *w, const struct hk_webhook_news *news, bool of_prompt)
{
    if (news->about == HK_WEBHOOK_VERSION) {
        write_version(w, news->version);
        const struct hk_model_tag *text = find_tag(news, HK_PROMPT_TEXT_TAG);
        if (of_prompt) {
            write_text_or_null(w, "template", text != NULL ? text->value : (struct hk_str){0});
        } else {
            hk_json_kv_text(w, "source", news->source);
            write_text_or_null(w, "run_id", hk_str_from(news->run_id));
        }
    }
    write_tags(w, news, of_prompt);
    if (news->about == HK_WEBHOOK_MODEL) {
        hk_json_kv_str(w, "description", news->description.data != NULL ? news->description : HK_STR(""));
    } else {
        write_text_or_null(w, "description", news->description);
    }
}

static void write_data(struct hk_json *w, const struct hk_webhook_news *news, bool of_prompt)
{
    bool is_tag = news->about == HK_WEBHOOK_MODEL_TAG || news->about == HK_WEBHOOK_VERSION_TAG;
    hk_json_begin_object(w);
    hk_json_kv_text(w, "name", news->model);
    if (news->about == HK_WEBHOOK_MODEL || news->about == HK_WEBHOOK_VERSION) {
        write_made(w, news, of_prompt);
    } else {
        if (is_tag && news->about == HK_WEBHOOK_VERSION_TAG) {
            write_version(w, news->version);
        }
        hk_json_kv_text(w, is_tag ? "key" : "alias", news->subject);
        if (is_tag && strcmp(news->action, "set") == 0) {
            hk_json_kv_str(w, "value", news->value.data != NULL ? news->value : HK_STR(""));
        }
        if (!is_tag && news->version != 0) {
            write_version(w, news->version);
        }
    }
    hk_json_end_object(w);
}

static bool owe(struct hk_db *db, const struct hk_webhook_news *news, const char *entity, bool of_prompt,
                struct hk_error *err)
{
    struct hk_buf data;
    struct hk_json w;
    hk_buf_init(&data, SIZE_MAX);
    hk_json_init(&w, &data);
    write_data(&w, news, of_prompt);
    struct hk_stmt *q = hk_db_query(db, OWE);
    hk_bind_text(q, 1, entity);
    hk_bind_text(q, 2, news->action);
    hk_bind_str(q, 3, hk_buf_str(&data));
    hk_bind_int(q, 4, news->happened_us);
    bool ok = hk_run(q, err);
    hk_db_note_news(db, HK_DB_NEWS);
    hk_buf_clear(&data);
    return ok;
}

bool hk_store_webhook_tell(struct hk_db *db, const struct hk_webhook_news *news, struct hk_error *err)
{
    int64_t any = 0;
    bool of_prompt = false;
    if (!hk_run_for_int(hk_db_query(db, ANY), &any, err)) {
        return false;
    }
    if (any == 0) {
        return true;
    }
    if (!is_prompt(db, news->model_key, &of_prompt, err)) {
        return false;
    }
    const char *entity = of_prompt ? of_prompts[news->about] : of_models[news->about];
    if (entity == NULL) {
        return true;
    }
    struct hk_stmt *q = hk_db_query(db, WANTED);
    hk_bind_text(q, 1, entity);
    hk_bind_text(q, 2, news->action);
    any = 0;
    if (!hk_run_for_int(q, &any, err)) {
        return false;
    }
    return any == 0 || owe(db, news, entity, of_prompt, err);
}
