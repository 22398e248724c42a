#include <stdio.h>

#include "api/mlflow/registry.h"
#include "engine/store/model_alias_store.h"

enum { NUMBER_SIZE = 24 };

static void write_number_text(struct hk_json *w, const char *key, int64_t number)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%lld", (long long)number);
    hk_json_kv_text(w, key, text);
}

/* A list that is left out when it is empty, as protobuf's JSON does. */
struct list {
    struct hk_json *w;
    const char *key;
    bool has_begun;
};

static void begin_item(struct list *list)
{
    if (!list->has_begun) {
        hk_json_key(list->w, list->key);
        hk_json_begin_array(list->w);
        list->has_begun = true;
    }
}

static void end_list(struct list *list)
{
    if (list->has_begun) {
        hk_json_end_array(list->w);
    }
}

static void write_tag(void *arg, const struct hk_model_tag *tag)
{
    struct list *list = arg;
    begin_item(list);
    hk_json_begin_object(list->w);
    hk_json_kv_text(list->w, "key", tag->key);
    hk_json_kv_str(list->w, "value", tag->value);
    hk_json_end_object(list->w);
}

static void write_alias(void *arg, const char *alias, int64_t version)
{
    struct list *list = arg;
    begin_item(list);
    hk_json_begin_object(list->w);
    hk_json_kv_text(list->w, "alias", alias);
    write_number_text(list->w, "version", version);
    hk_json_end_object(list->w);
}

static void write_alias_name(void *arg, const char *alias, int64_t version)
{
    (void)version;
    struct list *list = arg;
    begin_item(list);
    hk_json_string(list->w, hk_str_from(alias));
}

static void write_version_members(struct hk_json *w, const struct hk_model_version_row *v)
{
    hk_json_kv_text(w, "name", v->model);
    write_number_text(w, "version", v->version);
    hk_json_kv_int(w, "creation_timestamp", v->created_ms);
    hk_json_kv_int(w, "last_updated_timestamp", v->updated_ms);
    if (v->author != NULL) {
        hk_json_kv_text(w, "user_id", v->author);
    }
    hk_json_kv_text(w, "current_stage", hk_model_stage_name(v->stage));
    if (v->description != NULL) {
        hk_json_kv_text(w, "description", v->description);
    }
    hk_json_kv_text(w, "source", v->source);
    hk_json_kv_text(w, "run_id", v->run_id != NULL ? v->run_id : "");
    hk_json_kv_text(w, "status", v->status);
    if (v->status_message != NULL) {
        hk_json_kv_text(w, "status_message", v->status_message);
    }
}

bool hk__ml_write_version(struct hk_json *w, struct hk_db *db, const struct hk_model_version_row *version,
                          bool with_aliases, struct hk_error *err)
{
    hk_json_begin_object(w);
    write_version_members(w, version);
    struct list tags = {w, "tags", false};
    bool ok = hk_store_model_version_tags(db, version->key, write_tag, &tags, err);
    end_list(&tags);
    hk_json_kv_text(w, "run_link", version->run_link != NULL ? version->run_link : "");
    if (ok && with_aliases) {
        struct list aliases = {w, "aliases", false};
        ok = hk_store_aliases(db, version->model_key, version->version, write_alias_name, &aliases, err);
        end_list(&aliases);
    }
    hk_json_end_object(w);
    return ok;
}

static bool write_latest_versions(struct hk_json *w, struct hk_db *db, const struct hk_model_row *model,
                                  struct hk_arena *arena, struct hk_error *err)
{
    struct hk__ml_latest latest;
    if (!hk__ml_find_latest(db, model, arena, &latest, err)) {
        return false;
    }
    struct list list = {w, "latest_versions", false};
    bool ok = true;
    for (size_t i = 0; i < latest.count && ok; i++) {
        begin_item(&list);
        ok = hk__ml_write_version(w, db, &latest.versions[i], false, err);
    }
    end_list(&list);
    return ok;
}

bool hk__ml_find_latest(struct hk_db *db, const struct hk_model_row *model, struct hk_arena *arena,
                        struct hk__ml_latest *out, struct hk_error *err)
{
    int64_t firsts[HK_STAGE_COUNT] = {0};
    out->count = 0;
    for (int s = 0; s < HK_STAGE_DELETED; s++) {
        struct hk_model_version_row version;
        int64_t first = 0;
        bool found = false;
        if (!hk_store_model_version_latest(db, model, (enum hk_model_stage)s, arena, &version, &first, &found, err)) {
            return false;
        }
        if (!found) {
            continue;
        }
        size_t at = out->count++;
        while (at > 0 && firsts[at - 1] > first) {
            firsts[at] = firsts[at - 1];
            out->versions[at] = out->versions[at - 1];
            at--;
        }
        firsts[at] = first;
        out->versions[at] = version;
    }
    return true;
}

bool hk__ml_write_model(struct hk_json *w, struct hk_db *db, const struct hk_model_row *model, struct hk_arena *arena,
                        struct hk_error *err)
{
    hk_json_begin_object(w);
    hk_json_kv_text(w, "name", model->name);
    hk_json_kv_int(w, "creation_timestamp", model->created_ms);
    hk_json_kv_int(w, "last_updated_timestamp", model->updated_ms);
    if (model->description != NULL && model->description[0] != '\0') {
        hk_json_kv_text(w, "description", model->description);
    }
    struct list tags = {w, "tags", false};
    struct list aliases = {w, "aliases", false};
    bool ok =
        write_latest_versions(w, db, model, arena, err) && hk_store_model_tags(db, model->key, write_tag, &tags, err);
    end_list(&tags);
    ok = ok && hk_store_aliases(db, model->key, 0, write_alias, &aliases, err);
    end_list(&aliases);
    hk_json_end_object(w);
    return ok;
}

bool hk__ml_answer_model(struct hk_db *db, const char *name, struct hk_arena *arena, struct hk_response *res,
                         struct hk_error *err)
{
    struct hk_model_row model;
    if (!hk_store_model_get(db, name, arena, &model, err)) {
        return false;
    }
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "registered_model");
    bool ok = hk__ml_write_model(&w, db, &model, arena, err);
    hk_json_end_object(&w);
    return ok;
}

bool hk__ml_answer_version(struct hk_db *db, const char *name, int64_t version, struct hk_arena *arena,
                           struct hk_response *res, struct hk_error *err)
{
    struct hk_model_version_row row;
    if (!hk_store_model_version_get(db, name, version, arena, &row, err)) {
        return false;
    }
    struct hk_json w;
    hk_json_init(&w, &res->body);
    hk_json_begin_object(&w);
    hk_json_key(&w, "model_version");
    bool ok = hk__ml_write_version(&w, db, &row, true, err);
    hk_json_end_object(&w);
    return ok;
}
