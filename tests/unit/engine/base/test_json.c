#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writing), cmocka_unit_test(reading),
                                       cmocka_unit_test(mistakes_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
