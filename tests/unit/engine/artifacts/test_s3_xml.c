/* S3's answers, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/artifacts/s3_xml.h"

static struct hk_arena arena;

static void reads_a_listing(void **state)
{
    (void)state;
    struct hk_str xml =
        HK_STR("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3/\"><Name>b</Name><Prefix/>"
               "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>"
               "<Contents><Key>x &lt;&#233;&#x1F600;&gt;&quot;&apos;&#38;</Key><Size>12</Size></Contents>"
               "<Contents><Key>y</Key><Size>0</Size></Contents>"
               "<CommonPrefixes><Prefix>z/</Prefix></CommonPrefixes></ListBucketResult>");
    struct hk_str rest = xml;
    struct hk_str inside;
    assert_true(hk_s3_xml_next(&rest, "Contents", &inside));
    assert_string_equal(hk_s3_xml_text(inside, "Key", &arena).data, "x <é😀>\"'&");
    assert_string_equal(hk_s3_xml_text(inside, "Size", &arena).data, "12");
    assert_true(hk_s3_xml_next(&rest, "Contents", &inside));
    assert_string_equal(hk_s3_xml_text(inside, "Key", &arena).data, "y");
    assert_false(hk_s3_xml_next(&rest, "Contents", &inside));
    assert_true(hk_s3_xml_next(&rest, "CommonPrefixes", &inside));
    assert_string_equal(hk_s3_xml_text(inside, "Prefix", &arena).data, "z/");
    assert_string_equal(hk_s3_xml_text(xml, "NextContinuationToken", &arena).data, "a&b");
    assert_int_equal(hk_s3_xml_text(xml, "Nothing", &arena).len, 0);
    rest = xml;
    assert_true(hk_s3_xml_next(&rest, "ListBucketResult", &inside));
    assert_int_equal(rest.len, 0);
}

static void survives_what_is_not_xml(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "<",           "<Key",     "<Key>",       "<Key></Ke", "</Key><Key>", "<Key/>", "<Keys>1</Keys>",
        "Key>x", "<Key>x<Key>", "<Key a=1", "<Key a=1/>x", "<<<<<",     "<Key>a</Key",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hk_str copy = hk_arena_str(&arena, hk_str_from(texts[i]));
        assert_int_equal(hk_s3_xml_text(copy, "Key", &arena).len, 0);
    }
    static const char *const kept[] = {"&", "&amp", "&nope;", "&#;", "&#x;", "&#0;", "&#99999999;", "&#-1;", "a&#"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        struct hk_str text = hk_str_from(hk_arena_printf(&arena, "<Key>%s</Key>", kept[i]));
        assert_string_equal(hk_s3_xml_text(text, "Key", &arena).data, kept[i]);
    }
}

static void escapes(void **state)
{
    (void)state;
    struct hk_buf out;
    hk_buf_init(&out, 100);
    hk_s3_xml_escape(&out, HK_STR("a<b>&\"c"));
    assert_string_equal(out.data, "a&lt;b&gt;&amp;\"c");
    hk_buf_clear(&out);
}

static int clear(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_a_listing), cmocka_unit_test(survives_what_is_not_xml),
                                       cmocka_unit_test(escapes)};
    return cmocka_run_group_tests(tests, NULL, clear);
}
