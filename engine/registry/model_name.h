/* What models, their aliases, their versions and their tags may be called: the rules of MLflow's validation, with its
 * sentences. Sentences are made in the arena; NULL: nothing is wrong. Pure. */
#ifndef HK_REGISTRY_MODEL_NAME_H
#define HK_REGISTRY_MODEL_NAME_H

#include <stdbool.h>

#include "engine/base/arena.h"

/* The tags by which a prompt is known from a model, and which hold what it says. */
#define HK_PROMPT_TAG "mlflow.prompt.is_prompt"
#define HK_PROMPT_TEXT_TAG "mlflow.prompt.text"
#define HK_PROMPT_TYPE_TAG "_mlflow_prompt_type"

/* Limits in characters; that of a name is the width of MLflow's column, which its SQLite does not hold to. */
enum { HK_MAX_MODEL_NAME = 256, HK_MAX_MODEL_ALIAS = 255, HK_MAX_MODEL_TAG_KEY = 250, HK_MAX_MODEL_TAG_VALUE = 100000 };

/* parameter: "name", "new_name"; only what is missing is told by it. */
const char *hk_model_name_mistake(struct hk_arena *arena, struct hk_str name, const char *parameter);

/* Letters, digits, "_" and "-". */
const char *hk_model_alias_mistake(struct hk_arena *arena, struct hk_str alias);
/* Besides: "latest" and "v12" mean something already, and can only be read. */
const char *hk_model_alias_reserved(struct hk_arena *arena, struct hk_str alias);
bool hk_model_alias_is_latest(struct hk_str alias);

const char *hk_model_tag_mistake(struct hk_arena *arena, struct hk_str key, struct hk_str value);
const char *hk_version_tag_mistake(struct hk_arena *arena, struct hk_str key, struct hk_str value);

/* The number that Python's int() makes of it: " 12 ", "+1_000", "007". One that is too large is the largest there is,
 * which no version has. */
const char *hk_model_version_read(struct hk_arena *arena, struct hk_str text, int64_t *out);

/* About a name that hk_model_stage_find does not find. */
const char *hk_model_stage_mistake(struct hk_arena *arena, struct hk_str stage);

/* Whether the value of HK_PROMPT_TAG says yes. */
bool hk_prompt_tag_says_yes(struct hk_str value);

#endif
