/* Variables, connections, users and XComs: what goes in comes out, sealed on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/connection_store.h"
#include "engine/store/store.h"
#include "engine/store/user_store.h"
#include "engine/store/variable_store.h"
#include "engine/store/xcom_store.h"

static struct hk_store *store;
static struct hk_secret_key key;
static struct hk_error err;
static char seen[256];

static int set_up(void **state)
{
    (void)state;
    const struct hk_store_options options = {.path = ":memory:", .is_inline = true, .no_sync = true};
    assert_true(hk_secret_key_new(&key, &err));
    assert_true(hk_store_open(&options, &store, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_store_close(store);
    return 0;
}

static bool see_variable(void *arg, const struct hk_variable_info *row)
{
    (void)arg;
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof seen - len, "%s=%.*s(%s) ", row->key, HK_STR_ARG(row->value),
             row->description != NULL ? row->description : "-");
    return true;
}

static bool see_sealed(struct hk_db *db, void *arg, struct hk_error *why)
{
    (void)arg;
    static const char sql[] = "SELECT value FROM variable WHERE key = 'a'";
    struct hk_stmt *q = hk_db_query(db, sql);
    bool ok = true;
    while (hk_step(q, &ok, why)) {
        assert_memory_equal(hk_column_text(q, 0), "gAAAAA", 6);
    }
    return ok;
}

static bool use_variables(struct hk_db *db, void *arg, struct hk_error *why)
{
    (void)arg;
    const struct hk_search all = {{NULL, 0}, {NULL, 0}};
    const struct hk_search only_a = {{NULL, 0}, HK_STR("a")};
    const struct hk_page page = {.limit = 10};
    struct hk_variable_save save = {.key = HK_STR("a"), .value = HK_STR("one"), .description = HK_STR("d")};
    int64_t total = 0;
    bool found = false;
    assert_true(hk_store_variable_set(db, &key, &save, why));
    save = (struct hk_variable_save){.key = HK_STR("b"), .value = HK_STR("")};
    assert_true(hk_store_variable_set(db, &key, &save, why));
    save = (struct hk_variable_save){.key = HK_STR("a"), .value = HK_STR("two"), .keeps_description = true};
    assert_true(hk_store_variable_set(db, &key, &save, why));
    seen[0] = '\0';
    assert_true(hk_store_variable_list(db, &key, &all, &page, see_variable, NULL, &total, why));
    assert_string_equal(seen, "a=two(d) b=(-) ");
    assert_int_equal(total, 2);
    save = (struct hk_variable_save){.key = HK_STR("a"), .description = HK_STR("e")};
    assert_true(hk_store_variable_set(db, &key, &save, why));
    seen[0] = '\0';
    assert_true(hk_store_variable_list(db, &key, &only_a, &page, see_variable, NULL, &total, why));
    assert_string_equal(seen, "a=two(e) ");
    struct hk_secret_key other;
    assert_true(hk_secret_key_new(&other, why));
    assert_false(hk_store_variable_find(db, &other, HK_STR("a"), see_variable, NULL, &found, why));
    assert_int_equal(why->code, HK_CORRUPT);
    assert_memory_equal(why->message, "variable 'a': ", 14);
    assert_true(hk_store_variable_delete(db, HK_STR("b"), &found, why) && found);
    assert_true(hk_store_variable_delete(db, HK_STR("b"), &found, why) && !found);
    return true;
}

static void variables(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, use_variables, NULL, &err));
    assert_true(hk_store_write_now(store, see_sealed, NULL, &err));
}

static bool see_connection(void *arg, const struct hk_connection_info *row)
{
    (void)arg;
    snprintf(seen, sizeof seen, "%.*s %.*s:%lld %.*s %d", HK_STR_ARG(row->conn_id), HK_STR_ARG(row->host),
             (long long)row->port, HK_STR_ARG(row->password), row->extra.data == NULL);
    return true;
}

static bool use_connections(struct hk_db *db, void *arg, struct hk_error *why)
{
    (void)arg;
    bool found = false;
    const struct hk_connection_info row = {
        .conn_id = HK_STR("c"), .conn_type = HK_STR("http"), .host = HK_STR("h"), .port = 80, .password = HK_STR("pw")};
    assert_true(hk_store_connection_set(db, &key, &row, 0, why));
    assert_true(hk_store_connection_find(db, &key, HK_STR("c"), see_connection, NULL, &found, why) && found);
    assert_string_equal(seen, "c h:80 pw 1");
    assert_true(hk_store_connection_exists(db, HK_STR("d"), &found, why) && !found);
    assert_true(hk_store_connection_delete(db, HK_STR("c"), &found, why) && found);
    assert_true(hk_store_connection_find(db, &key, HK_STR("c"), see_connection, NULL, &found, why) && !found);
    return true;
}

static void connections(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, use_connections, NULL, &err));
}

static bool see_user(void *arg, const struct hk_user_row *row)
{
    (void)arg;
    snprintf(seen, sizeof seen, "%s %s %s", row->username, row->role, row->password_hash);
    return true;
}

static bool use_users(struct hk_db *db, void *arg, struct hk_error *why)
{
    (void)arg;
    struct hk_user_row row = {"ann", "Admin", "hash", 5};
    assert_true(hk_store_user_put(db, &row, false, why));
    assert_false(hk_store_user_put(db, &row, false, why));
    assert_int_equal(why->code, HK_CONFLICT);
    row.role = "Viewer";
    assert_true(hk_store_user_put(db, &row, true, why));
    assert_true(hk_store_user_get(db, HK_STR("ann"), see_user, NULL, why));
    assert_string_equal(seen, "ann Viewer hash");
    assert_true(hk_store_user_delete(db, "ann", why));
    assert_false(hk_store_user_delete(db, "ann", why));
    assert_int_equal(why->code, HK_NOT_FOUND);
    assert_false(hk_store_user_get(db, HK_STR("ann"), see_user, NULL, why));
    return true;
}

static void users(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, use_users, NULL, &err));
}

static bool see_xcom(void *arg, const struct hk_xcom_info *row)
{
    (void)arg;
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof seen - len, "%s[%d]=%.*s ", row->run_id, row->map_index, HK_STR_ARG(row->value_json));
    return true;
}

static bool use_xcoms(struct hk_db *db, void *arg, struct hk_error *why)
{
    (void)arg;
    assert_true(hk_db_exec(db,
                           "INSERT INTO dag_source (source_key, digest, content) VALUES (1, 'd', 's');"
                           "INSERT INTO dag_version (version_key, version_id, dag_id, version_number, bundle_name, "
                           "created_us, digest, document, source_key) VALUES (1, 'v', 'dag', 1, 'b', 0, 'd', '', 1);"
                           "INSERT INTO dag_run (run_key, dag_id, run_id, run_type, state, logical_us, run_after_us, "
                           "version_key) VALUES (1, 'dag', 'old', 'manual', 'success', 10, 10, 1), "
                           "(2, 'dag', 'new', 'manual', 'running', 20, 20, 1);",
                           why));
    struct hk_xcom_key at = {HK_STR("dag"), HK_STR("old"), HK_STR("t"), HK_STR("k"), 1};
    bool found = false;
    assert_true(hk_store_xcom_put(db, &at, HK_STR("\"b\""), 1, why));
    at.map_index = 0;
    assert_true(hk_store_xcom_put(db, &at, HK_STR("\"a\""), 1, why));
    assert_true(hk_store_xcom_put(db, &at, HK_STR("\"A\""), 2, why));
    at.run_id = HK_STR("new");
    seen[0] = '\0';
    assert_true(hk_store_xcom_all(db, &at, false, see_xcom, NULL, why));
    assert_string_equal(seen, "");
    at.map_index = HK_TIME_NONE;
    assert_true(hk_store_xcom_all(db, &at, true, see_xcom, NULL, why));
    assert_string_equal(seen, "old[0]=\"A\" old[1]=\"b\" ");
    at.map_index = 1;
    assert_true(hk_store_xcom_delete(db, &at, &found, why) && !found);
    at.run_id = HK_STR("old");
    assert_true(hk_store_xcom_delete(db, &at, &found, why) && found);
    at.run_id = HK_STR("nope");
    assert_false(hk_store_xcom_put(db, &at, HK_STR("1"), 1, why));
    assert_int_equal(why->code, HK_NOT_FOUND);
    return true;
}

static void xcoms(void **state)
{
    (void)state;
    assert_true(hk_store_write_now(store, use_xcoms, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables),
        cmocka_unit_test(connections),
        cmocka_unit_test(users),
        cmocka_unit_test(xcoms),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
