/* struct hk_filter: the WHERE, ORDER BY and LIMIT of a list whose filters are only known at run time. Its text is put
 * together from constant pieces of this folder's files, and every value is bound, never pasted. The query files
 * (dag_query.c, run_query.c, ...) use it; the doors fill the structs named hk_range, hk_search and hk_page.
 *
 *     hk_filter_init(&f);
 *     hk_filter_text(&f, "r.dag_id = ?", dag_id);
 *     hk_filter_range(&f, "r.run_after_us", &run_after);
 *     ok = hk_filter_count(&f, db, "SELECT count(*) FROM dag_run r", &total, err) &&
 *          hk_filter_select(&f, db, &RUNS, &page, &stmt, err);
 *     hk_filter_clear(&f);       (the statement outlives it; the bound texts are the caller's)
 *
 * One thread at a time. */
#ifndef HK_STORE_FILTER_H
#define HK_STORE_FILTER_H

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/store/db.h"

/* Bounds on a time or another number; HK_TIME_NONE: no such bound. */
struct hk_range {
    int64_t gte;
    int64_t gt;
    int64_t lte;
    int64_t lt;
};
#define HK_RANGE_ALL ((struct hk_range){HK_TIME_NONE, HK_TIME_NONE, HK_TIME_NONE, HK_TIME_NONE})
bool hk_range_is_all(const struct hk_range *range);
bool hk_range_has_end(const struct hk_range *range); /* then hk_filter_range_or_null looks at the time */

/* Airflow's pattern parameters; data NULL: absent. `pattern` is an SQL LIKE pattern to be found anywhere, without case,
 * '|' between alternatives, "~" for all; `prefix` is taken literally, with case, after trailing punctuation was cut
 * off. */
struct hk_search {
    struct hk_str pattern;
    struct hk_str prefix;
};

struct hk_texts {
    const struct hk_str *items;
    size_t count;
};

/* What a list may be ordered by: tables of these, ended by a NULL name, are part of each query's header. */
struct hk_order_field {
    const char *name;
    const char *sql;
    const char *then_sql; /* NULL, or a second column */
};

struct hk_order {
    const struct hk_order_field *field;
    bool is_descending;
};

enum { HK_MAX_ORDERS = 10 };

struct hk_walk; /* walk.h */

struct hk_page {
    int64_t limit;
    int64_t offset;
    struct hk_walk *walk; /* NULL: the page is told by limit and offset */
    struct hk_order orders[HK_MAX_ORDERS];
    size_t order_count;
};

struct hk_filter_value;

struct hk_filter {
    struct hk_buf where;
    struct hk_filter_value *values;
    size_t count;
    size_t cap;
    size_t terms; /* conditions and alternatives */
};

void hk_filter_init(struct hk_filter *f);
void hk_filter_clear(struct hk_filter *f);

/* Conditions are ANDed. `condition` holds as many '?' as values are given; `column` is an SQL expression. */
void hk_filter_sql(struct hk_filter *f, const char *condition);
void hk_filter_int(struct hk_filter *f, const char *condition, int64_t value);
void hk_filter_text(struct hk_filter *f, const char *condition, struct hk_str value);
void hk_filter_given(struct hk_filter *f, const char *condition, struct hk_str value); /* nothing when without data */
void hk_filter_any(struct hk_filter *f, const char *column, struct hk_texts values);   /* nothing when empty */
void hk_filter_none(struct hk_filter *f, const char *column, struct hk_texts values);  /* NOT IN; NULL stays out */
/* As hk_filter_any, but an item without data stands for NULL. */
void hk_filter_any_or_null(struct hk_filter *f, const char *column, struct hk_texts values);
void hk_filter_ints(struct hk_filter *f, const char *column, const int64_t *values, size_t count);
void hk_filter_like_any(struct hk_filter *f, const char *column, struct hk_texts values); /* literal substrings */
void hk_filter_range(struct hk_filter *f, const char *column, const struct hk_range *range);
/* A time that is NULL has not come yet: it is after any lower bound and counts as now for upper ones. */
void hk_filter_range_or_null(struct hk_filter *f, const char *column, const struct hk_range *range, int64_t now_us);
void hk_filter_search(struct hk_filter *f, const char *column, const struct hk_search *search);

/* For conditions that are put together piece by piece: WHERE or AND; then text into f->where, a value for each '?'. */
void hk_filter_begin(struct hk_filter *f);
void hk_filter_bind_int(struct hk_filter *f, int64_t value);
void hk_filter_bind_text(struct hk_filter *f, struct hk_str value);

/* A list's own texts. */
struct hk_list_sql {
    const char *select; /* "SELECT ... FROM ...", with all joins that the columns need */
    /* NULL, or "r.run_key IN (SELECT r.run_key FROM dag_run r": the page is picked on the keys alone, which spares a
     * long list the joins and the wide rows of what is not on the page. */
    const char *narrow;
    const char *const *key; /* NULL-terminated columns that end every order */
};

/* select + WHERE + ORDER BY (page's orders, then the key) + LIMIT/OFFSET, with the values bound. Free *out with
 * hk_stmt_free. */
HK_MUST_USE bool hk_filter_select(const struct hk_filter *f, struct hk_db *db, const struct hk_list_sql *list,
                                  const struct hk_page *page, struct hk_stmt **out, struct hk_error *err);
/* One number: "SELECT count(*) FROM ..." + WHERE. */
HK_MUST_USE bool hk_filter_count(const struct hk_filter *f, struct hk_db *db, const char *select_from, int64_t *out,
                                 struct hk_error *err);

/* The field of that name; NULL: none. */
const struct hk_order_field *hk_order_find(const struct hk_order_field *fields, struct hk_str name);

#endif
