/* struct hk_sql: a statement that is put together from constant pieces, with a value for each '?'. Values are bound,
 * never pasted. What filter.h is to a WHERE, this is to statements whose joins and orders are only known at run time.
 *
 *     hk_sql_init(&s);
 *     hk_sql_add(&s, "SELECT run_key FROM ml_run WHERE status = ?");
 *     hk_sql_text(&s, status);
 *     ok = hk_sql_prepare(&s, db, &q, err);
 *     hk_sql_clear(&s);        (bound texts must live as long as q runs)
 *
 * One thread at a time. */
#ifndef HK_STORE_SQL_TEXT_H
#define HK_STORE_SQL_TEXT_H

#include "engine/base/buf.h"
#include "engine/store/db.h"

struct hk_sql_value;

struct hk_sql {
    struct hk_buf text;
    struct hk_sql_value *values;
    size_t count;
    size_t cap;
};

void hk_sql_init(struct hk_sql *s);
void hk_sql_clear(struct hk_sql *s);
void hk_sql_add(struct hk_sql *s, const char *constant);
void hk_sql_printf(struct hk_sql *s, const char *fmt, ...) HK_PRINTF(2, 3); /* of constants */
/* A value for the next '?'; the texts are the caller's. */
void hk_sql_int(struct hk_sql *s, int64_t value);
void hk_sql_double(struct hk_sql *s, double value);
void hk_sql_text(struct hk_sql *s, struct hk_str value);
/* Free *out with hk_stmt_free. */
HK_MUST_USE bool hk_sql_prepare(const struct hk_sql *s, struct hk_db *db, struct hk_stmt **out, struct hk_error *err);

#endif
