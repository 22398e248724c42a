/* Every (state, event) pair; with --print, the table as Markdown for docs/architecture.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/state/run_state.h"

static void the_table_is_this(void **state)
{
    (void)state;
    static const int NO = -1;
    static const int expected[HK_RUN_EVENT_COUNT][HK_RUN_STATE_COUNT] = {
        /* from:               queued          running         success         failed */
        [HK_RUN_ON_START] = {HK_RUN_RUNNING, NO, NO, NO},
        [HK_RUN_ON_SUCCEED] = {NO, HK_RUN_SUCCESS, NO, NO},
        [HK_RUN_ON_FAIL] = {NO, HK_RUN_FAILED, NO, NO},
        [HK_RUN_ON_REQUEUE] = {HK_RUN_QUEUED, HK_RUN_QUEUED, HK_RUN_QUEUED, HK_RUN_QUEUED},
        [HK_RUN_ON_SET_SUCCESS] = {HK_RUN_SUCCESS, HK_RUN_SUCCESS, HK_RUN_SUCCESS, HK_RUN_SUCCESS},
        [HK_RUN_ON_SET_FAILED] = {HK_RUN_FAILED, HK_RUN_FAILED, HK_RUN_FAILED, HK_RUN_FAILED},
        [HK_RUN_ON_SET_QUEUED] = {HK_RUN_QUEUED, HK_RUN_QUEUED, HK_RUN_QUEUED, HK_RUN_QUEUED},
    };
    for (int e = 0; e < HK_RUN_EVENT_COUNT; e++) {
        for (int s = 0; s < HK_RUN_STATE_COUNT; s++) {
            enum hk_run_state to = HK_RUN_STATE_COUNT;
            bool moves = hk_run_state_next((enum hk_run_state)s, (enum hk_run_event)e, &to);
            assert_int_equal(moves, expected[e][s] != NO);
            assert_int_equal(to, moves ? expected[e][s] : HK_RUN_STATE_COUNT);
        }
    }
}

static void names_are_found_again(void **state)
{
    (void)state;
    for (int s = 0; s < HK_RUN_STATE_COUNT; s++) {
        enum hk_run_state found = HK_RUN_STATE_COUNT;
        assert_true(hk_run_state_find(hk_str_from(hk_run_state_name((enum hk_run_state)s)), &found));
        assert_int_equal(found, s);
        assert_int_equal(hk_run_state_is_finished(found), s >= HK_RUN_SUCCESS);
    }
    enum hk_run_state found;
    assert_false(hk_run_state_find(HK_STR("skipped"), &found));
}

static void print_table(void)
{
    printf("| event | queued | running | success | failed |\n|---|---|---|---|---|\n");
    for (int e = 0; e < HK_RUN_EVENT_COUNT; e++) {
        printf("| %s |", hk_run_event_name((enum hk_run_event)e));
        for (int s = 0; s < HK_RUN_STATE_COUNT; s++) {
            enum hk_run_state to;
            bool moves = hk_run_state_next((enum hk_run_state)s, (enum hk_run_event)e, &to);
            printf(" %s |", moves ? hk_run_state_name(to) : "");
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_table();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_this),
        cmocka_unit_test(names_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
