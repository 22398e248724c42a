#include "engine/registry/model_name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "engine/tracking/key.h"

const char *hk_model_name_mistake(struct hk_arena *arena, struct hk_str name, const char *parameter)
{
    if (hk_str_trim(name).len == 0) {
        return hk_arena_printf(arena, "Missing value for required parameter '%s'.", parameter);
    }
    if (memchr(name.data, '/', name.len) != NULL || memchr(name.data, ':', name.len) != NULL) {
        return hk_arena_printf(arena, "Invalid model name '%.*s'. Names cannot contain '/' or ':'.", HK_STR_ARG(name));
    }
    /* What is left of the rule for keys is that it is no path: other characters are free. */
    if (hk_str_is(name, ".") || hk_str_starts_with(name, "..")) {
        return hk_key_mistake(arena, name, "name");
    }
    return hk_length_mistake(arena, "name", name, HK_MAX_MODEL_NAME);
}

/* All that is not ASCII passes for a letter, as in engine/tracking/key.h. */
static bool is_word(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) || c == '_';
}

const char *hk_model_alias_mistake(struct hk_arena *arena, struct hk_str alias)
{
    if (alias.len == 0) {
        return "Registered model alias name cannot be empty.";
    }
    for (size_t i = 0; i < alias.len; i++) {
        if (!is_word(alias.data[i]) && alias.data[i] != '-') {
            return hk_arena_printf(arena,
                                   "Invalid alias name: '%.*s'. Names may only contain alphanumerics, underscores "
                                   "(_), and dashes (-).",
                                   HK_STR_ARG(alias));
        }
    }
    return hk_length_mistake(arena, "Registered model alias name", alias, HK_MAX_MODEL_ALIAS);
}

bool hk_model_alias_is_latest(struct hk_str alias)
{
    return alias.len == 6 && strncasecmp(alias.data, "latest", 6) == 0;
}

const char *hk_model_alias_reserved(struct hk_arena *arena, struct hk_str alias)
{
    if (hk_model_alias_is_latest(alias)) {
        return "'latest' alias name (case insensitive) is reserved.";
    }
    bool is_version = alias.len > 1 && (alias.data[0] == 'v' || alias.data[0] == 'V');
    for (size_t i = 1; i < alias.len; i++) {
        is_version = is_version && isdigit((unsigned char)alias.data[i]);
    }
    return is_version ? hk_arena_printf(arena, "Version alias name '%.*s' is reserved.", HK_STR_ARG(alias)) : NULL;
}

const char *hk_model_tag_mistake(struct hk_arena *arena, struct hk_str key, struct hk_str value)
{
    const char *mistake = hk_key_mistake(arena, key, "key");
    mistake = mistake != NULL ? mistake : hk_length_mistake(arena, "key", key, HK_MAX_MODEL_TAG_KEY);
    return mistake != NULL ? mistake : hk_length_mistake(arena, "value", value, HK_MAX_MODEL_TAG_VALUE);
}

const char *hk_version_tag_mistake(struct hk_arena *arena, struct hk_str key, struct hk_str value)
{
    const char *mistake = hk_model_tag_mistake(arena, key, value);
    if (mistake != NULL && hk_str_is(key, HK_PROMPT_TEXT_TAG)) {
        return hk_arena_printf(arena, "Prompt text exceeds max length of %d characters.", HK_MAX_MODEL_TAG_VALUE);
    }
    return mistake;
}

const char *hk_model_version_read(struct hk_arena *arena, struct hk_str text, int64_t *out)
{
    struct hk_str digits = hk_str_trim(text);
    bool is_negative = digits.len > 0 && digits.data[0] == '-';
    if (is_negative || (digits.len > 0 && digits.data[0] == '+')) {
        digits = (struct hk_str){digits.data + 1, digits.len - 1};
    }
    bool ok = digits.len > 0 && digits.data[digits.len - 1] != '_';
    bool after_digit = false;
    int64_t number = 0;
    for (size_t i = 0; i < digits.len && ok; i++) {
        char c = digits.data[i];
        bool is_digit = isdigit((unsigned char)c);
        ok = is_digit || (c == '_' && after_digit);
        after_digit = is_digit;
        if (is_digit && (__builtin_mul_overflow(number, INT64_C(10), &number) ||
                         __builtin_add_overflow(number, (int64_t)(c - '0'), &number))) {
            number = INT64_MAX / 10; /* stays too large with every digit that follows */
        }
    }
    *out = is_negative ? -number : number;
    return ok ? NULL : hk_arena_printf(arena, "Parameter 'version' must be an integer, got '%.*s'.", HK_STR_ARG(text));
}

bool hk_prompt_tag_says_yes(struct hk_str value)
{
    return value.len == 4 && strncasecmp(value.data, "true", 4) == 0;
}

const char *hk_model_stage_mistake(struct hk_arena *arena, struct hk_str stage)
{
    return hk_arena_printf(arena,
                           "Invalid Model Version stage: %.*s. Value must be one of None, Staging, Production, "
                           "Archived.",
                           HK_STR_ARG(stage));
}
