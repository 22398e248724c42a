/* The pieces of SQL that searches have in common: terms as conditions, and reading the keys. Private to
 * ml_search*.c. */
#ifndef HK_STORE_ML_SEARCH_SQL_H
#define HK_STORE_ML_SEARCH_SQL_H

#include "engine/store/ml_search.h"
#include "engine/store/sql_text.h"

/* What is kept by key beside a thing: its params, tags, metrics. */
struct hk__search_side {
    const char *table; /* NULL: there is none */
    const char *owner; /* its column that points to the thing */
};

struct hk__search_columns {
    const char *attribute;
    const char *sql; /* NULL name ends it */
    bool may_be_null;
};

struct hk__search_tables {
    const char *key; /* of the thing: "r.run_key" */
    const struct hk__search_columns *columns;
    struct hk__search_side sides[HK_SEARCH_ENTITY_COUNT]; /* without attributes and datasets */
};

const struct hk__search_columns *hk__search_column(const struct hk__search_tables *tables, struct hk_str attribute);

/* "column OP ?" with its value. */
bool hk__search_add_comparison(struct hk_sql *s, const char *column, const struct hk_search_term *term,
                               struct hk_arena *arena, struct hk_error *err);
/* Whether the side has a row of the term's key whose value matches; `key` stands for tables->key. */
bool hk__search_add_side(struct hk_sql *s, const struct hk__search_side *side, const char *key,
                         const struct hk_search_term *term, struct hk_arena *arena, struct hk_error *err);
/* A list of numbers for json_each(?). */
struct hk_str hk__search_numbers(const int64_t *numbers, size_t count, struct hk_arena *arena);

/* Adds LIMIT and OFFSET, runs it, reads one column of keys; s is not cleared. */
bool hk__search_run(struct hk_sql *s, struct hk_db *db, const struct hk_ml_search *search, struct hk_arena *arena,
                    struct hk_ml_found *out, struct hk_error *err);

#endif
