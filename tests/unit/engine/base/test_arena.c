#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct hk_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 300; size++) {
            char *p = hk_arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(p[i], 0);
            }
            memset(p, 0xAA, size);
        }
        char *large = hk_arena_alloc(&arena, 5000000);
        assert_int_equal(large[4999999], 0);
        memset(large, 0xAA, 5000000);
        hk_arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    hk_arena_clear(&arena);
    assert_non_null(hk_arena_alloc(&arena, 1)); /* may be used again */
    hk_arena_clear(&arena);
}

static void texts_are_copied(void **state)
{
    (void)state;
    struct hk_arena arena = {0};
    assert_null(hk_arena_strdup(&arena, NULL));
    assert_string_equal(hk_arena_strdup(&arena, "a"), "a");
    struct hk_str copy = hk_arena_str(&arena, (struct hk_str){"abc", 2});
    assert_string_equal(copy.data, "ab");
    assert_int_equal(copy.len, 2);
    assert_string_equal(hk_arena_str(&arena, (struct hk_str){NULL, 0}).data, "");
    assert_string_equal(hk_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    int *numbers = hk_arena_array(&arena, 10, sizeof *numbers);
    assert_int_equal(numbers[9], 0);
    hk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_is_zeroed_and_aligned),
                                       cmocka_unit_test(texts_are_copied)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
