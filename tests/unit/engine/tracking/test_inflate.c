/* Bodies that were compressed, by zlib itself; cut, broken, and larger than is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "engine/tracking/inflate.h"

enum { ZLIB = 15, GZIP = 15 + 16, BARE = -15 };

static struct hk_str deflated(struct hk_str text, int frame, char *out, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text.data, .avail_in = (uInt)text.len};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, frame, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    struct hk_str made = {out, size - z.avail_out};
    deflateEnd(&z);
    return made;
}

static void expect(const char *encoding, struct hk_str bytes, enum hk_code code, const char *wanted)
{
    struct hk_buf out;
    struct hk_error err;
    hk_buf_init(&out, 100000);
    bool ok = hk_inflate(hk_str_from(encoding), bytes, &out, &err);
    assert_int_equal(ok, code == HK_OK);
    if (ok) {
        assert_true(hk_str_is(hk_buf_str(&out), wanted));
    } else {
        assert_int_equal(err.code, code);
        assert_non_null(strstr(err.message, wanted));
    }
    hk_buf_clear(&out);
}

static void what_was_compressed_comes_back(void **state)
{
    (void)state;
    char bytes[200];
    expect("gzip", deflated(HK_STR("a roof, a roof, a roof"), GZIP, bytes, sizeof bytes), HK_OK,
           "a roof, a roof, a roof");
    expect("GZip", deflated(HK_STR(""), GZIP, bytes, sizeof bytes), HK_OK, "");
    expect("deflate", deflated(HK_STR("a roof"), ZLIB, bytes, sizeof bytes), HK_OK, "a roof");
    expect("deflate", deflated(HK_STR("a roof"), BARE, bytes, sizeof bytes), HK_OK, "a roof");
    size_t first = deflated(HK_STR("one "), GZIP, bytes, sizeof bytes).len;
    size_t second = deflated(HK_STR("two"), GZIP, bytes + first, sizeof bytes - first).len;
    expect("gzip", (struct hk_str){bytes, first + second}, HK_OK, "one two");
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    char bytes[200];
    struct hk_str whole = deflated(HK_STR("a roof, a roof, a roof"), GZIP, bytes, sizeof bytes);
    for (size_t len = 0; len < whole.len; len++) {
        expect("gzip", (struct hk_str){bytes, len}, HK_INVALID,
               "Failed to decompress gzip payload: it ends too early.");
    }
    bytes[whole.len - 6] ^= 1; /* the checksum */
    expect("gzip", whole, HK_INVALID, "Failed to decompress gzip payload.");
    expect("gzip", HK_STR("no gzip"), HK_INVALID, "Failed to decompress gzip payload.");
    expect("deflate", HK_STR("\xff\xff\xff"), HK_INVALID, "Failed to decompress deflate payload");
    expect("br", HK_STR("x"), HK_INVALID, "Unsupported Content-Encoding: br.");
    expect("", HK_STR("x"), HK_INVALID, "Unsupported Content-Encoding");
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    static char zeros[200000];
    char bytes[1000];
    struct hk_str small = deflated((struct hk_str){zeros, sizeof zeros}, GZIP, bytes, sizeof bytes);
    expect("gzip", small, HK_LIMIT, "more than 100000 bytes once they are decompressed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_comes_back),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
