#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/store/db.h"

static struct hk_error err;

static int open_db(void **state)
{
    struct hk_db *db = NULL;
    assert_true(hk_db_open(":memory:", HK_DB_READ_WRITE, &db, &err));
    *state = db;
    return 0;
}

static int close_db(void **state)
{
    hk_db_close(*state);
    return 0;
}

static struct hk_stmt *prepare(struct hk_db *db, const char *sql)
{
    struct hk_stmt *q = NULL;
    assert_true(hk_db_prepare(db, hk_str_from(sql), &q, &err));
    return q;
}

static int64_t answer_of(struct hk_stmt *q)
{
    bool ok = true;
    assert_true(hk_step(q, &ok, &err));
    int64_t value = hk_column_is_null(q, 0) ? -1 : hk_column_int(q, 0);
    hk_stmt_free(q); /* in the middle of its rows */
    return value;
}

static void a_made_statement_is_kept_and_comes_back_clean(void **state)
{
    struct hk_db *db = *state;
    struct hk_stmt *first = prepare(db, "SELECT ?1 UNION ALL SELECT 8");
    hk_bind_int(first, 1, 7);
    assert_int_equal(answer_of(first), 7);
    struct hk_stmt *again = prepare(db, "SELECT ?1 UNION ALL SELECT 8");
    assert_ptr_equal(again, first);
    assert_int_equal(answer_of(again), -1); /* the 7 is not bound any more, and the first row is the first again */
}

static void two_at_once_of_one_text_are_two(void **state)
{
    struct hk_db *db = *state;
    struct hk_stmt *one = prepare(db, "SELECT ?1");
    struct hk_stmt *other = prepare(db, "SELECT ?1");
    assert_ptr_not_equal(one, other);
    hk_bind_int(one, 1, 1);
    hk_bind_int(other, 1, 2);
    assert_int_equal(answer_of(one), 1);
    assert_int_equal(answer_of(other), 2);
}

static void more_texts_than_are_kept(void **state)
{
    struct hk_db *db = *state;
    struct hk_stmt *taken[100];
    char sql[64];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(sql, sizeof sql, "SELECT %d", i);
            taken[i] = prepare(db, sql);
        }
        for (int i = 0; i < 100; i++) {
            assert_int_equal(answer_of(taken[i]), i);
        }
    }
    size_t size = 100000;
    char *longest = malloc(size);
    memset(longest, ' ', size);
    memcpy(longest, "SELECT 1", 8);
    longest[size - 1] = '\0';
    assert_int_equal(answer_of(prepare(db, longest)), 1);
    assert_int_equal(answer_of(prepare(db, longest)), 1);
    free(longest);
}

static void a_mistake_is_told(void **state)
{
    struct hk_db *db = *state;
    struct hk_stmt *q = NULL;
    assert_false(hk_db_prepare(db, HK_STR("SELEKT 1"), &q, &err));
    assert_non_null(strstr(err.message, "SELEKT"));
}

/* The budget is of all statements together, and what is read in a transaction goes on after it is spent. */
static void a_budget_ends_what_takes_too_long(void **state)
{
    struct hk_db *db = *state;
    static const char LONG[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                               "SELECT count(*) FROM n";
    int64_t count = 0;
    assert_true(hk_db_exec(db, "BEGIN", &err));
    hk_db_set_budget(db, 10000);
    assert_false(hk_run_for_int(hk_db_query(db, LONG), &count, &err));
    assert_int_equal(err.code, HK_CANCELLED);
    hk_db_set_budget(db, 10000000);
    assert_true(hk_run_for_int(hk_db_query(db, LONG), &count, &err));
    assert_int_equal(count, 20000);
    hk_db_set_budget(db, 0);
    assert_true(hk_run_for_int(hk_db_query(db, LONG), &count, &err));
    assert_true(hk_db_is_in_transaction(db));
    assert_true(hk_db_exec(db, "COMMIT", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_made_statement_is_kept_and_comes_back_clean, open_db, close_db),
        cmocka_unit_test_setup_teardown(two_at_once_of_one_text_are_two, open_db, close_db),
        cmocka_unit_test_setup_teardown(more_texts_than_are_kept, open_db, close_db),
        cmocka_unit_test_setup_teardown(a_mistake_is_told, open_db, close_db),
        cmocka_unit_test_setup_teardown(a_budget_ends_what_takes_too_long, open_db, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
