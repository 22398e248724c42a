#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/http/token_cache.h"

static struct hk_arena arena;
static const struct hk_token_check check = {{HK_AUDIENCE_USER, sizeof HK_AUDIENCE_USER - 1}, 1000};

static struct hk_token token_of(const char *subject)
{
    return (struct hk_token){.subject = hk_str_from(subject),
                             .role = HK_STR("Viewer"),
                             .issued_at_s = 900,
                             .not_before_s = 950,
                             .expires_at_s = 1100};
}

static void finds_only_the_very_token_for_its_audience(void **state)
{
    struct hk_token_cache *cache = hk_token_cache_new();
    struct hk_token out;
    (void)state;
    assert_false(hk_token_cache_find(cache, HK_STR("a.b.c"), &check, &arena, &out));
    struct hk_token token = token_of("kim");
    hk_token_cache_add(cache, HK_STR("a.b.c"), check.audience, &token);
    assert_true(hk_token_cache_find(cache, HK_STR("a.b.c"), &check, &arena, &out));
    assert_true(hk_str_is(out.subject, "kim") && hk_str_is(out.role, "Viewer") && out.scope.len == 0);
    assert_false(hk_token_cache_find(cache, HK_STR("a.b.d"), &check, &arena, &out));
    assert_false(hk_token_cache_find(cache, HK_STR("a.b.cc"), &check, &arena, &out));
    assert_false(hk_token_cache_find(cache, HK_STR(""), &check, &arena, &out));
    const struct hk_token_check for_task = {HK_STR(HK_AUDIENCE_TASK), 1000};
    assert_false(hk_token_cache_find(cache, HK_STR("a.b.c"), &for_task, &arena, &out));
    hk_token_cache_free(cache);
}

static void looks_at_the_time_each_time(void **state)
{
    struct hk_token_cache *cache = hk_token_cache_new();
    struct hk_token token = token_of("kim");
    struct hk_token out;
    (void)state;
    hk_token_cache_add(cache, HK_STR("a.b.c"), check.audience, &token);
    static const struct {
        int64_t now_s;
        bool is_good;
    } times[] = {{939, false}, {940, true}, {1109, true}, {1110, false}, {1000, true}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct hk_token_check then = {check.audience, times[i].now_s};
        assert_int_equal(hk_token_cache_find(cache, HK_STR("a.b.c"), &then, &arena, &out), times[i].is_good);
    }
    hk_token_cache_free(cache);
}

static void more_tokens_than_slots(void **state)
{
    struct hk_token_cache *cache = hk_token_cache_new();
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char *text = hk_arena_printf(&arena, "token.%d.x", i);
        struct hk_token token = token_of(hk_arena_printf(&arena, "user%d", i));
        struct hk_token out;
        hk_token_cache_add(cache, hk_str_from(text), check.audience, &token);
        assert_true(hk_token_cache_find(cache, hk_str_from(text), &check, &arena, &out));
        assert_true(hk_str_eq(out.subject, token.subject));
    }
    hk_token_cache_free(cache);
}

static int clear(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(finds_only_the_very_token_for_its_audience, clear),
        cmocka_unit_test_teardown(looks_at_the_time_each_time, clear),
        cmocka_unit_test_teardown(more_tokens_than_slots, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
