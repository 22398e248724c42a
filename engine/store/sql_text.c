#include "engine/store/sql_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/alloc.h"

enum { MAX_SQL_BYTES = 256 * 1024, MAX_PIECE_BYTES = 512 };

struct hk_sql_value {
    enum { VALUE_INT, VALUE_DOUBLE, VALUE_TEXT } kind;
    int64_t number;
    double real;
    struct hk_str text;
};

void hk_sql_init(struct hk_sql *s)
{
    *s = (struct hk_sql){0};
    hk_buf_init(&s->text, MAX_SQL_BYTES);
}

void hk_sql_clear(struct hk_sql *s)
{
    hk_buf_clear(&s->text);
    free(s->values);
    *s = (struct hk_sql){0};
}

void hk_sql_add(struct hk_sql *s, const char *constant)
{
    hk_buf_add_text(&s->text, constant);
}

void hk_sql_printf(struct hk_sql *s, const char *fmt, ...)
{
    char piece[MAX_PIECE_BYTES];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(piece, sizeof piece, fmt, args);
    va_end(args);
    HK_ASSERT(len >= 0 && (size_t)len < sizeof piece);
    hk_sql_add(s, piece);
}

static void add(struct hk_sql *s, struct hk_sql_value value)
{
    hk_array_grow((void **)&s->values, &s->cap, s->count + 1, sizeof *s->values);
    s->values[s->count++] = value;
}

void hk_sql_int(struct hk_sql *s, int64_t value)
{
    add(s, (struct hk_sql_value){.kind = VALUE_INT, .number = value});
}

void hk_sql_double(struct hk_sql *s, double value)
{
    add(s, (struct hk_sql_value){.kind = VALUE_DOUBLE, .real = value});
}

void hk_sql_text(struct hk_sql *s, struct hk_str value)
{
    add(s, (struct hk_sql_value){.kind = VALUE_TEXT, .text = value.data != NULL ? value : HK_STR("")});
}

bool hk_sql_prepare(const struct hk_sql *s, struct hk_db *db, struct hk_stmt **out, struct hk_error *err)
{
    HK_ASSERT(!s->text.is_full);
    if (!hk_db_prepare(db, hk_buf_str(&s->text), out, err)) {
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct hk_sql_value *value = &s->values[i];
        int at = (int)i + 1;
        if (value->kind == VALUE_TEXT) {
            hk_bind_str(*out, at, value->text);
        } else if (value->kind == VALUE_DOUBLE) {
            hk_bind_double(*out, at, value->real);
        } else {
            hk_bind_int(*out, at, value->number);
        }
    }
    return true;
}
