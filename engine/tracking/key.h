/* What metrics, params and tags may be called and how long texts may be: the rules of MLflow's validation, with its
 * sentences. Lengths count characters, not bytes. Sentences are made in the arena; NULL: nothing is wrong. Pure. */
#ifndef HK_TRACKING_KEY_H
#define HK_TRACKING_KEY_H

#include "engine/base/arena.h"

/* Text by text, as params and tags are. */
struct hk_key_value {
    struct hk_str key;
    struct hk_str value;
};

/* Letters, digits and "_-. :/", and not a path that is another one when it is tidied up ("a//b", "../a"). `path` says
 * where the key stands: "key", "metrics[3].name". */
const char *hk_key_mistake(struct hk_arena *arena, struct hk_str key, const char *path);

/* "'what' exceeds the maximum length of most characters". */
const char *hk_length_mistake(struct hk_arena *arena, const char *what, struct hk_str text, size_t most);

/* The first `most` characters: MLflow cuts the values of params and tags that are too long. */
struct hk_str hk_text_cut(struct hk_str text, size_t most);

/* Whether MLflow would take it for the id of a run: letters, digits, "_-", at most 256 of them. */
bool hk_run_uuid_is_well_formed(struct hk_str id);

#endif
