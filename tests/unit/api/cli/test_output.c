#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/cli/connection_uri.h"
#include "api/cli/output.h"
#include "engine/base/json.h"

static void check(const char *json, enum hk_output form, const char *expected)
{
    struct hk_error err;
    struct hk_buf out;
    json_t *rows = hk_json_parse(hk_str_from(json), &err);
    assert_non_null(rows);
    hk_buf_init(&out, HK_OUTPUT_BYTES);
    hk_output_rows(rows, form, &out);
    assert_string_equal(out.data, expected);
    hk_buf_clear(&out);
    json_decref(rows);
}

static const char rows[] = "[{\"key\": \"a\", \"val\": null, \"n\": 1}, {\"key\": \"bbbb\", \"val\": [\"x\", \"y\"], "
                           "\"n\": 12}]";

/* What Airflow prints for the same rows, but for the line of blanks at the end. */
static void prints_tables(void **state)
{
    (void)state;
    check(rows, HK_OUTPUT_TABLE,
          "key  | val  | n \n"
          "=====+======+===\n"
          "a    | None | 1 \n"
          "bbbb | x,y  | 12\n");
    check("[]", HK_OUTPUT_TABLE, "No data found\n");
}

static void keeps_columns_straight(void **state)
{
    (void)state;
    check("[{\"k\": \"한글\", \"v\": \"one\\ntwo\"}, {\"k\": \"a\", \"v\": \"\\u001b[31mred\"},"
          " {\"k\": \"b\", \"v\": \"\\u009b1m\\u007f\"}]",
          HK_OUTPUT_TABLE,
          "k    | v       \n"
          "=====+=========\n"
          "한글 | one     \n"
          "     | two     \n"
          "a    |  [31mred\n"
          "b    |   1m    \n");
}

static void prints_plain(void **state)
{
    (void)state;
    check(rows, HK_OUTPUT_PLAIN,
          "key   val   n\n"
          "a           1\n"
          "bbbb  x,y  12\n");
    check("[]", HK_OUTPUT_PLAIN, "No data found\n");
}

static void prints_json_as_text(void **state)
{
    (void)state;
    check(rows, HK_OUTPUT_JSON,
          "[{\"key\": \"a\", \"val\": null, \"n\": \"1\"}, {\"key\": \"bbbb\", \"val\": [\"x\", \"y\"], \"n\": "
          "\"12\"}]\n");
    check("[{\"b\": true, \"f\": 2.0, \"o\": {\"a\": false}}]", HK_OUTPUT_JSON,
          "[{\"b\": \"True\", \"f\": \"2.0\", \"o\": {\"a\": \"False\"}}]\n");
    check("[]", HK_OUTPUT_JSON, "[]\n");
}

static void prints_yaml(void **state)
{
    (void)state;
    check(rows, HK_OUTPUT_YAML, "- key: a\n  val: null\n  n: '1'\n- key: bbbb\n  val:\n  - x\n  - y\n  n: '12'\n");
    check("[{\"a\": \"x: y\", \"b\": \"\", \"c\": \"yes\", \"d\": \"2024-01-01\", \"e\": \"한글\", \"f\": \"# no\", "
          "\"g\": [], \"h\": \"1e3\", \"i\": \"null\", \"j\": \"plain text\"}]",
          HK_OUTPUT_YAML,
          "- a: 'x: y'\n  b: ''\n  c: 'yes'\n  d: '2024-01-01'\n  e: 한글\n  f: '# no'\n  g: []\n  h: '1e3'\n"
          "  i: 'null'\n  j: plain text\n");
    check("[]", HK_OUTPUT_YAML, "[]\n");
}

static void converts_times(void **state)
{
    (void)state;
    json_t *given = json_string("2026-11-22T20:51:10.716161Z");
    json_t *iso = hk_output_time(given, 'T');
    json_t *text = hk_output_time(given, ' ');
    assert_string_equal(json_string_value(iso), "2026-11-22T20:51:10.716161+00:00");
    assert_string_equal(json_string_value(text), "2026-11-22 20:51:10.716161+00:00");
    json_decref(given);
    json_decref(iso);
    json_decref(text);
    json_t *other = json_string("no time");
    json_t *same = hk_output_time(other, ' ');
    assert_string_equal(json_string_value(same), "no time");
    json_decref(other);
    json_decref(same);
    json_t *nothing = hk_output_time(NULL, ' ');
    assert_true(json_is_null(nothing));
}

static void measures_text(void **state)
{
    (void)state;
    assert_int_equal(hk_text_width(HK_STR("abc")), 3);
    assert_int_equal(hk_text_width(HK_STR("한옥")), 4);
    assert_int_equal(hk_text_width(HK_STR("e\xcc\x81")), 1);
    assert_int_equal(hk_text_width(HK_STR("")), 0);
    assert_int_equal(hk_text_width(HK_STR("\xf0\x9f")), 1); /* cut off */
}

static void round_trip(const char *uri)
{
    struct hk_error err;
    struct hk_buf out;
    json_t *connection = hk_connection_uri_read(uri, &err);
    assert_non_null(connection);
    hk_buf_init(&out, 4096);
    hk_connection_uri_write(connection, &out);
    assert_string_equal(out.data, uri);
    hk_buf_clear(&out);
    json_decref(connection);
}

/* What Airflow's Connection makes of the same text. */
static const struct {
    const char *uri;
    const char *type;
    const char *host;
    int64_t port;
} hosts[] = {
    {"http://[::1]:8080/x", "http", "::1", 8080},           {"http://u:p@[fe80::1]/x", "http", "fe80::1", 0},
    {"HTTP://Host.Example:80", "http", "host.example", 80}, {"http://https%3A%2F%2FH%2Fp:8", "http", "https://H/p", 8},
    {"spark://https://H.x:9", "spark", "https://h.x", 9},   {"x://h:7#not/read?a=b", "x", "h", 7},
};

static void reads_hosts_as_airflow_does(void **state)
{
    (void)state;
    struct hk_error err;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        json_t *c = hk_connection_uri_read(hosts[i].uri, &err);
        assert_string_equal(hk_json_get_text(c, "conn_type", ""), hosts[i].type);
        assert_string_equal(hk_json_get_text(c, "host", ""), hosts[i].host);
        assert_int_equal(hk_json_get_int(c, "port", 0), hosts[i].port);
        json_decref(c);
    }
}

static void reads_and_writes_uris(void **state)
{
    (void)state;
    round_trip("postgres://user:s%40crt@db.example:5432/shop?sslmode=require");
    round_trip("http://host");
    round_trip("http://https://host:80");
    round_trip("google-cloud-platform:///?project=x&keyfile=%2Fa%2Fb");
    round_trip("aws://key:se%2Fcret@/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D");
    struct hk_error err;
    json_t *c = hk_connection_uri_read("postgresql://u:p@h:1/s?a=b", &err);
    assert_string_equal(hk_json_get_text(c, "conn_type", ""), "postgres");
    assert_string_equal(hk_json_get_text(c, "login", ""), "u");
    assert_string_equal(hk_json_get_text(c, "password", ""), "p");
    assert_string_equal(hk_json_get_text(c, "schema", ""), "s");
    assert_int_equal(hk_json_get_int(c, "port", 0), 1);
    assert_string_equal(hk_json_get_text(c, "extra", ""), "{\"a\": \"b\"}");
    json_decref(c);
    assert_null(hk_connection_uri_read("no uri", &err));
    assert_null(hk_connection_uri_read("http://h:99999", &err));
    assert_null(hk_connection_uri_read("://h", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_tables),
        cmocka_unit_test(keeps_columns_straight),
        cmocka_unit_test(prints_plain),
        cmocka_unit_test(prints_json_as_text),
        cmocka_unit_test(prints_yaml),
        cmocka_unit_test(converts_times),
        cmocka_unit_test(measures_text),
        cmocka_unit_test(reads_and_writes_uris),
        cmocka_unit_test(reads_hosts_as_airflow_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
