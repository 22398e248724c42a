#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"

static void assert_text(struct hk_buf *buf, const char *expected)
{
    assert_string_equal(buf->data, expected);
    hk_buf_reset(buf);
}

static void writing(void **state)
{
    (void)state;
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, 10000);
    hk_json_init(&w, &buf);
    hk_json_begin_object(&w);
    hk_json_kv_text(&w, "text", NULL);
    hk_json_kv_str(&w, "str", HK_STR("\"\\\n\x01\xC3\xA9/"));
    hk_json_kv_int(&w, "int", INT64_MIN);
    hk_json_kv_double(&w, "double", 2.0);
    hk_json_kv_bool(&w, "bool", true);
    hk_json_kv_time(&w, "time", 0);
    hk_json_kv_time(&w, "none", HK_TIME_NONE);
    hk_json_kv_raw(&w, "raw", HK_STR("{\"x\":1}"));
    hk_json_kv_raw(&w, "empty", HK_STR(""));
    hk_json_key(&w, "list");
    hk_json_begin_array(&w);
    hk_json_int(&w, 1);
    hk_json_begin_array(&w);
    hk_json_end_array(&w);
    hk_json_null(&w);
    hk_json_end_array(&w);
    hk_json_end_object(&w);
    json_t *read = json_loads(buf.data, 0, NULL);
    assert_non_null(read);
    assert_string_equal(hk_json_get_text(read, "str", ""), "\"\\\n\x01\xC3\xA9/");
    json_decref(read);
    assert_non_null(strstr(buf.data, "\"double\":2.0,\"bool\":true,\"time\":\"1970-01-01T00:00:00Z\",\"none\":null,"
                                     "\"raw\":{\"x\":1},\"empty\":null,\"list\":[1,[],null]}"));
    assert_non_null(strstr(buf.data, "\"int\":-9223372036854775808"));
    hk_buf_reset(&buf);
    hk_json_init(&w, &buf);
    hk_json_string(&w, HK_STR("a\xFFz"));
    assert_text(&buf, "\"a\xEF\xBF\xBDz\"");
    hk_buf_clear(&buf);
}

static void assert_double(struct hk_buf *buf, double value, const char *expected)
{
    struct hk_json w;
    hk_json_init(&w, buf);
    hk_json_double(&w, value);
    assert_text(buf, expected);
}

static void doubles_are_as_python_prints_them(void **state)
{
    (void)state;
    struct hk_buf buf;
    hk_buf_init(&buf, 1000);
    assert_double(&buf, 0.0, "0.0");
    assert_double(&buf, -0.0, "-0.0");
    assert_double(&buf, 1.5, "1.5");
    assert_double(&buf, -12.000001, "-12.000001");
    assert_double(&buf, 0.0001, "0.0001");
    assert_double(&buf, 0.1 + 0.2, "0.30000000000000004");
    assert_double(&buf, 999999999.999999, "999999999.999999");
    assert_double(&buf, 1e9, "1000000000.0");
    assert_double(&buf, 1e-5, "1e-05");
    assert_double(&buf, 1.0 / 3.0, "0.3333333333333333");
    hk_buf_clear(&buf);
}

/* Every number of microseconds is written as %.15g writes its seconds, which Python's repr agrees with. */
static void durations_read_back(void **state)
{
    (void)state;
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, 1000);
    uint64_t us = 1;
    for (uint64_t i = 0; i < 200000; i++) {
        us = (us * 48271 + i) % UINT64_C(900000000000000); /* wraps around at times, as a random number may */
        double value = (double)us / 1e6;
        char plain[64];
        snprintf(plain, sizeof plain, "%.15g", value);
        hk_json_init(&w, &buf);
        hk_json_double(&w, value);
        assert_true(strtod(buf.data, NULL) == value);
        bool is_whole = strpbrk(plain, ".e") == NULL;
        assert_int_equal(buf.len, strlen(plain) + (is_whole ? 2 : 0));
        assert_memory_equal(buf.data, plain, strlen(plain));
        hk_buf_reset(&buf);
    }
    hk_buf_clear(&buf);
}

/* Each byte at each place of a text that is looked at eight bytes at a time: what is read back is what was written. */
static void every_byte_at_every_place(void **state)
{
    (void)state;
    struct hk_buf buf;
    struct hk_json w;
    hk_buf_init(&buf, 1000);
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            hk_json_init(&w, &buf);
            hk_json_string(&w, (struct hk_str){text, sizeof text});
            json_t *read = json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(read);
            const char *got = json_string_value(read);
            assert_int_equal(json_string_length(read), c < 0x80 ? 20 : 22);
            assert_memory_equal(got, text, at);
            assert_memory_equal(got + at, c < 0x80 ? text + at : "\xEF\xBF\xBD", c < 0x80 ? 1 : 3);
            assert_memory_equal(got + at + (c < 0x80 ? 1 : 3), text + at + 1, 19 - at);
            json_decref(read);
            hk_buf_reset(&buf);
        }
    }
    hk_json_init(&w, &buf);
    hk_json_key_str(&w, HK_STR("a \"key\" of more than eight"));
    hk_json_int(&w, 0);
    assert_text(&buf, "\"a \\\"key\\\" of more than eight\":0");
    hk_json_init(&w, &buf);
    hk_json_string(&w, HK_STR("\xED\x95\x9C\xEC\x98\xA5 is a house"));
    assert_text(&buf, "\"\xED\x95\x9C\xEC\x98\xA5 is a house\"");
    hk_buf_clear(&buf);
}

static void reading(void **state)
{
    (void)state;
    struct hk_error err;
    json_t *value =
        hk_json_parse(HK_STR("{\"a\": [1, null], \"t\": \"x\", \"n\": null, \"d\": 1.5, \"b\": true}"), &err);
    assert_non_null(value);
    assert_string_equal(hk_json_get_text(value, "t", "-"), "x");
    assert_string_equal(hk_json_get_text(value, "n", "-"), "-");
    assert_string_equal(hk_json_get_text(value, "a", "-"), "-");
    assert_int_equal(hk_json_get_int(value, "none", 7), 7);
    assert_true(hk_json_get_bool(value, "b", false));
    char *text = hk_json_dump(value);
    assert_non_null(strstr(text, "\"t\":\"x\""));
    free(text);
    json_decref(value);
    value = hk_json_parse(HK_STR("3"), &err); /* any value at the top */
    assert_non_null(value);
    json_decref(value);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "{\"a\":1,\"a\":2}", "[1,]", "{} x", "\"\xFF\"", "nul", "[1e999]"};
    struct hk_error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err = (struct hk_error){0};
        assert_null(hk_json_parse(hk_str_from(bad[i]), &err));
        assert_int_equal(err.code, HK_INVALID);
    }
    char deep[2 * (HK_MAX_NESTING + 1) + 1];
    memset(deep, '[', HK_MAX_NESTING + 1);
    memset(deep + HK_MAX_NESTING + 1, ']', HK_MAX_NESTING + 1);
    deep[sizeof deep - 1] = '\0';
    assert_null(hk_json_parse(hk_str_from(deep), &err));
}

/* As many values as a tree has, and one more for each that is an empty array or object. */
static size_t count(const json_t *value)
{
    size_t n = 1;
    size_t i = 0;
    const char *key = NULL;
    json_t *item = NULL;
    json_array_foreach (value, i, item) {
        n += count(item);
    }
    json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
        n += count(item);
    }
    bool is_empty = n == 1 && (json_is_array(value) || json_is_object(value));
    return n + is_empty;
}

static void values_are_counted_without_a_tree(void **state)
{
    (void)state;
    static const char *const texts[] = {"1",
                                        "[]",
                                        "[[], {}, 1]",
                                        "\"[,,,{\"",
                                        "{\"a,b\": [1, \"\\\",[\", {\"c\": null}], \"d\": {}}",
                                        " [ 1 , 2 , [ 3 ] ] "};
    struct hk_error err;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = hk_json_parse(hk_str_from(texts[i]), &err);
        assert_non_null(value);
        size_t n = count(value);
        json_decref(value);
        assert_true(hk_json_is_small(hk_str_from(texts[i]), n));
        assert_true(n == 1 || !hk_json_is_small(hk_str_from(texts[i]), n - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writing),
                                       cmocka_unit_test(doubles_are_as_python_prints_them),
                                       cmocka_unit_test(durations_read_back),
                                       cmocka_unit_test(every_byte_at_every_place),
                                       cmocka_unit_test(reading),
                                       cmocka_unit_test(values_are_counted_without_a_tree),
                                       cmocka_unit_test(mistakes_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
