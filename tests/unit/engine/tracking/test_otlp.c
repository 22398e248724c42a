/* Spans in protobuf, made here byte by byte, and what is made of them; and bytes that are no protobuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/base/limits.h"
#include "engine/tracking/otlp.h"
#include "engine/tracking/protobuf.h"

static struct hk_arena arena;
static struct hk_error err;
static struct hk_spans spans;

static int set_up(void **state)
{
    (void)state;
    hk_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

/* ---- writing protobuf ---- */

static void put_varint(struct hk_buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        hk_buf_add_char(out, (char)(value | 0x80));
    }
    hk_buf_add_char(out, (char)value);
}

static void put_bytes(struct hk_buf *out, unsigned number, struct hk_str bytes)
{
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len);
    hk_buf_add_str(out, bytes);
}

static void put_number(struct hk_buf *out, unsigned number, uint64_t value)
{
    put_varint(out, number << 3);
    put_varint(out, value);
}

static void put_fixed64(struct hk_buf *out, unsigned number, uint64_t value)
{
    put_varint(out, number << 3 | 1);
    for (int i = 0; i < 8; i++) {
        hk_buf_add_char(out, (char)(value >> (8 * i)));
    }
}

/* The message that was built becomes a field of another; it is cleared. */
static void put_message(struct hk_buf *out, unsigned number, struct hk_buf *message)
{
    put_bytes(out, number, hk_buf_str(message));
    hk_buf_clear(message);
}

static struct hk_buf begin(void)
{
    struct hk_buf buf;
    hk_buf_init(&buf, SIZE_MAX);
    return buf;
}

static void put_attribute(struct hk_buf *span, unsigned number, const char *key, struct hk_buf *value)
{
    struct hk_buf pair = begin();
    put_bytes(&pair, 1, hk_str_from(key));
    put_message(&pair, 2, value);
    put_message(span, number, &pair);
}

static struct hk_buf text_value(const char *text)
{
    struct hk_buf value = begin();
    put_bytes(&value, 1, hk_str_from(text));
    return value;
}

#define TRACE_ID HK_STR("0123456789abcdef")
#define SPAN_ID HK_STR("ABCDEFGH")

static struct hk_buf a_span(void)
{
    struct hk_buf span = begin();
    put_bytes(&span, 1, TRACE_ID);
    put_bytes(&span, 2, SPAN_ID);
    put_bytes(&span, 5, HK_STR("work"));
    put_fixed64(&span, 7, 1700000000123456789);
    put_fixed64(&span, 8, 1700000000223456789);
    return span;
}

/* In a request of one resource and one scope; the span is cleared. */
static struct hk_buf request_of(struct hk_buf *span)
{
    struct hk_buf scope = begin();
    struct hk_buf resource = begin();
    struct hk_buf request = begin();
    put_message(&scope, 2, span);
    put_message(&resource, 2, &scope);
    put_message(&request, 1, &resource);
    return request;
}

static const struct hk_span *read_span(struct hk_buf *span)
{
    struct hk_buf request = request_of(span);
    bool ok = hk_otlp_read(hk_buf_str(&request), &arena, &spans, &err);
    hk_buf_clear(&request);
    if (!ok) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(spans.len, 1);
    return &spans.items[0];
}

static void expect_refused(struct hk_str body, const char *sentence)
{
    assert_false(hk_otlp_read(body, &arena, &spans, &err));
    assert_int_equal(err.code, HK_INVALID);
    assert_string_equal(err.message, sentence);
}

/* ---- tests ---- */

static void a_plain_span(void **state)
{
    (void)state;
    struct hk_buf raw = a_span();
    const struct hk_span *span = read_span(&raw);
    assert_string_equal(span->trace_id.data, "tr-30313233343536373839616263646566");
    assert_string_equal(span->span_id.data, "4142434445464748");
    assert_null(span->parent_id.data);
    assert_int_equal(span->start_ns, 1700000000123456789);
    assert_int_equal(span->end_ns, 1700000000223456789);
    assert_int_equal(span->status, HK_SPAN_UNSET);
    assert_string_equal(span->json.data,
                        "{\"trace_id\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"span_id\":\"QUJDREVGR0g=\",\"name\":\"work\","
                        "\"start_time_unix_nano\":1700000000123456789,\"end_time_unix_nano\":1700000000223456789,"
                        "\"attributes\":[{\"key\":\"mlflow.traceRequestId\",\"value\":{\"string_value\":"
                        "\"tr-30313233343536373839616263646566\"}}],\"status\":{\"code\":\"STATUS_CODE_UNSET\"}}");
}

static void values_of_all_kinds(void **state)
{
    (void)state;
    struct hk_buf raw = a_span();
    struct hk_buf value = text_value("tr-mine");
    put_attribute(&raw, 9, "mlflow.traceRequestId", &value);
    value = begin();
    put_number(&value, 2, 1);
    put_attribute(&raw, 9, "b", &value);
    value = begin();
    put_number(&value, 3, UINT64_MAX); /* -1 */
    put_attribute(&raw, 9, "i", &value);
    value = begin();
    put_fixed64(&value, 4, 0x3FF8000000000000); /* 1.5 */
    put_attribute(&raw, 9, "d", &value);
    value = begin();
    put_fixed64(&value, 4, 0x7FF8000000000000); /* NaN */
    put_attribute(&raw, 9, "n", &value);
    value = begin();
    put_bytes(&value, 7, HK_STR("\xFF\x00\x01"));
    put_attribute(&raw, 9, "y", &value);
    value = begin();
    put_attribute(&raw, 9, "none", &value);
    struct hk_buf item = text_value("x");
    struct hk_buf list = begin();
    put_message(&list, 1, &item);
    value = begin();
    put_message(&value, 5, &list);
    put_attribute(&raw, 9, "a", &value);
    item = text_value("o");
    list = begin();
    put_attribute(&list, 1, "k", &item);
    value = begin();
    put_message(&value, 6, &list);
    put_attribute(&raw, 9, "mlflow.spanInputs", &value);
    const struct hk_span *span = read_span(&raw);
    assert_string_equal(span->trace_id.data, "tr-mine");
    assert_string_equal(span->inputs.data, "{\"k\":\"o\"}");
    assert_null(span->outputs.data);
    assert_non_null(strstr(span->json.data,
                           "{\"key\":\"b\",\"value\":{\"bool_value\":true}},"
                           "{\"key\":\"i\",\"value\":{\"int_value\":-1}},"
                           "{\"key\":\"d\",\"value\":{\"double_value\":1.5}},"
                           "{\"key\":\"n\",\"value\":{\"double_value\":\"NaN\"}},"
                           "{\"key\":\"y\",\"value\":{\"bytes_value\":\"/wAB\"}},"
                           "{\"key\":\"none\",\"value\":{}},"
                           "{\"key\":\"a\",\"value\":{\"array_value\":{\"values\":[{\"string_value\":\"x\"}]}}},"
                           "{\"key\":\"mlflow.spanInputs\",\"value\":{\"kvlist_value\":{\"values\":[{\"key\":\"k\","
                           "\"value\":{\"string_value\":\"o\"}}]}}}]"));
}

static void events_links_and_status(void **state)
{
    (void)state;
    struct hk_buf raw = a_span();
    struct hk_buf event = begin();
    struct hk_buf value = text_value("v");
    put_fixed64(&event, 1, 7);
    put_bytes(&event, 2, HK_STR("ev"));
    put_attribute(&event, 3, "k", &value);
    put_message(&raw, 11, &event);
    struct hk_buf link = begin();
    put_bytes(&link, 1, TRACE_ID);
    put_bytes(&link, 2, SPAN_ID);
    put_message(&raw, 13, &link);
    struct hk_buf status = begin();
    put_bytes(&status, 2, HK_STR("bad"));
    put_number(&status, 3, 2);
    put_message(&raw, 15, &status);
    put_bytes(&raw, 4, HK_STR("12345678"));
    const struct hk_span *span = read_span(&raw);
    assert_string_equal(span->parent_id.data, "3132333435363738");
    assert_int_equal(span->status, HK_SPAN_ERROR);
    assert_non_null(strstr(span->json.data,
                           "\"events\":[{\"time_unix_nano\":7,\"name\":\"ev\",\"attributes\":[{\"key\":"
                           "\"k\",\"value\":{\"string_value\":\"v\"}}]}],\"links\":[{\"trace_id\":"
                           "\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"span_id\":\"QUJDREVGR0g=\"}],\"status\":{"
                           "\"message\":\"bad\",\"code\":\"STATUS_CODE_ERROR\"}}"));
}

static void what_is_no_span(void **state)
{
    (void)state;
    struct hk_buf raw = begin();
    put_bytes(&raw, 1, HK_STR("short"));
    put_bytes(&raw, 2, SPAN_ID);
    struct hk_buf request = request_of(&raw);
    expect_refused(hk_buf_str(&request), "Cannot convert OpenTelemetry span to MLflow span");
    hk_buf_clear(&request);
    expect_refused(HK_STR(""), "Invalid OpenTelemetry format - no spans found");
    expect_refused(HK_STR("\x0A\x05\x01"), "Invalid OpenTelemetry format"); /* longer than there is */
    expect_refused(HK_STR("\x0A\xFF"), "Invalid OpenTelemetry format");     /* a length that does not end */
    expect_refused(HK_STR("{\"resourceSpans\":[]}"), "Invalid OpenTelemetry format");
}

/* Every prefix of a good request is refused or read, and nothing else. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct hk_buf raw = a_span();
    struct hk_buf value = text_value("x");
    put_attribute(&raw, 9, "k", &value);
    struct hk_buf request = request_of(&raw);
    for (size_t len = 1; len < request.len; len++) {
        char *copy = malloc(len); /* so that the sanitizer sees reads behind the end */
        memcpy(copy, request.data, len);
        assert_false(hk_otlp_read((struct hk_str){copy, len}, &arena, &spans, &err));
        free(copy);
    }
    assert_true(hk_otlp_read(hk_buf_str(&request), &arena, &spans, &err));
    hk_buf_clear(&request);
}

static void values_in_values(void **state)
{
    (void)state;
    struct hk_buf value = text_value("deep");
    for (int i = 0; i < HK_MAX_NESTING; i++) {
        struct hk_buf list = begin();
        struct hk_buf outer = begin();
        put_message(&list, 1, &value);
        put_message(&outer, 5, &list);
        value = outer;
    }
    struct hk_buf raw = a_span();
    put_attribute(&raw, 9, "k", &value);
    struct hk_buf request = request_of(&raw);
    expect_refused(hk_buf_str(&request), "Invalid OpenTelemetry format");
    hk_buf_clear(&request);
}

static void numbers_on_the_wire(void **state)
{
    (void)state;
    struct hk_protobuf at = {HK_STR("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), false};
    struct hk_protobuf_field f;
    assert_true(hk_protobuf_next(&at, &f));
    assert_true(f.value == UINT64_MAX);
    assert_false(hk_protobuf_next(&at, &f));
    assert_false(at.is_broken);
    at = (struct hk_protobuf){HK_STR("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), false}; /* 65 bits */
    assert_false(hk_protobuf_next(&at, &f));
    assert_true(at.is_broken);
    at = (struct hk_protobuf){HK_STR("\x0D\x01\x00\x00\x80"), false};
    assert_true(hk_protobuf_next(&at, &f));
    assert_int_equal(f.type, HK_PROTOBUF_FIXED32);
    assert_int_equal(f.value, 0x80000001);
    static const char *const broken[] = {"\x00",
                                         "\x0B",
                                         "\x0C",
                                         "\x0E",
                                         "\x0F",
                                         "\x09"
                                         "1234567",
                                         "\x0D"
                                         "123"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        at = (struct hk_protobuf){{broken[i], i == 0 ? 1 : strlen(broken[i])}, false};
        assert_false(hk_protobuf_next(&at, &f));
        assert_true(at.is_broken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plain_span, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_of_all_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_links_and_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_span, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_in_values, set_up, tear_down),
        cmocka_unit_test(numbers_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
