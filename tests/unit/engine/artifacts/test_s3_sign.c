/* The examples of Amazon's own description of Signature Version 4 for S3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/artifacts/s3_sign.h"
#include "engine/base/clock.h"

static struct hk_arena arena;

static const struct hk_s3_credentials credentials = {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                                     .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                                     .region = "us-east-1"};

static struct hk_s3_request request_of(const char *path, const struct hk_s3_parameter *parameters, size_t count)
{
    return (struct hk_s3_request){.method = "GET",
                                  .host = HK_STR("examplebucket.s3.amazonaws.com"),
                                  .path = hk_str_from(path),
                                  .parameters = parameters,
                                  .parameter_count = count,
                                  .payload = HK_S3_EMPTY_PAYLOAD,
                                  .now_us = INT64_C(1369353600) * HK_SECOND_US}; /* 2013-05-24 */
}

static void signs_requests(void **state)
{
    (void)state;
    const struct hk_s3_parameter lifecycle[] = {{"lifecycle", {0}}};
    struct hk_s3_request request = request_of("/", lifecycle, 1);
    assert_string_equal(hk_s3_authorization(&arena, &credentials, &request).data,
                        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    const struct hk_s3_parameter list[] = {{"prefix", HK_STR("J")}, {"max-keys", HK_STR("2")}};
    request = request_of("/", list, 2);
    assert_string_equal(hk_s3_authorization(&arena, &credentials, &request).data,
                        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void signs_addresses(void **state)
{
    (void)state;
    struct hk_s3_request request = request_of("/test.txt", NULL, 0);
    assert_string_equal(
        hk_s3_signed_query(&arena, &credentials, &request, 86400).data,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void encodes(void **state)
{
    (void)state;
    assert_string_equal(hk_s3_encode(&arena, HK_STR("a b/c+d~é"), true).data, "a%20b/c%2Bd~%C3%A9");
    assert_string_equal(hk_s3_encode(&arena, HK_STR("a/b="), false).data, "a%2Fb%3D");
    const struct hk_s3_parameter parameters[] = {
        {"uploadId", HK_STR("x y")}, {"partNumber", HK_STR("1")}, {"Zebra", {0}}, {"a", HK_STR("2")}};
    assert_string_equal(hk_s3_query(&arena, parameters, 4).data, "Zebra=&a=2&partNumber=1&uploadId=x%20y");
    assert_string_equal(hk_s3_query(&arena, NULL, 0).data, "");
    char hex[HK_S3_HEX_SIZE];
    hk_s3_sha256("", 0, hex);
    assert_string_equal(hex, HK_S3_EMPTY_PAYLOAD);
}

static int clear(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signs_requests), cmocka_unit_test(signs_addresses),
                                       cmocka_unit_test(encodes)};
    return cmocka_run_group_tests(tests, NULL, clear);
}
