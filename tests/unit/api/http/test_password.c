#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/http/base64.h"
#include "api/http/password.h"

static struct hk_error err;

static void hashes_and_verifies(void **state)
{
    (void)state;
    char hash[HK_PASSWORD_HASH_SIZE];
    char again[HK_PASSWORD_HASH_SIZE];
    assert_true(hk_password_hash(HK_STR("s3cret"), hash, &err));
    assert_true(hk_password_hash(HK_STR("s3cret"), again, &err));
    assert_string_not_equal(hash, again); /* salted */
    assert_true(hk_str_starts_with(hk_str_from(hash), "scrypt$16384$8$1$"));
    assert_true(hk_password_verify(HK_STR("s3cret"), hk_str_from(hash), &err));
    assert_false(hk_password_verify(HK_STR("s3cres"), hk_str_from(hash), &err));
    assert_int_equal(err.code, HK_UNAUTHENTICATED);
    assert_false(hk_password_verify(HK_STR(""), hk_str_from(hash), &err));
}

/* Python: base64(hashlib.scrypt(b"pass", salt=b"0123456789abcdef", n=1024, r=8, p=1, dklen=32)) */
static void agrees_with_python(void **state)
{
    (void)state;
    static const char encoded[] =
        "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$5YFGS9VWhSJESTaAreNVXHmBVoGphZG9GpFa6lhmUUg=";
    assert_true(hk_password_verify(HK_STR("pass"), hk_str_from(encoded), &err));
}

static void refuses_what_it_cannot_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "scrypt",
        "plain$x",
        "scrypt$16384$8$1$!!$AAAA",
        "scrypt$0$8$1$AAAA$AAAA",
        "scrypt$3$8$1$AAAA$AAAA",
        "scrypt$1073741824$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEy",
        "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg==",
        "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=$x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(hk_password_verify(HK_STR("x"), hk_str_from(bad[i]), &err));
        assert_int_equal(err.code, HK_CORRUPT);
    }
}

static void limits_passwords(void **state)
{
    (void)state;
    char hash[HK_PASSWORD_HASH_SIZE];
    char large[HK_MAX_PASSWORD_BYTES + 1];
    memset(large, 'x', sizeof large);
    assert_false(hk_password_hash((struct hk_str){large, sizeof large}, hash, &err));
    assert_int_equal(err.code, HK_LIMIT);
    assert_false(hk_password_hash(HK_STR(""), hash, &err));
    hk_password_pretend((struct hk_str){large, sizeof large});
    hk_password_pretend(HK_STR("x"));
}

static void makes_passwords(void **state)
{
    (void)state;
    char one[HK_NEW_PASSWORD_SIZE];
    char other[HK_NEW_PASSWORD_SIZE];
    assert_true(hk_password_new(one, &err));
    assert_true(hk_password_new(other, &err));
    assert_int_equal(strlen(one), 16);
    assert_string_not_equal(one, other);
    assert_null(strpbrk(one, "ilojIOJL01"));
}

static void speaks_base64(void **state)
{
    (void)state;
    struct hk_arena arena = {0};
    struct hk_str out;
    assert_true(hk_str_is(hk_base64_encode("f", 1, &arena), "Zg=="));
    assert_true(hk_str_is(hk_base64_encode("foobar", 6, &arena), "Zm9vYmFy"));
    assert_true(hk_str_is(hk_base64url_encode("\xff\xfe", 2, &arena), "__4"));
    assert_true(hk_base64url_decode(HK_STR("__4"), &arena, &out));
    assert_int_equal(out.len, 2);
    assert_true(hk_base64_decode(HK_STR("Zm8="), &arena, &out));
    assert_true(hk_str_is(out, "fo"));
    assert_true(hk_base64_decode(HK_STR(""), &arena, &out));
    assert_int_equal(out.len, 0);
    static const char *const bad[] = {"Z", "Zm8=a", "Zm9", "Zh==", "Z===", "Zm 8", "Zm8\n", "__4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (hk_base64_decode(hk_str_from(bad[i]), &arena, &out)) {
            fail_msg("'%s' was taken for base64", bad[i]);
        }
    }
    hk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_and_verifies),
        cmocka_unit_test(agrees_with_python),
        cmocka_unit_test(refuses_what_it_cannot_read),
        cmocka_unit_test(limits_passwords),
        cmocka_unit_test(makes_passwords),
        cmocka_unit_test(speaks_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
