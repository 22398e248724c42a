#include "api/cli/connection_uri.h"

#include <stdlib.h>
#include <string.h>

#include "api/http/request.h"
#include "engine/base/alloc.h"
#include "engine/base/json.h"

enum { EXTRA_BYTES = 1024 * 1024 };

/* ---- reading ---- */

static json_t *decoded(struct hk_arena *arena, struct hk_str text)
{
    struct hk_str plain;
    struct hk_error ignored;
    if (text.data == NULL || !hk_percent_decode(text, arena, &plain, &ignored)) {
        return json_null();
    }
    return json_stringn(plain.data != NULL ? plain.data : "", plain.len);
}

static json_t *read_extra(struct hk_arena *arena, struct hk_str query)
{
    struct hk_pairs pairs = {.items = NULL};
    struct hk_error ignored;
    if (query.len == 0 || !hk_form_parse(query, arena, &pairs, &ignored)) {
        return json_null();
    }
    json_t *object = json_object();
    for (size_t i = 0; i < pairs.len; i++) {
        if (hk_str_is(pairs.items[i].name, "__extra__")) {
            json_decref(object);
            return json_stringn(pairs.items[i].value.data, pairs.items[i].value.len);
        }
        const char *key = hk_arena_str(arena, pairs.items[i].name).data;
        json_object_set_new(object, key, json_stringn(pairs.items[i].value.data, pairs.items[i].value.len));
    }
    char *text = json_dumps(object, 0);
    json_t *extra = json_string(text);
    free(text);
    json_decref(object);
    return extra;
}

/* Cuts `rest` at the first of `c`; what follows it goes to *after, which has no data when there is none. */
static struct hk_str cut(struct hk_str *rest, char c, struct hk_str *after)
{
    const char *at = rest->len > 0 ? memchr(rest->data, c, rest->len) : NULL;
    struct hk_str head = *rest;
    *after = (struct hk_str){NULL, 0};
    if (at != NULL) {
        head.len = (size_t)(at - rest->data);
        *after = (struct hk_str){at + 1, rest->len - head.len - 1};
    }
    return head;
}

static struct hk_str cut_last(struct hk_str *rest, char c)
{
    const char *at = rest->len > 0 ? memrchr(rest->data, c, rest->len) : NULL;
    struct hk_str head = {NULL, 0};
    if (at != NULL) {
        head = (struct hk_str){rest->data, (size_t)(at - rest->data)};
        *rest = (struct hk_str){at + 1, rest->len - head.len - 1};
    }
    return head;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static json_t *read_type(struct hk_str scheme)
{
    char type[128];
    if (!hk_str_copy(type, sizeof type, hk_str_is(scheme, "postgresql") ? HK_STR("postgres") : scheme)) {
        return json_null();
    }
    for (char *c = type; *c != '\0'; c++) {
        *c = *c == '-' ? '_' : lower(*c);
    }
    return json_string(type);
}

/* Python's urlsplit gives a host in small letters, but Airflow does without it when there is a '/' in the host. */
static json_t *read_host(struct hk_arena *arena, struct hk_str text)
{
    json_t *host = decoded(arena, text);
    const char *given = json_string_value(host);
    if (given == NULL || strchr(given, '/') != NULL) {
        return host;
    }
    char *small = hk_strdup(given);
    for (char *c = small; *c != '\0'; c++) {
        *c = lower(*c);
    }
    json_string_set(host, small);
    free(small);
    return host;
}

/* "host:port" or "[::1]:port", cut in two; an address of IPv6 loses its brackets. */
static struct hk_str cut_host(struct hk_str *rest, struct hk_str *port)
{
    if (rest->len == 0 || rest->data[0] != '[') {
        return cut(rest, ':', port);
    }
    struct hk_str after;
    struct hk_str host = {rest->data + 1, rest->len - 1};
    host = cut(&host, ']', &after);
    (void)cut(&after, ':', port);
    return host;
}

static bool read_port(struct hk_str text, json_t *out, struct hk_error *err)
{
    int64_t port = 0;
    if (text.len == 0) {
        json_object_set_new(out, "port", json_null());
        return true;
    }
    if (!hk_str_to_i64(text, &port) || port < 0 || port > 65535) {
        return hk_error_set(err, HK_INVALID, "the port of a connection is a number up to 65535, not '%.*s'",
                            HK_STR_ARG(text));
    }
    json_object_set_new(out, "port", json_integer(port));
    return true;
}

json_t *hk_connection_uri_read(const char *uri, struct hk_error *err)
{
    const char *colon = strstr(uri, "://");
    if (colon == NULL || colon == uri) {
        hk_error_set(err, HK_INVALID,
                     "the URI provided to --conn-uri is invalid: it needs a type in front, as in "
                     "'postgres://user:password@host:5432/schema'");
        return NULL;
    }
    struct hk_arena arena;
    hk_arena_init(&arena);
    json_t *out = json_object();
    struct hk_str rest = hk_str_from(colon + 3);
    struct hk_str query;
    struct hk_str path;
    struct hk_str password;
    struct hk_str port;
    struct hk_str fragment;
    rest = cut(&rest, '#', &fragment); /* which says nothing */
    rest = cut(&rest, '?', &query);
    const char *inner = memmem(rest.data, rest.len, "://", 3);
    struct hk_str protocol = {NULL, 0};
    if (inner != NULL) {
        protocol = (struct hk_str){rest.data, (size_t)(inner - rest.data)};
        rest = (struct hk_str){inner + 3, rest.len - protocol.len - 3};
    }
    rest = cut(&rest, '/', &path);
    struct hk_str login = cut_last(&rest, '@');
    login = cut(&login, ':', &password);
    struct hk_str host_text = cut_host(&rest, &port);
    json_t *host = host_text.len > 0 ? read_host(&arena, host_text) : json_null();
    json_object_set_new(out, "conn_type", read_type((struct hk_str){uri, (size_t)(colon - uri)}));
    json_object_set_new(out, "login", login.len > 0 ? decoded(&arena, login) : json_null());
    json_object_set_new(out, "password", password.len > 0 ? decoded(&arena, password) : json_null());
    if (protocol.data != NULL) {
        const char *name = json_string_value(host);
        json_t *whole = json_sprintf("%.*s://%s", HK_STR_ARG(protocol), name != NULL ? name : "");
        json_decref(host);
        host = whole;
    }
    json_object_set_new(out, "host", host);
    json_object_set_new(out, "schema", path.len > 0 ? decoded(&arena, path) : json_null());
    json_object_set_new(out, "extra", read_extra(&arena, query));
    if (!read_port(port, out, err)) {
        json_decref(out);
        out = NULL;
    }
    hk_arena_clear(&arena);
    return out;
}

/* ---- writing ---- */

static void add_quoted(struct hk_buf *out, const char *text, bool plus)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL) {
            hk_buf_add_char(out, *text);
        } else if (plus && *text == ' ') {
            hk_buf_add_char(out, '+');
        } else {
            hk_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

static void add_extra(const char *extra, struct hk_buf *out)
{
    struct hk_error ignored;
    json_t *object = hk_json_parse(hk_str_from(extra), &ignored);
    bool is_flat = json_object_size(object) > 0;
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        (void)key;
        is_flat = is_flat && json_is_string(value);
    }
    if (!is_flat) {
        hk_buf_add_text(out, "__extra__=");
        add_quoted(out, extra, true);
        json_decref(object);
        return;
    }
    bool is_first = true;
    json_object_foreach (object, key, value) {
        hk_buf_add_text(out, is_first ? "" : "&");
        add_quoted(out, key, true);
        hk_buf_add_char(out, '=');
        add_quoted(out, json_string_value(value), true);
        is_first = false;
    }
    json_decref(object);
}

static void add_host(const char *host, int64_t port, bool has_login, struct hk_buf *out)
{
    if (host != NULL && host[0] != '\0') {
        add_quoted(out, host, false);
    } else if (port > 0 && !has_login) {
        hk_buf_add_char(out, '@');
    }
    if (port > 0) {
        hk_buf_printf(out, ":%lld", (long long)port);
    }
}

void hk_connection_uri_write(const json_t *connection, struct hk_buf *out)
{
    const char *type = hk_json_get_text(connection, "conn_type", "");
    const char *login = hk_json_get_text(connection, "login", NULL);
    const char *password = hk_json_get_text(connection, "password", NULL);
    const char *host = hk_json_get_text(connection, "host", NULL);
    const char *schema = hk_json_get_text(connection, "schema", NULL);
    const char *extra = hk_json_get_text(connection, "extra", NULL);
    for (const char *c = type; *c != '\0'; c++) {
        hk_buf_add_char(out, *c == '_' ? '-' : (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c));
    }
    hk_buf_add_text(out, "://");
    const char *inner = host != NULL ? strstr(host, "://") : NULL;
    if (inner != NULL && !hk_str_is((struct hk_str){host, (size_t)(inner - host)}, type)) {
        hk_buf_add(out, host, (size_t)(inner - host) + 3);
        host = inner + 3;
    }
    if (login != NULL) {
        add_quoted(out, login, false);
    }
    if (password != NULL) {
        hk_buf_add_char(out, ':');
        add_quoted(out, password, false);
    }
    bool has_login = (login != NULL && login[0] != '\0') || password != NULL;
    hk_buf_add_text(out, has_login ? "@" : "");
    add_host(host, hk_json_get_int(connection, "port", 0), has_login, out);
    bool has_schema = schema != NULL && schema[0] != '\0';
    if (has_schema) {
        hk_buf_add_char(out, '/');
        add_quoted(out, schema, false);
    }
    if (extra != NULL && extra[0] != '\0') {
        hk_buf_add_text(out, has_schema ? "?" : "/?");
        add_extra(extra, out);
    }
}
