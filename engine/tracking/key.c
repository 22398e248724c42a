#include "engine/tracking/key.h"

#include <string.h>

#include "engine/base/json.h"

#define BAD_CHARACTERS                                                                                                 \
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and "        \
    "slashes (/)."
#define BAD_PATH                                                                                                       \
    "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This "  \
    "name would resolve to '"

enum { MAX_RUN_UUID_BYTES = 256 };

static bool is_ascii_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Letters of other scripts are words to Python; without its tables all that is not ASCII passes for a letter. */
static bool has_good_characters(struct hk_str key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        if ((unsigned char)c < 0x80 && !is_ascii_word(c) && (c == '\0' || strchr("/.- :", c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* Python's posixpath.normpath: no empty and no "." segments, ".." eats the one before. */
static struct hk_str tidy_path(struct hk_arena *arena, struct hk_str path)
{
    char *out = hk_arena_alloc(arena, path.len + 2);
    size_t root = path.len > 0 && path.data[0] == '/' ? 1 : 0;
    root += root == 1 && hk_str_starts_with(path, "//") && !hk_str_starts_with(path, "///") ? 1 : 0;
    memset(out, '/', root);
    size_t len = root;
    struct hk_str rest = path;
    struct hk_str part;
    size_t kept = 0; /* segments that ".." may eat */
    while (hk_str_next(&rest, '/', &part)) {
        bool is_up = hk_str_is(part, "..");
        if (part.len == 0 || hk_str_is(part, ".") || (is_up && kept == 0 && root > 0)) {
            continue;
        }
        if (is_up && kept > 0) {
            while (len > root && out[len - 1] != '/') {
                len--;
            }
            len -= len > root ? 1 : 0;
            kept--;
            continue;
        }
        if (len > root) {
            out[len++] = '/';
        }
        memcpy(out + len, part.data, part.len);
        len += part.len;
        kept += is_up ? 0 : 1;
    }
    return len > 0 ? (struct hk_str){out, len} : HK_STR(".");
}

static const char *invalid(struct hk_arena *arena, struct hk_str value, const char *path, const char *why)
{
    struct hk_buf quoted;
    struct hk_json w;
    hk_buf_init(&quoted, SIZE_MAX);
    hk_json_init(&w, &quoted);
    hk_json_string(&w, value);
    const char *text =
        hk_arena_printf(arena, "Invalid value %s for parameter '%s' supplied: %s", quoted.data, path, why);
    hk_buf_clear(&quoted);
    return text;
}

const char *hk_key_mistake(struct hk_arena *arena, struct hk_str key, const char *path)
{
    if (!has_good_characters(key)) {
        return invalid(arena, key, path, BAD_CHARACTERS);
    }
    if (key.len > 0 && key.data[0] != '.' && memchr(key.data, '/', key.len) == NULL) {
        return NULL; /* the most of them */
    }
    struct hk_str tidy = tidy_path(arena, key);
    if (!hk_str_eq(tidy, key) || hk_str_is(tidy, ".") || hk_str_starts_with(tidy, "..") ||
        hk_str_starts_with(tidy, "/")) {
        return invalid(arena, key, path, hk_arena_printf(arena, BAD_PATH "%.*s'", HK_STR_ARG(tidy)));
    }
    return NULL;
}

struct hk_str hk_text_cut(struct hk_str text, size_t most)
{
    size_t characters = 0;
    for (size_t i = 0; text.len > most && i < text.len; i++) {
        bool begins = ((unsigned char)text.data[i] & 0xC0) != 0x80;
        if (begins && characters++ == most) {
            text.len = i;
        }
    }
    return text;
}

const char *hk_length_mistake(struct hk_arena *arena, const char *what, struct hk_str text, size_t most)
{
    if (hk_text_cut(text, most).len == text.len) {
        return NULL;
    }
    return hk_arena_printf(arena, "'%s' exceeds the maximum length of %zu characters", what, most);
}

bool hk_run_uuid_is_well_formed(struct hk_str id)
{
    bool ok = id.len > 0 && id.len <= MAX_RUN_UUID_BYTES && id.data[0] != '_' && id.data[0] != '-';
    for (size_t i = 0; i < id.len && ok; i++) {
        ok = is_ascii_word(id.data[i]) || id.data[i] == '-';
    }
    return ok;
}
