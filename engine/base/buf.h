/* struct hk_buf: text to build, always with a maximum (curl's dynbuf). When an append would pass the maximum, the
 * buffer keeps what it has, is_full becomes true and stays so, and every later append does nothing:
 * check once at the end. data is NUL-terminated whenever it is not NULL. Caller's memory. */
#ifndef HK_BASE_BUF_H
#define HK_BASE_BUF_H

#include "engine/base/error.h"
#include "engine/base/str.h"

struct hk_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool is_full;
};

void hk_buf_init(struct hk_buf *buf, size_t max_bytes);
void hk_buf_clear(struct hk_buf *buf); /* frees; may be used again */
void hk_buf_reset(struct hk_buf *buf); /* empties, keeps the memory */
void hk_buf_add(struct hk_buf *buf, const void *data, size_t len);
/* Makes the text len bytes longer and returns where they are to be written; NULL when they do not fit. */
static inline char *hk_buf_extend(struct hk_buf *buf, size_t len);
void hk_buf_add_str(struct hk_buf *buf, struct hk_str s);
void hk_buf_add_text(struct hk_buf *buf, const char *c_string);
void hk_buf_add_char(struct hk_buf *buf, char c);
void hk_buf_printf(struct hk_buf *buf, const char *fmt, ...) HK_PRINTF(2, 3);
void hk_buf_remove_front(struct hk_buf *buf, size_t len); /* drops the first len bytes */
struct hk_str hk_buf_str(const struct hk_buf *buf);       /* valid until the next append */
char *hk_buf_take(struct hk_buf *buf);                    /* hands the memory over; never NULL */

/* ---- inline, because answers of lists are made of very many very short pieces ---- */

char *hk__buf_extend_slowly(struct hk_buf *buf, size_t len);

static inline char *hk_buf_extend(struct hk_buf *buf, size_t len)
{
    size_t after = buf->len + len;
    if (buf->is_full || after < len || after > buf->max || after >= buf->cap) {
        return hk__buf_extend_slowly(buf, len);
    }
    char *at = buf->data + buf->len;
    buf->len = after;
    buf->data[after] = '\0';
    return at;
}

#endif
