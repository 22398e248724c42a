#include "engine/artifacts/s3_xml.h"

#include <stdlib.h>
#include <string.h>

/* "<name>" or "<name attribute=…>"; an empty element ("<name/>") is not found, which is the same as having no text. */
static const char *find_opening(struct hk_str text, const char *name, const char **inside)
{
    size_t len = strlen(name);
    const char *end = text.data + text.len;
    const char *at = text.data;
    while (at != NULL && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        const char *after = at + 1 + len;
        if (after < end && memcmp(at + 1, name, len) == 0 && (*after == '>' || *after == ' ')) {
            const char *close = memchr(after, '>', (size_t)(end - after));
            if (close != NULL && close[-1] != '/') {
                *inside = close + 1;
                return at;
            }
        }
        at = at + 1 < end ? at + 1 : NULL;
    }
    return NULL;
}

bool hk_s3_xml_next(struct hk_str *rest, const char *name, struct hk_str *inside)
{
    const char *begin = NULL;
    if (rest->len == 0 || find_opening(*rest, name, &begin) == NULL) {
        return false;
    }
    const char *end = rest->data + rest->len;
    size_t len = strlen(name);
    for (const char *at = begin; at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL; at++) {
        if ((size_t)(end - at) >= len + 3 && at[1] == '/' && memcmp(at + 2, name, len) == 0 && at[2 + len] == '>') {
            *inside = (struct hk_str){begin, (size_t)(at - begin)};
            *rest = (struct hk_str){at + len + 3, (size_t)(end - at) - len - 3};
            return true;
        }
    }
    return false;
}

static size_t put_utf8(unsigned long code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 63));
    out[2] = (char)(0x80 | (code >> 6 & 63));
    out[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* "&amp;" at the front of text: what it stands for goes to out. Returns how long it is, 0: it is none. */
static size_t resolve(struct hk_str text, char out[4], size_t *out_len)
{
    static const struct {
        const char *entity;
        char stands_for;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (hk_str_starts_with(text, known[i].entity)) {
            out[0] = known[i].stands_for;
            *out_len = 1;
            return strlen(known[i].entity);
        }
    }
    const char *end = memchr(text.data, ';', text.len < 12 ? text.len : 12);
    if (end == NULL || text.len < 4 || text.data[1] != '#') {
        return 0;
    }
    bool is_hex = text.data[2] == 'x';
    char *stop = NULL;
    unsigned long code = strtoul(text.data + (is_hex ? 3 : 2), &stop, is_hex ? 16 : 10);
    if (stop != end || code == 0 || code > 0x10ffff) {
        return 0;
    }
    *out_len = put_utf8(code, out);
    return (size_t)(end - text.data) + 1;
}

struct hk_str hk_s3_xml_text(struct hk_str xml, const char *name, struct hk_arena *arena)
{
    struct hk_str inside;
    if (!hk_s3_xml_next(&xml, name, &inside)) {
        return (struct hk_str){0};
    }
    char *out = hk_arena_alloc(arena, inside.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < inside.len;) {
        char text[4];
        size_t text_len = 0;
        struct hk_str rest = {inside.data + i, inside.len - i};
        size_t used = rest.data[0] == '&' ? resolve(rest, text, &text_len) : 0;
        if (used == 0) {
            out[len++] = inside.data[i++];
        } else {
            memcpy(out + len, text, text_len); /* never longer than the entity */
            len += text_len;
            i += used;
        }
    }
    return (struct hk_str){out, len};
}

void hk_s3_xml_escape(struct hk_buf *out, struct hk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '&') {
            hk_buf_add_text(out, "&amp;");
        } else if (c == '<') {
            hk_buf_add_text(out, "&lt;");
        } else if (c == '>') {
            hk_buf_add_text(out, "&gt;");
        } else {
            hk_buf_add_char(out, c);
        }
    }
}
