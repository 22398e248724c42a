#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/alloc.h"
#include "engine/base/json.h"
#include "engine/base/limits.h"
#include "workers/sdk_message.h"

static char *body_of(const char *bytes, size_t len)
{
    struct hk_sdk_message message;
    struct hk_error err;
    if (!hk_sdk_message_decode((struct hk_str){bytes, len}, &message, &err)) {
        fail_msg("%s", err.message);
    }
    char *text = message.body != NULL ? hk_json_dump(message.body) : hk_strdup("nil");
    hk_sdk_message_clear(&message);
    return text;
}

#define expect_body(bytes, json)                                                                                       \
    do {                                                                                                               \
        char *text_ = body_of(bytes, sizeof(bytes) - 1);                                                               \
        assert_string_equal(text_, json);                                                                              \
        free(text_);                                                                                                   \
    } while (0)

static void reads_every_kind_of_value(void **state)
{
    (void)state;
    expect_body("\x92\x01\x80", "{}");
    expect_body("\x92\x01\xc0", "nil");
    expect_body("\x92\x01\x93\xc2\xc3\xc0", "[false,true,null]");
    expect_body("\x92\x01\x94\x7f\xff\xcc\xff\xd0\x80", "[127,-1,255,-128]");
    expect_body("\x92\x01\x92\xd1\xff\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "[-256,-9223372036854775808]");
    expect_body("\x92\x01\x81\xa1"
                "a\xd9\x01"
                "b",
                "{\"a\":\"b\"}");
    expect_body("\x92\x01\x81\x05\xa1"
                "b",
                "{\"5\":\"b\"}");
    expect_body("\x92\x01\x91\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", "[1.5]");
    expect_body("\x93\x01\x90\x81\xa1"
                "t\xa1"
                "c",
                "[]");
}

static void reads_times_and_bytes(void **state)
{
    (void)state;
    expect_body("\x92\x01\x91\xd6\xff\x00\x00\x00\x00", "[\"1970-01-01T00:00:00Z\"]");
    expect_body("\x92\x01\x91\xd7\xff\x77\x35\x94\x00\x00\x00\x00\x01", "[\"1970-01-01T00:00:01.500000Z\"]");
    expect_body("\x92\x01\x91\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff",
                "[\"1969-12-31T23:59:59Z\"]");
    expect_body("\x92\x01\x94\xc4\x00\xc4\x01"
                "f\xc4\x02"
                "fo\xc4\x03"
                "foo",
                "[\"\",\"Zg==\",\"Zm8=\",\"Zm9v\"]");
}

static void refuses(const char *bytes, size_t len, enum hk_code code, const char *word)
{
    struct hk_sdk_message message;
    struct hk_error err = {0};
    assert_false(hk_sdk_message_decode((struct hk_str){bytes, len}, &message, &err));
    assert_null(message.body);
    assert_int_equal(err.code, code);
    if (strstr(err.message, word) == NULL) {
        fail_msg("'%s' does not speak of '%s'", err.message, word);
    }
}

#define expect_refusal(bytes, code, word) refuses(bytes, sizeof(bytes) - 1, code, word)

static void refuses_what_is_broken(void **state)
{
    (void)state;
    expect_refusal("", HK_INVALID, "ends");
    expect_refusal("\x80", HK_INVALID, "array");
    expect_refusal("\x91\x01", HK_INVALID, "array");
    expect_refusal("\x92\xa1x\x80", HK_INVALID, "id");
    expect_refusal("\x92\x01\x80\x00", HK_INVALID, "after its end");
    expect_refusal("\x92\x01\xc1", HK_INVALID, "0xc1");
    expect_refusal("\x92\x01\xdd\xff\xff\xff\xff", HK_INVALID, "ends");
    expect_refusal("\x92\x01\xdb\xff\xff\xff\xff", HK_INVALID, "ends");
    expect_refusal("\x92\x01\xa1\xff", HK_INVALID, "UTF-8");
    expect_refusal("\x92\x01\x81\xc0\xc0", HK_INVALID, "key");
    expect_refusal("\x92\x01\x81\xa1\x00\xc0", HK_INVALID, "NUL");
    expect_refusal("\x92\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff", HK_INVALID, "18446744073709551615");
    expect_refusal("\x92\x01\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", HK_INVALID, "finite");
    expect_refusal("\x92\x01\xd4\x05\x00", HK_INVALID, "type 5");
    expect_refusal("\x92\x01\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", HK_INVALID, "timestamp");
    char deep[300];
    memset(deep, 0x91, sizeof deep);
    deep[0] = (char)0x92;
    deep[1] = 1;
    deep[sizeof deep - 1] = (char)0xc0;
    refuses(deep, sizeof deep, HK_LIMIT, "deeper");
}

static void tells_the_id_of_a_broken_request(void **state)
{
    (void)state;
    struct hk_sdk_message message;
    struct hk_error err;
    assert_false(hk_sdk_message_decode((struct hk_str){"\x92\x07\xa1\xff", 4}, &message, &err));
    assert_int_equal(message.id, 7);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"X\",\"list\":[1,-2,3.5,true,false,null,\"\xed\x95\x9c\xec\x98\xa5\"],\"n\":"
                               "{\"a\":-9007199254740993}}";
    struct hk_error err;
    json_t *body = hk_json_parse(hk_str_from(text), &err);
    struct hk_buf out;
    hk_buf_init(&out, 4096);
    hk_sdk_message_encode(300, body, NULL, &out);
    struct hk_sdk_message message;
    assert_true(hk_sdk_message_decode(hk_buf_str(&out), &message, &err));
    assert_int_equal(message.id, 300);
    assert_true(json_equal(message.body, body));
    hk_sdk_message_clear(&message);
    hk_buf_clear(&out);
    hk_buf_init(&out, 8);
    hk_sdk_message_encode(1, body, NULL, &out);
    assert_true(out.is_full);
    hk_buf_clear(&out);
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_of_value), cmocka_unit_test(reads_times_and_bytes),
        cmocka_unit_test(refuses_what_is_broken),    cmocka_unit_test(tells_the_id_of_a_broken_request),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
