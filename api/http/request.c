#include "api/http/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "engine/base/alloc.h"
#include "engine/base/limits.h"

static const char *const method_names[HK_METHOD_COUNT] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

const char *hk_method_name(enum hk_method method)
{
    HK_ASSERT(method < HK_METHOD_COUNT);
    return method_names[method];
}

bool hk_method_parse(struct hk_str name, enum hk_method *out)
{
    for (int i = 0; i < HK_METHOD_COUNT; i++) {
        if (hk_str_is(name, method_names[i])) {
            *out = (enum hk_method)i;
            return true;
        }
    }
    return false;
}

void hk_pairs_add(struct hk_pairs *pairs, struct hk_arena *arena, struct hk_str name, struct hk_str value)
{
    if (pairs->len == pairs->cap) {
        size_t cap = pairs->cap == 0 ? 16 : pairs->cap * 2;
        struct hk_pair *items = hk_arena_array(arena, cap, sizeof *items);
        if (pairs->len > 0) {
            memcpy(items, pairs->items, pairs->len * sizeof *items);
        }
        pairs->items = items;
        pairs->cap = cap;
    }
    pairs->items[pairs->len++] = (struct hk_pair){name, value};
}

struct hk_str hk_request_path(const struct hk_request *req, const char *name)
{
    for (size_t i = 0; i < req->path_parameters.len; i++) {
        if (hk_str_is(req->path_parameters.items[i].name, name)) {
            return req->path_parameters.items[i].value;
        }
    }
    return (struct hk_str){0};
}

struct hk_str hk_request_query(const struct hk_request *req, const char *name)
{
    for (size_t i = req->query.len; i > 0; i--) {
        if (hk_str_is(req->query.items[i - 1].name, name)) {
            return req->query.items[i - 1].value;
        }
    }
    return (struct hk_str){0};
}

bool hk_request_has_query(const struct hk_request *req, const char *name)
{
    struct hk_str ignored;
    return hk_request_query_at(req, name, 0, &ignored);
}

bool hk_request_query_at(const struct hk_request *req, const char *name, size_t index, struct hk_str *value)
{
    for (size_t i = 0; i < req->query.len; i++) {
        if (hk_str_is(req->query.items[i].name, name) && index-- == 0) {
            *value = req->query.items[i].value;
            return true;
        }
    }
    return false;
}

static bool is_header(struct hk_str name, const char *wanted)
{
    return name.len == strlen(wanted) && strncasecmp(name.data, wanted, name.len) == 0;
}

struct hk_str hk_request_header(const struct hk_request *req, const char *name)
{
    for (size_t i = 0; i < req->headers.len; i++) {
        if (is_header(req->headers.items[i].name, name)) {
            return req->headers.items[i].value;
        }
    }
    return (struct hk_str){0};
}

struct hk_str hk_request_media_type(const struct hk_request *req)
{
    struct hk_str rest = hk_request_header(req, "Content-Type");
    struct hk_str head = {0};
    if (!hk_str_next(&rest, ';', &head)) {
        return (struct hk_str){0};
    }
    head = hk_str_trim(head);
    char *out = hk_arena_alloc(req->arena, head.len + 1);
    for (size_t i = 0; i < head.len; i++) {
        out[i] = (char)tolower((unsigned char)head.data[i]);
    }
    return (struct hk_str){out, head.len};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static bool decode(struct hk_str text, bool plus_is_space, struct hk_arena *arena, struct hk_str *out,
                   struct hk_error *err)
{
    char *data = hk_arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%' && i + 2 < text.len && hex_value(text.data[i + 1]) >= 0 && hex_value(text.data[i + 2]) >= 0) {
            c = (char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') {
            return hk_error_set(err, HK_INVALID, "The request's address holds a NUL character (%%00).");
        }
        data[len++] = c;
    }
    *out = (struct hk_str){data, len};
    if (!hk_str_is_utf8(*out)) {
        return hk_error_set(err, HK_INVALID,
                            "'%.*s' in the request's address is not UTF-8 once percent-decoded; write "
                            "a literal '%%' as '%%25'.",
                            HK_STR_ARG(text));
    }
    return true;
}

bool hk_percent_decode(struct hk_str text, struct hk_arena *arena, struct hk_str *out, struct hk_error *err)
{
    return decode(text, false, arena, out, err);
}

bool hk_form_parse(struct hk_str text, struct hk_arena *arena, struct hk_pairs *out, struct hk_error *err)
{
    struct hk_str rest = text;
    struct hk_str piece;
    while (hk_str_next(&rest, '&', &piece)) {
        if (piece.len == 0) {
            continue;
        }
        if (out->len >= HK_MAX_QUERY_PARAMETERS) {
            return hk_error_set(err, HK_LIMIT, "The request has more than %d parameters.", HK_MAX_QUERY_PARAMETERS);
        }
        const char *equals = memchr(piece.data, '=', piece.len);
        size_t name_len = equals != NULL ? (size_t)(equals - piece.data) : piece.len;
        struct hk_str raw_value = {0};
        if (equals != NULL) {
            raw_value = (struct hk_str){equals + 1, piece.len - name_len - 1};
        }
        struct hk_str name;
        struct hk_str value;
        if (!decode((struct hk_str){piece.data, name_len}, true, arena, &name, err) ||
            !decode(raw_value, true, arena, &value, err)) {
            return false;
        }
        hk_pairs_add(out, arena, name, value);
    }
    return true;
}

/* "http://host/path" is allowed by RFC 9112; only the path matters here. */
static struct hk_str without_authority(struct hk_str target)
{
    if (!hk_str_starts_with(target, "http://")) {
        return target;
    }
    size_t scheme = strlen("http://");
    const char *slash = memchr(target.data + scheme, '/', target.len - scheme);
    if (slash == NULL) {
        return HK_STR("/");
    }
    return (struct hk_str){slash, target.len - (size_t)(slash - target.data)};
}

static bool check_path(struct hk_request *req, struct hk_error *err)
{
    struct hk_str decoded;
    if (!hk_percent_decode(req->path, req->arena, &decoded, err)) {
        return false;
    }
    struct hk_str rest = decoded;
    struct hk_str segment;
    while (hk_str_next(&rest, '/', &segment)) {
        if (hk_str_is(segment, "..")) {
            return hk_error_set(err, HK_INVALID, "The path '%.*s' has a '..' segment, which is not allowed.",
                                HK_STR_ARG(req->path));
        }
    }
    return true;
}

bool hk_request_parse_target(struct hk_request *req, struct hk_str target, struct hk_error *err)
{
    req->path = HK_STR("/");
    if (target.len > HK_MAX_URL_BYTES) {
        return hk_error_set(err, HK_LIMIT, "The request's address is %zu bytes long; at most %d are allowed.",
                            target.len, HK_MAX_URL_BYTES);
    }
    target = without_authority(target);
    const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    size_t path_len = mark != NULL ? (size_t)(mark - target.data) : target.len;
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.data[i];
        if (c <= 0x20 || c == 0x7f) {
            return hk_error_set(err, HK_INVALID,
                                "The request's address holds the unprintable byte 0x%02x; "
                                "percent-encode it.",
                                c);
        }
    }
    if (path_len == 0 || target.data[0] != '/') {
        return hk_error_set(err, HK_INVALID, "The request's address '%.*s' does not begin with '/'.",
                            HK_STR_ARG(target));
    }
    req->path = (struct hk_str){target.data, path_len};
    if (mark != NULL) {
        req->raw_query = (struct hk_str){mark + 1, target.len - path_len - 1};
    }
    return check_path(req, err) && hk_form_parse(req->raw_query, req->arena, &req->query, err);
}

/* RFC 9110 "tchar". */
static bool is_token_text(struct hk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (!isalnum(c) && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool check_header_texts(const struct hk_request *req, struct hk_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < req->headers.len; i++) {
        const struct hk_pair *header = &req->headers.items[i];
        bytes += header->name.len + header->value.len + 4;
        if (!is_token_text(header->name)) {
            return hk_error_set(err, HK_INVALID, "The request has a header whose name is not a token: '%.*s'.",
                                HK_STR_ARG(header->name));
        }
        for (size_t k = 0; k < header->value.len; k++) {
            unsigned char c = (unsigned char)header->value.data[k];
            if ((c < 0x20 && c != '\t') || c == 0x7f) {
                return hk_error_set(err, HK_INVALID, "The header '%.*s' holds a control character.",
                                    HK_STR_ARG(header->name));
            }
        }
    }
    if (req->headers.len > HK_MAX_HEADERS || bytes > HK_MAX_HEADER_BYTES) {
        return hk_error_set(err, HK_LIMIT,
                            "The request's %zu headers take %zu bytes; at most %d headers and %d bytes are "
                            "allowed.",
                            req->headers.len, bytes, HK_MAX_HEADERS, HK_MAX_HEADER_BYTES);
    }
    return true;
}

static size_t count_headers(const struct hk_request *req, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < req->headers.len; i++) {
        count += is_header(req->headers.items[i].name, name) ? 1 : 0;
    }
    return count;
}

static bool is_digits(struct hk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!isdigit((unsigned char)s.data[i])) {
            return false;
        }
    }
    return s.len > 0 && s.len < 19;
}

static bool check_body_headers(const struct hk_request *req, struct hk_error *err)
{
    size_t lengths = count_headers(req, "Content-Length");
    size_t encodings = count_headers(req, "Transfer-Encoding");
    if (lengths > 1) {
        return hk_error_set(err, HK_INVALID, "The request has %zu Content-Length headers; send one.", lengths);
    }
    if (lengths == 1 && encodings > 0) {
        return hk_error_set(err, HK_INVALID, "The request has both Content-Length and Transfer-Encoding; send one.");
    }
    struct hk_str length = hk_request_header(req, "Content-Length");
    if (lengths == 1 && !is_digits(length)) {
        return hk_error_set(err, HK_INVALID, "The Content-Length '%.*s' is not a number.", HK_STR_ARG(length));
    }
    struct hk_str encoding = hk_request_header(req, "Transfer-Encoding");
    if (encodings > 1 || (encodings == 1 && (encoding.len != 7 || strncasecmp(encoding.data, "chunked", 7) != 0))) {
        return hk_error_set(err, HK_INVALID, "The Transfer-Encoding '%.*s' is not supported; only 'chunked' is.",
                            HK_STR_ARG(encoding));
    }
    return true;
}

bool hk_request_check_framing(const struct hk_request *req, bool is_http_1_1, struct hk_error *err)
{
    if (!check_header_texts(req, err) || !check_body_headers(req, err)) {
        return false;
    }
    size_t hosts = count_headers(req, "Host");
    if (hosts > 1 || (hosts == 0 && is_http_1_1)) {
        return hk_error_set(err, HK_INVALID, "The request has %zu Host headers; send one.", hosts);
    }
    if (!is_http_1_1 && count_headers(req, "Transfer-Encoding") > 0) {
        return hk_error_set(err, HK_INVALID, "HTTP/1.0 has no Transfer-Encoding; send Content-Length.");
    }
    return true;
}
