#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/heap.h"
#include "engine/base/rand.h"

static void the_least_comes_first_and_equals_in_order(void **state)
{
    (void)state;
    struct hk_heap heap = {0};
    struct hk_heap_entry entry;
    struct hk_heap_entry before = {.order = {INT64_MIN, 0, 0}};
    struct hk_rand random;
    assert_false(hk_heap_pop(&heap, &entry));
    hk_rand_init(&random, 5);
    for (uint64_t i = 0; i < 5000; i++) {
        int64_t a = (int64_t)hk_rand_below(&random, 20) - 10;
        int64_t b = (int64_t)hk_rand_below(&random, 3);
        hk_heap_push(&heap, (struct hk_heap_entry){.order = {a, b, i == 7 ? INT64_MAX : 0}, .detail = i});
    }
    for (size_t left = 5000; left > 0; left--) {
        assert_int_equal(heap.len, left);
        assert_true(hk_heap_pop(&heap, &entry));
        assert_true(hk_heap_less(&before, &entry) || left == 5000);
        before = entry;
    }
    assert_false(hk_heap_pop(&heap, &entry));
    hk_heap_clear(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_least_comes_first_and_equals_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
