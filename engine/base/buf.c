#include "engine/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/alloc.h"

void hk_buf_init(struct hk_buf *buf, size_t max_bytes)
{
    *buf = (struct hk_buf){.max = max_bytes};
}

void hk_buf_clear(struct hk_buf *buf)
{
    free(buf->data);
    hk_buf_init(buf, buf->max);
}

void hk_buf_reset(struct hk_buf *buf)
{
    buf->len = 0;
    buf->is_full = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

/* Makes room for len more bytes and the NUL, or marks the buffer full. */
static bool reserve(struct hk_buf *buf, size_t len)
{
    if (buf->is_full || len > buf->max || buf->len > buf->max - len) {
        buf->is_full = true;
        return false;
    }
    size_t need = buf->len + len + 1;
    if (need > buf->cap) {
        size_t cap = buf->cap < 64 ? 64 : buf->cap;
        while (cap < need) {
            cap *= 2;
        }
        buf->data = hk_realloc(buf->data, cap);
        buf->cap = cap;
    }
    return true;
}

char *hk__buf_extend_slowly(struct hk_buf *buf, size_t len)
{
    if (!reserve(buf, len)) {
        return NULL;
    }
    char *at = buf->data + buf->len;
    buf->len += len;
    buf->data[buf->len] = '\0';
    return at;
}

void hk_buf_add(struct hk_buf *buf, const void *data, size_t len)
{
    char *at = hk_buf_extend(buf, len);
    if (at != NULL && len > 0) {
        memcpy(at, data, len);
    }
}

void hk_buf_add_str(struct hk_buf *buf, struct hk_str s)
{
    hk_buf_add(buf, s.data, s.len);
}

void hk_buf_add_text(struct hk_buf *buf, const char *c_string)
{
    hk_buf_add(buf, c_string, strlen(c_string));
}

void hk_buf_add_char(struct hk_buf *buf, char c)
{
    hk_buf_add(buf, &c, 1);
}

void hk_buf_printf(struct hk_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char small[256];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    if (n >= 0 && (size_t)n < sizeof small) {
        hk_buf_add(buf, small, (size_t)n);
    } else if (n >= 0 && reserve(buf, (size_t)n)) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void hk_buf_remove_front(struct hk_buf *buf, size_t len)
{
    HK_ASSERT(len <= buf->len);
    if (len == 0) {
        return;
    }
    memmove(buf->data, buf->data + len, buf->len - len + 1);
    buf->len -= len;
}

struct hk_str hk_buf_str(const struct hk_buf *buf)
{
    return (struct hk_str){buf->data, buf->len};
}

char *hk_buf_take(struct hk_buf *buf)
{
    char *data = buf->data != NULL ? buf->data : hk_strdup("");
    hk_buf_init(buf, buf->max);
    return data;
}
