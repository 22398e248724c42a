#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/base/limits.h"
#include "engine/store/secret.h"

static struct hk_error err;

/* The test vectors of the Fernet specification (github.com/fernet/spec: generate.json, verify.json). */
static const char SPEC_KEY[] = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
static const char SPEC_TOKEN[] =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
    "4IwqDA==";

static struct hk_secret_key key_of(const char *text)
{
    struct hk_secret_key key;
    assert_true(hk_secret_key_read(hk_str_from(text), &key, &err));
    return key;
}

static void opens_the_tokens_of_the_specification(void **state)
{
    (void)state;
    struct hk_secret_key key = key_of(SPEC_KEY);
    struct hk_buf plain;
    hk_buf_init(&plain, 1024);
    assert_true(hk_secret_unseal(&key, hk_str_from(SPEC_TOKEN), &plain, &err));
    assert_string_equal(plain.data, "hello");
    hk_buf_clear(&plain);
}

static void opens_what_it_sealed(void **state)
{
    (void)state;
    struct hk_secret_key key;
    assert_true(hk_secret_key_new(&key, &err));
    for (size_t len = 0; len < 70; len++) {
        char text[70];
        memset(text, 'x', sizeof text);
        struct hk_buf token;
        struct hk_buf plain;
        hk_buf_init(&token, 4096);
        hk_buf_init(&plain, 4096);
        assert_true(hk_secret_seal(&key, (struct hk_str){text, len}, INT64_C(1700000000000000), &token, &err));
        assert_memory_equal(token.data, "gAAAAA", 6);
        assert_int_equal(token.len % 4, 0);
        assert_true(hk_secret_unseal(&key, hk_buf_str(&token), &plain, &err));
        assert_int_equal(plain.len, len);
        assert_true(len == 0 || memcmp(plain.data, text, len) == 0);
        hk_buf_clear(&token);
        hk_buf_clear(&plain);
    }
}

static void refuses_every_changed_character(void **state)
{
    (void)state;
    struct hk_secret_key key = key_of(SPEC_KEY);
    struct hk_buf plain;
    hk_buf_init(&plain, 1024);
    for (size_t i = 0; i < strlen(SPEC_TOKEN) - 3; i++) {
        char token[sizeof SPEC_TOKEN];
        memcpy(token, SPEC_TOKEN, sizeof token);
        token[i] = token[i] == 'A' ? 'B' : 'A';
        assert_false(hk_secret_unseal(&key, hk_str_from(token), &plain, &err));
        assert_int_equal(err.code, HK_CORRUPT);
        assert_int_equal(plain.len, 0);
    }
    struct hk_secret_key other;
    assert_true(hk_secret_key_new(&other, &err));
    assert_false(hk_secret_unseal(&other, hk_str_from(SPEC_TOKEN), &plain, &err));
    assert_false(hk_secret_unseal(&key, HK_STR(""), &plain, &err));
    assert_false(hk_secret_unseal(&key, HK_STR("gAAAAA"), &plain, &err));
    assert_false(hk_secret_unseal(&key, HK_STR("not base64 at all!"), &plain, &err));
    hk_buf_clear(&plain);
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    struct hk_secret_key key = key_of(SPEC_KEY);
    struct hk_buf out;
    hk_buf_init(&out, 1024);
    struct hk_str huge = {SPEC_KEY, HK_MAX_VARIABLE_BYTES + 1}; /* refused before it is read */
    assert_false(hk_secret_seal(&key, huge, 0, &out, &err));
    assert_int_equal(err.code, HK_LIMIT);
    hk_buf_clear(&out);
}

static void keys_are_text_and_back(void **state)
{
    (void)state;
    struct hk_secret_key key = key_of(SPEC_KEY);
    char text[HK_SECRET_KEY_TEXT_SIZE];
    hk_secret_key_write(&key, text);
    assert_string_equal(text, SPEC_KEY);
    assert_false(hk_secret_key_read(HK_STR("short"), &key, &err));
    assert_int_equal(err.code, HK_INVALID);
    assert_false(hk_secret_key_read(HK_STR(""), &key, &err));
}

static void signs_and_knows_its_signature(void **state)
{
    (void)state;
    struct hk_secret_key key = key_of(SPEC_KEY);
    char signature[HK_SIGNATURE_SIZE];
    hk_secret_sign(&key, "log", HK_STR("17 path"), signature);
    struct hk_str given = hk_str_from(signature);
    assert_true(hk_secret_is_signed(&key, "log", HK_STR("17 path"), given));
    assert_false(hk_secret_is_signed(&key, "log", HK_STR("18 path"), given));
    assert_false(hk_secret_is_signed(&key, "file", HK_STR("17 path"), given));
    assert_false(hk_secret_is_signed(&key, "log", HK_STR("17 path"), HK_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_tokens_of_the_specification),
        cmocka_unit_test(opens_what_it_sealed),
        cmocka_unit_test(refuses_every_changed_character),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(keys_are_text_and_back),
        cmocka_unit_test(signs_and_knows_its_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
