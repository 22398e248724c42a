#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rand.h"
#include "engine/base/str.h"

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    struct hk_rand a;
    struct hk_rand b;
    struct hk_rand c;
    hk_rand_init(&a, 1);
    hk_rand_init(&b, 1);
    hk_rand_init(&c, 2);
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t x = hk_rand_u64(&a);
        assert_int_equal(x, hk_rand_u64(&b));
        differs = differs || x != hk_rand_u64(&c);
    }
    assert_true(differs);
}

static void numbers_stay_below_the_limit_and_are_spread(void **state)
{
    (void)state;
    struct hk_rand random;
    unsigned seen[7] = {0};
    hk_rand_init(&random, 9);
    for (int i = 0; i < 70000; i++) {
        uint64_t n = hk_rand_below(&random, 7);
        assert_true(n < 7);
        seen[n]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_true(seen[i] > 9000 && seen[i] < 11000);
    }
    assert_int_equal(hk_rand_below(&random, 1), 0);
}

static void uuids_are_version_7_and_in_order_of_time(void **state)
{
    (void)state;
    struct hk_rand random;
    char before[HK_UUID_SIZE] = "";
    hk_rand_init_system(&random);
    for (int64_t ms = 0; ms < 1000; ms++) {
        char id[HK_UUID_SIZE];
        hk_uuid7(&random, INT64_C(1790000000000000) + ms * 1000, id);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(id[14], '7');
        assert_non_null(strchr("89ab", id[19]));
        assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_seed_gives_the_same_numbers),
                                       cmocka_unit_test(numbers_stay_below_the_limit_and_are_spread),
                                       cmocka_unit_test(uuids_are_version_7_and_in_order_of_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
