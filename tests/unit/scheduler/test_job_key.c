#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/base/rand.h"
#include "scheduler/executor.h"

static void formats_with_the_fields_in_plain_sight(void **state)
{
    (void)state;
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(&(struct hk_job_key){.run = 0x123456789A, .task = 0xABC, .map_index = -1, .try_number = 0x102},
                      id);
    assert_string_equal(id, "12345678-9a01-8020-8000-000abc000000");
    hk_job_key_format(&(struct hk_job_key){.run = 1, .task = 0, .map_index = 0, .try_number = 1}, id);
    assert_string_equal(id, "00000000-0100-8010-8000-000000000001");
    hk_job_key_format(&(struct hk_job_key){.run = 1, .task = 2, .map_index = -1, .try_number = 0x12345678}, id);
    assert_string_equal(id, "00000000-0156-8781-8234-000002000000");
}

static void parses_what_it_formats(void **state)
{
    (void)state;
    struct hk_rand rand;
    hk_rand_init(&rand, 7);
    for (int i = 0; i < 10000; i++) {
        struct hk_job_key key = {.run = (int64_t)hk_rand_below(&rand, UINT64_C(1) << 40),
                                 .task = (uint32_t)hk_rand_below(&rand, 1 << 24),
                                 .map_index = (int32_t)hk_rand_below(&rand, (1 << 24) - 1) - 1,
                                 .try_number = (uint32_t)hk_rand_u64(&rand) >> hk_rand_below(&rand, 32)};
        char id[HK_JOB_ID_SIZE];
        hk_job_key_format(&key, id);
        struct hk_job_key back;
        assert_true(hk_job_key_parse(hk_str_from(id), &back));
        assert_true(hk_job_key_eq(&key, &back));
    }
}

static void refuses_other_texts(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "12345678-9a01-8020-8000-000abc00000",
        "12345678-9a01-8020-8000-000abc0000000",
        "12345678-9a01-4020-8000-000abc000000",
        "12345678-9a01-8020-9000-000abc000000",
        "1234567g-9a01-8020-8000-000abc000000",
        "12345678-9a01-8020-8000 000abc000000",
        "01a2050a-c949-7c3c-a673-e858b91b896b",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct hk_job_key key;
        assert_false(hk_job_key_parse(hk_str_from(wrong[i]), &key));
    }
    struct hk_job_key key;
    assert_true(hk_job_key_parse(HK_STR("12345678-9A01-8020-8000-000ABC000000"), &key));
    assert_int_equal(key.task, 0xABC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_with_the_fields_in_plain_sight),
        cmocka_unit_test(parses_what_it_formats),
        cmocka_unit_test(refuses_other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
