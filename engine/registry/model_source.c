#include "engine/registry/model_source.h"

#include <ctype.h>
#include <string.h>

#define RELATIVE                                                                                                       \
    "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an "         \
    "absolute path must be provided without relative path references present. Please provide an absolute path."

/* Schemes whose host the server itself would connect to. */
static const char *const calling[] = {"ftp", "sftp", "hdfs", "viewfs", "http", "https", "mlflow-artifacts",
                                      "r2",  "b2",   "abfss"};

/* ---- taking apart ---- */

struct uri {
    char *scheme; /* lower case; empty: none */
    struct hk_str host;
    struct hk_str path;
};

static size_t scheme_len(struct hk_str text)
{
    size_t n = 0;
    while (n < text.len && (isalnum((unsigned char)text.data[n]) || strchr("+.-", text.data[n]) != NULL) &&
           text.data[n] != '\0') {
        n++;
    }
    bool is_one = n > 0 && n < text.len && text.data[n] == ':' && isalpha((unsigned char)text.data[0]);
    return is_one ? n : 0;
}

static size_t find_any(struct hk_str text, const char *stops)
{
    size_t n = 0;
    while (n < text.len && (text.data[n] == '\0' || strchr(stops, text.data[n]) == NULL)) {
        n++;
    }
    return n;
}

static struct uri split(struct hk_arena *arena, struct hk_str text)
{
    struct uri uri = {0};
    size_t n = scheme_len(text);
    uri.scheme = hk_arena_strdup(arena, hk_arena_str(arena, (struct hk_str){text.data, n}).data);
    for (char *c = uri.scheme; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    struct hk_str rest = n > 0 ? (struct hk_str){text.data + n + 1, text.len - n - 1} : text;
    if (hk_str_starts_with(rest, "//")) {
        rest = (struct hk_str){rest.data + 2, rest.len - 2};
        uri.host = (struct hk_str){rest.data, find_any(rest, "/?#")};
        rest = (struct hk_str){rest.data + uri.host.len, rest.len - uri.host.len};
    }
    uri.path = hk_arena_str(arena, (struct hk_str){rest.data, find_any(rest, "?#")});
    return uri;
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* One round; *changed tells whether there was anything to do. */
static struct hk_str unquote_once(struct hk_arena *arena, struct hk_str text, bool plus_is_space, bool *changed)
{
    char *out = hk_arena_alloc(arena, text.len + 1);
    size_t n = 0;
    *changed = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        int high = i + 2 < text.len && c == '%' ? hex(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex(text.data[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
            *changed = true;
        } else if (plus_is_space && c == '+') {
            c = ' ';
            *changed = true;
        }
        out[n++] = c;
    }
    return (struct hk_str){out, n};
}

/* Each round that changes something shortens the text, but for the first with a '+', so there are few for any text
 * that is not made to have many: the length of a source is limited. */
static struct hk_str unquote(struct hk_arena *arena, struct hk_str text, bool plus_is_space)
{
    bool changed = true;
    while (changed) {
        text = unquote_once(arena, text, plus_is_space, &changed);
    }
    return text;
}

static bool calls_a_host(const struct uri *uri)
{
    if (strcmp(uri->scheme, "mlflow-artifacts") == 0 && uri->host.len == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof calling / sizeof calling[0]; i++) {
        if (strcmp(uri->scheme, calling[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_number(struct hk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.data[i])) {
            return false;
        }
    }
    return text.len > 0;
}

static size_t last_at_sign(struct hk_str text)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != '@') {
        at--;
    }
    return at; /* what follows it; 0: there is none */
}

/* The path of a models:/ URI: NAME/3, NAME/Production, NAME/latest, NAME@ALIAS, or the id of a logged model. */
static void read_model_path(struct hk_arena *arena, struct hk_str path, struct hk_model_source *out)
{
    out->kind = HK_SOURCE_MALFORMED;
    while (path.len > 0 && path.data[0] == '/') {
        path = (struct hk_str){path.data + 1, path.len - 1};
    }
    size_t slash = find_any(path, "/");
    struct hk_str name = {path.data, slash};
    if (hk_str_trim(name).len == 0) {
        return;
    }
    if (slash < path.len) {
        struct hk_str which = {path.data + slash + 1, path.len - slash - 1};
        if (hk_str_trim(which).len == 0 || find_any(which, "/") < which.len) {
            return;
        }
        static const struct hk_str latest = {"latest", 6};
        bool is_latest = which.len == latest.len;
        for (size_t i = 0; i < latest.len && is_latest; i++) {
            is_latest = tolower((unsigned char)which.data[i]) == latest.data[i];
        }
        out->kind = is_number(which) ? HK_SOURCE_VERSION : is_latest ? HK_SOURCE_LATEST : HK_SOURCE_STAGE;
        out->which = hk_arena_str(arena, which).data;
    } else {
        size_t at = last_at_sign(name);
        struct hk_str alias = {name.data + at, at > 0 ? name.len - at : 0};
        if (at > 0 && hk_str_trim(alias).len == 0) {
            return;
        }
        out->kind = at > 0 ? HK_SOURCE_ALIAS : HK_SOURCE_LOGGED_MODEL;
        out->which = hk_arena_str(arena, alias).data;
        name.len = at > 0 ? at - 1 : name.len;
    }
    out->name = hk_arena_str(arena, name).data;
    out->id = out->kind == HK_SOURCE_LOGGED_MODEL ? out->name : NULL;
}

const char *hk_model_source_read(struct hk_arena *arena, struct hk_str text, struct hk_model_source *out)
{
    struct uri uri = split(arena, text);
    *out = (struct hk_model_source){
        .kind = HK_SOURCE_ELSEWHERE, .text = hk_arena_str(arena, text).data, .path = uri.path.data, .host = uri.host};
    if (calls_a_host(&uri)) {
        return hk_arena_printf(arena,
                               "'source' cannot use the '%s' scheme: the '%s' scheme addresses a host other than the "
                               "tracking server's configured artifact storage, so the server would connect to the host "
                               "named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment "
                               "variable on the server to allow it.",
                               uri.scheme, uri.scheme);
    }
    if (uri.scheme[0] == '\0' || strcmp(uri.scheme, "file") == 0) {
        out->kind = HK_SOURCE_LOCAL;
    } else if (strcmp(uri.scheme, "mlflow-artifacts") == 0) {
        out->kind = HK_SOURCE_PROXIED;
    } else if (strcmp(uri.scheme, "runs") == 0) {
        out->kind = HK_SOURCE_RUN;
        struct hk_str rest = uri.path.len > 0 ? (struct hk_str){uri.path.data + 1, uri.path.len - 1} : uri.path;
        out->id = hk_arena_str(arena, (struct hk_str){rest.data, find_any(rest, "/")}).data;
    } else if (strcmp(uri.scheme, "models") == 0) {
        read_model_path(arena, uri.path, out);
    }
    return NULL;
}

bool hk_model_source_is_of_registry(const struct hk_model_source *source)
{
    return source->kind == HK_SOURCE_VERSION || source->kind == HK_SOURCE_STAGE || source->kind == HK_SOURCE_LATEST ||
           source->kind == HK_SOURCE_ALIAS || source->kind == HK_SOURCE_MALFORMED;
}

bool hk_model_source_needs_root(const struct hk_model_source *source)
{
    return source->kind == HK_SOURCE_LOCAL || source->kind == HK_SOURCE_PROXIED;
}

/* ---- checking ---- */

static const char *invalid(struct hk_arena *arena, const struct hk_model_source *source, const char *why)
{
    return hk_arena_printf(arena, "Invalid model version source: '%s'. %s", source->text, why);
}

const char *hk_model_source_not_of(struct hk_arena *arena, const struct hk_model_source *source, const char *parameter)
{
    return invalid(arena, source,
                   hk_arena_printf(arena,
                                   "The %s request parameter must identify the resource that contains the source.",
                                   parameter));
}

static const char *not_of(struct hk_arena *arena, const struct hk_model_source *source,
                          const struct hk_source_owner *owner)
{
    return hk_model_source_not_of(arena, source, owner->is_logged_model ? "model_id" : "run_id");
}

/* Whether a segment of the whole text is "..", or one of the path is ".", or the path is none at all. */
static bool is_relative(struct hk_arena *arena, const struct hk_model_source *source)
{
    struct hk_str plain = unquote(arena, hk_str_from(source->text), true);
    struct hk_str rest = plain;
    struct hk_str part;
    while (hk_str_next(&rest, '/', &part)) {
        if (hk_str_is(part, "..")) {
            return true;
        }
    }
    struct hk_str path = split(arena, plain).path;
    bool has_part = false;
    rest = path;
    while (hk_str_next(&rest, '/', &part)) {
        has_part = has_part || part.len > 0;
        if (hk_str_is(part, ".")) {
            return true;
        }
    }
    return !has_part || path.data[0] != '/' || memchr(path.data, '\0', path.len) != NULL;
}

static bool has_up(struct hk_arena *arena, const char *text)
{
    struct hk_str rest = unquote(arena, hk_str_from(text), false);
    struct hk_str part;
    while (hk_str_next(&rest, '/', &part)) {
        if (hk_str_is(part, "..")) {
            return true;
        }
    }
    return false;
}

/* The next segment that is not empty, as it reads. */
static bool next_part(struct hk_arena *arena, struct hk_str *rest, bool is_quoted, struct hk_str *part)
{
    while (hk_str_next(rest, '/', part)) {
        if (part->len > 0 && !(!is_quoted && hk_str_is(*part, "."))) {
            *part = is_quoted ? unquote(arena, *part, false) : *part;
            return true;
        }
    }
    return false;
}

bool hk_model_source_is_within(struct hk_arena *arena, const struct hk_model_source *source, const char *root)
{
    struct uri inner = split(arena, hk_str_from(source->text));
    struct uri outer = split(arena, hk_str_from(root));
    bool is_local = source->kind == HK_SOURCE_LOCAL;
    bool outer_is_local = outer.scheme[0] == '\0' || strcmp(outer.scheme, "file") == 0;
    if (is_local ? !outer_is_local : strcmp(inner.scheme, outer.scheme) != 0 || !hk_str_eq(inner.host, outer.host)) {
        return false;
    }
    struct hk_str have = inner.path;
    struct hk_str want = outer.path;
    struct hk_str mine;
    struct hk_str theirs;
    bool any = false;
    while (next_part(arena, &want, !is_local, &theirs)) {
        any = true;
        if (!next_part(arena, &have, !is_local, &mine) || !hk_str_eq(mine, theirs)) {
            return false;
        }
    }
    return any;
}

static const char *check_local(struct hk_arena *arena, const struct hk_model_source *source,
                               const struct hk_source_owner *owner)
{
    bool is_named = owner->id != NULL && owner->id[0] != '\0';
    if (is_named && owner->root == NULL) {
        return not_of(arena, source, owner);
    }
    if (is_named && source->path[0] == '/' && !has_up(arena, source->path) &&
        hk_model_source_is_within(arena, source, owner->root)) {
        return NULL;
    }
    const char *id = owner->is_logged_model ? "model_id" : "run_id";
    return invalid(arena, source,
                   hk_arena_printf(arena,
                                   "To use a local path as a model version source, the %s request parameter has to be "
                                   "specified and the local path has to be contained within the artifact directory of "
                                   "the run specified by the %s.",
                                   id, id));
}

const char *hk_model_source_check(struct hk_arena *arena, const struct hk_model_source *source,
                                  const struct hk_source_owner *owner)
{
    if (source->kind == HK_SOURCE_LOCAL) {
        return check_local(arena, source, owner);
    }
    if (is_relative(arena, source)) {
        return invalid(arena, source, RELATIVE);
    }
    bool is_owner = owner->id != NULL && source->id != NULL && source->host.len == 0;
    switch (source->kind) {
    case HK_SOURCE_RUN:
        is_owner = is_owner && !owner->is_logged_model && strcmp(owner->id, source->id) == 0;
        return is_owner ? NULL : not_of(arena, source, owner);
    case HK_SOURCE_LOGGED_MODEL:
        is_owner = is_owner && owner->is_logged_model && strcmp(owner->id, source->id) == 0;
        return is_owner ? NULL : hk_model_source_not_of(arena, source, "model_id");
    case HK_SOURCE_PROXIED:
        is_owner = owner->id != NULL && owner->root != NULL && hk_model_source_is_within(arena, source, owner->root);
        return is_owner ? NULL : not_of(arena, source, owner);
    default:
        return NULL;
    }
}

const char *hk_prompt_source_mistake(struct hk_arena *arena, struct hk_str source)
{
    if (hk_str_is(source, "dummy-source") || hk_str_is(source, "prompt-template")) {
        return NULL;
    }
    return hk_arena_printf(arena, "Invalid prompt source: '%.*s'. Prompt sources must use an MLflow placeholder.",
                           HK_STR_ARG(source));
}
