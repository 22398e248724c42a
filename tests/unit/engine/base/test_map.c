#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/map.h"
#include "engine/base/rand.h"

static struct hk_str key(const int64_t *number)
{
    return (struct hk_str){(const char *)number, sizeof *number};
}

static void it_finds_what_was_set(void **state)
{
    (void)state;
    struct hk_map map;
    uint64_t value = 0;
    hk_map_init(&map);
    assert_false(hk_map_find(&map, HK_STR("a"), &value));
    assert_false(hk_map_remove(&map, HK_STR("a")));
    hk_map_set(&map, HK_STR("a"), 1);
    hk_map_set(&map, HK_STR("a\0b"), 2); /* keys may hold NUL */
    hk_map_set(&map, HK_STR(""), 3);
    hk_map_set(&map, HK_STR("a"), 4);
    assert_int_equal(map.count, 3);
    assert_true(hk_map_find(&map, HK_STR("a"), &value) && value == 4);
    assert_true(hk_map_find(&map, HK_STR("a\0b"), &value) && value == 2);
    assert_true(hk_map_find(&map, HK_STR(""), NULL));
    assert_true(hk_map_remove(&map, HK_STR("a")));
    assert_false(hk_map_find(&map, HK_STR("a"), &value));
    hk_map_set(&map, HK_STR("a"), 5);
    assert_true(hk_map_find(&map, HK_STR("a"), &value) && value == 5);
    hk_map_clear(&map);
}

/* Against a plain array, at random. */
static void it_agrees_with_an_array(void **state)
{
    (void)state;
    enum { KEYS = 500, STEPS = 50000 };
    uint64_t expected[KEYS] = {0};
    struct hk_map map;
    struct hk_rand random;
    hk_map_init(&map);
    hk_rand_init(&random, 3);
    for (uint64_t step = 1; step <= STEPS; step++) {
        int64_t k = (int64_t)hk_rand_below(&random, KEYS);
        uint64_t value = 0;
        assert_int_equal(hk_map_find(&map, key(&k), &value), expected[k] != 0);
        assert_int_equal(value, expected[k]);
        if (hk_rand_below(&random, 2) == 0) {
            assert_int_equal(hk_map_remove(&map, key(&k)), expected[k] != 0);
            expected[k] = 0;
        } else {
            hk_map_set(&map, key(&k), step);
            expected[k] = step;
        }
    }
    hk_map_clear(&map);
}

/* Adding one and removing one, for ever, neither grows the map nor rebuilds it each time. */
static void it_stays_small_and_quick_when_keys_come_and_go(void **state)
{
    (void)state;
    for (int64_t held = 8000; held < 8400; held += 399) {
        struct hk_map map;
        hk_map_init(&map);
        for (int64_t i = 0; i < 200000; i++) {
            hk_map_set(&map, key(&i), 1);
            int64_t old = i - held;
            if (old >= 0) {
                assert_true(hk_map_remove(&map, key(&old)));
            }
        }
        assert_true(map.len < 40000 && map.slot_count <= 65536);
        hk_map_clear(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_finds_what_was_set),
                                       cmocka_unit_test(it_agrees_with_an_array),
                                       cmocka_unit_test(it_stays_small_and_quick_when_keys_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
