#include "engine/artifacts/artifact_path.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/limits.h"

enum { MAX_ROUNDS = 10 };

static bool invalid(struct hk_error *err)
{
    return hk_error_set(err, HK_INVALID, "Invalid path");
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false: there was nothing to decode. */
static bool decode_once(char *data, size_t *len)
{
    size_t to = 0;
    for (size_t from = 0; from < *len; from++) {
        char c = data[from];
        if (c == '%' && from + 2 < *len && hex_value(data[from + 1]) >= 0 && hex_value(data[from + 2]) >= 0) {
            c = (char)(hex_value(data[from + 1]) * 16 + hex_value(data[from + 2]));
            from += 2;
        }
        data[to++] = c;
    }
    bool is_changed = to != *len;
    *len = to;
    return is_changed;
}

/* "C:\x", "C:/x", "\\host\share", "//host/share". */
static bool is_absolute(struct hk_str path)
{
    const char *p = path.data;
    bool has_drive = path.len >= 3 && isalpha((unsigned char)p[0]) && p[1] == ':' && (p[2] == '\\' || p[2] == '/');
    return has_drive || (path.len >= 1 && p[0] == '/') || (path.len >= 2 && p[0] == '\\' && p[1] == '\\');
}

/* A backslash is a letter here, but not on the machine of every client that downloads. */
static bool leads_up(struct hk_str path)
{
    size_t begin = 0;
    for (size_t i = 0; i <= path.len; i++) {
        if (i == path.len || path.data[i] == '/' || path.data[i] == '\\') {
            if (i - begin == 2 && memcmp(path.data + begin, "..", 2) == 0) {
                return true;
            }
            begin = i + 1;
        }
    }
    return false;
}

static struct hk_str escape_control(struct hk_str text, struct hk_arena *arena)
{
    char *out = hk_arena_alloc(arena, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f) {
            len += (size_t)snprintf(out + len, 4, "%%%02x", c);
        } else {
            out[len++] = (char)c;
        }
    }
    return (struct hk_str){out, len};
}

static bool normalize(struct hk_artifact_path *path, struct hk_arena *arena, struct hk_error *err)
{
    char *out = hk_arena_alloc(arena, path->text.len + 1);
    size_t len = 0;
    int depth = 0;
    struct hk_str rest = path->text;
    struct hk_str segment;
    while (hk_str_next(&rest, '/', &segment)) {
        if (segment.len == 0 || hk_str_is(segment, ".")) {
            continue;
        }
        if (++depth > HK_MAX_ARTIFACT_DEPTH) {
            return hk_error_set(err, HK_LIMIT, "The artifact's path has more than %d segments.", HK_MAX_ARTIFACT_DEPTH);
        }
        if (len > 0) {
            out[len++] = '/';
        }
        memcpy(out + len, segment.data, segment.len);
        len += segment.len;
    }
    path->normal = (struct hk_str){out, len};
    return true;
}

/* Once before "./" and the like are taken off, once after. */
static bool is_foreign(struct hk_str path)
{
    return is_absolute(path) || (path.len >= 5 && strncasecmp(path.data, "file:", 5) == 0);
}

bool hk_artifact_path_read(struct hk_str text, struct hk_arena *arena, struct hk_artifact_path *out,
                           struct hk_error *err)
{
    if (text.len > HK_MAX_ARTIFACT_PATH_BYTES) {
        return hk_error_set(err, HK_LIMIT, "The artifact's path is %zu bytes long; at most %d are allowed.", text.len,
                            HK_MAX_ARTIFACT_PATH_BYTES);
    }
    struct hk_str copy = hk_arena_str(arena, text);
    char *data = (char *)(uintptr_t)copy.data;
    int rounds = 0;
    while (decode_once(data, &copy.len)) {
        if (++rounds == MAX_ROUNDS) {
            return invalid(err);
        }
    }
    if (memchr(data, '#', copy.len) != NULL || is_foreign(copy) || leads_up(copy) || !hk_str_is_utf8(copy)) {
        return invalid(err);
    }
    out->text = escape_control(copy, arena);
    return normalize(out, arena, err) && (!is_foreign(out->normal) || invalid(err));
}

bool hk_artifact_path_check_target(const struct hk_artifact_path *path, struct hk_error *err)
{
    struct hk_str name = hk_artifact_path_name(path->text);
    if (path->normal.len == 0) {
        return invalid(err);
    }
    if (!hk_str_eq(path->text, path->normal)) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid artifact path: '%.*s'. Names may be treated as files in certain cases, and must "
                            "not resolve to other names when treated as such. This name would resolve to '%.*s'",
                            HK_STR_ARG(path->text), HK_STR_ARG(path->normal));
    }
    if (hk_str_starts_with(name, HK_ARTIFACT_TEMPORARY)) {
        return hk_error_set(err, HK_INVALID,
                            "Invalid artifact file name: '%.*s'. Artifact names starting with '%s' are reserved.",
                            HK_STR_ARG(name), HK_ARTIFACT_TEMPORARY);
    }
    return true;
}

struct hk_str hk_artifact_path_join(struct hk_arena *arena, struct hk_str root, struct hk_str rest)
{
    if (root.len == 0 || rest.len == 0) {
        return hk_arena_str(arena, root.len == 0 ? rest : root);
    }
    return hk_str_from(hk_arena_printf(arena, "%.*s/%.*s", HK_STR_ARG(root), HK_STR_ARG(rest)));
}

struct hk_str hk_artifact_path_name(struct hk_str path)
{
    const char *slash = path.len > 0 ? memrchr(path.data, '/', path.len) : NULL;
    return slash == NULL ? path : (struct hk_str){slash + 1, path.len - (size_t)(slash + 1 - path.data)};
}
